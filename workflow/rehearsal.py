"""Plays a season on a clock that is moved: every act at its own time, and the sweep at every cut-off in between, as a worker would."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from deadlines.sweep import GRACE, tick
from states.chart import Seat
from states.errors import CycleError, EventRefused, NotAllowed, NotFound
from states.regime import local_date
from states.vocabulary import CertificateState, Event
from workflow.clock import ManualClock
from workflow.commands import SYSTEM, Command
from workflow.ledger.entry import parse
from workflow.perform import Engine
from workflow.plans import Plans
from workflow.planwork import PlanWork
from workflow.ports import Store
from workflow.review import Reviews
from workflow.rounds import Rounds
from workflow.rows import ProductRow, SubjectKind
from workflow.season import save_season
from workflow.season_values import CaseStory, PlanAct, RoundAct, Season, StepAct, WorkAct
from workflow.sweeping import sequence, statutory_rounds

PLANS = Path(__file__).parent.parent / "deadlines" / "data" / "plans"

_PLAYED_UNTIL = "season_played_until"
_CHANGED = "season_changed"


@dataclass(slots=True)
class Played:
    """What a replay did.

    Attributes:
        acts: Acts carried out.
        refused: Refusals that belong to the story, by code.
        surprises: (product or plan, event, error) of acts that the story did not expect to fail, or expected to be refused but were not.
        overtaken: Acts that could no longer happen because somebody did otherwise or moved the clock past them; never surprises.
        fired: Cut-offs that the sweep carried out.
        until: Where the clock stands.
    """

    acts: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    surprises: list[tuple[str, str, str]] = field(default_factory=list)
    overtaken: int = 0
    fired: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Timed:
    at: datetime
    order: tuple[int, int]
    do: Callable[[], None]
    label: str
    steers: bool = False


class Teller(Protocol):
    """Tells people what they have to know; :mod:`notifications` does."""

    def next_moment(self) -> datetime | None:
        """When there is something to tell next."""

    def tell(self) -> object:
        """Tell what has come."""


class Player:
    """Plays a season into a rehearsal database."""

    def __init__(  # noqa: PLR0913 - the services that a season is played with
        self,
        store: Store,
        clock: ManualClock,
        engine: Engine,
        plans: Plans,
        rounds: Rounds,
        work: PlanWork,
        teller: Teller | None = None,
    ) -> None:
        """Play with these services; without a teller nobody is told."""
        self.teller = teller
        self.store = store
        self.clock = clock
        self.engine = engine
        self.plans = plans
        self.rounds = rounds
        self.work = work
        self.played = Played()
        self._progress: Callable[[int, int], None] | None = None
        self._codes: dict[int, str] = {}

    def on_progress(self, told: Callable[[int, int], None]) -> None:
        """Tell (done, of) after each act."""
        self._progress = told

    def load(self, season: Season) -> int:
        """Put units, people, functions, producers and products into the registry; returns the new epoch."""
        return save_season(self.store, season)

    def play(self, season: Season, until: datetime | None = None) -> Played:
        """Play every act up to an instant (None: to the end), then stand there with the sweep done.

        Acts up to the clock's present are left out, so a season can be played on from where it stopped. Where people acted in between, or
        moved the clock past some acts, whatever the story can no longer do is counted and is no surprise.
        """
        since = None if self.store.last_recorded() is None else self.clock.now()
        timeline = self._timeline(season)
        changed = since is not None and self._changed(timeline, since)
        timed = [t for t in timeline if (until is None or t.at <= until) and (since is None or t.at > since)]
        try:
            for number, item in enumerate(timed, 1):
                self.wait(item.at)
                self._do(item, changed=changed)
                if self._progress:
                    self._progress(number, len(timed))
            if until is not None and until > self.clock.now():
                self.wait(until)
        finally:
            self.store.set_meta(_PLAYED_UNTIL, self.clock.now().isoformat())
        self.played.until = self.clock.now()
        return self.played

    def _do(self, item: _Timed, *, changed: bool) -> None:
        known = len(self.played.surprises)
        try:
            item.do()
        except CycleError as error:
            self.played.surprises.append((item.label, item.at.isoformat(), str(error)))
            self.played.overtaken += changed
        if changed:
            del self.played.surprises[known:]

    def _changed(self, timeline: Sequence[_Timed], since: datetime) -> bool:
        """Whether the rehearsal has left the story, now or before; acts that the clock was moved past are counted on the way."""
        kept = self.store.get_meta(_PLAYED_UNTIL)
        passed = sum(1 for t in timeline if t.at <= since and (kept is None or t.at > datetime.fromisoformat(kept)))
        self.played.overtaken += passed
        changed = bool(passed) or self.store.get_meta(_CHANGED) == "1" or self._by_hand({t.at for t in timeline if t.steers})
        if changed:
            self.store.set_meta(_CHANGED, "1")
        return changed

    def _by_hand(self, steering: Collection[datetime]) -> bool:
        """Whether a person did anything that the season did not do. Plans and rounds carry no way in, but the season's have its instants."""
        entries = (parse(stored.body) for stored in self.store.entries())
        return any(
            e.outcome == "done"
            and e.actor is not None
            and e.actor.id != SYSTEM
            and e.kind is not SubjectKind.CERTIFICATE
            and e.data.get("via") != "season"
            and e.effective_at not in steering
            for e in entries
        )

    def wait(self, until: datetime) -> None:
        """Let time pass: the sweep runs at each cut-off on the way, thirty seconds after it."""
        while due := self.store.due_terms(until - GRACE, 1):
            self._tell_until(due[0].due_at + GRACE)
            self.clock.move(max(self.clock.now(), due[0].due_at + GRACE))
            sweep = tick(self.clock.now(), self.store, self.engine.expire)
            self.played.fired += len(sweep.fired)
            if not sweep.fired and not sweep.superseded:
                break
        self._tell_until(until)
        if until > self.clock.now():
            self.clock.move(until)
        statutory_rounds(self.engine, self.plans)

    def _tell_until(self, until: datetime) -> None:
        """Tell what comes up to an instant, each at its own moment."""
        if self.teller is None:
            return
        sequence(self.store)
        self.teller.tell()
        last = None
        while (moment := self.teller.next_moment()) is not None and moment <= until and moment != last:
            self.clock.move(max(self.clock.now(), moment))
            self.teller.tell()
            last = moment

    def _timeline(self, season: Season) -> list[_Timed]:
        products = {p.code: p for p in season.products}
        items: list[_Timed] = []
        for index, plan in enumerate(season.plans):
            items.append(_Timed(plan.import_at, (0, index), _bind(self._import, plan), f"{plan.plan} import", steers=True))
            items.append(_Timed(plan.publish_at, (1, index), _bind(self._publish, plan), f"{plan.plan} publish", steers=True))
        for index, act in enumerate(season.rounds):
            items.append(_Timed(act.at, (3, index), _bind(self._round, act), f"{act.code} {act.event}", steers=True))
        for index, done in enumerate(season.work):
            items.append(_Timed(done.at, (4, index), _bind(self._work, done), f"{done.plan} {done.act}", steers=True))
        for story in season.cases:
            for index, step in enumerate(season.paths[story.path]):
                at = step.at + timedelta(minutes=story.shift)
                do = _bind(self._act, story, step, index, at, products[story.product])
                items.append(_Timed(at, (2, story.number * 1000 + index), do, f"{story.product} {story.path} {step.event}"))
        return sorted(items, key=lambda t: (t.at, t.order))

    def _import(self, act: PlanAct) -> None:
        text = (PLANS / f"{Path(act.file).name}.toml").read_text("utf-8")
        self.plans.import_plan(text, actor=act.by, plan=act.plan, unit=act.unit)

    def _publish(self, act: PlanAct) -> None:
        self.plans.publish(act.plan, actor=act.by)

    def _round(self, act: RoundAct) -> None:
        match act.event:
            case "freeze":
                self.rounds.freeze(act.code, actor=act.by)
            case "close":
                self.rounds.close(act.code, actor=act.by)
            case _:
                self.rounds.rollover(act.code, actor=act.by)

    def _work(self, act: WorkAct) -> None:
        data = {name: value.isoformat() if isinstance(value, date) else value for name, value in act.data.items()}
        given = {name: str(data.pop(name)) for name in ("activity", "for_unit", "product", "producer", "count") if name in data}
        lists = {name: tuple(map(str, listed)) for name in ("units", "kinds") if isinstance(listed := data.pop(name, ()), list)}
        target = data.pop("target", 0)
        number = target if isinstance(target, int) else 0
        work, by = self.work, act.by
        match act.act:
            case "assign":
                work.assign(act.plan, given.get("activity", ""), lists.get("units", ()), actor=by)
            case "report":
                work.report(act.plan, given.get("activity", ""), data, actor=by, unit=given.get("for_unit"))
            case "support":
                product, producer, under = (given.get(name) for name in ("product", "producer", "activity"))
                work.support(act.plan, data, actor=by, product=product, producer=producer, activity=under)
            case "state":
                work.state(act.plan, number, data, actor=by)
            case "count":
                work.count(act.plan, number, given.get("count", ""), actor=by, kinds=lists.get("kinds", ()))
            case "lesson":
                work.learn(act.plan, data, actor=by)
            case _:
                Reviews(work).conclude(act.plan, actor=by, reason=str(data["reason"]) if "reason" in data else None)

    def _act(self, story: CaseStory, step: StepAct, index: int, at: datetime, product: ProductRow) -> None:
        case = self._case(story, step, product)
        command = Command(
            id=f"season:{story.number}:{index}",
            case=case,
            event=step.event,
            actor=self._who(step.by, product, at),
            payload=self._data(story, step, product),
            reason=step.reason,
            received_at=at,
            on_behalf_of=step.on_behalf_of,
            via="season",
        )
        try:
            receipt = self.engine.perform(command)
        except (EventRefused, NotAllowed) as refusal:
            codes = [str(reason.code) for reason in refusal.reasons]
            if step.expect not in codes:
                raise
            self.played.refused[step.expect] = self.played.refused.get(step.expect, 0) + 1
            return
        if step.expect:
            self.played.surprises.append((story.product, str(step.event), f"expected {step.expect}, but it went through"))
        self._codes[story.number] = receipt.case
        self.played.acts += 1

    def _case(self, story: CaseStory, step: StepAct, product: ProductRow) -> str:
        if step.event is Event.REGISTER:
            return product.code
        known = self._codes.get(story.number)
        if known is None:
            # Played on after a stop: the story's case is the one that its registration command created.
            known = self.store.case_by_command(f"season:{story.number}:0")
            if known is None:
                raise NotFound(what="case", name=f"{story.product} ({story.path})")
            self._codes[story.number] = known
        return known

    def _who(self, by: str, product: ProductRow, at: datetime) -> str:
        day = local_date(at)
        registry = self.engine.world().registry
        if by == "producer":
            found: Iterable[str] = registry.standing_for(product.producer, day)
        elif "@" in by:
            found = registry.holders(Seat.parse(by), product.unit, day)
        else:
            return by
        person = next(iter(found), None)
        if person is None:
            raise NotFound(what="person", name=f"{by} ({product.unit})")
        return person

    def _data(self, story: CaseStory, step: StepAct, product: ProductRow) -> dict[str, object]:
        given: Mapping[str, Any] = {**step.data, **(story.data.get(step.key, {}) if step.key else {})}
        return {name: self._fill(value, story, product) for name, value in given.items()}

    def _fill(self, value: Any, story: CaseStory, product: ProductRow) -> Any:
        if not isinstance(value, str):
            return value
        if "{certificate}" in value:
            held = [c for c in self.store.certificates(product.code) if c.state is CertificateState.IN_FORCE]
            value = value.replace("{certificate}", held[-1].code if held else "–")
        return value.replace("{n}", str(story.number))


def _bind(function: Callable[..., None], *given: Any) -> Callable[[], None]:
    return lambda: function(*given)
