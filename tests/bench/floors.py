"""The floors: what the databases themselves need for one act of the lap, with nothing thought about.

Each reads what the engine reads (the case, its running deadlines, whether the command is known) and writes what the engine wrote for that
act when it was traced: the same columns of the case, a history entry of the same size, the outbox row, deadlines ended and begun, with
the same durability, on the same tables with the same indexes, checks and triggers. Nothing is judged, parsed, hashed or sealed.
"""

import queue
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

import orjson
import psycopg

from tests.bench.harness import Step
from tests.bench.province import Dossier, Trace
from workflow.store.mapping import CASE, ENTRY, TERM
from workflow.store.sqlite_writer import connect
from workflow.store.urls import conninfo, sqlite_path

Row = Sequence[Any]

_WIDTH = len(CASE.columns)
_VERSION, _SEQ = CASE.columns.index("version"), CASE.columns.index("head_seq")
_SET = ("state", "attempt", "origin", "left_state", "memo", "updated_at", "version", "head_seq", "head_hash")
"""Columns of the case that an act of the lap moves; on SQLite, where naming a column costs, each act sets those alone that it moves."""
_READ = (
    f"SELECT {CASE.names('c.')},(SELECT h.seq FROM history h WHERE h.subject=c.code AND h.command=?),t.id"  # noqa: S608
    f",{','.join('t.' + name for name in TERM.columns[1:])}"
    " FROM case_file c LEFT JOIN term t ON t.case_code=c.code AND t.status='running' WHERE c.code"
)
_HEAD = ("version", "head_seq", "head_hash")
_ENTRY = f"INSERT INTO history({ENTRY.names()}) VALUES({','.join('?' * len(ENTRY.columns))})"
_OUTBOX = "INSERT INTO outbox(subject,seq,leaf_hash) VALUES(?,?,?)"
_CLOSE = "UPDATE term SET status='dropped' WHERE id=? AND status='running'"
_OPEN = f"INSERT INTO term({TERM.names()}) VALUES({','.join('?' * len(TERM.columns))})"


@dataclass(frozen=True, slots=True)
class Written:
    """One act as plain values."""

    columns: tuple[str, ...]
    case: tuple[Any, ...]
    entry: tuple[Any, ...]
    opened: tuple[tuple[Any, ...], ...]
    closes: bool

    @classmethod
    def of(cls, trace: Trace, *, sparing: bool) -> "Written":
        """From what the engine wrote, and what stood there before; ``sparing`` sets no column that stays as it was."""
        was, now = (dict(zip(CASE.columns, CASE.values(row), strict=True)) for row in (trace.before, trace.after.case))
        columns = tuple(name for name in _SET if not sparing or name in _HEAD or was[name] != now[name])
        return cls(
            columns,
            CASE.pick(columns, CASE.values(trace.after.case)),
            ENTRY.values(trace.entry),
            tuple(TERM.values(term) for term in trace.after.terms),
            trace.closes,
        )


@dataclass(slots=True)
class Act:
    """The values of one act on one case, computed from what was read of it."""

    set: str
    update: tuple[Any, ...]
    entry: tuple[Any, ...]
    outbox: tuple[Any, ...]
    closed: list[str]
    opened: list[tuple[Any, ...]]


class Laps:
    """Gives the acts of some dossiers, one after another."""

    def __init__(self, dossiers: Sequence[Dossier], traces: Sequence[Trace], client: int, *, sparing: bool) -> None:
        self._lap = [Written.of(trace, sparing=sparing) for trace in traces]
        self._dossiers = dossiers
        self._next = 0
        self._numbers = count()
        self._client = client

    def take(self) -> Dossier:
        """The dossier whose turn it is."""
        dossier = self._dossiers[self._next]
        self._next = (self._next + 1) % len(self._dossiers)
        return dossier

    def act(self, dossier: Dossier, rows: Sequence[Row]) -> Act:
        """Its next act."""
        written = self._lap[dossier.turn]
        dossier.turn = (dossier.turn + 1) % len(self._lap)
        first = rows[0]
        code, version, seq = first[0], first[_VERSION], first[_SEQ]
        values = list(written.case)
        values[written.columns.index("version")], values[written.columns.index("head_seq")] = version + 1, seq + 1
        entry = (code, seq + 1, written.entry[2], f"floor:{self._client}:{next(self._numbers)}", *written.entry[4:])
        return Act(
            _update(written.columns),
            (*values, code, version, seq),
            entry,
            (code, seq + 1, written.entry[7]),
            [row[_WIDTH + 1] for row in rows] if written.closes else [],
            [(f"{code}:{seq + 1}:{number}", code, *term[2:]) for number, term in enumerate(written.opened)],
        )


@cache
def _update(columns: tuple[str, ...]) -> str:
    return f"UPDATE case_file SET {','.join(f'{name}=?' for name in columns)} WHERE code=? AND version=? AND head_seq=?"  # noqa: S608


def _laps(clients: range, dossiers: Sequence[Dossier], traces: Sequence[Trace], of: int, *, sparing: bool = False) -> list[Laps]:
    return [Laps(dossiers[client::of], traces, client, sparing=sparing) for client in clients]


# SQLite.


def _write(execute: Any, act: Act) -> None:
    execute(act.set, act.update)
    execute(_ENTRY, act.entry)
    execute(_OUTBOX, act.outbox)
    for term in act.closed:
        execute(_CLOSE, (term,))
    for values in act.opened:
        execute(_OPEN, values)


_held: list[sqlite3.Connection | psycopg.Connection[Any]] = []


def let_go() -> None:
    """Close every connection that floors of this process have opened; their steps cannot be taken afterwards."""
    while _held:
        _held.pop().close()


def _opened(url: str) -> sqlite3.Connection:
    path = sqlite_path(url)
    assert path is not None
    _held.append(connection := connect(path, writer=True))
    return connection


def sqlite_each_alone(clients: range, *, url: str, dossiers: Sequence[Dossier], traces: Sequence[Trace], of: int) -> list[Step]:
    """Each client with a connection of its own: BEGIN, read, write, COMMIT."""

    def step_of(laps: Laps) -> Step:
        connection = _opened(url)
        execute = connection.execute

        def step() -> int:
            dossier = laps.take()
            execute("BEGIN IMMEDIATE")
            _write(execute, laps.act(dossier, execute(f"{_READ}=?", ("", dossier.code)).fetchall()))
            execute("COMMIT")
            return 1

        return step

    return [step_of(laps) for laps in _laps(clients, dossiers, traces, of, sparing=True)]


def sqlite_sharing(clients: range, *, url: str, dossiers: Sequence[Dossier], traces: Sequence[Trace], of: int) -> list[Step]:
    """Clients read for themselves; one thread writes what all of them brought and commits once."""
    waiting: queue.SimpleQueue[tuple[Act, threading.Event]] = queue.SimpleQueue()

    def write() -> None:
        execute = _opened(url).execute
        while True:
            batch = [waiting.get()]
            while not waiting.empty() and len(batch) < of:
                batch.append(waiting.get())
            execute("BEGIN IMMEDIATE")
            for act, _ in batch:
                _write(execute, act)
            execute("COMMIT")
            for _, done in batch:
                done.set()

    threading.Thread(target=write, daemon=True).start()

    def step_of(laps: Laps) -> Step:
        execute = _opened(url).execute

        def step() -> int:
            dossier = laps.take()
            act, done = laps.act(dossier, execute(f"{_READ}=?", ("", dossier.code)).fetchall()), threading.Event()
            waiting.put((act, done))
            done.wait()
            return 1

        return step

    return [step_of(laps) for laps in _laps(clients, dossiers, traces, of, sparing=True)]


def _by_case(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def sqlite_batch(  # noqa: PLR0913 - named at the call
    clients: range, *, url: str, dossiers: Sequence[Dossier], traces: Sequence[Trace], of: int, batch: int
) -> list[Step]:
    """Many acts in one transaction, statement by statement."""
    (laps,) = _laps(clients, dossiers, traces, of, sparing=True)
    connection = _opened(url)

    def step() -> int:
        taken = [laps.take() for _ in range(batch)]
        connection.execute("BEGIN IMMEDIATE")
        codes = orjson.dumps([d.code for d in taken]).decode()
        rows = _by_case(connection.execute(f"{_READ} IN (SELECT value FROM json_each(?))", ("", codes)).fetchall())  # noqa: S608
        acts = [laps.act(dossier, rows[dossier.code]) for dossier in taken]
        for text in {act.set for act in acts}:
            connection.executemany(text, [act.update for act in acts if act.set == text])
        connection.executemany(_ENTRY, [act.entry for act in acts])
        connection.executemany(_OUTBOX, [act.outbox for act in acts])
        connection.executemany(_CLOSE, [(term,) for act in acts for term in act.closed])
        connection.executemany(_OPEN, [values for act in acts for values in act.opened])
        connection.execute("COMMIT")
        return batch

    return [step]


# PostgreSQL.

_TYPES = {"attempt": "int", "version": "int", "head_seq": "int", "updated_at": "bigint", "pinned": "boolean", "head_hash": "bytea"}
_ENTRY_TYPES = ("text", "int", "text", "text", "text", "bigint", "text", "bytea", "text")
_TERM_TYPES = {"attempt": "int", "due_at": "bigint", "attempts": "int", "not_before": "bigint"}


def _pg(sql: str) -> str:
    return sql.replace("?", "%s")


def _session(url: str) -> psycopg.Connection[Any]:
    session = psycopg.connect(conninfo(url), autocommit=True)
    session.prepare_threshold = 0
    _held.append(session)
    return session


def postgresql_plain(clients: range, *, url: str, dossiers: Sequence[Dossier], traces: Sequence[Trace], of: int) -> list[Step]:
    """BEGIN, read, one statement for each row written, COMMIT."""

    def step_of(laps: Laps) -> Step:
        session = _session(url)
        read, texts = _pg(f"{_READ}=?"), [_pg(sql) for sql in (_update(_SET), _ENTRY, _OUTBOX, _CLOSE, _OPEN)]
        update, entry, outbox, close, open_ = texts

        def step() -> int:
            dossier = laps.take()
            session.execute("BEGIN")
            act = laps.act(dossier, session.execute(read, ("", dossier.code), binary=True).fetchall())
            session.execute(update, act.update)
            session.execute(entry, act.entry)
            session.execute(outbox, act.outbox)
            for term in act.closed:
                session.execute(close, (term,))
            for values in act.opened:
                session.execute(open_, values)
            session.execute("COMMIT")
            return 1

        return step

    return [step_of(laps) for laps in _laps(clients, dossiers, traces, of)]


@cache
def _one_statement(*, closed: bool, opened: bool) -> str:
    """Everything that one act writes, as one statement."""
    sets = ",".join(f"{name}=?::{_TYPES.get(name, 'text')}" for name in _SET)
    entry = ",".join(f"?::{kind}" for kind in _ENTRY_TYPES)
    parts = [
        f"u AS (UPDATE case_file SET {sets} WHERE code=? AND version=? AND head_seq=? RETURNING code)",  # noqa: S608
        f"h AS (INSERT INTO history({ENTRY.names()}) SELECT {entry} FROM u RETURNING subject,seq,leaf_hash)",  # noqa: S608
        "o AS (INSERT INTO outbox(subject,seq,leaf_hash) SELECT subject,seq,leaf_hash FROM h)",
    ]
    if closed:
        parts.append("c AS (UPDATE term SET status='dropped' FROM u WHERE id=ANY(?) AND status='running')")
    if opened:
        typed = ",".join(f"{name} {_TERM_TYPES.get(name, 'text')}" for name in TERM.columns)
        rows = f"SELECT {TERM.names('r.')} FROM u,json_to_recordset(?::json) r({typed})"  # noqa: S608
        parts.append(f"t AS (INSERT INTO term({TERM.names()}) {rows})")
    return _pg(f"WITH {','.join(parts)} SELECT count(*) FROM u")  # noqa: S608


def postgresql_one_statement(clients: range, *, url: str, dossiers: Sequence[Dossier], traces: Sequence[Trace], of: int) -> list[Step]:
    """Read, then everything in one statement that commits itself."""

    def step_of(laps: Laps) -> Step:
        session = _session(url)
        read = _pg(f"{_READ}=?")

        def step() -> int:
            dossier = laps.take()
            act = laps.act(dossier, session.execute(read, ("", dossier.code), binary=True).fetchall())
            values: list[Any] = [*act.update, *act.entry]
            if act.closed:
                values.append(act.closed)
            if act.opened:
                values.append(orjson.dumps([dict(zip(TERM.columns, opened, strict=True)) for opened in act.opened]).decode())
            session.execute(_one_statement(closed=bool(act.closed), opened=bool(act.opened)), values).fetchone()
            return 1

        return step

    return [step_of(laps) for laps in _laps(clients, dossiers, traces, of)]


_UPDATE_ALL = _pg(
    f"UPDATE case_file c SET {','.join(f'{name}=v.{name}' for name in _SET)} FROM unnest("  # noqa: S608
    f"{','.join('?::' + _TYPES.get(name, 'text') + '[]' for name in _SET)},?::text[],?::int[],?::int[])"
    f" v({','.join(_SET)},of_code,old_version,old_seq) WHERE c.code=v.of_code AND c.version=v.old_version AND c.head_seq=v.old_seq"
)


def _copy(session: psycopg.Connection[Any], table: str, columns: str, rows: Sequence[Row]) -> None:
    if rows:
        with session.cursor() as cursor, cursor.copy(f"COPY {table}({columns}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)


def postgresql_batch(  # noqa: PLR0913 - named at the call
    clients: range, *, url: str, dossiers: Sequence[Dossier], traces: Sequence[Trace], of: int, batch: int
) -> list[Step]:
    """Many acts in one transaction, as sets of rows: UPDATE FROM unnest, and COPY."""
    (laps,) = _laps(clients, dossiers, traces, of)
    session = _session(url)

    def step() -> int:
        taken = [laps.take() for _ in range(batch)]
        session.execute("BEGIN")
        rows = _by_case(session.execute(_pg(f"{_READ}=ANY(?)"), ("", [d.code for d in taken]), binary=True).fetchall())
        acts = [laps.act(dossier, rows[dossier.code]) for dossier in taken]
        session.execute(_UPDATE_ALL, [list(column) for column in zip(*(act.update for act in acts), strict=True)])
        _copy(session, "history", ENTRY.names(), [act.entry for act in acts])
        _copy(session, "outbox", "subject,seq,leaf_hash", [act.outbox for act in acts])
        closed = [term for act in acts for term in act.closed]
        session.execute("UPDATE term SET status='dropped' WHERE id=ANY(%s) AND status='running'", (closed,))
        _copy(session, "term", TERM.names(), [values for act in acts for values in act.opened])
        session.execute("COMMIT")
        return batch

    return [step]
