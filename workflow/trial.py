"""The services on trial: everything is judged and drafted as it would be done now, on an overlay that nobody else sees."""

from dataclasses import dataclass

from workflow.calendars import Calendars
from workflow.clock import Clock, ManualClock
from workflow.consequences import LawTerms
from workflow.overlay import Overlay
from workflow.perform import Engine
from workflow.plans import Plans
from workflow.ports import Store
from workflow.recording import Scribe
from workflow.rounds import Rounds


@dataclass(frozen=True, slots=True)
class Trial:
    """Services over a store that keeps everything to itself; the clock stands at the present."""

    store: Overlay
    clock: Clock
    engine: Engine
    plans: Plans
    rounds: Rounds
    calendars: Calendars


def on_trial(store: Store, clock: Clock, scribe: Scribe, law: LawTerms) -> Trial:
    """Services over a store that is read and never written, by the present instant, for the log of a scribe."""
    overlay, standing = Overlay(store), ManualClock(clock.now())
    mine = Scribe(scribe.log, standing)
    engine = Engine(overlay, standing, mine, law)
    plans = Plans(overlay, standing, mine, engine.judge, engine.world)
    return Trial(
        overlay, standing, engine, plans, Rounds(overlay, standing, mine, engine, plans), Calendars(overlay, standing, mine, engine)
    )
