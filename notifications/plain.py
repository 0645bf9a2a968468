"""Text from outside made fit for a message: one line, bounded, without characters that hide or reorder others. Pure."""

import re
import unicodedata

_DROPPED = frozenset({"Cf", "Cn", "Co", "Cs"})
"""Format marks (bidirectional controls, zero-width signs), unassigned, private and lone surrogate code points."""

_SPACES = frozenset({"Cc", "Zl", "Zp", "Zs"})
_ASCII = str.maketrans(
    {
        "đ": "d",
        "Đ": "D",
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "…": "...",
        "•": "-",
        "·": "-",
        "×": "x",
        "₫": "d",
    }
)
_LINK = re.compile(r"https?://[A-Za-z0-9\[][!#$%&()*+,\-./0-9:;=?@A-Z\[\]_a-z~]{0,1990}")
_MARKS_IN_A_ROW = 4
"""Vietnamese letters carry two marks at most; more than this many in a row only paint over other lines."""


def one_line(text: object, limit: int) -> str:
    """NFC text on one line of at most ``limit`` characters, single-spaced; what was cut off is marked by an ellipsis.

    Control characters and line breaks become spaces; marks that hide or reorder text are dropped.
    """
    kept: list[str] = []
    marks = 0
    # Text is cut before it is looked at sign by sign: names of ten thousand characters are an attack and not a name.
    for sign in unicodedata.normalize("NFC", str(text)[: limit * 8]):
        category = unicodedata.category(sign)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category in _DROPPED or marks > _MARKS_IN_A_ROW:
            continue
        kept.append(" " if category in _SPACES else sign)
    return shorten(" ".join("".join(kept).split()), limit)


def paragraphs(text: object, limit: int) -> str:
    """As :func:`one_line`, but the line breaks that a person has typed stay."""
    lines = (one_line(line, limit) for line in str(text)[: limit * 8].splitlines())
    return shorten("\n".join(line for line in lines if line), limit)


def shorten(text: str, limit: int) -> str:
    """The text, or its beginning up to the end of a word and an ellipsis, at most ``limit`` characters in all."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    at = head.rfind(" ")
    return (head[:at] if at > limit // 2 else head).rstrip(" ,;:–-") + "…"


def ascii_text(text: str) -> str:
    """Text without diacritics for an SMS gateway, case kept; a sign that has no ASCII form becomes a question mark."""
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text.translate(_ASCII)) if unicodedata.category(sign) != "Mn")
    return "".join(sign if " " <= sign <= "~" else "?" for sign in unicodedata.normalize("NFKC", bare).translate(_ASCII))


def web_link(link: str | None) -> str | None:
    """The link where it is a plain ``http`` or ``https`` address, else None: a mail never carries another scheme or a broken line."""
    return link if link and _LINK.fullmatch(link) else None
