"""The tables of telling (:mod:`workflow.telling`). Annotations are evaluated here on purpose, as in :mod:`workflow.store.tables`."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from deadlines.ladder import DutyKind
from workflow.store.table import Table
from workflow.store.types import Code, Instant, coded
from workflow.telling import DeliveryState, RungState


class RungTable(Table, table=True):
    """:class:`workflow.telling.RungRow`. The index holds planned steps alone, so what lies ahead costs nothing to look past."""

    __tablename__ = "rung"
    __table_args__ = (
        sa.Index("ix_rung_at", "at", "duty", sqlite_where=sa.text("state = 'planned'"), postgresql_where=sa.text("state = 'planned'")),
        {"sqlite_with_rowid": False},
    )
    duty: str = Field(primary_key=True, sa_type=Code)
    rung: str = Field(primary_key=True, sa_type=Code)
    kind: DutyKind = Field(sa_type=coded(DutyKind, "kind"))
    subject: str = Field(sa_type=Code)
    at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    state: RungState = Field(sa_type=coded(RungState, "state"))
    attempts: int
    not_before: datetime | None = Field(default=None, sa_type=Instant)
    fired_at: datetime | None = Field(default=None, sa_type=Instant)


class MessageTable(Table, table=True):
    """:class:`workflow.telling.MessageRow`."""

    __tablename__ = "message"
    __table_args__ = (sa.Index("ix_message_recipient", "recipient", "created_at"), sa.Index("ix_message_created_at", "created_at"))
    id: str = Field(primary_key=True, sa_type=Code)
    recipient: str = Field(sa_type=Code)
    span: str = Field(sa_type=Code)
    send_at: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    version: int
    body: str | None = Field(default=None, sa_type=sa.Text)
    composed_at: datetime | None = Field(default=None, sa_type=Instant)


class ItemTable(Table, table=True):
    """:class:`workflow.telling.ItemRow`: one person hears of one step once; ``detail`` is a JSON object."""

    __tablename__ = "told_item"
    __table_args__ = (
        sa.ForeignKeyConstraint(["message"], ["message.id"]),
        sa.Index("ix_told_item_message", "message"),
        sa.Index("ix_told_item_subject", "subject"),
    )
    recipient: str = Field(primary_key=True, sa_type=Code)
    duty: str = Field(primary_key=True, sa_type=Code)
    rung: str = Field(primary_key=True, sa_type=Code)
    kind: str = Field(sa_type=sa.Text)
    subject: str = Field(sa_type=Code)
    part: str = Field(sa_type=sa.Text)
    message: str = Field(sa_type=Code)
    detail: str = Field(sa_type=sa.Text)
    moot: bool


class DeliveryTable(Table, table=True):
    """:class:`workflow.telling.DeliveryRow`. The index holds what has still to be done."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.Index(
            "ix_delivery_not_before", "not_before", "key",
            sqlite_where=sa.text("state IN ('waiting','claimed','sending')"),
            postgresql_where=sa.text("state IN ('waiting','claimed','sending')"),
        ),
        sa.Index("ix_delivery_message", "message"),
        sa.Index("ix_delivery_target", "target", "created_at"),
        sa.Index("ix_delivery_failed", "created_at", sqlite_where=sa.text("state = 'failed'"), postgresql_where=sa.text("state = 'failed'")),
    )  # fmt: skip
    key: str = Field(primary_key=True, sa_type=Code)
    message: str | None = Field(default=None, sa_type=Code)
    channel: str = Field(sa_type=sa.Text)
    target: str = Field(sa_type=Code)
    state: DeliveryState = Field(sa_type=coded(DeliveryState, "state"))
    created_at: datetime = Field(sa_type=Instant)
    not_before: datetime = Field(sa_type=Instant)
    address: str | None = Field(default=None, sa_type=sa.Text)
    attempt: int
    doubts: int
    first_at: datetime | None = Field(default=None, sa_type=Instant)
    owner: str | None = Field(default=None, sa_type=sa.Text)
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    reply: str | None = Field(default=None, sa_type=sa.Text)
    updated_at: datetime | None = Field(default=None, sa_type=Instant)
    read_at: datetime | None = Field(default=None, sa_type=Instant)


class TryTable(Table, table=True):
    """:class:`workflow.telling.TryRow`."""

    __tablename__ = "delivery_try"
    __table_args__ = ({"sqlite_with_rowid": False},)
    key: str = Field(primary_key=True, sa_type=Code)
    attempt: int = Field(primary_key=True)
    tried_at: datetime = Field(primary_key=True, sa_type=Instant)
    worker: str = Field(sa_type=sa.Text)
    outcome: str = Field(sa_type=sa.Text)
    reply: str = Field(sa_type=sa.Text)


class LinkTable(Table, table=True):
    """:class:`workflow.telling.LinkRow`."""

    __tablename__ = "personal_link"
    __table_args__ = (sa.Index("ix_personal_link_person", "person"),)
    digest: str = Field(primary_key=True, sa_type=Code)
    person: str = Field(sa_type=Code)
    subject: str = Field(sa_type=Code)
    duty: str = Field(sa_type=Code)
    made_at: datetime = Field(sa_type=Instant)
    ends_at: datetime = Field(sa_type=Instant)
    opened_at: datetime | None = Field(default=None, sa_type=Instant)
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)
    via: str | None = Field(default=None, sa_type=sa.Text)


class SettingTable(Table, table=True):
    """:class:`workflow.telling.SettingRow`; ``value`` is a JSON object."""

    __tablename__ = "reach_setting"
    scope: str = Field(primary_key=True, sa_type=Code)
    code: str = Field(primary_key=True, sa_type=Code)
    value: str = Field(sa_type=sa.Text)
    changed_by: str = Field(sa_type=Code)
    changed_at: datetime = Field(sa_type=Instant)


class WebhookTable(Table, table=True):
    """:class:`workflow.telling.WebhookRow`; ``events`` is a JSON list."""

    __tablename__ = "webhook"
    id: str = Field(primary_key=True, sa_type=Code)
    unit: str = Field(sa_type=Code)
    url: str = Field(sa_type=sa.Text)
    secret: str = Field(sa_type=sa.Text)
    events: str = Field(sa_type=sa.Text)
    since: int = Field(sa_type=sa.BigInteger)
    off: str | None = Field(default=None, sa_type=sa.Text)


class FeedTable(Table, table=True):
    """:class:`workflow.telling.FeedRow`."""

    __tablename__ = "feed"
    digest: str = Field(primary_key=True, sa_type=Code)
    scope: str = Field(sa_type=sa.Text)
    code: str = Field(sa_type=Code)
    made_by: str = Field(sa_type=Code)
    made_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
