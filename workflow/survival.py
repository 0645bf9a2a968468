"""How long things last, from what was seen of them, finished or not: the product-limit estimate in exact fractions. Pure.

Kaplan and Meier, Nonparametric estimation from incomplete observations (1958). Beyond the longest observation nothing is known to have
ended, so the estimate stays where it is: it errs on the side of waiting longer.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from states.vocabulary import Stage
from workflow.courses import Wait

ENOUGH = 10
"""Finished waits without which a pool says nothing."""

ENOUGH_LEFT = 5
"""Waits that lasted as long as this one and then are known to have ended, or not to have, without which a pool does not say how it goes on."""

_ONE = Fraction(1)


class Curve:
    """The chance that a wait lasts longer than so many days."""

    def __init__(self, waits: Iterable[Wait]) -> None:
        """Estimate from waits, the unfinished ones among them."""
        finished: Counter[int] = Counter()
        unfinished: Counter[int] = Counter()
        went_on = 0
        for wait in waits:
            (finished if wait.met else unfinished)[wait.days] += 1
            went_on += wait.went_on
        self.met = finished.total()
        self.goes_on = Fraction(went_on, self.met) if self.met else _ONE
        """Share of finished waits after which the case had another stage to meet."""
        self._seen = sorted((*finished.elements(), *unfinished.elements()))
        self._finished = sorted(finished.elements())
        self._unfinished = sorted(unfinished.elements())
        self._days = sorted(finished)
        self._left: list[Fraction] = []
        left = _ONE
        for day in self._days:
            at_risk = len(self._seen) - bisect_left(self._seen, day)
            left *= Fraction(at_risk - finished[day], at_risk)
            self._left.append(left)

    def told(self, lasted: int, until: int) -> int:
        """How many waits that lasted so long are known to have ended some day, or to have gone on beyond ``until`` days."""
        ended = len(self._finished) - bisect_left(self._finished, lasted)
        return ended + len(self._unfinished) - bisect_left(self._unfinished, max(lasted, until))

    def longer(self, days: int) -> Fraction:
        """The chance that a wait lasts longer than so many days."""
        index = bisect_right(self._days, days)
        return self._left[index - 1] if index else _ONE

    def ends(self, first: int, last: int) -> Iterable[tuple[int, Fraction]]:
        """Days from ``first`` to ``last`` on which waits ended, with the chance of each."""
        for index in range(bisect_left(self._days, first), bisect_right(self._days, last)):
            yield self._days[index], (self._left[index - 1] if index else _ONE) - self._left[index]


class Pool(StrEnum):
    """Which waits a forecast rests on, the nearest first."""

    UNIT = "unit"
    PROVINCE = "province"
    COUNTRY = "country"
    PROVINCE_ANY_RULES = "province_any_rules"
    COUNTRY_ANY_RULES = "country_any_rules"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a chance rests on: which pool, how many finished waits it has, and of how many that lasted as long it is known how they went on."""

    pool: Pool
    met: int
    told: int


@dataclass(frozen=True, slots=True)
class Known:
    """A curve and the ground that it gives."""

    curve: Curve
    ground: Ground


class Pools:
    """Waits by stage, rules and unit, and the nearest pool that has seen enough."""

    def __init__(self, waits: Iterable[Wait], unit_of: Callable[[Wait], str | None], province_of: Callable[[Wait], str | None]) -> None:
        """Sort waits.

        Args:
            waits: Finished ones and others.
            unit_of: The unit whose work a wait is.
            province_of: The province of its case.
        """
        self._waits: dict[tuple[str | None, ...], list[Wait]] = {}
        for wait in waits:
            if wait.days < 0 and not wait.met:
                continue  # Nothing has been seen of it.
            stage, law = str(wait.stage), wait.regime
            unit, province = unit_of(wait), province_of(wait)
            for key in _keys(stage, law, unit, province):
                self._waits.setdefault(key, []).append(wait)
        self._curve = lru_cache(maxsize=None)(lambda key: Curve(self._waits.get(key, ())))

    def nearest(  # noqa: PLR0913
        self, stage: Stage, law: str, unit: str | None, province: str | None, lasted: int = 0, until: int = 0
    ) -> Known | None:
        """The nearest pool that says whether a wait that has lasted ``lasted`` days lasts beyond ``until``; None where none does."""
        for pool, key in zip(Pool, _keys(str(stage), law, unit, province), strict=True):
            curve = self._curve(key)
            told = curve.told(lasted, until)
            if curve.met >= ENOUGH and told >= ENOUGH_LEFT and curve.longer(lasted - 1) > 0:
                return Known(curve, Ground(pool, curve.met, told))
        return None


def _keys(stage: str, law: str, unit: str | None, province: str | None) -> tuple[tuple[str | None, ...], ...]:
    return (
        (stage, law, "unit", unit),
        (stage, law, "province", province),
        (stage, law),
        (stage, "any", "province", province),
        (stage,),
    )
