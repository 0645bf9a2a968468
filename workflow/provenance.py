"""Vì sao là ngày này? Every date that was set for a stage of a case: the one that rules and the ones that gave way, and who entered them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from deadlines.plan import load_plans
from states.errors import NotFound
from states.vocabulary import Effect, Event, Publication, Stage, TermStatus
from workflow.openings import LATE_DOOR
from workflow.ports import Store
from workflow.roundbook import Standing, weigh
from workflow.rows import StageRow, TermRow
from workflow.timeline import Line, timeline

_OF_SPANS = {Event.EXTEND: Standing.EXTENDED, Event.RESUME: Standing.SHIFTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """One date that was set.

    Attributes:
        cutoff: Exclusive end, or None where the words name none.
        phrase, source: The words, and the paper and item where they stand.
        standing: Why it rules, or why it gives way.
        reading: ``strict`` or ``lenient``, for words that were read; None for a count of days.
        calendar: Version of the calendar that days were counted with.
        firm: False where the words say "dự kiến" or the like.
        flags: What a person should look at.
        entered: The entry by which it was laid down; it tells who and when.
    """

    cutoff: datetime | None
    phrase: str
    source: str
    standing: Standing
    reading: str | None = None
    calendar: str | None = None
    firm: bool = True
    flags: tuple[str, ...] = ()
    entered: Line | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """A deadline of a case: what runs (or, for a deferred case, what was missed), and every other date that was set for it."""

    stage: Stage
    round: str | None
    effect: Effect
    ruling: Dated
    others: tuple[Dated, ...]
    missed: bool = False


class Provenance:
    """Explains the deadlines of cases."""

    def __init__(self, store: Store) -> None:
        """Read from a store; what is read once is kept, so make one for each question."""
        self._store = store
        self._lines: dict[str, list[Line]] = {}
        self._readings: dict[str, str] = {}

    def why(self, code: str) -> list[Why]:
        """Each running deadline of a case, and the one that deferred it, by due date.

        Raises:
            NotFound: No such case.
        """
        loaded = self._store.load_case(code, "")
        if loaded is None:
            raise NotFound(what="case", name=code)
        told = [self._term(term) for term in sorted(loaded.terms, key=lambda t: (t.due_at, t.id))]
        missed = loaded.case.memo.get("missed")
        if missed:
            passed = (t for t in self._store.terms(code) if t.status is TermStatus.PASSED and t.attempt == loaded.case.attempt)
            due = datetime.fromisoformat(missed["due_at"])
            term = next((t for t in passed if (t.stage, t.round, t.due_at) == (missed["stage"], missed["round"], due)), None)
            if term is not None:
                told.append(replace(self._term(term), missed=True))
        return told

    def _term(self, term: TermRow) -> Why:
        if term.calendar is not None:
            return self._span(term.case, term)
        if term.round is not None:
            plan = self._store.load_round(term.round)
            rows = [s for s in self._store.stages(round=term.round) if s.stage == term.stage]
            plans = {plan.plan} if plan else set()
        else:
            mine = next((s for s in self._store.stages() if s.id == term.deadline), None)
            rows = [
                s
                for s in self._store.stages(unit=mine.unit if mine else None)
                if s.round is None and s.stage == term.stage and mine is not None and s.plan_year == mine.plan_year
            ]
            plans = {p.code for p in self._store.plans() if p.state is Publication.PUBLISHED}
        weighed = weigh(rows, plans)
        dates = {row.id: self._row(row, weighed.standing[row.id]) for row in rows}
        if term.deadline in dates:
            ruling = dates.pop(term.deadline)
        else:
            ruling = self._own(term, Standing.LATE_DOOR)
            if term.deadline == LATE_DOOR and weighed.ruling is not None:
                dates[weighed.ruling.id] = replace(dates[weighed.ruling.id], standing=Standing.MISSED)
        return Why(term.stage, term.round, term.effect, ruling, tuple(dates.values()))

    # Dates of plans and rounds.

    def _row(self, row: StageRow, standing: Standing) -> Dated:
        entered = self._laid_down(row)
        reading = entered.entry.data.get("reading") if entered else None
        return Dated(
            cutoff=row.cutoff,
            phrase=row.phrase,
            source=row.source,
            standing=standing,
            reading=reading or self._reading(row.plan),
            firm=row.firm,
            flags=row.flags,
            entered=entered,
        )

    def _laid_down(self, row: StageRow) -> Line | None:
        """The entry that first had this date: of its plan, else of its round."""
        for subject in filter(None, (row.plan, row.round)):
            for line in self._history(subject):
                if any(given["id"] == row.id for given in line.entry.data.get("deadlines", ())):
                    return line
        return None

    def _reading(self, plan: str) -> str:
        if plan not in self._readings:
            row = self._store.load_plan(plan)
            found = (p.reading for p in load_plans(row.text) if p.id == plan) if row else iter(())
            self._readings[plan] = next(found, "strict")
        return self._readings[plan]

    # Dates of the case itself.

    def _span(self, code: str, term: TermRow) -> Why:
        """A term that counts days: it began with an act, and may have been extended, or suspended and resumed."""
        steps = list(self._opened(code, term))
        dates = [self._own(row, self._standing(line), line) for row, line in steps]
        others = []
        for at, dated in enumerate(dates[:-1]):
            after = steps[at + 1][1].entry.event
            gave_way = Standing.BEFORE_EXTENSION if after == Event.EXTEND else Standing.BEFORE_SUSPENSION
            others.append(replace(dated, standing=gave_way))
        ruling = dates[-1] if dates else self._own(term, Standing.BY_LAW)
        return Why(term.stage, term.round, term.effect, ruling, tuple(others))

    @staticmethod
    def _standing(line: Line) -> Standing:
        return next((standing for event, standing in _OF_SPANS.items() if line.entry.event == event), Standing.BY_LAW)

    def _opened(self, code: str, term: TermRow) -> Iterator[tuple[TermRow, Line]]:
        """The term and those before it that it follows by extensions or suspensions, oldest first, with their entries."""
        rows = {t.id: t for t in self._store.terms(code)}
        chain: list[tuple[TermRow, Line]] = []
        for line in self._history(code):
            for given in (line.entry.terms or {}).get("open", ()):
                row = rows.get(given["id"])
                if row is not None and (row.stage, row.deadline) == (term.stage, term.deadline):
                    # A start that is no act on a running span begins the chain anew.
                    chain = [*chain, (row, line)] if line.entry.event in _OF_SPANS else [(row, line)]
                    if row.id == term.id:
                        yield from chain
                        return

    def _own(self, term: TermRow, standing: Standing, entered: Line | None = None) -> Dated:
        if entered is None:
            opening = (
                line
                for line in self._history(term.case)
                if any(given["id"] == term.id for given in (line.entry.terms or {}).get("open", ()))
            )
            entered = next(opening, None)
        return Dated(cutoff=term.due_at, phrase=term.phrase, source=term.source, standing=standing, calendar=term.calendar, entered=entered)

    def _history(self, subject: str) -> list[Line]:
        if subject not in self._lines:
            self._lines[subject] = list(timeline(self._store, subject))
        return self._lines[subject]


def as_json(why: Why) -> dict[str, Any]:
    """An explanation as plain values."""
    return {
        "stage": str(why.stage),
        "round": why.round,
        "effect": str(why.effect),
        "missed": why.missed,
        "ruling": _dated(why.ruling),
        "others": [_dated(other) for other in why.others],
    }


def _dated(dated: Dated) -> dict[str, Any]:
    line = dated.entered
    entry = line.entry if line else None
    actor = entry.actor if entry else None
    return {
        "cutoff": dated.cutoff.isoformat() if dated.cutoff else None,
        "phrase": dated.phrase,
        "source": dated.source,
        "standing": str(dated.standing),
        "reading": dated.reading,
        "calendar": dated.calendar,
        "firm": dated.firm,
        "flags": list(dated.flags),
        "entered": None
        if line is None or entry is None
        else {
            "subject": entry.case,
            "seq": entry.case_seq,
            "event": entry.event,
            "at": entry.recorded_at.isoformat(),
            "actor": actor.id if actor else None,
            "name": line.text("actor.name"),
            "function": actor.function if actor else None,
            "unit": actor.unit if actor else None,
        },
    }
