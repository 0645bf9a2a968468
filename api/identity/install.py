"""Puts identity into an application: middleware before its routes, and routes of its own."""

from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from api.bootstrap import Runtime
from api.identity import delegation_routes, session_routes, user_routes
from api.identity.edges import SecurityHeaders
from api.identity.guard import Guard
from api.identity.passwords import Hasher
from api.identity.provider import Handshake, Provider
from api.identity.service import Identity, build_identity
from api.quick import ShortWays
from api.settings import Settings
from workflow.clock import Clock

PREFIX = "/api/v1"


def install(app: FastAPI, runtime: Runtime, settings: Settings, *, clock: Clock | None = None, hasher: Hasher | None = None) -> Identity:
    """Let an application know who asks; before it serves its first request.

    Args:
        app: The application; what it has as middleware by now stands before identity, which so may raise.
        runtime: The database and its services.
        settings: Of the installation.
        clock: Of sign-ins and sessions, instead of the machine's.
        hasher: Of passwords, instead of argon2id at its full cost.

    Returns:
        Identity, also as ``app.state.identity``.

    Raises:
        StoreUnsafe: The installation's key cannot be read.
    """
    identity = build_identity(runtime, clock=clock, hasher=hasher)
    app.state.identity = identity
    app.state.provider = Provider(identity)
    tls = settings.public_url is not None and settings.public_url.startswith("https:")
    app.add_middleware(SecurityHeaders)
    guards = [
        Middleware(Guard, identity=identity, public_url=settings.public_url),
        Middleware(Handshake, secret=identity.vault.signing, tls=tls),
    ]
    # Who asks is known before anything is answered, on the short ways as well.
    stack: list[Any] = app.user_middleware
    place = next((n for n, each in enumerate(stack) if each.cls is ShortWays), len(stack))
    stack[place:place] = guards
    for router in (session_routes.router, user_routes.users, user_routes.tokens, user_routes.access, delegation_routes.router):
        app.include_router(router, prefix=PREFIX)
    app.include_router(session_routes.login)
    return identity
