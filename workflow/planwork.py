"""A published plan's other work, written down: activities reported, support given, targets stated, lessons learnt. See decision 0018.

Each is an entry of the plan's history, and ends the duties that it fulfils in the same transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from deadlines.targets import Counting
from states.errors import MalformedInput, NotFound, PayloadInvalid, Problem, StaleCase, UnknownName
from states.forms import ACTIVITY_REPORT, LESSON, SUPPORT, SUPPORT_KINDS, TARGET_FIGURE, WITHDRAWAL
from states.lifecycle import PLAN, Move, PlanEvent
from states.regime import local_date
from workflow.access import Office, office_of
from workflow.activities import OpenActivity, duties, steps_of
from workflow.acts import DIGEST
from workflow.clock import Clock
from workflow.commands import fingerprint
from workflow.inputs import COMMAND_ID
from workflow.plan_inputs import evidence_problems, read_work, refuse, report_problems, unit_problems
from workflow.planbook import book_of
from workflow.plandesk import Desk, desk_of, officer_over, reporter
from workflow.plans import Plans
from workflow.ports import TRIES, Outcome, Store
from workflow.receipts import must_be_the_same
from workflow.recording import Act, Scribe
from workflow.rows import PlanRow, SubjectKind
from workflow.situation import World
from workflow.timeline import Line, opened, timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written to a plan, or would be.

    Attributes:
        seq: Number of the entry; None for a dry run.
        fulfilled: Ids of the duties that ended with it.
        repeated: Whether it stood there already under the same command id.
    """

    plan: str
    event: PlanEvent
    seq: int | None
    line: Line
    fulfilled: tuple[str, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an entry is to say, once everything about it was judged: who says it, data and texts, and the entry that it corrects."""

    who: Office
    data: dict[str, Any]
    texts: Mapping[str, str] = field(default_factory=dict)
    corrects: int | None = None


class PlanWork:
    """Writes what happens to the other work of published plans."""

    def __init__(self, store: Store, clock: Clock, scribe: Scribe, plans: Plans, world: Callable[..., World]) -> None:
        """Work on a store; ``world(fresh=True)`` gives the present registry."""
        self.store = store
        self.clock = clock
        self.scribe = scribe
        self.plans = plans
        self.world = world

    def desk(self, code: str, *, on: datetime | None = None, known: datetime | None = None) -> Desk:
        """A plan with its other work; ``on`` and ``known`` as :func:`workflow.planbook.book_of`.

        Raises:
            NotFound: No such plan.
        """
        row = self.store.load_plan(code)
        if row is None:
            raise NotFound(what="plan", name=code)
        lines = tuple(timeline(self.store, code))
        plan, stages = self.plans.parsed(row), tuple(self.store.stages(plan=code))
        return desk_of(row, plan, stages, lines, self.world(fresh=True), book_of(lines, on=on, known=known))

    def assign(  # noqa: PLR0913
        self, code: str, activity: str, units: Sequence[str], *, actor: str, dry_run: bool = False, command: str = ""
    ) -> Written:
        """Name the units that answer for an activity; each then has a report of its own.

        Raises:
            NotFound, NotAllowed: No such plan or person, or not an officer of the plan's unit.
            UnknownName: No such activity or unit.
            PayloadInvalid: No unit, one twice, or one outside the plan's territory.
            EventRefused: The plan is not published.
        """

        def draft(desk: Desk, move: Move[Any, Any]) -> Draft:
            found, who = desk.activity(activity), self._issuer(desk, actor, move)
            registry, today = desk.world.registry, self._today()
            problems = [] if units else [Problem("/units", "required")]
            if len(set(units)) != len(units):
                problems.append(Problem("/units", "repeated"))
            for unit in units:
                if registry.unit(unit, today) is None:
                    raise UnknownName(what="unit", name=unit, known=", ".join(registry.below(desk.row.unit, today)))
                if not registry.covers(desk.row.unit, unit, today):
                    problems.append(Problem("/units", "outside_plan", {"unit": registry.unit_name(desk.row.unit, today)}))
            refuse(PlanEvent.ASSIGN, problems)
            names = {f"unit.{unit}": registry.unit_name(unit, today) for unit in units}
            return Draft(who=who, data={"activity": found.number, "units": list(units)}, texts=names)

        return self.write(code, PlanEvent.ASSIGN, draft, asked=(activity, units, actor), dry_run=dry_run, command=command)

    def report(  # noqa: PLR0913
        self,
        code: str,
        activity: str,
        payload: Mapping[str, object],
        *,
        actor: str,
        unit: str | None = None,
        dry_run: bool = False,
        command: str = "",
    ) -> Written:
        """Report an activity under way, done or cancelled; a later report replaces an earlier one, which stays in the history.

        Args:
            code: The plan.
            activity: Its number, ``7`` or ``h2``.
            payload: As :data:`states.forms.ACTIVITY_REPORT`; something done was done today unless ``done_on`` says otherwise.
            actor: Person code; an officer of the unit that answers for it, or of the plan's unit on its behalf.
            unit: For which unit, where several answer for it and the person is of none.
            dry_run: Only say what would be written.
            command: Command id, to send the same again.

        Raises:
            NotFound: No such plan or person.
            UnknownName: No such activity.
            NotAllowed: Not an officer of the unit, nor of the plan's.
            PayloadInvalid: With every problem.
            EventRefused: The plan is not published.
        """

        def draft(desk: Desk, move: Move[Any, Any]) -> Draft:
            found = desk.activity(activity)
            who, place = reporter(desk, found, actor, unit, move, self._today())
            read = read_work(PlanEvent.REPORT, ACTIVITY_REPORT, payload, self._today())
            data, texts = read
            before = desk.book.reports.get(found.number, {}).get(place)
            refuse(PlanEvent.REPORT, report_problems(found, read, before))
            if data["status"] == "done":
                data.setdefault("done_on", self._today().isoformat())
            corrects = before.seq if before is not None and before.status != "under_way" else None
            names = {f"unit.{place}": desk.world.registry.unit_name(place, self._today())}
            given = {"activity": found.number, "for_unit": place, **data}
            return Draft(who=who, data=given, texts={**names, **texts}, corrects=corrects)

        return self.write(code, PlanEvent.REPORT, draft, asked=(activity, payload, actor, unit), dry_run=dry_run, command=command)

    def support(  # noqa: PLR0913
        self,
        code: str,
        payload: Mapping[str, object],
        *,
        actor: str,
        product: str | None = None,
        producer: str | None = None,
        activity: str | None = None,
        corrects: int | None = None,
        dry_run: bool = False,
        command: str = "",
    ) -> Written:
        """Record something given to a product or producer of the plan's territory.

        Args:
            code: The plan that it counts for.
            payload: As :data:`states.forms.SUPPORT`.
            actor: Person code; an officer of the plan's unit, or of a unit of its territory above the product or producer.
            product: Its code; its producer is then known.
            producer: A producer's code, where it is for no product in particular.
            activity: Number of the activity that it belongs to.
            corrects: Number of the entry that it replaces; then with a reason.
            dry_run: Only say what would be written.
            command: Command id, to send the same again.

        Raises:
            NotFound: No such plan, person, product or producer, or nothing to correct.
            NotAllowed, UnknownName, PayloadInvalid, EventRefused: As :meth:`report`.
        """

        def draft(desk: Desk, move: Move[Any, Any]) -> Draft:
            place, given, names = self._given_to(desk, product, producer)
            who = officer_over(desk, place, actor, move, self._today())
            read = read_work(PlanEvent.SUPPORT, SUPPORT, payload, self._today())
            data, texts = read
            problems = [*evidence_problems(read), *unit_problems(data, "")]
            if corrects is not None and corrects not in desk.book.supports:
                raise NotFound(what="support", name=str(corrects))
            if corrects is not None and "reason" not in texts:
                problems.append(Problem("/reason", "correction_reason", {"seq": corrects}))
            refuse(PlanEvent.SUPPORT, problems)
            under = {"activity": desk.activity(activity).number} if activity else {}
            return Draft(who=who, data={**given, **under, **data}, texts={**names, **texts}, corrects=corrects)

        return self.write(
            code, PlanEvent.SUPPORT, draft, asked=(payload, actor, product, producer, activity, corrects), dry_run=dry_run, command=command
        )

    def state(  # noqa: PLR0913
        self, code: str, target: int, payload: Mapping[str, object], *, actor: str, dry_run: bool = False, command: str = ""
    ) -> Written:
        """State what a target has reached that only a person can know, with evidence; a later statement replaces it.

        Raises:
            NotFound, NotAllowed, PayloadInvalid, EventRefused: As :meth:`report`; PayloadInvalid also where the target is counted.
            MalformedInput: ``no_such_target``.
        """

        def draft(desk: Desk, move: Move[Any, Any]) -> Draft:
            _has_target(desk, target)
            who = self._issuer(desk, actor, move)
            read = read_work(PlanEvent.STATE, TARGET_FIGURE, payload, self._today())
            problems = evidence_problems(read)
            if desk.counting(target)[0] is not Counting.STATED:
                problems.append(Problem("/figure", "target_is_counted", {"target": target}))
            refuse(PlanEvent.STATE, problems)
            before = desk.book.statements.get(target)
            data = {"target": target, "stated_on": self._today().isoformat(), **read[0]}
            return Draft(who=who, data=data, texts=read[1], corrects=before.seq if before else None)

        return self.write(code, PlanEvent.STATE, draft, asked=(target, payload, actor), dry_run=dry_run, command=command)

    def count(  # noqa: PLR0913
        self, code: str, target: int, counting: str, *, actor: str, kinds: Sequence[str] = (), dry_run: bool = False, command: str = ""
    ) -> Written:
        """Choose how a target is counted, where its words suggest something else.

        Raises:
            UnknownName: No such way of counting, or kind of support.
            MalformedInput, NotFound, NotAllowed, EventRefused: As :meth:`state`.
        """

        def draft(desk: Desk, move: Move[Any, Any]) -> Draft:
            _has_target(desk, target)
            who = self._issuer(desk, actor, move)
            if counting not in set(Counting):
                raise UnknownName(what="counting", name=counting, known=", ".join(Counting))
            for kind in kinds:
                if kind not in SUPPORT_KINDS:
                    raise UnknownName(what="support", name=kind, known=", ".join(SUPPORT_KINDS))
            data: dict[str, Any] = {"target": target, "count": counting}
            return Draft(who=who, data=data | ({"kinds": list(kinds)} if kinds else {}))

        return self.write(code, PlanEvent.COUNT, draft, asked=(target, counting, actor, kinds), dry_run=dry_run, command=command)

    def learn(  # noqa: PLR0913
        self,
        code: str,
        payload: Mapping[str, object],
        *,
        actor: str,
        corrects: int | None = None,
        dry_run: bool = False,
        command: str = "",
    ) -> Written:
        """Record for the review what was achieved, what fell short, why, or what is proposed.

        Raises:
            NotFound, NotAllowed, PayloadInvalid, EventRefused: As :meth:`support`.
        """

        def draft(desk: Desk, move: Move[Any, Any]) -> Draft:
            who = self._issuer(desk, actor, move)
            data, texts = read_work(PlanEvent.LEARN, LESSON, payload, self._today())
            if corrects is not None and corrects not in desk.book.lessons:
                raise NotFound(what="lesson", name=str(corrects))
            if corrects is not None and "reason" not in texts:
                refuse(PlanEvent.LEARN, [Problem("/reason", "correction_reason", {"seq": corrects})])
            return Draft(who=who, data=data, texts=texts, corrects=corrects)

        return self.write(code, PlanEvent.LEARN, draft, asked=(payload, actor, corrects), dry_run=dry_run, command=command)

    def strike(  # noqa: PLR0913
        self, code: str, seq: int, *, reason: str, actor: str, dry_run: bool = False, command: str = ""
    ) -> Written:
        """Take back a support or a lesson that was recorded by mistake; it stays in the history.

        Raises:
            NotFound: The plan has nothing under this number that could be taken back.
            NotAllowed: Neither an officer of the plan's unit, nor of the unit that recorded it.
            PayloadInvalid: No reason.
        """

        def draft(desk: Desk, move: Move[Any, Any]) -> Draft:
            support = desk.book.supports.get(seq)
            line = support.line if support else desk.book.lessons.get(seq)
            if line is None:
                raise NotFound(what="support", name=str(seq))
            recorded_in = (line.entry.actor.unit if line.entry.actor else None) or desk.row.unit
            who = officer_over(desk, recorded_in, actor, move, self._today())
            data, texts = read_work(PlanEvent.STRIKE, WITHDRAWAL, {"reason": reason} if reason else {}, self._today())
            return Draft(who=who, data=data, texts=texts, corrects=seq)

        return self.write(code, PlanEvent.STRIKE, draft, asked=(seq, reason, actor), dry_run=dry_run, command=command)

    # Who.

    def _today(self) -> date:
        return local_date(self.clock.now())

    def _issuer(self, desk: Desk, actor: str, move: Move[Any, Any]) -> Office:
        return office_of(desk.world.registry, actor, desk.row.unit, move, self._today())

    def _given_to(self, desk: Desk, product: str | None, producer: str | None) -> tuple[str, dict[str, Any], dict[str, str]]:
        """Where somebody sits who was given something, and their codes and names."""
        registry, today = desk.world.registry, self._today()
        made = self.store.product(product) if product else None
        if product and made is None:
            raise NotFound(what="product", name=product)
        code = producer or (made.producer if made else None)
        if code is None:
            raise PayloadInvalid([Problem("/product", "product_or_producer")], event=PlanEvent.SUPPORT)
        owner = self.store.producer(code)
        if owner is None:
            raise NotFound(what="producer", name=code)
        problems = []
        if made is not None and made.producer != owner.code:
            problems.append(Problem("/producer", "other_producer", {"producer": made.producer}))
        place = made.unit if made else owner.unit
        if not registry.covers(desk.row.unit, place, today):
            problems.append(
                Problem("/product" if made else "/producer", "outside_plan", {"unit": registry.unit_name(desk.row.unit, today)})
            )
        refuse(PlanEvent.SUPPORT, problems)
        names = {"producer.name": owner.name} | ({"product.name": made.name} if made else {})
        return place, {"producer": owner.code} | ({"product": made.code} if made else {}), names

    # Writing.

    def write(  # noqa: PLR0913
        self, code: str, event: PlanEvent, draft: Callable[[Desk, Move[Any, Any]], Draft], *, asked: object, dry_run: bool, command: str
    ) -> Written:
        """Write an entry to a plan, worked out anew where somebody else was faster; a command id is bound to what was ``asked``.

        Raises:
            MalformedInput: The command id cannot be kept, or stands there for something else.
            EventRefused, StaleCase: The plan is not published; others were faster, again and again.
        """
        if command and not COMMAND_ID.fullmatch(command):
            raise MalformedInput("command_malformed", name=repr(command[:40]))
        digest = fingerprint(code, event, asked) if command else None
        for _ in range(TRIES):
            desk = self.desk(code)
            done = next((line for line in desk.lines if command and line.entry.command == command), None)
            if done is not None:
                must_be_the_same(done, digest, command=command, case=code, event=event)
                return Written(plan=code, event=event, seq=done.entry.case_seq, line=done, repeated=True)
            move = PLAN.move(desk.row.state, event, code)
            made = draft(desk, move)
            change = self.scribe.subject(SubjectKind.PLAN, desk.row, code, self._act(desk.row, move, made, command, digest))
            line = opened(change.entry)
            begun, ended = _turned(desk, [*desk.lines, line])
            if dry_run:
                return Written(plan=code, event=event, seq=None, line=line, fulfilled=ended)
            change = replace(change, fulfilled=ended, steps=steps_of(begun, self.clock.now()))
            if self.store.write([change], epoch=desk.world.epoch) is Outcome.WRITTEN:
                return Written(plan=code, event=event, seq=change.entry.seq, line=line, fulfilled=ended)
        raise StaleCase(case=code, expected=None, version=None, state=None)

    def _act(self, row: PlanRow, move: Move[Any, Any], made: Draft, command: str, digest: str | None) -> Act:
        now = self.clock.now()
        return Act(
            event=str(move.event),
            command=command or f"{move.event}:{row.head_seq}",
            effective_at=now,
            received_at=now,
            source=str(row.state),
            target=str(move.target),
            clause=move.clause,
            actor=made.who.actor,
            data=made.data,
            texts={**made.texts, **made.who.names, **({DIGEST: digest} if digest else {})},
            corrects=made.corrects,
        )


def _turned(desk: Desk, lines: Iterable[Line]) -> tuple[tuple[OpenActivity, ...], tuple[str, ...]]:
    """Duties that begin with the newest line, and ids of those that end with it."""
    before = duties(desk.plan, desk.row, desk.stages, desk.book)
    after = duties(desk.plan, desk.row, desk.stages, book_of(lines))
    there, stay = {duty.id for duty in before}, {duty.id for duty in after}
    return tuple(duty for duty in after if duty.id not in there), tuple(duty.id for duty in before if duty.id not in stay)


def _has_target(desk: Desk, number: int) -> None:
    if not 1 <= number <= len(desk.plan.targets):
        raise MalformedInput("no_such_target", number=number, count=len(desk.plan.targets))
