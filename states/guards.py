"""Pure predicates over facts: ``Refusal`` if the condition is not met, else ``None``.

A guard never looks at who asks (that is ``workflow.access``) and never at the payload (that is ``states.payload``).
"""

from collections.abc import Callable
from fractions import Fraction

from states.facts import LEVEL_OF, Facts, Result
from states.refusal import NOBODY, Code, Holder, Refusal
from states.regime import DISTRICTS_END
from states.vocabulary import CaseKind, CaseState, Effect, Function, Level, Stage

Guard = Callable[[CaseState, Facts], Refusal | None]
"""Takes the state that the case is in and the facts."""


def before_cutoff(*stages: Stage) -> Guard:
    """The act must be received strictly before the cut-off of each stage that it meets, where that cut-off defers."""

    def guard(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
        for stage in stages:
            term = facts.term(stage)
            if term and term.effect is Effect.DEFER and facts.at >= term.due_at:
                return cutoff_refusal(term.stage, facts, term.due_at, term.phrase, term.source, term.round)
        return None

    # The name is what a chart's digest keeps of a guard, so it has to say which cut-offs are watched.
    guard.__qualname__ = f"before_cutoff({', '.join(stages)})"
    return guard


def cutoff_refusal(  # noqa: PLR0913
    stage: Stage, facts: Facts, due_at: object, phrase: str, source: str, round_code: str | None
) -> Refusal:
    """The refusal that names the instant, the law's own words, their source, and the next round."""
    nxt = facts.next_round
    return Refusal(
        Code.DEADLINE_PASSED,
        Holder(Function.OFFICER, Level.PROVINCE) if nxt else Holder(Function.AUTHORITY, Level.PROVINCE),
        {"stage": stage, "due_at": due_at, "phrase": phrase, "source": source, "round": round_code, "next_round": nxt},
    )


def regime_runs(state: CaseState, facts: Facts) -> Refusal | None:
    """Past the end of evaluation an undecided case can only be migrated, withdrawn or corrected (cycle of the act's transition clause)."""
    end = facts.regime.ends(facts.kind)
    if end is None or facts.at < end or facts.result_in(state) is not None:
        return None
    return Refusal(Code.REGIME_ENDED, Holder(Function.AUTHORITY, Level.PROVINCE), {"regime": facts.regime.id, "ended_at": end})


def district_exists(state: CaseState, facts: Facts) -> Refusal | None:
    """District acts end with the district level on 1 July 2025."""
    if facts.at < DISTRICTS_END:
        return None
    return Refusal(Code.DISTRICT_ABOLISHED, Holder(Function.OFFICER, Level.PROVINCE), {"ended_at": DISTRICTS_END, "state": state})


def filing_open(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """A dossier is filed inside its regime's interval; from 1 to 5 July 2025 no level could take it, so it waits."""
    regime = facts.regime
    if facts.at < regime.filed_from:
        return Refusal(Code.FILING_NOT_OPEN, NOBODY, {"regime": regime.id, "opens_at": regime.filed_from})
    if Level.DISTRICT in regime.levels and regime.filed_before and DISTRICTS_END <= facts.at < regime.filed_before:
        return Refusal(Code.FILING_WAITS, NOBODY, {"opens_at": regime.filed_before})
    return None


def round_ahead(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """There is an open round in which every stage still to meet lies ahead; a reassessment needs none."""
    if facts.joins or not facts.needs_round:
        return None
    return Refusal(Code.NO_OPEN_ROUND, Holder(Function.AUTHORITY, Level.PROVINCE), {"at": facts.at})


def next_round_ahead(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """A new attempt in the middle of evaluation needs a next round, unless nothing of a round is left to meet."""
    in_evaluation = facts.left in LEVEL_OF or facts.left is CaseState.RETURNED
    if facts.joins or not facts.needs_round or not in_evaluation:
        return None
    return Refusal(Code.NO_NEXT_ROUND, Holder(Function.AUTHORITY, Level.PROVINCE), {"at": facts.at})


def _no_result(state: CaseState) -> Refusal:
    return Refusal(Code.RESULT_MISSING, Holder(Function.CHAIR, LEVEL_OF.get(state)), {"state": state})


def concluded(state: CaseState, facts: Facts) -> Refusal | None:
    """The council of this level has given its result."""
    return None if facts.result_in(state) else _no_result(state)


def not_concluded(state: CaseState, facts: Facts) -> Refusal | None:
    """A result stands until a new decision of equal standing changes it."""
    result = facts.results.get(LEVEL_OF[state]) if state in LEVEL_OF else None
    if result is None:
        return None
    return Refusal(
        Code.ALREADY_CONCLUDED, Holder(Function.AUTHORITY, LEVEL_OF[state]), {"state": state, "mean": result.mean, "stars": result.stars}
    )


def _on_result(check: Callable[[CaseState, Facts, Result], Refusal | None]) -> Guard:
    """A guard that first asks for the result, and judges it where there is one."""

    def guard(state: CaseState, facts: Facts) -> Refusal | None:
        result = facts.result_in(state)
        return check(state, facts, result) if result else _no_result(state)

    guard.__qualname__, guard.__doc__ = check.__qualname__, check.__doc__
    return guard


@_on_result
def reaches_threshold(state: CaseState, facts: Facts, result: Result) -> Refusal | None:
    """The mean reaches what the regime asks for to be sent up (``Regime.forward_from``)."""
    least = facts.regime.forward_from.get(LEVEL_OF[state])
    if least is None or result.mean >= least:
        return None
    return Refusal(Code.BELOW_THRESHOLD, Holder(Function.PRODUCER), {"mean": result.mean, "least": Fraction(least)})


@_on_result
def recognised_here(state: CaseState, facts: Facts, result: Result) -> Refusal | None:
    """The rank is recognised by the authority of this level (``Regime.recogniser``)."""
    if result.stars < min(facts.regime.recogniser):
        return Refusal(Code.BELOW_THREE_STARS, Holder(Function.PRODUCER), {"stars": result.stars, "mean": result.mean})
    level = facts.regime.recogniser[result.stars]
    if level is LEVEL_OF[state]:
        return None
    return Refusal(Code.NOT_RECOGNISED_HERE, Holder(Function.AUTHORITY, level), {"stars": result.stars, "level": level})


@_on_result
def centre_gave_three_or_four(state: CaseState, facts: Facts, result: Result) -> Refusal | None:  # noqa: ARG001
    """The province recognises on the centre's result where that is three or four stars."""
    if result.stars < min(facts.regime.recogniser):
        return Refusal(Code.BELOW_THREE_STARS, Holder(Function.PRODUCER), {"stars": result.stars, "mean": result.mean})
    if facts.regime.recogniser[result.stars] is Level.CENTRE:
        return Refusal(Code.CENTRE_GAVE_FIVE, Holder(Function.AUTHORITY, Level.CENTRE), {"stars": result.stars})
    return None


@_on_result
def centre_gave_less_than_five(state: CaseState, facts: Facts, result: Result) -> Refusal | None:  # noqa: ARG001
    """The province may judge again only where the centre did not give five stars."""
    if facts.regime.recogniser.get(result.stars) is Level.CENTRE:
        return Refusal(Code.CENTRE_GAVE_FIVE, Holder(Function.AUTHORITY, Level.CENTRE), {"stars": result.stars})
    return None


@_on_result
def is_three_stars(state: CaseState, facts: Facts, result: Result) -> Refusal | None:  # noqa: ARG001
    """Only a three-star result goes down to the district, which recognises it (QĐ 148/QĐ-TTg, 2023)."""
    return None if result.stars == min(facts.regime.recogniser) else Refusal(Code.NOT_THREE_STARS, NOBODY, {"stars": result.stars})


@_on_result
def below_three_stars(state: CaseState, facts: Facts, result: Result) -> Refusal | None:
    """Below three stars there is no decision and no certificate."""
    if result.stars >= min(facts.regime.recogniser):
        level = facts.regime.recogniser[result.stars]
        return Refusal(Code.THREE_STARS_REACHED, Holder(Function.AUTHORITY, level), {"stars": result.stars, "mean": result.mean})
    if facts.kind is CaseKind.UPGRADE:
        return Refusal(Code.UPGRADE_KEEPS_RANK, Holder(Function.OFFICER, LEVEL_OF[state]), {"stars": result.stars})
    return None


@_on_result
def higher_than_held(state: CaseState, facts: Facts, result: Result) -> Refusal | None:
    """An upgrade is certified only above the rank that the product holds."""
    if facts.kind is not CaseKind.UPGRADE or facts.held is None or result.stars > facts.held.stars:
        return None
    return Refusal(Code.NOT_HIGHER, Holder(Function.OFFICER, LEVEL_OF[state]), {"stars": result.stars, "held": facts.held.stars})


@_on_result
def not_higher_than_held(state: CaseState, facts: Facts, result: Result) -> Refusal | None:
    """The rank is kept only by an upgrade that was judged not higher."""
    if facts.kind is not CaseKind.UPGRADE or facts.held is None:
        return Refusal(Code.NOT_AN_UPGRADE, NOBODY, {"kind": facts.kind})
    if result.stars <= facts.held.stars:
        return None
    return Refusal(Code.RANK_IS_HIGHER, Holder(Function.AUTHORITY, LEVEL_OF[state]), {"stars": result.stars, "held": facts.held.stars})


def deferred_by_cutoff(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """The late door opens for a cut-off of a plan; a date of the law is answered by an extra round instead."""
    if facts.missed is None:
        return Refusal(Code.NOT_BY_CUTOFF, Holder(Function.OFFICER, Level.PROVINCE), {})
    if facts.missed.statutory:
        return Refusal(
            Code.STATUTORY_DATE, Holder(Function.AUTHORITY, Level.PROVINCE), {"phrase": facts.missed.phrase, "source": facts.missed.source}
        )
    return None


def no_rival(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """A product has one running case at a time."""
    return Refusal(Code.RUNNING_CASE, Holder(Function.PRODUCER), {"case": facts.rival}) if facts.rival else None


def holds_certificate(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """An upgrade or reassessment starts from a certificate in force."""
    if facts.held is None:
        return Refusal(Code.CERTIFICATE_MISSING, Holder(Function.PRODUCER), {"kind": facts.kind})
    if not facts.held.in_force:
        return Refusal(
            Code.CERTIFICATE_ENDED, Holder(Function.PRODUCER), {"certificate": facts.held.code, "day": facts.held.last_valid_day}
        )
    return None


def no_certificate_in_force(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """A product that holds a certificate in force is raised or assessed again, not recognised a second time."""
    if facts.held is None or not facts.held.in_force:
        return None
    detail = {"certificate": facts.held.code, "stars": facts.held.stars, "day": facts.held.last_valid_day}
    return Refusal(Code.CERTIFICATE_IN_FORCE, Holder(Function.PRODUCER), detail)


def held_to_filing(state: CaseState, facts: Facts) -> Refusal | None:
    """An upgrade or reassessment is filed while its certificate is in force; after a lapse the product is registered anew."""
    return None if facts.kind is CaseKind.FIRST else holds_certificate(state, facts)


def window_open(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """A reassessment is filed from the 180th day before the certificate's end (QĐ 26/2026/QĐ-TTg, art. 7)."""
    if facts.opens_at is None or facts.at >= facts.opens_at:
        return None
    return Refusal(Code.TOO_EARLY, NOBODY, {"opens_at": facts.opens_at})


def round_not_closed(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """A closed round takes nobody in late; its deferred members have gone on to the next."""
    return Refusal(Code.ROUND_CLOSED, Holder(Function.OFFICER, Level.PROVINCE), {}) if facts.round_closed else None


def not_sent_down(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """What the province has sent down is certified here, not sent up again."""
    result = facts.results.get(Level.PROVINCE)
    if result is None:
        return None
    detail = {"state": CaseState.PROVINCIAL_EVALUATION, "mean": result.mean, "stars": result.stars}
    return Refusal(Code.ALREADY_CONCLUDED, Holder(Function.AUTHORITY, Level.DISTRICT), detail)


def not_published(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """A recognition is published once."""
    return Refusal(Code.ALREADY_PUBLISHED, NOBODY, {}) if facts.published else None


def not_accepted(state: CaseState, facts: Facts) -> Refusal | None:
    """A dossier is taken in once at a level; what comes back complete starts its clock by itself."""
    if facts.accepted is None or facts.accepted is not LEVEL_OF.get(state):
        return None
    return Refusal(Code.ALREADY_ACCEPTED, NOBODY, {"state": state})


def cutoff_reached(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """The system defers only at or after a cut-off with that effect."""
    waiting = [t for t in facts.terms if t.effect is Effect.DEFER]
    if any(facts.at >= t.due_at for t in waiting):
        return None
    first = min(waiting, key=lambda t: t.due_at, default=None)
    return Refusal(Code.TERM_STILL_RUNS, NOBODY, {"due_at": first.due_at if first else None})


def span_runs(state: CaseState, facts: Facts) -> Refusal | None:
    """A term that counts days is extended or suspended while it runs, never after its end; a named date is not moved for one case."""
    spans = [t for t in facts.terms if t.span]
    if any(facts.at < t.due_at for t in spans):
        return None
    if facts.suspended:
        stage, since = next(iter(facts.suspended.items()))
        return Refusal(Code.SPAN_SUSPENDED, NOBODY, {"stage": stage, "since": since})
    ended = {**facts.expired, **{t.stage: t.due_at for t in spans}}
    if ended:
        stage, due_at = next(iter(ended.items()))
        return Refusal(Code.SPAN_EXPIRED, NOBODY, {"stage": stage, "due_at": due_at})
    named = min(facts.terms, key=lambda t: t.due_at, default=None)
    if named is not None:
        detail = {"stage": named.stage, "phrase": named.phrase, "source": named.source}
        return Refusal(Code.NAMED_DATE, Holder(Function.AUTHORITY, Level.PROVINCE), detail)
    return Refusal(Code.NO_SPAN, NOBODY, {"state": state})


def span_waits(state: CaseState, facts: Facts) -> Refusal | None:  # noqa: ARG001
    """Only a suspended term is resumed."""
    return None if facts.suspended else Refusal(Code.NOT_SUSPENDED, NOBODY, {})
