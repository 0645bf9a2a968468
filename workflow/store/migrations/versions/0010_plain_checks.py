"""Checks of the busiest tables as SQLite tests them quickly; PostgreSQL is left as it is.

For ``column IN (…)`` in a check SQLite builds a table of the words anew with every row that is written, which costs more than the row itself.
The same words joined by ``OR`` are compared one by one. SQLite cannot change a check, so a table is copied under the new one; its indexes and
triggers go with the old table and are created anew as they stood.
"""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("case_file", "term", "history", "rung", "delivery")
_LISTED = re.compile(r"CHECK \((\w+) IN \(([^()]*)\)\)")
_WORD = re.compile(r"'\w+'")
_JOINED = re.compile(r"CHECK \(((\w+) = '\w+'(?: OR \2 = '\w+')*)\)")


def upgrade() -> None:
    """Join by OR what was a list."""
    for table in TABLES:
        _rewrite(table, joined)


def downgrade() -> None:
    """Make lists again."""
    for table in TABLES:
        _rewrite(table, listed)


def joined(sql: str) -> str:
    """The statement that makes a table, its lists joined by OR."""

    def alternatives(found: re.Match[str]) -> str:
        words = " OR ".join(f"{found[1]} = {word}" for word in _WORD.findall(found[2]))
        return f"CHECK ({words})"

    return _LISTED.sub(alternatives, sql)


def listed(sql: str) -> str:
    """The same with lists."""

    def words(found: re.Match[str]) -> str:
        return f"CHECK ({found[2]} IN ({', '.join(_WORD.findall(found[1]))}))"

    return _JOINED.sub(words, sql)


def _rewrite(table: str, change: Callable[[str], str]) -> None:
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    run = connection.exec_driver_sql
    made = str(run("SELECT sql FROM sqlite_master WHERE type='table' AND name=?", (table,)).scalar())
    beside = run("SELECT sql FROM sqlite_master WHERE tbl_name=? AND type IN ('index','trigger') AND sql IS NOT NULL", (table,)).fetchall()
    head, _, body = change(made).partition("(")
    run(f"{head.replace(table, f'{table}_copy')}({body}")
    columns = ",".join(column["name"] for column in sa.inspect(connection).get_columns(table))
    run(f"INSERT INTO {table}_copy({columns}) SELECT {columns} FROM {table}")  # noqa: S608 names are ours
    run(f"DROP TABLE {table}")
    run(f"ALTER TABLE {table}_copy RENAME TO {table}")
    for (sql,) in beside:
        run(sql)
