"""``/worklists``: what waits, and how much of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.acting import json_answer
from api.asking import Asked, ask
from api.lists import page_answer
from api.schemas.cases import CasePage
from api.schemas.common import problems
from api.schemas.subjects import CountsOut, ListOut
from api.seeing import seen_by
from api.showing import both
from api.strict import MemberRoute
from api.worklists import WORKLISTS
from states.errors import NotFound
from workflow.casebook import CaseList

router = APIRouter(prefix="/worklists", route_class=MemberRoute, tags=["worklists"])


def _mine(asked: Asked) -> CaseList:
    seen = seen_by(asked.registry, asked.caller.person, asked.today)
    return CaseList(seen_units=seen.units, seen_producers=seen.producers)


@router.get("", response_model=ListOut, responses=problems())
def worklists(request: Request) -> Response:
    """Các danh sách việc · which worklists there are."""
    ask(request)
    return json_answer({"items": [{"slug": slug, "name": both("worklist", slug)} for slug in WORKLISTS]})


@router.get("/counts", response_model=CountsOut, responses=problems())
def counts(request: Request) -> Response:
    """Mỗi danh sách có bao nhiêu hồ sơ · how long each worklist is."""
    asked = ask(request)
    base = _mine(asked)
    counted = asked.run.store.case_counts([query(base, asked.received) for query in WORKLISTS.values()])
    return json_answer({"counts": dict(zip(WORKLISTS, counted, strict=True))})


@router.get("/{slug}", response_model=CasePage, responses=problems(404))
def worklist(
    request: Request,
    slug: Annotated[str, Path(max_length=60, examples=["overdue"])],
    cursor: Annotated[str | None, Query(max_length=600)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Một danh sách việc, hạn gần nhất trước · a worklist, the nearest deadline first."""
    asked = ask(request)
    if slug not in WORKLISTS:
        raise NotFound(what="worklist", name=slug)
    given: dict[str, Any] = {"worklist": slug}
    return page_answer(asked, WORKLISTS[slug](_mine(asked), asked.received), given, cursor, limit)
