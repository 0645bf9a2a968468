"""The case as it stood on a day, as it was known on another: the fold of the entries that counted by then and were written by then. Pure.

Valid time and recorded time are kept apart. An act on paper that was typed later belongs to the day on which it was done for whoever asks
now, and is not there for whoever asks what was known before it was typed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from workflow.ledger.entry import Entry
from workflow.projection import case_after, terms_after
from workflow.rows import CaseRow, TermRow


@dataclass(frozen=True, slots=True)
class Stood:
    """A case as it stood: its row, its terms, and the entries that made it so."""

    case: CaseRow
    terms: tuple[TermRow, ...]
    entries: tuple[Entry, ...]


def stood(entries: Iterable[tuple[Entry, bytes]], as_of: datetime | None, known_at: datetime | None) -> Stood | None:
    """Fold what counts.

    Args:
        entries: The whole history, oldest first, with leaf hashes.
        as_of: Only what took effect by this instant, itself included; None for everything.
        known_at: Only what was written down by this instant; None for everything.

    Returns:
        The case, or None where it had not been registered.
    """
    case: CaseRow | None = None
    terms: dict[str, TermRow] = {}
    kept: list[Entry] = []
    for entry, leaf in entries:
        if (as_of is not None and entry.effective_at > as_of) or (known_at is not None and entry.recorded_at > known_at):
            continue
        if case is None and entry.case_seq > 1:
            continue
        case = case_after(case, entry, leaf)
        terms = terms_after(terms, _closing_only(entry, terms))
        kept.append(entry)
    return Stood(case, tuple(terms.values()), tuple(kept)) if case is not None else None


def _closing_only(entry: Entry, terms: dict[str, TermRow]) -> Entry:
    """An entry may end a term that a later day opened, where an act on paper undoes what came after it: there is nothing to end then."""
    closed = (entry.terms or {}).get("close", ())
    known = [given for given in closed if given["id"] in terms]
    if len(known) == len(closed):
        return entry
    return replace(entry, terms={**(entry.terms or {}), "close": known})
