"""What the system below says, recognised: the operating system, the databases, and the readers of TOML and JSON speak English alone.

Their sentence is kept, in brackets, behind words of ours; what is not in the table stands as it came. Pure.
"""

import re
from dataclasses import dataclass

_GAP = "…"
FAULTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # A socket that is not there is a server that does not run.
    ("refused", ("connection to server on socket…No such file or directory",)),
    # Files (errno).
    ("file_missing", ("No such file or directory",)),
    ("not_a_folder", ("Not a directory",)),
    ("is_a_folder", ("Is a directory",)),
    ("disk_full", ("No space left on device", "database or disk is full", "Disk quota exceeded", "could not extend file")),
    ("read_only", ("Read-only file system", "attempt to write a readonly database", "cannot execute…in a read-only transaction")),
    ("name_too_long", ("File name too long",)),
    ("too_many_files", ("Too many open files",)),
    # Getting in at the database's server (libpq, PostgreSQL).
    ("host_unknown", ("could not translate host name", "Name or service not known", "failed to resolve host", "name resolution")),
    ("password_wrong", ("authentication failed",)),
    ("password_missing", ("no password supplied",)),
    ("not_let_in", ("no pg_hba.conf entry", "pg_hba.conf rejects")),
    ("too_many_connections", ("too many clients already", "remaining connection slots are reserved", "too many connections for")),
    ("database_missing", ('database "…" does not exist',)),
    ("role_missing", ('role "…" does not exist',)),
    ("starting", ("the database system is starting up", "the database system is shutting down", "the database system is in recovery")),
    ("encryption_missing", ("server does not support SSL",)),
    # The network.
    ("port_taken", ("Address already in use",)),
    ("address_elsewhere", ("Cannot assign requested address",)),
    ("refused", ("Connection refused",)),
    ("unreachable", ("Network is unreachable", "No route to host")),
    ("timed_out", ("timeout expired", "timed out", "Connection timed out", "statement timeout", "lock timeout")),
    ("server_gone", ("server closed the connection", "terminating connection", "Connection reset", "Broken pipe", "connection is lost")),
    # SQLite.
    ("locked", ("database is locked", "database table is locked")),
    ("not_a_database", ("file is not a database",)),
    ("database_damaged", ("database disk image is malformed",)),
    ("disk_fault", ("disk I/O error", "Input/output error")),
    ("database_unopened", ("unable to open database file",)),
    ("not_text", ("UnicodeDecodeError",)),
    ("no_permission", ("Permission denied", "permission denied", "Operation not permitted")),
    # Settings (pydantic).
    ("not_an_integer", ("Input should be a valid integer",)),
    ("not_a_number", ("Input should be a valid number",)),
    ("not_a_flag", ("Input should be a valid boolean",)),
    ("too_small", ("Input should be greater than",)),
    ("too_large", ("Input should be less than",)),
    ("pattern", ("String should match pattern",)),
    # TOML.
    ("toml_equals", ("Expected '=' after a key",)),
    ("toml_line_end", ("Expected newline or end of document after a statement",)),
    (
        "toml_twice",
        (
            "Cannot overwrite a value",
            "Cannot declare…twice",
            "Cannot mutate immutable",
            "Cannot redefine namespace",
            "Duplicate inline table key",
        ),
    ),
    ("toml_statement", ("Invalid statement",)),
    ("toml_key", ("Invalid initial character for a key part",)),
    ("toml_unterminated", ("Unterminated string", "Expected \"'", "Expected '\"")),
    ("toml_unclosed", ("Unclosed array", "Unclosed inline table")),
    ("toml_table_end", ("at the end of a table declaration", "at the end of an array declaration")),
    ("toml_escape", ("Unescaped '\\' in a string", "Invalid hex value", "Escaped character is not a Unicode scalar value")),
    ("control_character", ("Illegal character", "Found invalid character", "Invalid control character")),
    ("toml_date", ("Invalid date or datetime",)),
    ("toml_value", ("Invalid value",)),
    ("too_deep", ("nested too deeply", "maximum recursion depth exceeded")),
    # JSON.
    ("json_comma", ("Expecting ',' delimiter",)),
    ("json_colon", ("Expecting ':' delimiter",)),
    ("json_name", ("Expecting property name enclosed in double quotes",)),
    ("json_value", ("Expecting value",)),
    ("json_extra", ("Extra data",)),
    ("json_escape", ("Invalid \\escape", "Invalid \\uXXXX escape")),
    ("json_trailing_comma", ("Illegal trailing comma",)),
    # Ours.
    ("closed", ("closed",)),
)
"""Name of a fault in the labels, and how it is said below; the first that fits counts. A gap stands for anything between two parts."""
_PLACE = re.compile(r" ?\(at line (\d{1,9}), column (\d{1,9})\)")
_AT_END = " (at end of document)"


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence from below.

    Attributes:
        name: Of :data:`FAULTS`; None where nothing is known of it.
        line, column: The place in a file, from 1, where one is told; 0 for its end; None where none is told.
        said: The sentence itself, on one line.
    """

    name: str | None
    said: str
    line: int | None = None
    column: int | None = None


def recognised(said: str) -> Fault:
    """What a sentence of the system below says."""
    text = " ".join(said.split())
    place, at_end = _PLACE.search(text), _AT_END in text
    name = next((name for name, ways in FAULTS if any(_fits(way, text) for way in ways)), None)
    if place is not None:
        return Fault(name, text, int(place[1]), int(place[2]))
    return Fault(name, text, 0 if at_end else None, 0 if at_end else None)


def _fits(way: str, text: str) -> bool:
    """Whether the parts of a way of saying it stand in a text in their order; one without a gap that is a single word is the whole text."""
    parts = way.split(_GAP)
    if " " not in way:
        return way == text
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
