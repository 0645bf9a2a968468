"""The invented province, on whichever database the run uses."""

from collections.abc import Iterator

import pytest

from tests.support.world import World, world_at, world_of_2026


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """The province in January 2021, with a plan of two rounds published."""
    with world_at(database_url) as built:
        yield built


@pytest.fixture
def bare(database_url: str) -> Iterator[World]:
    """The province in January 2021, without any plan."""
    with world_at(database_url, two_rounds=False) as built:
        yield built


@pytest.fixture
def world26(database_url: str) -> Iterator[World]:
    """The province in June 2026, with the rounds of Decision 26/2026."""
    with world_of_2026(database_url) as built:
        yield built
