"""A receiver of webhooks on loopback that answers as a test tells it."""

import ssl
from dataclasses import dataclass

from tests.support.serving import Action, Line, Server, act


@dataclass(frozen=True)
class Request:
    """One request as it came.

    Attributes:
        fields: Headers in order, names in lower case.
    """

    line: str
    fields: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """Headers by name."""
        return dict(self.fields)


def answering(status: str = "204 No Content", *headers: str, body: bytes = b"") -> bytes:
    """A well-formed answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]).encode() + body


class HookServer(Server):
    """Reads a request and answers; a list of answers is used up one a request, and its last one stays.

    Attributes:
        requests: What came, in order.
    """

    def __init__(self, answers: Action | list[Action] = b"", *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls=tls)
        self._answers = answers or answering()
        self.requests: list[Request] = []

    def serve(self, line: Line) -> None:
        first = line.read_line().decode("latin-1").rstrip()
        fields = []
        while text := line.read_line().decode("latin-1").strip():
            name, _, value = text.partition(":")
            fields.append((name.strip().lower(), value.strip()))
        body = line.read(int(dict(fields).get("content-length", "0")))
        self.requests.append(Request(first, tuple(fields), body))
        answer = self._answers
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        act(line, answer)
