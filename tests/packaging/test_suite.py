"""The launcher of the suite sums up honestly."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.packaging.project import ROOT
from tests.support.suite import NO_TESTS, Result, conclude

GOOD = Result("sqlite", 0, {"passed": 10})


def test_the_last_line_is_the_sum_of_both_runs():
    lines, code = conclude([GOOD, Result("postgresql", 0, {"passed": 4})], [], complete=True)
    assert lines[-1] == "14 passed, 0 failed"
    assert code == 0


def test_failures_and_errors_both_count_as_failed():
    lines, code = conclude([GOOD, Result("postgresql", 1, {"passed": 4, "failed": 1, "error": 2})], [], complete=False)
    assert lines[-1] == "14 passed, 3 failed"
    assert code == 1


def test_a_run_that_broke_off_counts_as_failed():
    lines, code = conclude([GOOD, Result("postgresql", 3)], [], complete=False)
    assert lines[-1] == "10 passed, 1 failed"
    assert code == 1


def test_what_was_skipped_is_told_and_is_no_failure():
    lines, code = conclude([Result("sqlite", 0, {"passed": 9, "skipped": 1}, {"no browser": 1})], [], complete=False)
    assert any("no browser" in line for line in lines)
    assert lines[-1] == "9 passed, 0 failed, 1 skipped"
    assert code == 0


def test_in_the_continuous_build_a_skipped_test_is_a_failure():
    lines, code = conclude([Result("sqlite", 0, {"passed": 9, "skipped": 1}, {"no browser": 1})], [], complete=True)
    assert lines[-1] == "9 passed, 1 failed"
    assert code == 1


def test_a_missing_database_is_told_and_fails_the_continuous_build():
    for complete, expected in ((False, 0), (True, 1)):
        lines, code = conclude([GOOD], ["PostgreSQL: none"], complete=complete)
        assert any("PostgreSQL: none" in line for line in lines)
        assert code == expected


def test_no_tests_on_one_database_is_well_and_none_at_all_is_not():
    nothing = Result("postgresql", NO_TESTS)
    assert conclude([GOOD, nothing], [], complete=True)[1] == 0
    assert conclude([nothing, nothing], [], complete=False)[1] == NO_TESTS


def test_the_report_of_a_real_run_counts_and_gives_reasons(tmp_path: Path):
    inner = tmp_path / "test_inner.py"
    inner.write_text(
        "import pytest\n"
        "def test_a(): pass\n"
        "def test_b(): assert False\n"
        "@pytest.mark.skip(reason='no browser')\ndef test_c(): pass\n"
        "@pytest.fixture\ndef broken(): raise ValueError\n"
        "def test_d(broken): pass\n"
    )
    report = tmp_path / "report.json"
    environment = {**os.environ, "OCOP_TEST_REPORT": str(report), "OCOP_TEST_DATABASE": "sqlite"}
    for name in ("OCOP_TEST_SELECT", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--rootdir",
        str(ROOT),
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    done = subprocess.run(
        [*command, "-p", "tests.conftest", str(inner)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    assert {name: number for name, number in found["counts"].items() if number} == {"passed": 1, "failed": 1, "skipped": 1, "error": 1}
    assert found["reasons"] == {"no browser": 1}
    assert "not run (1): no browser" in done.stdout
