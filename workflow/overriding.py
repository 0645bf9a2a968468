"""Overrides: whether one can be given, what a case remembers of it, and where it has been used. Pure, but for the list.

Source: ``docs/decisions/0026-forced-override.md``; which reasons may be lifted stands in :mod:`states.overriding`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from states.chart import Chart
from states.errors import EventRefused
from states.facts import Facts
from states.overriding import Absolute, Lifted, may_lift
from states.refusal import NOBODY, Code, Refusal
from states.vocabulary import Event
from workflow.ledger.entry import Entry
from workflow.listing import every_case
from workflow.ports import CaseQuery, Store
from workflow.rows import CaseRow
from workflow.timeline import Line, opened

WAITING, GIVEN, USED = "override", "overrides", "overridden"
"""What a case remembers: the override that has not been used; the entries of all that were given; the entries of the steps that used one."""


def lifted_of(memo: Mapping[str, Any]) -> Lifted | None:
    """The override that waits to be used, from a case's memo."""
    kept = memo.get(WAITING)
    return Lifted(Event(kept["step"]), frozenset(map(Code, kept["overrides"])), kept["entry"]) if kept else None


def must_be_liftable(chart: Chart, case: CaseRow, facts: Facts, data: Mapping[str, Any]) -> None:
    """Refuse an override that names anything but what stands against the step, or something that nobody may override.

    Args:
        chart: The chart of the case.
        case: The case.
        facts: Its facts, as the step itself would be judged on.
        data: What the override says: ``step`` and ``overrides``.

    Raises:
        EventRefused: ``nothing_to_override``; each reason that may not be lifted, with ``never_overridden`` that says why; each that may be
            and is not named; ``not_a_standing_reason`` for each that is named and does not stand against the step.
    """
    step, named = Event(data["step"]), {Code(code) for code in data["overrides"]}
    _, standing = chart.reasons(case.state, step, facts)
    found: list[Refusal] = []
    for refusal in standing:
        if not may_lift(step, refusal.code):
            found += [refusal, Refusal(Code.NEVER_OVERRIDDEN, NOBODY, {"about": refusal.code, "why": Absolute(refusal.code)})]
        elif refusal.code not in named:
            found.append(refusal)
    about = sorted(named - {refusal.code for refusal in standing})
    if not standing:
        found = [Refusal(Code.NOTHING_TO_OVERRIDE, NOBODY, {"event": step})]
    else:
        found += [Refusal(Code.NOT_A_STANDING_REASON, NOBODY, {"about": code, "event": step}) for code in about]
    if found:
        raise EventRefused(found, case=case.code, event=Event.OVERRIDE, state=case.state)


def remembered(memo: dict[str, Any], entry: Entry) -> None:
    """What a case remembers of overrides after an entry that is no note; changes ``memo``.

    An override is for the state in which it was given, and is used up by its step.
    """
    if entry.event == Event.OVERRIDE:
        memo[GIVEN] = [*memo.get(GIVEN, ()), entry.case_seq]
        memo[WAITING] = {"step": entry.data["step"], "overrides": list(entry.data["overrides"]), "entry": entry.case_seq}
        return
    waiting = memo.get(WAITING)
    if waiting and (entry.from_ != entry.to or entry.event == waiting["step"]):
        memo.pop(WAITING)
    if USED in entry.data:
        memo[USED] = [*memo.get(USED, ()), entry.case_seq]


@dataclass(frozen=True, slots=True)
class Override:
    """One override of a case: the entry that gave it, opened, and the entry of the step that used it, where one did."""

    case: CaseRow
    given: Line
    used: Line | None

    @property
    def waits(self) -> bool:
        """Whether it can still be used."""
        kept = lifted_of(self.case.memo)
        return kept is not None and kept.entry == self.given.entry.case_seq


def overrides(store: Store, units: tuple[str, ...] | None = None) -> Iterator[Override]:
    """Every override that was ever given, by case and entry.

    Args:
        store: The database.
        units: Only cases of these units.
    """
    for case in every_case(store, CaseQuery(units=units, overridden=True)):
        lines = [opened(stored) for stored in store.entries(case.code)]
        used = {line.entry.data[WAITING]: line for line in lines if USED in line.entry.data and line.entry.outcome == "done"}
        for line in lines:
            if line.entry.event == Event.OVERRIDE and line.entry.outcome == "done":
                yield Override(case, line, used.get(line.entry.case_seq))
