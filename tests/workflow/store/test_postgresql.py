"""What PostgreSQL alone has: roles, replica sessions, settings of a server, connections that break."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from states.errors import NotFound, StoreUnsafe
from tests.workflow.store.samples import act, case, created, moved
from tests.workflow.store.test_schema import POSTGRESQL_REWRITES, REWRITES, fill
from workflow.ports import Outcome, Store
from workflow.store import migrate, open_store
from workflow.store.urls import conninfo

Run = Callable[..., list[Any]]


def test_the_services_role_may_add_to_the_history_and_nothing_else(store: Store, database: Any) -> None:
    fill(store)
    with psycopg.connect(conninfo(database.url), autocommit=True) as connection:
        for statement in (
            *REWRITES,
            *POSTGRESQL_REWRITES,
            "DELETE FROM case_file",
            "TRUNCATE outbox",
            "DELETE FROM meta",
            "DROP TABLE meta",
            "ALTER TABLE history DISABLE TRIGGER ALL",
            "SET session_replication_role=replica",
            "CREATE TABLE other(x int)",
            "UPDATE alembic_version SET version_num='x'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_the_triggers_fire_for_a_replica_session_too(store: Store, owner: Run, database: Any) -> None:
    fill(store)
    assert {row[0] for row in owner("SELECT tgenabled::text FROM pg_trigger WHERE NOT tgisinternal")} == {"A"}


def test_a_role_that_does_not_exist_is_named(database: Any) -> None:
    with pytest.raises(NotFound, match="nobody_at_all"):
        migrate(database.owner_url, app_role="nobody_at_all")


def test_a_server_that_may_forget_is_refused(store: Store, database: Any, owner: Run) -> None:
    name = owner("SELECT current_database()")[0][0]
    owner(f'ALTER DATABASE "{name}" SET synchronous_commit=off')
    with pytest.raises(StoreUnsafe, match="postgresql_unsafe_setting"):
        open_store(database.url)
    open_store(database.url, allow_unsafe=True).close()
    owner(f'ALTER DATABASE "{name}" SET synchronous_commit=on')
    if owner("SHOW fsync")[0][0] == "off":
        with pytest.raises(StoreUnsafe, match="setting=fsync"):
            open_store(database.url)
    else:
        open_store(database.url).close()


def test_a_server_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StoreUnsafe, match="database_unavailable"):
        open_store(f"postgresql://a@/b?host={tmp_path}")


def test_a_lost_connection_is_said_so_and_the_next_call_works(store: Store, owner: Run) -> None:
    row = case()
    assert store.write([created(row)], epoch=None) is Outcome.WRITTEN
    owner("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='ocop' AND datname=current_database()")
    with pytest.raises(StoreUnsafe, match="database_unavailable"):
        store.write([act(row, moved(row))], epoch=None)
    assert store.write([act(row, moved(row))], epoch=None) is Outcome.WRITTEN


def test_an_act_waits_for_no_act_on_another_case(store: Store) -> None:
    first, second = case(1), case(2)
    store.write([created(first)], epoch=None)
    store.write([created(second)], epoch=None)
    with psycopg.connect(store._pool._conninfo) as other:  # type: ignore[attr-defined]
        # An act on another case, uncommitted, that has also taken its number in the outbox.
        other.execute("UPDATE case_file SET version=version WHERE code=%s", (first.code,))
        other.execute("INSERT INTO outbox(subject,seq,leaf_hash) VALUES('x',1,'')")
        assert store.write([act(second, moved(second))], epoch=0) is Outcome.WRITTEN
        other.rollback()


def test_a_lock_is_given_back_before_its_connection_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is busy notices late that a connection is gone; whoever comes next would be refused meanwhile."""
    late: list[psycopg.Connection[Any]] = []

    def linger(connection: psycopg.Connection[Any]) -> None:
        late.append(connection)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Connection, "close", linger)
        with store.exclusive("tick"):
            pass
        with store.shared("tick"):
            pass
        with store.exclusive("tick"):
            pass
    assert len(late) == 3
    for connection in late:
        connection.close()
