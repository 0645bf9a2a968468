"""The invented province, in which everybody can be written to."""

from collections.abc import Iterator

import pytest

from tests.support.telling import with_addresses
from tests.support.world import World, world_at, world_of_2026
from tests.workflow.conftest import another_url, owner
from workflow.ports import Database
from workflow.store import open_store

__all__ = ["another_url", "owner"]


@pytest.fixture
def store(database_url: str) -> Iterator[Database]:
    """An empty database."""
    opened = open_store(database_url, allow_unsafe=True)
    yield opened
    opened.close()


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """The province in January 2021, with a plan of two rounds published."""
    with world_at(database_url) as built:
        yield with_addresses(built)


@pytest.fixture
def world26(database_url: str) -> Iterator[World]:
    """The province in June 2026, with the rounds of Decision 26/2026."""
    with world_of_2026(database_url) as built:
        yield with_addresses(built)
