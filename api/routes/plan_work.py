"""``/plans/{code}/…``: the plan's other work: activities, targets, support, lessons and the year-end review."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Asked, Key, ask
from api.cli.context import speaking
from api.cli.reporting import until
from api.cli.reviewing import review_markdown
from api.once import once
from api.routes.cases import DryRun
from api.routes.plans import PlanCode
from api.schemas.common import LONGEST_CODE, WRITES, problems
from api.schemas.plan_work import (
    CheckedOut,
    ConcludeGiven,
    CountGiven,
    FigureGiven,
    LessonGiven,
    PlanTextGiven,
    ReasonGiven,
    ReportGiven,
    ReviewOut,
    SupportGiven,
    UnitsGiven,
    WorkOut,
    WrittenOut,
    body_of,
)
from api.seeing import seen_by
from api.shapes.plan_work import actual_json, members_of, review_json, standing_json, support_json, written_json
from api.strict import MemberRoute
from api.told import problem_json
from deadlines.plan_check import check_plans
from notifications.sight import near
from states.errors import MalformedInput, NotFound
from workflow.activities import CLOSED, SOON
from workflow.actuals import Actual
from workflow.planwork import Written
from workflow.review import Review

router = APIRouter(prefix="/plans", route_class=MemberRoute, tags=["plans"])
ActivityNumber = Annotated[str, Path(max_length=20, description="Số của hoạt động: 7, h2 · number of the activity", examples=["7"])]
TargetNumber = Annotated[int, Path(ge=1, le=10_000, description="Số của chỉ tiêu · number of the target")]
On = Annotated[date | None, Query(description="Số liệu đến hết ngày này · as of the end of this day", examples=["2021-12-31"])]


class _Eyes:
    """What of a plan's work the caller may see: activities and figures of a plan in or above the own territory; products and producers
    of the territory alone."""  # noqa: D205, D209

    def __init__(self, asked: Asked, code: str) -> None:
        row = asked.run.store.load_plan(code)
        if row is None or not near(asked.registry, asked.caller.person, row.unit, asked.today):
            raise NotFound(what="plan", name=code)
        seen, store = seen_by(asked.registry, asked.caller.person, asked.today), asked.run.store
        places, own = set(seen.units), set(seen.producers)
        self._hidden = {p.code for p in store.products() if p.unit not in places and p.producer not in own}
        self._hidden |= {p.code for p in store.producers() if p.unit not in places and p.code not in own}

    def sees(self, *codes: str) -> bool:
        """Whether none of some products and producers is hidden."""
        return not self._hidden.intersection(codes)

    def actual(self, actual: Actual) -> Actual:
        """A target without the names of those that are hidden; its figure counts them all the same."""
        return replace(actual, members=tuple(m for m in actual.members if self.sees(m.partition(": ")[0])))

    def review(self, review: Review) -> Review:
        """A review without what is hidden."""
        book = review.desk.book
        kept = {seq: s for seq, s in book.supports.items() if self.sees(s.product, s.producer)}
        desk = replace(review.desk, book=replace(book, supports=kept))
        return replace(review, desk=desk, targets=tuple(map(self.actual, review.targets)))


def _review(asked: Asked, code: str, on: date | None) -> tuple[_Eyes, Review]:
    eyes = _Eyes(asked, code)
    return eyes, asked.run.reviews.review(code, on=until(asked.run, on.isoformat() if on else None))


@router.post("/check", response_model=CheckedOut, responses=problems(404, 408, 415))
def check(request: Request, body: PlanTextGiven) -> Response:
    """Đọc một tệp kế hoạch: từng mốc, cách hiểu, chỗ sai, chỗ phải hỏi; không ghi gì · what each phrase of a file means."""
    ask(request)
    report = check_plans(body.text)
    plans = [
        {
            "id": found.id,
            "deadlines": [line.as_json() for line in found.lines],
            "problems": [problem_json(problem) for problem in found.problems],
            "questions": [problem_json(question) for question in found.questions],
        }
        for found in report.plans
    ]
    return json_answer({"plans": plans})


@router.get("/{code}/activities", response_model=WorkOut, responses=problems(404))
def activities(request: Request, code: PlanCode, open: bool = False, due: bool = False, on: On = None) -> Response:
    """Hoạt động của kế hoạch: ai làm, hạn nào, đã báo cáo chưa · a plan's activities, followed up like deadlines."""
    asked = ask(request)
    _, review = _review(asked, code, on)
    chosen = [s for s in review.standings if not (open or due) or s.status not in CLOSED]
    if due:
        chosen = [s for s in chosen if s.activity.due_at is not None and s.activity.due_at <= review.on + SOON]
    return json_answer({"plan": code, "items": [standing_json(review, s) for s in chosen]})


@router.get("/{code}/targets", response_model=WorkOut, responses=problems(404))
def targets(request: Request, code: PlanCode, on: On = None) -> Response:
    """Chỉ tiêu và số thực hiện, có cách tính · targets against actuals, with how each was counted."""
    asked = ask(request)
    eyes, review = _review(asked, code, on)
    return json_answer({"plan": code, "items": [actual_json(eyes.actual(a)) for a in review.targets]})


@router.get("/{code}/targets/{number}", response_model=dict[str, Any], responses=problems(404))
def target(request: Request, code: PlanCode, number: TargetNumber, on: On = None) -> Response:
    """Một chỉ tiêu, và danh sách đứng sau con số, trong phần được xem · one target, and what is behind its figure."""
    asked = ask(request)
    eyes, review = _review(asked, code, on)
    if number > len(review.targets):
        raise MalformedInput("no_such_target", number=number, count=len(review.targets))
    actual = eyes.actual(review.targets[number - 1])
    return json_answer(actual_json(actual) | {"list": members_of(asked.run.store, review, actual)})


@router.get("/{code}/support", response_model=WorkOut, responses=problems(404))
def support(
    request: Request,
    code: PlanCode,
    product: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    producer: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
) -> Response:
    """Hỗ trợ đã ghi nhận cho sản phẩm, chủ thể trong địa bàn · support given to products and producers of your territory."""
    asked = ask(request)
    eyes = _Eyes(asked, code)
    found = asked.run.work.desk(code).book.supports.values()
    chosen = [s for s in found if product in {None, s.product} and producer in {None, s.producer} and eyes.sees(s.product, s.producer)]
    return json_answer({"plan": code, "items": [support_json(code, s) for s in chosen]})


@router.get(
    "/{code}/review",
    response_model=ReviewOut,
    responses={200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}, **problems(404)},
)
def review_plan(request: Request, code: PlanCode, on: On = None, format: Literal["json", "md"] = "json") -> Response:
    """Tổng kết năm: chỉ tiêu, đợt, hoạt động, hỗ trợ, bài học; md để chép vào báo cáo · the year-end review."""
    asked = ask(request)
    eyes, review = _review(asked, code, on)
    recounted = asked.run.reviews.recounted(review)
    if format == "md":
        with speaking(asked.language):
            text = review_markdown(review, recounted=recounted)
        return Response(text, media_type="text/markdown; charset=utf-8", headers={"cache-control": "private, no-cache"})
    return json_answer(review_json(eyes.review(review), recounted=recounted))


# Writing. Each is an entry that is added to the plan's history, so that there is no version to be overtaken.


def _write(
    request: Request, code: str, key: str | None, values: dict[str, Any], work: Callable[[Asked, str], Written], *, dry_run: bool
) -> Response:
    asked = ask(request, WRITE)

    def done(command: str) -> tuple[int, dict[str, Any], int | None]:
        if asked.run.store.load_plan(code) is None:
            raise NotFound(what="plan", name=code)
        made = work(asked, command)
        return 200 if dry_run else 201, written_json(made), None

    return once(asked, key, values, done, dry_run=dry_run)


_DONE: dict[int | str, dict[str, Any]] = {200: {"model": WrittenOut, "description": "dry_run"}, **problems(*WRITES)}


@router.post("/{code}/activities/{number}/units", status_code=201, response_model=WrittenOut, responses=_DONE)
def assign(
    request: Request, code: PlanCode, number: ActivityNumber, body: UnitsGiven, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Giao đơn vị chịu trách nhiệm một hoạt động · name the units that answer for an activity."""

    def work(asked: Asked, command: str) -> Written:
        return asked.run.work.assign(code, number, body.units, actor=asked.caller.person, dry_run=dry_run, command=command)

    return _write(request, code, key, body.model_dump(), work, dry_run=dry_run)


@router.post(
    "/{code}/activities/{number}/reports", status_code=201, response_model=WrittenOut, responses=_DONE, openapi_extra=body_of(ReportGiven)
)
def report(
    request: Request, code: PlanCode, number: ActivityNumber, body: ReportGiven, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Báo cáo một hoạt động: tình trạng, số thực hiện, minh chứng · report an activity with figure and evidence."""

    def work(asked: Asked, command: str) -> Written:
        return asked.run.work.report(
            code, number, body.payload(), actor=asked.caller.person, unit=body.for_unit, dry_run=dry_run, command=command
        )

    return _write(request, code, key, body.model_dump(), work, dry_run=dry_run)


@router.post("/{code}/support", status_code=201, response_model=WrittenOut, responses=_DONE, openapi_extra=body_of(SupportGiven))
def add_support(request: Request, code: PlanCode, body: SupportGiven, key: Key = None, dry_run: DryRun = False) -> Response:
    """Ghi nhận một lần hỗ trợ sản phẩm hoặc chủ thể · record support given to a product or producer."""

    def work(asked: Asked, command: str) -> Written:
        return asked.run.work.support(
            code, body.payload(), actor=asked.caller.person, product=body.product, producer=body.producer, activity=body.activity,
            corrects=body.corrects, dry_run=dry_run, command=command,
        )  # fmt: skip

    return _write(request, code, key, body.model_dump(), work, dry_run=dry_run)


@router.post(
    "/{code}/targets/{number}/figures", status_code=201, response_model=WrittenOut, responses=_DONE, openapi_extra=body_of(FigureGiven)
)
def state(request: Request, code: PlanCode, number: TargetNumber, body: FigureGiven, key: Key = None, dry_run: DryRun = False) -> Response:
    """Nêu số thực hiện của một chỉ tiêu không tính được từ hồ sơ · state what a target reached that cannot be counted."""

    def work(asked: Asked, command: str) -> Written:
        return asked.run.work.state(code, number, body.payload(), actor=asked.caller.person, dry_run=dry_run, command=command)

    return _write(request, code, key, body.model_dump(), work, dry_run=dry_run)


@router.post("/{code}/targets/{number}/counting", status_code=201, response_model=WrittenOut, responses=_DONE)
def count(request: Request, code: PlanCode, number: TargetNumber, body: CountGiven, key: Key = None, dry_run: DryRun = False) -> Response:
    """Chọn cách tính một chỉ tiêu · choose how a target is counted."""

    def work(asked: Asked, command: str) -> Written:
        return asked.run.work.count(code, number, body.count, actor=asked.caller.person, kinds=body.kinds, dry_run=dry_run, command=command)

    return _write(request, code, key, body.model_dump(), work, dry_run=dry_run)


@router.post("/{code}/lessons", status_code=201, response_model=WrittenOut, responses=_DONE, openapi_extra=body_of(LessonGiven))
def learn(request: Request, code: PlanCode, body: LessonGiven, key: Key = None, dry_run: DryRun = False) -> Response:
    """Ghi kết quả, tồn tại, nguyên nhân, kiến nghị cho tổng kết năm · note a lesson for the year-end review."""

    def work(asked: Asked, command: str) -> Written:
        return asked.run.work.learn(
            code, body.payload(), actor=asked.caller.person, corrects=body.corrects, dry_run=dry_run, command=command
        )

    return _write(request, code, key, body.model_dump(), work, dry_run=dry_run)


@router.post("/{code}/entries/{seq}/strike", status_code=201, response_model=WrittenOut, responses=_DONE)
def strike(
    request: Request,
    code: PlanCode,
    seq: Annotated[int, Path(ge=1, le=1_000_000)],
    body: ReasonGiven,
    key: Key = None,
    dry_run: DryRun = False,
) -> Response:
    """Rút một nội dung hỗ trợ, tổng kết ghi nhầm; mục cũ còn nguyên · take back what was recorded by mistake."""

    def work(asked: Asked, command: str) -> Written:
        return asked.run.work.strike(code, seq, reason=body.reason, actor=asked.caller.person, dry_run=dry_run, command=command)

    return _write(request, code, key, body.model_dump(), work, dry_run=dry_run)


@router.post("/{code}/review", status_code=201, response_model=WrittenOut, responses=_DONE)
def conclude(request: Request, code: PlanCode, body: ConcludeGiven, key: Key = None, dry_run: DryRun = False) -> Response:
    """Chốt số liệu tổng kết năm vào lịch sử kế hoạch · fix the figures of the year-end review in the plan's history."""

    def work(asked: Asked, command: str) -> Written:
        at = until(asked.run, body.on)
        _, made = asked.run.reviews.conclude(code, actor=asked.caller.person, on=at, reason=body.reason, dry_run=dry_run, command=command)
        return made

    return _write(request, code, key, body.model_dump(), work, dry_run=dry_run)
