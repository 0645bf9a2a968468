"""Rows of the service's own work, which no history keeps: answers given to requests, and operations on many cases."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class BulkState(StrEnum):
    """Where an operation on many cases stands."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Fate(StrEnum):
    """What became of one case of an operation."""

    PENDING = "pending"
    MOVED = "moved"
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    CONFLICT = "conflict"
    ERROR = "error"


RETRIED = (Fate.BLOCKED, Fate.CONFLICT, Fate.ERROR)
"""What another try may turn out otherwise for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """An answer to a write, kept under the command id of its request.

    Attributes:
        digest: Fingerprint of what was asked.
        headers: Those that belong to the answer.
    """

    command: str
    digest: str
    status: int
    headers: dict[str, str]
    body: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOperation:
    """One event asked for on many cases by one person.

    Attributes:
        payload: Fields of the event, the same for every case.
        request: Id of the request that began it.
        credential: What its owner was let in by when it was begun or last tried again, as :class:`workflow.credentials.Credential` names it.
    """

    id: str
    person: str
    event: str
    payload: dict[str, Any]
    reason: str | None
    state: BulkState
    created_at: datetime
    total: int
    request: str | None
    credential: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkItem:
    """One case of an operation.

    Attributes:
        version: That its asker saw; None for whatever it is when its turn comes.
        tries: How often it was tried again; part of its command id.
        told: What it was told: a receipt, or an error with its reasons, as JSON values.
    """

    operation: str
    number: int
    case: str
    version: int | None
    tries: int
    fate: Fate
    told: dict[str, Any] | None
