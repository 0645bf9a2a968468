"""A migrated database for each test. The whole suite's own fixture is used where the suite has one."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from workflow.ports import Store
from workflow.store import migrate, open_store
from workflow.store.urls import conninfo, sqlite_path

Run = Callable[..., list[Any]]

# What only one of the two databases has is tested in the run that uses it.
collect_ignore = ["test_sqlite.py" if os.environ.get("OCOP_TEST_DATABASE", "sqlite") == "postgresql" else "test_postgresql.py"]

if find_spec("tests.support") is None or find_spec("tests.support.databases") is None:

    @dataclass(frozen=True)
    class _Database:
        kind: str
        url: str
        owner_url: str

    @pytest.fixture(scope="session")
    def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        """Folder of a throw-away server's socket."""
        programs = Path(os.environ.get("PGBIN", "/usr/lib/postgresql/15/bin"))
        home = Path("/tmp") / f"ocop-{secrets.token_hex(4)}"
        home.mkdir(mode=0o700)
        drop: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(home, 65534, 65534)
            drop = {"user": 65534, "group": 65534, "extra_groups": []}
        flags = f"-c listen_addresses= -c unix_socket_directories={home} -c fsync=off -c synchronous_commit=off -c max_connections=100"
        subprocess.run(
            [programs / "initdb", "-D", home / "d", "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **drop,
        )  # fmt: skip
        control: list[Any] = [programs / "pg_ctl", "-D", home / "d", "-l", home / "log", "-w"]
        subprocess.run([*control, "-o", flags, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/", **drop)
        try:
            with psycopg.connect(f"host={home} user=owner dbname=postgres", autocommit=True) as connection:
                connection.execute("CREATE ROLE ocop_app LOGIN")
            yield str(home)
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, cwd="/", **drop)
            shutil.rmtree(home)

    @pytest.fixture
    def database(request: pytest.FixtureRequest, tmp_path: Path) -> _Database:
        if os.environ.get("OCOP_TEST_DATABASE", "sqlite") == "sqlite":
            url = f"sqlite:///{tmp_path / 'ocop.db'}"
            migrate(url)
            return _Database("sqlite", url, url)
        home, name = request.getfixturevalue("_server"), f"t{secrets.token_hex(6)}"
        with psycopg.connect(f"host={home} user=owner dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        owner = f"postgresql://owner@/{name}?host={home}"
        migrate(owner, app_role="ocop_app")
        return _Database("postgresql", f"postgresql://ocop_app@/{name}?host={home}", owner)

    @pytest.fixture
    def database_url(database: _Database) -> str:
        return database.url


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
