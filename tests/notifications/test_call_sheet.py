"""Call sheets as an office prints them, opens them and dials from them."""

import csv
import io
import re
import struct
import zlib
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import fontpkg_be_vietnam_pro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.call_sheet import FONTS, CallReason, CallRow, CallSheet, as_csv, as_pdf, as_text, phone_words, printed
from notifications.messages import Language, Recipient
from states.vocabulary import Event
from tests.notifications.spoken import ACTIVITY, CERTIFICATE, OFFICE, OFFICER, PRODUCER, TERM, morning

NOW = morning(date(2021, 7, 8))
VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵfjwz"


def sheet(*rows: CallRow, language: Language = Language.VI, rehearsal: bool = False) -> CallSheet:
    return CallSheet(unit="Huyện Đá Vân", office=OFFICE, composed_at=NOW, rows=rows, language=language, rehearsal=rehearsal)


def row(to: Recipient = PRODUCER, line=TERM, reason: CallReason = CallReason.NO_CHANNEL, days: int = 0) -> CallRow:
    moved = replace(line, due_at=line.due_at + timedelta(days=days), last_day=line.last_day + timedelta(days=days))
    return CallRow(recipient=to, line=moved, reason=reason)


@pytest.mark.parametrize(
    ("given_as", "dialled"),
    [
        ("0912345678", "0912 345 678"),
        ("+84 912-345-678", "0912 345 678"),
        ("84912345678", "0912 345 678"),
        ("0203.3825.111", "0203 3825 111"),
        ("+1 202 555 0143", "+1 202-555-0143"),
        ("12", "12 (xem lại số)"),
        ("hỏi trưởng bản", "hỏi trưởng bản (xem lại số)"),
        ("", "chưa có số"),
        (None, "chưa có số"),
    ],
)
def test_a_number_is_shown_as_people_dial_it(given_as: str | None, dialled: str):
    assert phone_words(given_as) == dialled


def test_people_are_rung_once_and_the_most_urgent_first():
    page = printed(sheet(row(days=5), row(to=OFFICER, days=3), row(line=CERTIFICATE), row(days=-3)))
    assert [(entry["no"], entry["name"]) for entry in page["rows"]] == [("1", "Vàng A Páo"), ("2", "Lò Thị Mận")]
    assert [duty["until"] for duty in page["rows"][0]["duties"]] == [
        "hết ngày thứ Ba, 06/07/2021",
        "hết ngày thứ Tư, 14/07/2021",
        "hết ngày thứ Sáu, 20/11/2026",
    ]
    assert page["made"] == "Lập lúc 07:30 thứ Năm, 08/07/2021: 2 người, 4 việc"


def test_a_row_says_why_and_about_what():
    (entry,) = printed(sheet(row(reason=CallReason.UNACKNOWLEDGED)))["rows"]
    assert entry["reason"] == "đã gửi, chưa báo nhận"
    assert entry["phone"] == "0912 345 678"
    assert entry["duties"] == [
        {
            "task": "Đánh giá cấp huyện, ghi kết quả của hội đồng",
            "products": ["Mật ong Lũng Ong"],
            "until": "hết ngày thứ Sáu, 09/07/2021",
            "left": "ngày mai là ngày cuối",
        }
    ]


def test_products_that_share_work_and_date_share_a_cell_and_another_producer_is_named():
    tea = replace(TERM, title="Chè Pù Chè", producer="Tổ hợp tác Pù Chè", subject="VS-2")
    (entry,) = printed(sheet(row(), row(line=tea)))["rows"]
    (duty,) = entry["duties"]
    assert duty["products"] == ["Chè Pù Chè – Tổ hợp tác Pù Chè", "Mật ong Lũng Ong"]


def test_a_person_with_many_duties_goes_on_in_a_next_row_and_none_is_left_out():
    products = [replace(TERM, title=f"Sản phẩm số {n}", subject=f"VS-{n}") for n in range(30)]
    made = sheet(*(row(days=n) for n in range(12)), *(row(line=line) for line in products))
    rows = printed(made)["rows"]
    assert len(rows) > 2
    assert [(entry["name"], entry["first"]) for entry in rows] == [("Vàng A Páo", True), *[("Vàng A Páo (tiếp)", False)] * (len(rows) - 1)]
    assert all(sum(1 + len(duty["products"]) for duty in entry["duties"]) <= 20 for entry in rows)
    named = [product for entry in rows for duty in entry["duties"] for product in duty["products"]]
    assert len(named) == 12 + 30
    assert pages(as_pdf(made)) < 6


def test_a_spreadsheet_gets_one_line_a_duty_and_no_formula():
    evil = replace(PRODUCER, name="=HYPERLINK(1)", office="+CMD", phone=None)
    text = as_csv(sheet(row(to=evil), row(to=evil, line=ACTIVITY), row(to=OFFICER)))
    assert text.startswith("\ufeffTT,")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 4
    assert {len(cells) for cells in rows} == {14}
    assert rows[1][1:4] == ["'=HYPERLINK(1)", "'+CMD", "chưa có số"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cells in rows for cell in cells)


def test_the_text_says_the_same_as_the_paper():
    made = sheet(row(), row(line=ACTIVITY), row(to=OFFICER), rehearsal=True)
    text = as_text(made)
    for entry in printed(made)["rows"]:
        for duty in entry["duties"]:
            assert f"{duty['task']}: {duty['until']} ({duty['left']})" in text
            assert all(product in text for product in duty["products"])
    assert "Bản tập huấn, không có giá trị pháp lý" in text
    assert text.count("Gọi lúc:") == 2


@pytest.mark.parametrize("language", Language)
def test_a_sheet_with_nobody_says_so(language: Language):
    assert {Language.VI: "Không có ai phải gọi.", Language.EN: "Nobody has to be rung."}[language] in as_text(sheet(language=language))
    assert pages(as_pdf(sheet(language=language))) == 1


def pages(pdf: bytes) -> int:
    """Number of pages that the document says it has; the numbers stand in compressed objects."""
    found = b"".join(_inflated(pdf))
    return max(int(count) for count in re.findall(rb"/Count (\d+)", pdf + found))


def _inflated(pdf: bytes):
    for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            yield zlib.decompress(part)
        except zlib.error:
            continue


def test_sixty_people_fill_pages_and_the_same_sheet_makes_the_same_bytes():
    people = [
        replace(PRODUCER, person=f"p{n}", name=f"Nguyễn Thị Phương Thảo Nguyên {n}", office="Hợp tác xã nông nghiệp và du lịch " * 3)
        for n in range(60)
    ]
    made = sheet(*(row(to=person, days=n % 5) for person in people for n in range(3)))
    first = as_pdf(made)
    assert first == as_pdf(made)
    assert first.startswith(b"%PDF-")
    assert 5 < pages(first) < 40
    assert set(re.findall(rb"/BaseFont ?/[A-Z]{6}\+(\w+)", first + b"".join(_inflated(first)))) == {b"BeVietnamPro"}


def test_markup_in_a_name_is_set_as_text():
    evil = replace(PRODUCER, name='#panic("x") *đậm* $x$ \\ " @a <b>', office='#read("/etc/passwd")')
    assert as_pdf(sheet(row(to=evil))).startswith(b"%PDF-")
    assert as_pdf(sheet(row(to=evil))) != as_pdf(sheet(row()))


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=40))
def test_any_words_can_be_printed(name: str, title: str, phone: str):
    made = sheet(
        row(to=replace(PRODUCER, name=name, office=title, phone=phone), line=replace(TERM, title=title, producer=name, act=Event.FILE))
    )
    assert as_pdf(made).startswith(b"%PDF-")
    assert as_text(made).count("\n") < 30
    assert len(list(csv.reader(io.StringIO(as_csv(made))))) == 2


@cache
def characters(font: Path) -> frozenset[int]:
    """Code points that a font has a glyph for, from its character map (OpenType, cmap format 4)."""
    data = font.read_bytes()
    tables = {
        data[at : at + 4]: struct.unpack(">I", data[at + 8 : at + 12])[0]
        for at in range(12, 12 + 16 * struct.unpack(">H", data[4:6])[0], 16)
    }
    cmap = tables[b"cmap"]
    (count,) = struct.unpack(">H", data[cmap + 2 : cmap + 4])
    found: set[int] = set()
    for n in range(count):
        (offset,) = struct.unpack(">I", data[cmap + 8 + 8 * n : cmap + 12 + 8 * n])
        at = cmap + offset
        if struct.unpack(">H", data[at : at + 2])[0] != 4:
            continue
        half = struct.unpack(">H", data[at + 6 : at + 8])[0] // 2
        ends = struct.unpack(f">{half}H", data[at + 14 : at + 14 + 2 * half])
        starts = struct.unpack(f">{half}H", data[at + 16 + 2 * half : at + 16 + 4 * half])
        for start, end in zip(starts, ends, strict=True):
            found |= set(range(start, end + 1)) - {0xFFFF}
    return frozenset(found)


@pytest.mark.parametrize("weight", ["Regular", "Medium", "Bold", "Italic"])
def test_the_font_has_every_letter_that_is_printed(weight: str):
    """A letter without a glyph would be set in another font, or as an empty box."""
    font = next(Path(fontpkg_be_vietnam_pro.ROOT).rglob(f"BeVietnamPro-{weight}.ttf"))
    assert any(font.is_relative_to(folder) for folder in FONTS)
    said = "".join(
        str(value)
        for language in Language
        for value in _strings(printed(sheet(row(), row(line=ACTIVITY), language=language, rehearsal=True)))
    )
    wanted = {ord(sign) for sign in VIETNAMESE + VIETNAMESE.upper() + "0123456789“”–…/().,:;'\"&%-+" + said} - {ord("\n")}
    assert {chr(code) for code in wanted - characters(font)} == set()


def _strings(value: object):
    if isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, str):
        yield value
