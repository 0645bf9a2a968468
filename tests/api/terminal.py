"""``ocop`` as somebody types it, without the cost of a process: what was printed, what went to the error stream, and the exit code."""

import contextlib
import io
import json
from dataclasses import dataclass
from typing import Any

from api.cli import main
from api.cli.context import ctx


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The standard output, read as one JSON document."""
        return json.loads(self.out)

    @property
    def all(self) -> str:
        """Both streams."""
        return self.out + self.err


def ocop(*words: str) -> Said:
    """Run a command line in Vietnamese unless it says otherwise. An exception that is not an exit comes out, and fails the test."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    ctx.language = "vi"
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(words))
        except SystemExit as ended:
            code = ended.code
    assert code in {None, 0, 1, 2}, code
    return Said(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())


def done(*words: str) -> Said:
    """The same, for a command that must succeed."""
    said = ocop(*words)
    assert said.code == 0, said.all
    return said


def refused(*words: str) -> Said:
    """The same, for a command that must be refused with reasons."""
    said = ocop(*words)
    assert said.code == 1, (said.code, said.all)
    return said


def bad(*words: str) -> Said:
    """The same, for bad usage or bad input."""
    said = ocop(*words)
    assert said.code == 2, (said.code, said.all)
    return said
