"""Connections and requests that are too slow, too many or too large, bare and behind nginx: ``python3 dev.py campaign edges``.

The server is ``ocop serve`` in a process of its own, the proxy runs by ``docs/examples/nginx.conf``, everything stays on loopback. While
somebody misbehaves from one address, four others read cases from another one. It ends with 1 where their p99 exceeds a second, a
connection is held for more than 20 seconds, the server takes more than 512 MB, or a request is not refused as it should be.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from api.bootstrap import build_runtime
from api.identity.service import build_identity
from api.identity.sessions import csrf_of
from api.settings import Settings
from tests.bench.http_clients import SignedIn, reads, slice_of
from tests.bench.http_province import prepared
from tests.support.edges import once, proxied, proxy_program, slow_bodies, slow_heads

P99_MILLISECONDS, HELD_SECONDS, MEMORY_MB = 1000.0, 20.0, 512
_OTHERS = 4
_MEGABYTE = 1024 * 1024
LAST = "Connection: close\r\n"


@dataclass(slots=True)
class Found:
    """What one misbehaviour came to."""

    where: str
    what: str
    answered: dict[str, int] = field(default_factory=dict)
    held: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    others: int = 0
    memory: int = 0
    wrong: list[str] = field(default_factory=list)


def port_of() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def serving(url: str, folder: Path, port: int, public: int | None) -> Iterator[int]:
    """``ocop serve`` on a port; its process id."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("OCOP_")}
    settings = {**given, "OCOP_DATABASE_URL": url, "OCOP_DATA_DIR": str(folder)}
    if public is not None:
        settings["OCOP_PUBLIC_URL"] = f"http://127.0.0.1:{public}"
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", str(port), "--no-worker"]
    process = subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def memory_of(pid: int) -> int:
    """The most memory that a process has held, in MB; 0 where the system does not say."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return 0
    return next(int(line.split()[1]) // 1024 for line in text.splitlines() if line.startswith("VmHWM"))


def meanwhile(port: int, by: SignedIn, paths: Sequence[str], work: Callable[[], Any]) -> tuple[Any, list[float]]:
    """What the work gives, and how long the others' requests took while it went on."""
    over = threading.Event()
    times: list[float] = []
    faults: list[BaseException] = []

    def others() -> None:
        try:
            while not over.is_set():
                times.extend(slice_of(port, [reads(paths[n::_OTHERS], by) for n in range(_OTHERS)], 0.5)[1])
        except BaseException as fault:  # noqa: BLE001 - told below
            faults.append(fault)

    thread = threading.Thread(target=others)
    thread.start()
    try:
        found = work()
    finally:
        over.set()
        thread.join()
    if faults:
        raise faults[0]
    return found, sorted(times)


def large(by: SignedIn, code: str) -> dict[str, tuple[Callable[[int], tuple[str, float]], frozenset[str]]]:
    """Large requests, and what may be answered; a connection that is cut while it still speaks may never see the answer."""
    address = f"/api/v1/cases/{code}/actions/defer"
    typed = f'X-CSRF-Token: {by.csrf}\r\nContent-Type: application/json\r\nIf-Match: "1"\r\nIdempotency-Key: k\r\n{LAST}'

    def sized(size: int) -> Callable[[int], tuple[str, float]]:
        head = f"{by.head('POST', address, typed)}Content-Length: {size}\r\n\r\n".encode()
        return lambda port: once(port, head, iter([b" " * 65_536] * (size // 65_536) + [b" " * (size % 65_536)]))

    def endless(port: int) -> tuple[str, float]:
        head = f"{by.head('POST', address, typed)}Transfer-Encoding: chunked\r\n\r\n".encode()
        return once(port, head, (b"10000\r\n" + b" " * 65_536 + b"\r\n" for _ in range(10_000)))

    def headers(port: int) -> tuple[str, float]:
        many = "".join(f"X-{n}: 1\r\n" for n in range(10_000))
        return once(port, f"{by.head('GET', '/livez', many + LAST)}\r\n".encode())

    def ranges(asked: Iterator[str]) -> Callable[[int], tuple[str, float]]:
        head = by.head("GET", "/static/pages.css", f"Range: bytes={','.join(asked)}\r\n{LAST}")
        return lambda port: once(port, f"{head}\r\n".encode())

    too_large, too_long = frozenset({"413", "cut"}), frozenset({"431", "400", "414", "cut"})
    return {
        "a body of 1 MB and one": (sized(_MEGABYTE + 1), too_large),
        "a body of 60 MB": (sized(60 * _MEGABYTE), too_large),
        "a chunked body without an end": (endless, too_large),
        "10,000 headers": (headers, too_long),
        "a range of 10,000 parts": (ranges(f"{n}-{n}" for n in range(0, 20_000, 2)), too_long),
        "a range of 2,000 parts": (ranges("0-" for _ in range(2_000)), frozenset({"200", "206", "400", "416", *too_long})),
    }


def forged(port: int) -> tuple[str, float]:
    """Guess a password from one address that says to be another one each time; what the last guess is answered with."""
    status, began = "", time.monotonic()
    for n in range(12):
        body = b'{"login":"nobody","password":"not the password"}'
        head = (
            f"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 203.0.113.{n}\r\nForwarded: for=203.0.113.{n}\r\n{LAST}"
        )
        status, _ = once(port, f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return status, time.monotonic() - began


Misbehaviour = tuple[str, Callable[[int], Any], frozenset[str] | None]


def misbehaviours(by: SignedIn, code: str, heads: int, bodies: int) -> Iterator[Misbehaviour]:
    """Each with what may be answered; None where it is only to end."""
    address = by.head("POST", f"/api/v1/cases/{code}/actions/defer", f'X-CSRF-Token: {by.csrf}\r\nIf-Match: "1"\r\nIdempotency-Key: k\r\n')
    yield f"{heads:,} slow heads", lambda port: slow_heads(port, heads), None
    yield f"{bodies:,} slow bodies", lambda port: slow_bodies(port, bodies, address), None
    for what, (request, allowed) in large(by, code).items():
        yield what, request, allowed
    yield "a forged address", forged, frozenset({"429"})


def tried(  # noqa: PLR0913 - where, what, and who else
    where: str, port: int, pid: int, by: SignedIn, paths: Sequence[str], what_for: Iterable[Misbehaviour]
) -> Iterator[Found]:
    """One misbehaviour after the other."""
    for what, work, allowed in what_for:
        done, times = meanwhile(port, by, paths, lambda work=work: work(port))  # type: ignore[misc]
        found = Found(where, what, others=len(times), memory=memory_of(pid))
        if times:
            found.p50, found.p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        if isinstance(done, tuple):
            found.answered, found.held = {done[0]: 1}, done[1]
            if allowed is not None and done[0] not in allowed:
                found.wrong.append(f"answered {done[0]}")
        else:
            found.answered, found.held = done.answered, max(done.seconds)
        if found.p99 > P99_MILLISECONDS:
            found.wrong.append("p99")
        if found.held > HELD_SECONDS:
            found.wrong.append("held")
        if found.memory > MEMORY_MB:
            found.wrong.append("memory")
        yield found


def signed_in(url: str, folder: Path) -> SignedIn:
    """A session of the centre's officer, now."""
    run = build_runtime(Settings(database_url=SecretStr(url), data_dir=folder), checked=True)
    try:
        id_, _ = build_identity(run).sessions.begin("cb-TW", via="session", strong=True, whole=True, source="127.0.0.1", agent="campaign")
        return SignedIn(f"ocop={id_}", csrf_of(id_))
    finally:
        run.close()


def main(arguments: Sequence[str]) -> int:
    """Run and print; 1 where a bound was passed."""
    parser = argparse.ArgumentParser(prog="dev.py campaign edges", description="Slow, many and large requests.")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--only", choices=("bare", "nginx"))
    parser.add_argument("--what", default="", help="only misbehaviours whose name contains this")
    parser.add_argument("--heads", type=int, default=2000, help="slow heads; at most 5000")
    parser.add_argument("--bodies", type=int, default=500, help="slow bodies; at most 5000")
    asked = parser.parse_args(arguments)
    heads, bodies = min(asked.heads, 5000), min(asked.bodies, 5000)
    _files(2 * max(heads, bodies) + 500)
    program = proxy_program()
    places = [place for place in ("bare", "nginx") if asked.only in {None, place}]
    if "nginx" in places and program is None:
        print("không có nginx · without nginx", file=sys.stderr)
        places.remove("nginx")
    found: list[Found] = []
    if not asked.json:
        print("| where | what | answered | held s | others' requests | p50 ms | p99 ms | memory MB | wrong |")
        print("|---|---|---|---:|---:|---:|---:|---:|---|")
    with prepared("sqlite", 200) as province:
        by = signed_in(province.url, province.folder)
        paths = [f"/api/v1/cases/{each.code}" for each in province.dossiers]
        for place in places:
            with ExitStack() as stack:
                inner, outer = port_of(), port_of() if place == "nginx" else None
                pid = stack.enter_context(serving(province.url, province.folder, inner, outer))
                if outer is not None and program is not None:
                    stack.enter_context(proxied(program, Path(stack.enter_context(tempfile.TemporaryDirectory())), outer, inner))
                    time.sleep(1)
                chosen = [each for each in misbehaviours(by, paths[0].rpartition("/")[2], heads, bodies) if asked.what in each[0]]
                for each in tried(place, outer or inner, pid, by, paths, chosen):
                    found.append(each)
                    if not asked.json:
                        answered = ", ".join(f"{status}: {number:,}" for status, number in sorted(each.answered.items()))
                        print(
                            f"| {each.where} | {each.what} | {answered} | {each.held:.1f} | {each.others:,} | {each.p50:.1f} | {each.p99:.1f}"
                            f" | {each.memory} | {', '.join(each.wrong) or '–'} |",
                            flush=True,
                        )
    if asked.json:
        print(json.dumps([asdict(each) for each in found], indent=1))
    return 1 if any(each.wrong for each in found) else 0


def _files(wanted: int) -> None:
    """Let this process and those that it starts open enough connections, where the system allows it."""
    try:
        import resource  # noqa: PLC0415
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
