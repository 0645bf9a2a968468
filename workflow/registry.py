"""Units, people and functions at one epoch, as a value that rights are judged on. Pure: built from a snapshot, never fetched."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from states.chart import Seat
from states.errors import NotFound
from states.vocabulary import DelegationState, Function, Level
from workflow.ports import RegistrySnapshot
from workflow.rows import AppointmentRow, DelegationRow, PersonRow, UnitRow

MAX_DEPTH = 8
"""Commune, district, province, centre, and some room; a longer chain of parents is a mistake in the data."""


_KEPT = 50_000
"""Answers kept at a time; a long-running service sees many days."""

_KEPT_TERRITORIES = 500
"""The same for whole territories, each of which may hold thousands of units."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A function that a person holds on a day: seat, unit, and for producers whose products.

    Attributes:
        principal: The person whose function it is, where it is exercised for somebody else.
        delegation: The code of what gave it.
        events: The events that it was given for; None for the whole function.
    """

    seat: Seat
    unit: str
    producer: str | None
    principal: str | None = None
    delegation: str | None = None
    events: frozenset[str] | None = None

    def serves(self, event: str) -> bool:
        """Whether the function may be exercised for an event."""
        return self.events is None or event in self.events


class Registry:
    """The registry at one epoch."""

    def __init__(self, snapshot: RegistrySnapshot) -> None:
        """Index a snapshot."""
        self.epoch = snapshot.epoch
        self._units: dict[str, list[UnitRow]] = {}
        for unit in sorted(snapshot.units, key=lambda u: u.valid_from):
            self._units.setdefault(unit.code, []).append(unit)
        self._heirs: dict[str, list[tuple[str, bool, str]]] = {}
        for row in sorted(snapshot.successions, key=lambda s: (s.on, not s.whole, s.heir)):
            self._heirs.setdefault(row.former, []).append((row.on, row.whole, row.heir))
        self._people: dict[str, PersonRow] = {p.code: p for p in snapshot.people}
        self._appointments: dict[str, list[AppointmentRow]] = {}
        for appointment in snapshot.appointments:
            self._appointments.setdefault(appointment.person, []).append(appointment)
        self._taken: dict[str, list[DelegationRow]] = {}
        for given in sorted(snapshot.delegations, key=lambda d: d.code):
            if given.state is DelegationState.GIVEN:
                self._taken.setdefault(given.taker, []).append(given)
        self.delegations = tuple(sorted(snapshot.delegations, key=lambda d: d.code))
        self._held: dict[tuple[str, date], tuple[Holding, ...]] = {}
        self._covered: dict[tuple[frozenset[str], date], tuple[str, ...]] = {}
        self._ties: dict[tuple[str, str], str] = {(t.person, t.product): t.kind for t in snapshot.ties}
        self._chains: dict[tuple[str, str], tuple[str, ...]] = {}

    def unit(self, code: str, day: date) -> UnitRow | None:
        """The unit as it is on a day, None where it does not exist then."""
        iso = day.isoformat()
        for row in self._units.get(code, ()):
            if row.valid_from <= iso and (row.valid_to is None or iso < row.valid_to):
                return row
        return None

    def known(self, code: str) -> bool:
        """Whether the unit exists at any time."""
        return code in self._units

    def unit_name(self, code: str, day: date) -> str:
        """The unit's name on a day, or its last one, or the code."""
        row = self.unit(code, day) or (self._units[code][-1] if code in self._units else None)
        return row.name if row else code

    def present(self, code: str, day: date) -> str:
        """The unit itself, or the heir that acts for it on a day (several heirs: the whole one, else the first by code)."""
        iso = day.isoformat()
        for _ in range(MAX_DEPTH):
            if self.unit(code, day) is not None:
                return code
            heirs = [heir for on, _, heir in self._heirs.get(code, ()) if on <= iso]
            if not heirs:
                return code
            code = heirs[0]
        return code

    def chain(self, code: str, day: date) -> tuple[str, ...]:
        """The unit (or its heir) and everything above it on a day, lowest first."""
        key = (code, day.isoformat())
        if key not in self._chains:
            chain: list[str] = []
            here: str | None = self.present(code, day)
            while here is not None and here not in chain and len(chain) < MAX_DEPTH:
                chain.append(here)
                row = self.unit(here, day)
                here = row.parent if row else None
            self._chains[key] = tuple(chain)
        return self._chains[key]

    def covers(self, unit: str, place: str, day: date) -> bool:
        """Whether ``place`` lies in the territory of ``unit`` on a day."""
        return unit in self.chain(place, day)

    def at_level(self, code: str, level: Level, day: date) -> str | None:
        """The unit of a level above (or at) a unit on a day."""
        return next((c for c in self.chain(code, day) if (row := self.unit(c, day)) and row.level == level), None)

    def province(self, code: str, day: date) -> str:
        """The province of a unit on a day.

        Raises:
            NotFound: The unit has none, which is a mistake in the data.
        """
        found = self.at_level(code, Level.PROVINCE, day)
        if found is None:
            raise NotFound(what="unit", name=code)
        return found

    def below(self, code: str, day: date) -> tuple[str, ...]:
        """Every unit in the territory of a unit on a day, itself included."""
        return tuple(u for u in self._units if self.unit(u, day) and self.covers(code, u, day))

    def covered(self, units: Collection[str], day: date) -> tuple[str, ...]:
        """Every unit, former ones included, whose place lies on a day in the territory of one of these; see :meth:`covers`."""
        if not units:
            return ()
        key = (frozenset(units), day)
        found = self._covered.get(key)
        if found is None:
            if len(self._covered) > _KEPT_TERRITORIES:
                self._covered.clear()  # Another thread may be reading, so nothing is looked up a second time.
            among = key[0]
            found = self._covered[key] = tuple(code for code in self._units if not among.isdisjoint(self.chain(code, day)))
        return found

    def ever_below(self, code: str) -> tuple[str, ...]:
        """Every unit that lies, or at its own last day lay, in the territory of a unit: what a list over the years has to include."""
        found = []
        for unit, rows in self._units.items():
            days = {date.fromisoformat(row.valid_from) for row in rows}
            if any(self.covers(code, unit, day) for day in days):
                found.append(unit)
        return tuple(found)

    def units_on(self, day: date) -> tuple[UnitRow, ...]:
        """Units of a day, by code."""
        return tuple(row for code in sorted(self._units) if (row := self.unit(code, day)))

    def people(self) -> tuple[PersonRow, ...]:
        """Everybody, by code."""
        return tuple(self._people[code] for code in sorted(self._people))

    def person(self, code: str) -> PersonRow:
        """A person.

        Raises:
            NotFound: Nobody has this code.
        """
        if code not in self._people:
            raise NotFound(what="person", name=code)
        return self._people[code]

    def holdings(self, person: str, day: date) -> tuple[Holding, ...]:
        """Functions that a person exercises on a day: first the own ones, then those of others that were delegated.

        One at a level in a unit counts only while the unit is there and of that level. A delegated one counts while its giver holds it by
        appointment, and the taker has a function of the own in that unit or one above it; what was delegated is not delegated on.
        """
        key = (person, day)
        held = self._held.get(key)
        if held is None:
            if len(self._held) > _KEPT:
                self._held.clear()  # Another thread may be reading, so nothing is looked up a second time.
            own = self.appointed(person, day)
            held = self._held[key] = (*own, *self._delegated(person, own, day))
        return held

    def appointed(self, person: str, day: date) -> tuple[Holding, ...]:
        """Functions that a person holds by appointment on a day."""
        iso = day.isoformat()
        rows = (a for a in self._appointments.get(person, ()) if a.valid_from <= iso and (a.valid_to is None or iso < a.valid_to))
        return tuple(h for h in map(_holding, rows) if self._stands(h, day))

    def _delegated(self, person: str, own: tuple[Holding, ...], day: date) -> Iterator[Holding]:
        iso = day.isoformat()
        for row in self._taken.get(person, ()):
            if not row.valid_from <= iso < row.valid_to:
                continue
            holding = _given(row)
            still = any(h.seat == holding.seat and h.unit == holding.unit for h in self.appointed(row.giver, day))
            if still and self.belongs(own, holding.unit, day):
                yield holding

    def belongs(self, own: tuple[Holding, ...], unit: str, day: date) -> bool:
        """Whether one of these functions is of a unit or of one above it; a producer's people stand outside the offices."""
        above = self.chain(unit, day)
        return any(h.unit in above for h in own if h.seat.function is not Function.PRODUCER)

    def stand_ins(self, person: str, seat: Seat, unit: str, day: date) -> tuple[str, ...]:
        """Who exercises a person's function in a unit on a day as well, as a whole or in part, by person code."""
        return tuple(
            taker
            for taker in sorted(self._taken)
            if any(h.principal == person and h.seat == seat and h.unit == unit for h in self.holdings(taker, day))
        )

    def ever_held(self, person: str) -> frozenset[str]:
        """Units in which a person holds, held or will hold a function."""
        return frozenset(row.unit for row in self._appointments.get(person, ()))

    def _stands(self, holding: Holding, day: date) -> bool:
        unit = self.unit(holding.unit, day)
        return holding.seat.level is None or (unit is not None and unit.level == holding.seat.level)

    def holders(self, seat: Seat, place: str, day: date) -> tuple[str, ...]:
        """People who hold a seat by appointment, whose territory covers a place on a day; see :meth:`stand_ins` for who acts for them."""
        return tuple(
            person
            for person in self._appointments
            if any(h.seat == seat and h.principal is None and self.covers(h.unit, place, day) for h in self.holdings(person, day))
        )

    def tie(self, person: str, product: str) -> str | None:
        """The declared tie of a person to a product."""
        return self._ties.get((person, product))

    def standing_for(self, producer: str, day: date) -> tuple[str, ...]:
        """People who stand for a producer on a day."""
        return tuple(person for person in self._appointments if producer in self.producers_of(person, day))

    def producers_of(self, person: str, day: date) -> frozenset[str]:
        """Producers that a person stands for on a day."""
        return frozenset(h.producer for h in self.holdings(person, day) if h.producer)


def _given(row: DelegationRow) -> Holding:
    seat = Seat(Function(row.function), Level(row.level))
    return Holding(seat, row.unit, None, row.giver, row.code, frozenset(row.events) or None)


def _holding(row: AppointmentRow) -> Holding:
    level = None if row.function == Function.PRODUCER else Level(row.level)
    return Holding(Seat(Function(row.function), level), row.unit, row.producer)
