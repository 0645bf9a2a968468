"""Next steps of many cases are what the situation of each says."""

from states.case import case_chart
from states.errors import OutsideTerritory
from states.vocabulary import Event
from tests.support.world import World
from workflow.overview import offers_of_many

ASIDE = frozenset({Event.WITHDRAW, Event.OVERRIDE, Event.EXTEND})


def test_next_steps_of_many_cases_are_those_of_the_situation_of_each(world: World):
    codes = [
        world.registered("P1-01"), world.filed("P1-02", "2021-02-01 08:00"), world.at_province("P2-01", at="2021-02-02 08:00"),
        world.filed("P2-02", "2021-02-03 08:00"),
    ]  # fmt: skip
    world.act(codes[3], Event.RETURN_FOR_COMPLETION, reason="thiếu minh chứng")
    engine, at, judged = world.engine, world.clock.now(), 0
    for person in ("officer-VS", "officer-H1", "authority-H1", "producer-P1", "chair-H2"):
        for aside in (frozenset[Event](), ASIDE):
            engine.world(fresh=True)
            loaded = list(world.store.load_cases(codes).values())
            found = offers_of_many(engine, person, loaded, at, aside)
            for each in loaded:
                try:
                    told = engine.situation(each.case.code, person, at)
                except OutsideTerritory:
                    continue
                chart = case_chart(each.case.regime)
                wanted = tuple(o for o in told.offers if o.event not in aside and chart.rules_in(told.state, o.event))
                assert found[each.case.code] == wanted
                judged += any(offer.allowed for offer in wanted)
    assert judged > 5
