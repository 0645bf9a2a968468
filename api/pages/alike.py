"""Names that can be taken for one another: letters that only look like ours, and others that are written the same or nearly so.

Nothing is refused for them and nothing is merged. Whoever chooses a product or a person on a page is told in words, before they choose.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.pages.frame import Said
from workflow.store.text import fold, marked

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a name, and what tells it from others of the same name."""

    code: str
    name: str
    beside: str


class Alike:
    """Looks for namesakes among everything that a reader may choose from."""

    def __init__(self, everything: Iterable[Named], t: Said) -> None:
        """Gather names that are the same but for marks, case, and letters that look alike."""
        self._t = t
        self._by: dict[str, list[Named]] = {}
        for each in everything:
            self._by.setdefault(fold(each.name), []).append(each)

    def told(self, code: str, name: str) -> str:
        """Others of the same name, or nearly so, in words; empty where there is none."""
        others = [each for each in self._by.get(fold(name), ()) if each.code != code]
        same = [each for each in others if marked(each.name) == marked(name)]
        near = [each for each in others if each not in same]
        return " ".join(self._said(key, found) for key, found in (("alike.same", same), ("alike.near", near)) if found)

    def _said(self, key: str, found: Sequence[Named]) -> str:
        named = "; ".join(self._t("alike.other", name=each.name, beside=each.beside, code=each.code) for each in found[:_NAMED])
        more = len(found) - _NAMED
        return self._t(key, others=named + (self._t("alike.more", count=more) if more > 0 else ""))


def tier(q: str | None, text: str) -> int:
    """Where something that a search has found stands: 0 where it has what was typed with its marks, else 1."""
    return 0 if not q or all(word in marked(text) for word in marked(q).split()) else 1
