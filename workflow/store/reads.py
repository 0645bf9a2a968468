"""Everything that is the same on both databases: reads, the registry, the sweep's rows, the log."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from states.errors import MalformedInput, NotFound, StoreUnsafe
from workflow.ports import CaseQuery, Head, LoadedCase, LogState, RegistrySnapshot, Subject
from workflow.rows import (
    AppointmentRow,
    CalendarRow,
    CaseRow,
    CertificateRow,
    PersonRow,
    PlanRow,
    ProducerRow,
    ProductRow,
    RoundRow,
    StageRow,
    StoredEntry,
    SuccessionRow,
    TermRow,
    TieRow,
    UnitRow,
)
from workflow.store import mapping, statements
from workflow.store.base import Row, Transaction
from workflow.store.identity import KeepsIdentity
from workflow.store.lists import CaseLists
from workflow.store.mapping import (
    CALENDAR,
    CASE,
    CERTIFICATE,
    DELEGATION,
    ENTRY,
    PLAN,
    PRODUCER,
    PRODUCT,
    REGISTRY,
    ROUND,
    STAGE,
    SUBJECTS,
    TERM,
    Shape,
    storable,
)
from workflow.store.schema import check_revision
from workflow.store.services import ServiceTables
from workflow.store.text import composed, found, typed_words
from workflow.store.types import from_micros, to_micros

_CASE_WIDTH = len(CASE.columns)
_CASE_OF_TERM = TERM.columns.index("case_code")
_DIGEST = 32
_FIXED_META = frozenset({"rehearsal"})

_ASKED, _OVERRIDDEN = '%"asked":{%', '%"overrides":[%'
_MARKS = {(False, False): (), (True, False): (_ASKED,), (False, True): (_OVERRIDDEN,), (True, True): (_ASKED, _OVERRIDDEN)}
"""What the memo of a case holds, by whether somebody asks for cases that wait for a second person, and for those with an override."""


class SharedStore(CaseLists, ServiceTables, KeepsIdentity):
    """The part of :class:`workflow.ports.Store` that needs no dialect."""

    # Cases.
    def load_case(self, code: str, command: str) -> LoadedCase | None:
        """See :class:`workflow.ports.Store`."""
        rows = self._rows_before_writing(statements.LOAD_CASE, (command, command, command, code))
        return _loaded(rows) if rows else None

    def load_cases(self, codes: Sequence[str], commands: Sequence[str] = ()) -> dict[str, LoadedCase]:
        """See :class:`workflow.ports.Store`."""
        listed = (self._list(codes),)
        asked = [(text, listed) for text in statements.LOAD_CASES]
        asked += [(statements.ANSWERED, (self._list(commands),))] if commands else []
        cases, terms, *used = self._moment_before_writing([(text.replace("IN LIST", self._among()), given) for text, given in asked])
        running: dict[str, list[TermRow]] = {}
        for row in sorted(terms, key=itemgetter(0)):
            running.setdefault(row[_CASE_OF_TERM], []).append(TERM.row(row))
        found = any(used)
        return {row[0]: LoadedCase(mapping.case_row(row), tuple(running.get(row[0], ())), None, found) for row in cases}

    def case_by_command(self, command: str) -> str | None:
        """See :class:`workflow.ports.Store`."""
        rows = self._rows("SELECT code FROM case_file WHERE command=?", (command,))
        return rows[0][0] if rows else None

    def used_for(self, command: str) -> str | None:
        """See :class:`workflow.ports.Store`."""
        rows = self._rows(statements.USED_FOR, (command, command))
        return rows[0][0] if rows else None

    def cases(self, query: CaseQuery) -> list[CaseRow]:
        """The cases that match, by code; ``after`` is the last code of the page before. Every word of ``text`` has to be found in the
        code, the product's name or the producer's."""  # noqa: D205, D209
        sql, where, params = f"SELECT {CASE.names('c.')} FROM case_file c", ["1=1"], []  # noqa: S608 names are ours
        for column, listed in (("c.state", query.states), ("c.unit", query.units)):
            if listed is not None:
                where.append(f"{column} {self._among()}")
                params.append(self._list(str(value) for value in listed))
        if query.round is not None:
            where.append("(c.round=? OR c.central_round=?)")
            params += [query.round, query.round]
        if query.product is not None:
            where.append("c.product=?")
            params.append(query.product)
        words = typed_words(query.text)
        if words:
            sql += " LEFT JOIN product p ON p.code=c.product LEFT JOIN producer o ON o.code=c.producer"
        for word in words:
            condition, patterns = found(word)
            where.append(condition)
            params += patterns
        if query.due_before is not None:
            where.append("EXISTS (SELECT 1 FROM term t WHERE t.case_code=c.code AND t.status='running' AND t.due_at<?)")
            params.append(to_micros(query.due_before))
        for mark in _MARKS[query.asked, query.overridden]:
            where.append("c.memo LIKE ?")
            params.append(mark)
        if query.after is not None:
            where.append("c.code>?")
            params.append(query.after)
        params.append(query.limit)
        rows = self._rows(f"{sql} WHERE {' AND '.join(where)} ORDER BY c.code LIMIT ?", storable(tuple(params)))
        return [mapping.case_row(row) for row in rows]

    # Other subjects.
    def _by_code(self, shape: Shape, code: str) -> Any:
        rows = self._rows(f"SELECT {shape.names()} FROM {shape.table} WHERE code=?", (code,))  # noqa: S608
        return shape.row(rows[0]) if rows else None

    def _list_of(self, shape: Shape, order: str, **filters: Any) -> list[Any]:
        given = {column: value for column, value in filters.items() if value is not None}
        where = " AND ".join(f"{column}=?" for column in given) or "1=1"
        sql = f"SELECT {shape.names()} FROM {shape.table} WHERE {where} ORDER BY {order}"  # noqa: S608
        return [shape.row(row) for row in self._rows(sql, tuple(given.values()))]

    def load_certificate(self, code: str) -> CertificateRow | None:
        """See :class:`workflow.ports.Store`."""
        return self._by_code(CERTIFICATE, code)  # type: ignore[no-any-return]

    def load_round(self, code: str) -> RoundRow | None:
        """See :class:`workflow.ports.Store`."""
        return self._by_code(ROUND, code)  # type: ignore[no-any-return]

    def load_plan(self, code: str) -> PlanRow | None:
        """See :class:`workflow.ports.Store`."""
        return self._by_code(PLAN, code)  # type: ignore[no-any-return]

    def producer(self, code: str) -> ProducerRow | None:
        """See :class:`workflow.ports.Store`."""
        return self._by_code(PRODUCER, code)  # type: ignore[no-any-return]

    def product(self, code: str) -> ProductRow | None:
        """See :class:`workflow.ports.Store`."""
        return self._by_code(PRODUCT, code)  # type: ignore[no-any-return]

    def rounds(self, unit: str | None = None, year: int | None = None) -> list[RoundRow]:
        """Rounds by code."""
        return self._list_of(ROUND, "code", unit=unit, year=year)

    def stages(self, *, plan: str | None = None, round: str | None = None, unit: str | None = None) -> list[StageRow]:
        """Deadlines by cut-off, those without one last."""
        return self._list_of(STAGE, "(cutoff IS NULL),cutoff,id", plan=plan, round=round, unit=unit)

    def plans(self, unit: str | None = None) -> list[PlanRow]:
        """Plans by code."""
        return self._list_of(PLAN, "code", unit=unit)

    def calendars(self) -> list[CalendarRow]:
        """Units' tables of days by code."""
        return self._list_of(CALENDAR, "code")

    def certificates(self, product: str | None = None, codes: Sequence[str] | None = None) -> list[CertificateRow]:
        """Certificates by code: all, a product's, or some by their codes."""
        if codes is not None:
            return self._named(CERTIFICATE, codes)
        return self._list_of(CERTIFICATE, "code", product=product)

    def _named(self, shape: Shape, codes: Sequence[str] | None) -> list[Any]:
        if codes is None:
            return self._list_of(shape, "code")
        sql = f"SELECT {shape.names()} FROM {shape.table} WHERE code {self._among()} ORDER BY code"  # noqa: S608
        return [shape.row(row) for row in self._rows(sql, (self._list(codes),))]

    def products(self, codes: Sequence[str] | None = None) -> list[ProductRow]:
        """Products by code."""
        return self._named(PRODUCT, codes)

    def producers(self, codes: Sequence[str] | None = None) -> list[ProducerRow]:
        """Producers by code."""
        return self._named(PRODUCER, codes)

    def entry(self, subject: str, seq: int) -> StoredEntry | None:
        """See :class:`workflow.ports.Store`."""
        rows = self._rows(f"{statements.ENTRIES} WHERE subject=? AND seq=?", (subject, seq))
        return ENTRY.row(rows[0]) if rows else None

    def next_number(self, scope: str) -> int:
        """See :class:`workflow.ports.Store`; the first is 1."""
        storable((scope,))
        return int(self._act(lambda transaction: transaction.run(statements.NEXT_NUMBER, (scope,)))[0][0])

    # The registry.
    def registry(self) -> RegistrySnapshot:
        """See :class:`workflow.ports.Store`."""
        shapes = [*(REGISTRY[name] for name in ("units", "successions", "people", "appointments", "ties")), DELEGATION]
        texts = [f"SELECT {s.names()} FROM {s.table} ORDER BY {','.join(s.key)}" for s in shapes]  # noqa: S608
        epoch, *parts = self._snapshot([(text, ()) for text in (statements.EPOCH, *texts)])
        units, successions, people, appointments, ties, delegations = (
            tuple(shape.row(row) for row in rows) for shape, rows in zip(shapes, parts, strict=True)
        )
        return RegistrySnapshot(
            epoch=epoch[0][0], units=units, successions=successions, people=people, appointments=appointments, ties=ties,
            delegations=delegations,
        )  # fmt: skip

    def registry_epoch(self) -> int:
        """See :class:`workflow.ports.Store`."""
        return int(self._rows(statements.EPOCH)[0][0])

    def still_current(self) -> None:
        """See :class:`workflow.ports.Store`."""
        check_revision(str(self._rows("SELECT version_num FROM alembic_version")[0][0]), "–")

    def save_registry(  # noqa: PLR0913 - one call is one transaction over any of them
        self,
        *,
        units: Iterable[UnitRow] = (),
        successions: Iterable[SuccessionRow] = (),
        people: Iterable[PersonRow] = (),
        appointments: Iterable[AppointmentRow] = (),
        ties: Iterable[TieRow] = (),
        producers: Iterable[ProducerRow] = (),
        products: Iterable[ProductRow] = (),
    ) -> int:
        """Insert or replace by natural key. The epoch rises unless there were only producers and products, which judge no right.

        Raises:
            MalformedInput: ``registry_reference_unknown``; an appointment or tie of an unknown person, a product of an unknown producer.
        """
        given = {
            "units": units, "successions": successions, "people": people, "appointments": appointments, "ties": ties,
            "producers": producers, "products": products,
        }  # fmt: skip
        # Whatever way a name comes in, it is kept composed: a name that is not could stand in no entry, and its person could not act.
        rows = {name: [storable(tuple(map(composed, REGISTRY[name].values(row)))) for row in given[name]] for name in REGISTRY}

        def work(transaction: Transaction) -> int:
            bumped = any(rows[name] for name in ("units", "successions", "people", "appointments", "ties"))
            # The epoch comes first: its row is also the lock that lets one registry change at a time through.
            epoch = transaction.run(statements.BUMP_EPOCH if bumped else statements.EPOCH)[0][0]
            for name, shape in REGISTRY.items():
                if rows[name]:
                    transaction.many(statements.upsert(shape), rows[name])
            return int(epoch)

        return self._act(work)

    # The sweep.
    def due_terms(self, before: datetime, limit: int) -> list[TermRow]:
        """See :class:`workflow.ports.Store`. ``not_before`` is compared with the clock given at opening, else with ``before``."""
        now = self._clock_now() if self._clock_now else before
        return [TERM.row(row) for row in self._rows(statements.DUE_TERMS, (to_micros(before), to_micros(now), limit))]

    def postpone_term(self, term: str, not_before: datetime) -> int:
        """See :class:`workflow.ports.Store`.

        Raises:
            NotFound: no running term of this id.
        """
        rows = self._act(lambda transaction: transaction.run(statements.POSTPONE, (to_micros(not_before), term)))
        if not rows:
            raise NotFound(what="term", name=term)
        return int(rows[0][0])

    # The log.
    def sequence_log(self, limit: int) -> int:
        """See :class:`workflow.ports.Store`. The log's head row is the lock, so numbers have no gap and no two holders."""
        from workflow.ledger.merkle import Frontier  # noqa: PLC0415 the ledger's other parts are not needed to open a store

        if limit < 1 or not self._rows("SELECT 1 FROM outbox LIMIT 1"):
            return 0

        def work(transaction: Transaction) -> int:
            size, edge, _ = transaction.run(statements.LOG_HEAD + self._for_update)[0]
            frontier = Frontier.of(size, _digests(edge))
            waiting = transaction.run(statements.OLDEST_WAITING, (limit,))
            if waiting:
                frontier = frontier.extend(row[3] for row in waiting)
                transaction.many(statements.INSERT_LEAF, [(size + n, *row[1:]) for n, row in enumerate(waiting)])
                transaction.run(f"DELETE FROM outbox WHERE id {self._among()}", (self._list(row[0] for row in waiting),))  # noqa: S608
                transaction.run(statements.MOVE_LOG_HEAD, (frontier.size, b"".join(frontier.roots), frontier.root()))
            return len(waiting)

        return self._act(work)

    def log_state(self) -> LogState:
        """See :class:`workflow.ports.Store`."""
        size, edge, root = self._rows(statements.LOG_HEAD)[0]
        return LogState(size, _digests(edge), root)

    def log_leaves(self) -> Iterator[tuple[int, str, int, bytes]]:
        """See :class:`workflow.ports.Store`."""
        return ((row[0], row[1], row[2], row[3]) for row in self._stream(statements.LEAVES))

    def unsequenced(self) -> int:
        """How many entries wait for the log."""
        return int(self._rows("SELECT count(*) FROM outbox")[0][0])

    def entries(self, subject: str | None = None) -> Iterator[StoredEntry]:
        """See :class:`workflow.ports.Store`."""
        if subject is None:
            return map(ENTRY.row, self._stream(f"{statements.ENTRIES} ORDER BY subject,seq"))
        return map(ENTRY.row, self._rows(f"{statements.ENTRIES} WHERE subject=? ORDER BY seq", (subject,)))

    def bodies(self, subjects: Sequence[str]) -> list[str]:
        """See :class:`workflow.ports.Store`."""
        sql = f"SELECT body FROM history WHERE subject {self._among()} ORDER BY subject,seq"  # noqa: S608
        return [row[0] for row in self._rows(sql, (self._list(subjects),))]

    def heads(self) -> Iterator[Head]:
        """Heads of all subjects by code."""
        return (Head(row[0], row[1], row[2]) for row in self._stream(statements.HEADS))

    def subjects(self) -> Iterator[Subject]:
        """See :class:`workflow.ports.Store`; cases, certificates, rounds, plans, calendars, delegations."""
        for shape in SUBJECTS.values():
            yield from map(shape.row, self._stream(f"SELECT {shape.names()} FROM {shape.table} ORDER BY code"))  # noqa: S608

    def terms(self, case: str | None = None) -> Iterator[TermRow]:
        """See :class:`workflow.ports.Store`."""
        if case is None:
            return map(TERM.row, self._stream(f"SELECT {TERM.names()} FROM term ORDER BY id"))  # noqa: S608
        # Ids begin with the case's code, so the primary key finds them; ';' is the sign after ':'.
        sql = f"SELECT {TERM.names()} FROM term WHERE id>=? AND id<? AND case_code=? ORDER BY id"  # noqa: S608
        return map(TERM.row, self._rows(sql, (f"{case}:", f"{case};", case)))

    def counted_terms(self, after: datetime) -> list[TermRow]:
        """See :class:`workflow.ports.Store`."""
        sql = f"SELECT {TERM.names()} FROM term WHERE calendar IS NOT NULL AND due_at>? AND status IN ('running','passed') ORDER BY id"  # noqa: S608
        return [TERM.row(row) for row in self._rows(sql, (to_micros(after),))]

    def last_recorded(self) -> datetime | None:
        """See :class:`workflow.ports.Store`."""
        found = self._rows(statements.LAST_RECORDED)[0][0]
        return None if found is None else from_micros(found)

    # The installation.
    def get_meta(self, key: str) -> str | None:
        """A note of the installation."""
        rows = self._rows("SELECT value FROM meta WHERE key=?", (key,))
        return rows[0][0] if rows else None

    def meta_like(self, prefix: str) -> dict[str, str]:
        """Every note whose key begins so."""
        found = self._rows("SELECT key,value FROM meta WHERE substr(key,1,?)=? ORDER BY key", (len(prefix), prefix))
        return {row[0]: row[1] for row in found}

    def set_meta(self, key: str, value: str) -> None:
        """Keep a note of the installation.

        Raises:
            StoreUnsafe: ``meta_fixed``; a rehearsal never becomes a real installation, nor the other way round.
        """
        if key in _FIXED_META:
            raise StoreUnsafe("meta_fixed", key=key)
        params = storable((key, value))
        self._act(lambda transaction: transaction.run(statements.SET_META, params))


def _loaded(rows: Sequence[Row]) -> LoadedCase:
    first = rows[0]
    start = _CASE_WIDTH + 2
    # The few terms of a case are put in order here: the database would sort whole rows, texts and memo included.
    terms = tuple(TERM.row(row[start:]) for row in sorted(rows, key=itemgetter(start))) if first[start] is not None else ()
    return LoadedCase(mapping.case_row(first), terms, first[_CASE_WIDTH], bool(first[_CASE_WIDTH + 1]))


def _digests(edge: bytes) -> tuple[bytes, ...]:
    return tuple(edge[at : at + _DIGEST] for at in range(0, len(edge), _DIGEST))


def reference_unknown(reason: str) -> MalformedInput:
    """The error of :meth:`SharedStore.save_registry`."""
    return MalformedInput("registry_reference_unknown", reason=reason)
