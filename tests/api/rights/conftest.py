"""An installation on this test's own database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.identity import House, house_at


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """The invented province in June 2021, where people sign in."""
    with house_at(database_url, tmp_path) as opened:
        yield opened
