"""From a body to a command, and from a receipt to an answer."""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response

from api.asking import Asked, etag, fingerprint, same_etag
from api.cli.context import parse_instant
from api.requests import IN_HISTORY
from api.schemas.cases import ActGiven
from api.showing import receipt_json
from api.strict import RequestInvalid
from states.case import all_charts
from states.chart import Seat
from states.errors import MalformedInput, Problem
from states.payload import Field, Kind
from states.vocabulary import Duty, Event
from states.words import words
from workflow.commands import Command, Receipt

_DOCUMENT = ("no", "date", "signer")
_PLURAL = frozenset({Kind.CHOICES})


def act_of(asked: Asked, case: str, event: Event, body: ActGiven, command: str, version: int | None = None) -> Command:  # noqa: PLR0913
    """What somebody asks for, as a command.

    Raises:
        RequestInvalid: ``acted_on`` is no instant, or the document is named twice.
        UnknownName: There is no such seat.
    """
    values = body.model_dump(mode="json", exclude_none=True)
    payload = {name: value for name, value in (body.model_extra or {}).items() if value is not None}
    if body.document is not None:
        for part in _DOCUMENT:
            value = getattr(body.document, part)
            if value is not None and payload.setdefault(f"document_{part}", value) != value:
                raise RequestInvalid([Problem(f"/document/{part}", "key_twice")])
    try:
        acted_on = parse_instant(body.acted_on) if body.acted_on else None
    except MalformedInput:
        raise RequestInvalid([Problem("/acted_on", "not_an_instant")]) from None
    return Command(
        id=command,
        case=case,
        event=event,
        actor=asked.caller.person,
        payload=payload,
        reason=body.reason,
        expected_version=version,
        received_at=asked.received,
        acted_on=acted_on,
        on_behalf_of=Seat.parse(body.on_behalf_of) if body.on_behalf_of else None,
        digest=fingerprint(asked.request, values),
    )


def json_answer(body: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """An answer as JSON, which nobody else may keep."""
    text = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    return Response(
        text, status_code=status, media_type="application/json", headers={"cache-control": "private, no-cache", **(headers or {})}
    )


def case_answer(body: dict[str, Any], if_none_match: str | None) -> Response:
    """A case, or that the asker has it already."""
    tag = etag(body["version"], body)
    if same_etag(if_none_match, tag):
        return Response(status_code=304, headers={"etag": tag, "cache-control": "private, no-cache"})
    return json_answer(body, {"etag": tag})


def carried_out(asked: Asked, receipt: Receipt, *, dry_run: bool) -> Response:
    """The answer to an act on a case; one that was written has its record in the history."""
    if not dry_run and not receipt.replayed:
        setattr(asked.request.state, IN_HISTORY, True)
    return acted_response(receipt, dry_run=dry_run)


def acted_response(receipt: Receipt, *, dry_run: bool, created: bool = False, **headers: str) -> Response:
    """The answer to an act: 201 for a new case, 202 for what awaits a second person, else 200."""
    status = 201 if created else 202 if receipt.confirmation and not dry_run else 200
    if receipt.replayed:
        headers["idempotency-replayed"] = "true"
    body = orjson.dumps(receipt_json(receipt, dry_run=dry_run))
    headers = {"etag": etag(receipt.version), "cache-control": "no-store", **headers}
    return Response(body, status_code=status, media_type="application/json", headers=headers)


# The body of each event, for the description.


def schema_of(field: Field) -> dict[str, Any]:  # noqa: PLR0911 - one line a kind
    """A field of a form, for the description."""
    told: dict[str, Any] = {"description": f"{words('vi').label('field', field.name)} · {words('en').label('field', field.name)}"}
    match field.kind:
        case Kind.INTEGER:
            return {"type": "integer", "minimum": field.low, "maximum": field.high, **told}
        case Kind.FLAG:
            return {"type": "boolean", **told}
        case Kind.CHOICE:
            return {"type": "string", "enum": list(field.options), **told}
        case Kind.CHOICES:
            return {"type": "array", "items": {"type": "string", "enum": list(field.options)}, "uniqueItems": True, **told}
        case Kind.DATE:
            return {"type": "string", "format": "date", **told}
        case Kind.SCORE:
            return {"type": ["string", "integer"], "examples": ["161/2", "80.5"], **told}
        case Kind.FIGURE:
            return {"type": "string", "examples": ["12", "87,5"], **told}
    return {"type": "string", "minLength": 1, **told}


_EXAMPLES: Mapping[Kind, Any] = {
    Kind.TEXT: "…", Kind.CODE: "12/QĐ-UBND", Kind.INTEGER: 1, Kind.SCORE: "161/2", Kind.DATE: "2021-07-08", Kind.FLAG: True,
}  # fmt: skip


def _example(fields: Mapping[str, Field], *, reason: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields.values():
        if field.required:
            options = field.options
            found[field.name] = [options[0]] if field.kind in _PLURAL else options[0] if options else _EXAMPLES[field.kind]
    return {**found, **({"reason": "…"} if reason else {})}


def body_of_event() -> dict[str, Any]:
    """The bodies of all events, as the charts declare them, each with an example."""
    shapes, examples = [], {}
    for event in Event:
        rules = [rule for chart in all_charts() for rule in chart.rules if rule.event is event and rule.duty is not Duty.AUTOMATIC]
        if not rules or event is Event.REGISTER:
            continue
        fields = {field.name: field for rule in rules for field in rule.payload}
        always = [name for name in fields if all(any(f.name == name and f.required for f in rule.payload) for rule in rules)]
        reason = all(rule.reason for rule in rules)
        title = f"{event}: {words('vi').name(event)} · {words('en').name(event)}"
        common = {"$ref": "#/components/schemas/ActGiven"}
        own = {"type": "object", "title": title, "properties": {name: schema_of(f) for name, f in fields.items()}}
        if required := [*always, *(["reason"] if reason else [])]:
            own["required"] = required
        shapes.append({"title": title, "allOf": [common, own]})
        examples[str(event)] = {"summary": title, "value": _example({n: fields[n] for n in always}, reason=reason)}
    return {"required": True, "content": {"application/json": {"schema": {"anyOf": shapes}, "examples": examples}}}
