"""Ways out: one small class each. What a channel needs to be told stands in ``settings``, when it tries again in ``retrying``."""

from contextlib import AbstractContextManager, nullcontext

from notifications.messages import Channel


def page(channel: Channel) -> AbstractContextManager[Channel]:
    """The channel for several envelopes in a row: with one connection for all of them, where it has connections to share."""
    opened = getattr(channel, "page", None)
    return nullcontext(channel) if opened is None else opened()
