"""The interface against FastAPI without a database: ``dev.py bench http``.

Servers are processes of their own with one uvicorn worker each; clients keep their connections. Rounds of the contestants take turns, so
that a slow minute of the machine is everybody's; a ratio is the median over the rounds. What is measured is the product as it is served:
identification by a header instead of a session, request ids, log lines (to nowhere), rights, guards, history and a durable commit.
"""

import argparse
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import structlog
import uvicorn
from pydantic import SecretStr
from starlette.middleware import Middleware

from api.app import create_app
from api.bootstrap import build_runtime
from api.settings import Settings
from tests.bench.province import LAP, NOW, prepare
from tests.bench.transitions import disk
from tests.support.http import Introduced
from tests.support.postgres import APPLICATION, Cluster, fresh_name
from workflow.clock import ManualClock
from workflow.store import migrate, open_store

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


def serve(kind: str, url: str) -> None:
    """Serve on a port that is printed, until killed."""
    logging.disable(logging.CRITICAL)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - the log goes there
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(nowhere))
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        app = _bare() if kind == "bare" else _ours(url)
        uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listener])


def _bare() -> Any:
    from fastapi import FastAPI  # noqa: PLC0415

    from api.schemas.cases import ActGiven  # noqa: PLC0415

    app = FastAPI(telemetry={"tracing": False})

    @app.post("/cases/{code}/actions/{event}")
    async def act(code: str, event: str, body: ActGiven) -> dict[str, Any]:
        return {"case": code, "event": event, "given": len(body.model_extra or {})}

    return app


def _ours(url: str) -> Any:
    run = build_runtime(
        Settings(database_url=SecretStr(url), allow_unsafe=True, data_dir=Path(tempfile.mkdtemp(prefix="ocop-"))),
        clock=ManualClock(NOW),
        checked=True,
    )
    return create_app(run, identify=[Middleware(Introduced)])


@contextmanager
def served(kind: str, url: str) -> Iterator[int]:
    """A server in a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.http", "--serve", kind, url], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        until = time.monotonic() + 60
        while True:
            try:
                connection = Client(port)
                connection.ask(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
                connection.close()
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()


# Clients.


class Client:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        self._socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        while len(body) < length:
            body += self._more()
        return int(head[9:12]), body

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        if not data:
            raise ConnectionError
        return data

    def close(self) -> None:
        self._socket.close()


Turn = Callable[[Client], None]


def get(path: str, by: str) -> Turn:
    """A read that has to succeed."""
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Test-Person: {by}\r\n\r\n".encode()

    def turn(client: Client) -> None:
        status, body = client.ask(request)
        assert status == 200, body

    return turn


def post(path: str, by: str, body: bytes, version: int, key: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-Test-Person: {by}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f'{head}If-Match: "{version}"\r\nIdempotency-Key: {key}\r\n\r\n'.encode() + body


def acts(mine: list[dict[str, Any]], numbers: Iterator[int]) -> Turn:
    """The lap of some dossiers, an act a turn."""
    place = [0]

    def turn(client: Client) -> None:
        case = mine[place[0] % len(mine)]
        place[0] += 1
        step = LAP[case["turn"] % len(LAP)]
        body = json.dumps({**step.payload, **({"reason": step.reason} if step.reason else {})}).encode()
        request = post(
            f"/api/v1/cases/{case['code']}/actions/{step.event}", f"{step.by}-{case['commune']}", body, case["version"], f"k{next(numbers)}"
        )
        status, answer = client.ask(request)
        assert status == 200, answer
        case["turn"] += 1
        case["version"] = json.loads(answer)["case"]["version"]

    return turn


def bare(client: Client) -> None:
    """The floor's turn."""
    step = LAP[0]
    status, _ = client.ask(post("/cases/X/actions/e", "x", json.dumps(step.payload).encode(), 1, "k"))
    assert status == 200


def slice_of(port: int, turns: Sequence[Turn], seconds: float) -> tuple[float, list[float]]:
    """Requests a second over all clients, and how long each took in milliseconds."""
    times: list[list[float]] = [[] for _ in turns]
    faults: list[BaseException] = []

    def work(turn: Turn, mine: list[float]) -> None:
        try:
            client = Client(port)
            until = time.perf_counter() + seconds
            while (began := time.perf_counter()) < until:
                turn(client)
                mine.append((time.perf_counter() - began) * 1000)
            client.close()
        except BaseException as fault:  # noqa: BLE001 - told to who started it
            faults.append(fault)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(turns, times, strict=True)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    found = sorted(each for mine in times for each in mine)
    return len(found) / (time.perf_counter() - began), found


def contest(ports: tuple[int, int], floor: Sequence[Turn], ours: Sequence[Turn], rounds: int, seconds: float) -> tuple[Any, ...]:
    """Rates, times and ratio of both, in turns."""
    rates: tuple[list[float], list[float]] = ([], [])
    times: tuple[list[float], list[float]] = ([], [])
    for warm in (True, *[False] * rounds):
        for index, (port, turns) in enumerate(zip(ports, (floor, ours), strict=True)):
            rate, took = slice_of(port, turns, 0.3 if warm else seconds)
            if not warm:
                rates[index].append(rate)
                times[index].extend(took)
    ratio = median(mine / theirs for theirs, mine in zip(*rates, strict=True))
    marks = [(sorted(each)[len(each) // 2], sorted(each)[len(each) * 99 // 100]) for each in times]
    return median(rates[0]), median(rates[1]), ratio, *marks


# Databases.


@contextmanager
def prepared(database: str, cases: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A database with dossiers, removed afterwards."""
    with ExitStack() as stack:
        if database == "sqlite":
            folder = tempfile.mkdtemp(prefix="ocop-bench-", dir=disk())
            stack.callback(shutil.rmtree, folder)
            url = f"sqlite:///{Path(folder) / 'ocop.db'}"
            migrate(url)
        else:
            cluster, name = Cluster(os.environ["OCOP_TEST_POSTGRES_URL"]), fresh_name("ocop_bench")
            cluster.ensure_application_role()
            migrate(cluster.create_database(name), app_role=APPLICATION)
            stack.callback(cluster.drop_database, name)
            url = cluster.url(name, APPLICATION)
        store = open_store(url, allow_unsafe=True)
        try:
            province = prepare(store, cases)
            versions = {d.code: loaded.case.version for d in province.dossiers if (loaded := store.load_case(d.code, ""))}
        finally:
            store.close()
        yield url, [{"code": d.code, "commune": d.commune, "turn": d.turn, "version": versions[d.code]} for d in province.dossiers]


def measure(database: str, cases: int, rounds: int, seconds: float) -> Iterator[Figure]:
    """All figures of a database."""
    numbers = count()
    with prepared(database, cases) as (url, dossiers), served("bare", "") as floor, served("ours", url) as ours:
        for clients in (1, 16):
            shares = [dossiers[n::16] for n in range(clients)]
            contests: dict[str, list[Turn]] = {
                "read a case": [get(f"/api/v1/cases/{share[0]['code']}", "cb-TW") for share in shares],
                "a page of 50": [get("/api/v1/cases?limit=50", "cb-TW") for _ in shares],
                "a durable act": [acts(share, numbers) for share in shares],
            }
            for name, turns in contests.items():
                found = contest((floor, ours), [bare] * clients, turns, rounds, seconds)
                (p50, p99), (mine50, mine99) = found[3], found[4]
                goal = GOALS.get((database, clients), 0.0) if name == "a durable act" else 0.0
                yield Figure(name, database, clients, found[0], found[1], found[2], goal, mine50, mine99, p50, p99)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="dev.py bench http", description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
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
        print(f"{asked.cases:,} cases, Python {sys.version.split()[0]}, {os.cpu_count()} cores, {asked.rounds} rounds of {asked.seconds} s")
        print(
            "| database | clients | what | floor | ours | ratio | goal | p50 ms | p99 ms | floor's p50, p99 |\n|---|---:|---|---:|---:|---:|---:|---:|---:|---:|"
        )
    for database in databases:
        for figure in measure(database, asked.cases, asked.rounds, asked.seconds):
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
