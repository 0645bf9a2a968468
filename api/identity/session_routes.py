"""``/session``: sign in, show the second factor, choose a password, sign out."""

import base64

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from api.asking import READ, ask
from api.caller import Caller, caller_of
from api.identity.asking import answer, asker, described, functions_of, here, identity_of, must_be_protected, signed_in
from api.identity.cookies import drop_session, set_language, set_session
from api.identity.errors import SecondFactorKnown
from api.identity.guard import Session, session_of
from api.identity.schemas import (
    CodeGiven,
    EnrolGiven,
    EnrolmentOut,
    LanguageGiven,
    LinkUsed,
    LoginGiven,
    PasswordGiven,
    RoleGiven,
    SessionOut,
)
from api.identity.sessions import SESSION
from api.identity.slip import qr
from api.identity.totp import address
from api.schemas.common import problems
from api.strict import StrictRoute
from workflow.accounts import AccountRow

ISSUER = "OCOP"
router = APIRouter(prefix="/session", route_class=StrictRoute, tags=["session"])


@router.post("", response_model=SessionOut, responses=problems(429))
def sign_in(request: Request, body: LoginGiven) -> Response:
    """Đăng nhập bằng mật khẩu · sign in with a password."""
    must_be_protected(request)
    identity, registry, at = identity_of(request), identity_of(request).registry(), here(request)
    id_, row = identity.sign_in.password(registry, body.login, body.password, at, identity.today())
    _leave_old(request)
    account = identity.accounts.find(row.person)
    if body.code is not None and not row.whole and account is not None and account.totp is not None:
        id_, row = identity.sign_in.second_factor(row, account, body.code, at)
    return signed_in(request, id_, row)


@router.get("", response_model=SessionOut, responses=problems())
def who_am_i(request: Request) -> Response:
    """Ai đang đăng nhập, còn thiếu gì · who is signed in, and what is still asked for."""
    caller = getattr(request.state, "caller", None)
    if isinstance(caller, Caller) and caller.via == "token":
        identity = identity_of(request)
        registry = identity.registry()
        return answer(
            SessionOut(
                person=caller.person, name=registry.person(caller.person).name, via="token", language=caller.language,
                scopes=sorted(caller.scopes), functions=functions_of(registry, identity, caller.person), second_factor="not_asked",
                csrf=None, expires_at=None,
            )
        )  # fmt: skip
    return answer(described(request, session_of(request)))


@router.delete("", status_code=204, response_model=None, responses=problems())
def sign_out(request: Request) -> Response:
    """Đăng xuất · sign out."""
    identity_of(request).sessions.leave(session_of(request).row)
    response = answer(None, 204)
    drop_session(response, request.scope["scheme"])
    return response


@router.post("/second-factor", response_model=SessionOut, responses=problems(409, 429))
def show_second_factor(request: Request, body: CodeGiven) -> Response:
    """Nhập mã xác thực thứ hai · show the second factor."""
    session = session_of(request)
    id_, row = identity_of(request).sign_in.second_factor(session.row, _account(session), body.code, here(request))
    return signed_in(request, id_, row)


@router.post("/second-factor/enrolment", response_model=EnrolmentOut, responses=problems(409))
def begin_enrolment(request: Request) -> Response:
    """Lấy mã QR để đăng ký xác thực thứ hai · a second factor to be enrolled."""
    account = _account(session_of(request))
    secret, sealed = identity_of(request).accounts.new_factor(account)
    said = base64.b32encode(secret).decode()
    where = address(secret, account.login, ISSUER)
    return answer(EnrolmentOut(sealed=sealed, secret=said, address=where, qr=qr(where)))


@router.put("/second-factor/enrolment", response_model=SessionOut, responses=problems(409, 429))
def finish_enrolment(request: Request, body: EnrolGiven) -> Response:
    """Xác nhận bằng mã đầu tiên · keep it, by its first code."""
    session, identity = session_of(request), identity_of(request)
    return signed_in(request, *identity.sign_in.enrol(session.row, _account(session), body.sealed, body.code))


@router.post("/link", response_model=SessionOut, responses=problems(410))
def use_link(request: Request, body: LinkUsed) -> Response:
    """Đặt mật khẩu bằng đường dẫn một lần · choose a password by a one-time link."""
    must_be_protected(request)
    identity, registry = identity_of(request), identity_of(request).registry()
    account = identity.accounts.use_link(body.token, body.password, registry)
    id_, row = identity.sign_in.by_link(registry, account, here(request), identity.today())
    _leave_old(request)
    return signed_in(request, id_, row)


@router.put("/password", response_model=SessionOut, responses=problems(429))
def change_password(request: Request, body: PasswordGiven) -> Response:
    """Đổi mật khẩu; các phiên khác kết thúc · another password; every other session ends."""
    caller, session, identity = caller_of(request), session_of(request), identity_of(request)
    with identity.sign_in.said_again(caller.person, here(request)):
        renewed = identity.accounts.change_password(identity.registry(), session.row, body.old, body.new, by=asker(caller))
    return signed_in(request, *renewed)


@router.post("/role", response_model=SessionOut, responses=problems(404))
def act_as(request: Request, body: RoleGiven) -> Response:
    """Bản tập huấn: chọn vai · in a rehearsal, choose a role."""
    identity = identity_of(request)
    id_, row = identity.sign_in.role(identity.registry(), body.person, here(request))
    _leave_old(request)
    return signed_in(request, id_, row)


@router.put("/language", status_code=204, response_model=None, responses=problems())
def choose_language(request: Request, body: LanguageGiven) -> Response:
    """Chọn ngôn ngữ · choose a language."""
    ask(request, READ)
    response = answer(None, 204)
    set_language(response, request.scope["scheme"], body.language)
    return response


login = APIRouter(prefix="/login", tags=["session"])


@login.get("/provider", status_code=302, response_model=None, response_class=Response, responses=problems(404, 502))
async def to_provider(request: Request) -> Response:
    """Đăng nhập bằng hệ thống đăng nhập chung · sign in with the identity provider."""
    must_be_protected(request)
    answered: Response = await request.app.state.provider.begin(request)
    return answered


@login.get("/provider/back", status_code=303, response_model=None, response_class=Response, responses=problems(400, 404, 502))
async def from_provider(request: Request) -> Response:
    """Hệ thống đăng nhập chung trả lời · what the identity provider answers."""
    id_, _ = await request.app.state.provider.finish(request)
    response = RedirectResponse("/", status_code=303)
    set_session(response, request.scope["scheme"], id_)
    return response


def _account(session: Session) -> AccountRow:
    """The account of a session by password or provider.

    Raises:
        SecondFactorKnown: A rehearsal asks for none.
    """
    if session.account is None or session.row.via != SESSION:
        raise SecondFactorKnown
    return session.account


def _leave_old(request: Request) -> None:
    """Who signs in leaves the session that the browser had before, so that nobody goes on under an id that was planted."""
    old = getattr(request.state, "session", None)
    if isinstance(old, Session):
        identity_of(request).sessions.leave(old.row)
