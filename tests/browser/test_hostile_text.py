"""Texts that want to be scripts, through every name, reason, search and error text: none is executed, not even where no policy would stop it."""

import unicodedata
import urllib.parse
from collections.abc import Iterable
from typing import Any

import httpx2
import pytest

from tests.support.browsing import EXECUTED, Desk, Window
from tests.support.hostile import texts
from tests.support.installation import Before, Installation
from states.vocabulary import ProducerKind
from tests.support.world import START_OF_TIME
from workflow.rows import AppointmentRow, PersonRow, ProducerRow, ProductRow

TEXTS = texts()
OFFICER = "officer-VS"
HTML = {"Accept": "text/html"}

LAY_OUT = """(documents) => Promise.all(documents.map((text) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.onload = () => setTimeout(() => {
    const own = (e) => e.tagName === "SCRIPT" && (e.getAttribute("src") || "").startsWith("/static/");
    const acts = (a) => (/^(on|hx-on|x-)/i.test(a.name) && a.value.includes("alert")) ||
      (/^(href|src|action|formaction|data|xlink:href)$/i.test(a.name) && /^\\s*(java|vb)\\s*script:/i.test(a.value));
    const planted = [...frame.contentDocument.querySelectorAll("*")].filter((e) =>
      [...e.attributes].some(acts) || (/^(SCRIPT|IFRAME|OBJECT|EMBED|BASE|MARQUEE|MATH)$/i.test(e.tagName) && !own(e)));
    done(planted.map((e) => e.outerHTML.slice(0, 200)));
    frame.remove();
  }, 20);
  frame.srcdoc = text;
  document.body.append(frame);
}))).then((all) => all.flat())"""
"""Lays documents into an empty page, which has no policy, and tells which elements in them are nobody's but a text's."""


def fill(before: Before) -> dict[str, Any]:
    """A producer, a person, a product, an idea and a withdrawal for every text, under its name and with it as their words."""
    world = before.world
    # Names enter in composed form, whoever brings them.
    names = [unicodedata.normalize("NFC", text) for text in TEXTS]
    codes = [f"Q{number}" for number in range(1, len(TEXTS) + 1)]
    world.store.save_registry(
        people=[PersonRow(code=f"producer-{code}", name=text, email=None, phone=None) for code, text in zip(codes, names, strict=True)],
        appointments=[
            AppointmentRow(
                person=f"producer-{code}", function="producer", level="commune", unit="X1", producer=code, valid_from=START_OF_TIME, valid_to=None
            )
            for code in codes
        ],
        producers=[ProducerRow(code=code, name=text, kind=ProducerKind.COOPERATIVE, unit="X1") for code, text in zip(codes, names, strict=True)],
        products=[ProductRow(code=f"{c}-01", name=t, group="food", producer=c, unit="X1") for c, t in zip(codes, names, strict=True)],
    )  # fmt: skip
    cases = []
    for code, text in zip(codes, names, strict=True):
        said = "".join(c for c in text if c.isprintable() or c in "\n\t") or "–"
        cases.append(world.registered(f"{code}-01", description=said))
        if len(cases) % 2:
            world.act(cases[-1], "withdraw", reason=said)
    before.session(OFFICER)
    return {"cases": cases}


@pytest.fixture
def window(desk: Desk, house: Installation) -> Window:
    desk.origin = house.address
    return desk.window()


@pytest.fixture(scope="module")
def reader(house: Installation) -> Any:
    with httpx2.Client(base_url=house.address, cookies={"ocop": house.cookies[OFFICER]}, headers=HTML, timeout=30) as client:
        yield client


def fetched(reader: httpx2.Client, addresses: Iterable[str], *statuses: int) -> list[str]:
    found = []
    for address in addresses:
        answered = reader.get(address)
        assert answered.status_code in statuses, (address, answered.status_code)
        assert answered.headers["content-type"].startswith("text/html")
        found.append(answered.text)
    return found


def lay_out(window: Window, documents: list[str]) -> list[str]:
    """Elements that a text has made, in an empty page without a policy."""
    window.page.goto("about:blank")
    # What the documents would load of ours is not there; only what they execute counts.
    window.expect("asked", "ERR_", "about:")
    found: list[str] = []
    for start in range(0, len(documents), 60):
        found += window.page.evaluate(LAY_OUT, documents[start : start + 60])
    return found


def executed(window: Window) -> list[str]:
    return [fault for fault in window.faults if EXECUTED in fault]


def test_there_are_enough_texts_and_they_would_be_executed(desk: Desk):
    assert len(set(TEXTS)) == len(TEXTS) >= 150
    window = desk.window().expect("")
    planted = lay_out(window, [f"<!doctype html><body><p title=\"x\">{text}</p>" for text in TEXTS])
    assert len(executed(window)) >= 60, "the trap closes"
    assert len(planted) >= 100


def test_names_and_reasons_are_words_and_nothing_else(window: Window, house: Installation, reader: httpx2.Client):
    cases = fetched(reader, (f"/cases/{case}" for case in house.notes["cases"]), 200)
    assert sum("alert(" in page for page in cases) > 150, "they are there"
    forms = fetched(reader, (f"/cases/{case}/actions/withdraw" for case in house.notes["cases"][1::6]), 200)
    assert lay_out(window, cases + forms) == []
    assert executed(window) == []


def test_searches_and_errors_say_what_was_asked_and_nothing_else(window: Window, reader: httpx2.Client):
    asked = [urllib.parse.quote(text, safe="") for text in TEXTS]
    pages = fetched(reader, (f"/cases?q={text}" for text in asked), 200, 422)
    pages += fetched(reader, (f"/cases?state={text}" for text in asked[::3]), 422, 404)
    pages += fetched(reader, (f"/rounds/{text}" for text in asked), 404)
    pages += fetched(reader, (f"/login?next={text}" for text in asked[1::3]), 200)
    assert sum("alert(" in page for page in pages) > 300, "they are there"
    assert lay_out(window, pages) == []
    assert executed(window) == []


def test_what_is_typed_into_a_form_comes_back_as_words(window: Window, house: Installation, reader: httpx2.Client):
    case, pages = house.notes["cases"][1], []
    token = reader.get(f"/cases/{case}/actions/withdraw").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    for text in TEXTS:
        form = {"csrf_token": token, "version": "99", "seen": "1", "key": "a-key-0123456789", "do": "act", "reason": text, "acted_on": text}
        answered = reader.post(f"/cases/{case}/actions/withdraw", data=form)
        assert answered.status_code in {412, 422}, answered.text
        pages.append(answered.text)
    for text in TEXTS[::12]:
        failed = httpx2.post(f"{house.address}/login", data={"login": text, "password": text}, headers=HTML, timeout=30)
        assert failed.status_code in {401, 422, 429}
        pages.append(failed.text)
    assert lay_out(window, pages) == []
    assert executed(window) == []


def test_live_pages_execute_none_and_break_no_policy(window: Window, house: Installation):
    window.expect("404 (", "422 (").become(house.cookies[OFFICER]).open("/cases")
    seen = 0
    while True:
        seen += window.page.locator("h3 a[href^='/cases/']").count()
        onward = window.page.get_by_role("link", name="Trang sau")
        if not onward.count():
            break
        onward.first.click()
        window.page.wait_for_load_state("load")
    assert seen == len(TEXTS)
    for case in house.notes["cases"][::12]:
        window.open(f"/cases/{case}")
    for text in TEXTS[::12]:
        asked = urllib.parse.quote(text, safe="")
        window.open(f"/cases/{asked}").open(f"/work?q={asked}")
    assert executed(window) == []
