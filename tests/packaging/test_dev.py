"""The launcher decides right when there is something to do, and speaks plainly when it cannot."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import dev
from tests.packaging.project import ROOT

CHOICES = ["run", "test", "setup", "check", "bench", "campaign", "docs", "lock"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An imagined checkout with an environment whose Python is a mere file."""
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).write_text(f"{name} as it was", encoding="utf-8")
    environment = tmp_path / ".venv"
    environment.mkdir()
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "ENVIRONMENT", environment)
    monkeypatch.setattr(dev, "PYTHON", environment / "python")
    monkeypatch.setattr(dev, "STAMP", environment / "stamp.json")
    (environment / "python").touch()
    return tmp_path


def stamp(profile: str) -> None:
    dev.STAMP.write_text(json.dumps(dev.fingerprint(profile)), encoding="utf-8")


def test_an_environment_without_a_stamp_is_not_current(place: Path):
    assert not dev.is_current("run")


@pytest.mark.parametrize(("made_for", "asked_for", "current"), [("run", "run", 1), ("dev", "dev", 1), ("dev", "run", 1), ("run", "dev", 0)])
def test_an_environment_for_development_also_runs_but_not_the_other_way(place: Path, made_for: str, asked_for: str, *, current: int):
    stamp(made_for)
    assert dev.is_current(asked_for) is bool(current)


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_a_changed_lock_or_project_file_calls_for_a_new_set_up(place: Path, changed: str):
    stamp("run")
    (place / changed).write_text("as it is now", encoding="utf-8")
    assert not dev.is_current("run")


def test_an_environment_that_was_moved_is_not_current(place: Path, monkeypatch: pytest.MonkeyPatch):
    stamp("run")
    monkeypatch.setattr(dev, "ROOT", place / ".." / place.name)
    assert not dev.is_current("run")


def test_an_environment_whose_python_is_gone_is_not_current(place: Path):
    stamp("run")
    dev.PYTHON.unlink()
    assert not dev.is_current("run")


def test_a_broken_stamp_is_no_stamp(place: Path):
    dev.STAMP.write_text("{", encoding="utf-8")
    assert not dev.is_current("run")


def test_a_set_up_that_fails_leaves_no_stamp_behind(place: Path, monkeypatch: pytest.MonkeyPatch):
    stamp("run")
    (place / "requirements.lock").write_text("as it is now", encoding="utf-8")
    monkeypatch.setattr(dev, "environment_works", lambda: True)
    monkeypatch.setattr(dev, "find_installer", lambda: None)

    def fail(_profile: str) -> None:
        raise dev.Fault("hỏng", "broken")

    monkeypatch.setattr(dev, "install_with_pip", fail)
    with pytest.raises(dev.Fault):
        dev.set_up("run")
    assert not dev.STAMP.exists()


def test_an_environment_for_development_stays_one_when_its_lock_changes(place: Path, monkeypatch: pytest.MonkeyPatch):
    stamp("dev")
    (place / "requirements-dev.lock").write_text("as it is now", encoding="utf-8")
    installed: list[str] = []
    monkeypatch.setattr(dev, "environment_works", lambda: True)
    monkeypatch.setattr(dev, "find_installer", lambda: None)
    monkeypatch.setattr(dev, "install_with_pip", installed.append)
    dev.set_up("run")
    assert installed == ["dev"]
    assert dev.is_current("dev")


def test_pip_takes_over_where_uv_fails(place: Path, monkeypatch: pytest.MonkeyPatch):
    installed: list[str] = []
    monkeypatch.setattr(dev, "environment_works", lambda: True)
    monkeypatch.setattr(dev, "find_installer", lambda: "uv")
    monkeypatch.setattr(dev, "install_with_uv", lambda _uv, _profile: False)
    monkeypatch.setattr(dev, "install_with_pip", installed.append)
    dev.set_up("run")
    assert installed == ["run"]
    assert dev.is_current("run")


def test_a_folder_that_is_no_environment_is_never_removed(place: Path):
    (dev.ENVIRONMENT / "thesis.odt").touch()
    with pytest.raises(dev.Fault, match="move it away"):
        dev.discard_environment()
    assert (dev.ENVIRONMENT / "thesis.odt").exists()


def test_a_broken_environment_is_removed(place: Path):
    (dev.ENVIRONMENT / "pyvenv.cfg").touch()
    dev.discard_environment()
    assert not dev.ENVIRONMENT.exists()


def test_an_old_python_can_read_it_as_far_as_the_sentence():
    ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_an_old_python_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "version_info", (3, 10, 12, "final", 0))
    assert dev.main(["run"]) == 2
    assert "Python 3.11 or newer is needed; this is Python 3.10." in capsys.readouterr().err


def test_a_benchmark_that_does_not_exist_is_told_without_setting_up(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(dev, "set_up", lambda _profile: pytest.fail("nothing was to be set up"))
    assert dev.main(["bench", "no-such-benchmark"]) == 1
    assert "Give one of these names" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["no-such-command"]])
def test_an_unknown_command_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert dev.main(arguments) == 2
    assert capsys.readouterr().err == dev.USAGE + "\n"


def test_the_usage_tells_every_command():
    assert list(dev.COMMANDS) == CHOICES
    assert [name for name in dev.COMMANDS if f"dev.py {name}" not in dev.USAGE] == []


def test_the_launcher_uses_the_standard_library_alone():
    code = (
        "import sys; sys.path.insert(0, '.'); import dev; print(*{m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names))"
    )
    answer = subprocess.run([sys.executable, "-I", "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) - {"__main__"} == {"dev"}
