"""Migrations with rows in the tables, append-only by force, and the refusal of a schema that is not the declared one."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from states.errors import MalformedInput, StoreUnsafe
from tests.workflow.store.samples import act, case, created, moved, round_, stage, term
from tests.workflow.store.test_reads import APPOINTMENT, PERSON, PRODUCER, PRODUCT, UNIT
from workflow.ports import Store
from workflow.store import downgrade, migrate, open_store
from workflow.store.schema import declared
from workflow.store.tables import metadata
from workflow.store.urls import conninfo, sqlite_path

Run = Callable[..., Any]
plain: Any = import_module("workflow.store.migrations.versions.0010_plain_checks")


def fill(store: Store) -> None:
    row = case()
    store.save_registry(units=[UNIT], people=[PERSON], appointments=[APPOINTMENT], producers=[PRODUCER], products=[PRODUCT])
    store.write([created(row, opened=(term(row),)), created(round_(), stages=(stage(),))], epoch=None)
    store.write([act(row, moved(row))], epoch=None)
    store.sequence_log(2)
    store.next_number("VS")
    store.set_meta("log", "x")


def is_postgresql(database: Any) -> bool:
    return bool(database.kind == "postgresql")


REWRITES = [
    "UPDATE history SET body='x'",
    "UPDATE log_leaf SET leaf_hash=leaf_hash",
    "DELETE FROM history",
    "DELETE FROM log_leaf",
]
SQLITE_REWRITES = [
    # By the primary key, by the other key, and as an upsert.
    "INSERT OR REPLACE INTO history SELECT subject,seq,kind,'new',event,recorded_at,'x',leaf_hash,opening FROM history",
    "INSERT OR REPLACE INTO history SELECT subject,seq+100,kind,command,event,recorded_at,'x',leaf_hash,opening FROM history",
    "INSERT INTO history SELECT * FROM history WHERE true ON CONFLICT DO UPDATE SET body='x'",
    "UPDATE OR REPLACE history SET seq=1",
    "INSERT OR REPLACE INTO log_leaf SELECT log_seq,subject,seq+100,leaf_hash FROM log_leaf",
    "INSERT OR REPLACE INTO log_leaf SELECT log_seq+100,subject,seq,leaf_hash FROM log_leaf",
]
POSTGRESQL_REWRITES = [
    "TRUNCATE history CASCADE",
    "TRUNCATE log_leaf",
    "INSERT INTO history SELECT * FROM history ON CONFLICT (subject,seq) DO UPDATE SET body='x'",
]


def test_not_even_the_owner_rewrites_a_history(store: Store, owner: Run, database: Any) -> None:
    fill(store)
    before = list(store.entries()), list(store.log_leaves())
    for statement in REWRITES + (POSTGRESQL_REWRITES if is_postgresql(database) else SQLITE_REWRITES):
        with pytest.raises(sa.exc.DBAPIError, match=r"append-only|must be owner"):
            owner(statement)
    assert (list(store.entries()), list(store.log_leaves())) == before


def test_a_schema_without_its_trigger_is_refused(store: Store, owner: Run, database: Any) -> None:
    store.close()
    if is_postgresql(database):
        owner("ALTER TABLE history DISABLE TRIGGER history_no_truncate")
        wanted = "trigger history_no_truncate on history fires A"
    else:
        owner("DROP TRIGGER history_no_second_command")
        wanted = "trigger history_no_second_command on history"
    for again in (lambda: open_store(database.url, allow_unsafe=True), lambda: migrate(database.owner_url)):
        with pytest.raises(StoreUnsafe, match="schema_drift") as caught:
            again()
        assert [fact[: len(wanted)] for fact in caught.value.detail["missing"]] == [wanted]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE person ADD COLUMN age int", "DROP INDEX ix_term_due_at", "CREATE TABLE other(x int)", "CREATE VIEW v AS SELECT 1"],
)
def test_any_other_drift_is_refused_as_well(store: Store, owner: Run, database: Any, change: str) -> None:
    store.close()
    owner(change)
    with pytest.raises(StoreUnsafe, match="schema_drift"):
        open_store(database.url, allow_unsafe=True)


def test_what_the_migrations_make_is_what_the_tables_declare(database: Any) -> None:
    path = sqlite_path(database.owner_url)
    url = f"sqlite:///{path}" if path else sa.make_url(conninfo(database.owner_url)).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        if path:
            checks = {row[0]: row[1] for row in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type='table'")}
            fresh = sa.create_engine("sqlite://")
            with fresh.begin() as empty:
                metadata.create_all(empty)
                for name, text in empty.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type='table'"):
                    if name in metadata.tables:
                        assert lines(checks[name]) == lines(plain.joined(text) if name in plain.TABLES else text)
    assert len([fact for fact in declared(database.kind) if fact.startswith("table ")]) == len(metadata.tables)


def lines(statement: str) -> list[str]:
    """Lines of a statement in any order; SQLite quotes the name of a table that a migration has built anew, and adds a column to the line of the last."""
    whole = re.sub(r'^CREATE TABLE "(\w+)"', r"CREATE TABLE \1", re.sub(r", (?=\w+ [A-Z])", ",\n", statement))
    return sorted(line.strip().rstrip(",") for line in whole.splitlines())


def test_not_even_by_its_key_is_an_act_on_a_case_replaced(store: Store, owner: Run, database: Any) -> None:
    fill(store)
    store.close()
    columns, whole = "subject,seq,kind,command,event,recorded_at,body,leaf_hash,opening", "FROM history WHERE kind='case' AND seq=1"
    owner(f"INSERT INTO history({columns}) SELECT subject,90,kind,'http:1',event,recorded_at,body,leaf_hash,opening {whole}")
    again = f"history({columns}) SELECT 'other',90,kind,'http:1',event,recorded_at,'x',leaf_hash,opening {whole}"
    for statement in [f"INSERT INTO {again}", *([f"INSERT OR REPLACE INTO {again}"] if not is_postgresql(database) else [])]:
        with pytest.raises(sa.exc.IntegrityError):
            owner(statement)
    # Whatever was not made from a person's own key may stand on several cases.
    owner(f"INSERT INTO {again}".replace("http:1", "cli:1"))
    assert [row[0] for row in owner("SELECT subject FROM history WHERE command='http:1'")] != ["other"]


def test_migrating_twice_changes_nothing_and_keeps_the_rows(store: Store, database: Any) -> None:
    fill(store)
    before = list(store.entries()), list(store.subjects()), store.registry(), store.log_state(), store.get_meta("log")
    store.close()
    migrate(database.owner_url)
    again = open_store(database.url, allow_unsafe=True)
    assert (list(again.entries()), list(again.subjects()), again.registry(), again.log_state(), again.get_meta("log")) == before
    again.close()


def test_down_and_up_again_with_rows_in_every_table(store: Store, database: Any) -> None:
    fill(store)
    store.close()
    downgrade(database.owner_url, "base")
    with pytest.raises(StoreUnsafe, match="schema_missing"):
        open_store(database.url, allow_unsafe=True)
    migrate(database.owner_url)
    again = open_store(database.url, allow_unsafe=True)
    assert list(again.entries()) == []
    fill(again)
    assert len(list(again.entries())) == 3
    again.close()


def test_a_rehearsal_stays_one_and_a_real_database_never_becomes_one(store: Store, database: Any) -> None:
    assert store.get_meta("rehearsal") == "0"
    store.close()
    with pytest.raises(StoreUnsafe, match="rehearsal_mismatch"):
        migrate(database.owner_url, rehearsal=True)
    downgrade(database.owner_url, "base")
    migrate(database.owner_url, rehearsal=True)
    migrate(database.owner_url)
    again = open_store(database.url, allow_unsafe=True)
    assert again.get_meta("rehearsal") == "1"
    again.close()


def test_the_fingerprint_tells_one_schema_from_another(store: Any, owner: Run) -> None:
    before = store.fingerprint()
    owner("CREATE INDEX other ON person(name)")
    assert store.fingerprint() != before
    owner("DROP INDEX other")
    assert store.fingerprint() == before


def test_a_database_of_another_revision_is_refused(store: Store, owner: Run, database: Any) -> None:
    store.close()
    owner("UPDATE alembic_version SET version_num='0000'")
    with pytest.raises(StoreUnsafe, match="schema_other_revision") as caught:
        open_store(database.url, allow_unsafe=True)
    assert caught.value.detail["found"] == "0000"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_keeps_nothing_and_is_refused(url: str) -> None:
    with pytest.raises(StoreUnsafe, match="sqlite_unsafe_setting"):
        open_store(url)


@pytest.mark.parametrize("url", ["mysql://a/b", "nonsense", ""])
def test_other_databases_are_refused_by_name(url: str) -> None:
    with pytest.raises(MalformedInput, match="database_url_unknown"):
        open_store(url)


def test_a_file_that_is_not_there_is_not_made_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(StoreUnsafe, match="schema_missing"):
        open_store(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []


WORDS = [
    ("case_file", "state"),
    ("case_file", "origin"),
    ("case_file", "left_state"),
    ("case_file", "kind"),
    ("term", "status"),
    ("term", "stage"),
    ("term", "effect"),
    ("rung", "kind"),
    ("rung", "state"),
]


@pytest.mark.parametrize(("table", "column"), WORDS)
def test_a_word_that_a_column_does_not_know_is_refused_by_the_database_itself(store: Store, owner: Run, table: str, column: str) -> None:
    fill(store)
    owner("INSERT INTO rung(duty,rung,kind,subject,at,due_at,state,attempts) VALUES('d','r','term','s',1,2,'planned',0)")
    for word in ("nonsense", "", "STATE", "running OR 1=1"):
        with pytest.raises(sa.exc.IntegrityError, match=f"ck_{table}_{column}"):
            owner(f"UPDATE {table} SET {column}='{word}'")  # noqa: S608 - names are ours
    enum = metadata.tables[table].c[column].type
    assert isinstance(enum, sa.Enum)
    for word in enum.enums:
        owner(f"UPDATE {table} SET {column}='{word}'")  # noqa: S608 - names are ours


def test_a_check_is_turned_into_words_and_back_as_it_was() -> None:
    made = "CREATE TABLE x (\n\ta TEXT, \n\tCONSTRAINT ck_x_a CHECK (a IN ('b', 'c_d')), \n\tCONSTRAINT ck_x_h CHECK (length(h) = 32)\n)"
    assert "CHECK (a = 'b' OR a = 'c_d')" in plain.joined(made)
    assert "CHECK (length(h) = 32)" in plain.joined(made)
    assert plain.listed(plain.joined(made)) == made


def test_an_older_database_keeps_its_histories_on_the_way_up_and_down(store: Store, database: Any) -> None:
    fill(store)
    before = list(store.entries()), list(store.log_leaves()), list(store.heads())
    store.close()
    downgrade(database.owner_url, "0001")
    migrate(database.owner_url)
    again = open_store(database.url, allow_unsafe=True)
    assert (list(again.entries()), list(again.log_leaves()), list(again.heads())) == before
    again.close()
