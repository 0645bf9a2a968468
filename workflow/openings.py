"""Deadlines as an entry opens them: of a plan, of the law, through the late door, and once more after an act on paper. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from deadlines.calendar import WorkingCalendar, midnight
from states.errors import PayloadInvalid, Problem
from states.facts import Term
from states.regime import local_date
from states.vocabulary import Effect, Event, Stage
from workflow.rows import StageRow, TermRow
from workflow.situation import World

LATE_DOOR = "late-door"


@dataclass(frozen=True, slots=True)
class SpanTerm:
    """A term of the law that starts with an event: counted from a local day, by a calendar, to an exclusive instant."""

    name: str
    stage: Stage
    end: Callable[[date, WorkingCalendar], datetime]
    phrase: str
    source: str


def of_plan(stage: Stage, deadline: StageRow) -> dict[str, Any]:
    """A deadline of a plan or round."""
    assert deadline.cutoff is not None  # noqa: S101 - callers have looked
    return {
        "stage": str(stage),
        "round": deadline.round,
        "effect": str(deadline.effect),
        "due_at": deadline.cutoff.isoformat(),
        "phrase": deadline.phrase,
        "source": deadline.source,
        "deadline": deadline.id,
        "calendar": None,
    }


def of_law(span: SpanTerm, start: date, calendar: WorkingCalendar) -> dict[str, Any]:
    """A span of the law; a breach is recorded. ``start`` stays with it, so that it can be counted again when the calendar changes."""
    return {
        "stage": str(span.stage),
        "round": None,
        "effect": str(Effect.RECORD),
        "start": start.isoformat(),
        "due_at": span.end(start, calendar).isoformat(),
        "phrase": span.phrase,
        "source": span.source,
        "deadline": span.name,
        "calendar": calendar.edition,
    }


def again(world: World, term: TermRow) -> dict[str, Any]:
    """A deadline that ran before; one of a round with the date that the round has now."""
    of_round = world.book.get(term.round) if term.round and term.deadline != LATE_DOOR else None
    deadline = of_round.stages.get(term.stage) if of_round else None
    if deadline is not None and deadline.cutoff is not None:
        return of_plan(term.stage, deadline)
    return {
        "stage": str(term.stage),
        "round": term.round,
        "effect": str(term.effect),
        "due_at": term.due_at.isoformat(),
        "phrase": term.phrase,
        "source": term.source,
        "deadline": term.deadline,
        "calendar": term.calendar,
    }


def late_door(missed: Term, data: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The missed stage once more, to the end of the day that the paper names.

    Raises:
        PayloadInvalid: ``in_past``.
    """
    until = date.fromisoformat(data["until"])
    if until < local_date(at):
        raise PayloadInvalid([Problem("/until", "in_past")], event=Event.ADMIT_LATE)
    return {
        "stage": str(missed.stage),
        "round": missed.round,
        "effect": str(Effect.DEFER),
        "due_at": midnight(until + timedelta(days=1)).isoformat(),
        "phrase": f"đến hết ngày {until:%d/%m/%Y}",
        "source": str(data["document_no"]),
        "deadline": LATE_DOOR,
        "calendar": None,
    }
