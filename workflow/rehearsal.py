"""Plays a season on a clock that is moved: every act at its own time, and the sweep at every cut-off in between, as a worker would."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deadlines.sweep import GRACE, tick
from states.chart import Seat
from states.errors import CycleError, EventRefused, NotAllowed, NotFound
from states.regime import local_date
from states.vocabulary import CertificateState, Event
from workflow.clock import ManualClock
from workflow.commands import Command
from workflow.perform import Engine
from workflow.plans import Plans
from workflow.ports import Store
from workflow.rounds import Rounds
from workflow.rows import ProductRow
from workflow.season import CaseStory, PlanAct, RoundAct, Season, StepAct, save_season
from workflow.sweeping import statutory_rounds

PLANS = Path(__file__).parent.parent / "deadlines" / "data" / "plans"


@dataclass(slots=True)
class Played:
    """What a replay did.

    Attributes:
        acts: Acts carried out.
        refused: Refusals that belong to the story, by code.
        surprises: (product or plan, event, error) of acts that the story did not expect to fail, or expected to be refused but were not.
        fired: Cut-offs that the sweep carried out.
        until: Where the clock stands.
    """

    acts: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    surprises: list[tuple[str, str, str]] = field(default_factory=list)
    fired: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Timed:
    at: datetime
    order: tuple[int, int]
    do: Callable[[], None]
    label: str


class Player:
    """Plays a season into a rehearsal database."""

    def __init__(self, store: Store, clock: ManualClock, engine: Engine, plans: Plans, rounds: Rounds) -> None:
        """Play with these services."""
        self.store = store
        self.clock = clock
        self.engine = engine
        self.plans = plans
        self.rounds = rounds
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

        Acts up to the clock's present were played before and are left out, so a season can be played on from where it stopped.
        """
        since = None if self.store.last_recorded() is None else self.clock.now()
        timed = [t for t in self._timeline(season) if (until is None or t.at <= until) and (since is None or t.at > since)]
        for number, item in enumerate(timed, 1):
            self.wait(item.at)
            try:
                item.do()
            except CycleError as error:
                self.played.surprises.append((item.label, item.at.isoformat(), str(error)))
            if self._progress:
                self._progress(number, len(timed))
        if until is not None and until > self.clock.now():
            self.wait(until)
        self.played.until = self.clock.now()
        return self.played

    def wait(self, until: datetime) -> None:
        """Let time pass: the sweep runs at each cut-off on the way, thirty seconds after it."""
        while due := self.store.due_terms(until - GRACE, 1):
            self.clock.move(max(self.clock.now(), due[0].due_at + GRACE))
            sweep = tick(self.clock.now(), self.store, self.engine.expire)
            self.played.fired += len(sweep.fired)
            if not sweep.fired and not sweep.superseded:
                break
        if until > self.clock.now():
            self.clock.move(until)
        statutory_rounds(self.engine, self.plans)

    def _timeline(self, season: Season) -> list[_Timed]:
        products = {p.code: p for p in season.products}
        items: list[_Timed] = []
        for index, plan in enumerate(season.plans):
            items.append(_Timed(plan.import_at, (0, index), _bind(self._import, plan), f"{plan.plan} import"))
            items.append(_Timed(plan.publish_at, (1, index), _bind(self._publish, plan), f"{plan.plan} publish"))
        for index, act in enumerate(season.rounds):
            items.append(_Timed(act.at, (3, index), _bind(self._round, act), f"{act.code} {act.event}"))
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
