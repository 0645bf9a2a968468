"""The one place that reads the clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class Steady(Protocol):
    """Counts seconds that nobody can set."""

    def seconds(self) -> float:
        """Seconds since some fixed moment."""


class SystemSteady:
    """The machine's own count.

    Where the system offers it, time asleep is counted, so that a machine woken up is not taken for one whose clock was moved.
    """

    def seconds(self) -> float:
        """Seconds since the machine started."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class ClockSteady:
    """Counts by a clock itself: in a rehearsal time stands or is moved on purpose, and neither is a jump."""

    def __init__(self, clock: Clock) -> None:
        """Count by a clock."""
        self._clock = clock

    def seconds(self) -> float:
        """Seconds since 1970 by that clock."""
        return self._clock.now().timestamp()


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands until it is moved: for tests, replays and rehearsals."""

    def __init__(self, now: datetime, moved: Callable[[datetime], None] | None = None) -> None:
        """Start at an aware instant; ``moved`` is told of every move, so that a rehearsal can keep its time."""
        self._now = now.astimezone(UTC)
        self._moved = moved

    def now(self) -> datetime:
        """Where the clock stands."""
        return self._now

    def move(self, to: datetime) -> None:
        """Move the clock.

        Raises:
            ValueError: Backwards; a history cannot be lived twice.
        """
        to = to.astimezone(UTC)
        if to < self._now:
            raise ValueError(f"clock at {self._now.isoformat()} cannot go back to {to.isoformat()}")
        self._now = to
        if self._moved:
            self._moved(to)

    def follow(self, to: datetime) -> None:
        """Go on to where another process has moved the same clock, who has said so already; never back."""
        self._now = max(self._now, to.astimezone(UTC))

    def restart(self, at: datetime) -> None:
        """Set the clock anew, for a rehearsal in which nothing has happened yet."""
        self._now = at.astimezone(UTC)
        if self._moved:
            self._moved(self._now)
