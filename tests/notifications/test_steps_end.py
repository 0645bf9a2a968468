"""Steps are planned with a deadline and end with it, in the transaction that ends it, by whichever path that is written."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from deadlines.ladder import DutyKind
from deadlines.sweep import tick
from states.vocabulary import CaseState, TermStatus
from tests.support.telling import notifications, steps, tell
from tests.support.world import World, moment
from workflow.audit import drifts, verify_log
from workflow.certificates import certificate_code
from workflow.ports import Change, Outcome

FILED = "2021-06-01 09:00"
BEFORE = ("T-30", "T-14", "T-7", "T-3", "T-1", "T-0")


@pytest.fixture(params=["alone", "among others"], autouse=True)
def path(request: pytest.FixtureRequest, world: World) -> str:
    """Every act is written by itself, or by the path on which many independent groups share a transaction."""
    store = world.store
    if request.param == "among others":
        store.write = lambda changes, *, epoch: store.write_each([changes], epoch=epoch)[0]  # type: ignore[method-assign]
    return str(request.param)


def of_stage(world: World, case: str, stage: str) -> dict[str, str]:
    return steps(world, case, stage)


def test_a_deadline_brings_its_steps_with_it_and_only_those_that_lie_ahead(world: World):
    case = world.filed(at=FILED)
    assert of_stage(world, case, "district_eval") == dict.fromkeys((*BEFORE, "T+1"), "planned")
    late = world.filed("P1-02", "2021-07-05 09:00")
    assert set(of_stage(world, late, "district_eval")) == {"T-3", "T-1", "T-0", "T+1"}
    assert list(drifts(world.store)) == []


def test_what_is_met_is_spoken_of_no_more(world: World):
    case = world.filed(at=FILED)
    tell(world, notifications(world), "2021-06-09 07:30")
    world.act(case, "conclude", mean=80, at="2021-06-20 09:00")
    world.act(case, "forward", at="2021-06-20 09:00")
    (met,) = [t for t in world.store.terms(case) if t.stage == "district_eval"]
    assert met.status is TermStatus.MET
    assert of_stage(world, case, "district_eval") == {"T-30": "fired"} | dict.fromkeys((*BEFORE[1:], "T+1"), "cancelled")
    assert set(of_stage(world, case, "province_eval").values()) <= {"planned", "superseded", "cancelled"}
    assert list(drifts(world.store)) == []


def test_what_is_dropped_is_spoken_of_no_more(world: World):
    case = world.filed(at=FILED)
    world.act(case, "withdraw", at="2021-06-02 09:00")
    assert set(steps(world, case).values()) == {"cancelled"}


@pytest.mark.parametrize("cases", [1, 3])
@pytest.mark.parametrize("together", [False, True])
def test_what_has_passed_is_told_to_the_office_above_alone(world: World, cases: int, together: bool):
    codes = [world.filed(f"P1-{number:02d}", FILED) for number in range(1, cases + 1)]
    world.move("2021-07-10 00:01")
    engine = world.engine
    if together:
        tick(world.clock.now(), world.store, engine.expire, together=engine.expire_many)
    else:
        tick(world.clock.now(), world.store, engine.expire)
    for case in codes:
        assert world.state(case) is CaseState.DEFERRED
        assert of_stage(world, case, "district_eval") == dict.fromkeys(BEFORE, "cancelled") | {"T+1": "planned"}
        # What it would have met after that has been dropped with it, and is told to nobody.
        assert set(of_stage(world, case, "province_eval").values()) == {"cancelled"}
    assert list(drifts(world.store)) == []


def test_what_is_not_written_plans_and_cancels_nothing(world: World, path: str):
    case = world.filed(at=FILED)
    before = steps(world, case)
    store, kept = world.store, []
    write = store.write

    def keeping(changes: Sequence[Change], *, epoch: int | None) -> Outcome:
        kept.append(list(changes))
        return write(changes, epoch=epoch)

    store.write = keeping  # type: ignore[method-assign]
    world.act(case, "withdraw", dry_run=True)
    assert steps(world, case) == before
    world.act(case, "conclude", mean=80)
    world.act(case, "withdraw")
    gone = steps(world, case)
    assert set(gone.values()) == {"cancelled"}
    withdrawal = kept[-1]
    other = world.filed("P1-02", FILED)
    stale = [replace(change, row=replace(change.row, code=other)) for change in withdrawal]
    assert write(stale, epoch=None) is Outcome.MOVED, "judged on another version"
    assert set(steps(world, other).values()) == {"planned"}
    assert path


def test_a_deadline_that_moves_takes_its_steps_along(world: World):
    case = world.filed(at=FILED)
    telling = notifications(world)
    tell(world, telling, "2021-06-09 07:30")
    before = world.running(case)["district_eval"]
    redated: dict[str, Any] = {
        "document_no": "15/TB",
        "document_date": "2021-06-10",
        "reason": "Hội đồng phải hoãn họp",
        "actor": "officer-VS",
    }
    world.move("2021-06-10 09:00")
    world.rounds.redate("VS-2021-1", stage="district_eval", phrase="trước ngày 17/7/2021", **redated)
    after = world.running(case)["district_eval"]
    assert (before.due_at, after.due_at) == (moment("2021-07-10 00:00"), moment("2021-07-17 00:00"))
    rows = world.store.rungs([before.id, after.id])
    old, new = ({r.rung: str(r.state) for r in rows if r.duty == term.id} for term in (before, after))
    assert old == {"T-30": "fired"} | dict.fromkeys((*BEFORE[1:], "T+1"), "cancelled")
    assert new == dict.fromkeys((*BEFORE, "T+1"), "planned")
    assert {r.rung: r.at for r in rows if r.duty == after.id}["T-0"] == moment("2021-07-16 07:30")
    assert list(drifts(world.store)) == []


def test_a_certificate_that_was_replaced_ends_no_more(world: World):
    first = certificate_code(world.certified(mean=60, at=FILED))
    ladder = {r.rung: (str(r.state), r.kind) for r in world.store.rungs([first])}
    assert ladder == dict.fromkeys(("T-180", "T-150", "T-127", "T-60", "T-30", "T-7", "T-1", "T+1"), ("planned", DutyKind.CERTIFICATE))
    better = world.registered(kind="upgrade", certificate=first, at="2021-07-01 08:00")
    world.act(better, "file")
    for event in ("conclude", "forward", "conclude"):
        given: dict[str, Any] = {"mean": 80} if event == "conclude" else {}
        world.act(better, event, **given)
    assert {str(r.state) for r in world.store.rungs([first])} == {"planned"}
    world.act(better, "certify", at="2021-09-01 08:00")
    assert {str(r.state) for r in world.store.rungs([first])} == {"cancelled"}
    assert {str(r.state) for r in world.store.rungs([certificate_code(better)])} == {"planned"}
    assert list(drifts(world.store)) == []


def test_what_was_told_is_no_part_of_a_history_and_leaves_it_as_it_was(world: World):
    case = world.filed(at=FILED)
    before = [entry.leaf_hash for entry in world.store.entries()]
    tell(world, notifications(world), "2021-07-02 07:30")
    assert [entry.leaf_hash for entry in world.store.entries()] == before
    assert list(drifts(world.store)) == []
    assert verify_log(world.store).ok
    assert steps(world, case, "district_eval")["T-7"] == "fired"
