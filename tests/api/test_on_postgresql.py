"""Starts that only PostgreSQL can refuse, and addresses of its own."""

import re

import pytest

from tests.api.conftest import owner_of, use
from tests.api.journey import IDEA
from tests.api.terminal import done, ocop
from tests.api.test_refused_starts import stops
from tests.support import postgres
from tests.support.databases import Database


def test_a_trigger_that_is_switched_off(real: Database):
    run = owner_of(real)
    name, table = run(
        "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid=t.tgrelid WHERE NOT t.tgisinternal ORDER BY 1"
    )[0]
    run(f'ALTER TABLE "{table}" DISABLE TRIGGER "{name}"')
    stops("schema_drift", name)


def test_an_unsafe_setting_of_the_server(real: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OCOP_ALLOW_UNSAFE")
    name = real.url.rpartition("/")[2].partition("?")[0]
    owner_of(real)(f'ALTER DATABASE "{name}" SET synchronous_commit=off')
    stops("postgresql_unsafe_setting", "PostgreSQL")


def test_postgresql_is_reached_by_a_name_with_another_driver(small: Database, monkeypatch: pytest.MonkeyPatch):
    use(monkeypatch, small.url.replace("postgresql://", "postgresql+psycopg://"))
    said = done("doctor")
    assert postgres.APPLICATION + ":" not in said.all


@pytest.mark.parametrize(
    ("part", "vi", "en"),
    [
        ("database", "máy chủ không có cơ sở dữ liệu tên này (", "the server has no database of this name ("),
        ("role", "máy chủ không có vai trò tên này (", "the server has no role of this name ("),
        ("limit", "máy chủ đã đủ số kết nối cho phép (", "the server has as many connections as it allows ("),
    ],
)
def test_why_the_server_lets_nobody_in_is_said_in_words(real: Database, monkeypatch: pytest.MonkeyPatch, part: str, vi: str, en: str):
    name = real.url.rpartition("/")[2].partition("?")[0]
    if part == "database":
        use(monkeypatch, real.url.replace(f"/{name}", "/no_such_database"))
    elif part == "role":
        use(monkeypatch, re.sub(r"//[^:@/]+", "//no_such_role", real.url, count=1))
    else:
        owner_of(real)(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
    for language, expected in (("vi", vi), ("en", en)):
        said = ocop("--lang", language, "doctor")
        assert said.code == 1
        assert expected in " ".join(said.err.split()), said.err


def test_a_database_that_may_only_be_read_says_so(small: Database):
    name = small.url.rpartition("/")[2].partition("?")[0]
    owner_of(small)(f'ALTER DATABASE "{name}" SET default_transaction_read_only=on')
    said = ocop("case", "register", "GAO-1", "--as", "sx-gao", *IDEA)
    assert said.code == 1
    assert "nơi này chỉ cho đọc, không cho ghi (" in " ".join(said.err.split()), said.err
