"""Answers to writes over HTTP, and operations on many cases."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    text = sa.Text().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "http_answer",
        sa.Column("command", text, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("command", name="pk_http_answer"),
    )
    op.create_table(
        "bulk_operation",
        sa.Column("id", text, nullable=False),
        sa.Column("person", text, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_operation"),
        sa.CheckConstraint("state IN ('running', 'done', 'cancelled')", name=op.f("ck_bulk_operation_state")),
    )
    op.create_table(
        "bulk_item",
        sa.Column("operation", text, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case_code", text, nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("fate", sa.String(), nullable=False),
        sa.Column("told", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("operation", "number", name="pk_bulk_item"),
        sa.ForeignKeyConstraint(["operation"], ["bulk_operation.id"], name="fk_bulk_item_operation"),
        sa.CheckConstraint("fate IN ('pending', 'moved', 'skipped', 'blocked', 'conflict', 'error')", name=op.f("ck_bulk_item_fate")),
    )


def downgrade() -> None:
    """Remove them with what they hold."""
    for table in ("bulk_item", "bulk_operation", "http_answer"):
        op.drop_table(table)
