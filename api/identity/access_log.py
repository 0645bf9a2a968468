"""Who read and did what with personal or sealed data, and with accounts. Only ever added to; readable by auditors, which is written down too."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from unicodedata import normalize

from starlette.datastructures import QueryParams

from workflow.accounts import AccessRow, Add, IdentityShelf
from workflow.clock import Clock

ONCE_IN = timedelta(minutes=5)
"""The same person reading the same thing again within this time is one record."""
_REMEMBERED = 10_000
_MAX_DETAIL = 12_000
"""Longer than every question that a route knows, each value at its longest, so that none pushes another out."""
_MAX_VALUE = 200
"""As long as what may be searched for."""
_MAX_SUBJECT = 200


class Access(StrEnum):
    """What was read or done."""

    CASE = "case"
    HISTORY = "history"
    CASES = "cases"
    REGISTER = "register"
    PEOPLE = "people"
    RECORD = "record"
    LETTERS = "letters"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    LINK_GIVEN = "link_given"
    LINK_USED = "link_used"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - no password
    SECOND_FACTOR_ENROLLED = "second_factor_enrolled"
    SECOND_FACTOR_RESET = "second_factor_reset"
    SESSIONS_ENDED = "sessions_ended"
    TOKEN_CREATED = "token_created"  # noqa: S105 - no token
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - no token


READS = frozenset({Access.CASE, Access.HISTORY, Access.CASES, Access.REGISTER, Access.PEOPLE, Access.RECORD})


@dataclass(frozen=True, slots=True)
class Asker:
    """Who manages accounts, and how: ``via`` is ``cli`` for the owner of the installation."""

    person: str
    via: str
    request: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be written down; see :meth:`AccessLog.note`."""

    kind: Access
    subject: str
    person: str
    via: str
    detail: str = ""
    request: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The same person reading the same thing; of a long question its digest, so that many of them stay small."""
        return (
            self.person,
            str(self.kind),
            self.subject[:_MAX_SUBJECT],
            sha256(self.detail.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        )


def question_of(known: Sequence[str], query: bytes) -> str:
    """What an address asks for, as the record keeps it.

    Only what its route understands, in the route's order and each value by itself, so that nothing beside a search can push it out of the
    record or make two records of one question. A value that is cut says how long it was and its digest: ``q=mật…[600:1f0c9a2b]``.

    Args:
        known: The questions of the route, in its order.
        query: The query of the address as it came in; of what is given more than once the last counts, as it does for the route.
    """
    given = QueryParams(query) if query else {}
    return "&".join(f"{name}={_bounded(given[name])}" for name in dict.fromkeys(known) if given.get(name))


def _bounded(value: str) -> str:
    """A value that ends where the next begins; a cut one by its beginning, length and digest."""
    text = _printable(normalize("NFC", value)[:_MAX_VALUE]).replace("%", "%25").replace("&", "%26")
    if len(value) <= _MAX_VALUE:
        return text
    digest = sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{text}…[{len(value)}:{digest}]"


def _printable(text: str) -> str:
    """What can be kept of a text that anybody may have put into an address."""
    return "".join(sign for sign in text if sign.isprintable())


class AccessLog:
    """Writes the record, and reads it back."""

    def __init__(self, shelf: IdentityShelf, clock: Clock) -> None:
        """Keep it on a shelf, dated by a clock."""
        self._shelf = shelf
        self._clock = clock
        self._recent: OrderedDict[tuple[str, str, str, str], datetime] = OrderedDict()
        self._guard = threading.Lock()

    def note(self, kind: Access, subject: str, *, person: str, via: str, detail: str = "", request: str = "") -> bool:  # noqa: PLR0913
        """Write one down before the answer leaves.

        Args:
            kind: What it was.
            subject: Case code, person code, or what else it concerned.
            person: Who.
            via: The way in.
            detail: What was asked for, a reason given.
            request: Id of the request.

        Returns:
            Whether it was written; a read that was written a moment ago is not written again.
        """
        note = Note(kind, subject, person, via, detail, request)
        if self.noted(note):
            return False
        self.note_each([note])
        return True

    def noted(self, note: Note) -> bool:
        """Whether a read was written a moment ago."""
        if note.kind not in READS:
            return False
        last = self._recent.get(note.key)
        return last is not None and self._clock.now() - last < ONCE_IN

    def record(self, kind: Access, subject: str, by: Asker, detail: str = "") -> Add:
        """What was done with an account, to be written down in the transaction in which it is done."""
        return Add(self._row(Note(kind, subject, by.person, by.via, detail, by.request)))

    def _row(self, note: Note) -> AccessRow:
        return AccessRow(
            at=self._clock.now(), person=note.person, via=note.via, kind=str(note.kind), subject=_printable(note.subject[:_MAX_SUBJECT]),
            detail=_printable(note.detail[:_MAX_DETAIL]), request=note.request,
        )  # fmt: skip

    def note_each(self, notes: Sequence[Note]) -> list[bool]:
        """Write several down in one durable transaction; whether each was written."""
        now = self._clock.now()
        rows = [self._row(note) for note in notes]
        self._shelf.add_each(rows)
        with self._guard:
            # Remembered only once it is written: what could not be written is written next time.
            for note in notes:
                self._recent[note.key] = now
                self._recent.move_to_end(note.key)
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
        return [True] * len(rows)

    def read(
        self, *, subject: str | None = None, person: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[AccessRow]:
        """The record about a subject or of a person, newest first."""
        where = {name: value for name, value in (("subject", subject), ("person", person)) if value is not None}
        return self._shelf.find(AccessRow, where, before=before, limit=limit)
