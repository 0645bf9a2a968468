"""The whole space: every regime, state, function, level and event is either allowed or explained, in both languages.

Rights and guards are asked together, through the same door that the screens and the refusals use.
"""

import re
from dataclasses import replace
from itertools import product

import pytest

from states.chart import START, Seat, State
from states.facts import Facts
from states.refusal import Code, Refusal
from states.regime import REGIMES, Regime, local_date
from states.vocabulary import Duty, Event, Function, Level, TieKind
from states.words import words
from tests.states.samples import CHARTS, DAY, QD26, places, situations
from workflow.access import BARRED, Place, may, visible
from workflow.commands import SYSTEM
from workflow.perform import offers_for
from workflow.ports import RegistrySnapshot
from workflow.registry import Registry
from workflow.rows import AppointmentRow, PersonRow, TieRow, UnitRow

UNITS = {Level.CENTRE: "TW", Level.PROVINCE: "AG", Level.DISTRICT: "AG-CM", Level.COMMUNE: "AG-CM-01"}
PARENTS = {"AG": "TW", "AG-CM": "AG", "AG-CM-01": "AG-CM"}
PERSONAL = [f for f in Function if f not in {Function.PRODUCER, Function.SYSTEM}]
SEATS = (Seat(Function.PRODUCER), *(Seat(function, level) for function in PERSONAL for level in Level), Seat(Function.SYSTEM))
PRODUCER, PRODUCT, COMMUNE = "CT-1", "SP-1", "AG-CM-01"
PLACE = Place(PRODUCT, PRODUCER, COMMUNE, {})
LAWS = pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
BARE = re.compile(r"…|[{}]|\b[a-z0-9]+_[a-z_]+\b|\bqd\d+-|@|\bstart\b|None|Seat\(|Fraction")
"""What must not show through in a sentence: gaps, placeholders, names of the code."""


def code_of(seat: Seat) -> str:
    return SYSTEM if seat.function is Function.SYSTEM else f"p-{seat}"


def appointment(person: str, seat: Seat, **sides: str | None) -> AppointmentRow:
    level = seat.level or Level.COMMUNE
    given: dict[str, str | None] = {"producer": PRODUCER if seat.function is Function.PRODUCER else None, "unit": UNITS[level], **sides}
    return AppointmentRow(person=person, function=seat.function, level=level, valid_from="2018-01-01", valid_to=None, **given)  # type: ignore[arg-type]


def registry(*more: AppointmentRow, ties: tuple[TieRow, ...] = ()) -> Registry:
    """One person for each seat, all above the commune of the product."""
    units = tuple(
        UnitRow(code=code, name=code, level=level, parent=PARENTS.get(code), valid_from="2000-01-01", valid_to=None, decree="")
        for level, code in UNITS.items()
    )
    held = (*(appointment(code_of(seat), seat) for seat in SEATS if seat.function is not Function.SYSTEM), *more)
    people = tuple(PersonRow(code=code, name=code, email=None, phone=None) for code in dict.fromkeys(row.person for row in held))
    return Registry(RegistrySnapshot(epoch=1, units=units, successions=(), people=people, appointments=held, ties=ties))


EVERYBODY = registry()


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
    """An ordinary day, and for each event the first circumstances in which nothing about the case stands against it."""
    chart = CHARTS[law]
    known = [replace(facts, by_system=by_system) for facts in situations(law)]
    chosen = {0}
    for event in chart.events:
        chosen |= set([n for n, facts in enumerate(known) if not chart.reasons(state, event, facts)[1]][:1])
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
                    # Allowed means: nothing about the case stands against it, and a rule of the event in this state names the seat.
                    lawful = not chart.reasons(state, offer.event, facts)[1] and seat in chart.seats(state, offer.event)
                    assert offer.allowed == lawful == (not offer.reasons), (law.id, state, str(seat), offer)
                    if offer.allowed:
                        allowed.add((state, seat, offer.event))
                    for reason in offer.reasons:
                        explained(reason)
    assert len(SEATS) == 2 + 8 * 4
    assert walked == set(product(places(chart), SEATS, chart.events))
    assert len(walked) == (len(chart.states) + 1) * len(SEATS) * len(chart.events)
    # Not a walk through refusals only: every right can be used in some circumstances.
    assert allowed == {(rule.source, seat, rule.event) for rule in chart.rules for seat in rule.seats}


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


RECORDED = [rule for chart in CHARTS.values() for rule in chart.rules if rule.duty is not Duty.AUTOMATIC and rule.source != START]


def test_an_act_on_paper_is_recorded_by_an_officer_or_explained():
    day = local_date(DAY[QD26])
    recorded = 0
    for rule in RECORDED:
        for seat in SEATS:
            for behalf in {rule.seats[0], Seat(Function.CHAIR, Level.DISTRICT)}:
                person = code_of(seat)
                if person == SYSTEM:
                    continue
                place = replace(PLACE, hands={code_of(Seat(Function.OFFICER, Level.PROVINCE)): [Duty.PREPARES]})
                grant, refusals = may(EVERYBODY, person, [rule], place, day, on_behalf_of=behalf)
                assert (grant is None) == bool(refusals)
                for reason in refusals:
                    explained(reason)
                if grant is not None:
                    recorded += 1
                    assert rule.paper
                    assert behalf in rule.seats
                    assert seat.function in {Function.OFFICER, Function.SECRETARY}
                    prepared = seat == Seat(Function.OFFICER, Level.PROVINCE)
                    assert not prepared or rule.duty is Duty.PREPARES
    assert recorded > 100
