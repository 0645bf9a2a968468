"""The HTTP interface around the invented province: callers named by a header, and answers that are easy to look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pydantic import SecretStr
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.bootstrap import Runtime, build_runtime
from api.caller import Caller
from api.settings import Settings
from tests.support.world import TWO_ROUNDS, World, moment, of_runtime, plan_file, populate
from workflow.clock import ManualClock

WHO = b"x-test-person"
SCOPES = b"x-test-scopes"


class Introduced:
    """Believes whoever names themselves in a header; for tests alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"])
            if WHO in given:
                scopes = frozenset(given.get(SCOPES, b"read,write").decode().split(","))
                scope.setdefault("state", {})["caller"] = Caller(given[WHO].decode(), "token", scopes)
        await self._app(scope, receive, send)


@dataclass
class Http:
    """A client of the interface.

    Attributes:
        world: The same database for acts that are not sent over HTTP.
    """

    world: World
    runtime: Runtime
    client: TestClient
    keys: Iterator[int] = field(default_factory=lambda: count(1))

    def send(self, method: str, path: str, by: str | None = "officer-VS", **given: Any) -> Any:
        """One request; ``by`` is a person's code."""
        headers = {**({WHO.decode(): by} if by else {}), **given.pop("headers", {})}
        address = path if path.startswith("/") else f"/api/v1/{path}"
        return self.client.request(method, address, headers=headers, **given)

    def get(self, path: str, by: str | None = "officer-VS", **given: Any) -> Any:
        return self.send("GET", path, by, **given)

    def post(
        self, path: str, by: str | None, body: Any = None, *, version: int | str | None = None, key: str | None = "", **given: Any
    ) -> Any:
        """A write with a fresh key unless one is given (None: without)."""
        headers = given.pop("headers", {})
        if key is not None:
            headers = {"Idempotency-Key": key or f"key-{next(self.keys)}", **headers}
        if version is not None:
            headers = {"If-Match": version if isinstance(version, str) else f'"{version}"', **headers}
        return self.send("POST", path, by, json={} if body is None else body, headers=headers, **given)

    def version(self, code: str) -> int:
        """The version of a case as it is."""
        loaded = self.world.store.load_case(code, "")
        assert loaded is not None
        return loaded.case.version

    def act(self, code: str, event: str, by: str, **given: Any) -> Any:
        """An event on a case as it is, with what a person would usually type."""
        command = self.world.command(code, event, by=by, **given)
        body = {**command.payload, **({"reason": command.reason} if command.reason else {})}
        return self.post(f"cases/{code}/actions/{event}", by, body, version=self.version(code))


IDEA = {"kind": "first", "novelty": "new", "group": "food", "origin": "own_idea", "description": "Mật ong rừng"}


@contextmanager
def http_at(url: str, now: str = "2021-01-11 08:00", *, two_rounds: bool = True, **given: Any) -> Iterator[Http]:
    """The interface on a migrated, empty database, with the plan of 2021 published unless told otherwise."""
    clock = ManualClock(moment(now))
    runtime = build_runtime(
        Settings(database_url=SecretStr(url), allow_unsafe=True, data_dir=Path(mkdtemp(prefix="ocop-"))), clock=clock, checked=True
    )
    try:
        if not runtime.store.registry().units:
            populate(runtime.store)
        world = of_runtime(runtime, clock)
        if two_rounds and not runtime.store.plans():
            world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        # Thousands of tries are answered at once; what waits for its beat has tests of its own.
        given.setdefault("even", 0)
        with TestClient(create_app(runtime, identify=[Middleware(Introduced)], **given), raise_server_exceptions=False) as client:
            yield Http(world, runtime, client)
    finally:
        runtime.close()
