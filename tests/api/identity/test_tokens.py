"""Tokens for programs, and delegations and the record of reads over HTTP."""

from typing import Any

import pytest

from api.identity.access_log import Access
from api.identity.guard import personal
from states.errors import StoreUnsafe
from states.words import words
from tests.support.identity import CLI, Browser, House
from workflow.accounts import AccessRow, TokenRow


def outcome(answered: Any) -> tuple[int, str | None]:
    return answered.status_code, answered.json()["code"] if answered.status_code >= 400 else None


def program(house: House, browser: Browser, *scopes: str, days: int = 30) -> Browser:
    """A program with a token of this browser's person."""
    made = browser.post("tokens", {"name": "Đồng bộ báo cáo", "scopes": list(scopes) or ["read"], "days": days})
    assert made.status_code == 201, made.text
    client = house.browser("10.4.0.1")
    client.client.headers["Authorization"] = f"Bearer {made.json()['token']}"
    client.origin = None
    return client


def test_a_token_does_what_its_scopes_say_and_is_shown_once(house: House):
    browser = house.enter("officer-X1")
    reader = program(house, browser)
    assert reader.get("cases").status_code == 200
    assert reader.get("session").json()["scopes"] == ["read"]
    assert outcome(reader.post("delegations", {}, Idempotency_Key="k"))[0] in {403, 422}
    assert outcome(reader.post("tokens", {"name": "x"})) == (403, "scope_missing")
    assert outcome(reader.get("users")) == (403, "scope_missing")
    listed = browser.get("tokens").json()["items"]
    assert "token" not in listed[0]
    assert len(listed) == 1
    kept = house.runtime.store.identity.find(TokenRow)[0]
    assert reader.client.headers["Authorization"].removeprefix("Bearer ") not in repr(kept)


def test_a_token_for_everything_still_manages_only_whom_its_person_may(house: House):
    admin = house.administrator("VS")
    everything = program(house, admin, "read", "write", "admin")
    assert everything.get("users").status_code == 200
    assert outcome(everything.get("users/officer-VT")) == (404, "not_found")


def test_a_token_makes_no_tokens(house: House):
    writer = program(house, house.enter("officer-X1"), "read", "write")
    assert outcome(writer.post("tokens", {"name": "Con của nó"})) == (403, "token_by_token")


def test_a_token_dies_by_revocation_by_its_day_and_with_its_account(house: House):
    house.world.appoint("admin-TW", "administrator", "centre", "TW")
    browser = house.enter("officer-X1")
    revoked, dated, orphaned = (program(house, browser, days=days) for days in (30, 1, 30))
    id_ = str(revoked.client.headers["Authorization"]).split("_")[1]
    assert browser.delete(f"tokens/{id_}").status_code == 204
    assert outcome(revoked.get("cases")) == (401, "token_unknown")
    assert dated.get("cases").status_code == 200
    house.wait(days=1)
    assert outcome(dated.get("cases")) == (401, "token_unknown")
    assert orphaned.get("cases").status_code == 200
    house.identity.accounts.disable(house.registry, "officer-X1", "Nghỉ việc", by=CLI, day=house.identity.today())
    assert outcome(orphaned.get("cases")) == (401, "token_unknown")


def test_a_token_of_somebody_who_comes_to_decide_sleeps_until_there_is_a_second_factor(house: House):
    reader = program(house, house.enter("officer-H1"))
    assert reader.get("cases").status_code == 200
    house.world.appoint("officer-H1", "authority", "district", "H1")
    assert outcome(reader.get("cases")) == (401, "token_unknown")
    house.enter("officer-H1", house.browser("10.0.0.6"))
    assert reader.get("cases").status_code == 200


def test_another_persons_token_is_not_there(house: House):
    mine, theirs = house.enter("officer-X1"), house.enter("officer-X2", house.browser("10.0.0.2"))
    id_ = theirs.post("tokens", {"name": "Của người khác"}).json()["id"]
    assert outcome(mine.delete(f"tokens/{id_}")) == (404, "not_found")
    assert mine.get("tokens").json()["items"] == []


@pytest.mark.parametrize(
    ("person", "days", "status"),
    [("officer-X1", 365, 201), ("officer-X1", 366, 422), ("authority-H1", 90, 201), ("authority-H1", 91, 422), ("officer-X1", 0, 422)],
)
def test_tokens_of_those_who_decide_live_shorter(house: House, person: str, days: int, status: int):
    browser = house.enter(person)
    assert browser.post("tokens", {"name": "Chương trình", "days": days}).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": " "},
        {"name": "a\u0007b"},
        {"name": "x" * 81},
        {"name": "x", "scopes": ["all"]},
        {"name": "x", "scopes": []},
        {"name": "x", "days": "3"},
        {"name": "x", "person": "officer-X2"},
    ],
)
def test_what_makes_no_token_is_refused(house: House, body: dict[str, Any]):
    assert house.enter("officer-X1").post("tokens", body).status_code == 422


def test_nobody_has_more_than_twenty_living_tokens(house: House):
    browser = house.enter("officer-X1")
    codes = [browser.post("tokens", {"name": f"Số {n}"}).status_code for n in range(21)]
    assert codes == [201] * 20 + [422]


# Delegations.

GIVEN = {
    "seat": "officer@province", "unit": "VS", "taker": "auditor-VS", "first": "2021-06-01", "last": "2021-06-30", "document_no": "5/GUQ",
    "reason": "Đi học tập trung",
}  # fmt: skip


def test_a_delegation_is_given_seen_by_both_and_ended(house: House):
    giver, taker = house.enter("officer-VS"), house.enter("auditor-VS", house.browser("10.0.0.2"))
    given = giver.post("delegations", GIVEN, Idempotency_Key="one")
    assert given.status_code == 201, given.text
    assert giver.post("delegations", GIVEN, Idempotency_Key="one").json() == given.json(), "the same key gives once"
    code = given.json()["code"]
    assert [item["code"] for item in taker.get("delegations").json()["items"]] == [code]
    held = taker.get("session").json()["functions"]
    assert [(h["seat"], h["principal"], h["delegation"]) for h in held if h["principal"]] == [("officer@province", "officer-VS", code)]
    assert outcome(house.enter("officer-X1", house.browser("10.0.0.3")).post(f"delegations/{code}/revoke", {"reason": "Không thích"})) == (
        404,
        "not_found",
    )
    assert taker.post(f"delegations/{code}/revoke", {"reason": "Xin thôi"}).json()["state"] == "revoked"
    assert taker.get("delegations").json()["items"][0]["in_force"] is False
    assert not any(h["principal"] for h in taker.get("session").json()["functions"])


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"seat": "authority@province"}, 403, "not_allowed"),
        ({"seat": "king@province"}, 422, "unknown_name"),
        ({"taker": "officer-X1"}, 409, "transition_blocked"),
        ({"taker": "officer-VS"}, 422, "payload_invalid"),
        ({"last": "2021-05-01"}, 422, "payload_invalid"),
        ({"last": "2031-05-01"}, 422, "payload_invalid"),
        ({"first": "hôm nay"}, 422, "request_invalid"),
        ({"events": ["fly"]}, 422, "payload_invalid"),
        ({"reason": ""}, 422, "payload_invalid"),
        ({"giver": "authority-VS"}, 422, "request_invalid"),
    ],
)
def test_what_makes_no_delegation_is_said_over_http(house: House, change: dict[str, Any], status: int, code: str):
    assert outcome(house.enter("officer-VS").post("delegations", {**GIVEN, **change}, Idempotency_Key="one")) == (status, code)


def test_a_delegation_asks_for_a_key(house: House):
    assert outcome(house.enter("officer-VS").post("delegations", GIVEN)) == (400, "key_missing")


# Who read whose case.


def records(house: House) -> list[tuple[str, str, str]]:
    rows = house.runtime.store.identity.find(AccessRow)
    return [(row.person, row.kind, row.subject) for row in reversed(rows) if row.kind in {"case", "history", "cases", "record", "people"}]


def test_who_reads_whose_case_is_written_before_the_answer_leaves(house: House):
    case = house.world.registered()
    officer, stranger = house.enter("officer-H1"), house.enter("officer-H2", house.browser("10.0.0.2"))
    assert officer.get(f"cases/{case}").status_code == 200
    assert officer.get("cases?q=mật ong").status_code == 200
    assert stranger.get(f"cases/{case}").status_code == 404, "what is not shown is not recorded"
    assert officer.get("session").status_code == 200
    assert records(house) == [("officer-H1", "case", case), ("officer-H1", "cases", "–")]
    officer.get(f"cases/{case}")
    assert len(records(house)) == 2, "the same again within five minutes is one"
    house.wait(minutes=5)
    officer.get(f"cases/{case}")
    assert len(records(house)) == 3


@pytest.mark.parametrize(("fault", "status"), [(OSError("disk full"), 500), (StoreUnsafe("database_unavailable", reason="gone"), 503)])
def test_what_cannot_be_recorded_is_not_shown(house: House, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int):
    """Whatever kept it from being written: a fault of the program's, and one that the program knows."""
    case = house.world.registered()
    officer = house.enter("officer-H1")

    def broken(*_: Any, **__: Any) -> bool:
        raise fault

    monkeypatch.setattr("workflow.store.identity.Shelf.add_each", broken)
    for path in (f"cases/{case}", "cases", f"cases/{case}/history"):
        answered = officer.get(path)
        assert answered.status_code == status, path
        assert "P1-01" not in answered.text
        assert case not in answered.json().get("items", [])
    monkeypatch.undo()
    assert [row.subject for row in house.identity.log.read(person="officer-H1") if row.kind == "case"] == []
    assert officer.get(f"cases/{case}").status_code == 200


@pytest.mark.parametrize(
    ("asker", "status"),
    [
        ("auditor-H1", 200),
        ("auditor-VS", 200),
        ("auditor-TW", 200),
        ("auditor-H2", 404),
        ("auditor-VT", 404),
        ("officer-H1", 404),
        ("authority-VS", 404),
        ("producer-P1", 404),
    ],
)
def test_auditors_of_the_territory_read_the_record_and_that_is_recorded_too(house: House, asker: str, status: int):
    case = house.world.registered()
    house.enter("officer-X1").get(f"cases/{case}")
    browser = house.enter(asker, house.browser("10.0.0.2"))
    answered = browser.get(f"access-log?case={case}")
    assert answered.status_code == status
    if status == 200:
        item = answered.json()["items"][0]
        assert (item["person"], item["text"]["vi"]) == ("officer-X1", "xem hồ sơ")
        assert (asker, "record", "–") in records(house)
    else:
        absent = browser.get("access-log?case=VS-2021-9999")
        assert absent.status_code == 404, "existence is nobody's business"


def test_the_record_is_paged_and_asks_for_one_thing(house: House):
    auditor = house.enter("auditor-TW")
    assert outcome(auditor.get("access-log")) == (422, "request_invalid")
    assert outcome(auditor.get("access-log?case=a&person=b")) == (422, "request_invalid")
    for n in range(7):
        house.identity.log.note("case_%d" % n, "x", person="officer-X1", via="cli")  # type: ignore[arg-type]  # noqa: UP031
    first = auditor.get("access-log?person=officer-X1&limit=5").json()
    rest = auditor.get(f"access-log?person=officer-X1&limit=5&before={first['next']}").json()
    assert [item["kind"] for item in (*first["items"], *rest["items"])] == [f"case_{n}" for n in range(6, -1, -1)]
    assert rest["next"] is None
    for bad in ("limit=0", "limit=201", "before=0", "before=x", "before=99999999999999999999"):
        assert auditor.get(f"access-log?person=officer-X1&{bad}").status_code == 422, bad


NOTHING_PERSONAL = {
    "/api/v1/session", "/api/v1/tokens", "/api/v1/delegations", "/api/v1/rounds", "/api/v1/rounds/{code}", "/api/v1/plans",
    "/api/v1/plans/{code}", "/api/v1/calendars", "/api/v1/calendars/{unit}/days", "/api/v1/calendars/{unit}/changes", "/api/v1/certificates",
    "/api/v1/certificates/{code}", "/api/v1/units", "/api/v1/regimes", "/api/v1/charts/{key}/diff", "/api/v1/worklists",
    "/api/v1/worklists/counts", "/api/v1/bulk-operations/{id}", "/api/v1/log/checkpoint", "/api/v1/log/proof/{subject}/{seq}",
    "/api/v1/scheduler", "/api/v1/rehearsal", "/api/v1/inbox", "/api/v1/units/{unit}/choices", "/api/v1/feeds", "/api/v1/webhooks",
    "/api/v1/webhooks/{id}", "/api/v1/rounds/{code}/forecast/back-test", "/api/v1/plans/{code}/activities", "/api/v1/plans/{code}/targets",
    "/api/v1/ack/{token}", "/api/v1/feeds/{token}/deadlines.ics",
}  # fmt: skip
"""Reads that show nobody but who asks (or whose token it is), law and dates, what is published, and figures."""


def test_every_read_is_recorded_or_shows_nothing_personal(house: House):
    paths = house.app.openapi()["paths"]
    reads = [path for path, operations in paths.items() if "get" in operations and path.startswith("/api/v1/")]
    assert len(reads) > 8
    unlisted = [path for path in reads if personal(path) is None and path not in NOTHING_PERSONAL]
    assert unlisted == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_kind_of_record_has_words(language: Any):
    assert set(words(language).table["access"]) == set(Access)
