"""A serving process: HTTP, operations on many cases, and the worker where nobody else is one."""

import errno
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.background import Carrier, Embedded
from api.bootstrap import Runtime
from api.identity.connections import Limits, bounded
from api.identity.install import install
from api.logs import set_up_logs
from api.pages.install import furnish
from api.settings import Settings
from api.stopping import Asked
from states.errors import StoreUnsafe
from workflow.worker import heartbeats

TRIED = 20
"""Ports that are tried after the one that was asked for."""

GRACE_SECONDS = 10
_EVERY = timedelta(seconds=5)
KEEP_ALIVE = 15
_MOST_AT_ONCE = 400


def serve(run: Runtime, host: str, port: int, *, worker: bool | None, say: Callable[[int, bool], None]) -> None:
    """Serve until somebody stops the process; what is under way is finished.

    Args:
        run: The runtime; closed by whoever built it.
        host: Address to listen on.
        port: Port; the next one that is free where it is busy, any for 0.
        worker: Whether to sweep as well; None: where nobody else does.
        say: Is told the port that it became, and whether this process sweeps.

    Raises:
        StoreUnsafe: ``port_unavailable``, or ``sqlite_second_writer``.
    """
    # The server takes both signals over once it runs, stops in order, and raises them again, which must not end the process before the
    # database is closed. One that comes before it runs is heard here.
    asked = Asked()
    listener = listening(host, port)
    try:
        if run.store.dialect == "sqlite":
            # Whoever else wants to write is told at once who holds the database.
            run.store.claim_writer()
        embedded = _embedded(run, worker)
        say(listener.getsockname()[1], embedded is not None)
        serving = server(application(run, embedded), run.settings)

        def stop() -> None:
            serving.should_exit = True

        asked.then(stop)
        serving.run(sockets=[listener])
    finally:
        listener.close()


def server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """A server for an application, with its limits and its log."""
    set_up_logs()
    config = uvicorn.Config(
        app,
        http=bounded(Limits(of_one_source=0) if settings.public_url else None),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=_MOST_AT_ONCE,
    )
    return uvicorn.Server(config)


def application(run: Runtime, embedded: Embedded | None) -> FastAPI:
    """The application with what runs beside it; that is stopped before the last answer, and finishes what is under way."""
    carrier = Carrier(run)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        carrier.start()
        if embedded is not None:
            embedded.start()
        try:
            yield
        finally:
            if embedded is not None:
                embedded.stop()
            carrier.stop()

    app = create_app(run, lifespan=lifespan)
    install(app, run, run.settings)
    furnish(app)
    app.state.wake = carrier.wake
    app.state.embedded = embedded.name if embedded is not None else None
    return app


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on the port, or on the next one that is free.

    Raises:
        StoreUnsafe: ``port_unavailable``.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last: OSError | None = None
    for candidate in range(port, min(port + TRIED, 65_535) + 1) if port else (0,):
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, candidate))
            made.listen(1024)
        except OSError as error:
            made.close()
            last = error
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                break
        else:
            made.set_inheritable(False)
            return made
    raise StoreUnsafe("port_unavailable", host=host, port=port, why=last.strerror or str(last) if last else "–")


def _embedded(run: Runtime, worker: bool | None) -> Embedded | None:  # noqa: FBT001 - as asked for
    """The worker of this process: if asked for, or if nobody else was heard of; on SQLite nobody else could write."""
    if worker is None:
        now = run.clock.now()
        worker = run.store.dialect == "sqlite" or not any(beat.alive(now) for beat in heartbeats(run.store))
    name = f"{socket.gethostname()}:{os.getpid()}"
    return Embedded(run, name, _EVERY) if worker else None
