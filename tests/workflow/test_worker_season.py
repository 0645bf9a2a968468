"""The season of 2021 with people's acts alone and a worker that beats: it ends as told, and a worker that was down changes nothing."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any

from deadlines.sweep import GRACE
from states.regime import VIETNAM
from states.vocabulary import CaseState, TermStatus
from tests.support.world import World, moment
from tests.workflow.test_demo_played import LEFT_BEHIND, case_of, promised, stage
from tests.workflow.test_demo_season import season
from workflow.audit import drifts, verify_log
from workflow.rehearsal import Player
from workflow.worker import Worker, heartbeats

START, END = moment("2021-01-01 00:00"), moment("2022-01-01 00:00")
DOWN = (moment("2021-07-09 20:00"), moment("2021-07-12 08:00"))
"""Over the midnights that end 9, 10 and 11 July; the district's cut-off of the first round is the first of them."""

BEATS = tuple(time(hour, 0, 30) for hour in (0, 12))
OF_WRITING = ("recorded_at", "prev", "commit")
"""What an entry says of its writing: when, behind which hash, and behind which salts."""


class Count:
    """Seconds that pass with the clock."""

    def __init__(self) -> None:
        self.now = 0.0

    def seconds(self) -> float:
        return self.now


class Attended(Player):
    """Plays the acts of people; what falls due is a worker's business alone, which is started anew after it was down."""

    def attend(self, down: tuple[datetime, datetime] | None = None) -> None:
        self.count = Count()
        self.down = down
        self.worker: Worker | None = None
        self.told: list[tuple[str, str]] = []

    def wait(self, until: datetime) -> None:
        for at in beats(self.clock.now(), until):
            self._pass(at)
            if self.down and self.down[0] <= at < self.down[1]:
                self.worker = None
                continue
            if self.worker is None:
                self.worker = Worker("office:1", self.clock, self.count, lambda code, detail: self.told.append((code, detail)))
            done = self.worker.beat(self.store, self.engine, self.plans)
            assert done is not None
            self.played.fired += len(done.sweep.fired)
        self._pass(until)

    def _pass(self, to: datetime) -> None:
        if to > self.clock.now():
            self.count.now += (to - self.clock.now()).total_seconds()
            self.clock.move(to)


def beats(since: datetime, until: datetime) -> Iterator[datetime]:
    day = since.astimezone(VIETNAM).date()
    while True:
        for at in (datetime.combine(day, beat, VIETNAM) for beat in BEATS):
            if at > until:
                return
            if at > since:
                yield at
        day += timedelta(days=1)


def history(world: World) -> list[dict[str, Any]]:
    lines = []
    for stored in world.store.entries():
        line = {name: value for name, value in json.loads(stored.body).items() if name not in OF_WRITING}
        if (line.get("actor") or {}).get("id") == "system":
            # Nobody sent it: its receipt is the moment of writing as well.
            del line["received_at"]
        lines.append(line)
    return lines


def left_behind(world: World) -> dict[str, bytes]:
    """States, terms and entries as bytes, without what tells when they were written or hashes that."""
    rows = [{n: v for n, v in asdict(row).items() if n not in {"head_hash", "updated_at"}} for row in world.store.subjects()]
    parts = {"states": rows, "terms": [asdict(term) for term in world.store.terms()], "entries": history(world)}
    return {name: json.dumps(part, sort_keys=True, default=str, ensure_ascii=False).encode() for name, part in parts.items()}


def reconciled(world: World) -> None:
    """Every rung that was passed has been written down."""
    now = world.clock.now()
    assert [t.id for t in world.store.terms() if t.status is TermStatus.RUNNING and t.due_at + GRACE <= now] == []
    # What waited is a step of the case's history, dated at its deadline.
    due = {t.id: t.due_at for t in world.store.terms() if t.status is TermStatus.PASSED}
    steps = {
        line["data"]["term"]: datetime.fromisoformat(line["effective_at"]) for line in history(world) if "term" in line.get("data", {})
    }
    assert steps == due
    assert list(drifts(world.store)) == []
    assert verify_log(world.store).ok


def played(
    url: str, down: tuple[datetime, datetime] | None = None, then: Callable[[World, Attended], None] | None = None
) -> dict[str, bytes]:
    with stage(url, season().start) as (world, player):
        player.load(season())
        player.play(season(), START)
        attended = Attended(world.store, world.clock, world.engine, world.plans, world.rounds, world.work)
        attended.attend(down)
        done = attended.play(season(), END)
        assert done.surprises == []
        assert done.overtaken == 0
        assert attended.told == [], "a worker that is started again takes nothing for a jump of the clock"
        reconciled(world)
        if then:
            then(world, attended)
        return left_behind(world)


def ends_as_told(world: World, attended: Attended) -> None:
    assert attended.played.refused == {"tied_to_product": 1, "deadline_passed": 1}
    assert attended.played.fired > 0
    (beat,) = heartbeats(world.store)
    assert (beat.worker, beat.fired, beat.failed, beat.paused) == ("office:1", attended.played.fired, 0, None)
    ended = [s for s in season().cases if max(step.at for step in season().paths[s.path]) < END - timedelta(days=1)]
    of_2021 = [s for s in ended if season().paths[s.path][0].at >= START]
    assert len(of_2021) >= 60
    for story in ended:
        assert world.state(case_of(world, story)) == promised(story), (story.number, story.product, story.path)
    states = Counter(world.state(case_of(world, story)) for story in of_2021)
    assert states[CaseState.DEFERRED] == sum(story.path in LEFT_BEHIND for story in of_2021)
    assert states[CaseState.CERTIFIED] > 30


def caught_up(world: World, _: Attended) -> None:
    """The worker that came back wrote the deferrals of 10 July at its first beat, dated at the cut-off."""
    late = {(x["case"], x["case_seq"]) for x in history(world) if x["event"] == "defer" and "term" in x.get("data", {}) and at_cut_off(x)}
    assert len(late) > 5
    recorded = {e.recorded_at for e in world.store.entries() if (e.subject, e.seq) in late}
    assert recorded == {moment("2021-07-12 12:00:30")}


def at_cut_off(line: dict[str, Any]) -> bool:
    return datetime.fromisoformat(line["effective_at"]) == moment("2021-07-10 00:00")


def test_the_season_runs_by_the_worker_alone_and_a_worker_down_over_three_midnights_changes_nothing(
    database_url: str, another_url: Callable[[], str]
):
    never_down = played(database_url, then=ends_as_told)
    assert played(another_url(), DOWN, caught_up) == never_down


def test_a_player_that_sweeps_at_each_cut_off_leaves_what_a_worker_leaves_that_was_down(database_url: str, another_url: Callable[[], str]):
    with stage(database_url, season().start) as (world, player):
        player.load(season())
        assert player.play(season(), END).surprises == []
        reconciled(world)
        at_each_cut_off = left_behind(world)
    assert played(another_url(), DOWN) == at_each_cut_off
