"""Deadlines as calendar text (iCalendar, RFC 5545, RFC 7986): one all-day entry on each last valid day. Pure.

An entry keeps its UID for as long as the duty lives and its SEQUENCE only rises, so a deadline that moves is moved in the reader's
calendar, and one that falls is struck out there instead of staying for ever. The order of entries and lines is fixed: the same items make
the same bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from icalendar import Alarm, Calendar, Event, Timezone, vDuration, vText

from notifications.messages import Language
from notifications.plain import one_line, paragraphs, web_link
from states.regime import VIETNAM
from states.vocabulary import TermStatus

REFRESH = timedelta(hours=6)
"""How often a program that has subscribed should ask again."""

_ALARM = -timedelta(hours=15)
"""Nine in the morning of the day before: all-day entries begin at midnight."""

_SUMMARY = 200
_DESCRIPTION = 4_000
_NAME = 120
_ENDED = {
    Language.VI: {TermStatus.MET: "Đã xong: ", TermStatus.PASSED: "Đã quá hạn: ", TermStatus.DROPPED: "Không còn áp dụng: "},
    Language.EN: {TermStatus.MET: "Done: ", TermStatus.PASSED: "Overdue: ", TermStatus.DROPPED: "No longer applies: "},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One deadline in a calendar.

    Attributes:
        duty: Id of the duty, the same for all versions of its date.
        version: How often its date has been set, from 1.
        last_day: Last local day on which the act still counts.
        summary: One line.
        description: A few lines.
        link: Where to see it, http or https.
        status: Whether it still runs; an entry whose duty no longer applies is kept and cancelled.
        stamped: When this version of the entry was made (aware), its DTSTAMP.
        alarm: Whether the calendar should ring at nine in the morning of the day before.
    """

    duty: str
    version: int = 1
    last_day: date
    summary: str
    description: str = ""
    link: str | None = None
    status: TermStatus = TermStatus.RUNNING
    stamped: datetime
    alarm: bool = False

    @property
    def uid(self) -> str:
        """The UID: made from the duty alone, so that no later date and no other file changes it."""
        return f"{sha256(self.duty.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}@ocop-cycle"

    @property
    def sequence(self) -> int:
        """The SEQUENCE: rises with each new date, and once more when the duty ends."""
        return 2 * (self.version - 1) + (self.status is not TermStatus.RUNNING)


def calendar_text(entries: Iterable[Entry], *, name: str, language: Language, subscribed: bool = False) -> str:
    """A calendar of entries, METHOD:PUBLISH, with CRLF line ends and lines folded at 75 octets.

    Args:
        entries: In any order; of several with one UID the one with the highest SEQUENCE stands.
        name: What the reader's program shows as the calendar's name.
        language: Of the words that the calendar itself adds.
        subscribed: Whether programs ask for it again (a feed), as opposed to a file attached to a letter.
    """
    calendar = Calendar()
    calendar.add("prodid", f"-//ocop-cycle//deadlines//{language.upper()}")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-timezone", str(VIETNAM))
    shown = one_line(name, _NAME)
    calendar.add("name", vText(shown, params={"LANGUAGE": str(language)}))
    calendar.add("x-wr-calname", shown)
    if subscribed:
        calendar.add("refresh-interval", vDuration(REFRESH, params={"VALUE": "DURATION"}))
        calendar.add("x-published-ttl", vDuration(REFRESH))
    newest: dict[str, Entry] = {}
    for entry in entries:
        known = newest.get(entry.uid)
        if known is None or (entry.sequence, entry.stamped) > (known.sequence, known.stamped):
            newest[entry.uid] = entry
    for entry in sorted(newest.values(), key=lambda entry: (entry.last_day, entry.uid)):
        calendar.add_component(_event(entry, language))
    if not newest:
        # RFC 5545 (3.6) asks for one component at least, and some programs drop a feed that has none.
        calendar.add_component(Timezone.from_tzid(str(VIETNAM)))
    return str(calendar.to_ical(), "utf-8")


def feed(name: str, entries: Iterable[Entry], *, language: Language = Language.VI) -> str:
    """A calendar to subscribe to, of a person, a unit or a province: see :func:`calendar_text`."""
    return calendar_text(entries, name=name, language=language, subscribed=True)


def _event(entry: Entry, language: Language) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.stamped.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.last_day)
    event.add("dtend", entry.last_day + timedelta(days=1))
    event.add(
        "summary", vText(_ENDED[language].get(entry.status, "") + one_line(entry.summary, _SUMMARY), params={"LANGUAGE": str(language)})
    )
    description = paragraphs(entry.description, _DESCRIPTION)
    if description:
        event.add("description", description)
    if link := web_link(entry.link):
        event.add("url", link)
    event.add("status", "CANCELLED" if entry.status is TermStatus.DROPPED else "CONFIRMED")
    # A deadline does not make its reader busy.
    event.add("transp", "TRANSPARENT")
    if entry.alarm and entry.status is TermStatus.RUNNING:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", one_line(entry.summary, _SUMMARY))
        alarm.add("trigger", _ALARM)
        event.add_component(alarm)
    return event
