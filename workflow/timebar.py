"""The time bar of a rehearsal: its clock is moved forward, and everything on the way happens at its own moment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from deadlines.calendar import ZONE
from deadlines.sweep import GRACE
from states.errors import CycleError, MalformedInput, StoreUnsafe
from states.vocabulary import Event
from workflow.clock import Clock, ManualClock
from workflow.commands import SYSTEM
from workflow.ledger.entry import Entry, parse
from workflow.ports import Database
from workflow.rehearsal import Played, Player
from workflow.rows import CaseRow, SubjectKind
from workflow.season import Season, read_season
from workflow.sweeping import sequence

FARTHEST = timedelta(days=400)
"""How far the clock goes at once: a whole season and the decisions after it, and still an answer within a request."""

PATIENCE = timedelta(seconds=30)
"""How long a move waits for sweeps that are under way in other processes."""

_MOVERS, _SWEEPS = "time-bar", "time-bar-sweeps"
"""Locks over processes: who moves the clock has both alone, who sweeps shares the second."""

NOW = "rehearsal_now"
"""Where a rehearsal keeps its time."""

SEASONS = Path(__file__).parent / "data" / "seasons"
_SEASON = "season"
_PAGE = 2_000
_MOST = 100_000


class ClockMoving(CycleError):
    """The clock is being moved by somebody else just now. Detail: ``now``, where it stands on its way."""

    code = "clock_moving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """A case that missed a cut-off.

    Attributes:
        case, product: Codes.
        stage, phrase: What was missed, as the plan words it; ``cutoff`` is its end (exclusive).
        round: The round that it falls out of.
    """

    case: str
    product: str
    stage: str
    phrase: str
    round: str | None
    cutoff: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Anything else that happened: an act of a colleague, or of the system."""

    subject: str
    kind: SubjectKind
    event: str
    at: datetime
    actor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A message that was made: to whom, about what, and when it comes."""

    message: str
    recipient: str
    subjects: tuple[str, ...]
    send_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What happened in a span of time, in the order of the log."""

    deferred: tuple[Deferred, ...]
    acts: tuple[Act, ...]
    told: tuple[Telling, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A move of the clock.

    Attributes:
        since, until: From when to when (aware, UTC).
        after, last: What the log's last number was before and is now (-1: none); :meth:`TimeBar.happened` reads what lies between.
        happened: What happened on the way.
        fired: Cut-offs that were written down on the way.
        played: Acts that simulated colleagues carried out; ``overtaken`` those that somebody had made impossible.
        surprises: (product or plan, instant or event, error) of acts of colleagues that failed though nobody had done otherwise.
    """

    since: datetime
    until: datetime
    after: int
    last: int
    happened: Happened
    fired: int
    played: int
    overtaken: int
    surprises: tuple[tuple[str, str, str], ...]


class TimeBar:
    """Moves one database's clock, one move at a time; workers stand still meanwhile, in this process and in every other."""

    def __init__(self, store: Database, clock: Clock, player: Callable[[ManualClock], Player], *, rehearsal: bool, where: str) -> None:
        """Move this clock; ``player`` makes who plays on it, and ``where`` names the database to whoever is refused."""
        self._store = store
        self._clock = clock
        self._player = player
        self._rehearsal = rehearsal
        self._where = where
        self._moving = threading.Lock()
        self._sweeps = 0
        self._pause = False
        self._still = threading.Condition()

    def player(self) -> Player:
        """A player of seasons on this clock.

        Raises:
            StoreUnsafe: ``not_a_rehearsal``: a real database has no movable clock.
        """
        if not isinstance(self._clock, ManualClock):
            raise StoreUnsafe("not_a_rehearsal", where=self._where)
        return self._player(self._clock)

    @contextmanager
    def standing(self) -> Iterator[bool]:
        """Hold the clock still for a sweep, beside other sweeps: False, and nothing held, while it is being moved, which sweeps by itself.

        Where another process has moved the clock, this one follows it first.
        """
        with self._still:
            held = not self._pause
            self._sweeps += held
        try:
            with ExitStack() as locks:
                yield held and self._beside_others(locks)
        finally:
            with self._still:
                self._sweeps -= held
                self._still.notify_all()

    def _beside_others(self, locks: ExitStack) -> bool:
        """Whether no other process moves the clock, which is then kept from it as long as the locks are held."""
        if not self._rehearsal or not isinstance(self._clock, ManualClock):
            return True
        try:
            locks.enter_context(self._store.shared(_SWEEPS))
        except StoreUnsafe as moving:
            if moving.code != "lock_held":
                raise
            return False
        self._follow(self._clock)
        return True

    def _follow(self, clock: ManualClock) -> None:
        kept = self._store.get_meta(NOW)
        if kept is not None:
            clock.follow(datetime.fromisoformat(kept))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait for the sweeps under way, and let none begin."""
        with self._still:
            self._pause = True
            self._still.wait_for(lambda: not self._sweeps)
        try:
            yield
        finally:
            with self._still:
                self._pause = False

    def season(self) -> str | None:
        """Name of the season that this rehearsal plays, where it is one that ships."""
        name = self._store.get_meta(_SEASON)
        return name if name is not None and (SEASONS / f"{name}.toml").is_file() else None

    def next_deadline(self) -> datetime | None:
        """The end (exclusive) of the next deadline that runs out; None where none runs."""
        found = self._store.due_terms(self._clock.now() + 10 * FARTHEST, 1)
        return found[0].due_at if found else None

    def move(self, to: datetime, *, colleagues: bool = False) -> Moved:
        """Move the clock forward: sweeps run thirty seconds after each cut-off on the way, and people are told at each step.

        Args:
            to: Where to; aware.
            colleagues: Whether the season's simulated colleagues play their acts on the way; where the season is not known, time passes.

        Raises:
            StoreUnsafe: ``not_a_rehearsal``.
            MalformedInput: ``clock_back``, or ``clock_too_far``.
            ClockMoving: Another move is under way.
            StoreUnsafe: ``lock_held``: another process has been sweeping for longer than a move waits.
        """
        if not self._rehearsal or not isinstance(self._clock, ManualClock):
            raise StoreUnsafe("not_a_rehearsal", where=self._where)
        if not self._moving.acquire(blocking=False):
            raise ClockMoving(now=self._clock.now())
        try:
            # Other processes on the same database are kept off by the database, this process's own worker by its lock.
            with ExitStack() as locks:
                try:
                    locks.enter_context(self._store.exclusive(_MOVERS))
                except StoreUnsafe as held:
                    if held.code != "lock_held":
                        raise
                    self._follow(self._clock)
                    raise ClockMoving(now=self._clock.now()) from held
                locks.enter_context(self._alone())
                locks.enter_context(self._store.exclusive(_SWEEPS, wait=PATIENCE))
                return self._move(self._clock, to, colleagues=colleagues)
        finally:
            self._moving.release()

    def _move(self, clock: ManualClock, to: datetime, *, colleagues: bool) -> Moved:
        self._follow(clock)
        since = clock.now()
        if to < since:
            raise MalformedInput("clock_back", now=since, to=to)
        if to - since > FARTHEST:
            raise MalformedInput("clock_too_far", now=since, to=to, days=FARTHEST.days)
        sequence(self._store)
        after = self._store.log_state().size - 1
        played = self._pass(to, colleagues=colleagues)
        sequence(self._store)
        last, until = self._store.log_state().size - 1, clock.now()
        happened = self.happened(after, last, since, until)
        return Moved(
            since=since, until=until, after=after, last=last, happened=happened, fired=played.fired, played=played.acts, overtaken=played.overtaken,
            surprises=tuple(played.surprises),
        )  # fmt: skip

    def _pass(self, to: datetime, *, colleagues: bool) -> Played:
        player, name = self.player(), self.season() if colleagues else None
        if name is not None:
            return player.play(shipped(name), to)
        player.wait(to)
        return player.played

    def happened(self, after: int, last: int, since: datetime, until: datetime) -> Happened:
        """What the log has behind one number up to another, and the messages made behind one instant up to another."""
        entries = list(self._entries(after, last))
        products = {c.code: c.product for c in (self._case(code) for code in {e.case for e in entries if _defers(e)}) if c is not None}
        told: dict[str, Telling] = {}
        for item, row in self._store.told(None, since, _MOST, until=until + timedelta(microseconds=1)):
            if row.created_at == since:
                continue
            known = told.get(row.id)
            subjects = tuple(dict.fromkeys([*(known.subjects if known else ()), item.subject]))
            told[row.id] = Telling(message=row.id, recipient=row.recipient, subjects=subjects, send_at=row.send_at)
        return Happened(
            deferred=tuple(_deferred(e, products.get(e.case, "")) for e in entries if _defers(e)),
            acts=tuple(_act(e) for e in entries if not _defers(e)),
            told=tuple(sorted(told.values(), key=lambda t: (t.send_at, t.recipient))),
        )

    def _entries(self, after: int, last: int) -> Iterator[Entry]:
        while after < last and (page := self._store.log_page(after, min(_PAGE, last - after))):
            for number, stored in page:
                if number <= last:
                    entry = parse(stored.body)
                    if entry.outcome == "done":
                        yield entry
            after = page[-1][0]

    def _case(self, code: str) -> CaseRow | None:
        loaded = self._store.load_case(code, "")
        return loaded.case if loaded is not None else None


def remember(store: Database, name: str) -> None:
    """Keep which of the seasons that ship a rehearsal plays."""
    store.set_meta(_SEASON, name)


def shipped(name: str) -> Season:
    """A season that ships."""
    return read_season((SEASONS / f"{name}.toml").read_text("utf-8"))


def settles(cutoff: datetime) -> datetime:
    """When the sweep has written down a cut-off: the minute after it."""
    return cutoff + max(GRACE, timedelta(minutes=1))


def next_morning(now: datetime, minutes: int = 1) -> datetime:
    """So many minutes after the next midnight in Viet Nam."""
    local = now.astimezone(ZONE)
    return datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), tzinfo=ZONE) + timedelta(minutes=minutes)


def _defers(entry: Entry) -> bool:
    # A person defers as well, with a reason and without a cut-off that was missed.
    return entry.event == Event.DEFER and bool((entry.set.get("memo") or {}).get("missed"))


def _deferred(entry: Entry, product: str) -> Deferred:
    missed = entry.set["memo"]["missed"]
    return Deferred(
        case=entry.case, product=product, stage=str(missed["stage"]), phrase=str(missed["phrase"]), round=missed.get("round"),
        cutoff=datetime.fromisoformat(missed["due_at"]),
    )  # fmt: skip


def _act(entry: Entry) -> Act:
    actor = entry.actor.id if entry.actor is not None and entry.actor.id != SYSTEM else None
    return Act(subject=entry.case, kind=entry.kind, event=entry.event, at=entry.effective_at, actor=actor)
