"""A plan's other work: its activities, what was reported of them, and which are still open. Pure: plan, deadline rows and history lines in.

An activity is every line of a plan whose stage no event of a case meets, and every ``[[plan.activity]]``. Its id, which is also the id of the
duty that reminders follow, is that of its deadline row (:attr:`workflow.rows.StageRow.id`), for example ``KH-2021:VS:2021#5``; an activity
without a line of its own has ``h`` before its number: ``KH-2021:VS:2021#h2``. Where units are named that answer for it, each has a duty of its
own: the id, ``@`` and the unit's code.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from deadlines.ladder import DutyKind, last_valid_day
from deadlines.plan_values import HORIZON_STAGE, CyclePlan
from states.vocabulary import Effect, Publication, Stage
from workflow.plan_rows import line_id, stages_of
from workflow.planbook import Book, Report, book_of, midnight_of
from workflow.recording import planned
from workflow.rows import PlanRow, StageRow
from workflow.telling import Steps
from workflow.timeline import Line

SOON = timedelta(days=14)
"""How far ahead a listing calls a date soon."""

MET_BY_CASES = frozenset(set(Stage) - {Stage.PLAN_TRAINING, Stage.PLAN_EXECUTION})
"""Stages that events of cases meet. Training for business plans and help in carrying them out are work of the offices as well."""


class ActivityStatus(StrEnum):
    """Where an activity stands on a day."""

    NOT_BEGUN = "not_begun"
    UNDER_WAY = "under_way"
    IN_TIME = "done_in_time"
    LATE = "done_late"
    DONE = "done"
    OVERDUE = "overdue"
    CANCELLED = "cancelled"


CLOSED = frozenset({ActivityStatus.IN_TIME, ActivityStatus.LATE, ActivityStatus.DONE, ActivityStatus.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One activity of a plan.

    Attributes:
        id: See the module; ``number`` is what a person types.
        title: In the plan's words; "" where it gives none but the stage.
        body: Who is responsible, in the plan's words; ``units`` by code, where they are known.
        start, due_at: Aware; ``due_at`` is exclusive, None where no date is named.
        figure: What is to be reached, in ``unit``; None where the plan names no figure.
    """

    id: str
    number: str
    title: str
    stage: str
    body: str
    units: tuple[str, ...]
    phrase: str
    kind: str
    flags: tuple[str, ...]
    start: datetime | None
    due_at: datetime | None
    source: str
    place: str
    figure: Fraction | None
    unit: str
    firm: bool


def activities_of(plan: CyclePlan, row: PlanRow, stages: Iterable[StageRow], book: Book | None = None) -> tuple[Activity, ...]:
    """The activities of a plan: dated and undated lines in the plan's order, then what it lists without a line.

    A horizon ("định hướng đến năm 2030") is no activity: nobody carries it out.

    Args:
        plan: The plan as read.
        row: Its row.
        stages: Its deadline rows, which know of dates that were changed later; lines without one are read from the plan.
        book: What was written since, for the units named.
    """
    rows = {stage.id: stage for stage in stages}
    named = book.units if book is not None else {}
    found = []
    for number, line in enumerate(plan.deadlines, 1):
        if line.stage in MET_BY_CASES or line.stage == HORIZON_STAGE:
            continue
        key = line_id(row.code, row.unit, plan.year, number)
        stage = rows.get(key)
        if stage is None:
            (stage,) = stages_of(plan, row.unit, row.code, plan.year, [line], {1: Effect.RECORD}, statutory=False, numbers=[number])
        found.append(
            Activity(
                id=key,
                number=str(number),
                title=line.activity,
                stage=line.stage,
                body=line.actor,
                units=named.get(str(number), line.units),
                phrase=stage.phrase,
                kind=stage.kind,
                flags=stage.flags,
                start=stage.start,
                due_at=stage.cutoff,
                source=stage.source,
                place=line.place,
                figure=_planned(line.figure),
                unit=line.unit,
                firm=line.firm,
            )
        )
    document = plan.doc_no or plan.title
    for index, listed in enumerate(plan.activities, 1):
        key = f"h{index}"
        found.append(
            Activity(
                id=line_id(row.code, row.unit, plan.year, key),
                number=key,
                title=listed.what,
                stage=listed.stage,
                body=listed.body,
                units=named.get(key, listed.units),
                phrase="",
                kind="",
                flags=(),
                start=None,
                due_at=None,
                source=", ".join(filter(None, (document, f"nội dung {listed.no or index}"))),
                place=listed.place,
                figure=_planned(listed.figure),
                unit=listed.unit,
                firm=True,
            )
        )
    return tuple(found)


def _planned(figure: float | None) -> Fraction | None:
    return None if figure is None else Fraction(str(figure))


def answering(activity: Activity, unit: str) -> tuple[str, ...]:
    """The units that answer for an activity of a plan of ``unit``: those named, else the plan's own."""
    return activity.units or (unit,)


def status_of(activity: Activity, reports: Mapping[str, Report], units: Sequence[str], now: datetime) -> ActivityStatus:
    """Where an activity stands at an instant, from the latest report of each unit that answers for it.

    It is done when all that did not cancel it have done it, and in time if the last of them was; without a date it is just done.
    """
    latest = [reports[unit] for unit in units if unit in reports]
    if len(latest) == len(units) and all(report.status in {"done", "cancelled"} for report in latest):
        days = [report.done_on for report in latest if report.status == "done" and report.done_on is not None]
        if not days:
            return ActivityStatus.CANCELLED
        if activity.due_at is None:
            return ActivityStatus.DONE
        return ActivityStatus.IN_TIME if midnight_of(max(days)) < activity.due_at else ActivityStatus.LATE
    if activity.due_at is not None and activity.due_at <= now:
        return ActivityStatus.OVERDUE
    return ActivityStatus.UNDER_WAY if latest else ActivityStatus.NOT_BEGUN


def reached(activity: Activity, reports: Mapping[str, Report], units: Sequence[str]) -> tuple[Fraction | None, str]:
    """What all units together have reached, and in which unit; None where nobody gave a figure, or figures of several units."""
    given = [reports[unit] for unit in units if unit in reports and reports[unit].figure is not None]
    kinds = {activity.unit or report.figure_unit for report in given}
    if len(kinds) != 1:
        return None, activity.unit
    return sum((report.figure for report in given if report.figure is not None), Fraction()), kinds.pop()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenActivity:
    """A duty: an activity that a unit still has to report done.

    Attributes:
        id: Stable; :attr:`workflow.ports.Change.fulfilled` names it when it ends.
        activity: What a person types to report it; ``plan`` the plan's code.
        body: Who is responsible, in the plan's words; ``unit`` the unit's code.
        due_at: Exclusive; None where no date is named. ``last_day`` is the last local day in time.
    """

    id: str
    plan: str
    activity: str
    title: str
    stage: str
    body: str
    unit: str
    due_at: datetime | None
    last_day: date | None
    phrase: str
    source: str
    firm: bool


def open_activities(plan: CyclePlan, row: PlanRow, stages: Iterable[StageRow], lines: Iterable[Line]) -> tuple[OpenActivity, ...]:
    """The activities of a plan that nobody has reported done or cancelled, one for each unit that answers.

    Args:
        plan: The plan as read (:meth:`workflow.plans.Plans.parsed`).
        row: Its row; only a published plan has duties.
        stages: Its deadline rows (``store.stages(plan=…)``).
        lines: Its history (:func:`workflow.timeline.timeline`).
    """
    return duties(plan, row, stages, book_of(lines))


def steps_of(begun: Iterable[OpenActivity], at: datetime) -> tuple[Steps, ...]:
    """The steps of reminding that lie ahead of duties which begin at an instant; where no date is named there are none."""
    dated = [(duty, duty.due_at) for duty in begun if duty.due_at is not None]
    return tuple(each for duty, due_at in dated for each in planned(DutyKind.ACTIVITY, duty.id, duty.plan, due_at, at))


def duties(plan: CyclePlan, row: PlanRow, stages: Iterable[StageRow], book: Book) -> tuple[OpenActivity, ...]:
    """The same from a book."""
    if row.state is not Publication.PUBLISHED:
        return ()
    found = []
    for activity in activities_of(plan, row, stages, book):
        reports = book.reports.get(activity.number, {})
        for unit in answering(activity, row.unit):
            if unit in reports and reports[unit].status in {"done", "cancelled"}:
                continue
            found.append(
                OpenActivity(
                    id=f"{activity.id}@{unit}" if activity.units else activity.id,
                    plan=row.code,
                    activity=activity.number,
                    title=activity.title,
                    stage=activity.stage,
                    body=activity.body,
                    unit=unit,
                    due_at=activity.due_at,
                    last_day=last_valid_day(activity.due_at) if activity.due_at else None,
                    phrase=activity.phrase,
                    source=activity.source,
                    firm=activity.firm,
                )
            )
    return tuple(found)
