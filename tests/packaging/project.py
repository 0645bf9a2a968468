"""What the project's own files say, read once."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock")


@cache
def settings() -> dict[str, Any]:
    """The whole of ``pyproject.toml``."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def rooms_on_disk() -> list[str]:
    """Every importable folder at the root but the tests."""
    return sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")


def listed_rooms() -> list[str]:
    """The rooms that the wheel is made of."""
    return sorted(settings()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def normal(name: str) -> str:
    """A distribution's name the way an index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required(requirements: list[str]) -> set[str]:
    """Names in a list of requirements."""
    return {normal(re.split(r"[\[<>=!~; ]", text, maxsplit=1)[0]) for text in requirements}


def locked(lock: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Name → (pinned line, hashes) of a lock file."""
    entries: dict[str, tuple[str, frozenset[str]]] = {}
    for block in re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8").strip()):
        head, _, rest = block.partition("\n")
        pin = head.removesuffix("\\").strip()
        entries[normal(pin.partition("==")[0])] = (pin, frozenset(re.findall(r"--hash=(sha256:[0-9a-f]{64})", rest)))
    return entries
