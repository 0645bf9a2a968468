"""Terms that count days: extended, suspended and resumed by a paper while they run, never after, and never a named date."""

from datetime import timedelta
from typing import Any

import pytest

from states.errors import EventRefused, NotAllowed, OutsideTerritory, PayloadInvalid
from states.refusal import Code
from states.vocabulary import CaseState
from tests.support.world import World, moment
from tests.workflow.engine.test_transaction import dump
from workflow.audit import drifts

S = CaseState
MONDAY = "2026-06-01 08:00"
DUE = moment("2026-06-23 00:00")
"""A dossier received on Monday, 1 June 2026: the fifteenth working day is Monday, 22 June."""


def due(world: World, case: str, stage: str = "commune_check") -> Any:
    return world.running(case)[stage].due_at


def reassessed(world: World) -> str:
    """A reassessment before the province whose 45 days run: accepted on 2 July 2029, so to the end of 16 August."""
    world.certified(at="2026-06-01 08:00")
    held = world.store.certificates("P1-01")[0].code
    again = world.registered(kind="reassessment", certificate=held, at="2029-01-02 08:00")
    world.act(again, "file", at="2029-01-10 08:00")
    world.act(again, "forward")
    world.act(again, "accept", at="2029-02-05 08:00")
    return again


def refused(world: World, case: str, event: str, **given: Any) -> list[Code]:
    before = world.running(case)
    with pytest.raises(EventRefused) as refusal:
        world.act(case, event, **given)
    assert world.running(case).items() <= before.items(), "nothing begins to run, and nothing moves"
    return [r.code for r in refusal.value.reasons]


# Extension.


def test_an_extension_counts_on_from_the_last_day_in_the_terms_own_days(world26: World):
    case = world26.filed(at=MONDAY)
    assert due(world26, case) == DUE
    world26.act(case, "extend", days=5, at="2026-06-10 09:00")
    assert due(world26, case) == moment("2026-06-30 00:00"), "five working days after Monday, 22 June"
    term = world26.running(case)["commune_check"]
    assert "gia hạn thêm 5" in term.phrase
    assert term.source.endswith("; 21/QĐ")
    entry = world26.history(case)[-1]
    assert (entry.event, entry.data["document_no"], entry.terms and len(entry.terms["close"])) == ("extend", "21/QĐ", 1)
    world26.sweep("2026-06-23 08:00")
    assert world26.events(case)[-1] == "extend", "the old end means nothing any more"
    world26.sweep("2026-06-30 08:00")
    assert world26.events(case)[-1] == "record"
    assert list(drifts(world26.store)) == []


def test_extensions_together_may_not_be_longer_than_the_term_itself(world26: World):
    case = world26.filed(at=MONDAY)
    world26.act(case, "extend", days=10)
    assert refused(world26, case, "extend", days=6) == [Code.EXTENSION_TOO_LONG]
    world26.act(case, "extend", days=5)
    assert refused(world26, case, "extend", days=1) == [Code.EXTENSION_TOO_LONG]


@pytest.mark.parametrize("event", ["extend", "suspend"])
@pytest.mark.parametrize("swept", [True, False])
def test_nothing_is_extended_or_suspended_after_its_end(world26: World, event: str, *, swept: bool):
    case = world26.filed(at=MONDAY)
    world26.move(DUE)
    if swept:
        world26.sweep("2026-06-24 08:00")
    assert refused(world26, case, event) == [Code.SPAN_EXPIRED]
    world26.move("2026-06-25 08:00")
    assert refused(world26, case, event) == [Code.SPAN_EXPIRED]


def test_to_the_last_moment_it_is_extended(world26: World):
    case = world26.filed(at=MONDAY)
    world26.act(case, "extend", days=1, at=DUE - timedelta(milliseconds=1))
    assert due(world26, case) == moment("2026-06-24 00:00")


def test_the_forty_five_days_are_extended_in_days_and_roll_past_days_off(world26: World):
    case = reassessed(world26)
    end = due(world26, case, "re_evaluation")
    world26.act(case, "extend", by="officer-VS", term="re_evaluation", days=10)
    extended = due(world26, case, "re_evaluation")
    assert timedelta(days=10) <= extended - end <= timedelta(days=13)
    assert (extended - timedelta(days=1)).astimezone(moment(MONDAY).tzinfo).weekday() < 5


# Suspension and resumption.


def test_resuming_shifts_the_date_by_the_working_days_that_it_was_suspended(world26: World):
    case = world26.filed(at=MONDAY)
    world26.act(case, "suspend", at="2026-06-08 09:00")  # day 5 is Monday 8 June; ten are left
    assert "commune_check" not in world26.running(case)
    world26.sweep("2026-06-24 08:00")
    assert world26.events(case)[-1] == "suspend", "nothing falls due while it is suspended"
    world26.act(case, "resume", at="2026-06-26 09:00")  # a Friday; the ten count on from Monday
    assert due(world26, case) == moment("2026-07-11 00:00")
    term = world26.running(case)["commune_check"]
    assert "tạm dừng từ 08/06/2026 đến 26/06/2026" in term.phrase
    world26.sweep("2026-07-11 08:00")
    assert world26.events(case)[-1] == "record"
    assert list(drifts(world26.store)) == []


def test_suspending_and_resuming_on_one_day_changes_no_date(world26: World):
    case = world26.filed(at=MONDAY)
    world26.act(case, "suspend", at="2026-06-08 09:00")
    world26.act(case, "resume", at="2026-06-08 15:00")
    assert due(world26, case) == DUE


def test_what_is_suspended_on_its_last_day_ends_on_the_day_it_is_resumed(world26: World):
    case = world26.filed(at=MONDAY)
    world26.act(case, "suspend", at="2026-06-22 09:00")
    world26.act(case, "resume", at="2026-07-04 09:00")  # a Saturday
    assert due(world26, case) == moment("2026-07-07 00:00")


def test_calendar_days_are_shifted_by_calendar_days(world26: World):
    case = reassessed(world26)
    end = due(world26, case, "re_evaluation")
    world26.act(case, "suspend", by="officer-VS", term="re_evaluation", at="2029-02-12 08:00")
    world26.act(case, "resume", by="officer-VS", term="re_evaluation", at="2029-03-05 08:00")
    assert timedelta(days=21) <= due(world26, case, "re_evaluation") - end <= timedelta(days=24)


def test_the_commune_may_report_while_the_term_is_suspended_and_nothing_is_left_behind(world26: World):
    case = world26.filed(at=MONDAY)
    world26.act(case, "suspend", at="2026-06-08 09:00")
    world26.act(case, "forward", at="2026-06-30 09:00")
    assert world26.state(case) is S.PROVINCIAL_EVALUATION
    assert "spans" not in world26.case(case).memo
    assert list(drifts(world26.store)) == []


def test_a_suspended_term_waits_while_the_producer_completes_the_dossier(world26: World):
    case = world26.filed(at=MONDAY)
    world26.act(case, "suspend", at="2026-06-08 09:00")
    world26.act(case, "return_for_completion")
    world26.act(case, "complete", at="2026-06-10 09:00")
    world26.act(case, "resume", at="2026-06-26 09:00")
    assert due(world26, case) == moment("2026-07-11 00:00")


def test_a_returned_dossiers_term_is_extended_by_the_level_that_returned_it(world26: World):
    case = world26.filed(at=MONDAY)
    world26.act(case, "return_for_completion")
    world26.act(case, "extend", by="officer-N1")
    assert (world26.state(case), due(world26, case)) == (S.RETURNED, moment("2026-06-30 00:00"))


def test_a_returned_reassessment_starts_its_clock_anew_whatever_was_suspended(world26: World):
    case = reassessed(world26)
    world26.act(case, "suspend", by="officer-VS", term="re_evaluation", at="2029-02-12 08:00")
    world26.act(case, "return_for_completion")
    world26.act(case, "complete", at="2029-03-05 08:00")
    assert "re_evaluation" in world26.running(case)
    assert "spans" not in world26.case(case).memo


# What is refused.


def test_a_term_is_suspended_once_and_resumed_once(world26: World):
    case = world26.filed(at=MONDAY)
    assert refused(world26, case, "resume") == [Code.NOT_SUSPENDED]
    world26.act(case, "suspend")
    assert refused(world26, case, "suspend") == [Code.SPAN_SUSPENDED]
    assert refused(world26, case, "extend") == [Code.SPAN_SUSPENDED]
    assert refused(world26, case, "resume", term="re_evaluation") == [Code.NOT_SUSPENDED]
    world26.act(case, "resume")
    assert refused(world26, case, "resume") == [Code.NOT_SUSPENDED]


def test_a_named_date_is_neither_extended_nor_suspended_for_one_case(world26: World, another_world: World):
    case = world26.filed(at=MONDAY)
    for event in ("extend", "suspend"):
        assert refused(world26, case, event, term="commune_to_province") == [Code.NAMED_DATE]
        assert refused(world26, case, event, term="national_eval") == [Code.NO_SPAN]
    of_2021 = another_world.filed(at="2021-06-01 09:00")
    assert refused(another_world, of_2021, "extend", term="district_eval") == [Code.NAMED_DATE]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [({"days": 0}, "/days"), ({"days": "5"}, "/days"), ({"term": "lunch"}, "/term"), ({"document_no": None}, "/document_no")],
)
def test_bad_input_is_told_and_changes_nothing(world26: World, given: dict[str, Any], pointer: str):
    case = world26.filed(at=MONDAY)
    before = dump(world26)
    with pytest.raises(PayloadInvalid) as invalid:
        world26.act(case, "extend", **given)
    assert [p.pointer for p in invalid.value.problems] == [pointer]
    assert dump(world26) == before


def test_officer_and_authority_of_the_level_may_and_an_authority_that_extends_may_still_decide(world26: World):
    case = reassessed(world26)
    for person in ("officer-N1", "authority-N1", "producer-P1", "officer-VT"):
        with pytest.raises((NotAllowed, OutsideTerritory)):
            world26.act(case, "extend", by=person, term="re_evaluation")
    world26.act(case, "extend", by="authority-VS", term="re_evaluation", days=3)
    world26.act(case, "conclude", mean=75, at="2029-02-20 08:00")
    assert world26.act(case, "certify", by="authority-VS").state is S.CERTIFIED
