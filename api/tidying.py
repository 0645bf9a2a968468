"""The worker's housekeeping: once an hour what has been kept long enough is removed."""

from datetime import timedelta

from api.bootstrap import Runtime
from api.settings import Settings
from workflow.clock import Steady, SystemClock
from workflow.housekeeping import Keeping, Tidied, tidy

EVERY = timedelta(hours=1)


def keeping_of(settings: Settings) -> Keeping:
    """For how long an installation keeps what."""
    return Keeping(
        timedelta(days=settings.keep_sessions_days), timedelta(days=settings.keep_links_days), timedelta(days=settings.keep_reads_days)
    )


class Tidying:
    """Remembers when it was done last."""

    def __init__(self, steady: Steady) -> None:
        """Count the time between two rounds of it by a clock that nobody sets."""
        self._steady = steady
        self._last: float | None = None

    def due(self, run: Runtime) -> Tidied | None:
        """Tidy up if an hour has passed; None where it has not.

        Sign-ins go by the machine's clock, also in a rehearsal, whose own clock leaps over weeks.
        """
        now = self._steady.seconds()
        if self._last is not None and now - self._last < EVERY.total_seconds():
            return None
        done = tidy(run.store.identity, keeping_of(run.settings), SystemClock().now() if run.rehearsal else run.clock.now())
        self._last = now
        return done
