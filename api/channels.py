"""Channels as the settings of an installation ask for them."""

from typing import TextIO

from api.settings import Settings
from notifications.channels.console import ConsoleChannel
from notifications.channels.email import EmailChannel
from notifications.channels.file import FileChannel
from notifications.channels.network import Network, networks
from notifications.channels.settings import ChannelUnfit, EmailSettings, Endpoint, FileSettings, WebhookSettings
from notifications.channels.webhook import WebhookChannel
from notifications.messages import Channel, ChannelName, MessageKind
from workflow.clock import Clock


def channels(settings: Settings, clock: Clock, console: TextIO | None = None) -> dict[ChannelName, Channel]:
    """The ways out that are set up; the inbox needs none, and a call by hand is nobody's but a person's.

    Args:
        settings: How the installation is set up.
        clock: For signatures.
        console: Where to print letters, if at all.

    Raises:
        ChannelUnfit: A setting cannot be used.
    """
    found: list[Channel] = []
    if settings.mail_host is not None:
        found.append(EmailChannel(_email(settings, settings.mail_host)))
    if settings.webhook_url is not None:
        found.append(WebhookChannel(_webhook(settings, settings.webhook_url), clock))
    if settings.outbox_dir is not None:
        sender = {} if settings.mail_from is None else {"sender": settings.mail_from}
        found.append(FileChannel(FileSettings(folder=settings.outbox_dir.expanduser(), sender_name=settings.mail_name, **sender)))
    if console is not None:
        found.append(ConsoleChannel(console))
    return {channel.name: channel for channel in found}


def _email(settings: Settings, host: str) -> EmailSettings:
    return EmailSettings(
        host=host,
        port=settings.mail_port,
        security=settings.mail_security,
        sender=settings.mail_from or "",
        sender_name=settings.mail_name,
        reply_to=settings.mail_reply_to,
        user=settings.mail_user,
        password=None if settings.mail_password is None else settings.mail_password.get_secret_value(),
        ca_file=settings.mail_ca_file,
        allow_plain=settings.mail_allow_plain,
        hello=settings.mail_hello,
    )


def _webhook(settings: Settings, url: str) -> WebhookSettings:
    secrets = "" if settings.webhook_secret is None else settings.webhook_secret.get_secret_value()
    return WebhookSettings(
        endpoints=(Endpoint(url=url, secrets=tuple(secrets.split())),),
        allowed=_allowed(settings.webhook_allowed),
        ca_file=settings.webhook_ca_file,
        templates=_templates(settings.webhook_templates),
    )


def _allowed(text: str) -> tuple[Network, ...]:
    try:
        return networks([part for part in text.split(",") if part.strip()])
    except ValueError:
        raise ChannelUnfit("channel_network", name="OCOP_WEBHOOK_ALLOWED", given=text) from None


def _templates(text: str) -> dict[MessageKind, str]:
    found = {}
    for part in text.split(","):
        kind, _, number = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            continue
        if kind not in list(MessageKind) or not number:
            known = ", ".join(MessageKind)
            raise ChannelUnfit("channel_template", name="OCOP_WEBHOOK_TEMPLATES", given=part.strip(), known=known)
        found[MessageKind(kind)] = number
    return found
