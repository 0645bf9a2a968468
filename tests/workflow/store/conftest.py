"""A migrated database for each test. The whole suite's own fixture is used where the suite has one."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from workflow.ports import Store
from workflow.store import open_store
from workflow.store.urls import conninfo, sqlite_path

Run = Callable[..., list[Any]]

# What only one of the two databases has is tested in the run that uses it.
collect_ignore = ["test_sqlite.py" if os.environ.get("OCOP_TEST_DATABASE", "sqlite") == "postgresql" else "test_postgresql.py"]


@pytest.fixture
def owner(database: Any) -> Iterator[Run]:
    """Runs a statement as the owner of the tables, on a connection without any of the store's settings."""
    path = sqlite_path(database.owner_url)
    engine = sa.create_engine(
        f"sqlite:///{path}" if path else sa.make_url(conninfo(database.owner_url)).set(drivername="postgresql+psycopg"),
        poolclass=sa.NullPool,
    )

    def run(statement: str, *pragmas: str) -> list[Any]:
        with engine.connect() as connection:
            for pragma in pragmas:
                connection.exec_driver_sql(pragma)
            found = connection.exec_driver_sql(statement)
            rows = list(found) if found.returns_rows else []
            connection.commit()
            return rows

    yield run
    engine.dispose()


@pytest.fixture
def store(database: Any) -> Iterator[Store]:
    """A store as the running service has it."""
    opened = open_store(database.url, allow_unsafe=True)
    yield opened
    opened.close()
