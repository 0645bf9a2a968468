"""Telling on both databases: steps, messages, deliveries, and what people have said of them. See :class:`workflow.telling.Telling`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from workflow.store import statements
from workflow.store.base import Transaction
from workflow.store.mapping import Shape, instant, storable
from workflow.store.telling_mapping import DELIVERY, FEED, ITEM, LINK, MESSAGE, RUNG, SETTING, TRY, WEBHOOK
from workflow.store.toldbook import SqlToldBook, told_rows
from workflow.store.types import to_micros
from workflow.telling import (
    DeliveryQuery,
    DeliveryRow,
    Done,
    FeedRow,
    Fired,
    ItemRow,
    LinkRow,
    MessageRow,
    RungRow,
    SettingRow,
    TryRow,
    WebhookRow,
)

_CURSOR = "telling:"
_HELD = ("waiting", "claimed", "sending")


def _added(shape: Shape) -> str:
    return f"{statements.insert(shape)} ON CONFLICT DO NOTHING"


_ADD_RUNG, _ADD_ITEM, _ADD_MESSAGE, _ADD_DELIVERY, _ADD_TRY = (_added(shape) for shape in (RUNG, ITEM, MESSAGE, DELIVERY, TRY))
_DUE = (
    f"SELECT {RUNG.names('r.')} FROM rung r WHERE r.state='planned' AND r.at<=? AND (r.not_before IS NULL OR r.not_before<=?)"  # noqa: S608
    " AND NOT EXISTS (SELECT 1 FROM rung n WHERE n.duty=r.duty AND n.state='planned' AND n.at<=? AND (n.at,n.rung)>(r.at,r.rung))"
    " ORDER BY r.at,r.duty LIMIT ?"
)
_GROWS = "UPDATE message SET version=version+1 WHERE id=? AND body IS NULL"
_WORDED = "UPDATE message SET body=?,composed_at=? WHERE id=? AND body IS NULL AND version=? RETURNING id"
_MOOT = "UPDATE told_item SET moot=? WHERE recipient=? AND duty=? AND rung=?"


_ENDING = tuple(column for column in DELIVERY.columns if column not in {"key", "message", "channel", "target", "created_at", "read_at"})
_ENDED = (
    f"UPDATE delivery SET {','.join(f'{column}=?' for column in _ENDING)}"  # noqa: S608
    " WHERE key=? AND owner=? AND state IN ('claimed','sending')"
)


class _FixedError(Exception):
    """The words of a message were fixed before something could be added to it."""


class SqlTelling(SqlToldBook):
    """The part of a store that :class:`workflow.telling.Telling` asks for."""

    # Steps.
    def due_rungs(self, now: datetime, limit: int) -> list[RungRow]:
        """See :class:`workflow.telling.Telling`."""
        at = to_micros(now)
        return [RUNG.row(row) for row in self._rows(_DUE, (at, at, at, limit))]

    def fire(self, fired: Sequence[Fired], messages: Iterable[MessageRow], deliveries: Iterable[DeliveryRow], now: datetime) -> int | None:
        """See :class:`workflow.telling.Telling`. Whoever takes the steps of a duty first writes what they become; the others find none."""
        wanted = {(each.rung.duty, each.rung.rung): each for each in fired}
        duties, at = self._list(dict.fromkeys(duty for duty, _ in wanted)), to_micros(now)
        by_id, deliveries = {row.id: row for row in messages}, list(deliveries)

        def work(transaction: Transaction) -> int:
            taken = transaction.run(
                "UPDATE rung SET state='superseded',fired_at=? WHERE state='planned' AND at<=?"  # noqa: S608
                f" AND duty {self._among()} RETURNING duty,rung",
                (at, at, duties),
            )
            mine = [each for row in taken if (each := wanted.get((row[0], row[1])))]
            transaction.many("UPDATE rung SET state=? WHERE duty=? AND rung=?", [(e.state.value, e.rung.duty, e.rung.rung) for e in mine])
            self._add_items(transaction, [item for each in mine for item in each.items], by_id, deliveries)
            return len(mine)

        try:
            return self._act(work)
        except _FixedError:
            return None

    @staticmethod
    def _add_items(
        transaction: Transaction, items: Sequence[ItemRow], messages: Mapping[str, MessageRow], deliveries: Sequence[DeliveryRow]
    ) -> None:
        used = sorted({item.message for item in items})
        if not used:
            return
        transaction.many(_ADD_MESSAGE, [storable(MESSAGE.values(messages[key])) for key in used])
        if transaction.many(_GROWS, [(key,) for key in used]) != len(used):
            raise _FixedError
        transaction.many(_ADD_ITEM, [storable(ITEM.values(item)) for item in items])
        ways = [storable(DELIVERY.values(row)) for row in deliveries if row.message in used]
        if ways:
            transaction.many(_ADD_DELIVERY, ways)

    def postpone_rung(self, duty: str, rung: str, not_before: datetime) -> int:
        """See :class:`workflow.telling.Telling`; 0 where it waits no longer."""
        sql = "UPDATE rung SET attempts=attempts+1,not_before=? WHERE duty=? AND rung=? AND state='planned' RETURNING attempts"
        rows = self._act(lambda transaction: transaction.run(sql, (to_micros(not_before), duty, rung)))
        return int(rows[0][0]) if rows else 0

    def rungs(self, duties: Sequence[str]) -> list[RungRow]:
        """See :class:`workflow.telling.Telling`; by duty and moment."""
        sql = f"SELECT {RUNG.names()} FROM rung WHERE duty {self._among()} ORDER BY duty,at,rung"  # noqa: S608
        return [RUNG.row(row) for row in self._rows(sql, (self._list(duties),))]

    def rungs_between(self, start: datetime, end: datetime, limit: int) -> list[RungRow]:
        """See :class:`workflow.telling.Telling`."""
        sql = f"SELECT {RUNG.names()} FROM rung WHERE state='planned' AND at>=? AND at<? ORDER BY at,duty LIMIT ?"  # noqa: S608
        return [RUNG.row(row) for row in self._rows(sql, (to_micros(start), to_micros(end), limit))]

    def unplanned(self, after: str, limit: int) -> list[str]:
        """See :class:`workflow.telling.Telling`."""
        sql = (
            "SELECT id FROM term t WHERE status='running' AND id>? AND NOT EXISTS (SELECT 1 FROM rung r WHERE r.duty=t.id)"
            " ORDER BY id LIMIT ?"
        )
        return [row[0] for row in self._rows(sql, (after, limit))]

    def plan_rungs(self, rungs: Sequence[RungRow]) -> None:
        """See :class:`workflow.telling.Telling`."""
        rows = [storable(RUNG.values(row)) for row in rungs]
        if rows:
            self._act(lambda transaction: transaction.many(_ADD_RUNG, rows))

    # Events.
    def cursor(self, name: str) -> int:
        """See :class:`workflow.telling.Telling`."""
        rows = self._rows("SELECT value FROM counter WHERE scope=?", (_CURSOR + name,))
        return int(rows[0][0]) if rows else 0

    def heard(  # noqa: PLR0913 - one call is one transaction
        self,
        name: str,
        before: int,
        after: int,
        items: Iterable[ItemRow],
        messages: Iterable[MessageRow],
        deliveries: Iterable[DeliveryRow],
    ) -> bool:
        """See :class:`workflow.telling.Telling`."""
        items, deliveries, by_id = list(items), list(deliveries), {row.id: row for row in messages}
        events = [storable(DELIVERY.values(row)) for row in deliveries if row.message is None]

        def work(transaction: Transaction) -> bool:
            transaction.run("INSERT INTO counter(scope,value) VALUES(?,0) ON CONFLICT DO NOTHING", (_CURSOR + name,))
            if not transaction.run("UPDATE counter SET value=? WHERE scope=? AND value=? RETURNING value", (after, _CURSOR + name, before)):
                return False
            self._add_items(transaction, items, by_id, deliveries)
            if events:
                transaction.many(_ADD_DELIVERY, events)
            return True

        try:
            return self._act(work)
        except _FixedError:
            return False

    # Messages.
    def messages(self, ids: Sequence[str]) -> dict[str, MessageRow]:
        """See :class:`workflow.telling.Telling`."""
        rows = self._rows(f"SELECT {MESSAGE.names()} FROM message WHERE id {self._among()}", (self._list(ids),))  # noqa: S608
        return {row[0]: MESSAGE.row(row) for row in rows}

    def items(self, messages: Sequence[str]) -> dict[str, list[ItemRow]]:
        """See :class:`workflow.telling.Telling`."""
        found: dict[str, list[ItemRow]] = {}
        sql = f"SELECT {ITEM.names()} FROM told_item WHERE message {self._among()} ORDER BY message,duty,rung"  # noqa: S608
        for row in self._rows(sql, (self._list(messages),)):
            item = ITEM.row(row)
            found.setdefault(item.message, []).append(item)
        return found

    def told(
        self,
        subject: str | None,
        since: datetime | None,
        limit: int,
        *,
        until: datetime | None = None,
        recipients: Sequence[str] | None = None,
    ) -> list[tuple[ItemRow, MessageRow]]:
        """See :class:`workflow.telling.Telling`."""
        where, params = self._given((
            ("i.subject=?", subject),
            (f"m.recipient {self._among()}", None if recipients is None else tuple(recipients)),
            ("m.created_at>=?", since),
            ("m.created_at<?", until),
        ))  # fmt: skip
        sql = (
            f"SELECT {ITEM.names('i.')},{MESSAGE.names('m.')} FROM told_item i JOIN message m ON m.id=i.message"  # noqa: S608
            f" WHERE {where} ORDER BY m.created_at DESC,m.id,i.duty,i.rung LIMIT ?"
        )
        return told_rows(self._rows(sql, (*params, limit)))

    # Deliveries.
    def claim(  # noqa: PLR0913 - one statement asks them all
        self, now: datetime, owner: str, lease_until: datetime, doubtful: datetime, channels: Sequence[str], limit: int
    ) -> list[DeliveryRow]:
        """See :class:`workflow.telling.Telling`."""
        at = to_micros(now)
        ready = "(state='waiting' AND not_before<=?) OR (state='claimed' AND lease_until<=?) OR (state='sending' AND lease_until<=?)"
        times = (at, at, to_micros(doubtful))
        # Most looks find nothing, and nothing is then written.
        idle = f"SELECT 1 FROM delivery WHERE state IN {_HELD} AND not_before<=? AND ({ready}) LIMIT 1"  # noqa: S608
        if not self._rows(idle, (at, *times)):
            return []
        # The page is found once, before anything is changed: a subquery may be carried out again for each row, and its limit with it.
        sql = (
            "WITH page AS MATERIALIZED (SELECT key FROM delivery WHERE state IN ('waiting','claimed','sending') AND not_before<=?"  # noqa: S608
            f" AND ({ready}) AND channel {self._among()} ORDER BY not_before,key LIMIT ?{self._for_update and ' FOR UPDATE SKIP LOCKED'})"
            " UPDATE delivery SET state='claimed',owner=?,lease_until=?,updated_at=?,"
            "doubts=doubts+(CASE WHEN state='sending' THEN 1 ELSE 0 END)"
            f" WHERE key IN (SELECT key FROM page) AND ({ready}) RETURNING {DELIVERY.names()}"
        )
        params = (at, *times, self._list(channels), limit, owner, to_micros(lease_until), at, *times)
        rows = self._act(lambda transaction: transaction.run(sql, params))
        return sorted((DELIVERY.row(row) for row in rows), key=lambda row: (row.not_before, row.key))

    def word(self, worded: Sequence[MessageRow], moot: Sequence[ItemRow]) -> set[str]:
        """See :class:`workflow.telling.Telling`."""

        def work(transaction: Transaction) -> set[str]:
            fixed = {
                row.id
                for row in worded
                if transaction.run(_WORDED, (row.body, to_micros(row.composed_at or row.created_at), row.id, row.version))
            }
            left_out = [(True, item.recipient, item.duty, item.rung) for item in moot if item.message in fixed]
            if left_out:
                transaction.many(_MOOT, left_out)
            return fixed

        return self._act(work)

    def settle(self, owner: str, *, done: Sequence[Done] = (), sending: Sequence[str] = ()) -> frozenset[str]:
        """See :class:`workflow.telling.Telling`."""
        rows = [
            (
                *DELIVERY.pick(_ENDING, storable(DELIVERY.values(replace(each.delivery, owner=None, lease_until=None)))),
                each.delivery.key,
                owner,
            )
            for each in done
        ]

        def work(transaction: Transaction) -> frozenset[str]:
            if rows:
                transaction.many(_ENDED, rows)
                transaction.many(_ADD_TRY, [storable(TRY.values(each.tried)) for each in done])
            if not sending:
                return frozenset()
            sql = f"UPDATE delivery SET state='sending' WHERE key {self._among()} AND owner=? AND state='claimed' RETURNING key"  # noqa: S608
            return frozenset(row[0] for row in transaction.run(sql, (self._list(sending), owner)))

        return self._act(work)

    def next_moment(self) -> datetime | None:
        """See :class:`workflow.telling.Telling`."""
        sql = (
            "SELECT (SELECT min(at) FROM rung WHERE state='planned'),"  # noqa: S608
            f"(SELECT min(not_before) FROM delivery WHERE state IN {_HELD})"
        )
        found: datetime | None = instant(min((each for each in self._rows(sql)[0] if each is not None), default=None))
        return found

    def deliveries(self, query: DeliveryQuery) -> list[DeliveryRow]:
        """See :class:`workflow.telling.Telling`."""
        where, params = self._given((
            (f"state {self._among()}", query.states),
            ("target=?", query.recipient),
            (f"target {self._among()}", query.targets),
            ("channel=?", query.channel),
            ("message IN (SELECT message FROM told_item WHERE subject=?)", query.subject),
            (f"message {self._among()}", query.messages),
            ("created_at>=?", query.since),
        ))  # fmt: skip
        if query.after is not None:
            where += " AND (created_at<? OR (created_at=? AND key>?))"
            params += [*map(to_micros, query.after[:1] * 2), query.after[1]]
        sql = f"SELECT {DELIVERY.names()} FROM delivery WHERE {where} ORDER BY created_at DESC,key LIMIT ?"  # noqa: S608
        return [DELIVERY.row(row) for row in self._rows(sql, (*params, query.limit))]

    def delivery(self, key: str) -> DeliveryRow | None:
        """A delivery by its key."""
        rows = self._rows(f"SELECT {DELIVERY.names()} FROM delivery WHERE key=?", (key,))  # noqa: S608
        return DELIVERY.row(rows[0]) if rows else None

    def tries(self, key: str) -> list[TryRow]:
        """Tries of a delivery in their order."""
        return [TRY.row(row) for row in self._rows(f"SELECT {TRY.names()} FROM delivery_try WHERE key=? ORDER BY tried_at,attempt", (key,))]  # noqa: S608

    def note(self, delivery: DeliveryRow, tried: TryRow) -> None:
        """See :class:`workflow.telling.Telling`."""

        def work(transaction: Transaction) -> None:
            transaction.run(statements.upsert(DELIVERY), storable(DELIVERY.values(delivery)))
            transaction.many(_ADD_TRY, [storable(TRY.values(tried))])

        self._asked(work)

    def resend(self, key: str, now: datetime) -> bool:
        """See :class:`workflow.telling.Telling`."""
        sql = (
            "UPDATE delivery SET state='waiting',not_before=?,first_at=NULL,updated_at=? WHERE key=? AND channel<>'hand'"
            " AND state IN ('accepted','failed','moot') RETURNING key"
        )
        return bool(self._asked(lambda transaction: transaction.run(sql, (to_micros(now), to_micros(now), key))))

    def oldest_waiting(self, now: datetime) -> tuple[datetime | None, datetime | None, int]:
        """See :class:`workflow.telling.Telling`."""
        at = to_micros(now)
        sql = (
            "SELECT (SELECT min(at) FROM rung WHERE state='planned' AND at<=?),"  # noqa: S608
            f"(SELECT min(not_before) FROM delivery WHERE state IN {_HELD} AND not_before<=?),"
            "(SELECT count(*) FROM delivery WHERE state='failed')"
        )
        rung, delivery, failed = self._rows(sql, (at, at))[0]
        return instant(rung), instant(delivery), int(failed)

    # What people have said and chosen.
    def _save(self, shape: Shape, row: Any) -> None:
        self._asked(lambda transaction: transaction.run(statements.upsert(shape), storable(shape.values(row))))

    def _all(self, shape: Shape) -> list[Any]:
        return [shape.row(row) for row in self._rows(f"SELECT {shape.names()} FROM {shape.table} ORDER BY {','.join(shape.key)}")]  # noqa: S608

    def make_links(self, rows: Sequence[LinkRow]) -> None:
        """See :class:`workflow.telling.Telling`."""
        values = [storable(LINK.values(row)) for row in rows]
        if values:
            self._asked(lambda transaction: transaction.many(_added(LINK), values))

    def link(self, digest: str) -> LinkRow | None:
        """A personal link by the digest of its token."""
        rows = self._rows(f"SELECT {LINK.names()} FROM personal_link WHERE digest=?", (digest,))  # noqa: S608
        return LINK.row(rows[0]) if rows else None

    def links(self, persons: Sequence[str]) -> list[LinkRow]:
        """Links of some people, oldest first."""
        sql = f"SELECT {LINK.names()} FROM personal_link WHERE person {self._among()} ORDER BY made_at,digest"  # noqa: S608
        return [LINK.row(row) for row in self._rows(sql, (self._list(persons),))]

    def mark_link(
        self, digest: str, *, opened_at: datetime | None = None, confirmed_at: datetime | None = None, via: str | None = None
    ) -> None:
        """See :class:`workflow.telling.Telling`."""

        def work(transaction: Transaction) -> None:
            if opened_at is not None:
                transaction.run("UPDATE personal_link SET opened_at=? WHERE digest=? AND opened_at IS NULL", (to_micros(opened_at), digest))
            if confirmed_at is not None:
                sql = "UPDATE personal_link SET confirmed_at=?,via=? WHERE digest=? AND confirmed_at IS NULL"
                transaction.run(sql, (to_micros(confirmed_at), via, digest))

        self._act(work)

    def mark_read(self, key: str, at: datetime) -> None:
        """Keep when a message in the inbox was first read."""
        sql = "UPDATE delivery SET read_at=? WHERE key=? AND read_at IS NULL"
        self._asked(lambda transaction: transaction.run(sql, (to_micros(at), key)))

    def settings(self) -> list[SettingRow]:
        """Every choice."""
        return self._all(SETTING)

    def save_setting(self, row: SettingRow) -> None:
        """Keep a choice."""
        self._save(SETTING, row)

    def webhooks(self) -> list[WebhookRow]:
        """Every webhook by id."""
        return self._all(WEBHOOK)

    def save_webhook(self, row: WebhookRow) -> None:
        """Keep a webhook."""
        self._save(WEBHOOK, row)

    def feeds(self) -> list[FeedRow]:
        """Every feed."""
        return self._all(FEED)

    def save_feed(self, row: FeedRow) -> None:
        """Keep a feed."""
        self._save(FEED, row)
