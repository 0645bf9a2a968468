"""Every journey beside this file happens as it is written."""

from pathlib import Path

import pytest

from tests.support.journey import read_journey
from tests.support.journeying import Traveller
from tests.support.world import world_at

JOURNEYS = sorted(Path(__file__).parent.glob("*.md"))


@pytest.mark.parametrize("path", JOURNEYS, ids=lambda path: path.stem)
def test_a_journey_happens_as_it_is_written(path: Path, database_url: str):
    journey = read_journey(path.read_text("utf-8"), f"tests/journeys/{path.name}")
    with world_at(database_url, journey.start.replace(tzinfo=None).isoformat(), two_rounds=False) as world:
        Traveller(world, journey).go()


def test_the_journey_that_is_shown_to_contributors_happens_as_well(database_url: str):
    guide = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text("utf-8")
    shown = next(block for block in guide.split("```") if block.startswith("\n# Muộn năm giây\n"))
    journey = read_journey(shown, "CONTRIBUTING.md")
    assert any(row.told for row in journey.rows)
    with world_at(database_url, journey.start.replace(tzinfo=None).isoformat(), two_rounds=False) as world:
        Traveller(world, journey).go()


def test_there_are_journeys():
    assert len(JOURNEYS) >= 5
