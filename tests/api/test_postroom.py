"""The ways out follow from the settings, and a setting that cannot be used is named at the start."""

from typing import Any, cast

import pytest

from api.postroom import post_of
from api.settings import read_settings
from notifications.channels.settings import ChannelUnfit
from states.words import words

NO_STORE = cast("Any", None)
MAIL = {"OCOP_MAIL_HOST": "mail.so.example", "OCOP_MAIL_FROM": "ocop@so.example"}


@pytest.mark.parametrize(
    ("given", "code", "name"),
    [
        ({"OCOP_MAIL_HOST": "mail.so.example"}, "channel_address", "OCOP_MAIL_FROM"),
        (MAIL | {"OCOP_MAIL_SECURITY": "none"}, "channel_plain", "OCOP_MAIL_SECURITY"),
        (MAIL | {"OCOP_MAIL_CA_FILE": "/nowhere/ca.pem"}, "channel_file_missing", "OCOP_MAIL_CA_FILE"),
        (MAIL | {"OCOP_MAIL_USER": "ocop"}, "channel_login_half", "OCOP_MAIL_USER"),
        ({"OCOP_WEBHOOK_ALLOWED": "10.1.2.3/24"}, "channel_network", "OCOP_WEBHOOK_ALLOWED"),
        ({"OCOP_WEBHOOK_SECONDS": "60"}, "channel_seconds", "OCOP_WEBHOOK_SECONDS"),
        ({"OCOP_OUTBOX_DIR": __file__}, "channel_folder", "OCOP_OUTBOX_DIR"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(given: dict[str, str], code: str, name: str):
    with pytest.raises(ChannelUnfit) as caught:
        post_of(read_settings(given), NO_STORE, rehearsal=False)
    assert caught.value.code == code
    for language in ("vi", "en"):
        assert name in words(language).error(caught.value)
