"""Is the database still the one that the migrations made?

A schema is turned into facts, one line each: columns, keys, indexes, checks by name, triggers with their text and, on PostgreSQL, whether
they fire always. The declared facts are the files ``declared/*.txt``. A missing trigger is the case that matters: Alembic's batch mode
drops triggers on SQLite without a word, and an owner can disable them on PostgreSQL.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from states.errors import StoreUnsafe

Query = Callable[[str], Sequence[Sequence[Any]]]

_OWN = "alembic_version"
_CHECK = re.compile(r"CONSTRAINT (ck_\w+) CHECK")


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _where(sql: str | None) -> str:
    return _squeezed(sql[sql.upper().index(" WHERE ") :]) if sql and " WHERE " in sql.upper() else ""


def _sqlite_facts(query: Query) -> Iterable[str]:
    tables = query(f"SELECT name, sql FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name<>'{_OWN}'")  # noqa: S608
    rowid = {row[1]: "" if row[4] == 0 else " without rowid" for row in query("PRAGMA table_list")}
    where = {name: _where(sql) for name, sql in query("SELECT name, sql FROM sqlite_master WHERE type='index'")}
    for table, sql in tables:
        yield f"table {table}{rowid.get(table, '')}{' autoincrement' if 'AUTOINCREMENT' in sql else ''}"
        for _, name, kind, required, _default, key in query(f"PRAGMA table_info({table})"):
            yield f"column {table}.{name} {kind}{' not null' if required else ''}{f' key {key}' if key else ''}"
        for _, index, unique, origin, _partial in query(f"PRAGMA index_list({table})"):
            columns = ",".join(row[2] for row in query(f"PRAGMA index_info({index})"))
            label = f"index {index} on" if origin == "c" else "key of"
            yield f"{label} {table}({columns}){' unique' if unique else ''}{where.get(index, '')}"
        for row in query(f"PRAGMA foreign_key_list({table})"):
            yield f"reference {table}.{row[3]} -> {row[2]}.{row[4]}"
        yield from (f"check {name} on {table}" for name in _CHECK.findall(sql))
    for name, table, sql in query("SELECT name, tbl_name, sql FROM sqlite_master WHERE type='trigger'"):
        yield f"trigger {name} on {table}: {_squeezed(sql)}"
    yield from (f"view {row[0]}" for row in query("SELECT name FROM sqlite_master WHERE type='view'"))


_IN_SCHEMA = f"c.relnamespace=current_schema()::regnamespace AND c.relname<>'{_OWN}'"
_POSTGRESQL = {
    "table": "SELECT c.relname||coalesce(' '||array_to_string(c.reloptions,' '),'') FROM pg_class c"  # noqa: S608
    f" WHERE c.relkind IN ('r','p','v','m','f') AND {_IN_SCHEMA}",
    "column": "SELECT c.relname||'.'||a.attname||' '||format_type(a.atttypid,a.atttypmod)||CASE WHEN a.attnotnull THEN ' not null' ELSE '' END"  # noqa: S608
    "||CASE WHEN l.collname='C' THEN ' C' ELSE '' END FROM pg_attribute a JOIN pg_class c ON c.oid=a.attrelid"
    " LEFT JOIN pg_collation l ON l.oid=a.attcollation"
    f" WHERE a.attnum>0 AND NOT a.attisdropped AND c.relkind='r' AND {_IN_SCHEMA}",
    "index": "SELECT c.relname||' on '||t.relname||'('||(SELECT string_agg(a.attname,',' ORDER BY k.n) FROM unnest(i.indkey::int[])"  # noqa: S608
    " WITH ORDINALITY k(c,n) JOIN pg_attribute a ON a.attrelid=i.indrelid AND a.attnum=k.c)||')'"
    "||CASE WHEN i.indisunique THEN ' unique' ELSE '' END||CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END"
    "||CASE WHEN i.indpred IS NULL THEN '' ELSE ' partial' END FROM pg_index i"
    " JOIN pg_class c ON c.oid=i.indexrelid JOIN pg_class t ON t.oid=i.indrelid"
    f" WHERE t.relname<>'{_OWN}' AND {_IN_SCHEMA}",
    # Not-null constraints have entries of their own from PostgreSQL 18 on; the columns say it already.
    "constraint": "SELECT k.conname||' on '||c.relname||' '||k.contype::text||CASE WHEN k.convalidated THEN '' ELSE ' not valid' END"  # noqa: S608
    f" FROM pg_constraint k JOIN pg_class c ON c.oid=k.conrelid WHERE k.contype IN ('p','u','f','c') AND {_IN_SCHEMA}",
    "trigger": "SELECT t.tgname||' on '||c.relname||' fires '||t.tgenabled::text||' type '||t.tgtype||' calls '||p.proname"  # noqa: S608
    "||' '||md5(p.prosrc) FROM pg_trigger t JOIN pg_class c ON c.oid=t.tgrelid JOIN pg_proc p ON p.oid=t.tgfoid"
    f" WHERE NOT t.tgisinternal AND {_IN_SCHEMA}",
}


def facts(dialect: str, query: Query) -> list[str]:
    """The facts of the schema as it is, sorted. ``query`` runs a statement and returns its rows."""
    if dialect == "sqlite":
        return sorted(_sqlite_facts(query))
    return sorted(f"{kind} {row[0]}" for kind, sql in _POSTGRESQL.items() for row in query(sql))


def declared(dialect: str) -> list[str]:
    """The facts as they should be."""
    return (files("workflow.store") / "declared" / f"{dialect}.txt").read_text("utf-8").splitlines()


def fingerprint(dialect: str, query: Query) -> str:
    """SHA-256 over the facts, in hex."""
    return sha256("\n".join(facts(dialect, query)).encode()).hexdigest()


def check(dialect: str, query: Query) -> None:
    """Compare the schema with the declared one.

    Raises:
        StoreUnsafe: ``schema_drift`` with the facts that are ``missing`` and those that are ``unexpected``.
    """
    found, wanted = facts(dialect, query), declared(dialect)
    if found != wanted:
        raise StoreUnsafe("schema_drift", missing=sorted(set(wanted) - set(found)), unexpected=sorted(set(found) - set(wanted)))


@cache
def newest_revision() -> str:
    """The revision that this program was written for."""
    versions = files("workflow.store") / "migrations" / "versions"
    return max(entry.name.split("_")[0] for entry in versions.iterdir() if re.match(r"\d{4}_\w+\.py$", entry.name))


def check_revision(found: str | None, place: str) -> None:
    """Is the database of this program's age?

    Args:
        found: The revision that it has, if it has one.
        place: Where it lies, as whoever has looked in the wrong place has to be told.

    Raises:
        StoreUnsafe: ``schema_missing`` or ``schema_other_revision``.
    """
    wanted = newest_revision()
    if found is None:
        raise StoreUnsafe("schema_missing", wanted=wanted, place=place)
    if found != wanted:
        raise StoreUnsafe("schema_other_revision", found=found, wanted=wanted)
