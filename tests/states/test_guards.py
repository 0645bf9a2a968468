"""Guards one by one: each is met, and each refuses with its code, the values of its words and somebody who can help."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from states import guards
from states.facts import LEVEL_OF, Facts, Held, level_of
from states.refusal import Code, Holder, Refusal
from states.regime import local_midnight
from states.vocabulary import CaseKind, CaseState, Effect, Event, Function, Level, Stage
from tests.states.samples import CHARTS, DAY, HELD, MIDNIGHT, MOMENT, QD26, QD148, QD1048, everywhere, result, term

DISTRICT, PROVINCE, CENTRE = CaseState.DISTRICT_EVALUATION, CaseState.PROVINCIAL_EVALUATION, CaseState.NATIONAL_NOMINATION
UPGRADE = {"kind": CaseKind.UPGRADE, "held": HELD}


def facts(law=QD148, results=None, **known) -> Facts:
    return Facts(**{"at": DAY[law], "regime": law, "results": everywhere(law, results) if results else {}, **known})


TWO, THREE, FOUR, FIVE = result("45", 2), result("60", 3), result("75", 4), result("95", 5)
PLANNED = term(Stage.PROVINCE_EVAL, effect=Effect.DEFER)
CASES = [
    (guards.concluded, PROVINCE, facts(results=TWO), facts(), Code.RESULT_MISSING),
    (guards.not_concluded, PROVINCE, facts(), facts(results=TWO), Code.ALREADY_CONCLUDED),
    (guards.not_concluded, CaseState.COMMUNE_CHECK, facts(QD26), facts(QD26, results=TWO), Code.ALREADY_CONCLUDED),
    (guards.reaches_threshold, PROVINCE, facts(results=FIVE), facts(results=FOUR), Code.BELOW_THRESHOLD),
    (guards.reaches_threshold, DISTRICT, facts(results=FOUR), facts(results=THREE), Code.BELOW_THRESHOLD),
    (guards.reaches_threshold, DISTRICT, facts(QD1048, results=THREE), facts(QD1048, results=TWO), Code.BELOW_THRESHOLD),
    (guards.reaches_threshold, PROVINCE, facts(results=FIVE), facts(), Code.RESULT_MISSING),
    (guards.recognised_here, PROVINCE, facts(results=FOUR), facts(results=FIVE), Code.NOT_RECOGNISED_HERE),
    (guards.recognised_here, PROVINCE, facts(QD1048, results=THREE), facts(results=THREE), Code.NOT_RECOGNISED_HERE),
    (guards.recognised_here, DISTRICT, facts(results=THREE), facts(results=FOUR), Code.NOT_RECOGNISED_HERE),
    (guards.recognised_here, CENTRE, facts(results=FIVE), facts(results=TWO), Code.BELOW_THREE_STARS),
    (guards.recognised_here, CENTRE, facts(results=FIVE), facts(), Code.RESULT_MISSING),
    (guards.centre_gave_three_or_four, CENTRE, facts(results=THREE), facts(results=FIVE), Code.CENTRE_GAVE_FIVE),
    (guards.centre_gave_three_or_four, CENTRE, facts(results=FOUR), facts(results=TWO), Code.BELOW_THREE_STARS),
    (guards.centre_gave_three_or_four, CENTRE, facts(results=FOUR), facts(), Code.RESULT_MISSING),
    (guards.centre_gave_less_than_five, CENTRE, facts(results=TWO), facts(results=FIVE), Code.CENTRE_GAVE_FIVE),
    (guards.centre_gave_less_than_five, CENTRE, facts(results=FOUR), facts(), Code.RESULT_MISSING),
    (guards.is_three_stars, PROVINCE, facts(results=THREE), facts(results=FOUR), Code.NOT_THREE_STARS),
    (guards.is_three_stars, PROVINCE, facts(results=THREE), facts(results=TWO), Code.NOT_THREE_STARS),
    (guards.below_three_stars, PROVINCE, facts(results=TWO), facts(results=THREE), Code.THREE_STARS_REACHED),
    (guards.below_three_stars, PROVINCE, facts(results=TWO), facts(results=TWO, **UPGRADE), Code.UPGRADE_KEEPS_RANK),
    (guards.below_three_stars, PROVINCE, facts(results=TWO, kind=CaseKind.REASSESSMENT), facts(), Code.RESULT_MISSING),
    (guards.higher_than_held, PROVINCE, facts(results=FOUR, **UPGRADE), facts(results=THREE, **UPGRADE), Code.NOT_HIGHER),
    (guards.higher_than_held, PROVINCE, facts(results=THREE), facts(results=TWO, **UPGRADE), Code.NOT_HIGHER),
    (guards.higher_than_held, PROVINCE, facts(results=THREE, kind=CaseKind.REASSESSMENT, held=HELD), facts(), Code.RESULT_MISSING),
    (guards.not_higher_than_held, PROVINCE, facts(results=THREE, **UPGRADE), facts(results=FOUR, **UPGRADE), Code.RANK_IS_HIGHER),
    (guards.not_higher_than_held, PROVINCE, facts(results=TWO, **UPGRADE), facts(results=TWO), Code.NOT_AN_UPGRADE),
    (guards.no_rival, PROVINCE, facts(), facts(rival="AG-2021-0007"), Code.RUNNING_CASE),
    (guards.holds_certificate, PROVINCE, facts(held=HELD), facts(), Code.CERTIFICATE_MISSING),
    (guards.holds_certificate, PROVINCE, facts(held=HELD), facts(held=replace(HELD, in_force=False)), Code.CERTIFICATE_ENDED),
    (guards.not_published, CaseState.CERTIFIED, facts(), facts(published=True), Code.ALREADY_PUBLISHED),
    (guards.round_ahead, CaseState.BUSINESS_PLAN, facts(joins="AG-2"), facts(), Code.NO_OPEN_ROUND),
    (guards.round_ahead, CaseState.BUSINESS_PLAN, facts(needs_round=False), facts(next_round="AG-2"), Code.NO_OPEN_ROUND),
    (guards.next_round_ahead, CaseState.DEFERRED, facts(left=PROVINCE, joins="AG-2"), facts(left=PROVINCE), Code.NO_NEXT_ROUND),
    (guards.next_round_ahead, CaseState.DEFERRED, facts(left=CaseState.SELECTED), facts(left=CaseState.RETURNED), Code.NO_NEXT_ROUND),
    (guards.deferred_by_cutoff, CaseState.DEFERRED, facts(missed=PLANNED), facts(), Code.NOT_BY_CUTOFF),
    (
        guards.deferred_by_cutoff,
        CaseState.DEFERRED,
        facts(missed=PLANNED),
        facts(missed=replace(PLANNED, statutory=True)),
        Code.STATUTORY_DATE,
    ),
    (
        guards.cutoff_reached,
        PROVINCE,
        facts(at=MIDNIGHT, terms=(PLANNED,)),
        facts(at=MIDNIGHT - MOMENT, terms=(PLANNED,)),
        Code.TERM_STILL_RUNS,
    ),
    (guards.cutoff_reached, PROVINCE, facts(at=MIDNIGHT, terms=(PLANNED,)), facts(), Code.TERM_STILL_RUNS),
    (
        guards.before_cutoff(Stage.PROVINCE_EVAL),
        PROVINCE,
        facts(at=MIDNIGHT - MOMENT, terms=(PLANNED,)),
        facts(at=MIDNIGHT, terms=(PLANNED,)),
        Code.DEADLINE_PASSED,
    ),
    (guards.filing_open, CaseState.BUSINESS_PLAN, facts(), facts(at=QD148.filed_from - MOMENT), Code.FILING_NOT_OPEN),
    (guards.filing_open, CaseState.BUSINESS_PLAN, facts(), facts(at=local_midnight(2025, 7, 3)), Code.FILING_WAITS),
    (guards.district_exists, DISTRICT, facts(), facts(at=local_midnight(2025, 7, 1)), Code.DISTRICT_ABOLISHED),
    (guards.regime_runs, PROVINCE, facts(), facts(at=local_midnight(2026, 7, 22)), Code.REGIME_ENDED),
    (
        guards.regime_runs,
        PROVINCE,
        facts(results=FOUR, at=local_midnight(2026, 7, 22)),
        facts(at=local_midnight(2027, 1, 1)),
        Code.REGIME_ENDED,
    ),
]


def _title(case) -> str:
    return f"{case[0].__qualname__}-{case[4]}"


@pytest.mark.parametrize(("guard", "state", "met", "unmet", "code"), CASES, ids=[f"{_title(c)}-{n}" for n, c in enumerate(CASES)])
def test_a_guard_says_nothing_where_it_is_met_and_why_where_it_is_not(guard, state, met, unmet, code):
    assert guard(state, met) is None
    refusal = guard(state, unmet)
    assert isinstance(refusal, Refusal)
    assert refusal.code is code


def test_every_guard_of_a_shipped_chart_and_every_reason_about_the_case_is_tried_above():
    # "concluded" is part of every guard that judges a result, and no rule asks for it alone.
    used = {guard.__qualname__.partition("(")[0] for chart in CHARTS.values() for rule in chart.rules for guard in rule.guards}
    assert used <= {case[0].__qualname__.partition("(")[0] for case in CASES}
    about_the_case = list(Code)[1 : list(Code).index(Code.CUTOFFS_AHEAD)]
    assert {case[4] for case in CASES} == set(about_the_case)


def _reasons(law, state, event, known) -> tuple[Refusal, ...]:
    return CHARTS[law].reasons(state, event, known)[1]


CUT_OFFS = [
    (DISTRICT, Event.CONCLUDE, Stage.DISTRICT_EVAL, None),
    (DISTRICT, Event.ELIMINATE, Stage.DISTRICT_EVAL, None),
    (DISTRICT, Event.FORWARD, Stage.DISTRICT_TO_PROVINCE, FIVE),
    (PROVINCE, Event.CONCLUDE, Stage.PROVINCE_EVAL, None),
    (PROVINCE, Event.ELIMINATE, Stage.PROVINCE_EVAL, None),
    (PROVINCE, Event.NOMINATE, Stage.PROVINCE_TO_CENTRE, FIVE),
    (CENTRE, Event.CONCLUDE, Stage.NATIONAL_EVAL, None),
]


@pytest.mark.parametrize(("state", "event", "stage", "given"), CUT_OFFS, ids=lambda v: str(v) if isinstance(v, (CaseState, Event)) else "")
def test_an_act_received_at_23_59_59_999_passes_and_one_at_midnight_is_refused(state, event, stage, given):
    known = facts(QD1048, results=given, terms=(term(stage),))
    assert _reasons(QD1048, state, event, replace(known, at=MIDNIGHT - MOMENT)) == ()
    assert _reasons(QD1048, state, event, replace(known, at=MIDNIGHT - timedelta(microseconds=1))) == ()
    (refusal,) = _reasons(QD1048, state, event, replace(known, at=MIDNIGHT))
    assert refusal.code is Code.DEADLINE_PASSED
    assert (refusal.detail["due_at"], refusal.detail["phrase"], refusal.detail["stage"]) == (MIDNIGHT, "trước ngày 10/7", stage)


def test_the_commune_s_forwarding_has_its_own_cut_off():
    due = DAY[QD26]
    known = facts(QD26, at=due, terms=(term(Stage.COMMUNE_TO_PROVINCE, due),))
    assert [r.code for r in _reasons(QD26, CaseState.COMMUNE_CHECK, Event.FORWARD, known)] == [Code.DEADLINE_PASSED]
    assert _reasons(QD26, CaseState.COMMUNE_CHECK, Event.FORWARD, replace(known, at=due - MOMENT)) == ()


@pytest.mark.parametrize("effect", [Effect.SORT, Effect.RECORD])
def test_a_cut_off_that_only_sorts_or_records_refuses_nothing(effect):
    known = facts(QD1048, at=MIDNIGHT + MOMENT, terms=(term(Stage.PROVINCE_EVAL, effect=effect),))
    assert _reasons(QD1048, PROVINCE, Event.CONCLUDE, known) == ()


def test_another_stage_s_cut_off_refuses_nothing_and_of_two_the_earlier_rules():
    known = facts(QD1048, at=MIDNIGHT, terms=(term(Stage.DISTRICT_EVAL),))
    assert _reasons(QD1048, PROVINCE, Event.CONCLUDE, known) == ()
    later = term(Stage.PROVINCE_EVAL, MIDNIGHT + timedelta(days=9))
    both = replace(known, terms=(later, term(Stage.PROVINCE_EVAL)))
    assert [r.detail["due_at"] for r in _reasons(QD1048, PROVINCE, Event.CONCLUDE, both)] == [MIDNIGHT]


def test_recognition_has_no_cut_off():
    passed = tuple(term(stage) for stage in Stage)
    known = facts(QD1048, results=FOUR, at=MIDNIGHT + timedelta(days=99), terms=passed)
    assert _reasons(QD1048, PROVINCE, Event.CERTIFY, known) == ()
    assert _reasons(QD1048, CENTRE, Event.FALL_BACK, known) == ()


@pytest.mark.parametrize(("state", "event", "stage", "given"), CUT_OFFS, ids=lambda v: str(v) if isinstance(v, (CaseState, Event)) else "")
def test_a_deferred_case_is_told_the_deadline_that_it_missed_and_not_its_state(state, event, stage, given):
    for next_round, helper in (("AG-2021-2", "officer@province"), (None, "authority@province")):
        missed = facts(QD1048, results=given, left=state, missed=term(stage), next_round=next_round)
        (refusal,) = _reasons(QD1048, CaseState.DEFERRED, event, missed)
        assert refusal.code is Code.DEADLINE_PASSED
        assert refusal.detail == {
            "stage": stage,
            "due_at": MIDNIGHT,
            "phrase": "trước ngày 10/7",
            "source": "Kế hoạch số 1/KH-UBND",
            "round": "AG-2021-1",
            "next_round": next_round,
        }
        assert str(refusal.holder) == helper


def test_a_case_deferred_while_it_was_returned_is_told_the_deadline_of_its_origin():
    missed = facts(QD1048, left=CaseState.RETURNED, origin=PROVINCE, missed=term(Stage.PROVINCE_EVAL))
    assert [r.code for r in _reasons(QD1048, CaseState.DEFERRED, Event.CONCLUDE, missed)] == [Code.DEADLINE_PASSED]


@pytest.mark.parametrize(
    "known",
    [
        facts(QD1048, left=PROVINCE),
        facts(QD1048, left=PROVINCE, missed=term(Stage.DISTRICT_EVAL)),
        facts(QD1048, left=DISTRICT, missed=term(Stage.PROVINCE_EVAL)),
        facts(QD1048, missed=term(Stage.PROVINCE_EVAL)),
    ],
    ids=["by the office", "another stage", "another state", "nothing left"],
)
def test_a_deferred_case_that_missed_something_else_is_told_its_state(known):
    (refusal,) = _reasons(QD1048, CaseState.DEFERRED, Event.CERTIFY, known)
    assert refusal.code is Code.WRONG_STATE
    assert refusal.holder == Holder(Function.OFFICER, Level.DISTRICT)
    assert refusal.detail["states"] == (PROVINCE, CENTRE)


def test_a_result_names_the_mean_exactly_and_what_is_asked_for():
    (refusal,) = _reasons(QD148, DISTRICT, Event.FORWARD, facts(results=result("209/3", 3)))
    assert refusal.detail == {"mean": Fraction(209, 3), "least": Fraction(70)}


def test_a_product_sent_down_is_certified_by_the_district_on_the_province_s_result():
    sent = Facts(at=DAY[QD148], regime=QD148, results={Level.DISTRICT: FOUR, Level.PROVINCE: THREE})
    assert _reasons(QD148, DISTRICT, Event.CERTIFY, sent) == ()
    assert sent.result_in(DISTRICT) == THREE
    assert sent.result_in(CaseState.CERTIFIED) is None


def test_the_level_that_handles_a_returned_case_is_that_of_its_origin():
    assert level_of(CaseState.RETURNED, PROVINCE, QD148) is Level.PROVINCE
    assert level_of(CaseState.SELECTED, None, QD148) is Level.DISTRICT
    assert level_of(CaseState.SELECTED, None, QD26) is Level.COMMUNE
    assert set(LEVEL_OF.values()) == set(Level)


def test_an_upgrade_starts_from_the_certificate_s_last_valid_day_and_says_it():
    ended = facts(kind=CaseKind.UPGRADE, held=Held("CN-1", 3, in_force=False, last_valid_day=HELD.last_valid_day))
    (refusal,) = _reasons(QD148, "start", Event.REGISTER, ended)
    assert refusal.detail == {"certificate": "CN-1", "day": HELD.last_valid_day}
