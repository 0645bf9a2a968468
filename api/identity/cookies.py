"""The session's cookie: bound to this host and to TLS, out of reach of scripts, not sent along from other sites."""

import re

from starlette.requests import HTTPConnection
from starlette.responses import Response

PROTECTED, PLAIN = "__Host-ocop", "ocop"
PROTECTED_PLACE, PLAIN_PLACE = "__Host-ocop-place", "ocop-place"
LANGUAGE = "ocop_language"
_PLACE_KEPT = 2_592_000
_PLACE = re.compile(r"[A-Za-z0-9_-]{43}")


def cookie_name(scheme: str) -> str:
    """The name by scheme: what came in without TLS is never taken for what belongs to TLS."""
    return PROTECTED if scheme == "https" else PLAIN


def session_id(request: HTTPConnection) -> str | None:
    """The session id that the browser sent."""
    return request.cookies.get(cookie_name(request.scope["scheme"]))


def set_session(response: Response, scheme: str, id_: str) -> None:
    """Give the browser a session; it forgets it when it is closed."""
    response.set_cookie(cookie_name(scheme), id_, path="/", httponly=True, samesite="lax", secure=scheme == "https")


def place_of(request: HTTPConnection) -> str | None:
    """What this browser was called when somebody signed in with it."""
    given = request.cookies.get(_place_name(request.scope["scheme"]), "")
    return given if _PLACE.fullmatch(given) else None


def set_place(response: Response, scheme: str, place: str) -> None:
    """Let the browser be known again for a month. It opens nothing: it only has mistakes of its own."""
    response.set_cookie(_place_name(scheme), place, max_age=_PLACE_KEPT, path="/", httponly=True, samesite="lax", secure=scheme == "https")


def _place_name(scheme: str) -> str:
    return PROTECTED_PLACE if scheme == "https" else PLAIN_PLACE


def drop_session(response: Response, scheme: str) -> None:
    """Take it back."""
    response.delete_cookie(cookie_name(scheme), path="/", httponly=True, samesite="lax", secure=scheme == "https")


def set_language(response: Response, scheme: str, language: str) -> None:
    """Remember a language for a year."""
    response.set_cookie(LANGUAGE, language, max_age=31_536_000, path="/", httponly=True, samesite="lax", secure=scheme == "https")
