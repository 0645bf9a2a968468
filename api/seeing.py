"""What a person may see in lists: the communes of a territory, or the producers that they stand for."""

from dataclasses import dataclass
from datetime import date

from states.vocabulary import Function
from workflow.registry import Registry


@dataclass(frozen=True, slots=True)
class Seen:
    """Communes and producers; a case is seen where either fits."""

    units: tuple[str, ...]
    producers: tuple[str, ...]


def seen_by(registry: Registry, person: str, day: date) -> Seen:
    """What a person may see on a day, by the same rule as :func:`workflow.access.visible`."""
    holdings = registry.holdings(registry.person(person).code, day)
    units = {h.unit for h in holdings if h.seat.function is not Function.PRODUCER}
    return Seen(
        registry.covered(units, day),
        tuple(sorted(registry.producers_of(person, day))),
    )
