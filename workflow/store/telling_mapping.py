"""Rows of telling to column values and back; see :mod:`workflow.store.mapping`."""

import orjson

from deadlines.ladder import DutyKind
from workflow.store.mapping import Shape, Values, instant, micros
from workflow.store.types import from_micros, to_micros
from workflow.telling import (
    DeliveryRow,
    DeliveryState,
    FeedRow,
    ItemRow,
    LinkRow,
    MessageRow,
    RungRow,
    RungState,
    SettingRow,
    Steps,
    TryRow,
    WebhookRow,
)

_KINDS = {kind.value: kind for kind in DutyKind}
_RUNG_STATES = {state.value: state for state in RungState}
_STATES = {state.value: state for state in DeliveryState}


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


RUNG = Shape(
    "rung",
    ("duty", "rung", "kind", "subject", "at", "due_at", "state", "attempts", "not_before", "fired_at"),
    ("duty", "rung"),
    lambda r: (
        r.duty, r.rung, r.kind.value, r.subject, to_micros(r.at), to_micros(r.due_at), r.state.value, r.attempts, micros(r.not_before),
        micros(r.fired_at),
    ),
    lambda v: RungRow(
        duty=v[0], rung=v[1], kind=_KINDS[v[2]], subject=v[3], at=from_micros(v[4]), due_at=from_micros(v[5]), state=_RUNG_STATES[v[6]],
        attempts=v[7], not_before=instant(v[8]), fired_at=instant(v[9]),
    ),
)  # fmt: skip


def steps_values(steps: Steps) -> Values:
    """Duty, kind, subject, deadline, and the moments of its steps by name as JSON."""
    at = orjson.dumps({key: to_micros(moment) for key, moment in steps.at.items()}).decode()
    return steps.duty, steps.kind.value, steps.subject, to_micros(steps.due_at), at


MESSAGE = Shape(
    "message",
    ("id", "recipient", "span", "send_at", "created_at", "version", "body", "composed_at"),
    ("id",),
    lambda r: (r.id, r.recipient, r.window, to_micros(r.send_at), to_micros(r.created_at), r.version, r.body, micros(r.composed_at)),
    lambda v: MessageRow(
        id=v[0],
        recipient=v[1],
        window=v[2],
        send_at=from_micros(v[3]),
        created_at=from_micros(v[4]),
        version=v[5],
        body=v[6],
        composed_at=instant(v[7]),
    ),
)

ITEM = Shape(
    "told_item",
    ("recipient", "duty", "rung", "kind", "subject", "part", "message", "detail", "moot"),
    ("recipient", "duty", "rung"),
    lambda r: (r.recipient, r.duty, r.rung, str(r.kind), r.subject, str(r.part), r.message, _json(r.detail), r.moot),
    lambda v: ItemRow(
        recipient=v[0], duty=v[1], rung=v[2], kind=v[3], subject=v[4], part=v[5], message=v[6], detail=orjson.loads(v[7]), moot=bool(v[8])
    ),
)

DELIVERY = Shape(
    "delivery",
    (
        "key", "message", "channel", "target", "state", "created_at", "not_before", "address", "attempt", "doubts", "first_at", "owner",
        "lease_until", "reply", "updated_at", "read_at",
    ),
    ("key",),
    lambda r: (
        r.key, r.message, str(r.channel), r.target, r.state.value, to_micros(r.created_at), to_micros(r.not_before), r.address, r.attempt,
        r.doubts, micros(r.first_at), r.owner, micros(r.lease_until), r.reply, micros(r.updated_at), micros(r.read_at),
    ),
    lambda v: DeliveryRow(
        key=v[0], message=v[1], channel=v[2], target=v[3], state=_STATES[v[4]], created_at=from_micros(v[5]), not_before=from_micros(v[6]),
        address=v[7], attempt=v[8], doubts=v[9], first_at=instant(v[10]), owner=v[11], lease_until=instant(v[12]), reply=v[13],
        updated_at=instant(v[14]), read_at=instant(v[15]),
    ),
)  # fmt: skip

TRY = Shape(
    "delivery_try",
    ("key", "attempt", "tried_at", "worker", "outcome", "reply"),
    ("key", "attempt", "tried_at"),
    lambda r: (r.key, r.attempt, to_micros(r.at), r.worker, r.outcome, r.reply),
    lambda v: TryRow(key=v[0], attempt=v[1], at=from_micros(v[2]), worker=v[3], outcome=v[4], reply=v[5]),
)

LINK = Shape(
    "personal_link",
    ("digest", "person", "subject", "duty", "made_at", "ends_at", "opened_at", "confirmed_at", "via"),
    ("digest",),
    lambda r: (
        r.digest, r.person, r.subject, r.duty, to_micros(r.made_at), to_micros(r.ends_at), micros(r.opened_at), micros(r.confirmed_at),
        r.via,
    ),
    lambda v: LinkRow(
        digest=v[0], person=v[1], subject=v[2], duty=v[3], made_at=from_micros(v[4]), ends_at=from_micros(v[5]), opened_at=instant(v[6]),
        confirmed_at=instant(v[7]), via=v[8],
    ),
)  # fmt: skip

SETTING = Shape(
    "reach_setting",
    ("scope", "code", "value", "changed_by", "changed_at"),
    ("scope", "code"),
    lambda r: (r.scope, r.code, _json(r.value), r.changed_by, to_micros(r.changed_at)),
    lambda v: SettingRow(scope=v[0], code=v[1], value=orjson.loads(v[2]), changed_by=v[3], changed_at=from_micros(v[4])),
)

WEBHOOK = Shape(
    "webhook",
    ("id", "unit", "url", "secret", "events", "since", "off"),
    ("id",),
    lambda r: (r.id, r.unit, r.url, r.secret, _json(list(r.events)), r.since, r.off),
    lambda v: WebhookRow(id=v[0], unit=v[1], url=v[2], secret=v[3], events=tuple(orjson.loads(v[4])), since=v[5], off=v[6]),
)

FEED = Shape(
    "feed",
    ("digest", "scope", "code", "made_by", "made_at", "revoked_at"),
    ("digest",),
    lambda r: (r.digest, r.scope, r.code, r.made_by, to_micros(r.made_at), micros(r.revoked_at)),
    lambda v: FeedRow(digest=v[0], scope=v[1], code=v[2], made_by=v[3], made_at=from_micros(v[4]), revoked_at=instant(v[5])),
)
