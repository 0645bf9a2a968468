"""Signing in over HTTP: passwords, second factors, sessions, and what each refusal gives away."""

import unicodedata
from collections import Counter
from typing import Any

import pytest

from api.identity.sessions import ABSOLUTE, HALF, IDLE
from api.identity.totp import PERIOD, code_at, step_of
from tests.support.identity import CLI, HOME, PASSWORD, House
from workflow.accounts import AttemptRow, SessionRow


def code_of(answered: Any) -> tuple[int, str]:
    return answered.status_code, answered.json()["code"]


def test_a_producer_signs_in_with_a_password_and_is_told_who_that_is(house: House):
    browser = house.enter("producer-P1")
    said = browser.get("session").json()
    assert (said["person"], said["via"], said["second_factor"]) == ("producer-P1", "session", "not_asked")
    assert said["functions"] == [
        {"seat": "producer", "unit": "X1", "unit_name": "Xã Suối Mơ", "producer": "P1", "principal": None, "delegation": None}
    ]
    assert browser.get("cases").status_code == 200


def test_nobody_is_nobody(house: House):
    assert code_of(house.browser().get("session")) == (401, "unidentified")
    assert code_of(house.browser().get("cases")) == (401, "unidentified")
    browser = house.browser()
    browser.client.cookies.set("__Host-ocop", "a" * 43, domain="ocop.example.test")
    assert code_of(browser.get("cases")) == (401, "unidentified")


def test_unknown_disabled_unopened_and_wrong_get_one_answer_and_cost_one_hash_each(house: House):
    house.account("producer-P1")
    house.account("producer-P2")
    house.account("producer-P3", password=None)
    house.world.appoint("admin-TW", "administrator", "centre", "TW")
    house.identity.accounts.disable(house.registry, "producer-P2", "Nghỉ việc", by=CLI, day=house.identity.today())
    house.identity.sign_in._hasher.matches("warm", None)
    answers, costs = Counter[str](), Counter[tuple[int, int]]()
    for number, login in enumerate(("producer-p1", "producer-p2", "producer-p3", "nobody", "Không Hợp Lệ!", "x" * 190)):
        before = house.hasher.compared, house.hasher.hashed
        answered = house.browser(f"10.1.0.{number}").post("session", {"login": login, "password": "sai mật khẩu rồi nhé"})
        body = answered.json()
        body.pop("request")
        answers[f"{answered.status_code} {sorted(answered.headers)} {body}"] += 1
        costs[house.hasher.compared - before[0], house.hasher.hashed - before[1]] += 1
    assert len(answers) == 1
    assert costs == {(1, 0): 6}


@pytest.mark.parametrize(("stored", "typed"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFKC", "NFD")])
def test_a_vietnamese_password_is_the_same_however_the_keyboard_composes_it(house: House, stored: str, typed: str):
    kept, given = (unicodedata.normalize(form, "Trăng rằm Thượng Nguồn ệ") for form in (stored, typed))  # type: ignore[arg-type]
    house.account("producer-P1", password=kept)
    assert house.browser().post("session", {"login": "Producer-P1", "password": given}).status_code == 200
    bare = "".join(sign for sign in unicodedata.normalize("NFD", given) if unicodedata.category(sign) != "Mn")
    assert house.browser().post("session", {"login": "producer-p1", "password": bare}).status_code == 401


def test_a_password_counts_with_its_spaces_and_case(house: House):
    house.account("producer-P1", password=PASSWORD)
    for number, wrong in enumerate((PASSWORD.upper(), PASSWORD + " ", " " + PASSWORD, PASSWORD[:-1])):
        assert house.browser(f"10.0.9.{number}").post("session", {"login": "producer-p1", "password": wrong}).status_code == 401


# Second factors.


def test_whoever_decides_gets_nowhere_without_a_second_factor(house: House):
    house.account("authority-H1")
    browser = house.browser()
    said = browser.post("session", {"login": "authority-h1", "password": PASSWORD}).json()
    assert (said["second_factor"], said["scopes"]) == ("to_enrol", [])
    for path in ("cases", "tokens", "delegations", "users", "users/authority-H1/sessions"):
        assert code_of(browser.get(path)) == (401, "second_factor_needed"), path
    assert browser.put("session/password", {"old": PASSWORD, "new": "một câu khác hẳn thế"}).status_code == 401
    house.enter("authority-H1", browser)
    assert browser.get("cases").status_code == 200
    assert browser.get("session").json()["second_factor"] == "shown"


@pytest.mark.parametrize(
    ("function", "level", "unit", "asked"),
    [
        ("authority", "district", "H1", True), ("chair", "district", "H1", True), ("member", "district", "H1", True),
        ("administrator", "province", "VS", True), ("officer", "district", "H1", False), ("secretary", "district", "H1", False),
        ("auditor", "district", "H1", False), ("adviser", "district", "H1", False),
    ],
)  # fmt: skip
def test_who_is_asked_for_a_second_factor(house: House, function: str, level: str, unit: str, asked: bool):
    house.world.appoint("somebody", function, level, unit)
    house.account("somebody")
    said = house.browser().post("session", {"login": "somebody", "password": PASSWORD}).json()
    assert said["second_factor"] == ("to_enrol" if asked else "not_asked")


def test_a_code_counts_once_also_in_another_browser(house: House):
    house.enter("authority-H1")
    code = house.code("authority-H1")
    first, second = house.browser("10.0.0.2"), house.browser("10.0.0.3")
    for browser in (first, second):
        assert browser.post("session", {"login": "authority-h1", "password": PASSWORD}).json()["second_factor"] == "owed"
    assert first.post("session/second-factor", {"code": code}).status_code == 200
    assert code_of(second.post("session/second-factor", {"code": code})) == (401, "second_factor_wrong")
    assert second.get("cases").status_code == 401
    assert second.post("session/second-factor", {"code": house.code("authority-H1")}).status_code == 200


@pytest.mark.parametrize(("periods", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_off_by_one_period(house: House, periods: int, right: bool):
    house.enter("authority-H1")
    house.wait(minutes=10)
    browser = house.browser()
    browser.post("session", {"login": "authority-h1", "password": PASSWORD})
    code = code_at(house.secrets["authority-H1"], step_of(house.clock.now()) + periods)
    assert (browser.post("session/second-factor", {"code": code}).status_code == 200) is right


def test_codes_of_the_standard_are_ours():
    """RFC 6238, appendix B, the last six of its eight digits."""
    secret = b"12345678901234567890"
    known = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"}
    assert {at: code_at(secret, at // PERIOD) for at in known} == known


def test_five_wrong_codes_end_the_half_session(house: House):
    house.enter("authority-H1")
    browser = house.browser("10.0.0.9")
    browser.post("session", {"login": "authority-h1", "password": PASSWORD})
    codes = []
    for _ in range(5):
        house.wait(seconds=20)
        codes.append(code_of(browser.post("session/second-factor", {"code": "000000"})))
    assert codes == [(401, "second_factor_wrong")] * 5
    assert code_of(browser.post("session/second-factor", {"code": house.code("authority-H1")})) == (401, "unidentified")


def test_login_password_and_code_may_come_together(house: House):
    house.enter("authority-H1")
    said = house.browser().post("session", {"login": "authority-h1", "password": PASSWORD, "code": house.code("authority-H1")})
    assert said.json()["second_factor"] == "shown"


def test_somebody_who_becomes_an_authority_while_signed_in_is_asked_from_then_on(house: House):
    browser = house.enter("officer-H1")
    assert browser.get("cases").status_code == 200
    house.world.appoint("officer-H1", "authority", "district", "H1")
    assert code_of(browser.get("cases")) == (401, "second_factor_needed")
    assert browser.get("session").json()["second_factor"] == "to_enrol"


def test_a_delegated_authority_is_asked_as_well(house: House):
    browser = house.enter("officer-H1")
    authority = house.enter("authority-H1", house.browser("10.0.0.7"))
    body = {
        "seat": "authority@district", "unit": "H1", "taker": "officer-H1", "first": "2021-06-01", "last": "2021-06-30",
        "document_no": "5/QĐ-UBND", "reason": "Đi học",
    }  # fmt: skip
    assert authority.post("delegations", body, Idempotency_Key="one").status_code == 201
    assert browser.get("session").json()["second_factor"] == "to_enrol"


def test_a_second_factor_that_is_there_is_not_replaced_by_who_has_the_password(house: House):
    house.enter("authority-H1")
    thief = house.browser("10.9.9.9")
    thief.post("session", {"login": "authority-h1", "password": PASSWORD})
    assert code_of(thief.post("session/second-factor/enrolment")) == (409, "second_factor_known")


def test_an_enrolment_is_for_its_own_account_and_needs_its_first_code(house: House):
    house.account("authority-H1")
    house.account("authority-H2")
    one, two = house.browser("10.0.0.2"), house.browser("10.0.0.3")
    one.post("session", {"login": "authority-h1", "password": PASSWORD})
    two.post("session", {"login": "authority-h2", "password": PASSWORD})
    sealed = one.post("session/second-factor/enrolment").json()["sealed"]
    assert code_of(one.put("session/second-factor/enrolment", {"sealed": sealed, "code": "000000"})) == (401, "second_factor_wrong")
    stolen = two.put("session/second-factor/enrolment", {"sealed": sealed, "code": "000000"})
    assert code_of(stolen) == (401, "second_factor_wrong")
    assert two.get("session").json()["second_factor"] == "to_enrol"


# Sessions.


def test_the_cookie_is_bound_to_the_host_and_out_of_reach_of_scripts(house: House):
    house.account("producer-P1")
    set_cookie, place = house.browser().post("session", {"login": "producer-p1", "password": PASSWORD}).headers.get_list("set-cookie")
    assert place.startswith("__Host-ocop-place=")
    assert {part.strip().lower() for part in place.split(";")[1:]} == {"httponly", "path=/", "samesite=lax", "secure", "max-age=2592000"}
    parts = [part.strip().lower() for part in set_cookie.split(";")]
    assert parts[0].startswith("__host-ocop=")
    assert set(parts[1:]) == {"httponly", "path=/", "samesite=lax", "secure"}
    assert len(parts[0].partition("=")[2]) >= 43, "256 bits"


def test_an_id_that_was_planted_is_not_the_one_that_gets_in(house: House):
    house.account("producer-P1")
    browser = house.browser()
    planted = "x" * 43
    browser.client.cookies.set("__Host-ocop", planted, domain="ocop.example.test")
    browser.post("session", {"login": "producer-p1", "password": PASSWORD})
    thief = house.browser()
    thief.client.cookies.set("__Host-ocop", planted, domain="ocop.example.test")
    assert thief.get("session").status_code == 401


def test_the_id_changes_with_every_rise_and_the_old_one_is_dead(house: House):
    house.account("authority-H1")
    browser = house.browser()
    seen = []
    browser.post("session", {"login": "authority-h1", "password": PASSWORD})
    seen.append(browser.cookie)
    house.enter("authority-H1", browser)
    seen.append(browser.cookie)
    changed = browser.put("session/password", {"old": PASSWORD, "new": "một câu khác hẳn thế"})
    assert changed.status_code == 200, changed.text
    seen.append(browser.cookie)
    assert len(set(seen)) == 3
    for old in seen[:-1]:
        thief = house.browser()
        thief.client.cookies.set("__Host-ocop", str(old), domain="ocop.example.test")
        assert thief.get("session").status_code == 401
    assert browser.get("cases").status_code == 200


def test_signing_out_ends_the_session_and_not_only_the_cookie(house: House):
    browser = house.enter("producer-P1")
    id_ = browser.cookie
    assert browser.delete("session").status_code == 204
    assert browser.cookie is None
    thief = house.browser()
    thief.client.cookies.set("__Host-ocop", str(id_), domain="ocop.example.test")
    assert thief.get("session").status_code == 401


def test_a_session_ends_when_it_sleeps_and_when_its_day_is_over(house: House):
    browser = house.enter("producer-P1")
    house.wait(seconds=IDLE.total_seconds() - 1)
    assert browser.get("session").status_code == 200
    house.wait(seconds=IDLE.total_seconds())
    assert browser.get("session").status_code == 401
    browser = house.enter("producer-P1", house.browser())
    hours = int(ABSOLUTE.total_seconds() // 1800)
    alive = []
    for _ in range(hours):
        house.wait(minutes=30)
        alive.append(browser.get("session").status_code)
    assert alive == [200] * (hours - 1) + [401], "twelve hours, however busy"


def test_a_half_session_waits_ten_minutes(house: House):
    house.account("authority-H1")
    browser = house.browser()
    browser.post("session", {"login": "authority-h1", "password": PASSWORD})
    house.wait(seconds=HALF.total_seconds())
    assert browser.post("session/second-factor/enrolment").status_code == 401


def test_ones_sessions_are_listed_and_ended_from_elsewhere(house: House):
    phone = house.enter("producer-P1", house.browser("10.0.0.2"))
    desk = house.enter("producer-P1", house.browser("10.0.0.3"))
    items = desk.get("users/producer-P1/sessions").json()["items"]
    assert {(item["source"], item["current"]) for item in items} == {("10.0.0.2", False), ("10.0.0.3", True)}
    other = next(item["handle"] for item in items if not item["current"])
    assert desk.delete(f"users/producer-P1/sessions/{other}").status_code == 204
    assert phone.get("session").status_code == 401
    assert desk.get("session").status_code == 200
    assert desk.delete(f"users/producer-P1/sessions/{other}").status_code == 404


def test_another_password_ends_the_other_sessions(house: House):
    phone, desk = house.enter("producer-P1"), house.enter("producer-P1", house.browser("10.0.0.3"))
    assert code_of(desk.put("session/password", {"old": "không phải câu này", "new": "một câu khác hẳn thế"})) == (401, "login_failed")
    assert desk.put("session/password", {"old": PASSWORD, "new": "một câu khác hẳn thế"}).status_code == 200
    assert phone.get("session").status_code == 401
    assert house.browser().post("session", {"login": "producer-p1", "password": PASSWORD}).status_code == 401


def test_a_disabled_account_is_out_in_the_middle_of_its_session(house: House):
    browser = house.enter("producer-P1")
    house.world.appoint("admin-TW", "administrator", "centre", "TW")
    house.identity.accounts.disable(house.registry, "producer-P1", "Nghỉ việc", by=CLI, day=house.identity.today())
    assert browser.get("session").status_code == 401
    house.identity.accounts.enable(house.registry, "producer-P1", "Trở lại", by=CLI, day=house.identity.today())
    assert browser.get("session").status_code == 401, "what ended stays at an end"
    assert house.browser().post("session", {"login": "producer-p1", "password": PASSWORD}).status_code == 200


def test_the_database_holds_no_id_no_password_and_no_login_that_was_mistyped(house: House):
    browser = house.enter("producer-P1")
    house.browser("10.0.0.8").post("session", {"login": PASSWORD, "password": "ở nhầm ô rồi bạn ơi"})
    shelf = house.runtime.store.identity
    kept = repr([*shelf.find(SessionRow), *shelf.find(AttemptRow), house.identity.accounts.find("producer-P1")])
    assert str(browser.cookie) not in kept
    assert PASSWORD not in kept
    assert "$argon2id$" in kept


def test_nobody_signs_in_over_a_connection_that_others_can_read(house: House):
    house.account("producer-P1")
    open_ = house.browser("10.0.0.5", base="http://ocop.example.test")
    open_.origin = "http://ocop.example.test"
    assert code_of(open_.post("session", {"login": "producer-p1", "password": PASSWORD})) == (403, "connection_not_protected")
    near = house.browser("127.0.0.1", base="http://localhost:8000")
    near.origin = "http://localhost:8000"
    answered = near.post("session", {"login": "producer-p1", "password": PASSWORD})
    assert answered.status_code == 200
    assert answered.headers["set-cookie"].startswith("ocop=")
    assert "secure" not in answered.headers["set-cookie"].lower()


def test_a_cookie_from_an_open_connection_does_not_count_behind_tls(house: House):
    house.account("producer-P1")
    near = house.browser("127.0.0.1", base="http://localhost:8000")
    near.origin = None
    near.post("session", {"login": "producer-p1", "password": PASSWORD})
    behind = house.browser()
    behind.client.cookies.set("ocop", str(near.cookie), domain="ocop.example.test")
    assert behind.get("session").status_code == 401


def test_an_authenticator_can_read_the_address(house: House):
    house.account("authority-H1")
    browser = house.browser()
    browser.post("session", {"login": "authority-h1", "password": PASSWORD})
    said = browser.post("session/second-factor/enrolment").json()
    assert said["address"].startswith("otpauth://totp/OCOP%3Aauthority-h1?secret=")
    assert said["qr"].startswith("<svg")
    assert HOME not in said["address"]
