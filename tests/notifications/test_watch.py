"""The watchman: what stands still is seen within a minute, and told outside once, again each hour, and when it is over."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deadlines.ladder import DutyKind
from notifications.watch import AGAIN, PATIENCE, POST, Finding, Trouble, Watchman, look, ping
from tests.support.world import moment, world_at
from workflow.telling import DeliveryRow, DeliveryState, Fired, ItemRow, MessageRow, RungRow, RungState
from workflow.worker import Heartbeat, say

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(database_url):
    with world_at(database_url) as built:
        yield built


def _beat(world, name="office:1", *, ago=timedelta(0), swept=timedelta(0), paused=None, failed=0):  # noqa: PLR0913
    now = world.clock.now()
    say(world.store, Heartbeat(name, (now - ago).isoformat(), (now - swept).isoformat(), 0, failed, None, paused))


def _troubles(world):
    return {finding.trouble for finding in look(world.store, world.clock.now())}


def test_where_no_worker_ever_ran_it_says_so_and_a_rehearsal_needs_none(world):
    assert _troubles(world) == {Trouble.NO_WORKER}
    assert look(world.store, world.clock.now(), wants_worker=False) == []


def test_a_worker_that_beats_and_sweeps_is_no_trouble(world):
    _beat(world)
    assert _troubles(world) == set()


def test_a_worker_that_is_silent_is_seen_after_a_minute_with_the_moment_it_was_last_heard_of(world):
    _beat(world, ago=MINUTE, swept=MINUTE)
    assert _troubles(world) == set()
    _beat(world, ago=MINUTE + timedelta(seconds=1), swept=MINUTE + timedelta(seconds=1))
    (finding,) = look(world.store, world.clock.now())
    assert (finding.trouble, finding.since) == (Trouble.WORKER_SILENT, world.clock.now() - MINUTE - timedelta(seconds=1))


def test_one_worker_at_work_is_enough(world):
    _beat(world, "office:old", ago=timedelta(days=3), swept=timedelta(days=3))
    _beat(world, "office:new")
    assert _troubles(world) == set()


def test_a_worker_that_lives_but_does_not_sweep_and_one_that_is_paused_are_seen(world):
    _beat(world, swept=2 * MINUTE)
    assert _troubles(world) == {Trouble.SWEEP_STALLED}
    _beat(world, swept=2 * MINUTE, paused="+7200 s")
    assert _troubles(world) == {Trouble.WORKER_PAUSED}


def test_the_part_that_carries_letters_is_watched_by_itself(world):
    _beat(world)
    _beat(world, f"{POST}office:1", ago=2 * MINUTE)
    (finding,) = look(world.store, world.clock.now())
    assert (finding.trouble, finding.detail) == (Trouble.WORKER_SILENT, f"{POST}office:1")


def test_rows_that_fail_again_and_again_are_seen(world):
    _beat(world, failed=2)
    assert _troubles(world) == {Trouble.ROWS_FAIL}


def test_a_deadline_that_nobody_wrote_down_is_seen_a_minute_after_it_should_have_been(world):
    world.filed("P1-01")
    for at, seen in (("2021-07-10 00:01:29", set()), ("2021-07-10 00:01:30", {Trouble.DEADLINES_WAIT})):
        world.move(at)
        _beat(world)
        assert _troubles(world) - {Trouble.STEPS_WAIT} == seen


def test_a_step_that_nobody_dealt_with_is_seen_after_a_minute(world):
    _beat(world)
    now = world.clock.now()
    row = RungRow(duty="d", rung="T-7", kind=DutyKind.TERM, subject="s", at=now - MINUTE, due_at=now)
    world.store.plan_rungs([row])
    assert _troubles(world) == set()
    world.move(now + timedelta(seconds=1))
    _beat(world)
    assert _troubles(world) == {Trouble.STEPS_WAIT}


def _letter(world, state, *, late):
    now = world.clock.now()
    rung = RungRow(duty="d", rung="T-7", kind=DutyKind.TERM, subject="s", at=now, due_at=now)
    world.store.plan_rungs([rung])
    item = ItemRow(recipient="p", duty="d", rung="T-7", kind="term", subject="s", part="holder", message="p|1")
    message = MessageRow(id="p|1", recipient="p", window="1", send_at=now, created_at=now)
    delivery = DeliveryRow(key="p|1|email", message="p|1", channel="email", target="p", state=state, created_at=now, not_before=now - late)
    assert world.store.fire([Fired(rung, RungState.FIRED, (item,))], [message], [delivery], now) == 1


def test_a_letter_that_waits_longer_than_five_minutes_is_seen(world):
    _beat(world)
    _letter(world, DeliveryState.WAITING, late=timedelta(minutes=5))
    assert _troubles(world) == set()
    world.move(world.clock.now() + timedelta(seconds=1))
    _beat(world)
    assert _troubles(world) == {Trouble.LETTERS_WAIT}


def test_letters_that_were_given_up_are_counted(world):
    _beat(world)
    _letter(world, DeliveryState.FAILED, late=timedelta(0))
    (finding,) = look(world.store, world.clock.now())
    assert (finding.trouble, finding.detail) == (Trouble.LETTERS_FAILED, "1")


class TestWhatIsToldOutside:
    """Within five minutes, once, and again while it lasts."""

    @pytest.fixture
    def watchman(self, tmp_path):
        return Watchman(tmp_path / "there" / "watch.json")

    @pytest.fixture
    def start(self):
        return moment("2021-07-09 12:00")

    silent = Finding(Trouble.WORKER_SILENT, None)

    def test_it_is_told_once_it_has_lasted_and_not_at_every_look(self, watchman, start):
        told = [watchman.report([self.silent], start + n * MINUTE) for n in range(10)]
        assert [report is not None for report in told] == [False, False, True, *[False] * 7]
        assert told[2].findings == (self.silent,)

    def test_looked_at_every_minute_it_is_told_outside_within_five_minutes_of_the_last_sign_of_life(self):
        assert timedelta(minutes=5) >= MINUTE + MINUTE + PATIENCE + MINUTE

    def test_it_is_told_again_after_an_hour_and_once_more_when_it_is_over(self, watchman, start):
        for n in range(3):
            watchman.report([self.silent], start + n * MINUTE)
        assert watchman.report([self.silent], start + PATIENCE + AGAIN - MINUTE) is None
        assert watchman.report([self.silent], start + PATIENCE + AGAIN).findings == (self.silent,)
        over = watchman.report([], start + 2 * AGAIN)
        assert (over.findings, over.over) == ((), (Trouble.WORKER_SILENT,))
        assert watchman.report([], start + 3 * AGAIN) is None

    def test_what_passes_by_itself_is_never_told(self, watchman, start):
        assert watchman.report([self.silent], start) is None
        assert watchman.report([], start + MINUTE) is None
        assert watchman.report([self.silent], start + 2 * MINUTE) is None

    def test_single_letters_are_the_offices_business(self, watchman, start):
        given_up = Finding(Trouble.LETTERS_FAILED, None, "3")
        assert [watchman.report([given_up], start + n * MINUTE) for n in range(5)] == [None] * 5

    @pytest.mark.parametrize("memory", ["", "[1]", "{", '{"unheard_of": {"first": "x"}}'])
    def test_a_memory_that_cannot_be_read_is_begun_anew(self, watchman, start, memory):
        watchman.memory.parent.mkdir()
        watchman.memory.write_text(memory, "utf-8")
        assert watchman.report([self.silent], start) is None
        assert watchman.report([self.silent], start + PATIENCE).findings == (self.silent,)


class _Outside(BaseHTTPRequestHandler):
    status = 200
    heard: list[str] = []  # noqa: RUF012 - one server a test

    def do_GET(self):
        self.heard.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def outside():
    kind = type("Outside", (_Outside,), {"heard": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield kind, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_address_outside_is_asked_and_a_refusal_comes_back_in_words(outside):
    kind, url = outside
    assert ping(f"{url}/alive") is None
    kind.status = 503
    assert ping(f"{url}/alive") == "503"
    assert kind.heard == ["/alive", "/alive"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "not an address", "ftp://127.0.0.1/x"])
def test_an_address_that_cannot_be_reached_is_told_and_never_raises(url):
    assert ping(url)
