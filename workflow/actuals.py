"""What a plan's targets have reached: counted where it can be counted, stated by a person where not, never guessed. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from deadlines.plan import Target
from deadlines.targets import Counting, Verdict, judge
from states.vocabulary import CaseKind, Level
from workflow.activities import answering, reached
from workflow.passages import Kept, Passage
from workflow.plandesk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """A target and what it has reached.

    Attributes:
        number: From 1, in the plan's order.
        figure: None where nothing was counted or stated.
        of: What a part is a part of, for recognised products kept; None otherwise.
        members: Codes behind the figure: products, producers, districts with their counts, numbers of activities or of entries.
        evidence: Number of the entry that states it; None where it is counted.
    """

    number: int
    target: Target
    counting: Counting
    kinds: tuple[str, ...]
    figure: Fraction | None
    verdict: Verdict
    of: int | None = None
    members: tuple[str, ...] = ()
    evidence: int | None = None


def actuals(desk: Desk, found: Sequence[Passage], held: Kept, districts: Sequence[str]) -> list[Actual]:
    """Every target of a plan with its figure.

    Args:
        desk: The plan, its book as of the instant that is asked for.
        found: The cases that count for it.
        held: Recognised products kept.
        districts: Districts of the territory then, each of which a target may ask something of.
    """
    return [_actual(desk, number, found, held, districts) for number in range(1, len(desk.plan.targets) + 1)]


def _actual(desk: Desk, number: int, found: Sequence[Passage], held: Kept, districts: Sequence[str]) -> Actual:
    target = desk.plan.targets[number - 1]
    counting, kinds = desk.counting(number)
    if counting is Counting.STATED:
        said = desk.book.statements.get(number)
        figure = said.figure if said else None
        return _made(number, target, counting, kinds, figure, evidence=said.seq if said else None)
    if counting is Counting.FIGURES:
        return _figures(desk, number, target)
    if counting is Counting.SUPPORTED:
        products = {s.product for s in desk.book.supports.values() if s.product and (not kinds or s.kind in kinds)}
        return _counted(number, target, counting, kinds, products)
    if counting is Counting.KEPT:
        share = Fraction(100 * len(held.still), len(held.before)) if held.before else None
        figure = share if target.unit == "percent" else Fraction(len(held.still))
        return _made(number, target, counting, kinds, figure, members=held.still, of=len(held.before))
    if counting is Counting.EACH_DISTRICT:
        per = Counter(dict.fromkeys(districts, 0))
        per.update(p.district for p in _of_round(found, target) if p.district and Level.PROVINCE in p.evaluated)
        least = Fraction(min(per.values())) if per else None
        return _made(number, target, counting, kinds, least, members=tuple(f"{d}: {n}" for d, n in sorted(per.items())))
    return _counted(number, target, counting, kinds, _codes(counting, target, _of_round(found, target)))


def _of_round(found: Sequence[Passage], target: Target) -> list[Passage]:
    """All that count, or where a target names a round those that were in it."""
    if not target.round:
        return list(found)
    return [p for p in found if any(code.endswith(f"-{target.round}") for code in p.rounds)]


def _codes(counting: Counting, target: Target, found: Sequence[Passage]) -> set[str]:
    """Products, or producers, of the cases that a way of counting counts."""
    ranked = [p for p in found if p.stars is not None and p.stars >= (target.min_stars or 0)]
    if target.round:
        ranked = [p for p in ranked if (p.rank_round or "").endswith(f"-{target.round}")]
    chosen: Mapping[Counting, Sequence[Passage]] = {
        Counting.REGISTERED: [p for p in found if p.registered],
        Counting.EVALUATED: [p for p in found if Level.PROVINCE in p.evaluated],
        Counting.RECOGNISED: ranked,
        Counting.NEW_RECOGNISED: [p for p in ranked if p.kind is CaseKind.FIRST],
        Counting.UPGRADED: [p for p in ranked if p.kind is CaseKind.UPGRADE],
        Counting.NOMINATED: [p for p in found if p.nominated],
        Counting.PRODUCERS: ranked,
    }
    return {p.producer if counting is Counting.PRODUCERS else p.product for p in chosen[counting]}


def _figures(desk: Desk, number: int, target: Target) -> Actual:
    """The sum of what was reported of activities, and given as support, in the target's unit."""
    total, members = Fraction(), []
    for activity in desk.activities:
        figure, unit = reached(activity, desk.book.reports.get(activity.number, {}), answering(activity, desk.row.unit))
        if figure is not None and unit == target.unit:
            total += figure
            members.append(activity.number)
    for support in desk.book.supports.values():
        # What belongs to an activity stands in its report already.
        if support.figure is not None and support.figure_unit == target.unit and not support.activity:
            total += support.figure
            members.append(str(support.seq))
    figure = total if members else None
    return _made(number, target, Counting.FIGURES, (), figure, members=tuple(members))


def _counted(number: int, target: Target, counting: Counting, kinds: tuple[str, ...], codes: set[str]) -> Actual:
    return _made(number, target, counting, kinds, Fraction(len(codes)), members=tuple(sorted(codes)))


def _made(  # noqa: PLR0913
    number: int,
    target: Target,
    counting: Counting,
    kinds: tuple[str, ...],
    figure: Fraction | None,
    *,
    members: tuple[str, ...] = (),
    of: int | None = None,
    evidence: int | None = None,
) -> Actual:
    return Actual(
        number=number,
        target=target,
        counting=counting,
        kinds=kinds,
        figure=figure,
        verdict=judge(target, figure),
        of=of,
        members=members,
        evidence=evidence,
    )
