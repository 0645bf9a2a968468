"""Personal links: what a message says, shown without an account, and the word that it was received.

A token is made from the installation's key, the person and the duty, so that it is the same in every message about the duty and is kept
nowhere: the database holds its digest alone. The page behind it is asked for by messengers' previews as well, so only the button on it
confirms.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from notifications.messages import Message, NoticeLine
from states.errors import NotFound
from workflow.telling import LinkRow, Telling

LASTS = timedelta(days=60)
"""How long a link works after it was made, at the least."""

_OCTETS = 15


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links.

    Attributes:
        key: The installation's own secret.
        base: Address that people reach the service at, such as ``https://ocop.example``.
    """

    key: bytes
    base: str

    def token(self, person: str, duty: str) -> str:
        """The token of a person for a duty: 24 small letters and digits, which no messenger breaks and no command takes for an option."""
        made = hmac.digest(self.key, f"{person}\n{duty}".encode(), hashlib.sha256)
        return base64.b32encode(made[:_OCTETS]).decode().lower()

    def address(self, token: str) -> str:
        """Where the token leads."""
        return f"{self.base.rstrip('/')}/ack/{token}"

    def with_links(self, message: Message) -> tuple[Message, list[LinkRow]]:
        """A message with a link at each line, and the rows that make them work."""
        person, made_at = message.recipient.person, message.composed_at
        rows: list[LinkRow] = []

        def link(subject: str, duty: str, useful: datetime) -> str:
            token = self.token(person, duty)
            ends = max(useful, made_at) + LASTS
            rows.append(LinkRow(digest=digest_of(token), person=person, subject=subject, duty=duty, made_at=made_at, ends_at=ends))
            return self.address(token)

        lines = tuple(replace(line, link=link(line.subject, line.duty, line.due_at)) for line in message.lines)
        notices = tuple(replace(n, link=link(n.subject, event_duty(n), n.at)) for n in message.notices)
        return replace(message, lines=lines, notices=notices), rows


def event_duty(notice: NoticeLine) -> str:
    """What a link about something that has happened is kept under."""
    return f"event:{notice.subject}:{notice.event}:{notice.at.isoformat()}"


def digest_of(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def opened_link(store: Telling, token: str, now: datetime) -> LinkRow:
    """The link of a token, noted as opened.

    Raises:
        NotFound: There is none, or it works no longer.
    """
    row = _working(store, token, now)
    if row.opened_at is None:
        store.mark_link(row.digest, opened_at=now)
        row = replace(row, opened_at=now)
    return row


def confirm_link(store: Telling, token: str, now: datetime, via: str = "link") -> LinkRow:
    """Keep that the person has received what the link is about; a second time changes nothing.

    Raises:
        NotFound: There is none, or it works no longer.
    """
    row = _working(store, token, now)
    store.mark_link(row.digest, opened_at=now, confirmed_at=now, via=via)
    found = store.link(row.digest)
    return found or row


def _working(store: Telling, token: str, now: datetime) -> LinkRow:
    row = store.link(digest_of(token))
    if row is None or now >= row.ends_at:
        raise NotFound(what="link", name="…")
    return row
