"""Waiting for what happens in its own time: as long as a busy machine needs, and not a moment longer than it takes."""

import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds after which nothing is coming any more, however busy the machine is."""


def until(happened: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something has happened.

    Raises:
        AssertionError: It has not, in all that time.
    """
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, what
        time.sleep(0.02)
