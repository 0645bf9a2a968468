"""The whole space: every regime, state, function, level and event is either allowed or explained, in both languages.

Rights and guards are asked together, through the same door that the screens and the refusals use.
"""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from states.chart import START, Rule, Seat, State
from states.errors import UnknownName
from states.facts import Facts
from states.refusal import Code, Refusal
from states.regime import REGIMES, Regime, local_date
from states.vocabulary import CaseKind, CaseState, Duty, Event, Function, Level, TieKind
from states.words import words
from tests.states.samples import CHARTS, DAY, QD26, places, situations
from workflow.access import BARRED, Place, may, visible
from workflow.commands import SYSTEM
from workflow.judging import offers_for, place_of, rules_for
from workflow.ports import RegistrySnapshot
from workflow.registry import Registry
from workflow.rows import AppointmentRow, CaseRow, PersonRow, TieRow, UnitRow

UNITS = {Level.CENTRE: "TW", Level.PROVINCE: "AG", Level.DISTRICT: "AG-CM", Level.COMMUNE: "AG-CM-01"}
PARENTS = {"AG": "TW", "AG-CM": "AG", "AG-CM-01": "AG-CM"}
PERSONAL = [f for f in Function if f not in {Function.PRODUCER, Function.SYSTEM}]
SEATS = (Seat(Function.PRODUCER), *(Seat(function, level) for function in PERSONAL for level in Level), Seat(Function.SYSTEM))
PRODUCER, PRODUCT, COMMUNE = "CT-1", "SP-1", "AG-CM-01"
PLACE = Place(PRODUCT, PRODUCER, COMMUNE, {})
CASE = CaseRow(
    code="AG-2026-0001",
    command="c-1",
    kind=CaseKind.FIRST,
    product=PRODUCT,
    producer=PRODUCER,
    unit=COMMUNE,
    regime="qd26-2026",
    pinned=True,
    state=CaseState.COMMUNE_CHECK,
    attempt=1,
    round=None,
    central_round=None,
    origin=None,
    left=None,
    certificate=None,
    memo={},
    registered_at=DAY[QD26],
    updated_at=DAY[QD26],
    version=1,
    head_seq=1,
    head_hash=b"",
)
LAWS = pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
BARE = re.compile(r"…|[{}]|\b[a-z0-9]+_[a-z_]+\b|\bqd\d+-|@|\bstart\b|None|Seat\(|Fraction")
"""What must not show through in a sentence: gaps, placeholders, names of the code."""


def code_of(seat: Seat) -> str:
    return SYSTEM if seat.function is Function.SYSTEM else f"p-{seat}"


def appointment(person: str, seat: Seat, **sides: str | None) -> AppointmentRow:
    level = seat.level or Level.COMMUNE
    given: dict[str, str | None] = {"producer": PRODUCER if seat.function is Function.PRODUCER else None, "unit": UNITS[level], **sides}
    return AppointmentRow(person=person, function=seat.function, level=level, valid_from="2018-01-01", valid_to=None, **given)  # type: ignore[arg-type]


def snapshot(*more: AppointmentRow, ties: tuple[TieRow, ...] = ()) -> RegistrySnapshot:
    """One person for each seat, all above the commune of the product."""
    units = tuple(
        UnitRow(code=code, name=code, level=level, parent=PARENTS.get(code), valid_from="2000-01-01", valid_to=None, decree="")
        for level, code in UNITS.items()
    )
    held = (*(appointment(code_of(seat), seat) for seat in SEATS if seat.function is not Function.SYSTEM), *more)
    people = tuple(PersonRow(code=code, name=code, email=None, phone=None) for code in dict.fromkeys(row.person for row in held))
    return RegistrySnapshot(epoch=1, units=units, successions=(), people=people, appointments=held, ties=ties)


def registry(*more: AppointmentRow, ties: tuple[TieRow, ...] = ()) -> Registry:
    return Registry(snapshot(*more, ties=ties))


SNAPSHOT = snapshot()
EVERYBODY = Registry(SNAPSHOT)


_SEEN: set[str] = set()


def explained(reason: Refusal) -> None:
    """Assert that a reason can be read aloud, with who can help, in both languages; each wording is judged once."""
    key = repr(reason)
    if key in _SEEN:
        return
    for language in ("vi", "en"):
        said, helper = words(language).refusal(reason), words(language).holder(reason.holder)
        assert len(said) > 10, reason
        assert not BARE.search(said), (said, reason)
        assert helper, reason
        assert not BARE.search(helper), (helper, reason)
    _SEEN.add(key)


def circumstances(law: Regime, state: State, *, by_system: bool) -> list[Facts]:
    """An ordinary day, and for each rule the first circumstances in which it would let its event happen."""
    chart = CHARTS[law]
    known = [replace(facts, by_system=by_system) for facts in situations(law)]
    chosen = {0}
    for rule in chart.rules:
        if rule.source == state:
            chosen |= set([n for n, facts in enumerate(known) if rule.applies(facts) and not rule.refusals(facts)][:1])
    return [known[n] for n in sorted(chosen)]


@LAWS
def test_every_cell_is_allowed_or_explained_in_both_languages(law):
    chart = CHARTS[law]
    walked, allowed = set(), set()
    for state in places(chart):
        days = {by_system: circumstances(law, state, by_system=by_system) for by_system in (False, True)}
        for seat in SEATS:
            for facts in days[seat.function is Function.SYSTEM]:
                for offer in offers_for(EVERYBODY, chart, state, facts, code_of(seat), PLACE):  # type: ignore[arg-type]
                    walked.add((state, seat, offer.event))
                    # Allowed means: nothing about the case stands against it, and the rule that would fire names the seat.
                    rule, reasons = chart.reasons(state, offer.event, facts)
                    lawful = rule is not None and not reasons and seat in rule.seats
                    assert offer.allowed == lawful == (not offer.reasons), (law.id, state, str(seat), offer)
                    if rule is not None and offer.allowed:
                        allowed.add((rule.name, str(seat)))
                    for reason in offer.reasons:
                        explained(reason)
    assert len(SEATS) == 2 + 8 * 4
    assert walked == set(product(places(chart), SEATS, chart.events))
    assert len(walked) == (len(chart.states) + 1) * len(SEATS) * len(chart.events)
    # Not a walk through refusals only: every right that a rule gives, branch by branch, can be used in some circumstances.
    assert allowed == {(rule.name, str(seat)) for rule in chart.rules for seat in rule.seats}
    assert len(allowed) == sum(len(rule.seats) for rule in chart.rules)


CELLS = {"qd1048-2019": (16, 33), "qd148-2023": (16, 34), "qd1489-2025": (16, 33), "qd26-2026": (16, 33)}
"""Places (states and the one before) and events of each regime, counted by hand."""


def test_the_walk_is_over_as_many_cells_as_a_person_counts():
    assert {law.id: (len(places(chart)), len(chart.events)) for law, chart in CHARTS.items()} == CELLS
    assert sum(rows * columns for rows, columns in CELLS.values()) * len(SEATS) == 72_352


def test_rights_are_judged_on_the_branch_that_is_meant_else_on_all_of_the_event_here_else_anywhere():
    chart = CHARTS[QD26]
    ordinary = next(situations(QD26))
    centre = replace(ordinary, left=CaseState.NATIONAL_NOMINATION)
    (meant,) = rules_for(chart, CaseState.DEFERRED, Event.REENTER, centre)
    assert meant.selects is CaseState.NATIONAL_NOMINATION
    here = rules_for(chart, CaseState.DEFERRED, Event.REENTER, ordinary)
    assert here == chart.rules_in(CaseState.DEFERRED, Event.REENTER)
    assert len(here) > 1
    anywhere = rules_for(chart, CaseState.WITHDRAWN, Event.CERTIFY, ordinary)
    assert [rule.source for rule in anywhere] == [CaseState.PROVINCIAL_EVALUATION, CaseState.NATIONAL_NOMINATION]
    with pytest.raises(UnknownName) as unknown:
        rules_for(chart, CaseState.SELECTED, Event.SEND_DOWN, ordinary)
    assert (unknown.value.detail["what"], unknown.value.detail["name"]) == ("event", "send_down")


OFFICES = [
    (Event.DEFER, CaseState.RETURNED, {"origin": CaseState.COMMUNE_CHECK}, {"commune", "province"}),
    (Event.DEFER, CaseState.RETURNED, {"origin": CaseState.PROVINCIAL_EVALUATION}, {"province"}),
    (Event.DEFER, CaseState.RETURNED, {"origin": CaseState.NATIONAL_NOMINATION}, {"province", "centre"}),
    (Event.REENTER, CaseState.DEFERRED, {"left": CaseState.SELECTED}, {"commune", "province"}),
    (Event.REENTER, CaseState.DEFERRED, {"left": CaseState.PROVINCIAL_EVALUATION}, {"province"}),
    (Event.REENTER, CaseState.DEFERRED, {"left": CaseState.NATIONAL_NOMINATION}, {"province", "centre"}),
    (Event.REENTER, CaseState.DEFERRED, {"left": CaseState.RETURNED, "origin": CaseState.COMMUNE_CHECK}, {"commune", "province"}),
    (Event.REENTER, CaseState.DEFERRED, {"left": CaseState.RETURNED, "origin": CaseState.PROVINCIAL_EVALUATION}, {"province"}),
    (Event.REENTER, CaseState.DEFERRED, {"left": CaseState.RETURNED, "origin": CaseState.NATIONAL_NOMINATION}, {"province", "centre"}),
    (Event.PUBLISH, CaseState.CERTIFIED, {"recognised": Level.PROVINCE}, {"province"}),
    (Event.PUBLISH, CaseState.CERTIFIED, {"recognised": Level.CENTRE}, {"province", "centre"}),
]


@pytest.mark.parametrize(("event", "state", "memory", "levels"), OFFICES)
def test_which_office_may_follows_the_case_s_own_memory(event, state, memory, levels):
    facts = Facts(at=DAY[QD26], regime=QD26, joins="AG-2", **memory)
    chart = CHARTS[QD26]
    may_do = {
        level
        for level in Level
        for offer in offers_for(EVERYBODY, chart, state, facts, code_of(Seat(Function.OFFICER, level)), PLACE)
        if offer.event is event and offer.allowed
    }
    assert may_do == levels


@LAWS
def test_every_state_in_every_circumstance_explains_every_event(law):
    for facts in situations(law):
        for state in places(CHARTS[law]):
            for offer in CHARTS[law].offers(state, facts):
                assert offer.allowed or offer.reasons
                for reason in offer.reasons:
                    explained(reason)


@LAWS
def test_nobody_without_a_seat_of_the_rule_is_ever_let_through(law):
    chart = CHARTS[law]
    for state in places(chart):
        for event in chart.events:
            rules = chart.rules_in(state, event)
            for seat in SEATS:
                grant, refusals = may(EVERYBODY, code_of(seat), rules, PLACE, local_date(DAY[law]))
                assert (grant is not None) == (seat in chart.seats(state, event)) == (not refusals)
                if grant is not None:
                    assert grant.seat == seat
                    assert (grant.duty is Duty.AUTOMATIC) == (seat.function is Function.SYSTEM)


# Separation of duties: ● prepares, ○ handles, ◆ scores, ■ decides.
REFUSED_PAIRS = {frozenset({Duty.PREPARES, Duty.DECIDES}), frozenset({Duty.PREPARES, Duty.SCORES}), frozenset({Duty.HANDLES, Duty.DECIDES})}
HANDS = [Duty.PREPARES, Duty.HANDLES, Duty.SCORES, Duty.DECIDES]


def test_the_separation_is_symmetric_and_leaves_the_same_hand_alone():
    for one, other in product(Duty, Duty):
        assert (one in BARRED[other]) == (other in BARRED[one]) == (frozenset({one, other}) in REFUSED_PAIRS)


@pytest.mark.parametrize(("earlier", "now"), list(product(HANDS, HANDS)), ids=str)
def test_one_person_may_not_combine_what_the_cycle_forbids_in_either_order(earlier, now):
    chart = CHARTS[QD26]
    rule = next(r for r in chart.rules if r.duty is now)
    person = code_of(rule.seats[0])
    place = replace(PLACE, hands={person: [earlier], "somebody else": list(HANDS)})
    grant, refusals = may(EVERYBODY, person, [rule], place, local_date(DAY[QD26]))
    forbidden = frozenset({earlier, now}) in REFUSED_PAIRS
    assert [r.code for r in refusals] == ([Code.SEPARATION] if forbidden else [])
    assert (grant is None) == forbidden
    for reason in refusals:
        explained(reason)


@pytest.mark.parametrize("tie", TieKind)
@pytest.mark.parametrize("duty", HANDS)
def test_a_tie_to_the_product_bars_from_scoring_and_deciding_and_from_nothing_else(duty, tie):
    rule = next(r for r in CHARTS[QD26].rules if r.duty is duty)
    person = code_of(rule.seats[0])
    tied = registry(ties=(TieRow(person=person, product=PRODUCT, kind=tie),))
    _, refusals = may(tied, person, [rule], PLACE, local_date(DAY[QD26]))
    assert [r.code for r in refusals] == ([Code.TIED_TO_PRODUCT] if duty in {Duty.SCORES, Duty.DECIDES} else [])
    for reason in refusals:
        explained(reason)
    _, elsewhere = may(tied, person, [rule], replace(PLACE, product="SP-2"), local_date(DAY[QD26]))
    assert elsewhere == ()


def test_who_stands_for_the_producer_may_not_decide_on_its_product_even_with_a_seat():
    rule = next(r for r in CHARTS[QD26].rules if r.event is Event.CERTIFY)
    person = code_of(rule.seats[0])
    owner = registry(appointment(person, Seat(Function.PRODUCER)))
    _, refusals = may(owner, person, [rule], PLACE, local_date(DAY[QD26]))
    assert [(r.code, r.detail["tie"]) for r in refusals] == [(Code.TIED_TO_PRODUCT, TieKind.OWNER)]


def test_a_seat_counts_only_in_its_territory_in_its_time_and_for_its_own_producer():
    day = local_date(DAY[QD26])
    rule = next(r for r in CHARTS[QD26].rules if r.event is Event.FILE)
    officer, producer = Seat(Function.OFFICER, Level.COMMUNE), Seat(Function.PRODUCER)
    assert may(EVERYBODY, code_of(officer), [rule], PLACE, day)[0] is not None
    elsewhere = registry(appointment("other", officer, unit="AG-CM-02"), appointment("rival", producer, producer="CT-2"))
    for person in ("other", "rival"):
        assert [r.code for r in may(elsewhere, person, [rule], PLACE, day)[1]] == [Code.FUNCTION_REQUIRED]
        assert not visible(elsewhere, person, PLACE, day)
    gone = registry(replace(appointment("gone", officer), valid_to=day.isoformat()))
    assert [r.code for r in may(gone, "gone", [rule], PLACE, day)[1]] == [Code.FUNCTION_REQUIRED]
    assert all(visible(EVERYBODY, code_of(seat), PLACE, day) for seat in SEATS if seat.function is not Function.SYSTEM)


PAPERS = {
    (rule.duty, rule.seats, rule.paper): rule
    for chart in CHARTS.values()
    for rule in chart.rules
    if rule.duty is not Duty.AUTOMATIC and rule.source != START
}
"""One rule for each kind that recording tells apart."""
SOMEBODY_ELSE = Seat(Function.CHAIR, Level.COMMUNE)
PREPARED = code_of(Seat(Function.OFFICER, Level.PROVINCE))


def without(seat: Seat) -> Registry:
    """Everybody but the holder of one seat: a body that does not sign in, or that is no more."""
    return Registry(replace(SNAPSHOT, appointments=tuple(row for row in SNAPSHOT.appointments if row.person != code_of(seat))))


def expected_of_recording(rule: Rule, recorder: Seat, behalf: Seat, *, signs_in: bool, prepared: bool) -> set[Code]:
    """What stands against recording an act on paper, told once more in other words."""
    codes = set()
    if not rule.paper:
        codes.add(Code.NOT_FROM_PAPER)
    if behalf not in rule.seats:
        codes.add(Code.NOT_ITS_ACT)
    elif signs_in and behalf.function is not Function.PRODUCER:
        codes.add(Code.SIGNS_IN_ITSELF)
    same_or_above = behalf.level is None or recorder.level in {behalf.level, Level.PROVINCE, Level.CENTRE}
    if recorder.function is not Function.OFFICER or not same_or_above:
        codes.add(Code.FUNCTION_REQUIRED)
    if prepared and rule.duty is not Duty.PREPARES:
        codes.add(Code.PREPARED_BY_RECORDER)
    if recorder.function is Function.PRODUCER and rule.duty in {Duty.SCORES, Duty.DECIDES}:
        codes.add(Code.TIED_TO_PRODUCT)
    return codes


@pytest.mark.parametrize("signs_in", [True, False], ids=["signs in", "does not sign in"])
def test_an_act_on_paper_is_recorded_by_an_officer_for_a_body_that_does_not_sign_in_or_explained(signs_in):
    day = local_date(DAY[QD26])
    place = replace(PLACE, hands={PREPARED: [Duty.PREPARES]})
    recorded = set()
    for rule in PAPERS.values():
        for behalf in (*rule.seats, SOMEBODY_ELSE):
            present = EVERYBODY if signs_in else without(behalf)
            for seat in (s for s in SEATS if s.function is not Function.SYSTEM and (signs_in or s != behalf)):
                grant, refusals = may(present, code_of(seat), [rule], place, day, on_behalf_of=behalf)
                prepared = code_of(seat) == PREPARED
                expected = expected_of_recording(rule, seat, behalf, signs_in=signs_in, prepared=prepared)
                assert {r.code for r in refusals} == expected, (rule.name, str(seat), str(behalf))
                assert (grant is None) == bool(expected)
                for reason in refusals:
                    explained(reason)
                if grant is not None:
                    assert (grant.seat, grant.duty) == (seat, rule.duty)
                    recorded.add((rule.duty, seat.level, behalf.function))
    producers = {(Duty.PREPARES, level, Function.PRODUCER) for level in Level}
    if signs_in:
        assert recorded == producers
    else:
        assert producers < recorded
        assert {duty for duty, _, _ in recorded} == set(HANDS)
        assert {function for _, _, function in recorded} == {
            Function.PRODUCER,
            Function.OFFICER,
            Function.CHAIR,
            Function.SECRETARY,
            Function.AUTHORITY,
        }


@pytest.mark.parametrize(("hand", "barred"), [(Duty.DECIDES, {Code.SEPARATION}), (Duty.SCORES, set()), (Duty.HANDLES, set())], ids=str)
def test_who_records_handles_the_file_and_so_has_not_decided_on_it(hand, barred):
    rule = next(r for r in CHARTS[QD26].rules if r.event is Event.CERTIFY)
    place = replace(PLACE, hands={PREPARED: [hand]})
    absent = rule.seats[0]
    _, refusals = may(without(absent), PREPARED, [rule], place, local_date(DAY[QD26]), on_behalf_of=absent)
    assert {r.code for r in refusals} == barred


def test_a_body_signs_in_again_from_the_day_on_which_somebody_holds_its_seat_in_its_territory():
    rule = next(r for r in CHARTS[QD26].rules if r.event is Event.CERTIFY)
    seat, day, recorder = rule.seats[0], local_date(DAY[QD26]), PREPARED
    neighbour = UnitRow(code="CM", name="CM", level=Level.PROVINCE, parent="TW", valid_from="2000-01-01", valid_to=None, decree="")
    others = tuple(row for row in SNAPSHOT.appointments if row.person != code_of(seat))

    def asked(row: AppointmentRow) -> list[Code]:
        one = Registry(replace(SNAPSHOT, units=(*SNAPSHOT.units, neighbour), appointments=(*others, row)))
        return [r.code for r in may(one, recorder, [rule], PLACE, day, on_behalf_of=seat)[1]]

    held = appointment("chairman", seat)
    assert asked(replace(held, valid_to=day.isoformat())) == []
    assert asked(replace(held, valid_from=(day + timedelta(days=1)).isoformat())) == []
    assert asked(replace(held, unit="CM")) == []
    assert asked(replace(held, valid_from=day.isoformat())) == [Code.SIGNS_IN_ITSELF]


def test_what_rights_look_at_in_a_case_is_its_product_producer_commune_and_the_hands_of_this_attempt():
    assert place_of(CASE) == PLACE
    touched = replace(CASE, memo={"hands": {"p-1": ["prepares"]}, "recognised": "province"})
    assert place_of(touched) == replace(PLACE, hands={"p-1": ["prepares"]})
