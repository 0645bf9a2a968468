"""What is written to the log, set up as a serving process does it."""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from api.logs import set_up_logs


@contextmanager
def logging_to() -> Iterator[io.StringIO]:
    """The log as text."""
    stream, root, usual = io.StringIO(), logging.getLogger(), sys.stderr
    handlers, level = list(root.handlers), root.level
    sys.stderr = stream
    try:
        set_up_logs()
        sys.stderr = usual
        yield stream
    finally:
        sys.stderr = usual
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)
