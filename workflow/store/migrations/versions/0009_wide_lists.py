"""Lists of whole provinces are read from indexes: codes by unit, and deadlines that were recorded as passed.

No act pays for it: a case never changes its unit, and a deadline is recorded as passed once, by the worker.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the index of units tell the codes, and find the deadlines that were only recorded."""
    op.drop_index("ix_case_file_unit", table_name="case_file")
    op.create_index("ix_case_file_unit", "case_file", ["unit", "code"])
    recorded = sa.text("status = 'passed' AND effect = 'record'")
    op.create_index("ix_term_recorded", "term", ["case_code", "stage", "attempt"], sqlite_where=recorded, postgresql_where=recorded)


def downgrade() -> None:
    """Put the one back, and drop the other."""
    op.drop_index("ix_term_recorded", table_name="term")
    op.drop_index("ix_case_file_unit", table_name="case_file")
    op.create_index("ix_case_file_unit", "case_file", ["unit"])
