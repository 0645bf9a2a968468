"""Acts on rounds are looked at before they are written, name every case, and are done once, by whoever may, on the round that was seen."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.pages import late_door
from states.vocabulary import CaseState, RoundState
from tests.support.identity import Browser, House
from tests.support.pages import Page, look, send
from tests.support.world import moment, plan_file
from workflow.audit import drifts

FIRST, SECOND = "VS-2021-1", "VS-2021-2"
PAPER = {
    "stage": "province_eval",
    "phrase": "trước ngày 15/8/2021",
    "document_no": "15/TB-UBND",
    "document_date": "2021-06-01",
    "reason": "Hoãn họp",
}
AFTER = "2021-08-02 08:00"


def act_of(page: Page, act: str, code: str = FIRST) -> Any:
    return page.form(f"/rounds/{code}/acts/{act}")


def press(browser: Browser, page: Page, act: str, code: str = FIRST, do: str = "act", **given: Any) -> Any:
    return send(browser, act_of(page, act, code), given, ("do", do))


def state(house: House, code: str = FIRST) -> RoundState:
    row = house.world.store.load_round(code)
    assert row is not None
    return row.state


def entries(house: House, event: str, code: str = FIRST) -> int:
    return sum(each.event == event for each in house.world.store.entries(code))


def test_freezing_is_looked_at_first_and_done_once_however_often_it_is_pressed(house: House):
    member = house.world.filed("P1-01", at="2021-06-01 10:00")
    browser = house.enter("officer-VS")
    assert "/rounds/VS-2021-1/acts/freeze" in look(browser, "/rounds/VS-2021-1").links
    page = look(browser, "/rounds/VS-2021-1/acts/freeze")
    assert member in page.section("preview")
    assert "Mật ong số 1" in page.section("preview")
    assert "Chưa ghi gì cả" in page.text
    assert state(house) is RoundState.OPEN
    first, second = press(browser, page, "freeze"), press(browser, page, "freeze")
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    assert (state(house), entries(house, "freeze")) == (RoundState.FROZEN, 1)
    done = look(browser, first.headers["location"])
    assert "Khóa danh sách" in done.text
    assert "đã khóa danh sách" in done.text
    assert "/rounds/VS-2021-1/acts/freeze" not in done.links, "what is no longer possible has no button"
    assert "chỉ làm được khi tình trạng là" in done.section("acts")
    assert list(drifts(house.world.store)) == []


def test_two_presses_at_the_same_instant_are_one_act(house: House):
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1/acts/freeze")
    with ThreadPoolExecutor(2) as pool:
        found = [each.result() for each in [pool.submit(press, browser, page, "freeze") for _ in range(2)]]
    assert {(each.status_code, each.headers.get("location")) for each in found} == {(303, found[0].headers["location"])}
    assert entries(house, "freeze") == 1


def test_who_may_not_is_told_who_may_and_nothing_is_written(house: House):
    house.world.filed("P1-01", at="2021-06-01 10:00")
    browser = house.enter("officer-H1")
    page = look(browser, "/rounds/VS-2021-1/acts/freeze")
    assert "cán bộ phụ trách cấp tỉnh" in page.section("") + page.text
    assert not [form for form in page.forms if "/acts/" in form.action], "no button for what one may not do"
    officer = house.enter("officer-VS")
    stolen = act_of(look(officer, "/rounds/VS-2021-1/acts/freeze"), "freeze")
    stolen.values = [*((n, v) for n, v in stolen.values if n != "csrf_token"), ("csrf_token", str(browser.csrf))]
    answered = send(browser, stolen, button=("do", "act"))
    assert answered.status_code == 403
    assert "cán bộ phụ trách cấp tỉnh" in answered.text
    assert "Mật ong" not in answered.text, "nobody looks into cases that way"
    assert (state(house), entries(house, "freeze")) == (RoundState.OPEN, 0)
    assert "acts" not in look(house.enter("producer-P1"), "/rounds/VS-2021-1").sections


def test_a_round_that_somebody_else_has_changed_is_told_in_words_with_what_changed(house: House):
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1/acts/freeze")
    house.world.rounds.freeze(FIRST, actor="officer-VS")
    answered = press(browser, page, "freeze")
    assert answered.status_code == 412
    said = Page(answered.text).text
    assert "vừa được người khác thay đổi" in said
    assert "khóa danh sách" in said
    assert "Tên Riêng officer-VS" in said
    assert entries(house, "freeze") == 1


def test_closing_names_who_enters_the_next_round_and_who_stays_and_does_what_it_showed(house: House):
    late, met = house.world.filed("P1-01", at="2021-06-01 10:00"), house.world.at_province("P1-02", at="2021-06-02 10:00")
    house.world.act(met, "conclude", mean=70, at="2021-06-03 10:00")
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1/acts/close")
    assert "Đợt còn mốc phía trước" in page.text
    assert not [form for form in page.forms if "/acts/" in form.action]
    house.world.move(AFTER)
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1/acts/close")
    said = page.section("preview")
    assert re.search(rf"Vào đợt sau 1 {late} .* vào đợt VS-2021-2", said)
    assert re.search(rf"chờ quyết định \(vẫn công nhận được\) 1 {met}", said)
    assert state(house) is RoundState.OPEN
    assert house.world.state(late) is not CaseState.DEFERRED, "a preview writes nothing, not even what has fallen due"
    answered = press(browser, page, "close")
    assert answered.status_code == 303
    assert state(house) is RoundState.CLOSED
    assert (house.world.case(late).round, house.world.case(late).attempt) == (SECOND, 2)
    assert press(browser, page, "close").headers["location"] == answered.headers["location"]
    assert entries(house, "close") == 1


def test_what_a_closed_round_left_goes_on_when_there_is_a_round_to_enter(house: House):
    late = house.world.filed("P1-01", at="2021-06-01 10:00")
    house.world.rounds.freeze(FIRST, actor="officer-VS")
    house.world.move("2021-12-01 08:00")
    house.world.sweep()
    house.world.rounds.close(SECOND, actor="officer-VS")
    house.world.rounds.close(FIRST, actor="officer-VS")
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1/acts/rollover")
    assert late in page.section("preview")
    assert "Còn chuyển đợt, chưa có đợt để vào 1" in page.section("preview")
    assert not [form for form in page.forms if any(button == ("do", "act") for button in form.buttons)], "nothing would happen"
    later = (("district_eval", 1, "trước ngày 10/7/2022"), ("province_eval", 1, "trước ngày 30/7/2022"))
    house.world.publish(plan_file("KH-2022", 2022, later))
    page = look(browser, "/rounds/VS-2021-1/acts/rollover")
    answered = press(browser, page, "rollover")
    assert house.world.case(late).round == "VS-2022-1"
    assert "Không còn hồ sơ nào chờ đợt mới" in look(browser, answered.headers["location"]).text


def test_a_date_is_moved_only_after_its_impact_was_looked_at(house: House):
    ahead, met = house.world.at_province("P1-01", at="2021-06-01 10:00"), house.world.at_province("P1-02", at="2021-06-01 11:00")
    house.world.act(met, "conclude", mean=70, at="2021-06-01 12:00")
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1/acts/redate")
    unseen = press(browser, page, "redate", **PAPER)
    assert (unseen.status_code, entries(house, "redate")) == (200, 0), "pressed past the preview, the preview comes"
    page = Page(unseen.text)
    said = page.section("preview")
    assert re.search(rf"Đổi hạn 1 {ahead}", said)
    assert re.search(rf"Giữ nguyên, và vì sao 1 {met} .*– đã qua bước này", said)
    assert "thứ Bảy, 14/08/2021 (hết ngày)" in page.section("dates")
    assert "thứ Năm, 29/07/2021 (hết ngày)" in page.section("dates")
    changed = press(browser, page, "redate", phrase="trước ngày 16/8/2021")
    assert (changed.status_code, entries(house, "redate")) == (200, 0), "something else was typed since"
    page = Page(changed.text)
    first, second = press(browser, page, "redate"), press(browser, page, "redate")
    assert (first.status_code, second.headers["location"]) == (303, first.headers["location"])
    assert entries(house, "redate") == 1
    assert house.world.running(ahead)["province_eval"].due_at == moment("2021-08-16 00:00")
    assert "chủ nhật, 15/08/2021" in look(browser, "/rounds/VS-2021-1").text.lower()
    assert list(drifts(house.world.store)) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"phrase": ""}, "bắt buộc"),
        ({"phrase": "khi nào xong thì thôi"}, "Một số ô cần sửa"),
        ({"document_date": "2031-01-01"}, "Một số ô cần sửa"),
        ({"document_date": "hôm qua"}, "Một số ô cần sửa"),
        ({"reason": " "}, "Một số ô cần sửa"),
        ({"document_no": "x\u0000y"}, "Một số ô cần sửa"),
    ],
)
def test_a_paper_that_cannot_be_read_is_told_beside_its_field_and_kept(house: House, wrong: dict[str, str], words: str):
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1/acts/redate")
    answered = press(browser, page, "redate", do="preview", **{**PAPER, **wrong})
    assert answered.status_code == 422
    kept = Page(answered.text)
    assert words in kept.text
    assert 'aria-invalid="true"' in answered.text
    assert dict(act_of(kept, "redate").values)["stage"] == "province_eval"
    assert entries(house, "redate") == 0


def test_a_date_that_nobody_could_keep_is_refused_with_its_reason(house: House):
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1/acts/redate")
    answered = press(browser, page, "redate", do="preview", **{**PAPER, "phrase": "trước ngày 30/7/2021"})
    assert answered.status_code == 409
    assert 'id="refused"' in answered.text
    assert ("phrase", "trước ngày 30/7/2021") in act_of(Page(answered.text), "redate").values
    unknown = press(browser, page, "redate", do="preview", **{**PAPER, "stage": "national_eval"})
    assert unknown.status_code == 422


def test_a_re_dated_round_is_looked_at_again_where_it_changed_meanwhile(house: House):
    browser = house.enter("officer-VS")
    page = Page(press(browser, look(browser, "/rounds/VS-2021-1/acts/redate"), "redate", do="preview", **PAPER).text)
    house.world.rounds.freeze(FIRST, actor="officer-VS")
    answered = press(browser, page, "redate")
    assert (answered.status_code, entries(house, "redate")) == (412, 0)
    again = Page(answered.text)
    assert ("document_no", "15/TB-UBND") in act_of(again, "redate").values, "what was typed is kept"
    looked = Page(press(browser, again, "redate", do="preview").text)
    assert press(browser, looked, "redate").status_code == 303
    assert entries(house, "redate") == 1


def test_the_late_door_names_every_deferred_case_and_who_may_open_it(house: House):
    late = house.world.filed("P1-01", at="2021-06-01 10:00")
    house.world.move("2021-07-12 08:00")
    house.world.sweep()
    page = look(house.enter("officer-VS"), "/rounds/VS-2021-1/late-door")
    assert late in page.text
    assert "lỡ mốc đánh giá cấp huyện, “trước ngày 10/7/2021”" in page.text
    assert "người có thẩm quyền cấp tỉnh" in page.text
    assert f"/cases/{late}/actions/admit_late" not in page.links
    page = look(house.enter("authority-VS"), "/rounds/VS-2021-1/late-door")
    assert f"/cases/{late}/actions/admit_late" in page.links
    look(house.enter("authority-VS"), f"/cases/{late}/actions/admit_late")
    other = look(house.enter("officer-H2"), "/rounds/VS-2021-1/late-door")
    assert late not in other.text, "cases of another territory are not named"


def test_a_late_door_of_many_is_walked_page_by_page_and_searched(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(late_door, "PAGE", 3)
    late = [house.world.filed(f"P1-{number:02d}", at="2021-06-01 10:00") for number in range(1, 9)]
    house.world.move("2021-07-12 08:00")
    house.world.sweep()
    browser, place = house.enter("authority-VS"), "/rounds/VS-2021-1/late-door"
    seen: list[str] = []
    path: str | None = place
    pages = 0
    while path is not None:
        page = look(browser, path)
        assert "8 hồ sơ đang chuyển đợt." in page.text
        seen += [link.split("/")[2] for link in page.links if link.endswith("/admit_late")]
        path = next((place + link for link in page.links if "cursor=" in link), None)
        pages += 1
    assert (seen, pages) == (late, 3), "each once, in order, and none left out"
    found = look(browser, f"{place}?q=mat+ong+so+8")
    assert [link for link in found.links if link.endswith("/admit_late")] == [f"/cases/{late[7]}/actions/admit_late"]
    assert "1 hồ sơ khớp" in found.text
    assert "Không có hồ sơ nào khớp" in look(browser, f"{place}?q=khong+co").text
    look(browser, f"{place}?cursor=AAAA", 422)


def test_hostile_forms_are_refused_in_words(house: House):
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1/acts/freeze")
    for given, status in (({"version": "zwölf"}, 422), ({"version": "٣"}, 422), ({"key": ""}, 400), ({"version": "999"}, 412)):
        assert press(browser, page, "freeze", **given).status_code == status, given
    look(browser, "/rounds/VS-2021-1/acts/explode", 422)
    look(browser, "/rounds/VS-1999-1/acts/freeze", 404)
    look(browser, "/rounds/VS-1999-1/late-door", 404)
    assert entries(house, "freeze") == 0


def test_a_key_serves_one_act_alone(house: House):
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1/acts/freeze")
    assert press(browser, page, "freeze").status_code == 303
    form = act_of(look(browser, "/rounds/VS-2021-2/acts/freeze"), "freeze", SECOND)
    key = dict(act_of(page, "freeze").values)["key"]
    assert send(browser, form, {"key": key}, ("do", "act")).status_code == 422
    assert state(house, SECOND) is RoundState.OPEN
