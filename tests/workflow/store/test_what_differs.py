"""A store that is told what a row was may leave alone what stays: what stands afterwards is the same row."""

from dataclasses import replace
from random import Random
from typing import Any

from states.vocabulary import CaseKind, CaseState
from tests.workflow.store.samples import NOW, act, case, created
from workflow.ports import CaseQuery, Outcome, Store
from workflow.rows import CaseRow

VALUES: dict[str, list[Any]] = {
    "kind": list(CaseKind),
    "producer": ["CT-1", "CT-2"],
    "regime": ["qd1048", "qd148"],
    "pinned": [True, False],
    "state": list(CaseState),
    "attempt": [1, 2],
    "round": [None, "T-2026-1", "T-2026-2"],
    "central_round": [None, "TW-2026-1"],
    "origin": [None, *CaseState],
    "left": [None, *CaseState],
    "certificate": [None, "C-1"],
    "memo": [{}, {"hands": {"p": ["prepares"]}}],
    "updated_at": [NOW],
}


def stepped(random: Random, row: CaseRow) -> CaseRow:
    """The row after an act that changes some of it."""
    changes = {name: random.choice(values) for name, values in VALUES.items() if random.random() < 0.3}
    return replace(row, **changes, version=row.version + 1, head_seq=row.head_seq + 1, head_hash=random.randbytes(32))


def test_whatever_an_act_changes_the_row_that_it_leaves_stands(store: Store) -> None:
    random = Random(7)  # noqa: S311 - variety, no secret
    rows = [case(number) for number in range(20)]
    assert set(store.write_each([[created(row)] for row in rows], epoch=None)) == {Outcome.WRITTEN}
    for turn in range(12):
        after = [stepped(random, row) for row in rows]
        changes = [act(old, new, f"turn-{turn}") for old, new in zip(rows, after, strict=True)]
        if turn % 2:
            assert {store.write([change], epoch=None) for change in changes} == {Outcome.WRITTEN}
        else:
            assert set(store.write_each([[change] for change in changes], epoch=None)) == {Outcome.WRITTEN}
        rows = after
        for row in rows:
            loaded = store.load_case(row.code, "")
            assert loaded is not None
            assert loaded.case == row
    for code in ("T-2026-1", "T-2026-2", "TW-2026-1"):
        found = {row.code for row in store.cases(CaseQuery(round=code))}
        assert found == {row.code for row in rows if code in {row.round, row.central_round}}


def test_a_row_that_moved_meanwhile_is_left_alone(store: Store) -> None:
    row = case()
    assert store.write([created(row)], epoch=None) is Outcome.WRITTEN
    first = replace(row, version=2, head_seq=2, head_hash=b"1" * 32)
    second = replace(row, version=2, head_seq=2, head_hash=b"2" * 32)
    assert store.write([act(row, first, "a")], epoch=None) is Outcome.WRITTEN
    assert store.write([act(row, second, "b")], epoch=None) is Outcome.MOVED
    assert store.write_each([[act(row, second, "b")]], epoch=None) == [Outcome.MOVED]
    loaded = store.load_case(row.code, "")
    assert loaded is not None
    assert loaded.case == first
