"""A worker process of its own, for tests that run several or kill one: ``python -m tests.support.working URL INSTANT [WHERE AT]``.

It says ``ready``, beats once at ``go`` on its input, and says what it fired. With WHERE (``before``, ``uncommitted``, ``after``) it kills
itself with SIGKILL at the AT-th transaction that writes a page: before it, inside it, or after its commit.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import deadlines.sweep
from tests.support.world import on
from workflow.clock import ManualClock
from workflow.store import open_store, postgresql, sqlite
from workflow.store.postgresql_writes import write_set
from workflow.worker import Worker

PAGE = 20
"""Small pages, so that a sweep of a hundred rows has a middle."""


class Count:
    """Seconds that nobody counts: the clock stands as well."""

    def seconds(self) -> float:
        """Always the same."""
        return 0.0


def dying(where: str, at: int, call: Callable[..., Any]) -> Callable[..., Any]:
    """A call that takes the process down at the ``at``-th time, before it or after it."""
    calls = 0

    def wrapped(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at and where == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = call(*given, **named)
        if calls == at and where != "before":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return wrapped


def main(url: str, instant: str, where: str = "", at: str = "0") -> None:
    """Work once."""
    assert deadlines.sweep.tick.__kwdefaults__ is not None
    deadlines.sweep.tick.__kwdefaults__["page"] = PAGE
    store = open_store(url, allow_unsafe=True)
    world = on(store, ManualClock(datetime.fromisoformat(instant)))
    if where == "uncommitted":
        sqlite._carry_out_together = dying(where, int(at), sqlite._carry_out_together)
        vars(postgresql)["write_set"] = dying(where, int(at), write_set)
    elif where:
        store.write_each = dying(where, int(at), store.write_each)  # type: ignore[method-assign]
    worker = Worker(f"process:{os.getpid()}", world.clock, Count())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    done = worker.beat(store, world.engine, world.plans)
    assert done is not None
    sys.stdout.write(f"{len(done.sweep.fired)} {len(done.sweep.failed)}\n")
    sys.stdout.flush()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
