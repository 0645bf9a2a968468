"""Rules of the house that no linter knows, read off the syntax tree: the environment, the clock and the commit have one place each."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.sources import parsed

ROOT = Path(__file__).resolve().parents[2]

CLOCK_CALLS = frozenset(
    {
        "date.today",
        "datetime.now",
        "datetime.today",
        "datetime.utcnow",
        "time.gmtime",
        "time.localtime",
        "time.time",
        "time.time_ns",
    }
)
"""Ways to learn the date. Measuring a duration (``time.monotonic``, ``time.perf_counter``) is none."""

ENVIRONMENT_NAMES = frozenset({"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"})

TREE_LINES = 400
"""Above this a file is split by meaning."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where a rule is broken."""

    path: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.words}"


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be done in one place only.

    Attributes:
        words: What is wrong with doing it elsewhere.
        allowed: Whether it may be done in this file, given as a path from the root.
        breaks: Whether a node does it; the second argument expands a dotted name by the file's imports.
    """

    words: str
    allowed: Callable[[str], bool]
    breaks: Callable[[ast.AST, Callable[[ast.AST], str]], bool]


def _reads_environment(node: ast.AST, name: Callable[[ast.AST], str]) -> bool:
    return isinstance(node, ast.Attribute | ast.Name) and name(node) in ENVIRONMENT_NAMES


def _reads_clock(node: ast.AST, name: Callable[[ast.AST], str]) -> bool:
    # The method itself counts, not only its call: a default factory reads the clock as well.
    return isinstance(node, ast.Attribute | ast.Name) and ".".join(name(node).split(".")[-2:]) in CLOCK_CALLS


def _commits(node: ast.AST, _name: Callable[[ast.AST], str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"


RULES = (
    Rule("the environment is read in api/settings.py only", lambda path: path == "api/settings.py", _reads_environment),
    Rule("the clock is read in workflow/clock.py only", lambda path: path == "workflow/clock.py", _reads_clock),
    Rule("only workflow/store commits", lambda path: path.startswith("workflow/store/"), _commits),
)


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """Local name → dotted origin; ``from datetime import datetime as dt`` gives ``dt: datetime.datetime``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return names


def findings(path: str, source: str) -> Iterator[Finding]:
    """Every place in a file that breaks a rule.

    Args:
        path: The file's path from the root, with slashes.
        source: Its text.
    """
    tree = parsed(source, path)
    origins = _imported_names(tree)

    def dotted(node: ast.AST) -> str:
        if isinstance(node, ast.Attribute):
            inner = dotted(node.value)
            return f"{inner}.{node.attr}" if inner else ""
        return origins.get(node.id, node.id) if isinstance(node, ast.Name) else ""

    rules = [rule for rule in RULES if not rule.allowed(path)]
    for node in ast.walk(tree):
        for rule in rules:
            if rule.breaks(node, dotted):
                yield Finding(path, getattr(node, "lineno", 0), rule.words)
    lines = source.count("\n")
    if lines > TREE_LINES:
        yield Finding(path, lines, f"{lines} lines; a file above {TREE_LINES} is split by meaning")


def findings_in(rooms: list[str], root: Path = ROOT) -> list[Finding]:
    """The same over whole rooms."""
    paths = sorted(path for room in rooms for path in (root / room).rglob("*.py"))
    return [found for path in paths for found in findings(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))]
