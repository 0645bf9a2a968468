"""Every message that can be made can be put into words, and the words are fit to be read."""

import html
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from icalendar import Calendar

from deadlines.ladder import DutyKind
from notifications.letters import SHARE, SHORT, SUBJECT, write
from notifications.messages import Language, Letter, Message, MessageKind, Part
from states.vocabulary import CertificateEvent, Effect, Event, NoteEvent, RoundEvent, Stage
from tests.notifications.spoken import (
    ACTIVITY,
    CERTIFICATE,
    CERTIFIED,
    DEFERRED,
    DUTIES,
    EVERYTHING,
    LINK,
    OFFICE,
    OFFICER,
    REDATED,
    RETURNED,
    TERM,
    message,
    morning,
)

DAYS_BEFORE = (200, 90, 30, 8, 7, 2, 1, 0, -1, -40)
EVENTS = sorted({str(event) for kind in (Event, NoteEvent, CertificateEvent, RoundEvent) for event in kind})
RAW = re.compile(r"None|undefined|nan\b|<Enum|\{\{|\{%|%\}|\b[a-z]+_[a-z_]+\b|[A-Z][a-z]+\.[A-Z_]+\b|…\s*…")
"""What only a program writes: a missing value, a piece of a template, a code of the vocabulary."""

ENGLISH = re.compile(
    r"\b(the|and|of|by|day|days|left|overdue|term|round|case|holder|due|link|see|please|dear|stage|file|task|product|effect|stars)\b",
    re.IGNORECASE,
)
VIETNAMESE = re.compile(r"\b(ngày|hạn|đợt|hồ sơ|việc|xin|kính|quá|nộp|theo|sao|điểm|thứ|chưa)\b", re.IGNORECASE)


def said(letter: Letter) -> dict[str, str]:
    """Each text of a letter as its reader has it; the HTML without its marks."""
    body = letter.html.partition("<body")[2]
    shown = html.unescape(re.sub(r"<[^>]+>", "\n", "<body" + body))
    return {"subject": letter.subject, "text": letter.text, "html": shown, "short": letter.short, "share": letter.share}


def faults(letter: Letter, language: Language) -> list[str]:
    """What is wrong with a letter, in words."""
    found = []
    for name, text in said(letter).items():
        # Names, the plan's own words and links are in the language in which they were given.
        own = text
        for given in (LINK, *_GIVEN):
            own = own.replace(given, "").replace(given.upper(), "")
        found += [f"{name}: {match[0]!r} in {own!r}" for match in [RAW.search(own)] if match]
        if name != "short":
            strange = (ENGLISH if language is Language.VI else VIETNAMESE).search(own)
            found += [f"{name}: {strange[0]!r} is of the other language in {own!r}"] if strange else []
        if name != "html":
            indented = re.sub(r"^ +", "", text, flags=re.MULTILINE)
            found += (
                [f"{name}: double space or space before a sign in {text!r}"]
                if re.search(r"  | [,.;:)]|\( |\.\.(?!\.)|,,", indented)
                else []
            )
    if "\n" in letter.subject or len(letter.subject) > SUBJECT:
        found.append(f"subject: {letter.subject!r}")
    if not letter.short.isascii() or "\n" in letter.short or len(letter.short) > SHORT:
        found.append(f"short: {letter.short!r}")
    if len(letter.share) > SHARE:
        found.append(f"share has {len(letter.share)} characters")
    return found


_GIVEN = sorted(
    {
        *(
            str(getattr(line, name))
            for line in (TERM, CERTIFICATE)
            for name in ("title", "producer", "phrase", "source", "unit", "subject", "next_round")
        ),
        *(ACTIVITY.phrase, ACTIVITY.source, ACTIVITY.unit, ACTIVITY.subject),
        *(OFFICE, OFFICER.name, OFFICER.office, "Cầm Văn Minh", "Đinh Thị Vui", "VS-2021-1", "Vì mưa lũ.", "Xin bổ sung.", "Đã gọi điện."),
        *("không sớm hơn 180 ngày và không muộn hơn 120 ngày", *str(RETURNED.details["remarks"]).split("\n")),
    }
    - {"", "None"},
    key=len,
    reverse=True,
)


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        ({"text": "Hạn cuối: None"}, "None"),
        ({"text": "Bước: district_eval"}, "district_eval"),
        ({"share": "Kính gửi, please open this"}, "of the other language"),
        ({"subject": "Còn  7 ngày"}, "double space"),
        ({"text": "Xin chào , ông"}, "double space"),
        ({"subject": "Còn\n7 ngày"}, "subject"),
        ({"short": "Hạn 09/07"}, "short"),
        ({"share": "a" * 601}, "601"),
        ({"html": "<body>{{ x }}</body>"}, "{{"),
    ],
)
def test_the_judge_of_letters_finds_a_planted_fault(planted: dict[str, str], told: str):
    sound = Letter(
        subject="Còn 7 ngày", text="Xin chào.", html="<body>Xin chào.</body>", short="Con 7 ngay", share="Xin chào.", calendar=None
    )
    assert faults(sound, Language.VI) == []
    assert told in "".join(faults(replace(sound, **planted), Language.VI))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", DutyKind)
def test_every_duty_can_be_said_at_every_distance_to_everybody(kind: DutyKind, language: Language):
    """Kinds of message × parts × effects × stages and acts × distances × with and without what may be missing."""
    found: list[str] = []
    bare: dict[str, Any] = {"producer": None, "unit": "", "phrase": "", "source": "", "holders": (), "next_round": None, "link": None}
    acts = (
        [(stage, act) for stage in (None, *Stage) for act in (None, Event.CONCLUDE, Event.FORWARD)]
        if kind is DutyKind.TERM
        else [(None, None)]
    )
    # All stages and acts at one place, and everywhere else two of them.
    for part, effect, before, full in product(Part, (None, *Effect), DAYS_BEFORE, (True, False)):
        base = replace(DUTIES[kind], part=part, effect=effect, holders=("Cầm Văn Minh",))
        line = base if full else replace(base, **bare)
        for stage, act in acts if before == 7 and part is Part.HOLDER and effect is None else acts[1:4:2] or acts:
            whole = replace(line, stage=stage, act=act)
            for style in (
                MessageKind if before in {7, 1, -1} else (MessageKind.ESCALATION if part is Part.SUPERIOR else MessageKind.REMINDER,)
            ):
                now = morning(line.last_day - timedelta(days=before))
                letter = write(message(whole, kind=style, now=now, to=replace(OFFICER, language=language), rehearsal=not full))
                found += [f"{style} {part} {effect} {before}: {fault}" for fault in faults(letter, language)]
    assert found == []


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("act", list(Event))
def test_every_act_of_a_case_can_be_asked_for(act: Event, language: Language):
    letter = write(
        message(replace(TERM, act=act), kind=MessageKind.REMINDER, now=morning(date(2021, 7, 2)), to=replace(OFFICER, language=language))
    )
    assert faults(letter, language) == []


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("event", [*EVENTS, "something_new"])
def test_whatever_happens_can_be_told_with_and_without_its_details(event: str, language: Language):
    found: list[str] = []
    known: tuple[dict[str, Any], ...] = ({}, EVERYTHING, {"round": "VS-2021-1"}, {"stage": "district_eval"})
    for details, style, reason in product(known, (MessageKind.NOTICE, MessageKind.REMINDER), (None, "Vì mưa lũ.")):
        line = replace(RETURNED, event=event, details=details, reason=reason)
        letter = write(message(line, kind=style, now=morning(date(2021, 7, 2)), to=replace(OFFICER, language=language)))
        found += faults(letter, language)
    assert found == []


def test_the_known_events_are_told_in_words_of_their_own():
    """An event without a sentence of its own would be told by its general name."""
    for event in [*Event, *NoteEvent]:
        text = write(message(replace(RETURNED, event=event, details={}), kind=MessageKind.NOTICE, now=morning(date(2021, 7, 2)))).text
        assert "Hồ sơ có việc mới" not in text, event
        assert "cập nhật mới" not in text, event


def test_news_of_many_cases_says_what_they_share_in_its_subject():
    many = [replace(CERTIFIED, subject=f"VS-{n}", title=f"Sản phẩm {n}", details={}) for n in range(80)]
    letter = write(message(*many, kind=MessageKind.NOTICE, now=morning(date(2021, 8, 13))))
    assert letter.subject == "80 hồ sơ: được công nhận"
    assert "Và 20 tin khác" in letter.text
    assert faults(letter, Language.VI) == []
    mixed = write(message(many[0], DEFERRED, kind=MessageKind.NOTICE, now=morning(date(2021, 8, 13))))
    assert mixed.subject == "2 tin về hồ sơ: Sản phẩm 0, được công nhận…"


def test_an_event_that_nobody_knows_is_told_neutrally():
    letter = write(message(replace(RETURNED, event="something_new", details={}), kind=MessageKind.NOTICE, now=morning(date(2021, 7, 2))))
    assert "Hồ sơ có cập nhật mới; xin xem trong hệ thống." in letter.text


def test_a_reminder_says_everything_that_its_reader_needs():
    letter = write(message(TERM, kind=MessageKind.REMINDER, now=morning(date(2021, 7, 2))))
    for needed in (
        "ghi kết quả của hội đồng",
        "Mật ong Lũng Ong",
        "Hợp tác xã Lũng Ong",
        "hết ngày thứ Sáu, 09/07/2021",
        "còn 7 ngày",
        "“trước ngày 10/7/2021” – Kế hoạch 35/KH-UBND, mục II.1",
        "Hồ sơ chuyển sang đợt sau (đợt VS-2021-2).",
        LINK,
        OFFICE,
        "Muốn được nhắc ít hơn",
    ):
        assert needed in letter.text, needed
        assert needed in html.unescape(letter.html), needed


def test_text_and_html_say_the_same():
    """Word by word, but for what only one of the two can do: an underlined heading, a button, a list sign."""
    for said_by in (TERM, ACTIVITY, CERTIFICATE, RETURNED, DEFERRED, REDATED, CERTIFIED):
        letter = write(message(said_by, kind=MessageKind.REMINDER, now=morning(date(2021, 7, 2))))
        words = set(re.findall(r"\w+", letter.text.lower()))
        assert words == set(re.findall(r"\w+", said(letter)["html"].lower()))


@pytest.mark.parametrize(
    ("before", "opening"),
    [
        (30, "Xin báo trước một việc của ông/bà để kịp chuẩn bị: còn 30 ngày."),
        (7, "Có một việc của ông/bà sắp đến hạn: chỉ còn 7 ngày."),
        (1, "Ngày mai là ngày cuối để làm xong một việc của ông/bà."),
        (0, "Hôm nay là ngày cuối để làm xong một việc của ông/bà."),
        (-3, "Có một việc của ông/bà đã quá hạn 3 ngày mà chưa xong."),
    ],
)
def test_the_words_count_from_the_day_of_writing_and_not_from_the_step(before: int, opening: str):
    line = replace(TERM, rung="T-30")
    assert opening in write(message(line, kind=MessageKind.REMINDER, now=morning(line.last_day - timedelta(days=before)))).text


def test_a_superior_is_asked_to_follow_up_and_a_stand_in_is_told_for_whom():
    above = replace(TERM, part=Part.SUPERIOR, holders=("Lò Thị Mận",), effect=Effect.RECORD)
    letter = write(message(above, kind=MessageKind.ESCALATION, now=morning(date(2021, 7, 12))))
    assert "đã quá hạn 3 ngày mà chưa xong. Đề nghị ông/bà đôn đốc" in letter.text
    assert "Người phải làm: Lò Thị Mận" in letter.text
    beside = write(
        message(replace(TERM, part=Part.STAND_IN, holders=("Lò Thị Mận",)), kind=MessageKind.REMINDER, now=morning(date(2021, 7, 2)))
    )
    assert "đang làm thay ông/bà Lò Thị Mận" in beside.text
    assert beside.subject.startswith("Làm thay – còn 7 ngày")


@pytest.mark.parametrize(
    ("effect", "next_round", "otherwise"),
    [
        (Effect.DEFER, "VS-2021-2", "Hồ sơ chuyển sang đợt sau (đợt VS-2021-2)."),
        (Effect.DEFER, None, "Hồ sơ chuyển sang đợt sau, khi có kế hoạch mở đợt mới."),
        (Effect.SORT, "VS-2021-2", "Hồ sơ xếp sang đợt sau (đợt VS-2021-2); hồ sơ không bị từ chối."),
        (Effect.RECORD, "VS-2021-2", "Việc được ghi nhận là chậm và báo lên cấp trên; vẫn phải làm cho xong."),
        (None, None, "Việc được ghi nhận là chậm và báo lên cấp trên; vẫn phải làm cho xong."),
    ],
)
def test_what_happens_otherwise_follows_from_the_effect(effect: Effect | None, next_round: str | None, otherwise: str):
    line = replace(TERM, effect=effect, next_round=next_round)
    assert f"Nếu quá hạn: {otherwise}" in write(message(line, kind=MessageKind.REMINDER, now=morning(date(2021, 7, 2)))).text


def test_a_cut_off_within_a_day_is_said_with_its_hour():
    line = replace(TERM, due_at=datetime.fromisoformat("2021-07-09T16:30:00+07:00"))
    assert (
        "Hạn cuối: trước 16 giờ 30, thứ Sáu, 09/07/2021 (còn 7 ngày)"
        in write(message(line, kind=MessageKind.REMINDER, now=morning(date(2021, 7, 2)))).text
    )


@pytest.mark.parametrize(
    ("day", "filing"),
    [
        (date(2026, 7, 16), "Nộp đúng thời gian: đến hết ngày thứ Năm, 23/07/2026 (“không sớm hơn 180 ngày"),
        (date(2026, 7, 24), "Nộp đúng thời gian: đã qua; nay vẫn nộp được khi giấy chứng nhận còn hiệu lực"),
        (date(2021, 7, 2), None),
        (date(2019, 1, 2), None),
    ],
)
def test_a_certificate_tells_until_when_to_file_in_good_time_where_the_law_of_the_day_says_so(day: date, filing: str | None):
    text = write(message(CERTIFICATE, kind=MessageKind.REMINDER, now=morning(day))).text
    assert (filing in text) if filing else ("Nộp đúng thời gian" not in text)


def test_a_digest_says_common_things_once_and_the_overdue_first():
    second = replace(TERM, duty="VS-2021-0051:5:0", subject="VS-2021-0051", title="Chè Pù Chè")
    passed = replace(TERM, duty="x", title="Nước mắm", due_at=TERM.due_at - timedelta(days=10), last_day=TERM.last_day - timedelta(days=10))
    letter = write(message(passed, TERM, second, ACTIVITY, kind=MessageKind.DIGEST, now=morning(date(2021, 7, 2))))
    assert letter.subject == "1 việc đã quá hạn, 3 việc sắp đến hạn"
    assert letter.text.index("ĐÃ QUÁ HẠN") < letter.text.index("TRONG 7 NGÀY TỚI") < letter.text.index("SẮP TỚI")
    assert letter.text.count("hết ngày thứ Sáu, 09/07/2021") == 1
    assert letter.text.count("Vì sao là ngày này") == 3


def test_a_digest_of_what_others_have_let_pass_does_not_call_it_the_readers_own():
    above = replace(TERM, part=Part.SUPERIOR, holders=("Lò Thị Mận",))
    second = replace(above, duty="VS-2021-0051:5:0", subject="VS-2021-0051", title="Chè Pù Chè")
    letter = write(message(above, second, kind=MessageKind.DIGEST, now=morning(date(2021, 7, 12))))
    assert letter.subject == "Cấp dưới: 2 việc đã quá hạn"
    assert "Cấp dưới có 2 việc đã quá hạn." in letter.text
    assert "Cấp dưới chưa làm xong: Lò Thị Mận. Đề nghị ông/bà đôn đốc." in letter.text


def test_a_digest_of_many_names_the_first_and_counts_the_rest():
    many = [replace(TERM, duty=f"VS-{n}:1:0", subject=f"VS-{n}", title=f"Sản phẩm {n}") for n in range(150)]
    letter = write(message(*many, kind=MessageKind.DIGEST, now=morning(date(2021, 7, 2))))
    assert "Ông/bà có 150 việc" in letter.text
    assert "Và 90 việc khác" in letter.text
    assert "150 sản phẩm – hạn cuối: hết ngày thứ Sáu, 09/07/2021" in letter.share
    assert "150 san pham" in letter.short
    assert letter.calendar is not None
    assert letter.calendar.count("BEGIN:VEVENT") == 150
    assert faults(letter, Language.VI) == []


def test_a_rehearsal_says_so_in_every_text():
    letter = write(message(TERM, kind=MessageKind.REMINDER, now=morning(date(2021, 7, 2)), rehearsal=True))
    for text in (letter.text, letter.html, letter.share):
        assert "Bản tập huấn, không có giá trị pháp lý" in text
    assert letter.subject.startswith("[Tập huấn]")
    assert letter.short.startswith("[TAP HUAN]")
    event = Calendar.from_ical(str(letter.calendar)).events[0]
    assert str(event["SUMMARY"]).startswith("[Tập huấn]")
    assert "không có giá trị pháp lý" in str(event["DESCRIPTION"])


def test_an_sms_and_a_zalo_text_carry_the_link_whole_or_not_at_all():
    for length in (30, 60, 90, 110, 111, 400):
        link = ("https://ocop.example/n/" + "k" * length)[:length]
        for line in (replace(TERM, link=link), replace(TERM, link=link, title="Bánh " * 60)):
            letter = write(message(line, kind=MessageKind.REMINDER, now=morning(date(2021, 7, 2))))
            assert len(letter.short) <= SHORT
            assert link in letter.short if length <= 110 else "https" not in letter.short
            assert link in letter.share
            assert len(letter.share) <= SHARE or length > 300


def test_a_link_that_is_not_of_the_web_is_left_out():
    for link in (
        "javascript:alert(1)",
        "https://a.example/x\r\nBcc: b@example.com",
        "https://a.example/ x",
        "ftp://a.example",
        "https://a.example/<b>",
    ):
        letter = write(message(replace(TERM, link=link), kind=MessageKind.REMINDER, now=morning(date(2021, 7, 2))))
        assert "example" not in "".join(said(letter).values())
        assert "href" not in letter.html


def test_news_without_duties_brings_no_calendar_and_a_passed_day_none_either():
    assert write(message(DEFERRED, kind=MessageKind.NOTICE, now=morning(date(2021, 7, 10)))).calendar is None
    assert write(message(TERM, kind=MessageKind.ESCALATION, now=morning(date(2021, 7, 10)))).calendar is None


def test_a_message_with_nothing_to_say_is_refused():
    empty = Message(id="m", kind=MessageKind.REMINDER, recipient=OFFICER, composed_at=morning(date(2021, 7, 2)))
    with pytest.raises(ValueError, match="duties or notices"):
        write(empty)


def test_the_same_message_makes_the_same_letter():
    one = message(TERM, DEFERRED, kind=MessageKind.DIGEST, now=morning(date(2021, 7, 2)))
    assert write(one) == write(one)
