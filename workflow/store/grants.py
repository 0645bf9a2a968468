"""What the service's own role may do on PostgreSQL. The role that owns the tables is for ``ocop migrate`` alone."""

from sqlalchemy import Connection, text

from states.errors import NotFound

DEFAULT_ROLE = "ocop_app"

RIGHTS = {
    "SELECT, INSERT": ("history", "log_leaf", "delivery_try", "http_answer"),
    "SELECT, INSERT, UPDATE": (
        "case_file", "certificate", "evaluation_round", "deadline_stage", "cycle_plan", "term", "counter", "unit", "succession", "person",
        "appointment", "tie", "producer", "product", "meta", "working_calendar", "rung", "message", "told_item", "delivery", "personal_link",
        "reach_setting", "webhook", "feed", "delegation", "account", "api_token",
        "bulk_operation", "bulk_item",
    ),
    "SELECT, INSERT, UPDATE, DELETE": ("account_link", "web_session"),
    "SELECT, INSERT, DELETE": ("outbox", "login_attempt", "access_record"),
    "SELECT, UPDATE": ("log_head", "registry"),
    "SELECT": ("alembic_version",),
}  # fmt: skip


def grant(connection: Connection, role: str | None) -> None:
    """Give ``role`` exactly these rights, no more; without a name, the default role if the server knows it.

    Raises:
        NotFound: a role that was named does not exist.
    """
    known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname=:role"), {"role": role or DEFAULT_ROLE}).scalar()
    if not known:
        if role is None:
            return
        raise NotFound(what="role", name=role)
    quote = connection.dialect.identifier_preparer.quote_identifier
    name, schema = quote(role or DEFAULT_ROLE), quote(str(connection.execute(text("SELECT current_schema()")).scalar()))
    connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {name}"))
    for rights, tables in RIGHTS.items():
        listed = ", ".join(tables)
        connection.execute(text(f"REVOKE ALL ON {listed} FROM {name}"))
        connection.execute(text(f"GRANT {rights} ON {listed} TO {name}"))
    for table in ("outbox", "login_attempt", "access_record"):
        connection.execute(text(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO {name}"))
