"""Terms of law that start with an event, per regime, from ``data/terms.toml``."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from deadlines.calendar import WorkingCalendar
from deadlines.terms import Span, Unit, Window, backward_window, grace_end
from states.errors import UnknownName
from states.vocabulary import CaseKind, Effect, Event

_FILE = Path(__file__).parent / "data" / "terms.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatutoryTerm:
    """A length of time that the law gives for one step.

    Attributes:
        name: Unique within a regime.
        regimes: Ids of the regimes it belongs to.
        kinds: Kinds of case it applies to; empty for all.
        stage: What it is stored under.
        starts: The event that starts it, a value of :class:`states.vocabulary.Event` or of a certificate's events.
        met_by: The event that meets it; None where only time ends it.
        span: How long.
        phrase: The law's words.
        clause: Where they stand.
        effect: What happens at its end.
        enforced: False where lateness is noted and told, but refuses nothing.
    """

    name: str
    regimes: frozenset[str]
    kinds: frozenset[CaseKind]
    stage: str
    starts: str
    met_by: Event | None
    span: Span
    phrase: str
    clause: str
    effect: Effect
    enforced: bool

    def end(self, start: date, calendar: WorkingCalendar) -> datetime:
        """The exclusive instant, ``start`` being the local day of the event. Raises CalendarUnknown."""
        return self.span.end(start, calendar)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingWindow:
    """When a reassessment may be filed, counted back from the certificate's last valid day, both days included."""

    name: str
    regimes: frozenset[str]
    stage: str
    earliest: int
    latest: int
    phrase: str
    clause: str

    def window(self, last_valid_day: date) -> Window:
        """The window before the end of a certificate."""
        return backward_window(last_valid_day, earliest=self.earliest, latest=self.latest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grace:
    """How long a certificate outlives its end while a filed dossier is undecided."""

    name: str
    regimes: frozenset[str]
    stage: str
    days: int
    phrase: str
    clause: str

    def end(self, last_valid_day: date) -> datetime:
        """The exclusive instant at which the grace ends."""
        return grace_end(last_valid_day, self.days)


@dataclass(frozen=True, slots=True)
class StatutoryTerms:
    """Every term of law that the product knows."""

    terms: tuple[StatutoryTerm, ...]
    windows: tuple[FilingWindow, ...]
    graces: tuple[Grace, ...]

    def started_by(self, regime: str, event: str, kind: CaseKind | None = None) -> tuple[StatutoryTerm, ...]:
        """The terms that an event starts under a regime, for a kind of case."""
        return tuple(
            term
            for term in self.terms
            if regime in term.regimes and term.starts == event and (not term.kinds or kind is None or kind in term.kinds)
        )

    def term(self, regime: str, name: str) -> StatutoryTerm:
        """One term by name. Raises UnknownName."""
        for term in self.terms:
            if term.name == name and regime in term.regimes:
                return term
        raise UnknownName(what="term", name=name, known=tuple(term.name for term in self.terms if regime in term.regimes))

    def filing_window(self, regime: str) -> FilingWindow | None:
        """When a reassessment may be filed under a regime; None where it says nothing."""
        return next((window for window in self.windows if regime in window.regimes), None)

    def grace(self, regime: str) -> Grace | None:
        """The grace of a regime; None where it gives none."""
        return next((grace for grace in self.graces if regime in grace.regimes), None)


@cache
def statutory_terms() -> StatutoryTerms:
    """The terms of the shipped file."""
    with _FILE.open("rb") as file:
        data = tomllib.load(file)
    return StatutoryTerms(
        terms=tuple(
            StatutoryTerm(
                name=row["name"],
                regimes=frozenset(row["regimes"]),
                kinds=frozenset(CaseKind(kind) for kind in row.get("kinds", ())),
                stage=row["stage"],
                starts=row["from"],
                met_by=Event(row["met_by"]) if "met_by" in row else None,
                span=Span(row["value"], Unit(row["unit"]), rolls=row.get("rolls", True)),
                phrase=row["phrase"],
                clause=row["clause"],
                effect=Effect(row["effect"]),
                enforced=row["enforced"],
            )
            for row in data["term"]
        ),
        windows=tuple(
            FilingWindow(
                name=row["name"],
                regimes=frozenset(row["regimes"]),
                stage=row["stage"],
                earliest=row["earliest"],
                latest=row["latest"],
                phrase=row["phrase"],
                clause=row["clause"],
            )
            for row in data["window"]
        ),
        graces=tuple(
            Grace(
                name=row["name"],
                regimes=frozenset(row["regimes"]),
                stage=row["stage"],
                days=row["days"],
                phrase=row["phrase"],
                clause=row["clause"],
            )
            for row in data["grace"]
        ),
    )
