"""A person's own key stands for one request on one case alone, and an operation on many cases keeps what its owner began it with."""

import sqlalchemy as sa
from alembic import op

from workflow.store.triggers import REQUEST_SQLITE

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the key with its guard, and the column."""
    keyed = sa.text("kind = 'case' AND command >= 'http:' AND command < 'http;'")
    op.create_index("uq_history_request", "history", ["command"], unique=True, sqlite_where=keyed, postgresql_where=keyed)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(REQUEST_SQLITE)
    op.add_column("bulk_operation", sa.Column("credential", sa.Text(), nullable=True))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("bulk_operation", "credential")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER history_no_second_request")
    op.drop_index("uq_history_request", table_name="history")
