"""The tables, declared once. Migrations, reads for people and the schema's check start from here; the write ports go past the ORM.

Annotations are evaluated here on purpose: SQLModel reads them, so the future import that makes them strings must not stand in this file.
Names that SQL reserves are spelled out: ``case_code``, ``left_state``, ``product_group``, ``takes_effect``.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

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
from workflow.rows import SubjectKind
from workflow.store import identity_tables as _identity_tables  # noqa: F401 - it declares its tables beside these
from workflow.store import service_tables as _service_tables  # noqa: F401 - the same
from workflow.store import telling_tables as _telling_tables  # noqa: F401 - the same
from workflow.store.table import Table
from workflow.store.table import metadata as metadata  # noqa: PLC0414 - those who need the tables need it from here
from workflow.store.types import Code, Instant, coded


class _Headed(Table):
    """What every subject with a history carries."""

    version: int
    head_seq: int
    head_hash: bytes


class CaseTable(_Headed, table=True):
    """:class:`workflow.rows.CaseRow`. ``open_product`` is the product while the case runs, which makes "one running case a product" a key.

    There is no index on ``state``: it would take the cheap in-page update away from every act (fillfactor 80 leaves the room for it).
    """

    __tablename__ = "case_file"
    __table_args__ = (
        sa.Index("ix_case_file_product", "product"),
        sa.Index("ix_case_file_producer", "producer"),
        sa.Index("ix_case_file_unit", "unit", "code"),
        sa.Index("ix_case_file_round", "round"),
        sa.Index(
            "ix_case_file_central_round", "central_round", sqlite_where=sa.text("central_round IS NOT NULL"),
            postgresql_where=sa.text("central_round IS NOT NULL"),
        ),
        sa.UniqueConstraint("command"),
        sa.UniqueConstraint("open_product"),
        {"postgresql_with": {"fillfactor": 80}},
    )  # fmt: skip
    code: str = Field(primary_key=True, sa_type=Code)
    command: str = Field(sa_type=Code)
    kind: CaseKind = Field(sa_type=coded(CaseKind, "kind"))
    product: str = Field(sa_type=Code)
    producer: str = Field(sa_type=Code)
    unit: str = Field(sa_type=Code)
    regime: str = Field(sa_type=Code)
    pinned: bool
    state: CaseState = Field(sa_type=coded(CaseState, "state"))
    attempt: int
    round: str | None = Field(default=None, sa_type=Code)
    central_round: str | None = Field(default=None, sa_type=Code)
    origin: CaseState | None = Field(default=None, sa_type=coded(CaseState, "origin"))
    left_state: CaseState | None = Field(default=None, sa_type=coded(CaseState, "left_state"))
    certificate: str | None = Field(default=None, sa_type=Code)
    memo: str = Field(sa_type=sa.Text)
    registered_at: datetime = Field(sa_type=Instant)
    updated_at: datetime = Field(sa_type=Instant)
    open_product: str | None = Field(default=None, sa_type=Code)


class CertificateTable(_Headed, table=True):
    """:class:`workflow.rows.CertificateRow`."""

    __tablename__ = "certificate"
    __table_args__ = (
        sa.Index("ix_certificate_product", "product"),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
    )
    code: str = Field(primary_key=True, sa_type=Code)
    case_code: str = Field(sa_type=Code)
    product: str = Field(sa_type=Code)
    stars: int
    level: str = Field(sa_type=sa.Text)
    decision_no: str = Field(sa_type=sa.Text)
    decided_on: str = Field(sa_type=sa.Text)
    last_valid_day: str = Field(sa_type=sa.Text)
    replaced_by: str | None = Field(default=None, sa_type=Code)
    state: CertificateState = Field(sa_type=coded(CertificateState, "state"))


class RoundTable(_Headed, table=True):
    """:class:`workflow.rows.RoundRow`."""

    __tablename__ = "evaluation_round"
    __table_args__ = (sa.Index("ix_evaluation_round_unit_year", "unit", "year"),)
    code: str = Field(primary_key=True, sa_type=Code)
    unit: str = Field(sa_type=Code)
    year: int
    number: int
    track: Track = Field(sa_type=coded(Track, "track"))
    plan: str = Field(sa_type=Code)
    statutory: bool
    state: RoundState = Field(sa_type=coded(RoundState, "state"))


class StageTable(Table, table=True):
    """:class:`workflow.rows.StageRow`; ``flags`` is a JSON list."""

    __tablename__ = "deadline_stage"
    __table_args__ = (
        sa.Index("ix_deadline_stage_plan", "plan"),
        sa.Index("ix_deadline_stage_round", "round"),
        sa.Index("ix_deadline_stage_unit", "unit"),
    )
    id: str = Field(primary_key=True, sa_type=Code)
    plan: str = Field(sa_type=Code)
    plan_year: int
    round: str | None = Field(default=None, sa_type=Code)
    unit: str = Field(sa_type=Code)
    stage: str = Field(sa_type=sa.Text)
    track: Track = Field(sa_type=coded(Track, "track"))
    cutoff: datetime | None = Field(default=None, sa_type=Instant)
    start: datetime | None = Field(default=None, sa_type=Instant)
    effect: Effect = Field(sa_type=coded(Effect, "effect"))
    phrase: str = Field(sa_type=sa.Text)
    kind: str = Field(sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    firm: bool
    statutory: bool
    flags: str = Field(sa_type=sa.Text)


class PlanTable(_Headed, table=True):
    """:class:`workflow.rows.PlanRow`."""

    __tablename__ = "cycle_plan"
    __table_args__ = (sa.Index("ix_cycle_plan_unit", "unit"),)
    code: str = Field(primary_key=True, sa_type=Code)
    unit: str = Field(sa_type=Code)
    year: int
    title: str = Field(sa_type=sa.Text)
    doc_no: str = Field(sa_type=sa.Text)
    doc_date: str | None = Field(default=None, sa_type=sa.Text)
    text: str = Field(sa_type=sa.Text)
    digest: str = Field(sa_type=sa.Text)
    state: Publication = Field(sa_type=coded(Publication, "state"))


class CalendarTable(_Headed, table=True):
    """:class:`workflow.rows.CalendarRow`; ``days`` is a JSON list of lists."""

    __tablename__ = "working_calendar"
    code: str = Field(primary_key=True, sa_type=Code)
    unit: str = Field(sa_type=Code)
    days: str = Field(sa_type=sa.Text)
    state: CalendarState = Field(sa_type=coded(CalendarState, "state"))


class DelegationTable(_Headed, table=True):
    """:class:`workflow.rows.DelegationRow`; ``events`` is a JSON list."""

    __tablename__ = "delegation"
    code: str = Field(primary_key=True, sa_type=Code)
    giver: str = Field(sa_type=Code)
    taker: str = Field(sa_type=Code)
    function: str = Field(sa_type=sa.Text)
    level: str = Field(sa_type=sa.Text)
    unit: str = Field(sa_type=Code)
    events: str = Field(sa_type=sa.Text)
    valid_from: str = Field(sa_type=Code)
    valid_to: str = Field(sa_type=Code)
    document_no: str = Field(sa_type=sa.Text)
    state: DelegationState = Field(sa_type=coded(DelegationState, "state"))


_RECORDED = sa.text("status = 'passed' AND effect = 'record'")


class TermTable(Table, table=True):
    """:class:`workflow.rows.TermRow`. Two indexes hold running terms alone, so the sweep reads only what it will fire; one those recorded.

    A cut-off is shared by thousands of cases, hence ``id`` behind ``due_at``: a page of equal instants needs no sorting.
    """

    __tablename__ = "term"
    __table_args__ = (
        sa.Index(
            "ix_term_due_at", "due_at", "id", sqlite_where=sa.text("status = 'running'"), postgresql_where=sa.text("status = 'running'")
        ),
        sa.Index(
            "ix_term_case_code",
            "case_code",
            "due_at",
            "id",
            sqlite_where=sa.text("status = 'running'"),
            postgresql_where=sa.text("status = 'running'"),
        ),
        sa.Index("ix_term_recorded", "case_code", "stage", "attempt", sqlite_where=_RECORDED, postgresql_where=_RECORDED),
        {"sqlite_with_rowid": False},
    )
    id: str = Field(primary_key=True, sa_type=Code)
    case_code: str = Field(sa_type=Code)
    attempt: int
    stage: Stage = Field(sa_type=coded(Stage, "stage"))
    round: str | None = Field(default=None, sa_type=Code)
    effect: Effect = Field(sa_type=coded(Effect, "effect"))
    due_at: datetime = Field(sa_type=Instant)
    phrase: str = Field(sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    deadline: str = Field(sa_type=Code)
    calendar: str | None = Field(default=None, sa_type=sa.Text)
    status: TermStatus = Field(sa_type=coded(TermStatus, "status"))
    attempts: int
    not_before: datetime | None = Field(default=None, sa_type=Instant)


_KEYED = sa.text("kind = 'case' AND command >= 'http:' AND command < 'http;'")


class HistoryTable(Table, table=True):
    """:class:`workflow.rows.StoredEntry`; append-only by trigger. Two further keys besides the primary key, because every key needs a guard."""

    __tablename__ = "history"
    __table_args__ = (
        sa.UniqueConstraint("subject", "command"),
        sa.Index("uq_history_request", "command", unique=True, sqlite_where=_KEYED, postgresql_where=_KEYED),
        sa.CheckConstraint("length(leaf_hash) = 32", name="leaf_hash"),
        {"sqlite_with_rowid": False},
    )
    subject: str = Field(primary_key=True, sa_type=Code)
    seq: int = Field(primary_key=True)
    kind: SubjectKind = Field(sa_type=coded(SubjectKind, "kind"))
    command: str = Field(sa_type=Code)
    event: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=Instant)
    body: str = Field(sa_type=sa.Text)
    leaf_hash: bytes
    opening: str | None = Field(default=None, sa_type=sa.Text)


class OutboxTable(Table, table=True):
    """Entries that the log has not taken up yet."""

    __tablename__ = "outbox"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger().with_variant(sa.Integer, "sqlite"))
    subject: str = Field(sa_type=Code)
    seq: int
    leaf_hash: bytes


class LeafTable(Table, table=True):
    """The Merkle log: one leaf an entry, numbered from 0 without a gap; append-only by trigger."""

    __tablename__ = "log_leaf"
    __table_args__ = (
        sa.UniqueConstraint("subject", "seq"),
        sa.ForeignKeyConstraint(["subject", "seq"], ["history.subject", "history.seq"]),
        sa.CheckConstraint("length(leaf_hash) = 32", name="leaf_hash"),
    )
    log_seq: int = Field(
        primary_key=True, sa_type=sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa_column_kwargs={"autoincrement": False}
    )
    subject: str = Field(sa_type=Code)
    seq: int
    leaf_hash: bytes


class LogHeadTable(Table, table=True):
    """One row: size of the log, roots of its complete subtrees (32 bytes each, largest first), root."""

    __tablename__ = "log_head"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    size: int = Field(sa_type=sa.BigInteger)
    frontier: bytes
    root: bytes


class CounterTable(Table, table=True):
    """Last number given in a series."""

    __tablename__ = "counter"
    scope: str = Field(primary_key=True, sa_type=Code)
    value: int = Field(sa_type=sa.BigInteger)


class UnitTable(Table, table=True):
    """:class:`workflow.rows.UnitRow`; a unit that changes its name has a row for each span."""

    __tablename__ = "unit"
    code: str = Field(primary_key=True, sa_type=Code)
    valid_from: str = Field(primary_key=True, sa_type=Code)
    name: str = Field(sa_type=sa.Text)
    level: str = Field(sa_type=sa.Text)
    parent: str | None = Field(default=None, sa_type=Code)
    valid_to: str | None = Field(default=None, sa_type=Code)
    decree: str = Field(sa_type=sa.Text)


class SuccessionTable(Table, table=True):
    """:class:`workflow.rows.SuccessionRow`."""

    __tablename__ = "succession"
    former: str = Field(primary_key=True, sa_type=Code)
    heir: str = Field(primary_key=True, sa_type=Code)
    takes_effect: str = Field(primary_key=True, sa_type=Code)
    whole: bool
    decree: str = Field(sa_type=sa.Text)


class PersonTable(Table, table=True):
    """:class:`workflow.rows.PersonRow`."""

    __tablename__ = "person"
    code: str = Field(primary_key=True, sa_type=Code)
    name: str = Field(sa_type=sa.Text)
    email: str | None = Field(default=None, sa_type=sa.Text)
    phone: str | None = Field(default=None, sa_type=sa.Text)


class AppointmentTable(Table, table=True):
    """:class:`workflow.rows.AppointmentRow`; ``producer`` is empty where there is none, because a key has no unknown part."""

    __tablename__ = "appointment"
    __table_args__ = (sa.ForeignKeyConstraint(["person"], ["person.code"]),)
    person: str = Field(primary_key=True, sa_type=Code)
    function: str = Field(primary_key=True, sa_type=Code)
    level: str = Field(primary_key=True, sa_type=Code)
    unit: str = Field(primary_key=True, sa_type=Code)
    producer: str = Field(primary_key=True, sa_type=Code)
    valid_from: str = Field(primary_key=True, sa_type=Code)
    valid_to: str | None = Field(default=None, sa_type=Code)


class TieTable(Table, table=True):
    """:class:`workflow.rows.TieRow`."""

    __tablename__ = "tie"
    __table_args__ = (sa.ForeignKeyConstraint(["person"], ["person.code"]),)
    person: str = Field(primary_key=True, sa_type=Code)
    product: str = Field(primary_key=True, sa_type=Code)
    kind: str = Field(primary_key=True, sa_type=Code)


class ProducerTable(Table, table=True):
    """:class:`workflow.rows.ProducerRow`."""

    __tablename__ = "producer"
    code: str = Field(primary_key=True, sa_type=Code)
    name: str = Field(sa_type=sa.Text)
    kind: ProducerKind = Field(sa_type=coded(ProducerKind, "kind"))
    unit: str = Field(sa_type=Code)
    search_key: str = Field(sa_type=sa.Text)


class ProductTable(Table, table=True):
    """:class:`workflow.rows.ProductRow`."""

    __tablename__ = "product"
    __table_args__ = (sa.ForeignKeyConstraint(["producer"], ["producer.code"]), sa.Index("ix_product_producer", "producer"))
    code: str = Field(primary_key=True, sa_type=Code)
    name: str = Field(sa_type=sa.Text)
    product_group: str = Field(sa_type=sa.Text)
    producer: str = Field(sa_type=Code)
    unit: str = Field(sa_type=Code)
    search_key: str = Field(sa_type=sa.Text)


class RegistryTable(Table, table=True):
    """One row: how often units, people, appointments or ties have changed."""

    __tablename__ = "registry"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    epoch: int = Field(sa_type=sa.BigInteger)


class MetaTable(Table, table=True):
    """What the installation knows about itself."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True, sa_type=Code)
    value: str = Field(sa_type=sa.Text)
