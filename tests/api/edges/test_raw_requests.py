"""Requests that two readers would divide differently, on raw connections to the server as it is served: one reading, or none."""

import io
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from api.identity.connections import Limits, bounded
from tests.support.identity import House, house_at
from tests.support.logged import logging_to
from tests.support.patience import PATIENCE, until
from workflow.store import migrate

QUIET = 0.5
"""Seconds after which no further answer is waited for; one takes a hundredth of it."""
HIDDEN = "GET /hidden HTTP/1.1\r\nHost: localhost\r\nX: "
"""A second request inside the first one's body; whoever answers it was talked into it."""
HEAD = "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all: nothing here reaches the database."""
    folder = tmp_path_factory.mktemp("raw")
    migrate(f"sqlite:///{folder / 'ocop.db'}")
    with house_at(f"sqlite:///{folder / 'ocop.db'}", folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def log() -> Iterator[io.StringIO]:
    with logging_to() as stream:
        yield stream


@pytest.fixture(scope="module")
def port(house: House, log: io.StringIO) -> Iterator[int]:
    """The server's own protocol with its limits, before the whole application."""
    config = uvicorn.Config(
        house.app,
        port=0,
        http=bounded(Limits(head_seconds=2.0, request_seconds=5.0)),
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


def said(port: int, octets: bytes, at_least: int = 0) -> list[int]:
    """The status of every answer that comes on one connection: so many at least, then until it is closed or quiet."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as opened:
        parts = b""
        try:
            opened.sendall(octets)
            while True:
                opened.settimeout(QUIET if parts.count(b"HTTP/1.1 ") >= at_least else PATIENCE)
                part = opened.recv(65_536)
                if not part:
                    break
                parts += part
        except (TimeoutError, ConnectionError):
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", parts)]


def body(text: str) -> str:
    return f"{len(text):x}\r\n{text}\r\n0\r\n\r\n"


AMBIGUOUS = {
    "length and chunks": HEAD + f"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n{body('{}')}{HIDDEN}",
    "chunks and length": HEAD + f"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n{HIDDEN}",
    "two lengths": HEAD + f"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{{}}{HIDDEN}",
    "the same length twice": HEAD + f"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{{}}{HIDDEN}",
    "a list of lengths": HEAD + f"Content-Length: 2, 40\r\n\r\n{{}}{HIDDEN}",
    "a length with a sign": HEAD + f"Content-Length: +2\r\n\r\n{{}}{HIDDEN}",
    "a negative length": HEAD + f"Content-Length: -2\r\n\r\n{{}}{HIDDEN}",
    "a length in hexadecimal": HEAD + f"Content-Length: 0x2\r\n\r\n{{}}{HIDDEN}",
    "a length with a letter": HEAD + f"Content-Length: 2a\r\n\r\n{{}}{HIDDEN}",
    "an endless length": HEAD + f"Content-Length: {'9' * 30}\r\n\r\n{{}}{HIDDEN}",
    "an empty length": HEAD + f"Content-Length: \r\n\r\n{{}}{HIDDEN}",
    "chunks by another name": HEAD + f"Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{{}}{HIDDEN}",
    "chunks, then nothing": HEAD + f"Transfer-Encoding: chunked, identity\r\n\r\n{body('{}')}{HIDDEN}",
    "nothing, then chunks, with a length": HEAD + f"Transfer-Encoding: identity, chunked\r\nContent-Length: 4\r\n\r\n{body('{}')}{HIDDEN}",
    "chunks twice": HEAD + f"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n{body('{}')}{HIDDEN}",
    "a space before the colon": HEAD + f"Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{{}}{HIDDEN}",
    "a tab before the value": HEAD + f"Transfer-Encoding:\tchunked\r\nContent-Length: 4\r\n\r\n{body('{}')}{HIDDEN}",
    "a folded line": HEAD + f"Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n\r\n{body('{}')}{HIDDEN}",
    "a line feed alone": HEAD + f"X: y\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{body('{}')}{HIDDEN}",
    "a carriage return alone": HEAD + f"X: y\rTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{body('{}')}{HIDDEN}",
    "a name with a space": HEAD + f"Transfer Encoding: chunked\r\nContent-Length: 2\r\n\r\n{{}}{HIDDEN}",
    "a name with NUL": HEAD + f"Transfer-Encoding\x00: chunked\r\nContent-Length: 2\r\n\r\n{{}}{HIDDEN}",
    "a value with NUL": HEAD + f"X: a\x00b\r\nContent-Length: 2\r\n\r\n{{}}{HIDDEN}",
    "a chunk of no length": HEAD + f"Transfer-Encoding: chunked\r\n\r\n\r\n{{}}\r\n0\r\n\r\n{HIDDEN}",
    "a chunk in hexadecimal": HEAD + f"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{{}}\r\n0\r\n\r\n{HIDDEN}",
    "a negative chunk": HEAD + f"Transfer-Encoding: chunked\r\n\r\n-2\r\n{{}}\r\n0\r\n\r\n{HIDDEN}",
    "a chunk beyond all numbers": HEAD + f"Transfer-Encoding: chunked\r\n\r\n{'f' * 20}\r\n{{}}\r\n0\r\n\r\n{HIDDEN}",
    "a chunk that lies": HEAD + f"Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}XX0\r\n\r\n{HIDDEN}",
    "a chunk with a bare line feed": HEAD + f"Transfer-Encoding: chunked\r\n\r\n2\n{{}}\n0\n\n{HIDDEN}",
    "two hosts": f"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.test\r\n\r\n{HIDDEN}",
    "a whole address": f"GET http://evil.example.test/api/v1/session HTTP/1.1\r\nHost: localhost\r\n\r\n{HIDDEN}",
    "no version": f"GET /api/v1/session\r\n\r\n{HIDDEN}",
    "another version": f"GET /api/v1/session HTTP/9.9\r\nHost: localhost\r\n\r\n{HIDDEN}",
    "HTTP/2 at once": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an offer to change": f"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n{HIDDEN}",
    "a tunnel": f"CONNECT evil.example.test:443 HTTP/1.1\r\nHost: evil.example.test\r\n\r\n{HIDDEN}",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "nothing but line ends": "\r\n" * 500,
    "a space first": f" GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\n\r\n{HIDDEN}",
    "a body where there is none": f"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}",
    "an expectation": HEAD + f"Expect: 100-continue\r\nExpect: x\r\nContent-Length: 2\r\n\r\n{{}}{HIDDEN}",
}  # fmt: skip


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_no_request_hides_in_another(port: int, name: str):
    statuses = [status for status in said(port, AMBIGUOUS[name].encode("latin-1")) if status != 100]
    assert len(statuses) <= 1, f"the second request was answered: {statuses}"
    assert 404 not in statuses, "the hidden address was asked for"
    assert all(400 <= status < 500 for status in statuses), statuses
    assert said(port, b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 1) == [200], "it still serves"


def test_two_requests_that_are_two_are_two(port: int):
    """The connection itself does not stop the second: it would have been answered."""
    whole = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n" + "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert said(port, whole.encode(), 2) == [200, 404]


@pytest.mark.parametrize("number", [101, 1_000, 10_000])
def test_ten_thousand_headers_are_refused_and_the_connection_ends(port: int, number: int):
    lines = "".join(f"X-{n}: a\r\n" for n in range(number))
    began = time.process_time()
    statuses = said(port, f"GET /livez HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())
    assert statuses in ([431], [400], []), statuses
    assert time.process_time() - began < 1
    assert said(port, b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 1) == [200]


def test_a_body_in_many_chunks_is_counted_as_a_whole(port: int):
    chunks = "".join(f"{4096:x}\r\n{' ' * 4096}\r\n" for _ in range(300))
    assert said(port, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n".encode(), 1) == [413]


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_who_goes_away_in_mid_sentence_is_no_fault(port: int, log: io.StringIO):
    for _ in range(3):
        assert said(port, f"{HEAD}Content-Length: 20\r\n\r\n{{".encode()) == []
    until(lambda: sum(line.get("status") == 499 for line in lines(log)) >= 3, "a line of the log for each")
    assert not [line for line in lines(log) if line["event"] == "fault"]
