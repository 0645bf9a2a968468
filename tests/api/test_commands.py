"""Every command there is: help in both languages, JSON on whatever reads, exit codes, and a terminal that knows little."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from api.cli.commands import app
from states.refusal import Code
from tests.api.conftest import PLAN, SMALL
from tests.api.terminal import bad, done, ocop
from tests.support.databases import Database
from tests.support.world import LAW_OF_2026

ROOT = Path(__file__).parents[2]


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group below one, with the words that lead to it."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, (*path, name))


EVERY = dict(walk(typer.main.get_command(app)))
LEAVES = [path for path, command in EVERY.items() if not hasattr(command, "commands")]

CASE, ROUND, CERTIFICATE = "SB-2021-0002", "SB-2021-1", "the certificate"
READS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("case", "list"): (),
    ("case", "show"): (CASE,),
    ("case", "actions"): (CASE, "--as", "officer@province"),
    ("case", "history"): (CASE,),
    ("case", "confirmations"): (),
    ("case", "overrides"): (),
    ("case", "why"): (CASE,),
    ("certificate", "list"): (),
    ("certificate", "show"): (CERTIFICATE,),
    ("plan", "check"): (PLAN,),
    ("plan", "list"): (),
    ("plan", "show"): ("ke-hoach-2021",),
    ("plan", "diff"): (PLAN, str(LAW_OF_2026)),
    ("plan", "activities"): ("ke-hoach-2021",),
    ("plan", "support"): (),
    ("plan", "targets"): ("ke-hoach-2021",),
    ("plan", "review"): ("ke-hoach-2021",),
    ("round", "list"): (),
    ("round", "show"): (ROUND,),
    ("round", "forecast"): (ROUND,),
    ("what-if",): ("--as", "cb-t", "--round", "SB-2021-2", "--stage", "province_eval", "--to", "trước ngày 20/11/2021"),
    ("calendar", "show"): ("--year", "2021"),
    ("charts", "show"): ("qd1048-2019",),
    ("charts", "check"): (),
    ("charts", "diff"): ("qd1048-2019", "qd26-2026"),
    ("regime", "list"): (),
    ("log", "verify"): (),
    ("rehearsal", "clock"): (),
    ("user", "list"): (),
    ("user", "sessions"): ("cb-t",),
    ("user", "tokens"): ("cb-t",),
    ("user", "delegations"): ("cb-t",),
    ("user", "access"): (CASE,),
    ("reminder", "list"): (CASE,),
    ("reminder", "today"): ("--on", "2024-01-22"),
    ("reminder", "preview"): (f"GCN-{CASE}", "--rung", "T-150"),
    ("reminder", "told"): ("--year", "2021"),
    ("delivery", "list"): (),
    ("delivery", "show"): ("cb-t|2021-07-15.1|inbox",),
    ("inbox",): ("cb-t",),
    ("call", "sheet"): ("SB",),
    ("reach",): ("SB", "--year", "2021"),
    ("notify", "show"): ("--person", "cb-t"),
    ("webhook", "list"): (),
    ("feed", "list"): (),
    ("help", "why"): ("deadline_passed",),
    ("doctor",): (),
    ("tick",): ("--dry-run",),
}
"""Commands that only read, with what they need on the command line."""

WRITES = {
    *(("case", name) for name in ("register", "do", "confirm", "extend", "suspend", "resume")),
    *(("plan", name) for name in ("import", "publish", "assign", "report", "add-support", "target", "lesson", "strike")),
    *(("round", name) for name in ("freeze", "close", "rollover", "re-date")),
    *(("calendar", name) for name in ("change", "recount")),
    *(("user", name) for name in ("create-admin", "create", "invite", "disable", "enable", "reset-second-factor", "end-session")),
    *(("user", name) for name in ("revoke-token", "delegate", "revoke-delegation")),
    *(("reminder", "share"), ("delivery", "resend"), ("notify", "set"), ("call", "note")),
    *(("ack", name) for name in ("show", "confirm")),
    *(("webhook", name) for name in ("add", "off", "on", "secret", "test")),
    *(("feed", name) for name in ("create", "revoke", "write")),
    ("load", "season"),
    ("migrate",),
    ("demo",),
    ("worker",),
    ("serve",),
    ("rehearsal", "run"),
    ("rehearsal", "jump"),
    ("watch",),
}

WITHOUT_JSON = {("charts", "show"), ("help", "why")}
"""A drawing chooses among forms with --format, JSON being one; an explanation is a sentence."""

TYPED = ("case", "do", "SB-2021-0001", "withdraw", "--as", "sx-mam", "--reason", "Vì bà Chủ xin rút")

CODES = re.compile(
    r"\b(?:district_evaluation|provincial_evaluation|idea_registered|business_plan|in_force|before-day|span_days|function_required|"
    r"deadline_passed|document_no|minutes_no|own_idea|registration_sheet|document_missing|StrEnum|None|\w+\.\w+Error)\b"
)
"""Codes that have words in both languages, so that no table or history may show them."""


def typed(path: tuple[str, ...]) -> list[str]:
    """The command line of a reading command; a certificate's code is known only once there is one."""
    words = READS[path]
    if words == (CERTIFICATE,):
        words = (done("certificate", "list", "--json").json[0]["code"],)
    return [*path, *words]


def test_every_command_is_tried_here():
    assert set(READS) | WRITES == set(LEAVES)


@pytest.mark.parametrize("path", list(EVERY), ids=" ".join)
def test_help_is_there_in_both_languages(path: tuple[str, ...]):
    said = done(*path, "--help")
    about = (EVERY[path].help or "").strip()
    assert about, path
    vietnamese, middle, english = about.partition(" · ")
    assert middle, f"{path}: {about}"
    assert re.search(r"[à-ỹđ]", vietnamese, re.IGNORECASE), vietnamese
    assert re.match(r"[a-zA-Z]", english)
    assert " ".join(vietnamese.split())[:20] in " ".join(re.sub("[│╭╮╰╯─]", " ", said.out).split())
    for option in EVERY[path].params:
        words = getattr(option, "help", None)
        if words and "--help" not in option.opts and any(part.startswith("--") for part in option.opts):
            assert len(option.opts) >= 1
            assert " · " in words or re.fullmatch(r"[\w, ]+", words), (path, option.opts, words)


@pytest.mark.parametrize("path", [p for p in LEAVES if p not in WITHOUT_JSON and p in READS], ids=" ".join)
def test_what_reads_prints_json_that_parses(lived: Database, path: tuple[str, ...]):
    answer = done(*typed(path), "--json")
    assert answer.json is not None
    assert not answer.err
    if path != ("doctor",):
        assert answer.json == done("--lang", "en", *typed(path), "--json").json, "the language is for people"


def test_a_refusal_is_json_where_json_was_asked_for(lived: Database):
    for words in (
        ("case", "show", "SB-1"),
        ("case", "history", "SB-1"),
        ("round", "show", "SB-1"),
        ("plan", "show", "nothing"),
        ("certificate", "show", "nothing"),
        ("case", "list", "--state", "nothing"),
        ("plan", "check", str(ROOT)),
        ("charts", "diff", "qd1048-2019", "qd0-2000"),
        ("round", "forecast", "SB-1"),
        ("round", "forecast", "SB-1", "--back-test"),
        ("round", "freeze", "SB-1", "--as", "cb-t"),
        ("what-if", "--as", "cb-t"),
        ("what-if", "--as", "cb-t", "--closure", "mai"),
    ):
        said = ocop(*words, "--json")
        assert said.code in {1, 2}
        assert set(said.json["error"]["text"]) == {"vi", "en"}
        assert said.json["error"]["code"]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("path", list(READS), ids=" ".join)
def test_what_reads_speaks_to_people(lived: Database, path: tuple[str, ...], language: str):
    said = done(*typed(path), "--lang", language)
    assert said.out.strip()
    shown = said.out if path[0] != "charts" else ""
    assert not CODES.search(shown), CODES.search(shown)
    if path != ("help", "why"):
        assert "…" not in shown, said.out
    assert "{" not in shown or path[0] == "charts"


def test_the_language_may_stand_anywhere_and_does_not_stick(small: Database):
    english = done("--lang", "en", "case", "list").out
    assert "cases" in english
    assert done("case", "--lang", "en", "list").out == english
    assert done("case", "list", "--lang", "en").out == english
    assert done("case", "list", "--lang=en").out == english
    assert done("case", "list").out != english
    assert done("case", "list", "--lang", "vi").out == done("case", "list").out


@pytest.mark.parametrize(
    "words",
    [
        ("--lang", "fr", "case", "list"),
        ("case", "list", "--lang"),
        ("case",),
        ("case", "fly"),
        ("case", "show"),
        ("case", "list", "--colour"),
        ("case", "list", "--limit", "0"),
        ("case", "list", "--limit", "many"),
        ("case", "do", CASE, "file"),
        ("plan", "publish", "ke-hoach-2021", "--as", "cb-t", "--effect", "one=defer"),
        ("plan", "publish", "ke-hoach-2021", "--as", "cb-t", "--effect", "1=vanish"),
        ("rehearsal", "clock", "tomorrow"),
        ("charts", "show", "qd0-2000"),
        ("charts", "show", "--format", "painting"),
        ("charts", "show", "round", "--format", "painting"),
        ("help", "why", "because"),
        ("user", "list", "--unit", "nowhere"),
        ("user", "list", "--function", "king"),
        ("round", "list", "--unit", "nowhere"),
        ("load", "season", SMALL, "--until", "later"),
        ("reminder", "today", "--on", "mai"),
        ("reminder", "today", "--on", "9999-12-31"),
        ("reminder", "today", "--unit", "nowhere"),
        ("reminder", "told", "--year", "0"),
        ("reminder", "told", "--since", "2021-13-01"),
        ("reminder", "told", "--unit", "nowhere"),
        ("reminder", "preview", CASE, "--in", "fr"),
        ("reminder", "preview", CASE, "--format", "song"),
        ("delivery", "list", "--channel", "pigeon"),
        ("call", "note", CASE, "--to", "cb-t", "--as", "cb-t", "--result", "so-so"),
        ("call", "sheet", "SB", "--in", "fr"),
        ("ack", "confirm", "x", "--via", "dream"),
        ("notify", "show"),
        ("notify", "show", "--person", "cb-t", "--unit", "SB"),
        ("notify", "set", "--person", "cb-t", "--as", "cb-t"),
        ("notify", "set", "--person", "cb-t", "--as", "cb-t", "--hours", "sáng"),
        ("notify", "set", "--unit", "SB", "--as", "cb-t", "--hours", "18:00-07:00"),
        ("webhook", "add", "ftp://a.example", "--unit", "SB", "--as", "cb-t"),
        ("webhook", "add", "https://a.example", "--unit", "SB", "--as", "cb-t", "--event", "fly"),
        ("webhook", "secret", "wh-0", "--as", "cb-t"),
        ("feed", "create", "--as", "cb-t"),
        ("feed", "write", "--out", "/nowhere/at/all.ics", "--unit", "SB"),
        ("round", "forecast", "SB-2021-1", "--at", "tomorrow"),
        ("round", "forecast", "SB-2021-1", "--at", "2031-01-01"),
        ("what-if", "--as", "cb-t"),
        ("what-if", "--as", "cb-t", "--round", "SB-2021-1", "--stage", "province_eval"),
        ("what-if", "--as", "cb-t", "--to", "trước ngày 20/11/2021"),
    ],
    ids=" ".join,
)
def test_bad_usage_leaves_with_two(small: Database, words: tuple[str, ...]):
    said = bad(*words)
    assert said.all.strip()


def test_every_refusal_code_can_be_explained():
    for code in Code:
        for language in ("vi", "en"):
            assert code not in done("help", "why", code, "--lang", language).out


@pytest.mark.parametrize(
    "settings",
    [{"COLUMNS": "80"}, {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}],
    ids=["eighty columns", "plain C", "ascii"],
)
def test_a_pipe_of_a_plain_machine_gets_every_word(lived: Database, settings: dict[str, str], tmp_path: Path):
    """What is written into a pipe is UTF-8 with whole lines, whatever the machine's locale is."""
    kept = {n: v for n, v in os.environ.items() if n in {"PATH", "OCOP_DATABASE_URL", "OCOP_ALLOW_UNSAFE"}}
    script = """
import sys
from api.cli import main
for words in (sys.argv[1:], ["case", "history", "SB-2021-0002"], ["case", "list"], ["round", "list"], ["case", "history", "SB-2021-0001"], ["case", "show", "SB-0"]):
    try: main(words)
    except SystemExit: pass
"""
    run = subprocess.run(
        [sys.executable, "-c", script, *TYPED],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), **settings},
    )
    out, err = run.stdout.decode("utf-8"), run.stderr.decode("utf-8")
    assert "Traceback" not in err, err
    assert run.returncode == 0
    assert "Gạo nếp [/b][red] \\[đồng sâu]" in out
    assert "quyết định công nhận" in out
    assert "hết ngày" in out or "thứ" in out
    assert "Không tìm thấy" in err
    assert "Vì bà Chủ xin rút" in out, "words of the command line arrive as they were typed"
    assert max(map(len, out.splitlines())) > 80, "a pipe is not folded"


def test_a_word_that_is_no_text_is_refused(tmp_path: Path):
    run = subprocess.run(
        [sys.executable, "-c", "from api.cli import main; main()", b"case", b"show", b"SB-\xff"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    )
    assert run.returncode == 2
    assert "is not UTF-8 text" in run.stderr.decode("utf-8")
    assert b"Traceback" not in run.stderr


def test_a_closed_pipe_is_no_error(lived: Database, tmp_path: Path):
    kept = {n: v for n, v in os.environ.items() if n in {"PATH", "OCOP_DATABASE_URL", "OCOP_ALLOW_UNSAFE"}}
    script = "from api.cli import main; main(['charts', 'show', 'qd1048-2019'])"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read().decode()
        process.wait(20)
    assert "Traceback" not in err, err
    assert "Exception ignored" not in err, err


@pytest.mark.parametrize("name", ["round", "certificate", "plan", "calendar"])
def test_what_accompanies_a_case_has_a_chart_of_its_own(small: Database, name: str):
    assert done("charts", "show", name, "--format", "json").json["chart"] == name
    assert done("charts", "show", name, "--format", "mermaid").out.startswith("stateDiagram-v2")
    assert done("charts", "show", name).out.startswith("| Việc |")
    assert done("charts", "show", name, "--lang", "en").out.startswith("| Event |")
