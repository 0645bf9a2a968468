"""Regimes: which law on which instant, and what rank a mean is."""

from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states import guards
from states.errors import EventRefused, UnknownName
from states.facts import Facts
from states.refusal import Code
from states.regime import DISTRICTS_END, REGIMES, Regime, local_date, local_midnight, regime, regime_on
from states.vocabulary import CaseKind, CaseState, Duty, Event, Level, Stage
from tests.states.samples import CHARTS, MOMENT, QD26, QD148, QD1048, QD1489, everywhere, origins, result, term

STARTS = {
    "qd1048-2019": local_midnight(2019, 8, 21),
    "qd148-2023": local_midnight(2023, 2, 24),
    "qd1489-2025": local_midnight(2025, 7, 6),
    "qd26-2026": local_midnight(2026, 5, 22),
}
END, END_AGAIN = local_midnight(2026, 7, 22), local_midnight(2026, 6, 22)
WAITING = {Code.FILING_WAITS, Code.DISTRICT_ABOLISHED}
"""Until when a filing waits, and why: there is no district any more to take it in."""
RUN_OFF = (QD148, QD1489)
FLOORS = [frozenset(c) for c in chain.from_iterable(combinations((3, 4, 5), n) for n in range(4))]


def codes(law: Regime, state: CaseState, event: Event, facts: Facts) -> set[Code]:
    return {reason.code for reason in CHARTS[law].reasons(state, event, facts)[1]}


@pytest.mark.parametrize(("name", "start"), STARTS.items())
def test_a_regime_begins_at_its_local_midnight_and_not_a_millisecond_earlier(name, start):
    assert regime_on(start).id == regime_on(start + MOMENT).id == name
    earlier = [n for n, s in STARTS.items() if s < start]
    if earlier:
        assert regime_on(start - MOMENT).id == earlier[-1]
    else:
        with pytest.raises(UnknownName) as unknown:
            regime_on(start - MOMENT)
        assert unknown.value.detail["name"] == "2019-08-20"


def test_intervals_of_filing_follow_each_other_without_gap_or_overlap():
    for earlier, later in pairwise(REGIMES):
        assert earlier.filed_before == later.filed_from
    assert REGIMES[-1].filed_before is None


def test_bounds_are_midnights_of_viet_nam():
    for law in REGIMES:
        for bound in filter(None, (law.filed_from, law.filed_before, law.evaluated_before, law.reassessed_before, DISTRICTS_END)):
            assert bound.isoformat().endswith("T00:00:00+07:00")


def test_a_regime_that_does_not_exist_is_an_unknown_name():
    with pytest.raises(UnknownName):
        regime("qd490-2018")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (DISTRICTS_END - MOMENT, set()),
        (DISTRICTS_END, WAITING),
        (local_midnight(2025, 7, 5), WAITING),
        (local_midnight(2025, 7, 6) - MOMENT, WAITING),
    ],
)
def test_filing_waits_from_1_to_5_july_2025(at, expected):
    assert regime_on(at) is QD148
    assert codes(QD148, CaseState.BUSINESS_PLAN, Event.FILE, Facts(at=at, regime=QD148, joins="AG-1")) == expected


def test_filing_goes_on_with_the_commune_from_6_july_2025():
    at = local_midnight(2025, 7, 6)
    assert regime_on(at) is QD1489
    assert codes(QD1489, CaseState.BUSINESS_PLAN, Event.FILE, Facts(at=at, regime=QD1489, joins="AG-1")) == set()


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_filing_is_not_open_before_the_regime_begins(law):
    early = Facts(at=law.filed_from - MOMENT, regime=law, joins="AG-1")
    assert codes(law, CaseState.BUSINESS_PLAN, Event.FILE, early) == {Code.FILING_NOT_OPEN}
    on_time = Facts(at=law.filed_from, regime=law, joins="AG-1")
    assert codes(law, CaseState.BUSINESS_PLAN, Event.FILE, on_time) == set()


@pytest.mark.parametrize("law", [QD1048, QD148], ids=lambda law: law.id)
def test_acts_of_districts_are_refused_from_1_july_2025_and_not_before(law):
    state = CaseState.DISTRICT_EVALUATION
    acts = [Event.CONCLUDE, Event.ELIMINATE, Event.FORWARD, Event.RETURN_FOR_COMPLETION, Event.CLOSE_UNRANKED, Event.KEEP_RANK]
    for event in (*acts, *((Event.CERTIFY,) if law is QD148 else ())):
        assert Code.DISTRICT_ABOLISHED not in codes(law, state, event, Facts(at=DISTRICTS_END - MOMENT, regime=law))
        assert Code.DISTRICT_ABOLISHED in codes(law, state, event, Facts(at=DISTRICTS_END, regime=law))
    for event in (Event.WITHDRAW, Event.DEFER):
        assert codes(law, state, event, Facts(at=DISTRICTS_END, regime=law)) == set()


INTO_THE_DISTRICT = [
    (CaseState.BUSINESS_PLAN, Event.FILE),
    (CaseState.PROVINCIAL_EVALUATION, Event.SEND_DOWN),
    (CaseState.RETURNED, Event.COMPLETE),
    (CaseState.DEFERRED, Event.REENTER),
    (CaseState.DEFERRED, Event.ADMIT_LATE),
]


@pytest.mark.parametrize(("state", "event"), INTO_THE_DISTRICT, ids=[event for _, event in INTO_THE_DISTRICT])
def test_nothing_goes_to_a_district_that_is_no_more(state, event):
    home = CaseState.DISTRICT_EVALUATION
    known = Facts(
        at=DISTRICTS_END - MOMENT,
        regime=QD148,
        origin=home,
        left=home,
        joins="AG-1",
        missed=term(Stage.DISTRICT_EVAL),
        results=everywhere(QD148, result("60", 3)) if event is Event.SEND_DOWN else {},
    )
    assert codes(QD148, state, event, known) == set()
    assert Code.DISTRICT_ABOLISHED in codes(QD148, state, event, replace(known, at=DISTRICTS_END))
    elsewhere = replace(known, at=DISTRICTS_END, origin=CaseState.PROVINCIAL_EVALUATION, left=CaseState.PROVINCIAL_EVALUATION)
    if state in {CaseState.RETURNED, CaseState.DEFERRED}:
        assert codes(QD148, state, event, elsewhere) == set()


def test_every_way_into_a_district_asks_whether_there_is_one():
    for law in (QD1048, QD148):
        ways = {
            (rule.source, rule.event)
            for rule in CHARTS[law].rules
            if rule.target is CaseState.DISTRICT_EVALUATION and rule.source != rule.target and rule.duty is not Duty.AUTOMATIC
        }
        straight = {(s, Event.FILE) for s in (CaseState.IDEA_REGISTERED, CaseState.SELECTED, CaseState.NOT_SELECTED)}
        sent_down = {(CaseState.PROVINCIAL_EVALUATION, Event.SEND_DOWN)}
        assert ways == (set(INTO_THE_DISTRICT) | straight if law is QD148 else set(INTO_THE_DISTRICT) - sent_down)
        for rule in CHARTS[law].rules:
            if (rule.source, rule.event) in ways and rule.target is CaseState.DISTRICT_EVALUATION:
                assert guards.district_exists in rule.guards, rule.name


@pytest.mark.parametrize("law", RUN_OFF, ids=lambda law: law.id)
@pytest.mark.parametrize(
    ("kind", "end"), [(CaseKind.FIRST, END), (CaseKind.UPGRADE, END), (CaseKind.REASSESSMENT, END_AGAIN)], ids=["first", "upgrade", "again"]
)
def test_an_undecided_case_is_at_an_end_when_its_regime_s_evaluation_ends(law, kind, end):
    state = CaseState.PROVINCIAL_EVALUATION
    before, after = (Facts(at=at, regime=law, kind=kind) for at in (end - MOMENT, end))
    assert codes(law, state, Event.CONCLUDE, before) == set()
    assert codes(law, state, Event.CONCLUDE, after) == {Code.REGIME_ENDED}
    assert codes(law, state, Event.WITHDRAW, after) == set()


@pytest.mark.parametrize("law", RUN_OFF, ids=lambda law: law.id)
def test_a_case_with_a_result_may_still_be_decided_after_the_end(law):
    done = everywhere(law, result("75", 4))
    late = Facts(at=END, regime=law, results=done)
    assert codes(law, CaseState.PROVINCIAL_EVALUATION, Event.CERTIFY, late) == set()


@pytest.mark.parametrize("law", [QD1048, QD26], ids=lambda law: law.id)
def test_an_open_regime_never_ends(law):
    far = Facts(at=local_midnight(2090, 1, 1), regime=law)
    assert codes(law, CaseState.PROVINCIAL_EVALUATION, Event.CONCLUDE, far) == set()


def test_after_the_end_an_undecided_case_can_only_be_withdrawn():
    for law in RUN_OFF:
        chart = CHARTS[law]
        late = Facts(at=END, regime=law, joins="AG-1", next_round="AG-2")
        for state in (law.first_evaluation, CaseState.PROVINCIAL_EVALUATION, CaseState.NATIONAL_NOMINATION, CaseState.RETURNED):
            for origin in origins(law):
                known = replace(late, origin=origin)
                allowed = {offer.event for offer in chart.offers(state, known) if offer.allowed}
                assert allowed == {Event.WITHDRAW}, (law.id, state)
                assert codes(law, CaseState.PROVINCIAL_EVALUATION, Event.DEFER, known) == {Code.REGIME_ENDED}
        left = replace(late, left=CaseState.PROVINCIAL_EVALUATION, missed=term(Stage.PROVINCE_EVAL))
        assert {offer.event for offer in chart.offers(CaseState.DEFERRED, left) if offer.allowed} == {Event.WITHDRAW}


@pytest.mark.parametrize("law", RUN_OFF, ids=lambda law: law.id)
def test_the_system_still_defers_at_a_cut_off_after_the_end(law):
    passed = (term(Stage.PROVINCE_EVAL, END),)
    system = Facts(at=END, regime=law, by_system=True, terms=passed)
    assert codes(law, CaseState.PROVINCIAL_EVALUATION, Event.DEFER, system) == set()


@pytest.mark.parametrize(
    ("law", "recognisers"),
    [
        (QD1048, {3: "province", 4: "province", 5: "centre"}),
        (QD148, {3: "district", 4: "province", 5: "centre"}),
        (QD1489, {3: "province", 4: "province", 5: "centre"}),
        (QD26, {3: "province", 4: "province", 5: "centre"}),
    ],
    ids=lambda given: getattr(given, "id", ""),
)
def test_each_rank_is_recognised_by_the_level_that_the_act_names(law, recognisers):
    assert {stars: str(level) for stars, level in law.recogniser.items()} == recognisers


@pytest.mark.parametrize(
    ("law", "thresholds"),
    [
        (QD1048, {"district": 50, "province": 90}),
        (QD148, {"district": 70, "province": 90}),
        (QD1489, {"province": 90}),
        (QD26, {"province": 90}),
    ],
    ids=lambda given: getattr(given, "id", ""),
)
def test_products_are_sent_up_from_the_mean_that_the_act_names(law, thresholds):
    assert {str(level): least for level, least in law.forward_from.items()} == thresholds


def _oracle(law: Regime, mean: Fraction, missed: frozenset[int]) -> int:
    """One question after another, as a secretary would go through the table of ranks."""
    floors = missed if law is not QD1048 else frozenset()
    if mean >= 90 and not floors:
        return 5
    if mean >= 70 and not floors & {3, 4}:
        return 4
    if mean >= 50 and 3 not in floors:
        return 3
    return 2 if mean >= 30 else 1


means = st.fractions(0, 100, max_denominator=10**10) | st.integers(0, 1000).map(lambda n: Fraction(n, 10))


@given(st.sampled_from(REGIMES), means, st.sampled_from(FLOORS))
def test_a_rank_is_what_the_table_of_ranks_says(law, mean, missed):
    assert law.rank(mean, missed) == law.rank(mean, tuple(missed)) == _oracle(law, mean, missed)


@pytest.mark.parametrize("missed", FLOORS, ids=lambda m: "".join(map(str, sorted(m))) or "none")
@pytest.mark.parametrize("bound", [30, 50, 70, 90])
def test_ranks_around_each_bound_with_each_combination_of_missed_floors(bound, missed):
    for law in REGIMES:
        for mean in (Fraction(bound), bound - Fraction(1, 10**9), bound + Fraction(1, 10**9)):
            assert law.rank(mean, missed) == _oracle(law, mean, missed)


@pytest.mark.parametrize(
    ("mean", "stars"), [("89.5", 4), ("89.999999999", 4), ("90", 5), ("69.5", 3), ("70", 4), ("49.5", 2), ("29.5", 1), ("0", 1), ("100", 5)]
)
def test_between_two_closed_bands_of_1048_the_lower_bound_decides(mean, stars):
    assert QD1048.rank(Fraction(mean)) == stars


def test_a_hair_below_seventy_is_three_stars():
    assert {law.rank(70 - Fraction(1, 10**9)) for law in REGIMES} == {3}


def test_a_missed_floor_costs_the_rank_under_148_and_nothing_under_1048():
    assert QD148.rank(Fraction(95), (5,)) == 4
    assert QD148.rank(Fraction(95), (3,)) == 2
    assert QD1048.rank(Fraction(95), (3, 4, 5)) == 5


@given(st.sampled_from(REGIMES), means, means, st.sampled_from(FLOORS))
def test_a_better_mean_never_ranks_lower(law, one, other, missed):
    low, high = sorted((one, other))
    assert law.rank(low, missed) <= law.rank(high, missed)


def test_every_clause_that_a_rule_cites_is_there():
    for law, chart in CHARTS.items():
        assert all(law.clause(rule.topic) for rule in chart.rules)


def test_a_day_is_the_day_in_viet_nam():
    assert local_date(DISTRICTS_END).isoformat() == "2025-07-01"
    assert local_date(DISTRICTS_END - MOMENT).isoformat() == "2025-06-30"


def test_level_of_the_districts_belongs_to_the_first_two_regimes():
    assert [Level.DISTRICT in law.levels for law in REGIMES] == [True, True, False, False]
    with pytest.raises(EventRefused):
        CHARTS[QD26].fire(CaseState.COMMUNE_CHECK, Event.CONCLUDE, Facts(at=STARTS["qd26-2026"], regime=QD26))
