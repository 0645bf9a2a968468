"""A letter as an Internet message (RFC 5322, MIME): the same envelope always gives the same bytes. Pure.

Written out by hand: the standard library's generator takes milliseconds a message, folds a long Message-ID into encoded words that no mail
program reads as one, and in some releases loses the quotation marks of a name with a comma.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from email.utils import format_datetime

from notifications.channels.cleaning import SUBJECT_LENGTH, body, display_name, one_line
from notifications.messages import Envelope, Letter

CALENDAR_NAME = "ocop.ics"

_LOCAL = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,120}@[A-Za-z0-9.-]{1,253}>")
_LONGEST_DOMAIN = 253
_DIGITS = 32
_PLAIN_LENGTH = 60
# An encoded word has at most 75 characters (RFC 2047, 2): base64 of 45 octets and what stands around it.
_WORD_OCTETS = 45


def mailbox(text: str) -> str | None:
    """An e-mail address as it is sent to, or None where it is none that a mail server could be given.

    Names of domains in other letters are written in ASCII (IDNA); the part before the ``@`` has to be ASCII, without quotation marks.
    """
    local, at, domain = text.strip(" ").rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        return None
    plain = _domain(domain)
    return None if plain is None else f"{local}@{plain}"


def _domain(text: str) -> str | None:
    try:
        plain = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return plain if len(plain) <= _LONGEST_DOMAIN and all(_LABEL.fullmatch(label) for label in plain.split(".")) else None


def message_id(key: str, domain: str) -> str:
    """The Message-ID of a delivery: made from its key, so that every try and every worker writes the same one.

    The domain may be in any letters; what is no domain is put as ``ocop.invalid``, for the left half alone tells messages apart.
    """
    return f"<{_digest(key)}@{_domain(domain) or 'ocop.invalid'}>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom letters come from: a mailbox, as :func:`mailbox` gives it, the name that readers see, and a mailbox for answers."""

    address: str
    name: str = ""
    reply_to: str | None = None


def compose(envelope: Envelope, letter: Letter, *, to: str, sender: "Sender") -> bytes:
    """The message to one mailbox, its lines ending in CR LF.

    Text and HTML are alternatives of each other; where there is a calendar, it stands among them, for programs that offer its dates at
    once, and is attached, for all others. Everything is ASCII, so that no server on the way has to be able to do more.

    Args:
        envelope: What is carried.
        letter: Its words.
        to: A mailbox, as :func:`mailbox` gives it.
        sender: Whom it comes from.

    Raises:
        ValueError: The envelope's Message-ID is none.
    """
    if not _MESSAGE_ID.fullmatch(envelope.message_id):
        raise ValueError(f"{envelope.message_id!r} is no Message-ID")
    headers = [
        ("From", _mailbox(sender.name, sender.address)),
        ("To", _mailbox(envelope.name, to)),
        ("Subject", _words(one_line(letter.subject, SUBJECT_LENGTH))),
        ("Date", format_datetime(envelope.composed_at)),
        ("Message-ID", envelope.message_id),
        # RFC 3834: nobody's absence note answers a machine. The second line says the same to Exchange.
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
        ("MIME-Version", "1.0"),
    ]
    if sender.reply_to is not None:
        headers.append(("Reply-To", sender.reply_to))
    if envelope.thread:
        # The root of a thread is never sent; mail programs group what refers to it all the same.
        root = message_id(f"{envelope.thread}|{to}", sender.address.rpartition("@")[2])
        headers += [("In-Reply-To", root), ("References", root)]
    boundary = f"=_{_digest(envelope.message_id)}"
    alternatives = [_part("text/plain", letter.text), _part("text/html", letter.html)]
    if letter.calendar is None:
        content = _together("alternative", f"{boundary}_a", alternatives)
    else:
        alternatives.append(_part("text/calendar; method=PUBLISH", letter.calendar))
        attached = _part("text/calendar; method=PUBLISH", letter.calendar, f'Content-Disposition: attachment; filename="{CALENDAR_NAME}"')
        content = _together("mixed", f"{boundary}_m", [_together("alternative", f"{boundary}_a", alternatives), attached])
    return "\r\n".join([*(f"{name}: {value}" for name, value in headers), content]).encode("ascii")


def _words(text: str) -> str:
    """A header's text: as it is if it is short and plain, else as encoded words (RFC 2047) of whole letters."""
    if text.isascii() and len(text) <= _PLAIN_LENGTH:
        return text
    words = [b""]
    for letter in text:
        octets = letter.encode()
        if len(words[-1]) + len(octets) > _WORD_OCTETS:
            words.append(b"")
        words[-1] += octets
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def _mailbox(name: str, address: str) -> str:
    name = display_name(name)
    if not name:
        return address
    words = _words(name)
    return f'"{name}" <{address}>' if words == name else f"{words}\r\n <{address}>"


def _part(kind: str, text: str, *more: str) -> str:
    octets = body(text).replace("\n", "\r\n").encode()
    encoded = base64.encodebytes(octets).decode().replace("\n", "\r\n")
    return "\r\n".join([f"Content-Type: {kind}; charset=utf-8", "Content-Transfer-Encoding: base64", *more, "", encoded])


def _together(how: str, boundary: str, parts: list[str]) -> str:
    inner = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f'Content-Type: multipart/{how};\r\n boundary="{boundary}"\r\n\r\n{inner}--{boundary}--\r\n'
