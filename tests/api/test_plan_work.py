"""A plan's other work as officers type it: listed, reported, supported, stated, reviewed; refused in words and nothing changed."""

from pathlib import Path

import pytest

from states.regime import VIETNAM
from tests.api.conftest import dump
from tests.api.terminal import bad, done, refused
from tests.support.databases import Database
from tests.support.world import moment, on, populate
from tests.workflow.engine.test_planwork import PLAN
from workflow.clock import ManualClock
from workflow.store import open_store

ME = ("--as", "officer-VS")
PAPER = ("--document-no", "12/BC-VPĐP", "--document-date", "2021-04-01")
GIVEN = ("--kind", "packaging", "--what", "In hộp [giấy]", "--giver", "UBND huyện", "--on", "2021-04-01", "--amount", "25000000", *PAPER)
SHIPPED = Path(__file__).parents[2] / "deadlines" / "data" / "plans"


@pytest.fixture
def published(small: Database) -> Database:
    """A rehearsal on 20 May 2021 with a plan that has activities and targets, and a product of three stars."""
    store = open_store(small.url, allow_unsafe=True)
    populate(store)
    world = on(store, ManualClock(moment("2021-01-11 08:00")))
    world.publish(PLAN)
    world.certified("P1-01", 60, at="2021-05-04 08:00")
    world.move("2021-05-20 08:00")
    store.set_meta("rehearsal_now", world.clock.now().isoformat())
    store.close()
    return small


def test_activities_are_listed_with_words_source_last_day_and_status(published: Database) -> None:
    del published
    said = " ".join(done("plan", "activities", "KH-2021").out.split())
    assert all(
        word in said for word in ("tập huấn cán bộ", "“xong trước tháng 4/2021”", "31/03/2021", "quá hạn", "không định ngày", "– / 3 lớp")
    )
    assert "quá hạn: 1" in said
    listed = done("plan", "activities", "KH-2021", "--json").json
    assert [(a["number"], a["status"], a["last_day"]) for a in listed] == [
        ("3", "overdue", "2021-03-31"),
        ("4", "not_begun", None),
        ("h1", "not_begun", None),
    ]
    assert [a["number"] for a in done("plan", "activities", "KH-2021", "--due", "--json").json] == ["3"]
    assert next(a["status"] for a in done("plan", "activities", "KH-2021", "--on", "2021-03-31", "--json").json) == "not_begun"


def test_a_report_closes_an_activity_and_stands_in_the_plans_history(published: Database) -> None:
    before = dump(published)
    done("plan", "report", "KH-2021", "3", *ME, "--figure", "3", *PAPER, "--dry-run")
    assert dump(published) == before
    made = done("plan", "report", "KH-2021", "3", *ME, "--figure", "3", "--done-on", "2021-03-30", *PAPER, "--json").json
    assert made["fulfilled"] == ["KH-2021:VS:2021#3"]
    said = done("plan", "report", "KH-2021", "h1", "--as", "officer-H1", "--figure", "2", "--link", "https://vs.example/[1]")
    assert "Đã ghi, mục" in said.out
    assert "[1]" in said.out
    assert [a["number"] for a in done("plan", "activities", "KH-2021", "--open", "--json").json] == ["4", "h1"]
    history = done("plan", "show", "KH-2021").out
    assert all(word in history for word in ("báo cáo hoạt động", "12/BC-VPĐP", "số thực hiện: 3", "Huyện Đá Vân"))
    assert "✓" in done("log", "verify").out


def test_support_is_recorded_shown_by_product_and_counted(published: Database) -> None:
    del published
    added = done("plan", "add-support", "KH-2021", "--product", "P1-01", *GIVEN, *ME, "--command-id", "ht:1", "--json").json
    again = done("plan", "add-support", "KH-2021", "--product", "P1-01", *GIVEN, *ME, "--command-id", "ht:1", "--json").json
    assert (again["entry"], again["repeated"]) == (added["entry"], True)
    done("plan", "add-support", "KH-2021", "--producer", "P2", *GIVEN, *ME)
    shown = done("plan", "support", "--product", "P1-01")
    assert "25.000.000 đồng" in shown.out
    assert "In hộp [giấy]" in shown.out
    assert len(done("plan", "support", "KH-2021", "--json").json) == 2
    targets = done("plan", "targets", "KH-2021", "--json").json
    assert (targets[2]["figure"], targets[2]["verdict"], targets[2]["count"]) == ("1", "met", "supported")
    assert "P1-01 – Mật ong" in done("plan", "targets", "KH-2021", "--list", "3").out
    done("plan", "strike", "KH-2021", str(added["entry"]), *ME, "--reason", "Ghi nhầm")
    assert done("plan", "targets", "KH-2021", "--json").json[2]["figure"] == "0"


def test_targets_are_stated_with_evidence_and_their_count_is_chosen(published: Database) -> None:
    del published
    done("plan", "target", "KH-2021", "2", "--figure", "87,5", *PAPER, *ME)
    assert done("plan", "targets", "KH-2021", "--json").json[1]["figure"] == "175/2"
    assert "87,5" in done("plan", "targets", "KH-2021").out
    assert "87.5" in done("--lang", "en", "plan", "targets", "KH-2021").out
    done("plan", "target", "KH-2021", "1", "--count", "recognised", *ME)
    assert done("plan", "targets", "KH-2021", "--json").json[0]["figure"] == "1"


def test_the_review_is_text_for_a_report_and_its_conclusion_is_kept(published: Database, tmp_path: Path) -> None:
    del published
    done("plan", "report", "KH-2021", "3", *ME, "--figure", "3", "--done-on", "2021-04-02", *PAPER)
    done("plan", "lesson", "KH-2021", "cause", "Hội trường | bận", *ME)
    file = tmp_path / "tong-ket.md"
    said = done("plan", "review", "KH-2021", "--conclude", *ME, "--markdown", str(file)).out
    assert "Cả năm có 1 sản phẩm tham gia đánh giá, 1 sản phẩm được công nhận: 1 sản phẩm 3 sao." in said
    assert "tính lại vẫn khớp" in said
    text = file.read_text("utf-8")
    assert text.startswith("# Tổng kết thực hiện kế hoạch OCOP năm 2021\n")
    assert all(f"## {n}. {title}" in text for n, title in ((1, "Chỉ tiêu và kết quả"), (5, "Việc muộn, quá hạn"), (9, "Nguyên nhân")))
    assert "3. tập huấn cán bộ – Văn phòng Điều phối NTM tỉnh: hoàn thành muộn (ngày cuối 31/03/2021)" in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") - line.count("\\|") for line in tables} == {6 + 1, 8 + 1, 4 + 1 + 1}
    shown = done("plan", "review", "KH-2021", "--json").json
    assert shown["concluded"]["agrees"] is True
    assert shown["concluded"]["digest"] == shown["digest"]
    history = done("plan", "show", "KH-2021").out
    assert all(word in history for word in ("chốt tổng kết năm", f"mã kiểm của số liệu: {shown['digest'][:16]}"))
    done("plan", "target", "KH-2021", "1", "--count", "stated", *ME)
    done("plan", "target", "KH-2021", "1", "--figure", "2,5", *PAPER, *ME)
    done("plan", "target", "KH-2021", "1", "--figure", "3", *PAPER, *ME)
    history = done("plan", "show", "KH-2021").out
    assert all(word in history for word in ("cách tính: do cơ quan ban hành", "số thực hiện: 2,5", "thay cho mục"))
    assert refused("plan", "review", "KH-2021", "--conclude", "--as", "officer-H1").err
    assert "lý do" in bad("plan", "review", "KH-2021", "--conclude", *ME).err


def test_what_is_wrong_is_said_in_words_and_changes_nothing(published: Database, tmp_path: Path) -> None:
    before = dump(published)
    for words, expected in (
        (("plan", "report", "KH-2021", "99", *ME, *PAPER), "Không có hoạt động tên “99”. Có: 3, 4, h1"),
        (("plan", "report", "KH-2021", "3", *ME), "phải có minh chứng"),
        (("plan", "report", "KH-2021", "3", *ME, *PAPER, "--figure", "-3"), "phải là số không âm"),
        (("plan", "report", "KH-2021", "3", *ME, *PAPER, "--figure", "ba"), "phải là số không âm"),
        (("plan", "report", "KH-2021", "3", *ME, *PAPER, "--figure", "3", "--measure", "person"), "kế hoạch tính bằng lớp"),
        (("plan", "report", "KH-2021", "3", *ME, *PAPER, "--done-on", "2021-06-01"), "là ngày chưa đến"),
        (("plan", "report", "KH-2021", "3", *ME, *PAPER, "--unit", "H1"), "không phải đơn vị chịu trách nhiệm (Tỉnh Vân Sơn)"),
        (("plan", "report", "KH-2021", "h1", *ME, *PAPER), "hãy nêu một: H1, H2"),
        (("plan", "assign", "KH-2021", "3", *ME, "--unit", "K1"), "ngoài địa bàn của Tỉnh Vân Sơn"),
        (("plan", "assign", "KH-2021", "3", *ME, "--unit", "ZZ"), "Không có đơn vị tên “ZZ”"),
        (("plan", "add-support", "KH-2021", "--product", "P1-01", *GIVEN, *ME, "--amount", "năm triệu"), "phải là số nguyên"),
        (("plan", "target", "KH-2021", "9", "--figure", "1", *PAPER, *ME), "không có chỉ tiêu số 9"),
        (("plan", "target", "KH-2021", "2", *PAPER, *ME), "số thực hiện: bắt buộc phải có"),
        (("plan", "targets", "KH-2021", "--list", "0"), "không có chỉ tiêu số 0"),
        (("plan", "targets", "KH-2021", "--on", "31/12/2021"), "không phải ngày"),
        (("plan", "targets", "KH-2021", "--on", "2021-12-31"), "ngày chưa đến"),
        (("plan", "lesson", "KH-2021", "blame", "x", *ME), "phải là một trong"),
        (("plan", "review", "KH-2021", "--conclude"), "thêm --as"),
        (("plan", "review", "KH-2021", "--markdown", str(tmp_path / "no" / "x.md")), "Không ghi được tệp"),
    ):
        said = bad(*words)
        assert expected in said.err, (words, said.err)
        assert "…" not in said.err
    for others in (
        ("plan", "activities", "nothing"),
        ("plan", "support", "--product", "nothing"),
        ("plan", "report", "KH-2021", "3", "--as", "officer-H1", *PAPER),
        ("plan", "strike", "KH-2021", "1", *ME, "--reason", "x"),
    ):
        assert "…" not in refused(*others).err
    assert dump(published) == before


@pytest.mark.parametrize(
    ("name", "activities", "dated"),
    [("thai-nguyen-2020", 20, 12), ("an-giang-2020", 10, 1), ("an-giang-2019", 5, 1), ("an-giang-2021", 1, 1), ("two-rounds-2021", 3, 0)],
)
def test_the_plans_that_ship_list_their_activities_and_count_or_ask_every_target(
    small: Database, name: str, activities: int, dated: int
) -> None:
    store = open_store(small.url, allow_unsafe=True)
    populate(store)
    world = on(store, ManualClock(moment("2021-03-25 08:00").astimezone(VIETNAM)))
    world.publish((SHIPPED / f"{name}.toml").read_text("utf-8"))
    store.set_meta("rehearsal_now", world.clock.now().isoformat())
    store.close()
    listed = done("plan", "activities", name, "--json").json
    assert (len(listed), sum(a["due_at"] is not None for a in listed)) == (activities, dated)
    assert all(a["title"] and a["source"] for a in listed)
    for language in ("vi", "en"):
        said = done("--lang", language, "plan", "review", name).out
        assert "None" not in said
        assert "…" not in said
    for target in done("plan", "targets", name, "--json").json:
        assert target["figure"] is not None or target["count"] in {"stated", "figures", "each_district"}
