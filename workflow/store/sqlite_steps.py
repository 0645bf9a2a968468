"""What SQLite writes for a change: its statements with their values, one by one or gathered over a page.

SQLite builds the list of a CHECK afresh for every row whose UPDATE names the column, and rewrites an index for every column named in a
SET. So an update names what differs from the row that the change was judged on; that it is this row is what compare-and-set finds out.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import orjson

from states.vocabulary import TermStatus
from workflow.ports import Change
from workflow.rows import CaseRow
from workflow.store import statements
from workflow.store.mapping import CASE, ENTRY, RUNNING_STATES, STAGE, SUBJECTS, TERM, Shape, Values, memo_text, outbox_values, storable
from workflow.store.telling_mapping import RUNG
from workflow.store.types import to_micros

Step = tuple[str, Values, bool]
"""A statement, its values, and whether it has to touch exactly one row."""

_INSERTS = {shape.table: statements.insert(shape) for shape in (*SUBJECTS.values(), ENTRY, TERM)}
_PLAN = statements.upsert(RUNG)
"""A duty that stands again (a report taken back) gets its steps again."""

_SWAPS = {shape.table: statements.swap(shape, shape.changing) for shape in SUBJECTS.values()}
_ENDS = {status: statements.PASS_RUNGS if status is TermStatus.PASSED else statements.END_RUNGS for status in TermStatus}
_CLOSES = {status: statements.MEET_TERM if status is TermStatus.MET else statements.CLOSE_TERM for status in TermStatus}
_UPSERT_STAGE = statements.upsert(STAGE)
_SWAP_INDEXED = (
    f"UPDATE {CASE.table} SET {','.join(f'{c}=?' for c in CASE.indexed)}"  # noqa: S608 names are ours
    f" WHERE code=? AND ({' OR '.join(f'{c} IS NOT ?' for c in CASE.indexed)})"
)
_ALWAYS = ("memo", "updated_at", "version", "head_seq", "head_hash")
_SOMETIMES = ("state", "left_state")
_HEADS, _MOVES = statements.swap(CASE, _ALWAYS), statements.swap(CASE, (*_SOMETIMES, *_ALWAYS))
_sometimes = attrgetter("state", "left")
_seldom = attrgetter("kind", "regime", "pinned", "attempt", "origin", "certificate")
_indexed = attrgetter("producer", "round", "central_round", "product")
_LISTED = "IN (SELECT value FROM json_each(?))"
_SETS = {
    **{close: close.replace("id=?", f"id {_LISTED}") for close in _CLOSES.values()},
    **{end: end.replace("duty=?", f"duty {_LISTED}") for end in (*_ENDS.values(), statements.END_RUNGS)},
}
"""Statements whose last value names their row, and the same for many rows at once."""


def _swap(shape: Shape, change: Change) -> Iterator[Step]:
    row, was = change.row, change.was
    head = (row.code, change.version, change.seq)
    if not isinstance(row, CaseRow) or not isinstance(was, CaseRow) or _seldom(was) != _seldom(row):
        yield _SWAPS[shape.table], shape.pick(shape.changing, storable(shape.values(row))) + head, True
    elif _sometimes(was) != _sometimes(row):
        yield _MOVES, (row.state.value, row.left and row.left.value, *_always(row), *head), True
    else:
        yield _HEADS, (*_always(row), *head), True
    if isinstance(row, CaseRow) and not (isinstance(was, CaseRow) and _same_places(was, row)):
        seldom = shape.pick(shape.indexed, storable(shape.values(row)))
        yield _SWAP_INDEXED, (*seldom, row.code, *seldom), False


def _always(row: CaseRow) -> Values:
    return storable((memo_text(row), to_micros(row.updated_at), row.version, row.head_seq, row.head_hash))


def _same_places(was: CaseRow, row: CaseRow) -> bool:
    return _indexed(was) == _indexed(row) and (was.state in RUNNING_STATES) == (row.state in RUNNING_STATES)


def _steps(change: Change) -> Iterator[Step]:
    row = change.row
    shape: Shape = SUBJECTS[type(row)]
    if change.version is None:
        yield _INSERTS[shape.table], storable(shape.values(row)), True
    else:
        yield from _swap(shape, change)
    yield _INSERTS["history"], storable(ENTRY.values(change.entry)), True
    yield statements.INSERT_OUTBOX, outbox_values(change.entry), True
    for term, status in change.closed:
        yield _CLOSES[status], (status.value, term), True
    for term, status in change.closed:
        yield _ENDS[status], (term,), False
    for duty in change.fulfilled:
        yield statements.END_RUNGS, (duty,), False
    for opened in change.opened:
        yield _INSERTS["term"], storable(TERM.values(opened)), True
    for rung in change.rungs:
        yield _PLAN, storable(RUNG.values(rung)), True
    for stage in change.stages:
        yield _UPSERT_STAGE, storable(STAGE.values(stage)), True


def group_steps(changes: Sequence[Change]) -> list[Step]:
    """The statements of a group, subjects in the order of their codes."""
    return list(chain.from_iterable(_steps(change) for change in sorted(changes, key=lambda change: change.row.code)))


def gathered(groups: Iterable[Iterable[Step]]) -> Iterator[tuple[str, Sequence[Values], int | None]]:
    """The statements of many groups, each once: with all of its values, and how many rows it has to touch (None: any number)."""
    found: dict[tuple[str, Values | None, bool], list[Any]] = {}
    for sql, values, one in chain.from_iterable(groups):
        many = _SETS.get(sql)
        if many is None:
            found.setdefault((sql, None, one), []).append(values)
        else:
            found.setdefault((many, values[:-1], one), []).append(values[-1])
    for (sql, shared, one), rows in found.items():
        yield sql, rows if shared is None else [(*shared, orjson.dumps(rows).decode())], len(rows) if one else None
