"""Webhooks: sends an event to a receiver outside, signed, once per try, and to no address of the inside that nobody allowed."""

import hashlib
import json
import re
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpcore2
import httpx2
from standardwebhooks import Webhook

from notifications.channels.causes import Cause
from notifications.channels.cleaning import REPLY_LENGTH, one_line
from notifications.channels.network import Deadline, Network, Resolver, connect, meant, public, resolve, within
from notifications.channels.settings import ChannelUnfit, Endpoint, WebhookSettings, trust
from notifications.messages import Accepted, ChannelName, Envelope, Later, Refused, Reply
from states.errors import StoreUnsafe
from workflow.clock import Clock


class AddressForbidden(Exception):
    """A receiver's name leads to addresses that nothing is sent to."""


ANSWER_OCTETS = 64 * 1024
"""What is read of an answer's body."""
BODY_SECONDS = 5.0
"""What a body may take after its status is known: the status is the answer, the body is for the operator."""
_WIRE_OCTETS = 256 * 1024
"""What is read of a connection at all, so that headers and interim answers without end are cut off too."""

LONGEST_WAIT = timedelta(days=30)
_GONE, _TOO_MANY, _UNAVAILABLE = 410, 429, 503
_PLAIN_ID = re.compile(r"[A-Za-z0-9_|:+/@=-]+")
_ID_LENGTH = 250

_BROKEN = (
    AddressForbidden,
    OSError,
    ValueError,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpx2.HTTPError,
    httpx2.InvalidURL,
)
"""Whatever the other side and the network can do."""

Find = Callable[[str], Endpoint | None]
"""From an envelope's address to the receiver with its secrets."""


class WebhookChannel:
    """Sends CloudEvents 1.0 (structured mode, JSON), signed by Standard Webhooks, as the settings allow."""

    name = ChannelName.WEBHOOK

    def __init__(self, settings: WebhookSettings, clock: Clock, *, find: Find | None = None, resolver: Resolver = resolve) -> None:
        """Read the certificates to trust.

        Args:
            settings: Limits, networks and receivers.
            clock: For the time in the signature.
            find: Looks receivers up elsewhere than in the settings.
            resolver: Looks names up, once per try.
        """
        self.settings = settings
        self.clock = clock
        self.find = find or settings.endpoint
        self.resolver = resolver
        self.context = trust("OCOP_WEBHOOK_CA_FILE", settings.ca_file)

    def send(self, envelope: Envelope) -> Reply:
        """Post one event, within the limit of the settings whatever the receiver does."""
        try:
            endpoint = self.find(envelope.address)
        except ChannelUnfit as error:
            return Refused(one_line(str(error), REPLY_LENGTH), why=Cause.HOOK_UNKNOWN)
        except StoreUnsafe as error:
            # The key that its secrets are sealed with is missing here, which an administrator mends; the event waits.
            return Later(one_line(str(error), REPLY_LENGTH), why=Cause.HOOK_UNKNOWN)
        if endpoint is None:
            return Refused(one_line(envelope.address, REPLY_LENGTH), why=Cause.HOOK_UNKNOWN)
        if envelope.event is None:
            return Refused("", why=Cause.NOTHING_TO_CARRY)
        text = json.dumps(envelope.event, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        body = text.encode("utf-8", "replace")
        deadline = Deadline(self.settings.seconds)
        try:
            with self._answer(endpoint, envelope.key, body, deadline) as answer:
                return self._meaning(answer.status_code, answer.headers, _beginning(answer, deadline))
        except _BROKEN as error:
            return Later(one_line(getattr(error, "verify_message", "") or str(error), REPLY_LENGTH), why=_why(error, deadline))

    @contextmanager
    def _answer(self, endpoint: Endpoint, key: str, body: bytes, deadline: Deadline) -> Iterator[httpx2.Response]:
        """One request on one connection, whose answer is read by the caller."""
        plain = urlsplit(endpoint.url).scheme == "http"
        guard = _Guard(self.settings.allowed, self.resolver, deadline, plain=plain)
        # Redirects are answers like any other, and no variable of the environment puts a proxy between the check and the connection.
        with (
            _Transport(guard, self.context) as transport,
            httpx2.Client(transport=transport, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", endpoint.url, content=body, headers=self._headers(endpoint, key, body)) as answer,
        ):
            yield answer

    def _headers(self, endpoint: Endpoint, key: str, body: bytes) -> dict[str, str]:
        # The library takes any aware time for UTC.
        now = self.clock.now().astimezone(UTC)
        number = webhook_id(key)
        return {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "user-agent": "ocop-cycle",
            "accept-encoding": "identity",
            "webhook-id": number,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Webhook(secret).sign(number, now, body.decode()) for secret in endpoint.secrets),
        }

    def _meaning(self, status: int, headers: httpx2.Headers, said: str) -> Reply:
        """What an answer means.

        Only 410 is final: a receiver that answers 401 or 404 today is most often set up wrongly, and three days are enough to mend that.
        """
        words = one_line(f"{status} {said}", REPLY_LENGTH)
        if 200 <= status < 300:  # noqa: PLR2004 - the first digit
            return Accepted(words)
        if status == _GONE:
            return Refused(words, off=True, why=Cause.HOOK_GONE)
        if 300 <= status < 400:  # noqa: PLR2004
            return Later(one_line(f"{status} {headers.get('location', '')}", REPLY_LENGTH), why=Cause.HOOK_REDIRECTED)
        after = retry_after(headers.get("retry-after", ""), self.clock.now())
        if status in {_TOO_MANY, _UNAVAILABLE}:
            return Later(words, after=after, why=Cause.HOOK_BUSY)
        return Later(words, after=after, why=Cause.HOOK_FAILED if status >= 500 else Cause.HOOK_REFUSED)  # noqa: PLR2004


def webhook_id(key: str) -> str:
    """The key as ``webhook-id``; a full stop would make the signed text ambiguous, and other signs cannot stand in a header."""
    octets = key.encode("utf-8", "surrogatepass")
    number = "".join(c if _PLAIN_ID.fullmatch(c) else "".join(f"~{o:02x}" for o in c.encode("utf-8", "surrogatepass")) for c in key)
    return number if 0 < len(number) <= _ID_LENGTH else f"sha256~{hashlib.sha256(octets).hexdigest()}"


def retry_after(text: str, now: datetime) -> timedelta | None:
    """``Retry-After`` (RFC 9110, 10.2.3), in seconds or as a date; None where it says nothing that can be read."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text[:12]), 10**9)), LONGEST_WAIT)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    wait = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _beginning(answer: httpx2.Response, deadline: Deadline) -> str:
    """The beginning of the body for the operator; one that is too long, too slow or broken is left where it is."""
    deadline.shorten(BODY_SECONDS)
    octets = b""
    with suppress(*_BROKEN):
        for piece in answer.iter_raw():
            octets += piece
            if len(octets) >= ANSWER_OCTETS:
                break
    return octets[:ANSWER_OCTETS].decode("utf-8", "replace")


def _why(error: BaseException, deadline: Deadline) -> Cause:
    if isinstance(error, AddressForbidden):
        return Cause.HOOK_ADDRESS_FORBIDDEN
    # A certificate that fails is an OSError and a ValueError as well.
    if isinstance(error, ssl.SSLError):
        return Cause.TLS_FAILED
    if deadline.passed or isinstance(error, httpcore2.TimeoutException | TimeoutError):
        return Cause.TOO_SLOW
    return Cause.UNREACHABLE if isinstance(error, httpcore2.NetworkError | OSError) else Cause.NOT_UNDERSTOOD


class _Guard(httpcore2.NetworkBackend):
    """Connects to the address that it has judged, and to no other: a name is resolved once, so that it cannot change in between."""

    def __init__(self, allowed: tuple[Network, ...], resolver: Resolver, deadline: Deadline, *, plain: bool) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._deadline = deadline
        self._plain = plain

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - there is one time limit, and it is the deadline
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> "httpcore2.NetworkStream":
        found = self._resolver(host, port, self._deadline.left())
        permitted = [address for address in found if self._permits(address)]
        if found and not permitted:
            raise AddressForbidden(f"{host} -> {', '.join(found)}")
        return _Stream(connect(permitted, port, self._deadline), self._deadline)

    def _permits(self, text: str) -> bool:
        try:
            address = meant(text)
        except ValueError:
            return False
        if self._plain:
            return address.is_loopback and within(address, self._allowed)
        return public(address) or within(address, self._allowed)


class _Stream(httpcore2.NetworkStream):
    """A connection whose every read and write ends with the deadline, and that does not read without end."""

    def __init__(self, connection: Any, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._taken = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        self._connection.settimeout(self._deadline.left())
        octets: bytes = self._connection.recv(max_bytes)
        self._taken += len(octets)
        if self._taken > _WIRE_OCTETS:
            raise httpcore2.RemoteProtocolError("the answer does not end")
        return octets

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        rest = memoryview(buffer)
        while rest:
            self._connection.settimeout(self._deadline.left())
            rest = rest[self._connection.send(rest) :]

    def close(self) -> None:
        self._connection.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> "httpcore2.NetworkStream":
        self._connection.settimeout(self._deadline.left())
        try:
            encrypted = ssl_context.wrap_socket(self._connection, server_hostname=server_hostname)
        except BaseException:
            self._connection.close()
            raise
        return _Stream(encrypted, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._connection if info == "socket" else None


class _Octets(httpx2.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


class _Transport(httpx2.BaseTransport):
    """httpx2 over connections of the guard: httpx2's own transport lets nobody choose how it connects."""

    def __init__(self, guard: _Guard, context: ssl.SSLContext) -> None:
        self._pool = httpcore2.ConnectionPool(ssl_context=context, network_backend=guard, max_keepalive_connections=0, http2=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = httpcore2.URL(scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path)
        # Without the client's own time limits among the extensions: each of them would count a single read.
        answer = self._pool.handle_request(httpcore2.Request(request.method, url, headers=request.headers.raw, content=request.read()))
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Octets(answer.stream))

    def close(self) -> None:
        self._pool.close()
