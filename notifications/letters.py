"""Messages put into words. Pure: no clock and no database; the same message makes the same letter.

What a notice may carry in ``details`` beside its event, all optional: ``stage`` (value of a stage), ``phrase``; ``from``, ``to``, ``until``,
``valid_until`` (last days: a date, or the exclusive instant after one); ``round``, ``next_round``, ``attempt``, ``state``, ``level``;
``mean``, ``stars``, ``held`` (stars held before); ``document_no`` and ``_date``, and likewise ``decision``, ``minutes``, ``letter``,
``notice``; ``certificate``, ``intake_no``, ``published_on``, ``days``; ``documents``, ``knock_outs`` (values of the forms), ``remarks``,
``note``; ``event`` (the act that a paper is about), ``acted_on``, ``confirmed_by``. Dates and instants may be ISO text.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from deadlines.ladder import DutyKind
from notifications.feeds import Entry, calendar_text
from notifications.messages import DutyLine, Language, Letter, Message, MessageKind
from notifications.plain import ascii_text, one_line, shorten
from notifications.views import context, duty
from states.vocabulary import TermStatus

SUBJECT = 160
SHORT = 160
SHARE = 600
_LONGEST_LINK = 110
"""A longer link leaves an SMS no room for words, so the SMS goes without it."""

_LEAST_WORDS = 20
_ROOMS = (60, 45, 30, 20, 12, 0)
"""Letters that a name may take; smaller ones are tried until a text fits."""

_SHARED_ITEMS = (5, 3, 2, 1)

_TERM_ID = re.compile(r".+:([1-9]\d{0,9}):\d+", re.DOTALL)
_Text = TypeVar("_Text", str, Markup)


def write(message: Message) -> Letter:
    """Put a message into words, in its recipient's language.

    Raises:
        ValueError: It has neither duties nor notices, so there is nothing to say.
    """
    if not message.lines and not message.notices:
        raise ValueError("a message has duties or notices")
    language = message.recipient.language
    kind = _layout(message)
    values = context(message)
    values |= {"m": values, "kind": str(kind), "language": str(language), "soonest": _soonest(values)}
    subject = shorten(one_line(_text(language, f"{language}/subject.txt", values), SUBJECT * 2), SUBJECT)
    layout = "reminder" if kind is MessageKind.ESCALATION else str(kind)
    return Letter(
        subject=subject,
        text=_tidy(_text(language, f"{layout}.txt", values)),
        html=_page(language, f"{layout}.html", {**values, "subject": subject}),
        short=_short(language, values),
        share=_share(language, values),
        calendar=_calendar(message),
    )


def _layout(message: Message) -> MessageKind:
    """The kind by which it is laid out: several duties read as a digest whatever sent them, news without duties as a notice."""
    if not message.lines:
        return MessageKind.NOTICE
    if message.kind is MessageKind.NOTICE and message.notices:
        return MessageKind.NOTICE
    if len(message.lines) > 1 or message.notices or message.kind is MessageKind.DIGEST:
        return MessageKind.DIGEST
    return MessageKind.REMINDER if message.kind is MessageKind.NOTICE else message.kind


def _soonest(values: dict[str, Any]) -> str:
    """The nearest last day among the duties that are not overdue, in figures."""
    ahead = [item for item in values["duties"] if item.near != "past"]
    return min(ahead, key=lambda item: item.days).day if ahead else ""


def entry(
    line: DutyLine, *, language: Language, stamped: datetime, status: TermStatus = TermStatus.RUNNING, rehearsal: bool = False
) -> Entry:
    """A duty as an entry of a calendar, in words that stay true whenever they are read.

    Args:
        line: The duty.
        language: Of the words.
        stamped: When this version of the duty was made (aware).
        status: Whether it still runs.
        rehearsal: Whether it comes from a rehearsal; the words then say that it has no legal force.
    """
    # "Còn 7 ngày" would be wrong from the next morning on, so the words are those of a day far ahead, and none of them is a count.
    said = duty(line, line.due_at - timedelta(days=60), language)
    values = {"x": said, "rehearsal": rehearsal}
    key, version = _identity(line)
    return Entry(
        duty=key,
        version=version,
        last_day=line.last_day,
        summary=_text(language, f"{language}/summary.txt", values),
        description=_text(language, f"{language}/description.txt", values),
        link=said.link,
        status=status,
        stamped=stamped,
    )


def _identity(line: DutyLine) -> tuple[str, int]:
    """What stays of a duty when its date moves, and a number that rises when it does.

    A deadline of a case that moves is a new row, ``<case>:<case_seq>:<index>``; to its reader it is still the same stage of the same case.
    """
    if line.kind is DutyKind.TERM and line.stage is not None and (found := _TERM_ID.fullmatch(line.duty)):
        return f"{line.kind}:{line.subject}:{line.stage}", int(found[1])
    return f"{line.kind}:{line.duty}", line.version


def _calendar(message: Message) -> str | None:
    """The last days that still lie ahead; None where there are none."""
    ahead = [line for line in message.lines if message.composed_at < line.due_at]
    if not ahead:
        return None
    language = message.recipient.language
    entries = (entry(line, language=language, stamped=message.composed_at, rehearsal=message.rehearsal) for line in ahead)
    return calendar_text(entries, name=one_line(message.office, SUBJECT) or "OCOP", language=language)


def _links(values: dict[str, Any]) -> Iterator[str]:
    for item in (*values["duties"], *values["notices"]):
        if item.link:
            yield item.link


def _short(language: Language, values: dict[str, Any]) -> str:
    """One line of ASCII of at most 160 characters; a link is whole or not there."""
    link = next((link for link in _links(values) if len(link) <= _LONGEST_LINK), None)
    room_for_words = SHORT - (len(link) + 1 if link else 0)
    words = ""
    for room in _ROOMS:
        words = ascii_text(one_line(_text(language, f"{language}/short.txt", {**values, "room": room}), SHORT * 4))
        if len(words) <= room_for_words:
            break
    words = words if len(words) <= room_for_words else shorten(words, room_for_words - 2).removesuffix("…") + "..."
    return f"{words} {link}" if link and len(words) >= _LEAST_WORDS else words


def _share(language: Language, values: dict[str, Any]) -> str:
    """A few lines of at most about 600 characters, with the first personal link whole."""
    link = next(_links(values), None)
    one_link = len(set(_links(values))) == 1
    said = ""
    for most in _SHARED_ITEMS:
        for room in _ROOMS[:-1]:
            said = _tidy(
                _text(language, f"{language}/share.txt", {**values, "room": room, "most": most, "link": link, "one_link": one_link})
            ).strip()
            if len(said) <= SHARE:
                return said
    if link and link in said:
        # Only a very long link comes here: words are cut, never the link.
        words, _, rest = said.partition(link)
        return f"{shorten(words, max(SHARE - len(link) - len(rest), SHARE // 3))}\n{link}{rest}"
    return shorten(said, SHARE)


def _tidy(text: str) -> str:
    """No spaces at line ends, never two empty lines, one line end at the end."""
    lines: list[str] = []
    for line in (found.rstrip() for found in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"


def _cap(text: _Text) -> _Text:
    """With a capital at the beginning, the rest as it is."""
    return type(text)(text[:1].upper() + text[1:])


def _prose(text: _Text) -> _Text:
    """On one line and single-spaced."""
    return type(text)(" ".join(text.split()))


@cache
def _environment(*, html: bool) -> Environment:
    """Templates of the package; HTML escapes every value, text none, and a name that nobody set is an error."""
    environment = Environment(
        loader=PackageLoader("notifications", "templates"),
        # In a text nothing is markup, and an escaped sign would be shown as such.
        autoescape=html,  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        auto_reload=False,
    )
    environment.filters |= {"cap": _cap, "prose": _prose, "short": lambda text, limit: shorten(str(text), limit) if limit else ""}
    return environment


@cache
def _modules(language: Language, *, html: bool) -> dict[str, Any]:
    """The sentences of a language, and the pieces that letters are laid out with."""
    environment = _environment(html=html)
    found: dict[str, Any] = {name: environment.get_template(f"{language}/{file}.j2").module for name, file in _FILES.items()}
    return found | {"parts": environment.get_template("parts.j2").module}


_FILES = {"say": "sentences", "events": "events"}


def _text(language: Language, name: str, values: dict[str, Any]) -> str:
    return _environment(html=False).get_template(name).render(**_modules(language, html=False), **values)


def _page(language: Language, name: str, values: dict[str, Any]) -> str:
    return _environment(html=True).get_template(name).render(**_modules(language, html=True), **values)
