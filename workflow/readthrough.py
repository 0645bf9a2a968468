"""The part of a store over another one that is read as it is, or that cannot be tried without being written."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any

from states.errors import StoreUnsafe
from workflow.ports import LogState, Store
from workflow.rows import (
    AppointmentRow,
    DelegationRow,
    PersonRow,
    ProducerRow,
    ProductRow,
    SuccessionRow,
    TieRow,
    UnitRow,
)


class ReadThrough:
    """Registry, log and installation of the store below; no method here writes there."""

    def __init__(self, below: Store) -> None:
        """Lie over a store, which is read and never written."""
        self.below = below

    def products(self, codes: Sequence[str] | None = None) -> list[ProductRow]:
        """See :class:`workflow.ports.Store`."""
        return self.below.products(codes)

    def producers(self, codes: Sequence[str] | None = None) -> list[ProducerRow]:
        """See :class:`workflow.ports.Store`."""
        return self.below.producers(codes)

    def load_delegation(self, code: str) -> DelegationRow | None:
        """See :class:`workflow.ports.Store`."""
        return self.below.load_delegation(code)

    def producer(self, code: str) -> ProducerRow | None:
        """See :class:`workflow.ports.Store`."""
        return self.below.producer(code)

    def product(self, code: str) -> ProductRow | None:
        """See :class:`workflow.ports.Store`."""
        return self.below.product(code)

    def log_state(self) -> LogState:
        """See :class:`workflow.ports.Store`; what is supposed never reaches the log."""
        return self.below.log_state()

    def log_leaves(self) -> Iterator[tuple[int, str, int, bytes]]:
        """See :class:`workflow.ports.Store`."""
        return self.below.log_leaves()

    def unsequenced(self) -> int:
        """See :class:`workflow.ports.Store`."""
        return self.below.unsequenced()

    def get_meta(self, key: str) -> str | None:
        """See :class:`workflow.ports.Store`."""
        return self.below.get_meta(key)

    def meta_like(self, prefix: str) -> dict[str, str]:
        """See :class:`workflow.ports.Store`."""
        return self.below.meta_like(prefix)

    def exclusive(self, name: str, *, wait: timedelta = timedelta(0)) -> AbstractContextManager[Any]:  # noqa: ARG002 - nobody else is here
        """See :class:`workflow.ports.Store`."""
        return nullcontext()

    def shared(self, name: str) -> AbstractContextManager[Any]:  # noqa: ARG002 - as above
        """See :class:`workflow.ports.Store`."""
        return nullcontext()

    def claim_writer(self) -> None:
        """See :class:`workflow.ports.Store`; nothing is written, so nothing is taken."""

    def close(self) -> None:
        """See :class:`workflow.ports.Store`; the store below belongs to somebody else."""

    # What would have to be written below is refused.

    def next_number(self, scope: str) -> int:
        """Raises StoreUnsafe ``nothing_is_written``: a number is never given twice, so it cannot be given on trial."""
        raise StoreUnsafe("nothing_is_written", what=scope)

    def save_registry(  # noqa: PLR0913
        self,
        *,
        units: Iterable[UnitRow] = (),
        successions: Iterable[SuccessionRow] = (),
        people: Iterable[PersonRow] = (),
        appointments: Iterable[AppointmentRow] = (),
        ties: Iterable[TieRow] = (),
        producers: Iterable[ProducerRow] = (),
        products: Iterable[ProductRow] = (),
    ) -> int:
        """Raises StoreUnsafe ``nothing_is_written``."""
        given = (*units, *successions, *people, *appointments, *ties, *producers, *products)
        raise StoreUnsafe("nothing_is_written", what=", ".join(sorted({type(row).__name__ for row in given})))

    def postpone_term(self, term: str, not_before: datetime) -> int:  # noqa: ARG002
        """Raises StoreUnsafe ``nothing_is_written``."""
        raise StoreUnsafe("nothing_is_written", what=term)

    def sequence_log(self, limit: int) -> int:  # noqa: ARG002 - see below
        """See :class:`workflow.ports.Store`; nothing waits for the log here."""
        return 0

    def set_meta(self, key: str, value: str) -> None:  # noqa: ARG002
        """Raises StoreUnsafe ``nothing_is_written``."""
        raise StoreUnsafe("nothing_is_written", what=key)
