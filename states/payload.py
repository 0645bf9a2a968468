"""Payloads: the fields that a rule asks for, and their strict reading.

A payload is read into two parts: *data* (numbers, enumerations, dates, codes), which is hashed as it is, and *texts* (names and free
text), which enters the hashed text only behind a commitment.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from states.errors import PayloadInvalid, Problem

MAX_TEXT = 4_000
MAX_ITEMS = 200
_FULL_SCORE = 100
YEARS = range(1990, 2101)
"""Years in which a day that somebody types can lie."""
_CODE = re.compile(r"(?=.*\d)[^\W_][\w./:()&+-]*(?: [\w./:()&+-]+)?", re.UNICODE)
"""A number of a document has a digit and at most two parts, so that no name or sentence passes for one."""

_APART = re.compile("[\u0300-\u036f]")
_UNSETTLED = re.compile(
    "[\u0300\u0301\u0303\u0309][\u0302\u0306]|[\u0300\u0301\u0303\u0309\u0323][\u0302\u0306]?[\u0300\u0301\u0303\u0309\u0323]"
)
"""A tone before the mark that it should stand on, or two tones on one letter: the same word would be stored in two ways."""

_FIGURE = re.compile(r"\d{1,12}(?:[.,]\d{1,2})?")
_DECIMAL = re.compile(r"\d{1,3}(?:[.,]\d{1,10})?")
_FRACTION = re.compile(r"(\d{1,13})/([1-9]\d{0,10})")


class Kind(StrEnum):
    """What a field holds; ``TEXT`` is the only kind that goes behind a commitment."""

    TEXT = "text"
    CODE = "code"
    CHOICE = "choice"
    CHOICES = "choices"
    INTEGER = "integer"
    SCORE = "score"
    FIGURE = "figure"
    DATE = "date"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a payload.

    Attributes:
        name: Key in the payload; its words are in ``[field]`` of ``states/labels``.
        kind: What it holds.
        required: Whether it may be left out.
        options: Allowed values of a ``CHOICE`` or ``CHOICES``.
        low, high: Bounds of an ``INTEGER``; lengths of a ``TEXT`` are 1 to 4,000 characters, of a ``CODE`` 1 to 80.
    """

    name: str
    kind: Kind
    required: bool = False
    options: tuple[str, ...] = ()
    low: int = 0
    high: int = 1_000_000

    def read(self, value: object) -> object:
        """The canonical value: ``str``, ``int``, ``bool`` or a list of ``str``; a score or figure becomes an exact fraction such as ``161/2``.

        Raises:
            ValueError: With the code of the problem.
        """
        return _READERS[self.kind](self, value)

    @property
    def bounds(self) -> tuple[int, int]:
        """Least and greatest of what is counted; of a date the years."""
        by_kind = {Kind.SCORE: (0, _FULL_SCORE), Kind.DATE: (YEARS[0], YEARS[-1])}
        return by_kind.get(self.kind, (self.low, self.high))

    def from_text(self, text: str) -> object:
        """What a person typed for this field on a command line, as the value that :meth:`read` expects.

        Raises:
            ValueError: With the code of the problem.
        """
        if self.kind is Kind.INTEGER:
            if not re.fullmatch(r"-?\d{1,12}", text.strip()):
                raise ValueError("not_an_integer")
            return int(text)
        if self.kind is Kind.FLAG:
            words = {
                "true": True,
                "yes": True,
                "co": True,
                "có": True,
                "1": True,
                "false": False,
                "no": False,
                "khong": False,
                "không": False,
                "0": False,
            }
            folded = clean(text).strip().casefold()
            if folded not in words:
                raise ValueError("not_a_flag")
            return words[folded]
        if self.kind is Kind.CHOICES:
            return [part.strip() for part in text.split(",") if part.strip()]
        return text


def clean(text: str) -> str:
    """NFC text without control characters.

    Raises:
        ValueError: ``control_characters``, ``not_unicode`` (lone surrogates), or ``marks_out_of_order`` (a letter that composition cannot
            settle, so that the same word would be stored in two ways).
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("not_unicode") from None
    text = unicodedata.normalize("NFC", text)
    # A printable text has none of them, which is quickly said of most texts.
    if not text.isprintable() and any(unicodedata.category(c) in {"Cc", "Cf"} and c not in "\n\t\u200d" for c in text):
        raise ValueError("control_characters")
    # Only what composition left apart can be unsettled; languages of the highlands write some marks that have no composed form.
    if _APART.search(text) and _UNSETTLED.search(unicodedata.normalize("NFD", text)):
        raise ValueError("marks_out_of_order")
    return text


def _string(value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise ValueError("not_text")  # noqa: TRY004 - a problem code, reported beside others
    text = clean(value).strip()
    if not text:
        raise ValueError("empty")
    if len(text) > longest:
        raise ValueError("too_long")
    return text


def _text(field: Field, value: object) -> str:  # noqa: ARG001
    return _string(value, MAX_TEXT)


def _code(field: Field, value: object) -> str:  # noqa: ARG001
    text = _string(value, 80)
    if not _CODE.fullmatch(text):
        raise ValueError("not_a_code")
    return text


def _choice(field: Field, value: object) -> str:
    if not isinstance(value, str) or value not in field.options:
        raise ValueError("not_an_option")
    return value


def _choices(field: Field, value: object) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > MAX_ITEMS:
        raise ValueError("not_a_list")
    items = [_choice(field, item) if field.options else _code(field, item) for item in value]
    if len(set(items)) != len(items):
        raise ValueError("repeated")
    if field.required and not items:
        raise ValueError("empty")
    return items


def _integer(field: Field, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not_an_integer")  # noqa: TRY004 - same
    if not field.low <= value <= field.high:
        raise ValueError("out_of_range")
    return value


def read_score(value: object) -> Fraction:
    """An exact score from ``"161/2"``, ``"80,5"``, ``"80.5"`` or an integer, 0 to 100. A float is refused: it is not exact.

    Raises:
        ValueError: ``not_a_score`` or ``out_of_range``.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        score = Fraction(value)
    elif isinstance(value, str) and (match := _FRACTION.fullmatch(value.strip())):
        score = Fraction(int(match[1]), int(match[2]))
    elif isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        score = Fraction(value.strip().replace(",", "."))
    else:
        raise ValueError("not_a_score")
    if not 0 <= score <= _FULL_SCORE:
        raise ValueError("out_of_range")
    return score


def _score(field: Field, value: object) -> str:  # noqa: ARG001
    return str(read_score(value))


def read_figure(value: object) -> Fraction:
    """An amount of something, from ``12``, ``"12"``, ``"87,5"`` or ``"87.5"``: not below nothing, at most two decimals, no marks for thousands.

    Raises:
        ValueError: ``not_a_figure``.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.isascii() or not _FIGURE.fullmatch(value.strip()):
        raise ValueError("not_a_figure")
    return Fraction(value.strip().replace(",", "."))


def _figure(field: Field, value: object) -> str:  # noqa: ARG001
    return str(read_figure(value))


def _date(field: Field, value: object) -> str:  # noqa: ARG001
    if isinstance(value, date):
        value = value.isoformat()
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("not_a_date")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError("not_a_date") from None
    if day.year not in YEARS:
        raise ValueError("out_of_range")
    return value


def _flag(field: Field, value: object) -> bool:  # noqa: ARG001
    if not isinstance(value, bool):
        raise ValueError("not_a_flag")  # noqa: TRY004 - a problem code, reported beside others
    return value


_READERS: dict[Kind, Any] = {
    Kind.TEXT: _text,
    Kind.CODE: _code,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.INTEGER: _integer,
    Kind.SCORE: _score,
    Kind.FIGURE: _figure,
    Kind.DATE: _date,
    Kind.FLAG: _flag,
}


def read_payload(fields: tuple[Field, ...], payload: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Read a payload strictly: every problem is found, unknown fields are problems.

    Returns:
        ``(data, texts)``: what is hashed as it is, and what goes behind commitments.

    Raises:
        PayloadInvalid: With one problem per field.
    """
    known = {field.name: field for field in fields}
    problems = [Problem(f"/{name}", "unknown_field", {"known": ", ".join(known)}) for name in payload if name not in known]
    data: dict[str, object] = {}
    texts: dict[str, str] = {}
    for field in fields:
        value = payload.get(field.name)
        if value is None:
            if field.required:
                problems.append(Problem(f"/{field.name}", "required"))
            continue
        try:
            read = field.read(value)
        except ValueError as error:
            low, high = field.bounds
            problems.append(Problem(f"/{field.name}", str(error), {"options": ", ".join(field.options), "low": low, "high": high}))
            continue
        if field.kind is Kind.TEXT:
            texts[field.name] = str(read)
        else:
            data[field.name] = read
    if problems:
        raise PayloadInvalid(problems)
    return data, texts
