"""What lies below a case: history, timeline, deadlines, and what papers do to a deadline."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, StrictInt

from api.acting import json_answer
from api.asking import WRITE, Asked, IfMatch, Key, ask, etag, visible_case
from api.cli.context import speaking
from api.cli.render import history_lines
from api.routes.cases import CaseCode, DryRun, acted
from api.schemas.cases import ActedOut, ActGiven, Document
from api.schemas.common import LONGEST_CODE, WRITES, Given, Text, problems
from api.schemas.subjects import DeadlinesOut, HistoryPage, TimelineOut
from api.showing import Shifts, deadline_json, entries_of, iso, steps_of
from api.strict import MemberRoute
from states.errors import NotFound
from states.vocabulary import Event
from states.words import words
from workflow.provenance import Provenance
from workflow.provenance import as_json as explained
from workflow.timeline import as_json, opened

router = APIRouter(prefix="/cases/{code}", route_class=MemberRoute, tags=["cases"])
TermId = Annotated[str, Path(max_length=LONGEST_CODE, examples=["VS-2021-0042:4:0"])]
_OWN = "request."


def entry_json(stored: Any) -> dict[str, Any]:
    """An entry as hashed, with its leaf hash and its openings but for the service's own."""
    told = as_json(opened(stored))
    told["openings"] = {name: text for name, text in told["openings"].items() if not name.startswith(_OWN)}
    return told


@router.get("/history", response_model=HistoryPage, responses=problems(404))
def history(
    request: Request,
    code: CaseCode,
    after: Annotated[int, Query(ge=0, le=1_000_000, description="Số mục cuối đã có · last entry that you have")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> Response:
    """Nhật ký xử lý: từng mục như đã băm, và phần mở · entries as hashed, with their openings."""
    asked = ask(request)
    loaded = visible_case(asked, code)
    page = [stored for stored in asked.run.store.entries(code) if stored.seq > after][: limit + 1]
    more = len(page) > limit
    body = {"items": [entry_json(stored) for stored in page[:limit]], "next": page[limit - 1].seq if more else None}
    return json_answer(body, {"etag": etag(loaded.case.version, loaded.case.head_seq)})


@router.get("/timeline", response_model=TimelineOut, responses=problems(404))
def timeline(request: Request, code: CaseCode) -> Response:
    """Diễn biến bằng lời, như người đọc cần · the history in words."""
    asked = ask(request)
    visible_case(asked, code)
    found = []
    with speaking(asked.language):
        for stored in asked.run.store.entries(code):
            line = opened(stored)
            told = [text.strip() for text in history_lines([line], words(asked.language))]
            found.append({"seq": stored.seq, "at": iso(line.at), "event": stored.event, "outcome": line.entry.outcome, "lines": told})
    return json_answer({"case": code, "items": found}, {"content-language": asked.language, "vary": "Accept-Language"})


@router.get("/deadlines", response_model=DeadlinesOut, responses=problems(404))
def deadlines(request: Request, code: CaseCode) -> Response:
    """Mọi thời hạn của hồ sơ, và vì sao là ngày ấy · every deadline, and why it is that day."""
    asked = ask(request)
    loaded = visible_case(asked, code)
    stages = asked.run.engine.world().book.deadlines
    shifts = Shifts(entries_of(asked, code), asked.today)
    reasons = {(str(w.stage), w.ruling.cutoff): explained(w) for w in Provenance(asked.run.store).why(code)}
    items = []
    terms = sorted(asked.run.store.terms(code), key=lambda t: (t.due_at, t.id))
    steps = steps_of(asked.run, terms)
    for term in terms:
        told = deadline_json(term, stages, shifts, steps)
        mine = term.attempt == loaded.case.attempt
        items.append({**told, "attempt": term.attempt, "why": reasons.get((str(term.stage), term.due_at)) if mine else None})
    return json_answer({"case": code, "items": items}, {"etag": etag(loaded.case.version)})


class ExtendGiven(Given):
    """By how many of the span's own days, by which paper, and why."""

    days: Annotated[StrictInt, Field(ge=1, le=366)]
    document: Document
    reason: Text


class SuspendGiven(Given):
    """By which paper, and why."""

    document: Document
    reason: Text


class ResumeGiven(Given):
    """By which paper, if by one."""

    document: Document | None = None
    reason: Text | None = None


def _on_span(
    asked: Asked, code: str, term: str, event: Event, body: Given, if_match: str | None, key: str | None, *, dry_run: bool
) -> Response:
    visible_case(asked, code)
    found = next((t for t in asked.run.store.terms(code) if t.id == term), None)
    if found is None:
        raise NotFound(what="term", name=term)
    given = ActGiven.model_validate({**body.model_dump(exclude_none=True), "term": str(found.stage)})
    return acted(asked, code, event, given, if_match, key, dry_run=dry_run)


@router.post("/deadlines/{term}/extend", response_model=ActedOut, responses=problems(*WRITES))
def extend(
    request: Request, code: CaseCode, term: TermId, body: ExtendGiven, if_match: IfMatch = None, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Gia hạn một thời hạn đang tính; ngày nêu đích danh thì 409 · extend a term that runs; a named date answers 409."""
    return _on_span(ask(request, WRITE), code, term, Event.EXTEND, body, if_match, key, dry_run=dry_run)


@router.post("/deadlines/{term}/suspend", response_model=ActedOut, responses=problems(*WRITES))
def suspend(
    request: Request, code: CaseCode, term: TermId, body: SuspendGiven, if_match: IfMatch = None, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Tạm dừng một thời hạn đang tính · suspend a term that runs."""
    return _on_span(ask(request, WRITE), code, term, Event.SUSPEND, body, if_match, key, dry_run=dry_run)


@router.post("/deadlines/{term}/resume", response_model=ActedOut, responses=problems(*WRITES))
def resume(
    request: Request, code: CaseCode, term: TermId, body: ResumeGiven, if_match: IfMatch = None, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Tính tiếp một thời hạn đang tạm dừng · resume a term."""
    return _on_span(ask(request, WRITE), code, term, Event.RESUME, body, if_match, key, dry_run=dry_run)
