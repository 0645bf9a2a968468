"""Measures contestants against each other in one run, so that a slow minute of the machine is everybody's.

Every contestant lives in processes of its own, is started and warmed once, and in each round works for one short slice while the others
are stopped by a signal. The order rotates. What is reported of a pair is the median over the rounds of the ratio within each round: the
rates move with the machine, the ratio hardly does.
"""

import multiprocessing
import os
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

Step = Callable[[], int]
"""Does some work and says how much: acts carried out."""

_START_SECONDS = 120.0
_SLICE_SLACK = 60.0
_SETTLE = 0.02
_CAN_STOP = hasattr(signal, "SIGSTOP")


class BenchFailed(Exception):
    """A contestant could not be started or broke down; the message ends with its traceback."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """Somebody who does the same work as the others.

    Attributes:
        name: Unique in a duel.
        start: A function of a module: ``start(clients, **given)`` gives one step for each client of a range.
        given: What it is told besides; has to survive pickling.
        clients: How many work at the same time.
        processes: Over how many processes they are spread; in each, every client has a thread.
    """

    name: str
    start: Callable[..., Sequence[Step]]
    given: Mapping[str, Any] = field(default_factory=dict)
    clients: int = 1
    processes: int = 1

    def shares(self) -> list[range]:
        """The clients of each process."""
        size = self.clients // self.processes
        return [range(n * size, (n + 1) * size) for n in range(self.processes)]


@dataclass(slots=True)
class Rates:
    """What a contestant did: work a second in each round."""

    name: str
    rates: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median rate over the rounds."""
        return median(self.rates)

    def ratio(self, floor: "Rates") -> float:
        """Median of the ratios within each round."""
        return median(mine / theirs for mine, theirs in zip(self.rates, floor.rates, strict=True))


def duel(contestants: Sequence[Contestant], *, rounds: int, seconds: float) -> dict[str, Rates]:
    """Let contestants work in turn.

    Args:
        contestants: At least one.
        rounds: How often each gets its slice.
        seconds: Length of a slice.

    Raises:
        BenchFailed: One of them failed; no figures of the others are worth anything then.
    """
    found = {c.name: Rates(c.name) for c in contestants}
    with _started(contestants) as teams:
        for number in range(rounds):
            first = number % len(teams)
            for team in teams[first:] + teams[:first]:
                found[team.name].rates.append(team.work(seconds))
    return found


def flush_microseconds(folder: str, times: int = 50) -> float:
    """Median time of writing 4 KiB and flushing them to where ``folder`` lies: what every commit waits for."""
    found = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(times):
            began = time.perf_counter()
            os.write(file.fileno(), bytes(4096))
            os.fsync(file.fileno())
            found.append(time.perf_counter() - began)
    return median(found) * 1e6


class _Team:
    """The processes of one contestant."""

    def __init__(self, contestant: Contestant) -> None:
        self.name = contestant.name
        context = multiprocessing.get_context("spawn")
        self._ends: list[Connection] = []
        self._processes = []
        for clients in contestant.shares():
            here, there = context.Pipe()
            process = context.Process(target=_live, args=(there, contestant.start, clients, dict(contestant.given)), daemon=True)
            process.start()
            there.close()
            self._ends.append(here)
            self._processes.append(process)

    def ready(self) -> None:
        """Wait until everybody has warmed up, and let them rest."""
        for end in self._ends:
            self._answer(end, _START_SECONDS)
        self._signal("SIGSTOP")

    def work(self, seconds: float) -> float:
        """One slice; work a second over all processes."""
        self._signal("SIGCONT")
        time.sleep(_SETTLE)
        for end in self._ends:
            end.send(seconds)
        answers = [self._answer(end, seconds + _SLICE_SLACK) for end in self._ends]
        self._signal("SIGSTOP")
        return float(sum(done for done, _ in answers) / max(took for _, took in answers))

    def _answer(self, end: Connection, seconds: float) -> Any:
        if not end.poll(seconds):
            raise BenchFailed(f"{self.name}: no answer in {seconds:.0f} s")
        try:
            kind, value = end.recv()
        except EOFError:
            raise BenchFailed(f"{self.name}: ended unasked") from None
        if kind == "error":
            raise BenchFailed(f"{self.name}: {value}")
        return value

    def _signal(self, name: str) -> None:
        for process in self._processes:
            if _CAN_STOP and process.is_alive() and process.pid:
                # Who has gone meanwhile is found out by the missing answer.
                with suppress(ProcessLookupError):
                    os.kill(process.pid, getattr(signal, name))

    def end(self) -> None:
        """End the processes that this team started."""
        self._signal("SIGCONT")
        for end, process in zip(self._ends, self._processes, strict=True):
            end.close()
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()


@contextmanager
def _started(contestants: Sequence[Contestant]) -> Iterator[list[_Team]]:
    teams: list[_Team] = []
    try:
        for contestant in contestants:
            teams.append(_Team(contestant))
            teams[-1].ready()
        yield teams
    finally:
        for team in teams:
            team.end()


def _live(end: Connection, start: Callable[..., Sequence[Step]], clients: range, given: dict[str, Any]) -> None:
    """A process of a contestant: start, warm up, then a slice for every number of seconds received, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        steps = start(clients, **given)
        with ThreadPoolExecutor(len(steps)) as threads:
            _slice(threads, steps, 0.3)
            end.send(("ready", None))
            while True:
                end.send(("done", _slice(threads, steps, end.recv())))
    except (EOFError, BrokenPipeError):
        return
    except BaseException:  # noqa: BLE001 - told to the parent, who raises
        end.send(("error", traceback.format_exc()[-3000:]))


def _slice(threads: ThreadPoolExecutor, steps: Sequence[Step], seconds: float) -> tuple[int, float]:
    began = time.perf_counter()
    until = began + seconds
    done = sum(threads.map(lambda step: _repeat(step, until), steps)) if len(steps) > 1 else _repeat(steps[0], until)
    return done, time.perf_counter() - began


def _repeat(step: Step, until: float) -> int:
    done = step()
    while time.perf_counter() < until:
        done += step()
    return done
