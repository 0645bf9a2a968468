"""Names, reasons and phrases are other people's text: whatever stands in them, a letter stays a letter."""

import re
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from notifications.letters import SHARE, SHORT, SUBJECT, write
from notifications.messages import Language, Letter, MessageKind
from notifications.plain import ascii_text, one_line, paragraphs, shorten, web_link
from tests.notifications.spoken import LINK, OFFICER, RETURNED, TERM, message, morning

NOW = morning(date(2021, 7, 2))
TRAPS = (
    "Mật ong\r\nBcc: ai-do@vi-du.example",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% for x in y %}{# #}",
    "\u202egnO nấơm\u202c",
    "\u2066أهلا\u2069 שלום",
    "tên\x00có\x07chuông",
    "\ud800 nửa chữ",
    "a" * 10_000,
    "Ngài " + "\u0301" * 500,
    "BEGIN:VEVENT\nSUMMARY:giả\nEND:VEVENT",
    "=?utf-8?b?QmNjOiB4?=",
    "\u2028dòng\u2029mới\x85đó",
    "",
    "   ",
    "%s %(x)d {0} $HOME",
)
HOSTILE = st.one_of(st.sampled_from(TRAPS), st.text(max_size=80), st.builds("".join, st.lists(st.sampled_from(TRAPS), max_size=3)))
BAD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def tags(page: str) -> set[str]:
    """Names of the elements of a page and of their attributes, as far as they are not text between quotation marks."""
    elements = re.findall(r"<([A-Za-z!/][^\s<>]*)((?:[^<>\"]|\"[^\"]*\")*)>", page)
    return {name for name, _ in elements} | {f"@{name}" for _, rest in elements for name in re.findall(r"([\w:-]+)=\"", rest)}


def judge(letter: Letter) -> None:
    for text in (letter.subject, letter.text, letter.html, letter.short, letter.share):
        assert not BAD.search(text)
        text.encode()
    assert "\n" not in letter.subject
    assert 0 < len(letter.subject) <= SUBJECT
    assert letter.short.isascii()
    assert "\n" not in letter.short
    assert len(letter.short) <= SHORT
    assert len(letter.share) <= SHARE
    assert len(letter.text) < 12_000
    assert len(letter.html) < 30_000


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[HOSTILE] * 9), st.sampled_from(Language))
def test_a_duty_with_hostile_words_makes_a_whole_letter(words: tuple[str, ...], language: Language):
    title, producer, unit, phrase, source, holder, rounds, name, office = words
    line = replace(
        TERM, title=title, producer=producer, unit=unit, phrase=phrase, source=source, holders=(holder,), next_round=rounds, subject=title
    )
    to = replace(OFFICER, name=name, office=office, language=language)
    letter = write(message(line, kind=MessageKind.REMINDER, now=NOW, to=to, office=office))
    judge(letter)
    assert LINK in letter.text
    assert LINK in letter.share
    plain = write(message(TERM, kind=MessageKind.REMINDER, now=NOW, to=replace(OFFICER, language=language)))
    assert tags(letter.html) <= tags(plain.html)
    events = Calendar.from_ical(str(letter.calendar)).events
    assert [event.start for event in events] == [TERM.last_day]


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[HOSTILE] * 6), st.sampled_from(Language))
def test_news_with_hostile_words_makes_a_whole_letter(words: tuple[str, ...], language: Language):
    title, reason, remarks, event, document, code = words
    details = {"remarks": remarks, "documents": [document, code], "document_no": document, "stage": code, "to": remarks, "mean": document}
    line = replace(RETURNED, title=title, reason=reason, event=event or "defer", subject=code, details=details)
    letter = write(message(line, kind=MessageKind.NOTICE, now=NOW, to=replace(OFFICER, language=language)))
    judge(letter)
    plain = write(message(RETURNED, kind=MessageKind.NOTICE, now=NOW, to=replace(OFFICER, language=language)))
    assert tags(letter.html) <= tags(plain.html)


def test_a_template_in_a_name_is_text_and_is_not_run():
    letter = write(message(replace(TERM, title="{{ 7 * 7 }}", producer="{% raw %}"), kind=MessageKind.REMINDER, now=NOW))
    assert "{{ 7 * 7 }}" in letter.subject
    assert "{% raw %}" in letter.text


def test_html_in_a_name_is_shown_and_not_obeyed():
    page = write(message(replace(TERM, title="<b onclick=x>Mật & ong</b>"), kind=MessageKind.REMINDER, now=NOW)).html
    assert "&lt;b onclick=x&gt;Mật &amp; ong&lt;/b&gt;" in page
    assert "<b onclick" not in page


@given(st.text(), st.integers(2, 60))
def test_a_line_is_one_line_of_at_most_its_length(text: str, limit: int):
    line = one_line(text, limit)
    assert len(line) <= limit
    assert not BAD.search(line)
    assert line == " ".join(line.split())
    assert one_line(line, limit) == line


def test_a_line_keeps_vietnamese_and_its_composed_letters():
    assert one_line("Chè  shan\ttuyết\nPù Chè", 50) == "Chè shan tuyết Pù Chè"
    assert one_line("Che\u0300", 10) == "Chè"


def test_paragraphs_keep_the_lines_that_somebody_typed():
    assert paragraphs("Một.\r\n\r\n  Hai.\u202e\nBa.", 40) == "Một.\nHai.\nBa."
    assert len(paragraphs("dài " * 500, 100)) <= 100


def test_a_text_is_cut_at_the_end_of_a_word():
    assert shorten("Chè shan tuyết cổ thụ", 16) == "Chè shan tuyết…"
    assert shorten("Chè", 16) == "Chè"
    assert shorten("a" * 30, 10) == "a" * 9 + "…"


@given(st.text())
def test_a_text_for_telephones_is_ascii(text: str):
    assert re.fullmatch(r"[ -~]*", ascii_text(text))


def test_every_vietnamese_letter_has_its_ascii_letter():
    letters = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
    folded = ascii_text(letters + letters.upper())
    assert "?" not in folded
    assert len(folded) == 2 * len(letters)
    assert ascii_text("Đợt – “hồ sơ”…") == 'Dot - "ho so"...'


def test_only_plain_addresses_of_the_web_are_links():
    assert web_link(LINK) == LINK
    for link in (
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https://a b",
        "https://a\nb",
        'https://a"b',
        "//a.example",
    ):
        assert web_link(link) is None
