"""Plain rows: what the tables hold, as frozen values that may leave ``store/``.

Case, certificate, round, plan and term rows are projections: :mod:`workflow.projection` computes them from history entries, and the
same function rebuilds them, so a stored row can always be checked against the log.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from states.values import quickly
from states.vocabulary import (
    CalendarState,
    CaseKind,
    CaseState,
    CertificateState,
    DelegationState,
    Effect,
    ProducerKind,
    Publication,
    RoundState,
    Stage,
    TermStatus,
    Track,
)

ZERO_HASH = bytes(32)


class SubjectKind(StrEnum):
    """What a history belongs to. Codes are unique over all kinds."""

    CASE = "case"
    CERTIFICATE = "certificate"
    ROUND = "round"
    PLAN = "plan"
    CALENDAR = "calendar"
    DELEGATION = "delegation"


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One product's passage.

    Attributes:
        code: ``<province>-<year>-<number>``, for example ``VS-2021-0042``.
        command: Command id of the registration; unique, so a repeated registration finds the same case.
        product: Product code; at most one running case a product.
        unit: Code of the commune where the product was registered; heirs are found through the succession table.
        regime: Regime id; provisional until ``pinned``.
        round: Code of the provincial round, ``central_round`` of the central one.
        origin: Where ``returned`` goes back to.
        left: The state that a deferred case left.
        memo: Everything else that later rules look at, as JSON-able values: ``results`` by level, ``hands`` (person → duties in
            this attempt), ``missed`` (the term that deferred it), ``asked`` (acts on paper that wait for a second person, entry → who
            typed them), ``plan``, ``decision``.
        version: Rises with every change that a writer must have seen.
        head_seq, head_hash: Last entry of the history (denied entries move these, but not ``version``).
    """

    code: str
    command: str
    kind: CaseKind
    product: str
    producer: str
    unit: str
    regime: str
    pinned: bool
    state: CaseState
    attempt: int
    round: str | None
    central_round: str | None
    origin: CaseState | None
    left: CaseState | None
    certificate: str | None
    memo: dict[str, Any] = field(hash=False)
    registered_at: datetime
    updated_at: datetime
    version: int
    head_seq: int
    head_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRow:
    """A recognition: which product, how many stars, by which decision, from when to its last valid day (a local date)."""

    code: str
    case: str
    product: str
    stars: int
    level: str
    decision_no: str
    decided_on: str
    last_valid_day: str
    replaced_by: str | None
    state: CertificateState
    version: int
    head_seq: int
    head_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRow:
    """An evaluation round of one unit, year, track and number; ``stages`` live in :class:`StageRow`."""

    code: str
    unit: str
    year: int
    number: int
    track: Track
    plan: str
    statutory: bool
    state: RoundState
    version: int
    head_seq: int
    head_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """One deadline of a published plan: a stage of a round, or, with ``round`` None, of the plan as a whole.

    Attributes:
        cutoff: Exclusive instant; the act must be received strictly before it.
        plan_year: Year of the plan.
        phrase: The plan's own words.
        source: Document number and item, as a person would cite them.
        firm: False where the plan says "dự kiến"; shown, changes nothing.
        statutory: Whether the law itself sets the date, so that no plan can move it.
    """

    id: str
    plan: str
    plan_year: int
    round: str | None
    unit: str
    stage: str
    track: Track
    cutoff: datetime | None
    start: datetime | None
    effect: Effect
    phrase: str
    kind: str
    source: str
    firm: bool
    statutory: bool
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A unit's plan of a year; ``text`` is the TOML as imported, ``digest`` its SHA-256 in hex, fixed at publication."""

    code: str
    unit: str
    year: int
    title: str
    doc_no: str
    doc_date: str | None
    text: str
    digest: str
    state: Publication
    version: int
    head_seq: int
    head_hash: bytes


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day of a unit's table: worked or not, by which paper, entered by whom (person code), since which version of the table."""

    day: str
    working: bool
    document_no: str
    entered_by: str
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRow:
    """A unit's table of days; ``unit`` is ``VN`` for the country. Rows are only added: of two for one day the later rules.

    Reasons are free text, so they stay in the openings of the entries, found by ``since``.
    """

    code: str
    unit: str
    days: tuple[CalendarDay, ...]
    state: CalendarState
    version: int
    head_seq: int
    head_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationRow:
    """A function, or a part of it, that one person exercises for another.

    Attributes:
        giver, taker: Person codes.
        function, level, unit: What is given: the giver's own function.
        events: The events that it is given for; all of the function's where there are none.
        valid_from, valid_to: Local days in ISO form; ``valid_to`` is exclusive.
        document_no: The paper that says so.
    """

    code: str
    giver: str
    taker: str
    function: str
    level: str
    unit: str
    events: tuple[str, ...]
    valid_from: str
    valid_to: str
    document_no: str
    state: DelegationState
    version: int
    head_seq: int
    head_hash: bytes


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class TermRow:
    """A deadline of one case: it runs until met, passed or dropped.

    Attributes:
        id: ``<case>:<case_seq of the entry that opened it>:<index>``.
        due_at: Exclusive instant.
        deadline: :attr:`StageRow.id`, or the name of the regime's clock for a span.
        calendar: Version of the working calendar that a span was counted with.
    """

    id: str
    case: str
    attempt: int
    stage: Stage
    round: str | None
    effect: Effect
    due_at: datetime
    phrase: str
    source: str
    deadline: str
    calendar: str | None
    status: TermStatus
    attempts: int = 0
    not_before: datetime | None = None


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """A history entry as stored.

    Attributes:
        body: The canonical JSON text, exactly as hashed.
        leaf_hash: SHA-256 of 0x00 followed by ``body``.
        opening: JSON text ``{field: [salt in hex, value]}`` opening the commitments in ``body``, or None.
    """

    kind: SubjectKind
    subject: str
    seq: int
    command: str
    event: str
    recorded_at: datetime
    body: str
    leaf_hash: bytes
    opening: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """An administrative unit between two local midnights (``valid_to`` exclusive); ISO dates."""

    code: str
    name: str
    level: str
    parent: str | None
    valid_from: str
    valid_to: str | None
    decree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessionRow:
    """``heir`` takes over from ``former`` on a date, wholly or in part."""

    former: str
    heir: str
    on: str
    whole: bool
    decree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person under a pseudonymous code; the name never enters a hashed text."""

    code: str
    name: str
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentRow:
    """A function at a level in a unit for a time; a producer's person holds it for ``producer`` (its code)."""

    person: str
    function: str
    level: str
    unit: str
    producer: str | None
    valid_from: str
    valid_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TieRow:
    """Bars ``person`` from scoring and deciding on ``product``."""

    person: str
    product: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerRow:
    """Chủ thể: a cooperative, enterprise, household …, seated in a commune."""

    code: str
    name: str
    kind: ProducerKind
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """A product of a producer; ``group`` is the product group of the criteria sets."""

    code: str
    name: str
    group: str
    producer: str
    unit: str
