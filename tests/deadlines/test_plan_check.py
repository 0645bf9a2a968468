"""What refuses a plan file, what only asks, and the shape of the answer."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadlines.plan import load_plans
from deadlines.plan_check import check_plans
from deadlines.plan_questions import ACTIVITIES
from states.errors import PlanInvalid
from states.words import words

PLANS = Path(__file__).parents[2] / "deadlines" / "data" / "plans"

HEAD = (
    '[[plan]]\nid = "p"\nunit = "VS"\nyear = 2021\ntitle = "Kế hoạch"\ndoc_no = "1/KH-UBND"\ndoc_date = 2021-01-15\nissuer = "UBND tỉnh"\n'
)
LINE = '[[plan.deadline]]\nstage = "province_eval"\nround = 1\nphrase = "trước ngày 30/7/2021"\nactor = "UBND tỉnh"\n'
DISTRICT = LINE.replace("province_eval", "district_eval")


def codes(text: str) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for plan in check_plans(text).plans for problem in plan.problems]


def questions(text: str) -> list[tuple[str, str]]:
    return [(question.pointer, question.code) for plan in check_plans(text).plans for question in plan.questions]


def test_a_complete_plan_has_neither_problems_nor_questions() -> None:
    report = check_plans(HEAD + DISTRICT.replace("30/7", "10/7") + LINE)
    assert report.ok
    assert report.plans[0].questions == ()


def test_the_answer_for_other_programs_has_exactly_these_keys() -> None:
    answer: Any = check_plans(HEAD + LINE + LINE.replace("trước ngày 30/7/2021", "theo kế hoạch riêng")).as_json()
    assert answer == {
        "plans": [
            {
                "id": "p",
                "deadlines": [
                    {
                        "phrase": "trước ngày 30/7/2021",
                        "kind": "before-day",
                        "stage": "province_eval",
                        "round": 1,
                        "start": None,
                        "cutoff": "2021-07-30T00:00:00+07:00",
                        "armed": True,
                        "flags": ["reading-differs"],
                    },
                    {
                        "phrase": "theo kế hoạch riêng",
                        "kind": "by-other-document",
                        "stage": "province_eval",
                        "round": 1,
                        "start": None,
                        "cutoff": None,
                        "armed": False,
                        "flags": ["no-date"],
                    },
                ],
                "problems": [],
            }
        ]
    }


@pytest.mark.parametrize(
    ("said", "differs"),
    [
        ('kind = "before-day"', False),
        ('kind = "until-day"', True),
        ("cutoff = 2021-07-30T00:00:00+07:00", False),
        ("cutoff = 2021-07-29T17:00:00Z", False),
        ("cutoff = 2021-07-31T00:00:00+07:00", True),
        ("start = 2021-07-01T00:00:00+07:00", True),
        ("armed = true", False),
        ("armed = false", True),
        ('flags = ["reading-differs"]', False),
        ("flags = []", False),
        ('flags = ["leap-february"]', True),
        ('flags = ["our-own-remark"]', False),
    ],
)
def test_what_the_file_says_otherwise_is_flagged_and_never_believed(said: str, differs: bool) -> None:
    (plan,) = check_plans(HEAD + LINE + said).plans
    (checked,) = plan.lines
    assert ("differs-from-file" in checked.flags) == differs
    assert checked.as_json()["cutoff"] == "2021-07-30T00:00:00+07:00"
    assert plan.problems == ()


def test_remarks_of_the_file_come_after_the_computed_flags() -> None:
    assert check_plans(HEAD + LINE + 'flags = ["round-implied"]').plans[0].lines[0].flags == ("reading-differs", "round-implied")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ("/plan", "missing")),
        ("not toml at all", ("", "not_toml")),
        ("a = " + "[" * 100_000, ("", "not_toml")),
        ("#" + "x" * 1_000_000, ("", "file_too_large")),
        ("plan = 3", ("/plan", "wrong_type")),
        ("plan = [3]", ("/plan/0", "wrong_type")),
        (HEAD + "colour = 3", ("/plan/0/colour", "unknown_key")),
        ("schema = 2\n" + HEAD, ("/schema", "out_of_range")),
        ('timezone = "UTC"\n' + HEAD, ("/timezone", "unknown_value")),
        ("wrong = 1\n" + HEAD, ("/wrong", "unknown_key")),
        (HEAD.replace('id = "p"', "id = 7"), ("/plan/0/id", "wrong_type")),
        (HEAD.replace('id = "p"', 'id = ""'), ("/plan/0/id", "empty")),
        (HEAD.replace('id = "p"\n', ""), ("/plan/0/id", "missing")),
        (HEAD.replace("year = 2021\n", ""), ("/plan/0/year", "missing")),
        (HEAD.replace("year = 2021", "year = 2017"), ("/plan/0/year", "year_out_of_range")),
        (HEAD.replace("year = 2021", "year = 2101"), ("/plan/0/year", "year_out_of_range")),
        (HEAD.replace("year = 2021", 'year = "2021"'), ("/plan/0/year", "wrong_type")),
        (HEAD.replace("year = 2021", "year = true"), ("/plan/0/year", "wrong_type")),
        (HEAD.replace("2021-01-15", '"hôm qua"'), ("/plan/0/doc_date", "wrong_type")),
        (HEAD + 'level = "village"', ("/plan/0/level", "unknown_value")),
        (HEAD + "[plan.deadline]\nx = 1", ("/plan/0/deadline", "wrong_type")),
        (HEAD + LINE.replace('phrase = "trước ngày 30/7/2021"\n', ""), ("/plan/0/deadline/0/phrase", "missing")),
        (HEAD + LINE.replace('"trước ngày 30/7/2021"', "30"), ("/plan/0/deadline/0/phrase", "wrong_type")),
        (HEAD + LINE.replace("trước ngày 30/7/2021", ""), ("/plan/0/deadline/0/phrase", "phrase_empty")),
        (HEAD + LINE.replace("trước ngày", "x" * 500), ("/plan/0/deadline/0/phrase", "phrase_too_long")),
        (HEAD + LINE.replace("trước ngày", "trước\\u0000ngày"), ("/plan/0/deadline/0/phrase", "phrase_control_character")),
        (HEAD + LINE.replace("UBND tỉnh", "UBND\\u0007"), ("/plan/0/deadline/0/actor", "control_character")),
        (HEAD + LINE.replace('stage = "province_eval"\n', ""), ("/plan/0/deadline/0/stage", "missing")),
        (HEAD + LINE.replace("round = 1", "round = 100"), ("/plan/0/deadline/0/round", "out_of_range")),
        (HEAD + LINE.replace("round = 1", "round = -1"), ("/plan/0/deadline/0/round", "out_of_range")),
        (HEAD + LINE.replace("round = 1", "round = 1.0"), ("/plan/0/deadline/0/round", "wrong_type")),
        (HEAD + LINE + "year = 3021", ("/plan/0/deadline/0/year", "year_out_of_range")),
        (HEAD + LINE + "cutoff = 2021-07-30T00:00:00", ("/plan/0/deadline/0/cutoff", "wrong_type")),
        (HEAD + LINE + 'effect = "explode"', ("/plan/0/deadline/0/effect", "unknown_value")),
        (HEAD + LINE + 'track = "local"', ("/plan/0/deadline/0/track", "unknown_value")),
        (HEAD + LINE.replace("30/7/2021", "30/7/2999"), ("/plan/0/deadline/0/phrase", "year_out_of_range")),
        (HEAD + LINE.replace("30/7/2021", "30/7/2005"), ("/plan/0/deadline/0/phrase", "year_out_of_range")),
        (HEAD + LINE.replace("trước ngày 30/7/2021", "từ 30/7/2021 đến 10/7/2021"), ("/plan/0/deadline/0/phrase", "cutoff_before_start")),
        (HEAD + "[[plan.target]]\nwhat = 'x'\nvalue = nan", ("/plan/0/target/0/value", "wrong_type")),
        (HEAD + "[[plan.target]]\nwhat = 'x'\nmin = 9\nmax = 3", ("/plan/0/target/0/min", "range_reversed")),
        (HEAD + "[[plan.activity]]\nstage = 'x'", ("/plan/0/activity/0/what", "missing")),
        (
            HEAD + "[[plan.clock]]\nstage = 'x'\nphrase = '36 tháng'\nkind = 'days-from-event'",
            ("/plan/0/clock/0/kind", "differs_from_phrase"),
        ),
        (HEAD + HEAD, ("/plan/1/id", "duplicate_id")),
    ],
)
def test_a_broken_file_is_refused_with_the_place_and_nothing_is_loaded(text: str, problem: tuple[str, str]) -> None:
    assert codes(text) == [problem]
    assert not check_plans(text).ok
    with pytest.raises(PlanInvalid) as caught:
        load_plans(text)
    assert [(p.pointer, p.code) for p in caught.value.problems] == [problem]


def test_two_thousand_deadlines_are_read_and_one_more_is_refused() -> None:
    many = "".join(LINE.replace("province_eval", "promotion").replace("round = 1", "round = 0") for _ in range(2_000))
    assert check_plans(HEAD + many).ok
    assert codes(HEAD + many + LINE) == [("/plan", "too_many")]


def test_every_problem_is_told_at_once() -> None:
    text = HEAD + "colour = 1\n" + LINE.replace("round = 1", "round = 200") + LINE.replace("trước ngày 30/7/2021", "")
    assert [code for _, code in codes(text)] == ["unknown_key", "out_of_range", "phrase_empty"]


def test_a_plan_with_problems_leaves_its_neighbour_readable_but_the_file_is_refused_whole() -> None:
    report = check_plans(HEAD + "colour = 1\n" + HEAD.replace('"p"', '"q"') + LINE)
    assert [(plan.id, plan.plan is None) for plan in report.plans] == [("p", True), ("q", False)]
    assert not report.ok


@pytest.mark.parametrize(
    ("earlier", "later", "refused"),
    [
        ("10/7/2021", "30/7/2021", False),
        ("30/7/2021", "30/7/2021", False),
        ("31/7/2021", "30/7/2021", True),
    ],
)
def test_a_later_stage_may_not_end_before_an_earlier_one(earlier: str, later: str, refused: bool) -> None:
    text = HEAD + DISTRICT.replace("30/7/2021", earlier) + LINE.replace("30/7/2021", later)
    expected = [("/plan/0/deadline/1/phrase", "cutoffs_contradict")] if refused else []
    assert codes(text) == expected
    other_round = HEAD + DISTRICT.replace("30/7/2021", earlier) + LINE.replace("30/7/2021", later).replace("round = 1", "round = 2")
    assert codes(other_round) == []


def test_two_cutoffs_of_one_stage_are_no_contradiction_and_the_narrower_is_compared() -> None:
    text = HEAD + DISTRICT.replace("30/7", "10/7") + DISTRICT.replace("30/7", "15/8") + LINE
    assert codes(text) == []
    assert ("/plan/0/deadline/1/phrase", "two_cutoffs") in questions(text)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (HEAD.replace('unit = "VS"\n', ""), ("/plan/0/unit", "unit_blank")),
        (HEAD.replace("1/KH-UBND", ""), ("/plan/0/doc_no", "blank")),
        (HEAD.replace("2021-01-15", '""'), ("/plan/0/doc_date", "blank")),
        (HEAD.replace('issuer = "UBND tỉnh"\n', ""), ("/plan/0/issuer", "blank")),
        (HEAD + LINE.replace('actor = "UBND tỉnh"\n', ""), ("/plan/0/deadline/0/actor", "body_blank")),
        (HEAD + LINE.replace('"province_eval"', '""'), ("/plan/0/deadline/0/stage", "stage_blank")),
        (HEAD + LINE.replace("trước ngày 30/7/2021", "sớm nhất có thể"), ("/plan/0/deadline/0/phrase", "unknown_wording")),
        (HEAD + LINE.replace("30/7/2021", "31/6/2021"), ("/plan/0/deadline/0/phrase", "no_such_date")),
        (HEAD + LINE.replace("30/7/2021", "30/7") + "year = 0", ("/plan/0/deadline/0/phrase", "year_unsaid")),
        (HEAD + LINE.replace("trước ngày", "khoảng trước ngày"), ("/plan/0/deadline/0/phrase", "vague_date")),
        (HEAD + LINE.replace("trước", "đợt 2 trước"), ("/plan/0/deadline/0/round", "round_differs")),
        (HEAD + LINE + "year = 2022", ("/plan/0/deadline/0/year", "year_differs")),
    ],
)
def test_a_blank_or_an_unclear_phrase_is_a_question_and_no_refusal(text: str, question: tuple[str, str]) -> None:
    assert codes(text) == []
    assert question in questions(text)


@pytest.mark.parametrize(
    ("name", "guess"),
    [("district_evaluation", "district_eval"), ("provincial_eval", "province_eval"), ("xét duyệt", "commune_check")],
)
def test_a_name_that_is_no_stage_is_asked_about_with_the_likeliest_ones(name: str, guess: str) -> None:
    (plan,) = check_plans(HEAD + LINE.replace('"province_eval"', f'"{name}"')).plans
    (question,) = [q for q in plan.questions if q.code == "stage_unknown"]
    assert (question.pointer, question.detail["name"]) == ("/plan/0/deadline/0/stage", name)
    assert guess in str(question.detail["known"])
    assert plan.problems == ()


def test_an_activity_and_a_line_without_a_date_are_not_asked_about() -> None:
    assert "stage_unknown" not in {code for _, code in questions(HEAD + LINE.replace('"province_eval"', '"training"'))}
    no_date = LINE.replace('"province_eval"', '"fair"').replace("trước ngày 30/7/2021", "thường xuyên")
    assert "stage_unknown" not in {code for _, code in questions(HEAD + no_date)}


@pytest.mark.parametrize(("second", "asked"), [("30/9/2021", False), ("30/7/2021", True), ("15/7/2021", True)])
def test_a_second_round_that_does_not_end_later_is_asked_about(second: str, asked: bool) -> None:
    text = HEAD + LINE + LINE.replace("30/7/2021", second).replace("round = 1", "round = 2")
    expected = [("/plan/0/deadline/1/round", "rounds_out_of_order")] if asked else []
    assert [q for q in questions(text) if q[1] == "rounds_out_of_order"] == expected
    assert codes(text) == []


def test_rounds_of_other_stages_or_tracks_are_not_held_against_each_other() -> None:
    text = HEAD + LINE + DISTRICT.replace("30/7/2021", "15/7/2021").replace("round = 1", "round = 2")
    assert "rounds_out_of_order" not in {code for _, code in questions(text)}


def test_the_known_activities_are_those_that_have_words() -> None:
    for language in ("vi", "en"):
        assert set(words(language).table["activity"]) == ACTIVITIES


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.toml")), ids=lambda path: path.stem)
def test_no_plan_that_ships_has_rounds_in_the_wrong_order(path: Path) -> None:
    for plan in check_plans(path.read_text("utf-8")).plans:
        assert [q for q in plan.questions if q.code == "rounds_out_of_order"] == []


def test_a_line_without_a_round_takes_the_one_its_phrase_names() -> None:
    text = HEAD + LINE.replace("round = 1\n", "").replace("trước", "đợt 2 trước")
    assert load_plans(text)[0].deadlines[0].round == 2


def test_notes_of_whoever_typed_the_plan_are_accepted() -> None:
    text = HEAD + 'seed = "x"\ntext_kind = "summary"\nprovince_probable = "?"\n' + LINE + "line = 7"
    assert codes(text) == []


@given(st.text(max_size=200))
def test_no_text_breaks_the_check(text: str) -> None:
    assert isinstance(check_plans(text).as_json()["plans"], list)


KEYS = st.sampled_from(["id", "year", "title", "deadline", "target", "clock", "rounds", "flags", "doc_date", "level", "x"])
SCALARS = st.sampled_from(
    ['""', '"a"', "0", "2021", "-1", "1.5", "nan", "true", "[]", "[1]", "{}", "[{}]", "2021-01-01", "2021-01-01T00:00:00"]
)


@given(st.dictionaries(KEYS, SCALARS), st.dictionaries(st.sampled_from(["stage", "phrase", "round", "year", "firm", "cutoff"]), SCALARS))
def test_no_wrong_type_anywhere_breaks_the_check(plan: dict[str, str], deadline: dict[str, str]) -> None:
    text = "[[plan]]\n" + "".join(f"{key} = {value}\n" for key, value in plan.items() if key != "deadline")
    text += "[[plan.deadline]]\n" + "".join(f"{key} = {value}\n" for key, value in deadline.items())
    report = check_plans(text)
    assert report.plans
    if report.ok:
        load_plans(text)
