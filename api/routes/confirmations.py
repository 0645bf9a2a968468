"""``/confirmations``: the second person's word on an act that was typed from paper, or on an override."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.acting import json_answer
from api.asking import WRITE, IfMatch, Key, ask, showing_case, version_seen, visible_case
from api.once import once
from api.schemas.cases import ActedOut
from api.schemas.common import LONGEST_CODE, WRITES, problems
from api.schemas.subjects import AnswerGiven, ListOut
from api.showing import both, iso, receipt_json
from api.strict import MemberRoute
from states.errors import NotFound, StaleCase
from workflow.access import visible
from workflow.confirming import Waiting
from workflow.judging import place_of

router = APIRouter(prefix="/confirmations", route_class=MemberRoute, tags=["confirmations"])
ConfirmationId = Annotated[str, Path(max_length=LONGEST_CODE, examples=["VS-2021-0005:7"])]
_OWN = ("actor.", "request.")


def _json(each: Waiting) -> dict[str, Any]:
    entry = each.line.entry
    return {
        "id": each.id,
        "case": entry.case,
        "product": each.product,
        "event": str(each.event),
        "event_name": both("event", str(each.event)),
        "acted_on": iso(entry.acted_on) if entry.acted_on else None,
        "typed_at": iso(entry.received_at) if entry.received_at else None,
        "typed_by": entry.actor.id if entry.actor else None,
        "on_behalf_of": entry.actor.on_behalf_of if entry.actor else None,
        "data": {name: value for name, value in entry.data.items() if name not in {"act", "via", "request"}},
        "texts": {name: text for name, text in each.line.names.items() if not name.startswith(_OWN)},
    }


@router.get("", response_model=ListOut, responses=problems())
def waiting(request: Request) -> Response:
    """Việc nhập từ văn bản giấy và việc cho vượt đang chờ người thứ hai · what waits for a second person."""
    asked = ask(request)
    registry, found = asked.registry, []
    for each in asked.run.confirmations.waiting():
        loaded = asked.run.store.load_case(each.line.entry.case, "")
        if loaded is not None and visible(registry, asked.caller.person, place_of(loaded.case), asked.today):
            found.append(_json(each))
    return json_answer({"items": found})


@router.post("/{confirmation}", response_model=ActedOut, responses=problems(*WRITES))
def answer(request: Request, confirmation: ConfirmationId, body: AnswerGiven, if_match: IfMatch = None, key: Key = None) -> Response:
    """Xác nhận hoặc không; If-Match là phiên bản của hồ sơ · yes or no; If-Match is the case's version."""
    asked = ask(request, WRITE)
    seen = version_seen(if_match)
    code = confirmation.rpartition(":")[0]

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        try:
            case = visible_case(asked, code).case
        except NotFound:
            raise NotFound(what="confirmation", name=confirmation) from None
        with showing_case(asked, code):
            if case.version != seen:
                raise StaleCase(case=code, expected=seen, version=case.version, state=case.state)
            person, told = asked.caller.person, asked.run.confirmations
            receipt = (
                told.confirm(confirmation, actor=person) if body.confirm else told.refuse(confirmation, actor=person, reason=body.reason)
            )
        return 200, receipt_json(receipt, dry_run=False), receipt.version

    return once(asked, key, body.model_dump(), work)
