"""Several processes on one rehearsal: whoever moves the clock sweeps alone, and every worker stands still meanwhile."""

import threading
import time
from datetime import datetime, timedelta

import pytest

from api.bootstrap import Runtime, build_runtime
from api.settings import read_settings
from states.errors import StoreUnsafe
from tests.api.rehearsal.test_time_bar import MIDNIGHT, at
from tests.api.terminal import refused
from tests.api.test_worker_process import _until_heard, _working
from tests.support.databases import Database
from tests.support.patience import until
from workflow import timebar
from workflow.timebar import TimeBar
from workflow.worker import heartbeats


def _deferred(run: Runtime) -> int:
    return sum(stored.event == "defer" for stored in run.store.entries("VS-2021-0005"))


def _moved(run: Runtime, inside: threading.Event, go_on: threading.Event) -> TimeBar:
    """A time bar that stops on its way, a minute past the cut-off, with nothing swept yet."""
    player = run.time_bar.player()
    wait = player.wait

    def held(until: datetime) -> None:
        player.clock.move(MIDNIGHT + timedelta(minutes=1))
        inside.set()
        assert go_on.wait(60)
        wait(until)

    player.wait = held  # type: ignore[method-assign]
    return TimeBar(run.store, run.clock, lambda _: player, rehearsal=True, where="–")


def test_a_worker_of_its_own_waits_while_the_clock_is_moved_and_then_goes_by_it(run: Runtime, eve: Database):
    inside, go_on = threading.Event(), threading.Event()
    bar = _moved(run, inside, go_on)
    with _working() as worker:
        _until_heard(eve.url, worker)
        mover = threading.Thread(target=bar.move, args=(at("2021-07-10T00:05"),))
        mover.start()
        try:
            assert inside.wait(60)
            time.sleep(2)
            assert worker.poll() is None
            assert _deferred(run) == 0, "the worker would have swept a cut-off that the mover has on its way"
            assert "đang được đẩy" in refused("tick").all
        finally:
            go_on.set()
            mover.join(60)
        assert _deferred(run) == 1
        until(
            lambda: all(datetime.fromisoformat(beat.at) >= at("2021-07-10T00:05") for beat in heartbeats(run.store)),
            "the worker comes to know the new time",
        )
        assert not [beat for beat in heartbeats(run.store) if beat.paused], "a clock that was moved on purpose is no jump"


def test_a_move_waits_for_sweeps_of_other_processes_and_says_so_where_they_never_end(run: Runtime, monkeypatch: pytest.MonkeyPatch):
    other = build_runtime(read_settings(), checked=True)
    try:
        mover = threading.Thread(target=run.time_bar.move, args=(MIDNIGHT + timedelta(minutes=1),))
        with other.time_bar.standing() as first, other.time_bar.standing() as second:
            assert first
            assert second, "sweeps do not wait for each other"
            mover.start()
            mover.join(0.5)
            assert mover.is_alive()
            with other.time_bar.standing() as third:
                assert not third, "whoever waits to move is let before further sweeps"
            assert run.clock.now() < MIDNIGHT
        mover.join(60)
        assert run.clock.now() == MIDNIGHT + timedelta(minutes=1)
        monkeypatch.setattr(timebar, "PATIENCE", timedelta(milliseconds=300))
        with other.time_bar.standing() as still:
            assert still
            with pytest.raises(StoreUnsafe) as held:
                run.time_bar.move(MIDNIGHT + timedelta(minutes=5))
        assert held.value.code == "lock_held"
        assert run.time_bar.move(MIDNIGHT + timedelta(minutes=5)).until == MIDNIGHT + timedelta(minutes=5)
    finally:
        other.close()
