"""Writing to PostgreSQL: one statement for one change, sets of rows for many.

A change is one data-modifying CTE: compare-and-set of the subject's row, the history entry, the outbox row, terms opened and closed, in
one round trip and one commit. Whatever does not fit makes the whole statement fail, so half a change cannot be written. The text depends
only on the kind of subject, on whether it is new, and on how many terms close, so it is prepared once a connection. Terms that open travel
as one JSON text: psycopg takes a statement with more than fifty parameters apart anew at every call, which costs more than sending it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from psycopg import sql

from workflow.ports import Change, Outcome, moves_rounds
from workflow.rows import CaseRow
from workflow.store import statements
from workflow.store.differing import differing
from workflow.store.mapping import CASE, ENTRY, STAGE, SUBJECTS, TERM, Shape, Values, entry_values, outbox_values, storable
from workflow.store.postgresql_pool import Connection
from workflow.store.statements import numbered
from workflow.store.tables import metadata
from workflow.store.telling_mapping import RUNG, steps_values
from workflow.telling import Steps, rungs_of

NOT_AS_EXPECTED = (
    psycopg.errors.UniqueViolation,
    # The statement's own way out when a term was no longer running.
    psycopg.errors.DivisionByZero,
    # Two groups that wait for each other: the one that the server gives up was beaten.
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)

_OUTBOX_COLUMNS = ("subject", "seq", "leaf_hash")
_ENDS = "(term.status='running' OR (term.status='passed' AND v.status='met'))"
"""A running term ends; one that the system has recorded as passed may turn out to be met, by an act on paper."""

_FALLS = "rung.duty=v.id AND rung.state='planned' AND (v.status<>'passed' OR rung.at<rung.due_at)"
_PLAN = (
    f"INSERT INTO rung({RUNG.names()}) SELECT r.duty,s.key,r.kind,r.subject,s.value::bigint,r.due_at,'planned',0,NULL,NULL"  # noqa: S608
    " FROM u,json_to_recordset(%s::json) r(duty text,kind text,subject text,due_at bigint,at json),json_each_text(r.at) s"
    f" {statements.replacing(RUNG)}"
)
"""A duty that stands again (a report taken back) gets its steps again."""

_END_RUNGS = numbered(statements.END_RUNGS)
_UPSERT_STAGE = numbered(statements.upsert(STAGE))


class UndoneError(Exception):
    """Takes a group back and carries its outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def _type(table: str, column: str) -> str:
    declared = metadata.tables[table].c[column].type
    kind = declared.impl_instance if isinstance(declared, sa.types.TypeDecorator) else declared
    for family, name in ((sa.BigInteger, "bigint"), (sa.Integer, "int"), (sa.Boolean, "boolean"), (sa.LargeBinary, "bytea")):
        if isinstance(kind, family):
            return name
    return "text"


def _casts(table: str, columns: Sequence[str]) -> list[str]:
    return [f"%s::{_type(table, column)}" for column in columns]


@lru_cache(maxsize=256)
def _statement(shape_table: str, *, new: bool, judged: bool, opens: bool, plans: bool, closed: int) -> str:  # noqa: PLR0913
    shape = next(shape for shape in SUBJECTS.values() if shape.table == shape_table)
    judge = "(SELECT epoch FROM registry WHERE id=1)=%s" if judged else "true"
    if new:
        subject = f"INSERT INTO {shape.table}({shape.names()}) SELECT {','.join(_casts(shape.table, shape.columns))} WHERE {judge}"
    else:
        sets = ",".join(f"{column}={cast}" for column, cast in zip(shape.changing, _casts(shape.table, shape.changing), strict=True))
        subject = f"UPDATE {shape.table} SET {sets} WHERE code=%s AND version=%s AND head_seq=%s AND {judge}"  # noqa: S608
    entry = ",".join(_casts("history", ENTRY.columns))
    parts = [
        f"u AS ({subject} RETURNING code)",
        f"h AS (INSERT INTO history({ENTRY.names()}) SELECT {entry} FROM u RETURNING subject,seq,leaf_hash)",  # noqa: S608
        "o AS (INSERT INTO outbox(subject,seq,leaf_hash) SELECT subject,seq,leaf_hash FROM h)",
    ]
    answer = "SELECT (SELECT count(*) FROM u)"
    if closed:
        pairs = ",".join(["(%s::text,%s::text)"] * closed)
        parts += [
            f"v(id,status) AS (VALUES {pairs})",
            f"c AS (UPDATE term SET status=v.status FROM u,v WHERE term.id=v.id AND {_ENDS} RETURNING 1)",  # noqa: S608
            f"e AS (UPDATE rung SET state='cancelled' FROM u,v WHERE {_FALLS})",  # noqa: S608
        ]
        # Dividing by zero undoes the statement: a term that no longer runs means that the act was judged on old dates.
        answer += f",1/(CASE WHEN (SELECT count(*) FROM c)={closed}*(SELECT count(*) FROM u) THEN 1 ELSE 0 END)"  # noqa: S608
    if opens:
        typed = ",".join(f"{column} {_type('term', column)}" for column in TERM.columns)
        rows = f"SELECT {TERM.names('r.')} FROM u,json_to_recordset(%s::json) r({typed})"  # noqa: S608
        parts.append(f"t AS (INSERT INTO term({TERM.names()}) {rows})")
    if plans:
        parts.append(f"p AS ({_PLAN})")
    return f"WITH {', '.join(parts)} {answer}"


def apply(connection: Connection, change: Change, epoch: int | None) -> bool:
    """Carry out one change in one statement; False if the head or the epoch is another, errors of :data:`NOT_AS_EXPECTED` otherwise."""
    row = change.row
    shape = SUBJECTS[type(row)]
    values = storable(shape.values(row))
    new = change.version is None
    params = list(values if new else (*shape.pick(shape.changing, values), row.code, change.version, change.seq))
    if epoch is not None:
        params.append(epoch)
    params += entry_values(change.entry)
    for term, status in change.closed:
        params += (term, status.value)
    if change.opened:
        params.append(_records(TERM, change.opened))
    if change.steps:
        params.append(orjson.dumps([_planned(each) for each in change.steps]).decode())
    text = _statement(
        shape.table, new=new, judged=epoch is not None, opens=bool(change.opened), plans=bool(change.steps), closed=len(change.closed)
    )
    found = connection.execute(text, params).fetchone()
    if found is None or found[0] != 1:
        return False
    for stage in change.stages:
        connection.execute(_UPSERT_STAGE, storable(STAGE.values(stage)))
    for duty in change.fulfilled:
        connection.execute(_END_RUNGS, (duty,))
    return True


def _records(shape: Shape, rows: Sequence[Any]) -> str:
    return orjson.dumps([dict(zip(shape.columns, storable(shape.values(row)), strict=True)) for row in rows]).decode()


def _planned(steps: Steps) -> dict[str, Any]:
    duty, kind, subject, due_at, at = storable(steps_values(steps))
    return {"duty": duty, "kind": kind, "subject": subject, "due_at": due_at, "at": orjson.Fragment(at)}


def refused(connection: Connection, epoch: int | None) -> Outcome:
    """Why a change was not written: the registry, or the subject."""
    if epoch is not None and current_epoch(connection) != epoch:
        return Outcome.RIGHTS_MOVED
    return Outcome.MOVED


def current_epoch(connection: Connection) -> int:
    """Epoch of the registry as of this statement."""
    found = connection.execute(statements.EPOCH).fetchone()
    return int(found[0]) if found else -1


def write_group(connection: Connection, changes: Sequence[Change], epoch: int | None) -> Outcome:
    """A group within the transaction or savepoint that this opens; subjects in the order of their codes, so groups queue up."""
    try:
        with connection.transaction():
            for change in sorted(changes, key=lambda change: change.row.code):
                if not apply(connection, change, epoch):
                    raise UndoneError(refused(connection, epoch))  # noqa: TRY301 it has to leave the transaction
            if moves_rounds(changes):
                connection.execute(statements.BUMP_EPOCH)
    except UndoneError as undone:
        return undone.outcome
    except NOT_AS_EXPECTED:
        return Outcome.MOVED
    return Outcome.WRITTEN


def _copy(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Values]) -> None:
    if not rows:
        return
    text = sql.SQL("COPY {}({}) FROM STDIN").format(sql.Identifier(table), sql.SQL(",").join(map(sql.Identifier, columns)))
    with connection.cursor() as cursor, cursor.copy(text) as copy:
        for row in rows:
            copy.write_row(row)


def _listed(table: str, columns: Sequence[str]) -> str:
    return ",".join(f"{column} {_type(table, column)}" for column in columns)


@lru_cache(maxsize=256)
def _update_many(columns: tuple[str, ...]) -> str:
    sets = ",".join(f"{column}=v.{column}" for column in columns)
    typed = _listed(CASE.table, columns)
    return (
        f"UPDATE case_file c SET {sets} FROM json_to_recordset(%s::json) v(of_code text,old_version int,old_seq int,{typed})"  # noqa: S608
        " WHERE c.code=v.of_code AND c.version=v.old_version AND c.head_seq=v.old_seq"
    )


_ENDED = "json_to_recordset(%s::json) v(id text,status text)"
_CLOSE_MANY = f"UPDATE term SET status=v.status FROM {_ENDED} WHERE term.id=v.id AND {_ENDS}"  # noqa: S608
_END_MANY = f"UPDATE rung SET state='cancelled' FROM {_ENDED} WHERE {_FALLS}"  # noqa: S608
_LOCK_MANY = "SELECT code,version,head_seq FROM case_file WHERE code=ANY(%s) ORDER BY code FOR UPDATE"


def simple(group: Sequence[Change]) -> Change | None:
    """The change of a group that the set-based path can take: one case, no stages."""
    return group[0] if len(group) == 1 and isinstance(group[0].row, CaseRow) and not group[0].stages and not group[0].fulfilled else None


def write_set(connection: Connection, changes: Sequence[Change]) -> list[bool]:
    """Changes of distinct cases as sets of rows, in a savepoint; True for each that was written.

    Cases whose head has moved are found first, under lock, and left out; errors of :data:`NOT_AS_EXPECTED` and :class:`UndoneError` mean
    that something else does not fit and nothing was written.
    """
    with connection.transaction():
        heads = {
            code: (version, seq)
            for code, version, seq in connection.execute(_LOCK_MANY, ([c.row.code for c in changes if c.version is not None],))
        }
        fits = [c.version is None or heads.get(c.row.code) == (c.version, c.seq) for c in changes]
        taken = [change for change, fit in zip(changes, fits, strict=True) if fit]
        _copy(connection, CASE.table, CASE.columns, [storable(CASE.values(c.row)) for c in taken if c.version is None])
        if not _updated(connection, [change for change in taken if change.before is not None]):
            raise UndoneError(Outcome.MOVED)
        _copy(connection, ENTRY.table, ENTRY.columns, [entry_values(c.entry) for c in taken])
        _copy(connection, "outbox", _OUTBOX_COLUMNS, [outbox_values(c.entry) for c in taken])
        closed = [{"id": term, "status": status._value_} for c in taken for term, status in c.closed]
        if closed:
            ended = orjson.dumps(closed).decode()
            if connection.execute(_CLOSE_MANY, (ended,)).rowcount != len(closed):
                raise UndoneError(Outcome.MOVED)
            connection.execute(_END_MANY, (ended,))
        _copy(connection, TERM.table, TERM.columns, [storable(TERM.values(term)) for c in taken for term in c.opened])
        _copy(connection, RUNG.table, RUNG.columns, [storable(RUNG.values(rung)) for c in taken for rung in rungs_of(c.steps)])
    return fits


def _updated(connection: Connection, changes: Sequence[Change]) -> bool:
    """Update cases, those together in which the same columns differ; as one JSON text, which costs the driver less than many arrays."""
    rows: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for change in changes:
        before = change.before
        assert before is not None  # noqa: S101 - the caller has looked
        columns, values = differing(CASE, change.row, before)
        named = dict(zip(columns, storable(values), strict=True))
        if "head_hash" in named:
            named["head_hash"] = f"\\x{named['head_hash'].hex()}"
        rows.setdefault(columns, []).append({"of_code": before.code, "old_version": before.version, "old_seq": before.head_seq, **named})
    return all(
        connection.execute(_update_many(columns), (orjson.dumps(some).decode(),)).rowcount == len(some) for columns, some in rows.items()
    )
