"""Where a write comes from: our own pages, or another site that makes the browser send it. Pure."""

import hmac
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from api.identity.errors import AskedFromElsewhere, HostUnknown, NotProtected
from api.identity.sessions import csrf_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_HEADER, TOKEN_FIELD = "x-csrf-token", "csrf_token"
_OURS = frozenset({"same-origin", "none"})
_WATCHED = frozenset({"/livez", "/readyz", "/metrics"})
"""Asked for by machines that know an address rather than a name."""


def check_host(headers: Mapping[str, str], path: str, public_url: str | None) -> None:
    """Refuse requests for another host's name, where our own is set.

    Raises:
        HostUnknown: With the host.
    """
    if public_url is None or path in _WATCHED:
        return
    host = headers.get("host", "")
    if host.lower() != urlsplit(public_url).netloc.lower() and not is_loopback(urlsplit(f"//{host}").hostname or ""):
        raise HostUnknown(host=host[:100])


def check_origin(headers: Mapping[str, str], scheme: str, public_url: str | None) -> None:
    """Refuse a write that the browser says came from elsewhere. Programs say nothing of the sort.

    Raises:
        AskedFromElsewhere: It did.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site.lower() not in _OURS:
        raise AskedFromElsewhere
    origin = headers.get("origin")
    if origin is None:
        return
    own = {f"{scheme}://{headers.get('host', '')}".lower()}
    if public_url is not None:
        parts = urlsplit(public_url)
        own.add(f"{parts.scheme}://{parts.netloc}".lower())
    if origin.lower() not in own:
        raise AskedFromElsewhere


def check_token(given: str | None, session_id: str) -> None:
    """Refuse a write of a session without the session's own token.

    Raises:
        AskedFromElsewhere: It is missing or another's.
    """
    if given is None or not hmac.compare_digest(given.encode(), csrf_of(session_id).encode()):
        raise AskedFromElsewhere


def check_protected(scheme: str, client: str) -> None:
    """Refuse to sign anybody in over a connection that others can read.

    Raises:
        NotProtected: It is neither encrypted nor within this machine.
    """
    if scheme != "https" and not is_loopback(client):
        raise NotProtected


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
