"""The second person's word on acts that were typed from paper, and on overrides."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from states.chart import Seat
from states.errors import CycleError, EventRefused, NotAllowed, NotFound, PayloadInvalid, Problem, StaleCase
from states.refusal import NOBODY, Code, Refusal
from states.regime import local_date
from states.vocabulary import Duty, Event, NoteEvent
from workflow.access import acting, may_confirm
from workflow.acts import Decision, Second
from workflow.commands import Command, Receipt
from workflow.inputs import checked
from workflow.judging import place_of
from workflow.ledger.entry import Entry, parse
from workflow.listing import every_case
from workflow.perform import Engine, fallen
from workflow.ports import TRIES, CaseQuery, LoadedCase, Outcome, Store
from workflow.projection import ASKS, by_person, is_note
from workflow.receipts import confirmation_id, receipt_of
from workflow.recording import Act, Scribe
from workflow.registry import Holding
from workflow.situation import World
from workflow.timeline import Line, opened

_LONGEST = 9
_NAMES = ("actor.", "confirmer.", "request.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An act that waits for a second person: its id, the entry that asks, opened, and the case's product."""

    id: str
    line: Line
    product: str
    unit: str

    @property
    def event(self) -> Event:
        """What is to happen."""
        return Event(str(self.line.entry.data["act"]))


class Confirmations:
    """Acts that wait for a second person, and the answers to them."""

    def __init__(self, store: Store, scribe: Scribe, engine: Engine) -> None:
        """Work on a store; acts are judged and written as the engine would."""
        self.store = store
        self.scribe = scribe
        self.engine = engine

    def waiting(self) -> Iterator[Waiting]:
        """Everything that waits, by case and entry."""
        for case in every_case(self.store, CaseQuery(asked=True)):
            for seq in sorted(map(int, case.memo.get("asked", {}))):
                stored = self.store.entry(case.code, seq)
                if stored is not None:
                    yield Waiting(confirmation_id(case.code, seq), opened(stored), case.product, case.unit)

    def confirm(self, confirmation: str, *, actor: str) -> Receipt:
        """Let an act go through, judged anew: one on paper by the day on which it was done, an override by now, when it takes effect.

        Raises:
            NotFound: Nothing has this id, or nobody this code.
            OutsideTerritory: The case may not be seen.
            NotAllowed: ``second_person``, ``not_of_its_unit``, ``separation`` or a tie; or the one who typed it may no longer do it.
            EventRefused: ``confirmation_answered``, ``confirmation_outdated``; or the act itself is refused.
            StaleCase: The case moved while the act was judged.
        """
        return self._answer(confirmation, actor, None)

    def refuse(self, confirmation: str, *, actor: str, reason: str | None) -> Receipt:
        """Do not confirm; the act falls, and the history keeps both.

        Raises:
            PayloadInvalid: There is no reason.
            NotFound, OutsideTerritory, NotAllowed, EventRefused, StaleCase: As :meth:`confirm`.
        """
        if not (reason or "").strip():
            raise PayloadInvalid([Problem("/reason", "reason_required")], event=NoteEvent.PAPER_REFUSED)
        return self._answer(confirmation, actor, reason)

    def _answer(self, confirmation: str, actor: str, reason: str | None) -> Receipt:
        code, _, number = confirmation.rpartition(":")
        seq = int(number) if number.isascii() and number.isdigit() and len(number) <= _LONGEST else 0
        for _ in range(TRIES):
            world = self.engine.world(fresh=True)
            loaded, stored = self.store.load_case(code, ""), self.store.entry(code, seq)
            if loaded is None or stored is None or stored.event not in ASKS:
                raise NotFound(what="confirmation", name=confirmation)
            now = self.engine.clock.now()
            self.engine.judge.must_see(world.registry, actor, place_of(loaded.case), code, local_date(now))
            line = opened(stored)
            who = self._second(world, loaded, line.entry, actor, now)
            self._still_waits(loaded, line.entry)
            try:
                if reason is not None:
                    decision = self._refusal(world, loaded, line.entry, actor, who, reason, now)
                else:
                    decision = self._confirmed(world, loaded, line, Second(actor, who.unit, seq), now)
            except CycleError:
                # Nobody is refused for what the registry or the rounds said before they changed.
                if self.store.registry_epoch() != world.epoch:
                    continue
                raise
            if self.store.write(decision.changes, epoch=world.epoch) is Outcome.WRITTEN:
                return receipt_of(decision, self.engine.settle_after(decision, now))
        raise StaleCase(case=code, expected=None, version=None, state=None)

    @staticmethod
    def _second(world: World, loaded: LoadedCase, asked: Entry, actor: str, now: datetime) -> Holding:
        place = place_of(loaded.case)
        assert asked.actor is not None  # noqa: S101 - somebody typed it
        duty = Duty(asked.duty) if asked.duty else None
        who, refusals = may_confirm(world.registry, actor, asked.actor, place, local_date(now), duty)
        if who is None:
            raise NotAllowed(refusals, case=asked.case, event=Event(str(asked.data["act"])), state=loaded.case.state)
        return who

    def _still_waits(self, loaded: LoadedCase, asked: Entry) -> None:
        """An answer is given once, and only while nobody has acted on the case since."""
        case, seq = loaded.case, asked.case_seq
        if str(seq) in case.memo.get("asked", {}):
            return
        later = [e for stored in self.store.entries(case.code) if (e := parse(stored.body)).case_seq > seq and e.outcome == "done"]
        answer = next((e for e in later if seq in (e.data.get("confirms"), e.data.get("answers"))), None)
        if answer is not None:
            outcome = NoteEvent(answer.event) if is_note(answer) else Event(answer.event)
            refusal = Refusal(Code.CONFIRMATION_ANSWERED, NOBODY, {"outcome": outcome, "at": answer.recorded_at})
        else:
            moved = next(e for e in later if by_person(e) and not is_note(e))
            refusal = Refusal(Code.CONFIRMATION_OUTDATED, NOBODY, {"event": Event(moved.event), "at": moved.effective_at})
        raise EventRefused([refusal], case=case.code, event=Event(str(asked.data["act"])), state=case.state)

    def _confirmed(self, world: World, loaded: LoadedCase, line: Line, second: Second, now: datetime) -> Decision:
        command, typed = _typed(line), line.entry.received_at
        assert typed is not None  # noqa: S101 - every act of a person has come in
        # What was done on paper counts from then; an override that was asked for here counts from the second person's word.
        received, counts = (typed, command.acted_on) if command.acted_on else (now, now)
        if fallen(loaded, counts):
            self.engine.settle(loaded, counts)
            loaded = self.store.load_case(command.case, "") or loaded
        return self.engine.judge.decide(world, loaded, command, received, second)

    def _refusal(  # noqa: PLR0913
        self, world: World, loaded: LoadedCase, asked: Entry, actor: str, who: Holding, reason: str, now: datetime
    ) -> Decision:
        case, registry = loaded.case, world.registry
        said = checked(
            Command(id=f"refused:{asked.case_seq}", case=case.code, event=Event(str(asked.data["act"])), actor=actor, reason=reason)
        )
        act = Act(
            event=str(NoteEvent.OVERRIDE_REFUSED if asked.event == NoteEvent.OVERRIDE_ASKED else NoteEvent.PAPER_REFUSED),
            command=said.id,
            effective_at=now,
            received_at=now,
            source=str(case.state),
            target=str(case.state),
            attempt=case.attempt,
            regime=case.regime,
            actor=acting(actor, who),
            data={"answers": asked.case_seq, "act": asked.data["act"]},
            texts={
                "reason": str(said.reason),
                "actor.name": registry.person(actor).name,
                "actor.unit": registry.unit_name(who.unit, local_date(now)),
            },
        )
        return Decision((self.scribe.case(case, case.code, act),), None, now)


def _typed(line: Line) -> Command:
    """The command as it was typed, read back from the entry that asks and its openings."""
    entry = line.entry
    assert entry.actor is not None  # noqa: S101 - somebody typed it
    texts = {name: text for name, text in line.names.items() if text is not None and not name.startswith(_NAMES)}
    reason = texts.pop("reason", None)
    behalf = entry.actor.on_behalf_of
    return Command(
        id=f"confirmed:{entry.case_seq}",
        case=entry.case,
        event=Event(str(entry.data["act"])),
        actor=entry.actor.id,
        payload={**{name: value for name, value in entry.data.items() if name not in {"act", "via", "request"}}, **texts},
        reason=reason,
        acted_on=entry.acted_on,
        on_behalf_of=Seat.parse(behalf) if behalf else None,
        via=str(entry.data.get("via", "api")),
    )
