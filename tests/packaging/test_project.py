"""Lists that have to agree, and locks that have to be whole."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.packaging.project import LOCKS, ROOT, listed_rooms, locked, normal, required, rooms_on_disk, settings


def test_the_wheel_lists_exactly_the_rooms_that_exist():
    assert listed_rooms() == rooms_on_disk()


def test_every_tool_looks_at_every_room():
    tools = settings()["tool"]
    rooms = set(listed_rooms())
    assert set(tools["importlinter"]["root_packages"]) == rooms
    assert set(tools["mypy"]["files"]) == rooms | {"tests", "dev.py"}
    assert set(tools["vulture"]["paths"]) == rooms | {"tests", "dev.py"}
    assert set(tools["coverage"]["run"]["source"]) == rooms
    layers, *doors = tools["importlinter"]["contracts"]
    assert set(layers["layers"]) == rooms
    for contract in doors:
        assert set(contract["source_modules"]) >= rooms - {"api", "notifications"}, contract["name"]


def test_every_room_says_that_it_is_typed():
    assert [room for room in listed_rooms() if not (ROOT / room / "py.typed").is_file()] == []


def test_it_can_not_be_uploaded_by_mistake():
    assert "Private :: Do Not Upload" in settings()["project"]["classifiers"]


def test_the_licence_is_named_and_shipped():
    assert settings()["project"]["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()[1]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_address(lock: str):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r"://|@ |--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_is_pinned_and_hashed(lock: str):
    for name, (pin, hashes) in locked(lock).items():
        assert re.fullmatch(r"[\w.-]+==[\w.!+]+( ; .+)?", pin), name
        assert hashes, name


def test_both_locks_hold_every_dependency_of_the_project():
    direct = required(settings()["project"]["dependencies"]) | required(settings()["dependency-groups"]["build"])
    assert direct <= locked("requirements.lock").keys()
    assert direct | required(settings()["dependency-groups"]["dev"]) <= locked("requirements-dev.lock").keys()
    assert required(settings()["dependency-groups"]["tools"]) == locked("requirements-uv.lock").keys()


def test_what_is_locked_meets_what_is_asked_for():
    groups = settings()["dependency-groups"]
    asked = [*settings()["project"]["dependencies"], *groups["build"], *groups["dev"]]
    pins = {name: pin.partition("==")[2].partition(" ")[0] for name, (pin, _) in locked("requirements-dev.lock").items()}
    unmet = [text for text in map(Requirement, asked) if not text.specifier.contains(pins[normal(text.name)])]
    assert unmet == []


def test_development_uses_the_very_packages_that_run():
    run, development = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: development.get(name) for name in run} == run


@pytest.mark.parametrize(("failing", "code"), [("none", 0), ("test", 1), ("check", 1)])
def test_the_continuous_build_tests_then_checks_and_fails_if_either_does(tmp_path: Path, failing: str, code: int):
    """The build's script runs with a ``python3`` that only writes down what it was asked."""
    asked = tmp_path / "asked"
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "$CI $*" >> {asked}\n[ "$2" != {failing} ]\n')
    python.chmod(0o755)
    script = tmp_path / ".ci" / "run"
    script.parent.mkdir()
    shutil.copy(ROOT / ".ci" / "run", script)
    environment = {"PATH": os.pathsep.join([str(python.parent), os.defpath])}
    done = subprocess.run([script], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, asked.read_text().splitlines()) == (code, ["true dev.py test", "true dev.py check"]), done.stderr
