"""Targets of a plan: how each is counted, and whether a figure reaches it. Pure; the counting itself needs the histories.

A target that names a count is counted so; otherwise a count is suggested from its unit and its words, and shown, so that a person may choose
another. What nothing counts is asked of a person. See decision 0018.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from states.forms import WORK_UNITS

if TYPE_CHECKING:
    from deadlines.plan_values import Target


class Counting(StrEnum):
    """How a target's figure comes about."""

    REGISTERED = "registered"
    EVALUATED = "evaluated"
    EACH_DISTRICT = "each_district"
    RECOGNISED = "recognised"
    NEW_RECOGNISED = "new_recognised"
    UPGRADED = "upgraded"
    KEPT = "kept"
    NOMINATED = "nominated"
    PRODUCERS = "producers"
    SUPPORTED = "supported"
    FIGURES = "figures"
    STATED = "stated"


class Verdict(StrEnum):
    """What a figure means against its target."""

    UNKNOWN = "unknown"
    BELOW = "below"
    MET = "met"
    EXCEEDED = "exceeded"
    OVER = "over"


_WORDS = (
    ("nâng hạng", Counting.UPGRADED),
    ("hỗ trợ", Counting.SUPPORTED),
    ("duy trì", Counting.KEPT),
    ("giữ vững", Counting.KEPT),
    ("cấp quốc gia", Counting.NOMINATED),
    ("cấp trung ương", Counting.NOMINATED),
    ("tham gia đánh giá", Counting.EVALUATED),
    ("đăng ký", Counting.REGISTERED),
)

_BY_UNIT = {
    "product per district": Counting.EACH_DISTRICT,
    "producer": Counting.PRODUCERS,
    **dict.fromkeys(WORK_UNITS, Counting.FIGURES),
}


def suggested(what: str, unit: str, min_stars: int | None) -> Counting:
    """The count that a target's unit and words suggest.

    Args:
        what: The target in the plan's words.
        unit: Its unit.
        min_stars: The least number of stars it asks for, if it does.
    """
    if unit in _BY_UNIT:
        return _BY_UNIT[unit]
    words = what.casefold()
    ranked = Counting.NEW_RECOGNISED if "sản phẩm mới" in words else Counting.RECOGNISED
    by_words = (counting for phrase, counting in _WORDS if phrase in words)
    usual = ranked if min_stars is not None else Counting.STATED
    return next(by_words, usual) if unit == "product" else Counting.STATED


def counting_of(target: "Target") -> Counting:
    """How a target is counted: as its file says, else as its words suggest."""
    return Counting(target.count) if target.count else suggested(target.what, target.unit, target.min_stars)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a target asks for: at least ``low``, at most ``high``; where ``strict``, neither bound itself will do."""

    low: Fraction | None
    high: Fraction | None
    strict: bool = False
    ceiling: bool = False


def bounds_of(target: "Target") -> Bounds | None:
    """The bounds of a target; None where its file gives no figure.

    ``=`` is a figure to reach, and more than it is more than was asked; a range has an upper end that may be passed likewise; only ``<=`` and
    ``<`` forbid to go beyond.
    """
    value = None if target.value is None else Fraction(str(target.value))
    low = value if target.min is None else Fraction(str(target.min))
    high = value if target.max is None else Fraction(str(target.max))
    if low is None and high is None:
        return None
    match target.op:
        case "<=" | "<":
            return Bounds(None, high, target.op == "<", ceiling=True)
        case ">=" | ">":
            return Bounds(low, None, target.op == ">")
    return Bounds(low, high)


def judge(target: "Target", actual: Fraction | None) -> Verdict:
    """What an actual figure means against a target."""
    bounds = bounds_of(target)
    if actual is None or bounds is None:
        return Verdict.UNKNOWN
    if bounds.ceiling:
        within = bounds.high is None or actual < bounds.high or (actual == bounds.high and not bounds.strict)
        return Verdict.MET if within else Verdict.OVER
    if bounds.low is not None and (actual < bounds.low or (actual == bounds.low and bounds.strict)):
        return Verdict.BELOW
    more = bounds.high is not None and actual > bounds.high
    return Verdict.EXCEEDED if more else Verdict.MET
