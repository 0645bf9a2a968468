"""Guards one by one: each is met, and each refuses with its code, the values of its words and somebody who can help."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from states import guards
from states.chart import START
from states.facts import LEVEL_OF, Facts, Held, Result, level_of
from states.refusal import Code, Holder, Refusal
from states.regime import REGIMES, local_midnight
from states.vocabulary import CaseKind, CaseState, Duty, Effect, Event, Function, Level, Stage
from tests.states.samples import CHARTS, DAY, HELD, MIDNIGHT, MOMENT, QD26, QD148, QD1048, everywhere, origins, result, term

DISTRICT, PROVINCE, CENTRE = CaseState.DISTRICT_EVALUATION, CaseState.PROVINCIAL_EVALUATION, CaseState.NATIONAL_NOMINATION
UPGRADE = {"kind": CaseKind.UPGRADE, "held": HELD}


def facts(law=QD148, results=None, **known) -> Facts:
    """Facts of an ordinary day; one result stands for every level that has a council."""
    given = everywhere(law, results) if isinstance(results, Result) else results or {}
    return Facts(**{"at": DAY[law], "regime": law, "results": given, **known})


def here(state: CaseState, given: Result | None) -> dict[Level, Result]:
    """The result of the level that the case lies with, and of no other."""
    return {LEVEL_OF[state]: given} if given else {}


TWO, THREE, FOUR, FIVE = result("45", 2), result("60", 3), result("75", 4), result("95", 5)
PLANNED = term(Stage.PROVINCE_EVAL, effect=Effect.DEFER)
CHECK = CaseState.COMMUNE_CHECK
SPAN = replace(term(Stage.COMMUNE_CHECK, DAY[QD26] + timedelta(days=9), Effect.RECORD), span=True, round=None)
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
    (
        guards.no_certificate_in_force,
        CaseState.IDEA_REGISTERED,
        facts(held=replace(HELD, in_force=False)),
        facts(held=HELD),
        Code.CERTIFICATE_IN_FORCE,
    ),
    (guards.held_to_filing, CaseState.BUSINESS_PLAN, facts(), facts(kind=CaseKind.UPGRADE), Code.CERTIFICATE_MISSING),
    (
        guards.held_to_filing,
        CaseState.BUSINESS_PLAN,
        facts(QD26, kind=CaseKind.REASSESSMENT, held=HELD),
        facts(QD26, kind=CaseKind.REASSESSMENT, held=replace(HELD, in_force=False)),
        Code.CERTIFICATE_ENDED,
    ),
    (guards.window_open, CaseState.BUSINESS_PLAN, facts(QD26), facts(QD26, opens_at=DAY[QD26] + MOMENT), Code.TOO_EARLY),
    (guards.round_not_closed, CaseState.DEFERRED, facts(), facts(round_closed=True), Code.ROUND_CLOSED),
    (
        guards.not_sent_down,
        DISTRICT,
        facts(results={Level.DISTRICT: FOUR}),
        facts(results={Level.PROVINCE: THREE}),
        Code.ALREADY_CONCLUDED,
    ),
    (guards.not_published, CaseState.CERTIFIED, facts(), facts(published=True), Code.ALREADY_PUBLISHED),
    (guards.not_accepted, PROVINCE, facts(accepted=Level.DISTRICT), facts(accepted=Level.PROVINCE), Code.ALREADY_ACCEPTED),
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
    (guards.span_runs, CHECK, facts(QD26, terms=(SPAN,)), facts(QD26), Code.NO_SPAN),
    (guards.span_runs, CHECK, facts(QD26, terms=(SPAN, PLANNED)), facts(QD26, terms=(PLANNED,)), Code.NAMED_DATE),
    (guards.span_runs, CHECK, facts(QD26, terms=(SPAN,)), facts(QD26, at=SPAN.due_at, terms=(SPAN,)), Code.SPAN_EXPIRED),
    (guards.span_runs, CHECK, facts(QD26, terms=(SPAN,)), facts(QD26, expired={SPAN.stage: MIDNIGHT}), Code.SPAN_EXPIRED),
    (guards.span_runs, CHECK, facts(QD26, terms=(SPAN,)), facts(QD26, suspended={SPAN.stage: MIDNIGHT}), Code.SPAN_SUSPENDED),
    (guards.span_waits, CHECK, facts(QD26, suspended={SPAN.stage: MIDNIGHT}), facts(QD26, terms=(SPAN,)), Code.NOT_SUSPENDED),
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


ABOUT_SPANS = (Code.NO_SPAN, Code.NAMED_DATE, Code.SPAN_EXPIRED, Code.SPAN_SUSPENDED, Code.NOT_SUSPENDED)


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
    about_the_case = [*list(Code)[1 : list(Code).index(Code.CUTOFFS_AHEAD)], *ABOUT_SPANS]
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
    known = facts(QD1048, results=here(state, given), terms=(term(stage),))
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


HANDLED = [(law, state) for law in REGIMES for state in origins(law)]


@pytest.mark.parametrize(("law", "left"), HANDLED, ids=lambda v: getattr(v, "id", v))
@pytest.mark.parametrize("returned", [False, True], ids=["", "returned"])
def test_a_deferred_case_is_told_its_deadline_for_everything_that_it_could_have_done_before_the_cut_off(law, left, returned):
    missed = facts(law, missed=term(Stage.PROVINCE_EVAL), next_round="AG-2021-2", joins="AG-2021-2")
    known = replace(missed, left=CaseState.RETURNED, origin=left) if returned else replace(missed, left=left)
    chart = CHARTS[law]
    told = {offer.event for offer in chart.offers(CaseState.DEFERRED, known) if [r.code for r in offer.reasons] == [Code.DEADLINE_PASSED]}
    before = {e for e in chart.events if chart.rules_in(left, e) or (returned and chart.rules_in(CaseState.RETURNED, e))}
    # What a deferred case can still do answers for itself; what the system alone does has no other answer for a person.
    still = {rule.event for rule in chart.rules if rule.source is CaseState.DEFERRED and rule.duty is not Duty.AUTOMATIC}
    assert told == before - still - {Event.DEFER}
    assert {Event.RETURN_FOR_COMPLETION, Event.COMPLETE if returned else Event.RETURN_FOR_COMPLETION} <= told


@pytest.mark.parametrize(
    "known",
    [
        facts(QD1048, left=PROVINCE),
        facts(QD1048, left=DISTRICT, missed=term(Stage.PROVINCE_EVAL)),
        facts(QD1048, missed=term(Stage.PROVINCE_EVAL)),
    ],
    ids=["by the office", "another state", "nothing left"],
)
def test_a_deferred_case_that_missed_something_else_is_told_its_state(known):
    (refusal,) = _reasons(QD1048, CaseState.DEFERRED, Event.CERTIFY, known)
    assert refusal.code is Code.WRONG_STATE
    assert refusal.holder == Holder(Function.OFFICER, Level.DISTRICT)
    assert refusal.detail["states"] == (PROVINCE, CENTRE)


def test_a_result_names_the_mean_exactly_and_what_is_asked_for():
    (refusal,) = _reasons(QD148, DISTRICT, Event.FORWARD, facts(results=here(DISTRICT, result("209/3", 3))))
    assert refusal.detail == {"mean": Fraction(209, 3), "least": Fraction(70)}


def test_a_product_sent_down_is_certified_by_the_district_on_the_province_s_result():
    sent = Facts(at=DAY[QD148], regime=QD148, results={Level.DISTRICT: FOUR, Level.PROVINCE: THREE})
    assert _reasons(QD148, DISTRICT, Event.CERTIFY, sent) == ()
    assert sent.result_in(DISTRICT) == THREE
    assert sent.result_in(CaseState.CERTIFIED) is None


def test_what_the_province_has_sent_down_is_not_sent_up_again():
    sent = facts(results={Level.DISTRICT: FOUR, Level.PROVINCE: THREE})
    (refusal,) = [r for r in _reasons(QD148, DISTRICT, Event.FORWARD, sent) if r.code is Code.ALREADY_CONCLUDED]
    assert refusal.detail == {"state": PROVINCE, "mean": Fraction(60), "stars": 3}
    assert refusal.holder == Holder(Function.AUTHORITY, Level.DISTRICT)
    assert _reasons(QD148, DISTRICT, Event.FORWARD, replace(sent, results={Level.DISTRICT: FOUR})) == ()


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_a_product_with_a_certificate_in_force_is_not_registered_as_new_and_one_whose_certificate_ended_is(law):
    (refusal,) = _reasons(law, START, Event.REGISTER, facts(law, held=HELD))
    assert refusal.code is Code.CERTIFICATE_IN_FORCE
    assert refusal.detail == {"certificate": HELD.code, "stars": HELD.stars, "day": HELD.last_valid_day}
    assert _reasons(law, START, Event.REGISTER, facts(law, held=replace(HELD, in_force=False))) == ()
    assert _reasons(law, START, Event.REGISTER, facts(law, kind=CaseKind.REASSESSMENT, held=HELD)) == ()


@pytest.mark.parametrize("kind", [CaseKind.UPGRADE, CaseKind.REASSESSMENT])
def test_an_upgrade_or_reassessment_is_filed_only_while_its_certificate_is_in_force(kind):
    known = facts(QD26, kind=kind, held=HELD, joins="AG-1")
    assert _reasons(QD26, CaseState.BUSINESS_PLAN, Event.FILE, known) == ()
    for held, code in ((None, Code.CERTIFICATE_MISSING), (replace(HELD, in_force=False), Code.CERTIFICATE_ENDED)):
        assert [r.code for r in _reasons(QD26, CaseState.BUSINESS_PLAN, Event.FILE, replace(known, held=held))] == [code]
    assert _reasons(QD26, CaseState.BUSINESS_PLAN, Event.FILE, facts(QD26, joins="AG-1")) == ()


def test_a_reassessment_is_filed_from_the_instant_at_which_its_window_opens_and_needs_no_round():
    opens = DAY[QD26]
    known = facts(QD26, kind=CaseKind.REASSESSMENT, held=HELD, opens_at=opens, needs_round=False)
    for at in (opens, opens + MOMENT, opens + timedelta(days=179)):
        assert _reasons(QD26, CaseState.BUSINESS_PLAN, Event.FILE, replace(known, at=at)) == ()
    (refusal,) = _reasons(QD26, CaseState.BUSINESS_PLAN, Event.FILE, replace(known, at=opens - MOMENT))
    assert (refusal.code, refusal.detail) == (Code.TOO_EARLY, {"opens_at": opens})


def test_a_closed_round_admits_nobody_late_but_lets_its_members_go_on_to_the_next():
    known = facts(QD1048, left=PROVINCE, missed=PLANNED, round_closed=True, joins="AG-2021-2")
    assert [r.code for r in _reasons(QD1048, CaseState.DEFERRED, Event.ADMIT_LATE, known)] == [Code.ROUND_CLOSED]
    assert _reasons(QD1048, CaseState.DEFERRED, Event.ADMIT_LATE, replace(known, round_closed=False)) == ()
    assert _reasons(QD1048, CaseState.DEFERRED, Event.REENTER, known) == ()


def test_a_case_with_nothing_of_a_round_left_to_meet_needs_no_round_to_go_on():
    known = facts(QD148, left=PROVINCE, needs_round=False)
    assert _reasons(QD148, CaseState.DEFERRED, Event.REENTER, known) == ()
    assert [r.code for r in _reasons(QD148, CaseState.DEFERRED, Event.REENTER, replace(known, needs_round=True))] == [Code.NO_NEXT_ROUND]


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_a_publication_follows_the_level_that_recognised_and_a_new_attempt_the_origin_of_what_was_returned(law):
    for level in law.levels:
        (*rules,) = CHARTS[law].branches(CaseState.CERTIFIED, Event.PUBLISH, facts(law, recognised=level))
        assert [rule.recognised for rule in rules] == ([level] if level in law.recogniser.values() else [])
    for origin in origins(law):
        known = facts(law, left=CaseState.RETURNED, origin=origin, joins="AG-2")
        (rule,) = CHARTS[law].branches(CaseState.DEFERRED, Event.REENTER, known)
        assert (rule.selects, rule.origin, rule.target) == (CaseState.RETURNED, origin, CaseState.RETURNED)
        (rule,) = CHARTS[law].branches(CaseState.RETURNED, Event.DEFER, facts(law, origin=origin))
        assert (rule.selects, rule.target) == (origin, CaseState.DEFERRED)


def test_the_level_that_handles_a_returned_case_is_that_of_its_origin():
    assert level_of(CaseState.RETURNED, PROVINCE, QD148) is Level.PROVINCE
    assert level_of(CaseState.SELECTED, None, QD148) is Level.DISTRICT
    assert level_of(CaseState.SELECTED, None, QD26) is Level.COMMUNE
    assert set(LEVEL_OF.values()) == set(Level)


def test_an_upgrade_starts_from_the_certificate_s_last_valid_day_and_says_it():
    ended = facts(kind=CaseKind.UPGRADE, held=Held("CN-1", 3, in_force=False, last_valid_day=HELD.last_valid_day))
    (refusal,) = _reasons(QD148, START, Event.REGISTER, ended)
    assert refusal.detail == {"certificate": "CN-1", "day": HELD.last_valid_day}
