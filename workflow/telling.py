"""What is told to whom, as rows, and what that asks of a database. How it is worded and carried is :mod:`notifications`' business.

A *rung* is a planned step of one duty, written with the deadline itself. When it comes, it becomes *items*: one for each person who has
to hear of it. Items of one person and window share a *message*, and a message has a *delivery* for each channel. Every key says what it
stands for, so whatever is done twice, by two workers or after a crash, finds that it is there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from deadlines.ladder import DutyKind
from states.values import quickly


class RungState(StrEnum):
    """A planned step: it waits, is told, or falls away."""

    PLANNED = "planned"
    FIRED = "fired"
    SUPERSEDED = "superseded"
    """A later, more urgent step was told in its place."""
    CANCELLED = "cancelled"
    """The duty was fulfilled, moved or dropped."""
    UNHEARD = "unheard"
    """Nobody holds the duty: shown to those who run the office."""


class DeliveryState(StrEnum):
    """A delivery to one address."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    """A worker has it; nothing has left yet."""
    SENDING = "sending"
    """It is being handed over; if the worker dies now, nobody knows whether it was taken."""
    ACCEPTED = "accepted"
    FAILED = "failed"
    """Given up; shown, and a person may send it again."""
    MOOT = "moot"
    """What it would have said no longer matters."""
    BY_HAND = "by_hand"
    """No machine reaches this person: on the call sheet, or by a text to share."""


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class RungRow:
    """A planned step of one duty.

    Attributes:
        duty: The duty with its version: a term's id, an activity's id, a certificate's code. A deadline that moves is a new duty.
        subject: Code of the case, plan or certificate.
        at: When it is said (aware); ``due_at`` is the deadline (exclusive).
        attempts, not_before: How often it was set aside after an error, and until when.
        fired_at: When it was told or superseded.
    """

    duty: str
    rung: str
    kind: DutyKind
    subject: str
    at: datetime
    due_at: datetime
    state: RungState = RungState.PLANNED
    attempts: int = 0
    not_before: datetime | None = None
    fired_at: datetime | None = None


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """All steps of one duty that are planned when it begins: ``at`` holds the moment (aware) of each by its name."""

    duty: str
    kind: DutyKind
    subject: str
    due_at: datetime
    at: Mapping[str, datetime]


def rungs_of(begun: Iterable[Steps]) -> list[RungRow]:
    """The same, each step as its own row."""
    steps = ((each, key, at) for each in begun for key, at in each.at.items())
    return [RungRow(duty=e.duty, rung=key, kind=e.kind, subject=e.subject, at=at, due_at=e.due_at) for e, key, at in steps]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One thing that one person hears.

    Attributes:
        recipient: Person code.
        duty, rung: As in :class:`RungRow`; for something that happened ``entry:<subject>:<seq>`` and the event.
        kind: A :class:`deadlines.ladder.DutyKind`, or ``event``.
        part: Why the person hears of it (``holder``, ``stand_in``, ``superior``, ``follows``).
        detail: Values that the words need and that are not read afresh.
        moot: Whether it was left out of the message because it no longer mattered.
    """

    recipient: str
    duty: str
    rung: str
    kind: str
    subject: str
    part: str
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)
    moot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One message to one person in one window.

    Attributes:
        id: ``<recipient>|<window>``.
        window: Local day and slot, such as ``2021-07-02.1``.
        send_at: From when it may leave (aware).
        version: Rises with every item that is added, so that nobody fixes words without having seen the last of them.
        body: The message as it was worded, JSON, fixed when the first delivery is claimed; None before.
        composed_at: When it was worded.
    """

    id: str
    recipient: str
    window: str
    send_at: datetime
    created_at: datetime
    version: int = 0
    body: str | None = None
    composed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A message, or an event for a webhook, on its way to one address.

    Attributes:
        key: ``<message>|<channel>``, or ``<webhook>|<leaf hash>``.
        message: None for an event.
        target: Person code, or the webhook's id.
        address: Where it went; None before it was claimed.
        attempt: Tries so far. ``doubts``: those among them that ended with nobody knowing.
        not_before: Next try. ``first_at``: when the first try that failed began; patience counts from it.
        owner, lease_until: The worker that has it.
        reply: The other side's last words.
    """

    key: str
    message: str | None
    channel: str
    target: str
    state: DeliveryState
    created_at: datetime
    not_before: datetime
    address: str | None = None
    attempt: int = 0
    doubts: int = 0
    first_at: datetime | None = None
    owner: str | None = None
    lease_until: datetime | None = None
    reply: str | None = None
    updated_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryRow:
    """One try of a delivery, as an operator reads it."""

    key: str
    attempt: int
    at: datetime
    worker: str
    outcome: str
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A personal link: shows what a message says without an account, and takes the word that it was received.

    Attributes:
        digest: SHA-256 of the token, in hex; the token itself is nowhere.
        person: Whose it is.
        subject: Code of the case, plan or certificate that it shows.
        duty: Duty that it was made for.
        made_at, ends_at: From when to when it works (aware).
        opened_at: First time that its page was asked for (a messenger's preview does that as well).
        confirmed_at: When the person said that it was received; ``via`` how (``link``, ``call``, ``inbox``).
    """

    digest: str
    person: str
    subject: str
    duty: str
    made_at: datetime
    ends_at: datetime
    opened_at: datetime | None = None
    confirmed_at: datetime | None = None
    via: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """What a person or an office has chosen; ``scope`` is ``person`` or ``unit``."""

    scope: str
    code: str
    value: Mapping[str, Any] = field(hash=False)
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """Somebody's system that hears of events; ``secret`` signs what it gets."""

    id: str
    unit: str
    url: str
    secret: str
    events: tuple[str, ...]
    since: int
    """Number in the log from which it hears."""
    off: str | None = None
    """Why it gets nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A revocable calendar of deadlines; ``digest`` is the SHA-256 of its token, ``scope`` ``person`` or ``unit``."""

    digest: str
    scope: str
    code: str
    made_by: str
    made_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fired:
    """A step that has come, and what is made of it."""

    rung: RungRow
    state: RungState
    items: tuple[ItemRow, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """How a try ended: the delivery as it stands now, and the line for the log of tries."""

    delivery: DeliveryRow
    tried: TryRow


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQuery:
    """Filter of a list of deliveries; None means any.

    Attributes:
        recipient: Target; ``targets``: one of these.
        after: Creation and key of the delivery behind which the list goes on.
    """

    states: tuple[str, ...] | None = None
    recipient: str | None = None
    targets: tuple[str, ...] | None = None
    subject: str | None = None
    since: datetime | None = None
    channel: str | None = None
    messages: tuple[str, ...] | None = None
    after: tuple[datetime, str] | None = None
    limit: int = 200


class Telling(Protocol):
    """The part of a database that telling works on. Every call is one transaction."""

    # Steps.
    def due_rungs(self, now: datetime, limit: int) -> list[RungRow]:
        """Of every duty with planned steps that have come, the last of them; oldest first."""

    def fire(self, fired: Sequence[Fired], messages: Iterable[MessageRow], deliveries: Iterable[DeliveryRow], now: datetime) -> int | None:
        """Write what steps become, each once whoever else tries; earlier steps of the same duty are superseded.

        Returns:
            How many were ours; None, with nothing written, where the words of a message have been fixed meanwhile.
        """

    def postpone_rung(self, duty: str, rung: str, not_before: datetime) -> int:
        """Set a step aside after an error; returns how often that has happened."""

    def rungs(self, duties: Sequence[str]) -> list[RungRow]:
        """Every step of some duties."""

    def rungs_between(self, start: datetime, end: datetime, limit: int) -> list[RungRow]:
        """Planned steps that come in a span of time, oldest first."""

    def unplanned(self, after: str, limit: int) -> list[str]:
        """Ids of running terms without any step, behind an id, in order: written before there were ladders, or with no step ahead."""

    def plan_rungs(self, rungs: Sequence[RungRow]) -> None:
        """Add steps; those that are there stay as they are."""

    # Events.
    def cursor(self, name: str) -> int:
        """Number in the log up to which somebody has read (0: nothing)."""

    def heard(  # noqa: PLR0913 - one call is one transaction
        self,
        name: str,
        before: int,
        after: int,
        items: Iterable[ItemRow],
        messages: Iterable[MessageRow],
        deliveries: Iterable[DeliveryRow],
    ) -> bool:
        """Move a cursor and write what its page became.

        Returns:
            False, with nothing written, where somebody else has moved it or the words of a message have been fixed meanwhile.
        """

    # Messages.
    def messages(self, ids: Sequence[str]) -> dict[str, MessageRow]:
        """Messages by id."""

    def items(self, messages: Sequence[str]) -> dict[str, list[ItemRow]]:
        """What messages hold, by message."""

    def told(
        self,
        subject: str | None,
        since: datetime | None,
        limit: int,
        *,
        until: datetime | None = None,
        recipients: Sequence[str] | None = None,
    ) -> list[tuple[ItemRow, MessageRow]]:
        """What was told, newest first; ``since`` and ``until`` (exclusive) bound when messages were made."""

    # Deliveries.
    def claim(  # noqa: PLR0913 - one statement asks them all
        self, now: datetime, owner: str, lease_until: datetime, doubtful: datetime, channels: Sequence[str], limit: int
    ) -> list[DeliveryRow]:
        """Deliveries to work on: those that wait and whose time has come, those whose worker has let its lease run out before anything left,
        and those in doubt since before ``doubtful``. Oldest first."""  # noqa: D205, D209

    def word(self, worded: Sequence[MessageRow], moot: Sequence[ItemRow]) -> set[str]:
        """Fix the words of messages to which nothing was added since they were read, and note what was left out; ids of those fixed."""

    def settle(self, owner: str, *, done: Sequence[Done] = (), sending: Sequence[str] = ()) -> frozenset[str]:
        """Write how tries ended and what is about to leave, of what ``owner`` still has; keys of what may leave."""

    def next_moment(self) -> datetime | None:
        """When the next step is planned or the next delivery may leave."""

    def deliveries(self, query: DeliveryQuery) -> list[DeliveryRow]:
        """Deliveries, newest first."""

    def delivery(self, key: str) -> DeliveryRow | None: ...
    def tries(self, key: str) -> list[TryRow]: ...
    def note(self, delivery: DeliveryRow, tried: TryRow) -> None:
        """Keep what a person did by hand: how the delivery stands after it, and the line for the log of tries."""

    def resend(self, key: str, now: datetime) -> bool:
        """Let a delivery that was given up, or has arrived, be tried again; False where it is under way."""

    def oldest_waiting(self, now: datetime) -> tuple[datetime | None, datetime | None, int]:
        """When the oldest step and the oldest delivery that should have gone by now were due, and how many deliveries were given up."""

    # What people have said and chosen.
    def make_links(self, rows: Sequence[LinkRow]) -> None:
        """Keep personal links; one that is there stays as it is."""

    def link(self, digest: str) -> LinkRow | None: ...
    def links(self, persons: Sequence[str]) -> list[LinkRow]: ...
    def mark_link(
        self, digest: str, *, opened_at: datetime | None = None, confirmed_at: datetime | None = None, via: str | None = None
    ) -> None:
        """Keep the first time that something was done with a link."""

    def mark_read(self, key: str, at: datetime) -> None:
        """Keep when a message in the inbox was first read."""

    def settings(self) -> list[SettingRow]: ...
    def save_setting(self, row: SettingRow) -> None: ...
    def webhooks(self) -> list[WebhookRow]: ...
    def save_webhook(self, row: WebhookRow) -> None: ...
    def feeds(self) -> list[FeedRow]: ...
    def save_feed(self, row: FeedRow) -> None: ...
