"""``ocop`` in a process of its own, whose hour and defences a test holds: ``python -m tests.support.installation CONTROL serve …``.

An installation goes by the machine's clock, and law and plans by the calendar; so that a test says the same next year, this one begins on a
day of its own and goes on from there at the usual pace. What is switched off in it shows that the other defences hold alone.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr

from api.bootstrap import Runtime, build_runtime
from api.identity.service import Identity, build_identity
from api.identity.sessions import SESSION, csrf_of
from api.identity.totp import code_at, step_of
from api.settings import Settings
from tests.support.databases import Database
from tests.support.identity import CLI, PASSWORD, Counting
from tests.support.postgres import APPLICATION
from tests.support.world import TWO_ROUNDS, World, moment, of_runtime, plan_file, populate
from workflow.clock import ManualClock, SystemClock, SystemSteady

ROOT = Path(__file__).parents[2]
TOKEN, ORIGIN = "token", "origin"
SECRET = "s" * 40
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Control:
    """What a test and its process agree upon, in a file.

    Attributes:
        start: What the clock said.
        began: When it did, by the machine's clock.
        ahead: Seconds that were leapt since.
        off: Defences that are switched off.
    """

    start: datetime
    began: float
    ahead: float = 0.0
    off: tuple[str, ...] = ()

    def now(self) -> datetime:
        """What the clock says."""
        return self.start + timedelta(seconds=time.time() - self.began + self.ahead)

    def write(self, path: Path) -> None:
        """Keep it, whole at any moment."""
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps([self.start.isoformat(), self.began, self.ahead, self.off]), encoding="utf-8")
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Control":
        """What was kept."""
        start, began, ahead, off = json.loads(path.read_text(encoding="utf-8"))
        return cls(datetime.fromisoformat(start), began, ahead, tuple(off))


@dataclass
class Process:
    """A process that serves, and where."""

    process: subprocess.Popen[str]
    address: str
    log: Path

    def alive(self) -> bool:
        """Whether it answers."""
        return httpx2.get(f"{self.address}/livez", timeout=20).status_code == 200


@contextmanager
def started(database: Database, folder: Path, *command: str, module: bool = False) -> Iterator[Process]:
    """Start a command of the product that serves on any port, and stop it at the end.

    Args:
        database: Where the data is, or is to be made.
        folder: Of its settings and its log.
        command: Words after ``ocop``; of :mod:`tests.support.installation` where ``module`` is set.
        module: Through this module instead of the command itself.
    """
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("OCOP_")}
    environment |= {
        "OCOP_DATABASE_URL": database.url, "OCOP_ALLOW_UNSAFE": "true", "OCOP_DATA_DIR": str(folder), "OCOP_SECRET_KEY": SECRET,
        "OCOP_LINK_KEY": SECRET, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    if database.kind == "postgresql":
        environment |= {"OCOP_OWNER_URL": database.owner_url, "OCOP_APP_ROLE": APPLICATION}
    way = ["-m", "tests.support.installation"] if module else ["-c", "from api.cli import main; main()"]
    out, log = folder / "server.out", folder / "server.log"
    with out.open("w", encoding="utf-8") as said, log.open("w", encoding="utf-8") as logged:
        process = subprocess.Popen([sys.executable, *way, *command], cwd=ROOT, env=environment, stdout=said, stderr=logged, text=True)
    try:
        served = Process(process, _address(process, out, log), log)
        _until_alive(served)
        yield served
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _address(process: subprocess.Popen[str], out: Path, log: Path) -> str:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        found = re.search(r"http://127\.0\.0\.1:\d+", out.read_text(encoding="utf-8"))
        if found:
            return found[0]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"it does not serve: {out.read_text(encoding='utf-8')}{log.read_text(encoding='utf-8')[-4000:]}")


def _until_alive(served: Process) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and served.process.poll() is None:
        try:
            if served.alive():
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"nobody answers: {served.log.read_text(encoding='utf-8')[-4000:]}")


@dataclass
class Before:
    """An installation that nobody serves yet, to be filled."""

    world: World
    runtime: Runtime
    identity: Identity
    secrets: dict[str, bytes] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def account(self, person: str, *, factor: bool = False, password: bool = True) -> None:
        """An account, its login being the person's code; with a password and a second factor as asked for."""
        accounts = self.identity.accounts
        accounts.open_for(person, person.lower(), by=CLI)
        if password:
            token, _ = accounts.link_for(person, by=CLI)
            accounts.use_link(token, PASSWORD, self.identity.registry())
        if factor:
            account = accounts.get(person)
            secret, sealed = accounts.new_factor(account)
            # The code of an hour ago, as it were: the present one is left for a sign-in.
            _, half = self.identity.sessions.begin(person, via=SESSION, strong=False, whole=False, source="127.0.0.1", agent="test")
            _, whole = self.identity.sign_in.enrol(half, account, sealed, code_at(secret, step_of(self.identity.clock.now()) - 1))
            self.identity.sessions.end(whole)
            self.secrets[person] = secret

    def link(self, person: str) -> str:
        """The token of a one-time link."""
        return self.identity.accounts.link_for(person, by=CLI)[0]

    def session(self, person: str) -> None:
        """A session that has been signed in, for tests that are about something else."""
        if self.identity.accounts.find(person) is None:
            self.account(person, factor=True)
        id_, _ = self.identity.sessions.begin(person, via=SESSION, strong=True, whole=True, source="127.0.0.1", agent="test")
        self.cookies[person] = id_


@dataclass
class Installation:
    """One that is served.

    Attributes:
        secrets: Of second factors, by person.
        cookies: Of sessions that were begun before, by person.
    """

    served: Process
    database: Database
    path: Path
    secrets: dict[str, bytes]
    cookies: dict[str, str]
    notes: dict[str, Any]

    @property
    def address(self) -> str:
        """Where it is."""
        return self.served.address

    @property
    def control(self) -> Control:
        """What its process goes by."""
        return Control.read(self.path)

    def leap(self, seconds: float) -> None:
        """Move its clock on."""
        now = self.control
        Control(now.start, now.began, now.ahead + seconds, now.off).write(self.path)

    def without(self, *off: str) -> None:
        """Switch defences off, and all others on."""
        now = self.control
        Control(now.start, now.began, now.ahead, off).write(self.path)

    def code(self, person: str) -> str:
        """What the person's authenticator shows, after it has changed."""
        self.leap(30)
        return code_at(self.secrets[person], step_of(self.control.now()))

    def ask(self, person: str, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """A request of a program that shares the person's session."""
        id_ = self.cookies[person]
        sent = {"Cookie": f"ocop={id_}", "X-CSRF-Token": csrf_of(id_), **{k.replace("_", "-"): v for k, v in headers.items()}}
        given = {} if body is None else {"json": body}
        return httpx2.request(method, f"{self.address}{path}", headers=sent, timeout=30, **given)


@contextmanager
def installed(database: Database, folder: Path, fill: Any, start: str = "2021-06-01 09:00") -> Iterator[Installation]:
    """The invented province with its plan of two rounds, filled by a test and then served.

    Args:
        database: A migrated, empty one.
        folder: Of the test.
        fill: Is handed what is to be filled (:class:`Before`), and returns notes to go by.
        start: Its hour.
    """
    began = time.time()
    clock = ManualClock(moment(start))
    settings = Settings(
        database_url=SecretStr(database.url), allow_unsafe=True, data_dir=folder, secret_key=SecretStr(SECRET), link_key=SecretStr(SECRET)
    )
    runtime = build_runtime(settings, clock=clock, checked=True)
    try:
        populate(runtime.store)
        world = of_runtime(runtime, clock)
        world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        before = Before(world, runtime, build_identity(runtime, clock=clock, hasher=Counting()))
        notes = fill(before) or {}
        reached = clock.now()
    finally:
        runtime.close()
    path = folder / "control.json"
    Control(reached, began).write(path)
    with started(database, folder, str(path), "serve", "--port", "0", module=True) as served:
        yield Installation(served, database, path, before.secrets, before.cookies, notes)


def _hold(path: Path) -> None:
    """Let this process go by what the file says."""
    # What is patched is what the product's own modules call; nothing of the product knows of it.
    from api.identity import guard  # noqa: PLC0415

    def now(_: Any = None) -> datetime:
        return Control.read(path).now().astimezone(UTC)

    def seconds(_: Any) -> float:
        return now().timestamp()

    def unless_off(name: str, check: Any) -> Any:
        def checked(*given: Any) -> None:
            if name not in Control.read(path).off:
                check(*given)

        return checked

    there: Any = guard
    patched: Any = (
        (SystemClock, "now", now),
        (SystemSteady, "seconds", seconds),
        (there, "check_token", unless_off(TOKEN, there.check_token)),
        (there, "check_origin", unless_off(ORIGIN, there.check_origin)),
    )
    for owner, name, replacement in patched:
        setattr(owner, name, replacement)


if __name__ == "__main__":
    _hold(Path(sys.argv[1]))
    from api.cli import main

    main(sys.argv[2:])
