"""A case as it stood on a day, by what was known on another: a page to read, on which nothing can be done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from api.asking import Asked
from api.pages.due import stood_deadlines
from api.pages.frame import Said
from api.pages.lines import happened
from api.pages.reading import day_of, instant_of
from api.pages.standing import standing
from api.pages.told import told
from states.regime import VIETNAM, local_midnight
from states.vocabulary import TermStatus
from states.words import words
from workflow.asof import stood
from workflow.ledger.entry import parse
from workflow.ports import LoadedCase

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment that was asked for.

    Attributes:
        typed: What was typed.
        at: The last instant that counts: of a day its end; None where none was typed, or none could be read.
        whole: Whether a whole day was meant.
        problem: Why it could not be read.
    """

    typed: str = ""
    at: datetime | None = None
    whole: bool = False
    problem: str | None = None


def read_moment(text: str | None, now: datetime) -> Moment:
    """A day, or a day and hour, of the past as somebody typed it."""
    typed = (text or "").strip()
    if not typed:
        return Moment()
    try:
        day = day_of(typed)
        at, whole = local_midnight(day.year, day.month, day.day) + timedelta(days=1) - _MOMENT, True
    except (ValueError, OverflowError):
        try:
            found = datetime.fromisoformat(instant_of(typed))
            at, whole = (found if found.tzinfo else found.replace(tzinfo=VIETNAM)), False
        except ValueError:
            return Moment(typed, problem="not_a_date")
    if at > now and not (whole and at - now < timedelta(days=1)):
        return Moment(typed, problem="in_future")
    return Moment(typed, at, whole)


def past(asked: Asked, loaded: LoadedCase, when: Moment, known: Moment) -> dict[str, Any]:
    """Everything that the page of a case at a past moment says; without a case where it had not been registered."""
    said, t = words(asked.language), Said(asked.language)
    stored = list(asked.run.store.entries(loaded.case.code))
    found = stood(((parse(each.body), each.leaf_hash) for each in stored), when.at, known.at)
    named = {"when": when, "known": known, "code": loaded.case.code}
    if found is None:
        return {**named, "case": None}
    kept = {entry.case_seq for entry in found.entries}
    at = when.at or asked.received
    running = [term for term in found.terms if term.status is TermStatus.RUNNING and term.attempt == found.case.attempt]
    return {
        **named, **standing(asked, found.case, found.entries, at), "history": happened(asked, [e for e in stored if e.seq in kept])[::-1],
        "deadlines": stood_deadlines(running, at, said, t), "told": told(asked, found.case.code, said, t, at),
        "left_out": len(stored) - len(kept),
    }  # fmt: skip
