"""Creating and changing the schema: an engine of its own, one transaction, a check afterwards."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from states.errors import StoreUnsafe
from workflow.store import schema
from workflow.store.grants import grant
from workflow.store.locks import FileLock, LockHeldError
from workflow.store.text import RULE, fold
from workflow.store.urls import conninfo, sqlite_path

_MIGRATION_LOCK = 0x0C0B_0001


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("workflow.store") / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connection(url: str) -> Iterator[sa.Connection]:
    """A connection in a transaction. On SQLite foreign keys are off: a table that is rebuilt would take its children's rows along."""
    path = sqlite_path(url)
    if path is None:
        engine = sa.create_engine(sa.make_url(conninfo(url)).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
        try:
            with engine.begin() as connection:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
                yield connection
        except sa.exc.OperationalError as error:
            raise StoreUnsafe("database_unavailable", reason=str(error.orig)) from error
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(path.name + ".lock"))
    except LockHeldError as held:
        raise StoreUnsafe("sqlite_second_writer", holder=held.holder, database=str(path)) from held
    except OSError as error:
        raise StoreUnsafe("database_unavailable", reason=str(error)) from error
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    sa.event.listen(engine, "connect", _plain_sqlite)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with engine.begin() as connection:
            yield connection
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise StoreUnsafe(
                    "schema_drift", missing=[f"{table} row {row} -> {parent}" for table, row, parent, _ in broken], unexpected=[]
                )
    except (OSError, sqlite3.DatabaseError, sa.exc.DatabaseError) as error:
        raise StoreUnsafe("database_unavailable", reason=str(getattr(error, "orig", error))) from error
    finally:
        lock.release()


def _plain_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF", "recursive_triggers=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def migrate(url: str, *, app_role: str | None = None, rehearsal: bool = False) -> None:
    """Bring a database to the newest schema, creating it where there is none.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``; on PostgreSQL with the role that owns the tables.
        app_role: PostgreSQL role that the service uses; it gets exactly the rights it needs. Without it ``ocop_app``, if there is one.
        rehearsal: Mark a new database as one for training. What a database is, it stays.

    Raises:
        StoreUnsafe: ``rehearsal_mismatch``, ``schema_drift``, ``sqlite_second_writer``, ``database_unavailable``.
        NotFound: ``app_role`` does not exist.
    """

    def work(connection: sa.Connection) -> None:
        command.upgrade(_config(connection), "head")
        run = connection.exec_driver_sql
        found = run("SELECT value FROM meta WHERE key='rehearsal'").scalar()
        if found is None:
            run(f"INSERT INTO meta(key,value) VALUES('rehearsal','{int(rehearsal)}')")
        elif rehearsal and found != "1":
            raise StoreUnsafe("rehearsal_mismatch", found=found)
        _search_keys(connection)
        if connection.dialect.name == "postgresql":
            grant(connection, app_role)
        schema.check(connection.dialect.name, lambda sql: list(run(sql).fetchall()))

    _run(url, work)


def _search_keys(connection: sa.Connection) -> None:
    """Write the keys to find names by anew, where another rule made them."""
    run = connection.exec_driver_sql
    if run("SELECT value FROM meta WHERE key='search_rule'").scalar() == RULE:
        return
    for table in ("product", "producer"):
        change = sa.text(f"UPDATE {table} SET search_key=:key WHERE code=:code")  # noqa: S608 - names are ours
        for code, name in run(f"SELECT code,name FROM {table}").fetchall():  # noqa: S608
            connection.execute(change, {"key": fold(name), "code": code})
    run("DELETE FROM meta WHERE key='search_rule'")
    run(f"INSERT INTO meta(key,value) VALUES('search_rule','{RULE}')")


def downgrade(url: str, revision: str) -> None:
    """Take the schema back to an older revision (``base`` removes everything, histories included)."""
    _run(url, lambda connection: command.downgrade(_config(connection), revision))


def _run(url: str, work: Callable[[sa.Connection], None]) -> None:
    with _connection(url) as connection:
        work(connection)
