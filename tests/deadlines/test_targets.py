"""Targets: how each is counted, and what a figure means against it."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadlines.plan import Target, load_plans
from deadlines.targets import Counting, Verdict, bounds_of, counting_of, judge, suggested

PLANS = sorted((Path(__file__).parents[2] / "deadlines" / "data" / "plans").glob("*.toml"))
SHIPPED = [(path.stem, target) for path in PLANS for plan in load_plans(path.read_text("utf-8")) for target in plan.targets]
EXACT = Target(what="lớp", op="=", unit="class", value=4)
AT_LEAST = Target(what="sản phẩm", op=">=", unit="product", value=25)
RANGE = Target(what="nâng hạng", op="range", unit="product", min=6, max=8)
LEAST_RANGE = Target(what="sản phẩm mới", op=">= range", unit="product", min=25, max=30)
CEILING = Target(what="kinh phí", op="<=", unit="percent", value=12.5)


@pytest.mark.parametrize(("plan", "target"), SHIPPED, ids=[f"{plan}-{t.what[:30]}" for plan, t in SHIPPED])
def test_every_target_that_ships_says_how_it_is_counted_and_has_a_figure(plan, target):
    assert target.count in set(Counting)
    assert bounds_of(target) is not None


def test_the_plans_that_ship_have_these_targets():
    assert {plan for plan, _ in SHIPPED} == {"an-giang-2019", "an-giang-2020", "thai-nguyen-2020", "two-rounds-2021"}
    assert len(SHIPPED) == 17
    assert sum(counting_of(t) is Counting.STATED for _, t in SHIPPED) == 4


def test_the_words_of_a_plan_suggest_what_its_file_says_wherever_they_suggest_anything():
    differing = [(plan, t.what) for plan, t in SHIPPED if counting_of(t) is not suggested(t.what, t.unit, t.min_stars)]
    assert differing == [("an-giang-2019", "sản phẩm hàng hóa, dịch vụ được nâng cấp, hoàn thiện quy trình và tiêu chuẩn")]


@pytest.mark.parametrize(
    ("target", "figure", "verdict"),
    [
        (EXACT, None, Verdict.UNKNOWN),
        (EXACT, 3, Verdict.BELOW),
        (EXACT, 4, Verdict.MET),
        (EXACT, 5, Verdict.EXCEEDED),
        (AT_LEAST, Fraction(49, 2), Verdict.BELOW),
        (AT_LEAST, 25, Verdict.MET),
        (AT_LEAST, 99, Verdict.MET),
        (RANGE, 5, Verdict.BELOW),
        (RANGE, 6, Verdict.MET),
        (RANGE, 8, Verdict.MET),
        (RANGE, 9, Verdict.EXCEEDED),
        (LEAST_RANGE, 24, Verdict.BELOW),
        (LEAST_RANGE, 30, Verdict.MET),
        (LEAST_RANGE, 31, Verdict.EXCEEDED),
        (CEILING, Fraction(25, 2), Verdict.MET),
        (CEILING, 13, Verdict.OVER),
        (Target(what="x", op=">", unit="product", value=3), 3, Verdict.BELOW),
        (Target(what="x", op="<", unit="product", value=3), 3, Verdict.OVER),
        (Target(what="x", op=">=", unit="product"), 3, Verdict.UNKNOWN),
    ],
)
def test_a_figure_is_judged_by_the_words_of_the_target(target, figure, verdict):
    assert judge(target, None if figure is None else Fraction(figure)) is verdict


@given(st.sampled_from([EXACT, AT_LEAST, RANGE, LEAST_RANGE]), st.integers(0, 60), st.integers(0, 60))
def test_more_is_never_judged_worse(target, one, other):
    order = [Verdict.BELOW, Verdict.MET, Verdict.EXCEEDED]
    less, more = sorted((one, other))
    assert order.index(judge(target, Fraction(less))) <= order.index(judge(target, Fraction(more)))
