"""A store with something in its way: calls that fail, and others who act between judging and writing. The database behind it is real."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from workflow.ports import Database


class Fault(Exception):
    """The connection is lost."""


@dataclass
class Meddler:
    """Stands before a store and lets each call through.

    Attributes:
        fail_before, fail_after: Number of the call (from 1) that raises :class:`Fault` before or after it reached the database.
        before_write: Done once, before the next write.
        calls: Names of the calls so far.
    """

    store: Database
    fail_before: int | None = None
    fail_after: int | None = None
    before_write: Callable[[], object] | None = None
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.store, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            self.calls.append(name)
            number = len(self.calls)
            if number == self.fail_before:
                raise Fault(f"before {name}")
            if name in {"write", "write_each"} and self.before_write is not None:
                meddle, self.before_write = self.before_write, None
                meddle()
            answer = found(*given, **named)
            if number == self.fail_after:
                raise Fault(f"after {name}")
            return answer

        return call


def before(store: Database, **given: Any) -> tuple[Database, Meddler]:
    """The store as services take it, and the meddler to be told what to do."""
    meddler = Meddler(store, **given)
    return cast("Database", meddler), meddler
