"""Canonical JSON text: one value, one text, so that a hash of the text is a hash of the value.

The text is that of RFC 8785 (JCS), over a narrower range of values on which every JSON reader agrees: no floats, integers that a
double holds exactly, ASCII keys (so that sorting by bytes and by UTF-16 units is the same), and strings in Unicode form NFC.
"""

from enum import Enum, IntEnum, StrEnum
from typing import Any, NoReturn
from unicodedata import is_normalized

import orjson

from states.errors import CycleError

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 64

_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)
_LEAVES = frozenset({str, int, bool, type(None)})


class NotCanonical(CycleError):
    """A value that has no canonical text.

    Detail: ``pointer`` (JSON pointer) and ``problem``, one of ``float``, ``type``, ``key_type``, ``key_not_ascii``, ``integer_range``,
    ``surrogate``, ``not_nfc``, ``too_deep``.
    """

    code = "not_canonical"


def canonical(value: Any) -> bytes:
    """Write a value as canonical JSON, UTF-8.

    Members of a ``StrEnum`` or ``IntEnum`` are written as their values.

    Raises:
        NotCanonical: A float, a type that JSON has not, a key that is not ASCII text, an integer beyond ±(2^53-1), a lone surrogate,
            a string that is not NFC, or nesting deeper than 64.
    """
    if not _plain(value, MAX_DEPTH):
        _name_fault(value)
    try:
        text = orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        _name_fault(value)
    # Pure ASCII is NFC. Otherwise the whole text is looked at in one go; an escape before a combining mark may make it look
    # unnormalised though its strings are in order, so only the strings themselves decide that anything is wrong.
    if not text.isascii() and not is_normalized("NFC", text.decode()):
        fault = _fault(value, "", MAX_DEPTH)
        if fault:
            raise NotCanonical(pointer=fault[0], problem=fault[1])
    return text


def utf8(text: str) -> bytes:
    """UTF-8 of a text, which the text keeps: whoever encodes it again, such as the driver of a database, does not pay for it.

    Raises:
        orjson.JSONEncodeError: Half a surrogate pair is no text.
    """
    return orjson.dumps(orjson.Fragment(text))


def _plain(value: object, depth: int) -> bool:
    """Tell whether a value is made of the permitted types alone, with ASCII keys; other contents are looked at elsewhere."""
    kind = type(value)
    if kind in _LEAVES:
        return True
    if kind is dict:
        items = value.values()  # type: ignore[attr-defined]
    elif kind is list:
        items = value
    else:
        return isinstance(value, StrEnum | IntEnum)
    if not depth or (kind is dict and not _ascii_keys(value)):  # type: ignore[arg-type]
        return False
    if _LEAVES.issuperset(map(type, items)):
        return True
    for item in items:  # noqa: SIM110 -- a generator would cost a third more
        if type(item) not in _LEAVES and not _plain(item, depth - 1):
            return False
    return True


def _ascii_keys(members: dict[str, object]) -> bool:
    try:
        return "".join(members).isascii()
    except TypeError:  # a key that is no text
        return False


def _name_fault(value: object) -> NoReturn:
    pointer, problem = _fault(value, "", MAX_DEPTH) or ("", "type")
    raise NotCanonical(pointer=pointer, problem=problem)


def _fault(value: object, pointer: str, depth: int) -> tuple[str, str] | None:
    """Find the first fault, as (pointer, problem)."""
    if isinstance(value, StrEnum | IntEnum):
        value = value.value
    kind = type(value)
    problem = None
    if kind is str:
        problem = _text_fault(value)  # type: ignore[arg-type]
    elif kind is int:
        problem = None if -MAX_INTEGER <= value <= MAX_INTEGER else "integer_range"  # type: ignore[operator]
    elif kind is float:
        problem = "float"
    elif kind in {dict, list}:
        return _fault_within(value, pointer, depth - 1) if depth else (pointer, "too_deep")  # type: ignore[arg-type]
    elif kind not in _LEAVES:
        problem = "type"
    return (pointer, problem) if problem else None


def _fault_within(value: dict[object, object] | list[object], pointer: str, depth: int) -> tuple[str, str] | None:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        if isinstance(value, dict) and (type(key) is not str or isinstance(key, Enum)):
            return pointer, "key_type"
        if isinstance(key, str) and not key.isascii():
            return pointer, "key_not_ascii"
        step = key.replace("~", "~0").replace("/", "~1") if isinstance(key, str) else key
        fault = _fault(item, f"{pointer}/{step}", depth)
        if fault:
            return fault
    return None


def _text_fault(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "surrogate"
    return None if is_normalized("NFC", text) else "not_nfc"
