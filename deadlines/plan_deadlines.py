"""The lines of a plan: read against their plan, compared with each other and with the national terms, and read again for other years."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from deadlines.calendar import WorkingCalendar, midnight, vietnam_calendar
from deadlines.kinds import MANY_YEARS, Flag
from deadlines.phrases import Reading, in_order, read_phrase
from deadlines.plan_values import HORIZON_STAGE, NATIONAL, STAGE_ORDER, YEARLY, CyclePlan, PlanDeadline
from states.errors import CycleError, Problem
from states.vocabulary import Effect, Track

_NATIONAL_FILE = Path(__file__).parent / "data" / "plans" / "national-2026.toml"


class PlanDoesNotRecur(CycleError):
    """A plan without ``recurs = "yearly"`` was asked for another year. Detail: ``plan``."""

    code = "plan_does_not_recur"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A line as the file gives it; ``year`` and ``firm`` are None where it does not say."""

    stage: str
    round: int
    track: Track
    phrase: str
    year: int | None
    firm: bool | None
    actor: str
    activity: str
    no: str
    effect: Effect | None
    remarks: tuple[str, ...]
    place: str = ""
    figure: int | float | None = None
    unit: str = ""
    units: tuple[str, ...] = ()


def make_deadline(plan: CyclePlan, given: Given, calendar: WorkingCalendar) -> PlanDeadline:
    """Read one line against its plan. Raises PhraseMalformed and CalendarUnknown."""
    reading = _read(plan, given, calendar)
    armed = reading.armed and given.stage != HORIZON_STAGE
    flags = set(reading.flags)
    if given.stage == HORIZON_STAGE:
        flags.add(Flag.NOT_A_DUE_DATE)
        flags -= {Flag.LAST_DAY_IS_WEEKEND, Flag.LAST_DAY_IS_HOLIDAY, Flag.INTERVAL_BEGAN_BEFORE_SIGNING}
    recurs = plan.recurs == YEARLY and Flag.YEAR_NOT_IN_PHRASE in flags
    if recurs:
        flags.add(Flag.RECURS_YEARLY)
    last = reading.last_valid_day
    if last is not None and last.year > plan.year and reading.kind not in MANY_YEARS:
        if given.round > 0:
            flags.add(Flag.ROUND_FALLS_IN_NEXT_YEAR)
        if not recurs:
            flags.add(Flag.AFTER_PLAN_YEAR)
    return PlanDeadline(
        stage=given.stage,
        round=given.round,
        track=given.track,
        phrase=given.phrase,
        year=given.year if given.year is not None else plan.year,
        firm=given.firm if given.firm is not None else reading.firm,
        actor=given.actor,
        activity=given.activity,
        no=given.no,
        place=given.place,
        figure=given.figure,
        unit=given.unit,
        units=given.units,
        effect=given.effect,
        reading=reading,
        armed=armed,
        flags=in_order(flags),
        remarks=given.remarks,
    )


def _read(plan: CyclePlan, given: Given, calendar: WorkingCalendar) -> Reading:
    year = given.year if given.year is not None else plan.year

    def against(year: int) -> Reading:
        return read_phrase(given.phrase, year=year or None, signed=plan.doc_date, reading=plan.reading, calendar=calendar)

    reading = against(year)
    last = reading.last_valid_day
    if given.year and last is not None and last.year < given.year and Flag.YEAR_NOT_IN_PHRASE in reading.flags:
        # A line's year is that of its last permitted day, and "trước ngày 01/01" ends in the year before the one it names.
        later = against(year + 1)
        if later.last_valid_day is not None and later.last_valid_day.year == given.year:
            return later
    return reading


def settle(plan: CyclePlan) -> CyclePlan:
    """Add the flags that need the other lines or the national terms."""
    narrowest: dict[tuple[int, Track, str], datetime] = {}
    rounds_of: dict[tuple[str, Track, str], set[int]] = {}
    for line in plan.deadlines:
        rounds_of.setdefault((line.stage, line.track, line.phrase), set()).add(line.round)
        if line.round and line.cutoff is not None and line.armed:
            key = (line.round, line.track, line.stage)
            narrowest[key] = min(narrowest.get(key, line.cutoff), line.cutoff)
    national = _national_cutoffs(plan)
    settled = []
    for line in plan.deadlines:
        flags = set(line.flags)
        key = (line.round, line.track, line.stage)
        if line.round and line.armed and line.cutoff is not None and line.cutoff > narrowest[key]:
            flags.add(Flag.OVERRULED_BY_NARROWER_CUTOFF)
        if len(rounds_of[line.stage, line.track, line.phrase] - {0}) > 1:
            flags.add(Flag.ONE_PHRASE_TWO_ROUNDS)
        if line.cutoff is not None and line.armed and key in national and line.cutoff > national[key]:
            flags.add(Flag.OUTLASTS_NATIONAL_TERM)
        settled.append(replace(line, flags=in_order(flags)))
    return replace(plan, deadlines=tuple(settled))


def order_problems(deadlines: Iterable[tuple[int, PlanDeadline]], pointer: str) -> list[Problem]:
    """Lines of one round and track whose later stage ends before an earlier one, and lines that end before they begin.

    Of several cut-offs of one stage the narrowest counts. ``deadlines`` are (index in the file, line).
    """
    problems = []
    groups: dict[tuple[int, Track], dict[str, tuple[datetime, int]]] = {}
    detail: dict[str, object]
    for index, line in deadlines:
        if line.cutoff is None:
            continue
        if line.start is not None and line.cutoff <= line.start:
            detail = {"start": line.start.isoformat(), "cutoff": line.cutoff.isoformat(), "phrase": line.phrase}
            problems.append(Problem(f"{pointer}/{index}/phrase", "cutoff_before_start", detail))
        elif line.round and line.armed and line.stage in STAGE_ORDER[line.track]:
            stages = groups.setdefault((line.round, line.track), {})
            stages[line.stage] = min(stages.get(line.stage, (line.cutoff, index)), (line.cutoff, index))
    for (number, track), stages in groups.items():
        rank = STAGE_ORDER[track]
        for later, (cutoff, index) in stages.items():
            for earlier, (before, _) in stages.items():
                if rank[earlier] < rank[later] and cutoff < before:
                    detail = {
                        "round": number,
                        "stage": later,
                        "cutoff": cutoff.isoformat(),
                        "earlier_stage": earlier,
                        "earlier_cutoff": before.isoformat(),
                    }
                    problems.append(Problem(f"{pointer}/{index}/phrase", "cutoffs_contradict", detail))
    return problems


def for_year(plan: CyclePlan, year: int, calendar: WorkingCalendar | None = None) -> tuple[PlanDeadline, ...]:
    """The lines of a plan that recurs yearly, read again for the cycle that begins in ``year``.

    A date that fell in the year after the plan's stays one year after: the second central round of QĐ 26/2026 closes on 30/01. Lines
    whose words name a year do not recur and are left out.

    Raises:
        PlanDoesNotRecur: The plan has no ``recurs = "yearly"``.
        CalendarUnknown: The year lies outside the calendar's data.
    """
    if plan.recurs != YEARLY:
        raise PlanDoesNotRecur(plan=plan.id)
    shifted = replace(plan, year=year, deadlines=())
    lines = tuple(
        make_deadline(shifted, _given(line, year - plan.year), calendar or vietnam_calendar())
        for line in plan.deadlines
        if line.cutoff is None or Flag.YEAR_NOT_IN_PHRASE in line.flags
    )
    return settle(replace(shifted, deadlines=lines)).deadlines


def _given(line: PlanDeadline, years: int) -> Given:
    return Given(
        stage=line.stage,
        round=line.round,
        track=line.track,
        phrase=line.phrase,
        year=line.year + years if line.year else 0,
        firm=line.firm,
        actor=line.actor,
        activity=line.activity,
        no=line.no,
        effect=line.effect,
        remarks=line.remarks,
        place=line.place,
        figure=line.figure,
        unit=line.unit,
        units=line.units,
    )


def _national_cutoffs(plan: CyclePlan) -> dict[tuple[int, Track, str], datetime]:
    """The national terms that bind this plan's year: those that ended after the decision took effect."""
    if plan.level == NATIONAL:
        return {}
    national = national_plan()
    if plan.year < national.year or national.in_force is None:
        return {}
    force = midnight(national.in_force)
    return {
        (line.round, line.track, line.stage): line.cutoff
        for line in for_year(national, plan.year)
        if line.cutoff is not None and line.cutoff > force
    }


@cache
def national_plan() -> CyclePlan:
    """The rounds and clocks of QĐ 26/2026/QĐ-TTg, as a plan."""
    from deadlines.plan import load_plans  # noqa: PLC0415 - reading a file needs this module's lines first

    return load_plans(_NATIONAL_FILE.read_text(encoding="utf-8"))[0]
