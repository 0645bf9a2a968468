"""Tells people at every moment on the way of a journey, and knows who has read what since it was last asked."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from deadlines.calendar import WorkingCalendar
from deadlines.ladder import DutyKind
from notifications.composed import message_of
from notifications.messages import ChannelName, DutyLine, Language, Message, Part
from notifications.service import REHEARSAL, Notifications
from notifications.wording import countdown, days_left, validity_left
from states.chart import Seat as ChartSeat
from states.regime import local_date
from states.vocabulary import Function, Level
from states.words import words
from tests.support.journey_rows import Away, Heard, Seat
from tests.support.world import World
from workflow.rows import ProductRow
from workflow.sweeping import sequence
from workflow.telling import DeliveryQuery, DeliveryState, SettingRow

MANY = 1_000_000


class TellingFailed(AssertionError):
    """A step or a message could not be made."""


@dataclass(frozen=True, slots=True)
class Read:
    """What one person has read about one product; ``step`` is the same under the name of the step, where it is one."""

    product: str
    heard: Heard
    step: Heard | None

    def is_one_of(self, expected: Iterable[Heard]) -> bool:
        """Whether somebody expects it, in whichever of the two ways."""
        return any(each in {self.heard, self.step} for each in expected)


class Listener:
    """Tells for a world, as the worker of a rehearsal does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._store = world.store

        def calendar(unit: str, day: date) -> WorkingCalendar:
            return world.engine.judge.law.calendar(world.engine.world().editions(unit, day))

        self._telling = Notifications(self._store, world.clock, world.engine.world, calendar, REHEARSAL, owner="journey", rehearsal=True)
        self._seen: set[str] = set()
        self._letters: list[tuple[str, str]] = []
        self._unasked: list[Read] = []

    def absent(self, away: Away) -> None:
        """Let somebody be away."""
        choice = {"away_from": away.since.isoformat(), "away_to": away.to.isoformat(), "stand_in": self._person(away.stand_in, away.since)}
        code = self._person(away.who, away.since)
        self._store.save_setting(SettingRow(scope="person", code=code, value=choice, changed_by=code, changed_at=self.world.clock.now()))

    def until(self, moment: datetime) -> None:
        """Tell whatever comes up to an instant, each at its own moment."""
        self.tell()
        last = None
        while (ahead := self._telling.next_moment()) is not None and ahead <= moment and ahead != last:
            self.world.move(ahead)
            self.tell()
            last = ahead

    def tell(self) -> None:
        """Tell what has come.

        Raises:
            TellingFailed: Something that should be told cannot be.
        """
        sequence(self.world.store)
        told = self._telling.tell()
        if failed := [*told.composed.failed, *told.inbox.failed, *told.sent.failed]:
            raise TellingFailed(str(failed))

    def news(self, product: str | None) -> list[Read]:
        """What was read about a product, or about any, since this was asked for it before."""
        self._open()
        mine = [read for read in self._unasked if product in {None, read.product}]
        self._unasked = [read for read in self._unasked if read not in mine]
        return mine

    def letters(self) -> list[tuple[str, str]]:
        """Everything read so far: the reader's code, and the event or the step."""
        self._open()
        return self._letters

    def _open(self) -> None:
        """Read the inboxes: only what has arrived there, in the words that it was fixed in."""
        arrived = self._store.deliveries(DeliveryQuery(states=(DeliveryState.ACCEPTED,), channel=str(ChannelName.INBOX), limit=MANY))
        fresh = [row.message for row in arrived if row.message is not None and row.message not in self._seen]
        self._seen.update(fresh)
        for row in self._store.messages(fresh).values():
            message = message_of(row.body or "null")
            assert message is not None, row
            self._letters += [(message.recipient.person, line.rung) for line in message.lines]
            self._letters += [(message.recipient.person, notice.event) for notice in message.notices]
            self._unasked += [self._duty(message, line) for line in message.lines]
            self._unasked += [self._read(message, notice.subject, notice.event, None, None) for notice in message.notices]

    def _duty(self, message: Message, line: DutyLine) -> Read:
        left = countdown(line.due_at, line.last_day, message.composed_at)
        said = (validity_left if line.kind is DutyKind.CERTIFICATE else days_left)(left, Language.VI).partition(",")[0]
        away = line.holders[0] if line.part is Part.STAND_IN and line.holders else None
        return self._read(message, line.subject, said, line.rung, away)

    def _read(self, message: Message, subject: str, what: str, step: str | None, away: str | None) -> Read:
        day, product = local_date(message.composed_at), self._product(subject)
        who, elsewhere = self._seat(message.recipient.person, product, day)
        instead_of = None
        if away is not None:
            absent = next(person.code for person in self.world.engine.world().registry.people() if person.name == away)
            instead_of, _ = self._seat(absent, product, day)
        by_step = Heard(who, instead_of, step, elsewhere) if step is not None else None
        return Read(product.code, Heard(who, instead_of, what, elsewhere), by_step)

    def _product(self, subject: str) -> ProductRow:
        """The product of a case or certificate."""
        certificate = self.world.store.load_certificate(subject)
        case = self.world.case(certificate.case if certificate is not None else subject)
        row = self.world.store.product(case.product)
        assert row is not None, subject
        return row

    def _seat(self, person: str, product: ProductRow, day: date) -> tuple[Seat, str]:
        """In what function somebody hears of a product, and whose, if the product is none of theirs."""
        registry = self.world.engine.world().registry
        holdings = registry.holdings(person, day)
        assert holdings, f"{person} has no function on {day}"
        for held in holdings:
            if held.producer == product.producer or (held.producer is None and registry.covers(held.unit, product.unit, day)):
                return Seat(held.seat.function, held.seat.level), ""
        first = holdings[0]
        return Seat(first.seat.function, first.seat.level), first.producer or registry.unit_name(first.unit, day)

    def _person(self, seat: Seat, day: date) -> str:
        """Whoever holds a function for the products of a journey."""
        return person_in(self.world, seat, "P1-01", day)


def person_in(world: World, seat: Seat, product: str, day: date) -> str:
    """Somebody who holds a function for a product on a day; empty where nobody does."""
    registry = world.engine.world(fresh=True).registry
    found = world.store.product(product)
    assert found is not None, product
    assert seat.function is not None, "time itself is nobody"
    if seat.function is Function.PRODUCER:
        return next(iter(registry.standing_for(found.producer, day)), "")
    return next(iter(registry.holders(ChartSeat(seat.function, seat.level), found.unit, day)), "")


def said(heard: Iterable[Heard]) -> str:
    """Who hears what, as a journey writes it."""
    by_what: dict[tuple[str, ...], list[str]] = {}
    whats: dict[str, list[str]] = {}
    for each in sorted(heard, key=_place):
        whats.setdefault(_name(each), []).append(words("vi").label("event", each.what))
    for name, listed in whats.items():
        by_what.setdefault(tuple(listed), []).append(name)
    return "; ".join(f"{', '.join(names)}: {', '.join(listed)}" for listed, names in by_what.items())


def _place(heard: Heard) -> tuple[int, int, str, int, str]:
    """From the commune upwards and from who prepares to who decides; deadlines first, the farthest before the nearest."""
    level = list(Level).index(heard.who.level) if heard.who.level is not None else -1
    function = list(Function).index(heard.who.function) if heard.who.function is not None else -1
    days = re.search(r"\d+", heard.what)
    near = {"ngày mai là ngày cuối": -1, "hôm nay là ngày cuối": 0}.get(heard.what, -int(days[0]) if days else 1)
    return (level, function, _name(heard), near if not heard.what.startswith("đã") else 0, heard.what)


def _name(heard: Heard) -> str:
    def name(seat: Seat) -> str:
        assert seat.function is not None, seat
        return words("vi").seat(seat.function, seat.level)

    away = f" thay {name(heard.instead_of)}" if heard.instead_of is not None else ""
    return name(heard.who) + (f" của {heard.elsewhere}" if heard.elsewhere else "") + away
