"""Being asked to stop: heard at any moment, acted on at one."""

import signal
import time
from collections.abc import Callable

_LOOK = 0.2
"""Seconds between two looks at whether somebody asked; so long does a process that waits take to begin to stop."""


class Asked:
    """Whether somebody asked this process to stop, by Ctrl-C or by SIGTERM, since this was made.

    Left to itself, Python raises ``KeyboardInterrupt`` wherever the process happens to be; where that is a destructor or a callback of
    somebody's library, it is printed and forgotten, and the process runs on. Here a signal leaves a mark and no more: no lock is taken,
    nothing is stopped in the middle of something else.
    """

    def __init__(self) -> None:
        """Listen from now on; only the main thread may."""
        self._heard: list[int] = []
        self._then: list[Callable[[], None]] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hear)

    def _hear(self, number: int, _: object) -> None:
        self._heard.append(number)
        for mark in self._then:
            mark()

    def __bool__(self) -> bool:
        """Whether somebody has."""
        return bool(self._heard)

    def then(self, mark: Callable[[], None]) -> None:
        """Call this when somebody asks, at once if somebody has: a mark only, for it is called in the middle of anything; twice does no harm."""
        self._then.append(mark)
        if self:
            mark()

    def wait(self) -> None:
        """Wait until somebody asks."""
        while not self:
            time.sleep(_LOOK)
