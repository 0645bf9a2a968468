from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.ledger.histories import History, altered, season
from workflow.ledger.findings import Fault
from workflow.ledger.merkle import leaf_hash
from workflow.ledger.verify import verify
from workflow.ports import Head, LogState
from workflow.rows import StoredEntry, SubjectKind

SEASON = season()
FIRST, MIDDLE, LAST_BUT_ONE, LAST = 1, 4, 6, 7
PLACES = list(product(("A", "B", "R1"), (FIRST, MIDDLE, LAST_BUT_ONE, LAST)))
OTHER = "ab" * 32

CHANGES: dict[str, object] = {
    "v": 2,
    "log": "ocop.elsewhere/2021",
    "kind": "plan",
    "case": "C",
    "case_seq": 9,
    "attempt": 2,
    "regime": "qd148-2023",
    "chart": OTHER,
    "clause": "148 I",
    "event": "certify",
    "outcome": "denied",
    "from": "certified",
    "to": "certified",
    "result": {"stars": 5},
    "actor": {"id": "P-0001", "function": "chair"},
    "duty": "decides",
    "effective_at": "2020-01-01T00:00:00.000000Z",
    "received_at": "2020-01-01T00:00:00.000000Z",
    "acted_on": "2020-01-01T00:00:00.000000Z",
    "recorded_at": "2020-01-01T00:00:00.000000Z",
    "round": {"to": "R9"},
    "terms": {"open": [], "close": ["A:1:0"]},
    "set": {"stars": 5},
    "data": {"mean": "99"},
    "reasons": ["document_missing"],
    "commit": {"reason": OTHER},
    "files": [{"id": "f1"}],
    "corrects": 1,
    "command": "another",
    "prev": OTHER,
}


def first_bad(history: History, *, deep: bool = False) -> tuple[str | None, int | None]:
    verdict = history.verdict(deep=deep)
    assert not verdict.ok
    assert verdict.first_bad is not None
    return verdict.first_bad.subject, verdict.first_bad.seq


def codes(history: History) -> set[str]:
    return {finding.code.value for finding in history.verdict().findings}


def changed(subject: str, seq: int, /, **parts: object) -> History:
    history = SEASON.copy()
    place = history.at(subject, seq)
    history.entries[place] = replace(history.entries[place], **parts)  # type: ignore[arg-type]
    return history


def body_of(subject: str, seq: int) -> str:
    return SEASON.entries[SEASON.at(subject, seq)].body


# Content.


@pytest.mark.parametrize(("subject", "seq"), PLACES)
@pytest.mark.parametrize("member", CHANGES)
def test_a_changed_member_is_found_where_it_is(member: str, subject: str, seq: int) -> None:
    history = changed(subject, seq, body=altered(body_of(subject, seq), **{member: CHANGES[member]}))
    assert first_bad(history) == (subject, seq)
    assert "leaf_hash_differs" in codes(history)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_one_bit_anywhere_in_a_body_is_found_where_it_is(data: st.DataObject) -> None:
    subject, seq = data.draw(st.sampled_from(PLACES))
    raw = bytearray(body_of(subject, seq).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    # A driver that lets broken UTF-8 through hands it over as lone surrogates.
    assert first_bad(changed(subject, seq, body=raw.decode(errors="surrogateescape"))) == (subject, seq)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_one_bit_in_a_stored_hash_is_found_where_it_is(data: st.DataObject) -> None:
    subject, seq = data.draw(st.sampled_from(PLACES))
    raw = bytearray(SEASON.entries[SEASON.at(subject, seq)].leaf_hash)
    raw[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    history = changed(subject, seq, leaf_hash=bytes(raw))
    assert first_bad(history) == (subject, seq)
    assert "prev_differs" not in codes(history)


@pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33)])
def test_a_hash_of_another_length_is_found_where_it_is(leaf: bytes) -> None:
    assert first_bad(changed("A", MIDDLE, leaf_hash=leaf)) == ("A", MIDDLE)


@pytest.mark.parametrize(("subject", "seq"), PLACES)
@pytest.mark.parametrize(
    "parts",
    [
        {"command": "another"},
        {"event": "certify"},
        {"kind": SubjectKind.PLAN},
        {"recorded_at": SEASON.entries[0].recorded_at - timedelta(microseconds=1)},
        {"recorded_at": SEASON.entries[0].recorded_at.replace(tzinfo=None)},
    ],
)
def test_a_row_that_says_other_than_its_body_is_found(parts: dict[str, object], subject: str, seq: int) -> None:
    history = changed(subject, seq, **parts)
    assert first_bad(history) == (subject, seq)
    assert codes(history) == {"row_differs"}


@pytest.mark.parametrize(("subject", "seq"), [("A", 1), ("A", 3), ("R1", 7)])
@pytest.mark.parametrize("name", ["note", "reason"])
def test_an_exchanged_opening_is_found(name: str, subject: str, seq: int) -> None:
    opening = orjson.loads(SEASON.entries[SEASON.at(subject, seq)].opening or "")
    opening[name][1] += "!"
    history = changed(subject, seq, opening=orjson.dumps(opening).decode())
    assert first_bad(history) == (subject, seq)
    assert codes(history) == {"opening_differs"}


def test_an_opening_where_nothing_was_committed_is_found() -> None:
    history = changed("A", 2, opening=SEASON.entries[SEASON.at("A", 1)].opening)
    assert first_bad(history) == ("A", 2)


@pytest.mark.parametrize("body", ["", "[]", "{}", "{", "null", '{"case":"A"}'])
def test_a_body_that_is_no_entry_is_called_malformed(body: str) -> None:
    history = changed("A", MIDDLE, body=body, leaf_hash=leaf_hash(body.encode()))
    assert first_bad(history) == ("A", MIDDLE)
    assert "body_malformed" in codes(history)


def test_commitments_of_another_shape_are_called_malformed() -> None:
    history = changed("A", 1, body=altered(body_of("A", 1), commit=["x"]))
    assert "body_malformed" in codes(history)


# Structure.


@pytest.mark.parametrize(("subject", "seq"), [place for place in PLACES if place[1] != LAST])
def test_a_deleted_entry_is_named_by_its_number(subject: str, seq: int) -> None:
    history = SEASON.copy()
    history.without(lambda *key: key == (subject, seq))
    assert first_bad(history) == (subject, seq)
    assert codes(history) == {"gap", "log_entry_unknown"}


@pytest.mark.parametrize("first", [1, 3, 5])
def test_a_deleted_range_is_named_by_its_first_number(first: int) -> None:
    history = SEASON.copy()
    history.without(lambda subject, seq: subject == "B" and first <= seq <= first + 1)
    assert first_bad(history) == ("B", first)


@pytest.mark.parametrize("first", [2, 4, 7])
def test_a_truncated_tail_is_named_by_its_first_number(first: int) -> None:
    history = SEASON.copy()
    history.without(lambda subject, seq: subject == "B" and seq >= first)
    assert first_bad(history) == ("B", first)
    assert codes(history) == {"head_differs", "log_entry_unknown"}
    history.rehead("B")
    assert first_bad(history) == ("B", first)
    assert codes(history) == {"log_entry_unknown"}


def test_a_deleted_subject_is_found_by_its_head_and_without_it_by_the_log() -> None:
    history = SEASON.copy()
    history.without(lambda subject, _: subject == "B")
    assert first_bad(history) == ("B", 1)
    assert codes(history) == {"entries_missing", "log_entry_unknown"}
    history.heads = [head for head in history.heads if head.subject != "B"]
    assert first_bad(history) == ("B", 1)
    assert codes(history) == {"log_entry_unknown"}


def test_a_deleted_subject_comes_before_a_later_change_elsewhere() -> None:
    history = changed("B", 2, body=altered(body_of("B", 2), event="certify"))
    history.without(lambda subject, _: subject == "A")
    history.heads = [head for head in history.heads if head.subject != "A"]
    assert first_bad(history) == ("A", 1)


def test_a_deleted_head_is_found() -> None:
    history = SEASON.copy()
    history.heads = [head for head in history.heads if head.subject != "B"]
    assert first_bad(history) == ("B", 1)
    assert codes(history) == {"head_missing"}


@pytest.mark.parametrize(
    ("head", "seq"), [(Head("B", 7, bytes(32)), 7), (Head("B", 5, bytes(32)), 6), (Head("B", 9, bytes(32)), 8), (Head("B", -3, b""), 1)]
)
def test_a_changed_head_is_found(head: Head, seq: int) -> None:
    history = SEASON.copy()
    history.heads = [head if head.subject == old.subject else old for old in history.heads]
    assert first_bad(history) == ("B", seq)
    assert codes(history) == {"head_differs"}


def test_a_second_head_for_a_subject_is_found() -> None:
    history = SEASON.copy()
    history.heads.append(history.heads[0])
    assert first_bad(history) == ("A", 7)


def forged(history: History, subject: str, seq: int) -> StoredEntry:
    """An entry with a good hash that follows the entry before it."""
    chain = history.of(subject)
    before = chain[seq - 2]
    body = altered(before.body, case_seq=seq, prev=before.leaf_hash.hex(), command="forged", commit=None)
    return replace(before, seq=seq, command="forged", body=body, leaf_hash=leaf_hash(body.encode()), opening=None)


@pytest.mark.parametrize("seq", [2, 4, 7])
def test_an_inserted_entry_is_named_by_its_number(seq: int) -> None:
    history = SEASON.copy()
    new = forged(history, "B", seq)
    history.entries = [replace(each, seq=each.seq + (each.subject == "B" and each.seq >= seq)) for each in history.entries]
    history.entries.append(new)
    assert first_bad(history) == ("B", seq)


def test_an_entry_added_at_the_end_is_found_even_with_its_head() -> None:
    history = SEASON.copy()
    history.entries.append(forged(history, "B", 8))
    assert first_bad(history) == ("B", 8)
    assert codes(history) == {"head_differs", "log_entry_missing"}
    history.rehead("B")
    assert first_bad(history) == ("B", 8)
    assert codes(history) == {"log_entry_missing"}


def test_a_forged_subject_is_found_even_with_its_head() -> None:
    history = SEASON.copy()
    old = history.entries[history.at("B", 1)]
    body = altered(old.body, case="BB")
    history.entries.append(replace(old, subject="BB", body=body, leaf_hash=leaf_hash(body.encode())))
    assert first_bad(history) == ("BB", 1)
    assert codes(history) == {"head_missing", "log_entry_missing"}
    history.heads.append(Head("BB", 1, leaf_hash(body.encode())))
    assert first_bad(history) == ("BB", 1)
    assert codes(history) == {"log_entry_missing"}


@pytest.mark.parametrize(("low", "high"), [(1, 2), (3, 6), (6, 7)])
def test_two_swapped_entries_are_named_by_the_first(low: int, high: int) -> None:
    history = SEASON.copy()
    one, two = history.at("B", low), history.at("B", high)
    first, second = history.entries[one], history.entries[two]
    history.entries[one], history.entries[two] = replace(second, seq=low), replace(first, seq=high)
    assert first_bad(history) == ("B", low)


def test_entries_swapped_between_subjects_are_named_by_the_first() -> None:
    history = SEASON.copy()
    one, two = history.at("A", 4), history.at("B", 2)
    first, second = history.entries[one], history.entries[two]
    history.entries[one], history.entries[two] = replace(second, subject="A", seq=4), replace(first, subject="B", seq=2)
    assert first_bad(history) == ("A", 4)


@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_doubled_entry_is_named_by_its_number(seq: int) -> None:
    history = SEASON.copy()
    history.entries.append(history.entries[history.at("B", seq)])
    assert first_bad(history) == ("B", seq)


@pytest.mark.parametrize(("seq", "as_seq", "bad"), [(7, 8, 7), (1, 0, 0), (3, 99, 3)])
def test_a_renumbered_entry_is_found(seq: int, as_seq: int, bad: int) -> None:
    assert first_bad(changed("B", seq, seq=as_seq)) == ("B", bad)


def test_a_subject_renumbered_as_a_whole_is_found() -> None:
    history = SEASON.copy()
    history.entries = [replace(each, seq=each.seq + (each.subject == "B")) for each in history.entries]
    assert first_bad(history) == ("B", 1)


def test_entries_of_a_subject_that_stand_apart_are_found() -> None:
    history = SEASON.copy()
    apart = [*history.of("A")[:3], *history.of("B"), *history.of("C"), *history.of("R1"), *history.of("A")[3:]]
    verdict = verify(apart, history.heads, history.log, history.state, 0)
    assert verdict.first_bad is not None
    assert verdict.first_bad.subject == "A"


# Hashes made to fit again, up to the log.


@pytest.mark.parametrize(("subject", "seq"), PLACES)
def test_a_change_with_leaf_chain_and_head_made_to_fit_is_found_by_the_log(subject: str, seq: int) -> None:
    history = changed(subject, seq, body=altered(body_of(subject, seq), duty="decides"))
    history.rechain(subject)
    assert first_bad(history) == (subject, seq)
    assert codes(history) == {"log_entry_differs"}


@pytest.mark.parametrize(("subject", "seq"), [place for place in PLACES if place[1] != LAST])
def test_a_deletion_with_everything_but_the_log_made_to_fit_is_found_where_it_is(subject: str, seq: int) -> None:
    history = SEASON.copy()
    history.without(lambda *key: key == (subject, seq))
    for entry in history.of(subject)[seq - 1 :]:
        number = entry.seq - 1
        history.entries[history.entries.index(entry)] = replace(entry, seq=number, body=altered(entry.body, case_seq=number))
    history.rechain(subject)
    assert first_bad(history) == (subject, seq)


def test_a_change_with_log_rows_made_to_fit_but_not_the_root_is_found_near_its_place() -> None:
    history = changed("B", 4, body=altered(body_of("B", 4), duty="decides"))
    history.rechain("B")
    leaves = {(entry.subject, entry.seq): entry.leaf_hash for entry in history.entries}
    history.log = [(position, subject, seq, leaves[subject, seq]) for position, subject, seq, _ in history.log]
    verdict = history.verdict()
    assert [finding.code for finding in verdict.findings] == [Fault.LOG_ROOT_DIFFERS]
    assert verdict.first_bad is not None
    assert verdict.first_bad.position == 0  # 28 leaves are subtrees of 16, 8 and 4; the change lies in the first
    history.reroot()
    assert history.verdict().ok  # only a root kept outside can show this


def test_a_body_with_a_doubled_member_is_found_by_the_deep_look() -> None:
    body = body_of("B", 7)
    history = changed("B", 7, body=body[:-1] + ',"v":1}')
    place = history.at("B", 7)
    fixed = replace(history.entries[place], leaf_hash=leaf_hash(history.entries[place].body.encode()))
    history.entries[place] = fixed
    history.rehead("B")
    history.log = [(p, s, n, fixed.leaf_hash if (s, n) == ("B", 7) else leaf) for p, s, n, leaf in history.log]
    history.reroot()
    assert history.verdict().ok
    assert first_bad(history, deep=True) == ("B", 7)


# The log alone.


def log_attack(name: str) -> History:
    history = SEASON.copy()
    position, subject, seq, leaf = history.log[9]
    if name == "leaf changed":
        history.log[9] = (position, subject, seq, bytes(32))
    elif name == "row deleted":
        del history.log[9]
    elif name == "row doubled":
        history.log.insert(10, history.log[9])
        history.renumber_log()
    elif name == "row of nothing":
        history.log.insert(9, (9, "Z", 1, bytes(32)))
        history.renumber_log()
    elif name == "relabelled":
        history.log[9] = (position, "Z", seq, leaf)
    elif name == "swapped":
        history.log[9:11] = [(9, *history.log[10][1:]), (10, *history.log[9][1:])]
    elif name == "row taken out":
        del history.log[9]
        history.renumber_log()
    return history


@pytest.mark.parametrize(
    ("name", "code", "place"),
    [
        ("leaf changed", "log_entry_differs", ("B", 3, 9)),
        ("row deleted", "log_gap", (None, None, 9)),
        ("row doubled", "log_entry_twice", ("B", 3, 10)),
        ("row of nothing", "log_entry_unknown", ("Z", 1, 9)),
        ("relabelled", "log_entry_unknown", ("Z", 3, 9)),
        ("row taken out", "log_entry_missing", ("B", 3, None)),
    ],
)
def test_an_attack_on_the_log_is_named_by_position_even_if_the_root_was_made_to_fit(
    name: str, code: str, place: tuple[str | None, int | None, int | None]
) -> None:
    history = log_attack(name)
    if name != "relabelled":
        assert "log_root_differs" in codes(history)
    history.reroot()
    bad = history.verdict().first_bad
    assert bad is not None
    assert (bad.code, bad.subject, bad.seq, bad.position) == (code, *place)


def test_swapped_log_rows_change_the_root() -> None:
    assert codes(log_attack("swapped")) == {"log_root_differs"}


@pytest.mark.parametrize(
    ("state", "position"),
    [
        (lambda s: LogState(s.size, s.frontier, bytes(32)), 28),
        (lambda s: LogState(s.size, (s.frontier[0], bytes(32), s.frontier[2]), s.root), 16),
        (lambda s: LogState(s.size, s.frontier[:2], s.root), 24),
        (lambda s: LogState(s.size - 1, s.frontier, s.root), 27),
        (lambda s: LogState(s.size + 1, s.frontier, s.root), 28),
    ],
)
def test_a_changed_state_of_the_log_is_found(state: Callable[[LogState], LogState], position: int) -> None:
    history = SEASON.copy()
    history.state = state(history.state)
    bad = history.verdict().first_bad
    assert bad is not None
    assert (bad.code, bad.position) == (Fault.LOG_ROOT_DIFFERS, position)


@pytest.mark.parametrize("unsequenced", [1, 5])
def test_a_queue_that_is_too_long_is_found(unsequenced: int) -> None:
    history = SEASON.copy()
    history.unsequenced = unsequenced
    assert codes(history) == {"log_entry_missing"}


def test_a_truncated_log_is_found_unless_its_entries_wait_for_it() -> None:
    history = SEASON.copy()
    del history.log[25:]
    history.reroot()
    assert first_bad(history) == ("B", 7)
    history.unsequenced = 3
    assert history.verdict().ok


def test_a_hole_in_the_log_is_found_even_if_the_queue_was_made_to_fit() -> None:
    history = log_attack("row taken out")
    history.reroot()
    history.unsequenced = 1
    assert first_bad(history) == ("B", 3)
    assert codes(history) == {"log_entry_missing"}
