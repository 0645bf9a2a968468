"""``/rounds/{code}/forecast`` and ``/what-if``: what is to be expected, and what would be otherwise. Nothing is written."""

from datetime import date

from fastapi import APIRouter, Request, Response

from api.acting import json_answer
from api.asking import Asked, ask
from api.routes.cases import Instant, instant_of
from api.routes.rounds import RoundCode
from api.schemas.common import problems
from api.schemas.telling import AnswerOut, BackTestOut, ForecastOut, WhatIfGiven
from api.shapes.foreseeing import answer_json, forecast_json, tested_json
from api.strict import MemberRoute, RequestInvalid
from api.told import told
from notifications.sight import near
from notifications.supposed import would_hear
from states.errors import MalformedInput, NotFound, Problem
from workflow.access import visible
from workflow.calendars import DayChange
from workflow.forecasting import only
from workflow.judging import place_of
from workflow.supposing import DeclareDays, MoveCutoff, Supposition

router = APIRouter(route_class=MemberRoute, tags=["rounds"])


def _must_be_near(asked: Asked, code: str) -> None:
    """Let nobody pass who has nothing to do with the unit of a round."""
    row = asked.run.store.load_round(code)
    if row is None or not near(asked.registry, asked.caller.person, row.unit, asked.today):
        raise NotFound(what="round", name=code)


@router.get("/rounds/{code}/forecast", response_model=ForecastOut, responses=problems(404))
def forecast(request: Request, code: RoundCode, at: Instant = None) -> Response:
    """Dự báo hồ sơ nào lỡ mốc nào, nghẽn ở đâu, trong số hồ sơ được xem · misses to expect, of the cases that you may see."""
    asked = ask(request)
    _must_be_near(asked, code)
    found = asked.run.forecasts.round(code, instant_of("at", at))
    registry, person = asked.registry, asked.caller.person
    loaded = asked.run.store.load_cases(sorted({chance.case for chance in found.chances}))
    seen = {case for case, each in loaded.items() if visible(registry, person, place_of(each.case), asked.today)}
    return json_answer(forecast_json(only(found, seen)))


@router.get("/rounds/{code}/forecast/back-test", response_model=BackTestOut, responses=problems(404))
def back_test(request: Request, code: RoundCode) -> Response:
    """So dự báo trước mốc 30, 14, 7 ngày với điều đã xảy ra · past forecasts held against what happened."""
    asked = ask(request)
    _must_be_near(asked, code)
    return json_answer(tested_json(asked.run.forecasts.back_test(code)))


@router.post("/what-if", response_model=AnswerOut, responses=problems(404, 408, 415))
def what_if(request: Request, body: WhatIfGiven) -> Response:
    """Nếu dời mốc, thêm ngày nghỉ thì sao: ai kịp, ai lỡ, ai được nhắc; không ghi gì · what if; nothing is written."""
    asked = ask(request)
    run, what = asked.run, _suppositions(body)
    if not what:
        raise MalformedInput("nothing_supposed")
    answer = run.what_if.ask(what, actor=asked.caller.person, messages=would_hear(run.store, run.engine.world(fresh=True), asked.received))
    return json_answer(answer_json(answer, told))


def _suppositions(body: WhatIfGiven) -> list[Supposition]:
    """What is supposed, in order.

    Raises:
        RequestInvalid: A day is none.
    """
    days, problems = [], []
    for number, each in enumerate(body.days):
        try:
            days.append(DayChange(date.fromisoformat(each.date), each.working))
        except ValueError:
            problems.append(Problem(f"/days/{number}/date", "not_a_date"))
    if problems:
        raise RequestInvalid(problems)
    moves: list[Supposition] = [MoveCutoff(**move.model_dump()) for move in body.moves]
    return [*moves, *([DeclareDays(days=tuple(days), unit=body.unit)] if days else [])]
