"""The store on PostgreSQL: READ COMMITTED and compare-and-set, no table lock, no NOTIFY, no counter that all acts share."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, LiteralString, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from states.errors import StoreUnsafe
from workflow.credentials import must_stand
from workflow.ports import Change, Outcome, moves_rounds
from workflow.store import schema
from workflow.store.base import Asked, Row, Transaction
from workflow.store.mapping import storable
from workflow.store.postgresql_pool import Connection, Pool
from workflow.store.postgresql_writes import (
    NOT_AS_EXPECTED,
    UndoneError,
    apply,
    current_epoch,
    refused,
    simple,
    write_group,
    write_set,
)
from workflow.store.reads import SharedStore, reference_unknown
from workflow.store.statements import TERMS_OF_CASE, numbered
from workflow.store.telling import SqlTelling

T = TypeVar("T")

_STREAM_PAGE = 2000
_NEEDED = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_STRONGER = {"synchronous_commit": {"on", "remote_write", "remote_apply", "local"}}
_HOLDER = (
    "SELECT a.pid||coalesce(' '||a.client_addr::text,'') FROM pg_locks l JOIN pg_stat_activity a ON a.pid=l.pid"
    " WHERE l.locktype='advisory' AND l.granted AND l.objsubid=1 AND ((l.classid::bigint<<32)|l.objid::bigint)=%s"
    " AND l.database=(SELECT oid FROM pg_database WHERE datname=current_database())"
)


def _taken(connection: Connection, key: int, trying: LiteralString, waiting: LiteralString, wait: timedelta) -> bool:
    if not wait:
        taken = connection.execute(trying, (key,)).fetchone()
        return bool(taken and taken[0])
    try:
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (str(int(wait.total_seconds() * 1000)),))
        connection.execute(waiting, (key,))
    except psycopg.errors.LockNotAvailable:
        return False
    return True


class _PostgresTransaction:
    """:class:`workflow.store.base.Transaction` on a connection that is in one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        cursor = self._connection.execute(numbered(sql), params)
        return list(cursor.fetchall()) if cursor.description else []

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        with self._connection.cursor() as cursor:
            cursor.executemany(numbered(sql), rows)
            return cursor.rowcount


class PostgresStore(SharedStore, SqlTelling):
    """:class:`workflow.ports.Store` on a server; made by :func:`workflow.store.open_store`."""

    dialect: Literal["sqlite", "postgresql"] = "postgresql"
    _for_update, _for_share = " FOR UPDATE", " FOR SHARE"
    # Said for each case, so that several cases are not sought among all terms at once.
    _terms = f"LATERAL (SELECT * FROM term t WHERE {TERMS_OF_CASE} OFFSET 0) t ON true"  # noqa: S608 names are ours

    def __init__(self, conninfo: str, clock_now: Callable[[], datetime] | None = None, *, allow_unsafe: bool = False) -> None:
        """Connect, and look whether the server and the schema can be trusted.

        Raises:
            StoreUnsafe: they cannot, or the server cannot be reached.
        """
        self._conninfo = conninfo
        self._pool = Pool(conninfo)
        self._clock_now = clock_now
        try:
            if not allow_unsafe:
                self._check_settings()
            self._check_schema()
        except BaseException:
            self._pool.close()
            raise

    def _check_settings(self) -> None:
        for setting, needed in _NEEDED.items():
            value = str(self._rows(f"SHOW {setting}")[0][0])
            if value not in _STRONGER.get(setting, {needed}):
                raise StoreUnsafe("postgresql_unsafe_setting", setting=setting, value=value, needed=needed)

    def _check_schema(self) -> None:
        marked = self._rows("SELECT to_regclass('alembic_version') IS NOT NULL")[0][0]
        rows = self._rows("SELECT version_num FROM alembic_version") if marked else []
        named = conninfo_to_dict(self._conninfo)
        schema.check_revision(rows[0][0] if rows else None, f"{named.get('dbname') or '–'} ({named.get('host') or 'localhost'})")
        schema.check(self.dialect, self._rows)

    def fingerprint(self) -> str:
        """SHA-256 of the schema's facts, in hex."""
        return schema.fingerprint(self.dialect, self._rows)

    # What SharedStore asks for.
    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        with self._pool.use() as connection:
            return list(connection.execute(numbered(sql), storable(tuple(params)) or None, binary=True).fetchall())

    def _snapshot(self, asked: Sequence[Asked]) -> list[list[Row]]:
        with self._pool.use() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return [
                list(connection.execute(numbered(sql), storable(tuple(params)) or None, binary=True).fetchall()) for sql, params in asked
            ]

    def _stream(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
        # Whoever reads a million rows would keep a connection of the pool from those who act.
        connection = self._pool.connect()
        try:
            with connection.transaction(), connection.cursor("stream", binary=True) as cursor:
                cursor.itersize = _STREAM_PAGE
                yield from cursor.execute(numbered(sql), params or None)
        finally:
            connection.close()

    def _act(self, work: Callable[[Transaction], T]) -> T:
        try:
            with self._pool.use() as connection, connection.transaction():
                return work(_PostgresTransaction(connection))
        except psycopg.errors.ForeignKeyViolation as error:
            raise reference_unknown(str(error.diag.message_detail)) from error

    def _list(self, values: Iterable[Any]) -> list[Any]:
        return list(storable(tuple(values)))

    def _among(self) -> str:
        return "= ANY(?)"

    # Writing.
    def write(self, changes: Sequence[Change], *, epoch: int | None) -> Outcome:
        """See :class:`workflow.ports.Store`."""
        must_stand(epoch)
        with self._pool.use() as connection:
            if len(changes) > 1 or moves_rounds(changes):
                return write_group(connection, changes, epoch)
            try:
                if apply(connection, changes[0], epoch):
                    return Outcome.WRITTEN
            except NOT_AS_EXPECTED:
                return Outcome.MOVED
            return refused(connection, epoch)

    def write_each(self, groups: Sequence[Sequence[Change]], *, epoch: int | None) -> list[Outcome]:
        """See :class:`workflow.ports.Store`. Single cases as sets of rows; everything else, and all if a set does not fit, one by one."""
        if not groups:
            return []
        must_stand(epoch)
        uses = Counter(change.row.code for group in groups for change in group)
        together = {n: change for n, group in enumerate(groups) if (change := simple(group)) and uses[change.row.code] == 1}
        outcomes: list[Outcome | None] = [None] * len(groups)
        with self._pool.use() as connection, connection.transaction():
            if epoch is not None and current_epoch(connection) != epoch:
                return [Outcome.RIGHTS_MOVED] * len(groups)
            try:
                for n, fits in zip(together, write_set(connection, list(together.values())), strict=True):
                    outcomes[n] = Outcome.WRITTEN if fits else Outcome.MOVED
            except (UndoneError, *NOT_AS_EXPECTED):
                outcomes = [None] * len(groups)
            return [known or write_group(connection, groups[n], epoch) for n, known in enumerate(outcomes)]

    @contextmanager
    def exclusive(self, name: str, *, wait: timedelta = timedelta(0)) -> Iterator[None]:
        """See :class:`workflow.ports.Store`; a session's advisory lock on a connection of its own, freed by the server if we die.

        Raises:
            StoreUnsafe: ``lock_held`` with the lock's ``name`` and its ``holder`` (the server's process id and the client's address).
        """
        with self._held(name, "SELECT pg_try_advisory_lock(%s::bigint)", "SELECT pg_advisory_lock(%s::bigint)", wait):
            yield

    @contextmanager
    def shared(self, name: str) -> Iterator[None]:
        """See :class:`workflow.ports.Store`; whoever waits to hold the lock alone is let before those who would share it.

        Raises:
            StoreUnsafe: ``lock_held``, as above.
        """
        with self._held(name, "SELECT pg_try_advisory_lock_shared(%s::bigint)"):
            yield

    @contextmanager
    def _held(self, name: str, trying: LiteralString, waiting: LiteralString = "", wait: timedelta = timedelta(0)) -> Iterator[None]:
        key = int.from_bytes(sha256(f"ocop:{name}".encode()).digest()[:8], signed=True)
        connection = self._pool.connect()
        try:
            if not _taken(connection, key, trying, waiting, wait):
                holder = connection.execute(_HOLDER, (key,)).fetchone()
                raise StoreUnsafe("lock_held", name=name, holder=holder[0] if holder else "?")
            try:
                yield
            finally:
                # The server would free it as well, but only once it has noticed that we are gone: whoever comes next would be refused.
                with suppress(psycopg.OperationalError):
                    connection.execute("SELECT pg_advisory_unlock_all()")
        finally:
            connection.close()

    def claim_writer(self) -> None:
        """Nothing to take: many processes write at once."""

    def close(self) -> None:
        """Close the connections; a second call does nothing."""
        self._pool.close()
