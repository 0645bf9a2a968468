"""What somebody may see of telling: their own letters, and those of the people whose office they answer for. Pure. See decision 0029."""

from dataclasses import dataclass
from datetime import date

from notifications.offices import unit_of
from states.vocabulary import Function
from workflow.registry import Registry

_OVERSEE = frozenset({Function.OFFICER, Function.AUTHORITY, Function.AUDITOR, Function.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose letters a person may look at on a day.

    Attributes:
        person: Who looks.
        units: Units, former ones included, that the person answers for or audits.
        people: Everybody who belongs to one of them, the person included.
    """

    person: str
    units: frozenset[str]
    people: frozenset[str]


def sight_of(registry: Registry, person: str, day: date) -> Sight:
    """What a person may see on a day: as officer, authority, auditor or administrator, the people of the territory; else only the own.

    Whoever has no function any more is seen by those who answer for the units in which there was one.
    """
    above = {h.unit for h in registry.holdings(registry.person(person).code, day) if h.seat.function in _OVERSEE}
    units = frozenset(registry.covered(above, day))
    seen = {row.code for row in registry.people() if _belongs(registry, row.code, units, day)} if units else set()
    return Sight(person, units, frozenset({person, *seen}))


def _belongs(registry: Registry, person: str, units: frozenset[str], day: date) -> bool:
    now = unit_of(registry, person, day)
    return now in units if now is not None else bool(registry.ever_held(person) & units)


def near(registry: Registry, person: str, unit: str, day: date) -> bool:
    """Whether a person has a function in a unit, in its territory, or in a unit above it."""
    holdings = registry.holdings(registry.person(person).code, day)
    return any(registry.covers(unit, h.unit, day) or registry.covers(h.unit, unit, day) for h in holdings)
