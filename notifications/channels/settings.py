"""How each channel is set up: plain values that say in words what is wrong with them, at the start and not at the first message."""

import base64
import binascii
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from notifications.channels.cleaning import one_line
from notifications.channels.mime import Sender, mailbox
from notifications.channels.network import Network, networks
from notifications.messages import MessageKind
from states.errors import MalformedInput

SECONDS = 45.0
"""What a channel may take for one envelope. A worker's lease on a delivery is at least twice as long."""

SECRET_BYTES = (24, 64)
"""Least and most bytes of a signing secret (Standard Webhooks)."""

_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|[0-9A-Fa-f:.]{2,45}")
_URL_LENGTH = 2000
_LAST_PORT = 65535


class Security(StrEnum):
    """How a connection to a mail server is protected."""

    NONE = "none"
    """Not at all: for a mail server on this very machine."""
    STARTTLS = "starttls"
    """Encrypted after the greeting, or nothing is sent; port 587."""
    TLS = "tls"
    """Encrypted from the first byte; port 465."""


PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


class ChannelUnfit(MalformedInput):
    """A channel's setting cannot be used. Detail: ``name`` of the setting and what the code's words ask for."""

    code = "channel_unfit"


def loopback(host: str) -> bool:
    """Whether a host's name says that it is this machine; where it really leads to is judged when connecting."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _seconds(name: str, seconds: float) -> None:
    if not 0 < seconds <= SECONDS:
        raise ChannelUnfit("channel_seconds", name=name, given=seconds, most=SECONDS)


def inside(name: str, text: str) -> tuple[Network, ...]:
    """Networks of the inside that may be sent to, from a setting: ``10.1.2.3, 10.2.0.0/16``.

    Raises:
        ChannelUnfit: One of them is no network.
    """
    try:
        return networks([part for part in text.split(",") if part.strip()])
    except ValueError:
        raise ChannelUnfit("channel_network", name=name, given=one_line(text, 80)) from None


def _trusted(name: str, path: Path | None) -> None:
    if path is not None and not path.is_file():
        raise ChannelUnfit("channel_file_missing", name=name, given=str(path))


@cache
def trust(name: str, path: Path | None) -> ssl.SSLContext:
    """The client's side of TLS, with a host's name checked against its certificate; read once, which takes a while for the system's.

    Args:
        name: Of the setting.
        path: Certificates to trust instead of the system's.

    Raises:
        ChannelUnfit: The file holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=path)
    except (ssl.SSLError, OSError):
        raise ChannelUnfit("channel_file_unfit", name=name, given=str(path)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSettings:
    """The mail server of an office.

    Attributes:
        host, port: Where it listens; the port follows from ``security`` unless given.
        sender: Address that the letters come from; bounces go there.
        sender_name: Name that readers see.
        reply_to: Where answers go, if not to the sender.
        user, password: Login; both or neither.
        ca_file: Certificates to trust instead of the system's, for an office with its own authority.
        allow_plain: Accept ``Security.NONE`` to another machine, for a line that is protected otherwise.
        hello: Name that this machine gives for itself; the sender's domain unless given.
        seconds: Limit for one envelope, at most 45.

    Raises:
        ChannelUnfit: One of them cannot be used.
    """

    host: str
    port: int = 0
    security: Security = Security.STARTTLS
    sender: str
    sender_name: str = ""
    reply_to: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    allow_plain: bool = False
    hello: str = ""
    seconds: float = SECONDS

    def __post_init__(self) -> None:
        """Check everything that can be known without the server."""
        if not _HOST.fullmatch(self.host):
            raise ChannelUnfit("channel_host", name="OCOP_MAIL_HOST", given=one_line(self.host, 80))
        if not 0 <= self.port <= _LAST_PORT:
            raise ChannelUnfit("channel_port", name="OCOP_MAIL_PORT", given=self.port)
        if mailbox(self.sender) is None:
            raise ChannelUnfit("channel_address", name="OCOP_MAIL_FROM", given=one_line(self.sender, 80))
        if self.reply_to is not None and mailbox(self.reply_to) is None:
            raise ChannelUnfit("channel_address", name="OCOP_MAIL_REPLY_TO", given=one_line(self.reply_to, 80))
        if self.hello and not _HOST.fullmatch(self.hello):
            raise ChannelUnfit("channel_host", name="OCOP_MAIL_HELLO", given=one_line(self.hello, 80))
        if self.security is Security.NONE and not (self.allow_plain or loopback(self.host)):
            raise ChannelUnfit("channel_plain", name="OCOP_MAIL_SECURITY", host=self.host)
        if (self.user is None) != (self.password is None):
            raise ChannelUnfit("channel_login_half", name="OCOP_MAIL_USER", other="OCOP_MAIL_PASSWORD")
        # smtplib sends both in ASCII and nothing else.
        if not f"{self.user or ''}{self.password or ''}".isascii():
            raise ChannelUnfit("channel_login_letters", name="OCOP_MAIL_PASSWORD")
        _trusted("OCOP_MAIL_CA_FILE", self.ca_file)
        _seconds("OCOP_MAIL_SECONDS", self.seconds)

    @property
    def from_(self) -> Sender:
        """Whom letters come from, in ASCII."""
        answers = None if self.reply_to is None else mailbox(self.reply_to)
        return Sender(mailbox(self.sender) or self.sender, self.sender_name, answers)

    @property
    def to_port(self) -> int:
        """The port, or the usual one."""
        return self.port or PORTS[self.security]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One receiver of webhooks.

    Attributes:
        url: ``https://…``; ``http://`` is for a gateway on this very machine that is allowed by address.
        secrets: ``whsec_`` and base64 of 24 to 64 random bytes; two while a secret is changed, and each signs.

    Raises:
        ChannelUnfit: The address or a secret cannot be used.
    """

    url: str
    secrets: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        """Check the form of the address and the strength of the secrets."""
        if not _usable(self.url):
            raise ChannelUnfit("channel_url", name="OCOP_WEBHOOK_URL", given=one_line(self.url, 80))
        least, most = SECRET_BYTES
        for secret in self.secrets or ("",):
            try:
                size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
            except (binascii.Error, ValueError):
                size = 0
            if not (secret.startswith("whsec_") and least <= size <= most):
                raise ChannelUnfit("channel_secret", name="OCOP_WEBHOOK_SECRET", least=least, most=most)


def _usable(url: str) -> bool:
    """Whether an address is one that can be sent to: no login in it, no fragment, nothing unseen."""
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url or "#" in url or len(url) > _URL_LENGTH:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme in {"https", "http"} and port != 0 and "@" not in parts.netloc and bool(_HOST.fullmatch(host))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Where events are sent to.

    Attributes:
        endpoints: The receivers.
        allowed: Networks of the inside that a receiver may lie in: an office's own gateway, such as ``10.1.2.3/32``.
        ca_file: Certificates to trust instead of the system's, for a gateway with a certificate of the office's own authority.
        templates: Id of the template that a gateway for SMS or Zalo uses for a kind of message, as registered with the operator.
        seconds: Limit for one envelope, at most 45.

    Raises:
        ChannelUnfit: One of them cannot be used.
    """

    endpoints: tuple[Endpoint, ...] = ()
    allowed: tuple[Network, ...] = ()
    ca_file: Path | None = None
    templates: Mapping[MessageKind, str] = field(default_factory=dict, hash=False)
    seconds: float = SECONDS

    def __post_init__(self) -> None:
        """Check what the endpoints have not checked themselves."""
        _trusted("OCOP_WEBHOOK_CA_FILE", self.ca_file)
        _seconds("OCOP_WEBHOOK_SECONDS", self.seconds)

    def endpoint(self, url: str) -> Endpoint | None:
        """The receiver with exactly this address."""
        return next((endpoint for endpoint in self.endpoints if endpoint.url == url), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """The folder of letters to be sent, for a machine without mail.

    Attributes:
        folder: Where they lie; made if it is not there.
        sender, sender_name: As in :class:`EmailSettings`; a mail program puts its own address in place of the sender's.

    Raises:
        ChannelUnfit: Something else stands where the folder should be, or the sender is no address.
    """

    folder: Path
    sender: str = "ocop@localhost"
    sender_name: str = ""

    def __post_init__(self) -> None:
        """Check the place and the sender."""
        if self.folder.exists() and not self.folder.is_dir():
            raise ChannelUnfit("channel_folder", name="OCOP_OUTBOX_DIR", given=str(self.folder))
        if mailbox(self.sender) is None:
            raise ChannelUnfit("channel_address", name="OCOP_MAIL_FROM", given=one_line(self.sender, 80))

    @property
    def from_(self) -> Sender:
        """Whom letters come from, in ASCII."""
        return Sender(mailbox(self.sender) or self.sender, self.sender_name)
