"""From a judged act to what its entry says. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from states.chart import START, Chart, Step
from states.facts import Facts
from states.regime import local_date
from states.values import quickly
from states.vocabulary import Event, NoteEvent
from workflow.access import Grant
from workflow.commands import SYSTEM, Command
from workflow.consequences import Consequences
from workflow.ledger.entry import ActorRef
from workflow.overriding import USED, WAITING
from workflow.ports import Change
from workflow.recording import Act
from workflow.rows import CaseRow
from workflow.situation import World

DIGEST = "request.digest"
"""The opening that holds the fingerprint of what was asked. It is made from free text too, so it is never hashed without a salt."""


@quickly
@dataclass(frozen=True, slots=True)
class Decision:
    """An act that may be written.

    Attributes:
        changes: In the order in which they are written.
        step: What happens to the case; None for a note that leaves it as it was.
        effective: When it counts.
        notes: For the receipt.
        own: Which change is the act itself; changes of the same case before it bring the case back.
        waits: Whether the act waits for a second person's word, and only the asking is written.
    """

    changes: tuple[Change, ...]
    step: Step | None
    effective: datetime
    notes: tuple[str, ...] = ()
    own: int = 0
    waits: bool = False

    @property
    def change(self) -> Change:
        """The change of the act itself."""
        return self.changes[self.own]


@dataclass(frozen=True, slots=True)
class Second:
    """Who confirms an act, and the entry that asked for it."""

    person: str
    unit: str
    asked: int


@quickly
@dataclass(frozen=True, slots=True)
class Judged:
    """Everything that an entry is made from."""

    world: World
    command: Command
    grant: Grant
    step: Step
    chart: Chart
    facts: Facts
    outcome: Consequences
    data: dict[str, Any]
    texts: dict[str, str]
    received: datetime
    effective: datetime
    second: Second | None = None


def act_of(judged: Judged) -> Act:
    """What the entry of an act says."""
    command, step, outcome, facts = judged.command, judged.step, judged.outcome, judged.facts
    actor, names = _actor(judged)
    reason = {"reason": command.reason} if command.reason else {}
    notes = {"notes": list(outcome.notes)} if outcome.notes else {}
    via = {"via": command.via} if command.via != "api" else {}
    bound = {DIGEST: command.digest} if command.digest else {}
    second, registry = judged.second, judged.world.registry
    lifted = step.rule.overridden(facts)
    marked: dict[str, Any] = {}
    if lifted and facts.lifted is not None:
        marked = {USED: [str(code) for code in lifted], WAITING: facts.lifted.entry}
    confirmed: dict[str, Any] = {}
    if second is not None:
        confirmed = {"confirmed_by": second.person, "confirms": second.asked}
        names |= {
            "confirmer.name": registry.person(second.person).name,
            "confirmer.unit": registry.unit_name(second.unit, local_date(judged.received)),
        }
    return Act(
        event=str(step.event),
        command=command.id,
        effective_at=judged.effective,
        received_at=judged.received,
        acted_on=command.acted_on,
        source=None if step.source == START else str(step.source),
        target=str(step.target),
        attempt=outcome.attempt,
        regime=facts.regime.id,
        chart=digest_of(judged.chart),
        clause=facts.regime.clause(step.rule.topic),
        actor=actor,
        duty=str(judged.grant.duty),
        result=outcome.result,
        round=outcome.round,
        opened=tuple(outcome.opened),
        closed=tuple(outcome.closed),
        set=outcome.set,
        data={**judged.data, **notes, **via, **confirmed, **marked},
        texts={**judged.texts, **reason, **names, **bound},
    )


def _actor(judged: Judged) -> tuple[ActorRef, dict[str, str]]:
    command, grant, registry = judged.command, judged.grant, judged.world.registry
    if command.actor == SYSTEM:
        return ActorRef(id=SYSTEM, function="system"), {}
    names = {"actor.name": registry.person(command.actor).name}
    if grant.unit:
        names["actor.unit"] = registry.unit_name(grant.unit, local_date(judged.received))
    if grant.principal:
        names["actor.principal"] = registry.person(grant.principal).name
    actor = ActorRef(
        id=command.actor,
        function=str(grant.seat.function),
        level=str(grant.seat.level) if grant.seat.level else None,
        unit=grant.unit,
        on_behalf_of=str(command.on_behalf_of) if command.on_behalf_of else None,
        principal=grant.principal,
        delegation=grant.delegation,
    )
    return actor, names


def identity_of(draft: CaseRow) -> dict[str, Any]:
    """What a registration lays down for good."""
    given = {"command": draft.command, "kind": str(draft.kind), "product": draft.product, "producer": draft.producer, "unit": draft.unit}
    return {**given, "certificate": draft.certificate} if draft.certificate else given


_digests: dict[str, str] = {}


def digest_of(chart: Chart) -> str:
    """The digest of a chart, computed once."""
    if chart.key not in _digests:
        _digests[chart.key] = chart.digest()
    return _digests[chart.key]


def asking(case: CaseRow, act: Act) -> Act:
    """The note that an act waits for a second person: what was typed, and nothing that it would bring."""
    data = {name: value for name, value in act.data.items() if name != "notes"}
    return Act(
        event=str(NoteEvent.OVERRIDE_ASKED if act.event == Event.OVERRIDE else NoteEvent.PAPER_ASKED),
        command=act.command,
        effective_at=act.received_at,
        received_at=act.received_at,
        acted_on=act.acted_on,
        source=str(case.state),
        target=str(case.state),
        attempt=case.attempt,
        regime=case.regime,
        actor=act.actor,
        duty=act.duty,
        data={**data, "act": act.event},
        texts=act.texts,
    )
