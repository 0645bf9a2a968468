"""What every route needs of a request: the runtime, the caller, the instant of receipt, the version seen and the idempotency key."""

import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from time import sleep
from typing import Annotated, Any

import orjson
from fastapi import Header
from starlette.requests import Request

from api.bootstrap import Runtime
from api.caller import Caller, caller_of
from api.problems import KeyMissing, ScopeMissing, VersionMissing, language_of
from api.strict import RequestInvalid
from states.errors import CycleError, EventRefused, MalformedInput, NotAllowed, NotFound, Problem, StaleCase, StoreUnsafe
from states.regime import local_date
from states.words import Language
from workflow.access import Place, visible
from workflow.commands import Command, Receipt
from workflow.commands import fingerprint as fingerprint_of
from workflow.judging import place_of
from workflow.ports import LoadedCase
from workflow.registry import Registry

READ, WRITE = "read", "write"
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")
_ETAG = re.compile(r'"(\d{1,9})(?:\.[0-9a-f]{1,64})?"')
_IN_DOUBT = frozenset({"commit_failed", "database_unavailable"})
_AGAIN = (0.0, 0.1, 0.4)
NOWHERE = Place("", "", "", {})
"""Where a case lies that is not there."""

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="ETag của phiên bản đã xem · the ETag that you have seen", examples=['"3"'])
]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", description="ETag đã có · the ETag that you have")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Mã do bên gửi đặt, gửi lại không bị ghi hai lần · your own id for this request",
        examples=["7f0c1b9e-1"],
    ),
]


class CommitInDoubt(StoreUnsafe):
    """The database was lost while it was writing, and could not be asked since."""

    code = "commit_in_doubt"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the routes see it."""

    run: Runtime
    caller: Caller
    request: Request
    received: datetime
    language: Language

    @property
    def today(self) -> date:
        """The local day of the receipt."""
        return local_date(self.received)

    @property
    def registry(self) -> Registry:
        """Units, people and functions, as they are now."""
        return self.run.engine.world(fresh=True).registry


def ask(request: Request, scope: str = READ) -> Asked:
    """The request of somebody who may ask at all.

    Raises:
        Unidentified: Nobody knows who asks.
        ScopeMissing: The token is not made for this.
    """
    caller = caller_of(request)
    if scope not in caller.scopes:
        raise ScopeMissing(scope=scope)
    run: Runtime = request.app.state.runtime
    received = request.scope["state"].get("received")  # There is a state, since the caller stands in it.
    return Asked(run, caller, request, received or run.clock.now(), language_of(request))


def version_seen(if_match: str | None) -> int:
    """The version that a writer has seen.

    Raises:
        VersionMissing: It is not said; ``*`` says nothing.
        RequestInvalid: It is no ETag of ours.
    """
    if if_match is None or if_match.strip() in {"", "*"}:
        raise VersionMissing(given=if_match or "–")
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise RequestInvalid([Problem("/If-Match", "not_an_etag")])
    return int(match[1])


def command_id(caller: Caller, key: str | None) -> str:
    """The command id of a request: of this person and this key, and of nobody else's.

    Raises:
        KeyMissing: There is no key, or one that is not 1 to 200 printable ASCII characters.
    """
    if key is None or not _KEY.fullmatch(key):
        raise KeyMissing
    return "http:" + sha256(f"{caller.person}\0{key}".encode()).hexdigest()[:40]


def fingerprint(request: Request, values: object) -> str:
    """Fingerprint of what was asked: method, path, and the values of the body whatever their order."""
    return fingerprint_of(request.method, request.scope["path"], values)


def etag(version: int, body: object | None = None) -> str:
    """The ETag of a version; with a body also of everything else that is shown, such as names."""
    if body is None:
        return f'"{version}"'
    return f'"{version}.{sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()[:12]}"'


def same_etag(if_none_match: str | None, current: str) -> bool:
    """Whether the asker has this already."""
    if if_none_match is None:
        return False
    given = [part.strip().removeprefix("W/") for part in if_none_match[:2000].split(",")]
    return any(part == "*" or hmac.compare_digest(part.encode(), current.encode()) for part in given)


def visible_case(asked: Asked, code: str) -> LoadedCase:
    """A case that the caller may see.

    Raises:
        NotFound: There is none, or it lies elsewhere: the same words after the same work.
    """
    registry = asked.registry
    loaded = asked.run.store.load_case(code, "")
    registry.person(asked.caller.person)
    seen = visible(registry, asked.caller.person, place_of(loaded.case) if loaded else NOWHERE, asked.today)
    if loaded is None or not seen:
        raise NotFound(what="case", name=code)
    return loaded


def _standing(asked: Asked, code: str) -> dict[str, Any] | None:
    loaded = asked.run.store.load_case(code, "")
    if loaded is None:
        return None
    row = loaded.case
    return {
        "code": row.code, "state": str(row.state), "version": row.version, "attempt": row.attempt,
        "round": row.round, "etag": etag(row.version),
    }  # fmt: skip


@contextmanager
def showing_case(asked: Asked, code: str) -> Iterator[None]:
    """A refusal inside carries the case as it is now. Whoever may not see it is told that there is none."""
    try:
        yield
    except MalformedInput as refusal:
        if refusal.code != "command_reused":
            raise
        # Its sender knows the key, not the id that was made from it.
        key = asked.request.headers.get("idempotency-key")
        raise MalformedInput("command_reused", command=key, case=refusal.detail["case"]) from None
    except (EventRefused, NotAllowed, StaleCase) as refusal:
        if not isinstance(refusal, NotAllowed) or refusal.detail.get("state") is not None:
            asked.request.state.case = _standing(asked, code)
        raise


def surely(run: Runtime, command: Command, *, dry_run: bool = False) -> Receipt:
    """Carry out a command; where the database was lost on the way, find out whether it was written before anybody is answered.

    Asking again is looking up by the command's id on a new connection, and doing it where it is not there: the id makes that harmless.

    Raises:
        CommitInDoubt: It could not be found out.
        CycleError: As :meth:`workflow.perform.Engine.perform`.
    """
    try:
        return run.engine.perform(command, dry_run=dry_run)
    except StoreUnsafe as lost:
        if dry_run:
            raise
        return found_out(run, command, lost)


def found_out(run: Runtime, command: Command, lost: StoreUnsafe) -> Receipt:
    """What became of a command on whose way the database was lost; it is carried out where it was not.

    Raises:
        StoreUnsafe: The database was not lost; it cannot be written at all.
        CommitInDoubt, CycleError: As :func:`surely`.
    """
    if lost.code not in _IN_DOUBT:
        raise lost
    fault: CycleError = lost
    for pause in _AGAIN:
        sleep(pause)
        try:
            return replace(run.engine.perform(command), replayed=False)
        except StoreUnsafe as again:
            fault = again
    raise CommitInDoubt from fault
