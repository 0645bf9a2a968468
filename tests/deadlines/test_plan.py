"""Plans as data: what ships, what recurs, what a cut-off does by default, and the way out and back in."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deadlines
from deadlines.calendar import midnight
from deadlines.kinds import Flag, Kind
from deadlines.plan import CyclePlan, PlanDoesNotRecur, default_effect, dump_plan, for_year, load_plans, national_plan
from deadlines.plan_check import check_plans
from deadlines.toml_text import table_text
from states.vocabulary import Effect, Track

SHIPPED = sorted((Path(deadlines.__file__).parent / "data" / "plans").glob("*.toml"))
IDS = {"an-giang-2019", "an-giang-2020", "an-giang-2021", "national-2026", "thai-nguyen-2020", "two-rounds-2021"}
YEARS = range(2027, 2040)


def shipped(name: str) -> CyclePlan:
    (path,) = (path for path in SHIPPED if path.stem == name)
    return load_plans(path.read_text(encoding="utf-8"))[0]


def one_plan(lines: str, head: str = "") -> CyclePlan:
    return load_plans(f'[[plan]]\nid = "p"\nyear = 2021\n{head}\n{lines}')[0]


def line(phrase: str, stage: str = "province_eval", number: int = 1, more: str = "") -> str:
    return f'[[plan.deadline]]\nstage = "{stage}"\nround = {number}\nphrase = "{phrase}"\nactor = "UBND tỉnh"\n{more}\n'


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_plan_reads_as_its_file_says(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    (table,) = tomllib.loads(text)["plan"]
    (plan,) = load_plans(text)
    assert plan.id == path.stem
    assert len(plan.deadlines) == len(table["deadline"])
    for read, said in zip(plan.deadlines, table["deadline"], strict=True):
        assert (read.phrase, read.kind, read.start, read.cutoff) == (said["phrase"], said["kind"], said.get("start"), said.get("cutoff"))
        assert set(said.get("flags", ())) <= {*read.flags, *read.remarks}
        assert read.firm == said["firm"]


def test_the_shipped_plans_are_these() -> None:
    assert {path.stem for path in SHIPPED} == IDS


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_plan_differs_nowhere_from_its_file(path: Path) -> None:
    report = check_plans(path.read_text(encoding="utf-8"))
    assert report.ok
    assert not any(Flag.DIFFERS_FROM_FILE in checked.flags for plan in report.plans for checked in plan.lines)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_plan_survives_the_way_out_and_back_in(path: Path) -> None:
    plans = load_plans(path.read_text(encoding="utf-8"))
    for plan in plans:
        text = dump_plan(plan)
        assert load_plans(text) == (plan,)
        assert not any(Flag.DIFFERS_FROM_FILE in checked.flags for each in check_plans(text).plans for checked in each.lines)


def test_the_leap_day_of_the_thai_nguyen_plan_is_its_last_permitted_day() -> None:
    (ideas,) = (d for d in shipped("thai-nguyen-2020").deadlines if d.stage == "idea_registration")
    assert ideas.last_valid_day == date(2020, 2, 29)
    assert ideas.cutoff == midnight(date(2020, 3, 1))
    assert {Flag.LEAP_FEBRUARY, Flag.LAST_DAY_IS_WEEKEND} <= set(ideas.flags)


def test_the_four_dates_of_the_two_round_plan_defer_although_they_are_not_firm() -> None:
    plan = shipped("two-rounds-2021")
    rounds = [d for d in plan.deadlines if d.round]
    assert [(d.round, d.stage, d.cutoff) for d in rounds] == [
        (1, "district_eval", midnight(date(2021, 7, 10))),
        (1, "province_eval", midnight(date(2021, 7, 30))),
        (2, "district_eval", midnight(date(2021, 10, 10))),
        (2, "province_eval", midnight(date(2021, 10, 30))),
    ]
    assert {d.firm for d in rounds} == {False}
    assert {default_effect(plan, d) for d in rounds} == {Effect.DEFER}
    assert {default_effect(plan, d) for d in plan.deadlines if not d.round} == {Effect.RECORD}


def test_national_proposal_dates_sort_and_national_evaluation_dates_are_recorded() -> None:
    plan = national_plan()
    assert {d.stage: default_effect(plan, d) for d in plan.deadlines} == {
        "commune_to_province": Effect.SORT,
        "province_eval": Effect.RECORD,
        "province_to_centre": Effect.SORT,
        "national_eval": Effect.RECORD,
    }


@pytest.mark.parametrize(
    ("stage", "number", "phrase", "effect"),
    [
        ("district_eval", 1, "trước ngày 10/7/2021", Effect.DEFER),
        ("district_to_province", 1, "trước ngày 10/7/2021", Effect.DEFER),
        ("commune_to_province", 2, "trước ngày 10/7/2021", Effect.DEFER),
        ("province_to_centre", 1, "trước ngày 10/7/2021", Effect.DEFER),
        ("province_eval", 0, "trước ngày 10/7/2021", Effect.RECORD),
        ("province_eval", 1, "theo kế hoạch riêng", Effect.RECORD),
        ("promotion", 1, "trước ngày 10/7/2021", Effect.RECORD),
        ("idea_selection", 1, "trước ngày 10/7/2021", Effect.RECORD),
    ],
)
def test_a_province_defers_at_evaluations_and_forwardings_of_its_rounds(stage: str, number: int, phrase: str, effect: Effect) -> None:
    plan = one_plan(line(phrase, stage, number))
    assert default_effect(plan, plan.deadlines[0]) is effect


def test_stages_at_the_centre_are_on_the_central_track_unless_the_plan_says_otherwise() -> None:
    plan = one_plan(
        line("trước ngày 10/7/2021", "national_eval") + line("trước ngày 10/7/2021", "national_eval", more='track = "provincial"')
    )
    assert [d.track for d in plan.deadlines] == [Track.CENTRAL, Track.PROVINCIAL]


@pytest.mark.parametrize("year", YEARS)
def test_the_national_dates_come_again_and_the_second_central_round_stays_in_the_next_year(year: int) -> None:
    again = {(d.stage, d.round): d for d in for_year(national_plan(), year)}
    assert again["commune_to_province", 1].cutoff == midnight(date(year, 4, 30))
    assert again["province_eval", 2].cutoff == midnight(date(year, 12, 30))
    assert again["province_to_centre", 2].cutoff == midnight(date(year + 1, 1, 30))
    assert again["national_eval", 2].cutoff == midnight(date(year + 1, 3, 30))
    assert Flag.ROUND_FALLS_IN_NEXT_YEAR in again["national_eval", 2].flags
    assert not any(Flag.DEADLINE_BEFORE_SIGNING in d.flags for d in again.values())


def test_the_first_date_of_2026_lies_before_the_decision_was_signed() -> None:
    first = national_plan().deadlines[0]
    assert Flag.DEADLINE_BEFORE_SIGNING in first.flags
    assert first.remarks == ("cutoff-on-holiday",)


def test_a_plan_that_does_not_recur_cannot_be_read_for_another_year() -> None:
    with pytest.raises(PlanDoesNotRecur):
        for_year(shipped("two-rounds-2021"), 2022)


def test_a_line_that_names_its_year_does_not_come_again() -> None:
    plan = one_plan(line("trước ngày 10/7") + line("trước ngày 30/8/2021", number=2), 'recurs = "yearly"')
    assert [d.phrase for d in for_year(plan, 2022)] == ["trước ngày 10/7"]


def test_a_year_is_that_of_the_last_permitted_day() -> None:
    plan = one_plan(line("trước ngày 01 tháng 01", more="year = 2021"))
    assert plan.deadlines[0].cutoff == midnight(date(2022, 1, 1))


def test_of_two_cutoffs_for_one_stage_of_a_round_the_wider_is_overruled() -> None:
    plan = one_plan(line("trước ngày 10/7/2021") + line("trước ngày 5/7/2021") + line("trước ngày 5/7/2021", number=2))
    assert [Flag.OVERRULED_BY_NARROWER_CUTOFF in d.flags for d in plan.deadlines] == [True, False, False]


def test_activities_of_one_name_without_a_round_do_not_overrule_each_other() -> None:
    plan = one_plan(line("trước ngày 10/7/2021", "promotion", 0) + line("trước ngày 5/7/2021", "promotion", 0))
    assert not any(Flag.OVERRULED_BY_NARROWER_CUTOFF in d.flags for d in plan.deadlines)


def test_one_phrase_for_two_rounds_is_flagged_on_both() -> None:
    plan = one_plan(line("trước ngày 10/7/2021") + line("trước ngày 10/7/2021", number=2) + line("trước ngày 9/7/2021", "district_eval"))
    assert [Flag.ONE_PHRASE_TWO_ROUNDS in d.flags for d in plan.deadlines] == [True, True, False]


@pytest.mark.parametrize(
    ("phrase", "year", "outlasts"),
    [
        ("trước ngày 30/6/2026", 2026, False),
        ("đến hết ngày 30/6/2026", 2026, True),
        ("trước ngày 1/7/2027", 2027, True),
        ("trước ngày 1/6/2027", 2027, False),
        ("trước ngày 1/7/2025", 2025, False),
    ],
)
def test_a_provincial_date_after_the_national_one_outlasts_it(phrase: str, year: int, outlasts: bool) -> None:
    (plan,) = load_plans(f'[[plan]]\nid = "p"\nyear = {year}\n{line(phrase)}')
    assert (Flag.OUTLASTS_NATIONAL_TERM in plan.deadlines[0].flags) == outlasts


def test_a_national_date_from_before_the_decision_binds_nobody() -> None:
    (plan,) = load_plans(f'[[plan]]\nid = "p"\nyear = 2026\n{line("trước ngày 15/5/2026", "commune_to_province")}')
    assert Flag.OUTLASTS_NATIONAL_TERM not in plan.deadlines[0].flags


def test_a_round_in_the_year_after_the_plan_is_flagged() -> None:
    plan = one_plan(
        line("trước ngày 15/01/2022", number=2) + line("trước ngày 15/02/2022", "review", 0) + line("đến năm 2022", "review", 0)
    )
    flags = [set(d.flags) & {Flag.ROUND_FALLS_IN_NEXT_YEAR, Flag.AFTER_PLAN_YEAR} for d in plan.deadlines]
    assert flags == [{Flag.ROUND_FALLS_IN_NEXT_YEAR, Flag.AFTER_PLAN_YEAR}, {Flag.AFTER_PLAN_YEAR}, {Flag.AFTER_PLAN_YEAR}]


def test_a_horizon_arms_no_timer_whatever_its_words() -> None:
    plan = one_plan(line("đến hết ngày 31/10/2021", "horizon", 0))
    assert not plan.deadlines[0].armed
    assert set(plan.deadlines[0].flags) == {Flag.NOT_A_DUE_DATE}


def test_a_minimum_given_as_a_range_is_flagged() -> None:
    plan = one_plan('[[plan.target]]\nwhat = "sản phẩm"\nop = ">= range"\nmin = 25\nmax = 30\nunit = "product"\n')
    assert plan.targets[0].flags == (Flag.MINIMUM_GIVEN_AS_RANGE,)


def test_a_lenient_plan_takes_the_generous_end_everywhere() -> None:
    plan = one_plan(line("trước ngày 10/7/2021"), 'reading = "lenient"')
    assert plan.deadlines[0].cutoff == midnight(date(2021, 7, 11))
    assert load_plans(dump_plan(plan)) == (plan,)


PHRASES = st.sampled_from(
    ["trước ngày 10/7", "đến hết tháng 6/2021", "theo kế hoạch riêng", "từ ngày 1/5 đến ngày 9/5/2021", "phấn đấu năm 2021", "mai kia"]
)
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=20)
LINES = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["promotion", "province_eval", "national_eval", "horizon"]),
        "round": st.just(0),
        "phrase": PHRASES,
        "firm": st.booleans(),
        "actor": TEXT,
        "activity": TEXT,
        "effect": st.sampled_from(Effect),
    },
    optional={"year": st.sampled_from([0, 2021, 2022]), "track": st.sampled_from(Track), "no": TEXT},
)


@given(TEXT, TEXT, st.lists(LINES, max_size=4), st.one_of(st.just(""), st.dates(date(2018, 1, 1), date(2030, 1, 1))))
def test_any_plan_survives_the_way_out_and_back_in(title: str, issuer: str, lines: list[dict[str, Any]], signed: date | str) -> None:
    text = table_text("[[plan]]", {"id": "p", "year": 2021, "title": title, "issuer": issuer, "doc_date": signed})
    text += "".join(table_text("[[plan.deadline]]", found) for found in lines)
    (plan,) = load_plans(text)
    assert load_plans(dump_plan(plan)) == (plan,)


VALUES = st.one_of(
    st.text(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1)),  # noqa: DTZ001 - the strategy adds the zone
    st.lists(st.text()).map(tuple),
)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), VALUES))
def test_what_is_written_as_toml_reads_back_as_it_was(values: dict[str, Any]) -> None:
    read = tomllib.loads(table_text("[t]", values))["t"]
    assert {name: tuple(value) if isinstance(value, list) else value for name, value in read.items()} == values


def test_the_clocks_of_the_decision_are_read_from_its_words() -> None:
    kinds = {clock.stage: clock.kind for clock in national_plan().clocks}
    assert kinds["commune_check"] is Kind.WORKING_DAYS_FROM_EVENT
    assert kinds["re_evaluation_filing"] is Kind.WINDOW_BEFORE_EXPIRY
    assert kinds["certificate"] is Kind.MONTHS_FROM_EVENT


def test_the_worked_examples_of_the_decisions_clocks_count_without_rolling() -> None:
    examples = [clock for clock in national_plan().clocks if clock.example_from is not None]
    assert len(examples) == 3
    for clock in examples:
        assert clock.example_from is not None
        assert clock.value is not None
        assert clock.example_cutoff == midnight(clock.example_from + timedelta(days=clock.value + 1))
