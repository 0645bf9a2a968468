"""``ocop calendar``: the working calendar of the country and of units, its changes, and the terms that they move."""

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.cli.context import ctx, print_json, runtime
from api.cli.options import As, DryRun, Json, MaybeDocumentNo, Reason
from api.cli.plans import read_file
from api.cli.render import table
from states.errors import MalformedInput, PayloadInvalid, Problem
from states.regime import VIETNAM, local_date
from states.vocabulary import CalendarEvent
from workflow.calendars import CalendarReport, DayChange, ShownDay
from workflow.recounting import Fate, Touched

calendar = typer.Typer(no_args_is_help=True, help="Lịch làm việc: ngày nghỉ, làm bù, tính lại thời hạn · the working calendar")
Unit = Annotated[str | None, typer.Option("--unit", help="Mã tỉnh hoặc xã; bỏ trống là cả nước · unit code; the whole country if left out")]
Days = Annotated[list[str] | None, typer.Option("--day", help="Ngày năm-tháng-ngày, lặp lại được · ISO day, repeatable")]
_FILE_KEYS = {"unit", "document_no", "reason", "day"}
_DAY_KEYS = {"date", "working", "reason"}


@calendar.command("show")
def show(
    year: Annotated[int | None, typer.Option("--year", help="Năm · year")] = None,
    unit: Unit = None,
    as_json: Json = False,
) -> None:
    """Ngày nghỉ có lý do, ngày làm bù, năm chưa công bố · days off with reasons, days worked instead, provisional years."""
    with runtime(as_json=as_json) as run:
        shown = run.calendars.show(year or local_date(run.clock.now()).year, unit)
        if as_json:
            days = [_shown_json(d) for d in shown.days]
            head = {"year": shown.year, "unit": shown.unit, "calendar": shown.calendar, "provisional": shown.provisional}
            print_json({**head, "days": days})
            return
        ctx.out.print(f"[bold]{shown.year}[/] – {shown.unit} – {shown.calendar}")
        if shown.provisional:
            ctx.out.print(
                "[yellow]"
                + ctx.both("Năm này chưa có thông báo nghỉ: là tạm tính", "This year's days off are not announced: provisional")
                + "[/]"
            )
        head_row = ("Ngày", "", "Lý do", "Lịch của", "Văn bản", "Người nhập")
        made = table(*(head_row if ctx.language == "vi" else ("Day", "", "Reason", "Calendar of", "Paper", "Entered by")))
        for d in shown.days:
            kind = ctx.both("làm việc", "worked") if d.working else ctx.both("nghỉ", "off")
            made.add_row(*map(escape, (ctx.words.day(d.day), kind, ctx.both(d.vi, d.en), d.unit or "", d.document_no, d.entered_by)))
        ctx.out.print(made)


@calendar.command("change")
def change(  # noqa: PLR0913
    actor: As,
    file: Annotated[Path | None, typer.Argument(help="Tệp TOML nhiều thay đổi · a TOML file of changes")] = None,
    day: Days = None,
    working: Annotated[bool | None, typer.Option("--working/--off", help="Làm việc hay nghỉ · worked or off")] = None,
    reason: Reason = None,
    document_no: MaybeDocumentNo = None,
    unit: Unit = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Công bố ngày nghỉ, làm bù: nêu thời hạn bị dời rồi mới ghi · declare days off or worked: what moves first, then the change."""
    with runtime(as_json=as_json) as run:
        given = _from_file(file) if file else {}
        days = (*given.get("days", ()), *_from_options(day or [], working=working))
        asked: dict[str, Any] = {
            "actor": actor,
            "document_no": document_no or given.get("document_no", ""),
            "reason": reason or given.get("reason", ""),
            "unit": unit or given.get("unit"),
        }
        preview = run.calendars.change(days, dry_run=True, **asked)
        if not as_json:
            _print_report(preview)
        report = preview if dry_run else run.calendars.change(days, **asked)
        _finish(report, dry_run=dry_run, as_json=as_json)


@calendar.command("recount")
def recount(actor: As, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Tính lại thời hạn đang chạy theo lịch hiện nay · count running terms again by the calendar as it is now."""
    with runtime(as_json=as_json) as run:
        preview = run.calendars.recount(actor=actor, dry_run=True)
        if not as_json:
            _print_report(preview)
        report = preview if dry_run else run.calendars.recount(actor=actor)
        _finish(report, dry_run=dry_run, as_json=as_json)


def _from_options(days: list[str], *, working: bool | None) -> list[DayChange]:
    if days and working is None:
        raise PayloadInvalid([Problem("/working", "required")], event=CalendarEvent.CHANGE)
    return [DayChange(_day(text), bool(working)) for text in days]


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise PayloadInvalid([Problem("/day", "not_a_date")], event=CalendarEvent.CHANGE) from None


def _from_file(path: Path) -> dict[str, Any]:
    """Changes of a TOML file: ``document_no``, ``reason``, perhaps ``unit``, and ``[[day]]`` with ``date``, ``working``, ``reason``.

    Raises:
        MalformedInput: The file cannot be read.
        PayloadInvalid: It is no TOML, or has unknown, missing or wrong members.
    """
    try:
        data = tomllib.loads(read_file(path))
    except tomllib.TOMLDecodeError as error:
        raise PayloadInvalid([Problem("/", "not_toml", {"why": str(error)})], event=CalendarEvent.CHANGE) from None
    rows = data.get("day", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MalformedInput
    unknown = [*(set(data) - _FILE_KEYS), *(key for row in rows for key in set(row) - _DAY_KEYS)]
    problems = [Problem(f"/{key}", "unknown_key", {"key": key}) for key in sorted(unknown)]
    problems += [Problem(f"/{key}", "not_text") for key in ("unit", "document_no", "reason") if not isinstance(data.get(key, ""), str)]
    for number, row in enumerate(rows, 1):
        problems += [Problem(f"/day/{number}/{key}", "required") for key in ("date", "working") if key not in row]
        if not isinstance(row.get("working", True), bool):
            problems.append(Problem(f"/day/{number}/working", "not_a_flag"))
        if not isinstance(row.get("reason", ""), str):
            problems.append(Problem(f"/day/{number}/reason", "not_text"))
    if problems:
        raise PayloadInvalid(problems, event=CalendarEvent.CHANGE)
    days = [DayChange(_day(row["date"]), row["working"], row.get("reason", "")) for row in rows]
    return {**{key: data[key] for key in ("unit", "document_no", "reason") if key in data}, "days": days}


def _finish(report: CalendarReport, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "unit": report.unit,
                "days": [{"day": d.day.isoformat(), "working": d.working} for d in report.days],
                "number": report.number,
                "moved": [_touched_json(t) for t in report.moved],
                "kept": [_touched_json(t) for t in report.kept],
                "notes": list(report.notes),
                "dry_run": dry_run,
            }
        )
    elif not dry_run and report.number is not None:
        done = ctx.both("Đã ghi; thời hạn đã tính lại", "Written; terms counted again")
        ctx.out.print(f"[bold green]{done}[/]: {len(report.moved)}")


def _print_report(report: CalendarReport) -> None:
    """The impact list: every span that moves, and every one that a fresh count would put elsewhere but that stays."""
    head = ("Hồ sơ", "Thời hạn", "Ngày cuối nay", "Ngày cuối mới", "Ghi chú")
    made = table(*(head if ctx.language == "vi" else ("Case", "Term", "Last day now", "New last day", "Notes")))
    for touched in (*report.moved, *report.kept):
        notes = [ctx.words.label("note", "provisional")] if touched.provisional else []
        notes += [] if touched.fate is Fate.MOVES else [ctx.words.label("note", str(touched.fate))]
        last = ctx.words.last_day
        made.add_row(touched.case, ctx.words.name(touched.stage), last(touched.was), last(touched.will), "; ".join(notes))
    ctx.out.print(f"[bold]{ctx.both('Thời hạn dời', 'Terms that move')}: {len(report.moved)}[/]")
    if report.moved or report.kept:
        ctx.out.print(made)
    for note in report.notes:
        ctx.out.print(f"[yellow]{ctx.words.label('note', note)}[/]")


def _touched_json(touched: Touched) -> dict[str, Any]:
    return {
        "case": touched.case,
        "term": touched.term,
        "stage": str(touched.stage),
        "phrase": touched.phrase,
        "was": touched.was.astimezone(VIETNAM).isoformat(),
        "will": touched.will.astimezone(VIETNAM).isoformat(),
        "provisional": touched.provisional,
        "fate": str(touched.fate),
    }


def _shown_json(shown: ShownDay) -> dict[str, Any]:
    reason = {"vi": shown.vi, "en": shown.en}
    paper = {"document_no": shown.document_no, "entered_by": shown.entered_by}
    return {"day": shown.day.isoformat(), "working": shown.working, "reason": reason, "unit": shown.unit, **paper}
