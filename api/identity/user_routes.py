"""``/users``, ``/tokens`` and ``/access-log``: accounts of others, tokens of one's own, and who read what."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.asking import READ, WRITE, Asked, ask
from api.identity.access_log import Access
from api.identity.asking import answer, asker, functions_of, identity_of, must_be_real
from api.identity.errors import TokenByToken
from api.identity.guard import Session
from api.identity.rights import AccountAct, may_audit, may_manage, must_manage, needs_second_factor
from api.identity.schemas import (
    AccessOut,
    AccessPage,
    LinkOut,
    NewToken,
    OpenSession,
    ReasonGiven,
    SessionsOut,
    TokenGiven,
    TokenOut,
    TokensOut,
    UserGiven,
    UserOut,
    UsersOut,
)
from api.identity.service import Identity
from api.identity.sessions import handle_of
from api.identity.slip import link_address, slip
from api.identity.tokens import ADMIN
from api.schemas.common import LONGEST_CODE, problems
from api.strict import MemberRoute, RequestInvalid
from states.errors import NotFound, Problem
from states.words import words
from workflow.accounts import AccountRow, TokenRow

Person = Annotated[str, Path(max_length=LONGEST_CODE)]
users = APIRouter(prefix="/users", route_class=MemberRoute, tags=["users"])
tokens = APIRouter(prefix="/tokens", route_class=MemberRoute, tags=["users"])
access = APIRouter(prefix="/access-log", route_class=MemberRoute, tags=["users"])


@users.get("", response_model=UsersOut, responses=problems())
def list_users(request: Request) -> Response:
    """Người mà mình được xem tài khoản · people whose account you may look at."""
    asked, identity = ask(request, ADMIN), identity_of(request)
    registry, known = asked.registry, identity.accounts.all()
    seen = [p for p in registry.people() if may_manage(registry, asked.caller.person, p.code, AccountAct.LOOK, asked.today)]
    return answer(UsersOut(items=[_user(asked, identity, p.code, known.get(p.code)) for p in seen]))


@users.post("", status_code=201, response_model=UserOut, responses=problems(404, 409))
def create_user(request: Request, body: UserGiven) -> Response:
    """Mở tài khoản cho một người · an account for a person."""
    must_be_real(request)
    asked, identity = ask(request, ADMIN), identity_of(request)
    _must_see(asked, body.person)
    issuer = asked.run.settings.oidc_issuer
    if body.subject is not None and issuer is None:
        raise RequestInvalid([Problem("/subject", "no_provider")])
    row = identity.accounts.create(
        asked.registry, body.person, body.login, by=asker(asked.caller), day=asked.today, issuer=issuer, subject=body.subject
    )
    return answer(_user(asked, identity, row.person, row), 201)


@users.get("/{person}", response_model=UserOut, responses=problems(404))
def show_user(request: Request, person: Person) -> Response:
    """Một người và tài khoản · a person and the account."""
    asked, identity = _about(request, person, AccountAct.LOOK, own=True)
    return answer(_user(asked, identity, person, identity.accounts.find(person)))


@users.post("/{person}/link", status_code=201, response_model=LinkOut, responses=problems(404))
def give_link(request: Request, person: Person) -> Response:
    """Đường dẫn một lần để người đó tự đặt mật khẩu, kèm phiếu in · a one-time link with a slip."""
    must_be_real(request)
    asked, identity = _about(request, person, AccountAct.INVITE)
    token, link = identity.accounts.give_link(asked.registry, person, by=asker(asked.caller), day=asked.today)
    account = identity.accounts.get(person)
    where = link_address(asked.run.settings.public_url or str(request.base_url), token)
    until = link.expires_at
    made = slip(where, asked.registry.person(person).name, account.login, until, asked.language)
    return answer(LinkOut(person=person, address=where, expires_at=until, slip=made), 201)


@users.post("/{person}/disable", status_code=204, response_model=None, responses=problems(404))
def disable(request: Request, person: Person, body: ReasonGiven) -> Response:
    """Khóa tài khoản ngay · close an account at once."""
    asked, identity = _about(request, person, AccountAct.DISABLE)
    identity.accounts.disable(asked.registry, person, body.reason, by=asker(asked.caller), day=asked.today)
    return answer(None, 204)


@users.post("/{person}/enable", status_code=204, response_model=None, responses=problems(404))
def enable(request: Request, person: Person, body: ReasonGiven) -> Response:
    """Mở lại tài khoản · open it again."""
    asked, identity = _about(request, person, AccountAct.ENABLE)
    identity.accounts.enable(asked.registry, person, body.reason, by=asker(asked.caller), day=asked.today)
    return answer(None, 204)


@users.post("/{person}/second-factor/reset", status_code=204, response_model=None, responses=problems(404))
def reset_second_factor(request: Request, person: Person, body: ReasonGiven) -> Response:
    """Gỡ xác thực thứ hai đã mất; do người quản trị khác làm · take a lost second factor away."""
    asked, identity = _about(request, person, AccountAct.RESET_SECOND_FACTOR)
    identity.accounts.reset_factor(asked.registry, person, body.reason, by=asker(asked.caller), day=asked.today)
    return answer(None, 204)


@users.get("/{person}/sessions", response_model=SessionsOut, responses=problems(404))
def list_sessions(request: Request, person: Person) -> Response:
    """Các phiên đang mở · living sessions."""
    _, identity = _about(request, person, AccountAct.END_SESSIONS, own=True)
    current = getattr(request.state, "session", None)
    mine = current.row.hash if isinstance(current, Session) else None
    items = [
        OpenSession(
            handle=handle_of(row), via=row.via, source=row.source, agent=row.agent, created_at=row.created_at, seen_at=row.seen_at,
            expires_at=row.expires_at, current=row.hash == mine,
        )
        for row in identity.sessions.of(person)
    ]  # fmt: skip
    return answer(SessionsOut(items=items))


@users.delete("/{person}/sessions/{handle}", status_code=204, response_model=None, responses=problems(404))
def end_session(request: Request, person: Person, handle: Annotated[str, Path(max_length=40)]) -> Response:
    """Kết thúc một phiên · end a session."""
    asked, identity = _about(request, person, AccountAct.END_SESSIONS, own=True)
    identity.sessions.end_of(person, handle, identity.log.record(Access.SESSIONS_ENDED, person, asker(asked.caller), handle))
    return answer(None, 204)


@tokens.get("", response_model=TokensOut, responses=problems())
def list_tokens(request: Request) -> Response:
    """Mã truy cập của mình · your tokens."""
    asked, identity = ask(request, READ), identity_of(request)
    return answer(TokensOut(items=[_token(row) for row in identity.tokens.of(asked.caller.person)]))


@tokens.post("", status_code=201, response_model=NewToken, responses=problems())
def create_token(request: Request, body: TokenGiven) -> Response:
    """Tạo mã truy cập cho chương trình; chỉ hiện một lần · a token for a program, shown this once."""
    asked, identity = ask(request, WRITE), identity_of(request)
    caller = asked.caller
    if caller.via == "token":
        # A stolen token must not make itself another that outlives it.
        raise TokenByToken
    decides = needs_second_factor(asked.registry, caller.person, asked.today)
    secret, row = identity.tokens.create(
        caller.person, body.name, body.scopes, body.days, decides=decides, record=identity.token_record(asker(caller))
    )
    return answer(NewToken(token=secret, **_token(row).model_dump()), 201)


@tokens.delete("/{token}", status_code=204, response_model=None, responses=problems(404))
def revoke_token(request: Request, token: Annotated[str, Path(max_length=40)]) -> Response:
    """Thu hồi mã truy cập · revoke a token."""
    asked, identity = ask(request, WRITE), identity_of(request)
    person = asked.caller.person
    identity.tokens.revoke(token, identity.log.record(Access.TOKEN_REVOKED, person, asker(asked.caller), token), person=person)
    return answer(None, 204)


@access.get("", response_model=AccessPage, responses=problems(404))
def read_access(
    request: Request,
    case: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    person: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    """Ai đã xem gì; chỉ người kiểm tra, giám sát · who read what, for auditors alone."""
    asked, identity = ask(request, READ), identity_of(request)
    if (case is None) == (person is None):
        raise RequestInvalid([Problem("/case", "one_of_two", {"other": "person"})])
    units = _units_of(asked, case, person)
    if not may_audit(asked.registry, asked.caller.person, units, asked.today):
        # Outside the auditor's territory there is nothing to read, and nothing to learn either.
        raise NotFound(what="case", name=case) if case is not None else NotFound(what="person", name=person)
    rows = identity.log.read(subject=case, person=person, before=before, limit=limit + 1)
    names = {p.code: p.name for p in asked.registry.people()}
    items = [
        AccessOut(
            id=row.id, at=row.at, person=row.person, name=names.get(row.person, row.person), via=row.via, kind=row.kind,
            text={language: words(language).label("access", row.kind) for language in ("vi", "en")}, subject=row.subject, detail=row.detail,
            request=row.request,
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return answer(AccessPage(items=items, next=items[-1].id if len(rows) > limit else None))


def _units_of(asked: Asked, case: str | None, person: str | None) -> list[str]:
    """The units whose business a case or person is.

    Raises:
        NotFound: No such case or person.
    """
    if case is not None:
        loaded = asked.run.store.load_case(case, "")
        if loaded is None:
            raise NotFound(what="case", name=case)
        return [loaded.case.unit]
    assert person is not None  # noqa: S101 - one of the two is given
    if person not in {p.code for p in asked.registry.people()}:
        raise NotFound(what="person", name=person)
    return [h.unit for h in asked.registry.appointed(person, asked.today)]


def _about(request: Request, person: str, act: AccountAct, *, own: bool = False) -> tuple[Asked, Identity]:
    """A request about somebody's account, if the asker may do this with it."""
    asked = ask(request, READ if own else ADMIN)
    if not (own and asked.caller.person == person):
        ask(request, ADMIN)
        _must_see(asked, person)
        must_manage(asked.registry, asked.caller.person, person, act, asked.today)
    return asked, identity_of(request)


def _must_see(asked: Asked, person: str) -> None:
    """Whether somebody is there is nobody's business outside the territory.

    Raises:
        NotFound: Nobody has this code, or nobody whose account the asker may look at.
    """
    there = any(p.code == person for p in asked.registry.people())
    if not there or not may_manage(asked.registry, asked.caller.person, person, AccountAct.LOOK, asked.today):
        raise NotFound(what="person", name=person)


def _user(asked: Asked, identity: Identity, person: str, row: AccountRow | None) -> UserOut:
    registry = asked.registry
    return UserOut(
        person=person,
        name=registry.person(person).name,
        functions=functions_of(registry, identity, person),
        account=row is not None,
        login=row.login if row else None,
        opened=row is not None and (row.password is not None or row.subject is not None),
        second_factor=row is not None and row.totp is not None,
        disabled=row is not None and row.disabled_at is not None,
    )


def _token(row: TokenRow) -> TokenOut:
    return TokenOut(
        id=row.id, name=row.name, scopes=row.scopes.split(), created_at=row.created_at, expires_at=row.expires_at, revoked_at=row.revoked_at,
        used_at=row.used_at,
    )  # fmt: skip
