"""``/rounds``: look, freeze, close, re-date, roll over."""

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Asked, IfMatch, IfNoneMatch, Key, ask, etag, same_etag, version_seen
from api.once import once
from api.routes.cases import DryRun
from api.routes.histories import entry_json
from api.schemas.common import LONGEST_CODE, WRITES, NothingGiven, problems
from api.schemas.subjects import HistoryPage, ListOut, RedatedOut, RedateGiven, RoundMoved, RoundOut, RoundReportOut
from api.seeing import seen_by
from api.showing import both, row_json, stage_json
from api.strict import MemberRoute
from api.told import reasons_of
from notifications.sight import near
from states.errors import NotFound, StaleCase, UnknownName
from states.vocabulary import CaseState
from workflow.casebook import CaseList
from workflow.roundbook import weigh
from workflow.rounds import RoundReport
from workflow.rows import RoundRow

router = APIRouter(prefix="/rounds", route_class=MemberRoute, tags=["rounds"])
RoundCode = Annotated[str, Path(max_length=LONGEST_CODE, examples=["VS-2021-1"])]


def _round(asked: Asked, code: str) -> RoundRow:
    row = asked.run.store.load_round(code)
    if row is None:
        raise NotFound(what="round", name=code)
    return row


@router.get("", response_model=ListOut, responses=problems())
def list_rounds(
    request: Request,
    unit: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> Response:
    """Các đợt · rounds."""
    asked = ask(request)
    if unit is not None and not asked.registry.known(unit):
        raise UnknownName(what="unit", name=unit, known="–")
    return json_answer({"items": [_plain(row) for row in asked.run.store.rounds(unit, year)]})


def _plain(row: RoundRow) -> dict[str, Any]:
    return {**row_json(row), "state_name": both("roundstate", str(row.state))}


@router.get("/{code}", response_model=RoundOut, responses={304: {"description": "Not Modified"}, **problems(404)})
def show(request: Request, code: RoundCode, if_none_match: IfNoneMatch = None) -> Response:
    """Một đợt: mốc, mốc nào áp dụng, bao nhiêu hồ sơ ở bước nào · dates, which of them rules, members by state."""
    asked = ask(request)
    row = _round(asked, code)
    stages = asked.run.store.stages(round=code)
    standing = {
        key: why
        for name in {s.stage for s in stages}
        for key, why in weigh((s for s in stages if s.stage == name), {row.plan}).standing.items()
    }
    seen = seen_by(asked.registry, asked.caller.person, asked.today)
    by_state = Counter[str]()
    for (_, state), count in asked.run.store.case_tally(CaseList(seen_units=seen.units, seen_producers=seen.producers, round=code)).items():
        by_state[state] += count
    members = {str(state): by_state[state] for state in CaseState if by_state[state]}
    body = {**_plain(row), "deadlines": [{**stage_json(s), "standing": str(standing[s.id])} for s in stages], "members": members}
    tag = etag(row.version, body)
    if same_etag(if_none_match, tag):
        return Response(status_code=304, headers={"etag": tag})
    return json_answer(body, {"etag": tag})


def _write(
    request: Request,
    code: str,
    if_match: str | None,
    key: str | None,
    values: object,
    work: Callable[[Asked, int], dict[str, Any]],
    *,
    dry_run: bool = False,
) -> Response:
    asked = ask(request, WRITE)
    seen = version_seen(if_match)

    def done(_: str) -> tuple[int, dict[str, Any], int | None]:
        try:
            body = work(asked, seen)
        except StaleCase:
            row = _round(asked, code)
            asked.request.state.case = {
                "code": code,
                "state": str(row.state),
                "version": row.version,
                "attempt": 1,
                "round": code,
                "etag": etag(row.version),
            }
            raise
        return 200, body, _round(asked, code).version

    return once(asked, key, values, done, dry_run=dry_run)


@router.get("/{code}/history", response_model=HistoryPage, responses=problems(404))
def history(request: Request, code: RoundCode) -> Response:
    """Nhật ký của một đợt · the entries of a round."""
    asked = ask(request)
    if not near(asked.registry, asked.caller.person, _round(asked, code).unit, asked.today):
        raise NotFound(what="round", name=code)
    return json_answer({"items": [entry_json(stored) for stored in asked.run.store.entries(code)], "next": None})


@router.post("/{code}/freeze", response_model=RoundMoved, responses=problems(*WRITES))
def freeze(
    request: Request, code: RoundCode, body: NothingGiven, if_match: IfMatch = None, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Khóa danh sách: không nhận thêm hồ sơ · stop joining."""

    def work(asked: Asked, seen: int) -> dict[str, Any]:
        row = asked.run.rounds.freeze(code, actor=asked.caller.person, version=seen, dry_run=dry_run)
        return {"round": row.code, "state": str(row.state), "version": row.version, "dry_run": dry_run}

    return _write(request, code, if_match, key, body.model_dump(), work, dry_run=dry_run)


def _report(asked: Asked, report: RoundReport, *, dry_run: bool) -> dict[str, Any]:
    row = _round(asked, report.round.code)
    carried = [{"case": c.case, "to": c.to, "reasons": reasons_of(c.why) if c.why else []} for c in report.carried]
    return {
        "round": row.code, "state": str(row.state), "version": row.version, "members": {str(s): n for s, n in report.counts.items()},
        "pending": list(report.pending), "carried": carried, "offered": report.offered, "dry_run": dry_run,
    }  # fmt: skip


@router.post("/{code}/close", response_model=RoundReportOut, responses=problems(*WRITES))
def close(
    request: Request, code: RoundCode, body: NothingGiven, if_match: IfMatch = None, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Đóng đợt sau mốc cuối; hồ sơ bị chuyển đợt vào đợt sau · close after the last date; deferred members go on."""

    def work(asked: Asked, seen: int) -> dict[str, Any]:
        report = asked.run.rounds.close(code, actor=asked.caller.person, version=seen, dry_run=dry_run)
        return _report(asked, report, dry_run=dry_run)

    return _write(request, code, if_match, key, body.model_dump(), work, dry_run=dry_run)


@router.post("/{code}/rollover", response_model=RoundReportOut, responses=problems(*WRITES))
def rollover(
    request: Request, code: RoundCode, body: NothingGiven, if_match: IfMatch = None, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Đưa hồ sơ còn chuyển đợt của một đợt đã đóng vào đợt mới · carry on what a closed round left deferred."""

    def work(asked: Asked, seen: int) -> dict[str, Any]:
        report = asked.run.rounds.rollover(code, actor=asked.caller.person, version=seen, dry_run=dry_run)
        return _report(asked, report, dry_run=dry_run)

    return _write(request, code, if_match, key, body.model_dump(), work, dry_run=dry_run)


@router.post("/{code}/re-date", response_model=RedatedOut, responses=problems(*WRITES))
def redate(
    request: Request, code: RoundCode, body: RedateGiven, if_match: IfMatch = None, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Đổi ngày một mốc bằng văn bản, trước hoặc sau mốc · re-date a round by a paper, before or after its cut-off."""

    def work(asked: Asked, seen: int) -> dict[str, Any]:
        done = asked.run.rounds.redate(
            code, body.stage, body.phrase, body.document_no, body.document_date, body.reason, asked.caller.person, body.reading,
            exception=body.exception, document_signer=body.document_signer, version=seen, dry_run=dry_run,
        )  # fmt: skip
        return {
            "round": code, "version": _round(asked, code).version, "before": stage_json(done.before), "after": stage_json(done.after),
            "moved": list(done.moved), "back": list(done.back), "deferred_again": sorted(done.again),
            "left": [{"case": case, "why": str(why), "text": both("left", str(why))} for case, why in done.left], "dry_run": dry_run,
        }  # fmt: skip

    return _write(request, code, if_match, key, body.model_dump(), work, dry_run=dry_run)
