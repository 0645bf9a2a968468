"""The history entry: what is hashed of one act on one subject, and its canonical text.

In the text ``from_`` is ``from``, times are RFC 3339 in UTC with microseconds and ``Z``, hashes are lower-case hex. A key whose value
is None or empty is left out, so that every entry has exactly one text; no ``from`` marks a creation. :func:`parse` refuses any text
that :func:`seal` would not have written.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import orjson

from states.errors import MalformedInput
from states.values import quickly
from workflow.ledger.canonical import NotCanonical, canonical
from workflow.ledger.merkle import leaf_hash
from workflow.rows import StoredEntry, SubjectKind

VERSION = 1
OUTCOMES = frozenset({"done", "denied"})


class EntryMalformed(MalformedInput):
    """An entry that cannot be written, or a text that is none.

    Detail: ``pointer`` (JSON pointer) and ``problem``, one of ``not_json``, ``unknown_key``, ``missing_key``, ``value``,
    ``naive_time``, ``not_canonical``.
    """

    code = "entry_malformed"


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class ActorRef:
    """Who acted, by pseudonymous code: the function at a level in a unit, and the body that it was recorded for, if another.

    ``principal`` is the person whose function it was, and ``delegation`` the code of what gave it, where somebody acts for another.
    """

    id: str
    function: str
    level: str | None = None
    unit: str | None = None
    on_behalf_of: str | None = None
    principal: str | None = None
    delegation: str | None = None


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act on one subject, as hashed. Names and free text are not here, but behind :attr:`commit`.

    Attributes:
        v: Version of this format.
        log: Identity of the log, so that an entry cannot be moved to another installation.
        case: Code of the subject, whatever its ``kind``.
        case_seq: Number of the entry within its subject, from 1.
        chart: SHA-256 in hex of the definition that it was judged by.
        clause: The legal clause.
        outcome: ``done`` or ``denied``.
        from_: State before; None for a creation.
        effective_at: When it counts in law; ``received_at`` when it came in, ``acted_on`` when it was done on paper, ``recorded_at``
            when it was written down. All aware.
        round: Change of the rounds that the case belongs to.
        terms: Deadlines that begin and end with it, under ``open`` and ``close``.
        set: Further changes of the projection, as JSON values.
        data: The payload: numbers, enumerations, dates and codes.
        reasons: Codes of the refusals of a denied act.
        commit: Commitments by field, SHA-256 in hex.
        files: Evidence, by id, size, type and commitment to the content.
        corrects: Number of the entry of the same subject that this one corrects.
        command: Command id; once per subject, but for denied ones.
        prev: Leaf hash in hex of the subject's previous entry, 64 zeros for the first.
    """

    v: int = VERSION
    log: str
    kind: SubjectKind
    case: str
    case_seq: int
    attempt: int | None = None
    regime: str | None = None
    chart: str | None = None
    clause: str | None = None
    event: str
    outcome: str = "done"
    from_: str | None = None
    to: str | None = None
    result: dict[str, Any] | None = field(default=None, hash=False)
    actor: ActorRef | None = None
    duty: str | None = None
    effective_at: datetime
    received_at: datetime | None = None
    acted_on: datetime | None = None
    recorded_at: datetime
    round: dict[str, Any] | None = field(default=None, hash=False)
    terms: dict[str, list[Any]] | None = field(default=None, hash=False)
    set: dict[str, Any] = field(default_factory=dict, hash=False)
    data: dict[str, Any] = field(default_factory=dict, hash=False)
    reasons: tuple[str, ...] = ()
    commit: dict[str, str] = field(default_factory=dict, hash=False)
    files: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    corrects: int | None = None
    command: str
    prev: str


def seal(entry: Entry) -> tuple[str, bytes]:
    """Write an entry down.

    Returns:
        The canonical text, and its leaf hash (32 bytes).

    Raises:
        EntryMalformed: A field has the wrong type or range, or a time is naive.
        NotCanonical: A value inside has no canonical text.
    """
    members = _members(entry)
    _check(members)
    body = canonical(members)
    return body.decode(), leaf_hash(body)


def store_form(entry: Entry, opening: str | None = None) -> StoredEntry:
    """Seal an entry and lay it out as it is stored.

    Raises:
        EntryMalformed, NotCanonical: As :func:`seal`.
    """
    body, leaf = seal(entry)
    return StoredEntry(
        kind=entry.kind,
        subject=entry.case,
        seq=entry.case_seq,
        command=entry.command,
        event=entry.event,
        recorded_at=entry.recorded_at,
        body=body,
        leaf_hash=leaf,
        opening=opening,
    )


def parse(body: str) -> Entry:
    """Read a canonical text back; ``parse(seal(entry)[0]) == entry``.

    Raises:
        EntryMalformed: Anything that :func:`seal` would not have written.
    """
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise EntryMalformed(pointer="", problem="not_json") from error
    validate(members, body.encode())
    members["kind"] = SubjectKind(members["kind"])
    for name in _TIMES:
        if name in members:
            members[name] = datetime.fromisoformat(members[name])
    for name in _LISTS:
        if name in members:
            members[name] = tuple(members[name])
    if "actor" in members:
        members["actor"] = ActorRef(**members["actor"])
    if "from" in members:
        members["from_"] = members.pop("from")
    return Entry(**members)


def validate(members: object, body: bytes) -> None:
    """Check that members read from a text are those of an entry, and the text their canonical one.

    Raises:
        EntryMalformed: They are not.
    """
    if not isinstance(members, dict):
        raise EntryMalformed(pointer="", problem="value")
    _check(members)
    for name in _TIMES:
        if name in members:
            _check_time(name, members[name])
    try:
        same = canonical(members) == body
    except NotCanonical as error:
        raise EntryMalformed(pointer=error.detail["pointer"], problem="not_canonical") from error
    if not same:
        raise EntryMalformed(pointer="", problem="not_canonical")


def _check_time(name: str, text: str) -> None:
    try:
        same = time_text(datetime.fromisoformat(text)) == text
    except (ValueError, EntryMalformed):
        same = False
    if not same:
        raise EntryMalformed(pointer=f"/{name}", problem="value")


def time_text(instant: datetime) -> str:
    """Write an instant as the hashed text has it, for example ``2021-07-09T17:00:00.000000Z``.

    Raises:
        EntryMalformed: The instant is naive, or in UTC not within the years 1 to 9999.
    """
    if instant.tzinfo is not UTC:
        if instant.utcoffset() is None:
            raise EntryMalformed(pointer="", problem="naive_time")
        try:
            instant = instant.astimezone(UTC)
        except OverflowError as error:
            raise EntryMalformed(pointer="", problem="value") from error
    text = orjson.dumps(instant, option=orjson.OPT_UTC_Z).decode()[1:-1]  # a third of the cost of isoformat
    return text if len(text) == _TIME_SIZE else text[:-1] + ".000000Z"


def _members(entry: Entry) -> dict[str, Any]:
    """Lay out the members of the text, in order of their keys, which spares the sorting."""
    given = zip(_KEYS, _attributes(entry), strict=True)
    members = {name: value for name, value in given if value is not None and (value or value in _FALSY_VALUES)}
    for name in _TIMES:
        if name in members:
            members[name] = _time_of(name, members[name])
    for name in _LISTS:
        if name in members:
            members[name] = list(members[name])
    actor = members.get("actor")
    if actor is not None:
        members["actor"] = _actor_of(actor)
    return members


def _time_of(name: str, instant: object) -> str:
    if not isinstance(instant, datetime):
        raise EntryMalformed(pointer=f"/{name}", problem="value")
    try:
        return time_text(instant)
    except EntryMalformed as error:
        raise EntryMalformed(pointer=f"/{name}", problem=error.detail["problem"]) from error


def _actor_of(actor: object) -> dict[str, str]:
    if not isinstance(actor, ActorRef):
        raise EntryMalformed(pointer="/actor", problem="value")
    return {name: value for name, value in zip(_ACTOR_KEYS, _actor_attributes(actor), strict=True) if value is not None}


def _check(members: dict[str, Any]) -> None:
    for name, value in members.items():
        test = _TESTS.get(name)
        if test is None:
            raise EntryMalformed(pointer=f"/{name}", problem="unknown_key")
        if not test(value):
            raise EntryMalformed(pointer=f"/{name}", problem="value")
    if not _REQUIRED.issubset(members):
        raise EntryMalformed(pointer=f"/{min(_REQUIRED - members.keys())}", problem="missing_key")


def _text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _hash(value: object) -> bool:
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def _count(value: object) -> bool:
    return type(value) is int and value > 0


def _object(value: object) -> bool:
    return type(value) is dict and bool(value)


def _terms(value: object) -> bool:
    return type(value) is dict and bool(value) and value.keys() <= {"open", "close"} and all(type(each) is list for each in value.values())


def _actor(value: object) -> bool:
    return (
        type(value) is dict
        and value.keys() <= _ACTOR_SET
        and "id" in value
        and "function" in value
        and all(isinstance(each, str) and each != "" for each in value.values())
    )


def _commitments(value: object) -> bool:
    return type(value) is dict and bool(value) and all(map(_hash, value.values()))


def _reasons(value: object) -> bool:
    return type(value) is list and bool(value) and all(map(_text, value))


def _files(value: object) -> bool:
    return type(value) is list and bool(value) and all(map(_object, value))


_HASH = re.compile("[0-9a-f]{64}")
_TIME_SIZE = len("2021-07-09T17:00:00.000000Z")
_KINDS = frozenset(SubjectKind)
_TIMES = ("acted_on", "effective_at", "received_at", "recorded_at")
_LISTS = ("files", "reasons")
_FALSY_VALUES = (0, "")  # these are not "nothing": they are written, or refused
_REQUIRED = frozenset({"v", "log", "kind", "case", "case_seq", "event", "outcome", "effective_at", "recorded_at", "command", "prev"})
_TESTS: dict[str, Callable[[Any], bool]] = {
    "acted_on": _text,
    "actor": _actor,
    "attempt": lambda value: type(value) is int and value >= 0,
    "case": _text,
    "case_seq": _count,
    "chart": _hash,
    "clause": _text,
    "command": _text,
    "commit": _commitments,
    "corrects": _count,
    "data": _object,
    "duty": _text,
    "effective_at": _text,
    "event": _text,
    "files": _files,
    "from": _text,
    "kind": lambda value: isinstance(value, str) and value in _KINDS,
    "log": _text,
    "outcome": lambda value: isinstance(value, str) and value in OUTCOMES,
    "prev": _hash,
    "reasons": _reasons,
    "received_at": _text,
    "recorded_at": _text,
    "regime": _text,
    "result": _object,
    "round": _object,
    "set": _object,
    "terms": _terms,
    "to": _text,
    "v": lambda value: type(value) is int and value == VERSION,
}
_KEYS = tuple(_TESTS)
_attributes = attrgetter(*("from_" if name == "from" else name for name in _KEYS))
_ACTOR_KEYS = ("delegation", "function", "id", "level", "on_behalf_of", "principal", "unit")
_ACTOR_SET = frozenset(_ACTOR_KEYS)
_actor_attributes = attrgetter(*_ACTOR_KEYS)
