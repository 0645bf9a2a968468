"""What is wrong with a channel's settings is said at the start, in words; and every cause of a failure has words."""

import base64
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notifications.channels.causes import Cause
from notifications.channels.email import EmailChannel
from notifications.channels.network import Deadline, connect, resolve
from notifications.channels.settings import ChannelUnfit, EmailSettings, Endpoint, FileSettings, Security, WebhookSettings, inside
from notifications.messages import MessageKind
from states.words import words
from tests.notifications.channels.samples import SENDER
from tests.support.serving import MailServer

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


def email(**changed: Any) -> EmailSettings:
    return EmailSettings(**({"host": "mail.so.example", "sender": SENDER} | changed))


def endpoint(url: str = "https://gateway.example/", *secrets: str) -> Endpoint:
    return Endpoint(url=url, secrets=secrets or (SECRET,))


@pytest.mark.parametrize(
    ("build", "code", "name"),
    [
        *[(lambda h=h: email(host=h), "channel_host", "OCOP_MAIL_HOST") for h in ("", "a b", "a\r\nb", "-a", "a" * 300, "http://a")],
        *[(lambda p=p: email(port=p), "channel_port", "OCOP_MAIL_PORT") for p in (-1, 65536)],
        *[(lambda s=s: email(sender=s), "channel_address", "OCOP_MAIL_FROM") for s in ("", "ocop", "a@b\r\nBcc: x@y", "Ocop <a@b>")],
        (lambda: email(reply_to="nobody"), "channel_address", "OCOP_MAIL_REPLY_TO"),
        (lambda: email(hello="a b"), "channel_host", "OCOP_MAIL_HELLO"),
        (lambda: email(security=Security.NONE), "channel_plain", "OCOP_MAIL_SECURITY"),
        (lambda: email(user="ocop"), "channel_login_half", "OCOP_MAIL_USER"),
        (lambda: email(password="x"), "channel_login_half", "OCOP_MAIL_USER"),
        (lambda: email(user="ocop", password="mật khẩu"), "channel_login_letters", "OCOP_MAIL_PASSWORD"),
        (lambda: email(ca_file=Path("/nowhere/ca.pem")), "channel_file_missing", "OCOP_MAIL_CA_FILE"),
        *[(lambda s=s: email(seconds=s), "channel_seconds", "OCOP_MAIL_SECONDS") for s in (0, -1, 46, float("nan"), float("inf"))],
        *[
            (lambda u=u: endpoint(u), "channel_url", "OCOP_WEBHOOK_URL")
            for u in (
                *(
                    "",
                    "gateway.example",
                    "ftp://a.example/",
                    "https://",
                    "https:///x",
                    "https://user:pass@a.example/",
                    "https://a.example/#x",
                ),
                *(
                    "https://a b.example/",
                    "https://a.example/\r\nX: 1",
                    "https://a.example:99999/",
                    "https://ả.example/",
                    "https://a.example:0/",
                ),
                *(
                    "https://a.example\\@b.example/",
                    "javascript:alert(1)",
                    "https://a.example/" + "x" * 3000,
                    "https://[::1/",
                    "file:///etc",
                ),
            )
        ],
        *[
            (lambda s=s: endpoint("https://a.example/", s), "channel_secret", "OCOP_WEBHOOK_SECRET")
            for s in ("", "whsec_", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_"), "whsec_!!!!", "whsec_" + "A" * 400, SECRET + "\n")
        ],
        (lambda: Endpoint(url="https://a.example/", secrets=()), "channel_secret", "OCOP_WEBHOOK_SECRET"),
        (lambda: WebhookSettings(ca_file=Path("/nowhere")), "channel_file_missing", "OCOP_WEBHOOK_CA_FILE"),
        (lambda: WebhookSettings(seconds=0), "channel_seconds", "OCOP_WEBHOOK_SECONDS"),
        *[
            (lambda t=t: inside("OCOP_WEBHOOK_ALLOWED", t), "channel_network", "OCOP_WEBHOOK_ALLOWED")
            for t in ("10.1.2.3/24", "gateway", "10.1", "1;2")
        ],
        (lambda: FileSettings(folder=Path(__file__)), "channel_folder", "OCOP_OUTBOX_DIR"),
        (lambda: FileSettings(folder=Path("x"), sender="no"), "channel_address", "OCOP_MAIL_FROM"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_both_languages(build: Callable[[], Any], code: str, name: str):
    with pytest.raises(ChannelUnfit) as refused:
        build()
    assert (refused.value.code, refused.value.detail["name"]) == (code, name)
    for language in ("vi", "en"):
        assert name in words(language).error(refused.value)


def test_a_certificate_file_that_holds_none_is_named(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    with pytest.raises(ChannelUnfit) as refused:
        EmailChannel(email(ca_file=tmp_path / "ca.pem"))
    assert refused.value.code == "channel_file_unfit"


def test_secrets_are_in_no_representation():
    assert "bi-mat" not in repr(email(user="ocop", password="bi-mat"))
    assert SECRET not in repr(WebhookSettings(endpoints=(endpoint(),)))


def test_what_is_usual_is_accepted():
    assert [email(security=s, allow_plain=True).to_port for s in Security] == [25, 587, 465]
    assert email(port=2525).to_port == 2525
    for host in ("localhost", "127.0.0.1", "::1"):
        assert email(host=host, security=Security.NONE).host == host
    for url in ("https://gateway.example:8443/a?b=c", "https://10.1.2.3/", "http://127.0.0.1:8099/", "https://[2001:db8::1]/"):
        assert WebhookSettings(endpoints=(endpoint(url),), templates={MessageKind.REMINDER: "301"}).endpoint(url) is not None
    assert [str(network) for network in inside("", "10.1.2.3, 10.1.2.0/24,fd00::/8,")] == ["10.1.2.3/32", "10.1.2.0/24", "fd00::/8"]
    assert inside("", " ") == ()


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_cause_has_words(cause: Cause, language: Any):
    assert words(language).label("cause", cause) != cause


def test_no_words_are_left_over():
    for language in ("vi", "en"):
        assert set(words(language).table["cause"]) == {cause.value for cause in Cause}


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [over.wait(10)][:0])
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        resolve("slow.example", 443, 0.1)
    assert time.monotonic() - begun < 8
    over.set()


@pytest.mark.parametrize("host", ["does-not-exist.invalid", "a" * 70 + ".example", "\ud800.example"])
def test_a_name_that_leads_nowhere_is_an_ordinary_failure(host: str, monkeypatch: pytest.MonkeyPatch):
    real = socket.getaddrinfo

    def without_network(name: str, *rest: Any, **more: Any) -> Any:
        if name.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(name, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", without_network)
    with pytest.raises(OSError, match=r"not known|cannot be looked up|No address"):
        resolve(host, 443, 5)


def test_the_next_address_is_tried_where_one_does_not_answer():
    with MailServer() as server:
        connection = connect(["127.0.0.2", "127.0.0.1"], server.port, Deadline(5))
        connection.close()
    assert connection.fileno() == -1
    with pytest.raises(OSError, match="no address"):
        connect([], 25, Deadline(5))
    with pytest.raises(TimeoutError):
        Deadline(-1).left()
