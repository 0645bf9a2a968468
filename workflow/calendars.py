"""Working days of the country and of units: what a change would move, the change itself, and the terms counted again. See decision 0015.

A change is one transaction: the unit's table, and every running span whose end it moves. Named dates never move; what has passed stays passed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from deadlines.calendar import NATION, CalendarUnknown, Edition
from states.errors import NotFound, PayloadInvalid, Problem, StaleCase, UnknownName
from states.lifecycle import CALENDAR, Move
from states.payload import Field, Kind, read_payload
from states.refusal import Code
from states.regime import local_date
from states.vocabulary import CalendarEvent, Level
from workflow.access import Office, office_of
from workflow.clock import Clock
from workflow.perform import Engine
from workflow.ports import TRIES, Change, LoadedCase, Outcome, Store
from workflow.recording import Act, Scribe
from workflow.recounting import Count, Fate, Recounter, Touched
from workflow.rows import CalendarRow, SubjectKind
from workflow.situation import World, edition_of
from workflow.timeline import opened

_DAY = timedelta(days=1)
_LOOK_BACK = timedelta(days=30)
"""How far back a recount tells which spans would not have passed by the new data."""

_FORM = (Field("document_no", Kind.CODE, required=True), Field("reason", Kind.TEXT, required=True))


@dataclass(frozen=True, slots=True)
class DayChange:
    """A day that a paper declares worked or off; ``reason`` where it differs from that of the whole change."""

    day: date
    working: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarReport:
    """A change of the calendar, before or after it was written.

    Attributes:
        unit: ``VN`` or the unit's code; ``days`` of the change, none for a recount.
        number: Version of the unit's table that the change makes; None where nothing is to be written.
        moved: Spans that move; ``kept`` those that a fresh count would put elsewhere, but that stay.
        notes: Codes of ``[note]``.
    """

    unit: str
    days: tuple[DayChange, ...]
    number: int | None
    moved: tuple[Touched, ...]
    kept: tuple[Touched, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDay:
    """A day of the year that is not an ordinary one: off on a weekday, or worked on a weekend or holiday.

    Attributes:
        unit: Whose table says so; None where it is the product's own data.
        document_no, entered_by: Of that table.
    """

    day: date
    working: bool
    vi: str
    en: str
    unit: str | None
    document_no: str
    entered_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownYear:
    """A year of a unit's calendar; ``calendar`` is what a term counted with it keeps."""

    year: int
    unit: str
    calendar: str
    provisional: bool
    days: tuple[ShownDay, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be written: the calendar's own entry and the counts, and how to count once more after it is written."""

    report: CalendarReport
    counts: tuple[Count, ...]
    written: Change
    again: Callable[[], Sequence[Count]]

    @property
    def moving(self) -> list[Count]:
        """Counts that move their span."""
        return [c for c in self.counts if c.touched.fate is Fate.MOVES]

    def members(self) -> list[LoadedCase]:
        """Cases with a span that moves."""
        return list({c.loaded.case.code: c.loaded for c in self.moving}.values())


class Calendars:
    """Changes tables of working days, and counts running spans again."""

    def __init__(self, store: Store, clock: Clock, scribe: Scribe, engine: Engine) -> None:
        """Work on a store; terms are moved by the engine's judge, with its terms of the law."""
        self.store = store
        self.clock = clock
        self.scribe = scribe
        self.engine = engine
        self.law = engine.judge.law
        self.recounter = Recounter(store, clock, self.law)

    def change(  # noqa: PLR0913
        self,
        days: Sequence[DayChange],
        *,
        actor: str,
        document_no: str,
        reason: str,
        unit: str | None = None,
        version: int | None = None,
        dry_run: bool = False,
    ) -> CalendarReport:
        """Declare days worked or off, and count every running span anew that they touch, in one transaction.

        Args:
            days: The days.
            actor: Person code; an officer of the centre for the country, of the province for itself and its communes.
            document_no: Number of the paper that says so.
            reason: Why, as people will read it.
            unit: Code of a province or commune; None, ``VN`` or the centre's code for the whole country.
            version: Version of the unit's table that the actor has seen, 0 where there was none; None if it was not looked at.
            dry_run: Only say what would move.

        Raises:
            UnknownName: No such unit.
            NotFound, NotAllowed: No such person, or not an officer of the calendar's unit.
            PayloadInvalid: Days that contradict each other, are so already, lie outside the data or are the nation's; a paper without
                number, a change without reason.
            StaleCase: Others were faster, again and again.
        """
        data, texts = _read(document_no, reason)
        texts |= {f"reason.{d.day.isoformat()}": _read(document_no, d.reason)[1]["reason"] for d in days if d.reason}

        def plan(world: World) -> _Plan:
            place, office = self._place(world, unit)
            row = self._row(world, place)
            if version is not None and version != (row.version if row else 0):
                raise StaleCase(case=_code(place), expected=version, version=row.version if row else 0, state=row.state if row else None)
            move = CALENDAR.move(row.state if row else None, CalendarEvent.CHANGE, place)
            who = office_of(world.registry, actor, office, move, self._today(), Code.CALENDAR_OF_OTHER_UNIT)
            self._sound(world, place, days)
            act = self._act(row, place, move, who, data | {"days": [_as_data(d) for d in days]}, texts)
            written = self.scribe.subject(SubjectKind.CALENDAR, row, _code(place), act)
            then = self._then(world, written)
            again = partial(self.recounter.counts, world, then, min(d.day for d in days))
            counts = again()
            return _Plan(self._report(place, days, written, counts), tuple(counts), written, again)

        return self._carry_out(plan, str(data["document_no"]), dry_run=dry_run)

    def recount(self, *, actor: str, dry_run: bool = False) -> CalendarReport:
        """Count every running span again by the calendar as it is now: after the product's own data have learnt of a year's days off.

        Nothing is written where nothing moves.

        Raises:
            NotFound, NotAllowed: No such person, or not an officer of the centre.
            StaleCase: Others were faster, again and again.
        """

        def plan(world: World) -> _Plan:
            _, office = self._place(world, None)
            row = self._row(world, NATION)
            move = CALENDAR.move(row.state if row else None, CalendarEvent.RECOUNT, NATION)
            who = office_of(world.registry, actor, office, move, self._today(), Code.CALENDAR_OF_OTHER_UNIT)
            counts = self.recounter.counts(None, world, self._today() - _LOOK_BACK)
            moving = sum(c.touched.fate is Fate.MOVES for c in counts)
            told = {"announced_through": self.law.calendar(()).announced_through, "moved": moving}
            written = self.scribe.subject(SubjectKind.CALENDAR, row, _code(NATION), self._act(row, NATION, move, who, told, {}))
            return _Plan(self._report(NATION, (), written if moving else None, counts), tuple(counts), written, tuple)

        return self._carry_out(plan, "", dry_run=dry_run)

    def behind(self) -> int:
        """How many running spans a recount would move: counted before the product's own data learnt of days off. Reads only."""
        counts = self.recounter.counts(None, self.engine.world(fresh=True), self._today() - _LOOK_BACK)
        return sum(count.touched.fate is Fate.MOVES for count in counts)

    def show(self, year: int, unit: str | None = None) -> ShownYear:
        """What is out of the ordinary in a year of a unit's calendar.

        Raises:
            UnknownName: No such unit.
            CalendarUnknown: No data about the year.
        """
        world = self.engine.world(fresh=True)
        place, _ = self._place(world, unit)
        base, editions = self.law.calendar(()), self._editions(world, place)
        calendar = self.law.calendar(editions)
        if not calendar.first.year <= year <= calendar.last.year:
            raise CalendarUnknown(day=str(year), first=calendar.first.isoformat(), last=calendar.last.isoformat())
        told = {d: shown for edition in editions for d, shown in self._told(edition).items()}
        days: list[ShownDay] = []
        day = date(year, 1, 1)
        while day.year == year:
            weekend, why = day.weekday() >= 5, calendar.why_not_working(day)  # noqa: PLR2004 - Saturday
            if day in told:
                days.append(told[day])
            elif (why is None) == weekend or base.is_holiday(day):
                reason = (why.vi, why.en) if why else ("Làm bù", "Worked in place of a swapped day")
                days.append(ShownDay(day=day, working=why is None, vi=reason[0], en=reason[1], unit=None, document_no="", entered_by=""))
            day += _DAY
        provisional = calendar.is_provisional(date(year, 1, 1))
        return ShownYear(year=year, unit=place, calendar=calendar.edition, provisional=provisional, days=tuple(days))

    # Who, where, which days.

    def _today(self) -> date:
        return local_date(self.clock.now())

    def _place(self, world: World, unit: str | None) -> tuple[str, str]:
        """Whose calendar it is, and the unit whose officer keeps it: the centre, or the province of the unit."""
        today = self._today()
        centre = next((u.code for u in world.registry.units_on(today) if u.level == Level.CENTRE), None)
        row = world.registry.unit(unit, today) if unit is not None else None
        if unit in {None, NATION} or (row is not None and row.level == Level.CENTRE):
            if centre is None:
                raise NotFound(what="unit", name=str(Level.CENTRE))
            return NATION, centre
        if row is None:
            known = ", ".join([NATION, *(u.code for u in world.registry.units_on(today) if u.level == Level.PROVINCE)])
            raise UnknownName(what="unit", name=unit, known=known)
        return row.code, world.registry.province(row.code, today)

    def _sound(self, world: World, place: str, days: Sequence[DayChange]) -> None:
        """Refuse days that cannot be declared; every problem is said."""
        calendar, nation = (self.law.calendar(self._editions(world, where)) for where in (place, NATION))
        problems = [] if days else [Problem("/day", "required")]
        said: dict[date, bool] = {}
        for change in days:
            day = change.day
            about: dict[str, object] = {"day": day}
            if day in said:
                problems.append(Problem("/day", "repeated" if said[day] == change.working else "day_contradicts", about))
                continue
            said[day] = change.working
            if not calendar.first <= day <= calendar.last:
                problems.append(Problem("/day", "calendar_unknown", about))
            elif calendar.is_working_day(day) == change.working:
                problems.append(Problem("/day", "day_unchanged", about))
            elif place != NATION and change.working and nation.is_holiday(day):
                off = nation.why_not_working(day)
                problems.append(Problem("/day", "holiday_of_the_nation", {**about, "reason": off.vi if off else None}))
        if problems:
            raise PayloadInvalid(problems, event=CalendarEvent.CHANGE)

    def _editions(self, world: World, place: str) -> tuple[Edition, ...]:
        if place != NATION:
            return world.editions(place, self._today())
        return tuple(edition_of(row) for row in world.calendars if row.unit == NATION and row.days)

    @staticmethod
    def _row(world: World, place: str) -> CalendarRow | None:
        return next((row for row in world.calendars if row.unit == place), None)

    def _told(self, edition: Edition) -> dict[date, ShownDay]:
        """The days of a table with their reasons, which stand in the openings of its entries; the later rules."""
        lines = {line.entry.case_seq: line for line in map(opened, self.store.entries(_code(edition.code)))}
        row = next(row for row in self.store.calendars() if row.unit == edition.code)
        shown = {}
        for d in row.days:
            line = lines[d.since]
            reason = line.text(f"reason.{d.day}") or line.text("reason") or "–"
            day = date.fromisoformat(d.day)
            shown[day] = ShownDay(
                day=day, working=d.working, vi=reason, en=reason, unit=row.unit, document_no=d.document_no, entered_by=d.entered_by
            )
        return shown

    # Writing.

    def _then(self, world: World, written: Change) -> World:
        """The world with a calendar as a change makes it."""
        assert isinstance(written.row, CalendarRow)  # noqa: S101 - the scribe was asked for a calendar
        others = tuple(row for row in world.calendars if row.code != written.row.code)
        return replace(world, calendars=(*others, written.row))

    def _carry_out(self, plan: Callable[[World], _Plan], ground: str, *, dry_run: bool) -> CalendarReport:
        for _ in range(TRIES):
            world = self.engine.world(fresh=True)
            made = plan(world)
            if dry_run or made.report.number is None:
                return made.report
            if any(self.engine.settle(loaded, self.clock.now()) for loaded in made.members()):
                continue  # Something had fallen due for a member: what the change moves is asked again.
            changes = [made.written, *self._recounts(world, made.moving, made.written, ground)]
            if self.store.write(changes, epoch=world.epoch) is Outcome.WRITTEN:
                return self._stragglers(world, made, ground)
        raise StaleCase(case=made.written.entry.subject, expected=made.written.version, version=None, state=None)

    def _stragglers(self, world: World, made: _Plan, ground: str) -> CalendarReport:
        """Spans that began by the old calendar while the change was worked out; from the change on, acts are judged by the new one."""
        report = made.report
        for _ in range(TRIES):
            late = [c for c in made.again() if c.touched.fate is Fate.MOVES]
            if not late:
                return report
            if self.store.write(self._recounts(world, late, made.written, ground), epoch=None) is Outcome.WRITTEN:
                report = replace(report, moved=(*report.moved, *(c.touched for c in late)))
        raise StaleCase(case=made.written.entry.subject, expected=made.written.version, version=None, state=None)

    def _recounts(self, world: World, moving: Iterable[Count], written: Change, ground: str) -> list[Change]:
        """One entry for each case whose spans move."""
        by_case: dict[str, list[Count]] = defaultdict(list)
        for count in moving:
            by_case[count.loaded.case.code].append(count)
        now, command = self.clock.now(), f"recount:{written.entry.subject}:{written.entry.seq}"
        recount = partial(self.engine.judge.recount, world)
        return [
            recount(counts[0].loaded, now, command, {c.term.id: c.opening for c in counts}, ground) for _, counts in sorted(by_case.items())
        ]

    def _report(self, place: str, days: Sequence[DayChange], written: Change | None, counts: Iterable[Count]) -> CalendarReport:
        touched = sorted((c.touched for c in counts), key=lambda t: (t.will, t.term))
        today, base = self._today(), self.law.calendar(())
        notes = ["past_day"] if any(d.day < today for d in days) else []
        notes += ["provisional_year"] if any(base.is_provisional(d.day) for d in days) else []
        return CalendarReport(
            unit=place,
            days=tuple(days),
            number=written.entry.seq if written else None,
            moved=tuple(t for t in touched if t.fate is Fate.MOVES),
            kept=tuple(t for t in touched if t.fate is not Fate.MOVES),
            notes=tuple(notes),
        )

    def _act(  # noqa: PLR0913
        self, row: CalendarRow | None, place: str, move: Move[Any, Any], who: Office, data: Mapping[str, Any], texts: Mapping[str, str]
    ) -> Act:
        now = self.clock.now()
        return Act(
            event=str(move.event),
            command=f"{move.event}:{place}:{row.version if row else 0}",
            effective_at=now,
            received_at=now,
            source=str(row.state) if row else None,
            target=str(move.target),
            clause=move.clause,
            actor=who.actor,
            set={} if row else {"unit": place},
            data=dict(data),
            texts={**texts, **who.names},
        )


def _code(place: str) -> str:
    """Code of a unit's calendar; a code of its own kind, since the unit's alone could be a plan's."""
    return f"calendar:{place}"


def _as_data(change: DayChange) -> dict[str, Any]:
    return {"day": change.day.isoformat(), "working": change.working}


def _read(document_no: str, reason: str) -> tuple[dict[str, object], dict[str, str]]:
    try:
        return read_payload(_FORM, {"document_no": document_no, "reason": reason})
    except PayloadInvalid as invalid:
        raise PayloadInvalid(invalid.problems, event=CalendarEvent.CHANGE) from None
