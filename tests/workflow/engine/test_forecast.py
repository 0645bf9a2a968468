"""Forecasts of rounds: from what was written down before the instant, with their ground, their bottleneck, and their error."""

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction

import pytest

from states.errors import MalformedInput, NotFound
from states.vocabulary import CaseState, Stage
from tests.support.world import TWO_ROUNDS, World, moment, plan_file
from workflow.courses import Course, courses, steps_in, tally
from workflow.forecasting import RoundForecast
from workflow.survival import Pool

S = CaseState
FIRST, SECOND, OFFICER = "VS-2021-1", "VS-2021-2", "officer-VS"
YEARLY = [line for line in TWO_ROUNDS if line[0] == "province_eval"]
"""Two rounds with the province's date alone."""


def names(number: int, first: int = 1, producer: str = "P1") -> list[str]:
    return [f"{producer}-{n:02d}" for n in range(first, first + number)]


def evaluated(world: World, products: Sequence[str], at: str, concluded: str) -> list[str]:
    """Dossiers that come to the province on one day and have its council's result on another."""
    cases = [world.at_province(product, at=at) for product in products]
    for case in cases:
        world.act(case, "conclude", mean=70, at=concluded)
    return cases


def course_of(world: World, case: str) -> Course:
    (found,) = courses(steps_in(world.store, [case]))
    return found


def waits(world: World, case: str) -> list[tuple[str, int, bool, bool]]:
    return [(str(w.stage), w.days, w.met, w.went_on) for w in course_of(world, case).waits]


# Courses.


def test_a_wait_runs_from_entering_a_stage_to_the_act_that_meets_it(world: World):
    case = world.filed(at="2021-05-03 09:00")
    world.act(case, "conclude", mean=80, at="2021-05-20 15:00")
    world.act(case, "forward", at="2021-05-21 08:00")
    world.act(case, "return_for_completion", at="2021-05-25 08:00")
    world.act(case, "complete", at="2021-06-02 08:00")
    assert course_of(world, case).since == date(2021, 5, 21)
    world.act(case, "conclude", mean=95, at="2021-06-20 09:00")
    assert waits(world, case) == [
        ("district_eval", 17, True, True),
        ("district_to_province", 1, True, True),
        ("province_eval", 30, True, True),
    ]
    found = course_of(world, case)
    assert (found.ahead, found.since) == ((Stage.PROVINCE_TO_CENTRE,), date(2021, 6, 20))
    world.act(case, "nominate")
    world.act(case, "conclude", mean=91, at="2021-07-01 09:00")
    assert waits(world, case)[3:] == [("province_to_centre", 0, True, True), ("national_eval", 11, True, False)]


def test_a_result_below_the_threshold_leaves_nothing_to_wait_for(world: World):
    case = world.filed(at="2021-05-03 09:00")
    world.act(case, "conclude", mean=40, at="2021-05-13 15:00")
    assert waits(world, case) == [("district_eval", 10, True, False)]
    assert course_of(world, case).ahead == ()


def test_what_a_cut_off_or_a_withdrawal_ends_is_an_unfinished_wait(world: World):
    late, gone = world.filed("P1-01", at="2021-06-01 09:00"), world.filed("P1-02")
    world.act(gone, "withdraw", at="2021-06-11 09:00")
    world.sweep("2021-07-11 09:00")
    assert waits(world, late) == [("district_eval", 38, False, False)], "seen to the end of 9 July"
    assert waits(world, gone) == [("district_eval", 9, False, False)]
    world.act(late, "reenter", at="2021-07-20 09:00")
    assert course_of(world, late).since == date(2021, 7, 20), "in the next round it waits anew"


def test_who_comes_back_goes_on_waiting_since_the_first_day(world: World):
    case = world.filed("P1-01", at="2021-06-01 09:00")
    world.sweep("2021-07-11 09:00")
    world.rounds.redate(FIRST, "district_eval", "trước ngày 20/7/2021", "9/TB", "2021-07-09", "Hoãn họp", OFFICER)
    found = course_of(world, case)
    assert (found.since, found.waits, found.ahead[0]) == (date(2021, 6, 1), [], Stage.DISTRICT_EVAL)
    world.act(case, "conclude", mean=80, at="2021-07-15 09:00")
    assert waits(world, case) == [("district_eval", 44, True, True)]


def test_an_act_on_paper_that_brings_a_case_back_finishes_the_wait_on_its_own_day(world: World):
    case = world.filed("P1-01", at="2021-06-01 09:00")
    world.sweep("2021-07-10 08:00")
    asked = world.act(case, "conclude", mean=80, acted_on="2021-07-08 14:00", at="2021-07-12 09:00")
    assert asked.confirmation is not None
    world.confirmations.confirm(asked.confirmation, actor="authority-H1")
    assert waits(world, case) == [("district_eval", 37, True, True)]


def test_dates_of_a_round_are_counted_as_met_late_missed_or_ahead(world: World):
    met, missed = world.at_province("P1-01", at="2021-06-01 09:00"), world.filed("P1-02")
    gone = world.filed("P1-03")
    world.act(gone, "withdraw")
    world.sweep("2021-07-11 09:00")
    counts = tally(courses(steps_in(world.store, [met, missed, gone])), FIRST)
    assert {stage: dict(found) for stage, found in counts.items()} == {
        Stage.DISTRICT_EVAL: {"met": 1, "passed": 1},
        Stage.PROVINCE_EVAL: {"running": 1},
    }
    report = world.rounds.report(FIRST)
    assert [(str(d.stage), dict(d.counts)) for d in report.dates] == [
        ("district_eval", {"met": 1, "passed": 1}),
        ("province_eval", {"running": 1}),
    ]
    assert (report.deferred, report.pending) == ((missed,), ())
    assert report.counts == {S.PROVINCIAL_EVALUATION: 1, S.DEFERRED: 1, S.WITHDRAWN: 1}
    world.act(met, "conclude", mean=70, at="2021-07-12 09:00")
    assert world.rounds.report(FIRST).pending == (met,)


def test_a_breach_that_is_only_recorded_is_met_late(bare: World):
    bare.publish(plan_file("KH-2021", 2021, [("province_eval", 1, "trước ngày 30/7/2021", "record")]))
    case = bare.at_province("P1-01", at="2021-06-01 09:00")
    bare.sweep("2021-08-02 09:00")
    bare.act(case, "conclude", mean=70)
    (line,) = bare.rounds.report(FIRST).dates
    assert dict(line.counts) == {"late": 1}


# Forecasts.


def test_with_too_little_seen_none_is_given(world: World):
    case = world.at_province(at="2021-06-01 09:00")
    found = world.forecasts.round(FIRST)
    assert [(c.case, c.due.stage, c.chance, c.ground) for c in found.chances] == [(case, Stage.PROVINCE_EVAL, None, None)]
    (line,) = found.dates
    assert (line.cases, line.known, line.count) == (1, 0, None)
    assert found.bottlenecks == ()


def test_a_forecast_says_how_many_will_miss_where_they_are_stuck_and_on_what_it_rests(bare: World):
    bare.publish(plan_file("KH-2021", 2021, YEARLY))
    evaluated(bare, names(6), "2021-03-01 09:00", "2021-03-11 09:00")
    evaluated(bare, names(6, 7), "2021-03-01 09:00", "2021-03-31 09:00")
    early = [bare.at_province(product, at="2021-07-01 09:00") for product in names(2, 13)]
    late = bare.at_province("P1-15", at="2021-07-16 09:00")
    found = bare.forecasts.round(FIRST)
    told = {c.case: (c.chance, c.ground.pool if c.ground else None) for c in found.chances}
    assert told == {**dict.fromkeys(early, (Fraction(1), Pool.UNIT)), late: (Fraction(4, 7), Pool.UNIT)}, (
        "six of twelve were quick; the two that still wait after fifteen days were not"
    )
    (line,) = found.dates
    assert (line.cases, line.known, line.count) == (3, 3, Fraction(18, 7))
    assert [(b.stage, b.unit, b.count) for b in found.bottlenecks] == [(Stage.PROVINCE_EVAL, "VS", Fraction(18, 7))]
    assert not found.rehearsed


def test_the_waits_of_other_provinces_are_asked_where_its_own_are_too_few(bare: World):
    bare.publish(plan_file("KH-2021", 2021, YEARLY))
    bare.publish(plan_file("KH-VT", 2021, YEARLY), unit="VT")
    evaluated(bare, names(10, producer="P3"), "2021-03-01 09:00", "2021-03-06 09:00")
    case = bare.at_province("P1-01", at="2021-07-26 00:00")
    (chance,) = bare.forecasts.round(FIRST).chances
    assert (chance.case, chance.chance) == (case, Fraction(1))
    assert chance.ground is not None
    assert (chance.ground.pool, chance.ground.met) == (Pool.COUNTRY, 10)


def lived(world: World) -> None:
    """A round in which some are quick enough and some are not, and another one after it."""
    world.publish(plan_file("KH-2021", 2021, YEARLY))
    evaluated(world, names(12), "2021-03-01 09:00", "2021-03-31 09:00")
    waiting = [world.at_province(product, at="2021-06-20 09:00") for product in names(4, 13)]
    for product in names(3, 17):
        world.at_province(product, at="2021-07-15 09:00")
    for case in waiting[:3]:
        world.act(case, "conclude", mean=70, at="2021-07-20 09:00")
    world.sweep("2021-08-02 09:00")


def said(found: RoundForecast) -> list[tuple[str, Fraction | None]]:
    return [(c.case, c.chance) for c in found.chances]


def test_a_forecast_as_of_an_instant_is_the_one_that_was_made_then(bare: World):
    bare.publish(plan_file("KH-2021", 2021, YEARLY))
    evaluated(bare, names(12), "2021-03-01 09:00", "2021-03-31 09:00")
    waiting = [bare.at_province(product, at="2021-06-20 09:00") for product in names(3, 13)]
    made = bare.forecasts.round(FIRST)
    then = bare.clock.now()
    for case in waiting[:2]:
        bare.act(case, "conclude", mean=70, at="2021-07-20 09:00")
    bare.sweep("2021-08-02 09:00")
    again = bare.forecasts.round(FIRST, moment("2021-06-20 09:00:01"))
    assert said(again) == said(made) != []
    assert [d.count for d in again.dates] == [d.count for d in made.dates]
    assert bare.forecasts.round(FIRST).chances == (), "by now nobody has a date ahead"
    assert then < moment("2021-06-20 09:00:01")


def test_the_error_of_past_forecasts_is_what_happened_against_what_was_said(bare: World):
    lived(bare)
    tested = bare.forecasts.back_test(FIRST)
    assert [(t.days, t.forecast.cases, t.forecast.count, t.missed) for t in tested.tests] == [
        (30, 4, Fraction(0), 1),
        (14, 7, Fraction(3), 4),
        (7, 4, Fraction(3), 3),
    ], "who waits since 20 June should have been in time, and one was not; a week before nothing is known of waits as long as that one's"
    assert tested.tests[2].forecast.known == 3
    assert [t.brier for t in tested.tests] == [Fraction(1, 4), Fraction(1, 7), Fraction(0)]
    assert [t.rate for t in tested.tests] == [Fraction(3, 16), Fraction(12, 49), Fraction(0)]
    assert [t.nobody for t in tested.tests] == [Fraction(1, 4), Fraction(4, 7), Fraction(1)]
    assert [(b.cases, b.said, b.happened) for b in tested.bins] == [(8, Fraction(0), 2), (6, Fraction(6), 6)]
    assert tested.lean == "under"
    assert not tested.rehearsed


def test_a_round_without_a_date_that_has_passed_is_not_tested(bare: World):
    lived(bare)
    assert bare.forecasts.back_test(SECOND).tests == ()
    assert bare.forecasts.back_test(SECOND).lean is None


def test_a_date_that_was_moved_is_tested_against_the_date_that_ruled_in_the_end(bare: World):
    bare.publish(plan_file("KH-2021", 2021, YEARLY))
    evaluated(bare, names(12), "2021-03-01 09:00", "2021-03-31 09:00")
    case = bare.at_province("P1-13", at="2021-07-10 09:00")
    bare.move("2021-07-25 09:00")
    bare.rounds.redate(FIRST, "province_eval", "trước ngày 5/8/2021", "9/TB", "2021-07-25", "Hoãn họp", OFFICER)
    bare.sweep("2021-08-06 09:00")
    assert bare.state(case) is S.DEFERRED
    tests = bare.forecasts.back_test(FIRST).tests
    assert [(t.days, t.missed, t.moved) for t in tests] == [(14, 1, True), (7, 1, False)]


def test_what_cannot_be_forecast_is_refused_in_words(world: World):
    with pytest.raises(NotFound):
        world.forecasts.round("VS-2021-9")
    with pytest.raises(NotFound):
        world.forecasts.back_test("VS-2021-9")
    with pytest.raises(MalformedInput) as caught:
        world.forecasts.round(FIRST, moment("2022-01-01 00:00"))
    assert caught.value.code == "instant_ahead"


def test_terms_of_a_rehearsal_are_marked(world: World, owner: Callable[[str], object]):
    owner("UPDATE meta SET value='1' WHERE key='rehearsal'")
    assert world.forecasts.round(FIRST).rehearsed
    assert world.forecasts.back_test(FIRST).rehearsed
