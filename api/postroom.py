"""The ways out of an installation, from its settings."""

import secrets
from collections.abc import Mapping
from html import escape
from pathlib import Path

from api.identity.vault import HookSecrets
from api.settings import Settings
from notifications.channels.console import ConsoleChannel
from notifications.channels.email import EmailChannel
from notifications.channels.file import FileChannel
from notifications.channels.mime import message_id
from notifications.channels.settings import EmailSettings, Endpoint, FileSettings, Security, WebhookSettings, inside
from notifications.channels.webhook import WebhookChannel
from notifications.links import Links
from notifications.messages import Accepted, Channel, ChannelName, Envelope, Letter, MessageKind
from notifications.service import REHEARSAL, Post
from notifications.watch import Report
from states.errors import MalformedInput, StoreUnsafe
from states.words import Words
from workflow.clock import Clock, SystemClock
from workflow.telling import Telling

OUTBOX = "thu-se-gui"
"""Folder beside an embedded database in which letters wait for a person to send them."""

_KEY = "link.key"
_KEY_OCTETS = 32


def post_of(settings: Settings, store: Telling, *, rehearsal: bool, clock: Clock | None = None) -> Post:
    """The ways out.

    Args:
        settings: The installation's settings.
        store: Where receivers of webhooks are.
        rehearsal: Nothing leaves a rehearsal.
        clock: For the time in signatures.

    Raises:
        ChannelUnfit: A setting cannot be used.
        MalformedInput: ``setting_malformed``.
    """
    if rehearsal:
        return Post(channels=REHEARSAL.channels, links=links_of(settings))
    channels: dict[ChannelName, Channel] = {}
    if settings.mail_host:
        channels[ChannelName.EMAIL] = EmailChannel(email_settings(settings))
    else:
        folder = settings.outbox_dir or settings.data_dir.expanduser() / OUTBOX
        channels[ChannelName.FILE] = FileChannel(FileSettings(folder=folder, sender=settings.mail_from or "ocop@localhost"))
    if settings.mail_console:
        import sys  # noqa: PLC0415 - the stream of the moment

        channels[ChannelName.CONSOLE] = ConsoleChannel(sys.stdout)
    secrets_of_hooks = HookSecrets(settings)
    hooks = WebhookSettings(
        allowed=inside("OCOP_WEBHOOK_ALLOWED", settings.webhook_allowed),
        ca_file=settings.webhook_ca_file,
        seconds=settings.webhook_seconds,
    )
    channels[ChannelName.WEBHOOK] = WebhookChannel(hooks, clock or SystemClock(), find=lambda url: receiver(store, url, secrets_of_hooks))
    domain = (settings.mail_from or "").rpartition("@")[2] or "ocop.invalid"
    return Post(
        channels=channels,
        domain=domain,
        source=settings.public_url or "urn:ocop",
        links=links_of(settings),
        templates=_templates(settings.webhook_templates),
    )


def email_settings(settings: Settings) -> EmailSettings:
    """The mail server.

    Raises:
        ChannelUnfit: A setting cannot be used.
    """
    if settings.mail_security not in set(Security):
        raise MalformedInput("setting_malformed", name="OCOP_MAIL_SECURITY", why=", ".join(Security))
    return EmailSettings(
        host=settings.mail_host or "",
        port=settings.mail_port,
        security=Security(settings.mail_security),
        sender=settings.mail_from or "",
        sender_name=settings.mail_from_name,
        reply_to=settings.mail_reply_to,
        user=settings.mail_user,
        password=settings.mail_password.get_secret_value() if settings.mail_password else None,
        ca_file=settings.mail_ca_file,
        allow_plain=settings.mail_allow_plain,
        hello=settings.mail_hello,
        seconds=settings.mail_seconds,
    )


def receiver(store: Telling, url: str, sealed: HookSecrets) -> Endpoint | None:
    """The webhook with an address; None where it is turned off.

    Raises:
        StoreUnsafe: Its secrets were sealed by another installation's key, or that key cannot be read.
    """
    found = next((hook for hook in store.webhooks() if hook.url == url and hook.off is None), None)
    if found is None:
        return None
    return Endpoint(url=found.url, secrets=tuple(sealed.unsealed(kept, found.id) for kept in found.secret.split()))


def links_of(settings: Settings) -> Links | None:
    """Personal links, where people can reach the service.

    The key is the setting, or a file beside an embedded database that is made when it is first needed.
    """
    if not settings.public_url:
        return None
    if settings.link_key is not None:
        return Links(settings.link_key.get_secret_value().encode(), settings.public_url)
    if not settings.url.startswith("sqlite"):
        raise MalformedInput("setting_malformed", name="OCOP_LINK_KEY", why="OCOP_PUBLIC_URL")
    return Links(_kept_key(settings.data_dir.expanduser() / _KEY), settings.public_url)


def _kept_key(path: Path) -> bytes:
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            path.write_bytes(secrets.token_hex(_KEY_OCTETS).encode())
        return path.read_bytes()
    except OSError as error:
        raise StoreUnsafe("secret_key_unreadable", name=str(path), why=error.strerror or type(error).__name__) from None


def _templates(text: str) -> Mapping[str, str]:
    """``reminder=ID1,digest=ID2``."""
    found: dict[str, str] = {}
    for pair in filter(None, (each.strip() for each in text.split(","))):
        kind, _, number = pair.partition("=")
        if kind not in set(MessageKind) or not number:
            raise MalformedInput("setting_malformed", name="OCOP_WEBHOOK_TEMPLATES", why=", ".join(MessageKind))
        found[kind] = number
    return found


def alarm(settings: Settings, report: Report, said: Words) -> str | None:
    """Write to whoever is to be told that something stands still, or goes again; None, or why that could not be done.

    The letter goes straight to the mail server: what stands still may be the database.
    """
    if not settings.mail_host or not settings.alarm_email:
        return "OCOP_MAIL_HOST"
    now = SystemClock().now()
    lines = [
        f"- {said.label('trouble', str(f.trouble))}{f' ({said.instant(f.since)})' if f.since else ''} {f.detail}".rstrip()
        for f in report.findings
    ]
    over = [f"- {said.label('trouble', str(trouble))}" for trouble in report.over]
    parts = []
    if lines:
        parts.append("\n".join([said.label("alarm", "stands"), *lines, "", said.label("alarm", "what_to_do")]))
    if over:
        parts.append("\n".join([said.label("alarm", "over"), *over]))
    subject = said.label("alarm", "subject" if lines else "subject_over")
    text = "\n\n".join(parts) + f"\n\n{settings.where}\n{said.instant(now)}\n"
    html = f"<pre>{escape(text)}</pre>"
    letter = Letter(subject=subject, text=text, html=html, short=subject, share=text, calendar=None)
    key = f"alarm|{now.isoformat()}"
    domain = (settings.mail_from or "").rpartition("@")[2] or "ocop.invalid"
    envelope = Envelope(
        key=key, message_id=message_id(key, domain), address=settings.alarm_email, name="", letter=letter, composed_at=now
    )  # fmt: skip
    reply = EmailChannel(email_settings(settings)).send(envelope)
    return None if isinstance(reply, Accepted) else f"{reply.why}: {reply.reply}"
