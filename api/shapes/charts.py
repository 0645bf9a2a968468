"""Charts as pictures and texts of their own, for whoever shows them elsewhere: of a regime, of one case in it, or of what accompanies a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from api.pages.drawing import Move, picture
from api.pages.frame import Said
from states.chart import Chart
from states.drawing import markdown, mermaid
from states.lifecycle import Lifecycle
from states.regime import Regime
from states.vocabulary import CaseState, StateKind
from states.words import Words

MEDIA = {"svg": "image/svg+xml", "mermaid": "text/plain; charset=utf-8", "md": "text/plain; charset=utf-8"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""What a picture that is opened by itself may do: wear its own style, and nothing else."""

_STYLE = (
    "<style>text{font:13.5px 'Be Vietnam Pro',system-ui,sans-serif;text-anchor:middle;fill:#1c2420}rect{fill:#fff;stroke:#9aa6a0}"
    ".other rect{stroke-dasharray:4 3}.been rect{fill:#e6f0e9;stroke:#0b5d4a}.now rect{fill:#0b5d4a;stroke:#0b5d4a}"
    ".now text{fill:#fff;font-weight:700}path{fill:none;stroke:#9aa6a0;stroke-width:1.2}path.went{stroke:#0b5d4a;stroke-width:3}"
    "path.tip{fill:#56615c;stroke:none}</style>"
)
_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="10" markerHeight="10" markerUnits="userSpaceOnUse" orient="auto">'
    '<path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a case is, and the way that it has come."""

    code: str
    now: CaseState
    moves: tuple[Move, ...]

    @property
    def been(self) -> tuple[str, ...]:
        """The states that it has passed, in their order, without the one that it is in."""
        return tuple(state for state in dict.fromkeys(move.target for move in self.moves) if state != self.now)


def large(form: str, chart: Chart, law: Regime, said: Words, passage: Passage | None, *, everything: bool) -> str:  # noqa: PLR0913
    """The chart of a regime in one of the forms of :data:`MEDIA`; with a passage, where the case is in it."""
    match form:
        case "mermaid":
            return mermaid(chart, said, everything=everything) + (_marked(passage) if passage is not None else "")
        case "md":
            return (f"{_told(passage, said)}\n\n" if passage is not None else "") + markdown(chart, law, said)
    title = _told(passage, said) if passage is not None else said.label("regime", law.id)
    drawn = picture(chart, passage.now if passage else None, passage.moves if passage else (), said, title)
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace("><defs>", f">{_STYLE}<defs>", 1)


def _told(passage: Passage, said: Words) -> str:
    path = " → ".join(said.label("state", state) for state in (*passage.been, passage.now))
    return Said(said.language)("chart.said", now=said.name(passage.now), path=path)


def _marked(passage: Passage) -> str:
    """What lights the states of a case in a state diagram of Mermaid."""
    lines = ["    classDef now fill:#0b5d4a,color:#fff", f"    class {passage.now} now"]
    if passage.been:
        lines += ["    classDef been fill:#e6f0e9", f"    class {','.join(passage.been)} been"]
    return "\n".join(lines) + "\n"


_BOX, _HEIGHT, _GAP, _SIDE, _LABEL = 190, 44, 34, 14, 210
_LETTER = 7.8
"""How wide a letter is, at the most that words come to."""


def small(lifecycle: Lifecycle[Any, Any], said: Words) -> str:
    """What accompanies a case as a picture: its states one below the other, and what leads from one to the next."""
    tops = {state: 8 + number * (_HEIGHT + _GAP) for number, state in enumerate(lifecycle.kinds)}
    drawn, bow = [], 0
    for source, target in dict.fromkeys((move.source, move.target) for move in lifecycle.moves if move.source not in {None, move.target}):
        below = tops[target] - tops[source] == _HEIGHT + _GAP
        bow += not below
        drawn.append(_arrow(tops[source], tops[target], straight=below, out=_SIDE + _BOX + 8 + 8 * bow))
    boxes = [_box(said.name(state), tops[state], ahead=kind is StateKind.ACTIVE) for state, kind in lifecycle.kinds.items()]
    left = _LABEL + 8 * bow + 20
    events = {state: [said.name(m.event) for m in lifecycle.moves if m.target == state and m.source != state] for state in lifecycle.kinds}
    names = [_names(events[state], tops[state], left) for state in lifecycle.kinds]
    width = left + round(_LETTER * max(len(name) for each in events.values() for name in each)) + _SIDE
    height = max(tops.values()) + _HEIGHT + 8
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{lifecycle.key}">'
    return f"{head}{_STYLE}{_TIP}{''.join(drawn)}{''.join(boxes)}{''.join(names)}</svg>"


def _arrow(start: int, end: int, *, straight: bool, out: int) -> str:
    edge = _SIDE + _BOX
    path = (
        f"M{_SIDE + _BOX // 2} {start + _HEIGHT}V{end - 1}"
        if straight
        else f"M{edge} {start + _HEIGHT // 2}H{out}V{end + _HEIGHT // 2}H{edge + 1}"
    )
    return f'<path class="flow" d="{path}" marker-end="url(#tip)"/>'


def _box(name: str, top: int, *, ahead: bool) -> str:
    kind = "ahead" if ahead else "other"
    text = f'<text x="{_SIDE + _BOX / 2:g}" y="{top + _HEIGHT / 2 + 5:g}">{escape(name)}</text>'
    return f'<g class="state {kind}"><rect x="{_SIDE}" y="{top}" width="{_BOX}" height="{_HEIGHT}" rx="6"/>{text}</g>'


def _names(events: Sequence[str], top: int, left: int) -> str:
    known = tuple(dict.fromkeys(events))
    first = top + _HEIGHT / 2 + 5 - 8 * (len(known) - 1)
    lines = "".join(f'<tspan x="{left}" y="{first + 16 * number:g}">{escape(name)}</tspan>' for number, name in enumerate(known))
    return f'<text style="text-anchor:start">{lines}</text>' if known else ""
