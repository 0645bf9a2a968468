"""The invented province over HTTP, in which people are told: some by e-mail, some by nothing but a call."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pydantic import SecretStr
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from api.app import create_app
from api.bootstrap import build_runtime
from api.settings import Settings
from notifications.messages import ChannelName
from notifications.service import Notifications, Post
from tests.support.http import Http, Introduced
from tests.support.told import LINKS, PHONE, WITHOUT_MAIL, Postman, Told, calendar_of
from tests.support.world import TWO_ROUNDS, moment, of_runtime, plan_file, populate
from workflow.clock import ManualClock


@dataclass
class TellingHttp(Http):
    """A client of the interface, and what tells behind it."""

    told: Told = field(kw_only=True)

    def tell(self, at: str) -> None:
        """Let everything that has come by an instant be told."""
        self.told.tell(at)

    def all(self, path: str, by: str, limit: int = 3) -> list[dict[str, Any]]:
        """Every page of a list."""
        found: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(200):
            sign = "&" if "?" in path else "?"
            answer = self.get(f"{path}{sign}limit={limit}{cursor}", by)
            assert answer.status_code == 200, answer.text
            found += answer.json()["items"]
            if answer.json()["next"] is None:
                return found
            cursor = f"&cursor={answer.json()['next']}"
        raise AssertionError("a list without an end")


@contextmanager
def telling_at(url: str, now: str = "2021-01-11 08:00") -> Iterator[TellingHttp]:
    """The interface on a migrated, empty database, with the plan of 2021 published."""
    clock = ManualClock(moment(now))
    settings = Settings(
        database_url=SecretStr(url), allow_unsafe=True, data_dir=Path(mkdtemp(prefix="ocop-")), public_url=LINKS.base, link_key=SecretStr("k" * 40)
    )  # fmt: skip
    runtime = build_runtime(settings, clock=clock, checked=True)
    try:
        populate(runtime.store)
        world = of_runtime(runtime, clock)
        people = world.engine.world(fresh=True).registry.people()
        mails = {p.code: None if p.code in WITHOUT_MAIL else f"{p.code.lower()}@ocop.example" for p in people}
        runtime.store.save_registry(people=[replace(p, email=mails[p.code], phone=PHONE) for p in people])
        world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        postman = Postman()
        post = Post(channels={ChannelName.EMAIL: postman}, domain="ocop.example", links=LINKS)

        def fresh() -> Any:
            return world.engine.world(fresh=True)

        telling = Notifications(runtime.store, clock, fresh, calendar_of(world), post, owner="test", rehearsal=False)
        runtime = replace(runtime, notifications=telling)
        with TestClient(create_app(runtime, identify=[Middleware(Introduced)], even=0), raise_server_exceptions=False) as client:
            yield TellingHttp(world, runtime, client, told=Told(world, runtime.store, telling, postman))
    finally:
        runtime.close()
