"""Forecasts and suppositions over many histories: ``python3 dev.py bench forecast``.

A round in which 1,000 cases have dates ahead and 3,000 have met theirs, about 34,000 entries. The floor of a forecast is
one read of the same histories by the store, nothing parsed; the floor of a supposition is the preview of the same re-dating.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from statistics import median

from states.errors import CycleError
from states.vocabulary import Event
from tests.bench.transitions import disk
from tests.support.postgres import APPLICATION, Cluster, fresh_name
from tests.support.world import World, moment, world_at
from workflow.rows import ProductRow
from workflow.store import migrate
from workflow.supposing import MoveCutoff

ROUND = "VS-2021-1"
_BATCHES = 12
"""A council's sittings for the cases evaluated before, every other day."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many cases of the round have dates ahead, how many were evaluated before, and how often each thing is done."""

    members: int = 1000
    before: int = 3000
    turns: int = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds of the floor and of ours, medians."""

    name: str
    database: str
    cases: int
    floor: float
    ours: float
    unit: str = "ms"


def fill(world: World, size: Size) -> None:
    """Evaluated cases, a batch every other day, and then the members, half of them before the province."""
    count = size.before + size.members
    products = [f"P1-B{number:05d}" for number in range(count)]
    world.store.save_registry(
        products=[ProductRow(code=p, name=f"Miến dong {p}", group="food", producer="P1", unit="X1") for p in products]
    )
    old = _filed(world, products[: size.before], "2021-02-01 09:00")
    for event, start, mean in ((Event.CONCLUDE, "2021-02-05", 80), (Event.FORWARD, "2021-02-05", None), (Event.CONCLUDE, "2021-03-05", 70)):
        for number in range(_BATCHES):
            _each(world, event, old[number::_BATCHES], moment(f"{start} 09:00") + timedelta(days=2 * number), mean)
    new = _filed(world, products[size.before :], "2021-06-20 09:00")
    ahead = new[: len(new) // 2]
    _each(world, Event.CONCLUDE, ahead, moment("2021-06-25 09:00"), 80)
    _each(world, Event.FORWARD, ahead, moment("2021-06-25 09:00"))
    world.move("2021-06-26 08:00")


def _filed(world: World, products: Sequence[str], at: str) -> list[str]:
    cases = _each(world, Event.REGISTER, products, moment(at))
    for event in (Event.SELECT, Event.SUBMIT_PLAN, Event.FILE):
        _each(world, event, cases, moment(at))
    return cases


def _each(world: World, event: Event, codes: Sequence[str], at: datetime, mean: int | None = None) -> list[str]:
    """One act on many cases in one transaction; everybody who acts is the one who may act on the first."""
    if not codes:
        return []
    world.move(at)
    who = world.who(codes[0], event, at)
    asked = [world.command(c, event, by=who, at=at) if mean is None else world.command(c, event, by=who, at=at, mean=mean) for c in codes]
    done = []
    for answer in world.engine.perform_each(asked):
        if isinstance(answer, CycleError):
            raise answer
        done.append(answer.case)
    return done


@contextmanager
def place(database: str, server: str | None, folder: str | None = None) -> Iterator[str]:
    """Address of a migrated, empty database, removed afterwards."""
    if database == "sqlite":
        with tempfile.TemporaryDirectory(prefix="ocop-bench-", dir=folder) as made:
            migrate(f"sqlite:///{made}/forecast.db")
            yield f"sqlite:///{made}/forecast.db"
        return
    cluster, name = Cluster(str(server)), fresh_name("ocop_bench")
    try:
        cluster.ensure_application_role()
        migrate(cluster.create_database(name), app_role=APPLICATION)
        yield cluster.url(name, APPLICATION)
    finally:
        cluster.drop_database(name)


def measure(url: str, size: Size) -> Iterator[Figure]:
    """Fill a database and measure."""
    with world_at(url) as world:
        fill(world, size)
        moving = MoveCutoff(round=ROUND, stage="province_eval", phrase="trước ngày 10/8/2021")
        read = _timed(size, lambda: [world.store.bodies(page) for page in _pages(world)])
        count = size.members + size.before
        yield Figure("forecast", world.store.dialect, count, read, _timed(size, lambda: world.forecasts.round(ROUND)))
        yield Figure("round as it stands", world.store.dialect, count, read, _timed(size, lambda: world.rounds.report(ROUND)))
        preview = _timed(size, lambda: _previewed(world))
        yield Figure("what-if", world.store.dialect, count, preview, _timed(size, lambda: world.what_if.ask([moving], actor="officer-VS")))
        world.clock.move(moment("2021-08-10 00:00"))
        yield Figure("back-test", world.store.dialect, count, read, _timed(size, lambda: world.forecasts.back_test(ROUND)))


def _pages(world: World) -> Iterator[list[str]]:
    codes = [row.code for row in world.rounds.members(ROUND)]
    yield from (codes[number : number + 500] for number in range(0, len(codes), 500))


def _previewed(world: World) -> object:
    paper = ("1/TB", "2021-06-20", "Hội đồng phải hoãn họp", "officer-VS")
    return world.rounds.redate(ROUND, "province_eval", "trước ngày 10/8/2021", *paper, dry_run=True)


def _timed(size: Size, work: Callable[[], object]) -> float:
    found = []
    for _ in range(size.turns):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return round(median(found) * 1000, 1)


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="dev.py bench forecast", description="Forecasts of a round of 1,000 members.")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--members", type=int, default=Size().members, help="cases with dates ahead")
    asked = parser.parse_args(arguments)
    size = Size(members=asked.members, before=3 * asked.members)
    databases = [asked.only] if asked.only else ["sqlite", "postgresql"]
    server = os.environ.get("OCOP_TEST_POSTGRES_URL")
    if "postgresql" in databases and not server:
        print("không có PostgreSQL · without PostgreSQL", file=sys.stderr)
        databases.remove("postgresql")
    found = []
    for database in databases:
        with place(database, server, disk()) as url:
            found += list(measure(url, size))
    if asked.json:
        print(json.dumps([asdict(figure) for figure in found], indent=1))
        return 0
    print("| database | cases | what | floor | ours | unit |\n|---|---:|---|---:|---:|---|")
    for f in found:
        print(f"| {f.database} | {f.cases:,} | {f.name} | {f.floor:,.0f} | {f.ours:,.0f} | {f.unit} |")
    load = f"; load {os.getloadavg()[1]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores{load}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
