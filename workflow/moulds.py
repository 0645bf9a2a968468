"""One judgement for many like cases: at a cut-off, dossiers differ in their names, their numbers and their hands alone.

What the system does to a case on a deadline is judged, by the judge of every single case, on a case from which exactly these were taken:
what is not there can have had no part in it, and what is there is the key under which the answer is kept. The change that came of it is
cut open where a name, a number or an instant stands, and filled in case by case. A judgement is kept once it is asked for again, and only
if it gives, for the case at hand, the very change that judging that case gave.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from operator import attrgetter
from typing import Any

import orjson

from deadlines.ladder import DutyKind
from states.case import RUNNING
from states.errors import CycleError
from states.regime import local_date
from states.vocabulary import Duty, Event, Level, TermStatus
from workflow.clock import ManualClock
from workflow.judging import Judge
from workflow.ledger.canonical import utf8
from workflow.ledger.entry import parse, time_text
from workflow.ledger.merkle import leaf_hash
from workflow.ports import Change, LoadedCase
from workflow.recording import Scribe, planned
from workflow.rows import CaseRow, StoredEntry, SubjectKind, TermRow
from workflow.situation import World

KEPT = 2000
"""Judgements kept at a time; a province has some dozens of kinds of dossiers at one date."""

_OF_CASE = ("kind", "regime", "pinned", "state", "attempt", "round", "central_round", "origin", "left")
_OF_TERM = ("attempt", "stage", "round", "effect", "due_at", "phrase", "source", "deadline", "calendar", "status")
_case_values, _term_values = attrgetter(*_OF_CASE), attrgetter(*_OF_TERM)
_WORDS = {"kind", "state", "stage", "effect", "status"}
_case_key, _term_key = (attrgetter(*(f"{name}._value_" if name in _WORDS else name for name in names)) for names in (_OF_CASE, _OF_TERM))
"""The same for a key: the word that a member of an enumeration stands for is found sooner than the member."""

_EXPIRED, _UNIT, _REST = range(3)
"""Where in a key stand the place of the term that ended, the unit whose calendar and rounds count, and what the case remembers."""


_MARK = secrets.token_hex(12)
_CODE, _COMMAND, _PERSON = f"{_MARK}-code", f"{_MARK}-command", f"{_MARK}-person"
_HEAD = sha256(_MARK.encode()).digest()
_SEQ = 4_000_000_000_000_000 + secrets.randbelow(500_000_000_000_000)
_RECEIVED = datetime(1, 1, 1, 0, 0, 0, 1 + secrets.randbelow(400_000), UTC)
_RECORDED = _RECEIVED.replace(microsecond=500_000 + secrets.randbelow(400_000))
_HANDS = {_PERSON: [str(Duty.HANDLES)]}


@dataclass(frozen=True, slots=True)
class _Mould:
    """A change with holes.

    Attributes:
        parts: The entry's text in pieces; every second one is a hole.
        holes: Where in ``parts`` what goes in: the code, the entry's number, the command, the head's hash, or an instant.
        places: Where in ``parts`` which running term goes in.
        after: The case without a name once it is written.
        rises: By how much its version rises.
        keeps: Whether the hands on the case stay.
        rest: What else it remembers.
        closed: Terms that end, by their place among the running ones.
        opened: Terms that begin, without a name.
    """

    parts: tuple[str, ...]
    holes: tuple[tuple[int, str], ...]
    places: tuple[tuple[int, int], ...]
    event: str
    after: CaseRow
    rises: int
    keeps: bool
    rest: dict[str, Any]
    closed: tuple[tuple[int, TermStatus], ...]
    opened: tuple[TermRow, ...]

    @classmethod
    def of(cls, blank: LoadedCase, drawn: Change) -> "_Mould | None":
        """Cut a nameless change open; None where a name or number has come to stand where none is filled in, or a text was committed to."""
        after, entry = drawn.row, drawn.entry
        assert isinstance(after, CaseRow)  # noqa: S101 - the end of a case's term changes the case
        places = {term.id: number for number, term in enumerate(blank.terms)}
        known: dict[str, str | int] = {
            _CODE: "code", str(_SEQ + 1): "seq", _COMMAND: "command", _HEAD.hex(): "prev", time_text(_RECEIVED): "received",
            time_text(_RECORDED): "recorded", **places,
        }  # fmt: skip
        cut = _cut(entry.body, known)
        holes = [(at, known[cut[at]]) for at in range(1, len(cut), 2)]
        rest = {name: value for name, value in after.memo.items() if name != "hands"}
        shared = (cut[::2], _case_values(after), after.certificate, rest, list(map(_term_values, drawn.opened)))
        said = repr(shared)
        stray = any(sign in said for sign in (_MARK, str(_SEQ), str(_SEQ + 1), _HEAD.hex()))
        plain = entry.opening is None and not drawn.stages and not drawn.fulfilled and after.updated_at == _RECORDED
        if stray or not plain or after.memo.get("hands") not in ({}, _HANDS):
            return None
        return cls(
            tuple(cut), tuple((at, name) for at, name in holes if isinstance(name, str)),
            tuple((at, place) for at, place in holes if isinstance(place, int)), entry.event, after, after.version - blank.case.version, after.memo["hands"] == _HANDS, rest,
            tuple((places[term], status) for term, status in drawn.closed), drawn.opened,
        )  # fmt: skip

    def pour(self, loaded: LoadedCase, command: str, received: datetime, recorded: datetime | None = None) -> Change:
        """The change of a case like the nameless one; written down when it came in unless ``recorded`` says otherwise."""
        before, terms, after = loaded.case, loaded.terms, self.after
        recorded = recorded or received
        seq = before.head_seq + 1
        came = time_text(received)
        filled = {
            "code": before.code, "seq": str(seq), "command": command, "prev": before.head_hash.hex(), "received": came,
            "recorded": came if recorded is received else time_text(recorded),
        }  # fmt: skip
        parts = list(self.parts)
        for at, name in self.holes:
            parts[at] = filled[name]
        for at, place in self.places:
            parts[at] = terms[place].id
        body = "".join(parts)
        leaf = leaf_hash(utf8(body))
        row = CaseRow(
            code=before.code, command=before.command, kind=after.kind, product=before.product, producer=before.producer, unit=before.unit,
            regime=after.regime, pinned=after.pinned, state=after.state, attempt=after.attempt, round=after.round,
            central_round=after.central_round, origin=after.origin, left=after.left, certificate=after.certificate,
            memo={**self.rest, "hands": before.memo.get("hands", {}) if self.keeps else {}}, registered_at=before.registered_at,
            updated_at=recorded, version=before.version + self.rises, head_seq=seq, head_hash=leaf,
        )  # fmt: skip
        entry = StoredEntry(
            kind=SubjectKind.CASE, subject=before.code, seq=seq, command=command, event=self.event, recorded_at=recorded, body=body,
            leaf_hash=leaf, opening=None,
        )  # fmt: skip
        closed = tuple([(terms[place].id, status) for place, status in self.closed])
        if not self.opened:
            return Change(row=row, before=before, entry=entry, closed=closed)
        opened = tuple(
            TermRow(id=f"{before.code}:{seq}:{number}", case=before.code, **dict(zip(_OF_TERM, _term_values(term), strict=True)))
            for number, term in enumerate(self.opened)
        )
        steps = (each for term in opened for each in planned(DutyKind.TERM, term.id, before.code, term.due_at, recorded))
        return Change(row=row, before=before, entry=entry, opened=opened, closed=closed, steps=tuple(steps))


_UNKNOWN, _ONCE, _UNFIT = object(), object(), object()
"""What is known of a key without a mould: nothing; that it was asked for once; that filling in does not give what judging gives."""


class _Shelf:
    """What is kept of one epoch."""

    def __init__(self) -> None:
        self.moulds: dict[tuple[Any, ...], object] = {}
        self.units: dict[tuple[str, datetime], str] = {}

    def note(self, key: tuple[Any, ...], known: object) -> None:
        """Keep what is known of a key."""
        if len(self.moulds) >= KEPT:
            self.moulds.clear()
        self.moulds[key] = known

    def stand(self, place: tuple[str, datetime], unit: str) -> None:
        """Keep by which unit a place is judged at an instant."""
        if len(self.units) >= KEPT:
            self.units.clear()
        self.units[place] = unit


class Moulds:
    """Answers what an expiry makes of a case, from a like case's answer where there is one."""

    def __init__(self, judge: Judge) -> None:
        """Answer as a judge does."""
        self._judge = judge
        self._blank = Judge(judge.store, ManualClock(_RECEIVED), Scribe(judge.scribe.log, ManualClock(_RECORDED)), judge.law)
        self._shelf: tuple[World | None, _Shelf] = (None, _Shelf())

    def change(self, world: World, loaded: LoadedCase, term: TermRow, command: str) -> Change:
        """The change that the end of a running term brings to its case.

        Raises:
            EventRefused: As :meth:`workflow.judging.Judge.automatic`.
        """
        shelf = self._of(world)
        key = None if self._judge.scribe.requested else _key(world, shelf, loaded, term)
        if key is None or not _plain(command, loaded):
            return self._judged(self._judge, world, loaded, term, command)
        mould = shelf.moulds.get(key, _UNKNOWN)
        if isinstance(mould, _Mould):
            return mould.pour(loaded, command, self._judge.clock.now())
        change = self._judged(self._judge, world, loaded, term, command)
        # Asked for the first time it is only noted: a case that stands alone costs one judgement, not two.
        if mould is _UNKNOWN:
            shelf.note(key, _ONCE)
        elif mould is _ONCE:
            shelf.note(key, self._made(world, key, loaded, change) or _UNFIT)
        return change

    def _of(self, world: World) -> "_Shelf":
        # One tuple, because several threads may ask; what is judged on another epoch starts anew.
        kept = self._shelf
        if kept[0] is not world:
            kept = self._shelf = (world, _Shelf())
        return kept[1]

    @staticmethod
    def _judged(judge: Judge, world: World, loaded: LoadedCase, term: TermRow, command: str) -> Change:
        return judge.automatic(world, loaded, Event(str(term.effect)), term.due_at, command, term)

    def _made(self, world: World, key: tuple[Any, ...], loaded: LoadedCase, change: Change) -> "_Mould | None":
        blank = _nameless(key, loaded)
        try:
            drawn = self._judged(self._blank, world, blank, blank.terms[key[_EXPIRED]], _COMMAND)
        except CycleError:
            return None
        mould = _Mould.of(blank, drawn)
        written = parse(change.entry.body)
        assert written.received_at is not None  # noqa: S101 - every act on a case has come in at some instant
        same = mould is not None and mould.pour(loaded, written.command, written.received_at, written.recorded_at) == change
        return mould if same else None


def _key(world: World, shelf: _Shelf, loaded: LoadedCase, term: TermRow) -> tuple[Any, ...] | None:
    """What decides on an expiry; None where it is more than is taken into a key: certificates and rivals are looked up by the judge."""
    case = loaded.case
    if case.certificate is not None or case.state not in RUNNING:
        return None
    place = (case.unit, term.due_at)
    unit = shelf.units.get(place)
    if unit is None:
        unit = _territory(world, case.unit, term.due_at)
        shelf.stand(place, unit)
    rest = orjson.dumps({name: value for name, value in case.memo.items() if name != "hands"}, option=orjson.OPT_SORT_KEYS)
    expired = [each.id for each in loaded.terms].index(term.id)
    return (expired, unit, rest, _case_key(case), *map(_term_key, loaded.terms))


def _territory(world: World, unit: str, at: datetime) -> str:
    """The lowest unit whose own calendar or rounds a case of a unit is judged by."""
    day = local_date(at)
    own = {row.unit for row in world.calendars if row.days}
    for code in world.registry.chain(unit, day):
        row = world.registry.unit(code, day)
        if code in own or (row is not None and row.level == Level.PROVINCE):
            return code
    return unit


def _plain(command: str, loaded: LoadedCase) -> bool:
    """Whether everything that is filled in stands in a JSON text as it is."""
    text = "".join([command, loaded.case.code, *[term.id for term in loaded.terms]])
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def _nameless(key: tuple[Any, ...], like: LoadedCase) -> LoadedCase:
    """A case that has of another one what is in the key, and nothing else."""
    case = CaseRow(
        code=_CODE, command="", product="", producer="", unit=key[_UNIT], certificate=None, registered_at=_RECEIVED, updated_at=_RECEIVED,
        memo={**orjson.loads(key[_REST]), "hands": _HANDS}, version=0, head_seq=_SEQ, head_hash=_HEAD,
        **dict(zip(_OF_CASE, _case_values(like.case), strict=True)),
    )  # fmt: skip
    terms = (
        TermRow(id=_term(number), case=_CODE, **dict(zip(_OF_TERM, _term_values(term), strict=True)))
        for number, term in enumerate(like.terms)
    )
    return LoadedCase(case, tuple(terms), None)


def _cut(text: str, words: Iterable[str]) -> list[str]:
    """A text cut out around words, which stand in the odd places; a longer word goes before one that is part of it."""
    pieces = [text]
    for word in sorted(words, key=len, reverse=True):
        cut: list[str] = []
        for place, piece in enumerate(pieces):
            cut += [piece] if place % 2 else [part for left in piece.split(word) for part in (left, word)][:-1]
        pieces = cut
    return pieces


def _term(number: int) -> str:
    return f"{_MARK}-term{number:04d}"
