"""Structured logs: one JSON line an event, with the id of the request, whatever text is logged."""

import logging
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import orjson
import structlog


class _Lines:
    """Writes lines to standard error, each in one piece."""

    def __init__(self, name: str = "ocop") -> None:
        self.name = name

    def info(self, line: bytes) -> None:
        with suppress(OSError, ValueError):
            # One call for a line, so that lines of several threads do not run into each other.
            os.write(2, line)

    warning = error = info


def _named(logger: Any, _: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["logger"] = logger.name
    return event


def _line(_: Any, __: str, event: MutableMapping[str, Any]) -> bytes:
    return orjson.dumps(dict(event), default=repr, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def set_up_logs(level: int = logging.INFO) -> None:
    """Write every event, those of the web server included, as one line of JSON to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        # Ours go straight to where they are written: the standard library's way there costs more than reading a case.
        processors=[
            structlog.contextvars.merge_contextvars,
            _named,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _line,
        ],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[drop, structlog.processors.JSONRenderer(ensure_ascii=False)]
        )
    )
    root = logging.getLogger()
    for other in list(root.handlers):
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(level)
    # The web server's own line for each request says less than ours.
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
