"""A forced override: a named authority, a reason, a decision and a second person; one step of one case; and a mark that stays."""

from typing import Any

import pytest

from states.errors import EventRefused, NotAllowed, PayloadInvalid
from states.refusal import Code
from states.regime import local_date
from states.vocabulary import CaseState, Duty, TieKind
from tests.support.world import World, moment
from workflow.audit import drifts, verify_log
from workflow.commands import Receipt
from workflow.overriding import overrides
from workflow.rows import TieRow

S = CaseState
WINTER = "2021-11-15 09:00"
"""After the last date of the last round of 2021."""
CHAIR, DEPUTY = "authority-VS", "officer-VS"


def order(world: World, case: str, step: str, *codes: str, by: str = CHAIR, **given: Any) -> Receipt:
    today = local_date(world.clock.now()).isoformat()
    data = {"step": step, "overrides": list(codes), "decision_no": "77/QĐ-UBND", "decision_date": today, "decision_signer": "Trần Văn Ký"}
    return world.act(case, "override", by=by, **{"reason": "Thiên tai", **data, **given})


def overridden(world: World, case: str, step: str, *codes: str, second: str = DEPUTY, **given: Any) -> Receipt:
    asked = order(world, case, step, *codes, **given)
    assert asked.confirmation is not None
    return world.confirmations.confirm(asked.confirmation, actor=second)


def codes(refusal: Any) -> list[Code]:
    return [reason.code for reason in refusal.value.reasons]


def sound(world: World) -> bool:
    return list(drifts(world.store)) == [] and verify_log(world.store, deep=True).ok


@pytest.fixture
def planned(world: World) -> str:
    """A case with its business plan, in a winter without any round."""
    case = world.registered(at="2021-06-01 09:00")
    world.act(case, "select")
    world.act(case, "submit_plan")
    world.move(WINTER)
    return case


def test_a_dossier_is_filed_while_no_round_is_open_and_every_entry_says_on_whose_word(world: World, planned: str):
    with pytest.raises(EventRefused) as refused:
        world.act(planned, "file")
    (reason,) = refused.value.reasons
    assert (reason.code, [str(seat) for seat in reason.overriders]) == (Code.NO_OPEN_ROUND, ["authority@province", "authority@centre"])
    asked = order(world, planned, "file", "no_open_round")
    assert (asked.confirmation, asked.notes) == (f"{planned}:{asked.seq}", ("awaits_confirmation",))
    with pytest.raises(EventRefused):
        world.act(planned, "file")
    world.move("2021-11-16 10:00")
    given = world.confirmations.confirm(str(asked.confirmation), actor=DEPUTY)
    assert (given.event, given.state, given.effective_at) == ("override", S.BUSINESS_PLAN, moment("2021-11-16 10:00"))
    done = world.act(planned, "file")
    assert done.state is S.DISTRICT_EVALUATION
    assert world.case(planned).round is None
    assert world.running(planned) == {}, "outside every round no date of one runs"
    give, use = (world.history(planned)[n] for n in (-2, -1))
    assert give.actor is not None
    assert (give.event, give.duty, give.actor.id, give.data["confirmed_by"]) == ("override", "decides", CHAIR, DEPUTY)
    assert {"step": "file", "overrides": ["no_open_round"], "decision_no": "77/QĐ-UBND"}.items() <= give.data.items()
    assert (use.event, use.data["overridden"], use.data["override"]) == ("file", ["no_open_round"], give.case_seq)
    assert world.case(planned).memo["overridden"] == [use.case_seq]
    assert "override" not in world.case(planned).memo, "it is used up"
    (told,) = overrides(world.store)
    assert told.used is not None
    assert (told.given.entry.case_seq, told.used.entry.case_seq, told.waits) == (give.case_seq, use.case_seq, False)
    assert [m.code for m in world.rounds.members("VS-2021-1")] == []
    assert sound(world)


def test_a_case_without_a_round_goes_on_to_its_recognition(world: World, planned: str):
    overridden(world, planned, "file", "no_open_round")
    world.act(planned, "file")
    world.act(planned, "conclude", mean=80)
    world.act(planned, "forward")
    world.act(planned, "conclude", mean=80)
    # Who decided on the override may sign the recognition: both are decisions.
    assert world.act(planned, "certify", by=CHAIR).state is S.CERTIFIED
    assert sound(world)


def test_a_deferred_case_is_entered_anew_without_a_next_round(world: World):
    case = world.filed(at="2021-08-01 09:00")
    world.sweep("2021-11-15 09:00")
    assert world.state(case) is S.DEFERRED
    with pytest.raises(EventRefused) as refused:
        world.act(case, "reenter", by="officer-H1")
    assert codes(refused) == [Code.NO_NEXT_ROUND]
    overridden(world, case, "reenter", "no_next_round")
    assert world.act(case, "reenter", by="officer-H1").state is S.DISTRICT_EVALUATION
    row = world.case(case)
    assert (row.attempt, row.round, world.running(case)) == (2, None, {})
    assert sound(world)


def test_a_closed_round_takes_a_case_in_late_by_an_override_and_the_late_door_has_its_day(world: World):
    case = world.filed(at="2021-08-01 09:00")
    world.sweep("2021-11-15 09:00")
    world.rounds.freeze("VS-2021-2", actor=DEPUTY)
    world.rounds.close("VS-2021-2", actor=DEPUTY)
    late: dict[str, Any] = {"until": "2021-12-01", "document_date": "2021-11-15"}
    with pytest.raises(EventRefused) as refused:
        world.act(case, "admit_late", **late)
    assert codes(refused) == [Code.ROUND_CLOSED]
    overridden(world, case, "admit_late", "round_closed")
    assert world.act(case, "admit_late", **late).state is S.DISTRICT_EVALUATION
    assert [str(t.stage) for t in world.running(case).values()] == ["district_eval"]
    report = world.rounds.report("VS-2021-2")
    assert report.overridden == (case,)
    assert sound(world)


def test_papers_are_asked_for_after_the_result_and_the_result_stands(world: World):
    case = world.at_province(at="2021-06-01 09:00")
    world.act(case, "conclude", mean=80)
    with pytest.raises(EventRefused) as refused:
        world.act(case, "return_for_completion")
    assert codes(refused) == [Code.ALREADY_CONCLUDED]
    overridden(world, case, "return_for_completion", "already_concluded")
    world.act(case, "return_for_completion")
    assert world.act(case, "complete").state is S.PROVINCIAL_EVALUATION
    assert world.act(case, "certify").state is S.CERTIFIED
    assert sound(world)


def test_what_nobody_may_override_says_so_and_why(world: World):
    case = world.at_province(at="2021-06-01 09:00")
    world.act(case, "conclude", mean=80)
    with pytest.raises(EventRefused) as refused:
        order(world, case, "file", "no_open_round")
    assert codes(refused) == [Code.WRONG_STATE, Code.NEVER_OVERRIDDEN, Code.NOT_A_STANDING_REASON]
    assert [str(r.detail.get("about", "")) for r in refused.value.reasons][1:] == ["wrong_state", "no_open_round"]
    for step in ("certify", "conclude", "nominate", "withdraw"):
        with pytest.raises(PayloadInvalid):
            order(world, case, step, "already_concluded")
    with pytest.raises(PayloadInvalid):
        order(world, case, "return_for_completion", "result_missing")


def test_a_date_of_the_round_is_answered_by_the_late_door_and_a_deferred_case_cannot_be_returned(world: World):
    case = world.filed(at="2021-06-01 09:00")
    world.sweep("2021-07-12 09:00")
    with pytest.raises(EventRefused) as refused:
        order(world, case, "return_for_completion", "already_concluded")
    assert codes(refused) == [Code.DEADLINE_PASSED, Code.NEVER_OVERRIDDEN, Code.NOT_A_STANDING_REASON]


def test_what_stands_against_the_step_has_to_be_named_and_nothing_else(world: World, planned: str):
    with pytest.raises(EventRefused) as refused:
        order(world, planned, "file", "no_next_round")
    assert codes(refused) == [Code.NO_OPEN_ROUND, Code.NOT_A_STANDING_REASON]
    overridden(world, planned, "file", "no_open_round")
    with pytest.raises(EventRefused) as refused:
        order(world, planned, "file", "no_open_round")
    assert codes(refused) == [Code.NOTHING_TO_OVERRIDE], "it waits to be used already"


def test_nobody_but_the_named_authority_orders_it_and_rights_and_separation_are_never_lifted(world: World, planned: str):
    for somebody in ("producer-P1", "officer-H1", "authority-H1", "officer-VS", "chair-VS", "secretary-VS", "auditor-VS"):
        with pytest.raises(NotAllowed) as refused:
            order(world, planned, "file", "no_open_round", by=somebody)
        assert codes(refused)[0] is Code.FUNCTION_REQUIRED
    overridden(world, planned, "file", "no_open_round")
    with pytest.raises(NotAllowed) as refused:
        world.act(planned, "file", by=CHAIR)
    assert codes(refused) == [Code.FUNCTION_REQUIRED, Code.SEPARATION], "the decision lets the usual person act, and nobody else"


def test_who_had_another_hand_in_the_case_does_not_decide_to_override(world: World, planned: str):
    world.appoint("helper", "officer", "district", "H1")
    world.appoint("helper", "authority", "province", "VS")
    other = world.registered("P1-02", by="helper", at=WINTER)
    world.act(other, "select")
    world.act(other, "submit_plan")
    with pytest.raises(NotAllowed) as refused:
        order(world, other, "file", "no_open_round", by="helper")
    assert codes(refused) == [Code.SEPARATION]
    world.store.save_registry(ties=[TieRow(person=CHAIR, product="P1-01", kind=TieKind.DECLARED)])
    with pytest.raises(NotAllowed) as refused:
        order(world, planned, "file", "no_open_round")
    assert codes(refused) == [Code.TIED_TO_PRODUCT]


def test_the_second_person_is_another_of_the_unit_or_above_and_had_no_hand_in_preparing(world: World, planned: str):
    asked = order(world, planned, "file", "no_open_round")
    for somebody, reason in ((CHAIR, Code.SECOND_PERSON), ("officer-H1", Code.NOT_OF_ITS_UNIT), ("auditor-VS", Code.NOT_OF_ITS_UNIT)):
        with pytest.raises(NotAllowed) as refused:
            world.confirmations.confirm(str(asked.confirmation), actor=somebody)
        assert codes(refused) == [reason]
    assert world.confirmations.confirm(str(asked.confirmation), actor="authority-TW").event == "override"
    world.appoint("helper", "officer", "district", "H1")
    world.appoint("helper", "officer", "province", "VS")
    other = world.registered("P1-02", by="helper", at=WINTER)
    world.act(other, "select")
    world.act(other, "submit_plan")
    again = order(world, other, "file", "no_open_round")
    with pytest.raises(NotAllowed) as refused:
        world.confirmations.confirm(str(again.confirmation), actor="helper")
    assert codes(refused) == [Code.SEPARATION]


def test_it_is_refused_by_the_second_person_with_a_reason_and_both_stay_in_the_history(world: World, planned: str):
    asked = order(world, planned, "file", "no_open_round")
    world.confirmations.refuse(str(asked.confirmation), actor=DEPUTY, reason="Chưa đủ căn cứ")
    assert world.events(planned)[-2:] == ["override_asked", "override_refused"]
    with pytest.raises(EventRefused) as refused:
        world.confirmations.confirm(str(asked.confirmation), actor=DEPUTY)
    assert codes(refused) == [Code.CONFIRMATION_ANSWERED]
    with pytest.raises(EventRefused):
        world.act(planned, "file")
    assert list(overrides(world.store)) == []
    assert sound(world)


def test_it_counts_only_while_who_ordered_it_still_holds_the_function_and_the_reason_still_stands(world: World, planned: str):
    asked = order(world, planned, "file", "no_open_round")
    world.appoint(CHAIR, "authority", "province", "VS", until="2021-11-16")
    world.move("2021-11-16 00:00")
    with pytest.raises(NotAllowed):
        world.confirmations.confirm(str(asked.confirmation), actor=DEPUTY)
    world.appoint(CHAIR, "authority", "province", "VS")
    assert world.confirmations.confirm(str(asked.confirmation), actor=DEPUTY).event == "override"


def test_it_is_for_the_state_in_which_it_was_given_and_falls_with_it(world: World):
    case = world.at_province(at="2021-06-01 09:00")
    world.act(case, "conclude", mean=80)
    overridden(world, case, "return_for_completion", "already_concluded")
    assert "override" in world.case(case).memo
    world.act(case, "certify")
    assert "override" not in world.case(case).memo
    (told,) = overrides(world.store)
    assert (told.used, told.waits) == (None, False)
    assert sound(world)


def test_it_takes_a_reason_a_decision_and_its_signer(world: World, planned: str):
    for missing in ("decision_no", "decision_date", "decision_signer"):
        with pytest.raises(PayloadInvalid) as invalid:
            order(world, planned, "file", "no_open_round", **dict[str, Any]({missing: None}))
        assert [p.pointer for p in invalid.value.problems] == [f"/{missing}"]
    command = world.command(
        planned, "override", by=CHAIR, step="file", overrides=["no_open_round"], decision_no="1/QĐ", decision_date="2021-11-01", decision_signer="K",
    )  # fmt: skip
    with pytest.raises(PayloadInvalid) as invalid:
        world.engine.perform(command)
    assert [p.pointer for p in invalid.value.problems] == ["/reason"]


def test_a_ministry_s_decision_is_recorded_by_an_officer_who_did_not_prepare_the_file_and_still_takes_a_second_person(
    world: World, planned: str
):
    world.appoint("authority-TW", "authority", "centre", "TW", until="2021-01-01")
    asked = order(world, planned, "file", "no_open_round", by="officer-VS", behalf="authority@centre")
    assert asked.confirmation is not None
    with pytest.raises(NotAllowed):
        world.confirmations.confirm(asked.confirmation, actor="officer-VS")
    assert world.confirmations.confirm(asked.confirmation, actor="authority-VS").event == "override"
    assert world.case(planned).memo["hands"]["officer-VS"] == [str(Duty.HANDLES)]
    assert world.act(planned, "file").state is S.DISTRICT_EVALUATION
    assert sound(world)


def test_it_is_judged_beforehand_without_a_trace(world: World, planned: str):
    before = world.case(planned)
    asked = order(world, planned, "file", "no_open_round", dry_run=True)
    assert "awaits_confirmation" in asked.notes
    assert world.case(planned) == before
