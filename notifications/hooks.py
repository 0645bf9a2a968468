"""Webhooks of an office: set up, turned off and on, their secrets changed without losing an event, and tried with a signed event."""

import base64
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from notifications.channels.cleaning import one_line
from notifications.channels.events import trial
from notifications.channels.settings import SECRET_BYTES, Endpoint
from notifications.messages import Channel, Envelope, Reply
from notifications.offices import must_speak_for
from states.errors import CycleError, NotFound, UnknownName
from states.regime import local_date
from states.vocabulary import Event, NoteEvent
from workflow.clock import Clock
from workflow.ports import Database
from workflow.registry import Registry
from workflow.telling import WebhookRow

_WHY = 200
_ID_OCTETS = 4
Seal = Callable[[str, str], str]
"""From a secret and the webhook's id to one word that can be kept."""


class HookState(CycleError):
    """A webhook is not in the state that this needs. Detail: ``id``."""

    code = "hook_state"


@dataclass(frozen=True, slots=True)
class Made:
    """A webhook and the secret that was made for it, which is shown this once."""

    row: WebhookRow
    secret: str


class Hooks:
    """Webhooks of one database. Whoever changes one speaks for its unit (:func:`notifications.offices.must_speak_for`)."""

    def __init__(self, store: Database, registry: Registry, clock: Clock, seal: Seal = lambda secret, _: secret) -> None:
        """Keep webhooks here; ``registry`` says who speaks for a unit, and ``seal`` makes of a secret what is kept of it."""
        self._seal = seal
        self.store = store
        self.registry = registry
        self.clock = clock

    def add(self, url: str, unit: str, events: Sequence[str], actor: str) -> Made:
        """Let a receiver hear of events from now on.

        Args:
            url: ``https://…``, or ``http://`` for a gateway on this machine.
            unit: Cases of this unit and below.
            events: Names of events; none: all.
            actor: Who sets it up.

        Raises:
            UnknownName: No such unit or event.
            OfficeOnly: The actor does not speak for the unit.
            ChannelUnfit: ``channel_url``.
            HookState: ``hook_exists``.
        """
        must_speak_for(self.registry, actor, unit, self._day())
        known = [str(event) for event in (*Event, *NoteEvent)]
        for event in events:
            if event not in known:
                raise UnknownName(what="event", name=event, known=", ".join(known))
        secret = new_secret()
        Endpoint(url=url, secrets=(secret,))
        if any(hook.url == url for hook in self.store.webhooks()):
            raise HookState("hook_exists", id=next(hook.id for hook in self.store.webhooks() if hook.url == url))
        number = f"wh-{secrets.token_hex(_ID_OCTETS)}"
        row = WebhookRow(
            id=number, unit=unit, url=url, secret=self._seal(secret, number), events=tuple(dict.fromkeys(events)),
            since=self.store.log_state().size,
        )  # fmt: skip
        self.store.save_webhook(row)
        return Made(row, secret)

    def turn_off(self, number: str, why: str, actor: str) -> WebhookRow:
        """Send nothing more there; what is waiting for it is given up when its turn comes.

        Raises:
            NotFound: No such webhook.
            OfficeOnly: The actor does not speak for its unit.
        """
        return self._save(replace(self._mine(number, actor), off=one_line(why, _WHY) or "off"))

    def turn_on(self, number: str, actor: str) -> WebhookRow:
        """Send there again what happens from now on; the same errors."""
        return self._save(replace(self._mine(number, actor), off=None))

    def rotate(self, number: str, actor: str) -> Made:
        """Make a second secret: both sign until the receiver knows the new one and the old one is dropped.

        Raises:
            HookState: ``hook_rotating``: the old one is still there from last time.
        """
        row = self._mine(number, actor)
        if len(row.secret.split()) > 1:
            raise HookState("hook_rotating", id=row.id)
        secret = new_secret()
        return Made(self._save(replace(row, secret=f"{self._seal(secret, row.id)} {row.secret}")), secret)

    def drop_old(self, number: str, actor: str) -> WebhookRow:
        """Sign with the new secret alone.

        Raises:
            HookState: ``hook_not_rotating``: there is only one.
        """
        row = self._mine(number, actor)
        found = row.secret.split()
        if len(found) == 1:
            raise HookState("hook_not_rotating", id=row.id)
        return self._save(replace(row, secret=found[0]))

    def test(self, number: str, actor: str, channel: Channel | None, source: str) -> Reply:
        """Send a signed event that tells of nothing, now, and return the answer.

        Raises:
            HookState: ``hook_off``, or ``hook_no_way`` where this installation sends no webhooks.
        """
        row = self._mine(number, actor)
        if row.off is not None:
            raise HookState("hook_off", id=row.id)
        if channel is None:
            raise HookState("hook_no_way", id=row.id)
        now = self.clock.now()
        key = f"{row.id}|test|{secrets.token_hex(_ID_OCTETS)}"
        event = trial(row.id, key=key, source=source, at=now)
        return channel.send(Envelope(key=key, message_id="", address=row.url, name=row.id, letter=None, event=event, composed_at=now))

    def _day(self) -> date:
        return local_date(self.clock.now())

    def _mine(self, number: str, actor: str) -> WebhookRow:
        row = next((hook for hook in self.store.webhooks() if hook.id == number), None)
        if row is None:
            raise NotFound(what="webhook", name=number)
        must_speak_for(self.registry, actor, row.unit, self._day())
        return row

    def _save(self, row: WebhookRow) -> WebhookRow:
        self.store.save_webhook(row)
        return row


def new_secret() -> str:
    """A signing secret of the least length that Standard Webhooks ask for, as they write it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES[0])).decode()
