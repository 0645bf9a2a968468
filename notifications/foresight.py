"""What is going to be told: the steps of every duty of a subject, and what would leave on a day. Reads, and writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from deadlines.calendar import midnight
from deadlines.ladder import DutyKind, ladders
from deadlines.plan import load_plans
from notifications.audience import Hearer, with_stand_ins
from notifications.choices import choices_of
from notifications.composed import Wording
from notifications.composing import Composer
from notifications.duties import Desk, Step
from notifications.messages import DutyLine, Language, Message, Part
from notifications.offices import unit_of
from states.errors import NotFound, UnknownName
from states.regime import local_date
from states.vocabulary import TermStatus
from workflow.activities import activities_of, answering, open_activities
from workflow.planbook import book_of
from workflow.ports import Database
from workflow.rows import CertificateRow, PlanRow
from workflow.situation import World
from workflow.telling import ItemRow, MessageRow, RungRow, RungState
from workflow.timeline import timeline

_MOST = 20_000
_LONG_AGO = timedelta(days=3660)


@dataclass(frozen=True, slots=True, kw_only=True)
class DutySteps:
    """One duty with its steps.

    Attributes:
        duty, kind: As in :class:`workflow.telling.RungRow`.
        stage: Stage or activity, by its key; empty for a certificate.
        title: Product, or the plan's title.
        due_at: The deadline (exclusive).
        status: How the duty stands: a term status, a certificate's state, or empty.
        steps: In the order of their moments.
        told: Who heard of which step, by step.
    """

    duty: str
    kind: DutyKind
    stage: str
    title: str
    due_at: datetime
    status: str
    steps: tuple[RungRow, ...]
    told: dict[str, tuple[tuple[ItemRow, MessageRow], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """One thing that one person would hear.

    Attributes:
        rung: The step. ``line``: what would be said of it.
        person, part, for_whom: Who would hear, why, and who has to act where it is somebody else.
        window, send_at: The message that it would stand in, and from when that may leave.
        channels: By which ways.
    """

    rung: RungRow
    line: DutyLine
    person: str
    part: Part
    for_whom: tuple[str, ...]
    window: str
    send_at: datetime
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """What would be told on a day: things heard, steps nobody would hear, steps whose turn it would not be, and what was told already."""

    coming: tuple[Coming, ...]
    unheard: tuple[RungRow, ...]
    passed_over: int
    told: int


def steps_of(store: Database, world: World, subject: str, now: datetime) -> list[DutySteps]:
    """Steps of every duty of a case, plan or certificate, by deadline.

    Raises:
        NotFound: There is no such case, plan or certificate.
    """
    found: list[tuple[str, DutyKind, str, str, datetime, str]] = []
    desk = Desk(store, world, now)
    if (loaded := store.load_case(subject, "")) is not None:
        desk.take((), [subject])
        title = desk.title(loaded.case)
        found += [(t.id, DutyKind.TERM, str(t.stage), title, t.due_at, str(t.status)) for t in store.terms(subject)]
        found += [_of_certificate(row, title) for row in store.certificates(loaded.case.product) if row.case == subject]
    elif (held := store.load_certificate(subject)) is not None:
        desk.take((), [held.case])
        found.append(_of_certificate(held, desk.title(desk.cases[held.case].case)))
    elif (plan := store.load_plan(subject)) is not None:
        found += _of_plan(store, world, plan, now)
    else:
        raise NotFound(what="case", name=subject)
    steps: dict[str, list[RungRow]] = {}
    for rung in store.rungs([duty for duty, *_ in found]):
        steps.setdefault(rung.duty, []).append(rung)
    told: dict[tuple[str, str], list[tuple[ItemRow, MessageRow]]] = {}
    subjects = {rung.subject for rungs in steps.values() for rung in rungs}
    for each in sorted(subjects):
        for item, message in store.told(each, None, _MOST):
            told.setdefault((item.duty, item.rung), []).append((item, message))
    return [
        DutySteps(
            duty=duty, kind=kind, stage=stage, title=title, due_at=due, status=status,
            steps=tuple(sorted(steps.get(duty, ()), key=lambda r: (r.at, r.rung))),
            told={r.rung: tuple(told.get((duty, r.rung), ())) for r in steps.get(duty, ())},
        )
        for duty, kind, stage, title, due, status in sorted(found, key=lambda each: (each[4], each[0]))
    ]  # fmt: skip


def _of_plan(store: Database, world: World, row: PlanRow, now: datetime) -> list[tuple[str, DutyKind, str, str, datetime, str]]:
    """The other work of a plan, one duty for each unit that answers for it."""
    plan = next(plan for plan in load_plans(row.text) if plan.id == row.code)
    stages, lines = store.stages(plan=row.code), list(timeline(store, row.code))
    still = {duty.id for duty in open_activities(plan, row, stages, lines)}
    found = []
    for activity in activities_of(plan, row, stages, book_of(lines)):
        for unit in answering(activity, row.unit):
            duty = f"{activity.id}@{unit}" if activity.units else activity.id
            status = TermStatus.RUNNING if duty in still else TermStatus.MET
            if activity.due_at is not None:
                name = world.registry.unit_name(unit, local_date(now))
                found.append((duty, DutyKind.ACTIVITY, activity.title or activity.stage, name, activity.due_at, str(status)))
    return found


def _of_certificate(row: CertificateRow, title: str) -> tuple[str, DutyKind, str, str, datetime, str]:
    return row.code, DutyKind.CERTIFICATE, "", title, midnight(date.fromisoformat(row.last_valid_day) + timedelta(days=1)), str(row.state)


def coming_on(  # noqa: PLR0913 - which day, for whom, and what decides
    store: Database, composer: Composer, world: World, day: date, now: datetime, unit: str | None = None
) -> Day:
    """What would be told on a day if nothing is done before, found by what tells.

    Args:
        store: Where steps are.
        composer: Decides as it would on that day.
        world: Units, people, rounds.
        day: Local day. Today's includes what is late.
        now: The present instant.
        unit: Only people of this unit and below.
    """
    start, end = midnight(day), midnight(day + timedelta(days=1))
    due = store.rungs_between(now - _LONG_AGO if day <= local_date(now) else start, end, _MOST)
    last = {rung.duty: rung for rung in sorted(due, key=lambda r: (r.at, r.rung))}
    registry, found, unheard, over = world.registry, list[Coming](), list[RungRow](), 0
    for at in sorted({max(rung.at, now) for rung in last.values()}):
        rungs = [rung for rung in last.values() if max(rung.at, now) == at]
        fired, placing = composer.decide(at, rungs)
        desk = Desk(store, world, at)
        desk.take(_step(rung) for rung in rungs)
        ways: dict[str | None, list[str]] = {row.message: [] for row in placing.deliveries}
        for row in placing.deliveries:
            ways[row.message].append(row.channel)
        for each in fired:
            if each.state is RungState.UNHEARD:
                unheard.append(each.rung)
            over += each.state in {RungState.CANCELLED, RungState.SUPERSEDED}
            for item in each.items:
                whom = tuple(item.detail.get("for", ()))
                message = placing.messages[item.message]
                found.append(
                    Coming(
                        rung=each.rung, line=desk.line(_step(each.rung), Part(item.part), whom), person=item.recipient, part=Part(item.part),
                        for_whom=whom, window=message.window, send_at=message.send_at, channels=tuple(ways.get(item.message, ())),
                    )
                )  # fmt: skip
    if unit is not None:
        inside = set(registry.below(unit, day))
        found = [each for each in found if unit_of(registry, each.person, day) in inside]
    told = sum(1 for item, _ in store.told(None, start, _MOST, until=end) if item.kind in set(DutyKind))
    return Day(tuple(sorted(found, key=lambda c: (c.send_at, c.person, c.rung.due_at, c.rung.subject))), tuple(unheard), over, told)


def _step(rung: RungRow) -> Step:
    return Step(rung.duty, rung.rung, rung.kind, rung.subject)


def duty_named(store: Database, name: str) -> str:
    """A duty by its id, or by the code of its case: there the one that ends first of those that run. Raises NotFound."""
    if store.rungs([name]):
        return name
    loaded = store.load_case(name, "")
    running = sorted(loaded.terms, key=lambda t: (t.due_at, t.id)) if loaded is not None else []
    planned = {rung.duty for rung in store.rungs([term.id for term in running])}
    found = next((term.id for term in running if term.id in planned), None)
    if found is None:
        raise NotFound(what="duty", name=name)
    return found


def duty_of(store: Database, duty: str) -> RungRow:
    """The first planned step of a duty, which tells its kind and subject. Raises NotFound."""
    found = store.rungs([duty])
    if not found:
        raise NotFound(what="duty", name=duty)
    return found[0]


def preview(  # noqa: PLR0913 - what a person may choose about a preview
    store: Database,
    wording: Wording,
    world: World,
    now: datetime,
    duty: str,
    rung: str | None = None,
    person: str | None = None,
    language: Language | None = None,
) -> Message:
    """The message that somebody would get of one step, worded for its moment where that lies ahead.

    Args:
        store: Where steps are.
        wording: Words it.
        world: Units, people, rounds.
        now: The present instant.
        duty: Id of the duty, or the code of its case.
        rung: Step; the next one that is planned, else the last, unless given.
        person: Whose message; the first person's who hears of it, unless given.
        language: Instead of the person's own.

    Raises:
        NotFound: No such duty or person, or nobody hears of it.
        UnknownName: The ladder has no such step.
    """
    duty = duty_named(store, duty)
    first = duty_of(store, duty)
    steps = sorted(store.rungs([duty]), key=lambda r: (r.at, r.rung))
    known = [step.key for step in ladders().by_kind[first.kind]]
    if rung is not None and rung not in known:
        raise UnknownName(what="step", name=rung, known=", ".join(known))
    planned = next((step for step in steps if step.state is RungState.PLANNED), steps[-1])
    row = next((step for step in steps if step.rung == rung), None) if rung is not None else planned
    moment = max(now, row.at) if row is not None else now
    step = Step(duty, rung or planned.rung, first.kind, first.subject)
    desk = Desk(store, world, moment)
    desk.take([step])
    if first.kind is DutyKind.ACTIVITY and desk.activity(step) is None:
        raise NotFound(what="duty", name=duty)
    heard = with_stand_ins(desk.hearers(step), choices_of(store.settings()), desk.day)
    chosen = _chosen(heard, person) if person is not None else next(iter(heard), None)
    if chosen is None:
        raise NotFound(what="hearer", name=duty)
    world.registry.person(chosen.person)
    message = wording.preview(step, chosen.person, chosen.part, moment, chosen.for_whom)
    return replace(message, recipient=replace(message.recipient, language=language)) if language is not None else message


def _chosen(heard: Sequence[Hearer], person: str) -> Hearer:
    return next((hearer for hearer in heard if hearer.person == person), Hearer(person, Part.HOLDER))
