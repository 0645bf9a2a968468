"""``/webhooks``: other systems that hear of events, and gateways for text messages."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Asked, Key, ask
from api.identity.vault import HookSecrets
from api.once import once
from api.schemas.common import LONGEST_CODE, WRITES, NothingGiven, problems
from api.schemas.telling import HookGiven, HookOut, HooksOut, NewHookOut, OffGiven, TriedOut
from api.shapes.telling import hook_json
from api.strict import MemberRoute
from api.subjects import sight
from notifications.hooks import Hooks
from notifications.messages import Accepted
from states.errors import NotFound
from workflow.telling import WebhookRow

router = APIRouter(prefix="/webhooks", route_class=MemberRoute, tags=["webhooks"])
HookId = Annotated[str, Path(max_length=LONGEST_CODE, examples=["wh-1a2b3c4d"])]


def _hooks(asked: Asked) -> Hooks:
    return Hooks(asked.run.store, asked.registry, asked.run.clock, HookSecrets(asked.run.settings).seal)


def _seen(asked: Asked, id: str) -> WebhookRow:
    """A webhook of an office that the caller answers for; of others there is none."""
    units = sight(asked).units
    found = next((row for row in asked.run.store.webhooks() if row.id == id and row.unit in units), None)
    if found is None:
        raise NotFound(what="webhook", name=id)
    return found


@router.get("", response_model=HooksOut, responses=problems())
def list_hooks(request: Request) -> Response:
    """Các nơi nhận của cơ quan mình phụ trách · receivers of the offices that you answer for."""
    asked = ask(request)
    units = sight(asked).units
    return json_answer({"items": [hook_json(row) for row in asked.run.store.webhooks() if row.unit in units]})


@router.post("", status_code=201, response_model=NewHookOut, responses=problems(*WRITES))
def make(request: Request, body: HookGiven, key: Key = None) -> Response:
    """Khai báo một nơi nhận; khóa ký chỉ hiện trong câu trả lời này · set a receiver up; its secret is shown in this answer alone."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        made = _hooks(asked).add(body.url, body.unit, body.events, asked.caller.person)
        return 201, {**hook_json(made.row), "secret": made.secret}, None

    return once(asked, key, body.model_dump(), work, shown_once=("secret",))


@router.get("/{id}", response_model=HookOut, responses=problems(404))
def show(request: Request, id: HookId) -> Response:
    """Một nơi nhận, không có khóa · one receiver, without its secret."""
    return json_answer(hook_json(_seen(ask(request), id)))


def _change(
    request: Request,
    id: str,
    key: str | None,
    values: dict[str, Any],
    work: Callable[[Hooks, str], dict[str, Any]],
    *shown_once: str,
) -> Response:
    asked = ask(request, WRITE)

    def done(_: str) -> tuple[int, dict[str, Any], int | None]:
        _seen(asked, id)
        return 200, work(_hooks(asked), asked.caller.person), None

    return once(asked, key, {"id": id, **values}, done, shown_once=shown_once)


@router.post("/{id}/off", response_model=HookOut, responses=problems(*WRITES))
def turn_off(request: Request, id: HookId, body: OffGiven, key: Key = None) -> Response:
    """Thôi gửi tới một nơi nhận · send nothing more there."""
    return _change(request, id, key, body.model_dump(), lambda hooks, by: hook_json(hooks.turn_off(id, body.reason, by)))


@router.post("/{id}/on", response_model=HookOut, responses=problems(*WRITES))
def turn_on(request: Request, id: HookId, body: NothingGiven, key: Key = None) -> Response:
    """Gửi trở lại, từ việc xảy ra sau lúc này · send there again what happens from now on."""
    return _change(request, id, key, body.model_dump(), lambda hooks, by: hook_json(hooks.turn_on(id, by)))


@router.post("/{id}/rotate", response_model=NewHookOut, responses=problems(*WRITES))
def rotate(request: Request, id: HookId, body: NothingGiven, key: Key = None) -> Response:
    """Tạo khóa mới; hai khóa cùng ký cho đến khi bỏ khóa cũ · make a second secret; both sign until the old one is dropped."""

    def work(hooks: Hooks, by: str) -> dict[str, Any]:
        made = hooks.rotate(id, by)
        return {**hook_json(made.row), "secret": made.secret}

    return _change(request, id, key, body.model_dump(), work, "secret")


@router.post("/{id}/drop-old", response_model=HookOut, responses=problems(*WRITES))
def drop_old(request: Request, id: HookId, body: NothingGiven, key: Key = None) -> Response:
    """Bỏ khóa cũ, khi nơi nhận đã đổi xong · drop the old secret, once the receiver knows the new one."""
    return _change(request, id, key, body.model_dump(), lambda hooks, by: hook_json(hooks.drop_old(id, by)))


@router.post("/{id}/test", response_model=TriedOut, responses=problems(*WRITES))
def try_hook(request: Request, id: HookId, body: NothingGiven, key: Key = None) -> Response:
    """Gửi ngay một tin thử có chữ ký và cho biết nơi nhận trả lời gì · send a signed test event now and tell the answer."""
    telling = request.app.state.runtime.notifications

    def work(hooks: Hooks, by: str) -> dict[str, Any]:
        reply = hooks.test(id, by, telling.hook_way(), telling.post.source)
        accepted = isinstance(reply, Accepted)
        return {"accepted": accepted, "why": None if isinstance(reply, Accepted) else reply.why or None, "reply": reply.reply}

    return _change(request, id, key, body.model_dump(), work)
