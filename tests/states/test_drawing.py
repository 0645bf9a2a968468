"""Drawings for people, and the small charts of what accompanies a case."""

import re
from typing import Any

import pytest

from states.chart import START
from states.drawing import MARK, markdown, mermaid, moves_mermaid, moves_table
from states.errors import DefinitionUnsound, EventRefused
from states.lifecycle import CALENDAR, CERTIFICATE, LIFECYCLES, PLAN, PLAN_WORK, ROUND, Lifecycle, PlanEvent
from states.refusal import Code
from states.regime import REGIMES
from states.soundness import check_lifecycle
from states.vocabulary import (
    CalendarEvent,
    CalendarState,
    CertificateEvent,
    CertificateState,
    Duty,
    Event,
    Function,
    Publication,
    RoundEvent,
    RoundState,
    StateKind,
)
from states.words import words
from tests.states.samples import CHARTS

LAWS = pytest.mark.parametrize("law", REGIMES, ids=lambda law: law.id)
IDS = re.compile(r"^    (\[\*\]|[a-z_]+)(?: --> (\[\*\]|[a-z_]+))?(?:: (.+))?$", re.ASCII)


@LAWS
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("everything", [True, False])
def test_every_line_of_a_diagram_has_ascii_ids_and_words_without_signs_of_the_syntax(law, language, everything):
    head, direction, *lines = mermaid(CHARTS[law], words(language), everything=everything).splitlines()
    assert (head, direction) == ("stateDiagram-v2", "    direction TB")
    for line in lines:
        found = IDS.match(line)
        assert found, line
        assert not set(found[3] or "") & set(':;#{}[]<>"')


@LAWS
def test_a_diagram_of_everything_draws_every_state_and_every_move(law):
    chart = CHARTS[law]
    drawn = mermaid(chart, words("vi"), everything=True)
    for state in chart.states:
        assert f"    {state}: {words('vi').name(state)}\n" in drawn
    arrows = set(re.findall(r"^    (\S+) --> (\w+): ", drawn, re.MULTILINE))
    assert arrows == {("[*]" if rule.source == START else str(rule.source), str(rule.target)) for rule in chart.rules}
    for rule in chart.rules:
        source = "[*]" if rule.source == START else rule.source
        (line,) = re.findall(rf"^    {re.escape(str(source))} --> {rule.target}: (.*)$", drawn, re.MULTILINE)
        assert f"{MARK[rule.duty]} {words('vi').name(rule.event)}" in line.split(" / ")


@LAWS
def test_a_plain_diagram_still_draws_every_state_and_leaves_out_what_happens_nearly_everywhere(law):
    chart = CHARTS[law]
    drawn = mermaid(chart, words("en"))
    missing = {state for state in chart.states if f"    {state}: " not in drawn}
    # Nothing but what is left out leads to these two.
    assert {str(state) for state in missing} <= {"deferred", "withdrawn"}
    assert words("en").name(Event.WITHDRAW) not in drawn.replace("withdrawn", "")


@LAWS
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_table_has_a_row_for_each_event_with_full_cells(law, language):
    chart = CHARTS[law]
    head, rule, *rows = markdown(chart, law, words(language)).splitlines()
    width = head.count("|")
    assert rule == "|" + "---|" * (width - 1)
    assert all(row.count("|") == width for row in rows)
    told = {found for row in rows for found in re.findall(r"\(`(\w+)`\)", row.split("|")[1])}
    assert told == {str(event) for event in chart.events}
    for row in rows:
        name, sources, targets, seats, _, _, clause = row.strip("|").split("|")
        assert all(cell.strip() for cell in (name, sources, targets, seats, clause))
        assert not re.search(r"\b[a-z]+_[a-z_]+\b", sources + targets + seats)


@LAWS
def test_the_table_says_everybody_who_may(law):
    said = markdown(CHARTS[law], law, words("en"))
    for rule in CHARTS[law].rules:
        for seat in rule.seats:
            assert words("en").seat(seat.function, seat.level) in said


def test_every_kind_of_hand_has_its_own_mark():
    assert set(MARK) == set(Duty)
    assert len(set(MARK.values())) == len(MARK)


CHARTED: tuple[Lifecycle[Any, Any], ...] = (ROUND, CERTIFICATE, PLAN, CALENDAR)
CHARTED_MOVES: dict[str, dict[Any, Any]] = {
    "round": {
        (None, RoundEvent.PREPARE): RoundState.DRAFT,
        (RoundState.DRAFT, RoundEvent.OPEN): RoundState.OPEN,
        (RoundState.OPEN, RoundEvent.REDATE): RoundState.OPEN,
        (RoundState.FROZEN, RoundEvent.REDATE): RoundState.FROZEN,
        (RoundState.OPEN, RoundEvent.FREEZE): RoundState.FROZEN,
        (RoundState.OPEN, RoundEvent.CLOSE): RoundState.CLOSED,
        (RoundState.FROZEN, RoundEvent.CLOSE): RoundState.CLOSED,
    },
    "certificate": {
        (None, CertificateEvent.ISSUE): CertificateState.IN_FORCE,
        (CertificateState.IN_FORCE, CertificateEvent.SUPERSEDE): CertificateState.SUPERSEDED,
        (CertificateState.IN_FORCE, CertificateEvent.UPGRADE): CertificateState.UPGRADED,
    },
    "plan": {
        (None, PlanEvent.IMPORT): Publication.DRAFT,
        (Publication.DRAFT, PlanEvent.IMPORT): Publication.DRAFT,
        (Publication.DRAFT, PlanEvent.PUBLISH): Publication.PUBLISHED,
        (Publication.PUBLISHED, PlanEvent.REPLACE): Publication.REPLACED,
        **{(Publication.PUBLISHED, event): Publication.PUBLISHED for event in PLAN_WORK},
    },
    "calendar": {
        (None, CalendarEvent.CHANGE): CalendarState.IN_FORCE,
        (CalendarState.IN_FORCE, CalendarEvent.CHANGE): CalendarState.IN_FORCE,
        (None, CalendarEvent.RECOUNT): CalendarState.IN_FORCE,
        (CalendarState.IN_FORCE, CalendarEvent.RECOUNT): CalendarState.IN_FORCE,
    },
}
VOCABULARIES: dict[str, tuple[Any, Any]] = {
    "round": (RoundState, RoundEvent),
    "certificate": (CertificateState, CertificateEvent),
    "plan": (Publication, PlanEvent),
    "calendar": (CalendarState, CalendarEvent),
}


WALK = [(chart, state, event) for chart in CHARTED for state in (None, *VOCABULARIES[chart.key][0]) for event in VOCABULARIES[chart.key][1]]


@pytest.mark.parametrize(("chart", "state", "event"), WALK, ids=[f"{c.key}-{s}-{e}" for c, s, e in WALK])
def test_a_small_chart_moves_where_it_may_and_gives_a_reason_everywhere_else(chart, state, event):
    target = CHARTED_MOVES[chart.key].get((state, event))
    if target is not None:
        move = chart.move(state, event)
        assert (move.source, move.event, move.target) == (state, event, target)
        assert move.seats
        assert move.clause
        return
    with pytest.raises(EventRefused) as refused:
        chart.move(state, event, "AG-2021-1")
    assert [r.code for r in refused.value.reasons] == [Code.ROUND_STATE]
    assert refused.value.detail["case"] == "AG-2021-1"
    for language in ("vi", "en"):
        assert words(language).holder(refused.value.reasons[0].holder)
        assert "…" not in words(language).error(refused.value) + words(language).refusal(refused.value.reasons[0])


@pytest.mark.parametrize("chart", CHARTED, ids=lambda chart: chart.key)
def test_a_small_chart_is_sound_and_covers_its_vocabulary(chart):
    states, events = VOCABULARIES[chart.key]
    assert check_lifecycle(chart) == []
    assert set(chart.kinds) == set(states)
    assert {move.event for move in chart.moves} == set(events)
    assert {(m.source, m.event): m.target for m in chart.moves} == CHARTED_MOVES[chart.key]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("chart", LIFECYCLES.values(), ids=lambda chart: chart.key)
def test_a_small_chart_is_drawn_whole(chart, language):
    _, _, *lines = moves_mermaid(chart, words(language)).splitlines()
    found = [IDS.match(line) for line in lines]
    assert all(found), lines
    arrows = [(m[1], m[2]) for m in found if m and m[2]]
    ends = [(str(state), "[*]") for state, kind in chart.kinds.items() if kind is StateKind.FINAL]
    assert arrows == [(str(move.source or "[*]"), str(move.target)) for move in chart.moves] + ends
    assert {m[1] for m in found if m and not m[2]} == set(chart.kinds)
    assert len(moves_table(chart, words(language)).splitlines()) == 2 + len(chart.moves)


def test_nothing_leaves_an_end_and_the_system_alone_ends_a_certificate():
    for chart in CHARTED:
        assert all(chart.kinds[move.source] is not StateKind.FINAL for move in chart.moves if move.source is not None)
    ends = [move for move in CERTIFICATE.moves if CERTIFICATE.kinds[move.target] is StateKind.FINAL]
    assert {seat.function for move in ends for seat in move.seats} == {Function.SYSTEM}


def test_a_small_chart_with_two_moves_of_one_event_and_source_is_refused():
    with pytest.raises(DefinitionUnsound):
        Lifecycle("round", (*ROUND.moves, ROUND.moves[0]), ROUND.kinds)
