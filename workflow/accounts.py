"""What identity keeps: accounts, one-time links, sessions, tokens, attempts to sign in, and who read what. Rows and the port; no rules.

Secrets never lie here as they are handed out: passwords as argon2id, links, sessions and tokens as SHA-256 of 256 random bits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """How a person signs in. A person has at most one account; functions are held by the person, not by the account.

    Attributes:
        login: Unique, as typed but folded (NFC, lower case).
        password: argon2id in PHC form; None until a link has been used, and for those who sign in elsewhere.
        totp: The sealed secret of the second factor; None until it is enrolled.
        totp_step: Number of the last period whose code was used.
        issuer, subject: Who vouches for the person under which name, where an identity provider does.
        reset_by: Who took the second factor away last; cleared when a new one is enrolled.
    """

    person: str
    login: str
    password: str | None = None
    totp: bytes | None = None
    totp_step: int = 0
    issuer: str | None = None
    subject: str | None = None
    reset_by: str | None = None
    disabled_at: datetime | None = None
    created_by: str
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A one-time link to choose a password, by the hash of its token."""

    hash: bytes
    person: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A sign-in of a browser, by the hash of its id. ``strong``: the second factor was shown; ``whole``: nothing more is asked for."""

    hash: bytes
    person: str
    via: str
    strong: bool
    whole: bool
    source: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token for programs; ``scopes`` are words with a space between."""

    id: str
    hash: bytes
    person: str
    name: str
    scopes: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """An attempt to sign in: the login as a digest, because people type passwords there, the source, and what became of it."""

    login: bytes
    source: str
    at: datetime
    outcome: str
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRow:
    """Who read or did what, with personal or sealed data or with an account; only ever added to."""

    at: datetime
    person: str
    via: str
    kind: str
    subject: str
    detail: str
    request: str
    id: int = 0


Kept = AccountRow | LinkRow | SessionRow | TokenRow | AttemptRow | AccessRow
R = TypeVar("R", AccountRow, LinkRow, SessionRow, TokenRow, AttemptRow, AccessRow)
Where = Mapping[str, Any]


class Overtaken(Exception):
    """Nothing was written: something that had to be there or to be as it was is no longer so."""


@dataclass(frozen=True, slots=True)
class Add:
    """A row to be added, which may not be there yet."""

    row: Kept


@dataclass(frozen=True, slots=True)
class Put:
    """Columns to be set in the rows that match (None matches what is empty).

    Attributes:
        ends: Somebody can ask for nothing by these any more, so that the epoch rises with it (:mod:`workflow.credentials`).
        must: There has to be one.
    """

    kind: type[Kept]
    where: Where
    values: Where
    ends: bool = False
    must: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What a cookie or token stands for, and the registry's epoch at that moment."""

    row: SessionRow | TokenRow
    account: AccountRow | None
    epoch: int


class IdentityShelf(Protocol):
    """Storage of the rows above. Every writing call is one durable transaction."""

    def carry_out(self, steps: Sequence[Add | Put], *, asked: bool = True) -> list[int]:
        """All of them in one durable transaction; how many rows each concerned.

        Args:
            steps: In the order of accounts, links, sessions, tokens, records, so that nobody waits for each other.
            asked: By the person of the present request, whose credential has to stand at this moment.

        Raises:
            Overtaken: A row was there already, or one that had to be there was not; nothing was written.
            RightsMoved, CycleError: As :func:`workflow.store.base.Base._asked`.
        """

    def add(self, row: Kept) -> bool:
        """Add a row; False where its key is there already."""

    def change(self, kind: type[R], where: Where, values: Where) -> int:
        """Set columns of the rows that match (None matches what is empty); how many did."""

    def find(
        self, kind: type[R], where: Where | None = None, *, since: datetime | None = None, before: int | None = None, limit: int = 1000
    ) -> list[R]:
        """Rows that match: accounts by person, everything else newest first; ``before`` is the id of the last row of the page before."""

    def forget_attempts(self, before: datetime) -> int:
        """Remove attempts to sign in that are older."""

    def forget_over(self, kind: type[SessionRow | LinkRow | AccessRow], before: datetime, limit: int) -> int:
        """Remove at most ``limit`` sessions or links that ended, or records of reads that were written, before an instant; how many."""

    def add_each(self, rows: Sequence[AccessRow]) -> None:
        """Add records in one durable transaction."""

    def sessions(self, hashes: Sequence[bytes]) -> dict[bytes, Known]:
        """Several at once, as :meth:`session`."""

    def session(self, hash_: bytes) -> Known | None:
        """A session by the hash of its id, with the account of its person (None where it has none)."""

    def token(self, hash_: bytes) -> Known | None:
        """A token by its hash, with the account of its person."""
