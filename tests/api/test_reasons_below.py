"""Why a file, a port or a database cannot be had, in the reader's language: each caused, not described."""

import contextlib
import os
import re
import socket
from pathlib import Path

import pytest

from api import serving
from api.settings import read_settings
from states.errors import MalformedInput, StoreUnsafe
from states.words import words
from tests.api.conftest import PLAN, use
from tests.api.terminal import Said, bad, ocop
from tests.support.databases import Database


def said_in_words(vi: str, en: str, *typed: str) -> None:
    """Both languages say it in their own words, and the sentence of the system stands in brackets behind."""
    for language, expected in (("vi", vi), ("en", en)):
        told: Said = ocop("--lang", language, *typed)
        assert told.code in {1, 2}, told.all
        assert re.search(re.escape(expected) + r"(, (dòng|line) \d+, (cột|column) \d+)? \(.+\)", " ".join(told.err.split())), told.err


@pytest.mark.parametrize(
    ("path", "vi", "en"),
    [
        ("{here}/none.toml", "không có tệp hoặc thư mục này", "there is no such file or folder"),
        ("{here}", "đây là thư mục, không phải tệp", "this is a folder, not a file"),
        ("{here}/plan.toml/x.toml", "một phần của đường dẫn không phải thư mục", "a part of the path is no folder"),
        ("{here}/" + "x" * 300, "tên quá dài", "the name is too long"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, path: str, vi: str, en: str):
    (tmp_path / "plan.toml").write_text("", "utf-8")
    said_in_words(vi, en, "plan", "check", path.format(here=tmp_path))


@pytest.mark.parametrize(
    ("text", "vi", "en"),
    [
        ("plan", "thiếu dấu “=” sau tên khóa", "the “=” after a key is missing"),
        ("schema = một", "giá trị không đúng cách viết; chữ phải để trong ngoặc kép", "a value is not written as it should be; texts stand in quotes"),
        ('[[plan]]\nid = "a"\nid = "b"\n[x', "tên bảng chưa đóng ngoặc vuông", "the name of a table is not closed by its bracket"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_toml(small: Database, tmp_path: Path, text: str, vi: str, en: str):
    del small
    file = tmp_path / "plan.toml"
    file.write_text(text, "utf-8")
    for typed in (("plan", "import", str(file), "--as", "cb-t", "--unit", "SB"), ("load", "season", str(file))):
        told = {language: ocop("--lang", language, *typed).err for language in ("vi", "en")}
        if '"b"' not in text:
            assert vi in told["vi"], told
            assert en in told["en"], told
            assert re.search(r"dòng \d+, cột \d+|ở cuối tệp", told["vi"]), told


def test_a_disk_that_is_full(small: Database):
    del small
    if not Path("/dev/full").exists():
        pytest.fail("this system has no device that is always full")
    said_in_words("ổ đĩa đã đầy", "the disk is full", "plan", "review", "ke-hoach-2021", "--markdown", "/dev/full")


def test_a_port_that_is_taken_and_an_address_of_another_machine(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving, "TRIED", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(StoreUnsafe) as raised:
        serving.listening("127.0.0.1", taken.getsockname()[1])
    assert "cổng này đang có chương trình khác dùng (Address already in use)" in words("vi").error(raised.value)
    assert "another program uses this port (Address already in use)" in words("en").error(raised.value)
    with pytest.raises(StoreUnsafe) as raised:
        serving.listening("203.0.113.1", 8000)
    assert "máy này không có địa chỉ ấy (" in words("vi").error(raised.value)


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch):
    with contextlib.closing(socket.socket()) as bound:
        # Bound, but not listening: nobody else can take the port meanwhile, and every connection is refused.
        bound.bind(("127.0.0.1", 0))
        use(monkeypatch, f"postgresql://ocop:hush@127.0.0.1:{bound.getsockname()[1]}/ocop")
        for language, expected in (("vi", "máy đích từ chối kết nối; có thể"), ("en", "the other side refuses the connection; perhaps")):
            told = ocop("--lang", language, "doctor").err
            assert expected in told
            assert "Connection refused" in told
            assert "hush" not in told


def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use(monkeypatch, f"postgresql://ocop:hush@127.0.0.1:{silent.getsockname()[1]}/ocop?connect_timeout=2")
        assert "chờ quá lâu mà không có trả lời (" in ocop("doctor").err


def test_a_server_whose_name_nobody_knows(monkeypatch: pytest.MonkeyPatch):
    use(monkeypatch, "postgresql://ocop:hush@no-such-host.invalid/ocop")
    said_in_words("không tìm thấy máy chủ có tên này", "no server of this name can be found", "doctor")


def test_a_folder_where_nothing_can_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("OCOP_DATA_DIR", str(tmp_path / "file" / "below"))
    said_in_words("một phần của đường dẫn không phải thư mục", "a part of the path is no folder", "migrate")


def test_a_file_that_is_no_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = tmp_path / "ocop.db"
    file.write_bytes(b"nothing of the kind " * 500)
    use(monkeypatch, f"sqlite:///{file}")
    said_in_words("tệp này không phải cơ sở dữ liệu SQLite", "this file is no SQLite database", "doctor")


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("OCOP_MAIL_PORT", "nhiều", "phải là số nguyên ("), ("OCOP_ALLOW_UNSAFE", "có", "phải là true hoặc false ("),
        ("OCOP_MAIL_SECONDS", "lâu", "phải là số ("), ("OCOP_KEEP_LINKS_DAYS", "1", "quá nhỏ ("), ("OCOP_KEEP_LINKS_DAYS", "99999", "quá lớn ("),
        ("OCOP_PUBLIC_URL", "ocop", "không đúng dạng ("),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_read(name: str, given: str, expected: str):
    with pytest.raises(MalformedInput) as raised:
        read_settings({name: given})
    assert expected in words("vi").error(raised.value)


def test_a_secret_that_cannot_be_read(tmp_path: Path):
    (tmp_path / "ocop_link_key").mkdir()
    with pytest.raises(MalformedInput) as raised:
        read_settings({"OCOP_SECRETS_DIR": str(tmp_path)})
    assert "đây là thư mục, không phải tệp (Is a directory)" in words("vi").error(raised.value)
    (tmp_path / "ocop_link_key").rmdir()
    (tmp_path / "ocop_link_key").write_bytes(b"\xff\xfe")
    with pytest.raises(MalformedInput) as raised:
        read_settings({"OCOP_SECRETS_DIR": str(tmp_path)})
    assert "không phải văn bản UTF-8 (UnicodeDecodeError)" in words("vi").error(raised.value)


def test_a_place_that_may_not_be_written(small: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Whoever runs the tests may be allowed everything, so that the system's refusal is made here."""
    del small

    def forbidden(self: Path, *_: object, **__: object) -> int:
        raise PermissionError(13, os.strerror(13), str(self))

    monkeypatch.setattr(Path, "write_text", forbidden)
    said_in_words("không đủ quyền", "permission is missing", "plan", "review", "ke-hoach-2021", "--markdown", str(tmp_path / "a.md"))


def test_what_json_is_wrong_is_told_with_the_words_of_both(small: Database):
    del small
    assert bad("plan", "check", PLAN + ".none", "--json").json["error"]["text"]["vi"].count("không có tệp hoặc thư mục này (") == 1
