"""Reads pages as a browser without scripts would: text, links, forms with what is filled in, and sends a form as it stands."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from tests.support.identity import Browser

HTML = "text/html,application/xhtml+xml"
_VOID = {"input", "br", "meta", "link", "hr", "img", "path", "rect"}


@dataclass
class Form:
    """A form: where it goes, what is filled in, which fields it has, and its buttons."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """One page, read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.texts: list[str] = []
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, list[str]] = {}
        self._area: tuple[str, list[str]] | None = None
        self._select: str | None = None
        self._within: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "section":
            self._within.append((tag, found.get("id") or found.get("aria-labelledby") or ""))
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        if tag == "form":
            self.forms.append(Form(found.get("action") or "", (found.get("method") or "get").lower()))
        self._field(tag, found)

    def _field(self, tag: str, found: dict[str, str | None]) -> None:
        name = found.get("name")
        form = self.forms[-1] if self.forms else None
        if form is None or tag not in {"input", "select", "textarea", "button", "option"}:
            return
        if tag == "option":
            if self._select and "selected" in found:
                form.values.append((self._select, found.get("value") or ""))
            return
        if name is None:
            return
        if tag == "button":
            form.buttons.append((name, found.get("value") or ""))
            return
        form.names.append(name)
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area = (name, [])
        elif found.get("type") not in {"checkbox", "radio"} or "checked" in found:
            form.values.append((name, found.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            self.forms[-1].values.append((self._area[0], "".join(self._area[1])))
            self._area = None
        if tag == "select":
            self._select = None
        if tag == "section" and self._within:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)
        if data.strip():
            self.texts.append(" ".join(data.split()))
            if self._within:
                self.sections.setdefault(self._within[-1][1], []).append(" ".join(data.split()))

    @property
    def text(self) -> str:
        """All of its text."""
        return " ".join(self.texts)

    def section(self, name: str) -> str:
        """The text of a section by its id or its heading's."""
        return " ".join(self.sections.get(name, []))

    def form(self, action: str) -> Form:
        """The form that goes somewhere."""
        return next(form for form in self.forms if form.action == action)


def look(browser: Browser, path: str, status: int = 200) -> Page:
    """Open a page, following on where it leads."""
    answered = browser.get(path, Accept=HTML)
    for _ in range(4):
        if answered.status_code != 303:
            break
        answered = browser.get(answered.headers["location"], Accept=HTML)
    assert answered.status_code == status, (path, answered.status_code, answered.text[:500])
    return Page(answered.text)


def send(browser: Browser, form: Form, given: dict[str, Any] | None = None, button: tuple[str, str] | None = None) -> Any:
    """Send a form as it stands, with some fields filled in otherwise, by a button; the answer itself."""
    given = {name: value if isinstance(value, list) else [value] for name, value in (given or {}).items()}
    pairs = [(name, value) for name, value in form.values if name not in given]
    pairs += [(name, str(value)) for name, values in given.items() for value in values]
    pairs += [button] if button else []
    headers = {
        "Accept": HTML,
        "Content-Type": "application/x-www-form-urlencoded",
        **({"Origin": browser.origin} if browser.origin else {}),
    }
    return browser.client.request(form.method.upper(), form.action, content=urlencode(pairs), headers=headers)
