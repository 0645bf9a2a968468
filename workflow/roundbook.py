"""Rounds and plan deadlines at one epoch, and which of them a case can still join. Pure: built from rows, never fetched."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from states.vocabulary import Publication, RoundState, Stage, Track
from workflow.rows import PlanRow, RoundRow, StageRow


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
        by_round: dict[str, dict[Stage, StageRow]] = {}
        self._general: dict[str, list[StageRow]] = {}
        self.deadlines: dict[str, StageRow] = {row.id: row for row in stages}
        for row in stages:
            if row.round is None:
                if row.plan not in replaced:
                    self._general.setdefault(row.unit, []).append(row)
            elif row.cutoff is not None and row.stage in set(Stage) and (row.statutory or row.plan == plan_of.get(row.round)):
                mine, stage = by_round.setdefault(row.round, {}), Stage(row.stage)
                # Two limits for one round: the narrower rules.
                if stage not in mine or row.cutoff < (mine[stage].cutoff or row.cutoff):
                    mine[stage] = row
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
