"""Keeps refused attempts: of a known person, on a case that may be seen, for an event of its chart, and never a flood of them."""

from datetime import datetime, timedelta

from states.errors import EventRefused, NotAllowed
from states.regime import local_date
from workflow.commands import Command
from workflow.ledger.entry import ActorRef
from workflow.ports import TRIES, Outcome, Store
from workflow.recording import Act, Scribe
from workflow.rows import CaseRow
from workflow.situation import World, law_of

A_MINUTE = 20
"""Refused attempts of one person that are kept within a minute."""


class Denials:
    """Writes ``denied`` entries, each in a short transaction of its own: they move the head of a history, but not the case's version."""

    def __init__(self, store: Store, scribe: Scribe) -> None:
        """Write to a store with a scribe."""
        self._store = store
        self._scribe = scribe
        self._recent: dict[str, list[datetime]] = {}

    def keep(self, world: World, case: CaseRow, command: Command, received: datetime, refusal: NotAllowed | EventRefused) -> None:
        """Keep one, unless the person has had too many within the last minute."""
        recent = [t for t in self._recent.get(command.actor, ()) if t > received - timedelta(minutes=1)]
        self._recent[command.actor] = recent
        if len(recent) >= A_MINUTE:
            return
        recent.append(received)
        act = self._act(world, case, command, received, refusal)
        here: CaseRow | None = case
        for _ in range(TRIES):
            if here is None or self._store.write([self._scribe.case(here, here.code, act)], epoch=None) is Outcome.WRITTEN:
                return
            loaded = self._store.load_case(case.code, "")
            here = loaded.case if loaded else None

    @staticmethod
    def _act(world: World, case: CaseRow, command: Command, received: datetime, refusal: NotAllowed | EventRefused) -> Act:
        registry, day = world.registry, local_date(received)
        holding = next(iter(registry.holdings(command.actor, day)), None)
        names = {"actor.name": registry.person(command.actor).name}
        if holding:
            names["actor.unit"] = registry.unit_name(holding.unit, day)
        return Act(
            event=str(command.event),
            command=command.id,
            effective_at=received,
            received_at=received,
            source=str(case.state),
            outcome="denied",
            attempt=case.attempt,
            regime=law_of(case, received).id,
            actor=ActorRef(
                id=command.actor,
                function=str(holding.seat.function) if holding else "none",
                level=str(holding.seat.level) if holding and holding.seat.level else None,
                unit=holding.unit if holding else None,
                on_behalf_of=str(command.on_behalf_of) if command.on_behalf_of else None,
            ),
            texts=names,
            reasons=refusal.reasons,
        )
