"""The bell: a real APScheduler, rung for real."""

import threading
from datetime import timedelta

from deadlines.scheduler import Bell
from tests.support.patience import PATIENCE


def test_it_rings_at_once_and_goes_on_until_it_is_stopped():
    rung = threading.Semaphore(0)
    bell = Bell(timedelta(seconds=0.05), rung.release)
    bell.start()
    assert all(rung.acquire(timeout=PATIENCE) for _ in range(4))
    bell.stop()
    while rung.acquire(blocking=False):
        pass
    assert not rung.acquire(timeout=0.3)


def test_a_slow_ring_is_never_rung_twice_at_once():
    at_once, most, rings = [], [0], threading.Semaphore(0)
    lock, slow = threading.Lock(), threading.Event()

    def ring() -> None:
        with lock:
            at_once.append(1)
            most[0] = max(most[0], len(at_once))
        slow.wait(0.15)
        with lock:
            at_once.pop()
        rings.release()

    bell = Bell(timedelta(seconds=0.02), ring)
    bell.start()
    assert all(rings.acquire(timeout=PATIENCE) for _ in range(3))
    bell.stop()
    assert most == [1]


def test_stopping_waits_for_the_ring_under_way():
    rings: list[int] = []
    begun, finished = threading.Event(), []

    def ring() -> None:
        rings.append(1)
        if len(rings) == 2:
            begun.set()
            threading.Event().wait(0.3)
            finished.append(True)

    bell = Bell(timedelta(seconds=0.05), ring)
    bell.start()
    assert begun.wait(PATIENCE)
    bell.stop()
    assert finished == [True]
    bell.stop()


def test_a_bell_that_never_started_is_stopped_without_a_word():
    rung: list[int] = []
    bell = Bell(timedelta(seconds=0.05), lambda: rung.append(1))
    bell.stop()
    assert rung == []
