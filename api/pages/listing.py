"""*Hồ sơ*: every case that the reader may see, by filters, as a table; and the same as a spreadsheet."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Annotated

import xlsxwriter
from fastapi import APIRouter, Query, Request, Response

from api.asking import Asked
from api.pages.frame import Said, capital, render, visitor
from api.pages.work import Code, Cursor, Text, may_register, narrowed_to, page_of, rounds_of, seen, units_of
from api.showing import Names
from states.case import RUNNING
from states.errors import UnknownName
from states.regime import local_date
from states.vocabulary import CaseKind, CaseState
from states.words import Words, words
from workflow.casebook import CaseList, Listed

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 20_000
_AT_ONCE = 500
router = APIRouter(tags=["pages"])
State = Annotated[str | None, Query(max_length=60)]
Late = Annotated[str | None, Query(max_length=1)]


@router.get("/cases")
def cases(  # noqa: PLR0913 - one a filter
    request: Request,
    q: Text = None,
    state: State = None,
    round: Code = None,
    unit: Code = None,
    kind: State = None,
    late: Late = None,
    cursor: Cursor = None,
) -> Response:
    """Every case that the reader may see, by filters."""
    asked = visitor(request)
    given = {"q": q, "state": state, "round": round, "unit": unit, "kind": kind, "late": late}
    page = page_of(asked, _query(asked, given), given, cursor)
    filters = {
        "states": [str(s) for s in CaseState], "kinds": [str(k) for k in CaseKind], "rounds": rounds_of(asked), "units": units_of(asked),
        **{name: value or "" for name, value in given.items()},
    }  # fmt: skip
    return render(request, "cases.html", filters=filters, registers=may_register(asked), **page)


@router.get("/cases.xlsx")
def spreadsheet(  # noqa: PLR0913 - one a filter
    request: Request, q: Text = None, state: State = None, round: Code = None, unit: Code = None, kind: State = None, late: Late = None
) -> Response:
    """What the list shows, all of its pages, as a spreadsheet."""
    asked = visitor(request)
    query = _query(asked, {"q": q, "state": state, "round": round, "unit": unit, "kind": kind, "late": late})
    headers = {"content-disposition": 'attachment; filename="ho-so.xlsx"', "cache-control": "no-store"}
    return Response(_workbook(asked, query), media_type=XLSX, headers=headers)


def _query(asked: Asked, given: dict[str, str | None]) -> CaseList:
    """The filters as one query, for list, count and spreadsheet alike.

    Raises:
        UnknownName: There is no such state, kind or unit.
    """
    state, kind = given["state"], given["kind"]
    if state and state not in set(CaseState):
        raise UnknownName(what="state", name=state, known=", ".join(CaseState))
    if kind and kind not in set(CaseKind):
        raise UnknownName(what="kind", name=kind, known=", ".join(CaseKind))
    running = tuple(map(str, RUNNING)) if given["late"] else None
    base = narrowed_to(asked, seen(asked, given["q"]), given["unit"], given["round"])
    return replace(base, states=(state,) if state else running, kind=kind or None, overdue_at=asked.received if given["late"] else None)


def _rows(asked: Asked, query: CaseList) -> Iterator[Listed]:
    place, count = None, 0
    while count < MOST_ROWS:
        page = asked.run.store.case_page(query, after=place, limit=min(_AT_ONCE, MOST_ROWS - count))
        yield from page
        count += len(page)
        if len(page) < _AT_ONCE:
            return
        place = page[-1].place


_WIDTHS = (15, 34, 34, 24, 14, 26, 14, 8, 14)


def _workbook(asked: Asked, query: CaseList) -> bytes:
    """The list as a workbook. Every text stays a text: nothing that somebody typed is taken for a formula or a link."""
    said, t = words(asked.language), Said(asked.language)
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "remove_timezone": True}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet(t("cases.title")[:31])
        head, day = book.add_format({"bold": True, "bottom": 1, "text_wrap": True}), book.add_format({"num_format": "dd/mm/yyyy"})
        for column, (name, width) in enumerate(zip(_heads(said, t), _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, head)
        rows = list(_rows(asked, query))
        names = Names(asked, [each.case for each in rows])
        for number, each in enumerate(rows, start=1):
            for column, text in enumerate(_cells(each, names, said)):
                if isinstance(text, int):
                    sheet.write_number(number, column, text)
                else:
                    sheet.write_string(number, column, text)
            if each.due_at is not None:
                # The last valid day, as a day that a spreadsheet can sort by.
                sheet.write_datetime(number, len(_WIDTHS) - 1, _last_day(each), day)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(rows)), len(_WIDTHS) - 1)
    return file.getvalue()


def _heads(said: Words, t: Said) -> list[str]:
    return [
        t("case.code"), capital(said.label("what", "product")), capital(said.label("what", "producer")), t("filter.unit"), t("case.kind"),
        t("card.state"), t("case.round"), t("attempts.number"), t("cases.last_day"),
    ]  # fmt: skip


def _cells(each: Listed, names: Names, said: Words) -> tuple[str | int, ...]:
    case, named = each.case, names.of(each.case)
    rounds = ", ".join(code for code in (case.round, case.central_round) if code)
    return (
        case.code, named["product"]["name"], named["producer"]["name"], named["unit"]["name"], said.name(case.kind), said.name(case.state), rounds,
        case.attempt,
    )  # fmt: skip


def _last_day(each: Listed) -> datetime:
    assert each.due_at is not None  # noqa: S101 - the caller has looked
    return datetime.combine(local_date(each.due_at - timedelta(microseconds=1)), time())
