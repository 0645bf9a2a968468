"""Servers of our own on loopback, one thread each, that do what a test tells them, however badly a server could behave."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


class Gone(Exception):
    """The other side has hung up, or the test is over."""


class Line:
    """One connection, as the server holds it."""

    def __init__(self, connection: socket.socket, over: threading.Event) -> None:
        self.connection = connection
        self.over = over
        self._rest = b""

    def read_line(self) -> bytes:
        """The next line with its end."""
        while b"\n" not in self._rest:
            self._rest += self._more()
        line, _, self._rest = self._rest.partition(b"\n")
        return line + b"\n"

    def read(self, octets: int) -> bytes:
        """So many octets."""
        while len(self._rest) < octets:
            self._rest += self._more()
        taken, self._rest = self._rest[:octets], self._rest[octets:]
        return taken

    def _more(self) -> bytes:
        try:
            octets = self.connection.recv(65536)
        except OSError as error:
            raise Gone from error
        if not octets:
            raise Gone
        return octets

    def say(self, octets: bytes) -> None:
        """Send."""
        try:
            self.connection.sendall(octets)
        except OSError as error:
            raise Gone from error

    def rest(self, seconds: float) -> None:
        """Wait, but not beyond the test."""
        if self.over.wait(seconds):
            raise Gone


@dataclass(frozen=True)
class Trickle:
    """Says it an octet at a time."""

    octets: bytes
    pause: float = 0.02

    def __call__(self, line: Line) -> None:
        for octet in self.octets:
            line.say(bytes([octet]))
            line.rest(self.pause)


@dataclass(frozen=True)
class Flood:
    """Says the same for as long as anybody listens; counts what was sent."""

    octets: bytes
    begin: bytes = b""
    most: int = 10**10
    sent: list[int] = field(default_factory=list)

    def __call__(self, line: Line) -> None:
        line.say(self.begin)
        self.sent.append(0)
        while self.sent[-1] < self.most:
            line.say(self.octets)
            self.sent[-1] += len(self.octets)


def silence(line: Line) -> None:
    """Holds the line and says nothing."""
    line.rest(60)


def cut(line: Line) -> None:
    """Hangs up, hard: the other side reads a reset."""
    line.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.connection.close()
    raise Gone


def hang_up(line: Line) -> None:
    """Hangs up politely."""
    line.connection.shutdown(socket.SHUT_RDWR)
    raise Gone


Action = bytes | Callable[[Line], None]


def act(line: Line, action: Action) -> None:
    """Say it or do it."""
    if isinstance(action, bytes):
        line.say(action)
    else:
        action(line)


class Server:
    """Listens on 127.0.0.1 and hands each connection to :meth:`serve`, in a thread of its own.

    Attributes:
        connections: How many there were.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, buffer: int = 0) -> None:
        self._tls = tls
        self._listener = socket.socket()
        if buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(16)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._threads.append(threading.Thread(target=self._listen, daemon=True))
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Hang up on everybody and wait for the threads, so that what they recorded is complete."""
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                connection.close()
        for thread in self._threads:
            thread.join(5)

    def serve(self, line: Line) -> None:
        """Talk with one guest."""
        raise NotImplementedError

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._hold, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _hold(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(60)
        self._open.add(connection)
        try:
            if self._tls is not None:
                self._open.discard(connection)
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.add(connection)
            line = Line(connection, self._over)
            try:
                self.serve(line)
            finally:
                # Encryption may have put another socket in the place of the first.
                line.connection.close()
        except (Gone, OSError):
            pass
        finally:
            self._open.discard(connection)
            connection.close()


PLAIN = {
    "greeting": b"220 mail.example ready\r\n",
    "helo": b"250 mail.example\r\n",
    "starttls": b"220 go ahead\r\n",
    "auth": b"235 welcome\r\n",
    "mail": b"250 2.1.0 ok\r\n",
    "rcpt": b"250 2.1.5 ok\r\n",
    "data": b"354 go on\r\n",
    "dot": b"250 2.0.0 taken as 1234\r\n",
    "rset": b"250 ok\r\n",
    "quit": b"221 bye\r\n",
}
"""What a mail server says that behaves."""


@dataclass
class _Guest:
    encrypted: bool
    sender: str = ""
    recipient: str = ""
    writing: bool = False
    gone: bool = False


class MailServer(Server):
    """A mail server that behaves, but for the steps that ``script`` names.

    Args:
        script: By step (greeting, ehlo, starttls, auth, helo, mail, rcpt, data, dot, rset, quit): what is said or done instead. A list is used
            up one action a time, and its last one stays.
        starttls: Certificate for STARTTLS.
        login: What is offered after AUTH; any login is good unless ``script`` says otherwise.

    Attributes:
        letters: (sender, recipient, data without dot stuffing) of each that was acknowledged or could have been.
        said: Lines that the guests said, without what letters consist of.
    """

    def __init__(
        self,
        script: dict[str, Action | list[Action]] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        login: str = "",
        buffer: int = 0,
    ) -> None:
        super().__init__(tls=tls, buffer=buffer)
        self._script = script or {}
        self._starttls = starttls
        self._login = login
        self.letters: list[tuple[str, str, bytes]] = []
        self.said: list[str] = []

    def _step(self, line: Line, step: str, otherwise: bytes = b"") -> bool | None:
        """Do what the script says at a step; whether the guest was told yes, or None where the answer is neither yes nor no."""
        planned = self._script.get(step, otherwise or PLAIN[step])
        if isinstance(planned, list):
            planned = planned.pop(0) if len(planned) > 1 else planned[0]
        act(line, planned)
        told = planned.octets if isinstance(planned, Trickle) else planned if isinstance(planned, bytes) else b""
        return {b"2": True, b"3": True, b"4": False, b"5": False}.get(told[:1])

    def serve(self, line: Line) -> None:
        self._step(line, "greeting")
        guest = _Guest(encrypted=self._tls is not None)
        while not guest.gone:
            text = line.read_line().decode("latin-1").rstrip("\r\n")
            self.said.append(text)
            verb, _, rest = text.partition(" ")
            known = getattr(self, f"on_{verb.lower()}", None) if verb.isalpha() else None
            if known is None:
                line.say(b"500 5.5.1 what?\r\n")
            else:
                known(line, guest, rest)

    def on_ehlo(self, line: Line, guest: "_Guest", _rest: str) -> None:
        extensions = ["mail.example", "SIZE 10000000"]
        if self._starttls is not None and not guest.encrypted:
            extensions.append("STARTTLS")
        if self._login:
            extensions.append(f"AUTH {self._login}")
        lines = [f"250{'-' if number < len(extensions) else ' '}{word}" for number, word in enumerate(extensions, 1)]
        self._step(line, "ehlo", "".join(f"{each}\r\n" for each in lines).encode())

    def on_helo(self, line: Line, _guest: "_Guest", _rest: str) -> None:
        self._step(line, "helo")

    def on_starttls(self, line: Line, guest: "_Guest", _rest: str) -> None:
        if self._starttls is None:
            line.say(b"502 5.5.1 no\r\n")
        elif self._step(line, "starttls"):
            line.connection = self._starttls.wrap_socket(line.connection, server_side=True)
            guest.encrypted = True

    def on_auth(self, line: Line, _guest: "_Guest", _rest: str) -> None:
        self._step(line, "auth")

    def on_mail(self, line: Line, guest: "_Guest", rest: str) -> None:
        if guest.writing:
            line.say(b"503 5.5.1 one letter at a time\r\n")
            return
        guest.writing = self._step(line, "mail") is True
        guest.sender = rest.partition("<")[2].partition(">")[0]

    def on_rcpt(self, line: Line, guest: "_Guest", rest: str) -> None:
        guest.recipient = rest.partition("<")[2].partition(">")[0] if self._step(line, "rcpt") else ""

    def on_data(self, line: Line, guest: "_Guest", _rest: str) -> None:
        if self._step(line, "data"):
            self.letters.append((guest.sender, guest.recipient, self._letter(line)))
            guest.writing = False
            if self._step(line, "dot") is False:
                self.letters.pop()

    def on_rset(self, line: Line, guest: "_Guest", _rest: str) -> None:
        guest.writing = False
        self._step(line, "rset")

    def on_quit(self, line: Line, guest: "_Guest", _rest: str) -> None:
        self._step(line, "quit")
        guest.gone = True

    @staticmethod
    def _letter(line: Line) -> bytes:
        lines = []
        while (each := line.read_line()) != b".\r\n":
            lines.append(each.removeprefix(b".") if each.startswith(b"..") else each)
        return b"".join(lines)
