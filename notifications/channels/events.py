"""What is told to machines: CloudEvents 1.0 for those who follow cases, and for gateways that send an SMS or a Zalo message. Pure."""

from datetime import UTC, datetime
from typing import Any

from notifications.messages import DutyLine, Letter, Message
from workflow.ledger.entry import Entry

REMINDER = "vn.ocop.duty.reminder.v1"
TRIAL = "vn.ocop.webhook.test.v1"


def transitioned(entry: Entry, leaf_hash: bytes, *, source: str) -> dict[str, Any]:
    """An entry of the history, for those outside who follow a case: ``vn.ocop.case.transitioned.v1``.

    Nobody's name or code is in it, nor what an act carried along: who wants more asks, and is asked in turn who they are.

    Args:
        entry: One that was done, not one that was denied.
        leaf_hash: Hash of the entry in the log; the event's id, so that a receiver can look it up there.
        source: URI of this installation.
    """
    actor = entry.actor
    data = {
        "case": entry.case,
        "case_seq": entry.case_seq,
        "attempt": entry.attempt,
        "regime": entry.regime,
        "clause": entry.clause,
        "event": entry.event,
        "from": entry.from_,
        "to": entry.to,
        "actor": None if actor is None else {"function": actor.function, "level": actor.level, "unit": actor.unit},
        "effective_at": _instant(entry.effective_at),
        "recorded_at": _instant(entry.recorded_at),
    }
    kept = {name: value for name, value in data.items() if value is not None}
    return _event(f"vn.ocop.{entry.kind}.transitioned.v1", leaf_hash.hex(), source, entry.case, entry.effective_at, kept)


def reminder(message: Message, letter: Letter, *, key: str, source: str, template: str | None = None) -> dict[str, Any]:
    """A message to one person, for the office's own gateway: ``vn.ocop.duty.reminder.v1``.

    Args:
        message: What is said.
        letter: The same in words; the gateway gets the short text without diacritics and the one for Zalo.
        key: Key of the delivery; the event's id.
        source: URI of this installation.
        template: Id of the gateway's template for this kind of message. Operators of SMS and Zalo send registered templates only and fill
            them with parameters, which are strings.
    """
    recipient = message.recipient
    data: dict[str, Any] = {
        "kind": message.kind.value,
        "rehearsal": message.rehearsal,
        "recipient": {"name": recipient.name, "phone": recipient.phone, "language": recipient.language.value, "office": recipient.office},
        "subject": letter.subject,
        "short": letter.short,
        "share": letter.share,
        "duties": [_duty(line) for line in message.lines],
    }
    if template is not None:
        data["template"] = {"id": template, "parameters": parameters(message)}
    first = message.lines[0].subject if message.lines else message.notices[0].subject if message.notices else message.id
    return _event(REMINDER, key, source, first, message.composed_at, data)


def trial(hook: str, *, key: str, source: str, at: datetime) -> dict[str, Any]:
    """An event that tells of nothing, by which a receiver's address and secret are tried: ``vn.ocop.webhook.test.v1``."""
    return _event(TRIAL, key, source, hook, at, {"webhook": hook})


def parameters(message: Message) -> dict[str, str]:
    """What a template is filled with: about the most urgent duty, and how many there are."""
    filled = {"recipient": message.recipient.name, "office": message.office, "count": str(len(message.lines) + len(message.notices))}
    if message.lines:
        line = message.lines[0]
        filled |= {
            "subject": line.subject,
            "title": line.title,
            "producer": line.producer or "",
            "unit": line.unit,
            "last_day": f"{line.last_day:%d/%m/%Y}",
            "days_left": str((line.last_day - message.composed_at.date()).days),
            "link": line.link or "",
        }
    elif message.notices:
        notice = message.notices[0]
        filled |= {"subject": notice.subject, "title": notice.title, "producer": notice.producer or "", "unit": notice.unit}
        filled |= {"link": notice.link or ""}
    return filled


def _duty(line: DutyLine) -> dict[str, Any]:
    return {
        "duty": line.duty,
        "kind": line.kind.value,
        "rung": line.rung,
        "part": line.part.value,
        "subject": line.subject,
        "title": line.title,
        "stage": None if line.stage is None else line.stage.value,
        "due_at": line.due_at.isoformat(),
        "last_day": line.last_day.isoformat(),
        "link": line.link,
    }


def _event(kind: str, number: str, source: str, subject: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0913
    return {
        "specversion": "1.0",
        "type": kind,
        "id": number,
        "source": source,
        "subject": subject,
        "time": _instant(at),
        "datacontenttype": "application/json",
        "data": data,
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
