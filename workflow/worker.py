"""The worker: one beat looks at the clock, sweeps what fell due, brings the log up to date, and says that it is alive.

Filing and every other act of a person goes on whatever the worker does; a clock that jumps stops only the system's own acts.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from workflow.clock import Clock, Steady
from workflow.perform import Engine
from workflow.plans import Plans
from workflow.ports import Store
from workflow.sweeping import Ticked, run_tick

JUMP = timedelta(seconds=2)
"""A clock that has moved so much more or less than the time that passed has been set by somebody or something."""

STEADY_FOR = timedelta(minutes=10)
"""How long a clock has to run evenly after a small jump before the system acts by it again."""

BIG_JUMP = timedelta(hours=1)
"""After a jump of more than this a person has to say that the clock is right."""

_PREFIX = "heartbeat:"
_ALIVE = timedelta(seconds=60)
_SAID_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a worker last said of itself; instants in ISO 8601.

    Attributes:
        worker: Name of the worker.
        at: When it said so; ``swept`` when it last finished a whole sweep.
        fired, failed: Deadlines written since it started, and rows set aside in the last sweep.
        oldest: The oldest deadline that it found waiting in the last sweep.
        paused: Why the system's own acts are paused, or None.
    """

    worker: str
    at: str
    swept: str | None
    fired: int
    failed: int
    oldest: str | None
    paused: str | None

    def alive(self, now: datetime) -> bool:
        """Whether it was heard of within a minute."""
        return now - datetime.fromisoformat(self.at) <= _ALIVE


class Worker:
    """Beats."""

    def __init__(self, name: str, clock: Clock, steady: Steady, told: Callable[[str, str], None] | None = None) -> None:
        """Work under a name; ``told(code, detail)`` hears of what a person should know: ``clock_jumped``, ``clock_steady``, ``row_failed``."""
        self.name = name
        self.clock = clock
        self.steady = steady
        self._told = told or (lambda code, detail: None)  # noqa: ARG005
        self._last: tuple[datetime, float] | None = None
        self._paused: tuple[datetime, timedelta] | None = None
        self._swept: datetime | None = None
        self._said: datetime | None = None
        self._fired = 0

    @property
    def paused(self) -> bool:
        """Whether the system's own acts are paused because the clock was moved."""
        return self._paused is not None

    def beat(self, store: Store, engine: Engine, plans: Plans, gather: Callable[[], object] | None = None) -> Ticked | None:
        """One beat on a database; which connection it is may differ from beat to beat.

        Args:
            store: The database.
            engine: Writes what fell due.
            plans: Opens the rounds that the law gives.
            gather: Makes messages of what has come, once that is written.

        Returns:
            What the sweep did, or None while the system's own acts are paused.
        """
        now = self.clock.now()
        self._look_at_clock(now)
        if self._paused is not None:
            self._say(store, now, failed=0, oldest=None)
            return None
        done = run_tick(store, engine, plans, now)
        if gather is not None:
            gather()
        self._swept = now
        self._fired += len(done.sweep.fired)
        for row, attempts, why in done.sweep.told:
            self._told("row_failed", f"{row} ({attempts}): {why}")
        self._say(store, now, failed=len(done.sweep.failed), oldest=done.sweep.oldest, busy=bool(done.sweep.fired or done.sweep.failed))
        return done

    def accept_clock(self) -> None:
        """A person says that the clock is right: the system acts by it again."""
        self._paused = None

    def _look_at_clock(self, now: datetime) -> None:
        count = self.steady.seconds()
        if self._last is not None:
            jumped = (now - self._last[0]) - timedelta(seconds=count - self._last[1])
            if abs(jumped) > JUMP:
                self._paused = (now, jumped)
                self._told("clock_jumped", f"{jumped.total_seconds():+.0f} s")
        self._last = (now, count)
        if self._paused is not None:
            since, jumped = self._paused
            if abs(jumped) <= BIG_JUMP and now - since >= STEADY_FOR:
                self._paused = None
                self._told("clock_steady", now.isoformat())

    def _say(self, store: Store, now: datetime, *, failed: int, oldest: datetime | None, busy: bool = False) -> None:
        if self._said is not None and not busy and timedelta(0) <= now - self._said < _SAID_EVERY:
            return
        paused = f"{self._paused[1].total_seconds():+.0f} s" if self._paused else None
        swept = self._swept.isoformat() if self._swept else None
        say(store, Heartbeat(self.name, now.isoformat(), swept, self._fired, failed, oldest.isoformat() if oldest else None, paused))
        self._said = now


def say(store: Store, beat: Heartbeat) -> None:
    """Let a worker be heard of."""
    store.set_meta(f"{_PREFIX}{beat.worker}", json.dumps(asdict(beat)))


def heartbeats(store: Store) -> list[Heartbeat]:
    """What every worker last said of itself, by name."""
    return [Heartbeat(**json.loads(value)) for _, value in sorted(store.meta_like(_PREFIX).items())]
