"""Every regular expression of the product, found by walking its source, and texts on which a bad one takes for ever."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.sources import parsed

ROOT = Path(__file__).parents[2]
ROOMS = ("states", "deadlines", "workflow", "notifications", "api")
METHODS = frozenset({"compile", "fullmatch", "match", "search", "sub", "subn", "findall", "finditer", "split"})
LENGTH = 50_000
_parser: Any = importlib.import_module("re._parser")


@dataclass(frozen=True)
class Found:
    """A regular expression where it stands.

    Attributes:
        methods: How the product uses it.
    """

    where: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]


def every_pattern() -> Iterator[Found]:
    """Each, whether it is written down or put together; one that cannot be found is an error."""
    sources = {path: path.read_text("utf-8") for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))}
    everything = "\n".join(sources.values())
    for path, source in sources.items():
        tree = parsed(source)
        parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in METHODS):
                continue
            if not (isinstance(call.func.value, ast.Name) and call.func.value.id == "re"):
                continue
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            if call.func.attr != "compile":
                yield Found(where, re.compile(ast.literal_eval(call.args[0])), frozenset({call.func.attr}))
                continue
            name = _name(call, parents)
            for pattern in _compiled(call, path, name):
                used = frozenset(re.findall(rf"\b{name}\b(?:\[[^\]]*\])?\.(\w+)\(", everything)) & METHODS if name else frozenset()
                # One that is used under another name, in a loop, is used in one of the ways of its module.
                yield Found(where, pattern, used or frozenset(re.findall(r"\w\.(fullmatch|match|search|findall|finditer)\(", source)))


def _name(call: ast.AST, parents: dict[ast.AST, ast.AST]) -> str | None:
    node: ast.AST | None = call
    while node is not None:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            return node.targets[0].id
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            return node.target.id
        node = parents.get(node)
    return None


def _compiled(call: ast.Call, path: Path, name: str | None) -> list[re.Pattern[Any]]:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    found = list(_within(getattr(module, name, None))) if name else []
    if found:
        return found
    return [re.compile(ast.literal_eval(call.args[0]))]


def _within(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for each in (*value, *value.values()):
            yield from _within(each)
    elif isinstance(value, tuple | list | frozenset | set):
        for each in value:
            yield from _within(each)


def worst_texts(pattern: re.Pattern[Any], length: int = LENGTH) -> Iterator[str | bytes]:
    """Texts of so many signs made of what the expression itself speaks of, most of which fail only at their end."""
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    signs = list(dict.fromkeys([*_signs(tree), "a", "1", " "]))[:10]
    least = _least(tree)
    pieces = list(dict.fromkeys([*signs, *(piece for piece in _repeated(tree) if piece), *([least] if least else [])]))[:24]
    pieces += [one + other for one in signs[:5] for other in signs[:5] if one != other]
    for piece in pieces:
        long = (piece * (length // len(piece) + 1))[:length]
        for text in (long, long[:-1] + "\x01", least + long[: max(0, length - len(least) - 1)] + "\x01"):
            yield text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")


_CATEGORIES = {
    "CATEGORY_DIGIT": "1",
    "CATEGORY_SPACE": " ",
    "CATEGORY_WORD": "a",
    "CATEGORY_NOT_DIGIT": "x",
    "CATEGORY_NOT_SPACE": "x",
    "CATEGORY_NOT_WORD": "-",
}


def _signs(tree: Any) -> Iterator[str]:
    for operation, argument in tree:
        yield from _of(str(operation), argument)


def _of(operation: str, argument: Any) -> Iterator[str]:  # noqa: C901 - one line a kind
    match operation:
        case "LITERAL":
            yield chr(argument)
        case "NOT_LITERAL":
            yield "b" if chr(argument) != "b" else "c"
        case "ANY":
            yield "x"
        case "IN":
            yield from _in(argument)
        case "BRANCH":
            for branch in argument[1]:
                yield from _signs(branch)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            yield from _signs(argument[2])
        case "SUBPATTERN":
            yield from _signs(argument[3])
        case "ATOMIC_GROUP":
            yield from _signs(argument)
        case "ASSERT" | "ASSERT_NOT":
            yield from _signs(argument[1])


def _in(items: Any) -> Iterator[str]:
    if str(items[0][0]) == "NEGATE":
        excluded = set(_in(items[1:])) if len(items) > 1 else set()
        yield next(sign for sign in "xyz0-_ \u1ea1" if sign not in excluded)
        return
    for operation, argument in items:
        match str(operation):
            case "LITERAL":
                yield chr(argument)
            case "RANGE":
                yield chr(argument[0])
                yield chr(argument[1])
            case "CATEGORY":
                yield _CATEGORIES[str(argument)]


def _least(tree: Any) -> str:
    """A shortest text that the expression would take, as far as that can be said without looking around."""
    text = ""
    for operation, argument in tree:
        match str(operation):
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                text += _least(argument[2]) * min(int(argument[0]), 50)
            case "SUBPATTERN":
                text += _least(argument[3])
            case "ATOMIC_GROUP":
                text += _least(argument)
            case "BRANCH":
                text += _least(argument[1][0])
            case "ASSERT" | "ASSERT_NOT" | "AT" | "GROUPREF":
                pass
            case _:
                text += next(_of(str(operation), argument), "")
    return text


def _repeated(tree: Any) -> Iterator[str]:
    """What stands under each repetition, once and filled: the piece that a bad expression divides in too many ways."""
    for operation, argument in tree:
        match str(operation):
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                yield _least(argument[2]) or next(_signs(argument[2]), "")
                yield "".join(list(_signs(argument[2]))[:6])
                yield from _repeated(argument[2])
            case "SUBPATTERN":
                yield from _repeated(argument[3])
            case "ATOMIC_GROUP":
                yield from _repeated(argument)
            case "BRANCH":
                for branch in argument[1]:
                    yield from _repeated(branch)
            case "ASSERT" | "ASSERT_NOT":
                yield from _repeated(argument[1])
