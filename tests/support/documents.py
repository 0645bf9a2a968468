"""Keeps what the documents show in step with the product: ``python -m tests.support.documents`` (``python3 dev.py docs``).

A drawn block stands between ``<!-- drawn: KIND NAME LANGUAGE -->`` and ``<!-- end -->``; whatever is between them is drawn anew from the
rules. Commands and their output are read from ``console`` blocks, where a line that begins with ``$`` is typed.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from states.case import case_chart
from states.drawing import markdown, mermaid, moves_table, rights_table
from states.lifecycle import LIFECYCLES
from states.regime import regime
from states.rights import load
from states.words import Language, Words, words

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"<!-- drawn: (?P<kind>\w+) (?P<name>[\w-]+) (?P<language>vi|en) -->\n.*?<!-- end -->", re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

DRAWN: dict[str, Callable[[str, Words], str]] = {
    "mermaid": lambda name, language: f"```mermaid\n{mermaid(case_chart(name), language)}```\n",
    "chart": lambda name, language: markdown(case_chart(name), regime(name), language),
    "rights": lambda name, language: rights_table(load(name), language),
    "moves": lambda name, language: moves_table(LIFECYCLES[name], language),
}
"""How each kind of block is drawn from the name of a regime, rights table or small chart."""


def documents() -> list[Path]:
    """Every document of the project."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def drawn_blocks(text: str) -> list[tuple[str, str, Language]]:
    """(kind, name, language) of every drawn block of a document."""
    return [(b["kind"], b["name"], "en" if b["language"] == "en" else "vi") for b in _BLOCK.finditer(text)]


def redrawn(text: str) -> str:
    """The document with every block as the rules draw it now."""

    def draw(block: re.Match[str]) -> str:
        head = block[0].partition("\n")[0]
        inner = DRAWN[block["kind"]](block["name"], words("en" if block["language"] == "en" else "vi"))
        return f"{head}\n\n{inner}\n<!-- end -->"

    return _BLOCK.sub(draw, text)


def typed(text: str) -> Iterator[tuple[str, list[str]]]:
    """Commands of the console blocks, each with the lines of output shown below it."""
    for block in _CONSOLE.finditer(text):
        command, shown = "", list[str]()
        for line in block["text"].splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, shown
                command, shown = line[2:].strip(), []
            else:
                shown.append(line.rstrip())
        if command:
            yield command, shown


def main() -> int:
    """Redraw every document and name those that changed."""
    for path in documents():
        before = path.read_text(encoding="utf-8")
        after = redrawn(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
