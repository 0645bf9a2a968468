"""Processes that are killed or starved: ``python -m tests.workflow.store.faults KIND URL``."""

import resource
import sys
import threading
from typing import TYPE_CHECKING, cast

from states.errors import StoreUnsafe
from tests.workflow.store.samples import act, case, created, moved, term
from workflow.ports import Outcome, Store
from workflow.store import open_store

if TYPE_CHECKING:
    from workflow.store.sqlite import SqliteStore


def say(words: str) -> None:
    # One write a line, so that what was said before a kill arrives whole.
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def hold(store: Store) -> None:
    """Write, and keep the store open until killed."""
    store.write([created(case(1))], epoch=None)
    say("holding")
    sys.stdin.read()


def acknowledge(store: Store) -> None:
    """Four threads that act without end and tell each act once it is answered."""

    def run(number: int) -> None:
        row = case(number)
        outcome = store.write([created(row)], epoch=None)
        while outcome is Outcome.WRITTEN:
            say(f"{row.code} {row.head_seq}")
            after = moved(row)
            outcome = store.write([act(row, after, opened=(term(after),))], epoch=0)
            row = after

    for number in range(4):
        threading.Thread(target=run, args=(number,)).start()


def full(opened: Store) -> None:
    """Let the disk be full while three callers share a commit."""
    from tests.workflow.store.test_sqlite import queue_up  # noqa: PLC0415 it imports pytest, which the other kinds need not wait for

    store = cast("SqliteStore", opened)
    say(f"first {store.write([created(case(1))], epoch=None).value}")
    log = store._path.with_name(store._path.name + "-wal")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 100, hard))
    results = queue_up(store, [lambda number=number: store.write([created(case(number))], epoch=None) for number in (2, 3, 4)])  # type: ignore[misc]
    codes = {result.code for result in results if isinstance(result, StoreUnsafe)}
    say(f"{len(results)} failed: {' '.join(codes)}")
    say(f"{len(list(store.heads()))} stored")
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    say(f"then {store.write([created(case(2))], epoch=None).value}")
    store.close()


if __name__ == "__main__":
    {"hold": hold, "acknowledge": acknowledge, "full": full}[sys.argv[1]](open_store(sys.argv[2]))
