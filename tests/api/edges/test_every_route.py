"""One assertion each on every route, from the route table: framing, caching, other origins, other hosts, other methods, other places."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.support.identity import HOME, PASSWORD, Browser, House
from tests.support.pages import HTML
from tests.support.route_table import STATIC, Entry, table

EVIL = "https://evil.example.test"
WATCHED = {"/livez", "/readyz", "/metrics"}
PUBLIC = {STATIC, "/docs"}
"""Files of this house, the same for everybody."""
OPEN_TO_STRANGERS = {
    Entry("GET", path)
    for path in ("/", "/login", "/login/link", "/login/provider", "/login/provider/back", "/api/v1/openapi.json", *WATCHED, *PUBLIC)
} | {
    Entry("POST", path)
    for path in ("/login", "/login/role", "/login/link", "/logout", "/language", "/api/v1/session", "/api/v1/session/link", "/api/v1/session/role")
}  # fmt: skip
"""What a stranger may ask for: the way in, what says nothing of anybody, and leaving."""


@pytest.fixture
def case(house: House) -> str:
    code = house.world.registered("P1-01")
    assert code == "VS-2021-0001"
    return code


@pytest.fixture
def officer(house: House, case: str) -> Browser:
    return house.enter("officer-VS")


def ask(browser: Browser, entry: Entry, address: str = "", **headers: str) -> Any:
    """The route as a page or a program would ask it, with a body that says nothing."""
    kind = {"Accept": HTML} if entry.page else {}
    if entry.reads:
        return browser.send("GET", address or entry.address, **kind, **headers)
    if entry.page:
        given = {"Content-Type": "application/x-www-form-urlencoded", "Origin": HOME, **kind, **headers}
        body = f"csrf_token={browser.csrf or ''}"
        return browser.client.request(
            entry.method, address or entry.address, content=body, headers={k.replace("_", "-"): v for k, v in given.items()}
        )
    return browser.send(entry.method, address or entry.address, {}, **{"Idempotency-Key": "k", "If-Match": '"1"', **headers})


def walk(house: House, browser: Browser, *, without: frozenset[str] = frozenset({"/logout", "/api/v1/session"})) -> Iterator[Entry]:
    """Every route; those that end the session are asked for last by whoever wants them."""
    seen = 0
    for entry in table(house.app):
        if entry.path in without and not entry.reads:
            continue
        seen += 1
        yield entry
    assert seen > 90, "the table is not the whole application"
    assert browser.get("/api/v1/session").status_code in {200, 401}, "it still answers"


def test_no_answer_can_be_framed_sniffed_or_kept_by_others(house: House, officer: Browser):
    for entry in walk(house, officer):
        answered = ask(officer, entry)
        assert answered.status_code < 500 or entry.path.startswith("/login/provider"), (str(entry), answered.text)
        policy = answered.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, str(entry)
        assert "default-src 'none'" in policy, str(entry)
        assert "unsafe" not in policy, str(entry)
        assert answered.headers["x-frame-options"] == "DENY", str(entry)
        assert answered.headers["x-content-type-options"] == "nosniff", str(entry)
        assert answered.headers["x-request-id"], str(entry)
        kept = answered.headers["cache-control"]
        assert entry.path in PUBLIC or "no-store" in kept or kept.startswith("private"), (str(entry), kept)
        if answered.headers.get("set-cookie"):
            assert "httponly" in answered.headers["set-cookie"].lower(), str(entry)


def test_no_other_origin_may_read_or_ask_beforehand(house: House, officer: Browser):
    for entry in walk(house, officer):
        answered = ask(officer, entry, Origin=EVIL) if entry.reads else officer.send(entry.method, entry.address, {}, Origin=EVIL)
        assert not [name for name in answered.headers if name.startswith("access-control-")], str(entry)
        asked = officer.client.options(
            entry.address,
            headers={"Origin": EVIL, "Access-Control-Request-Method": entry.method, "Access-Control-Request-Headers": "x-csrf-token"},
        )
        assert not [name for name in asked.headers if name.startswith("access-control-")], str(entry)
        assert asked.status_code in {404, 405}, (str(entry), asked.status_code)


def test_no_write_of_a_session_is_done_without_its_token_or_from_elsewhere(house: House, officer: Browser, case: str):
    before = house.world.events(case)
    kept, officer.csrf = officer.csrf, None
    for entry in walk(house, officer, without=frozenset()):
        if entry.reads or entry.by_link:
            continue
        for headers in (
            {"Origin": HOME},
            {"Origin": EVIL, "X-CSRF-Token": kept or ""},
            {"Sec-Fetch-Site": "cross-site", "X-CSRF-Token": kept or ""},
        ):
            answered = officer.send(entry.method, entry.address, {}, **headers)
            assert (answered.status_code, answered.json()["code"]) == (403, "asked_from_elsewhere"), (str(entry), headers)
    assert house.world.events(case) == before
    assert officer.get("session").status_code == 200, "nor was anybody signed out"


def test_no_route_answers_under_another_hosts_name_nor_believes_what_a_stranger_forwards(house: House, officer: Browser):
    forwarded = {
        "X-Forwarded-Host": "evil.example.test", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil.example.test", "X-Host": "evil.example.test",
        "Forwarded": "host=evil.example.test;proto=http", "X-Original-URL": "/evil.example.test", "X-Rewrite-URL": "/evil.example.test",
        "X-Forwarded-Server": "evil.example.test",
    }  # fmt: skip
    for entry in walk(house, officer):
        if entry.path not in WATCHED:
            answered = ask(officer, entry, Host="evil.example.test")
            assert answered.status_code == 421, (str(entry), answered.status_code)
        plain, told = ask(officer, entry), ask(officer, entry, **forwarded)
        assert plain.status_code == told.status_code, str(entry)
        assert "evil.example.test" not in told.text + str(dict(told.headers)), str(entry)


def test_a_method_is_what_the_first_line_says_and_nothing_else(house: House, officer: Browser):
    for entry in walk(house, officer):
        other = "DELETE" if entry.reads else "GET"
        plain = ask(officer, entry)
        told = ask(officer, entry, **dict.fromkeys(("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), other))
        assert plain.status_code == told.status_code, str(entry)
        for method in ("TRACE", "CONNECT", "PROPFIND", "BREW"):
            answered = officer.client.request(method, entry.address, headers={"Origin": HOME, "X-CSRF-Token": officer.csrf or ""})
            assert answered.status_code in {404, 405}, (str(entry), method, answered.status_code)


ELSEWHERE = [
    "https://evil.example.test", "http://evil.example.test/", "//evil.example.test", "///evil.example.test", "////evil.example.test/%2f..",
    "/\\evil.example.test", "\\/evil.example.test", "\\\\evil.example.test", "/\t/evil.example.test", "/\n/evil.example.test", "/\r/evil.example.test",
    "\t//evil.example.test", " //evil.example.test", "/ /evil.example.test", "https:evil.example.test", "https:/evil.example.test",
    "https:\\evil.example.test", "HTTPS://evil.example.test", "hTTps://evil.example.test", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)", "file:///etc/passwd", "ftp://evil.example.test",
    "evil.example.test", "evil.example.test/work", "@evil.example.test", "/@evil.example.test/../..//evil.example.test",
    "https://ocop.example.test@evil.example.test", "https://ocop.example.test.evil.example.test", "//ocop.example.test@evil.example.test",
    "//evil.example.test:443", "//[::1]", "//127.0.0.1", "//2130706433", "//evil%2eexample%2etest", "/%5cevil.example.test\\", "/%09/\\evil.example.test",
    "\u2028//evil.example.test", "/\u2029/evil.example.test", "\u200b//evil.example.test", "\ufeff//evil.example.test", "/\u00a0/evil.example.test\\",
    "//evil。example。test", "／／evil.example.test", "/／evil.example.test\\", "https://еvil.example.test", "\x00//evil.example.test",
    "/\x00/evil.example.test", "/\x0b/evil.example.test", "/work\r\nLocation: https://evil.example.test", "/work%0d%0aSet-Cookie:a=b\r\n",
    "?next=//evil.example.test", "#//evil.example.test", "", " ", ".", "..//evil.example.test", "./\\evil.example.test", "mailto:a@evil.example.test",
]  # fmt: skip


def test_nobody_is_led_elsewhere_by_any_form_of_what_comes_next(house: House, officer: Browser):
    assert len(ELSEWHERE) >= 50
    house.account("producer-P1")
    for number, onward in enumerate(ELSEWHERE):
        browser = house.browser(f"10.1.0.{number}")
        form = {"login": "producer-p1", "password": PASSWORD, "next": onward}
        sent = {"Accept": HTML, "Origin": HOME}
        entered = browser.client.post("/login", data=form, headers=sent)
        chosen = officer.client.post("/language", data={"csrf_token": officer.csrf, "language": "vi", "next": onward}, headers=sent)
        for answered in (entered, chosen):
            assert answered.status_code == 303, (onward, answered.text)
            assert re.fullmatch(r"/(?:[^/\\\s].*)?", answered.headers["location"]), (onward, answered.headers["location"])
            assert urljoin(HOME, answered.headers["location"]).startswith(f"{HOME}/"), (onward, answered.headers["location"])
        shown = house.browser("10.2.0.1").client.get("/login", params={"next": onward}, headers=sent)
        assert shown.status_code == 200, onward
        *again, entering = re.findall(r'name="next" value="([^"]*)"', shown.text)
        assert urljoin(HOME, entering).startswith(f"{HOME}/"), onward
        assert all(each.startswith("/login?next=") for each in again), (onward, again)


def test_no_route_redirects_to_what_it_was_sent(house: House, officer: Browser):
    for entry in walk(house, officer):
        for onward in (EVIL, "//evil.example.test", "/\\evil.example.test"):
            answered = officer.client.request(
                entry.method, entry.address, params={"next": onward, "url": onward, "redirect": onward, "return": onward},
                headers={"Accept": HTML, "Origin": HOME, "X-CSRF-Token": officer.csrf or "", "Referer": f"{EVIL}/"},
            )  # fmt: skip
            where = answered.headers.get("location", "/")
            assert re.fullmatch(r"/(?:[^/\\].*)?", where), (str(entry), where)
            assert "evil.example.test" not in where.partition("?")[0], (str(entry), where)


def test_who_has_not_said_who_they_are_gets_past_no_door_but_the_way_in(house: House, officer: Browser):
    """Also with the session's id where it does not belong: in the address, in another header, or under another name."""
    id_ = officer.cookie or ""
    doors = []
    for entry in walk(house, officer, without=frozenset()):
        stranger = house.browser("10.3.0.1")
        answered = ask(stranger, entry)
        smuggled = stranger.client.request(
            entry.method, entry.address, params={"session": id_, "__Host-ocop": id_, "token": id_, "access_token": id_},
            headers={"X-Session": id_, "Cookie": f"ocop={id_}; __host-ocop={id_}; __Secure-ocop={id_}", "Origin": HOME},
        )  # fmt: skip
        for given in (answered, smuggled):
            stopped = given.status_code in {401, 405} or (given.status_code == 303 and given.headers["location"].startswith("/login"))
            # Some look at the shape of what was sent first, which says nothing of anything.
            stopped |= given.status_code == 404 and entry.by_link
            stopped |= given.status_code == 415 or (given.status_code == 422 and '"request_invalid"' in given.text)
            if not stopped and entry not in OPEN_TO_STRANGERS:
                doors.append((str(entry), given.status_code, given.text[:200]))
    assert doors == [], "\n".join(map(str, doors))


def test_every_address_holds_no_id_and_every_session_id_has_enough_bits(house: House):
    ids = set()
    for number in range(20):
        browser = house.enter("producer-P1", house.browser(f"10.4.0.{number}"))
        assert browser.cookie is not None
        ids.add(browser.cookie)
        for entry in table(house.app):
            if entry.reads and number == 0:
                answered = ask(browser, entry)
                assert browser.cookie not in answered.text + answered.headers.get("location", ""), str(entry)
    assert len(ids) == 20
    # 43 signs of 64 hold 256 bits; that each place varies shows that they are used.
    assert {len(id_) for id_ in ids} == {43}
    assert all(len({id_[place] for id_ in ids}) > 5 for place in range(42))
