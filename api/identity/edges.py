"""Headers that every answer carries, and limits on those of every request. Pure ASGI; stands outside everything else."""

import secrets
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_HEADERS, MOST_HEADER_BYTES = 100, 16_384

_ALWAYS: Mapping[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"cache-control": b"no-store",
}
_TLS = (b"strict-transport-security", b"max-age=31536000")


def policy(nonce: str) -> str:
    """What a page may load: our own files, and inline scripts that carry this answer's nonce."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


class SecurityHeaders:
    """Puts them on every answer that does not say otherwise itself; the nonce stands in ``request.state.csp_nonce``."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["csp_nonce"] = nonce

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                said = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in _ALWAYS.items() if name not in said]
                if b"content-security-policy" not in said:
                    headers.append((b"content-security-policy", policy(nonce).encode()))
                if scope.get("scheme") == "https":
                    headers.append(_TLS)
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, sending)


def too_many_headers(scope: Scope) -> bool:
    """Whether a request carries more or longer headers than any browser sends."""
    headers = scope["headers"]
    return len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > MOST_HEADER_BYTES
