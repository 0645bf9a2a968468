"""Dead code, found by vulture, without the declarations that it cannot judge: ``python -m tests.support.dead_code``.

A field of a record is written to a database or to JSON by name, a member of a vocabulary is looked up by its value, and the methods of a
protocol are other classes' business. None of them is dead because no line names it.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.support.sources import parsed

DECLARATIVE = frozenset({"Enum", "Flag", "IntEnum", "Protocol", "StrEnum"})
"""Bases whose whole body is declaration."""


def declared_lines(source: str) -> Iterator[int]:
    """Lines of a module that declare and do not do."""
    for node in ast.walk(parsed(source)):
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in map(_bare, node.bases)}
        if bases & DECLARATIVE:
            yield from range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign):
                yield statement.lineno


def _bare(base: ast.expr) -> ast.expr:
    """``Protocol`` of ``Protocol[T]``."""
    return base.value if isinstance(base, ast.Subscript) else base


def findings(paths: Sequence[str], *, ignore_names: Sequence[str], ignore_decorators: Sequence[str], min_confidence: int) -> list[str]:
    """One line for each piece of code that nothing uses."""
    import vulture  # noqa: PLC0415 (the rest of the module needs no development package)

    scan: Any = vulture.Vulture(ignore_names=list(ignore_names), ignore_decorators=list(ignore_decorators))
    scan.scavenge(list(paths))
    declared: dict[Path, frozenset[int]] = {}
    found = []
    for item in scan.get_unused_code(min_confidence=min_confidence):
        path = Path(item.filename)
        if path not in declared:
            declared[path] = frozenset(declared_lines(path.read_text(encoding="utf-8")))
        if item.first_lineno not in declared[path]:
            shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
            found.append(f"{shown}:{item.first_lineno}: {item.message} ({item.confidence}%)")
    return found


def main() -> int:
    """Judge the repository with the settings of ``[tool.vulture]``; 1 if anything is dead."""
    settings = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["vulture"]
    paths = settings.pop("paths")
    found = findings(paths, **settings)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
