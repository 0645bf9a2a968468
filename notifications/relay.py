"""Takes deliveries to where they go: claimed under a lease, handed over, acknowledged after.

What has left is noted before it leaves and acknowledged after it was taken, each in a transaction of its own, so a crash can double a
message only between the two, and can lose none. A delivery whose worker dies before anything left is taken up as soon as the lease is
over; one that may have left waits a quarter of an hour first, and goes out under the same Message-ID.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from notifications.channels.causes import Cause
from notifications.channels.email import EmailChannel
from notifications.channels.mime import message_id
from notifications.channels.retrying import GiveUp, next_try
from notifications.composed import Worded, Wording, message_of
from notifications.letters import write
from notifications.links import Links
from notifications.messages import Accepted, Channel, ChannelName, Envelope, Later, Letter, Message, MessageKind, Refused, Reply
from workflow.clock import Clock
from workflow.ports import Database
from workflow.telling import DeliveryRow, DeliveryState, Done, MessageRow, TryRow, WebhookRow

LEASE = timedelta(seconds=120)
"""At least twice what a channel may take for one envelope."""

MARGIN = timedelta(seconds=60)
"""With less of its lease left, a worker leaves a delivery to whoever comes next."""

DOUBT = timedelta(minutes=15)
"""How long a delivery that may have left waits before it goes out once more."""

LATE = timedelta(minutes=1)
"""What leaves later than planned by this, after an outage or as another try, is looked at for the hour."""

PAGE = 100
FRESH = timedelta(seconds=1)
"""A letter whose page was judged longer ago is judged once more before it leaves."""

_INBOX = ChannelName.INBOX
_T = TypeVar("_T", Message, MessageRow)
_R = TypeVar("_R")

Words = Message | None | Later
"""What is to be said now: a message, nothing any more, or why it could not be worded."""

Events = Callable[[WebhookRow, DeliveryRow, datetime], Mapping[str, Any] | None]
"""The event of a delivery to a webhook; None where its entry is gone."""

Quiet = Callable[[str, datetime], datetime | None]
"""When a person's office opens again; None while it is open."""

Texts = Callable[[Message, Letter], Mapping[str, Any]]
"""What a gateway for telephones gets of a message."""


@dataclass(slots=True)
class Delivered:
    """What a pass did: accepted by channel, tries to be repeated, given up with why, moot."""

    accepted: dict[str, int] = field(default_factory=dict)
    later: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    moot: int = 0
    stepped_back: int = 0

    @property
    def count(self) -> int:
        """How many deliveries were dealt with."""
        return sum(self.accepted.values()) + self.later + len(self.failed) + self.moot


class Relay:
    """Delivers for one worker."""

    def __init__(  # noqa: PLR0913 - everything that the outside lends
        self,
        store: Database,
        clock: Clock,
        owner: str,
        wording: Wording,
        channels: Mapping[ChannelName, Channel],
        *,
        domain: str,
        links: Links | None = None,
        events: Events | None = None,
        texts: Texts | None = None,
        quiet: Quiet | None = None,
        lease: timedelta = LEASE,
        margin: timedelta = MARGIN,
        doubt: timedelta = DOUBT,
    ) -> None:
        """Deliver under a worker's name.

        Args:
            store: Where deliveries are.
            clock: The time.
            owner: Name of the worker; no two that run at once share one.
            wording: Words messages.
            channels: The ways out that this relay serves; none: it serves the inbox, which needs no way out.
            domain: Right half of Message-IDs.
            links: Makes personal links; without it messages carry none.
            events: What webhooks get.
            texts: What gateways for telephones get.
            quiet: Whether a person's office is closed; without it a letter that is late leaves at any hour.
            lease: How long a claimed delivery is this worker's.
            margin: How much of that has to be left when something is handed over.
            doubt: How long something that may have left waits.
        """
        self.store = store
        self.clock = clock
        self.owner = owner
        self.wording = wording
        self.channels = channels
        self.domain = domain
        self.links = links
        self.events = events
        self.texts = texts
        self.quiet = quiet
        self.lease, self.margin, self.doubt = lease, margin, doubt

    def deliver(self, limit: int = 100_000) -> Delivered:
        """Deliver what has to go by now, page by page."""
        made = Delivered()
        names = [str(name) for name in self.channels] or [str(ChannelName.INBOX)]
        while made.count < limit:
            now = self.clock.now()
            page = self.store.claim(now, self.owner, now + self.lease, now - self.doubt, names, PAGE)
            if not page:
                break
            before = made.count + made.stepped_back
            self._page(page, made)
            if made.count + made.stepped_back == before:
                break
        return made

    def _page(self, page: Sequence[DeliveryRow], made: Delivered) -> None:
        now = self.clock.now()
        messages = self._words([row.message for row in page if row.message is not None], now)
        self.store.settle(self.owner, done=[self._laid(row, messages[row.message or ""], made) for row in page if row.channel == _INBOX])
        for name in self.channels:
            mine = [row for row in page if row.channel == name]
            if mine:
                self._by(name, mine, messages, now, made)

    def _laid(self, row: DeliveryRow, words: Words, made: Delivered) -> Done:
        """Laid into an inbox."""
        if words is None:
            return self._moot(row, made)
        return self._ended(row, Accepted() if isinstance(words, Message) else words, made)

    def _words(self, ids: Iterable[str], now: datetime) -> dict[str, Words]:
        """Messages by id, their words fixed, with what of them matters now; None where nothing does, why where one cannot be worded."""
        found: dict[str, Words] = {}
        wanted = list(dict.fromkeys(ids))
        while wanted:
            rows = self.store.messages(wanted)
            kept = {key: message_of(row.body) for key, row in rows.items() if row.body is not None}
            found |= dict.fromkeys(kept)
            found |= _each(lambda some: self.wording.what_matters(some, now), [said for said in kept.values() if said is not None])
            fresh = _each(lambda some: self.wording.word(some, now), [row for row in rows.values() if row.body is None])
            found |= {key: each for key, each in fresh.items() if isinstance(each, Later)}
            wanted = self._fix({key: each for key, each in fresh.items() if isinstance(each, Worded)}, found)
        return found

    def _fix(self, worded: Mapping[str, Worded], found: dict[str, Words]) -> list[str]:
        """Fix words; ids of messages that somebody added to, or fixed, in between."""
        if not worded:
            return []
        fixed = self.store.word([each.row for each in worded.values()], [item for each in worded.values() for item in each.moot])
        found |= {key: worded[key].message for key in fixed}
        return [key for key in worded if key not in fixed]

    def _by(self, name: ChannelName, rows: Sequence[DeliveryRow], messages: dict[str, Words], judged: datetime, made: Delivered) -> None:
        channel = self.channels[name]
        pending: list[Done] = []
        context: AbstractContextManager[Any] = channel.page() if isinstance(channel, EmailChannel) else nullcontext(channel)
        with context as way:
            for row in rows:
                now = self.clock.now()
                words = messages[row.message] if row.message else None
                if isinstance(words, Message) and now - judged > FRESH:
                    words = _each(partial(self.wording.what_matters, now=now), [words])[words.id]
                if row.message and words is None:
                    pending.append(self._moot(row, made))
                    continue
                opens = self._closed(row, words, now)
                if opens is not None:
                    pending.append(self._put_off(row, opens, now, made))
                    continue
                if row.lease_until is None or row.lease_until - now < self.margin:
                    made.stepped_back += 1
                    continue
                envelope = words if isinstance(words, Later) else self._prepared(row, words, now)
                if not isinstance(envelope, Envelope):
                    pending.append(self._ended(row, envelope, made))
                    continue
                # What was sent before is acknowledged in the same breath as what leaves next is noted.
                if row.key not in self.store.settle(self.owner, done=pending, sending=[row.key]):
                    pending = []
                    continue
                message = words if isinstance(words, Message) else None
                pending = [self._ended(row, _handed_over(way, envelope), made, address=envelope.address, message=message)]
        self.store.settle(self.owner, done=pending)

    def _closed(self, row: DeliveryRow, words: Words, now: datetime) -> datetime | None:
        """Until when a late letter waits because its reader's office is closed; None where it leaves, or would come too late."""
        if self.quiet is None or not isinstance(words, Message) or now - row.not_before < LATE:
            return None
        opens = self.quiet(row.target, now)
        return None if opens is None or any(now < line.due_at <= opens for line in words.lines) else opens

    def _put_off(self, row: DeliveryRow, opens: datetime, now: datetime, made: Delivered) -> Done:
        made.later += 1
        waits = replace(row, state=DeliveryState.WAITING, not_before=opens, reply=str(Cause.OUTSIDE_HOURS), updated_at=now)
        tried = TryRow(key=row.key, attempt=row.attempt, at=now, worker=self.owner, outcome="later", reply=str(Cause.OUTSIDE_HOURS))
        return Done(waits, tried)

    def _prepared(self, row: DeliveryRow, message: Message | None, now: datetime) -> Envelope | Refused | Later:
        try:
            return self._envelope(row, message, now)
        except Exception as error:  # noqa: BLE001 - one message that cannot be made must not hold up the others
            return _not_worded(error)

    def _envelope(self, row: DeliveryRow, message: Message | None, now: datetime) -> Envelope | Refused:
        number = message_id(row.key, self.domain)
        if message is None:
            hook = next((hook for hook in self.store.webhooks() if hook.id == row.target and hook.off is None), None)
            event = self.events(hook, row, now) if hook is not None and self.events is not None else None
            if hook is None or event is None:
                return Refused("", why="hook_unknown")
            return Envelope(
                key=row.key, message_id=number, address=hook.url, name=hook.id, letter=None, event=dict(event), composed_at=row.created_at
            )
        said, links = self.links.with_links(message) if self.links is not None else (message, [])
        self.store.make_links(links)
        letter = write(said)
        to = message.recipient
        address, event = to.email or "", None
        if row.channel == ChannelName.WEBHOOK:
            hook = self._gateway(to.person, now)
            if hook is None or self.texts is None:
                return Refused("", why="hook_unknown")
            address, event = hook.url, dict(self.texts(message, letter))
        elif row.channel == ChannelName.CONSOLE:
            address = to.person
        thread = message.lines[0].subject if len(message.lines) == 1 and message.kind is not MessageKind.DIGEST else ""
        return Envelope(
            key=row.key,
            message_id=number,
            address=address,
            name=to.name,
            letter=letter,
            event=event,
            composed_at=message.composed_at,
            thread=thread,
        )

    def _gateway(self, person: str, now: datetime) -> WebhookRow | None:
        gateway = self.wording.gateway_of(person, now)
        return next((hook for hook in self.store.webhooks() if hook.id == gateway and hook.off is None), None)

    def _moot(self, row: DeliveryRow, made: Delivered) -> Done:
        made.moot += 1
        now = self.clock.now()
        ended = replace(row, state=DeliveryState.MOOT, updated_at=now)
        return Done(ended, TryRow(key=row.key, attempt=row.attempt, at=now, worker=self.owner, outcome=str(DeliveryState.MOOT), reply=""))

    def _ended(
        self, row: DeliveryRow, reply: Reply, made: Delivered, *, address: str | None = None, message: Message | None = None
    ) -> Done:
        now = self.clock.now()
        attempt = row.attempt + 1
        why = "" if isinstance(reply, Accepted) else reply.why
        words = f"{why}: {reply.reply}" if why and reply.reply else why or reply.reply
        after = replace(row, attempt=attempt, address=address or row.address, reply=words, updated_at=now)
        match reply:
            case Accepted():
                made.accepted[row.channel] = made.accepted.get(row.channel, 0) + 1
                after = replace(after, state=DeliveryState.ACCEPTED, first_at=None)
            case Later():
                doubts, first_at = row.doubts + reply.in_doubt, row.first_at or now
                after = replace(after, doubts=doubts, first_at=first_at)
                coming = next_try(
                    ChannelName(row.channel), reply, key=row.key, tries=attempt, doubts=doubts, first_at=first_at, failed_at=now,
                    useful_until=_useful_until(message, now),
                )  # fmt: skip
                if not isinstance(coming, GiveUp):
                    made.later += 1
                    after = replace(after, state=DeliveryState.WAITING, not_before=coming)
                else:
                    made.failed.append((row.key, f"{coming.why}: {words}"))
                    after = replace(after, state=DeliveryState.FAILED, reply=f"{coming.why}; {words}")
            case Refused():
                made.failed.append((row.key, words))
                after = replace(after, state=DeliveryState.FAILED)
                if reply.off:
                    self._turn_off(row, now)
        outcome = "accepted" if isinstance(reply, Accepted) else "refused" if isinstance(reply, Refused) else "later"
        return Done(after, TryRow(key=row.key, attempt=attempt, at=now, worker=self.owner, outcome=outcome, reply=words))

    def _turn_off(self, row: DeliveryRow, now: datetime) -> None:
        """A receiver that is gone for good gets nothing more until somebody turns it on again."""
        for hook in self.store.webhooks():
            if row.message is None and hook.id == row.target:
                self.store.save_webhook(replace(hook, off=f"410 {now.isoformat()}"))


def _each(work: Callable[[list[_T]], Mapping[str, _R]], messages: list[_T]) -> dict[str, _R | Later]:
    """Do it for all at once; where that fails, for each alone, so that whatever is wrong shows at the message that it is wrong with."""
    if not messages:
        return {}
    try:
        return dict(work(messages))
    except Exception as error:  # noqa: BLE001
        if len(messages) == 1:
            return {messages[0].id: _not_worded(error)}
    return {key: answer for message in messages for key, answer in _each(work, [message]).items()}


def _not_worded(error: Exception) -> Later:
    return Later(f"{type(error).__name__}: {error}", why=Cause.WORDS_FAILED)


def _handed_over(way: Channel, envelope: Envelope) -> Reply:
    """What came back; a fault of our own may lie after the handing over, so it is in doubt."""
    try:
        return way.send(envelope)
    except Exception as error:  # noqa: BLE001 - it must not take the acknowledgement of others with it
        return Later(f"{type(error).__name__}: {error}", why=Cause.IN_DOUBT, in_doubt=True)


def _useful_until(message: Message | None, now: datetime) -> datetime | None:
    """From when on a message helps nobody: its last deadline, unless it tells of something that has passed or happened."""
    if message is None or message.notices or any(line.due_at <= now for line in message.lines):
        return None
    return max(line.due_at for line in message.lines)
