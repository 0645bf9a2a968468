"""A producer's cases are found without looking at everybody's. A case seldom changes its producer, so no act pays for it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index, and let that of running deadlines answer which is the nearest without looking at the rows."""
    op.create_index("ix_case_file_producer", "case_file", ["producer"])
    op.drop_index("ix_term_case_code", table_name="term")
    running = sa.text("status = 'running'")
    op.create_index("ix_term_case_code", "term", ["case_code", "due_at", "id"], sqlite_where=running, postgresql_where=running)


def downgrade() -> None:
    """Put both back."""
    op.drop_index("ix_term_case_code", table_name="term")
    running = sa.text("status = 'running'")
    op.create_index("ix_term_case_code", "term", ["case_code"], sqlite_where=running, postgresql_where=running)
    op.drop_index("ix_case_file_producer", table_name="case_file")
