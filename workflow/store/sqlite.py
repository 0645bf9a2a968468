"""The store on SQLite: one writer (:mod:`workflow.store.sqlite_writer`), readers by thread."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

import orjson

from states.errors import StoreUnsafe
from workflow.credentials import must_stand
from workflow.ports import Change, Outcome, moves_rounds
from workflow.store import schema, statements
from workflow.store.base import Asked, Row, Transaction
from workflow.store.locks import FileLock, LockHeldError
from workflow.store.mapping import storable
from workflow.store.reads import SharedStore, reference_unknown
from workflow.store.sqlite_steps import Step, gathered, group_steps
from workflow.store.sqlite_writer import Writer, borrow_writer, connect, return_writer
from workflow.store.telling import SqlTelling

T = TypeVar("T")

_ALREADY_THERE = frozenset(
    {
        "SQLITE_CONSTRAINT_UNIQUE",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
        "SQLITE_CONSTRAINT_ROWID",
        "SQLITE_CONSTRAINT_TRIGGER",
    }
)


class _UndoneError(Exception):
    """Takes a group back and carries its outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def _check_epoch(connection: sqlite3.Connection, epoch: int | None) -> None:
    if epoch is not None and connection.execute(statements.EPOCH).fetchone()[0] != epoch:
        raise _UndoneError(Outcome.RIGHTS_MOVED)


def _carry_out(connection: sqlite3.Connection, steps: Iterable[Step]) -> None:
    execute = connection.execute
    try:
        for sql, values, one in steps:
            if execute(sql, values).rowcount != 1 and one:
                raise _UndoneError(Outcome.MOVED)
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorname in _ALREADY_THERE:
            raise _UndoneError(Outcome.MOVED) from error
        raise


def _carry_out_together(connection: sqlite3.Connection, groups: Sequence[Sequence[Step]]) -> bool:
    """All groups statement by statement; False, with nothing left behind, if any of them does not fit."""
    connection.execute("SAVEPOINT together")
    try:
        fits = all(expected in {None, connection.executemany(sql, rows).rowcount} for sql, rows, expected in gathered(groups))
    except sqlite3.IntegrityError:
        fits = False
    if not fits:
        connection.execute("ROLLBACK TO together")
    connection.execute("RELEASE together")
    return fits


class _SqliteTransaction:
    """:class:`workflow.store.base.Transaction` on the writing connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        return self._connection.execute(sql, params).fetchall()

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        return self._connection.executemany(sql, rows).rowcount


class SqliteStore(SharedStore, SqlTelling):
    """:class:`workflow.ports.Store` on a file; made by :func:`workflow.store.open_store`."""

    dialect: Literal["sqlite", "postgresql"] = "sqlite"
    _beside = "+"

    def __init__(self, path: Path, clock_now: Callable[[], datetime] | None = None) -> None:
        """Open for reading; the writer's lock is taken by the first write and kept until :meth:`close`.

        Raises:
            StoreUnsafe: a setting does not hold, the file cannot be opened, or its schema is not the declared one.
        """
        if not path.exists():
            raise StoreUnsafe("schema_missing", wanted=schema.newest_revision(), place=str(path))
        self._path = path
        self._clock_now = clock_now
        self._local = threading.local()
        self._guard = threading.Lock()
        self._readers: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._writer: Writer | None = None
        self._closed = False
        try:
            self._check_schema()
        except BaseException:
            self.close()
            raise

    def _check_schema(self) -> None:
        marked = self._rows("SELECT 1 FROM sqlite_master WHERE name='alembic_version'")
        rows = self._rows("SELECT version_num FROM alembic_version") if marked else []
        schema.check_revision(rows[0][0] if rows else None, str(self._path))
        schema.check(self.dialect, self._rows)

    def fingerprint(self) -> str:
        """SHA-256 of the schema's facts, in hex."""
        return schema.fingerprint(self.dialect, self._rows)

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with self._guard:
                self._refuse_if_closed()
                connection = self._local.connection = connect(self._path, writer=False)
                for thread, left_behind in self._readers:
                    if not thread.is_alive():
                        left_behind.close()
                self._readers = [pair for pair in self._readers if pair[0].is_alive()]
                self._readers.append((threading.current_thread(), connection))
        return connection

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreUnsafe("database_unavailable", reason="closed")

    def claim_writer(self) -> None:
        """Take the writer's lock now rather than at the first write, as a service does when it starts.

        Raises:
            StoreUnsafe: ``sqlite_second_writer`` naming the ``holder``.
        """
        self._borrowed()

    def _borrowed(self) -> Writer:
        with self._guard:
            self._refuse_if_closed()
            if self._writer is None:
                self._writer = borrow_writer(self._path)
            return self._writer

    def _submit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return (self._writer or self._borrowed()).submit(work)

    # What SharedStore asks for.
    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        try:
            return self._reader().execute(sql, storable(tuple(params))).fetchall()
        except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
            raise StoreUnsafe("database_unavailable", reason=str(error)) from error

    def _snapshot(self, asked: Sequence[Asked]) -> list[list[Row]]:
        reader = self._reader()
        reader.execute("BEGIN")
        try:
            return [reader.execute(sql, storable(tuple(params))).fetchall() for sql, params in asked]
        finally:
            reader.execute("COMMIT")

    def _stream(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
        # A cursor left open would hold its whole connection at an old moment, so it gets one of its own.
        connection = connect(self._path, writer=False)
        try:
            yield from connection.execute(sql, params)
        finally:
            connection.close()

    def _rows_before_writing(self, sql: str, params: Sequence[Any]) -> list[Row]:
        found = self._from_writer([(sql, params)])
        return self._rows(sql, params) if found is None else found[0]

    def _moment_before_writing(self, asked: Sequence[Asked]) -> list[list[Row]]:
        found = self._from_writer(asked)
        return self._snapshot(asked) if found is None else found

    def _from_writer(self, asked: Sequence[Asked]) -> list[list[Row]] | None:
        writer = self._writer
        try:
            return writer.read_if_idle([(sql, storable(tuple(params))) for sql, params in asked]) if writer is not None else None
        except sqlite3.OperationalError as error:
            raise StoreUnsafe("database_unavailable", reason=str(error)) from error

    def _act(self, work: Callable[[Transaction], T]) -> T:
        try:
            return self._submit(lambda connection: work(_SqliteTransaction(connection)))
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorname == "SQLITE_CONSTRAINT_FOREIGNKEY":
                raise reference_unknown(str(error)) from error
            raise

    def _list(self, values: Iterable[Any]) -> str:
        return orjson.dumps(storable(tuple(values))).decode()

    def _among(self) -> str:
        return "IN (SELECT value FROM json_each(?))"

    # Writing.
    def write(self, changes: Sequence[Change], *, epoch: int | None) -> Outcome:
        """See :class:`workflow.ports.Store`."""
        must_stand(epoch)
        steps = group_steps(changes)

        def work(connection: sqlite3.Connection) -> Outcome:
            _check_epoch(connection, epoch)
            _carry_out(connection, steps)
            if moves_rounds(changes):
                connection.execute(statements.BUMP_EPOCH)
            return Outcome.WRITTEN

        try:
            return self._submit(work)
        except _UndoneError as undone:
            return undone.outcome

    def write_each(self, groups: Sequence[Sequence[Change]], *, epoch: int | None) -> list[Outcome]:
        """See :class:`workflow.ports.Store`. Statement by statement over all groups; one by one where that does not fit."""
        if not groups:
            return []
        must_stand(epoch)
        planned = [group_steps(group) for group in groups]
        codes = [change.row.code for group in groups for change in group]

        def alone(connection: sqlite3.Connection, steps: Sequence[Step]) -> Outcome:
            connection.execute("SAVEPOINT alone")
            try:
                _carry_out(connection, steps)
            except _UndoneError as undone:
                connection.execute("ROLLBACK TO alone")
                return undone.outcome
            finally:
                connection.execute("RELEASE alone")
            return Outcome.WRITTEN

        def work(connection: sqlite3.Connection) -> list[Outcome]:
            _check_epoch(connection, epoch)
            if len(set(codes)) == len(codes) and _carry_out_together(connection, planned):
                return [Outcome.WRITTEN] * len(groups)
            return [alone(connection, steps) for steps in planned]

        try:
            return self._submit(work)
        except _UndoneError as undone:
            return [undone.outcome] * len(groups)

    @contextmanager
    def exclusive(self, name: str, *, wait: timedelta = timedelta(0)) -> Iterator[None]:  # noqa: ARG002 - who shares a lock has the only writer
        """See :class:`workflow.ports.Store`; a file lock beside the database.

        Raises:
            StoreUnsafe: ``lock_held`` with the lock's ``name`` and its ``holder``.
        """
        try:
            lock = FileLock(self._path.with_name(f"{self._path.name}.{name}.lock"))
        except LockHeldError as held:
            raise StoreUnsafe("lock_held", name=name, holder=held.holder) from held
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def shared(self, name: str) -> Iterator[None]:  # noqa: ARG002 - there is only one writer, whatever it works at
        """See :class:`workflow.ports.Store`; one process writes at a time, so having the writer keeps every other one off.

        Raises:
            StoreUnsafe: ``sqlite_second_writer``.
        """
        self.claim_writer()
        yield

    def close(self) -> None:
        """Close the readers and give the writer back; a second call does nothing."""
        with self._guard:
            self._closed = True
            for _, connection in self._readers:
                connection.close()
            self._readers.clear()
            if self._writer is not None:
                self._writer = None
                return_writer(self._path)
