"""How near a last day is, and how that is said."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.messages import Language
from notifications.wording import Countdown, Nearness, countdown, days_left, until, validity_left
from states.regime import VIETNAM

LAST = date(2021, 7, 9)
CUTOFF = datetime(2021, 7, 10, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("now", "near", "vietnamese", "english"),
    [
        ("2021-04-09T08:00:00+07:00", Nearness.LATER, "còn 91 ngày, khoảng 3 tháng", "91 days left, about 3 months"),
        ("2021-07-01T23:59:59+07:00", Nearness.LATER, "còn 8 ngày", "8 days left"),
        ("2021-07-02T00:00:00+07:00", Nearness.WEEK, "còn 7 ngày", "7 days left"),
        ("2021-07-07T23:59:59+07:00", Nearness.WEEK, "còn 2 ngày", "2 days left"),
        ("2021-07-08T00:00:00+07:00", Nearness.TOMORROW, "ngày mai là ngày cuối", "tomorrow is the last day"),
        ("2021-07-09T00:00:00+07:00", Nearness.TODAY, "hôm nay là ngày cuối", "today is the last day"),
        ("2021-07-09T16:59:59+00:00", Nearness.TODAY, "hôm nay là ngày cuối", "today is the last day"),
        ("2021-07-10T00:00:00+07:00", Nearness.PAST, "đã quá hạn 1 ngày", "1 day overdue"),
        ("2021-07-12T09:00:00+07:00", Nearness.PAST, "đã quá hạn 3 ngày", "3 days overdue"),
    ],
)
def test_days_are_counted_from_the_local_day(now: str, near: Nearness, vietnamese: str, english: str):
    left = countdown(CUTOFF, LAST, datetime.fromisoformat(now))
    assert left.near is near
    assert days_left(left, Language.VI) == vietnamese
    assert days_left(left, Language.EN) == english


def test_a_cut_off_within_the_day_has_passed_on_that_very_day():
    at = datetime(2021, 7, 9, 16, tzinfo=VIETNAM)
    left = countdown(at, LAST, at)
    assert left == Countdown(Nearness.PAST, 0)
    assert days_left(left, Language.VI) == "đã quá hạn trong hôm nay"
    assert days_left(left, Language.EN) == "overdue since today"
    assert countdown(at, LAST, at - timedelta(seconds=1)).near is Nearness.TODAY


@given(st.integers(-400, 400), st.integers(0, 86_399))
def test_the_words_agree_with_the_days(days: int, second: int):
    now = datetime(2021, 7, 9, tzinfo=VIETNAM) - timedelta(days=days) + timedelta(seconds=second)
    left = countdown(CUTOFF, LAST, now)
    assert left.days == days
    assert (left.near is Nearness.PAST) == (now >= CUTOFF)
    if abs(days) > 1:
        assert f"{abs(days)} ngày" in days_left(left, Language.VI)


def test_until_when_is_said_with_weekday_and_day():
    assert until(CUTOFF, LAST, Language.VI) == "hết ngày thứ Sáu, 09/07/2021"
    assert until(CUTOFF, LAST, Language.EN) == "the end of Friday, 9 Jul 2021"
    at = datetime(2021, 10, 10, 16, 30, tzinfo=VIETNAM)
    assert until(at, at.date(), Language.VI) == "trước 16 giờ 30, Chủ nhật, 10/10/2021"
    assert until(at.replace(minute=0), at.date(), Language.VI) == "trước 16 giờ, Chủ nhật, 10/10/2021"
    assert until(at, at.date(), Language.EN) == "16:30 on Sunday, 10 Oct 2021"


def test_a_certificate_is_valid_or_ended_and_never_overdue():
    assert validity_left(Countdown(Nearness.WEEK, 7), Language.VI) == "còn 7 ngày"
    assert validity_left(Countdown(Nearness.PAST, -3), Language.VI) == "đã hết hiệu lực 3 ngày"
    assert validity_left(Countdown(Nearness.PAST, -1), Language.EN) == "ended 1 day ago"
