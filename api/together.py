"""Carries out together what comes in at the same time: one change of thread, one read, one durable commit for all of it.

A change of thread costs more than reading a case, and a commit more than an act. So whatever many requests ask alike is gathered: what came
in while the last lot was under way is the next lot. Nobody waits for company, and nobody is answered before the lot is done.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Generic, TypeVar

J = TypeVar("J")
R = TypeVar("R")
MOST = 64


class Together(Generic[J, R]):
    """Does jobs of one kind in lots."""

    def __init__(self, work: Callable[[Sequence[J]], Sequence[R | BaseException]], *, name: str, lots: int = 1, most: int = MOST) -> None:
        """Do ``work``, which answers each job or says what became of it; so many ``lots`` at a time, each in a thread and of so many jobs."""
        self._work = work
        self._lots = lots
        self._most = most
        self._pool = ThreadPoolExecutor(lots, thread_name_prefix=name)
        self._waiting: deque[tuple[J, asyncio.AbstractEventLoop, asyncio.Future[R]]] = deque()
        self._under_way = 0
        self._guard = threading.Lock()

    async def do(self, job: J) -> R:
        """Its answer, once the lot that it came into is done.

        Raises:
            BaseException: What the work says, or raises for the whole lot.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        with self._guard:
            first = not self._waiting
            self._waiting.append((job, loop, future))
        if first:
            # After everything else that the loop has read by now, so that what came in together goes together.
            loop.call_soon(self._begin)
        return await future

    def _begin(self) -> None:
        while True:
            with self._guard:
                if not self._waiting or self._under_way >= self._lots:
                    return
                lot = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]
                self._under_way += 1
            self._pool.submit(self._carry_out, lot)

    def _carry_out(self, lot: list[tuple[J, asyncio.AbstractEventLoop, asyncio.Future[R]]]) -> None:
        told: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[R], Any]]] = {}
        try:
            answers = self._work([job for job, _, _ in lot])
            for (_, loop, future), answer in zip(lot, answers, strict=True):
                told.setdefault(loop, []).append((future, answer))
        except BaseException as fault:  # noqa: BLE001 - told to everybody whose job it was
            told.clear()
            for _, loop, future in lot:
                told.setdefault(loop, []).append((future, fault))
        with self._guard:
            self._under_way -= 1
        for loop, theirs in told.items():
            # Whoever closed the loop has stopped waiting.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._answer, theirs)
        self._begin()

    @staticmethod
    def _answer(told: list[tuple[asyncio.Future[R], Any]]) -> None:
        for future, answer in told:
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
