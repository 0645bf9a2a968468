"""Judges one act on one case, from rights to consequences, and drafts its changes. Nothing is written here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from states.case import RUNNING, case_chart
from states.chart import START, Chart, Offer, Rule, Step
from states.errors import EventRefused, NotAllowed, NotFound, OutsideTerritory, PayloadInvalid, Problem, UnknownName
from states.facts import Facts, Held
from states.refusal import NOBODY, Code, Holder, Refusal
from states.regime import local_date
from states.vocabulary import CaseKind, CaseState, Duty, Event, Function, Level, RoundEvent, RoundState, TermStatus
from workflow.access import Place, may, visible
from workflow.acts import Decision, Judged, Second, act_of, asking, digest_of, identity_of
from workflow.certificates import certified_changes
from workflow.clock import Clock
from workflow.commands import SYSTEM, Command
from workflow.consequences import LawTerms, consequences
from workflow.inputs import payload_of
from workflow.ledger.entry import ActorRef, parse
from workflow.overriding import anything_liftable, must_be_liftable
from workflow.paper import Past, past_of
from workflow.ports import CaseQuery, Change, LoadedCase, Store
from workflow.recording import Act, Scribe
from workflow.registry import Registry
from workflow.roundbook import RoundBook
from workflow.rows import CaseRow, ProductRow, RoundRow, TermRow
from workflow.situation import ASKS_ROUNDS, World, draft_of, facts_of, held_of, law_of

if TYPE_CHECKING:
    from collections.abc import Iterable

RECOGNISES = frozenset({Event.CERTIFY, Event.FALL_BACK})
"""Events that issue a certificate, and so concern more than their own case."""


@dataclass(frozen=True, slots=True)
class Paper:
    """The paper that an act of the system rests on: how it is cited, and what of it the entry keeps."""

    source: str
    data: dict[str, Any]


class Judge:
    """Decides acts on cases."""

    def __init__(self, store: Store, clock: Clock, scribe: Scribe, law: LawTerms) -> None:
        """Read from a store, by a clock, drafting with a scribe; ``law`` gives the terms of the law."""
        self.store = store
        self.clock = clock
        self.scribe = scribe
        self.law = law

    @staticmethod
    def must_see(registry: Registry, person: str, place: Place, code: str, day: Any) -> None:
        """Refuse somebody who may not even see the case.

        Raises:
            NotFound: Nobody has this code.
            OutsideTerritory: The case lies elsewhere.
        """
        registry.person(person)
        if not visible(registry, person, place, day):
            units = dict.fromkeys(registry.unit_name(h.unit, day) for h in registry.holdings(person, day))
            raise OutsideTerritory(case=code, unit=", ".join(units) or "–")

    def decide(self, world: World, loaded: LoadedCase, command: Command, received: datetime, second: Second | None = None) -> Decision:
        """Judge an event on a case; one done on paper by its own day, after what brings the case back to it.

        Args:
            world: Registry and rounds.
            loaded: The case.
            command: What is asked.
            received: When it came in.
            second: Who confirms it; an override, and an act on paper that takes a second person, is only asked for while there is none.

        Raises:
            UnknownName, NotAllowed, EventRefused, PayloadInvalid: As :meth:`workflow.perform.Engine.perform`.
        """
        acted_on = command.acted_on
        if acted_on is None:
            decision, act = self._decide(world, loaded, command, received, None, second)
            return self._asked(loaded.case, act, decision, received) if second is None and command.event is Event.OVERRIDE else decision
        case, code = loaded.case, loaded.case.code
        # Entries beyond the head that was loaded belong to somebody who acts at the same moment; the write will find that out.
        past = past_of((e for e in self.store.entries(code) if e.seq <= case.head_seq), command, acted_on)
        then = self._world_at(world, acted_on)
        before: list[Change] = []
        for event in past.undo:
            before.append(self.automatic(then, loaded, event, acted_on, f"{event}:{command.id}", past=past))
            loaded = loaded_after(loaded, before[-1])
        decision, act = self._decide(then, loaded, command, received, past, second)
        today = local_date(received)
        late = self.law.long_ago(local_date(acted_on), today, self.law.calendar(world.editions(case.unit, today)))
        asks = late or command.event is Event.OVERRIDE or any(acted_on < cutoff <= received for cutoff in past.cutoffs)
        if second is None and asks:
            return self._asked(case, act, decision, received)
        return replace(decision, changes=(*before, *decision.changes), own=len(before))

    def _asked(self, case: CaseRow, act: Act, decision: Decision, received: datetime) -> Decision:
        """The note that an act waits for a second person."""
        note = self.scribe.case(case, case.code, asking(case, act))
        return Decision((note,), None, received, (*decision.notes, "awaits_confirmation"), waits=True)

    def _decide(  # noqa: PLR0913
        self,
        world: World,
        loaded: LoadedCase,
        command: Command,
        received: datetime,
        past: Past | None = None,
        second: Second | None = None,
    ) -> tuple[Decision, Act]:
        case, event = loaded.case, command.event
        at = command.acted_on or received
        facts = self.facts(world, loaded, at, event, rounds=event in ASKS_ROUNDS)
        chart = case_chart(facts.regime.id)
        rules = rules_for(chart, case.state, event, facts)
        grant, refusals = may(world.registry, command.actor, rules, place_of(case), local_date(received), command.on_behalf_of)
        if grant is None:
            raise NotAllowed(refusals, case=case.code, event=event, state=case.state)
        if past is not None and grant.seat.function is Function.PRODUCER:
            typist = Refusal(Code.JUDGED_BY_RECEIPT, Holder(Function.OFFICER, Level.COMMUNE), {})
            raise NotAllowed([typist], case=case.code, event=event, state=case.state)
        try:
            step = chart.fire(case.state, event, facts)
        except EventRefused:
            _, reasons = chart.reasons(case.state, event, self.facts(world, loaded, at, event))
            raise EventRefused(reasons, case=case.code, event=event, state=case.state) from None
        data, texts = payload_of(step.rule, command, received, facts.result_in(case.state))
        if event is Event.OVERRIDE:
            must_be_liftable(chart, case, self.facts(world, loaded, at, Event(data["step"])), data)
        outcome = consequences(world, case, loaded.terms, step, facts, data, case.unit, self.law, past=past)
        act = act_of(Judged(world, command, grant, step, chart, facts, outcome, data, texts, received, at, second))
        change = self.scribe.case(case, case.code, act)
        more = self._recognition(world, change, step, facts, data, act) if event in RECOGNISES else ()
        return Decision((change, *more), step, at, tuple(outcome.notes)), act

    def _world_at(self, world: World, at: datetime) -> World:
        """Rounds as they were open at an instant: one that was frozen or closed since could still be joined then."""
        rows = self.store.rounds()
        then = [self._round_at(row, at) for row in rows]
        return world if then == rows else replace(world, book=RoundBook(then, self.store.stages(), world.plans))

    def _round_at(self, row: RoundRow, at: datetime) -> RoundRow:
        if row.state not in {RoundState.FROZEN, RoundState.CLOSED} or row.year < local_date(at).year - 1:
            return row
        moves = (parse(stored.body) for stored in self.store.entries(row.code))
        since = next((m for m in moves if m.event in {RoundEvent.FREEZE, RoundEvent.CLOSE} and m.effective_at > at), None)
        return replace(row, state=RoundState(str(since.from_))) if since else row

    def register(self, world: World, command: Command, received: datetime, *, dry_run: bool) -> Decision:
        """Judge the registration of a product; a dry run takes no number.

        Raises:
            NotFound: No such product or person.
            OutsideTerritory, NotAllowed, EventRefused, PayloadInvalid: As :meth:`decide`.
        """
        product = self.store.product(command.case)
        if product is None:
            raise NotFound(what="product", name=command.case)
        day = local_date(received)
        place = Place(product.code, product.producer, product.unit, {})
        self.must_see(world.registry, command.actor, place, product.code, day)
        draft = draft_of(command.id, product, received)
        chart = case_chart(law_of(draft, received).id)
        rules = chart.rules_in(START, Event.REGISTER)
        grant, refusals = may(world.registry, command.actor, rules, place, day, command.on_behalf_of)
        if grant is None:
            raise NotAllowed(refusals, case=product.code, event=command.event, state=None)
        data, texts = payload_of(rules[0], command, received)
        certificate = str(data["certificate"]) if "certificate" in data else None
        draft = replace(draft, kind=CaseKind(str(data["kind"])), certificate=certificate)
        held = self._registered_on(draft, received)
        facts = facts_of(world, LoadedCase(draft, (), None), received, held=held, rival=self._rival(draft))
        try:
            step = chart.fire(START, Event.REGISTER, facts)
        except EventRefused as refusal:
            raise EventRefused(refusal.reasons, case=product.code, event=command.event, state=None) from None
        outcome = consequences(world, None, (), step, facts, data, product.unit, self.law)
        outcome.set |= identity_of(draft)
        texts = {**texts, **self._names(product)}
        act = act_of(Judged(world, command, grant, step, chart, facts, outcome, data, texts, received, received))
        series = f"{world.registry.province(product.unit, day)}-{day.year}"
        number = 0 if dry_run else self.store.next_number(series)
        return Decision((self.scribe.case(None, f"{series}-{number:04d}", act),), step, received, tuple(outcome.notes))

    def automatic(  # noqa: PLR0913
        self,
        world: World,
        loaded: LoadedCase,
        event: Event,
        effective: datetime,
        command: str,
        term: TermRow | None = None,
        paper: Paper | None = None,
        past: Past | None = None,
    ) -> Change:
        """An act of the system, dated at ``effective``.

        Args:
            world: Registry and rounds.
            loaded: The case.
            event: What the system does.
            effective: When it counts.
            command: Command id.
            term: The deadline that expired, if one did.
            paper: The ground, where it is not a deadline.
            past: What an act on paper brings the case back to, if one does.

        Raises:
            EventRefused: The chart does not let it happen.
        """
        case = loaded.case
        facts = replace(self.facts(world, loaded, effective, event), by_system=True)
        chart = case_chart(facts.regime.id)
        step = chart.fire(case.state, event, facts)
        outcome = consequences(world, case, loaded.terms, step, facts, {}, case.unit, self.law, term, past)
        data: dict[str, Any] = {"term": term.id, "stage": str(term.stage), "due_at": term.due_at.isoformat()} if term else {}
        data |= paper.data if paper else {}
        grant, _ = may(world.registry, SYSTEM, [step.rule], place_of(case), local_date(effective))
        assert grant is not None  # noqa: S101 - the step is automatic
        asked = Command(id=command, case=case.code, event=event, actor=SYSTEM)
        act = act_of(Judged(world, asked, grant, step, chart, facts, outcome, data, {}, self.clock.now(), effective))
        # The ground of an expiry is the paper that set the date.
        ground = term.source if term else paper.source if paper else act.clause
        return self.scribe.case(case, case.code, replace(act, clause=ground))

    def recount(  # noqa: PLR0913
        self, world: World, loaded: LoadedCase, at: datetime, command: str, counted: Mapping[str, dict[str, Any]], ground: str
    ) -> Change:
        """Terms of a case counted again: each that ends otherwise is dropped and opened anew, by the system, now.

        Args:
            world: Registry, rounds and calendars that the terms were counted with.
            loaded: The case and its running terms.
            at: Now.
            command: Command id.
            counted: By id of the running term, the opening of the one in its place.
            ground: The paper that changed the calendar; where there is none the source of the term is the ground.

        Raises:
            EventRefused: The chart does not let it happen.
        """
        case = loaded.case
        terms = [t for t in loaded.terms if t.id in counted]
        facts = replace(self.facts(world, loaded, at, Event.RECOUNT, rounds=False), by_system=True)
        chart = case_chart(facts.regime.id)
        step = chart.fire(case.state, Event.RECOUNT, facts)
        act = Act(
            event=str(Event.RECOUNT),
            command=command,
            effective_at=at,
            received_at=at,
            source=str(step.source),
            target=str(step.target),
            attempt=case.attempt,
            regime=facts.regime.id,
            chart=digest_of(chart),
            clause=ground or terms[0].source,
            actor=ActorRef(id=SYSTEM, function="system"),
            duty=str(Duty.AUTOMATIC),
            opened=tuple(counted[t.id] for t in terms),
            closed=tuple((t.id, TermStatus.DROPPED) for t in terms),
            data={"was": [t.due_at.isoformat() for t in terms]},
        )
        return self.scribe.case(case, case.code, act)

    def facts(self, world: World, loaded: LoadedCase, at: datetime, event: Event | None = None, *, rounds: bool = True) -> Facts:
        """The facts of a case, with its certificate and a rival case where a rule may ask for them."""
        case = loaded.case
        certificate = self.store.load_certificate(case.certificate) if case.certificate else None
        held = held_of(certificate, at)
        opens = None
        if held and case.kind is CaseKind.REASSESSMENT:
            window = self.law.filing_window(law_of(case, at), held.last_valid_day)
            opens = window[0] if window else None
        rival = self._rival(case) if case.state not in RUNNING else None
        return facts_of(world, loaded, at, held=held, opens_at=opens, rival=rival, event=event, rounds=rounds)

    def offers(self, world: World, loaded: LoadedCase, person: str, at: datetime) -> tuple[Offer, ...]:
        """Every event of the case's chart for a person, judged on the same facts as the event itself would be."""
        facts = self.facts(world, loaded, at)
        special = {event: self.facts(world, loaded, at, event) for event in ASKS_ROUNDS}
        return offers_for(world.registry, case_chart(facts.regime.id), loaded.case.state, facts, person, place_of(loaded.case), special)

    def _rival(self, case: CaseRow) -> str | None:
        return next((c.code for c in self.store.cases(CaseQuery(product=case.product)) if c.state in RUNNING and c.code != case.code), None)

    def _registered_on(self, draft: CaseRow, at: datetime) -> Held | None:
        """The certificate that an upgrade or reassessment names, or one in force that stands against a first case."""
        if draft.kind is CaseKind.FIRST:
            held = (held_of(c, at) for c in self.store.certificates(draft.product))
            return next((h for h in held if h and h.in_force), None)
        certificate = self.store.load_certificate(draft.certificate) if draft.certificate else None
        if certificate is not None and certificate.product != draft.product:
            raise PayloadInvalid([Problem("/certificate", "certificate_of_other")], event=Event.REGISTER)
        return held_of(certificate, at)

    def _names(self, product: ProductRow) -> dict[str, str]:
        producer = self.store.producer(product.producer)
        return {"product.name": product.name, "producer.name": producer.name if producer else product.producer}

    def _recognition(  # noqa: PLR0913
        self, world: World, change: Change, step: Step, facts: Facts, data: dict[str, Any], act: Act
    ) -> tuple[Change, ...]:
        """What a recognition does beside its own case: a certificate begins, an earlier one ends, its case is upgraded."""
        case = change.row
        assert isinstance(case, CaseRow)  # noqa: S101 - a scribe's case change carries a case
        result = facts.result_in(CaseState(step.source))
        assert result is not None  # noqa: S101 - the guards of both events ask for it
        old = self.store.load_certificate(case.certificate) if case.certificate else None
        level = Level.PROVINCE if step.event is Event.FALL_BACK else facts.regime.recogniser[result.stars]
        changes = certified_changes(self.scribe, case, old, result.stars, level, data, act)
        if old is not None and result.stars > old.stars:
            loaded = self.store.load_case(old.case, "")
            if loaded is not None and loaded.case.state is CaseState.CERTIFIED:
                changes.append(self.automatic(world, loaded, Event.UPGRADE, act.effective_at, f"upgrade:{case.code}"))
        return tuple(changes)


def loaded_after(loaded: LoadedCase, change: Change) -> LoadedCase:
    """A case and its running terms once a change is made."""
    assert isinstance(change.row, CaseRow)  # noqa: S101 - a scribe's case change carries a case
    ended = {term for term, _ in change.closed}
    return LoadedCase(change.row, (*(t for t in loaded.terms if t.id not in ended), *change.opened), None)


def may_be_typed(case: CaseRow, command: Command, received: datetime, acted_on: datetime) -> None:
    """Refuse what cannot have been done on paper then.

    Raises:
        PayloadInvalid: ``not_a_paper_act``; ``in_future``.
    """
    rules = [rule for rule in case_chart(law_of(case, acted_on).id).rules if rule.event is command.event]
    problems = []
    if rules and not any(rule.paper for rule in rules):
        problems.append(Problem("/acted_on", "not_a_paper_act"))
    if acted_on > received:
        problems.append(Problem("/acted_on", "in_future"))
    if problems:
        raise PayloadInvalid(problems, event=command.event)


def place_of(case: CaseRow) -> Place:
    """What rights look at in a case."""
    return Place(case.product, case.producer, case.unit, case.memo.get("hands", {}))


def rules_for(chart: Chart, state: CaseState | str, event: Event, facts: Facts) -> tuple[Rule, ...]:
    """The rules that rights are judged on: those whose branch applies; else all of the event here; else all of it anywhere.

    Raises:
        UnknownName: The chart has no such event.
    """
    if event not in chart.events:
        raise UnknownName(what="event", name=str(event), known=", ".join(chart.events))
    return chart.branches(state, event, facts) or chart.rules_in(state, event) or tuple(r for r in chart.rules if r.event is event)


def offers_for(  # noqa: PLR0913
    registry: Registry,
    chart: Chart,
    state: CaseState,
    facts: Facts,
    person: str,
    place: Place,
    special: dict[Event, Facts] | None = None,
    events: Collection[Event] | None = None,
) -> tuple[Offer, ...]:
    """Every event of a chart for a person: rights and guards together, so that screen, list and refusal cannot disagree.

    Args:
        registry: Units, people and functions.
        chart: The chart.
        state: State of the case.
        facts: Its facts.
        person: Who asks.
        place: What rights look at.
        special: Facts of events that look for another round than the case's own next.
        events: These alone; None: all.
    """
    offers = []
    for event in chart.events if events is None else [each for each in chart.events if each in events]:
        known = (special or {}).get(event, facts)
        rule, reasons = chart.reasons(state, event, known)
        grant, refusals = may(registry, person, rules_for(chart, state, event, known), place, local_date(facts.at))
        told: Iterable[Refusal] = reasons
        if event is Event.OVERRIDE and not reasons and not anything_liftable(chart, state, lambda step: (special or {}).get(step, facts)):
            reasons = told = (Refusal(Code.NOTHING_LIFTABLE, NOBODY, {}),)
        if grant is None:
            # What the system does by itself has no other answer for a person: nothing they could mend would make it theirs.
            told = refusals if any(r.code is Code.SYSTEM_ONLY for r in refusals) else (*refusals, *reasons)
        offers.append(Offer(event, rule, tuple(told)))
    return tuple(offers)
