"""Plans of units: imported as drafts, published with an effect for each deadline, and the rounds that come with them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from deadlines.plan import CyclePlan, PlanDeadline, default_effect, for_year, load_plans
from states.errors import EventRefused, MalformedInput, NotAllowed, NotFound, StaleCase, UnknownName
from states.lifecycle import PLAN, ROUND, Move, PlanEvent
from states.refusal import Code, Holder, Refusal
from states.regime import local_date
from states.vocabulary import Effect, Function, Level, Publication, RoundEvent, RoundState, Track
from workflow.clock import Clock
from workflow.commands import SYSTEM
from workflow.ledger.entry import ActorRef, parse
from workflow.ports import CaseQuery, Change, Outcome, Store, Subject
from workflow.recording import Act, Scribe
from workflow.rows import PlanRow, RoundRow, StageRow, SubjectKind
from workflow.situation import World

NATIONAL = "national"
THROUGH = "statutory_through"
"""Note of the installation: the last year whose rounds of the law are all open."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A deadline of a plan before publication: what happens at its cut-off by default, and what was chosen."""

    index: int
    deadline: PlanDeadline
    default: Effect
    chosen: Effect


class Plans:
    """Imports and publishes plans."""

    def __init__(self, store: Store, clock: Clock, scribe: Scribe, world: Callable[..., World]) -> None:
        """Work on a store; ``world(fresh=True)`` gives the present registry and rounds."""
        self.store = store
        self.clock = clock
        self.scribe = scribe
        self.world = world

    def import_plan(self, text: str, *, actor: str, plan: str | None = None, unit: str | None = None) -> PlanRow:
        """Keep a plan of a TOML file as a draft, with its rounds as drafts.

        Args:
            text: The file.
            actor: Person code; an officer of the unit.
            plan: Which plan of the file, by id; may be left out if there is only one.
            unit: Code of the unit, where the file does not say it or another one is meant.

        Raises:
            PlanInvalid: The file is broken; nothing is changed.
            UnknownName: No such plan in the file, no such unit, or no unit named.
            NotAllowed: The person is not an officer of the unit.
            EventRefused: The plan was published already.
        """
        chosen = _choose(load_plans(text), plan)
        code = unit or chosen.unit
        world = self.world(fresh=True)
        today = local_date(self.clock.now())
        if not code or not world.registry.known(code):
            raise UnknownName(
                what="unit", name=code or "–", known=", ".join(u.code for u in world.registry.units_on(today) if u.level != "commune")
            )
        before = self.store.load_plan(chosen.id)
        move = PLAN.move(before.state if before else None, PlanEvent.IMPORT)
        who = self._officer(world, actor, code, move)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if before is not None and (before.digest, before.unit) == (digest, code):
            return before  # The draft says this already.
        given: dict[str, Any] = {
            "unit": code,
            "year": chosen.year,
            "title": chosen.title,
            "doc_no": chosen.doc_no,
            "doc_date": chosen.doc_date.isoformat() if chosen.doc_date else None,
            "digest": digest,
        }
        act = self._act(move, str(before.state) if before else None, f"import:{chosen.id}:{before.version if before else 0}", who, given)
        if before is not None:
            # A draft is replaced as a whole, file included.
            change = self.scribe.subject(SubjectKind.PLAN, _with_text(before, text), chosen.id, act)
        else:
            change = self.scribe.subject(SubjectKind.PLAN, None, chosen.id, act, text=text)
        changes = [change]
        if chosen.recurs != "yearly":
            changes += [
                self._prepare(row, who)
                for row in _rounds_of(chosen, code, chosen.id, chosen.year, chosen.deadlines)
                if self.store.load_round(row.code) is None
            ]
        self._write(changes, world.epoch)
        stored = self.store.load_plan(chosen.id)
        assert stored is not None  # noqa: S101 - it has just been written
        return stored

    def choices(self, code: str, chosen: Mapping[int, Effect] | None = None) -> list[Choice]:
        """Each deadline of a plan with what would happen at its cut-off.

        Raises:
            NotFound: No such plan.
            MalformedInput: A choice names a deadline that the plan does not have.
        """
        plan = self.parsed(self._plan(code))
        unknown = set(chosen or ()) - set(range(1, len(plan.deadlines) + 1))
        if unknown:
            raise MalformedInput("no_such_deadline", numbers=", ".join(map(str, sorted(unknown))), count=len(plan.deadlines))
        listed = []
        for index, deadline in enumerate(plan.deadlines, 1):
            default = deadline.effect or default_effect(plan, deadline)
            listed.append(Choice(index, deadline, default, (chosen or {}).get(index, default)))
        return listed

    def publish(self, code: str, *, actor: str, effects: Mapping[int, Effect] | None = None) -> list[RoundRow]:
        """Publish a plan: its deadlines bind from now on, and its rounds open.

        Args:
            code: The plan.
            actor: Person code; an officer of the unit.
            effects: Chosen effects by number of the deadline, from 1; the shown default for the others.

        Raises:
            NotFound, MalformedInput: As :meth:`choices`.
            NotAllowed: The person is not an officer of the unit.
            EventRefused: The plan is not a draft, or a round of the same unit, year and number runs with members.
        """
        row = self._plan(code)
        world = self.world(fresh=True)
        move = PLAN.move(row.state, PlanEvent.PUBLISH)
        who = self._officer(world, actor, row.unit, move)
        plan = self.parsed(row)
        chosen = {c.index: c.chosen for c in self.choices(code, effects)}
        if plan.recurs == "yearly":
            return self._publish_recurring(row, plan, chosen, who, world, move)
        stages = _stages(plan, row.unit, code, plan.year, plan.deadlines, chosen, statutory=False)
        rounds = _rounds_of(plan, row.unit, code, plan.year, plan.deadlines)
        self._may_open(rounds, code)
        given = {"effects": [str(chosen[i]) for i in sorted(chosen)]}
        act = self._act(move, str(row.state), f"publish:{code}:{row.version}", who, {}, data=given)
        changes: list[Change] = [self.scribe.subject(SubjectKind.PLAN, row, code, act, stages=stages)]
        changes += self._replace_earlier(row, plan)
        changes += [change for planned in rounds if (change := self._open(planned, who)) is not None]
        self._write(changes, world.epoch)
        return [found for planned in rounds if (found := self.store.load_round(planned.code)) is not None]

    def statutory(self, year: int) -> list[str]:
        """Open the rounds that published recurring plans of the centre give every province and the centre in a year, where they are missing.

        Returns:
            Codes of the rounds that were opened.
        """
        opened: list[str] = []
        world = self.world(fresh=True)
        for row in self.store.plans():
            if row.state is not Publication.PUBLISHED:
                continue
            plan = self.parsed(row)
            if plan.recurs == "yearly" and year >= plan.year:
                who = ActorRef(id=SYSTEM, function="system")
                chosen = {c.index: c.chosen for c in self.choices(row.code, self._published_effects(row.code))}
                opened += self._open_statutory(row, plan, chosen, year, who, world)
        return opened

    def _published_effects(self, code: str) -> dict[int, Effect]:
        """The effects that a person chose when the plan was published, by number of the deadline."""
        published = [parse(stored.body) for stored in self.store.entries(code) if stored.event == str(PlanEvent.PUBLISH)]
        return {number: Effect(effect) for entry in published for number, effect in enumerate(entry.data.get("effects", ()), 1)}

    def parsed(self, row: PlanRow) -> CyclePlan:
        """The plan of a row, read again from its own file."""
        return _choose(load_plans(row.text), row.code)

    def _publish_recurring(  # noqa: PLR0913
        self, row: PlanRow, plan: CyclePlan, chosen: Mapping[int, Effect], who: ActorRef, world: World, move: Move[Any, Any]
    ) -> list[RoundRow]:
        given = {"effects": [str(chosen[i]) for i in sorted(chosen)]}
        act = self._act(move, str(row.state), f"publish:{row.code}:{row.version}", who, {}, data=given)
        year = max(local_date(self.clock.now()).year, plan.year)
        # Kept before anything is written: if this is interrupted, the next tick opens the rounds that are missing.
        self.store.set_meta(THROUGH, str(year - 1))
        self._write([self.scribe.subject(SubjectKind.PLAN, row, row.code, act)], world.epoch)
        codes: list[str] = []
        for each in (year, year + 1):
            codes += self._open_statutory(row, plan, chosen, each, who, self.world(fresh=True))
        return [found for code in codes if (found := self.store.load_round(code)) is not None]

    def _open_statutory(  # noqa: PLR0913
        self, row: PlanRow, plan: CyclePlan, chosen: Mapping[int, Effect], year: int, who: ActorRef, world: World
    ) -> list[str]:
        deadlines = for_year(plan, year)
        today = local_date(self.clock.now())
        opened: list[str] = []
        for unit in world.registry.units_on(today):
            track = {"province": Track.PROVINCIAL, "centre": Track.CENTRAL}.get(unit.level)
            if track is None:
                continue
            mine = [(i, d) for i, d in enumerate(deadlines, 1) if d.track is track and d.round]
            for planned in _rounds_of(plan, unit.code, row.code, year, [d for _, d in mine], statutory=True):
                there = self.store.load_round(planned.code)
                if there is not None and there.state is not RoundState.DRAFT:
                    continue
                lines = [d for _, d in mine if d.round == planned.number]
                numbers = [i for i, d in mine if d.round == planned.number]
                stages = _stages(
                    plan,
                    unit.code,
                    row.code,
                    year,
                    lines,
                    dict(enumerate((chosen[i] for i in numbers), 1)),
                    statutory=True,
                    numbers=numbers,
                )
                if there is None:
                    self._write([self._prepare(planned, who)], world.epoch)
                    world = self.world(fresh=True)
                change = self._open(planned, who, stages)
                if change is not None:
                    self._write([change], world.epoch)
                    world = self.world(fresh=True)
                    opened.append(planned.code)
        self.store.set_meta(THROUGH, str(max(year, int(self.store.get_meta(THROUGH) or 0))))
        return opened

    def _may_open(self, rounds: Iterable[RoundRow], plan: str) -> None:
        for planned in rounds:
            there = self.store.load_round(planned.code)
            if there is None or there.state is RoundState.DRAFT:
                continue
            office = Holder(*_office(there.track))
            members = self.store.cases(CaseQuery(round=planned.code, limit=1000))
            if members:
                raise self._refused(Code.ROUND_HAS_MEMBERS, office, {"round": planned.code, "count": len(members)}, plan)
            if not there.statutory:
                raise self._refused(Code.ROUND_EXISTS, office, {"round": planned.code, "plan": there.plan}, plan)

    @staticmethod
    def _refused(code: Code, holder: Holder, detail: dict[str, Any], plan: str) -> EventRefused:
        return EventRefused([Refusal(code, holder, detail)], case=plan, event=PlanEvent.PUBLISH, state=None)

    def _replace_earlier(self, row: PlanRow, plan: CyclePlan) -> list[Change]:
        """Among plans of one unit and year the later published rules."""
        changes = []
        for other in self.store.plans(row.unit):
            if (
                other.code != row.code
                and other.year == plan.year
                and other.state is Publication.PUBLISHED
                and self.parsed(other).recurs != "yearly"
            ):
                move = PLAN.move(other.state, PlanEvent.REPLACE)
                act = self._act(move, str(other.state), f"replace:{row.code}", ActorRef(id=SYSTEM, function="system"), {})
                changes.append(self.scribe.subject(SubjectKind.PLAN, other, other.code, act))
        return changes

    def _prepare(self, planned: RoundRow, who: ActorRef) -> Change:
        move = ROUND.move(None, RoundEvent.PREPARE)
        given = {
            "unit": planned.unit,
            "year": planned.year,
            "number": planned.number,
            "track": str(planned.track),
            "plan": planned.plan,
            "statutory": planned.statutory,
        }
        act = self._act(move, None, f"prepare:{planned.plan}", who, given)
        return self.scribe.subject(SubjectKind.ROUND, None, planned.code, act)

    def _open(self, planned: RoundRow, who: ActorRef, stages: tuple[StageRow, ...] = ()) -> Change | None:
        there = self.store.load_round(planned.code)
        if there is not None and there.state is not RoundState.DRAFT:
            return None
        move = ROUND.move(RoundState.DRAFT, RoundEvent.OPEN)
        given: dict[str, Any] = {}
        if there is not None and (there.plan, there.statutory) != (planned.plan, planned.statutory):
            # Another draft had prepared it; it belongs to what opens it.
            given = {"plan": planned.plan, "statutory": planned.statutory}
        act = self._act(move, str(RoundState.DRAFT), f"open:{planned.plan}", who, given)
        return self.scribe.subject(SubjectKind.ROUND, there, planned.code, act, stages=stages)

    def _act(  # noqa: PLR0913
        self,
        move: Move[Any, Any],
        source: str | None,
        command: str,
        who: ActorRef,
        given: dict[str, Any],
        data: dict[str, Any] | None = None,
    ) -> Act:
        now = self.clock.now()
        return Act(
            event=str(move.event),
            command=command,
            effective_at=now,
            received_at=now,
            source=source,
            target=str(move.target),
            clause=move.clause,
            actor=who,
            set=given,
            data=data or {},
        )

    def _officer(self, world: World, person: str, unit: str, move: Move[Any, Any]) -> ActorRef:
        return office_of(world, person, unit, move, local_date(self.clock.now()))

    def _plan(self, code: str) -> PlanRow:
        row = self.store.load_plan(code)
        if row is None:
            raise NotFound(what="plan", name=code)
        return row

    def _write(self, changes: list[Change], epoch: int) -> None:
        if self.store.write(changes, epoch=epoch) is not Outcome.WRITTEN:
            raise StaleCase(case=changes[0].entry.subject, expected=changes[0].version, version=None, state=None)


def office_of(world: World, person: str, unit: str, move: Move[Any, Any], day: date) -> ActorRef:
    """The officer of a unit who makes a move on one of its plans or rounds.

    Raises:
        NotFound: No such person.
        NotAllowed: The person holds none of the seats in that unit.
    """
    world.registry.person(person)
    holdings = world.registry.holdings(person, day)
    for holding in holdings:
        if holding.seat in move.seats and holding.unit == unit:
            return ActorRef(id=person, function=str(holding.seat.function), level=str(holding.seat.level), unit=holding.unit)
    own = [h for h in holdings if h.seat in move.seats]
    holder = Holder(move.seats[0].function, move.seats[0].level)
    if own:
        reason = Refusal(Code.PLAN_OF_OTHER_UNIT, holder, {"unit": world.registry.unit_name(unit, day)})
    else:
        reason = Refusal(Code.FUNCTION_REQUIRED, holder, {"seats": move.seats, "holds": tuple(h.seat for h in holdings)})
    raise NotAllowed([reason], case=unit, event=move.event, state=None)


def _choose(plans: tuple[CyclePlan, ...], wanted: str | None) -> CyclePlan:
    known = ", ".join(p.id for p in plans)
    if wanted is None and len(plans) == 1:
        return plans[0]
    for plan in plans:
        if plan.id == wanted:
            return plan
    raise UnknownName(what="plan", name=wanted or "–", known=known)


def _rounds_of(  # noqa: PLR0913
    plan: CyclePlan, unit: str, code: str, year: int, deadlines: Iterable[PlanDeadline], *, statutory: bool = False
) -> list[RoundRow]:
    rounds: dict[int, RoundRow] = {}
    for deadline in deadlines:
        if deadline.round and deadline.cutoff is not None and (deadline.track is Track.PROVINCIAL or plan.level == NATIONAL):
            rounds.setdefault(
                deadline.round,
                RoundRow(
                    code=f"{unit}-{year}-{deadline.round}",
                    unit=unit,
                    year=year,
                    number=deadline.round,
                    track=deadline.track,
                    plan=code,
                    statutory=statutory,
                    state=RoundState.DRAFT,
                    version=1,
                    head_seq=0,
                    head_hash=b"",
                ),
            )
    return [rounds[number] for number in sorted(rounds)]


def _stages(  # noqa: PLR0913
    plan: CyclePlan,
    unit: str,
    code: str,
    year: int,
    deadlines: Iterable[PlanDeadline],
    effects: Mapping[int, Effect],
    *,
    statutory: bool,
    numbers: list[int] | None = None,
) -> tuple[StageRow, ...]:
    document = plan.doc_no or plan.title
    rows = []
    for index, deadline in enumerate(deadlines, 1):
        number = numbers[index - 1] if numbers else index
        rows.append(
            StageRow(
                id=f"{code}:{unit}:{year}#{number}",
                plan=code,
                plan_year=year,
                round=f"{unit}-{year}-{deadline.round}" if deadline.round and deadline.cutoff is not None else None,
                unit=unit,
                stage=deadline.stage,
                track=deadline.track,
                cutoff=deadline.cutoff if deadline.armed else None,
                start=deadline.start,
                effect=effects[index],
                phrase=deadline.phrase,
                kind=str(deadline.kind),
                source=", ".join(filter(None, (document, f"mục {deadline.no}" if deadline.no else f"mốc {number}"))),
                firm=deadline.firm,
                statutory=statutory,
                flags=tuple(str(flag) for flag in deadline.flags),
            )
        )
    return tuple(rows)


def _with_text(row: PlanRow, text: str) -> Subject:
    return replace(row, text=text)


def _office(track: Track) -> tuple[Function, Level]:
    return Function.OFFICER, Level.CENTRE if track is Track.CENTRAL else Level.PROVINCE
