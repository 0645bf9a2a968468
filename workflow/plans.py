"""Plans of units: imported as drafts, published with an effect for each deadline, and the rounds that come with them.

A publication is one transaction: the plan, its deadlines, its rounds, and every case whose dates it changes. Drafts of rounds are written
before; alone they bind nobody.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deadlines.plan import CyclePlan, PlanDeadline, default_effect, for_year, load_plans
from deadlines.plan_values import NATIONAL
from states.case import RUNNING
from states.errors import EventRefused, MalformedInput, NotAllowed, NotFound, PlanInvalid, Problem, StaleCase, UnknownName
from states.lifecycle import PLAN, ROUND, Move, PlanEvent
from states.refusal import Code, Holder, Refusal
from states.regime import local_date
from states.vocabulary import CaseState, Effect, Event, Function, Level, Publication, RoundEvent, RoundState, Track
from workflow.access import THE_SYSTEM, Office, office_of
from workflow.activities import open_activities, steps_of
from workflow.clock import Clock
from workflow.judging import Judge
from workflow.listing import every_case
from workflow.plan_rows import as_data, chosen_plan, excepted, plan_of, rounds_of, stages_of
from workflow.ports import CaseQuery, Change, Outcome, Store
from workflow.recording import Act, Scribe
from workflow.roundbook import RoundBook
from workflow.rows import PlanRow, RoundRow, StageRow, SubjectKind
from workflow.seen import as_seen
from workflow.situation import World
from workflow.timeline import timeline

_LEVELS = {NATIONAL: Level.CENTRE, "province": Level.PROVINCE, "district": Level.DISTRICT, "commune": Level.COMMUNE}
_EARLY = (CaseState.IDEA_REGISTERED, CaseState.SELECTED, CaseState.BUSINESS_PLAN)

Effects = Mapping[int, Effect] | None
"""Chosen effects by number of the deadline."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A deadline of a plan before publication: what happens at its cut-off by default, and what was chosen."""

    index: int
    deadline: PlanDeadline
    default: Effect
    chosen: Effect


@dataclass(frozen=True, slots=True)
class _Opening:
    """A round to be opened or redated, with its deadline rows."""

    row: RoundRow
    stages: tuple[StageRow, ...]


class Plans:
    """Imports and publishes plans."""

    def __init__(self, store: Store, clock: Clock, scribe: Scribe, judge: Judge, world: Callable[..., World]) -> None:
        """Work on a store; ``judge`` redates running cases; ``world(fresh=True)`` gives the present registry and rounds."""
        self.store = store
        self.clock = clock
        self.scribe = scribe
        self.judge = judge
        self.world = world

    def import_plan(self, text: str, *, actor: str, plan: str | None = None, unit: str | None = None) -> PlanRow:
        """Keep a plan of a TOML file as a draft; the same file again changes nothing.

        Args:
            text: The file.
            actor: Person code; an officer of the unit.
            plan: Which plan of the file, by id; may be left out if there is only one.
            unit: Code of the unit, where the file does not say it or another one is meant.

        Raises:
            PlanInvalid: The file is broken, or the plan's level is not the unit's; nothing is changed.
            UnknownName: No such plan in the file, no such unit, or no unit named.
            NotAllowed: The person is not an officer of the unit, or the draft belongs to another unit.
            EventRefused: The plan was published already.
        """
        chosen = chosen_plan(load_plans(text), plan)
        code = unit or chosen.unit
        world = self.world(fresh=True)
        self._level_fits(world, chosen, code)
        before = self.store.load_plan(chosen.id)
        who = self._officer(world, actor, before.unit if before else code, PLAN.any_move(PlanEvent.IMPORT))
        move = PLAN.move(before.state if before else None, PlanEvent.IMPORT, chosen.id)
        if before is not None and before.unit != code:
            holder = Holder(Function.OFFICER, Level.PROVINCE)
            there = world.registry.unit_name(before.unit, local_date(self.clock.now()))
            raise NotAllowed(
                [Refusal(Code.PLAN_OF_OTHER_UNIT, holder, {"unit": there})], case=chosen.id, event=move.event, state=before.state
            )
        digest = hashlib.sha256(text.encode()).hexdigest()
        if before is not None and before.digest == digest:
            return before
        given: dict[str, Any] = {
            "unit": code,
            "year": chosen.year,
            "title": chosen.title,
            "doc_no": chosen.doc_no,
            "doc_date": chosen.doc_date.isoformat() if chosen.doc_date else None,
            "digest": digest,
        }
        version = before.version if before else 0
        act = self._act(move, str(before.state) if before else None, f"import:{chosen.id}:{version}", who, given)
        # A draft is replaced as a whole, file included.
        self._write([self.scribe.subject(SubjectKind.PLAN, before, chosen.id, act, text=text)], world.epoch)
        return self._plan(chosen.id)

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

    def publish(
        self, code: str, *, actor: str, effects: Effects = None, exceptions: Mapping[str, str] | None = None, version: int | None = None
    ) -> list[RoundRow]:
        """Publish a plan: its deadlines bind from now on, its rounds open, and running cases take over their new dates.

        Among plans of one unit the later published rules: rounds that an earlier plan of the same year opened go on under this one's
        dates. A plan that recurs opens this year's and the next year's rounds of every province and of the centre.

        Args:
            code: The plan.
            actor: Person code; an officer of the unit.
            effects: Chosen effects by number of the deadline, from 1; the shown default for the others.
            exceptions: Numbers of written exceptions by stage: there a date later than the national term rules. Without one such a date
                is flagged, and the national term rules.
            version: Version of the draft that the actor has seen; None if none was.

        Raises:
            StaleCase: The draft is another one by now.
            NotFound, MalformedInput: As :meth:`choices`.
            UnknownName: An exception for a stage that the plan does not date.
            PayloadInvalid: The number of an exception is none.
            PlanInvalid: The plan's level is not the unit's.
            NotAllowed: The person is not an officer of the unit.
            EventRefused: The plan is not a draft, a round of it is closed, or an exception is not needed.
        """
        row = self._plan(code)
        as_seen(row, version)
        world = self.world(fresh=True)
        who = self._officer(world, actor, row.unit, PLAN.any_move(PlanEvent.PUBLISH))
        move = PLAN.move(row.state, PlanEvent.PUBLISH, code)
        plan = self.parsed(row)
        self._level_fits(world, plan, row.unit)
        chosen = {c.index: c.chosen for c in self.choices(code, effects)}
        recurs = plan.recurs == "yearly"
        year = max(local_date(self.clock.now()).year, plan.year)
        if recurs:
            openings = [o for y in range(plan.year, year + 2) for o in self._statutory(world, row, plan, chosen, y)]
            stages: tuple[StageRow, ...] = excepted(row, (), exceptions or {}, self.store.stages())
        else:
            stages = stages_of(plan, row.unit, code, plan.year, plan.deadlines, chosen, statutory=False)
            stages = excepted(row, stages, exceptions or {}, self.store.stages())
            planned = rounds_of(plan, row.unit, code, plan.year, plan.deadlines)
            openings = [_Opening(r, tuple(s for s in stages if s.round == r.code)) for r in planned]
        world = self._drafted(openings, who, world)
        given = {"effects": [str(chosen[i]) for i in sorted(chosen)], "deadlines": [as_data(s) for s in stages]}
        given |= {"exceptions": dict(exceptions)} if exceptions else {}
        act = self._act(move, str(row.state), f"publish:{code}:{row.version}", who, {}, data=given)
        published = self.scribe.subject(SubjectKind.PLAN, row, code, act, stages=stages)
        begun = open_activities(plan, published.row, stages, ()) if isinstance(published.row, PlanRow) else ()
        changes: list[Change] = [replace(published, steps=steps_of(begun, self.clock.now()))]
        changes += self._replace_earlier(row, plan)
        changes += self._opened(openings, code, who, with_stages=recurs)
        changes += self._redated(world, row, stages, openings)
        self._write(changes, world.epoch)
        return [found for opening in openings if (found := self.store.load_round(opening.row.code)) is not None]

    def missing_statutory(self, world: World) -> bool:
        """Whether a round that the law gives for this year or the next has not been opened; costs no reading."""
        return any(self._missing(world, row, year) for row, year in self._recurring(world))

    def open_statutory(self) -> list[str]:
        """Open every round that a published recurring plan gives a province or the centre up to the next year, where it is missing.

        Two processes may do this at once: who is second finds nothing left to do.

        Returns:
            Codes of the rounds that were opened.
        """
        who = THE_SYSTEM
        opened: list[str] = []
        for row, year in self._recurring(self.world(fresh=True)):
            world = self.world(fresh=True)
            if not self._missing(world, row, year):
                continue
            openings = self._statutory(world, row, self.parsed(row), self._published_effects(row), year)
            try:
                world = self._drafted(openings, who, world)
                self._write(self._opened(openings, row.code, who, with_stages=True), world.epoch)
            except StaleCase:
                continue
            opened += [o.row.code for o in openings]
        return opened

    def parsed(self, row: PlanRow) -> CyclePlan:
        """The plan of a row, read again from its own file."""
        return plan_of(row)

    # What the law gives every year.

    def _recurring(self, world: World) -> list[tuple[PlanRow, int]]:
        through = local_date(self.clock.now()).year + 1
        rows = [row for row in world.plans if row.state is Publication.PUBLISHED and "yearly" in row.text]
        return [(row, year) for row in rows if self.parsed(row).recurs == "yearly" for year in range(row.year, through + 1)]

    def _missing(self, world: World, row: PlanRow, year: int) -> bool:
        return bool(self._statutory(world, row, self.parsed(row), {}, year))

    def _statutory(self, world: World, row: PlanRow, plan: CyclePlan, chosen: Mapping[int, Effect], year: int) -> list[_Opening]:
        """Rounds of a year that the plan gives each province and the centre and that are not open yet."""
        openings: list[_Opening] = []
        numbered: list[tuple[int, PlanDeadline]] | None = None
        for unit in world.registry.units_on(local_date(self.clock.now())):
            track = {"province": Track.PROVINCIAL, "centre": Track.CENTRAL}.get(unit.level)
            if track is None:
                continue
            numbered = numbered if numbered is not None else list(enumerate(for_year(plan, year), 1))
            mine = [(i, d) for i, d in numbered if d.track is track and d.round]
            for planned in rounds_of(plan, unit.code, row.code, year, [d for _, d in mine], statutory=True):
                there = world.book.get(planned.code)
                if there is not None and there.row.state is not RoundState.DRAFT:
                    continue
                lines = {i: d for i, d in mine if d.round == planned.number}
                effects = {at: chosen.get(i, Effect.RECORD) for at, i in enumerate(lines, 1)}
                stages = stages_of(plan, unit.code, row.code, year, lines.values(), effects, statutory=True, numbers=list(lines))
                openings.append(_Opening(planned, stages))
        return openings

    def _published_effects(self, row: PlanRow) -> dict[int, Effect]:
        """The effects that a person chose when the plan was published."""
        found: dict[int, Effect] = {}
        for line in timeline(self.store, row.code):
            if line.entry.event == PlanEvent.PUBLISH:
                found = {i: Effect(e) for i, e in enumerate(line.entry.data["effects"], 1)}
        return found

    # The parts of a publication.

    def _drafted(self, openings: Iterable[_Opening], who: Office, world: World) -> World:
        """Write the drafts of rounds that do not exist yet, and look again."""
        missing = [self._prepare(o.row, who) for o in openings if self.store.load_round(o.row.code) is None]
        if missing:
            self._write(missing, world.epoch)
            return self.world(fresh=True)
        return world

    def _opened(self, openings: Iterable[_Opening], plan: str, who: Office, *, with_stages: bool) -> list[Change]:
        """Open drafts; a round that runs already goes on under the new plan."""
        changes = []
        for opening in openings:
            there = self.store.load_round(opening.row.code)
            if there is None or there.state is RoundState.CLOSED:
                holder = Holder(Function.OFFICER, Level.CENTRE if opening.row.track is Track.CENTRAL else Level.PROVINCE)
                detail = {"state": RoundState.CLOSED, "event": RoundEvent.OPEN, "states": (RoundState.DRAFT, RoundState.OPEN)}
                raise EventRefused(
                    [Refusal(Code.ROUND_STATE, holder, detail)],
                    case=opening.row.code,
                    event=PlanEvent.PUBLISH,
                    state=there.state if there else None,
                )
            event = RoundEvent.OPEN if there.state is RoundState.DRAFT else RoundEvent.REDATE
            move = ROUND.move(there.state, event, there.code)
            given = {"plan": opening.row.plan, "statutory": opening.row.statutory}
            data = {"deadlines": [as_data(s) for s in opening.stages]}
            act = self._act(move, str(there.state), f"{event}:{plan}:{there.version}", who, given, data=data)
            stages = opening.stages if with_stages else ()
            changes.append(self.scribe.subject(SubjectKind.ROUND, there, there.code, act, stages=stages))
        return changes

    def _redated(self, world: World, row: PlanRow, stages: tuple[StageRow, ...], openings: Iterable[_Opening]) -> list[Change]:
        """An entry for each running case whose dates the plan changes: members of its rounds, and the unit's cases before filing."""
        changed = {o.row.code: o for o in openings}
        rounds = [changed[r.code].row if r.code in changed else r for r in self.store.rounds()]
        kept = [s for s in self.store.stages() if s.id not in {new.id for new in stages}]
        extra = [s for o in openings for s in o.stages if s.id not in {new.id for new in stages}]
        replaced = [replace(p, state=Publication.REPLACED) if self._gives_way(p, row) else p for p in world.plans]
        opened = [replace(r, state=RoundState.OPEN) if r.code in changed else r for r in rounds]
        then = World(world.registry, RoundBook(opened, [*kept, *stages, *extra], replaced), tuple(replaced), world.calendars)
        now = self.clock.now()
        codes = {c.code for code in changed for c in every_case(self.store, CaseQuery(round=code)) if c.state in RUNNING}
        if any(s.round is None for s in stages):
            units = world.registry.below(row.unit, local_date(now))
            codes |= {c.code for c in every_case(self.store, CaseQuery(states=tuple(map(str, _EARLY)), units=units))}
        changes = []
        for code in sorted(codes):
            loaded = self.store.load_case(code, "")
            if loaded is None or loaded.case.state is CaseState.DEFERRED:
                continue
            change = self.judge.automatic(then, loaded, Event.REDATE, now, f"redate:{row.code}:{row.version}")
            if change.opened or change.closed:
                changes.append(change)
        return changes

    def _replace_earlier(self, row: PlanRow, plan: CyclePlan) -> list[Change]:
        changes = []
        for other in self.store.plans(row.unit):
            if plan.recurs != "yearly" and self._gives_way(other, row):
                move = PLAN.move(other.state, PlanEvent.REPLACE)
                act = self._act(move, str(other.state), f"replace:{row.code}", THE_SYSTEM, {})
                ended = open_activities(self.parsed(other), other, self.store.stages(plan=other.code), timeline(self.store, other.code))
                changed = self.scribe.subject(SubjectKind.PLAN, other, other.code, act)
                changes.append(replace(changed, fulfilled=tuple(duty.id for duty in ended)))
        return changes

    def _gives_way(self, other: PlanRow, row: PlanRow) -> bool:
        same = other.code != row.code and (other.unit, other.year) == (row.unit, row.year)
        return same and other.state is Publication.PUBLISHED and self.parsed(other).recurs != "yearly"

    def _prepare(self, planned: RoundRow, who: Office) -> Change:
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

    def _act(  # noqa: PLR0913
        self,
        move: Move[Any, Any],
        source: str | None,
        command: str,
        who: Office,
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
            actor=who.actor,
            set=given,
            data=data or {},
            texts=who.names,
        )

    def _officer(self, world: World, person: str, unit: str, move: Move[Any, Any]) -> Office:
        return office_of(world.registry, person, unit, move, local_date(self.clock.now()))

    def _level_fits(self, world: World, plan: CyclePlan, unit: str) -> None:
        today = local_date(self.clock.now())
        row = world.registry.unit(unit, today) if unit else None
        if row is None:
            known = ", ".join(u.code for u in world.registry.units_on(today) if u.level != Level.COMMUNE)
            raise UnknownName(what="unit", name=unit or "–", known=known)
        level = _LEVELS[plan.level]
        if row.level != level or (plan.recurs == "yearly" and level is not Level.CENTRE):
            raise PlanInvalid([Problem("/level", "level_differs", {"level": level, "unit": row.name, "unit_level": Level(row.level)})])

    def _plan(self, code: str) -> PlanRow:
        row = self.store.load_plan(code)
        if row is None:
            raise NotFound(what="plan", name=code)
        return row

    def _write(self, changes: list[Change], epoch: int) -> None:
        if changes and self.store.write(changes, epoch=epoch) is not Outcome.WRITTEN:
            raise StaleCase(case=changes[0].entry.subject, expected=changes[0].version, version=None, state=None)
