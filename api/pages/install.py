"""Gives an application its pages."""

from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api.caller import Unidentified
from api.identity.errors import AskedFromElsewhere, SecondFactorNeeded
from api.identity.guard import Session
from api.pages import account, ack, acting, cases, entrance, late_door, listing, registering, round_acts, round_export, rounds, slips, work
from api.pages.fields import PREFIX
from api.pages.frame import Form, Said, go_to, page_language, plain, read_form, render, words_of
from api.pages.kept import keep, keepable, opened
from api.problems import body_of
from api.strict import RequestInvalid
from states.errors import CycleError, StoreUnsafe
from states.words import words

MODULES = (entrance, ack, account, slips, work, listing, registering, cases, acting, rounds, round_acts, late_door, round_export)
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
        return _to_sign_in(request, status)
    again = _of_another_session(request, status) if isinstance(error, AskedFromElsewhere) else None
    if again is not None:
        return again
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


def _given_back(request: Request, form: Form, status: int) -> Response:
    """What was typed while the session ended: it goes along with the way in; what cannot be carried is shown, to be taken along by hand."""
    kept = keep(request, form.pairs())
    said, t = words(page_language(request)), Said(page_language(request))
    typed = [
        (t("act.reason") if name == "reason" else said.label("field", name.removeprefix(PREFIX)), ", ".join(form.all(name)))
        for name in form.names()
        if (name.startswith(PREFIX) or name in {"reason", "acted_on"}) and form.all(name)
    ]
    onward = quote(request.url.path.partition("/confirmations/")[0])
    return entrance.ask_again(request, status, kept, () if kept else tuple(typed), onward)


def _to_sign_in(request: Request, status: int) -> Response:
    session, form = getattr(request.state, "session", None), getattr(request.state, "form", None)
    typed = isinstance(form, Form) and keepable(request.url.path)
    if isinstance(form, Form) and typed and (not isinstance(session, Session) or keep(request, form.pairs())):
        return _given_back(request, form, status)
    if isinstance(session, Session):
        return go_to("/login/code")
    query = f"?{request.url.query}" if request.url.query else ""
    back = f"?next={quote(request.url.path + query)}" if request.method in {"GET", "HEAD"} and request.url.path != "/" else ""
    return go_to(f"/login{back}")


def _of_another_session(request: Request, status: int) -> Response | None:
    """A form that an earlier session of this browser had drawn; None where it is none of ours, or nothing was typed into it."""
    try:
        form = read_form(getattr(request.state, "sent", b""))
    except RequestInvalid:
        return None
    kept = "".join(form.all("kept")[:1]) if request.url.path == "/login/resume" else keep(request, form.pairs())
    return entrance.ask_again(request, status, kept) if kept and opened(request, kept) is not None else None
