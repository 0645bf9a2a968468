"""Rounds and plan deadlines at one epoch, and which of them a case can still join. Pure: built from rows, never fetched."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from states.vocabulary import Publication, RoundState, Stage, Track
from workflow.rows import PlanRow, RoundRow, StageRow

REDATED = "re-dated"
"""Flag of a deadline that a later paper re-dated: kept for the record, it binds nobody any more."""

EXCEPTED = "national-exception"
"""Flag of a deadline later than the national term that rules by a written exception; its number stands in the source."""


class Standing(StrEnum):
    """Why one of several dates for a stage rules, or why it gives way."""

    ALONE = "alone"
    NARROWER = "narrower"
    NATIONAL_TERM = "national_term"
    LATER_PLAN = "later_plan"
    NEW_DATE = "new_date"
    EXCEPTION = "exception"
    WIDER = "wider"
    OUTLASTS_NATIONAL = "outlasts_national"
    EARLIER_PLAN = "earlier_plan"
    REDATED = "redated"
    EXCEPTED = "excepted"
    NO_DATE = "no_date"
    # Of a single case: counted from an act, or set by a paper of its own.
    BY_LAW = "by_law"
    LATE_DOOR = "late_door"
    EXTENDED = "extended"
    SHIFTED = "shifted"
    BEFORE_EXTENSION = "before_extension"
    BEFORE_SUSPENSION = "before_suspension"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Weighed:
    """The deadline that rules among several for one stage (None where none binds), and the standing of each by id."""

    ruling: StageRow | None
    standing: dict[str, Standing]


def weigh(rows: Iterable[StageRow], plans: Collection[str]) -> Weighed:
    """Weigh the deadlines of one stage of one round, or of the plans of a unit as a whole.

    A re-dated one gives way to the new date and one of an earlier plan to the plan that the round now belongs to. The national term binds
    from outside: an earlier date of a plan rules, a later one only by a written exception. Among what is left the narrower rules.

    Args:
        rows: The deadlines, those of replaced plans included.
        plans: Codes of the plans that bind: the one that the round belongs to, or those that are published.
    """
    rows = list(rows)
    standing: dict[str, Standing] = {}
    for row in rows:
        if row.cutoff is None:
            standing[row.id] = Standing.NO_DATE
        elif REDATED in row.flags:
            standing[row.id] = Standing.REDATED
        elif not row.statutory and row.plan not in plans:
            standing[row.id] = Standing.EARLIER_PLAN
    # Rows without a cut-off were set aside above.
    live = [row for row in rows if row.id not in standing]
    excepted = [row for row in live if EXCEPTED in row.flags]
    if excepted:
        standing |= {row.id: Standing.EXCEPTED for row in live if row.statutory}
        live = [row for row in live if not row.statutory]
    ruling = min(live, key=_end, default=None)
    for row in live:
        if row is not ruling:
            outlasts = ruling is not None and ruling.statutory and not row.statutory
            standing[row.id] = Standing.OUTLASTS_NATIONAL if outlasts else Standing.WIDER
    if ruling is not None:
        standing[ruling.id] = _reason(ruling, set(standing.values()))
    return Weighed(ruling, standing)


def ruling_dates(rows: Iterable[StageRow], plan: str) -> dict[Stage, StageRow]:
    """The deadline that rules for each stage of one round of a plan, the earliest first."""
    groups: dict[Stage, list[StageRow]] = {}
    for row in rows:
        if row.stage in set(Stage):
            groups.setdefault(Stage(row.stage), []).append(row)
    ruling = [(stage, found) for stage, group in groups.items() if (found := weigh(group, {plan}).ruling) is not None]
    return dict(sorted(ruling, key=lambda pair: (_end(pair[1]), pair[0])))


def _end(row: StageRow) -> datetime:
    assert row.cutoff is not None  # noqa: S101 - only dates are compared
    return row.cutoff


def _reason(ruling: StageRow, others: set[Standing]) -> Standing:
    """Why a date rules, the weightiest reason first."""
    if ruling.statutory and Standing.OUTLASTS_NATIONAL in others:
        return Standing.NATIONAL_TERM
    if Standing.EXCEPTED in others:
        return Standing.EXCEPTION
    if Standing.WIDER in others:
        return Standing.NARROWER
    if Standing.REDATED in others:
        return Standing.NEW_DATE
    return Standing.LATER_PLAN if Standing.EARLIER_PLAN in others else Standing.ALONE


@dataclass(frozen=True, slots=True)
class OpenRound:
    """A round with its narrowest deadline for each stage."""

    row: RoundRow
    stages: dict[Stage, StageRow]

    def ahead(self, needed: Collection[Stage], at: datetime) -> bool:
        """Whether the round has at least one of the stages that a case must still meet, and every one of those lies ahead."""
        mine = [self.stages[s] for s in needed if s in self.stages]
        return bool(mine) and all(d.cutoff is not None and at < d.cutoff for d in mine)

    def first(self, needed: Collection[Stage]) -> datetime:
        """The earliest cut-off among stages; the sort key of rounds."""
        return min(d.cutoff for s in needed if (d := self.stages.get(s)) and d.cutoff)


class RoundBook:
    """All rounds that are not closed, and deadlines of plans without a round."""

    def __init__(self, rounds: Sequence[RoundRow], stages: Sequence[StageRow], plans: Sequence[PlanRow] = ()) -> None:
        """Index rows.

        Args:
            rounds: Rounds of every unit.
            stages: Deadlines of published plans, and of the law.
            plans: Plans; deadlines of one that a later plan replaced no longer bind anybody.
        """
        replaced = {plan.code for plan in plans if plan.state is Publication.REPLACED}
        plan_of = {row.code: row.plan for row in rounds}
        groups: dict[tuple[str, Stage], list[StageRow]] = {}
        self._general: dict[str, list[StageRow]] = {}
        self.deadlines: dict[str, StageRow] = {row.id: row for row in stages}
        for row in stages:
            if row.round is None:
                if row.plan not in replaced:
                    self._general.setdefault(row.unit, []).append(row)
            elif row.stage in set(Stage):
                groups.setdefault((row.round, Stage(row.stage)), []).append(row)
        by_round: dict[str, dict[Stage, StageRow]] = {}
        for (code, stage), group in groups.items():
            ruling = weigh(group, {plan_of.get(code, "")}).ruling
            if ruling is not None:
                by_round.setdefault(code, {})[stage] = ruling
        self._rounds = {row.code: OpenRound(row, by_round.get(row.code, {})) for row in rounds}

    def get(self, code: str) -> OpenRound | None:
        """A round, whatever its state; None where there is none."""
        return self._rounds.get(code)

    def is_closed(self, code: str | None) -> bool:
        """Whether this is a closed round."""
        found = self._rounds.get(code) if code else None
        return found is not None and found.row.state is RoundState.CLOSED

    def joinable(self, unit: str, track: Track, needed: Collection[Stage], at: datetime) -> tuple[OpenRound, ...]:
        """Open rounds of a unit in which every needed stage lies ahead, the earliest first."""
        found = [
            r
            for r in self._rounds.values()
            if r.row.unit == unit and r.row.track is track and r.row.state is RoundState.OPEN and r.ahead(needed, at)
        ]
        return tuple(sorted(found, key=lambda r: (r.first(needed), r.row.code)))

    def general(self, unit: str, stage: Stage, year: int) -> StageRow | None:
        """The deadline of a unit's plan for a stage without a round, in a year; the narrowest."""
        found = [row for row in self._general.get(unit, ()) if row.stage == stage and row.cutoff is not None and row.plan_year == year]
        return min(found, key=lambda row: (row.cutoff, row.id), default=None)
