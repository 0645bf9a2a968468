"""What is late waits for the office to open: another try, and what an outage has left, leave at no hour of the night."""

from datetime import timedelta

import pytest

from notifications.messages import Envelope, Later, Reply
from tests.support.telling import Carrier, notifications, tell, with_addresses
from tests.support.world import World, moment, world_at
from workflow.telling import DeliveryQuery, DeliveryState

BUSY = Later("451", why="mail_server_busy")


@pytest.fixture
def world(database_url):
    with world_at(database_url) as built:
        yield with_addresses(built)


def _unwilling(taken: list[str]) -> Carrier:
    def answer(envelope: Envelope) -> Reply:
        taken.append(envelope.key)
        return BUSY

    return Carrier(answer=answer)


def _waiting(world: World) -> set[str]:
    rows = world.store.deliveries(DeliveryQuery(channel="email", limit=100))
    zone = moment("2021-06-02").tzinfo
    return {row.not_before.astimezone(zone).isoformat(" ")[:16] for row in rows if row.state is DeliveryState.WAITING}


def test_another_try_that_falls_into_the_night_waits_for_the_morning(world: World):
    asked: list[str] = []
    telling = notifications(world, _unwilling(asked))
    world.filed("P1-01", at="2021-06-01 19:50")
    tell(world, telling, "2021-06-01 19:51")
    assert asked
    tried = len(asked)
    tell(world, telling, "2021-06-01 23:30")
    assert len(asked) == tried
    assert _waiting(world) == {"2021-06-02 07:30"}
    tell(world, telling, "2021-06-02 07:30")
    assert len(asked) > tried


def test_a_letter_about_a_deadline_of_this_very_night_leaves_all_the_same(world: World):
    asked: list[str] = []
    telling = notifications(world, _unwilling(asked))
    world.filed("P1-01", at="2021-06-01 10:00")
    tell(world, telling, "2021-06-02 07:30")
    asked.clear()
    tell(world, telling, "2021-07-09 07:30")
    assert asked
    tried = len(asked)
    tell(world, telling, "2021-07-09 22:00")
    assert len(asked) > tried


def test_what_waits_for_the_office_counts_as_no_try(world: World):
    telling = notifications(world, _unwilling([]))
    world.filed("P1-01", at="2021-06-01 19:50")
    tell(world, telling, "2021-06-01 19:51")
    before = {row.key: row.attempt for row in world.store.deliveries(DeliveryQuery(channel="email"))}
    tell(world, telling, world.clock.now() + timedelta(hours=3))
    assert {row.key: row.attempt for row in world.store.deliveries(DeliveryQuery(channel="email"))} == before
