"""E-mail: hands a letter to the office's mail server, over one connection for a page of letters, and tells what came back."""

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from notifications.channels.causes import Cause
from notifications.channels.cleaning import REPLY_LENGTH, one_line
from notifications.channels.mime import compose, mailbox
from notifications.channels.network import Deadline, Resolver, connect, meant, resolve
from notifications.channels.settings import EmailSettings, Security, trust
from notifications.messages import Accepted, ChannelName, Envelope, Later, Refused, Reply

REPLY_OCTETS = 64 * 1024
"""What a server may say in one reply; a longer one is no mail server's."""

GOODBYE_SECONDS = 1.0
_CHUNK = 16 * 1024
_READY, _DONE, _GO_ON, _BUSY = 220, 250, 354, 421
_LOGIN_FIRST = frozenset({530, 534, 535, 538})
_ENHANCED = re.compile(r"\b[245]\.(\d{1,3})\.(\d{1,3})\b")


class EmailChannel:
    """Sends letters through the mail server of the settings."""

    name = ChannelName.EMAIL

    def __init__(self, settings: EmailSettings, *, resolver: Resolver = resolve) -> None:
        """Read the certificates to trust.

        Args:
            settings: The mail server.
            resolver: Looks names up, once per connection.
        """
        self.settings = settings
        self.resolver = resolver
        self.context = trust("OCOP_MAIL_CA_FILE", settings.ca_file)

    def send(self, envelope: Envelope) -> Reply:
        """Hand one letter over, on a connection of its own."""
        with self.page() as page:
            return page.send(envelope)

    def page(self) -> "MailPage":
        """A connection for several letters, to be used as a context manager by one thread."""
        return MailPage(self)


class MailPage:
    """Letters that share a connection.

    A server that could not be reached, or that wants nothing from this installation, is not asked again for the rest of the page: every
    further letter gets the same answer at once.
    """

    name = ChannelName.EMAIL

    def __init__(self, channel: EmailChannel) -> None:
        """Nothing is connected before the first letter."""
        self._channel = channel
        self._client: _Client | None = None
        self._down: Later | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Say goodbye, and do not wait long for the answer."""
        if self._client is not None:
            self._client.deadline = Deadline(GOODBYE_SECONDS)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.docmd("QUIT")
            self._hang_up()

    def send(self, envelope: Envelope) -> Reply:
        """Hand one letter over, within the limit of the settings whatever the server does."""
        settings = self._channel.settings
        to = mailbox(envelope.address)
        if to is None:
            return Refused(one_line(envelope.address, REPLY_LENGTH), why=Cause.ADDRESS_MALFORMED)
        if envelope.letter is None:
            return Refused("", why=Cause.NOTHING_TO_CARRY)
        if self._down is not None:
            return self._down
        sender = settings.from_.address
        data = compose(envelope, envelope.letter, to=to, sender=settings.from_)
        deadline = Deadline(settings.seconds)
        # A server hangs up on a guest who is idle or has sent enough. Before anything of this letter was said, a new connection is asked for.
        used = self._client is not None
        reply, begun = self._once(data, sender, to, deadline)
        if used and not begun and self._client is None and self._down is None:
            reply, _ = self._once(data, sender, to, deadline)
        return reply

    def _once(self, data: bytes, sender: str, to: str, deadline: Deadline) -> tuple[Reply, bool]:
        """One try, and whether the server had taken up the letter at all."""
        try:
            client = self._ready(deadline)
        except _Unready as error:
            self._down = Later(error.words, why=error.cause)
            return self._down, False
        exchange = _Exchange(client)
        reply = exchange.hand_over(data, sender, to)
        if client.lost:
            self._hang_up()
        if deadline.passed and not isinstance(reply, Accepted):
            # Whatever became of this letter, the next one shall not wait as long for the same server.
            self._down = Later("the time limit has passed", why=Cause.TOO_SLOW)
        return reply, exchange.begun

    def _ready(self, deadline: Deadline) -> "_Client":
        """The connection, greeted, encrypted and logged in."""
        if self._client is None:
            self._client = _greeted(self._channel, deadline)
        self._client.deadline = deadline
        return self._client

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


class _Unready(Exception):
    """There is no session in which a letter could be handed over."""

    def __init__(self, cause: Cause, words: str) -> None:
        super().__init__(cause, words)
        self.cause = cause
        self.words = one_line(words, REPLY_LENGTH)


class _Lines:
    """Reads a server's lines against the deadline, and not without end."""

    def __init__(self, client: "_Client") -> None:
        self._client = client
        self._rest = b""
        self.taken = 0

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self._rest and len(self._rest) < limit:
            connection = self._client.connection
            connection.settimeout(self._client.deadline.left())
            octets = connection.recv(4096)
            self.taken += len(octets)
            if not octets:
                break
            self._rest += octets
            if self.taken > REPLY_OCTETS or (len(self._rest) >= limit and b"\n" not in self._rest):
                self._client.babbled = True
                raise OSError("the reply does not end")
        end = self._rest.find(b"\n") + 1 or len(self._rest)
        line, self._rest = self._rest[: min(end, limit)], self._rest[min(end, limit) :]
        return line

    def close(self) -> None:
        self._rest = b""


class _Client(smtplib.SMTP):
    """smtplib with one deadline for all it does, where its own time limit begins anew with every octet."""

    lost = False
    """Whether the connection is of no further use."""
    babbled = False
    """Whether the server said more than a mail server says."""

    def __init__(self, channel: EmailChannel, deadline: Deadline) -> None:
        settings = channel.settings
        # Without a name of its own smtplib would ask the network for one, for as long as that takes.
        super().__init__(local_hostname=settings.hello or settings.sender.rpartition("@")[2] or "localhost")
        self.channel = channel
        self.deadline = deadline
        self._host = settings.host

    @property
    def connection(self) -> socket.socket:
        """The socket, encrypted or not."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self.sock

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        """What smtplib connects with."""
        settings = self.channel.settings
        addresses = self.channel.resolver(host, port, self.deadline.left())
        if settings.security is Security.NONE and not settings.allow_plain:
            addresses = [address for address in addresses if meant(address).is_loopback]
            if not addresses:
                raise _Unready(Cause.TLS_FAILED, f"{host} is not this machine, and nothing leaves this machine unencrypted")
        plain = connect(addresses, port, self.deadline)
        if settings.security is not Security.TLS:
            return plain
        plain.settimeout(self.deadline.left())
        return self.channel.context.wrap_socket(plain, server_hostname=host)

    def send(self, s: Any) -> None:
        octets = s.encode("ascii") if isinstance(s, str) else bytes(s)
        for start in range(0, len(octets), _CHUNK):
            self.connection.settimeout(self.deadline.left())
            super().send(octets[start : start + _CHUNK])

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = _Lines(self)
        self.file.taken = 0
        return super().getreply()

    def spoke_first(self) -> bool:
        """Whether something came from the other side that nobody asked for, be it the end of the connection."""
        if isinstance(self.connection, ssl.SSLSocket):
            return False
        self.connection.settimeout(0)
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


@contextlib.contextmanager
def _told(client: _Client, otherwise: Cause = Cause.UNREACHABLE) -> Iterator[None]:
    """What can go wrong before a session is ready, each with its cause."""
    try:
        yield
    except (smtplib.SMTPException, OSError, ValueError) as error:
        if client.deadline.passed or isinstance(error, TimeoutError):
            raise _Unready(Cause.TOO_SLOW, "the time limit has passed") from error
        if client.babbled:
            raise _Unready(Cause.NOT_UNDERSTOOD, str(error)) from error
        if isinstance(error, ssl.SSLError):
            # The reason alone: the whole text names a line of the library's source.
            raise _Unready(Cause.TLS_FAILED, getattr(error, "verify_message", "") or error.reason or str(error)) from error
        if isinstance(error, smtplib.SMTPResponseException):
            raise _Unready(otherwise, _said(error.smtp_code, error.smtp_error)) from error
        raise _Unready(otherwise, str(error)) from error


def _greeted(channel: EmailChannel, deadline: Deadline) -> _Client:
    """A session that letters can be handed over in.

    Raises:
        _Unready: There is none.
    """
    settings = channel.settings
    client = _Client(channel, deadline)
    try:
        with _told(client):
            welcome = client.connect(settings.host, settings.to_port)
        _welcomed(*welcome)
        with _told(client, Cause.MAIL_SERVER_UNWILLING):
            client.ehlo_or_helo_if_needed()
        if settings.security is Security.STARTTLS:
            with _told(client, Cause.TLS_FAILED):
                client.connection.settimeout(deadline.left())
                client.starttls(context=channel.context)
                client.ehlo_or_helo_if_needed()
        if settings.user is not None and settings.password is not None:
            with _told(client, Cause.MAIL_LOGIN):
                client.login(settings.user, settings.password)
    except BaseException:
        client.close()
        raise
    return client


def _welcomed(code: int, text: bytes) -> None:
    if code != _READY:
        raise _Unready(Cause.MAIL_SERVER_UNWILLING if code // 100 in {4, 5} else Cause.NOT_UNDERSTOOD, _said(code, text))


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


class _Exchange:
    """One letter within a session."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._in_doubt = False
        self.begun = False
        """Whether the server had begun to judge this letter."""

    def hand_over(self, data: bytes, sender: str, to: str) -> Reply:
        """What came of it."""
        try:
            return self._talk(data, sender, to)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            self._client.lost = True
            words = one_line(str(error), REPLY_LENGTH)
            if self._in_doubt:
                return Later(words, why=Cause.IN_DOUBT, in_doubt=True)
            if self._client.deadline.passed:
                return Later("the time limit has passed", why=Cause.TOO_SLOW)
            return Later(words, why=Cause.NOT_UNDERSTOOD if self._client.babbled else Cause.UNREACHABLE)

    def _talk(self, data: bytes, sender: str, to: str) -> Reply:
        client = self._client
        size = f" SIZE={len(data)}" if client.has_extn("size") else ""
        code, text = client.docmd("MAIL", f"FROM:<{sender}>{size}")
        self.begun = code != _BUSY
        if code != _DONE:
            return self._not_taken(code, text, "mail")
        code, text = client.docmd("RCPT", f"TO:<{to}>")
        if code // 10 != _DONE // 10:
            return self._not_taken(code, text, "rcpt")
        code, text = client.docmd("DATA")
        if code != _GO_ON:
            return self._not_taken(code, text, "data")
        client.send(data.replace(b"\r\n.", b"\r\n.."))
        # A server that has hung up or answers already has not read to the end; the letter is ended only for one that listens.
        if not client.spoke_first():
            self._in_doubt = True
            client.send(b".\r\n")
        code, text = client.getreply()
        if code // 100 == _DONE // 100 and self._in_doubt:
            return Accepted(_said(code, text))
        if code // 100 in {4, 5} or not self._in_doubt:
            client.lost = client.lost or not self._in_doubt
            return self._not_taken(code, text, "data")
        client.lost = True
        return Later(_said(code, text), why=Cause.IN_DOUBT, in_doubt=True)

    def _not_taken(self, code: int, text: bytes, at: str) -> Reply:
        """A refusal in the server's words; the session is made ready for the next letter."""
        client = self._client
        if code == _BUSY or code // 100 not in {4, 5}:
            client.lost = True
        if not client.lost:
            try:
                client.lost = client.docmd("RSET")[0] != _DONE
            except (smtplib.SMTPException, OSError):
                client.lost = True
        return _judged(code, _said(code, text), at)


def _said(code: int, text: bytes | str) -> str:
    """A reply as it is kept; what began with no number is smtplib's -1."""
    return one_line(f"{code} {_text(text)}" if code >= 0 else _text(text), REPLY_LENGTH)


def _judged(code: int, words: str, at: str) -> Reply:  # noqa: PLR0911 - one line a case
    """What a reply code means (RFC 5321, 4.2; RFC 3463), for a command that failed.

    A code of 500 and above is final. Only one that says that the server does not know us (530 and the like) is about this installation's
    set-up and not about the letter.
    """
    if code // 100 == 4:  # noqa: PLR2004 - the first digit
        return Later(words, why=Cause.MAIL_DEFERRED)
    if code // 100 != 5:  # noqa: PLR2004
        return Later(words, why=Cause.NOT_UNDERSTOOD)
    if code in _LOGIN_FIRST:
        return Later(words, why=Cause.MAIL_LOGIN)
    found = _ENHANCED.search(words)
    detail = (int(found[1]), int(found[2])) if found else None
    if detail in {(3, 4), (2, 3)} or (at == "mail" and code == 552):  # noqa: PLR2004
        return Refused(words, why=Cause.MAIL_TOO_LARGE)
    if detail in {(1, 7), (1, 8)} or (at == "mail" and (detail is None or detail[0] == 1)):
        return Refused(words, why=Cause.MAIL_SENDER_REFUSED)
    if detail == (2, 2) or (detail is None and code == 552):  # noqa: PLR2004
        return Refused(words, why=Cause.MAIL_BOX_FULL)
    if (detail is not None and (detail[0] == 1 or detail == (2, 1))) or (detail is None and at == "rcpt" and code in {550, 551, 553}):
        return Refused(words, why=Cause.MAIL_NO_SUCH_ADDRESS)
    return Refused(words, why=Cause.MAIL_POLICY)
