"""What every command shares: language, output form, opening the database, and telling errors in words."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from api.bootstrap import Runtime, build_runtime
from api.settings import read_settings
from states.errors import CycleError, EventRefused, MalformedInput, NotAllowed, PayloadInvalid, PlanInvalid
from states.payload import YEARS
from states.regime import VIETNAM
from states.words import Language, Words, words

REFUSED, BAD_USAGE = 1, 2


_spoken: ContextVar[Language | None] = ContextVar("language", default=None)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Say everything in a language in here, whatever other threads speak."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


class Context:
    """Language of this invocation and where it prints."""

    def __init__(self, out: Console) -> None:
        """Print to a console."""
        self.out = out
        self._language: Language = "vi"

    @property
    def language(self) -> Language:
        """The language to speak: that of :func:`speaking`, else the invocation's."""
        return _spoken.get() or self._language

    @language.setter
    def language(self, language: Language) -> None:
        self._language = language

    @property
    def words(self) -> Words:
        """The words of the chosen language."""
        return words(self.language)

    def both(self, vi: str, en: str) -> str:
        """One of two sentences."""
        return vi if self.language == "vi" else en


_PIPED_WIDTH = 160
"""Columns where nobody can tell us the width: a file or a pipe."""

ctx = Context(out=Console(highlight=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPED_WIDTH))


def print_json(value: object) -> None:
    """Print a value as JSON on one document; instants in ISO 8601."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode() + "\n")


def iso(moment: datetime) -> str:
    """An instant as others build on it: ISO 8601 in the time of Viet Nam."""
    return moment.astimezone(VIETNAM).isoformat()


@contextmanager
def telling(*, as_json: bool = False) -> Iterator[None]:
    """Tell errors in words and leave with 1 (refused) or 2 (bad input)."""
    try:
        yield
    except CycleError as error:
        tell(error, as_json=as_json)
        raise typer.Exit(BAD_USAGE if isinstance(error, MalformedInput) else REFUSED) from None


@contextmanager
def runtime(*, as_json: bool = False) -> Iterator[Runtime]:
    """An open runtime; errors inside are told."""
    with telling(as_json=as_json):
        opened = build_runtime(read_settings())
        try:
            yield opened
        finally:
            opened.close()


def error_json(error: CycleError) -> dict[str, Any]:
    """An error as plain values: code, words in both languages, reasons and problems."""
    body: dict[str, Any] = {"code": error.code, "text": {lang: words(lang).error(error) for lang in ("vi", "en")}}
    if isinstance(error, NotAllowed | EventRefused):
        body["reasons"] = [reason_json(reason) for reason in error.reasons]
    if isinstance(error, PayloadInvalid | PlanInvalid):
        body["problems"] = [
            {"pointer": p.pointer, "code": p.code, "text": {lang: words(lang).problem(p) for lang in ("vi", "en")}} for p in error.problems
        ]
    return body


def reason_json(reason: Any) -> dict[str, Any]:
    """A refusal as plain values."""
    return {
        "code": str(reason.code),
        "text": {lang: words(lang).refusal(reason) for lang in ("vi", "en")},
        "holder": str(reason.holder),
        "overridable_by": [str(seat) for seat in reason.overriders],
    }


def tell(error: CycleError, *, as_json: bool = False) -> None:
    """Say an error: in words on standard error, or as JSON on standard output."""
    if as_json:
        print_json({"error": error_json(error)})
        return
    screen = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
    screen.print(f"[bold red]{escape(ctx.words.error(error))}[/]")
    for text, holder in ctx.words.reasons(error):
        screen.print(f"  • {escape(text)}")
        screen.print(f"    [dim]{ctx.both('Ai gỡ được', 'Who can mend it')}: {escape(holder)}[/]")
    if isinstance(error, PayloadInvalid | PlanInvalid):
        for problem in error.problems:
            screen.print(f"  • {escape(ctx.words.problem(problem))}")


def parse_instant(text: str) -> datetime:
    """A local instant as typed.

    Raises:
        MalformedInput: ``not_an_instant``.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedInput("not_an_instant", given=text) from None
    # A clock at the end of time could not be moved again, and no deadline counted from it.
    if moment.year not in YEARS:
        raise MalformedInput("not_an_instant", given=text)
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)
