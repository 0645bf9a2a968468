"""Structured logs: one JSON line an event, with the id of the request, whatever text is logged."""

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO

import orjson
import structlog

_MOVING = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb]")
"""What ends a line, moves a cursor, turns the direction of text or cannot be seen, and what no stream can write; JSON itself escapes only
what lies below the space."""


def line_of(event: Any, **given: Any) -> str:
    """An event as one line of JSON, whatever it holds."""
    default = given.get("default", repr)
    try:
        text = orjson.dumps(event, default=default, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        # Half a character, which only the slower way can write.
        text = json.dumps(event, ensure_ascii=False, default=default)
    return _MOVING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


class _Lines:
    """Writes lines, each in one piece."""

    stream: TextIO = sys.stderr
    """Where to; one for all, because loggers are kept once they have been used."""

    def __init__(self, name: str = "ocop") -> None:
        self.name = name

    def info(self, line: str) -> None:
        with suppress(OSError, ValueError):
            # One call for a line, so that lines of several threads do not run into each other.
            self.stream.write(line)

    warning = error = info


def _named(logger: Any, _: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["logger"] = logger.name
    return event


def _line(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    return line_of(dict(event)) + "\n"


def set_up_logs(level: int = logging.INFO) -> None:
    """Write every event, those of the web server included, as one line of JSON to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    _Lines.stream = sys.stderr
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
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[drop, structlog.processors.JSONRenderer(line_of)])
    )
    root = logging.getLogger()
    for other in list(root.handlers):
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(level)
    # The web server's own line for each request says less than ours.
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    # Neither does that of the client, which names whole addresses: those of receivers may hold what only they should know.
    for client in ("httpx", "httpx2", "httpcore", "httpcore2"):
        logging.getLogger(client).setLevel(logging.WARNING)
