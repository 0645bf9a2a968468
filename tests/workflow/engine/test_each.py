"""Many commands in one durable transaction: each has its own outcome."""

from dataclasses import replace

import pytest

from states.errors import CycleError, EventRefused, MalformedInput, NotAllowed, NotFound, OutsideTerritory, PayloadInvalid, StaleCase
from states.vocabulary import CaseState
from tests.support.meddling import before
from tests.support.world import World, on
from tests.workflow.engine.test_transaction import to_certify
from workflow.audit import drifts, verify_log
from workflow.commands import Receipt
from workflow.rows import ProductRow

S = CaseState
IN_JUNE = "2021-06-01 09:00"
MANY = 1000


def registered(world: World, number: int) -> list[str]:
    """So many cases of so many products."""
    products = [ProductRow(code=f"M-{n:04d}", name=f"Sản phẩm {n}", group="food", producer="P1", unit="X1") for n in range(number)]
    world.store.save_registry(products=products)
    answers = [world.engine.perform(world.command(p.code, "register", by="producer-P1")) for p in products]
    return [a.case for a in answers]


def test_of_a_thousand_commands_each_has_its_own_outcome(world: World):
    world.move(IN_JUNE)
    cases = registered(world, MANY)
    commands = [world.command(case, "select", by="authority-H1") for case in cases]
    commands[10] = replace(commands[10], payload={"colour": "red"})
    commands[20] = replace(commands[20], actor="producer-P1")
    commands[30] = replace(commands[30], case="VS-1999-0001")
    commands[40] = replace(commands[40], actor="authority-H2")
    commands[50] = replace(commands[50], expected_version=7)
    commands[60] = replace(commands[60], event=commands[60].event.FORWARD, actor="officer-H1")
    commands[70] = replace(commands[70], case="VS\0")
    commands[80] = replace(commands[80], id="")
    commands[90] = commands[91]
    commands[95] = replace(commands[95], reason="\ud800")
    answers = world.engine.perform_each(commands)
    assert len(answers) == MANY
    expected = {
        10: PayloadInvalid,
        20: NotAllowed,
        30: NotFound,
        40: OutsideTerritory,
        50: StaleCase,
        60: EventRefused,
        70: CycleError,
        80: MalformedInput,
        95: PayloadInvalid,
    }
    assert {n: type(a) for n, a in enumerate(answers) if not isinstance(a, Receipt)}.keys() == expected.keys()
    for number, kind in expected.items():
        assert isinstance(answers[number], kind), (number, answers[number])
    assert isinstance(answers[90], Receipt)
    assert isinstance(answers[91], Receipt)
    assert (answers[90].case, answers[90].seq) == (answers[91].case, answers[91].seq), "the same command twice is carried out once"
    assert all(world.state(answer.case) is S.SELECTED for answer in answers if isinstance(answer, Receipt))
    assert sum(world.state(case) is S.SELECTED for case in cases) == MANY - len(expected) - 1
    assert world.events(cases[20])[-1] == "!select", "a refused one keeps its denied entry"
    assert list(drifts(world.store)) == []
    assert verify_log(world.store).ok


def test_nothing_asked_is_nothing_done(world: World):
    assert world.engine.perform_each([]) == []


def test_several_commands_on_one_case_are_carried_out_in_their_order(world: World):
    case = world.registered(at=IN_JUNE)
    commands = [
        world.command(case, "select", by="authority-H1"),
        world.command(case, "submit_plan", by="producer-P1"),
        world.command(case, "file", by="producer-P1"),
    ]
    assert [getattr(a, "state", a) for a in world.engine.perform_each(commands)] == [S.SELECTED, S.BUSINESS_PLAN, S.DISTRICT_EVALUATION]


def test_the_same_commands_again_give_the_same_receipts(world: World):
    world.move(IN_JUNE)
    cases = registered(world, 5)
    commands = [world.command(case, "select", by="authority-H1") for case in cases]
    first = world.engine.perform_each(commands)
    again = world.engine.perform_each(commands)
    assert [replace(a, replayed=True) for a in first if isinstance(a, Receipt)] == again
    assert all(world.events(case) == ["register", "select"] for case in cases)


def test_what_has_to_settle_first_or_concerns_more_than_its_case_goes_along(world: World):
    world.move(IN_JUNE)
    upgrade = to_certify(world, "P1-01")
    late = world.filed("P1-02")
    plain = world.filed("P1-03", "2021-07-11 08:00")
    answers = world.engine.perform_each(
        [
            replace(upgrade, received_at=world.clock.now()),
            world.command(late, "withdraw"),
            world.command(plain, "conclude", mean=70),
            world.command("P1-04", "register"),
        ]
    )
    assert [getattr(a, "state", a) for a in answers] == [S.CERTIFIED, S.WITHDRAWN, S.DISTRICT_EVALUATION, S.IDEA_REGISTERED]
    assert isinstance(answers[1], Receipt)
    assert answers[1].settled == ("defer",)


def test_rights_that_move_before_the_batch_is_written_are_judged_again(world: World):
    world.move(IN_JUNE)
    cases = registered(world, 6)
    store, meddler = before(world.store)
    other = on(store, world.clock)
    other.engine.world()
    commands = [world.command(case, "select", by="authority-H1") for case in cases]
    meddler.before_write = lambda: world.appoint("authority-H1", "authority", "district", "H1", until="2021-01-01")
    answers = other.engine.perform_each(commands)
    assert all(isinstance(a, OutsideTerritory) for a in answers)
    assert {world.state(case) for case in cases} == {S.IDEA_REGISTERED}


def test_one_case_that_moves_meanwhile_fails_alone(world: World):
    world.move(IN_JUNE)
    cases = registered(world, 6)
    store, meddler = before(world.store)
    other = on(store, world.clock)
    commands = [world.command(case, "select", by="authority-H1") for case in cases]
    commands[2] = replace(commands[2], expected_version=1)
    meddler.before_write = lambda: world.act(cases[2], "withdraw")
    answers = other.engine.perform_each(commands)
    assert [type(a) for a in answers] == [Receipt, Receipt, StaleCase, Receipt, Receipt, Receipt]


@pytest.mark.parametrize("bad", ["\0", "\ud800", "x" * 500, ""])
def test_a_name_that_cannot_be_a_code_spoils_nobody_elses_command(world: World, bad: str):
    world.move(IN_JUNE)
    (case,) = registered(world, 1)
    good = world.command(case, "select", by="authority-H1")
    answers = world.engine.perform_each([replace(good, id="other", case=bad), good, replace(good, id="third", actor=bad)])
    assert [isinstance(a, Receipt) for a in answers] == [False, True, False]
    assert all(isinstance(a, CycleError) for a in (answers[0], answers[2]))
