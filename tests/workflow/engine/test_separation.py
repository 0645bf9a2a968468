"""The separation of duties as a property: all ordered pairs of duties of one person on one case, by every way in which an act can come.

● prepares, ○ handles, ◆ scores, ■ decides: ●+■, ●+◆ and ○+■ are refused in either order; ○+◆ and ◆+■ are allowed.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from states.case import all_charts
from states.chart import Rule, Seat
from states.errors import NotAllowed
from states.refusal import Code
from states.vocabulary import Duty, Function
from tests.support.world import World
from workflow.access import BARRED, Place, may
from workflow.audit import drifts
from workflow.delegations import Delegate, Delegations
from workflow.rows import TieRow

X, DEPUTY = "x", "deputy"
SETUP, LATER, TYPED = "2021-06-01 09:00", "2021-06-01 10:00", "2021-06-10 09:00"
DAY = date(2021, 6, 1)
FORBIDDEN = {frozenset("●■"), frozenset("●◆"), frozenset("○■")}
NO_SECOND = {frozenset("●■"), frozenset("●◆")}
"""Whose hands keep them from being the second person; to check what a colleague has handled is what a second person is for."""
UNITS = {"district": "H1", "province": "VS"}


@dataclass(frozen=True)
class Pair:
    """What happens before, what X does first, what happens between, and what X does then; (event, seat) for X."""

    before: str
    first: tuple[str, str]
    between: str
    then: tuple[str, str]


FILED = "register select submit_plan file"
AT_PROVINCE = f"{FILED} conclude forward"
PAIRS = {
    "●○": Pair("", ("register", "officer@district"), "select submit_plan file conclude", ("forward", "officer@district")),
    "●◆": Pair("", ("register", "officer@district"), "select submit_plan file", ("conclude", "chair@district")),
    "●■": Pair("", ("register", "officer@district"), "", ("select", "authority@district")),
    "○●": Pair(FILED, ("return_for_completion", "officer@district"), "", ("complete", "officer@district")),
    "○◆": Pair(FILED, ("return_for_completion", "officer@district"), "complete", ("conclude", "chair@district")),
    "○■": Pair(AT_PROVINCE, ("accept", "officer@province"), "conclude", ("certify", "authority@province")),
    "◆●": Pair(FILED, ("conclude", "chair@district"), "forward return_for_completion", ("complete", "officer@district")),
    "◆○": Pair(FILED, ("conclude", "chair@district"), "", ("forward", "officer@district")),
    "◆■": Pair(AT_PROVINCE, ("conclude", "chair@province"), "", ("certify", "authority@province")),
    "■●": Pair("register", ("select", "authority@district"), "", ("submit_plan", "officer@district")),
    "■○": Pair("register", ("select", "authority@district"), "submit_plan file conclude", ("forward", "officer@district")),
    "■◆": Pair("register", ("select", "authority@district"), "submit_plan file", ("conclude", "chair@district")),
}
FROM_PAPER = {"select", "file", "forward", "conclude", "certify"}
EACH = pytest.mark.parametrize("marks", PAIRS)


def holder(seat: str) -> str:
    """Who holds a seat in the province from the start."""
    function, _, level = seat.partition("@")
    return f"{function}-{UNITS[level]}"


def appoint(world: World, person: str, seat: str) -> None:
    function, _, level = seat.partition("@")
    world.appoint(person, function, level, UNITS[level])


def give(world: World, seat: str, giver: str, taker: str) -> None:
    level = seat.partition("@")[2]
    asked = Delegate(
        seat=Seat.parse(seat), unit=UNITS[level], taker=taker, first=date(2021, 6, 1), last=date(2021, 6, 30), document_no="5/QĐ-UBND",
        reason="Đi học", command=f"{giver}-{taker}-{seat}",
    )  # fmt: skip
    Delegations(world.store, world.clock, world.engine.judge.scribe, world.engine).give(asked, actor=giver)


def typed(event: str) -> dict[str, Any]:
    return {"mean": 80} if event == "conclude" else {}


def done(world: World, case: str, events: str) -> str:
    for event in events.split():
        if event == "register":
            case = world.registered(at=SETUP)
        else:
            world.act(case, event, **typed(event))
    return case


def begun(world: World, pair: Pair, by: str = X) -> str:
    """The case up to what X is to do then; ``by`` lays the first hand on it."""
    world.move(SETUP)
    case = done(world, "", pair.before)
    event, _ = pair.first
    if event == "register":
        case = world.act("P1-01", event, by=by).case
    else:
        world.act(case, event, by=by, **typed(event))
    return done(world, case, pair.between)


def asked(pair: Pair) -> dict[str, Any]:
    return typed(pair.then[0])


def refused(world: World, case: str, pair: Pair, expected: Code, **given: Any) -> None:
    before = world.case(case)
    with pytest.raises(NotAllowed) as refusal:
        world.act(case, pair.then[0], **{"by": X, **asked(pair), **given})
    assert [reason.code for reason in refusal.value.reasons] == [expected]
    after = world.case(case)
    assert (after.version, after.state, after.memo) == (before.version, before.state, before.memo)
    assert list(drifts(world.store)) == []


WAYS = [
    (marks, way)
    for marks, pair in PAIRS.items()
    for way in ("directly", "beforehand", "with many others", *(("from paper",) if pair.then[0] in FROM_PAPER else ()))
]


@pytest.mark.parametrize(("marks", "way"), WAYS)
def test_one_person_s_two_hands(world: World, marks: str, way: str):
    pair = PAIRS[marks]
    for seat in (pair.first[1], pair.then[1]):
        appoint(world, X, seat)
    case = begun(world, pair)
    given: dict[str, Any] = {"dry_run": True} if way == "beforehand" else {}
    if way == "from paper":
        world.move(LATER)
        given = {"acted_on": "2021-06-01 09:30"}
    if frozenset(marks) in FORBIDDEN:
        if way == "with many others":
            (answer,) = world.engine.perform_each([world.command(case, pair.then[0], by=X, **asked(pair))])
            assert isinstance(answer, NotAllowed)
            assert [reason.code for reason in answer.reasons] == [Code.SEPARATION]
        refused(world, case, pair, Code.SEPARATION, **given)
    elif way == "with many others":
        (answer,) = world.engine.perform_each([world.command(case, pair.then[0], by=X, **asked(pair))])
        assert not isinstance(answer, Exception), answer
    else:
        world.act(case, pair.then[0], by=X, **asked(pair), **given)


@EACH
@pytest.mark.parametrize("now", ["X acts for another", "another acts for X"])
def test_the_second_hand_through_a_delegation(world: World, marks: str, now: str):
    pair = PAIRS[marks]
    appoint(world, X, pair.first[1])
    level = pair.then[1].partition("@")[2]
    if now == "X acts for another":
        world.appoint(X, "auditor", level, UNITS[level])
        give(world, pair.then[1], holder(pair.then[1]), X)
        case, expected, by = begun(world, pair), Code.SEPARATION, X
    else:
        appoint(world, X, pair.then[1])
        world.appoint(DEPUTY, "auditor", level, UNITS[level])
        give(world, pair.then[1], X, DEPUTY)
        case, expected, by = begun(world, pair), Code.PRINCIPAL_SEPARATION, DEPUTY
    if frozenset(marks) in FORBIDDEN:
        refused(world, case, pair, expected, by=by)
    else:
        world.act(case, pair.then[0], by=by, **asked(pair))


@EACH
@pytest.mark.parametrize("who", [X, DEPUTY])
def test_the_first_hand_through_a_delegation_binds_both(world: World, marks: str, who: str):
    pair = PAIRS[marks]
    level = pair.first[1].partition("@")[2]
    appoint(world, X, pair.first[1])
    world.appoint(DEPUTY, "auditor", level, UNITS[level])
    give(world, pair.first[1], X, DEPUTY)
    case = begun(world, pair, by=DEPUTY)
    appoint(world, who, pair.then[1])
    if frozenset(marks) in FORBIDDEN:
        refused(world, case, pair, Code.SEPARATION, by=who)
    else:
        world.act(case, pair.then[0], by=who, **asked(pair))


PAPER_PAIRS = [marks for marks, pair in PAIRS.items() if pair.then[0] in FROM_PAPER]


@pytest.mark.parametrize("marks", PAPER_PAIRS)
def test_the_second_hand_as_the_second_person_for_an_act_on_paper(world: World, marks: str):
    pair = PAIRS[marks]
    appoint(world, X, pair.first[1])
    case = begun(world, pair)
    world.appoint(X, "officer", "centre", "TW")
    world.move(TYPED)
    note = world.act(case, pair.then[0], by=holder(pair.then[1]), acted_on=LATER, **asked(pair))
    assert note.confirmation is not None
    if frozenset(marks) in NO_SECOND:
        before = world.case(case)
        with pytest.raises(NotAllowed) as refusal:
            world.confirmations.confirm(note.confirmation, actor=X)
        assert [reason.code for reason in refusal.value.reasons] == [Code.SEPARATION]
        assert world.case(case) == before
    else:
        assert world.confirmations.confirm(note.confirmation, actor=X).event == pair.then[0]


@pytest.mark.parametrize("marks", PAPER_PAIRS)
def test_nobody_confirms_what_was_typed_by_themselves_for_them_or_in_their_place(world: World, marks: str):
    pair = PAIRS[marks]
    level = pair.then[1].partition("@")[2]
    appoint(world, X, pair.first[1])
    giver = holder(pair.then[1])
    world.appoint(DEPUTY, "auditor", level, UNITS[level])
    give(world, pair.then[1], giver, DEPUTY)
    case = begun(world, pair)
    world.move(TYPED)
    note = world.act(case, pair.then[0], by=DEPUTY, acted_on=LATER, **asked(pair))
    assert note.confirmation is not None
    assert world.history(case)[-1].actor.principal == giver  # type: ignore[union-attr]
    for person in (giver, DEPUTY):
        world.appoint(person, "officer", level, UNITS[level])
    for person in (DEPUTY, giver):
        with pytest.raises(NotAllowed) as refusal:
            world.confirmations.confirm(note.confirmation, actor=person)
        assert Code.SECOND_PERSON in [reason.code for reason in refusal.value.reasons]


def test_a_new_attempt_begins_with_clean_hands(world: World):
    for seat in ("officer@district", "chair@district"):
        appoint(world, X, seat)
    case = begun(world, PAIRS["●◆"])
    refused(world, case, PAIRS["●◆"], Code.SEPARATION)
    world.act(case, "defer", by="officer-H1")
    world.act(case, "reenter", by="officer-H1")
    assert world.act(case, "conclude", by=X, mean=80).event == "conclude"


def seated(world: World) -> list[tuple[Rule, Seat, str]]:
    """Every rule of every regime in every seat that may do it, with somebody who holds the seat."""
    registry = world.engine.world(fresh=True).registry
    personal = [rule for chart in all_charts() for rule in chart.rules if rule.duty is not Duty.AUTOMATIC]
    return [(rule, seat, people[0]) for rule in personal for seat in rule.seats if (people := registry.holders(seat, "X1", DAY))]


def test_no_seat_of_any_rule_is_exempt_from_separation(world: World):
    registry = world.engine.world(fresh=True).registry
    for rule, seat, person in seated(world):
        decides = rule.duty is Duty.HANDLES and seat.function is Function.AUTHORITY
        duty = Duty.DECIDES if decides else rule.duty
        for earlier in (Duty.PREPARES, Duty.HANDLES, Duty.SCORES, Duty.DECIDES):
            grant, refusals = may(registry, person, [rule], Place("P1-01", "P1", "X1", {person: (str(earlier),)}), DAY)
            barred = Code.SEPARATION in {reason.code for reason in refusals}
            assert barred is (earlier in BARRED[duty]), (rule.event, seat, earlier)
            assert (grant is None) is barred, (rule.event, seat, earlier)
    assert {seat.function for _, seat, _ in seated(world)} >= {
        Function.OFFICER, Function.SECRETARY, Function.CHAIR, Function.AUTHORITY,
    }  # fmt: skip


def test_no_seat_that_scores_or_decides_is_exempt_from_ties(world: World):
    tried = [(rule, seat, person) for rule, seat, person in seated(world) if rule.duty in {Duty.SCORES, Duty.DECIDES}]
    world.store.save_registry(ties=[TieRow(person=person, product="P1-01", kind="adviser") for person in {person for *_, person in tried}])
    registry = world.engine.world(fresh=True).registry
    for rule, seat, person in tried:
        _, refusals = may(registry, person, [rule], Place("P1-01", "P1", "X1", {}), DAY)
        assert Code.TIED_TO_PRODUCT in {reason.code for reason in refusals}, (rule.event, seat)
