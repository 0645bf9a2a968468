"""Browser windows as people use them: places by their address, buttons and fields by the words that stand on them.

Whatever a page says is named here once, so that another wording is one line. A window notes what no page of ours may do: break the policy
that it was sent with, ask another origin, run somebody else's script, or fail in a script of its own.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request

ARGUMENTS = (
    # As root there is no sandbox; and nothing but this machine is ever asked.
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)
_AXE = Path(__file__).parents[1] / "browser" / "vendor" / "axe-core-4.14.1" / "axe.min.js"
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
DESKTOP, PHONE = (1280, 900), (390, 844)
_TIMEOUT = 120_000
BROKEN, EXECUTED = "policy broken:", "script executed:"
_WATCH = f"""
document.addEventListener("securitypolicyviolation", (e) => console.log("{BROKEN}", e.violatedDirective, e.blockedURI, e.sourceFile));
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = (...given) => {{ console.log("{EXECUTED}", name, ...given); }};
"""


@cache
def _axe() -> str:
    return _AXE.read_text(encoding="utf-8")


class Words:
    """What stands on buttons, fields and headings, Vietnamese and English."""

    login, password, enter = "Tên đăng nhập", "Mật khẩu", "Đăng nhập"
    leave = "Đăng xuất"
    code, go_on, keep = "Mã 6 số trên ứng dụng xác thực", "Tiếp tục", "Xác nhận"
    token, new_password, again, choose = "Mã trên phiếu hoặc trong đường dẫn", "Mật khẩu mới", "Nhập lại mật khẩu mới", "Đặt mật khẩu"
    work, rounds, cases, rehearsal = "Việc cần xử lý", "Tiến độ đợt đánh giá", "Hồ sơ", "Chạy thử – tập huấn"
    record, preview = "Ghi vào hồ sơ", "Kiểm tra trước"
    english, vietnamese = "English", "Tiếng Việt"
    search, filter = "Tìm sản phẩm, chủ thể, mã hồ sơ", "Lọc"


@contextmanager
def driven(program: Path) -> Iterator[Browser]:
    """A browser of this run's own."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - where it is not installed these tests are left out, in words

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(program), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Window:
    """A window of a browser, with cookies of its own unless it shares another's.

    Attributes:
        origin: Where the pages are; whatever else is asked is noted.
        faults: What no page may do.
        expected: Parts of faults that a test brings about on purpose.
    """

    page: Page
    origin: str
    faults: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    status: int = 0
    asked: list[str] = field(default_factory=list)

    # Looking.
    def open(self, path: str) -> Window:
        """Go to a page; ``status`` says how it was answered."""
        answered = self.page.goto(f"{self.origin}{path}", wait_until="load")
        self.status = answered.status if answered is not None else 0
        return self

    @property
    def path(self) -> str:
        """Where the window is."""
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def text(self) -> str:
        """What the page says, in one line."""
        return " ".join(self.page.locator("body").inner_text().split())

    @property
    def heading(self) -> str:
        """Its first heading."""
        return " ".join(self.page.locator("h1").first.inner_text().split())

    def shows(self, words: str, *, within: str = "body") -> None:
        """Wait until some words can be seen, or fail."""
        self.page.locator(within).get_by_text(words).first.wait_for(state="visible")

    def at(self, path: str) -> Window:
        """Wait until the window is at an address, or fail."""
        self.page.wait_for_url(re.compile(rf"^{re.escape(self.origin + path)}([?#].*)?$"))
        return self

    def barriers(self) -> list[str]:
        """What keeps people out by WCAG 2.1 A and AA, as far as axe-core sees it, in everything that the page can unfold."""
        self.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(_axe())
        found = self.page.evaluate(
            "(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", list(_RULES)
        )
        return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found["violations"] for node in each["nodes"]]

    def overflow(self) -> list[str]:
        """What makes the page wider than the window, if anything does."""
        return list(
            self.page.evaluate(
                """() => {
                  const wide = document.documentElement.clientWidth;
                  if (document.documentElement.scrollWidth <= wide) return [];
                  const out = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > wide + 1);
                  return [`${document.documentElement.scrollWidth} > ${wide}`, ...out.slice(0, 8).map((e) => e.outerHTML.slice(0, 160))];
                }"""
            )
        )

    def examined(self, where: str = "") -> list[str]:
        """What is wrong with the page as it stands, on a desk and on a phone."""
        where = where or self.path
        found = [f"{where}: {fault}" for fault in self.widen(DESKTOP).barriers()]
        found += [f"{where} (phone): {fault}" for fault in self.widen(PHONE).barriers()]
        found += [f"{where} is wider than a phone: {fault}" for fault in self.overflow()]
        self.widen(DESKTOP)
        return found

    def speak(self, language: str) -> Window:
        """Choose the language of the pages to come."""
        self.page.context.add_cookies([{"name": "ocop_language", "value": language, "url": self.origin}])
        return self

    def widen(self, size: tuple[int, int]) -> Window:
        """Make the window another size."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        return self

    # Doing.
    def button(self, name: str, *, within: str = "body") -> Locator:
        """A button by its words."""
        return self.page.locator(within).get_by_role("button", name=name, exact=True).first

    def press(self, name: str, *, within: str = "body") -> Window:
        """Press a button, and wait for what it leads to."""
        self.button(name, within=within).click()
        self.page.wait_for_load_state("load")
        return self

    def follow(self, name: str, *, within: str = "body") -> Window:
        """Follow a link by its words."""
        self.page.locator(within).get_by_role("link", name=name).first.click()
        self.page.wait_for_load_state("load")
        return self

    def fill(self, label: str, value: str) -> Window:
        """Fill in the field with a label."""
        self.page.get_by_label(label, exact=True).first.fill(value)
        return self

    def give(self, **fields: str) -> Window:
        """Fill in fields by their names, whatever kind they are."""
        for name, value in fields.items():
            control = self.page.locator(f'[name="f.{name}"], [name="{name}"]')
            kind = control.first.evaluate("e => e.type")
            if kind in {"checkbox", "radio"}:
                self.page.locator(f'[name="f.{name}"][value="{value}"]').check()
            elif kind.startswith("select"):
                control.first.select_option(value)
            else:
                control.first.fill(value)
        return self

    def value(self, name: str) -> str:
        """What stands in a field."""
        return str(self.page.locator(f'[name="f.{name}"], [name="{name}"]').first.input_value())

    # Ways through the pages.
    def sign_in(self, login: str, password: str, path: str = "/login") -> Window:
        """Give a name and a password."""
        return self.open(path).fill(Words.login, login).fill(Words.password, password).press(Words.enter, within="main")

    def choose_password(self, password: str, again: str | None = None) -> Window:
        """Choose a password on the page of a one-time link."""
        return self.fill(Words.new_password, password).fill(Words.again, again or password).press(Words.choose, within="main")

    @property
    def account(self) -> Locator:
        """What unfolds what belongs to whoever is signed in."""
        return self.page.locator("header .account summary")

    def sign_out(self, name: str = Words.leave) -> Window:
        """Leave."""
        self.account.click()
        return self.press(name)

    def play(self, person: str) -> Window:
        """In a rehearsal, choose somebody's role."""
        button = self.open("/login").page.locator(f'button[name="person"][value="{person}"]')
        bench = self.page.locator("main details").filter(has=button)
        if bench.get_attribute("open") is None:
            bench.locator("summary").click()
        button.click()
        return self.at("/work")

    def show_code(self, code: str, button: str = Words.go_on) -> Window:
        """Give the second factor."""
        return self.fill(Words.code, code).press(button)

    def act(self, case: str, event: str, **fields: str) -> Window:
        """Open the form of an event, fill it in, and send it."""
        return self.form(case, event).give(**fields).press(Words.record)

    def form(self, case: str, event: str) -> Window:
        """Open the form of an event."""
        return self.open(f"/cases/{case}/actions/{event}")

    def state(self) -> str:
        """The state that the page of a case shows."""
        return " ".join(self.page.locator(".badge-state").first.inner_text().split())

    def become(self, id_: str) -> Window:
        """Go on in a session that was begun elsewhere."""
        self.page.context.add_cookies([{"name": "ocop", "value": id_, "url": self.origin, "httpOnly": True, "sameSite": "Lax"}])
        return self

    def tab_to(self, wanted: Locator, most: int = 80) -> Window:
        """Press Tab until something has the focus, as people without a mouse do; fail if it never gets it."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if wanted.evaluate("e => e === document.activeElement"):
                return self
        raise AssertionError(f"Tab does not lead to {wanted}")

    def enter(self) -> Window:
        """Press Enter, and wait for what it leads to."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.keyboard.press("Enter")
        return self

    # What no page may do.
    def unexpected(self) -> list[str]:
        """Faults that no test has asked for."""
        return [fault for fault in self.faults if not any(part in fault for part in self.expected)]

    def expect(self, *parts: str) -> Window:
        """Something of the kind is brought about on purpose."""
        self.expected += parts
        return self


@dataclass
class Desk:
    """Opens windows, and looks after them at the end.

    Attributes:
        origin: Where windows are at home unless told otherwise.
    """

    browser: Browser
    origin: str = ""
    windows: list[Window] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def window(self, *, beside: Window | None = None, size: tuple[int, int] = DESKTOP, origin: str = "", scripts: bool = True) -> Window:
        """A new window: with cookies of its own, or beside another one with the same."""
        if beside is not None:
            context = beside.page.context
        else:
            width, height = size
            context = self.browser.new_context(
                viewport={"width": width, "height": height}, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", java_script_enabled=scripts
            )
            context.set_default_timeout(_TIMEOUT)
            context.add_init_script(_WATCH)
            self.contexts.append(context)
        made = Window(context.new_page(), origin or (beside.origin if beside else self.origin))
        self.windows.append(made)
        _watch(made)
        return made

    def close(self) -> None:
        """Close every window."""
        for context in self.contexts:
            context.close()

    def faults(self) -> list[str]:
        """What pages did that they may not do."""
        return [fault for window in self.windows for fault in window.unexpected()]

    def pictures(self, folder: Path, name: str) -> list[Path]:
        """Take a picture of every window that is open."""
        taken = []
        for number, window in enumerate(self.windows, 1):
            if not window.page.is_closed():
                path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)[:120]}-{number}.png"
                folder.mkdir(parents=True, exist_ok=True)
                try:
                    window.page.screenshot(path=str(path), full_page=True, timeout=_TIMEOUT)
                except Exception as error:  # noqa: BLE001 - a picture that cannot be taken must not hide why the test failed
                    path.with_suffix(".txt").write_text(f"{window.page.url}\n{error}\n", encoding="utf-8")
                    path = path.with_suffix(".txt")
                taken.append(path)
        return taken


def _watch(window: Window) -> None:
    page = window.page

    def said(message: Any) -> None:
        text = message.text
        if message.type == "error" or text.startswith((BROKEN, EXECUTED)) or "Content Security Policy" in text:
            window.faults.append(f"{page.url}: {text} ({message.location['url']})")

    def asked(request: Request) -> None:
        window.asked.append(request.url)
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != window.origin and parts.scheme not in {"data", "about", "blob"}:
            window.faults.append(f"{page.url}: asked {request.url}")

    page.on("console", said)
    page.on("request", asked)
    page.on("pageerror", lambda error: window.faults.append(f"{page.url}: {error}"))
