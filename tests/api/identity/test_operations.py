"""Every operation of identity, and who reaches it: a table written by hand. An operation without a row fails."""

from typing import Any

import pytest

from tests.support.identity import PASSWORD, Browser, House

# Who gets past the door: nobody signed in (n), half a session that still owes its second factor (h), a signed-in person (p), a token for
# reading (r), for writing (w), for everything (a). What happens behind the door is judged by the routes and tested beside them.
TABLE = """
GET    /api/v1/session                               . h p r w a
POST   /api/v1/session                               n h p r w a
DELETE /api/v1/session                               . h p . . .
POST   /api/v1/session/second-factor                 . h p . . .
POST   /api/v1/session/second-factor/enrolment       . h p . . .
PUT    /api/v1/session/second-factor/enrolment       . h p . . .
POST   /api/v1/session/link                          n h p r w a
PUT    /api/v1/session/password                      . . p . . .
POST   /api/v1/session/role                          . . . . . .
PUT    /api/v1/session/language                      . . p r w a
GET    /api/v1/users                                 . . p . . a
POST   /api/v1/users                                 . . p . . a
GET    /api/v1/users/{person}                        . . p . . a
POST   /api/v1/users/{person}/link                   . . p . . a
POST   /api/v1/users/{person}/disable                . . p . . a
POST   /api/v1/users/{person}/enable                 . . p . . a
POST   /api/v1/users/{person}/second-factor/reset    . . p . . a
GET    /api/v1/users/{person}/sessions               . . p . . a
DELETE /api/v1/users/{person}/sessions/{handle}      . . p . . a
GET    /api/v1/tokens                                . . p r w a
POST   /api/v1/tokens                                . . p . . .
DELETE /api/v1/tokens/{token}                        . . p . w a
GET    /api/v1/access-log                            . . p r w a
GET    /api/v1/delegations                           . . p r w a
POST   /api/v1/delegations                           . . p . . a
POST   /api/v1/delegations/{code}/revoke             . . p . w a
GET    /login/provider                               n h p r w a
GET    /login/provider/back                          n h p r w a
"""
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/session"): {"login": "nobody", "password": PASSWORD},
    ("POST", "/api/v1/session/second-factor"): {"code": "000000"},
    ("PUT", "/api/v1/session/second-factor/enrolment"): {"sealed": "0" * 40, "code": "000000"},
    ("POST", "/api/v1/session/link"): {"token": "x", "password": PASSWORD},
    ("PUT", "/api/v1/session/password"): {"old": "sai mật khẩu", "new": PASSWORD},
    ("POST", "/api/v1/session/role"): {"person": "officer-H1"},
    ("PUT", "/api/v1/session/language"): {"language": "vi"},
    ("POST", "/api/v1/users"): {"person": "nobody", "login": "nobody"},
    ("POST", "/api/v1/tokens"): {"name": "Thử"},
    ("POST", "/api/v1/delegations"): {
        "seat": "officer@province", "unit": "VS", "taker": "nobody", "first": "2021-06-01", "last": "2021-06-02", "document_no": "1/A", "reason": "x",
    },
}  # fmt: skip
REASON = {"reason": "Thử"}
DOOR = {"unidentified", "second_factor_needed", "scope_missing", "rehearsal_only", "token_by_token"}
"""What is said at the door."""


def rows() -> dict[tuple[str, str], dict[str, bool]]:
    found = {}
    for line in TABLE.strip().splitlines():
        method, path, *marks = line.split()
        found[method, path] = {who: mark == who for who, mark in zip("nhprwa", marks, strict=True)}
    return found


def opened(house: House, who: str) -> Browser:
    """A client of this kind; every person is an administrator of the province."""
    if who == "n":
        return house.browser("10.5.0.1")
    house.world.appoint("admin-VS", "administrator", "province", "VS")
    if who == "h":
        house.account("admin-VS")
        browser = house.browser("10.5.0.2")
        browser.post("session", {"login": "admin-vs", "password": PASSWORD})
        return browser
    browser = house.enter("admin-VS", house.browser("10.5.0.3"))
    if who == "p":
        return browser
    scopes = {"r": ["read"], "w": ["read", "write"], "a": ["read", "write", "admin"]}[who]
    token = browser.post("tokens", {"name": "Thử", "scopes": scopes}).json()["token"]
    program = house.browser("10.5.0.4")
    program.origin = None
    program.client.headers["Authorization"] = f"Bearer {token}"
    return program


def test_every_operation_has_a_row_and_every_row_an_operation(house: House):
    paths = house.app.openapi()["paths"]
    prefixes = ("/api/v1/session", "/api/v1/users", "/api/v1/tokens", "/api/v1/access-log", "/api/v1/delegations", "/login")
    known = {(method.upper(), path) for path, operations in paths.items() if path.startswith(prefixes) for method in operations}
    assert known == set(rows())


@pytest.mark.parametrize("who", "nhprwa")
def test_the_door_is_where_the_table_says(house: House, who: str):
    browser, wrong = opened(house, who), []
    for (method, path), may in rows().items():
        if (method, path) == ("DELETE", "/api/v1/session"):
            continue
        house.wait(minutes=1)
        address = path.replace("{person}", "officer-X1").replace("{handle}", "0").replace("{token}", "0").replace("{code}", "UQ-0")
        body = BODIES.get((method, path), REASON if method == "POST" and "{" in path else None)
        answered = browser.send(method, address, body, Idempotency_Key="one")
        code = answered.json().get("code") if answered.content and "json" in answered.headers.get("content-type", "") else None
        stopped = code in DOOR
        assert answered.status_code < 500, (method, path, answered.text)
        if stopped is may[who]:
            wrong.append((method, path, answered.status_code, code))
    assert wrong == []


def test_who_is_nobody_or_half_signs_nobody_out(house: House):
    assert opened(house, "n").delete("session").status_code == 401
    assert opened(house, "h").delete("session").status_code == 204
