"""Delegation: a dated part of a function, exercised by somebody else, with both persons' separation and ties."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from states.chart import Seat
from states.errors import CycleError, EventRefused, MalformedInput, NotAllowed, NotFound, PayloadInvalid
from states.refusal import Code
from states.vocabulary import CaseState, DelegationState, Event, Function
from tests.support.world import World, on
from workflow.access import may_confirm
from workflow.audit import drifts, verify_log
from workflow.delegations import LONGEST, Delegate, Delegations
from workflow.judging import place_of
from workflow.ledger.entry import ActorRef
from workflow.ports import Outcome
from workflow.rows import DelegationRow, TieRow
from workflow.sweeping import sequence

S = CaseState
IN_JUNE = "2021-06-01 09:00"
AUTHORITY = Seat.parse("authority@district")


def delegations(world: World) -> Delegations:
    return Delegations(world.store, world.clock, world.engine.judge.scribe, world.engine)


def asked(**other: Any) -> Delegate:
    given = Delegate(
        seat=AUTHORITY, unit="H1", taker="deputy", first=date(2021, 6, 1), last=date(2021, 6, 30), document_no="5/QĐ-UBND",
        reason="Đi học tập trung", command="one",
    )  # fmt: skip
    return replace(given, **other)


@pytest.fixture
def june(world: World) -> World:
    """June 2021, with a deputy who holds a function of the district without power over cases."""
    world.appoint("deputy", "auditor", "district", "H1")
    world.move(IN_JUNE)
    return world


def give(world: World, *, actor: str = "authority-H1", **other: Any) -> DelegationRow:
    return delegations(world).give(asked(**other), actor=actor)


def reasons(call: Callable[[], Any], kind: type[CycleError] = NotAllowed) -> list[Code]:
    with pytest.raises(kind) as refused:
        call()
    return [reason.code for reason in getattr(refused.value, "reasons", ())]


def test_the_deputy_selects_in_place_of_the_authority_and_the_entry_names_both(june: World):
    case = june.registered()
    given = give(june)
    june.act(case, "select", by="deputy")
    actor = june.history(case)[-1].actor
    assert actor == ActorRef(
        id="deputy", function="authority", level="district", unit="H1", principal="authority-H1", delegation=given.code
    )
    assert june.case(case).memo["hands"] == {"producer-P1": ["prepares"], "deputy": ["decides"], "authority-H1": ["decides"]}


def test_before_its_first_day_after_its_last_and_after_revocation_a_delegation_gives_nothing(june: World):
    case = june.registered()
    give(june, first=date(2021, 6, 3), last=date(2021, 6, 4))
    assert reasons(lambda: june.act(case, "select", by="deputy", at="2021-06-02 23:59:59")) == [Code.FUNCTION_REQUIRED]
    assert june.act(case, "select", by="deputy", at="2021-06-04 23:59:59", dry_run=True).state is S.SELECTED
    assert reasons(lambda: june.act(case, "select", by="deputy", at="2021-06-05 00:00")) == [Code.FUNCTION_REQUIRED]
    again = give(june, first=date(2021, 6, 5), command="two")
    assert june.act(case, "select", by="deputy", dry_run=True).state is S.SELECTED
    ended = delegations(june).revoke(again.code, actor="authority-H1", reason="Đã về")
    assert ended.state is DelegationState.REVOKED
    assert reasons(lambda: june.act(case, "select", by="deputy")) == [Code.FUNCTION_REQUIRED]


def test_a_part_of_a_function_is_that_part_alone(june: World):
    first, second = june.registered("P1-01"), june.registered("P1-02")
    give(june, events=("decline",))
    assert june.act(first, "decline", by="deputy").state is S.NOT_SELECTED
    assert reasons(lambda: june.act(second, "select", by="deputy")) == [Code.FUNCTION_REQUIRED]


def test_what_the_deputy_decided_bars_the_giver_from_handling(june: World):
    june.appoint("authority-H1", "officer", "district", "H1")
    give(june)
    case = june.registered()
    for event, who in (("select", "deputy"), ("submit_plan", None), ("file", None)):
        june.act(case, event, by=who)
    refused = reasons(lambda: june.act(case, "return_for_completion", by="authority-H1", reason="Thiếu phiếu"))
    assert refused == [Code.SEPARATION], "the giver decided, by the deputy's hand"


def test_a_giver_who_prepared_or_is_tied_cannot_have_it_decided_by_a_deputy(june: World):
    june.appoint("authority-H1", "officer", "commune", "X1")
    prepared = june.act("P1-01", Event.REGISTER, by="authority-H1").case
    tied = june.registered("P1-02")
    june.store.save_registry(ties=[TieRow(person="authority-H1", product="P1-02", kind="declared")])
    give(june)
    assert reasons(lambda: june.act(prepared, "select", by="deputy")) == [Code.PRINCIPAL_SEPARATION]
    assert reasons(lambda: june.act(tied, "select", by="deputy")) == [Code.PRINCIPAL_TIED]
    offer = next(o for o in june.engine.situation(tied, "deputy").offers if o.event is Event.SELECT)
    assert [r.code for r in offer.reasons] == [Code.PRINCIPAL_TIED], "the list of actions says the same"


def test_a_deputys_own_tie_bars_the_deputy(june: World):
    case = june.registered()
    june.store.save_registry(ties=[TieRow(person="deputy", product="P1-01", kind="declared")])
    give(june)
    assert reasons(lambda: june.act(case, "select", by="deputy")) == [Code.TIED_TO_PRODUCT]


def test_of_two_givers_the_one_who_is_not_barred_is_acted_for(june: World):
    june.appoint("second", "authority", "district", "H1")
    case = june.registered()
    june.store.save_registry(ties=[TieRow(person="authority-H1", product="P1-01", kind="declared")])
    give(june)
    give(june, actor="second", command="two")
    june.act(case, "select", by="deputy")
    actor = june.history(case)[-1].actor
    assert actor is not None
    assert actor.principal == "second"


def test_rights_revoked_between_judgement_and_writing_are_seen(june: World):
    case = june.registered()
    given = give(june)
    world = june.engine.world(fresh=True)
    loaded = june.store.load_case(case, "")
    assert loaded is not None
    decision = june.engine.judge.decide(world, loaded, june.command(case, "select", by="deputy"), june.clock.now())
    delegations(june).revoke(given.code, actor="authority-H1", reason="Đã về")
    assert june.store.write(decision.changes, epoch=world.epoch) is Outcome.RIGHTS_MOVED
    assert june.state(case) is S.IDEA_REGISTERED


def test_another_process_sees_a_revocation_at_once(june: World):
    case = june.registered()
    given = give(june)
    other = on(june.store, june.clock)
    assert other.act(case, "select", by="deputy", dry_run=True, id="elsewhere-1").state is S.SELECTED
    delegations(june).revoke(given.code, actor="authority-H1", reason="Đã về")
    assert reasons(lambda: other.act(case, "select", by="deputy", id="elsewhere-2")) == [Code.FUNCTION_REQUIRED]


def test_it_falls_with_the_givers_appointment_and_with_the_takers(june: World):
    case = june.registered()
    give(june)
    june.appoint("authority-H1", "authority", "district", "H1", until="2021-06-10")
    june.appoint("deputy", "auditor", "district", "H1", until="2021-06-20")
    assert june.act(case, "select", by="deputy", at="2021-06-09 10:00", dry_run=True).state is S.SELECTED
    assert reasons(lambda: june.act(case, "select", by="deputy", at="2021-06-10 00:00")) == [Code.FUNCTION_REQUIRED]
    june.appoint("authority-H1", "authority", "district", "H1")
    assert june.act(case, "select", by="deputy", at="2021-06-19 10:00", dry_run=True).state is S.SELECTED
    with pytest.raises(CycleError) as gone:
        june.act(case, "select", by="deputy", at="2021-06-20 00:00")
    assert gone.value.code == "outside_territory"


def test_what_was_delegated_is_not_delegated_on(june: World):
    june.appoint("third", "auditor", "district", "H1")
    give(june)
    assert reasons(lambda: give(june, actor="deputy", taker="third", command="two")) == [Code.FUNCTION_REQUIRED]


@pytest.mark.parametrize(
    ("taker", "fits"),
    [
        ("officer-H1", True), ("auditor-VS", True), ("officer-TW", True),
        ("officer-X1", False), ("officer-H2", False), ("officer-VT", False), ("producer-P1", False),
    ],
)  # fmt: skip
def test_it_goes_to_somebody_of_the_unit_or_of_one_above_it(june: World, taker: str, fits: bool):
    if fits:
        assert give(june, taker=taker).taker == taker
    else:
        assert reasons(lambda: give(june, taker=taker), EventRefused) == [Code.TAKER_ELSEWHERE]


@pytest.mark.parametrize(
    ("function", "delegable"),
    [
        ("officer", True),
        ("secretary", True),
        ("chair", True),
        ("authority", True),
        ("member", False),
        ("auditor", False),
        ("adviser", False),
    ],
)
def test_a_member_scores_and_an_auditor_looks_in_person(june: World, function: str, delegable: bool):
    june.appoint("somebody", function, "district", "H1")
    seat = Seat(Function(function), AUTHORITY.level)
    if delegable:
        assert give(june, actor="somebody", seat=seat).giver == "somebody"
    else:
        assert reasons(lambda: give(june, actor="somebody", seat=seat), EventRefused) == [Code.NOT_DELEGABLE]


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ({"taker": "authority-H1"}, "/taker", "same_person"),
        ({"first": date(2021, 5, 31)}, "/first", "day_passed"),
        ({"last": date(2021, 5, 31)}, "/last", "ends_before_it_begins"),
        ({"last": date(2021, 6, 1) + timedelta(days=LONGEST)}, "/last", "delegation_too_long"),
        ({"events": ("fly",)}, "/events", "unknown_value"),
        ({"reason": " "}, "/reason", "empty"),
        ({"reason": "a\0b"}, "/reason", "control_characters"),
        ({"document_no": "Ông Nguyễn Văn Ký"}, "/document_no", "not_a_code"),
    ],
)
def test_what_makes_no_delegation_is_said(june: World, wrong: dict[str, Any], pointer: str, code: str):
    with pytest.raises(PayloadInvalid) as refused:
        give(june, **wrong)
    assert [(p.pointer, p.code) for p in refused.value.problems] == [(pointer, code)]


def test_the_longest_delegation_is_accepted_to_the_day(june: World):
    assert give(june, last=date(2021, 6, 1) + timedelta(days=LONGEST - 1)).valid_to == "2022-06-02"


def test_nobody_and_nothing_are_named_as_such(june: World):
    with pytest.raises(NotFound):
        give(june, taker="nobody")
    with pytest.raises(NotFound):
        delegations(june).revoke("UQ-0000000000", actor="authority-H1", reason="Đã về")


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("authority-H1", True), ("deputy", True), ("authority-VS", True), ("authority-TW", True),
        ("officer-H1", False), ("officer-VS", False),
    ],
)  # fmt: skip
def test_giver_taker_and_the_authority_above_end_a_delegation(june: World, who: str, may: bool):
    given = give(june)
    if may:
        assert delegations(june).revoke(given.code, actor=who, reason="Đã về").state is DelegationState.REVOKED
        assert reasons(lambda: delegations(june).revoke(given.code, actor=who, reason="Đã về"), EventRefused) == [Code.ROUND_STATE]
    else:
        assert reasons(lambda: delegations(june).revoke(given.code, actor=who, reason="Đã về")) == [Code.OTHERS_DELEGATION]


@pytest.mark.parametrize("stranger", ["authority-H2", "authority-VT", "authority-X1", "producer-P1"])
def test_to_whoever_is_of_another_office_a_delegation_is_not_there(june: World, stranger: str):
    code = give(june).code
    with pytest.raises(NotFound) as there:
        delegations(june).revoke(code, actor=stranger, reason="Đã về")
    with pytest.raises(NotFound) as nowhere:
        delegations(june).revoke("UQ-0000000000", actor=stranger, reason="Đã về")
    assert {**there.value.detail, "name": ""} == {**nowhere.value.detail, "name": ""}


def test_the_same_command_gives_once_and_another_under_its_id_is_refused(june: World):
    assert give(june) == give(june)
    assert len(june.history(give(june).code)) == 1
    with pytest.raises(MalformedInput):
        give(june, taker="officer-H1")


def test_the_second_person_is_neither_who_typed_nor_who_acts_for_the_one_who_typed(june: World):
    june.appoint("authority-H1", "officer", "district", "H1")
    give(june, seat=Seat.parse("officer@district"))
    registry = june.engine.world(fresh=True).registry
    case = june.case(june.registered())
    typed = ActorRef(id="authority-H1", function="officer", level="district", unit="H1")
    found, refused = may_confirm(registry, "deputy", typed, place_of(case), date(2021, 6, 1))
    assert found is None
    assert [r.code for r in refused] == [Code.NOT_OF_ITS_UNIT]
    other = ActorRef(id="officer-H1", function="officer", level="district", unit="H1")
    found, _ = may_confirm(registry, "deputy", other, place_of(case), date(2021, 6, 1))
    assert found is not None
    assert found.principal == "authority-H1"


def test_a_round_is_redated_and_a_plan_imported_by_a_deputy_of_the_provinces_officer(june: World):
    june.appoint("stand-in", "auditor", "province", "VS")
    delegations(june).give(asked(seat=Seat.parse("officer@province"), unit="VS", taker="stand-in"), actor="officer-VS")
    june.rounds.freeze("VS-2021-1", actor="stand-in")
    actor = june.history("VS-2021-1")[-1].actor
    assert actor is not None
    assert (actor.id, actor.principal) == ("stand-in", "officer-VS")


def test_reminders_find_the_stand_in(june: World):
    give(june)
    registry = june.engine.world(fresh=True).registry
    assert registry.stand_ins("authority-H1", AUTHORITY, "H1", date(2021, 6, 30)) == ("deputy",)
    assert registry.stand_ins("authority-H1", AUTHORITY, "H1", date(2021, 7, 1)) == ()
    assert registry.holders(AUTHORITY, "X1", date(2021, 6, 30)) == ("authority-H1",), "who holds it is one, who acts another"


def test_delegations_stand_in_the_log_and_their_rows_are_its_fold(june: World):
    given = give(june)
    delegations(june).revoke(given.code, actor="deputy", reason="Xin thôi")
    sequence(june.store)
    assert verify_log(june.store).ok
    assert list(drifts(june.store)) == []
    assert june.events(given.code) == ["delegate", "revoke"]
    body = "".join(stored.body for stored in june.store.entries(given.code))
    assert "Tên Riêng" not in body, "names stay behind commitments"
    assert "Đi học" not in body
    assert [row.code for row in delegations(june).of("deputy")] == [given.code]
