"""The chart of a case: states, events and rules, one variant per regime."""

from collections.abc import Iterator
from functools import cache

from states import forms, guards
from states.chart import START, Chart, Rule, State
from states.facts import LEVEL_OF
from states.guards import Guard
from states.payload import Field
from states.regime import REGIMES, Regime, regime
from states.rights import rights_of
from states.vocabulary import CaseKind, CaseState, Event, Level, Stage, StateKind

S = CaseState

KIND_OF: dict[CaseState, StateKind] = {
    **dict.fromkeys(
        (
            S.IDEA_REGISTERED,
            S.SELECTED,
            S.BUSINESS_PLAN,
            S.DISTRICT_EVALUATION,
            S.COMMUNE_CHECK,
            S.PROVINCIAL_EVALUATION,
            S.NATIONAL_NOMINATION,
            S.RETURNED,
        ),
        StateKind.ACTIVE,
    ),
    **dict.fromkeys((S.CERTIFIED, S.DEFERRED, S.NOT_SELECTED, S.NOT_RANKED, S.ELIMINATED), StateKind.RESTING),
    **dict.fromkeys((S.UPGRADED, S.UNCHANGED, S.WITHDRAWN), StateKind.FINAL),
}
"""Active, resting or final, for every state."""

RUNNING = frozenset(s for s, kind in KIND_OF.items() if kind is StateKind.ACTIVE) | {S.DEFERRED}
"""States in which a case still occupies its product: one running case a product."""

_EVALUATED_BY = {Level.DISTRICT: Stage.DISTRICT_EVAL, Level.PROVINCE: Stage.PROVINCE_EVAL, Level.CENTRE: Stage.NATIONAL_EVAL}


class _Builder:
    """Declares rules for one regime; the rights table names who."""

    def __init__(self, law: Regime) -> None:
        self.law = law
        self.rights = rights_of(law)
        self.early = (S.IDEA_REGISTERED, S.SELECTED, S.BUSINESS_PLAN)
        self.check = law.first_evaluation
        self.councils = tuple(
            state for state in (S.DISTRICT_EVALUATION, S.PROVINCIAL_EVALUATION, S.NATIONAL_NOMINATION) if LEVEL_OF[state] in law.levels
        )
        self.handled = (*(() if self.check in self.councils else (self.check,)), *self.councils)
        self.filed_from = (S.BUSINESS_PLAN, *(() if law.idea_step else (S.IDEA_REGISTERED, S.SELECTED, S.NOT_SELECTED)))
        self.active = (*self.early, *self.handled, S.RETURNED)

    def rule(  # noqa: PLR0913 - a rule has many sides; every one is named at the call
        self,
        event: Event,
        source: State,
        target: CaseState,
        *guard: Guard,
        topic: str = "house",
        payload: tuple[Field, ...] = (),
        meets: tuple[Stage, ...] = (),
        selects: CaseState | None = None,
        origin: CaseState | None = None,
        kinds: tuple[CaseKind, ...] = tuple(CaseKind),
        recognised: Level | None = None,
        reason: bool = False,
        paper: bool = False,
        voids: bool = False,
        automatic: bool = False,
        name: str = "",
    ) -> Rule:
        district = S.DISTRICT_EVALUATION in {source, target} and not automatic and event not in {Event.WITHDRAW, Event.DEFER}
        progresses = event not in _AFTER_THE_END and not automatic and (event is not Event.REENTER or source is S.DEFERRED)
        conditions = (*((guards.regime_runs,) if progresses else ()), *((guards.district_exists,) if district else ()), *guard)
        row, seats = self.rights.row(event, recognised, origin, selects, source, automatic=automatic)
        parts = (event, name or source, selects, origin, recognised, "cutoff" if automatic else None)
        return Rule(
            name=".".join(str(part) for part in parts if part),
            event=event,
            source=source,
            target=target,
            duty=self.rights.duty(event, automatic=automatic),
            seats=seats,
            row=row,
            level=LEVEL_OF.get(source) if isinstance(source, CaseState) else None,
            guards=conditions,
            selects=selects,
            origin=origin,
            kinds=kinds,
            recognised=recognised,
            payload=payload,
            reason=reason,
            paper=paper,
            meets=meets,
            voids=voids,
            topic=topic,
        )

    def rules(self) -> Iterator[Rule]:
        """Every rule, in the order of the cycle."""
        yield from self._first_steps()
        yield from self._evaluation()
        yield from self._decisions()
        yield from self._completion()
        yield from self._deferral()
        yield from self._new_attempts()
        yield from self._ends()
        yield from self._spans()
        yield from self._overrides()

    def _first_steps(self) -> Iterator[Rule]:
        yield self.rule(
            Event.REGISTER,
            START,
            S.IDEA_REGISTERED,
            guards.no_rival,
            guards.no_certificate_in_force,
            topic="idea",
            payload=forms.REGISTER,
            meets=(Stage.IDEA_REGISTRATION,),
            kinds=(CaseKind.FIRST,),
        )
        yield self.rule(
            Event.REGISTER,
            START,
            S.BUSINESS_PLAN,
            guards.no_rival,
            guards.holds_certificate,
            topic="idea",
            payload=forms.REGISTER,
            kinds=(CaseKind.UPGRADE, CaseKind.REASSESSMENT),
            name="again",
        )
        selection = (Stage.IDEA_SELECTION,)
        yield self.rule(Event.SELECT, S.IDEA_REGISTERED, S.SELECTED, topic="idea", payload=forms.SELECT, meets=selection, paper=True)
        yield self.rule(
            Event.DECLINE, S.IDEA_REGISTERED, S.NOT_SELECTED, topic="idea", payload=forms.DECLINE, meets=selection, reason=True, paper=True
        )
        yield self.rule(
            Event.SUBMIT_PLAN, S.SELECTED, S.BUSINESS_PLAN, topic="plan", payload=forms.SUBMIT_PLAN, meets=(Stage.PLAN_TRAINING,)
        )
        for source in self.filed_from:
            rival = (guards.no_rival,) if source is S.NOT_SELECTED else ()
            yield self.rule(
                Event.FILE,
                source,
                self.check,
                guards.filing_open,
                guards.round_ahead,
                guards.held_to_filing,
                guards.window_open,
                *rival,
                topic="file",
                payload=forms.FILE,
                meets=(Stage.PLAN_EXECUTION,),
                paper=True,
            )

    def _evaluation(self) -> Iterator[Rule]:
        if self.check is S.COMMUNE_CHECK:
            stages = (Stage.COMMUNE_CHECK, Stage.COMMUNE_TO_PROVINCE)
            yield self.rule(
                Event.FORWARD,
                S.COMMUNE_CHECK,
                S.PROVINCIAL_EVALUATION,
                guards.before_cutoff(Stage.COMMUNE_TO_PROVINCE),
                topic="check",
                payload=forms.FORWARD_COMMUNE,
                meets=stages,
                paper=True,
            )
        else:
            yield self.rule(
                Event.FORWARD,
                S.DISTRICT_EVALUATION,
                S.PROVINCIAL_EVALUATION,
                guards.not_sent_down,
                guards.reaches_threshold,
                guards.before_cutoff(Stage.DISTRICT_TO_PROVINCE),
                topic="forward",
                payload=forms.FORWARD_DISTRICT,
                meets=(Stage.DISTRICT_TO_PROVINCE,),
                paper=True,
            )
        for state in (S.PROVINCIAL_EVALUATION, S.NATIONAL_NOMINATION):
            yield self.rule(Event.ACCEPT, state, state, guards.not_concluded, guards.not_accepted, topic="evaluate", payload=forms.ACCEPT)
        for state in self.councils:
            stage = _EVALUATED_BY[LEVEL_OF[state]]
            cutoff = guards.before_cutoff(stage)
            yield self.rule(
                Event.CONCLUDE,
                state,
                state,
                guards.not_concluded,
                cutoff,
                topic="evaluate",
                payload=forms.CONCLUDE,
                meets=(stage, Stage.REASSESSMENT),
                paper=True,
            )
        for state in self.councils:
            stage = _EVALUATED_BY[LEVEL_OF[state]]
            yield self.rule(
                Event.ELIMINATE,
                state,
                S.ELIMINATED,
                guards.not_concluded,
                guards.before_cutoff(stage),
                topic="evaluate",
                payload=forms.ELIMINATE,
                meets=(stage,),
                reason=True,
                paper=True,
            )

    def _decisions(self) -> Iterator[Rule]:
        deciding = [s for s in self.councils if LEVEL_OF[s] in self.law.recogniser.values()]
        for state in deciding:
            yield self.rule(
                Event.CERTIFY,
                state,
                S.CERTIFIED,
                guards.recognised_here,
                guards.higher_than_held,
                topic="recognise",
                payload=forms.DECISION,
                meets=(Stage.UPGRADE,),
                paper=True,
            )
        yield self.rule(
            Event.NOMINATE,
            S.PROVINCIAL_EVALUATION,
            S.NATIONAL_NOMINATION,
            guards.reaches_threshold,
            guards.before_cutoff(Stage.PROVINCE_TO_CENTRE),
            topic="nominate",
            payload=forms.NOMINATE,
            meets=(Stage.PROVINCE_TO_CENTRE,),
            paper=True,
        )
        centre = S.NATIONAL_NOMINATION
        yield self.rule(
            Event.FALL_BACK,
            centre,
            S.CERTIFIED,
            guards.centre_gave_three_or_four,
            guards.higher_than_held,
            topic="nominate",
            payload=forms.DECISION,
            meets=(Stage.UPGRADE,),
            paper=True,
        )
        yield self.rule(
            Event.REEVALUATE,
            centre,
            S.PROVINCIAL_EVALUATION,
            guards.centre_gave_less_than_five,
            guards.round_ahead,
            topic="nominate",
            payload=forms.REEVALUATE,
            reason=True,
            paper=True,
            voids=True,
        )
        if Level.DISTRICT in self.law.recogniser.values():
            yield self.rule(
                Event.SEND_DOWN,
                S.PROVINCIAL_EVALUATION,
                S.DISTRICT_EVALUATION,
                guards.is_three_stars,
                topic="recognise",
                payload=forms.NOTICE,
            )
        for state in self.councils:
            yield self.rule(Event.CLOSE_UNRANKED, state, S.NOT_RANKED, guards.below_three_stars, topic="recognise", payload=forms.NOTICE)
        for state in self.councils:
            yield self.rule(Event.KEEP_RANK, state, S.UNCHANGED, guards.not_higher_than_held, topic="recognise", payload=forms.NOTICE)

    def _completion(self) -> Iterator[Rule]:
        for state in self.handled:
            yield self.rule(Event.RETURN_FOR_COMPLETION, state, S.RETURNED, guards.not_concluded, topic="evaluate", payload=forms.RETURN)
        for state in self.handled:
            yield self.rule(Event.COMPLETE, S.RETURNED, state, topic="evaluate", payload=forms.COMPLETE, selects=state)

    def _deferral(self) -> Iterator[Rule]:
        for state in self.active:
            for origin in self._origins(state):
                yield self.rule(Event.DEFER, state, S.DEFERRED, selects=origin, reason=True)
        for state in self.active:
            yield self.rule(Event.DEFER, state, S.DEFERRED, guards.cutoff_reached, topic="round", automatic=True)
        for event in (Event.SORT, Event.RECORD, Event.REDATE, Event.RECOUNT):
            for state in (*self.active, *((S.DEFERRED,) if event is Event.RECORD else ())):
                yield self.rule(event, state, state, topic="round", automatic=True)
        for state in self.active:
            yield self.rule(Event.UNDO_REENTER, state, S.DEFERRED, topic="round", automatic=True)
        for state in self.active:
            yield self.rule(Event.REINSTATE, S.DEFERRED, state, topic="round", selects=state, automatic=True)
        for state in self.active:
            yield self.rule(
                Event.ADMIT_LATE,
                S.DEFERRED,
                state,
                guards.deferred_by_cutoff,
                guards.round_not_closed,
                topic="round",
                payload=forms.ADMIT_LATE,
                selects=state,
                reason=True,
                paper=True,
            )

    def _origins(self, state: CaseState) -> tuple[CaseState | None, ...]:
        """Where a returned case may have come from; for any other state there is nothing to tell apart."""
        return self.handled if state is S.RETURNED else (None,)

    def _spans(self) -> Iterator[Rule]:
        for event, payload, guard in (
            (Event.EXTEND, forms.EXTEND, guards.span_runs),
            (Event.SUSPEND, forms.SUSPEND, guards.span_runs),
            (Event.RESUME, forms.RESUME, guards.span_waits),
        ):
            for state in (*self.handled, S.RETURNED):
                for origin in self._origins(state):
                    yield self.rule(
                        event, state, state, guard, payload=payload, selects=origin, reason=event is not Event.RESUME, paper=True
                    )

    def _overrides(self) -> Iterator[Rule]:
        """In every state that has a step with a reason that may be lifted (``states.overriding``)."""
        for state in (*self.filed_from, *self.councils, S.DEFERRED):
            yield self.rule(Event.OVERRIDE, state, state, payload=forms.OVERRIDE, reason=True, paper=True)

    def _new_attempts(self) -> Iterator[Rule]:
        for state in self.active:
            for origin in self._origins(state):
                yield self.rule(
                    Event.REENTER,
                    S.DEFERRED,
                    state,
                    guards.next_round_ahead,
                    topic="round",
                    payload=forms.REENTER,
                    selects=state,
                    origin=origin,
                )
        for state in (S.NOT_RANKED, S.ELIMINATED):
            yield self.rule(Event.REENTER, state, S.BUSINESS_PLAN, guards.no_rival, topic="idea", payload=forms.REENTER, voids=True)
        yield self.rule(Event.REENTER, S.NOT_SELECTED, S.IDEA_REGISTERED, guards.no_rival, topic="idea", payload=forms.REENTER)

    def _ends(self) -> Iterator[Rule]:
        for state in (*self.active, S.DEFERRED):
            yield self.rule(Event.WITHDRAW, state, S.WITHDRAWN, topic="house", reason=True)
        yield self.rule(Event.UPGRADE, S.CERTIFIED, S.UPGRADED, topic="recognise", automatic=True)
        for level in sorted(set(self.law.recogniser.values()), key=list(Level).index):
            yield self.rule(
                Event.PUBLISH, S.CERTIFIED, S.CERTIFIED, guards.not_published, topic="publish", payload=forms.PUBLISH, recognised=level
            )


_AFTER_THE_END = frozenset({Event.WITHDRAW, Event.REGISTER, Event.SELECT, Event.DECLINE, Event.SUBMIT_PLAN, Event.PUBLISH, Event.FILE})
"""Events that the end of a regime's evaluation leaves alone: first steps are not pinned yet, and the ends stay open."""


@cache
def case_chart(regime_id: str) -> Chart:
    """The chart of a case under a regime.

    Raises:
        UnknownName: No such regime.
    """
    builder = _Builder(regime(regime_id))
    main = {
        S.IDEA_REGISTERED: Event.SELECT,
        S.SELECTED: Event.SUBMIT_PLAN,
        S.BUSINESS_PLAN: Event.FILE,
        S.COMMUNE_CHECK: Event.FORWARD,
        S.DISTRICT_EVALUATION: Event.CONCLUDE,
        S.PROVINCIAL_EVALUATION: Event.CONCLUDE,
        S.NATIONAL_NOMINATION: Event.CONCLUDE,
        S.RETURNED: Event.COMPLETE,
        S.CERTIFIED: Event.PUBLISH,
        S.DEFERRED: Event.REENTER,
        S.NOT_SELECTED: Event.REENTER,
        S.NOT_RANKED: Event.REENTER,
        S.ELIMINATED: Event.REENTER,
    }
    states = [s for s in S if s in {*builder.active, *(k for k, v in KIND_OF.items() if v is not StateKind.ACTIVE)}]
    return Chart.of(f"case/{regime_id}", builder.rules(), states, {k: v for k, v in main.items() if k in states})


def all_charts() -> tuple[Chart, ...]:
    """The case chart of every regime, oldest first."""
    return tuple(case_chart(law.id) for law in REGIMES)
