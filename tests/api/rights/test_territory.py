"""Territory, time and delegation over HTTP: what lies elsewhere is not there, in the same words and after the same work."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.http import Http, http_at
from tests.support.identity import Browser, House
from tests.support.world import DISTRICTS_END, moment
from workflow.sweeping import sequence

STRANGER = "officer-VT"
REQUEST = {"x-request-id", "date", "server-timing", "content-length"}
PAPER = {"document": {"no": "21/QĐ", "date": "2021-01-11"}, "reason": "Thử"}
IDEA = {"kind": "first", "novelty": "new", "group": "food", "origin": "own_idea", "description": "Mật ong"}


@pytest.fixture
def api(database_url: str) -> Iterator[Http]:
    """The invented province in June 2021 over HTTP."""
    with http_at(database_url, "2021-06-01 09:00") as opened:
        yield opened


class Reads:
    """How often the database was asked, and for what."""

    def __init__(self) -> None:
        self.texts: list[str] = []


@contextmanager
def counted(api: Http, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reads]:
    """Every statement that is read while this is open, by the first words of its text."""
    found, store = Reads(), api.runtime.store
    with monkeypatch.context() as patch:
        for name in ("_rows", "_snapshot", "_rows_before_writing", "_moment_before_writing"):
            original = getattr(store, name, None)
            if original is None:
                continue

            def read(sql: Any, *rest: Any, original: Any = original, name: str = name) -> Any:
                found.texts.append(f"{name} {re.sub(r'[0-9]+', '0', str(sql))[:90]}")
                return original(sql, *rest)

            patch.setattr(store, name, read)
        yield found


HIDDEN = [
    ("GET", "cases/{case}", None), ("GET", "cases/{case}?as_of=2021-06-01T00:00:00Z", None), ("GET", "cases/{case}/actions", None),
    ("GET", "cases/{case}/history", None), ("GET", "cases/{case}/timeline", None), ("GET", "cases/{case}/deadlines", None),
    ("POST", "cases/{case}/actions/withdraw", {"reason": "x"}), ("POST", "cases/{case}/actions/conclude?dry_run=true", {"mean": 70}),
    ("POST", "cases/{case}/deadlines/{case}:4:0/extend", {"days": 3, **PAPER}), ("POST", "confirmations/{case}:2", {"confirm": True}),
    ("POST", "confirmations/{case}:2", {"confirm": False, "reason": "x"}), ("GET", "log/proof/{case}/1", None),
    ("GET", "certificates/{certificate}", None), ("POST", "cases", {"product": "{product}", **IDEA}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), HIDDEN, ids=[f"{m} {p}" for m, p, _ in HIDDEN])
def test_what_lies_elsewhere_and_what_is_nowhere_are_answered_alike_after_the_same_work(
    api: Http, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any
):
    there = {"case": api.world.filed(), "product": "P1-01"}
    api.world.certified("P1-02")
    there["certificate"] = api.runtime.store.certificates("P1-02")[0].code
    sequence(api.runtime.store)
    nowhere = {"case": "VS-2021-9999", "product": "P1-99", "certificate": f"{there['certificate'][:-4]}9999"}
    api.runtime.engine.world(fresh=True)
    answers = []
    for names in (there, nowhere):
        given = {key: value.format(**names) if isinstance(value, str) else value for key, value in body.items()} if body else None
        with counted(api, monkeypatch) as reads:
            if method == "GET":
                answer = api.get(path.format(**names), STRANGER)
            else:
                answer = api.post(path.format(**names), STRANGER, given, version=3, key=f"key-{names['case']}")
        said = answer.text
        for name in sorted(names.values(), key=len, reverse=True):
            said = said.replace(name, "*")
        headers = {k: v for k, v in answer.headers.items() if k not in REQUEST}
        answers.append((answer.status_code, re.sub(r'"request":"[0-9a-f]+"', '"request":"*"', said), headers, reads.texts))
    assert answers[0][0] == 404
    assert answers[0][:3] == answers[1][:3]
    assert answers[0][3] == answers[1][3], "another number of reads tells whether it is there"


def test_lists_worklists_and_searches_hold_nothing_of_another_territory(api: Http):
    case = api.world.filed()
    for path in (
        *(
            "cases",
            f"cases?q={case}",
            "cases?q=mat+ong",
            "cases?unit=X1",
            "cases?product=P1-01",
            "cases?producer=P1",
            "cases?round=VS-2021-1",
        ),
        *("worklists/overdue", "confirmations", "products?q=mat", "producers?q=suoi", "products?producer=P1", "certificates?product=P1-01"),
    ):
        for stranger in (STRANGER, "producer-P3", "chair-VT"):
            answer = api.get(path, stranger)
            assert answer.status_code == 200, (path, answer.text)
            assert not {case, "P1-01", "Suối Mơ"} & set(re.findall(rf"{case}|P1-01|Suối Mơ", answer.text)), (path, stranger)
    counts = api.get("worklists/counts", STRANGER).json()["counts"]
    assert set(counts.values()) == {0}


def test_many_cases_at_once_say_of_those_elsewhere_what_they_say_of_those_nowhere(api: Http):
    case = api.world.filed()
    body = {"event": "withdraw", "reason": "x", "cases": [{"case": case}, {"case": "VS-2021-9999"}]}
    first, second = api.post("bulk-operations?dry_run=true", STRANGER, body).json()["items"]
    assert first["outcome"] == second["outcome"]
    assert str(first["told"]).replace(case, "*") == str(second["told"]).replace("VS-2021-9999", "*")


# Functions in time.


@pytest.mark.parametrize(
    ("at", "sees"),
    [("2021-06-09 23:59:59.999", False), ("2021-06-10 00:00", True), ("2021-06-19 23:59:59.999", True), ("2021-06-20 00:00", False)],
)
def test_a_function_counts_from_the_local_midnight_of_its_first_day_to_that_after_its_last(api: Http, at: str, sees: bool):
    case = api.world.registered()
    api.world.appoint("temp", "authority", "district", "H1", since="2021-06-10", until="2021-06-20")
    api.world.move(at)
    assert (api.get(f"cases/{case}", "temp").status_code == 200) is sees
    assert (api.act(case, "select", "temp").status_code == 200) is sees


def test_the_abolished_commune_and_district_see_nothing_more_and_the_heir_sees_all(database_url: str):
    with http_at(database_url, "2025-06-30 23:59", two_rounds=False) as api:
        case = api.world.registered()
        assert {who: api.get(f"cases/{case}", who).status_code for who in ("officer-X1", "officer-H1", "officer-N1", "officer-N2")} == {
            "officer-X1": 200, "officer-H1": 200, "officer-N1": 404, "officer-N2": 404,
        }  # fmt: skip
        api.world.move(f"{DISTRICTS_END} 00:00")
        assert {who: api.get(f"cases/{case}", who).status_code for who in ("officer-X1", "officer-H1", "officer-N1", "officer-N2")} == {
            "officer-X1": 404, "officer-H1": 404, "officer-N1": 200, "officer-N2": 404,
        }  # fmt: skip
        assert api.get(f"cases/{case}", "officer-N1").json()["unit"] == {"code": "X1", "name": "Xã Suối Mơ Mới"}
        assert [each["code"] for each in api.get("cases", "officer-N1").json()["items"]] == [case]
        assert api.get("cases", "officer-X1").json()["items"] == []
        # Old acts stay readable under the old name.
        assert "Xã Suối Mơ" in api.get(f"cases/{case}/history", "officer-N1").text


# Delegation.


@pytest.fixture
def deputed(house: House) -> House:
    """A deputy who holds a function of the district without power over cases."""
    house.world.appoint("deputy", "auditor", "district", "H1")
    return house


def give(giver: Browser, **other: Any) -> Any:
    body = {
        "seat": "authority@district", "unit": "H1", "taker": "deputy", "first": "2021-06-01", "last": "2021-06-10", "document_no": "5/QĐ-UBND",
        "reason": "Đi học", **other,
    }  # fmt: skip
    return giver.post("delegations", body, Idempotency_Key=f"give-{sorted(other.items())}"[:150])


def act(browser: Browser, house: House, case: str, event: str, **body: Any) -> Any:
    version = house.world.case(case).version
    return browser.post(f"cases/{case}/actions/{event}", body, Idempotency_Key=f"{event}-{case}-{version}", If_Match=f'"{version}"')


def reasons(answer: Any) -> list[str]:
    return [reason["code"] for reason in answer.json().get("reasons", [])]


SELECT = {"document_no": "3/TB", "document_date": "2021-06-01"}


def test_a_delegation_serves_to_the_midnight_after_its_last_day(deputed: House):
    cases = [deputed.world.registered(f"P1-0{n}") for n in (1, 2)]
    assert give(deputed.enter("authority-H1")).status_code == 201
    deputed.world.move("2021-06-10 23:59")
    deputy = deputed.enter("deputy", deputed.browser("10.3.0.1"))
    deputed.clock.move(moment("2021-06-10 23:59:59.999"))
    assert act(deputy, deputed, cases[0], "select", **SELECT).status_code == 200
    deputed.clock.move(moment("2021-06-11 00:00"))
    assert reasons(act(deputy, deputed, cases[1], "select", **SELECT)) == ["function_required"]


def test_a_revoked_delegation_serves_no_more(deputed: House):
    case, giver = deputed.world.registered(), deputed.enter("authority-H1")
    code = give(giver).json()["code"]
    deputy = deputed.enter("deputy", deputed.browser("10.3.0.1"))
    assert giver.post(f"delegations/{code}/revoke", {"reason": "Đã về"}).status_code == 200
    answer = act(deputy, deputed, case, "select", **SELECT)
    assert (answer.status_code, reasons(answer)) == (403, ["function_required"])


def test_what_was_delegated_is_not_delegated_on(deputed: House):
    case = deputed.world.registered()
    deputed.world.appoint("third", "auditor", "district", "H1")
    assert give(deputed.enter("authority-H1")).status_code == 201
    deputy = deputed.enter("deputy", deputed.browser("10.3.0.1"))
    answer = give(deputy, taker="third")
    assert (answer.status_code, reasons(answer)) == (403, ["function_required"])
    third = deputed.enter("third", deputed.browser("10.3.0.2"))
    assert act(third, deputed, case, "select", **SELECT).status_code == 403


def test_a_deputy_who_prepared_the_case_and_a_giver_who_did_both_stay_out_of_the_decision(deputed: House):
    world = deputed.world
    world.appoint("deputy", "officer", "district", "H1")
    world.appoint("authority-H1", "officer", "district", "H1")
    own, of_giver, free = (world.registered(f"P1-0{n}", by=who) for n, who in ((1, "deputy"), (2, "authority-H1"), (3, "producer-P1")))
    assert give(deputed.enter("authority-H1")).status_code == 201
    deputy = deputed.enter("deputy", deputed.browser("10.3.0.1"))
    assert reasons(act(deputy, deputed, own, "select", **SELECT)) == ["separation"]
    assert reasons(act(deputy, deputed, of_giver, "select", **SELECT)) == ["principal_separation"]
    assert act(deputy, deputed, free, "select", **SELECT).status_code == 200
