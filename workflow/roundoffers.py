"""What an office may do with a round now, and what stands against the rest: asked of the same checks that the acts themselves go through."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from states.errors import EventRefused, NotAllowed, NotFound
from states.lifecycle import ROUND
from states.refusal import Code, Holder, Refusal
from states.regime import local_date
from states.vocabulary import RoundEvent, RoundState, Stage
from workflow.access import office_of
from workflow.rounds import Rounds, must_be_closed
from workflow.rows import RoundRow, StageRow
from workflow.situation import World


class RoundAct(StrEnum):
    """What an office does with a round."""

    FREEZE = "freeze"
    REDATE = "redate"
    CLOSE = "close"
    ROLLOVER = "rollover"


EVENT_OF: Mapping[RoundAct, RoundEvent] = {
    RoundAct.FREEZE: RoundEvent.FREEZE,
    RoundAct.REDATE: RoundEvent.REDATE,
    RoundAct.CLOSE: RoundEvent.CLOSE,
    RoundAct.ROLLOVER: RoundEvent.CLOSE,
}
"""Whose seats an act asks for: a rollover is the closing officer's."""


@dataclass(frozen=True, slots=True)
class RoundOffer:
    """An act, and every reason that stands against it now: of the round first, then of the person."""

    act: RoundAct
    reasons: tuple[Refusal, ...]

    @property
    def allowed(self) -> bool:
        """Whether nothing does."""
        return not self.reasons


def offers(rounds: Rounds, code: str, *, actor: str) -> tuple[RoundOffer, ...]:
    """What somebody may do with a round now, and what stands against the rest; members are not looked at.

    Raises:
        NotFound: No such round or person.
    """
    row = rounds.store.load_round(code)
    if row is None:
        raise NotFound(what="round", name=code)
    world = rounds.world(fresh=True)
    return tuple(RoundOffer(act, tuple(_against(rounds, act, row, world, actor))) for act in RoundAct)


def redatable(row: RoundRow, world: World) -> dict[Stage, StageRow]:
    """The dates of a round that its issuer may move: those that are not the law's own."""
    opened = world.book.get(row.code)
    dated = opened.stages if opened and not row.statutory else {}
    return {stage: ruling for stage, ruling in dated.items() if not ruling.statutory}


def _against(rounds: Rounds, act: RoundAct, row: RoundRow, world: World, actor: str) -> Iterator[Refusal]:
    today = local_date(rounds.clock.now())
    move = next(m for m in ROUND.moves if m.event is EVENT_OF[act])
    checks: list[Callable[[], object]] = []
    if act is RoundAct.ROLLOVER:
        checks.append(lambda: must_be_closed(row))
    else:
        checks.append(lambda: ROUND.move(row.state, EVENT_OF[act], row.code))
    if act is RoundAct.CLOSE and row.state is not RoundState.CLOSED:
        checks.append(lambda: rounds.no_cutoff_ahead(world, row))
    if act is RoundAct.REDATE and row.state is not RoundState.CLOSED and not redatable(row, world):
        checks.append(lambda: _dates_are_the_law_s(row, world))
    checks.append(lambda: office_of(world.registry, actor, row.unit, move, today, superiors=act is RoundAct.REDATE))
    for check in checks:
        try:
            check()
        except (EventRefused, NotAllowed) as refused:
            yield from refused.reasons


def _dates_are_the_law_s(row: RoundRow, world: World) -> None:
    opened = world.book.get(row.code)
    for ruling in opened.stages.values() if opened else ():
        detail = {"phrase": ruling.phrase, "source": ruling.source}
        raise EventRefused([Refusal(Code.STATUTORY_DATE, Holder(), detail)], case=row.code, event=RoundEvent.REDATE, state=row.state)
