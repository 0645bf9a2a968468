"""What a step is about, read fresh: whether the duty still stands, who holds it, and the line that a message says of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from deadlines.calendar import midnight
from deadlines.ladder import DutyKind, Ladders, Rung, ladders, last_valid_day
from notifications.audience import Hearer, hearers, holders_of, of_certificate, of_unit
from notifications.messages import DutyLine, Part
from states.regime import local_date
from states.vocabulary import CaseKind, CaseState, CertificateState, Effect, Stage
from workflow.activities import OpenActivity, open_activities
from workflow.plan_rows import plan_of
from workflow.ports import CaseQuery, Database, LoadedCase
from workflow.progress import central_ahead, stages_ahead, still_means
from workflow.rows import CaseRow, CertificateRow, ProducerRow, ProductRow, TermRow
from workflow.situation import World, home, joinable, law_of, results_of
from workflow.timeline import timeline

_FILED = frozenset({CaseState.DISTRICT_EVALUATION, CaseState.COMMUNE_CHECK, CaseState.PROVINCIAL_EVALUATION, CaseState.NATIONAL_NOMINATION})


class Turn(Enum):
    """Whether a step is to be said now."""

    SAY = "say"
    OVER = "over"
    """The duty is fulfilled, moved or dropped."""
    NOT_YET = "not yet"
    """An earlier deadline of the same case comes first."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a duty, whether it waits in the plan or stands in a message."""

    duty: str
    rung: str
    kind: DutyKind
    subject: str


@dataclass(slots=True)
class Desk:
    """Everything that a page of steps is judged on, read at once."""

    store: Database
    world: World
    now: datetime
    cases: Mapping[str, LoadedCase] = field(default_factory=dict)
    products: Mapping[str, ProductRow] = field(default_factory=dict)
    producers: Mapping[str, ProducerRow] = field(default_factory=dict)
    certificates: dict[str, CertificateRow | None] = field(default_factory=dict)
    ladders: Ladders = field(default_factory=ladders)
    _terms: dict[str, dict[str, TermRow]] = field(default_factory=dict)
    _activities: dict[str, dict[str, OpenActivity]] = field(default_factory=dict)
    _hearers: dict[Step, tuple[Hearer, ...]] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The local day."""
        return local_date(self.now)

    def take(self, steps: Iterable[Step], cases: Iterable[str] = ()) -> None:
        """Read what these steps, and some more cases, are about."""
        steps = list(steps)
        codes = [*cases, *(step.subject for step in steps if step.kind is DutyKind.TERM)]
        for step in steps:
            if step.kind is DutyKind.CERTIFICATE:
                held = self.certificates[step.subject] = self.store.load_certificate(step.subject)
                codes += [held.case] if held is not None else []
        wanted = [code for code in dict.fromkeys(codes) if code not in self.cases]
        if not wanted:
            return
        self.cases = {**self.cases, **self.store.load_cases(wanted)}
        rows = [loaded.case for loaded in self.cases.values()]
        self.products = {row.code: row for row in self.store.products([case.product for case in rows])}
        self.producers = {row.code: row for row in self.store.producers([case.producer for case in rows])}

    def term(self, step: Step) -> TermRow | None:
        """The deadline of a step, whatever has become of it."""
        loaded = self.cases.get(step.subject)
        running = next((term for term in loaded.terms if term.id == step.duty), None) if loaded else None
        if running is not None or loaded is None:
            return running
        if step.subject not in self._terms:
            self._terms[step.subject] = {term.id: term for term in self.store.terms(step.subject)}
        return self._terms[step.subject].get(step.duty)

    def activity(self, step: Step) -> OpenActivity | None:
        """An activity that is still open; None once it is reported done or cancelled, or its plan is replaced."""
        if step.subject not in self._activities:
            row = self.store.load_plan(step.subject)
            found: tuple[OpenActivity, ...] = ()
            if row is not None:
                found = open_activities(plan_of(row), row, self.store.stages(plan=row.code), timeline(self.store, row.code))
            self._activities[step.subject] = {duty.id: duty for duty in found}
        return self._activities[step.subject].get(step.duty)

    def rung(self, step: Step) -> Rung | None:
        """The step of the ladder; None where the ladder no longer has it."""
        return self.ladders.rung(step.kind, step.rung)

    def turn(self, step: Step) -> Turn:
        """Whether a step is to be said now."""
        rung = self.rung(step)
        if rung is None:
            return Turn.OVER
        if step.kind is DutyKind.TERM:
            return self._turn_of_term(step, rung)
        if step.kind is DutyKind.CERTIFICATE:
            return Turn.SAY if self._certificate_stands(step.subject) else Turn.OVER
        return Turn.SAY if self.activity(step) is not None else Turn.OVER

    def _turn_of_term(self, step: Step, rung: Rung) -> Turn:
        loaded, term = self.cases.get(step.subject), self.term(step)
        if loaded is None or term is None:
            return Turn.OVER
        case = loaded.case
        if rung.after:
            return Turn.SAY if _still_owed(case, term, self.now) else Turn.OVER
        if term not in loaded.terms or self.now >= term.due_at:
            return Turn.OVER
        first = min((t for t in loaded.terms if t.due_at > self.now), key=lambda t: (t.due_at, t.id), default=term)
        return Turn.SAY if first.id == term.id else Turn.NOT_YET

    def _certificate_stands(self, code: str) -> bool:
        """In force, and nobody has filed for another assessment of the product yet."""
        row = self.certificates.get(code)
        if row is None or row.state is not CertificateState.IN_FORCE:
            return False
        open_cases = self.store.cases(CaseQuery(product=self.cases[row.case].case.product, states=tuple(_FILED)))
        return not any(case.kind is CaseKind.REASSESSMENT and case.certificate == code for case in open_cases)

    def hearers(self, step: Step) -> tuple[Hearer, ...]:
        """Who hears of a step; worked out once for all the messages that speak of it."""
        if step not in self._hearers:
            self._hearers[step] = self._heard_by(step)
        return self._hearers[step]

    def _heard_by(self, step: Step) -> tuple[Hearer, ...]:
        rung = self.rung(step)
        registry = self.world.registry
        if rung is None:
            return ()
        if step.kind is DutyKind.TERM:
            case, term = self.cases[step.subject].case, self.term(step)
            return hearers(registry, case, law_of(case, self.now), term.stage if term else None, rung, self.day)
        if step.kind is DutyKind.CERTIFICATE:
            case = self.cases[self._held(step.subject).case].case
            return of_certificate(registry, case.producer, case.unit, rung, self.day)
        open_ = self.activity(step)
        return of_unit(registry, open_.unit, rung, self.day) if open_ is not None else ()

    def _held(self, code: str) -> CertificateRow:
        row = self.certificates[code]
        assert row is not None  # noqa: S101 - only steps whose turn it is are worded
        return row

    def due_at(self, step: Step) -> datetime | None:
        """The deadline of a step (exclusive)."""
        if step.kind is DutyKind.TERM:
            term = self.term(step)
            return term.due_at if term else None
        if step.kind is DutyKind.CERTIFICATE:
            return _end(self._held(step.subject))
        open_ = self.activity(step)
        return open_.due_at if open_ else None

    def line(self, step: Step, part: Part, for_whom: Iterable[str], link: str | None = None) -> DutyLine:
        """The line of a message about a step whose turn it is."""
        registry = self.world.registry
        names = tuple(registry.person(person).name for person in for_whom)
        if step.kind is DutyKind.ACTIVITY:
            found = self.activity(step)
            assert found is not None  # noqa: S101 - only steps whose turn it is are worded
            assert found.due_at is not None  # noqa: S101 - steps are planned from a date
            return DutyLine(
                duty=step.duty, rung=step.rung, kind=step.kind, part=part, subject=found.plan, title=found.title or found.stage,
                unit=registry.unit_name(found.unit, self.day), due_at=found.due_at, last_day=last_valid_day(found.due_at),
                phrase=found.phrase, source=found.source, holders=names, link=link,
            )  # fmt: skip
        if step.kind is DutyKind.CERTIFICATE:
            held = self._held(step.subject)
            case = self.cases[held.case].case
            return DutyLine(
                duty=step.duty, rung=step.rung, kind=step.kind, part=part, subject=held.code, title=self.title(case),
                producer=self.producer(case), unit=registry.unit_name(case.unit, self.day), due_at=_end(held),
                last_day=date.fromisoformat(held.last_valid_day), source=held.decision_no, holders=names, link=link,
            )  # fmt: skip
        case, term = self.cases[step.subject].case, self.term(step)
        assert term is not None  # noqa: S101 - only steps whose turn it is are worded
        law = law_of(case, self.now)
        after = joinable(self.world, case, law, max(self.now, term.due_at)) if term.effect is not Effect.RECORD else ()
        coming = [each.row.code for each in after if each.row.code not in {case.round, case.central_round}]
        return DutyLine(
            duty=step.duty, rung=step.rung, kind=step.kind, part=part, subject=case.code, title=self.title(case),
            producer=self.producer(case), unit=registry.unit_name(case.unit, self.day), stage=term.stage,
            act=holders_of(case, law, term.stage).event, due_at=term.due_at, last_day=last_valid_day(term.due_at), phrase=term.phrase,
            source=term.source, effect=term.effect, holders=names, next_round=coming[0] if coming else None, link=link,
        )  # fmt: skip

    def title(self, case: CaseRow) -> str:
        """The product's name."""
        row = self.products.get(case.product)
        return row.name if row else case.product

    def producer(self, case: CaseRow) -> str:
        """The producer's name."""
        row = self.producers.get(case.producer)
        return row.name if row else case.producer


def _end(row: CertificateRow) -> datetime:
    return midnight(date.fromordinal(date.fromisoformat(row.last_valid_day).toordinal() + 1))


def _still_owed(case: CaseRow, term: TermRow, now: datetime) -> bool:
    """Whether what a cut-off asked for has not been done since: the case waits for another round, or the stage is still ahead."""
    if now < term.due_at or term.attempt != case.attempt:
        return False
    if case.state is CaseState.DEFERRED:
        missed = case.memo.get("missed") or {}
        return bool(missed) and Stage(missed["stage"]) is term.stage and datetime.fromisoformat(missed["due_at"]) == term.due_at
    if term.effect is not Effect.RECORD:
        return False
    law = law_of(case, now)
    ahead = stages_ahead(law, home(case), results_of(case.memo), case.kind) + central_ahead(home(case), results_of(case.memo))
    return case.state is not CaseState.CERTIFIED and still_means(term.stage, home(case), ahead)
