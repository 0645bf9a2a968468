"""Another site on this machine, whose pages make the visitor's browser ask ours for things."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KINDS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""In which a form can be sent without a script."""
_PAGE = b"<!doctype html><meta charset=utf-8><title>elsewhere</title><link rel=icon href=data:,><h1>elsewhere</h1>"

ASK = """async ({targets, redirect}) => {
  const kinds = ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"];
  const asked = [];
  const ask = (url, given) => asked.push(fetch(url, {credentials: "include", ...given}).then((a) => `${a.type} ${a.status}`, () => "failed"));
  for (const {method, url, form, json} of targets) {
    if (method === "POST") {
      for (const kind of kinds) {
        const multipart = Object.entries(form).map(([k, v]) => `--x\\r\\nContent-Disposition: form-data; name="${k}"\\r\\n\\r\\n${v}\\r\\n`).join("");
        const body = kind === kinds[0] ? new URLSearchParams(form).toString() : kind === kinds[1] ? JSON.stringify(json) : multipart + "--x--";
        ask(url, {method, mode: "no-cors", headers: {"Content-Type": kind}, body});
      }
      ask(redirect + encodeURIComponent(url), {method, mode: "no-cors", headers: {"Content-Type": kinds[0]}, body: new URLSearchParams(form).toString()});
      navigator.sendBeacon(url, new URLSearchParams(form));
    }
    ask(url, {method, mode: "cors", headers: {"Content-Type": "application/json", "Idempotency-Key": "elsewhere-0001", "If-Match": '"1"'}, body: JSON.stringify(json)});
    await new Promise((done) => { const image = new Image(); image.onload = image.onerror = done; image.src = url; });
    if (asked.length > 20) await Promise.all(asked);
  }
  return Promise.all(asked);
}"""
"""A script of the other site: every way in which a page may ask, for each target; tells what it may see of the answers."""

SEND = """({url, kind, form}) => {
  const made = Object.assign(document.createElement("form"), {method: "post", action: url, enctype: kind});
  for (const [name, value] of Object.entries(form)) made.append(Object.assign(document.createElement("input"), {name, value}));
  document.body.append(made);
  made.submit();
}"""
"""A script that sends a whole form, so that the browser goes there."""


class _Pages(BaseHTTPRequestHandler):
    """Any page, redirects that keep method and body, and a cookie that is ours but for its protection."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._answer()

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/redirect":
            self.send_response(307)
            self.send_header("Location", parse_qs(parts.query)["to"][0])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        if parts.path == "/plant":
            # Cookies know no ports: under the same host, this site can give the browser our session, for other sites to use.
            id_ = parse_qs(parts.query)["id"][0]
            self.send_header("Set-Cookie", f"ocop={id_}; Path=/; HttpOnly; Secure; SameSite=None")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is told."""


@contextmanager
def other_site() -> Iterator[int]:
    """The site, on a port of its own: under ``localhost`` another site than 127.0.0.1, under 127.0.0.1 another origin of the same site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def target(method: str, url: str, form: dict[str, str]) -> dict[str, Any]:
    """One thing to be asked for."""
    return {"method": method, "url": url, "form": form, "json": json.loads(json.dumps(form))}
