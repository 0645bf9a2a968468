"""The time bar over HTTP: moved by whoever plays a role, refused in words, and not there at all in a real installation."""

import re
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from api.bootstrap import Runtime
from tests.api.http.test_serving import serving
from tests.support.databases import Database
from tests.support.http import http_at

Browser = TestClient | httpx2.Client


def role(browser: Browser, person: str) -> dict[str, str]:
    """Press somebody's button; the headers that every write needs from then on."""
    before = browser.get("/api/v1/session")
    known = {"X-CSRF-Token": before.json()["csrf"]} if before.status_code == 200 else {}
    answered = browser.post("/api/v1/session/role", json={"person": person}, headers=known)
    assert answered.status_code == 200, answered.text
    return {"X-CSRF-Token": answered.json()["csrf"]}


def move(browser: Browser, headers: dict[str, str], key: str = "k1", **body: Any) -> Any:
    return browser.post("/api/v1/rehearsal/clock", json=body, headers={**headers, "Idempotency-Key": key})


def test_the_clock_is_shown_and_moved_and_says_what_happened(browser: TestClient):
    headers = role(browser, "cb-vs")
    shown = browser.get("/api/v1/rehearsal").json()
    assert shown == {"now": "2021-07-09T23:58:00+07:00", "next_deadline": "2021-07-10T00:00:00+07:00", "season": "van-son"}
    moved = move(browser, headers, by="PT3M")
    assert moved.status_code == 200, moved.text
    body = moved.json()
    assert (body["since"], body["now"]) == ("2021-07-09T23:58:00+07:00", "2021-07-10T00:01:00+07:00")
    first = next(d for d in body["deferred"] if d["case"] == "VS-2021-0005")
    assert (first["phrase"], first["round"], first["stage_name"]["vi"]) == ("trước ngày 10/7/2021", "VS-2021-1", "đánh giá cấp huyện")
    assert any("VS-2021-0005" in t["subjects"] and t["recipient"] == "sx-27" for t in body["told"])
    again = move(browser, headers, by="PT3M")
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", body)
    assert browser.get("/api/v1/rehearsal").json()["now"] == "2021-07-10T00:01:00+07:00", "a request sent twice moves once"


@pytest.mark.parametrize(
    ("body", "status", "code", "reason"),
    [
        ({}, 422, "request_invalid", "to_or_by"),
        ({"by": "PT2M", "to": "2021-07-10T00:01"}, 422, "request_invalid", "to_or_by"),
        ({"by": "two minutes"}, 422, "request_invalid", "not_a_span"),
        ({"by": "P"}, 422, "request_invalid", "not_a_span"),
        ({"by": "PT"}, 422, "request_invalid", "not_a_span"),
        ({"by": "P1DT"}, 422, "request_invalid", "not_a_span"),
        ({"by": "-PT2M"}, 422, "request_invalid", "not_a_span"),
        ({"by": "P٣D"}, 422, "request_invalid", "not_a_span"),
        ({"by": 120}, 422, "request_invalid", "not_text"),
        ({"to": "tomorrow"}, 422, "request_invalid", "not_an_instant"),
        ({"to": "0001-01-01T00:00:00+14:00"}, 422, "request_invalid", "not_an_instant"),
        ({"to": "2021-07-09T23:57"}, 422, "clock_back", None),
        ({"by": "P9999D"}, 422, "clock_too_far", None),
        ({"to": "9999-12-31T23:59"}, 422, "clock_too_far", None),
        ({"by": "PT2M", "colleagues": "yes"}, 422, "request_invalid", "not_a_flag"),
        ({"by": "PT2M", "speed": 3}, 422, "request_invalid", "unknown_field"),
    ],
)
def test_what_makes_no_sense_is_refused_and_moves_nothing(browser: TestClient, body: Any, status: int, code: str, reason: str | None):
    headers = role(browser, "cb-vs")
    answered = move(browser, headers, **body)
    assert (answered.status_code, answered.json()["code"]) == (status, code)
    if reason:
        assert [each["code"] for each in answered.json()["reasons"]] == [reason]
    assert not re.search(r"[{}]", answered.json()["detail"])
    assert browser.get("/api/v1/rehearsal").json()["now"] == "2021-07-09T23:58:00+07:00"


def test_a_move_needs_a_role_its_token_and_a_key(browser: TestClient):
    assert move(browser, {}, by="PT2M").status_code == 401
    headers = role(browser, "cb-vs")
    assert move(browser, {}, by="PT2M").json()["code"] == "asked_from_elsewhere"
    assert browser.post("/api/v1/rehearsal/clock", json={"by": "PT2M"}, headers=headers).json()["code"] == "key_missing"


def test_while_the_clock_is_moving_nobody_else_moves_it(browser: TestClient, run: Runtime):
    headers = role(browser, "cb-vs")
    with run.store.exclusive("time-bar"):
        refused = move(browser, headers, by="PT2M")
    assert (refused.status_code, refused.json()["code"]) == (409, "clock_moving")
    assert move(browser, headers, "k2", by="PT2M").status_code == 200


def test_a_real_installation_has_no_such_address(database_url: str):
    with http_at(database_url) as real:
        for answered in (real.get("rehearsal"), real.post("rehearsal/clock", "officer-VS", {"by": "PT2M"})):
            assert (answered.status_code, answered.json()["code"]) == (404, "no_such_route")


def test_the_worker_of_a_serving_process_goes_by_the_clock_that_was_moved(eve: Database):
    with serving(eve, "--port", "0") as served, httpx2.Client(base_url=served.address, timeout=60) as browser:
        headers = role(browser, "tk-h6")
        moved = move(browser, headers, to="2021-07-12T08:00")
        assert moved.status_code == 200, moved.text
        assert browser.get("/api/v1/rehearsal").json()["now"] == "2021-07-12T08:00:00+07:00"
        ready = browser.get("/readyz").json()
        assert ready["checks"]["database"] == "ok"
        case = browser.get("/api/v1/cases/VS-2021-0005").json()
        assert case["state"] == "deferred"
        late = browser.post(
            "/api/v1/cases/VS-2021-0005/actions/conclude", json={"mean": 66},
            headers={**headers, "Idempotency-Key": "late", "If-Match": f'"{case["version"]}"'},
        )  # fmt: skip
        assert late.status_code in {409, 422}
        assert "ocop_deadlines_due 0.0" in browser.get("/metrics").text
        assert served.stop() == 0
        assert served.process.stderr is not None
        assert "clock_jumped" not in served.process.stderr.read(), "moved on purpose, which is no jump"
