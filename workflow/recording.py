"""Writes acts down: from a decided step to the history entry, the row after it, and the change handed to the store."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unicodedata import normalize

from deadlines.calendar import midnight
from deadlines.ladder import DutyKind, plan
from states.refusal import Refusal
from states.values import quickly
from states.vocabulary import CertificateState, TermStatus
from workflow.clock import Clock
from workflow.ledger.commitments import commit
from workflow.ledger.entry import ActorRef, Entry, seal
from workflow.ports import Change, Subject
from workflow.projection import case_after, opened_terms, subject_after
from workflow.rows import ZERO_HASH, CaseRow, CertificateRow, StageRow, StoredEntry, SubjectKind
from workflow.telling import Steps

_FIRST = ZERO_HASH.hex()


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What an entry says, before it is sealed; see :class:`workflow.ledger.entry.Entry`. ``texts`` go behind commitments."""

    event: str
    command: str
    effective_at: datetime
    received_at: datetime
    acted_on: datetime | None = None
    source: str | None = None
    target: str | None = None
    outcome: str = "done"
    attempt: int | None = None
    regime: str | None = None
    chart: str | None = None
    clause: str | None = None
    actor: ActorRef | None = None
    duty: str | None = None
    result: dict[str, Any] | None = None
    round: dict[str, Any] | None = None
    opened: tuple[dict[str, Any], ...] = ()
    closed: tuple[tuple[str, TermStatus], ...] = ()
    set: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[Refusal, ...] = ()
    corrects: int | None = None


def planned(kind: DutyKind, duty: str, subject: str, due_at: datetime, begun: datetime) -> tuple[Steps, ...]:
    """The steps of reminding that lie ahead of a duty when it begins: all in one, or none where there is none."""
    at = {step.key: step.at for step in plan(kind, due_at, begun)}
    return (Steps(duty=duty, kind=kind, subject=subject, due_at=due_at, at=at),) if at else ()


class Scribe:
    """Seals acts for one log."""

    def __init__(
        self,
        log: str,
        clock: Clock,
        randomness: Callable[[int], bytes] = secrets.token_bytes,
        request: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Write for the log with this identity.

        Args:
            log: Identity of the log.
            clock: For ``recorded_at``.
            randomness: ``randomness(n)`` gives n bytes for salts.
            request: Id of the request that is being served, which leads from an entry to the lines of the service's own log.
        """
        self.log = log
        self.clock = clock
        self._randomness = randomness
        self._request = request

    @property
    def requested(self) -> bool:
        """Whether what is written now belongs to a request that is being served."""
        return self._request() is not None

    def case(self, before: CaseRow | None, code: str, act: Act) -> Change:
        """The change that an act makes to a case (None before: it is created)."""
        entry, stored = self._write(SubjectKind.CASE, code, before, act)
        row = case_after(before, entry, stored.leaf_hash)
        terms = opened_terms(entry, (entry.terms or {}).get("open", ()))
        steps = tuple(each for term in terms for each in planned(DutyKind.TERM, term.id, code, term.due_at, entry.recorded_at))
        return Change(row=row, before=before, entry=stored, opened=terms, closed=act.closed, steps=steps)

    def subject(  # noqa: PLR0913
        self, kind: SubjectKind, before: Subject | None, code: str, act: Act, *, text: str = "", stages: tuple[StageRow, ...] = ()
    ) -> Change:
        """The change that an act makes to a certificate, round, plan or calendar."""
        entry, stored = self._write(kind, code, before, act)
        row: Subject = subject_after(before, entry, stored.leaf_hash, text)
        change = Change(row=row, before=before, entry=stored, stages=stages)
        if not isinstance(row, CertificateRow):
            return change
        if row.state is not CertificateState.IN_FORCE:
            return replace(change, fulfilled=(code,))
        ends = midnight(date.fromisoformat(row.last_valid_day) + timedelta(days=1))
        return replace(change, steps=planned(DutyKind.CERTIFICATE, code, code, ends, entry.recorded_at) if before is None else ())

    def _write(self, kind: SubjectKind, code: str, before: Subject | None, act: Act) -> tuple[Entry, StoredEntry]:
        seq = before.head_seq + 1 if before else 1
        # Names of a registry that was filled otherwise than by this program may lie there decomposed.
        texts = {name: normalize("NFC", text) for name, text in act.texts.items()}
        digests, opening = commit(texts, self._randomness) if texts else ({}, None)
        terms: dict[str, list[Any]] = {}
        if act.opened:
            terms["open"] = [{"id": f"{code}:{seq}:{number}", **term} for number, term in enumerate(act.opened)]
        if act.closed:
            terms["close"] = [{"id": term, "status": str(status)} for term, status in act.closed]
        denied = act.outcome == "denied"
        request = self._request()
        entry = Entry(
            log=self.log,
            kind=kind,
            case=code,
            case_seq=seq,
            attempt=act.attempt,
            regime=act.regime,
            chart=act.chart,
            clause=act.clause,
            event=act.event,
            outcome=act.outcome,
            from_=act.source,
            to=act.target,
            result=act.result,
            actor=act.actor,
            duty=act.duty,
            effective_at=act.effective_at.astimezone(UTC),
            received_at=act.received_at.astimezone(UTC),
            acted_on=act.acted_on.astimezone(UTC) if act.acted_on else None,
            recorded_at=self.clock.now(),
            round=act.round,
            terms=terms or None,
            set=act.set,
            data=act.data if request is None else {**act.data, "request": request},
            reasons=tuple(str(r.code) for r in act.reasons),
            commit=digests,
            corrects=act.corrects,
            # A refused attempt does not use up its command id: the same command is judged afresh.
            command=f"denied:{seq}:{act.command}" if denied else act.command,
            prev=before.head_hash.hex() if before else _FIRST,
        )
        body, leaf = seal(entry)
        stored = StoredEntry(
            kind=kind,
            subject=code,
            seq=seq,
            command=entry.command,
            event=act.event,
            recorded_at=entry.recorded_at,
            body=body,
            leaf_hash=leaf,
            opening=opening,
        )
        return entry, stored
