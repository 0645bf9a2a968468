"""Reads the date phrases of Vietnamese plans and decisions, never guessing in silence.

``read_phrase("trước ngày 10/7/2021")`` says what the words are (a kind), from when, up to which exclusive instant, whether a timer
follows, and what a person should look at (flags). Words that are not understood give kind ``unknown`` and a question.

The strict reading is the default: "trước ngày D" ends when D begins, "trước tháng M" when M begins. QĐ 26/2026 uses the words so: it
takes effect *on* the day "before" which the earlier rules apply.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal

from deadlines.calendar import WorkingCalendar, midnight
from deadlines.grammar import Found, Reach, find
from deadlines.kinds import HORIZONS, NO_DATE, START_ONLY, Flag, Kind
from deadlines.points import NoSuchDate, YearOutOfRange
from deadlines.terms import Span
from deadlines.words import Bare, normalise, strip_words

ReadingMode = Literal["strict", "lenient"]
_DAY = timedelta(days=1)
_LEAP_DAY = (2, 29)


class Question(StrEnum):
    """What a person is asked about a phrase; also keys of the words."""

    UNKNOWN_WORDING = "unknown_wording"
    NO_SUCH_DATE = "no_such_date"
    YEAR_OUT_OF_RANGE = "year_out_of_range"
    YEAR_UNSAID = "year_unsaid"
    VAGUE_DATE = "vague_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a phrase means.

    Attributes:
        phrase: The words, verbatim.
        kind: What sort of phrase it is.
        start: Inclusive beginning, aware +07:00, where the phrase names one.
        cutoff: Exclusive end, aware +07:00; None where no end is named, or its year is not known.
        bound: ``exclusive`` where the named day itself is too late ("trước"), else ``inclusive``; None without an end.
        last_valid_day: Local date of the last moment in time.
        armed: Whether a timer follows.
        flags: What a person should look at, in the order of :class:`deadlines.kinds.Flag`.
        lenient_cutoff: Where some read the words more generously: that end, else None.
        firm: False where the phrase itself says "dự kiến", "phấn đấu" or the like; changes nothing.
        rounds: Numbers of rounds the phrase names.
        span: The length, for kinds that start with an event.
        window: Days (earliest, latest) before an expiry, for ``window-before-expiry``.
        question: What has to be asked before the phrase can rule anything.
    """

    phrase: str
    kind: Kind
    start: datetime | None = None
    cutoff: datetime | None = None
    bound: Literal["exclusive", "inclusive"] | None = None
    last_valid_day: date | None = None
    armed: bool = False
    flags: tuple[Flag, ...] = ()
    lenient_cutoff: datetime | None = None
    firm: bool = True
    rounds: tuple[int, ...] = ()
    span: Span | None = None
    window: tuple[int, int] | None = None
    question: Question | None = None

    def admits(self, received: datetime) -> bool:
        """Whether an act received at this instant is before the end; always true where there is none."""
        return self.cutoff is None or received < self.cutoff


def read_phrase(
    text: str,
    *,
    year: int | None = None,
    signed: date | None = None,
    reading: ReadingMode = "strict",
    calendar: WorkingCalendar | None = None,
) -> Reading:
    """Read one date phrase.

    Args:
        text: The words, in any case and either Unicode normal form.
        year: What an unsaid year stands for; of an interval, the year of its end.
        signed: Local date of the plan, for the flags that compare with it.
        reading: ``lenient`` takes the generous end where the two differ.
        calendar: Gives the flags about the last day being a day off; none without it.

    Raises:
        PhraseMalformed: The text is empty, too long or holds control characters.
        CalendarUnknown: The last day lies outside the calendar's data.
    """
    outcome = _read(text, year, reading)
    flags = set(outcome.flags)
    if signed is not None:
        flags.discard(Flag.START_NOT_GIVEN)  # "từ nay" then has its day.
        _compare_with_signing(outcome, midnight(signed), flags)
    if calendar is not None and outcome.last_valid_day is not None and outcome.armed:
        if calendar.is_weekend(outcome.last_valid_day):
            flags.add(Flag.LAST_DAY_IS_WEEKEND)
        if calendar.is_holiday(outcome.last_valid_day):
            flags.add(Flag.LAST_DAY_IS_HOLIDAY)
    return replace(outcome, flags=in_order(flags))


def in_order(flags: set[Flag]) -> tuple[Flag, ...]:
    """Flags in the order of their list."""
    return tuple(flag for flag in Flag if flag in flags)


def _compare_with_signing(outcome: Reading, signing: datetime, flags: set[Flag]) -> None:
    if outcome.cutoff is not None and outcome.cutoff <= signing:
        flags.add(Flag.DEADLINE_BEFORE_SIGNING)
    if outcome.start is not None and outcome.start < signing and outcome.armed:
        flags.add(Flag.INTERVAL_BEGAN_BEFORE_SIGNING)


@lru_cache(maxsize=4096)
def _read(text: str, year: int | None, reading: ReadingMode) -> Reading:
    bare = strip_words(normalise(text))
    try:
        found = find(bare)
        if found is None:
            return _unread(text, bare, Question.UNKNOWN_WORDING)
        return _resolve(text, bare, found, year, reading)
    except YearOutOfRange:
        return _unread(text, bare, Question.YEAR_OUT_OF_RANGE)
    except NoSuchDate:
        return _unread(text, bare, Question.NO_SUCH_DATE)


def _unread(text: str, bare: Bare, question: Question) -> Reading:
    flags = {Flag.VAGUE_DATE} | _round_flags(bare)
    return Reading(phrase=text, kind=Kind.UNKNOWN, flags=in_order(flags), firm=bare.firm, rounds=bare.rounds, question=question)


def _round_flags(bare: Bare) -> set[Flag]:
    return {Flag.ONE_PHRASE_TWO_ROUNDS} if len(set(bare.rounds)) > 1 else set()


def _resolve(text: str, bare: Bare, found: Found, year: int | None, reading: ReadingMode) -> Reading:
    flags = _round_flags(bare) | _flags_of_kind(found.kind)
    reach = found.reach if found.reach is not None else Reach()
    if found.open_start:
        flags.add(Flag.START_NOT_GIVEN)
    if reach.year_unsaid:
        flags.add(Flag.YEAR_NOT_IN_PHRASE)
    if bare.yearly and found.reach is not None:
        flags.add(Flag.RECURS_YEARLY)
    question = Question.VAGUE_DATE if bare.vague or found.vague else None
    if question is not None:
        flags.add(Flag.VAGUE_DATE)
    if year is None and reach.year_unsaid:
        question = Question.YEAR_UNSAID
        start = cutoff = lenient = None
    else:
        start, cutoff, lenient = _instants(reach, year if year is not None else 0)
    if lenient is not None:
        flags.add(Flag.READING_DIFFERS)
    generous = reading == "lenient" and lenient is not None
    end = lenient if generous else cutoff
    last = last_day_before(end) if end is not None else None
    if last is not None and (last.month, last.day) == _LEAP_DAY:
        flags.add(Flag.LEAP_FEBRUARY)
    return Reading(
        phrase=text,
        kind=found.kind,
        start=start,
        cutoff=end,
        bound=None if end is None else "exclusive" if reach.excluded and not generous else "inclusive",
        last_valid_day=last,
        armed=end is not None and found.kind not in HORIZONS and question is None,
        flags=in_order(flags),
        lenient_cutoff=lenient,
        firm=bare.firm,
        rounds=bare.rounds,
        span=found.span,
        window=found.window,
        question=question,
    )


def last_day_before(cutoff: datetime) -> date:
    """The local date of the last moment before an exclusive end (aware, +07:00)."""
    return (cutoff - timedelta(microseconds=1)).date()


def _flags_of_kind(kind: Kind) -> set[Flag]:
    flags: set[Flag] = set()
    if kind in NO_DATE:
        flags.add(Flag.NO_DATE)
    if kind in START_ONLY:
        flags.add(Flag.OPEN_END)
    if kind in HORIZONS or kind is Kind.AT_HOUR:
        flags.add(Flag.NOT_A_DUE_DATE)
    return flags


def _instants(reach: Reach, year: int) -> tuple[datetime | None, datetime | None, datetime | None]:
    """Start, cut-off and the lenient cut-off of a reach in a year."""
    clock = reach.at
    if clock is not None and reach.last is not None:
        instant = midnight(reach.last.first(year)) + clock
        return (None, instant, None) if reach.to_hour else (instant, None, None)
    start = cutoff = lenient = None
    if reach.first is not None:
        start = midnight(reach.first.after(year) if reach.first_excluded else reach.first.first(_year_of_first(reach, year)))
    if reach.last is not None:
        cutoff = midnight(reach.last.first(year) if reach.excluded else reach.last.after(year))
        if reach.excluded:
            lenient = midnight(reach.last.after(year))
    return start, cutoff, lenient


def _year_of_first(reach: Reach, year: int) -> int:
    """An interval that leaves the first year unsaid and would run backwards began the year before: "từ 25/12 đến 5/1/2022"."""
    if reach.first is None or reach.last is None:
        return year
    end_year = reach.last.year if reach.last.year is not None else year
    if reach.first.year is None and not reach.same_month and reach.first.first(end_year) > reach.last.first(end_year):
        return end_year - 1
    return end_year
