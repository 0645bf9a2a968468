"""A history as a layperson reads it: one line an entry, names as they were then, from the stored text and its openings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from workflow.ledger.commitments import open_commitments
from workflow.ledger.entry import Entry, parse, seal
from workflow.ports import Store
from workflow.rows import StoredEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry, opened.

    Attributes:
        entry: What was hashed.
        names: Names and texts as they were, by field; None for what was withheld.
        leaf_hash: In hex.
    """

    entry: Entry
    names: dict[str, str | None]
    leaf_hash: str

    @property
    def at(self) -> datetime:
        """When it counts in law."""
        return self.entry.effective_at

    @property
    def late_by_hand(self) -> bool:
        """Whether it was written down noticeably after it took effect."""
        return (self.entry.recorded_at - self.entry.effective_at).total_seconds() > 60  # noqa: PLR2004 - a minute is what a reader notices

    def text(self, name: str) -> str | None:
        """A name or text as it was."""
        return self.names.get(name)


def opened(stored: StoredEntry) -> Line:
    """An entry with its openings checked against the commitments.

    Raises:
        EntryMalformed, OpeningDiffers: The stored text or its openings were changed.
    """
    entry = parse(stored.body)
    return Line(entry=entry, names=open_commitments(entry.commit, stored.opening), leaf_hash=stored.leaf_hash.hex())


def timeline(store: Store, subject: str) -> Iterator[Line]:
    """Every line of a subject's history, oldest first."""
    return (opened(stored) for stored in store.entries(subject))


def as_json(line: Line) -> dict[str, Any]:
    """A line as plain values: the hashed members, ``leaf_hash`` and ``openings``."""
    body, _ = seal(line.entry)
    members: dict[str, Any] = orjson.loads(body)
    return {**members, "leaf_hash": line.leaf_hash, "openings": line.names}
