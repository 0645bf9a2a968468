"""Says things to people, in Vietnamese or English: names, refusals, errors, instants and days.

Both languages come from ``states/labels``; a test holds every name, code and placeholder against both files.
"""

import tomllib
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from enum import Enum
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from states.chart import Outside, Seat
from states.errors import CycleError, EventRefused, NotAllowed, Problem
from states.faults import recognised
from states.lifecycle import PlanEvent
from states.overriding import Absolute
from states.refusal import Code, Holder, Refusal
from states.regime import VIETNAM
from states.vocabulary import (
    CalendarEvent,
    CalendarState,
    CaseKind,
    CaseState,
    CertificateEvent,
    CertificateState,
    DelegationEvent,
    DelegationState,
    Duty,
    Effect,
    Event,
    Function,
    Level,
    NoteEvent,
    ProducerKind,
    Publication,
    RoundEvent,
    RoundState,
    Stage,
    StateKind,
    TermStatus,
    TieKind,
    Track,
)

Language = Literal["vi", "en"]
SECTION: dict[type[Enum], str] = {
    CaseState: "state",
    Outside: "state",
    Event: "event",
    NoteEvent: "event",
    PlanEvent: "planevent",
    RoundEvent: "event",
    CertificateEvent: "event",
    CalendarEvent: "calendarevent",
    DelegationEvent: "delegationevent",
    Function: "function",
    Level: "level",
    Duty: "duty",
    CaseKind: "kind",
    StateKind: "statekind",
    CertificateState: "certificatestate",
    RoundState: "roundstate",
    CalendarState: "calendarstate",
    DelegationState: "delegationstate",
    Publication: "publication",
    Track: "track",
    Effect: "effect",
    Stage: "stage",
    TermStatus: "termstatus",
    ProducerKind: "producerkind",
    TieKind: "tiekind",
    Code: "reason",
    Absolute: "absolute",
}
"""Which section of the labels names the members of which vocabulary."""

_WEEKDAYS = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Said:
    """A value inside a template; the format after the colon chooses how an instant is meant."""

    __slots__ = ("value", "words")

    def __init__(self, words: "Words", value: object) -> None:
        self.words = words
        self.value = value

    def __format__(self, how: str) -> str:
        if how == "last" and isinstance(self.value, datetime):
            return self.words.last_day(self.value)
        if how == "from" and isinstance(self.value, datetime):
            return self.words.day(self.value.astimezone(VIETNAM).date())
        if how == "fault":
            return self.words.fault(str(self.value))
        if how == "next":
            return self.words.template("next", "round" if self.value else "none", {"round": self.value})
        return self.words.say(self.value)


class Words:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        """Read the labels of a language from the package."""
        self.language: Language = language
        self.table: dict[str, dict[str, str]] = tomllib.loads((files("states") / "labels" / f"{language}.toml").read_text("utf-8"))

    def name(self, member: Enum) -> str:
        """The name of a member of a vocabulary."""
        return self.table[SECTION[type(member)]][str(member.value)]

    def label(self, section: str, key: str) -> str:
        """The label under a key, or the key itself where there is none."""
        return self.table.get(section, {}).get(key, key)

    def stage(self, name: str) -> str:
        """The name of a plan's stage, or of an activity."""
        return self.table["stage"].get(name) or self.label("activity", name)

    def template(self, section: str, key: str, values: dict[str, Any]) -> str:
        """A sentence with its values said in this language; a value that is missing is left as an ellipsis."""
        pattern = self.table.get(section, {}).get(key, key)
        return pattern.format_map(_Values({name: _Said(self, value) for name, value in values.items()}))

    def say(self, value: object) -> str:  # noqa: PLR0911 - one line a type
        """A value as a person reads it."""
        match value:
            case None:
                return "–"
            case Enum() if type(value) in SECTION:
                return self.name(value)
            case bool():
                return {"vi": ("không", "có"), "en": ("no", "yes")}[self.language][value]
            case Fraction():
                return self.number(value)
            case datetime():
                return self.instant(value)
            case date():
                return self.day(value)
            case Holder() | Seat():
                return self.seat(value.function, value.level) if value.function else self.label("holder", "nobody")
            case str():
                return self.table["regime"].get(value, value)
            case Iterable():
                return ", ".join(self.say(item) for item in value) or "–"
        return str(value)

    def number(self, value: Fraction) -> str:
        """A score: exact where it ends within four decimals, else with an ellipsis; a comma in Vietnamese."""
        text = f"{float(value):.4f}".rstrip("0").rstrip(".")
        if Fraction(text) != value:
            text = f"{int(value * 100) / 100:.2f}…"
        return text.replace(".", ",") if self.language == "vi" else text

    def day(self, day: date) -> str:
        """A calendar day with its weekday, for example ``thứ Sáu, 09/07/2021``."""
        weekday = _WEEKDAYS[self.language][day.weekday()]
        if self.language == "vi":
            return f"{weekday}, {day:%d/%m/%Y}"
        return f"{weekday}, {day.day} {_MONTHS[day.month - 1]} {day.year}"

    def last_day(self, end: datetime) -> str:
        """The last valid day before an exclusive instant, or the instant itself where it is not a midnight."""
        local = end.astimezone(VIETNAM)
        if local.time() != time():
            return self.instant(end)
        return self.day(local.date() - timedelta(days=1)) + {"vi": " (hết ngày)", "en": " (to the end of the day)"}[self.language]

    def instant(self, instant: datetime) -> str:
        """Local time and day."""
        local = instant.astimezone(VIETNAM)
        return f"{local:%H:%M} {self.day(local.date())}"

    def fault(self, said: str) -> str:
        """What the system below said, in words, with its own sentence behind in brackets; that alone where nothing is known of it."""
        fault = recognised(said)
        known = self.label("below", fault.name or "syntax") if fault.name or fault.line is not None else None
        if fault.line is not None:
            place = self.template("below", "place" if fault.line else "end", {"line": fault.line, "column": fault.column})
            known = f"{known}, {place}"
        return f"{known} ({fault.said})" if known else fault.said

    def holder(self, holder: Holder) -> str:
        """Who can mend something."""
        return self.say(holder)

    def seat(self, function: Function, level: Level | None) -> str:
        """A function at a level, as a phrase."""
        if level is None:
            return self.name(function)
        if self.language == "vi":
            return f"{self.name(function)} {self.name(level)}"
        return f"{self.name(level)} {self.name(function)}"

    def refusal(self, refusal: Refusal) -> str:
        """The words of a reason, and whose decision may lift it where one may."""
        said = self.template("refusal", str(refusal.code), refusal.detail)
        return said + self.template("next", "override", {"who": refusal.overriders}) if refusal.overriders else said

    def problem(self, problem: Problem) -> str:
        """The words of a problem, after the field it concerns, if it concerns one."""
        field = problem.pointer.strip("/")
        return f"{self.label('field', field)}: {self.problem_text(problem)}" if field else self.problem_text(problem)

    def problem_text(self, problem: Problem) -> str:
        """The words of a problem without its place; stages and instants stand in its detail as plain text."""
        values = dict(problem.detail)
        for name in ("stage", "earlier_stage"):
            if isinstance(values.get(name), str):
                values[name] = self.stage(str(values[name]))
        for name in ("cutoff", "earlier_cutoff"):
            if isinstance(values.get(name), str):
                values[name] = datetime.fromisoformat(str(values[name]))
        if isinstance(values.get("measure"), str):
            values["measure"] = self.label("option", str(values["measure"]))
        return self.template("problem", problem.code, values) + (self._bounds(values) if problem.code == "out_of_range" else "")

    def _bounds(self, values: dict[str, Any]) -> str:
        """Between what a value may lie, as far as it was said."""
        low, high = values.get("low") is not None, values.get("high") is not None
        return self.template("next", "between" if low and high else "least" if low else "most", values) if low or high else ""

    def error(self, error: CycleError) -> str:
        """The first sentence of an error; reasons and problems are said apart."""
        values = dict(error.detail)
        if "what" in values:
            values["what"] = self.label("what", str(values["what"]))
        for name in ("event", "scope", "case"):
            # What no vocabulary has is named by a plain text.
            if type(values.get(name)) is str:
                values[name] = self.label("asked", str(values[name]))
        unseen = error.code == "stale_case" and values.get("version") is None
        return self.template(*(("next", "stale") if unseen else ("error", error.code)), values)

    def reasons(self, error: CycleError) -> list[tuple[str, str]]:
        """(words, who can mend it) for each reason of a refusal; empty for other errors."""
        if isinstance(error, EventRefused | NotAllowed):
            return [(self.refusal(reason), self.holder(reason.holder)) for reason in error.reasons]
        return []


class _Left:
    """A value that nobody gave: an ellipsis, however it was to be said."""

    __slots__ = ()

    def __format__(self, how: str) -> str:
        return "…"


class _Values(dict[str, _Said]):
    def __missing__(self, key: str) -> _Left:
        return _Left()


@cache
def words(language: Language = "vi") -> Words:
    """The words of a language, read once."""
    return Words(language)
