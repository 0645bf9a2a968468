"""Telling in the invented province: everybody has an address, and a way out that writes down what leaves and answers as a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from deadlines.calendar import WorkingCalendar
from deadlines.ladder import DutyKind
from notifications.messages import Accepted, Channel, ChannelName, Envelope, Reply
from notifications.service import Notifications, Post
from tests.support.world import World, moment
from workflow.sweeping import sequence
from workflow.telling import DeliveryQuery, DeliveryRow, DeliveryState, ItemRow, MessageRow, RungRow

DOMAIN = "ocop.example"


def address_of(person: str) -> str:
    """Where somebody of the province is written to."""
    return f"{person.lower()}@{DOMAIN}"


def with_addresses(world: World) -> World:
    """The same province, in which everybody has an e-mail address."""
    people = [replace(p, email=address_of(p.code)) for p in world.engine.world(fresh=True).registry.people()]
    world.store.save_registry(people=people)
    world.engine.world(fresh=True)
    return world


@dataclass
class Carrier:
    """A way out on which nothing leaves: it keeps the envelopes, and answers with ``reply`` or what ``answer`` says of one."""

    name: ChannelName = ChannelName.EMAIL
    reply: Reply = field(default_factory=Accepted)
    answer: Callable[[Envelope], Reply] | None = None
    envelopes: list[Envelope] = field(default_factory=list)

    def send(self, envelope: Envelope) -> Reply:
        """Keep it, unless the answer is no."""
        reply = self.answer(envelope) if self.answer is not None else self.reply
        if isinstance(reply, Accepted):
            self.envelopes.append(envelope)
        return reply

    def to(self, person: str) -> list[Envelope]:
        """What somebody got."""
        return [each for each in self.envelopes if each.address == address_of(person)]


def calendar_of(world: World) -> Callable[[str, date], WorkingCalendar]:
    """Working days of a unit, as the application counts them."""
    return lambda unit, day: world.engine.judge.law.calendar(world.engine.world().editions(unit, day))


def notifications(world: World, *channels: Channel, owner: str = "test") -> Notifications:
    """Telling as the application wires it, with these ways out."""
    post = Post(channels={channel.name: channel for channel in channels}, domain=DOMAIN)
    return Notifications(world.store, world.clock, world.engine.world, calendar_of(world), post, owner=owner, rehearsal=False)


def tell(world: World, telling: Notifications, at: str | datetime | None = None) -> None:
    """Bring the log up to date and tell, at an instant where one is named."""
    if at is not None:
        world.move(at)
    sequenced(world)
    telling.tell()


def sequenced(world: World) -> None:
    """Bring the log up to date, as a worker's beat does."""
    sequence(world.store)


def steps(world: World, case: str, stage: str | None = None) -> dict[str, str]:
    """States of the steps of a case by ``stage rung``, or by rung where a stage is named."""
    terms = {t.id: str(t.stage) for t in world.store.terms(case)}
    rows = world.store.rungs(sorted(terms))
    return {(r.rung if stage else f"{terms[r.duty]} {r.rung}"): str(r.state) for r in rows if stage in {None, terms[r.duty]}}


def heard(world: World, person: str | None = None) -> list[tuple[ItemRow, MessageRow]]:
    """What was told, oldest first."""
    found = [(item, message) for item, message in world.store.told(None, None, 100_000) if person in {None, item.recipient}]
    return sorted(found, key=lambda pair: (pair[1].send_at, pair[1].id, pair[0].duty, pair[0].rung))


def said(world: World, person: str) -> list[tuple[str, str]]:
    """Window and step of what a person was told of duties, oldest first."""
    return [(message.window, item.rung) for item, message in heard(world, person) if item.kind != "event"]


def states(world: World, **query: Any) -> dict[str, str]:
    """States of deliveries by key."""
    return {row.key: str(row.state) for row in world.store.deliveries(DeliveryQuery(limit=100_000, **query))}


def row_of(duty: str, rung: str, at: str | datetime, due_at: str | datetime, **given: Any) -> RungRow:
    """A planned step of a duty that nothing else stands behind."""
    return RungRow(duty=duty, rung=rung, kind=DutyKind.ACTIVITY, subject="KH", at=moment(at), due_at=moment(due_at), **given)


def item_of(person: str, rung: RungRow, message: str) -> ItemRow:
    """What a person hears of a step."""
    return ItemRow(
        recipient=person, duty=rung.duty, rung=rung.rung, kind=str(rung.kind), subject=rung.subject, part="holder", message=message
    )


def message_of(person: str, window: str, at: str | datetime) -> MessageRow:
    """An empty message."""
    return MessageRow(id=f"{person}|{window}", recipient=person, window=window, send_at=moment(at), created_at=moment(at))


def delivery_of(message: MessageRow, channel: str = "email", **given: Any) -> DeliveryRow:
    """A delivery of a message that waits."""
    usual = {"state": DeliveryState.WAITING, "created_at": message.created_at, "not_before": message.send_at}
    return DeliveryRow(key=f"{message.id}|{channel}", message=message.id, channel=channel, target=message.recipient, **{**usual, **given})


LEASE, DOUBT = timedelta(seconds=120), timedelta(minutes=15)
