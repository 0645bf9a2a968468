"""The page of a case as it was: what counted by a day, by what was known on another; to read and not to act on."""

from datetime import date
from types import SimpleNamespace
from typing import cast

import pytest

from api.asking import Asked
from api.pages.counted import counted_days
from tests.api.pages.test_case import ACT, DAY, form_of, typed
from tests.support.identity import House
from tests.support.pages import look, send
from tests.support.world import world_of_2026


def test_a_day_of_the_past_shows_the_case_as_it_stood_then_and_nothing_to_do(house: House):
    world = house.world
    case = world.filed(at=DAY)
    world.act(case, "conclude", mean=80, at="2021-06-10 10:00")
    world.act(case, "forward", at="2021-06-15 10:00")
    browser = house.enter("officer-VS")
    page = look(browser, f"/cases/{case}?as_of=10/06/2021")
    assert "Đang xem quá khứ" in page.text
    assert "Hồ sơ như ở hết thứ Năm, 10/06/2021." in page.text
    assert "không làm việc được ở đây" in page.text
    assert not [link for link in page.links if "/actions/" in link]
    assert not [form for form in page.forms if form.method == "post" and form.action.startswith("/cases")]
    assert "Đề nghị cấp trên" not in page.section("h-history")
    assert "Kết quả: 80 điểm" in page.section("h-history")
    label = next(str(given["aria-label"]) for tag, given in page.tags if tag == "svg")
    assert "đang ở bước: đánh giá cấp huyện" in label
    assert "thứ Năm, 29/07/2021 (hết ngày)" in page.section("h-due")
    before = look(browser, f"/cases/{case}?as_of=01/01/2021")
    assert "chưa được đăng ký" in before.text


def test_what_was_typed_later_from_paper_belongs_to_its_day_but_was_not_known_then(house: House):
    world = house.world
    case = world.filed(at=DAY)
    world.move("2021-06-21 09:00")
    browser = house.enter("secretary-H1")
    given = {**typed(house, case, "conclude", mean=80, by="secretary-H1"), "acted_on": "9:00 2/6/2021"}
    assert send(browser, form_of(browser, case, "conclude"), given, ACT).status_code == 303
    second = house.enter("officer-H1", house.browser("10.0.0.8"))
    action = f"/cases/{case}/confirmations/{world.case(case).head_seq}"
    assert send(second, look(second, f"/cases/{case}").form(action), {}, ("do", "confirm")).status_code == 303
    now = look(second, f"/cases/{case}?as_of=3/6/2021")
    assert "Kết quả: 80 điểm" in now.section("h-history")
    assert "nhập từ văn bản giấy" in now.section("h-history")
    then = look(second, f"/cases/{case}?as_of=3/6/2021&known_at=3/6/2021")
    assert "Kết quả: 80 điểm" not in then.text
    assert "Theo những gì đã ghi đến hết thứ Năm, 03/06/2021." in then.text


@pytest.mark.parametrize(("given", "said"), [("as_of=mai", "Không đọc được ngày này"), ("as_of=1/1/2031", "Ngày này chưa đến"), ("known_at=%00", "")])
def test_a_day_that_cannot_be_read_is_told_at_its_field_and_the_present_is_shown(house: House, given: str, said: str):
    case = house.world.filed(at=DAY)
    page = look(house.enter("officer-VS"), f"/cases/{case}?{given}", 422)
    assert said in page.text
    if said:
        assert any(given.get("aria-invalid") for _, given in page.tags if given.get("id") == "as_of")
        assert "Việc có thể làm" in page.text


def test_whoever_may_not_see_a_case_sees_no_past_of_it_either(house: House):
    case = house.world.filed(at=DAY)
    look(house.enter("officer-H2"), f"/cases/{case}?as_of=1/6/2021", 404)


def test_the_checklist_tells_what_is_there_what_is_asked_for_and_whose_it_is(house: House):
    world = house.world
    case = world.filed(at=DAY)
    browser = house.enter("officer-H1")
    page = look(browser, f"/cases/{case}")
    filed = world.history(case)[-1].data["documents"]
    assert f"Chủ thể đã nộp {len(filed)} trong 17 loại giấy tờ" in page.section("h-dossier")
    world.act(case, "return_for_completion")
    asked = world.history(case)[-1].data["documents"]
    text = look(browser, f"/cases/{case}").section("h-dossier")
    assert f"{len(asked)} loại phải bổ sung" in text
    assert "phải bổ sung" in text
    assert "Chủ thể" in text
    world.act(case, "complete")
    text = look(browser, f"/cases/{case}").section("h-dossier")
    assert "loại phải bổ sung" not in text
    world.act(case, "conclude", mean=80)
    text = look(browser, f"/cases/{case}").section("h-dossier")
    assert "Biên bản (đánh giá cấp huyện) ✓ đã có 2/BB" in text
    assert "Văn bản đề nghị cấp trên đánh giá, phân hạng – chưa có" in text


def test_attempts_are_told_with_their_round_result_and_end(house: House):
    world = house.world
    case = world.filed(at=DAY)
    world.move("2021-07-10 00:01")
    world.sweep()
    world.act(case, "reenter", by="officer-H1")
    page = look(house.enter("officer-H1"), f"/cases/{case}")
    text = page.section("h-attempts")
    assert "1 thứ Ba, 01/06/2021 VS-2021-1 – Chuyển đợt sau, thứ Bảy, 10/07/2021" in text
    assert "2 thứ Bảy, 10/07/2021 VS-2021-2 – Đang xử lý" in text
    assert "lỡ mốc" in page.section("h-history")


def test_working_days_are_counted_day_by_day_with_what_is_left_out_and_why(database_url: str):
    with world_of_2026(database_url, "2026-08-25 08:00") as world:
        case = world.filed(at="2026-08-25 08:00")
        loaded = world.store.load_case(case, "")
        assert loaded is not None
        term = next(term for term in loaded.terms if term.stage == "commune_check")
        days = counted_days(cast("Asked", SimpleNamespace(run=world, language="vi", today=date(2026, 8, 25))), loaded.case, term, world.history(case))
        assert [day.number for day in days if day.number] == list(range(1, 16))
        assert days[0].day == "thứ Tư, 26/08/2026"
        assert days[-1].number == 15
        off = {day.day: day.why for day in days if day.number is None}
        assert off["thứ Bảy, 29/08/2026"] == "thứ Bảy"
        assert "Quốc khánh" in str(off["thứ Tư, 02/09/2026"])
