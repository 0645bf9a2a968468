"""Static checks over charts: what a careful reader would find wrong before the first case runs into it."""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from states.case import KIND_OF, all_charts
from states.chart import START, Chart, Rule, describe
from states.lifecycle import LIFECYCLES, Lifecycle
from states.regime import Regime, regime
from states.rights import rights_of
from states.vocabulary import CaseState, Duty, StateKind
from states.words import SECTION, words

Frozen = dict[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something unsound: in which chart, under which code, and where."""

    chart: str
    code: str
    where: str


def check_chart(chart: Chart, law: Regime) -> list[Finding]:
    """Every finding in a case chart.

    Codes: ``unreachable`` (no way from the start), ``dead_end`` (an active or resting state without a way to a final or certified one),
    ``final_left`` (a way out of a final state), ``no_seat`` (a rule that nobody may do), ``no_clause``, ``no_label``, ``shadowed`` (two
    rules of one event and source that a case can both be meant by), ``level_missing`` (a rule of a level that does not
    act under the regime), ``no_help`` (a state in which a person must act but the usual next event does not exist), ``duty_mixed`` (an
    automatic rule that a person may do, or the reverse), ``rights_unused`` (a row of the rights table that no rule of any chart uses).
    """
    helpless = [
        state
        for state in chart.states
        if (KIND_OF[state] is not StateKind.FINAL and state not in chart.main)
        or (state in chart.main and not chart.seats(state, chart.main[state]))
    ]
    return [*_reach(chart), *_rules(chart, law), *(Finding(chart.key, "no_help", str(state)) for state in helpless)]


def _reach(chart: Chart) -> list[Finding]:
    forward: dict[str, set[str]] = {}
    backward: dict[str, set[str]] = {}
    for rule in chart.rules:
        forward.setdefault(str(rule.source), set()).add(str(rule.target))
        backward.setdefault(str(rule.target), set()).add(str(rule.source))
    reached = _closure([START], lambda s: forward.get(s, set()))
    ends = [str(s) for s in chart.states if KIND_OF[s] is StateKind.FINAL or s is CaseState.CERTIFIED]
    living = _closure(ends, lambda s: backward.get(s, set()))
    found = [Finding(chart.key, "unreachable", str(s)) for s in chart.states if str(s) not in reached]
    found += [Finding(chart.key, "dead_end", str(s)) for s in chart.states if str(s) not in living]
    return found + [
        Finding(chart.key, "final_left", rule.name)
        for rule in chart.rules
        if rule.source != START and KIND_OF[CaseState(rule.source)] is StateKind.FINAL
    ]


def _closure(start: Iterable[str], nexts: Callable[[str], set[str]]) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        for state in nexts(todo.pop()) - seen:
            seen.add(state)
            todo.append(state)
    return seen


def _rules(chart: Chart, law: Regime) -> list[Finding]:
    found: list[Finding] = []
    chosen: dict[tuple[object, ...], list[Rule]] = {}
    languages = [words("vi"), words("en")]
    for rule in chart.rules:
        if not rule.seats:
            found.append(Finding(chart.key, "no_seat", rule.name))
        if rule.topic not in law.clauses:
            found.append(Finding(chart.key, "no_clause", rule.name))
        if (rule.duty is Duty.AUTOMATIC) != any(seat.function == "system" for seat in rule.seats):
            found.append(Finding(chart.key, "duty_mixed", rule.name))
        if rule.level is not None and rule.level not in law.levels:
            found.append(Finding(chart.key, "level_missing", rule.name))
        for language in languages:
            for section, key in (("state", str(rule.target)), ("event", str(rule.event)), *(("field", f.name) for f in rule.payload)):
                if key not in language.table.get(section, {}):
                    found.append(Finding(chart.key, "no_label", f"{language.language}.{section}.{key}"))
        earlier = chosen.setdefault((rule.source, rule.event, rule.duty is Duty.AUTOMATIC), [])
        found += [Finding(chart.key, "shadowed", f"{rule.name}, {other.name}") for other in earlier if _overlap(rule, other)]
        earlier.append(rule)
    return found


def _overlap(one: Rule, other: Rule) -> bool:
    """Whether a case exists for which both branches are meant."""
    chosen = ((one.selects, other.selects), (one.origin, other.origin), (one.recognised, other.recognised))
    return all(a is None or b is None or a is b for a, b in chosen) and not set(one.kinds).isdisjoint(other.kinds)


def check_lifecycle(chart: Lifecycle[Any, Any]) -> list[Finding]:
    """The same questions for a small chart: reachability, ends, seats and labels."""
    names = {str(s): kind for s, kind in chart.kinds.items()}
    forward: dict[str, set[str]] = {}
    for move in chart.moves:
        forward.setdefault(str(move.source) if move.source else START, set()).add(str(move.target))
    reached = _closure([START], lambda s: forward.get(s, set()))
    found = [Finding(chart.key, "unreachable", s) for s in names if s not in reached]
    found += [Finding(chart.key, "dead_end", s) for s, kind in names.items() if kind is StateKind.ACTIVE and not forward.get(s)]
    found += [Finding(chart.key, "final_left", s) for s, kind in names.items() if kind is StateKind.FINAL and forward.get(s)]
    found += [Finding(chart.key, "no_seat", str(m.event)) for m in chart.moves if not m.seats]
    for language in (words("vi"), words("en")):
        found += [
            Finding(chart.key, "no_label", f"{language.language}.{SECTION[type(m.event)]}.{m.event}")
            for m in chart.moves
            if str(m.event) not in language.table[SECTION[type(m.event)]]
        ]
    return found


def check_rights(charts: Iterable[Chart]) -> list[Finding]:
    """Rows of the rights tables that no rule uses."""
    used: set[tuple[str, str]] = set()
    tables = {}
    for chart in charts:
        rights = rights_of(regime(chart.key.partition("/")[2]))
        tables[rights.name] = rights
        used |= {(rights.name, rule.row) for rule in chart.rules}
    return [
        Finding(name, "rights_unused", f"{event}.{state}")
        for name, rights in tables.items()
        for event, state in rights.rows
        if (name, f"{event}.{state}") not in used
    ]


def frozen() -> Frozen:
    """Digests of the published definitions."""
    table: Frozen = tomllib.loads((files("states") / "published.toml").read_text("utf-8"))["digest"]
    return table


def check_frozen(charts: Iterable[Chart]) -> list[Finding]:
    """A published definition that is not the one that was published (``frozen_differs``), or was never published (``not_published``)."""
    published = frozen()
    found = []
    for chart in charts:
        if chart.key not in published:
            found.append(Finding(chart.key, "not_published", chart.digest()))
        elif published[chart.key] != chart.digest():
            found.append(Finding(chart.key, "frozen_differs", f"{published[chart.key][:12]} → {chart.digest()[:12]}"))
    return found


def check_all() -> list[Finding]:
    """Every finding over every chart that ships."""
    charts = all_charts()
    found = [f for chart in charts for f in check_chart(chart, regime(chart.key.partition("/")[2]))]
    for small in LIFECYCLES.values():
        found += check_lifecycle(small)
    return [*found, *check_rights(charts), *check_frozen(charts)]


def diff(old: Chart, new: Chart) -> dict[str, Any]:
    """What changed between two charts.

    Returns:
        ``{"states": {"added", "removed"}, "rules": {"added", "removed", "changed": {name: {field: [old, new]}}}}``.
    """
    before = {r.name: describe(r) for r in old.rules}
    after = {r.name: describe(r) for r in new.rules}
    changed = {
        name: {key: [before[name][key], after[name][key]] for key in after[name] if before[name][key] != after[name][key]}
        for name in before
        if name in after and before[name] != after[name]
    }
    return {
        "states": {
            "added": [str(s) for s in new.states if s not in old.states],
            "removed": [str(s) for s in old.states if s not in new.states],
        },
        "rules": {"added": [n for n in after if n not in before], "removed": [n for n in before if n not in after], "changed": changed},
    }
