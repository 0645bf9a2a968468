"""Forms of an address that lead inside: counted at a listener that hears all of this machine, and at the call that connects."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest

from notifications.channels.causes import Cause
from notifications.channels.network import resolve
from notifications.channels.settings import ChannelUnfit, Endpoint
from notifications.channels.webhook import WebhookChannel
from notifications.messages import Accepted, Later, Refused
from tests.notifications.channels.test_webhook import LOOPBACK, SECRET, carried, settings
from tests.support.hooks import HookServer, answering
from workflow.clock import SystemClock

NUMBERS = [
    # One machine in the spellings that C libraries take: whole, short, decimal, octal, hexadecimal, mixed, padded.
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7F.1", "0x7f.0x0.0x0.0x1", "017700000001", "0177.1",
    "0177.0.0.01", "0177.0.0x0.1", "00000177.0.0.1", "0x7f.1", "0x0000007f000001", "127.000.000.001", "0", "0.0.0.0", "00", "0x0", "0.0",
    "4294967295", "255.255.255.255", "0x7f.0.1", "127.0x1", "0177.0x1",
    # Networks of the inside, link-local and where clouds keep their secrets.
    "10.0.0.1", "10.1", "167772161", "0xa000001", "012.0.0.1", "172.16.0.1", "172.31.255.254", "2886729729", "192.168.0.1", "192.168.1",
    "3232235521", "0xc0a80001", "0300.0250.0.1", "169.254.169.254", "169.254.43518", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376",
    "0xA9.0xFE.0xA9.0xFE", "169.254.169.254.", "169.254.170.2", "100.100.100.200", "100.64.0.1", "192.0.0.192", "198.18.0.1", "203.0.113.7",
    "224.0.0.1", "240.0.0.1", "168.63.129.16.", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::FFFF:10.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
    "[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[fd00:ec2::254]", "[fc00::1]", "[ff02::1]",
    "[fec0::1]", "[2001:db8::1]", "[100::1]", "[::1%25lo]", "[::1]%00", "[::ffff:0:127.0.0.1]", "[5f00::1]",
]  # fmt: skip
NAMES = {
    "localhost": "127.0.0.1", "LOCALHOST": "127.0.0.1", "LocalHost": "127.0.0.1", "localhost.": "127.0.0.1", "localhost.localdomain": "127.0.0.1",
    "127.0.0.1.nip.example": "127.0.0.1", "metadata.google.internal": "169.254.169.254", "METADATA.google.internal.": "169.254.169.254",
    "gateway.example": "10.0.0.7", "gAtEwAy.ExAmPlE": "192.168.0.9", "gateway.example.": "172.20.0.3", "xn--tnh-3na.example": "10.9.8.7",
    "tỉnh.example": "10.9.8.7", "TỈNH.example": "10.9.8.7", "six.example": "::1", "mapped.example": "::ffff:10.0.0.1", "nat.example": "64:ff9b::a00:1",
    "zone.example": "fe80::1%eth0", "sixtofour.example": "2002:a00:1::1", "a-name.that-is.very.long.example": "0.0.0.0", "_srv.example": "127.0.0.53",
}  # fmt: skip
SPELLINGS = [
    # Written so that one reader sees one host and another reader another.
    "https://gateway.example@127.0.0.1:{port}/", "https://gateway.example:pw@127.0.0.1:{port}/", "https://127.0.0.1:{port}@gateway.example/",
    "https://gateway.example%40127.0.0.1:{port}/", "https://gateway.example#@127.0.0.1:{port}/", "https://127.0.0.1:{port}#@gateway.example/",
    "https://127.0.0.1:{port}\\@gateway.example/", "https://gateway.example\\@127.0.0.1:{port}/", "https://127.0.0.1:{port}?@gateway.example/",
    "https:127.0.0.1:{port}/", "https:/127.0.0.1:{port}/", "https:///127.0.0.1:{port}/", "https:\\\\127.0.0.1:{port}/", "//127.0.0.1:{port}/",
    "https://127。0。0。1:{port}/", "https://１２７.０.０.１:{port}/", "https://①②⑦.⓪.⓪.①:{port}/", "https://127.0.0.1%00.example:{port}/",
    "https://127.0.0.1\x00.example:{port}/", "https://127.0.0.1\t:{port}/", "https://127.0.0.1\n:{port}/", "https://127.0.0.1\r\nHost: a:{port}/",
    "https://loc\u00adalhost:{port}/", "https://ｌｏｃａｌｈｏｓｔ:{port}/", "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/", "https://localho\u017ft:{port}/",
    "https://127.0.0.1:{port}\r\nX-Forwarded-For: 1.1.1.1/", "https://127.0.0.1:{port}/%0d%0aX: y", "https://[127.0.0.1]:{port}/",
    "https://127.0.0.1:0{port}/", "https://127.0.0.1:+{port}/", "https://127.0.0.1:-1/", "https://127.0.0.1:99999/", "https://127.0.0.1:{port}:80/",
    "https://127.0.0.1: {port}/", "https://127.0.0.1:/", "https://:{port}/", "https://./", "https://../", "https://-/", "https:// 127.0.0.1:{port}/",
    # Other ways than HTTPS, and HTTP without leave.
    "http://127.0.0.1:{port}/", "HTTP://127.0.0.1:{port}/", "hTTp://localhost:{port}/", "http://10.0.0.1/", "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd", "file://127.0.0.1/etc/passwd", "gopher://127.0.0.1:{port}/_X", "dict://127.0.0.1:{port}/", "ldap://127.0.0.1:{port}/",
    "jar:https://127.0.0.1:{port}!/", "data:text/plain,x", "javascript:1", "unix:/run/postgresql", "http+unix://%2frun%2fpostgresql/", "ws://127.0.0.1:{port}/",
    "wss://127.0.0.1:{port}/", "ssh://127.0.0.1:{port}/", "smtp://127.0.0.1:{port}/", "https+http://127.0.0.1:{port}/", "", " ", "https://", "https:",
]  # fmt: skip
URLS = [f"https://{host}:{{port}}/hook" for host in (*NUMBERS, *NAMES)] + SPELLINGS


@pytest.fixture
def ear() -> Iterator[tuple[int, list[str]]]:
    """A port that all of this machine's addresses lead to, and who came."""
    came: list[str] = []
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:

        def hear() -> None:
            with suppress(OSError):
                while True:
                    connection, peer = listener.accept()
                    came.append(str(peer))
                    connection.close()

        threading.Thread(target=hear, daemon=True).start()
        yield listener.getsockname()[1], came


def looked_up(host: str, port: int, seconds: float) -> Sequence[str]:
    """What a name server would say of the names; numbers are read by the system itself."""
    folded = host.lower().rstrip(".")
    known = {name.encode("idna").decode().lower().rstrip("."): address for name, address in NAMES.items() if not name.startswith("_")}
    known["_srv.example"] = NAMES["_srv.example"]
    if folded in known:
        return [known[folded]]
    if host.strip("[]").replace(".", "").replace(":", "").replace("x", "").isalnum() and any(sign.isdigit() for sign in host):
        return resolve(host, port, seconds)
    raise OSError("nobody knows this name")


def test_no_form_of_an_address_leads_inside(ear: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch):
    port, came = ear
    connected: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: connected.append(address))
    monkeypatch.setattr(socket, "create_connection", lambda address, *_, **__: connected.append(address))
    assert len(URLS) >= 120
    assert len(set(URLS)) == len(URLS)
    refused = judged = 0
    for form in URLS:
        url = form.replace("{port}", str(port))
        try:
            given = settings(url, allowed=())
        except ChannelUnfit:
            refused += 1
            continue
        reply = WebhookChannel(given, SystemClock(), resolver=looked_up).send(carried(url))
        assert not isinstance(reply, Accepted), url
        assert isinstance(reply, Refused) or reply.why in {Cause.HOOK_ADDRESS_FORBIDDEN, Cause.UNREACHABLE, Cause.NOT_UNDERSTOOD}, (
            url,
            reply,
        )
        judged += isinstance(reply, Later) and reply.why is Cause.HOOK_ADDRESS_FORBIDDEN
        assert connected == [], url
    assert came == []
    assert refused > 30
    assert judged > 60, "most are stopped by what they lead to, not because nobody could read them"


def test_the_ear_hears_what_is_allowed(ear: tuple[int, list[str]]):
    """The listener would have heard: with the network allowed, the same call connects."""
    port, came = ear
    url = f"https://127.0.0.1:{port}/hook"
    WebhookChannel(settings(url, allowed=LOOPBACK, seconds=2), SystemClock()).send(carried(url))
    assert len(came) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_an_allowed_receiver_sends_nobody_on(ear: tuple[int, list[str]], status: str):
    port, came = ear
    for onward in (
        f"http://127.0.0.1:{port}/",
        f"//127.0.0.1:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "/again",
    ):
        with HookServer(answering(status, f"Location: {onward}")) as server:
            url = f"http://127.0.0.1:{server.port}/"
            reply = WebhookChannel(settings(url), SystemClock()).send(carried(url))
        assert isinstance(reply, Later)
        assert (reply.why, server.connections) == (Cause.HOOK_REDIRECTED, 1)
    assert came == []


def test_an_address_that_holds_a_password_or_a_second_line_is_no_receiver():
    for url in (
        "https://u:p@gateway.example/",
        "https://gateway.example/\r\nX: y",
        "https://gateway.example/ a",
        "https://gateway.example/\x00",
    ):
        with pytest.raises(ChannelUnfit):
            Endpoint(url=url, secrets=(SECRET,))
