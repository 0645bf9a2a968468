"""Names as people type them: one key to find by, one to compare by with marks, and signs that only look like ours.

Neither SQLite nor a plain PostgreSQL folds ``đ``, and neither may be asked for an extension, so the key is a column of its own.
"""

import re
import unicodedata

RULE = "2"
"""Number of the rule below; :func:`workflow.store.migrate` writes the keys of a database anew where they were made by another."""

_ALIKE = str.maketrans(
    {
        # Signs of other scripts that are drawn like Latin letters: Cyrillic, then Greek.
        **dict(zip("авекмнорстухіјѕһԁӏ", "abekmhopctyxijshdl", strict=True)),
        **dict(zip("αινορτυχκμ", "aivoptuxkm", strict=True)),
        # Other letters with a stroke, a bar or without a dot.
        "ð": "d", "ɖ": "d", "ƌ": "d", "đ": "d", "ɗ": "d", "ı": "i", "ł": "l", "ø": "o", "ƀ": "b", "ɡ": "g", "ɑ": "a",
    }
)  # fmt: skip
_OPEN = re.compile(r"([ou])([\u0300\u0301\u0303\u0309\u0323])([aey])(?![^\W\d_]|[\u0300-\u036f])")
"""A tone on the first vowel of an open ``oa``, ``oe``, ``uy``; before a further letter the place is not free (*hoàn*, *suýt*, *huỳnh*)."""
_PAIRS = frozenset({"oa", "oe", "uy"})
_DROPPED = frozenset({"Cf", "Cc", "Pi", "Pf"})
_QUOTES = frozenset("'\"`´ʼ‘’“”„«»‹›′″＂＇")
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyzđ")
_MARKS = frozenset("\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b")


def composed(value: object) -> object:
    """A value as it is kept: a text in composed form, so that one name has one spelling however it was typed. All else as it is."""
    return unicodedata.normalize("NFC", value) if type(value) is str else value


def fold(text: str) -> str:
    """The key to find by: no case, no marks, ``đ`` as ``d``, look-alikes as what they look like, one space where there is any gap."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(sign for sign in plain if unicodedata.category(sign) != "Mn")
    return _tidy(unicodedata.normalize("NFC", bare.translate(_ALIKE)))


def marked(text: str) -> str:
    """The key to compare by with marks: no case, one place of the tone (*hòa* is *hoà*), gaps and quotes as in :func:`fold`."""
    apart = unicodedata.normalize("NFD", _tidy(text.casefold()))
    moved = _OPEN.sub(lambda found: found[1] + found[3] + found[2] if found[1] + found[3] in _PAIRS else found[0], apart)
    return unicodedata.normalize("NFC", moved)


def _tidy(text: str) -> str:
    """Without invisible signs and quotes; every space, hyphen and dash is one space."""
    return " ".join(text.translate(_TIDIED).split())


class _Tidied(dict[int, str | None]):
    """What a sign becomes, found out the first time that it comes: a search compares hundreds of thousands of names."""

    def __missing__(self, code: int) -> str | None:
        """A space, nothing, or itself."""
        sign = chr(code)
        kind = unicodedata.category(sign)
        if kind in {"Zs", "Pd"} or sign in "\t\n\r\u2028\u2029\u2212":
            self[code] = " "
        else:
            self[code] = None if kind in _DROPPED or sign in _QUOTES else sign
        return self[code]


_TIDIED = _Tidied()


def strange_signs(text: str) -> tuple[str, ...]:
    """Letters of a name that Vietnamese does not write, each once: perhaps another language's, perhaps a look-alike by mistake.

    Nothing is refused for them and nothing merged: somebody looks at it.
    """
    found = dict.fromkeys(sign for sign in unicodedata.normalize("NFC", text) if unicodedata.category(sign)[0] == "L" and not _ours(sign))
    return tuple(found)


def _ours(sign: str) -> bool:
    apart = unicodedata.normalize("NFD", sign.casefold())
    return apart[0] in _LATIN and set(apart[1:]) <= _MARKS


def like(word: str) -> str:
    """A LIKE pattern that finds ``word`` literally anywhere, for ``ESCAPE '!'``."""
    return "%" + word.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"


def typed_words(text: str | None) -> list[str]:
    """The words of a search; those of quotes or dashes alone say nothing beside others."""
    words = (text or "").split()
    return [word for word in words if fold(word)] or words


def found(word: str) -> tuple[str, list[str]]:
    """The condition that a word of a search puts on a case (``c``), its product (``p``) and its producer (``o``).

    A word of quotes or dashes alone is looked for in the code, as it is.
    """
    key, code = fold(word), like(word.casefold())
    if not key:
        return "lower(c.code) LIKE ? ESCAPE '!'", [code]
    return "(lower(c.code) LIKE ? ESCAPE '!' OR p.search_key LIKE ? ESCAPE '!' OR o.search_key LIKE ? ESCAPE '!')", [
        code,
        like(key),
        like(key),
    ]
