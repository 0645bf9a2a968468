"""Charts for people: Mermaid and Markdown from the rules. Ids are ASCII; labels come from the catalogue."""

from collections.abc import Iterable
from typing import Any

from states.case import KIND_OF
from states.chart import START, Chart, Rule
from states.lifecycle import Lifecycle
from states.regime import Regime
from states.rights import Rights
from states.vocabulary import CaseState, Duty, Event, Level, StateKind
from states.words import Words

MARK = {Duty.PREPARES: "●", Duty.HANDLES: "○", Duty.SCORES: "◆", Duty.DECIDES: "■", Duty.AUTOMATIC: "⚙"}
_ASIDE = frozenset(
    {
        *(Event.WITHDRAW, Event.DEFER, Event.SORT, Event.RECORD, Event.REDATE, Event.RECOUNT, Event.UNDO_REENTER, Event.REINSTATE),
        *(Event.ADMIT_LATE, Event.EXTEND, Event.SUSPEND, Event.RESUME, Event.OVERRIDE),
    }
)


def mermaid(chart: Chart, words: Words, *, everything: bool = False) -> str:
    """A state diagram in Mermaid.

    Args:
        chart: The chart.
        words: Language of the labels.
        everything: Also what can happen nearly everywhere (withdrawal, deferral, the system's own events).
    """
    lines = ["stateDiagram-v2", "    direction TB"]
    arrows: dict[tuple[str, str], list[str]] = {}
    for rule in chart.rules:
        if not everything and (rule.event in _ASIDE or (rule.event is Event.REENTER and rule.source is CaseState.DEFERRED)):
            continue
        key = (str(rule.source), str(rule.target))
        label = f"{MARK[rule.duty]} {words.name(rule.event)}"
        if label not in arrows.setdefault(key, []):
            arrows[key].append(label)
    drawn = {end for pair in arrows for end in pair}
    lines += [f"    {state}: {words.name(state)}" for state in chart.states if str(state) in drawn]
    for (source, target), labels in arrows.items():
        left = "[*]" if source == START else source
        lines.append(f"    {left} --> {target}: {' / '.join(labels)}")
    lines += [f"    {state} --> [*]" for state in chart.states if KIND_OF[state] is StateKind.FINAL and str(state) in drawn]
    return "\n".join(lines) + "\n"


def markdown(chart: Chart, law: Regime, words: Words) -> str:
    """The chart as a table: event, from, to, who, needs, clause."""
    heads = {
        "vi": ("Việc", "Từ", "Đến", "Ai", "Phải có", "Mốc", "Căn cứ"),
        "en": ("Event", "From", "To", "Who", "Needs", "Meets", "Clause"),
    }[words.language]
    rows = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for rules in _grouped(chart.rules):
        first = rules[0]
        start = words.label("state", START)
        sources = ", ".join(dict.fromkeys(start if r.source == START else words.name(CaseState(r.source)) for r in rules))
        targets = ", ".join(dict.fromkeys("=" if r.source == r.target else words.name(r.target) for r in rules))
        seats = ", ".join(dict.fromkeys(words.seat(seat.function, seat.level) for r in rules for seat in r.seats))
        needs = [words.label("field", f.name) for f in first.payload if f.required]
        if first.reason:
            needs.append(words.label("field", "reason"))
        meets = ", ".join(words.name(stage) for stage in dict.fromkeys(s for r in rules for s in r.meets))
        cells = (f"{MARK[first.duty]} {words.name(first.event)} (`{first.event}`)", sources, targets, seats, ", ".join(needs), meets)
        rows.append(f"| {' | '.join(cells)} | {law.clause(first.topic)} |")
    return "\n".join(rows) + "\n"


def rights_table(rights: Rights, words: Words) -> str:
    """A rights table for people: kind of hand, event, state in which it is done, who."""
    heads, everywhere = {
        "vi": (("Tính chất", "Việc", "Ở bước", "Ai"), "mọi bước có việc này"),
        "en": (("Hand", "Event", "In state", "Who"), "every state that has it"),
    }[words.language]
    lines = []
    for (event, state), seats in rights.rows.items():
        duty = rights.duties[event]
        what = f"{words.name(Event(event))} (`{event}`)" if event in set(Event) else words.name(Duty.AUTOMATIC)
        where = everywhere if state == "any" else words.name(Level(state) if state in set(Level) else CaseState(state))
        who = ", ".join(words.seat(seat.function, seat.level) for seat in seats)
        lines.append((f"{MARK[duty]} {words.name(duty)}", what, where, who))
    return _table(heads, lines)


def moves_table(lifecycle: Lifecycle[Any, Any], words: Words) -> str:
    """A small chart (round, plan, certificate) for people: event, from, to, who, ground."""
    heads = {"vi": ("Việc", "Từ", "Đến", "Ai", "Căn cứ"), "en": ("Event", "From", "To", "Who", "Ground")}[words.language]
    lines = []
    for move in lifecycle.moves:
        source = words.name(move.source) if move.source is not None else "–"
        who = ", ".join(words.seat(seat.function, seat.level) for seat in move.seats)
        lines.append((f"{words.name(move.event)} (`{move.event}`)", source, words.name(move.target), who, move.clause))
    return _table(heads, lines)


def moves_mermaid(lifecycle: Lifecycle[Any, Any], words: Words) -> str:
    """A small chart as a state diagram in Mermaid."""
    lines = ["stateDiagram-v2", "    direction TB", *(f"    {state}: {words.name(state)}" for state in lifecycle.kinds)]
    lines += [f"    {m.source or '[*]'} --> {m.target}: {words.name(m.event)}" for m in lifecycle.moves]
    lines += [f"    {state} --> [*]" for state, kind in lifecycle.kinds.items() if kind is StateKind.FINAL]
    return "\n".join(lines) + "\n"


def _table(heads: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rows = [heads, ("---",) * len(heads), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _grouped(rules: Iterable[Rule]) -> list[list[Rule]]:
    groups: dict[tuple[object, ...], list[Rule]] = {}
    for rule in rules:
        target = "=" if rule.source == rule.target else "*" if rule.selects else str(rule.target)
        groups.setdefault((rule.event, rule.duty, target, rule.payload, rule.topic), []).append(rule)
    return list(groups.values())
