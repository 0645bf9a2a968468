"""The worker on the real database: it sweeps by itself, says that it is alive, and does not trust a clock that jumps."""

from datetime import timedelta

import pytest

from states.vocabulary import CaseState
from tests.support.world import World, moment, world_at
from workflow.worker import BIG_JUMP, STEADY_FOR, Worker, heartbeats


class Count:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def seconds(self) -> float:
        return self.now


@pytest.fixture
def world(database_url):
    with world_at(database_url) as built:
        yield built


def _filed(world: World, product: str = "P1-01") -> str:
    return world.filed(product)


def _worker(world: World, count: Count, told: list[tuple[str, str]]) -> Worker:
    return Worker("office:1", world.clock, count, lambda code, detail: told.append((code, detail)))


def _beat(world: World, worker: Worker, count: Count, seconds: float, *, counted: float | None = None):
    """Time passes on the wall, and as many seconds on the machine's own count unless told otherwise."""
    world.clock.move(world.clock.now() + timedelta(seconds=seconds))
    count.now += seconds if counted is None else counted
    return worker.beat(world.store, world.engine, world.plans)


def test_it_defers_by_itself_thirty_seconds_after_the_cut_off_and_dates_it_at_the_cut_off(world):
    code = _filed(world)
    world.move("2021-07-09 23:59:50")
    count = Count()
    told: list[tuple[str, str]] = []
    worker = _worker(world, count, told)
    worker.beat(world.store, world.engine, world.plans)
    _beat(world, worker, count, 39)
    assert world.case(code).state is CaseState.DISTRICT_EVALUATION
    _beat(world, worker, count, 1)
    assert world.case(code).state is CaseState.DEFERRED
    (entry,) = [line for line in world.store.entries(code) if line.event == "defer"]
    assert '"effective_at":"2021-07-09T17:00:00.000000Z"' in entry.body
    assert told == []
    (beat,) = heartbeats(world.store)
    assert (beat.worker, beat.fired, beat.failed, beat.paused) == ("office:1", 1, 0, None)
    assert beat.alive(world.clock.now())
    assert not beat.alive(world.clock.now() + timedelta(seconds=61))


def test_a_clock_set_forward_stops_the_systems_own_acts_but_nobody_elses(world):
    code = _filed(world)
    world.move("2021-07-09 20:00")
    count = Count()
    told: list[tuple[str, str]] = []
    worker = _worker(world, count, told)
    worker.beat(world.store, world.engine, world.plans)
    assert _beat(world, worker, count, 5 * 3600, counted=5) is None
    assert told == [("clock_jumped", "+17995 s")]
    assert world.case(code).state is CaseState.DISTRICT_EVALUATION
    assert heartbeats(world.store)[0].paused == "+17995 s"
    world.act(world.registered("P1-02"), "select")
    assert _beat(world, worker, count, STEADY_FOR.total_seconds() + 1) is None, "after a jump of hours a person has to speak"
    worker.accept_clock()
    assert _beat(world, worker, count, 1) is not None
    assert world.case(code).state is CaseState.DEFERRED


def test_after_a_small_jump_it_goes_on_by_itself_once_the_clock_has_run_evenly(world):
    count = Count()
    told: list[tuple[str, str]] = []
    worker = _worker(world, count, told)
    worker.beat(world.store, world.engine, world.plans)
    assert _beat(world, worker, count, 10, counted=5) is None
    assert _beat(world, worker, count, STEADY_FOR.total_seconds() - 1) is None
    assert _beat(world, worker, count, 1) is not None
    assert [code for code, _ in told] == ["clock_jumped", "clock_steady"]
    assert timedelta(seconds=5) < BIG_JUMP


def test_a_machine_that_slept_is_not_taken_for_one_whose_clock_was_moved(world):
    code = _filed(world)
    world.move("2021-07-09 20:00")
    count = Count()
    told: list[tuple[str, str]] = []
    worker = _worker(world, count, told)
    worker.beat(world.store, world.engine, world.plans)
    assert _beat(world, worker, count, 12 * 3600) is not None
    assert told == []
    assert world.case(code).state is CaseState.DEFERRED


def test_a_row_that_cannot_be_written_is_told_at_the_third_failure_and_stops_nobody_else(world, monkeypatch):
    first, second = _filed(world), _filed(world, "P1-02")
    world.move("2021-07-10 00:01")
    judged = world.engine.judge.automatic

    def poisoned(world_, loaded, *given):
        if loaded.case.code == first:
            raise RuntimeError("poisoned")
        return judged(world_, loaded, *given)

    monkeypatch.setattr(world.engine.judge, "automatic", poisoned)
    count = Count()
    told: list[tuple[str, str]] = []
    worker = _worker(world, count, told)
    for minutes in (0, 2, 4):
        _beat(world, worker, count, minutes * 60)
    assert world.case(second).state is CaseState.DEFERRED
    assert world.case(first).state is CaseState.DISTRICT_EVALUATION
    assert [code for code, _ in told] == ["row_failed"]
    assert "poisoned" in told[0][1]
    monkeypatch.undo()
    _beat(world, worker, count, 3600)
    assert world.case(first).state is CaseState.DEFERRED


def test_any_number_of_workers_write_each_deadline_once(world):
    codes = [_filed(world, product) for product in ("P1-01", "P1-02", "P1-03")]
    world.move("2021-07-10 00:01")
    others = [_worker(world, Count(), []) for _ in range(3)]
    for worker in others:
        worker.beat(world.store, world.engine, world.plans)
    for code in codes:
        assert [entry.event for entry in world.store.entries(code)].count("defer") == 1
    assert moment("2021-07-10 00:01") == world.clock.now()
