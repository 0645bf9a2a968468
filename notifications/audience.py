"""Who hears of a duty: those who hold it, whoever stands in for them, and the office above once it has passed. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from deadlines.ladder import SUPERIOR, Rung
from notifications.choices import Choices
from notifications.messages import Part
from states.case import case_chart
from states.chart import Seat
from states.facts import LEVEL_OF
from states.regime import Regime
from states.vocabulary import CaseState, Event, Function, Level, Stage
from workflow.registry import Registry
from workflow.rows import CaseRow
from workflow.situation import home, results_of

_AFTER_RESULT: Mapping[CaseState, Event] = {
    CaseState.DISTRICT_EVALUATION: Event.FORWARD,
    CaseState.PROVINCIAL_EVALUATION: Event.NOMINATE,
    CaseState.NATIONAL_NOMINATION: Event.CERTIFY,
}
"""What is next where the council of the level has concluded."""


_PREPARE = frozenset({Function.PRODUCER, Function.OFFICER, Function.SECRETARY})


@dataclass(frozen=True, slots=True)
class Hearer:
    """Somebody who hears, and why. ``for_whom`` are those who have to act, where it is not the hearer."""

    person: str
    part: Part
    for_whom: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holders:
    """Who has to act: the act, the seats that may do it, and the level that the office above is counted from."""

    event: Event | None
    seats: tuple[Seat, ...]
    level: Level


def next_act(case: CaseRow, law: Regime, stage: Stage | None = None) -> Event | None:
    """The act by which a case goes on from where it stands, towards a stage where one is named; None where nobody has to act."""
    chart = case_chart(law.id)
    usual = chart.main.get(case.state)
    if case.state in {CaseState.DEFERRED, CaseState.CERTIFIED} or usual is None:
        return None
    if stage is not None:
        meeting = [r.event for r in chart.rules if r.source is case.state and stage in r.meets and case.kind in r.kinds]
        if meeting:
            return usual if usual in meeting else meeting[0]
    level = LEVEL_OF.get(case.state)
    if level is not None and level in results_of(case.memo):
        return _AFTER_RESULT.get(case.state, usual)
    return usual


def holders_of(case: CaseRow, law: Regime, stage: Stage | None = None) -> Holders:
    """Who has to act on a case next."""
    event = next_act(case, law, stage)
    chart = case_chart(law.id)
    seats = chart.seats(case.state, event) if event is not None else ()
    levels = [seat.level for seat in seats if seat.level is not None]
    level = LEVEL_OF.get(home(case)) or (Level.COMMUNE if any(s.function is Function.PRODUCER for s in seats) else None)
    return Holders(event, seats, level or (levels[0] if levels else Level.COMMUNE))


def hearers(  # noqa: PLR0913
    registry: Registry, case: CaseRow, law: Regime, stage: Stage | None, rung: Rung, day: date
) -> tuple[Hearer, ...]:
    """Who hears of a step of a case's deadline on a day; nobody, where nobody has to act or no such function is held."""
    held = holders_of(case, law, stage)
    acting = _acting(registry, case.producer, case.unit, held, day)
    everybody = tuple(dict.fromkeys(person for people in acting.values() for person in people))
    found: list[Hearer] = []
    if rung.hears - {SUPERIOR}:
        heard = [person for function, people in acting.items() if function in rung.hears for person in people]
        found += [Hearer(person, Part.HOLDER) for person in dict.fromkeys(heard or everybody)]
    if SUPERIOR in rung.hears or not found:
        above = _superiors(registry, case.unit, held.level, day)
        found += [Hearer(person, Part.SUPERIOR, everybody) for person in above if person not in {f.person for f in found}]
    return tuple(found)


def _acting(registry: Registry, producer: str, unit: str, held: Holders, day: date) -> dict[Function, tuple[str, ...]]:
    """People by the function in which they act, or help to act: the producer's commune officer, the officer of a council's level."""
    acting: dict[Function, tuple[str, ...]] = {}
    of_producer = any(seat.function is Function.PRODUCER for seat in held.seats)
    if of_producer:
        acting[Function.PRODUCER] = registry.standing_for(producer, day)
    for seat in held.seats:
        if seat.function is not Function.PRODUCER and not (of_producer and seat.level is not Level.COMMUNE):
            acting[seat.function] = tuple(dict.fromkeys((*acting.get(seat.function, ()), *registry.holders(seat, unit, day))))
    if Function.OFFICER not in acting and held.event is not None:
        acting[Function.OFFICER] = registry.holders(Seat(Function.OFFICER, held.level), unit, day)
    return {function: people for function, people in acting.items() if people}


_UPWARD = (Level.COMMUNE, Level.DISTRICT, Level.PROVINCE, Level.CENTRE)


def _superiors(registry: Registry, unit: str, level: Level, day: date) -> tuple[str, ...]:
    """Officers of the nearest office above a level that has any; its authority where it has no officer."""
    for above in _UPWARD[_UPWARD.index(level) + 1 :]:
        for function in (Function.OFFICER, Function.AUTHORITY):
            if people := registry.holders(Seat(function, above), unit, day):
                return people
    return ()


def of_unit(registry: Registry, unit: str, rung: Rung, day: date) -> tuple[Hearer, ...]:
    """Who hears of an activity's step: officers of the unit, and of the one above."""
    row = registry.unit(registry.present(unit, day), day)
    level = Level(row.level) if row is not None else Level.PROVINCE
    own = registry.holders(Seat(Function.OFFICER, level), unit, day)
    found = [Hearer(person, Part.HOLDER) for person in own] if Function.OFFICER in rung.hears else []
    if SUPERIOR in rung.hears or not found:
        found += [Hearer(p, Part.SUPERIOR, own) for p in _superiors(registry, unit, level, day) if p not in own]
    return tuple(found)


def of_certificate(registry: Registry, producer: str, unit: str, rung: Rung, day: date) -> tuple[Hearer, ...]:
    """Who hears that a certificate ends: the producer, the officer of the commune, and the province once it has ended."""
    own = registry.standing_for(producer, day) if Function.PRODUCER in rung.hears else ()
    officers = registry.holders(Seat(Function.OFFICER, Level.COMMUNE), unit, day) if Function.OFFICER in rung.hears else ()
    found = [Hearer(person, Part.HOLDER) for person in dict.fromkeys((*own, *officers))]
    if SUPERIOR in rung.hears or not found:
        above = _superiors(registry, unit, Level.COMMUNE, day)
        found += [Hearer(p, Part.SUPERIOR, own or officers) for p in above if p not in {f.person for f in found}]
    return tuple(found)


def with_stand_ins(found: Iterable[Hearer], choices: Choices, day: date) -> tuple[Hearer, ...]:
    """The same, with whoever stands in for somebody who is away."""
    found = tuple(found)
    there = {hearer.person for hearer in found}
    more = []
    for hearer in found:
        chosen = choices.person(hearer.person)
        if chosen.away_on(day) and chosen.stand_in and chosen.stand_in not in there:
            there.add(chosen.stand_in)
            more.append(Hearer(chosen.stand_in, Part.STAND_IN, (hearer.person,)))
    return (*found, *more)


def concerned(  # noqa: PLR0913
    registry: Registry, case: CaseRow, law: Regime, seats: Sequence[str], office: Level, day: date
) -> tuple[str, ...]:
    """People who should know what happened to a case.

    Args:
        registry: Units, people, functions.
        case: The case after it happened.
        law: Its regime.
        seats: ``producer``, ``function@level``, ``office`` for the officer of the level that the case lay with, or ``next`` for those who
            prepare what has to be done now (whoever decides hears of it when the date comes near).
        office: The level that the case lay with before it happened.
        day: Local day.
    """
    people: list[str] = []
    for seat in seats:
        if seat == "producer":
            people += registry.standing_for(case.producer, day)
        elif seat == "next":
            acting = _acting(registry, case.producer, case.unit, holders_of(case, law), day)
            busy = [person for function, some in acting.items() if function in _PREPARE for person in some]
            people += busy or [person for some in acting.values() for person in some]
        elif seat == "office":
            people += registry.holders(Seat(Function.OFFICER, office), case.unit, day)
        else:
            people += registry.holders(Seat.parse(seat), case.unit, day)
    return tuple(dict.fromkeys(people))
