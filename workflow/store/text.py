"""Search without marks: a key in which ``Đà Lạt``, ``da lat`` and their decomposed spellings are one."""

import unicodedata


def fold(text: str) -> str:
    """The search key of a text: no case, no marks, ``đ`` as ``d``, composed form.

    Neither SQLite nor a plain PostgreSQL folds ``đ``, and neither may be asked for an extension, so the key is a column of its own.
    """
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text.casefold()) if unicodedata.category(sign) != "Mn")
    return unicodedata.normalize("NFC", bare.replace("đ", "d"))


def like(word: str) -> str:
    """A LIKE pattern that finds ``word`` literally anywhere, for ``ESCAPE '!'``."""
    return "%" + word.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
