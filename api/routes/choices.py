"""``/people/{person}/choices`` and ``/units/{unit}/choices``: hours, ways, language, absences and what may be muted."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Asked, Key, ask
from api.once import once
from api.schemas.common import LONGEST_CODE, WRITES, problems
from api.schemas.telling import ChoicesGiven, ChosenOut
from api.shapes.telling import chosen_json
from api.strict import MemberRoute
from api.subjects import must_know, sight
from notifications.choosing import PERSON, UNIT, choose, chosen
from notifications.sight import near
from states.errors import NotFound

router = APIRouter(route_class=MemberRoute, tags=["telling"])
Person = Annotated[str, Path(max_length=LONGEST_CODE, examples=["cb-t"])]
Unit = Annotated[str, Path(max_length=LONGEST_CODE, examples=["VS"])]


def _must_see(asked: Asked, scope: str, code: str) -> None:
    """Let nobody pass who neither answers for a person, nor belongs to a unit's territory or above it."""
    if scope == PERSON:
        must_know(sight(asked), code)
    elif not asked.registry.known(code) or not near(asked.registry, asked.caller.person, code, asked.today):
        raise NotFound(what="unit", name=code)


def _show(request: Request, scope: str, code: str) -> Response:
    asked = ask(request)
    _must_see(asked, scope, code)
    return json_answer(chosen_json(chosen(asked.run.store, asked.registry, scope, code, asked.received)))


def _change(request: Request, scope: str, code: str, body: ChoicesGiven, key: str | None) -> Response:
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        _must_see(asked, scope, code)
        made = choose(
            asked.run.store, asked.registry, scope, code, actor=asked.caller.person, values=body.values, cleared=body.clear, now=asked.received
        )  # fmt: skip
        return 200, chosen_json(made), None

    return once(asked, key, body.model_dump(), work)


@router.get("/people/{person}/choices", response_model=ChosenOut, responses=problems(404))
def of_person(request: Request, person: Person) -> Response:
    """Cách nhận nhắc hạn của một người · how a person is told."""
    return _show(request, PERSON, person)


@router.post("/people/{person}/choices", response_model=ChosenOut, responses=problems(*WRITES))
def change_own(request: Request, person: Person, body: ChoicesGiven, key: Key = None) -> Response:
    """Đổi cách nhận nhắc hạn của mình; lựa chọn không nêu thì giữ nguyên · change your own; what is not named stays."""
    return _change(request, PERSON, person, body, key)


@router.get("/units/{unit}/choices", response_model=ChosenOut, responses=problems(404))
def of_unit(request: Request, unit: Unit) -> Response:
    """Quy định của một cơ quan về nhắc hạn · what an office has decided about telling."""
    return _show(request, UNIT, unit)


@router.post("/units/{unit}/choices", response_model=ChosenOut, responses=problems(*WRITES))
def change_of_unit(request: Request, unit: Unit, body: ChoicesGiven, key: Key = None) -> Response:
    """Đổi quy định của cơ quan về nhắc hạn, do cán bộ phụ trách · change the office's rules, as its officer."""
    return _change(request, UNIT, unit, body, key)
