"""An installation with interface, identity and pages on this test's own database, and cases to ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.pages.install import furnish
from tests.support.databases import chosen_kind
from tests.support.http import Http, http_at
from tests.support.identity import House, house_at
from tests.support.world import TWO_ROUNDS, plan_file

# What only one of the two databases has is tested in the run that uses it.
collect_ignore = ["test_on_sqlite.py" if chosen_kind() == "postgresql" else "test_on_postgresql.py"]


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """The invented province in January 2021 with the plan of two rounds, where people sign in."""
    with house_at(database_url, tmp_path, now="2021-01-11 08:00") as opened:
        furnish(opened.app)
        opened.world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        yield opened


@pytest.fixture
def api(database_url: str) -> Iterator[Http]:
    """The same without signing in."""
    with http_at(database_url) as opened:
        yield opened
