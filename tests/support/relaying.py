"""Workers of their own that carry letters away to a mail server on loopback, and are killed while they do; and the reckoning afterwards.

The clock of a worker stands; each comes a while after the last one, when leases and doubts are over. So a run needs no waiting, and every
extra copy has one cause: a kill between the server's 250 and the commit after it.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from notifications.channels.email import EmailChannel
from notifications.channels.settings import EmailSettings, Security
from notifications.relay import DOUBT, LEASE
from tests.support.serving import MailServer
from tests.support.telling import DOMAIN, address_of, notifications, tell, with_addresses
from tests.support.world import START_OF_TIME, moment, on, world_at
from workflow.clock import ManualClock
from workflow.rows import AppointmentRow, PersonRow
from workflow.store import open_store
from workflow.telling import DeliveryQuery, DeliveryRow, DeliveryState

COMES = moment("2021-07-02 07:30")
LATER = LEASE + DOUBT + timedelta(minutes=1)
POINTS = ("claimed", "noted", "handed over", "uncommitted", "committed")
"""Where a worker dies: after the claim; after noting what leaves; after the server's 250; before and after the commit that acknowledges."""

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.support.relaying", "workflow.store.sqlite", "workflow.store.postgresql"])


def prepare(url: str, people: int, *, gather: bool = True) -> int:
    """A dossier whose cut-off is a week away and so many secretaries who have a letter about it waiting; how many letters wait.

    Args:
        url: An empty database.
        people: How many secretaries there are beside the usual one.
        gather: Whether messages are made of the step, and laid into the inboxes.
    """
    with world_at(url, "2021-06-01 08:00") as world:
        codes = [f"secretary-H1-{number:04d}" for number in range(people)]
        world.store.save_registry(
            people=[PersonRow(code=code, name=f"Tên Riêng {code}", email=None, phone=None) for code in codes],
            appointments=[
                AppointmentRow(
                    person=code, function="secretary", level="district", unit="H1", producer=None, valid_from=START_OF_TIME, valid_to=None
                )
                for code in codes
            ],
        )
        with_addresses(world)
        # Everything that came before is read by nobody: only this one step is told.
        world.filed(at="2021-06-28 09:00")
        tell(world, notifications(world), "2021-06-28 09:00")
        world.move(COMES)
        if gather:
            notifications(world, EmailChannel(mail_settings(9))).gather()
        return len(world.store.deliveries(DeliveryQuery(channel="email", limit=1_000_000)))


def mail_settings(port: int) -> EmailSettings:
    """A mail server on loopback."""
    return EmailSettings(host="127.0.0.1", port=port, security=Security.NONE, sender=f"nhac@{DOMAIN}", allow_plain=True, seconds=10)


# The worker.


class _End:
    """The end of a process at a point, at the so manieth time that it comes there."""

    def __init__(self, where: str, at: int, how: int, pipe: Connection) -> None:
        self.where, self.left, self.how = where, at, how
        self._pipe, self._begun = pipe, False

    def reached(self, where: str) -> None:
        if where == "noted" and not self._begun:
            self._begun = True
            self._pipe.send("begun")
        if where != self.where:
            return
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.how)


class _Ending:
    """A store or a channel whose calls lead past the points."""

    def __init__(self, inner: Any, end: _End) -> None:
        self._inner, self._end = inner, end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Store(_Ending):
    def claim(self, *given: Any) -> Any:
        found = self._inner.claim(*given)
        self._end.reached("claimed")
        return found

    def settle(self, owner: str, *, done: Any = (), sending: Any = ()) -> Any:
        end, act = self._end, self._inner._act

        def uncommitted(work: Callable[[Any], Any]) -> Any:
            def wrapped(transaction: Any) -> Any:
                answer = work(transaction)
                end.reached("uncommitted")
                return answer

            return act(wrapped)

        if done:
            self._inner._act = uncommitted
        try:
            allowed = self._inner.settle(owner, done=done, sending=sending)
        finally:
            if done:
                del self._inner._act
        if done:
            end.reached("committed")
        if sending:
            end.reached("noted")
        return allowed


def _dying(channel: EmailChannel, end: _End) -> EmailChannel:
    page = channel.page

    def dying() -> Any:
        inner = page()
        send = inner.send

        def sent(envelope: Any) -> Any:
            answer = send(envelope)
            end.reached("handed over")
            return answer

        inner.send = sent  # type: ignore[method-assign]
        return inner

    channel.page = dying  # type: ignore[method-assign]
    return channel


def work(url: str, port: int, instant: str, owner: str, where: str, at: int, how: int, pipe: Connection) -> None:  # noqa: PLR0913
    """Carry away what waits, unless the end comes first; says that it is ready, and how much was accepted."""
    end = _End(where, at, how, pipe)
    store: Any = _Store(open_store(url, allow_unsafe=True), end)
    world = on(store, ManualClock(datetime.fromisoformat(instant)))
    telling = notifications(world, _dying(EmailChannel(mail_settings(port)), end), owner=owner)
    pipe.send("ready")
    done = telling.send()
    pipe.send(sum(done.accepted.values()))
    store.close()


class Worker:
    """A worker process."""

    def __init__(self, url: str, port: int, at: datetime, name: str, where: str = "", count: int = 0, how: int = signal.SIGKILL) -> None:  # noqa: PLR0913
        self._mine, theirs = _CONTEXT.Pipe()
        given = (url, port, at.isoformat(), name, where, count, int(how), theirs)
        self.process = _CONTEXT.Process(target=work, args=given, daemon=True)
        self.process.start()
        theirs.close()

    def ready(self) -> bool:
        """Whether it has opened the database."""
        return bool(self._said() == "ready")

    def begun(self) -> bool:
        """Whether it has begun to hand letters over."""
        return self.ready() and bool(self._said() == "begun")

    def _said(self) -> Any:
        try:
            return self._mine.recv() if self._mine.poll(60) else None
        except EOFError:
            return None

    def stopped(self) -> None:
        """Wait until it has stopped itself."""
        pid, until = self.process.pid, time.monotonic() + 60
        while time.monotonic() < until:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
                if stat.read().rpartition(")")[2].split()[0] == "T":
                    return
            time.sleep(0.005)
        raise AssertionError("it did not stop")

    def signal(self, number: int) -> None:
        """Send it a signal, if it still lives."""
        if self.process.is_alive() and self.process.pid:
            os.kill(self.process.pid, number)

    def end(self) -> bool:
        """Wait for its end, which is not for ever; whether it was killed."""
        self.process.join(60)
        if self.process.is_alive():
            self.signal(signal.SIGCONT)
            self.process.terminate()
            raise AssertionError("it did not end")
        self._mine.close()
        code: int | None = self.process.exitcode
        return code == -signal.SIGKILL

    def finished(self) -> int:
        """How many letters it says were accepted."""
        said = self._said()
        while said in {"ready", "begun"}:
            said = self._said()
        self.end()
        assert isinstance(said, int), said
        return said


# Runs and their reckoning.


@dataclass(slots=True)
class Reckoning:
    """What a run came to.

    Attributes:
        kills: Workers that were killed at work, by where they died.
        lost: People who got nothing, or whose delivery is not acknowledged.
        extra: Copies beyond the first; ``unexplained`` those that no counted doubt stands for, or under another number.
        doubts: What deliveries counted.
    """

    letters: int
    kills: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    extra: int = 0
    unexplained: list[str] = field(default_factory=list)
    doubts: int = 0


def reckon(url: str, server: MailServer, letters: int, kills: dict[str, int]) -> Reckoning:
    """Compare what arrived with what the database says."""
    store = open_store(url, allow_unsafe=True)
    rows = {row.target: row for row in store.deliveries(DeliveryQuery(channel="email", limit=1_000_000))}
    tries = {row.key: len(store.tries(row.key)) for row in rows.values()}
    store.close()
    copies: dict[str, list[str]] = {}
    for _, to, data in server.letters:
        copies.setdefault(to, []).append(str(message_from_bytes(data)["Message-ID"]))
    found = Reckoning(letters, dict(kills))
    assert len(rows) == letters
    for person, row in rows.items():
        mine = copies.get(address_of(person), [])
        if not mine or row.state is not DeliveryState.ACCEPTED or tries[row.key] < 1:
            found.lost.append(person)
        found.extra += max(0, len(mine) - 1)
        found.doubts += row.doubts
        if len(mine) - 1 > row.doubts or len(set(mine)) > 1:
            found.unexplained.append(person)
    return found


@contextmanager
def serving() -> Iterator[MailServer]:
    """A mail server that takes everything."""
    with MailServer() as server:
        yield server


def killed_at_work(  # noqa: PLR0913 - what a run is made of
    url: str, server: MailServer, letters: int, kills: int, seed: int, most: int = 8
) -> Reckoning:
    """Workers killed at named points and at random, one after the other, and one at the end that finishes.

    Args:
        url: A database that :func:`prepare` has filled.
        server: Where letters go.
        letters: How many wait.
        kills: How many workers are to die at work.
        seed: Of the choice of places.
        most: A worker lives for at most about so many letters.
    """
    chance = random.Random(seed)  # noqa: S311 - a choice that can be repeated
    ended: dict[str, int] = {}
    at, number = COMES, 0
    while sum(ended.values()) < kills and number < 3 * kills:
        where = chance.choice([*POINTS, "anywhere", "anywhere", "anywhere"])
        # One page is claimed in a worker's life, unless it finishes.
        worker = Worker(url, server.port, at, f"w{number}", where, 1 if where == "claimed" else chance.randint(1, most))
        if where == "anywhere" and worker.begun():
            time.sleep(chance.uniform(0, most * 0.005))
            worker.signal(signal.SIGKILL)
        if worker.end():
            ended[where] = ended.get(where, 0) + 1
        at += LATER
        number += 1
    assert Worker(url, server.port, at, "last").finished() >= 0
    return reckon(url, server, letters, ended)


def waiting(url: str) -> list[DeliveryRow]:
    """Letters that are not acknowledged."""
    store = open_store(url, allow_unsafe=True)
    rows = store.deliveries(DeliveryQuery(channel="email", limit=1_000_000))
    store.close()
    return [row for row in rows if row.state is not DeliveryState.ACCEPTED]
