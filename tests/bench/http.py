"""The interface against FastAPI without a database: ``dev.py bench http``.

Servers are processes of their own with one worker each; clients keep their connections. Rounds of the contestants take turns, so that a
slow minute of the machine is everybody's; a ratio is the median over the rounds. What is measured is the product as ``ocop serve`` serves
it: everybody is signed in by a session's cookie, writes carry the session's token, every read of a case is recorded, every request has its
id, its log line (to nowhere) and its figures; rights, guards, history and a durable commit are the real ones.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import uvicorn

from tests.bench.http_clients import SignedIn, Turn, acts, bare, contest, reads, slice_of
from tests.bench.http_province import Served, prepared, runtime

GOALS = {("sqlite", 16): 0.55, ("postgresql", 16): 0.35}
"""Of the floor's rate, for a durable act by so many clients; reads, and single clients, have none."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One contest. Rates are requests a second, times milliseconds."""

    name: str
    database: str
    clients: int
    floor: float
    ours: float
    ratio: float
    goal: float
    p50: float
    p99: float
    floor_p50: float
    floor_p99: float
    unit: str = "1/s"


# Servers.


def serve(kind: str, url: str, folder: str) -> None:
    """Serve on a port that is printed, until killed."""
    from api.serving import application, listening, server  # noqa: PLC0415

    listener = listening("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    # The log goes where it costs no disk; writing its lines is part of serving.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if kind == "bare":
        logging.disable(logging.CRITICAL)
        uvicorn.Server(uvicorn.Config(_bare(), log_config=None, access_log=False)).run(sockets=[listener])
    else:
        run = runtime(url, Path(folder))
        server(application(run, None), run.settings).run(sockets=[listener])


def _bare() -> Any:
    from fastapi import FastAPI  # noqa: PLC0415

    from api.schemas.cases import ActGiven  # noqa: PLC0415

    app = FastAPI(telemetry={"tracing": False})

    @app.post("/cases/{code}/actions/{event}")
    async def act(code: str, event: str, body: ActGiven) -> dict[str, Any]:
        return {"case": code, "event": event, "given": len(body.model_extra or {})}

    return app


@contextmanager
def served(kind: str, url: str = "", folder: str = "") -> Iterator[int]:
    """A server in a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.http", "--serve", kind, url, folder], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        until = time.monotonic() + 60
        while True:
            try:
                slice_of(port, [iter([(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", lambda *_: None)])], 0)
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()


# Contests.


def contests(place: Served, clients: int) -> dict[str, list[Iterator[Turn]]]:
    """What is measured with so many clients, by name."""
    shares = [place.dossiers[n::16] for n in range(clients)]
    centre, person = place.people["cb-TW"], place.people.__getitem__

    def lists(by: SignedIn) -> Iterator[Turn]:
        return reads(["/api/v1/cases?limit=50"], by)

    return {
        "read a case": [reads([f"/api/v1/cases/{each.code}" for each in share], centre) for share in shares],
        "a page of 50": [lists(centre) for _ in shares],
        "a commune's page of 50": [lists(person(f"cb-X{50 + n:03d}")) for n in range(clients)],
        "a durable act": [acts(share, person) for share in shares],
    }


def measure(database: str, cases: int, rounds: int, seconds: float, only: str | None = None) -> Iterator[Figure]:
    """All figures of a database."""
    with prepared(database, cases) as place, served("bare") as floor, served("ours", place.url, str(place.folder)) as ours:
        for clients in (1, 16):
            for name, turns in contests(place, clients).items():
                if only is None or only in name:
                    found = contest((floor, ours), ([bare() for _ in turns], turns), rounds, seconds)
                    (p50, p99), (mine50, mine99) = found.marks(0), found.marks(1)
                    goal = GOALS.get((database, clients), 0.0) if name == "a durable act" else 0.0
                    rates = median(found.rates[0]), median(found.rates[1])
                    yield Figure(name, database, clients, *rates, found.ratio(), goal, mine50, mine99, p50, p99)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="dev.py bench http", description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--what", help="only contests whose name contains this")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.serve:
        serve(*asked.serve)
        return 0
    databases = [asked.only] if asked.only else ["sqlite", "postgresql"]
    if "postgresql" in databases and not os.environ.get("OCOP_TEST_POSTGRES_URL"):
        print("không có PostgreSQL · without PostgreSQL", file=sys.stderr)
        databases.remove("postgresql")
    found = []
    if not asked.json:
        load = ", ".join(f"{each:.1f}" for each in os.getloadavg()) if hasattr(os, "getloadavg") else "–"
        print(
            f"{asked.cases:,} cases, Python {sys.version.split()[0]}, {os.cpu_count()} cores, {asked.rounds} rounds of {asked.seconds} s, load {load}"
        )
        print("| database | clients | what | floor | ours | ratio | goal | p50 ms | p99 ms | floor's p50, p99 |")
        print("|---|---:|---|---:|---:|---:|---:|---:|---:|---:|")
    for database in databases:
        for figure in measure(database, asked.cases, asked.rounds, asked.seconds, asked.what):
            found.append(figure)
            if not asked.json:
                print(
                    f"| {figure.database} | {figure.clients} | {figure.name} | {figure.floor:,.0f} | {figure.ours:,.0f} | {figure.ratio:.3f}"
                    f" | {figure.goal:.2f} | {figure.p50:.1f} | {figure.p99:.1f} | {figure.floor_p50:.1f}, {figure.floor_p99:.1f} |",
                    flush=True,
                )
    if asked.json:
        print(json.dumps([asdict(figure) for figure in found], indent=1))
    return 0 if all(figure.ratio >= figure.goal for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
