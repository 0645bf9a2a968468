"""What if a date moved, or a day were off? Asked of the data as they are, answered by the code that would do it, and nothing is written.

The suppositions are carried out one after the other on an overlay (:mod:`workflow.overlay`), so that they can be combined; what they
change is compared with the cases as they are, those deadlines that have passed already being written first, as the act itself would.
A further kind of supposition is another class with ``act`` (see :class:`Supposition`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from deadlines.phrases import ReadingMode
from states.errors import CycleError
from states.regime import local_date
from states.vocabulary import CaseState, Effect, Event, Level, Stage
from workflow.calendars import CalendarReport, DayChange
from workflow.chances import Chance, Expected, Outlook, expected
from workflow.clock import Clock
from workflow.courses import courses, steps_in
from workflow.forecasting import Forecasts
from workflow.notices import Redated
from workflow.overlay import Overlay
from workflow.perform import Engine
from workflow.ports import Database, LoadedCase, Store
from workflow.recording import Scribe
from workflow.rows import TermRow
from workflow.telling import RungRow, RungState
from workflow.trial import Trial, on_trial

SUPPOSED_NO = "0/GIA-DINH"
"""Number of a paper that does not exist yet."""

SUPPOSED_REASON = "Giả định"
_HALF = Fraction(1, 2)
Planned = Callable[[Sequence[TermRow], Sequence[TermRow]], Sequence[object]]
"""Which messages go out for one case, from its deadlines that would end and those that would begin."""


class Supposition(Protocol):
    """Something that might be done."""

    def act(self, on: Trial, actor: str) -> Redated | CalendarReport:
        """Do it by the service that really does it; whatever that refuses is the answer. Raises CycleError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCutoff:
    """A date of a round is moved; the paper, where there is none yet, is one of today. See :meth:`workflow.rounds.Rounds.redate`."""

    round: str
    stage: str
    phrase: str
    reading: ReadingMode = "strict"
    document_date: str | None = None
    exception: str | None = None

    def act(self, on: Trial, actor: str) -> Redated:
        """See :class:`Supposition`."""
        return on.rounds.redate(
            self.round,
            self.stage,
            self.phrase,
            SUPPOSED_NO,
            self.document_date or local_date(on.clock.now()).isoformat(),
            SUPPOSED_REASON,
            actor,
            self.reading,
            exception=self.exception,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareDays:
    """Days are declared off or worked, for a unit or (None) the country. See :meth:`workflow.calendars.Calendars.change`."""

    days: tuple[DayChange, ...]
    unit: str | None = None

    def act(self, on: Trial, actor: str) -> CalendarReport:
        """See :class:`Supposition`."""
        return on.calendars.change(self.days, actor=actor, document_no=SUPPOSED_NO, reason=SUPPOSED_REASON, unit=self.unit)


class Gain(StrEnum):
    """What the suppositions are to a case."""

    COMES_BACK = "comes_back"
    SAVED = "saved"
    MISSES = "misses"
    MISSES_AGAIN = "misses_again"
    ENDANGERED = "endangered"
    MOVES = "moves"


@dataclass(frozen=True, slots=True)
class MovedTerm:
    """The last instant of one stage's deadline before and after; None where there is no deadline."""

    stage: Stage
    was: datetime | None
    will: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEffect:
    """What the suppositions change for one case.

    Attributes:
        before, after: Its state, with what has fallen due by now written down in both.
        gain: Certain where it comes back or misses a date that has passed; ``saved`` and ``endangered`` where a miss was, or becomes, more
            likely than not.
        terms: Deadlines that move, by stage.
        closed, opened: The same as rows: those that would end and those that would begin.
        chance_before, chance_after: That it misses one of its dates; None where too little has been seen, or it waits for none.
        reminders, spared: Steps of reminding that would be planned, and those planned now that would fall away.
        messages: What else would be sent, as far as somebody plans it.
    """

    case: str
    before: CaseState
    after: CaseState
    gain: Gain
    terms: tuple[MovedTerm, ...]
    closed: tuple[TermRow, ...]
    opened: tuple[TermRow, ...]
    chance_before: Fraction | None = None
    chance_after: Fraction | None = None
    reminders: tuple[RungRow, ...] = ()
    spared: tuple[RungRow, ...] = ()
    messages: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Supposed:
    """One supposition with what the act would answer: its report, or the refusal."""

    what: Supposition
    done: Redated | CalendarReport | None
    refusal: CycleError | None


@dataclass(frozen=True, slots=True)
class RoundOutlook:
    """Misses expected in a round without and with the suppositions."""

    round: str
    before: tuple[Expected, ...]
    after: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What would be otherwise."""

    supposed: tuple[Supposed, ...]
    effects: tuple[CaseEffect, ...]
    rounds: tuple[RoundOutlook, ...] = ()
    rehearsed: bool = False

    def having(self, *gains: Gain) -> tuple[CaseEffect, ...]:
        """The effects of some kinds."""
        return tuple(effect for effect in self.effects if effect.gain in gains)

    @property
    def refused(self) -> bool:
        """Whether a supposition was refused."""
        return any(each.refusal for each in self.supposed)


@dataclass(slots=True)
class _Asked:
    """One question: the overlay on which it is tried, and what its cases looked like before."""

    overlay: Overlay
    now: datetime
    before: dict[str, LoadedCase] = field(default_factory=dict)


class WhatIf:
    """Answers what would happen."""

    def __init__(self, store: Database, clock: Clock, scribe: Scribe, engine: Engine, forecasts: Forecasts) -> None:
        """Read from a store; suppositions are judged with the engine's own law and drafted for the same log."""
        self.store = store
        self.clock = clock
        self.scribe = scribe
        self.engine = engine
        self.forecasts = forecasts

    def ask(self, suppositions: Sequence[Supposition], *, actor: str, messages: Planned | None = None) -> Answer:
        """Try suppositions one after the other and say what they would change.

        Args:
            suppositions: In this order; one that is refused changes nothing, and the next is tried all the same.
            actor: Person code; rights are those of the real acts.
            messages: Plans what would be sent for a case, from its deadlines that end and begin.
        """
        on = on_trial(self.store, self.clock, self.scribe, self.engine.judge.law)
        now = on.clock.now()
        asked = _Asked(on.store, now)
        supposed = tuple(_tried(each, on, actor) for each in suppositions)
        changed = [code for code in asked.overlay.touched if self._changed(asked, code)]
        moved = tuple(dict.fromkeys(s.done.round.code for s in supposed if isinstance(s.done, Redated)))
        outlook = self._outlook(asked, changed)
        stores: tuple[Store, Store] = (self.store, asked.overlay)
        chances = [_by_case(_chances(store, outlook, now, changed)) if outlook else {} for store in stores]
        effects = [self._effect(asked, code, (chances[0].get(code, []), chances[1].get(code, [])), messages) for code in changed]
        rounds = tuple(self._round(asked, code, outlook) for code in moved) if outlook else ()
        order = list(Gain)
        return Answer(supposed, tuple(sorted(effects, key=lambda e: (order.index(e.gain), e.case))), rounds, self.forecasts.rehearsed)

    def _changed(self, asked: _Asked, code: str) -> bool:
        """Whether a case would be otherwise than it is once everything that has fallen due is written down."""
        loaded, after = self.store.load_case(code, ""), asked.overlay.load_case(code, "")
        if loaded is None or after is None:
            return False
        before, _ = self.engine.settled_on_paper(loaded, asked.now)
        asked.before[code] = before
        return before.case.head_seq != after.case.head_seq

    def _effect(self, asked: _Asked, code: str, chances: tuple[Sequence[Chance], Sequence[Chance]], messages: Planned | None) -> CaseEffect:
        before, after = asked.before[code], asked.overlay.load_case(code, "")
        assert after is not None  # noqa: S101 - it was found to have changed
        was, will = {t.id for t in before.terms}, {t.id for t in after.terms}
        closed = tuple(t for t in before.terms if t.id not in will)
        opened = tuple(t for t in after.terms if t.id not in was)
        chance_before = None if before.case.state is CaseState.DEFERRED else _summed(chances[0])
        chance_after = _summed(chances[1])
        return CaseEffect(
            case=code,
            before=before.case.state,
            after=after.case.state,
            gain=self._gain(asked, before, after, chance_before, chance_after),
            terms=_moved(closed, opened),
            closed=closed,
            opened=opened,
            chance_before=chance_before,
            chance_after=chance_after,
            reminders=tuple(asked.overlay.begun([t.id for t in opened])),
            spared=tuple(r for r in self.store.rungs([t.id for t in closed]) if r.state is RungState.PLANNED),
            messages=tuple(messages(closed, opened)) if messages else (),
        )

    @staticmethod
    def _gain(asked: _Asked, before: LoadedCase, after: LoadedCase, was: Fraction | None, will: Fraction | None) -> Gain:
        deferred = (before.case.state is CaseState.DEFERRED, after.case.state is CaseState.DEFERRED)
        if deferred == (True, False):
            return Gain.COMES_BACK
        if deferred == (False, True):
            return Gain.MISSES
        if deferred == (True, True):
            laid = [e for e in asked.overlay.entries(after.case.code) if e.seq > before.case.head_seq]
            return Gain.MISSES_AGAIN if any(e.event == Event.REINSTATE for e in laid) else Gain.MOVES
        if was is None or will is None or (was > _HALF) == (will > _HALF):
            return Gain.MOVES
        return Gain.SAVED if was > will else Gain.ENDANGERED

    # How likely misses are.

    def _outlook(self, asked: _Asked, changed: Sequence[str]) -> Outlook | None:
        """What waits have been like: in the province of the cases, or everywhere where they are of several; None where nothing changes."""
        registry = self.engine.world(fresh=True).registry
        day = local_date(asked.now)
        provinces = {registry.at_level(asked.before[code].case.unit, Level.PROVINCE, day) for code in changed}
        if not provinces:
            return None
        return self.forecasts.outlook(provinces.pop() if len(provinces) == 1 else None, asked.now)

    def _round(self, asked: _Asked, code: str, outlook: Outlook) -> RoundOutlook:
        members = {case.code for rounds in (self.store, asked.overlay) for case in self.forecasts.members(code, rounds)}
        before, after = (expected(_chances(s, outlook, asked.now, sorted(members), code)) for s in (self.store, asked.overlay))
        return RoundOutlook(code, before, after)


def _tried(what: Supposition, on: Trial, actor: str) -> Supposed:
    try:
        return Supposed(what, what.act(on, actor), None)
    except CycleError as refusal:
        return Supposed(what, None, refusal)


def _chances(store: Store, outlook: Outlook, now: datetime, codes: Iterable[str], round_: str | None = None) -> list[Chance]:
    return [chance for course in courses(steps_in(store, codes)) for chance in outlook.of(course, now, round_)]


def _by_case(chances: Iterable[Chance]) -> dict[str, list[Chance]]:
    found: dict[str, list[Chance]] = {}
    for chance in chances:
        found.setdefault(chance.case, []).append(chance)
    return found


def _summed(chances: Sequence[Chance]) -> Fraction | None:
    """That a case misses one of its dates: those that put it off exclude each other; beside them only the likeliest counts."""
    if not chances or any(chance.chance is None for chance in chances):
        return None
    known = [(chance.due.effect, chance.chance) for chance in chances if chance.chance is not None]
    lost = [p for effect, p in known if effect is not Effect.RECORD]
    return max([sum(lost, Fraction(0)), *(p for effect, p in known if effect is Effect.RECORD)])


def _moved(closed: Iterable[TermRow], opened: Iterable[TermRow]) -> tuple[MovedTerm, ...]:
    was, will = ({t.stage: t.due_at for t in terms} for terms in (closed, opened))
    return tuple(MovedTerm(stage, was.get(stage), will.get(stage)) for stage in Stage if was.get(stage) != will.get(stage))
