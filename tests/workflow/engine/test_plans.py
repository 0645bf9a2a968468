"""Plans: imported, published with effects, replaced; and the rounds that the law gives."""

import pytest

from states.errors import EventRefused, MalformedInput, NotAllowed, NotFound, PlanInvalid, UnknownName
from states.refusal import Code
from states.vocabulary import CaseState, Effect, Publication, RoundState, Track
from tests.support.meddling import Fault
from tests.support.world import LAW_OF_2026, TWO_ROUNDS, World, moment, on, plan_file
from tests.workflow.engine.test_transaction import dump, meddled
from workflow.audit import drifts, verify_log
from workflow.sweeping import run_tick, statutory_rounds

S = CaseState
IN_JUNE = "2021-06-01 09:00"
PLAN = plan_file("KH-2021", 2021, TWO_ROUNDS)


def bring(world: World, text: str = PLAN, unit: str = "VS") -> str:
    return world.plans.import_plan(text, actor=f"officer-{unit}", unit=unit).code


def refused(code: Code, refusal: pytest.ExceptionInfo[EventRefused] | pytest.ExceptionInfo[NotAllowed]) -> bool:
    return [r.code for r in refusal.value.reasons] == [code]


# Import.


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("this is no toml", PlanInvalid),
        (PLAN.replace("firm = true", 'firm = true\neffect = "explode"', 1), PlanInvalid),
        (PLAN.replace("year = 2021", "year = 1800"), PlanInvalid),
        (PLAN.replace('level = "province"', 'level = "planet"'), PlanInvalid),
        (PLAN.replace('stage = "district_eval"', "stage = 3"), PlanInvalid),
    ],
)
def test_a_broken_file_changes_nothing(bare: World, text: str, error: type[Exception]):
    before = dump(bare)
    with pytest.raises(error):
        bring(bare, text)
    assert dump(bare) == before


def test_an_import_is_refused_to_others_and_for_unknown_units_and_changes_nothing(bare: World):
    before = dump(bare)
    with pytest.raises(NotAllowed) as refusal:
        bare.plans.import_plan(PLAN, actor="chair-VS", unit="VS")
    assert refused(Code.FUNCTION_REQUIRED, refusal)
    with pytest.raises(NotAllowed) as refusal:
        bare.plans.import_plan(PLAN, actor="officer-VT", unit="VS")
    assert refused(Code.PLAN_OF_OTHER_UNIT, refusal)
    with pytest.raises(UnknownName):
        bare.plans.import_plan(PLAN, actor="officer-VS", unit="XX")
    with pytest.raises(UnknownName):
        bare.plans.import_plan(PLAN, actor="officer-VS")
    with pytest.raises(UnknownName):
        bare.plans.import_plan(PLAN, actor="officer-VS", unit="VS", plan="another")
    with pytest.raises(NotFound):
        bare.plans.import_plan(PLAN, actor="nobody", unit="VS")
    assert dump(bare) == before


def test_an_imported_plan_is_a_draft_that_binds_nobody(bare: World):
    code = bring(bare)
    plan = bare.store.load_plan(code)
    assert plan is not None
    assert (plan.state, plan.unit, plan.year, plan.text) == (Publication.DRAFT, "VS", 2021, PLAN)
    assert bare.store.rounds() == []
    assert bare.store.stages() == []
    case = bare.registered(at=IN_JUNE)
    for event in ("select", "submit_plan"):
        bare.act(case, event)
    with pytest.raises(EventRefused) as refusal:
        bare.act(case, "file")
    assert refused(Code.NO_OPEN_ROUND, refusal)


def test_a_draft_is_replaced_as_a_whole_by_importing_it_again(bare: World):
    bring(bare)
    other = PLAN.replace("10/7/2021", "11/7/2021")
    code = bring(bare, other)
    plan = bare.store.load_plan(code)
    assert plan is not None
    assert (plan.state, plan.text, plan.version) == (Publication.DRAFT, other, 2)
    bare.plans.publish(code, actor="officer-VS")
    case = bare.filed(at=IN_JUNE)
    assert bare.running(case)["district_eval"].due_at == moment("2021-07-11 00:00")
    assert list(drifts(bare.store)) == []


def test_importing_the_same_draft_twice_changes_nothing(bare: World):
    bring(bare)
    before = dump(bare)
    bring(bare)
    assert dump(bare) == before


def test_a_draft_can_go_back_to_what_it_was(bare: World):
    for text in (PLAN, PLAN.replace("10/7/2021", "11/7/2021"), PLAN):
        bring(bare, text)
    plan = bare.store.load_plan("KH-2021")
    assert plan is not None
    assert plan.text == PLAN
    assert list(drifts(bare.store)) == []


def test_a_published_plan_is_not_imported_again(world: World):
    before = dump(world)
    with pytest.raises(EventRefused):
        bring(world)
    assert dump(world) == before


# Publication.


def test_publishing_opens_the_rounds_and_arms_the_deadlines(bare: World):
    rounds = bare.plans.publish(bring(bare), actor="officer-VS")
    assert [(r.code, r.state, r.track, r.plan, r.statutory) for r in rounds] == [
        ("VS-2021-1", RoundState.OPEN, Track.PROVINCIAL, "KH-2021", False),
        ("VS-2021-2", RoundState.OPEN, Track.PROVINCIAL, "KH-2021", False),
    ]
    assert [(s.stage, s.round, s.cutoff, s.effect, s.phrase) for s in bare.store.stages()] == [
        ("district_eval", "VS-2021-1", moment("2021-07-10 00:00"), Effect.DEFER, "trước ngày 10/7/2021"),
        ("province_eval", "VS-2021-1", moment("2021-07-30 00:00"), Effect.DEFER, "trước ngày 30/7/2021"),
        ("district_eval", "VS-2021-2", moment("2021-10-10 00:00"), Effect.DEFER, "trước ngày 10/10/2021"),
        ("province_eval", "VS-2021-2", moment("2021-10-30 00:00"), Effect.DEFER, "trước ngày 30/10/2021"),
    ]


def test_each_deadline_has_a_default_and_a_chosen_effect(bare: World):
    code = bring(bare)
    chosen = bare.plans.choices(code, {2: Effect.RECORD})
    assert [(c.index, c.default, c.chosen) for c in chosen] == [
        (1, Effect.DEFER, Effect.DEFER),
        (2, Effect.DEFER, Effect.RECORD),
        (3, Effect.DEFER, Effect.DEFER),
        (4, Effect.DEFER, Effect.DEFER),
    ]
    bare.plans.publish(code, actor="officer-VS", effects={2: Effect.RECORD})
    assert [s.effect for s in bare.store.stages()] == [Effect.DEFER, Effect.RECORD, Effect.DEFER, Effect.DEFER]
    assert bare.history(code)[-1].data["effects"] == ["defer", "record", "defer", "defer"]


def test_publishing_is_refused_for_what_the_plan_does_not_have_and_changes_nothing(bare: World):
    code = bring(bare)
    before = dump(bare)
    with pytest.raises(MalformedInput) as malformed:
        bare.plans.publish(code, actor="officer-VS", effects={9: Effect.RECORD})
    assert malformed.value.code == "no_such_deadline"
    with pytest.raises(NotFound):
        bare.plans.publish("KH-1900", actor="officer-VS")
    with pytest.raises(NotAllowed):
        bare.plans.publish(code, actor="officer-H1")
    assert dump(bare) == before


def test_a_plan_is_published_once(world: World):
    with pytest.raises(EventRefused) as refusal:
        world.plans.publish("KH-2021", actor="officer-VS")
    assert refused(Code.ROUND_STATE, refusal)


def test_a_later_plan_of_the_year_replaces_what_the_earlier_said_beside_its_rounds(bare: World):
    bare.publish(plan_file("FIRST", 2021, [("idea_selection", 0, "trước ngày 20/4/2021"), *TWO_ROUNDS]))
    bare.publish(plan_file("SECOND", 2021, [("idea_selection", 0, "trước ngày 20/5/2021"), ("province_eval", 3, "trước ngày 30/11/2021")]))
    assert {p.code: p.state for p in bare.store.plans()} == {"FIRST": Publication.REPLACED, "SECOND": Publication.PUBLISHED}
    case = bare.registered(at="2021-03-01 08:00")
    assert bare.running(case)["idea_selection"].due_at == moment("2021-05-20 00:00"), "the later one rules, not the narrower"
    assert bare.case(bare.filed("P1-02", IN_JUNE)).round == "VS-2021-1", "rounds that are open stay open"


def test_a_later_plan_gives_a_running_round_its_dates_and_members_hear_of_it_at_once(world: World):
    case = world.filed(at=IN_JUNE)
    later = [(stage, number, phrase.replace("10/7/2021", "20/7/2021")) for stage, number, phrase in TWO_ROUNDS]
    world.publish(plan_file("LATER", 2021, later))
    assert {p.code: p.state for p in world.store.plans()} == {"KH-2021": Publication.REPLACED, "LATER": Publication.PUBLISHED}
    assert world.running(case)["district_eval"].due_at == moment("2021-07-20 00:00")
    assert (world.case(case).round, world.events(case)[-1]) == ("VS-2021-1", "redate")
    world.sweep("2021-07-10 01:00")
    assert world.state(case) is S.DISTRICT_EVALUATION
    world.sweep("2021-07-20 01:00")
    assert world.state(case) is S.DEFERRED
    assert list(drifts(world.store)) == []


def test_a_closed_round_is_not_given_new_dates(world: World):
    world.move("2021-08-01 08:00")
    world.rounds.close("VS-2021-1", actor="officer-VS")
    code = bring(world, plan_file("LATER", 2021, TWO_ROUNDS))
    with pytest.raises(EventRefused) as refusal:
        world.plans.publish(code, actor="officer-VS")
    assert refused(Code.ROUND_STATE, refusal)
    assert {p.code: p.state for p in world.store.plans()} == {"KH-2021": Publication.PUBLISHED, "LATER": Publication.DRAFT}


def test_of_two_drafts_the_round_belongs_to_the_one_that_was_published(bare: World):
    bring(bare, plan_file("FIRST", 2021, TWO_ROUNDS, next_round="offer"))
    second = bring(bare, plan_file("SECOND", 2021, TWO_ROUNDS))
    bare.plans.publish(second, actor="officer-VS")
    assert {r.plan for r in bare.store.rounds()} == {"SECOND"}
    case = bare.filed(at=IN_JUNE)
    bare.move("2021-08-01 08:00")
    assert bare.rounds.close("VS-2021-1", actor="officer-VS").offered is False
    assert bare.case(case).round == "VS-2021-2"
    assert list(drifts(bare.store)) == []


def test_other_years_and_units_are_left_alone(world: World):
    world.publish(plan_file("KH-VT", 2021, TWO_ROUNDS), unit="VT")
    world.publish(plan_file("KH-2022", 2022, [("province_eval", 1, "trước ngày 30/7/2022")]))
    assert {p.state for p in world.store.plans()} == {Publication.PUBLISHED}
    case = world.registered("P3-01", by="producer-P3", at=IN_JUNE)
    for event in ("select", "submit_plan", "file"):
        world.act(case, event)
    assert world.case(case).round == "VT-2021-1"


def test_of_two_cut_offs_of_one_stage_the_narrower_rules(bare: World):
    bare.publish(plan_file("KH", 2021, [*TWO_ROUNDS, ("province_eval", 1, "trước ngày 25/7/2021")]))
    case = bare.at_province(at=IN_JUNE)
    assert bare.running(case)["province_eval"].due_at == moment("2021-07-25 00:00")


# Rounds of the law.


def national(world: World) -> list[str]:
    world.move("2026-05-22 08:00")
    return [r.code for r in world.publish(LAW_OF_2026.read_text("utf-8"), unit="TW")]


def test_the_law_gives_every_province_and_the_centre_two_rounds_this_year_and_the_next(bare: World):
    opened = national(bare)
    assert sorted(opened) == sorted(f"{unit}-{year}-{n}" for unit in ("TW", "VS", "VT") for year in (2026, 2027) for n in (1, 2))
    rounds = {r.code: r for r in bare.store.rounds()}
    assert {r.state for r in rounds.values()} == {RoundState.OPEN}
    assert {r.statutory for r in rounds.values()} == {True}
    assert {c: r.track for c, r in rounds.items() if "2026-1" in c} == {
        "TW-2026-1": Track.CENTRAL,
        "VS-2026-1": Track.PROVINCIAL,
        "VT-2026-1": Track.PROVINCIAL,
    }
    stages = {(s.round, s.stage): s for s in bare.store.stages(unit="VS")}
    assert stages["VS-2027-2", "commune_to_province"].cutoff == moment("2027-10-30 00:00")
    assert stages["VS-2027-2", "commune_to_province"].effect is Effect.SORT
    assert stages["VS-2027-2", "province_eval"].effect is Effect.RECORD
    assert all(s.statutory for s in stages.values())


def test_the_rounds_of_the_law_are_given_once(bare: World):
    national(bare)
    before = dump(bare)
    assert bare.plans.open_statutory() == []
    assert statutory_rounds(bare.engine, bare.plans) == ()
    assert dump(bare) == before
    bare.move("2027-01-01 00:00")
    ticked = run_tick(bare.store, bare.engine, bare.plans, bare.clock.now())
    assert sorted(ticked.rounds) == sorted(f"{unit}-2028-{n}" for unit in ("TW", "VS", "VT") for n in (1, 2))
    assert run_tick(bare.store, bare.engine, bare.plans, bare.clock.now()).rounds == ()
    assert verify_log(bare.store, deep=True).ok


def test_the_effects_that_were_chosen_hold_for_the_rounds_of_later_years(bare: World):
    bare.move("2026-05-22 08:00")
    bare.plans.publish(bring(bare, LAW_OF_2026.read_text("utf-8"), unit="TW"), actor="officer-TW", effects={3: Effect.DEFER})
    bare.move("2027-02-01 00:00")
    run_tick(bare.store, bare.engine, bare.plans, bare.clock.now())
    effects = {s.round: s.effect for s in bare.store.stages(unit="VS") if s.stage == "commune_to_province"}
    assert {code: effects[code] for code in ("VS-2026-2", "VS-2027-2", "VS-2028-2")} == {
        "VS-2026-2": Effect.DEFER,
        "VS-2027-2": Effect.DEFER,
        "VS-2028-2": Effect.DEFER,
    }


def test_without_a_plan_of_the_law_there_are_no_rounds_of_the_law(world: World):
    assert run_tick(world.store, world.engine, world.plans, world.clock.now()).rounds == ()


def test_rounds_of_the_law_that_a_fault_interrupted_are_completed(bare: World):
    bare.move("2026-05-22 08:00")
    bring(bare, LAW_OF_2026.read_text("utf-8"), unit="TW")
    other, meddler = meddled(bare)
    writes = 0
    while True:  # a fault at one write after another, until nothing is left to do
        writes += 1
        meddler.calls.clear()
        meddler.fail_after = None
        interrupt_at(meddler, 1 + writes // 2)
        try:
            if bare.store.load_plan("national-2026").state is Publication.DRAFT:  # type: ignore[union-attr]
                other.plans.publish("national-2026", actor="officer-TW")
            else:
                statutory_rounds(other.engine, other.plans)
            break
        except Fault:
            continue
    assert writes > 2
    assert {r.state for r in bare.store.rounds()} == {RoundState.OPEN}
    assert len(bare.store.rounds()) == 12
    assert len(bare.store.stages(unit="VS")) == 8
    assert list(drifts(bare.store)) == []


def interrupt_at(meddler: object, number: int) -> None:
    """The connection is lost after so many writes."""
    left = iter(range(number - 1))

    def next_write() -> None:
        if next(left, None) is None:
            raise Fault("write")
        meddler.before_write = next_write  # type: ignore[attr-defined]

    meddler.before_write = next_write  # type: ignore[attr-defined]


def test_a_draft_of_the_province_does_not_keep_the_rounds_of_the_law_away(bare: World):
    bare.move("2026-05-22 08:00")
    own = plan_file("KH-2026", 2026, [("commune_to_province", 2, "trước ngày 20/10/2026"), ("province_eval", 2, "trước ngày 20/12/2026")])
    bring(bare, own)
    national(bare)
    row = bare.store.load_round("VS-2026-2")
    assert row is not None
    assert (row.state, row.plan, row.statutory) == (RoundState.OPEN, "national-2026", True)
    bare.plans.publish("KH-2026", actor="officer-VS")
    case = bare.filed(at="2026-06-02 08:00")
    assert bare.case(case).round == "VS-2026-2"
    running = bare.running(case)
    assert running["commune_to_province"].due_at == moment("2026-10-20 00:00"), "the province's own date is the narrower one"
    assert running["commune_to_province"].effect is Effect.DEFER
    assert list(drifts(bare.store)) == []


def test_a_later_date_of_the_province_does_not_outlast_the_law(bare: World):
    national(bare)
    bare.publish(
        plan_file("KH-2026", 2026, [("commune_to_province", 2, "trước ngày 15/11/2026"), ("province_eval", 2, "trước ngày 20/12/2026")])
    )
    running = bare.running(bare.filed(at="2026-06-02 08:00"))
    assert running["commune_to_province"].due_at == moment("2026-10-30 00:00")
    assert running["province_eval"].due_at == moment("2026-12-20 00:00")


def test_a_statutory_date_has_no_late_door(bare: World):
    bare.move("2026-05-22 08:00")
    bare.plans.publish(bring(bare, LAW_OF_2026.read_text("utf-8"), unit="TW"), actor="officer-TW", effects={3: Effect.DEFER})
    case = bare.filed(at="2026-09-01 08:00")
    bare.sweep("2026-10-30 01:00")
    assert bare.state(case) is S.DEFERRED
    with pytest.raises(EventRefused) as refusal:
        bare.act(case, "admit_late")
    assert refused(Code.STATUTORY_DATE, refusal)
    bare.act(case, "reenter", by="officer-VS")
    assert (bare.state(case), bare.case(case).round) == (S.COMMUNE_CHECK, "VS-2027-1")


def test_a_plan_published_elsewhere_is_known_to_every_process(bare: World):
    other = on(bare.store, bare.clock)
    other.engine.world()
    bare.publish(PLAN)
    case = bare.registered(at=IN_JUNE)
    for event in ("select", "submit_plan"):
        bare.act(case, event)
    assert other.engine.perform(bare.command(case, "file")).state is S.DISTRICT_EVALUATION
