"""Which message a person hears something in, and by which ways it goes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from deadlines.calendar import ZONE, WorkingCalendar
from deadlines.ladder import ladders
from notifications.choices import Choices, Office, Person, first_moment, last_moment_before
from notifications.messages import ChannelName
from workflow.registry import Registry
from workflow.telling import DeliveryRow, DeliveryState, MessageRow, Telling

CalendarOf = Callable[[str, date], WorkingCalendar]


@dataclass(slots=True)
class Placing:
    """Places what people hear into messages: one a person and window, and none whose words are fixed already.

    Attributes:
        store: Where messages are.
        registry: Units and people.
        choices: What offices and people have chosen.
        ways: Channels that this installation has.
        calendar: Working days of a unit.
        now: The present instant.
    """

    store: Telling
    registry: Registry
    choices: Choices
    ways: frozenset[ChannelName]
    calendar: CalendarOf
    now: datetime
    messages: dict[str, MessageRow] = field(default_factory=dict)
    deliveries: list[DeliveryRow] = field(default_factory=list)
    _seen: dict[str, MessageRow | None] = field(default_factory=dict)
    _offices: dict[str, tuple[str | None, Office]] = field(default_factory=dict)

    def look_up(self, people: Iterable[str]) -> None:
        """Read at once the messages that these people most likely hear in."""
        ids = [self._window(person, self.now) for person in dict.fromkeys(people)]
        found = self.store.messages([each for each in ids if each not in self._seen])
        self._seen.update({each: found.get(each) for each in ids if each not in self._seen})

    def place(self, person: str, *, due: datetime | None, waits: bool) -> str:
        """The message that a person hears something in.

        Args:
            person: Who.
            due: Deadline before which it has to be said, if one lies ahead.
            waits: Whether it can wait for a working day.

        Returns:
            The message's id; it stands in :attr:`messages`, its deliveries in :attr:`deliveries`.
        """
        unit, office = self._office(person)
        chosen = self.choices.person(person)
        moment = self._moment(unit, office, chosen, due, waits=waits)
        at_once = moment is None
        moment = moment or self.now
        key = self._window(person, moment)
        if not at_once and self._fixed(key):
            later = self._next_slot(unit, office, chosen, moment, waits=waits)
            if due is None or due <= self.now or later < due:
                moment, key = later, self._window(person, later)
        # Whoever has to be told at once, outside the hours or before the message of the window leaves, gets a message apart.
        window, number = key, 1
        while (at_once and number == 1) or self._fixed(key) or self._too_late(key, due):
            number += 1
            key = f"{window}+{number}"
        if key not in self.messages:
            window = key.rpartition("|")[2]
            self.messages[key] = MessageRow(id=key, recipient=person, window=window, send_at=moment, created_at=self.now)
            self.deliveries += self._deliveries(key, person, office, chosen, moment)
        return key

    def _moment(self, unit: str | None, office: Office, chosen: Person, due: datetime | None, *, waits: bool) -> datetime | None:
        """When it is said; None where that has to be at once, because the hours offer no moment before the deadline."""
        calendar = self.calendar(unit or "", self.now.astimezone(ZONE).date())
        moment = first_moment(self.now, office, chosen, calendar, waits=waits)
        if due is None or due <= self.now or moment < due:
            return moment
        return last_moment_before(due, self.now, office, chosen)

    def _next_slot(self, unit: str | None, office: Office, chosen: Person, after: datetime, *, waits: bool) -> datetime:
        """The first moment after the window of another."""
        local = after.astimezone(ZONE)
        slots = [datetime.combine(local.date(), slot, tzinfo=ZONE) for slot in ladders().slots]
        start = next((slot for slot in slots if slot > local), slots[0] + timedelta(days=1))
        return first_moment(start, office, chosen, self.calendar(unit or "", start.date()), waits=waits)

    @staticmethod
    def _window(person: str, moment: datetime) -> str:
        local = moment.astimezone(ZONE)
        number = sum(1 for slot in ladders().slots if slot <= local.time()) or 1
        return f"{person}|{local.date().isoformat()}.{number}"

    def _fixed(self, key: str) -> bool:
        row = self._kept(key)
        return row is not None and row.body is not None

    def _too_late(self, key: str, due: datetime | None) -> bool:
        """Whether a message that is there leaves only after a deadline that lies ahead."""
        row = self.messages.get(key) or self._kept(key)
        return row is not None and due is not None and self.now < due <= row.send_at

    def _kept(self, key: str) -> MessageRow | None:
        if key not in self._seen:
            self._seen[key] = self.store.messages([key]).get(key)
        return self._seen[key]

    def office(self, person: str) -> Office:
        """What the office of a person allows."""
        return self._office(person)[1]

    def _office(self, person: str) -> tuple[str | None, Office]:
        if person not in self._offices:
            day = self.now.astimezone(ZONE).date()
            unit = next((h.unit for h in self.registry.holdings(person, day)), None)
            self._offices[person] = (unit, self.choices.office(self.registry.chain(unit, day) if unit else ()))
        return self._offices[person]

    def _deliveries(self, key: str, person: str, office: Office, chosen: Person, moment: datetime) -> list[DeliveryRow]:
        row = self.registry.person(person)
        wanted = {ChannelName.INBOX}
        reached = chosen.channels if chosen.channels is not None else frozenset(ChannelName)
        if row.email and ChannelName.EMAIL in reached:
            wanted |= {ChannelName.EMAIL, ChannelName.FILE} & self.ways
        elif row.phone and office.gateway and ChannelName.WEBHOOK in reached:
            wanted.add(ChannelName.WEBHOOK)
        if wanted == {ChannelName.INBOX}:
            wanted.add(ChannelName.HAND)
        if ChannelName.CONSOLE in self.ways:
            wanted.add(ChannelName.CONSOLE)
        return [
            DeliveryRow(
                key=f"{key}|{channel}",
                message=key,
                channel=str(channel),
                target=person,
                state=DeliveryState.BY_HAND if channel is ChannelName.HAND else DeliveryState.WAITING,
                created_at=self.now,
                not_before=moment,
            )
            for channel in sorted(wanted)
        ]
