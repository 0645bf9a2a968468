"""How near a last day is, and how that is said: "còn 7 ngày", "hôm nay là ngày cuối", "hết ngày thứ Sáu, 09/07/2021". Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from notifications.messages import Language
from states.regime import VIETNAM
from states.words import words

WEEK = 7
_LONG = 60
_DAYS_A_MONTH = 30.44


class Nearness(StrEnum):
    """How far ahead a last day lies, as people feel it."""

    LATER = "later"
    WEEK = "week"
    TOMORROW = "tomorrow"
    TODAY = "today"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Countdown:
    """A last day as seen from a moment.

    Attributes:
        near: How near it is.
        days: Whole days from the local day of the moment to the last day; negative when that lies behind.
    """

    near: Nearness
    days: int


def countdown(due_at: datetime, last_day: date, now: datetime) -> Countdown:
    """How a deadline stands at ``now``.

    Args:
        due_at: Exclusive instant (aware).
        last_day: Last local day on which the act still counts.
        now: Instant (aware) from which the days are counted.
    """
    days = (last_day - now.astimezone(VIETNAM).date()).days
    if now >= due_at:
        return Countdown(Nearness.PAST, min(days, 0))
    if days > WEEK:
        return Countdown(Nearness.LATER, days)
    if days > 1:
        return Countdown(Nearness.WEEK, days)
    return Countdown(Nearness.TOMORROW if days == 1 else Nearness.TODAY, max(days, 0))


_AT_HAND = {
    Language.VI: {Nearness.TOMORROW: "ngày mai là ngày cuối", Nearness.TODAY: "hôm nay là ngày cuối"},
    Language.EN: {Nearness.TOMORROW: "tomorrow is the last day", Nearness.TODAY: "today is the last day"},
}


def days_left(left: Countdown, language: Language) -> str:
    """The days in words: ``còn 7 ngày``, ``ngày mai là ngày cuối``, ``hôm nay là ngày cuối``, ``đã quá hạn 3 ngày``."""
    if left.near in _AT_HAND[language]:
        return _AT_HAND[language][left.near]
    count = abs(left.days)
    months = round(count / _DAYS_A_MONTH)
    if left.near is Nearness.PAST:
        if language is Language.VI:
            return f"đã quá hạn {count} ngày" if count else "đã quá hạn trong hôm nay"
        return f"{count} day{'s' if count > 1 else ''} overdue" if count else "overdue since today"
    if language is Language.VI:
        return f"còn {count} ngày" + (f", khoảng {months} tháng" if count >= _LONG else "")
    return f"{count} days left" + (f", about {months} months" if count >= _LONG else "")


def validity_left(left: Countdown, language: Language) -> str:
    """The days of a certificate, which ends and is not overdue: ``còn 7 ngày``, ``hôm nay là ngày cuối``, ``đã hết hiệu lực 3 ngày``."""
    if left.near is not Nearness.PAST:
        return days_left(left, language)
    count = max(-left.days, 1)
    if language is Language.VI:
        return f"đã hết hiệu lực {count} ngày"
    return f"ended {count} day{'s' if count > 1 else ''} ago"


def until(due_at: datetime, last_day: date, language: Language) -> str:
    """Until when, after the word "hạn" or "by": ``hết ngày thứ Sáu, 09/07/2021``, ``trước 16 giờ 30, thứ Sáu, 09/07/2021``."""
    day = words(language.value).day(last_day)
    local = due_at.astimezone(VIETNAM).time()
    if language is Language.VI:
        hour = f"{local.hour} giờ" + (f" {local.minute:02d}" if local.minute else "")
        return f"hết ngày {day}" if local == time() else f"trước {hour}, {day}"
    return f"the end of {day}" if local == time() else f"{local:%H:%M} on {day}"


def short_day(day: date) -> str:
    """A day in figures, as both languages write it where there is little room: ``09/07/2021``."""
    return f"{day:%d/%m/%Y}"
