"""Who was told what and when, and what became of it: read from messages as they went, so that names and dates are those that people saw."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from deadlines.calendar import midnight
from notifications.composed import Wording, message_of
from notifications.composing import EVENT
from notifications.links import event_duty
from notifications.messages import ChannelName, DutyLine, Message, NoticeLine
from states.chart import Seat
from states.regime import local_date
from workflow.ports import Database
from workflow.registry import Registry
from workflow.telling import DeliveryQuery, DeliveryRow, DeliveryState, ItemRow, LinkRow, MessageRow
from workflow.toldbook import ToldQuery, ToldSums

_PAGE = 400
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WAYS = len(ChannelName)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldItem:
    """One thing that was told.

    Attributes:
        item: As kept.
        line: The duty as it was said; None for news, and for what was left out because it no longer mattered.
        notice: What had happened.
        opened_at, confirmed_at: When its personal link was first opened, and when the person said that it was received; ``via`` how.
    """

    item: ItemRow
    line: DutyLine | None = None
    notice: NoticeLine | None = None
    opened_at: datetime | None = None
    confirmed_at: datetime | None = None
    via: str | None = None

    @property
    def news(self) -> bool:
        """Whether it tells of something that has happened, and asks for nothing."""
        return self.item.kind == EVENT

    @property
    def title(self) -> str:
        """The product, or the activity's own words; the subject's code where it was never worded."""
        said = self.line or self.notice
        return said.title if said is not None else self.item.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldMessage:
    """One message to one person, with what it held and by which ways it went.

    Attributes:
        row: As kept. ``at``: when its words were fixed, else from when it may leave.
        name, seat, unit, office: Who the person was on that day; ``office`` names the unit, or the producer that the person stands for.
        items: What it held, most urgent first.
        deliveries: By channel.
    """

    row: MessageRow
    at: datetime
    name: str
    seat: Seat | None
    unit: str | None
    office: str
    items: tuple[ToldItem, ...]
    deliveries: tuple[DeliveryRow, ...]

    @property
    def read_at(self) -> datetime | None:
        """When it was first read in the inbox."""
        return min((row.read_at for row in self.deliveries if row.read_at is not None), default=None)


def year_of(year: int) -> tuple[datetime, datetime]:
    """A calendar year, the end exclusive."""
    return midnight(date(year, 1, 1)), midnight(date(year + 1, 1, 1))


def account(store: Database, wording: Wording, registry: Registry, query: ToldQuery, now: datetime) -> list[ToldMessage]:
    """What was told, in the order of time, then by person.

    Args:
        store: Where messages are.
        wording: Words what has no words yet, without writing anything.
        registry: Who people are.
        query: Which of it.
        now: The present instant.
    """
    found = _built(store, wording, registry, store.told_items(query), now)
    return sorted(found, key=lambda message: (message.at, message.row.recipient, message.row.id))


def page_of(  # noqa: PLR0913 - an account, and which part of it
    store: Database, wording: Wording, registry: Registry, query: ToldQuery, now: datetime, after: tuple[datetime, str] | None, limit: int
) -> tuple[list[ToldMessage], bool]:
    """A page of an account in the order of time, then by message, behind a time and a message; and whether there is more.

    What is read and worded does not grow with the account.
    """
    ids = store.told_page(query, after, limit + 1)
    shown = tuple(ids[:limit])
    found = _built(store, wording, registry, store.told_items(query, shown) if shown else [], now)
    return sorted(found, key=lambda message: (message.at, message.row.id)), len(ids) > limit


def sums_of(store: Database, wording: Wording, registry: Registry, query: ToldQuery, now: datetime) -> ToldSums:
    """What :func:`counts` says of an account, counted by the database."""
    sums = store.told_sums(query)
    # Which link belongs to news stands in the words of the message alone, so that those that may be confirmed are looked at.
    looked_at = _built(store, wording, registry, store.told_confirmed_news(query), now)
    confirmed = sum(1 for message in looked_at for item in message.items if item.confirmed_at is not None)
    return replace(sums, confirmed=sums.confirmed + confirmed, deliveries=dict(sorted(sums.deliveries.items())))


def _built(
    store: Database, wording: Wording, registry: Registry, told: Iterable[tuple[ItemRow, MessageRow]], now: datetime
) -> list[ToldMessage]:
    items: dict[str, list[ItemRow]] = {}
    rows: dict[str, MessageRow] = {}
    for item, row in told:
        items.setdefault(row.id, []).append(item)
        rows[row.id] = row
    said = dict(_said(wording, list(rows.values()), now))
    deliveries = deliveries_of(store, list(rows))
    links = links_of(store, sorted({row.recipient for row in rows.values()}))
    return [_message(registry, row, said.get(row.id), items[row.id], deliveries.get(row.id, ()), links) for row in rows.values()]


def deliveries_of(store: Database, messages: Sequence[str]) -> dict[str, tuple[DeliveryRow, ...]]:
    """Deliveries by message."""
    found: dict[str, list[DeliveryRow]] = {}
    for page in _pages(messages):
        for row in store.deliveries(DeliveryQuery(messages=tuple(page), limit=len(page) * _WAYS)):
            found.setdefault(row.message or "", []).append(row)
    return {message: tuple(sorted(rows, key=lambda row: row.key)) for message, rows in found.items()}


def links_of(store: Database, people: Sequence[str]) -> dict[tuple[str, str], tuple[LinkRow, ...]]:
    """Personal links by (person, duty)."""
    found: dict[tuple[str, str], list[LinkRow]] = {}
    for page in _pages(people):
        for row in store.links(page):
            found.setdefault((row.person, row.duty), []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def _pages(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(values), _PAGE):
        yield values[at : at + _PAGE]


def _said(wording: Wording, rows: Sequence[MessageRow], now: datetime) -> Iterator[tuple[str, Message]]:
    fresh = []
    for row in rows:
        if row.body is None:
            fresh.append(row)
        elif (message := message_of(row.body)) is not None:
            yield row.id, message
    for at in range(0, len(fresh), _PAGE):
        for key, worded in wording.word(fresh[at : at + _PAGE], now).items():
            if worded.message is not None:
                yield key, worded.message


def _message(  # noqa: PLR0913 - everything that was read for it
    registry: Registry,
    row: MessageRow,
    said: Message | None,
    items: Iterable[ItemRow],
    deliveries: tuple[DeliveryRow, ...],
    links: dict[tuple[str, str], tuple[LinkRow, ...]],
) -> ToldMessage:
    day = local_date(row.send_at)
    holding = next(iter(registry.holdings(row.recipient, day)), None)
    office = said.recipient.office if said is not None else registry.unit_name(holding.unit, day) if holding is not None else ""
    told = [_item(item, said, links) for item in items]
    told.sort(key=lambda t: (t.news, t.line.due_at if t.line else row.send_at, t.item.subject, t.item.rung))
    return ToldMessage(
        row=row,
        at=row.composed_at or row.send_at,
        name=said.recipient.name if said is not None else registry.person(row.recipient).name,
        seat=holding.seat if holding is not None else None,
        unit=holding.unit if holding is not None else None,
        office=office,
        items=tuple(told),
        deliveries=deliveries,
    )


def _item(item: ItemRow, said: Message | None, links: dict[tuple[str, str], tuple[LinkRow, ...]]) -> ToldItem:
    line = notice = None
    duty = item.duty
    if said is not None and item.kind == EVENT:
        notice = next((n for n in said.notices if (n.subject, n.event) == (item.subject, item.rung)), None)
        duty = event_duty(notice) if notice is not None else duty
    elif said is not None:
        line = next((each for each in said.lines if (each.duty, each.rung) == (item.duty, item.rung)), None)
    mine = links.get((item.recipient, duty), ())
    confirmed = min((link for link in mine if link.confirmed_at), key=lambda link: str(link.confirmed_at), default=None)
    return ToldItem(
        item=item,
        line=line,
        notice=notice,
        opened_at=min((link.opened_at for link in mine if link.opened_at), default=None),
        confirmed_at=confirmed.confirmed_at if confirmed else None,
        via=confirmed.via if confirmed else None,
    )


def counts(messages: Iterable[ToldMessage]) -> ToldSums:
    """Sums of an account."""
    messages = list(messages)
    items = [item for message in messages for item in message.items]
    return ToldSums(
        people=len({message.row.recipient for message in messages}),
        messages=len(messages),
        duties=sum(1 for item in items if not item.news and not item.item.moot),
        news=sum(1 for item in items if item.news and not item.item.moot),
        moot=sum(1 for item in items if item.item.moot),
        read=sum(1 for message in messages if message.read_at is not None),
        confirmed=sum(1 for item in items if item.confirmed_at is not None),
        deliveries=dict(sorted(Counter((row.channel, str(row.state)) for message in messages for row in message.deliveries).items())),
    )


def arrived(row: DeliveryRow) -> bool:
    """Whether a delivery has come to where its reader looks: not the inbox, which they may never open, nor a folder of drafts."""
    return row.state is DeliveryState.ACCEPTED and row.channel in {ChannelName.EMAIL, ChannelName.WEBHOOK}


def as_csv(messages: Iterable[ToldMessage], head: Sequence[str], cells: Callable[[ToldMessage, ToldItem], Sequence[str]]) -> str:
    """One line an item, with a byte order mark so that spreadsheets read the Vietnamese; no cell is ever taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    for message in messages:
        for item in message.items:
            writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells(message, item)])
    return "\ufeff" + out.getvalue()


LONG_AGO = timedelta(days=200)
"""A duty that still stands was spoken of within this: the first step of the longest ladder comes 180 days before the end."""
