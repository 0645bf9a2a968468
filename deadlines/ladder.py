"""The ladder of reminders before a deadline and after it: data, and the plan of one duty. Pure.

A step's moment is the first slot of its day. What may wait for a working day does, and comes early where waiting would pass the deadline
or catch up with a more urgent step.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from deadlines.calendar import ZONE, WorkingCalendar, vietnam_calendar
from states.errors import CycleError
from states.values import quickly
from states.vocabulary import Function

_DATA = Path(__file__).parent / "data" / "ladders.toml"
_DAY = timedelta(days=1)
SUPERIOR = "superior"
"""Hears of what the office below has let pass."""


class LadderUnsound(CycleError):
    """A ladder contradicts itself. Detail: ``where``, ``reason``."""

    code = "ladder_unsound"


class DutyKind(StrEnum):
    """What a duty is about; each kind has its ladder."""

    TERM = "term"
    """A deadline of one case."""
    ACTIVITY = "activity"
    """Other work of a plan, with a body responsible."""
    CERTIFICATE = "certificate"
    """A certificate that ends unless it is assessed again."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One step.

    Attributes:
        key: Name, such as ``T-7``.
        days: Days before the last valid day; negative after it.
        hears: Functions among the holders of the duty, and ``superior``.
        any_day: Whether it is said on a day off as well.
    """

    key: str
    days: int
    hears: frozenset[str]
    any_day: bool

    @property
    def after(self) -> bool:
        """Whether it comes after the deadline."""
        return self.days < 0


@dataclass(frozen=True, slots=True)
class Ladders:
    """All ladders, and the local times at which messages are gathered."""

    slots: tuple[time, ...]
    by_kind: Mapping[DutyKind, tuple[Rung, ...]]

    def rung(self, kind: DutyKind, key: str) -> Rung | None:
        """A step by its name; None where the ladder no longer has it."""
        return next((rung for rung in self.by_kind[kind] if rung.key == key), None)


@quickly
@dataclass(frozen=True, slots=True)
class Planned:
    """A step of one duty and its moment (in UTC)."""

    key: str
    at: datetime


@cache
def ladders() -> Ladders:
    """The ladders that ship.

    Raises:
        LadderUnsound: The data contradict themselves.
    """
    return read_ladders(tomllib.loads(_DATA.read_text(encoding="utf-8")))


def read_ladders(data: Mapping[str, Any]) -> Ladders:
    """Ladders from parsed TOML.

    Raises:
        LadderUnsound: Slots out of order, an unknown kind or function, steps out of order or twice.
    """
    slots = tuple(time.fromisoformat(slot) for slot in data["slots"])
    if not slots or list(slots) != sorted(set(slots)):
        raise LadderUnsound(where="slots", reason="order")
    known = {*Function, SUPERIOR}
    found: dict[DutyKind, tuple[Rung, ...]] = {}
    for ladder in data["ladder"]:
        kind = DutyKind(ladder["kind"]) if ladder["kind"] in set(DutyKind) else None
        if kind is None or kind in found:
            raise LadderUnsound(where=ladder["kind"], reason="kind")
        rungs = tuple(Rung(r["key"], r["days"], frozenset(r["hears"]), r.get("any_day", False)) for r in ladder["rungs"])
        if [r.days for r in rungs] != sorted({r.days for r in rungs}, reverse=True) or len({r.key for r in rungs}) != len(rungs):
            raise LadderUnsound(where=kind, reason="order")
        if any(not r.hears or r.hears - known for r in rungs):
            raise LadderUnsound(where=kind, reason="hears")
        found[kind] = rungs
    if set(found) != set(DutyKind):
        raise LadderUnsound(where=", ".join(sorted(set(DutyKind) - set(found))), reason="missing")
    return Ladders(slots, found)


def last_valid_day(due_at: datetime) -> date:
    """The last local day on which an act before an exclusive instant still counts."""
    return (due_at.astimezone(ZONE) - timedelta(microseconds=1)).date()


def plan(kind: DutyKind, due_at: datetime, opened_at: datetime, calendar: WorkingCalendar | None = None) -> tuple[Planned, ...]:
    """The steps of a duty that lie ahead when it begins, in order.

    Args:
        kind: Kind of duty.
        due_at: Its deadline (exclusive, aware).
        opened_at: When the duty begins (aware); whoever begins it need not hear what has passed.
        calendar: Working days; the one that ships unless given.
    """
    return tuple(step for step in _steps(kind, due_at, calendar or vietnam_calendar()) if step.at > opened_at)


@lru_cache(maxsize=4096)
def _steps(kind: DutyKind, due_at: datetime, calendar: WorkingCalendar) -> tuple[Planned, ...]:
    # A cut-off is shared by thousands of cases, so its steps are worked out once.
    data = ladders()
    last = last_valid_day(due_at)
    found: list[Planned] = []
    bound = due_at
    for rung in reversed(data.by_kind[kind]):
        at = _moment(last - timedelta(days=rung.days), rung, bound, calendar, data.slots[0])
        found.append(Planned(rung.key, at.astimezone(UTC)))
        if not rung.after:
            # A step that waits never catches up with a more urgent one.
            bound = at
    return tuple(reversed(found))


def _moment(day: date, rung: Rung, bound: datetime, calendar: WorkingCalendar, slot: time) -> datetime:
    here = day
    while not (rung.any_day or calendar.is_working_day(here)):
        here += _DAY
    if not rung.after and _at(here, slot) >= bound:
        here = day
        while not calendar.is_working_day(here) or _at(here, slot) >= bound:
            here -= _DAY
    return _at(here, slot)


def _at(day: date, slot: time) -> datetime:
    return datetime.combine(day, slot, tzinfo=ZONE)
