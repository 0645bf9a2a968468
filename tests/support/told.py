"""The invented province in which people are told: some by e-mail, some by nothing but a call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from deadlines.calendar import WorkingCalendar
from notifications.links import Links
from notifications.messages import Accepted, ChannelName, Envelope, Refused, Reply
from notifications.service import Notifications, Post
from tests.support.world import World, moment, world_at
from workflow.ports import Database
from workflow.sweeping import sequence

PHONE = "0912345678"
WITHOUT_MAIL = frozenset({"producer-P2", "officer-X2"})
"""Who has a telephone and nothing else."""

LINKS = Links(key=b"a key of the tests alone, 32 octets", base="https://ocop.example")


@dataclass
class Postman:
    """A way out that writes down what leaves, and refuses whom it is told to."""

    name: ChannelName = ChannelName.EMAIL
    refuses: set[str] = field(default_factory=set)
    sent: list[Envelope] = field(default_factory=list)

    def send(self, envelope: Envelope) -> Reply:
        """Write it down."""
        if envelope.address in self.refuses:
            return Refused("550 no such user", why="mail_no_such_address")
        self.sent.append(envelope)
        return Accepted("250 ok")


@dataclass
class Told:
    """The province, and what tells in it."""

    world: World
    store: Database
    notifications: Notifications
    postman: Postman

    def now(self) -> datetime:
        """The present instant."""
        return self.world.clock.now()

    def tell(self, at: str) -> None:
        """Let everything that has come by an instant be told, at each of its own moments."""
        until = moment(at)
        while True:
            sequence(self.store)
            self.notifications.tell()
            coming = self.notifications.next_moment()
            if coming is None or coming > until:
                break
            self.world.move(max(coming, self.world.clock.now()))
        self.world.move(until)
        sequence(self.store)
        self.notifications.tell()


def calendar_of(world: World) -> Callable[[str, date], WorkingCalendar]:
    """Working days as the application counts them."""
    return lambda unit, day: world.engine.judge.law.calendar(world.engine.world().editions(unit, day))


@contextmanager
def told_at(url: str, now: str = "2021-01-11 08:00") -> Iterator[Told]:
    """The province with addresses, links and a postman."""
    with world_at(url, now) as world:
        store: Database = world.store
        people = world.engine.world(fresh=True).registry.people()
        mails = {p.code: None if p.code in WITHOUT_MAIL else f"{p.code.lower()}@ocop.example" for p in people}
        store.save_registry(people=[replace(p, email=mails[p.code], phone=PHONE) for p in people])
        postman = Postman()
        post = Post(channels={ChannelName.EMAIL: postman}, domain="ocop.example", links=LINKS)
        fresh = lambda: world.engine.world(fresh=True)  # noqa: E731
        telling = Notifications(store, world.clock, fresh, calendar_of(world), post, owner="test", rehearsal=False)
        yield Told(world, store, telling, postman)
