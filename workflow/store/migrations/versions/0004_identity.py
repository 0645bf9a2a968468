"""Accounts, links, sessions, tokens, attempts and the record of who read what; delegations, with histories of their own."""

import re

import sqlalchemy as sa
from alembic import op

from workflow.store.triggers import ACCESS_POSTGRESQL, ACCESS_SQLITE, SQLITE

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KIND = "delegation"


def _code(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.String(collation="C"), "postgresql"), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _octets(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _number() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person"], ["person.code"], name=op.f(f"fk_{table}_person"))


def upgrade() -> None:
    """Create the tables, guard the record of reads, and let a history be a delegation's."""
    op.create_table(
        "delegation", sa.Column("version", sa.Integer(), nullable=False), sa.Column("head_seq", sa.Integer(), nullable=False),
        _octets("head_hash"), _code("code"), _code("giver"), _code("taker"), _text("function"), _text("level"), _code("unit"),
        _text("events"), _code("valid_from"), _code("valid_to"), _text("document_no"), sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_delegation"),
        sa.CheckConstraint("state IN ('given', 'revoked')", name=op.f("ck_delegation_state")),
    )  # fmt: skip
    op.create_table(
        "account", _code("person"), _code("login"), _text("password", nullable=True), _octets("totp", nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False), _code("issuer", nullable=True), _code("subject", nullable=True),
        _code("reset_by", nullable=True), _instant("disabled_at", nullable=True), _code("created_by"), _instant("created_at"),
        _instant("changed_at"), sa.PrimaryKeyConstraint("person", name="pk_account"), _of_person("account"),
        sa.UniqueConstraint("login", name="uq_account_login"), sa.UniqueConstraint("issuer", "subject", name="uq_account_issuer_subject"),
    )  # fmt: skip
    op.create_table(
        "account_link", _octets("hash"), _code("person"), _code("created_by"), _instant("created_at"), _instant("expires_at"),
        _instant("used_at", nullable=True), sa.PrimaryKeyConstraint("hash", name="pk_account_link"), _of_person("account_link"),
    )  # fmt: skip
    op.create_table(
        "web_session", _octets("hash"), _code("person"), _text("via"), sa.Column("strong", sa.Boolean(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False), _text("source"), _text("agent"), _instant("created_at"), _instant("seen_at"),
        _instant("expires_at"), _instant("ended_at", nullable=True), sa.PrimaryKeyConstraint("hash", name="pk_web_session"),
        _of_person("web_session"),
    )  # fmt: skip
    op.create_table(
        "api_token", _code("id"), _octets("hash"), _code("person"), _text("name"), _text("scopes"), _instant("created_at"),
        _instant("expires_at"), _instant("revoked_at", nullable=True), _instant("used_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"), _of_person("api_token"),
        sa.UniqueConstraint("hash", name="uq_api_token_hash"),
    )  # fmt: skip
    op.create_table(
        "login_attempt", _number(), _octets("login"), _text("source"), _instant("at"), _text("outcome"),
        sa.PrimaryKeyConstraint("id", name="pk_login_attempt"), sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table(
        "access_record", _number(), _instant("at"), _code("person"), _text("via"), _text("kind"), _code("subject"), _text("detail"),
        _text("request"), sa.PrimaryKeyConstraint("id", name="pk_access_record"), sqlite_autoincrement=True,
    )  # fmt: skip
    for table in ("account_link", "web_session", "api_token"):
        op.create_index(f"ix_{table}_person", table, ["person"])
    op.create_index("ix_login_attempt_login", "login_attempt", ["login", "at"])
    op.create_index("ix_login_attempt_at", "login_attempt", ["at"])
    op.create_index("ix_access_record_subject", "access_record", ["subject"])
    op.create_index("ix_access_record_person", "access_record", ["person"])
    connection = op.get_bind()
    for statement in ACCESS_POSTGRESQL if connection.dialect.name == "postgresql" else ACCESS_SQLITE:
        connection.exec_driver_sql(statement)
    _kinds(add=True)


def downgrade() -> None:
    """Remove the tables; refused by the database while there is a delegation's history."""
    _kinds(add=False)
    for table in ("access_record", "login_attempt", "api_token", "web_session", "account_link", "account", "delegation"):
        op.drop_table(table)


def _kinds(*, add: bool) -> None:
    """Exchange the kinds that a history may be of: those that are there, with delegations or without.

    SQLite cannot change a check, so the table is copied under the new one; its triggers go with the old table and are created anew.
    """
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        found = connection.exec_driver_sql(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname='ck_history_kind' AND connamespace=current_schema()::regnamespace"
        ).scalar()
        listed = _listed(re.findall(r"'(\w+)'", str(found)), add=add)
        connection.exec_driver_sql("ALTER TABLE history DROP CONSTRAINT ck_history_kind")
        connection.exec_driver_sql(f"ALTER TABLE history ADD CONSTRAINT ck_history_kind CHECK (kind IN ({listed}))")
        return
    made = str(connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type='table' AND name='history'").scalar())
    head, _, body = made.partition("(")
    body = re.sub(
        r"(ck_history_kind CHECK \(kind IN \()([^)]*)", lambda m: m[1] + _listed(re.findall(r"'(\w+)'", m[2]), add=add), body, count=1
    )
    connection.exec_driver_sql(f"{head.replace('history', 'history_copy')}({body}")
    connection.exec_driver_sql("INSERT INTO history_copy SELECT * FROM history")
    connection.exec_driver_sql("DROP TABLE history")
    connection.exec_driver_sql("ALTER TABLE history_copy RENAME TO history")
    for statement in SQLITE:
        if " ON history" in statement:
            connection.exec_driver_sql(statement)


def _listed(kinds: list[str], *, add: bool) -> str:
    wanted = [kind for kind in kinds if kind != _KIND] + ([_KIND] if add else [])
    return ", ".join(f"'{kind}'" for kind in wanted)
