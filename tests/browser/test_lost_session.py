"""Typing for longer than a session lasts costs a sign-in and nothing else: the form comes back as it was filled in, to whoever filled it in."""

from typing import Any

import pytest

from tests.support.browsing import Desk, Window, Words
from tests.support.identity import PASSWORD
from tests.support.installation import Before, Installation

REMARK = "Thiếu phiếu kiểm nghiệm <b>gấp</b>; ảnh chụp nhãn chưa rõ & mờ"
EVENT = "return_for_completion"
OVER, OTHER, REOPEN = "Phiên làm việc đã hết", "Anh/chị đăng nhập bằng tên khác", "Mở lại biểu mẫu đã nhập"
NIGHT = 13 * 3600.0


def fill(before: Before) -> dict[str, Any]:
    cases = [before.world.filed(f"P1-{number:02d}") for number in range(1, 6)]
    for person in ("officer-H1", "secretary-H1"):
        before.account(person)
    return {"cases": cases}


@pytest.fixture
def window(desk: Desk, house: Installation) -> Window:
    desk.origin = house.address
    return desk.window()


def typing(window: Window, case: str) -> Window:
    """A form with everything in it."""
    window.sign_in("officer-h1", PASSWORD).at("/work")
    window.form(case, EVENT)
    for kind in ("test_report", "photographs"):
        window.page.locator(f'[name="f.documents"][value="{kind}"]').check()
    return window.fill("Nội dung cần bổ sung (bắt buộc)", REMARK)


def again(window: Window, login: str = "officer-h1") -> Window:
    """Sign in on the page that came in the form's place."""
    return window.fill(Words.login, login).fill(Words.password, PASSWORD).press(Words.enter, within="main")


def chosen(window: Window) -> list[str]:
    return [str(each.get_attribute("value")) for each in window.page.locator('[name="f.documents"]:checked').all()]


def test_after_a_night_the_form_comes_back_filled_in_and_is_sent_by_its_reader(window: Window, house: Installation):
    case = house.notes["cases"][0]
    typing(window, case)
    house.leap(NIGHT)
    window.expect("401 (").press(Words.record)
    assert window.heading == OVER
    assert REMARK not in window.text
    assert window.examined("the session is over") == []
    again(window).page.wait_for_url(f"**/cases/{case}/actions/{EVENT}")
    window.page.wait_for_selector('[name="f.remarks"]')
    assert window.value("remarks") == REMARK
    assert chosen(window) == ["test_report", "photographs"]
    assert "Tên Riêng officer-H1" in window.text
    look = window.page.context.request
    before = look.get(f"{house.address}/api/v1/cases/{case}/history").json()["items"]
    assert EVENT not in [entry["event"] for entry in before], "shown, not sent"
    window.press(Words.record).at(f"/cases/{case}")
    after = look.get(f"{house.address}/api/v1/cases/{case}/history").json()["items"]
    assert [entry["event"] for entry in after if entry not in before] == [EVENT]


def test_without_scripts_it_takes_one_click_more(desk: Desk, house: Installation):
    desk.origin = house.address
    window, case = desk.window(scripts=False), house.notes["cases"][1]
    typing(window, case)
    house.leap(NIGHT)
    window.expect("401 (").press(Words.record)
    again(window)
    assert window.heading == "Đã đăng nhập lại"
    window.press(REOPEN).at(f"/cases/{case}/actions/{EVENT}")
    assert window.value("remarks") == REMARK
    window.press(Words.record).at(f"/cases/{case}")


def test_somebody_else_at_the_same_desk_is_shown_nothing_of_it(window: Window, house: Installation):
    case = house.notes["cases"][2]
    typing(window, case)
    house.leap(NIGHT)
    window.expect("401 (").press(Words.record)
    again(window, "secretary-h1")
    assert window.heading == OTHER
    assert REMARK not in window.page.content()
    assert case not in window.page.content()
    assert window.examined("somebody else") == []
    window.follow(Words.work, within="main").at("/work")
    assert "Tên Riêng secretary-H1" in window.text


def test_signing_in_anew_in_another_window_does_not_cost_what_was_typed_in_this_one(window: Window, desk: Desk, house: Installation):
    case = house.notes["cases"][3]
    typing(window, case)
    house.leap(NIGHT)
    beside = desk.window(beside=window)
    beside.sign_in("officer-h1", PASSWORD).at("/work")
    window.press(Words.record)
    window.page.wait_for_selector('[name="f.remarks"]')
    assert window.value("remarks") == REMARK
    assert chosen(window) == ["test_report", "photographs"]
    window.press(Words.record).at(f"/cases/{case}")
