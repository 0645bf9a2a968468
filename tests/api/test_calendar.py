"""``ocop calendar`` as an officer types it: what is shown, what moves, what is refused."""

from pathlib import Path

import pytest

from tests.api.conftest import dump
from tests.api.terminal import bad, done, refused
from tests.support.databases import Database
from tests.support.world import LAW_OF_2026, moment, on, populate
from workflow.clock import ManualClock
from workflow.store import open_store

CHANGE = ("calendar", "change", "--document-no", "77/TB-VP", "--reason", "Bão số 5 [đỏ]")


@pytest.fixture
def filed(small: Database) -> str:
    """A rehearsal on 17 August 2026, in which a commune has just received a dossier."""
    store = open_store(small.url, allow_unsafe=True)
    populate(store)
    world = on(store, ManualClock(moment("2026-05-22 08:00")))
    world.publish(LAW_OF_2026.read_text("utf-8"), unit="TW")
    case = world.filed(at="2026-08-17 09:00")
    store.set_meta("rehearsal_now", world.clock.now().isoformat())
    store.close()
    return case


def test_the_year_shows_days_off_make_up_days_and_whether_it_is_announced(filed: str) -> None:
    del filed
    shown = done("calendar", "show", "--year", "2026", "--json").json
    days = {d["day"]: d for d in shown["days"]}
    assert (shown["unit"], shown["provisional"], days["2026-01-10"]["working"]) == ("VN", False, True)
    assert days["2026-09-02"]["reason"]["vi"]
    assert done("calendar", "show", "--json").json["year"] == 2026
    said = done("calendar", "show", "--year", "2030").out
    assert "tạm tính" in said
    assert "provisional" in done("--lang", "en", "calendar", "show", "--year", "2030").out


def test_the_impact_comes_first_and_the_preview_writes_nothing(filed: str, small: Database) -> None:
    before = dump(small)
    said = done(*CHANGE, "--day", "2026-08-25", "--off", "--unit", "VS", "--as", "officer-VS", "--dry-run")
    assert all(word in said.out for word in (filed, "09/09/2026", "10/09/2026"))
    assert dump(small) == before
    said = done(*CHANGE, "--day", "2026-08-25", "--off", "--unit", "VS", "--as", "officer-VS")
    assert said.out.index(filed) < said.out.index("Đã ghi")
    assert "10/09/2026" in done("case", "show", filed).out
    history = done("case", "history", filed).out
    assert all(word in history for word in ("tính lại thời hạn", "77/TB-VP", "09/09/2026", "10/09/2026"))
    shown = done("calendar", "show", "--year", "2026", "--unit", "N1").out
    assert all(word in shown for word in ("Bão số 5 [đỏ]", "77/TB-VP", "officer-VS"))


def test_a_swap_is_one_file_and_json_names_every_term(filed: str, tmp_path: Path) -> None:
    file = tmp_path / "hoan-doi.toml"
    file.write_text(
        'document_no = "12/TB-BNV"\nreason = "Hoán đổi"\n[[day]]\ndate = 2026-08-25\nworking = false\n'
        '[[day]]\ndate = 2026-09-12\nworking = true\nreason = "Làm bù"\n',
        "utf-8",
    )
    said = done("calendar", "change", str(file), "--as", "officer-TW", "--json").json
    assert [(t["case"], t["was"], t["will"], t["fate"]) for t in said["moved"]] == [
        (filed, "2026-09-10T00:00:00+07:00", "2026-09-11T00:00:00+07:00", "moves")
    ]
    assert (said["number"], said["dry_run"], [d["working"] for d in said["days"]]) == (1, False, [False, True])
    reasons = {d["day"]: d["reason"]["vi"] for d in done("calendar", "show", "--year", "2026", "--json").json["days"]}
    assert (reasons["2026-08-25"], reasons["2026-09-12"]) == ("Hoán đổi", "Làm bù")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("day = 1\n", "không đọc được"),
        ("day = [", "  • tệp không đúng cách viết TOML"),
        ("[[day]]\nworking = true\n", "bắt buộc"),
        ('[[day]]\ndate = 2026-08-25\nworking = "no"\n', "có hoặc không"),
        ("[[day]]\ndate = 2026-08-25\nworking = false\nnote = 1\n", "khóa lạ"),
        ("unit = 3\n[[day]]\ndate = 2026-08-25\nworking = false\n", "phải là chữ"),
        ("[[day]]\ndate = 2026-08-25\nworking = false\n[[day]]\ndate = 2026-08-25\nworking = true\n", "vừa là ngày nghỉ vừa là"),
        ('[[day]]\ndate = "hôm nay"\nworking = false\n', "ngày dạng"),
    ],
)
def test_a_file_that_says_something_impossible_is_refused_in_words(
    filed: str, small: Database, tmp_path: Path, text: str, told: str
) -> None:
    del filed
    before = dump(small)
    file = tmp_path / "sai.toml"
    file.write_text(text, "utf-8")
    assert told in bad(*CHANGE, str(file), "--as", "officer-TW").err
    assert dump(small) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--day", "2026-08-25"), "bắt buộc"),
        (("--off",), "bắt buộc"),
        (("--day", "25/8/2026", "--off"), "ngày dạng"),
        (("--day", "2101-01-03", "--off"), "chưa có dữ liệu"),
        (("--day", "2026-08-30", "--off"), "vốn đã như vậy"),
        (("--day", "2026-08-25", "--off", "--unit", "QQ"), "Không có đơn vị"),
        (("--day", "2026-09-02", "--working", "--unit", "VS", "--as", "officer-VS"), "cả nước"),
    ],
)
def test_what_cannot_be_declared_is_refused_in_words(filed: str, small: Database, words: tuple[str, ...], told: str) -> None:
    del filed
    before = dump(small)
    assert told in bad(*CHANGE, "--as", "officer-TW", *words).err
    assert dump(small) == before


def test_a_province_does_not_declare_the_countrys_days_nor_another_province(filed: str) -> None:
    del filed
    for unit in ((), ("--unit", "VT")):
        said = refused(*CHANGE, "--day", "2026-08-25", "--off", "--as", "officer-VS", *unit)
        assert "ngoài phạm vi" in said.err
    assert "chưa có dữ liệu" in refused("calendar", "show", "--year", "2101").err


def test_a_recount_without_newer_data_moves_nothing(filed: str, small: Database) -> None:
    del filed
    before = dump(small)
    said = done("calendar", "recount", "--as", "officer-TW", "--json").json
    assert (said["moved"], said["number"]) == ([], None)
    assert "0" in done("calendar", "recount", "--as", "officer-TW", "--dry-run").out
    assert dump(small) == before
