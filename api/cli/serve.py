"""``ocop serve``."""

from typing import Annotated

import typer
from rich.markup import escape

from api.bootstrap import build_runtime
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
    # The web's libraries take longer to load than all the other commands together.
    from api.serving import serve  # noqa: PLC0415

    with telling():
        run = build_runtime(read_settings())

        def say(bound: int, sweeps: bool) -> None:
            if port and bound != port:
                ctx.out.print(ctx.both(f"Cổng {port} đang bận, dùng cổng {bound}.", f"Port {port} is busy, using port {bound}."))
            where = f"http://{f'[{host}]' if ':' in host else host}:{bound}"
            ctx.out.print(f"{ctx.both('Đang phục vụ tại', 'Serving at')} {where} – {escape(run.settings.where)}")
            if not sweeps:
                ctx.out.print(ctx.both("Tiến trình nền chạy riêng.", "The worker runs elsewhere."))

        try:
            serve(run, host, port, worker=worker, say=say)
        finally:
            run.close()
        ctx.out.print(ctx.both("Đã dừng.", "Stopped."))
