"""Tables as a spreadsheet: every text is a text, whatever it begins with, so that no cell is ever taken for a formula or a link."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from fastapi import Response
from xlsxwriter import Workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SAFE = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_NOT_IN_A_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_LONGEST_NAME, _LONGEST_CELL, _WIDEST = 31, 32_767, 60
_UNSEEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
"""Characters that a spreadsheet file cannot hold."""

Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a name; ``notes`` stand above it."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()


def workbook(sheets: Sequence[Sheet], made: datetime) -> bytes:
    """A spreadsheet file (Office Open XML), the same bytes for the same tables."""
    held = io.BytesIO()
    book = Workbook(held, _SAFE)
    book.set_properties({"created": made.replace(tzinfo=None)})
    bold, wrapped = (
        book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
        book.add_format({"text_wrap": True, "valign": "top"}),
    )
    for sheet in sheets:
        page = book.add_worksheet(sheet.name.translate(_NOT_IN_A_NAME)[:_LONGEST_NAME].strip())
        for line, note in enumerate(sheet.notes):
            page.write_string(line, 0, _text(note))
        top = len(sheet.notes) + bool(sheet.notes)
        for column, title in enumerate(sheet.head):
            page.write_string(top, column, _text(title), bold)
            widest = max([len(title), *(len(str(row[column])) for row in sheet.rows if row[column] is not None)])
            page.set_column(column, column, min(_WIDEST, widest + 2))
        for line, row in enumerate(sheet.rows, top + 1):
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    page.write_number(line, column, cell)
                elif cell:
                    page.write_string(line, column, _text(cell), wrapped)
        page.freeze_panes(top + 1, 1)
        if sheet.rows:
            page.autofilter(top, 0, top + len(sheet.rows), len(sheet.head) - 1)
    book.close()
    return held.getvalue()


def download(sheets: Sequence[Sheet], made: datetime, name: str) -> Response:
    """The same as the answer to a request, to be kept under a name."""
    attached = f"attachment; filename=\"export.xlsx\"; filename*=UTF-8''{quote(name + '.xlsx', safe='')}"
    return Response(workbook(sheets, made), media_type=XLSX, headers={"content-disposition": attached, "cache-control": "no-store"})


def _text(cell: str) -> str:
    return cell.translate(_UNSEEN)[:_LONGEST_CELL]
