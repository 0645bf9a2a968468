"""What comes in at the same time is carried out together, and everybody hears their own answer."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from api.together import MOST, Together


def run(work: Any, jobs: Sequence[Any], lots: int = 1) -> list[Any]:
    async def all_of_them() -> list[Any]:
        together: Together[Any, Any] = Together(work, name="test", lots=lots)
        return await asyncio.gather(*(together.do(job) for job in jobs), return_exceptions=True)

    return asyncio.run(all_of_them())


def test_jobs_of_the_same_moment_go_in_one_lot_and_each_has_its_own_answer():
    seen: list[list[int]] = []

    def work(jobs: Sequence[int]) -> list[int]:
        seen.append(list(jobs))
        return [job * 2 for job in jobs]

    assert run(work, range(10)) == [job * 2 for job in range(10)]
    assert seen == [list(range(10))]


def test_a_lot_has_an_end_and_the_rest_is_the_next():
    sizes: list[int] = []

    def work(jobs: Sequence[int]) -> Sequence[int]:
        sizes.append(len(jobs))
        return jobs

    assert run(work, range(MOST + 3)) == list(range(MOST + 3))
    assert sizes == [MOST, 3]


def test_what_one_job_says_is_raised_for_its_owner_alone():
    def work(jobs: Sequence[int]) -> list[int | BaseException]:
        return [ValueError(job) if job == 1 else job for job in jobs]

    first, second, third = run(work, range(3))
    assert (first, third) == (0, 2)
    assert isinstance(second, ValueError)


def test_what_the_work_raises_is_raised_for_everybody():
    def work(_: Sequence[int]) -> list[int]:
        raise OSError("disk full")

    assert [type(each) for each in run(work, range(3))] == [OSError] * 3


def test_several_lots_are_under_way_at_once_where_that_is_wanted():
    both = threading.Barrier(2, timeout=10)

    def work(jobs: Sequence[int]) -> Sequence[int]:
        both.wait()
        return jobs

    async def one_after_the_other() -> list[int]:
        together: Together[int, int] = Together(work, name="test", lots=2)
        first = asyncio.ensure_future(together.do(1))
        await asyncio.sleep(0.05)
        return [await together.do(2), await first]

    assert asyncio.run(one_after_the_other()) == [2, 1]


def test_whoever_stops_waiting_disturbs_nobody():
    async def one_leaves() -> int:
        gate = threading.Event()

        def work(jobs: Sequence[int]) -> Sequence[int]:
            gate.wait(10)
            return jobs

        together: Together[int, int] = Together(work, name="test")
        leaving, staying = asyncio.ensure_future(together.do(1)), asyncio.ensure_future(together.do(2))
        await asyncio.sleep(0.05)
        leaving.cancel()
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        return await staying

    assert asyncio.run(one_leaves()) == 2


def test_work_that_answers_too_few_is_a_fault_for_all_and_the_next_lot_is_done():
    async def twice() -> list[Any]:
        together: Together[int, int] = Together(lambda jobs: jobs[1:] if 0 in jobs else jobs, name="test")
        first = await asyncio.wait_for(asyncio.gather(together.do(0), together.do(1), return_exceptions=True), 10)
        return [*first, await asyncio.wait_for(together.do(2), 10)]

    *faults, last = asyncio.run(twice())
    assert [type(each) for each in faults] == [ValueError, ValueError]
    assert last == 2
