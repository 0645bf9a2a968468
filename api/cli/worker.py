"""``ocop worker``: writes what falls due, tells who has to know, and carries letters away, as long as it runs; ``ocop watch`` watches it."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer

from api.bootstrap import Runtime, build_runtime
from api.cli.context import REFUSED, ctx, iso, print_json, tell, telling
from api.cli.options import Json
from api.cli.render import instant
from api.identity.owners import owner_of
from api.postroom import alarm
from api.settings import Settings, read_settings
from api.stopping import Asked
from api.tidying import Tidying
from api.told import told
from deadlines.scheduler import Bell
from notifications.watch import Finding, Trouble, Watchman, heard_of, look, ping
from states.errors import CycleError, StoreUnsafe
from workflow.bulk import step
from workflow.clock import ClockSteady, SystemClock, SystemSteady
from workflow.worker import Worker

EVERY = 5.0
WATCH_EVERY = 60.0
_MEMORY = "watch.json"


class Turn:
    """A database for one part of the worker: on SQLite opened for each beat, so that other commands of the office get their turn to write."""

    def __init__(self, settings: Settings) -> None:
        """Open the database once, so that whatever stands against starting is said before anything runs."""
        self.settings = settings
        self.run: Runtime | None = build_runtime(settings)
        self.waits_turn = self.run.store.dialect == "sqlite"
        self._stands_by = False

    @contextmanager
    def taken(self) -> Iterator[Runtime]:
        """The services, for one beat."""
        run = self.run or build_runtime(self.settings, checked=True)
        try:
            yield run
        finally:
            self.run = None if self.waits_turn else run
            if self.waits_turn:
                run.close()

    def beat(self, work: Callable[[Runtime], None]) -> None:
        """One beat; a fault is told and the next beat tries again."""
        try:
            # A rehearsal's clock that is being moved is swept by whoever moves it, in this process or another.
            with self.taken() as run, run.time_bar.standing() as still:
                if still:
                    work(run)
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


class Shift:
    """One worker at work: one part writes and gathers, another carries letters away, so that a slow mail server holds up no deadline."""

    def __init__(self, settings: Settings) -> None:
        """Open the database, once for each part."""
        self.settings = settings
        self.sweeping, self.carrying = Turn(settings), Turn(settings)
        name = f"{socket.gethostname()}:{os.getpid()}"
        clock = self.sweeping.run.clock if self.sweeping.run is not None else SystemClock()
        self.worker = Worker(name, clock, SystemSteady(), _told)
        self._sent = 0
        self._planned = False
        self._tidying = Tidying(SystemSteady())

    def beat(self) -> None:
        """Write what fell due, make messages of what has come, lay them into the inboxes."""
        self.sweeping.beat(self._sweep)

    def carry(self) -> None:
        """Take letters and events to where they go."""
        self.carrying.beat(self._send)

    def watch(self) -> None:
        """Tell the address outside that all is well, if it is."""
        self.carrying.beat(self._ping)

    def _sweep(self, run: Runtime) -> None:
        self.worker.clock = run.clock
        if run.rehearsal:
            self.worker.steady = ClockSteady(run.clock)
        if not self._planned:
            run.notifications.plan_missing()
            self._planned = True
        self.worker.beat(run.store, run.engine, run.plans, lambda: self._gather(run))
        while step(run.store, run.engine, told, owner_of(run)):
            pass
        # By a clock that was moved, everything might seem old.
        if not self.worker.paused:
            self._tidying.due(run)

    def _gather(self, run: Runtime) -> None:
        made, _ = run.notifications.gather()
        for row, attempts, why in made.failed:
            _told("row_failed", f"{row} ({attempts}): {why}")

    def _send(self, run: Runtime) -> None:
        if self.worker.paused:
            return
        done = run.notifications.send()
        self._sent += sum(done.accepted.values())
        heard_of(run.store, self.worker.name, run.clock.now(), self._sent)
        for key, why in done.failed:
            _told("letter_failed", f"{key}: {why}")

    def _ping(self, run: Runtime) -> None:
        url = self.settings.watch_url
        if url and not [f for f in look(run.store, run.clock.now()) if f.trouble is not Trouble.LETTERS_FAILED]:
            why = ping(url)
            if why is not None:
                _told("ping_failed", why)

    def close(self) -> None:
        """Give the database back."""
        self.sweeping.close()
        self.carrying.close()


def worker_command(
    every: Annotated[float, typer.Option(min=0.2, max=60, help="Giây giữa hai lượt quét · seconds between sweeps")] = EVERY,
) -> None:
    """Chạy nền: tự ghi các mốc đã qua, nhắc hạn, gửi thư, báo mình còn chạy · sweep, remind and send in the background until stopped."""
    with telling():
        asked = Asked()
        shift = Shift(read_settings())
        bells = [
            Bell(timedelta(seconds=every), shift.beat),
            Bell(timedelta(seconds=every), shift.carry),
            Bell(timedelta(seconds=WATCH_EVERY), shift.watch),
        ]
        ctx.out.print(f"{ctx.both('Đang chạy nền', 'Working')}: {shift.worker.name} – {shift.settings.where}")
        for bell in bells:
            if not asked:
                bell.start()
        asked.wait()
        for bell in bells:
            bell.stop()
        shift.close()
        ctx.out.print(f"{ctx.both('Đã dừng', 'Stopped')} {instant(SystemClock().now())}")


def watch_command(
    every: Annotated[
        float | None, typer.Option(min=10, max=3600, help="Giây giữa hai lần xem; không có thì xem một lần · seconds; once without it")
    ] = None,
    as_json: Json = False,
) -> None:
    """Canh người canh: báo khi việc ghi hạn hoặc gửi nhắc đứng lại, gửi thư cho OCOP_ALARM_EMAIL · watch the worker from outside."""
    with telling(as_json=as_json):
        settings = read_settings()
        watchman = Watchman(settings.data_dir.expanduser() / _MEMORY)
        while True:
            findings = _look(settings)
            report = watchman.report(findings, SystemClock().now())
            if report is not None and settings.alarm_email:
                why = alarm(settings, report, ctx.words)
                if why is not None:
                    _told("alarm_failed", why)
            _show(findings, as_json=as_json)
            if every is None:
                break
            time.sleep(every)
    if findings:
        raise typer.Exit(REFUSED)


def _look(settings: Settings) -> list[Finding]:
    """What stands still, the database itself included."""
    try:
        run = build_runtime(settings, checked=True)
    except CycleError as fault:
        return [Finding(Trouble.NO_DATABASE, None, ctx.words.error(fault))]
    try:
        return look(run.store, run.clock.now(), wants_worker=not run.rehearsal)
    finally:
        run.close()


def _show(findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        listed = [{"trouble": str(f.trouble), "since": iso(f.since) if f.since else None, "detail": f.detail} for f in findings]
        print_json({"ok": not findings, "findings": listed})
        return
    if not findings:
        ctx.out.print(f"[green]✓[/] {ctx.both('Mọi việc đang chạy', 'Everything runs')}")
    for finding in findings:
        ctx.out.print(f"✗ {finding_text(finding)}", markup=False)


def finding_text(finding: Finding) -> str:
    """A finding in words."""
    said = ctx.words.label("trouble", str(finding.trouble))
    since = f" ({ctx.both('từ', 'since')} {instant(finding.since)})" if finding.since else ""
    return f"{said}{since}{f': {finding.detail}' if finding.detail else ''}"


def _told(code: str, detail: str) -> None:
    ctx.out.print(f"{ctx.words.label('told', code)}: {detail}", markup=False)
