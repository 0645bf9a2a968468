"""A server without a proxy in front: connections that say little, slowly, too much or too often."""

import asyncio
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
import uvicorn

from api.identity.connections import Limits, bounded
from tests.support.patience import PATIENCE, until
from tests.support.sockets import answered, until_closed

SHORT = 0.4
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers, after a while if the path says so."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/sleep":
        await asyncio.sleep(60)
    body = b"x" * 50_000_000 if scope["path"] == "/much" else b"ok"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def served(limits: Limits) -> Iterator[int]:
    """The address's port of a server with these limits."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=bounded(limits), lifespan="off", log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


@contextmanager
def many(port: int, number: int) -> Iterator[list[socket.socket]]:
    """That many connections, closed in the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(port)) for _ in range(number)]


def asked(port: int) -> bytes:
    with connect(port) as opened:
        with suppress(ConnectionError):
            opened.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        return until_closed(opened)


def test_headers_that_never_end_are_cut_off_and_others_are_served_meanwhile():
    with served(Limits(head_seconds=5 * SHORT)) as port, many(port, 50) as slow:
        for each in slow:
            each.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ")
        assert asked(port).endswith(b"ok")
        assert len(select.select(slow, [], [], 0)[0]) < 50, "nobody waits for the slow ones"
        assert [until_closed(each) for each in slow] == [b""] * 50


def test_a_connection_that_says_nothing_is_cut_off():
    with served(Limits(head_seconds=SHORT)) as port, connect(port) as silent:
        assert until_closed(silent) == b""


def test_a_second_request_on_the_same_connection_has_to_end_its_headers_too():
    with served(Limits(head_seconds=SHORT)) as port, connect(port) as opened:
        opened.sendall(REQUEST)
        assert answered(opened)[1] == b"ok"
        opened.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        assert until_closed(opened) == b""


def test_a_request_whose_answer_takes_too_long_is_cut_off():
    with served(Limits(request_seconds=SHORT)) as port, connect(port) as opened:
        opened.sendall(REQUEST.replace(b"GET /", b"GET /sleep"))
        assert until_closed(opened) == b""


def test_who_does_not_read_the_answer_is_cut_off():
    with served(Limits(request_seconds=SHORT)) as port, connect(port) as opened:
        opened.sendall(REQUEST.replace(b"GET /", b"GET /much"))
        time.sleep(6 * SHORT)
        assert len(until_closed(opened)) < 50_000_000


def test_requests_sent_one_behind_the_other_are_timed_as_well():
    with served(Limits(request_seconds=SHORT)) as port, connect(port) as opened:
        opened.sendall(REQUEST + REQUEST.replace(b"GET /", b"GET /sleep"))
        assert until_closed(opened).count(b"HTTP/1.1 200") == 1


def test_headers_without_bounds_are_refused():
    with served(Limits(head_bytes=8_192)) as port, connect(port) as opened:
        opened.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        with pytest.raises(ConnectionError):  # noqa: PT012 - whichever of them meets the closed door
            for _ in range(2_000):
                opened.sendall(b"X-A: " + b"a" * 1_000 + b"\r\n")
                time.sleep(0.001)


def test_of_too_many_connections_the_last_is_turned_away_and_the_door_opens_again():
    with served(Limits(connections=5, head_seconds=30)) as port:
        with many(port, 5):
            time.sleep(SHORT / 2)
            with connect(port) as late:
                assert until_closed(late).startswith(b"HTTP/1.1 503")
        until(lambda: asked(port).endswith(b"ok"), "the door opens again")


def test_one_address_does_not_take_them_all():
    with served(Limits(connections=100, of_one_source=3, head_seconds=30)) as port, many(port, 3):
        time.sleep(SHORT / 2)
        with connect(port) as late:
            assert until_closed(late).startswith(b"HTTP/1.1 503")


def test_behind_a_proxy_all_may_come_from_one_address():
    with served(Limits(connections=100, of_one_source=0, head_seconds=30)) as port, many(port, 80):
        assert asked(port).endswith(b"ok")


def test_a_body_that_drips_on_after_its_answer_is_cut_off():
    with served(Limits(rest_seconds=SHORT)) as port, connect(port) as opened:
        opened.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        began = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - began < 20 * SHORT:
                opened.sendall(b"x")
                time.sleep(SHORT / 8)
        assert time.monotonic() - began < 10 * SHORT


def test_a_body_that_ends_after_its_answer_leaves_the_connection_as_it_was():
    with served(Limits(rest_seconds=SHORT)) as port, connect(port) as opened:
        opened.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40000\r\n\r\n" + b"x" * 39_000)
        assert answered(opened)[1] == b"ok"
        opened.sendall(b"x" * 1_000)
        time.sleep(2 * SHORT)
        opened.sendall(REQUEST)
        assert answered(opened)[1] == b"ok", "what came after the answer was no header"
