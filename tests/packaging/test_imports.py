"""The import contracts would be seen to be broken: each is given a small house with a planted violation."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.project import ROOT, listed_rooms

ALLOWED = {
    "states/chart.py": "import transitions",
    "deadlines/scheduler.py": "import apscheduler\nimport states.chart",
    "workflow/store/engine.py": "import sqlite3\nimport sqlalchemy\nimport psycopg",
    "workflow/perform.py": "import deadlines.scheduler\nimport workflow.store.engine",
    "api/cli.py": "import typer\nimport workflow.perform",
}
PLANTED = {
    "Imports go inwards only": ("deadlines/plan.py", "import workflow.perform"),
    "transitions has one door: states.chart": ("states/regime.py", "from transitions import Machine"),
    "APScheduler has one door: deadlines.scheduler": ("api/worker.py", "from apscheduler.schedulers import background"),
    "Databases stay below workflow.store": ("workflow/casework.py", "import sqlite3"),
    "The terminal, the web and the environment's settings are the outermost room's": (
        "workflow/plans.py",
        "from starlette import requests",
    ),
}


def broken(house: Path, files: dict[str, str]) -> set[str]:
    """Names of the contracts that a house of these files breaks."""
    pytest.importorskip("importlinter", reason="import-linter is not installed")
    house.mkdir()
    (house / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    for name, text in {**{f"{room}/__init__.py": "" for room in listed_rooms()}, "workflow/store/__init__.py": "", **files}.items():
        path = house / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    done = subprocess.run(command, cwd=house, env={"PYTHONPATH": str(house)}, capture_output=True, text=True, check=False)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return {match.strip() for match in re.findall(r"^(.+?) BROKEN\b", done.stdout, re.MULTILINE)}


def test_a_house_in_order_breaks_no_contract(tmp_path: Path):
    assert broken(tmp_path / "house", ALLOWED) == set()


def test_every_contract_fires_on_its_planted_violation(tmp_path: Path):
    assert broken(tmp_path / "house", ALLOWED | dict(PLANTED.values())) == set(PLANTED)
