"""Lists longer than a page."""

from collections.abc import Iterator
from dataclasses import replace

from workflow.ports import CaseQuery, Store
from workflow.rows import CaseRow

_PAGE = 500


def every_case(store: Store, query: CaseQuery | None = None) -> Iterator[CaseRow]:
    """Every case that a query finds, by code, page by page."""
    query = replace(query or CaseQuery(), limit=_PAGE)
    while page := store.cases(query):
        yield from page
        query = replace(query, after=page[-1].code)
