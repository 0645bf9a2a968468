"""Bad input: a named error with words in both languages, exit 1 or 2, and nothing written but what has to be."""

import unicodedata
from pathlib import Path

import pytest

from tests.api.conftest import PLAN, SMALL, dump
from tests.api.journey import IDEA, NOTICE, PLANNED, RESULT, filed, filled
from tests.api.terminal import bad, done, ocop, refused
from tests.support.databases import Database

CASE = "SB-2021-0001"


def said_in_both(*words: str) -> dict[str, object]:
    """The error of a refused command, having seen its sentence in both languages."""
    answer = ocop(*words, "--json")
    assert answer.code in {1, 2}, answer
    error: dict[str, object] = answer.json["error"]
    texts = error["text"]
    assert isinstance(texts, dict)
    for language in ("vi", "en"):
        said = ocop(*words, "--lang", language)
        assert said.code == answer.code
        printable = "".join(c for c in str(texts[language]).split("\n")[0] if c.isprintable())
        assert said.err.startswith(printable[:60]), (texts, said.err)
        assert "…" not in texts[language]
    assert texts["vi"] != texts["en"]
    return error


def unchanged(database: Database, *words: str) -> dict[str, object]:
    """The same, having seen that nothing at all was written."""
    before = dump(database)
    error = said_in_both(*words)
    assert dump(database) == before
    return error


FOLDER, MISSING = b"a folder", b"missing"
FILES: dict[str, bytes] = {
    "not TOML": "Kính gửi: Ủy ban nhân dân\n".encode(),
    "not text": b"\x89PNG\r\n\x1a\n\xff\xfe",
    "UTF-16": Path(PLAN).read_text("utf-8").encode("utf-16"),
    "a folder": FOLDER,
    "missing": MISSING,
    "empty": b"",
    "only spaces": b" \n\t\n",
    "too large": b"# " + b"x" * 4_000_001,
    "NUL": Path(PLAN).read_bytes() + b'\nx = "\0"\n',
    "deeply nested": b"x = " + b"[" * 20_000 + b"]" * 20_000,
    "other tables": b"colour = 3\nplan = 4\nunit = 'x'\nseason = 3\n",
    "rows that are no tables": b"plan = [1, 2]\nunit = [[1]]\ncase = [3]\npath = [{ name = 'x', step = 3 }]\n",
}


@pytest.mark.parametrize("kind", list(FILES))
def test_a_file_that_cannot_be_read_is_refused_and_changes_nothing(small: Database, tmp_path: Path, kind: str):
    path = tmp_path / "tệp [x].toml"
    if FILES[kind] is FOLDER:
        path.mkdir()
    elif FILES[kind] is not MISSING:
        path.write_bytes(FILES[kind])
    unchanged(small, "plan", "import", str(path), "--as", "cb-t", "--unit", "SB")
    unchanged(small, "load", "season", str(path))
    for language in ("vi", "en"):
        said = ocop("plan", "check", str(path), "--lang", language)
        assert said.code in {1, 2}, said
        assert said.all.strip()
        assert ocop("plan", "diff", PLAN, str(path), "--lang", language).code in {1, 2}


@pytest.mark.parametrize(
    "change",
    [
        ("round = 1", "round = -1"),
        ("round = 1", 'round = "một"'),
        ("year = 2021", "year = 20210"),
        ('level = "province"', 'level = "galaxy"'),
        ('title = "Kế hoạch', 'title = "\\u0000Kế hoạch'),
        ('title = "Kế hoạch', 'title = "' + "x" * 10_000),
        ("trước ngày 30/7/2021", "trước ngày 1/7/2021"),
    ],
    ids=lambda pair: str(pair[1])[:30],
)
def test_a_plan_that_is_broken_is_refused_and_changes_nothing(small: Database, tmp_path: Path, change: tuple[str, str]):
    path = tmp_path / "plan.toml"
    text = Path(PLAN).read_text("utf-8").replace("ke-hoach-2021", "ke-hoach-khac")
    assert change[0] in text
    path.write_text(text.replace(*change), "utf-8")
    error = unchanged(small, "plan", "import", str(path), "--as", "cb-t", "--unit", "SB")
    assert error["problems"]
    for language in ("vi", "en"):
        said = refused("plan", "check", str(path), "--lang", language)
        assert "province_eval" not in said.out
        assert "T00:00" not in said.out


@pytest.mark.parametrize("phrase", ["trước ngày 31/2/2021", "trước mùa mưa", "càng sớm càng tốt"])
def test_words_that_name_no_date_are_a_question_and_bind_nobody(small: Database, tmp_path: Path, phrase: str):
    path = tmp_path / "plan.toml"
    path.write_text(Path(PLAN).read_text("utf-8").replace("ke-hoach-2021", "khac").replace("trước ngày 10/7/2021", phrase), "utf-8")
    first = done("plan", "check", str(path), "--json").json["plans"][0]["deadlines"][0]
    assert (first["cutoff"], first["armed"]) == (None, False)
    assert phrase in done("plan", "check", str(path)).out
    done("plan", "import", str(path), "--as", "cb-t", "--unit", "SB")
    assert done("plan", "show", "khac", "--json").json["deadlines"][0]["cutoff"] is None


def test_a_season_with_mistakes_names_each_and_loads_nothing(small: Database, tmp_path: Path):
    path = tmp_path / "season.toml"
    text = Path(SMALL).read_text("utf-8")
    text = text.replace('unit = "SB-H1-X2" },\n]', 'unit = "SB-H9" },\n]').replace('kind = "cooperative"', 'kind = "kingdom"')
    text = text.replace('name = "Mắm tép"', 'name = "Mắm\\u0007 tép"').replace(
        'from = 2019-01-01 },\n  { person = "cb-t"', 'from = "hôm qua" },\n  { person = "cb-t"'
    )
    path.write_text(text, "utf-8")
    error = unchanged(small, "load", "season", str(path))
    problems = error["problems"]
    assert isinstance(problems, list)
    named = {problem["pointer"] for problem in problems}
    assert named >= {"/producer/0/kind", "/producer/1/unit", "/product/2/name", "/appointment/0/from"}, named


NAMES = {
    "an unknown event": ("case", "do", CASE, "fly", "--as", "sx-gao"),
    "an event of another chart's subject": ("case", "do", CASE, "freeze", "--as", "sx-gao"),
    "an unknown state": ("case", "list", "--state", "flying"),
    "an unknown regime": ("charts", "show", "qd0-1900"),
    "an unknown regime to compare": ("charts", "diff", "qd26-2026", "qd0-1900"),
    "an unknown unit": ("case", "list", "--unit", "ZZ"),
    "a plan of an unknown unit": ("plan", "import", PLAN, "--as", "cb-t", "--unit", "ZZ"),
    "an unknown person": ("case", "do", CASE, "withdraw", "--as", "nobody", "--reason", "x"),
    "an unknown seat": ("case", "do", CASE, "withdraw", "--as", "king@district", "--reason", "x"),
    "an unknown level": ("case", "do", CASE, "withdraw", "--as", "officer@galaxy", "--reason", "x"),
    "an empty person": ("case", "do", CASE, "withdraw", "--as", "", "--reason", "x"),
    "a seat that nobody holds": ("case", "do", CASE, "withdraw", "--as", "chair@centre", "--reason", "x"),
    "an unknown body on paper": ("case", "do", CASE, "conclude", "--as", "cb-t", "--on-behalf-of", "king@sea"),
    "an unknown case": ("case", "show", "SB-2021-9999"),
    "an unknown case to act on": ("case", "do", "SB-2021-9999", "file", "--as", "sx-gao"),
    "an unknown case to ask of": ("case", "actions", "SB-2021-9999", "--as", "sx-gao"),
    "an unknown history": ("case", "history", "SB-2021-9999"),
    "an unknown product": ("case", "register", "ZZ-1", "--as", "sx-gao", *IDEA),
    "an unknown round": ("round", "show", "SB-2021-9"),
    "an unknown round to close": ("round", "close", "SB-2021-9", "--as", "cb-t"),
    "an unknown round to freeze": ("round", "freeze", "SB-2021-9", "--as", "cb-t"),
    "an unknown plan": ("plan", "show", "nothing"),
    "an unknown plan to publish": ("plan", "publish", "nothing", "--as", "cb-t"),
    "an unknown certificate": ("certificate", "show", "GCN-0"),
    "an unknown person who freezes": ("round", "freeze", "SB-2021-1", "--as", "nobody"),
    "an unknown plan in the file": ("plan", "import", PLAN, "--as", "cb-t", "--unit", "SB", "--plan", "other"),
    "a name with a control character": ("case", "show", "SB\a2021"),
    "a name of ten thousand letters": ("case", "show", "x" * 10_000),
    "a name with markup": ("case", "show", "[/b][red]"),
}
NO_JSON = {("charts", "show"), ("round", "freeze")}


@pytest.mark.parametrize("name", list(NAMES))
def test_what_does_not_exist_is_named_and_nothing_is_written(small: Database, name: str):
    done("case", "register", "GAO-1", "--as", "sx-gao", *IDEA)
    words = NAMES[name]
    before = dump(small)
    if words[:2] in NO_JSON:
        texts = [ocop(*words, "--lang", language) for language in ("vi", "en")]
        assert all(t.code in {1, 2} and t.err for t in texts)
        assert texts[0].err != texts[1].err
    else:
        said_in_both(*words)
    assert dump(small) == before


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("summary=a\x07b", "control_characters"),
        ("summary=a\u202eb", "control_characters"),
        ("summary=" + "x" * 10_000, "too_long"),
        ("summary=", "empty"),
        ("sections=", "empty"),
        ("sections=product,product", "repeated"),
        ("sections=moon", "not_an_option"),
        ("jobs=many", "not_an_integer"),
        ("jobs=-1", "out_of_range"),
        ("jobs=999999999999", "out_of_range"),
        ("jobs=9" + "9" * 5_000, "not_an_integer"),
        ("start=2021-02-30", "not_a_date"),
        ("start=0001-01-01", "out_of_range"),
        ("colour=red", "unknown_field"),
        ("colour", "not_a_pair"),
        ("=x", "unknown_field"),
        ("sum\x07mary=x", "unknown_field"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_field_that_is_wrong_is_named_and_nothing_is_written(small: Database, data: str, code: str):
    done("case", "register", "GAO-1", "--as", "sx-gao", *IDEA)
    done("case", "do", CASE, "select", "--as", "tq-h1", *filled(NOTICE, "2021-01-11"))
    given = () if data.startswith("sections") else ("-d", "sections=product")
    error = unchanged(small, "case", "do", CASE, "submit_plan", "--as", "sx-gao", *given, "-d", data)
    assert error["code"] == "payload_invalid"
    problems = error["problems"]
    assert isinstance(problems, list)
    assert [p["code"] for p in problems] == [code]
    for problem in problems:
        assert len(problem["text"]["vi"]) < 1_000
        assert "\a" not in ocop("case", "do", CASE, "submit_plan", "--as", "sx-gao", *given, "-d", data).err


@pytest.mark.parametrize(
    "words",
    [("--reason", "a\x07b"), ("--reason", "x" * 10_000), ("--command-id", "Bà Chủ"), ("--command-id", ""), ("--command-id", "x" * 300)],
)
def test_a_reason_or_command_id_that_is_wrong_is_refused(small: Database, words: tuple[str, str]):
    done("case", "register", "GAO-1", "--as", "sx-gao", *IDEA)
    reason = () if words[0] == "--reason" else ("--reason", "x")
    before = dump(small)
    bad("case", "do", CASE, "withdraw", "--as", "sx-gao", *reason, *words)
    if words[1]:
        said_in_both("case", "do", CASE, "withdraw", "--as", "sx-gao", *reason, *words)
    assert dump(small) == before


def test_mixed_unicode_is_one_text(small: Database):
    """Letters that a keyboard composed in another way are the same letters afterwards, also where one looks for them."""
    apart = unicodedata.normalize("NFD", "Gạo nếp trồng ở đồng sâu")
    assert apart != unicodedata.normalize("NFC", apart)
    done("case", "register", "GAO-1", "--as", "sx-gao", *IDEA, "-d", f"description={apart}")
    assert unicodedata.normalize("NFC", apart) in done("case", "history", CASE).out
    assert [c["code"] for c in done("case", "list", "-q", unicodedata.normalize("NFD", "gạo nếp"), "--json").json] == [CASE]
    done(
        "case",
        "do",
        CASE,
        "select",
        "--as",
        "tq-h1",
        "-d",
        unicodedata.normalize("NFD", "document_no=3/QĐ-Ủ"),
        "-d",
        "document_date=2021-01-11",
    )
    assert "3/QĐ-Ủ" in done("case", "history", CASE).out


@pytest.mark.parametrize("text", ["%", "_", "'", '"', "\\", "x" * 10_000, "🍚", "\x07", "' OR 1=1 --", "*", "("])
def test_odd_text_to_look_for_finds_nothing_and_harms_nothing(small: Database, text: str):
    done("case", "register", "MAM-1", "--as", "sx-mam", *IDEA)
    assert ocop("case", "list", "-q", text, "--json").code in {0, 2}
    said = ocop("case", "list", "-q", text)
    assert said.code == 2 or done("case", "list", "-q", text, "--json").json == []


def test_a_stale_version_is_refused_with_the_state_of_today_and_writes_nothing(small: Database):
    done("case", "register", "GAO-1", "--as", "sx-gao", *IDEA)
    seen = done("case", "show", CASE, "--json").json["version"]
    done("case", "do", CASE, "select", "--as", "tq-h1", *filled(NOTICE, "2021-01-11"), "--version", str(seen))
    error = unchanged(small, "case", "do", CASE, "submit_plan", "--as", "sx-gao", *PLANNED, "--version", str(seen))
    assert error["code"] == "stale_case"
    assert "ý tưởng được chọn" in refused("case", "do", CASE, "submit_plan", "--as", "sx-gao", *PLANNED, "--version", str(seen)).err
    unchanged(small, "case", "do", CASE, "submit_plan", "--as", "sx-gao", *PLANNED, "--version", "999")


def test_another_district_s_dossier_is_not_there_for_it_and_nothing_is_written(small: Database):
    filed("GAO-1", "sx-gao", case=CASE)
    for words in (
        ("case", "do", CASE, "conclude", "--as", "tk-h2", *filled(RESULT, "2021-02-01")),
        ("case", "do", CASE, "forward", "--as", "cb-h2", *filled(NOTICE, "2021-02-01")),
        ("case", "actions", CASE, "--as", "cb-h2"),
        ("case", "actions", CASE, "--as", "sx-mam"),
        ("case", "do", CASE, "withdraw", "--as", "sx-mam", "--reason", "x"),
    ):
        error = unchanged(small, *words)
        assert error["code"] == "outside_territory"


def test_a_refused_attempt_of_somebody_who_may_see_the_case_is_kept_and_nothing_else(small: Database):
    filed("GAO-1", "sx-gao", case=CASE)
    before, version = dump(small), done("case", "show", CASE, "--json").json["version"]
    refused("case", "do", CASE, "certify", "--as", "tq-t", "-d", "decision_no=1/QĐ", "-d", "decision_date=2021-02-01")
    after = dump(small)
    changed = {table for table in after if after[table] != before[table]}
    assert changed <= {"history", "case_file", "outbox", "counter", "meta"}
    assert len(after["history"]) == len(before["history"]) + 1
    assert done("case", "show", CASE, "--json").json["version"] == version
    refused("case", "do", CASE, "certify", "--as", "tq-t", "-d", "decision_no=1/QĐ", "-d", "decision_date=2021-02-01", "--dry-run")
    assert dump(small) == after, "a rehearsed attempt leaves no trace"


def test_the_same_command_id_twice_is_the_same_act(small: Database):
    register = ("case", "register", "GAO-1", "--as", "sx-gao", *IDEA, "--command-id", "to-1", "--json")
    first = done(*register).json
    state = dump(small)
    again = done(*register).json
    assert dump(small) == state
    assert (again["case"], again["seq"], again["leaf_hash"]) == (first["case"], first["seq"], first["leaf_hash"])
    select = ("case", "do", CASE, "select", "--as", "tq-h1", *filled(NOTICE, "2021-01-11"), "--command-id", "to-2")
    done(*select)
    state = dump(small)
    done(*select)
    assert dump(small) == state


def test_a_command_id_that_was_used_for_another_act_is_refused(small: Database):
    done("case", "register", "GAO-1", "--as", "sx-gao", *IDEA)
    done("case", "do", CASE, "select", "--as", "tq-h1", *filled(NOTICE, "2021-01-11"), "--command-id", "to-2")
    unchanged(small, "case", "do", CASE, "submit_plan", "--as", "sx-gao", *PLANNED, "--command-id", "to-2")


def test_a_plan_is_imported_once(small: Database):
    unchanged(small, "plan", "import", PLAN, "--as", "cb-t", "--unit", "SB")


def test_a_season_with_acts_is_no_real_office_s(real: Database, tmp_path: Path):
    path = tmp_path / "acts.toml"
    path.write_text(
        Path(SMALL).read_text("utf-8") + '\n[[path]]\nname = "a"\nstep = []\n[[case]]\nproduct = "GAO-1"\npath = "a"\n',
        "utf-8",
    )
    done("doctor")  # the first start gives the log its name
    assert unchanged(real, "load", "season", str(path))["code"] == "season_needs_rehearsal"
    done("load", "season", SMALL)
    assert len(done("user", "list", "--json").json) == 12


@pytest.mark.parametrize("moment", ["", "hôm qua", "2021-13-01", "9999-12-31T23:59:59.999999", "0001-01-01", "10/7/2021", "\x07"])
def test_a_moment_that_is_none_is_refused(small: Database, moment: str):
    unchanged(small, "rehearsal", "clock", moment)


def test_a_real_database_has_no_clock_to_move(real: Database):
    done("doctor")
    assert unchanged(real, "rehearsal", "clock", "2030-01-01T00:00")["code"] == "not_a_rehearsal"


def test_a_body_that_signs_in_itself_is_not_recorded_for(small: Database):
    filed("GAO-1", "sx-gao", case=CASE)
    words = ("case", "do", CASE, "conclude", "--as", "cb-t", "--on-behalf-of", "secretary@district", *filled(RESULT, "2021-02-01"))
    assert "signs_in_itself" in str(said_in_both(*words)["reasons"])
