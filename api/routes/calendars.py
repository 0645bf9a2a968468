"""``/calendars``: days of a year, and what a change would move before it is made."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api.acting import json_answer
from api.asking import WRITE, Asked, IfMatch, Key, ask, etag, version_seen
from api.once import once
from api.routes.cases import DryRun
from api.routes.histories import entry_json
from api.schemas.common import LONGEST_CODE, WRITES, NothingGiven, problems
from api.schemas.subjects import CalendarReportOut, ChangeGiven, HistoryPage, ListOut, YearOut
from api.showing import iso, row_json
from api.strict import MemberRoute, RequestInvalid
from deadlines.calendar import NATION
from states.errors import Problem, StaleCase
from workflow.calendars import CalendarReport, DayChange
from workflow.recounting import Touched

router = APIRouter(prefix="/calendars", route_class=MemberRoute, tags=["calendars"])
UnitCode = Annotated[str, Path(max_length=LONGEST_CODE, description="VN là cả nước · VN is the country", examples=["VN"])]


def _version(asked: Asked, unit: str) -> int:
    """The version of a unit's table; 0 where it has none."""
    return next((row.version for row in asked.run.store.calendars() if row.unit == unit), 0)


def _touched(touched: Touched) -> dict[str, Any]:
    return {**asdict(touched), "stage": str(touched.stage), "was": iso(touched.was), "will": iso(touched.will), "fate": str(touched.fate)}


def _report(report: CalendarReport, *, dry_run: bool) -> dict[str, Any]:
    return {
        "unit": report.unit,
        "days": [{"date": d.day.isoformat(), "working": d.working, "reason": d.reason} for d in report.days],
        "number": report.number,
        "moved": [_touched(t) for t in report.moved],
        "kept": [_touched(t) for t in report.kept],
        "notes": list(report.notes),
        "dry_run": dry_run,
    }


@router.get("", response_model=ListOut, responses=problems())
def list_calendars(request: Request) -> Response:
    """Bảng ngày của cả nước và các đơn vị · tables of days."""
    asked = ask(request)
    return json_answer({"items": [{**row_json(row), "days": len(row.days)} for row in asked.run.store.calendars()]})


@router.get("/{unit}/days", response_model=YearOut, responses=problems(404))
def days(request: Request, unit: UnitCode, year: Annotated[int, Query(ge=1990, le=2100)]) -> Response:
    """Ngày khác thường của một năm · the days of a year that are out of the ordinary."""
    asked = ask(request)
    shown = asked.run.calendars.show(year, unit)
    told = [
        {
            "date": d.day.isoformat(), "working": d.working, "reason": {"vi": d.vi, "en": d.en}, "unit": d.unit,
            "document_no": d.document_no, "entered_by": d.entered_by,
        }
        for d in shown.days
    ]  # fmt: skip
    version = _version(asked, shown.unit)
    head = {"year": shown.year, "unit": shown.unit, "calendar": shown.calendar, "provisional": shown.provisional, "version": version}
    return json_answer({**head, "days": told}, {"etag": etag(version)})


@router.get("/{unit}/changes", response_model=HistoryPage, responses=problems(404))
def changes(request: Request, unit: UnitCode) -> Response:
    """Nhật ký thay đổi của một bảng ngày · what was changed in a table of days."""
    asked = ask(request)
    code = next((row.code for row in asked.run.store.calendars() if row.unit == unit), None)
    entries = asked.run.store.entries(code) if code else ()
    return json_answer({"items": [entry_json(stored) for stored in entries], "next": None})


@router.post("/{unit}/changes", response_model=CalendarReportOut, responses=problems(*WRITES))
def change(
    request: Request, unit: UnitCode, body: ChangeGiven, if_match: IfMatch = None, key: Key = None, dry_run: DryRun = False
) -> Response:
    """Công bố ngày nghỉ, làm bù; dry_run nêu thời hạn bị dời · declare days; dry_run says what moves."""
    asked = ask(request, WRITE)
    seen = version_seen(if_match)
    given = [DayChange(_day(number, each.date), each.working, each.reason) for number, each in enumerate(body.days)]

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        try:
            report = asked.run.calendars.change(
                given, actor=asked.caller.person, document_no=body.document_no, reason=body.reason, unit=None if unit == NATION else unit,
                version=seen, dry_run=dry_run,
            )  # fmt: skip
        except StaleCase as stale:
            version = _version(asked, unit)
            state = str(stale.detail.get("state") or "–")
            asked.request.state.case = {
                "code": unit,
                "state": state,
                "version": version,
                "attempt": 1,
                "round": None,
                "etag": etag(version),
            }
            raise
        return 200, _report(report, dry_run=dry_run), _version(asked, report.unit)

    return once(asked, key, body.model_dump(), work, dry_run=dry_run)


@router.post("/recount", response_model=CalendarReportOut, responses=problems(*WRITES))
def recount(request: Request, body: NothingGiven, key: Key = None, dry_run: DryRun = False) -> Response:
    """Tính lại thời hạn đang chạy theo lịch hiện nay, do trung ương · count running terms again by the calendar as it is now."""
    asked = ask(request, WRITE)

    def work(_: str) -> tuple[int, dict[str, Any], int | None]:
        report = asked.run.calendars.recount(actor=asked.caller.person, dry_run=dry_run)
        return 200, _report(report, dry_run=dry_run), None

    return once(asked, key, body.model_dump(), work, dry_run=dry_run)


def _day(number: int, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RequestInvalid([Problem(f"/days/{number}/date", "not_a_date")]) from None
