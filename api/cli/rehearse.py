"""``ocop rehearsal run`` and ``jump``: the demonstration two minutes before the cut-off, served; and its clock moved on by a span."""

from typing import Annotated

import typer
from rich.markup import escape

from api.bootstrap import Runtime, build_runtime, create_database
from api.cli.context import REFUSED, ctx, iso, parse_instant, print_json, runtime, telling
from api.cli.demo import SEASON, play
from api.cli.operations import begin, rehearsal
from api.cli.options import Json
from api.cli.serve import address, until_stopped
from api.schemas.rehearsal import span_of
from api.settings import read_settings
from states.errors import MalformedInput, StoreUnsafe
from workflow.timebar import Moved, shipped

EVE = "2021-07-09T23:58"
"""Two minutes before the cut-off "trước ngày 10/7/2021"."""


@rehearsal.command("run")
def run_command(
    host: Annotated[str, typer.Option(help="Địa chỉ để nghe · address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Cổng; bận thì lấy cổng kế tiếp · port; the next one if it is busy")] = 8000,
) -> None:
    """Mở bản tập huấn trong trình duyệt: mùa minh họa, lúc 23:58 ngày 09/7/2021 · open the rehearsal in a browser, at its headline moment."""
    with telling():
        settings = read_settings()
        create_database(settings, rehearsal=True)
        run = build_runtime(settings)
        try:
            _make_ready(run)
        except BaseException:
            run.close()
            raise

        def say(bound: int, sweeps: bool) -> None:  # noqa: ARG001 - a rehearsal of one process always sweeps
            _welcome(run, address(host, port, bound))

        until_stopped(run, host, port, None, say)


def _make_ready(run: Runtime) -> None:
    """Play the demonstration into an empty database, or to where it was broken off; anything else is kept as it is."""
    if not run.rehearsal:
        raise StoreUnsafe("not_a_rehearsal", where=run.settings.where)
    fresh, stop = run.store.last_recorded() is None, parse_instant(EVE)
    if not fresh and (run.time_bar.season() != SEASON or run.clock.now() >= stop):
        return
    season = shipped(SEASON)
    begin(run.clock, season.start, empty=fresh)
    surprises = play(run, season, stop)
    for product, event, why in surprises:
        ctx.out.print(f"[red]✗[/] {product} {event}: {escape(why)}")
    if surprises:
        raise typer.Exit(REFUSED)


def _welcome(run: Runtime, where: str) -> None:
    ctx.out.print(f"\n[bold]{ctx.both('Mở trình duyệt tại', 'Open in a browser')}: {where}/rehearsal[/]")
    ctx.out.print(f"{ctx.both('Dữ liệu nằm ở', 'The data lies at')}: {escape(run.settings.where)}")
    ctx.out.print(f"{ctx.both('Đồng hồ tập huấn', 'The clock of the rehearsal')}: {ctx.words.instant(run.clock.now())}")
    if run.clock.now() > parse_instant(EVE):
        first = ctx.both(
            "Diễn tiếp: đẩy thanh thời gian, hoặc bấm nút còn sáng của các câu chuyện.",
            "Go on: move the time bar, or press a button of the stories that can still be pressed.",
        )
    else:
        first = ctx.both(
            "Thử trước tiên: câu chuyện “Hai phút trước nửa đêm” – bấm lần lượt ba nút của nó.",
            "Try first: the story “Two minutes to midnight”; press its buttons one after the other.",
        )
    ctx.out.print(first)
    ctx.out.print(
        ctx.both(
            f"Làm thử bằng phần mềm khác: {where}/docs. Muốn bắt đầu lại: dừng, chuyển tệp dữ liệu đi nơi khác rồi chạy lại. Dừng: Ctrl-C.",
            f"For other software: {where}/docs. To begin anew: stop, move the data file away, run again. Stop: Ctrl-C.",
        )
    )


Colleagues = Annotated[bool, typer.Option("--colleagues", help="Đồng nghiệp mô phỏng cũng làm việc · simulated colleagues act")]


@rehearsal.command("clock")
def clock(
    moment: Annotated[str | None, typer.Argument(help="ISO, ví dụ · for example 2021-07-10T00:01")] = None,
    colleagues: Colleagues = False,
    as_json: Json = False,
) -> None:
    """Xem hoặc đẩy đồng hồ của bản tập huấn; nói việc gì đã xảy ra · show or move the rehearsal's clock, and say what happened."""
    with runtime(as_json=as_json) as run:
        if moment is not None:
            _tell(run.time_bar.move(parse_instant(moment), colleagues=colleagues), as_json=as_json)
            return
        now = run.player().clock.now()
        if as_json:
            print_json({"now": iso(now), "fired": 0})
        else:
            ctx.out.print(ctx.words.instant(now))


@rehearsal.command("jump")
def jump(
    span: Annotated[str, typer.Argument(help="ISO 8601: PT2M (2 phút · two minutes), P1D (1 ngày · a day)")],
    colleagues: Colleagues = False,
    as_json: Json = False,
) -> None:
    """Đẩy đồng hồ bản tập huấn đi thêm một khoảng; nói việc gì đã xảy ra · move the rehearsal's clock on, and say what happened."""
    with runtime(as_json=as_json) as run:
        try:
            by = span_of(span)
        except ValueError:
            raise MalformedInput("not_a_time_span", given=span) from None
        _tell(run.time_bar.move(run.clock.now() + by, colleagues=colleagues), as_json=as_json)


def _tell(moved: Moved, *, as_json: bool) -> None:
    """What a move brought."""
    happened = moved.happened
    if as_json:
        counts = {"fired": moved.fired, "acts": len(happened.acts), "told": len(happened.told), "played": moved.played}
        print_json({"now": iso(moved.until), "deferred": [d.case for d in happened.deferred], **counts})
        return
    ctx.out.print(ctx.words.instant(moved.until))
    for each in happened.deferred:
        ctx.out.print(f"{each.case}: {ctx.both('chuyển đợt sau', 'deferred')} – “{escape(each.phrase)}”")
    ctx.out.print(
        ctx.both(
            f"{moved.fired} mốc được ghi, {len(happened.acts)} việc khác, {len(happened.told)} thư đã soạn.",
            f"{moved.fired} deadlines written, {len(happened.acts)} other acts, {len(happened.told)} letters made.",
        )
    )
