"""An example of a gateway for SMS or Zalo: receives reminders, checks who sent them, and prints what it would send.

    python docs/examples/gateway.py --secret-file whsec.txt --port 8099

It shows everything that a real gateway has to do before the one line that sends: check the signature over the very octets that came, refuse
old messages, and take each ``webhook-id`` once, because an office sends again what it got no answer to. Where it prints, a real one calls the
operator's interface with ``template.id``, ``template.parameters`` and the phone number.
"""

import argparse
import json
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

LARGEST = 256 * 1024
REMEMBERED = 100_000
"""Ids that are kept; a real gateway keeps them in its database for longer than the three days in which an office tries again."""
KIND = "vn.ocop.duty.reminder.v1"


class Gateway:
    """What is done with a request, apart from HTTP."""

    def __init__(self, secret: str, send: Callable[[dict[str, Any]], None]) -> None:
        """Check with a secret, and hand good events to ``send``."""
        self._webhook = Webhook(secret)
        self._send = send
        self._taken: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def take(self, headers: dict[str, str], body: bytes) -> tuple[HTTPStatus, str]:
        """The answer to one request."""
        try:
            event = self._webhook.verify(body, headers)
        except (WebhookVerificationError, ValueError) as error:
            return HTTPStatus.UNAUTHORIZED, str(error)
        if not isinstance(event, dict) or event.get("type") != KIND:
            return HTTPStatus.ACCEPTED, "not for a gateway"
        number = {name.lower(): value for name, value in headers.items()}["webhook-id"]
        with self._lock:
            if number in self._taken:
                return HTTPStatus.OK, "already sent"
            self._send(event)
            self._taken[number] = None
            if len(self._taken) > REMEMBERED:
                self._taken.popitem(last=False)
        return HTTPStatus.OK, "sent"


def would_send(event: dict[str, Any]) -> str:
    """What a real gateway would hand to the operator, as lines to read."""
    data = event["data"]
    recipient = data["recipient"]
    lines = [f"to {recipient['phone'] or 'nobody: no phone number'} ({recipient['name']})"]
    if "template" in data:
        lines.append(f"  Zalo template {data['template']['id']}: {json.dumps(data['template']['parameters'], ensure_ascii=False)}")
    lines.append(f"  SMS, {len(data['short'])} characters: {data['short']}")
    # A name could hold signs that move the cursor of the terminal that this is printed to.
    return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in lines)


def handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    """HTTP around a gateway."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            size = self.headers.get("content-length", "")
            if not size.isdigit() or int(size) > LARGEST:
                self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a size is needed, and it may not be large")
                return
            self._answer(*gateway.take(dict(self.headers.items()), self.rfile.read(int(size))))

        def _answer(self, status: HTTPStatus, words: str) -> None:
            body = words.encode()
            self.send_response(status)
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def main(given: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--secret-file", type=Path, required=True, help="file with the same whsec_… that the office has")
    parser.add_argument("--port", type=int, default=8099, help="0 for any free one")
    options = parser.parse_args(given)

    def show(event: dict[str, Any]) -> None:
        sys.stdout.write(would_send(event) + "\n")
        sys.stdout.flush()

    gateway = Gateway(options.secret_file.read_text("utf-8").strip(), show)
    with ThreadingHTTPServer(("127.0.0.1", options.port), handler(gateway)) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}/\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
