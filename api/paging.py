"""Cursors of lists: where a page ended, bound to the list that it belongs to."""

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import orjson

from api.strict import RequestInvalid
from states.errors import Problem
from workflow.casebook import Place

_LONGEST = 600
_PARTS = 4
_NEVER = 2**53
"""Microseconds since 1970 beyond which no moment lies that anybody typed."""


def _list_of(filters: Mapping[str, Any]) -> str:
    return sha256(orjson.dumps(dict(filters), option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()[:8]


def cursor_of(place: Place, filters: Mapping[str, Any]) -> str:
    """A place as others hand it back."""
    return base64.urlsafe_b64encode(orjson.dumps([_list_of(filters), place.tier, place.due, place.key])).decode().rstrip("=")


def place_of(cursor: str | None, filters: Mapping[str, Any]) -> Place | None:
    """The place that a cursor names.

    Raises:
        RequestInvalid: It is none of ours, or belongs to another list.
    """
    if cursor is None:
        return None
    try:
        parts = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        parts = None
    match parts:
        case [str() as which, (0 | 1) as tier, (int() | None) as due, str() as key] if (
            which == _list_of(filters)
            and len(cursor) <= _LONGEST
            and not isinstance(tier, bool)
            and not isinstance(due, bool)
            and abs(due or 0) < _NEVER
        ):
            return Place(tier, due, key)
    raise RequestInvalid([Problem("/cursor", "not_a_cursor")])


def next_link(path: str, given: Mapping[str, Any], cursor: str) -> str:
    """The ``Link`` of the next page."""
    asked = {name: value for name, value in given.items() if value is not None}
    return f'<{path}?{urlencode({**asked, "cursor": cursor})}>; rel="next"'
