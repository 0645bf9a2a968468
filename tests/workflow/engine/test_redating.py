"""A round that slips: its date is moved by a paper before or after the cut-off, and exactly its members move or come back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from states.errors import CycleError, EventRefused, MalformedInput, NotAllowed, NotFound, PayloadInvalid, UnknownName
from states.refusal import Code
from states.vocabulary import CaseState, Effect
from tests.support.world import LAW_OF_2026, TWO_ROUNDS, World, moment, on, plan_file, world_at
from tests.workflow.engine.test_transaction import dump
from workflow.audit import drifts, verify_log
from workflow.notices import Left, Redated

S = CaseState
IN_JUNE = "2021-06-01 09:00"
FIRST, SECOND = "VS-2021-1", "VS-2021-2"
OFFICER = "officer-VS"


def redate(world: World, phrase: str = "trước ngày 15/8/2021", stage: str = "province_eval", **given: Any) -> Redated:
    usual: dict[str, Any] = {
        "code": FIRST,
        "document_no": "15/TB-UBND",
        "document_date": world.clock.now().date().isoformat(),
        "reason": "Hội đồng phải hoãn họp",
        "actor": OFFICER,
    }
    return world.rounds.redate(stage=stage, phrase=phrase, **{**usual, **given})


def dated(world: World, stage: str = "province_eval", code: str = FIRST) -> list[tuple[str, bool]]:
    """The dates of a stage in words, and whether each was re-dated."""
    return [(s.phrase, "re-dated" in s.flags) for s in world.store.stages(round=code) if s.stage == stage]


# Before the cut-off.


def test_before_the_cut_off_every_running_member_moves_and_nobody_else(world: World):
    ahead, early = world.at_province("P1-01", at=IN_JUNE), world.filed("P1-02")
    met = world.at_province("P1-03")
    world.act(met, "conclude", mean=75)
    gone = world.filed("P1-04")
    world.act(gone, "withdraw")
    world.rounds.freeze(FIRST, actor=OFFICER)
    other = world.filed("P1-05")
    before = {case: world.events(case) for case in (met, gone, other)}
    done = redate(world)
    assert (set(done.moved), done.back, dict(done.left)) == ({ahead, early}, (), {met: Left.MET, gone: Left.WITHDRAWN})
    for case in (ahead, early):
        assert world.running(case)["province_eval"].due_at == moment("2021-08-15 00:00")
        assert (world.events(case)[-1], world.events(case).count("redate")) == ("redate", 1)
        entry = world.history(case)[-1]
        assert entry.clause is not None
        assert entry.clause.startswith("15/TB-UBND ngày ")
        assert entry.data["document_no"] == "15/TB-UBND"
    assert world.running(early)["district_eval"].due_at == moment("2021-07-10 00:00"), "the other date stays"
    assert {case: world.events(case) for case in (met, gone, other)} == before
    assert dated(world) == [("trước ngày 30/7/2021", True), ("trước ngày 15/8/2021", False)]
    world.sweep("2021-07-30 01:00")
    assert world.state(ahead) is S.PROVINCIAL_EVALUATION
    world.sweep("2021-08-15 01:00")
    assert world.state(ahead) is S.DEFERRED
    assert list(drifts(world.store)) == []
    assert verify_log(world.store, deep=True).ok


def test_a_member_that_joins_afterwards_has_the_new_date(world: World):
    world.move(IN_JUNE)
    redate(world)
    assert world.running(world.filed("P1-01"))["province_eval"].due_at == moment("2021-08-15 00:00")


def test_a_date_may_be_brought_forward_while_the_earlier_day_lies_ahead(world: World):
    case = world.at_province(at=IN_JUNE)
    redate(world, "trước ngày 20/7/2021")
    assert world.running(case)["province_eval"].due_at == moment("2021-07-20 00:00")


def test_a_round_may_be_re_dated_twice_and_both_papers_stay_in_its_history(world: World):
    case = world.at_province(at=IN_JUNE)
    redate(world)
    redate(world, "đến hết ngày 20/8/2021", document_no="16/TB-UBND")
    assert world.running(case)["province_eval"].due_at == moment("2021-08-21 00:00")
    entries = [e for e in world.history(FIRST) if e.event == "redate"]
    assert [e.data["document_no"] for e in entries] == ["15/TB-UBND", "16/TB-UBND"]
    assert [given_up for _, given_up in dated(world)] == [True, True, False]
    assert list(drifts(world.store)) == []


def test_the_generous_reading_is_a_persons_choice_and_is_kept(world: World):
    world.move(IN_JUNE)
    assert redate(world, reading="lenient").after.cutoff == moment("2021-08-16 00:00")
    assert world.history(FIRST)[-1].data["reading"] == "lenient"


# After the cut-off.


def slipped(world: World) -> dict[str, str]:
    """A round whose province missed its date: one member in every situation."""
    cases = {
        "missed": world.at_province("P1-01", at=IN_JUNE),
        "returned": world.at_province("P1-02"),
        "missed the district": world.filed("P1-03"),
        "put off": world.at_province("P1-04"),
        "withdrawn": world.at_province("P1-05"),
        "re-entered": world.at_province("P1-06"),
        "certified": world.certified("P1-07"),
        "in time": world.at_province("P1-08"),
    }
    world.act(cases["returned"], "return_for_completion")
    world.act(cases["put off"], "defer", by=OFFICER)
    world.act(cases["in time"], "conclude", mean=75)
    world.sweep("2021-07-30 01:00")
    world.act(cases["withdrawn"], "withdraw")
    world.act(cases["re-entered"], "reenter", by=OFFICER)
    return cases


def test_a_round_re_dated_after_its_cut_off_brings_back_exactly_its_members(world: World):
    cases = slipped(world)
    before = {name: (world.state(c), world.events(c)) for name, c in cases.items()}
    world.move("2021-08-02 10:00")
    done = redate(world, document_date="2021-08-01")
    back = {cases["missed"], cases["returned"]}
    assert (done.moved, set(done.back), done.again) == ((), back, ())
    names = {code: name for name, code in cases.items()}
    assert {names[code]: why for code, why in done.left} == {
        "missed the district": Left.OTHER_CUTOFF,
        "put off": Left.PUT_OFF,
        "withdrawn": Left.WITHDRAWN,
        "re-entered": Left.GONE_ON,
        "certified": Left.ENDED,
        "in time": Left.MET,
    }
    for name, state in (("missed", S.PROVINCIAL_EVALUATION), ("returned", S.RETURNED)):
        row = world.case(cases[name])
        assert (row.state, row.attempt, row.round, row.left) == (state, 1, FIRST, None)
        assert "missed" not in row.memo
        entry = world.history(row.code)[-1]
        assert (entry.event, entry.actor.function if entry.actor else None) == ("reinstate", "system")
        assert entry.effective_at == moment("2021-08-01 00:00"), "as of the day of the paper"
        assert {s: t.due_at for s, t in world.running(row.code).items()} == {"province_eval": moment("2021-08-15 00:00")}
    assert world.case(cases["returned"]).origin is S.PROVINCIAL_EVALUATION
    for name in ("missed the district", "put off", "withdrawn", "re-entered", "certified", "in time"):
        assert (world.state(cases[name]), world.events(cases[name])) == before[name]
    world.act(cases["missed"], "conclude", mean=75, at="2021-08-14 23:59:59")
    world.sweep("2021-08-15 01:00")
    assert (world.state(cases["missed"]), world.state(cases["returned"])) == (S.PROVINCIAL_EVALUATION, S.DEFERRED)
    assert list(drifts(world.store)) == []
    assert verify_log(world.store, deep=True).ok


def test_whoever_comes_back_has_the_later_dates_of_the_round_as_well(world: World):
    case = world.filed(at=IN_JUNE)
    world.sweep("2021-07-10 01:00")
    redate(world, "trước ngày 20/7/2021", "district_eval", document_date="2021-07-10")
    assert {s: t.due_at for s, t in world.running(case).items()} == {
        "district_eval": moment("2021-07-20 00:00"),
        "province_eval": moment("2021-07-30 00:00"),
    }


def test_a_new_date_that_has_passed_as_well_judges_those_that_came_back_at_once(world: World):
    case = world.at_province(at=IN_JUNE)
    world.sweep("2021-07-30 01:00")
    world.move("2021-09-01 08:00")
    done = redate(world, document_date="2021-08-01")
    assert (done.back, done.again) == ((case,), (case,))
    row = world.case(case)
    assert (row.state, datetime.fromisoformat(row.memo["missed"]["due_at"])) == (S.DEFERRED, moment("2021-08-15 00:00"))
    assert world.events(case)[-3:] == ["defer", "reinstate", "defer"]
    assert [e.effective_at for e in world.history(case)[-2:]] == [moment("2021-08-01 00:00"), moment("2021-08-15 00:00")]


def test_a_paper_older_than_the_cut_off_brings_back_as_of_the_cut_off(world: World):
    case = world.at_province(at=IN_JUNE)
    world.sweep("2021-07-30 01:00")
    redate(world, document_date="2021-07-28")
    assert world.history(case)[-1].effective_at == moment("2021-07-30 00:00")


def test_whether_the_worker_had_come_by_makes_no_difference(world: World):
    case = world.at_province(at=IN_JUNE)
    world.move("2021-08-02 10:00")
    done = redate(world, document_date="2021-08-01")
    assert (done.back, world.events(case)[-2:]) == ((case,), ["defer", "reinstate"])


def test_within_half_a_minute_of_the_cut_off_the_deadline_simply_moves(world: World):
    case = world.at_province(at=IN_JUNE)
    world.move("2021-07-30 00:00:10")
    done = redate(world)
    assert (done.moved, world.state(case)) == ((case,), S.PROVINCIAL_EVALUATION)


def test_a_recorded_breach_stands_and_the_new_date_runs(database_url: str):
    with world_at(database_url, two_rounds=False) as world:
        world.publish(plan_file("KH", 2021, TWO_ROUNDS), effects={2: Effect.RECORD})
        case = world.at_province(at=IN_JUNE)
        world.sweep("2021-07-30 01:00")
        done = redate(world)
        assert (done.moved, world.events(case)[-2:]) == ((case,), ["record", "redate"])
        assert world.running(case)["province_eval"].due_at == moment("2021-08-15 00:00")


def test_a_recorded_breach_that_the_new_date_does_not_mend_stays_as_it_is(database_url: str):
    with world_at(database_url, two_rounds=False) as world:
        world.publish(plan_file("KH", 2021, TWO_ROUNDS), effects={2: Effect.RECORD})
        case = world.at_province(at=IN_JUNE)
        world.move("2021-08-20 08:00")
        done = redate(world, document_date="2021-08-01")
        assert (done.moved, done.left) == ((), ((case, Left.PASSED_AGAIN),))
        assert (world.events(case)[-1], world.running(case)) == ("record", {})


def test_a_sorted_dossier_that_has_gone_on_stays_in_its_new_round(bare: World):
    case = province_of_2026(bare)
    bare.plans.publish(
        bare.plans.import_plan(plan_file("KH-SORT", 2026, [(*OWN[0], "sort"), OWN[1]]), actor=OFFICER, unit="VS").code, actor=OFFICER
    )
    bare.sweep("2026-10-20 01:00")
    assert bare.case(case).round == "VS-2027-1"
    done = redate(bare, "trước ngày 25/10/2026", "commune_to_province", code="VS-2026-2")
    assert (done.moved, done.back, done.left) == ((), (), ((case, Left.GONE_ON),))


def test_somebody_let_in_late_until_a_later_day_keeps_that_day(world: World):
    case = world.at_province(at=IN_JUNE)
    world.sweep("2021-07-30 01:00")
    world.act(case, "admit_late", until="2021-08-20", at="2021-08-01 08:00")
    done = redate(world)
    assert done.moved == ()
    assert world.running(case)["province_eval"].due_at == moment("2021-08-21 00:00")


# Preview, repetition, faults.


def test_a_preview_says_the_same_and_writes_nothing(world: World):
    slipped(world)
    world.move("2021-09-02 10:00")
    before = dump(world)
    preview = redate(world, document_date="2021-08-01", dry_run=True)
    assert dump(world) == before
    done = redate(world, document_date="2021-08-01")
    assert (preview.moved, preview.back, preview.again, preview.left) == (done.moved, done.back, done.again, done.left)
    assert preview.after == done.after


def test_a_preview_sees_what_the_worker_has_not_written_yet(world: World):
    case = world.at_province(at=IN_JUNE)
    world.move("2021-08-02 10:00")
    before = dump(world)
    assert redate(world, dry_run=True).back == (case,)
    assert dump(world) == before


def test_the_same_command_again_changes_nothing_and_another_under_its_id_is_refused(world: World):
    case = world.at_province(at=IN_JUNE)
    first = redate(world, command="order-1", document_date="2021-05-30")
    before = dump(world)
    again = redate(world, command="order-1", document_date="2021-05-30")
    assert (again.replayed, again.moved, again.after.cutoff) == (True, first.moved, first.after.cutoff)
    assert dump(world) == before
    assert again.moved == (case,)
    with pytest.raises(MalformedInput) as reused:
        redate(world, "trước ngày 16/8/2021", command="order-1", document_date="2021-05-30")
    assert reused.value.code == "command_reused"


def test_filings_while_the_round_is_re_dated_end_with_the_new_date(world: World):
    world.move(IN_JUNE)
    cases = []
    for n in range(1, 17):
        case = world.registered(f"P1-{n:02d}")
        world.act(case, "select")
        world.act(case, "submit_plan")
        cases.append(case)
    commands = [world.command(case, "file") for case in cases]
    processes = [on(world.store, world.clock) for _ in range(3)]
    with ThreadPoolExecutor(4) as pool:
        filings = [pool.submit(processes[n % 3].engine.perform, c) for n, c in enumerate(commands[:8])]
        moving = pool.submit(redate, world)
        filings += [pool.submit(processes[n % 3].engine.perform, c) for n, c in enumerate(commands[8:])]
        moving.result()
        for filing in filings:
            filing.result()
    assert {world.running(case)["province_eval"].due_at for case in cases} == {moment("2021-08-15 00:00")}
    assert list(drifts(world.store)) == []


# Refusals.


def codes(refusal: pytest.ExceptionInfo[EventRefused]) -> list[Code]:
    return [r.code for r in refusal.value.reasons]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"phrase": "trước ngày 30/7/2021"}, Code.SAME_DATE),
        ({"phrase": "đến hết ngày 29/7/2021"}, Code.SAME_DATE),
        ({"phrase": "trước ngày 05/01/2021"}, Code.CUTOFF_BEFORE_OPENING),
        ({"phrase": "trước ngày 15/6/2021", "document_date": "2021-06-15"}, Code.CUTOFF_BEFORE_DOCUMENT),
        ({"phrase": "trước ngày 16/7/2021", "document_date": "2021-06-15"}, Code.EARLIER_DATE_PASSED),
        ({"exception": "9/BNN"}, Code.EXCEPTION_UNNEEDED),
    ],
)
def test_a_date_that_says_nothing_or_that_nobody_could_keep_is_refused(world: World, given: dict[str, Any], code: Code):
    world.at_province(at=IN_JUNE)
    world.sweep("2021-07-20 08:00")
    before = dump(world)
    for dry_run in (True, False):
        with pytest.raises(EventRefused) as refusal:
            redate(world, **{"document_date": "2021-06-20", **given}, dry_run=dry_run)
        assert codes(refusal) == [code]
    assert dump(world) == before


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"phrase": "khi nào xong thì thôi"}, "/phrase", "unknown_wording"),
        ({"phrase": "trước ngày 30/02/2021"}, "/phrase", "no_such_date"),
        ({"phrase": "từ tháng 8/2021"}, "/phrase", "no_end_named"),
        ({"phrase": "trước ngày 01/7/2021"}, "/phrase", "dates_cross"),
        ({"document_no": "thông báo miệng"}, "/document_no", "not_a_code"),
        ({"document_date": "2022-01-01"}, "/document_date", "in_future"),
        ({"document_date": "hôm qua"}, "/document_date", "not_a_date"),
        ({"reason": " "}, "/reason", "reason_required"),
        ({"reason": "a\x00b"}, "/reason", "control_characters"),
    ],
)
def test_bad_input_is_told_field_by_field_and_changes_nothing(world: World, given: dict[str, Any], pointer: str, code: str):
    world.at_province(at=IN_JUNE)
    before = dump(world)
    with pytest.raises(PayloadInvalid) as invalid:
        redate(world, **given)
    assert [(p.pointer, p.code) for p in invalid.value.problems] == [(pointer, code)]
    assert dump(world) == before


def test_a_stage_without_a_date_and_a_round_that_is_not_there_are_unknown(world: World):
    world.move(IN_JUNE)
    for stage in ("national_eval", "commune_to_province", "coffee"):
        with pytest.raises(UnknownName):
            redate(world, stage=stage)
    with pytest.raises(NotFound):
        redate(world, code="VS-1999-1")
    with pytest.raises(NotFound):
        redate(world, actor="nobody")


def test_a_closed_round_is_not_re_dated(world: World):
    world.at_province(at=IN_JUNE)
    world.move("2021-08-02 08:00")
    world.rounds.close(FIRST, actor=OFFICER)
    before = dump(world)
    with pytest.raises(EventRefused) as refusal:
        redate(world)
    assert codes(refusal) == [Code.ROUND_STATE]
    assert dump(world) == before


def test_a_date_of_the_law_is_not_re_dated(world26: World):
    case = world26.filed(at="2026-06-02 08:00")
    before = dump(world26)
    for code, stage, actor in (("VS-2026-2", "commune_to_province", OFFICER), ("TW-2026-2", "national_eval", "authority-TW")):
        with pytest.raises(EventRefused) as refusal:
            redate(world26, "trước ngày 20/02/2027", stage, code=code, actor=actor)
        assert codes(refusal) == [Code.STATUTORY_DATE]
    assert dump(world26) == before
    assert world26.running(case)["commune_to_province"].due_at == moment("2026-10-30 00:00")


@pytest.mark.parametrize("actor", ["authority-VS", "officer-TW", "authority-TW"])
def test_the_issuer_or_its_superior_re_dates(world: World, actor: str):
    world.move(IN_JUNE)
    assert redate(world, actor=actor).after.cutoff == moment("2021-08-15 00:00")
    entry = world.history(FIRST)[-1]
    assert entry.actor is not None
    assert (entry.actor.id, entry.actor.unit) == (actor, actor.partition("-")[2])


@pytest.mark.parametrize("actor", ["officer-H1", "authority-H1", "officer-VT", "authority-VT", "chair-VS", "producer-P1"])
def test_nobody_else_re_dates(world: World, actor: str):
    world.move(IN_JUNE)
    with pytest.raises(NotAllowed):
        redate(world, actor=actor)


# The national term.


OWN = [("commune_to_province", 2, "trước ngày 20/10/2026"), ("province_eval", 2, "trước ngày 20/12/2026")]


def province_of_2026(world: World) -> str:
    world.move("2026-05-22 08:00")
    world.publish(LAW_OF_2026.read_text("utf-8"), unit="TW")
    world.publish(plan_file("KH-2026", 2026, OWN))
    return world.filed(at="2026-06-02 08:00")


def test_a_province_re_dates_its_own_earlier_date_and_the_national_term_still_binds(bare: World):
    case = province_of_2026(bare)
    done = redate(bare, "trước ngày 25/10/2026", "commune_to_province", code="VS-2026-2")
    assert (done.after.statutory, bare.running(case)["commune_to_province"].due_at) == (False, moment("2026-10-25 00:00"))
    done = redate(bare, "trước ngày 15/11/2026", "commune_to_province", code="VS-2026-2", document_no="17/TB")
    assert (done.after.statutory, bare.running(case)["commune_to_province"].due_at) == (True, moment("2026-10-30 00:00"))
    late = next(s for s in bare.store.stages(round="VS-2026-2") if s.phrase == "trước ngày 15/11/2026")
    assert "outlasts-national-term" in late.flags


def test_by_a_written_exception_a_later_date_rules_over_the_national_term(bare: World):
    case = province_of_2026(bare)
    done = redate(bare, "trước ngày 15/11/2026", "commune_to_province", code="VS-2026-2", exception="88/BNN-VPĐP")
    assert bare.running(case)["commune_to_province"].due_at == moment("2026-11-15 00:00")
    assert "88/BNN-VPĐP" in done.after.source
    assert list(drifts(bare.store)) == []


def test_nothing_is_written_by_a_refusal_whatever_its_kind(world: World):
    world.at_province(at=IN_JUNE)
    before = dump(world)
    for given in ({"stage": "coffee"}, {"phrase": "?"}, {"actor": "chair-VS"}, {"document_no": ""}):
        with pytest.raises(CycleError):
            redate(world, **given)
    assert dump(world) == before
