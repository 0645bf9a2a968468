"""Gives an application its pages."""

from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.caller import Unidentified
from api.identity.errors import SecondFactorNeeded
from api.identity.guard import Session
from api.pages import account, ack, acting, cases, entrance, listing, registering, round_acts, round_export, rounds, slips, work
from api.pages.frame import go_to, page_language, plain, render, words_of
from api.problems import body_of
from states.errors import CycleError, StoreUnsafe
from states.words import words

MODULES = (entrance, ack, account, slips, work, listing, registering, cases, acting, rounds, round_acts, round_export)
_BROKEN = 500


def furnish(app: FastAPI) -> None:
    """Add the pages, and let what is refused on them be told on a page."""
    for module in MODULES:
        app.include_router(module.router, include_in_schema=False)
    app.state.problem_page = problem_page


def problem_page(request: Request, error: CycleError, status: int) -> Response | None:
    """What was refused as a page, for whoever asked for a page; None for everybody else."""
    if request.url.path.startswith(("/api/", "/problems/", "/static/")) or "text/html" not in request.headers.get("accept", ""):
        return None
    if isinstance(error, Unidentified | SecondFactorNeeded):
        return _to_sign_in(request)
    said = words(page_language(request))
    body = body_of(error, page_language(request), request.url.path)
    values: dict[str, Any] = {"title": body["title"], "detail": body["detail"], "number": body["request"]}
    reasons = words_of(error, said)
    if status >= _BROKEN or isinstance(error, StoreUnsafe):
        return plain(request, "fault.html", status=status, reasons=[], **values)
    try:
        return render(request, "fault.html", status=status, reasons=reasons, **values)
    except CycleError:
        return plain(request, "fault.html", status=status, reasons=reasons, **values)


def _to_sign_in(request: Request) -> Response:
    session = getattr(request.state, "session", None)
    if isinstance(session, Session):
        return go_to("/login/code")
    query = f"?{request.url.query}" if request.url.query else ""
    back = f"?next={quote(request.url.path + query)}" if request.method in {"GET", "HEAD"} and request.url.path != "/" else ""
    return go_to(f"/login{back}")
