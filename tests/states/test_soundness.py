"""Planted faults are found, each by its code; what ships has none; a published chart cannot be changed unnoticed."""

from dataclasses import fields, replace

import pytest

from states import guards
from states.case import KIND_OF, all_charts
from states.chart import START, Chart, Rule, Seat
from states.lifecycle import ROUND, Lifecycle, Move
from states.payload import Field, Kind
from states.rights import Rights, rights_of
from states.soundness import check_all, check_chart, check_frozen, check_lifecycle, check_rights, diff, frozen
from states.vocabulary import CaseKind, CaseState, Duty, Event, Function, Level, RoundEvent, RoundState, Stage, StateKind
from tests.states.samples import CHARTS, QD148, QD1048, QD1489

OFFICER = Seat(Function.OFFICER, Level.PROVINCE)
BASE = CHARTS[QD148]


def planted(*more: Rule, without: str | None = None, states: tuple[CaseState, ...] = ()) -> Chart:
    rules = [rule for rule in BASE.rules if without is None or not rule.name.startswith(without)]
    return Chart.of(BASE.key, [*rules, *more], [*BASE.states, *states], BASE.main)


def altered(name: str, /, **sides: object) -> Chart:
    rules = [replace(rule, **sides) if rule.name == name else rule for rule in BASE.rules]  # type: ignore[arg-type]
    assert rules != list(BASE.rules)
    return Chart.of(BASE.key, rules, BASE.states, BASE.main)


def codes(chart: Chart) -> set[tuple[str, str]]:
    return {(finding.code, finding.where) for finding in check_chart(chart, QD148)}


def extra(**sides: object) -> Rule:
    given: dict[str, object] = {
        "name": "planted",
        "event": Event.ACCEPT,
        "source": CaseState.BUSINESS_PLAN,
        "target": CaseState.BUSINESS_PLAN,
        "duty": Duty.HANDLES,
        "seats": (OFFICER,),
    }
    return Rule(**{**given, **sides})  # type: ignore[arg-type]


def test_what_ships_has_no_findings():
    assert check_all() == []


def test_a_harmless_rule_more_is_no_finding():
    assert check_chart(planted(extra()), QD148) == []


def test_a_state_without_a_way_to_it_is_unreachable():
    assert ("unreachable", "commune_check") in codes(planted(states=(CaseState.COMMUNE_CHECK,)))


def test_a_state_without_a_way_to_an_end_is_a_dead_end():
    to_check = extra(target=CaseState.COMMUNE_CHECK)
    assert ("dead_end", "commune_check") in codes(planted(to_check, states=(CaseState.COMMUNE_CHECK,)))


def test_a_way_out_of_a_final_state_is_found():
    assert ("final_left", "planted") in codes(planted(extra(source=CaseState.WITHDRAWN)))


def test_a_rule_that_nobody_may_do_is_found():
    assert ("no_seat", "planted") in codes(planted(extra(seats=())))


def test_a_rule_without_a_clause_is_found():
    assert ("no_clause", "planted") in codes(planted(extra(topic="astrology")))


def test_a_field_without_words_is_found_in_both_languages():
    found = codes(planted(extra(payload=(Field("shoe_size", Kind.INTEGER),))))
    assert found == {("no_label", "vi.field.shoe_size"), ("no_label", "en.field.shoe_size")}


def test_two_branches_that_nothing_tells_apart_are_found():
    twice = extra(event=Event.SELECT, source=CaseState.IDEA_REGISTERED)
    assert ("shadowed", "planted, select.idea_registered") in codes(planted(twice))


def test_branches_told_apart_by_what_was_left_or_by_kind_are_no_finding():
    first = extra(kinds=(CaseKind.FIRST,))
    again = extra(name="planted too", kinds=(CaseKind.UPGRADE,), selects=CaseState.IDEA_REGISTERED)
    third = extra(name="third", kinds=(CaseKind.UPGRADE,), selects=CaseState.SELECTED)
    assert codes(planted(first, again, third)) == set()


@pytest.mark.parametrize(
    ("side", "one", "other"),
    [("origin", CaseState.DISTRICT_EVALUATION, CaseState.PROVINCIAL_EVALUATION), ("recognised", Level.DISTRICT, Level.CENTRE)],
)
def test_branches_told_apart_by_origin_or_by_the_recognising_level_are_no_finding_unless_one_takes_all(side, one, other):
    first, second = extra(**{side: one}), extra(name="planted too", **{side: other})
    assert codes(planted(first, second)) == set()
    assert ("shadowed", "planted too, planted") in codes(planted(first, extra(name="planted too", **{side: one})))
    assert ("shadowed", "planted too, planted") in codes(planted(first, extra(name="planted too")))


@pytest.mark.parametrize("overlapping", [(CaseKind.FIRST, CaseKind.UPGRADE), tuple(CaseKind)])
def test_a_branch_whose_kinds_overlap_an_earlier_one_is_shadowed(overlapping):
    assert ("shadowed", "planted too, planted") in codes(
        planted(extra(kinds=(CaseKind.FIRST,)), extra(name="planted too", kinds=overlapping))
    )


def test_a_branch_without_a_selector_shadows_one_with_a_selector():
    anything, chosen = extra(), extra(name="planted too", selects=CaseState.SELECTED)
    assert ("shadowed", "planted too, planted") in codes(planted(anything, chosen))


def test_a_level_that_does_not_act_is_found():
    assert ("level_missing", "planted") in codes(planted(extra(level=Level.COMMUNE)))


def test_an_automatic_rule_for_a_person_and_a_personal_one_for_the_system_are_found():
    assert ("duty_mixed", "planted") in codes(planted(extra(duty=Duty.AUTOMATIC)))
    assert ("duty_mixed", "planted") in codes(planted(extra(seats=(Seat(Function.SYSTEM),))))


def test_a_state_in_which_nobody_can_be_named_to_go_on_is_found():
    assert ("no_help", "selected") in codes(planted(without="submit_plan.selected"))
    unnamed = Chart.of(BASE.key, BASE.rules, BASE.states, {k: v for k, v in BASE.main.items() if k is not CaseState.SELECTED})
    assert ("no_help", "selected") in codes(unnamed)


def test_a_row_of_rights_that_no_rule_uses_is_found(monkeypatch):
    rights = rights_of(QD148)
    more = Rights(rights.name, rights.duties, {**rights.rows, ("file", "certified"): (OFFICER,)})
    monkeypatch.setattr("states.soundness.rights_of", lambda law: more if law is QD148 else rights_of(law))
    found = check_rights(all_charts())
    assert [(f.code, f.chart, f.where) for f in found] == [("rights_unused", "three-levels", "file.certified")]


def test_a_changed_chart_is_not_the_one_that_was_published():
    assert [f.code for f in check_frozen([altered("certify.district_evaluation", reason=True)])] == ["frozen_differs"]


def test_a_chart_that_was_never_published_is_found():
    assert [f.code for f in check_frozen([Chart.of("case/new", BASE.rules, BASE.states, BASE.main)])] == ["not_published"]


def test_every_shipped_chart_is_published_and_nothing_else_is():
    assert set(frozen()) == {chart.key for chart in all_charts()}


SIDES: dict[str, object] = {
    "name": "certify.elsewhere",
    "event": Event.FALL_BACK,
    "source": CaseState.NATIONAL_NOMINATION,
    "target": CaseState.NOT_RANKED,
    "duty": Duty.HANDLES,
    "seats": (OFFICER,),
    "level": Level.CENTRE,
    "guards": (guards.concluded,),
    "selects": CaseState.SELECTED,
    "origin": CaseState.PROVINCIAL_EVALUATION,
    "kinds": (CaseKind.FIRST,),
    "recognised": Level.CENTRE,
    "payload": (Field("decision_no", Kind.CODE, required=True),),
    "reason": True,
    "paper": False,
    "meets": (),
    "voids": True,
    "topic": "house",
}


def test_every_side_of_a_rule_is_tried_below():
    assert {*SIDES, "row"} == {field.name for field in fields(Rule)}


def test_the_name_of_a_row_of_rights_is_no_part_of_the_digest_because_its_seats_are():
    assert altered("certify.district_evaluation", row="certify.any").digest() == BASE.digest()


@pytest.mark.parametrize("side", SIDES)
def test_changing_any_side_of_a_rule_changes_the_digest(side):
    assert altered("certify.district_evaluation", **{side: SIDES[side]}).digest() != BASE.digest()


@pytest.mark.parametrize(
    "change", [{"kind": Kind.TEXT}, {"required": False}, {"name": "no"}, {"options": ("a",)}, {"low": 1}, {"high": 2}], ids=str
)
def test_changing_any_side_of_a_field_changes_the_digest(change):
    rule = next(r for r in BASE.rules if r.name == "certify.district_evaluation")
    first, *rest = rule.payload
    assert altered(rule.name, payload=(replace(first, **change), *rest)).digest() != BASE.digest()


def test_changing_the_cut_off_that_a_guard_watches_changes_the_digest():
    rule = next(r for r in BASE.rules if r.name == "nominate.provincial_evaluation")
    others = (*rule.guards[:-1], guards.before_cutoff(Stage.PROVINCE_EVAL))
    assert altered(rule.name, guards=others).digest() != BASE.digest()


def test_order_of_branches_states_and_key_change_the_digest_and_building_anew_does_not():
    assert Chart.of(BASE.key, BASE.rules, BASE.states, BASE.main).digest() == BASE.digest()
    assert Chart.of(BASE.key, BASE.rules[::-1], BASE.states, BASE.main).digest() != BASE.digest()
    assert Chart.of(BASE.key, BASE.rules, BASE.states[::-1], BASE.main).digest() != BASE.digest()
    assert Chart.of("case/other", BASE.rules, BASE.states, BASE.main).digest() != BASE.digest()


def test_the_difference_of_two_charts_names_states_rules_and_sides():
    assert diff(BASE, BASE) == {"states": {"added": [], "removed": []}, "rules": {"added": [], "removed": [], "changed": {}}}
    found = diff(BASE, altered("certify.district_evaluation", reason=True))
    assert found["rules"]["changed"] == {"certify.district_evaluation": {"reason": [False, True]}}
    regimes = diff(CHARTS[QD148], CHARTS[QD1489])
    assert regimes["states"] == {"added": ["commune_check"], "removed": ["district_evaluation"]}
    assert "send_down.provincial_evaluation" in regimes["rules"]["removed"]
    assert "forward.commune_check" in regimes["rules"]["added"]
    assert diff(CHARTS[QD1048], CHARTS[QD148])["rules"]["removed"] == []


def _small(*moves: Move[RoundState, RoundEvent]) -> set[tuple[str, str]]:
    chart = Lifecycle("round", moves or ROUND.moves, ROUND.kinds)
    return {(finding.code, finding.where) for finding in check_lifecycle(chart)}


def test_small_charts_are_asked_the_same_questions():
    assert _small() == set()
    by = (OFFICER,)
    assert ("final_left", "closed") in _small(*ROUND.moves, Move(RoundEvent.OPEN, RoundState.CLOSED, RoundState.OPEN, by, "x"))
    assert ("unreachable", "frozen") in _small(*(m for m in ROUND.moves if m.target is not RoundState.FROZEN))
    assert ("dead_end", "frozen") in _small(*(m for m in ROUND.moves if m.source is not RoundState.FROZEN))
    assert ("no_seat", "freeze") in _small(*(replace(m, seats=()) if m.event is RoundEvent.FREEZE else m for m in ROUND.moves))


def test_every_state_has_a_kind_and_only_register_leaves_the_start():
    assert set(KIND_OF) == set(CaseState)
    assert {s for s, kind in KIND_OF.items() if kind is StateKind.FINAL} == {CaseState.UPGRADED, CaseState.UNCHANGED, CaseState.WITHDRAWN}
    for chart in all_charts():
        assert {rule.event for rule in chart.rules if rule.source == START} == {Event.REGISTER}
