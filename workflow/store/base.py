"""What every part of a store stands on: reads and write transactions in the shared spelling."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from workflow.credentials import RightsMoved, held
from workflow.store import statements

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
    _for_update = _for_share = ""

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

    def _asked(self, work: Callable[[Transaction], T], *, alone: bool = False) -> T:
        """One durable write that somebody may have asked for over the network: refused where what they were let in by has ended.

        Args:
            work: Writes.
            alone: It may raise the epoch itself.

        Raises:
            RightsMoved: The registry moved since they were let in; nothing was written, and their rights have to be judged again.
            CycleError: As whoever let the request in would have said.
        """
        credential = held()
        if credential is None:
            return self._act(work)
        # Whoever ends it meanwhile waits for this transaction, and so comes after it.
        epoch = statements.EPOCH + (self._for_update if alone else self._for_share)

        def while_it_stands(transaction: Transaction) -> T:
            if transaction.run(epoch)[0][0] != credential.epoch:
                raise RightsMoved
            return work(transaction)

        try:
            return self._act(while_it_stands)
        except RightsMoved:
            credential.epoch = credential.again()
            raise

    @abstractmethod
    def _list(self, values: Iterable[Any]) -> Any:
        """Many values as one parameter for :meth:`_among`."""

    @abstractmethod
    def _among(self) -> str:
        """``IN …`` against such a parameter."""
