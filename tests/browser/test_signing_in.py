"""The ways in and out: password, second factor, one-time link, signing out, and what a browser keeps afterwards."""

import base64
from typing import Any

import pytest

from api.identity.totp import code_at, step_of
from tests.support.browsing import Desk, Window, Words
from tests.support.identity import PASSWORD
from tests.support.installation import Before, Installation


def fill(before: Before) -> dict[str, Any]:
    case = before.world.filed()
    for person in ("secretary-H1", "producer-P1", "officer-VS"):
        before.account(person)
    before.account("authority-VS", factor=True)
    before.account("chair-H1")
    before.account("producer-P2", password=False)
    before.account("officer-H1", password=False)
    return {"case": case, "link": before.link("producer-P2"), "other": before.link("officer-H1")}


@pytest.fixture
def window(desk: Desk, house: Installation) -> Window:
    desk.origin = house.address
    return desk.window()


def test_a_password_opens_the_work_list_and_a_wrong_one_is_told_in_words(window: Window):
    window.expect("401 (Unauthorized)")
    window.sign_in("secretary-h1", "con trâu đi sau")
    window.shows("Tên đăng nhập hoặc mật khẩu không đúng.")
    assert window.value("login") == "secretary-h1", "the name need not be typed again"
    assert window.value("password") == ""
    window.fill(Words.password, PASSWORD).press(Words.enter, within="main").at("/work")
    assert window.heading == Words.work
    assert "Tên Riêng secretary-H1" in window.text


def test_who_asks_for_a_page_gets_it_after_signing_in(window: Window, house: Installation):
    case = f"/cases/{house.notes['case']}"
    window.open(case).at("/login")
    window.fill(Words.login, "officer-vs").fill(Words.password, PASSWORD).press(Words.enter, within="main").at(case)


def test_who_decides_shows_a_second_factor(window: Window, house: Installation):
    window.expect("403 (Forbidden)", "401 (Unauthorized)", "422 (")
    window.sign_in("authority-vs", PASSWORD).at("/login/code")
    assert "Tên Riêng authority-VS" not in window.text, "half a session shows nobody"
    window.show_code("000000")
    window.shows("Mã xác thực không đúng hoặc đã dùng rồi")
    window.open("/work").at("/login/code")
    window.show_code(house.code("authority-VS")).at("/work")


def test_who_comes_to_decide_sets_one_up_by_the_code_that_can_be_typed(window: Window, house: Installation):
    window.sign_in("chair-h1", PASSWORD).at("/login/code")
    assert window.page.locator("svg").first.is_visible(), "the code to be scanned"
    secret = base64.b32decode(window.page.locator("code").inner_text())
    window.show_code(code_at(secret, step_of(house.control.now())), Words.keep).at("/work")
    assert "Tên Riêng chair-H1" in window.text


def test_a_one_time_link_sets_a_password_once(window: Window, desk: Desk, house: Installation):
    window.open(f"/login/link#{house.notes['link']}")
    assert house.notes["link"] not in window.page.evaluate("location.href"), "nobody reads it off the screen"
    window.expect("422 (").choose_password("mật ong rừng tràm", "mật ong rừng đước")
    window.shows("Hai lần nhập mật khẩu không giống nhau.")
    window.choose_password("mật ong rừng tràm").at("/work")
    again = desk.window().expect("410 (")
    again.open(f"/login/link#{house.notes['link']}").choose_password("mật ong rừng đước")
    again.shows("Đường dẫn này không dùng được nữa")
    again.sign_in("producer-p2", "mật ong rừng tràm").at("/work")


def test_after_signing_out_the_back_button_shows_nothing_private(window: Window, house: Installation):
    window.sign_in("producer-p1", PASSWORD).at("/work")
    window.open(f"/cases/{house.notes['case']}")
    private = window.heading
    cookie = next(c for c in window.page.context.cookies() if c["name"] == "ocop")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Lax", -1)
    window.sign_out().at("/login")
    for _ in range(3):
        window.page.go_back()
        window.page.wait_for_load_state("load")
        assert private not in window.text
        assert "Tên Riêng" not in window.text
    window.become(cookie["value"]).open("/work").at("/login")


def test_an_id_that_was_planted_is_not_signed_in(window: Window):
    window.become("planted" * 6)
    window.sign_in("producer-p1", PASSWORD).at("/work")
    assert next(c for c in window.page.context.cookies() if c["name"] == "ocop")["value"] != "planted" * 6


def test_the_language_is_chosen_on_any_page_and_kept(window: Window):
    window.open("/login").press(Words.english).at("/login")
    assert window.heading == "Sign in"
    assert window.page.locator("html").get_attribute("lang") == "en"
    window.fill("Login", "secretary-h1").fill("Password", PASSWORD).press("Sign in", within="main").at("/work")
    window.press(Words.vietnamese).at("/work")
    assert window.heading == Words.work


def test_signing_in_and_out_takes_no_mouse(window: Window):
    window.open("/login")
    window.page.wait_for_function("document.activeElement.id === 'login'")
    window.page.keyboard.type("secretary-h1")
    window.page.keyboard.press("Tab")
    window.page.keyboard.type(PASSWORD)
    window.enter().at("/work")
    window.page.keyboard.press("Tab")
    skip = window.page.locator(":focus")
    assert skip.inner_text() == "Đến nội dung chính"
    assert skip.is_visible(), "who cannot see the whole page can pass over its head"
    window.tab_to(window.account).page.keyboard.press("Enter")
    window.tab_to(window.button(Words.leave)).enter().at("/login")


def test_all_of_it_works_without_scripts(desk: Desk, house: Installation):
    desk.origin = house.address
    window = desk.window(scripts=False)
    window.open("/login/link").fill(Words.token, house.notes["other"]).choose_password("đường dài mới hay").at("/work")
    window.press(Words.english).at("/work")
    window.sign_out("Sign out").at("/login")
