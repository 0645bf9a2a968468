"""Everything that can be said has words in both languages, and the words have every value that they ask for."""

import ast
import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from deadlines.ladder import DutyKind
from deadlines.phrases import Question
from notifications.acknowledging import CallResult, Via
from notifications.choices import FIELDS
from notifications.messages import ChannelName, Part
from states import forms, vocabulary
from states.chart import START, Chart, Seat
from states.errors import EventRefused, NotAllowed, NotFound, PayloadInvalid, Problem
from states.facts import Facts
from states.lifecycle import ROUND, PlanEvent
from states.payload import Field
from states.refusal import NOBODY, Code, Holder, Refusal
from states.regime import REGIMES, VIETNAM, local_midnight
from states.vocabulary import CaseState, Effect, Event, Function, Level, RoundEvent, RoundState, Stage, Stars
from states.words import SECTION, words
from tests.states.samples import CHARTS, MIDNIGHT
from tests.support.sources import parsed
from workflow.ledger.findings import Fault
from workflow.telling import DeliveryState, RungState

ROOMS = ("states", "deadlines", "workflow", "notifications", "api")
LANGUAGES = ("vi", "en")
ROOT = Path(__file__).parents[2]

# What these raise is completed by whoever knows the case or the event: the engine judges and tells.
COMPLETED_LATER = {("states/chart.py", "EventRefused"), ("states/payload.py", "PayloadInvalid")}


@cache
def _sources() -> tuple[tuple[str, ast.Module], ...]:
    paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return tuple((path.relative_to(ROOT).as_posix(), parsed(path.read_text("utf-8"))) for path in paths)


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    for path, tree in _sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
                yield path, name, node


def _constant(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


@cache
def _error_codes() -> dict[str, str]:
    """Every class of error in the product and its code, found from the classes' bases and their ``code``."""
    bases: dict[str, set[str]] = {}
    own: dict[str, str] = {}
    for _, tree in _sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {base.id for base in node.bases if isinstance(base, ast.Name)}
                for line in node.body:
                    if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name) and line.targets[0].id == "code":
                        own[node.name] = str(_constant(line.value))
    codes = {"CycleError": own["CycleError"]}
    while fresh := {name for name, above in bases.items() if name not in codes and above & set(codes)}:
        codes |= {name: own.get(name, next(codes[base] for base in bases[name] if base in codes)) for name in fresh}
    return codes


def _placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def _keys(node: ast.expr | None) -> set[str] | None:
    """Keys of a dictionary written out; None where it is computed."""
    if node is None:
        return set()
    if isinstance(node, ast.Dict) and all(node.keys):
        return {str(_constant(key)) for key in node.keys}
    return None


def _named(call: ast.Call) -> set[str] | None:
    """Names of keyword arguments; None where some are computed."""
    return None if any(word.arg is None for word in call.keywords) else {str(word.arg) for word in call.keywords}


def _argument(call: ast.Call, index: int) -> ast.expr | None:
    return call.args[index] if len(call.args) > index else None


def _missing(section: str, code: str, values: set[str] | None) -> list[str]:
    """What is wrong with the words of a code that is told with these values."""
    found = []
    for language in LANGUAGES:
        template = words(language).table[section].get(code)
        if template is None:
            found.append(f"{language}: [{section}] has no {code}")
        elif values is not None and (unfilled := _placeholders(template) - values):
            found.append(f"{language}: {code} is told without {', '.join(sorted(unfilled))}")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_member_of_every_vocabulary_has_a_name(language):
    said = words(language)
    unnamed = [member for kind in SECTION for member in kind if not said.table[SECTION[kind]].get(str(member.value))]
    assert unnamed == []
    assert all(said.name(member) for kind in SECTION for member in kind)


def test_every_vocabulary_has_a_section():
    closed = {kind for kind in vars(vocabulary).values() if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum}
    assert closed <= set(SECTION)
    assert all(set(words(language).table["stars"]) == {str(int(stars)) for stars in Stars} for language in LANGUAGES)


@pytest.mark.parametrize(("section", "kind"), [("refusal", Code), ("reason", Code), ("fault", Fault)])
def test_every_reason_and_every_fault_has_words_and_no_others_have(section, kind):
    for language in LANGUAGES:
        assert set(words(language).table[section]) == set(kind)


def test_no_section_names_what_does_not_exist():
    by_section: dict[str, set[str]] = {"state": {START}}
    for kind, section in SECTION.items():
        by_section.setdefault(section, set()).update(str(member.value) for member in kind)
    for section, known in by_section.items():
        assert set(words("vi").table[section]) <= known, section


def test_every_error_of_the_product_has_words_and_the_values_that_they_ask_for():
    codes = _error_codes()
    assert {"EventRefused", "CalendarUnknown", "EntryMalformed", "SeasonInvalid", "NameClash"} <= set(codes)
    found, seen = [], set()
    for path, name, call in _calls():
        if name not in codes or name == "CycleError":
            continue
        code = _constant(_argument(call, 0)) or codes[name]
        seen.add(code)
        values = None if (path, name) in COMPLETED_LATER else _named(call)
        found += [f"{path}:{call.lineno} {problem}" for problem in _missing("error", code, values)]
    assert found == []
    assert len(seen) > 40
    for code in set(codes.values()) - {"cycle_error"}:
        assert _missing("error", code, None) == []


def test_no_words_are_kept_for_errors_that_nothing_raises():
    raised = set(_error_codes().values())
    raised |= {str(_constant(_argument(call, 0))) for _, name, call in _calls() if name in _error_codes()}
    assert set(words("vi").table["error"]) - raised == set()


def test_whatever_can_be_unknown_or_not_found_has_a_name():
    kinds = {
        str(_constant(word.value))
        for _, name, call in _calls()
        if name in {"NotFound", "UnknownName"}
        for word in call.keywords
        if word.arg == "what"
    }
    assert len(kinds) > 8
    for language in LANGUAGES:
        assert kinds <= set(words(language).table["what"])


def _problems() -> Iterator[tuple[str, str, set[str] | None]]:
    """(where, code, values) of every problem in the source."""
    for path, name, call in _calls():
        if name == "Problem" and (code := _constant(_argument(call, 1))):
            yield f"{path}:{call.lineno}", code, _keys(_argument(call, 2))
        elif name == "problem" and (code := _constant(_argument(call, 1))):
            yield f"{path}:{call.lineno}", code, _named(call)
        elif name == "ValueError" and path == "states/payload.py" and (code := _constant(_argument(call, 0))):
            yield f"{path}:{call.lineno}", code, {"options", "low", "high"}
        elif name == "ValueError" and path == "notifications/choices.py" and (code := _constant(_argument(call, 0))):
            yield f"{path}:{call.lineno}", code, {"known"}
    for question in Question:
        yield "deadlines/phrases.py", question, {"phrase", "low", "high"}
    for why, values in (("empty", set()), ("too_long", {"limit"}), ("control_character", {"at"})):
        yield "deadlines/words.py", f"phrase_{why}", values


def test_every_problem_of_an_input_has_words_and_the_values_that_they_ask_for():
    found, seen = [], set()
    for where, code, values in _problems():
        seen.add(code)
        found += [f"{where} {problem}" for problem in _missing("problem", code, values)]
    assert found == []
    assert len(seen) > 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_is_chosen_about_reminders_has_a_name(language):
    fields = {field for names in FIELDS.values() for field in names}
    table = words(language).table
    assert fields <= set(table["field"])
    assert {*RungState} <= set(table["rungstate"])
    assert {*DeliveryState} <= set(table["deliverystate"])
    assert {*ChannelName} <= set(table["channel"])
    assert {*Part} <= set(table["part"])
    assert {*DutyKind} <= set(table["dutykind"])
    assert {*CallResult} == set(table["callresult"])
    assert {*Via} == set(table["via"])


def test_every_refusal_in_the_source_is_told_with_the_values_that_its_words_ask_for():
    found, seen = [], set()
    for path, name, call in _calls():
        first = _argument(call, 0)
        if name == "Refusal" and isinstance(first, ast.Attribute):
            code = Code[first.attr]
            seen.add(code)
            found += [f"{path}:{call.lineno} {problem}" for problem in _missing("refusal", code, _keys(_argument(call, 2)))]
    assert found == []
    assert set(Code) - seen <= {Code.ROUND_EXISTS, Code.ROUND_HAS_MEMBERS, Code.CALENDAR_OF_OTHER_UNIT}  # These are chosen by a variable.


def test_every_finding_of_the_soundness_checks_has_a_name():
    codes = {str(_constant(_argument(call, 1))) for path, name, call in _calls() if path == "states/soundness.py" and name == "Finding"}
    assert len(codes) > 10
    for language in LANGUAGES:
        assert set(words(language).table["finding"]) == codes


def _fields() -> set[Field]:
    declared = {field for value in vars(forms).values() if isinstance(value, tuple) for field in value if isinstance(field, Field)}
    return declared | {field for chart in CHARTS.values() for rule in chart.rules for field in rule.payload}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_and_every_option_has_words(language):
    table = words(language).table
    assert {field.name for field in _fields()} | {"reason"} <= set(table["field"])
    assert {option for field in _fields() for option in field.options} <= set(table["option"])


def test_both_languages_have_the_same_keys_and_the_same_placeholders():
    vietnamese, english = (words(language).table for language in LANGUAGES)
    assert {s: list(keys) for s, keys in vietnamese.items()} == {s: list(keys) for s, keys in english.items()}
    for section, lines in vietnamese.items():
        for key, template in lines.items():
            other = english[section][key]
            assert template.strip(), (section, key)
            assert other.strip(), (section, key)
            assert _placeholders(template) == _placeholders(other), (section, key)


def test_words_are_composed_letters_without_stray_blanks():
    for language in LANGUAGES:
        for section, lines in words(language).table.items():
            for key, template in lines.items():
                assert unicodedata.is_normalized("NFC", template), (section, key)
                assert "  " not in template, (section, key)
                assert template == template.strip() or section == "next", (section, key)


def test_a_day_reads_with_its_weekday_and_a_last_day_to_its_end():
    vi, en = words("vi"), words("en")
    assert vi.day(date(2021, 7, 9)) == "thứ Sáu, 09/07/2021"
    assert vi.last_day(MIDNIGHT) == "thứ Sáu, 09/07/2021 (hết ngày)"
    assert en.last_day(MIDNIGHT) == "Friday, 9 Jul 2021 (to the end of the day)"
    assert vi.last_day(MIDNIGHT + timedelta(hours=17)) == "17:00 thứ Bảy, 10/07/2021"
    assert vi.instant(datetime.fromisoformat("2021-07-09T18:30:00+00:00")) == "01:30 thứ Bảy, 10/07/2021"
    assert [vi.day(date(2021, 7, 5 + n)).partition(",")[0] for n in range(7)] == [
        "thứ Hai",
        "thứ Ba",
        "thứ Tư",
        "thứ Năm",
        "thứ Sáu",
        "thứ Bảy",
        "Chủ nhật",
    ]


def test_a_deadline_that_has_passed_is_told_whole():
    detail = {
        "stage": Stage.DISTRICT_TO_PROVINCE,
        "due_at": MIDNIGHT.astimezone(VIETNAM),
        "phrase": "trước ngày 10/7",
        "source": "Kế hoạch số 1/KH-UBND",
        "round": "AG-2021-1",
        "next_round": "AG-2021-2",
    }
    said = words("vi").refusal(Refusal(Code.DEADLINE_PASSED, Holder(Function.OFFICER, Level.PROVINCE), detail))
    assert said == (
        "Đã quá hạn huyện đề nghị lên tỉnh: hạn cuối là thứ Sáu, 09/07/2021 (hết ngày) (“trước ngày 10/7”, Kế hoạch số 1/KH-UBND)."
        " Đợt kế tiếp: AG-2021-2."
    )
    alone = words("en").refusal(Refusal(Code.DEADLINE_PASSED, NOBODY, {**detail, "next_round": None}))
    assert alone.endswith("There is no next round yet.")


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        (Fraction(161, 2), "80,5", "80.5"),
        (Fraction(90), "90", "90"),
        (Fraction(0), "0", "0"),
        (Fraction(1, 8), "0,125", "0.125"),
        (Fraction(209, 3), "69,66…", "69.66…"),
        (70 - Fraction(1, 10**9), "69,99…", "69.99…"),
    ],
)
def test_a_score_is_never_rounded_up(value, vi, en):
    assert (words("vi").say(value), words("en").say(value)) == (vi, en)


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        (None, "–", "–"),
        (True, "có", "yes"),
        (False, "không", "no"),
        (3, "3", "3"),
        ((), "–", "–"),
        ((Level.PROVINCE, Level.CENTRE), "cấp tỉnh, cấp trung ương", "province, centre"),
        (START, "chưa có hồ sơ", "no case yet"),
        (Seat(Function.PRODUCER), "chủ thể", "producer"),
        (Seat(Function.CHAIR, Level.DISTRICT), "chủ tịch hội đồng cấp huyện", "district council chair"),
        ("AG-2021-1", "AG-2021-1", "AG-2021-1"),
        ("qd148-2023", "QĐ 148/QĐ-TTg (2023)", "Decision 148/QĐ-TTg (2023)"),
    ],
)
def test_values_are_said_as_a_person_says_them(value, vi, en):
    assert (words("vi").say(value), words("en").say(value)) == (vi, en)


def test_every_regime_is_named_as_it_is_cited():
    for language in LANGUAGES:
        assert set(words(language).table["regime"]) == {law.id for law in REGIMES}


def test_a_missing_value_shows_as_an_ellipsis_and_a_missing_label_as_its_key():
    assert "…" in words("vi").error(NotFound(what="case"))
    assert words("vi").label("field", "shoe_size") == "shoe_size"


def test_an_error_is_told_in_one_sentence_with_its_reasons_and_problems_apart():
    reason = Refusal(Code.RESULT_MISSING, Holder(Function.CHAIR, Level.PROVINCE), {"state": CaseState.PROVINCIAL_EVALUATION})
    refused = EventRefused([reason], case="AG-2021-0001", event=Event.CERTIFY, state=CaseState.PROVINCIAL_EVALUATION)
    assert words("vi").error(refused) == "Chưa thể “quyết định công nhận” với AG-2021-0001."
    assert words("vi").reasons(refused) == [
        ("Chưa có kết quả của hội đồng ở bước “đánh giá cấp tỉnh”.", "chủ tịch hội đồng cấp tỉnh"),
    ]
    forbidden = NotAllowed([Refusal(Code.SYSTEM_ONLY, NOBODY)], case="AG-2021-0001", event=Event.SORT)
    assert len(words("en").reasons(forbidden)) == 1
    assert words("en").reasons(NotFound(what="case", name="x")) == []
    assert words("en").error(NotFound(what="case", name="x")) == "No case “x” was found."
    problem = Problem("/mean", "not_a_score")
    assert words("en").problem(problem) == "mean score: must be a score from 0 to 100, such as 80.5 or 161/2"
    assert (
        words("en").error(PayloadInvalid([problem], event=Event.CONCLUDE)) == "The contents of “record the council's result” are not right."
    )


def test_a_round_or_plan_that_cannot_move_is_told_without_gaps():
    with pytest.raises(EventRefused) as refused:
        ROUND.move(RoundState.CLOSED, RoundEvent.FREEZE, "AG-2021-1")
    for language in LANGUAGES:
        told = [words(language).error(refused.value), *(text for text, _ in words(language).reasons(refused.value))]
        assert not any("…" in text or "–" in text for text in told)
        assert "AG-2021-1" in told[0]
    assert words("vi").name(PlanEvent.IMPORT) == "nhập kế hoạch"
    assert words("vi").name(Effect.DEFER) == "đến mốc thì chuyển đợt sau"


def test_a_step_before_any_case_is_told_without_a_bare_code():
    chart: Chart = CHARTS[REGIMES[0]]
    facts = Facts(at=local_midnight(2021, 5, 5), regime=REGIMES[0])
    (elsewhere,) = chart.reasons(START, Event.FILE, facts)[1]
    (again,) = chart.reasons(CaseState.SELECTED, Event.REGISTER, facts)[1]
    for language in LANGUAGES:
        assert not re.search(r"\bstart\b|–", words(language).refusal(elsewhere))
        assert "–" not in words(language).refusal(again)
