"""Days and hours as officials type them: day before month before year, whatever stands between."""

import re
from datetime import date, datetime, time

_BETWEEN = r"(?:\s*[/.\-]\s*|\s+)"
_DAY = re.compile(rf"(\d{{1,2}}){_BETWEEN}(\d{{1,2}}){_BETWEEN}(\d{{4}})")
_CLOSE = re.compile(r"(\d{2})(\d{2})(\d{4})")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_HOUR = re.compile(r"(\d{1,2})\s*(?:giờ|[:hg])\s*(\d{1,2})?\s*(?:phút|p)?", re.IGNORECASE)
LONGEST = 60
"""Of a day that somebody typed, in characters; a longer text is refused before it is looked into."""


def day_of(text: str) -> date:
    """The day that somebody typed: ``9/7/2021``, ``09-07-2021``, ``09072021`` or ``2021-07-09``.

    Raises:
        ValueError: ``not_a_date``: it is none, there is no such day, or the year is cut short.
    """
    found = text.strip()
    if len(found) > LONGEST or not found.isascii():
        raise ValueError("not_a_date")
    match = _DAY.fullmatch(found) or _CLOSE.fullmatch(found)
    day, month, year = map(int, match.groups()) if match else (0, 0, 0)
    try:
        return date.fromisoformat(found) if _ISO.fullmatch(found) else date(year, month, day)
    except ValueError:
        raise ValueError("not_a_date") from None


def instant_of(text: str) -> str:
    """The local day and hour that somebody typed, in ISO form: ``14:30 9/7/2021``, ``09/07/2021 14 giờ 30`` or ``2021-07-09T14:30``.

    Raises:
        ValueError: ``not_an_instant``: a part is missing or cannot be read.
    """
    found = text.strip()
    if len(found) > LONGEST:
        raise ValueError("not_an_instant")
    hour = _HOUR.search(found)
    rest = (found[: hour.start()] + " " + found[hour.end() :]).replace(",", " ") if hour else ""
    try:
        if "T" in found:
            return datetime.fromisoformat(found).isoformat()
        # The zone is added where the text is read on as an instant.
        return datetime.combine(day_of(rest), time(int(hour[1]), int(hour[2] or 0)) if hour else time()).isoformat()
    except ValueError:
        raise ValueError("not_an_instant") from None
