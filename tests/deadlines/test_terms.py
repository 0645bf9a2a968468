"""Counting by the Civil Code, against worked examples and a plain count."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadlines.calendar import midnight, vietnam_calendar
from deadlines.statutory import statutory_terms
from deadlines.terms import (
    CutOff,
    Open,
    Span,
    Unit,
    Window,
    add_months,
    backward_window,
    certificate_end,
    certificate_last_day,
    grace_end,
)
from states.errors import UnknownName
from states.vocabulary import CaseKind, Event

CALENDAR = vietnam_calendar()
DAYS = st.dates(date(2018, 1, 1), date(2035, 12, 31))
UNITS = st.sampled_from(Unit)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("start", "span", "last"),
    [
        (date(2026, 5, 22), Span(60, Unit.DAY), date(2026, 7, 21)),
        (date(2026, 5, 22), Span(30, Unit.DAY), date(2026, 6, 22)),  # Day 30 is Sunday 21/6.
        (date(2026, 5, 22), Span(30, Unit.DAY, rolls=False), date(2026, 6, 21)),
        (date(2026, 4, 15), Span(15, Unit.DAY), date(2026, 5, 4)),  # 30/4 is a holiday, so are 1/5 and the weekend.
        (date(2026, 10, 8), Span(15, Unit.WORKING_DAY), date(2026, 10, 29)),
        (date(2026, 1, 31), Span(1, Unit.MONTH), date(2026, 3, 2)),  # 28/2 is a Saturday.
        (date(2024, 1, 31), Span(1, Unit.MONTH), date(2024, 2, 29)),
        (date(2024, 2, 29), Span(36, Unit.MONTH, rolls=False), date(2027, 2, 28)),
    ],
)
def test_a_span_ends_on_its_last_day_at_24_hours(start: date, span: Span, last: date) -> None:
    assert span.last_day(start, CALENDAR) == last
    assert span.end(start, CALENDAR) == midnight(last + timedelta(days=1))


@given(DAYS, st.integers(1, 400), UNITS)
def test_a_span_that_rolls_ends_on_a_working_day_and_never_earlier_than_counted(start: date, value: int, unit: Unit) -> None:
    rolled = Span(value, unit).last_day(start, CALENDAR)
    assert CALENDAR.is_working_day(rolled)
    plain = Span(value, unit, rolls=False).last_day(start, CALENDAR)
    assert plain <= rolled
    assert not any(CALENDAR.is_working_day(plain + timedelta(days=n)) for n in range((rolled - plain).days))


@given(DAYS, st.integers(1, 120))
def test_a_month_later_is_the_same_day_or_the_end_of_the_month(start: date, months: int) -> None:
    end = add_months(start, months)
    assert (end.year - start.year) * 12 + end.month - start.month == months
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


@pytest.mark.parametrize("value", [0, -1])
def test_a_span_without_length_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Span(value, Unit.DAY)


@pytest.mark.parametrize(
    ("decided", "last"),
    [
        (date(2020, 2, 4), date(2023, 2, 4)),
        (date(2019, 12, 31), date(2022, 12, 31)),
        (date(2024, 2, 29), date(2027, 2, 28)),
        (date(2023, 5, 1), date(2026, 5, 1)),  # A holiday: the life of a certificate does not roll.
    ],
)
def test_a_certificate_is_valid_through_the_corresponding_day(decided: date, last: date) -> None:
    assert certificate_last_day(decided) == last
    assert CutOff(certificate_end(decided)).admits(midnight(last + timedelta(days=1)) - TICK)
    assert not CutOff(certificate_end(decided)).admits(midnight(last + timedelta(days=1)))


def test_the_filing_window_counts_back_and_includes_both_days() -> None:
    window = backward_window(date(2026, 12, 31))
    assert not window.admits(midnight(date(2026, 7, 4)) - TICK)
    assert window.admits(midnight(date(2026, 7, 4)))
    assert window.admits(midnight(date(2026, 9, 3)) - TICK)
    assert not window.admits(midnight(date(2026, 9, 3)))


def test_a_window_that_would_end_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="only 10 days before"):
        backward_window(date(2026, 12, 31), earliest=10, latest=20)


def test_the_grace_ends_after_its_hundred_and_eightieth_day() -> None:
    assert grace_end(date(2026, 12, 31)) == midnight(date(2027, 6, 30))


def test_an_open_term_admits_everything_from_its_start() -> None:
    start = midnight(date(2026, 7, 1))
    assert Open().admits(start)
    assert Open(start).admits(start)
    assert not Open(start).admits(start - TICK)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.integers(0, 10**12))  # noqa: DTZ001 - the zone is added below
def test_a_window_is_half_open(naive: datetime, length: int) -> None:
    start = naive.replace(tzinfo=midnight(date(2020, 1, 1)).tzinfo)
    window = Window(start, start + timedelta(microseconds=length))
    assert window.admits(start) == (length > 0)
    assert not window.admits(window.cutoff)


def test_the_communes_fifteen_working_days_start_with_file_and_are_met_by_forward_only_under_qd26() -> None:
    (term,) = statutory_terms().started_by("qd26-2026", Event.FILE)
    assert (term.span.value, term.span.unit, term.met_by, term.enforced) == (15, Unit.WORKING_DAY, Event.FORWARD, False)
    assert term.end(date(2026, 10, 8), CALENDAR) == midnight(date(2026, 10, 30))
    assert statutory_terms().started_by("qd1489-2025", Event.FILE) == ()


def test_the_forty_five_days_belong_to_reassessments_alone() -> None:
    terms = statutory_terms()
    assert [term.name for term in terms.started_by("qd26-2026", Event.ACCEPT, CaseKind.REASSESSMENT)] == ["reassessment"]
    assert terms.started_by("qd26-2026", Event.ACCEPT, CaseKind.FIRST) == ()


@pytest.mark.parametrize("regime", ["qd1048-2019", "qd148-2023", "qd1489-2025", "qd26-2026"])
def test_every_regime_gives_thirty_six_months_that_do_not_roll(regime: str) -> None:
    term = statutory_terms().term(regime, "certificate")
    assert term.end(date(2023, 5, 1), CALENDAR) == certificate_end(date(2023, 5, 1))


def test_only_qd26_has_a_filing_window_and_a_grace() -> None:
    terms = statutory_terms()
    window, grace = terms.filing_window("qd26-2026"), terms.grace("qd26-2026")
    assert window is not None
    assert grace is not None
    assert window.window(date(2026, 12, 31)) == backward_window(date(2026, 12, 31))
    assert grace.end(date(2026, 12, 31)) == grace_end(date(2026, 12, 31))
    assert terms.filing_window("qd148-2023") is None
    assert terms.grace("qd148-2023") is None


def test_an_unknown_term_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownName) as caught:
        statutory_terms().term("qd148-2023", "commune_check")
    assert caught.value.detail["known"] == ("certificate",)
