"""When a delivery that failed is tried again, and when it is given up. Pure: no clock, no chance."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications.channels.causes import Cause
from notifications.messages import ChannelName, Later

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

PAUSES = {ChannelName.WEBHOOK: (timedelta(seconds=30), 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR)}
"""Pauses after the first failed tries; the last one repeats."""
MAIL_PAUSES = (5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR)
"""For e-mail and for every channel without pauses of its own (RFC 5321, 4.5.4.1: half an hour at least, but for the first tries)."""

PATIENCE = {ChannelName.WEBHOOK: 3 * DAY}
MAIL_PATIENCE = 5 * DAY
"""How long after the first try a delivery is tried (RFC 5321, 4.5.4.1: four to five days), where no duty ends it sooner."""

LAST_CALL = 10 * MINUTE
"""The last try comes this long before the end, so that there is time to hear the answer and a reader has time to read."""
SHORTEST = MINUTE
"""Two tries this near to each other are one too many."""
DOUBT = 15 * MINUTE
"""A delivery in doubt waits this long; then the other side has answered whoever asked before."""
MOST_DOUBTS = 2
"""After so many deliveries in doubt there may be two copies: a third is for a person to decide."""
JITTER = 0.1
"""Webhooks that failed together come back spread over this part of the pause, so that a receiver that has just risen is not felled again."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further try; the cause's words are for the operator."""

    why: Cause


def next_try(  # noqa: PLR0913 - each is one fact about the delivery
    channel: ChannelName,
    outcome: Later,
    *,
    key: str,
    tries: int,
    doubts: int,
    first_at: datetime,
    failed_at: datetime,
    useful_until: datetime | None,
) -> datetime | GiveUp:
    """When to try again after a try that ended in :class:`Later`, or why not.

    Where the schedule, or the other side's wish to be left alone, leads beyond the last call, one try still comes at that.

    Args:
        channel: The way out.
        outcome: How the try ended.
        key: Of the delivery; the spread of webhooks is made from it.
        tries: How many there were, this one included; at least 1.
        doubts: How many of them ended in doubt, this one included.
        first_at: When the first one began (aware).
        failed_at: When this one ended (aware).
        useful_until: The moment from which the message helps nobody; None where there is none.
    """
    if outcome.in_doubt and doubts >= MOST_DOUBTS:
        return GiveUp(Cause.STILL_IN_DOUBT)
    patience = first_at + PATIENCE.get(channel, MAIL_PATIENCE)
    end, why = patience, Cause.PATIENCE_OVER
    if useful_until is not None and useful_until <= patience:
        end, why = useful_until, Cause.MOMENT_PASSED
    if failed_at >= end:
        return GiveUp(why)
    pauses = PAUSES.get(channel, MAIL_PAUSES)
    pause = pauses[min(tries, len(pauses)) - 1]
    if channel is ChannelName.WEBHOOK:
        pause += pause * (JITTER * _share(f"{key}|{tries}"))
    if outcome.in_doubt:
        pause = max(pause, DOUBT)
    if outcome.after is not None:
        # No longer than there is time left, or the sum might lie beyond the last year that a date can have.
        pause = max(pause, min(outcome.after, end - failed_at))
    at, last_call = failed_at + pause, end - LAST_CALL
    if at > last_call and last_call - failed_at >= SHORTEST:
        at = last_call
    return at if at < end else GiveUp(why)


def _share(text: str) -> float:
    """A number from 0 to below 1 that is always the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:4], "big") / 2**32
