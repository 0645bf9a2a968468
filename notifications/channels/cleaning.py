"""Makes names and texts safe to carry: no control character, no text direction tricks, no endless name. Pure."""

import re
import unicodedata

NAME_LENGTH = 120
SUBJECT_LENGTH = 200
REPLY_LENGTH = 300

_SPACES = re.compile(r"\s+")
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_MAIL_SIGNS = re.compile(r'[<>()\[\]\\@,;:"]')


def one_line(text: str, limit: int) -> str:
    """A line for a header, a log or a file's name.

    Control characters and line ends become spaces, unseen characters and marks that turn the direction of text are dropped, runs of spaces
    become one, and what is longer than ``limit`` characters ends in an ellipsis. What looks like an encoded word (RFC 2047) is taken apart,
    because a mail program would decode it into whatever its author hid inside.
    """
    # Nobody reads the ten-thousandth character; cutting first keeps the cost of a hostile name small.
    kept = "".join(_seen(c) for c in unicodedata.normalize("NFC", text[: 20 * limit]))
    line = _SPACES.sub(" ", kept).strip().replace("=?", "= ?")
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _seen(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf" | "Cs" | "Co" | "Cn":
            return ""
    return character


def display_name(text: str) -> str:
    """A person's or office's name for a mail header, without the signs that have a meaning among addresses."""
    return _SPACES.sub(" ", _MAIL_SIGNS.sub(" ", one_line(text, NAME_LENGTH))).strip()


def body(text: str) -> str:
    """A text of several lines: line ends are line feeds, and nothing in it moves a cursor or turns the direction of what follows."""
    text = _SURROGATES.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub("", _TURNING.sub("", text))
