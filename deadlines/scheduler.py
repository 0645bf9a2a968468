"""The one door to APScheduler. It only rings a bell; what is due stands in the database, so a late or doubled ring changes nothing."""

import threading
from collections.abc import Callable
from datetime import timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from deadlines.calendar import ZONE


class Bell:
    """Rings when it starts and then at an interval until it is stopped, never twice at once.

    Rings that were missed are rung once (``coalesce``), however late (no grace time), and kept in memory alone: the scheduler's own store
    would write outside our transactions and forget what it dropped.
    """

    def __init__(self, every: timedelta, ring: Callable[[], None]) -> None:
        """Ring ``ring`` every so often; what it raises must be its own business."""
        self._ring = ring
        self._stopped = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=ZONE, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._scheduler.add_job(self._rung, "interval", seconds=every.total_seconds(), timezone=ZONE, id="bell")

    def _rung(self) -> None:
        if not self._stopped.is_set():
            self._ring()

    def start(self) -> None:
        """Ring once here and now, then go on in a thread of its own."""
        self._rung()
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more; a ring under way is finished first. A second call does nothing, nor does one to a bell that never started."""
        self._stopped.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
