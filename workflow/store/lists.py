"""Lists of cases: filters, keyset pages, search and counts, the same on both databases.

A page by deadline walks the index of running deadlines, so that fifty of a hundred thousand cases cost what fifty cost. Whoever sees few of
them, or asks for few, would walk past nearly all: where a list has no more than some thousand cases, they are gathered first and put into
order. Cases without a deadline come after all others, by code.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import nsmallest
from typing import Any

from states.errors import MalformedInput
from workflow.casebook import LATE_IN, CaseList, Line, Listed, Place, Shown
from workflow.rows import StoredEntry
from workflow.store import mapping
from workflow.store.mapping import CASE, ENTRY, TERM, storable
from workflow.store.statements import SHOWN_CASES as _SHOWN
from workflow.store.statements import TERMS_OF_CASE
from workflow.store.text import found, marked, typed_words
from workflow.store.types import from_micros, to_micros

Row = Sequence[Any]
_WIDTH = len(CASE.columns)
_NAMED = " LEFT JOIN product p ON p.code=c.product LEFT JOIN producer o ON o.code=c.producer"
_RUNS = "EXISTS (SELECT 1 FROM term r WHERE r.case_code=c.code AND r.status='running')"
_NEAREST = (
    "t.status='running' AND t.id="
    "(SELECT e.id FROM term e WHERE e.case_code=t.case_code AND e.status='running' ORDER BY e.due_at,e.id LIMIT 1)"
)
_DUE = "(SELECT e.due_at FROM term e WHERE e.case_code=c.code AND e.status='running' ORDER BY e.due_at LIMIT 1)"
_LINE = "c.code,c.product,c.producer,c.unit,c.kind,c.state,c.round,c.attempt,c.version,p.name,o.name"
_Read = tuple[str, str]
"""What is read of each case of a page: columns, and what is joined for them."""
_FULL: _Read = (CASE.names("c."), "")
_SHORT: _Read = (_LINE, _NAMED)
_Standing = tuple[Row, int | None, tuple[int, int | None, str]]
"""What was read of a case, its nearest deadline, and its place in the list."""
_GATHERED = 3000
"""Cases up to which it is cheaper to put all of a list into order than to walk past those that are not in it."""

_WIDE = 50
"""Units from which on somebody sees so much that a walk meets enough of it, if nothing else is asked for."""

_LAST_TIER = 1
_MOST_WORDS = 12


class CaseLists(ABC):
    """The part of a store that lists cases for people."""

    _terms = f"term t ON {TERMS_OF_CASE}"
    _beside = ""
    """Before a column by which rows are not to be sought, where a database has to be told."""

    @abstractmethod
    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]: ...
    @abstractmethod
    def _list(self, values: Iterable[Any]) -> Any: ...
    @abstractmethod
    def _among(self) -> str: ...

    def case_page(self, query: CaseList, *, after: Place | None = None, limit: int = 50) -> list[Listed]:
        """See :class:`workflow.ports.Served`."""
        return [
            Listed(mapping.case_row(row), None if due is None else _instant(due), Place(*place))
            for row, due, place in self._page(_FULL, query, after, limit)
        ]

    def case_lines(self, query: CaseList, *, after: Place | None = None, limit: int = 50) -> tuple[list[Line], Place | None]:
        """See :class:`workflow.ports.Served`."""
        found = self._page(_SHORT, query, after, limit + 1)
        page = found[:limit]
        return [Line._make((*row, None if due is None else _instant(due))) for row, due, _ in page], Place(*page[-1][2]) if len(
            found
        ) > limit else None

    def _page(self, read: _Read, query: CaseList, after: Place | None, limit: int) -> list[_Standing]:
        if query.text:
            return self._found(read, query, after, limit)
        if query.sort == "code":
            return self._by_code_of_case(read, query, after, limit)
        page: list[_Standing] = []
        if (after is None or after.due is not None) and query.dated is not False:
            page = self._dated(read, query, after, limit)
        if len(page) < limit and not query.dated and query.due_before is None and query.due_from is None:
            page += self._undated(read, query, after if after is not None and after.due is None else None, limit - len(page))
        return page

    def shown_cases(self, codes: Sequence[str]) -> dict[str, Shown]:
        """See :class:`workflow.ports.Served`."""
        parts: dict[str, list[Row]] = {}
        for row in self._rows(_SHOWN.replace("IN LIST", self._among()).replace("TERMS", self._terms), (self._list(codes),)):
            parts.setdefault(row[0], []).append(row)
        found = {}
        for code, rows in parts.items():
            case, start = mapping.case_row(rows[0][:_WIDTH]), _WIDTH + 2
            terms = tuple(TERM.row(row[start:]) for row in rows) if rows[0][start] is not None else ()
            product, producer = rows[0][_WIDTH:start]
            found[code] = Shown(case, terms, product or case.product, producer or case.producer)
        return found

    def product_names(self, codes: Collection[str]) -> dict[str, str]:
        """See :class:`workflow.ports.Served`."""
        return self._names_in("product", codes)

    def producer_names(self, codes: Collection[str]) -> dict[str, str]:
        """See :class:`workflow.ports.Served`."""
        return self._names_in("producer", codes)

    def _names_in(self, table: str, codes: Collection[str]) -> dict[str, str]:
        return {row[0]: row[1] for row in self._rows(f"SELECT code,name FROM {table} WHERE code {self._among()}", (self._list(codes),))}  # noqa: S608

    def log_page(self, after: int, limit: int) -> list[tuple[int, StoredEntry]]:
        """See :class:`workflow.ports.Store`."""
        sql = f"SELECT l.log_seq,{ENTRY.names('h.')} FROM log_leaf l JOIN history h ON h.subject=l.subject AND h.seq=l.seq"  # noqa: S608
        rows = self._rows(f"{sql} WHERE l.log_seq>? ORDER BY l.log_seq LIMIT ?", (after, limit))
        return [(row[0], ENTRY.row(row[1:])) for row in rows]

    def case_states(self) -> dict[str, int]:
        """See :class:`workflow.ports.Store`."""
        return {row[0]: int(row[1]) for row in self._rows("SELECT state,count(*) FROM case_file GROUP BY state")}

    def case_count(self, query: CaseList) -> int:
        """See :class:`workflow.ports.Store`."""
        where, params = self._where(query)
        joined = _NAMED if query.text else ""
        rows = self._rows(f"SELECT count(*) FROM case_file c{joined} WHERE {where}{self._due(query, params)}", params)  # noqa: S608
        return int(rows[0][0])

    def case_counts(self, queries: Sequence[CaseList]) -> list[int]:
        """See :class:`workflow.ports.Served`. What a set names is counted from it; all else in one pass over the cases."""
        found, together = [0] * len(queries), list[int]()
        for number, query in enumerate(queries):
            if query.text or (_named(query) and not _narrow(query)):
                found[number] = self.case_count(query)
            else:
                together.append(number)
        if not together:
            return found
        given = [list(self._parts(queries[number])) for number in together]
        common = [part for part in given[0] if all(part in each for each in given)]
        cells, params = [], list[Any]()
        for parts in given:
            own = [part for part in parts if part not in common]
            cells.append(f"count(CASE WHEN {' AND '.join(['1=1', *(sql for sql, _ in own)])} THEN 1 END)")
            params += [value for _, values in own for value in values]
        where = " AND ".join(["1=1", *(sql for sql, _ in common)])
        params += [value for _, values in common for value in values]
        row = self._rows(f"SELECT {','.join(cells)} FROM case_file c WHERE {where}", storable(tuple(params)))[0]  # noqa: S608
        for number, count in zip(together, row, strict=True):
            found[number] = int(count)
        return found

    def case_tally(self, query: CaseList) -> dict[tuple[str, str], int]:
        """See :class:`workflow.ports.Served`."""
        where, params = self._where(query)
        where += self._due(query, params)
        joined = _NAMED if query.text else ""
        sql = f"SELECT c.unit,c.state,count(*) FROM case_file c{joined} WHERE {where} GROUP BY c.unit,c.state"  # noqa: S608
        return {(row[0], row[1]): int(row[2]) for row in self._rows(sql, params)}

    def _parts(self, query: CaseList) -> Iterator[tuple[str, list[Any]]]:
        """Conditions with their values, each by itself."""
        yield from self._conditions(query, "c.unit")
        params: list[Any] = []
        if due := self._due(query, params):
            yield due.removeprefix(" AND "), params

    # Pages.
    def _dated(self, read: _Read, query: CaseList, after: Place | None, limit: int) -> list[_Standing]:
        columns, joined = read
        dates, bounds = "", list[Any]()
        if query.due_from is not None:
            dates += " AND t.due_at>=?"
            bounds.append(to_micros(query.due_from))
        if query.due_before is not None:
            dates += " AND t.due_at<?"
            bounds.append(to_micros(query.due_before))
        if after is not None:
            dates += " AND (t.due_at>? OR (t.due_at=? AND t.id>?))"
            bounds += [after.due, after.due, after.key]
        where, params = self._where(query)
        if self._few(where, params, query):
            # Ids begin with the case's code and a colon, so this is the order that the walk has.
            gathered = f"SELECT c.code AS case_code,c.code||':' AS id,{_DUE} AS due_at FROM case_file c WHERE {where}"  # noqa: S608
            first = "SELECT min(e.id) FROM term e WHERE e.case_code=t.case_code AND e.status='running' AND e.due_at=t.due_at"
            sql = (
                f"WITH g AS MATERIALIZED ({gathered}),"  # noqa: S608
                f" t AS MATERIALIZED (SELECT * FROM g t WHERE t.due_at IS NOT NULL{dates} ORDER BY t.due_at,t.id LIMIT ?)"
                f" SELECT {columns},t.due_at,({first}) FROM t JOIN case_file c ON c.code=t.case_code{joined} ORDER BY t.due_at,t.id"
            )
        else:
            # SQLite takes such a join in this order, and so meets no more than it shows.
            where, params = self._where(query, beside=True)
            sql = f"SELECT {columns},t.due_at,t.id FROM term t CROSS JOIN case_file c{joined}"  # noqa: S608
            sql += f" WHERE c.code=t.case_code AND {_NEAREST} AND {where}{dates} ORDER BY t.due_at,t.id LIMIT ?"
        return [(row[:-2], row[-2], (0, row[-2], row[-1])) for row in self._rows(sql, [*params, *bounds, limit])]

    def _few(self, where: str, params: Sequence[Any], query: CaseList) -> bool:
        """Whether a list is so short that all of it is put into order sooner than its first page is met on a walk."""
        narrow = query.seen_units is not None and len(query.seen_units) < _WIDE
        if query.due_before is not None and query.overdue_at is None and not _narrow(query):
            return False  # The walk ends there.
        if not narrow and not any((query.states, query.kind, query.round, query.units, query.product, query.producer, query.asked)):
            return False
        probe = f"SELECT count(*) FROM (SELECT 1 FROM case_file c WHERE {where} LIMIT {_GATHERED + 1}) n"  # noqa: S608
        return int(self._rows(probe, params)[0][0]) <= _GATHERED

    def _undated(self, read: _Read, query: CaseList, after: Place | None, limit: int) -> list[_Standing]:
        columns, joined = read
        where, params = self._where(query)
        if after is not None:
            where += " AND c.code>?"
            params.append(after.key)
        if query.dated is None:
            where += f" AND NOT {_RUNS}"
        sql = f"SELECT {columns} FROM case_file c{joined} WHERE {where} ORDER BY {self._code_of(query)} LIMIT ?"  # noqa: S608
        return [(row, None, (0, None, row[0])) for row in self._rows(sql, [*params, limit])]

    def _by_code_of_case(self, read: _Read, query: CaseList, after: Place | None, limit: int) -> list[_Standing]:
        columns, joined = read
        where, params = self._where(query)
        where += self._due(query, params)
        if after is not None:
            where += " AND c.code>?"
            params.append(after.key)
        sql = f"SELECT {columns},{_DUE} FROM case_file c{joined} WHERE {where} ORDER BY {self._code_of(query)} LIMIT ?"  # noqa: S608
        return [(row[:-1], row[-1], (0, None, row[0])) for row in self._rows(sql, [*params, limit])]

    def _code_of(self, query: CaseList) -> str:
        """The code to put cases into order by; of a narrow list not one along which everybody's cases are gone through."""
        return f"{self._beside}c.code" if _narrow(query) else "c.code"

    def _found(self, read: _Read, query: CaseList, after: Place | None, limit: int) -> list[_Standing]:
        """What a text finds: everything light first, because neither database can tell marked letters apart from bare ones in our way."""
        columns, joined = read
        where, params = self._where(query)
        where += self._due(query, params)
        sql = f"SELECT c.code,p.name,o.name,{_DUE} FROM case_file c{_NAMED} WHERE {where}"  # noqa: S608
        typed = marked(str(query.text)).split()
        by_due, behind = query.sort == "due_at", None if after is None else _order(after.tier, after.due, after.key)
        places = (_order(_tier(typed, row), row[3] if by_due else None, row[0]) for row in self._rows(sql, params))
        page = {place[-1]: place for place in nsmallest(limit, (place for place in places if behind is None or place > behind))}
        shown = f"SELECT {columns},{_DUE} FROM case_file c{joined} WHERE c.code {self._among()}"  # noqa: S608
        rows = {row[0]: row for row in self._rows(shown, (self._list(page),))} if page else {}
        return [(rows[at][:-1], rows[at][-1], (tier, None if last else due, at)) for at, (tier, last, due, _) in page.items() if at in rows]

    # Filters.
    def _where(self, query: CaseList, *, beside: bool = False) -> tuple[str, list[Any]]:
        """The conditions on a case and their values; ``beside`` the way by which cases are met, a round, or the set that names them."""
        unit = f"{self._beside}c.unit" if beside or ((_named(query) or query.round) and not _narrow(query)) else "c.unit"
        parts, params = ["1=1"], []
        for sql, values in self._conditions(query, unit):
            parts.append(sql)
            params += values
        return " AND ".join(parts), list(storable(tuple(params)))

    def _conditions(self, query: CaseList, unit: str) -> Iterator[tuple[str, list[Any]]]:  # noqa: C901 - one filter after the other
        if query.seen_units is not None or query.seen_producers is not None:
            seen = {unit: query.seen_units or (), "c.producer": query.seen_producers or ()}
            given = {column: self._list(values) for column, values in seen.items() if values}
            yield "(" + (" OR ".join(f"{column} {self._among()}" for column in given) or "1=0") + ")", list(given.values())
        for column, listed in (("c.state", query.states), (unit, query.units)):
            if listed is not None:
                yield f"{column} {self._among()}", [self._list(listed)]
        for column, value in (("c.kind", query.kind), ("c.product", query.product), ("c.producer", query.producer)):
            if value is not None:
                yield f"{column}=?", [value]
        if query.round is not None:
            yield "(c.round=? OR c.central_round=?)", [query.round, query.round]
        if query.dated is not None:
            yield _RUNS if query.dated else f"NOT {_RUNS}", []
        if query.overdue_at is not None:
            yield _LATE if _narrow(query) else _LATE_ONES, [to_micros(query.overdue_at)]
        if query.asked:
            yield "c.memo LIKE ?", ['%"asked":{%']
        for word in _words(query.text):
            yield found(word)

    @staticmethod
    def _due(query: CaseList, params: list[Any]) -> str:
        """The condition on the nearest deadline, where no index of deadlines is walked."""
        if query.due_from is None and query.due_before is None:
            return ""
        found = "" if query.due_before is not None or query.dated else f" AND {_RUNS}"
        # The nearest lies before an instant where any does, and not before one where none does.
        for sign, bound in (("", query.due_before), ("NOT ", query.due_from)):
            if bound is not None:
                before = "FROM term t WHERE t.status='running' AND t.due_at<?"
                each = f"{sign}EXISTS (SELECT 1 {before} AND t.case_code=c.code)"
                found += f" AND {each if _narrow(query) else f'c.code {sign}IN (SELECT t.case_code {before})'}"
                params.append(to_micros(bound))
        return found


def _named(query: CaseList) -> bool:
    """Whether a set of deadlines names the cases, unless the list is narrow."""
    return query.overdue_at is not None or query.due_before is not None


def _narrow(query: CaseList) -> bool:
    """Whether a list is so narrow that each of its cases is asked, and not everybody's deadlines."""
    places = [each for each in (query.seen_units, query.units) if each is not None]
    return any(len(each) < _WIDE for each in places) or query.product is not None or query.producer is not None


def _late() -> tuple[str, str]:
    """A deadline that has passed: it still runs, or it was recorded in this attempt and the case has not left the step.

    Asked of each case, and as the set of all such cases.
    """
    home = "CASE c.state WHEN 'returned' THEN c.origin ELSE c.state END"
    steps = " OR ".join(
        f"(l.stage='{stage}' AND {home} IN ({','.join(repr(str(state)) for state in sorted(states))}))" for stage, states in LATE_IN.items()
    )
    passed, runs = f"l.status='passed' AND l.effect='record' AND l.attempt=c.attempt AND ({steps})", "l.status='running' AND l.due_at<=?"
    # Only running terms have an index by case and date; the key begins with the case's code and serves for all.
    mine = "l.id>c.code||':' AND l.id<c.code||';'"
    each = f"EXISTS (SELECT 1 FROM term l WHERE {mine} AND (({runs}) OR ({passed})))"  # noqa: S608
    recorded = f"SELECT l.case_code FROM term l JOIN case_file c ON c.code=l.case_code WHERE {passed}"  # noqa: S608
    return each, f"c.code IN (SELECT l.case_code FROM term l WHERE {runs} UNION ALL {recorded})"  # noqa: S608


_LATE, _LATE_ONES = _late()
_instant = lru_cache(maxsize=4096)(from_micros)
"""Many cases of a page fall due at the same moment."""


def _words(text: str | None) -> list[str]:
    """The words of a text.

    Raises:
        MalformedInput: There are too many.
    """
    typed = typed_words(text)
    if len(typed) > _MOST_WORDS:
        raise MalformedInput("too_many_words", limit=_MOST_WORDS)
    return typed


def _tier(typed: Sequence[str], row: Row) -> int:
    """0 where every word stands there as it was typed, marks and all."""
    places = [_marked(part) for part in row[:3] if part is not None]
    return 0 if all(any(word in place for place in places) for word in typed) else _LAST_TIER


_marked = lru_cache(maxsize=4096)(marked)
"""A producer has several products, and a product several cases."""


def _order(tier: int, due: int | None, key: str) -> tuple[int, bool, int, str]:
    return tier, due is None, due or 0, key
