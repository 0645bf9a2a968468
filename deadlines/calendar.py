"""The working calendar of Viet Nam: days off, swapped days, working Saturdays, and which data a count was made with.

Days off are those of the Labour Code 2019, art. 112 (before 2021: the Labour Code 2012, art. 115), with the days the Government moves
or swaps each year. They come from the ``holidays`` package; ``data/calendar.toml`` and the caller's overrides correct single days.
Viet Nam keeps UTC+07:00 all year, so a local date and an instant correspond one to one.
"""

import tomllib
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from hashlib import sha256
from importlib.metadata import version as package_version
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays

from states.errors import CycleError

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NATION = "VN"
FIRST_YEAR = 2000
LAST_YEAR = 2100
WORKING_WEEKDAYS = 5
WEEKDAYS = (
    ("thứ Hai", "Monday"),
    ("thứ Ba", "Tuesday"),
    ("thứ Tư", "Wednesday"),
    ("thứ Năm", "Thursday"),
    ("thứ Sáu", "Friday"),
    ("thứ Bảy", "Saturday"),
    ("Chủ nhật", "Sunday"),
)

_DATA = Path(__file__).parent / "data" / "calendar.toml"
_DAY = timedelta(days=1)


class CalendarUnknown(CycleError):
    """A day was asked for that the calendar has no data about. Detail: ``day``, ``first``, ``last`` (ISO dates)."""

    code = "calendar_unknown"


def midnight(day: date) -> datetime:
    """The instant at which ``day`` begins in Viet Nam, aware, +07:00."""
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


@dataclass(frozen=True, slots=True)
class DayOff:
    """Why nobody works on a day, in both languages."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Override:
    """One day that is otherwise than the package says.

    Attributes:
        date: The day, local.
        working: What it really is.
        reason: In Vietnamese, as people will read it.
        source: The paper that says so (issuer, number, date).
        reason_en: In English; the Vietnamese serves where it is empty.
    """

    date: date
    working: bool
    reason: str
    source: str
    reason_en: str = ""


@dataclass(frozen=True, slots=True)
class Edition:
    """A unit's own table of days, as of one of its versions.

    Attributes:
        code: Whose: ``VN`` for the country, else the unit's code.
        number: Version of the table, from 1.
        overrides: Its days; of two for one day the later rules.
    """

    code: str
    number: int
    overrides: tuple[Override, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """Which days are working days, from 1 January 2000 to 31 December 2100.

    Attributes:
        code: ``VN``.
        version: Changes whenever the data change; stored with every term that was counted with it.
        announced_through: Last year whose days off have been announced; later ones are a forecast.
        overrides: Single days that are otherwise than the package says; of two for one day the later rules.
    """

    code: str
    version: str
    announced_through: int
    overrides: tuple[Override, ...]
    _by_day: dict[date, Override] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the overrides by day."""
        object.__setattr__(self, "_by_day", {override.date: override for override in self.overrides})

    @property
    def edition(self) -> str:
        """What a term keeps of the calendar that it was counted with: code and version."""
        return f"{self.code}@{self.version}"

    @property
    def first(self) -> date:
        """First day with data."""
        return date(FIRST_YEAR, 1, 1)

    @property
    def last(self) -> date:
        """Last day with data."""
        return date(LAST_YEAR, 12, 31)

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on this day. Raises CalendarUnknown outside the data."""
        return self.why_not_working(day) is None

    def is_holiday(self, day: date) -> bool:
        """Whether it is a public holiday, a day off in lieu of one, or a swapped day off. Raises CalendarUnknown."""
        return self._day_off(day) is not None

    def is_weekend(self, day: date) -> bool:
        """Whether it is a Saturday or Sunday that is not worked. Raises CalendarUnknown."""
        self._known(day)
        if day.weekday() < WORKING_WEEKDAYS:
            return False
        override = self._by_day.get(day)
        return not (override.working if override is not None else day in _package_year(day.year).worked)

    def is_provisional(self, day: date) -> bool:
        """Whether the year's days off have not been announced yet, so that a count may still move."""
        return day.year > self.announced_through

    def roll_forward(self, day: date) -> date:
        """The day itself, or the next working day if it is not one (Civil Code 2015, art. 148(5)). Raises CalendarUnknown."""
        while not self.is_working_day(day):
            day += _DAY
        return day

    def next_working_day(self, day: date) -> date:
        """The first working day after this one. Raises CalendarUnknown."""
        return self.roll_forward(day + _DAY)

    def add_working_days(self, start: date, count: int) -> date:
        """The ``count``-th working day after ``start``, which itself never counts (Civil Code 2015, art. 147(1)).

        Raises:
            CalendarUnknown: The count runs out of the data.
            ValueError: ``count`` is below 1: no day is counted, so none can be the last.
        """
        if count < 1:
            message = f"a count of working days begins at 1, not {count}"
            raise ValueError(message)
        day = start
        for _ in range(count):
            day = self.next_working_day(day)
        return day

    def why_not_working(self, day: date) -> DayOff | None:
        """Why offices are closed, in both languages, or None on a working day. Raises CalendarUnknown."""
        reason = self._day_off(day)
        if reason is None and self.is_weekend(day):
            reason = DayOff(*WEEKDAYS[day.weekday()])
        return reason

    def _day_off(self, day: date) -> DayOff | None:
        self._known(day)
        override = self._by_day.get(day)
        if override is not None:
            return None if override.working else DayOff(override.reason, override.reason_en or override.reason)
        return _package_year(day.year).off.get(day)

    def _known(self, day: date) -> None:
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise CalendarUnknown(day=day.isoformat(), first=self.first.isoformat(), last=self.last.isoformat())


@cache
def vietnam_calendar(overrides: tuple[Override, ...] = ()) -> WorkingCalendar:
    """The calendar of the package, corrected by the shipped overrides and then by the given ones (the later rules)."""
    shipped, announced_through = _shipped()
    both = (*shipped, *overrides)
    return WorkingCalendar(code=NATION, version=_version(both, announced_through), announced_through=announced_through, overrides=both)


@lru_cache(maxsize=512)
def with_editions(base: WorkingCalendar, editions: tuple[Edition, ...]) -> WorkingCalendar:
    """The calendar of a place: the base, corrected by the tables of the country and of the units above the place.

    Args:
        base: What the product ships.
        editions: The widest territory first. Of two tables for one day the narrower rules: a province that is closed stays closed.

    The version names every table with its number, so that it says which days a count was made with.
    """
    if not editions:
        return base
    version = base.version + "".join(f"+{edition.code}.{edition.number}" for edition in editions)
    overrides = base.overrides + tuple(override for edition in editions for override in edition.overrides)
    return replace(base, version=version, overrides=overrides)


def _version(overrides: tuple[Override, ...], announced_through: int) -> str:
    """``VN:holidays-<package version>:<first 12 hex digits of SHA-256 over the overrides>``."""
    lines = [f"announced {announced_through}"]
    lines += [f"{o.date.isoformat()}\t{o.working}\t{o.reason}\t{o.reason_en}\t{o.source}" for o in overrides]
    return f"VN:holidays-{package_version('holidays')}:{sha256(chr(10).join(lines).encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class _PackageYear:
    off: dict[date, DayOff]
    worked: frozenset[date]


@cache
def _package_year(year: int) -> _PackageYear:
    # The package fills a year only when asked, and the swap of one year may make a Saturday of its neighbour a working one.
    years = range(year - 1, year + 2)
    vietnamese = holidays.country_holidays("VN", years=years, language="vi")
    english = holidays.country_holidays("VN", years=years, language="en_US")
    off = {day: DayOff(name, english.get(day) or name) for day, name in vietnamese.items() if day.year == year}
    return _PackageYear(off, frozenset(day for day in vietnamese.weekend_workdays if day.year == year))


def _shipped() -> tuple[tuple[Override, ...], int]:
    with _DATA.open("rb") as file:
        data = tomllib.load(file)
    return tuple(Override(**row) for row in data["override"]), data["announced_through"]
