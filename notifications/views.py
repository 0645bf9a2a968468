"""Messages as the templates read them: every value cleaned, bounded and said in the reader's language. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from deadlines.ladder import DutyKind
from deadlines.statutory import statutory_terms
from notifications.messages import DutyLine, Language, Message, NoticeLine, Part
from notifications.plain import one_line, paragraphs, web_link
from notifications.wording import Nearness, countdown, days_left, short_day, until, validity_left
from states.errors import UnknownName
from states.regime import VIETNAM, local_date, regime_on
from states.vocabulary import Event
from states.words import Words, words

NAME = 120
TITLE = 200
PHRASE = 500
SOURCE = 300
PROSE = 2_000
MOST_NAMES = 8
MOST_LINES = 60
"""Duties, and notices, that one letter names one by one; it says how many more there are."""

_SAME_STAGE = frozenset({Event.CONCLUDE})
"""Acts whose name does not say at which level they are done: the stage is said before them."""

_ALSO = {"from": "was", "stage": "term"}
"""Details that some events carry under another name."""

_LAST_DAYS = frozenset({"from", "to", "until", "valid_until"})
"""Details that are last days: a date, or the exclusive instant after one."""

_PROSE_DETAILS = frozenset({"remarks", "note"})
_CODES_OF = {"documents": "option", "knock_outs": "option", "event": "event", "state": "state", "level": "level"}
"""Details that hold codes of the vocabularies, and the section of the labels that names them."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*")
_FRACTION = re.compile(r"\d{1,13}(/[1-9]\d{0,10})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One duty in words.

    Attributes:
        kind, part, near: As in the line; how near the last day is.
        task: What has to be done, as a phrase without a capital.
        stage: Name of the stage, empty where the task says it already.
        title, producer, unit, code, phrase, source, next_round: As in the line, empty where there is none.
        holders: Names of those who have to act, as one phrase.
        deadline: Until when, after the word for a deadline.
        day: The last day in figures.
        left: The days left in words.
        left_of_certificate: The same for a certificate, which is not overdue but valid or ended; empty for other duties.
        filing, filing_rule: Until when a reassessment is filed in good time, and the rule in its own words; empty where there is none.
        days: Days left; negative where overdue.
        effect: Value of the effect, empty where none is known.
        link: Personal link, None where there is none.
    """

    kind: str
    part: str
    near: str
    task: str
    stage: str
    title: str
    producer: str
    unit: str
    code: str
    phrase: str
    source: str
    next_round: str
    holders: str
    deadline: str
    day: str
    left: str
    left_of_certificate: str
    filing: str
    filing_rule: str
    days: int
    effect: str
    link: str | None

    @property
    def common(self) -> tuple[object, ...]:
        """What two duties share that are said in one breath."""
        return (
            self.kind,
            self.part,
            self.near,
            self.task,
            self.phrase,
            self.source,
            self.next_round,
            self.holders,
            self.deadline,
            self.effect,
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Duties that differ only in their product: the work, the date and the reasons are said once.

    Attributes:
        lead: The first of them, from which the common words are taken.
        duties: All of them.
    """

    lead: Duty
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that has happened, in words.

    Attributes:
        event: Value of the event.
        name: Its name by the labels, empty for an event that they do not know.
        at: Instant from which it holds.
        d: Details by name; one that is missing is None.
    """

    event: str
    name: str
    title: str
    producer: str
    unit: str
    code: str
    at: str
    reason: str
    link: str | None
    d: "Details"


class Details:
    """Values of a happening, said in words; asking for one that nobody gave answers None."""

    __slots__ = ("_language", "_values", "_words")

    def __init__(self, values: dict[str, Any], language: Language) -> None:
        self._values = values
        self._language = language
        self._words = words(language.value)

    def __getitem__(self, name: str) -> str | None:
        value = _typed(self._values.get(name, self._values.get(_ALSO.get(name, name))))
        if value is None or value in {"", ()}:
            return None
        if name == "stage":
            return one_line(self._words.stage(str(value)), NAME)
        if name in _PROSE_DETAILS:
            return paragraphs(value, PROSE) or None
        if name in _CODES_OF:
            items = value if isinstance(value, tuple) else (value,)
            return "; ".join(one_line(self._words.label(_CODES_OF[name], str(item)), NAME) for item in items[:MOST_LINES]) or None
        if name == "mean" and isinstance(value, str) and _FRACTION.fullmatch(value):
            value = Fraction(value)
        if name == "acted_on" and isinstance(value, datetime):
            value = local_date(value)
        return one_line(self._said(name, value), PHRASE) or None

    def _said(self, name: str, value: object) -> str:
        if isinstance(value, datetime):
            local = value.astimezone(VIETNAM)
            if name in _LAST_DAYS:
                return until(value, last_day_before(value), self._language)
            return self._words.instant(local)
        if isinstance(value, date):
            return until_end_of(value, self._language) if name in _LAST_DAYS else short_day(value)
        if isinstance(value, tuple):
            return ", ".join(self._said(name, item) for item in value)
        return self._words.say(value)


def last_day_before(end: datetime) -> date:
    """Last local day with a moment before an exclusive instant."""
    local = end.astimezone(VIETNAM)
    return date.fromordinal(local.toordinal() - 1) if local.time() == local.time().min else local.date()


def until_end_of(day: date, language: Language) -> str:
    """The end of a day in words."""
    return until(datetime(day.year, day.month, day.day, tzinfo=VIETNAM), day, language)


def _typed(value: object) -> object:
    """A value of JSON as what it stands for: dates and instants from their ISO text, lists as tuples."""
    if isinstance(value, str):
        try:
            if _DATE.fullmatch(value):
                return date.fromisoformat(value)
            if _INSTANT.fullmatch(value) and (found := datetime.fromisoformat(value)).tzinfo:
                return found
        except ValueError:
            return value
    if isinstance(value, dict):
        return tuple(_typed(item) for item in value.values())
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return tuple(_typed(item) for item in value)
    return value


def duty(line: DutyLine, now: datetime, language: Language) -> Duty:
    """A duty in words, as it stands at ``now`` (aware)."""
    say = words(language.value)
    left = countdown(line.due_at, line.last_day, now)
    filing, filing_rule = _filing(line.last_day, now, language) if line.kind is DutyKind.CERTIFICATE else ("", "")
    stage = say.name(line.stage) if line.stage else ""
    task = _task(line, stage, say)
    return Duty(
        kind=str(line.kind),
        part=str(line.part),
        near=str(left.near),
        task=task,
        stage="" if stage and stage in task else stage,
        title=one_line(line.title, TITLE),
        producer=one_line(line.producer or "", NAME),
        unit=one_line(line.unit, NAME),
        code=one_line(line.subject, NAME),
        phrase=one_line(line.phrase, PHRASE),
        source=one_line(line.source, SOURCE),
        next_round=one_line(line.next_round or "", NAME),
        holders=_names(line.holders, language),
        deadline=until(line.due_at, line.last_day, language),
        day=short_day(line.last_day),
        left=days_left(left, language),
        left_of_certificate=validity_left(left, language) if line.kind is DutyKind.CERTIFICATE else "",
        filing=filing,
        filing_rule=filing_rule,
        days=left.days,
        effect=str(line.effect or ""),
        link=web_link(line.link),
    )


def _task(line: DutyLine, stage: str, say: Words) -> str:
    """What has to be done, by the labels; empty where neither stage nor act is known, and the templates then say it by the kind."""
    if line.kind is DutyKind.ACTIVITY:
        # A plan names its other work by a code of the labels or in words of its own.
        return one_line(say.stage(line.title), TITLE)
    if line.act is None:
        return stage
    act = say.name(line.act)
    return f"{stage}, {act}" if line.act in _SAME_STAGE and stage and line.kind is DutyKind.TERM else act


def _filing(last_day: date, now: datetime, language: Language) -> tuple[str, str]:
    """Until when a reassessment is filed in good time under the regime of the day, and the rule in its own words."""
    try:
        rule = statutory_terms().filing_window(regime_on(now).id)
    except UnknownName:
        return "", ""
    if rule is None:
        return "", ""
    cutoff = rule.window(last_day).cutoff
    ruled = f"“{rule.phrase}” – {rule.clause}"
    if now < cutoff:
        return {Language.VI: "đến ", Language.EN: "by "}[language] + until(cutoff, last_day_before(cutoff), language), ruled
    passed = {
        Language.VI: "đã qua; nay vẫn nộp được khi giấy chứng nhận còn hiệu lực, và bị ghi nhận là nộp muộn",
        Language.EN: "has passed; it can be filed while the certificate is valid, and is recorded as late",
    }
    return (passed[language], ruled) if now.astimezone(VIETNAM).date() <= last_day else ("", "")


def _names(names: Sequence[str], language: Language) -> str:
    said = [name for name in (one_line(name, NAME) for name in names[:MOST_NAMES]) if name]
    rest = len(names) - MOST_NAMES
    if rest > 0:
        said.append({Language.VI: f"và {rest} người khác", Language.EN: f"and {rest} more"}[language])
    return ", ".join(said)


def groups(duties: Iterable[Duty]) -> tuple[Group, ...]:
    """Duties that share everything but their product together, in the order in which they first come."""
    found: dict[tuple[object, ...], list[Duty]] = {}
    for item in duties:
        key = item.common if item.kind != DutyKind.ACTIVITY else (*item.common, item.code, item.title)
        found.setdefault(key, []).append(item)
    return tuple(Group(members[0], tuple(members)) for members in found.values())


def happening(line: NoticeLine, language: Language) -> Happening:
    """Something that has happened, in words."""
    say = words(language.value)
    name = say.label("event", line.event)
    return Happening(
        event=line.event,
        name="" if name == line.event else name,
        title=one_line(line.title, TITLE),
        producer=one_line(line.producer or "", NAME),
        unit=one_line(line.unit, NAME),
        code=one_line(line.subject, NAME),
        at=say.instant(line.at),
        reason=paragraphs(line.reason or "", PROSE),
        link=web_link(line.link),
        d=Details(line.details, language),
    )


def context(message: Message) -> dict[str, Any]:
    """Everything that the templates of a message may name."""
    to = message.recipient
    duties = [duty(line, message.composed_at, to.language) for line in message.lines]
    shown = duties[:MOST_LINES]
    notices = [happening(line, to.language) for line in message.notices]
    return {
        "name": one_line(to.name, NAME),
        "place": one_line(to.office, NAME),
        "office": one_line(message.office, NAME),
        "rehearsal": message.rehearsal,
        "duties": duties,
        "lead": duties[0] if duties else None,
        "all_groups": groups(duties),
        "overdue": groups(item for item in shown if item.near == Nearness.PAST),
        "this_week": groups(item for item in shown if item.near in {Nearness.TODAY, Nearness.TOMORROW, Nearness.WEEK}),
        "later": groups(item for item in shown if item.near == Nearness.LATER),
        "count_overdue": sum(item.near == Nearness.PAST for item in duties),
        "more_duties": len(duties) - len(shown),
        "only_superior": bool(duties) and all(item.part == Part.SUPERIOR for item in duties),
        "notices": notices[:MOST_LINES],
        "more_notices": max(0, len(notices) - MOST_LINES),
        "count_notices": len(notices),
        "one_event": len({item.event for item in notices}) == 1,
    }
