"""One line an event, whatever is sent: nobody writes a line of their own into the log, moves a cursor with it, or makes it endless."""

import io
import json
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from api.logs import line_of
from tests.support.identity import PASSWORD, House
from tests.support.logged import logging_to

FORGED = '{"event":"request","status":200,"person":"authority-VS"}'
SIGNS = [
    "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x00", "\x1b[2J", "\x1b]0;x\x07", "\x9b31m", "\x08\x08", "\x7f",
    "\u202e", "\u2066", "\u200b", "\ufeff", "\ud800", '"', "\\", '"}\n{"event":"x"', "\\n", "%0a", "&#10;", "\t",
]  # fmt: skip


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    with logging_to() as stream:
        yield stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Every line as the event that it is."""
    text = stream.getvalue()
    assert text.isprintable() or not [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c != "\n"]
    found = [json.loads(line) for line in text.splitlines()]
    assert len(found) == text.count("\n")
    return found


def test_each_request_is_one_line_whatever_it_says(house: House, logged: io.StringIO):
    house.account("producer-P1")
    sent = 0
    for number, sign in enumerate(SIGNS):
        text = f"a{sign}{FORGED}"
        browser = house.browser(f"10.8.0.{number}")
        hidden = quote(text, safe="", errors="surrogatepass")
        plain = text.encode("ascii", "backslashreplace").decode().translate(dict.fromkeys((*range(32), 127), " "))
        browser.get(f"/api/v1/cases/{hidden}")
        browser.get(f"/api/v1/cases?q={hidden}")
        browser.get(f"/{hidden}", Accept="text/html")
        browser.get("cases", User_Agent=plain, Referer=plain, X_Request_Id=plain, Accept_Language=plain, Authorization=plain)
        browser.post("session", {"login": text.encode("utf-8", "replace").decode(), "password": PASSWORD})
        sent += 5
    requests = [each for each in lines(logged) if each["event"] == "request"]
    assert len(requests) == sent
    assert {each["person"] for each in requests} == {None}
    assert 200 not in {each["status"] for each in requests}


def test_huge_values_make_no_huge_line(house: House, logged: io.StringIO):
    browser = house.browser()
    browser.get(f"/{'a' * 30_000}")
    browser.get(f"/api/v1/cases/{'%F0%9F%98%80' * 3_000}")
    browser.get(f"cases?q={'a' * 30_000}")
    browser.get("cases", X_Request_Id="x" * 15_000, User_Agent="y" * 15_000)
    found = lines(logged)
    assert len(found) == 4
    assert {each["event"] for each in found} == {"request"}
    assert max(len(line) for line in logged.getvalue().splitlines()) < 3_000


def test_a_fault_is_one_line_with_its_trace(house: House, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"first\nsecond\u2028third\x1b[2J{FORGED}")

    browser = house.enter("officer-VS")
    monkeypatch.setattr(house.runtime.store, "case_lines", broken)
    answered = browser.get("cases")
    assert answered.status_code == 500
    faults = [each for each in lines(logged) if each["event"] == "fault"]
    assert len(faults) == 1
    assert "RuntimeError" in faults[0]["exception"]
    assert faults[0]["request"] == answered.json()["request"]


@pytest.mark.parametrize("sign", SIGNS)
def test_what_was_escaped_is_read_back_as_it_was(sign: str):
    text = line_of({"a": f"Bưởi {sign} Năm Roi"})
    assert len(text.splitlines()) == 1
    assert text.encode()
    assert json.loads(text) == {"a": f"Bưởi {sign} Năm Roi"}
    assert "Bưởi" in text, "people read it"
