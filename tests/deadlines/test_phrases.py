"""Date phrases against a table written by hand from the law and from plans."""

import unicodedata
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadlines.calendar import midnight, vietnam_calendar
from deadlines.kinds import Flag, Kind
from deadlines.phrases import Question, read_phrase
from deadlines.terms import Span, Unit
from deadlines.words import PhraseMalformed

# phrase | kind | start | cut-off; "-" where there is none. Read against 2021 where the words name no year.
TABLE = """
trước ngày 10/7/2021 | before-day | - | 2021-07-10
trước ngày 30/7/2021 | before-day | - | 2021-07-30
trước ngày 10/10/2021 | before-day | - | 2021-10-10
xong trước ngày 15/8/2020 | before-day | - | 2020-08-15
trước 15/8/2020 | before-day | - | 2020-08-15
trước 10-7-2021 | before-day | - | 2021-07-10
trước ngày 10.7 | before-day | - | 2021-07-10
trước ngày 10.07.2021 | before-day | - | 2021-07-10
trước ngày 5 tháng 7 năm 2021 | before-day | - | 2021-07-05
trước ngày 05 tháng 7, năm 2021 | before-day | - | 2021-07-05
trước ngày 5 tháng 7/2021 | before-day | - | 2021-07-05
trước ngày 10/7 năm 2021 | before-day | - | 2021-07-10
trước ngày 30 tháng 01 | before-day | - | 2021-01-30
trước ngày 30 tháng 4 | before-day | - | 2021-04-30
trước 30 tháng 6 hằng năm | before-day | - | 2021-06-30
trước ngày 30/10 hàng năm | before-day | - | 2021-10-30
đến trước ngày 10/7/2021 | before-day | - | 2021-07-10
trước ngày mùng 5/9/2021 | before-day | - | 2021-09-05
chậm nhất trước ngày 10/7/2021 | before-day | - | 2021-07-10
dự kiến hoàn thành xong chậm nhất trước ngày 10/7/2021 | before-day | - | 2021-07-10
Phấn đấu hoàn thành trước ngày 10/7/2021 | before-day | - | 2021-07-10
Đợt 1, cấp huyện trước ngày 10/7/2021 | before-day | - | 2021-07-10
đợt II: trước ngày 10/10/2021; | before-day | - | 2021-10-10
lần 1 trước ngày 10/7/2021. | before-day | - | 2021-07-10
trước ngày 10/7/2021 (dự kiến) | before-day | - | 2021-07-10
trước ngày 10/7/2021 phải hoàn thành | before-day | - | 2021-07-10
(trước ngày 10/7/2021) | before-day | - | 2021-07-10
trước ngày 01/01/2022 | before-day | - | 2022-01-01
trước ngày 29/02/2020 | before-day | - | 2020-02-29
xong trước tháng 3/2020 | before-month | - | 2020-03-01
xong trước tháng 2/2021 | before-month | - | 2021-02-01
hoàn thành trước tháng 01 năm 2022 | before-month | - | 2022-01-01
xong trước 3/2020 | before-month | - | 2020-03-01
trước tháng 6 | before-month | - | 2021-06-01
trước quý IV/2021 | before-quarter | - | 2021-10-01
trước quý 2 năm 2021 | before-quarter | - | 2021-04-01
trước năm 2022 | before-year | - | 2022-01-01
trước 17 giờ ngày 20/7/2021 | before-hour | - | 2021-07-20T17:00
chậm nhất 16h30 ngày 20/7/2021 | before-hour | - | 2021-07-20T16:30
đến 17 giờ 00 phút, ngày 20/7/2021 | before-hour | - | 2021-07-20T17:00
trong tháng 5/2020 | in-month | 2020-05-01 | 2020-06-01
dự kiến trong tháng 5/2020 | in-month | 2020-05-01 | 2020-06-01
Tháng 12 năm 2021 | in-month | 2021-12-01 | 2022-01-01
trong tháng 02/2020 | in-month | 2020-02-01 | 2020-03-01
xong trong tháng 9 | in-month | 2021-09-01 | 2021-10-01
Trong quý I/2020 | in-quarter | 2020-01-01 | 2020-04-01
quý 4/2021 | in-quarter | 2021-10-01 | 2022-01-01
quí III năm 2021 | in-quarter | 2021-07-01 | 2021-10-01
trong Quý II, năm 2021 | in-quarter | 2021-04-01 | 2021-07-01
quý 01 | in-quarter | 2021-01-01 | 2021-04-01
6 tháng đầu năm 2021 | in-half-year | 2021-01-01 | 2021-07-01
trong 06 tháng cuối năm 2021 | in-half-year | 2021-07-01 | 2022-01-01
năm 2020 | whole-year | 2020-01-01 | 2021-01-01
Phấn đấu năm 2021 | whole-year | 2021-01-01 | 2022-01-01
trong năm 2021 | whole-year | 2021-01-01 | 2022-01-01
cả năm 2021 | whole-year | 2021-01-01 | 2022-01-01
trong năm | whole-year | 2021-01-01 | 2022-01-01
trong ngày 10/7/2021 | on-day | 2021-07-10 | 2021-07-11
ngày 10/7/2021 | on-day | 2021-07-10 | 2021-07-11
từ ngày 10 đến 30-10-2021 | interval-days | 2021-10-10 | 2021-10-31
từ ngày 10 đến ngày 30/10/2021 | interval-days | 2021-10-10 | 2021-10-31
từ ngày 01/7 đến hết ngày 15/7/2021 | interval-days | 2021-07-01 | 2021-07-16
từ 01/7/2021 đến 15/7/2021 | interval-days | 2021-07-01 | 2021-07-16
kể từ ngày 1 tháng 7 đến ngày 15 tháng 8 năm 2021 | interval-days | 2021-07-01 | 2021-08-16
10-30/10/2021 | interval-days | 2021-10-10 | 2021-10-31
ngày 10 – 30/10/2021 | interval-days | 2021-10-10 | 2021-10-31
từ 10/7 - 30/7/2021 | interval-days | 2021-07-10 | 2021-07-31
từ 10-7-2021 - 30-7-2021 | interval-days | 2021-07-10 | 2021-07-31
từ ngày 25/12 đến ngày 5/1/2022 | interval-days | 2021-12-25 | 2022-01-06
trong thời gian từ ngày 10/7 đến ngày 30/7 | interval-days | 2021-07-10 | 2021-07-31
từ ngày 10/7 đến trước ngày 30/7/2021 | interval-days | 2021-07-10 | 2021-07-30
từ ngày 10/7/2022 đến ngày 30/7 | interval-days | 2022-07-10 | 2022-07-31
từ tháng 3 đến tháng 5/2020 | interval-months | 2020-03-01 | 2020-06-01
tháng 3-5/2020 | interval-months | 2020-03-01 | 2020-06-01
tháng 3 - tháng 5/2020 | interval-months | 2020-03-01 | 2020-06-01
tháng 5 và tháng 6/2020 | interval-months | 2020-05-01 | 2020-07-01
từ tháng 11/2020 đến hết tháng 02/2021 | interval-months | 2020-11-01 | 2021-03-01
từ tháng 11 đến tháng 02/2021 | interval-months | 2020-11-01 | 2021-03-01
quý II, III/2020 | interval-quarters | 2020-04-01 | 2020-10-01
quý II - IV/2020 | interval-quarters | 2020-04-01 | 2021-01-01
từ quý II đến quý III năm 2020 | interval-quarters | 2020-04-01 | 2020-10-01
đến ngày 30/9/2021 | until-day | - | 2021-10-01
đến 30/9 | until-day | - | 2021-10-01
chậm nhất là ngày 10-7-2021 | until-day | - | 2021-07-11
chậm nhất đến ngày 10/7/2021 | until-day | - | 2021-07-11
muộn nhất 10.7.2021 | until-day | - | 2021-07-11
không muộn hơn ngày 10/7/2021 | until-day | - | 2021-07-11
hạn cuối: ngày 10/7/2021 | until-day | - | 2021-07-11
ngày 10/7/2021 là chậm nhất | until-day | - | 2021-07-11
chậm nhất vào ngày 10/7/2021 | until-day | - | 2021-07-11
nộp hồ sơ chậm nhất ngày 10/7/2021 | until-day | - | 2021-07-11
hoàn thành ngày 10/7/2021 | until-day | - | 2021-07-11
đến hết ngày 30/9/2021 | to-end-of-day | - | 2021-10-01
hết ngày 31/12/2021 | to-end-of-day | - | 2022-01-01
đến 24 giờ ngày 30/9/2021 | to-end-of-day | - | 2021-10-01
từ nay đến hết ngày 30/9/2021 | to-end-of-day | - | 2021-10-01
đến hết tháng 6/2021 | to-end-of-month | - | 2021-07-01
cuối tháng 6/2021 | to-end-of-month | - | 2021-07-01
đến cuối tháng 02/2020 | to-end-of-month | - | 2020-03-01
đến tháng 6/2021 | to-end-of-month | - | 2021-07-01
chậm nhất trong tháng 6/2021 | to-end-of-month | - | 2021-07-01
chậm nhất tháng 6/2021 | to-end-of-month | - | 2021-07-01
ngày cuối cùng của tháng 6/2021 | to-end-of-month | - | 2021-07-01
giữa tháng 5/2021 | to-mid-month | - | 2021-05-16
đến giữa tháng 5 năm 2021 | to-mid-month | - | 2021-05-16
hết quý III/2021 | to-end-of-quarter | - | 2021-10-01
chậm nhất quý III/2021 | to-end-of-quarter | - | 2021-10-01
đến hết năm 2020 | to-end-of-year | - | 2021-01-01
cuối năm 2020 | to-end-of-year | - | 2021-01-01
giữa năm 2021 | to-mid-year | - | 2021-07-01
đến năm 2025 | to-year | - | 2026-01-01
từ nay đến năm 2025 | from-now-to-year | - | 2026-01-01
từ nay cho đến năm 2020 | from-now-to-year | - | 2021-01-01
định hướng đến năm 2030 | orientation-to-year | - | 2031-01-01
định hướng 2030 | orientation-to-year | - | 2031-01-01
tầm nhìn đến năm 2030 | orientation-to-year | - | 2031-01-01
giai đoạn 2021-2023 | period-of-years | 2021-01-01 | 2024-01-01
trong giai đoạn 2021 – 2025 | period-of-years | 2021-01-01 | 2026-01-01
từ năm 2021 đến năm 2025 | period-of-years | 2021-01-01 | 2026-01-01
từ tháng 3/2020 | from-month | 2020-03-01 | -
từ tháng 7/2021 trở đi | from-month | 2021-07-01 | -
bắt đầu từ tháng 7 năm 2021 | from-month | 2021-07-01 | -
từ ngày 10/7/2021 | from-day | 2021-07-10 | -
sau ngày 10/7/2021 | from-day | 2021-07-11 | -
từ quý II/2021 | from-quarter | 2021-04-01 | -
từ năm 2022 | from-year | 2022-01-01 | -
vào 8 giờ ngày 20/7/2021 | at-hour | 2021-07-20T08:00 | -
vào hồi 14 giờ 30 phút, ngày 20/7/2021 | at-hour | 2021-07-20T14:30 | -
lúc 8h30 ngày 20 tháng 7 năm 2021 | at-hour | 2021-07-20T08:30 | -
sau khi có kết quả đánh giá cấp huyện | after-other-deadline | - | -
ngay sau khi kết thúc đợt 1 | after-other-deadline | - | -
theo kế hoạch | by-other-document | - | -
theo kế hoạch riêng | by-other-document | - | -
theo mốc thời gian của chu trình OCOP hàng năm | by-other-document | - | -
theo Kế hoạch số 12/KH-UBND ngày 10/7/2021 | by-other-document | - | -
thực hiện theo hướng dẫn của Trung ương | by-other-document | - | -
thường xuyên | continuous | - | -
thực hiện thường xuyên | continuous | - | -
thực hiện thường xuyên và theo kế hoạch riêng | continuous | - | -
thường xuyên trong năm 2021 | continuous | - | -
hàng quý | continuous | - | -
hàng năm | yearly-no-date | - | -
Hằng năm | yearly-no-date | - | -
hàng năm (theo thực tế) | yearly-no-date | - | -
thường niên theo 6 bước | yearly-no-date | - | -
15 ngày làm việc kể từ ngày tiếp nhận | working-days-from-event | - | -
trong vòng 15 (mười lăm) ngày làm việc, kể từ ngày tiếp nhận | working-days-from-event | - | -
chậm nhất 05 ngày làm việc sau khi có kết quả | working-days-from-event | - | -
không quá 45 ngày kể từ ngày nhận đủ hồ sơ | days-from-event | - | -
15 ngày kể từ ngày có kết luận | days-from-event | - | -
sau 60 ngày kể từ ngày | days-from-event | - | -
không quá 60 ngày, kể từ ngày | days-from-event | - | -
không quá 180 ngày tính từ ngày hết thời hạn | days-from-event | - | -
36 tháng | months-from-event | - | -
có giá trị 36 tháng kể từ ngày ban hành | months-from-event | - | -
không sớm hơn 180 ngày và không muộn hơn 120 ngày | window-before-expiry | - | -
không sớm hơn 180 ngày và không muộn hơn 120 ngày tính đến ngày hết hạn | window-before-expiry | - | -
"""
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip().splitlines()]
UNARMED = {
    Kind.ORIENTATION_TO_YEAR,
    Kind.PERIOD_OF_YEARS,
}
ASKED = [
    ("sớm nhất có thể", Question.UNKNOWN_WORDING),
    ("trước ngày 10/7/21", Question.UNKNOWN_WORDING),
    ("trước 30/6/2021 và trước 30/7/2021", Question.UNKNOWN_WORDING),
    ("quý I và quý III năm 2020", Question.UNKNOWN_WORDING),
    ("trước ngày 10", Question.UNKNOWN_WORDING),
    ("trước tết", Question.UNKNOWN_WORDING),
    ("30 ngày trước khi hết hạn", Question.UNKNOWN_WORDING),
    ("trước ngày 10/7/2021 hoặc muộn hơn", Question.UNKNOWN_WORDING),
    ("không trước ngày 10/7/2021", Question.UNKNOWN_WORDING),
    ("hoàn thành", Question.UNKNOWN_WORDING),
    ("trước 17 giờ 75 ngày 20/7/2021", Question.UNKNOWN_WORDING),
    ("trước 25 giờ ngày 20/7/2021", Question.UNKNOWN_WORDING),
    ("trước ngày 31/6/2021", Question.NO_SUCH_DATE),
    ("trước ngày 29/2/2021", Question.NO_SUCH_DATE),
    ("trong tháng 13/2021", Question.NO_SUCH_DATE),
    ("trong quý V/2021", Question.NO_SUCH_DATE),
    ("trước ngày 0/7/2021", Question.NO_SUCH_DATE),
    ("trước ngày 10/7/1021", Question.YEAR_OUT_OF_RANGE),
    ("đến năm 2999", Question.YEAR_OUT_OF_RANGE),
]
TICK = timedelta(milliseconds=1)


def instant(text: str) -> datetime | None:
    if text == "-":
        return None
    day, _, time = text.partition("T")
    hour, minute = time.split(":") if time else ("0", "0")
    return midnight(date.fromisoformat(day)) + timedelta(hours=int(hour), minutes=int(minute))


@pytest.mark.parametrize(("phrase", "kind", "start", "cutoff"), ROWS)
def test_a_phrase_means_what_the_table_says(phrase: str, kind: str, start: str, cutoff: str) -> None:
    reading = read_phrase(phrase, year=2021)
    assert (reading.kind, reading.start, reading.cutoff) == (kind, instant(start), instant(cutoff))
    assert reading.phrase == phrase
    assert reading.question is None
    assert reading.armed == (cutoff != "-" and reading.kind not in UNARMED)


def test_the_table_is_long_and_repeats_nothing() -> None:
    assert len(ROWS) >= 100
    assert len({row[0] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("phrase", [row[0] for row in ROWS])
def test_case_and_unicode_form_change_nothing_but_the_words_kept(phrase: str) -> None:
    plain = read_phrase(phrase, year=2021)
    for variant in (unicodedata.normalize("NFD", phrase), phrase.upper(), unicodedata.normalize("NFD", phrase.upper()), f"  {phrase}  "):
        other = read_phrase(variant, year=2021)
        assert (other.kind, other.start, other.cutoff, other.flags) == (plain.kind, plain.start, plain.cutoff, plain.flags)
        assert other.phrase == variant


@pytest.mark.parametrize(("phrase", "question"), ASKED)
def test_words_that_are_not_understood_are_asked_about(phrase: str, question: Question) -> None:
    reading = read_phrase(phrase, year=2021)
    assert reading.kind is Kind.UNKNOWN
    assert reading.question is question
    assert Flag.VAGUE_DATE in reading.flags
    assert reading.cutoff is None
    assert not reading.armed


@pytest.mark.parametrize("phrase", ["khoảng tháng 6/2021", "đầu tháng 3/2021", "trước cuối tháng 6/2021", "đầu năm 2021"])
def test_a_vague_date_is_read_but_arms_no_timer_before_somebody_answers(phrase: str) -> None:
    reading = read_phrase(phrase)
    assert reading.cutoff is not None
    assert reading.question is Question.VAGUE_DATE
    assert Flag.VAGUE_DATE in reading.flags
    assert not reading.armed


def test_the_start_of_a_month_is_its_first_day() -> None:
    assert read_phrase("đầu tháng 3/2021").last_valid_day == date(2021, 3, 1)


def test_before_a_day_the_last_millisecond_of_the_eve_is_in_time_and_midnight_is_not() -> None:
    reading = read_phrase("trước ngày 10/7/2021")
    assert reading.bound == "exclusive"
    assert reading.last_valid_day == date(2021, 7, 9)
    assert reading.admits(midnight(date(2021, 7, 10)) - TICK)
    assert not reading.admits(midnight(date(2021, 7, 10)))
    assert reading.admits(datetime.fromisoformat("2021-07-09T16:59:59.999+00:00"))
    assert not reading.admits(datetime.fromisoformat("2021-07-09T17:00:00+00:00"))


def test_through_a_day_its_last_millisecond_is_in_time() -> None:
    reading = read_phrase("đến hết ngày 10/7/2021")
    assert reading.bound == "inclusive"
    assert reading.last_valid_day == date(2021, 7, 10)
    assert reading.admits(midnight(date(2021, 7, 11)) - TICK)
    assert not reading.admits(midnight(date(2021, 7, 11)))


@pytest.mark.parametrize(
    ("phrase", "lenient"),
    [
        ("trước ngày 10/7/2021", date(2021, 7, 11)),
        ("xong trước tháng 3/2020", date(2020, 4, 1)),
        ("trước quý IV/2021", date(2022, 1, 1)),
        ("trước năm 2022", date(2023, 1, 1)),
        ("từ ngày 10/7 đến trước ngày 30/7/2021", date(2021, 7, 31)),
    ],
)
def test_where_readings_differ_both_ends_are_known(phrase: str, lenient: date) -> None:
    strict = read_phrase(phrase)
    assert Flag.READING_DIFFERS in strict.flags
    assert strict.lenient_cutoff == midnight(lenient)
    generous = read_phrase(phrase, reading="lenient")
    assert generous.cutoff == midnight(lenient)
    assert generous.bound == "inclusive"
    assert Flag.READING_DIFFERS in generous.flags


def test_before_an_hour_its_last_millisecond_is_in_time() -> None:
    reading = read_phrase("trước 17 giờ ngày 20/7/2021")
    assert (reading.bound, reading.last_valid_day) == ("exclusive", date(2021, 7, 20))
    assert reading.admits(midnight(date(2021, 7, 20)) + timedelta(hours=17) - TICK)
    assert not reading.admits(midnight(date(2021, 7, 20)) + timedelta(hours=17))


def test_readings_of_an_included_day_do_not_differ() -> None:
    reading = read_phrase("đến hết ngày 10/7/2021", reading="lenient")
    assert reading.lenient_cutoff is None
    assert Flag.READING_DIFFERS not in reading.flags


def test_an_unsaid_year_is_flagged_and_without_one_it_is_asked_for() -> None:
    assert Flag.YEAR_NOT_IN_PHRASE in read_phrase("trước ngày 30 tháng 4", year=2026).flags
    nothing = read_phrase("trước ngày 30 tháng 4")
    assert (nothing.kind, nothing.cutoff, nothing.question) == (Kind.BEFORE_DAY, None, Question.YEAR_UNSAID)
    assert not nothing.armed
    assert Flag.YEAR_NOT_IN_PHRASE not in read_phrase("trước ngày 30/4/2026", year=2021).flags


@pytest.mark.parametrize(
    ("phrase", "rounds"),
    [
        ("đợt 1 trước ngày 10/7/2021", (1,)),
        ("đợt 02 trước ngày 10/7/2021", (2,)),
        ("Đợt II: trước ngày 10/7/2021", (2,)),
        ("lần 1 trước ngày 10/7/2021", (1,)),
        ("đợt IV trước ngày 10/7/2021", (4,)),
        ("đợt 1 và đợt 2 trước ngày 10/7/2021", (1, 2)),
        ("đợt I, II trước ngày 10/7/2021", (1, 2)),
        ("trước ngày 10/7/2021 (đợt 1)", (1,)),
        ("trước ngày 10/7/2021 đối với đợt II", (2,)),
        ("đợt 2 (trước ngày 10/7/2021)", (2,)),
        ("trước ngày 10/7/2021", ()),
    ],
)
def test_a_phrase_may_name_its_rounds(phrase: str, rounds: tuple[int, ...]) -> None:
    reading = read_phrase(phrase)
    assert reading.rounds == rounds
    assert reading.kind is Kind.BEFORE_DAY
    assert (Flag.ONE_PHRASE_TWO_ROUNDS in reading.flags) == (len(rounds) > 1)


def test_a_round_that_another_deadline_waits_for_is_not_the_phrases_own() -> None:
    assert read_phrase("ngay sau khi kết thúc đợt 1").rounds == ()


@pytest.mark.parametrize("phrase", ["dự kiến trong tháng 5/2020", "Phấn đấu năm 2021", "trước ngày 10/7/2021 (dự kiến)"])
def test_soft_words_are_kept_as_not_firm_and_change_nothing_else(phrase: str) -> None:
    reading = read_phrase(phrase)
    assert not reading.firm
    assert reading.armed


def test_spans_and_windows_carry_their_figures() -> None:
    assert read_phrase("15 ngày làm việc kể từ ngày tiếp nhận").span == Span(15, Unit.WORKING_DAY)
    assert read_phrase("không quá 45 ngày kể từ ngày nhận đủ hồ sơ").span == Span(45, Unit.DAY)
    assert read_phrase("36 tháng").span == Span(36, Unit.MONTH)
    assert read_phrase("không sớm hơn 180 ngày và không muộn hơn 120 ngày").window == (180, 120)


@pytest.mark.parametrize(
    ("phrase", "flags"),
    [
        ("trước ngày 10/10/2021", {Flag.LAST_DAY_IS_WEEKEND, Flag.READING_DIFFERS}),
        ("xong trước tháng 5/2020", {Flag.LAST_DAY_IS_HOLIDAY, Flag.READING_DIFFERS, Flag.DEADLINE_BEFORE_SIGNING}),
        ("xong trước tháng 3/2020", {Flag.LEAP_FEBRUARY, Flag.LAST_DAY_IS_WEEKEND, Flag.READING_DIFFERS, Flag.DEADLINE_BEFORE_SIGNING}),
        ("quý III/2020", {Flag.INTERVAL_BEGAN_BEFORE_SIGNING}),
        ("đến hết ngày 01/5/2021", {Flag.LAST_DAY_IS_WEEKEND, Flag.LAST_DAY_IS_HOLIDAY}),
        ("đến hết ngày 22/8/2026", set()),  # A Saturday that is worked.
        ("từ tháng 10/2021", {Flag.OPEN_END}),
        ("định hướng đến năm 2030", {Flag.NOT_A_DUE_DATE}),
        ("vào 8 giờ ngày 20/9/2021", {Flag.NOT_A_DUE_DATE}),
        ("theo kế hoạch riêng", {Flag.NO_DATE}),
        ("trước ngày 30/9 hàng năm", {Flag.YEAR_NOT_IN_PHRASE, Flag.RECURS_YEARLY, Flag.READING_DIFFERS}),
        ("từ nay đến năm 2025", set()),
    ],
)
def test_flags_say_what_a_person_should_look_at(phrase: str, flags: set[Flag]) -> None:
    reading = read_phrase(phrase, year=2021, signed=date(2020, 8, 15), calendar=vietnam_calendar())
    assert set(reading.flags) == flags


def test_from_now_has_no_known_start_where_the_plan_is_undated() -> None:
    assert Flag.START_NOT_GIVEN in read_phrase("từ nay đến năm 2020").flags


def test_a_deadline_that_ends_as_the_signing_day_begins_lies_before_signing() -> None:
    assert Flag.DEADLINE_BEFORE_SIGNING in read_phrase("trước ngày 10/7/2021", signed=date(2021, 7, 10)).flags
    assert Flag.DEADLINE_BEFORE_SIGNING not in read_phrase("đến ngày 10/7/2021", signed=date(2021, 7, 10)).flags


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        ("trước ngày\n10/7/2021", "control_character"),
        ("trước ngày\x0010/7/2021", "control_character"),
        ("trước ngày \u202e10/7/2021", "control_character"),
        ("trước ngày \u200b10/7/2021", "control_character"),
        ("trước ngày 10/7/2021\ud800", "control_character"),
        ("x" * 501, "too_long"),
        ("", "empty"),
        ("   ", "empty"),
    ],
)
def test_what_is_no_line_of_text_is_refused(phrase: str, why: str) -> None:
    with pytest.raises(PhraseMalformed) as caught:
        read_phrase(phrase)
    assert caught.value.detail["why"] == why


@given(st.text(max_size=120))
def test_any_text_is_read_asked_about_or_refused(text: str) -> None:
    try:
        reading = read_phrase(text, year=2021)
    except PhraseMalformed:
        return
    assert (reading.kind is Kind.UNKNOWN) <= (reading.question is not None)
    assert reading.armed <= (reading.cutoff is not None)


WORDS = st.sampled_from(
    [
        "trước",
        "đến",
        "hết",
        "từ",
        "ngày",
        "tháng",
        "quý",
        "năm",
        "trong",
        "đợt",
        "1",
        "10/7/2021",
        "30/9",
        "2025",
        "II",
        "-",
        "và",
        ",",
        "giữa",
        "cuối",
        "đầu",
        "không quá",
        "15",
        "kể",
        "sau",
        "giờ",
        "8",
    ]
)


@given(st.lists(WORDS, max_size=10))
def test_any_pile_of_the_programmes_words_never_breaks_and_never_arms_without_an_end(words: list[str]) -> None:
    text = " ".join(words)
    if text.strip():
        reading = read_phrase(text, year=2021)
        assert reading.armed <= (reading.cutoff is not None)
        assert (reading.bound is None) == (reading.cutoff is None)


@given(
    st.dates(date(2018, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["{d}/{m}/{y}", "{d:02}-{m:02}-{y}", "{d}.{m}.{y}", "{d} tháng {m} năm {y}"]),
)
def test_every_day_reads_the_same_in_every_way_of_writing_it(day: date, form: str) -> None:
    words = form.format(d=day.day, m=day.month, y=day.year)
    assert read_phrase(f"trước ngày {words}").cutoff == midnight(day)
    assert read_phrase(f"đến hết ngày {words}").cutoff == midnight(day + timedelta(days=1))
