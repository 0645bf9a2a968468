"""Pages of lists of cases, whichever way they are asked for."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from starlette.responses import Response

from api.acting import json_answer
from api.asking import Asked
from api.paging import cursor_of, next_link, place_of
from api.seeing import seen_by
from api.showing import lines_json
from workflow.casebook import CaseList

PAGE = 50
MOST = 200
FILTERS = ("state", "kind", "round", "unit", "level", "product", "producer", "due_before", "overdue", "q")
_NOTHING = dict.fromkeys(FILTERS)
_PLAIN = re.compile(rb"(?:limit=[1-9][0-9]{0,2}|sort=(?:due_at|code)|cursor=[A-Za-z0-9_-]{1,600})")


@dataclass(frozen=True, slots=True)
class Plain:
    """A list of everything that its asker sees: nothing is sought in it."""

    sort: Literal["due_at", "code"] = "due_at"
    cursor: str | None = None
    limit: int = PAGE


def plain(query_string: bytes) -> Plain | None:
    """What a question in an address asks for, if it is one for a plain list that can be read in one way only."""
    given: dict[str, str] = {}
    for part in query_string.split(b"&") if query_string else ():
        if _PLAIN.fullmatch(part) is None:
            return None
        name, _, value = part.decode("ascii").partition("=")
        if given.setdefault(name, value) is not value:
            return None
    limit = int(given.get("limit", PAGE))
    return Plain("code" if given.get("sort") == "code" else "due_at", given.get("cursor"), limit) if limit <= MOST else None


def plain_answer(asked: Asked, wanted: Plain) -> Response:
    """A page of everything that the asker sees."""
    within = seen_by(asked.registry, asked.caller.person, asked.today)
    query = CaseList(seen_units=within.units, seen_producers=within.producers, sort=wanted.sort)
    return page_answer(asked, query, {**_NOTHING, "sort": wanted.sort}, wanted.cursor, wanted.limit)


def page_answer(asked: Asked, query: CaseList, given: dict[str, Any], cursor: str | None, limit: int) -> Response:
    """A page of a list, with where the next one begins."""
    lines, onward = asked.run.store.case_lines(query, after=place_of(cursor, given), limit=limit)
    after = cursor_of(onward, given) if onward else None
    headers = {"link": next_link(asked.request.scope["path"], {**given, "limit": limit}, after)} if after else {}
    return json_answer({"items": lines_json(asked, lines), "next": after}, headers)
