"""A client that holds every answer against the description, and a small model of what it was told: the state, version and ETag of each case."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import schemathesis

from states.vocabulary import Event
from tests.support.identity import House
from workflow.rows import ProductRow

PREFIX = "/api/v1"
PRODUCERS = ("producer-P1", "producer-P2")
OFFICES = (
    "officer-X1", "officer-H1", "secretary-H1", "authority-H1", "officer-H2", "authority-H2", "officer-VS", "secretary-VS", "authority-VS", "admin-VS", "auditor-VS",
)  # fmt: skip
PEOPLE = (*PRODUCERS, *OFFICES)
MOST_PRODUCTS = 500


@dataclass
class Told:
    """What is known of a case.

    Attributes:
        past: Instants from which on the case stood so: (instant, state, version).
    """

    code: str
    product: str
    state: str
    version: int
    etag: str
    past: list[tuple[datetime, str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Sent:
    """A write that was carried out, to be sent again."""

    person: str
    event: str
    body: dict[str, Any]
    headers: dict[str, str]
    status: int
    answer: dict[str, Any]


class Client:
    """People with tokens, and answers that are looked at."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.http = house.browser().client
        house.world.appoint("admin-VS", "administrator", "province", "VS")
        for person in PEOPLE:
            # Whoever decides shows a second factor once; without one a token of theirs opens nothing.
            house.enter(person)
        self.tokens = {person: self.token(person) for person in PEOPLE}
        self.keys = count(1)
        self.described = house.app.openapi()["paths"]
        self.schema = schemathesis.openapi.from_dict(house.app.openapi())
        self.statuses: dict[str, set[int]] = {}
        homes = {"P1": "X1", "P2": "X2"}
        rows = [
            ProductRow(code=f"{code}-M{n:03d}", name=f"Mật ong thứ {n}", group="food", producer=code, unit=unit)
            for code, unit in homes.items()
            for n in range(MOST_PRODUCTS)
        ]
        house.world.store.save_registry(products=rows)
        # Many with one and the same deadline, so that a list of them goes on in the middle of equals.
        self.filed = {house.world.filed(f"P1-M{MOST_PRODUCTS - n:03d}") for n in range(1, 17)}
        self.products = {f"producer-{code}": iter([row.code for row in rows if row.producer == code]) for code in homes}

    def token(self, person: str) -> tuple[str, str]:
        """A new token of somebody's, and its id; those that there were are revoked."""
        for row in self.house.identity.tokens.of(person):
            self.house.identity.tokens.revoke(row.id, person=person)
        secret, row = self.house.identity.tokens.create(person, "Thử", ["read", "write", "admin"], 365, decides=False)
        return secret, row.id

    def ask(self, person: str, method: str, template: str, body: Any = None, headers: dict[str, str] | None = None, **parts: str) -> Any:
        """One request; its answer is one of those that are described, in the shape that is described."""
        query = parts.pop("query", "")
        path = PREFIX + template.format(**parts)
        sent = {"Authorization": f"Bearer {self.tokens[person][0]}", **(headers or {})}
        given = {} if body is None else {"json": body}
        answer = self.http.request(method, f"{path}?{query}" if query else path, headers=sent, **given)
        label = f"{method} {PREFIX}{template}"
        assert answer.status_code < 500, (label, answer.text)
        described = self.described[PREFIX + template][method.lower()]["responses"]
        assert str(answer.status_code) in described, (label, answer.status_code, sorted(described))
        if answer.content:
            self.schema[PREFIX + template][method].validate_response(answer)
            kind = answer.headers["content-type"].partition(";")[0]
            assert kind in described[str(answer.status_code)]["content"], (label, kind)
        self.statuses.setdefault(label, set()).add(answer.status_code)
        return answer

    def write(
        self, person: str, template: str, body: dict[str, Any], *, seen: str | None = None, key: str | None = None, **parts: str
    ) -> Any:
        """A POST under a fresh key unless one is given."""
        headers = {"Idempotency-Key": key or f"key-{next(self.keys)}"}
        if seen is not None:
            headers["If-Match"] = seen
        return self.ask(person, "POST", template, body, headers, **parts)

    def typed(self, code: str, event: str, person: str) -> dict[str, Any]:
        """What somebody would usually type for an event."""
        command = self.house.world.command(code, Event(event), by=person)
        payload = {name: (f"{value}" if name == "mean" else value) for name, value in command.payload.items()}
        if event == Event.CONCLUDE:
            payload["mean"] = "80"
        return {**payload, **({"reason": command.reason} if command.reason else {})}
