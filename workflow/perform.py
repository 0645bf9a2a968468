"""The one place that changes the state of a case: one event, one transaction.

The order is fixed: load · same command again? · stale? · settle what has fallen due · who (rights) · whether (guards) · payload · write with
compare-and-set. Everything shared (units, functions, rounds) is read once an epoch, and the write is refused if the epoch moved.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from deadlines.sweep import GRACE
from states.errors import CycleError, EventRefused, MalformedInput, NotAllowed, NotFound, PayloadInvalid, Problem, StaleCase, UnknownName
from states.regime import local_date
from states.vocabulary import Event
from workflow.acts import Decision
from workflow.clock import Clock
from workflow.commands import SYSTEM, Command, Receipt, Situation
from workflow.consequences import LawTerms
from workflow.denials import Denials
from workflow.inputs import checked
from workflow.judging import RECOGNISES, Judge, loaded_after, may_be_typed, place_of
from workflow.moulds import Moulds
from workflow.ports import TRIES, Change, LoadedCase, Outcome, Store
from workflow.receipts import receipt_again, receipt_of
from workflow.recording import Scribe
from workflow.registry import Registry
from workflow.roundbook import RoundBook
from workflow.rows import CaseRow, TermRow
from workflow.situation import World

_T = TypeVar("_T")


class _Moved(Exception):
    """Something beside the case's own version moved while an act was judged; ``version`` is the one that it was judged on."""

    def __init__(self, version: int | None) -> None:
        self.version = version
        super().__init__(version)


class Engine:
    """Carries out events on cases."""

    def __init__(self, store: Store, clock: Clock, scribe: Scribe, law: LawTerms) -> None:
        """Work on a store, by a clock, writing with a scribe; ``law`` gives the terms of the law that events start."""
        self.store = store
        self.clock = clock
        self.judge = Judge(store, clock, scribe, law)
        self._denials = Denials(store, scribe)
        self._expiries = Moulds(self.judge)
        self._world: World | None = None

    def world(self, *, fresh: bool = False) -> World:
        """Registry and rounds, read again where ``fresh`` asks for it and the epoch has moved."""
        if self._world is None or (fresh and self.store.registry_epoch() != self._world.epoch):
            # The epoch is read first: if the rest moves meanwhile, the old epoch makes the write fail, never the reverse.
            snapshot = self.store.registry()
            plans = tuple(self.store.plans())
            self._world = World(
                Registry(snapshot), RoundBook(self.store.rounds(), self.store.stages(), plans), plans, tuple(self.store.calendars())
            )
        return self._world

    # Acts of people.

    def perform(self, command: Command, *, dry_run: bool = False) -> Receipt:
        """Carry out an event on a case.

        Args:
            command: What is asked; ``register`` names the product, everything else the case.
            dry_run: Judge with the same validator, but write nothing at all.

        Returns:
            The receipt; for a command id that was carried out before, the same receipt again.

        Raises:
            NotFound: No such case, product or person.
            OutsideTerritory: The case may not be seen.
            UnknownName: The chart has no such event.
            MalformedInput: The command id is malformed, or was used for something else.
            StaleCase: The case moved since the asker saw it, or while the act was judged.
            NotAllowed, EventRefused: With all reasons; a ``denied`` entry is kept.
            PayloadInvalid: With all problems.
        """
        command = checked(command)
        if command.actor == SYSTEM:
            raise UnknownName(what="person", name=SYSTEM, known="–")
        received = command.received_at or self.clock.now()
        attempt = self._register if command.event is Event.REGISTER else self._act
        baseline = command.expected_version
        for _ in range(TRIES):
            try:
                return attempt(command, received, baseline, dry_run=dry_run)
            except _Moved as moved:
                baseline = moved.version
                self.world(fresh=True)
        raise StaleCase(case=command.case, expected=command.expected_version, version=None, state=None)

    def _act(self, command: Command, received: datetime, baseline: int | None, *, dry_run: bool) -> Receipt:
        # A write is refused under an old epoch; what only looks has to ask for the present one.
        world = self.world(fresh=dry_run)
        # A case that is nowhere costs what one elsewhere costs: nobody learns from the work that it is there.
        loaded = self._current(world, baseline, lambda: self._load(command))
        if loaded.done_as is not None:
            return receipt_again(self.store, command, loaded.case.code, loaded.done_as)
        if loaded.used:
            raise MalformedInput("command_reused", command=command.id, case=self.store.used_for(command.id) or "–")
        case = loaded.case
        self._current(
            world, baseline, lambda: self.judge.must_see(world.registry, command.actor, place_of(case), case.code, local_date(received))
        )
        if baseline is not None and baseline != case.version:
            raise StaleCase(case=case.code, expected=baseline, version=case.version, state=case.state)
        settled: tuple[str, ...] = ()
        counts = received
        if command.acted_on is not None:
            may_be_typed(loaded.case, command, received, command.acted_on)
            counts = command.acted_on  # What fell due after an act on paper was done does not come before it.
        if fallen(loaded, counts):
            if dry_run:
                loaded, settled = self.settled_on_paper(loaded, counts)
            else:
                settled = self.settle(loaded, counts)
                loaded = self._load(command)
        decision = self._decided(world, loaded, command, received, dry_run=dry_run)
        if dry_run:
            return receipt_of(decision, settled)
        outcome = self.store.write(decision.changes, epoch=world.epoch)
        if outcome is Outcome.WRITTEN:
            return receipt_of(decision, (*settled, *self.settle_after(decision, received)))
        self._must_not_have_moved(command, loaded.case, outcome)
        raise _Moved(loaded.case.version)

    def settle_after(self, decision: Decision, received: datetime) -> tuple[str, ...]:
        """Judge at once what fell due between an act on paper and its typing; what an act leaves running otherwise lies ahead."""
        if decision.waits or decision.effective >= received:
            return ()
        loaded = self.store.load_case(decision.change.row.code, "")
        return self.settle(loaded, received) if loaded is not None else ()

    def _register(self, command: Command, received: datetime, baseline: int | None, *, dry_run: bool) -> Receipt:
        if command.acted_on is not None:
            raise PayloadInvalid([Problem("/acted_on", "not_a_paper_act")], event=command.event)
        # Asked in this order: the same registration that is written between the two is found by the second.
        elsewhere = self.store.used_for(command.id)
        known = self.store.case_by_command(command.id)
        if known is not None:
            loaded = self.store.load_case(known, "")
            if loaded is None or loaded.case.product != command.case:
                raise MalformedInput("command_reused", command=command.id, case=known)
            return receipt_again(self.store, command, known, 1)
        if elsewhere is not None:
            raise MalformedInput("command_reused", command=command.id, case=elsewhere or "–")
        world = self.world(fresh=dry_run)
        try:
            decision = self._current(world, baseline, lambda: self.judge.register(world, command, received, dry_run=dry_run))
        except EventRefused as refusal:
            if self.store.case_by_command(command.id) is not None:
                # The same command at the same time: the case that is in its way is its own.
                raise _Moved(None) from refusal
            raise
        if dry_run:
            # No number was taken, so the receipt names none.
            receipt = receipt_of(decision)
            return replace(receipt, case=f"{receipt.case.rpartition('-')[0]}-…")
        if self.store.write(decision.changes, epoch=world.epoch) is Outcome.WRITTEN:
            return receipt_of(decision)
        raise _Moved(None)

    def _decided(self, world: World, loaded: LoadedCase, command: Command, received: datetime, *, dry_run: bool) -> Decision:
        """Decide, and keep a refusal in the history."""
        version = loaded.case.version
        try:
            return self._current(world, version, lambda: self.judge.decide(world, loaded, command, received))
        except (NotAllowed, EventRefused) as refusal:
            if not dry_run:
                self._denials.keep(world, loaded.case, command, received, refusal)
            raise

    def _current(self, world: World, version: int | None, judge: Callable[[], _T]) -> _T:
        """Nobody is refused for what the registry or the rounds said before they changed: such an act is judged again."""
        try:
            return judge()
        except CycleError as refusal:
            if self.store.registry_epoch() != world.epoch:
                raise _Moved(version) from refusal
            raise

    def _must_not_have_moved(self, command: Command, judged: CaseRow, outcome: Outcome) -> None:
        """If only the head moved, or something shared, the act is judged again; if the case itself moved, it is stale."""
        if outcome is Outcome.MOVED:
            now = self._load(command)
            if now.done_as is None and now.case.version != judged.version:
                raise StaleCase(case=judged.code, expected=judged.version, version=now.case.version, state=now.case.state)

    def _load(self, command: Command) -> LoadedCase:
        loaded = self.store.load_case(command.case, command.id)
        if loaded is None:
            raise NotFound(what="case", name=command.case)
        return loaded

    def perform_each(self, commands: Sequence[Command]) -> list[Receipt | CycleError]:
        """Carry out many commands on different cases in one durable transaction; each has its own outcome.

        A command that has to settle something first, or that concerns more than its own case, goes the single way.
        """
        answers = self.perform_together(commands)
        return [answer if answer is not None else self._one(command) for answer, command in zip(answers, commands, strict=True)]

    def perform_together(self, commands: Sequence[Command], judging: Callable[[int, int], bool] | None = None) -> list[Receipt | None]:
        """Carry out in one durable transaction what is plain among many commands.

        Args:
            commands: On different cases; of several on one case the first.
            judging: Is told before a command is judged which one it is and under which epoch, and says whether it may be judged with others.

        Returns:
            The receipts; None where :meth:`perform` has to answer, because something has to be settled first, the act concerns more than
            its own case, was carried out before, is refused, or somebody was faster. Of such a command nothing was written.
        """
        answers: list[Receipt | None] = [None] * len(commands)
        world = self.world()
        legible = [(index, read) for index, command in enumerate(commands) if (read := _legible(command)) is not None]
        loaded = self.store.load_cases([command.case for _, command in legible], [command.id for _, command in legible])
        batch: list[tuple[int, Decision]] = []
        taken: set[str] = set()
        for index, command in legible:
            mine = loaded.get(command.case)
            shares = mine is not None and command.case not in taken and (judging is None or judging(index, world.epoch))
            decision = self._in_batch(world, command, mine) if shares and mine is not None else None
            if decision is not None:
                batch.append((index, decision))
                taken.add(command.case)
        outcomes = self.store.write_each([d.changes for _, d in batch], epoch=world.epoch) if batch else []
        for (index, decision), outcome in zip(batch, outcomes, strict=True):
            if outcome is Outcome.WRITTEN:
                answers[index] = receipt_of(decision)
        if Outcome.RIGHTS_MOVED in outcomes:
            self.world(fresh=True)
        return answers

    def _in_batch(self, world: World, command: Command, mine: LoadedCase) -> Decision | None:
        """The decision on a command that may share a transaction; None where the single way has to answer it."""
        received = command.received_at or self.clock.now()
        alone = command.event in RECOGNISES or command.event is Event.REGISTER or command.actor == SYSTEM or command.acted_on is not None
        if alone or mine.used or fallen(mine, received) or command.expected_version not in {None, mine.case.version}:
            return None
        try:
            self.judge.must_see(world.registry, command.actor, place_of(mine.case), mine.case.code, local_date(received))
            return self.judge.decide(world, mine, command, received)
        except CycleError:
            return None  # The single way says why, and keeps the denied entry.

    def _one(self, command: Command) -> Receipt | CycleError:
        try:
            return self.perform(command)
        except CycleError as error:
            return error

    # Acts of the system.

    def settle(self, loaded: LoadedCase, received: datetime) -> tuple[str, ...]:
        """Apply what fell due at least 30 seconds before ``received``, oldest first, each as its own step dated at its deadline.

        A step may begin terms that have fallen due as well (a dossier sorted into a round that is over by now), so it looks again.
        """
        done: list[str] = []
        seen: set[str] = set()
        now: LoadedCase | None = loaded
        while now and (waiting := [term for term in fallen(now, received) if term.id not in seen]):
            seen.add(waiting[0].id)
            if self.expire(waiting[0]):
                done.append(str(waiting[0].effect))
            now = self.store.load_case(loaded.case.code, "")
        return tuple(done)

    def expire(self, term: TermRow) -> bool:
        """Do what a cut-off says, dated at the cut-off.

        Returns:
            Whether it was done now; False where the case has moved on and the term no longer runs.
        """
        command = f"due:{term.id}"
        for _ in range(TRIES):
            loaded = self.store.load_case(term.case, command)
            running = next((t for t in loaded.terms if t.id == term.id), None) if loaded is not None else None
            if loaded is None or loaded.done_as is not None or running is None:
                return False
            world = self.world()
            change = self._expiries.change(world, loaded, running, command)
            outcome = self.store.write([change], epoch=world.epoch)
            if outcome is Outcome.WRITTEN:
                return True
            if outcome is Outcome.RIGHTS_MOVED:
                self.world(fresh=True)
        raise StaleCase(case=term.case, expected=None, version=None, state=None)

    def expire_many(self, terms: Sequence[TermRow]) -> list[bool | None]:
        """Do what many cut-offs say, each dated at its cut-off, in one durable transaction in which a case that does not fit fails alone.

        Args:
            terms: Oldest first. Of a case only the first is written here, because the later ones are judged on what it leaves.

        Returns:
            For each term what :meth:`expire` would answer; None where :meth:`expire` has to be asked, after the terms before it.
        """
        # The epoch is looked at afresh: a page judged on an old one would be refused as a whole.
        world = self.world(fresh=True)
        loaded = self.store.load_cases(list(dict.fromkeys(term.case for term in terms)))
        answers: list[bool | None] = [None] * len(terms)
        batch: list[tuple[int, Change]] = []
        taken: set[str] = set()
        for index, term in enumerate(terms):
            mine = loaded.get(term.case)
            if term.case in taken:
                continue
            running = next((t for t in mine.terms if t.id == term.id), None) if mine is not None else None
            if mine is None or running is None:
                answers[index] = False
                continue
            taken.add(term.case)
            # Whatever is wrong with a single row is told when it is written by itself.
            with suppress(Exception):
                batch.append((index, self._expiries.change(world, mine, running, f"due:{term.id}")))
        outcomes = self.store.write_each([[change] for _, change in batch], epoch=world.epoch) if batch else []
        for (index, _), outcome in zip(batch, outcomes, strict=True):
            answers[index] = True if outcome is Outcome.WRITTEN else None
        return answers

    def settled_on_paper(self, loaded: LoadedCase, received: datetime) -> tuple[LoadedCase, tuple[str, ...]]:
        """What settling would make of a case and which events it would take, without writing."""
        done: list[str] = []
        while waiting := fallen(loaded, received):
            term = waiting[0]
            change = self._expiries.change(self.world(), loaded, term, f"due:{term.id}")
            loaded = loaded_after(loaded, change)
            done.append(str(term.effect))
        return loaded, tuple(done)

    # Questions.

    def situation(self, code: str, person: str, at: datetime | None = None) -> Situation:
        """What a person may do with a case now, and for everything else every reason why not.

        Raises:
            NotFound: No such case or person.
            OutsideTerritory: The case may not be seen.
        """
        at = at or self.clock.now()
        world = self.world(fresh=True)
        loaded = self.store.load_case(code, "")
        if loaded is None:
            raise NotFound(what="case", name=code)
        self.judge.must_see(world.registry, person, place_of(loaded.case), code, local_date(at))
        loaded, _ = self.settled_on_paper(loaded, at)
        case = loaded.case
        return Situation(case.code, case.state, case.version, self.judge.offers(world, loaded, person, at), case.memo)


def fallen(loaded: LoadedCase, received: datetime) -> list[TermRow]:
    """Terms that a request received at this instant has to settle first, oldest first; like the sweep, 30 seconds after they fell due."""
    return sorted((t for t in loaded.terms if t.due_at + GRACE <= received), key=lambda t: (t.due_at, t.id))


def _legible(command: Command) -> Command | None:
    """The command as it is kept, or None where it cannot be; what is wrong with it is said when it is carried out by itself."""
    try:
        return checked(command)
    except CycleError:
        return None
