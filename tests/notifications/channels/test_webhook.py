"""Receivers on loopback that fail, stall, flood and send elsewhere: nothing is lost, nothing is followed, nothing inside is reached."""

import base64
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from notifications.channels import webhook
from notifications.channels.causes import Cause
from notifications.channels.network import meant, public
from notifications.channels.settings import Endpoint, WebhookSettings
from notifications.channels.webhook import ANSWER_OCTETS, LONGEST_WAIT, WebhookChannel, retry_after, webhook_id
from notifications.messages import Accepted, Envelope, Later, Refused, Reply
from tests.notifications.channels.samples import envelope
from tests.support.hooks import HookServer, answering
from tests.support.serving import Action, Flood, Trickle, cut, hang_up, silence
from workflow.clock import ManualClock, SystemClock

if TYPE_CHECKING:
    from tests.support.certificates import Authority

SECRET = "whsec_" + base64.b64encode(b"a secret for tests, 32 octets ..").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret for tests, 32 o..").decode()
LOOPBACK = (ip_network("127.0.0.0/8"),)
SHORT, SLACK = 0.4, 3
EVENT = {"specversion": "1.0", "id": "1", "type": "vn.ocop.case.transitioned.v1", "source": "/so", "data": {"product": "Trà sen"}}


def settings(url: str, **changed: Any) -> WebhookSettings:
    return replace(WebhookSettings(endpoints=(Endpoint(url=url, secrets=(SECRET,)),), allowed=LOOPBACK, seconds=5), **changed)


def carried(url: str, key: str = "gateway|duty-1|1|T-7|webhook") -> Envelope:
    return envelope(key, letter=None, event=EVENT, address=url)


def reply_to(answer: Action | list[Action], *, clock: Any = None, **changed: Any) -> tuple[Reply, HookServer, float]:
    with HookServer(answer) as server:
        url = f"http://127.0.0.1:{server.port}/hooks?to=so"
        begun = time.monotonic()
        reply = WebhookChannel(settings(url, **changed), clock or SystemClock()).send(carried(url))
        took = time.monotonic() - begun
    return reply, server, took


def leading_to(*addresses: str, asked: list[str] | None = None) -> Any:
    def resolver(host: str, _port: int, _seconds: float) -> Sequence[str]:
        if asked is not None:
            asked.append(host)
        return addresses

    return resolver


def test_an_event_arrives_signed_and_as_it_was():
    reply, server, _ = reply_to(answering("200 OK", body="đã nhận".encode()))
    assert reply == Accepted("200 đã nhận")
    (request,) = server.requests
    assert request.line == "POST /hooks?to=so HTTP/1.1"
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["webhook-id"] == "gateway|duty-1|1|T-7|webhook"
    assert Webhook(SECRET).verify(request.body, request.headers) == EVENT
    assert "Trà sen".encode() in request.body
    assert len(request.fields) == len(request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body + b" ", request.headers)


def test_every_try_has_the_same_id_and_its_own_time():
    moment = datetime(2021, 7, 2, 1, 0, 0, 900_000, tzinfo=UTC)
    clock = ManualClock(moment)
    first = reply_to(b"HTTP/1.1 500 x\r\n\r\n", clock=clock)[1].requests[0]
    clock.move(moment + timedelta(minutes=5))
    second = reply_to(b"", clock=clock)[1].requests[0]
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 300
    assert int(first.headers["webhook-timestamp"]) == int(moment.timestamp())
    expected = Webhook(SECRET).sign(first.headers["webhook-id"], moment, first.body.decode())
    assert first.headers["webhook-signature"] == expected != second.headers["webhook-signature"]


def test_while_a_secret_is_changed_both_sign():
    with HookServer() as server:
        url = f"http://127.0.0.1:{server.port}/"
        channel = WebhookChannel(settings(url, endpoints=(Endpoint(url=url, secrets=(OTHER, SECRET)),)), SystemClock())
        assert isinstance(channel.send(carried(url)), Accepted)
    (request,) = server.requests
    for secret in (SECRET, OTHER):
        assert Webhook(secret).verify(request.body, request.headers) == EVENT


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answering("201 Created"), Accepted("201")),
        (answering("204 No Content"), Accepted("204")),
        (answering("500 Oops", body=b"no\x1b[31m database\r\n"), Later("500 no [31m database", why=Cause.HOOK_FAILED)),
        (answering("502 Bad Gateway"), Later("502", why=Cause.HOOK_FAILED)),
        (answering("503 Busy", "Retry-After: 120"), Later("503", after=timedelta(seconds=120), why=Cause.HOOK_BUSY)),
        (answering("429 Slow down"), Later("429", why=Cause.HOOK_BUSY)),
        (answering("429 Slow down", "Retry-After: 7"), Later("429", after=timedelta(seconds=7), why=Cause.HOOK_BUSY)),
        (
            answering("429 Slow down", "Retry-After: Fri, 02 Jul 2021 01:10:00 GMT"),
            Later("429", after=timedelta(minutes=10), why=Cause.HOOK_BUSY),
        ),
        (answering("429 Slow down", "Retry-After: soon"), Later("429", why=Cause.HOOK_BUSY)),
        (answering("401 Unauthorized", body=b"wrong signature"), Later("401 wrong signature", why=Cause.HOOK_REFUSED)),
        (answering("404 Not Found"), Later("404", why=Cause.HOOK_REFUSED)),
        (answering("413 Too large"), Later("413", why=Cause.HOOK_REFUSED)),
        (answering("410 Gone"), Refused("410", off=True, why=Cause.HOOK_GONE)),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + answering(), Accepted("204")),
    ],
)
def test_an_answer_means_what_the_http_rfc_says(answer: bytes, expected: Reply):
    reply, server, _ = reply_to(answer, clock=ManualClock(datetime(2021, 7, 2, 1, 0, tzinfo=UTC)))
    assert reply == expected
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_to_the_same_host_nor_elsewhere(status: int):
    with HookServer() as inside:
        for target in ("/elsewhere", f"http://127.0.0.1:{inside.port}/admin", "/hooks?to=so", "http://169.254.169.254/latest"):
            reply, server, _ = reply_to(answering(f"{status} Moved", f"Location: {target}"))
            assert reply == Later(f"{status} {target}", why=Cause.HOOK_REDIRECTED)
            assert len(server.requests) == 1
    assert inside.connections == 0


@pytest.mark.parametrize(
    "answer",
    [b"garbage\r\n\r\n", b"220 mail.example ready\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x16\x03\x01\x00" * 50],
)
def test_what_is_no_answer_is_tried_later(answer: bytes):
    reply, _, _ = reply_to(answer)
    assert isinstance(reply, Later)
    assert reply.why == Cause.NOT_UNDERSTOOD


@pytest.mark.parametrize("answer", [cut, hang_up], ids=["reset", "end"])
def test_a_receiver_that_hangs_up_is_tried_later(answer: Action):
    reply, _, _ = reply_to(answer)
    assert isinstance(reply, Later)
    assert reply.why in {Cause.UNREACHABLE, Cause.NOT_UNDERSTOOD}


def test_a_receiver_that_is_not_there_is_tried_later():
    with HookServer() as server:
        url = f"http://127.0.0.1:{server.port}/"
    reply = WebhookChannel(settings(url), SystemClock()).send(carried(url))
    assert isinstance(reply, Later)
    assert reply.why == Cause.UNREACHABLE


@pytest.mark.parametrize(
    "answer",
    [silence, Trickle(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 100), Trickle(b"HTTP/1.1 102 x\r\n\r\n" * 100, pause=0.001)],
    ids=["silence", "slow headers", "interim answers"],
)
def test_no_receiver_can_stretch_the_time(answer: Action):
    reply, _, took = reply_to(answer, seconds=SHORT)
    assert isinstance(reply, Later)
    assert reply.why == Cause.TOO_SLOW
    assert SHORT <= took < SHORT + SLACK


def test_a_slow_answer_within_the_time_is_an_answer():
    def thinks(line: Any) -> None:
        line.rest(0.5)
        line.say(answering())

    assert reply_to(thinks, seconds=3)[0] == Accepted("204")


def test_a_body_that_trickles_does_not_take_back_what_the_status_said():
    for status, kind in ((b"200 OK", Accepted), (b"500 Oops", Later)):
        reply, _, took = reply_to(
            Trickle(b"HTTP/1.1 " + status + b"\r\nContent-Length: 9999\r\n\r\n" + b"x" * 9999, pause=0.002), seconds=SHORT
        )
        assert isinstance(reply, kind)
        assert took < SHORT + SLACK


def test_nobody_waits_long_for_a_body_whose_status_is_known(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(webhook, "BODY_SECONDS", 0.2)

    def stalls(line: Any) -> None:
        line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
        line.rest(60)

    reply, _, took = reply_to(stalls, seconds=30)
    assert reply == Accepted("200 ab")
    assert took < 0.2 + SLACK


@pytest.mark.parametrize(
    "begin",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"],
    ids=["announced", "unannounced"],
)
def test_a_gigabyte_is_not_read(begin: bytes):
    flood = Flood(b"x" * 65536, begin, most=1 << 30)
    reply, _, took = reply_to(flood)
    assert isinstance(reply, Accepted)
    assert len(reply.reply) <= 300
    assert took < 3
    assert sum(flood.sent) < 64 * ANSWER_OCTETS, "what was sent lies in the system's buffers; it was not read"


@pytest.mark.parametrize("begin", [b"HTTP/1.1 200 OK\r\n", b""], ids=["headers", "no line end"])
def test_headers_without_end_are_cut_off(begin: bytes):
    reply, _, took = reply_to(Flood(b"X-Long: " + b"y" * 5000 + b"\r\n" if begin else b"z" * 5000, begin))
    assert isinstance(reply, Later)
    assert reply.why == Cause.NOT_UNDERSTOOD
    assert took < 3


def test_interim_answers_without_end_are_cut_off():
    reply, _, took = reply_to(Flood(b"HTTP/1.1 102 Processing\r\n\r\n" * 100), seconds=20)
    assert isinstance(reply, Later)
    assert reply.why == Cause.NOT_UNDERSTOOD
    assert took < SLACK


def test_a_compressed_bomb_is_neither_asked_for_nor_opened():
    bomb = answering("200 OK", "Content-Encoding: gzip", body=b"\x1f\x8b" + b"\x00" * 100)
    reply, server, _ = reply_to(bomb)
    assert isinstance(reply, Accepted)
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_receivers_may_be_looked_up_elsewhere_and_one_that_is_stored_wrongly_is_told():
    with HookServer() as server:
        url = f"http://127.0.0.1:{server.port}/"

        def stored(address: str) -> Endpoint | None:
            return Endpoint(url=address, secrets=(OTHER,)) if address.startswith(("http", "ftp")) else None

        channel = WebhookChannel(WebhookSettings(allowed=LOOPBACK), SystemClock(), find=stored)
        replies = [channel.send(carried(address)) for address in (url, "elsewhere", "ftp://x.example/")]
    assert replies[:2] == [Accepted("204"), Refused("elsewhere", why=Cause.HOOK_UNKNOWN)]
    assert isinstance(replies[2], Refused)
    assert "channel_url" in replies[2].reply
    assert Webhook(OTHER).verify(server.requests[0].body, server.requests[0].headers) == EVENT


def test_nothing_is_sent_to_an_address_that_nobody_set_up():
    reply = WebhookChannel(settings("https://gateway.example/"), SystemClock()).send(carried("https://elsewhere.example/"))
    assert reply == Refused("https://elsewhere.example/", why=Cause.HOOK_UNKNOWN)
    reply = WebhookChannel(settings("https://gateway.example/"), SystemClock()).send(envelope(address="https://gateway.example/"))
    assert reply == Refused("", why=Cause.NOTHING_TO_CARRY)


FORBIDDEN = [
    *["127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1"],
    *["192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1"],
    *["255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1", "100::1"],
    *["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1"],
    *["64:ff9b:1::1", "2002:a00:1::1", "2001:0:4136:e378::1", "3fff::1", "5f00::1", "2001:2::1", "not an address"],
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_no_address_of_the_inside_is_connected_to(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("connected"))
    url = "https://gateway.example/"
    reply = WebhookChannel(settings(url, allowed=()), SystemClock(), resolver=leading_to(address)).send(carried(url))
    assert reply == Later(f"gateway.example -> {address}", why=Cause.HOOK_ADDRESS_FORBIDDEN)


@pytest.mark.parametrize("address", ["1.1.1.1", "203.162.4.191", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2405:4800::1"])
def test_addresses_of_the_open_network_are_open(address: str):
    assert public(meant(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_no_spelling_of_this_machine_gets_through_unless_it_is_allowed(host: str):
    with HookServer() as server:
        url = f"https://{host}:{server.port}/"
        reply = WebhookChannel(settings(url, allowed=()), SystemClock()).send(carried(url))
    assert isinstance(reply, Later)
    assert reply.why in {Cause.HOOK_ADDRESS_FORBIDDEN, Cause.UNREACHABLE}
    assert server.connections == 0


def test_a_name_that_changes_between_check_and_connection_is_asked_for_once_and_the_judged_address_is_the_connected_one():
    """DNS rebinding: the first answer may be connected to, and nobody listens there; behind the second one a server waits."""
    answers = [["127.0.0.2"], ["127.0.0.1"]]
    asked: list[str] = []

    def rebinding(host: str, _port: int, _seconds: float) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    with HookServer() as server:
        url = f"https://gateway.example:{server.port}/"
        allowed = (ip_network("127.0.0.2/32"),)
        reply = WebhookChannel(settings(url, allowed=allowed), SystemClock(), resolver=rebinding).send(carried(url))
    assert isinstance(reply, Later)
    assert reply.why == Cause.UNREACHABLE
    assert asked == ["gateway.example"]
    assert server.connections == 0


def test_of_several_addresses_only_the_permitted_ones_are_tried():
    with HookServer() as server:
        url = f"http://gateway.example:{server.port}/"
        channel = WebhookChannel(settings(url), SystemClock(), resolver=leading_to("10.0.0.1", "169.254.169.254", "127.0.0.1"))
        assert channel.send(carried(url)) == Accepted("204")
    assert server.requests[0].headers["host"] == f"gateway.example:{server.port}"


def test_a_plain_connection_goes_nowhere_but_to_this_machine_even_where_a_network_is_allowed():
    url = "http://gateway.example/"
    allowed = (ip_network("10.0.0.0/8"), *LOOPBACK)
    reply = WebhookChannel(settings(url, allowed=allowed), SystemClock(), resolver=leading_to("10.0.0.1", "1.1.1.1")).send(carried(url))
    assert isinstance(reply, Later)
    assert reply.why == Cause.HOOK_ADDRESS_FORBIDDEN


def test_the_certificate_is_held_against_the_name_and_the_name_is_told_to_the_server(authority: "Authority"):
    context = authority.server("gateway.example")
    names = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with HookServer(tls=context) as server:
        url = f"https://gateway.example:{server.port}/"
        changed = settings(url, ca_file=authority.file)
        assert WebhookChannel(changed, SystemClock(), resolver=leading_to("127.0.0.1")).send(carried(url)) == Accepted("204")
    assert names == ["gateway.example"]
    assert server.requests[0].headers["host"] == f"gateway.example:{server.port}"


@pytest.mark.parametrize("fault", ["expired", "self-signed", "another name", "unknown authority"])
def test_a_certificate_that_proves_nothing_stops_everything(fault: str, authority: "Authority"):
    from tests.support.certificates import DAY, NOW  # noqa: PLC0415 (needs cryptography, which the fixture asks for)

    contexts = {
        "expired": lambda: authority.server("gateway.example", until=NOW - DAY),
        "self-signed": lambda: authority.server("gateway.example", itself=True),
        "another name": lambda: authority.server("elsewhere.example"),
        "unknown authority": lambda: authority.server("gateway.example"),
    }
    with HookServer(tls=contexts[fault]()) as server:
        url = f"https://gateway.example:{server.port}/"
        changed = settings(url, ca_file=None if fault == "unknown authority" else authority.file)
        reply = WebhookChannel(changed, SystemClock(), resolver=leading_to("127.0.0.1")).send(carried(url))
    assert isinstance(reply, Later)
    assert reply.why == Cause.TLS_FAILED
    assert server.requests == []


def test_a_handshake_that_never_ends_is_left_when_the_time_is_up():
    def never(line: Any) -> None:
        line.rest(60)

    class Mute(HookServer):
        def serve(self, line: Any) -> None:
            never(line)

    with Mute() as server:
        url = f"https://gateway.example:{server.port}/"
        begun = time.monotonic()
        reply = WebhookChannel(settings(url, seconds=SHORT), SystemClock(), resolver=leading_to("127.0.0.1")).send(carried(url))
        assert time.monotonic() - begun < SHORT + SLACK
    assert isinstance(reply, Later)
    assert reply.why == Cause.TOO_SLOW


def test_no_variable_of_the_environment_puts_a_proxy_in_between(monkeypatch: pytest.MonkeyPatch):
    with HookServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert reply_to(b"")[0] == Accepted("204")
    assert proxy.connections == 0


@pytest.mark.parametrize("key", ["a\r\nX-Evil: 1", "a.b", "ánh|T-7", "\x00", "a b", "x" * 5000, "\ud800"])
def test_no_key_adds_a_header_and_the_signature_holds(key: str):
    with HookServer() as server:
        url = f"http://127.0.0.1:{server.port}/"
        assert isinstance(WebhookChannel(settings(url), SystemClock()).send(replace(carried(url), key=key)), Accepted)
    (request,) = server.requests
    assert "x-evil" not in request.headers
    assert Webhook(SECRET).verify(request.body, request.headers) == EVENT


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_two_keys_never_share_an_id(one: str, other: str):
    plain = webhook_id(one)
    assert plain.isascii()
    assert plain.isprintable()
    assert "." not in plain
    assert (plain == webhook_id(other)) is (one == other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", timedelta(0)),
        ("9" * 400, LONGEST_WAIT),
        ("-5", None),
        ("", None),
        ("1.5", None),
        ("Thu, 01 Jul 2021 00:00:00 GMT", timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        ("Fri, 02 Jul 2021 01:01:00", timedelta(minutes=1)),
        ("٣", None),
    ],
)
def test_the_time_to_wait_is_read_in_seconds_or_as_a_date(text: str, expected: timedelta | None):
    assert retry_after(text, datetime(2021, 7, 2, 1, 0, tzinfo=UTC)) == expected


@given(st.text(max_size=40))
def test_any_time_to_wait_is_read_or_left(text: str):
    wait = retry_after(text, datetime(2021, 7, 2, 1, 0, tzinfo=UTC))
    assert wait is None or timedelta(0) <= wait <= LONGEST_WAIT


def test_the_body_is_json_in_utf_8():
    _, server, _ = reply_to(b"")
    assert json.loads(server.requests[0].body.decode("utf-8")) == EVENT
