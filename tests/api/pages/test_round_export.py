"""What a page of rounds shows goes out as a spreadsheet, with the same filter, and no cell of it is ever a formula or a link."""

import re
import zipfile
from datetime import UTC, datetime
from html import unescape
from io import BytesIO

from api.sheets import XLSX, Sheet, workbook
from tests.support.identity import House
from tests.support.pages import HTML, look

DAY = "2021-06-01 10:00"
HOSTILE = (
    "=1+1",
    "+84912",
    "-2",
    "@SUM(A1)",
    '=HYPERLINK("https://evil.example.test")',
    "https://evil.example.test",
    "\tx",
    "a\x00\x0bb",
    "{=1}",
    "007",
)


def cells(data: bytes) -> list[list[list[str]]]:
    """Every sheet's rows, as texts."""
    with zipfile.ZipFile(BytesIO(data)) as book:
        names = book.namelist()
        shared = book.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in names else ""
        strings = [unescape("".join(re.findall(r"<t[^>]*>([^<]*)</t>", item))) for item in re.findall(r"<si>(.*?)</si>", shared, re.DOTALL)]
        found = []
        for name in sorted(n for n in names if n.startswith("xl/worksheets/sheet")):
            sheet = book.read(name).decode()
            assert "<f>" not in sheet
            assert "hyperlink" not in sheet
            rows = []
            for row in re.findall(r"<row [^>]*>(.*?)</row>", sheet, re.DOTALL):
                rows.append([strings[int(v)] if 't="s"' in head else v for head, v in re.findall(r"<c ([^>]*)><v>([^<]*)</v>", row)])
            found.append(rows)
        return found


def test_no_text_becomes_a_formula_a_link_or_a_number():
    made = workbook(
        [Sheet("a/b:c*?[d]" + "x" * 40, ("=head", "n"), [(text, 3) for text in HOSTILE], ("=note",))], datetime(2021, 6, 1, tzinfo=UTC)
    )
    rows = cells(made)[0]
    assert rows[0] == ["=note"]
    assert rows[1] == ["=head", "n"]
    assert [row[0] for row in rows[2:]] == [text.replace("\x00", "").replace("\x0b", "") for text in HOSTILE]
    assert {row[1] for row in rows[2:]} == {"3"}


def test_a_round_goes_out_with_what_its_page_shows_and_the_same_filter(house: House):
    for product in ("P1-01", "P1-02", "P2-01"):
        house.world.filed(product, at=DAY)
    browser = house.enter("officer-VS")
    for query, count in (("", 3), ("?unit=H1", 2), ("?unit=H2", 1)):
        page = look(browser, f"/rounds/VS-2021-1{query}")
        link = next(link for link in page.links if "export.xlsx" in link)
        answered = browser.get(link, Accept=HTML)
        assert (answered.status_code, answered.headers["content-type"]) == (200, XLSX)
        assert answered.headers["content-disposition"].startswith("attachment")
        assert answered.headers["x-content-type-options"] == "nosniff"
        steps, dates, areas = cells(answered.content)
        assert ["đánh giá cấp huyện", str(count), "0"] in steps
        assert ["Cộng", str(count), "0"] in steps
        assert any(row[:3] == ["đánh giá cấp huyện", "thứ Sáu, 09/07/2021 (hết ngày)", "trước ngày 10/7/2021"] for row in dates)
        assert sum(int(row[-2]) for row in areas if row[-1] == "0") == count
    assert browser.get("/rounds/VS-2021-1/export.xlsx?unit=NOWHERE", Accept=HTML).status_code == 422
    assert browser.get("/rounds/VS-1999-1/export.xlsx", Accept=HTML).status_code == 404


def test_the_list_goes_out_with_what_the_reader_may_see(house: House):
    house.world.filed("P1-01", at=DAY)
    house.world.filed("P2-01", at=DAY)
    for person, count in (("officer-VS", "2"), ("officer-H1", "1")):
        browser = house.enter(person)
        assert "/rounds.xlsx" in look(browser, "/rounds").links
        rows = cells(browser.get("/rounds.xlsx", Accept=HTML).content)[0]
        assert next(row for row in rows if row[0] == "VS-2021-1")[3] == count
    assert house.browser().get("/rounds.xlsx", Accept=HTML).status_code == 303
