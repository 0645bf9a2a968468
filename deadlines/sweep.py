"""The sweep over what has fallen due: pure bookkeeping against two protocols. A late sweep changes nothing but when things are written."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

GRACE = timedelta(seconds=30)
"""The sweep acts this long after a cut-off, so that every act received before it has been judged first."""

TOLD_AFTER = 3
"""A row that fails this often is reported, and still tried again later."""


class Due(Protocol):
    """A row that falls due."""

    @property
    def id(self) -> str:
        """Unique name of the row."""

    @property
    def due_at(self) -> datetime:
        """When it falls due (aware)."""

    @property
    def attempts(self) -> int:
        """How often it was set aside."""


DueT_co = TypeVar("DueT_co", bound=Due, covariant=True)
DueT = TypeVar("DueT", bound=Due)


class Source(Protocol[DueT_co]):
    """Where due rows come from, and where one that fails is set aside."""

    def due_terms(self, before: datetime, limit: int) -> Sequence[DueT_co]:
        """Rows that fell due at or before an instant and are not set aside, oldest first."""

    def postpone_term(self, term: str, not_before: datetime) -> int:
        """Set a row aside until an instant; returns how often it has been."""


def delay(attempts: int) -> timedelta:
    """How long a row that has failed so often is set aside: a minute, doubled each time, at most an hour."""
    return timedelta(minutes=min(2 ** (attempts - 1), 60))


@dataclass(slots=True)
class Sweep:
    """What a sweep did.

    Attributes:
        fired: Rows whose effect was written.
        superseded: Rows whose case had moved on.
        failed: Rows that raised something unexpected, with how often they have and why; they are tried again later.
        oldest: The oldest row that was due, to tell the lag.
    """

    fired: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
    failed: list[tuple[str, int, str]] = field(default_factory=list)
    oldest: datetime | None = None

    @property
    def told(self) -> list[tuple[str, int, str]]:
        """Failures that a person has to look at."""
        return [row for row in self.failed if row[1] >= TOLD_AFTER]


def tick(  # noqa: PLR0913 - named at the call
    now: datetime,
    source: Source[DueT],
    fire: Callable[[DueT], bool],
    *,
    together: Callable[[Sequence[DueT]], Sequence[bool | None]] | None = None,
    page: int = 500,
    limit: int = 1_000_000,
) -> Sweep:
    """Fire every row that fell due at least 30 seconds ago, oldest first, page by page.

    Args:
        now: The present instant.
        source: Due rows.
        fire: Writes a row's effect in a transaction of its own; False where the case has moved on.
        together: Writes the effects of a page in one transaction, a row that does not fit failing alone; answers for each row as ``fire``
            does, or None where the single way has to answer.
        page: Rows read at a time.
        limit: Rows at most.

    A row that raises is set aside, longer each time (a minute, doubled up to an hour), and never stops the others.
    """
    sweep = Sweep()
    seen: set[str] = set()
    while len(seen) < limit:
        rows = [row for row in source.due_terms(now - GRACE, min(page, limit - len(seen)) + len(sweep.superseded)) if row.id not in seen]
        if not rows:
            break
        answers = _page(together, rows)
        for row, answer in zip(rows, answers, strict=True):
            seen.add(row.id)
            sweep.oldest = row.due_at if sweep.oldest is None else min(sweep.oldest, row.due_at)
            if answer is None:
                _fire(now, source, fire, row, sweep)
            else:
                (sweep.fired if answer else sweep.superseded).append(row.id)
    return sweep


def _page(together: Callable[[Sequence[DueT]], Sequence[bool | None]] | None, rows: Sequence[DueT]) -> Sequence[bool | None]:
    """What was written of a page at once; if that breaks down, whatever is wrong shows at the row that it is wrong with."""
    if together is not None and len(rows) > 1:
        with suppress(Exception):
            return together(rows)
    return [None] * len(rows)


def _fire(now: datetime, source: Source[DueT], fire: Callable[[DueT], bool], row: DueT, sweep: Sweep) -> None:
    try:
        (sweep.fired if fire(row) else sweep.superseded).append(row.id)
    except Exception as error:  # noqa: BLE001 - one poisoned row must not stop the others; it is set aside and told
        attempts = source.postpone_term(row.id, now + delay(row.attempts + 1))
        sweep.failed.append((row.id, attempts, f"{type(error).__name__}: {error}"))
