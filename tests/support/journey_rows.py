"""What a journey consists of, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from states.refusal import Code
from states.vocabulary import CaseState, Effect, Event, Function, Level, Stage


@dataclass(frozen=True, slots=True)
class Seat:
    """Who acts; ``level`` is None for a producer. A function None is time itself: the worker alone."""

    function: Function | None
    level: Level | None


@dataclass(frozen=True, slots=True)
class Due:
    """The last valid day of a stage, or of whatever is due next; ``day`` None means that nothing is due."""

    stage: Stage | None
    day: date | None


@dataclass(frozen=True, slots=True)
class Heard:
    """Who has read what.

    Attributes:
        who: The reader's function.
        instead_of: Function of the person who is away and for whom the reader stands in.
        what: Code of an event, name of a step (``T-7``), or how near the last day is, in the words of the message.
        elsewhere: Name of the reader's unit or producer where the product is none of theirs; nobody expects that.
    """

    who: Seat
    instead_of: Seat | None
    what: str
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody is away from a day to another, and somebody stands in."""

    who: Seat
    since: date
    to: date
    stand_in: Seat


@dataclass(frozen=True, slots=True)
class Row:
    """One row: who does what when, and what is expected afterwards."""

    line: int
    at: datetime
    who: Seat
    event: Event | None
    round_act: tuple[str, str] | None
    product: str
    given: Mapping[str, str]
    state: CaseState | None
    due: Due | None
    told: frozenset[Heard] | None
    refused: Code | None


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A dated stage of the plan."""

    stage: Stage
    round: int
    phrase: str
    effect: Effect | None


@dataclass(frozen=True, slots=True)
class Journey:
    """A whole file; ``document`` names a plan that ships, ``plan`` the lines that the file gives for ``plan_year``."""

    name: str
    title: str
    start: datetime
    plan_year: int | None
    document: str | None
    away: tuple[Away, ...]
    plan: tuple[PlanLine, ...]
    rows: tuple[Row, ...]
