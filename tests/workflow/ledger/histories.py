"""Histories in memory, built by the same functions as real ones, and what an attacker with a database console can do to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from workflow.ledger.commitments import commit
from workflow.ledger.entry import ActorRef, Entry, store_form
from workflow.ledger.findings import Verdict
from workflow.ledger.merkle import Frontier, leaf_hash
from workflow.ledger.verify import verify
from workflow.ports import Head, LogState
from workflow.rows import ZERO_HASH, StoredEntry, SubjectKind

START = datetime(2021, 7, 1, 1, tzinfo=UTC)
LogRow = tuple[int, str, int, bytes]


def counted_randomness() -> Callable[[int], bytes]:
    """Bytes that differ from call to call and from no run to the next."""
    calls = 0

    def give(size: int) -> bytes:
        nonlocal calls
        calls += 1
        return sha256(calls.to_bytes(4, "big")).digest()[:size]

    return give


@dataclass
class History:
    """What a database holds of histories, heads and log."""

    entries: list[StoredEntry]
    heads: list[Head]
    log: list[LogRow]
    state: LogState
    unsequenced: int

    def verdict(self, *, deep: bool = False) -> Verdict:
        ordered = sorted(self.entries, key=lambda entry: (entry.subject, entry.seq))
        return verify(ordered, self.heads, self.log, self.state, self.unsequenced, deep=deep)

    def copy(self) -> "History":
        return History(list(self.entries), list(self.heads), list(self.log), self.state, self.unsequenced)

    def at(self, subject: str, seq: int) -> int:
        return next(i for i, entry in enumerate(self.entries) if (entry.subject, entry.seq) == (subject, seq))

    def of(self, subject: str) -> list[StoredEntry]:
        return sorted((entry for entry in self.entries if entry.subject == subject), key=lambda entry: entry.seq)

    def without(self, doomed: Callable[[str, int], bool]) -> None:
        self.entries = [entry for entry in self.entries if not doomed(entry.subject, entry.seq)]

    def rechain(self, subject: str) -> None:
        """Make prev, leaf hashes and head fit again, whatever the bodies have become."""
        prev = ZERO_HASH.hex()
        chain = self.of(subject)
        for entry in chain:
            body = altered(entry.body, prev=prev)
            fixed = replace(entry, body=body, leaf_hash=leaf_hash(body.encode()))
            self.entries[self.entries.index(entry)] = fixed
            prev = fixed.leaf_hash.hex()
        self.rehead(subject)

    def rehead(self, subject: str) -> None:
        last = self.of(subject)[-1]
        self.heads = [Head(subject, last.seq, last.leaf_hash) if head.subject == subject else head for head in self.heads]

    def renumber_log(self) -> None:
        self.log = [(position, subject, seq, leaf) for position, (_, subject, seq, leaf) in enumerate(self.log)]

    def reroot(self) -> None:
        self.state = log_state([row[3] for row in self.log])


def log_state(leaves: Sequence[bytes]) -> LogState:
    edge = Frontier.empty().extend(leaves)
    return LogState(edge.size, edge.roots, edge.root())


def altered(body: str, **members: Any) -> str:
    """The canonical text with some top-level members changed; None takes one out."""
    read = orjson.loads(body)
    for name, value in members.items():
        read[name] = value
    return orjson.dumps({name: value for name, value in read.items() if value is not None}, option=orjson.OPT_SORT_KEYS).decode()


def honest(order: Sequence[tuple[str, bool]], sequenced: int | None = None) -> History:
    """Acts on subjects in the given order; True where the act carries free text; the first ``sequenced`` are in the log."""
    randomness = counted_randomness()
    entries: list[StoredEntry] = []
    last: dict[str, StoredEntry] = {}
    for number, (subject, with_text) in enumerate(order):
        before = last.get(subject)
        now = START + timedelta(seconds=number)
        digests, opening = commit({"reason": f"Vì hồ sơ thiếu phiếu {number}", "note": "đã xem"}, randomness) if with_text else ({}, None)
        stored = store_form(
            Entry(
                log="ocop.test/2021",
                kind=SubjectKind.ROUND if subject.startswith("R") else SubjectKind.CASE,
                case=subject,
                case_seq=before.seq + 1 if before else 1,
                attempt=1,
                regime="qd1048-2019",
                clause="1048 II.2",
                event="forward" if before else "register",
                from_="district_evaluation" if before else None,
                to="provincial_evaluation",
                actor=ActorRef(id="P-0042", function="officer", level="district", unit="883"),
                duty="handles",
                effective_at=now,
                received_at=now,
                recorded_at=now,
                data={"letter_no": "12/TTr", "mean": "161/2", "stars": 4},
                commit=digests,
                command=f"command-{number}",
                prev=(before.leaf_hash if before else ZERO_HASH).hex(),
            ),
            opening,
        )
        entries.append(stored)
        last[subject] = stored
    size = len(entries) if sequenced is None else min(sequenced, len(entries))
    log = [(position, entry.subject, entry.seq, entry.leaf_hash) for position, entry in enumerate(entries[:size])]
    heads = [Head(entry.subject, entry.seq, entry.leaf_hash) for entry in last.values()]
    return History(list(entries), heads, log, log_state([row[3] for row in log]), len(entries) - size)


def season() -> History:
    """Three cases and a round, seven entries each, interleaved; all in the log."""
    return honest([(subject, step % 2 == 0) for step in range(7) for subject in ("A", "B", "R1", "C")])
