"""A history as a layperson reads it on a page: what, when, who, and what about it is out of the ordinary."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.asking import Asked
from api.cli.context import speaking
from api.cli.render import history_lines, who
from api.pages.frame import Said
from states.vocabulary import Effect, Event
from states.words import Language, words
from workflow.ledger.entry import Entry
from workflow.rows import StoredEntry
from workflow.timeline import opened

_MARKED = {
    str(Event.ADMIT_LATE): "let_in", str(Effect.RECORD): "missed", str(Effect.DEFER): "missed", "override": "override", "annul": "override",
    "correct": "corrected",
}  # fmt: skip
"""Acts that are out of the ordinary by what they are; of deferrals only the system's."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An entry as a layperson reads it; ``marks`` name what is out of the ordinary about it."""

    seq: int
    at: datetime
    what: str
    to: str | None
    who: str
    details: tuple[str, ...]
    denied: bool
    marks: tuple[str, ...]


def happened(asked: Asked, stored: Sequence[StoredEntry]) -> list[Happened]:
    """A history in words, oldest first."""
    return read_out(stored, asked.language)


def read_out(stored: Sequence[StoredEntry], language: Language) -> list[Happened]:
    """The same in a language."""
    found, said, t = [], words(language), Said(language)
    with speaking(language):
        for each in stored:
            line = opened(each)
            entry = line.entry
            told = [text.strip() for text in history_lines([line], said)]
            what, to = said.label("event", entry.event), said.label("state", str(entry.to))
            moved = entry.to and entry.to != entry.from_ and entry.outcome == "done" and to != what
            found.append(
                Happened(
                    seq=each.seq,
                    at=line.at,
                    what=what,
                    to=to if moved else None,
                    who=who(line),
                    details=tuple(told[2:]),
                    denied=entry.outcome == "denied",
                    marks=tuple(t(f"marked.{mark}") for mark in _marks(entry)),
                )
            )
    return found


def _marks(entry: Entry) -> list[str]:
    found = []
    if any(str(note).startswith("late") for note in entry.data.get("notes", ())):
        found.append("late")
    if entry.acted_on is not None:
        found.append("paper")
    mark = _MARKED.get(entry.event)
    by_system = entry.actor is None or entry.actor.function == "system"
    if mark is not None and entry.outcome == "done" and (by_system or mark != "missed"):
        found.append(mark)
    if entry.corrects is not None and "corrected" not in found:
        found.append("corrected")
    return found
