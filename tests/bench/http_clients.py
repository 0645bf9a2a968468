"""Clients that keep their connections: all of them in one thread around a selector, so that they wait for the server and not for each other."""

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from statistics import median

import orjson

from tests.bench.province import LAP

Turn = tuple[bytes, Callable[[int, bytes], None]]
"""A request as it is sent, and what is to be done with status and body of its answer."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody's session, and the token that a page of it sends along with a write."""

    cookie: str
    csrf: str

    def head(self, method: str, path: str, more: str = "") -> str:
        """The lines of a request."""
        return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Language: vi\r\nCookie: {self.cookie}\r\n{more}"


def well(status: int, body: bytes) -> None:
    """Whatever is asked has to succeed."""
    assert status == 200, body


def reads(paths: Sequence[str], by: SignedIn) -> Iterator[Turn]:
    """One address after the other, again and again."""
    ready = [f"{by.head('GET', path)}\r\n".encode() for path in paths]
    while True:
        for request in ready:
            yield request, well


@dataclass(slots=True)
class Lapping:
    """A dossier on its lap, as a client knows it."""

    code: str
    commune: str
    turn: int
    version: int


_KEYS = count()


def acts(mine: Sequence[Lapping], people: Callable[[str], SignedIn]) -> Iterator[Turn]:
    """An act on one dossier after the other."""
    while True:
        for case in mine:
            step = LAP[case.turn % len(LAP)]
            body = orjson.dumps({**step.payload, **({"reason": step.reason} if step.reason else {})})
            by = people(f"{step.by}-{case.commune}")
            more = (
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nX-CSRF-Token: {by.csrf}\r\n"
                f'If-Match: "{case.version}"\r\nIdempotency-Key: k{next(_KEYS)}\r\n'
            )

            def done(status: int, answer: bytes, case: Lapping = case) -> None:
                well(status, answer)
                case.turn += 1
                case.version = orjson.loads(answer)["case"]["version"]

            yield f"{by.head('POST', f'/api/v1/cases/{case.code}/actions/{step.event}', more)}\r\n".encode() + body, done


def bare() -> Iterator[Turn]:
    """The floor's turn: the body of an act, to nobody in particular."""
    body = orjson.dumps(LAP[0].payload)
    head = f"POST /cases/X/actions/e HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    while True:
        yield head.encode() + body, well


class _Client:
    """One connection, with at most one request under way."""

    def __init__(self, port: int, turns: Iterator[Turn]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._turns = turns
        self._read = b""
        self._wanted = 0
        self._at = 0.0

    def ask(self) -> None:
        """Send the next request."""
        request, self._done = next(self._turns)
        self._read, self._wanted, self._at = b"", 0, time.perf_counter()
        self.socket.sendall(request)

    def hear(self) -> float | None:
        """Read on; milliseconds since it was asked, once the answer is whole."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError
        self._read += data
        if not self._wanted:
            head, found, _ = self._read.partition(b"\r\n\r\n")
            if not found:
                return None
            lines = head.lower().split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            self._wanted = len(head) + 4 + length
        if len(self._read) < self._wanted:
            return None
        took = (time.perf_counter() - self._at) * 1000
        head, _, body = self._read.partition(b"\r\n\r\n")
        self._done(int(head[9:12]), body)
        return took


def slice_of(port: int, turns: Sequence[Iterator[Turn]], seconds: float) -> tuple[float, list[float]]:
    """Requests a second over all clients, and how long each took in milliseconds."""
    took: list[float] = []
    clients = [_Client(port, each) for each in turns]
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        began = time.perf_counter()
        until = began + seconds
        for client in clients:
            client.ask()
        waiting = len(clients)
        while waiting:
            ready = selector.select(60)
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                found = key.data.hear()
                if found is not None:
                    took.append(found)
                    if time.perf_counter() < until:
                        key.data.ask()
                    else:
                        waiting -= 1
        spent = time.perf_counter() - began
    for client in clients:
        client.socket.close()
    return len(took) / spent, sorted(took)


@dataclass(slots=True)
class Contest:
    """Rates and times of the floor and of us, round by round."""

    rates: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    times: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    def marks(self, whose: int) -> tuple[float, float]:
        """p50 and p99 in milliseconds over all rounds."""
        found = sorted(self.times[whose])
        return found[len(found) // 2], found[len(found) * 99 // 100]

    def ratio(self) -> float:
        """Median of the ratios within each round."""
        return median(mine / theirs for theirs, mine in zip(*self.rates, strict=True))


def contest(
    ports: tuple[int, int], turns: tuple[Sequence[Iterator[Turn]], Sequence[Iterator[Turn]]], rounds: int, seconds: float
) -> Contest:
    """Both in turns, warmed first."""
    found = Contest()
    for number in range(-1, rounds):
        for whose in (0, 1) if number % 2 else (1, 0):
            rate, took = slice_of(ports[whose], turns[whose], seconds if number >= 0 else 0.5)
            if number >= 0:
                found.rates[whose].append(rate)
                found.times[whose].extend(took)
    return found
