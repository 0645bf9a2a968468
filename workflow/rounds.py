"""Rounds as steering objects: frozen to new members, closed after their last cut-off, and their deferred members carried on."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deadlines.phrases import ReadingMode
from deadlines.sweep import GRACE
from states.errors import CycleError, EventRefused, NotFound, StaleCase
from states.facts import LEVEL_OF
from states.lifecycle import ROUND, Move
from states.refusal import Code, Holder, Refusal
from states.regime import local_date
from states.vocabulary import CaseState, Event, Function, Level, RoundEvent, RoundState, Stage, Track
from workflow.access import Office, office_of
from workflow.clock import Clock
from workflow.commands import Command
from workflow.courses import courses, steps_in, tally
from workflow.listing import every_case
from workflow.notices import Notice, Redated
from workflow.overriding import USED
from workflow.perform import Engine
from workflow.plans import Plans
from workflow.ports import CaseQuery, Outcome, Store
from workflow.recording import Act, Scribe
from workflow.redating import Redating
from workflow.roundbook import ruling_dates
from workflow.rows import CaseRow, RoundRow, StageRow, SubjectKind
from workflow.seen import as_seen
from workflow.situation import World, joinable, law_of, owed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Carried:
    """What happens to one deferred member: the round that it enters, or why it stays deferred."""

    case: str
    to: str | None
    why: CycleError | None = None


@dataclass(frozen=True, slots=True)
class RoundReport:
    """A round as its closing finds it.

    Attributes:
        counts: Members by state.
        pending: Members with a result whose decision is still to come; they can still be certified.
        carried: Deferred members and what becomes of them.
        offered: Whether the plan offers the next round instead of giving it, so that nobody was moved.
    """

    round: RoundRow
    counts: dict[CaseState, int]
    pending: tuple[str, ...]
    carried: tuple[Carried, ...]
    offered: bool

    @property
    def members(self) -> int:
        """How many cases belong to the round."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class DateStanding:
    """A date of a round, and how many cases met it in time (``met``) or ``late``, missed it (``passed``) or have it ahead (``running``)."""

    stage: Stage
    ruling: StageRow
    counts: Counter[str]


@dataclass(frozen=True, slots=True)
class RoundStanding:
    """A round as it stands; ``deferred``, ``pending`` (a result, but no decision yet) and ``overridden`` (a step under an override) are codes of members."""

    round: RoundRow
    counts: dict[CaseState, int]
    deferred: tuple[str, ...]
    pending: tuple[str, ...]
    dates: tuple[DateStanding, ...]
    overridden: tuple[str, ...] = ()


class Rounds:
    """Freezes, closes and rolls over rounds."""

    def __init__(self, store: Store, clock: Clock, scribe: Scribe, engine: Engine, plans: Plans) -> None:
        """Work on a store; members are moved by the engine, like any other case."""
        self.store = store
        self.clock = clock
        self.scribe = scribe
        self.engine = engine
        self.plans = plans
        self.world: Callable[..., World] = engine.world

    def freeze(self, code: str, *, actor: str, version: int | None = None, dry_run: bool = False) -> RoundRow:
        """Stop joining: members stay, nobody is added. With the ``version`` that the actor has seen, only while it is still that.

        With ``dry_run`` it is judged alike and answered as it would be, and nothing written.

        Raises:
            StaleCase: The round has moved on since.
            NotFound: No such round or person.
            NotAllowed: The person is not an officer of the unit.
            EventRefused: The round is not open.
        """
        row = self._round(code, version)
        move = ROUND.move(row.state, RoundEvent.FREEZE, row.code)
        world = self.world(fresh=True)
        who = office_of(world.registry, actor, row.unit, move, local_date(self.clock.now()))
        if dry_run:
            return replace(row, state=RoundState.FROZEN)
        return self._move(row, move, who, world, {})

    def close(self, code: str, *, actor: str, version: int | None = None, dry_run: bool = False) -> RoundReport:
        """Close a round after its last cut-off: count, then give each deferred member the next round.

        A round that is closed answers with what is still to be carried; closing again changes nothing.

        Raises:
            NotFound, NotAllowed, EventRefused, StaleCase: As :meth:`freeze`; also refused while a cut-off lies ahead.
        """
        row = self._round(code, version)
        if row.state is RoundState.CLOSED:
            return self._report(row, dry_run=True, actor=actor)
        if dry_run:
            return replace(self._on_trial().close(code, actor=actor), round=row)
        move = ROUND.move(row.state, RoundEvent.CLOSE, row.code)
        world = self.world(fresh=True)
        who = office_of(world.registry, actor, row.unit, move, local_date(self.clock.now()))
        self.no_cutoff_ahead(world, row)
        self._settle_members(code)
        report = self._report(row, dry_run=False, actor=actor)
        data = {
            "members": {str(state): count for state, count in report.counts.items()},
            "pending": list(report.pending),
            "carried": {c.case: c.to for c in report.carried},
        }
        closed = self._move(row, move, who, self.world(fresh=True), data)
        return RoundReport(closed, report.counts, report.pending, report.carried, report.offered)

    def rollover(self, code: str, *, actor: str, version: int | None = None, dry_run: bool = False) -> RoundReport:
        """Give the deferred members of a closed round the next round, where one has opened since.

        Raises:
            NotFound, NotAllowed, StaleCase: As :meth:`freeze`.
            EventRefused: The round is not closed.
        """
        row = self._round(code, version)
        must_be_closed(row)
        office_of(
            self.world(fresh=True).registry, actor, row.unit, ROUND.move(RoundState.FROZEN, RoundEvent.CLOSE), local_date(self.clock.now())
        )
        return self._report(row, dry_run=dry_run, actor=actor, given=True)

    def redate(  # noqa: PLR0913
        self,
        code: str,
        stage: str,
        phrase: str,
        document_no: str,
        document_date: str,
        reason: str,
        actor: str,
        reading: ReadingMode = "strict",
        *,
        exception: str | None = None,
        document_signer: str | None = None,
        command: str | None = None,
        version: int | None = None,
        dry_run: bool = False,
    ) -> Redated:
        """Move one date of a round by a paper, before or after its cut-off; its members move or come back with it.

        Args:
            code: The round.
            stage: The stage whose date moves.
            phrase: The new date in the paper's own words; a year left unsaid is the round's.
            document_no: Number of the amended plan, letter or notice.
            document_date: Its local date, ISO 8601.
            reason: Why the round slips.
            actor: Person code; an officer or the authority of the unit that issued the plan, or of one above.
            reading: ``lenient`` where a person says that the named day itself still counts.
            exception: Number of the written exception, where the new date is later than the national term.
            document_signer: Who signed.
            command: Command id; the same id again changes nothing and answers the same.
            version: Version of the round that the actor has seen; None if none was.
            dry_run: Say who would move, come back or be left alone, and write nothing.

        Raises:
            NotFound: No such round or person.
            NotAllowed: The person holds no such seat in the unit or above it.
            UnknownName: The round has no date for this stage.
            PayloadInvalid: A field is wrong, or the words are not understood: a question, not a guess.
            EventRefused: The round is closed, the date is the law's own, it is the same date again, or nobody could have kept it.
            MalformedInput: The command id was used for something else.
            StaleCase: Members kept moving meanwhile.
        """
        notice = Notice(
            stage=stage,
            phrase=phrase,
            document_no=document_no,
            document_date=document_date,
            reason=reason,
            reading=reading,
            exception=exception,
            document_signer=document_signer,
        )
        redating = Redating(self.store, self.clock, self.scribe, self.engine)
        return redating.redate(code, notice, actor=actor, command=command, version=version, dry_run=dry_run)

    def report(self, code: str) -> RoundStanding:
        """How a round stands: its members by state, who was put off, who waits for a decision, and its dates met in time, late or missed.

        Raises:
            NotFound: No such round.
        """
        row = self._round(code)
        members = self.members(code)
        deferred = tuple(c.code for c in members if c.state is CaseState.DEFERRED)
        # Whoever missed a date may belong to another round by now, so the histories of the whole province are asked.
        world = self.world(fresh=True)
        units = None if row.track is Track.CENTRAL else world.registry.ever_below(row.unit)
        found = courses(steps_in(self.store, (case.code for case in every_case(self.store, CaseQuery(units=units)))))
        dates = ruling_dates(self.store.stages(round=code), row.plan)
        counts = tally(found, code)
        lines = tuple(DateStanding(stage, ruling, counts.get(stage, Counter())) for stage, ruling in dates.items())
        overridden = tuple(c.code for c in members if c.memo.get(USED))
        return RoundStanding(row, dict(Counter(c.state for c in members)), deferred, _pending(members), lines, overridden)

    def members(self, code: str) -> list[CaseRow]:
        """Cases that belong to a round, by code."""
        return list(every_case(self.store, CaseQuery(round=code)))

    def _report(self, row: RoundRow, *, dry_run: bool, actor: str, given: bool = False) -> RoundReport:
        members = self.members(row.code)
        counts = Counter(case.state for case in members)
        pending = _pending(members)
        plan = self.store.load_plan(row.plan)
        offered = plan is not None and not given and self.plans.parsed(plan).next_round == "offer"
        # Who was put off with a result and waits for a decision alone needs no other round.
        now = self.clock.now()
        waiting = [c for c in members if c.state is CaseState.DEFERRED and owed(c, law_of(c, now))]
        carried = tuple(self._carry(case, row, actor, dry_run=dry_run or offered) for case in waiting)
        return RoundReport(row, dict(counts), pending, carried, offered)

    def _carry(self, case: CaseRow, row: RoundRow, actor: str, *, dry_run: bool) -> Carried:
        command = Command(
            id=f"rollover:{row.code}:{case.code}:{case.version}", case=case.code, event=Event.REENTER, actor=actor, via="rollover"
        )
        world = self.world()
        now = self.clock.now()
        coming = joinable(world, case, law_of(case, now), now)
        try:
            # Tried first without writing: a member for whom there is no next round keeps no refused attempt.
            self.engine.perform(command, dry_run=True)
            if not dry_run:
                self.engine.perform(command)
        except CycleError as error:
            return Carried(case.code, None, error)
        return Carried(case.code, coming[0].row.code if coming else None)

    def _on_trial(self) -> "Rounds":
        """The same service on an overlay: a preview is the act itself, with what has fallen due written down first, and nothing kept."""
        from workflow.trial import on_trial  # noqa: PLC0415 - what builds a trial needs this class

        return on_trial(self.store, self.clock, self.scribe, self.engine.judge.law).rounds

    def _settle_members(self, code: str) -> None:
        """Whatever fell due for a member is written before it is counted."""
        for case in self.members(code):
            loaded = self.store.load_case(case.code, "")
            if loaded is not None:
                self.engine.settle(loaded, self.clock.now())

    def no_cutoff_ahead(self, world: World, row: RoundRow) -> None:
        """Refuse to close a round that has a date still to come.

        Raises:
            EventRefused: ``cutoffs_ahead``, with the last of them.
        """
        now = self.clock.now()
        opened = world.book.get(row.code)
        ahead = [(d.cutoff, stage) for stage, d in (opened.stages if opened else {}).items() if d.cutoff and now < d.cutoff + GRACE]
        if ahead:
            cutoff, stage = max(ahead, key=lambda pair: (pair[0], pair[1]))
            refusal = Refusal(Code.CUTOFFS_AHEAD, Holder(), {"stage": stage, "due_at": cutoff})
            raise EventRefused([refusal], case=row.code, event=RoundEvent.CLOSE, state=row.state)

    def _move(self, row: RoundRow, move: Move[Any, Any], who: Office, world: World, data: dict[str, Any]) -> RoundRow:
        now: datetime = self.clock.now()
        act = Act(
            event=str(move.event),
            command=f"{move.event}:{row.code}:{row.version}",
            effective_at=now,
            received_at=now,
            source=str(row.state),
            target=str(move.target),
            clause=move.clause,
            actor=who.actor,
            data=data,
            texts=who.names,
        )
        change = self.scribe.subject(SubjectKind.ROUND, row, row.code, act)
        if self.store.write([change], epoch=world.epoch) is not Outcome.WRITTEN:
            raise StaleCase(case=row.code, expected=row.version, version=None, state=row.state)
        return self._round(row.code)

    def _round(self, code: str, version: int | None = None) -> RoundRow:
        row = self.store.load_round(code)
        if row is None:
            raise NotFound(what="round", name=code)
        as_seen(row, version)
        return row


def must_be_closed(row: RoundRow) -> None:
    """Refuse to roll over a round that goes on.

    Raises:
        EventRefused: It is not closed.
    """
    if row.state is not RoundState.CLOSED:
        holder = Holder(Function.OFFICER, Level.PROVINCE)
        detail = {"state": row.state, "event": Event.REENTER, "states": (RoundState.CLOSED,)}
        raise EventRefused([Refusal(Code.ROUND_STATE, holder, detail)], case=row.code, event=Event.REENTER, state=row.state)


def _pending(members: list[CaseRow]) -> tuple[str, ...]:
    """Members with a result whose decision is still to come."""
    return tuple(c.code for c in members if str(LEVEL_OF.get(c.state)) in c.memo.get("results", {}))
