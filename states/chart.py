"""Rules and charts: the one door to pytransitions.

A chart holds one shared machine without a model. Each rule becomes one transition per source whose condition first asks the rule's
selector (which branch?) and then evaluates *all* guards, so that a refusal carries every unmet condition. Firing works on a slotted
token that lives for one call; no callback has a side effect.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import cast

from transitions import EventData, Machine, MachineError, Transition

from states.errors import DefinitionUnsound, EventRefused, UnknownName
from states.facts import Facts
from states.guards import Guard, cutoff_refusal
from states.overriding import LIFTABLE, may_lift
from states.payload import Field
from states.refusal import NOBODY, Code, Holder, Refusal
from states.values import quickly
from states.vocabulary import CaseKind, CaseState, Duty, Event, Function, Level, Stage

logging.getLogger("transitions").setLevel(logging.WARNING)


class Outside(StrEnum):
    """Where a case is before it exists; a vocabulary of its own, so that it has words without being a state."""

    START = "start"


START = Outside.START
"""The pseudo-state before a case exists; only ``register`` leaves it."""

State = CaseState | str
"""A state of a case, or :data:`START`."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A function at a level, for example the chair of a district council. A producer sits at no level."""

    function: Function
    level: Level | None = None

    def __str__(self) -> str:
        """``chair@district`` or ``producer``."""
        return f"{self.function}@{self.level}" if self.level else str(self.function)

    @classmethod
    def parse(cls, text: str) -> "Seat":
        """Read ``chair@district`` or ``producer``.

        Raises:
            UnknownName: No such function or level.
        """
        function, _, level = text.partition("@")
        try:
            return cls(Function(function), Level(level) if level else None)
        except ValueError:
            raise UnknownName(what="seat", name=text, known=", ".join(Function)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One lawful move.

    Attributes:
        name: Unique within a chart; ``conclude.district_evaluation`` and the like.
        event, source, target: ``source`` may be :data:`START`; a rule that stays has ``target == source``.
        duty: Which kind of hand it lays on the case.
        seats: Who may do it (from the rights table).
        level: The level at which the act is done, None for the early steps.
        guards: Conditions of the case; all are evaluated.
        selects, origin, kinds, recognised: Which branch applies where one event has several: the state remembered (what a deferred case
            left, where a returned one came from), the origin below a deferred ``returned``, the kind of case, the level that recognised.
            Never a reason of a refusal.
        row: The row of the rights table that gave the seats.
        payload: Fields asked for.
        reason: Whether a written reason is required.
        paper: Whether the act may be recorded from paper, on behalf of a body that does not sign in.
        meets: Stages of the plan that the act meets.
        voids: Whether results of the levels handled are void from here on.
        topic: Topic of the legal clause (``Regime.clause``).
    """

    name: str
    event: Event
    source: State
    target: CaseState
    duty: Duty
    seats: tuple[Seat, ...]
    level: Level | None = None
    guards: tuple[Guard, ...] = ()
    selects: CaseState | None = None
    origin: CaseState | None = None
    kinds: tuple[CaseKind, ...] = tuple(CaseKind)
    recognised: Level | None = None
    row: str = ""
    payload: tuple[Field, ...] = ()
    reason: bool = False
    paper: bool = False
    meets: tuple[Stage, ...] = ()
    voids: bool = False
    topic: str = "house"

    def applies(self, facts: Facts) -> bool:
        """Whether this branch is the one meant: the remembered state fits, and the system alone fires automatic rules."""
        if (self.duty is Duty.AUTOMATIC) != facts.by_system or facts.kind not in self.kinds:
            return False
        if self.recognised not in {None, facts.recognised} or self.origin not in {None, facts.origin}:
            return False
        remembered = facts.origin if self.source is CaseState.RETURNED else facts.left
        return self.selects in {None, remembered}

    def refusals(self, facts: Facts) -> list[Refusal]:
        """Every unmet condition, each named once (several guards ask for the same result)."""
        return [refusal for refusal in self._standing(facts) if not self._lifts(facts, refusal)]

    def overridden(self, facts: Facts) -> tuple[Code, ...]:
        """The reasons that stand against it and that an override has lifted."""
        if facts.lifted is None:
            return ()
        return tuple(dict.fromkeys(refusal.code for refusal in self._standing(facts) if self._lifts(facts, refusal)))

    def _standing(self, facts: Facts) -> list[Refusal]:
        source = CaseState(self.source) if self.source != START else CaseState.IDEA_REGISTERED
        return list(dict.fromkeys(refusal for guard in self.guards if (refusal := guard(source, facts)) is not None))

    def _lifts(self, facts: Facts, refusal: Refusal) -> bool:
        return facts.lifted is not None and facts.lifted.lifts(self.event, refusal.code)


@quickly
@dataclass(frozen=True, slots=True)
class Step:
    """The only description of a change that travels outward."""

    rule: Rule
    source: State
    target: CaseState

    @property
    def event(self) -> Event:
        """The event that happened."""
        return self.rule.event


@dataclass(frozen=True, slots=True)
class Offer:
    """One event of the chart for a case: allowed, or every reason why not."""

    event: Event
    rule: Rule | None
    reasons: tuple[Refusal, ...]

    @property
    def allowed(self) -> bool:
        """Whether nothing stands against it."""
        return not self.reasons


class _Token:
    """What the shared machine moves: lives for one call."""

    __slots__ = ("facts", "refusals", "rule", "state")

    def __init__(self, state: State, facts: Facts) -> None:
        self.state = str(state)
        self.facts = facts
        self.refusals: list[Refusal] = []
        self.rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Named rules and one shared machine.

    Attributes:
        key: ``case/<regime id>``.
        rules: In the order in which branches of one event are tried.
        states: Every state that the chart uses, :data:`START` excluded.
    """

    key: str
    rules: tuple[Rule, ...]
    states: tuple[CaseState, ...]
    main: dict[CaseState, Event]
    machine: Machine = field(repr=False, compare=False)
    _by: dict[tuple[State, Event], tuple[Rule, ...]] = field(repr=False, compare=False)
    events: tuple[Event, ...]

    @classmethod
    def of(cls, key: str, rules: Iterable[Rule], states: Iterable[CaseState], main: dict[CaseState, Event]) -> "Chart":
        """Build a chart and its machine.

        Args:
            key: Name of the definition.
            rules: The rules; the order of branches of one event is kept.
            states: Every state of the chart.
            main: The usual next event of each state, for saying who can help on.

        Raises:
            DefinitionUnsound: A rule names a state that is not in the chart, or two rules share a name.
        """
        rules, states = tuple(rules), tuple(states)
        names = [str(s) for s in states]
        by: dict[tuple[State, Event], tuple[Rule, ...]] = {}
        machine = _machine(names)
        findings = []
        for rule in rules:
            if str(rule.source) not in {START, *names} or str(rule.target) not in names:
                findings.append(f"{rule.name}: {rule.source} → {rule.target}")
                continue
            by[rule.source, rule.event] = (*by.get((rule.source, rule.event), ()), rule)
            machine.add_transition(str(rule.event), str(rule.source), str(rule.target), conditions=_gate(rule))
        if len({rule.name for rule in rules}) != len(rules):
            findings.append("names are not unique")
        if findings:
            raise DefinitionUnsound(chart=key, findings="; ".join(findings))
        events = tuple(event for event in Event if any(rule.event is event for rule in rules))
        return cls(key, rules, states, main, machine, by, events)

    def fire(self, state: State, event: Event, facts: Facts) -> Step:
        """Let an event happen.

        Raises:
            UnknownName: The chart has no such event.
            EventRefused: With every reason.
        """
        if event not in self.events:
            raise UnknownName(what="event", name=str(event), known=", ".join(self.events))
        token = _Token(state, facts)
        try:
            moved = self.machine.events[str(event)].trigger(token)
        except MachineError:
            moved = False
        if moved and token.rule is not None:
            return Step(token.rule, state, CaseState(token.state))
        raise EventRefused(self._liftable(state, event, token.refusals) or self._elsewhere(state, event, facts), event=event, state=state)

    def rules_in(self, state: State, event: Event) -> tuple[Rule, ...]:
        """Rules of an event in a state, whatever the branch; empty where the event does not exist there."""
        return self._by.get((state, event), ())

    def branches(self, state: State, event: Event, facts: Facts) -> tuple[Rule, ...]:
        """Rules of an event in a state whose branch applies."""
        return tuple(rule for rule in self._by.get((state, event), ()) if rule.applies(facts))

    def reasons(self, state: State, event: Event, facts: Facts) -> tuple[Rule | None, tuple[Refusal, ...]]:
        """The rule that would fire, or every reason why none does; agrees with :meth:`fire` without firing."""
        collected: list[Refusal] = []
        branches = self.branches(state, event, facts)
        for rule in branches:
            refusals = rule.refusals(facts)
            if not refusals:
                return rule, ()
            collected.extend(refusals)
        return (branches[0] if branches else None), self._liftable(state, event, collected) or self._elsewhere(state, event, facts)

    def offers(self, state: State, facts: Facts) -> tuple[Offer, ...]:
        """Every event of the chart, allowed or with its reasons."""
        return tuple(Offer(event, *self.reasons(state, event, facts)) for event in self.events)

    def sources(self, event: Event) -> tuple[State, ...]:
        """States in which an event exists, :data:`START` first, then in the order of the vocabulary."""
        return tuple(s for s in (START, *CaseState) if (s, event) in self._by)

    def seats(self, state: State, event: Event) -> tuple[Seat, ...]:
        """Who may do an event in a state, over all its rules, each named once."""
        return tuple(dict.fromkeys(seat for rule in self._by.get((state, event), ()) for seat in rule.seats))

    def helper(self, state: State) -> Holder:
        """Who can carry a case on from a state, by its usual next event."""
        event = self.main.get(CaseState(state)) if state != START else Event.REGISTER
        seats = self.seats(state, event) if event else ()
        return Holder(seats[0].function, seats[0].level) if seats else NOBODY

    def _liftable(self, state: State, event: Event, refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
        """Refusals, each with the seats whose decision may lift it where one may."""
        by = self.seats(state, Event.OVERRIDE)
        return tuple(replace(refusal, overriders=by) if by and may_lift(event, refusal.code) else refusal for refusal in refusals)

    def _elsewhere(self, state: State, event: Event, facts: Facts) -> tuple[Refusal, ...]:
        missed = facts.missed
        if state is CaseState.DEFERRED and event is not Event.DEFER and missed and facts.left:
            home = facts.origin if facts.left is CaseState.RETURNED and facts.origin else facts.left
            if self.rules_in(facts.left, event) or self.rules_in(home, event):
                return (cutoff_refusal(missed.stage, facts, missed.due_at, missed.phrase, missed.source, missed.round),)
        return (Refusal(Code.WRONG_STATE, self.helper(state), {"state": state, "event": event, "states": self.sources(event)}),)

    def digest(self) -> str:
        """SHA-256 in hex of everything that the chart lays down; a published chart never changes it."""
        lines = [json.dumps(describe(rule), ensure_ascii=True, sort_keys=True) for rule in self.rules]
        return hashlib.sha256("\n".join([self.key, *map(str, self.states), *lines]).encode()).hexdigest()


def describe(rule: Rule) -> dict[str, object]:
    """A rule as plain values, for digests, differences and drawings."""
    return {
        "name": rule.name,
        "event": str(rule.event),
        "source": str(rule.source),
        "target": str(rule.target),
        "duty": str(rule.duty),
        "seats": [str(seat) for seat in rule.seats],
        "level": rule.level,
        "guards": [guard.__qualname__.split(".")[0] for guard in rule.guards],
        "selects": rule.selects,
        "origin": rule.origin,
        "kinds": [str(kind) for kind in rule.kinds],
        "recognised": rule.recognised,
        "payload": [[f.name, str(f.kind), f.required, list(f.options), f.low, f.high] for f in rule.payload],
        "reason": rule.reason,
        "paper": rule.paper,
        "meets": [str(stage) for stage in rule.meets],
        "voids": rule.voids,
        "lifts": sorted(map(str, LIFTABLE.get(rule.event, ()))),
        "topic": rule.topic,
    }


class _Move(Transition):
    """A transition of a machine that has no callbacks, and so none to look for: it is made if its condition holds."""

    def execute(self, event_data: EventData) -> bool:
        """Make the move, or say that it is not made."""
        if not self._eval_conditions(event_data):
            return False
        event_data.model.state = self.dest  # type: ignore[attr-defined]
        return True


class _Machine(Machine):
    transition_cls = _Move


def _machine(names: Iterable[str]) -> Machine:
    return _Machine(model=None, initial=None, states=[str(START), *names], auto_transitions=False, send_event=True, queued=False)


@cache
def shared_machine(key: str, states: tuple[str, ...], moves: tuple[tuple[str, str, str], ...]) -> Machine:  # noqa: ARG001
    """The shared machine of a small chart: ``moves`` are (event, source, target). Built once for each ``key``."""
    machine = _machine(states)
    for event, source, target in moves:
        machine.add_transition(event, source, target)
    return machine


def _gate(rule: Rule) -> Callable[[EventData], bool]:
    def gate(event_data: EventData) -> bool:
        token = cast("_Token", event_data.model)
        if not rule.applies(token.facts):
            return False
        refusals = rule.refusals(token.facts)
        if refusals:
            token.refusals.extend(refusals)
            return False
        token.rule = rule
        return True

    return gate
