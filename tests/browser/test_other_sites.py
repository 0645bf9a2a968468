"""Pages of other sites make the browser ask for every change that there is: none is accepted, and each of the defences holds alone."""

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from api.pages.install import MODULES
from tests.api.conftest import dump, owner_of
from tests.support.browsing import Desk, Window
from tests.support.elsewhere import ASK, KINDS, SEND, other_site, target
from tests.support.installation import ORIGIN, TOKEN, Before, Installation
from workflow.accounts import SessionRow

OFFICER = "officer-H1"
UNASKED = ("access", "heartbeat", "meta", "lease")
"""Parts of names of tables that a serving process writes by itself, and of the record of who has read what, which reading fills."""
WITHOUT_SESSION = re.compile(r"/login|/language$|/api/v1/session")


def fill(before: Before) -> dict[str, Any]:
    cases = [before.world.filed(f"P1-{number:02d}") for number in (1, 2)]
    before.session(OFFICER)
    return {"cases": cases}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    with other_site() as port:
        yield port


def withdrawal(house: Installation, case: str) -> tuple[str, dict[str, str]]:
    """A form that would be carried out, if it came from our own page: all that another site would have to guess is in it."""
    version = house.ask(OFFICER, "GET", f"/api/v1/cases/{case}").json()["version"]
    form = {
        "reason": "Vì trang khác bảo thế",
        "version": str(version),
        "seen": "1",
        "key": "guessed-0123456789",
        "do": "act",
        "csrf_token": "0" * 64,
    }
    return f"{house.address}/cases/{case}/actions/return_for_completion", {**form, "f.documents": "test_report", "f.remarks": "Thiếu"}


def changes(house: Installation) -> list[dict[str, Any]]:
    """Every operation that writes, by the description of the interface and the routes of the pages."""
    paths = house.ask(OFFICER, "GET", "/api/v1/openapi.json").json()["paths"]
    found = [
        (method.upper(), path)
        for path, operations in paths.items()
        for method in operations
        if method in {"post", "put", "delete", "patch"}
    ]
    found += [(method, r.path) for m in MODULES for r in m.router.routes for method in r.methods if method not in {"GET", "HEAD"}]
    _, form = withdrawal(house, house.notes["cases"][0])
    form = {
        **form,
        "login": "officer-h1",
        "password": "x",
        "language": "en",
        "person": "officer-VS",
        "code": "000000",
        "token": "x",
        "name": "x",
    }

    def whole(path: str) -> str:
        path = (
            path.replace("/rounds/{code}", "/rounds/VS-2021-1")
            .replace("{code}", house.notes["cases"][0])
            .replace("{event}", "return_for_completion")
        )
        return house.address + re.sub(r"\{\w+\}", "1", path)

    assert len(found) > 40
    return [target(method, whole(path), form) for method, path in sorted(found)]


def written(house: Installation) -> dict[str, list[Any]]:
    """Every row that somebody's act would change; that a session was seen once more within the minute is nobody's act."""
    found = {name: rows for name, rows in dump(house.database).items() if not any(part in name for part in UNASKED)}
    lasting = ",".join(field.name for field in fields(SessionRow) if field.name != "seen_at")
    return {**found, "web_session": sorted(map(repr, owner_of(house.database)(f"SELECT {lasting} FROM web_session")))}  # noqa: S608


def strike(window: Window, port: int, host: str, targets: list[dict[str, Any]]) -> list[str]:
    """Ask for everything from a page of another origin."""
    window.expect("").page.goto(f"http://{host}:{port}/")
    answered: list[str] = window.page.evaluate(ASK, {"targets": targets, "redirect": f"http://{host}:{port}/redirect?to="})
    assert len(answered) >= len(targets)
    return answered


def cookies(window: Window) -> list[tuple[str, str]]:
    return sorted((c["name"], c["value"]) for c in window.page.context.cookies())


@pytest.fixture
def window(desk: Desk, house: Installation) -> Iterator[Window]:
    desk.origin = house.address
    yield desk.window()
    house.without()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["another site", "another origin of this site"])
def test_nothing_is_accepted_from_elsewhere(window: Window, house: Installation, elsewhere: int, host: str):
    window.become(house.cookies[OFFICER]).open("/work")
    before, known = written(house), cookies(window)
    answered = strike(window, elsewhere, host, changes(house))
    assert set(answered) <= {"opaque 0", "failed"}, "and of no answer anything is to be seen"
    assert cookies(window) == known
    assert written(house) == before
    assert window.open("/work").path == "/work", "whoever was signed in still is"


def loose(window: Window, house: Installation, port: int) -> None:
    """Sign in with a cookie that browsers send along from wherever they are asked."""
    window.expect("").page.goto(f"http://127.0.0.1:{port}/plant?id={house.cookies[OFFICER]}")
    assert window.page.context.cookies()[0]["sameSite"] == "None"


@pytest.mark.parametrize(
    ("alone", "host"),
    [("cookie", "localhost"), *((alone, host) for alone in (TOKEN, ORIGIN) for host in ("localhost", "127.0.0.1"))],
)
def test_each_defence_holds_alone(  # noqa: PLR0913
    desk: Desk, window: Window, house: Installation, elsewhere: int, alone: str, host: str
):
    # To a cookie another origin of the same site is no other site; there token and origin have to hold.
    house.without(*({TOKEN, ORIGIN} - {alone}))
    if alone == "cookie":
        window.become(house.cookies[OFFICER])
    else:
        loose(window, house, elsewhere)
    before = written(house)
    # Before anybody is signed in there is neither cookie nor token to go by: signing a visitor in unasked is the origin's to refuse.
    strike(window, elsewhere, host, [each for each in changes(house) if alone == "origin" or not WITHOUT_SESSION.search(each["url"])])
    url, form = withdrawal(house, house.notes["cases"][0])
    for kind in KINDS:
        tab = desk.window(beside=window).expect("")
        tab.page.goto(f"http://{host}:{elsewhere}/")
        with tab.page.expect_navigation(url=re.compile(re.escape(house.address))):
            tab.page.evaluate(SEND, {"url": url, "kind": kind, "form": form})
    assert written(house) == before


def test_without_any_of_them_the_same_form_is_accepted(window: Window, house: Installation, elsewhere: int):
    """What shows that the attack is one."""
    house.without(TOKEN, ORIGIN)
    loose(window, house, elsewhere)
    before = written(house)
    url, form = withdrawal(house, house.notes["cases"][1])
    window.page.goto(f"http://localhost:{elsewhere}/")
    with window.page.expect_navigation(url=re.compile(re.escape(f"{house.address}/cases/"))):
        window.page.evaluate(SEND, {"url": url, "kind": KINDS[0], "form": form})
    assert written(house) != before
    assert "Đã ghi vào nhật ký" in window.text


def test_no_page_can_be_laid_into_another(window: Window, house: Installation, elsewhere: int):
    loose(window, house, elsewhere)
    window.page.goto(f"http://127.0.0.1:{elsewhere}/")
    window.page.evaluate(
        """(url) => new Promise((come) => {
            const f = document.createElement('iframe'); f.onload = come; f.src = url; document.body.append(f); })""",
        f"{house.address}/work",
    )
    frame = window.page.frames[1]
    assert "chrome-error" in frame.url or not frame.locator("main").count()
