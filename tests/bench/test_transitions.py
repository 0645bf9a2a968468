"""The contestants do the same work: after equally many acts their tables hold equally much, and the engine's histories prove sound."""

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.bench.harness import Contestant
from tests.bench.province import LAP, Province
from tests.bench.transitions import Clone, Duel, Size, contestant, duels, on_postgresql, on_sqlite
from tests.support.databases import chosen_kind
from tests.support.postgres import Cluster
from workflow.audit import drifts, verify_log
from workflow.store import open_store

pytestmark = pytest.mark.database
SIZE = Size(cases=8, batch=8)
ACTS = SIZE.cases * len(LAP)


def play(contestants: Sequence[Contestant]) -> list[int]:
    """Let each contestant do a lap of every dossier; in a process of its own, whose end closes what it opened."""
    return [_lap(each) for each in contestants]


def _lap(each: Contestant) -> int:
    steps, done = each.start(range(each.clients), **each.given), 0
    while done < ACTS:
        done += sum(step() for step in steps)
    return done


@pytest.fixture(scope="module")
def prepared() -> Iterator[tuple[Clone, Province]]:
    place = on_sqlite(SIZE) if chosen_kind() == "sqlite" else on_postgresql(Cluster(os.environ["OCOP_TEST_POSTGRES_URL"]), SIZE)
    with place as found:
        yield found


@pytest.fixture(scope="module")
def played(prepared: tuple[Clone, Province]) -> list[tuple[Duel, list[Contestant]]]:
    """Every duel with its contestants, the engine last, after their laps."""
    clone, province = prepared
    kind = chosen_kind()
    found = []
    for each in duels(kind):
        starts = (*((name, start) for name, start, _ in each.floors), ("engine", each.ours))
        found.append((each, [contestant(each, name, start, clone, province, SIZE, kind) for name, start in starts]))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        done = process.submit(play, [each for _, contestants in found for each in contestants]).result()
    assert set(done) == {ACTS}
    return found


def content(each: Contestant) -> tuple[Counter[str], Counter[str], int, int]:
    """What its database holds: entries by event, deadlines by status, bytes of texts and of openings."""
    store = open_store(each.given["url"])
    entries, terms = list(store.entries()), list(store.terms())
    store.close()
    texts, openings = sum(len(entry.body) for entry in entries), sum(len(entry.opening or "") for entry in entries)
    return Counter(entry.event for entry in entries), Counter(str(term.status) for term in terms), texts, openings


@pytest.mark.parametrize("number", range(3))
def test_a_floor_writes_what_the_engine_writes(played: list[tuple[Duel, list[Contestant]]], number: int):
    each, (*floors, engine) = played[number]
    events, terms, texts, openings = content(engine)
    assert len(floors) == len(each.floors)
    for floor in floors:
        mine = content(floor)
        assert mine[:2] == (events, terms)
        assert mine[2:] == pytest.approx((texts, openings), rel=0.02)


def test_what_the_engine_wrote_proves_sound(played: list[tuple[Duel, list[Contestant]]]):
    for _, contestants in played:
        store = open_store(contestants[-1].given["url"])
        verdict, drifted = verify_log(store), list(drifts(store))
        store.close()
        assert verdict.ok
        assert drifted == []
