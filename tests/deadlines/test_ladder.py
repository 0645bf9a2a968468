"""Steps of reminding: in their order, before the deadline, on working days."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadlines.calendar import ZONE, midnight, vietnam_calendar
from deadlines.ladder import DutyKind, LadderUnsound, ladders, last_valid_day, plan, read_ladders

LONG_AGO = datetime(2019, 1, 1, tzinfo=ZONE)
SLOT = time(7, 30)
DAYS = st.dates(date(2020, 1, 1), date(2027, 12, 31))
KINDS = st.sampled_from(DutyKind)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def steps(kind: DutyKind, due_at: datetime, opened_at: datetime = LONG_AGO) -> dict[str, datetime]:
    return {step.key: step.at for step in plan(kind, due_at, opened_at)}


def test_the_district_cut_off_of_2021_by_hand():
    assert steps(DutyKind.TERM, local("2021-07-10")) == {
        "T-30": local("2021-06-09 07:30"),
        "T-14": local("2021-06-25 07:30"),
        "T-7": local("2021-07-02 07:30"),
        "T-3": local("2021-07-06 07:30"),
        "T-1": local("2021-07-08 07:30"),
        "T-0": local("2021-07-09 07:30"),
        # 10 July was a Saturday, and the office above is not written to on a day off.
        "T+1": local("2021-07-12 07:30"),
    }


def test_what_would_fall_into_the_new_years_days_comes_before_them_in_its_order():
    # The days off of 2021 were 10 to 16 February; whoever has to act on the 17th is not told four times that morning.
    assert steps(DutyKind.TERM, local("2021-02-18")) == {
        "T-30": local("2021-01-18 07:30"),
        "T-14": local("2021-02-03 07:30"),
        "T-7": local("2021-02-08 07:30"),
        "T-3": local("2021-02-09 07:30"),
        "T-1": local("2021-02-16 07:30"),
        "T-0": local("2021-02-17 07:30"),
        "T+1": local("2021-02-18 07:30"),
    }


@given(KINDS, DAYS, st.sampled_from([time(0), time(0), time(5), time(11, 30), time(17)]))
def test_steps_come_in_their_order_each_at_a_moment_of_its_own_and_before_the_deadline(kind: DutyKind, day: date, at: time):
    due_at = datetime.combine(day, at, tzinfo=ZONE)
    found = steps(kind, due_at)
    assert list(found) == [rung.key for rung in ladders().by_kind[kind]]
    assert sorted(set(found.values())) == list(found.values())
    for rung in ladders().by_kind[kind]:
        assert (found[rung.key] < due_at) is not rung.after
        assert found[rung.key].astimezone(ZONE).time() == SLOT


@given(KINDS, DAYS)
def test_what_can_wait_for_a_working_day_does_and_the_rest_keeps_its_day(kind: DutyKind, day: date):
    calendar, due_at = vietnam_calendar(), midnight(day)
    found = steps(kind, due_at)
    for rung in ladders().by_kind[kind]:
        nominal, chosen = last_valid_day(due_at) - timedelta(days=rung.days), found[rung.key].astimezone(ZONE).date()
        if rung.any_day:
            assert chosen == nominal
        else:
            assert calendar.is_working_day(chosen)
            if calendar.is_working_day(nominal) and rung.after:
                assert chosen == nominal


@given(KINDS, DAYS, st.integers(-5000, 300))
def test_whoever_begins_late_hears_of_what_lies_ahead_alone(kind: DutyKind, day: date, hours: int):
    due_at = midnight(day)
    opened = due_at + timedelta(hours=hours)
    everything = steps(kind, due_at)
    assert steps(kind, due_at, opened) == {key: at for key, at in everything.items() if at > opened}


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        ({"slots": []}, "slots", "order"),
        ({"slots": ["13:30", "07:30"]}, "slots", "order"),
        ({"ladder": [{"kind": "party", "rungs": []}]}, "party", "kind"),
        ({"ladder": [{"kind": "term", "rungs": []}] * 2}, "term", "kind"),
        ({"ladder": [{"kind": "term", "rungs": [{"key": "a", "days": 1, "hears": ["officer"]}, {"key": "b", "days": 2, "hears": ["officer"]}]}]}, "term", "order"),
        ({"ladder": [{"kind": "term", "rungs": [{"key": "a", "days": 2, "hears": ["officer"]}, {"key": "a", "days": 1, "hears": ["officer"]}]}]}, "term", "order"),
        ({"ladder": [{"kind": "term", "rungs": [{"key": "a", "days": 2, "hears": ["cook"]}]}]}, "term", "hears"),
        ({"ladder": [{"kind": "term", "rungs": [{"key": "a", "days": 2, "hears": []}]}]}, "term", "hears"),
        ({"ladder": [{"kind": "term", "rungs": []}]}, "activity, certificate", "missing"),
    ],
)  # fmt: skip
def test_a_ladder_that_contradicts_itself_is_not_read(change: dict[str, object], where: str, reason: str):
    with pytest.raises(LadderUnsound) as caught:
        read_ladders({"slots": ["07:30"], "ladder": [], **change})
    assert caught.value.detail == {"where": where, "reason": reason}
