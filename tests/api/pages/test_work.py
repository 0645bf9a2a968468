"""*Việc cần xử lý* and lists: groups, counts, why a case is on somebody's list, search."""

import re
from dataclasses import replace
from html import unescape
from io import BytesIO
from zipfile import ZipFile

from tests.support.identity import Browser, House
from tests.support.pages import HTML, Page, look

H1_DAY = "2021-06-01 10:00"


def cards(page: Page, section: str | None = None) -> list[str]:
    """Codes of the cases that are shown, in their order."""
    found = [link.removeprefix("/cases/") for link in page.links if link.startswith("/cases/")]
    codes = [code for code in dict.fromkeys(code.partition("/")[0] for code in found) if code != "new"]
    return [code for code in codes if code in page.section(section)] if section else codes


def test_cases_stand_in_the_group_of_their_nearest_deadline(house: House):
    evaluated = house.world.filed("P1-01", at=H1_DAY)
    idea = house.world.registered("P1-02")
    page = look(house.enter("officer-VS"), "/work?scope=all")
    assert cards(page, "upcoming") == [evaluated]
    assert cards(page, "undated") == [idea]
    assert "thứ Sáu, 09/07/2021 (hết ngày)" in page.section("upcoming")
    assert "còn 38 ngày" in page.section("upcoming")
    house.world.move("2021-07-09 23:58")
    page = look(house.enter("officer-VS"), "/work?scope=all")
    assert cards(page, "this-week") == [evaluated]
    assert "hôm nay là ngày cuối" in page.section("this-week")
    house.world.move("2021-07-10 00:01")
    page = look(house.enter("officer-VS", house.browser("10.0.0.9")), "/work?scope=all")
    assert cards(page, "this-week") == []


def test_counts_are_those_of_the_lists_and_of_the_interface(house: House):
    for number in range(1, 16):
        house.world.filed(f"P1-{number:02d}", at=H1_DAY)
    house.world.registered("P2-01")
    browser = house.enter("officer-VS")
    page = look(browser, "/work?scope=all")
    counts = browser.get("worklists/counts").json()["counts"]
    assert (counts["upcoming"], counts["undated"]) == (15, 1)
    for slug in ("overdue", "this-week", "upcoming", "undated"):
        assert page.section(slug).startswith(
            f"{ {'overdue': 'Quá hạn', 'this-week': 'Tuần này', 'upcoming': 'Sắp tới', 'undated': 'Chưa có hạn'}[slug] } {counts[slug]}"
        )
        listed = look(browser, f"/work/{slug}?scope=all")
        assert len(cards(listed)) == counts[slug]
    assert len(cards(page, "upcoming")) == 12
    assert "Xem cả 15 hồ sơ" in page.section("upcoming")


def test_long_lists_go_on_page_by_page_without_losing_a_case(house: House):
    codes = {house.world.registered(f"P1-{number:02d}") for number in range(1, 56)}
    browser = house.enter("officer-VS")
    first = look(browser, "/cases?q=mat+ong")
    onward = next(link for link in first.links if "cursor=" in link)
    second = look(browser, f"/cases{onward}")
    assert len(cards(first)) == 50
    assert set(cards(first)) | set(cards(second)) == codes
    assert not set(cards(first)) & set(cards(second))


def test_everybody_sees_first_what_is_theirs_to_do_and_for_whom_the_rest_waits(house: House):
    case = house.world.filed(at=H1_DAY)
    secretary = look(house.enter("secretary-H1"), "/work")
    assert "Việc của tôi: ghi kết quả của hội đồng" in secretary.text
    authority = look(house.enter("authority-H1"), "/work?scope=all")
    assert "Việc của tôi" not in authority.section("upcoming")
    assert "Đang chờ: chủ tịch hội đồng cấp huyện – ghi kết quả của hội đồng" in authority.text
    house.world.act(case, "conclude", mean=80)
    page = look(house.enter("officer-H1"), "/work")
    assert "Việc của tôi: đề nghị cấp trên đánh giá, phân hạng" in page.text
    page = look(house.enter("secretary-H1", house.browser("10.0.0.7")), "/work?scope=all")
    assert "Đang chờ: cán bộ phụ trách cấp huyện – đề nghị cấp trên đánh giá, phân hạng" in page.text
    producer = look(house.enter("producer-P1"), "/work?scope=all")
    assert cards(producer) == [case]


def test_nobody_sees_what_lies_elsewhere(house: House):
    case = house.world.filed(at=H1_DAY)
    for person in ("officer-H2", "producer-P2", "officer-X2"):
        browser = house.enter(person)
        for path in ("/work?scope=all", "/cases", "/cases?q=mat+ong"):
            assert cards(look(browser, path)) == [], (person, path)
        look(browser, f"/cases/{case}", 404)


def test_what_is_typed_without_marks_finds_what_has_them(house: House):
    case = house.world.registered("P1-01")
    browser = house.enter("officer-X1")
    for words, found in (("mat ong", [case]), ("MẬT ONG", [case]), (case, [case]), ("mit ong", [])):
        for path in ("/work?scope=all&q=", "/cases?q="):
            assert cards(look(browser, path + words)) == found, (path, words)


def test_a_list_is_filtered_by_step_round_unit_and_lateness(house: House):
    filed = house.world.filed("P1-01", at=H1_DAY)
    idea = house.world.registered("P2-01")
    browser = house.enter("officer-VS")
    assert cards(look(browser, "/cases?state=district_evaluation")) == [filed]
    assert cards(look(browser, "/cases?round=VS-2021-1")) == [filed]
    assert cards(look(browser, "/cases?unit=H2")) == [idea]
    assert cards(look(browser, "/cases?late=1")) == []
    look(browser, "/cases?unit=NOWHERE", 422)


def test_looking_at_a_list_is_recorded(house: House):
    case = house.world.registered()
    browser = house.enter("officer-X1")
    look(browser, "/work")
    look(browser, f"/cases/{case}")
    house.world.appoint("auditor-VS", "auditor", "province", "VS")
    items = house.enter("auditor-VS").get("access-log?person=officer-X1").json()["items"]
    assert {(item["kind"], item["subject"]) for item in items} >= {("cases", "–"), ("case", case)}


def test_names_are_shown_as_written_and_never_run(house: House):
    product = house.world.store.product("P1-01")
    assert product is not None
    house.world.store.save_registry(products=[replace(product, name='<img src=x onerror=alert(1)> "Mật"')])
    case = house.world.registered("P1-01")
    browser = house.enter("officer-X1")
    for path in ("/work?scope=all", "/cases", f"/cases/{case}", f"/cases/{case}/actions/withdraw"):
        text = browser.get(path, Accept=HTML).text
        assert "<img" not in text, path
        assert "&lt;img src=x onerror=alert(1)&gt;" in text, path


def counting(house: House, path: str, person: str) -> int:
    """How many statements a page asks of the database."""
    browser = house.enter(person, house.browser(f"10.1.0.{len(path)}"))
    look(browser, path)
    store = house.world.store
    asked: list[str] = []
    reads = store._rows  # type: ignore[attr-defined]  # every read goes through it

    def counted(sql: str, *given: object) -> object:
        asked.append(sql)
        return reads(sql, *given)

    store._rows = counted  # type: ignore[attr-defined]
    try:
        assert browser.get(path, Accept=HTML).status_code == 200
    finally:
        del store._rows  # type: ignore[attr-defined]
    return len(asked)


def test_what_is_asked_of_the_database_does_not_grow_with_the_number_of_cases(house: House):
    house.world.filed("P1-01", at=H1_DAY)
    house.world.registered("P2-01")
    paths = ("/work?scope=all", "/work/upcoming?scope=all", "/cases", "/cases.xlsx")
    few = {path: counting(house, path, "officer-VS") for path in paths}
    for number in range(2, 31):
        house.world.filed(f"P1-{number:02d}", at=H1_DAY)
        house.world.registered(f"P2-{number:02d}")
    many = {path: counting(house, path, "officer-VS") for path in paths}
    for path in paths:
        # One more where a group is longer than what is shown of it, since its length is then counted.
        assert many[path] <= few[path] + 2, (path, few, many)
        assert few[path] < 30, few


def test_a_card_has_one_main_button_which_does_what_is_mine(house: House):
    case = house.world.filed(at=H1_DAY)
    page = look(house.enter("secretary-H1"), "/work")
    assert f"/cases/{case}/actions/conclude" in page.links
    assert page.section("upcoming").count("Ghi kết quả của hội đồng") == 1
    page = look(house.enter("officer-VS"), "/work?scope=all")
    assert not [link for link in page.links if "/actions/" in link]
    assert "Mở hồ sơ" in page.section("upcoming")


def test_an_officer_takes_a_dossier_in_once(house: House):
    case = house.world.at_province(at=H1_DAY)
    browser = house.enter("officer-VS")
    assert f"/cases/{case}/actions/accept" in look(browser, "/work").links
    house.world.act(case, "accept")
    page = look(browser, "/work")
    assert f"/cases/{case}/actions/accept" not in page.links
    told = look(browser, f"/cases/{case}")
    assert "không phải tiếp nhận lại" in told.text


def test_work_is_narrowed_to_a_unit_or_a_round_and_says_so_in_its_counts(house: House):
    mine, other = house.world.filed("P1-01", at=H1_DAY), house.world.filed("P2-01", at=H1_DAY)
    browser = house.enter("officer-VS")
    assert set(cards(look(browser, "/work?scope=all"))) == {mine, other}
    page = look(browser, "/work?scope=all&unit=H1")
    assert cards(page) == [mine]
    assert page.section("upcoming").startswith("Sắp tới 1 ")
    assert cards(look(browser, "/work?scope=all&round=VS-2021-2")) == []
    assert cards(look(browser, "/work/upcoming?scope=all&unit=H2")) == [other]
    look(browser, "/work?unit=NOWHERE", 422)


def test_an_empty_list_says_what_there_is_none_of(house: House):
    page = look(house.enter("officer-VS"), "/work")
    assert "Không có hồ sơ nào quá hạn." in page.section("overdue")
    assert "Tuần này không có hồ sơ nào đến hạn." in page.section("this-week")


def sheet(browser: Browser, path: str) -> list[list[str]]:
    """The rows of a spreadsheet that is taken away, as texts."""
    answered = browser.get(path)
    assert answered.status_code == 200
    assert answered.headers["content-type"].endswith("spreadsheetml.sheet")
    assert "attachment" in answered.headers["content-disposition"]
    with ZipFile(BytesIO(answered.content)) as book:
        shared = [unescape(text) for text in re.findall(r"<si><t[^>]*>(.*?)</t></si>", book.read("xl/sharedStrings.xml").decode())]
        content = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in content, "no cell is a formula"
    rows = re.findall(r"<row [^>]*>(.*?)</row>", content)
    cells = [re.findall(r"<c ([^>]*)><v>(.*?)</v></c>", row) for row in rows]
    return [[shared[int(value)] if 't="s"' in about else value for about, value in row] for row in cells]


def test_a_list_is_taken_away_as_it_is_filtered(house: House):
    world = house.world
    filed = world.filed("P1-01", at=H1_DAY)
    world.registered("P2-01")
    browser = house.enter("officer-VS")
    page = look(browser, "/cases?state=district_evaluation&q=mat")
    link = next(link for link in page.links if link.startswith("/cases.xlsx"))
    rows = sheet(browser, link)
    assert [row[0] for row in rows] == ["Mã hồ sơ", filed]
    assert rows[1][5:8] == ["đánh giá cấp huyện", "VS-2021-1", "1"]
    assert rows[1][8] == "44386", "9 July 2021 as a day of a spreadsheet"
    assert len(sheet(browser, "/cases.xlsx")) == 3
    assert len(sheet(house.enter("producer-P3"), "/cases.xlsx")) == 1
    assert browser.get("/cases.xlsx?state=nonsense", Accept=HTML).status_code == 422


def test_nothing_that_somebody_typed_becomes_a_formula_or_a_link(house: House):
    product = house.world.store.product("P1-01")
    assert product is not None
    for name in ('=HYPERLINK("http://x.example","x")', "+1+1", "@SUM(A1)", "http://x.example", "-2", "0012"):
        house.world.store.save_registry(products=[replace(product, name=name)])
        house.world.registered("P1-01") if house.world.store.case_states() == {} else None
        rows = sheet(house.enter("officer-X1"), "/cases.xlsx")
        assert rows[1][1] == name


def test_taking_a_list_away_is_recorded(house: House):
    house.world.registered()
    browser = house.enter("officer-X1")
    sheet(browser, "/cases.xlsx?q=mat")
    house.world.appoint("auditor-VS", "auditor", "province", "VS")
    items = house.enter("auditor-VS").get("access-log?person=officer-X1").json()["items"]
    assert ("cases", "q=mat") in {(item["kind"], item["detail"]) for item in items}


def test_nobody_for_whom_nothing_waits_is_left_with_an_empty_page(house: House):
    world = house.world
    case = world.filed("P1-01", at="2021-06-01 10:00")
    browser = house.enter("producer-P1")
    page = look(browser, "/work")
    assert "Hiện không có việc nào chờ anh/chị." in page.text
    assert "Xem tất cả hồ sơ anh/chị được xem (1)" in page.text
    assert "/cases" in page.links
    assert case in look(browser, "/cases").text
    nothing = look(browser, "/work?q=khong+co+gi")
    assert "Không có hồ sơ nào khớp với nội dung tìm hoặc lọc." in nothing.text
    assert "/work" in nothing.links
    world.act(case, "return_for_completion", at="2021-06-02 10:00")
    assert "Hiện không có việc nào chờ" not in look(browser, "/work").text


def test_of_what_falls_due_together_what_is_ones_own_to_do_comes_first(house: House):
    world = house.world
    waits, mine = (world.at_province(product, at="2021-06-02 10:00") for product in ("P1-01", "P1-02"))
    world.act(waits, "accept")
    page = look(house.enter("officer-VS"), "/work?scope=all")
    assert "Việc của tôi: tiếp nhận hồ sơ" in page.text
    assert page.source.index(f"/cases/{mine}") < page.source.index(f"/cases/{waits}")
