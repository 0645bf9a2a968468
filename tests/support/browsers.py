"""A real browser for tests, on any machine: the one that ``OCOP_TEST_BROWSER`` names, one of the system, or one from the package manager.

No package of PyPI ships a browser that is kept up to date, and what playwright would download for itself is fetched from outside any
package index; so a wheel is no way to one (see decision 0030). A browser that playwright has installed before is used all the same.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from tests.support import apt

NAMED = "OCOP_TEST_BROWSER"
PACKAGE = "chromium"
DRIVER = "playwright"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "microsoft-edge-stable")
_APPLICATIONS = ("Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium")


class NoBrowser(Exception):
    """There is no browser to be had here; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class Program:
    """A browser that starts, and where it came from, in words."""

    path: Path
    origin: str
    version: str


def find_browser() -> Program:
    """Look for a browser and for what drives it.

    Raises:
        NoBrowser: One of them is not there, or the browser does not start.
    """
    if util.find_spec(DRIVER) is None:
        raise NoBrowser(f"the package {DRIVER} is not installed (python3 dev.py test installs it)")
    named = os.environ.get(NAMED)
    if named:
        version = _version(Path(named))
        if version is None:
            raise NoBrowser(f"{NAMED} names {named}, which is no browser that starts")
        return Program(Path(named), NAMED, version)
    for path, origin in _candidates():
        version = _version(path)
        if version is not None:
            return Program(path, origin, version)
    raise NoBrowser(f"no Chromium, Chrome or Edge: none of {', '.join(NAMES)} is on PATH, and {NAMED} is not set")


def _candidates() -> Iterator[tuple[Path, str]]:
    for name in NAMES:
        found = shutil.which(name)
        if found:
            yield Path(found), "system"
    if sys.platform == "darwin":
        for name in _APPLICATIONS:
            yield Path("/Applications") / name, "system"
    kept = {"darwin": "Library/Caches/ms-playwright"}.get(sys.platform, ".cache/ms-playwright")
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / kept)
    for path in sorted(folder.glob("chromium-*/chrome-*/chrome"), reverse=True):
        yield path, DRIVER


def _version(path: Path) -> str | None:
    """What a browser says of itself; None if there is nothing that starts, as where only a stub of a package lies."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = answer.stdout.strip()
    return words.splitlines()[-1] if answer.returncode == 0 and words else None


def provided(*, with_apt: bool = False) -> Program:
    """A browser, installed if need be.

    Args:
        with_apt: As root, install one if there is none.

    Raises:
        NoBrowser: There is none.
    """
    try:
        return find_browser()
    except NoBrowser:
        if os.environ.get(NAMED) or util.find_spec(DRIVER) is None or not (with_apt and apt.install(PACKAGE)):
            raise
    return find_browser()
