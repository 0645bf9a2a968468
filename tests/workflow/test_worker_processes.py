"""Worker processes of their own: several at once write each deadline once, and one that is killed loses and doubles nothing."""

import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from deadlines.sweep import GRACE
from states.vocabulary import CaseState, TermStatus
from tests.support.databases import Database
from tests.support.working import PAGE, Count
from tests.support.world import World, moment, on, world_at
from workflow.audit import drifts, verify_log
from workflow.clock import ManualClock
from workflow.ledger.entry import parse
from workflow.store import open_store
from workflow.worker import Worker, heartbeats

ROOT = Path(__file__).parents[2]
CASES = 3 * PAGE
DUE = moment("2021-07-10 00:00")
LATER = "2021-07-10T00:05:00+07:00"


@pytest.fixture
def waiting_url(database_url: str) -> str:
    """A database in which the deadline of sixty dossiers passed five minutes ago."""
    with world_at(database_url) as world:
        for number in range(1, CASES + 1):
            world.filed(f"P1-{number:02d}", "2021-06-01 09:00")
    return database_url


def process(url: str, *death: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.working", url, LATER, *map(str, death)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ready(started: "subprocess.Popen[str]") -> None:
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"


def deferrals(world: World) -> Counter[str]:
    return Counter(e.subject for e in world.store.entries() if e.event == "defer")


def nothing_lost_or_doubled(url: str) -> None:
    with world_at(url, "2021-07-10 00:05") as world:
        cases = {row.code for row in world.store.subjects() if hasattr(row, "attempt")}
        assert deferrals(world) == dict.fromkeys(cases, 1)
        assert len(cases) == CASES
        assert {world.state(case) for case in cases} == {CaseState.DEFERRED}
        dates = {parse(e.body).effective_at for e in world.store.entries() if e.event == "defer"}
        assert dates == {DUE}
        assert [t for t in world.store.terms() if t.status is TermStatus.RUNNING and t.due_at + GRACE <= world.clock.now()] == []
        assert list(drifts(world.store)) == []
        assert world.store.unsequenced() == 0
        assert verify_log(world.store).ok


@pytest.mark.parametrize(("where", "written"), [("before", PAGE), ("uncommitted", PAGE), ("after", 2 * PAGE)])
def test_a_worker_killed_in_the_middle_of_a_sweep_loses_and_doubles_nothing(waiting_url: str, where: str, written: int):
    victim = process(waiting_url, where, 2)
    ready(victim)
    victim.communicate("go\n", timeout=60)
    assert victim.returncode == -signal.SIGKILL
    with world_at(waiting_url, "2021-07-10 00:05") as world:
        assert deferrals(world).total() == written
    after = process(waiting_url)
    ready(after)
    told, _ = after.communicate("go\n", timeout=60)
    assert told == f"{CASES - written} 0\n"
    nothing_lost_or_doubled(waiting_url)


def test_several_workers_at_once_write_each_deadline_once(waiting_url: str, database: Database):
    if database.kind == "postgresql":
        started = [process(waiting_url) for _ in range(3)]
        for each in started:
            ready(each)
        for each in started:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        told = [each.communicate(timeout=60)[0].split() for each in started]
        fired, failed = sum(int(t[0]) for t in told), sum(int(t[1]) for t in told)
    else:
        # One process writes there, so its workers are threads.
        fired, failed = _threads(waiting_url, 3)
    assert (fired, failed) == (CASES, 0)
    nothing_lost_or_doubled(waiting_url)


def _threads(url: str, number: int) -> tuple[int, int]:
    store = open_store(url, allow_unsafe=True)
    start = threading.Barrier(number)
    done: list[tuple[int, int]] = []

    def work(name: int) -> None:
        mine = on(store, ManualClock(moment("2021-07-10 00:05")))
        worker = Worker(f"thread:{name}", mine.clock, Count())
        start.wait()
        ticked = worker.beat(store, mine.engine, mine.plans)
        assert ticked is not None
        done.append((len(ticked.sweep.fired), len(ticked.sweep.failed)))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(number)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(heartbeats(store)) == number
    store.close()
    return sum(f for f, _ in done), sum(f for _, f in done)
