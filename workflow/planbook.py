"""The book of a plan: the fold of its history into what was reported, given, stated and learnt. Pure: opened history lines in.

There is no table behind it. The entries of a plan are few, and what is read from them needs no rebuilding.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from states.lifecycle import PlanEvent
from states.regime import local_midnight
from workflow.timeline import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was reported of an activity for one unit; a later one replaces it.

    Attributes:
        seq: Number of the entry in the plan's history.
        status: ``under_way``, ``done`` or ``cancelled``.
        figure: Reached so far, all in all.
    """

    seq: int
    unit: str
    status: str
    done_on: date | None
    figure: Fraction | None
    figure_unit: str
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Something given to a product or producer; ``amount`` in đồng."""

    seq: int
    kind: str
    product: str
    producer: str
    given_on: date
    figure: Fraction | None
    figure_unit: str
    amount: int | None
    activity: str
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A target's figure as a person stated it."""

    seq: int
    figure: Fraction
    line: Line


@dataclass(frozen=True, slots=True)
class Book:
    """The fold of a plan's history: what holds of its other work.

    Attributes:
        units: Units that answer for an activity, by its number, where somebody named them.
        reports: Latest reports by number of the activity and unit.
        statements: Latest statement by number of the target, from 1; ``counts`` the chosen way of counting.
        lessons: Lines by part; ``reviews`` those that concluded a review.
    """

    units: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reports: dict[str, dict[str, Report]] = field(default_factory=dict)
    supports: dict[int, Support] = field(default_factory=dict)
    statements: dict[int, Statement] = field(default_factory=dict)
    counts: dict[int, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    lessons: dict[int, Line] = field(default_factory=dict)
    reviews: list[Line] = field(default_factory=list)


def book_of(lines: Iterable[Line], *, on: datetime | None = None, known: datetime | None = None) -> Book:
    """Fold a plan's history.

    Args:
        lines: Its entries, oldest first.
        on: Leave out what happened at this instant or later: a report of something done by its day, support by the day it was given.
        known: Leave out what was written down after this instant.
    """
    book = Book()
    for line in lines:
        late = known is not None and line.entry.recorded_at > known
        if not late and (on is None or _happened(line) < on):
            _write(book, line)
    return book


def _write(book: Book, line: Line) -> None:
    entry, data = line.entry, line.entry.data
    replaced = entry.corrects or 0
    match entry.event:
        case PlanEvent.ASSIGN:
            book.units[data["activity"]] = tuple(data["units"])
        case PlanEvent.REPORT:
            book.reports.setdefault(data["activity"], {})[data["for_unit"]] = _report(line)
        case PlanEvent.SUPPORT:
            book.supports.pop(replaced, None)
            book.supports[entry.case_seq] = _support(line)
        case PlanEvent.STATE:
            book.statements[data["target"]] = Statement(seq=entry.case_seq, figure=Fraction(data["figure"]), line=line)
        case PlanEvent.COUNT:
            book.counts[data["target"]] = (data["count"], tuple(data.get("kinds", ())))
        case PlanEvent.LEARN:
            book.lessons.pop(replaced, None)
            book.lessons[entry.case_seq] = line
        case PlanEvent.STRIKE:
            book.supports.pop(replaced, None)
            book.lessons.pop(replaced, None)
        case PlanEvent.REVIEW:
            book.reviews.append(line)


def _happened(line: Line) -> datetime:
    """When what a line says happened; a day counts from its beginning."""
    named = line.entry.data.get("done_on") or line.entry.data.get("given_on") or line.entry.data.get("stated_on")
    return midnight_of(date.fromisoformat(named)) if named else line.entry.effective_at


def midnight_of(day: date) -> datetime:
    """Local midnight with which a day begins."""
    return local_midnight(day.year, day.month, day.day)


def _figure(data: Mapping[str, Any]) -> Fraction | None:
    return Fraction(data["figure"]) if "figure" in data else None


def _report(line: Line) -> Report:
    data = line.entry.data
    return Report(
        seq=line.entry.case_seq,
        unit=data["for_unit"],
        status=data["status"],
        done_on=date.fromisoformat(data["done_on"]) if "done_on" in data else None,
        figure=_figure(data),
        figure_unit=data.get("figure_unit", ""),
        line=line,
    )


def _support(line: Line) -> Support:
    data = line.entry.data
    return Support(
        seq=line.entry.case_seq,
        kind=data["support"],
        product=data.get("product", ""),
        producer=data.get("producer", ""),
        given_on=date.fromisoformat(data["given_on"]),
        figure=_figure(data),
        figure_unit=data.get("figure_unit", ""),
        amount=data.get("amount"),
        activity=data.get("activity", ""),
        line=line,
    )
