"""Identity around the invented province: a cheap hasher that counts, browsers with cookies, an authenticator, administrators."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.bootstrap import Runtime, build_runtime
from api.identity.access_log import Asker
from api.identity.install import install
from api.identity.passwords import Hasher
from api.identity.service import Identity
from api.identity.totp import PERIOD, code_at, step_of
from api.settings import Settings
from tests.support.world import World, moment, of_runtime, populate
from workflow.clock import ManualClock

HOME = "https://ocop.example.test"
PASSWORD = "con trâu đi trước cái cày"  # noqa: S105 - of nobody
CLI = Asker("admin-TW", "cli")


class Counting(Hasher):
    """Hashes cheaply, and counts how often it had to work."""

    def __init__(self) -> None:
        super().__init__(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
        self.hashed = self.compared = 0

    def hash(self, password: str) -> str:
        self.hashed += 1
        return super().hash(password)

    def matches(self, password: str, known: str | None) -> tuple[bool, str | None]:
        self.compared += 1
        return super().matches(password, known)


@dataclass
class Browser:
    """A client with cookies of its own, that sends the session's token with every write."""

    client: TestClient
    csrf: str | None = None
    origin: str | None = HOME

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        address = path if path.startswith("/") else f"/api/v1/{path}"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if method not in {"GET", "HEAD"}:
            sent = {**({"X-CSRF-Token": self.csrf} if self.csrf else {}), **({"Origin": self.origin} if self.origin else {}), **sent}
        answered = (
            self.client.request(method, address, json=body, headers=sent)
            if body is not None
            else self.client.request(method, address, headers=sent)
        )
        if answered.status_code < 300 and "application/json" in answered.headers.get("content-type", ""):
            said = answered.json()
            if isinstance(said, dict) and said.get("csrf"):
                self.csrf = said["csrf"]
        return answered

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.send("DELETE", path, **headers)

    @property
    def cookie(self) -> str | None:
        return next((c.value for c in self.client.cookies.jar if c.name.endswith("ocop")), None)


@dataclass
class House:
    """An installation with people who sign in."""

    world: World
    runtime: Runtime
    app: FastAPI
    identity: Identity
    hasher: Counting
    clock: ManualClock
    secrets: dict[str, bytes] = field(default_factory=dict)

    def browser(self, address: str = "10.0.0.1", base: str = HOME) -> Browser:
        """A browser somewhere."""
        return Browser(TestClient(self.app, base_url=base, client=(address, 50_000), raise_server_exceptions=False, follow_redirects=False))

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.clock.move(self.clock.now() + timedelta(**span))

    @property
    def registry(self) -> Any:
        return self.world.engine.world(fresh=True).registry

    def account(self, person: str, *, login: str | None = None, password: str | None = PASSWORD, **given: Any) -> None:
        """An account with a password, as an administrator and a link would have made it."""
        self.identity.accounts.open_for(person, login or person.lower(), by=CLI, **given)
        if password is not None:
            token, _ = self.identity.accounts.link_for(person, by=CLI)
            self.identity.accounts.use_link(token, password, self.registry)

    def code(self, person: str) -> str:
        """What the person's authenticator shows, after it has changed."""
        self.wait(seconds=PERIOD)
        return code_at(self.secrets[person], step_of(self.clock.now()))

    def enter(self, person: str, browser: Browser | None = None, *, password: str = PASSWORD) -> Browser:
        """Sign in, with a second factor where it is asked for."""
        here = browser or self.browser()
        if self.identity.accounts.find(person) is None:
            self.account(person)
        answered = here.post("session", {"login": person, "password": password})
        assert answered.status_code == 200, answered.text
        if answered.json()["second_factor"] == "to_enrol":
            enrolment = here.post("session/second-factor/enrolment").json()
            self.secrets[person] = base64.b32decode(enrolment["secret"])
            answered = here.put("session/second-factor/enrolment", {"sealed": enrolment["sealed"], "code": self.code(person)})
        elif answered.json()["second_factor"] == "owed":
            answered = here.post("session/second-factor", {"code": self.code(person)})
        assert answered.status_code == 200, answered.text
        return here

    def administrator(self, unit: str = "VS", level: str = "province", person: str | None = None) -> Browser:
        """An administrator of a unit, signed in."""
        code = person or f"admin-{unit}"
        self.world.appoint(code, "administrator", level, unit)
        return self.enter(code)


@contextmanager
def house_at(url: str, folder: Path, now: str = "2021-06-01 09:00", *, rehearsal_clock: Any = None, **settings: Any) -> Iterator[House]:
    """An installation on a migrated, empty database."""
    clock = ManualClock(moment(now))
    given = Settings(
        database_url=SecretStr(url),
        allow_unsafe=True,
        link_key=SecretStr("k" * 40),
        data_dir=folder,
        public_url=settings.pop("public_url", HOME),
        **settings,
    )
    runtime = build_runtime(given, clock=clock, checked=True)
    try:
        populate(runtime.store)
        world = of_runtime(runtime, clock)
        app, hasher = create_app(runtime), Counting()
        identity = install(app, runtime, given, hasher=hasher, clock=rehearsal_clock or clock)
        yield House(world, runtime, app, identity, hasher, clock)
    finally:
        runtime.close()
