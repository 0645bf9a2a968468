"""Reads what comes in with a command, strictly and before anything is judged on it. Pure."""

import re
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from states.chart import Rule
from states.errors import MalformedInput, PayloadInvalid, Problem
from states.facts import Result
from states.forms import PAPER
from states.payload import MAX_TEXT, Field, clean, read_payload
from states.regime import local_date
from states.vocabulary import Event
from workflow.commands import Command

COMMAND_ID = re.compile(r"[A-Za-z0-9.:_/-]{1,200}")
_MAX_CODE = 200
_DATES = ("_date", "published_on", "served_on")
_RESTS_ON_RESULT = frozenset({Event.CERTIFY, Event.FALL_BACK, Event.NOMINATE, Event.REEVALUATE})


def checked(command: Command) -> Command:
    """The command with its own texts cleaned.

    Raises:
        MalformedInput: ``instant_without_zone`` of ``acted_on``; ``command_malformed``: the id stands in the hashed text, so nothing that could be a name fits in.
        PayloadInvalid: The reason, or a code, has characters that cannot be kept.
    """
    if command.acted_on is not None and command.acted_on.utcoffset() is None:
        raise MalformedInput("instant_without_zone", value=command.acted_on.isoformat())
    if not COMMAND_ID.fullmatch(command.id):
        raise MalformedInput("command_malformed", name=repr(command.id[:40]))
    problems = []
    reason = None
    try:
        reason = clean(command.reason).strip() or None if command.reason is not None else None
        if reason and len(reason) > MAX_TEXT:
            problems.append(Problem("/reason", "too_long"))
    except ValueError as error:
        problems.append(Problem("/reason", str(error)))
    for name, code in (("case", command.case), ("actor", command.actor)):
        try:
            if len(clean(code)) > _MAX_CODE:
                problems.append(Problem(f"/{name}", "too_long"))
        except ValueError as error:
            problems.append(Problem(f"/{name}", str(error)))
    if problems:
        raise PayloadInvalid(problems, event=command.event)
    return command if reason == command.reason else replace(command, reason=reason)


def payload_of(rule: Rule, command: Command, received: datetime, result: Result | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    """The payload of a rule.

    Args:
        rule: Its fields are asked for.
        command: What came in.
        received: No date of a paper may lie after its local day; the minutes of a meeting may be signed after it.
        result: What a decision rests on; the decision may not be older.

    Returns:
        ``(data, texts)`` as :func:`states.payload.read_payload`.

    Raises:
        PayloadInvalid: With every problem.
    """
    data: dict[str, Any] = {}
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    try:
        data, texts = read_payload(_fields(rule, command), command.payload)
    except PayloadInvalid as invalid:
        problems += invalid.problems
    today = local_date(received).isoformat()
    problems += [Problem(f"/{name}", "in_future") for name, value in data.items() if name.endswith(_DATES) and str(value) > today]
    if rule.reason and not command.reason:
        problems.append(Problem("/reason", "reason_required"))
    if command.on_behalf_of is not None and not any(name.endswith("_no") for name in data):
        problems.append(Problem("/document_no", "document_required"))
    if rule.event in _RESTS_ON_RESULT and _older(data.get("decision_date"), result):
        problems.append(Problem("/decision_date", "before_result"))
    if rule.event is Event.REGISTER and data.get("kind") == "first" and "certificate" in data:
        problems.append(Problem("/certificate", "not_for_first"))
    if problems:
        raise PayloadInvalid(problems, event=command.event)
    return data, texts


def _fields(rule: Rule, command: Command) -> tuple[Field, ...]:
    """Fields of a rule; an act typed from paper names its document, where the rule has no document of its own."""
    names = {field.name for field in rule.payload}
    own = any(name.endswith("_no") and f"{name.removesuffix('_no')}_date" in names for name in names)
    return rule.payload if own or command.acted_on is None else (*rule.payload, *PAPER)


def _older(decided: object, result: Result | None) -> bool:
    return isinstance(decided, str) and result is not None and result.on is not None and date.fromisoformat(decided) < result.on
