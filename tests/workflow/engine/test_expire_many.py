"""Deadlines written a page at a time: the same entries as one by one, each row failing alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api.bootstrap import Law
from deadlines.sweep import GRACE
from states.vocabulary import CaseState, Event
from tests.support.meddling import before
from tests.support.world import World, on, world_at, world_of_2026
from workflow.audit import drifts
from workflow.ledger.entry import parse
from workflow.moulds import Moulds
from workflow.perform import Engine
from workflow.sweeping import run_tick

IN_JUNE = "2021-06-01 09:00"
AFTER = "2021-07-10 00:01"


def due(world: World) -> list[Any]:
    return list(world.store.due_terms(world.clock.now() - GRACE, 1000))


def told(world: World) -> list[Any]:
    """Every entry without what is random or says when it was written."""
    return [
        (e.case, e.case_seq, e.event, e.from_, e.to, e.effective_at, e.round, e.terms, e.set, e.data, e.command, e.clause)
        for e in (parse(kept.body) for kept in world.store.entries())
    ]


def other(world: World) -> World:
    """Another process on the same database."""
    return on(world.store, world.clock)


def meanwhile(world: World, happens: Callable[[], object]) -> Engine:
    """An engine whose next write comes after something else has happened."""
    store, _ = before(world.store, before_write=happens)
    return Engine(store, world.clock, world.engine.judge.scribe, Law())


def a_mixed_page(world: World) -> None:
    """Cases that miss the district, cases that miss the province, one withdrawn, one returned."""
    for number in range(1, 5):
        world.filed(f"P1-{number:02d}", IN_JUNE)
    for number in range(5, 8):
        world.at_province(f"P1-{number:02d}", 75, IN_JUNE)
    world.act(world.filed("P1-08", IN_JUNE), Event.WITHDRAW)
    world.act(world.filed("P1-09", IN_JUNE), Event.RETURN_FOR_COMPLETION)


def test_a_page_at_once_leaves_the_entries_that_row_by_row_leaves(database_url: str, another_url: Callable[[], str]):
    histories = []
    for url, many in ((database_url, True), (another_url(), False)):
        with world_at(url) as world:
            a_mixed_page(world)
            world.move("2021-08-01 08:00")
            if many:
                run_tick(world.store, world.engine, world.plans, world.clock.now())
            else:
                world.sweep()
            assert due(world) == []
            assert list(drifts(world.store)) == []
            histories.append(told(world))
    assert histories[0] == histories[1]


def test_under_the_law_of_2026_a_case_with_two_dates_in_one_page_meets_them_in_order(database_url: str, another_url: Callable[[], str]):
    histories = []
    for url, many in ((database_url, True), (another_url(), False)):
        with world_of_2026(url) as world:
            for number in range(1, 6):
                case = world.registered(f"P1-{number:02d}")
                world.act(case, Event.FILE)
            world.move("2027-06-01 08:00")
            if many:
                run_tick(world.store, world.engine, world.plans, world.clock.now())
            else:
                world.plans.open_statutory()
                world.sweep()
            assert due(world) == []
            for case in {t.case for t in world.store.terms()}:
                dates = [e.effective_at for e in world.history(case)]
                assert dates == sorted(dates)
                assert "sort" in world.events(case)
            histories.append([line for line in told(world) if line[0].startswith("VS-") and line[2] in {"sort", "record"}])
    assert histories[0] == histories[1]
    assert histories[0]


def test_each_term_has_its_own_answer(world: World):
    a_mixed_page(world)
    world.move(AFTER)
    rows = due(world)
    assert len(rows) == 5
    gone = replace(rows[0], id="VS-2021-0001:99:0")
    nowhere = replace(rows[0], id="x", case="VS-1999-0001")
    assert world.engine.expire_many([*rows, gone, nowhere, rows[1]]) == [True] * 5 + [None, False, None]
    assert world.engine.expire_many(rows) == [False] * 5
    assert list(drifts(world.store)) == []


def test_a_case_that_moves_meanwhile_goes_the_single_way_and_the_others_are_written(world: World):
    a_mixed_page(world)
    world.move(AFTER)
    rows = due(world)
    case = rows[2].case
    answers = meanwhile(world, lambda: other(world).act(case, Event.WITHDRAW, at="2021-07-09 23:59", id="in-time")).expire_many(rows)
    assert answers == [True, True, None, True, True]
    assert world.engine.expire(rows[2]) is False
    assert world.state(case) is CaseState.WITHDRAWN


def test_a_registry_that_moves_meanwhile_costs_a_second_look_and_nothing_else(world: World):
    a_mixed_page(world)
    world.move(AFTER)
    rows = due(world)
    answers = meanwhile(world, lambda: other(world).appoint("new-1", "officer", "district", "H1")).expire_many(rows)
    assert answers == [None] * len(rows)
    assert world.engine.expire_many(rows) == [True] * len(rows)


def test_a_row_that_cannot_be_judged_is_set_aside_and_stops_nobody(world: World, monkeypatch: pytest.MonkeyPatch):
    a_mixed_page(world)
    world.move(AFTER)
    bad = due(world)[1]
    judged = Moulds.change

    def poisoned(moulds: Moulds, world: Any, loaded: Any, term: Any, command: str) -> Any:
        if term.id == bad.id:
            raise RuntimeError("poisoned")
        return judged(moulds, world, loaded, term, command)

    monkeypatch.setattr(Moulds, "change", poisoned)
    sweep = run_tick(world.store, world.engine, world.plans, world.clock.now()).sweep
    assert len(sweep.fired) == 4
    assert [row for row, *_ in sweep.failed] == [bad.id]
    assert due(world) == []
