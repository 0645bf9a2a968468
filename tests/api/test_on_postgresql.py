"""Starts that only PostgreSQL can refuse, and addresses of its own."""

import pytest

from tests.api.conftest import owner_of, use
from tests.api.terminal import done
from tests.api.test_refused_starts import stops
from tests.support import postgres
from tests.support.databases import Database


def test_a_trigger_that_is_switched_off(real: Database):
    run = owner_of(real)
    name, table = run(
        "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid=t.tgrelid WHERE NOT t.tgisinternal ORDER BY 1"
    )[0]
    run(f'ALTER TABLE "{table}" DISABLE TRIGGER "{name}"')
    stops("schema_drift", name)


def test_an_unsafe_setting_of_the_server(real: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OCOP_ALLOW_UNSAFE")
    name = real.url.rpartition("/")[2].partition("?")[0]
    owner_of(real)(f'ALTER DATABASE "{name}" SET synchronous_commit=off')
    stops("postgresql_unsafe_setting", "PostgreSQL")


def test_postgresql_is_reached_by_a_name_with_another_driver(small: Database, monkeypatch: pytest.MonkeyPatch):
    use(monkeypatch, small.url.replace("postgresql://", "postgresql+psycopg://"))
    said = done("doctor")
    assert postgres.APPLICATION + ":" not in said.all
