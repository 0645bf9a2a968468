"""``ocop worker``: sweeps by itself, as long as it runs."""

import os
import signal
import socket
from datetime import timedelta
from typing import Annotated, Any

import typer

from api.bootstrap import Runtime, build_runtime
from api.cli.context import ctx, tell, telling
from api.cli.render import instant
from api.settings import Settings, read_settings
from api.told import told
from deadlines.scheduler import Bell
from states.errors import CycleError, StoreUnsafe
from workflow.bulk import step
from workflow.clock import ClockSteady, SystemClock, SystemSteady
from workflow.worker import Worker

EVERY = 5.0


class Shift:
    """One worker at work: on SQLite the database is opened for each beat, so that other commands of the office get their turn to write."""

    def __init__(self, settings: Settings) -> None:
        """Open the database once, so that whatever stands against starting is said before anything runs."""
        self.settings = settings
        self.run: Runtime | None = build_runtime(settings)
        self.waits_turn = self.run.store.dialect == "sqlite"
        self.worker = Worker(f"{socket.gethostname()}:{os.getpid()}", self.run.clock, SystemSteady(), _told)
        self._stands_by = False

    def beat(self) -> None:
        """One beat; a fault is told and the next beat tries again."""
        try:
            run = self.run or build_runtime(self.settings, checked=True)
            try:
                self.worker.clock = run.clock
                if run.rehearsal:
                    self.worker.steady = ClockSteady(run.clock)
                self.worker.beat(run.store, run.engine, run.plans)
                while step(run.store, run.engine, told):
                    pass
            finally:
                self.run = None if self.waits_turn else run
                if self.waits_turn:
                    run.close()
            self._stands_by = False
        except StoreUnsafe as fault:
            if fault.code != "sqlite_second_writer" or not self._stands_by:
                tell(fault)
            self._stands_by = fault.code == "sqlite_second_writer"
        except CycleError as fault:
            tell(fault)
        except Exception as fault:  # noqa: BLE001 - a lost connection must not end the worker; it is told, and the next beat tries again
            ctx.out.print(f"{type(fault).__name__}: {fault}", markup=False)

    def close(self) -> None:
        """Give the database back."""
        if self.run is not None:
            self.run.close()


def worker_command(
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Giây giữa hai lượt quét · seconds between sweeps")] = EVERY,
) -> None:
    """Chạy nền: tự ghi các mốc đã qua, ghép nhật ký, báo mình còn chạy · sweep in the background until stopped."""
    with telling():
        shift = Shift(read_settings())
        bell = Bell(timedelta(seconds=every), shift.beat)

        def stop(*_: Any) -> None:
            bell.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        ctx.out.print(f"{ctx.both('Đang chạy nền', 'Working')}: {shift.worker.name} – {shift.settings.where}")
        bell.start()
        bell.wait()
        shift.close()
        ctx.out.print(f"{ctx.both('Đã dừng', 'Stopped')} {instant(SystemClock().now())}")


def _told(code: str, detail: str) -> None:
    ctx.out.print(f"{ctx.words.label('told', code)}: {detail}", markup=False)
