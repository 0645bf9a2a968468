"""*Việc cần xử lý* and lists: groups, counts, why a case is on somebody's list, search."""

from dataclasses import replace

from tests.support.identity import House
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
