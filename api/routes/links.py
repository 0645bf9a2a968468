"""``/ack``: what a personal link shows, and the word that it was received; the token in the address is all that is asked for."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.acting import json_answer
from api.bootstrap import Runtime
from api.schemas.common import NothingGiven, problems
from api.schemas.telling import LinkOut
from api.shapes.telling import link_json
from api.showing import last_valid_day
from api.strict import StrictRoute
from notifications.acknowledging import Shown, confirmed, shown

router = APIRouter(prefix="/ack", route_class=StrictRoute, tags=["no account"])
Token = Annotated[str, Path(description="Phần cuối của đường dẫn trong thư · the last part of the link in a letter", examples=["k3n5q7…"])]


def _json(got: Shown) -> dict[str, Any]:
    told = {name: value for name, value in link_json(got).items() if name != "duty"}
    return {**told, "name": got.name, "last_valid_day": last_valid_day(got.line.due_at) if got.line is not None else None}


@router.get("/{token}", response_model=LinkOut, responses=problems(404), openapi_extra={"security": []})
def show(request: Request, token: Token) -> Response:
    """Điều mà đường dẫn cá nhân cho xem; xem chưa phải là xác nhận · what a personal link shows; looking is not confirming."""
    run: Runtime = request.app.state.runtime
    return json_answer(_json(shown(run.store, run.engine.world(fresh=True), token, run.clock.now())), {"cache-control": "no-store"})


@router.post("/{token}", response_model=LinkOut, responses=problems(404, 408, 415), openapi_extra={"security": []})
def confirm(request: Request, token: Token, body: NothingGiven | None = None) -> Response:  # noqa: ARG001 - that nothing else is sent
    """Xác nhận đã nhận được; lần sau không đổi gì · keep that it was received; a second time changes nothing."""
    run: Runtime = request.app.state.runtime
    return json_answer(_json(confirmed(run.store, run.engine.world(fresh=True), token, run.clock.now())), {"cache-control": "no-store"})
