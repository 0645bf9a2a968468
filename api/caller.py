"""Who asks over HTTP: the seam between identity, which finds it out, and the routes, which act on it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from states.errors import CycleError

if TYPE_CHECKING:
    from starlette.requests import Request


class Unidentified(CycleError):
    """Nobody signed in, or the token is not known. Answered with 401."""

    code = "unidentified"


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
    """
    caller = request.scope.get("state", {}).get("caller")
    if not isinstance(caller, Caller):
        raise Unidentified
    return caller
