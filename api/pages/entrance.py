"""The way in and out: password, second factor, one-time link; in a rehearsal roles instead; and the choice of a language."""

import base64
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from api.caller import Caller, Unidentified
from api.identity.asking import here, identity_of, let_in, must_be_protected
from api.identity.cookies import drop_session, set_language
from api.identity.errors import IdentityRefused, LoginFailed, RolesInstead
from api.identity.guard import Session, session_of
from api.identity.service import Identity
from api.identity.sessions import SESSION, csrf_of
from api.identity.slip import qr
from api.identity.tokens import SCOPES
from api.identity.totp import address
from api.pages.casts import cast
from api.pages.frame import Form, form_of, go_to, page_language, render, safe_path
from api.pages.kept import Kept, marked_for, opened
from api.problems import status_of
from states.errors import CycleError, PayloadInvalid, StoreUnsafe
from states.words import words
from workflow.accounts import AccountRow, SessionRow

ISSUER = "OCOP"
router = APIRouter(tags=["pages"])
Sent = Annotated[Form, Depends(form_of)]
Next = Annotated[str | None, Query(alias="next", max_length=1000)]


@router.get("/")
def home(request: Request) -> Response:
    """The first page of whoever comes."""
    if isinstance(getattr(request.state, "caller", None), Caller):
        return go_to("/work")
    return go_to("/rehearsal" if request.app.state.runtime.rehearsal else "/login")


@router.get("/login")
def sign_in_page(request: Request, onward: Next = None) -> Response:
    """Sign in, or choose a role."""
    run = request.app.state.runtime
    if run.rehearsal:
        return render(request, "roles.html", cast=cast(run, words(page_language(request))), next=safe_path(onward))
    return _login(request, onward)


def _login(request: Request, onward: str | None, error: CycleError | None = None, login: str = "", kept: str = "") -> Response:
    told = words(page_language(request)).error(error) if error else None
    status = status_of(error) if error else 200
    return render(
        request, "login.html", status=status, error=told, login=login, provider=_provider(request), next=safe_path(onward), kept=kept
    )


def _provider(request: Request) -> bool:
    return request.app.state.runtime.settings.oidc_issuer is not None


def ask_again(
    request: Request, status: int, kept: str = "", typed: tuple[tuple[str, str], ...] = (), onward: str | None = None
) -> Response:
    """The way in, for whoever typed into a form whose session has ended or whose window belongs to another one by now.

    Args:
        request: The one that was refused.
        status: What it is answered with.
        kept: What was typed, sealed; or nothing, and then
        typed: what was typed in words, to be taken along by hand.
        onward: The form's page, for whom nothing is kept.
    """
    run, found = request.app.state.runtime, opened(request, kept)
    session = getattr(request.state, "session", None)
    if isinstance(session, Session) and found is not None and session.row.person == found.person:
        if session.row.whole and not session.owes_factor:
            return _opened_again(request, session.id, found)
        return _code(request, found.page, kept=kept)
    person = run.engine.world().registry.person(found.person).name if found is not None and run.rehearsal else ""
    onward = found.page if found is not None else safe_path(onward)
    return render(
        request, "expired.html", status=status, error=None, login="", provider=_provider(request), next=onward, kept=kept, typed=typed,
        person=person, owner=found.person if found is not None else "",
    )  # fmt: skip


def _opened_again(request: Request, id_: str, kept: Kept) -> Response:
    """A step from which the form is drawn anew by its own page, with all that this page checks and records."""
    return render(request, "resume.html", csrf=csrf_of(id_), mark=marked_for(request, kept.person), action=kept.action, fields=kept.fields)


@router.post("/login/resume")
def resume(request: Request, form: Sent) -> Response:
    """Back to the form, for whoever has signed in again in another window."""
    return ask_again(request, 401, form.one("kept") or "")


@router.post("/login")
def sign_in(request: Request, form: Sent) -> Response:
    """Check a password."""
    identity, onward = identity_of(request), form.one("next")
    login = form.one("login") or ""
    try:
        must_be_protected(request)
        id_, row = identity.sign_in.password(identity.registry(), login, form.one("password") or "", here(request), identity.today())
    except RolesInstead:
        raise
    except (IdentityRefused, LoginFailed) as error:
        return _login(request, onward, error, login, form.one("kept") or "")
    _leave_old(request)
    return _entered(request, id_, row, onward, form.one("kept"))


def _entered(request: Request, id_: str, row: SessionRow, onward: str | None, kept: str | None = None) -> Response:
    found = opened(request, kept)
    response = _on_with(request, id_, row, found, kept or "") if found is not None else _onward(row, safe_path(onward))
    let_in(request, response, id_, row)
    return response


def _onward(row: SessionRow, target: str) -> Response:
    return go_to(target if row.whole else f"/login/code?next={quote(target)}")


def _on_with(request: Request, id_: str, row: SessionRow, found: Kept, kept: str) -> Response:
    """What was typed before goes on, to whoever typed it; somebody else gets nothing of it."""
    if row.person != found.person:
        return render(request, "another.html", me=None, csrf=csrf_of(id_), onward="/work" if row.whole else "/login/code")
    if row.whole:
        return _opened_again(request, id_, found)
    account = identity_of(request).accounts.get(row.person)
    request.state.session = Session(id_, row, account, owes_factor=True)
    return _code(request, found.page, kept=kept)


@router.get("/login/code")
def code_page(request: Request, onward: Next = None) -> Response:
    """Ask for the second factor, or for it to be set up."""
    return _code(request, onward)


def _code(request: Request, onward: str | None, error: CycleError | None = None, sealed: str | None = None, kept: str = "") -> Response:
    _, account = _half(request)
    if account.totp is not None:
        return _shown(request, "code.html", error, next=safe_path(onward), kept=kept)
    identity = identity_of(request)
    secret, sealed = _secret(identity, account, sealed) or identity.accounts.new_factor(account)
    where = address(secret, account.login, ISSUER)
    said = base64.b32encode(secret).decode()
    return _shown(request, "enrol.html", error, qr=qr(where), secret=said, sealed=sealed, next=safe_path(onward), kept=kept)


def _secret(identity: Identity, account: AccountRow, sealed: str | None) -> tuple[bytes, str] | None:
    """The secret of a page that was shown before, so that nobody who mistyped a code has to scan again."""
    try:
        return (identity.vault.open(bytes.fromhex(sealed), f"enrol {account.person}"), sealed) if sealed else None
    except (ValueError, StoreUnsafe):
        return None


def _shown(request: Request, template: str, error: CycleError | None, **values: Any) -> Response:
    told = words(page_language(request)).error(error) if error else None
    return render(request, template, status=status_of(error) if error else 200, error=told, **values)


@router.post("/login/code")
def show_code(request: Request, form: Sent) -> Response:
    """Check a second factor."""
    identity, onward = identity_of(request), form.one("next")
    session, account = _half(request)
    try:
        id_, row = identity.sign_in.second_factor(session.row, account, form.one("code") or "", here(request))
    except IdentityRefused as error:
        return _code(request, onward, error, kept=form.one("kept") or "")
    return _entered(request, id_, row, onward, form.one("kept"))


@router.post("/login/enrol")
def enrol(request: Request, form: Sent) -> Response:
    """Keep a second factor, by its first code."""
    identity, onward = identity_of(request), form.one("next")
    session, account = _half(request)
    try:
        id_, row = identity.sign_in.enrol(session.row, account, form.one("sealed") or "", form.one("code") or "")
    except IdentityRefused as error:
        return _code(request, onward, error, form.one("sealed"), form.one("kept") or "")
    return _entered(request, id_, row, onward, form.one("kept"))


@router.get("/login/link")
def link_page(request: Request) -> Response:
    """Choose a password by a one-time link."""
    return render(request, "link.html", error=None, problems=[], token="")


@router.post("/login/link")
def use_link(request: Request, form: Sent) -> Response:
    """Keep the password that was chosen."""
    identity, said = identity_of(request), words(page_language(request))
    registry, token = identity.registry(), _typed_token(form.one("token") or "")
    first, again = form.one("password") or "", form.one("again") or ""
    if first != again:
        return render(request, "link.html", status=422, error="again", problems=[], token=token)
    try:
        must_be_protected(request)
        account = identity.accounts.use_link(token, first, registry)
        id_, row = identity.sign_in.by_link(registry, account, here(request), identity.today())
    except (IdentityRefused, PayloadInvalid) as error:
        problems = [said.problem_text(p) for p in error.problems] if isinstance(error, PayloadInvalid) else []
        return render(request, "link.html", status=status_of(error), error=said.error(error), problems=problems, token=token)
    _leave_old(request)
    return _entered(request, id_, row, None)


def _typed_token(text: str) -> str:
    """The code of a slip as it was typed or pasted: in groups, or with the whole address before it."""
    return "".join(text.rpartition("#")[2].split())


@router.post("/login/role")
def act_as(request: Request, form: Sent) -> Response:
    """In a rehearsal: act as somebody."""
    return enter_role(request, form.one("person") or "", form.one("next"), form.one("kept"))


def enter_role(request: Request, person: str, onward: str | None, kept: str | None = None) -> Response:
    """Be somebody in a rehearsal.

    Raises:
        RehearsalOnly: A real installation has no roles.
        NotFound: There is no such person.
    """
    identity = identity_of(request)
    id_, row = identity.sign_in.role(identity.registry(), person[:200], here(request))
    _leave_old(request)
    # Whatever is still drawn for this request is drawn for who they are now.
    request.state.session = Session(id_, row, None, owes_factor=False)
    request.state.caller = Caller(row.person, row.via, SCOPES, page_language(request))
    return _entered(request, id_, row, onward, kept)


@router.post("/logout")
def sign_out(request: Request, form: Sent) -> Response:  # noqa: ARG001 - read by the guard
    """End the session."""
    found = getattr(request.state, "session", None)
    if isinstance(found, Session):
        identity_of(request).sessions.leave(found.row)
    response = go_to("/login")
    drop_session(response, request.scope["scheme"])
    return response


@router.post("/language")
def choose_language(request: Request, form: Sent) -> Response:
    """Read on in another language."""
    response = go_to(safe_path(form.one("next"), "/"))
    set_language(response, request.scope["scheme"], "en" if form.one("language") == "en" else "vi")
    return response


def _half(request: Request) -> tuple[Session, AccountRow]:
    """A session by password that may still owe its second factor.

    Raises:
        Unidentified: There is none.
    """
    session = session_of(request)
    if session.account is None or session.row.via != SESSION:
        raise Unidentified
    return session, session.account


def _leave_old(request: Request) -> None:
    """Who signs in leaves the session that the browser had before."""
    old = getattr(request.state, "session", None)
    if isinstance(old, Session):
        identity_of(request).sessions.leave(old.row)
