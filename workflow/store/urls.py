"""Which database a URL means."""

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from states.errors import MalformedInput, StoreUnsafe


def sqlite_path(url: str) -> Path | None:
    """The database file of a ``sqlite:`` URL, links resolved; None for PostgreSQL.

    Raises:
        MalformedInput: ``database_url_unknown``.
        StoreUnsafe: ``sqlite_unsafe_setting`` for a database in memory, which keeps nothing.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise MalformedInput("database_url_unknown", scheme=url.split(":", 1)[0]) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return None
    if backend != "sqlite":
        raise MalformedInput("database_url_unknown", scheme=backend)
    if parsed.database in {None, "", ":memory:"}:
        raise StoreUnsafe("sqlite_unsafe_setting", setting="journal_mode", value="memory", needed="wal")
    return Path(str(parsed.database)).resolve()


def conninfo(url: str) -> str:
    """A ``postgresql:`` URL as libpq reads it, whatever driver it names."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
