"""Whoever follows a case hears of what has happened to it: the office that it lay with, and whoever it comes to."""

import pytest

from states.vocabulary import CaseState, Event
from tests.support.hearing import Listener
from tests.support.world import World, world_at


@pytest.fixture
def world(database_url: str):
    with world_at(database_url, "2021-03-01 08:00") as built:
        yield built


def know(world: World, case: str, event: str) -> set[str]:
    """People who have read, by the end of the month, of an event that happens now."""
    listener = Listener(world)
    world.act(case, event)
    listener.until(world.move("2021-03-31 08:00"))
    return {person for person, what in listener.letters() if what == event}


def at(world: World, state: CaseState, *, returned: bool = False) -> str:
    """A case in a state, or returned from there."""
    case = world.at_province() if state is CaseState.PROVINCIAL_EVALUATION else world.filed()
    assert world.state(case) is state
    if returned:
        world.act(case, Event.RETURN_FOR_COMPLETION)
    return case


def test_the_office_of_the_province_hears_of_a_recognition(world: World):
    case = at(world, CaseState.PROVINCIAL_EVALUATION)
    world.act(case, Event.CONCLUDE, mean=80)
    assert know(world, case, "certify") == {"producer-P1", "officer-X1", "officer-VS"}


@pytest.mark.parametrize("returned", [False, True])
@pytest.mark.parametrize(
    ("state", "office"), [(CaseState.DISTRICT_EVALUATION, "officer-H1"), (CaseState.PROVINCIAL_EVALUATION, "officer-VS")]
)
def test_the_office_that_a_case_lay_with_hears_of_its_withdrawal(world: World, state: CaseState, office: str, *, returned: bool):
    assert know(world, at(world, state, returned=returned), "withdraw") == {"officer-X1", office}


def test_the_office_that_chooses_ideas_hears_of_a_withdrawal_before_there_is_a_dossier(world: World):
    assert know(world, world.registered(), "withdraw") == {"officer-X1", "officer-H1"}


def test_whoever_has_to_act_again_hears_that_a_case_has_entered_the_next_round(world: World):
    case = world.filed()
    listener = Listener(world)
    for moment in ("2021-07-10 00:00:30", "2021-08-10 08:00"):
        listener.until(world.move(moment))
        world.sweep()
    world.rounds.close("VS-2021-1", actor="officer-VS")
    assert world.state(case) is CaseState.DISTRICT_EVALUATION
    listener.until(world.move("2021-08-11 08:00"))
    told = {person for person, what in listener.letters() if what == "reenter"}
    assert told == {"producer-P1", "officer-X1", "officer-H1", "secretary-H1"}
