"""Reminders: planned steps, messages and their deliveries, personal links, choices, webhooks, feeds."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_HELD = "state IN ('waiting','claimed','sending')"
_TABLES = ("feed", "webhook", "reach_setting", "personal_link", "delivery_try", "delivery", "told_item", "message", "rung")


def upgrade() -> None:
    """Create the tables."""
    code: Any = sa.Text().with_variant(sa.String(collation="C"), "postgresql")
    text, instant, number = sa.Text(), sa.BigInteger(), sa.Integer()

    def table(
        name: str, *columns: tuple[str, Any] | tuple[str, Any, bool], key: tuple[str, ...], extra: tuple[Any, ...] = (), **options: Any
    ) -> None:
        op.create_table(
            name,
            *(sa.Column(each[0], each[1], nullable=len(each) > 2) for each in columns),  # noqa: PLR2004 a third value marks what may be missing
            sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
            *extra,
            **options,
        )

    def index(name: str, table: str, columns: list[str], where: str | None = None) -> None:
        partial: Any = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)} if where else {}
        op.create_index(name, table, columns, **partial)

    table(
        "rung", ("duty", code), ("rung", code), ("kind", sa.String()), ("subject", code), ("at", instant), ("due_at", instant),
        ("state", sa.String()), ("attempts", number), ("not_before", instant, True), ("fired_at", instant, True),
        key=("duty", "rung"),
        extra=(
            sa.CheckConstraint("kind IN ('term', 'activity', 'certificate')", name=op.f("ck_rung_kind")),
            sa.CheckConstraint("state IN ('planned', 'fired', 'superseded', 'cancelled', 'unheard')", name=op.f("ck_rung_state")),
        ),
        sqlite_with_rowid=False,
    )  # fmt: skip
    index("ix_rung_at", "rung", ["at", "duty"], "state = 'planned'")
    table(
        "message", ("id", code), ("recipient", code), ("span", code), ("send_at", instant), ("created_at", instant), ("version", number), ("body", text, True),
        ("composed_at", instant, True), key=("id",),
    )  # fmt: skip
    index("ix_message_recipient", "message", ["recipient", "created_at"])
    index("ix_message_created_at", "message", ["created_at"])
    table(
        "told_item", ("recipient", code), ("duty", code), ("rung", code), ("kind", text), ("subject", code), ("part", text),
        ("message", code), ("detail", text), ("moot", sa.Boolean()),
        key=("recipient", "duty", "rung"),
        extra=(sa.ForeignKeyConstraint(["message"], ["message.id"], name=op.f("fk_told_item_message")),),
    )  # fmt: skip
    index("ix_told_item_message", "told_item", ["message"])
    index("ix_told_item_subject", "told_item", ["subject"])
    states = "'waiting', 'claimed', 'sending', 'accepted', 'failed', 'moot', 'by_hand'"
    table(
        "delivery", ("key", code), ("message", code, True), ("channel", text), ("target", code), ("state", sa.String()),
        ("created_at", instant), ("not_before", instant), ("address", text, True), ("attempt", number), ("doubts", number),
        ("first_at", instant, True), ("owner", text, True), ("lease_until", instant, True), ("reply", text, True),
        ("updated_at", instant, True), ("read_at", instant, True),
        key=("key",), extra=(sa.CheckConstraint(f"state IN ({states})", name=op.f("ck_delivery_state")),),
    )  # fmt: skip
    index("ix_delivery_not_before", "delivery", ["not_before", "key"], _HELD)
    index("ix_delivery_message", "delivery", ["message"])
    index("ix_delivery_target", "delivery", ["target", "created_at"])
    index("ix_delivery_failed", "delivery", ["created_at"], "state = 'failed'")
    table(
        "delivery_try", ("key", code), ("attempt", number), ("tried_at", instant), ("worker", text), ("outcome", text), ("reply", text),
        key=("key", "attempt", "tried_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    table(
        "personal_link", ("digest", code), ("person", code), ("subject", code), ("duty", code), ("made_at", instant), ("ends_at", instant),
        ("opened_at", instant, True), ("confirmed_at", instant, True), ("via", text, True), key=("digest",),
    )  # fmt: skip
    index("ix_personal_link_person", "personal_link", ["person"])
    table(
        "reach_setting", ("scope", code), ("code", code), ("value", text), ("changed_by", code), ("changed_at", instant),
        key=("scope", "code"),
    )  # fmt: skip
    table(
        "webhook", ("id", code), ("unit", code), ("url", text), ("secret", text), ("events", text), ("since", instant), ("off", text, True),
        key=("id",),
    )  # fmt: skip
    # Whoever upgrades is not told of years that have passed.
    op.execute("INSERT INTO counter(scope,value) SELECT 'telling:notices',size FROM log_head WHERE size>0")
    table(
        "feed", ("digest", code), ("scope", text), ("code", code), ("made_by", code), ("made_at", instant), ("revoked_at", instant, True),
        key=("digest",),
    )  # fmt: skip


def downgrade() -> None:
    """Remove the tables: nothing that counts for the law is in them."""
    for name in _TABLES:
        op.drop_table(name)
    op.execute("DELETE FROM counter WHERE scope='telling:notices'")
