"""What is asked of the engine, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from states.chart import Offer, Seat
from states.values import quickly
from states.vocabulary import CaseState, Event

SYSTEM = "system"
"""The code under which the system itself acts."""


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An event asked for on a case.

    Attributes:
        id: Command id (idempotency key): the same id on the same case is carried out once.
        case: Case code; for ``register`` the product's code.
        event: What is to happen.
        actor: Person code.
        payload: Fields of the rule, JSON-like values.
        reason: Written reason, where the rule asks for one.
        expected_version: Version that the asker has seen; None if none was.
        received_at: Instant of receipt of the full request; None for the clock's now.
        acted_on: When the act was done on paper, aware; None for an act that counts from its receipt.
        on_behalf_of: The seat whose act on paper is recorded by somebody else.
        via: The way in (``cli``, ``api``, ``season`` …).
        digest: Fingerprint of what was asked, in hex, where the way in wants the id bound to it; kept behind a commitment.
    """

    id: str
    case: str
    event: Event
    actor: str
    payload: Mapping[str, object] = field(default_factory=dict)
    reason: str | None = None
    expected_version: int | None = None
    received_at: datetime | None = None
    acted_on: datetime | None = None
    on_behalf_of: Seat | None = None
    via: str = "api"
    digest: str | None = None


def fingerprint(*asked: object) -> str:
    """Fingerprint in hex of what was asked, whatever the order of its members: what a command id is bound to, by every way in."""
    return sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a command.

    Attributes:
        seq: Number of the history entry.
        leaf_hash: Its leaf hash in hex, the asker's proof.
        replayed: Whether the command had been carried out before.
        settled: Events of the system that fell due before and were applied first.
        notes: Codes worth telling: ``late:<stage>``, ``floors_not_applied``, ``floor_missed`` …
        confirmation: Under which id the act waits for a second person's word; None where it has been carried out.
    """

    case: str
    seq: int
    leaf_hash: str
    event: str
    source: str | None
    state: CaseState
    version: int
    effective_at: datetime
    replayed: bool = False
    settled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    confirmation: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """A case as one person may act on it now: state, version, and every event with its reasons."""

    case: str
    state: CaseState
    version: int
    offers: tuple[Offer, ...]
    memo: Mapping[str, Any]
