"""Named stretches of the calendar in a plan's words: a day, a month, a quarter, a half-year, a year, or an edge of one.

A point is read without a preposition and resolved against a year where it names none. Start, middle and end of a month are its 1st,
15th and last day, of a year 1/1, 30/6 and 31/12 (Civil Code 2015, art. 146(2), (3)).
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from deadlines.terms import MONTHS_A_YEAR, add_months
from deadlines.words import number

EARLIEST_YEAR = 2000
LATEST_YEAR = 2100
MONTHS_A_QUARTER = 3
MIDDLE_DAY = 15
_LAST_DAY_AND_HALF = (6, 30)


class Stretch(StrEnum):
    """How long a point is."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half-year"
    YEAR = "year"


class Edge(StrEnum):
    """An edge of a stretch, as art. 146 places it."""

    START = "start"
    MIDDLE = "mid"
    END = "end"


class NoSuchDate(ValueError):
    """The words name a day, month or quarter that the calendar does not have."""


class YearOutOfRange(NoSuchDate):
    """The words name, or are read against, a year outside 2000-2100."""


_YEAR_END = r"(?:[ ]?[/.-][ ]?|,? (?:của )?năm |,? )(?P<year>[0-9]{4})"
_DAY = re.compile(
    r"(?:ngày )?(?:mùng )?(?:(?P<d1>[0-9]{1,2})[ ]?(?P<sep>[/.-])[ ]?(?P<m1>[0-9]{1,2})"
    r"(?:[ ]?(?P=sep)[ ]?(?P<y1>[0-9]{4})|,? năm (?P<y2>[0-9]{4}))?"
    rf"|(?P<d2>[0-9]{{1,2}}),? tháng (?P<m2>[0-9]{{1,2}})(?:{_YEAR_END})?)"
)
_MONTH = re.compile(rf"(?:tháng (?P<m1>[0-9]{{1,2}})(?:{_YEAR_END})?|(?P<m2>[0-9]{{1,2}})[ ]?[/.-][ ]?(?P<y2>[0-9]{{4}}))")
_QUARTER = re.compile(rf"quý (?P<q>[0-9]{{1,2}}|[ivx]{{1,4}})(?:{_YEAR_END})?")
_HALF = re.compile(rf"(?:0?6|sáu) tháng (?P<half>đầu|cuối) năm(?:{_YEAR_END})?")
_YEAR = re.compile(r"(?:(?:cả )?năm )?(?P<year>[0-9]{4})|(?:cả )?năm(?: nay| này)?")
_EDGE = re.compile(r"(?:(?P<edge>đầu|giữa|cuối)|(?P<last>ngày cuối(?: cùng)?(?: của)?)) (?P<of>.+)")
_EDGES = {"đầu": Edge.START, "giữa": Edge.MIDDLE, "cuối": Edge.END}


@dataclass(frozen=True, slots=True)
class Point:
    """A named stretch; ``year`` is None where the words do not say it. ``edge`` narrows it to one day or to its end."""

    stretch: Stretch
    year: int | None = None
    month: int = 1
    day: int = 1
    edge: Edge | None = None

    def first(self, year: int) -> date:
        """Its first day, in the year it names or else in ``year``. Raises NoSuchDate."""
        if self.edge is Edge.MIDDLE:
            return self._middle(year)
        if self.edge is Edge.END:
            return self.after(year) - timedelta(days=1)
        return self._begin(year)

    def after(self, year: int) -> date:
        """The day after its last one, in the year it names or else in ``year``. Raises NoSuchDate."""
        if self.edge is Edge.MIDDLE:
            return self._middle(year) + timedelta(days=1)
        begin = self._begin(year)
        if self.edge is Edge.START or self.stretch is Stretch.DAY:
            return begin + timedelta(days=1)
        return add_months(begin, _MONTHS[self.stretch])

    def _begin(self, year: int) -> date:
        try:
            return date(_in_range(self.year if self.year is not None else year), self.month, self.day)
        except ValueError as error:
            raise NoSuchDate(str(error)) from error

    def _middle(self, year: int) -> date:
        begin = self._begin(year)
        if self.stretch is Stretch.MONTH:
            return begin.replace(day=MIDDLE_DAY)
        month, day = _LAST_DAY_AND_HALF
        return date(begin.year, month, day)


_MONTHS = {Stretch.MONTH: 1, Stretch.QUARTER: MONTHS_A_QUARTER, Stretch.HALF: 2 * MONTHS_A_QUARTER, Stretch.YEAR: MONTHS_A_YEAR}


def read_point(text: str) -> Point | None:
    """Read normalised words that name one stretch and nothing else; None where they do not.

    Raises:
        NoSuchDate: They do, but the calendar has no such month, quarter or day in any year, or the year lies outside 2000-2100.
    """
    for pattern, build in _READERS:
        if match := pattern.fullmatch(text):
            return build(match)
    if match := _EDGE.fullmatch(text):
        return _edge(match)
    return None


def _edge(match: re.Match[str]) -> Point | None:
    edge = Edge.END if match["last"] else _EDGES[match["edge"]]
    whole = read_point(match["of"])
    if whole is None or whole.edge is not None or whole.stretch not in {Stretch.MONTH, Stretch.QUARTER, Stretch.YEAR}:
        return None
    if edge is not Edge.END and whole.stretch is Stretch.QUARTER:
        return None  # Art. 146 places no middle or start of a quarter.
    return Point(whole.stretch, whole.year, whole.month, whole.day, edge)


def _year(*found: str | None) -> int | None:
    year = next((int(figures) for figures in found if figures), None)
    return None if year is None else _in_range(year)


def _in_range(year: int) -> int:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        message = f"year {year} is outside {EARLIEST_YEAR}-{LATEST_YEAR}"
        raise YearOutOfRange(message)
    return year


def _day(match: re.Match[str]) -> Point:
    point = Point(
        Stretch.DAY,
        _year(match["y1"], match["y2"], match["year"]),
        int(match["m1"] or match["m2"]),
        int(match["d1"] or match["d2"]),
    )
    point.first(EARLIEST_YEAR)  # A leap year: refuses what exists in no year.
    return point


def _month(match: re.Match[str]) -> Point:
    point = Point(Stretch.MONTH, _year(match["year"], match["y2"]), int(match["m1"] or match["m2"]))
    point.first(EARLIEST_YEAR)
    return point


def _quarter(match: re.Match[str]) -> Point:
    return Point(Stretch.QUARTER, _year(match["year"]), _checked(Stretch.QUARTER, number(match["q"])))


def _checked(stretch: Stretch, ordinal: int) -> int:
    if not 1 <= ordinal <= MONTHS_A_YEAR // MONTHS_A_QUARTER:
        message = f"no {stretch} {ordinal}"
        raise NoSuchDate(message)
    return MONTHS_A_QUARTER * (ordinal - 1) + 1


def _half(match: re.Match[str]) -> Point:
    return Point(Stretch.HALF, _year(match["year"]), 1 if match["half"] == "đầu" else 7)


def _whole_year(match: re.Match[str]) -> Point:
    return Point(Stretch.YEAR, _year(match["year"]))


_READERS = ((_DAY, _day), (_MONTH, _month), (_QUARTER, _quarter), (_HALF, _half), (_YEAR, _whole_year))
