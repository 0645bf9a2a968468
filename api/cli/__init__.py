"""The command line ``ocop``. Loads nothing of the other rooms before it is known that they are ours."""

import io
import os
import sys
from unicodedata import normalize

from api.names import misplaced

_REFUSED, _BAD_USAGE = 1, 2


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ``--lang`` may stand anywhere."""
    for stream in (sys.stdout, sys.stderr):
        # A machine without a locale calls itself ASCII; Vietnamese is written all the same, and what is no text is shown escaped.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    clash = misplaced()
    if clash is not None:
        # The words lie in one of the rooms, so that they may be the intruder's.
        _leave(
            _REFUSED,
            f"Gói “{clash.name}” được nạp từ {clash.where}, không phải của ocop-cycle; hãy cài vào môi trường riêng.",
            f"Package “{clash.name}” was loaded from {clash.where}, which is not ocop-cycle's; install into an environment of its own.",
        )
    from api.cli.commands import app  # noqa: PLC0415 - see above

    app(_language_first([_as_typed(word) for word in (sys.argv[1:] if arguments is None else arguments)]))


def _leave(code: int, *sentences: str) -> None:
    sys.stderr.write("".join(f"{sentence}\n" for sentence in sentences))
    raise SystemExit(code)


def _as_typed(word: str) -> str:
    """A word of the command line: composed, and read anew where Python misreads it because the machine calls itself ASCII."""
    try:
        word.encode()
    except UnicodeEncodeError:
        try:
            word = os.fsencode(word).decode("utf-8")
        except UnicodeError:
            shown = ascii(word)
            _leave(_BAD_USAGE, f"{shown} không phải văn bản UTF-8.", f"{shown} is not UTF-8 text.")
    # A file is called what it is called; some systems decompose its name. Unlike a path, a word may be longer than any name.
    names_a_file = any(os.path.exists(name) for name in (word, word.partition("=")[2]))  # noqa: PTH110
    return word if names_a_file else normalize("NFC", word)


def _language_first(given: list[str]) -> list[str]:
    """Typer wants a common option before the command; people write it anywhere. A lone ``--`` ends the options."""
    for at, word in enumerate(given):
        if word == "--":
            break
        if word == "--lang" and at + 1 < len(given):
            return [*given[at : at + 2], *given[:at], *given[at + 2 :]]
        if word.startswith("--lang="):
            return [word, *given[:at], *given[at + 1 :]]
    return given
