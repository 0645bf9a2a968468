"""A seeded sample of the cells function × level × event × state over HTTP, with real tokens, against the hand-written list."""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from states.regime import REGIMES as LAWS
from states.regime import local_date, regime
from states.vocabulary import Event, Function
from tests.states.test_rights import _rows
from tests.support.identity import Browser, House, house_at
from tests.support.world import LAW_OF_2026, TWO_ROUNDS, World, plan_file
from workflow.audit import drifts

SEED = 20_210_709
LISTED, ELSEWHERE = 70, 30
"""Pairs of event and state that are drawn: those that the list has, and those in which the state has no such event."""


@dataclass
class Stage:
    """Cases in many states, and a program of each person."""

    house: House
    cases: dict[str, str]
    programs: dict[str, Browser]

    @property
    def world(self) -> World:
        return self.house.world


def at_work(house: House, people: dict[str, str]) -> dict[str, Browser]:
    """A program with a token for each person."""
    programs = {}
    for number, person in enumerate(people.values()):
        browser = house.enter(person, house.browser(f"10.2.{number}.1"))
        made = browser.post("tokens", {"name": "Máy", "scopes": ["read", "write"]})
        assert made.status_code == 201, made.text
        program = house.browser(f"10.2.{number}.2")
        program.origin = None
        program.client.headers["Authorization"] = f"Bearer {made.json()['token']}"
        programs[person] = program
    return programs


COUNCILS = ("officer", "adviser", "secretary", "member", "chair", "authority", "auditor", "administrator")
OTHERS = ("officer-VT", "chair-VT", "authority-VT", "auditor-VT", "administrator-VT", "producer-P3")


def people_of(world: World, commune: str, levels: tuple[str, ...]) -> dict[str, str]:
    """One person for each seat of the territory (by ``function@level``), and some of another province."""
    units = {"commune": commune, "district": "H1", "province": "VS", "centre": "TW"}
    found = {"producer": "producer-P1"}
    for level in levels:
        for function in COUNCILS:
            person = f"{function}-{units[level]}"
            world.appoint(person, function, level, units[level])
            found[f"{function}@{level}"] = person
    world.appoint("administrator-VT", "administrator", "province", "VT")
    return {**found, **{person: person for person in OTHERS}}


def early_cases(world: World, product: Iterator[str]) -> dict[str, str]:
    """Cases in the states that come before and beside an evaluation, the same under every regime."""
    cases = {"idea_registered": world.registered(next(product))}
    for state, events in {"selected": ["select"], "business_plan": ["select", "submit_plan"], "not_selected": ["decline"]}.items():
        cases[state] = world.registered(next(product))
        for event in events:
            world.act(cases[state], event)
    for state, event in {"returned": "return_for_completion", "deferred": "defer", "withdrawn": "withdraw"}.items():
        cases[state] = world.filed(next(product))
        world.act(cases[state], event)
    return cases


def late_cases(world: World, product: Iterator[str]) -> dict[str, str]:
    """Cases in the states from the province's evaluation on, the same under every regime."""
    cases = {"provincial_evaluation": world.at_province(next(product)), "certified": world.certified(next(product))}
    cases["national_nomination"] = world.at_province(next(product), mean=95)
    world.act(cases["national_nomination"], "conclude", mean=95)
    world.act(cases["national_nomination"], "nominate")
    cases["not_ranked"] = world.at_province(next(product))
    world.act(cases["not_ranked"], "conclude", mean=40)
    world.act(cases["not_ranked"], "close_unranked")
    return cases


def with_districts(house: House) -> dict[str, str]:
    """A case in every state that a person can bring one into while districts evaluate."""
    world, product = house.world, (f"P1-{n:02d}" for n in range(1, 40))
    year = house.clock.now().year
    world.publish(
        plan_file(f"KH-{year}", year, [(stage, number, phrase.replace("2021", str(year))) for stage, number, phrase in TWO_ROUNDS])
    )
    cases = early_cases(world, product)
    cases["district_evaluation"] = world.filed(next(product))
    cases["eliminated"] = world.filed(next(product))
    world.act(cases["eliminated"], "eliminate")
    return cases | late_cases(world, product)


def with_communes(house: House) -> dict[str, str]:
    """The same since communes look first."""
    world, product = house.world, (f"P1-{n:02d}" for n in range(1, 40))
    cases = early_cases(world, product)
    cases["commune_check"] = world.filed(next(product))
    cases["eliminated"] = world.at_province(next(product))
    world.act(cases["eliminated"], "eliminate")
    return cases | late_cases(world, product)


def of_2025(house: House) -> dict[str, str]:
    """By the province's own rounds."""
    dates = (("commune_check", 1, "trước ngày 15/11/2025"), ("province_eval", 1, "trước ngày 15/12/2025"))
    house.world.publish(plan_file("KH-2025", 2025, dates))
    return with_communes(house)


def of_2026(house: House) -> dict[str, str]:
    """By the law's own rounds."""
    house.world.publish(LAW_OF_2026.read_text("utf-8"), unit="TW")
    house.world.move("2026-06-01 09:00")
    return with_communes(house)


STATES = {
    "idea_registered", "selected", "not_selected", "business_plan", "returned", "deferred", "withdrawn", "eliminated", "provincial_evaluation",
    "national_nomination", "certified", "not_ranked",
}  # fmt: skip
"""That a person can bring a case into in each regime, but for the one in which it is looked at first."""
FIRST = {
    "qd1048-2019": "district_evaluation",
    "qd148-2023": "district_evaluation",
    "qd1489-2025": "commune_check",
    "qd26-2026": "commune_check",
}
THREE, TWO = ("commune", "district", "province", "centre"), ("commune", "province", "centre")
REGIMES = {
    "qd1048-2019": ("2021-06-01 09:00", "X1", THREE, with_districts),
    "qd148-2023": ("2024-06-03 09:00", "X1", THREE, with_districts),
    "qd1489-2025": ("2025-09-08 09:00", "N1", TWO, of_2025),
    "qd26-2026": ("2026-05-22 08:00", "N1", TWO, of_2026),
}


@pytest.fixture(params=REGIMES)
def stage(request: Any, database_url: str, tmp_path: Path) -> Iterator[tuple[str, Stage, dict[str, str]]]:
    """The province under a regime, with a program for everybody."""
    now, commune, levels, build = REGIMES[request.param]
    with ExitStack() as stack:
        house = stack.enter_context(house_at(database_url, tmp_path, now))
        cases = build(house)
        assert set(cases) == STATES | {FIRST[request.param]}
        for state, code in cases.items():
            assert (str(house.world.state(code)), house.world.case(code).regime) == (state, request.param)
        people = people_of(house.world, commune, levels)
        yield request.param, Stage(house, cases, at_work(house, people)), people


def sent(stage: Stage, person: str, code: str, event: str) -> Any:
    world = stage.world
    given = world.command(code, event, by=person, reason="Theo đề nghị")
    body = {**given.payload, "reason": given.reason}
    if event == "override":
        today = local_date(stage.house.clock.now()).isoformat()
        body |= {"step": "file", "overrides": ["no_open_round"], "decision_no": "7/QĐ", "decision_date": today, "decision_signer": "K"}
    if event == "conclude":
        body |= {"mean": 80}
    headers = {"Idempotency_Key": f"{person}-{code}-{event}", "If_Match": f'"{world.case(code).version}"'}
    return stage.programs[person].post(f"cases/{code}/actions/{event}?dry_run=true", body, **headers)


def allowed_in(law: str) -> dict[tuple[str, str], set[str]]:
    """Who may by the list, over all branches of a cell; branches are told apart in process."""
    found: dict[tuple[str, str], set[str]] = {}
    for (event, state, branch), seats in _rows(regime(law)):
        if branch != "cutoff" and not (state in {"returned", "deferred", "certified"} and branch and branch not in HOME[law][state]):
            found.setdefault((event, state), set()).update(str(seat) for seat in seats if seat.function is not Function.SYSTEM)
    return found


_DISTRICT = {"returned": {"district_evaluation"}, "deferred": {"district_evaluation"}, "certified": {"province"}}
_COMMUNE = {"returned": {"commune_check"}, "deferred": {"commune_check"}, "certified": {"province"}}
HOME = {"qd1048-2019": _DISTRICT, "qd148-2023": _DISTRICT, "qd1489-2025": _COMMUNE, "qd26-2026": _COMMUNE}
"""What the cases of the sample that have been returned, deferred or certified remember: where they go back to, who recognised them."""


def test_a_sample_of_all_cells_answers_over_http_as_the_list_says(stage: tuple[str, Stage, dict[str, str]]):
    law, here, people = stage
    written, draw, wrong = allowed_in(law), random.Random(SEED), []  # noqa: S311 - a sample, no secret
    events = sorted({str(event) for event in Event} - {"register"})
    pairs = [(event, state) for event in events for state in here.cases]
    listed, elsewhere = [p for p in pairs if p in written], [p for p in pairs if p not in written]
    asked, statuses = 0, set()
    for event, state in draw.sample(listed, min(LISTED, len(listed))) + draw.sample(elsewhere, ELSEWHERE):
        mine = written.get((event, state), set())
        others = [seat for seat in people if seat not in mine and seat not in OTHERS]
        for seat in [*sorted(mine), *draw.sample(others, 3), draw.choice(OTHERS)]:
            if seat not in people:
                continue  # A level that nobody of this time holds, such as the ministry's office for a district.
            here.house.wait(seconds=1)
            answer = sent(here, people[seat], here.cases[state], event)
            asked += 1
            statuses.add(answer.status_code)
            if seat in OTHERS:
                right = answer.status_code == 404
            elif seat in mine:
                right = answer.status_code in {200, 202, 409, 422}
            elif (event, state) in written:
                right = answer.status_code == 403 and {r["code"] for r in answer.json()["reasons"]} & {"function_required", "system_only"}
            else:
                # The chart has no such event here, or at all: nobody gets through, and who might elsewhere hears that the state is wrong.
                right = answer.status_code in {403, 409, 422}
            if not right:
                wrong.append((event, state, seat, sorted(mine), answer.status_code, answer.text[:200]))
    assert wrong == [], "\n" + "\n".join(" · ".join(map(str, line)) for line in wrong)
    assert asked > 250
    assert set(REGIMES) == {law.id for law in LAWS}, "a regime without a sample"
    assert {200, 403, 404, 409} <= statuses
    assert list(drifts(here.house.runtime.store)) == [], "a dry run wrote something"
