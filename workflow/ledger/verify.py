"""Verification of a whole history: everything that is derived is derived again from the stored texts and compared.

What it cannot see: a history that was rewritten as a whole, log and heads included, and the removal of an entry that was never
sequenced together with its head and its place in the queue. A root kept outside shows the first; for the second the log must follow
closely behind.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from hashlib import sha256
from operator import itemgetter

import orjson

from states.errors import CycleError
from workflow.ledger.commitments import OpeningDiffers, open_commitments
from workflow.ledger.entry import EntryMalformed, time_text, validate
from workflow.ledger.findings import Fault, Findings, Verdict
from workflow.ledger.merkle import HASH_SIZE, Frontier
from workflow.ports import Head, LogState
from workflow.rows import ZERO_HASH, StoredEntry, SubjectKind

_row_members = itemgetter("case", "case_seq", "command", "event", "kind", "recorded_at", "prev")
_ROW_SIZE = 6


def verify(  # noqa: PLR0913 -- five views of one database
    entries: Iterable[StoredEntry],
    heads: Iterable[Head],
    log: Iterable[tuple[int, str, int, bytes]],
    state: LogState,
    unsequenced: int,
    *,
    deep: bool = False,
) -> Verdict:
    """Verify histories, their heads and the log. All five must come from one snapshot of the database.

    No body is kept: about 33 bytes an entry and 200 bytes a subject.

    Args:
        entries: Ordered by subject (in whatever collation, as long as a subject's entries are together) and seq.
        heads: Where the projection rows say that each subject's history ends.
        log: (log_seq, subject, seq, leaf hash), in log order.
        state: Size, right edge and root of the log as kept.
        unsequenced: How many entries wait to be moved into the log.
        deep: Also check that every body is an entry in canonical form, member by member; takes about twice the time.
    """
    findings = Findings()
    histories = _Histories(findings, deep=deep)
    for entry in entries:
        histories.read(entry)
    histories.end()
    _check_heads(histories, heads, findings)
    size = _check_log(histories, log, state, findings)
    _check_unsequenced(histories, size, unsequenced, findings)
    return Verdict(
        entries=histories.count,
        cases=histories.cases,
        log_size=size,
        found=findings.found,
        first_bad=findings.first,
        findings=tuple(findings.kept),
    )


class _Histories:
    """Reads entries once and keeps their leaf hashes, found again by subject and number."""

    def __init__(self, findings: Findings, *, deep: bool) -> None:
        self.count = 0
        self.cases = 0
        self.hashes = bytearray()
        self.logged = bytearray()
        self.ordinals: dict[str, int] = {}
        self.names: list[str] = []
        self.starts = array("q")
        self._numbers: dict[int, array[int]] = {}  # of the subjects whose entries are not numbered 1, 2, 3 …
        self._findings = findings
        self._deep = deep
        self._subject: str | None = None
        self._ordinal = -1
        self._expected = 1
        self._prevs: tuple[str, ...] = ()

    def read(self, entry: StoredEntry) -> None:
        """Check one entry by itself and against the one before."""
        if entry.subject != self._subject:
            self._begin(entry)
        leaf, seq = entry.leaf_hash, entry.seq
        try:
            body = entry.body.encode()
        except UnicodeEncodeError:
            body = b""
        digest = sha256(b"\x00" + body).digest()
        if seq != self._expected:
            self._misnumbered(seq)
        self._check_body(entry, body)
        prev = leaf.hex()
        if digest == leaf:
            self._prevs = (prev,)
        else:
            # The next entry may point to either: which of the two was changed is not its concern.
            self._findings.add(Fault.LEAF_HASH_DIFFERS, entry.subject, seq)
            self._prevs = (prev, digest.hex())
            leaf = leaf if len(leaf) == HASH_SIZE else digest
        if self._ordinal in self._numbers:
            self._numbers[self._ordinal].append(seq)
        self._expected = seq + 1
        self.hashes += leaf
        self.count += 1

    def end(self) -> None:
        """Close the last subject."""
        self.starts.append(self.count)
        self.logged = bytearray(self.count)

    def place(self, subject: str, seq: int) -> int:
        """Index of an entry, -1 if there is none."""
        ordinal = self.ordinals.get(subject)
        if ordinal is None:
            return -1
        start = self.starts[ordinal]
        numbers = self._numbers.get(ordinal) if self._numbers else None
        if numbers is not None:
            return start + numbers.index(seq) if seq in numbers else -1
        return start + seq - 1 if 0 < seq <= self.starts[ordinal + 1] - start else -1

    def number(self, ordinal: int, place: int) -> int:
        """Number within its subject of the entry at an index."""
        numbers = self._numbers.get(ordinal)
        return place - self.starts[ordinal] + 1 if numbers is None else numbers[place - self.starts[ordinal]]

    def _begin(self, entry: StoredEntry) -> None:
        self._subject = entry.subject
        self._ordinal = len(self.starts)
        self._expected = 1
        self._prevs = (ZERO_HASH.hex(),)
        if self.ordinals.setdefault(entry.subject, self._ordinal) != self._ordinal:
            self._findings.add(Fault.GAP, entry.subject, entry.seq)  # its entries do not stand together
        self.names.append(entry.subject)
        self.starts.append(self.count)
        self.cases += entry.kind is SubjectKind.CASE

    def _misnumbered(self, seq: int) -> None:
        self._findings.add(Fault.GAP, self._subject, min(seq, self._expected))
        self._prevs = ()
        if self._ordinal not in self._numbers:
            before = self.count - self.starts[self._ordinal]
            self._numbers[self._ordinal] = array("q", range(1, before + 1))

    def _check_body(self, entry: StoredEntry, body: bytes) -> None:
        try:
            members = orjson.loads(body)
            found = _row_members(members)
            if self._deep:
                validate(members, body)
        except (orjson.JSONDecodeError, KeyError, TypeError, EntryMalformed):
            self._findings.add(Fault.BODY_MALFORMED, entry.subject, entry.seq)
            return
        if found[:_ROW_SIZE] != _row(entry):
            self._findings.add(Fault.ROW_DIFFERS, entry.subject, entry.seq)
        if self._prevs and found[_ROW_SIZE] not in self._prevs:
            self._findings.add(Fault.PREV_DIFFERS, entry.subject, entry.seq)
        if entry.opening is not None:
            self._check_opening(entry, members.get("commit", {}))

    def _check_opening(self, entry: StoredEntry, digests: object) -> None:
        if type(digests) is not dict:
            self._findings.add(Fault.BODY_MALFORMED, entry.subject, entry.seq)
            return
        try:
            open_commitments(digests, entry.opening)
        except OpeningDiffers:
            self._findings.add(Fault.OPENING_DIFFERS, entry.subject, entry.seq)


def _row(entry: StoredEntry) -> tuple[object, ...]:
    try:
        recorded = time_text(entry.recorded_at)
    except CycleError:
        recorded = None
    return entry.subject, entry.seq, entry.command, entry.event, entry.kind, recorded


def _check_heads(histories: _Histories, heads: Iterable[Head], findings: Findings) -> None:
    met = bytearray(len(histories.starts) - 1)
    for head in heads:
        ordinal = histories.ordinals.get(head.subject)
        if ordinal is None:
            findings.add(Fault.ENTRIES_MISSING, head.subject, 1)
            continue
        place = histories.starts[ordinal + 1] - 1
        last = histories.number(ordinal, place)
        if head.head_seq != last:
            findings.add(Fault.HEAD_DIFFERS, head.subject, max(min(head.head_seq, last) + 1, 1))
        elif met[ordinal] or head.head_hash != histories.hashes[place * HASH_SIZE : (place + 1) * HASH_SIZE]:
            findings.add(Fault.HEAD_DIFFERS, head.subject, last)
        met[ordinal] = 1
    if 0 in met:
        for subject, ordinal in histories.ordinals.items():
            if not met[ordinal]:
                findings.add(Fault.HEAD_MISSING, subject, histories.number(ordinal, histories.starts[ordinal]))


def _check_log(histories: _Histories, log: Iterable[tuple[int, str, int, bytes]], state: LogState, findings: Findings) -> int:
    """Check the log against entries and state; returns the number of leaves read."""
    edge = Frontier.empty().extend(_checked_leaves(histories, log, findings))
    if edge.size != state.size:
        findings.add(Fault.LOG_ROOT_DIFFERS, position=min(edge.size, state.size))
    elif edge.roots != tuple(state.frontier):
        findings.add(Fault.LOG_ROOT_DIFFERS, position=_first_difference(edge, state.frontier))
    elif edge.root() != state.root:
        findings.add(Fault.LOG_ROOT_DIFFERS, position=edge.size)
    return edge.size


def _checked_leaves(histories: _Histories, log: Iterable[tuple[int, str, int, bytes]], findings: Findings) -> Iterator[bytes]:
    logged, hashes, place_of = histories.logged, histories.hashes, histories.place
    expected = 0
    for position, subject, seq, leaf in log:
        if position != expected:
            findings.add(Fault.LOG_GAP, position=min(position, expected))
        expected = position + 1
        place = place_of(subject, seq)
        if place < 0:
            findings.add(Fault.LOG_ENTRY_UNKNOWN, subject, seq, position)
        elif logged[place]:
            findings.add(Fault.LOG_ENTRY_TWICE, subject, seq, position)
        else:
            logged[place] = 1
            if hashes[place * HASH_SIZE : (place + 1) * HASH_SIZE] != leaf:
                findings.add(Fault.LOG_ENTRY_DIFFERS, subject, seq, position)
        yield leaf


def _first_difference(edge: Frontier, kept: tuple[bytes, ...]) -> int:
    """Index of the first leaf of the first complete subtree whose root differs."""
    start = 0
    sizes = [1 << bit for bit in reversed(range(edge.size.bit_length())) if edge.size >> bit & 1]
    for size, root, other in zip(sizes, edge.roots, kept, strict=False):
        if root != other:
            break
        start += size
    return start


def _check_unsequenced(histories: _Histories, size: int, unsequenced: int, findings: Findings) -> None:
    """Compare what is not in the log with what waits for it.

    A subject's entries enter the log in order, so one that is not there while a later one is has been taken out.
    """
    logged, starts = histories.logged, histories.starts
    waiting, named = logged.count(0), False
    place = first = logged.find(0)
    while place >= 0:
        ordinal = bisect_right(starts, place) - 1
        end = starts[ordinal + 1]
        later = logged.find(1, place, end)
        if later >= 0 or (place == first and waiting > unsequenced):
            findings.add(Fault.LOG_ENTRY_MISSING, histories.names[ordinal], histories.number(ordinal, place))
            named = True
        place = logged.find(0, place + 1 if later >= 0 else end)
    if waiting != unsequenced and not named:
        findings.add(Fault.LOG_ENTRY_MISSING, position=size)
