"""Deadlines of a case on its page: until when, whose words say so, which dates gave way, and how working days were counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.asking import Asked
from api.cli.context import speaking
from api.cli.render import who
from api.pages.counted import CountedDay, counted_days
from api.pages.frame import Said, countdown
from states.vocabulary import Stage
from states.words import Words
from workflow.ledger.entry import Entry
from workflow.ports import LoadedCase
from workflow.provenance import Dated, Provenance, Why
from workflow.rows import TermRow


@dataclass(frozen=True, slots=True)
class Day:
    """A date that was set for a stage: what it says, why it rules or gives way, who laid it down."""

    last_day: str
    phrase: str
    source: str
    standing: str
    notes: tuple[str, ...]
    entered: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline with its reasons; ``days`` where working days are counted."""

    stage: str
    round: str | None
    effect: str
    left: str
    urgency: str
    ruling: Day
    others: tuple[Day, ...]
    missed: bool
    days: tuple[CountedDay, ...] = ()


def deadlines(asked: Asked, loaded: LoadedCase, entries: Sequence[Entry], said: Words, t: Said) -> list[Deadline]:
    """Every running deadline, and the one that deferred the case, each with winner and losers."""
    case = loaded.case
    days = {(term.stage, term.due_at): counted_days(asked, case, term, entries) for term in loaded.terms if term.calendar is not None}
    return [_deadline(asked, why, said, t, days) for why in Provenance(asked.run.store).why(case.code)]


def _deadline(asked: Asked, why: Why, said: Words, t: Said, days: Mapping[tuple[Stage, datetime], tuple[CountedDay, ...]]) -> Deadline:
    cutoff = why.ruling.cutoff
    left, urgency = countdown(cutoff, asked.received, t) if cutoff else ("", "calm")
    with speaking(asked.language):
        ruling, others = _day(why.ruling, said, t), tuple(_day(other, said, t) for other in why.others)
    return Deadline(said.name(why.stage), why.round, said.name(why.effect), left, urgency, ruling, others, why.missed, days.get((why.stage, cutoff), ()) if cutoff else ())


def _day(dated: Dated, said: Words, t: Said) -> Day:
    entered = ""
    if dated.entered is not None:
        entry = dated.entered.entry
        section = "planevent" if str(entry.kind) == "plan" else "event"
        entered = f"{said.label(section, entry.event)}, {said.instant(entry.recorded_at)}, {who(dated.entered)}"
    notes = [said.label("option", dated.reading)] if dated.reading else []
    notes += [t("day.calendar", name=dated.calendar)] if dated.calendar else []
    notes += [] if dated.firm else [t("day.expected")]
    return Day(
        last_day=said.last_day(dated.cutoff) if dated.cutoff else "–",
        phrase=dated.phrase,
        source=dated.source,
        standing=said.label("standing", str(dated.standing)),
        notes=tuple(notes),
        entered=entered,
    )


def stood_deadlines(terms: Sequence[TermRow], at: datetime, said: Words, t: Said) -> list[Deadline]:
    """Deadlines as they ran at a moment that is past, by their own words alone."""
    found = []
    for term in sorted(terms, key=lambda term: (term.due_at, term.id)):
        left, urgency = countdown(term.due_at, at, t)
        day = Day(said.last_day(term.due_at), term.phrase, term.source, t("past.ruled"), (), "")
        found.append(Deadline(said.name(term.stage), term.round, said.name(term.effect), left, urgency, day, (), missed=False))
    return found
