"""A case acted on from the work list to its new state; refusals, forms that are out of date, and hands that click twice."""

from typing import Any

import pytest

from tests.support.browsing import Desk, Window, Words
from tests.support.installation import Before, Installation

RESULT = {
    "mean": "80,5",
    "report_no": "1/BC",
    "report_date": "2021-06-01",
    "minutes_no": "2/BB",
    "minutes_date": "2021-06-01",
    "minutes_signer": "Lê Thị Biên",
}
CONCLUDED = "ghi kết quả của hội đồng"


def fill(before: Before) -> dict[str, Any]:
    cases = [before.world.filed(f"P1-{number:02d}") for number in range(1, 9)]
    for person in ("secretary-H1", "officer-H1", "officer-VS", "producer-P1"):
        before.session(person)
    return {"cases": cases}


@pytest.fixture
def window(desk: Desk, house: Installation) -> Window:
    desk.origin = house.address
    return desk.window()


def events(house: Installation, case: str) -> list[str]:
    """What has been done with a case, oldest first."""
    found = house.ask("officer-VS", "GET", f"/api/v1/cases/{case}/history").json()
    return [entry["event"] for entry in found["items"] if entry["outcome"] == "done"]


def test_from_the_work_list_through_the_form_to_the_new_state(window: Window, house: Installation):
    window.become(house.cookies["secretary-H1"]).open("/work")
    window.fill(Words.search, "mat ong so 1 cua").press(Words.filter)
    window.follow("Mật ong số 1 của Hợp tác xã Suối Mơ", within="main")
    case = house.notes["cases"][0]
    window.at(f"/cases/{case}")
    before = window.state()
    window.follow("Ghi kết quả của hội đồng", within="main").give(**RESULT).press(Words.preview)
    assert "Chưa ghi gì cả." in window.text
    assert window.value("mean") == "80,5", "what was typed is still there"
    window.press(Words.record).at(f"/cases/{case}")
    assert "Đã ghi vào nhật ký" in window.page.get_by_role("status").inner_text()
    assert "80,5" in window.text
    assert before
    assert events(house, case)[-1] == "conclude"
    officer = window.become(house.cookies["officer-H1"])
    officer.act(case, "forward", document_no="8/TTr-UBND", document_date="2021-06-01").at(f"/cases/{case}")
    assert officer.state() != before
    assert "cấp tỉnh" in officer.state()


def test_an_act_that_is_blocked_says_why_and_who_can_mend_it(window: Window, house: Installation):
    case = house.notes["cases"][1]
    window.become(house.cookies["officer-H1"]).open(f"/cases/{case}")
    reasons = window.page.locator("main .reasons").first
    assert reasons.is_visible()
    assert "Ai gỡ được" in reasons.inner_text()
    window.expect("409 (", "403 (").form(case, "forward")
    said = window.page.get_by_role("alert").inner_text()
    assert "chưa làm được" in said
    assert "Ai gỡ được" in said
    window.give(document_no="8/TTr-UBND", document_date="2021-06-01").press(Words.record)
    assert window.page.get_by_role("alert").is_visible()
    assert window.value("document_no") == "8/TTr-UBND"
    assert "forward" not in events(house, case)


def test_what_cannot_be_read_is_said_beside_its_field(window: Window, house: Installation):
    case = house.notes["cases"][2]
    window.expect("422 (").become(house.cookies["secretary-H1"]).act(case, "conclude", **{**RESULT, "mean": "tám mươi"})
    wrong = window.page.locator('[aria-invalid="true"]')
    assert wrong.count() == 1
    assert wrong.get_attribute("name") == "f.mean"
    for beside in str(wrong.get_attribute("aria-describedby")).split():
        assert window.page.locator(f"#{beside}").is_visible()
    assert window.value("report_no") == "1/BC"
    window.give(mean="80,5").press(Words.record).at(f"/cases/{case}")


def test_the_second_of_two_windows_is_told_what_changed_and_keeps_what_was_typed(desk: Desk, window: Window, house: Installation):
    case = house.notes["cases"][3]
    slow = window.become(house.cookies["officer-H1"]).form(case, "return_for_completion")
    slow.give(documents="test_report", remarks="Thiếu phiếu kiểm nghiệm")
    fast = desk.window().become(house.cookies["secretary-H1"])
    fast.act(case, "conclude", **RESULT).at(f"/cases/{case}")
    slow.expect("412 (", "409 (").press(Words.record)
    said = slow.page.get_by_role("alert").inner_text()
    assert CONCLUDED in said
    assert "Những gì đã nhập vẫn còn ở dưới" in said
    assert slow.value("remarks") == "Thiếu phiếu kiểm nghiệm"
    assert slow.page.locator('[value="test_report"]').is_checked()
    slow.press(Words.record)
    assert "Hội đồng đã có kết quả" in slow.page.get_by_role("alert").inner_text(), "and whoever goes on is judged by what is now"
    assert slow.value("remarks") == "Thiếu phiếu kiểm nghiệm"
    assert events(house, case)[-1] == "conclude"


def test_a_double_click_is_one_act(window: Window, house: Installation):
    case = house.notes["cases"][4]
    window.become(house.cookies["secretary-H1"]).form(case, "conclude").give(**RESULT)
    window.button(Words.record).dblclick()
    window.at(f"/cases/{case}")
    assert events(house, case).count("conclude") == 1
    assert "Đã ghi vào nhật ký" in window.text
    window.page.go_back()
    window.page.reload()
    assert events(house, case).count("conclude") == 1


def test_the_same_window_sent_twice_by_the_back_button_is_one_act(window: Window, house: Installation):
    case = house.notes["cases"][5]
    window.become(house.cookies["secretary-H1"]).form(case, "conclude").give(**RESULT).press(Words.record).at(f"/cases/{case}")
    window.expect("412 (", "409 (").page.go_back()
    if window.value("mean"):
        window.press(Words.record)
    assert events(house, case).count("conclude") == 1


def test_an_act_takes_no_mouse(window: Window, house: Installation):
    case = house.notes["cases"][6]
    window.become(house.cookies["secretary-H1"]).open(f"/cases/{case}")
    window.tab_to(window.page.get_by_role("link", name="Ghi kết quả của hội đồng").first).enter()
    window.at(f"/cases/{case}/actions/conclude")
    for name, value in RESULT.items():
        field = window.page.locator(f'[name="f.{name}"]')
        window.tab_to(field)
        # Fields for a day are typed in the order that the reader's language writes days in.
        field.fill(value) if name.endswith("_date") else window.page.keyboard.type(value)
    window.tab_to(window.button(Words.record)).enter().at(f"/cases/{case}")
    assert events(house, case)[-1] == "conclude"


def test_an_act_takes_no_scripts(desk: Desk, house: Installation):
    desk.origin, case = house.address, house.notes["cases"][7]
    window = desk.window(scripts=False).become(house.cookies["secretary-H1"])
    window.open("/work").fill(Words.search, "Mật ong số 8").press(Words.filter).follow("Mật ong số 8", within="main").at(f"/cases/{case}")
    window.act(case, "conclude", **RESULT).at(f"/cases/{case}")
    assert events(house, case)[-1] == "conclude"
