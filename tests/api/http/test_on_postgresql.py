"""A net that is cut at the commit, and a backend that is killed in it: one act, and its answer."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.support.cutting import Net, net_to
from tests.support.http import http_at
from tests.support.patience import until

BODY = {"document_no": "3/TB", "document_date": "2021-01-11"}


@pytest.fixture
def net(database_url: str) -> Iterator[Net]:
    """A net that can be cut."""
    with net_to(database_url) as opened:
        yield opened


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_net_that_is_cut_at_the_commit_leaves_one_act_and_its_answer(net: Net, when: Any, times: int):
    with http_at(net.address) as api:
        code = api.world.registered("P1-01")
        net.cut(when, b'"event":"select"', times)
        answer = api.post(f"cases/{code}/actions/select", "authority-H1", BODY, version=1, key="k")
        assert answer.status_code == 200, answer.text
        assert net.cuts == (times if when == "before" else 1), "after the first one that arrived nothing is sent again"
        assert api.world.events(code) == ["register", "select"]
        again = api.post(f"cases/{code}/actions/select", "authority-H1", BODY, version=1, key="k")
        assert again.content == answer.content


def test_a_backend_that_is_killed_in_the_middle_of_the_commit_has_written_once(net: Net, database: Any):
    with http_at(net.address) as api, psycopg.connect(database.owner_url, autocommit=False) as owner:
        code = api.world.registered("P1-01")
        # Whoever holds the outbox keeps the act waiting inside its own transaction.
        owner.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")

        killed: list[Any] = []

        def found(waiting: list[Any]) -> list[Any]:
            killed.extend(waiting)
            return killed

        def kill() -> None:
            # Only who has the same role may see that it waits, and end it.
            sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type='Lock' AND datname=current_database()"
            try:
                with psycopg.connect(database.url, autocommit=True) as other:
                    until(lambda: found(other.execute(sql).fetchall()), "the act waits inside its transaction")
            finally:
                owner.rollback()

        killer = threading.Thread(target=kill)
        killer.start()
        answer = api.post(f"cases/{code}/actions/select", "authority-H1", BODY, version=1, key="k")
        killer.join()
        assert killed == [(True,)]
        assert answer.status_code == 200, answer.text
        assert api.world.events(code) == ["register", "select"]
