"""Units' own tables of working days, and histories that belong to them."""

import sqlalchemy as sa
from alembic import op

from workflow.store.triggers import SQLITE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BEFORE, _AFTER = "'case', 'certificate', 'round', 'plan'", "'case', 'certificate', 'round', 'plan', 'calendar'"


def upgrade() -> None:
    """Create the table, and let a history be a calendar's."""
    text = sa.Text().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "working_calendar",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code", text, nullable=False),
        sa.Column("unit", text, nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_working_calendar"),
        sa.CheckConstraint("state IN ('in_force')", name=op.f("ck_working_calendar_state")),
    )
    _kinds(_BEFORE, _AFTER)


def downgrade() -> None:
    """Remove the table; refused by the database while there is a calendar's history."""
    _kinds(_AFTER, _BEFORE)
    op.drop_table("working_calendar")


def _kinds(before: str, after: str) -> None:
    """Exchange the kinds that a history may be of.

    SQLite cannot change a check, so the table is copied under the new one; its triggers go with the old table and are created anew.
    """
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE history DROP CONSTRAINT ck_history_kind")
        connection.exec_driver_sql(f"ALTER TABLE history ADD CONSTRAINT ck_history_kind CHECK (kind IN ({after}))")
        return
    made = str(connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type='table' AND name='history'").scalar())
    head, _, body = made.partition("(")
    connection.exec_driver_sql(f"{head.replace('history', 'history_copy')}({body.replace(f'IN ({before})', f'IN ({after})')}")
    connection.exec_driver_sql("INSERT INTO history_copy SELECT * FROM history")
    connection.exec_driver_sql("DROP TABLE history")
    connection.exec_driver_sql("ALTER TABLE history_copy RENAME TO history")
    for statement in SQLITE:
        if " ON history" in statement:
            connection.exec_driver_sql(statement)
