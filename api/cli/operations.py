"""Running an installation: migrate, doctor, tick, load, rehearsal, log, people."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.bootstrap import Runtime, build_runtime, create_database
from api.cli.context import REFUSED, ctx, error_json, iso, parse_instant, print_json, runtime, tell, telling
from api.cli.options import DryRun, Json
from api.cli.plans import read_file
from api.cli.render import instant, table
from api.cli.worker import finding_text
from api.settings import read_settings
from notifications.watch import look
from states.errors import CycleError, MalformedInput, StoreUnsafe, UnknownName
from states.regime import local_date
from states.vocabulary import Function
from workflow.audit import drifts, verify_log
from workflow.clock import ManualClock
from workflow.season import read_season, save_season
from workflow.sweeping import run_tick, sequence, upcoming
from workflow.timebar import ClockMoving
from workflow.worker import heartbeats

load = typer.Typer(no_args_is_help=True, help="Nạp dữ liệu · load data")
log = typer.Typer(no_args_is_help=True, help="Nhật ký: kiểm tra · the log")
rehearsal = typer.Typer(no_args_is_help=True, help="Bản tập huấn: đồng hồ · rehearsals")
users = typer.Typer(no_args_is_help=True, help="Người và chức năng · people and functions")


def migrate_command(
    as_rehearsal: Annotated[bool, typer.Option("--rehearsal", help="Bản tập huấn, không có giá trị pháp lý · a rehearsal")] = False,
) -> None:
    """Tạo hoặc nâng cấp cơ sở dữ liệu · create or upgrade the database."""
    with telling():
        settings = read_settings()
        create_database(settings, rehearsal=as_rehearsal)
        ctx.out.print(f"[green]✓[/] {escape(settings.where)}")


def doctor_command(as_json: Json = False) -> None:
    """Kiểm tra cài đặt: cơ sở dữ liệu, trigger, đồng hồ, biến môi trường · check the installation."""
    found: list[tuple[str, CycleError | None, str]] = []
    try:
        settings = read_settings()
        found.append(("settings", None, settings.where))
        run = build_runtime(settings)
    except CycleError as error:
        found.append(("start", error, ""))
    else:
        found.append(("writer", _writer_fault(run), ctx.both("không có tiến trình nào khác đang ghi", "no other process writes")))
        kind = ctx.both("bản tập huấn", "rehearsal") if run.rehearsal else ctx.both("bản chính thức", "real")
        found.append(("database", None, f"{run.store.dialect}, {kind}"))
        found.append(("clock", None, instant(run.clock.now())))
        waiting = run.store.unsequenced()
        found.append(("log", None, f"{run.store.log_state().size} + {waiting} {ctx.both('chờ ghép', 'waiting')}"))
        due = upcoming(run.store, run.clock.now())
        beats = heartbeats(run.store)
        for beat in beats:
            alive = ctx.both("đang chạy", "running") if beat.alive(run.clock.now()) else ctx.both("không thấy tín hiệu", "not heard of")
            paused = f", {ctx.both('tạm dừng tự động vì đồng hồ nhảy', 'paused: the clock jumped')} {beat.paused}" if beat.paused else ""
            found.append(("worker", None, f"{beat.worker}: {alive}, {instant(datetime.fromisoformat(beat.at))}{paused}"))
        found.append(("due", None, f"{len(due)} {ctx.both('hạn đã qua chờ ghi', 'to be written')}"))
        found.append(("calendar", None, _calendar_hint(run.calendars.behind())))
        standing = look(run.store, run.clock.now(), wants_worker=not run.rehearsal)
        found.extend(("watch", None, finding_text(finding)) for finding in standing)
        run.close()
    if as_json:
        print_json(
            {
                "ok": all(e is None for _, e, _ in found),
                "checks": [{"check": n, "error": error_json(e) if e else None, "detail": d} for n, e, d in found],
            }
        )
    else:
        for name, fault, detail in found:
            if fault is None:
                ctx.out.print(f"[green]✓[/] {ctx.words.label('check', name)}: {escape(detail)}")
            else:
                tell(fault)
    if any(error for _, error, _ in found):
        raise typer.Exit(REFUSED)


def _calendar_hint(behind: int) -> str:
    """Whether running terms were counted by older data of days off, and what to do about it."""
    if not behind:
        return ctx.both("mọi thời hạn đang chạy đều tính theo lịch hiện nay", "every running term is counted by the calendar as it is")
    return ctx.both(
        f"{behind} thời hạn đang chạy tính theo lịch cũ; xem bằng ocop calendar recount --as … --dry-run",
        f"{behind} running terms were counted by an older calendar; see ocop calendar recount --as … --dry-run",
    )


def _writer_fault(run: Runtime) -> CycleError | None:
    """Why this process cannot write now."""
    try:
        run.store.claim_writer()
    except StoreUnsafe as held:
        return held
    return None


def tick_command(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Quét một lượt: ghi những mốc đã qua, ghép nhật ký · one sweep: write what fell due, sequence the log."""
    with runtime(as_json=as_json) as run:
        now = run.clock.now()
        if dry_run:
            due = upcoming(run.store, now)
            if as_json:
                print_json(
                    {
                        "dry_run": True,
                        "due": [{"case": t.case, "stage": str(t.stage), "effect": str(t.effect), "due_at": iso(t.due_at)} for t in due],
                    }
                )
                return
            for term in due:
                ctx.out.print(
                    f"{term.case}: {ctx.words.name(term.stage)}, {ctx.words.last_day(term.due_at)} → {ctx.words.name(term.effect)}"
                )
            ctx.out.print(f"{len(due)} {ctx.both('mốc sẽ được ghi', 'deadlines would be written')}")
            return
        with run.time_bar.standing() as still:
            if not still:
                raise ClockMoving(now=now)
            done = run_tick(run.store, run.engine, run.plans, run.clock.now())
            run.notifications.plan_missing()
            told = run.notifications.tell()
        if as_json:
            failed = [{"term": t, "attempts": n, "why": why} for t, n, why in done.sweep.failed]
            counts = {"fired": len(done.sweep.fired), "superseded": len(done.sweep.superseded), "failed": failed}
            letters = {
                "steps": told.composed.fired,
                "superseded": told.composed.superseded,
                "cancelled": told.composed.cancelled,
                "news": told.composed.noticed,
                "messages": sum(told.inbox.accepted.values()),
                "sent": told.sent.accepted,
                "failed": told.sent.failed,
                "later": told.sent.later,
            }
            print_json(
                {
                    **counts,
                    "told": letters,
                    "sequenced": done.sequenced,
                    "rounds": list(done.rounds),
                    "lag_seconds": done.lag.total_seconds(),
                }
            )
        else:
            ctx.out.print(
                ctx.both(
                    f"Đã ghi {len(done.sweep.fired)} mốc, bỏ qua {len(done.sweep.superseded)}, lỗi {len(done.sweep.failed)}; ghép {done.sequenced} mục nhật ký.",
                    f"Wrote {len(done.sweep.fired)} deadlines, passed over {len(done.sweep.superseded)}, failed {len(done.sweep.failed)}; sequenced {done.sequenced} entries.",
                )
            )
            ctx.out.print(
                ctx.both(
                    f"Nhắc: {sum(told.inbox.accepted.values())} tin vào hộp thư, {sum(told.sent.accepted.values())} gửi đi, {told.sent.later} sẽ thử lại, {len(told.sent.failed)} thôi gửi.",
                    f"Told: {sum(told.inbox.accepted.values())} messages laid into inboxes, {sum(told.sent.accepted.values())} sent, {told.sent.later} to be tried again, {len(told.sent.failed)} given up.",
                )
            )
            for key, why in told.sent.failed:
                ctx.out.print(f"[red]✗[/] {escape(key)}: {escape(why)}")
            for row, attempts, why in done.sweep.failed:
                ctx.out.print(f"[red]✗[/] {row} ({attempts}): {escape(why)}")
        if done.sweep.told:
            raise typer.Exit(REFUSED)


@load.command("season")
def load_season(
    file: Path,
    until: Annotated[str | None, typer.Option(help="Dừng ở thời điểm này (ISO) · stop there")] = None,
    as_json: Json = False,
) -> None:
    """Nạp một mùa: đơn vị, người, chủ thể, sản phẩm; ở bản tập huấn thì diễn lại các việc · load a season."""
    with runtime(as_json=as_json) as run:
        season = read_season(read_file(file))
        if not run.rehearsal and (season.cases or season.plans):
            raise StoreUnsafe("season_needs_rehearsal", name=str(file))
        if run.rehearsal:
            player = run.player()
            begin(run.clock, season.start, empty=run.store.last_recorded() is None)
            player.load(season)
            played = player.play(season, parse_instant(until) if until else None)
            sequence(run.store)
            summary: dict[str, Any] = {"acts": played.acts, "fired": played.fired, "refused": played.refused, "surprises": played.surprises}
        else:
            save_season(run.store, season)
            summary = {"acts": 0, "fired": 0, "refused": {}, "surprises": []}
        counts = {name: len(getattr(season, name)) for name in ("units", "people", "producers", "products", "cases")}
        if as_json:
            print_json({**counts, **summary})
        else:
            ctx.out.print(", ".join(f"{ctx.words.label('count', k)}: {v}" for k, v in counts.items()))
            for product, event, why in summary["surprises"]:
                ctx.out.print(f"[red]✗[/] {product} {event}: {escape(why)}")
        if summary["surprises"]:
            raise typer.Exit(REFUSED)


@log.command("verify")
def verify(
    deep: Annotated[bool, typer.Option("--deep", help="Đọc lại từng mục · re-read every text")] = False,
    projections: Annotated[bool, typer.Option(help="So bảng hiện hành với nhật ký · compare tables with the log")] = True,
    as_json: Json = False,
) -> None:
    """Tính lại mọi chuỗi, cam kết, nhật ký chung và các bảng; nêu mục sai đầu tiên · recompute everything, name the first bad entry."""
    with runtime(as_json=as_json) as run:
        verdict = verify_log(run.store, deep=deep)
        drifted = list(drifts(run.store)) if projections and verdict.ok else []
        ok = verdict.ok and not drifted
        if as_json:
            print_json({**verdict.to_json(), "ok": ok, "projections": [{"subject": d.subject, "fields": list(d.fields)} for d in drifted]})
        else:
            mark = "[green]✓[/]" if ok else "[red]✗[/]"
            said = f"{verdict.entries} {ctx.both('mục', 'entries')}, {verdict.cases} {ctx.both('hồ sơ', 'cases')}"
            ctx.out.print(f"{mark} {said}, {ctx.both('nhật ký chung', 'log')} {verdict.log_size}")
            for finding in verdict.findings[:20]:
                where = f"{finding.subject} #{finding.seq}" if finding.subject else f"@{finding.position}"
                ctx.out.print(f"[red]✗[/] {where}: {ctx.words.label('fault', str(finding.code))}")
            for drift in drifted[:20]:
                fields = ", ".join(drift.fields)
                ctx.out.print(f"[red]✗[/] {drift.subject}: {ctx.both('bảng khác nhật ký ở', 'table differs from the log in')} {fields}")
        if not ok:
            raise typer.Exit(REFUSED)


@users.command("list")
def list_users(
    unit: Annotated[str | None, typer.Option(help="Đơn vị và cấp dưới · unit and below")] = None,
    function: Annotated[str | None, typer.Option(help="Chức năng · function")] = None,
    as_json: Json = False,
) -> None:
    """Ai giữ chức năng gì hôm nay · who holds which function today."""
    with runtime(as_json=as_json) as run:
        registry = run.engine.world(fresh=True).registry
        if unit is not None and not registry.known(unit):
            raise UnknownName(what="unit", name=unit, known="–")
        if function is not None and function not in set(Function):
            raise UnknownName(what="seat", name=function, known=", ".join(Function))
        day = local_date(run.clock.now())
        rows = [
            (p, h)
            for p in registry.people()
            for h in registry.holdings(p.code, day)
            if (unit is None or registry.covers(unit, h.unit, day)) and (function is None or h.seat.function == function)
        ]
        if as_json:
            print_json([{"person": p.code, "name": p.name, "seat": str(h.seat), "unit": h.unit, "producer": h.producer} for p, h in rows])
            return
        made = table(*(("Mã", "Họ tên", "Chức năng", "Đơn vị") if ctx.language == "vi" else ("Code", "Name", "Function", "Unit")))
        for person, holding in rows:
            made.add_row(person.code, person.name, ctx.words.say(holding.seat), registry.unit_name(holding.unit, day))
        ctx.out.print(made)


def help_why(code: str) -> None:
    """Một mã từ chối hoặc mã lỗi nghĩa là gì · what a code of a refusal or error means."""
    for section in ("refusal", "error", "problem", "fault", "finding"):
        pattern = ctx.words.table.get(section, {}).get(code)
        if pattern is not None:
            ctx.out.print(ctx.words.template(section, code, {}), markup=False)
            return
    tell(MalformedInput("unknown_code", name=code))
    raise typer.Exit(REFUSED + 1)


def begin(clock_: Any, start: datetime, *, empty: bool) -> None:
    """Set a rehearsal's clock to the start of a season, where nothing has been written yet."""
    if empty and isinstance(clock_, ManualClock):
        clock_.restart(start)
