"""A real installation that a process of its own serves: people in it, and a token to ask with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.api.http.test_serving import Served, serving
from tests.support.databases import Database
from tests.support.http import IDEA
from tests.support.identity import house_at


@dataclass
class Installed:
    """A serving process, and a producer's token."""

    served: Served
    token: str

    @property
    def port(self) -> int:
        return int(self.served.address.rpartition(":")[2])

    def ask(self, method: str, path: str, body: Any = None, key: str = "k", timeout: float = 30) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key, "Accept-Language": "vi"}
        return httpx2.request(method, f"{self.served.address}/api/v1/{path}", json=body, headers=headers, timeout=timeout)

    def register(self, product: str = "P1-01", key: str = "k") -> httpx2.Response:
        return self.ask("POST", "cases", {"product": product, **IDEA}, key)


@contextmanager
def installed(database: Database, folder: Path, now: str = "2026-11-02 08:00") -> Iterator[Installed]:
    """The invented province today, with a producer whose program has a token."""
    with house_at(database.url, folder, now=now, public_url=None) as house:
        house.account("producer-P1")
        token, _ = house.identity.tokens.create("producer-P1", "Thử", ["read", "write"], 300, decides=False)
    with serving(database, "--port", "0", OCOP_DATA_DIR=str(folder)) as served:
        yield Installed(served, token)
