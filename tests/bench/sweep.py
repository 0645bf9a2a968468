"""What a tick costs with a million open deadlines: nothing due, 1,000 due, 100,000 due. ``python3 dev.py bench sweep``.

The sweep is the worker's own (:func:`workflow.sweeping.run_tick`) on the database of :mod:`tests.bench.openrows`. Against it stands the
bare database in the same run: the query that finds a page of due rows, and, for the same number of like rows, that query with everything
that the engine writes for them (:mod:`tests.bench.floors`), in pages of the same size. They take turns; a ratio is the median of the
ratios within each turn.
"""

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from statistics import median
from typing import Any

import psycopg

from deadlines.sweep import GRACE, tick
from tests.bench import floors
from tests.bench.harness import Step, flush_microseconds
from tests.bench.openrows import FIRST_DUE, TERMS_EACH, Layout, Place, Range, on_postgresql, on_sqlite
from tests.bench.transitions import disk
from tests.support.postgres import Cluster
from tests.support.world import World, on
from workflow.clock import ManualClock
from workflow.store import open_store
from workflow.store.mapping import TERM
from workflow.store.sqlite_writer import connect
from workflow.store.types import to_micros
from workflow.store.urls import conninfo, sqlite_path
from workflow.sweeping import run_tick, sequence

PAGE = 500
_DUE = f"SELECT {TERM.names()} FROM term WHERE status='running' AND due_at<=? AND due_at>? ORDER BY due_at,id LIMIT ?"  # noqa: S608
Query = Callable[[int, int, int], Sequence[Any]]
"""``query(until, after, limit)``: the bare database's page of running rows, instants in microseconds."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    Attributes:
        few, open: Open deadlines of the small and of the large table.
        small, large: Deadlines that fall due at once.
        alone: Deadlines written one by one, to compare with.
        looks: How often a tick with nothing due is timed.
        turns: How often contestants take turns; ``large`` is cut into so many parts.
    """

    few: int = 10_000
    open: int = 1_000_000
    small: int = 1000
    large: int = 100_000
    alone: int = 200
    looks: int = 300
    turns: int = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: ``floor`` and ``ours`` are medians in ``unit``; ``ratio`` above 1 is better than the floor where more is better."""

    name: str
    database: str
    open: int
    floor: float
    ours: float
    ratio: float
    unit: str


class Bare:
    """The bare database: its page of due rows, and its way to write what the engine writes for a page."""

    def __init__(self, place: Place) -> None:
        self._place = place
        path = sqlite_path(place.url)
        if path is not None:
            connection = connect(path, writer=False)
            self.query: Query = lambda *given: connection.execute(_DUE, given).fetchall()
            self._close: Callable[[], None] = connection.close
        else:
            session = psycopg.connect(conninfo(place.url), autocommit=True)
            session.prepare_threshold = 0
            text = _DUE.replace("?", "%s").encode()
            self.query = lambda *given: session.execute(text, given, binary=True).fetchall()
            self._close = session.close

    def close(self) -> None:
        """Close every connection of the bare database."""
        self._close()
        floors.let_go()

    def writing(self, rows: Range, page: int) -> Step:
        """Finds a page of these rows and writes it, at each call."""
        batch = floors.sqlite_batch if self._place.database == "sqlite" else floors.postgresql_batch
        (write,) = batch(range(1), url=self._place.url, dossiers=rows.dossiers(), traces=[self._place.trace], of=1, batch=page)
        until = to_micros(rows.due_at)

        def step() -> int:
            assert len(self.query(until, until - 1, page)) == page
            return write()

        return step


def measure(place: Place, size: Size) -> Iterator[Figure]:
    """All figures of one database, as they come."""
    layout = Layout()
    alone = [(layout.take(size.alone), layout.take(size.alone)) for _ in range(size.turns)]
    small = [(layout.take(size.small), layout.take(size.small)) for _ in range(size.turns)]
    large = (layout.take(size.large), layout.take(size.large))
    begun = layout.ranges
    layout.rest(size.open // TERMS_EACH)
    # The small table holds rows that fall due last, as every table does whose deadlines are all to come.
    last = begun.pop()
    cut = last.first + size.few // TERMS_EACH
    few, rest = [replace(last, last=cut - 1)], [*begun, replace(last, first=cut)]
    place.fill(few)
    yield from _nothing_due(place, size, size.few)
    began = time.perf_counter()
    place.fill(rest)
    print(f"{place.database}: filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    yield from _nothing_due(place, size, size.open)
    with _world(place) as (world, bare):
        yield _taking_turns("deadlines one by one", world, bare, alone, size, _one_by_one)
        yield _taking_turns(f"tick with {size.small:,} due", world, bare, small, size, _swept)
        yield from _large(world, bare, large, size)
        yield _idle(world, bare, "nothing due, afterwards", size, size.open)


class _world:  # noqa: N801 - used as a context
    """Services on the place, and the bare database beside them."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._store = open_store(place.url, allow_unsafe=True)

    def __enter__(self) -> tuple[World, Bare]:
        world = on(self._store, ManualClock(FIRST_DUE - GRACE))
        # A tick before the measurement opens what the law opens, and fills the caches.
        run_tick(world.store, world.engine, world.plans, world.clock.now())
        self._bare = Bare(self._place)
        return world, self._bare

    def __exit__(self, *_: object) -> None:
        self._bare.close()
        self._store.close()


def _nothing_due(place: Place, size: Size, rows: int) -> Iterator[Figure]:
    with _world(place) as (world, bare):
        yield _idle(world, bare, "nothing due", size, rows)


def _idle(world: World, bare: Bare, name: str, size: Size, rows: int) -> Figure:
    now = world.clock.now()
    queries, ticks = [], []
    for _ in range(size.looks):
        queries.append(_timed(lambda: bare.query(to_micros(now - GRACE), 0, PAGE)))
        ticks.append(_timed(lambda: _nothing(world)))
    floor, ours = median(queries) * 1e6, median(ticks) * 1e6
    return Figure(name, _of(world), rows, round(floor), round(ours), round(floor / ours, 2), "µs")


def _nothing(world: World) -> None:
    done = run_tick(world.store, world.engine, world.plans, world.clock.now())
    assert done.sweep.oldest is None


def _taking_turns(  # noqa: PLR0913
    name: str, world: World, bare: Bare, pairs: Sequence[tuple[Range, Range]], size: Size, ours: Callable[[World, int], None]
) -> Figure:
    """Rates in rows a second; ours falls due and is swept while the floor's rows lie just ahead."""
    floor_rates, our_rates = [], []
    for mine, theirs in pairs:
        rows = theirs.last - theirs.first + 1
        page = rows if ours is _one_by_one else min(PAGE, rows)
        write = bare.writing(theirs, 1 if ours is _one_by_one else page)
        world.move(mine.due_at + GRACE)
        our_rates.append(rows / _timed(partial(ours, world, rows)))
        floor_rates.append(rows / _timed(partial(_written, write, rows)))
    return _figure(name, world, size, floor_rates, our_rates)


def _large(world: World, bare: Bare, pair: tuple[Range, Range], size: Size) -> Iterator[Figure]:
    mine, theirs = pair
    world.move(mine.due_at + GRACE)
    part = size.large // size.turns
    write = bare.writing(theirs, min(PAGE, part))
    floor_rates, our_rates, logged = [], [], []
    until, before = to_micros(mine.due_at), to_micros(mine.due_at) - 1
    bare_page = median(_timed(lambda: bare.query(until, before, PAGE)) for _ in range(20))
    our_page = median(_timed(lambda: world.store.due_terms(mine.due_at, PAGE)) for _ in range(20))
    yield Figure(
        f"page of {PAGE} of {size.large:,} due", _of(world), size.open, round(bare_page * 1e6), round(our_page * 1e6),
        round(bare_page / our_page, 2), "µs",
    )  # fmt: skip
    for _ in range(size.turns):
        our_rates.append(part / _timed(lambda: _part(world, part)))
        floor_rates.append(part / _timed(lambda: _written(write, part)))
        waiting = world.store.unsequenced()
        logged.append(waiting / _timed(lambda: sequence(world.store)))
    yield _figure(f"sweep of {size.large:,} due, log apart", world, size, floor_rates, our_rates)
    yield Figure("of it the log", _of(world), size.open, 0, round(median(logged)), 0, "rows/s")


def _part(world: World, rows: int) -> None:
    engine = world.engine
    done = tick(world.clock.now(), world.store, engine.expire, together=engine.expire_many, limit=rows)
    assert (len(done.fired), done.failed) == (rows, [])


def _swept(world: World, rows: int) -> None:
    done = run_tick(world.store, world.engine, world.plans, world.clock.now())
    assert (len(done.sweep.fired), done.sweep.failed) == (rows, [])


def _one_by_one(world: World, rows: int) -> None:
    assert len(tick(world.clock.now(), world.store, world.engine.expire).fired) == rows


def _written(write: Step, rows: int) -> None:
    done = 0
    while done < rows:
        done += write()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _of(world: World) -> str:
    return world.store.dialect


def _figure(name: str, world: World, size: Size, floor: Sequence[float], ours: Sequence[float]) -> Figure:
    ratio = median(o / f for o, f in zip(ours, floor, strict=True))
    return Figure(name, _of(world), size.open, round(median(floor)), round(median(ours)), round(ratio, 2), "rows/s")


def grows(found: Sequence[Figure], database: str) -> float:
    """How many times longer a tick with nothing due takes with the large table than with the small one."""
    few, many = (f.ours for f in found if f.database == database and f.name == "nothing due")
    return many / few


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 where a tick with nothing due grows with the open rows by more than half."""
    parser = argparse.ArgumentParser(prog="dev.py bench sweep", description="Ticks with a million open deadlines.")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--open", type=int, default=Size().open, help="open deadlines")
    asked = parser.parse_args(arguments)
    size = replace(Size(), open=asked.open)
    databases = [asked.only] if asked.only else ["sqlite", "postgresql"]
    server = os.environ.get("OCOP_TEST_POSTGRES_URL")
    if "postgresql" in databases and not server:
        print("không có PostgreSQL · without PostgreSQL", file=sys.stderr)
        databases.remove("postgresql")
    if not asked.json:
        print(f"SQLite {sqlite3.sqlite_version}, Python {sys.version.split()[0]}, {os.cpu_count()} cores, {size.turns} turns")
        print("| database | open rows | what | floor | ours | ratio | unit |\n|---|---:|---|---:|---:|---:|---|")
    found, flushes = [], [flush_microseconds(disk())]
    for database in databases:
        with on_sqlite(disk()) if database == "sqlite" else on_postgresql(Cluster(str(server))) as place:
            for figure in measure(place, size):
                found.append(figure)
                flushes.append(flush_microseconds(disk()))
                if not asked.json:
                    f = figure
                    floor, ratio = (f"{f.floor:,.0f}", f"{f.ratio:.2f}") if f.floor else ("–", "–")
                    print(f"| {f.database} | {f.open:,} | {f.name} | {floor} | {f.ours:,.0f} | {ratio} | {f.unit} |", flush=True)
    growth = {database: round(grows(found, database), 2) for database in databases}
    load = f"; load {os.getloadavg()[1]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"4 KiB flushed to the disk between the measurements: {min(flushes):.0f} to {max(flushes):.0f} µs{load}", file=sys.stderr)
    if asked.json:
        print(json.dumps({"figures": [asdict(figure) for figure in found], "growth": growth}, indent=1))
    else:
        print(f"\nnothing due, {size.open:,} open against {size.few:,}: {growth}")
    return 0 if all(times <= 1.5 for times in growth.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
