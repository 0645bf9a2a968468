"""What every request passes: where a write comes from, headers, hosts, and the policy of what a page may load."""

import re
from dataclasses import replace
from typing import Any

import pytest

from api.identity.access_log import Access, Note
from api.identity.edges import MOST_HEADER_BYTES, MOST_HEADERS
from api.identity.errors import AskedFromElsewhere
from api.identity.origin import check_token
from tests.support.identity import HOME, PASSWORD, Browser, House

WRITE = ("session/language", {"language": "en"})


def outcome(answered: Any) -> tuple[int, str | None]:
    return answered.status_code, answered.json()["code"] if answered.content else None


@pytest.fixture
def browser(house: House) -> Browser:
    return house.enter("producer-P1")


def test_a_write_from_our_own_page_is_done(browser: Browser):
    assert browser.put(*WRITE, Sec_Fetch_Site="same-origin").status_code == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.test"},
        {"Origin": "http://ocop.example.test"},
        {"Origin": "https://ocop.example.test.evil.test"},
        {"Origin": "https://ocop.example.test:8443"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HOME},
    ],
)
def test_a_write_that_the_browser_says_is_from_elsewhere_is_refused_even_with_the_token(browser: Browser, headers: dict[str, str]):
    assert outcome(browser.put(*WRITE, **headers)) == (403, "asked_from_elsewhere")


@pytest.mark.parametrize("token", [None, "", "0" * 64, "same as another's"])
def test_a_write_without_the_sessions_token_is_refused_even_from_our_own_origin(house: House, browser: Browser, token: str | None):
    other = house.enter("producer-P2", house.browser("10.0.0.2"))
    browser.csrf = other.csrf if token == "same as another's" else None  # noqa: S105 - a name
    given = {"X-CSRF-Token": token} if token in {"", "0" * 64} and token is not None else {}
    assert outcome(browser.put(*WRITE, Sec_Fetch_Site="same-origin", **given)) == (403, "asked_from_elsewhere")


@pytest.mark.parametrize("token", ["ệ", "é\x00", "ÿ" * 64])
def test_a_token_that_is_no_token_is_refused_like_any_other(token: str):
    with pytest.raises(AskedFromElsewhere):
        check_token(token, "some id")


def test_old_browsers_say_nothing_of_where_they_are_and_the_token_decides(browser: Browser):
    browser.origin = None
    assert browser.put(*WRITE).status_code == 204
    browser.csrf = None
    assert outcome(browser.put(*WRITE)) == (403, "asked_from_elsewhere")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_every_unsafe_method_is_looked_at(browser: Browser, method: str):
    browser.csrf = None
    assert outcome(browser.send(method, "/api/v1/cases/VS-2021-0001/actions/select", {})) == (403, "asked_from_elsewhere")


def test_nobody_is_signed_in_or_out_by_another_site(house: House):
    house.account("producer-P1")
    fresh = house.browser()
    body = {"login": "producer-p1", "password": PASSWORD}
    assert outcome(fresh.post("session", body, Origin="https://evil.example.test")) == (403, "asked_from_elsewhere")
    assert fresh.cookie is None
    signed_in = house.enter("producer-P1")
    signed_in.csrf = None
    assert outcome(signed_in.delete("session")) == (403, "asked_from_elsewhere")


def test_a_form_without_a_script_carries_the_token_as_a_field_and_its_body_reaches_the_route(house: House, browser: Browser):
    given, browser.csrf = browser.csrf, None
    send = browser.client.request
    kind = {"content-type": "application/x-www-form-urlencoded", "origin": HOME}
    right = send("PUT", "/api/v1/session/language", content=f"csrf_token={given}&language=en", headers=kind)
    assert outcome(right) == (415, "wrong_media_type"), "past the guard: the route itself takes JSON"
    for content in ("csrf_token=0&language=en", "language=en", "csrf_token=&" + "a=1&" * 2000):
        assert outcome(send("PUT", "/api/v1/session/language", content=content, headers=kind)) == (403, "asked_from_elsewhere")


def test_a_token_for_programs_needs_neither_and_a_wrong_one_is_not_saved_by_a_cookie(house: House, browser: Browser):
    secret = browser.post("tokens", {"name": "Đồng bộ", "scopes": ["read", "write"]}).json()["token"]
    program = house.browser("10.0.0.2")
    program.origin = "https://elsewhere.example.test"
    assert program.put(*WRITE, Authorization=f"Bearer {secret}").status_code == 204
    for wrong in (f"Bearer {secret[:-1]}", f"Basic {secret}", "Bearer", "", "Bearer ocop_x", f"Token {secret}"):
        assert outcome(browser.get("session", Authorization=wrong)) == (401, "token_unknown"), wrong


def test_every_answer_carries_the_headers_whatever_it_says(house: House, browser: Browser):
    answers = [
        browser.get("session"), browser.get("cases"), browser.get("cases/none"), house.browser().get("cases"), browser.get("/nowhere"),
        browser.put("session/language", {"language": "xx"}), browser.put(*WRITE, Origin="https://evil.example.test"),
        browser.get("/api/v1/openapi.json"), browser.send("PATCH", "session"),
    ]  # fmt: skip
    assert [a.status_code for a in answers] == [200, 200, 404, 401, 404, 422, 403, 200, 405]
    for answered in answers:
        policy = answered.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answered.headers["x-content-type-options"] == "nosniff"
        assert answered.headers["x-frame-options"] == "DENY"
        assert answered.headers["referrer-policy"] == "same-origin"
        assert answered.headers["strict-transport-security"].startswith("max-age=")
        assert "no-store" in answered.headers["cache-control"] or "private" in answered.headers["cache-control"]
        assert "access-control-allow-origin" not in answered.headers
        assert answered.headers["x-request-id"]


def test_the_nonce_is_new_with_every_answer(browser: Browser):
    nonces = {re.findall(r"'nonce-([^']+)'", browser.get("session").headers["content-security-policy"])[0] for _ in range(5)}
    assert len(nonces) == 5


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({f"x-{n}": "a" for n in range(MOST_HEADERS - 20)}, False),
        ({f"x-{n}": "a" for n in range(MOST_HEADERS + 1)}, True),
        ({"x-a": "a" * (MOST_HEADER_BYTES - 2000)}, False),
        ({"x-a": "a" * MOST_HEADER_BYTES}, True),
    ],
)
def test_headers_beyond_those_of_any_browser_are_refused(browser: Browser, headers: dict[str, str], refused: bool):
    answered = browser.client.get("/api/v1/session", headers=headers)
    assert answered.status_code == (431 if refused else 200)


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("ocop.example.test", True), ("OCOP.example.test", True), ("127.0.0.1:8000", True), ("localhost", True), ("[::1]:8000", True),
        ("evil.example.test", False), ("ocop.example.test:81", False), ("ocop.example.test.evil.test", False), ("10.0.0.1", False), ("", False),
        ("ocop.example.test@evil.example.test", False),
    ],
)  # fmt: skip
def test_requests_for_another_hosts_name_are_refused(house: House, host: str, served: bool):
    answered = house.browser().get("session", Host=host)
    assert answered.status_code == (401 if served else 421), answered.text


def test_a_language_that_was_chosen_is_remembered(browser: Browser):
    assert browser.get("session").json()["language"] == "vi"
    browser.put(*WRITE)
    assert browser.get("session").json()["language"] == "en"


def test_an_address_that_cannot_be_kept_spoils_nobody_s_record(house: House):
    asked = Note(Access.CASE, "\0x\n", "officer-X1", "session", "q=\0" + "x" * 5000, "r1")
    good = Note(Access.CASE, "VS-2021-0001", "officer-H1", "session")
    assert house.identity.log.note_each([asked, good]) == [True, True]
    kept = {row.person: row for row in house.identity.log.read()}
    assert (kept["officer-X1"].subject, kept["officer-H1"].subject) == ("x", "VS-2021-0001")
    assert kept["officer-X1"].detail.startswith("q=xx")
    assert house.identity.log.noted(asked)
    assert not house.identity.log.noted(replace(asked, detail=asked.detail + "y")), "another question is another read"
