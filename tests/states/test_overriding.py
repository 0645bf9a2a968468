"""Which reasons an override may lift: every reason of a case is decided one way or the other, with words that say why."""

import inspect
from dataclasses import replace

import pytest

from states import guards
from states.chart import START
from states.overriding import LIFTABLE, Absolute, Lifted, may_lift
from states.refusal import Code
from states.regime import REGIMES
from states.vocabulary import Duty, Event
from states.words import words
from tests.states.samples import CHARTS, places, situations

ALWAYS_LIFTABLE = {Code.NO_NEXT_ROUND, Code.ROUND_CLOSED}
"""Reasons that no event has but one that may be overridden."""
LAWS = pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)


def _refused(law):
    """Every (rule, facts, reason) that stands in any circumstances."""
    for facts in situations(law):
        for state in places(CHARTS[law]):
            for rule in CHARTS[law].rules:
                if rule.source == state and rule.duty is not Duty.AUTOMATIC:
                    yield from ((rule, facts, refusal) for refusal in rule.refusals(facts))


def test_every_reason_that_a_guard_can_give_is_liftable_for_its_event_or_says_why_it_never_is():
    undecided = set()
    for law in REGIMES:
        for rule, _, refusal in _refused(law):
            if not may_lift(rule.event, refusal.code) and refusal.code not in set(Absolute):
                undecided.add((str(rule.event), str(refusal.code)))
    assert undecided == set()
    source = inspect.getsource(guards)
    named = {name for name in vars(Code) if f"Code.{name}" in source}
    assert {Code[name] for name in named} <= {Code(str(each)) for each in Absolute} | ALWAYS_LIFTABLE


def test_what_the_law_lays_down_is_lifted_for_no_event():
    of_law = {
        Code.STATUTORY_DATE, Code.REGIME_ENDED, Code.RESULT_MISSING, Code.BELOW_THREE_STARS, Code.BELOW_THRESHOLD, Code.NOT_RECOGNISED_HERE,
        Code.DISTRICT_ABOLISHED, Code.FILING_NOT_OPEN, Code.FILING_WAITS, Code.TOO_EARLY, Code.CERTIFICATE_ENDED, Code.WRONG_STATE,
        Code.RUNNING_CASE, Code.DEADLINE_PASSED, Code.FUNCTION_REQUIRED, Code.SEPARATION, Code.TIED_TO_PRODUCT, Code.SYSTEM_ONLY,
    }  # fmt: skip
    assert not of_law & {code for codes in LIFTABLE.values() for code in codes}
    decisions = {Event.CERTIFY, Event.NOMINATE, Event.FALL_BACK, Event.CONCLUDE, Event.ELIMINATE, Event.FORWARD, Event.PUBLISH}
    assert not decisions & set(LIFTABLE)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_why_a_reason_is_never_lifted_is_a_sentence(language):
    said = words(language)
    assert set(said.table["absolute"]) == {str(each) for each in Absolute}
    assert all(said.name(each).endswith(".") and len(said.name(each)) > 15 for each in Absolute)


@LAWS
def test_an_override_takes_away_what_it_names_from_the_step_that_it_names_and_nothing_else(law):
    met = set()
    for rule, facts, refusal in _refused(law):
        for event, codes in LIFTABLE.items():
            for code in codes:
                left = rule.refusals(replace(facts, lifted=Lifted(event, frozenset({code}), 7)))
                taken = (event, code) == (rule.event, refusal.code)
                assert (refusal not in left) == taken, (rule.name, refusal)
                if taken:
                    met.add((event, code))
                    assert code in rule.overridden(replace(facts, lifted=Lifted(event, frozenset({code}), 7)))
        assert rule.overridden(facts) == ()
    assert met, "some reason is lifted under every regime"


@LAWS
def test_a_reason_names_whose_decision_may_lift_it_exactly_where_one_may(law):
    chart, seen = CHARTS[law], set()
    for facts in situations(law):
        for state in (s for s in places(chart) if s != START):
            for offer in chart.offers(state, facts):
                for reason in offer.reasons:
                    by = chart.seats(state, Event.OVERRIDE) if may_lift(offer.event, reason.code) else ()
                    assert reason.overriders == by
                    if by:
                        seen.add(reason.code)
                        assert words("vi").say(by[0]) in words("vi").refusal(reason)
    assert seen >= {Code.NO_OPEN_ROUND, Code.ALREADY_CONCLUDED}


@LAWS
def test_every_step_that_may_be_overridden_stands_beside_an_override_in_some_state_of_the_chart(law):
    chart = CHARTS[law]
    for event in LIFTABLE:
        assert set(chart.sources(event)) & set(chart.sources(Event.OVERRIDE)), event
