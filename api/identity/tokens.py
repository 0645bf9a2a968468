"""Secrets that are handed out once, and tokens for programs: scoped, dated, revocable, kept as a hash."""

import hashlib
import secrets
from collections.abc import Callable, Iterable
from datetime import timedelta

from states.errors import NotFound, PayloadInvalid, Problem
from states.payload import clean
from workflow.accounts import Add, IdentityShelf, Known, Put, TokenRow
from workflow.clock import Clock

READ, WRITE, ADMIN = "read", "write", "admin"
SCOPES = frozenset({READ, WRITE, ADMIN})
LONGEST, LONGEST_OF_DECIDERS = timedelta(days=365), timedelta(days=90)
AT_MOST = 20
PREFIX = "ocop_"
_USED_EVERY = timedelta(minutes=5)
_MAX_NAME = 80


def secret_text() -> str:
    """256 random bits as text that fits into addresses and headers."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is kept of a secret. It has too many bits to be guessed, so that a fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


class Tokens:
    """Tokens of people for their programs."""

    def __init__(self, shelf: IdentityShelf, clock: Clock) -> None:
        """Keep them on a shelf, dated by a clock."""
        self._shelf = shelf
        self._clock = clock

    def create(  # noqa: PLR0913
        self,
        person: str,
        name: str,
        scopes: Iterable[str],
        days: int,
        *,
        decides: bool,
        record: Callable[[TokenRow], Add] | None = None,
    ) -> tuple[str, TokenRow]:
        """A new token, shown this once.

        Args:
            person: Person code.
            name: What it is for, as the person will recognise it.
            scopes: Of :data:`SCOPES`; ``read`` is part of every token.
            days: How long it lives.
            decides: Whether the person holds a function that asks for a second factor.
            record: Makes what is written down of it.

        Raises:
            PayloadInvalid: A name, scope or length of life that cannot be.
        """
        wanted = {READ, *scopes}
        longest = LONGEST_OF_DECIDERS if decides else LONGEST
        problems = [
            Problem("/scopes", "unknown_value", {"value": s[:40], "known": ", ".join(sorted(SCOPES))}) for s in sorted(wanted - SCOPES)
        ]
        try:
            said = clean(name).strip()
        except ValueError as error:
            problems.append(Problem("/name", str(error)))
        else:
            if not said or len(said) > _MAX_NAME:
                problems.append(Problem("/name", "too_long" if said else "empty"))
        if not 1 <= days <= longest.days:
            problems.append(Problem("/days", "out_of_range", {"low": 1, "high": longest.days}))
        if len([row for row in self.of(person) if self._lives(row)]) >= AT_MOST:
            problems.append(Problem("/name", "too_many", {"count": AT_MOST + 1, "limit": AT_MOST}))
        if problems:
            raise PayloadInvalid(problems, event="token")
        now = self._clock.now()
        id_ = secrets.token_hex(6)
        secret = f"{PREFIX}{id_}_{secret_text()}"
        row = TokenRow(
            id=id_, hash=digest(secret), person=person, name=said, scopes=" ".join(sorted(wanted)), created_at=now,
            expires_at=now + timedelta(days=days),
        )  # fmt: skip
        self._shelf.carry_out([Add(row), *([record(row)] if record else [])])
        return secret, row

    def of(self, person: str) -> list[TokenRow]:
        """A person's tokens, newest first, dead ones too."""
        return self._shelf.find(TokenRow, {"person": person})

    def revoke(self, id_: str, *records: Add, person: str) -> TokenRow:
        """End a token of a person, and write down that it was; once more changes nothing.

        Raises:
            NotFound: The person has no such token.
        """
        found = self._shelf.find(TokenRow, {"id": id_, "person": person})
        if not found:
            raise NotFound(what="token", name=id_)
        self._shelf.carry_out([Put(TokenRow, {"id": id_, "revoked_at": None}, {"revoked_at": self._clock.now()}, ends=True), *records])
        return found[0]

    def ending_all(self, person: str) -> Put:
        """The end of all of a person, to be carried out."""
        return Put(TokenRow, {"person": person, "revoked_at": None}, {"revoked_at": self._clock.now()}, ends=True)

    def known(self, secret: str) -> Known | None:
        """What a token stands for, while it lives and its person's account does."""
        if not secret.startswith(PREFIX):
            return None
        found = self._shelf.token(digest(secret))
        if found is None or not isinstance(found.row, TokenRow) or not self._lives(found.row):
            return None
        if found.account is not None and found.account.disabled_at is not None:
            return None
        return found

    def unused(self, row: TokenRow) -> bool:
        """Whether it is time to note that a token is in use."""
        return row.used_at is None or self._clock.now() - row.used_at > _USED_EVERY

    def used(self, row: TokenRow) -> None:
        """Note that a token is in use."""
        self._shelf.change(TokenRow, {"id": row.id}, {"used_at": self._clock.now()})

    def _lives(self, row: TokenRow) -> bool:
        return row.revoked_at is None and self._clock.now() < row.expires_at
