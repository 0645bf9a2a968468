"""Values that readers read in different ways, on every route that takes a body; what is said twice or in the wrong place; what is too much."""

import gzip
import json
import threading
import time
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.identity import HOME, House
from tests.support.pages import HTML
from tests.support.route_table import Entry, table

JSON = "application/json"
HOSTILE: dict[str, bytes] = {
    "half": b'{"a":', "array": b"[]", "array of objects": b'[{"reason":"a"}]', "text": b'"x"', "number": b"1", "null": b"null", "two values": b"{}{}",
    "key twice": b'{"reason":"a","reason":"b"}', "key twice below": b'{"document":{"no":"1","no":"2"}}', "key twice, once escaped": b'{"reason":"a","r\\u0065ason":"b"}',
    "NaN": b'{"version":NaN}', "Infinity": b'{"version":Infinity}', "1e999": b'{"version":1e999}', "-1e999": b'{"version":-1e999}', "minus zero": b'{"version":-0}',
    "minus zero point zero": b'{"version":-0.0}', "two to the sixty-third": b'{"version":9223372036854775808}', "below it": b'{"version":-9223372036854775809}',
    "many digits": b'{"version":' + b"9" * 5_000 + b"}", "many decimals": b'{"version":0.' + b"3" * 5_000 + b"}", "huge exponent": b'{"version":1e-99999}',
    "lone surrogate": b'{"reason":"\\ud800"}', "surrogates the wrong way": b'{"reason":"\\udc00\\ud800"}', "surrogate as a key": b'{"\\udfff":1}',
    "raw surrogate": b'{"reason":"\xed\xa0\x80"}', "NUL": b'{"reason":"\\u0000"}', "NUL as a key": b'{"\\u0000":1}', "bare NUL": b'{"reason":"\x00"}',
    "BOM": b"\xef\xbb\xbf{}", "utf-16": '{"reason":"a"}'.encode("utf-16"), "utf-32": '{"reason":"a"}'.encode("utf-32"), "latin-1": b'{"reason":"\xe9"}',
    "overlong": b'{"reason":"\xc0\xaf"}', "beyond Unicode": b'{"reason":"\xf4\x90\x80\x80"}', "towers of lists": b"[" * 100_000, "towers of objects": b'{"a":' * 100_000,
    "tower in a field": b'{"reason":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "gzip": gzip.compress(b"{}"), "gzip bomb": gzip.compress(b"[" * 20_000_000),
    "prototype": b'{"__proto__":{"admin":true}}', "constructor": b'{"constructor":{"prototype":{}}}', "class": b'{"__class__":"x"}',
    "form": b"reason=a&reason=b", "xml": b"<a/>", "yaml": b"reason: a", "comment": b"{/**/}", "trailing comma": b'{"reason":"a",}', "python": b"{'reason':None}",
}  # fmt: skip
"""Each means nothing on any route."""
WRONG_KINDS: tuple[Any, ...] = (
    True,
    False,
    0,
    -1,
    1.5,
    2**53 + 1,
    "",
    " ",
    "x" * 5_000,
    [],
    ["a"],
    [[]],
    {},
    {"a": 1},
    None,
    "true",
    "1",
    "null",
)


def writes(house: House) -> list[Entry]:
    """Every write of the interface that takes a body."""
    paths = house.app.openapi()["paths"]
    found = [e for e in table(house.app) if not e.by_link and "requestBody" in paths.get(e.path, {}).get(e.method.lower(), {})]
    assert len(found) > 25
    return found


@pytest.fixture
def officer(house: House) -> Any:
    assert house.world.registered("P1-01") == "VS-2021-0001"
    return house.administrator("VS", person="officer-VS")


def send(browser: Any, entry: Entry, content: bytes, kind: str = JSON, **headers: str) -> Any:
    given = {
        "Content-Type": kind, "Origin": HOME, "X-CSRF-Token": browser.csrf or "", "If-Match": '"1"', "Idempotency-Key": "k",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }  # fmt: skip
    return browser.client.request(entry.method, entry.address, content=content, headers=given)


def told(house: House) -> list[Any]:
    """What can have changed; that somebody tried is no change."""
    store = house.runtime.store
    done = [event for event in house.world.events("VS-2021-0001") if not event.startswith("!")]
    return [done, store.case_states(), house.identity.accounts.all(), store.plans(), store.rounds(), store.bulk_running()]


def test_what_means_nothing_is_refused_on_every_route_and_changes_nothing(house: House, officer: Any):
    before = told(house)
    for entry in writes(house):
        for name, content in HOSTILE.items():
            began = time.process_time()
            answered = send(officer, entry, content)
            # An event's own fields are judged after whoever asks.
            # What belongs to a subject may be judged after whether there is one, and after who asks.
            assert answered.status_code in ({403, 404, 422} if "{" in entry.path else {422}), (str(entry), name, answered.status_code)
            assert answered.headers["content-type"] == "application/problem+json", (str(entry), name)
            assert time.process_time() - began < 1, (str(entry), name)
    assert told(house) == before


def test_a_value_of_another_kind_is_refused_on_every_route_and_never_a_fault(house: House, officer: Any):
    paths, components = house.app.openapi()["paths"], house.app.openapi()["components"]["schemas"]
    tried = 0
    for entry in writes(house):
        schema = paths[entry.path][entry.method.lower()]["requestBody"]["content"][JSON]["schema"]
        fields = (
            list(components[schema["$ref"].rpartition("/")[2]]["properties"]) if "$ref" in schema else ["reason", "document", "acted_on"]
        )
        for field in fields:
            for value in WRONG_KINDS:
                answered = send(officer, entry, json.dumps({field: value}).encode())
                assert answered.status_code < 500, (str(entry), field, value, answered.text)
                tried += 1
    assert tried > 1_000


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "text/json",
        "*/*",
        "application/json, text/plain",
        "application/jsonp",
    ],
)
def test_a_body_of_another_kind_is_refused_on_every_route(house: House, officer: Any, kind: str):
    for entry in writes(house):
        answered = send(officer, entry, b"{}", kind)
        assert answered.status_code == 415, (str(entry), answered.status_code, answered.text)


def test_a_compressed_body_is_read_by_nobody(house: House, officer: Any):
    for entry in writes(house):
        answered = send(officer, entry, gzip.compress(b'{"reason":"a"}'), Content_Encoding="gzip")
        assert answered.status_code == 422, (str(entry), answered.text)


def test_what_is_said_twice_or_in_the_wrong_place_is_refused_on_every_route(house: House, officer: Any):
    """A key in the address, in the body and in a header: only one place is read, and whoever uses another is told."""
    before, paths = told(house), house.app.openapi()["paths"]
    for entry in table(house.app):
        if entry.by_link or not entry.path.startswith("/api/") or entry.path.endswith("openapi.json"):
            continue
        twice = officer.client.request(
            entry.method, f"{entry.address}?limit=1&limit=2", content=b"" if entry.reads else b"{}",
            headers={"Content-Type": JSON, "Origin": HOME, "X-CSRF-Token": officer.csrf or ""},
        )  # fmt: skip
        assert twice.status_code == 422, (str(entry), twice.status_code, twice.text)
        assert {"/limit"} <= {reason["pointer"] for reason in twice.json()["reasons"]}, str(entry)
        for name in (
            "idempotency_key",
            "Idempotency-Key",
            "if_match",
            "on_behalf_of",
            "csrf_token",
            "person",
            "as",
            "_method",
            "access_token",
        ):
            if name in {each["name"] for each in paths[entry.path][entry.method.lower()].get("parameters", ())}:
                continue
            answered = officer.client.request(
                entry.method, f"{entry.address}?{urlencode({name: 'x'})}", content=b"" if entry.reads else b"{}",
                headers={"Content-Type": JSON, "Origin": HOME, "X-CSRF-Token": officer.csrf or ""},
            )  # fmt: skip
            assert (answered.status_code, answered.json()["code"]) == (422, "request_invalid"), (str(entry), name, answered.text)
        if entry.reads:
            continue
        for header in ("Idempotency-Key", "If-Match", "Content-Type"):
            pairs = [
                ("Origin", HOME),
                ("X-CSRF-Token", officer.csrf or ""),
                ("Content-Type", JSON),
                ("Idempotency-Key", "a"),
                ("If-Match", '"1"'),
            ]
            value = {"Idempotency-Key": "b", "If-Match": '"2"', "Content-Type": JSON}[header]
            answered = officer.client.request(entry.method, entry.address, content=b"{}", headers=[*pairs, (header, value)])
            assert answered.status_code == 422, (str(entry), header, answered.text)
            assert f"/{header.lower()}" in {reason["pointer"] for reason in answered.json()["reasons"]}, (str(entry), header)
    assert told(house) == before


def test_a_body_that_names_the_headers_is_refused(house: House, officer: Any):
    for entry in writes(house):
        for name in ("idempotency_key", "Idempotency-Key", "if_match", "actor", "received_at", "person_as", "csrf_token", "id", "request"):
            answered = send(officer, entry, json.dumps({name: "x"}).encode())
            # An event's own fields are judged after whoever asks.
            assert answered.status_code in ({403, 404, 422} if "{" in entry.path else {422}), (str(entry), name, answered.text)


def test_a_field_of_a_form_that_is_sent_twice_is_refused(house: House):
    case = house.world.registered("P1-01")
    browser = house.enter("authority-H1")
    sent = {"Accept": HTML, "Origin": HOME, "Content-Type": "application/x-www-form-urlencoded"}
    body = f"csrf_token={browser.csrf}&version=1&key=k&f.document_no=1/TB&f.document_no=2/TB&f.document_date=2021-01-11"
    answered = browser.client.post(f"/cases/{case}/actions/select", content=body, headers=sent)
    assert answered.status_code == 422, answered.text
    assert house.world.events(case) == ["register"]


# How much.

LARGEST = 1_048_576


def test_one_octet_too_many_is_too_much_on_every_route_and_nobody_waits_for_it(house: House, officer: Any):
    for entry in table(house.app):
        if entry.reads or entry.by_link or entry.path == "/logout":
            continue
        kind = "application/x-www-form-urlencoded" if entry.page else JSON
        answered = send(officer, entry, b" " * (LARGEST + 1), kind)
        assert answered.status_code == 413, (str(entry), answered.status_code)
        # What is declared is believed only to refuse it: no octet of it is read.
        declared = officer.client.request(
            entry.method, entry.address, content=(part for part in [b"{}"]),
            headers={"Content-Length": "60000000", "Content-Type": kind, "Origin": HOME, "X-CSRF-Token": officer.csrf or ""},
        )  # fmt: skip
        assert declared.status_code == 413, (str(entry), declared.status_code)
    assert officer.get("session").status_code == 200


def test_a_body_without_an_end_is_cut_off_where_the_limit_is(house: House, officer: Any):
    given = 0

    def endless() -> Any:
        nonlocal given
        while given < 50 * LARGEST:
            given += 65_536
            yield b" " * 65_536

    for entry in writes(house)[:3]:
        given = 0
        answered = officer.client.request(
            entry.method,
            entry.address,
            content=endless(),
            headers={"Content-Type": JSON, "Origin": HOME, "X-CSRF-Token": officer.csrf or ""},
        )
        assert answered.status_code == 413


def test_ten_thousand_parts_of_a_form_are_never_taken_apart(house: House, officer: Any):
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nv\r\n' % n for n in range(10_000)) + b"--x--\r\n"
    for entry in table(house.app):
        if entry.reads or entry.by_link or entry.path == "/logout":
            continue
        began = time.process_time()
        answered = send(officer, entry, parts, "multipart/form-data; boundary=x")
        assert answered.status_code == 415, (str(entry), answered.status_code, answered.text)
        assert time.process_time() - began < 0.5, str(entry)


def test_ten_thousand_fields_of_a_form_are_refused(house: House, officer: Any):
    body = f"csrf_token={officer.csrf}&" + "&".join(f"f{n}=v" for n in range(10_000))
    began = time.process_time()
    answered = officer.client.post(
        "/language", content=body, headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": HOME, "Accept": HTML}
    )
    assert answered.status_code in {403, 413, 422}
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "ranges",
    [
        ",".join(f"{n}-{n}" for n in range(3_000)), ",".join("0-" for _ in range(5_000)), ",".join("-1" for _ in range(5_000)), "0-0," * 4_000,
        "," * 15_000, "0-" + "9" * 15_000, "-" * 15_000, ",".join(f"{n}-{2 * n}" for n in range(1_500)), "9-0", "a-b", "0-18446744073709551616", "",
    ],
)  # fmt: skip
def test_many_ranges_of_a_file_cost_no_more_than_the_file(house: House, ranges: str):
    browser = house.browser()
    whole = browser.client.get("/static/pages.css")
    began = time.process_time()
    answered = browser.client.get("/static/pages.css", headers={"Range": f"bytes={ranges}"})
    assert time.process_time() - began < 0.3
    assert answered.status_code in {200, 206, 400, 416, 431}, answered.status_code
    assert len(answered.content) <= 2 * len(whole.content) + 1_000, "no small question has a large answer"


def test_nobody_leaves_a_thread_behind_by_going_away(house: House, officer: Any):
    before = threading.active_count()
    for _ in range(20):
        officer.get("cases")
    assert threading.active_count() <= before + 2
