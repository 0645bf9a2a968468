"""What telling costs: steps planned with an act, messages made, laid into inboxes, sent by SMTP. ``python3 dev.py bench reminders``.

Each stands beside its floor in the same run, by turns: the act without its steps; the same rows inserted and updated by the driver alone, in
one durable transaction a page; and :mod:`smtplib` handing letters of the same text over one connection to the same server on loopback. A
ratio is the median of the ratios within each turn.
"""

import argparse
import json
import os
import smtplib
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

import workflow.recording
from notifications.channels.email import EmailChannel
from notifications.relay import PAGE
from notifications.service import Notifications
from tests.bench.harness import flush_microseconds
from tests.bench.transitions import disk
from tests.campaigns.reminders import place
from tests.support.relaying import COMES, mail_settings, prepare, serving
from tests.support.telling import notifications
from tests.support.world import World, on, world_at
from workflow.clock import ManualClock
from workflow.store import open_store, statements
from workflow.store.mapping import storable
from workflow.store.telling_mapping import DELIVERY, ITEM, MESSAGE, TRY
from workflow.telling import DeliveryQuery, TryRow

FILED = "2021-06-01 09:00"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: acts of each kind in a turn, people who hear in a turn, turns."""

    acts: int = 10
    people: int = 500
    turns: int = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: ``floor`` and ``ours`` are medians in ``unit``, more is better; ``ratio`` is ours against the floor."""

    name: str
    database: str
    floor: float
    ours: float
    ratio: float
    unit: str


def measure(database: str, size: Size) -> Iterator[Figure]:
    """All figures of one database, as they come."""
    with place(database) as url:
        yield from _filing(url, database, size)
    rates: dict[str, list[tuple[float, float]]] = {"messages made": [], "laid into inboxes": [], "letters by SMTP": []}
    for _ in range(size.turns):
        with place(database) as url:
            for name, floor, ours in _telling(url, size):
                rates[name].append((floor, ours))
    units = {"messages made": "items/s", "laid into inboxes": "messages/s", "letters by SMTP": "letters/s"}
    for name, pairs in rates.items():
        yield _figure(name, database, pairs, units[name])


def _filing(url: str, database: str, size: Size) -> Iterator[Figure]:
    """The act that begins the most deadlines, with the steps that it plans and without."""
    planned = workflow.recording.planned
    with world_at(url) as world:
        dossiers = [f"{producer}-{number:02d}" for number in range(1, 61) for producer in ("P1", "P2")]
        cases = [world.registered(product, at=FILED) for product in dossiers[: 2 * size.acts * size.turns]]
        for case in cases:
            world.act(case, "select")
            world.act(case, "submit_plan")
        world.act(world.registered(dossiers[-1]), "select")
        pairs, steps = [], []
        for turn in range(size.turns):
            mine, theirs = (cases[(2 * turn + n) * size.acts :][: size.acts] for n in range(2))
            ours = size.acts / _timed(lambda mine=mine: [world.act(case, "file") for case in mine])  # type: ignore[misc]
            workflow.recording.planned = lambda *_: ()
            try:
                floor = size.acts / _timed(lambda theirs=theirs: [world.act(case, "file") for case in theirs])  # type: ignore[misc]
            finally:
                workflow.recording.planned = planned
            pairs.append((floor, ours))
            rungs = world.store.rungs([t.id for case in mine for t in world.store.terms(case)])
            steps.append(len(rungs) * ours / size.acts)
        yield _figure("file, which begins two deadlines", database, pairs, "acts/s")
        yield Figure("steps planned with it", database, 0, round(median(steps)), 0, "steps/s")


def _telling(url: str, size: Size) -> Iterator[tuple[str, float, float]]:
    prepare(url, size.people, gather=False)
    store = open_store(url, allow_unsafe=True)
    world = on(store, ManualClock(COMES))
    with serving() as server:
        telling = notifications(world, EmailChannel(mail_settings(server.port)))
        took = _timed(lambda: telling.composer.compose(world.clock.now()))
        found = [(item, message) for item, message in store.told(None, COMES, 10**6)]
        rows = store.deliveries(DeliveryQuery(since=COMES, limit=10**6))
        yield "messages made", len(found) / _timed(lambda: _inserted(world, found, rows)), len(found) / took
        inbox = [row for row in rows if row.channel == "inbox"]
        took = _timed(lambda: _laid(telling, len(inbox)))
        yield "laid into inboxes", len(inbox) / _timed(lambda: _accepted(world, inbox)), len(inbox) / took
        took = _timed(lambda: _sent(telling, len(inbox)))
        letters = [(to, data) for _, to, data in server.letters]
        yield "letters by SMTP", len(letters) / _timed(lambda: _handed(server.port, letters)), len(inbox) / took
    store.close()


def _inserted(world: World, found: Sequence[tuple[Any, Any]], rows: Sequence[Any]) -> None:
    """The rows of messages again under other keys, each table in one statement a page."""
    for start in range(0, len(found), PAGE):
        page = found[start : start + PAGE]
        ids = {message.id for _, message in page}
        messages = [storable(MESSAGE.values(replace(message, id=f"floor|{message.id}"))) for _, message in page]
        items = [storable(ITEM.values(replace(item, duty=f"floor|{item.duty}", message=f"floor|{item.message}"))) for item, _ in page]
        ways = [storable(DELIVERY.values(replace(row, key=f"floor|{row.key}", channel="none"))) for row in rows if row.message in ids]

        def work(transaction: Any, messages: Any = messages, items: Any = items, ways: Any = ways) -> None:
            for shape, values in ((MESSAGE, messages), (ITEM, items), (DELIVERY, ways)):
                transaction.many(statements.insert(shape), values)

        world.store._act(work)  # type: ignore[attr-defined]


def _accepted(world: World, rows: Sequence[Any]) -> None:
    """As many deliveries acknowledged, with a line in the log of tries."""
    for start in range(0, len(rows), PAGE):
        page = rows[start : start + PAGE]
        tries = [TryRow(key=f"floor|{row.key}", attempt=1, at=COMES, worker="floor", outcome="accepted", reply="") for row in page]

        def work(transaction: Any, page: Any = page, tries: Any = tries) -> None:
            transaction.many("UPDATE delivery SET state='accepted',attempt=1 WHERE key=?", [(f"floor|{row.key}",) for row in page])
            transaction.many(statements.insert(TRY), [storable(TRY.values(each)) for each in tries])

        world.store._act(work)  # type: ignore[attr-defined]


def _laid(telling: Notifications, expected: int) -> None:
    assert sum(telling._inbox.deliver().accepted.values()) == expected


def _sent(telling: Notifications, expected: int) -> None:
    assert telling.send().accepted == {"email": expected}


def _handed(port: int, letters: Sequence[tuple[str, bytes]]) -> None:
    for start in range(0, len(letters), PAGE):
        with smtplib.SMTP("127.0.0.1", port) as client:
            for to, data in letters[start : start + PAGE]:
                client.sendmail("nhac@ocop.example", [to], data)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _figure(name: str, database: str, pairs: Sequence[tuple[float, float]], unit: str) -> Figure:
    floor, ours = (median(column) for column in zip(*pairs, strict=True))
    return Figure(name, database, round(floor), round(ours), round(median(o / f for f, o in pairs), 2), unit)


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="dev.py bench reminders", description="What telling costs.")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--people", type=int, default=Size().people)
    asked = parser.parse_args(arguments)
    databases = [asked.only] if asked.only else ["sqlite", "postgresql"]
    if "postgresql" in databases and not os.environ.get("OCOP_TEST_POSTGRES_URL"):
        print("không có PostgreSQL · without PostgreSQL", file=sys.stderr)
        databases.remove("postgresql")
    if not asked.json:
        print(f"SQLite {sqlite3.sqlite_version}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
        print("| database | what | floor | ours | ratio | unit |\n|---|---|---:|---:|---:|---|")
    found, flushes = [], [flush_microseconds(disk())]
    for database in databases:
        for figure in measure(database, replace(Size(), people=asked.people)):
            found.append(figure)
            flushes.append(flush_microseconds(disk()))
            if not asked.json:
                floor, ratio = (f"{figure.floor:,.0f}", f"{figure.ratio:.2f}") if figure.floor else ("–", "–")
                print(f"| {figure.database} | {figure.name} | {floor} | {figure.ours:,.0f} | {ratio} | {figure.unit} |", flush=True)
    load = f"; load {os.getloadavg()[1]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"4 KiB flushed to the disk between the measurements: {min(flushes):.0f} to {max(flushes):.0f} µs{load}", file=sys.stderr)
    if asked.json:
        print(json.dumps([asdict(figure) for figure in found], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
