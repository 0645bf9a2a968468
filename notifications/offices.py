"""Who speaks for an office where telling is set up: its own officer, one of an office above it, or whoever administers them. Pure."""

from datetime import date

from states.errors import CycleError, UnknownName
from states.vocabulary import Function
from workflow.registry import Registry

_SPEAK = frozenset({Function.OFFICER, Function.ADMINISTRATOR})


class OfficeOnly(CycleError):
    """This is the office's to do. Detail: ``unit`` and ``person`` by name."""

    code = "office_only"


def speaks_for(registry: Registry, person: str, unit: str, day: date) -> bool:
    """Whether a person is an officer, or administers, in a unit whose territory covers another on a day."""
    return any(h.seat.function in _SPEAK and registry.covers(h.unit, unit, day) for h in registry.holdings(person, day))


def must_speak_for(registry: Registry, person: str, unit: str, day: date) -> None:
    """Let nobody pass who does not speak for a unit.

    Raises:
        UnknownName: No such unit.
        NotFound: No such person.
        OfficeOnly: The person holds no such function there.
    """
    known_unit(registry, unit)
    name = registry.person(person).name
    if not speaks_for(registry, person, unit, day):
        raise OfficeOnly(unit=registry.unit_name(unit, day), person=name)


def known_unit(registry: Registry, unit: str) -> None:
    """Let no unit pass that has never been there. Raises UnknownName."""
    if not registry.known(unit):
        raise UnknownName(what="unit", name=unit, known="–")


def unit_of(registry: Registry, person: str, day: date) -> str | None:
    """The unit that a person belongs to on a day; None for somebody without any function then."""
    return next((h.unit for h in registry.holdings(person, day)), None)
