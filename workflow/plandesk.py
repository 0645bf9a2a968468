"""A plan as it lies before somebody who writes to it or reads from it, and who that may be. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from deadlines.plan import CyclePlan
from deadlines.targets import Counting, counting_of
from states.errors import NotAllowed, Problem, UnknownName
from states.lifecycle import Move, PlanEvent
from states.refusal import Code, Holder, Refusal
from states.vocabulary import Function, Level
from workflow.access import Office, office_of
from workflow.activities import Activity, activities_of, answering
from workflow.plan_inputs import refuse
from workflow.planbook import Book
from workflow.rows import PlanRow, StageRow
from workflow.situation import World
from workflow.timeline import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A plan with everything that is known of its other work, at one moment."""

    row: PlanRow
    plan: CyclePlan
    stages: tuple[StageRow, ...]
    lines: tuple[Line, ...]
    book: Book
    activities: tuple[Activity, ...]
    world: World

    def activity(self, number: str) -> Activity:
        """An activity by the number that a person types.

        Raises:
            UnknownName: The plan has none such.
        """
        found = next((a for a in self.activities if a.number == number.strip().casefold()), None)
        if found is None:
            raise UnknownName(what="activity", name=number, known=", ".join(a.number for a in self.activities) or "–")
        return found

    def counting(self, number: int) -> tuple[Counting, tuple[str, ...]]:
        """How a target is counted, and for supported products of which kinds: as somebody chose, else as the plan or its words say."""
        if number in self.book.counts:
            count, kinds = self.book.counts[number]
            return Counting(count), kinds
        target = self.plan.targets[number - 1]
        return counting_of(target), target.kinds


def desk_of(  # noqa: PLR0913
    row: PlanRow, plan: CyclePlan, stages: Iterable[StageRow], lines: Iterable[Line], world: World, book: Book
) -> Desk:
    """A plan with its activities as its book makes them."""
    kept = tuple(stages)
    return Desk(
        row=row, plan=plan, stages=kept, lines=tuple(lines), book=book, activities=activities_of(plan, row, kept, book), world=world
    )


def reporter(  # noqa: PLR0913
    desk: Desk, activity: Activity, actor: str, unit: str | None, move: Move[Any, Any], today: date
) -> tuple[Office, str]:
    """Who reports an activity, and for which unit: the unit's own officer, or one of the plan's unit on its behalf.

    Args:
        desk: The plan.
        activity: What is reported.
        actor: Person code.
        unit: Code of the unit that it is reported for; None for the person's own.
        move: The move; it names the seats.
        today: Local day.

    Raises:
        NotFound: No such person.
        NotAllowed: An officer of neither.
        PayloadInvalid: The unit does not answer for the activity, or it is not clear which one is meant.
    """
    registry = desk.world.registry
    units = answering(activity, desk.row.unit)
    names = ", ".join(registry.unit_name(u, today) for u in units)
    if unit is not None and unit not in units:
        refuse(PlanEvent.REPORT, [Problem("/for_unit", "not_responsible", {"units": names})])
    registry.person(actor)
    holdings = registry.holdings(actor, today)
    held = {h.unit for h in holdings if h.seat in move.seats}
    asked = (unit,) if unit is not None else units
    own = next((u for u in asked if registry.present(u, today) in held), None)
    if own is not None:
        return office_of(registry, actor, registry.present(own, today), move, today), own
    there = registry.unit(registry.present(asked[0], today), today)
    level = Level(there.level) if there else Level.PROVINCE
    if desk.row.unit not in held:
        holder = Holder(Function.OFFICER, level)
        reason = Refusal(Code.ACTIVITY_OF_OTHER_UNIT, holder, {"unit": names})
        if not held:
            reason = Refusal(Code.FUNCTION_REQUIRED, holder, {"seats": move.seats, "holds": tuple(h.seat for h in holdings)})
        raise NotAllowed([reason], case=desk.row.code, event=move.event, state=None)
    if len(asked) > 1:
        refuse(PlanEvent.REPORT, [Problem("/for_unit", "which_unit", {"units": names, "codes": ", ".join(asked)})])
    office = office_of(registry, actor, desk.row.unit, move, today)
    return replace(office, actor=replace(office.actor, on_behalf_of=f"{Function.OFFICER}@{level}")), asked[0]


def officer_over(desk: Desk, place: str, actor: str, move: Move[Any, Any], today: date) -> Office:
    """An officer of the plan's unit, or of a unit in its territory that covers a place.

    Raises:
        NotFound, NotAllowed: As :func:`workflow.access.office_of`.
    """
    registry, unit = desk.world.registry, desk.row.unit
    for holding in registry.holdings(actor, today):
        within = registry.covers(unit, holding.unit, today) and registry.covers(holding.unit, place, today)
        if holding.seat in move.seats and (holding.unit == unit or within):
            return office_of(registry, actor, holding.unit, move, today)
    return office_of(registry, actor, unit, move, today)
