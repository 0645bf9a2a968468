"""Who hears of a duty, against a table that an official can check: ``audience_oracle.csv``."""

import csv
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deadlines.ladder import DutyKind, ladders
from notifications.audience import Hearer, hearers, with_stand_ins
from notifications.choices import Choices, Person
from notifications.messages import Part
from states.regime import local_date
from tests.support.world import World, world_at, world_of_2026
from workflow.situation import law_of

with (Path(__file__).parent / "audience_oracle.csv").open(encoding="utf-8") as _file:
    ROWS = [tuple(row.values()) for row in csv.DictReader(_file)]


def filed(world: World) -> str:
    """Up to the first office that looks at the dossier."""
    case = world.registered()
    if world.clock.now().year == 2021:
        world.act(case, "select")
        world.act(case, "submit_plan")
    world.act(case, "file")
    return case


def returned(world: World) -> str:
    case = filed(world)
    world.act(case, "return_for_completion")
    return case


def concluded(world: World) -> str:
    case = filed(world)
    world.act(case, "conclude", mean=80)
    return case


def with_province(world: World) -> str:
    case = concluded(world) if world.clock.now().year == 2021 else filed(world)
    world.act(case, "forward")
    return case


def returned_by_province(world: World) -> str:
    case = with_province(world)
    world.act(case, "return_for_completion")
    return case


WHERE: dict[str, Callable[[World], str]] = {
    "with the district": filed,
    "with the commune": filed,
    "returned by the district": returned,
    "returned by the commune": returned,
    "concluded by the district": concluded,
    "with the province": with_province,
    "returned by the province": returned_by_province,
}


def who(world: World, case: str, stage: str, step: str) -> tuple[Hearer, ...]:
    row, now = world.case(case), world.clock.now()
    rung = ladders().rung(DutyKind.TERM, step)
    assert rung is not None
    return hearers(world.engine.world(fresh=True).registry, row, law_of(row, now), world.running(case)[stage].stage, rung, local_date(now))


def people(found: tuple[Hearer, ...], part: Part) -> str:
    return " ".join(sorted(hearer.person for hearer in found if hearer.part is part))


@pytest.mark.parametrize("regime", ["2021", "2026"])
def test_who_hears_is_what_the_table_says(database_url: str, regime: str):
    rows = [row for row in ROWS if row[0] == regime]
    assert len(rows) >= 9
    with world_at(database_url, "2021-06-01 09:00") if regime == "2021" else world_of_2026(database_url) as world:
        for where in dict.fromkeys(row[1] for row in rows):
            case = WHERE[where](world)
            for _, _, stage, step, holders, above in (row for row in rows if row[1] == where):
                found = who(world, case, stage, step)
                assert (people(found, Part.HOLDER), people(found, Part.SUPERIOR)) == (holders, above), (where, stage, step)
            world.act(case, "withdraw")


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """The province in June 2021."""
    with world_at(database_url, "2021-06-01 09:00") as built:
        yield built


def leave(world: World, unit: str, level: str, *functions: str) -> None:
    for function in functions:
        world.appoint(f"{function}-{unit}", function, level, unit, until="2021-06-01")


def test_where_nobody_prepares_whoever_decides_hears_from_the_first_step(world: World):
    case = filed(world)
    leave(world, "H1", "district", "officer", "secretary")
    found = who(world, case, "district_eval", "T-30")
    assert people(found, Part.HOLDER) == "chair-H1"


def test_an_office_in_which_nobody_holds_the_duty_is_told_of_by_the_office_above(world: World):
    case = filed(world)
    leave(world, "H1", "district", "officer", "secretary", "chair", "authority")
    found = who(world, case, "district_eval", "T-30")
    assert (people(found, Part.HOLDER), people(found, Part.SUPERIOR)) == ("", "officer-VS")
    assert found[0].for_whom == ()


def test_what_has_passed_goes_to_the_nearest_office_above_that_has_anybody(world: World):
    case = filed(world)
    assert who(world, case, "district_eval", "T+1")[0].for_whom == ("chair-H1", "secretary-H1", "officer-H1")
    leave(world, "VS", "province", "officer")
    assert people(who(world, case, "district_eval", "T+1"), Part.SUPERIOR) == "authority-VS"
    leave(world, "VS", "province", "authority")
    assert people(who(world, case, "district_eval", "T+1"), Part.SUPERIOR) == "officer-TW"
    leave(world, "TW", "centre", "officer", "authority")
    assert who(world, case, "district_eval", "T+1") == ()


def test_whoever_stands_in_hears_beside_those_who_are_away_and_nobody_hears_twice(world: World):
    day = local_date(world.clock.now())
    until = day + timedelta(days=3)
    choices = Choices(
        people={who: Person(stand_in=other, away_from=day, away_to=until) for who, other in (("a", "c"), ("b", "c"), ("d", "a"))}
    )
    found = tuple(Hearer(person, Part.HOLDER) for person in ("a", "b", "d"))
    assert with_stand_ins(found, choices, day) == (*found, Hearer("c", Part.STAND_IN, ("a",)))
    assert with_stand_ins(found, choices, day + timedelta(days=4)) == found
