"""The database: tables, migrations, and one write port each for SQLite and PostgreSQL behind :class:`workflow.ports.Store`.

Rows never leave this package as table objects; SQL, SQLAlchemy and the drivers never leave it at all.
"""

from collections.abc import Callable
from datetime import datetime

from workflow.ports import Database
from workflow.store.migrating import downgrade, migrate
from workflow.store.urls import conninfo, sqlite_path

__all__ = ["downgrade", "migrate", "open_store"]


def open_store(url: str, *, clock_now: Callable[[], datetime] | None = None, allow_unsafe: bool = False) -> Database:
    """Open a migrated database.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``.
        clock_now: The clock that ``due_terms`` compares ``not_before`` with; without it the caller's ``before`` stands in.
        allow_unsafe: Accept a PostgreSQL server with ``fsync`` or ``synchronous_commit`` off: throw-away test servers only.

    Raises:
        StoreUnsafe: ``schema_missing``, ``schema_other_revision``, ``schema_drift``, ``sqlite_unsafe_setting``, ``sqlite_too_old``,
            ``postgresql_unsafe_setting``, ``database_unavailable``.
        MalformedInput: ``database_url_unknown``.
    """
    path = sqlite_path(url)
    if path is None:
        from workflow.store.postgresql import PostgresStore  # noqa: PLC0415 a machine with SQLite alone need not load libpq

        return PostgresStore(conninfo(url), clock_now, allow_unsafe=allow_unsafe)
    from workflow.store.sqlite import SqliteStore  # noqa: PLC0415

    return SqliteStore(path, clock_now)
