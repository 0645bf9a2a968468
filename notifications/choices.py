"""What offices and people have chosen about being told: hours, ways, language, who stands in. Pure, but for reading rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from deadlines.calendar import ZONE, WorkingCalendar
from deadlines.ladder import ladders
from notifications.messages import ChannelName, Language
from states.errors import PayloadInvalid, Problem
from states.payload import clean
from workflow.telling import SettingRow

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_REACHED_BY = frozenset({ChannelName.INBOX, ChannelName.EMAIL, ChannelName.WEBHOOK})
_LOOK_AHEAD = 400


_LONGEST = 120


class ChoiceInvalid(PayloadInvalid):
    """A choice cannot be read, or is not allowed; nothing is changed."""

    code = "choice_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What an office allows its people; the nearest office above that has chosen rules.

    Attributes:
        opens, closes: Local hours in which messages leave.
        working_days: Whether only on working days what can wait.
        may_mute: Steps that a person may leave out.
        gateway: Id of the webhook that carries texts to telephones, or None.
        sender: How the office signs.
    """

    opens: time = time(7, 0)
    closes: time = time(20, 0)
    working_days: bool = True
    may_mute: frozenset[str] = frozenset({"T-30", "T-14", "T-180", "T-150"})
    gateway: str | None = None
    sender: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a person has chosen within that.

    Attributes:
        channels: Ways besides the inbox; None: every way there is.
        muted: Steps left out.
        away_from, away_to: First and last local day of an absence; ``stand_in`` (person code) hears meanwhile.
        opens, closes: Hours of their own, inside the office's.
    """

    language: Language = Language.VI
    channels: frozenset[ChannelName] | None = None
    muted: frozenset[str] = frozenset()
    away_from: date | None = None
    away_to: date | None = None
    stand_in: str | None = None
    opens: time | None = None
    closes: time | None = None

    def away_on(self, day: date) -> bool:
        """Whether the person is away on a day and somebody stands in."""
        return self.stand_in is not None and self.away_from is not None and self.away_from <= day <= (self.away_to or day)


@dataclass(frozen=True, slots=True)
class Choices:
    """Every choice there is."""

    offices: Mapping[str, Office] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)

    def office(self, chain: Iterable[str]) -> Office:
        """The choice of the nearest of these units, lowest first; the product's own where none has chosen."""
        return next((self.offices[unit] for unit in chain if unit in self.offices), Office())

    def person(self, code: str) -> Person:
        """A person's choice."""
        return self.people.get(code, Person())


def choices_of(rows: Iterable[SettingRow]) -> Choices:
    """Choices from their rows."""
    offices: dict[str, Office] = {}
    people: dict[str, Person] = {}
    for row in rows:
        if row.scope == "unit":
            offices[row.code] = read_office(row.value)
        else:
            people[row.code] = read_person(row.value)
    return Choices(offices, people)


def hours(office: Office, person: Person) -> tuple[time, time]:
    """When a person may be written to: their own hours, inside the office's."""
    opens, closes = max(office.opens, person.opens or office.opens), min(office.closes, person.closes or office.closes)
    return (opens, closes) if opens < closes else (office.opens, office.closes)


def first_moment(now: datetime, office: Office, person: Person, calendar: WorkingCalendar, *, waits: bool) -> datetime:
    """The first moment from ``now`` on at which somebody may be written to.

    Args:
        now: From when (aware).
        office: What the office allows.
        person: What the person has chosen.
        calendar: Working days.
        waits: Whether it can wait for a working day.
    """
    opens, closes = hours(office, person)
    # What comes at night is gathered with what the morning brings, unless the hours are over by then.
    gathered = max(opens, ladders().slots[0])
    opens = gathered if gathered < closes else opens
    local = now.astimezone(ZONE)
    day = local.date()
    for _ in range(_LOOK_AHEAD):
        if not (waits and office.working_days) or calendar.is_working_day(day):
            start = datetime.combine(day, opens, tzinfo=ZONE)
            moment = max(local, start)
            if moment < datetime.combine(day, closes, tzinfo=ZONE) and moment.date() == day:
                return moment
        day += _DAY
    raise AssertionError("a calendar without working days")  # pragma: no cover


def last_moment_before(end: datetime, now: datetime, office: Office, person: Person) -> datetime | None:
    """The last moment inside the hours before a deadline, if one lies ahead."""
    opens, closes = hours(office, person)
    day = (end.astimezone(ZONE) - timedelta(microseconds=1)).date()
    while day >= now.astimezone(ZONE).date():
        start, stop = datetime.combine(day, opens, tzinfo=ZONE), datetime.combine(day, closes, tzinfo=ZONE)
        moment = min(stop, end) - _MINUTE
        if start <= moment:
            return moment if moment > now else None
        day -= _DAY
    return None


def read_office(given: Mapping[str, Any]) -> Office:
    """An office's choice, read strictly.

    Raises:
        ChoiceInvalid: With every problem.
    """
    values, problems = _read(given, _OFFICE)
    office = replace(Office(), **values)
    if not problems and office.opens >= office.closes:
        problems.append(Problem("/closes", "hours_out_of_order"))
    if problems:
        raise ChoiceInvalid(problems)
    return office


def read_person(given: Mapping[str, Any]) -> Person:
    """A person's choice, read strictly.

    Raises:
        ChoiceInvalid: With every problem.
    """
    values, problems = _read(given, _PERSON)
    person = replace(Person(), **values)
    if not problems and person.away_from and person.away_to and person.away_to < person.away_from:
        problems.append(Problem("/away_to", "before_begin"))
    if not problems and person.away_from and person.stand_in is None:
        problems.append(Problem("/stand_in", "required"))
    if problems:
        raise ChoiceInvalid(problems)
    return person


def allowed(office: Office, person: Person) -> None:
    """Whether a person's choice stays within what the office allows.

    Raises:
        ChoiceInvalid: ``not_muted_here`` naming the steps, ``outside_office_hours``.
    """
    problems = []
    if beyond := person.muted - office.may_mute:
        problems.append(Problem("/muted", "not_muted_here", {"steps": ", ".join(sorted(beyond))}))
    for name, value in (("opens", person.opens), ("closes", person.closes)):
        if value is not None and not office.opens <= value <= office.closes:
            problems.append(
                Problem(f"/{name}", "outside_office_hours", {"opens": f"{office.opens:%H:%M}", "closes": f"{office.closes:%H:%M}"})
            )
    if problems:
        raise ChoiceInvalid(problems)


def _read(given: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]]) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in given.items():
        if name not in readers:
            problems.append(Problem(f"/{name}", "unknown_field", {"known": ", ".join(readers)}))
            continue
        try:
            values[name] = readers[name](value)
        except ValueError as error:
            problems.append(Problem(f"/{name}", str(error), {"known": ", ".join(sorted(_STEPS))}))
    return values, problems


def _time(value: Any) -> time:
    try:
        found = time.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("not_an_hour") from None
    if found.tzinfo is not None or found.second or found.microsecond:
        raise ValueError("not_an_hour")
    return found


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("not_a_date") from None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("not_a_flag")  # noqa: TRY004 - a problem code, reported beside others
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("not_a_text")
    text = " ".join(clean(value).split())
    if len(text) > _LONGEST:
        raise ValueError("too_long")
    return text


_STEPS = frozenset(rung.key for ladder in ladders().by_kind.values() for rung in ladder)


def _among(value: Any, known: frozenset[str]) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) and each in known for each in value)


def _steps(value: Any) -> frozenset[str]:
    if not _among(value, _STEPS):
        raise ValueError("unknown_step")
    return frozenset(value)


def _channels(value: Any) -> frozenset[ChannelName]:
    if not _among(value, frozenset(map(str, _REACHED_BY))):
        raise ValueError("not_a_channel")
    return frozenset(map(ChannelName, value))


def _language(value: Any) -> Language:
    if not isinstance(value, str) or value not in set(Language):
        raise ValueError("not_a_language")
    return Language(value)


_OFFICE = {"opens": _time, "closes": _time, "working_days": _flag, "may_mute": _steps, "gateway": _text, "sender": _text}
_PERSON = {
    "language": _language, "channels": _channels, "muted": _steps, "away_from": _day, "away_to": _day, "stand_in": _text,
    "opens": _time, "closes": _time,
}  # fmt: skip

FIELDS = {"unit": tuple(_OFFICE), "person": tuple(_PERSON)}
"""What can be chosen, by scope."""
