"""Every page in both languages, on a desk and on a phone: no barrier, no sideways scrolling, nothing that its policy forbids, nobody else asked."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.pages import rehearsal as rehearsal_pages
from api.pages.install import MODULES
from tests.support.browsing import DESKTOP, PHONE, Desk, Window, Words
from tests.support.identity import PASSWORD
from tests.support.installation import Before, Installation, Process

VENDOR = Path(__file__).parent / "vendor"
OFFICER, SECRETARY, PRODUCER = "officer-VS", "secretary-H1", "producer-P1"
RESULT = {"mean": "80,5", "report_no": "1/BC", "report_date": "2021-06-01", "minutes_no": "2/BB", "minutes_date": "2021-06-01"}
ELSEWHERE = {"/": "leads on to another page", "/login/code": "is looked at on the way in, below"}


def fill(before: Before) -> dict[str, Any]:
    world = before.world
    held, certified, idea = world.filed("P1-01"), world.certified("P1-02"), world.registered("P2-01")
    world.act(held, "return_for_completion")
    for number in range(3, 20):
        world.filed(f"P1-{number:02d}")
    for person in (OFFICER, SECRETARY, PRODUCER, "officer-H1"):
        before.session(person)
    before.account("authority-VS", factor=True)
    before.account("chair-VS")
    return {"case": world.filed("P1-20"), "held": held, "certified": certified, "idea": idea}


def pages(notes: dict[str, Any]) -> dict[str, list[str]]:
    """Addresses by the route that answers them."""
    case, held = notes["case"], notes["held"]
    return {
        "/login": ["/login"],
        "/login/link": ["/login/link"],
        "/work": ["/work", "/work?scope=all&q=mat+ong"],
        "/work/{slug}": ["/work/upcoming?scope=all", "/work/overdue"],
        "/cases": ["/cases", "/cases?q=khong+co+gi"],
        "/cases/{code}": [f"/cases/{case}", f"/cases/{held}", f"/cases/{notes['certified']}", f"/cases/{notes['idea']}"],
        "/cases/{code}/actions/{event}": [f"/cases/{case}/actions/{event}" for event in ("conclude", "return_for_completion", "withdraw", "forward", "defer")],
        "/rounds": ["/rounds"],
        "/rounds/{code}": ["/rounds/VS-2021-1", "/rounds/VS-2021-2"],
    }


@pytest.fixture
def window(desk: Desk, house: Installation) -> Window:
    desk.origin = house.address
    return desk.window()


def examine(window: Window, where: str = "") -> list[str]:
    """What is wrong with the page as it stands, on a desk and on a phone."""
    found = [f"{where or window.path} {fault}" for fault in window.widen(DESKTOP).barriers()]
    found += [f"{where or window.path} (phone) {fault}" for fault in window.widen(PHONE).barriers()]
    return found + [f"{where or window.path} wider than a phone: {fault}" for fault in window.overflow()]


def both_languages(window: Window, address: str) -> Iterator[str]:
    """Open an address in each language."""
    for language, name in (("vi", Words.vietnamese), ("en", Words.english)):
        window.open(address)
        if window.page.locator("html").get_attribute("lang") != language:
            window.widen(DESKTOP).press(name).open(address)
        assert window.page.locator("html").get_attribute("lang") == language
        yield f"{address} ({language})"


def routes(modules: Any) -> set[str]:
    return {route.path for module in modules for route in module.router.routes if "GET" in route.methods}


def test_every_page_is_looked_at():
    assert routes(MODULES) == {*pages({"case": "", "held": "", "certified": "", "idea": ""}), *ELSEWHERE}
    assert routes([rehearsal_pages]) == set(rehearsal_addresses(""))


@pytest.mark.parametrize("person", [OFFICER, SECRETARY])
def test_pages_hold_nobody_up(window: Window, house: Installation, person: str):
    window.become(house.cookies[person])
    found = []
    for route, addresses in pages(house.notes).items():
        if not route.startswith("/login") and (person == OFFICER or route.startswith(("/work", "/cases/{code}"))):
            for address in addresses:
                for where in both_languages(window, address):
                    found += examine(window, where)
    assert found == []


def test_the_way_in_holds_nobody_up(window: Window):
    window.expect("401 (", "422 (")
    found = []
    for address in ("/login", "/login/link"):
        for where in both_languages(window, address):
            found += examine(window, where)
    window.sign_in("authority-vs", "sai rồi").fill(Words.login, "authority-vs") if window.open("/login").press(Words.vietnamese) else None
    found += examine(window, "a wrong password")
    window.widen(DESKTOP).sign_in("authority-vs", PASSWORD).at("/login/code")
    found += examine(window, "the second factor")
    window.widen(DESKTOP).sign_in("chair-vs", PASSWORD).at("/login/code")
    found += examine(window, "a second factor to be set up")
    assert found == []


def test_refusals_hold_nobody_up(window: Window, house: Installation):
    case = house.notes["case"]
    window.expect("409 (", "403 (", "422 (", "404 (").become(house.cookies[SECRETARY])
    found = []
    window.act(case, "conclude", **{**RESULT, "mean": "tám mươi"})
    found += examine(window, "a field that cannot be read")
    window.widen(DESKTOP).give(mean="80,5").press(Words.preview)
    found += examine(window, "a preview")
    window.widen(DESKTOP).press(Words.record)
    found += examine(window, "what has been written")
    for where in both_languages(window, "/cases/KHONG-CO"):
        found += examine(window, where)
    assert found == []


def rehearsal_addresses(letter: str) -> dict[str, list[str]]:
    return {
        "/rehearsal": ["/rehearsal"],
        "/rehearsal/inbox": ["/rehearsal/inbox"],
        "/rehearsal/letter": [letter],
        "/rehearsal/cases/{code}": ["/rehearsal/cases/VS-2021-0012"],
    }


def test_the_rehearsal_holds_nobody_up(desk: Desk, rehearsal: Process):
    desk.origin = rehearsal.address
    window = desk.window()
    window.open("/rehearsal")
    found = examine(window, "before a role is chosen")
    window.widen(DESKTOP).press("Ghi kết quả lúc 23:58").press("Đến 00:01")
    found += examine(window, "what just happened")
    window.widen(DESKTOP).press("Đọc thư của chủ thể")
    letter = window.path
    for addresses in rehearsal_addresses(letter).values():
        for address in addresses:
            for where in both_languages(window, address):
                found += examine(window, where)
    for address in ("/login", "/work", "/cases", "/rounds", "/cases/VS-2021-0012"):
        for where in both_languages(window, address):
            found += examine(window, where)
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
    window.page.wait_for_timeout(100)
    faults = " ".join(window.faults)
    for part in ("policy broken: script-src-elem inline", "policy broken: img-src", "policy broken: style-src-attr", "script executed: alert from a script"):
        assert part in faults, part
    assert [line for line in window.barriers() if line.startswith("label")]
    assert window.unexpected()
    window.expect("")


def test_the_tool_is_the_one_that_was_taken_in():
    lines = (VENDOR / "VENDORED.sha256").read_text("utf-8").splitlines()
    listed = dict(reversed(line.split("  ")) for line in lines if not line.startswith("#"))
    assert {path.relative_to(VENDOR).as_posix() for path in VENDOR.glob("*/*")} == set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
    assert re.search(r"# axe-core 4\.14\.1, MPL-2\.0", lines[0])
