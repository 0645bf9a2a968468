"""A round that slips: one of its dates is moved by a paper, before or after the cut-off, and its members with it.

Before the cut-off every running member's deadline moves. After it, the members that this very cut-off deferred come back to the state they
left; whoever has withdrawn, gone on to another round or was put off otherwise is left alone. Round and members are one transaction.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, NoReturn

from deadlines.calendar import midnight
from deadlines.phrases import Reading
from deadlines.plan_values import STAGE_ORDER
from deadlines.sweep import GRACE
from states.case import RUNNING
from states.errors import EventRefused, MalformedInput, NotFound, PayloadInvalid, Problem, StaleCase, UnknownName
from states.lifecycle import ROUND
from states.refusal import Code, Holder, Refusal
from states.regime import local_date
from states.vocabulary import CaseState, Effect, Event, Function, Level, RoundEvent, Stage, TermStatus, Track
from workflow.access import office_of
from workflow.acts import DIGEST
from workflow.clock import Clock
from workflow.commands import fingerprint
from workflow.judging import Paper
from workflow.ledger.entry import Entry, parse
from workflow.listing import every_case
from workflow.notices import Left, Notice, Redated, read_notice
from workflow.perform import Engine, fallen
from workflow.plan_rows import as_data, stage_of_data
from workflow.ports import TRIES, CaseQuery, Change, LoadedCase, Outcome, Store
from workflow.receipts import must_be_the_same
from workflow.recording import Act, Scribe
from workflow.roundbook import EXCEPTED, REDATED, OpenRound, RoundBook
from workflow.rows import CaseRow, RoundRow, StageRow, SubjectKind
from workflow.seen import as_seen
from workflow.situation import World
from workflow.timeline import Line, timeline


@dataclass(frozen=True, slots=True)
class _Draft:
    """A re-dating that may be written: the world after it, the rows that it lays down, and the changes of members."""

    then: World
    before: StageRow
    after: StageRow
    rows: tuple[StageRow, ...]
    paper: Paper
    members: tuple[Change, ...]
    left: tuple[tuple[str, Left], ...]

    def codes(self, event: Event) -> tuple[str, ...]:
        return tuple(change.row.code for change in self.members if change.entry.event == event)

    def again(self, now: datetime) -> tuple[str, ...]:
        back = (change for change in self.members if change.entry.event == Event.REINSTATE)
        return tuple(c.row.code for c in back if any(t.effect is Effect.DEFER and t.due_at + GRACE <= now for t in c.opened))


class Redating:
    """Re-dates rounds."""

    def __init__(self, store: Store, clock: Clock, scribe: Scribe, engine: Engine) -> None:
        """Work on a store; members are moved by the engine's judge, like by any other act of the system."""
        self.store = store
        self.clock = clock
        self.scribe = scribe
        self.engine = engine
        self.world: Callable[..., World] = engine.world

    def redate(  # noqa: PLR0913
        self, code: str, notice: Notice, *, actor: str, command: str | None = None, version: int | None = None, dry_run: bool = False
    ) -> Redated:
        """Re-date a stage of a round; see :meth:`workflow.rounds.Rounds.redate`."""
        row = self._round(code)
        known = self._done(code, command) if command else None
        bound = fingerprint(code, asdict(notice), actor) if command else None
        if known is not None:
            return self._again(row, known, notice, bound)
        for _ in range(TRIES):
            row = self._round(code)
            as_seen(row, version)
            world = self.world(fresh=True)
            any_move = ROUND.any_move(RoundEvent.REDATE)
            who = office_of(world.registry, actor, row.unit, any_move, local_date(self.clock.now()), superiors=True)
            move = ROUND.move(row.state, RoundEvent.REDATE, code)
            data, texts, reading = read_notice(row, notice, local_date(self.clock.now()))
            draft = self._drafted(world, row, notice, data, reading, dry_run=dry_run)
            now = self.clock.now()
            report = Redated(
                row,
                draft.before,
                draft.after,
                draft.codes(Event.REDATE),
                draft.codes(Event.REINSTATE),
                draft.again(now),
                draft.left,
            )
            if dry_run:
                return report
            act = Act(
                event=str(move.event),
                command=command or f"{move.event}:{code}:{row.version}",
                effective_at=now,
                received_at=now,
                source=str(row.state),
                target=str(move.target),
                clause=draft.paper.source,
                actor=who.actor,
                data={**data, "deadlines": [as_data(s) for s in draft.rows], "moved": list(report.moved), "back": list(report.back)},
                texts={**texts, **who.names, **({DIGEST: bound} if bound else {})},
            )
            change = self.scribe.subject(SubjectKind.ROUND, row, code, act, stages=draft.rows)
            if self.store.write([change, *draft.members], epoch=world.epoch) is Outcome.WRITTEN:
                self._complete(code, change.entry.seq, draft.before, draft.paper)
                return replace(report, round=self._round(code))
        raise StaleCase(case=code, expected=row.version, version=None, state=row.state)

    # The rows.

    def _drafted(self, world: World, row: RoundRow, notice: Notice, data: dict[str, Any], reading: Reading, *, dry_run: bool) -> _Draft:  # noqa: PLR0913
        opened = world.book.get(row.code) or OpenRound(row, {})
        dated = ", ".join(opened.stages)
        if notice.stage not in set(Stage) or Stage(notice.stage) not in opened.stages:
            raise UnknownName(what="stage", name=notice.stage, known=dated)
        stage = Stage(notice.stage)
        before = opened.stages[stage]
        if before.statutory or row.statutory:
            _refuse(row, Refusal(Code.STATUTORY_DATE, _issuer(row), {"phrase": before.phrase, "source": before.source}))
        signed = date.fromisoformat(data["document_date"])
        rows = self._rows(row, before, data, reading, signed)
        kept = [s for s in self.store.stages() if s.id not in {new.id for new in rows}]
        then = World(world.registry, RoundBook(self.store.rounds(), [*kept, *rows], world.plans), world.plans)
        ruling = then.book.get(row.code)
        after = ruling.stages[stage] if ruling else before
        self._lawful(row, before, after, opened, signed)
        source = rows[-1].source
        paper = Paper(source, {"round": row.code, **{name: data[name] for name in ("stage", "document_no", "document_date")}})
        if not dry_run:
            for case in self._members(row.code):
                loaded = self.store.load_case(case.code, "")
                if loaded is not None:
                    self.engine.settle(loaded, self.clock.now())
        changes, left = self._members_moved(then, row, before, after, paper, signed)
        return _Draft(then, before, after, rows, paper, tuple(changes), tuple(left))

    def _rows(self, row: RoundRow, before: StageRow, data: dict[str, Any], reading: Reading, signed: date) -> tuple[StageRow, ...]:
        """The dates of the plan that give way, marked, and then the new one."""
        assert reading.cutoff is not None  # noqa: S101 - a phrase without an end was refused
        stages = self.store.stages(round=row.code)
        old = [s for s in stages if s.stage == before.stage and s.plan == row.plan and not s.statutory and REDATED not in s.flags]
        national = [s.cutoff for s in stages if s.statutory and s.stage == before.stage and s.cutoff is not None]
        outlasts = bool(national) and reading.cutoff > min(national)
        # An exception that was granted goes on for an earlier date; a later one needs its own.
        granted = "exception" in data or (EXCEPTED in before.flags and before.cutoff is not None and reading.cutoff <= before.cutoff)
        source = f"{data['document_no']} ngày {signed:%d/%m/%Y}"
        if outlasts and "exception" in data:
            source += f"; ngoại lệ theo {data['exception']}"
        elif "exception" in data:
            _refuse(row, Refusal(Code.EXCEPTION_UNNEEDED, _issuer(row), {"stage": Stage(before.stage), "phrase": reading.phrase}))
        flags = [str(flag) for flag in reading.flags]
        if outlasts:
            flags += [EXCEPTED] if granted else ["outlasts-national-term"]
        new = StageRow(
            id=f"{row.code}:{before.stage}@{row.version + 1}",
            plan=row.plan,
            plan_year=before.plan_year,
            round=row.code,
            unit=before.unit,
            stage=before.stage,
            track=before.track,
            cutoff=reading.cutoff,
            start=reading.start,
            effect=before.effect,
            phrase=reading.phrase,
            kind=str(reading.kind),
            source=source,
            firm=reading.firm,
            statutory=False,
            flags=tuple(flags),
        )
        return (*(replace(s, flags=(*s.flags, REDATED)) for s in old), new)

    def _lawful(self, row: RoundRow, before: StageRow, after: StageRow, opened: OpenRound, signed: date) -> None:
        """Refuse a date that says nothing new, or that nobody could have kept."""
        now = self.clock.now()
        assert before.cutoff is not None  # noqa: S101 - both rule a round, and only a date does
        assert after.cutoff is not None  # noqa: S101
        stage = Stage(before.stage)
        detail: dict[str, Any] = {"stage": stage, "due_at": after.cutoff, "phrase": after.phrase, "source": after.source}
        if after.cutoff == before.cutoff:
            _refuse(row, Refusal(Code.SAME_DATE, _issuer(row), {**detail}))
        began = self._opened_at(row.code)
        if began is not None and after.cutoff <= began:
            _refuse(row, Refusal(Code.CUTOFF_BEFORE_OPENING, _issuer(row), {**detail, "opened_at": began}))
        if after.cutoff <= midnight(signed):
            _refuse(row, Refusal(Code.CUTOFF_BEFORE_DOCUMENT, _issuer(row), {**detail, "document_date": signed}))
        if after.cutoff < before.cutoff and after.cutoff <= now:
            _refuse(row, Refusal(Code.EARLIER_DATE_PASSED, _issuer(row), {**detail}))
        rank = STAGE_ORDER[row.track]
        for other, deadline in opened.stages.items():
            if other is stage or deadline.cutoff is None or stage not in rank or other not in rank:
                continue
            first, last = (other, stage) if rank[other] < rank[stage] else (stage, other)
            ends = {stage: after.cutoff, other: deadline.cutoff}
            if rank[first] < rank[last] and ends[last] < ends[first]:
                crossed = {
                    "round": row.code,
                    "stage": last,
                    "cutoff": ends[last],
                    "earlier_stage": first,
                    "earlier_cutoff": ends[first],
                }
                raise PayloadInvalid([Problem("/phrase", "dates_cross", crossed)], event=RoundEvent.REDATE)

    def _opened_at(self, code: str) -> datetime | None:
        """When the round opened first."""
        return next((e.effective_at for e in self._entries(code) if e.event == RoundEvent.OPEN), None)

    # The members.

    def _members(self, code: str) -> Iterator[CaseRow]:
        return every_case(self.store, CaseQuery(round=code))

    def _members_moved(  # noqa: PLR0913
        self, then: World, row: RoundRow, before: StageRow, after: StageRow, paper: Paper, signed: date
    ) -> tuple[list[Change], list[tuple[str, Left]]]:
        """A change for each member that moves or comes back, and why the others do not."""
        now = self.clock.now()
        command = f"redate:{row.code}:{row.head_seq + 1}"
        changes: list[Change] = []
        left: list[tuple[str, Left]] = []
        for code in [case.code for case in self._members(row.code)]:
            loaded = self.store.load_case(code, "")
            if loaded is None:
                continue
            loaded, _ = self.engine.settled_on_paper(loaded, now)
            moved = self._moved(then, loaded, before, after, paper, signed, command)
            if isinstance(moved, Left):
                left.append((code, moved))
            else:
                changes.append(moved)
        left += [(code, Left.GONE_ON) for code in self._gone_on(then, row, before)]
        return changes, left

    def _moved(  # noqa: PLR0911, PLR0913
        self, then: World, loaded: LoadedCase, before: StageRow, after: StageRow, paper: Paper, signed: date, command: str
    ) -> Change | Left:
        """The change that a member goes through, or why it stays as it is."""
        case, judge = loaded.case, self.engine.judge
        if case.state is CaseState.DEFERRED:
            missed = case.memo.get("missed")
            if not missed:
                return Left.PUT_OFF
            passed = datetime.fromisoformat(missed["due_at"])
            if (missed["stage"], missed["round"], passed) != (before.stage, before.round, before.cutoff):
                return Left.OTHER_CUTOFF
            # A paper that was signed before the cut-off was acted on cannot undo what had not happened yet.
            effective = max(midnight(signed), passed)
            return judge.automatic(then, loaded, Event.REINSTATE, effective, command, paper=paper)
        if case.state is CaseState.WITHDRAWN:
            return Left.WITHDRAWN
        if case.state not in RUNNING:
            return Left.ENDED
        change = judge.automatic(then, loaded, Event.REDATE, self.clock.now(), command, paper=paper)
        if any(term.stage == before.stage and term.round == before.round for term in change.opened):
            return change
        past = after.cutoff is not None and after.cutoff <= self.clock.now()
        missed_it = any(
            t.stage == before.stage and t.round == before.round and t.attempt == case.attempt and t.status is TermStatus.PASSED
            for t in self.store.terms(case.code)
        )
        return Left.PASSED_AGAIN if past and missed_it else Left.MET

    def _gone_on(self, then: World, row: RoundRow, before: StageRow) -> list[str]:
        """Cases that this cut-off deferred or sorted and that belong to another round, or to none, by now."""
        if before.cutoff is None or self.clock.now() < before.cutoff:
            return []
        found = []
        for case in every_case(self.store, CaseQuery(units=then.registry.ever_below(row.unit))):
            if row.code in {case.round, case.central_round} or (case.attempt == 1 and before.effect is Effect.DEFER):
                continue
            terms = self.store.terms(case.code)
            if any((t.stage, t.round, t.due_at, t.status) == (before.stage, row.code, before.cutoff, TermStatus.PASSED) for t in terms):
                found.append(case.code)
        return found

    def _complete(self, code: str, seq: int, before: StageRow, paper: Paper) -> None:
        """Give the new date to whoever was filed while the round was being re-dated, and judge everybody by it."""
        for case in self._members(code):
            for _ in range(TRIES):
                loaded = self.store.load_case(case.code, "")
                if loaded is None or not any(t.deadline == before.id for t in loaded.terms):
                    break
                world = self.world(fresh=True)
                change = self.engine.judge.automatic(
                    world, loaded, Event.REDATE, self.clock.now(), f"redate:{code}:{seq}:late", paper=paper
                )
                if not change.opened or self.store.write([change], epoch=world.epoch) is Outcome.WRITTEN:
                    break
            loaded = self.store.load_case(case.code, "")
            if loaded is not None and fallen(loaded, self.clock.now()):
                self.engine.settle(loaded, self.clock.now())

    # The same command again.

    def _entries(self, code: str) -> Iterator[Entry]:
        return (parse(stored.body) for stored in self.store.entries(code))

    def _done(self, code: str, command: str) -> Line | None:
        return next((line for line in timeline(self.store, code) if line.entry.command == command), None)

    def _again(self, row: RoundRow, line: Line, notice: Notice, digest: str | None) -> Redated:
        """What a command that stands already has done; members that it had not reached are completed."""
        entry = line.entry
        given = {"stage": notice.stage, "phrase": notice.phrase, "document_no": notice.document_no, "document_date": notice.document_date}
        if entry.event != RoundEvent.REDATE or any(entry.data.get(name) != value for name, value in given.items()):
            raise MalformedInput("command_reused", command=entry.command, case=row.code)
        must_be_the_same(line, digest, command=entry.command, case=row.code)
        *old, after = (stage_of_data(data) for data in entry.data["deadlines"])
        before = min((s for s in old if s.cutoff is not None), key=lambda s: (s.cutoff, s.id))
        paper = Paper(after.source, {"round": row.code, **{name: given[name] for name in ("stage", "document_no", "document_date")}})
        self._complete(row.code, entry.case_seq, before, paper)
        return Redated(row, before, after, tuple(entry.data["moved"]), tuple(entry.data["back"]), (), (), replayed=True)

    def _round(self, code: str) -> RoundRow:
        row = self.store.load_round(code)
        if row is None:
            raise NotFound(what="round", name=code)
        return row


def _issuer(row: RoundRow) -> Holder:
    """Who can mend a date of a round: the authority that issued the plan."""
    return Holder(Function.AUTHORITY, Level.CENTRE if row.track is Track.CENTRAL else Level.PROVINCE)


def _refuse(row: RoundRow, refusal: Refusal) -> NoReturn:
    raise EventRefused([refusal], case=row.code, event=RoundEvent.REDATE, state=row.state)
