"""The season of 2021 told by a worker that beats: what the player of the season tells, in the same windows, and once whoever is there."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from deadlines.ladder import DutyKind
from notifications.composing import NOTICES
from notifications.service import Notifications
from states.regime import VIETNAM
from tests.support.databases import Database
from tests.support.telling import Carrier, notifications, sequenced
from tests.support.world import World, moment, on
from tests.workflow.test_demo_season import season
from workflow.clock import ManualClock
from workflow.rehearsal import Player
from workflow.store import open_store
from workflow.telling import DeliveryQuery, RungState
from workflow.worker import Worker

START, BEGIN, END = season().start, moment("2021-06-24 12:00"), moment("2021-07-16 00:00")
"""Told are the weeks around the district's cut-off of 9 July; what came before is played, and known."""
BEATS = tuple(time(hour, minute) for hour, minute in ((0, 1), (7, 30), (9, 0), (13, 30), (16, 45), (19, 59)))
DOWN = (moment("2021-06-30 12:00"), moment("2021-07-08 12:00"))
"""Over the steps of seven and three days and of one day before the district's cut-off of 9 July."""

Told = list[tuple[str, str, str, str]]


class Count:
    """Seconds that pass with the clock."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.start = clock, clock.now()

    def seconds(self) -> float:
        return (self.clock.now() - self.start).total_seconds()


class Attended(Player):
    """Plays the acts of people; what falls due and what has to be told is a worker's business alone, but for a time when it is down."""

    telling: Notifications
    down: tuple[datetime, datetime] | None = None

    def wait(self, until: datetime) -> None:
        # A worker beats every few seconds: what people have done is told as soon as it was done.
        self._beat()
        for at in beats(self.clock.now(), until):
            self.clock.move(max(at, self.clock.now()))
            self._beat()
        if until > self.clock.now():
            self.clock.move(until)

    def _beat(self) -> None:
        if self.down and self.down[0] <= self.clock.now() < self.down[1]:
            return
        worker = Worker("office:1", self.clock, Count(self.clock))
        assert worker.beat(self.store, self.engine, self.plans, self.telling.gather) is not None
        self.telling.send()


def beats(since: datetime, until: datetime) -> Iterator[datetime]:
    day = since.astimezone(VIETNAM).date()
    while True:
        for at in (datetime.combine(day, beat, VIETNAM) for beat in BEATS):
            if at > until:
                return
            if at > since:
                yield at
        day += timedelta(days=1)


@contextmanager
def stage(url: str) -> Iterator[tuple[World, Carrier, Notifications]]:
    store = open_store(url, allow_unsafe=True)
    try:
        world, carrier = on(store, ManualClock(START)), Carrier()
        yield world, carrier, notifications(world, carrier)
    finally:
        store.close()


def played(world: World, telling: Notifications, *, alone: bool, down: tuple[datetime, datetime] | None = None) -> None:
    given = (world.store, world.clock, world.engine, world.plans, world.rounds, world.work)
    known(world, given)
    if alone:
        attended = Attended(*given)
        attended.telling, attended.down = telling, down
        assert attended.play(season(), END).surprises == []
    else:
        assert Player(*given, telling).play(season(), END).surprises == []
        sequenced(world)
        telling.tell()


def known(world: World, given: tuple[Any, ...]) -> None:
    """Play what came before, of which everybody knows."""
    player = Player(*given)
    player.load(season())
    with_addresses(world)
    player.play(season(), BEGIN)
    sequenced(world)
    world.store.heard(NOTICES, 0, world.store.log_page(0, 1_000_000)[-1][0] + 1, (), (), ())


def with_addresses(world: World) -> None:
    people = [replace(p, email=f"{p.code.lower()}@ocop.example") for p in world.engine.world(fresh=True).registry.people()]
    world.store.save_registry(people=people)
    world.engine.world(fresh=True)


def told(world: World) -> Told:
    """Who was told what, and in which message."""
    found = world.store.told(None, None, 1_000_000)
    return sorted((message.id, item.subject, item.rung, item.part) for item, message in found if not item.moot)


def by_mail(carrier: Carrier) -> Counter[str]:
    return Counter(envelope.key for envelope in carrier.envelopes)


def test_the_season_told_by_a_worker_alone_is_the_season_told_by_the_player(database_url: str, another_url: Callable[[], str]):
    with stage(database_url) as (world, carrier, telling):
        played(world, telling, alone=False)
        expected, mail = told(world), by_mail(carrier)
    assert len(expected) > 100
    with stage(another_url()) as (world, carrier, telling):
        played(world, telling, alone=True)
        assert told(world) == expected
        assert by_mail(carrier) == mail
    assert set(mail.values()) == {1}


def test_a_worker_that_was_down_for_a_week_writes_one_message_to_each_and_shows_what_it_left_out(database_url: str):
    with stage(database_url) as (world, carrier, telling):
        played(world, telling, alone=True, down=DOWN)
        rows = world.store.rungs(sorted({t.id for t in world.store.terms()}))
        missed = [r for r in rows if DOWN[0] <= r.at < DOWN[1] and r.kind is DutyKind.TERM]
        assert Counter(r.state for r in missed)[RungState.SUPERSEDED] > 5
        assert {r.state for r in missed} <= {RungState.SUPERSEDED, RungState.FIRED, RungState.CANCELLED}
        assert {r.fired_at for r in missed if r.state is RungState.SUPERSEDED} != set()
        first = [e for e in carrier.envelopes if DOWN[1] <= e.composed_at < DOWN[1] + timedelta(hours=2)]
        assert len(first) > 5
        people = Counter(e.address for e in first)
        assert set(people.values()) == {1}, "one message a person"
        assert not [e for e in carrier.envelopes if DOWN[0] <= e.composed_at < DOWN[1]]
        assert set(by_mail(carrier).values()) == {1}


def test_two_workers_at_once_tell_nothing_twice(database: Database):
    with stage(database.url) as (world, first, telling):
        player = Player(world.store, world.clock, world.engine, world.plans, world.rounds, world.work)
        player.load(season())
        with_addresses(world)
        player.play(season(), moment("2021-07-02 07:30"))
        sequenced(world)
        second = Carrier()
        other = open_store(database.url, allow_unsafe=True) if database.kind == "postgresql" else world.store
        both = [telling, notifications(on(other, ManualClock(world.clock.now())), second, owner="other")]
        start, faults = threading.Barrier(2), []

        def work(each: Notifications) -> None:
            start.wait()
            try:
                for _ in range(3):
                    each.tell()
            except Exception as error:  # noqa: BLE001 - told in the test's own thread
                faults.append(error)

        threads = [threading.Thread(target=work, args=(each,)) for each in both]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
        assert faults == []
        keys = by_mail(first) + by_mail(second)
        assert len(keys) > 10
        assert set(keys.values()) == {1}
        assert {str(row.state) for row in world.store.deliveries(DeliveryQuery(channel="email", limit=100_000))} <= {
            "accepted",
            "waiting",
            "moot",
        }
        if other is not world.store:
            other.close()
