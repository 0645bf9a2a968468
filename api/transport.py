"""What stands before every route: an id and a log line for each request, limits on body and time. Pure ASGI, because a value that is
bound in a synchronous dependency is lost to the endpoint's thread."""  # noqa: D205, D209

import asyncio
import re
import secrets
from asyncio import sleep
from collections.abc import MutableMapping
from time import perf_counter
from typing import Any
from unicodedata import normalize
from urllib.parse import parse_qsl, urlencode

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.private import without_token
from api.problems import TooLarge, TooSlow, UnexpectedFault, problem_response
from api.requests import bind_request
from states.errors import CycleError

MAX_BODY = 1_048_576
BODY_SECONDS = 15.0
"""A megabyte by a slow mobile connection. With what a connection may take to be closed after it, nobody holds one for 20 seconds."""
EVEN_SECONDS = 0.005
"""What is not there and what lies elsewhere are answered at the next beat of this length: what differs in their work cannot be measured."""
_AWAKE = 0.0012
NOT_FOUND = 404
GONE = 499
"""In logs and figures alone: who asked did not wait for the answer."""
_GIVEN = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_APART = re.compile(rb"%[Cc][CcDd]")
"""What marks that stand by themselves begin with in UTF-8."""
_log = structlog.get_logger("ocop.http")


class Transport:
    """Identifies, limits and logs requests."""

    def __init__(self, app: ASGIApp, *, max_body: int = MAX_BODY, body_seconds: float = BODY_SECONDS, even: float = EVEN_SECONDS) -> None:
        """Stand before an app; ``even`` is the length of a beat at which a 404 goes out, in seconds, 0 for at once."""
        self._app = app
        self._max_body = max_body
        self._body_seconds = body_seconds
        self._even = even

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, request, method = perf_counter(), _id_of(scope), scope["method"]
        scope, send = _headed(scope, send)
        _compose(scope)
        scope["request_id"] = request
        bind_request(request)
        structlog.contextvars.bind_contextvars(request=request)
        answered: dict[str, Any] = {"status": 0}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered["status"] = message["status"]
                await self._at_its_beat(message["status"], began)
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request.encode())]
            await send(message)

        try:
            await self._app(scope, _Limited(scope, receive, self._max_body, self._body_seconds), sending)
        except CycleError as fault:
            if answered["status"]:
                raise
            await problem_response(Request(scope), fault)(scope, receive, sending)
        except ClientDisconnect:
            # Whoever asked has gone in the middle of it: nobody is there to be answered, and nothing is broken here.
            answered["status"] = answered["status"] or GONE
        except Exception:
            _log.exception("fault", method=method, path=without_token(scope["path"]))
            if answered["status"]:
                raise
            await problem_response(Request(scope), UnexpectedFault(request=request))(scope, receive, sending)
        finally:
            caller = scope.get("state", {}).get("caller")
            metrics = getattr(getattr(scope.get("app"), "state", None), "metrics", None)
            if metrics is not None:
                metrics.answered(method, answered["status"], perf_counter() - began)
            _log.info(
                "request",
                method=method,
                path=without_token(scope["path"])[:500],
                status=answered["status"],
                milliseconds=round((perf_counter() - began) * 1000, 1),
                person=getattr(caller, "person", None),
            )
            structlog.contextvars.unbind_contextvars("request")
            bind_request(None)

    async def _at_its_beat(self, status: int, began: float) -> None:
        if status != NOT_FOUND or not self._even:
            return
        beat = began + self._even * (1 + (perf_counter() - began) // self._even)
        # The loop wakes on whole milliseconds from when it fell asleep, which would tell the work again: the rest is waited for awake.
        await sleep(max(0.0, beat - perf_counter() - _AWAKE))
        while perf_counter() < beat:  # noqa: ASYNC110 - nothing happens at a beat that an event could tell of
            await sleep(0)


def _headed(scope: Scope, send: Send) -> tuple[Scope, Send]:
    """A request for the head of an answer as one for the whole, of which only the head goes out (RFC 9110, 9.3.2)."""
    if scope["method"] != "HEAD":
        return scope, send

    async def sending(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return {**scope, "method": "GET"}, sending


def _compose(scope: MutableMapping[str, Any]) -> None:
    """Compose what an address says: a code or a search that was typed with its marks apart is the same code and the same search."""
    if not scope["path"].isascii():
        scope["path"] = normalize("NFC", scope["path"])
    if _APART.search(scope["query_string"]):
        given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        scope["query_string"] = urlencode([(normalize("NFC", name), normalize("NFC", value)) for name, value in given]).encode("ascii")


def _id_of(scope: MutableMapping[str, Any]) -> str:
    """The id that a proxy in front gave the request, if it looks like one; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _GIVEN.fullmatch(value):
            return str(value.decode("ascii"))
    return secrets.token_hex(8)


class _Limited:
    """Hands a body over as long as it keeps within bounds of size and time."""

    def __init__(self, scope: Scope, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self._limit = limit
        self._left = limit
        self._seconds = seconds
        self._until: float | None = None
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        self._too_large = declared.isdigit() and int(declared) > limit
        self._whole = False

    async def __call__(self) -> Message:
        if self._too_large:
            raise TooLarge(limit=self._limit)
        if self._whole:
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._until = self._until or now + self._seconds
        if now >= self._until:
            # Whoever trickles always has something ready, so that nothing below would have to wait.
            raise TooSlow(seconds=int(self._seconds))
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow(seconds=int(self._seconds)) from None
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise TooLarge(limit=self._limit)
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message
