"""What a list of cases is asked for, and a page of it. One object makes the list and its count, so that they cannot disagree."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from states.vocabulary import CaseState, Stage
from workflow.progress import BESIDE
from workflow.rows import CaseRow, TermRow

LATE_IN: Mapping[Stage, frozenset[CaseState]] = {
    **BESIDE,
    Stage.DISTRICT_EVAL: frozenset({CaseState.DISTRICT_EVALUATION}),
    Stage.DISTRICT_TO_PROVINCE: frozenset({CaseState.DISTRICT_EVALUATION}),
    Stage.COMMUNE_TO_PROVINCE: frozenset({CaseState.COMMUNE_CHECK}),
    Stage.PROVINCE_EVAL: frozenset({CaseState.PROVINCIAL_EVALUATION}),
    Stage.PROVINCE_TO_CENTRE: frozenset({CaseState.PROVINCIAL_EVALUATION}),
    Stage.NATIONAL_EVAL: frozenset({CaseState.NATIONAL_NOMINATION}),
}
"""In which states a stage whose date has passed, and was only recorded, is still somebody's work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseList:
    """Which cases, in which order; None means any.

    Attributes:
        seen_units, seen_producers: What the asker may see: cases of these communes, or of these producers. Both None: everything.
        states: One of these.
        kind: Why the product passes through the cycle.
        round: Member of this provincial or central round.
        units: Registered in one of these.
        product, producer: Of this one.
        due_from, due_before: The nearest running deadline lies in between (exclusive instants, the first included).
        dated: Whether any deadline runs.
        overdue_at: With a deadline that has passed at this instant, or was recorded as passed in the step that it concerns.
        asked: With an act on paper that waits for a second person.
        text: Every word is found in code, product or producer, without marks, case or đ/d.
        sort: By the nearest deadline (cases without one last) or by code; with ``text`` those first that have it with its marks.
    """

    seen_units: tuple[str, ...] | None = None
    seen_producers: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None
    kind: str | None = None
    round: str | None = None
    units: tuple[str, ...] | None = None
    product: str | None = None
    producer: str | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None
    dated: bool | None = None
    overdue_at: datetime | None = None
    asked: bool = False
    text: str | None = None
    sort: Literal["due_at", "code"] = "due_at"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends, and the next begins: the tier of a text, the instant of the deadline in microseconds (None: none), and the key."""

    tier: int
    due: int | None
    key: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A case as people look at it: with its product's and producer's names, and all its deadlines, whatever became of them."""

    case: CaseRow
    terms: tuple[TermRow, ...]
    product: str
    producer: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A case of a page: with its nearest deadline, and where it stands in the list."""

    case: CaseRow
    due_at: datetime | None
    place: Place


class Line(NamedTuple):
    """What a list shows of a case; a tuple, because a page has many and nothing is done with them but to be shown.

    Attributes:
        kind, state: As they are stored.
        product_name, producer_name: None where nobody has registered them.
        due_at: The nearest running deadline.
    """

    code: str
    product: str
    producer: str
    unit: str
    kind: str
    state: str
    round: str | None
    attempt: int
    version: int
    product_name: str | None
    producer_name: str | None
    due_at: datetime | None
