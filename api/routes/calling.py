"""``/call-sheets``, ``/calls`` and ``/reach``: whom somebody has to ring, what came of it, and whom telling has reached."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Key, ask
from api.once import once
from api.routes.reminders import Year
from api.schemas.common import LONGEST_CODE, WRITES, problems
from api.schemas.telling import CalledOut, CallGiven, ReachOut, SheetOut
from api.shapes.telling import reach_json, sheet_json
from api.strict import MemberRoute
from api.subjects import must_answer_for, must_know, must_see, sight
from notifications.account import year_of
from notifications.acknowledging import CallResult, note_call
from notifications.call_sheet import CallSheet, as_csv, as_pdf, as_text
from notifications.foresight import duty_named, duty_of
from notifications.messages import Language
from notifications.reaching import reach_of, sheet_of

router = APIRouter(route_class=MemberRoute, tags=["telling"])
UnitCode = Annotated[str, Path(max_length=LONGEST_CODE, examples=["VS"])]
_PAPERS: Mapping[str, tuple[str, Callable[[CallSheet], bytes]]] = {
    "text": ("text/plain; charset=utf-8", lambda sheet: as_text(sheet).encode()),
    "csv": ("text/csv; charset=utf-8", lambda sheet: as_csv(sheet).encode()),
    "pdf": ("application/pdf", as_pdf),
}
_FORMS: dict[str, Any] = {"text/plain": {}, "text/csv": {}, "application/pdf": {}}


@router.get("/call-sheets/{unit}", response_model=SheetOut, responses={200: {"content": _FORMS}, **problems(404)})
def sheet(
    request: Request, unit: UnitCode, format: Literal["json", "text", "csv", "pdf"] = "json", language: Literal["vi", "en"] | None = None
) -> Response:
    """Danh sách phải gọi: không có địa chỉ, thư không đến, hoặc sắp hết hạn mà chưa báo nhận · whom a unit has to ring about what."""
    asked = ask(request)
    must_answer_for(sight(asked), unit)
    run = asked.run
    found = sheet_of(
        run.store, run.notifications.wording, run.engine.world(fresh=True), unit, asked.received, Language(language or asked.language), rehearsal=run.rehearsal
    )  # fmt: skip
    if format == "json":
        return json_answer(sheet_json(found))
    media, form = _PAPERS[format]
    return Response(form(found), media_type=media, headers={"cache-control": "private, no-cache"})


@router.post("/calls", status_code=201, response_model=CalledOut, responses=problems(*WRITES))
def note(request: Request, body: CallGiven, key: Key = None) -> Response:
    """Ghi một cuộc gọi theo danh sách; “đã báo” thì việc được tính là đã xác nhận · keep a call; “told” confirms the duty."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        duty = duty_named(asked.run.store, body.duty)
        must_see(asked, duty_of(asked.run.store, duty).subject)
        row = note_call(
            asked.run.store, asked.run.engine.world(fresh=True), asked.received, duty=duty, person=must_know(sight(asked), body.to),
            result=CallResult(body.result), note=body.note, actor=asked.caller.person,
        )  # fmt: skip
        return 201, {"key": row.key, "state": str(row.state), "attempt": row.attempt}, None

    return once(asked, key, body.model_dump(), work)


@router.get("/reach/{unit}", response_model=ReachOut, responses=problems(404))
def reach(request: Request, unit: UnitCode, year: Year = None) -> Response:
    """Nhắc hạn đến được bao nhiêu người ở từng đơn vị, qua đường nào, ai chưa biết · measured reach unit by unit."""
    asked = ask(request)
    must_answer_for(sight(asked), unit)
    chosen = year or asked.today.year
    found = reach_of(asked.run.store, asked.registry, unit, *year_of(chosen))
    return json_answer({"unit": unit, "year": chosen, "units": [reach_json(each) for each in found]})
