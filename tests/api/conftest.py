"""Databases as the command line finds them: through its environment."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.api.journey import IDEA, certified
from tests.api.terminal import done, refused
from tests.support import databases, postgres
from workflow.store import migrate
from workflow.store.urls import conninfo, sqlite_path

HERE = Path(__file__).parent
# What only one of the two databases has is tested in the run that uses it.
collect_ignore = ["test_on_sqlite.py" if databases.chosen_kind() == "postgresql" else "test_on_postgresql.py"]

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


def template_of(folder: Path, fill: Callable[[], None], source: str | Path | None = None) -> Iterator[str | Path]:
    """A rehearsal filled through the command line once, to be copied: a file on SQLite, a database name on PostgreSQL."""
    if databases.chosen_kind() == "sqlite":
        path = folder / "template.db"
        if isinstance(source, Path):
            shutil.copyfile(source, path)
        else:
            migrate(f"sqlite:///{path}", rehearsal=True)
        _filled(f"sqlite:///{path}", fill)
        yield path
        return
    cluster = postgres.Cluster(os.environ["OCOP_TEST_POSTGRES_URL"])
    name = postgres.fresh_name("ocop_small")
    cluster.ensure_application_role()
    try:
        owner = cluster.create_database(name, source if isinstance(source, str) else None)
        if source is None:
            migrate(owner, app_role=postgres.APPLICATION, rehearsal=True)
        _filled(cluster.url(name, postgres.APPLICATION), fill)
        yield name
    finally:
        cluster.drop_database(name)


def _filled(address: str, fill: Callable[[], None]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        use(patch, address)
        fill()


@contextlib.contextmanager
def copied(template: str | Path, folder: Path) -> Iterator[databases.Database]:
    """A copy of a template."""
    if isinstance(template, Path):
        path = folder / "copy.db"
        shutil.copyfile(template, path)
        yield databases.Database("sqlite", f"sqlite:///{path}", f"sqlite:///{path}")
        return
    cluster = postgres.Cluster(os.environ["OCOP_TEST_POSTGRES_URL"])
    name = postgres.fresh_name("ocop_small")
    try:
        yield databases.postgres_clone(cluster, template, name)
    finally:
        cluster.drop_database(name)


def _province() -> None:
    done("load", "season", SMALL)
    done("plan", "import", PLAN, "--as", "cb-t", "--unit", "SB")
    done("plan", "publish", "ke-hoach-2021", "--as", "cb-t")


def _life() -> None:
    done("case", "register", "MAM-1", "--as", "sx-mam", *IDEA)
    certified("GAO-1", "sx-gao", case="SB-2021-0002")
    refused("case", "do", "SB-2021-0001", "certify", "--as", "tq-t", "-d", "decision_no=1/QĐ", "-d", "decision_date=2021-06-01")


@pytest.fixture(scope="session")
def _small_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | Path]:
    yield from template_of(tmp_path_factory.mktemp("small"), _province)


@pytest.fixture(scope="session")
def _lived_template(_small_template: str | Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | Path]:
    yield from template_of(tmp_path_factory.mktemp("lived"), _life, _small_template)


@pytest.fixture
def small(
    database: databases.Database, _small_template: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[databases.Database]:
    """A rehearsal of this test's own: the small province in January 2021, its plan published."""
    with copied(_small_template, tmp_path) as made:
        use(monkeypatch, made.url)
        yield made


@pytest.fixture
def lived(
    database: databases.Database, _lived_template: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[databases.Database]:
    """The same in July 2021: SB-2021-0002 is certified, SB-2021-0001 an idea that somebody tried to certify."""
    with copied(_lived_template, tmp_path) as made:
        use(monkeypatch, made.url)
        yield made


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
