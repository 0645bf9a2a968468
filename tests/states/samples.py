"""Facts, terms and results that the tests of this room are made of."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from states.case import case_chart
from states.chart import START, Chart, State
from states.facts import LEVEL_OF, Facts, Held, Result, Term
from states.regime import REGIMES, Regime, local_midnight
from states.vocabulary import CaseKind, CaseState, Effect, Level, Stage

MOMENT = timedelta(milliseconds=1)
QD1048, QD148, QD1489, QD26 = REGIMES
CHARTS: dict[Regime, Chart] = {law: case_chart(law.id) for law in REGIMES}
DAY: dict[Regime, datetime] = {
    QD1048: local_midnight(2021, 5, 5),
    QD148: local_midnight(2024, 5, 5),
    QD1489: local_midnight(2025, 10, 5),
    QD26: local_midnight(2026, 8, 5),
}
"""An ordinary day under each regime."""

HELD = Held("CN-2021-3", 3, in_force=True, last_valid_day=date(2027, 7, 1))
MIDNIGHT = local_midnight(2021, 7, 10)
"""The end of Friday, 9 July 2021."""


def term(stage: Stage, due_at: datetime = MIDNIGHT, effect: Effect = Effect.DEFER, *, statutory: bool = False) -> Term:
    return Term(stage, due_at, effect, "trước ngày 10/7", "Kế hoạch số 1/KH-UBND", "AG-2021-1", statutory)


def result(mean: int | str, stars: int, missed: tuple[int, ...] = ()) -> Result:
    return Result(Fraction(mean), stars, missed)


def everywhere(law: Regime, given: Result) -> dict[Level, Result]:
    """The same result at every level that has a council."""
    return {level: given for level in LEVEL_OF.values() if level in law.levels}


def origins(law: Regime) -> tuple[CaseState, ...]:
    """The states of a regime in which a level handles a dossier, and so may return it for completion."""
    return tuple(state for state, level in LEVEL_OF.items() if level in law.levels)


def situations(law: Regime) -> Iterator[Facts]:
    """Plain and awkward circumstances under a regime: what a screen may have to explain."""
    at = DAY[law]
    counted = replace(term(Stage.COMMUNE_CHECK, at + timedelta(days=9), Effect.RECORD), round=None, span=True)
    passed = tuple(term(stage, at - timedelta(days=1)) for stage in Stage)
    yield Facts(at=at, regime=law)
    yield Facts(at=at, regime=law, joins="AG-1", next_round="AG-2", held=HELD)
    for mean, stars in (("45", 2), ("60", 3), ("75", 4), ("95", 5)):
        yield Facts(at=at, regime=law, results=everywhere(law, result(mean, stars)), joins="AG-1")
    yield Facts(at=at, regime=law, kind=CaseKind.UPGRADE, held=HELD, results=everywhere(law, result("60", 3)))
    yield Facts(at=at, regime=law, kind=CaseKind.REASSESSMENT, rival="AG-2021-0007", published=True)
    yield Facts(at=at, regime=law, terms=passed, next_round="AG-2")
    deferred = Facts(at=at, regime=law, origin=law.first_evaluation, missed=passed[5], joins="AG-2", next_round="AG-2")
    for left in CHARTS[law].states:
        yield replace(deferred, left=left)
    for origin in origins(law):
        yield replace(deferred, left=CaseState.RETURNED, origin=origin)
        yield Facts(at=at, regime=law, origin=origin)
        yield Facts(at=at, regime=law, origin=origin, terms=(counted, *passed))
        yield Facts(at=at, regime=law, origin=origin, suspended={counted.stage: at - timedelta(days=2)}, terms=passed)
        yield Facts(at=at, regime=law, origin=origin, expired={counted.stage: at}, terms=passed)
    yield replace(deferred, left=law.first_evaluation, round_closed=True)
    for level in law.levels:
        yield Facts(at=at, regime=law, recognised=level)
    yield Facts(at=at, regime=law, kind=CaseKind.REASSESSMENT, held=HELD, opens_at=at + timedelta(days=9), joins="AG-1")
    if Level.DISTRICT in law.levels:
        # Judged by the district alone; then sent down by the province, where the district's own result would have gone up.
        yield Facts(at=at, regime=law, results={Level.DISTRICT: result("75", 4)})
        yield Facts(at=at, regime=law, results={Level.DISTRICT: result("75", 4), Level.PROVINCE: result("60", 3)})
    yield Facts(at=at, regime=law, by_system=True, left=CaseState.RETURNED, origin=law.first_evaluation, terms=passed)
    for end in filter(None, (law.filed_before, law.evaluated_before, local_midnight(2025, 7, 2))):
        yield Facts(at=end, regime=law)


def places(chart: Chart) -> tuple[State, ...]:
    """Every state of a chart, and the one before it."""
    return (START, *chart.states)
