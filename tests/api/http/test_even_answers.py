"""What is not there and what lies elsewhere go out at the same beat, whatever their work took."""

import asyncio
from math import ceil
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from api import transport
from api.transport import EVEN_SECONDS, Transport

SCOPE = {"type": "http", "method": "GET", "path": "/api/v1/cases/x", "headers": [], "query_string": b""}


TURN = 0.00005


class Hand:
    """A clock that goes on by work and by waiting alone; who sleeps wakes on whole milliseconds, as a loop does."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += ceil(round(seconds * 1000, 6)) / 1000 if seconds else TURN


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
    for work in (0.0009, 0.00096, 0.0011, 0.0033, 0.0049):
        assert answered_after(monkeypatch, work, 404) == pytest.approx(EVEN_SECONDS, abs=2 * TURN), work
    assert answered_after(monkeypatch, 0.0051, 404) == pytest.approx(2 * EVEN_SECONDS, abs=2 * TURN)


@pytest.mark.parametrize("status", [200, 304, 403, 409, 412])
def test_whoever_is_told_something_waits_for_nothing(monkeypatch: pytest.MonkeyPatch, status: int):
    assert answered_after(monkeypatch, 0.0011, status) == pytest.approx(0.0011)
