"""Passwords: argon2id, composed form, length and a list of what everybody tries. No rules of composition (OWASP ASVS 5.0, 6.2).

A password typed on one keyboard as ``ệ`` and on another as ``ê`` with a dot below is the same password, so it is brought into NFC first.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable
from importlib.resources import files

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from api.identity.errors import PasswordRefused
from states.errors import Problem

SHORTEST, LONGEST = 12, 128
"""Characters. ASVS asks for 8 at least, and 64 have to be possible; 12 because not everybody has a second factor."""
_AT_ONCE = 2
"""Hashes computed at the same time: each takes 64 MiB and half a core for a fifth of a second."""
_FEWEST_SIGNS = 5


class Hasher:
    """Hashes and compares passwords, a few at a time."""

    def __init__(self, hasher: PasswordHash | None = None) -> None:
        """Use argon2id with the library's recommended cost, unless given otherwise."""
        self._hasher = hasher or PasswordHash((Argon2Hasher(),))
        self._gate = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """The hash in PHC form."""
        with self._gate:
            return self._hasher.hash(normal(password))

    def matches(self, password: str, known: str | None) -> tuple[bool, str | None]:
        """Whether it is the password, and its hash at today's cost where the known one was cheaper.

        Without a known hash the same work is done for nothing, so that the time taken says nothing either.
        """
        if self._nobody is None:
            self._nobody = self.hash("nobody has this password")
        with self._gate:
            try:
                right, newer = self._hasher.verify_and_update(normal(password)[: LONGEST * 4], known or self._nobody)
            except UnknownHashError:
                return False, None
        return (right, newer) if known is not None else (False, None)


def normal(password: str) -> str:
    """The composed form."""
    return unicodedata.normalize("NFC", password)


def check(password: str, about: Iterable[str] = ()) -> str:
    """The password in composed form, if it may be one.

    Args:
        password: As typed.
        about: What others know of the person: login, name, unit; no password may be made of it.

    Raises:
        PasswordRefused: ``password_too_short``, ``password_too_long``, ``password_unreadable``, ``password_common``, ``password_personal``.
    """
    chosen = normal(password)
    code, detail = _fault(chosen, about)
    if code is not None:
        raise PasswordRefused([Problem("/password", code, detail)])
    return chosen


def _fault(chosen: str, about: Iterable[str]) -> tuple[str | None, dict[str, object]]:
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in chosen):
        return "password_unreadable", {}
    if len(chosen) < SHORTEST:
        return "password_too_short", {"limit": SHORTEST}
    if len(chosen) > LONGEST:
        return "password_too_long", {"limit": LONGEST}
    bare = plain(chosen)
    left = bare
    for word in sorted(_common(), key=len, reverse=True):
        left = left.replace(word, " ")
    if len(set(chosen)) < _FEWEST_SIGNS or _runs(bare) or len(_letters(left)) < _FEWEST_SIGNS:
        return "password_common", {}
    for word in sorted({part for known in about for part in [plain(known).replace(" ", ""), *plain(known).split()]}, key=len, reverse=True):
        if len(word) > 2:  # noqa: PLR2004 - shorter parts of names are parts of everything
            bare = bare.replace(word, "")
    if len(_letters(bare)) < _FEWEST_SIGNS:
        return "password_personal", {}
    return None, {}


def plain(text: str) -> str:
    """Lower case without marks, the way in which lists of stolen passwords are tried."""
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text.casefold()) if unicodedata.category(sign) != "Mn")
    return bare.replace("đ", "d").translate(str.maketrans("@013457$", "aoieasts"))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text)


def _runs(text: str) -> bool:
    """Whether it is one key or chunk again and again, or a walk along the keyboard or the alphabet."""
    if any(len(text) % n == 0 and text == text[:n] * (len(text) // n) for n in range(1, len(text) // 2 + 1)):
        return True
    return any(text in walk * 4 or text in walk[::-1] * 4 for walk in _WALKS)


_WALKS = tuple(
    plain(walk) for walk in ("1234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertyuiopasdfghjklzxcvbnm")
)


def _common() -> frozenset[str]:
    global _words  # noqa: PLW0603 - read once
    if _words is None:
        lines = (files("api.identity") / "common.txt").read_text("utf-8").splitlines()
        _words = frozenset(plain(line.strip()) for line in lines if line.strip() and not line.startswith("#"))
    return _words


_words: frozenset[str] | None = None
