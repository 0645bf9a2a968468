"""The documents show what the product does: drawings, commands, settings, files and the printed output of the first tour."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

import dev
from api.cli import main
from api.cli.commands import app
from api.settings import Settings
from states.case import all_charts, case_chart
from states.drawing import mermaid
from states.lifecycle import LIFECYCLES
from states.words import words
from tests.support.documents import ROOT, documents, drawn_blocks, redrawn, typed
from workflow.season import read_season

MERMAID_LINE = re.compile(r"stateDiagram-v2|    direction TB|    (?:\[\*\]|\w+)(?: --> (?:\[\*\]|\w+))?(?:: [^:;%#\n]+)?", re.ASCII)
"""What the grammar of Mermaid's state diagrams surely takes: ASCII ids, labels without colon, semicolon, percent or number sign."""

NAMES = [str(path.relative_to(ROOT)) for path in documents()]
LANGUAGES = ("vi", "en")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code_of(name: str) -> list[str]:
    """Everything set as code: lines of blocks and spans."""
    text = text_of(name)
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE))
    return [line.removeprefix("$ ").strip() for block in blocks for line in block.splitlines()] + spans


def shown_commands(name: str) -> list[str]:
    found = (re.match(r"(?:\.venv/bin/)?(ocop(?: .*)?)$", code.partition("  #")[0].strip()) for code in code_of(name))
    return [match[1] for match in found if match]


def resolve(command: str) -> list[str]:
    """What is wrong with a written ``ocop`` command: an unknown group, command or option."""
    here: Any = typer.main.get_command(app)
    options = {"--lang", "--help"} | {name for parameter in here.params for name in parameter.opts}
    words_ = [word for word in shlex.split(command)[1:] if not re.search(r"[…|]", word)]
    if words_[:1] == ["--lang"]:
        words_ = words_[2:]
    while words_ and hasattr(here, "commands") and not words_[0].startswith("-"):
        if words_[0] not in here.commands:
            return [f"{command}: {words_[0]}"]
        here = here.commands[words_.pop(0)]
    options |= {name for parameter in here.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return [f"{command}: {word}" for word in words_ if word.startswith("-") and word.partition("=")[0] not in options]


@pytest.mark.parametrize("name", NAMES)
def test_every_drawing_is_what_the_rules_give_now(name: str):
    assert redrawn(text_of(name)) == text_of(name), "python3 dev.py docs"


def test_a_drawing_that_fell_behind_is_seen():
    kept = text_of("README.md")
    assert redrawn(kept.replace("idea_registered -->", "idea_registered ->", 1)) == kept
    assert "idea_registered -->" in kept


def test_the_cycle_is_drawn_in_both_languages_for_the_first_and_the_present_law():
    drawn = drawn_blocks(text_of("README.md"))
    assert [("mermaid", law, language) for language in LANGUAGES for law in ("qd1048-2019", "qd26-2026")] == drawn


def test_the_tables_of_the_cycle_and_of_rights_leave_out_nothing():
    charts = {("chart", chart.key.partition("/")[2], language) for chart in all_charts() for language in LANGUAGES}
    assert set(drawn_blocks(text_of("docs/cycle.md"))) == charts
    tables = {("rights", path.stem) for path in (ROOT / "states" / "rights").glob("*.toml")}
    tables |= {("moves", key) for key in LIFECYCLES}
    assert set(drawn_blocks(text_of("docs/rights.md"))) == {(*table, language) for table in tables for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("everything", [False, True])
def test_every_line_of_a_drawing_is_one_that_mermaid_reads(language: Any, everything: bool):
    for chart in all_charts():
        for line in mermaid(case_chart(chart.key.partition("/")[2]), words(language), everything=everything).splitlines():
            assert MERMAID_LINE.fullmatch(line), line


@pytest.mark.parametrize("name", NAMES)
def test_every_command_that_is_written_exists_with_its_options(name: str):
    assert [wrong for command in shown_commands(name) for wrong in resolve(command)] == []


@pytest.mark.parametrize(
    "command", ["ocop observe", "ocop case listen", "ocop case list --state=x --colour", "ocop round rollover X --now"]
)
def test_a_command_that_does_not_exist_is_seen(command: str):
    assert resolve(command) != []


@pytest.mark.parametrize("name", NAMES)
def test_every_launcher_command_that_is_written_exists(name: str):
    asked = {match for code in code_of(name) for match in re.findall(r"dev\.py (\w+)", code)}
    assert asked <= set(dev.COMMANDS)


def test_the_settings_that_are_written_are_the_settings_that_there_are():
    known = {f"OCOP_{name.upper()}" for name in Settings.model_fields}
    table = {match for line in text_of("docs/operations.md").splitlines() for match in re.findall(r"^\| `(OCOP_\w+)` \|", line)}
    assert table == known
    for name in NAMES:
        assert {word for word in re.findall(r"OCOP_[A-Z_]+", text_of(name)) if not word.startswith("OCOP_TEST_")} <= known, name


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_is_named_is_there(name: str):
    here = (ROOT / name).parent
    links = [link for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text_of(name)) if "://" not in link]
    assert [link for link in links if not (here / link).exists()] == []
    paths = [code for code in code_of(name) if re.fullmatch(r"(?:states|deadlines|workflow|api|tests|docs)/[\w./-]+", code)]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_registers_of_the_example_can_be_loaded_into_a_real_database():
    example = re.search(r"^```toml\n(.*?)^```$", text_of("docs/operations.md"), re.DOTALL | re.MULTILINE)
    assert example is not None
    season = read_season(example[1])
    assert season.products
    assert (season.plans, season.rounds, season.cases) == ((), (), ())


def test_decisions_are_numbered_without_a_gap_and_listed():
    files = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
    listed = re.findall(r"\]\((\d{4}[\w-]+\.md)\)", text_of("docs/decisions/README.md"))
    assert listed == files


def test_the_first_tour_prints_what_the_readme_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(ROOT)
    for number, (command, shown) in enumerate(tour := [each for each in typed(text_of("README.md")) if each[0].startswith("ocop ")]):
        if "demo --until" in command:
            monkeypatch.setenv("OCOP_DATA_DIR", str(tmp_path / str(number)))
        with pytest.raises(SystemExit):
            main(shlex.split(command)[1:])
        said = capsys.readouterr()
        printed = [" ".join(line.split()) for line in (said.out + said.err).splitlines()]
        for line in shown:
            if line and line.strip() != "…":
                assert any(" ".join(line.rstrip("…").split()) in each for each in printed), f"{command}: {line}"
    assert len(tour) >= 2 * 8
