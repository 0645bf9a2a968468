from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from unicodedata import normalize

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from states.vocabulary import CaseState, Duty, Event
from tests.workflow.ledger.histories import altered
from workflow.ledger.canonical import MAX_INTEGER, NotCanonical
from workflow.ledger.entry import ActorRef, Entry, EntryMalformed, parse, seal, store_form, time_text
from workflow.rows import SubjectKind

HASH = sha256(b"x").hexdigest()
NOW = datetime(2021, 7, 9, 17, 0, 0, 123456, tzinfo=UTC)
PLAIN = Entry(
    log="ocop.test/2021",
    kind=SubjectKind.CASE,
    case="AG-2021-0042",
    case_seq=3,
    event="forward",
    from_="district_evaluation",
    to="provincial_evaluation",
    effective_at=NOW,
    recorded_at=NOW,
    command="c-1",
    prev=HASH,
)
FULL = replace(
    PLAIN,
    attempt=1,
    regime="qd1048-2019",
    chart=HASH,
    clause="1048 II.2",
    outcome="denied",
    result={"mean": "161/2", "stars": 4},
    actor=ActorRef(id="P-1", function="officer", level="district", unit="883", on_behalf_of="883"),
    duty="handles",
    received_at=NOW,
    acted_on=NOW,
    round={"to": "AG-2021-1"},
    terms={"open": [{"stage": "province_eval"}], "close": ["AG-2021-0042:2:0"]},
    set={"pinned": True},
    data={"letter_no": "12/TTr", "count": 3, "none": None},
    reasons=("document_missing",),
    commit={"reason": HASH},
    files=({"id": "f", "size": 10},),
    corrects=2,
)

WORDS = st.text(min_size=1, max_size=10).map(lambda text: normalize("NFC", text))
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC) | ZONES)
KEYS = st.text(st.characters(max_codepoint=127), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=3)
SOME = st.dictionaries(KEYS, JSON, min_size=1, max_size=3)
MAYBE = st.none() | WORDS
ENTRIES = st.builds(
    Entry,
    log=WORDS,
    kind=st.sampled_from(SubjectKind),
    case=WORDS,
    case_seq=st.integers(1, MAX_INTEGER),
    attempt=st.none() | st.integers(0, 9),
    regime=MAYBE,
    chart=st.none() | HASHES,
    clause=MAYBE,
    event=WORDS,
    outcome=st.sampled_from(["done", "denied"]),
    from_=MAYBE,
    to=MAYBE,
    result=st.none() | SOME,
    actor=st.none() | st.builds(ActorRef, id=WORDS, function=WORDS, level=MAYBE, unit=MAYBE, on_behalf_of=MAYBE),
    duty=MAYBE,
    effective_at=TIMES,
    received_at=st.none() | TIMES,
    acted_on=st.none() | TIMES,
    recorded_at=TIMES,
    round=st.none() | SOME,
    terms=st.none() | st.dictionaries(st.sampled_from(["open", "close"]), st.lists(JSON, max_size=2), min_size=1),
    set=OBJECTS,
    data=OBJECTS,
    reasons=st.lists(WORDS, max_size=2).map(tuple),
    commit=st.dictionaries(KEYS, HASHES, max_size=2),
    files=st.lists(SOME, max_size=2).map(tuple),
    corrects=st.none() | st.integers(1, 9),
    command=WORDS,
    prev=HASHES,
)


def fault(body: str) -> tuple[object, object]:
    with pytest.raises(EntryMalformed) as refused:
        parse(body)
    assert refused.value.code == "entry_malformed"
    return refused.value.detail["pointer"], refused.value.detail["problem"]


@given(ENTRIES)
@settings(max_examples=150, deadline=None)
def test_an_entry_read_back_is_the_same_entry(entry: Entry) -> None:
    body, leaf = seal(entry)
    assert parse(body) == entry
    assert seal(parse(body)) == (body, leaf)
    assert leaf == sha256(b"\x00" + body.encode()).digest()


def test_the_text_of_a_plain_entry_leaves_out_what_is_not_there() -> None:
    assert seal(PLAIN)[0] == (
        '{"case":"AG-2021-0042","case_seq":3,"command":"c-1","effective_at":"2021-07-09T17:00:00.123456Z","event":"forward",'
        '"from":"district_evaluation","kind":"case","log":"ocop.test/2021","outcome":"done","prev":"' + HASH + '",'
        '"recorded_at":"2021-07-09T17:00:00.123456Z","to":"provincial_evaluation","v":1}'
    )


def test_a_full_entry_has_every_member_of_the_format() -> None:
    members = orjson.loads(seal(FULL)[0])
    assert members.keys() == {name.rstrip("_") for name in Entry.__slots__}
    assert members["actor"] == {"id": "P-1", "function": "officer", "level": "district", "unit": "883", "on_behalf_of": "883"}
    assert parse(seal(FULL)[0]) == FULL


def test_names_of_the_vocabulary_may_be_given_as_members() -> None:
    named = replace(PLAIN, event=Event.FORWARD, from_=CaseState.DISTRICT_EVALUATION, duty=Duty.HANDLES, data={"state": CaseState.RETURNED})
    assert seal(named) == seal(replace(PLAIN, duty="handles", data={"state": "returned"}))


def test_the_stored_form_repeats_what_the_body_says() -> None:
    stored = store_form(FULL, "{}")
    assert (stored.body, stored.leaf_hash) == seal(FULL)
    assert (stored.kind, stored.subject, stored.seq, stored.command, stored.event) == (
        SubjectKind.CASE,
        "AG-2021-0042",
        3,
        "c-1",
        "forward",
    )
    assert (stored.recorded_at, stored.opening) == (NOW, "{}")


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2021, 7, 10, tzinfo=timezone(timedelta(hours=7))), "2021-07-09T17:00:00.000000Z"),
        (datetime(2021, 7, 9, 17, 0, 0, 1, tzinfo=UTC), "2021-07-09T17:00:00.000001Z"),
        (datetime(2, 1, 1, tzinfo=UTC), "0002-01-01T00:00:00.000000Z"),
    ],
)
def test_times_are_written_in_utc_with_microseconds(instant: datetime, text: str) -> None:
    assert time_text(instant) == text


@pytest.mark.parametrize("name", ["effective_at", "received_at", "acted_on", "recorded_at"])
def test_a_naive_time_is_refused(name: str) -> None:
    with pytest.raises(EntryMalformed) as refused:
        seal(replace(PLAIN, **{name: NOW.replace(tzinfo=None)}))  # type: ignore[arg-type]
    assert refused.value.detail == {"pointer": f"/{name}", "problem": "naive_time"}


WRONG: list[tuple[str, Any]] = [
    ("v", 2),
    ("v", True),
    ("log", ""),
    ("kind", "person"),
    ("kind", 1),
    ("case", 5),
    ("case_seq", 0),
    ("case_seq", True),
    ("case_seq", "3"),
    ("attempt", -1),
    ("attempt", False),
    ("regime", ""),
    ("chart", HASH.upper()),
    ("chart", HASH[:-1]),
    ("outcome", "perhaps"),
    ("from", ""),
    ("result", [1]),
    ("round", "x"),
    ("terms", {"opened": []}),
    ("terms", {"open": {}}),
    ("set", 1),
    ("data", "x"),
    ("commit", {"reason": "x"}),
    ("corrects", 0),
    ("prev", "0"),
    ("command", 0),
]


@pytest.mark.parametrize(
    ("name", "value"), [*WRONG, ("reasons", ("",)), ("reasons", (1,)), ("files", ("x",)), ("actor", "P-1"), ("recorded_at", "x")]
)
def test_a_member_of_the_wrong_kind_is_not_sealed(name: str, value: Any) -> None:
    with pytest.raises(EntryMalformed) as refused:
        seal(replace(PLAIN, **{"from_" if name == "from" else name: value}))
    assert refused.value.detail == {"pointer": f"/{name}", "problem": "value"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *WRONG,
        ("reasons", []),
        ("reasons", ["x", 1]),
        ("files", [1]),
        ("files", [{}]),
        ("result", {}),
        ("data", {}),
        ("commit", {}),
        ("terms", {}),
        ("actor", {"id": "P-1"}),
        ("actor", {"id": "P-1", "function": "officer", "name": "x"}),
        ("actor", {"id": "P-1", "function": ""}),
        ("recorded_at", "2021-07-09T17:00:00Z"),
        ("recorded_at", "2021-07-09T17:00:00.123456+00:00"),
        ("effective_at", "2021-13-09T17:00:00.123456Z"),
        ("acted_on", "2021-07-09"),
    ],
)
def test_a_member_of_the_wrong_kind_is_not_read(name: str, value: Any) -> None:
    assert fault(altered(seal(FULL)[0], **{name: value})) == (f"/{name}", "value")


@pytest.mark.parametrize(
    "name", ["v", "log", "kind", "case", "case_seq", "event", "outcome", "effective_at", "recorded_at", "command", "prev"]
)
def test_a_missing_member_is_named(name: str) -> None:
    assert fault(altered(seal(FULL)[0], **{name: None})) == (f"/{name}", "missing_key")


def test_an_unknown_member_is_named() -> None:
    assert fault(altered(seal(FULL)[0], name="x")) == ("/name", "unknown_key")


def test_a_null_is_not_the_same_as_nothing() -> None:
    assert fault('{"actor":null,' + seal(PLAIN)[0][1:]) == ("/actor", "value")


@pytest.mark.parametrize("body", ["", "{", "nul", '{"a":NaN}', "{}{}", "\ud800"])
def test_what_is_not_json_is_refused(body: str) -> None:
    assert fault(body) == ("", "not_json")


@pytest.mark.parametrize("body", ["[]", "null", "1", '"x"'])
def test_what_is_not_an_object_is_refused(body: str) -> None:
    assert fault(body) == ("", "value")


@pytest.mark.parametrize(
    "bend",
    [
        lambda body: body + " ",
        lambda body: body.replace(":3,", ": 3,"),
        lambda body: body[:-1] + ',"v":1}',
        lambda body: body.replace('"forward"', '"\\u0066orward"'),
        lambda body: '{"v":1,' + body[1:-7] + "}",
    ],
)
def test_another_text_of_the_same_entry_is_refused(bend: Any) -> None:
    assert fault(bend(seal(PLAIN)[0])) == ("", "not_canonical")


def test_a_float_inside_is_refused_with_its_place() -> None:
    assert fault(altered(seal(PLAIN)[0], data={"mean": 80.5})) == ("/data/mean", "not_canonical")
    with pytest.raises(NotCanonical) as refused:
        seal(replace(PLAIN, data={"mean": 80.5}))
    assert refused.value.detail == {"pointer": "/data/mean", "problem": "float"}
