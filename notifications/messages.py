"""What a message says, before it is put into words: values that the letters are written from and the channels carry. Pure."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from deadlines.ladder import DutyKind
from states.vocabulary import Effect, Event, Stage


class Language(StrEnum):
    """Languages that messages are written in."""

    VI = "vi"
    EN = "en"


class Part(StrEnum):
    """Why a message comes to its reader."""

    HOLDER = "holder"
    """The reader has to act."""
    STAND_IN = "stand_in"
    """The reader stands in for somebody who is away."""
    SUPERIOR = "superior"
    """Somebody below has not acted."""


class MessageKind(StrEnum):
    """Kinds of message; each has its templates."""

    REMINDER = "reminder"
    """One duty."""
    DIGEST = "digest"
    """Several duties of one person in one window, most urgent first."""
    ESCALATION = "escalation"
    """One duty that somebody below has let pass."""
    NOTICE = "notice"
    """Something has happened to a case: no duty, but whoever follows it should know."""


class ChannelName(StrEnum):
    """Ways to reach somebody."""

    INBOX = "inbox"
    EMAIL = "email"
    WEBHOOK = "webhook"
    CONSOLE = "console"
    FILE = "file"
    HAND = "hand"
    """No machine sends it: a text to copy or share (Gửi qua Zalo), or a call by the call sheet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A person as a message addresses them.

    Attributes:
        person: Code of the person.
        email, phone: Where to reach them; None where the office knows none.
        office: Name of the unit, or of the producer, that the person acts for.
    """

    person: str
    name: str
    language: Language = Language.VI
    email: str | None = None
    phone: str | None = None
    office: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyLine:
    """One duty as a message says it.

    Attributes:
        duty: Id of the duty (a term's id, an activity's, a certificate's code).
        rung: Step of the ladder that this message is, such as ``T-7``.
        part: Why the reader hears of it.
        subject: Code of the case, plan or certificate.
        title: The product's name, or the activity's own words.
        producer: Name of the producer, where there is one.
        unit: Name of the unit that the subject belongs to.
        stage: The stage that has to be met.
        act: The act that fulfils it.
        due_at: Exclusive instant (aware); the act must be received before it.
        last_day: Last local day on which the act still counts.
        phrase: The paper's own words for the date.
        source: Document number and item.
        effect: What happens at the cut-off.
        holders: Names of those who have to act, where the reader is not the holder.
        next_round: Name of the round that a case goes to if it misses this one.
        link: Personal link that shows the duty without an account; None before it is made.
        version: How often the last day has been set: 1 at first, one more with each new date. Calendars show the highest.
    """

    duty: str
    kind: DutyKind
    rung: str
    part: Part
    subject: str
    title: str
    producer: str | None = None
    unit: str = ""
    stage: Stage | None = None
    act: Event | None = None
    due_at: datetime
    last_day: date
    phrase: str = ""
    source: str = ""
    effect: Effect | None = None
    holders: tuple[str, ...] = ()
    next_round: str | None = None
    link: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """Something that has happened, as a message says it.

    Attributes:
        event: What happened.
        subject, title, producer, unit: As in :class:`DutyLine`.
        at: When it took effect (aware).
        reason: Why, where somebody gave a reason.
        details: Values that the words of this event name (stars, decision number, next round, from, to …).
    """

    event: str
    subject: str
    title: str
    producer: str | None = None
    unit: str = ""
    at: datetime
    reason: str | None = None
    details: dict[str, Any] = field(default_factory=dict, hash=False)
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one person.

    Attributes:
        id: Made from recipient, window and kind, so that the same message is never made twice.
        composed_at: Local instant (aware) for which it is worded: "còn 7 ngày" counts from here.
        lines: Duties, most urgent first (reminder, digest, escalation).
        notices: What happened (notice; a digest may carry both).
        office: Name of the office that writes.
        rehearsal: Whether it comes from a rehearsal and has no legal force; the words say so.
    """

    id: str
    kind: MessageKind
    recipient: Recipient
    composed_at: datetime
    lines: tuple[DutyLine, ...] = ()
    notices: tuple[NoticeLine, ...] = ()
    office: str = ""
    rehearsal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message in words.

    Attributes:
        subject: One line without control characters.
        text, html: The same content.
        short: At most 160 characters without diacritics, for an SMS gateway.
        share: Ready to copy or share by Zalo: a few lines with the personal link.
        calendar: iCalendar text (RFC 5545) with an all-day event on each last day, or None.
    """

    subject: str
    text: str
    html: str
    short: str
    share: str
    calendar: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a channel carries to one address.

    Attributes:
        key: Key of the delivery; the same for every try.
        message_id: RFC 5322 Message-ID made from the key; the same for every try.
        address: E-mail address, URL, or person code, as the channel needs it.
        name: Name of the recipient.
        letter: The words; None where only ``event`` is carried.
        event: CloudEvent 1.0 as a JSON-able value, for webhooks.
        composed_at: When the message was worded (aware).
        thread: What the message belongs to (the code of a case): mail programs show messages of one thread to one address together.
    """

    key: str
    message_id: str
    address: str
    name: str
    letter: Letter | None
    event: dict[str, Any] | None = field(default=None, hash=False)
    composed_at: datetime
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The other side has taken it over; ``reply`` in its own words."""

    reply: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Not taken now; to be tried again, not before ``after`` where the other side named a time.

    ``why`` is a key of ``[cause]`` in ``states/labels``; ``in_doubt`` means that the other side may have taken it and only its answer is
    missing, so that another try may make a second copy.
    """

    reply: str
    after: timedelta | None = None
    why: str = ""
    in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Not taken, and trying again would not help; ``off`` where the address as such wants nothing more (HTTP 410).

    ``why`` is a key of ``[cause]`` in ``states/labels``.
    """

    reply: str
    off: bool = False
    why: str = ""


Reply = Accepted | Later | Refused


class Channel(Protocol):
    """One way out. A channel holds no state between calls that matters: whatever has to survive is in the database."""

    name: ChannelName

    def send(self, envelope: Envelope) -> Reply:
        """Hand one envelope over, within 45 seconds whatever the other side does.

        Never raises for what the other side or the network does: that is a :class:`Later` or :class:`Refused` in words.
        """
