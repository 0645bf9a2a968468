"""A letter on the wire is the letter that was written, and nobody's name adds anything to it."""

from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import compat32, default
from email.utils import getaddresses, parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.cleaning import NAME_LENGTH, SUBJECT_LENGTH, body, display_name, one_line
from notifications.channels.mime import Sender, compose, mailbox, message_id
from notifications.messages import Envelope
from tests.notifications.channels.samples import CALENDAR, LETTER, SENDER, envelope

HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version"]
HEADERS += ["In-Reply-To", "References", "Content-Type"]
EVIL = [
    "\r\nBcc: everybody@evil.example",
    "a\nBcc: x@evil.example",
    "a\rBcc: x@evil.example",
    "a\x00b",
    "a\x0b\x0c\x1c\x85\u2028\u2029Bcc: x@evil.example",
    "\r\n\r\n<script>",
    "=?utf-8?q?a=0D=0ABcc=3A_x=40evil.example?=",
    "=?utf-8?b?DQpCY2M6IHhAZXZpbC5leGFtcGxl?=",
    "a, x@evil.example",
    'a" <x@evil.example>, "b',
    "<x@evil.example>",
    "a; b: c (comment \\",
    "\u202egpj.exe",
    "\u2066a\u2069\u200b\u200f",
    "Nguyễn " * 2000,
    "a" * 10_000,
    "\ud800\udfff",
    "Ngu\u0079e\u0302\u0303n",
    "",
    " ",
]


def parsed(carried: Envelope | None = None, name: str = "") -> EmailMessage:
    carried = carried or envelope()
    assert carried.letter is not None
    octets = compose(carried, carried.letter, to=carried.address, sender=Sender(SENDER, name))
    assert octets.isascii()
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert b"\r" not in octets.replace(b"\r\n", b"")
    assert max(map(len, octets.split(b"\r\n"))) <= 200
    return message_from_bytes(octets, policy=default)


def as_written(name: str) -> Message:
    return message_from_bytes(compose(envelope(name=name), LETTER, to="anh@xa.example", sender=Sender(SENDER)), policy=compat32)


def shown(header: object) -> tuple[str, str]:
    """(name, address) of a header with one mailbox.

    The names are decoded by the older of Python's two decoders: the newer one puts a space between the encoded words of one long name.
    """
    name, address = parseaddr(str(header))
    return str(make_header(decode_header(name))), address


def texts(message: EmailMessage) -> list[tuple[str, str]]:
    return [(part.get_content_type(), part.get_content().replace("\r\n", "\n")) for part in message.walk() if not part.is_multipart()]


def test_a_letter_read_back_by_a_mail_program_is_the_letter():
    message = parsed(name="Phòng Nông nghiệp, huyện Vân Sơn")
    assert message.defects == []
    assert list(message.keys()) == HEADERS
    assert message["From"].addresses[0].display_name == "Phòng Nông nghiệp huyện Vân Sơn"
    assert [(one.display_name, one.addr_spec) for one in message["To"].addresses] == [("Nguyễn Thị Ánh", "anh@xa.example")]
    assert message["Subject"] == LETTER.subject
    assert message["Date"].datetime == envelope().composed_at
    assert message["Message-ID"] == envelope().message_id
    calendar = CALENDAR.replace("\r\n", "\n")
    assert texts(message) == [
        ("text/plain", LETTER.text),
        ("text/html", LETTER.html),
        ("text/calendar", calendar),
        ("text/calendar", calendar),
    ]
    inner, attached = message.iter_parts()
    assert [message.get_content_type(), inner.get_content_type()] == ["multipart/mixed", "multipart/alternative"]
    assert attached.get_filename() == "ocop.ics"
    assert attached.get_param("method") == "PUBLISH"


def test_a_letter_without_dates_has_no_calendar():
    message = parsed(envelope(letter=replace(LETTER, calendar=None)))
    assert message.get_content_type() == "multipart/alternative"
    assert [kind for kind, _ in texts(message)] == ["text/plain", "text/html"]


def test_every_try_is_the_same_octets():
    assert compose(envelope(), LETTER, to="a@b.example", sender=Sender(SENDER)) == compose(
        envelope(), LETTER, to="a@b.example", sender=Sender(SENDER)
    )


def test_messages_about_one_case_to_one_reader_are_one_thread_and_others_are_not():
    def thread(**changed: Any) -> str:
        message = parsed(envelope(**changed))
        assert message["References"] == message["In-Reply-To"]
        return str(message["References"])

    root = thread()
    assert thread(key="another") == root
    assert thread(thread="VS-2021-0043") != root
    assert thread(address="binh@xa.example") != root
    assert parsed(envelope(thread=""))["References"] is None


@pytest.mark.parametrize("evil", EVIL)
def test_no_name_or_subject_adds_a_header_or_a_recipient(evil: str):
    message = parsed(envelope(name=evil, letter=replace(LETTER, subject=evil), thread=evil or "x"), name=evil)
    assert list(message.keys()) == HEADERS
    assert [address for _, address in getaddresses([str(message["To"])])] == ["anh@xa.example"]
    assert [address for _, address in getaddresses([str(message["From"])])] == [SENDER]
    assert message["Subject"] == one_line(evil, SUBJECT_LENGTH)
    assert shown(as_written(evil)["To"]) == (display_name(evil), "anh@xa.example")
    assert len(display_name(evil)) <= NAME_LENGTH


@given(name=st.text(max_size=300), subject=st.text(max_size=500), text=st.text(max_size=300))
def test_any_name_subject_and_text_arrive_as_they_were_cleaned(name: str, subject: str, text: str):
    message = parsed(envelope(name=name, letter=replace(LETTER, subject=subject, text=text)))
    assert list(message.keys()) == HEADERS
    assert message["Subject"] == one_line(subject, SUBJECT_LENGTH)
    assert [one.addr_spec for one in message["To"].addresses] == ["anh@xa.example"]
    assert shown(as_written(name)["To"]) == (display_name(name), "anh@xa.example")
    assert texts(message)[0] == ("text/plain", body(text))


@given(text=st.text(max_size=300), limit=st.integers(2, 50))
def test_a_cleaned_line_is_one_line_that_is_not_too_long_and_cleaning_again_changes_nothing(text: str, limit: int):
    line = one_line(text, limit)
    assert line == one_line(line, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line.isprintable()


def test_cleaning_leaves_vietnamese_as_it_is():
    text = "Ủy ban nhân dân xã Vân Sơn – “Trà sen” (đợt 1), hạn 09/07/2021: còn 7 ngày; gửi trước 17:00 & đúng mẫu"
    assert one_line(text, 200) == text
    assert body(text + "\n\tdòng hai\n") == text + "\n\tdòng hai\n"


@pytest.mark.parametrize(
    ("given_", "sent_to"),
    [
        ("anh@xa.example", "anh@xa.example"),
        (" a.b+c@Mail.Example ", "a.b+c@Mail.Example"),
        ("anh@bücher.example", "anh@xn--bcher-kva.example"),
        ("a@localhost", "a@localhost"),
    ],
)
def test_an_address_is_written_in_ascii(given_: str, sent_to: str):
    assert mailbox(given_) == sent_to


@pytest.mark.parametrize(
    "given_",
    [
        *[
            "",
            "anh",
            "@xa.example",
            "anh@",
            "a b@xa.example",
            "a@b@c",
            "anh@xa..example",
            "anh@-xa.example",
            "ánh@xa.example",
            ".a@b.example",
        ],
        *[
            "a..b@b.example",
            '"a b"@b.example',
            "a@b.example\r\nRCPT TO:<x@y>",
            "a@b.example\n",
            "a\x00@b.example",
            "a@b.example,c@d.example",
        ],
        *[
            "<a@b.example>",
            "a@b.example>",
            "a@[127.0.0.1]",
            "a" * 65 + "@b.example",
            "a@" + "b" * 64 + ".example",
            "a@" + "b." * 150 + "vn",
        ],
        *["a@b\u3002example\u2028", "\u202ea@b.example"],
    ],
)
def test_what_no_mail_server_could_be_given_is_no_address(given_: str):
    assert mailbox(given_) is None


@given(st.text(max_size=80))
def test_an_address_never_carries_a_second_command(text: str):
    found = mailbox(text)
    assert found is None or (found.isascii() and found.isprintable() and not set(found) & set(' <>,;:"\\()[]'))


def test_a_message_id_is_made_from_the_key_and_a_wrong_one_is_not_sent():
    assert message_id("k", "so.example") == message_id("k", "so.example") != message_id("l", "so.example")
    for domain, written in (
        ("bücher.example", "xn--bcher-kva.example"),
        ("a b", "ocop.invalid"),
        ("", "ocop.invalid"),
        ("x>\r\nY: z", "ocop.invalid"),
    ):
        number = message_id("k", domain)
        assert number.endswith(f"@{written}>")
        assert compose(envelope(message_id=number), LETTER, to="a@b.example", sender=Sender(SENDER))
    for wrong in ("", "abc@so.example", "<a@b>\r\nBcc: x@y", "<a b@c>"):
        with pytest.raises(ValueError, match="Message-ID"):
            compose(envelope(message_id=wrong), LETTER, to="a@b.example", sender=Sender(SENDER))
