"""What was told, as an account of it is asked for: which part, page by page, and its sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from workflow.telling import ItemRow, MessageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldQuery:
    """Which part of an account; None means any. ``since`` and ``until`` (exclusive) bound when messages were made.

    Without ``news`` what only tells of something that has happened is left out, and with it messages that hold nothing else.
    """

    subject: str | None = None
    recipients: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    news: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSums:
    """Sums of an account of what was told.

    Attributes:
        people, messages: How many were told, in how many messages, ``read`` of them in the inbox.
        duties, news, moot: How many things they hold: that ask for something, that have happened, that were left out.
        confirmed: For how many their reader said that the message was received; as the database tells it, of duties alone, because of news
            nobody can tell without its words.
        deliveries: By (channel, state).
    """

    people: int
    messages: int
    duties: int
    news: int
    moot: int
    read: int
    confirmed: int
    deliveries: dict[tuple[str, str], int]


class Step(NamedTuple):
    """A step of reminding as it is shown beside its deadline: told at ``fired_at``, or to be told at ``at``."""

    duty: str
    rung: str
    at: datetime
    fired_at: datetime | None


class ToldBook(Protocol):
    """What a database does for an account, and for what is shown beside a deadline."""

    def steps(self, duties: Sequence[str]) -> list[Step]:
        """Steps of some duties that were told or will be, by moment; not those in whose place another was told, or that ended before."""

    def told_items(self, query: ToldQuery, messages: Sequence[str] | None = None) -> list[tuple[ItemRow, MessageRow]]:
        """What was told, by message; of some messages alone where they are named."""

    def told_page(self, query: ToldQuery, after: tuple[datetime, str] | None, limit: int) -> list[str]:
        """Messages by when their words were fixed (else from when they may leave) and id, behind such a place."""

    def told_sums(self, query: ToldQuery) -> ToldSums:
        """How much there is."""

    def told_confirmed_news(self, query: ToldQuery) -> list[tuple[ItemRow, MessageRow]]:
        """News to whoever confirmed a message about something that happened to the same subject; which news that was stands in their words."""
