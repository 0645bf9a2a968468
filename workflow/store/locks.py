"""Locks that the operating system frees when their holder dies, however it dies; the file beside the database names the holder."""

import os
import sys
from pathlib import Path

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _try_lock(handle: int) -> bool:
        os.lseek(handle, 1 << 20, os.SEEK_SET)  # Far behind the text, which stays readable to the one who is turned away.
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        # flock belongs to the open file: closing some other handle of the same file, as POSIX locks would have it, does not free it.
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class LockHeldError(Exception):
    """Somebody else has it; ``holder`` is the process id as text, or ``?``."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class FileLock:
    """An exclusive lock over processes, named by a file that stays behind when it is released."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            LockHeldError: another holder, in this process or another.
        """
        self.path = path
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _try_lock(handle):
            os.lseek(handle, 0, os.SEEK_SET)
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            os.close(handle)
            raise LockHeldError(holder or "?")
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._handle: int | None = handle

    def release(self) -> None:
        """Give it up; a second call does nothing."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None
