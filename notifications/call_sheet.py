"""Call sheets: whom a unit has to ring about what, to print (PDF, A4), to read (text) or to open in a spreadsheet (CSV). Pure.

A sheet is made for those whom no machine has reached: no address, a message that was not delivered, or one that nobody has
acknowledged. What was said on the telephone is written on the paper by hand, so every person has room for it.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import fontpkg_be_vietnam_pro
import typst
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_valid_number, parse, region_code_for_number

from notifications.messages import DutyLine, Language, Recipient
from notifications.plain import one_line
from notifications.views import Duty, Group, duty, groups
from states.words import words

_NAME = 90
_TITLE = 110
_A_CELL = 8
"""Products in one cell of the paper."""

_A_ROW = 20
"""Lines in one row of the paper; what more one person has goes on in a next row, so that no row outgrows a page."""

_A_LINE = 45
"""Letters in one line of a cell."""

FONT = "Be Vietnam Pro"
FONTS = (Path(fontpkg_be_vietnam_pro.ROOT) / "files",)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CallReason(StrEnum):
    """Why somebody has to be rung."""

    NO_CHANNEL = "no_channel"
    """The office knows no address, so nothing could be sent."""
    UNDELIVERED = "undelivered"
    """It was sent and did not arrive."""
    UNACKNOWLEDGED = "unacknowledged"
    """It was delivered, and nobody has said that it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One person to ring about one duty.

    Attributes:
        recipient: Whom to ring.
        line: About what.
        reason: Why a call is needed.
    """

    recipient: Recipient
    line: DutyLine
    reason: CallReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSheet:
    """A sheet for one unit.

    Attributes:
        unit: Name of the unit that rings.
        office: Name of the office that asks for it.
        composed_at: For which moment it is worded (aware).
        rows: In any order; the paper groups them by person, the most urgent first.
        language: Of the words.
        rehearsal: Whether it comes from a rehearsal; every page then says so.
    """

    unit: str
    office: str
    composed_at: datetime
    rows: tuple[CallRow, ...]
    language: Language = Language.VI
    rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class _Call:
    """One person on the sheet."""

    name: str
    place: str
    phone: str
    reason: str
    duties: tuple[Duty, ...]


def phone_words(phone: str | None, language: Language = Language.VI) -> str:
    """A number as people dial it: ``0912 345 678``, a foreign one with its country; one that cannot be right is marked.

    Args:
        phone: As it was entered; Vietnamese unless it begins with another country's prefix.
        language: Of the words for a number that is missing or cannot be right.
    """
    shown = one_line(phone or "", 30)
    missing, doubtful = _PHONE[language]
    if not shown:
        return missing
    try:
        number = parse(shown, "VN")
    except NumberParseException:
        return f"{shown} ({doubtful})"
    if not is_valid_number(number):
        return f"{shown} ({doubtful})"
    home = region_code_for_number(number) == "VN"
    return format_number(number, PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL)


def as_pdf(sheet: CallSheet) -> bytes:
    """The sheet as PDF, A4 across, with its head on every page; the same sheet makes the same bytes."""
    return typst.compile(_source(), font_paths=_fonts(), sys_inputs={"data": json.dumps(printed(sheet))})


def printed(sheet: CallSheet) -> dict[str, Any]:
    """What the paper shows, as JSON-able words."""
    said = _WORDS[sheet.language]
    calls = _calls(sheet)
    rows = [
        {
            "no": str(number),
            "name": call.name + ("" if at == 0 else said["again"]),
            "place": call.place if at == 0 else "",
            "phone": call.phone,
            "reason": call.reason if at == 0 else "",
            "duties": cells,
            "first": at == 0,
        }
        for number, call in enumerate(calls, 1)
        for at, cells in enumerate(_pieces(call, said))
    ]
    return {
        "language": str(sheet.language),
        "font": FONT,
        "title": said["title"],
        "unit": f"{said['unit']}: {one_line(sheet.unit, _NAME)}",
        "office": one_line(sheet.office, _NAME),
        "made": said["made"].format(at=words(sheet.language.value).instant(sheet.composed_at), people=len(calls), duties=len(sheet.rows)),
        "rehearsal": said["rehearsal"] if sheet.rehearsal else "",
        "columns": said["columns"],
        "outcomes": said["outcomes"],
        "page": said["page"],
        "empty": said["empty"],
        "rows": rows,
    }


def as_text(sheet: CallSheet) -> str:
    """The sheet as plain text, one person after the other."""
    said = _WORDS[sheet.language]
    page = printed(sheet)
    note = "   " + " ".join(
        f"{said['columns'][at]}: {dots}" for at, dots in ((5, "........"), (6, "................"), (7, "............"))
    )
    lines = [page["office"], page["title"], page["unit"], page["made"], *([page["rehearsal"]] if sheet.rehearsal else ())]
    for row in page["rows"]:
        lines += [
            "",
            f"{row['no']}. {row['name']}" + (f" ({row['place']})" if row["place"] else ""),
            f"   {said['columns'][2]}: {row['phone']}",
        ]
        lines += [f"   {row['reason']}"] if row["reason"] else []
        for cell in row["duties"]:
            lines.append(f"   - {cell['task']}: {cell['until']} ({cell['left']})")
            lines += [f"     {product}" for product in cell["products"]]
        lines += [note] if row["first"] else []
    if not page["rows"]:
        lines += ["", page["empty"]]
    return "\n".join(lines) + "\n"


def as_csv(sheet: CallSheet) -> str:
    """One line a duty, with a byte order mark so that spreadsheets read the Vietnamese; no cell is ever taken for a formula."""
    said = _WORDS[sheet.language]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(said["csv"])
    for number, call in enumerate(_calls(sheet), 1):
        for item in call.duties:
            cells = (
                str(number),
                call.name,
                call.place,
                call.phone,
                call.reason,
                _task(item, said),
                "" if item.kind == "activity" else item.title,
                item.producer,
                item.code,
                item.deadline,
                item.left_of_certificate or item.left,
                *[""] * 3,
            )
            writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return "\ufeff" + out.getvalue()


def _calls(sheet: CallSheet) -> Sequence[_Call]:
    """People with their duties; first who has least time, then by name."""
    found: dict[tuple[str, str, str], list[CallRow]] = {}
    for row in sheet.rows:
        to = row.recipient
        found.setdefault((to.person, to.name, to.phone or ""), []).append(row)
    return [
        _call(rows, sheet)
        for _, rows in sorted(found.items(), key=lambda item: (min(row.line.due_at for row in item[1]), item[0][1], item[0]))
    ]


def _call(rows: Sequence[CallRow], sheet: CallSheet) -> _Call:
    to = rows[0].recipient
    ordered = sorted(rows, key=lambda row: (row.line.due_at, row.line.title, row.line.duty))
    return _Call(
        name=one_line(to.name, _NAME),
        place=one_line(to.office, _NAME),
        phone=phone_words(to.phone, sheet.language),
        reason="; ".join(_unique(_REASONS[sheet.language][row.reason] for row in ordered)),
        duties=tuple(duty(row.line, sheet.composed_at, sheet.language) for row in ordered),
    )


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _task(item: Duty, said: dict[str, Any]) -> str:
    """What has to be done; where neither stage nor act is named, by the kind of the duty."""
    return item.task or str(said["tasks"].get(item.kind, said["tasks"]["term"]))


def _pieces(call: _Call, said: dict[str, Any]) -> Sequence[list[dict[str, Any]]]:
    """The duties of a person as the cells of one row, or of several."""
    rows: list[list[dict[str, Any]]] = [[]]
    used = 0
    for group in groups(call.duties):
        for at in range(0, len(group.duties), _A_CELL):
            cell = _cell(Group(group.lead, group.duties[at : at + _A_CELL]), call.place, said)
            lines = max(2, sum(1 + len(text) // _A_LINE for text in (cell["task"], *cell["products"])))
            if rows[-1] and used + lines > _A_ROW:
                rows.append([])
                used = 0
            rows[-1].append(cell)
            used += lines
    return rows


def _cell(group: Group, place: str, said: dict[str, Any]) -> dict[str, Any]:
    lead = group.lead
    task = _task(lead, said)
    return {
        "task": task[:1].upper() + task[1:],
        "products": [] if lead.kind == "activity" else [_product(item, place) for item in group.duties],
        "until": lead.deadline,
        "left": lead.left_of_certificate or lead.left,
    }


def _product(item: Duty, place: str) -> str:
    """The product, and its producer where the row does not name it already."""
    return one_line(item.title or item.code, _TITLE) + (f" – {item.producer}" if item.producer not in {"", place} else "")


@cache
def _fonts() -> typst.Fonts:
    """The fonts that ship and typst's own; those of the machine would make other bytes elsewhere."""
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder) for folder in FONTS])


@cache
def _source() -> bytes:
    return (files("notifications") / "data" / "call_sheet.typ").read_bytes()


_PHONE = {Language.VI: ("chưa có số", "xem lại số"), Language.EN: ("no number", "check the number")}
_REASONS = {
    Language.VI: {
        CallReason.NO_CHANNEL: "không có địa chỉ để gửi",
        CallReason.UNDELIVERED: "đã gửi nhưng không đến",
        CallReason.UNACKNOWLEDGED: "đã gửi, chưa báo nhận",
    },
    Language.EN: {
        CallReason.NO_CHANNEL: "no address to send to",
        CallReason.UNDELIVERED: "sent and not delivered",
        CallReason.UNACKNOWLEDGED: "sent and not acknowledged",
    },
}
_WORDS: dict[Language, dict[str, Any]] = {
    Language.VI: {
        "title": "Danh sách gọi điện nhắc hạn",
        "unit": "Đơn vị gọi",
        "made": "Lập lúc {at}: {people} người, {duties} việc",
        "rehearsal": "Bản tập huấn, không có giá trị pháp lý",
        "columns": ["TT", "Người cần gọi", "Điện thoại", "Việc phải làm, sản phẩm", "Hạn cuối", "Gọi lúc", "Kết quả", "Người gọi"],
        "outcomes": ["đã báo", "không nghe máy", "sai số"],
        "page": ["Trang", "/"],
        "empty": "Không có ai phải gọi.",
        "again": " (tiếp)",
        "tasks": {"certificate": "nộp hồ sơ đánh giá lại", "term": "xử lý hồ sơ"},
        "csv": [
            "TT",
            "Người cần gọi",
            "Cơ quan, chủ thể",
            "Điện thoại",
            "Vì sao phải gọi",
            "Việc phải làm",
            "Sản phẩm",
            "Chủ thể",
            "Mã số",
            "Hạn cuối",
            "Thời gian còn lại",
            "Gọi lúc",
            "Kết quả",
            "Người gọi",
        ],
    },
    Language.EN: {
        "title": "Call sheet",
        "unit": "Unit that rings",
        "made": "Made at {at}: {people} people, {duties} duties",
        "rehearsal": "Rehearsal copy, without legal force",
        "columns": ["No.", "Whom to ring", "Telephone", "What to do, product", "Last day", "Rung at", "Outcome", "Rung by"],
        "outcomes": ["told", "no answer", "wrong number"],
        "page": ["Page", "of"],
        "empty": "Nobody has to be rung.",
        "again": " (continued)",
        "tasks": {"certificate": "file for reassessment", "term": "deal with the case"},
        "csv": [
            "No.",
            "Whom to ring",
            "Office or producer",
            "Telephone",
            "Why",
            "What to do",
            "Product",
            "Producer",
            "Number",
            "Last day",
            "Time left",
            "Rung at",
            "Outcome",
            "Rung by",
        ],
    },
}
