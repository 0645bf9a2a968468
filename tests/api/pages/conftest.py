"""An installation with its pages on this test's own database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.pages.install import furnish
from tests.support.identity import House, house_at
from tests.support.world import TWO_ROUNDS, plan_file
from workflow.clock import ManualClock
from workflow.store import migrate


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """The invented province in June 2021 with the plan of two rounds, where people sign in."""
    with house_at(database_url, tmp_path) as opened:
        furnish(opened.app)
        opened.world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        yield opened


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[House]:
    """The same as a rehearsal."""
    url = f"sqlite:///{tmp_path / 'rehearsal.db'}"
    migrate(url, rehearsal=True)
    with house_at(url, tmp_path, public_url=None, rehearsal_clock=ManualClock(datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC))) as opened:
        furnish(opened.app)
        opened.world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        yield opened
