"""``/plans``: import as a draft, look, publish."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.acting import json_answer
from api.asking import WRITE, IfMatch, Key, ask, etag, version_seen
from api.once import once
from api.routes.cases import DryRun
from api.routes.histories import entry_json
from api.schemas.common import LONGEST_CODE, WRITES, problems
from api.schemas.subjects import HistoryPage, ListOut, PlanGiven, PlanOut, PublishedOut, PublishGiven
from api.showing import both, row_json, stage_json
from api.strict import MemberRoute, RequestInvalid
from api.subjects import sight
from api.told import choice_json
from states.errors import NotFound, Problem, StaleCase
from states.vocabulary import Effect
from workflow.rows import PlanRow

router = APIRouter(prefix="/plans", route_class=MemberRoute, tags=["plans"])
PlanCode = Annotated[str, Path(max_length=LONGEST_CODE, examples=["KH-2021"])]
_LONGEST_NUMBER = 4


def _plain(row: PlanRow) -> dict[str, Any]:
    told = {name: value for name, value in row_json(row).items() if name != "text"}
    return {**told, "state_name": both("publication", str(row.state))}


@router.get("", response_model=ListOut, responses=problems())
def list_plans(request: Request, unit: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None) -> Response:
    """Các kế hoạch · plans."""
    asked = ask(request)
    return json_answer({"items": [_plain(row) for row in asked.run.store.plans(unit)]})


@router.post("", status_code=201, response_model=PlanOut, responses=problems(*WRITES))
def import_plan(request: Request, body: PlanGiven, key: Key = None) -> Response:
    """Nhập kế hoạch thành dự thảo; cùng tệp thì không đổi gì · import as a draft; the same file changes nothing."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        row = asked.run.plans.import_plan(body.text, actor=asked.caller.person, plan=body.plan, unit=body.unit)
        told = {**_plain(row), "text": row.text, "deadlines": [choice_json(c) for c in asked.run.plans.choices(row.code)]}
        return 201, told, row.version

    return once(asked, key, body.model_dump(), work)


@router.get("/{code}", response_model=PlanOut, responses=problems(404))
def show(request: Request, code: PlanCode) -> Response:
    """Một kế hoạch: các mốc và hệ quả · one plan with its dates and their effects."""
    asked = ask(request)
    row = asked.run.store.load_plan(code)
    if row is None:
        raise NotFound(what="plan", name=code)
    stages = asked.run.store.stages(plan=code)
    dates = [stage_json(stage) for stage in stages] or [choice_json(c) for c in asked.run.plans.choices(code)]
    return json_answer({**_plain(row), "text": row.text, "deadlines": dates}, {"etag": etag(row.version)})


@router.get("/{code}/history", response_model=HistoryPage, responses=problems(404))
def history(request: Request, code: PlanCode) -> Response:
    """Nhật ký của một kế hoạch, cho người phụ trách và kiểm tra · the entries of a plan, for whoever answers for it or audits it."""
    asked = ask(request)
    row = asked.run.store.load_plan(code)
    if row is None or row.unit not in sight(asked).units:
        raise NotFound(what="plan", name=code)
    return json_answer({"items": [entry_json(stored) for stored in asked.run.store.entries(code)], "next": None})


@router.post("/{code}/publish", response_model=PublishedOut, responses=problems(*WRITES))
def publish(
    request: Request, code: PlanCode, body: PublishGiven, if_match: IfMatch = None, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Ban hành: chọn hệ quả của từng mốc, mở các đợt · publish: choose each date's effect, open the rounds."""
    asked = ask(request, WRITE)
    seen = version_seen(if_match)
    effects = {_number(name): Effect(effect) for name, effect in body.effects.items()}

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        choices = [choice_json(c) for c in asked.run.plans.choices(code, effects)]
        rounds: list[str] = []
        try:
            plans = asked.run.trial().plans if dry_run else asked.run.plans
            opened = plans.publish(code, actor=asked.caller.person, effects=effects, exceptions=body.exceptions, version=seen)
            rounds = [row.code for row in opened]
        except StaleCase:
            row = asked.run.store.load_plan(code)
            if row is not None:
                standing = {
                    "code": code,
                    "state": str(row.state),
                    "version": row.version,
                    "attempt": 1,
                    "round": None,
                    "etag": etag(row.version),
                }
                asked.request.state.case = standing
            raise
        row = asked.run.store.load_plan(code)
        return 200, {"plan": code, "deadlines": choices, "rounds": rounds, "dry_run": dry_run}, row.version if row else None

    return once(asked, key, body.model_dump(), work, dry_run=dry_run)


def _number(name: str) -> int:
    if not (name.isascii() and name.isdigit() and len(name) <= _LONGEST_NUMBER):
        raise RequestInvalid([Problem(f"/effects/{name}", "not_an_integer")])
    return int(name)
