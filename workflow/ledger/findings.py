"""What a verification found wrong, and which of it comes first."""

from dataclasses import dataclass
from enum import StrEnum

KEPT = 100


class Fault(StrEnum):
    """Everything that can be wrong with a history or its log."""

    LEAF_HASH_DIFFERS = "leaf_hash_differs"
    PREV_DIFFERS = "prev_differs"
    GAP = "gap"
    HEAD_DIFFERS = "head_differs"
    HEAD_MISSING = "head_missing"
    ENTRIES_MISSING = "entries_missing"
    OPENING_DIFFERS = "opening_differs"
    BODY_MALFORMED = "body_malformed"
    ROW_DIFFERS = "row_differs"
    LOG_GAP = "log_gap"
    LOG_ENTRY_DIFFERS = "log_entry_differs"
    LOG_ENTRY_UNKNOWN = "log_entry_unknown"
    LOG_ENTRY_TWICE = "log_entry_twice"
    LOG_ENTRY_MISSING = "log_entry_missing"
    LOG_ROOT_DIFFERS = "log_root_differs"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong.

    Attributes:
        code: What.
        subject, seq: Which entry, where that is known; of a gap the first number that is missing or stands out of order.
        position: Where in the log (from 0), where that is known.
    """

    code: Fault
    subject: str | None = None
    seq: int | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a verification came to.

    Attributes:
        entries: Entries read.
        cases: Subjects among them that are cases.
        log_size: Leaves read from the log.
        found: Number of findings.
        first_bad: The first bad entry by subject and number; where only the log is wrong, by position in the log.
        findings: The first hundred in the order in which they were met.
    """

    entries: int
    cases: int
    log_size: int
    found: int
    first_bad: Finding | None
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.found == 0

    def to_json(self) -> dict[str, object]:
        """The answer of ``ocop log verify --json``."""
        bad = self.first_bad
        return {
            "entries": self.entries,
            "cases": self.cases,
            "log_size": self.log_size,
            "ok": self.ok,
            "first_bad": bad and {"case": bad.subject, "case_seq": bad.seq, "code": bad.code.value, "position": bad.position},
        }


class Findings:
    """Collects findings in bounded memory: the first hundred, and always the one that comes first."""

    def __init__(self) -> None:
        """Start with nothing found."""
        self.found = 0
        self.kept: list[Finding] = []
        self._only_log = True
        self._by_subject: Finding | None = None
        self._by_position: Finding | None = None

    def add(self, code: Fault, subject: str | None = None, seq: int | None = None, position: int | None = None) -> None:
        """Note one thing that is wrong."""
        finding = Finding(code, subject, seq, position)
        self.found += 1
        if len(self.kept) < KEPT:
            self.kept.append(finding)
        self._only_log = self._only_log and code.startswith("log_")
        if subject is not None and (self._by_subject is None or _place(finding) < _place(self._by_subject)):
            self._by_subject = finding
        if self._by_position is None or _log_place(finding) < _log_place(self._by_position):
            self._by_position = finding

    @property
    def first(self) -> Finding | None:
        """The finding that comes first."""
        return self._by_position if self._only_log else self._by_subject


def _place(finding: Finding) -> tuple[str, int]:
    return finding.subject or "", finding.seq or 0


def _log_place(finding: Finding) -> tuple[bool, int, str, int]:
    return finding.position is None, finding.position or 0, *_place(finding)
