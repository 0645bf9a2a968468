"""In which message something is heard: within the hours, before the deadline, once, whatever order things come in."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deadlines.calendar import ZONE, WorkingCalendar, vietnam_calendar
from notifications.choices import Choices, Office, Person, first_moment, hours, last_moment_before
from notifications.messages import ChannelName
from notifications.placing import Placing
from tests.support.world import moment
from workflow.ports import RegistrySnapshot
from workflow.registry import Registry
from workflow.rows import AppointmentRow, PersonRow, UnitRow
from workflow.telling import DeliveryState, MessageRow

MINUTE = timedelta(minutes=1)
CALENDAR = vietnam_calendar()
WHO = PersonRow(code="an", name="Tên Riêng", email="an@x.example", phone="0900000000")


def registry(person: PersonRow = WHO) -> Registry:
    unit = UnitRow(code="X1", name="Xã", level="commune", parent=None, valid_from="2019-01-01", valid_to=None, decree="")
    held = AppointmentRow(
        person=person.code, function="officer", level="commune", unit="X1", producer=None, valid_from="2019-01-01", valid_to=None
    )
    return Registry(RegistrySnapshot(epoch=1, units=(unit,), successions=(), people=(person,), appointments=(held,), ties=()))


REGISTRY = registry()


@dataclass
class Kept:
    """Messages of a database, and those whose words are fixed."""

    rows: dict[str, MessageRow] = field(default_factory=dict)

    def messages(self, ids: Sequence[str]) -> dict[str, MessageRow]:
        return {key: self.rows[key] for key in ids if key in self.rows}

    def add(self, placing: Placing, key: str) -> None:
        self.rows.setdefault(key, placing.messages.get(key) or self.rows[key])
        assert self.rows[key].body is None, "nothing is added to words that are fixed"

    def send(self, now: datetime) -> None:
        """Whatever may leave by now is worded."""
        self.rows = {key: replace(row, body="{}") if row.send_at <= now else row for key, row in self.rows.items()}


def placing(store: Any, now: datetime, office: Office | None = None, person: Person | None = None, **given: Any) -> Placing:
    choices = Choices({"X1": office or Office()}, {"an": person or Person()})
    usual = {"registry": REGISTRY, "ways": frozenset({ChannelName.EMAIL}), "calendar": lambda *_: CALENDAR}
    return Placing(store=store, choices=choices, now=now, **{**usual, **given})


def in_hours(at: datetime, office: Office, person: Person) -> bool:
    opens, closes = hours(office, person)
    return opens <= at.astimezone(ZONE).time() < closes


def some_moment(now: datetime, due: datetime, office: Office, person: Person) -> bool:
    """Whether any whole minute inside the hours lies between."""
    opens, _ = hours(office, person)
    first = now if now.second == now.microsecond == 0 else now.replace(second=0, microsecond=0) + MINUTE
    at = first
    while at < due:
        if in_hours(at, office, person):
            return True
        # On to the next opening.
        local = at.astimezone(ZONE)
        start = datetime.combine(local.date(), opens, tzinfo=ZONE)
        at = start if start > at else start + timedelta(days=1)
    return False


TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
SPANS = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] < pair[1])
OFFICES = st.builds(lambda span, days: Office(opens=span[0], closes=span[1], working_days=days), SPANS, st.booleans())
PEOPLE = st.one_of(st.just(Person()), st.builds(lambda span: Person(opens=span[0], closes=span[1]), SPANS))
INSTANTS = st.builds(
    lambda day, minute, second: datetime.combine(day, time(minute // 60, minute % 60, second), tzinfo=ZONE),
    st.dates(date(2021, 1, 25), date(2021, 2, 28)),
    st.integers(0, 24 * 60 - 1),
    st.sampled_from([0, 0, 0, 7]),
)
DUES = st.one_of(
    st.none(),
    st.builds(lambda d: datetime.combine(d, time(0), tzinfo=ZONE), st.dates(date(2021, 1, 20), date(2021, 3, 10))),
    INSTANTS,
)


@given(INSTANTS, OFFICES, PEOPLE, st.booleans())
def test_the_first_moment_lies_within_the_hours_and_on_a_working_day_where_it_can_wait(
    now: datetime, office: Office, person: Person, waits: bool
):
    found = first_moment(now, office, person, CALENDAR, waits=waits)
    assert found >= now
    assert in_hours(found, office, person)
    if waits and office.working_days:
        assert CALENDAR.is_working_day(found.astimezone(ZONE).date())
    else:
        assert found - now <= timedelta(days=2)


@given(INSTANTS, INSTANTS, OFFICES, PEOPLE)
def test_the_last_moment_before_a_deadline_is_found_where_there_is_any(now: datetime, due: datetime, office: Office, person: Person):
    found = last_moment_before(due, now, office, person)
    if found is None:
        assert not some_moment(now + MINUTE, due - MINUTE, office, person)
    else:
        assert now < found < due
        assert in_hours(found, office, person)


ACTS = st.lists(st.tuples(st.integers(0, 900), st.sampled_from(["hear", "hear", "send", "hear"]), DUES, st.booleans()), max_size=25)


@settings(max_examples=200)
@given(INSTANTS, OFFICES, PEOPLE, ACTS)
def test_whatever_comes_in_whatever_order_is_heard_within_the_hours_before_the_deadline_and_once(
    start: datetime, office: Office, person: Person, acts: list[tuple[int, str, datetime | None, bool]]
):
    kept, now = Kept(), start
    for minutes, what, due, waits in acts:
        now += timedelta(minutes=minutes)
        if what == "send":
            kept.send(now)
            continue
        desk = placing(kept, now, office, person)
        key = desk.place("an", due=due, waits=waits)
        kept.add(desk, key)
        at = max(kept.rows[key].send_at, now)
        ahead = due is not None and due > now
        if not in_hours(at, office, person):
            assert ahead, "what has no deadline ahead waits for the hours"
            assert due is not None
            assert at == now, "told at once, for want of"
            assert not some_moment(now + MINUTE, due - MINUTE, office, person)
        if ahead:
            assert due is not None
            assert at < due or at == now
        if waits and office.working_days and not CALENDAR.is_working_day(at.astimezone(ZONE).date()):
            assert ahead, "only a deadline is worth a day off"
    assert len({row.id for row in kept.rows.values()}) == len(kept.rows)
    assert {row.id for row in kept.rows.values()} == {f"an|{row.window}" for row in kept.rows.values()}


@given(INSTANTS, OFFICES, PEOPLE, st.booleans())
def test_two_things_of_one_moment_share_a_message(now: datetime, office: Office, person: Person, waits: bool):
    desk = placing(Kept(), now, office, person)
    assert desk.place("an", due=None, waits=waits) == desk.place("an", due=None, waits=waits)
    assert len(desk.messages) == 1
    assert len({row.key for row in desk.deliveries}) == len(desk.deliveries)


@pytest.mark.parametrize(
    ("now", "due", "waits", "window", "send_at"),
    [
        ("2021-07-02 07:30", "2021-07-10", True, "2021-07-02.1", "2021-07-02 07:30"),
        ("2021-07-02 13:29", "2021-07-10", True, "2021-07-02.1", "2021-07-02 13:29"),
        ("2021-07-02 13:30", "2021-07-10", True, "2021-07-02.2", "2021-07-02 13:30"),
        ("2021-07-02 19:59:59", "2021-07-10", True, "2021-07-02.2", "2021-07-02 19:59:59"),
        # Friday evening, Saturday: what can wait comes on Monday, with the morning's.
        ("2021-07-02 20:00", "2021-07-10", True, "2021-07-05.1", "2021-07-05 07:30"),
        ("2021-07-03 10:00", "2021-07-10", True, "2021-07-05.1", "2021-07-05 07:30"),
        ("2021-07-03 10:00", "2021-07-10", False, "2021-07-03.1", "2021-07-03 10:00"),
        ("2021-07-02 05:00", "2021-07-10", False, "2021-07-02.1", "2021-07-02 07:30"),
        # The deadline lies on the weekend, so it cannot wait for Monday.
        ("2021-07-03 10:00", "2021-07-05", True, "2021-07-04.2", "2021-07-04 19:59"),
        # After hours on the last day: at once, or it would be no use.
        ("2021-07-09 21:00", "2021-07-10", False, "2021-07-09.2+2", "2021-07-09 21:00"),
        # What has passed is said when people read.
        ("2021-07-09 21:00", "2021-07-09", True, "2021-07-12.1", "2021-07-12 07:30"),
    ],
)
def test_windows_by_hand(now: str, due: str, waits: bool, window: str, send_at: str):
    desk = placing(Kept(), moment(now))
    key = desk.place("an", due=moment(due), waits=waits)
    row = desk.messages[key]
    assert (row.window, row.send_at) == (window, moment(send_at))


def test_whoever_chose_hours_of_their_own_hears_within_them_and_the_offices():
    office = Office(opens=time(7), closes=time(17))
    late = Person(opens=time(9), closes=time(22))
    at = moment("2021-07-02 07:30")
    assert first_moment(at, office, late, CALENDAR, waits=True) == moment("2021-07-02 09:00")
    assert first_moment(moment("2021-07-02 17:00"), office, late, CALENDAR, waits=True) == moment("2021-07-05 09:00")
    outside = Person(opens=time(18), closes=time(22))
    assert hours(office, outside) == (time(7), time(17)), "hours that do not meet the office's are the office's"
    short = Office(opens=time(5), closes=time(7))
    assert first_moment(at, short, Person(), CALENDAR, waits=True) == moment("2021-07-05 05:00")


def test_a_message_whose_words_are_fixed_is_left_alone():
    kept, now = Kept(), moment("2021-07-02 08:00")

    def hears(due: str | None) -> tuple[str, datetime]:
        desk = placing(kept, now)
        key = desk.place("an", due=moment(due) if due else None, waits=False)
        kept.add(desk, key)
        return kept.rows[key].window, kept.rows[key].send_at

    assert hears("2021-07-10") == ("2021-07-02.1", now)
    kept.send(now)
    assert hears("2021-07-10") == ("2021-07-02.2", moment("2021-07-02 13:30"))
    assert hears(None) == ("2021-07-02.2", moment("2021-07-02 13:30"))
    # What is due before the next window does not wait for it.
    assert hears("2021-07-02 12:00") == ("2021-07-02.1+2", now)
    kept.send(now)
    assert hears("2021-07-02 12:00") == ("2021-07-02.1+3", now)


def ways(person: PersonRow, office: Office | None = None, chosen: Person | None = None, *have: ChannelName) -> dict[str, str]:
    desk = placing(Kept(), moment("2021-07-02 08:00"), office, chosen, registry=registry(person), ways=frozenset(have))
    desk.place("an", due=None, waits=False)
    return {row.channel: str(row.state) for row in desk.deliveries}


WAITING, BY_HAND = str(DeliveryState.WAITING), str(DeliveryState.BY_HAND)
EMAIL, WEBHOOK, FILE, CONSOLE = ChannelName.EMAIL, ChannelName.WEBHOOK, ChannelName.FILE, ChannelName.CONSOLE
NOBODY = replace(WHO, email=None, phone=None)
BY_PHONE = replace(WHO, email=None)


@pytest.mark.parametrize(
    ("person", "office", "chosen", "have", "expected"),
    [
        (WHO, None, None, (EMAIL, WEBHOOK), {"inbox": WAITING, "email": WAITING}),
        (WHO, None, None, (FILE,), {"inbox": WAITING, "file": WAITING}),
        (WHO, None, Person(channels=frozenset({ChannelName.INBOX})), (EMAIL,), {"inbox": WAITING, "hand": BY_HAND}),
        (WHO, None, None, (), {"inbox": WAITING, "hand": BY_HAND}),
        (NOBODY, Office(gateway="sms"), None, (EMAIL, WEBHOOK), {"inbox": WAITING, "hand": BY_HAND}),
        (BY_PHONE, None, None, (EMAIL, WEBHOOK), {"inbox": WAITING, "hand": BY_HAND}),
        (BY_PHONE, Office(gateway="sms"), None, (EMAIL, WEBHOOK), {"inbox": WAITING, "webhook": WAITING}),
        (WHO, Office(gateway="sms"), None, (EMAIL, WEBHOOK), {"inbox": WAITING, "email": WAITING}),
        (WHO, Office(gateway="sms"), Person(channels=frozenset({WEBHOOK})), (EMAIL, WEBHOOK), {"inbox": WAITING, "webhook": WAITING}),
        (NOBODY, None, None, (EMAIL, CONSOLE), {"inbox": WAITING, "hand": BY_HAND, "console": WAITING}),
    ],
)
def test_ways_by_hand(
    person: PersonRow, office: Office | None, chosen: Person | None, have: tuple[ChannelName, ...], expected: dict[str, str]
):
    assert ways(person, office, chosen, *have) == expected


def test_a_calendar_of_the_unit_decides_what_a_working_day_is():
    asked: list[tuple[str, date]] = []

    def calendar(unit: str, day: date) -> WorkingCalendar:
        asked.append((unit, day))
        return CALENDAR

    placing(Kept(), moment("2021-07-02 23:30"), calendar=calendar).place("an", due=None, waits=True)
    assert asked[0] == ("X1", date(2021, 7, 2))
