import tracemalloc
from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflow.ledger.histories import honest, season
from workflow.ledger.verify import verify
from workflow.ports import LogState
from workflow.rows import StoredEntry

ORDERS = st.lists(st.tuples(st.sampled_from(["A", "B", "C", "R1", "a", "Đ", "😀"]), st.booleans()), max_size=25)


@pytest.mark.parametrize("deep", [False, True])
@given(order=ORDERS, waiting=st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_an_honest_history_is_never_flagged(order: list[tuple[str, bool]], waiting: int, deep: bool) -> None:
    history = honest(order, sequenced=max(0, len(order) - waiting))
    verdict = history.verdict(deep=deep)
    assert verdict.findings == ()
    assert verdict.ok
    assert verdict.first_bad is None
    assert verdict.entries == len(order)
    assert verdict.log_size == len(history.log)
    assert verdict.cases == len({subject for subject, _ in order} - {"R1"})


@given(order=ORDERS)
@settings(max_examples=30, deadline=None)
def test_erased_openings_are_no_fault(order: list[tuple[str, bool]]) -> None:
    history = honest(order)
    history.entries = [
        StoredEntry(**{name: getattr(entry, name) for name in StoredEntry.__slots__ if name != "opening"}, opening=None)
        for entry in history.entries
    ]
    assert history.verdict(deep=True).ok


def test_subjects_may_come_in_any_collation() -> None:
    history = honest([("b", True), ("A", False), ("Đ", True), ("b", False)])
    by_other_collation = sorted(history.entries, key=lambda entry: (["b", "Đ", "A"].index(entry.subject), entry.seq))
    assert verify(by_other_collation, history.heads, history.log, history.state, 0).ok


def test_an_empty_installation_is_in_order() -> None:
    assert honest([]).verdict().to_json() == {"entries": 0, "cases": 0, "log_size": 0, "ok": True, "first_bad": None}


def test_the_answer_names_the_first_bad_entry() -> None:
    history = season()
    history.without(lambda subject, seq: (subject, seq) == ("B", 3))
    assert history.verdict().to_json() == {
        "entries": 27,
        "cases": 3,
        "log_size": 28,
        "ok": False,
        "first_bad": {"case": "B", "case_seq": 3, "code": "gap", "position": None},
    }


def test_findings_are_counted_but_kept_only_up_to_a_hundred_and_the_first_is_not_lost() -> None:
    history = honest([(f"S{number:03}", False) for number in reversed(range(150))])
    history.heads = [head for head in history.heads if head.subject != "S000"]
    verdict = verify(reversed(sorted(history.entries, key=lambda entry: entry.subject)), [], history.log, history.state, 0)
    assert verdict.found == 150
    assert len(verdict.findings) == 100
    assert verdict.first_bad is not None
    assert verdict.first_bad.subject == "S000"


def test_bodies_are_not_held_in_memory() -> None:
    (entry,) = honest([("A", False)]).entries
    many = 20_000
    entries = chain([entry], repeat(entry, many))  # doubled numbers are findings, but cost what true ones do
    tracemalloc.start()
    try:
        verify(entries, [], [], LogState(0, (), b""), 0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < many * 64
