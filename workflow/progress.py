"""Which stages a case has still to meet, and which deadlines run for it. Pure.

Source: ``docs/decisions`` on rounds; the path follows the levels that act under the regime.
"""

from collections.abc import Mapping

from states.facts import Result
from states.regime import Regime
from states.vocabulary import CaseKind, CaseState, Level, Stage

_PATHS: Mapping[CaseState, tuple[Stage, ...]] = {
    CaseState.DISTRICT_EVALUATION: (Stage.DISTRICT_EVAL, Stage.DISTRICT_TO_PROVINCE, Stage.PROVINCE_EVAL),
    CaseState.COMMUNE_CHECK: (Stage.COMMUNE_TO_PROVINCE, Stage.PROVINCE_EVAL),
}
_BEFORE_RESULTS = frozenset(
    {CaseState.IDEA_REGISTERED, CaseState.SELECTED, CaseState.BUSINESS_PLAN, CaseState.NOT_SELECTED, CaseState.COMMUNE_CHECK}
)
BESIDE: Mapping[Stage, frozenset[CaseState]] = {
    Stage.IDEA_SELECTION: frozenset({CaseState.IDEA_REGISTERED}),
    Stage.PLAN_TRAINING: frozenset({CaseState.SELECTED}),
    Stage.PLAN_EXECUTION: frozenset({CaseState.SELECTED, CaseState.BUSINESS_PLAN}),
    Stage.COMMUNE_CHECK: frozenset({CaseState.COMMUNE_CHECK}),
    Stage.REASSESSMENT: frozenset({CaseState.PROVINCIAL_EVALUATION, CaseState.NATIONAL_NOMINATION}),
    Stage.UPGRADE: frozenset(
        {
            CaseState.BUSINESS_PLAN,
            CaseState.DISTRICT_EVALUATION,
            CaseState.COMMUNE_CHECK,
            CaseState.PROVINCIAL_EVALUATION,
            CaseState.NATIONAL_NOMINATION,
        }
    ),
}
"""Deadlines beside a round, and the states in which they still mean something."""

OPENED_IN: Mapping[CaseState, tuple[Stage, ...]] = {
    CaseState.IDEA_REGISTERED: (Stage.IDEA_SELECTION,),
    CaseState.SELECTED: (Stage.PLAN_TRAINING, Stage.PLAN_EXECUTION),
}
"""Deadlines of the plan as a whole that begin to run when a case enters a state."""


def stages_ahead(law: Regime, state: CaseState, results: Mapping[Level, Result], kind: CaseKind) -> tuple[Stage, ...]:
    """Stages of a provincial round that a case in ``state`` (for returned and deferred: the state it goes back to) must still meet.

    A district result that is not sent up, or that the district itself recognises, leaves nothing to meet; a province's result that is
    high enough leaves the date of the proposal to the centre, where the plan sets one.
    """
    if kind is CaseKind.REASSESSMENT and law.statutory_rounds:
        return ()
    path = _PATHS[law.first_evaluation]
    if state in _BEFORE_RESULTS:
        return path
    if state is CaseState.DISTRICT_EVALUATION and Level.PROVINCE not in results:
        return _sent_up(law, Level.DISTRICT, results, path, path[1:])
    if state is CaseState.PROVINCIAL_EVALUATION:
        return _sent_up(law, Level.PROVINCE, results, (Stage.PROVINCE_EVAL,), (Stage.PROVINCE_TO_CENTRE,))
    return ()


def _sent_up(
    law: Regime, level: Level, results: Mapping[Level, Result], before: tuple[Stage, ...], after: tuple[Stage, ...]
) -> tuple[Stage, ...]:
    """Stages before the level's council has concluded, and after it with a result that is to be sent up."""
    result = results.get(level)
    if result is None:
        return before
    return after if result.mean >= law.forward_from[level] else ()


def central_ahead(state: CaseState, results: Mapping[Level, Result]) -> tuple[Stage, ...]:
    """Stages of a central round that a case must still meet."""
    return (Stage.NATIONAL_EVAL,) if state is CaseState.NATIONAL_NOMINATION and Level.CENTRE not in results else ()


def still_means(stage: Stage, state: CaseState, ahead: tuple[Stage, ...]) -> bool:
    """Whether a running deadline still applies to a case in ``state`` (the state it goes back to) with these stages ahead."""
    return stage in ahead or state in BESIDE.get(stage, frozenset())
