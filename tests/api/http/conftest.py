"""The interface on this test's own database."""

from collections.abc import Iterator

import pytest

from tests.support.http import Http, http_at


@pytest.fixture
def api(database_url: str) -> Iterator[Http]:
    """The invented province in January 2021 over HTTP."""
    with http_at(database_url) as opened:
        yield opened
