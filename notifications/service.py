"""Telling as one service: what has come becomes messages, the inbox gets them at once, and the ways out take the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from deadlines.calendar import WorkingCalendar, midnight
from deadlines.ladder import DutyKind
from notifications.channels.events import reminder, transitioned
from notifications.choices import choices_of, first_moment
from notifications.composed import Wording
from notifications.composing import Composed, Composer, when_unplanned
from notifications.links import Links
from notifications.messages import Accepted, Channel, ChannelName, Envelope, Letter, Message, Reply
from notifications.relay import Delivered, Relay
from states.regime import local_date
from states.vocabulary import CertificateState, Publication
from workflow.activities import open_activities, steps_of
from workflow.clock import Clock
from workflow.ledger.entry import parse
from workflow.plan_rows import plan_of
from workflow.ports import Database
from workflow.recording import planned
from workflow.situation import World
from workflow.telling import DeliveryRow, RungRow, WebhookRow, rungs_of
from workflow.timeline import timeline


class Kept:
    """A way out that leads nowhere: in a rehearsal nothing leaves, and the delivery says so."""

    def __init__(self, name: ChannelName) -> None:
        """Stand in for a channel."""
        self.name = name

    def send(self, envelope: Envelope) -> Reply:
        """Keep it."""
        del envelope
        return Accepted("rehearsal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The ways out of an installation.

    Attributes:
        channels: By name; the inbox needs none.
        domain: Right half of Message-IDs.
        source: URI of the installation, as events name it.
        links: Makes personal links, where people can reach the service.
        templates: A gateway's template for a kind of message.
    """

    channels: Mapping[ChannelName, Channel] = field(default_factory=dict)
    domain: str = "ocop.invalid"
    source: str = "urn:ocop"
    links: Links | None = None
    templates: Mapping[str, str] = field(default_factory=dict)


REHEARSAL = Post(channels={ChannelName.EMAIL: Kept(ChannelName.EMAIL), ChannelName.WEBHOOK: Kept(ChannelName.WEBHOOK)})
"""Nothing leaves a rehearsal."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told in one pass."""

    composed: Composed
    inbox: Delivered
    sent: Delivered


class Notifications:
    """Tells, for one database and one worker."""

    def __init__(  # noqa: PLR0913 - everything that the outside lends
        self,
        store: Database,
        clock: Clock,
        world: Callable[[], World],
        calendar: Callable[[str, date], WorkingCalendar],
        post: Post,
        *,
        owner: str,
        rehearsal: bool,
    ) -> None:
        """Tell with these services; ``owner`` names the worker in leases."""
        self.store = store
        self.clock = clock
        self.world = world
        self.post = post
        self.wording = Wording(store, world, rehearsal=rehearsal)
        self.composer = Composer(store, world, calendar, frozenset(post.channels))
        self._inbox = Relay(store, clock, f"{owner}/inbox", self.wording, {}, domain=post.domain)
        self._calendar = calendar
        self._out = Relay(
            store, clock, f"{owner}/out", self.wording, post.channels, domain=post.domain, links=post.links, events=self._event, texts=self._text,
            quiet=self._quiet,
        )  # fmt: skip

    def gather(self) -> tuple[Composed, Delivered]:
        """Make messages of what has come, and lay them into the inboxes: everything that needs no machine but the database."""
        made = self.composer.compose(self.clock.now())
        return made, self._inbox.deliver()

    def send(self) -> Delivered:
        """Take what waits to where it goes."""
        return self._out.deliver() if self.post.channels else Delivered()

    def tell(self) -> Told:
        """Both, one after the other."""
        made, inbox = self.gather()
        return Told(made, inbox, self.send())

    def _quiet(self, person: str, now: datetime) -> datetime | None:
        """When a person's office opens again; None while it is open."""
        registry, day = self.world().registry, local_date(now)
        unit = next((h.unit for h in registry.holdings(person, day)), None)
        choices = choices_of(self.store.settings())
        office = choices.office(registry.chain(unit, day) if unit else ())
        opens = first_moment(now, office, choices.person(person), self._calendar(unit or "", day), waits=False)
        return opens if opens > now else None

    def hook_way(self) -> Channel | None:
        """The way on which webhooks leave; None where nothing leaves."""
        found = self.post.channels.get(ChannelName.WEBHOOK)
        return None if isinstance(found, Kept) else found

    def next_moment(self) -> datetime | None:
        """When there is something to tell next."""
        return self.store.next_moment()

    def plan_missing(self) -> int:
        """Plan steps for what was begun before there were ladders; returns for how many deadlines of cases. What has its steps keeps them."""

        def plan(duty: str, case: str, due_at: datetime, begun: datetime) -> list[RungRow]:
            return rungs_of(planned(DutyKind.TERM, duty, case, due_at, begun))

        now = self.clock.now()
        for held in self.store.certificates():
            if held.state is CertificateState.IN_FORCE:
                ends = midnight(date.fromisoformat(held.last_valid_day) + timedelta(days=1))
                self.store.plan_rungs(rungs_of(planned(DutyKind.CERTIFICATE, held.code, held.code, ends, now)))
        for row in self.store.plans():
            if row.state is Publication.PUBLISHED:
                stages, lines = self.store.stages(plan=row.code), timeline(self.store, row.code)
                self.store.plan_rungs(rungs_of(steps_of(open_activities(plan_of(row), row, stages, lines), now)))
        return when_unplanned(self.store, now, plan)

    def event_of(self, row: DeliveryRow) -> Mapping[str, Any] | None:
        """What a webhook gets of a delivery; None where the webhook or the entry is gone."""
        hook = next((hook for hook in self.store.webhooks() if hook.id == row.target), None)
        return self._event(hook, row, self.clock.now()) if hook is not None else None

    def _event(self, hook: WebhookRow, row: DeliveryRow, now: datetime) -> Mapping[str, Any] | None:
        del now
        subject, _, seq = row.key.removeprefix(f"{hook.id}|").rpartition("|")
        stored = self.store.entry(subject, int(seq))
        return transitioned(parse(stored.body), stored.leaf_hash, source=self.post.source) if stored is not None else None

    def _text(self, message: Message, letter: Letter) -> Mapping[str, Any]:
        key = f"{message.id}|{ChannelName.WEBHOOK}"
        return reminder(message, letter, key=key, source=self.post.source, template=self.post.templates.get(str(message.kind)))
