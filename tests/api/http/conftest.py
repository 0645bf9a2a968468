"""The interface on this test's own database."""

from collections.abc import Iterator

import pytest

from tests.support.databases import chosen_kind
from tests.support.http import Http, http_at

# What only one of the two databases has is tested in the run that uses it.
collect_ignore = ["test_on_sqlite.py" if chosen_kind() == "postgresql" else "test_on_postgresql.py"]


@pytest.fixture
def api(database_url: str) -> Iterator[Http]:
    """The invented province in January 2021 over HTTP."""
    with http_at(database_url) as opened:
        yield opened
