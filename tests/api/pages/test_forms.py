"""Forms: days and scores as they are typed, lists instead of codes, problems at their field, and a last look before what decides."""

import re
from datetime import date
from typing import Any

import pytest

from api.pages.reading import day_of, instant_of
from tests.api.pages.test_case import ACT, DAY, form_of, typed
from tests.support.identity import House
from tests.support.pages import Page, look, send


@pytest.mark.parametrize(
    "text", ["9/7/2021", "09/07/2021", "09-07-2021", "9.7.2021", " 09072021 ", "9 7 2021", "2021-07-09", "09 / 07 / 2021"]
)
def test_a_day_is_understood_as_officials_type_it(text: str):
    assert day_of(text) == date(2021, 7, 9)


@pytest.mark.parametrize(
    "text", ["9/7/21", "31/02/2021", "2021/07/09", "07-2021", "mai", "", "9/7/2021 x", "٩/٧/٢٠٢١", "1" * 5000, "00/00/0000"]
)
def test_what_is_no_day_is_not_guessed(text: str):
    with pytest.raises(ValueError, match="not_a_date"):
        day_of(text)


@pytest.mark.parametrize(
    "text", ["14:30 9/7/2021", "09/07/2021 14:30", "9/7/2021, 14 giờ 30", "14h30 09/07/2021", "2021-07-09T14:30", "14g30 9-7-2021"]
)
def test_a_day_with_its_hour_is_understood(text: str):
    assert instant_of(text) == "2021-07-09T14:30:00"


@pytest.mark.parametrize("text", ["09/07/2021", "14:30", "25:00 9/7/2021", "hôm qua", "14:75 9/7/2021", "T", "9" * 80])
def test_what_is_no_hour_of_a_day_is_refused(text: str):
    with pytest.raises(ValueError, match="not_an_instant"):
        instant_of(text)


def test_days_and_scores_typed_the_vietnamese_way_are_written_as_what_they_mean(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("secretary-H1")
    given = typed(house, case, "conclude", mean=80, by="secretary-H1") | {
        "f.mean": "80,5",
        "f.minutes_date": "1/6/2021",
        "f.report_date": "01062021",
    }
    assert send(browser, form_of(browser, case, "conclude"), given, ACT).status_code == 303
    entry = house.world.history(case)[-1]
    assert (entry.data["mean"], entry.data["minutes_date"], entry.data["report_date"]) == ("161/2", "2021-06-01", "2021-06-01")


def test_a_bad_day_is_told_at_its_field_with_an_example_and_a_summary_leads_there(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("secretary-H1")
    given = typed(house, case, "conclude", mean=80, by="secretary-H1") | {"f.minutes_date": "31/2/2021", "f.report_no": "báo cáo"}
    answered = send(browser, form_of(browser, case, "conclude"), given, ACT)
    assert answered.status_code == 422
    page = Page(answered.text)
    assert "Không đọc được ngày này. Ghi ngày/tháng/năm, ví dụ 09/07/2021." in page.text
    assert "#f-minutes_date" in page.links
    field = next(given for _, given in page.tags if given.get("id") == "f-minutes_date")
    assert field["aria-invalid"] == "true"
    assert "f-minutes_date-wrong" in str(field["aria-describedby"]).split()
    assert field["value"] == "31/2/2021"
    assert "#f-report_no" in page.links, "everything is told at once"
    fixed = send(browser, page.form(f"/cases/{case}/actions/conclude"), {"f.minutes_date": "1/6/2021"}, ACT)
    assert "Ghi như trên văn bản, ví dụ 12/QĐ-UBND" in fixed.text
    assert Page(fixed.text).source.startswith("<!doctype")
    assert re.search(r"<title>Cần sửa", fixed.text)


def test_an_empty_form_tells_every_field_that_is_missing(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("secretary-H1")
    answered = send(browser, form_of(browser, case, "conclude"), {}, ACT)
    page = Page(answered.text)
    led = {link.removeprefix("#") for link in page.links if link.startswith("#f-")}
    assert led == {"f-mean", "f-report_no", "f-report_date", "f-minutes_no", "f-minutes_date"}
    assert led <= {given.get("id") for _, given in page.tags}


def test_a_round_is_chosen_by_its_name_and_dates_not_typed_as_a_code(house: House):
    world = house.world
    case = world.registered()
    for event in ("select", "submit_plan"):
        world.act(case, event, at=DAY)
    browser = house.enter("producer-P1")
    page = look(browser, f"/cases/{case}/actions/file")
    assert any(tag == "select" and given.get("name") == "f.round" for tag, given in page.tags)
    assert "Đợt 2 năm 2021 (VS-2021-2): " in page.text
    assert "thứ Bảy, 09/10/2021 (hết ngày)" in page.text
    answered = send(browser, page.form(f"/cases/{case}/actions/file"), typed(house, case, "file") | {"f.round": "VS-2021-2"}, ACT)
    assert answered.status_code == 303, answered.text
    assert world.case(case).round == "VS-2021-2"


def test_what_was_chosen_and_can_be_chosen_no_more_is_kept_and_refused_at_its_field(house: House):
    world = house.world
    case = world.registered()
    for event in ("select", "submit_plan"):
        world.act(case, event, at=DAY)
    world.move("2021-07-10 00:01")
    browser = house.enter("producer-P1")
    form = form_of(browser, case, "file")
    answered = send(browser, form, typed(house, case, "file") | {"f.round": "VS-2021-1"}, ACT)
    assert answered.status_code == 422
    page = Page(answered.text)
    assert ("f.round", "VS-2021-1") in page.form(form.action).values
    assert "không nhận được hồ sơ này" in page.text


def test_a_deciding_act_is_looked_over_before_it_is_written(house: House):
    world = house.world
    case = world.filed(at=DAY)
    world.act(case, "conclude", mean=80)
    world.act(case, "forward")
    world.act(case, "conclude", mean=80)
    browser = house.enter("authority-VS")
    form = form_of(browser, case, "certify")
    assert ("do", "act") not in form.buttons
    given = typed(house, case, "certify")
    looked = send(browser, form, given, ACT)
    assert looked.status_code == 200, "asked to write at once, it is shown first"
    assert "certify" not in world.events(case)
    page = Page(looked.text)
    assert "Cấp giấy chứng nhận 4 sao, còn hiệu lực đến hết" in page.text
    assert "hồ sơ sẽ ở bước: đã công nhận" in page.text
    assert world.store.certificates("P1-01") == []
    kept = page.form(form.action)
    back = send(browser, kept, {}, ("do", "edit"))
    assert ("f.decision_no", given["f.decision_no"]) in Page(back.text).form(form.action).values
    first, second = send(browser, kept, {}, ACT), send(browser, kept, {}, ACT)
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert world.events(case).count("certify") == 1


def test_the_look_says_which_deadlines_begin_and_end_and_which_round_is_joined(house: House):
    world = house.world
    case = world.registered()
    for event in ("select", "submit_plan"):
        world.act(case, event, at=DAY)
    browser = house.enter("producer-P1")
    before = (world.case(case), world.events(case))
    looked = Page(send(browser, form_of(browser, case, "file"), typed(house, case, "file"), ("do", "preview")).text)
    assert "Vào đợt VS-2021-1." in looked.text
    assert "Bắt đầu thời hạn đánh giá cấp huyện: thứ Sáu, 09/07/2021 (hết ngày)." in looked.text
    assert (world.case(case), world.events(case)) == before


def test_a_form_that_was_looked_over_too_long_ago_says_what_has_changed(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("officer-H1")
    given: dict[str, Any] = {"reason": "Chủ thể xin lui"}
    looked = Page(send(browser, form_of(browser, case, "withdraw"), given, ACT).text)
    house.world.act(case, "conclude", mean=80)
    answered = send(browser, looked.form(f"/cases/{case}/actions/withdraw"), {}, ACT)
    assert answered.status_code == 412
    page = Page(answered.text)
    assert "ghi kết quả của hội đồng" in page.text
    assert ("reason", "Chủ thể xin lui") in page.form(f"/cases/{case}/actions/withdraw").values


def test_only_terms_that_count_days_can_be_chosen_to_be_extended(house: House):
    case = house.world.filed(at=DAY)
    page = look(house.enter("officer-H1"), f"/cases/{case}/actions/extend")
    select = next(i for i, (tag, given) in enumerate(page.tags) if tag == "select" and given.get("name") == "f.term")
    assert [given.get("value") for tag, given in page.tags[select + 1 : select + 3] if tag == "option"] == [""], (
        "no term of this case counts days"
    )
