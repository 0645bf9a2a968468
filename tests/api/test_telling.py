"""Reminders as an official types and reads them."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from api.cli.context import ctx, tell
from api.cli.render import table
from states.errors import NotFound
from tests.api.terminal import bad, done, refused
from tests.support.databases import Database

CASE = "SB-2021-0002"
NEAR = f"GCN-{CASE}"


pytestmark = pytest.mark.usefixtures("reminded")


@pytest.fixture
def reminded(lived: Database) -> Database:
    """A week before the certificate ends, in July 2024: the producer and the commune's officer were told, and have no address."""
    for stop in ("2022-07-18T09:00", "2023-07-18T09:00", "2024-07-18T09:00"):
        done("rehearsal", "clock", stop)
    return lived


def test_the_account_of_a_year_is_a_table_with_sums():
    said = done("reminder", "told", "--year", "2024", "--no-news").out
    assert "Bà Chủ Gạo, chủ thể, Hợp tác xã Gạo Bến" in said
    assert "T-180" in said
    assert "20/07/2024" in said
    assert "hộp thư: đã vào" in said
    assert "2 người, 12 thư: 12 lượt nhắc, 0 tin." in said
    assert "không thư nào rời khỏi máy này" in said
    counts = done("reminder", "told", "--year", "2024", "--no-news", "--json").json["counts"]
    assert (counts["people"], counts["messages"], counts["duties"], counts["news"]) == (2, 12, 12, 0)


def test_the_account_may_be_of_a_person_a_unit_some_days_or_a_case():
    def rows(*given: str) -> Any:
        return done("reminder", "told", *given, "--json").json["messages"]

    assert {m["person"] for m in rows("--person", "sx-gao")} == {"sx-gao"}
    assert {m["person"] for m in rows("--unit", "SB-H1-X1")} == {"sx-gao", "cb-x1"}
    assert rows("--unit", "SB-H2") == []
    assert {m["window"] for m in rows("--since", "2024-07-15", "--until", "2024-07-15")} == {"2024-07-15.1"}
    assert {i["subject"] for m in rows(NEAR) for i in m["items"]} == {NEAR}
    by_person = [m["person"] for m in rows("--by-person", "--year", "2024")]
    assert by_person == sorted(by_person, key=lambda person: {"sx-gao": 0, "cb-x1": 1}[person])


def test_the_account_opens_in_a_spreadsheet_and_no_cell_is_a_formula(tmp_path: Path):
    path = tmp_path / "da-bao.csv"
    said = done("reminder", "told", "--year", "2024", "--csv", str(path))
    assert str(path) in said.out
    text = path.read_text("utf-8")
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 12
    assert {row["Hạn cuối"] for row in rows} == {"20/07/2024"}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    done("--lang", "en", "reminder", "told", "--year", "2024", "--csv", str(path))
    assert "Last day" in path.read_text("utf-8").splitlines()[0]
    assert bad("reminder", "told", "--csv", str(tmp_path / "no" / "such.csv")).err.strip()


@pytest.mark.parametrize("width", ["100", "160"])
def test_tables_fold_inside_the_terminal(width: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setattr("api.cli.context.ctx.out._width", int(width), raising=False)
    lines = done("reminder", "told", "--year", "2024").out.splitlines()
    table = [line for line in lines if "GCN" in line or "Gạo" in line]
    assert table
    assert max(map(len, table)) <= int(width)


def test_a_text_to_share_says_when_it_has_no_link(monkeypatch: pytest.MonkeyPatch):
    said = done("reminder", "share", NEAR, "--to", "sx-gao").out
    assert "Gạo nếp" in said
    assert "OCOP_PUBLIC_URL" in said
    monkeypatch.setenv("OCOP_PUBLIC_URL", "https://ocop.example")
    monkeypatch.setenv("OCOP_LINK_KEY", "khóa riêng của buổi thử này, đủ dài")
    linked = done("reminder", "share", NEAR, "--to", "sx-gao")
    assert "https://ocop.example/ack/" in linked.out
    assert "OCOP_PUBLIC_URL" not in linked.out
    token = done("reminder", "share", NEAR, "--to", "sx-gao", "--json").json["link"].rpartition("/")[2]
    assert "Chưa xác nhận" in done("ack", "show", token).out
    assert "✓ Đã xác nhận" in done("ack", "confirm", token).out
    shown = done("ack", "show", token, "--json").json
    assert (shown["via"], shown["person"], shown["stands"]) == ("link", "sx-gao", True)
    assert done("reach", "SB", "--year", "2024", "--json").json["units"][0]["confirmed"] == 1


def test_who_has_no_channel_is_on_the_sheet_until_somebody_has_rung(tmp_path: Path):
    sheet = done("call", "sheet", "SB-H1-X1")
    assert "Bà Chủ Gạo" in sheet.out
    assert "không có địa chỉ để gửi" in sheet.out
    pdf, table = tmp_path / "goi.pdf", tmp_path / "goi.csv"
    done("call", "sheet", "SB-H1-X1", "--pdf", str(pdf), "--csv", str(table))
    assert pdf.read_bytes().startswith(b"%PDF")
    assert "Bà Chủ Gạo" in table.read_text("utf-8")
    refused("call", "note", NEAR, "--to", "sx-gao", "--as", "cb-h2", "--result", "told")
    assert "không nghe máy" in done("call", "note", NEAR, "--to", "sx-gao", "--as", "officer@commune", "--result", "Không nghe máy").out
    assert {row["person"] for row in done("call", "sheet", "SB-H1-X1", "--json").json["rows"]} == {"sx-gao", "cb-x1"}
    done("call", "note", NEAR, "--to", "sx-gao", "--as", "cb-x1", "--result", "đã báo", "--note", "sẽ nộp trong tuần")
    assert {row["person"] for row in done("call", "sheet", "SB-H1-X1", "--json").json["rows"]} == {"cb-x1"}
    shown = done("delivery", "show", f"call|sx-gao|{NEAR}").out
    assert "đã gọi và báo được" in shown
    assert "sẽ nộp trong tuần" in shown
    assert "Chưa có gì đến được: Cán bộ xã Gạo (cb-x1)" in done("reach", "SB", "--year", "2024").out


def test_a_delivery_is_shown_sent_again_and_refused_while_under_way():
    key = "sx-gao|2024-07-15.1|inbox"
    assert "Kính gửi" in done("delivery", "show", key).out
    assert "sẽ gửi lại" in done("delivery", "resend", key).out.casefold()
    assert "đang chờ tới lượt" in refused("delivery", "resend", key).err
    assert done("delivery", "list", "--waiting", "--json").json[0]["key"] == key
    assert "ocop call sheet" in refused("delivery", "resend", "sx-gao|2024-07-15.1|hand").err
    assert {row["state"] for row in done("delivery", "list", "--by-hand", "--to", "sx-gao", "--json").json} == {"by_hand"}
    assert done("delivery", "list", "--failed").out.strip() == "0 lượt gửi"


def test_an_inbox_shows_what_is_unread():
    key = done("inbox", "sx-gao", "--json").json[0]["key"]
    before = done("inbox", "sx-gao").out
    assert done("inbox", "sx-gao", "--read", key).out.startswith("[Tập huấn]")
    assert before.count("•") - 1 == done("inbox", "sx-gao").out.count("•")


def test_choices_are_shown_set_and_refused_in_words():
    assert "07:00–20:00" in done("notify", "show", "--unit", "SB").out
    said = done("notify", "set", "--person", "cb-t", "--as", "cb-t", "--away", "2024-07-19..2024-07-26", "--stand-in", "tk-t").out
    assert "19/07/2024–26/07/2024" in said
    assert "Thư ký tỉnh (tk-t)" in said
    assert "vắng" in done("notify", "set", "--person", "cb-t", "--as", "cb-t", "--clear", "away", "--clear", "stand_in").out
    over = bad("notify", "set", "--person", "cb-t", "--as", "cb-t", "--mute", "T-7", "--hours", "05:00-17:00").err
    assert "cơ quan không cho tắt: T-7" in over
    assert "07:00–20:00" in over
    assert "của riêng" not in over
    assert "lựa chọn riêng của Cán bộ tỉnh" in refused("notify", "set", "--person", "cb-t", "--as", "tk-t", "--language", "en").err
    assert "cán bộ phụ trách" in refused("notify", "set", "--unit", "SB", "--as", "tk-t", "--any-day").err
    assert done("notify", "set", "--unit", "SB", "--as", "officer@province", "--any-day", "--json").json["office"]["working_days"] is False


def test_a_secret_is_shown_once_and_a_rehearsal_tries_nothing():
    made = done("webhook", "add", "https://nhan.example/x", "--unit", "SB", "--as", "cb-t", "--event", "certify", "--json").json
    assert made["secret"].startswith("whsec_")
    listed = done("webhook", "list")
    assert made["secret"] not in listed.out
    assert "quyết định công nhận" in listed.out
    assert "Bản tập huấn không gửi gì ra ngoài" in refused("webhook", "test", made["id"], "--as", "cb-t").err
    assert "whsec_" in done("webhook", "secret", made["id"], "--as", "officer@province", "--rotate").out
    assert "đang đổi khóa" in done("webhook", "list").out
    done("webhook", "secret", made["id"], "--as", "cb-t", "--drop-old")
    done("webhook", "off", made["id"], "--as", "cb-t", "--reason", "bảo trì")
    assert "đã tắt: bảo trì" in done("webhook", "list").out
    done("webhook", "on", made["id"], "--as", "cb-t")
    assert done("webhook", "list", "--json").json[0]["off"] is None


def test_a_calendar_is_written_by_token_until_it_is_revoked(tmp_path: Path):
    path = tmp_path / "han.ics"
    made = done("feed", "create", "--person", "sx-gao", "--as", "sx-gao", "--json").json
    assert "1 mốc" in done("feed", "write", made["token"], "--out", str(path)).out
    event: Any
    (event,) = Calendar.from_ical(path.read_bytes()).walk("VEVENT")
    assert event["dtstart"].dt.isoformat() == "2024-07-20"
    assert "Bà Chủ Gạo" in done("feed", "list").out
    assert made["token"] not in done("feed", "list").out
    done("feed", "revoke", made["name"], "--as", "cb-t")
    assert "Không tìm thấy lịch đăng ký" in refused("feed", "write", made["token"], "--out", str(path)).err
    assert "entries" in done("--lang", "en", "feed", "write", "--unit", "SB", "--out", str(path)).out


def test_a_preview_comes_in_every_form():
    text = done("reminder", "preview", NEAR, "--rung", "T-1", "--to", "sx-gao").out
    assert "Lời của lúc: 19/07/2024 07:30" in text
    assert "Kính gửi ông/bà Bà Chủ Gạo" in text
    assert "Dear" in done("reminder", "preview", NEAR, "--to", "sx-gao", "--in", "en").out
    assert done("reminder", "preview", NEAR, "--format", "html").out.lstrip().lower().startswith("<!doctype html")
    assert done("reminder", "preview", NEAR, "--format", "ics").out.startswith("BEGIN:VCALENDAR")
    assert done("reminder", "preview", NEAR, "--format", "sms").out.isascii()
    assert "Gạo nếp" in done("reminder", "preview", NEAR, "--format", "zalo").out


def test_a_code_between_colons_is_no_picture(capsys: pytest.CaptureFixture[str]):
    """The duty of a plan's other work is ``<plan>:<unit>:<year>#<number>``, and one of our provinces is called VS."""
    made = table("Mã")
    made.add_row("ke-hoach:VS:2021#1")
    ctx.out.print(made)
    ctx.out.print("[bold]ke-hoach:VS:2021#2[/]")
    tell(NotFound(what="duty", name="ke-hoach:VS:2021#3"))
    said = capsys.readouterr()
    assert "ke-hoach:VS:2021#1" in said.out
    assert "ke-hoach:VS:2021#2" in said.out
    assert "ke-hoach:VS:2021#3" in said.err
