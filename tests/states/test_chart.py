"""The shared machine against a reference reading of the rules that an outsider can check by eye."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from states.case import all_charts
from states.chart import START, Chart, Rule, Seat, State, Step
from states.errors import DefinitionUnsound, EventRefused, UnknownName
from states.facts import Facts
from states.refusal import NOBODY, Code, Refusal
from states.regime import REGIMES
from states.vocabulary import CaseKind, CaseState, Duty, Event, Function, Level
from tests.states.samples import CHARTS, DAY, QD1048, places, situations

STATES = (CaseState.SELECTED, CaseState.RETURNED, CaseState.DEFERRED, CaseState.CERTIFIED)
SOURCES = (START, CaseState.RETURNED, CaseState.DEFERRED)
EVENTS = (Event.COMPLETE, Event.REENTER)
FIRST = Facts(at=DAY[QD1048], regime=QD1048)


class Demand:
    """A guard that is met while a chosen fact is set, with a code of its own."""

    def __init__(self, fact: str, code: Code) -> None:
        self.fact, self.code, self.asked = fact, code, 0
        self.__qualname__ = f"demand_{fact}_{code}"

    def __call__(self, state: CaseState, facts: Facts) -> Refusal | None:
        self.asked += 1
        return None if getattr(facts, self.fact) else Refusal(self.code, NOBODY, {"state": state})


def rule(event: Event, source: State, target: CaseState, **sides: object) -> Rule:
    given = {"name": f"{event}.{source}.{target}", "duty": Duty.HANDLES, "seats": (Seat(Function.OFFICER, Level.PROVINCE),), **sides}
    return Rule(event=event, source=source, target=target, **given)  # type: ignore[arg-type]


def chart(*rules: Rule) -> Chart:
    return Chart.of("case/test", [replace(r, name=str(n)) for n, r in enumerate(rules)], STATES, {})


def reference(rules: tuple[Rule, ...], state: State, event: Event, facts: Facts) -> Rule | list[Refusal]:
    """The first branch that applies and is met, else the refusals of the branches that apply; a branch says nothing twice."""
    refusals: list[Refusal] = []
    for candidate in rules:
        remembered = facts.origin if state == CaseState.RETURNED else facts.left
        chosen = candidate.selects is None or candidate.selects == remembered
        whose = (candidate.duty == Duty.AUTOMATIC) == facts.by_system and facts.kind in candidate.kinds
        chosen = chosen and (candidate.origin is None or candidate.origin == facts.origin)
        chosen = chosen and (candidate.recognised is None or candidate.recognised == facts.recognised)
        if (candidate.source, candidate.event) == (state, event) and chosen and whose:
            here = CaseState.IDEA_REGISTERED if state == START else CaseState(state)
            asked = [guard(here, facts) for guard in candidate.guards]
            unmet = [refusal for n, refusal in enumerate(asked) if refusal and refusal not in asked[:n]]
            if not unmet:
                return candidate
            refusals += unmet
    return refusals


demands = st.lists(st.builds(Demand, st.sampled_from(["joins", "rival", "published"]), st.sampled_from(list(Code)[:6])), max_size=3).map(
    tuple
)
rules = st.builds(
    rule,
    st.sampled_from(EVENTS),
    st.sampled_from(SOURCES),
    st.sampled_from(STATES),
    guards=demands,
    selects=st.none() | st.sampled_from(STATES),
    origin=st.none() | st.sampled_from(STATES[:2]),
    recognised=st.sampled_from([None, Level.PROVINCE, Level.CENTRE]),
    kinds=st.sampled_from([tuple(CaseKind), (CaseKind.FIRST,), (CaseKind.UPGRADE, CaseKind.REASSESSMENT)]),
    duty=st.sampled_from([Duty.HANDLES, Duty.AUTOMATIC]),
)
facts = st.builds(
    lambda **known: Facts(at=DAY[QD1048], regime=QD1048, **known),
    kind=st.sampled_from(CaseKind),
    origin=st.none() | st.sampled_from(STATES),
    left=st.none() | st.sampled_from(STATES),
    joins=st.sampled_from([None, "AG-1"]),
    rival=st.sampled_from([None, "AG-7"]),
    recognised=st.sampled_from([None, Level.PROVINCE, Level.CENTRE]),
    published=st.booleans(),
    by_system=st.booleans(),
)


@given(st.lists(rules, min_size=1, max_size=12), st.sampled_from(SOURCES), st.sampled_from(EVENTS), facts)
def test_firing_agrees_with_the_reference_reading_of_the_rules(declared, state, event, known):
    built = chart(*declared)
    assume(event in built.events)
    expected = reference(built.rules, state, event, known)
    if isinstance(expected, Rule):
        assert built.fire(state, event, known) == Step(expected, state, expected.target)
        return
    with pytest.raises(EventRefused) as refused:
        built.fire(state, event, known)
    if expected:
        assert list(refused.value.reasons) == expected
    else:
        assert [r.code for r in refused.value.reasons] == [Code.WRONG_STATE]


def _fired(built: Chart, state: State, event: Event, known: Facts) -> tuple[Rule | None, tuple[Refusal, ...]]:
    try:
        return built.fire(state, event, known).rule, ()
    except EventRefused as refused:
        return None, refused.reasons


@given(st.lists(rules, min_size=1, max_size=12), st.sampled_from(SOURCES), facts)
def test_offers_of_random_charts_say_what_firing_would_do(declared, state, known):
    built = chart(*declared)
    for offer in built.offers(state, known):
        fired, reasons = _fired(built, state, offer.event, known)
        assert (offer.rule if offer.allowed else None, offer.reasons) == (fired, reasons)


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_offers_of_the_shipped_charts_say_what_firing_would_do(law):
    built = CHARTS[law]
    for known in situations(law):
        for state in places(built):
            for offer in built.offers(state, known):
                fired, reasons = _fired(built, state, offer.event, known)
                assert (offer.rule if offer.allowed else None, offer.reasons) == (fired, reasons)
                assert bool(fired) == offer.allowed == (not offer.reasons)


def test_asking_for_offers_never_fires(monkeypatch):
    built = chart(rule(Event.FILE, STATES[0], STATES[1]))
    monkeypatch.setattr(Chart, "fire", lambda *_: pytest.fail("fired"))
    assert [offer.allowed for offer in built.offers(STATES[0], FIRST)] == [True]


def test_refusals_of_a_failed_branch_are_dropped_if_a_later_branch_fires():
    closed, open_ = Demand("rival", Code.RUNNING_CASE), Demand("joins", Code.NO_OPEN_ROUND)
    built = chart(rule(Event.FILE, STATES[0], STATES[1], guards=(closed,)), rule(Event.FILE, STATES[0], STATES[2], guards=(open_,)))
    known = replace(FIRST, joins="AG-1")
    assert built.fire(STATES[0], Event.FILE, known).target is STATES[2]
    assert built.reasons(STATES[0], Event.FILE, known) == (built.rules[1], ())
    with pytest.raises(EventRefused) as refused:
        built.fire(STATES[0], Event.FILE, FIRST)
    assert [r.code for r in refused.value.reasons] == [Code.RUNNING_CASE, Code.NO_OPEN_ROUND]
    assert built.reasons(STATES[0], Event.FILE, FIRST) == (built.rules[0], refused.value.reasons)


def test_every_unmet_guard_is_collected_in_order_and_met_ones_are_not():
    guards = (Demand("joins", Code.NO_OPEN_ROUND), Demand("published", Code.RESULT_MISSING), Demand("rival", Code.RUNNING_CASE))
    built = chart(rule(Event.FILE, STATES[0], STATES[1], guards=guards))
    with pytest.raises(EventRefused) as refused:
        built.fire(STATES[0], Event.FILE, replace(FIRST, published=True))
    assert [r.code for r in refused.value.reasons] == [Code.NO_OPEN_ROUND, Code.RUNNING_CASE]
    assert [g.asked for g in guards] == [1, 1, 1]


def test_a_reason_that_two_guards_give_is_said_once():
    twice = (Demand("joins", Code.NO_OPEN_ROUND), Demand("joins", Code.NO_OPEN_ROUND))
    built = chart(rule(Event.FILE, STATES[0], STATES[1], guards=twice))
    assert [r.code for r in built.reasons(STATES[0], Event.FILE, FIRST)[1]] == [Code.NO_OPEN_ROUND]


def test_a_branch_that_is_not_meant_gives_no_reason():
    unmet = (Demand("joins", Code.NO_NEXT_ROUND),)
    built = chart(
        rule(Event.REENTER, CaseState.DEFERRED, STATES[0], selects=STATES[0], guards=unmet),
        rule(Event.REENTER, CaseState.DEFERRED, STATES[3], selects=STATES[3]),
    )
    assert built.fire(CaseState.DEFERRED, Event.REENTER, replace(FIRST, left=STATES[3])).target is STATES[3]
    with pytest.raises(EventRefused) as refused:
        built.fire(CaseState.DEFERRED, Event.REENTER, replace(FIRST, left=STATES[1]))
    assert [r.code for r in refused.value.reasons] == [Code.WRONG_STATE]


def test_threads_that_share_a_chart_do_not_hear_each_other():
    built = CHARTS[QD1048]
    known = [(state, one) for one in situations(QD1048) for state in places(built)]
    alone = [[_fired(built, state, event, one) for event in built.events] for state, one in known]

    def ask(index: int) -> bool:
        order = known[index:] + known[:index]
        expected = alone[index:] + alone[:index]
        return all(
            [_fired(built, state, event, one) for event in built.events] == answers
            for (state, one), answers in zip(order, expected, strict=True)
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(0, 120, 30)))


def test_an_event_that_the_chart_does_not_have_is_an_unknown_name_not_a_refusal():
    with pytest.raises(UnknownName) as unknown:
        CHARTS[QD1048].fire(CaseState.SELECTED, Event("send_down"), FIRST)
    assert unknown.value.detail["what"] == "event"


def test_a_chart_is_refused_if_a_rule_names_a_foreign_state_or_two_rules_share_a_name():
    one = rule(Event.FILE, STATES[0], CaseState.WITHDRAWN)
    with pytest.raises(DefinitionUnsound, match="withdrawn"):
        chart(one)
    same = rule(Event.FILE, STATES[0], STATES[1])
    with pytest.raises(DefinitionUnsound, match="unique"):
        Chart.of("case/test", [same, same], STATES, {})


@pytest.mark.parametrize("text", ["producer", "chair@district", "officer@commune"])
def test_a_seat_reads_as_it_is_written(text):
    assert str(Seat.parse(text)) == text


@pytest.mark.parametrize("text", ["", "mayor", "chair@village", "@district"])
def test_a_seat_of_no_known_function_or_level_is_an_unknown_name(text):
    with pytest.raises(UnknownName):
        Seat.parse(text)


def test_a_rule_of_the_system_never_answers_to_a_person_nor_the_reverse():
    for built in all_charts():
        law = next(law for law in REGIMES if law.id == built.key.partition("/")[2])
        for known in situations(law):
            for one in built.rules:
                if one.applies(known):
                    assert (one.duty is Duty.AUTOMATIC) == known.by_system
