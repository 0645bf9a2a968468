"""Acts done on paper and typed later: what has become of the case since, and how it is brought back. Pure.

Source: ``docs/decisions/0014-acts-typed-from-paper.md``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from states.errors import EventRefused, PayloadInvalid, Problem
from states.refusal import Code, Holder, Refusal
from states.vocabulary import Effect, Event, Function, Level, TermStatus
from workflow.commands import Command
from workflow.ledger.entry import Entry, parse
from workflow.projection import by_person, case_after, is_note, terms_after
from workflow.rows import CaseRow, StoredEntry, TermRow

BRINGS_BACK = frozenset({Event.REINSTATE, Event.UNDO_REENTER})
"""What the system does to a case before an act on paper goes through that was done before the case was deferred."""

_ENDS_DEFERRAL = frozenset({Event.REINSTATE, Event.ADMIT_LATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A case as an act on paper finds it.

    Attributes:
        undo: Events of the system that bring the case back first, in their order.
        deferred: The case just after a cut-off deferred it, where ``undo`` brings it back from there.
        terms: Deadlines that ran just before that.
        recorded: Deadlines that were recorded as passed since the act, and that it may have met in time.
        sorted_from: The round that the case was sorted out of since the act.
        cutoffs: Every instant that any deadline of the case has had.
    """

    undo: tuple[Event, ...] = ()
    deferred: CaseRow | None = None
    terms: tuple[TermRow, ...] = ()
    recorded: tuple[TermRow, ...] = ()
    sorted_from: str | None = None
    cutoffs: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class _Deferral:
    """A deferral by a cut-off that nothing has taken back: its entry, where it stands, the case after it and what ran before it."""

    entry: Entry
    place: int
    case: CaseRow
    terms: tuple[TermRow, ...]


class _Story:
    """The history of a case, told up to now."""

    def __init__(self, stored: Iterable[StoredEntry]) -> None:
        self.done: list[Entry] = []
        self.deferrals: list[_Deferral] = []
        self.sorts: list[tuple[Entry, str | None]] = []
        self.terms: dict[str, TermRow] = {}
        self.case: CaseRow | None = None
        for each in stored:
            self._tell(parse(each.body), each.leaf_hash)

    def _tell(self, entry: Entry, leaf: bytes) -> None:
        before, ran = self.case, self.terms
        self.case = case_after(before, entry, leaf)
        self.terms = terms_after(ran, entry)
        if is_note(entry):
            return
        self.done.append(entry)
        if entry.event == Event.DEFER and not by_person(entry):
            running = tuple(t for t in ran.values() if t.status is TermStatus.RUNNING)
            self.deferrals.append(_Deferral(entry, len(self.done), self.case, running))
        elif entry.event in _ENDS_DEFERRAL and self.deferrals:
            self.deferrals.pop()
        elif entry.event == Event.SORT and before is not None:
            self.sorts.append((entry, before.round))


def past_of(stored: Iterable[StoredEntry], command: Command, acted_on: datetime) -> Past:
    """What has become of a case since an act on paper.

    Args:
        stored: The whole history of the case.
        command: The act.
        acted_on: When it was done.

    Raises:
        EventRefused: ``attempt_moved_on``: after the cut-off that deferred it, the case has done more than be entered anew.
        PayloadInvalid: ``before_last_act``: a person has acted in this attempt since.
    """
    story = _Story(stored)
    case = story.case
    assert case is not None  # noqa: S101 - a case begins with its registration
    found = next((d for d in story.deferrals if d.entry.effective_at > acted_on), None)
    # Dates that are recorded or moved meanwhile are nobody's act; a second deferral ends the new attempt.
    since = [e for e in story.done[found.place :] if by_person(e) or e.event == Event.DEFER] if found else []
    undo: tuple[Event, ...] = ()
    if found is not None:
        _must_be_mere_reentry(found.entry, since, command, acted_on, case)
        undo = (Event.UNDO_REENTER, Event.REINSTATE) if since else (Event.REINSTATE,)
    attempt = found.case.attempt if found else case.attempt
    earlier = story.done[: found.place] if found else story.done
    acts = [e for e in earlier if by_person(e) and e.attempt == attempt]
    last = max(acts, key=lambda e: e.effective_at, default=None)
    if last is not None and acted_on < last.effective_at:
        problem = Problem("/acted_on", "before_last_act", {"event": Event(last.event), "at": last.effective_at})
        raise PayloadInvalid([problem], event=command.event)
    mine = [t for t in story.terms.values() if t.attempt == attempt]
    return Past(
        undo=undo,
        deferred=found.case if found else None,
        terms=found.terms if found else (),
        recorded=tuple(t for t in mine if t.status is TermStatus.PASSED and t.effect is Effect.RECORD and acted_on < t.due_at),
        sorted_from=next((r for e, r in story.sorts if e.attempt == attempt and e.effective_at > acted_on), None),
        cutoffs=tuple(t.due_at for t in story.terms.values()),
    )


def _must_be_mere_reentry(deferral: Entry, since: list[Entry], command: Command, acted_on: datetime, case: CaseRow) -> None:
    """Nothing after the deferral, or a re-entry alone."""
    more = next((e for n, e in enumerate(since) if n or e.event != Event.REENTER), None)
    if more is None:
        return
    refusal = Refusal(
        Code.ATTEMPT_MOVED_ON,
        Holder(Function.AUTHORITY, Level.PROVINCE),
        {"deferred_at": deferral.effective_at, "event": Event(more.event), "at": more.effective_at, "acted_on": acted_on},
    )
    raise EventRefused([refusal], case=case.code, event=command.event, state=case.state)
