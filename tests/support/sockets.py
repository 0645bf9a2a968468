"""What comes back on a bare connection, however many pieces the network makes of it."""

import socket
from http.client import HTTPResponse

GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
"""What a server says that is ready for the body of a request which asked with `Expect: 100-continue`."""


def answered(connection: socket.socket) -> tuple[int, bytes]:
    """The status and the whole body of the next answer: one call of `recv` promises neither."""
    with HTTPResponse(connection) as answer:
        answer.begin()
        return answer.status, answer.read()


def until_closed(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    parts = b""
    try:
        while part := connection.recv(65_536):
            parts += part
    except ConnectionError:
        pass
    return parts
