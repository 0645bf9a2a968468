"""Who was told what about a case, when, by which way, and what became of it."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from api.asking import Asked
from api.pages.frame import Said
from states.words import Words
from workflow.telling import DeliveryQuery, DeliveryRow, DeliveryState

_MOST_TOLD = 60


@dataclass(frozen=True, slots=True)
class Told:
    """What was told about the case at one time, to whom, and by which ways with what result and when."""

    at: datetime
    what: str
    who: tuple[tuple[str, str], ...]
    ways: tuple[tuple[str, str, str], ...]


def told(asked: Asked, code: str, said: Words, t: Said, until: datetime | None = None) -> list[Told]:
    """Who was told what about the case, the latest first; with ``until`` only what had left by then."""
    store, registry = asked.run.store, asked.registry
    ways: dict[str, list[tuple[str, str, str]]] = {}
    for delivery in store.deliveries(DeliveryQuery(subject=code, limit=_MOST_TOLD * 3)):
        if delivery.message:
            ways.setdefault(delivery.message, []).append(_way(delivery, said, t))
    groups: dict[tuple[datetime, str, tuple[tuple[str, str, str], ...]], dict[tuple[str, str], None]] = {}
    for item, message in store.told(code, None, _MOST_TOLD):
        if item.moot or (until is not None and message.send_at > until):
            continue
        what = _said_of(item.kind, item.rung, message.body, code, said, t)
        heard = groups.setdefault((message.send_at, what, tuple(ways.get(message.id, ()))), {})
        heard[registry.person(item.recipient).name, t(f"part.{item.part}")] = None
    return [Told(at, what, tuple(heard), how) for (at, what, how), heard in groups.items()]


def _way(delivery: DeliveryRow, said: Words, t: Said) -> tuple[str, str, str]:
    """By which channel, with what result, and when that was: read by its recipient, taken over, or why not."""
    if delivery.read_at is not None:
        more = t("told.read", at=said.instant(delivery.read_at))
    elif delivery.state is DeliveryState.FAILED:
        more = delivery.reply or ""
    else:
        settled = delivery.state is DeliveryState.ACCEPTED and delivery.updated_at is not None
        more = said.instant(delivery.updated_at) if settled and delivery.updated_at else ""
    return t(f"channel.{delivery.channel}"), t(f"delivery.{delivery.state}"), more


def _said_of(kind: str, rung: str, body: str | None, code: str, said: Words, t: Said) -> str:  # noqa: PLR0913 - what a line is made of
    if kind == "event":
        return t("told.event", what=said.label("event", rung))
    lines = orjson.loads(body).get("lines", []) if body else []
    stage = next((said.stage(line["stage"]) for line in lines if line.get("subject") == code and line.get("stage")), None)
    what = t("told.before") if rung.startswith("T-") else t("told.after")
    return f"{what}: {stage}" if stage else what
