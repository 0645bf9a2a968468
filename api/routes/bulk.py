"""``/bulk-operations``: one event on many cases, previewed, carried out in the background, with a fate for each case."""

from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Asked, Key, ask, command_id
from api.once import once
from api.routes.cases import DryRun
from api.schemas.common import LONGEST_CODE, WRITES, NothingGiven, problems
from api.schemas.subjects import BulkGiven, BulkItemsOut, BulkOut, BulkPreviewOut
from api.showing import iso
from api.strict import MemberRoute, RequestInvalid
from api.told import told
from states.errors import EventRefused, NotFound, Problem, UnknownName
from states.refusal import NOBODY, Code, Refusal
from states.vocabulary import Event
from workflow.bulk import preview
from workflow.credentials import held
from workflow.operations import BulkItem, BulkOperation, BulkState, Fate

router = APIRouter(prefix="/bulk-operations", route_class=MemberRoute, tags=["bulk"])
OperationId = Annotated[str, Path(max_length=LONGEST_CODE)]


def _operation(asked: Asked, id: str) -> BulkOperation:
    """An operation of the caller's own; of others there is none."""
    found = asked.run.store.bulk(id)
    if found is None or found.person != asked.caller.person:
        raise NotFound(what="bulk", name=id)
    return found


def _credential() -> str | None:
    """What the present request was let in by, under the name by which it is found again while the operation runs."""
    credential = held()
    return credential.name if credential is not None else None


def _json(asked: Asked, operation: BulkOperation) -> dict[str, Any]:
    return {
        "id": operation.id, "event": operation.event, "state": str(operation.state), "total": operation.total,
        "counts": asked.run.store.bulk_counts(operation.id), "created_at": iso(operation.created_at),
    }  # fmt: skip


def _item(item: BulkItem) -> dict[str, Any]:
    return {
        "number": item.number,
        "case": item.case,
        "version": item.version,
        "outcome": str(item.fate),
        "tries": item.tries,
        "told": item.told,
    }


def _read(asked: Asked, body: BulkGiven, command: str) -> tuple[BulkOperation, list[BulkItem]]:
    """The operation and its cases; a case that is named again is skipped. Its id is made from the command: the same request is one."""
    if body.event not in set(Event):
        raise UnknownName(what="event", name=body.event, known=", ".join(Event))
    if body.event == Event.REGISTER:
        raise RequestInvalid([Problem("/event", "not_an_option", {"options": ", ".join(e for e in Event if e is not Event.REGISTER)})])
    made = sha256(command.encode()).hexdigest()[:16]
    named: set[str] = set()
    items = []
    for number, each in enumerate(body.cases, 1):
        fate = Fate.SKIPPED if each.case in named else Fate.PENDING
        named.add(each.case)
        items.append(BulkItem(operation=made, number=number, case=each.case, version=each.version, tries=0, fate=fate, told=None))
    operation = BulkOperation(
        id=made, person=asked.caller.person, event=body.event, payload=body.payload, reason=body.reason, state=BulkState.RUNNING,
        created_at=asked.received, total=len(items), request=asked.request.scope.get("request_id"),
        credential=_credential(),
    )  # fmt: skip
    return operation, items


@router.post(
    "",
    status_code=202,
    response_model=BulkOut,
    responses={200: {"model": BulkPreviewOut, "description": "dry_run"}, **problems(*WRITES)},
)
def begin(request: Request, body: BulkGiven, key: Key = None, dry_run: DryRun = False) -> Response:
    """Làm một việc với nhiều hồ sơ; dry_run xem trước từng hồ sơ · one event on many cases; dry_run says what would become of each."""
    asked = ask(request, WRITE)
    operation, items = _read(asked, body, command_id(asked.caller, key))

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        if dry_run:
            found = preview(asked.run.engine, operation, items, told)
            counts = {str(fate): sum(1 for _, each, _ in found if each is fate) for fate in Fate if any(f is fate for _, f, _ in found)}
            shown = [{"number": item.number, "case": item.case, "outcome": str(fate), "told": said} for item, fate, said in found]
            return 200, {"event": operation.event, "total": len(items), "counts": counts, "items": shown, "dry_run": True}, None
        asked.run.store.begin_bulk(operation, items)
        request.app.state.wake()
        return 202, _json(asked, operation), None

    location = {} if dry_run else {"location": f"/api/v1/bulk-operations/{operation.id}"}
    return once(asked, key, body.model_dump(), work, dry_run=dry_run, **location)


@router.get("/{id}", response_model=BulkOut, responses=problems(404))
def show(request: Request, id: OperationId) -> Response:
    """Một lượt: bao nhiêu hồ sơ đã ra sao · an operation, and how many of its cases met which fate."""
    asked = ask(request)
    return json_answer(_json(asked, _operation(asked, id)))


@router.get("/{id}/items", response_model=BulkItemsOut, responses=problems(404))
def items(
    request: Request,
    id: OperationId,
    outcome: Literal["pending", "moved", "skipped", "blocked", "conflict", "error"] | None = None,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> Response:
    """Từng hồ sơ và lý do · each case, with its reasons."""
    asked = ask(request)
    _operation(asked, id)
    found = asked.run.store.bulk_items(id, fate=outcome, after=after, limit=limit + 1)
    following = found[limit - 1].number if len(found) > limit else None
    return json_answer({"items": [_item(item) for item in found[:limit]], "next": following})


@router.post("/{id}/cancel", response_model=BulkOut, responses=problems(*WRITES))
def cancel(request: Request, id: OperationId, body: NothingGiven, key: Key = None) -> Response:
    """Dừng: hồ sơ chưa làm được bỏ qua · stop: what is pending is skipped."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        operation = _operation(asked, id)
        if not asked.run.store.move_bulk(id, BulkState.RUNNING, BulkState.CANCELLED):
            raise EventRefused(
                [Refusal(Code.BULK_OVER, NOBODY, {"total": operation.total})], case=id, event=Event(operation.event), state=None
            )
        return 200, _json(asked, _operation(asked, id)), None

    return once(asked, key, {"id": id, **body.model_dump()}, work)


@router.post("/{id}/retry", response_model=BulkOut, responses=problems(*WRITES))
def retry(request: Request, id: OperationId, body: NothingGiven, key: Key = None) -> Response:
    """Làm lại những hồ sơ bị chặn, xung đột hoặc lỗi · try again what was blocked, in conflict or in error."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        operation = _operation(asked, id)
        if not asked.run.store.retry_bulk(id, _credential()):
            raise EventRefused([Refusal(Code.NOTHING_TO_RETRY, NOBODY, {})], case=id, event=Event(operation.event), state=None)
        request.app.state.wake()
        return 200, _json(asked, _operation(asked, id)), None

    return once(asked, key, {"id": id, **body.model_dump()}, work)
