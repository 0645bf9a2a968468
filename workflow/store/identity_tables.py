"""The tables of identity: :mod:`workflow.accounts`, declared as in :mod:`workflow.store.tables`."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from workflow.store.table import Table
from workflow.store.types import Code, Instant

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class AccountTable(Table, table=True):
    """:class:`workflow.accounts.AccountRow`."""

    __tablename__ = "account"
    __table_args__ = (
        sa.ForeignKeyConstraint(["person"], ["person.code"]),
        sa.UniqueConstraint("login"),
        sa.UniqueConstraint("issuer", "subject"),
    )
    person: str = Field(primary_key=True, sa_type=Code)
    login: str = Field(sa_type=Code)
    password: str | None = Field(default=None, sa_type=sa.Text)
    totp: bytes | None = Field(default=None)
    totp_step: int = Field(sa_type=sa.BigInteger)
    issuer: str | None = Field(default=None, sa_type=Code)
    subject: str | None = Field(default=None, sa_type=Code)
    reset_by: str | None = Field(default=None, sa_type=Code)
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)
    created_by: str = Field(sa_type=Code)
    created_at: datetime = Field(sa_type=Instant)
    changed_at: datetime = Field(sa_type=Instant)


class AccountLinkTable(Table, table=True):
    """:class:`workflow.accounts.LinkRow`."""

    __tablename__ = "account_link"
    __table_args__ = (sa.ForeignKeyConstraint(["person"], ["person.code"]), sa.Index("ix_account_link_person", "person"))
    hash: bytes = Field(primary_key=True)
    person: str = Field(sa_type=Code)
    created_by: str = Field(sa_type=Code)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class SessionTable(Table, table=True):
    """:class:`workflow.accounts.SessionRow`."""

    __tablename__ = "web_session"
    __table_args__ = (sa.ForeignKeyConstraint(["person"], ["person.code"]), sa.Index("ix_web_session_person", "person"))
    hash: bytes = Field(primary_key=True)
    person: str = Field(sa_type=Code)
    via: str = Field(sa_type=sa.Text)
    strong: bool
    whole: bool
    source: str = Field(sa_type=sa.Text)
    agent: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class TokenTable(Table, table=True):
    """:class:`workflow.accounts.TokenRow`."""

    __tablename__ = "api_token"
    __table_args__ = (
        sa.ForeignKeyConstraint(["person"], ["person.code"]),
        sa.UniqueConstraint("hash"),
        sa.Index("ix_api_token_person", "person"),
    )
    id: str = Field(primary_key=True, sa_type=Code)
    hash: bytes
    person: str = Field(sa_type=Code)
    name: str = Field(sa_type=sa.Text)
    scopes: str = Field(sa_type=sa.Text)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class AttemptTable(Table, table=True):
    """:class:`workflow.accounts.AttemptRow`; forgotten after a while, because how people sign in is sensitive."""

    __tablename__ = "login_attempt"
    __table_args__ = (
        sa.Index("ix_login_attempt_login", "login", "at"),
        sa.Index("ix_login_attempt_at", "at"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=_NUMBER)
    login: bytes
    source: str = Field(sa_type=sa.Text)
    at: datetime = Field(sa_type=Instant)
    outcome: str = Field(sa_type=sa.Text)


class AccessTable(Table, table=True):
    """:class:`workflow.accounts.AccessRow`; append-only by trigger."""

    __tablename__ = "access_record"
    __table_args__ = (
        sa.Index("ix_access_record_subject", "subject"),
        sa.Index("ix_access_record_person", "person"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=_NUMBER)
    at: datetime = Field(sa_type=Instant)
    person: str = Field(sa_type=Code)
    via: str = Field(sa_type=sa.Text)
    kind: str = Field(sa_type=sa.Text)
    subject: str = Field(sa_type=Code)
    detail: str = Field(sa_type=sa.Text)
    request: str = Field(sa_type=sa.Text)
