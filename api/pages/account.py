"""One's own account: open sessions, password, tokens for programs, language."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.asking import READ, WRITE, Asked, ask
from api.identity.access_log import Access
from api.identity.asking import asker, here, identity_of, must_be_real
from api.identity.cookies import set_session
from api.identity.errors import IdentityRefused, LoginFailed
from api.identity.guard import Session, session_of
from api.identity.rights import needs_second_factor
from api.identity.sessions import handle_of
from api.identity.tokens import ADMIN, LONGEST, LONGEST_OF_DECIDERS
from api.judged import JudgedRoute
from api.pages.frame import Form, Said, form_of, go_to, producers_of, render, seats_of, visitor
from api.problems import status_of
from states.errors import CycleError, PayloadInvalid
from states.vocabulary import Function
from states.words import words
from workflow.accounts import SessionRow, TokenRow

router = APIRouter(route_class=JudgedRoute, tags=["pages"])
Sent = Annotated[Form, Depends(form_of)]
_SCOPES = [READ, WRITE, ADMIN]
_BROWSERS = (("edg/", "Edge"), ("coc_coc", "Cốc Cốc"), ("firefox/", "Firefox"), ("chrome/", "Chrome"), ("safari/", "Safari"))
_SYSTEMS = (("android", "Android"), ("iphone", "iPhone"), ("ipad", "iPad"), ("windows", "Windows"), ("mac os", "macOS"), ("linux", "Linux"))


@dataclass(frozen=True, slots=True)
class Open:
    """A session as its owner recognises it."""

    handle: str
    device: str
    source: str
    since: Any
    seen: Any
    current: bool


@router.get("/me")
def me(request: Request, changed: Annotated[str | None, Query(max_length=1)] = None) -> Response:
    """One's own account."""
    asked = visitor(request)
    return _page(asked, done=Said(asked.language)("me.changed") if changed else None)


def _page(asked: Asked, *, status: int = 200, error: str | None = None, problems: tuple[str, ...] = (), **shown: Any) -> Response:
    request, said, t = asked.request, words(asked.language), Said(asked.language)
    identity, person = identity_of(request), asked.caller.person
    registry = asked.registry
    held = registry.holdings(person, asked.today)
    current = getattr(request.state, "session", None)
    mine = current.row.hash if isinstance(current, Session) else None
    account = identity.accounts.find(person)
    longest = (LONGEST_OF_DECIDERS if needs_second_factor(registry, person, asked.today) else LONGEST).days
    values = {
        "name": registry.person(person).name, "seats": seats_of(held, registry, asked.today, said, producers_of(asked.run, held)).split("; "),
        "login": account.login if account else None, "factor": account is not None and account.totp is not None,
        "sessions": [_open(row, mine, t) for row in identity.sessions.of(person)],
        "tokens": [row for row in identity.tokens.of(person) if _living(row, asked)], "scopes": _SCOPES, "longest": longest,
        "invites": any(h.seat.function in {Function.OFFICER, Function.ADMINISTRATOR} for h in held), "error": error, "problems": problems, "secret": None, "done": None, "token_name": "", **shown,
    }  # fmt: skip
    return render(request, "me.html", status=status, **values)


def _living(row: TokenRow, asked: Asked) -> bool:
    return row.revoked_at is None and row.expires_at > identity_of(asked.request).clock.now()


def _open(row: SessionRow, mine: bytes | None, t: Said) -> Open:
    return Open(handle_of(row), device(row.agent) or t("me.device"), row.source, row.created_at, row.seen_at, current=row.hash == mine)


def device(agent: str) -> str:
    """Browser and system of a user agent, as far as they can be told."""
    folded = agent.casefold()
    browser = next((name for mark, name in _BROWSERS if mark in folded), "")
    system = next((name for mark, name in _SYSTEMS if mark in folded), "")
    return " · ".join(part for part in (browser, system) if part)


@router.post("/me/sessions")
def end_sessions(request: Request, form: Sent) -> Response:
    """End one session, or every other one."""
    ask(request, WRITE)
    asked, identity, session = visitor(request), identity_of(request), session_of(request)
    person, handle = asked.caller.person, form.one("handle")
    record = identity.log.record(Access.SESSIONS_ENDED, person, asker(asked.caller), handle or "others")
    if form.one("do") == "others":
        identity.sessions.end_all(person, record, but=session.row)
    else:
        identity.sessions.end_of(person, handle or "", record)
    return go_to("/me#sessions")


@router.post("/me/password")
def change_password(request: Request, form: Sent) -> Response:
    """Another password; every other session ends."""
    must_be_real(request)
    ask(request, WRITE)
    asked, identity, session = visitor(request), identity_of(request), session_of(request)
    t = Said(asked.language)
    first, again = form.one("password") or "", form.one("again") or ""
    if first != again:
        return _page(asked, status=422, error=t("link.again"))
    try:
        with identity.sign_in.said_again(asked.caller.person, here(request)):
            id_, _ = identity.accounts.change_password(
                identity.registry(), session.row, form.one("old") or "", first, by=asker(asked.caller)
            )
    except (IdentityRefused, LoginFailed, PayloadInvalid) as error:
        return _refused(asked, error)
    response = go_to("/me?changed=1")
    set_session(response, request.scope["scheme"], id_)
    return response


@router.post("/me/tokens")
def make_token(request: Request, form: Sent) -> Response:
    """A token for a program, shown this once."""
    must_be_real(request)
    ask(request, WRITE)
    asked, identity = visitor(request), identity_of(request)
    person = asked.caller.person
    text = form.one("days") or ""
    decides = needs_second_factor(asked.registry, person, asked.today)
    # Whatever is no number of days is no length of life that a token may have either.
    days = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0  # noqa: PLR2004 - as far as days go
    try:
        secret, _ = identity.tokens.create(
            person, form.one("name") or "", form.all("scopes"), days, decides=decides, record=identity.token_record(asker(asked.caller))
        )
    except PayloadInvalid as error:
        return _refused(asked, error, token_name=form.one("name") or "")
    return _page(asked, secret=secret)


@router.post("/me/tokens/{token}/revoke")
def revoke_token(request: Request, token: Annotated[str, Path(max_length=40)], form: Sent) -> Response:  # noqa: ARG001 - read by the guard
    """End a token."""
    ask(request, WRITE)
    asked, identity = visitor(request), identity_of(request)
    person = asked.caller.person
    identity.tokens.revoke(token, identity.log.record(Access.TOKEN_REVOKED, person, asker(asked.caller), token), person=person)
    return go_to("/me#tokens")


def _refused(asked: Asked, error: CycleError, **shown: Any) -> Response:
    said = words(asked.language)
    problems = tuple(said.problem(p) for p in error.problems) if isinstance(error, PayloadInvalid) else ()
    return _page(asked, status=status_of(error), error=said.error(error), problems=problems, **shown)
