"""Tables of the service's own work: answers given, and operations on many cases. They are no history; nothing here decides anything."""

from collections.abc import Iterable
from typing import Any

import orjson

from workflow.operations import RETRIED, BulkItem, BulkOperation, BulkState, Fate, GivenAnswer
from workflow.store.base import Base, Row, Transaction
from workflow.store.mapping import storable
from workflow.store.types import from_micros, to_micros

_ANSWER = "SELECT command,digest,status,headers,body,at FROM http_answer WHERE command=?"
_KEEP = "INSERT INTO http_answer(command,digest,status,headers,body,at) VALUES(?,?,?,?,?,?) ON CONFLICT(command) DO NOTHING"
_OPERATION = "SELECT id,person,event,payload,reason,state,created_at,total,request,credential FROM bulk_operation"
_INSERT_OPERATION = (
    "INSERT INTO bulk_operation(id,person,event,payload,reason,state,created_at,total,request,credential) VALUES(?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT DO NOTHING"
)
_ITEM = "SELECT operation,number,case_code,version,tries,fate,told FROM bulk_item"
_INSERT_ITEM = "INSERT INTO bulk_item(operation,number,case_code,version,tries,fate,told) VALUES(?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"
_RECORD = "UPDATE bulk_item SET fate=?,told=? WHERE operation=? AND number=? AND fate='pending'"
_MOVE = "UPDATE bulk_operation SET state=? WHERE id=? AND state=?"
_RETRY = (
    f"UPDATE bulk_item SET fate='pending',told=NULL,tries=tries+1 WHERE operation=? AND fate IN ({','.join(repr(str(f)) for f in RETRIED)})"  # noqa: S608
)
_SKIP = "UPDATE bulk_item SET fate='skipped' WHERE operation=? AND fate='pending'"


class ServiceTables(Base):
    """The part of a store that keeps the service's own work."""

    # Answers.
    def answer(self, command: str) -> GivenAnswer | None:
        """See :class:`workflow.ports.Served`."""
        rows = self._rows(_ANSWER, (command,))
        if not rows:
            return None
        command, digest, status, headers, body, at = rows[0]
        return GivenAnswer(command=command, digest=digest, status=status, headers=orjson.loads(headers), body=body, at=from_micros(at))

    def keep_answer(self, given: GivenAnswer) -> None:
        """See :class:`workflow.ports.Served`."""
        values = (given.command, given.digest, given.status, orjson.dumps(given.headers).decode(), given.body, to_micros(given.at))
        self._act(lambda transaction: transaction.run(_KEEP, storable(values)))

    # Operations on many cases.
    def begin_bulk(self, operation: BulkOperation, items: Iterable[BulkItem]) -> None:
        """See :class:`workflow.ports.Served`."""
        o = operation
        head = storable(
            (
                o.id,
                o.person,
                o.event,
                orjson.dumps(o.payload).decode(),
                o.reason,
                str(o.state),
                to_micros(o.created_at),
                o.total,
                o.request,
                o.credential,
            )
        )
        rows = [storable((i.operation, i.number, i.case, i.version, i.tries, str(i.fate), None)) for i in items]

        def work(transaction: "Transaction") -> None:
            transaction.run(_INSERT_OPERATION, head)
            transaction.many(_INSERT_ITEM, rows)

        self._asked(work)

    def bulk(self, operation: str) -> BulkOperation | None:
        """See :class:`workflow.ports.Served`."""
        rows = self._rows(f"{_OPERATION} WHERE id=?", (operation,))
        return _operation(rows[0]) if rows else None

    def bulk_running(self) -> list[BulkOperation]:
        """See :class:`workflow.ports.Served`."""
        return [_operation(row) for row in self._rows(f"{_OPERATION} WHERE state='running' ORDER BY created_at,id")]

    def bulk_items(self, operation: str, *, fate: str | None = None, after: int = 0, limit: int = 200) -> list[BulkItem]:
        """See :class:`workflow.ports.Served`."""
        chosen, params = (" AND fate=?", [fate]) if fate is not None else ("", [])
        sql = f"{_ITEM} WHERE operation=?{chosen} AND number>? ORDER BY number LIMIT ?"
        return [_item(row) for row in self._rows(sql, [operation, *params, after, limit])]

    def bulk_counts(self, operation: str) -> dict[str, int]:
        """See :class:`workflow.ports.Served`."""
        rows = self._rows("SELECT fate,count(*) FROM bulk_item WHERE operation=? GROUP BY fate", (operation,))
        return {fate: int(count) for fate, count in rows}

    def record_bulk(self, operation: str, told: Iterable[tuple[int, Fate, dict[str, Any] | None]]) -> None:
        """See :class:`workflow.ports.Served`."""
        rows = [(str(fate), None if said is None else orjson.dumps(said).decode(), operation, number) for number, fate, said in told]
        self._act(lambda transaction: transaction.many(_RECORD, [storable(row) for row in rows]))

    def move_bulk(self, operation: str, before: BulkState, after: BulkState) -> bool:
        """See :class:`workflow.ports.Served`."""

        def work(transaction: "Transaction") -> bool:
            moved = transaction.many(_MOVE, [(str(after), operation, str(before))]) == 1
            if moved and after is BulkState.CANCELLED:
                transaction.run(_SKIP, (operation,))
            return moved

        return self._asked(work)

    def retry_bulk(self, operation: str, credential: str | None = None) -> int:
        """See :class:`workflow.ports.Served`."""

        def work(transaction: "Transaction") -> int:
            count = transaction.many(_RETRY, [(operation,)])
            if count:
                transaction.run("UPDATE bulk_operation SET state='running',credential=? WHERE id=?", (credential, operation))
            return count

        return self._asked(work)


def _operation(v: Row) -> BulkOperation:
    return BulkOperation(
        id=v[0], person=v[1], event=v[2], payload=orjson.loads(v[3]), reason=v[4], state=BulkState(v[5]), created_at=from_micros(v[6]),
        total=v[7], request=v[8], credential=v[9],
    )  # fmt: skip


def _item(v: Row) -> BulkItem:
    told = orjson.loads(v[6]) if v[6] else None
    return BulkItem(operation=v[0], number=v[1], case=v[2], version=v[3], tries=v[4], fate=Fate(v[5]), told=told)
