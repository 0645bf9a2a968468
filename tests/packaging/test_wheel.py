"""The wheel, built for real."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.project import ROOT, listed_rooms, rooms_on_disk


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    pytest.importorskip("hatchling", reason="hatchling is not installed, so no wheel can be built")
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = Path(folder).glob("*.whl")
    return zipfile.ZipFile(path)


def test_it_holds_every_module_and_data_file_of_the_rooms_and_nothing_else(wheel: zipfile.ZipFile):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    on_disk = {
        path.relative_to(ROOT).as_posix()
        for room in rooms_on_disk()
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == on_disk
    assert {name.partition("/")[0] for name in names} == set(listed_rooms())
    assert {f"{room}/py.typed" for room in listed_rooms()} <= names


def test_it_carries_the_licence_and_the_command(wheel: zipfile.ZipFile):
    described = {name.partition("/")[2]: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    assert described["entry_points.txt"].split() == ["[console_scripts]", "ocop", "=", "api.cli:main"]
    assert described["licenses/LICENSE"] == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Classifier: Private :: Do Not Upload" in described["METADATA"]
