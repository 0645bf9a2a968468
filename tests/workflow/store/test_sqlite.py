"""What SQLite alone has: one writer, shared commits, settings of a connection, and faults caused for real."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from states.errors import StoreUnsafe
from tests.workflow.store.samples import act, case, created, moved
from tests.workflow.store.test_schema import SQLITE_REWRITES, fill
from workflow.ports import Outcome, Store
from workflow.store import migrate, open_store
from workflow.store.sqlite import SqliteStore
from workflow.store.sqlite_writer import connect
from workflow.store.urls import sqlite_path

Run = Callable[..., list[Any]]
ROOT = Path(__file__).parents[3]


@contextmanager
def child(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of :mod:`tests.workflow.store.faults`; killed at the end if it still runs."""
    command = [sys.executable, "-m", "tests.workflow.store.faults", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextmanager
def writer_kept_busy(store: SqliteStore) -> Iterator[None]:
    """While this lasts, whoever wants to write has to queue."""
    started, leave = threading.Event(), threading.Event()

    def work(_connection: sqlite3.Connection) -> None:
        started.set()
        leave.wait(10)

    thread = threading.Thread(target=store._submit, args=(work,))
    thread.start()
    started.wait(10)
    try:
        yield
    finally:
        leave.set()
        thread.join()


def queue_up(store: SqliteStore, works: list[Callable[[], Any]]) -> list[Any]:
    """Run all works in threads of their own, in one shared transaction; their results or errors, in order."""
    results: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        try:
            results[number] = works[number]()
        except Exception as error:  # noqa: BLE001 it is the result
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    with writer_kept_busy(store):
        for thread in threads:
            thread.start()
        writer = store._writer
        assert writer is not None
        while len(writer._waiting) < len(works):
            pass
    for thread in threads:
        thread.join()
    return results


def test_replace_is_stopped_by_the_delete_trigger_as_well(store: Store, owner: Run, database: Any) -> None:
    fill(store)
    for guard in ("history_no_second_row", "history_no_second_command"):
        owner(f"DROP TRIGGER {guard}")
    before = list(store.entries())
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        owner(SQLITE_REWRITES[0], "PRAGMA recursive_triggers=ON")
    assert list(store.entries()) == before
    owner(SQLITE_REWRITES[0])
    assert list(store.entries()) != before, "without the guards and the setting REPLACE passes, which is why both are there"


def test_every_connection_has_the_settings_that_the_history_relies_on(store: SqliteStore) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1, "trusted_schema": 0}
    for writer, more in ((True, {"query_only": 0, "wal_autocheckpoint": 1000}), (False, {"query_only": 1, "wal_autocheckpoint": 0})):
        connection = connect(store._path, writer=writer)
        found = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted | more}
        connection.close()
        assert found == wanted | more


def test_a_setting_that_does_not_hold_is_refused(store: SqliteStore, database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf(sqlite3.Connection):
        """A library built without the setting: it takes the statement and does nothing."""

        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            return super().execute("SELECT 1" if sql == "PRAGMA recursive_triggers=ON" else sql, *more)

    store.close()
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kwargs: real(*args, factory=Deaf, **kwargs))
    with pytest.raises(StoreUnsafe, match="sqlite_unsafe_setting: setting=recursive_triggers, value=0"):
        open_store(database.url)


def test_a_journal_that_cannot_be_wal_is_refused(store: SqliteStore, database: Any) -> None:
    store.close()
    path = sqlite_path(database.url)
    assert path is not None
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("PRAGMA journal_mode=DELETE")
    blocker.execute("BEGIN EXCLUSIVE")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("workflow.store.sqlite_writer.BUSY_MILLISECONDS", 10)
        with pytest.raises(StoreUnsafe, match="database_unavailable"):
            open_store(database.url)
    blocker.execute("ROLLBACK")
    blocker.close()
    open_store(database.url).close()


def test_readers_cannot_write(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store._reader().execute("DELETE FROM person")


def test_nobody_is_answered_before_the_shared_commit(store: SqliteStore) -> None:
    rows = [case(number) for number in range(1, 7)]
    answered: list[int] = []
    at_commit: list[tuple[str, int]] = []
    store.claim_writer()
    assert store._writer is not None

    def write(number: int) -> Outcome:
        outcome = store.write([created(rows[number])], epoch=0)
        answered.append(number)
        return outcome

    with writer_kept_busy(store):
        pass
    store._writer._connection.set_trace_callback(
        lambda sql: at_commit.append((sql.split()[0], len(answered))) if sql.split()[0] in {"BEGIN", "COMMIT"} else None
    )
    outcomes = queue_up(store, [lambda number=number: write(number) for number in range(6)])  # type: ignore[misc]
    store._writer._connection.set_trace_callback(None)
    assert outcomes == [Outcome.WRITTEN] * 6
    # One transaction of the thread that kept the writer busy, one for all six.
    assert at_commit == [("BEGIN", 0), ("COMMIT", 0)] * 2
    assert sorted(answered) == list(range(6))


def test_in_a_shared_transaction_one_failure_is_one_callers_own(store: SqliteStore) -> None:
    row = case(1)
    store.write([created(row)], epoch=0)
    stale, error = moved(row), ZeroDivisionError()

    def fails(_connection: sqlite3.Connection) -> None:
        raise error

    results = queue_up(
        store,
        [
            lambda: store.write([act(stale, moved(stale))], epoch=0),
            lambda: store.write([created(case(2)), act(stale, moved(stale))], epoch=0),
            lambda: store._submit(fails),
            lambda: store.write([act(row, moved(row))], epoch=0),
            lambda: store.write([created(case(3))], epoch=0),
        ],
    )
    assert results == [Outcome.MOVED, Outcome.MOVED, error, Outcome.WRITTEN, Outcome.WRITTEN]
    assert [head.subject for head in store.heads()] == ["VS-2026-0001", "VS-2026-0003"]


def test_two_stores_in_one_process_share_the_writer(store: SqliteStore, database: Any) -> None:
    other = open_store(database.url)
    assert store.write([created(case(1))], epoch=0) is Outcome.WRITTEN
    assert other.write([created(case(2))], epoch=0) is Outcome.WRITTEN
    store.close()
    assert other.write([created(case(3))], epoch=0) is Outcome.WRITTEN
    assert len(list(other.heads())) == 3
    other.close()
    with pytest.raises(StoreUnsafe, match="database_unavailable"):
        other.write([created(case(4))], epoch=0)


def test_a_second_writing_process_is_told_who_holds_the_database_and_may_read(store: Store, database: Any) -> None:
    with child("hold", database.url) as holder:
        assert line(holder) == "holding"
        assert len(list(store.heads())) == 1
        with pytest.raises(StoreUnsafe, match="sqlite_second_writer") as caught:
            store.write([created(case(2))], epoch=0)
        assert caught.value.detail["holder"] == str(holder.pid)
        with pytest.raises(StoreUnsafe, match="sqlite_second_writer"):
            migrate(database.url)
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    assert store.write([created(case(2))], epoch=0) is Outcome.WRITTEN


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(store: Store, database: Any) -> None:
    with child("acknowledge", database.url) as writer:
        acknowledged = [line(writer) for _ in range(300)]
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        assert writer.stdout is not None
        acknowledged += writer.stdout.read().split("\n")[:-1]
    path = sqlite_path(database.url)
    assert path is not None
    with_integrity = sqlite3.connect(path)
    assert with_integrity.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with_integrity.close()
    heads = {head.subject: head.head_seq for head in store.heads()}
    entries = {(found.subject, found.seq) for found in store.entries()}
    for words in acknowledged:
        code, seq = words.split()
        assert heads[code] >= int(seq)
        assert (code, int(seq)) in entries
    assert len(entries) == sum(heads.values()) == store.unsequenced()


def test_a_commit_that_fails_fails_for_everybody_in_it_and_leaves_nothing(store: Store, database: Any) -> None:
    with child("full", database.url) as process:
        words = [line(process) for _ in range(4)]
    assert words == ["first written", "3 failed: commit_failed", "1 stored", "then written"]
    assert len(list(store.heads())) == 2
    assert len(list(store.entries())) == 2


def test_a_foreign_transaction_is_waited_for_and_then_named(store: SqliteStore) -> None:
    store.claim_writer()
    assert store._writer is not None
    store._writer._connection.execute("PRAGMA busy_timeout=10")
    foreign = sqlite3.connect(store._path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnsafe, match="locked"):
        store.write([created(case(1))], epoch=0)
    foreign.execute("ROLLBACK")
    foreign.close()
    assert store.write([created(case(1))], epoch=0) is Outcome.WRITTEN


def test_a_caller_interrupted_while_waiting_leaves_the_others_served(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        """A gate at which Ctrl-C arrives."""

        def __init__(self) -> None:
            self.tries = 0

        def acquire(self) -> None:
            self.tries += 1
            if self.tries > 1:
                raise KeyboardInterrupt

        def release(self) -> None:
            pass

    with writer_kept_busy(store):
        with monkeypatch.context() as patched:
            patched.setattr("workflow.store.sqlite_writer.threading", SimpleNamespace(Lock=Interrupted))
            with pytest.raises(KeyboardInterrupt):
                store.write([created(case(1))], epoch=0)
        assert store._writer is not None
        assert not store._writer._waiting
    assert queue_up(store, [lambda: store.write([created(case(2))], epoch=0)]) == [Outcome.WRITTEN]
    assert [head.subject for head in store.heads()] == ["VS-2026-0002"]
