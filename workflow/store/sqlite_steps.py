"""What SQLite writes for a change: its statements with their values, one by one or gathered over a page.

For every column that a SET names, whether it differs or not, SQLite rewrites its indexes and tests its CHECK. So an update names what differs
from the row that the change was judged on; that it is this row is what compare-and-set finds out.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import orjson

from states.vocabulary import TermStatus
from workflow.ports import Change
from workflow.store import statements
from workflow.store.differing import differing
from workflow.store.mapping import ENTRY, STAGE, SUBJECTS, TERM, Shape, Values, entry_values, outbox_values, storable
from workflow.store.telling_mapping import RUNG, steps_values

Step = tuple[str, Values, bool]
"""A statement, its values, and whether it has to touch exactly one row."""

_INSERTS = {shape.table: statements.insert(shape) for shape in (*SUBJECTS.values(), ENTRY, TERM)}
_PLAN = (
    f"INSERT INTO rung({RUNG.names()}) SELECT ?,key,?,?,value,?,'planned',0,NULL,NULL FROM json_each(?) WHERE true"  # noqa: S608 names are ours
    f" {statements.replacing(RUNG)}"
)
"""A duty that stands again (a report taken back) gets its steps again."""

_ENDS = {status: statements.PASS_RUNGS if status is TermStatus.PASSED else statements.END_RUNGS for status in TermStatus}
_CLOSES = {status: statements.MEET_TERM if status is TermStatus.MET else statements.CLOSE_TERM for status in TermStatus}
_UPSERT_STAGE = statements.upsert(STAGE)
_LISTED = "IN (SELECT value FROM json_each(?))"
_SETS = {
    **{close: close.replace("id=?", f"id {_LISTED}") for close in _CLOSES.values()},
    **{end: end.replace("duty=?", f"duty {_LISTED}") for end in (*_ENDS.values(), statements.END_RUNGS)},
}
"""Statements whose last value names their row, and the same for many rows at once."""


def _subject(shape: Shape, change: Change) -> Step:
    row, before = change.row, change.before
    if before is None:
        return _INSERTS[shape.table], storable(shape.values(row)), True
    columns, values = differing(shape, row, before)
    return _swap(shape.table, columns), (*storable(values), before.code, before.version, before.head_seq), True


@lru_cache(maxsize=512)
def _swap(table: str, columns: tuple[str, ...]) -> str:
    return statements.swap(next(shape for shape in SUBJECTS.values() if shape.table == table), columns)


def _steps(change: Change) -> Iterator[Step]:
    yield _subject(SUBJECTS[type(change.row)], change)
    yield _INSERTS["history"], entry_values(change.entry), True
    yield statements.INSERT_OUTBOX, outbox_values(change.entry), True
    for term, status in change.closed:
        yield _CLOSES[status], (status.value, term), True
    for term, status in change.closed:
        yield _ENDS[status], (term,), False
    for duty in change.fulfilled:
        yield statements.END_RUNGS, (duty,), False
    for opened in change.opened:
        yield _INSERTS["term"], storable(TERM.values(opened)), True
    for each in change.steps:
        yield _PLAN, storable(steps_values(each)), False
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
