"""The rights tables against a list written by hand from the description of the cycle, cell by cell."""

import csv
from importlib.resources import files
from pathlib import Path

import pytest

from states.case import case_chart
from states.chart import START, Chart, Seat
from states.errors import DefinitionUnsound
from states.regime import REGIMES, Regime
from states.rights import Rights, load
from states.vocabulary import CaseState, Duty, Event, Function, Level
from tests.states.samples import CHARTS

Cells = dict[tuple[str, str], frozenset[Seat]]
TIERS = {
    "all": [law.id for law in REGIMES],
    "three": ["qd1048-2019", "qd148-2023"],
    "two": ["qd1489-2025", "qd26-2026"],
    "qd148-2023": ["qd148-2023"],
}
MARKS = {
    Duty.PREPARES: "register submit_plan file complete withdraw",
    Duty.HANDLES: "forward accept send_down close_unranked keep_rank return_for_completion defer reenter publish",
    Duty.SCORES: "conclude eliminate",
    Duty.DECIDES: "select decline certify nominate fall_back reevaluate admit_late",
    Duty.AUTOMATIC: "defer sort record reinstate upgrade",
}
"""The marks ● ○ ◆ ■ beside the events, and what the system does."""


def _oracle() -> list[dict[str, str]]:
    with Path(__file__).with_name("rights_oracle.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _written(law: Regime) -> Cells:
    return {
        (row["event"], row["state"]): frozenset(map(Seat.parse, row["who"].split())) for row in _oracle() if law.id in TIERS[row["tier"]]
    }


def _cells(chart: Chart) -> Cells:
    return {
        (str(event), str(state)): frozenset(chart.seats(state, event))
        for state in (START, *chart.states)
        for event in chart.events
        if chart.rules_in(state, event)
    }


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_who_may_do_an_event_in_a_state_is_what_the_hand_written_list_says(law):
    assert _cells(CHARTS[law]) == _written(law)


@pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
def test_the_hand_written_list_names_no_cell_twice(law):
    rows = [(row["event"], row["state"]) for row in _oracle() if law.id in TIERS[row["tier"]]]
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
            assert {seat.function for seat in rule.seats} <= functions[rule.duty], rule.name


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
    assert rights.row(Event.FILE, "selected")[1] == (Seat(Function.OFFICER, Level.COMMUNE),)
    assert rights.row(Event.FILE, "business_plan")[1] == (Seat(Function.PRODUCER),)
    assert rights.row(Event.SELECT, "selected")[1] == ()
    with pytest.raises(DefinitionUnsound):
        rights.duty(Event.SELECT)


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
