"""Cut-offs: who is in time, who is told what, and that a late worker changes nothing but when things are written."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from states.errors import EventRefused
from states.refusal import Code, Refusal
from states.vocabulary import CaseState, Effect, TermStatus
from tests.support.world import TWO_ROUNDS, World, moment, on, plan_file, world_at, world_of_2026
from workflow.audit import drifts

S = CaseState
CUTOFF = "2021-07-10 00:00"
LAST_INSTANT = "2021-07-09 23:59:59.999"
IN_JUNE = "2021-06-01 09:00"


def refusal(world: World, case: str, event: str, **given: Any) -> Refusal:
    with pytest.raises(EventRefused) as refused:
        world.act(case, event, **given)
    assert len(refused.value.reasons) == 1
    return refused.value.reasons[0]


# Receipt.


def test_an_act_received_in_the_last_instant_counts_whenever_it_is_processed(world: World):
    case = world.filed(at=IN_JUNE)
    world.move("2021-07-10 03:00")
    receipt = world.act(case, "conclude", mean=70, at=LAST_INSTANT)
    assert (receipt.state, receipt.effective_at) == (S.DISTRICT_EVALUATION, moment(LAST_INSTANT))
    entry = world.history(case)[-1]
    assert (entry.received_at, entry.recorded_at) == (moment(LAST_INSTANT), moment("2021-07-10 03:00"))
    world.sweep("2021-07-10 03:01")
    assert world.state(case) is S.DISTRICT_EVALUATION, "the stage was met, so nothing is due"


@pytest.mark.parametrize("received", [CUTOFF, "2021-07-10 00:00:00.000001", "2021-07-10 00:00:29.999999"])
def test_an_act_at_or_after_the_midnight_is_refused_and_before_thirty_seconds_nothing_moves(world: World, received: str):
    case = world.filed(at=IN_JUNE)
    reason = refusal(world, case, "conclude", mean=70, at=received)
    assert (reason.code, reason.detail) == (
        Code.DEADLINE_PASSED,
        {
            "stage": "district_eval",
            "due_at": moment(CUTOFF),
            "phrase": "trước ngày 10/7/2021",
            "source": "KH-2021/KH-UBND, mốc 1",
            "round": "VS-2021-1",
            "next_round": "VS-2021-2",
        },
    )
    assert world.state(case) is S.DISTRICT_EVALUATION
    assert set(world.running(case)) == {"district_eval", "province_eval"}
    assert world.sweep().fired == []


@pytest.mark.parametrize("received", ["2021-07-10 00:00:30", "2021-08-15 10:00"])
def test_later_a_request_settles_first_and_is_still_told_of_the_deadline(world: World, received: str):
    case = world.filed(at=IN_JUNE)
    reason = refusal(world, case, "conclude", mean=70, at=received)
    assert (reason.code, reason.detail["due_at"], reason.detail["phrase"]) == (
        Code.DEADLINE_PASSED,
        moment(CUTOFF),
        "trước ngày 10/7/2021",
    )
    assert reason.detail["next_round"] == "VS-2021-2"
    assert world.state(case) is S.DEFERRED, "the deferral stands"
    assert world.events(case)[-2:] == ["defer", "!conclude"]


def test_a_receipt_names_what_was_settled_on_the_way(world: World):
    case = world.filed(at=IN_JUNE)
    receipt = world.act(case, "withdraw", at="2021-07-10 00:01")
    assert (receipt.settled, receipt.source, receipt.state) == (("defer",), S.DEFERRED, S.WITHDRAWN)


def test_an_expected_version_is_compared_with_what_the_asker_saw_and_not_with_what_was_settled_since(world: World):
    case = world.filed(at=IN_JUNE)
    receipt = world.act(case, "withdraw", version=world.case(case).version, at="2021-07-10 00:01")
    assert receipt.state is S.WITHDRAWN


def test_a_cut_off_has_its_effect_as_of_the_cut_off(world: World):
    case = world.filed(at=IN_JUNE)
    world.sweep("2021-07-10 08:00")
    entry = world.history(case)[-1]
    assert (entry.event, entry.effective_at, entry.recorded_at) == ("defer", moment(CUTOFF), moment("2021-07-10 08:00"))
    assert entry.clause == "KH-2021/KH-UBND, mốc 1", "the ground is the paper that set the date"
    assert (entry.actor and entry.actor.id, entry.duty, entry.command) == ("system", "automatic", f"due:{entry.data['term']}")
    assert {t.stage: t.status for t in world.store.terms(case) if t.round == "VS-2021-1"} == {
        "district_eval": TermStatus.PASSED,
        "province_eval": TermStatus.DROPPED,
    }


def test_the_worker_waits_thirty_seconds(world: World):
    case = world.filed(at=IN_JUNE)
    assert world.sweep("2021-07-10 00:00:29.999").fired == []
    assert len(world.sweep("2021-07-10 00:00:30").fired) == 1
    assert world.sweep().fired == []
    assert world.state(case) is S.DEFERRED


# What a missed stage leaves.


def test_a_district_result_in_time_that_was_not_forwarded_misses_the_provincial_cut_off(world: World):
    case = world.filed(at=IN_JUNE)
    world.act(case, "conclude", mean=70, at="2021-07-09 10:00")
    world.sweep("2021-07-10 01:00")
    assert world.state(case) is S.DISTRICT_EVALUATION
    world.sweep("2021-07-30 01:00")
    row = world.case(case)
    assert (row.state, row.left, row.memo["missed"]["stage"]) == (S.DEFERRED, S.DISTRICT_EVALUATION, "province_eval")
    world.act(case, "reenter", by="officer-VS", at="2021-08-02 08:00")
    assert world.case(case).memo["results"] == {"district": {"mean": "70", "stars": 4, "missed": [], "on": "2021-07-09"}}
    assert set(world.running(case)) == {"province_eval"}, "the district's result is kept, so only the province is still to come"
    assert world.act(case, "forward").state is S.PROVINCIAL_EVALUATION


def test_a_result_in_time_is_certified_long_after_the_cut_off(world: World):
    case = world.at_province(at=IN_JUNE)
    world.act(case, "conclude", mean=75, at="2021-07-29 23:59:59")
    world.sweep("2021-09-01 08:00")
    assert world.act(case, "certify").state is S.CERTIFIED


def test_a_returned_case_is_judged_by_the_level_that_returned_it(world: World):
    district, province = world.filed("P1-01", IN_JUNE), world.at_province("P1-02", 75, IN_JUNE)
    for case in (district, province):
        world.act(case, "return_for_completion")
    world.sweep("2021-07-10 01:00")
    assert (world.state(district), world.state(province)) == (S.DEFERRED, S.RETURNED)
    assert refusal(world, district, "complete").code is Code.DEADLINE_PASSED
    world.act(province, "complete", at="2021-07-20 08:00")
    world.act(province, "return_for_completion")
    world.sweep("2021-07-30 01:00")
    row = world.case(province)
    assert (row.state, row.left, row.origin) == (S.DEFERRED, S.RETURNED, S.PROVINCIAL_EVALUATION)
    assert row.memo["results"]["district"]["mean"] == "75"


def test_cases_of_other_stages_and_rounds_are_left_alone(world: World):
    early, forwarded = world.registered("P1-01", at=IN_JUNE), world.at_province("P1-02", 75, IN_JUNE)
    late = world.filed("P1-03", at="2021-06-30 08:00")
    world.act(late, "defer")
    done = world.certified("P1-04", 75, "2021-07-01 08:00")
    world.sweep("2021-07-10 01:00")
    assert [world.state(c) for c in (early, forwarded, late, done)] == [
        S.IDEA_REGISTERED,
        S.PROVINCIAL_EVALUATION,
        S.DEFERRED,
        S.CERTIFIED,
    ]
    assert "missed" not in world.case(late).memo


def test_an_admission_after_the_cut_off_runs_to_its_own_day_and_then_defers_again(world: World):
    case = world.filed(at=IN_JUNE)
    world.sweep("2021-07-10 01:00")
    world.act(case, "admit_late", at="2021-07-11 08:00", until="2021-07-15")
    assert world.state(case) is S.DISTRICT_EVALUATION
    assert {s: t.due_at for s, t in world.running(case).items()} == {
        "district_eval": moment("2021-07-16 00:00"),
        "province_eval": moment("2021-07-30 00:00"),
    }
    world.sweep("2021-07-16 01:00")
    assert (world.state(case), world.case(case).attempt) == (S.DEFERRED, 1)
    world.act(case, "admit_late", at="2021-07-17 08:00", until="2021-07-20")
    world.act(case, "conclude", mean=70, at="2021-07-20 23:59")
    assert world.act(case, "forward").state is S.PROVINCIAL_EVALUATION


def test_who_was_put_off_by_the_office_is_not_admitted_late(world: World):
    case = world.filed(at=IN_JUNE)
    world.act(case, "defer")
    assert refusal(world, case, "admit_late").code is Code.NOT_BY_CUTOFF


def test_three_stars_of_the_district_wait_for_their_decision_through_the_provincial_cut_off(database_url: str):
    plan = plan_file("KH-2023", 2023, [(stage, number, phrase.replace("2021", "2023")) for stage, number, phrase in TWO_ROUNDS])
    with world_at(database_url, "2023-03-01 08:00", two_rounds=False) as world:
        world.publish(plan)
        three, four = world.filed("P1-01", "2023-06-01 08:00"), world.filed("P1-02", "2023-06-01 08:00")
        world.act(three, "conclude", mean=65)
        world.act(four, "conclude", mean=75)
        world.sweep("2023-07-30 01:00")
        assert (world.state(three), world.state(four)) == (S.DISTRICT_EVALUATION, S.DEFERRED)
        assert world.act(three, "certify", by="authority-H1", at="2023-09-01 08:00").state is S.CERTIFIED


# Effects other than deferral.


def test_sorting_moves_a_dossier_that_was_not_proposed_in_time_to_the_next_round(database_url: str):
    with world_of_2026(database_url) as world:
        waiting, sent = world.filed("P1-01", "2026-09-01 08:00"), world.filed("P1-02", "2026-09-01 08:00")
        world.act(sent, "forward", at="2026-10-29 23:59:59")
        world.sweep("2026-10-30 00:00:30")
        row = world.case(waiting)
        assert (row.state, row.round, row.attempt) == (S.COMMUNE_CHECK, "VS-2027-1", 1)
        entry = next(e for e in world.history(waiting) if e.event == "sort")
        assert (entry.effective_at, entry.round) == (moment("2026-10-30 00:00"), {"provincial": "VS-2027-1"})
        due = {s: t.due_at for s, t in world.running(waiting).items()}
        assert due["commune_to_province"] == moment("2027-04-30 00:00")
        assert due["province_eval"] == moment("2027-06-30 00:00")
        assert world.case(sent).round == "VS-2026-2"
        assert world.act(waiting, "forward", at="2026-10-30 09:00").state is S.PROVINCIAL_EVALUATION, "nothing is refused"


def test_at_the_proposal_date_itself_nothing_is_refused_and_the_round_is_still_the_old_one(database_url: str):
    with world_of_2026(database_url) as world:
        case = world.filed(at="2026-09-01 08:00")
        receipt = world.act(case, "forward", at="2026-10-30 00:00:10")
        assert "late:commune_to_province" in receipt.notes


def test_recording_notes_a_breach_and_refuses_nothing(database_url: str):
    with world_of_2026(database_url) as world:
        case = world.filed(at="2026-09-01 08:00")
        world.act(case, "forward")
        world.sweep("2026-12-30 01:00")
        assert (world.state(case), world.events(case)[-1]) == (S.PROVINCIAL_EVALUATION, "record")
        assert world.running(case) == {}
        assert world.act(case, "conclude", mean=75, at="2027-01-05 08:00").state is S.PROVINCIAL_EVALUATION


def test_the_communes_fifteen_working_days_count_from_the_next_working_day(database_url: str):
    with world_of_2026(database_url) as world:
        case = world.filed(at="2026-06-01 08:00")  # a Monday; day 1 is 2 June, day 15 is 22 June
        assert world.running(case)["commune_check"].due_at == moment("2026-06-23 00:00")
        late = world.filed("P1-02", at="2026-06-01 08:00")
        assert "late:commune_check" not in world.act(case, "forward", at="2026-06-22 23:00").notes
        world.act(late, "return_for_completion", at="2026-06-20 08:00")
        assert world.running(late)["commune_check"].due_at == moment("2026-06-23 00:00"), "the days go on while the producer completes"
        world.sweep("2026-06-23 08:00")
        assert (world.state(late), world.events(late)[-1]) == (S.RETURNED, "record")
        world.act(late, "complete")
        assert world.act(late, "forward").state is S.PROVINCIAL_EVALUATION, "late is told, never refused"


def test_a_plan_may_choose_to_record_where_the_default_defers(database_url: str):
    with world_at(database_url, two_rounds=False) as world:
        world.publish(plan_file("KH", 2021, TWO_ROUNDS), effects={1: Effect.RECORD})
        case = world.filed(at=IN_JUNE)
        world.sweep("2021-07-10 08:00")
        assert (world.state(case), world.events(case)[-1]) == (S.DISTRICT_EVALUATION, "record")
        assert world.act(case, "conclude", mean=70).state is S.DISTRICT_EVALUATION


# Down over several midnights.


def season(world: World) -> list[str]:
    """Cases in every stage of two rounds, under sorting, recording and deferring cut-offs."""
    cases = [world.filed(f"P1-{n:02d}", IN_JUNE) for n in range(1, 7)]
    for case in cases[1:]:
        world.act(case, "conclude", mean=70, at="2021-06-20 08:00")
    for case in cases[2:]:
        world.act(case, "forward", at="2021-06-21 08:00")
    world.act(cases[3], "return_for_completion", at="2021-06-22 08:00")
    world.act(cases[4], "conclude", mean=75, at="2021-06-22 08:00")
    cases.append(world.filed("P1-07", "2021-07-05 08:00"))
    return cases


MIXED = (
    ("district_eval", 1, "trước ngày 10/7/2021", "record"),
    ("district_to_province", 1, "trước ngày 15/7/2021", "sort"),
    ("province_eval", 1, "trước ngày 30/7/2021", "defer"),
    ("district_eval", 2, "trước ngày 01/8/2021", "record"),
    ("district_to_province", 2, "trước ngày 05/8/2021", "sort"),
    ("province_eval", 2, "trước ngày 10/8/2021", "defer"),
)
MIDNIGHTS = ["2021-07-10", "2021-07-15", "2021-07-30", "2021-08-01", "2021-08-05", "2021-08-10"]


def lived(world: World, cases: list[str]) -> object:
    """Everything but when it was written."""
    return [
        (
            world.state(case),
            world.case(case).round,
            world.case(case).left,
            world.case(case).memo.get("missed"),
            [(e.event, e.effective_at, e.from_, e.to, e.round, e.terms) for e in world.history(case)],
            sorted((t.id, t.status) for t in world.store.terms(case)),
        )
        for case in cases
    ]


def punctual(world: World, cases: list[str]) -> None:
    for day in MIDNIGHTS:
        world.sweep(f"{day} 00:00:30")


def asleep(world: World, cases: list[str]) -> None:
    world.sweep("2021-08-20 09:00")


def asked_only(world: World, cases: list[str]) -> None:
    """No worker at all: a request that comes late settles the case."""
    world.move("2021-08-20 09:00")
    for case in cases:
        loaded = world.store.load_case(case, "")
        assert loaded is not None
        world.engine.settle(loaded, world.clock.now())


def told(url: str, worker: Callable[[World, list[str]], None]) -> object:
    with world_at(url, two_rounds=False) as world:
        world.publish(plan_file("KH", 2021, MIXED))
        cases = season(world)
        worker(world, cases)
        assert list(drifts(world.store)) == []
        return lived(world, cases)


@pytest.mark.parametrize("worker", [asleep, asked_only])
def test_being_down_over_several_midnights_changes_nothing_but_when_things_are_written(
    database_url: str, another_url: Callable[[], str], worker: Callable[[World, list[str]], None]
):
    expected = told(database_url, punctual)
    assert told(another_url(), worker) == expected


def test_two_workers_at_once_write_each_effect_once(world: World):
    cases = [world.filed(f"P1-{n:02d}", IN_JUNE) for n in range(1, 9)]
    world.move("2021-07-10 08:00")
    other = on(world.store, world.clock)
    with ThreadPoolExecutor(2) as pool:
        sweeps = list(pool.map(lambda w: w.sweep(), [world, other]))
    assert sum(len(s.fired) for s in sweeps) == len(cases)
    assert [s.failed for s in sweeps] == [[], []]
    assert all(world.events(case).count("defer") == 1 for case in cases)
