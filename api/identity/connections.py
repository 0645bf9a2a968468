"""Limits on connections, where no proxy stands in front: how many, how slow, how long, how much before a request has begun.

An application sees a request only once its headers are complete, so whoever sends a byte a minute never reaches it. The server's own
protocol is where such a connection can be closed.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server puts up with.

    Attributes:
        connections: Open at a time, of everybody.
        of_one_source: Open at a time, of one address; 0 for any number, as behind a proxy, where all come from one.
        head_seconds: From the first moment of a connection to the end of the headers.
        request_seconds: From the end of the headers to the end of the answer.
        rest_seconds: For the rest of a body that was answered before it had come in; so long somebody may still speak who does not listen.
        head_bytes: Headers, and the line before them.
    """

    connections: int = 512
    of_one_source: int = 64
    head_seconds: float = 10.0
    request_seconds: float = 60.0
    rest_seconds: float = 2.0
    head_bytes: int = 32_768


_FULL = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Bounded(HttpToolsProtocol):
    """uvicorn's protocol, within limits; :func:`bounded` makes one for a server."""

    limits = Limits()
    open_: ClassVar[Counter[str]] = Counter()
    _source = ""
    _head = 0
    _in_head = True
    _unfinished = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Count the connection, or turn it away."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._source = str(peer[0]) if peer else "–"
        self.open_[self._source] += 1
        if self.open_.total() > self.limits.connections or 0 < self.limits.of_one_source < self.open_[self._source]:
            transport.write(_FULL)
            transport.close()
            return
        self._within(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.open_[self._source] -= 1
        if not self.open_[self._source]:
            del self.open_[self._source]
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the headers have no end."""
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > self.limits.head_bytes and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """The next request of a connection has its own time."""
        if self._timer is None:
            self._within(self.limits.head_seconds)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The request is known; from here on it is the answer's time."""
        self._in_head, self._head = False, 0
        self._within(self.limits.request_seconds)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Answered: the connection may rest, as long as uvicorn lets it, unless its request has not come to an end."""
        self._stop()
        self._unfinished = self.cycle.more_body
        self._in_head = not self._unfinished
        more = bool(self.pipeline)
        super().on_response_complete()
        if self._unfinished:
            self._within(self.limits.rest_seconds)
            return
        # What was answered may still wait for somebody who does not read it.
        if more or self.transport.get_write_buffer_size():
            self._within(self.limits.request_seconds)

    def on_message_complete(self) -> None:
        """What was answered before has been said to its end after all."""
        super().on_message_complete()
        if self._unfinished:
            self._stop()
            self._unfinished, self._in_head = False, True

    def _within(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self._too_late)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        idle = self._in_head and not self._head and getattr(self.cycle, "response_complete", False)
        if self._unfinished or not idle or self.transport.get_write_buffer_size():
            self.transport.abort()


def bounded(limits: Limits | None = None) -> type[asyncio.Protocol]:
    """The protocol class with its limits, for ``uvicorn.Config(http=…)``; connections are counted for each class by itself."""
    return type("BoundedHere", (Bounded,), {"limits": limits or Limits(), "open_": Counter()})
