"""Licences of the packages that the product is installed with, against a list: ``python -m tests.support.licences LOCKFILE``."""

import re
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "OFL-1.1",
        "PSF-2.0",
        "Unlicense",
        "Zlib",
    }
)
"""Licences that ask for no more than their notice to be kept, or bind only changes to their own files."""

UNCHANGED_LIBRARIES = {"psycopg": "LGPL-3.0-only", "psycopg-binary": "LGPL-3.0-only"}
"""Packages under the LGPL that are used as they are, as separate libraries anybody may replace."""

SPELLINGS = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
"""What older metadata says instead of an SPDX identifier, in lower case."""


def licence_of(name: str) -> str:
    """A package's licence as an SPDX expression where its metadata allows that, else its own words; empty if it says nothing.

    Raises:
        importlib.metadata.PackageNotFoundError: It is not installed.
    """
    found = metadata.metadata(name)
    if "License-Expression" in found:
        return found["License-Expression"]
    stated = [text.rpartition(" :: ")[2] for text in found.get_all("Classifier") or () if text.startswith("License ::")]
    words = [text for text in stated if text != "OSI Approved"] or [found["License"].strip() if "License" in found else ""]
    return " AND ".join(SPELLINGS.get(text.lower(), text) for text in words)


def is_allowed(expression: str, allowed: frozenset[str] = ALLOWED) -> bool:
    """Whether a licence expression can be met with allowed licences alone: any of an OR, all of an AND."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression)
    if not tokens:
        return False
    try:
        value, rest = _any_of(tokens, allowed)
    except IndexError:
        return False
    return value and not rest


def _any_of(tokens: list[str], allowed: frozenset[str]) -> tuple[bool, list[str]]:
    value, rest = _all_of(tokens, allowed)
    while rest[:1] == ["OR"]:
        other, rest = _all_of(rest[1:], allowed)
        value = value or other
    return value, rest


def _all_of(tokens: list[str], allowed: frozenset[str]) -> tuple[bool, list[str]]:
    value, rest = _one(tokens, allowed)
    while rest[:1] == ["AND"]:
        other, rest = _one(rest[1:], allowed)
        value = value and other
    return value, rest


def _one(tokens: list[str], allowed: frozenset[str]) -> tuple[bool, list[str]]:
    if tokens[0] == "(":
        value, rest = _any_of(tokens[1:], allowed)
        return value and rest[0] == ")", rest[1:]
    return tokens[0] in allowed, tokens[1:]


def locked(lock: str) -> Iterator[tuple[str, bool]]:
    """Names in a lock file, and whether each is for some machines only."""
    for line in re.findall(r"^([\w.-]+==.*)$", lock, re.MULTILINE):
        yield line.partition("==")[0], ";" in line


def findings(lock: str) -> list[str]:
    """One sentence for each package whose licence is not allowed or not known."""
    found = []
    for name, conditional in locked(lock):
        try:
            licence = licence_of(name)
        except metadata.PackageNotFoundError:
            if not conditional:
                found.append(f"{name}: not installed, so its licence is not known")
            continue
        if not is_allowed(licence) and UNCHANGED_LIBRARIES.get(name) != licence:
            found.append(f"{name}: {licence or 'states no licence'}")
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the findings; 1 if there are any."""
    lock = "\n".join(Path(name).read_text(encoding="utf-8") for name in arguments)
    found = findings(lock)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
