"""A database that goes away and comes back: said in words, and nobody has to start anything anew."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.support.databases import Database
from tests.support.http import IDEA, Http, http_at
from tests.support.patience import until


@contextlib.contextmanager
def gone(database: Database) -> Iterator[None]:
    """Nobody is let into the database, and whoever was in it is out."""
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        name = owner.execute("SELECT current_database()").fetchone()
        assert name is not None
        owner.execute(f'ALTER DATABASE "{name[0]}" CONNECTION LIMIT 0')
        owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname=current_database() AND pid<>pg_backend_pid()")
        try:
            yield
        finally:
            owner.execute(f'ALTER DATABASE "{name[0]}" CONNECTION LIMIT -1')


def test_without_its_database_the_process_lives_says_so_and_is_ready_again_by_itself(database: Database):
    with http_at(database.url) as api:
        code = api.world.registered("P1-01")
        assert api.get("/readyz", None).status_code == 200
        with gone(database):
            unready = api.get("/readyz", None)
            assert (unready.status_code, unready.json()["checks"]["database"]) == (503, "database_unavailable")
            assert "Cơ sở dữ liệu" in unready.json()["text"]["vi"]
            assert "database" in unready.json()["text"]["en"].lower()
            assert api.get("/livez", None).status_code == 200
            for answer in (
                api.get("cases"), api.get(f"cases/{code}"), api.post("cases", "producer-P1", {"product": "P1-02", **IDEA}, key="again"),
                api.get("/metrics", None),
            ):  # fmt: skip
                assert answer.status_code == 503, answer.text
                assert answer.headers["retry-after"]
                assert database.url.split("@")[-1] not in answer.text
                assert "psycopg" not in answer.text
        assert _until(api) == 200
        assert api.get(f"cases/{code}").status_code == 200
        assert api.post("cases", "producer-P1", {"product": "P1-02", **IDEA}, key="again").status_code == 201


def _until(api: Http) -> int:
    status = 0
    for _ in range(40):
        status = api.get("/readyz", None).status_code
        if status == 200:
            break
    return status


@pytest.mark.parametrize("path", ["cases", "products", "rounds", "worklists/overdue", "history"])
def test_a_read_whose_connection_was_lost_is_answered_or_said(database: Database, path: str):
    with http_at(database.url) as api:
        api.world.registered("P1-01")
        assert api.get(path, "auditor-VS").status_code == 200
        with psycopg.connect(database.owner_url, autocommit=True) as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname=current_database() AND pid<>pg_backend_pid()"
            )
        statuses: list[Any] = [api.get(path, "auditor-VS").status_code for _ in range(20)]
        assert set(statuses) <= {200, 503}
        assert statuses[-1] == 200


def test_while_the_tables_are_migrated_the_process_is_not_ready_and_says_so_in_time(database: Database):
    with http_at(database.url) as api, psycopg.connect(database.owner_url) as owner:
        owner.execute("LOCK TABLE registry, alembic_version IN ACCESS EXCLUSIVE MODE")
        unready = api.get("/readyz", None)
        assert (unready.status_code, unready.json()["checks"]) == (503, {"database": "silent"})
        assert api.get("/livez", None).status_code == 200
        owner.rollback()
        until(lambda: api.get("/readyz", None).status_code == 200, "it is ready again")
