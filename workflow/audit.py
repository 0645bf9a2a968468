"""Checks the whole installation against itself: histories, log, and every projection rebuilt from the log."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from workflow.ledger.entry import parse
from workflow.ledger.findings import Verdict
from workflow.ledger.verify import verify
from workflow.plan_rows import stage_of_data
from workflow.ports import Store
from workflow.projection import case_after, subject_after, terms_after
from workflow.rows import CaseRow, PlanRow, StageRow, StoredEntry, SubjectKind, TermRow
from workflow.sweeping import sequence


@dataclass(frozen=True, slots=True)
class Drift:
    """A stored row that is not what its history gives: subject and the names of the fields that differ."""

    subject: str
    fields: tuple[str, ...]


def verify_log(store: Store, *, deep: bool = False) -> Verdict:
    """Bring the log up to date, then recompute everything: chains, heads, commitments, log and root.

    Args:
        store: The database.
        deep: Also re-read every text member by member.
    """
    sequence(store)
    return verify(store.entries(), store.heads(), store.log_leaves(), store.log_state(), store.unsequenced(), deep=deep)


def drifts(store: Store) -> Iterator[Drift]:
    """Rebuild every case, certificate, round, plan, calendar and term from the histories; yield whatever is stored differently."""
    stored: dict[str, Any] = {row.code: row for row in store.subjects()}
    for code, entries in groupby(store.entries(), key=lambda e: e.subject):
        row = stored.pop(code, None)
        rebuilt, terms = rebuild(list(entries), row)
        if rebuilt != row:
            yield Drift(code, _differing(rebuilt, row))
        if isinstance(row, CaseRow):
            kept = {t.id: t for t in store.terms(code)}
            if {i: _plain(t) for i, t in terms.items()} != {i: _plain(t) for i, t in kept.items()}:
                yield Drift(code, ("terms",))
    for code in stored:
        yield Drift(code, ("history",))
    yield from _stage_drifts(store)


def _stage_drifts(store: Store) -> Iterator[Drift]:
    """Deadline rows that are not what plans and rounds laid down."""
    laid: dict[str, StageRow] = {}
    for plan in store.plans():
        laid |= _laid_down(store, plan.code)
    for row in store.rounds():
        laid |= _laid_down(store, row.code)  # A round is re-dated after its plan was published, so its word is the later one.
    stored = {stage.id: stage for stage in store.stages()}
    for key in sorted({*laid, *stored}):
        if laid.get(key) != stored.get(key):
            yield Drift(key, _differing(laid.get(key), stored.get(key)))


def _laid_down(store: Store, subject: str) -> dict[str, StageRow]:
    entries = (parse(stored.body) for stored in store.entries(subject))
    return {data["id"]: stage_of_data(data) for entry in entries for data in entry.data.get("deadlines", ())}


def rebuild(entries: list[StoredEntry], row: Any = None) -> tuple[Any, dict[str, TermRow]]:
    """The row and the terms that a history gives.

    Args:
        entries: All entries of one subject, in order.
        row: The stored row; only the file of a plan is taken from it, and only if it has the digest that the history names.
    """
    rebuilt: Any = None
    terms: dict[str, TermRow] = {}
    for stored in entries:
        entry = parse(stored.body)
        if entry.kind is SubjectKind.CASE:
            rebuilt = case_after(rebuilt, entry, stored.leaf_hash)
            terms = terms_after(terms, entry)
        else:
            rebuilt = subject_after(rebuilt, entry, stored.leaf_hash)
    if isinstance(rebuilt, PlanRow) and isinstance(row, PlanRow) and hashlib.sha256(row.text.encode()).hexdigest() == rebuilt.digest:
        rebuilt = replace(rebuilt, text=row.text)
    return rebuilt, terms


def _plain(term: TermRow) -> tuple[Any, ...]:
    """A term without what retries leave behind."""
    return (
        term.case,
        term.attempt,
        term.stage,
        term.round,
        term.effect,
        term.due_at,
        term.phrase,
        term.source,
        term.deadline,
        term.calendar,
        term.status,
    )


def _differing(a: Any, b: Any) -> tuple[str, ...]:
    if a is None or b is None or type(a) is not type(b):
        return ("row",)
    return tuple(name for name in a.__slots__ if getattr(a, name) != getattr(b, name))
