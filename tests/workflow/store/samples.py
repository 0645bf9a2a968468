"""Rows to write: invented cases of invented producers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from states.vocabulary import (
    CalendarState,
    CaseKind,
    CaseState,
    CertificateState,
    Effect,
    Publication,
    RoundState,
    Stage,
    TermStatus,
    Track,
)
from workflow.ports import Change, Subject
from workflow.rows import CalendarDay, CalendarRow, CaseRow, CertificateRow, PlanRow, RoundRow, StageRow, StoredEntry, SubjectKind, TermRow

S = TypeVar("S", CaseRow, CertificateRow, RoundRow, PlanRow, CalendarRow)

NOW = datetime(2026, 3, 1, 2, 3, 4, 567891, tzinfo=UTC)
HOUR = timedelta(hours=1)
_KINDS = {
    CaseRow: SubjectKind.CASE, CertificateRow: SubjectKind.CERTIFICATE, RoundRow: SubjectKind.ROUND, PlanRow: SubjectKind.PLAN,
    CalendarRow: SubjectKind.CALENDAR,
}  # fmt: skip


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def case(number: int = 1, **other: Any) -> CaseRow:
    values: dict[str, Any] = {
        "code": f"VS-2026-{number:04d}", "command": f"register-{number}", "kind": CaseKind.FIRST, "product": f"SP-{number}",
        "producer": "CT-1", "unit": "XA-1", "regime": "qd148", "pinned": False, "state": CaseState.IDEA_REGISTERED, "attempt": 1,
        "round": "VS-2026-1", "central_round": None, "origin": None, "left": None, "certificate": None,
        "memo": {"hands": {"p1": ["prepares"]}}, "registered_at": NOW, "updated_at": NOW, "version": 1, "head_seq": 1,
        "head_hash": digest(f"{number}:1"),
    }  # fmt: skip
    return CaseRow(**(values | other))


def certificate(code: str = "GCN-1", **other: Any) -> CertificateRow:
    values: dict[str, Any] = {
        "code": code, "case": "VS-2026-0001", "product": "SP-1", "stars": 4, "level": "province", "decision_no": "12/QĐ-UBND",
        "decided_on": "2026-03-01", "last_valid_day": "2029-02-28", "replaced_by": None, "state": CertificateState.IN_FORCE,
        "version": 1, "head_seq": 1, "head_hash": digest(code),
    }  # fmt: skip
    return CertificateRow(**(values | other))


def round_(code: str = "VS-2026-1", **other: Any) -> RoundRow:
    values: dict[str, Any] = {
        "code": code, "unit": "T-1", "year": 2026, "number": 1, "track": Track.PROVINCIAL, "plan": "KH-1", "statutory": False,
        "state": RoundState.DRAFT, "version": 1, "head_seq": 1, "head_hash": digest(code),
    }  # fmt: skip
    return RoundRow(**(values | other))


def plan(code: str = "KH-1", **other: Any) -> PlanRow:
    values: dict[str, Any] = {
        "code": code, "unit": "T-1", "year": 2026, "title": "Kế hoạch đánh giá, phân hạng", "doc_no": "1/KH", "doc_date": None,
        "text": "[plan]\n", "digest": "00", "state": Publication.DRAFT, "version": 1, "head_seq": 1, "head_hash": digest(code),
    }  # fmt: skip
    return PlanRow(**(values | other))


def calendar(code: str = "calendar:VN", **other: Any) -> CalendarRow:
    values: dict[str, Any] = {
        "code": code, "unit": "VN", "days": (CalendarDay("2026-08-25", working=False, document_no="1/TB", entered_by="p1", since=1),),
        "state": CalendarState.IN_FORCE, "version": 1, "head_seq": 1, "head_hash": digest(code),
    }  # fmt: skip
    return CalendarRow(**(values | other))


def stage(name: str = "KH-1:1", **other: Any) -> StageRow:
    values: dict[str, Any] = {
        "id": name, "plan": "KH-1", "plan_year": 2021, "statutory": False, "round": None, "unit": "T-1", "stage": "idea_registration", "track": Track.PROVINCIAL,
        "cutoff": NOW, "start": None, "effect": Effect.DEFER, "phrase": "trước ngày 10/7", "kind": "before_day", "source": "1/KH, II.1",
        "firm": True, "flags": ("no_year",),
    }  # fmt: skip
    return StageRow(**(values | other))


def term(row: CaseRow, index: int = 0, **other: Any) -> TermRow:
    values: dict[str, Any] = {
        "id": f"{row.code}:{row.head_seq}:{index}", "case": row.code, "attempt": row.attempt, "stage": Stage.IDEA_SELECTION,
        "round": row.round, "effect": Effect.DEFER, "due_at": NOW + HOUR, "phrase": "trước ngày 10/7", "source": "1/KH, II.1",
        "deadline": "KH-1:1", "calendar": None, "status": TermStatus.RUNNING,
    }  # fmt: skip
    return TermRow(**(values | other))


def entry(row: Subject, command: str, **other: Any) -> StoredEntry:
    values: dict[str, Any] = {
        "kind": _KINDS[type(row)], "subject": row.code, "seq": row.head_seq, "command": command, "event": "select", "recorded_at": NOW,
        "body": f'{{"seq":{row.head_seq}}}', "leaf_hash": row.head_hash, "opening": None,
    }  # fmt: skip
    return StoredEntry(**(values | other))


def created(row: Subject, **other: Any) -> Change:
    command = row.command if isinstance(row, CaseRow) else f"create-{row.code}"
    return Change(row=row, before=None, entry=entry(row, command), **other)


def moved(row: S, **other: Any) -> S:
    """The row one act later."""
    seq = row.head_seq + 1
    return replace(row, version=row.version + 1, head_seq=seq, head_hash=digest(f"{row.code}:{seq}"), **other)


def act(row: Subject, after: Subject, command: str = "", **other: Any) -> Change:
    return Change(row=after, before=row, entry=entry(after, command or f"act-{after.head_seq}"), **other)
