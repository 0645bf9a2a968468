"""Wiring: the packages are ours, the definitions are the published ones, and a wheel works far from the checkout."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from api.bootstrap import NameClash, check_names
from states import soundness
from states.errors import DefinitionUnsound
from tests.api.terminal import ocop
from tests.support.databases import Database

ROOT = Path(__file__).parents[2]
PLANS = ROOT / "deadlines" / "data" / "plans"


def python(*arguments: str | Path, path: list[Path], home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, which sees these folders and, behind them, the environment's packages."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": os.pathsep.join(map(str, path)), **settings}
    return subprocess.run(
        [sys.executable, "-P", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=home,
        env=environment,
    )


START = "from api.cli import main; main()"


def test_our_own_packages_lie_side_by_side():
    check_names()


@pytest.mark.parametrize(("room", "copy"), [("states", False), ("workflow", True)])
def test_an_intruder_of_the_same_name_is_refused_by_name(tmp_path: Path, room: str, copy: bool):
    """Another package altogether, or one that passes for ours in all but its place."""
    planted = tmp_path / "planted"
    (planted / room).mkdir(parents=True)
    (planted / room / "__init__.py").write_text(f"__path__ = [{str(ROOT / room)!r}]\n" if copy else "", "utf-8")
    done = python("-c", START, "doctor", path=[planted, ROOT], home=tmp_path, OCOP_DATA_DIR=str(tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"“{room}”" in done.stderr
    assert str(planted) in done.stderr
    assert "Traceback" not in done.stderr


def test_the_check_of_names_can_be_asked_for_from_within(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "planted_room").mkdir()
    (tmp_path / "planted_room" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(NameClash) as caught:
        check_names(("states", "planted_room"))
    assert caught.value.detail["name"] == "planted_room"
    assert str(tmp_path) in str(caught.value.detail["where"])


def test_a_chart_that_is_not_the_published_one_stops_every_start(real: Database, monkeypatch: pytest.MonkeyPatch):
    published = {key: "0" * 64 if key == "case/qd26-2026" else digest for key, digest in soundness.frozen().items()}
    assert "0" * 64 in published.values()
    monkeypatch.setattr(soundness, "frozen", lambda: published)
    for language in ("vi", "en"):
        said = ocop("case", "list", "--lang", language)
        assert said.code == 1
        assert "qd26-2026" in said.err
        assert "frozen_differs" not in said.err, "a code where there are words"
    checked = ocop("charts", "check", "--lang", "en")
    assert checked.code == 1
    assert "qd26-2026" in checked.out


def test_an_unsound_definition_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch, real: Database):
    from api import bootstrap  # noqa: PLC0415
    from api.settings import read_settings  # noqa: PLC0415

    finding = soundness.Finding("case/qd26-2026", "dead_end", "returned")
    monkeypatch.setattr(bootstrap, "check_all", lambda: [finding, replace(finding, where="selected")])
    with pytest.raises(DefinitionUnsound) as caught:
        bootstrap.build_runtime(read_settings())
    assert caught.value.detail["chart"] == "case/qd26-2026"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing in it but our wheel; its dependencies are the environment's."""
    pytest.importorskip("hatchling", reason="hatchling is not installed, so no wheel can be built")
    folder = tmp_path_factory.mktemp("installed")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "wheel"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = (folder / "wheel").glob("*.whl")
    # A wheel of pure Python is unpacked as it is; nothing is asked of pip, which not every environment has.
    import zipfile  # noqa: PLC0415

    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_an_installed_wheel_carries_all_that_the_program_reads(installed: Path, tmp_path: Path):
    script = f"""
import sys
sys.path[:] = [p for p in sys.path if p != {str(ROOT)!r}]
import api, states
assert api.__file__.startswith({str(installed)!r}), api.__file__
from contextlib import suppress
from api.cli import main
def run(*words):
    try: main(list(words))
    except SystemExit as ended: assert not ended.code, (words, ended.code)
run("--version")
run("charts", "check", "--lang", "en")
run("plan", "check", {str(PLANS / "two-rounds-2021.toml")!r}, "--lang", "en")
from importlib.resources import files
assert (files("deadlines") / "data" / "plans" / "national-2026.toml").read_text("utf-8")
from workflow.season import read_season
assert read_season((files("workflow") / "data" / "seasons" / "van-son.toml").read_text("utf-8")).cases
from deadlines.calendar import vietnam_calendar
assert vietnam_calendar().version
run("migrate", "--rehearsal")
run("doctor")
from api.settings import default_data_dir
assert str(default_data_dir()) == {str(tmp_path / ".ocop-cycle")!r}, default_data_dir()
"""
    done = python("-c", script, path=[installed], home=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("0.")
    assert "charts are sound" in done.stdout
    assert "trước ngày 10/7/2021" in done.stdout
    assert (tmp_path / ".ocop-cycle" / "ocop.db").exists()
    assert (tmp_path / ".ocop-cycle").stat().st_mode & 0o077 == 0, "the data folder is its owner's alone"
    assert "Traceback" not in done.stderr
