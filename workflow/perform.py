"""The one place that changes the state of a case: one event, one transaction.

The order is fixed: load · same command again? · stale? · settle what has fallen due · who (rights) · whether (guards) · payload · write with
compare-and-set. Everything shared (units, functions, rounds) is read once an epoch, and the write is refused if the epoch moved.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from states.case import RUNNING, case_chart
from states.chart import START, Chart, Offer, Rule, Step
from states.errors import (
    CycleError,
    EventRefused,
    MalformedInput,
    NotAllowed,
    NotFound,
    OutsideTerritory,
    PayloadInvalid,
    Problem,
    StaleCase,
    UnknownName,
)
from states.facts import Facts, Held
from states.payload import clean, read_payload
from states.regime import local_date
from states.vocabulary import CaseKind, CaseState, Event
from workflow.access import Grant, Place, may, visible
from workflow.certificates import certified_changes
from workflow.clock import Clock
from workflow.commands import SYSTEM, Command, Receipt, Situation
from workflow.consequences import Consequences, Spans, consequences
from workflow.ledger.entry import ActorRef, parse
from workflow.ports import CaseQuery, Change, LoadedCase, Outcome, Store
from workflow.recording import Act, Scribe
from workflow.registry import Registry
from workflow.roundbook import RoundBook
from workflow.rows import CaseRow, StoredEntry, TermRow
from workflow.situation import ASKS_ROUNDS, World, facts_of, held_of, law_of

if TYPE_CHECKING:
    from states.refusal import Refusal

SETTLE_AFTER = timedelta(seconds=30)
"""A request settles only what fell due at least this long before its own receipt; so does the sweep."""

_TRIES = 5
_DENIALS_A_MINUTE = 20
_RECOGNISES = frozenset({Event.CERTIFY, Event.FALL_BACK})
_CHECKED_DATES = ("_date", "published_on", "served_on")


@dataclass(frozen=True, slots=True)
class _Decision:
    """An act that may be written: its step, who acts, and its changes."""

    changes: tuple[Change, ...]
    step: Step
    notes: tuple[str, ...]


class _Moved(Exception):
    """Something beside the case's own version moved while an act was judged; ``version`` is the one that it was judged on."""

    def __init__(self, version: int | None) -> None:
        self.version = version
        super().__init__(version)


class Engine:
    """Carries out events on cases."""

    def __init__(self, store: Store, clock: Clock, scribe: Scribe, spans: Spans) -> None:
        """Work on a store, by a clock, writing with a scribe; ``spans`` are the terms of the law that events start."""
        self.store = store
        self.clock = clock
        self.scribe = scribe
        self._spans = spans
        self._world: World | None = None
        self._denials: dict[str, list[datetime]] = {}

    # What is shared.

    def world(self, *, fresh: bool = False) -> World:
        """Registry and rounds, read again where ``fresh`` asks for it and the epoch has moved."""
        if self._world is None or (fresh and self.store.registry_epoch() != self._world.epoch):
            # The epoch is read first: if the rest moves meanwhile, the old epoch makes the write fail, never the reverse.
            snapshot = self.store.registry()
            rounds, stages = self.store.rounds(), self.store.stages()
            replaced = {plan.code for plan in self.store.plans() if plan.state == "replaced"}
            self._world = World(Registry(snapshot), RoundBook(rounds, stages, replaced))
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
            StaleCase: The case moved since the asker saw it, or while the act was judged.
            NotAllowed, EventRefused: With all reasons; a ``denied`` entry is kept.
            PayloadInvalid: With all problems.
        """
        command = _checked(command)
        received = command.received_at or self.clock.now()
        attempt = self._register if command.event is Event.REGISTER else self._act
        baseline = command.expected_version
        for _ in range(_TRIES):
            try:
                return attempt(command, received, baseline, dry_run=dry_run)
            except _Moved as moved:
                baseline = moved.version
                self.world(fresh=True)
        raise StaleCase(case=command.case, expected=command.expected_version, version=None, state=None)

    def _act(self, command: Command, received: datetime, baseline: int | None, *, dry_run: bool) -> Receipt:
        world = self.world()
        loaded = self._load(command)
        if loaded.done_as is not None:
            return self._receipt_again(loaded.case.code, loaded.done_as)
        case = loaded.case
        try:
            self._must_see(world, command, case, received)
        except CycleError as refusal:
            self._must_be_current(world, baseline, refusal)
            raise
        if baseline is not None and baseline != case.version:
            raise StaleCase(case=case.code, expected=baseline, version=case.version, state=case.state)
        settled: tuple[str, ...] = ()
        if _fallen(loaded, received):
            if dry_run:
                loaded, settled = self._settled_on_paper(loaded, received)
            else:
                settled = self.settle(loaded, received)
                loaded = self._load(command)
        decision = self._judge(world, loaded, command, received, dry_run=dry_run)
        if dry_run:
            return _receipt(decision, settled)
        outcome = self.store.write(decision.changes, epoch=world.epoch)
        if outcome is Outcome.WRITTEN:
            return _receipt(decision, settled)
        self._must_not_have_moved(command, loaded.case, outcome)
        raise _Moved(loaded.case.version)

    def _judge(self, world: World, loaded: LoadedCase, command: Command, received: datetime, *, dry_run: bool) -> _Decision:
        """Decide, and keep a refusal in the history; a refusal judged on an old registry is judged again."""
        try:
            return self._decide(world, loaded, command, received)
        except (NotAllowed, EventRefused, PayloadInvalid) as refusal:
            self._must_be_current(world, loaded.case.version, refusal)
            if not dry_run and not isinstance(refusal, PayloadInvalid):
                self._deny(world, loaded.case, command, received, refusal)
            raise

    def _must_be_current(self, world: World, version: int | None, refusal: CycleError) -> None:
        """Nobody is refused for what the registry or the rounds said before they changed: such an act is judged again."""
        if self.store.registry_epoch() != world.epoch:
            raise _Moved(version) from refusal

    def _must_not_have_moved(self, command: Command, judged: CaseRow, outcome: Outcome) -> None:
        """If only the head moved, or something shared, the act is judged again; if the case itself moved, it is stale."""
        if outcome is Outcome.MOVED:
            now = self._load(command)
            if now.done_as is None and now.case.version != judged.version:
                raise StaleCase(case=judged.code, expected=judged.version, version=now.case.version, state=now.case.state)

    def perform_each(self, commands: Sequence[Command]) -> list[Receipt | CycleError]:
        """Carry out many commands on different cases in one durable transaction; each has its own outcome.

        A command that has to settle something first, or that concerns more than its own case, goes the single way.
        """
        answers: list[Receipt | CycleError | None] = [None] * len(commands)
        world = self.world()
        readable = [(index, read) for index, command in enumerate(commands) if (read := _readable(command)) is not None]
        loaded = self.store.load_cases([command.case for _, command in readable])
        batch: list[tuple[int, _Decision]] = []
        taken: set[str] = set()
        for index, command in readable:
            received = command.received_at or self.clock.now()
            mine = loaded.get(command.case)
            alone = mine is None or command.case in taken or command.event in _RECOGNISES or command.event is Event.REGISTER
            if mine is None or alone or any(t.due_at + SETTLE_AFTER <= received for t in mine.terms):
                continue
            try:
                self._must_see(world, command, mine.case, received)
                if command.expected_version not in {None, mine.case.version}:
                    continue
                batch.append((index, self._decide(world, mine, command, received)))
                taken.add(command.case)
            except CycleError:
                continue  # The single way says why, and keeps the denied entry.
        outcomes = self.store.write_each([d.changes for _, d in batch], epoch=world.epoch) if batch else []
        for (index, decision), outcome in zip(batch, outcomes, strict=True):
            if outcome is Outcome.WRITTEN:
                answers[index] = _receipt(decision, ())
        return [answer if answer is not None else self._one(command) for answer, command in zip(answers, commands, strict=True)]

    def _one(self, command: Command) -> Receipt | CycleError:
        try:
            return self.perform(command)
        except CycleError as error:
            return error

    def _load(self, command: Command) -> LoadedCase:
        loaded = self.store.load_case(command.case, command.id)
        if loaded is None:
            raise NotFound(what="case", name=command.case)
        return loaded

    @staticmethod
    def _must_see(world: World, command: Command, case: CaseRow, received: datetime) -> None:
        if command.actor == SYSTEM:
            return
        world.registry.person(command.actor)
        day = local_date(received)
        if not visible(world.registry, command.actor, place_of(case), day):
            raise _outside(world.registry, command.actor, case.code, day)

    def _decide(self, world: World, loaded: LoadedCase, command: Command, received: datetime) -> _Decision:
        case = loaded.case
        law = law_of(case, received)
        chart = case_chart(law.id)
        rules = _rules(chart, case.state, command.event)
        grant, refusals = may(world.registry, command.actor, rules, place_of(case), local_date(received), command.on_behalf_of)
        if grant is None:
            raise NotAllowed(refusals, case=case.code, event=command.event, state=case.state)
        held = self._held(case, received)
        rival = self._rival(case) if case.state not in RUNNING else None
        facts = facts_of(world, loaded, received, held=held, rival=rival, event=command.event, rounds=command.event in ASKS_ROUNDS)
        try:
            step = chart.fire(case.state, command.event, facts)
        except EventRefused:
            facts = facts_of(world, loaded, received, held=held, rival=rival, event=command.event)
            _, reasons = chart.reasons(case.state, command.event, facts)
            raise EventRefused(reasons, case=case.code, event=command.event, state=case.state) from None
        data, texts = _payload(step.rule, command, received)
        outcome = consequences(world, case, loaded.terms, step, facts, data, case.unit, self._spans)
        act = self._record(world, command, grant, step, chart, facts, outcome, data, texts, received, received)
        change = self.scribe.case(case, case.code, act)
        if command.event in _RECOGNISES:
            return _Decision(self._recognise(change, step, facts, data, act), step, tuple(outcome.notes))
        return _Decision((change,), step, tuple(outcome.notes))

    def _record(  # noqa: PLR0913
        self,
        world: World,
        command: Command,
        grant: Grant,
        step: Step,
        chart: Chart,
        facts: Facts,
        outcome: Consequences,
        data: dict[str, Any],
        texts: dict[str, str],
        received: datetime,
        effective: datetime,
    ) -> Act:
        actor, names = _actor(world.registry, command, grant, local_date(received))
        if command.reason:
            texts = {**texts, "reason": command.reason}
        if outcome.notes:
            data = {**data, "notes": list(outcome.notes)}
        return Act(
            event=str(step.event),
            command=command.id,
            effective_at=effective,
            received_at=received,
            source=None if step.source == START else str(step.source),
            target=str(step.target),
            attempt=outcome.attempt,
            regime=facts.regime.id,
            chart=_digest(chart),
            clause=facts.regime.clause(step.rule.topic),
            actor=actor,
            duty=str(grant.duty),
            result=outcome.result,
            round=outcome.round,
            opened=tuple(outcome.opened),
            closed=tuple(outcome.closed),
            set=outcome.set,
            data={**data, "via": command.via} if command.via != "api" else data,
            texts={**texts, **names},
        )

    def _held(self, case: CaseRow, at: datetime) -> Held | None:
        return held_of(self.store.load_certificate(case.certificate), at) if case.certificate else None

    def _rival(self, case: CaseRow) -> str | None:
        return next((c.code for c in self.store.cases(CaseQuery(product=case.product)) if c.state in RUNNING and c.code != case.code), None)

    # Registration.

    def _register(self, command: Command, received: datetime, baseline: int | None, *, dry_run: bool) -> Receipt:  # noqa: ARG002
        known = self.store.case_by_command(command.id)
        if known is not None:
            return self._receipt_again(known, 1)
        world = self.world()
        try:
            return self._register_in(world, command, received, dry_run=dry_run)
        except CycleError as refusal:
            self._must_be_current(world, None, refusal)
            raise

    def _register_in(self, world: World, command: Command, received: datetime, *, dry_run: bool) -> Receipt:
        product = self.store.product(command.case)
        if product is None:
            raise NotFound(what="product", name=command.case)
        day = local_date(received)
        place = Place(product.code, product.producer, product.unit, {})
        if command.actor != SYSTEM:
            world.registry.person(command.actor)
            if not visible(world.registry, command.actor, place, day):
                raise _outside(world.registry, command.actor, product.code, day)
        draft = _draft(command, product.producer, product.unit, received)
        law = law_of(draft, received)
        chart = case_chart(law.id)
        rules = _rules(chart, START, Event.REGISTER)
        grant, refusals = may(world.registry, command.actor, rules, place, day, command.on_behalf_of)
        if grant is None:
            raise NotAllowed(refusals, case=product.code, event=command.event, state=None)
        data, texts = _payload(rules[0], command, received)
        draft = replace(draft, kind=CaseKind(str(data["kind"])), product=product.code, certificate=_text(data.get("certificate")))
        facts = facts_of(
            world, LoadedCase(draft, (), None), received, held=self._own_certificate(draft, received), rival=self._rival(draft)
        )
        try:
            step = chart.fire(START, Event.REGISTER, facts)
        except EventRefused as refusal:
            raise EventRefused(refusal.reasons, case=product.code, event=command.event, state=None) from None
        outcome = consequences(world, None, (), step, facts, data, product.unit, self._spans)
        outcome.set |= {
            "command": command.id,
            "kind": str(draft.kind),
            "product": product.code,
            "producer": product.producer,
            "unit": product.unit,
        }
        if draft.certificate:
            outcome.set["certificate"] = draft.certificate
        producer = self.store.producer(product.producer)
        texts = {**texts, "product.name": product.name, "producer.name": producer.name if producer else product.producer}
        act = self._record(world, command, grant, step, chart, facts, outcome, data, texts, received, received)
        year = day.year
        series = f"{world.registry.province(product.unit, day)}-{year}"
        code = f"{series}-{'…' if dry_run else format(self.store.next_number(series), '04d')}"
        decision = _Decision((self.scribe.case(None, code if not dry_run else f"{series}-0000", act),), step, tuple(outcome.notes))
        if dry_run:
            return replace(_receipt(decision, ()), case=code)
        if self.store.write(decision.changes, epoch=world.epoch) is Outcome.WRITTEN:
            return _receipt(decision, ())
        raise _Moved(None)

    def _own_certificate(self, draft: CaseRow, at: datetime) -> Held | None:
        certificate = self.store.load_certificate(draft.certificate) if draft.certificate else None
        if certificate is not None and certificate.product != draft.product:
            raise PayloadInvalid([Problem("/certificate", "certificate_of_other")], event=Event.REGISTER)
        return held_of(certificate, at)

    # Recognition: a certificate begins, an earlier one may end.

    def _recognise(self, change: Change, step: Step, facts: Facts, data: dict[str, Any], act: Act) -> tuple[Change, ...]:
        case = change.row
        assert isinstance(case, CaseRow)  # noqa: S101 - a scribe's case change carries a case
        source = CaseState(step.source)
        result = facts.result_in(source)
        assert result is not None  # noqa: S101 - the guards of both events ask for it
        old = self.store.load_certificate(case.certificate) if case.certificate else None
        changes = [change, *certified_changes(self.scribe, case, old, facts, result.stars, data, act)]
        if old is not None and result.stars > old.stars:
            loaded = self.store.load_case(old.case, "")
            if loaded is not None and loaded.case.state is CaseState.CERTIFIED:
                changes.append(self._automatic(loaded, Event.UPGRADE, act.effective_at, f"upgrade:{case.code}"))
        return tuple(changes)

    # Acts of the system.

    def settle(self, loaded: LoadedCase, received: datetime) -> tuple[str, ...]:
        """Apply what fell due at least 30 seconds before ``received``, oldest first, each as its own step dated at its deadline.

        A step may begin terms that have fallen due as well (a dossier sorted into a round that is over by now), so it looks again.
        """
        done: list[str] = []
        seen: set[str] = set()
        now: LoadedCase | None = loaded
        while now and (waiting := [term for term in _fallen(now, received) if term.id not in seen]):
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
        for _ in range(_TRIES):
            loaded = self.store.load_case(term.case, f"due:{term.id}")
            if loaded is None or loaded.done_as is not None or term.id not in {t.id for t in loaded.terms}:
                return False
            change = self._automatic(loaded, Event(str(term.effect)), term.due_at, f"due:{term.id}", term)
            outcome = self.store.write([change], epoch=self.world().epoch)
            if outcome is Outcome.WRITTEN:
                return True
            if outcome is Outcome.RIGHTS_MOVED:
                self.world(fresh=True)
        raise StaleCase(case=term.case, expected=None, version=None, state=None)

    def _automatic(self, loaded: LoadedCase, event: Event, effective: datetime, command: str, term: TermRow | None = None) -> Change:
        world = self.world()
        case = loaded.case
        law = law_of(case, effective)
        chart = case_chart(law.id)
        facts = facts_of(world, loaded, effective, held=self._held(case, effective), by_system=True)
        step = chart.fire(case.state, event, facts)
        outcome = consequences(world, case, loaded.terms, step, facts, {}, case.unit, self._spans, term)
        data = {"term": term.id, "stage": str(term.stage), "due_at": term.due_at.isoformat()} if term else {}
        clause = term.source if term else None
        grant, _ = may(world.registry, SYSTEM, _rules(chart, case.state, event), place_of(case), local_date(effective))
        assert grant is not None  # noqa: S101 - the step was automatic
        asked = Command(id=command, case=case.code, event=event, actor=SYSTEM)
        act = self._record(world, asked, grant, step, chart, facts, outcome, data, {}, self.clock.now(), effective)
        if clause:
            # The ground of an expiry is the paper that set the date.
            act = replace(act, clause=clause)
        return self.scribe.case(case, case.code, act)

    def _settled_on_paper(self, loaded: LoadedCase, received: datetime) -> tuple[LoadedCase, tuple[str, ...]]:
        """What settling would make of a case and which events it would take, without writing."""
        done: list[str] = []
        while waiting := _fallen(loaded, received):
            term = waiting[0]
            change = self._automatic(loaded, Event(str(term.effect)), term.due_at, f"due:{term.id}", term)
            assert isinstance(change.row, CaseRow)  # noqa: S101 - a scribe's case change carries a case
            gone = {tid for tid, _ in change.closed}
            loaded = LoadedCase(change.row, (*(t for t in loaded.terms if t.id not in gone), *change.opened), None)
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
        asked = Command(id="", case=code, event=Event.PUBLISH, actor=person)
        self._must_see(world, asked, loaded.case, at)
        loaded, _ = self._settled_on_paper(loaded, at)
        case = loaded.case
        facts = facts_of(world, loaded, at, held=self._held(case, at), rival=self._rival(case) if case.state not in RUNNING else None)
        offers = offers_for(world.registry, case_chart(facts.regime.id), case.state, facts, person, place_of(case))
        return Situation(case.code, case.state, case.version, offers, case.memo)

    # Refusals and receipts.

    def _deny(self, world: World, case: CaseRow, command: Command, received: datetime, refusal: NotAllowed | EventRefused) -> None:
        """Keep a refused attempt: it moves the head but not the version, and never more than a few a minute for one person."""
        recent = [t for t in self._denials.get(command.actor, ()) if t > received - timedelta(minutes=1)]
        self._denials[command.actor] = recent
        if command.actor == SYSTEM or len(recent) >= _DENIALS_A_MINUTE:
            return
        recent.append(received)
        person = world.registry.person(command.actor)
        day = local_date(received)
        holding = next(iter(world.registry.holdings(command.actor, day)), None)
        law = law_of(case, received)
        act = Act(
            event=str(command.event),
            command=command.id,
            effective_at=received,
            received_at=received,
            source=str(case.state),
            outcome="denied",
            attempt=case.attempt,
            regime=law.id,
            actor=ActorRef(
                id=command.actor,
                function=str(holding.seat.function) if holding else "none",
                level=str(holding.seat.level) if holding and holding.seat.level else None,
                unit=holding.unit if holding else None,
                on_behalf_of=str(command.on_behalf_of) if command.on_behalf_of else None,
            ),
            texts={"actor.name": person.name, **({"actor.unit": world.registry.unit_name(holding.unit, day)} if holding else {})},
            reasons=refusal.reasons,
        )
        for _ in range(_TRIES):
            if self.store.write([self.scribe.case(case, case.code, act)], epoch=None) is Outcome.WRITTEN:
                return
            loaded = self.store.load_case(case.code, "")
            if loaded is None:
                return
            case = loaded.case

    def _receipt_again(self, code: str, seq: int) -> Receipt:
        """The receipt of an act that stands already, with the version that the case had then: its asker has seen no later one."""
        entries = [entry for entry in self.store.entries(code) if entry.seq <= seq]
        version = sum(parse(entry.body).outcome == "done" for entry in entries)
        return replace(_receipt_of(entries[-1], version), replayed=True)


def _outside(registry: Registry, person: str, code: str, day: date) -> OutsideTerritory:
    """The refusal to somebody whose own units are others."""
    units = ", ".join(dict.fromkeys(registry.unit_name(holding.unit, day) for holding in registry.holdings(person, day)))
    return OutsideTerritory(case=code, unit=units or "–")


def place_of(case: CaseRow) -> Place:
    """What rights look at in a case."""
    return Place(case.product, case.producer, case.unit, case.memo.get("hands", {}))


def offers_for(  # noqa: PLR0913
    registry: Registry, chart: Chart, state: CaseState, facts: Facts, person: str, place: Place
) -> tuple[Offer, ...]:
    """Every event of a chart for a person: rights and guards together, so that screen, list and refusal cannot disagree."""
    offers = []
    for offer in chart.offers(state, facts):
        grant, refusals = may(registry, person, _rules(chart, state, offer.event), place, local_date(facts.at))
        reasons: Iterable[Refusal] = (*refusals, *offer.reasons) if grant is None else offer.reasons
        offers.append(Offer(offer.event, offer.rule, tuple(reasons)))
    return tuple(offers)


def _rules(chart: Chart, state: CaseState | str, event: Event) -> tuple[Rule, ...]:
    """Rules of an event in a state; where it does not exist there, its rules anywhere, so that rights can still be judged.

    Raises:
        UnknownName: The chart has no such event.
    """
    if event not in chart.events:
        raise UnknownName(what="event", name=str(event), known=", ".join(chart.events))
    here = chart.rules_in(state, event)
    return here or tuple(rule for rule in chart.rules if rule.event is event)


def _fallen(loaded: LoadedCase, received: datetime) -> list[TermRow]:
    """Terms that a request received at this instant has to settle first, oldest first."""
    return sorted((t for t in loaded.terms if t.due_at + SETTLE_AFTER <= received), key=lambda t: (t.due_at, t.id))


def _actor(registry: Registry, command: Command, grant: Grant, day: Any) -> tuple[ActorRef, dict[str, str]]:
    if command.actor == SYSTEM:
        return ActorRef(id=SYSTEM, function="system"), {}
    names = {"actor.name": registry.person(command.actor).name}
    if grant.unit:
        names["actor.unit"] = registry.unit_name(grant.unit, day)
    actor = ActorRef(
        id=command.actor,
        function=str(grant.seat.function),
        level=str(grant.seat.level) if grant.seat.level else None,
        unit=grant.unit,
        on_behalf_of=str(command.on_behalf_of) if command.on_behalf_of else None,
    )
    return actor, names


def _payload(rule: Rule, command: Command, received: datetime) -> tuple[dict[str, Any], dict[str, str]]:
    data, texts = read_payload(rule.payload, command.payload)
    problems = []
    today = local_date(received).isoformat()
    for name, value in data.items():
        if name.endswith(_CHECKED_DATES) and str(value) > today:
            problems.append(Problem(f"/{name}", "in_future"))
    if rule.reason and not command.reason:
        problems.append(Problem("/reason", "reason_required"))
    if problems:
        raise PayloadInvalid(problems, event=command.event)
    return data, texts


def _checked(command: Command) -> Command:
    """Refuse a command whose own texts cannot be kept."""
    try:
        reason = clean(command.reason).strip() or None if command.reason is not None else None
        ids = [clean(command.id), clean(command.case), clean(command.actor)]
    except ValueError as error:
        raise PayloadInvalid([Problem("/reason", str(error))], event=command.event) from None
    if not ids[0] or any(len(text) > 200 for text in ids) or (reason and len(reason) > 4000):  # noqa: PLR2004
        raise MalformedInput
    return replace(command, reason=reason)


def _readable(command: Command) -> Command | None:
    """The command as it is kept, or None where it cannot be; what is wrong with it is said when it is carried out by itself."""
    try:
        return _checked(command)
    except CycleError:
        return None


def _draft(command: Command, producer: str, unit: str, received: datetime) -> CaseRow:
    """The case as it would be registered, for judging."""
    return CaseRow(
        code="",
        command=command.id,
        kind=CaseKind.FIRST,
        product=command.case,
        producer=producer,
        unit=unit,
        regime="",
        pinned=False,
        state=CaseState.IDEA_REGISTERED,
        attempt=1,
        round=None,
        central_round=None,
        origin=None,
        left=None,
        certificate=None,
        memo={},
        registered_at=received,
        updated_at=received,
        version=0,
        head_seq=0,
        head_hash=b"",
    )


_digests: dict[str, str] = {}


def _digest(chart: Chart) -> str:
    if chart.key not in _digests:
        _digests[chart.key] = chart.digest()
    return _digests[chart.key]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _receipt(decision: _Decision, settled: tuple[str, ...]) -> Receipt:
    row = decision.changes[0].row
    receipt = _receipt_of(decision.changes[0].entry, row.version)
    return replace(receipt, settled=settled, notes=decision.notes)


def _receipt_of(stored: StoredEntry, version: int) -> Receipt:
    entry = parse(stored.body)
    return Receipt(
        case=stored.subject,
        seq=stored.seq,
        leaf_hash=stored.leaf_hash.hex(),
        event=entry.event,
        source=entry.from_,
        state=CaseState(str(entry.to)),
        version=version,
        effective_at=entry.effective_at,
        notes=tuple(entry.data.get("notes", ())),
    )
