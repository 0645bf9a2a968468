"""Frozen snapshots that a guard may look at. The application fills them; nothing here is fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction

from states.overriding import Lifted
from states.regime import Regime
from states.values import quickly
from states.vocabulary import CaseKind, CaseState, Effect, Level, Stage


@quickly
@dataclass(frozen=True, slots=True)
class Result:
    """A council's result.

    Attributes:
        mean: Exact mean of the totals, 0 to 100.
        stars: Rank, 1 to 5.
        missed: Star floors (3, 4, 5) found missed.
        on: Local date of the minutes, or of the receipt where they name none.
    """

    mean: Fraction
    stars: int
    missed: tuple[int, ...] = ()
    on: date | None = None


@quickly
@dataclass(frozen=True, slots=True)
class Term:
    """A deadline that the case has to meet: its stage, exclusive instant, effect, the law's own words and their source.

    ``span`` marks one that counts days from an act, and so may be extended or suspended.
    """

    stage: Stage
    due_at: datetime
    effect: Effect
    phrase: str
    source: str
    round: str | None
    statutory: bool = False
    span: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """The certificate that an upgrade or reassessment starts from."""

    code: str
    stars: int
    in_force: bool
    last_valid_day: date


@quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a case at the instant by which an act is judged.

    Attributes:
        at: The instant of receipt.
        regime: The regime in force for the case at ``at``.
        terms: Running terms.
        missed: The term whose cut-off deferred the case, else None.
        left: The state that a deferred case left; ``origin`` where a returned one goes back to.
        needs_round: Whether stages of a provincial round are still to be met, so that a filing or new attempt has to join one.
        joins: Code of the round that a filing, a nomination or a new attempt would join, by the stage it is asked for:
            ``provincial`` for the earliest open provincial round with every stage still ahead, ``central`` for the centre's.
        next_round: Code of the next provincial round ahead of the missed one, for messages.
        held: Certificate to be raised or renewed; for a first case, one that the product still has.
        opens_at: Earliest instant at which a reassessment may be filed.
        rival: Code of another running case of the same product.
        recognised: Level that recognised the product.
        published: Whether the recognition was already published.
        accepted: Level that has taken the dossier in, in this attempt.
        round_closed: Whether the case's round is closed.
        suspended: Spans that are suspended, by stage, with the local midnight since when.
        expired: Spans that have expired in this state, by stage, with their exclusive end.
        lifted: The override that waits to be used, if one does.
        by_system: Whether the system itself acts; automatic rules answer to nobody else.
    """

    at: datetime
    regime: Regime
    kind: CaseKind = CaseKind.FIRST
    origin: CaseState | None = None
    left: CaseState | None = None
    results: Mapping[Level, Result] = field(default_factory=dict)
    terms: tuple[Term, ...] = ()
    missed: Term | None = None
    needs_round: bool = True
    joins: str | None = None
    next_round: str | None = None
    held: Held | None = None
    opens_at: datetime | None = None
    rival: str | None = None
    recognised: Level | None = None
    published: bool = False
    accepted: Level | None = None
    round_closed: bool = False
    suspended: Mapping[Stage, datetime] = field(default_factory=dict)
    expired: Mapping[Stage, datetime] = field(default_factory=dict)
    lifted: Lifted | None = None
    by_system: bool = False

    def term(self, stage: Stage) -> Term | None:
        """The running term of a stage, the earliest if there are several."""
        return min((t for t in self.terms if t.stage is stage), key=lambda t: t.due_at, default=None)

    def result_in(self, state: CaseState) -> Result | None:
        """The result that decisions in ``state`` rest on; a product sent down is certified on the province's result."""
        if state is CaseState.DISTRICT_EVALUATION:
            return self.results.get(Level.PROVINCE) or self.results.get(Level.DISTRICT)
        level = LEVEL_OF.get(state)
        return self.results.get(level) if level else None


LEVEL_OF: Mapping[CaseState, Level] = {
    CaseState.COMMUNE_CHECK: Level.COMMUNE,
    CaseState.DISTRICT_EVALUATION: Level.DISTRICT,
    CaseState.PROVINCIAL_EVALUATION: Level.PROVINCE,
    CaseState.NATIONAL_NOMINATION: Level.CENTRE,
}
"""The level at which a dossier lies in each state that a level handles."""


def level_of(state: CaseState, origin: CaseState | None, regime: Regime) -> Level:
    """The level that handles a case in a state; the first steps belong to the lowest level that acts under the regime."""
    here = origin if state is CaseState.RETURNED and origin else state
    return LEVEL_OF.get(here, regime.levels[0])
