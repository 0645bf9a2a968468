"""One's own account, and slips that are handed over: sessions, password, tokens, a code that can be typed."""

import re

from tests.support.identity import PASSWORD, House
from tests.support.pages import Form, Page, look, send

NEW = "con trâu đi trước cái cày, cày sâu cuốc bẫm"


def test_everybody_sees_their_own_sessions_and_ends_the_others(house: House):
    first = house.enter("producer-P1")
    second = house.enter("producer-P1", house.browser("10.0.0.9"))
    page = look(first, "/me")
    assert page.text.count("thiết bị này") == 1
    assert "từ địa chỉ 10.0.0.9" in page.text
    one = next(form for form in page.forms if form.action == "/me/sessions" and "handle" in form.names)
    assert send(first, one, {}, ("do", "one")).status_code == 303
    assert second.get("session").status_code == 401
    house.enter("producer-P1", house.browser("10.0.0.10"))
    others = next(form for form in look(first, "/me").forms if form.action == "/me/sessions" and "handle" not in form.names)
    assert send(first, others, {}, ("do", "others")).status_code == 303
    assert "từ địa chỉ 10.0.0.10" not in look(first, "/me").text
    stranger = house.enter("producer-P2", house.browser("10.0.0.11"))
    forged = Form("/me/sessions", "post", [("csrf_token", stranger.csrf or ""), ("handle", dict(one.values)["handle"])])
    assert send(stranger, forged, {}, ("do", "one")).status_code == 404


def test_a_password_is_changed_and_every_other_session_ends(house: House):
    browser = house.enter("producer-P1")
    other = house.enter("producer-P1", house.browser("10.0.0.9"))
    form = look(browser, "/me").form("/me/password")
    assert send(browser, form, {"old": PASSWORD, "password": NEW, "again": "khác"}).status_code == 422
    assert "Hai lần nhập mật khẩu không giống nhau" in send(browser, form, {"old": PASSWORD, "password": NEW, "again": "khác"}).text
    assert send(browser, form, {"old": "sai", "password": NEW, "again": NEW}).status_code in {401, 403, 422}
    assert send(browser, form, {"old": PASSWORD, "password": "123", "again": "123"}).status_code == 422
    changed = send(browser, form, {"old": PASSWORD, "password": NEW, "again": NEW})
    assert changed.status_code == 303
    assert "Đã đổi mật khẩu" in look(browser, changed.headers["location"]).text
    assert other.get("session").status_code == 401
    house.enter("producer-P1", house.browser("10.0.0.12"), password=NEW)


def test_a_token_is_shown_once_works_and_is_revoked(house: House):
    browser = house.enter("producer-P1")
    form = look(browser, "/me").form("/me/tokens")
    made = send(browser, form, {"name": "Phần mềm bán hàng", "scopes": ["read"], "days": "30"})
    assert made.status_code == 200
    secret = re.search(r'id="secret">([^<]+)<', made.text)
    assert secret is not None
    program = house.browser("10.0.0.20")
    assert program.get("cases", Authorization=f"Bearer {secret[1]}").status_code == 200
    page = look(browser, "/me")
    assert secret[1] not in page.source
    assert "Phần mềm bán hàng" in page.text
    revoke = next(form for form in page.forms if form.action.endswith("/revoke"))
    assert send(browser, revoke).status_code == 303
    assert program.get("cases", Authorization=f"Bearer {secret[1]}").status_code == 401
    for bad in ({"days": "mười"}, {"days": "9999"}, {"name": ""}, {"scopes": ["everything"]}):
        answered = send(browser, form, {"name": "x", "scopes": ["read"], "days": "30", **bad})
        assert answered.status_code == 422, bad
        assert 'role="alert"' in answered.text


def test_an_officer_hands_a_producer_a_slip_whose_code_is_typed_in_groups(house: House):
    officer = house.enter("officer-X1")
    page = look(officer, "/people?q=producer-P1")
    assert "chưa có tài khoản" in page.text
    form = page.form("/people/producer-P1/slip")
    assert send(officer, form, {"login": ""}).status_code == 422
    given = send(officer, form, {"login": "hs.suoimo"})
    assert given.status_code == 200
    slip = Page(given.text)
    assert "https://ocop.example.test/login/link" in slip.text
    assert "hs.suoimo" in slip.text
    assert "<svg" in given.text
    code = re.search(r'id="slip-code">([^<]+)<', given.text)
    assert code is not None
    assert all(len(part) <= 4 for part in code[1].split())
    assert "/static/slip.css" in {str(attributes.get("href")) for _, attributes in slip.tags}
    newcomer = house.browser("10.0.0.30")
    link = look(newcomer, "/login/link").form("/login/link")
    used = send(newcomer, link, {"token": f" {code[1]} ", "password": NEW, "again": NEW})
    assert used.status_code == 303, used.text
    assert look(newcomer, used.headers["location"])
    again = send(house.browser("10.0.0.31"), link, {"token": code[1], "password": NEW, "again": NEW})
    assert again.status_code == 410


def test_the_whole_address_may_be_pasted_where_the_code_is_asked_for(house: House):
    officer = house.enter("officer-X1")
    given = send(officer, look(officer, "/people").form("/people/producer-P1/slip"), {"login": "hs.suoimo"})
    code = re.search(r'id="slip-code">([^<]+)<', given.text)
    assert code is not None
    newcomer = house.browser("10.0.0.30")
    address = "https://ocop.example.test/login/link#" + code[1].replace(" ", "")
    used = send(newcomer, look(newcomer, "/login/link").form("/login/link"), {"token": address, "password": NEW, "again": NEW})
    assert used.status_code == 303


def test_nobody_hands_slips_to_people_who_are_not_theirs(house: House):
    officer = house.enter("officer-X1")
    page = look(officer, "/people")
    assert "producer-P2" not in page.source
    form = page.form("/people/producer-P1/slip")
    for person in ("producer-P2", "officer-VS", "nobody"):
        form.action = f"/people/{person}/slip"
        assert send(officer, form, {"login": "x"}).status_code == 404, person
    assert "Không có ai mà anh/chị được cấp tài khoản" in look(house.enter("producer-P1"), "/people").text


def test_a_rehearsal_has_no_accounts_to_manage(rehearsal: House):
    browser = rehearsal.browser(base="http://localhost:8000")
    browser.origin = "http://localhost:8000"
    page = look(browser, "/login")
    send(browser, page.form("/login/role"), button=("person", "officer-X1"))
    me = look(browser, "/me")
    assert "Bản tập huấn không có tài khoản" in me.text
    assert not [form for form in me.forms if form.action in {"/me/password", "/me/tokens"}]
    assert not [form for form in look(browser, "/people").forms if form.action.endswith("/slip")]
    forged = Form("/people/producer-P1/slip", "post", list(me.form("/language").values))
    assert send(browser, forged, {"login": "x"}).status_code == 403
