"""Whom telling has reached, unit by unit, and whom somebody has to ring: measured from what was delivered, opened and confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deadlines.ladder import DutyKind, last_valid_day
from notifications.account import LONG_AGO, arrived, deliveries_of, links_of
from notifications.audience import with_stand_ins
from notifications.call_sheet import CallReason, CallRow, CallSheet
from notifications.choices import choices_of
from notifications.composed import Wording, step_of
from notifications.duties import Desk, Turn
from notifications.messages import ChannelName, Language, Part, Recipient
from notifications.offices import known_unit, unit_of
from states.regime import local_date
from workflow.ports import Database
from workflow.registry import Registry
from workflow.situation import World
from workflow.telling import DeliveryRow, DeliveryState, ItemRow, MessageRow

NEAR = 3
"""A duty that nobody has confirmed is rung about when so many days, or fewer, are left."""

_MOST = 200_000
_PAGE = 400
_KINDS = frozenset(map(str, DutyKind))


@dataclass(slots=True)
class Reach:
    """What became of the people of one unit who had duties.

    Attributes:
        unit: Code. ``name``: on the last day looked at.
        people: With duties that they were told of.
        by_way: By which ways something came to them (channel, or ``call``), people by way.
        arrived: To whom something came where they look, or who have shown that they know.
        opened: Who opened a link or read the inbox.
        confirmed: Who said that it was received, by link or telephone.
    """

    unit: str
    name: str
    people: set[str] = field(default_factory=set)
    by_way: dict[str, set[str]] = field(default_factory=dict)
    arrived: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)

    @property
    def never(self) -> set[str]:
        """Those to whom nothing came."""
        return self.people - self.arrived


def reach_of(store: Database, registry: Registry, unit: str, since: datetime, until: datetime) -> list[Reach]:
    """Measured reach of every unit in a territory whose people had duties in a span of time.

    Raises:
        UnknownName: No such unit.
    """
    known_unit(registry, unit)
    inside = set(registry.ever_below(unit))
    last = local_date(until - timedelta(seconds=1))
    found: dict[str, Reach] = {}
    rows = [(i, m) for i, m in store.told(None, since, _MOST, until=until) if i.kind in _KINDS and not i.moot]
    homes = {(i.recipient, m.window): unit_of(registry, i.recipient, local_date(m.send_at)) for i, m in rows}
    mine = [(i, m, home) for i, m in rows if (home := homes[i.recipient, m.window]) is not None and home in inside and _acts(i)]
    deliveries = deliveries_of(store, list(dict.fromkeys(m.id for _, m, _ in mine)))
    links = links_of(store, sorted({i.recipient for i, _, _ in mine}))
    for item, message, home in mine:
        row = found.setdefault(home, Reach(home, registry.unit_name(home, last)))
        person = item.recipient
        row.people.add(person)
        for each in deliveries.get(message.id, ()):
            if each.state is DeliveryState.ACCEPTED and each.channel != ChannelName.CONSOLE:
                row.by_way.setdefault(each.channel, set()).add(person)
            if arrived(each):
                row.arrived.add(person)
            if each.read_at is not None:
                row.opened.add(person)
        for link in links.get((person, item.duty), ()):
            if link.opened_at is not None and not link.digest.startswith("call:"):
                row.opened.add(person)
            if link.confirmed_at is not None:
                row.confirmed.add(person)
                if link.via == "call":
                    row.by_way.setdefault("call", set()).add(person)
        row.arrived |= (row.opened | row.confirmed) & {person}
    return sorted(found.values(), key=lambda each: (each.name, each.unit))


def _acts(item: ItemRow) -> bool:
    return item.part in {Part.HOLDER, Part.STAND_IN}


def sheet_of(  # noqa: PLR0913 - whose sheet, and how it is worded
    store: Database, wording: Wording, world: World, unit: str, now: datetime, language: Language, *, rehearsal: bool
) -> CallSheet:
    """Whom a unit has to ring: who has no channel, whose letters did not arrive, and who has not confirmed what ends within three days.

    Only duties that still stand, of people who still hold them, and that nobody has confirmed.

    Raises:
        UnknownName: No such unit.
    """
    registry, day = world.registry, local_date(now)
    known_unit(registry, unit)
    inside = set(registry.below(unit, day))
    people = tuple(person.code for person in registry.people() if unit_of(registry, person.code, day) in inside)
    latest = _latest(store, people, now)
    deliveries = deliveries_of(store, list(dict.fromkeys(message.id for _, message in latest)))
    links = links_of(store, people)
    desk = Desk(store, world, now)
    desk.take(step_of(item) for item, _ in latest)
    choices = choices_of(store.settings())
    rows = []
    for item, message in latest:
        step = step_of(item)
        known = any(link.confirmed_at for link in links.get((item.recipient, item.duty), ()))
        if known or desk.turn(step) is not Turn.SAY:
            continue
        if not any(hearer.person == item.recipient for hearer in with_stand_ins(desk.hearers(step), choices, day)):
            continue
        line = desk.line(step, Part(item.part), item.detail.get("for", ()))
        reason = _why(deliveries.get(message.id, ()), line.due_at, now)
        if reason is not None:
            rows.append(CallRow(recipient=_recipient(wording, registry, item.recipient, now), line=line, reason=reason))
    office = choices.office(registry.chain(unit, day)).sender or registry.unit_name(unit, day)
    return CallSheet(
        unit=registry.unit_name(unit, day), office=office, composed_at=now, rows=tuple(rows), language=language, rehearsal=rehearsal
    )  # fmt: skip


def _latest(store: Database, people: Sequence[str], now: datetime) -> list[tuple[ItemRow, MessageRow]]:
    """What each person heard last of each duty that they have to act on."""
    found: dict[tuple[str, str], tuple[ItemRow, MessageRow]] = {}
    for at in range(0, len(people), _PAGE):
        for item, message in store.told(None, now - LONG_AGO, _MOST, recipients=people[at : at + _PAGE]):
            if item.kind in _KINDS and not item.moot and _acts(item):
                found.setdefault((item.recipient, item.duty), (item, message))
    return list(found.values())


def _why(deliveries: Sequence[DeliveryRow], due_at: datetime, now: datetime) -> CallReason | None:
    """Why somebody has to ring; None where a machine has done it, or there is time yet."""
    if any(row.read_at is not None for row in deliveries):
        return None
    came = any(arrived(row) for row in deliveries)
    if not came and any(row.state is DeliveryState.FAILED for row in deliveries):
        return CallReason.UNDELIVERED
    if not came and any(row.state is DeliveryState.BY_HAND for row in deliveries):
        return CallReason.NO_CHANNEL
    return CallReason.UNACKNOWLEDGED if (last_valid_day(due_at) - local_date(now)).days <= NEAR else None


def _recipient(wording: Wording, registry: Registry, person: str, now: datetime) -> Recipient:
    row = registry.person(person)
    return Recipient(person=person, name=row.name, email=row.email, phone=row.phone, office=wording.office_of(person, now))
