"""How long somebody has to wait before trying to sign in again. Delays, no lock-out: nobody can keep another person out. Pure.

What counts is the pair of login and source. A source that has signed in as this person before is only held back by its own mistakes; all
others are also held back by what came from their address, and by a wave against the whole service. Another source's mistakes never count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.accounts import AttemptRow

TRIED, ENTERED = "tried", "entered"
REMEMBERED = timedelta(days=30)
WINDOW = timedelta(minutes=15)
WAVE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many mistakes within a window are free, and the longest wait after that, in seconds; each further mistake doubles the wait."""

    free: int
    longest: int
    window: timedelta


PAIR = Allowance(4, 300, timedelta(hours=6))
"""Ten thousand guesses from one place take more than a month."""
SOURCE = Allowance(30, 60, WINDOW)
IN_A_WAVE = Allowance(3, 60, WINDOW)
A_WAVE = 300
"""Attempts that failed within a minute, from anywhere."""


def wait(login: Sequence[AttemptRow], source: Sequence[AttemptRow], wave: int, here: str, now: datetime) -> int:
    """Seconds until the next attempt is looked at; 0 for now.

    Args:
        login: Attempts of this login within :data:`REMEMBERED`, newest first.
        source: Attempts from this source within :data:`WINDOW`, newest first.
        wave: Attempts of everybody within :data:`WAVE` that failed.
        here: The source.
        now: Now.
    """
    pair = [row for row in login if row.source == here]
    seconds = _left(_mistakes(pair), PAIR, now)
    if not any(row.outcome == ENTERED for row in pair):
        allowance = IN_A_WAVE if wave > A_WAVE else SOURCE
        entered = sum(row.outcome == ENTERED for row in source)
        failed = [row for row in source if row.outcome == TRIED]
        seconds = max(seconds, _left(failed[: max(0, len(failed) - entered)], allowance, now))
    return seconds


def _mistakes(pair: Sequence[AttemptRow]) -> list[AttemptRow]:
    """Attempts since this pair last entered. Every attempt is written before it is judged, so those under way count as well."""
    since: list[AttemptRow] = []
    for row in pair:
        if row.outcome == ENTERED:
            break
        since.append(row)
    return since


def _left(mistakes: Sequence[AttemptRow], allowance: Allowance, now: datetime) -> int:
    recent = [row for row in mistakes if row.at > now - allowance.window]
    beyond = len(recent) - allowance.free
    if beyond < 0 or not recent:
        return 0
    pause = timedelta(seconds=min(2**beyond, allowance.longest))
    left = (max(row.at for row in recent) + pause - now).total_seconds()
    return max(0, -int(-left // 1))
