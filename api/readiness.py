"""Whether a process can serve, found out within bounds: a database that does not answer at all is not waited for."""

import threading
from collections.abc import Callable, Mapping

SECONDS = 3.0
"""Whoever watches asks every few seconds, and has more to do than to wait for tables that somebody is migrating."""
SILENT: Mapping[str, str] = {"database": "silent"}


class Readiness:
    """One look at a time, however many ask: those who ask while one is under way wait for that one."""

    def __init__(self, look: Callable[[], Mapping[str, str]], seconds: float = SECONDS) -> None:
        """Look by ``look``, which names each check and what became of it, and wait so long for it."""
        self._look = look
        self._seconds = seconds
        self._guard = threading.Lock()
        self._under_way: _Look | None = None

    def checks(self) -> Mapping[str, str]:
        """What each check found, or that the database is silent."""
        with self._guard:
            look = self._under_way
            if look is None or look.done.is_set():
                look = self._under_way = _Look(self._look)
                # It must not keep a process from ending that waits for a lost database.
                threading.Thread(target=look.carry_out, name="readiness", daemon=True).start()
        return look.found if look.done.wait(self._seconds) else SILENT


class _Look:
    """A look, and what it has found."""

    def __init__(self, look: Callable[[], Mapping[str, str]]) -> None:
        self._look = look
        self.found: Mapping[str, str] = SILENT
        self.done = threading.Event()

    def carry_out(self) -> None:
        try:
            self.found = self._look()
        finally:
            self.done.set()
