"""``ocop demo``: a season played into an empty rehearsal database, then shown."""

import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api.bootstrap import Runtime, build_runtime, create_database
from api.cli.context import REFUSED, ctx, parse_instant, telling
from api.cli.operations import begin
from api.cli.render import cases_table, counts_line, history_lines, table
from api.settings import read_settings
from states.errors import StoreUnsafe
from states.vocabulary import CaseState, Event
from workflow.listing import every_case
from workflow.rows import CaseRow
from workflow.season import Season
from workflow.sweeping import sequence
from workflow.timebar import remember, shipped
from workflow.timeline import timeline

SEASON = "van-son"


def demo_command(
    until: Annotated[
        str | None, typer.Option(help="Dừng ở thời điểm này (ISO), mặc định chạy hết · stop there; to the end by default")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Không in bảng · print no tables")] = False,
) -> None:
    """Diễn lại một mùa OCOP giả định theo kế hoạch thật năm 2021, rồi sang mùa theo quy định hiện hành · play a rehearsed season."""
    with telling():
        settings = read_settings()
        create_database(settings, rehearsal=True)
        run = build_runtime(settings)
        try:
            if not run.rehearsal:
                raise StoreUnsafe("not_a_rehearsal", where=settings.where)
            season = shipped(SEASON)
            fresh = run.store.last_recorded() is None
            begin(run.clock, season.start, empty=fresh)
            stop = parse_instant(until) if until else None
            surprises = []
            if fresh or stop is None or stop > run.clock.now():
                surprises = play(run, season, stop)
            if not quiet:
                _show(run, season.title)
            ctx.out.print(f"\n{ctx.both('Dữ liệu nằm ở', 'The data lies at')}: {escape(settings.where)}")
            if surprises:
                for product, event, why in surprises:
                    ctx.out.print(f"[red]✗[/] {product} {event}: {escape(why)}")
                raise typer.Exit(REFUSED)
        finally:
            run.close()


def play(run: Runtime, season: Season, stop: datetime | None) -> list[tuple[str, str, str]]:
    """Play the demonstration, and say how much; returns what was not expected."""
    player = run.player()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
    with Progress(*columns, console=ctx.out, transient=True) as progress:
        task = progress.add_task(ctx.both("Diễn lại mùa", "Playing the season"), total=None)
        player.on_progress(lambda done, of: progress.update(task, completed=done, total=of))
        player.load(season)
        remember(run.store, SEASON)
        played = player.play(season, stop)
        sequence(run.store)
    ctx.out.print(
        ctx.both(
            f"Đã diễn {played.acts} việc, hệ thống ghi {played.fired} mốc quá hạn, {sum(played.refused.values())} việc bị từ chối đúng như dự kiến.",
            f"Acts played: {played.acts}; passed deadlines written by the system: {played.fired}; refused as intended: {sum(played.refused.values())}.",
        )
    )
    if played.overtaken:
        ctx.out.print(
            ctx.both(
                f"{played.overtaken} việc của câu chuyện không còn làm được vì đã có người làm khác đi hoặc đẩy đồng hồ qua.",
                f"{played.overtaken} acts of the story could no longer be done, because somebody did otherwise or moved the clock past them.",
            )
        )
    return played.surprises


def _show(run: Runtime, title: str) -> None:
    cases = list(every_case(run.store))
    ctx.out.print(f"\n[bold]{escape(title)}[/] – {ctx.both('đồng hồ', 'clock')}: {ctx.words.instant(run.clock.now())}")
    ctx.out.print(f"[yellow]{ctx.both('Bản tập huấn, không có giá trị pháp lý', 'A rehearsal, without legal effect')}[/]\n")
    ctx.out.print(cases_table(run.store, cases))
    ctx.out.print(f"\n{len(cases)} {ctx.both('hồ sơ', 'cases')} – {counts_line(cases)}\n")
    _rounds(run, cases)
    chosen = _telling(cases, run)
    if chosen is not None:
        product = run.store.product(chosen.product)
        said = ctx.both("Nhật ký xử lý của một sản phẩm qua cả hai đợt", "The history of a product that went through both rounds")
        ctx.out.print(f"\n[bold]{said}: {chosen.code} – {escape(product.name if product else chosen.product)}[/]")
        for text in history_lines(timeline(run.store, chosen.code), ctx.words):
            ctx.out.print(text, markup=False)
    _next(chosen.code if chosen else (cases[0].code if cases else "…"))


def _rounds(run: Runtime, cases: list[CaseRow]) -> None:
    made = table(
        *(
            ("Đợt", "Tình trạng", "Hồ sơ", "3★", "4★", "5★", "Mốc cuối")
            if ctx.language == "vi"
            else ("Round", "State", "Cases", "3★", "4★", "5★", "Last date")
        )
    )
    stars = {c.case: c.stars for c in run.store.certificates()}
    for row in run.store.rounds():
        members = [c for c in cases if row.code in {c.round, c.central_round}]
        if not members:
            continue
        counts = Counter(stars.get(c.code) for c in members)
        last = max((s.cutoff for s in run.store.stages(round=row.code) if s.cutoff), default=None)
        shown = [str(counts[n] or "") for n in (3, 4, 5)]
        made.add_row(row.code, ctx.words.name(row.state), str(len(members)), *shown, ctx.words.last_day(last) if last else "")
    ctx.out.print(made)


def _telling(cases: list[CaseRow], run: Runtime) -> CaseRow | None:
    """The case with the most to tell: deferred by a cut-off, carried into the next round, and certified there if there is one."""
    carried = [c for c in cases if c.attempt > 1 and any(e.event == Event.DEFER for e in run.store.entries(c.code))]
    certified = [c for c in carried if c.state is CaseState.CERTIFIED]
    second = [c for c in certified if c.round and c.round.endswith("-2")]
    return next(iter([*second, *certified, *carried, *cases]), None)


def _next(code: str) -> None:
    ctx.out.print(f"\n[bold]{ctx.both('Thử tiếp', 'What to try next')}[/]")
    ocop = _own_name()
    tries = (
        (f"case history {code}", ctx.both("ai làm gì, lúc nào, theo căn cứ nào", "who did what, when, on which ground")),
        (
            f"case actions {code} --as officer@province",
            ctx.both("việc nào làm được, việc nào không và vì sao", "what may be done, and why not"),
        ),
        ("plan activities thai-nguyen-2020 --due", ctx.both("hoạt động quá hạn, sắp đến hạn", "activities overdue or due soon")),
        ("plan review two-rounds-2021", ctx.both("tổng kết năm: chỉ tiêu, đợt, hỗ trợ", "the year-end review")),
        ("round list", ctx.both("các đợt và mốc", "rounds and their dates")),
        ("log verify", ctx.both("tính lại toàn bộ nhật ký", "recompute the whole log")),
        ("rehearsal clock", ctx.both("đồng hồ của bản tập huấn", "the rehearsal's clock")),
    )
    for command, meaning in tries:
        ctx.out.print(f"  {ocop} {command:<54} [dim]{meaning}[/]")


def _own_name() -> str:
    """How this command was called, as somebody would type it from where they are."""
    called = Path(sys.argv[0]).absolute()
    return str(called.relative_to(Path.cwd())) if called.name == "ocop" and called.is_relative_to(Path.cwd()) else "ocop"
