"""The chance that a case misses a deadline, from how long such waits have lasted, and what a round may expect. Pure; exact fractions.

A case that has still several stages before a date has to pass through all of them in time, and through every earlier date that would put it
off: whoever is lost at one date cannot be lost at a later one. There are no effects of queues in it: whether a council sits more often for
more dossiers is nowhere written down.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor, sqrt

from states.regime import local_date
from states.vocabulary import Effect, Level, Stage
from workflow.courses import WAITED_AT, Course, Due, Wait
from workflow.registry import Registry
from workflow.survival import Ground, Known, Pools

_ZERO, _ONE = Fraction(0), Fraction(1)
_DAY, _INSTANT = timedelta(days=1), timedelta(microseconds=1)
_EIGHT_IN_TEN = 1.2816
"""Half the width, in standard deviations, of a range that eight in ten of a normal distribution fall into."""

_SAME_WAIT = {Stage.COMMUNE_CHECK: Stage.COMMUNE_TO_PROVINCE}
"""Terms of the law that the same act meets as a stage of a round."""

_LOSES = frozenset({Effect.DEFER, Effect.SORT})
"""Effects after which a case no longer belongs to the round."""


@dataclass(frozen=True, slots=True)
class Chance:
    """How a case stands before one deadline.

    Attributes:
        at: The stage at which it waits, and since which local day.
        chance: That it misses this deadline, and no earlier one before; None where too little has been seen.
        certain: Whether the deadline has passed, so that nothing is forecast.
        arises: The chance by the stage at which the case is stuck then, and the unit whose work that is.
        ground: What it rests on, for the stage at which it waits.
    """

    case: str
    due: Due
    at: Stage
    since: date
    chance: Fraction | None
    certain: bool
    arises: tuple[tuple[Stage, str | None, Fraction], ...] = ()
    ground: Ground | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """The stages before a deadline: whose work each is, the last day on which each may end, and which are counted for this deadline."""

    law: str
    province: str | None
    stages: tuple[Stage, ...]
    units: tuple[str | None, ...]
    ends: tuple[date, ...]
    mine: tuple[bool, ...]


class Outlook:
    """Says of cases how likely they miss their deadlines, from one set of pools."""

    def __init__(self, registry: Registry, waits: Iterable[Wait]) -> None:
        """Rest on waits, with the units of the registry."""
        self._registry = registry
        self._units: dict[tuple[str, Level, date], str | None] = {}
        self.pools = Pools(
            waits,
            lambda wait: self.unit_at(wait.unit, WAITED_AT[wait.stage], wait.since),
            lambda wait: self.unit_at(wait.unit, Level.PROVINCE, wait.since),
        )
        self._ways: dict[tuple[_Way, int, date], tuple[Fraction, ...] | None] = {}

    def unit_at(self, unit: str, level: Level, day: date) -> str | None:
        """The unit of a level above a commune on a day."""
        key = (unit, level, day)
        if key not in self._units:
            self._units[key] = self._registry.at_level(unit, level, day)
        return self._units[key]

    def of(self, course: Course, at: datetime, round_: str | None = None) -> tuple[Chance, ...]:
        """The chances of a case at an instant, for the deadlines that run; of one round where it is named."""
        if course.since is None or not course.ahead:
            return ()
        dues: dict[Stage, Due] = {}
        for due in course.running():
            stage = _SAME_WAIT.get(due.stage, due.stage)
            if stage in course.ahead:
                dues.setdefault(stage, due)
        asked = [(stage, due) for stage, due in dues.items() if round_ in {None, due.round}]
        beside = [(_SAME_WAIT[due.stage], due) for due in course.running() if due.stage in _SAME_WAIT and round_ is None]
        asked += [(stage, due) for stage, due in beside if stage in course.ahead and (stage, due) not in asked]
        return tuple(self._chance(course, stage, due, dues, at) for stage, due in asked)

    def _chance(self, course: Course, stage: Stage, due: Due, dues: dict[Stage, Due], at: datetime) -> Chance:
        assert course.since is not None  # noqa: S101 - asked only of cases that wait
        here, since, today = course.ahead[0], course.since, local_date(at)
        way = self._way(course, stage, due, dues, today)
        if way.ends[0] < today:
            lost = _ONE if way.mine[0] else _ZERO
            return Chance(course.case, due, here, since, lost, certain=True, arises=((here, way.units[0], lost),) if lost else ())
        lasted = max(0, (today - since).days)
        known = self.pools.nearest(here, way.law, way.units[0], way.province, lasted, (way.ends[0] - since).days)
        found = self._lost(way, 0, since, lasted, known) if known else None
        if known is None or found is None:
            return Chance(course.case, due, here, since, None, certain=False)
        arises = tuple((s, u, p) for s, u, p in zip(way.stages, way.units, found, strict=True) if p)
        return Chance(course.case, due, here, since, sum(found, _ZERO), certain=False, arises=arises, ground=known.ground)

    def _way(self, course: Course, stage: Stage, due: Due, dues: dict[Stage, Due], today: date) -> _Way:
        stages = course.ahead[: course.ahead.index(stage) + 1]
        days = {s: local_date(d.at - _INSTANT) for s, d in dues.items() if s in stages and d.effect in _LOSES} | {
            stage: local_date(due.at - _INSTANT)
        }
        ends, mine = [], []
        for index in range(len(stages)):
            coming = [(days[s], number) for number, s in enumerate(stages) if number >= index and s in days]
            ends.append(min(coming)[0])
            mine.append(stages[min(coming)[1]] is stage)
        units = tuple(self.unit_at(course.unit, WAITED_AT[s], today) for s in stages)
        province = self.unit_at(course.unit, Level.PROVINCE, today)
        return _Way(course.regime, province, stages, units, tuple(ends), tuple(mine))

    def _lost(self, way: _Way, index: int, since: date, lasted: int, known: Known) -> tuple[Fraction, ...] | None:
        """The chance of being stuck at each stage of a way when its last day has passed, for a wait that has lasted so long."""
        curve, last = known.curve, (way.ends[index] - since).days
        alive = curve.longer(lasted - 1)
        lost = [_ZERO] * len(way.stages)
        lost[index] = (curve.longer(last) if last >= lasted else alive) / alive if way.mine[index] else _ZERO
        if index + 1 < len(way.stages) and curve.goes_on:
            for days, chance in curve.ends(lasted, last):
                then = self._entering(way, index + 1, since + timedelta(days=days))
                if then is None:
                    return None
                share = chance * curve.goes_on / alive
                for number, each in enumerate(then):
                    if each:
                        lost[number] += share * each
        return tuple(lost)

    def _entering(self, way: _Way, index: int, day: date) -> tuple[Fraction, ...] | None:
        """The same for a case that enters a stage on a day."""
        key = (way, index, day)
        if key not in self._ways:
            known = self.pools.nearest(way.stages[index], way.law, way.units[index], way.province)
            self._ways[key] = self._lost(way, index, day, 0, known) if known else None
        return self._ways[key]


@dataclass(frozen=True, slots=True)
class Expected:
    """How many of the cases before one deadline are expected to miss it.

    Attributes:
        cases: How many have it to meet; ``known`` those of which something can be said, ``certain`` those whose date has passed.
        count: The expected number among ``known``; None where nothing can be said.
        low, high: Eight in ten outcomes are expected from ``low`` to ``high``.
    """

    stage: Stage
    due_at: datetime
    effect: Effect
    cases: int
    known: int
    certain: int
    count: Fraction | None
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Where the most misses are expected to arise: cases stuck at a stage that is a unit's work."""

    stage: Stage
    unit: str | None
    count: Fraction


def expected(chances: Iterable[Chance]) -> tuple[Expected, ...]:
    """Chances added up by deadline, the earliest first."""
    groups: dict[tuple[datetime, Stage, Effect], list[Chance]] = defaultdict(list)
    for chance in chances:
        groups[chance.due.at, chance.due.stage, chance.due.effect].append(chance)
    return tuple(_expected(*key, found) for key, found in sorted(groups.items(), key=lambda pair: pair[0]))


def _expected(due_at: datetime, stage: Stage, effect: Effect, chances: list[Chance]) -> Expected:
    known = [c for c in chances if c.chance is not None]
    certain = sum(1 for c in known if c.certain and c.chance)
    if not known:
        return Expected(stage, due_at, effect, len(chances), 0, 0, None, 0, 0)
    count = sum((c.chance for c in known if c.chance is not None), _ZERO)
    open_ = [c for c in known if not c.certain]
    spread = _EIGHT_IN_TEN * sqrt(_variance(open_))
    low = max(certain, floor(float(count) - spread))
    high = min(certain + len(open_), ceil(float(count) + spread))
    return Expected(stage, due_at, effect, len(chances), len(known), certain, count, low, high)


def _variance(chances: list[Chance]) -> float:
    """Of the number of misses: the luck of each case, and what a pool of so few waits may be wrong by, for all that rest on it alike."""
    alone = sum(float(c.chance) * (1 - float(c.chance)) for c in chances if c.chance is not None)
    pools: dict[tuple[Stage, Ground | None], list[float]] = defaultdict(list)
    for c in chances:
        if c.chance is not None:
            pools[c.at, c.ground].append(float(c.chance))
    shared = 0.0
    for (_, ground), found in pools.items():
        seen = ground.told if ground else 1
        # One more of each kind than were seen, so that a pool in which nobody was late is not taken for a proof.
        rate = (sum(found) / len(found) * seen + 1) / (seen + 2)
        shared += len(found) ** 2 * rate * (1 - rate) / (seen + 2)
    return alone + shared


def bottlenecks(chances: Iterable[Chance]) -> tuple[Bottleneck, ...]:
    """Where expected misses arise, the most first."""
    sums: dict[tuple[Stage, str | None], Fraction] = defaultdict(Fraction)
    for chance in chances:
        for stage, unit, share in chance.arises:
            sums[stage, unit] += share
    found = (Bottleneck(stage, unit, count) for (stage, unit), count in sums.items() if count)
    return tuple(sorted(found, key=lambda b: (-b.count, b.stage, b.unit or "")))
