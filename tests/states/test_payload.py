"""Payloads are read strictly: hostile values are problems with a code, and all problems are told at once."""

import unicodedata
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states import forms
from states.errors import PayloadInvalid
from states.payload import MAX_ITEMS, MAX_TEXT, Field, Kind, clean, read_payload, read_score
from states.words import words

TEXT = Field("note", Kind.TEXT)
CODE = Field("document_no", Kind.CODE)
CHOICE = Field("group", Kind.CHOICE, options=("food", "drink"))
CHOICES = Field("documents", Kind.CHOICES, options=("story", "awards"))
OPEN_CHOICES = Field("documents", Kind.CHOICES)
INTEGER = Field("jobs", Kind.INTEGER, low=1, high=10)
SCORE = Field("mean", Kind.SCORE)
FIGURE = Field("figure", Kind.FIGURE)
DATE = Field("end", Kind.DATE)
FLAG = Field("flag", Kind.FLAG)
KINDS = {
    Kind.TEXT: TEXT,
    Kind.CODE: CODE,
    Kind.CHOICE: CHOICE,
    Kind.CHOICES: CHOICES,
    Kind.INTEGER: INTEGER,
    Kind.SCORE: SCORE,
    Kind.FIGURE: FIGURE,
}
KINDS |= {Kind.DATE: DATE, Kind.FLAG: FLAG}

GOOD = [
    (TEXT, "  Chè Tà Xùa\nhai dòng\t", "Chè Tà Xùa\nhai dòng"),
    (TEXT, unicodedata.normalize("NFD", "Mật ong bạc hà"), "Mật ong bạc hà"),
    (TEXT, "x" * MAX_TEXT, "x" * MAX_TEXT),
    (TEXT, "👩\u200d🌾", "👩\u200d🌾"),
    (CODE, "123/QĐ-UBND", "123/QĐ-UBND"),
    (CODE, "12/2021 (bs)", "12/2021 (bs)"),
    (CODE, "KH 12/2021", "KH 12/2021"),
    (CODE, "7", "7"),
    (CODE, "AG-2021-0001", "AG-2021-0001"),
    (CODE, "1" + "x" * 79, "1" + "x" * 79),
    (CHOICE, "food", "food"),
    (CHOICES, ["story", "awards"], ["story", "awards"]),
    (CHOICES, ("awards",), ["awards"]),
    (CHOICES, [], []),
    (OPEN_CHOICES, ["1/KH", "2/KH"], ["1/KH", "2/KH"]),
    (INTEGER, 1, 1),
    (INTEGER, 10, 10),
    (FIGURE, 12, "12"),
    (FIGURE, "0", "0"),
    (FIGURE, " 87,5 ", "175/2"),
    (FIGURE, "87.25", "349/4"),
    (FIGURE, "999999999999", "999999999999"),
    (SCORE, "80,5", "161/2"),
    (SCORE, "80.5", "161/2"),
    (SCORE, "161/2", "161/2"),
    (SCORE, 90, "90"),
    (SCORE, "0", "0"),
    (SCORE, "100", "100"),
    (SCORE, "200/3", "200/3"),
    (DATE, "2024-02-29", "2024-02-29"),
    (DATE, date(2021, 7, 9), "2021-07-09"),
    (FLAG, True, True),
    (FLAG, False, False),
]
BAD = [
    (TEXT, "a\x00b", "control_characters"),
    (TEXT, "a\x1b[31m", "control_characters"),
    (TEXT, "a\u202eb", "control_characters"),
    (TEXT, "\ufeffa", "control_characters"),
    (TEXT, "a\ud800", "not_unicode"),
    (TEXT, " \n ", "empty"),
    (TEXT, "", "empty"),
    (TEXT, "x" * (MAX_TEXT + 1), "too_long"),
    (TEXT, 5, "not_text"),
    (TEXT, ["a"], "not_text"),
    (TEXT, b"a", "not_text"),
    (CODE, "x" * 81, "too_long"),
    (CODE, "; drop table 1", "not_a_code"),
    (CODE, "1\nb", "not_a_code"),
    (CODE, "1  b", "not_a_code"),
    (CODE, "_1", "not_a_code"),
    (CODE, "x" * 80, "not_a_code"),
    (CODE, "QĐ-UBND", "not_a_code"),
    (CODE, "Nguyễn Văn", "not_a_code"),
    (CODE, "KH 12/2021 (bổ sung)", "not_a_code"),
    (CODE, "ấp 3 xã Vân Sơn", "not_a_code"),
    (CODE, True, "not_text"),
    (CHOICE, "FOOD", "not_an_option"),
    (CHOICE, "food ", "not_an_option"),
    (CHOICE, 1, "not_an_option"),
    (CHOICE, ["food"], "not_an_option"),
    (CHOICES, "story", "not_a_list"),
    (CHOICES, {"story": 1}, "not_a_list"),
    (CHOICES, ["story"] * 1_000_000, "not_a_list"),
    (CHOICES, ["story"] * (MAX_ITEMS + 1), "not_a_list"),
    (CHOICES, ["story", "story"], "repeated"),
    (CHOICES, ["story", None], "not_an_option"),
    (CHOICES, [["story"]], "not_an_option"),
    (OPEN_CHOICES, ["a\x00"], "control_characters"),
    (INTEGER, True, "not_an_integer"),
    (INTEGER, 1.0, "not_an_integer"),
    (INTEGER, "1", "not_an_integer"),
    (INTEGER, 0, "out_of_range"),
    (INTEGER, 11, "out_of_range"),
    (INTEGER, 10**400, "out_of_range"),
    (FIGURE, -1, "not_a_figure"),
    (FIGURE, "-1", "not_a_figure"),
    (FIGURE, 87.5, "not_a_figure"),
    (FIGURE, "1.200", "not_a_figure"),
    (FIGURE, "1 200", "not_a_figure"),
    (FIGURE, "nhiều", "not_a_figure"),
    (FIGURE, "١٢", "not_a_figure"),
    (FIGURE, True, "not_a_figure"),
    (FIGURE, "9" * 13, "not_a_figure"),
    (SCORE, 80.5, "not_a_score"),
    (SCORE, float("nan"), "not_a_score"),
    (SCORE, 1e999, "not_a_score"),
    (SCORE, "1e2", "not_a_score"),
    (SCORE, "1e999", "not_a_score"),
    (SCORE, "1/0", "not_a_score"),
    (SCORE, "-1", "not_a_score"),
    (SCORE, True, "not_a_score"),
    (SCORE, "9" * 10_000, "not_a_score"),
    (SCORE, "100.0000000001", "out_of_range"),
    (SCORE, 101, "out_of_range"),
    (SCORE, -1, "out_of_range"),
    (DATE, "2021-02-29", "not_a_date"),
    (DATE, "09/07/2021", "not_a_date"),
    (DATE, "2021-7-9", "not_a_date"),
    (DATE, "2021-07-09\n", "not_a_date"),
    (DATE, "２０２１-07-09", "not_a_date"),
    (DATE, datetime(2021, 7, 9, tzinfo=UTC), "not_a_date"),
    (DATE, 20210709, "not_a_date"),
    (DATE, "1989-12-31", "out_of_range"),
    (DATE, "2101-01-01", "out_of_range"),
    (FLAG, 1, "not_a_flag"),
    (FLAG, "true", "not_a_flag"),
]


@pytest.mark.parametrize(("field", "value", "expected"), GOOD, ids=lambda v: ascii(v)[:30])
def test_a_good_value_is_read_into_its_canonical_form(field, value, expected):
    read = field.read(value)
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(("field", "value", "code"), BAD, ids=lambda v: ascii(v)[:30])
def test_a_bad_value_is_a_problem_of_its_field(field, value, code):
    with pytest.raises(PayloadInvalid) as invalid:
        read_payload((field,), {field.name: value})
    assert [(p.pointer, p.code) for p in invalid.value.problems] == [(f"/{field.name}", code)]
    for language in ("vi", "en"):
        said = words(language).problem(invalid.value.problems[0])
        assert "…" not in said
        assert said.startswith(words(language).label("field", field.name)) or field is FLAG
        assert code in words(language).table["problem"]


def test_every_kind_of_field_is_tried_with_good_and_bad_values():
    assert set(KINDS) == set(Kind)
    assert {field.kind for field, _, _ in GOOD} == {field.kind for field, _, _ in BAD} == set(Kind)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=9) | st.dates() | st.fractions(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=6,
)


def _problems(field: Field, value: object) -> list[str]:
    """Codes of the problems of a value, none where it is read; what was read is canonical, so reading it again changes nothing."""
    try:
        data, texts = read_payload((field,), {field.name: value})
    except PayloadInvalid as invalid:
        return [problem.code for problem in invalid.problems]
    for read in (*data.values(), *texts.values()):
        assert field.read(read) == read
    return []


@given(st.sampled_from(list(KINDS.values())), anything | st.text(st.characters(codec=None), max_size=20))
def test_whatever_is_handed_in_is_read_or_is_one_problem_with_words(field, value):
    problems = _problems(field, value)
    assert len(problems) <= 1
    assert set(problems) <= set(words("vi").table["problem"])


@given(st.sampled_from([*forms.FILE, *forms.CONCLUDE, *forms.SUBMIT_PLAN, FLAG]), st.text(max_size=30))
def test_what_is_typed_on_a_command_line_is_read_or_is_a_problem_with_words(field, typed):
    problem = None
    try:
        field.read(field.from_text(typed))
    except ValueError as error:
        problem = str(error)
    assert problem is None or problem in words("vi").table["problem"]


def test_all_problems_are_told_at_once_each_at_its_place():
    payload = {"mean": 80.5, "stars": 6, "report_date": "gestern", "minutes_signer": "\x00", "colour": "red", "sheets": True}
    with pytest.raises(PayloadInvalid) as invalid:
        read_payload(forms.CONCLUDE, payload)
    assert {(p.pointer, p.code) for p in invalid.value.problems} == {
        ("/colour", "unknown_field"),
        ("/mean", "not_a_score"),
        ("/stars", "out_of_range"),
        ("/sheets", "not_an_integer"),
        ("/report_no", "required"),
        ("/report_date", "not_a_date"),
        ("/minutes_no", "required"),
        ("/minutes_date", "required"),
        ("/minutes_signer", "control_characters"),
    }


def test_texts_go_apart_from_data_and_what_is_left_out_stays_out():
    data, texts = read_payload(
        forms.CONCLUDE,
        {
            "mean": "89.5",
            "report_no": "1/BC",
            "report_date": "2021-06-01",
            "minutes_no": "2/BB",
            "minutes_date": "2021-06-02",
            "minutes_signer": "Chủ tịch",
            "stars": None,
        },
    )
    assert data == {"mean": "179/2", "report_no": "1/BC", "report_date": "2021-06-01", "minutes_no": "2/BB", "minutes_date": "2021-06-02"}
    assert texts == {"minutes_signer": "Chủ tịch"}


def test_a_required_list_needs_at_least_one_item_and_an_optional_one_does_not():
    with pytest.raises(PayloadInvalid) as invalid:
        read_payload(forms.ELIMINATE, {"knock_outs": [], "minutes_no": "2/BB", "minutes_date": "2021-06-02"})
    assert [(p.pointer, p.code) for p in invalid.value.problems] == [("/knock_outs", "empty")]
    assert read_payload((Field("floors_missed", Kind.CHOICES, options=("3",)),), {"floors_missed": []}) == ({"floors_missed": []}, {})


def test_an_unknown_field_is_told_with_the_known_ones():
    with pytest.raises(PayloadInvalid) as invalid:
        read_payload((TEXT, DATE), {"nota": "x"})
    (problem,) = invalid.value.problems
    assert problem.detail == {"known": "note, end"}


@given(st.fractions(0, 100, max_denominator=10**10))
def test_an_exact_fraction_survives_as_it_is(score):
    assert read_score(str(score)) == score
    assert Fraction(str(SCORE.read(str(score)))) == score


@given(st.text())
def test_cleaning_twice_changes_nothing(text):
    try:
        once = clean(text)
    except ValueError:
        return
    assert clean(once) == once == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("field", "typed", "expected"),
    [
        (INTEGER, " 7 ", 7),
        (FLAG, "Có", True),
        (FLAG, unicodedata.normalize("NFD", "không"), False),
        (FLAG, "yes", True),
        (FLAG, "0", False),
        (CHOICES, "story, awards,", ["story", "awards"]),
        (CHOICES, "", []),
        (SCORE, "80,5", "80,5"),
        (TEXT, "a, b", "a, b"),
    ],
    ids=lambda v: ascii(v)[:20],
)
def test_a_typed_value_becomes_what_reading_expects(field, typed, expected):
    assert field.from_text(typed) == expected
    field.read(field.from_text(typed))


@pytest.mark.parametrize(
    ("field", "typed", "code"), [(INTEGER, "7.5", "not_an_integer"), (INTEGER, "9" * 5000, "not_an_integer"), (FLAG, "?", "not_a_flag")]
)
def test_a_typed_value_of_the_wrong_shape_is_a_problem(field, typed, code):
    with pytest.raises(ValueError, match=code):
        field.from_text(typed)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [(INTEGER, -1, "ngoài khoảng cho phép (1 đến 10)"), (SCORE, "101", "ngoài khoảng cho phép (0 đến 100)"),
     (Field("day", Kind.DATE), "1900-01-01", "ngoài khoảng cho phép (1990 đến 2100)")],
)  # fmt: skip
def test_what_is_out_of_range_is_told_with_the_range(field, value, said):
    with pytest.raises(PayloadInvalid) as refused:
        read_payload((field,), {field.name: value})
    (problem,) = refused.value.problems
    assert (problem.code, words("vi").problem_text(problem)) == ("out_of_range", said)
