"""What is kept for a time and then removed: sessions, one-time links, attempts to sign in, and the record of who read what.

Histories are no part of it: an entry is never removed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.accounts import AccessRow, IdentityShelf, LinkRow, SessionRow

_AT_ONCE = 500
_MOST = 20
KEPT_AT_LEAST_DAYS = 1826
"""Shortest time for which the record of who read what is kept: 36 months of a certificate and 180 days of grace (QĐ 26/2026/QĐ-TTg, art. 12(3)),
the year of evaluation before them, and the time for complaints after; rounded up to five years."""

ATTEMPTS = timedelta(days=30)
"""For how long attempts to sign in are remembered; no wait looks further back."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how long: sessions and links after their end, records of reads after they were written."""

    sessions: timedelta
    links: timedelta
    reads: timedelta


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many rows were removed."""

    sessions: int
    links: int
    attempts: int
    reads: int

    def __bool__(self) -> bool:
        """Whether there was anything to remove."""
        return any((self.sessions, self.links, self.attempts, self.reads))


def tidy(shelf: IdentityShelf, keeping: Keeping, now: datetime) -> Tidied:
    """Remove what has been kept long enough, in small transactions, so that nobody waits for it; what is left over is taken the next time."""
    return Tidied(
        sessions=_forget(shelf, SessionRow, now - keeping.sessions),
        links=_forget(shelf, LinkRow, now - keeping.links),
        attempts=shelf.forget_attempts(now - ATTEMPTS),
        # The database refuses what is too young by its own clock, which may be a little behind.
        reads=_forget(shelf, AccessRow, now - keeping.reads - timedelta(days=1)),
    )


def _forget(shelf: IdentityShelf, kind: type[SessionRow | LinkRow | AccessRow], before: datetime) -> int:
    total = 0
    for _ in range(_MOST):
        gone = shelf.forget_over(kind, before, _AT_ONCE)
        total += gone
        if gone < _AT_ONCE:
            break
    return total
