"""The watchman: whether deadlines are written down, steps told and letters taken away as they should be; and a word outside if not.

What stands still is shown within a minute by whoever looks, and told outside within five: by the silence of a ping that comes only after
a whole pass in which everything was well, and by a letter of its own from a process that is not the worker.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import httpx2

from deadlines.sweep import GRACE
from workflow.ports import Database
from workflow.worker import Heartbeat, heartbeats, say

SHOWN = timedelta(seconds=60)
"""What is later than this is shown."""

UNDELIVERED = timedelta(minutes=5)
"""A letter that has waited so long is shown."""

PATIENCE = timedelta(minutes=2)
"""How long something has to stand still before somebody outside is told."""

AGAIN = timedelta(hours=1)
"""How often the same is told again while it lasts."""

PING_SECONDS = 10.0


class Trouble(StrEnum):
    """What can stand still."""

    NO_DATABASE = "no_database"
    NO_WORKER = "no_worker"
    WORKER_SILENT = "worker_silent"
    WORKER_PAUSED = "worker_paused"
    SWEEP_STALLED = "sweep_stalled"
    DEADLINES_WAIT = "deadlines_wait"
    STEPS_WAIT = "steps_wait"
    LETTERS_WAIT = "letters_wait"
    LETTERS_FAILED = "letters_failed"
    ROWS_FAIL = "rows_fail"


OUTSIDE = frozenset(Trouble) - {Trouble.LETTERS_FAILED}
"""What is told outside; single letters that were given up are the office's business, and on its call sheet."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that stands still: since when, and whose or how many."""

    trouble: Trouble
    since: datetime | None
    detail: str = ""


def look(store: Database, now: datetime, *, wants_worker: bool = True) -> list[Finding]:
    """Everything that stands still.

    Args:
        store: The database.
        now: The present instant.
        wants_worker: Whether a resident worker is expected; a rehearsal has none.
    """
    found: list[Finding] = []
    if wants_worker:
        found += _workers(store, now)
    due = store.due_terms(now - GRACE - SHOWN, 1)
    if due:
        found.append(Finding(Trouble.DEADLINES_WAIT, due[0].due_at, due[0].case))
    step, letter, failed = store.oldest_waiting(now)
    if step is not None and now - step > SHOWN:
        found.append(Finding(Trouble.STEPS_WAIT, step))
    if letter is not None and now - letter > UNDELIVERED:
        found.append(Finding(Trouble.LETTERS_WAIT, letter))
    if failed:
        found.append(Finding(Trouble.LETTERS_FAILED, None, str(failed)))
    return found


def _workers(store: Database, now: datetime) -> list[Finding]:
    """Of several workers one at work is enough; of the last that was heard of, what is wrong with it."""
    beats = heartbeats(store)
    found: list[Finding] = []
    for post in (False, True):
        mine = [beat for beat in beats if beat.worker.startswith(POST) is post]
        if not mine:
            found += [] if post else [Finding(Trouble.NO_WORKER, None)]
            continue
        last = max(mine, key=lambda beat: beat.at)
        said = datetime.fromisoformat(last.at)
        swept = datetime.fromisoformat(last.swept) if last.swept else None
        if not last.alive(now):
            found.append(Finding(Trouble.WORKER_SILENT, said, last.worker))
        elif last.paused:
            found.append(Finding(Trouble.WORKER_PAUSED, said, f"{last.worker}: {last.paused}"))
        elif swept is not None and now - swept > SHOWN:
            found.append(Finding(Trouble.SWEEP_STALLED, swept, last.worker))
        if last.failed:
            found.append(Finding(Trouble.ROWS_FAIL, said, f"{last.worker}: {last.failed}"))
    return found


POST = "post:"
"""Begins the name under which the part of a worker that carries letters away says that it is alive."""


def heard_of(store: Database, worker: str, now: datetime, sent: int = 0) -> None:
    """Let the part of a worker that carries letters away be heard of, after a whole pass."""
    _, oldest, _ = store.oldest_waiting(now)
    late = oldest.isoformat() if oldest else None
    say(store, Heartbeat(f"{POST}{worker}", now.isoformat(), now.isoformat(), sent, 0, late, None))


def ping(url: str, client: httpx2.Client | None = None) -> str | None:
    """Tell an address outside that all is well; None, or why it could not be told.

    The answer is not read: whoever keeps watch there raises the alarm when it hears nothing.
    """
    try:
        with (
            client or httpx2.Client(timeout=PING_SECONDS, follow_redirects=False, trust_env=False) as asking,
            asking.stream("GET", url) as answer,
        ):
            return None if answer.is_success else str(answer.status_code)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        return f"{type(error).__name__}: {error}"


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be told outside now: what stands still, or that what stood still goes again."""

    findings: tuple[Finding, ...]
    over: tuple[Trouble, ...]


class Watchman:
    """Remembers in a file of its own what it has told, so that the database may be what stands still."""

    def __init__(self, memory: Path) -> None:
        """Remember in this file."""
        self.memory = memory

    def report(self, findings: Iterable[Finding], now: datetime) -> Report | None:
        """What is to be told outside now, or None.

        Something is told once it has stood still for two minutes, again every hour while it lasts, and once more when it is over.
        """
        seen = self._read()
        current = {f.trouble: f for f in findings if f.trouble in OUTSIDE}
        kept: dict[str, dict[str, str | None]] = {}
        say: list[Finding] = []
        for trouble, finding in current.items():
            before = seen.get(trouble, {})
            first = datetime.fromisoformat(str(before.get("first") or now.isoformat()))
            told = before.get("told")
            ripe = now - first >= PATIENCE and (told is None or now - datetime.fromisoformat(told) >= AGAIN)
            if ripe:
                say.append(finding)
            kept[trouble] = {"first": first.isoformat(), "told": now.isoformat() if ripe else told}
        over = tuple(Trouble(name) for name, before in seen.items() if name not in current and before.get("told"))
        self._write(kept)
        return Report(tuple(say), over) if say or over else None

    def _read(self) -> dict[str, dict[str, str | None]]:
        try:
            found = json.loads(self.memory.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        known = set(Trouble)
        return {name: value for name, value in found.items() if name in known} if isinstance(found, dict) else {}

    def _write(self, kept: dict[str, dict[str, str | None]]) -> None:
        self.memory.parent.mkdir(parents=True, exist_ok=True)
        draft = self.memory.with_name(f"{self.memory.name}.part")
        draft.write_text(json.dumps(kept), "utf-8")
        draft.replace(self.memory)
