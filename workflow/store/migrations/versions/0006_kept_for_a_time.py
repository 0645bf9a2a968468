"""The record of who read what is kept for a time: what is old enough may be removed, and nothing else."""

from alembic import op

from workflow.store.triggers import ACCESS_POSTGRESQL, ACCESS_SQLITE, READS_POSTGRESQL, READS_SQLITE

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let rows go that are older than the shortest time they are kept for."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER access_record_no_delete")
        statements = READS_SQLITE
    else:
        op.execute("DROP TRIGGER access_record_no_rewrite ON access_record")
        statements = READS_POSTGRESQL
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    """Keep every row for good again."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER access_record_no_delete")
        statements = [statement for statement in ACCESS_SQLITE if "access_record_no_delete" in statement]
    else:
        op.execute("DROP TRIGGER access_record_no_rewrite ON access_record")
        op.execute("DROP FUNCTION refuse_young_reads()")
        statements = [statement for statement in ACCESS_POSTGRESQL if "access_record_no_rewrite" in statement]
    for statement in statements:
        op.execute(statement)
