"""Writes the little TOML that plans need: one table of texts, numbers, dates, instants and lists of text."""

import json
from collections.abc import Mapping
from datetime import date, datetime

Scalar = str | bool | int | float | date | datetime | tuple[str, ...] | None


def table_text(header: str, values: Mapping[str, Scalar]) -> str:
    """A table under its header; fields that are None are left out."""
    lines = [f"{name} = {value_text(value)}" for name, value in values.items() if value is not None]
    return "\n".join([header, *lines]) + "\n"


def value_text(value: Scalar) -> str:
    """One value as TOML 1.0 writes it. Raises TypeError for None, which TOML does not have."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case datetime() | date():
            return value.isoformat()
        case str():
            # JSON's escapes are all TOML's; DEL is the one character that JSON leaves bare and TOML forbids.
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
        case tuple():
            return f"[{', '.join(value_text(str(item)) for item in value)}]"
        case None:
            message = "TOML has no null"
            raise TypeError(message)
