"""The finder of browsers: the system's, the one that is named, the package manager's, or words."""

import os
from pathlib import Path

import pytest

from tests.support import apt, browsers
from tests.support.browsers import NoBrowser

STARTS = "#!/bin/sh\necho 'Chromium 150.0 of nobody'\n"


def program(folder: Path, name: str, text: str = STARTS) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a driver and without any browser: the folder that is its whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "kept"))
    monkeypatch.setattr(browsers, "DRIVER", "pytest")
    monkeypatch.setattr(browsers, "_APPLICATIONS", ())
    monkeypatch.delenv(browsers.NAMED, raising=False)
    return folder


def test_a_browser_on_the_path_serves_and_a_stub_of_a_package_does_not(bare: Path):
    program(bare, "chromium", "#!/bin/sh\necho 'to be installed from elsewhere' >&2\nexit 1\n")
    good = program(bare, "google-chrome")
    found = browsers.find_browser()
    assert (found.path, found.origin, found.version) == (good, "system", "Chromium 150.0 of nobody")


def test_the_one_that_is_named_goes_first_and_has_to_start(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program(bare, "chromium")
    named = program(tmp_path, "mine")
    monkeypatch.setenv(browsers.NAMED, str(named))
    assert browsers.find_browser().path == named
    monkeypatch.setenv(browsers.NAMED, str(tmp_path / "none"))
    with pytest.raises(NoBrowser, match=r"OCOP_TEST_BROWSER names .*none"):
        browsers.provided(with_apt=True)


def test_one_that_the_driver_has_installed_before_serves_where_the_system_has_none(bare: Path, tmp_path: Path):
    folder = tmp_path / "kept" / "chromium-1234" / "chrome-linux64"
    folder.mkdir(parents=True)
    kept = program(folder, "chrome")
    assert browsers.find_browser().path == kept


def test_no_browser_at_all_is_told_in_words(bare: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(apt, "install", lambda _package: False)
    with pytest.raises(NoBrowser, match=r"no Chromium, Chrome or Edge: none of chromium, .* is on PATH"):
        browsers.provided(with_apt=True)
    monkeypatch.setattr(browsers, "DRIVER", "no_such_package")
    with pytest.raises(NoBrowser, match="no_such_package is not installed"):
        browsers.provided(with_apt=True)


def test_root_gets_one_from_the_package_manager_and_nobody_else_tries(bare: Path, monkeypatch: pytest.MonkeyPatch):
    asked = bare.parent / "asked"
    program(
        bare,
        "apt-get",
        f'#!/bin/sh\necho "$*" >> {asked}\ncase "$1" in install) PATH={os.defpath} cp {bare}/later {bare}/chromium;; esac\n',
    )
    program(bare, "later")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoBrowser):
        browsers.provided(with_apt=True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(NoBrowser):
        browsers.provided()
    assert not asked.exists()
    assert browsers.provided(with_apt=True).path == bare / "chromium"
    assert asked.read_text().splitlines() == ["update -qq", "install -y -qq --no-install-recommends chromium"]


def test_the_browser_of_this_machine_is_a_real_one():
    try:
        found = browsers.find_browser()
    except NoBrowser as error:
        pytest.skip(str(error))
    assert found.version.split()[0] in {"Chromium", "Google", "Microsoft"}, found
