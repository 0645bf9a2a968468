"""Bad input as a table: whatever is sent, the answer is a problem document of the fourth hundred, the same on both databases, and nothing moves."""

import gzip
import json
from typing import Any

import pytest

from api.strict import DEEPEST
from tests.support.http import IDEA, Http

BODY = {"document_no": "3/TB", "document_date": "2021-01-11"}

TEXTS: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 422),
    "blank": (b"  ", 422),
    "half": (b'{"reason":', 422),
    "array": (b"[]", 422),
    "text": (b'"x"', 422),
    "number": (b"1", 422),
    "null": (b"null", 422),
    "true": (b"true", 422),
    "two values": (b"{}{}", 422),
    "trailing comma": (b'{"reason":"a",}', 422),
    "single quotes": (b"{'reason':'a'}", 422),
    "comment": (b"{/*a*/}", 422),
    "key twice": (b'{"reason":"a","reason":"b"}', 422),
    "key twice below": (b'{"document":{"no":"1","no":"2","date":"2021-01-11"}}', 422),
    "NaN": (b'{"days":NaN}', 422),
    "Infinity": (b'{"days":Infinity}', 422),
    "minus Infinity": (b'{"days":-Infinity}', 422),
    "1e999": (b'{"days":1e999}', 422),
    "minus zero": (b'{"days":-0}', 422),
    "two to the sixty-third": (b'{"days":9223372036854775808}', 422),
    "many digits": (b'{"days":' + b"9" * 5000 + b"}", 422),
    "many decimals": (b'{"days":0.' + b"1" * 5000 + b"}", 422),
    "leading zero": (b'{"days":01}', 422),
    "hexadecimal": (b'{"days":0x10}', 422),
    "lone surrogate": (b'{"reason":"\\ud800"}', 422),
    "surrogate as a key": (b'{"\\udc00":"a"}', 422),
    "NUL": (b'{"reason":"a\\u0000b"}', 422),
    "bare NUL": (b'{"reason":"a\x00b"}', 422),
    "escape": (b'{"reason":"a\\u001b[31m"}', 422),
    "bidi": ('{"reason":"a\u202eb"}'.encode(), 422),
    "zero width": ('{"reason":"a\u200bb"}'.encode(), 422),
    "BOM": (b"\xef\xbb\xbf{}", 422),
    "latin-1": ('{"reason":"\xe9"}'.encode("latin-1"), 422),
    "utf-16": ('{"reason":"a"}'.encode("utf-16"), 422),
    "overlong": (b'{"reason":"\xc0\x80"}', 422),
    "gzip": (gzip.compress(b"{}"), 422),
    "gzip bomb": (gzip.compress(b" " * 5_000_000), 422),
    "deep list": (b"[" * 100_000, 422),
    "deep object": (b'{"a":' * 100_000, 422),
    "deep and closed": (b'{"a":' + b"[" * 50 + b"]" * 50 + b"}", 422),
    "brackets in a text": (json.dumps({**BODY, "reason": "[" * 100}).encode(), 200),
    "too long a text": (json.dumps({**BODY, "reason": "a" * 4_001}).encode(), 422),
    "just too large": (b" " * 1_048_577, 413),
    "object for a text": (b'{"reason":{}}', 422),
    "list for a text": (b'{"reason":["a"]}', 422),
    "number for a text": (b'{"reason":1}', 422),
    "boolean for a text": (b'{"reason":true}', 422),
    "text for an object": (b'{"document":"a"}', 422),
    "unknown in the document": (b'{"document":{"no":"1","date":"2021-01-11","x":1}}', 422),
    "document twice": (b'{"document":{"no":"3/TB","date":"2021-01-11"},"document_no":"4/TB"}', 422),
    "instant of nothing": (b'{"acted_on":"soon"}', 422),
    "instant out of time": (b'{"acted_on":"9999-12-31T23:59:59-23:59"}', 422),
    "seat of nobody": (b'{"on_behalf_of":"king@castle"}', 422),
    "state by hand": (json.dumps({**BODY, "state": "certified"}).encode(), 422),
    "version by hand": (json.dumps({**BODY, "version": 9}).encode(), 422),
    "actor by hand": (json.dumps({**BODY, "actor": "authority-VS"}).encode(), 422),
    "received by hand": (json.dumps({**BODY, "received_at": "2020-01-01T00:00:00Z"}).encode(), 422),
    "prototype": (json.dumps({**BODY, "__proto__": {"a": 1}}).encode(), 422),
    "date of another calendar": (json.dumps({**BODY, "document_date": "11/01/2021"}).encode(), 422),
    "boolean for a code": (json.dumps({**BODY, "document_no": True}).encode(), 422),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_body_that_means_nothing_moves_nothing(api: Http, name: str):
    body, status = TEXTS[name]
    code = api.world.registered("P1-01")
    before = api.world.events(code)
    answer = api.send(
        "POST", f"cases/{code}/actions/select", "authority-H1", content=body,
        headers={"Content-Type": "application/json", "If-Match": '"1"', "Idempotency-Key": "k"},
    )  # fmt: skip
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert api.world.events(code) == before


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("multipart/form-data; boundary=x", 415), ("application/xml", 415),
        ("application/json; charset=utf-16", 415), ("application/json; charset=latin-1", 415), ("", 415), ("application/json", 200),
        ("application/json; charset=UTF-8", 200), ("application/merge-patch+json", 200),
    ],
)  # fmt: skip
def test_a_body_says_what_it_is(api: Http, given: str, status: int):
    code = api.world.registered("P1-01")
    headers = {"Content-Type": given, "If-Match": '"1"', "Idempotency-Key": "k"}
    answer = api.send("POST", f"cases/{code}/actions/select", "authority-H1", content=json.dumps(BODY).encode(), headers=headers)
    assert answer.status_code == status, answer.text


STRINGS = [
    "'", '"', "' OR '1'='1", "1; DROP TABLE case_file", "%", "_", "\\", "a%00b", "..%2f..%2fetc%2fpasswd", "${7*7}", "{{7*7}}", "$ne", "*", "-1",
    "1e5", "0x1F", "NaN", "null", "true", "[]", "{}", "%F0%9F%98%80", "%E2%80%AE", "%C0%80", "%FF", "a" * 150, "VS-2021-0001;--",
    "'||(SELECT pg_sleep(5))||'", "1 AND sleep(5)", "x' UNION SELECT 1--", "@@version", "<script>alert(1)</script>", "%0d%0aX:1",
]  # fmt: skip
PLACES = (
    "cases/{}", "cases/{}/actions", "cases/{}/history", "cases?q={}", "cases?state={}", "cases?round={}", "cases?unit={}", "cases?product={}",
    "cases?sort={}", "cases?cursor={}", "cases?due_before={}", "cases?limit={}", "cases/none?as_of={}", "rounds/{}", "plans/{}",
    "certificates/{}", "calendars/{}/days?year=2021", "calendars/VS/days?year={}", "charts/{}", "worklists/{}", "log/proof/{}/1",
    "products?q={}", "producers?cursor={}", "history?after={}", "units?on={}", "cases?due_before={}",
    "deliveries/{}", "deliveries?to={}", "deliveries?case={}", "reminders?subject={}", "reminders/preview?duty={}", "reminders/told?person={}",
    "reminders/told?subject={}", "reminders/coming?unit={}", "call-sheets/{}", "reach/{}", "people/{}/choices", "units/{}/choices", "webhooks/{}",
    "feeds/{}/deadlines.ics", "ack/{}", "plans/{}/activities", "plans/{}/history", "rounds/{}/forecast", "rounds/{}/history",
    "charts/qd1048-2019?case={}", "charts/{}/diff?to=qd26-2026",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_string_is_taken_for_anything_but_what_it_is(api: Http, place: str):
    api.world.registered("P1-01")
    for text in STRINGS:
        answer = api.get(place.format(text.replace("#", "%23").replace("?", "%3f") if "%" not in text else text), "auditor-VS")
        assert answer.status_code in {200, 404, 422}, (place, text, answer.status_code, answer.text)
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"


HEADERS: list[tuple[str, str, set[int]]] = [
    ("If-Match", '"' + "9" * 10_000 + '"', {422}),
    ("Idempotency-Key", "k" * 10_000, {400}),
    ("Accept-Language", "vi," * 10_000, {200}),
    ("If-None-Match", '"x",' * 10_000, {200}),
    ("X-Request-Id", "a b\tc", {200}),
    ("X-Request-Id", "x" * 5_000, {200}),
    ("X-HTTP-Method-Override", "DELETE", {200}),
    ("Range", "bytes=" + ",".join(f"{n}-{n}" for n in range(5_000)), {200}),
    ("Cookie", "a=" + "b" * 5_000, {200}),
]


@pytest.mark.parametrize(("name", "value", "statuses"), HEADERS)
def test_a_strange_header_does_no_harm(api: Http, name: str, value: str, statuses: set[int]):
    code = api.world.registered("P1-01")
    headers: dict[str, str] = {"If-Match": '"1"', "Idempotency-Key": "k", name: value}
    answer = api.send("POST", f"cases/{code}/actions/select", "authority-H1", json=BODY, headers=headers)
    assert answer.status_code in statuses, answer.text
    assert len(answer.headers["x-request-id"]) <= 64


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_an_address_does_not_take_is_405(api: Http, method: str):
    answer = api.send(method, "cases")
    assert (answer.status_code, answer.json()["code"]) == (405, "no_such_method")
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/", "/api/v2/cases", "/api/v1/cases/", "/api/docs", "/redoc", "/.env", "/api/v1//cases"]
)
def test_an_address_that_is_not_there_is_404_in_the_same_shape(api: Http, path: str):
    answer = api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_route")


def test_a_header_given_twice_is_refused(api: Http):
    code = api.world.registered("P1-01")
    pairs = [("X-Test-Person", "authority-H1"), ("If-Match", '"1"'), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = api.client.post(f"/api/v1/cases/{code}/actions/select", json=BODY, headers=pairs)
    assert (answer.status_code, answer.json()["reasons"][0]["pointer"]) == (422, "/idempotency-key")


@pytest.mark.parametrize(
    "column", ["state", "code", "version", "regime", "attempt", "memo", "registered_at", "head_hash", "command", "round", "unit"]
)
def test_no_column_can_be_set_from_outside(api: Http, column: str):
    answer = api.post("cases", "producer-P1", {"product": "P1-01", **IDEA, column: "x"})
    assert answer.status_code == 422
    assert {"pointer": f"/{column}", "code": "unknown_field"}.items() <= answer.json()["reasons"][0].items()


def test_nothing_unforeseen_shows_its_inside(api: Http, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret-of-the-inside")

    monkeypatch.setattr(api.runtime.store, "case_lines", broken)
    answer = api.get("cases")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected_fault")
    assert "secret" not in answer.text
    assert answer.json()["request"] == answer.headers["x-request-id"]
    assert answer.json()["request"] in answer.json()["detail"]


def test_the_depth_that_is_allowed_is_allowed(api: Http):
    body = b'{"a":' * (DEEPEST - 1) + b"1" + b"}" * (DEEPEST - 1)
    answer = api.send("POST", "cases", "producer-P1", content=body, headers={"Content-Type": "application/json", "Idempotency-Key": "k"})
    assert {r["code"] for r in answer.json()["reasons"]} == {"required"}
