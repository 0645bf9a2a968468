"""Calendars as programs read them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from notifications.feeds import Entry, calendar_text, feed
from notifications.letters import entry
from notifications.messages import Language
from states.vocabulary import Stage, TermStatus
from tests.notifications.spoken import ACTIVITY, CERTIFICATE, LINK, TERM, morning

STAMP = datetime(2021, 7, 2, 0, 30, tzinfo=UTC)
ONE = Entry(
    duty="term:VS-2021-0042:district_eval", last_day=date(2021, 7, 9), summary="Hạn cuối: đánh giá cấp huyện", stamped=STAMP, link=LINK
)


def only(text: str):
    (event,) = Calendar.from_ical(text).events
    return event


def test_an_entry_fills_its_last_valid_day_and_nothing_else():
    event = only(feed("Lịch", [ONE]))
    assert event["DTSTART"].to_ical() == b"20210709"
    assert event["DTEND"].to_ical() == b"20210710"
    assert event["DTSTART"].params["VALUE"] == "DATE"
    assert (event["STATUS"], event["TRANSP"], event["URL"], event["SEQUENCE"]) == ("CONFIRMED", "TRANSPARENT", LINK, 0)
    assert event["DTSTAMP"].dt == STAMP


def test_a_moved_deadline_keeps_its_uid_and_raises_its_sequence():
    moved = replace(ONE, version=2, last_day=date(2021, 7, 23))
    before, after = only(feed("Lịch", [ONE])), only(feed("Lịch", [moved, ONE]))
    assert before["UID"] == after["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["DTSTART"].dt == date(2021, 7, 23)


def test_a_deadline_that_moves_is_a_new_row_and_the_same_entry():
    first = entry(TERM, language=Language.VI, stamped=STAMP)
    moved = entry(replace(TERM, duty="VS-2021-0042:11:0", last_day=date(2021, 7, 23)), language=Language.VI, stamped=STAMP)
    assert moved.uid == first.uid
    assert moved.sequence > first.sequence
    assert entry(replace(TERM, stage=Stage.PROVINCE_EVAL), language=Language.VI, stamped=STAMP).uid != first.uid
    assert entry(replace(TERM, subject="VS-2021-0043"), language=Language.VI, stamped=STAMP).uid != first.uid


def test_a_deadline_that_fell_is_kept_and_cancelled():
    event = only(feed("Lịch", [ONE, replace(ONE, status=TermStatus.DROPPED)]))
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)
    assert event["SUMMARY"] == "Không còn áp dụng: Hạn cuối: đánh giá cấp huyện"


def test_a_deadline_that_was_met_or_passed_stays_and_says_so():
    for status, begins in ((TermStatus.MET, "Đã xong: "), (TermStatus.PASSED, "Đã quá hạn: ")):
        event = only(feed("Lịch", [replace(ONE, status=status)]))
        assert event["STATUS"] == "CONFIRMED"
        assert event["SUMMARY"].startswith(begins)
    assert only(feed("Diary", [replace(ONE, status=TermStatus.MET)], language=Language.EN))["SUMMARY"].startswith("Done: ")


def test_a_sequence_rises_whatever_happens_next():
    course = [(1, TermStatus.RUNNING), (2, TermStatus.RUNNING), (2, TermStatus.DROPPED), (3, TermStatus.RUNNING), (3, TermStatus.MET)]
    found = [replace(ONE, version=version, status=status).sequence for version, status in course]
    assert found == sorted(set(found))


def test_a_feed_names_itself_and_asks_to_be_read_again_and_an_attachment_does_not():
    calendar = Calendar.from_ical(feed("Lịch của huyện Đá Vân", [ONE]))
    assert calendar["X-WR-CALNAME"] == calendar["NAME"] == "Lịch của huyện Đá Vân"
    assert calendar["METHOD"] == "PUBLISH"
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\n" in feed("x", [ONE])
    assert "REFRESH-INTERVAL" not in calendar_text([ONE], name="x", language=Language.VI)


def test_an_alarm_rings_on_the_morning_before_while_the_deadline_runs():
    (alarm,) = only(feed("x", [replace(ONE, alarm=True)])).walk("VALARM")
    assert alarm["TRIGGER"].dt == timedelta(hours=-15)
    assert not only(feed("x", [replace(ONE, alarm=True, status=TermStatus.MET)])).walk("VALARM")


def test_an_empty_feed_is_still_a_calendar():
    text = feed("Lịch", [])
    assert Calendar.from_ical(text).events == []
    assert "BEGIN:VTIMEZONE" in text


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Entry,
            duty=st.sampled_from("abcdef"),
            version=st.integers(1, 5),
            last_day=st.dates(date(2019, 1, 1), date(2030, 12, 31)),
            summary=st.text(max_size=300),
            description=st.text(max_size=300),
            link=st.one_of(st.none(), st.just(LINK), st.text(max_size=20)),
            status=st.sampled_from(TermStatus),
            stamped=st.just(STAMP),
        ),
        max_size=8,
    ),
    st.text(max_size=60),
)
def test_any_feed_is_well_formed_and_the_same_whatever_the_order(entries: list[Entry], name: str):
    text = feed(name, entries)
    assert text.replace("\r\n", "").isprintable()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    found = Calendar.from_ical(text).events
    assert len(found) == len({one.uid for one in entries})
    for event in found:
        assert event["SEQUENCE"] == max(one.sequence for one in entries if one.uid == event["UID"])
    # Two versions with one number and different words are the caller's slip; without it the order does not matter.
    if len({(one.uid, one.sequence) for one in entries}) == len(entries):
        assert feed(name, entries[::-1]) == text


def test_the_words_of_an_entry_stay_true_however_late_they_are_read():
    for line in (TERM, ACTIVITY, CERTIFICATE):
        for language in Language:
            made = entry(line, language=language, stamped=morning(date(2021, 7, 2)))
            assert "còn" not in f"{made.summary} {made.description}".replace("còn hiệu lực", "")
            assert "left" not in f"{made.summary} {made.description}"
    assert "hết ngày thứ Sáu, 09/07/2021" in entry(TERM, language=Language.VI, stamped=STAMP).description
