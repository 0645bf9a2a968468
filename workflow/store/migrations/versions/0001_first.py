"""The first schema.

What stands here is frozen: a later change is a later revision. The triggers come from :mod:`workflow.store.triggers`; a revision that
rebuilds a table on SQLite has to create them anew.
"""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

from workflow.store.triggers import POSTGRESQL, SQLITE

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _column(kind: Any, name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, autoincrement=False, nullable=nullable)


code: Callable[..., sa.Column[Any]] = partial(_column, sa.Text().with_variant(sa.String(collation="C"), "postgresql"))
name: Callable[..., sa.Column[Any]] = partial(_column, sa.String())
words: Callable[..., sa.Column[Any]] = partial(_column, sa.Text())
number: Callable[..., sa.Column[Any]] = partial(_column, sa.Integer())
big: Callable[..., sa.Column[Any]] = partial(_column, sa.BigInteger())
yes_no: Callable[..., sa.Column[Any]] = partial(_column, sa.Boolean())
octets: Callable[..., sa.Column[Any]] = partial(_column, sa.LargeBinary())


def one_of(table: str, column: str, values: str) -> sa.CheckConstraint:
    """The column holds one of these words."""
    listed = ", ".join(f"'{value}'" for value in values.split())
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def upgrade() -> None:
    """Create everything, and the rows that have to be there."""
    op.create_table(
        "case_file",
        number("version"),
        number("head_seq"),
        octets("head_hash"),
        code("code"),
        code("command"),
        name("kind"),
        code("product"),
        code("producer"),
        code("unit"),
        code("regime"),
        yes_no("pinned"),
        name("state"),
        number("attempt"),
        code("round", nullable=True),
        code("central_round", nullable=True),
        name("origin", nullable=True),
        name("left_state", nullable=True),
        code("certificate", nullable=True),
        words("memo"),
        big("registered_at"),
        big("updated_at"),
        code("open_product", nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_case_file"),
        one_of("case_file", "kind", "first upgrade reassessment"),
        one_of(
            "case_file",
            "left_state",
            "idea_registered selected business_plan district_evaluation commune_check provincial_evaluation national_nomination returned certified upgraded deferred not_selected not_ranked eliminated unchanged withdrawn",
        ),
        one_of(
            "case_file",
            "origin",
            "idea_registered selected business_plan district_evaluation commune_check provincial_evaluation national_nomination returned certified upgraded deferred not_selected not_ranked eliminated unchanged withdrawn",
        ),
        one_of(
            "case_file",
            "state",
            "idea_registered selected business_plan district_evaluation commune_check provincial_evaluation national_nomination returned certified upgraded deferred not_selected not_ranked eliminated unchanged withdrawn",
        ),
        sa.UniqueConstraint("command", name="uq_case_file_command"),
        sa.UniqueConstraint("open_product", name="uq_case_file_open_product"),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "ix_case_file_central_round",
        "case_file",
        ["central_round"],
        sqlite_where=sa.text("central_round IS NOT NULL"),
        postgresql_where=sa.text("central_round IS NOT NULL"),
    )
    op.create_index("ix_case_file_product", "case_file", ["product"])
    op.create_index("ix_case_file_round", "case_file", ["round"])
    op.create_index("ix_case_file_unit", "case_file", ["unit"])
    op.create_table(
        "certificate",
        number("version"),
        number("head_seq"),
        octets("head_hash"),
        code("code"),
        code("case_code"),
        code("product"),
        number("stars"),
        words("level"),
        words("decision_no"),
        words("decided_on"),
        words("last_valid_day"),
        code("replaced_by", nullable=True),
        name("state"),
        sa.PrimaryKeyConstraint("code", name="pk_certificate"),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_certificate_stars")),
        one_of("certificate", "state", "in_force superseded upgraded"),
    )
    op.create_index("ix_certificate_product", "certificate", ["product"])
    op.create_table(
        "counter",
        code("scope"),
        big("value"),
        sa.PrimaryKeyConstraint("scope", name="pk_counter"),
    )
    op.create_table(
        "cycle_plan",
        number("version"),
        number("head_seq"),
        octets("head_hash"),
        code("code"),
        code("unit"),
        number("year"),
        words("title"),
        words("doc_no"),
        words("doc_date", nullable=True),
        words("text"),
        words("digest"),
        name("state"),
        sa.PrimaryKeyConstraint("code", name="pk_cycle_plan"),
        one_of("cycle_plan", "state", "draft published replaced"),
    )
    op.create_index("ix_cycle_plan_unit", "cycle_plan", ["unit"])
    op.create_table(
        "deadline_stage",
        code("id"),
        code("plan"),
        sa.Column("plan_year", sa.Integer(), nullable=False),
        code("round", nullable=True),
        code("unit"),
        words("stage"),
        name("track"),
        big("cutoff", nullable=True),
        big("start", nullable=True),
        name("effect"),
        words("phrase"),
        words("kind"),
        words("source"),
        yes_no("firm"),
        yes_no("statutory"),
        words("flags"),
        sa.PrimaryKeyConstraint("id", name="pk_deadline_stage"),
        one_of("deadline_stage", "effect", "defer sort record"),
        one_of("deadline_stage", "track", "provincial central"),
    )
    op.create_index("ix_deadline_stage_plan", "deadline_stage", ["plan"])
    op.create_index("ix_deadline_stage_round", "deadline_stage", ["round"])
    op.create_index("ix_deadline_stage_unit", "deadline_stage", ["unit"])
    op.create_table(
        "evaluation_round",
        number("version"),
        number("head_seq"),
        octets("head_hash"),
        code("code"),
        code("unit"),
        number("year"),
        number("number"),
        name("track"),
        code("plan"),
        yes_no("statutory"),
        name("state"),
        sa.PrimaryKeyConstraint("code", name="pk_evaluation_round"),
        one_of("evaluation_round", "state", "draft open frozen closed"),
        one_of("evaluation_round", "track", "provincial central"),
    )
    op.create_index("ix_evaluation_round_unit_year", "evaluation_round", ["unit", "year"])
    op.create_table(
        "history",
        code("subject"),
        number("seq"),
        name("kind"),
        code("command"),
        words("event"),
        big("recorded_at"),
        words("body"),
        octets("leaf_hash"),
        words("opening", nullable=True),
        sa.PrimaryKeyConstraint("subject", "seq", name="pk_history"),
        one_of("history", "kind", "case certificate round plan"),
        sa.CheckConstraint("length(leaf_hash) = 32", name=op.f("ck_history_leaf_hash")),
        sa.UniqueConstraint("subject", "command", name="uq_history_subject_command"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_head",
        number("id"),
        big("size"),
        octets("frontier"),
        octets("root"),
        sa.PrimaryKeyConstraint("id", name="pk_log_head"),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_head_single")),
    )
    op.create_table(
        "meta",
        code("key"),
        words("value"),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        code("subject"),
        number("seq"),
        octets("leaf_hash"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "person",
        code("code"),
        words("name"),
        words("email", nullable=True),
        words("phone", nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_person"),
    )
    op.create_table(
        "producer",
        code("code"),
        words("name"),
        name("kind"),
        code("unit"),
        words("search_key"),
        sa.PrimaryKeyConstraint("code", name="pk_producer"),
        one_of("producer", "kind", "cooperative cooperative_group enterprise household farm association"),
    )
    op.create_table(
        "registry",
        number("id"),
        big("epoch"),
        sa.PrimaryKeyConstraint("id", name="pk_registry"),
        sa.CheckConstraint("id = 1", name=op.f("ck_registry_single")),
    )
    op.create_table(
        "succession",
        code("former"),
        code("heir"),
        code("takes_effect"),
        yes_no("whole"),
        words("decree"),
        sa.PrimaryKeyConstraint("former", "heir", "takes_effect", name="pk_succession"),
    )
    op.create_table(
        "term",
        code("id"),
        code("case_code"),
        number("attempt"),
        name("stage"),
        code("round", nullable=True),
        name("effect"),
        big("due_at"),
        words("phrase"),
        words("source"),
        code("deadline"),
        words("calendar", nullable=True),
        name("status"),
        number("attempts"),
        big("not_before", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_term"),
        one_of("term", "effect", "defer sort record"),
        one_of(
            "term",
            "stage",
            "idea_registration idea_selection plan_training plan_execution commune_check district_eval district_to_province commune_to_province province_eval province_to_centre national_eval re_evaluation upgrade",
        ),
        one_of("term", "status", "running met passed dropped"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_term_case_code",
        "term",
        ["case_code"],
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index(
        "ix_term_due_at",
        "term",
        ["due_at", "id"],
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "unit",
        code("code"),
        code("valid_from"),
        words("name"),
        words("level"),
        code("parent", nullable=True),
        code("valid_to", nullable=True),
        words("decree"),
        sa.PrimaryKeyConstraint("code", "valid_from", name="pk_unit"),
    )
    op.create_table(
        "appointment",
        code("person"),
        code("function"),
        code("level"),
        code("unit"),
        code("producer"),
        code("valid_from"),
        code("valid_to", nullable=True),
        sa.PrimaryKeyConstraint("person", "function", "level", "unit", "producer", "valid_from", name="pk_appointment"),
        sa.ForeignKeyConstraint(["person"], ["person.code"], name="fk_appointment_person"),
    )
    op.create_table(
        "log_leaf",
        sa.Column("log_seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=False, nullable=False),
        code("subject"),
        number("seq"),
        octets("leaf_hash"),
        sa.PrimaryKeyConstraint("log_seq", name="pk_log_leaf"),
        sa.CheckConstraint("length(leaf_hash) = 32", name=op.f("ck_log_leaf_leaf_hash")),
        sa.ForeignKeyConstraint(["subject", "seq"], ["history.subject", "history.seq"], name="fk_log_leaf_subject_seq"),
        sa.UniqueConstraint("subject", "seq", name="uq_log_leaf_subject_seq"),
    )
    op.create_table(
        "product",
        code("code"),
        words("name"),
        words("product_group"),
        code("producer"),
        code("unit"),
        words("search_key"),
        sa.PrimaryKeyConstraint("code", name="pk_product"),
        sa.ForeignKeyConstraint(["producer"], ["producer.code"], name="fk_product_producer"),
    )
    op.create_index("ix_product_producer", "product", ["producer"])
    op.create_table(
        "tie",
        code("person"),
        code("product"),
        code("kind"),
        sa.PrimaryKeyConstraint("person", "product", "kind", name="pk_tie"),
        sa.ForeignKeyConstraint(["person"], ["person.code"], name="fk_tie_person"),
    )
    dialect = op.get_bind().dialect.name
    for statement in POSTGRESQL if dialect == "postgresql" else SQLITE:
        op.get_bind().exec_driver_sql(statement.replace("%", "%%") if dialect == "postgresql" else statement)
    op.execute("INSERT INTO registry(id,epoch) VALUES(1,0)")
    head = sa.table(
        "log_head", sa.column("id"), sa.column("size"), sa.column("frontier", sa.LargeBinary), sa.column("root", sa.LargeBinary)
    )
    # RFC 9162, 2.1.1: the root of an empty log is the hash of nothing.
    op.execute(head.insert().values(id=1, size=0, frontier=b"", root=sha256(b"").digest()))


def downgrade() -> None:
    """Remove everything, histories included."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("history", "log_leaf"):
            op.execute(f"DROP TRIGGER {table}_no_rewrite ON {table}")
            op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
        op.execute("DROP FUNCTION refuse_rewriting()")
    for table in (
        "tie",
        "product",
        "log_leaf",
        "appointment",
        "unit",
        "term",
        "succession",
        "registry",
        "producer",
        "person",
        "outbox",
        "meta",
        "log_head",
        "history",
        "evaluation_round",
        "deadline_stage",
        "cycle_plan",
        "counter",
        "certificate",
        "case_file",
    ):
        op.drop_table(table)
