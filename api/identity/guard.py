"""Finds out who asks, before any route: by the session's cookie or a token; refuses writes from elsewhere; records reads of personal data."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.caller import Caller, TokenUnknown, Unidentified
from api.identity import tokens
from api.identity.access_log import Access, Note, question_of
from api.identity.cookies import LANGUAGE, session_id
from api.identity.edges import MOST_HEADER_BYTES, too_many_headers
from api.identity.errors import HeadersTooLarge, SecondFactorNeeded
from api.identity.origin import SAFE, TOKEN_FIELD, TOKEN_HEADER, check_host, check_origin, check_token
from api.identity.rights import needs_second_factor
from api.identity.service import Identity
from api.private import by_token
from api.requests import IN_HISTORY, current_request
from api.together import Together
from states.errors import CycleError
from workflow.accounts import AccountRow, Known, SessionRow, TokenRow
from workflow.credentials import Credential, let_in_by

T = TypeVar("T")

_CASES = "/api/v1/cases"
PERSONAL: dict[str, Access] = {
    _CASES: Access.CASES,
    f"{_CASES}/{{code}}": Access.CASE,
    f"{_CASES}/{{code}}/actions": Access.CASE,
    f"{_CASES}/{{code}}/actions/{{event}}": Access.CASE,
    f"{_CASES}/{{code}}/deadlines": Access.CASE,
    f"{_CASES}/{{code}}/history": Access.HISTORY,
    f"{_CASES}/{{code}}/timeline": Access.HISTORY,
    "/api/v1/confirmations": Access.CASES,
    "/api/v1/worklists/{slug}": Access.CASES,
    "/api/v1/bulk-operations/{id}/items": Access.CASES,
    "/api/v1/history": Access.HISTORY,
    "/api/v1/overrides": Access.HISTORY,
    "/api/v1/charts/{key}": Access.CASES,
    "/api/v1/producers": Access.REGISTER,
    "/api/v1/products": Access.REGISTER,
    "/api/v1/users": Access.PEOPLE,
    "/api/v1/users/{person}": Access.PEOPLE,
    "/api/v1/users/{person}/sessions": Access.PEOPLE,
    "/api/v1/access-log": Access.RECORD,
    "/api/v1/rounds/{code}/forecast": Access.CASES,
    "/api/v1/rounds/{code}/history": Access.HISTORY,
    "/api/v1/plans/{code}/history": Access.HISTORY,
    "/api/v1/what-if": Access.CASES,
    "/api/v1/reminders": Access.CASES,
    "/api/v1/deliveries": Access.LETTERS,
    "/api/v1/deliveries/{key}": Access.LETTERS,
    "/api/v1/reminders/coming": Access.LETTERS,
    "/api/v1/reminders/preview": Access.LETTERS,
    "/api/v1/reminders/told": Access.LETTERS,
    "/api/v1/call-sheets/{unit}": Access.PEOPLE,
    "/api/v1/reach/{unit}": Access.PEOPLE,
    "/api/v1/people/{person}/choices": Access.PEOPLE,
    "/api/v1/plans/{code}/support": Access.REGISTER,
    "/api/v1/plans/{code}/targets/{number}": Access.REGISTER,
    "/api/v1/plans/{code}/review": Access.REGISTER,
    "/work": Access.CASES,
    "/work/{slug}": Access.CASES,
    "/cases": Access.CASES,
    "/cases.xlsx": Access.CASES,
    "/cases/new": Access.REGISTER,
    "/cases/{code}": Access.CASE,
    "/cases/{code}/actions/{event}": Access.CASE,
    "/cases/{code}/confirmations/{seq}": Access.CASE,
    "/people": Access.PEOPLE,
    "/rounds/{code}/acts/{act}": Access.CASES,
    "/rounds/{code}/late-door": Access.CASES,
}
"""Routes whose answer shows personal or sealed data; the first part of the path in braces says whose."""
_PATTERNS = tuple((re.compile(re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(path))), kind) for path, kind in PERSONAL.items())
_FIGURES = frozenset({"/api/v1/worklists/counts"})
_OF_ONE = frozenset({Access.CASE, Access.HISTORY})
_STALE = 412
_FORM_AGAIN = frozenset({403, 409, 422})
_LARGEST_FORM = 65_536


@dataclass(frozen=True, slots=True)
class Session:
    """The session of a request, for the routes that change it."""

    id: str
    row: SessionRow
    account: AccountRow | None
    owes_factor: bool
    epoch: int = 0


class Guard:
    """Stands directly before the routes."""

    def __init__(self, app: ASGIApp, *, identity: Identity, public_url: str | None) -> None:
        """Guard an app by an installation's identity."""
        self._app = app
        self._identity = identity
        self._public_url = public_url
        # A local file answers faster than another thread would begin.
        self._inline = identity.runtime.store.dialect == "sqlite"
        self._sessions: Together[str, Session | None] = Together(self._session_each, name="sessions", lots=2)
        self._notes: Together[Note, bool] = Together(identity.log.note_each, name="notes")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request.

        Raises:
            CycleError: Whatever is refused here; who stands outside answers it.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if too_many_headers(scope):
            raise HeadersTooLarge(limit=MOST_HEADER_BYTES)
        request = Request(scope, receive)
        check_host(request.headers, scope["path"], self._public_url)
        authorization = request.headers.get("authorization")
        credential: Credential | None = None
        if by_token(scope["path"]):
            # The token in the address is all the authority there is: a session neither adds to it nor is needed for it.
            pass
        elif authorization is not None:
            token, credential = await self._do(lambda: self._by_token(authorization))
            if self._identity.tokens.unused(token):
                # A file is read at once, but a write may have to wait for others.
                await run_in_threadpool(self._identity.tokens.used, token)
            caller = Caller(token.person, "token", frozenset(token.scopes.split()), _language(request))
            scope.setdefault("state", {})["caller"] = caller
        else:
            receive, credential = await self._by_cookie(request, receive)
        unrecorded: list[CycleError] = []
        try:
            with let_in_by(credential):
                await self._app(scope, receive, self._recording(scope, send, unrecorded))
        except RuntimeError:
            # Whoever handles errors inside takes an answer for begun that was held back here.
            if unrecorded:
                raise unrecorded[0] from None
            raise

    async def _do(self, work: Callable[[], T]) -> T:
        return work() if self._inline else await run_in_threadpool(work)

    def _by_token(self, authorization: str) -> tuple[TokenRow, Credential]:
        kind, _, secret = authorization.partition(" ")
        token, epoch = self._token(secret.strip() if kind.lower() == "bearer" else "")
        return token, Credential(epoch, lambda: self._token(secret.strip())[1], f"token:{token.hash.hex()}")

    def _token(self, secret: str) -> tuple[TokenRow, int]:
        """A token that lives and is enough for its person, and the epoch at which it was."""
        found = self._identity.tokens.known(secret)
        if found is None or not isinstance(found.row, TokenRow):
            raise TokenUnknown
        if not self._identity.runtime.rehearsal and (found.account is None or found.account.totp is None):
            # A token of somebody who has come to decide since would be a way past the second factor.
            registry, today = self._identity.registry(found.epoch), self._identity.today()
            if needs_second_factor(registry, found.row.person, today):
                raise TokenUnknown
        return found.row, found.epoch

    async def _by_cookie(self, request: Request, receive: Receive) -> tuple[Receive, Credential | None]:
        """Note who has this session, refuse writes from elsewhere; return what the routes read the body from, and the session as a credential."""
        scope, id_ = request.scope, session_id(request)
        writes = scope["method"] not in SAFE
        if writes:
            check_origin(request.headers, scope["scheme"], self._public_url)
        session = await self._session(id_) if id_ else None
        if session is None or id_ is None:
            return receive, None
        state = scope.setdefault("state", {})
        state["session"] = session
        if writes:
            given = request.headers.get(TOKEN_HEADER)
            if given is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
                # Of a page that an earlier session had drawn, what was typed can be given back.
                given, receive, state["sent"] = await _token_of_form(receive)
            check_token(given, id_)
        if session.row.whole and not session.owes_factor:
            state["caller"] = Caller(session.row.person, session.row.via, tokens.SCOPES, _language(request))
        else:
            state["unfinished"] = SecondFactorNeeded()

        def again() -> int:
            # Who takes another role in a rehearsal has another session from then on, within the same request.
            current = state["session"].id
            now = self._session_of(current, self._identity.sessions.looked_up(current))
            # Who has not shown the second factor yet asks for nothing but to show it.
            if now is None or (now.owes_factor and not session.owes_factor):
                raise Unidentified
            return now.epoch

        return receive, Credential(session.epoch, again, f"session:{session.row.hash.hex()}")

    async def _session(self, id_: str) -> Session | None:
        if not self._inline:
            return await self._sessions.do(id_)
        found = self._identity.sessions.looked_up(id_)
        if found is not None and self._identity.sessions.unseen(found):
            # A file is read at once, but a write may have to wait for others.
            await run_in_threadpool(self._identity.sessions.seen, found)
        return self._session_of(id_, found)

    def _session_each(self, ids: Sequence[str]) -> list[Session | None]:
        found = self._identity.sessions.looked_up_each(ids)
        for known in found:
            if known is not None:
                self._identity.sessions.seen(known)
        return [self._session_of(id_, known) for id_, known in zip(ids, found, strict=True)]

    def _session_of(self, id_: str, found: Known | None) -> Session | None:
        if found is None or not isinstance(found.row, SessionRow):
            return None
        row = found.row
        # A function that somebody got while signed in asks for the second factor from then on.
        owes = not row.strong and (
            (found.account is not None and found.account.totp is not None)
            or needs_second_factor(self._identity.registry(found.epoch), row.person, self._identity.today())
        )
        return Session(id_, row, found.account, owes, found.epoch)

    def _recording(self, scope: Scope, send: Send, unrecorded: list[CycleError]) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                try:
                    await self._record(scope, message["status"])
                except CycleError as fault:
                    unrecorded.append(fault)
                    raise
            await send(message)

        return sending

    async def _record(self, scope: Scope, status: int) -> None:
        """Before the answer leaves: what cannot be recorded is not shown."""
        state = scope.get("state", {})
        caller = state.get("caller")
        if state.get(IN_HISTORY):
            return
        shown = personal(scope["path"]) if isinstance(caller, Caller) else None
        if not isinstance(caller, Caller) or shown is None or (status >= 400 and not _shows(scope["path"], status)):  # noqa: PLR2004
            return
        kind, whose = shown
        subject = whose or "–"
        # Of one case everything is one read; of a list it matters what was looked for.
        detail = "" if whose is not None and kind in _OF_ONE else question_of(_questions(scope), scope.get("query_string", b""))
        note = Note(kind, subject, caller.person, caller.via, detail, current_request() or "")
        if not self._identity.log.noted(note):
            await self._notes.do(note)


def _questions(scope: Scope) -> list[str]:
    """What the route that answered understands of an address's query; none where none of ours answered."""
    dependant = getattr(scope.get("route"), "dependant", None)
    return [field.alias for field in dependant.query_params] if dependant is not None else []


def _shows(path: str, status: int) -> bool:
    """Whether a refusal shows the case as it is: one of a stale writer does, and a form that comes back on a page."""
    return status == _STALE or (status in _FORM_AGAIN and not path.startswith("/api/"))


def personal(path: str) -> tuple[Access, str | None] | None:
    """What an address shows of personal or sealed data, and whose; None where it shows none."""
    if path in _FIGURES:
        return None
    for pattern, kind in _PATTERNS:
        found = pattern.fullmatch(path)
        if found is not None:
            return kind, found[1] if found.groups() else None
    return None


def _language(request: Request) -> str:
    return "en" if request.cookies.get(LANGUAGE) == "en" else "vi"


async def _token_of_form(receive: Receive) -> tuple[str | None, Receive, bytes]:
    """The token of a form that was sent without a script, the same body once more for the route, and the body."""
    parts: list[Message] = []
    size = 0
    while not parts or parts[-1].get("more_body", False):
        message = await receive()
        parts.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or size > _LARGEST_FORM:
            break
    whole = b"".join(part.get("body", b"") for part in parts)
    waiting = list(reversed(parts))
    try:
        given = parse_qs(whole.decode("utf-8", "replace"), max_num_fields=1000).get(TOKEN_FIELD) if size <= _LARGEST_FORM else None
    except ValueError:
        given = None

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return (given[0] if given else None), again, whole


def session_of(request: Request) -> Session:
    """The session of a request, whole or half.

    Raises:
        Unidentified: There is none.
    """
    found: Any = getattr(request.state, "session", None)
    if not isinstance(found, Session):
        raise Unidentified
    return found
