"""The PostgreSQL launcher, and the databases that tests get, for real."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support import apt, postgres
from tests.support.databases import postgres_clone, postgres_template, sqlite_copy, sqlite_template
from tests.support.postgres import APPLICATION, Cluster, NoPostgres, Server


def postgres_or_skip() -> None:
    try:
        postgres.find_binaries()
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    postgres_or_skip()
    with Server() as running:
        yield running


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def migrate(url: str, *, app_role: str | None = None) -> None:
    """Stands for the product's migration: a table of the owner's, and a grant."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE entry (n int)")
        if app_role:
            connection.execute(f"GRANT SELECT, INSERT ON entry TO {app_role}".encode())


def test_a_server_is_private_and_stops_with_its_block(server: Server):
    with Server() as other:
        pid = other.pid
        assert pid is not None
        assert pid != server.pid
        home = other.home
        assert home is not None
        assert home.stat().st_mode & 0o777 == 0o700
        assert value(other.url("postgres"), "SHOW listen_addresses") == ""
        assert value(other.url("postgres"), "SELECT inet_server_addr()") is None
    assert not is_running(pid)
    assert not home.exists()
    assert value(server.url("postgres"), "SELECT 1") == 1


def test_it_never_runs_as_root(server: Server):
    assert server.pid is not None
    status = Path(f"/proc/{server.pid}/status")
    if not status.exists():
        pytest.skip("this system has no /proc to ask")
    (uid,) = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("Uid:")]
    assert int(uid) == (postgres.NOBODY if os.geteuid() == 0 else os.geteuid())


@pytest.mark.parametrize("on_disk", [False, True])
def test_every_server_keeps_what_it_acknowledges(*, on_disk: bool):
    postgres_or_skip()
    with Server(on_disk=on_disk) as running:
        assert {name: value(running.url("postgres"), f"SHOW {name}") for name in postgres.DURABLE} == postgres.DURABLE
        assert running.home is not None
        assert not (on_disk and running.home.is_relative_to("/dev/shm"))


def test_each_test_gets_a_clone_that_the_service_may_only_add_to(server: Server):
    template = postgres_template(server, postgres.fresh_name("run"), migrate)
    first = postgres_clone(server, template, postgres.fresh_name("clone"))
    second = postgres_clone(server, template, postgres.fresh_name("clone"))
    assert value(first.url, "SELECT current_user") == APPLICATION
    with psycopg.connect(first.url) as connection:
        connection.execute("INSERT INTO entry VALUES (1)")
    assert value(first.url, "SELECT count(*) FROM entry") == 1
    assert value(second.url, "SELECT count(*) FROM entry") == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(first.url) as connection:
        connection.execute("DELETE FROM entry")
    assert value(first.owner_url, "SELECT usesuper FROM pg_user WHERE usename = current_user") is False


def test_the_workers_of_a_run_migrate_once(server: Server):
    seen: list[str] = []

    def count(url: str, *, app_role: str | None = None) -> None:
        seen.append(url)
        migrate(url, app_role=app_role)

    run = postgres.fresh_name("run")
    assert postgres_template(server, run, count) == postgres_template(Cluster(server.address), run, count)
    assert len(seen) == 1


def test_a_migration_that_fails_leaves_no_half_made_template(server: Server):
    def fail(_url: str, *, app_role: str | None = None) -> None:
        raise RuntimeError(app_role)

    run = postgres.fresh_name("run")
    with pytest.raises(RuntimeError, match=APPLICATION):
        postgres_template(server, run, fail)
    assert postgres_template(server, run, migrate)


@pytest.mark.parametrize("role", [postgres.OWNER, APPLICATION])
def test_a_database_is_dropped_though_somebody_is_connected(server: Server, role: str):
    name = postgres.fresh_name("dropped")
    server.create_database(name)
    connection = psycopg.connect(server.url(name, role))
    server.drop_database(name)
    assert not server.has_database(name)
    connection.close()


def test_a_server_of_somebody_elses_gets_the_role_of_the_service(server: Server):
    """The role is made with what a plain administrator has, and once."""
    superuser = psycopg.connect(server.url("postgres", "postgres"), autocommit=True)
    superuser.execute("CREATE ROLE visitor LOGIN CREATEDB CREATEROLE")
    superuser.execute(f"ALTER ROLE {APPLICATION} RENAME TO kept_aside".encode())
    try:
        cluster = Cluster(server.url("postgres", "visitor"))
        cluster.ensure_application_role()
        cluster.ensure_application_role()
        name = postgres.fresh_name("visited")
        cluster.create_database(name)
        with psycopg.connect(cluster.url(name, APPLICATION)):
            cluster.drop_database(name)
        assert not cluster.has_database(name)
    finally:
        superuser.execute(f"DROP ROLE IF EXISTS {APPLICATION}".encode())
        superuser.execute(f"ALTER ROLE kept_aside RENAME TO {APPLICATION}".encode())
        superuser.execute("DROP ROLE visitor")
        superuser.close()


def test_the_binaries_of_the_wheel_serve_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip(postgres.WHEEL, reason=f"the wheel {postgres.WHEEL} is not installed")
    monkeypatch.setattr(postgres, "_candidates", lambda: iter(()))
    with Server() as running:
        assert running.origin == f"wheel {postgres.WHEEL}"
        assert value(running.url("postgres"), "SELECT 1") == 1


def test_the_wheel_is_copied_where_the_unprivileged_user_may_not_read_it(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip(postgres.WHEEL, reason=f"the wheel {postgres.WHEEL} is not installed")
    monkeypatch.setattr(postgres, "_candidates", lambda: iter(()))
    monkeypatch.setattr(postgres, "_may_run", lambda _program: False)
    with Server() as running:
        assert running.copy is not None
        assert (running.copy / f"{postgres.WHEEL}.libs").is_dir()
        assert value(running.url("postgres"), "SELECT 1") == 1


def test_no_binaries_at_all_is_told_in_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postgres, "_candidates", lambda: iter(()))
    monkeypatch.setattr(postgres, "_wheel_package", lambda: None)
    with pytest.raises(NoPostgres, match="no PostgreSQL 15 or newer"), Server():
        pass


def test_root_installs_a_server_with_the_package_manager_and_nobody_else_tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = tmp_path / "asked"
    command = tmp_path / "apt-get"
    command.write_text(f'#!/bin/sh\necho "$DEBIAN_FRONTEND $1" >> {asked}\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not apt.install("postgresql")
    assert not asked.exists()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert apt.install("postgresql")
    assert asked.read_text().splitlines() == ["noninteractive update", "noninteractive install"]


def test_a_server_that_is_named_is_used_and_not_stopped(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OCOP_TEST_POSTGRES_URL", server.address)
    with postgres.provided() as cluster:
        assert not isinstance(cluster, Server)
        assert cluster.address == server.address
    assert value(server.url("postgres"), "SELECT 1") == 1


def test_the_service_signs_in_with_its_password_where_the_server_has_a_host():
    cluster = Cluster("postgresql://admin:secret@db.example:5433/postgres?sslmode=require")
    assert cluster.url("ocop") == "postgresql://admin:secret@db.example:5433/ocop?sslmode=require"
    assert cluster.url("ocop", APPLICATION) == "postgresql://ocop_app:ocop_app@db.example:5433/ocop?sslmode=require"


def test_a_sqlite_copy_is_of_this_test_alone(tmp_path: Path):
    def write(url: str) -> None:
        Path(url.removeprefix("sqlite:///")).write_bytes(b"schema")

    template = sqlite_template(tmp_path, write)
    first, second = (sqlite_copy(template, tmp_path / name) for name in ("a.db", "b.db"))
    (tmp_path / "a.db").write_bytes(b"schema and rows")
    assert (tmp_path / "b.db").read_bytes() == b"schema"
    assert first.url != second.url
    assert first.url == first.owner_url


def test_a_benchmark_gets_a_durable_server_and_its_own_exit_code(tmp_path: Path, server: Server):
    (tmp_path / "probe.py").write_text(
        "import os, sys, psycopg\n"
        "row = psycopg.connect(os.environ['OCOP_TEST_POSTGRES_URL']).execute('SHOW fsync').fetchone()\n"
        "print(row[0], *sys.argv[1:])\nsys.exit(3)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}
    environment.pop("OCOP_TEST_POSTGRES_URL", None)
    command = [sys.executable, "-m", "tests.support.durable", "probe", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "on --json\n"), done.stderr
