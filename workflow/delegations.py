"""Delegation: a holder lets somebody of the own unit, or of one above it, exercise a function for some days; each is a subject with a history.

Source: working rules of the offices, by which a chair or head assigns a deputy; the separation of duties holds for both persons
(``docs/rights.md``). A delegation ends by its last day, or when it is revoked; that it ended by its day needs no entry.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from states.chart import Seat
from states.errors import CycleError, EventRefused, NotAllowed, NotFound, PayloadInvalid, Problem, StaleCase
from states.lifecycle import DELEGABLE, DELEGATION
from states.payload import Field, Kind, read_payload
from states.refusal import Code, Holder, Refusal
from states.regime import local_date
from states.vocabulary import DelegationEvent, DelegationState, Event, Function, RoundEvent
from workflow.access import acting
from workflow.acts import DIGEST
from workflow.clock import Clock
from workflow.commands import fingerprint
from workflow.perform import Engine
from workflow.ports import TRIES, Change, Outcome, Store
from workflow.receipts import must_be_the_same
from workflow.recording import Act, Scribe
from workflow.registry import Holding, Registry
from workflow.rows import DelegationRow, SubjectKind
from workflow.situation import World
from workflow.timeline import timeline

LONGEST = 366
"""Days; what lasts longer is an appointment."""
_EVENTS = frozenset(str(event) for kind in (Event, RoundEvent) for event in kind)
_NUMBER, _REASON = Field("document_no", Kind.CODE, required=True), Field("reason", Kind.TEXT, required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """What is asked for.

    Attributes:
        seat, unit: The function that is given.
        taker: Person code.
        first, last: First and last valid day.
        document_no: The paper that says so.
        reason: Why, as people will read it.
        events: What it is given for; nothing for the whole function.
        command: Command id; the same one again gives nothing twice.
    """

    seat: Seat
    unit: str
    taker: str
    first: date
    last: date
    document_no: str
    reason: str
    events: Sequence[str] = ()
    command: str


class Delegations:
    """Gives and revokes delegations."""

    def __init__(self, store: Store, clock: Clock, scribe: Scribe, engine: Engine) -> None:
        """Work on a store; rights are those of the engine's world."""
        self.store = store
        self.clock = clock
        self.scribe = scribe
        self.engine = engine

    def give(self, asked: Delegate, *, actor: str) -> DelegationRow:
        """Let somebody exercise a function of one's own.

        Args:
            asked: What is asked for.
            actor: Person code of the holder.

        Raises:
            NotFound: No such person.
            PayloadInvalid: Days, texts or events that make no delegation.
            NotAllowed: The actor does not hold the function by appointment.
            EventRefused: The function is not delegable, or the taker is neither of the unit nor of one above it.
            StaleCase: The registry moved, again and again.
        """
        today = local_date(self.clock.now())
        asked, texts = _read(asked, actor, today)
        # The same command of the same person finds the same delegation.
        code = f"UQ-{sha256(f'{actor} {asked.command}'.encode()).hexdigest()[:10]}"

        bound = fingerprint(asdict(asked), actor)

        def plan(world: World) -> Change:
            registry = world.registry
            move = DELEGATION.move(None, DelegationEvent.DELEGATE, code)
            own = _own(registry, actor, asked, today)
            taker = registry.person(asked.taker)
            _fits(registry, asked, asked.first)
            given = {
                "giver": actor, "taker": asked.taker, "function": str(asked.seat.function), "level": str(asked.seat.level),
                "unit": asked.unit, "events": list(asked.events), "valid_from": asked.first.isoformat(),
                "valid_to": (asked.last + timedelta(days=1)).isoformat(), "document_no": asked.document_no,
            }  # fmt: skip
            names = {
                "actor.name": registry.person(actor).name,
                "actor.unit": registry.unit_name(asked.unit, today),
                "taker.name": taker.name,
            }
            act = self._act(move, f"delegate:{asked.command}", own, actor, {**texts, **names, DIGEST: bound}, given)
            return self.scribe.subject(SubjectKind.DELEGATION, None, code, act)

        known = self.store.load_delegation(code)
        if known is not None:
            must_be_the_same(next(timeline(self.store, code)), bound, command=asked.command, case=code)
            return known
        return self._carry_out(plan)

    def revoke(self, code: str, *, actor: str, reason: str) -> DelegationRow:
        """End a delegation before its day: the giver, the taker, or the authority of the unit or of one above it. It ends at once.

        Raises:
            NotFound: Nothing has this code, or nobody the actor's.
            PayloadInvalid: There is no reason.
            NotAllowed: ``others_delegation``; whoever is of another office is told that there is none.
            EventRefused: It was revoked already.
            StaleCase: The registry moved, again and again.
        """
        try:
            _, texts = read_payload((_REASON,), {"reason": reason})
        except PayloadInvalid as invalid:
            raise PayloadInvalid(invalid.problems, event=DelegationEvent.REVOKE) from None
        today = local_date(self.clock.now())

        def plan(world: World) -> Change:
            row = self.store.load_delegation(code)
            registry = world.registry
            name = registry.person(actor).name
            if row is None:
                raise NotFound(what="delegation", name=code)
            if not _sees(registry, row, actor, today):
                raise NotFound(what="delegation", name=code)
            who = _ends(registry, row, actor, today)
            move = DELEGATION.move(row.state, DelegationEvent.REVOKE, code)
            names = {"actor.name": name, "actor.unit": registry.unit_name(who.unit, today)}
            return self.scribe.subject(
                SubjectKind.DELEGATION, row, code, self._act(move, f"revoke:{code}", who, actor, {**texts, **names}, {}, row.state)
            )

        return self._carry_out(plan)

    def of(self, person: str) -> tuple[DelegationRow, ...]:
        """What a person has given or taken, newest day first."""
        rows = self.engine.world(fresh=True).registry.delegations
        mine = [row for row in rows if person in {row.giver, row.taker}]
        return tuple(sorted(mine, key=lambda row: (row.valid_from, row.code), reverse=True))

    def _carry_out(self, plan: Callable[[World], Change]) -> DelegationRow:
        for _ in range(TRIES):
            world = self.engine.world(fresh=True)
            try:
                change = plan(world)
            except CycleError:
                if self.store.registry_epoch() != world.epoch:
                    continue
                raise
            if self.store.write([change], epoch=world.epoch) is Outcome.WRITTEN:
                assert isinstance(change.row, DelegationRow)  # noqa: S101 - a delegation's change carries one
                return change.row
        raise StaleCase(case="UQ", expected=None, version=None, state=None)

    def _act(  # noqa: PLR0913
        self,
        move: Any,
        command: str,
        who: Holding,
        actor: str,
        texts: dict[str, str],
        given: dict[str, Any],
        before: DelegationState | None = None,
    ) -> Act:
        now = self.clock.now()
        return Act(
            event=str(move.event),
            command=command,
            effective_at=now,
            received_at=now,
            source=str(before) if before else None,
            target=str(move.target),
            clause=move.clause,
            actor=acting(actor, who),
            set=given,
            texts=texts,
        )


def _own(registry: Registry, actor: str, asked: Delegate, today: date) -> Holding:
    """The function that is given, which the giver holds by appointment."""
    registry.person(actor)
    holder = Holder(asked.seat.function, asked.seat.level)
    held = registry.appointed(actor, today)
    own = next((h for h in held if h.seat == asked.seat and h.unit == asked.unit), None)
    if own is None:
        reason = Refusal(Code.FUNCTION_REQUIRED, holder, {"seats": (asked.seat,), "holds": tuple(h.seat for h in held)})
        raise NotAllowed([reason], case=asked.unit, event=DelegationEvent.DELEGATE, state=None)
    if asked.seat.function not in DELEGABLE:
        reason = Refusal(Code.NOT_DELEGABLE, holder, {"function": asked.seat.function})
        raise EventRefused([reason], case=asked.unit, event=DelegationEvent.DELEGATE, state=None)
    return own


def _fits(registry: Registry, asked: Delegate, day: date) -> None:
    """The taker works in the unit, or above it, on the first day."""
    if not registry.belongs(registry.appointed(asked.taker, day), asked.unit, day):
        detail = {"taker": registry.person(asked.taker).name, "unit": registry.unit_name(asked.unit, day)}
        reason = Refusal(Code.TAKER_ELSEWHERE, Holder(asked.seat.function, asked.seat.level), detail)
        raise EventRefused([reason], case=asked.unit, event=DelegationEvent.DELEGATE, state=None)


def _sees(registry: Registry, row: DelegationRow, actor: str, today: date) -> bool:
    """Whether a delegation is there for somebody: its giver and taker, and the offices of its unit and of those above."""
    above = registry.chain(row.unit, today)
    return actor in {row.giver, row.taker} or any(
        h.unit in above and h.seat.function is not Function.PRODUCER for h in registry.appointed(actor, today)
    )


def _ends(registry: Registry, row: DelegationRow, actor: str, today: date) -> Holding:
    """In which function somebody ends a delegation."""
    held = registry.appointed(actor, today)
    seat = Seat.parse(f"{row.function}@{row.level}")
    if actor in {row.giver, row.taker}:
        # Also somebody who has left the office since may lay down what was given or taken.
        return next((h for h in held if h.seat == seat and h.unit == row.unit), held[0] if held else Holding(seat, row.unit, None))
    above = registry.chain(row.unit, today)
    found = next((h for h in held if h.seat.function is Function.AUTHORITY and h.unit in above), None)
    if found is None:
        reason = Refusal(Code.OTHERS_DELEGATION, Holder(seat.function, seat.level), {"unit": registry.unit_name(row.unit, today)})
        raise NotAllowed([reason], case=row.code, event=DelegationEvent.REVOKE, state=row.state)
    return found


def _read(asked: Delegate, actor: str, today: date) -> tuple[Delegate, dict[str, str]]:
    problems = []
    if asked.taker == actor:
        problems.append(Problem("/taker", "same_person"))
    if asked.first < today:
        problems.append(Problem("/first", "day_passed"))
    if asked.last < asked.first:
        problems.append(Problem("/last", "ends_before_it_begins"))
    elif (asked.last - asked.first).days >= LONGEST:
        problems.append(Problem("/last", "delegation_too_long", {"limit": LONGEST}))
    problems += [
        Problem("/events", "unknown_value", {"value": str(event)[:60], "known": ", ".join(sorted(_EVENTS))})
        for event in asked.events
        if event not in _EVENTS
    ]
    if problems:
        raise PayloadInvalid(problems, event=DelegationEvent.DELEGATE)
    try:
        data, texts = read_payload((_NUMBER, _REASON), {"document_no": asked.document_no, "reason": asked.reason})
    except PayloadInvalid as invalid:
        raise PayloadInvalid(invalid.problems, event=DelegationEvent.DELEGATE) from None
    return replace(asked, document_no=str(data["document_no"]), events=tuple(sorted(set(asked.events)))), texts
