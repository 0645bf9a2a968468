"""Every page in both languages, on a desk and on a phone: no barrier, no sideways scrolling, nothing that its policy forbids, nobody else asked."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from api.pages import rehearsal as rehearsal_pages
from api.pages.install import MODULES
from tests.support.browsing import BROKEN, EXECUTED, Desk, Window, Words
from tests.support.identity import PASSWORD
from tests.support.installation import Before, Installation
from tests.support.patience import until
from workflow.roundoffers import RoundAct

VENDOR = Path(__file__).parent / "vendor"
OFFICER, SECRETARY, PRODUCER = "officer-VS", "secretary-H1", "producer-P1"
RESULT = {"mean": "80,5", "report_no": "1/BC", "report_date": "2021-06-01", "minutes_no": "2/BB", "minutes_date": "2021-06-01"}
IN_A_REHEARSAL = ("/rehearsal", "/rehearsal/inbox", "/rehearsal/letter", "/rehearsal/cases/{code}")
"""Looked at by the test of its story."""
ELSEWHERE = {
    "/": "leads on to another page",
    "/login": "is the way in, below",
    "/login/link": "is the way in, below",
    "/login/code": "is the way in, below",
    "/ack/{token}": "needs a letter; without one, below",
}


def fill(before: Before) -> dict[str, Any]:
    world = before.world
    held, certified = world.filed("P1-01"), world.certified("P1-02")
    world.registered("P2-01")
    world.act(held, "return_for_completion")
    for number in range(3, 20):
        world.filed(f"P1-{number:02d}")
    for person in (OFFICER, SECRETARY, PRODUCER, "officer-H1"):
        before.session(person)
    before.account("authority-VS", factor=True)
    before.account("chair-VS")
    return {"case": world.filed("P1-20"), "held": held, "certified": certified}


def pages(notes: dict[str, Any]) -> dict[str, list[str]]:
    """Addresses by the route that answers them, for an officer of the province; a route without parameters is its own address."""
    case = notes["case"]
    found = {path: [path] for path in routes(MODULES) - set(ELSEWHERE) if "{" not in path and not path.endswith(".xlsx")}
    return found | {
        "/work/{slug}": ["/work/overdue"],
        "/cases": ["/cases", "/cases?q=khong+co+gi"],
        "/cases/new": ["/cases/new", "/cases/new?product=P1-30"],
        "/cases/{code}": [f"/cases/{notes[name]}" for name in ("case", "held", "certified")],
        "/cases/{code}/actions/{event}": [f"/cases/{case}/actions/{event}" for event in ("forward", "withdraw")],
        "/rounds/{code}": ["/rounds/VS-2021-1"],
        "/rounds/{code}/acts/{act}": [f"/rounds/VS-2021-1/acts/{act}" for act in RoundAct],
        "/rounds/{code}/late-door": ["/rounds/VS-2021-1/late-door"],
    }


@pytest.fixture
def window(desk: Desk, house: Installation) -> Window:
    desk.origin = house.address
    return desk.window()


def looked_at(window: Window, addresses: Iterable[str], status: int = 200) -> list[str]:
    """What is wrong with pages, in each language."""
    found = []
    for language in ("vi", "en"):
        window.speak(language)
        for address in addresses:
            assert window.open(address).status == status, address
            assert window.page.locator("html").get_attribute("lang") == language
            found += window.examined(f"{address} ({language})")
    return found


def routes(modules: Any) -> set[str]:
    return {route.path for module in modules for route in module.router.routes if "GET" in route.methods}


def test_every_page_is_looked_at():
    looked = {*pages({"case": "", "held": "", "certified": ""}), *ELSEWHERE}
    assert {path for path in routes(MODULES) if not path.endswith(".xlsx")} == looked
    assert routes([rehearsal_pages]) == set(IN_A_REHEARSAL)


def test_pages_hold_nobody_up(window: Window, house: Installation):
    window.become(house.cookies[OFFICER])
    assert looked_at(window, [address for found in pages(house.notes).values() for address in found]) == []


def test_what_can_be_done_holds_nobody_up(window: Window, house: Installation):
    case = house.notes["case"]
    window.become(house.cookies[SECRETARY])
    assert looked_at(window, ["/work", f"/cases/{case}", f"/cases/{case}/actions/conclude"]) == []
    window.become(house.cookies[PRODUCER])
    assert looked_at(window, [f"/cases/{house.notes['held']}", f"/cases/{house.notes['held']}/actions/complete"]) == []


def test_the_way_in_holds_nobody_up(window: Window):
    window.expect("401 (", "404 (")
    found = looked_at(window, ["/login", "/login/link"]) + looked_at(window, ["/ack/abc"], 404)
    window.speak("vi").sign_in("authority-vs", "sai rồi")
    found += window.examined("a wrong password")
    window.sign_in("authority-vs", PASSWORD).at("/login/code")
    found += window.examined("the second factor")
    window.sign_in("chair-vs", PASSWORD).at("/login/code")
    found += window.examined("a second factor to be set up")
    assert found == []


def test_refusals_hold_nobody_up(desk: Desk, window: Window, house: Installation):
    case = house.notes["case"]
    window.expect("409 (", "403 (", "422 (", "404 (", "412 (").become(house.cookies[SECRETARY])
    found = looked_at(window, ["/cases/KHONG-CO"], 404)
    late = window.speak("vi").form(case, "conclude").give(**RESULT)
    window = desk.window(beside=late).expect("422 (")
    window.act(case, "conclude", **{**RESULT, "mean": "tám mươi"})
    found += window.examined("a field that cannot be read")
    window.give(mean="80,5").press(Words.preview)
    found += window.examined("a preview")
    window.press(Words.record)
    found += window.examined("what has been written")
    late.press(Words.record)
    found += late.examined("a form that is out of date")
    assert found == []


def test_the_watch_sees_what_it_is_there_to_see(desk: Desk, house: Installation):
    desk.origin = house.address
    window = desk.window().open("/login")
    window.page.evaluate("""() => {
      const put = (tag, given) => document.body.append(Object.assign(document.createElement(tag), given));
      put("script", {textContent: "alert(1)"});
      put("img", {src: "http://localhost:1/elsewhere.png"});
      put("div", {style: "width: 3000px; height: 1px"});
      put("input", {type: "text"});
      document.body.lastElementChild.previousElementSibling.setAttribute("style", "width: 3000px");
      alert("from a script");
    }""")
    seen = [*(f"{BROKEN} {part}" for part in ("script-src-elem inline", "img-src", "style-src-attr")), f"{EXECUTED} alert from a script"]

    def missing() -> list[str]:
        window.page.wait_for_timeout(20)
        return [line for line in seen if line not in " ".join(window.faults)]

    until(lambda: not missing(), f"{seen} are told")
    assert [line for line in window.barriers() if line.startswith("label")]
    assert window.unexpected()
    window.expect("")


def test_the_tool_is_the_one_that_was_taken_in():
    lines = (VENDOR / "VENDORED.sha256").read_text("utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines if not line.startswith("#"))}
    assert {path.relative_to(VENDOR).as_posix() for path in VENDOR.glob("*/*")} == set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
    assert re.search(r"# axe-core 4\.14\.1, MPL-2\.0", lines[0])
