"""What is not there and what lies elsewhere go out at the same beat, whatever their work took."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from api import transport
from api.transport import EVEN_SECONDS, Transport

SCOPE = {"type": "http", "method": "GET", "path": "/api/v1/cases/x", "headers": [], "query_string": b""}


class Hand:
    """A clock that goes on by work and by waiting alone."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


def answered_after(monkeypatch: pytest.MonkeyPatch, work: float, status: int) -> float:
    """How long an answer takes whose work takes so long."""
    hand = Hand()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        hand.now += work
        await send({"type": "http.response.start", "status": status, "headers": []})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    monkeypatch.setattr(transport, "perf_counter", hand)
    monkeypatch.setattr(transport, "sleep", hand.sleep)
    began = hand.now
    asyncio.run(Transport(app)(dict(SCOPE), receive, send))
    assert [m["status"] for m in sent] == [status]
    return hand.now - began


def test_a_404_goes_out_at_the_next_beat(monkeypatch: pytest.MonkeyPatch):
    took = {work: answered_after(monkeypatch, work, 404) for work in (0.0009, 0.0011, 0.0049, 0.0051)}
    assert took[0.0009] == pytest.approx(EVEN_SECONDS)
    assert took[0.0011] == pytest.approx(took[0.0049]) == pytest.approx(EVEN_SECONDS)
    assert took[0.0051] == pytest.approx(2 * EVEN_SECONDS)


@pytest.mark.parametrize("status", [200, 304, 403, 409, 412])
def test_whoever_is_told_something_waits_for_nothing(monkeypatch: pytest.MonkeyPatch, status: int):
    assert answered_after(monkeypatch, 0.0011, status) == pytest.approx(0.0011)
