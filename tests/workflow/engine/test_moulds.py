"""Judging like cases once: whatever a case is filled in from, it is the change that judging the case itself gives."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from deadlines.sweep import GRACE
from states.errors import CycleError
from states.vocabulary import CaseState, Effect, Event, Stage, TermStatus
from tests.support.world import World, moment, world_of_2026
from workflow.audit import drifts
from workflow.judging import Judge
from workflow.ledger.entry import parse
from workflow.moulds import Moulds
from workflow.ports import Change, LoadedCase
from workflow.recording import Scribe
from workflow.rows import CaseRow, TermRow
from workflow.sweeping import run_tick

FILED = "2021-06-01 09:00"
AFTER = "2021-07-10 00:01"


def judged(world: World, loaded: LoadedCase, term: TermRow, command: str) -> Change | str:
    """What the judge itself says."""
    try:
        return world.engine.judge.automatic(world.engine.world(), loaded, Event(str(term.effect)), term.due_at, command, term)
    except CycleError as error:
        return str(error)


def answered(moulds: Moulds, world: World, loaded: LoadedCase, term: TermRow, command: str) -> Change | str:
    """What is said from like cases."""
    try:
        return moulds.change(world.engine.world(), loaded, term, command)
    except CycleError as error:
        return str(error)


@contextmanager
def counted(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The cases that the judge was asked about."""
    asked: list[str] = []
    automatic = Judge.automatic

    def watched(self: Judge, *given: Any) -> Change:
        asked.append(given[1].case.code)
        return automatic(self, *given)

    with monkeypatch.context() as patched:
        patched.setattr(Judge, "automatic", watched)
        yield asked


def everything_running(world: World) -> list[tuple[LoadedCase, TermRow]]:
    """Every running term with its case."""
    loaded = world.store.load_cases(sorted({term.case for term in world.store.terms()}))
    return [(mine, term) for mine in loaded.values() for term in mine.terms]


def many_kinds(world: World) -> None:
    """Cases at the district, at the province with several results, returned, extended, and in two communes."""
    for number in range(1, 7):
        world.filed(f"P1-{number:02d}", FILED)
        world.filed(f"P2-{number:02d}", FILED)
    for number, mean in enumerate((75, 75, 75, 91, 62), start=7):
        world.at_province(f"P1-{number:02d}", mean, FILED)
    for number in range(12, 15):
        world.act(world.filed(f"P1-{number:02d}", FILED), Event.RETURN_FOR_COMPLETION)


def agrees(world: World, cases: list[tuple[LoadedCase, TermRow]], random: Random) -> None:
    """Asked in any order and again and again, the answers are the judge's own."""
    moulds = Moulds(world.engine.judge)
    for number in range(4):
        random.shuffle(cases)
        for loaded, term in cases:
            command = f"due:{term.id}:{number}"
            assert answered(moulds, world, loaded, term, command) == judged(world, loaded, term, command)


def test_every_running_deadline_of_a_season_is_answered_as_the_judge_answers_it(world: World):
    many_kinds(world)
    world.move(AFTER)
    cases = everything_running(world)
    assert len({(mine.case.state, term.stage) for mine, term in cases}) >= 4
    agrees(world, cases, Random(1))  # noqa: S311 - an order, no secret


def test_the_same_holds_where_a_round_is_joined_and_deadlines_begin(database_url: str):
    with world_of_2026(database_url) as world:
        for number in range(1, 9):
            case = world.registered(f"P1-{number:02d}")
            world.act(case, Event.FILE)
        world.move("2027-06-01 08:00")
        world.plans.open_statutory()
        cases = everything_running(world)
        changes = [judged(world, loaded, term, "due") for loaded, term in cases if term.effect is Effect.SORT]
        assert any(isinstance(change, Change) and change.opened for change in changes)
        agrees(world, cases, Random(2))  # noqa: S311 - an order, no secret


def varied(random: Random, loaded: LoadedCase) -> LoadedCase:
    """The case with some of what a judge looks at, and some of what it does not, as it might be in another case."""
    case, memo = loaded.case, dict(loaded.case.memo)
    changes: dict[str, Any] = {}
    others: dict[str, list[Any]] = {
        "state": [CaseState.DISTRICT_EVALUATION, CaseState.PROVINCIAL_EVALUATION, CaseState.RETURNED, CaseState.DEFERRED],
        "origin": [None, CaseState.DISTRICT_EVALUATION, CaseState.PROVINCIAL_EVALUATION],
        "left": [None, CaseState.DISTRICT_EVALUATION, CaseState.RETURNED],
        "attempt": [1, 2],
        "round": [None, case.round, "VS-2021-9"],
        "pinned": [True, False],
        "unit": ["X1", "X2", "Y1"],
        "version": [3, 8],
        "head_seq": [5, 11],
        "code": [case.code, "VS-2021-7777", 'V"S', "VS-Đ-1", "VS\\1"],
    }
    for name, values in others.items():
        if random.random() < 0.1:
            changes[name] = random.choice(values)
    memo |= {
        name: value
        for name, value in {
            "hands": random.choice([{}, {"officer-X1": ["handles"]}, {"chair-H1": ["scores", "decides"]}]),
            "results": {"district": {"mean": random.choice(["75", "40", "301/4"]), "stars": 4, "missed": [], "on": "2021-06-20"}},
            "spans": {str(Stage.REASSESSMENT): {"extended": 3}},
            "group": "food",
            "accepted": {"level": "district", "attempt": 1},
            "override": {"step": "certify", "overrides": ["result_missing"], "entry": 3},
        }.items()
        if random.random() < 0.1
    }
    terms = tuple(
        replace(
            term,
            id=f"{changes.get('code', case.code)}:{number + 1}:0",
            effect=random.choice([term.effect] * 6 + list(Effect)),
            due_at=term.due_at + random.choice([timedelta(0)] * 6 + [timedelta(days=1)]),
            source=random.choice([term.source] * 6 + ["KH 12/KH-UBND, mục 3"]),
            calendar=random.choice([None] * 6 + ["2021.1"]),
            attempts=random.choice([0, 2]),
        )
        for number, term in enumerate(loaded.terms[: random.choice([1, 2, 2, 2, 2])])
    )
    return LoadedCase(replace(case, **changes, memo=memo), terms, None)


def test_cases_that_differ_in_anything_that_counts_are_never_answered_from_each_other(world: World, monkeypatch: pytest.MonkeyPatch):
    many_kinds(world)
    world.move(AFTER)
    random, moulds = Random(3), Moulds(world.engine.judge)  # noqa: S311 - variety, no secret
    models = list({mine.case.code: mine for mine, _ in everything_running(world)}.values())
    given = [varied(random, random.choice(models)) for _ in range(400)]
    asked_for = [(mine, random.choice(mine.terms)) for mine in given]
    own = [judged(world, mine, term, "due:x") for mine, term in asked_for]
    with counted(world.engine.judge, monkeypatch) as asked:
        found = [[answered(moulds, world, mine, term, "due:x") for mine, term in asked_for] for _ in range(8)]
    assert found == [own] * 8
    assert len(asked) < 8 * len(given) * 0.8, "and some were really answered from others"
    assert len({type(each) for each in own}) == 2, "and some were refused"


def test_a_page_of_like_cases_is_judged_three_times_and_the_rest_filled_in(world: World, monkeypatch: pytest.MonkeyPatch):
    for number in range(1, 31):
        world.filed(f"P1-{number:02d}", FILED)
    world.move(AFTER)
    with counted(world.engine.judge, monkeypatch) as asked:
        run_tick(world.store, world.engine, world.plans, world.clock.now())
    assert len(asked) == 3, "noted, judged again, and judged without a name"
    assert len([e for e in world.store.entries() if e.event == "defer"]) == 30
    assert list(drifts(world.store)) == []


def test_hands_and_heads_are_each_cases_own(world: World):
    world.filed("P1-01", FILED)
    world.filed("P1-02", FILED)
    world.filed("P1-03", FILED)
    world.act(world.filed("P1-04", FILED), Event.WITHDRAW)
    model = next(mine for mine, _ in everything_running(world))
    moulds, term = Moulds(world.engine.judge), model.terms[0]
    for number in range(5):
        case = replace(model.case, head_seq=40 + number, head_hash=bytes([number]) * 32, version=9 + number)
        case = replace(case, memo={**case.memo, "hands": {f"officer-{number}": ["handles"]}})
        change = moulds.change(world.engine.world(), LoadedCase(case, model.terms, None), term, f"due:{number}")
        assert isinstance(change.row, CaseRow)
        entry = parse(change.entry.body)
        assert (entry.prev, entry.case_seq, change.row.version) == ((bytes([number]) * 32).hex(), 41 + number, 10 + number)
        assert change.row.memo["hands"] == {f"officer-{number}": ["handles"]}


def test_the_instant_of_writing_is_read_for_each_case(world: World):
    world.filed("P1-01", FILED)
    model = next(mine for mine, _ in everything_running(world))
    moulds = Moulds(world.engine.judge)
    for minute in range(5):
        world.clock.move(moment("2021-07-10 00:01") + timedelta(minutes=minute))
        change = moulds.change(world.engine.world(), model, model.terms[0], f"due:{minute}")
        assert isinstance(change.row, CaseRow)
        entry = parse(change.entry.body)
        assert entry.received_at == entry.recorded_at == change.row.updated_at == world.clock.now()
        assert entry.effective_at == model.terms[0].due_at


def test_within_a_request_every_case_is_judged_because_its_entry_names_the_request(world: World, monkeypatch: pytest.MonkeyPatch):
    world.filed("P1-01", FILED)
    model = next(mine for mine, _ in everything_running(world))
    judge = world.engine.judge
    mine = Judge(judge.store, judge.clock, Scribe("ocop/test", judge.clock, request=lambda: "r-1"), judge.law)
    moulds = Moulds(mine)
    with counted(mine, monkeypatch) as asked:
        bodies = [moulds.change(world.engine.world(), model, model.terms[0], f"due:{n}").entry.body for n in range(4)]
    assert len(asked) == 4
    assert all(parse(body).data["request"] == "r-1" for body in bodies)


def test_another_epoch_is_judged_anew(world: World, monkeypatch: pytest.MonkeyPatch):
    world.filed("P1-01", FILED)
    model = next(mine for mine, _ in everything_running(world))
    moulds = Moulds(world.engine.judge)
    for number in range(3):
        moulds.change(world.engine.world(), model, model.terms[0], f"due:{number}")
    world.appoint("new-1", "officer", "district", "H1")
    present = world.engine.world(fresh=True)
    with counted(world.engine.judge, monkeypatch) as asked:
        moulds.change(present, model, model.terms[0], "due:9")
    assert len(asked) == 1


def test_only_so_many_judgements_are_kept(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("workflow.moulds.KEPT", 3)
    world.filed("P1-01", FILED)
    model = next(mine for mine, _ in everything_running(world))
    moulds = Moulds(world.engine.judge)
    for round_ in range(3):
        for attempt in range(1, 8):
            mine = LoadedCase(replace(model.case, attempt=attempt), model.terms, None)
            for _ in range(3):
                command = f"due:{round_}:{attempt}"
                assert answered(moulds, world, mine, model.terms[0], command) == judged(world, mine, model.terms[0], command)


def test_a_term_that_has_passed_meanwhile_is_written_once(world: World):
    for number in range(1, 9):
        world.filed(f"P1-{number:02d}", FILED)
    world.move(AFTER)
    rows = list(world.store.due_terms(world.clock.now() - GRACE, 100))
    assert world.engine.expire_many(rows) == [True] * len(rows)
    assert world.engine.expire_many(rows) == [False] * len(rows)
    assert {term.status for term in world.store.terms()} == {TermStatus.PASSED, TermStatus.DROPPED}
