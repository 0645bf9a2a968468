"""The id of the request that is being served: bound where it enters, found again in every line of the log and in the history."""

from contextvars import ContextVar

IN_HISTORY = "in_history"
"""Set in a request's state where its act stands in the history with its actor and its id: it needs no other record."""

_current: ContextVar[str | None] = ContextVar("request", default=None)


def current_request() -> str | None:
    """Id of the request that this thread or task serves; None outside one."""
    return _current.get()


def bind_request(request: str | None) -> None:
    """Serve a request from here on; whoever starts a thread for it hands the context over."""
    _current.set(request)
