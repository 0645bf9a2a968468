"""Who can be played in a rehearsal: everybody who holds a function today, by level and unit."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from api.bootstrap import Runtime
from states.regime import local_date
from states.vocabulary import Function, Level
from states.words import Words
from workflow.registry import Holding, Registry

_LEVELS = (Level.CENTRE, Level.PROVINCE, Level.DISTRICT, Level.COMMUNE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A person with what they are, in words."""

    person: str
    name: str
    seats: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The people of one level (or all producers), by unit."""

    title: str
    groups: tuple[tuple[str, tuple[Role, ...]], ...]

    @property
    def count(self) -> int:
        """How many people."""
        return sum(len(roles) for _, roles in self.groups)


def role_of(run: Runtime, person: str, said: Words) -> Role:
    """A person as somebody who can be played; one without any function has no seats."""
    registry, day = run.engine.world().registry, local_date(run.clock.now())
    held = registry.holdings(person, day)
    producer = next((h.producer for h in held if h.producer), None)
    firm = run.store.producer(producer) if producer is not None else None
    return _role(registry, person, registry.person(person).name, held, firm.name if firm is not None else None, day, said)


def _role(registry: Registry, code: str, name: str, held: tuple[Holding, ...], firm: str | None, day: date, said: Words) -> Role:  # noqa: PLR0913
    seats = "; ".join(dict.fromkeys(said.say(h.seat) for h in held))
    return Role(person=code, name=name, seats=seats, unit=firm or (registry.unit_name(held[0].unit, day) if held else ""))


def cast(run: Runtime, said: Words) -> tuple[Bench, ...]:
    """Everybody, the centre first, producers last."""
    registry, day = run.engine.world().registry, local_date(run.clock.now())
    producers = {p.code: p.name for p in run.store.producers()}
    found: dict[Level | None, list[tuple[str, Role]]] = {level: [] for level in (*_LEVELS, None)}
    for person in registry.people():
        held = registry.holdings(person.code, day)
        if not held:
            continue
        first = held[0]
        chain = registry.chain(first.unit, day)
        produces = first.seat.function is Function.PRODUCER
        # Communes and producers are looked for under the district, or under the province where there are no districts.
        above = chain[1] if len(chain) > 1 and (produces or first.seat.level is Level.COMMUNE) else first.unit
        role = _role(registry, person.code, person.name, held, producers.get(first.producer or ""), day, said)
        found[None if produces else first.seat.level].append((registry.unit_name(above, day), role))
    benches = []
    for level, roles in found.items():
        if roles:
            roles.sort(key=lambda each: each[0])
            groups = tuple((place, tuple(role for _, role in some)) for place, some in groupby(roles, key=lambda each: each[0]))
            title = said.name(level) if level is not None else said.name(Function.PRODUCER)
            benches.append(Bench(title=title, groups=groups))
    return tuple(benches)
