"""The short ways answer what the routes' own ways answer, keep every promise, and feel at once what was taken away."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from api.app import create_app
from states.errors import StoreUnsafe
from tests.api.http.test_in_doubt import BODY, Lost
from tests.support.http import SCOPES, WHO, Http, Introduced
from workflow.audit import drifts
from workflow.ledger.entry import parse
from workflow.perform import Engine

SAID = ("content-type", "etag", "cache-control", "content-language", "vary", "www-authenticate", "allow")


def both(api: Http, method: str, path: str, by: str | None = "officer-VS", **given: Any) -> Any:
    """The answer of both ways to the same request, which has to be the same."""
    found = []
    for quick in (False, True):
        app = create_app(api.runtime, identify=[Middleware(Introduced)], quick=quick)
        headers = [*([(WHO.decode(), by)] if by else []), *given.get("headers", [])]
        answer = TestClient(app, raise_server_exceptions=False).request(method, path, content=given.get("content"), headers=headers)
        body = answer.json() if answer.content else None
        if isinstance(body, dict):
            body.pop("request", None)
        found.append((answer.status_code, {name: answer.headers.get(name) for name in SAID}, body))
    assert found[0] == found[1]
    return found[0]


def typed(**more: str) -> list[tuple[str, str]]:
    given = {"Content-Type": "application/json", "If-Match": '"1"', "Idempotency-Key": "k", **more}
    return [(name.replace("_", "-"), value) for name, value in given.items() if value]


def test_a_case_looks_the_same_on_both_ways(api: Http):
    code = api.world.filed("P1-01")
    status, headers, body = both(api, "GET", f"/api/v1/cases/{code}")
    assert (status, body["code"], len(body["deadlines"]) > 0) == (200, code, True)
    assert both(api, "GET", f"/api/v1/cases/{code}", headers=[("If-None-Match", headers["etag"])])[0] == 304


@pytest.mark.parametrize(
    ("by", "path"),
    [
        (None, "/api/v1/cases/{}"),
        ("officer-VT", "/api/v1/cases/{}"),
        ("nobody", "/api/v1/cases/{}"),
        ("officer-VS", "/api/v1/cases/none"),
        ("officer-VS", "/api/v1/cases/{}?other=1"),
        ("officer-VS", "/api/v1/cases/{}?as_of=2021-01-11"),
        ("officer-VS", "/api/v1/cases/" + "x" * 201),
        ("officer-VS", "/api/v1/cases/%00"),
        ("officer-VS", "/api/v1/cases/"),
        ("officer-VS", "/api/v1/cases/{}/"),
        ("officer-VS", "/api/v1/cases/{}/actions/select"),
        ("officer-VS", "/api/v1/cases/{}%2Factions"),
    ],
)
def test_what_cannot_be_shown_is_refused_alike(api: Http, by: str | None, path: str):
    code = api.world.registered("P1-01")
    both(api, "GET", path.format(code), by)


@pytest.mark.parametrize(
    ("by", "event", "content", "headers"),
    [
        (None, "select", b"{}", typed()),
        ("officer-VT", "select", b"{}", typed()),
        ("producer-P1", "select", b"{}", typed()),
        ("authority-H1", "submit_plan", b"{}", typed()),
        ("authority-H1", "no_event", b"{}", typed()),
        ("authority-H1", "register", b"{}", typed()),
        ("authority-H1", "select", b"{}", typed()),
        ("authority-H1", "select", b"", typed()),
        ("authority-H1", "select", b"[]", typed()),
        ("authority-H1", "select", b"null", typed()),
        ("authority-H1", "select", b'{"reason":1}', typed()),
        ("authority-H1", "select", b'{"a":1,"a":2}', typed()),
        ("authority-H1", "select", b'{"a":NaN}', typed()),
        ("authority-H1", "select", b"\xff", typed()),
        ("authority-H1", "select", b"{}", typed(If_Match="")),
        ("authority-H1", "select", b"{}", typed(If_Match='"7"')),
        ("authority-H1", "select", b"{}", typed(If_Match="seven")),
        ("authority-H1", "select", b"{}", typed(Idempotency_Key="")),
        ("authority-H1", "select", b"{}", typed(Content_Type="text/plain")),
        ("authority-H1", "select", b"{}", [*typed(), ("If-Match", '"1"')]),
        ("authority-H1", "select", b"{}", [*typed(), (SCOPES.decode(), "read")]),
        ("authority-H1", "select", b'{"acted_on":"never"}', typed()),
        ("authority-H1", "select", b'{"on_behalf_of":"x"}', typed()),
        ("authority-H1", "select", b"{}", [*typed(), ("Accept-Language", "en")]),
    ],
)
def test_an_act_is_refused_alike(api: Http, by: str | None, event: str, content: bytes, headers: list[tuple[str, str]]):
    code = api.world.registered("P1-01")
    assert both(api, "POST", f"/api/v1/cases/{code}/actions/{event}", by, content=content, headers=headers)[0] >= 400


@pytest.mark.parametrize(
    ("by", "question"),
    [
        ("officer-VS", ""), ("officer-VS", "?limit=2"), ("officer-VS", "?sort=code&limit=3"), ("producer-P1", ""), ("officer-VT", "?limit=1"),
        (None, "?limit=2"), ("nobody", ""), ("officer-VS", "?limit=0"), ("officer-VS", "?limit=201"), ("officer-VS", "?limit=02"),
        ("officer-VS", "?limit=2&limit=2"), ("officer-VS", "?limit=2&limit=3"), ("officer-VS", "?limit="), ("officer-VS", "?&limit=2"),
        ("officer-VS", "?limit=2&"), ("officer-VS", "?sort=name"), ("officer-VS", "?cursor="), ("officer-VS", "?cursor=abc"),
        ("officer-VS", "?cursor=" + "a" * 601), ("officer-VS", "?cursor=WyJhIl0"), ("officer-VS", "?cursor=a%00"), ("officer-VS", "?%6cimit=2"),
        ("officer-VS", "?q=vs"), ("officer-VS", "?other=1"), ("officer-VS", "?limit"), ("officer-VS", "?Limit=2"), ("officer-VS", "?sort=code;limit=2"),
    ],
)  # fmt: skip
def test_a_list_is_the_same_on_both_ways(api: Http, by: str | None, question: str):
    for n in range(1, 6):
        api.world.registered(f"P{1 + n % 2}-{n:02d}")
    seen, path = set[str](), f"/api/v1/cases{question}"
    while True:
        status, _, body = both(api, "GET", path, by)
        if status != 200:
            return
        codes = {item["code"] for item in body["items"]}
        assert not seen & codes
        seen |= codes
        if body["next"] is None:
            break
        path = f"/api/v1/cases{question}{'&' if '?' in question else '?'}cursor={body['next']}"
    assert by != "officer-VS" or len(seen) == 5


def test_a_list_goes_the_short_way_and_its_tokens_scope_is_asked_for(api: Http, monkeypatch: pytest.MonkeyPatch):
    api.world.registered("P1-01")
    both(api, "GET", "/api/v1/cases?limit=2", headers=[(SCOPES.decode(), "none")])
    monkeypatch.setattr("api.routes.cases.page_answer", lambda *_: 1 / 0)
    assert len(api.get("cases?limit=2").json()["items"]) == 1
    app = create_app(api.runtime, identify=[Middleware(Introduced)])
    longer = TestClient(app, raise_server_exceptions=False).get("/api/v1/cases?q=p", headers={WHO.decode(): "officer-VS"})
    assert longer.status_code == 500, "what is sought goes the route's own way"


def test_a_fault_over_one_page_is_not_told_to_others(api: Http, monkeypatch: pytest.MonkeyPatch):
    api.world.registered("P1-01")
    lines = api.runtime.store.case_lines

    def breaking(query: Any, **given: Any) -> Any:
        if given["limit"] == 3:
            raise ValueError(query)
        return lines(query, **given)

    monkeypatch.setattr(api.runtime.store, "case_lines", breaking)
    app = create_app(api.runtime, identify=[Middleware(Introduced)])

    async def all_at_once() -> list[int]:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            asked = (client.get(f"/api/v1/cases?limit={n}", headers={WHO.decode(): "officer-VS"}) for n in (1, 2, 3, 4, 5))
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert asyncio.run(all_at_once()) == [200, 200, 500, 200, 200]


async def at_once(api: Http, requests: list[tuple[str, str, dict[str, Any], dict[str, str]]]) -> list[httpx2.Response]:
    """Acts of the same moment."""
    app = create_app(api.runtime, identify=[Middleware(Introduced)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as client:
        asked = (
            client.post(f"/api/v1/cases/{code}/actions/select", json=body, headers={WHO.decode(): by, **headers})
            for code, by, body, headers in requests
        )
        return list(await asyncio.gather(*asked))


def test_acts_of_the_same_moment_are_one_transaction_and_each_is_answered_for_itself(api: Http, monkeypatch: pytest.MonkeyPatch):
    lots: list[int] = []
    together = Engine.perform_together

    def counted(self: Engine, commands: Any, *given: Any) -> Any:
        lots.append(len(commands))
        return together(self, commands, *given)

    monkeypatch.setattr(Engine, "perform_together", counted)
    codes = [api.world.registered(f"P1-{n:02d}") for n in range(1, 9)]
    asked = [
        (code, "authority-H1", BODY, {"If-Match": '"1"', "Idempotency-Key": code, "X-Request-Id": f"request-{code}"}) for code in codes
    ]
    stale = (codes[0], "authority-H1", BODY, {"If-Match": '"1"', "Idempotency-Key": "late"})
    stranger = (codes[1], "officer-VT", BODY, {"If-Match": '"1"', "Idempotency-Key": "strange"})
    answers = asyncio.run(at_once(api, [*asked, stale, stranger]))
    assert max(lots) > 1
    assert [answer.status_code for answer in answers[2:8]] == [200] * 6
    assert sorted(answer.status_code for answer in (answers[0], answers[8])) == [200, 412]
    assert (answers[1].status_code, answers[9].status_code) == (200, 404)
    for code, answer in zip(codes, answers, strict=False):
        if answer.status_code == 200:
            seq = answer.json()["receipt"]["seq"]
            stored = api.world.store.entry(code, seq)
            assert stored is not None
            assert f'"request":"request-{code}"' in stored.body or code == codes[0], "each act bears its own request's id"
    assert not list(drifts(api.world.store))


def test_the_same_request_twice_at_once_is_done_once(api: Http):
    code = api.world.registered("P1-01")
    twice = [(code, "authority-H1", BODY, {"If-Match": '"1"', "Idempotency-Key": "k"})] * 2
    first, second = asyncio.run(at_once(api, twice))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert sorted([first.headers.get("idempotency-replayed"), second.headers.get("idempotency-replayed")], key=str) == [None, "true"]
    assert api.world.events(code) == ["register", "select"]


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_lot_whose_commit_is_lost_is_found_out_for_each(api: Http, monkeypatch: pytest.MonkeyPatch, carried_out: bool):
    codes = [api.world.registered(f"P1-{n:02d}") for n in range(1, 5)]
    store = api.runtime.store
    lost = Lost(store.write_each, carried_out=carried_out, times=1)
    monkeypatch.setattr(store, "write_each", lost)
    answers = asyncio.run(at_once(api, [(code, "authority-H1", BODY, {"If-Match": '"1"', "Idempotency-Key": code}) for code in codes]))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert {answer.headers.get("idempotency-replayed") for answer in answers} == {None}
    assert lost.times == 0
    assert [api.world.events(code) for code in codes] == [["register", "select"]] * 4


def test_a_lot_that_cannot_be_written_at_all_is_not_answered_as_done(api: Http, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any, **__: Any) -> Any:
        raise StoreUnsafe("database_full")

    codes = [api.world.registered(f"P1-{n:02d}") for n in range(1, 4)]
    monkeypatch.setattr(api.runtime.store, "write_each", full)
    monkeypatch.setattr(api.runtime.store, "write", full)
    answers = asyncio.run(at_once(api, [(c, "authority-H1", BODY, {"If-Match": '"1"', "Idempotency-Key": c}) for c in codes]))
    assert [answer.status_code for answer in answers] == [503] * 3


def test_a_function_that_ended_is_felt_by_the_next_look_and_the_next_act(api: Http):
    codes = [api.world.registered(f"P1-{n:02d}") for n in range(1, 4)]
    assert api.get(f"cases/{codes[0]}", "authority-H1").status_code == 200
    rows = [row for row in api.world.store.registry().appointments if row.person == "authority-H1"]
    api.world.store.save_registry(appointments=[replace(row, valid_to="2021-01-05") for row in rows])
    assert api.get(f"cases/{codes[0]}", "authority-H1").status_code == 404
    answers = asyncio.run(at_once(api, [(c, "authority-H1", BODY, {"If-Match": '"1"', "Idempotency-Key": c}) for c in codes]))
    assert [answer.status_code for answer in answers] == [404] * 3
    assert [api.world.events(code) for code in codes] == [["register"]] * 3


def test_a_dry_run_feels_what_was_taken_away_too(api: Http):
    code = api.world.registered("P1-01")
    asked = {"If-Match": '"1"', "Idempotency-Key": "k"}
    assert api.post(f"cases/{code}/actions/select?dry_run=true", "authority-H1", BODY, headers=asked).status_code == 200
    rows = [row for row in api.world.store.registry().appointments if row.person == "authority-H1"]
    api.world.store.save_registry(appointments=[replace(row, valid_to="2021-01-05") for row in rows])
    assert api.post(f"cases/{code}/actions/select?dry_run=true", "authority-H1", BODY, headers=asked).status_code == 404


def test_whoever_waited_for_others_came_in_when_they_came_in(api: Http):
    code, came = api.world.registered("P1-01"), api.world.clock.now()
    app = create_app(api.runtime, identify=[Middleware(Introduced)])

    async def waited(_: object) -> None:
        api.world.clock.move(came + timedelta(seconds=3))

    app.state.quick.acts.do = waited
    headers = {WHO.decode(): "authority-H1", "If-Match": '"1"', "Idempotency-Key": "k"}
    assert TestClient(app).post(f"/api/v1/cases/{code}/actions/select", json=BODY, headers=headers).status_code == 200
    stored = api.world.store.entry(code, 2)
    assert stored is not None
    assert parse(stored.body).received_at == came


@pytest.mark.parametrize("local", [True, False])
def test_a_fault_over_one_is_not_told_to_the_others_of_its_lot(api: Http, monkeypatch: pytest.MonkeyPatch, *, local: bool):
    good, bad = api.world.registered("P1-01"), api.world.registered("P1-02")
    shown = api.runtime.store.shown_cases

    def breaking(codes: Sequence[str]) -> Any:
        if bad in codes:
            raise ValueError(bad)
        return shown(codes)

    monkeypatch.setattr(api.runtime.store, "shown_cases", breaking)
    monkeypatch.setattr(Engine, "perform_together", lambda *_: 1 / 0)
    app = create_app(api.runtime, identify=[Middleware(Introduced)])
    app.state.quick._local = local

    async def all_at_once() -> list[int]:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            looks = [client.get(f"/api/v1/cases/{code}", headers={WHO.decode(): "officer-VS"}) for code in (good, bad, "%00x", good)]
            acts = [
                client.post(
                    f"/api/v1/cases/{code}/actions/select",
                    json=BODY,
                    headers={WHO.decode(): "authority-H1", "If-Match": '"1"', "Idempotency-Key": code},
                )
                for code in (good, bad)
            ]
            return [answer.status_code for answer in await asyncio.gather(*looks, *acts)]

    statuses = asyncio.run(all_at_once())
    assert (statuses[0], statuses[2], statuses[3]) == (200, 422, 200)
    assert statuses[4:] == [200, 200]
