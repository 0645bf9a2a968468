"""Letters as people read them. To write the files anew after a change of words: ``python -m tests.notifications.test_golden``."""

from pathlib import Path

import pytest

from notifications.letters import write
from notifications.messages import Message
from tests.notifications.spoken import examples

GOLDEN = Path(__file__).parent / "golden"


def as_read(message: Message) -> str:
    """A letter as one readable text; the HTML says the same, which another test holds."""
    letter = write(message)
    to = f"{message.recipient.name} – {message.composed_at:%d/%m/%Y %H:%M}"
    parts = (
        f"TỚI: {to}",
        f"TIÊU ĐỀ: {letter.subject}",
        letter.text.rstrip(),
        f"---- SMS ({len(letter.short)})\n{letter.short}",
        f"---- ZALO ({len(letter.share)})\n{letter.share.rstrip()}",
        "---- LỊCH\n" + (letter.calendar.replace("\r\n", "\n").rstrip() if letter.calendar else "(không có)"),
    )
    return "\n\n".join(parts) + "\n"


@pytest.mark.parametrize(("name", "message"), list(examples()), ids=[name for name, _ in examples()])
def test_a_letter_reads_as_it_was_read_aloud(name: str, message: Message):
    assert as_read(message) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_no_letter_lies_there_that_nobody_writes():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {name for name, _ in examples()}


if __name__ == "__main__":
    for name, message in examples():
        (GOLDEN / f"{name}.txt").write_text(as_read(message), encoding="utf-8")
