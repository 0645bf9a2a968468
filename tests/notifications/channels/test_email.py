"""Mail servers on loopback that refuse, stall, babble and die: nothing is lost, nothing final is retried, and no answer takes for ever."""

import smtplib
import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from notifications.channels import email
from notifications.channels.causes import Cause
from notifications.channels.email import EmailChannel
from notifications.channels.mime import Sender, compose
from notifications.channels.settings import EmailSettings, Security
from notifications.messages import Accepted, Later, Refused, Reply
from tests.notifications.channels.samples import LETTER, SENDER, envelope
from tests.support.serving import Action, Flood, MailServer, Trickle, cut, hang_up, silence

SHORT = 0.4
"""The whole time limit, where a test waits for it."""
SLACK = 3
"""What a busy machine may add; servers that trickle or hold the line would take far longer."""


def settings(server: MailServer, **changed: Any) -> EmailSettings:
    plain = EmailSettings(host="127.0.0.1", port=server.port, security=Security.NONE, sender=SENDER, sender_name="OCOP Vân Sơn", seconds=5)
    return replace(plain, **changed)


def channel(server: MailServer, **changed: Any) -> EmailChannel:
    return EmailChannel(settings(server, **changed))


def reply_to(script: dict[str, Action | list[Action]], **changed: Any) -> tuple[Reply, MailServer, float]:
    """What the channel makes of a server, the server afterwards, and how long it took."""
    with MailServer(script) as server:
        begun = time.monotonic()
        reply = channel(server, **changed).send(envelope())
        took = time.monotonic() - begun
    return reply, server, took


def test_a_letter_is_handed_over_as_it_was_composed():
    reply, server, _ = reply_to({})
    assert reply == Accepted("250 2.0.0 taken as 1234")
    data = compose(envelope(), LETTER, to="anh@xa.example", sender=Sender(SENDER, "OCOP Vân Sơn"))
    assert server.letters == [(SENDER, "anh@xa.example", data)]
    assert server.said == ["ehlo so.example", f"MAIL FROM:<{SENDER}> SIZE={len(data)}", "RCPT TO:<anh@xa.example>", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("step", "said", "expected"),
    [
        ("greeting", b"554 5.7.1 go away\r\n", Later("554 5.7.1 go away", why=Cause.MAIL_SERVER_UNWILLING)),
        ("greeting", b"421 busy\r\n", Later("421 busy", why=Cause.MAIL_SERVER_UNWILLING)),
        ("ehlo", b"550 no\r\n", Accepted("250 2.0.0 taken as 1234")),
        ("mail", b"421 4.3.2 closing\r\n", Later("421 4.3.2 closing", why=Cause.MAIL_DEFERRED)),
        ("mail", b"452 4.3.1 full disk\r\n", Later("452 4.3.1 full disk", why=Cause.MAIL_DEFERRED)),
        ("mail", b"550 5.1.8 bad sender\r\n", Refused("550 5.1.8 bad sender", why=Cause.MAIL_SENDER_REFUSED)),
        ("mail", b"553 bad sender\r\n", Refused("553 bad sender", why=Cause.MAIL_SENDER_REFUSED)),
        ("mail", b"552 5.3.4 too big\r\n", Refused("552 5.3.4 too big", why=Cause.MAIL_TOO_LARGE)),
        ("mail", b"530 5.7.0 log in\r\n", Later("530 5.7.0 log in", why=Cause.MAIL_LOGIN)),
        ("rcpt", b"450 4.2.0 greylisted\r\n", Later("450 4.2.0 greylisted", why=Cause.MAIL_DEFERRED)),
        ("rcpt", b"451 4.7.1 try later\r\n", Later("451 4.7.1 try later", why=Cause.MAIL_DEFERRED)),
        ("rcpt", b"452 4.5.3 too many\r\n", Later("452 4.5.3 too many", why=Cause.MAIL_DEFERRED)),
        ("rcpt", b"550 no such user\r\n", Refused("550 no such user", why=Cause.MAIL_NO_SUCH_ADDRESS)),
        ("rcpt", b"550 5.1.1 unknown\r\n", Refused("550 5.1.1 unknown", why=Cause.MAIL_NO_SUCH_ADDRESS)),
        ("rcpt", b"550 5.2.1 disabled\r\n", Refused("550 5.2.1 disabled", why=Cause.MAIL_NO_SUCH_ADDRESS)),
        ("rcpt", b"550 5.7.1 blocked\r\n", Refused("550 5.7.1 blocked", why=Cause.MAIL_POLICY)),
        ("rcpt", b"554 5.7.1 relay denied\r\n", Refused("554 5.7.1 relay denied", why=Cause.MAIL_POLICY)),
        ("rcpt", b"552 mailbox full\r\n", Refused("552 mailbox full", why=Cause.MAIL_BOX_FULL)),
        ("rcpt", b"552 5.2.2 mailbox full\r\n", Refused("552 5.2.2 mailbox full", why=Cause.MAIL_BOX_FULL)),
        ("data", b"554 no valid recipients\r\n", Refused("554 no valid recipients", why=Cause.MAIL_POLICY)),
        ("data", b"451 later\r\n", Later("451 later", why=Cause.MAIL_DEFERRED)),
        ("dot", b"550 spam\r\n", Refused("550 spam", why=Cause.MAIL_POLICY)),
        ("dot", b"554-line one\r\n554 line two\r\n", Refused("554 line one line two", why=Cause.MAIL_POLICY)),
        ("dot", b"552 5.3.4 too large\r\n", Refused("552 5.3.4 too large", why=Cause.MAIL_TOO_LARGE)),
        ("dot", b"451 4.3.0 queue failed\r\n", Later("451 4.3.0 queue failed", why=Cause.MAIL_DEFERRED)),
        ("dot", b"421 4.3.0 shutting down\r\n", Later("421 4.3.0 shutting down", why=Cause.MAIL_DEFERRED)),
        # What is no reply at all: before the end of the letter nothing was taken, after it nobody knows.
        ("greeting", b"SSH-2.0-OpenSSH\r\n", Later("2.0-OpenSSH", why=Cause.NOT_UNDERSTOOD)),
        ("mail", b"\xff\xfe\x00garbage\r\n", Later("arbage", why=Cause.NOT_UNDERSTOOD)),
        ("rcpt", b"abc\r\n", Later("", why=Cause.NOT_UNDERSTOOD)),
        ("data", b"250 what\r\n", Later("250 what", why=Cause.NOT_UNDERSTOOD)),
        ("dot", b"what?\r\n", Later("?", why=Cause.IN_DOUBT, in_doubt=True)),
        ("dot", b"354 more\r\n", Later("354 more", why=Cause.IN_DOUBT, in_doubt=True)),
    ],
)
def test_a_reply_means_what_the_mail_rfc_says(step: str, said: bytes, expected: Reply):
    reply, server, _ = reply_to({step: said})
    assert reply == expected
    assert bool(server.letters) == (isinstance(reply, Accepted) or getattr(reply, "in_doubt", False))


def test_a_reply_is_told_on_one_clean_line():
    reply, _, _ = reply_to({"rcpt": b"550-\x1b[31mred\r\n550-" + "Hòm thư đầy".encode() + b"\r\n550 " + b"x" * 3000 + b"\r\n"})
    assert isinstance(reply, Refused)
    assert reply.reply.startswith("550 [31mred Hòm thư đầy xxx")
    assert len(reply.reply) <= 300


def test_a_server_that_is_not_there_is_tried_later():
    with MailServer() as server:
        pass
    reply = channel(server).send(envelope())
    assert isinstance(reply, Later)
    assert reply.why == Cause.UNREACHABLE


def test_a_greylisted_letter_is_taken_at_the_second_try_with_the_same_octets():
    with MailServer({"rcpt": [b"450 4.2.0 greylisted\r\n", b"250 ok\r\n"]}) as server:
        assert isinstance(channel(server).send(envelope()), Later)
        assert isinstance(channel(server).send(envelope()), Accepted)
        assert len(server.letters) == 1


@pytest.mark.parametrize("how", [cut, hang_up])
@pytest.mark.parametrize("step", ["greeting", "ehlo", "mail", "rcpt", "data"])
def test_a_connection_cut_before_the_letter_was_ended_leaves_nothing_in_doubt(step: str, how: Action):
    reply, server, _ = reply_to({step: how})
    assert isinstance(reply, Later)
    assert not reply.in_doubt
    assert reply.why in {Cause.UNREACHABLE, Cause.MAIL_SERVER_UNWILLING}
    assert server.letters == []


def test_a_connection_cut_while_the_letter_runs_leaves_nothing_in_doubt_and_the_letter_is_never_ended():
    def reads_a_little(line: Any) -> None:
        line.say(b"354 go on\r\n")
        line.read(2000)
        cut(line)

    large = envelope(letter=replace(LETTER, text="Kính gửi\n" * 400_000))
    with MailServer({"data": reads_a_little}, buffer=4096) as server:
        reply = channel(server).send(large)
    assert isinstance(reply, Later)
    assert not reply.in_doubt
    assert server.letters == []


def test_a_letter_is_not_ended_for_a_server_that_has_said_its_last():
    """It goes on reading, so that nothing fails before the end; what it does with the letter cannot be asked any more."""

    def says_its_last(line: Any) -> None:
        line.say(b"354 go on\r\n")
        line.connection.shutdown(socket.SHUT_WR)
        while True:
            line.read(4096)

    large = envelope(letter=replace(LETTER, text="Kính gửi\n" * 400_000))
    with MailServer({"data": says_its_last}, buffer=4096) as server:
        reply = channel(server, seconds=20).send(large)
    assert isinstance(reply, Later)
    assert (reply.why, reply.in_doubt) == (Cause.UNREACHABLE, False)


def test_a_line_that_begins_with_a_dot_does_not_end_the_letter(monkeypatch: pytest.MonkeyPatch):
    data = b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\n"
    monkeypatch.setattr(email, "compose", lambda *_, **__: data)
    reply, server, _ = reply_to({})
    assert isinstance(reply, Accepted)
    assert [letter for _, _, letter in server.letters] == [data]


def test_an_answer_in_the_middle_of_a_letter_is_heard_before_the_letter_is_ended():
    def has_enough(line: Any) -> None:
        line.say(b"354 go on\r\n552 5.3.4 that is too much\r\n")

    reply, server, _ = reply_to({"data": has_enough})
    assert reply == Refused("552 5.3.4 that is too much", why=Cause.MAIL_TOO_LARGE)
    assert server.letters == []


@pytest.mark.parametrize("how", [cut, hang_up])
def test_a_server_that_dies_after_the_last_dot_leaves_the_letter_in_doubt_and_it_was_there(how: Action):
    reply, server, _ = reply_to({"dot": how})
    assert isinstance(reply, Later)
    assert reply.in_doubt
    assert reply.why == Cause.IN_DOUBT
    assert len(server.letters) == 1


@pytest.mark.parametrize("step", ["greeting", "ehlo", "mail", "rcpt", "data", "dot"])
def test_a_server_that_says_nothing_is_left_when_the_time_is_up(step: str):
    seconds = 3 * SHORT if step == "dot" else SHORT
    reply, _, took = reply_to({step: silence}, seconds=seconds)
    assert isinstance(reply, Later)
    assert reply.in_doubt is (step == "dot")
    assert reply.why == (Cause.IN_DOUBT if step == "dot" else Cause.TOO_SLOW)
    assert seconds <= took < seconds + SLACK


@pytest.mark.parametrize("step", ["greeting", "ehlo", "mail", "rcpt", "data", "dot"])
def test_a_server_that_trickles_cannot_stretch_the_time(step: str):
    seconds = 3 * SHORT if step == "dot" else SHORT
    reply, _, took = reply_to({step: Trickle(b"250-" + b"x" * 500 + b"\r\n250 ok\r\n")}, seconds=seconds)
    assert isinstance(reply, Later)
    assert reply.in_doubt is (step == "dot")
    assert seconds <= took < seconds + SLACK


def test_a_server_that_reads_an_octet_at_a_time_cannot_stretch_the_time():
    def sips(line: Any) -> None:
        line.say(b"354 go on\r\n")
        while True:
            line.read(1)
            line.rest(0.02)

    large = envelope(letter=replace(LETTER, text="Kính gửi\n" * 400_000))
    with MailServer({"data": sips}, buffer=4096) as server:
        begun = time.monotonic()
        reply = channel(server, seconds=SHORT).send(large)
        took = time.monotonic() - begun
    assert isinstance(reply, Later)
    assert (reply.why, reply.in_doubt) == (Cause.TOO_SLOW, False)
    assert took < SHORT + SLACK


@pytest.mark.parametrize("step", ["greeting", "ehlo", "mail", "rcpt"])
@pytest.mark.parametrize("octets", [b"220-" + b"x" * 4000 + b"\r\n", b"x" * 100_000], ids=["lines", "one line"])
def test_a_reply_without_end_is_cut_off_and_not_kept(step: str, octets: bytes):
    flood = Flood(octets)
    reply, _, took = reply_to({step: flood})
    assert isinstance(reply, Later)
    assert (reply.why, reply.in_doubt) == (Cause.NOT_UNDERSTOOD, False)
    assert took < 3
    assert sum(flood.sent) < 50_000_000


def test_a_banner_of_many_lines_is_still_a_banner():
    reply, _, _ = reply_to({"greeting": b"220-welcome\r\n" * 300 + b"220 ready\r\n"})
    assert isinstance(reply, Accepted)


def test_a_slow_answer_within_the_time_is_an_answer():
    def thinks(line: Any) -> None:
        line.rest(0.3)
        line.say(b"250 ok\r\n")

    reply, _, _ = reply_to({"dot": thinks}, seconds=3)
    assert isinstance(reply, Accepted)


def test_what_is_no_address_is_refused_before_anybody_is_asked():
    with MailServer() as server:
        reply = channel(server).send(envelope(address="anh@xa.example\r\nRCPT TO:<x@evil.example>"))
        assert reply == Refused("anh@xa.example RCPT TO:<x@evil.example>", why=Cause.ADDRESS_MALFORMED)
        assert channel(server).send(envelope(letter=None)) == Refused("", why=Cause.NOTHING_TO_CARRY)
    assert server.connections == 0


class TestAPage:
    """Several letters on one connection."""

    def test_shares_one_connection(self):
        with MailServer() as server:
            with channel(server).page() as page:
                replies = [page.send(envelope(f"key-{number}")) for number in range(20)]
            assert {type(reply) for reply in replies} == {Accepted}
        assert (server.connections, len(server.letters)) == (1, 20)
        assert len({data for _, _, data in server.letters}) == 20

    def test_goes_on_after_a_refusal(self):
        answers: list[Action] = [b"250 ok\r\n", b"550 no such user\r\n", b"450 later\r\n", b"250 ok\r\n"]
        with MailServer({"rcpt": answers}) as server, channel(server).page() as page:
            replies = [type(page.send(envelope(f"key-{number}"))) for number in range(4)]
        assert replies == [Accepted, Refused, Later, Accepted]
        assert (server.connections, len(server.letters)) == (1, 2)

    @pytest.mark.parametrize("how", [cut, hang_up, b"421 4.7.0 enough for now\r\n"])
    def test_connects_anew_where_the_server_has_had_enough(self, how: Action):
        with MailServer({"mail": [b"250 ok\r\n", how, b"250 ok\r\n"]}) as server, channel(server).page() as page:
            replies = [type(page.send(envelope(f"key-{number}"))) for number in range(3)]
        assert replies == [Accepted] * 3
        assert (server.connections, len(server.letters)) == (2, 3)

    def test_does_not_hammer_a_server_that_wants_nothing(self):
        with MailServer({"greeting": b"554 go away\r\n"}) as server, channel(server).page() as page:
            replies = {page.send(envelope(f"key-{number}")) for number in range(20)}
        assert replies == {Later("554 go away", why=Cause.MAIL_SERVER_UNWILLING)}
        assert server.connections == 1

    def test_does_not_wait_again_for_a_server_that_has_used_up_the_time(self):
        with MailServer({"rcpt": silence}) as server:
            begun = time.monotonic()
            with channel(server, seconds=SHORT).page() as page:
                replies = [page.send(envelope(f"key-{number}")) for number in range(20)]
            assert time.monotonic() - begun < SHORT + SLACK
        assert {reply.why for reply in replies if isinstance(reply, Later)} == {Cause.TOO_SLOW}

    def test_does_not_wait_again_for_a_server_that_leaves_letters_in_doubt(self):
        with MailServer({"dot": silence}) as server:
            begun = time.monotonic()
            with channel(server, seconds=3 * SHORT).page() as page:
                replies = [page.send(envelope(f"key-{number}")) for number in range(20)]
            assert time.monotonic() - begun < 3 * SHORT + SLACK
        assert [getattr(reply, "in_doubt", None) for reply in replies] == [True] + [False] * 19
        assert len(server.letters) == 1

    def test_does_not_wait_long_for_goodbye(self):
        with MailServer({"quit": silence}) as server:
            begun = time.monotonic()
            with channel(server).page() as page:
                assert isinstance(page.send(envelope()), Accepted)
            assert time.monotonic() - begun < 1.0 + SLACK

    def test_does_not_send_a_second_copy_of_what_is_in_doubt(self):
        with MailServer({"dot": [b"250 ok\r\n", cut]}) as server:
            with channel(server).page() as page:
                replies = [page.send(envelope(f"key-{number}")) for number in range(2)]
            assert isinstance(replies[1], Later)
            assert replies[1].in_doubt
        assert len(server.letters) == 2


def test_nothing_leaves_this_machine_unencrypted_because_a_name_leads_elsewhere():
    def leads_elsewhere(_host: str, _port: int, _seconds: float) -> Sequence[str]:
        return ["192.0.2.1"]

    plain = EmailSettings(host="localhost", security=Security.NONE, sender=SENDER)
    reply = EmailChannel(plain, resolver=leads_elsewhere).send(envelope())
    assert isinstance(reply, Later)
    assert reply.why == Cause.TLS_FAILED
    assert "unencrypted" in reply.reply


def test_a_name_that_nobody_resolves_is_tried_later():
    def broken(_host: str, _port: int, _seconds: float) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    reply = EmailChannel(EmailSettings(host="mail.so.example", sender=SENDER), resolver=broken).send(envelope())
    assert isinstance(reply, Later)
    assert reply.why == Cause.UNREACHABLE
    assert "not known" in reply.reply


def test_smtplib_still_has_the_seam_that_the_deadline_hangs_on(monkeypatch: pytest.MonkeyPatch):
    """If a later Python connected by another way, the time limit would silently be gone: this tells."""
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("smtplib connected by itself"))
    assert isinstance(reply_to({})[0], Accepted)
    assert hasattr(smtplib.SMTP, "_get_socket")
