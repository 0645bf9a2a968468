"""``/feeds``: calendars of deadlines to subscribe to, made and revoked; the calendar itself needs no account but its token."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Asked, IfNoneMatch, Key, ask, same_etag
from api.bootstrap import Runtime
from api.once import once
from api.schemas.common import LONGEST_CODE, WRITES, NothingGiven, problems
from api.schemas.telling import FeedGiven, FeedOut, FeedsOut, NewFeedOut
from api.shapes.telling import feed_json
from api.strict import MemberRoute, StrictRoute
from api.subjects import must_know, sight
from notifications.feeding import PERSON, calendar_of, create, named, of_token, revoke
from notifications.links import digest_of
from notifications.sight import Sight
from states.errors import NotFound
from workflow.telling import FeedRow

router = APIRouter(prefix="/feeds", route_class=MemberRoute, tags=["telling"])
calendars = APIRouter(prefix="/feeds", route_class=StrictRoute, tags=["no account"])
CALENDAR = "text/calendar; charset=utf-8"
Token = Annotated[str, Path(max_length=LONGEST_CODE, description="Mã riêng của lịch · the calendar's token")]


def _seen(seen: Sight, row: FeedRow) -> bool:
    return row.code in (seen.people if row.scope == PERSON else seen.units)


@router.get("", response_model=FeedsOut, responses=problems())
def list_feeds(request: Request) -> Response:
    """Lịch đăng ký của mình và của cơ quan mình phụ trách · calendars of yours and of the offices that you answer for."""
    asked = ask(request)
    seen = sight(asked)
    rows = sorted((row for row in asked.run.store.feeds() if _seen(seen, row)), key=lambda row: (row.made_at, row.digest))
    return json_answer({"items": [feed_json(row) for row in rows]})


@router.post("", status_code=201, response_model=NewFeedOut, responses=problems(*WRITES))
def make(request: Request, body: FeedGiven, key: Key = None) -> Response:
    """Tạo lịch đăng ký; mã riêng chỉ hiện trong câu trả lời này · make a calendar; its token is shown in this answer alone."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        if body.scope == PERSON:
            must_know(sight(asked), body.code)
        row, token = create(asked.run.store, asked.registry, body.scope, body.code, asked.caller.person, asked.received)
        return 201, {**feed_json(row), "token": token, "address": _address(asked, token)}, None

    return once(asked, key, body.model_dump(), work, shown_once=("token", "address"))


def _address(asked: Asked, token: str) -> str:
    """Where the calendar is read: at the address that is set for everybody, else where it was asked for."""
    base = asked.run.settings.public_url or str(asked.request.base_url)
    return f"{base.rstrip('/')}/api/v1/feeds/{token}/deadlines.ics"


@router.post("/{name}/revoke", response_model=FeedOut, responses=problems(*WRITES))
def end(
    request: Request,
    name: Annotated[
        str,
        Path(
            min_length=8,
            max_length=64,
            pattern="^[0-9a-f]+$",
            description="Ký hiệu trong danh sách · name in the list",
            examples=["7db959c6"],
        ),
    ],
    body: NothingGiven,
    key: Key = None,
) -> Response:
    """Thu hồi: từ nay không ai đọc được bằng mã ấy nữa · from now on nobody reads it by its token."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        found = named(asked.run.store, name)
        if not _seen(sight(asked), found):
            raise NotFound(what="feed", name=name)
        return 200, feed_json(revoke(asked.run.store, asked.registry, found.digest, asked.caller.person, asked.received)), None

    return once(asked, key, {"name": name, **body.model_dump()}, work)


@calendars.get(
    "/{token}/deadlines.ics",
    response_model=None,
    response_class=Response,
    responses={
        200: {"content": {"text/calendar": {"schema": {"type": "string"}}}},
        304: {"description": "Not Modified"},
        **problems(404),
    },
    openapi_extra={"security": []},
)
def read(request: Request, token: Token, if_none_match: IfNoneMatch = None) -> Response:
    """Lịch hạn để điện thoại, máy tính tự đọc; không cần tài khoản · deadlines for phones and mail programs; no account."""
    run: Runtime = request.app.state.runtime
    row, now = of_token(run.store, token), run.clock.now()
    text = calendar_of(run.store, run.engine.world(fresh=True), row.scope, row.code, now, rehearsal=run.rehearsal)
    tag = f'"{digest_of(text)[:24]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if same_etag(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(text, media_type=CALENDAR, headers=headers)
