"""Days and hours as officials type them: day before month before year, whatever stands between."""

import re
from datetime import date, datetime

_DAY = re.compile(r"(\d{1,2})\s*[/.\-\s]\s*(\d{1,2})\s*[/.\-\s]\s*(\d{4})")
_CLOSE = re.compile(r"(\d{2})(\d{2})(\d{4})")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_HOUR = re.compile(r"(\d{1,2})\s*(?:giờ|[:hg])\s*(\d{1,2})?\s*(?:phút|p)?", re.IGNORECASE)
_LONGEST = 60


def day_of(text: str) -> date:
    """The day that somebody typed: ``9/7/2021``, ``09-07-2021``, ``09072021`` or ``2021-07-09``.

    Raises:
        ValueError: ``not_a_date``: it is none, there is no such day, or the year is cut short.
    """
    found = text.strip()
    if len(found) > _LONGEST or not found.isascii():
        raise ValueError("not_a_date")
    try:
        if _ISO.fullmatch(found):
            return date.fromisoformat(found)
        match = _DAY.fullmatch(found) or _CLOSE.fullmatch(found)
        if match is None:
            raise ValueError
        day, month, year = map(int, match.groups())
        return date(year, month, day)
    except ValueError:
        raise ValueError("not_a_date") from None


def instant_of(text: str) -> str:
    """The local day and hour that somebody typed, in ISO form: ``14:30 9/7/2021``, ``09/07/2021 14 giờ 30`` or ``2021-07-09T14:30``.

    Raises:
        ValueError: ``not_an_instant``: a part is missing or cannot be read.
    """
    found = text.strip()
    if len(found) > _LONGEST:
        raise ValueError("not_an_instant")
    try:
        if "T" in found:
            return datetime.fromisoformat(found).isoformat()
        hour = _HOUR.search(found)
        if hour is None:
            raise ValueError
        rest = (found[: hour.start()] + " " + found[hour.end() :]).replace(",", " ").strip()
        day = day_of(rest)
        return datetime(day.year, day.month, day.day, int(hour[1]), int(hour[2] or 0)).isoformat()  # noqa: DTZ001 - the local hour, read on with its zone
    except ValueError:
        raise ValueError("not_an_instant") from None
