"""Accounts of what was told, on both databases. See :class:`workflow.toldbook.ToldBook`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from workflow.store.base import Base, Row
from workflow.store.telling_mapping import ITEM, MESSAGE
from workflow.store.types import from_micros, to_micros
from workflow.telling import ItemRow, MessageRow
from workflow.toldbook import Step, ToldQuery, ToldSums

_AT = "coalesce(m.composed_at,m.send_at)"
_TOLD = f"SELECT {ITEM.names('i.')},{MESSAGE.names('m.')} FROM told_item i JOIN message m ON m.id=i.message"  # noqa: S608
_WIDTH = len(ITEM.columns)
_instant = lru_cache(maxsize=4096)(from_micros)
"""A cut-off is shared by many cases, and so are the steps before it."""
_SUMS = (
    "SELECT count(DISTINCT m.recipient),count(DISTINCT m.id),sum(CASE WHEN NOT i.moot AND i.kind<>'event' THEN 1 ELSE 0 END),"
    "sum(CASE WHEN NOT i.moot AND i.kind='event' THEN 1 ELSE 0 END),sum(CASE WHEN i.moot THEN 1 ELSE 0 END),"
    "sum(CASE WHEN (i.recipient,i.duty) IN (SELECT person,duty FROM personal_link WHERE confirmed_at IS NOT NULL) THEN 1 ELSE 0 END)"
    " FROM told_item i JOIN message m ON m.id=i.message"
)
_NEWS_CONFIRMED = (
    "i.kind='event' AND (i.recipient,i.subject) IN"
    " (SELECT person,subject FROM personal_link WHERE confirmed_at IS NOT NULL AND duty>='event:' AND duty<'event;')"
)
"""The duty of such a link begins with ``event:``; the semicolon is the next sign."""


def told_rows(rows: Iterable[Row]) -> list[tuple[ItemRow, MessageRow]]:
    """Items with their messages; what several items share is made once."""
    found, messages = [], dict[str, MessageRow]()
    for row in rows:
        message = messages.get(row[_WIDTH])
        if message is None:
            message = messages[row[_WIDTH]] = MESSAGE.row(row[_WIDTH:])
        found.append((ITEM.row(row[:_WIDTH]), message))
    return found


class SqlToldBook(Base):
    """The part of a store that :class:`workflow.toldbook.ToldBook` asks for."""

    def steps(self, duties: Sequence[str]) -> list[Step]:
        """See :class:`workflow.toldbook.ToldBook`."""
        sql = (
            "SELECT duty,rung,at,CASE state WHEN 'fired' THEN fired_at END FROM rung"  # noqa: S608
            f" WHERE duty {self._among()} AND state IN ('planned','fired','unheard') ORDER BY duty,at,rung"
        )
        rows = self._rows(sql, (self._list(duties),))
        return [Step(duty, rung, _instant(at), None if fired is None else _instant(fired)) for duty, rung, at, fired in rows]

    def told_items(self, query: ToldQuery, messages: Sequence[str] | None = None) -> list[tuple[ItemRow, MessageRow]]:
        """See :class:`workflow.toldbook.ToldBook`."""
        where, params = self._part(query, (f"m.id {self._among()}", None if messages is None else tuple(messages)))
        return told_rows(self._rows(f"{_TOLD} WHERE {where} ORDER BY m.id,i.duty,i.rung", params))

    def told_page(self, query: ToldQuery, after: tuple[datetime, str] | None, limit: int) -> list[str]:
        """See :class:`workflow.toldbook.ToldBook`."""
        where, params = self._of_message(query)
        holds = "" if query.news else " AND i.kind<>'event'"
        if query.subject is not None:
            where += f" AND m.id IN (SELECT i.message FROM told_item i WHERE i.subject=?{holds})"  # noqa: S608
            params.append(query.subject)
        else:
            where += f" AND EXISTS (SELECT 1 FROM told_item i WHERE i.message=m.id{holds})"  # noqa: S608
        if after is not None:
            where += f" AND ({_AT}>? OR ({_AT}=? AND m.id>?))"
            params += [to_micros(after[0]), to_micros(after[0]), after[1]]
        sql = f"SELECT m.id FROM message m WHERE {where} ORDER BY {_AT},m.id LIMIT ?"  # noqa: S608
        return [row[0] for row in self._rows(sql, (*params, limit))]

    def told_sums(self, query: ToldQuery) -> ToldSums:
        """See :class:`workflow.toldbook.ToldBook`."""
        where, params = self._part(query)
        people, messages, *items = (int(each or 0) for each in self._rows(f"{_SUMS} WHERE {where}", params)[0])
        held = f"d.message IN (SELECT m.id FROM told_item i JOIN message m ON m.id=i.message WHERE {where})"  # noqa: S608
        ways = self._rows(f"SELECT d.channel,d.state,count(*) FROM delivery d WHERE {held} GROUP BY d.channel,d.state", params)  # noqa: S608
        read = self._rows(f"SELECT count(DISTINCT d.message) FROM delivery d WHERE d.read_at IS NOT NULL AND {held}", params)  # noqa: S608
        duties, news, moot, confirmed = items
        return ToldSums(
            people=people, messages=messages, duties=duties, news=news, moot=moot, read=int(read[0][0]), confirmed=confirmed,
            deliveries={(row[0], row[1]): int(row[2]) for row in ways},
        )  # fmt: skip

    def told_confirmed_news(self, query: ToldQuery) -> list[tuple[ItemRow, MessageRow]]:
        """See :class:`workflow.toldbook.ToldBook`."""
        where, params = self._part(query)
        return told_rows(self._rows(f"{_TOLD} WHERE {where} AND {_NEWS_CONFIRMED}", params))

    def _of_message(self, query: ToldQuery) -> tuple[str, list[Any]]:
        return self._given((
            (f"m.recipient {self._among()}", query.recipients),
            ("m.created_at>=?", query.since),
            ("m.created_at<?", query.until),
        ))  # fmt: skip

    def _part(self, query: ToldQuery, *more: tuple[str, Any]) -> tuple[str, list[Any]]:
        where, params = self._of_message(query)
        mine, values = self._given((("i.subject=?", query.subject), *more))
        return f"{where} AND {mine}{'' if query.news else ' AND i.kind<>' + repr('event')}", [*params, *values]

    def _given(self, conditions: Iterable[tuple[str, Any]]) -> tuple[str, list[Any]]:
        """Those conditions whose value is given, and the values as they are stored."""
        given = [(sql, value) for sql, value in conditions if value is not None]
        values = [to_micros(v) if isinstance(v, datetime) else self._list(v) if isinstance(v, tuple) else v for _, v in given]
        return " AND ".join(["1=1", *(sql for sql, _ in given)]), values
