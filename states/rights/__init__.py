"""The rights table as data: event × state → functions at levels, one file per number of levels that act."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from states.chart import Seat
from states.errors import DefinitionUnsound
from states.regime import Regime
from states.vocabulary import CaseState, Duty, Event, Level


@dataclass(frozen=True, slots=True)
class Rights:
    """One rights table.

    Attributes:
        name: File name without ending.
        duties: Event → kind of hand; automatic rules have :attr:`Duty.AUTOMATIC` whatever their event.
        rows: (event, state, level or ``any``) → seats.
    """

    name: str
    duties: dict[str, Duty]
    rows: dict[tuple[str, str], tuple[Seat, ...]]

    def row(self, event: Event, *names: object, automatic: bool = False) -> tuple[str, tuple[Seat, ...]]:
        """Who may do an event: the first row among ``names`` (states or levels, the most exact first), else the row ``any``.

        Returns:
            The row's name, such as ``conclude.district_evaluation``, and its seats; both empty where the table has none.
        """
        key = "automatic" if automatic else str(event)
        for name in (*(str(n) for n in names if n is not None), "any"):
            if (key, name) in self.rows:
                return f"{key}.{name}", self.rows[key, name]
        return "", ()

    def duty(self, event: Event, *, automatic: bool = False) -> Duty:
        """The kind of hand that an event lays on a case.

        Raises:
            DefinitionUnsound: The table does not know the event.
        """
        key = "automatic" if automatic else str(event)
        if key not in self.duties:
            raise DefinitionUnsound(chart=self.name, findings=f"no rights for {key}")
        return self.duties[key]


@cache
def rights_of(regime: Regime) -> Rights:
    """The table that applies under a regime."""
    return load("three-levels" if Level.DISTRICT in regime.levels else "two-levels")


@cache
def load(name: str) -> Rights:
    """Read a rights table.

    Raises:
        DefinitionUnsound: An unknown event, state, function or level, or a row without seats.
    """
    table = tomllib.loads((files("states.rights") / f"{name}.toml").read_text("utf-8"))
    duties: dict[str, Duty] = {}
    rows: dict[tuple[str, str], tuple[Seat, ...]] = {}
    known = {*map(str, CaseState), *map(str, Level), "any"}
    for event, row in table.items():
        if event != "automatic" and event not in set(Event):
            raise DefinitionUnsound(chart=name, findings=f"unknown event {event}")
        duties[event] = Duty(row.pop("duty"))
        for state, seats in row.items():
            if state not in known or not seats:
                raise DefinitionUnsound(chart=name, findings=f"{event}.{state}")
            rows[event, state] = tuple(Seat.parse(seat) for seat in seats)
    return Rights(name, duties, rows)
