"""Letters on a terminal and in a folder."""

import io
import os
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from notifications.channels.causes import Cause
from notifications.channels.console import ConsoleChannel
from notifications.channels.file import FileChannel, file_name
from notifications.channels.settings import FileSettings
from notifications.messages import Accepted, Later, Refused
from tests.notifications.channels.samples import LETTER, envelope


def test_a_letter_on_the_console_is_readable():
    stream = io.StringIO()
    assert ConsoleChannel(stream).send(envelope()) == Accepted()
    lines = stream.getvalue().splitlines()
    assert lines[:5] == ["→ Nguyễn Thị Ánh <anh@xa.example>", f"  {LETTER.subject}", "", "  Kính gửi bà Nguyễn Thị Ánh,", ""]


def test_nothing_in_a_letter_moves_the_cursor():
    stream = io.StringIO()
    evil = "\x1b[2J\x1b]0;title\x07\x9b31m\u202eabc\r\x08"
    ConsoleChannel(stream).send(envelope(name=evil, address=evil, letter=replace(LETTER, subject=evil, text=evil)))
    assert stream.getvalue().replace("\n", "").isprintable()


def test_a_console_that_is_closed_and_an_event_without_words_are_told():
    stream = io.StringIO()
    stream.close()
    assert isinstance(ConsoleChannel(stream).send(envelope()), Later)
    assert ConsoleChannel(io.StringIO()).send(envelope(letter=None)) == Refused("", why=Cause.NOTHING_TO_CARRY)


def channel(folder: Path) -> FileChannel:
    return FileChannel(FileSettings(folder=folder, sender="ocop@so.example", sender_name="OCOP Vân Sơn"))


def test_a_letter_in_the_folder_opens_as_a_draft_with_everything_in_it(tmp_path: Path):
    reply = channel(tmp_path / "thu-se-gui").send(envelope())
    assert isinstance(reply, Accepted)
    (path,) = (tmp_path / "thu-se-gui").iterdir()
    assert path.name == reply.reply
    assert path.name.startswith("nguyen-thi-anh-")
    message: Any = message_from_bytes(path.read_bytes(), policy=default)
    assert message["X-Unsent"] == "1"
    assert message["Subject"] == LETTER.subject
    assert message["To"].addresses[0].addr_spec == "anh@xa.example"
    assert message["Message-ID"] == envelope().message_id
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == LETTER.text


def test_the_same_delivery_is_the_same_file_and_another_one_is_another(tmp_path: Path):
    for key in ("one", "two", "one"):
        assert isinstance(channel(tmp_path).send(envelope(key)), Accepted)
    assert len(list(tmp_path.iterdir())) == 2
    later = envelope("one", letter=replace(LETTER, text="Bản mới\n"))
    assert isinstance(channel(tmp_path).send(later), Accepted)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c:d*e?", "CON", "", "Đỗ Ngọc Ánh", "x" * 5000, "\x00\r\n", "…", ".hidden"])
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path):
    found = file_name(envelope(name=name))
    assert found.isascii()
    assert not set(found) & set('/\\:*?"<>|\r\n\0 ')
    assert found[0] not in ".-"
    assert len(found) <= 64
    assert isinstance(channel(tmp_path).send(envelope(name=name)), Accepted)
    assert [path.name for path in tmp_path.iterdir()] == [found]
    assert file_name(envelope(name="Đỗ Ngọc Ánh")).startswith("do-ngoc-anh-")


def test_a_write_that_fails_leaves_the_old_file_whole_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    channel(tmp_path).send(envelope())
    (path,) = tmp_path.iterdir()
    before = path.read_bytes()

    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    reply = channel(tmp_path).send(envelope(letter=replace(LETTER, text="Bản mới\n")))
    assert isinstance(reply, Later)
    assert reply.why == Cause.FILE_UNWRITABLE
    assert "No space left" in reply.reply
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [before]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path):
    (tmp_path / "plain").write_text("a file", encoding="utf-8")
    reply = channel(tmp_path / "plain" / "folder").send(envelope())
    assert isinstance(reply, Later)
    assert reply.why == Cause.FILE_UNWRITABLE


def test_what_has_no_address_or_no_words_is_no_file(tmp_path: Path):
    assert channel(tmp_path).send(envelope(address="")) == Refused("", why=Cause.ADDRESS_MALFORMED)
    assert channel(tmp_path).send(envelope(letter=None)) == Refused("", why=Cause.NOTHING_TO_CARRY)
    assert list(tmp_path.iterdir()) == []
