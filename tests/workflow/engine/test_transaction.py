"""One event is one transaction: whatever breaks or interferes, there is all of it or nothing, and a repeated command changes nothing."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from states.errors import CycleError, EventRefused, NotAllowed, NotFound, OutsideTerritory, PayloadInvalid, StaleCase
from states.refusal import Code
from states.vocabulary import CaseState
from tests.support.meddling import Fault, Meddler, before
from tests.support.world import TWO_ROUNDS, World, on, plan_file
from workflow.audit import drifts, verify_log
from workflow.certificates import certificate_code
from workflow.commands import Command, Receipt
from workflow.ports import CaseQuery

S = CaseState
IN_JUNE = "2021-06-01 09:00"


def meddled(world: World) -> tuple[World, Meddler]:
    """The same database as another process has it, with a meddler in between."""
    store, meddler = before(world.store)
    other = on(store, world.clock)
    other.numbers = world.numbers
    return other, meddler


def in_a_thread(work: Callable[[], object]) -> Callable[[], None]:
    """Work for a second thread, over when it returns."""

    def run() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work).result()

    return run


# Faults.


def to_certify(world: World, product: str) -> Command:
    """An upgrade about to be recognised: it changes two cases and two certificates."""
    first = world.certified(product, 60, "2021-06-01 08:00")
    second = world.registered(product, kind="upgrade", certificate=certificate_code(first))
    world.act(second, "file")
    for event in ("conclude", "forward", "conclude"):
        world.act(second, event, mean=80 if event == "conclude" else None)
    return world.command(second, "certify")


def to_settle(world: World, product: str) -> Command:
    """A request after a cut-off: the deferral is a transaction of its own."""
    return world.command(world.filed(product), "withdraw", at="2021-07-10 09:00")


def to_register(world: World, product: str) -> Command:
    return world.command(product, "register")


def to_file(world: World, product: str) -> Command:
    case = world.registered(product)
    world.act(case, "select")
    world.act(case, "submit_plan")
    return world.command(case, "file")


@pytest.mark.parametrize("prepare", [to_certify, to_settle, to_register, to_file])
def test_a_fault_at_any_call_of_the_store_leaves_no_half_state_and_the_command_can_be_repeated(
    world: World, prepare: Callable[[World, str], Command]
):
    world.move(IN_JUNE)
    other, meddler = meddled(world)
    other.engine.world()
    other.engine.perform(prepare(world, "P1-01"))
    usual = len(meddler.calls)
    assert usual > 2
    faults = 0
    for number in range(1, usual + 1):
        for when in ("fail_before", "fail_after"):
            faults += 1
            command = prepare(world, f"P1-{faults + 1:02d}")
            other, meddler = meddled(world)
            setattr(meddler, when, number)
            with pytest.raises(Fault):
                other.engine.perform(command)
            again = world.engine.perform(command)
            assert again.event == command.event
            entries = [e for e in world.history(again.case) if e.command == command.id]
            assert [e.case_seq for e in entries] == [again.seq], f"written once ({when} {number})"
            assert world.state(again.case) is again.state
    assert list(drifts(world.store)) == []
    assert verify_log(world.store, deep=True).ok


def test_an_answer_that_was_lost_on_the_way_is_given_again(world: World):
    case = world.filed(at=IN_JUNE)
    command = world.command(case, "conclude", mean=70)
    other, meddler = meddled(world)
    other.engine.world()
    meddler.fail_after = len(meddler.calls) + 2  # it is loaded, it is written
    with pytest.raises(Fault, match="after write"):
        other.engine.perform(command)
    assert world.engine.perform(command).replayed is True
    assert world.events(case).count("conclude") == 1


# The same command again.


def same(first: Receipt, again: Receipt) -> bool:
    return replace(first, replayed=True, settled=()) == again


def test_the_same_command_gives_the_same_receipt_also_after_the_case_moved_on(world: World):
    case = world.filed(at=IN_JUNE)
    command = world.command(case, "conclude", mean=70)
    first = world.engine.perform(command)
    assert same(first, world.engine.perform(command))
    world.act(case, "forward")
    world.act(case, "withdraw")
    assert same(first, world.engine.perform(command))
    assert world.events(case).count("conclude") == 1


def test_the_version_on_a_repeated_receipt_is_that_of_its_act_so_that_nobody_acts_on_what_he_has_not_seen(world: World):
    case = world.filed(at=IN_JUNE)
    command = world.command(case, "conclude", mean=70)
    first = world.engine.perform(command)
    with pytest.raises(NotAllowed):
        world.act(case, "conclude", by="producer-P1", mean=70)  # a denied entry does not count
    world.act(case, "forward")
    again = world.engine.perform(command)
    assert again.version == first.version
    with pytest.raises(StaleCase):
        world.act(case, "withdraw", version=again.version)


def test_registering_twice_with_one_command_makes_one_case(world: World):
    command = world.command("P1-01", "register")
    first = world.engine.perform(command)
    world.act(first.case, "select")
    assert same(first, world.engine.perform(command))
    assert len(world.store.cases(CaseQuery())) == 1


def test_a_command_id_belongs_to_its_case(world: World):
    one, two = world.registered("P1-01"), world.registered("P1-02")
    assert world.act(one, "select", id="the-same").replayed is False
    assert world.act(two, "select", id="the-same").replayed is False


# Versions.


def test_a_stale_version_is_told_the_present_one_and_writes_nothing(world: World):
    case = world.filed(at=IN_JUNE)
    seen = world.case(case).version
    world.act(case, "conclude", mean=70)
    entries = len(world.history(case))
    with pytest.raises(StaleCase) as stale:
        world.act(case, "forward", version=seen)
    assert stale.value.detail == {"case": case, "expected": seen, "version": seen + 1, "state": S.DISTRICT_EVALUATION}
    assert len(world.history(case)) == entries
    assert world.act(case, "forward", version=seen + 1).version == seen + 2


def test_of_four_racers_on_one_case_exactly_one_wins_and_the_others_are_stale(world: World):
    world.move(IN_JUNE)
    for number in range(1, 16):
        case = world.filed(f"P1-{number:02d}")
        gate = threading.Barrier(4)
        racers = []
        for _ in range(4):
            other, meddler = meddled(world)
            other.engine.world()
            meddler.before_write = gate.wait  # everybody has judged before anybody writes
            racers.append(other)
        commands = [world.command(case, "conclude", mean=60 + racer) for racer in range(4)]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda pair: pair[0].engine._one(pair[1]), zip(racers, commands, strict=True)))
        won = [a for a in answers if isinstance(a, Receipt)]
        assert (len(won), sum(isinstance(a, StaleCase) for a in answers)) == (1, 3), answers
        assert world.events(case).count("conclude") == 1
        assert world.history(case)[-1].command == commands[answers.index(won[0])].id
        stale = next(a for a in answers if isinstance(a, StaleCase))
        assert stale.detail["version"] == won[0].version
    assert list(drifts(world.store)) == []


def test_four_threads_with_one_command_carry_it_out_once(world: World):
    world.move(IN_JUNE)
    for number in range(1, 9):
        command = world.command(world.filed(f"P1-{number:02d}"), "conclude", mean=70)
        others = [meddled(world)[0] for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda other, asked=command: other.engine.perform(asked), others))
        assert len({(a.case, a.seq, a.leaf_hash, a.version) for a in answers}) == 1
        assert [a.replayed for a in answers].count(False) == 1


def test_four_threads_that_register_one_product_make_one_case(world: World):
    world.move(IN_JUNE)
    for number in range(1, 9):
        product = f"P1-{number:02d}"
        gate = threading.Barrier(4)
        racers = []
        for _ in range(4):
            other, meddler = meddled(world)
            other.engine.world()
            meddler.before_write = gate.wait
            racers.append(other)
        commands = [world.command(product, "register") for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda pair: pair[0].engine._one(pair[1]), zip(racers, commands, strict=True)))
        won = [a for a in answers if isinstance(a, Receipt)]
        lost = [a for a in answers if isinstance(a, EventRefused)]
        assert (len(won), len(lost)) == (1, 3), answers
        assert {reason.code for a in lost for reason in a.reasons} == {Code.RUNNING_CASE}


# Others act between judging and writing.


def test_a_refused_attempt_of_somebody_else_moves_only_the_head_so_the_act_goes_through(world: World):
    case = world.filed(at=IN_JUNE)
    other, meddler = meddled(world)

    def somebody_is_refused() -> None:
        with pytest.raises(NotAllowed):
            world.act(case, "conclude", by="producer-P1", mean=70)

    meddler.before_write = in_a_thread(somebody_is_refused)
    version = world.case(case).version
    assert other.act(case, "conclude", mean=70).version == version + 1
    assert world.events(case)[-2:] == ["!conclude", "conclude"]
    assert verify_log(world.store, deep=True).ok


def test_an_act_of_somebody_else_makes_it_stale_and_its_reason_is_never_judged_on_the_old_state(world: World):
    case = world.filed(at=IN_JUNE)
    other, meddler = meddled(world)
    meddler.before_write = in_a_thread(lambda: world.act(case, "withdraw"))
    with pytest.raises(StaleCase) as stale:
        other.act(case, "conclude", mean=70)
    assert stale.value.detail["state"] is S.WITHDRAWN
    assert world.events(case)[-1] == "withdraw", "nothing is written for a stale request"


def test_a_function_that_ends_before_the_act_is_written_no_longer_counts(world: World):
    case = world.filed(at=IN_JUNE)
    other, meddler = meddled(world)
    meddler.before_write = in_a_thread(lambda: world.appoint("chair-H1", "chair", "district", "H1", until="2021-01-01"))
    with pytest.raises(OutsideTerritory):
        other.act(case, "conclude", by="chair-H1", mean=70)
    world.appoint("officer-H1", "officer", "district", "H1", until="2021-01-01")
    world.appoint("officer-H1", "auditor", "district", "H1")
    case = world.filed("P1-02")
    world.act(case, "conclude", by="secretary-H1", mean=70)
    world.appoint("officer-H1", "officer", "district", "H1")
    meddler.before_write = in_a_thread(lambda: world.appoint("officer-H1", "officer", "district", "H1", until="2021-01-01"))
    with pytest.raises(NotAllowed) as refused:
        other.act(case, "forward", by="officer-H1")
    assert [r.code for r in refused.value.reasons] == [Code.FUNCTION_REQUIRED]
    assert world.state(case) is S.DISTRICT_EVALUATION


def test_a_function_given_meanwhile_counts_at_once_in_every_process(world: World):
    case = world.filed(at=IN_JUNE)
    other, _ = meddled(world)
    other.engine.world()
    world.appoint("newcomer", "chair", "district", "H1")
    assert other.engine.perform(world.command(case, "conclude", by="newcomer", mean=70)).state is S.DISTRICT_EVALUATION
    world.appoint("late-comer", "officer", "commune", "X1")
    assert other.engine.perform(world.command("P1-02", "register", by="late-comer")).state is S.IDEA_REGISTERED
    with pytest.raises(NotFound):
        other.engine.perform(world.command("P1-03", "register", by="nobody"))


def test_a_round_frozen_before_the_filing_is_written_takes_nobody_in(world: World):
    world.move(IN_JUNE)
    command = to_file(world, "P1-01")
    other, meddler = meddled(world)
    meddler.before_write = in_a_thread(lambda: world.rounds.freeze("VS-2021-1", actor="officer-VS"))
    other.engine.perform(command)
    assert world.case(command.case).round == "VS-2021-2"
    command = to_file(world, "P1-02")
    meddler.before_write = in_a_thread(lambda: world.rounds.freeze("VS-2021-2", actor="officer-VS"))
    with pytest.raises(EventRefused) as refused:
        other.engine.perform(command)
    assert [r.code for r in refused.value.reasons] == [Code.NO_OPEN_ROUND]


def test_a_named_round_that_opened_meanwhile_is_known_in_every_process(bare: World):
    bare.move(IN_JUNE)
    command = replace(to_file(bare, "P1-01"), payload={"documents": ["market"], "round": "VS-2021-2"})
    other, _ = meddled(bare)
    other.engine.world()
    bare.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
    assert other.engine.perform(command).state is S.DISTRICT_EVALUATION
    assert bare.case(command.case).round == "VS-2021-2"


def test_a_deferral_between_judging_and_writing_makes_the_act_stale(world: World):
    case = world.filed(at=IN_JUNE)
    other, meddler = meddled(world)

    def the_worker_comes() -> None:
        world.sweep("2021-07-10 00:00:30")

    meddler.before_write = in_a_thread(the_worker_comes)
    with pytest.raises(StaleCase) as stale:
        other.act(case, "conclude", mean=70, at="2021-07-09 23:59:59")
    assert stale.value.detail["state"] is S.DEFERRED


def test_an_upgrade_waits_for_nobody_who_only_looked_at_the_earlier_case(world: World):
    world.move(IN_JUNE)
    command = to_certify(world, "P1-01")
    first = world.store.cases(CaseQuery())[0].code
    other, meddler = meddled(world)

    def the_earlier_case_is_published() -> None:
        world.act(first, "publish")

    meddler.before_write = in_a_thread(the_earlier_case_is_published)
    assert other.engine.perform(command).state is S.CERTIFIED
    assert (world.state(first), world.events(first)[-2:]) == (S.UPGRADED, ["publish", "upgrade"])


# Dry runs.


def test_a_dry_run_gives_the_same_answer_and_writes_nothing(world: World):
    world.move(IN_JUNE)
    for prepare in (to_certify, to_settle, to_file):
        command = prepare(world, f"P1-{10 + len(prepare.__name__):02d}")
        before_ = dump(world)
        tried = world.engine.perform(command, dry_run=True)
        assert dump(world) == before_
        done = world.engine.perform(command)
        assert replace(tried, leaf_hash=done.leaf_hash) == done


def test_a_dry_run_of_a_registration_takes_no_number(world: World):
    before_ = dump(world)
    assert world.act("P1-01", "register", dry_run=True).case == "VS-2021-…"
    assert dump(world) == before_
    assert world.registered("P1-01") == "VS-2021-0001"


def test_a_refused_dry_run_keeps_no_entry(world: World):
    case = world.filed(at=IN_JUNE)
    before_ = dump(world)
    with pytest.raises(EventRefused):
        world.act(case, "conclude", mean=70, at="2021-07-10 09:00", dry_run=True)
    with pytest.raises(NotAllowed):
        world.act(case, "conclude", by="producer-P1", dry_run=True)
    with pytest.raises(PayloadInvalid):
        world.act(case, "withdraw", dry_run=True, unknown="x")
    assert dump(world) == before_


def dump(world: World) -> list[object]:
    """Everything that is stored."""
    store = world.store
    return [
        list(store.entries()),
        list(store.subjects()),
        list(store.terms()),
        store.stages(),
        store.registry(),
        store.log_state(),
        store.unsequenced(),
    ]


def test_nothing_is_answered_by_chance(world: World):
    """The engine's own errors are all that a caller has to expect."""
    case = world.filed(at=IN_JUNE)
    for command in (
        replace(world.command(case, "conclude", mean=70), case="VS-1999-0001"),
        replace(world.command(case, "conclude", mean=70), actor="nobody"),
        replace(world.command(case, "conclude", mean=70), id=""),
        replace(world.command(case, "conclude", mean=70), id="x" * 201),
        replace(world.command(case, "conclude", mean=70), case="VS\0"),
        replace(world.command(case, "conclude", mean=70), reason="\ud800"),
        replace(world.command(case, "conclude", mean=70), received_at=world.clock.now() - timedelta(days=900)),
    ):
        entries = len(world.history(case))
        with pytest.raises(CycleError):
            world.engine.perform(command)
        assert len(world.history(case)) <= entries + 1
