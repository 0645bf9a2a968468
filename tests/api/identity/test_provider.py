"""Signing in with an identity provider that really listens: OpenID Connect with everything that can be wrong about it."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from starlette.responses import Response

from tests.support.identity import CLI, Browser, House, house_at
from tests.support.issuer import CLIENT, SECRET, Issuer, answer_of, issuing

BEGIN, BACK = "/login/provider", "/login/provider/back"


@pytest.fixture(scope="module")
def listening() -> Iterator[Issuer]:
    with issuing() as opened:
        yield opened


@pytest.fixture
def issuer(listening: Issuer) -> Issuer:
    """The provider without any fault."""
    listening.claims, listening.metadata, listening.signs_with = {}, {}, None
    listening.algorithm, listening.no_id_token, listening.asked = "RS256", False, []
    listening.broken = {}
    return listening


@pytest.fixture
def joined(database_url: str, tmp_path: Path, issuer: Issuer) -> Iterator[House]:
    """An installation that was set up with the provider, and a producer whom it knows."""
    given: dict[str, Any] = {"oidc_issuer": issuer.address, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
    with house_at(database_url, tmp_path, **given) as opened:
        opened.account("producer-P1", password=None, issuer=issuer.address, subject="pháp-nhân-1")
        yield opened


def leave(browser: Browser) -> str:
    """Go to the provider; the address that it sends the browser back to."""
    away = browser.get(BEGIN)
    assert away.status_code == 302, away.text
    back = httpx2.get(away.headers["location"])
    assert back.status_code == 302
    return str(back.headers["location"])


def come_back(browser: Browser, address: str) -> Any:
    parts = urlsplit(address)
    return browser.get(f"{parts.path}?{parts.query}", Sec_Fetch_Site="cross-site")


def refusal(answered: Any) -> tuple[int, str]:
    return answered.status_code, answered.json()["code"]


def test_a_person_who_was_entered_signs_in(joined: House, issuer: Issuer):
    browser = joined.browser()
    answered = come_back(browser, leave(browser))
    assert (answered.status_code, answered.headers["location"]) == (303, "/")
    assert browser.get("session").json()["person"] == "producer-P1"
    asked = issuer.asked[0]
    assert asked["redirect_uri"] == f"https://ocop.example.test{BACK}"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 20
    assert len(asked["nonce"]) >= 20


def test_the_cookie_between_is_for_these_addresses_alone(joined: House):
    away = joined.browser().get(BEGIN)
    parts = {part.strip().lower() for part in away.headers["set-cookie"].split(";")}
    assert {"path=/login/provider", "httponly", "samesite=lax", "secure", "max-age=600"} <= parts


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://other.example.test"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client", "third"]},
        {"aud": None},
        {"exp": 1},
        {"exp": timedelta(minutes=-2)},
        {"exp": None},
        {"iat": timedelta(days=1)},
        {"nbf": timedelta(days=1)},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"azp": "another-client"},
    ],
    ids=str,
)
def test_a_proof_that_does_not_hold_is_refused(joined: House, issuer: Issuer, claims: dict[str, Any]):
    issuer.claims = {k: int(time.time() + v.total_seconds()) if isinstance(v, timedelta) else v for k, v in claims.items()}
    browser = joined.browser()
    assert refusal(come_back(browser, leave(browser))) == (400, "provider_refused")
    assert browser.get("session").status_code == 401


def test_a_proof_by_another_key_is_refused(joined: House, issuer: Issuer):
    issuer.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    browser = joined.browser()
    assert refusal(come_back(browser, leave(browser))) == (400, "provider_refused")


def test_a_proof_signed_with_the_public_key_as_a_password_is_refused(joined: House, issuer: Issuer):
    issuer.algorithm = "HS256"
    browser = joined.browser()
    assert refusal(come_back(browser, leave(browser))) == (400, "provider_refused")


def test_an_answer_without_a_proof_is_refused(joined: House, issuer: Issuer):
    issuer.no_id_token = True
    browser = joined.browser()
    assert refusal(come_back(browser, leave(browser))) == (400, "provider_refused")


def test_a_wrong_state_is_refused_and_not_a_fault(joined: House):
    browser = joined.browser()
    code = answer_of(leave(browser))["code"]
    for wrong in (
        f"{BACK}?code={code}&state=other",
        f"{BACK}?code={code}",
        f"{BACK}?state=x",
        BACK,
        f"{BACK}?error=access_denied",
        f"{BACK}?code=&state=",
    ):
        assert refusal(browser.get(wrong)) == (400, "provider_refused"), wrong


def test_an_answer_that_another_browser_asked_for_is_refused(joined: House):
    """Otherwise somebody could be made to work under another person's name."""
    theirs, mine = joined.browser(), joined.browser("10.0.0.2")
    address = leave(theirs)
    leave(mine)
    assert refusal(come_back(mine, address)) == (400, "provider_refused")


def test_an_answer_counts_once(joined: House):
    browser = joined.browser()
    address = leave(browser)
    assert come_back(browser, address).status_code == 303
    assert refusal(come_back(joined.browser(), address)) == (400, "provider_refused")
    assert refusal(come_back(browser, address)) == (400, "provider_refused")


def test_a_handshake_that_was_forged_or_is_old_is_refused(joined: House):
    browser = joined.browser()
    address = leave(browser)
    kept = browser.client.cookies.get("ocop_handshake")
    assert kept is not None
    browser.client.cookies.clear()
    browser.client.cookies.set("ocop_handshake", kept[:-3] + "abc", domain="ocop.example.test", path="/login/provider")
    assert refusal(come_back(browser, address)) == (400, "provider_refused")


def test_nobody_is_created_from_claims(joined: House, issuer: Issuer):
    issuer.claims = {"sub": "stranger", "email": "admin@example.test", "groups": ["administrator"]}
    browser = joined.browser()
    before = joined.identity.accounts.all()
    assert refusal(come_back(browser, leave(browser))) == (403, "provider_unknown_person")
    assert joined.identity.accounts.all() == before


def test_a_disabled_person_does_not_come_in_by_the_provider_either(joined: House):
    joined.world.appoint("admin-TW", "administrator", "centre", "TW")
    joined.identity.accounts.disable(joined.registry, "producer-P1", "Nghỉ", by=CLI, day=joined.identity.today())
    browser = joined.browser()
    assert refusal(come_back(browser, leave(browser))) == (403, "provider_unknown_person")


@pytest.mark.parametrize(("amr", "factor"), [(None, "to_enrol"), (["pwd"], "to_enrol"), (["pwd", "otp", "mfa"], "shown")])
def test_whoever_decides_shows_a_second_factor_here_unless_the_provider_has_seen_one(joined: House, issuer: Issuer, amr: Any, factor: str):
    joined.account("authority-H1", password=None, issuer=issuer.address, subject="pháp-nhân-2")
    issuer.claims = {"sub": "pháp-nhân-2", "amr": amr}
    browser = joined.browser()
    assert come_back(browser, leave(browser)).status_code == 303
    assert browser.get("session").json()["second_factor"] == factor
    assert browser.get("cases").status_code == (200 if factor == "shown" else 401)


def test_a_provider_that_calls_itself_otherwise_is_not_the_one_that_was_set_up(joined: House, issuer: Issuer):
    issuer.metadata = {"issuer": "https://other.example.test"}
    assert refusal(joined.browser().get(BEGIN)) == (502, "provider_silent")


def test_a_provider_that_is_down_is_said(database_url: str, tmp_path: Path):
    with house_at(database_url, tmp_path, oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT) as alone:
        assert refusal(alone.browser().get(BEGIN)) == (502, "provider_silent")


def test_without_a_provider_there_is_none(house: House):
    assert refusal(house.browser().get(BEGIN)) == (404, "provider_missing")
    assert refusal(house.browser().get(BACK)) == (404, "provider_missing")


def test_one_subject_is_one_person(joined: House, issuer: Issuer):
    admin = joined.administrator("VS")
    answered = admin.post("users", {"person": "officer-VS", "login": "officer", "subject": "pháp-nhân-1"})
    assert refusal(answered) == (422, "payload_invalid")
    assert answered.json()["reasons"][0]["pointer"] == "/subject"
    assert admin.post("users", {"person": "officer-VS", "login": "officer", "subject": "pháp-nhân-9"}).json()["opened"] is True


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_proof_without_a_proof_is_refused(joined: House, issuer: Issuer, algorithm: str):
    issuer.algorithm = algorithm
    browser = joined.browser()
    assert refusal(come_back(browser, leave(browser))) == (400, "provider_refused")
    assert browser.get("session").status_code == 401
    assert browser.cookie is None


def test_a_provider_that_changes_its_key_is_believed_by_the_new_one_at_once_and_by_the_old_one_no_more(joined: House, issuer: Issuer):
    first = joined.browser()
    assert come_back(first, leave(first)).status_code == 303
    old = issuer.key
    issuer.rotate("two")
    second = joined.browser()
    assert come_back(second, leave(second)).status_code == 303, "the keys are asked for again where one is not known"
    issuer.signs_with = old
    third = joined.browser()
    assert refusal(come_back(third, leave(third))) == (400, "provider_refused")


BROKEN = {
    "a fault": Response("no", status_code=500), "busy": Response("later", status_code=503), "a page": Response("<html>", media_type="text/html"),
    "half": Response('{"access_token":', media_type="application/json"), "a list": Response("[]", media_type="application/json"),
    "null": Response("null", media_type="application/json"), "empty": Response(""), "a text": Response('"x"', media_type="application/json"),
    "elsewhere": Response(status_code=302, headers={"location": "https://evil.example.test/"}),
}  # fmt: skip


@pytest.mark.parametrize("answer", BROKEN)
@pytest.mark.parametrize("part", ["discovery", "token", "keys"])
def test_a_provider_that_answers_nonsense_lets_nobody_in_and_is_no_fault_of_ours(joined: House, issuer: Issuer, part: str, answer: str):
    browser = joined.browser()
    if part == "discovery":
        issuer.broken = {part: BROKEN[answer]}
        assert refusal(browser.get(BEGIN)) == (502, "provider_silent")
        return
    back = leave(browser)
    issuer.broken = {part: BROKEN[answer]}
    answered = come_back(browser, back)
    assert refusal(answered) in {(400, "provider_refused"), (502, "provider_silent")}, answered.text
    assert browser.get("session").status_code == 401


def test_a_provider_that_goes_away_while_somebody_is_there_is_said(database_url: str, tmp_path: Path):
    with issuing() as alone:
        given: dict[str, Any] = {"oidc_issuer": alone.address, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
        with house_at(database_url, tmp_path, **given) as house:
            house.account("producer-P1", password=None, issuer=alone.address, subject="pháp-nhân-1")
            browser = house.browser()
            back = leave(browser)
            house.app.state.provider._client.server_metadata["token_endpoint"] = "http://127.0.0.1:9/token"  # noqa: S105 - an address
            assert refusal(come_back(browser, back)) == (502, "provider_silent")
            assert browser.get("session").status_code == 401
            assert refusal(come_back(browser, back))[0] == 400, "what was begun is begun anew"


def test_the_same_subject_of_another_provider_is_somebody_else(joined: House, issuer: Issuer):
    joined.account("producer-P2", password=None, issuer="https://other.example.test", subject="pháp-nhân-2")
    issuer.claims = {"sub": "pháp-nhân-2"}
    browser = joined.browser()
    assert refusal(come_back(browser, leave(browser))) == (403, "provider_unknown_person")


@pytest.mark.parametrize(
    "subject", ["Pháp-Nhân-1", "pháp-nhân-1 ", " pháp-nhân-1", "phap-nhan-1", "pháp-nhân-1\u0000", "pha\u0301p-nhân-1", "%", "pháp-nhân-_"]
)
def test_a_subject_is_that_one_and_none_like_it(joined: House, issuer: Issuer, subject: str):
    issuer.claims = {"sub": subject}
    browser = joined.browser()
    assert refusal(come_back(browser, leave(browser)))[0] in {400, 403, 422}
    assert browser.get("session").status_code == 401


def test_a_sign_in_that_was_begun_too_long_ago_is_over(joined: House, monkeypatch: pytest.MonkeyPatch):
    browser = joined.browser()
    back = leave(browser)
    real = time.time
    monkeypatch.setattr("time.time", lambda: real() + 700)
    assert refusal(come_back(browser, back)) == (400, "provider_refused")
