"""Letters travel encrypted to a server that proves who it is, or not at all; and an independent mail server takes them."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from notifications.channels.causes import Cause
from notifications.channels.email import EmailChannel
from notifications.channels.settings import EmailSettings, Security
from notifications.messages import Accepted, Later, Reply
from tests.notifications.channels.samples import LETTER, SENDER, envelope
from tests.support.serving import MailServer, silence

if TYPE_CHECKING:
    from tests.support.certificates import Authority


def through(server: MailServer, ca_file: Path | None, security: Security, **changed: Any) -> Reply:
    settings = EmailSettings(host="localhost", port=server.port, security=security, sender=SENDER, ca_file=ca_file, seconds=5)
    return EmailChannel(replace(settings, **changed)).send(envelope())


@contextmanager
def serving(security: Security, context: Any, **more: Any) -> Iterator[MailServer]:
    with MailServer(tls=context, **more) if security is Security.TLS else MailServer(starttls=context, **more) as server:
        yield server


BOTH = pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])


@BOTH
def test_a_server_with_a_good_certificate_takes_the_letter(security: Security, authority: "Authority"):
    with serving(security, authority.server()) as server:
        assert isinstance(through(server, authority.file, security), Accepted)
    assert len(server.letters) == 1


@BOTH
@pytest.mark.parametrize("fault", ["expired", "self-signed", "another name", "unknown authority"])
def test_a_certificate_that_proves_nothing_stops_everything(security: Security, fault: str, authority: "Authority"):
    from tests.support.certificates import DAY, NOW  # noqa: PLC0415 (needs cryptography, which the fixture asks for)

    contexts = {
        "expired": lambda: authority.server(until=NOW - DAY),
        "self-signed": lambda: authority.server(itself=True),
        "another name": lambda: authority.server("mail.elsewhere.example"),
        "unknown authority": authority.server,
    }
    trusted = None if fault == "unknown authority" else authority.file
    with serving(security, contexts[fault]()) as server:
        reply = through(server, trusted, security)
    assert isinstance(reply, Later)
    assert reply.why == Cause.TLS_FAILED
    assert reply.reply
    assert server.letters == []
    assert not any(line.startswith("MAIL") for line in server.said)


def test_a_server_without_encryption_gets_nothing_when_encryption_is_asked_for():
    with MailServer(login="PLAIN") as server:
        reply = through(server, None, Security.STARTTLS, user="ocop", password="bi-mat")
    assert isinstance(reply, Later)
    assert reply.why == Cause.TLS_FAILED
    assert server.said == ["ehlo so.example"]


@pytest.mark.parametrize("said", [b"454 not now\r\n", b"501 no\r\n", silence], ids=["454", "501", "silence"])
def test_a_server_that_takes_encryption_back_gets_nothing(said: Any, authority: "Authority"):
    with MailServer({"starttls": said}, starttls=authority.server()) as server:
        reply = through(server, authority.file, Security.STARTTLS, seconds=0.5)
    assert isinstance(reply, Later)
    assert reply.why == (Cause.TOO_SLOW if said is silence else Cause.TLS_FAILED)
    assert not any(line.startswith("MAIL") for line in server.said)


def test_what_was_slipped_in_before_the_encryption_is_not_taken_for_an_answer(authority: "Authority"):
    """The known injection: answers sent in the clear right behind the 220 must not be read as if they came through TLS."""
    slipped = b"220 go ahead\r\n250-mail.example\r\n250 AUTH PLAIN\r\n"
    with MailServer({"starttls": slipped}, starttls=authority.server()) as server:
        reply = through(server, authority.file, Security.STARTTLS, user="ocop", password="bi-mat", seconds=1)
    assert isinstance(reply, Later)
    assert not any(line.lower().startswith("auth") for line in server.said)
    assert server.letters == []


def test_a_handshake_that_never_ends_is_left_when_the_time_is_up():
    with MailServer({"greeting": silence}) as server:
        reply = through(server, None, Security.TLS, seconds=0.4)
    assert isinstance(reply, Later)
    assert reply.why == Cause.TOO_SLOW


def test_a_login_is_sent_through_the_encryption_only(authority: "Authority"):
    with MailServer(starttls=authority.server(), login="PLAIN LOGIN") as server:
        assert isinstance(through(server, authority.file, Security.STARTTLS, user="ocop", password="bi-mat"), Accepted)
    assert [line.partition(" ")[0].upper() for line in server.said] == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    "said", [b"535 5.7.8 wrong password\r\n", b"334 !!!not base64\r\n", b"454 later\r\n", b"334 " + b"A" * 8 + b"\r\n"]
)
def test_a_login_that_fails_is_shown_as_that_and_no_letter_is_given_up_for_it(said: bytes, authority: "Authority"):
    with MailServer({"auth": said}, starttls=authority.server(), login="PLAIN") as server:
        reply = through(server, authority.file, Security.STARTTLS, user="ocop", password="bi-mat")
    assert isinstance(reply, Later)
    assert reply.why == Cause.MAIL_LOGIN
    assert "bi-mat" not in reply.reply


def test_a_server_that_offers_no_login_is_shown_as_that(authority: "Authority"):
    with MailServer(starttls=authority.server()) as server:
        reply = through(server, authority.file, Security.STARTTLS, user="ocop", password="bi-mat")
    assert isinstance(reply, Later)
    assert reply.why == Cause.MAIL_LOGIN


def test_an_independent_mail_server_takes_a_page_with_encryption_and_login(authority: "Authority"):
    pytest.importorskip("aiosmtpd", reason="aiosmtpd is not installed, so the letters are handed to our own mail server only")
    from aiosmtpd.controller import Controller  # noqa: PLC0415
    from aiosmtpd.handlers import Message as Handler  # noqa: PLC0415
    from aiosmtpd.smtp import AuthResult  # noqa: PLC0415

    taken = []

    class Keeps(Handler):  # type: ignore[misc,unused-ignore]
        def handle_message(self, message: Any) -> None:
            taken.append(message)

    def knows(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, data: Any) -> Any:
        return AuthResult(success=(data.login, data.password) == (b"ocop", b"bi-mat"))

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = authority.server()
    options: dict[str, Any] = {"authenticator": knows, "auth_required": True, "auth_require_tls": True}
    controller = Controller(Keeps(), hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True, **options)
    controller.start()
    try:
        settings = EmailSettings(host="localhost", port=port, sender=SENDER, user="ocop", password="bi-mat", ca_file=authority.file)
        with EmailChannel(settings).page() as page:
            replies = [page.send(envelope(f"key-{number}")) for number in range(5)]
    finally:
        controller.stop()
    assert {type(reply) for reply in replies} == {Accepted}
    assert [message["Message-ID"] for message in taken] == [envelope(f"key-{number}").message_id for number in range(5)]
    assert LETTER.text.replace("\n", "\r\n").encode() in {part.get_payload(decode=True) for part in taken[0].walk()}
