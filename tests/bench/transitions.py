"""What one durable, audited act costs: the engine against the bare database, on SQLite and PostgreSQL. ``python3 dev.py bench transitions``.

Contestants are those of :mod:`tests.bench.floors` and the engine as the application wires it; the acts are the lap of
:mod:`tests.bench.province`. Eight clients are threads of one process on SQLite, because one process writes there and shares its commits,
and eight processes on PostgreSQL, as several workers would be, because threads would mostly wait for each other's interpreter.
"""

import argparse
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path

from tests.bench import floors
from tests.bench.harness import Contestant, Step, duel, flush_microseconds
from tests.bench.province import Dossier, Province, Trace, carried_out, command, engine_on, prepare
from tests.support.postgres import APPLICATION, Cluster, fresh_name
from workflow.store import migrate, open_store

MANY = 8
Clone = Callable[[], str]
"""Gives the address of a fresh copy of the prepared database."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int = 9
    seconds: float = 1.0
    cases: int = 2000
    batch: int = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report; ``floor`` and ``ours`` are medians, ``ratio`` the median of the rounds' ratios."""

    name: str
    database: str
    floor: float
    ours: float
    ratio: float
    goal: float
    unit: str
    clients: int


def engine_single(clients: range, *, url: str, dossiers: Sequence[Dossier], traces: Sequence[Trace], of: int) -> list[Step]:
    """The engine, an act at a time."""
    engine = engine_on(open_store(url))

    def step_of(client: int) -> Step:
        mine, numbers = dossiers[client::of], count()

        def step() -> int:
            number = next(numbers)
            dossier = mine[number % len(mine)]
            engine.perform(command(dossier, f"{client}:{number}"))
            dossier.turn = (dossier.turn + 1) % len(traces)
            return 1

        return step

    return [step_of(client) for client in clients]


def engine_batch(  # noqa: PLR0913 - named at the call
    clients: range, *, url: str, dossiers: Sequence[Dossier], traces: Sequence[Trace], of: int, batch: int
) -> list[Step]:
    """The engine, many acts in one transaction."""
    assert len(clients) == of == 1
    engine, numbers = engine_on(open_store(url)), count()
    position = 0

    def step() -> int:
        nonlocal position
        taken = [dossiers[(position + n) % len(dossiers)] for n in range(batch)]
        position = (position + batch) % len(dossiers)
        done = carried_out(engine.perform_each([command(dossier, f"b{next(numbers)}") for dossier in taken]))
        for dossier in taken:
            dossier.turn = (dossier.turn + 1) % len(traces)
        return done

    return [step]


Start = Callable[..., Sequence[Step]]


@dataclass(frozen=True, slots=True)
class Duel:
    """A measurement: floors with their goals, and the engine's way."""

    name: str
    floors: tuple[tuple[str, Start, float], ...]
    ours: Start
    clients: int = 1
    batched: bool = False


def duels(database: str) -> tuple[Duel, ...]:
    """What is measured on a database."""
    if database == "sqlite":
        return (
            Duel("one act", (("statements", floors.sqlite_each_alone, 0.7),), engine_single),
            Duel(
                "one act",
                (("sharing commits", floors.sqlite_sharing, 0.5), ("each its commit", floors.sqlite_each_alone, 0.5)),
                engine_single,
                MANY,
            ),
            Duel("batch", (("executemany", floors.sqlite_batch, 0.55),), engine_batch, batched=True),
        )
    single = (("statements", floors.postgresql_plain, 1.0), ("one statement", floors.postgresql_one_statement, 0.5))
    eight = (("statements", floors.postgresql_plain, 0.5), ("one statement", floors.postgresql_one_statement, 0.5))
    return (
        Duel("one act", single, engine_single),
        Duel("one act", eight, engine_single, MANY),
        Duel("batch", (("unnest and COPY", floors.postgresql_batch, 0.55),), engine_batch, batched=True),
    )


def figures(database: str, clone: Clone, province: Province, size: Size) -> Iterator[Figure]:
    """Measure everything on one database."""
    for each in duels(database):
        contestants = [contestant(each, name, start, clone, province, size, database) for name, start, _ in each.floors]
        ours = contestant(each, "engine", each.ours, clone, province, size, database)
        found = duel([*contestants, ours], rounds=size.rounds, seconds=size.seconds)
        engine = found["engine"]
        for name, _, goal in each.floors:
            floor = found[name]
            label = f"{each.name}{f' of {size.batch}' if each.batched else ''}, floor: {name}"
            yield Figure(
                label, database, round(floor.median), round(engine.median), round(engine.ratio(floor), 3), goal, "acts/s", each.clients
            )


def contestant(  # noqa: PLR0913
    each: Duel, name: str, start: Start, clone: Clone, province: Province, size: Size, database: str
) -> Contestant:
    """A contestant on a database of its own."""
    given = {"url": clone(), "dossiers": province.dossiers, "traces": province.traces, "of": each.clients}
    if each.batched:
        given["batch"] = size.batch
    processes = each.clients if database == "postgresql" else 1
    return Contestant(name, start, given, each.clients, processes)


def disk() -> str:
    """A folder that is no memory disk, as far as one can know; a server of our own keeps its data there, too."""
    return "/var/tmp" if Path("/var/tmp").is_dir() else tempfile.gettempdir()


@contextmanager
def on_sqlite(size: Size) -> Iterator[tuple[Clone, Province]]:
    """A prepared file, on a disk and not in memory."""
    with tempfile.TemporaryDirectory(prefix="ocop-bench-", dir=disk()) as folder:
        template, numbers = Path(folder) / "template.db", count()
        migrate(f"sqlite:///{template}")
        store = open_store(f"sqlite:///{template}")
        province = prepare(store, size.cases)
        store.close()

        def clone() -> str:
            path = Path(folder) / f"{next(numbers)}.db"
            shutil.copyfile(template, path)
            return f"sqlite:///{path}"

        yield clone, province


@contextmanager
def on_postgresql(cluster: Cluster, size: Size) -> Iterator[tuple[Clone, Province]]:
    """A prepared database and copies of it, all removed afterwards."""
    template = fresh_name("ocop_bench")
    made = [template]
    try:
        cluster.ensure_application_role()
        migrate(cluster.create_database(template), app_role=APPLICATION)
        store = open_store(cluster.url(template, APPLICATION))
        province = prepare(store, size.cases)
        store.close()
        with cluster.connect(template) as owner:
            owner.execute("ANALYZE")

        def clone() -> str:
            made.append(fresh_name("ocop_bench"))
            cluster.create_database(made[-1], template)
            return cluster.url(made[-1], APPLICATION)

        yield clone, province
    finally:
        for name in made:
            cluster.drop_database(name)


def measure(databases: Sequence[str], size: Size) -> Iterator[Figure]:
    """All figures, as they come."""
    for database in databases:
        place = on_sqlite(size) if database == "sqlite" else on_postgresql(Cluster(os.environ["OCOP_TEST_POSTGRES_URL"]), size)
        with place as (clone, province):
            yield from figures(database, clone, province, size)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 where a goal is missed."""
    usual = Size()
    parser = argparse.ArgumentParser(prog="dev.py bench transitions", description="The engine against the bare database.")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="length of a contestant's slice in a round")
    asked = parser.parse_args(arguments)
    size = replace(usual, rounds=asked.rounds, seconds=asked.seconds)
    databases = [asked.only] if asked.only else ["sqlite", "postgresql"]
    if "postgresql" in databases and not os.environ.get("OCOP_TEST_POSTGRES_URL"):
        print("không có PostgreSQL · without PostgreSQL", file=sys.stderr)
        databases.remove("postgresql")
    found = []
    if not asked.json:
        print(
            f"SQLite {sqlite3.sqlite_version}, Python {sys.version.split()[0]}, {os.cpu_count()} cores, {size.rounds} rounds of {size.seconds} s"
        )
        print("| database | clients | what | floor | ours | ratio | goal |\n|---|---:|---|---:|---:|---:|---:|")
    flushes = [flush_microseconds(disk())]
    for figure in measure(databases, size):
        found.append(figure)
        flushes.append(flush_microseconds(disk()))
        if not asked.json:
            line = f"| {figure.database} | {figure.clients} | {figure.name} | {figure.floor:,.0f} | {figure.ours:,.0f} | {figure.ratio:.2f} | {figure.goal:.2f} |"
            print(line, flush=True)
    load = f"; load {os.getloadavg()[1]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"4 KiB flushed to the disk between the measurements: {min(flushes):.0f} to {max(flushes):.0f} µs{load}", file=sys.stderr)
    if asked.json:
        print(json.dumps([asdict(figure) for figure in found], indent=1))
    return 0 if all(figure.ratio >= figure.goal for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
