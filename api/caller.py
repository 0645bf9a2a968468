"""Who asks over HTTP: the seam between identity, which finds it out, and the routes, which act on it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from states.errors import CycleError

if TYPE_CHECKING:
    from starlette.requests import Request


class Unidentified(CycleError):
    """Nobody signed in, or the token is not known. Answered with 401."""

    code = "unidentified"


class TokenUnknown(Unidentified):
    """A token was sent that opens nothing: wrong, expired, revoked, or its holder has come to need a second factor; nobody learns which."""

    code = "token_unknown"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as identity found it out.

    Attributes:
        person: Person code; acts are theirs.
        via: ``session``, ``token`` or ``rehearsal``.
        scopes: ``read``, ``write`` …; a session has all.
        language: Of the person's settings; a request may ask for another.
    """

    person: str
    via: str
    scopes: frozenset[str]
    language: str = "vi"


def caller_of(request: "Request") -> Caller:
    """Who asks, as a middleware of identity left it in ``request.state.caller``.

    Raises:
        Unidentified: It left nothing.
        CycleError: What it left in ``request.state.unfinished``: somebody has begun to sign in.
    """
    caller = request.scope.get("state", {}).get("caller")
    if not isinstance(caller, Caller):
        begun = getattr(request.state, "unfinished", None)
        raise begun if isinstance(begun, CycleError) else Unidentified()
    return caller
