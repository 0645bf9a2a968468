"""Which columns an act moves, from the row after it and the row before."""

from dataclasses import fields
from itertools import compress
from operator import attrgetter, ne
from typing import Any

from workflow.rows import CaseRow
from workflow.store.mapping import RUNNING_STATES, Shape, Values, memo_text
from workflow.store.types import to_micros

_MOVED = ("code", "state", "left", "memo", "updated_at", "version", "head_seq", "head_hash")
_stays = attrgetter(*(field.name for field in fields(CaseRow) if field.name not in _MOVED))
"""What most acts leave as it is: all but the state, what is remembered, and the head."""


def differing(shape: Shape, row: Any, before: Any) -> tuple[tuple[str, ...], Values]:
    """The columns whose values differ, and their values now; more of a case's than that where they are told sooner than compared."""
    if isinstance(row, CaseRow) and _stays(row) == _stays(before) and (row.state in RUNNING_STATES) == (before.state in RUNNING_STATES):
        return _of_case(row, before)
    now = shape.values(row)
    differs = tuple(map(ne, shape.values(before), now))
    if not any(differs):
        # Its history will refuse an act after which nothing is different, its head included.
        differs = tuple(column == "head_seq" for column in shape.columns)
    return tuple(compress(shape.columns, differs)), tuple(compress(now, differs))


def _of_case(row: CaseRow, before: CaseRow) -> tuple[tuple[str, ...], Values]:
    columns: tuple[str, ...] = ("memo", "updated_at", "version", "head_seq", "head_hash")
    values: Values = (memo_text(row), to_micros(row.updated_at), row.version, row.head_seq, row.head_hash)
    if row.state is not before.state or row.left is not before.left:
        return ("state", "left_state", *columns), (row.state._value_, row.left and row.left._value_, *values)
    return columns, values
