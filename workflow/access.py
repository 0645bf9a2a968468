"""Who may: function × level × event × territory × time, the separation of duties, and ties. Who is not whether: guards are elsewhere.

The rights table is data (``states/rights``); a rule carries the seats that it names. Source of the separation: ``docs/rights.md``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from states.chart import Rule, Seat
from states.errors import NotAllowed
from states.lifecycle import Move
from states.refusal import NOBODY, Code, Holder, Refusal
from states.values import quickly
from states.vocabulary import Duty, Function, Level, TieKind
from workflow.commands import SYSTEM
from workflow.ledger.entry import ActorRef
from workflow.registry import Holding, Registry

BARRED: Mapping[Duty, frozenset[Duty]] = {
    Duty.PREPARES: frozenset({Duty.DECIDES, Duty.SCORES}),
    Duty.HANDLES: frozenset({Duty.DECIDES}),
    Duty.SCORES: frozenset({Duty.PREPARES}),
    Duty.DECIDES: frozenset({Duty.PREPARES, Duty.HANDLES}),
    Duty.AUTOMATIC: frozenset(),
}
"""Within an attempt one person may not combine these, in either order; handling and scoring, scoring and deciding may be combined."""


@quickly
@dataclass(frozen=True, slots=True)
class Place:
    """What rights look at in a case: its product, producer, commune, and who had which hand in this attempt."""

    product: str
    producer: str
    unit: str
    hands: Mapping[str, Sequence[str]]


@quickly
@dataclass(frozen=True, slots=True)
class Grant:
    """The seat and unit in which somebody acts, and the hand that it lays on the case; whose seat it is, if somebody else's."""

    seat: Seat
    unit: str | None
    duty: Duty
    principal: str | None = None
    delegation: str | None = None


def visible(registry: Registry, person: str, place: Place, day: date) -> bool:
    """Whether a person may see a case at all: a producer its own, everybody else inside the territory."""
    return any(_reaches(registry, h, place, day) for h in registry.holdings(person, day))


def _reaches(registry: Registry, holding: Holding, place: Place, day: date) -> bool:
    if holding.seat.function is Function.PRODUCER:
        return holding.producer == place.producer
    return registry.covers(holding.unit, place.unit, day)


def may(  # noqa: PLR0913
    registry: Registry, person: str, rules: Sequence[Rule], place: Place, day: date, on_behalf_of: Seat | None = None
) -> tuple[Grant | None, tuple[Refusal, ...]]:
    """Whether a person may do an event, whose rules in the case's state these are.

    Args:
        registry: Units, people and functions.
        person: Who asks, or :data:`workflow.commands.SYSTEM`.
        rules: The rules of the event in the state (several where it branches); they share duty and seats.
        place: Product, territory and hands of the case.
        day: Local day of the act.
        on_behalf_of: The seat whose act on paper is recorded.

    Returns:
        The grant and no refusal, or None and every refusal.
    """
    personal = [rule for rule in rules if rule.duty is not Duty.AUTOMATIC]
    if person == SYSTEM:
        automatic = len(personal) < len(rules)
        return (Grant(Seat(Function.SYSTEM), None, Duty.AUTOMATIC), ()) if automatic else (None, (_required(personal, ()),))
    if not personal:
        return None, (Refusal(Code.SYSTEM_ONLY, Holder(Function.SYSTEM)),)
    rule = personal[0]
    holdings = [h for h in registry.holdings(person, day) if _reaches(registry, h, place, day)]
    if on_behalf_of is not None:
        return _record(registry, personal, person, place, day, on_behalf_of)
    seats = [seat for r in personal for seat in r.seats]
    fitting = [h for h in holdings if h.seat in seats and h.serves(str(rule.event))]
    if not fitting:
        own = [*_hands(rule.duty, person, place, rule.seats), *_ties(registry, rule, rule.duty, person, place, day)]
        return None, (_required(personal, holdings), *own)
    judged = [_in_seat(registry, rule, person, place, day, holding) for holding in fitting]
    # The own function comes first; another's is exercised only where the own one does not serve.
    return next(((grant, ()) for grant, refusals in judged if not refusals), (None, judged[0][1]))


def _in_seat(  # noqa: PLR0913
    registry: Registry, rule: Rule, person: str, place: Place, day: date, holding: Holding
) -> tuple[Grant, tuple[Refusal, ...]]:
    """The grant of one function, and what separation and ties have against it: against the person, and against whose function it is."""
    duty = rule.duty
    if duty is Duty.HANDLES and holding.seat.function is Function.AUTHORITY:
        # Where officer and authority may do the same (extending a term), what the authority does is a decision.
        duty = Duty.DECIDES
    refusals = [*_hands(duty, person, place, rule.seats), *_ties(registry, rule, duty, person, place, day)]
    if holding.principal is not None:
        name = registry.person(holding.principal).name
        for own in _hands(duty, holding.principal, place, rule.seats):
            about = {"earlier": own.detail["earlier"], "now": own.detail["now"], "principal": name}
            refusals.append(Refusal(Code.PRINCIPAL_SEPARATION, own.holder, about))
        refusals += [
            Refusal(Code.PRINCIPAL_TIED, own.holder, {"tie": own.detail["tie"], "principal": name})
            for own in _ties(registry, rule, duty, holding.principal, place, day)
        ]
    return Grant(holding.seat, holding.unit, duty, holding.principal, holding.delegation), tuple(refusals)


def _required(rules: Iterable[Rule], holdings: Iterable[Holding]) -> Refusal:
    seats = tuple(dict.fromkeys(seat for rule in rules for seat in rule.seats))
    holds = tuple(dict.fromkeys(h.seat for h in holdings))
    return Refusal(Code.FUNCTION_REQUIRED, _holder(seats), {"seats": seats, "holds": holds})


def _holder(seats: Sequence[Seat]) -> Holder:
    return Holder(seats[0].function, seats[0].level) if seats else NOBODY


def _hands(duty: Duty, person: str, place: Place, seats: Sequence[Seat]) -> list[Refusal]:
    clash = next((Duty(h) for h in place.hands.get(person, ()) if Duty(h) in BARRED[duty]), None)
    return [Refusal(Code.SEPARATION, _holder(seats), {"earlier": clash, "now": duty})] if clash else []


def _ties(registry: Registry, rule: Rule, duty: Duty, person: str, place: Place, day: date) -> list[Refusal]:  # noqa: PLR0913
    if duty not in {Duty.SCORES, Duty.DECIDES}:
        return []
    tie = registry.tie(person, place.product)
    if tie is None and place.producer in registry.producers_of(person, day):
        tie = TieKind.OWNER
    return [Refusal(Code.TIED_TO_PRODUCT, _holder(rule.seats), {"tie": TieKind(tie)})] if tie else []


def _record(  # noqa: PLR0913
    registry: Registry, rules: Sequence[Rule], person: str, place: Place, day: date, seat: Seat
) -> tuple[Grant | None, tuple[Refusal, ...]]:
    """An officer records an act on paper of a body that does not sign in; who prepared the file, or has a tie to it, may not.

    The recorder handles the file: whoever scored or decided on it stays out of that as well.
    """
    rule = rules[0]
    holdings = [h for h in registry.holdings(person, day) if _reaches(registry, h, place, day)]
    levels = {seat.level, Level.PROVINCE, Level.CENTRE} if seat.level else set(Level)
    recorder = next(
        (h for h in holdings if h.seat.function is Function.OFFICER and h.seat.level in levels and h.serves(str(rule.event))), None
    )
    holder = _holder(rule.seats)
    refusals: list[Refusal] = []
    if not rule.paper:
        refusals.append(Refusal(Code.NOT_FROM_PAPER, holder, {}))
    if seat not in {s for r in rules for s in r.seats}:
        refusals.append(Refusal(Code.NOT_ITS_ACT, holder, {"seat": seat}))
    elif seat.function is not Function.PRODUCER and registry.holders(seat, place.unit, day):
        refusals.append(Refusal(Code.SIGNS_IN_ITSELF, Holder(seat.function, seat.level), {"seat": seat}))
    if recorder is None:
        asked = tuple(Seat(Function.OFFICER, level) for level in Level if level in levels)
        refusals.append(Refusal(Code.FUNCTION_REQUIRED, _holder(asked), {"seats": asked, "holds": tuple(h.seat for h in holdings)}))
    if rule.duty is Duty.PREPARES:
        refusals += _hands(Duty.PREPARES, person, place, (Seat(Function.OFFICER, seat.level or Level.COMMUNE),))
    else:
        if Duty.PREPARES in place.hands.get(person, ()):
            refusals.append(Refusal(Code.PREPARED_BY_RECORDER, Holder(Function.OFFICER, seat.level or Level.PROVINCE), {}))
        refusals += _hands(Duty.HANDLES, person, place, (Seat(Function.OFFICER, seat.level or Level.PROVINCE),))
        refusals += _ties(registry, rule, rule.duty, person, place, day)
    if refusals or recorder is None:
        return None, tuple(refusals)
    return Grant(recorder.seat, recorder.unit, rule.duty, recorder.principal, recorder.delegation), ()


def may_confirm(  # noqa: PLR0913
    registry: Registry, person: str, typed_by: ActorRef, place: Place, day: date, duty: Duty | None = None
) -> tuple[Holding | None, tuple[Refusal, ...]]:
    """Whether somebody may be the second person for an act that was typed from paper, or for an override.

    Args:
        registry: Units, people and functions.
        person: Who confirms or refuses.
        typed_by: Who typed it, with the unit.
        place: Product and territory of the case.
        day: Local day of the confirmation.
        duty: The hand that the act lays on the case, where it is known.

    Returns:
        The function that the person confirms in and no refusal, or None and every refusal.
    """
    above = registry.chain(typed_by.unit, day) if typed_by.unit else ()
    holdings = registry.holdings(person, day)
    confirming = (h for h in holdings if h.seat.function in _CONFIRMS and h.unit in above and h.events is None)
    # For whom one acts may not be the one who typed it either, nor the one for whom it was typed.
    first = {typed_by.id, typed_by.principal} - {None}
    found = next((h for h in confirming if h.principal not in first), None)
    refusals: list[Refusal] = []
    holder = Holder(Function.OFFICER, Level(typed_by.level) if typed_by.level else None)
    if person in first:
        refusals.append(Refusal(Code.SECOND_PERSON, holder, {}))
    if found is None:
        unit = registry.unit_name(above[0], day) if above else "–"
        refusals.append(Refusal(Code.NOT_OF_ITS_UNIT, holder, {"unit": unit, "holds": tuple(h.seat for h in holdings)}))
    tie = registry.tie(person, place.product)
    if tie is None and place.producer in registry.producers_of(person, day):
        tie = TieKind.OWNER
    if tie is not None:
        refusals.append(Refusal(Code.TIED_TO_PRODUCT, holder, {"tie": TieKind(tie)}))
    for each in filter(None, (person, found.principal if found else None)):
        clash = next((Duty(h) for h in place.hands.get(each, ()) if duty is not None and frozenset({Duty(h), duty}) in _NO_SECOND), None)
        if clash is not None:
            refusals.append(Refusal(Code.SEPARATION, holder, {"earlier": clash, "now": duty}))
    return (None, tuple(refusals)) if refusals else (found, ())


_NO_SECOND = frozenset({frozenset({Duty.PREPARES, Duty.SCORES}), frozenset({Duty.PREPARES, Duty.DECIDES})})
"""Hands whose pairing keeps somebody from being the second person; to check what a colleague has handled is what a second person is for."""

_CONFIRMS = frozenset({Function.OFFICER, Function.AUTHORITY})


@dataclass(frozen=True, slots=True)
class Office:
    """Who acts on a plan, round or calendar, and the names as they are today."""

    actor: ActorRef
    names: Mapping[str, str]


def acting(person: str, holding: Holding) -> ActorRef:
    """Somebody in a function, with the one for whom it is exercised."""
    return ActorRef(
        id=person, function=str(holding.seat.function), level=str(holding.seat.level), unit=holding.unit, principal=holding.principal,
        delegation=holding.delegation,
    )  # fmt: skip


THE_SYSTEM = Office(ActorRef(id=SYSTEM, function="system"), {})


def office_of(  # noqa: PLR0913
    registry: Registry,
    person: str,
    unit: str,
    move: Move[Any, Any],
    day: date,
    other: Code = Code.PLAN_OF_OTHER_UNIT,
    *,
    superiors: bool = False,
) -> Office:
    """The officer of a unit who makes a move on one of its plans, rounds or calendars.

    Args:
        registry: Units, people and functions.
        person: Who acts.
        unit: The unit that the plan or round belongs to.
        move: The move; it names the seats.
        day: Local day of the act.
        other: What is said where it belongs to another unit.
        superiors: Whether somebody of a unit above may do it as well.

    Raises:
        NotFound: No such person.
        NotAllowed: The person holds none of the seats in that unit.
    """
    name = registry.person(person).name
    holdings = registry.holdings(person, day)
    units = registry.chain(unit, day) if superiors else (unit,)
    for holding in holdings:
        if holding.seat in move.seats and holding.unit in units and holding.serves(str(move.event)):
            actor = acting(person, holding)
            names = {"actor.name": name, "actor.unit": registry.unit_name(holding.unit, day)}
            if holding.principal:
                names["actor.principal"] = registry.person(holding.principal).name
            return Office(actor, names)
    own = [h for h in holdings if h.seat in move.seats]
    row = registry.unit(unit, day)
    wanted = next((seat for seat in move.seats if row is not None and seat.level == row.level), move.seats[0])
    holder = Holder(wanted.function, wanted.level)
    if own:
        reason = Refusal(other, holder, {"unit": registry.unit_name(unit, day)})
    else:
        reason = Refusal(Code.FUNCTION_REQUIRED, holder, {"seats": move.seats, "holds": tuple(h.seat for h in holdings)})
    raise NotAllowed([reason], case=unit, event=move.event, state=None)
