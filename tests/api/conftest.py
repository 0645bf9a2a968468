"""Databases as the command line finds them: through its environment."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.api.terminal import done
from tests.support import databases, postgres
from workflow.store import migrate
from workflow.store.urls import conninfo, sqlite_path

HERE = Path(__file__).parent
SMALL, PLAN = str(HERE / "small.toml"), str(HERE / "plan.toml")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of whoever runs the tests reaches them, and nothing is written into the checkout."""
    for name in [n for n in os.environ if n.upper().startswith("OCOP_") and not n.upper().startswith("OCOP_TEST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OCOP_DATA_DIR", str(tmp_path / "nowhere"))


def use(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Point the command line at a database; the servers that tests start are throw-away ones."""
    monkeypatch.setenv("OCOP_DATABASE_URL", address)
    monkeypatch.setenv("OCOP_ALLOW_UNSAFE", "true")


@pytest.fixture
def real(database: databases.Database, monkeypatch: pytest.MonkeyPatch) -> databases.Database:
    """An empty database that is no rehearsal, chosen by the environment."""
    use(monkeypatch, database.url)
    return database


@pytest.fixture(scope="session")
def _small_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | Path]:
    """A rehearsal with the small province and its published plan, made through the command line once."""
    if databases.chosen_kind() == "sqlite":
        path = tmp_path_factory.mktemp("small") / "small.db"
        address = f"sqlite:///{path}"
        migrate(address, rehearsal=True)
        _fill(address)
        yield path
        return
    cluster = postgres.Cluster(os.environ["OCOP_TEST_POSTGRES_URL"])
    name = postgres.fresh_name("ocop_small")
    cluster.ensure_application_role()
    try:
        migrate(cluster.create_database(name), app_role=postgres.APPLICATION, rehearsal=True)
        _fill(cluster.url(name, postgres.APPLICATION))
        yield name
    finally:
        cluster.drop_database(name)


def _fill(address: str) -> None:
    """Fill the template; the environment is as it was before anybody else runs."""
    with pytest.MonkeyPatch.context() as patch:
        use(patch, address)
        done("load", "season", SMALL)
        done("plan", "import", PLAN, "--as", "cb-t", "--unit", "SB")
        done("plan", "publish", "ke-hoach-2021", "--as", "cb-t")


@pytest.fixture
def small(
    database: databases.Database, _small_template: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[databases.Database]:
    """A rehearsal of this test's own: the small province in January 2021, its plan published."""
    if isinstance(_small_template, Path):
        shutil.copyfile(_small_template, tmp_path / "small.db")
        address = f"sqlite:///{tmp_path / 'small.db'}"
        use(monkeypatch, address)
        yield databases.Database("sqlite", address, address)
        return
    cluster = postgres.Cluster(os.environ["OCOP_TEST_POSTGRES_URL"])
    name = postgres.fresh_name("ocop_small")
    try:
        made = databases.postgres_clone(cluster, _small_template, name)
        use(monkeypatch, made.url)
        yield made
    finally:
        cluster.drop_database(name)


Run = Callable[[str], list[Any]]


def owner_of(database: databases.Database) -> Run:
    """Runs statements as the owner of the tables, past every guard."""
    path = sqlite_path(database.owner_url)
    address = f"sqlite:///{path}" if path else sa.make_url(conninfo(database.owner_url)).set(drivername="postgresql+psycopg")

    def run(statement: str) -> list[Any]:
        engine = sa.create_engine(address, poolclass=sa.NullPool)
        with engine.connect() as connection:
            found = connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in found] if found.returns_rows else []
            connection.commit()
        engine.dispose()
        return rows

    return run


def dump(database: databases.Database) -> dict[str, list[Any]]:
    """Every row of every table, to see that nothing was written."""
    run = owner_of(database)
    tables = (
        "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
        if database.kind == "sqlite"
        else "SELECT tablename FROM pg_tables WHERE schemaname='public'"
    )
    return {name: sorted(map(repr, run(f'SELECT * FROM "{name}"'))) for (name,) in sorted(run(tables))}  # noqa: S608
