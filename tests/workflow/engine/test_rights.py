"""Who may: territory, time, separation of duties, ties, and acts recorded from paper."""

from collections.abc import Iterator
from typing import Any

import pytest

from states.errors import EventRefused, NotAllowed, NotFound, OutsideTerritory
from states.refusal import Code
from states.vocabulary import CaseState, Duty, Event, TieKind
from tests.support.world import DISTRICTS_END, TWO_ROUNDS, World, plan_file, world_at
from workflow.rows import TieRow

S = CaseState
IN_JUNE = "2021-06-01 09:00"
MANY_HATS = "everybody"


def denied(world: World, case: str, event: str, **given: Any) -> list[Code]:
    with pytest.raises(NotAllowed) as refused:
        world.act(case, event, **given)
    return [reason.code for reason in refused.value.reasons]


# Territory and time.


@pytest.mark.parametrize("stranger", ["officer-H2", "officer-X2", "officer-VT", "chair-K1", "producer-P2"])
def test_outside_its_territory_a_case_cannot_even_be_seen_and_nothing_is_written(world: World, stranger: str):
    case = world.filed(at=IN_JUNE)
    before = world.case(case)
    with pytest.raises(OutsideTerritory) as refused:
        world.act(case, "conclude", by=stranger, mean=70)
    assert refused.value.detail["case"] == case
    with pytest.raises(OutsideTerritory):
        world.engine.situation(case, stranger)
    assert world.case(case) == before


@pytest.mark.parametrize("stranger", ["officer-H2", "producer-P2", "officer-VT"])
def test_nobody_registers_a_product_outside_the_territory(world: World, stranger: str):
    with pytest.raises(OutsideTerritory) as refused:
        world.act("P1-01", "register", by=stranger)
    assert refused.value.detail["unit"] == world.engine.world().registry.unit_name(
        {"officer-H2": "H2", "producer-P2": "X2", "officer-VT": "VT"}[stranger], world.clock.now().date()
    ), "the asker's own unit is named, as for a case"


@pytest.mark.parametrize("insider", ["officer-X1", "officer-H1", "auditor-VS", "auditor-TW", "producer-P1"])
def test_inside_the_territory_a_case_is_seen_at_every_level(world: World, insider: str):
    case = world.filed(at=IN_JUNE)
    assert world.engine.situation(case, insider).case == case


def test_an_auditor_sees_and_does_nothing(world: World):
    case = world.filed(at=IN_JUNE)
    assert not any(offer.allowed for offer in world.engine.situation(case, "auditor-VS").offers)
    assert denied(world, case, "conclude", by="auditor-VS", mean=70) == [Code.FUNCTION_REQUIRED]


def test_an_unknown_person_is_not_found(world: World):
    case = world.filed(at=IN_JUNE)
    with pytest.raises(NotFound):
        world.act(case, "conclude", by="nobody", mean=70)


def test_a_function_ends_on_its_last_day_at_midnight(world: World):
    case = world.filed(at=IN_JUNE)
    world.appoint("deputy", "chair", "district", "H1", since="2021-06-05", until="2021-06-10")
    with pytest.raises(OutsideTerritory):
        world.act(case, "conclude", by="deputy", mean=70, at="2021-06-04 23:59:59")
    with pytest.raises(OutsideTerritory):
        world.act(case, "conclude", by="deputy", mean=70, at="2021-06-10 00:00")
    assert world.act(case, "conclude", by="deputy", mean=70, at="2021-06-09 23:59:59").event == "conclude"


def test_a_function_at_another_level_is_not_enough(world: World):
    case = world.filed(at=IN_JUNE)
    assert denied(world, case, "conclude", by="chair-VS", mean=70) == [Code.FUNCTION_REQUIRED]
    assert denied(world, case, "conclude", by="officer-H1", mean=70) == [Code.FUNCTION_REQUIRED]


def test_the_heir_of_an_abolished_commune_takes_its_cases_over(database_url: str):
    plan = plan_file("KH-2025", 2025, [("commune_to_province", 1, "trước ngày 30/10/2025"), ("province_eval", 1, "trước ngày 30/11/2025")])
    with world_at(database_url, "2025-06-02 08:00", two_rounds=False) as world:
        world.publish(plan)
        case = world.registered()
        assert world.case(case).unit == "X1"
        world.move(f"{DISTRICTS_END} 08:00")
        for former in ("officer-X1", "authority-H1"):
            with pytest.raises(OutsideTerritory):
                world.act(case, "select", by=former)
        world.act(case, "file", by="officer-N1", at="2025-07-07 08:00")
        assert world.case(case).regime == "qd1489-2025"
        assert world.act(case, "forward", by="officer-N1").state is S.PROVINCIAL_EVALUATION
        entry = world.history(case)[-1]
        assert entry.actor is not None
        assert entry.actor.unit == "N1"


def test_between_the_districts_end_and_the_new_rules_a_filing_waits_and_the_district_is_gone(database_url: str):
    plan = plan_file("KH-2025", 2025, [("district_eval", 1, "trước ngày 30/10/2025"), ("province_eval", 1, "trước ngày 30/11/2025")])
    with world_at(database_url, "2025-06-02 08:00", two_rounds=False) as world:
        world.publish(plan)
        filed, waiting = world.filed("P1-01"), world.registered("P1-02")
        world.move("2025-07-02 08:00")
        with pytest.raises(EventRefused) as refused:
            world.act(waiting, "file", by="producer-P1")
        assert [r.code for r in refused.value.reasons] == [Code.DISTRICT_ABOLISHED, Code.FILING_WAITS]
        told = {offer.event: [r.code for r in offer.reasons] for offer in world.engine.situation(filed, "officer-VS").offers}
        assert Code.DISTRICT_ABOLISHED in told[Event.CONCLUDE]
        assert Code.DISTRICT_ABOLISHED in told[Event.CERTIFY]


# Producers.


def test_a_producer_acts_on_its_own_products_only(world: World):
    world.appoint("two-firms", "producer", "commune", "X1", producer="P1")
    case = world.registered("P2-01", by="producer-P2")
    with pytest.raises(OutsideTerritory):
        world.act(case, "withdraw", by="two-firms")
    assert world.act("P1-01", "register", by="two-firms").state is S.IDEA_REGISTERED


def test_a_producer_whose_seat_lies_elsewhere_still_acts_on_its_products(world: World):
    world.appoint("agent", "producer", "commune", "Y1", producer="P1")
    assert world.act("P1-01", "register", by="agent").state is S.IDEA_REGISTERED


# Separation of duties.


@pytest.fixture
def hats(database_url: str) -> Iterator[World]:
    """A province of 2023, where districts decide, and one person who holds every function of a district."""
    plan = [(stage, number, phrase.replace("2021", "2023")) for stage, number, phrase in TWO_ROUNDS]
    with world_at(database_url, "2023-06-01 08:00", two_rounds=False) as world:
        world.publish(plan_file("KH-2023", 2023, plan))
        for function in ("officer", "chair", "authority"):
            world.appoint(MANY_HATS, function, "district", "H1")
        yield world


PREPARES, HANDLES, SCORES, DECIDES = Duty.PREPARES, Duty.HANDLES, Duty.SCORES, Duty.DECIDES
ROADS: dict[tuple[Duty, Duty], tuple[tuple[str, bool], ...]] = {
    # Each step: the event, and whether the person of many functions does it; the last one is the step in question.
    (PREPARES, DECIDES): (("register", True), ("select", True)),
    (DECIDES, PREPARES): (("register", False), ("select", True), ("submit_plan", True)),
    (PREPARES, SCORES): (("register", False), ("file", True), ("conclude", True)),
    (SCORES, PREPARES): (("register", False), ("file", False), ("conclude", True), ("withdraw", True)),
    (HANDLES, DECIDES): (
        ("register", False),
        ("file", False),
        ("return_for_completion", True),
        ("complete", False),
        ("conclude", False),
        ("certify", True),
    ),
    (DECIDES, HANDLES): (("register", False), ("select", True), ("file", False), ("return_for_completion", True)),
    (HANDLES, SCORES): (("register", False), ("file", False), ("return_for_completion", True), ("complete", False), ("conclude", True)),
    (SCORES, HANDLES): (("register", False), ("file", False), ("conclude", True), ("forward", True)),
    (SCORES, DECIDES): (("register", False), ("file", False), ("conclude", True), ("certify", True)),
    (DECIDES, SCORES): (("register", False), ("select", True), ("file", False), ("conclude", True)),
    (PREPARES, HANDLES): (("register", False), ("file", True), ("return_for_completion", True)),
    (HANDLES, PREPARES): (("register", False), ("file", False), ("return_for_completion", True), ("complete", True)),
}
BARRED = {(PREPARES, DECIDES), (PREPARES, SCORES), (HANDLES, DECIDES)}


@pytest.mark.parametrize("pair", ROADS, ids=lambda pair: f"{pair[0]}-then-{pair[1]}")
def test_one_person_may_not_prepare_and_score_or_decide_nor_handle_and_decide_in_either_order(hats: World, pair: tuple[Duty, Duty]):
    *before, (event, _) = ROADS[pair]
    case = "P1-01"
    mean = 75 if event == "forward" else 65
    for step, mine in before:
        case = hats.act(case, step, mean=mean if step == "conclude" else None, by=MANY_HATS if mine else None).case
    given: dict[str, Any] = {"by": MANY_HATS, "mean": 65 if event == "conclude" else None}
    if pair in BARRED or pair[::-1] in BARRED:
        assert denied(hats, case, event, **given) == [Code.SEPARATION]
    else:
        assert hats.act(case, event, **given).event == event


def test_a_new_attempt_forgets_who_had_which_hand(world: World):
    world.appoint(MANY_HATS, "officer", "district", "H1")
    world.appoint(MANY_HATS, "chair", "district", "H1")
    case = world.registered(by=MANY_HATS, at=IN_JUNE)
    for event in ("select", "submit_plan", "file"):
        world.act(case, event)
    assert denied(world, case, "conclude", by=MANY_HATS, mean=70) == [Code.SEPARATION]
    world.sweep("2021-07-10 01:00")
    world.act(case, "reenter", by="officer-H1", at="2021-07-12 08:00")
    assert world.act(case, "conclude", by=MANY_HATS, mean=70).event == "conclude"


def test_a_refused_attempt_lays_no_hand_on_the_case(world: World):
    world.appoint(MANY_HATS, "officer", "district", "H1")
    world.appoint(MANY_HATS, "chair", "district", "H1")
    case = world.filed(at=IN_JUNE)
    world.move("2021-06-01 10:00")
    with pytest.raises(EventRefused):
        world.act(case, "submit_plan", by=MANY_HATS)
    assert world.act(case, "conclude", by=MANY_HATS, mean=70).event == "conclude"


def test_every_reason_is_told_at_once(world: World):
    world.appoint(MANY_HATS, "officer", "district", "H1")
    case = world.registered(by=MANY_HATS, at=IN_JUNE)
    world.store.save_registry(ties=[TieRow(person=MANY_HATS, product="P1-01", kind=TieKind.DECLARED)])
    assert denied(world, case, "select", by=MANY_HATS) == [Code.FUNCTION_REQUIRED, Code.SEPARATION, Code.TIED_TO_PRODUCT]


# Ties.


@pytest.mark.parametrize("kind", list(TieKind))
def test_a_tie_bars_from_scoring_and_deciding_but_not_from_handling(world: World, kind: TieKind):
    people = ("chair-H1", "authority-H1", "officer-H1")
    world.store.save_registry(ties=[TieRow(person=person, product="P1-01", kind=str(kind)) for person in people])
    case = world.registered(at=IN_JUNE)
    assert denied(world, case, "select", by="authority-H1") == [Code.TIED_TO_PRODUCT]
    world.appoint("other", "authority", "district", "H1")
    world.act(case, "select", by="other")
    world.act(case, "submit_plan")
    world.act(case, "file")
    assert denied(world, case, "conclude", by="chair-H1", mean=70) == [Code.TIED_TO_PRODUCT]
    world.act(case, "conclude", by="secretary-H1", mean=70)
    assert world.act(case, "forward", by="officer-H1").state is S.PROVINCIAL_EVALUATION


def test_a_tie_to_one_product_leaves_the_others_of_the_producer(world: World):
    world.store.save_registry(ties=[TieRow(person="chair-H1", product="P1-01", kind=TieKind.DECLARED)])
    assert world.act(world.filed("P1-02", IN_JUNE), "conclude", by="chair-H1", mean=70).event == "conclude"


def test_who_stands_for_a_producer_never_scores_its_products(world: World):
    world.appoint("producer-P1", "chair", "district", "H1")
    case = world.registered(by="officer-X1", at=IN_JUNE)
    for event in ("select", "submit_plan", "file"):
        world.act(case, event, by=None if event == "select" else "officer-X1")
    assert denied(world, case, "conclude", by="producer-P1", mean=70) == [Code.TIED_TO_PRODUCT]


# From paper, for bodies in which nobody signs in.


def off_line(world: World, *seats: str) -> None:
    """Nobody holds these seats of the first district any more."""
    for seat in seats:
        for person in (f"{seat}-H1", MANY_HATS):
            if world.engine.world(fresh=True).registry.holdings(person, world.clock.now().date()):
                world.appoint(person, seat, "district", "H1", until="2020-01-01")


@pytest.fixture
def paper(world: World) -> World:
    """The province, where the council of the first district has a chair that never signs in."""
    world.move(IN_JUNE)
    off_line(world, "chair")
    return world


def test_an_officer_who_did_not_prepare_records_an_act_on_paper(paper: World):
    case = paper.filed()
    paper.act(case, "conclude", by="officer-H1", behalf="chair@district", mean=70)
    entry = paper.history(case)[-1]
    assert entry.actor is not None
    assert (entry.actor.id, entry.actor.function, entry.actor.on_behalf_of, entry.duty) == (
        "officer-H1",
        "officer",
        "chair@district",
        "scores",
    )
    assert paper.case(case).memo["hands"]["officer-H1"] == ["handles"], "the recorded hand is the council's, not the recorder's"
    assert paper.act(case, "forward", by="officer-H1").state is S.PROVINCIAL_EVALUATION


def test_who_prepared_the_file_does_not_record_its_result(paper: World):
    case = paper.registered(by="officer-H1")
    for event in ("select", "submit_plan", "file"):
        paper.act(case, event)
    assert denied(paper, case, "conclude", by="officer-H1", behalf="chair@district", mean=70) == [Code.PREPARED_BY_RECORDER]
    assert paper.act(case, "conclude", by="officer-VS", behalf="chair@district", mean=70).event == "conclude"


def test_who_signs_in_is_not_recorded_for(world: World):
    case = world.filed(at=IN_JUNE)
    assert denied(world, case, "conclude", by="officer-H1", behalf="chair@district", mean=70) == [Code.SIGNS_IN_ITSELF]


def test_who_is_tied_to_a_product_does_not_record_its_result(paper: World):
    paper.store.save_registry(ties=[TieRow(person="officer-H1", product="P1-01", kind=TieKind.DECLARED)])
    case = paper.filed()
    assert denied(paper, case, "conclude", by="officer-H1", behalf="chair@district", mean=70) == [Code.TIED_TO_PRODUCT]


@pytest.mark.parametrize(
    ("event", "by", "behalf", "expected"),
    [
        ("return_for_completion", "officer-H1", "chair@district", [Code.NOT_FROM_PAPER, Code.NOT_ITS_ACT]),
        ("conclude", "officer-VS", "member@district", [Code.NOT_ITS_ACT]),
        ("conclude", "authority-VS", "chair@district", [Code.FUNCTION_REQUIRED]),
        ("conclude", "officer-X1", "chair@district", [Code.FUNCTION_REQUIRED]),
        ("conclude", "producer-P1", "chair@district", [Code.FUNCTION_REQUIRED, Code.PREPARED_BY_RECORDER, Code.TIED_TO_PRODUCT]),
    ],
)
def test_what_cannot_be_recorded_from_paper_is_said(paper: World, event: str, by: str, behalf: str, expected: list[Code]):
    case = paper.filed()
    found = denied(paper, case, event, by=by, behalf=behalf, mean=70 if event == "conclude" else None)
    assert [code for code in found if code is not Code.SEPARATION] == expected


def test_recording_is_handling_so_the_recorder_does_not_decide(hats: World):
    off_line(hats, "chair")
    case = hats.filed()
    hats.act(case, "conclude", by=MANY_HATS, behalf="chair@district", mean=65)
    assert denied(hats, case, "certify", by=MANY_HATS) == [Code.SEPARATION]


def test_recording_is_handling_so_who_decided_does_not_record(hats: World):
    off_line(hats, "chair")
    case = hats.registered()
    hats.act(case, "select", by=MANY_HATS)
    hats.act(case, "file")
    assert denied(hats, case, "conclude", by=MANY_HATS, behalf="chair@district", mean=65) == [Code.SEPARATION]


def test_who_decided_does_not_file_for_the_producer_from_paper_either(hats: World):
    case = hats.registered()
    hats.act(case, "select", by=MANY_HATS)
    assert denied(hats, case, "file", by=MANY_HATS, behalf="producer", intake_no="5/TN") == [Code.SEPARATION]
    assert hats.act(case, "file", by="officer-X1", behalf="producer", intake_no="5/TN").state is S.DISTRICT_EVALUATION
