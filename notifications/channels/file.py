"""Letters to be sent ("thư sẽ gửi"): a folder of files for a machine without mail. A mail program opens each as a draft."""

import hashlib
import os
import secrets
import unicodedata
from pathlib import Path

from notifications.channels.causes import Cause
from notifications.channels.cleaning import REPLY_LENGTH, one_line
from notifications.channels.mime import compose, mailbox
from notifications.channels.settings import FileSettings
from notifications.messages import Accepted, ChannelName, Envelope, Later, Refused, Reply

_NAME_LENGTH = 60
_DIGITS = 16


class FileChannel:
    """Writes each letter to a file of its own; the same delivery always to the same file."""

    name = ChannelName.FILE

    def __init__(self, settings: FileSettings) -> None:
        """Write into the folder of the settings."""
        self.settings = settings

    def send(self, envelope: Envelope) -> Reply:
        """Write one letter, wholly or not at all."""
        to = mailbox(envelope.address)
        if to is None:
            return Refused(one_line(envelope.address, REPLY_LENGTH), why=Cause.ADDRESS_MALFORMED)
        if envelope.letter is None:
            return Refused("", why=Cause.NOTHING_TO_CARRY)
        octets = compose(envelope, envelope.letter, to=to, sender=self.settings.from_)
        path = self.settings.folder / file_name(envelope)
        try:
            self.settings.folder.mkdir(parents=True, exist_ok=True)
            # Outlook and its likes open a message with this header as a draft with a button to send.
            _replace(path, b"X-Unsent: 1\r\n" + octets)
        except OSError as error:
            return Later(one_line(str(error), REPLY_LENGTH), why=Cause.FILE_UNWRITABLE)
        return Accepted(path.name)


def file_name(envelope: Envelope) -> str:
    """The file of a delivery: the reader's name without diacritics, and a number made from the key alone."""
    plain = unicodedata.normalize("NFD", one_line(envelope.name, _NAME_LENGTH).casefold()).replace("đ", "d")
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split()
    number = hashlib.sha256(envelope.key.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return "-".join([*words, number])[-_NAME_LENGTH:].lstrip("-") + ".eml"


def _replace(path: Path, octets: bytes) -> None:
    """Write a file so that a reader, or a machine after a power cut, finds the old one or the new one whole."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with draft.open("wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
