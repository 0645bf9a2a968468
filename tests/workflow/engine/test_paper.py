"""Acts done on paper and typed later: judged by their own day, confirmed by a second person, and the case brought back where need be."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from states.errors import CycleError, EventRefused, MalformedInput, NotAllowed, NotFound, OutsideTerritory, PayloadInvalid
from states.refusal import Code
from states.regime import local_date
from states.vocabulary import CaseState, TermStatus
from tests.support.world import TWO_ROUNDS, World, moment, plan_file
from tests.workflow.engine.test_transaction import dump
from workflow.audit import drifts, verify_log
from workflow.commands import Receipt

S = CaseState
IN_JUNE = "2021-06-01 09:00"
MEETING = "2021-07-08 14:00"
TYPED = "2021-07-12 09:00"
BOSS = "authority-H1"


def typed(world: World, case: str, event: str = "conclude", *, at: str = TYPED, acted_on: str = MEETING, **given: Any) -> Receipt:
    if event == "conclude":
        given = {"mean": 70, "by": "secretary-H1", "minutes_date": acted_on[:10], "report_date": acted_on[:10], **given}
    return world.act(case, event, at=at, acted_on=acted_on, **given)


def deferred(world: World, product: str = "P1-01") -> str:
    case = world.filed(product, at=IN_JUNE)
    world.sweep("2021-07-10 00:01")
    assert world.state(case) is S.DEFERRED
    return case


def confirmed(world: World, case: str, **given: Any) -> Receipt:
    asked = typed(world, case, **given)
    assert asked.confirmation is not None
    return world.confirmations.confirm(asked.confirmation, actor=BOSS)


def codes(refusal: Any) -> list[Any]:
    return [reason.code for reason in refusal.value.reasons]


def sound(world: World) -> bool:
    return list(drifts(world.store)) == [] and verify_log(world.store, deep=True).ok


# In good time.


def test_within_three_working_days_and_before_any_cut_off_one_person_types_it_alone(world: World):
    case = world.filed(at=IN_JUNE)
    receipt = typed(world, case, acted_on="2021-06-02 15:00", at="2021-06-07 17:00")
    assert (receipt.confirmation, receipt.state, receipt.effective_at) == (None, S.DISTRICT_EVALUATION, moment("2021-06-02 15:00"))
    entry = world.history(case)[-1]
    assert (entry.acted_on, entry.effective_at) == (moment("2021-06-02 15:00"), moment("2021-06-02 15:00"))
    assert entry.received_at == entry.recorded_at == moment("2021-06-07 17:00")
    assert [t.status for t in world.store.terms(case) if t.stage == "district_eval"] == [TermStatus.MET]
    assert sound(world)


def test_on_the_fourth_working_day_it_takes_a_second_person(world: World):
    case = world.filed(at=IN_JUNE)
    receipt = typed(world, case, acted_on="2021-06-02 15:00", at="2021-06-08 08:00")
    assert (receipt.confirmation, receipt.state) == (f"{case}:{receipt.seq}", S.DISTRICT_EVALUATION)
    assert receipt.notes == ("awaits_confirmation",)
    assert world.case(case).memo.get("results") is None


def test_a_passed_cut_off_takes_a_second_person_however_short_the_time(world: World):
    case = world.filed(at=IN_JUNE)
    receipt = typed(world, case, acted_on="2021-07-09 15:00", at="2021-07-10 00:00:10")
    assert receipt.confirmation is not None
    assert world.state(case) is S.DISTRICT_EVALUATION


# The meeting of 8 July, typed on 12 July.


def test_a_meeting_of_8_july_typed_on_12_july_counts_after_a_second_persons_word_and_both_stand(world: World):
    case = deferred(world)
    version, before = world.case(case).version, world.running(case)
    asked = typed(world, case)
    assert world.state(case) is S.DEFERRED
    assert world.case(case).version == version, "asking is a note"
    assert world.running(case) == before == {}
    world.move("2021-07-13 08:00")
    receipt = world.confirmations.confirm(str(asked.confirmation), actor=BOSS)
    assert (receipt.state, receipt.effective_at, receipt.settled) == (S.DISTRICT_EVALUATION, moment(MEETING), ())
    assert world.events(case)[-4:] == ["defer", "paper_asked", "reinstate", "conclude"]
    act = world.history(case)[-1]
    assert act.actor is not None
    assert (act.actor.id, act.data["confirmed_by"], act.data["confirms"]) == ("secretary-H1", BOSS, asked.seq)
    assert (act.acted_on, act.received_at, act.recorded_at) == (moment(MEETING), moment(TYPED), moment("2021-07-13 08:00"))
    assert world.case(case).memo["results"]["district"]["mean"] == "70"
    assert world.case(case).round == "VS-2021-1"
    assert world.case(case).attempt == 1
    assert "missed" not in world.case(case).memo
    stages = {(str(t.stage), str(t.status)) for t in world.store.terms(case) if t.id.split(":")[1] > str(asked.seq)}
    assert ("district_eval", "met") in stages
    assert world.running(case)["province_eval"].due_at == moment("2021-07-30 00:00")
    assert sound(world)


def test_afterwards_the_case_goes_on_and_the_later_cut_off_still_bites(world: World):
    case = deferred(world)
    confirmed(world, case)
    world.act(case, "forward", at="2021-07-13 09:00")
    world.sweep("2021-07-30 00:01")
    assert world.state(case) is S.DEFERRED
    assert world.history(case)[-1].effective_at == moment("2021-07-30 00:00")


def test_a_later_cut_off_that_has_passed_meanwhile_is_judged_at_once(world: World):
    case = deferred(world)
    asked = typed(world, case, at="2021-08-02 09:00")
    receipt = world.confirmations.confirm(str(asked.confirmation), actor="officer-VS")
    assert receipt.settled == ("defer",)
    assert world.events(case)[-4:] == ["paper_asked", "reinstate", "conclude", "defer"]
    assert world.history(case)[-1].effective_at == moment("2021-07-30 00:00")
    assert world.case(case).memo["results"]["district"]["mean"] == "70", "the result is kept"
    assert sound(world)


def test_what_a_worker_that_stood_still_has_not_written_yet_does_not_stand_in_the_way(world: World):
    case = world.filed(at=IN_JUNE)
    receipt = confirmed(world, case)
    assert receipt.state is S.DISTRICT_EVALUATION
    assert world.events(case)[-2:] == ["paper_asked", "conclude"]
    assert [str(t.status) for t in world.store.terms(case) if t.stage == "district_eval"] == ["met"]
    assert world.sweep("2021-07-13 00:00").fired == []


def test_an_act_at_the_cut_off_itself_is_late_on_paper_too(world: World):
    case = deferred(world)
    with pytest.raises(EventRefused) as refused:
        typed(world, case, acted_on="2021-07-10 00:00")
    assert codes(refused) == [Code.DEADLINE_PASSED]


def test_a_dry_run_says_that_it_would_be_asked_and_writes_nothing(world: World):
    case = deferred(world)
    before = dump(world)
    receipt = typed(world, case, dry_run=True)
    assert receipt.notes == ("awaits_confirmation",)
    assert dump(world) == before


def test_the_same_command_again_gives_the_same_receipt_before_and_after_the_answer(world: World):
    case = deferred(world)
    asked = typed(world, case, id="once")
    for _ in range(2):
        again = typed(world, case, id="once")
        assert (again.replayed, again.confirmation, again.seq, again.version) == (True, asked.confirmation, asked.seq, asked.version)
        if "conclude" not in world.events(case):
            world.confirmations.confirm(str(asked.confirmation), actor=BOSS)
    with pytest.raises(MalformedInput) as reused:
        world.act(case, "forward", at=TYPED, id="once")
    assert reused.value.code == "command_reused"


# Entered anew meanwhile.


def test_a_mere_re_entry_is_undone_and_the_case_stands_where_it_stood(world: World):
    case = deferred(world)
    hands = world.case(case).memo["hands"]
    world.act(case, "reenter", at="2021-07-11 08:00", by="officer-VS")
    assert (world.case(case).attempt, world.case(case).round) == (2, "VS-2021-2")
    receipt = confirmed(world, case)
    assert receipt.state is S.DISTRICT_EVALUATION
    assert world.events(case)[-5:] == ["reenter", "paper_asked", "undo_reenter", "reinstate", "conclude"]
    row = world.case(case)
    assert (row.attempt, row.round, row.left) == (1, "VS-2021-1", None)
    assert row.memo["hands"] == {**hands, "secretary-H1": ["scores"]}
    assert set(world.running(case)) == {"province_eval"}
    assert world.running(case)["province_eval"].round == "VS-2021-1"
    assert sound(world)


def test_a_returned_case_comes_back_as_returned(world: World):
    case = world.filed(at=IN_JUNE)
    world.act(case, "return_for_completion", at="2021-06-02 08:00")
    world.sweep("2021-07-10 00:01")
    world.act(case, "reenter", at="2021-07-11 08:00", by="officer-VS")
    with pytest.raises(EventRefused) as refused:
        typed(world, case)
    assert codes(refused) == [Code.WRONG_STATE]
    assert refused.value.detail["state"] is S.RETURNED
    assert world.case(case).attempt == 2


def test_more_than_a_re_entry_answers_that_the_attempt_has_moved_on(world: World):
    case = deferred(world)
    world.act(case, "reenter", at="2021-07-11 08:00", by="officer-VS")
    world.act(case, "conclude", mean=60, at="2021-07-11 09:00")
    version = world.case(case).version
    with pytest.raises(EventRefused) as refused:
        typed(world, case)
    assert codes(refused) == [Code.ATTEMPT_MOVED_ON]
    assert world.case(case).version == version


def test_a_second_deferral_is_more_than_a_re_entry(world: World):
    case = deferred(world)
    world.act(case, "reenter", at="2021-07-11 08:00", by="officer-VS")
    world.sweep("2021-10-10 00:01")
    with pytest.raises(EventRefused) as refused:
        typed(world, case, at="2021-10-11 08:00")
    assert codes(refused) == [Code.ATTEMPT_MOVED_ON]


def test_an_act_after_the_re_entry_belongs_to_the_new_attempt(world: World):
    case = deferred(world)
    world.act(case, "reenter", at="2021-07-11 08:00", by="officer-VS")
    receipt = typed(world, case, acted_on="2021-07-11 09:00", at="2021-07-12 09:00")
    assert receipt.confirmation is None
    assert (world.case(case).attempt, world.case(case).round) == (2, "VS-2021-2")


def test_a_round_re_dated_meanwhile_brings_its_new_dates(world: World):
    case = deferred(world)
    world.publish(plan_file("LATER", 2021, [(s, n, p.replace("30/7/2021", "15/8/2021")) for s, n, p in TWO_ROUNDS]), at="2021-07-11 08:00")
    confirmed(world, case)
    assert world.running(case)["province_eval"].due_at == moment("2021-08-15 00:00")
    assert sound(world)


def test_deadlines_beside_the_round_run_on_as_if_never_deferred(world: World):
    case = deferred(world)
    ran = {t.stage: t.due_at for t in world.store.terms(case) if t.status is TermStatus.DROPPED and t.stage != "plan_execution"}
    confirmed(world, case)
    assert {t.stage: t.due_at for t in world.running(case).values()} == ran


def test_a_member_that_was_carried_on_comes_back_into_its_closed_round_and_is_carried_on_again(world: World):
    case = deferred(world)
    world.move("2021-08-01 08:00")
    assert [(c.case, c.to) for c in world.rounds.close("VS-2021-1", actor="officer-VS").carried] == [(case, "VS-2021-2")]
    asked = typed(world, case, at="2021-08-02 09:00")
    receipt = world.confirmations.confirm(str(asked.confirmation), actor=BOSS)
    assert (receipt.settled, world.case(case).round, world.case(case).attempt) == (("defer",), "VS-2021-1", 1)
    again = world.rounds.rollover("VS-2021-1", actor="officer-VS")
    assert [(c.case, c.to) for c in again.carried] == [(case, "VS-2021-2")]
    row = world.case(case)
    assert (row.attempt, row.round, row.memo["results"]["district"]["mean"]) == (2, "VS-2021-2", "70")
    assert sound(world)


def test_a_new_date_for_the_next_round_is_nobodys_act(world: World):
    case = deferred(world)
    world.act(case, "reenter", at="2021-07-11 08:00", by="officer-VS")
    world.publish(
        plan_file("LATER", 2021, [(s, n, p.replace("30/10/2021", "15/11/2021")) for s, n, p in TWO_ROUNDS]), at="2021-07-11 09:00"
    )
    assert world.events(case)[-1] == "redate"
    assert confirmed(world, case).state is S.DISTRICT_EVALUATION
    assert (world.case(case).round, sound(world)) == ("VS-2021-1", True)


def test_a_decision_on_paper_issues_its_certificate_as_of_its_day(world: World):
    case = world.at_province(at=IN_JUNE)
    world.act(case, "conclude", mean=80, at="2021-07-01 08:00")
    decision = {"decision_no": "12/QĐ-UBND", "decision_date": "2021-07-05"}
    asked = typed(world, case, "certify", acted_on="2021-07-05 10:00", at="2021-07-20 08:00", **decision)
    assert world.store.certificates() == []
    world.confirmations.confirm(str(asked.confirmation), actor="officer-VS")
    (certificate,) = world.store.certificates()
    assert (world.state(case), certificate.decided_on, certificate.stars) == (S.CERTIFIED, "2021-07-05", 4)
    assert sound(world)


def test_in_a_batch_an_act_on_paper_is_judged_like_any_other(world: World):
    cases = [deferred(world), world.filed("P1-02", at="2021-07-12 08:00")]
    world.move(TYPED)
    day = "2021-07-08"
    paper = world.command(cases[0], "conclude", mean=70, by="secretary-H1", minutes_date=day, report_date=day, acted_on=MEETING)
    answers = world.engine.perform_each([paper, world.command(cases[1], "conclude", mean=60)])
    assert [getattr(a, "confirmation", a) for a in answers] == [f"{cases[0]}:6", None]


def test_of_two_answers_at_the_same_moment_one_counts(world: World):
    asked = str(typed(world, deferred(world)).confirmation)

    def answer(who: str) -> str:
        try:
            return world.confirmations.confirm(asked, actor=who).event
        except EventRefused as refused:
            return str(refused.reasons[0].code)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(answer, [BOSS, "officer-VS"])) == ["conclude", "confirmation_answered"]
    assert sound(world)


# Bad input.


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"acted_on": "2021-07-13 09:00"}, "in_future"),
        ({"acted_on": "2021-05-31 09:00"}, "before_last_act"),
        ({"event": "return_for_completion", "by": "officer-H1"}, "not_a_paper_act"),
        ({"minutes_no": None}, "required"),
        ({"minutes_date": "2021-07-13"}, "in_future"),
    ],
)
def test_what_cannot_have_been_done_on_paper_is_said_and_nothing_changes(world: World, given: dict[str, Any], problem: str):
    case = world.filed(at=IN_JUNE)
    world.move(TYPED)
    before = dump(world)
    with pytest.raises(PayloadInvalid) as invalid:
        typed(world, case, **given)
    assert problem in [p.code for p in invalid.value.problems]
    assert dump(world) == before


def test_an_instant_without_zone_and_a_registration_from_paper_are_refused(world: World):
    case = world.filed(at=IN_JUNE)
    command = world.command(case, "conclude", mean=70, acted_on=MEETING)
    naive = moment(MEETING).replace(tzinfo=None)
    with pytest.raises(MalformedInput, match="instant_without_zone"):
        world.engine.perform(type(command)(**{n: getattr(command, n) for n in command.__slots__} | {"acted_on": naive}))
    with pytest.raises(PayloadInvalid):
        world.act("P1-02", "register", at=TYPED, acted_on=MEETING)


def test_a_producers_own_filing_counts_from_receipt_and_a_paper_one_from_the_intake_stamp(world: World):
    case = world.registered(at="2021-06-01 08:00")
    world.act(case, "select", at="2021-06-01 09:00")
    world.act(case, "submit_plan", at="2021-06-01 10:00")
    paper = {"document_no": "15/TN", "document_date": "2021-06-02", "intake_no": "15"}
    with pytest.raises(NotAllowed) as refused:
        typed(world, case, "file", by="producer-P1", acted_on="2021-06-02 10:00", at="2021-06-03 08:00", **paper)
    assert codes(refused) == [Code.JUDGED_BY_RECEIPT]
    with pytest.raises(PayloadInvalid) as invalid:
        typed(world, case, "file", by="officer-X1", acted_on="2021-06-02 10:00", at="2021-06-03 08:00")
    assert {p.pointer for p in invalid.value.problems} == {"/document_no", "/document_date"}
    typed(world, case, "file", by="officer-X1", acted_on="2021-06-02 10:00", at="2021-06-03 08:00", **paper)
    assert (world.state(case), world.history(case)[-1].data["document_no"]) == (S.DISTRICT_EVALUATION, "15/TN")


def test_a_paper_filing_joins_the_round_that_was_open_on_its_day(world: World):
    case = world.registered(at="2021-06-01 08:00")
    world.act(case, "select", at="2021-06-01 09:00")
    world.act(case, "submit_plan", at="2021-06-01 10:00")
    world.move("2021-06-03 08:00")
    world.rounds.freeze("VS-2021-1", actor="officer-VS")
    paper = {"document_no": "15/TN", "document_date": "2021-06-02"}
    typed(world, case, "file", by="officer-X1", acted_on="2021-06-02 10:00", at="2021-06-03 09:00", **paper)
    assert world.case(case).round == "VS-2021-1"


def test_a_former_districts_act_is_recorded_for_it_after_its_end(bare: World):
    bare.publish(plan_file("KH-2025", 2025, [("district_eval", 1, "trước ngày 10/8/2025"), ("province_eval", 1, "trước ngày 30/9/2025")]),
                 at="2025-01-10 08:00")  # fmt: skip
    case, other = bare.filed(at="2025-06-20 08:00"), bare.filed("P1-02", at="2025-06-20 09:00")
    given: dict[str, Any] = {"mean": 75, "minutes_date": "2025-06-28", "report_date": "2025-06-28", "acted_on": "2025-06-28 09:00"}
    bare.move("2025-07-07 08:00")
    asked = bare.act(case, "conclude", by="officer-VS", behalf="chair@district", **given)
    assert asked.confirmation is not None
    receipt = bare.confirmations.confirm(asked.confirmation, actor="authority-VS")
    assert (receipt.effective_at, bare.case(case).memo["results"]["district"]["stars"]) == (moment("2025-06-28 09:00"), 4)
    with pytest.raises(EventRefused) as refused:
        bare.act(other, "conclude", by="officer-VS", behalf="chair@district", mean=75)
    assert Code.DISTRICT_ABOLISHED in codes(refused)


# The second person.


@pytest.mark.parametrize(
    ("who", "code"),
    [("secretary-H1", Code.SECOND_PERSON), ("chair-H1", Code.NOT_OF_ITS_UNIT), ("officer-X1", Code.NOT_OF_ITS_UNIT)],
)
def test_who_is_not_a_second_person_of_the_unit_or_above_is_told_so(world: World, who: str, code: Code):
    case = deferred(world)
    asked = typed(world, case)
    before = dump(world)
    for answer in (world.confirmations.confirm, lambda c, actor: world.confirmations.refuse(c, actor=actor, reason="Không có biên bản")):
        with pytest.raises(NotAllowed) as refused:
            answer(str(asked.confirmation), actor=who)
        assert code in codes(refused)
    assert dump(world) == before


def test_an_officer_who_typed_it_is_no_second_person_in_another_seat(world: World):
    case = deferred(world)
    world.appoint("secretary-H1", "officer", "province", "VS")
    asked = typed(world, case)
    with pytest.raises(NotAllowed) as refused:
        world.confirmations.confirm(str(asked.confirmation), actor="secretary-H1")
    assert codes(refused) == [Code.SECOND_PERSON]


def test_somebody_from_elsewhere_does_not_even_see_it(world: World):
    asked = typed(world, deferred(world))
    with pytest.raises(OutsideTerritory):
        world.confirmations.confirm(str(asked.confirmation), actor="authority-K1")


@pytest.mark.parametrize("who", [BOSS, "officer-H1", "officer-VS", "authority-TW"])
def test_an_officer_or_the_authority_of_the_unit_or_above_confirms(world: World, who: str):
    asked = typed(world, deferred(world))
    assert world.confirmations.confirm(str(asked.confirmation), actor=who).event == "conclude"


def test_a_refusal_with_its_reason_stands_in_the_history_and_changes_nothing_else(world: World):
    case = deferred(world)
    asked = typed(world, case)
    version = world.case(case).version
    with pytest.raises(PayloadInvalid):
        world.confirmations.refuse(str(asked.confirmation), actor=BOSS, reason=" ")
    receipt = world.confirmations.refuse(str(asked.confirmation), actor=BOSS, reason="Biên bản chưa ký")
    assert (receipt.event, receipt.state, receipt.version) == ("paper_refused", S.DEFERRED, version)
    assert world.events(case)[-2:] == ["paper_asked", "paper_refused"]
    assert list(world.confirmations.waiting()) == []
    assert sound(world)


@pytest.mark.parametrize("first", ["confirm", "refuse"])
def test_an_answer_is_given_once(world: World, first: str):
    asked = str(typed(world, deferred(world)).confirmation)
    if first == "confirm":
        world.confirmations.confirm(asked, actor=BOSS)
    else:
        world.confirmations.refuse(asked, actor=BOSS, reason="Chưa ký")
    before = dump(world)
    for again in (lambda: world.confirmations.confirm(asked, actor="officer-VS"),
                  lambda: world.confirmations.refuse(asked, actor="officer-VS", reason="Thôi")):  # fmt: skip
        with pytest.raises(EventRefused) as refused:
            again()
        assert codes(refused) == [Code.CONFIRMATION_ANSWERED]
    assert dump(world) == before


def test_whoever_acts_on_the_case_meanwhile_lets_it_fall(world: World):
    case = world.filed(at=IN_JUNE)
    asked = typed(world, case, acted_on="2021-06-02 15:00", at="2021-06-10 08:00")
    world.act(case, "return_for_completion", at="2021-06-11 08:00")
    assert list(world.confirmations.waiting()) == []
    with pytest.raises(EventRefused) as refused:
        world.confirmations.confirm(str(asked.confirmation), actor=BOSS)
    assert codes(refused) == [Code.CONFIRMATION_OUTDATED]


def test_a_withdrawal_lets_it_fall(world: World):
    case = deferred(world)
    asked = typed(world, case)
    world.act(case, "withdraw", at="2021-07-12 10:00")
    assert "asked" not in world.case(case).memo
    with pytest.raises(EventRefused) as refused:
        world.confirmations.confirm(str(asked.confirmation), actor=BOSS)
    assert codes(refused) == [Code.CONFIRMATION_OUTDATED]
    assert (world.state(case), sound(world)) == (S.WITHDRAWN, True)


def test_a_cut_off_between_the_typing_and_the_word_does_not_stand_in_the_way(world: World):
    case = world.filed(at=IN_JUNE)
    asked = typed(world, case, acted_on="2021-06-02 15:00", at="2021-07-09 16:00")
    world.sweep("2021-07-10 00:01")
    assert world.state(case) is S.DEFERRED
    receipt = world.confirmations.confirm(str(asked.confirmation), actor=BOSS)
    assert receipt.state is S.DISTRICT_EVALUATION
    assert world.events(case)[-3:] == ["defer", "reinstate", "conclude"]
    assert sound(world)


def test_what_waits_is_listed_with_what_was_typed_and_free_text_stays_behind_commitments(world: World):
    case = deferred(world)
    other = deferred(world, "P2-01")
    asked = typed(world, case)
    world.act(
        other, "eliminate", by="secretary-H2", at=TYPED, acted_on=MEETING, minutes_date="2021-07-08", reason="Giấy phép của bà Mơ đã hết"
    )
    waiting = list(world.confirmations.waiting())
    assert [(w.id, str(w.event), w.product) for w in waiting] == [
        (asked.confirmation, "conclude", "P1-01"),
        (f"{other}:{6}", "eliminate", "P2-01"),
    ]
    stored = world.store.entry(other, 6)
    assert stored is not None
    assert "Mơ" not in stored.body
    assert waiting[1].line.text("reason") == "Giấy phép của bà Mơ đã hết"
    world.confirmations.confirm(waiting[1].id, actor="authority-H2")
    assert world.state(other) is S.ELIMINATED
    assert sound(world)


@pytest.mark.parametrize(
    "name", ["", "x", "VS-2021-0001", "VS-2021-0001:1", "VS-2021-0001:99", "VS-2021-0001:²", "VS-2021-0001:" + "9" * 40]
)
def test_an_id_that_names_nothing_is_said(world: World, name: str):
    deferred(world)
    with pytest.raises(NotFound):
        world.confirmations.confirm(name, actor=BOSS)


def test_a_refused_act_on_paper_keeps_its_refusal_and_asks_nobody(world: World):
    case = deferred(world)
    with pytest.raises(CycleError):
        typed(world, case, by="officer-H1")
    assert world.events(case)[-1] == "!conclude"
    assert list(world.confirmations.waiting()) == []


# Other effects of a date.


def test_a_stage_recorded_as_passed_turns_out_to_be_met(bare: World):
    bare.publish(
        plan_file("KH-2021", 2021, [("district_eval", 1, "trước ngày 10/7/2021", "record"), ("province_eval", 1, "trước ngày 30/7/2021")])
    )
    case = bare.filed(at=IN_JUNE)
    bare.sweep("2021-07-10 00:01")
    assert bare.events(case)[-1] == "record"
    receipt = confirmed(bare, case)
    assert [n for n in receipt.notes if n.startswith("late")] == []
    assert [str(t.status) for t in bare.store.terms(case) if t.stage == "district_eval"] == ["met"]
    assert sound(bare)


def test_a_proposal_in_time_stays_in_the_round_that_it_was_sorted_out_of(world26: World):
    case = world26.filed(at="2026-06-01 09:00")
    first = world26.case(case).round
    due = world26.running(case)["commune_to_province"].due_at
    world26.sweep(due + timedelta(minutes=1))
    assert world26.events(case)[-1] == "sort"
    assert world26.case(case).round != first
    day = (local_date(due) - timedelta(days=1)).isoformat()
    asked = world26.act(case, "forward", acted_on=f"{day} 15:00", document_date=day)
    assert asked.confirmation is not None
    world26.confirmations.confirm(asked.confirmation, actor="officer-VS")
    assert world26.state(case) is S.PROVINCIAL_EVALUATION
    assert world26.case(case).round == first
    assert sound(world26)
