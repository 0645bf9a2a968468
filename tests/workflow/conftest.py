"""The invented province, on whichever database the run uses."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support import databases, postgres
from tests.support.world import World, world_at, world_of_2026
from workflow.store.urls import conninfo, sqlite_path


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """The province in January 2021, with a plan of two rounds published."""
    with world_at(database_url) as built:
        yield built


@pytest.fixture
def bare(database_url: str) -> Iterator[World]:
    """The province in January 2021, without any plan."""
    with world_at(database_url, two_rounds=False) as built:
        yield built


@pytest.fixture
def world26(database_url: str) -> Iterator[World]:
    """The province in June 2026, with the rounds of Decision 26/2026."""
    with world_of_2026(database_url) as built:
        yield built


@pytest.fixture
def another_world(another_url: Callable[[], str]) -> Iterator[World]:
    """The province in January 2021 with its plan, beside another world."""
    with world_at(another_url()) as built:
        yield built


@pytest.fixture
def another_url(database: databases.Database, _template: str | Path, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes further migrated, empty databases, for tests that compare two histories."""
    made: list[str] = []

    def make() -> str:
        name = postgres.fresh_name("ocop_test")
        made.append(name)
        if isinstance(_template, Path):
            return databases.sqlite_copy(_template, tmp_path / f"{name}.db").url
        return databases.postgres_clone(postgres.Cluster(os.environ["OCOP_TEST_POSTGRES_URL"]), _template, name).url

    yield make
    if database.kind == "postgresql":
        for name in made:
            postgres.Cluster(os.environ["OCOP_TEST_POSTGRES_URL"]).drop_database(name)


@pytest.fixture
def owner(database: databases.Database) -> Iterator[Callable[[str], list[Any]]]:
    """Runs a statement as the owner of the tables, past the store."""
    path = sqlite_path(database.owner_url)
    address = f"sqlite:///{path}" if path else sa.make_url(conninfo(database.owner_url)).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(address, poolclass=sa.NullPool)

    def run(statement: str) -> list[Any]:
        with engine.connect() as connection:
            found = connection.exec_driver_sql(statement)
            rows = list(found) if found.returns_rows else []
            connection.commit()
            return rows

    yield run
    engine.dispose()
