"""Spans of the law counted again: which end otherwise by another calendar, and what becomes of each. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from deadlines.calendar import WorkingCalendar, midnight
from states.errors import NotFound
from states.regime import local_date, regime
from states.vocabulary import Stage, TermStatus
from workflow.clock import Clock
from workflow.consequences import LawTerms
from workflow.ledger.entry import Entry, parse
from workflow.openings import of_law
from workflow.ports import LoadedCase, Store
from workflow.progress import still_means
from workflow.rows import CaseRow, TermRow
from workflow.situation import World, home

_DAY = timedelta(days=1)


class Fate(StrEnum):
    """What a change of the calendar does to a span."""

    MOVES = "moves"
    STAYS_PASSED = "stays_passed"
    KEPT_IN_TIME = "kept_in_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A span whose end a calendar would put elsewhere.

    Attributes:
        was, will: Exclusive instants by the term as it stands, and counted afresh.
        provisional: Whether the new last day lies in a year whose days off are not announced.
        fate: Whether it moves; a passed one stays passed, and none is put into the past.
    """

    case: str
    term: str
    stage: Stage
    phrase: str
    was: datetime
    will: datetime
    provisional: bool
    fate: Fate


@dataclass(frozen=True, slots=True)
class Count:
    """A span counted afresh: its case, when it began, and the opening that would stand in its place."""

    loaded: LoadedCase
    term: TermRow
    touched: Touched
    opening: dict[str, Any]


class Recounter:
    """Counts spans again by the calendars of a world."""

    def __init__(self, store: Store, clock: Clock, law: LawTerms) -> None:
        """Read from a store, by a clock, with the terms of the law."""
        self.store = store
        self.clock = clock
        self.law = law

    def counts(self, before: World | None, after: World, since: date) -> list[Count]:
        """Spans that end otherwise by the calendars of ``after``.

        Args:
            before: Calendars as they are; a span that they would put where ``after`` does is none of this change's. None: every span.
            after: Calendars as they will be.
            since: First day of the change; whatever ended before it is left alone.
        """
        now = self.clock.now()
        found = self.store.counted_terms(midnight(since))
        loaded = self.store.load_cases(sorted({t.case for t in found}))
        counts = (self._count(loaded[t.case], t, before, after, now) for t in found)
        return [count for count in counts if count is not None]

    def _count(self, loaded: LoadedCase, term: TermRow, before: World | None, after: World, now: datetime) -> Count | None:
        case = loaded.case
        entry = self._entry(term)
        start = next((o.get("start") for o in (entry.terms or {}).get("open", ()) if o["id"] == term.id), None)
        if start is None or not self._matters(case, term):
            # An end that a decision has set by itself is a named date, and nobody waits for what is behind the case.
            return None
        span = self.law.span(regime(str(entry.regime)), term.deadline)
        began = date.fromisoformat(start)
        calendar = self._calendar(after, case)
        will = span.end(began, calendar)
        if will == term.due_at or (before is not None and span.end(began, self._calendar(before, case)) == will):
            return None
        passed = term.status is TermStatus.PASSED or term.due_at <= now
        if passed and will <= now:
            return None
        fate = Fate.STAYS_PASSED if passed else Fate.KEPT_IN_TIME if will <= now else Fate.MOVES
        touched = Touched(
            case=case.code,
            term=term.id,
            stage=term.stage,
            phrase=term.phrase,
            was=term.due_at,
            will=will,
            provisional=calendar.is_provisional(local_date(will - _DAY)),
            fate=fate,
        )
        return Count(loaded, term, touched, of_law(span, began, calendar))

    def _entry(self, term: TermRow) -> Entry:
        """The entry that opened a term; its number stands in the term's id."""
        stored = self.store.entry(term.case, int(term.id.split(":")[-2]))
        if stored is None:
            raise NotFound(what="term", name=term.id)
        return parse(stored.body)

    @staticmethod
    def _matters(case: CaseRow, term: TermRow) -> bool:
        return term.status is TermStatus.RUNNING or (term.attempt == case.attempt and still_means(term.stage, home(case), ()))

    def _calendar(self, world: World, case: CaseRow) -> WorkingCalendar:
        return self.law.calendar(world.editions(case.unit, local_date(self.clock.now())))
