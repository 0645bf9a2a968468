"""A term of working days, day by day: which days count, which do not and why, and on which it stood still."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from api.asking import Asked
from deadlines.statutory import statutory_terms
from deadlines.terms import Unit
from states.errors import CycleError
from states.regime import local_date
from states.vocabulary import Event
from states.words import words
from workflow.ledger.entry import Entry
from workflow.rows import CaseRow, TermRow
from workflow.spans import last_day

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A day of a term: its number where it counts, else why it does not (None: it stood still)."""

    day: str
    number: int | None
    why: str | None


def counted_days(asked: Asked, case: CaseRow, term: TermRow, entries: Sequence[Entry]) -> tuple[CountedDay, ...]:
    """Every day of a term that counts working days, from the first to the last valid one; none where it counts otherwise."""
    try:
        span = statutory_terms().term(case.regime, term.deadline).span
    except CycleError:
        return ()
    start = _start(term, entries)
    if term.calendar is None or span.unit is not Unit.WORKING_DAY or start is None:
        return ()
    run, said = asked.run, words(asked.language)
    calendar = run.engine.judge.law.calendar(run.engine.world().editions(case.unit, asked.today))
    last, still = last_day(term.due_at), _stood_still(term, entries, asked.today)
    found, number, day = [], 0, start
    while day < last and len(found) < _LONGEST:
        day += timedelta(days=1)
        off = calendar.why_not_working(day)
        if any(since < day <= until for since, until in still):
            found.append(CountedDay(said.day(day), None, None))
        elif off is not None:
            found.append(CountedDay(said.day(day), None, off.vi if asked.language == "vi" else off.en))
        else:
            number += 1
            found.append(CountedDay(said.day(day), number, ""))
    return tuple(found)


def _start(term: TermRow, entries: Sequence[Entry]) -> date | None:
    """The local day of the act that began the count; the day itself is not counted."""
    found = None
    for entry in entries:
        for given in (entry.terms or {}).get("open", ()):
            same = given.get("stage") == term.stage and given.get("deadline") == term.deadline
            if same and given.get("start"):
                found = date.fromisoformat(given["start"])
            if given.get("id") == term.id:
                return found
    return None


def _stood_still(term: TermRow, entries: Sequence[Entry], today: date) -> list[tuple[date, date]]:
    """Spans of days in which the term stood still: the day of suspending still counts, that of resuming does not."""
    found, since = [], None
    for entry in entries:
        if entry.outcome != "done" or entry.data.get("term") != str(term.stage):
            continue
        if entry.event == Event.SUSPEND:
            since = local_date(entry.effective_at)
        elif entry.event == Event.RESUME and since is not None:
            found.append((since, local_date(entry.effective_at)))
            since = None
    return [*found, (since, today)] if since is not None else found
