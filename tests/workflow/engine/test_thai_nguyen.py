"""Thái Nguyên's plan of 2020 is taken in whole: every line with its own words, and what is awkward in it flagged in the stored rows."""

from collections.abc import Iterator

import pytest

from deadlines.plan import load_plans
from states.vocabulary import Effect, Publication, RoundState
from tests.support.world import world_at
from workflow.audit import drifts
from workflow.rehearsal import PLANS
from workflow.rows import StageRow

FILE = PLANS / "thai-nguyen-2020.toml"


@pytest.fixture
def stored(database_url: str) -> Iterator[list[StageRow]]:
    """Rows of the plan, imported and published on the day that it was signed, in the order of its lines."""
    with world_at(database_url, "2020-02-07 09:00", two_rounds=False) as world:
        row = world.plans.import_plan(FILE.read_text("utf-8"), actor="officer-VS", unit="VS")
        rounds = world.plans.publish(row.code, actor="officer-VS")
        assert [(r.code, r.state) for r in rounds] == [("VS-2020-1", RoundState.OPEN)]
        published = world.store.load_plan(row.code)
        assert published is not None
        assert (published.state, published.doc_no, published.text) == (Publication.PUBLISHED, "", FILE.read_text("utf-8"))
        assert list(drifts(world.store)) == []
        yield sorted(world.store.stages(plan=row.code), key=lambda s: int(s.id.rpartition("#")[2]))


def test_no_line_is_left_out_and_none_is_reworded(stored: list[StageRow]):
    (plan,) = load_plans(FILE.read_text("utf-8"))
    assert len(plan.deadlines) > 20
    assert [(s.phrase, s.stage, s.kind, s.firm) for s in stored] == [(d.phrase, d.stage, str(d.kind), d.firm) for d in plan.deadlines]
    assert [set(s.flags) for s in stored] == [{str(f) for f in d.flags} for d in plan.deadlines]
    assert all(s.source for s in stored), "a plan without a number is named by its title"


AWKWARD = {
    "Trong quý I/2020": {"interval-began-before-signing"},
    "xong trước tháng 2/2020": {"deadline-before-signing", "reading-differs"},
    "theo mốc thời gian của chu trình OCOP hàng năm": {"no-date"},
    "thực hiện thường xuyên và theo kế hoạch riêng": {"no-date"},
    "theo kế hoạch riêng": {"no-date"},
    "theo kế hoạch": {"no-date"},
    "hàng năm (theo thực tế)": {"no-date"},
    "dự kiến trong tháng 5/2020": {"last-day-is-weekend"},
    "xong trước tháng 3/2020": {"leap-february", "last-day-is-weekend", "reading-differs"},
    "xong trước ngày 15/3/2020": {"last-day-is-weekend", "reading-differs"},
    "xong trước tháng 4/2020": {"reading-differs"},
    "xong trước tháng 5/2020": {"last-day-is-holiday", "reading-differs"},
    "xong trước tháng 6/2020": {"last-day-is-weekend", "reading-differs"},
    "xong trước tháng 7/2020": {"reading-differs"},
    "xong trước ngày 15/8/2020": {"reading-differs"},
    "xong trước tháng 9/2020": {"reading-differs"},
    "xong trước tháng 10/2020": {"reading-differs"},
    "xong trước tháng 2/2021": {"after-plan-year", "last-day-is-weekend", "reading-differs"},
}
"""Each wording of the plan of 7 February 2020 with what a person should look at before publishing; none of it is without a flag."""


def test_its_awkward_phrases_are_flagged(stored: list[StageRow]):
    assert {s.phrase: set(s.flags) for s in stored} == AWKWARD
    assert all(set(s.flags) == AWKWARD[s.phrase] for s in stored)


def test_only_dates_are_armed_and_only_the_rounds_dates_defer(stored: list[StageRow]):
    assert {s.stage: s.effect for s in stored if s.round} == {"district_eval": Effect.DEFER, "province_eval": Effect.DEFER}
    assert {s.effect for s in stored if not s.round} == {Effect.RECORD}
    assert {s.phrase for s in stored if s.cutoff is None} >= {"theo kế hoạch", "hàng năm (theo thực tế)"}
