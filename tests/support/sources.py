"""Sources of this repository as trees."""

import ast

TRIES = 5


def parsed(source: str, where: str = "<unknown>") -> ast.Module:
    """A source as a tree.

    CPython 3.11 counts how deep it is in a source in one place for all threads (gh-106905), so that a parse beside another thread's is now
    and then taken for a fault; asked again, it is read.
    """
    for _ in range(TRIES):
        try:
            return ast.parse(source, where)
        except SystemError:
            continue
    return ast.parse(source, where)
