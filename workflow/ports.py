"""What the application asks of a database. Two implementations, one contract suite (``tests/workflow/store``).

There is one write primitive: an atomic group of changes, each guarded by compare-and-set on the head it was computed from. Reading
needs no lock, because a change computed from an old head is never written.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal, Protocol

from states.values import quickly
from states.vocabulary import TermStatus
from workflow.accounts import IdentityShelf
from workflow.casebook import CaseList, Line, Listed, Place, Shown
from workflow.operations import BulkItem, BulkOperation, BulkState, Fate, GivenAnswer
from workflow.rows import (
    AppointmentRow,
    CalendarRow,
    CaseRow,
    CertificateRow,
    DelegationRow,
    PersonRow,
    PlanRow,
    ProducerRow,
    ProductRow,
    RoundRow,
    StageRow,
    StoredEntry,
    SuccessionRow,
    TermRow,
    TieRow,
    UnitRow,
)
from workflow.telling import Steps, Telling
from workflow.toldbook import ToldBook

TRIES = 5
"""How often something is judged again where somebody else was faster."""

Subject = CaseRow | CertificateRow | RoundRow | PlanRow | CalendarRow | DelegationRow


@quickly
@dataclass(frozen=True, slots=True)
class LoadedCase:
    """A case, its running terms, and the sequence number under which a given command already stands (or None).

    Attributes:
        used: Whether a command made from a person's own key stands somewhere: here, on another case, or as a request of another kind.
    """

    case: CaseRow
    terms: tuple[TermRow, ...]
    done_as: int | None
    used: bool = False


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One act on one subject.

    Attributes:
        row: The projection after the act, ``head_seq`` and ``head_hash`` included.
        before: The stored projection that the act was judged on, None if it creates the subject. It is written while version and head are still
            those, and then only what differs has to be.
        entry: The history entry; its outbox row is written with it.
        opened: Terms that begin to run.
        closed: Terms that end, by id.
        stages: Deadline rows created or replaced with it (plans, rounds).
        steps: Steps of reminding that begin with it. Those of a term that it closes end by themselves.
        fulfilled: Other duties that it ends (an activity's id, a certificate's code); what was still planned for them ends.
    """

    row: Subject
    before: Subject | None
    entry: StoredEntry
    opened: tuple[TermRow, ...] = ()
    closed: tuple[tuple[str, TermStatus], ...] = ()
    stages: tuple[StageRow, ...] = ()
    steps: tuple[Steps, ...] = ()
    fulfilled: tuple[str, ...] = ()

    @property
    def version(self) -> int | None:
        """Version that the act was judged on, None if it creates the subject."""
        return self.before.version if self.before is not None else None

    @property
    def seq(self) -> int | None:
        """``head_seq`` that the entry follows, None if it creates the subject."""
        return self.before.head_seq if self.before is not None else None


def moves_rounds(changes: Iterable[Change]) -> bool:
    """Whether a group changes rounds, plans, calendars or delegations, which acts on cases are judged on: the epoch rises with it.

    What is only reported to a plan leaves its version, and with it every judgement, as it was.
    """
    return any(isinstance(c.row, RoundRow | PlanRow | CalendarRow | DelegationRow) and c.version != c.row.version for c in changes)


class Outcome(Enum):
    """What became of a group of changes; anything but WRITTEN means that nothing of the group was written."""

    WRITTEN = "written"
    MOVED = "moved"
    """A head, version or term is not as expected, or the subject or command id is there already."""
    RIGHTS_MOVED = "rights moved"
    """The registry (units, people, appointments, ties) changed since the act was judged."""


@dataclass(frozen=True, slots=True)
class RegistrySnapshot:
    """Units, people and appointments as of one epoch; the epoch rises with every change of any of them, and of rounds, plans and calendars.

    Delegations are subjects with a history of their own; they are here because rights are judged on them.
    """

    epoch: int
    units: tuple[UnitRow, ...]
    successions: tuple[SuccessionRow, ...]
    people: tuple[PersonRow, ...]
    appointments: tuple[AppointmentRow, ...]
    ties: tuple[TieRow, ...]
    delegations: tuple[DelegationRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """Where a subject's history ends, as the projection row has it."""

    subject: str
    head_seq: int
    head_hash: bytes


@dataclass(frozen=True, slots=True)
class LogState:
    """Size and right edge of the Merkle log: roots of its complete subtrees, largest first, and the root."""

    size: int
    frontier: tuple[bytes, ...]
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuery:
    """Filter of a list of cases; None means any. ``text`` is matched without marks, case or đ/d.

    ``asked``: only cases with an act on paper that waits for a second person; ``overridden``: only cases that were ever given an override.
    """

    states: tuple[str, ...] | None = None
    round: str | None = None
    units: tuple[str, ...] | None = None
    product: str | None = None
    text: str | None = None
    due_before: datetime | None = None
    asked: bool = False
    overridden: bool = False
    limit: int = 200
    after: str | None = None


class Store(Protocol):
    """A database with the schema in place."""

    dialect: Literal["sqlite", "postgresql"]

    # The short path.
    def load_case(self, code: str, command: str) -> LoadedCase | None:
        """One read: the case, its running terms, and whether ``command`` was carried out on it already."""

    def load_cases(self, codes: Sequence[str], commands: Sequence[str] = ()) -> dict[str, LoadedCase]:
        """The same for many (``done_as`` is None); codes that do not exist are left out.

        ``used`` is whether one of the ``commands`` was a request of another kind; an act on another case shows when it is written.
        """

    def write(self, changes: Sequence[Change], *, epoch: int | None) -> Outcome:
        """Write a group: all of it, or nothing. Returns only after it is durable. Raises the epoch where rounds, plans or calendars change.

        Args:
            changes: At least one. Several of one subject stand in their order and each follows the one before: its version and ``seq`` are
                those of the row before it, and it may close a term that an earlier one opened.
            epoch: Registry epoch that rights were judged under; None for the system's own acts.
        """

    def write_each(self, groups: Sequence[Sequence[Change]], *, epoch: int | None) -> list[Outcome]:
        """Write many independent groups in one durable transaction; a group that fails, fails alone."""

    # Other subjects.
    def load_certificate(self, code: str) -> CertificateRow | None: ...
    def load_round(self, code: str) -> RoundRow | None: ...
    def load_plan(self, code: str) -> PlanRow | None: ...
    def load_delegation(self, code: str) -> DelegationRow | None: ...
    def entry(self, subject: str, seq: int) -> StoredEntry | None: ...
    def case_by_command(self, command: str) -> str | None:
        """Code of the case that this registration command created."""

    def used_for(self, command: str) -> str | None:
        """What a command stands for that was made from a person's own key: the code of the case, or nothing for any other request."""

    def next_number(self, scope: str) -> int:
        """The next number of a series such as ``VS-2021``; numbers are never given twice, gaps are possible."""

    # The registry (units, people, producers, products): upserts, each call one transaction.
    def registry(self) -> RegistrySnapshot: ...
    def registry_epoch(self) -> int: ...
    def save_registry(  # noqa: PLR0913 - one call is one transaction over any of them
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
        """Insert or replace by natural key; returns the new epoch."""

    def producer(self, code: str) -> ProducerRow | None: ...
    def product(self, code: str) -> ProductRow | None: ...

    # The sweep.
    def due_terms(self, before: datetime, limit: int) -> list[TermRow]:
        """Running terms with ``due_at <= before`` and ``not_before`` past, oldest first (then by id)."""

    def postpone_term(self, term: str, not_before: datetime) -> int:
        """Set a term aside after an unexpected error; returns how often that has happened."""

    # The log behind the histories.
    def sequence_log(self, limit: int) -> int:
        """Move up to ``limit`` entries from the outbox into the Merkle log, oldest first, in one transaction."""

    def log_state(self) -> LogState: ...
    def log_leaves(self) -> Iterator[tuple[int, str, int, bytes]]:
        """(log_seq from 0, subject, seq, leaf hash), in log order."""

    def unsequenced(self) -> int: ...
    def entries(self, subject: str | None = None) -> Iterator[StoredEntry]:
        """Entries ordered by subject and seq; streamed."""

    def bodies(self, subjects: Sequence[str]) -> list[str]:
        """The texts of the entries of some subjects, by subject and seq; for whoever counts over many histories, a page at a time."""

    def heads(self) -> Iterator[Head]: ...
    def subjects(self) -> Iterator[Subject]:
        """Every projection row, ordered by code within each kind."""

    def terms(self, case: str | None = None) -> Iterator[TermRow]:
        """Every term, whatever its status, ordered by id."""

    def counted_terms(self, after: datetime) -> list[TermRow]:
        """Terms counted with a calendar that run or have passed, and end after an instant; ordered by id."""

    def last_recorded(self) -> datetime | None:
        """Latest ``recorded_at`` among the newest entries; a clock before it is not to be trusted."""

    # Reads for people.
    def cases(self, query: CaseQuery) -> list[CaseRow]: ...
    def rounds(self, unit: str | None = None, year: int | None = None) -> list[RoundRow]: ...
    def stages(self, *, plan: str | None = None, round: str | None = None, unit: str | None = None) -> list[StageRow]: ...
    def plans(self, unit: str | None = None) -> list[PlanRow]: ...
    def calendars(self) -> list[CalendarRow]: ...
    def certificates(self, product: str | None = None, codes: Sequence[str] | None = None) -> list[CertificateRow]: ...
    def products(self, codes: Sequence[str] | None = None) -> list[ProductRow]: ...
    def producers(self, codes: Sequence[str] | None = None) -> list[ProducerRow]: ...

    # The installation.
    def get_meta(self, key: str) -> str | None: ...
    def set_meta(self, key: str, value: str) -> None: ...
    def meta_like(self, prefix: str) -> dict[str, str]: ...
    def exclusive(self, name: str, *, wait: timedelta = ...) -> AbstractContextManager[Any]:
        """Hold a named lock over processes, once others have let go within ``wait``; :class:`states.errors.StoreUnsafe` names who has not."""

    def shared(self, name: str) -> AbstractContextManager[Any]:
        """Hold a named lock beside others who share it; :class:`states.errors.StoreUnsafe` while somebody has it alone, or waits for that."""

    def claim_writer(self) -> None:
        """Take the right to write where only one process may have it; raises :class:`states.errors.StoreUnsafe` naming the ``holder``."""

    def close(self) -> None: ...


class Served(Protocol):
    """What a serving process asks of a database beside: lists for people, and its own work, which no history keeps."""

    def still_current(self) -> None:
        """Look whether nobody has migrated the database since it was opened.

        Raises:
            StoreUnsafe: ``schema_other_revision``, or it cannot be read.
        """

    def log_page(self, after: int, limit: int) -> list[tuple[int, StoredEntry]]:
        """Entries of the log behind a number (-1: from the first), with their numbers."""

    def case_page(self, query: CaseList, *, after: Place | None = None, limit: int = 50) -> list[Listed]:
        """A page of a list: at most ``limit`` cases behind a place."""

    def case_lines(self, query: CaseList, *, after: Place | None = None, limit: int = 50) -> tuple[list[Line], Place | None]:
        """What a list shows of the same page, in one read, and the place behind which the next begins; None: there is none."""

    def case_count(self, query: CaseList) -> int:
        """How many cases the list has."""

    def case_counts(self, queries: Sequence[CaseList]) -> list[int]:
        """How many cases each of some lists has."""

    def case_tally(self, query: CaseList) -> dict[tuple[str, str], int]:
        """How many cases the list has, by unit and state."""

    def shown_cases(self, codes: Sequence[str]) -> dict[str, Shown]:
        """Cases as people look at them, in one read; codes that do not exist are left out."""

    def product_names(self, codes: Collection[str]) -> dict[str, str]:
        """Names of products by code; those that are not there are left out."""

    def producer_names(self, codes: Collection[str]) -> dict[str, str]:
        """Names of producers by code; those that are not there are left out."""

    def case_states(self) -> dict[str, int]:
        """How many cases stand in which state."""

    @property
    def identity(self) -> IdentityShelf:
        """Accounts, sessions, tokens, and the record of who read what."""

    # The service's own work, which no history keeps.
    def answer(self, command: str) -> GivenAnswer | None:
        """The answer that was given under a command id."""

    def keep_answer(self, given: GivenAnswer) -> None:
        """Keep an answer; the first one stays."""

    def begin_bulk(self, operation: BulkOperation, items: Iterable[BulkItem]) -> None:
        """Keep an operation with its cases, in one transaction."""

    def bulk(self, operation: str) -> BulkOperation | None: ...
    def bulk_running(self) -> list[BulkOperation]:
        """Operations with work left, oldest first."""

    def bulk_items(self, operation: str, *, fate: str | None = None, after: int = 0, limit: int = 200) -> list[BulkItem]:
        """Cases of an operation by number, behind a number."""

    def bulk_counts(self, operation: str) -> dict[str, int]:
        """How many cases of an operation met which fate."""

    def record_bulk(self, operation: str, told: Iterable[tuple[int, Fate, dict[str, Any] | None]]) -> None:
        """Say what became of pending cases, by number; of others nothing changes."""

    def move_bulk(self, operation: str, before: BulkState, after: BulkState) -> bool:
        """Move an operation if it stands as expected; a cancelled one skips what is pending."""

    def retry_bulk(self, operation: str, credential: str | None = None) -> int:
        """Put back what was blocked, in conflict or in error, and run the operation again by a credential; how many."""


class Database(Store, Served, Telling, ToldBook, Protocol):
    """Everything that a database does for us."""

    @property
    def identity(self) -> IdentityShelf:
        """Accounts, sessions, tokens, and the record of who read what."""

    def case_page(self, query: CaseList, *, after: Place | None = None, limit: int = 50) -> list[Listed]:
        """A page of a list: at most ``limit`` cases behind a place."""

    def case_count(self, query: CaseList) -> int:
        """How many cases the list has."""
