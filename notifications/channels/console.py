"""The console: prints what would be sent, for trying things out."""

import textwrap
from typing import TextIO

from notifications.channels.causes import Cause
from notifications.channels.cleaning import NAME_LENGTH, REPLY_LENGTH, SUBJECT_LENGTH, body, one_line
from notifications.messages import Accepted, ChannelName, Envelope, Later, Refused, Reply


class ConsoleChannel:
    """Prints letters; nothing in them can move the cursor or colour the terminal."""

    name = ChannelName.CONSOLE

    def __init__(self, stream: TextIO) -> None:
        """Print to a stream, usually the standard output."""
        self.stream = stream

    def send(self, envelope: Envelope) -> Reply:
        """Print one letter."""
        if envelope.letter is None:
            return Refused("", why=Cause.NOTHING_TO_CARRY)
        name, address = one_line(envelope.name, NAME_LENGTH), one_line(envelope.address, NAME_LENGTH)
        subject = one_line(envelope.letter.subject, SUBJECT_LENGTH)
        text = textwrap.indent(body(envelope.letter.text).rstrip("\n"), "  ")
        try:
            self.stream.write(f"→ {name} <{address}>\n  {subject}\n\n{text}\n\n")
            self.stream.flush()
        except (OSError, ValueError) as error:
            return Later(one_line(str(error), REPLY_LENGTH), why=Cause.UNREACHABLE)
        return Accepted()
