"""Salted commitments: names and free text stay out of the hashed text, yet cannot be exchanged afterwards.

A commitment is SHA-256 of 0x02, a salt of 32 random bytes, the length of the field's name (four bytes, big endian), the name and the
value. Whoever is shown salt and value can check them; whoever is not cannot guess, and once the opening is erased nobody can.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import orjson

from states.errors import CycleError
from workflow.ledger.canonical import canonical

SALT_SIZE = 32


class OpeningDiffers(CycleError):
    """An opening that does not fit its commitments.

    Detail: ``field`` (None where the opening as a whole cannot be read) and ``problem``, one of ``malformed``, ``unknown_field``,
    ``differs``.
    """

    code = "opening_differs"


def commit(fields: Mapping[str, str], randomness: Callable[[int], bytes]) -> tuple[dict[str, str], str]:
    """Commit to texts.

    Args:
        fields: Texts by name; names are ASCII, texts NFC.
        randomness: Gives so many bytes that nobody can foretell, such as :func:`secrets.token_bytes`.

    Returns:
        Digests in hex by name, which go into the hashed text, and the opening, canonical JSON ``{name: [salt in hex, text]}``, which
        is kept beside it.

    Raises:
        NotCanonical: A name or text has no canonical form.
        ValueError: ``randomness`` gave another number of bytes than asked for.
    """
    digests: dict[str, str] = {}
    opening: dict[str, list[str]] = {}
    for name, text in sorted(fields.items()):
        salt = randomness(SALT_SIZE)
        if len(salt) != SALT_SIZE:
            message = f"asked for {SALT_SIZE} random bytes, got {len(salt)}"
            raise ValueError(message)
        opening[name] = [salt.hex(), text]
    kept = canonical(opening).decode()
    for name, (salt_hex, text) in opening.items():
        digests[name] = _digest(bytes.fromhex(salt_hex), name, text)
    return digests, kept


def open_commitments(digests: Mapping[str, str], opening: str | None) -> dict[str, str | None]:
    """Check an opening against its commitments.

    Returns:
        The text of every committed field, None where it is withheld (erased, or not shown).

    Raises:
        OpeningDiffers: The opening is not canonical JSON of the right shape, opens a field that was not committed to, or opens one
            to another text; the first such field by name.
    """
    opened: dict[str, str | None] = dict.fromkeys(sorted(digests))
    if opening is None:
        return opened
    for name, (salt, text) in sorted(_read(opening).items()):
        if name not in digests:
            raise OpeningDiffers(field=name, problem="unknown_field")
        if _digest(salt, name, text) != digests[name]:
            raise OpeningDiffers(field=name, problem="differs")
        opened[name] = text
    return opened


def _digest(salt: bytes, name: str, text: str) -> str:
    field = name.encode()
    return sha256(b"\x02" + salt + len(field).to_bytes(4, "big") + field + text.encode()).hexdigest()


def _read(opening: str) -> dict[str, tuple[bytes, str]]:
    try:
        read: Any = orjson.loads(opening)
    except orjson.JSONDecodeError as error:
        raise OpeningDiffers(field=None, problem="malformed") from error
    # Writing it again refuses what a reader may take in more than one way, above all a field opened twice.
    if type(read) is not dict or orjson.dumps(read, option=orjson.OPT_SORT_KEYS) != opening.encode():
        raise OpeningDiffers(field=None, problem="malformed")
    fields = {}
    for name, pair in read.items():
        match pair:
            case [str() as salt, str() as text] if len(salt) == 2 * SALT_SIZE:
                try:
                    fields[name] = bytes.fromhex(salt), text
                except ValueError as error:
                    raise OpeningDiffers(field=name, problem="malformed") from error
            case _:
                raise OpeningDiffers(field=name, problem="malformed")
    return fields
