"""Takes fields out of TOML tables: every wrong type, unknown key and control character becomes a problem, none stops the rest."""

import math
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime

from states.errors import Problem

TEXT_LIMIT = 5_000
_LINE_BREAKS = frozenset("\n\t")


class Table:
    """One TOML table and the problems found while taking its fields."""

    def __init__(self, values: Mapping[str, object], pointer: str, known: frozenset[str], problems: list[Problem]) -> None:
        """Note every key that is not among ``known``."""
        self._values = values
        self._pointer = pointer
        self._problems = problems
        for key in values:
            if key not in known:
                self.problem(key, "unknown_key", key=key[:TEXT_LIMIT])

    def problem(self, key: str, code: str, /, **detail: object) -> None:
        """Note a problem with one field."""
        escaped = key.replace("~", "~0").replace("/", "~1")
        self._problems.append(Problem(f"{self._pointer}/{escaped}", code, detail))

    def has(self, key: str) -> bool:
        """Whether the file gives this field."""
        return key in self._values

    def text(self, key: str, *, required: bool = False) -> str:
        """A line of text; "" where it is missing."""
        value = self._get(key, required=required)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._wrong(key, "text", value)
            return ""
        return self._clean(key, value)

    def verbatim(self, key: str) -> str | None:
        """A required text as written, to the space, but composed; None where it is missing or none."""
        value = self._get(key, required=True)
        if value is None:
            return None
        if isinstance(value, str):
            return unicodedata.normalize("NFC", value)
        self._wrong(key, "text", value)
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of lines of text."""
        value = self._get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong(key, "list of text", value)
            return ()
        return tuple(self._clean(key, item) for item in value)

    def whole(self, key: str, low: int, high: int, *, required: bool = False) -> int | None:
        """A whole number from ``low`` to ``high``."""
        value = self._get(key, required=required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self._wrong(key, "whole number", value)
            return None
        if not low <= value <= high:
            self.problem(key, "out_of_range", low=low, high=high)
            return None
        return value

    def year(self, key: str, low: int, high: int, *, zero: bool = False) -> int | None:
        """A year from ``low`` to ``high``, or 0 for none where that is allowed."""
        value = self._get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self._wrong(key, "whole number", value)
            return None
        if not (low <= value <= high or (zero and value == 0)):
            self.problem(key, "year_out_of_range", low=low, high=high)
            return None
        return value

    def number(self, key: str) -> int | float | None:
        """A finite number."""
        value = self._get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._wrong(key, "number", value)
            return None
        return value

    def truth(self, key: str) -> bool | None:
        """True or false."""
        value = self._get(key)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(key, "true or false", value)
        return None

    def day(self, key: str) -> date | None:
        """A local date, written as a TOML date or in ISO 8601; "" means none."""
        value = self._get(key)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        elif isinstance(value, date) and not isinstance(value, datetime):
            return value
        self._wrong(key, "date", value)
        return None

    def instant(self, key: str) -> datetime | None:
        """A date and time with an offset."""
        value = self._get(key)
        if value is None:
            return None
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value
        self._wrong(key, "date and time with offset", value)
        return None

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """One of a closed list of words; "" where it is missing or another word."""
        value = self.text(key)
        if value and value not in choices:
            self.problem(key, "unknown_value", value=value, known=choices)
            return ""
        return value

    def tables(self, key: str, limit: int) -> list[tuple[int, Mapping[str, object]]]:
        """Tables of an array, each with its index."""
        value = self._get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self._wrong(key, "array of tables", value)
            return []
        if len(value) > limit:
            self.problem(key, "too_many", limit=limit, count=len(value))
            return []
        found: list[tuple[int, Mapping[str, object]]] = []
        for index, item in enumerate(value):
            if isinstance(item, dict):
                found.append((index, item))
            else:
                detail: dict[str, object] = {"expected": "table", "found": type(item).__name__}
                self._problems.append(Problem(f"{self._pointer}/{key}/{index}", "wrong_type", detail))
        return found

    def _get(self, key: str, *, required: bool = False) -> object:
        if required and key not in self._values:
            self.problem(key, "missing")
        return self._values.get(key)

    def _wrong(self, key: str, expected: str, value: object) -> None:
        self.problem(key, "wrong_type", expected=expected, found=type(value).__name__)

    def _clean(self, key: str, value: str) -> str:
        if len(value) > TEXT_LIMIT:
            self.problem(key, "text_too_long", limit=TEXT_LIMIT)
            return ""
        if not value.isprintable():
            for at, character in enumerate(value):
                if unicodedata.category(character) in {"Cc", "Cs"} and character not in _LINE_BREAKS:
                    self.problem(key, "control_character", at=at)
                    return ""
        return unicodedata.normalize("NFC", value)
