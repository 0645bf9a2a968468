"""How long cases wait at each stage, read from their histories: what was known at any instant, and nothing that was written later.

A wait begins when the case enters the stage and ends with the act that meets it. Whatever ends it otherwise (deferred, withdrawn, or still
waiting) leaves an unfinished wait: it lasted at least so long. Waits are counted in whole local days.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import groupby, islice
from typing import Any

import orjson

from states.facts import Result
from states.regime import local_date, regime
from states.vocabulary import CaseKind, CaseState, Effect, Event, Level, NoteEvent, Stage, TermStatus
from workflow.ports import Store
from workflow.progress import central_ahead, stages_ahead

MET_BY: Mapping[Stage, Event] = {
    Stage.DISTRICT_EVAL: Event.CONCLUDE,
    Stage.DISTRICT_TO_PROVINCE: Event.FORWARD,
    Stage.COMMUNE_TO_PROVINCE: Event.FORWARD,
    Stage.PROVINCE_EVAL: Event.CONCLUDE,
    Stage.PROVINCE_TO_CENTRE: Event.NOMINATE,
    Stage.NATIONAL_EVAL: Event.CONCLUDE,
}
"""Stages that somebody waits at, and the act that ends the wait."""

WAITED_AT: Mapping[Stage, Level] = {
    Stage.DISTRICT_EVAL: Level.DISTRICT,
    Stage.DISTRICT_TO_PROVINCE: Level.DISTRICT,
    Stage.COMMUNE_TO_PROVINCE: Level.COMMUNE,
    Stage.PROVINCE_EVAL: Level.PROVINCE,
    Stage.PROVINCE_TO_CENTRE: Level.PROVINCE,
    Stage.NATIONAL_EVAL: Level.CENTRE,
}
"""Whose work it is."""

_WAITING = frozenset(
    {CaseState.DISTRICT_EVALUATION, CaseState.COMMUNE_CHECK, CaseState.PROVINCIAL_EVALUATION, CaseState.NATIONAL_NOMINATION}
)
_PAGE = 500
_BACK = frozenset({Event.REINSTATE, Event.ADMIT_LATE})


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline as a history opened it."""

    id: str
    stage: Stage
    round: str | None
    effect: Effect
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a history, cut down to what waits are counted from."""

    case: str
    event: str
    recorded: datetime
    effective: datetime
    attempt: int
    regime: str
    state: CaseState
    unit: str | None
    kind: CaseKind | None
    result: tuple[Level, Fraction] | None
    void: tuple[str, ...]
    opened: tuple[Due, ...]
    closed: tuple[tuple[str, TermStatus], ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """A case at a stage.

    Attributes:
        unit: Commune of the case.
        days: Whole days from entering to the act that met it; of an unfinished wait, the days that it surely lasted longer than, -1 for none.
        met: Whether it is finished.
        went_on: Whether the act left another stage to be met (a result that is sent up); of unfinished ones False.
        case, regime, stage, since: Which wait.
    """

    case: str
    unit: str
    regime: str
    stage: Stage
    since: date
    days: int
    met: bool
    went_on: bool = False


@dataclass(slots=True)
class Course:
    """What a history says of a case.

    Attributes:
        ahead: Stages that it has still to meet, the one that it waits at first; none where it is not on its way.
        since: Local day on which it began to wait there.
        waits: Waits that have ended.
        terms: Every deadline that it was ever given, by id, with the status it has.
        late: Ids of those that were met after their end.
    """

    case: str
    unit: str
    regime: str = ""
    state: CaseState = CaseState.IDEA_REGISTERED
    kind: CaseKind = CaseKind.FIRST
    attempt: int = 1
    ahead: tuple[Stage, ...] = ()
    since: date | None = None
    waits: list[Wait] = field(default_factory=list)
    terms: dict[str, tuple[Due, TermStatus]] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)

    def running(self) -> list[Due]:
        """Deadlines that run, the earliest first."""
        return sorted((d for d, status in self.terms.values() if status is TermStatus.RUNNING), key=lambda d: (d.at, d.id))

    def passed(self, round_: str, stage: Stage, at: datetime) -> bool:
        """Whether it missed a deadline of a round."""
        return any(status is TermStatus.PASSED and (d.round, d.stage, d.at) == (round_, stage, at) for d, status in self.terms.values())

    def met_late(self, due: Due) -> bool:
        """Whether a deadline was met after its end; one that put the case off was missed, whatever came later."""
        after = (w.met and w.stage is due.stage and w.since + timedelta(days=w.days) >= local_date(due.at) for w in self.waits)
        return due.id in self.late or (due.effect is Effect.RECORD and self.terms[due.id][1] is TermStatus.PASSED and any(after))

    def still_waiting(self, at: datetime) -> Wait | None:
        """The wait that goes on, as far as it has been seen by an instant."""
        if self.since is None or not self.ahead or self.ahead[0] not in MET_BY:
            return None
        return Wait(self.case, self.unit, self.regime, self.ahead[0], self.since, (local_date(at) - self.since).days - 1, met=False)


def steps_in(store: Store, codes: Iterable[str]) -> Iterator[Step]:
    """Acts of cases in the order of their codes, a page of histories at a time."""
    ahead = iter(codes)
    while page := list(islice(ahead, _PAGE)):
        yield from steps_of(store.bodies(page))


def steps_of(bodies: Iterable[str]) -> Iterator[Step]:
    """The acts of histories, from the texts of their entries; refused attempts and notes left out."""
    for body in bodies:
        entry = orjson.loads(body)
        if entry.get("outcome") == "denied" or entry["event"] in set(NoteEvent):
            continue
        given, terms, result = entry.get("set", {}), entry.get("terms", {}), entry.get("result")
        yield Step(
            case=entry["case"],
            event=entry["event"],
            recorded=datetime.fromisoformat(entry["recorded_at"]),
            effective=datetime.fromisoformat(entry["effective_at"]),
            attempt=entry.get("attempt") or 1,
            regime=entry.get("regime") or "",
            state=CaseState(entry["to"]),
            unit=given.get("unit"),
            kind=CaseKind(given["kind"]) if "kind" in given else None,
            result=(Level(result["level"]), Fraction(result["mean"])) if result else None,
            void=tuple(given.get("void", ())),
            opened=tuple(_due(term) for term in terms.get("open", ())),
            closed=tuple((term["id"], TermStatus(term["status"])) for term in terms.get("close", ())),
        )


def _due(term: Mapping[str, Any]) -> Due:
    return Due(term["id"], Stage(term["stage"]), term["round"], Effect(term["effect"]), datetime.fromisoformat(term["due_at"]))


def courses(steps: Iterable[Step], known: datetime | None = None) -> Iterator[Course]:
    """The course of each case, from its acts in their order; only those recorded before ``known`` count, where one is given."""
    for _, acts in groupby(steps, key=lambda step: step.case):
        seen = [act for act in acts if known is None or act.recorded < known]
        if seen:
            yield _course(seen)


@dataclass(slots=True)
class _Fold:
    """A course as far as it has been read, results by level, and where the case waited when it was deferred."""

    course: Course
    results: dict[Level, Result] = field(default_factory=dict)
    before: tuple[tuple[Stage, ...], date | None] | None = None


def _course(acts: Sequence[Step]) -> Course:
    fold = _Fold(Course(acts[0].case, acts[0].unit or ""))
    for act in acts:
        _take(fold, act)
    return fold.course


def _take(fold: _Fold, act: Step) -> None:
    course = fold.course
    course.kind = act.kind or course.kind
    if act.result:
        fold.results[act.result[0]] = Result(act.result[1], 0)
    for level in act.void:
        fold.results.pop(Level(level), None)
    _take_terms(course, act)
    anew, was = act.attempt != course.attempt, course.state
    course.attempt, course.regime, course.state = act.attempt, act.regime or course.regime, act.state
    if act.event in _BACK and fold.before is not None:
        # What looked like the end of the wait was none.
        course.ahead, course.since = fold.before
        course.waits = [w for w in course.waits if w.met or (w.stage, w.since) != (course.ahead[0] if course.ahead else None, course.since)]
    if act.state is CaseState.DEFERRED and was is not CaseState.DEFERRED and act.event != Event.UNDO_REENTER:
        fold.before = (course.ahead, course.since)
    ahead = _ahead(fold, act, was)
    if ahead[:1] != course.ahead[:1] or anew:
        day = local_date(act.effective)
        _end(course, act, day, ahead)
        course.since = day if ahead else None
    course.ahead = ahead


def _ahead(fold: _Fold, act: Step, was: CaseState) -> tuple[Stage, ...]:
    """Stages that a case has still to meet after an act; a returned one is waited for where it is."""
    if act.state is CaseState.RETURNED:
        return fold.before[0] if was is CaseState.DEFERRED and fold.before else fold.course.ahead
    if act.state not in _WAITING:
        return ()
    return stages_ahead(regime(fold.course.regime), act.state, fold.results, fold.course.kind) or central_ahead(act.state, fold.results)


def _end(course: Course, act: Step, day: date, ahead: tuple[Stage, ...]) -> None:
    """Keep the wait that this act ends."""
    if course.since is None or not course.ahead:
        return
    stage, days = course.ahead[0], max(0, (day - course.since).days)
    met = act.event == MET_BY[stage]
    seen = days if met else days - 1
    course.waits.append(Wait(course.case, course.unit, course.regime, stage, course.since, seen, met=met, went_on=met and bool(ahead)))


def _take_terms(course: Course, act: Step) -> None:
    for id_, status in act.closed:
        if id_ in course.terms:
            due = course.terms[id_][0]
            course.terms[id_] = (due, status)
            if status is TermStatus.MET and act.effective >= due.at:
                course.late.add(id_)
    for due in act.opened:
        course.terms[due.id] = (due, TermStatus.RUNNING)


def tally(found: Iterable[Course], round_: str) -> dict[Stage, Counter[str]]:
    """How the deadlines of a round stand, over its cases: ``met``, ``late``, ``passed``, ``running``; for each case the last of a stage."""
    counts: dict[Stage, Counter[str]] = {}
    for course in found:
        latest: dict[Stage, tuple[Due, TermStatus]] = {}
        for due, status in course.terms.values():
            if due.round == round_ and status is not TermStatus.DROPPED:
                latest[due.stage] = (due, status)
        for stage, (due, status) in latest.items():
            counts.setdefault(stage, Counter())["late" if course.met_late(due) else str(status)] += 1
    return counts
