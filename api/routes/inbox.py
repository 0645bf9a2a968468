"""``/inbox``: one's own letters."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Key, ask
from api.once import once
from api.paging import cursor_of, place_of
from api.routes.deliveries import Cursor, DeliveryKey, behind, place_after
from api.schemas.common import WRITES, NothingGiven, problems
from api.schemas.telling import InboxOut, ReceivedOut
from api.shapes.telling import received_json
from api.strict import MemberRoute
from notifications.postbox import inbox, read

router = APIRouter(prefix="/inbox", route_class=MemberRoute, tags=["telling"])


@router.get("", response_model=InboxOut, responses=problems())
def letters(request: Request, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
    """Hộp thư của mình, mới nhất trước; xem danh sách chưa tính là đã đọc · your letters; a list is not reading."""
    asked = ask(request)
    given = {"inbox": asked.caller.person}
    found = inbox(asked.run.store, asked.caller.person, limit + 1, behind(place_of(cursor, given)))
    after = cursor_of(place_after(found[limit - 1].row), given) if len(found) > limit else None
    unread = sum(1 for each in found[:limit] if each.row.read_at is None)
    return json_answer({"items": [received_json(each) for each in found[:limit]], "unread": unread, "next": after})


@router.post("/{key}/read", response_model=ReceivedOut, responses=problems(*WRITES))
def open_letter(request: Request, key: DeliveryKey, body: NothingGiven, command: Key = None) -> Response:
    """Mở một thư của mình, ghi là đã đọc · open one of your letters and note it as read."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        return 200, received_json(read(asked.run.store, asked.caller.person, key, asked.received)), None

    return once(asked, command, {"key": key, **body.model_dump()}, work)
