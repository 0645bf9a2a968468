"""A coordinator's year at the terminal: a dossier from idea to publication, with an explained refusal at each wrong turn."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import PLAN, dump, owner_of
from tests.api.journey import DECISION, DOSSIER, IDEA, NOTICE, PLANNED, RESULT, SERVED, at, filed, filled
from tests.api.terminal import Said, bad, done, refused
from tests.support.databases import Database
from tests.support.world import LAW_OF_2026

CASE = "SB-2021-0001"


def state(case: str = CASE) -> str:
    return str(done("case", "show", case, "--json").json["state"])


def do(event: str, who: str, *data: str, case: str = CASE) -> Said:
    return done("case", "do", case, event, "--as", who, *data)


def why(*words: str) -> list[str]:
    """The codes of a refusal, having seen that people are told each in both languages and who can mend it."""
    answer = refused(*words, "--json").json["error"]
    for language, holder in (("vi", "Ai gỡ được"), ("en", "Who can mend it")):
        said = refused(*words, "--lang", language)
        assert not said.out
        for reason in answer["reasons"]:
            assert reason["text"][language] in said.err
        assert said.err.count(holder) == len(answer["reasons"])
        assert not re.search(r"\b[a-z]+_[a-z_]+\b", said.err), said.err
    return [reason["code"] for reason in answer["reasons"]]


def allowed(who: str, case: str = CASE) -> set[str]:
    return {a["event"] for a in done("case", "actions", case, "--as", who, "--json").json["actions"] if a["allowed"]}


def test_the_whole_way_with_every_wrong_turn_explained(small: Database):
    day = at("2021-02-01T08:00")
    said = done("case", "register", "GAO-1", "--as", "sx-gao", *IDEA)
    assert CASE in said.out
    assert why("case", "register", "GAO-1", "--as", "sx-gao", *IDEA), "an idea is registered once"

    select = ("case", "do", CASE, "select")
    assert why(*select, "--as", "cb-t", *filled(NOTICE, day)) == ["function_required"]
    assert "tied_to_product" in why(*select, "--as", "sx-gao", *filled(NOTICE, day))
    assert "/document_no" in str(bad(*select, "--as", "tq-h1", "--json").json["error"]["problems"])
    assert "file" not in allowed("sx-gao")
    assert "select" in allowed("tq-h1")
    done(*select, "--as", "tq-h1", *filled(NOTICE, day))
    assert why(*select, "--as", "tq-h1", *filled(NOTICE, day)), "not twice"

    assert why("case", "do", CASE, "submit_plan", "--as", "cb-t", *PLANNED) == ["function_required"]
    do("submit_plan", "sx-gao", *PLANNED)
    filing = done("case", "do", CASE, "file", "--as", "producer", *DOSSIER, "--dry-run")
    assert "chưa ghi" in filing.out
    assert state() == "business_plan"
    do("file", "producer", *DOSSIER)
    assert state() == "district_evaluation"
    assert done("case", "show", CASE, "--json").json["deadlines"][0]["last_valid_day"] == "2021-07-09"

    day = at("2021-04-01T08:00")
    back = ("-d", "documents=test_report", "-d", "remarks=Thiếu phiếu kiểm nghiệm")
    assert "/remarks" in str(bad("case", "do", CASE, "return_for_completion", "--as", "cb-h1", *back[:2], "--json").json)
    do("return_for_completion", "cb-h1", *back)
    assert state() == "returned"
    assert why("case", "do", CASE, "conclude", "--as", "tk-h1", *filled(RESULT, day))
    do("complete", "sx-gao", "-d", "documents=test_report")
    assert state() == "district_evaluation"

    assert why("case", "do", CASE, "forward", "--as", "cb-h1", *filled(NOTICE, day)), "not before the council's result"
    assert "/mean" in str(bad("case", "do", CASE, "conclude", "--as", "tk-h1", *filled(RESULT, day, "101"), "--json").json)
    do("conclude", "secretary@district", *filled(RESULT, day))
    do("forward", "cb-h1", *filled(NOTICE, day))
    assert state() == "provincial_evaluation"
    do("accept", "cb-t", "-d", "samples=6")

    day = at("2021-07-20T08:00")
    assert why("case", "do", CASE, "certify", "--as", "tq-t", *filled(DECISION, day)), "nothing to rest on yet"
    do("conclude", "tk-t", *filled(RESULT, day))
    assert why("case", "do", CASE, "certify", "--as", "tk-t", *filled(DECISION, day)) == ["function_required"]
    tomorrow = filled(DECISION, "2021-07-21")
    assert "in_future" in str(bad("case", "do", CASE, "certify", "--as", "tq-t", *tomorrow, "--json").json)
    do("certify", "tq-t", *filled(DECISION, day))
    do("publish", "cb-t", *filled(SERVED, day))
    assert state() == "certified"

    (certificate,) = done("certificate", "list", "--json").json
    assert (certificate["stars"], certificate["decision_no"], certificate["state"]) == (4, "120/QĐ-UBND", "in_force")
    assert "4★" in done("certificate", "list").out
    assert "120/QĐ-UBND" in done("certificate", "show", certificate["code"], "--lang", "en").out
    history(CASE)
    verified = done("log", "verify", "--json").json
    assert verified["ok"] is True


def history(case: str) -> None:
    told = {language: done("case", "history", case, "--lang", language).out for language in ("vi", "en")}
    lines = done("case", "history", case, "--json").json
    for language, mark in (("vi", "BỊ TỪ CHỐI"), ("en", "REFUSED")):
        text = told[language]
        assert text.count(mark) == sum(line["outcome"] == "denied" for line in lines) > 5
        assert [int(n) for n in re.findall(r"^ *(\d+)\. \d", text, re.MULTILINE)] == list(range(1, len(lines) + 1))
        assert "Gạo nếp [/b][red] \\[đồng sâu]" in text
        assert "Bà Chủ Gạo" in text
        assert not re.search(r"\b[a-z]+_[a-z_]+\b|…|\{", text), text
    assert "Result: 80.5 points, 4 stars" in told["en"]
    assert "Kết quả: 80,5 điểm, 4 sao" in told["vi"]


def test_a_minute_late_is_refused_with_the_day_its_words_and_the_next_round(small: Database):
    filed("GAO-1", "sx-gao", case=CASE)
    at("2021-07-09T23:59")
    conclude = ("case", "do", CASE, "conclude", "--as", "tk-h1", *filled(RESULT, "2021-07-09"))
    assert done(*conclude, "--dry-run").out
    moved = done("rehearsal", "clock", "2021-07-10T00:01")
    assert "1 mốc" in moved.out
    assert state() == "deferred"
    said = refused(*conclude, "--lang", "en")
    for part in ("Friday, 9 Jul 2021", "trước ngày 10/7/2021", "SB-2021-2", "15/KH-UBND"):
        assert part in said.err
    assert "SB-2021-2" in refused(*conclude).err
    assert "reenter" in allowed("cb-t")


def test_a_rehearsal_s_clock_goes_forwards_only(small: Database):
    at("2021-05-01T08:00")
    for language, word in (("vi", "không lùi"), ("en", "cannot go back")):
        said = bad("rehearsal", "clock", "2021-04-30T08:00", "--lang", language)
        assert word in said.err
    assert done("rehearsal", "clock", "--json").json == {"now": "2021-05-01T08:00:00+07:00", "fired": 0}
    assert done("rehearsal", "clock", "2021-05-01T02:00:00Z", "--json").json["now"].startswith("2021-05-01T0")


def test_tick_says_what_fell_due(small: Database):
    filed("GAO-1", "sx-gao", case=CASE)
    owner_of(small)("UPDATE meta SET value='2021-07-10T08:00:00+07:00' WHERE key='rehearsal_now'")
    due = done("tick", "--dry-run", "--json").json
    assert [(d["case"], d["stage"], d["effect"]) for d in due["due"]] == [(CASE, "district_eval", "defer")]
    before = dump(small)
    assert "1 mốc" in done("tick", "--dry-run").out
    assert dump(small) == before
    swept = done("tick", "--json").json
    assert (swept["fired"], swept["failed"]) == (1, [])
    assert swept["sequenced"] > 0
    assert done("tick", "--json").json["fired"] == 0
    assert "0" in done("tick", "--lang", "en").out


def test_rounds_are_frozen_closed_and_carried_on(small: Database):
    filed("GAO-1", "sx-gao", case=CASE)
    shown = done("round", "show", "SB-2021-1", "--json").json
    assert shown["members"] == [CASE]
    assert why("round", "close", "SB-2021-1", "--as", "cb-t"), "not before its last date"
    assert refused("round", "freeze", "SB-2021-1", "--as", "tk-t").err
    done("round", "freeze", "SB-2021-1", "--as", "cb-t")
    assert refused("round", "freeze", "SB-2021-1", "--as", "cb-t").err
    at("2021-08-02T08:00")
    before = dump(small)
    preview = done("round", "close", "SB-2021-1", "--as", "cb-t", "--dry-run", "--json").json
    assert dump(small) == before
    assert preview["carried"] == [{"case": CASE, "to": "SB-2021-2", "why": None}]
    assert "SB-2021-2" in done("round", "close", "SB-2021-1", "--as", "cb-t", "--dry-run", "--lang", "en").out
    closed = done("round", "close", "SB-2021-1", "--as", "cb-t", "--json").json
    assert closed["carried"] == preview["carried"]
    after = dump(small)
    done("round", "close", "SB-2021-1", "--as", "cb-t")
    assert dump(small) == after, "closing again changes nothing"
    assert done("round", "rollover", "SB-2021-1", "--as", "cb-t", "--json").json["carried"] == []
    assert state() == "district_evaluation"
    assert done("case", "show", CASE, "--json").json["round"] == "SB-2021-2"
    for language in ("vi", "en"):
        told = done("round", "show", "SB-2021-1", "--lang", language).out
        assert "SB-2021-2" in told
        assert not re.search(r"\b[a-z]+_[a-z_]+\b|…", told), told


def test_a_round_left_open_at_the_year_s_end_is_carried_on_by_hand(small: Database, tmp_path: Path):
    filed("GAO-1", "sx-gao", case=CASE, begin="2021-08-02T08:00")
    at("2021-11-02T08:00")
    closed = done("round", "close", "SB-2021-2", "--as", "cb-t", "--json").json
    assert [c["to"] for c in closed["carried"]] == [None]
    assert closed["carried"][0]["why"]
    for language in ("vi", "en"):
        text = done("round", "rollover", "SB-2021-2", "--as", "cb-t", "--dry-run", "--lang", language).out
        assert CASE in text
        assert not re.search(r"\b[a-z]+_[a-z_]+\b", text), text
    following = Path(PLAN).read_text("utf-8").replace("2021", "2022")
    (tmp_path / "2022.toml").write_text(following, "utf-8")
    done("plan", "import", str(tmp_path / "2022.toml"), "--as", "cb-t", "--unit", "SB")
    done("plan", "publish", "ke-hoach-2022", "--as", "cb-t")
    assert done("round", "rollover", "SB-2021-2", "--as", "cb-t", "--json").json["carried"] == [
        {"case": CASE, "to": "SB-2022-1", "why": None}
    ]


def test_plans_are_checked_imported_shown_published_and_compared(small: Database, tmp_path: Path):
    checked = done("plan", "check", PLAN, "--json").json
    assert [set(plan) >= {"id", "deadlines", "problems"} for plan in checked["plans"]] == [True]
    assert set(checked["plans"][0]["deadlines"][0]) >= {"phrase", "kind", "stage", "round", "start", "cutoff", "armed", "flags"}
    later = tmp_path / "later.toml"
    later.write_text(Path(PLAN).read_text("utf-8").replace("10/7/2021", "15/7/2021").replace("ke-hoach-2021", "ke-hoach-moi"), "utf-8")
    difference = done("plan", "diff", PLAN, str(later), "--json").json
    assert [(d["stage"], d["round"]) for d in difference] == [("district_eval", 1)]
    assert "trước ngày 15/7/2021" in done("plan", "diff", PLAN, str(later)).out
    assert "không khác nhau" in done("plan", "diff", PLAN, PLAN).out
    assert "no date that differs" in done("plan", "diff", PLAN, PLAN, "--lang", "en").out
    assert why("plan", "import", str(LAW_OF_2026), "--as", "cb-t", "--unit", "TW")
    done("plan", "import", str(LAW_OF_2026), "--as", "cb-tw", "--unit", "TW")
    preview = done("plan", "publish", "national-2026", "--as", "cb-tw", "--dry-run", "--json").json
    assert preview["dry_run"] is True
    assert {"TW-2026-1", "SB-2026-1", "SB-2027-2"} <= set(preview["rounds"])
    assert "SB-2026-1" not in {r["round"] for r in done("round", "list", "--json").json}
    assert why("plan", "publish", "national-2026", "--as", "cb-t", "--dry-run")
    assert {p["plan"]: p["state"] for p in done("plan", "list", "--json").json}["national-2026"] == "draft"
    for language in ("vi", "en"):
        for words in (
            ("plan", "list"),
            ("plan", "show", "national-2026"),
            ("plan", "show", "ke-hoach-2021"),
            ("plan", "check", str(LAW_OF_2026)),
        ):
            text = done(*words, "--lang", language).out
            assert not re.search(r"\b[a-z]+_[a-z_]+\b|…|\bspan-|\bbefore-day\b", text), text


def test_the_effect_of_a_date_is_chosen_at_publication(small: Database, tmp_path: Path):
    other = tmp_path / "other.toml"
    other.write_text(Path(PLAN).read_text("utf-8").replace("2021", "2022"), "utf-8")
    done("plan", "import", str(other), "--as", "cb-t", "--unit", "SB")
    said = bad("plan", "publish", "ke-hoach-2022", "--as", "cb-t", "--effect", "9=record", "--json")
    assert said.json["error"]["code"] == "no_such_deadline"
    shown = done("plan", "publish", "ke-hoach-2022", "--as", "cb-t", "--effect", "1=record", "--json").json
    assert [d["effect"] for d in shown["deadlines"]] == ["record", "defer", "defer", "defer"]
    assert shown["rounds"] == ["SB-2022-1", "SB-2022-2"]
    assert refused("plan", "publish", "ke-hoach-2022", "--as", "cb-t").err


def test_lists_find_what_people_look_for(lived: Database):
    assert [c["code"] for c in done("case", "list", "--json", "-q", "gạo NEP").json] == ["SB-2021-0002"]
    assert [c["code"] for c in done("case", "list", "--json", "--state", "certified").json] == ["SB-2021-0002"]
    assert len(done("case", "list", "--json", "--unit", "SB-H1").json) == 2
    assert done("case", "list", "--json", "--unit", "SB-H2").json == []
    assert len(done("case", "list", "--json", "--limit", "1").json) == 1
    assert {row["person"] for row in done("user", "list", "--unit", "SB-H2", "--json").json} == {"cb-h2", "tk-h2"}
    assert {row["person"] for row in done("user", "list", "--function", "secretary", "--json").json} == {"tk-t", "tk-h1", "tk-h2"}


def tampered(database: Database, statement: str) -> None:
    run = owner_of(database)
    if database.kind == "sqlite":
        for (name,) in run("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='history'"):
            run(f"DROP TRIGGER {name}")
    else:
        run("ALTER TABLE history DISABLE TRIGGER USER")
    run(statement)


def restored(database: Database, triggers: list[Any]) -> None:
    run = owner_of(database)
    if database.kind == "sqlite":
        for (statement,) in triggers:
            run(statement)
    else:
        for (name,) in triggers:
            run(f'ALTER TABLE history ENABLE ALWAYS TRIGGER "{name}"')


def test_the_log_is_verified_and_names_the_first_bad_entry(lived: Database):
    done("tick")
    verified = done("log", "verify", "--json").json
    assert {"entries", "cases", "log_size", "ok", "first_bad"} <= set(verified)
    assert verified["ok"] is True
    assert verified["first_bad"] is None
    assert verified["log_size"] == verified["entries"]
    run = owner_of(lived)
    triggers = (
        run("SELECT sql FROM sqlite_master WHERE type='trigger' AND tbl_name='history'")
        if lived.kind == "sqlite"
        else run("SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid=t.tgrelid WHERE c.relname='history' AND NOT tgisinternal")
    )
    changed = "UPDATE history SET body=replace(body,'120/QĐ-UBND','121/QĐ-UBND') WHERE event='certify' AND subject='SB-2021-0002'"
    tampered(lived, changed)
    restored(lived, triggers)
    done("doctor")
    answer = refused("log", "verify", "--json").json
    assert answer["ok"] is False
    assert answer["first_bad"]["case"] == "SB-2021-0002"
    (seq,) = [line["case_seq"] for line in done("case", "history", "SB-2021-0002", "--json").json if line["event"] == "certify"]
    assert answer["first_bad"]["case_seq"] == seq
    for language in ("vi", "en"):
        said = refused("log", "verify", "--lang", language)
        assert f"SB-2021-0002 #{seq}" in said.out
        assert "✗" in said.out
        assert not re.search(r"\b[a-z]+_[a-z_]+\b", said.out), said.out


def test_a_table_that_differs_from_the_log_is_named(lived: Database):
    done("tick")
    owner_of(lived)("UPDATE case_file SET state='certified' WHERE code='SB-2021-0001'")
    answer = refused("log", "verify", "--json").json
    assert answer["ok"] is False
    assert [p["subject"] for p in answer["projections"]] == ["SB-2021-0001"]
    assert "SB-2021-0001" in refused("log", "verify").out
    assert done("log", "verify", "--no-projections", "--json").json["ok"] is True


@pytest.mark.parametrize("mean", ["80.5", "80,5", "161/2"])
def test_a_mean_is_exact_however_it_is_typed(small: Database, mean: str):
    filed("GAO-1", "sx-gao", case=CASE)
    do("conclude", "tk-h1", *filled(RESULT, "2021-02-01", mean))
    assert done("case", "show", CASE, "--json").json["results"]["district"]["mean"] == "161/2"


def test_an_upgrade_builds_on_the_certificate_in_force(lived: Database):
    words = (
        "case",
        "register",
        "GAO-1",
        "--as",
        "sx-gao",
        *["-d", "kind=upgrade", "-d", "novelty=existing", "-d", "group=food", "-d", "origin=own_idea"],
    )
    assert why(*words) == ["certificate_missing"]
    code = done("certificate", "list", "--json").json[0]["code"]
    other = bad("case", "register", "GAO-2", *words[3:], "-d", f"certificate={code}", "--json").json["error"]
    assert [p["code"] for p in other["problems"]] == ["certificate_of_other"]
    assert done(*words, "-d", f"certificate={code}", "--json").json["state"] == "business_plan"
