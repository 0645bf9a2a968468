"""Rows as the fold of history entries. The engine uses these functions to write, and the audit to rebuild: there is no second way."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from states.lifecycle import PLAN_WORK
from states.vocabulary import (
    CalendarState,
    CaseKind,
    CaseState,
    CertificateState,
    DelegationState,
    Duty,
    Effect,
    Event,
    Function,
    NoteEvent,
    Publication,
    RoundState,
    Stage,
    TermStatus,
    Track,
)
from workflow.ledger.entry import Entry
from workflow.overriding import remembered
from workflow.rows import CalendarDay, CalendarRow, CaseRow, CertificateRow, DelegationRow, PlanRow, RoundRow, SubjectKind, TermRow

EARLY = frozenset({CaseState.IDEA_REGISTERED, CaseState.SELECTED, CaseState.BUSINESS_PLAN})
NOTES = frozenset(NoteEvent)
ASKS = frozenset({NoteEvent.PAPER_ASKED, NoteEvent.OVERRIDE_ASKED})
"""Notes that an act waits for a second person's word."""

_SUBJECTS: Mapping[SubjectKind, tuple[type[Any], type[Any]]] = {
    SubjectKind.CERTIFICATE: (CertificateRow, CertificateState),
    SubjectKind.ROUND: (RoundRow, RoundState),
    SubjectKind.PLAN: (PlanRow, Publication),
    SubjectKind.CALENDAR: (CalendarRow, CalendarState),
    SubjectKind.DELEGATION: (DelegationRow, DelegationState),
}


def case_after(row: CaseRow | None, entry: Entry, leaf: bytes) -> CaseRow:
    """The case after an entry.

    Args:
        row: The case before; None for the first entry.
        entry: The entry.
        leaf: Its leaf hash (32 bytes).
    """
    if row is None:
        given = entry.set
        row = CaseRow(
            code=entry.case,
            command=given["command"],
            kind=CaseKind(given["kind"]),
            product=given["product"],
            producer=given["producer"],
            unit=given["unit"],
            regime=str(entry.regime),
            pinned=False,
            state=CaseState(str(entry.to)),
            attempt=1,
            round=None,
            central_round=None,
            origin=None,
            left=None,
            certificate=given.get("certificate"),
            memo={},
            registered_at=entry.effective_at,
            updated_at=entry.recorded_at,
            version=0,
            head_seq=0,
            head_hash=b"",
        )
    if entry.outcome == "denied":
        return replace(row, head_seq=entry.case_seq, head_hash=leaf)
    if entry.event in NOTES:
        return replace(row, memo=_asked(row.memo, entry), head_seq=entry.case_seq, head_hash=leaf)
    before, after = row.state, CaseState(str(entry.to))
    attempt = entry.attempt or row.attempt
    rounds = entry.round or {}
    return replace(
        row,
        state=after,
        regime=str(entry.regime),
        pinned=after not in EARLY and (row.pinned or entry.event == Event.FILE),
        attempt=attempt,
        round=rounds.get("provincial", row.round),
        central_round=rounds.get("central", row.central_round),
        origin=_origin(row, before, after),
        left=before if after is CaseState.DEFERRED and before is not after else row.left if after is CaseState.DEFERRED else None,
        memo=_memo(row, entry, fresh=attempt != row.attempt),
        updated_at=entry.recorded_at,
        version=row.version + 1,
        head_seq=entry.case_seq,
        head_hash=leaf,
    )


def _origin(row: CaseRow, before: CaseState, after: CaseState) -> CaseState | None:
    if after is CaseState.RETURNED and before not in {CaseState.RETURNED, CaseState.DEFERRED}:
        return before
    keeps = after in {CaseState.RETURNED, CaseState.DEFERRED} and CaseState.RETURNED in {before, row.left, after}
    return row.origin if keeps else None


def is_note(entry: Entry) -> bool:
    """Whether an entry leaves its case as it was."""
    return entry.outcome == "denied" or entry.event in NOTES


def by_person(entry: Entry) -> bool:
    """Whether a person acted, rather than the system."""
    return entry.actor is not None and entry.actor.function != Function.SYSTEM


def _asked(memo: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """The memo once an act waits for a second person's word, or has been refused it."""
    asked = {seq: who for seq, who in memo.get("asked", {}).items() if seq != str(entry.data.get("answers"))}
    if entry.event in ASKS and entry.actor is not None:
        asked[str(entry.case_seq)] = entry.actor.id
    rest = {key: value for key, value in memo.items() if key != "asked"}
    return {**rest, "asked": asked} if asked else rest


def _memo(row: CaseRow, entry: Entry, *, fresh: bool) -> dict[str, Any]:
    memo = dict(row.memo)
    if entry.result:
        level = entry.result["level"]
        memo["results"] = {**memo.get("results", {}), level: {k: v for k, v in entry.result.items() if k != "level"}}
    void = entry.set.get("void")
    if void:
        memo["results"] = {level: result for level, result in memo.get("results", {}).items() if level not in void}
    hands: dict[str, list[str]] = {} if fresh else dict(memo.get("hands", {}))
    if entry.actor and entry.duty and entry.duty != Duty.AUTOMATIC:
        # Who records somebody else's act on paper handles the file; the recorded hand is the other body's.
        duty = Duty.HANDLES if entry.actor.on_behalf_of and entry.duty != Duty.PREPARES else entry.duty
        # Whoever acts for somebody else lays both hands on the case: neither may do later what the other may not.
        for person in filter(None, (entry.actor.id, entry.actor.principal)):
            mine = hands.get(person, [])
            hands[person] = mine if duty in mine else [*mine, str(duty)]
    memo["hands"] = hands
    if by_person(entry):
        # Whatever waits for a second person's word was typed on the case as it was before; the act that was confirmed is among them.
        memo.pop("asked", None)
    remembered(memo, entry)
    for key, value in entry.set.get("memo", {}).items():
        if value is None:
            memo.pop(key, None)
        else:
            memo[key] = value
    return memo


def terms_after(terms: Mapping[str, TermRow], entry: Entry) -> dict[str, TermRow]:
    """All terms of a case after an entry, by id."""
    after = dict(terms)
    moved = entry.terms or {}
    for given in moved.get("close", ()):
        after[given["id"]] = replace(after[given["id"]], status=TermStatus(given["status"]), attempts=0, not_before=None)
    for term in opened_terms(entry, moved.get("open", ())):
        after[term.id] = term
    return after


def opened_terms(entry: Entry, given: Iterable[Mapping[str, Any]]) -> tuple[TermRow, ...]:
    """Term rows from what an entry says of them."""
    return tuple(
        TermRow(
            id=term["id"],
            case=entry.case,
            attempt=entry.attempt or 1,
            stage=Stage(term["stage"]),
            round=term["round"],
            effect=Effect(term["effect"]),
            due_at=datetime.fromisoformat(term["due_at"]),
            phrase=term["phrase"],
            source=term["source"],
            deadline=term["deadline"],
            calendar=term["calendar"],
            status=TermStatus.RUNNING,
        )
        for term in given
    )


def subject_after(row: Any, entry: Entry, leaf: bytes, text: str = "") -> Any:
    """A certificate, round, plan, calendar or delegation after an entry.

    Args:
        row: The row before; None for the first entry.
        entry: The entry; its ``set`` holds the fields that change.
        leaf: Its leaf hash (32 bytes).
        text: The file of a plan, which the entry holds only by its digest; empty where it stays as it was.
    """
    kind, state = _SUBJECTS[entry.kind]
    head = {"state": state(str(entry.to)), "head_seq": entry.case_seq, "head_hash": leaf}
    given = dict(entry.set)
    if entry.kind is SubjectKind.CALENDAR:
        given["days"] = (*(row.days if row else ()), *_days(entry))
    if entry.kind is SubjectKind.PLAN and (text or row is None):
        given["text"] = text
    if row is None:
        if "track" in given:
            given["track"] = Track(given["track"])
        if "events" in given:
            given["events"] = tuple(given["events"])
        return kind(code=entry.case, version=1, **given, **head)
    if entry.kind is SubjectKind.PLAN and entry.event in PLAN_WORK:
        return replace(row, **head)
    return replace(row, version=row.version + 1, **given, **head)


def _days(entry: Entry) -> tuple[CalendarDay, ...]:
    """Days that an entry adds to a calendar."""
    by = entry.actor.id if entry.actor else ""
    document = entry.data.get("document_no", "")
    return tuple(CalendarDay(d["day"], d["working"], document, by, entry.case_seq) for d in entry.data.get("days", ()))
