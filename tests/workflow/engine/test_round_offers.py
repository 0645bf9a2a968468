"""What an office may do with a round is offered exactly where the act itself would go through, with the reasons that the act would give."""

from collections.abc import Callable

import pytest

from states.errors import EventRefused, NotAllowed, NotFound
from states.refusal import Code, Refusal
from states.vocabulary import RoundState
from tests.support.world import World, world_of_2026
from workflow.roundoffers import RoundAct, offers

FIRST = "VS-2021-1"
PEOPLE = ("officer-VS", "authority-VS", "officer-VT", "officer-H1", "officer-TW", "authority-TW", "producer-P1", "auditor-VS")


def tried(world: World, act: RoundAct, person: str) -> tuple[Refusal, ...]:
    """The reasons of the act itself, looked at without writing."""
    doing: dict[RoundAct, Callable[[], object]] = {
        RoundAct.FREEZE: lambda: world.rounds.freeze(FIRST, actor=person, dry_run=True),
        RoundAct.CLOSE: lambda: world.rounds.close(FIRST, actor=person, dry_run=True),
        RoundAct.ROLLOVER: lambda: world.rounds.rollover(FIRST, actor=person, dry_run=True),
        RoundAct.REDATE: lambda: world.rounds.redate(
            FIRST, "province_eval", "trước ngày 20/9/2021", "1/TB", world.clock.now().date().isoformat(), "Dịch bệnh", person, dry_run=True
        ),
    }
    try:
        doing[act]()
    except (EventRefused, NotAllowed) as refused:
        return refused.reasons
    return ()


@pytest.mark.parametrize("moment", ["open", "frozen", "over", "closed"])
def test_what_is_offered_goes_through_and_what_is_not_is_refused_for_a_reason_that_was_told(world: World, moment: str):
    world.filed("P1-01", "2021-06-01 09:00")
    if moment != "open":
        world.rounds.freeze(FIRST, actor="officer-VS")
    if moment in {"over", "closed"}:
        world.move("2021-08-02 08:00")
    if moment == "closed":
        world.rounds.close(FIRST, actor="officer-VS")
    allowed = 0
    for person in PEOPLE:
        for offer in offers(world.rounds, FIRST, actor=person):
            if offer.act is RoundAct.CLOSE and moment == "closed":
                # Closing again is answered, not refused, so that a repeated command harms nobody; nobody is offered it.
                assert Code.ROUND_STATE in {r.code for r in offer.reasons}
                continue
            reasons = tried(world, offer.act, person)
            assert offer.allowed == (not reasons), (person, offer)
            assert set(reasons) <= set(offer.reasons), (person, offer)
            allowed += offer.allowed
    assert allowed > 0
    assert world.store.load_round(FIRST).state is (  # type: ignore[union-attr]
        {"open": RoundState.OPEN, "closed": RoundState.CLOSED}.get(moment, RoundState.FROZEN)
    )


def test_both_the_round_and_the_person_are_told(world: World):
    close = next(o for o in offers(world.rounds, FIRST, actor="officer-H1") if o.act is RoundAct.CLOSE)
    assert [r.code for r in close.reasons] == [Code.CUTOFFS_AHEAD, Code.FUNCTION_REQUIRED]
    other = next(o for o in offers(world.rounds, FIRST, actor="officer-VT") if o.act is RoundAct.FREEZE)
    assert [r.code for r in other.reasons] == [Code.PLAN_OF_OTHER_UNIT]


def test_a_round_of_the_law_is_not_re_dated(database_url: str):
    with world_of_2026(database_url) as world:
        code = next(r.code for r in world.store.rounds() if r.statutory and r.unit == "VS")
        redate = next(o for o in offers(world.rounds, code, actor="officer-VS") if o.act is RoundAct.REDATE)
        assert [r.code for r in redate.reasons] == [Code.STATUTORY_DATE]


def test_an_unknown_round_or_person_is_named(world: World):
    for code, person in (("VS-1999-1", "officer-VS"), (FIRST, "nobody")):
        with pytest.raises(NotFound):
            offers(world.rounds, code, actor=person)
