"""Workers killed and frozen while they carry letters away: none is lost, and every extra copy is explained, counted and the same letter."""

import random
import signal

import pytest

from notifications.messages import Envelope, Reply
from states.errors import StoreUnsafe
from tests.support.databases import Database
from tests.support.relaying import COMES, LATER, POINTS, Worker, killed_at_work, prepare, reckon, serving, waiting
from tests.support.telling import Carrier, notifications
from tests.support.world import on
from workflow.clock import ManualClock
from workflow.store import open_store
from workflow.telling import DeliveryState

LETTERS, KILLS = 100, 16
FEW = 8


@pytest.mark.parametrize("where", POINTS)
def test_a_worker_killed_at_a_point_loses_nothing_and_doubles_only_what_was_in_the_gap(database_url: str, where: str):
    letters = prepare(database_url, FEW)
    with serving() as server:
        at = 1 if where == "claimed" else 3
        victim = Worker(database_url, server.port, COMES, "victim", where, at)
        assert victim.ready()
        assert victim.end(), "killed"
        before = len(server.letters)
        kept = {row.state for row in waiting(database_url)}
        in_doubt = where in {"noted", "handed over", "uncommitted", "committed"}
        assert (DeliveryState.SENDING in kept) is in_doubt
        # Before the lease is over nothing may be touched, and what may have left waits for the doubt to end.
        assert Worker(database_url, server.port, COMES, "at once").finished() == 0
        Worker(database_url, server.port, COMES + LATER, "heir").finished()
        found = reckon(database_url, server, letters, {where: 1})
    assert (found.lost, found.unexplained) == ([], [])
    # What the server had taken without our knowing is the one letter that comes twice.
    assert found.extra == (1 if where in {"handed over", "uncommitted"} else 0)
    assert found.doubts == (1 if in_doubt else 0)
    assert before == {"claimed": 0, "noted": 2, "handed over": 3, "uncommitted": 3, "committed": 3}[where]


def test_reminders_under_many_kills_lose_none_and_every_copy_is_explained(database_url: str):
    letters = prepare(database_url, LETTERS)
    seed = random.SystemRandom().randrange(2**32)
    with serving() as server:
        found = killed_at_work(database_url, server, letters, KILLS, seed, most=6)
    assert (found.lost, found.unexplained) == ([], []), f"seed {seed}"
    assert sum(found.kills.values()) == KILLS, f"seed {seed}: {found.kills}"
    assert found.extra <= found.doubts <= KILLS
    assert len(server.letters) == letters + found.extra


def _while_frozen(database: Database, port: int, left: int) -> None:
    if database.kind == "postgresql":
        assert Worker(database.url, port, COMES + LATER, "other").finished() == left
        return
    # One process writes there: a frozen one holds the others up, and overruns nothing.
    store = open_store(database.url, allow_unsafe=True)
    with pytest.raises(StoreUnsafe, match="sqlite_second_writer"):
        store.claim(COMES + LATER, "other", COMES + 2 * LATER, COMES, ["email"], 10)
    store.close()


@pytest.mark.parametrize(("where", "sent", "copies"), [("noted", 2, 1), ("claimed", 0, 0)])
def test_a_worker_frozen_beyond_its_lease_doubles_only_what_it_had_noted_as_leaving(database: Database, where: str, sent: int, copies: int):
    letters = prepare(database.url, FEW)
    with serving() as server:
        frozen = Worker(database.url, server.port, COMES, "frozen", where, 1 if where == "claimed" else 3, signal.SIGSTOP)
        assert frozen.ready()
        frozen.stopped()
        try:
            assert len(server.letters) == sent
            _while_frozen(database, server.port, letters - sent)
        finally:
            frozen.signal(signal.SIGCONT)
        frozen.finished()
        copies = copies if database.kind == "postgresql" else 0
        found = reckon(database.url, server, letters, {})
    assert (found.lost, found.unexplained) == ([], [])
    assert (found.extra, found.doubts) == (copies, copies)


def test_a_send_that_overran_its_lease_is_taken_over_once_and_its_late_acknowledgement_changes_nothing(database_url: str):
    letters = prepare(database_url, FEW)
    store = open_store(database_url, allow_unsafe=True)
    world = on(store, ManualClock(COMES))
    second = Carrier()
    overrun: list[int] = []

    def slow(_: Envelope) -> Reply:
        if not overrun:
            overrun.append(1)
            world.clock.move(COMES + LATER)
            notifications(world, second, owner="other").send()
        return Carrier().reply

    first = Carrier(answer=slow)
    notifications(world, first, owner="slow").send()
    copies = [envelope.key for envelope in (*first.envelopes, *second.envelopes)]
    assert len(set(copies)) == letters
    assert len(copies) == letters + 1
    (twice,) = {key for key in copies if copies.count(key) == 2}
    row = store.delivery(twice)
    assert row is not None
    assert (row.state, row.doubts) == (DeliveryState.ACCEPTED, 1)
    assert {t.worker for t in store.tries(twice)} <= {"slow/out", "other/out"}
    assert len({e.message_id for e in (*first.envelopes, *second.envelopes) if e.key == twice}) == 1
    store.close()


def test_with_little_of_its_lease_left_a_worker_steps_back(database_url: str):
    letters = prepare(database_url, FEW)
    store = open_store(database_url, allow_unsafe=True)
    world = on(store, ManualClock(COMES))

    def slow(_: Envelope) -> Reply:
        world.clock.move(world.clock.now() + LATER / 36)
        return Carrier().reply

    carrier = Carrier(answer=slow)
    telling = notifications(world, carrier, owner="slow")
    relay = telling._out
    took = world.clock.now()
    done = relay.deliver()
    # Half a minute a letter: after the second one less than a minute of the lease is left.
    assert done.stepped_back > 0
    assert len(carrier.envelopes) == 3
    assert took == COMES
    assert letters - 3 == done.stepped_back
    store.close()
