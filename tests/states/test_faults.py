"""What the system below says has words of ours, and its own sentence stays readable behind them."""

import errno
import json
import os
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.faults import FAULTS, recognised
from states.words import words

NAMES = {name for name, _ in FAULTS}


def test_every_fault_has_words_in_both_languages_and_none_stands_there_without_one():
    for language in ("vi", "en"):
        table = words(language).table["below"]
        assert set(table) == NAMES | {"syntax", "place", "end"}
    assert all(words("vi").label("below", name) != words("en").label("below", name) for name in NAMES)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (errno.ENOENT, "file_missing"), (errno.EACCES, "no_permission"), (errno.EPERM, "no_permission"), (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"), (errno.EROFS, "read_only"), (errno.ENOTDIR, "not_a_folder"), (errno.EISDIR, "is_a_folder"),
        (errno.ENAMETOOLONG, "name_too_long"), (errno.EMFILE, "too_many_files"), (errno.EIO, "disk_fault"), (errno.EADDRINUSE, "port_taken"),
        (errno.EADDRNOTAVAIL, "address_elsewhere"), (errno.ECONNREFUSED, "refused"), (errno.ETIMEDOUT, "timed_out"),
        (errno.EHOSTUNREACH, "unreachable"), (errno.ENETUNREACH, "unreachable"), (errno.ECONNRESET, "server_gone"), (errno.EPIPE, "server_gone"),
    ],
)  # fmt: skip
def test_numbers_of_the_operating_system_are_recognised_by_its_own_words(number: int, name: str):
    said = os.strerror(number)
    assert recognised(said).name == name
    assert words("vi").fault(said) == f"{words('vi').label('below', name)} ({said})"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('connection failed: connection to server at "127.0.0.1", port 5432 failed: FATAL:  password authentication failed for user "a"', "password_wrong"),
        ('connection failed: connection to server at "::1", port 1 failed: Connection refused\n\tIs the server running on that host?', "refused"),
        ('connection to server on socket "/run/.s.PGSQL.5432" failed: No such file or directory\n\tIs the server running', "refused"),
        ("connection failed: fe_sendauth: no password supplied", "password_missing"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", no encryption', "not_let_in"),
        ("FATAL:  sorry, too many clients already", "too_many_connections"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "too_many_connections"),
        ('could not translate host name "x" to address: Name or service not known', "host_unknown"),
        ("failed to resolve host 'x': [Errno -2] Name or service not known", "host_unknown"),
        ("[Errno -3] Temporary failure in name resolution", "host_unknown"),
        ('could not extend file "base/1/2": No space left on device', "disk_full"),
        ("FATAL:  the database system is starting up", "starting"),
        ("server closed the connection unexpectedly\n\tThis probably means …", "server_gone"),
        ("terminating connection due to administrator command", "server_gone"),
        ("canceling statement due to statement timeout", "timed_out"),
        ("connection timeout expired", "timed_out"),
        ("server does not support SSL, but SSL was required", "encryption_missing"),
        ("cannot execute INSERT in a read-only transaction", "read_only"),
        ("permission denied for table history", "no_permission"),
        ("closed", "closed"), ("the lid was closed", None), ("does not exist", None), ("", None), ("OCOP_PUBLIC_URL", None),
    ],
)  # fmt: skip
def test_sentences_of_the_server_are_recognised(said: str, name: str | None):
    assert recognised(said).name == name
    assert words("vi").fault(said).endswith(f"({' '.join(said.split())})" if name else said)


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ("a 1", "toml_equals", (1, 3)), ("a = \n", "toml_value", (1, 5)), ('x = 1\na = "b', "toml_unterminated", (0, 0)), ("a = 1 b", "toml_line_end", (1, 7)),
        ("a = 1\na = 2", "toml_twice", (0, 0)), ("[a]\n[a]", "toml_twice", (2, 3)), ("= 1", "toml_statement", (1, 1)), ("a. = 1", "toml_key", (1, 4)), ("a = [1", "toml_unclosed", (0, 0)),
        ("[a", "toml_table_end", (0, 0)), ('a = "\\q"', "toml_escape", (1, 8)), ("a = 2021-02-30", "toml_date", (1, 5)),
        ("a = 'x\x07'", "control_character", (1, 7)), ("a = b", "toml_value", (1, 5)),
    ],
)  # fmt: skip
def test_every_slip_in_a_toml_file_is_told_with_its_place(text: str, name: str, place: tuple[int, int]):
    with pytest.raises(tomllib.TOMLDecodeError) as raised:
        tomllib.loads(text)
    found = recognised(str(raised.value))
    assert found.name == name, str(raised.value)
    told = words("vi").fault(str(raised.value))
    if place != (0, 0):
        assert (found.line, found.column) == place, str(raised.value)
        assert f"dòng {place[0]}, cột {place[1]}" in told
    else:
        assert "ở cuối tệp" in told
    assert told.endswith(f"({' '.join(str(raised.value).split())})")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{", "json_name"), ('{"a" 1}', "json_colon"), ('{"a": }', "json_value"), ("[1 2]", "json_comma"), ("1 2", "json_extra"), ('"a', "toml_unterminated"),
        ('"\\q"', "json_escape"), ('"\x07"', "control_character"),
    ],
)  # fmt: skip
def test_every_slip_in_json_is_told(text: str, name: str):
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads(text)
    assert recognised(raised.value.msg).name == name, raised.value.msg


def test_faults_of_an_embedded_database_are_recognised(tmp_path: Path):
    def cause(path: str, *statements: str, uri: bool = False) -> str:
        with closing(sqlite3.connect(path, uri=uri, timeout=0)) as connection:
            for statement in statements[:-1]:
                connection.execute(statement)
            with pytest.raises(sqlite3.Error) as raised:
                connection.execute(statements[-1])
        return str(raised.value)

    file = tmp_path / "a.db"
    with closing(sqlite3.connect(file)) as holder:
        holder.execute("CREATE TABLE t(a)")
        filled = cause(str(file), "PRAGMA max_page_count=2", "INSERT INTO t VALUES(zeroblob(100000))")
        assert recognised(filled).name == "disk_full"
        assert recognised(cause(f"file:{file}?mode=ro", "INSERT INTO t VALUES(1)", uri=True)).name == "read_only"
        holder.execute("BEGIN EXCLUSIVE")
        assert recognised(cause(str(file), "INSERT INTO t VALUES(1)")).name == "locked"
    (tmp_path / "b.db").write_bytes(b"nothing of the kind" * 100)
    assert recognised(cause(str(tmp_path / "b.db"), "SELECT * FROM t")).name == "not_a_database"
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect(tmp_path / "none" / "a.db")
    assert recognised(str(raised.value)).name == "database_unopened"


@given(st.text())
def test_whatever_is_said_is_told_on_one_line_with_nothing_left_out(said: str):
    told = words("vi").fault(said)
    found = recognised(said)
    assert found.said in told or told == said
    assert found.name is None or found.name in NAMES
