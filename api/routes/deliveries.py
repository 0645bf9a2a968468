"""``/deliveries``: what left, what waits, what did not arrive."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Key, ask
from api.once import once
from api.paging import cursor_of, next_link, place_of
from api.routes.cases import Instant, instant_of
from api.schemas.common import LONGEST_CODE, WRITES, NothingGiven, problems
from api.schemas.telling import DeliveriesOut, DeliveryOut, OpenedOut
from api.shapes.telling import delivery_json, opened_json
from api.strict import MemberRoute
from api.subjects import sight
from notifications.messages import ChannelName
from notifications.postbox import delivery_in, opened, send_again_by, targets_in
from workflow.casebook import Place
from workflow.telling import DeliveryQuery, DeliveryRow, DeliveryState

router = APIRouter(prefix="/deliveries", route_class=MemberRoute, tags=["telling"])
DeliveryKey = Annotated[str, Path(max_length=LONGEST_CODE * 3, examples=["cb-t|2021-07-02.1|email"])]
Cursor = Annotated[str | None, Query(max_length=600)]
_EPOCH, _MICRO = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def place_after(row: DeliveryRow) -> Place:
    """The place at which a list goes on behind a delivery."""
    return Place(0, (row.created_at - _EPOCH) // _MICRO, row.key)


def behind(place: Place | None) -> tuple[datetime, str] | None:
    """A place as the database is asked for what lies behind it."""
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
        after=behind(place_of(cursor, given)),
        limit=limit + 1,
    )
    found = asked.run.store.deliveries(query)
    after = cursor_of(place_after(found[limit - 1]), given) if len(found) > limit else None
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
