"""What is told, as plain values: the same over HTTP and on the command line."""

from typing import Any

from api.showing import iso
from notifications.account import ToldItem, ToldMessage
from notifications.acknowledging import Shown
from notifications.call_sheet import CallSheet
from notifications.choosing import Chosen
from notifications.feeding import SHOWN
from notifications.foresight import Coming, DutySteps
from notifications.messages import Letter, Message
from notifications.postbox import Opened, Received
from notifications.reaching import Reach
from workflow.telling import DeliveryRow, FeedRow, RungRow, WebhookRow
from workflow.toldbook import ToldSums


def delivery_json(row: DeliveryRow) -> dict[str, Any]:
    """A delivery in a list."""
    return {
        "key": row.key,
        "message": row.message,
        "channel": row.channel,
        "to": row.target,
        "address": row.address,
        "state": str(row.state),
        "attempt": row.attempt,
        "not_before": iso(row.not_before),
        "updated_at": iso(row.updated_at) if row.updated_at else None,
        "reply": row.reply,
        "read_at": iso(row.read_at) if row.read_at else None,
    }


def opened_json(found: Opened) -> dict[str, Any]:
    """A delivery with its tries and its words."""
    tries = [{"attempt": t.attempt, "at": iso(t.at), "by": t.worker, "outcome": t.outcome, "reply": t.reply} for t in found.tries]
    letter = {"subject": found.letter.subject, "text": found.letter.text} if found.letter is not None else None
    return {**delivery_json(found.row), "tries": tries, "letter": letter, "event": found.event}


def received_json(each: Received) -> dict[str, Any]:
    """A letter in an inbox."""
    return {
        "key": each.row.key,
        "at": iso(each.message.composed_at),
        "subject": each.letter.subject,
        "text": each.letter.text,
        "read_at": iso(each.row.read_at) if each.row.read_at else None,
    }


def _step_json(step: RungRow) -> dict[str, Any]:
    return {"step": step.rung, "at": iso(step.at), "state": str(step.state), "fired_at": iso(step.fired_at) if step.fired_at else None}


def duty_json(each: DutySteps) -> dict[str, Any]:
    """A duty with its steps and who was told."""
    told = {rung: [{"person": i.recipient, "message": m.id, "moot": i.moot} for i, m in rows] for rung, rows in each.told.items()}
    return {
        "duty": each.duty,
        "kind": str(each.kind),
        "stage": each.stage or None,
        "title": each.title,
        "due_at": iso(each.due_at),
        "status": each.status or None,
        "steps": [{**_step_json(step), "told": told.get(step.rung, [])} for step in each.steps],
    }


def coming_json(each: Coming) -> dict[str, Any]:
    """Something that one person would hear."""
    return {
        "person": each.person,
        "part": str(each.part),
        "for": list(each.for_whom),
        "duty": each.rung.duty,
        "kind": str(each.rung.kind),
        "step": each.rung.rung,
        "subject": each.line.subject,
        "title": each.line.title,
        "due_at": iso(each.rung.due_at),
        "window": each.window,
        "send_at": iso(each.send_at),
        "channels": list(each.channels),
    }


def told_json(message: ToldMessage) -> dict[str, Any]:
    """A message of an account."""
    return {
        "message": message.row.id,
        "at": iso(message.at),
        "window": message.row.window,
        "person": message.row.recipient,
        "name": message.name,
        "seat": str(message.seat) if message.seat is not None else None,
        "unit": message.unit,
        "office": message.office,
        "read_at": iso(message.read_at) if message.read_at is not None else None,
        "deliveries": [{"key": row.key, "channel": row.channel, "state": str(row.state)} for row in message.deliveries],
        "items": [_item_json(item) for item in message.items],
    }


def _item_json(item: ToldItem) -> dict[str, Any]:
    return {
        "kind": item.item.kind,
        "duty": item.item.duty,
        "step": None if item.news else item.item.rung,
        "event": item.item.rung if item.news else None,
        "subject": item.item.subject,
        "title": item.title,
        "part": item.item.part,
        "due_at": iso(item.line.due_at) if item.line is not None else None,
        "moot": item.item.moot,
        "opened_at": iso(item.opened_at) if item.opened_at is not None else None,
        "confirmed_at": iso(item.confirmed_at) if item.confirmed_at is not None else None,
        "via": item.via,
    }


def counts_json(found: ToldSums) -> dict[str, Any]:
    """Sums of an account."""
    deliveries = [{"channel": channel, "state": state, "count": count} for (channel, state), count in found.deliveries.items()]
    plain = {name: getattr(found, name) for name in ("people", "messages", "duties", "news", "moot", "read", "confirmed")}
    return {**plain, "deliveries": deliveries}


def sheet_json(sheet: CallSheet) -> dict[str, Any]:
    """A call sheet."""
    rows = [
        {
            "person": row.recipient.person,
            "name": row.recipient.name,
            "phone": row.recipient.phone,
            "office": row.recipient.office,
            "reason": str(row.reason),
            "duty": row.line.duty,
            "subject": row.line.subject,
            "title": row.line.title,
            "due_at": iso(row.line.due_at),
        }
        for row in sorted(sheet.rows, key=lambda row: (row.line.due_at, row.recipient.person, row.line.duty))
    ]
    return {"unit": sheet.unit, "composed_at": iso(sheet.composed_at), "rows": rows}


def reach_json(each: Reach) -> dict[str, Any]:
    """Measured reach of a unit."""
    counts = {name: len(getattr(each, name)) for name in ("people", "arrived", "opened", "confirmed")}
    ways = {name: len(people) for name, people in sorted(each.by_way.items())}
    return {"unit": each.unit, "name": each.name, **counts, "by_way": ways, "never": sorted(each.never)}


def chosen_json(got: Chosen) -> dict[str, Any]:
    """What holds for a person or an office."""
    office, person = got.office, got.person
    return {
        "scope": got.scope,
        "code": got.code,
        "chosen": dict(got.row.value) if got.row is not None else {},
        "changed_by": got.row.changed_by if got.row is not None else None,
        "changed_at": iso(got.row.changed_at) if got.row is not None else None,
        "language": str(person.language) if person is not None else None,
        "office": {
            "unit": got.unit,
            "opens": f"{office.opens:%H:%M}",
            "closes": f"{office.closes:%H:%M}",
            "working_days": office.working_days,
            "may_mute": sorted(office.may_mute),
            "gateway": office.gateway,
            "sender": office.sender,
        },
    }


def feed_json(row: FeedRow) -> dict[str, Any]:
    """A calendar to subscribe to, without its token."""
    return {
        "name": row.digest[:SHOWN],
        "scope": row.scope,
        "code": row.code,
        "made_by": row.made_by,
        "made_at": iso(row.made_at),
        "revoked_at": iso(row.revoked_at) if row.revoked_at else None,
    }


def hook_json(row: WebhookRow) -> dict[str, Any]:
    """A webhook, without its secret."""
    return {
        "id": row.id,
        "unit": row.unit,
        "url": row.url,
        "events": list(row.events),
        "since": row.since,
        "off": row.off,
        "secrets": len(row.secret.split()),
    }


def link_json(got: Shown) -> dict[str, Any]:
    """What a personal link shows."""
    return {
        "person": got.link.person,
        "subject": got.link.subject,
        "duty": got.link.duty,
        "title": got.title,
        "event": got.event,
        "due_at": iso(got.line.due_at) if got.line is not None else None,
        "stands": got.stands,
        "opened_at": iso(got.link.opened_at) if got.link.opened_at else None,
        "confirmed_at": iso(got.link.confirmed_at) if got.link.confirmed_at else None,
        "via": got.link.via,
    }


def preview_json(message: Message, letter: Letter) -> dict[str, Any]:
    """A reminder before it goes, in all its forms."""
    to = {"person": message.recipient.person, "name": message.recipient.name, "email": message.recipient.email}
    made = {"subject": letter.subject, "text": letter.text, "html": letter.html, "ics": letter.calendar, "sms": letter.short}
    return {"to": to, "worded_for": iso(message.composed_at), **made, "zalo": letter.share}
