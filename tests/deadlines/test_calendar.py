"""The working calendar against days that were announced, and against a plain count."""

from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadlines.calendar import CalendarUnknown, Edition, Override, midnight, vietnam_calendar, with_editions
from deadlines.terms import Span, Unit

CALENDAR = vietnam_calendar()
DAYS = st.dates(date(2018, 1, 1), date(2030, 12, 31))


def test_a_local_day_begins_seven_hours_before_it_does_in_greenwich() -> None:
    assert midnight(date(2021, 7, 10)).isoformat() == "2021-07-10T00:00:00+07:00"
    assert midnight(date(2021, 7, 10)) == datetime.fromisoformat("2021-07-09T17:00:00+00:00")


@pytest.mark.parametrize(
    "day",
    [
        date(2020, 1, 23),
        date(2020, 4, 30),
        date(2021, 5, 3),
        date(2021, 9, 3),
        date(2024, 4, 29),
        date(2025, 5, 2),
        date(2026, 1, 2),
        date(2026, 4, 27),
        date(2026, 8, 31),
        date(2026, 11, 24),
        date(2021, 7, 10),
    ],
)
def test_offices_are_closed_and_the_calendar_says_why(day: date) -> None:
    assert not CALENDAR.is_working_day(day)
    reason = CALENDAR.why_not_working(day)
    assert reason is not None
    assert reason.vi
    assert reason.en


@pytest.mark.parametrize(
    "day", [date(2019, 1, 5), date(2019, 5, 4), date(2024, 5, 4), date(2025, 4, 26), date(2026, 1, 10), date(2026, 8, 22)]
)
def test_a_saturday_that_makes_up_for_a_swapped_day_is_worked(day: date) -> None:
    assert day.weekday() == 5
    assert CALENDAR.is_working_day(day)
    assert not CALENDAR.is_weekend(day)
    assert CALENDAR.why_not_working(day) is None


def test_the_24th_of_november_is_a_holiday_only_from_2026() -> None:
    assert CALENDAR.is_working_day(date(2025, 11, 24))
    assert not CALENDAR.is_working_day(date(2026, 11, 24))


def test_the_answer_does_not_depend_on_which_year_was_asked_first() -> None:
    later = vietnam_calendar((Override(date(2040, 1, 3), working=False, reason="thử", source="thử"),))
    later.is_working_day(date(2026, 1, 1))
    assert later.is_working_day(date(2019, 1, 5))


def test_the_fifteenth_working_day_before_the_october_round_is_counted_from_the_eighth() -> None:
    assert CALENDAR.add_working_days(date(2026, 10, 8), 15) == date(2026, 10, 29)


def test_five_working_days_over_tet_2026_end_on_the_27th_of_february() -> None:
    assert CALENDAR.add_working_days(date(2026, 2, 13), 5) == date(2026, 2, 27)


def test_the_start_never_counts_even_if_it_is_a_working_day() -> None:
    assert CALENDAR.add_working_days(date(2026, 10, 5), 1) == date(2026, 10, 6)


def test_a_count_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="begins at 1"):
        CALENDAR.add_working_days(date(2026, 10, 5), 0)


@given(DAYS, st.integers(1, 40))
def test_between_start_and_end_lie_exactly_as_many_working_days(start: date, count: int) -> None:
    end = CALENDAR.add_working_days(start, count)
    assert CALENDAR.is_working_day(end)
    counted = sum(CALENDAR.is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))
    assert counted == count


@given(DAYS)
def test_rolling_forward_stops_at_the_first_working_day(day: date) -> None:
    rolled = CALENDAR.roll_forward(day)
    assert rolled >= day
    assert CALENDAR.is_working_day(rolled)
    assert not any(CALENDAR.is_working_day(day + timedelta(days=n)) for n in range((rolled - day).days))


def test_an_override_changes_one_day_and_the_version() -> None:
    closed = Override(
        date(2026, 6, 1), working=False, reason="Nghỉ theo quyết định của tỉnh", source="1/QĐ-UBND", reason_en="Local day off"
    )
    local = vietnam_calendar((closed,))
    assert CALENDAR.is_working_day(closed.date)
    assert not local.is_working_day(closed.date)
    reason = local.why_not_working(closed.date)
    assert reason is not None
    assert reason.vi == closed.reason
    assert reason.en == "Local day off"
    assert local.is_working_day(date(2026, 6, 2))
    assert local.version != CALENDAR.version


def test_of_two_overrides_for_a_day_the_later_rules() -> None:
    day = date(2026, 6, 6)
    first = Override(day, working=True, reason="làm bù", source="a")
    second = Override(day, working=False, reason="thôi làm bù", source="b")
    assert vietnam_calendar((first,)).is_working_day(day)
    assert not vietnam_calendar((first, second)).is_working_day(day)


def test_years_not_yet_announced_are_marked_as_a_forecast() -> None:
    assert not CALENDAR.is_provisional(date(2026, 12, 31))
    assert CALENDAR.is_provisional(date(2027, 1, 1))


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2101, 1, 1)])
def test_a_day_outside_the_data_is_an_error_and_never_weekdays_only(day: date) -> None:
    with pytest.raises(CalendarUnknown) as caught:
        CALENDAR.is_working_day(day)
    assert caught.value.detail["day"] == day.isoformat()
    with pytest.raises(CalendarUnknown):
        CALENDAR.is_weekend(day)


# Tables of the country and of units over what ships.

SOON = st.dates(date(2026, 3, 1), date(2026, 12, 31))
DECLARED = st.dictionaries(SOON, st.booleans(), max_size=12)
SPANS = st.builds(Span, st.integers(1, 60), st.sampled_from([Unit.DAY, Unit.WORKING_DAY]))


def edition(code: str, days: dict[date, bool], number: int = 1) -> Edition:
    return Edition(code, number, tuple(Override(day, working, "", "1/TB") for day, working in days.items()))


def plainly(working: dict[date, bool], day: date) -> bool:
    return working[day] if day in working else CALENDAR.is_working_day(day)


@given(DECLARED, DECLARED, SOON)
def test_of_two_tables_the_narrower_rules_and_without_a_row_what_ships(
    nation: dict[date, bool], province: dict[date, bool], day: date
) -> None:
    here = with_editions(CALENDAR, (edition("VN", nation), edition("VS", province)))
    assert here.is_working_day(day) == plainly({**nation, **province}, day)


@given(DECLARED, st.randoms(use_true_random=False), SOON, SPANS)
def test_the_order_in_which_days_were_declared_makes_no_difference(days: dict[date, bool], chance: Random, start: date, span: Span) -> None:
    shuffled = list(days.items())
    chance.shuffle(shuffled)
    one, other = (with_editions(CALENDAR, (edition("VN", d),)) for d in (days, dict(shuffled)))
    assert span.end(start, one) == span.end(start, other)


@given(DECLARED, SOON, SPANS)
def test_a_span_never_ends_on_a_day_off_whatever_was_declared(days: dict[date, bool], start: date, span: Span) -> None:
    here = with_editions(CALENDAR, (edition("VN", days),))
    assert here.is_working_day(span.last_day(start, here))
    assert here.is_working_day(here.roll_forward(start))


@given(SOON, st.booleans(), SOON, SPANS)
def test_a_day_moves_a_span_only_if_it_lies_within_and_counts(day: date, working: bool, start: date, span: Span) -> None:
    here = with_editions(CALENDAR, (edition("VN", {day: working}),))
    before, after = span.last_day(start, CALENDAR), span.last_day(start, here)
    if span.unit is Unit.WORKING_DAY:
        inside = start < day <= before and working != CALENDAR.is_working_day(day)
    else:
        named = start + timedelta(days=span.value)
        inside = named <= day <= before and working != CALENDAR.is_working_day(day)
    assert (before != after) == inside
    assert (after > before) == (inside and not working)


def test_the_version_names_every_table_with_its_number() -> None:
    here = with_editions(CALENDAR, (edition("VN", {date(2026, 8, 25): False}, 3), edition("VS", {}, 2)))
    assert here.version == f"{CALENDAR.version}+VN.3+VS.2"
    assert with_editions(CALENDAR, ()) is CALENDAR
