"""Deliveries as an operator reads them: one with its tries and its words as they went, sending again, and a person's inbox."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifications.composed import message_of
from notifications.letters import write
from notifications.links import Links
from notifications.messages import ChannelName, Letter, Message
from notifications.offices import OfficeOnly, must_speak_for, unit_of
from notifications.sight import Sight
from states.errors import CycleError, NotFound
from states.regime import local_date
from workflow.ports import Database
from workflow.registry import Registry
from workflow.telling import DeliveryQuery, DeliveryRow, DeliveryState, MessageRow, TryRow

_ON_ITS_WAY = frozenset({DeliveryState.WAITING, DeliveryState.CLAIMED, DeliveryState.SENDING})
_MOST = 200


class NotSentAgain(CycleError):
    """A delivery cannot be sent again now. Detail: ``key``. Codes: its own, and ``delivery_by_hand``."""

    code = "delivery_under_way"


@dataclass(frozen=True, slots=True)
class Opened:
    """A delivery with everything that is known of it.

    Attributes:
        row: As it stands. ``tries``: in their order.
        message, letter: What it says, as it went; None while the words are not fixed, and for an event.
        event: What a webhook gets; None for a letter.
    """

    row: DeliveryRow
    tries: tuple[TryRow, ...]
    message: Message | None
    letter: Letter | None
    event: Mapping[str, Any] | None


def opened(store: Database, key: str, links: Links | None, event_of: Callable[[DeliveryRow], Mapping[str, Any] | None]) -> Opened:
    """A delivery by its key.

    Args:
        store: Where deliveries are.
        key: Its key.
        links: As the messages went out with.
        event_of: The event of a delivery to a webhook.

    Raises:
        NotFound: There is none.
    """
    row = store.delivery(key)
    if row is None:
        raise NotFound(what="delivery", name=key)
    tries = tuple(store.tries(key))
    if row.message is None:
        return Opened(row, tries, None, None, event_of(row) if row.channel == ChannelName.WEBHOOK else None)
    message = _worded(store.messages([row.message]).get(row.message))
    if message is None:
        return Opened(row, tries, None, None, None)
    said = links.with_links(message)[0] if links is not None and row.channel != ChannelName.INBOX else message
    return Opened(row, tries, message, write(said), None)


def send_again(store: Database, key: str, now: datetime) -> DeliveryRow:
    """Let a delivery that was given up, or has arrived, go once more; it leaves with the next pass.

    Raises:
        NotFound: There is none.
        NotSentAgain: It waits or is under way, or no machine sends it (``delivery_by_hand``).
    """
    row = store.delivery(key)
    if row is None:
        raise NotFound(what="delivery", name=key)
    if row.channel == ChannelName.HAND:
        raise NotSentAgain("delivery_by_hand", key=key)
    if row.state in _ON_ITS_WAY or not store.resend(key, now):
        raise NotSentAgain(key=key)
    return store.delivery(key) or row


def targets_in(store: Database, sight: Sight) -> tuple[str, ...]:
    """People and webhooks whose deliveries somebody may look at."""
    return (*sorted(sight.people), *(hook.id for hook in store.webhooks() if hook.unit in sight.units))


def delivery_in(store: Database, sight: Sight, key: str) -> DeliveryRow:
    """A delivery that somebody may look at.

    Raises:
        NotFound: There is none, or it is to somebody outside the sight.
    """
    row = store.delivery(key)
    if row is None or row.target not in targets_in(store, sight):
        raise NotFound(what="delivery", name=key)
    return row


def send_again_by(store: Database, registry: Registry, sight: Sight, key: str, now: datetime) -> DeliveryRow:
    """Let a delivery go once more, asked for by whoever speaks for its reader's office.

    Raises:
        NotFound: There is none in the sight.
        OfficeOnly: The person speaks for no office of the reader.
        NotSentAgain: As :func:`send_again`.
    """
    row, day = delivery_in(store, sight, key), local_date(now)
    unit = next((hook.unit for hook in store.webhooks() if hook.id == row.target), None) or unit_of(registry, row.target, day)
    if unit is None:
        raise OfficeOnly(unit="–", person=registry.person(sight.person).name)
    must_speak_for(registry, sight.person, unit, day)
    return send_again(store, key, now)


@dataclass(frozen=True, slots=True)
class Received:
    """A message in somebody's inbox."""

    row: DeliveryRow
    message: Message
    letter: Letter


def inbox(store: Database, person: str, limit: int = _MOST, after: tuple[datetime, str] | None = None) -> list[Received]:
    """What lies in a person's inbox, newest first, from behind a delivery (its creation and key)."""
    arrived = (str(DeliveryState.ACCEPTED),)
    rows = store.deliveries(DeliveryQuery(recipient=person, channel=str(ChannelName.INBOX), states=arrived, after=after, limit=limit))
    messages = store.messages([row.message for row in rows if row.message is not None])
    found = []
    for row in rows:
        message = _worded(messages.get(row.message or ""))
        if message is not None:
            found.append(Received(row, message, write(message)))
    return found


def read(store: Database, person: str, key: str, now: datetime) -> Received:
    """Open a message in a person's inbox; the first time is kept.

    Raises:
        NotFound: It is not there, or somebody else's.
    """
    row = store.delivery(key)
    if row is None or row.target != person or row.channel != ChannelName.INBOX or row.state is not DeliveryState.ACCEPTED:
        raise NotFound(what="delivery", name=key)
    message = _worded(store.messages([row.message or ""]).get(row.message or ""))
    if message is None:
        raise NotFound(what="delivery", name=key)
    store.mark_read(key, now)
    return Received(store.delivery(key) or row, message, write(message))


def _worded(kept: MessageRow | None) -> Message | None:
    """A message as it was worded; None before, and where nothing of it mattered any more."""
    return message_of(kept.body) if kept is not None and kept.body is not None else None
