"""A net between service and PostgreSQL that can be cut at the commit: before the server sees it, or after it has carried it out."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from typing import Literal
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

When = Literal["before", "after"]


class Net:
    """Passes bytes on, until it is told to cut.

    Attributes:
        cuts: How often it was cut.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        query = parse_qs(parts.query)
        self._folder = query.get("host", [None])[0]
        self._port = int(query.get("port", [str(parts.port or 5432)])[0])
        self._host = parts.hostname or "127.0.0.1"
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        user = parts.netloc.rpartition("@")[0]
        self.address = urlunsplit(("postgresql", f"{user}@127.0.0.1:{port}", quote(parts.path), "sslmode=disable&gssencmode=disable", ""))
        self.cuts = 0
        self._when: When | None = None
        self._mark = b""
        self._left = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, when: When, mark: bytes, times: int = 1) -> None:
        """Cut the connection that sends ``mark`` next."""
        self._when, self._mark, self._left = when, mark, times

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _server(self) -> socket.socket:
        if self._folder is not None:
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{self._folder}/.s.PGSQL.{self._port}")
            return server
        return socket.create_connection((self._host, self._port))

    def _pass(self, client: socket.socket) -> None:
        server = self._server()
        doomed = False
        with client, server, contextlib.suppress(OSError):
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data or (doomed and ready is server):
                        # The server has answered, so it is done; nobody will hear of it.
                        return
                    if ready is client and self._left and self._mark in data:
                        self._left -= 1
                        self.cuts += 1
                        if self._when == "before":
                            return
                        doomed = True
                    (server if ready is client else client).sendall(data)


@contextlib.contextmanager
def net_to(address: str) -> Iterator[Net]:
    """A net to a server."""
    net = Net(address)
    try:
        yield net
    finally:
        net.close()
