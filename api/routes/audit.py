"""What an auditor reads: the log over all histories, its checkpoint, proofs; and how the system's own acts stand."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.acting import json_answer
from api.asking import Asked, ask
from api.routes.histories import entry_json
from api.schemas.common import LONGEST_CODE, problems
from api.schemas.subjects import CheckpointOut, HistoryPage, OverridesOut, ProofOut, SchedulerOut
from api.showing import iso, override_json
from api.strict import MemberRoute
from states.chart import Seat
from states.errors import NotAllowed, NotFound
from states.refusal import Code, Holder, Refusal
from states.vocabulary import Function, Level
from workflow.access import visible
from workflow.judging import place_of
from workflow.ledger.merkle import inclusion_path
from workflow.overriding import overrides
from workflow.rows import StoredEntry, SubjectKind
from workflow.sweeping import upcoming
from workflow.worker import heartbeats

router = APIRouter(route_class=MemberRoute, tags=["audit"])
_SEATS = tuple(Seat(function, level) for function in (Function.AUDITOR, Function.ADMINISTRATOR) for level in Level)


def _auditor(asked: Asked) -> None:
    """Refuse who is neither auditor nor administrator.

    Raises:
        NotAllowed: ``function_required``.
    """
    holds = tuple(h.seat for h in asked.registry.holdings(asked.caller.person, asked.today))
    if not any(seat.function in {Function.AUDITOR, Function.ADMINISTRATOR} for seat in holds):
        reason = Refusal(Code.FUNCTION_REQUIRED, Holder(Function.AUDITOR, Level.PROVINCE), {"seats": _SEATS, "holds": holds})
        raise NotAllowed([reason], case="log", event="read", state=None)


def _seen(asked: Asked, kind: SubjectKind, subject: str) -> bool:
    """Whether an auditor may read a history: cases and certificates of the territory, and everything that belongs to nobody."""
    store = asked.run.store
    if kind is SubjectKind.CERTIFICATE:
        certificate = store.load_certificate(subject)
        subject = certificate.case if certificate else ""
    elif kind is not SubjectKind.CASE:
        return True
    loaded = store.load_case(subject, "")
    return loaded is not None and visible(asked.registry, asked.caller.person, place_of(loaded.case), asked.today)


@router.get("/history", response_model=HistoryPage, responses=problems())
def history(
    request: Request,
    after: Annotated[int, Query(ge=-1, le=10**12, description="Số cuối trong nhật ký chung đã có · last log number that you have")] = -1,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Nhật ký chung theo thứ tự ghép, trong địa bàn · the log over all histories, in its own order, for auditors."""
    asked = ask(request)
    _auditor(asked)
    page = asked.run.store.log_page(after, limit)
    known: dict[str, bool] = {}

    def seen(stored: StoredEntry) -> bool:
        if stored.subject not in known:
            known[stored.subject] = _seen(asked, stored.kind, stored.subject)
        return known[stored.subject]

    items = [{"log_seq": number, **entry_json(stored)} for number, stored in page if seen(stored)]
    return json_answer({"items": items, "next": page[-1][0] if len(page) == limit else None})


@router.get("/overrides", response_model=OverridesOut, responses=problems())
def overridden(request: Request) -> Response:
    """Mọi quyết định cho vượt trong địa bàn, đã dùng hay chưa · every override in the territory, used or not, for auditors."""
    asked = ask(request)
    _auditor(asked)
    registry, person = asked.registry, asked.caller.person
    found = [o for o in overrides(asked.run.store) if visible(registry, person, place_of(o.case), asked.today)]
    return json_answer(
        {"items": [override_json(each) for each in found], "count": len(found), "used": sum(o.used is not None for o in found)}
    )


@router.get("/log/checkpoint", response_model=CheckpointOut, responses=problems())
def checkpoint(request: Request) -> Response:
    """Kích thước và gốc của nhật ký chung · size and root of the log."""
    asked = ask(request)
    state = asked.run.store.log_state()
    log = asked.run.store.get_meta("log") or ""
    return json_answer({"log": log, "size": state.size, "root": state.root.hex(), "waiting": asked.run.store.unsequenced()})


@router.get("/log/proof/{subject}/{seq}", response_model=ProofOut, responses=problems(404))
def proof(
    request: Request,
    subject: Annotated[str, Path(max_length=LONGEST_CODE)],
    seq: Annotated[int, Path(ge=1, le=1_000_000)],
) -> Response:
    """Bằng chứng một mục nằm trong nhật ký chung · proof that an entry is in the log."""
    asked = ask(request)
    stored = asked.run.store.entry(subject, seq)
    if stored is None or not _seen(asked, stored.kind, subject):
        raise NotFound(what="entry", name=f"{subject} #{seq}")
    leaves, index = [], None
    for number, of, which, leaf in asked.run.store.log_leaves():
        leaves.append(leaf)
        if (of, which) == (subject, seq):
            index = number
    if index is None:
        raise NotFound(what="entry", name=f"{subject} #{seq}")
    path, root = inclusion_path(leaves, index)
    body = {"subject": subject, "seq": seq, "leaf_hash": stored.leaf_hash.hex(), "index": index, "size": len(leaves)}
    return json_answer({**body, "path": [each.hex() for each in path], "root": root.hex()})


@router.get("/scheduler", response_model=SchedulerOut, responses=problems())
def scheduler(request: Request) -> Response:
    """Việc tự động: chậm bao nhiêu, lượt cuối, mốc cũ nhất đang chờ · lag, last sweep, oldest due."""
    asked = ask(request)
    due = upcoming(asked.run.store, asked.received)
    oldest = min((term.due_at for term in due), default=None)
    workers = [{**asdict(beat), "alive": beat.alive(asked.received)} for beat in heartbeats(asked.run.store)]
    lag = (asked.received - oldest).total_seconds() if oldest else 0.0
    body = {"now": iso(asked.received), "due": len(due), "oldest_due": iso(oldest) if oldest else None, "lag_seconds": lag}
    return json_answer({**body, "waiting_for_log": asked.run.store.unsequenced(), "workers": workers})
