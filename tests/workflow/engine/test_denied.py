"""Refused attempts in the history: which are kept, what they say, and what they leave alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from states.errors import CycleError, EventRefused, NotAllowed, NotFound, OutsideTerritory, PayloadInvalid, StaleCase, UnknownName
from states.vocabulary import CaseState
from tests.support.world import World
from workflow.audit import drifts, verify_log
from workflow.timeline import timeline

S = CaseState
IN_JUNE = "2021-06-01 09:00"
A_MINUTE_FULL = 20


@pytest.fixture
def case(world: World) -> str:
    return world.filed(at=IN_JUNE)


def test_an_attempt_refused_by_rights_is_kept_and_moves_the_head_but_not_the_version(world: World, case: str):
    before = world.case(case)
    with pytest.raises(NotAllowed):
        world.act(case, "conclude", by="officer-X1", mean=70)
    after, entry = world.case(case), world.history(case)[-1]
    assert after == replace(before, head_seq=before.head_seq + 1, head_hash=after.head_hash)
    assert (entry.event, entry.outcome, entry.from_, entry.to, entry.reasons) == (
        "conclude",
        "denied",
        "district_evaluation",
        None,
        ("function_required",),
    )
    assert entry.actor is not None
    assert (entry.actor.id, entry.actor.function, entry.data, entry.result) == ("officer-X1", "officer", {}, None)


def test_an_attempt_refused_by_the_case_is_kept_with_every_reason(world: World, case: str):
    with pytest.raises(EventRefused) as refused:
        world.act(case, "forward")
    entry = world.history(case)[-1]
    assert (entry.outcome, list(entry.reasons)) == ("denied", [str(r.code) for r in refused.value.reasons])


def test_a_refused_attempt_leaves_the_deadlines_alone(world: World, case: str):
    before = list(world.store.terms(case))
    with pytest.raises(EventRefused):
        world.act(case, "forward")
    assert list(world.store.terms(case)) == before


def test_the_names_of_a_refused_attempt_are_openings(world: World, case: str):
    with pytest.raises(NotAllowed):
        world.act(case, "conclude", by="producer-P1", mean=70)
    *_, line = timeline(world.store, case)
    assert line.text("actor.name") == "Tên Riêng producer-P1"
    assert line.text("actor.unit") == "Xã Suối Mơ"


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (PayloadInvalid, {"event": "conclude", "mean": "a lot"}),
        (PayloadInvalid, {"event": "conclude", "mean": 70, "colour": "red"}),
        (PayloadInvalid, {"event": "conclude", "mean": 70, "minutes_date": "2022-01-01"}),
        (UnknownName, {"event": "send_down", "by": "officer-VS"}),
        (OutsideTerritory, {"event": "conclude", "mean": 70, "by": "chair-H2"}),
        (NotFound, {"event": "conclude", "mean": 70, "by": "nobody"}),
        (StaleCase, {"event": "conclude", "mean": 70, "version": 1}),
        (StaleCase, {"event": "forward", "version": 1}),
    ],
)
def test_what_is_malformed_stale_unknown_or_out_of_sight_writes_nothing(
    world: World, case: str, expected: type[CycleError], given: dict[str, object]
):
    before = world.case(case)
    with pytest.raises(expected):
        world.act(case, **given)  # type: ignore[arg-type]
    assert world.case(case) == before


def test_a_missing_reason_is_a_problem_of_the_request_and_writes_nothing(world: World, case: str):
    before = world.case(case)
    with pytest.raises(PayloadInvalid) as refused:
        world.engine.perform(replace(world.command(case, "withdraw"), reason=None))
    assert [(p.pointer, p.code) for p in refused.value.problems] == [("/reason", "reason_required")]
    assert world.case(case) == before


def test_a_refused_registration_has_no_case_to_keep_it(world: World):
    with pytest.raises(NotAllowed):
        world.act("P1-01", "register", by="chair-H1")
    assert list(world.store.entries("VS-2021-0001")) == []


def test_a_refused_command_is_judged_afresh(world: World, case: str):
    command = world.command(case, "conclude", by="newcomer", mean=70)
    world.appoint("newcomer", "officer", "district", "H1")
    for _ in range(2):
        with pytest.raises(NotAllowed):
            world.engine.perform(command)
    world.appoint("newcomer", "chair", "district", "H1")
    receipt = world.engine.perform(command)
    assert (receipt.replayed, world.events(case)[-3:]) == (False, ["!conclude", "!conclude", "conclude"])
    assert world.engine.perform(command).replayed is True


def test_a_version_seen_before_a_refused_attempt_is_still_good(world: World, case: str):
    seen = world.case(case).version
    with pytest.raises(NotAllowed):
        world.act(case, "conclude", by="producer-P1", mean=70)
    assert world.act(case, "conclude", mean=70, version=seen).version == seen + 1


def test_of_one_person_only_so_many_refusals_a_minute_are_kept(world: World, case: str):
    def refused(number: int, by: str) -> None:
        for _ in range(number):
            with pytest.raises(NotAllowed):
                world.act(case, "conclude", by=by, mean=70)

    entries = len(world.history(case))
    refused(A_MINUTE_FULL + 15, "producer-P1")
    assert len(world.history(case)) == entries + A_MINUTE_FULL
    refused(3, "officer-X1")
    assert len(world.history(case)) == entries + A_MINUTE_FULL + 3, "somebody else is not silenced"
    world.move(world.clock.now() + timedelta(seconds=61))
    refused(1, "producer-P1")
    assert len(world.history(case)) == entries + A_MINUTE_FULL + 4


def test_refused_attempts_belong_to_the_chain(world: World, case: str):
    for _ in range(3):
        with pytest.raises(EventRefused):
            world.act(case, "forward")
    world.act(case, "conclude", mean=70)
    assert verify_log(world.store, deep=True).ok
    assert list(drifts(world.store)) == []
