"""The shipped season played on a real database: nothing surprises, everything ends as told, and a stop on the way changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from states.vocabulary import CaseState, Event
from tests.support.world import World, on
from tests.workflow.test_demo_season import filled, season, walk
from workflow.audit import drifts, verify_log
from workflow.clock import ManualClock
from workflow.commands import Command
from workflow.ledger.entry import parse
from workflow.listing import every_case
from workflow.rehearsal import Player
from workflow.season import CaseStory
from workflow.store import open_store

BEFORE_THE_CUT_OFF = datetime.fromisoformat("2021-07-09T23:58:00+07:00")
SPRING = datetime.fromisoformat("2020-04-01T00:00:00+07:00")
YEARS_END = datetime.fromisoformat("2020-12-31T00:00:00+07:00")
LEFT_BEHIND = {"Lỡ cả hai đợt", "Lỡ hạn tỉnh của đợt 2"}
"""Stories that end with a cut-off: nothing that a person does tells of it."""


@contextmanager
def stage(url: str, now: datetime) -> Iterator[tuple[World, Player]]:
    """Services and a player on a database, as a process would have them that starts at ``now``."""
    store = open_store(url, allow_unsafe=True)
    try:
        built = on(store, ManualClock(now))
        yield built, Player(store, built.clock, built.engine, built.plans, built.rounds, built.work)
    finally:
        store.close()


def case_of(world: World, story: CaseStory) -> str:
    case = world.store.case_by_command(f"season:{story.number}:0")
    assert case is not None, f"{story.product} {story.path}"
    return case


def promised(story: CaseStory) -> CaseState | str:
    """Where the chart says that a story ends, with what the system adds: a cut-off that nobody met, a rank raised by a later case."""
    raised = {
        s.product for s in season().cases if filled(s, season().paths[s.path][0])["kind"] == "upgrade" and ends(s) == CaseState.CERTIFIED
    }
    if story.path in LEFT_BEHIND:
        return CaseState.DEFERRED
    first = next(s for s in season().cases if s.product == story.product)
    return CaseState.UPGRADED if story.product in raised and story is first else ends(story)


def ends(story: CaseStory) -> CaseState | str:
    *_, last = walk(story)
    return last.rule.target


def told(world: World) -> dict[str, object]:
    """Where every case stands, and every entry with when it took effect; numbers of cases included."""
    states = {case.code: (case.state, case.product, case.attempt, case.round) for case in every_case(world.store)}
    acts = [(e.case, e.case_seq, e.event, e.outcome, e.effective_at) for e in (parse(kept.body) for kept in world.store.entries())]
    return {"states": states, "acts": acts}


def play(url: str, *stops: datetime) -> dict[str, object]:
    """Play the season, each time as a new process, to each stop and then to its end."""
    now = season().start
    for until in (*stops, None):
        with stage(url, now) as (world, player):
            player.load(season())
            played = player.play(season(), until)
            assert played.surprises == []
            assert played.overtaken == 0
            now = world.clock.now()
            answer = told(world)
    return answer


def test_the_whole_season_plays_as_it_is_told(database_url: str) -> None:
    with stage(database_url, season().start) as (world, player):
        player.load(season())
        played = player.play(season())
        assert played.surprises == []
        assert played.refused == {"tied_to_product": 1, "deadline_passed": 1}
        assert played.acts == sum(step.expect is None for story in season().cases for step in season().paths[story.path])
        assert len(season().cases) == len(list(every_case(world.store)))
        for story in season().cases:
            assert world.state(case_of(world, story)) == promised(story), (story.number, story.product, story.path)
        stars = Counter((c.stars, c.level) for c in world.store.certificates())
        assert stars == {(3, "province"): 45, (4, "province"): 23, (5, "centre"): 1}
        assert verify_log(world.store).ok
        assert list(drifts(world.store)) == []


def test_a_stop_two_minutes_before_a_cut_off_changes_nothing(database_url: str, another_url: Callable[[], str]) -> None:
    whole = play(database_url)
    assert play(another_url(), BEFORE_THE_CUT_OFF) == whole


def withdraw_by_hand(world: World, story: CaseStory) -> None:
    case = case_of(world, story)
    world.engine.perform(
        Command(
            id="by-hand",
            case=case,
            event=Event.WITHDRAW,
            actor=world.who(case, Event.WITHDRAW, world.clock.now()),
            reason="Chủ thể xin rút",
            via="cli",
        )
    )


def test_acts_that_somebody_made_impossible_are_counted_and_are_no_surprise(database_url: str) -> None:
    with stage(database_url, season().start) as (world, player):
        player.load(season())
        player.play(season(), SPRING)
        story = next(s for s in season().cases if season().paths[s.path][0].at < SPRING)
        withdraw_by_hand(world, story)
        played = player.play(season(), YEARS_END)
        left = [s for s in season().paths[story.path] if SPRING < s.at + timedelta(minutes=story.shift) <= YEARS_END]
        assert played.surprises == []
        assert played.overtaken == len(left) > 0


def test_acts_that_the_clock_was_moved_past_are_counted_and_stay_forgiven(database_url: str) -> None:
    with stage(database_url, season().start) as (_, player):
        player.load(season())
        player.play(season(), datetime.fromisoformat("2020-02-11T00:00:00+07:00"))
        player.wait(SPRING)
        early = [s for story in season().cases for s in season().paths[story.path] if s.at < YEARS_END]
        player.play(season(), SPRING + timedelta(days=1))
        played = player.play(season(), YEARS_END)
        assert played.surprises == []
        # Of the plan's other work only what lay under the leap is lost: a later report needs no earlier one.
        leapt = [work for work in season().work if work.at <= SPRING]
        assert played.overtaken == len(early) + len(leapt)
        assert early
        assert leapt


def test_a_story_that_fails_in_an_untouched_rehearsal_is_a_surprise(database_url: str) -> None:
    with stage(database_url, season().start) as (_, player):
        player.load(season())
        player.play(season(), SPRING)
        broken = {
            name: tuple(replace(step, data={**step.data, "unknown": "1"}) for step in steps) for name, steps in season().paths.items()
        }
        played = player.play(replace(season(), paths=broken), YEARS_END)
        assert played.surprises
        assert played.overtaken == 0


def test_the_plan_of_2020_ends_with_work_in_time_late_cancelled_and_left_open(database_url: str) -> None:
    play(database_url)
    with stage(database_url, season().start) as (world, _):
        world.move("2026-12-01 08:00")
        review = world.reviews.review("thai-nguyen-2020")
        found = Counter(str(s.status) for s in review.standings)
        assert {"done_in_time", "done_late", "done", "cancelled", "overdue", "not_begun"} <= set(found)
        assert world.reviews.recounted(review) is True
        assert {"unknown", "below", "met"} == {str(a.verdict) for a in review.targets}
        assert world.reviews.review("two-rounds-2021").support["trade_promotion"][3] == 6_500_000
