"""The clock of a rehearsal is moved, and everything on the way happens at its own moment."""

import threading
from datetime import datetime, timedelta

import pytest

from api.bootstrap import Runtime, build_runtime
from api.settings import read_settings
from states.errors import MalformedInput, StoreUnsafe
from states.regime import VIETNAM
from states.vocabulary import CaseState, RoundState
from tests.support.databases import Database
from tests.support.patience import PATIENCE
from workflow.audit import drifts
from workflow.timebar import ClockMoving, TimeBar, next_morning, settles
from workflow.timeline import timeline


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


MIDNIGHT = at("2021-07-10T00:00")


def test_what_the_cut_off_took_is_deferred_at_its_own_moment_and_those_concerned_are_told(run: Runtime):
    moved = run.time_bar.move(at("2021-07-12T08:00"))
    missed = {d.case for d in moved.happened.deferred}
    assert {"VS-2021-0005", "VS-2021-0012"} <= missed
    assert "VS-2021-0011" not in missed, "concluded in time"
    assert {(d.cutoff, d.phrase) for d in moved.happened.deferred} == {(MIDNIGHT, "trước ngày 10/7/2021")}
    line = list(timeline(run.store, "VS-2021-0005"))[-1]
    assert (line.entry.effective_at, line.entry.recorded_at) == (MIDNIGHT, MIDNIGHT + timedelta(seconds=30))
    told = [t for t in moved.happened.told if "VS-2021-0005" in t.subjects]
    assert {t.recipient for t in told} >= {"sx-27", "cb-h6"}
    assert all(t.send_at == at("2021-07-12T07:30") for t in told), "at the first working hour after the night"
    assert run.clock.now() == at("2021-07-12T08:00") == moved.until
    assert list(drifts(run.store)) == []


def test_without_colleagues_only_time_passes_and_with_them_the_season_goes_on(run: Runtime):
    alone = run.time_bar.move(at("2021-07-20T08:00"))
    assert (alone.played, [a for a in alone.happened.acts if a.actor]) == (0, [])
    together = run.time_bar.move(at("2021-08-02T09:00"), colleagues=True)
    assert together.played > 0
    assert any(a.actor == "cb-vs" and a.event == "close" for a in together.happened.acts)
    first = run.store.load_round("VS-2021-1")
    assert first is not None
    assert first.state is RoundState.CLOSED
    carried = run.store.load_case("VS-2021-0005", "")
    assert carried is not None
    assert (carried.case.round, carried.case.attempt) == ("VS-2021-2", 2)
    assert carried.case.state is not CaseState.DEFERRED


def test_colleagues_of_an_unspoilt_season_do_nothing_unexpected(run: Runtime):
    moved = run.time_bar.move(at("2021-08-03T08:00"), colleagues=True)
    assert (moved.surprises, moved.overtaken) == ((), 0)


def test_where_the_season_is_not_known_time_passes(run: Runtime):
    run.store.set_meta("season", "../../secret")
    assert run.time_bar.season() is None
    assert run.time_bar.move(at("2021-07-10T00:01"), colleagues=True).played == 0


def test_the_clock_never_goes_back_nor_too_far(run: Runtime):
    now = run.clock.now()
    with pytest.raises(MalformedInput) as back:
        run.time_bar.move(now - timedelta(seconds=1))
    assert back.value.code == "clock_back"
    with pytest.raises(MalformedInput) as far:
        run.time_bar.move(now + timedelta(days=400, seconds=1))
    assert far.value.code == "clock_too_far"
    assert run.clock.now() == now
    assert run.time_bar.move(now).happened.deferred == ()


def test_one_move_at_a_time_and_the_sweep_of_this_process_stands_back(run: Runtime):
    inside, go_on = threading.Event(), threading.Event()
    player = run.time_bar.player()
    wait = player.wait

    def held(until: datetime) -> None:
        inside.set()
        assert go_on.wait(PATIENCE)
        wait(until)

    player.wait = held  # type: ignore[method-assign]
    bar = TimeBar(run.store, run.clock, lambda _: player, rehearsal=True, where="–")
    mover = threading.Thread(target=bar.move, args=(MIDNIGHT + timedelta(minutes=1),))
    with bar.standing() as still:
        assert still
    mover.start()
    try:
        assert inside.wait(PATIENCE)
        with pytest.raises(ClockMoving):
            bar.move(MIDNIGHT + timedelta(hours=1))
        with pytest.raises(ClockMoving):
            run.time_bar.move(MIDNIGHT + timedelta(hours=1))
        with bar.standing() as still:
            assert not still
    finally:
        go_on.set()
        mover.join()
    with bar.standing() as still:
        assert still
    assert run.clock.now() == MIDNIGHT + timedelta(minutes=1)


def test_a_move_waits_for_the_sweeps_under_way_and_sweeps_do_not_wait_for_each_other(run: Runtime):
    mover = threading.Thread(target=run.time_bar.move, args=(MIDNIGHT + timedelta(minutes=1),))
    with run.time_bar.standing() as first, run.time_bar.standing() as second:
        assert first
        assert second
        mover.start()
        mover.join(0.3)
        assert mover.is_alive()
        assert run.clock.now() < MIDNIGHT
    mover.join(PATIENCE)
    assert run.clock.now() == MIDNIGHT + timedelta(minutes=1)


def test_a_clock_that_another_process_has_moved_is_followed(run: Runtime):
    run.store.set_meta("rehearsal_now", at("2021-07-15T08:00").isoformat())
    with pytest.raises(MalformedInput) as back:
        run.time_bar.move(at("2021-07-12T08:00"))
    assert back.value.code == "clock_back"
    assert run.clock.now() == at("2021-07-15T08:00")


def test_a_real_database_has_no_time_bar(real: Database):
    run = build_runtime(read_settings(), checked=True)
    try:
        with pytest.raises(StoreUnsafe) as refused:
            run.time_bar.move(run.clock.now() + timedelta(minutes=2))
        assert refused.value.code == "not_a_rehearsal"
        with run.time_bar.standing() as still:
            assert still
    finally:
        run.close()


def test_jumps_that_a_page_offers():
    assert next_morning(at("2021-07-09T23:58")) == at("2021-07-10T00:01")
    assert next_morning(at("2021-12-31T00:00")) == at("2022-01-01T00:01")
    assert settles(MIDNIGHT) == at("2021-07-10T00:01")


def test_the_next_deadline_is_the_one_that_runs_out_next(run: Runtime):
    assert run.time_bar.next_deadline() == MIDNIGHT
    run.time_bar.move(settles(MIDNIGHT))
    ahead = run.time_bar.next_deadline()
    assert ahead is not None
    assert ahead > MIDNIGHT


def test_a_sweep_elsewhere_holds_a_move_back_and_follows_the_clock_afterwards(run: Runtime):
    """A second runtime on the same database stands for another process; on SQLite it can only be one of the same process."""
    other = build_runtime(read_settings(), checked=True)
    try:
        before = other.clock.now()
        with other.time_bar.standing() as still:
            assert still
        run.time_bar.move(MIDNIGHT + timedelta(minutes=1))
        assert other.clock.now() == before, "it has not looked yet"
        with other.time_bar.standing() as still:
            assert still
            assert other.clock.now() == MIDNIGHT + timedelta(minutes=1)
    finally:
        other.close()


def test_a_move_that_is_under_way_elsewhere_is_told_with_where_it_stands(run: Runtime):
    with run.store.exclusive("time-bar"):
        run.store.set_meta("rehearsal_now", at("2021-07-15T08:00").isoformat())
        with pytest.raises(ClockMoving) as moving:
            run.time_bar.move(at("2021-07-20T08:00"))
    assert moving.value.detail["now"] == at("2021-07-15T08:00")
