"""The rights tables against a list written by hand from the description of the cycle, cell by cell."""

import csv
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import pytest

from states.case import case_chart
from states.chart import Rule, Seat
from states.errors import DefinitionUnsound
from states.regime import REGIMES, Regime
from states.rights import Rights, load, rights_of
from states.vocabulary import CaseState, Duty, Event, Function, Level
from tests.states.samples import CHARTS, origins

Cell = tuple[str, str, str]
"""Event, state, branch. The branch is what else decides who may: the state that a deferred case goes back to, the level that returned a
returned one, the level that recognised; ``cutoff`` where the system does what an office may do too; empty for whatever is left."""
TIERS = {
    "all": [law.id for law in REGIMES],
    "three": ["qd1048-2019", "qd148-2023"],
    "two": ["qd1489-2025", "qd26-2026"],
    "qd148-2023": ["qd148-2023"],
}
MARKS = {
    Duty.PREPARES: "register submit_plan file complete withdraw",
    Duty.HANDLES: "forward accept send_down close_unranked keep_rank return_for_completion defer reenter publish extend suspend resume",
    Duty.SCORES: "conclude eliminate",
    Duty.DECIDES: "select decline certify nominate fall_back reevaluate admit_late override",
    Duty.AUTOMATIC: "defer sort record redate recount undo_reenter reinstate upgrade",
}
"""The marks ● ○ ◆ ■ beside the events, and what the system does."""


def _oracle() -> list[dict[str, str]]:
    with Path(__file__).with_name("rights_oracle.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _rows(law: Regime) -> list[tuple[Cell, frozenset[Seat]]]:
    return [
        ((row["event"], row["state"], row["branch"]), frozenset(map(Seat.parse, row["who"].split())))
        for row in _oracle()
        if law.id in TIERS[row["tier"]]
    ]


def _branch(rule: Rule) -> str:
    if rule.duty is Duty.AUTOMATIC:
        return "cutoff" if rule.event is Event.DEFER else ""
    home = rule.origin if rule.selects is CaseState.RETURNED and rule.origin else rule.selects
    return str(rule.recognised or home or "")


def _cell(rule: Rule, written: Iterable[Cell]) -> Cell:
    """The row of the list that a rule answers to: its own branch where the list tells branches apart, else the whole cell."""
    exact = (str(rule.event), str(rule.source), _branch(rule))
    return exact if exact in written else (*exact[:2], "")


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_who_may_do_an_event_in_a_state_is_what_the_hand_written_list_says(law):
    written = dict(_rows(law))
    asked = {rule.name: _cell(rule, written) for rule in CHARTS[law].rules}
    assert {name: cell for name, cell in asked.items() if cell not in written} == {}
    assert set(written) - set(asked.values()) == set()
    for rule in CHARTS[law].rules:
        assert frozenset(rule.seats) == written[asked[rule.name]], (rule.name, list(map(str, rule.seats)))


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_the_list_tells_branches_apart_wherever_the_rules_give_them_to_different_people(law):
    cells: dict[Cell, set[frozenset[Seat]]] = {}
    for rule in CHARTS[law].rules:
        if rule.duty is not Duty.AUTOMATIC:
            cells.setdefault((str(rule.event), str(rule.source), ""), set()).add(frozenset(rule.seats))
    differing = {cell[:2] for cell, seats in cells.items() if len(seats) > 1}
    spans = {(event, "returned") for event in ("extend", "suspend", "resume")}
    assert differing == {("defer", "returned"), ("reenter", "deferred"), ("publish", "certified"), *spans}
    assert not differing & {cell[:2] for cell, _ in _rows(law) if cell[2] == ""}


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_a_returned_case_is_put_off_and_entered_again_by_whoever_may_at_the_level_that_returned_it(law):
    rules = [rule for rule in CHARTS[law].rules if rule.duty is not Duty.AUTOMATIC]
    put_off = {rule.selects: set(rule.seats) for rule in rules if rule.event is Event.DEFER and rule.source is CaseState.RETURNED}
    again = {rule.origin: set(rule.seats) for rule in rules if rule.event is Event.REENTER and rule.selects is CaseState.RETURNED}
    assert set(put_off) == set(again) == set(origins(law))
    for origin in origins(law):
        assert put_off[origin] == set(CHARTS[law].seats(origin, Event.DEFER)) - {Seat(Function.SYSTEM)}
        assert again[origin] == {s for r in rules if r.event is Event.REENTER and r.selects is origin for s in r.seats}


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_every_rule_names_the_row_of_the_rights_table_that_its_seats_come_from(law):
    rights = rights_of(law)
    for rule in CHARTS[law].rules:
        event, _, name = rule.row.partition(".")
        assert event == ("automatic" if rule.duty is Duty.AUTOMATIC else rule.event)
        assert rights.rows[event, name] == rule.seats


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_the_hand_written_list_names_no_cell_twice(law):
    rows = [cell for cell, _ in _rows(law)]
    assert len(rows) == len(set(rows))


def test_the_kind_of_hand_is_the_mark_beside_the_event():
    for chart in CHARTS.values():
        for rule in chart.rules:
            assert str(rule.event) in MARKS[rule.duty].split(), rule.name


def test_deciding_is_for_an_authority_scoring_for_a_council_and_handling_for_an_officer():
    functions = {
        Duty.PREPARES: {Function.PRODUCER, Function.OFFICER},
        Duty.HANDLES: {Function.OFFICER},
        Duty.SCORES: {Function.CHAIR, Function.SECRETARY},
        Duty.DECIDES: {Function.AUTHORITY},
        Duty.AUTOMATIC: {Function.SYSTEM},
    }
    for chart in CHARTS.values():
        for rule in chart.rules:
            both = {Function.AUTHORITY} if rule.event in {Event.EXTEND, Event.SUSPEND, Event.RESUME} else set()
            assert {seat.function for seat in rule.seats} <= functions[rule.duty] | both, rule.name


def test_nobody_at_a_level_that_does_not_act_has_any_right_but_the_commune_helping_its_producers():
    for law, chart in CHARTS.items():
        for rule in chart.rules:
            for seat in rule.seats:
                helping = rule.duty is Duty.PREPARES and seat.level is Level.COMMUNE
                assert seat.level is None or seat.level in law.levels or helping, (rule.name, str(seat))


def _table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> Rights:
    (tmp_path / "test.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("states.rights.files", lambda _: tmp_path)
    return load.__wrapped__("test")


@pytest.mark.parametrize(
    "text",
    [
        '[dance]\nduty = "handles"\nany = ["system"]',
        '[file]\nduty = "handles"\nnowhere = ["system"]',
        '[file]\nduty = "handles"\nselected = []',
    ],
)
def test_a_table_with_an_unknown_event_an_unknown_state_or_an_empty_row_is_refused(monkeypatch, tmp_path, text):
    with pytest.raises(DefinitionUnsound):
        _table(monkeypatch, tmp_path, text)


def test_a_row_for_a_state_goes_before_the_row_for_any_state(monkeypatch, tmp_path):
    rights = _table(monkeypatch, tmp_path, '[file]\nduty = "prepares"\nany = ["producer"]\nselected = ["officer@commune"]')
    assert rights.row(Event.FILE, "selected") == ("file.selected", (Seat(Function.OFFICER, Level.COMMUNE),))
    assert rights.row(Event.FILE, "business_plan") == ("file.any", (Seat(Function.PRODUCER),))
    assert rights.row(Event.SELECT, "selected") == ("", ())
    with pytest.raises(DefinitionUnsound):
        rights.duty(Event.SELECT)


def test_of_several_names_the_first_that_has_a_row_rules_and_the_system_has_rows_of_its_own(monkeypatch, tmp_path):
    text = """
[publish]
duty = "handles"
any = ["officer@commune"]
centre = ["officer@centre"]
returned = ["officer@province"]
[automatic]
duty = "automatic"
any = ["system"]
"""
    rights = _table(monkeypatch, tmp_path, text)
    assert rights.row(Event.PUBLISH, None, Level.CENTRE, CaseState.RETURNED)[0] == "publish.centre"
    assert rights.row(Event.PUBLISH, Level.PROVINCE, None, CaseState.RETURNED)[0] == "publish.returned"
    assert rights.row(Event.PUBLISH, Level.PROVINCE, CaseState.SELECTED)[0] == "publish.any"
    assert rights.row(Event.PUBLISH, Level.CENTRE, automatic=True) == ("automatic.any", (Seat(Function.SYSTEM),))
    assert rights.duty(Event.PUBLISH, automatic=True) is Duty.AUTOMATIC


def test_only_the_two_tables_ship():
    assert {file.name for file in files("states.rights").iterdir() if file.name.endswith(".toml")} == {
        "three-levels.toml",
        "two-levels.toml",
    }


def test_the_first_evaluation_lies_where_the_regime_says():
    for law in REGIMES:
        absent = CaseState.COMMUNE_CHECK if law.first_evaluation is CaseState.DISTRICT_EVALUATION else CaseState.DISTRICT_EVALUATION
        assert law.first_evaluation in case_chart(law.id).states
        assert absent not in case_chart(law.id).states
