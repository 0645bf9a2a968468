"""The chart of a case as a picture: where it is, and the way that it has come. SVG without styles of its own; the same is said in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from states.case import KIND_OF
from states.chart import Chart
from states.vocabulary import CaseState, StateKind
from states.words import Words

MAIN = (
    CaseState.IDEA_REGISTERED, CaseState.SELECTED, CaseState.BUSINESS_PLAN, CaseState.COMMUNE_CHECK, CaseState.DISTRICT_EVALUATION,
    CaseState.PROVINCIAL_EVALUATION, CaseState.NATIONAL_NOMINATION, CaseState.CERTIFIED,
)  # fmt: skip
BESIDE = {
    CaseState.NOT_SELECTED: CaseState.SELECTED, CaseState.WITHDRAWN: CaseState.BUSINESS_PLAN, CaseState.RETURNED: CaseState.DISTRICT_EVALUATION,
    CaseState.DEFERRED: CaseState.PROVINCIAL_EVALUATION,
}  # fmt: skip
"""Where in the right column a state stands: beside which step. The rest follows below, only where the case has been there."""

_WIDTH, _BOX, _HEIGHT, _GAP = 400, 176, 44, 22
_LEFT, _RIGHT, _TOP = 14, 212, 8
_LINE = 22


@dataclass(frozen=True, slots=True)
class Move:
    """A step of the way: from where, to where."""

    source: str | None
    target: str


def picture(chart: Chart, now: CaseState | None, moves: Sequence[Move], said: Words, title: str) -> str:
    """The chart as SVG.

    Args:
        chart: The chart of the case.
        now: Where the case is; None for the chart of no case.
        moves: The way that it has come, oldest first.
        said: Language of the labels.
        title: What the picture says, for whoever does not see it.
    """
    been = {move.target for move in moves} | {move.source for move in moves if move.source}
    places = _places(chart, now, been)
    height = max(y for _, y in places.values()) + _HEIGHT + _TOP
    drawn = [_edge(places, a, b, "flow") for a, b in _flow(chart, places)]
    travelled = dict.fromkeys((move.source, move.target) for move in moves if move.source and move.source != move.target)
    drawn += [_edge(places, CaseState(a), CaseState(b), "went") for a, b in travelled if a in places and b in places]
    boxes = [_box(state, place, now, been, said) for state, place in places.items()]
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="10" markerHeight="10" markerUnits="userSpaceOnUse" orient="auto">'
        '<path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>'
        f"{''.join(drawn)}{''.join(boxes)}</svg>"
    )


def _places(chart: Chart, now: CaseState | None, been: set[str]) -> dict[CaseState, tuple[int, int]]:
    rows = [state for state in MAIN if state in chart.states]
    places = {state: (_LEFT, _TOP + n * (_HEIGHT + _GAP)) for n, state in enumerate(rows)}
    for state, beside in BESIDE.items():
        step = beside if beside in places else CaseState.COMMUNE_CHECK
        if state in chart.states and step in places:
            places[state] = (_RIGHT, places[step][1])
    below = places[CaseState.CERTIFIED][1] - (_HEIGHT + _GAP)
    others = [s for s in chart.states if s not in places and (s in been or s is now or s is CaseState.NOT_RANKED)]
    for n, state in enumerate(others):
        places[state] = (_RIGHT, below + n * (_HEIGHT + _GAP))
    return places


def _flow(chart: Chart, places: dict[CaseState, tuple[int, int]]) -> list[tuple[CaseState, CaseState]]:
    """Steps from one row to the next that the rules have."""
    rows = [state for state in MAIN if state in places]
    known = {(str(rule.source), str(rule.target)) for rule in chart.rules}
    return [(a, b) for a, b in pairwise(rows) if (str(a), str(b)) in known]


def _edge(places: dict[CaseState, tuple[int, int]], a: CaseState, b: CaseState, kind: str) -> str:
    (ax, ay), (bx, by) = places[a], places[b]
    middle = _HEIGHT // 2
    if ax == bx and by - ay == _HEIGHT + _GAP:
        path = f"M{ax + _BOX // 2} {ay + _HEIGHT}V{by - 1}"
    elif ax == bx:
        side = ax if ax == _LEFT else ax + _BOX
        bow = side - 12 if ax == _LEFT else side + 10
        path = f"M{side} {ay + middle}H{bow}V{by + middle}H{side}"
    elif ax < bx:
        path = f"M{ax + _BOX} {ay + middle - 5}L{bx - 1} {by + middle - 5}"
    else:
        path = f"M{ax} {ay + middle + 5}L{bx + _BOX + 1} {by + middle + 5}"
    return f'<path class="{kind}" d="{path}" marker-end="url(#tip)"/>'


def _box(state: CaseState, place: tuple[int, int], now: CaseState | None, been: set[str], said: Words) -> str:
    x, y = place
    kind = "now" if state is now else "been" if state in been else "ahead" if KIND_OF[state] is StateKind.ACTIVE else "other"
    mark = "● " if state is now else "✓ " if state in been else ""
    lines = _wrapped(mark + said.name(state))
    first = y + _HEIGHT / 2 + 5 - (len(lines) - 1) * 8
    text = "".join(f'<tspan x="{x + _BOX / 2:g}" y="{first + n * 16:g}">{escape(line)}</tspan>' for n, line in enumerate(lines))
    return f'<g class="state {kind}"><rect x="{x}" y="{y}" width="{_BOX}" height="{_HEIGHT}" rx="6"/><text>{text}</text></g>'


def _wrapped(text: str) -> list[str]:
    """At most two lines."""
    if len(text) <= _LINE:
        return [text]
    words = text.split()
    best = min(range(1, len(words)), key=lambda n: abs(len(" ".join(words[:n])) - len(" ".join(words[n:]))), default=1)
    return [" ".join(words[:best]), " ".join(words[best:])]
