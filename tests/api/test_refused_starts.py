"""What stops a start: each caused for real, each told in a plain sentence of either language, with exit code 1 and nothing started."""

import re
from pathlib import Path

import pytest

from tests.api.conftest import owner_of, use
from tests.api.terminal import Said, done, ocop
from tests.support.databases import Database
from workflow.store import downgrade

ROOT = Path(__file__).parents[2]
TYPED = re.compile(r"\{\w+\}|\b(?:sqlite|schema|database|clock|postgresql|unknown|setting)_\w+|Traceback|…")
"""What has no place in a sentence: a placeholder, a code, a trace."""


def stops(code: str, *words: str, commands: tuple[tuple[str, ...], ...] = (("doctor",), ("case", "list"), ("tick",))) -> None:
    """Every start is refused with this code, and its sentence in each language holds these words."""
    for command in commands:
        for language in ("vi", "en"):
            said = ocop(*command, "--lang", language)
            assert said.code == 1, (command, said)
            for word in words:
                assert word in said.err, (command, word, said)
            assert not TYPED.search(said.err.replace("synchronous_commit", "").replace("alembic_version", "")), said.err
        answer = ocop(*command, "--json")
        assert answer.code == 1
        faults = [c["error"] for c in answer.json["checks"] if c["error"]] if command == ("doctor",) else [answer.json["error"]]
        assert [fault["code"] for fault in faults] == [code]
        assert all(faults[0]["text"].values())


def test_no_database_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    stops("schema_missing", "ocop migrate", str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists(), "a refused start creates nothing"


def test_a_file_without_a_schema(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "empty.db").touch()
    use(monkeypatch, f"sqlite:///{tmp_path / 'empty.db'}")
    stops("schema_missing", "ocop migrate")


def test_a_file_that_is_no_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "letter.db").write_text("Kính gửi: Ủy ban nhân dân tỉnh\n" * 200, "utf-8")
    use(monkeypatch, f"sqlite:///{tmp_path / 'letter.db'}")
    stops("database_unavailable")
    for language in ("vi", "en"):
        assert ocop("migrate", "--lang", language).code == 1
    assert (tmp_path / "letter.db").read_text("utf-8").startswith("Kính gửi")


def test_a_schema_that_is_missing(real: Database):
    downgrade(real.owner_url, "base")
    stops("schema_missing", "ocop migrate")


def test_a_dropped_trigger(real: Database):
    run = owner_of(real)
    if real.kind == "sqlite":
        name = run("SELECT name FROM sqlite_master WHERE type='trigger' ORDER BY 1")[0][0]
        run(f"DROP TRIGGER {name}")
    else:
        name, table = run(
            "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid=t.tgrelid WHERE NOT t.tgisinternal ORDER BY 1"
        )[0]
        run(f'DROP TRIGGER "{name}" ON "{table}"')
    stops("schema_drift", name)


def test_a_changed_column(real: Database):
    owner_of(real)(
        "ALTER TABLE person ADD COLUMN nickname TEXT" if real.kind == "sqlite" else "ALTER TABLE person ALTER COLUMN name DROP NOT NULL"
    )
    stops("schema_drift", "person")


def test_a_database_of_another_revision(real: Database):
    owner_of(real)("UPDATE alembic_version SET version_num='9999'")
    stops("schema_other_revision", "9999")


def test_a_clock_before_the_last_entry(small: Database):
    """The rehearsal's clock stands in the database, so it can be set back behind the program's back."""
    done("rehearsal", "clock", "2021-03-01T08:00")
    done(
        "case",
        "register",
        "GAO-1",
        "--as",
        "sx-gao",
        *["-d", "kind=first", "-d", "novelty=new", "-d", "group=food", "-d", "origin=own_idea"],
    )
    owner_of(small)("UPDATE meta SET value='2021-02-01T08:00:00+07:00' WHERE key='rehearsal_now'")
    stops("clock_before_last_entry", "2021")


def test_a_database_in_memory(monkeypatch: pytest.MonkeyPatch):
    use(monkeypatch, "sqlite:///:memory:")
    stops("sqlite_unsafe_setting", "SQLite")


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch):
    use(monkeypatch, "postgresql://ocop:hush@127.0.0.1:1/ocop")
    stops("database_unavailable", commands=(("doctor",), ("case", "list")))
    assert "hush" not in ocop("doctor").all + ocop("doctor", "--json").all
    assert "hush" not in ocop("migrate").all


def test_a_folder_in_place_of_the_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    use(monkeypatch, f"sqlite:///{tmp_path}")
    stops("database_unavailable")
    for language in ("vi", "en"):
        assert ocop("migrate", "--lang", language).code == 1


@pytest.mark.parametrize("url", ["mysql://x/y", "hush hush", "", "postgresql+psycopg://u:hush@[bad/x", "sqlite://"])
def test_an_address_that_means_no_database(monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setenv("OCOP_DATABASE_URL", url)
    for command in ("doctor", "tick", "migrate"):
        for language in ("vi", "en"):
            said = ocop(command, "--lang", language)
            assert said.code in {1, 2}, said
            assert said.err
            assert not TYPED.search(said.err), said.err
            assert "hush" not in said.err.replace("“hush hush”", ""), said.err


def test_a_data_folder_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("OCOP_DATA_DIR", str(tmp_path / "file" / "below"))
    for command in (("migrate",), ("demo",)):
        for language in ("vi", "en"):
            said = ocop(*command, "--lang", language)
            assert said.code == 1, said
            assert "file" in said.err


def test_an_unknown_setting_is_named(real: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OCOP_DATABSE_URL", "x")
    for language in ("vi", "en"):
        said = ocop("doctor", "--lang", language)
        assert said.code == 1
        assert "OCOP_DATABSE_URL" in said.err
        assert ocop("case", "list", "--lang", language).code == 2
    assert ocop("doctor", "--json").json["checks"][0]["error"]["code"] == "unknown_setting"


def test_a_rehearsal_never_becomes_real_and_a_real_one_never_a_rehearsal(small: Database, real: Database, monkeypatch: pytest.MonkeyPatch):
    use(monkeypatch, real.url)
    if real.kind == "postgresql":
        monkeypatch.setenv("OCOP_OWNER_URL", real.owner_url)
    for command in (("migrate", "--rehearsal"), ("demo",), ("rehearsal", "clock", "2030-01-01T00:00")):
        said = ocop(*command, "--lang", "en")
        assert said.code == 1, (command, said)
        assert "rehearsal" in said.err


def test_doctor_tells_of_a_sound_installation(small: Database):
    said: Said = done("doctor", "--json")
    assert said.json["ok"] is True
    assert {c["check"] for c in said.json["checks"]} == {"settings", "writer", "database", "clock", "log", "due", "calendar"}
    assert "rehearsal" in done("doctor", "--lang", "en").out
    assert "bản tập huấn" in done("doctor").out
