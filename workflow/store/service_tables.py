"""Tables of the service's own work. Annotations are evaluated here on purpose, as in :mod:`workflow.store.tables`."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from workflow.operations import BulkState, Fate
from workflow.store.table import Table
from workflow.store.types import Code, Instant, coded


class AnswerTable(Table, table=True):
    """:class:`workflow.operations.GivenAnswer`."""

    __tablename__ = "http_answer"
    command: str = Field(primary_key=True, sa_type=Code)
    digest: str = Field(sa_type=sa.Text)
    status: int
    headers: str = Field(sa_type=sa.Text)
    body: str = Field(sa_type=sa.Text)
    at: datetime = Field(sa_type=Instant)


class BulkOperationTable(Table, table=True):
    """:class:`workflow.operations.BulkOperation`."""

    __tablename__ = "bulk_operation"
    id: str = Field(primary_key=True, sa_type=Code)
    person: str = Field(sa_type=Code)
    event: str = Field(sa_type=sa.Text)
    payload: str = Field(sa_type=sa.Text)
    reason: str | None = Field(default=None, sa_type=sa.Text)
    state: BulkState = Field(sa_type=coded(BulkState, "state"))
    created_at: datetime = Field(sa_type=Instant)
    total: int
    request: str | None = Field(default=None, sa_type=sa.Text)
    credential: str | None = Field(default=None, sa_type=sa.Text)


class BulkItemTable(Table, table=True):
    """:class:`workflow.operations.BulkItem`."""

    __tablename__ = "bulk_item"
    __table_args__ = (sa.ForeignKeyConstraint(["operation"], ["bulk_operation.id"]),)
    operation: str = Field(primary_key=True, sa_type=Code)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    case_code: str = Field(sa_type=Code)
    version: int | None = Field(default=None)
    tries: int
    fate: Fate = Field(sa_type=coded(Fate, "fate"))
    told: str | None = Field(default=None, sa_type=sa.Text)
