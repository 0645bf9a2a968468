"""The session's cookie: bound to this host and to TLS, out of reach of scripts, not sent along from other sites."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

PROTECTED, PLAIN = "__Host-ocop", "ocop"
LANGUAGE = "ocop_language"


def cookie_name(scheme: str) -> str:
    """The name by scheme: what came in without TLS is never taken for what belongs to TLS."""
    return PROTECTED if scheme == "https" else PLAIN


def session_id(request: HTTPConnection) -> str | None:
    """The session id that the browser sent."""
    return request.cookies.get(cookie_name(request.scope["scheme"]))


def set_session(response: Response, scheme: str, id_: str) -> None:
    """Give the browser a session; it forgets it when it is closed."""
    response.set_cookie(cookie_name(scheme), id_, path="/", httponly=True, samesite="lax", secure=scheme == "https")


def drop_session(response: Response, scheme: str) -> None:
    """Take it back."""
    response.delete_cookie(cookie_name(scheme), path="/", httponly=True, samesite="lax", secure=scheme == "https")


def set_language(response: Response, scheme: str, language: str) -> None:
    """Remember a language for a year."""
    response.set_cookie(LANGUAGE, language, max_age=31_536_000, path="/", httponly=True, samesite="lax", secure=scheme == "https")
