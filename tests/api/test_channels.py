"""Channels follow from the settings of an installation, and a setting that cannot be used is named at the start."""

import base64
import io
from pathlib import Path

import pytest

from api.channels import channels
from api.settings import read_settings
from notifications.channels.email import EmailChannel
from notifications.channels.settings import ChannelUnfit, Security
from notifications.channels.webhook import WebhookChannel
from notifications.messages import ChannelName, MessageKind
from states.words import words
from workflow.clock import SystemClock

SECRET, OTHER = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"a", b"b"))
MAIL = {"OCOP_MAIL_HOST": "mail.so.example", "OCOP_MAIL_FROM": "ocop@so.example"}
HOOK = {"OCOP_WEBHOOK_URL": "https://gateway.example/", "OCOP_WEBHOOK_SECRET": SECRET}


def test_nothing_is_sent_by_a_way_that_nobody_set_up():
    assert channels(read_settings({}), SystemClock()) == {}
    assert set(channels(read_settings({}), SystemClock(), io.StringIO())) == {ChannelName.CONSOLE}


def test_every_setting_reaches_its_channel(tmp_path: Path):
    more = {"OCOP_MAIL_PORT": "465", "OCOP_MAIL_SECURITY": "tls", "OCOP_MAIL_NAME": "OCOP", "OCOP_MAIL_REPLY_TO": "can-bo@so.example"}
    more |= {"OCOP_MAIL_USER": "ocop", "OCOP_MAIL_PASSWORD": "bi-mat", "OCOP_MAIL_HELLO": "may1.so.example"}
    more |= {"OCOP_WEBHOOK_ALLOWED": "10.1.2.3, 10.2.0.0/16", "OCOP_WEBHOOK_TEMPLATES": "reminder=301, digest = 302,"}
    more |= {"OCOP_WEBHOOK_SECRET": f"{SECRET} {OTHER}", "OCOP_OUTBOX_DIR": str(tmp_path / "thu")}
    found = channels(read_settings(MAIL | HOOK | more), SystemClock())
    assert set(found) == {ChannelName.EMAIL, ChannelName.WEBHOOK, ChannelName.FILE}
    email, webhook = found[ChannelName.EMAIL], found[ChannelName.WEBHOOK]
    assert isinstance(email, EmailChannel)
    assert isinstance(webhook, WebhookChannel)
    mail, hook = email.settings, webhook.settings
    assert (mail.host, mail.to_port, mail.security, mail.user, mail.password) == ("mail.so.example", 465, Security.TLS, "ocop", "bi-mat")
    assert (mail.sender, mail.sender_name, mail.reply_to, mail.hello) == ("ocop@so.example", "OCOP", "can-bo@so.example", "may1.so.example")
    assert hook.endpoints[0].secrets == (SECRET, OTHER)
    assert [str(network) for network in hook.allowed] == ["10.1.2.3/32", "10.2.0.0/16"]
    assert hook.templates == {MessageKind.REMINDER: "301", MessageKind.DIGEST: "302"}


def test_a_secret_may_lie_in_a_file(tmp_path: Path):
    (tmp_path / "ocop_mail_password").write_text("bi-mat\n", encoding="utf-8")
    found = channels(read_settings(MAIL | {"OCOP_MAIL_USER": "ocop", "OCOP_SECRETS_DIR": str(tmp_path)}), SystemClock())
    email = found[ChannelName.EMAIL]
    assert isinstance(email, EmailChannel)
    assert email.settings.password == "bi-mat"  # noqa: S105


@pytest.mark.parametrize(
    ("given", "code", "name"),
    [
        ({"OCOP_MAIL_HOST": "mail.so.example"}, "channel_address", "OCOP_MAIL_FROM"),
        (MAIL | {"OCOP_MAIL_SECURITY": "none"}, "channel_plain", "OCOP_MAIL_SECURITY"),
        (MAIL | {"OCOP_MAIL_CA_FILE": "/nowhere/ca.pem"}, "channel_file_missing", "OCOP_MAIL_CA_FILE"),
        ({"OCOP_WEBHOOK_URL": "https://gateway.example/"}, "channel_secret", "OCOP_WEBHOOK_SECRET"),
        (HOOK | {"OCOP_WEBHOOK_ALLOWED": "10.1.2.3/24"}, "channel_network", "OCOP_WEBHOOK_ALLOWED"),
        (HOOK | {"OCOP_WEBHOOK_ALLOWED": "gateway"}, "channel_network", "OCOP_WEBHOOK_ALLOWED"),
        (HOOK | {"OCOP_WEBHOOK_TEMPLATES": "birthday=7"}, "channel_template", "OCOP_WEBHOOK_TEMPLATES"),
        (HOOK | {"OCOP_WEBHOOK_TEMPLATES": "reminder"}, "channel_template", "OCOP_WEBHOOK_TEMPLATES"),
        ({"OCOP_OUTBOX_DIR": __file__}, "channel_folder", "OCOP_OUTBOX_DIR"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(given: dict[str, str], code: str, name: str):
    with pytest.raises(ChannelUnfit) as caught:
        channels(read_settings(given), SystemClock())
    assert caught.value.code == code
    for language in ("vi", "en"):
        assert name in words(language).error(caught.value)


def test_no_secret_is_told_with_an_error():
    with pytest.raises(ChannelUnfit) as caught:
        channels(read_settings(HOOK | {"OCOP_WEBHOOK_SECRET": "whsec_hush"}), SystemClock())
    assert "hush" not in str(caught.value) + words("vi").error(caught.value)
