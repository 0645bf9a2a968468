"""The application over HTTP, made by a factory around a runtime."""

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from api.asking import CommitInDoubt
from api.bootstrap import Runtime
from api.documentation import documented
from api.metrics import Metrics
from api.openapi import described
from api.pages import rehearsal as rehearsal_pages
from api.problems import NoSuchMethod, NoSuchRoute, ServiceUnavailable, TooLarge, from_schema, problem_response
from api.quick import Quick, ShortWays
from api.readiness import Readiness
from api.routes import (
    audit,
    bulk,
    calendars,
    calling,
    cases,
    choices,
    confirmations,
    deliveries,
    feeds,
    foreseeing,
    health,
    histories,
    inbox,
    links,
    plan_work,
    plans,
    registers,
    rehearsal,
    reminders,
    rounds,
    webhooks,
    worklists,
)
from api.transport import Transport
from states.errors import CycleError, MalformedInput, StoreUnsafe

PREFIX = "/api/v1"
MODULES = (
    cases, histories, confirmations, rounds, foreseeing, plans, plan_work, calendars, registers, worklists, bulk, audit, deliveries, inbox, reminders, calling,
    links, choices, feeds, webhooks, rehearsal,
)  # fmt: skip
log = structlog.get_logger("ocop.http")


def create_app(
    runtime: Runtime, *, identify: Sequence[Middleware] = (), lifespan: Any = None, quick: bool = True, **limits: Any
) -> FastAPI:
    """The application.

    Args:
        runtime: Database, clock and services; closed by whoever built it.
        identify: Middleware that finds out who asks and leaves it in ``request.state.caller``.
        lifespan: What runs beside it, such as the embedded worker.
        quick: Whether plain requests go the short ways of :mod:`api.quick`, which answer the same.
        limits: Of :class:`api.transport.Transport`.
    """
    app = FastAPI(
        title="ocop-cycle",
        version="1",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        middleware=[Middleware(Transport, **limits), *identify, *([Middleware(ShortWays, answer_for=_refused)] if quick else [])],
    )
    app.state.runtime = runtime
    app.state.metrics = Metrics(runtime)
    app.state.embedded = None
    app.state.readiness = Readiness(lambda: health.look(app))
    app.state.wake = lambda: None
    app.state.quick = Quick(runtime)
    for module in MODULES:
        app.include_router(module.router, prefix=PREFIX)
    app.include_router(feeds.calendars, prefix=PREFIX)
    app.include_router(health.router)
    if runtime.rehearsal:
        app.include_router(rehearsal_pages.router)
    app.add_exception_handler(CycleError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    described(app)
    documented(app)
    return app


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, CycleError)  # noqa: S101 - registered for nothing else
    if isinstance(error, StoreUnsafe) and not isinstance(error, CommitInDoubt):
        # What the driver says names hosts and files, which is for the log alone.
        log.error("store", fault=str(error))
        error = ServiceUnavailable()
    return problem_response(request, error, getattr(request.state, "case", None))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    asked = getattr(request.scope.get("route"), "body_field", None)
    return problem_response(request, from_schema(error.errors(), asked.field_info.annotation if asked is not None else None))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    fault: CycleError
    match error.status_code:
        case 404:
            fault = NoSuchRoute(path=request.url.path[:200])
        case 405:
            fault = NoSuchMethod(method=request.method)
        case 413:
            fault = TooLarge(limit=0)
        case _:
            fault = MalformedInput()
    response = problem_response(request, fault)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    if error.status_code == 405:  # noqa: PLR2004 - of several routes at one address the framework names the first alone
        response.headers["allow"] = ", ".join(_methods_at(request))
    return response


def _methods_at(request: Request) -> list[str]:
    """Every method that something answers to at the address of a request."""
    there = []
    for method in ("DELETE", "GET", "POST", "PUT"):
        asked = {**request.scope, "method": method}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.router.routes):
            there += ["GET", "HEAD"] if method == "GET" else [method]
    return there
