"""``ocop serve``."""

from collections.abc import Callable
from typing import Annotated

import typer
from rich.markup import escape

from api.bootstrap import Runtime, build_runtime
from api.cli.context import ctx, telling
from api.settings import read_settings


def serve_command(
    host: Annotated[str, typer.Option(help="Địa chỉ để nghe · address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Cổng; bận thì lấy cổng kế tiếp · port; the next one if it is busy")] = 8000,
    worker: Annotated[
        bool | None,
        typer.Option(
            "--worker/--no-worker", help="Kèm tiến trình nền; mặc định khi chưa ai chạy · sweep as well; by default where nobody does"
        ),
    ] = None,
) -> None:
    """Phục vụ qua HTTP, kèm tiến trình nền khi chỉ có một tiến trình · serve over HTTP, with the worker where this is the only process."""
    with telling():
        run = build_runtime(read_settings())

        def say(bound: int, sweeps: bool) -> None:
            where = address(host, port, bound)
            ctx.out.print(f"{ctx.both('Đang phục vụ tại', 'Serving at')} {where} – {escape(run.settings.where)}")
            if not sweeps:
                ctx.out.print(ctx.both("Tiến trình nền chạy riêng.", "The worker runs elsewhere."))

        until_stopped(run, host, port, worker, say)


def until_stopped(run: Runtime, host: str, port: int, worker: bool | None, say: Callable[[int, bool], None]) -> None:
    """Serve until somebody stops it, then give the database back and say so."""
    # The web's libraries take longer to load than all the other commands together.
    from api.serving import serve  # noqa: PLC0415

    try:
        serve(run, host, port, worker=worker, say=say)
    finally:
        run.close()
    ctx.out.print(ctx.both("Đã dừng.", "Stopped."))


def address(host: str, asked: int, bound: int) -> str:
    """Where it is served, said if that is another port than was asked for."""
    if asked and bound != asked:
        ctx.out.print(ctx.both(f"Cổng {asked} đang bận, dùng cổng {bound}.", f"Port {asked} is busy, using port {bound}."))
    return f"http://{f'[{host}]' if ':' in host else host}:{bound}"
