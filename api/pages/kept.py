"""A form whose session ended while it was typed: it travels with the way in, sealed, and comes back filled in for whoever typed it.

Nothing of it is kept here and nothing stands in an address. Every form says for whom it was drawn, sealed, so that nobody else's page can
have somebody's form filled in; and what was typed is shown again to that person alone, to be looked at and sent, never sent by itself.
"""

import base64
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request

from api.caller import Caller
from api.identity.vault import Vault
from states.errors import StoreUnsafe

_DRAWN, _TYPED = "form drawn for", "form typed by"
_LARGEST = 56_000
"""Signs of a sealed form that still find room in the form of the way in."""
_NOT_TYPED = frozenset({"csrf_token", "drawn", "do", "looked"})


@dataclass(frozen=True, slots=True)
class Kept:
    """What somebody typed into the form of a page, and which page's."""

    person: str
    path: str
    fields: tuple[tuple[str, str], ...]

    @property
    def action(self) -> str:
        """Where the form goes."""
        return quote(self.path)

    @property
    def page(self) -> str:
        """The page that the form stands on."""
        return quote(self.path.partition("/confirmations/")[0])


def keepable(path: str) -> bool:
    """Whether the form of a page asks for enough to be given back; each of these pages draws itself anew from what was typed."""
    match path.split("/"):
        case ["", "cases", "new"] | ["", "cases", _, "actions", _] | ["", "cases", _, "confirmations", _] | ["", "rounds", _, "acts", _]:
            return True
    return False


def drawn_for(request: Request) -> str:
    """For whom a form is drawn, as it says itself; empty for a stranger."""
    caller = getattr(request.state, "caller", None)
    return marked_for(request, caller.person) if isinstance(caller, Caller) else ""


def marked_for(request: Request, person: str) -> str:
    """The same for somebody who has only just signed in."""
    vault = _vault(request)
    return _text(vault.seal(person.encode(), _DRAWN)) if vault is not None else ""


def keep(request: Request, pairs: Sequence[tuple[str, str]]) -> str:
    """What was typed, sealed for whom the form was drawn; empty where that is nobody, or it is too much to be carried along.

    Args:
        request: The one that was refused.
        pairs: Every field of its form with its value.
    """
    vault, path = _vault(request), request.url.path
    person = _unsealed(vault, [value for name, value in pairs if name == "drawn"], _DRAWN)
    if vault is None or person is None or not keepable(path):
        return ""
    fields = [pair for pair in pairs if pair[0] not in _NOT_TYPED]
    sealed = _text(vault.seal(zlib.compress(orjson.dumps([person.decode(), path, fields]), 9), _TYPED))
    return sealed if len(sealed) <= _LARGEST else ""


def opened(request: Request, sealed: str | None) -> Kept | None:
    """What was kept; None where it is nothing that was sealed here."""
    packed = _unsealed(_vault(request), [sealed] if sealed else [], _TYPED)
    if packed is None:
        return None
    person, path, fields = orjson.loads(zlib.decompress(packed))
    return Kept(person, path, tuple((name, value) for name, value in fields))


def _vault(request: Request) -> Vault | None:
    identity: Any = getattr(request.app.state, "identity", None)
    return identity.vault if identity is not None else None


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode()


def _unsealed(vault: Vault | None, texts: Iterable[str], owner: str) -> bytes | None:
    given = list(texts)
    if vault is None or len(given) != 1 or not given[0].isascii():
        return None
    try:
        return vault.open(base64.urlsafe_b64decode(given[0]), owner)
    except (ValueError, StoreUnsafe):
        return None
