"""A store over another one: reads go through to it, what is written stays in memory. Whoever asks "what if" acts on it like on a real one.

Acts are judged and drafted by the very services that carry them out, so an answer cannot disagree with the act; and nothing here can write,
because only reading methods of the store below are ever called.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from heapq import merge
from typing import Any, Literal, TypeVar

from states.vocabulary import TermStatus
from workflow.ledger.entry import parse
from workflow.overriding import GIVEN
from workflow.ports import CaseQuery, Change, Head, LoadedCase, Outcome, RegistrySnapshot, Store, Subject, moves_rounds
from workflow.readthrough import ReadThrough
from workflow.rows import CalendarRow, CaseRow, CertificateRow, DelegationRow, PlanRow, RoundRow, StageRow, StoredEntry, TermRow
from workflow.telling import RungRow, rungs_of

_R = TypeVar("_R", CaseRow, CertificateRow, RoundRow, PlanRow, CalendarRow)
_KINDS: tuple[type[Any], ...] = (CaseRow, CertificateRow, RoundRow, PlanRow, CalendarRow)
_ENDS = {TermStatus.MET: frozenset({TermStatus.RUNNING, TermStatus.PASSED})}
"""What a term may be before it ends so, where that is more than running; as in the stores."""


@dataclass(slots=True)
class _Layer:
    """Rows, terms (of whole cases), entries, deadlines and steps of reminding that lie over the store below."""

    rows: dict[str, Subject] = field(default_factory=dict)
    terms: dict[str, dict[str, TermRow]] = field(default_factory=dict)
    entries: dict[str, list[StoredEntry]] = field(default_factory=dict)
    stages: dict[str, StageRow] = field(default_factory=dict)
    rungs: list[RungRow] = field(default_factory=list)

    def take(self, other: "_Layer") -> None:
        """Lay another one on top for good."""
        self.rows.update(other.rows)
        self.terms.update(other.terms)
        self.stages.update(other.stages)
        self.rungs.extend(other.rungs)
        for subject, entries in other.entries.items():
            self.entries.setdefault(subject, []).extend(entries)


class Overlay(ReadThrough):
    """:class:`workflow.ports.Store` whose writes nobody else ever sees."""

    dialect: Literal["sqlite", "postgresql"]

    def __init__(self, below: Store) -> None:
        """Lie over a store, which is read and never written."""
        super().__init__(below)
        self.dialect = below.dialect
        self._over = _Layer()
        self._moves = 0

    @property
    def touched(self) -> tuple[str, ...]:
        """Codes of the cases that something was written about, in order."""
        return tuple(sorted(code for code, row in self._over.rows.items() if isinstance(row, CaseRow)))

    def begun(self, duties: Sequence[str]) -> list[RungRow]:
        """Steps of reminding that were planned here for some duties, by duty and moment."""
        wanted = set(duties)
        found = (rung for rung in self._over.rungs if rung.duty in wanted)
        return sorted(found, key=lambda rung: (rung.duty, rung.at, rung.rung))

    # Writing.

    def write(self, changes: Sequence[Change], *, epoch: int | None) -> Outcome:
        """See :class:`workflow.ports.Store`."""
        if epoch is not None and epoch != self.registry_epoch():
            return Outcome.RIGHTS_MOVED
        draft = _Layer()
        if not all(self._lay(change, draft) for change in changes):
            return Outcome.MOVED
        self._over.take(draft)
        self._moves += moves_rounds(changes)
        return Outcome.WRITTEN

    def write_each(self, groups: Sequence[Sequence[Change]], *, epoch: int | None) -> list[Outcome]:
        """See :class:`workflow.ports.Store`."""
        return [self.write(group, epoch=epoch) for group in groups]

    def _lay(self, change: Change, draft: _Layer) -> bool:
        """Put a change on a draft, unless it does not follow what is there."""
        code = change.row.code
        present = draft.rows.get(code) or self._present(change.row)
        expected = None if present is None else (present.version, present.head_seq)
        if (None if change.version is None else (change.version, change.seq)) != expected:
            return False
        laid = [*self._over.entries.get(code, ()), *draft.entries.get(code, ())]
        if any(entry.command == change.entry.command for entry in laid):
            return False
        if isinstance(change.row, CaseRow):
            terms = dict(draft.terms[code] if code in draft.terms else self._terms_of(code, fresh=present is None))
            for term, status in change.closed:
                if term not in terms or terms[term].status not in _ENDS.get(status, {TermStatus.RUNNING}):
                    return False
                terms[term] = replace(terms[term], status=status, attempts=0, not_before=None)
            terms.update({term.id: replace(term, due_at=term.due_at.astimezone(UTC)) for term in change.opened})
            draft.terms[code] = terms
        draft.rows[code] = change.row
        draft.entries.setdefault(code, []).append(change.entry)
        draft.stages.update({stage.id: _in_utc(stage) for stage in change.stages})
        draft.rungs.extend(rungs_of(change.steps))
        return True

    def _terms_of(self, case: str, *, fresh: bool = False) -> dict[str, TermRow]:
        if case in self._over.terms:
            return self._over.terms[case]
        return {} if fresh else {term.id: term for term in self.below.terms(case)}

    def _present(self, row: Subject) -> Subject | None:  # noqa: PLR0911 - one line a kind
        """The subject that a change is about, as it is now."""
        code = row.code
        if code in self._over.rows:
            return self._over.rows[code]
        match row:
            case CaseRow():
                loaded = self.below.load_case(code, "")
                return loaded.case if loaded else None
            case CertificateRow():
                return self.below.load_certificate(code)
            case RoundRow():
                return self.below.load_round(code)
            case PlanRow():
                return self.below.load_plan(code)
            case DelegationRow():
                return self.below.load_delegation(code)
            case CalendarRow():
                return next((each for each in self.below.calendars() if each.code == code), None)

    # Cases.

    def load_case(self, code: str, command: str) -> LoadedCase | None:
        """See :class:`workflow.ports.Store`."""
        below = self.below.load_case(code, command)
        mine = self._over.rows.get(code)
        if not isinstance(mine, CaseRow):
            return below
        laid = next((e.seq for e in self._over.entries.get(code, ()) if e.command == command), None)
        done_as = laid if laid is not None else below.done_as if below else None
        return LoadedCase(mine, self._running(code), done_as, below is not None and below.used)

    def load_cases(self, codes: Sequence[str], commands: Sequence[str] = ()) -> dict[str, LoadedCase]:
        """See :class:`workflow.ports.Store`."""
        mine = {code: row for code in codes if isinstance(row := self._over.rows.get(code), CaseRow)}
        below = self.below.load_cases([code for code in codes if code not in mine], commands)
        return {**below, **{code: LoadedCase(row, self._running(code), None) for code, row in mine.items()}}

    def _running(self, code: str) -> tuple[TermRow, ...]:
        return tuple(t for _, t in sorted(self._over.terms[code].items()) if t.status is TermStatus.RUNNING)

    def case_by_command(self, command: str) -> str | None:
        """See :class:`workflow.ports.Store`."""
        laid = (code for code, row in self._over.rows.items() if isinstance(row, CaseRow) and row.command == command)
        return next(laid, None) or self.below.case_by_command(command)

    def used_for(self, command: str) -> str | None:
        """See :class:`workflow.ports.Store`; nobody's own key is used here."""
        return self.below.used_for(command)

    def cases(self, query: CaseQuery) -> list[CaseRow]:
        """See :class:`workflow.ports.Store`; a case that was touched is asked about as it is now."""
        touched = set(self.touched)
        if not touched:
            return self.below.cases(query)
        found: list[CaseRow] = []
        after = query.after
        while len(found) < query.limit and (page := self.below.cases(replace(query, after=after))):
            found += [row for row in page if row.code not in touched]
            after = page[-1].code
        found += [row for code in touched if self._matches(row := self._case(code), query)]
        return sorted(found, key=lambda row: row.code)[: query.limit]

    def _case(self, code: str) -> CaseRow:
        row = self._over.rows[code]
        assert isinstance(row, CaseRow)  # noqa: S101 - touched cases are cases
        return row

    def _matches(self, row: CaseRow, query: CaseQuery) -> bool:
        due = query.due_before
        return (
            (query.states is None or row.state in query.states)
            and query.round in {None, row.round, row.central_round}
            and (query.units is None or row.unit in query.units)
            and query.product in {None, row.product}
            and (query.after is None or row.code > query.after)
            and (due is None or any(t.due_at < due for t in self._running(row.code)))
            and (not query.asked or bool(row.memo.get("asked")))
            and (not query.overridden or bool(row.memo.get(GIVEN)))
            and (query.text is None or self._named(row, query.text))
        )

    def _named(self, row: CaseRow, text: str) -> bool:
        """Whether the words are found; nothing that is searched by them ever changes."""
        return any(found.code == row.code for found in self.below.cases(CaseQuery(product=row.product, text=text, limit=1000)))

    # Terms.

    def terms(self, case: str | None = None) -> Iterator[TermRow]:
        """See :class:`workflow.ports.Store`."""
        if case is not None:
            return iter([term for _, term in sorted(self._terms_of(case).items())])
        return self._with_terms(self.below.terms(), lambda _: True)

    def counted_terms(self, after: datetime) -> list[TermRow]:
        """See :class:`workflow.ports.Store`."""
        alive = {TermStatus.RUNNING, TermStatus.PASSED}
        found = self._with_terms(
            self.below.counted_terms(after), lambda t: t.calendar is not None and t.due_at > after and t.status in alive
        )
        return list(found)

    def due_terms(self, before: datetime, limit: int) -> list[TermRow]:
        """See :class:`workflow.ports.Store`."""
        mine = [t for terms in self._over.terms.values() for t in terms.values() if t.status is TermStatus.RUNNING and t.due_at <= before]
        below = self.below.due_terms(before, limit + sum(map(len, self._over.terms.values())))
        due = [*mine, *(t for t in below if t.case not in self._over.terms)]
        return sorted(due, key=lambda t: (t.due_at, t.id))[:limit]

    def _with_terms(self, below: Iterable[TermRow], wanted: Any) -> Iterator[TermRow]:
        """Terms of the store below, those of touched cases as they are now; ordered by id."""
        kept = (t for t in below if t.case not in self._over.terms)
        mine = sorted((t for terms in self._over.terms.values() for t in terms.values() if wanted(t)), key=lambda t: t.id)
        return merge(kept, mine, key=lambda t: t.id)

    # Other subjects.

    def load_certificate(self, code: str) -> CertificateRow | None:
        """See :class:`workflow.ports.Store`."""
        mine = self._over.rows.get(code)
        return mine if isinstance(mine, CertificateRow) else self.below.load_certificate(code)

    def load_round(self, code: str) -> RoundRow | None:
        """See :class:`workflow.ports.Store`."""
        mine = self._over.rows.get(code)
        return mine if isinstance(mine, RoundRow) else self.below.load_round(code)

    def load_plan(self, code: str) -> PlanRow | None:
        """See :class:`workflow.ports.Store`."""
        mine = self._over.rows.get(code)
        return mine if isinstance(mine, PlanRow) else self.below.load_plan(code)

    def _listed(self, kind: type[_R], below: Iterable[_R], **wanted: object) -> list[_R]:
        rows = {row.code: row for row in below}
        rows |= {code: row for code, row in self._over.rows.items() if isinstance(row, kind)}
        kept = [row for row in rows.values() if all(value is None or getattr(row, name) == value for name, value in wanted.items())]
        return sorted(kept, key=lambda row: row.code)

    def rounds(self, unit: str | None = None, year: int | None = None) -> list[RoundRow]:
        """See :class:`workflow.ports.Store`."""
        return self._listed(RoundRow, self.below.rounds(unit, year), unit=unit, year=year)

    def plans(self, unit: str | None = None) -> list[PlanRow]:
        """See :class:`workflow.ports.Store`."""
        return self._listed(PlanRow, self.below.plans(unit), unit=unit)

    def load_delegation(self, code: str) -> DelegationRow | None:
        """See :class:`workflow.ports.Store`."""
        mine = self._over.rows.get(code)
        return mine if isinstance(mine, DelegationRow) else self.below.load_delegation(code)

    def calendars(self) -> list[CalendarRow]:
        """See :class:`workflow.ports.Store`."""
        return self._listed(CalendarRow, self.below.calendars())

    def certificates(self, product: str | None = None, codes: Sequence[str] | None = None) -> list[CertificateRow]:
        """See :class:`workflow.ports.Store`."""
        found = self._listed(CertificateRow, self.below.certificates(product, codes), product=product)
        return found if codes is None else [row for row in found if row.code in codes]

    def stages(self, *, plan: str | None = None, round: str | None = None, unit: str | None = None) -> list[StageRow]:
        """See :class:`workflow.ports.Store`."""
        asked = {"plan": plan, "round": round, "unit": unit}
        mine = [s for s in self._over.stages.values() if all(value is None or getattr(s, name) == value for name, value in asked.items())]
        rows = [*(s for s in self.below.stages(plan=plan, round=round, unit=unit) if s.id not in self._over.stages), *mine]
        return sorted(rows, key=lambda s: (s.cutoff is None, s.cutoff.timestamp() if s.cutoff else 0.0, s.id))

    def registry(self) -> RegistrySnapshot:
        """See :class:`workflow.ports.Store`."""
        below = self.below.registry()
        return replace(below, epoch=below.epoch + self._moves)

    def registry_epoch(self) -> int:
        """See :class:`workflow.ports.Store`."""
        return self.below.registry_epoch() + self._moves

    # Histories.

    def entry(self, subject: str, seq: int) -> StoredEntry | None:
        """See :class:`workflow.ports.Store`."""
        laid = next((e for e in self._over.entries.get(subject, ()) if e.seq == seq), None)
        return laid or self.below.entry(subject, seq)

    def entries(self, subject: str | None = None) -> Iterator[StoredEntry]:
        """See :class:`workflow.ports.Store`."""
        if subject is not None:
            return iter([*self.below.entries(subject), *self._over.entries.get(subject, ())])
        laid = sorted((e for entries in self._over.entries.values() for e in entries), key=lambda e: (e.subject, e.seq))
        return merge(self.below.entries(), laid, key=lambda e: (e.subject, e.seq))

    def bodies(self, subjects: Sequence[str]) -> list[str]:
        """See :class:`workflow.ports.Store`."""
        laid = [code for code in subjects if code in self._over.entries]
        if not laid:
            return self.below.bodies(subjects)
        wanted = set(laid)
        told = self.below.bodies([code for code in subjects if code not in wanted])
        for code in laid:
            told += [entry.body for entry in self.entries(code)]
        return told

    def heads(self) -> Iterator[Head]:
        """See :class:`workflow.ports.Store`."""
        mine = sorted((Head(code, row.head_seq, row.head_hash) for code, row in self._over.rows.items()), key=lambda h: h.subject)
        return merge((h for h in self.below.heads() if h.subject not in self._over.rows), mine, key=lambda h: h.subject)

    def subjects(self) -> Iterator[Subject]:
        """See :class:`workflow.ports.Store`."""
        mine = sorted(self._over.rows.values(), key=_place)
        return merge((row for row in self.below.subjects() if row.code not in self._over.rows), mine, key=_place)

    def last_recorded(self) -> datetime | None:
        """See :class:`workflow.ports.Store`."""
        laid = [parse(entries[-1].body).recorded_at for entries in self._over.entries.values()]
        return max((at for at in (self.below.last_recorded(), *laid) if at is not None), default=None)


def _in_utc(stage: StageRow) -> StageRow:
    """A deadline with its instants as a database gives them back."""
    ends = {name: moment.astimezone(UTC) for name in ("cutoff", "start") if (moment := getattr(stage, name)) is not None}
    return replace(stage, **ends)


def _place(row: Subject) -> tuple[int, str]:
    return _KINDS.index(type(row)), row.code
