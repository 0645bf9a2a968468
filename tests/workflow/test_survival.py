"""How long waits last: the product-limit estimate against counting, the nearest pool, and chains of stages against every combination."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadlines.calendar import midnight
from states.vocabulary import CaseState, Effect, Level, Stage, TermStatus
from workflow.chances import Chance, Outlook, bottlenecks, expected
from workflow.courses import Course, Due, Wait
from workflow.survival import ENOUGH, Curve, Ground, Pool, Pools

if TYPE_CHECKING:
    from workflow.registry import Registry

D, F, P = Stage.DISTRICT_EVAL, Stage.DISTRICT_TO_PROVINCE, Stage.PROVINCE_EVAL
DAY = date(2021, 5, 3)
LAW = "qd1048-2019"


def wait(  # noqa: PLR0913
    days: int, *, met: bool = True, stage: Stage = D, law: str = LAW, unit: str = "X1", went_on: bool = True
) -> Wait:
    return Wait("c", unit, law, stage, DAY, days, met=met, went_on=met and went_on)


class Units:
    """Two provinces with a district each: X1 below H1 and VS, Y1 below K1 and VT."""

    def at_level(self, unit: str, level: Level, day: date) -> str | None:
        above = {"X": ("H1", "VS"), "Z": ("H2", "VS"), "Y": ("K1", "VT")}[unit[0]]
        return {Level.COMMUNE: unit, Level.DISTRICT: above[0], Level.PROVINCE: above[1], Level.CENTRE: "TW"}[level]


UNITS = cast("Registry", Units())


@given(days=st.lists(st.integers(0, 40), min_size=1, max_size=30), asked=st.integers(-1, 45))
def test_without_unfinished_waits_the_estimate_is_plain_counting(days: list[int], asked: int):
    curve = Curve([wait(d) for d in days])
    assert curve.longer(asked) == Fraction(sum(d > asked for d in days), len(days))
    assert sum((p for _, p in curve.ends(0, asked)), Fraction(0)) == 1 - curve.longer(asked) if asked >= 0 else True


def test_unfinished_waits_count_for_as_long_as_they_were_seen():
    """The remission times of the six-mercaptopurine trial (Freireich and others, 1963), the textbook example of the estimate."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    going_on = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = Curve([*(wait(d) for d in ended), *(wait(d, met=False) for d in going_on)])
    known = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for day, value in known.items():
        assert round(float(curve.longer(day)), 3) == value
    assert curve.longer(100) == curve.longer(23), "beyond what was seen nothing is known to end"
    assert curve.longer(5) == 1
    assert curve.met == 9
    assert (curve.told(0, 100), curve.told(11, 19), curve.told(24, 30)) == (9, 11, 4)


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=25))
def test_the_chance_of_lasting_longer_never_rises_and_is_a_chance(seen: list[tuple[int, bool]]):
    curve = Curve([wait(days, met=met) for days, met in seen])
    left = [curve.longer(day) for day in range(-1, 35)]
    assert left == sorted(left, reverse=True)
    assert left[0] == 1
    assert all(0 <= p <= 1 for p in left)


def pools(waits: Sequence[Wait]) -> Pools:
    outlook = Outlook(UNITS, waits)
    return outlook.pools


def test_the_nearest_pool_with_enough_finished_waits_rules_and_is_named():
    near = [wait(5) for _ in range(ENOUGH)]
    same_province = [wait(6, unit="Z1") for _ in range(ENOUGH)]
    elsewhere = [wait(7, unit="Y1") for _ in range(ENOUGH)]
    other_rules = [wait(8, law="qd148-2023") for _ in range(ENOUGH)]
    asked: Any = {"stage": D, "law": LAW, "unit": "H1", "province": "VS"}

    def nearest(*waits: Wait) -> Ground | None:
        found = pools(waits).nearest(**asked)
        return found.ground if found else None

    assert nearest(*near, *same_province, *elsewhere) == Ground(Pool.UNIT, 10, 10)
    assert nearest(*near[1:], *same_province, *elsewhere) == Ground(Pool.PROVINCE, 19, 19)
    assert nearest(*near[1:], *elsewhere) == Ground(Pool.COUNTRY, 19, 19)
    assert nearest(*near[1:], *other_rules) == Ground(Pool.PROVINCE_ANY_RULES, 19, 19)
    assert nearest(*near[6:], *elsewhere[:3], *(wait(9, law="qd148-2023", unit="Y1") for _ in range(4))) == Ground(
        Pool.COUNTRY_ANY_RULES, 11, 11
    )
    assert nearest(*near[1:]) is None
    assert nearest(*near[1:], *(wait(3, met=False) for _ in range(50))) is None, "unfinished waits alone say nothing"
    assert nearest(*(wait(5, stage=P) for _ in range(50))) is None, "of another stage"


def test_a_pool_in_which_nobody_waited_so_long_says_nothing_about_how_it_goes_on():
    known = pools([wait(5) for _ in range(20)])
    assert known.nearest(D, LAW, "H1", "VS", lasted=5, until=20) is not None
    assert known.nearest(D, LAW, "H1", "VS", lasted=6, until=20) is None
    waiting = pools([*(wait(5) for _ in range(20)), *(wait(40, met=False) for _ in range(20))])
    assert waiting.nearest(D, LAW, "H1", "VS", lasted=6, until=30) is not None
    assert waiting.nearest(D, LAW, "H1", "VS", lasted=6, until=45) is None, "they were not seen beyond that"


# Chains of stages.


def course(ahead: tuple[Stage, ...], dues: dict[Stage, tuple[int, Effect]], since: int = 0) -> Course:
    """A case that waits since some days after DAY; deadlines are last valid days, counted from DAY."""
    made = Course("c", "X1", LAW, CaseState.DISTRICT_EVALUATION, ahead=ahead, since=DAY + timedelta(days=since))
    for stage, (day, effect) in dues.items():
        due = Due(str(stage), stage, "R", effect, midnight(DAY + timedelta(days=day + 1)))
        made.terms[due.id] = (due, TermStatus.RUNNING)
    return made


@given(
    first=st.lists(st.integers(0, 12), min_size=10, max_size=14),
    second=st.lists(st.integers(0, 3), min_size=10, max_size=12),
    third=st.lists(st.integers(0, 12), min_size=10, max_size=12),
    goes_on=st.integers(0, 10),
    lasted=st.integers(0, 4),
    cutoffs=st.tuples(st.integers(0, 20), st.integers(0, 25)),
    effects=st.tuples(st.sampled_from(Effect), st.sampled_from(Effect)),
)
def test_the_chance_of_each_miss_is_what_every_combination_of_waits_gives(  # noqa: PLR0913
    first: list[int],
    second: list[int],
    third: list[int],
    goes_on: int,
    lasted: int,
    cutoffs: tuple[int, int],
    effects: tuple[Effect, Effect],
):
    on_first = [number < goes_on or number >= 10 for number in range(len(first))]
    waits = [wait(d, went_on=on) for d, on in zip(first, on_first, strict=True)]
    waits += [wait(d, stage=F) for d in second] + [wait(d, stage=P) for d in third]
    dues = {D: (cutoffs[0], effects[0]), P: (cutoffs[1], effects[1])}
    now = midnight(DAY + timedelta(days=lasted))
    found = {c.due.stage: c for c in Outlook(UNITS, waits).of(course((D, F, P), dues), now)}
    share = Fraction(sum(on_first), len(first))
    for stage, (mine, _) in dues.items():
        if found[stage].chance is None:
            assert sum(d >= lasted for d in first) < 5
            continue
        if found[stage].certain:
            continue
        binding = {s: day for s, (day, effect) in dues.items() if effect is not Effect.RECORD or s is stage}
        if stage is D:
            binding.pop(P, None)
        assert found[stage].chance == counted(stage, mine, binding, [d for d in first if d >= lasted], second, third, share)


def counted(  # noqa: PLR0913
    stage: Stage, mine: int, binding: dict[Stage, int], first: list[int], second: list[int], third: list[int], share: Fraction
) -> Fraction:
    """The chance that the first date that a case misses is this one, over every combination."""
    lost = Fraction(0)
    if stage is D:
        return Fraction(sum(d > mine for d in first), len(first))
    for a, b, c in product(first, second, third):
        ends = {D: a, F: a + b, P: a + b + c}
        missed = sorted((binding[s], s is not D, s) for s in binding if ends[s] > binding[s])
        if missed and missed[0][2] is P:
            # Stuck already at the first stage when the date comes, or only where its result is sent up.
            lost += 1 if ends[D] > mine else share
    return lost / (len(first) * len(second) * len(third))


def test_a_date_that_has_passed_is_no_forecast():
    (chance,) = Outlook(UNITS, []).of(course((D,), {D: (5, Effect.DEFER)}), midnight(DAY + timedelta(days=6)))
    assert (chance.chance, chance.certain, chance.arises) == (Fraction(1), True, ((D, "H1", Fraction(1)),))
    (chance,) = Outlook(UNITS, []).of(course((D,), {D: (5, Effect.DEFER)}), midnight(DAY + timedelta(days=5)))
    assert (chance.chance, chance.certain) == (None, False)


def test_whoever_is_lost_at_one_date_is_not_lost_at_a_later_one():
    waits = [wait(30) for _ in range(10)] + [wait(1, stage=F) for _ in range(10)] + [wait(1, stage=P) for _ in range(10)]
    found = Outlook(UNITS, waits).of(course((D, F, P), {D: (10, Effect.DEFER), P: (20, Effect.DEFER)}), midnight(DAY))
    assert [(c.due.stage, c.chance) for c in found] == [(D, Fraction(1)), (P, Fraction(0))]
    recorded = Outlook(UNITS, waits).of(course((D, F, P), {D: (10, Effect.RECORD), P: (20, Effect.DEFER)}), midnight(DAY))
    assert [(c.due.stage, c.chance) for c in recorded] == [(D, Fraction(1)), (P, Fraction(1))], (
        "a breach that is only recorded loses nobody"
    )


def test_the_bottleneck_is_where_a_case_is_stuck_when_its_date_comes():
    waits = [wait(30) for _ in range(10)] + [wait(1, stage=F) for _ in range(10)] + [wait(1, stage=P) for _ in range(10)]
    found = Outlook(UNITS, waits).of(course((D, F, P), {P: (20, Effect.DEFER)}), midnight(DAY))
    assert [(b.stage, b.unit, b.count) for b in bottlenecks(found)] == [(D, "H1", Fraction(1))]


def chance(value: Fraction | None, *, certain: bool = False, told: int = 20) -> Chance:
    due = Due("t", D, "R", Effect.DEFER, datetime(2021, 7, 9, 17, tzinfo=UTC))
    return Chance("c", due, D, DAY, value, certain, (), Ground(Pool.UNIT, told, told))


def test_what_is_expected_of_many_has_a_range_that_holds_the_certain_ones_and_says_of_whom_nothing_is_known():
    (found,) = expected([chance(Fraction(1), certain=True), *(chance(Fraction(1, 4)) for _ in range(20)), chance(None)])
    assert (found.cases, found.known, found.certain, found.count) == (22, 21, 1, Fraction(6))
    assert 1 <= found.low < 6 < found.high <= 21
    (wider,) = expected(chance(Fraction(1, 4), told=5) for _ in range(20))
    (narrower,) = expected(chance(Fraction(1, 4), told=500) for _ in range(20))
    assert wider.high - wider.low > narrower.high - narrower.low, "a small pool may be wrong for everybody at once"
    (never,) = expected(chance(Fraction(0), told=5) for _ in range(20))
    assert (never.count, never.low) == (Fraction(0), 0)
    assert never.high > 0, "five who were in time are no proof"
    (unknown,) = expected([chance(None)])
    assert (unknown.count, unknown.known) == (None, 0)


@pytest.mark.parametrize("days", [0, 1, 40])
def test_a_wait_that_has_just_begun_is_not_yet_seen(days: int):
    going_on = course((D,), {}, since=0).still_waiting(midnight(DAY + timedelta(days=days)))
    assert going_on is not None
    assert (going_on.days, going_on.met) == (days - 1, False)
