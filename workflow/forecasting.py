"""Forecasts of rounds, and how far they were right: each forecast uses only what had been written down before its instant."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from states.case import RUNNING
from states.errors import MalformedInput, NotFound
from states.vocabulary import Stage, Track
from workflow.chances import Bottleneck, Chance, Expected, Outlook, bottlenecks, expected
from workflow.clock import Clock
from workflow.courses import MET_BY, Course, Step, Wait, courses, steps_in
from workflow.listing import every_case
from workflow.perform import Engine
from workflow.ports import CaseQuery, Store
from workflow.roundbook import ruling_dates
from workflow.rows import CaseRow, RoundRow

AHEAD = (30, 14, 7)
"""Days before a cut-off at which a finished round is forecast again, to be held against what happened."""

_BINS = (Fraction(1, 4), Fraction(3, 4))


@dataclass(frozen=True, slots=True)
class RoundForecast:
    """A round as it is expected to go.

    Attributes:
        at: Nothing recorded from this instant on was used.
        rehearsed: Whether it rests on a rehearsal, and so on nothing that really happened.
        dates: Expected misses by deadline; ``bottlenecks`` where they arise, the most first.
        chances: Of every member and deadline.
    """

    round: RoundRow
    at: datetime
    rehearsed: bool
    dates: tuple[Expected, ...]
    bottlenecks: tuple[Bottleneck, ...]
    chances: tuple[Chance, ...]


def only(found: RoundForecast, cases: Container[str]) -> RoundForecast:
    """The same forecast of some cases alone."""
    mine = [chance for chance in found.chances if chance.case in cases]
    return replace(found, dates=expected(mine), bottlenecks=bottlenecks(mine), chances=tuple(mine))


@dataclass(frozen=True, slots=True)
class Tested:
    """One forecast of a finished round, and what happened.

    Attributes:
        days: How many days before the cut-off it was made.
        forecast: What was said then; None of its deadlines where nobody had it to meet.
        missed: How many of the cases that something was said about did miss the date.
        brier: Mean of the squared differences between chance and outcome, 0 is perfect; ``nobody`` that of saying each time that nobody
            misses, ``rate`` that of knowing beforehand which share would: the best that one number for all can do.
        moved: Whether the date was another one when the forecast was made.
    """

    stage: Stage
    due_at: datetime
    days: int
    forecast: Expected
    missed: int
    brier: Fraction | None
    nobody: Fraction | None
    rate: Fraction | None
    moved: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Chances from ``low`` up to ``high``: how many, how many misses they add up to, and how many there were."""

    low: Fraction
    high: Fraction
    cases: int
    said: Fraction
    happened: int


@dataclass(frozen=True, slots=True)
class BackTest:
    """Forecasts of a finished round against what happened."""

    round: RoundRow
    rehearsed: bool
    tests: tuple[Tested, ...]
    bins: tuple[Bin, ...]

    @property
    def lean(self) -> str | None:
        """``over`` or ``under`` where more, or fewer, misses were said than there were, by over a tenth of the cases; else ``even``."""
        cases, said, happened = (sum(getattr(b, name) for b in self.bins) for name in ("cases", "said", "happened"))
        if not cases:
            return None
        off = said - happened
        return "even" if abs(off) * 10 <= cases else "over" if off > 0 else "under"


class Forecasts:
    """Forecasts rounds from the histories of a store."""

    def __init__(self, store: Store, clock: Clock, engine: Engine) -> None:
        """Read from a store, by a clock, with the registry that the engine knows."""
        self.store = store
        self.clock = clock
        self.engine = engine

    def round(self, code: str, at: datetime | None = None) -> RoundForecast:
        """Forecast who of a round will miss which of the dates ahead.

        Args:
            code: The round.
            at: As of this instant (the present if left out); whatever was recorded later is not looked at.

        Raises:
            NotFound: No such round.
            MalformedInput: ``instant_ahead``: nothing is known yet of that instant.
        """
        row, now = self._round(code), self.clock.now()
        if at is not None and at > now:
            raise MalformedInput("instant_ahead", at=at, now=now)
        known, at = at, at or now
        near = list(courses(self._steps(row), known))
        chances = self._chances(near, near, row, at)
        if row.track is Track.PROVINCIAL and any(c.chance is None for c in chances):
            chances = self._chances(near, courses(self._steps(row, wide=True), known), row, at)
        return RoundForecast(row, at, self.rehearsed, expected(chances), bottlenecks(chances), tuple(chances))

    def outlook(self, province: str | None, at: datetime) -> Outlook:
        """What waits say at an instant: those of a province, or of every one where it is None or has seen too few."""
        registry = self.engine.world(fresh=True).registry
        near = list(courses(self._steps_of(province)))
        found = Outlook(registry, _waits(near, at))
        if province is not None and any(c.chance is None for course in near for c in found.of(course, at)):
            return Outlook(registry, _waits(courses(self._steps_of(None)), at))
        return found

    @staticmethod
    def members(code: str, store: Store) -> Iterator[CaseRow]:
        """Cases of a round in a store that have not come to rest."""
        return every_case(store, CaseQuery(round=code, states=tuple(sorted(RUNNING))))

    def back_test(self, code: str) -> BackTest:
        """Forecast a round again as of 30, 14 and 7 days before each cut-off that has passed, and hold it against what happened.

        Raises:
            NotFound: No such round.
        """
        row = self._round(code)
        steps = list(self._steps(row))
        tests, pairs = self._tested(row, steps)
        if not pairs and row.track is Track.PROVINCIAL:
            tests, pairs = self._tested(row, list(self._steps(row, wide=True)))
        return BackTest(row, self.rehearsed, tuple(tests), tuple(_bins(pairs)))

    @property
    def rehearsed(self) -> bool:
        """Whether the histories are those of a rehearsal."""
        return self.store.get_meta("rehearsal") == "1"

    def _tested(self, row: RoundRow, steps: list[Step]) -> tuple[list[Tested], list[tuple[Fraction, bool]]]:
        ended = {course.case: course for course in courses(steps)}
        tests: list[Tested] = []
        pairs: list[tuple[Fraction, bool]] = []
        for stage, ruling in ruling_dates(self.store.stages(round=row.code), row.plan).items():
            cutoff = ruling.cutoff
            if stage not in MET_BY or cutoff is None or cutoff > self.clock.now():
                continue
            for days in AHEAD:
                at = cutoff - timedelta(days=days)
                then = list(courses(steps, at))
                chances = [c for c in self._chances(then, then, row, at) if c.due.stage is stage]
                tested, mine = _held_against(stage, cutoff, days, chances, ended)
                tests += [tested] if tested else []
                pairs += mine
        return tests, pairs

    def _chances(self, members: Iterable[Course], known: Iterable[Course], row: RoundRow, at: datetime) -> list[Chance]:
        outlook = Outlook(self.engine.world(fresh=True).registry, _waits(known, at))
        return [chance for course in members for chance in outlook.of(course, at, row.code)]

    def _steps(self, row: RoundRow, *, wide: bool = False) -> Iterator[Step]:
        """Acts of every case of the round's province, or of all."""
        return self._steps_of(None if wide or row.track is Track.CENTRAL else row.unit)

    def _steps_of(self, province: str | None) -> Iterator[Step]:
        """Acts of every case of a province, or of all, a page of histories at a time."""
        units = None if province is None else self.engine.world(fresh=True).registry.ever_below(province)
        return steps_in(self.store, (case.code for case in every_case(self.store, CaseQuery(units=units))))

    def _round(self, code: str) -> RoundRow:
        row = self.store.load_round(code)
        if row is None:
            raise NotFound(what="round", name=code)
        return row


def _waits(known: Iterable[Course], at: datetime) -> Iterator[Wait]:
    for course in known:
        yield from course.waits
        going_on = course.still_waiting(at)
        if going_on is not None:
            yield going_on


def _held_against(
    stage: Stage, cutoff: datetime, days: int, chances: list[Chance], ended: dict[str, Course]
) -> tuple[Tested | None, list[tuple[Fraction, bool]]]:
    """One forecast held against what became of its cases, and each chance with its outcome."""
    if not chances:
        return None, []
    pairs = [
        (c.chance, bool(c.due.round) and ended[c.case].passed(str(c.due.round), stage, cutoff)) for c in chances if c.chance is not None
    ]
    missed, count = sum(out for _, out in pairs), len(pairs)
    dates = expected(chances)
    rate = Fraction(missed, count) if count else None
    tested = Tested(
        stage=stage,
        due_at=cutoff,
        days=days,
        forecast=dates[0],
        missed=missed,
        brier=sum(((p - out) ** 2 for p, out in pairs), Fraction(0)) / count if count else None,
        nobody=rate,
        rate=rate * (1 - rate) if rate is not None else None,
        moved=any(c.due.at != cutoff for c in chances),
    )
    return tested, pairs


def _bins(pairs: list[tuple[Fraction, bool]]) -> Iterator[Bin]:
    """Chances sorted into low, middling and high ones."""
    edges = (Fraction(0), *_BINS, Fraction(1))
    for low, high in pairwise(edges):
        mine = [(p, out) for p, out in pairs if low <= p < high or (high == 1 and p == 1)]
        if mine:
            yield Bin(low, high, len(mine), sum((p for p, _ in mine), Fraction(0)), sum(out for _, out in mine))
