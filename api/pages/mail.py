"""The letters of one person: what has arrived, and what will leave later, as it would be said now."""

from dataclasses import dataclass, replace
from datetime import datetime

from api.bootstrap import Runtime
from notifications.composed import message_of
from notifications.composing import EVENT
from notifications.letters import write
from notifications.messages import ChannelName, Message
from states.errors import NotFound
from workflow.telling import DeliveryQuery, DeliveryRow, DeliveryState, ItemRow, MessageRow

_MOST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A letter.

    Attributes:
        id: Of the message.
        recipient, name: Person code and name.
        subject, text: As written; the text is wrapped plain text.
        at: When it arrived, or when it will leave.
        arrived: Whether it lies in the inbox.
        read_at: When it was first read there.
        subjects: Codes of the cases, plans and certificates that it is about.
        news: Whether it tells of something that has happened.
    """

    id: str
    recipient: str
    name: str
    subject: str
    text: str
    at: datetime
    arrived: bool
    read_at: datetime | None
    subjects: tuple[str, ...]
    news: bool


def mail(run: Runtime, person: str) -> list[Mail]:
    """The letters of a person, newest first; whatever no longer matters to anybody is left out."""
    rows: dict[str, MessageRow] = {}
    items: dict[str, list[ItemRow]] = {}
    for item, row in run.store.told(None, None, _MOST, recipients=[person]):
        rows[row.id] = row
        items.setdefault(row.id, []).append(item)
    return sorted(_written(run, rows, items), key=lambda each: (each.at, each.id), reverse=True)


def letter(run: Runtime, message: str, *, read_by: str | None) -> Mail:
    """One letter; if it has arrived with ``read_by``, it is read from now on.

    Raises:
        NotFound: There is none, or nothing of it matters any more.
    """
    rows = run.store.messages([message])
    found = _written(run, rows, run.store.items(list(rows)))
    if not found:
        raise NotFound(what="message", name=message)
    one = found[0]
    if one.arrived and one.recipient == read_by and one.read_at is None:
        now = run.clock.now()
        run.store.mark_read(f"{one.id}|{ChannelName.INBOX}", now)
        one = replace(one, read_at=now)
    return one


def _written(run: Runtime, rows: dict[str, MessageRow], items: dict[str, list[ItemRow]]) -> list[Mail]:
    laid: dict[str, DeliveryRow] = {}
    if rows:
        query = DeliveryQuery(messages=tuple(rows), channel=str(ChannelName.INBOX), limit=len(rows))
        laid = {d.message: d for d in run.store.deliveries(query) if d.message is not None}
    said: dict[str, Message | None] = {key: message_of(row.body) for key, row in rows.items() if row.body is not None}
    waiting = [row for row in rows.values() if row.body is None]
    if waiting:
        worded = run.notifications.wording.word(waiting, run.clock.now())
        said |= {key: each.message for key, each in worded.items()}
    return [
        _mail(rows[key], message, items.get(key, []), laid.get(key))
        for key, message in said.items()
        if message is not None and (message.lines or message.notices)
    ]


def _mail(row: MessageRow, message: Message, items: list[ItemRow], laid: DeliveryRow | None) -> Mail:
    made = write(message)
    arrived = laid is not None and laid.state is DeliveryState.ACCEPTED
    return Mail(
        id=row.id, recipient=row.recipient, name=message.recipient.name, subject=made.subject, text=made.text,
        at=(row.composed_at or row.send_at) if arrived else row.send_at, arrived=arrived, read_at=laid.read_at if laid else None,
        subjects=tuple(dict.fromkeys(item.subject for item in items)), news=any(item.kind == EVENT for item in items),
    )  # fmt: skip
