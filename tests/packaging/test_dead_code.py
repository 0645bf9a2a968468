"""Dead code is found, and declarations are not taken for it."""

from pathlib import Path

import pytest

from tests.support.dead_code import findings

SOURCE = """
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

class Colour(StrEnum):
    RED = "red"

class Shelf(Protocol):
    def load(self, code: str) -> int: ...

class Plain(Protocol):
    def load(self, code: str) -> str: ...

@dataclass
class Row:
    unit: str

    def forgotten(self) -> str:
        return "never called"

def used(row: Row, colour: Colour, shelf: Plain) -> None: ...

used()
"""


def test_a_forgotten_method_is_dead_and_fields_members_and_protocols_are_not(tmp_path: Path):
    pytest.importorskip("vulture", reason="vulture is not installed, so dead code is not looked for")
    path = tmp_path / "module.py"
    path.write_text(SOURCE, encoding="utf-8")
    found = findings([str(path)], ignore_names=["row", "colour", "shelf"], ignore_decorators=[], min_confidence=60)
    assert [line.partition(": ")[2] for line in found if "Shelf" not in line] == ["unused method 'forgotten' (60%)"]
