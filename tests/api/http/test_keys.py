"""A key is its person's own, for one request: with another address or another body it is refused, whatever kind of write came first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.http import IDEA, Http
from tests.support.world import TWO_ROUNDS, plan_file
from workflow.ports import CaseQuery

NOTICE = {"document_no": "3/TB", "document_date": "2021-01-11"}
BY = "officer-VS"
EVERY = CaseQuery()


def _act(number: int) -> Callable[[Http], Any]:
    def send(api: Http) -> Any:
        code = next((c.code for c in api.world.store.cases(EVERY) if c.product == f"P1-0{number}"), None) or api.world.registered(
            f"P1-0{number}"
        )
        return api.post(f"cases/{code}/actions/withdraw", BY, {"reason": "Thôi"}, version=api.version(code), key="k")

    return send


def _registered(api: Http) -> Any:
    return api.post("cases", BY, {"product": "P1-07", **IDEA}, key="k")


def _many(api: Http) -> Any:
    return api.post("bulk-operations", BY, {"event": "withdraw", "reason": "Thôi", "cases": [{"case": "VS-2021-9999"}]}, key="k")


def _plan(api: Http) -> Any:
    return api.post("plans", BY, {"text": plan_file("KH-2023", 2023, TWO_ROUNDS[:1]), "unit": "VS"}, key="k")


def _round(api: Http) -> Any:
    return api.post("rounds/VS-2021-1/freeze", BY, {}, version=api.get("rounds/VS-2021-1").json()["version"], key="k")


def _calendar(api: Http) -> Any:
    change = {"days": [{"date": "2021-06-21", "working": False}], "document_no": "3/TB", "reason": "Mất điện"}
    return api.post("calendars/VS/changes", BY, change, version=0, key="k")


def _choice(api: Http) -> Any:
    return api.post(f"people/{BY}/choices", BY, {"values": {"language": "en"}}, key="k")


def _hook(api: Http) -> Any:
    return api.post("webhooks", BY, {"url": "https://nhan.example.vn/ocop", "unit": "VS"}, key="k")


def _feed(api: Http) -> Any:
    return api.post("feeds", BY, {"scope": "person", "code": BY}, key="k")


WRITES: dict[str, Callable[[Http], Any]] = {
    "an act": _act(1), "an act on another case": _act(2), "a registration": _registered, "many cases": _many, "a plan": _plan,
    "a round": _round, "a calendar": _calendar, "a choice": _choice, "a webhook": _hook, "a feed": _feed,
}  # fmt: skip


@pytest.mark.parametrize("first", WRITES)
def test_a_key_that_was_used_is_refused_for_every_other_write_and_stays_good_for_its_own(api: Http, first: str):
    api.world.appoint(BY, "officer", "commune", "X1")
    done = WRITES[first](api)
    assert done.status_code < 300, done.text
    for other, send in WRITES.items():
        if other != first:
            answer = send(api)
            assert (answer.status_code, answer.json()["code"]) == (422, "command_reused"), (first, other, answer.text)
            assert " k " in answer.json()["detail"], "the key as its sender knows it"
            assert "idempotency-replayed" not in answer.headers
    again = WRITES[first](api)
    told, before = again.json(), done.json()
    # What is shown once is shown no more; all else is the answer of then.
    assert (again.status_code, told) == (done.status_code, {name: before[name] if told[name] is not None else None for name in before})
    assert again.headers["idempotency-replayed"] == "true"


def test_one_key_on_many_cases_at_once_is_one_act(api: Http):
    codes = [api.world.registered(f"P1-{n:02d}") for n in range(1, 9)]

    def send(code: str) -> Any:
        return api.post(f"cases/{code}/actions/select", "authority-H1", NOTICE, version=1, key="the-same")

    with ThreadPoolExecutor(len(codes)) as pool:
        answers = list(pool.map(send, codes))
    assert sorted(a.status_code for a in answers) == [200] + [422] * (len(codes) - 1), [a.text for a in answers]
    assert {a.json()["code"] for a in answers if a.status_code == 422} == {"command_reused"}
    assert [str(api.world.state(code)) for code in codes].count("selected") == 1


def test_a_key_of_another_kind_of_request_is_found_out_in_company_too(api: Http):
    """Acts that come at once share a transaction; a key that a request of another kind has used is no key there either."""
    assert (
        api.post("bulk-operations", "authority-H1", {"event": "withdraw", "cases": [{"case": "x"}], "reason": "y"}, key="b").status_code
        == 202
    )
    codes = [api.world.registered(f"P1-{n:02d}") for n in range(1, 9)]

    def send(code: str) -> Any:
        key = "b" if code == codes[3] else f"own-{code}"
        return api.post(f"cases/{code}/actions/select", "authority-H1", NOTICE, version=1, key=key)

    with ThreadPoolExecutor(len(codes)) as pool:
        answers = dict(zip(codes, pool.map(send, codes), strict=True))
    assert {code: a.status_code for code, a in answers.items()} == {code: 422 if code == codes[3] else 200 for code in codes}


def test_whoever_uses_a_key_of_somebody_else_uses_another_key(api: Http):
    one, other = api.world.registered("P1-01"), api.world.registered("P1-02")
    for code, by in ((one, "authority-H1"), (other, "officer-H1")):
        event, body = ("select", NOTICE) if by == "authority-H1" else ("withdraw", {"reason": "Thôi"})
        assert api.post(f"cases/{code}/actions/{event}", by, body, version=1, key="k").status_code == 200


def test_a_refused_request_leaves_its_key_free_for_any_other(api: Http):
    one, other = api.world.registered("P1-01"), api.world.registered("P1-02")
    assert api.post(f"cases/{one}/actions/certify", "authority-VS", {}, version=1, key="k").status_code in {409, 422}
    assert api.post(f"cases/{other}/actions/select", "authority-H1", NOTICE, version=1, key="k").status_code == 200
