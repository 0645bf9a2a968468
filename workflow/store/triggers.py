"""Append-only, in the database's own words. Hygiene rather than proof: the proof is the Merkle log.

SQLite: UPDATE and DELETE abort, and because ``INSERT OR REPLACE`` deletes quietly, every key of the table has a guard before INSERT as
well (``recursive_triggers`` makes REPLACE fire the delete trigger too; both stand, since a connection could leave the setting off).
PostgreSQL: one function for rows and TRUNCATE, fired ``ALWAYS``, so that ``session_replication_role`` does not pass it by.
"""

from collections.abc import Mapping

from workflow.housekeeping import KEPT_AT_LEAST_DAYS

_GUARDED = {
    "history": {"row": "subject=NEW.subject AND seq=NEW.seq", "command": "subject=NEW.subject AND command=NEW.command"},
    "log_leaf": {"row": "log_seq=NEW.log_seq", "entry": "subject=NEW.subject AND seq=NEW.seq"},
}


def _abort(name: str, event: str, table: str, when: str = "") -> str:
    return f"CREATE TRIGGER {name} BEFORE {event} ON {table}{when} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"


def _sqlite(guarded: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [
        statement
        for table, keys in guarded.items()
        for statement in (
            _abort(f"{table}_no_update", "UPDATE", table),
            _abort(f"{table}_no_delete", "DELETE", table),
            *(
                _abort(f"{table}_no_second_{key}", "INSERT", table, f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {condition})")  # noqa: S608
                for key, condition in keys.items()
            ),
        )
    ]


def _postgresql(guarded: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [
        statement
        for table in guarded
        for statement in (
            f"CREATE TRIGGER {table}_no_rewrite BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_rewrite",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate",
        )
    ]


SQLITE = _sqlite(_GUARDED)

POSTGRESQL = [
    "CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END$$",
    *_postgresql(_GUARDED),
]

REQUEST_SQLITE = _abort(
    "history_no_second_request", "INSERT", "history",
    " WHEN NEW.kind='case' AND NEW.command>='http:' AND NEW.command<'http;' AND EXISTS"
    " (SELECT 1 FROM history WHERE command=NEW.command AND kind='case' AND command>='http:' AND command<'http;')",
)  # fmt: skip
"""The guard of the key by which a person's own key is used for one act on one case."""

_ACCESS = {"access_record": {"row": "id=NEW.id"}}
ACCESS_SQLITE, ACCESS_POSTGRESQL = _sqlite(_ACCESS), _postgresql(_ACCESS)
"""The same for the record of who read what."""

_YOUNG_SQLITE = f"OLD.at>(CAST(strftime('%s','now') AS INTEGER)-{KEPT_AT_LEAST_DAYS * 86_400})*1000000"
_OLD_POSTGRESQL = f"OLD.at<=(extract(epoch FROM now())::bigint-{KEPT_AT_LEAST_DAYS * 86_400})*1000000"

READS_SQLITE = [_abort("access_record_no_delete", "DELETE", "access_record", f" WHEN {_YOUNG_SQLITE}")]
_YOUNG_POSTGRESQL = (
    "CREATE FUNCTION refuse_young_reads() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
    f" IF TG_OP='DELETE' AND {_OLD_POSTGRESQL} THEN RETURN OLD; END IF;"
    " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END$$"
)
READS_POSTGRESQL = [
    _YOUNG_POSTGRESQL,
    "CREATE TRIGGER access_record_no_rewrite BEFORE UPDATE OR DELETE ON access_record FOR EACH ROW EXECUTE FUNCTION refuse_young_reads()",
    "ALTER TABLE access_record ENABLE ALWAYS TRIGGER access_record_no_rewrite",
]
"""The record of reads once more: what is older than that may be removed, by the database's own clock, whatever the service believes."""
