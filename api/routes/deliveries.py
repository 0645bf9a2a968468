"""``/deliveries`` and ``/inbox``: what left, what waits, what did not arrive; and one's own letters."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Key, ask
from api.once import once
from api.paging import cursor_of, next_link, place_of
from api.routes.cases import Instant, instant_of
from api.schemas.common import LONGEST_CODE, WRITES, NothingGiven, problems
from api.schemas.telling import DeliveriesOut, DeliveryOut, InboxOut, OpenedOut, ReceivedOut
from api.shapes.telling import delivery_json, opened_json, received_json
from api.strict import MemberRoute
from api.subjects import sight
from notifications.messages import ChannelName
from notifications.postbox import delivery_in, inbox, opened, read, send_again_by, targets_in
from workflow.casebook import Place
from workflow.telling import DeliveryQuery, DeliveryRow, DeliveryState

router = APIRouter(prefix="/deliveries", route_class=MemberRoute, tags=["telling"])
own = APIRouter(prefix="/inbox", route_class=MemberRoute, tags=["telling"])
DeliveryKey = Annotated[str, Path(max_length=LONGEST_CODE * 3, examples=["cb-t|2021-07-02.1|email"])]
Cursor = Annotated[str | None, Query(max_length=600)]
_EPOCH, _MICRO = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def _place(row: DeliveryRow) -> Place:
    return Place(0, (row.created_at - _EPOCH) // _MICRO, row.key)


def _after(place: Place | None) -> tuple[datetime, str] | None:
    return (_EPOCH + (place.due or 0) * _MICRO, place.key) if place is not None else None


@router.get("", response_model=DeliveriesOut, responses=problems())
def list_deliveries(
    request: Request,
    state: DeliveryState | None = None,
    channel: ChannelName | None = None,
    to: Annotated[str | None, Query(max_length=LONGEST_CODE, description="Mã người hoặc mã webhook · a person or a webhook")] = None,
    case: Annotated[
        str | None, Query(max_length=LONGEST_CODE, description="Về hồ sơ, kế hoạch hoặc giấy chứng nhận này · about this one")
    ] = None,
    since: Instant = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Lượt gửi tới mình và tới người của cơ quan mình phụ trách, mới nhất trước · deliveries in your sight, newest first."""
    asked = ask(request)
    given: dict[str, Any] = {
        "state": str(state) if state else None, "channel": str(channel) if channel else None, "to": to, "case": case, "since": since,
    }  # fmt: skip
    targets = targets_in(asked.run.store, sight(asked))
    query = DeliveryQuery(
        states=(str(state),) if state else None,
        targets=targets if to is None else tuple({to} & set(targets)),
        subject=case,
        since=instant_of("since", since),
        channel=given["channel"],
        after=_after(place_of(cursor, given)),
        limit=limit + 1,
    )
    found = asked.run.store.deliveries(query)
    after = cursor_of(_place(found[limit - 1]), given) if len(found) > limit else None
    headers = {"link": next_link(request.url.path, {**given, "limit": limit}, after)} if after else {}
    return json_answer({"items": [delivery_json(row) for row in found[:limit]], "next": after}, headers)


@router.get("/{key}", response_model=OpenedOut, responses=problems(404))
def show(request: Request, key: DeliveryKey) -> Response:
    """Một lượt gửi: các lần thử, bên nhận trả lời gì, lời thư đã gửi · one delivery, its tries, and its words."""
    asked = ask(request)
    delivery_in(asked.run.store, sight(asked), key)
    # The link in a letter is its reader's own word, so that nobody else is shown it.
    return json_answer(opened_json(opened(asked.run.store, key, None, asked.run.notifications.event_of)))


@router.post("/{key}/resend", response_model=DeliveryOut, responses=problems(*WRITES))
def resend(request: Request, key: DeliveryKey, body: NothingGiven, command: Key = None) -> Response:
    """Gửi lại một lượt đã hỏng hoặc đã chuyển · send once more what failed or arrived."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        return 200, delivery_json(send_again_by(asked.run.store, asked.registry, sight(asked), key, asked.received)), None

    return once(asked, command, {"key": key, **body.model_dump()}, work)


@own.get("", response_model=InboxOut, responses=problems())
def letters(request: Request, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
    """Hộp thư của mình, mới nhất trước; xem danh sách chưa tính là đã đọc · your letters; a list is not reading."""
    asked = ask(request)
    given = {"inbox": asked.caller.person}
    found = inbox(asked.run.store, asked.caller.person, limit + 1, _after(place_of(cursor, given)))
    after = cursor_of(_place(found[limit - 1].row), given) if len(found) > limit else None
    unread = sum(1 for each in found[:limit] if each.row.read_at is None)
    return json_answer({"items": [received_json(each) for each in found[:limit]], "unread": unread, "next": after})


@own.post("/{key}/read", response_model=ReceivedOut, responses=problems(*WRITES))
def open_letter(request: Request, key: DeliveryKey, body: NothingGiven, command: Key = None) -> Response:
    """Mở một thư của mình, ghi là đã đọc · open one of your letters and note it as read."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        return 200, received_json(read(asked.run.store, asked.caller.person, key, asked.received)), None

    return once(asked, command, {"key": key, **body.model_dump()}, work)
