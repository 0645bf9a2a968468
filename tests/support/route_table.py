"""Every route of an application, from its own tables: a route that is added is looked at without anybody listing it."""

import re
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.routing import Route

from api.app import MODULES as INTERFACE
from api.app import PREFIX
from api.pages.install import MODULES

VALUES = {
    "code": "VS-2021-0001", "event": "select", "term": "VS-2021-0001:1:0", "unit": "VS", "key": "qd26-2026", "slug": "due", "subject": "VS-2021-0001",
    "seq": "1", "id": "b-0", "act": "freeze", "person": "officer-X1", "handle": "0", "token": "0", "case": "VS-2021-0001",
}  # fmt: skip
STATIC = "/static/pages.css"


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One method on one address; ``path`` with the names of its parts, ``address`` with values in their place."""

    method: str
    path: str

    @property
    def address(self) -> str:
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda part: VALUES.get(part[1], "x"), self.path)

    @property
    def reads(self) -> bool:
        return self.method == "GET"

    @property
    def by_link(self) -> bool:
        """Whether the address itself is what lets somebody in: no session counts there, and a link that is none is not there."""
        return "/ack/" in self.path or "/feeds/{token}/" in self.path

    @property
    def page(self) -> bool:
        """Whether people look at it, rather than programs."""
        return not self.path.startswith(("/api/", "/static/", "/livez", "/readyz", "/metrics", "/docs"))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def table(app: FastAPI) -> list[Entry]:
    """Operations that are described, pages, what has a route of its own, and one of the files."""
    found = {Entry(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}
    routes: list[Any] = [route for module in MODULES for route in module.router.routes]
    routes += [route for route in app.routes if isinstance(route, Route)]
    found |= {Entry(method, str(route.path)) for route in routes for method in route.methods if method != "HEAD"}
    return sorted(found | {Entry("GET", STATIC)})


def known_questions(app: FastAPI, path: str) -> tuple[str, ...]:
    """The names that the route which reads an address understands in its query."""
    routes: list[Any] = [route for module in (*MODULES, *INTERFACE) for route in module.router.routes]
    routes += [route for route in app.routes if isinstance(route, Route)]
    for route in routes:
        if path in {str(route.path), f"{PREFIX}{route.path}"} and "GET" in route.methods:
            return tuple(field.alias for field in route.dependant.query_params)
    return ()
