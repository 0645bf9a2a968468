"""Next steps of a person with each of many cases: what :meth:`workflow.perform.Engine.situation` says of one, with everything read once."""

from collections.abc import Collection
from datetime import datetime

from states.case import RUNNING, case_chart
from states.chart import Offer
from states.facts import Facts
from states.vocabulary import CaseKind, CaseState, Event
from workflow.judging import offers_for, place_of
from workflow.perform import Engine
from workflow.ports import LoadedCase
from workflow.rows import CertificateRow
from workflow.situation import ASKS_ROUNDS, World, facts_of, held_of, law_of

LOOKED_AT = RUNNING | {CaseState.CERTIFIED}
"""States in which somebody may have a next step. What rests otherwise goes on only if somebody wants it to, and has no offers here."""


def offers_of_many(
    engine: Engine, person: str, cases: Collection[LoadedCase], at: datetime, aside: Collection[Event] = frozenset()
) -> dict[str, tuple[Offer, ...]]:
    """Offers by case, of events that exist where it stands; every case has to be one that the person may see.

    What does not exist there cannot be a next step, and is most of what a situation tells.

    Args:
        engine: Judges by its world as it is; ask for a fresh one before.
        person: Who asks.
        cases: With their running terms.
        at: The instant by which they are judged.
        aside: Events that are left out.
    """
    world = engine.world()
    looked = [each for each in cases if each.case.state in LOOKED_AT]
    named = sorted({each.case.certificate for each in looked if each.case.certificate})
    held = {row.code: row for row in engine.store.certificates(codes=named)} if named else {}
    left_out, found = frozenset(aside), {}
    for each in looked:
        now, _ = engine.settled_on_paper(each, at)
        found[each.case.code] = _offers(engine, world, now, held.get(now.case.certificate or ""), person, at, left_out)
    return found


def _offers(  # noqa: PLR0913
    engine: Engine, world: World, loaded: LoadedCase, certificate: CertificateRow | None, person: str, at: datetime, aside: frozenset[Event]
) -> tuple[Offer, ...]:
    case, held = loaded.case, held_of(certificate, at)
    window = engine.judge.law.filing_window(law_of(case, at), held.last_valid_day) if held and case.kind is CaseKind.REASSESSMENT else None

    def facts(event: Event | None = None) -> Facts:
        return facts_of(world, loaded, at, held=held, opens_at=window[0] if window else None, event=event)

    usual = facts()
    chart = case_chart(usual.regime.id)
    events = [event for event in chart.events if event not in aside and chart.rules_in(case.state, event)]
    special = {event: facts(event) for event in ASKS_ROUNDS if chart.rules_in(case.state, event)}
    return offers_for(world.registry, chart, case.state, usual, person, place_of(case), special, events)
