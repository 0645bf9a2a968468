"""What identity's routes share: the installation's identity, where a request comes from, and answers that set cookies."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.caller import Caller
from api.identity.access_log import Asker
from api.identity.cookies import place_of, set_place, set_session
from api.identity.errors import RolesInstead
from api.identity.guard import Session
from api.identity.origin import check_protected
from api.identity.rights import needs_second_factor
from api.identity.schemas import HoldingOut, SessionOut
from api.identity.service import Identity
from api.identity.sessions import REHEARSAL, csrf_of
from api.identity.signing_in import From
from api.identity.tokens import SCOPES, digest, secret_text
from api.requests import current_request
from workflow.accounts import SessionRow
from workflow.registry import Registry


def identity_of(request: Request) -> Identity:
    """The identity of this installation."""
    found: Identity = request.app.state.identity
    return found


def here(request: Request) -> From:
    """Where a request comes from; behind a proxy the server has put the client's own address there. A browser that is new gets a name."""
    request.state.place = place_of(request) or secret_text()
    source = request.client.host if request.client else "–"
    return From(source, request.headers.get("user-agent", ""), f"browser {digest(request.state.place).hex()[:32]}")


def let_in(request: Request, response: Response, id_: str, row: SessionRow) -> None:
    """Give the browser its session; where it was by password, it is known by its own mistakes alone from then on."""
    set_session(response, request.scope["scheme"], id_)
    place = getattr(request.state, "place", None)
    if place is not None and row.via != REHEARSAL:
        set_place(response, request.scope["scheme"], place)


def must_be_protected(request: Request) -> None:
    """Refuse to sign anybody in over a connection that others can read; in a rehearsal there is nothing to read.

    Raises:
        NotProtected: It is neither encrypted nor within this machine.
    """
    if not identity_of(request).runtime.rehearsal:
        check_protected(request.scope["scheme"], here(request).source)


def must_be_real(request: Request) -> None:
    """Refuse accounts in a rehearsal, which has roles instead.

    Raises:
        RolesInstead: This is one.
    """
    if identity_of(request).runtime.rehearsal:
        raise RolesInstead


def asker(caller: Caller) -> Asker:
    """The caller as one who manages accounts."""
    return Asker(caller.person, caller.via, current_request() or "")


def answer(body: Any, status: int = 200) -> Response:
    """An answer as JSON that nobody keeps."""
    content = b"" if body is None else orjson.dumps(body.model_dump(mode="python") if hasattr(body, "model_dump") else body)
    return Response(content, status_code=status, media_type=None if body is None else "application/json")


def functions_of(registry: Registry, identity: Identity, person: str) -> list[HoldingOut]:
    """What a person exercises today."""
    day = identity.today()
    return [
        HoldingOut(
            seat=str(h.seat), unit=h.unit, unit_name=registry.unit_name(h.unit, day), producer=h.producer, principal=h.principal,
            delegation=h.delegation,
        )
        for h in registry.holdings(person, day)
    ]  # fmt: skip


def described(request: Request, session: Session) -> SessionOut:
    """A session as its person sees it."""
    identity = identity_of(request)
    registry, row = identity.registry(), session.row
    owed = not row.whole or session.owes_factor
    enrolled = session.account is not None and session.account.totp is not None
    caller = getattr(request.state, "caller", None)
    return SessionOut(
        person=row.person,
        name=registry.person(row.person).name,
        via="rehearsal" if row.via == REHEARSAL else "session",
        language=caller.language if isinstance(caller, Caller) else "vi",
        scopes=[] if owed else sorted(SCOPES),
        functions=functions_of(registry, identity, row.person),
        second_factor=("owed" if enrolled else "to_enrol") if owed else "shown" if row.strong and row.via != REHEARSAL else "not_asked",
        csrf=csrf_of(session.id),
        expires_at=row.expires_at,
    )


def signed_in(request: Request, id_: str, row: SessionRow) -> Response:
    """The answer to a sign-in: who it is, and the cookie under its new id."""
    identity = identity_of(request)
    account = identity.accounts.find(row.person)
    owes = not row.strong and needs_second_factor(identity.registry(), row.person, identity.today())
    response = answer(described(request, Session(id_, row, account, owes)))
    let_in(request, response, id_, row)
    return response
