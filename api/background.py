"""What runs beside the requests in a serving process: operations on many cases, and the embedded worker."""

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from api.bootstrap import Runtime
from api.identity.owners import owner_of
from api.tidying import Tidying
from api.told import told
from deadlines.scheduler import Bell
from notifications.watch import heard_of
from states.errors import CycleError
from workflow.bulk import step
from workflow.clock import ClockSteady, SystemSteady
from workflow.worker import Worker

log = structlog.get_logger("ocop.background")
_IDLE = 1.0


class Carrier:
    """A thread that carries out operations on many cases; it looks by itself once a second, and at once where it is woken."""

    def __init__(self, run: Runtime) -> None:
        """Carry out what a runtime's database has."""
        self._run = run
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._carry, name="carrier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the batch under way, and no more; what is left stays pending."""
        self._stopped = True
        self._woken.set()
        self._thread.join()

    def _carry(self) -> None:
        while not self._stopped:
            try:
                # A rehearsal's clock that is being moved belongs to whoever moves it.
                with self._run.time_bar.standing() as still:
                    worked = still and step(self._run.store, self._run.engine, told, owner_of(self._run))
                if worked:
                    continue
            except CycleError as fault:
                log.warning("bulk", fault=str(fault))
            except Exception:
                log.exception("bulk")
            self._woken.wait(_IDLE)
            self._woken.clear()


class Embedded:
    """The worker inside a serving process, so that one office needs one process."""

    def __init__(self, run: Runtime, name: str, every: timedelta) -> None:
        """Sweep a runtime's database every so often, under a name."""
        self._run = run
        steady = ClockSteady(run.clock) if run.rehearsal else SystemSteady()
        self._worker = Worker(name, run.clock, steady, lambda code, detail: log.warning(code, detail=detail))
        self._tidying = Tidying(SystemSteady())
        self._bells = (Bell(every, self._beat), Bell(every, self._send))
        self._planned = False

    @property
    def name(self) -> str:
        """The name under which it says that it is alive."""
        return self._worker.name

    def start(self) -> None:
        """Sweep and send once, then at the interval."""
        for bell in self._bells:
            bell.start()

    def stop(self) -> None:
        """Finish the sweep and the letter under way, and no more."""
        for bell in self._bells:
            bell.stop()

    def _beat(self) -> None:
        self._if_still("sweep", self._sweep)

    def _if_still(self, name: str, work: Callable[[], None]) -> None:
        # A rehearsal's clock that is being moved is swept by whoever moves it, each cut-off at its own moment.
        try:
            with self._run.time_bar.standing() as still:
                if still:
                    work()
        except CycleError as fault:
            log.warning(name, fault=str(fault))
        except Exception:
            log.exception(name)

    def _sweep(self) -> None:
        if not self._planned:
            self._run.notifications.plan_missing()
            self._planned = True
        self._worker.beat(self._run.store, self._run.engine, self._run.plans, self._gather)
        self._tidy()

    def _tidy(self) -> None:
        # By a clock that was moved, everything might seem old.
        done = None if self._worker.paused else self._tidying.due(self._run)
        if done:
            log.info("tidied", sessions=done.sessions, links=done.links, attempts=done.attempts, reads=done.reads)

    def _gather(self) -> None:
        made, _ = self._run.notifications.gather()
        for row, attempts, why in made.failed:
            log.warning("row_failed", row=row, attempts=attempts, why=why)

    def _send(self) -> None:
        self._if_still("send", self._take_out)

    def _take_out(self) -> None:
        if self._worker.paused:
            return
        for key, why in self._run.notifications.send().failed:
            log.warning("letter_failed", delivery=key, why=why)
        heard_of(self._run.store, self._worker.name, self._run.clock.now())
