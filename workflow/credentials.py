"""What a request was let in by, and that it still stands when the request writes.

A session that ends, a token that is revoked and an account that is closed raise the registry's epoch, like a function that ends. A write is
bound to the epoch that it was judged under, so that one look suffices: was that epoch the one under which the credential was found to live?
What is written beside the history, accounts and tokens among it, is bound to the epoch of being let in: whoever asks for it is let in and
judged again where that has passed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from states.errors import CycleError


class AskerGone(CycleError):
    """What somebody asked for goes no further: they cannot ask for anything by what they began it with any more."""

    code = "asker_gone"


class AskerClosed(AskerGone):
    """The account has been closed."""

    code = "asker_closed"


class AskerRevoked(AskerGone):
    """The session was ended, or the token revoked, by somebody who did not want it to be used any more."""

    code = "asker_revoked"


class AskerOwesFactor(AskerGone):
    """They have come to decide since, and what they began it with was not protected by a second factor."""

    code = "asker_owes_factor"


class RightsMoved(Exception):
    """Nothing was written: the registry moved since the request was let in. The credential lives; what it may has to be judged again."""


@dataclass(slots=True)
class Credential:
    """A credential of a request: the epoch at which it lived, and how to look again.

    Attributes:
        again: Returns the epoch at which it lives; raises where it no longer does.
        name: Under which it is found again when the request is over: its kind and its hash.
    """

    epoch: int
    again: Callable[[], int]
    name: str = ""


_held: ContextVar[Credential | None] = ContextVar("credential", default=None)


def held() -> Credential | None:
    """What the present request was let in by; None where nobody asked."""
    return _held.get()


@contextmanager
def let_in_by(credential: Credential | None) -> Iterator[None]:
    """Everything inside is asked for by whoever holds this."""
    token = _held.set(credential)
    try:
        yield
    finally:
        _held.reset(token)


def must_stand(epoch: int | None) -> None:
    """Refuse a write under an epoch at which its asker's credential has ended; the system's own writes have neither.

    Raises:
        CycleError: As whoever let the request in would have said.
    """
    credential = held()
    if credential is not None and epoch is not None and epoch != credential.epoch:
        credential.epoch = credential.again()
