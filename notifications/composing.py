"""From steps that have come and entries in the log to what people hear: who, in which message, by which ways."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from notifications.audience import Hearer, concerned, with_stand_ins
from notifications.choices import choices_of
from notifications.duties import Desk, Step, Turn
from notifications.messages import ChannelName, Part
from notifications.placing import CalendarOf, Placing
from states.chart import Seat
from states.facts import LEVEL_OF, level_of
from states.regime import local_date
from states.vocabulary import CaseState, Duty, Event, Function, Level, NoteEvent
from workflow.access import may_confirm
from workflow.commands import SYSTEM
from workflow.judging import place_of
from workflow.ledger.entry import Entry, parse
from workflow.ports import Database
from workflow.rows import StoredEntry, SubjectKind
from workflow.situation import World, law_of
from workflow.telling import DeliveryRow, DeliveryState, Fired, ItemRow, RungRow, RungState, WebhookRow

PAGE = 500
NOTICES = "notices"
EVENT = "event"
"""Kind of an item that tells of something that has happened."""

Leaf = tuple[int, StoredEntry]
"""Number in the log, and the entry."""

_TRIES = 20
_RETRY = timedelta(minutes=1)
_UNMUTED = Part.SUPERIOR


@cache
def notices() -> Mapping[str, tuple[str, ...]]:
    """Who is told of which event."""
    data = tomllib.loads((files("notifications") / "data" / "notices.toml").read_text("utf-8"))
    known = {*Event, *NoteEvent}
    assert set(data["told"]) <= known, set(data["told"]) - known  # noqa: S101 - a slip in our own data
    return {event: tuple(seats) for event, seats in data["told"].items()}


@dataclass(slots=True)
class Composed:
    """What a pass made of what had come."""

    fired: int = 0
    superseded: int = 0
    cancelled: int = 0
    unheard: list[str] = field(default_factory=list)
    failed: list[tuple[str, int, str]] = field(default_factory=list)
    noticed: int = 0
    events: int = 0


class Composer:
    """Turns what has come into items, messages and deliveries."""

    def __init__(self, store: Database, world: Callable[[], World], calendar: CalendarOf, ways: frozenset[ChannelName]) -> None:
        """Compose for one database; ``ways`` are the channels that this installation has."""
        self.store = store
        self.world = world
        self.calendar = calendar
        self.ways = ways

    def compose(self, now: datetime) -> Composed:
        """Make messages of every step that has come and every entry that people should know of."""
        made = Composed()
        for _ in range(_TRIES * PAGE):
            due = self.store.due_rungs(now, PAGE)
            if not due:
                break
            self._page(now, due, made)
        while self._events(now, made):
            pass
        return made

    # Steps.

    def _page(self, now: datetime, due: Sequence[RungRow], made: Composed) -> None:
        try:
            fired = self._fire(now, due, made)
        except Exception:  # noqa: BLE001 - whatever is wrong shows at the step that it is wrong with
            fired = None
        if fired is None:
            for each in due:
                self._alone(now, each, made)

    def _alone(self, now: datetime, rung: RungRow, made: Composed) -> None:
        try:
            for _ in range(_TRIES):
                if self._fire(now, [rung], made) is not None:
                    return
        except Exception as error:  # noqa: BLE001 - one poisoned step must not silence the others; it is set aside and told
            attempts = self.store.postpone_rung(rung.duty, rung.rung, now + _RETRY * 2 ** min(rung.attempts, 6))
            made.failed.append((f"{rung.duty} {rung.rung}", attempts, f"{type(error).__name__}: {error}"))

    def decide(self, now: datetime, due: Sequence[RungRow]) -> tuple[list[Fired], Placing]:
        """What becomes of steps at a moment, and in which messages people hear of it; nothing is written."""
        desk, placing = self._desk(now), self._placing(now)
        steps = [(rung, Step(rung.duty, rung.rung, rung.kind, rung.subject)) for rung in due]
        desk.take(step for _, step in steps)
        decided: list[tuple[RungRow, Step, RungState, tuple[Hearer, ...]]] = []
        for rung, step in steps:
            turn = desk.turn(step)
            if turn is not Turn.SAY:
                decided.append((rung, step, RungState.CANCELLED if turn is Turn.OVER else RungState.SUPERSEDED, ()))
                continue
            everybody = with_stand_ins(desk.hearers(step), placing.choices, desk.day)
            heard = tuple(hearer for hearer in everybody if self._listens(placing, hearer, step))
            # Unheard means that nobody holds the duty, not that whoever does has chosen to leave this step out.
            decided.append((rung, step, RungState.FIRED if everybody else RungState.UNHEARD, heard))
        placing.look_up(hearer.person for *_, heard in decided for hearer in heard)
        fired = [
            Fired(rung, state, tuple(self._item(desk, placing, step, hearer) for hearer in heard)) for rung, step, state, heard in decided
        ]
        return fired, placing

    def _fire(self, now: datetime, due: Sequence[RungRow], made: Composed) -> int | None:
        fired, placing = self.decide(now, due)
        count = self.store.fire(fired, placing.messages.values(), placing.deliveries, now)
        if count is None:
            return None
        made.fired += sum(1 for each in fired if each.state is RungState.FIRED)
        made.superseded += sum(1 for each in fired if each.state is RungState.SUPERSEDED)
        made.cancelled += sum(1 for each in fired if each.state is RungState.CANCELLED)
        made.unheard += [f"{each.rung.duty} {each.rung.rung}" for each in fired if each.state is RungState.UNHEARD]
        return count

    @staticmethod
    def _listens(placing: Placing, hearer: Hearer, step: Step) -> bool:
        """Whether the person has not left this step out, as the office allows now; what is told to a superior is never left out."""
        muted = placing.choices.person(hearer.person).muted & placing.office(hearer.person).may_mute
        return hearer.part is _UNMUTED or step.rung not in muted

    @staticmethod
    def _item(desk: Desk, placing: Placing, step: Step, hearer: Hearer) -> ItemRow:
        rung = desk.rung(step)
        message = placing.place(hearer.person, due=desk.due_at(step), waits=rung is None or not rung.any_day)
        return ItemRow(
            recipient=hearer.person, duty=step.duty, rung=step.rung, kind=str(step.kind), subject=step.subject, part=str(hearer.part),
            message=message, detail={"for": list(hearer.for_whom)} if hearer.for_whom else {},
        )  # fmt: skip

    # Entries.

    def _events(self, now: datetime, made: Composed) -> bool:
        """One page of the log; whether there was any."""
        before = self.store.cursor(NOTICES)
        page = self.store.log_page(before - 1, PAGE)
        if not page:
            return False
        try:
            self._hear(now, before, page, made)
        except Exception:  # noqa: BLE001 - whatever is wrong shows at the entry that it is wrong with
            for index, leaf in enumerate(page):
                self._hear_alone(now, page[index - 1][0] + 1 if index else before, leaf, made)
        return True

    def _hear_alone(self, now: datetime, before: int, leaf: Leaf, made: Composed) -> None:
        try:
            while not self._hear(now, before, [leaf], made) and self.store.cursor(NOTICES) == before:
                pass
        except Exception as error:  # noqa: BLE001 - one poisoned entry must not silence the others; it is told, and passed over
            number, stored = leaf
            made.failed.append((f"{stored.subject} {stored.seq}", 1, f"{type(error).__name__}: {error}"))
            self.store.heard(NOTICES, before, number + 1, (), (), ())

    def _hear(self, now: datetime, before: int, page: Sequence[Leaf], made: Composed) -> bool:
        entries = [(number, parse(stored.body)) for number, stored in page]
        desk, placing = self._desk(now), self._placing(now)
        told = [e for _, e in entries if e.kind is SubjectKind.CASE and e.outcome == "done" and e.event in notices()]
        desk.take((), [e.case for e in told])
        heard = [(entry, person) for entry in told for person in self._know(desk, entry)]
        placing.look_up(person for _, person in heard)
        items = [self._notice(placing, entry, person) for entry, person in heard]
        events = self._for_webhooks(desk, entries, now)
        deliveries = [*placing.deliveries, *events]
        written = self.store.heard(NOTICES, before, page[-1][0] + 1, items, placing.messages.values(), deliveries)
        if written:
            made.noticed += len(items)
            made.events += len(events)
        return written

    def _know(self, desk: Desk, entry: Entry) -> tuple[str, ...]:
        loaded = desk.cases.get(entry.case)
        if loaded is None:
            return ()
        registry, seats = desk.world.registry, notices()[entry.event]
        actor = entry.actor.id if entry.actor is not None else SYSTEM
        if seats == ("second",):
            return self._seconds(desk, entry)
        if seats == ("typist",):
            asked = self.store.entry(entry.case, int(entry.data["answers"]))
            typist = parse(asked.body).actor if asked is not None else None
            return (typist.id,) if typist is not None and typist.id != actor else ()
        law = law_of(loaded.case, desk.now)
        office = level_of(self._lay(entry), None, law) if "office" in seats else law.levels[0]
        people = concerned(registry, loaded.case, law, seats, office, local_date(desk.now))
        return tuple(person for person in people if person != actor)

    def _lay(self, entry: Entry) -> CaseState:
        """The state in which a level had the case before something happened; a case that has ended no longer says."""
        before = CaseState(entry.from_) if entry.from_ else CaseState.IDEA_REGISTERED
        if before in LEVEL_OF:
            return before
        earlier = (parse(stored.body) for stored in reversed(list(self.store.entries(entry.case))))
        states = (CaseState(e.to) for e in earlier if e.case_seq < entry.case_seq and e.to)
        return next((state for state in states if state in LEVEL_OF), before)

    @staticmethod
    def _seconds(desk: Desk, entry: Entry) -> tuple[str, ...]:
        """Whoever may be the second person for an act."""
        case = desk.cases[entry.case].case
        registry, day = desk.world.registry, desk.day
        if entry.actor is None:
            return ()
        duty = Duty(entry.duty) if entry.duty else None
        seats = [Seat(function, level) for function in (Function.OFFICER, Function.AUTHORITY) for level in Level]
        people = dict.fromkeys(person for seat in seats for person in registry.holders(seat, case.unit, day))
        return tuple(
            p
            for p in people
            if (held := may_confirm(registry, p, entry.actor, place_of(case), day, duty)[0]) and held.unit == entry.actor.unit
        )

    @staticmethod
    def _notice(placing: Placing, entry: Entry, person: str) -> ItemRow:
        message = placing.place(person, due=None, waits=True)
        detail: dict[str, Any] = {"seq": entry.case_seq}
        return ItemRow(
            recipient=person, duty=f"entry:{entry.case}:{entry.case_seq}", rung=str(entry.event), kind=EVENT, subject=entry.case,
            part="follows", message=message, detail=detail,
        )  # fmt: skip

    def _for_webhooks(self, desk: Desk, entries: Sequence[tuple[int, Entry]], now: datetime) -> list[DeliveryRow]:
        hooks = [hook for hook in self.store.webhooks() if hook.off is None]
        if not hooks:
            return []
        moved = [(number, entry) for number, entry in entries if entry.outcome == "done" and entry.kind is SubjectKind.CASE]
        desk.take((), [entry.case for _, entry in moved])
        return [
            DeliveryRow(
                key=f"{hook.id}|{entry.case}|{entry.case_seq}", message=None, channel=str(ChannelName.WEBHOOK), target=hook.id,
                state=DeliveryState.WAITING, created_at=now, not_before=now,
            )
            for number, entry in moved
            for hook in hooks
            if number >= hook.since and self._for(desk, hook, entry)
        ]  # fmt: skip

    @staticmethod
    def _for(desk: Desk, hook: WebhookRow, entry: Entry) -> bool:
        loaded = desk.cases.get(entry.case)
        wanted = not hook.events or entry.event in hook.events
        return wanted and loaded is not None and desk.world.registry.covers(hook.unit, loaded.case.unit, desk.day)

    # Both.

    def _desk(self, now: datetime) -> Desk:
        return Desk(self.store, self.world(), now)

    def _placing(self, now: datetime) -> Placing:
        return Placing(self.store, self.world().registry, choices_of(self.store.settings()), self.ways, self.calendar, now)


def when_unplanned(store: Database, now: datetime, plan: Callable[[str, str, datetime, datetime], Sequence[RungRow]]) -> int:
    """Plan steps for deadlines that were written before there were ladders; returns for how many."""
    count, after = 0, ""
    while duties := store.unplanned(after, PAGE):
        cases = store.load_cases(list(dict.fromkeys(duty.rpartition(":")[0].rpartition(":")[0] for duty in duties)))
        terms = {term.id: term for loaded in cases.values() for term in loaded.terms}
        planned = [plan(duty, terms[duty].case, terms[duty].due_at, now) for duty in duties if duty in terms]
        store.plan_rungs([rung for rungs in planned for rung in rungs])
        count += sum(1 for rungs in planned if rungs)
        after = duties[-1]
    return count
