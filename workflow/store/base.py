"""What every part of a store stands on: reads and write transactions in the shared spelling."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Row = Sequence[Any]
Asked = tuple[str, Sequence[Any]]
"""A read: its statement and its values."""


class Transaction(Protocol):
    """Statements in one write transaction, in the shared spelling."""

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Execute; the rows, if it gives any."""

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        """Execute once a row; how many rows were touched."""


class Base(ABC):
    """What each database does in its own way."""

    _clock_now: Callable[[], datetime] | None
    _for_update = ""

    @abstractmethod
    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """One read."""

    def _rows_before_writing(self, sql: str, params: Sequence[Any]) -> list[Row]:
        """One read by somebody who will mostly write next."""
        return self._rows(sql, params)

    @abstractmethod
    def _snapshot(self, asked: Sequence[Asked]) -> list[list[Row]]:
        """Several reads of one moment."""

    def _moment_before_writing(self, asked: Sequence[Asked]) -> list[list[Row]]:
        """The same by somebody who will mostly write next."""
        return self._snapshot(asked)

    @abstractmethod
    def _stream(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Row]:
        """A read too large for memory, on a connection of its own."""

    @abstractmethod
    def _act(self, work: Callable[[Transaction], T]) -> T:
        """One durable write transaction."""

    @abstractmethod
    def _list(self, values: Iterable[Any]) -> Any:
        """Many values as one parameter for :meth:`_among`."""

    @abstractmethod
    def _among(self) -> str:
        """``IN …`` against such a parameter."""
