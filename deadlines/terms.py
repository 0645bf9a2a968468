"""Terms of law as exclusive instants, counted by the Civil Code 2015, articles 144 to 148.

A named date ("trước ngày 10/10") is a moment and never moves; only a span (thời hạn, art. 144) ends later when its last day is a day
off (art. 148(5)). Every instant here is the first one that is too late: art. 148(6) ends the last day at 24:00.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from deadlines.calendar import WorkingCalendar, midnight

CERTIFICATE_MONTHS = 36
EARLIEST_DAYS_BEFORE_END = 180
LATEST_DAYS_BEFORE_END = 120
GRACE_DAYS = 180
MONTHS_A_YEAR = 12


class Unit(StrEnum):
    """What a span is counted in; the values are those of plan files."""

    DAY = "day"
    WORKING_DAY = "working day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class CutOff:
    """A named moment: an act must be received strictly before ``instant`` (aware, +07:00)."""

    instant: datetime

    def admits(self, received: datetime) -> bool:
        """Whether an act received at this instant is in time."""
        return received < self.instant


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start`` (inclusive) up to ``cutoff`` (exclusive), both aware, +07:00."""

    start: datetime
    cutoff: datetime

    def admits(self, received: datetime) -> bool:
        """Whether an act received at this instant is in time."""
        return self.start <= received < self.cutoff


@dataclass(frozen=True, slots=True)
class Open:
    """No end: from ``start`` (inclusive, aware, +07:00) on, or at any time where there is none."""

    start: datetime | None = None

    def admits(self, received: datetime) -> bool:
        """Whether an act received at this instant is in time."""
        return self.start is None or self.start <= received


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time that starts with an event.

    Attributes:
        value: How many, at least 1.
        unit: Of what.
        rolls: Whether a last day that is a day off moves the end (art. 148(5)). Off where an act of law names the end itself, as the
            regimes' "evaluated before" bounds and the life of a certificate do.
    """

    value: int
    unit: Unit
    rolls: bool = True

    def __post_init__(self) -> None:
        """Refuse a span without length: ValueError."""
        if self.value < 1:
            message = f"a span counts at least 1 {self.unit}, not {self.value}"
            raise ValueError(message)

    def last_day(self, start: date, calendar: WorkingCalendar) -> date:
        """The last day that still counts, ``start`` being the day of the event.

        The day of the event is not counted (art. 147). Working days count the office's days only; months end on the corresponding day,
        or on the month's last day where there is none (art. 148(3)); the end moves past days off (art. 148(5)).

        Raises:
            CalendarUnknown: The end lies outside the calendar's data.
        """
        match self.unit:
            case Unit.WORKING_DAY:
                return calendar.add_working_days(start, self.value)
            case Unit.DAY:
                last = start + timedelta(days=self.value)
            case Unit.MONTH:
                last = add_months(start, self.value)
        return calendar.roll_forward(last) if self.rolls else last

    def end(self, start: date, calendar: WorkingCalendar) -> datetime:
        """The exclusive instant: the midnight after :meth:`last_day` (art. 148(6)). Raises CalendarUnknown."""
        return midnight(self.last_day(start, calendar) + timedelta(days=1))


Term = CutOff | Window | Span | Open


def add_months(start: date, months: int) -> date:
    """The corresponding day ``months`` later, or that month's last day where there is none (Civil Code 2015, art. 148(3))."""
    index = start.year * MONTHS_A_YEAR + start.month - 1 + months
    year, month = divmod(index, MONTHS_A_YEAR)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def certificate_last_day(decided: date, months: int = CERTIFICATE_MONTHS) -> date:
    """The last valid day of a certificate: the day corresponding to the decision's after 36 months (art. 147, 148(3)).

    Provinces differ by one day; the Code's count is used. 29/02/2024 gives 28/02/2027. It does not move past days off.
    """
    return add_months(decided, months)


def certificate_end(decided: date, months: int = CERTIFICATE_MONTHS) -> datetime:
    """The instant from which a certificate has lapsed: the midnight after its last valid day (art. 148(6))."""
    return midnight(certificate_last_day(decided, months) + timedelta(days=1))


def backward_window(last_day: date, *, earliest: int = EARLIEST_DAYS_BEFORE_END, latest: int = LATEST_DAYS_BEFORE_END) -> Window:
    """Not before ``earliest`` and not later than ``latest`` days before an end, both days included (QĐ 26/2026, reassessment).

    Counting back onto a day off is not regulated, so neither bound moves.

    Raises:
        ValueError: ``earliest`` is smaller than ``latest``.
    """
    if earliest < latest:
        message = f"the window would end {latest} days before the end but begin only {earliest} days before"
        raise ValueError(message)
    return Window(midnight(last_day - timedelta(days=earliest)), midnight(last_day - timedelta(days=latest - 1)))


def grace_end(last_day: date, days: int = GRACE_DAYS) -> datetime:
    """The instant at which the grace of a filed dossier ends: at most 180 days past the last valid day (QĐ 26/2026, art. 12(3))."""
    return midnight(last_day + timedelta(days=days + 1))
