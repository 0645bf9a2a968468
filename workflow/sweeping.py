"""The tick: what fell due is written down, the log is brought up to date, and the coming year gets the law's rounds."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from deadlines.sweep import GRACE, Sweep, tick
from workflow.perform import Engine
from workflow.plans import Plans
from workflow.ports import Store
from workflow.rows import TermRow

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick did: the sweep, entries moved into the log, rounds opened by law, and how late the oldest row was."""

    sweep: Sweep
    sequenced: int
    rounds: tuple[str, ...]
    lag: timedelta


def run_tick(store: Store, engine: Engine, plans: Plans, now: datetime, *, limit: int = 1_000_000) -> Ticked:
    """Sweep everything that fell due at least 30 seconds ago, then sequence the log.

    Several processes may do this at once: a row is written by whoever is first, and the others find that the case has moved on. A page of
    rows shares a transaction; a row that does not fit into it, or a page that breaks down, is written by itself.
    """
    rounds = statutory_rounds(engine, plans)
    done = tick(now, store, engine.expire, together=engine.expire_many, limit=limit)
    lag = now - done.oldest if done.oldest else timedelta(0)
    return Ticked(done, sequence(store), rounds, lag)


def statutory_rounds(engine: Engine, plans: Plans) -> tuple[str, ...]:
    """Open the rounds that the law gives up to the next year, where they are missing."""
    return tuple(plans.open_statutory()) if plans.missing_statutory(engine.world(fresh=True)) else ()


def sequence(store: Store) -> int:
    """Move every waiting entry into the Merkle log; returns how many."""
    total = 0
    while moved := store.sequence_log(_PAGE):
        total += moved
    return total


def upcoming(store: Store, now: datetime) -> list[TermRow]:
    """What a tick would write down now, without writing."""
    return store.due_terms(now - GRACE, 100_000)
