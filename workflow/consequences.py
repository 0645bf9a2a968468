"""What a lawful step brings with it: rounds joined, deadlines begun and ended, results, and what the case remembers. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Protocol

from deadlines.calendar import Edition, WorkingCalendar
from states.chart import Step
from states.errors import PayloadInvalid, Problem
from states.facts import Facts, Result
from states.regime import Regime, local_date
from states.vocabulary import CaseKind, CaseState, Effect, Event, Level, Stage, TermStatus, Track
from workflow.openings import LATE_DOOR, SpanTerm, again, late_door, of_law, of_plan
from workflow.paper import BRINGS_BACK, Past
from workflow.progress import OPENED_IN, central_ahead, stages_ahead, still_means
from workflow.projection import EARLY
from workflow.roundbook import OpenRound
from workflow.rows import CaseRow, TermRow
from workflow.situation import World, home, joinable, results_of
from workflow.spans import SPAN_EVENTS, Counting, Shift, remembered, shifted, spans_of


class LawTerms(Counting, Protocol):
    """Terms of the law that start with an event or count back from the end of a certificate."""

    def started_by(self, law: Regime, event: Event, kind: CaseKind) -> Sequence[SpanTerm]:
        """The spans that an event starts under a regime."""

    def span(self, law: Regime, name: str) -> SpanTerm:
        """A span by name. Raises UnknownName."""

    def calendar(self, editions: tuple[Edition, ...]) -> WorkingCalendar:
        """The calendar that ships, corrected by the tables of the country and of units."""

    def filing_window(self, law: Regime, last_valid_day: date) -> tuple[datetime, datetime] | None:
        """From when, and until which exclusive instant in good time, a reassessment is filed; None where the regime sets no window."""

    def long_ago(self, acted: date, today: date, calendar: WorkingCalendar) -> bool:
        """Whether an act on paper lies so far back that typing it takes a second person."""


@dataclass(slots=True)
class Consequences:
    """What goes into the entry beside the step itself."""

    attempt: int
    round: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    opened: list[dict[str, Any]] = field(default_factory=list)
    closed: list[tuple[str, TermStatus]] = field(default_factory=list)
    set: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def remember(self, key: str, value: object) -> None:
        """Change one key of the case's memo; None forgets it."""
        self.set.setdefault("memo", {})[key] = value


"""The deadline of a single case that was let in late."""

_TOUCHES_ROUNDS = frozenset({Event.FILE, Event.NOMINATE, Event.REENTER, Event.REEVALUATE, Event.SORT, Event.REINSTATE, Event.ADMIT_LATE})


def consequences(  # noqa: PLR0913
    world: World,
    case: CaseRow | None,
    terms: Sequence[TermRow],
    step: Step,
    facts: Facts,
    data: Mapping[str, Any],
    unit: str,
    terms_of_law: LawTerms,
    expired: TermRow | None = None,
    past: Past | None = None,
) -> Consequences:
    """Work out the consequences of a step.

    Args:
        world: Registry and rounds.
        case: The case before; None when it is registered.
        terms: Its running terms.
        step: The step.
        facts: The facts that it was judged on.
        data: Its payload.
        unit: Commune of the case.
        terms_of_law: Terms of the law that events start.
        expired: The term whose cut-off made the system act.
        past: What has become of the case since an act on paper, where one is typed now.

    Raises:
        PayloadInvalid: A named round cannot be joined, a date lies wrong, or typed stars contradict the law's bands.
    """
    event, law = step.event, facts.regime
    attempt = case.attempt if case else 1
    if event is Event.REENTER:
        attempt += 1
    out = Consequences(attempt)
    if event is Event.CONCLUDE and step.rule.level:
        out.result = _result(law, step.rule.level, data, facts.at, out)
    results = results_of(case.memo) if case else {}
    before = _ahead(facts, home(case), results) if case else ()
    if out.result:
        results = results_of({"results": {**{str(k): _plain(v) for k, v in results.items()}, str(step.rule.level): out.result}})
    if step.rule.voids:
        out.set["void"] = [str(level) for level in results if event is Event.REENTER or level is not Level.DISTRICT]
        results = {} if event is Event.REENTER else {k: v for k, v in results.items() if k is Level.DISTRICT}
    goes_to = _home_after(case, step)
    ahead = _ahead(facts, goes_to, results)
    if past is not None and event in BRINGS_BACK:
        _bring_back(world, terms, event, past, out)
        return out
    joined = _joins(world, case, terms, step, facts, data, goes_to, out, past)
    if past is not None:
        terms = (*terms, *(t for t in past.recorded if t.stage in step.rule.meets))
    _close(terms, step, facts, goes_to, ahead, out, expired, moved=joined is not None)
    calendar = terms_of_law.calendar(world.editions(unit, local_date(facts.at)))
    spans = remembered(case, step, goes_to, ahead, expired)
    if event in SPAN_EVENTS and case is not None:
        spans = _shift(shifted(case, terms, event, facts, data, terms_of_law, calendar), out)
    if event is Event.REDATE and case is not None:
        _redate(world, case, terms, facts, ahead, out)
    else:
        stays = out.round is None and goes_to not in EARLY
        fresh = tuple(stage for stage in ahead if stage not in before) if stays else ()
        _open_of_rounds(world, case, step, facts, joined, ahead if joined else fresh, out)
    if event is Event.ADMIT_LATE and facts.missed:
        out.opened.append(late_door(facts.missed, data, facts.at))
    _open_of_plan(world, step, facts, unit, goes_to, out)
    _open_of_law(step, facts, terms, goes_to, terms_of_law, calendar, spans, out)
    _keep_spans(case, spans, out)
    _note(step, facts, terms_of_law, out)
    _remember(step, facts, data, out, expired)
    return out


def _shift(shift: Shift, out: Consequences) -> dict[str, Any]:
    out.closed += shift.closed
    out.opened += shift.opened
    return shift.spans


def _keep_spans(case: CaseRow | None, spans: dict[str, Any], out: Consequences) -> None:
    if spans != (spans_of(case.memo) if case else {}):
        out.remember("spans", spans or None)


def _ahead(facts: Facts, state: CaseState, results: Mapping[Level, Result]) -> tuple[Stage, ...]:
    return stages_ahead(facts.regime, state, results, facts.kind) + central_ahead(state, results)


def _plain(result: Result) -> dict[str, Any]:
    return {
        "mean": str(result.mean),
        "stars": result.stars,
        "missed": list(result.missed),
        "on": result.on.isoformat() if result.on else "",
    }


def _result(law: Regime, level: Level, data: Mapping[str, Any], at: datetime, out: Consequences) -> dict[str, Any]:
    mean = Fraction(data["mean"])
    missed = sorted(int(floor) for floor in data.get("floors_missed", ()))
    stars = law.rank(mean, tuple(missed))
    if "stars" in data and data["stars"] != stars:
        raise PayloadInvalid([Problem("/stars", "stars_differ", {"regime": law.id, "mean": mean, "stars": stars})], event=Event.CONCLUDE)
    if missed:
        out.notes.append("floor_missed" if law.uses_floors else "floors_not_applied")
    if not law.uses_floors and any(lower - 1 < mean < lower for _, lower in law.bands):
        # QĐ 1048 writes closed integer bands (70-89, 90-100); what lies between is ranked by the lower bounds.
        out.notes.append("between_bands")
    on = data.get("minutes_date") or local_date(at).isoformat()
    return {"level": str(level), "mean": str(mean), "stars": stars, "missed": missed, "on": on}


def _home_after(case: CaseRow | None, step: Step) -> CaseState:
    """The state that the case goes back to once it is in the step's target."""
    if case is not None and (step.target is CaseState.RETURNED or step.event is Event.OVERRIDE):
        return home(case)
    return step.target


def _joins(  # noqa: PLR0913
    world: World,
    case: CaseRow | None,
    terms: Sequence[TermRow],
    step: Step,
    facts: Facts,
    data: Mapping[str, Any],
    goes_to: CaseState,
    out: Consequences,
    past: Past | None,
) -> OpenRound | None:
    """The round that the step joins; recorded in ``out.round``."""
    event = step.event
    if past is not None and event is Event.FORWARD and past.sorted_from:
        # Proposed in time, only typed later: the case stays in the round that it was sorted out of.
        out.round = {"provincial": past.sorted_from}
        return world.book.get(past.sorted_from)
    # A proposal received after a date that sorts, and before the sweep has come by, is sorted by itself.
    sorts = event is Event.FORWARD and any(t.effect is Effect.SORT and t.stage in step.rule.meets and facts.at >= t.due_at for t in terms)
    if case is None or (event not in _TOUCHES_ROUNDS and not sorts):
        return None
    if event is Event.REENTER and goes_to in EARLY:
        # Back before filing: the case belongs to no round until it is filed again.
        out.round = {"provincial": None, "central": None} if case.round or case.central_round else None
        return None
    if event in {Event.REINSTATE, Event.ADMIT_LATE}:
        code = case.central_round if goes_to is CaseState.NATIONAL_NOMINATION else case.round
        return world.book.get(code) if code else None
    coming = _central(world, case, facts) if event is Event.NOMINATE else _candidates(world, case, event, facts, data)
    if coming and coming[0].row.track is Track.CENTRAL:
        out.round = {"central": coming[0].row.code}
    elif coming:
        out.round = {"provincial": coming[0].row.code, **({"central": None} if event is Event.REEVALUATE else {})}
    elif event is Event.REENTER and facts.needs_round:
        # Entered anew by an override, while no round takes it: it leaves the one that it missed.
        out.round = {"central" if goes_to is CaseState.NATIONAL_NOMINATION else "provincial": None}
    return coming[0] if coming else None


def _central(world: World, case: CaseRow, facts: Facts) -> tuple[OpenRound, ...]:
    """Central rounds ahead of a nomination; a case may be nominated while there is none."""
    centre = world.registry.at_level(case.unit, Level.CENTRE, local_date(facts.at))
    return world.book.joinable(centre, Track.CENTRAL, (Stage.PROVINCE_TO_CENTRE, Stage.NATIONAL_EVAL), facts.at) if centre else ()


def _candidates(world: World, case: CaseRow, event: Event, facts: Facts, data: Mapping[str, Any]) -> tuple[OpenRound, ...]:
    """Rounds that the event could join, the earliest first; the one that a person named, where one was."""
    coming = joinable(world, case, facts.regime, facts.at, event)
    named = data.get("round")
    if named is not None and named not in {r.row.code for r in coming}:
        raise PayloadInvalid([Problem("/round", "round_not_joinable", {"round": named})], event=event)
    present = {case.round, case.central_round} if event in {Event.SORT, Event.FORWARD} else set()
    return tuple(r for r in coming if named in {None, r.row.code} and r.row.code not in present)


def _close(  # noqa: PLR0913
    terms: Sequence[TermRow],
    step: Step,
    facts: Facts,
    goes_to: CaseState,
    ahead: tuple[Stage, ...],
    out: Consequences,
    expired: TermRow | None,
    *,
    moved: bool,
) -> None:
    for term in terms:
        if expired is not None and term.id == expired.id:
            out.closed.append((term.id, TermStatus.PASSED))
        elif term.stage in step.rule.meets:
            out.closed.append((term.id, TermStatus.MET))
            if facts.at >= term.due_at:
                out.notes.append(f"late:{term.stage}")
        elif (
            not still_means(term.stage, goes_to, ahead)
            or (moved and term.round is not None and step.event is not Event.NOMINATE)
            or (term.stage is Stage.REASSESSMENT and step.event is Event.RETURN_FOR_COMPLETION)
        ):
            out.closed.append((term.id, TermStatus.DROPPED))


def _open_of_rounds(  # noqa: PLR0913
    world: World,
    case: CaseRow | None,
    step: Step,
    facts: Facts,
    joined: OpenRound | None,
    stages: tuple[Stage, ...],
    out: Consequences,
) -> None:
    """Dates of the round joined; else those that a step brings ahead in the rounds that the case is in already."""
    late = facts.missed.stage if step.event is Event.ADMIT_LATE and facts.missed else None
    found = [joined] if joined else [r for code in (case.round, case.central_round) if code and (r := world.book.get(code))] if case else []
    for each in found:
        for stage, deadline in each.stages.items():
            if stage in stages and stage is not late and deadline.cutoff is not None and facts.at < deadline.cutoff:
                out.opened.append(of_plan(stage, deadline))


def _redate(  # noqa: PLR0913
    world: World, case: CaseRow, terms: Sequence[TermRow], facts: Facts, ahead: tuple[Stage, ...], out: Consequences
) -> None:
    """Dates of the case's rounds as they are now in place of those that run; a new date that has passed already changes nothing."""
    for each in (r for code in (case.round, case.central_round) if code and (r := world.book.get(code))):
        for stage, deadline in each.stages.items():
            running = [t for t in terms if t.stage is stage and t.round == each.row.code]
            same = any(t.deadline == deadline.id and t.due_at == deadline.cutoff and t.effect is deadline.effect for t in running)
            # Who was let in late until a later day keeps that day.
            longer = any(t.deadline == LATE_DOOR and deadline.cutoff is not None and t.due_at >= deadline.cutoff for t in running)
            if stage in ahead and not same and not longer and deadline.cutoff is not None and facts.at < deadline.cutoff:
                out.closed += [(t.id, TermStatus.DROPPED) for t in running]
                out.opened.append(of_plan(stage, deadline))


def _open_of_law(  # noqa: PLR0913
    step: Step,
    facts: Facts,
    terms: Sequence[TermRow],
    goes_to: CaseState,
    law: LawTerms,
    calendar: WorkingCalendar,
    kept: Mapping[str, Any],
    out: Consequences,
) -> None:
    """Spans that the event starts; one that runs already runs on, and one that is suspended waits."""
    # What was returned at a level starts that level's reassessment clock anew once it is complete.
    started = Event.ACCEPT if step.event is Event.COMPLETE and goes_to is not CaseState.COMMUNE_CHECK else step.event
    ended = {term for term, _ in out.closed}
    waiting = {Stage(stage) for stage, span in kept.items() if "suspended" in span}
    running = {t.stage for t in terms if t.id not in ended} | waiting
    spans = law.started_by(facts.regime, started, facts.kind)
    out.opened += [of_law(span, local_date(facts.at), calendar) for span in spans if span.stage not in running]


def _note(step: Step, facts: Facts, law: LawTerms, out: Consequences) -> None:
    """What the asker should hear beside the step."""
    if step.event is Event.NOMINATE:
        result = facts.result_in(CaseState(step.source))
        if result is not None and max(facts.regime.recogniser) in result.missed and facts.regime.uses_floors:
            out.notes.append("five_star_floor_missed")
    if step.event is Event.FILE and facts.kind is CaseKind.REASSESSMENT and facts.held is not None:
        window = law.filing_window(facts.regime, facts.held.last_valid_day)
        if window is not None and facts.at >= window[1]:
            out.notes.append("late_window")


def _open_of_plan(  # noqa: PLR0913
    world: World, step: Step, facts: Facts, unit: str, goes_to: CaseState, out: Consequences
) -> None:
    """Deadlines of the plan as a whole that begin with the state entered."""
    entered = step.source is not step.target and step.event not in {Event.REINSTATE, Event.ADMIT_LATE}
    stages = OPENED_IN.get(goes_to, ()) if entered else ()
    registers = step.event is Event.REGISTER
    if registers and facts.kind is CaseKind.UPGRADE:
        stages = (*stages, Stage.UPGRADE)
    if not stages and not registers:
        return
    today = local_date(facts.at)
    province = world.registry.province(unit, today)
    for stage in stages:
        general = world.book.general(province, stage, today.year)
        if general is not None and general.cutoff is not None and facts.at < general.cutoff:
            out.opened.append(of_plan(stage, general))
    registration = world.book.general(province, Stage.IDEA_REGISTRATION, today.year) if registers else None
    if registration is not None and registration.cutoff is not None and facts.at >= registration.cutoff:
        out.notes.append(f"late:{Stage.IDEA_REGISTRATION}")


def _bring_back(world: World, terms: Sequence[TermRow], event: Event, past: Past, out: Consequences) -> None:
    """The case as it was before a cut-off deferred it: rounds and hands of that attempt, and every deadline that ran then.

    Dates of a round are those that it has now; what has passed meanwhile is settled after the act itself.
    """
    assert past.deferred is not None  # noqa: S101 - nothing else is brought back
    out.closed += [(term.id, TermStatus.DROPPED) for term in terms]
    if event is Event.REINSTATE:
        out.remember("missed", None)
        out.opened += [again(world, term) for term in past.terms]
        return
    out.attempt = past.deferred.attempt
    out.round = {"provincial": past.deferred.round, "central": past.deferred.central_round}
    out.remember("missed", past.deferred.memo.get("missed"))
    out.remember("hands", past.deferred.memo.get("hands", {}))


def _remember(step: Step, facts: Facts, data: Mapping[str, Any], out: Consequences, expired: TermRow | None) -> None:
    event = step.event
    if event is Event.DEFER:
        missed = None
        if expired is not None:
            statutory = any(t.statutory for t in facts.terms if t.stage is expired.stage and t.due_at == expired.due_at)
            missed = {
                "stage": str(expired.stage),
                "due_at": expired.due_at.isoformat(),
                "effect": str(expired.effect),
                "phrase": expired.phrase,
                "source": expired.source,
                "round": expired.round,
                "statutory": statutory,
            }
        out.remember("missed", missed)
    elif step.source is CaseState.DEFERRED and step.target is not CaseState.DEFERRED:
        out.remember("missed", None)
    if event is Event.PUBLISH:
        out.remember("published", data["published_on"])
    if event is Event.ACCEPT and step.rule.level:
        out.remember("accepted", {"level": str(step.rule.level), "attempt": out.attempt})
    elif step.rule.voids and facts.accepted:
        out.remember("accepted", None)
    if event is Event.CERTIFY and step.rule.level:
        out.remember("recognised", str(step.rule.level))
    if event is Event.FALL_BACK:
        out.remember("recognised", str(Level.PROVINCE))
    if event in {Event.REGISTER, Event.FILE} and "group" in data:
        out.remember("group", data["group"])
