"""Identity's rows on both databases: :class:`workflow.accounts.IdentityShelf` over the store's own reads and transactions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, fields
from datetime import datetime
from typing import Any

from workflow.accounts import AccessRow, AccountRow, Add, AttemptRow, Kept, Known, LinkRow, Overtaken, Put, R, SessionRow, TokenRow, Where
from workflow.rows import DelegationRow
from workflow.store import identity_tables, statements
from workflow.store.base import Base
from workflow.store.mapping import DELEGATION, storable
from workflow.store.types import from_micros, to_micros

_TABLES: Mapping[type, Any] = {
    AccountRow: identity_tables.AccountTable,
    LinkRow: identity_tables.AccountLinkTable,
    SessionRow: identity_tables.SessionTable,
    TokenRow: identity_tables.TokenTable,
    AttemptRow: identity_tables.AttemptTable,
    AccessRow: identity_tables.AccessTable,
}
_ORDER = {AccountRow: "person", AttemptRow: "id DESC", AccessRow: "id DESC"}
_NUMBERED = (AttemptRow, AccessRow)
_BOOLEANS = frozenset({"strong", "whole"})


_OVER: Mapping[type, tuple[str, str]] = {
    SessionRow: ("hash", "coalesce(ended_at,expires_at)"),
    LinkRow: ("hash", "coalesce(used_at,expires_at)"),
    AccessRow: ("id", "at"),
}
"""Of what is kept for a time: the key, and when the time begins."""

_COLUMNS: Mapping[type, tuple[str, ...]] = {kind: tuple(field.name for field in fields(kind)) for kind in _TABLES}


def _columns(kind: type) -> tuple[str, ...]:
    return _COLUMNS[kind]


def _table(kind: type) -> str:
    return str(_TABLES[kind].__tablename__)


def _names(kind: type, prefix: str = "") -> str:
    return ",".join(prefix + column for column in _columns(kind))


_KNOWN: Mapping[type, str] = {
    kind: f"SELECT ({statements.EPOCH}),{_names(kind, 's.')},{_names(AccountRow, 'a.')} FROM {_table(kind)} s"  # noqa: S608
    " LEFT JOIN account a ON a.person=s.person WHERE s.hash IN LIST"
    for kind in (SessionRow, TokenRow)
}
_KEPT = 10_000


def _value(value: Any) -> Any:
    return to_micros(value) if isinstance(value, datetime) else value


def _row(kind: type[R], values: Sequence[Any]) -> R:
    given = zip(_columns(kind), values, strict=True)
    return kind(**{name: _read(name, value) for name, value in given})


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "at" or name.endswith("_at"):
        return from_micros(value)
    return bool(value) if name in _BOOLEANS else bytes(value) if isinstance(value, memoryview) else value


def _conditions(kind: type, where: Where) -> list[str]:
    """Conditions on columns, and the values for them."""
    unknown = set(where) - set(_columns(kind))
    if unknown:
        raise KeyError(unknown)
    return [f"{name} IS NULL" if value is None else f"{name}=?" for name, value in where.items()]


def _params(where: Where) -> list[Any]:
    return [_value(value) for value in where.values() if value is not None]


def _added(row: Kept) -> tuple[str, Sequence[Any]]:
    kind = type(row)
    given = dict(zip(_columns(kind), map(_value, astuple(row)), strict=True))
    if kind in _NUMBERED:
        del given["id"]
    sql = f"INSERT INTO {_table(kind)}({','.join(given)}) VALUES({statements.marks(len(given))}) ON CONFLICT DO NOTHING RETURNING 1"
    return sql, storable(tuple(given.values()))


def _put(step: Put) -> tuple[str, Sequence[Any]]:
    conditions = _conditions(step.kind, step.where)
    _conditions(step.kind, step.values)
    sets = ",".join(f"{name}=?" for name in step.values)
    sql = f"UPDATE {_table(step.kind)} SET {sets} WHERE {' AND '.join(conditions)} RETURNING 1"  # noqa: S608
    return sql, storable((*map(_value, step.values.values()), *_params(step.where)))


class KeepsIdentity(Base):
    """The part of a store that identity asks for."""

    @property
    def identity(self) -> "Shelf":
        """See :class:`workflow.ports.Store`."""
        return Shelf(self._rows, self._act, self._asked, self._for_update)

    def load_delegation(self, code: str) -> DelegationRow | None:
        """See :class:`workflow.ports.Store`."""
        rows = self._rows(f"SELECT {DELEGATION.names()} FROM delegation WHERE code=?", (code,))  # noqa: S608
        return DELEGATION.row(rows[0]) if rows else None


class Shelf:
    """Identity's rows in one database."""

    def __init__(self, rows: Callable[..., list[Any]], act: Callable[..., Any], asked: Callable[..., Any], for_update: str) -> None:
        """Read by ``rows(sql, params)`` and write within ``act(work)`` or ``asked(work)``, as the store itself does."""
        self._rows = rows
        self._act = act
        self._asked = asked
        self._epoch_first = statements.EPOCH + for_update
        self._read: dict[bytes, tuple[Any, Known]] = {}

    def carry_out(self, steps: Sequence[Add | Put], *, asked: bool = True) -> list[int]:
        """See :class:`workflow.accounts.IdentityShelf`."""
        told = [(_added(step.row) if isinstance(step, Add) else _put(step), isinstance(step, Add) or step.must) for step in steps]
        ending = [n for n, step in enumerate(steps) if isinstance(step, Put) and step.ends]

        def work(transaction: Any) -> list[int]:
            if ending:
                # Its row is the lock that lets one ending at a time through, before any row that ends.
                transaction.run(self._epoch_first)
            counts = []
            for (sql, values), must in told:
                counts.append(len(transaction.run(sql, values)))
                if must and not counts[-1]:
                    raise Overtaken
            if any(counts[n] for n in ending):
                transaction.run(statements.BUMP_EPOCH)
            return counts

        done: list[int] = self._asked(work, alone=bool(ending)) if asked else self._act(work)
        return done

    def add(self, row: Kept) -> bool:
        """See :class:`workflow.accounts.IdentityShelf`."""
        sql, values = _added(row)
        return bool(self._act(lambda transaction: transaction.run(sql, values)))

    def add_each(self, rows: Sequence[AccessRow]) -> None:
        """See :class:`workflow.accounts.IdentityShelf`."""
        columns = [name for name in _columns(AccessRow) if name != "id"]
        sql = f"INSERT INTO {_table(AccessRow)}({','.join(columns)}) VALUES({statements.marks(len(columns))})"
        values = [storable(tuple(_value(getattr(row, name)) for name in columns)) for row in rows]
        self._act(lambda transaction: transaction.many(sql, values))

    def change(self, kind: type[R], where: Where, values: Where) -> int:
        """See :class:`workflow.accounts.IdentityShelf`."""
        sql, given = _put(Put(kind, where, values))
        return len(self._act(lambda transaction: transaction.run(sql, given)))

    def find(
        self, kind: type[R], where: Where | None = None, *, since: datetime | None = None, before: int | None = None, limit: int = 1000
    ) -> list[R]:
        """See :class:`workflow.accounts.IdentityShelf`."""
        conditions = _conditions(kind, where or {})
        asked: list[Any] = _params(where or {})
        if since is not None:
            conditions.append("at>=?")
            asked.append(to_micros(since))
        if before is not None:
            conditions.append("id<?")
            asked.append(before)
        condition = " AND ".join(conditions) or "1=1"
        sql = f"SELECT {_names(kind)} FROM {_table(kind)} WHERE {condition} ORDER BY {_ORDER.get(kind, 'created_at DESC')} LIMIT ?"  # noqa: S608
        return [_row(kind, row) for row in self._rows(sql, (*asked, limit))]

    def forget_attempts(self, before: datetime) -> int:
        """See :class:`workflow.accounts.IdentityShelf`."""
        sql = "DELETE FROM login_attempt WHERE at<? RETURNING 1"
        return len(self._act(lambda transaction: transaction.run(sql, (to_micros(before),))))

    def forget_over(self, kind: type[SessionRow | LinkRow | AccessRow], before: datetime, limit: int) -> int:
        """See :class:`workflow.accounts.IdentityShelf`."""
        key, over = _OVER[kind]
        table = _table(kind)
        sql = f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {over}<? ORDER BY {key} LIMIT ?) RETURNING 1"  # noqa: S608
        return len(self._act(lambda transaction: transaction.run(sql, (to_micros(before), limit))))

    def session(self, hash_: bytes) -> Known | None:
        """See :class:`workflow.accounts.IdentityShelf`."""
        return self._known(SessionRow, hash_)

    def token(self, hash_: bytes) -> Known | None:
        """See :class:`workflow.accounts.IdentityShelf`."""
        return self._known(TokenRow, hash_)

    def _known(self, kind: type[Any], hash_: bytes) -> Known | None:
        """One read: every request of a signed-in person makes it."""
        rows = self._rows(_KNOWN[kind].replace("IN LIST", "=?"), (hash_,))
        return self._made(kind, rows[0]) if rows else None

    def sessions(self, hashes: Sequence[bytes]) -> dict[bytes, Known]:
        """See :class:`workflow.accounts.IdentityShelf`."""
        marks = statements.marks(len(hashes))
        rows = self._rows(_KNOWN[SessionRow].replace("IN LIST", f"IN ({marks})"), tuple(hashes)) if hashes else []
        return {known.row.hash: known for known in (self._made(SessionRow, row) for row in rows)}

    def _made(self, kind: type[Any], row: Sequence[Any]) -> Known:
        """The values of a row; where it is the same row as a moment ago, the same values."""
        key = bytes(row[1 + _columns(kind).index("hash")])
        given, before = tuple(row), self._read.get(key)
        if before is not None and before[0] == given:
            return before[1]
        epoch, *rest = given
        width = len(_columns(kind))
        account = _row(AccountRow, rest[width:]) if rest[width] is not None else None
        known = Known(_row(kind, rest[:width]), account, int(epoch))
        if len(self._read) >= _KEPT:
            self._read.clear()
        self._read[key] = (given, known)
        return known
