"""SQLite's one writer.

SQLite 3.7.0 to 3.51.2 can damage a database in WAL mode when several connections write or checkpoint at once. Therefore, whatever the
version: **one connection in one process writes and checkpoints**. The process that writes holds a lock file beside the database for as
long as its store is open; a second one is refused and told who holds it. All other connections are ``query_only`` and never checkpoint
(``wal_autocheckpoint=0``). Within the process commits are shared: whoever finds the writer idle becomes the leader at once, without a
change of thread; who comes meanwhile is queued, and the next leader commits up to 64 of them together. If the work of one of them does
not fit, all is taken back and done again with a savepoint each, so that it fails alone.
Nobody is answered before COMMIT has returned, and with ``synchronous=FULL`` that is after the disk has it.
"""

import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar
from urllib.parse import quote

from states.errors import StoreUnsafe
from workflow.store.locks import FileLock, LockHeldError

T = TypeVar("T")

BATCH = 64
BUSY_MILLISECONDS = 10_000
_OLDEST = (3, 37, 0)  # RETURNING (3.35), table_list (3.37)
_FULL = 2
_SLOW = 0.0005
_PAUSE = 0.00005
"""Seconds; a commit on a local solid-state disk takes a tenth to a third of a millisecond."""


def connect(path: Path, *, writer: bool) -> sqlite3.Connection:
    """A connection with every setting that the history relies on, read back after setting it.

    Raises:
        StoreUnsafe: ``sqlite_unsafe_setting``, ``sqlite_too_old``, ``database_unavailable``.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StoreUnsafe("sqlite_too_old", version=sqlite3.sqlite_version, needed=".".join(map(str, _OLDEST)))
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, check_same_thread=False, cached_statements=256,
            timeout=BUSY_MILLISECONDS / 1000,
        )  # fmt: skip
    except sqlite3.Error as error:
        raise StoreUnsafe("database_unavailable", reason=str(error)) from error
    wanted: tuple[tuple[str, object, object], ...] = (
        ("journal_mode", "WAL", "wal"),
        ("synchronous", "FULL", _FULL),
        ("foreign_keys", "ON", 1),
        ("recursive_triggers", "ON", 1),
        ("trusted_schema", "OFF", 0),
        ("busy_timeout", BUSY_MILLISECONDS, BUSY_MILLISECONDS),
        ("wal_autocheckpoint", 1000 if writer else 0, 1000 if writer else 0),
        ("query_only", "OFF" if writer else "ON", 0 if writer else 1),
    )
    try:
        for name, value, expected in wanted:
            if name != "journal_mode" or connection.execute("PRAGMA journal_mode").fetchone()[0] != expected:
                connection.execute(f"PRAGMA {name}={value}").fetchall()
            found = connection.execute(f"PRAGMA {name}").fetchone()[0]
            if found != expected:
                raise StoreUnsafe("sqlite_unsafe_setting", setting=name, value=found, needed=expected)  # noqa: TRY301
    except sqlite3.Error as error:
        connection.close()
        raise StoreUnsafe("database_unavailable", reason=str(error)) from error
    except StoreUnsafe:
        connection.close()
        raise
    return connection


class _Job:
    """One caller's work, and later its answer."""

    __slots__ = ("done", "error", "gate", "leads", "result", "work")

    def __init__(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        self.work = work
        self.gate: threading.Lock | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False
        self.leads = False


class Writer:
    """The writing connection of one database in this process, with its lock."""

    def __init__(self, path: Path) -> None:
        """Take the writer's lock and connect.

        Raises:
            StoreUnsafe: ``sqlite_second_writer`` with the ``holder``'s process id.
        """
        try:
            self._lock = FileLock(path.with_name(path.name + ".lock"))
        except LockHeldError as held:
            raise StoreUnsafe("sqlite_second_writer", holder=held.holder, database=str(path)) from held
        try:
            self._connection = connect(path, writer=True)
        except BaseException:
            self._lock.release()
            raise
        self._pid = os.getpid()
        self._mutex = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._busy = False
        self._closed = False
        self._company = 1
        self._took = 0.0

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do ``work`` in a transaction and return its result once that is durable.

        An exception from ``work`` undoes this work alone and comes back to its caller. ``work`` may be called twice; only what the second
        call writes stays.

        Raises:
            StoreUnsafe: ``commit_failed`` to everybody whose work was in that transaction. Whether it is on disk is then unknown; the
                same command may be repeated, its id makes that harmless.
        """
        if os.getpid() != self._pid:
            raise StoreUnsafe("sqlite_second_writer", holder=str(self._pid), database="")
        job = _Job(work)
        with self._mutex:
            if self._closed:
                raise StoreUnsafe("database_unavailable", reason="closed")
            if not self._busy:
                self._busy = job.leads = True
            else:
                job.gate = threading.Lock()
                job.gate.acquire()
                self._waiting.append(job)
        if job.gate is not None:
            try:
                job.gate.acquire()  # Opened with an answer, or with the duty to lead.
            except BaseException:
                self._withdraw(job)
                raise
        if not job.done:
            self._lead(job)
        if isinstance(job.error, sqlite3.OperationalError):
            raise StoreUnsafe("commit_failed", reason=str(job.error)) from job.error
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[no-any-return]

    def _withdraw(self, job: _Job) -> None:
        """Its caller was interrupted while waiting; whoever queues behind it must not wait for a leader that never comes."""
        with self._mutex:
            if job in self._waiting:
                self._waiting.remove(job)
        if job.leads and not job.done:
            self._lead(job)

    def read_if_idle(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Any]] | None:
        """The rows of some SELECTs, read on this connection where nobody writes and the last commit served one caller; else None.

        Nobody else writes to the database, so they are of one moment.

        Whoever reads and then writes alone is served best here: what was just written is in this connection's cache, while every other
        connection has to throw its cache away after each commit. With company the connection is left to those who write.
        """
        with self._mutex:
            if self._busy or self._closed or self._company > 1 or os.getpid() != self._pid:
                return None
            self._busy = True
        try:
            return [self._connection.execute(sql, params).fetchall() for sql, params in asked]
        finally:
            _wake(self._step_down(1))

    def _lead(self, own: _Job) -> None:
        batch = [own]
        try:
            self._wait_for_company()
            with self._mutex:
                while self._waiting and len(batch) < BATCH:
                    batch.append(self._waiting.popleft())
            began = perf_counter()
            self._run(batch)
            self._took = perf_counter() - began
        finally:
            successor = self._step_down(len(batch))
            for job in batch:
                job.done = True
                if job is not own:
                    _wake(job)
            _wake(successor)

    def _step_down(self, served: int) -> _Job | None:
        """Name the next leader, who has to be woken, or be idle."""
        with self._mutex:
            self._company = served + len(self._waiting)
            successor = self._waiting.popleft() if self._waiting else None
            self._busy = successor is not None
            if successor is not None:
                successor.leads = True
            return successor

    def _wait_for_company(self) -> None:
        """On a slow disk, let those just answered come back before the next commit; else two halves of the callers would take turns."""
        expected = min(self._company, BATCH) - 1
        if expected > 0 and self._took > _SLOW:
            until = perf_counter() + self._took / 4
            while len(self._waiting) < expected and perf_counter() < until:
                time.sleep(_PAUSE)

    def _run(self, batch: list[_Job]) -> None:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for job in batch:
                    job.result = job.work(connection)
            except Exception:
                if len(batch) == 1:
                    raise
                # Most work fits, so savepoints are made only now that somebody's did not: everything again, each on its own.
                self._roll_back()
                connection.execute("BEGIN IMMEDIATE")
                self._run_one_by_one(batch)
            connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            if len(batch) == 1:
                batch[0].error = error
                return
            for job in batch:
                job.error = job.error or StoreUnsafe("commit_failed", reason=str(error))
            if not isinstance(error, Exception):
                raise

    def _run_one_by_one(self, batch: list[_Job]) -> None:
        execute = self._connection.execute
        for job in batch:
            execute("SAVEPOINT job")
            try:
                job.result = job.work(self._connection)
            except Exception as error:  # noqa: BLE001 it belongs to that caller
                job.error = error
                execute("ROLLBACK TO job")
            execute("RELEASE job")

    def _roll_back(self) -> None:
        # After a full disk SQLite has taken the transaction back by itself.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection and give up the lock, once what is under way has been answered."""
        while True:
            with self._mutex:
                if not self._busy:
                    self._closed = True
                    break
            time.sleep(0.001)
        self._connection.close()
        self._lock.release()


def _wake(job: _Job | None) -> None:
    if job is not None and job.gate is not None:
        job.gate.release()


_WRITERS: dict[Path, tuple[Writer, int]] = {}
_WRITERS_LOCK = threading.Lock()


def borrow_writer(path: Path) -> Writer:
    """The writer of this database in this process; two stores on one database share it."""
    with _WRITERS_LOCK:
        writer, users = _WRITERS.get(path, (None, 0))
        writer = writer or Writer(path)
        _WRITERS[path] = (writer, users + 1)
        return writer


def return_writer(path: Path) -> None:
    """Give a borrowed writer back; the last one closes it."""
    with _WRITERS_LOCK:
        writer, users = _WRITERS[path]
        if users > 1:
            _WRITERS[path] = (writer, users - 1)
        else:
            del _WRITERS[path]
            writer.close()
