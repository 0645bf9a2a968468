"""What people may ask about telling, and set up: on a real database, with a province that is told at its own moments."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from notifications import acknowledging, choosing, feeding, postbox, reaching
from notifications.account import account, counts, page_of, sums_of, year_of
from notifications.acknowledging import CallResult, Via
from notifications.call_sheet import CallReason
from notifications.choices import ChoiceInvalid
from notifications.composed import message_of
from notifications.foresight import coming_on, preview, steps_of
from notifications.links import digest_of
from notifications.messages import Language
from notifications.offices import OfficeOnly
from states.errors import MalformedInput, NotFound, UnknownName
from states.vocabulary import Event
from tests.support.told import LINKS, Told, told_at
from tests.support.world import moment, plan_file
from workflow.ports import CaseQuery
from workflow.telling import DeliveryQuery, DeliveryState, RungState
from workflow.toldbook import ToldQuery


@pytest.fixture
def told(database_url: str) -> Iterator[Told]:
    """The province on 6 July 2021, three days before the district's cut-off: one case of P1 with a mail address, one of P2 without."""
    with told_at(database_url) as made:
        for product in ("P1-01", "P2-01"):
            made.world.filed(product, at="2021-05-04 09:00")
        made.tell("2021-07-06 09:00")
        yield made


def case_of(told: Told, product: str) -> str:
    return next(row.code for row in told.store.cases(CaseQuery()) if row.product == product)


def duty_of(told: Told, product: str, stage: str = "district_eval") -> str:
    return told.world.running(case_of(told, product))[stage].id


def the_account(told: Told, query: ToldQuery | None = None):
    registry = told.world.engine.world(fresh=True).registry
    return account(told.store, told.notifications.wording, registry, query or ToldQuery(), told.now())


def world_of(told: Told):
    return told.world.engine.world(fresh=True)


# Steps and what is coming.


def test_the_steps_of_a_case_say_who_was_told_of_which(told: Told):
    found = {each.stage: each for each in steps_of(told.store, world_of(told), case_of(told, "P1-01"), told.now())}
    district = found["district_eval"]
    assert [(step.rung, str(step.state)) for step in district.steps] == [
        ("T-30", "fired"), ("T-14", "fired"), ("T-7", "fired"), ("T-3", "fired"), ("T-1", "planned"), ("T-0", "planned"), ("T+1", "planned"),
    ]  # fmt: skip
    assert {item.recipient for item, _ in district.told["T-7"]} == {"officer-H1", "secretary-H1"}
    assert {item.recipient for item, _ in district.told["T-3"]} == {"officer-H1", "secretary-H1", "chair-H1"}
    assert found["province_eval"].steps[0].state is RungState.SUPERSEDED, "the district's date comes first"


def test_steps_of_what_is_not_there_are_not_found(told: Told):
    with pytest.raises(NotFound):
        steps_of(told.store, world_of(told), "VS-2021-9999", told.now())


def test_what_is_foreseen_for_a_day_is_what_is_then_told(told: Told):
    seen = coming_on(told.store, told.notifications.composer, world_of(told), date(2021, 7, 8), told.now())
    assert seen.coming
    foreseen = {(each.person, each.rung.duty, each.rung.rung, each.window) for each in seen.coming}
    ways = {(each.person, channel) for each in seen.coming for channel in each.channels}
    told.tell("2021-07-08 20:00")
    after = [(i, m) for i, m in told.store.told(None, moment("2021-07-08 00:00"), 1000) if i.kind != "event"]
    assert {(i.recipient, i.duty, i.rung, m.window) for i, m in after} == foreseen
    sent = told.store.deliveries(DeliveryQuery(messages=tuple({m.id for _, m in after}), limit=1000))
    assert {(row.target, row.channel) for row in sent} == ways


def test_looking_ahead_writes_nothing(told: Told):
    before = told.store.told(None, None, 10_000), told.store.rungs([duty_of(told, "P1-01")])
    coming_on(told.store, told.notifications.composer, world_of(told), date(2021, 7, 9), told.now())
    preview(told.store, told.notifications.wording, world_of(told), told.now(), duty_of(told, "P1-01"), "T-0")
    assert (told.store.told(None, None, 10_000), told.store.rungs([duty_of(told, "P1-01")])) == before


def test_what_is_foreseen_may_be_of_one_unit(told: Told):
    seen = coming_on(told.store, told.notifications.composer, world_of(told), date(2021, 7, 8), told.now(), "H2")
    assert {each.person for each in seen.coming} == {"officer-H2", "secretary-H2", "chair-H2"}


def test_a_preview_is_worded_for_the_morning_of_its_step(told: Told):
    said = preview(told.store, told.notifications.wording, world_of(told), told.now(), case_of(told, "P1-01"), "T-1")
    assert said.composed_at == moment("2021-07-08 07:30")
    assert said.recipient.person in {"officer-H1", "secretary-H1", "chair-H1"}
    english = preview(
        told.store, told.notifications.wording, world_of(told), told.now(), case_of(told, "P1-01"), "T-1", "chair-H1", Language.EN
    )
    assert (english.recipient.person, english.recipient.language) == ("chair-H1", Language.EN)


@pytest.mark.parametrize(
    ("duty", "rung", "person", "error"),
    [("VS-2021-9999", None, None, NotFound), (None, "T-8", None, UnknownName), (None, "T-7", "nobody", NotFound)],
)
def test_a_preview_of_nothing_is_refused(told: Told, duty: str | None, rung: str | None, person: str | None, error: type[Exception]):
    with pytest.raises(error):
        preview(told.store, told.notifications.wording, world_of(told), told.now(), duty or duty_of(told, "P1-01"), rung, person)


# Who was told.


def test_the_account_names_people_windows_and_ways_as_they_were(told: Told):
    found = [m for m in the_account(told) if m.row.recipient == "officer-H1" and any(i.item.rung == "T-7" for i in m.items)]
    assert len(found) == 1
    message = found[0]
    assert (message.row.window, message.name, str(message.seat), message.office) == (
        "2021-07-02.1", "Tên Riêng officer-H1", "officer@district", "Huyện Đá Vân",
    )  # fmt: skip
    assert {(row.channel, str(row.state)) for row in message.deliveries} == {("inbox", "accepted"), ("email", "accepted")}
    assert [item.line.last_day for item in message.items if item.line] == [date(2021, 7, 9)]


def test_the_account_of_a_year_counts_what_it_lists(told: Told):
    start, end = year_of(2021)
    found = the_account(told, ToldQuery(since=start, until=end))
    sums = counts(found)
    assert sums.messages == len(found)
    assert sums.duties + sums.news + sums.moot == sum(len(m.items) for m in found)
    assert sum(sums.deliveries.values()) == sum(len(m.deliveries) for m in found)
    assert the_account(told, ToldQuery(since=year_of(2022)[0])) == []
    only = the_account(told, ToldQuery(recipients=("officer-H2",)))
    assert {m.row.recipient for m in only} == {"officer-H2"}
    assert {i.item.subject for m in the_account(told, ToldQuery(subject=case_of(told, "P2-01"))) for i in m.items} == {
        case_of(told, "P2-01")
    }


def test_pages_and_sums_of_an_account_are_those_of_the_whole(told: Told, monkeypatch: pytest.MonkeyPatch):
    told.world.move("2021-07-08 07:30")
    told.notifications.composer.compose(told.now())  # Some have no words yet.
    people = tuple(sorted({m.row.recipient for m in the_account(told)}))
    links = told.store.links(people)
    for link in links[::2]:
        told.store.mark_link(link.digest, opened_at=told.now(), confirmed_at=told.now(), via="link")
    assert {link.duty.startswith("event:") for link in links[::2]} == {True, False}, "of duties and of news"
    registry, wording = world_of(told).registry, told.notifications.wording
    worded: list[str] = []

    def counted(body: str) -> Any:
        worded.append(body)
        return message_of(body)

    monkeypatch.setattr("notifications.account.message_of", counted)
    case, (start, end) = case_of(told, "P1-01"), year_of(2021)
    confirmed = set()
    for query in (
        ToldQuery(), ToldQuery(news=False), ToldQuery(subject=case), ToldQuery(subject=case, news=False), ToldQuery(recipients=people[:3]),
        ToldQuery(recipients=()), ToldQuery(since=start, until=end, recipients=people[2:]), ToldQuery(since=end), ToldQuery(subject="none"),
    ):  # fmt: skip
        whole = sorted(account(told.store, wording, registry, query, told.now()), key=lambda m: (m.at, m.row.id))
        sums = sums_of(told.store, wording, registry, query, told.now())
        assert sums == counts(whole), query
        confirmed.add((query.news, sums.confirmed))
        paged, after, more = [], None, True
        while more:
            worded.clear()
            page, more = page_of(told.store, wording, registry, query, told.now(), after, 3)
            assert len(worded) <= len(page) <= 3, "no more is worded than is shown"
            paged += page
            after = (page[-1].at, page[-1].row.id) if page else None
        assert paged == whole, query
    assert max(n for news, n in confirmed if news) > max(n for news, n in confirmed if not news) > 0


def test_a_message_whose_words_are_not_fixed_is_told_as_it_would_be_worded_now(told: Told):
    told.world.move("2021-07-08 07:30")
    told.notifications.composer.compose(told.now())
    message = next(m for m in the_account(told) if m.row.recipient == "officer-H1" and m.row.body is None)
    assert [item.line.rung for item in message.items if item.line] == ["T-1"]


# Deliveries.


def test_a_delivery_shows_its_tries_and_its_words_as_they_went(told: Told):
    key = next(row.key for row in told.store.deliveries(DeliveryQuery(recipient="officer-H1", channel="email")))
    got = postbox.opened(told.store, key, LINKS, told.notifications.event_of)
    went = next(envelope for envelope in told.postman.sent if envelope.key == key)
    assert went.letter is not None
    assert got.letter is not None
    assert got.letter.text == went.letter.text
    assert [(t.outcome, t.reply) for t in got.tries] == [("accepted", "250 ok")]
    with pytest.raises(NotFound):
        postbox.opened(told.store, "nothing|email", LINKS, told.notifications.event_of)


def test_what_failed_is_sent_again_and_what_is_under_way_is_not(told: Told):
    told.postman.refuses.add("officer-h1@ocop.example")
    told.tell("2021-07-08 12:00")
    row = told.store.deliveries(DeliveryQuery(recipient="officer-H1", channel="email"))[0]
    assert row.state is DeliveryState.FAILED
    told.postman.refuses.clear()
    assert postbox.send_again(told.store, row.key, told.now()).state is DeliveryState.WAITING
    with pytest.raises(postbox.NotSentAgain) as refused:
        postbox.send_again(told.store, row.key, told.now())
    assert refused.value.code == "delivery_under_way"
    told.notifications.tell()
    assert [row.state for row in told.store.deliveries(DeliveryQuery(recipient="officer-H1", channel="email", limit=1))] == ["accepted"]
    assert [t.outcome for t in told.store.tries(row.key)] == ["refused", "accepted"]


def test_no_machine_sends_what_people_carry(told: Told):
    row = told.store.deliveries(DeliveryQuery(recipient="producer-P2", channel="hand"))[0]
    with pytest.raises(postbox.NotSentAgain) as refused:
        postbox.send_again(told.store, row.key, told.now())
    assert refused.value.code == "delivery_by_hand"


def test_an_inbox_is_its_owners_and_keeps_when_a_letter_was_first_read(told: Told):
    first = postbox.inbox(told.store, "officer-H1")[0]
    assert first.row.read_at is None
    with pytest.raises(NotFound):
        postbox.read(told.store, "officer-H2", first.row.key, told.now())
    at = told.now()
    assert postbox.read(told.store, "officer-H1", first.row.key, at).row.read_at == at
    told.world.move(at + timedelta(hours=1))
    assert postbox.read(told.store, "officer-H1", first.row.key, told.now()).row.read_at == at


# Links and calls.


def test_a_shared_text_has_a_link_that_shows_and_confirms(told: Told):
    duty = duty_of(told, "P2-01")
    shared = acknowledging.share(told.store, told.notifications.wording, world_of(told), LINKS, told.now(), duty, "officer-H2", None)
    token = LINKS.token("officer-H2", duty)
    assert shared.linked
    assert LINKS.address(token) in shared.letter.share
    seen = acknowledging.shown(told.store, world_of(told), token, told.now())
    assert (seen.title, seen.stands, seen.link.confirmed_at) == ("Mật ong số 1 của Hộ kinh doanh Bãi Dâu", True, None)
    assert seen.line is not None
    kept = told.store.link(digest_of(token))
    assert kept is not None
    assert kept.opened_at == told.now()
    done = acknowledging.confirmed(told.store, world_of(told), token, told.now())
    assert (done.link.confirmed_at, done.link.via) == (told.now(), "link")
    told.world.move("2021-07-06 10:00")
    assert acknowledging.confirmed(told.store, world_of(told), token, told.now(), Via.CALL).link == done.link, "the first word stays"
    with pytest.raises(NotFound):
        acknowledging.shown(told.store, world_of(told), "x" * 24, told.now())


def test_without_an_address_of_the_service_the_text_has_no_link(told: Told):
    shared = acknowledging.share(
        told.store, told.notifications.wording, world_of(told), None, told.now(), case_of(told, "P2-01"), "officer-H2", None
    )
    assert not shared.linked
    assert "https://" not in shared.letter.share
    assert "Mật ong số 1" in shared.letter.share


def test_nobody_is_reminded_of_what_is_done(told: Told):
    duty = duty_of(told, "P1-01")
    told.world.act(case_of(told, "P1-01"), Event.CONCLUDE, mean=80, at="2021-07-06 09:30")
    with pytest.raises(acknowledging.DutyOver):
        acknowledging.share(told.store, told.notifications.wording, world_of(told), LINKS, told.now(), duty, "officer-H1", None)


def test_a_link_about_news_shows_what_happened(told: Told):
    told.world.act(case_of(told, "P1-01"), Event.RETURN_FOR_COMPLETION, at="2021-07-06 09:30")
    told.tell("2021-07-06 14:00")
    row = next(row for row in told.store.links(["producer-P1"]) if row.duty.startswith("event:") and "return_for" in row.duty)
    seen = acknowledging.shown(told.store, world_of(told), LINKS.token("producer-P1", row.duty), told.now())
    assert (seen.event, seen.at, seen.line, seen.stands) == ("return_for_completion", moment("2021-07-06 09:30"), None, False)
    mine = the_account(told, ToldQuery(recipients=("producer-P1",)))
    assert [item.opened_at for message in mine for item in message.items if item.item.rung == "return_for_completion"] == [told.now()]


def test_a_call_is_kept_with_its_result_and_only_being_told_confirms(told: Told):
    duty = duty_of(told, "P2-01")

    def call(result: CallResult, **given: str):
        told.world.move(told.now() + timedelta(minutes=10))
        usual = {"person": "secretary-H2", "note": "", "actor": "officer-H2"}
        return acknowledging.note_call(told.store, world_of(told), told.now(), duty=duty, result=result, **{**usual, **given})

    assert call(CallResult.NO_ANSWER, note=" gọi  hai lần ").state is DeliveryState.BY_HAND
    assert not any(row.confirmed_at for row in told.store.links(["secretary-H2"]) if row.duty == duty)
    after = call(CallResult.TOLD)
    assert (after.state, after.attempt) == (DeliveryState.ACCEPTED, 2)
    kept = [(t.worker, t.outcome, t.reply) for t in told.store.tries(after.key)]
    assert kept == [("officer-H2", "no_answer", "gọi hai lần"), ("officer-H2", "told", "")]
    links = [row for row in told.store.links(["secretary-H2"]) if row.duty == duty]
    assert links
    assert {row.via for row in links} == {"call"}
    with pytest.raises(OfficeOnly):
        call(CallResult.TOLD, actor="officer-H1")
    with pytest.raises(NotFound):
        call(CallResult.TOLD, person="producer-P1")
    with pytest.raises(MalformedInput):
        call(CallResult.TOLD, note="x" * 501)


def test_a_call_opens_no_link_for_whoever_guesses(told: Told):
    told.world.act(case_of(told, "P2-01"), Event.RETURN_FOR_COMPLETION, at="2021-07-06 09:30")
    duty = told.world.running(case_of(told, "P2-01"))["district_eval"].id
    acknowledging.note_call(
        told.store, world_of(told), told.now(), duty=duty, person="producer-P2", result=CallResult.TOLD, note="", actor="officer-X2"
    )
    row = next(row for row in told.store.links(["producer-P2"]) if row.duty == duty and row.confirmed_at)
    for guess in (row.digest, row.digest.removeprefix("call:"), f"producer-P2\n{duty}"):
        with pytest.raises(NotFound):
            acknowledging.shown(told.store, world_of(told), guess, told.now())


# Call sheets and reach.


def sheet(told: Told, unit: str):
    return reaching.sheet_of(told.store, told.notifications.wording, world_of(told), unit, told.now(), Language.VI, rehearsal=False)


def test_a_call_sheet_holds_who_has_no_channel_whose_letter_failed_and_who_is_silent_near_the_end(told: Told):
    told.world.act(case_of(told, "P2-01"), Event.RETURN_FOR_COMPLETION, at="2021-07-06 09:30")
    told.postman.refuses.add("secretary-h1@ocop.example")
    told.tell("2021-07-08 09:00")
    reasons = {(row.recipient.person, str(row.reason)) for row in sheet(told, "VS").rows}
    assert ("producer-P2", CallReason.NO_CHANNEL) in reasons
    assert ("secretary-H1", CallReason.UNDELIVERED) in reasons
    assert ("officer-H1", CallReason.UNACKNOWLEDGED) in reasons
    assert {person for person, _ in reasons} <= {"producer-P2", "officer-X2", "officer-H1", "secretary-H1", "chair-H1"}
    assert {row.recipient.person for row in sheet(told, "X2").rows} == {"producer-P2", "officer-X2"}


def test_with_time_left_a_letter_that_came_needs_no_call(database_url: str):
    with told_at(database_url) as early:
        early.world.filed("P1-01", at="2021-05-04 09:00")
        early.tell("2021-07-05 09:00")
        assert sheet(early, "H1").rows == (), "four days are left"
        early.tell("2021-07-06 09:00")
        assert len(sheet(early, "H1").rows) == 3


def test_who_confirmed_read_or_is_done_is_not_rung(told: Told):
    assert {row.recipient.person for row in sheet(told, "H1").rows} == {"officer-H1", "secretary-H1", "chair-H1"}
    duty = duty_of(told, "P1-01")
    acknowledging.confirmed(told.store, world_of(told), LINKS.token("officer-H1", duty), told.now())
    latest = next(row for row in told.store.deliveries(DeliveryQuery(recipient="secretary-H1", channel="inbox")))
    postbox.read(told.store, "secretary-H1", latest.key, told.now())
    assert {row.recipient.person for row in sheet(told, "H1").rows} == {"chair-H1"}
    told.world.act(case_of(told, "P1-01"), Event.CONCLUDE, mean=80, at="2021-07-06 09:30")
    assert sheet(told, "H1").rows == ()
    with pytest.raises(UnknownName):
        sheet(told, "nowhere")


def test_reach_is_counted_by_unit_and_person(told: Told):
    told.world.act(case_of(told, "P2-01"), Event.RETURN_FOR_COMPLETION, at="2021-07-06 09:30")
    told.tell("2021-07-08 09:00")
    duty = duty_of(told, "P1-01")
    acknowledging.confirmed(told.store, world_of(told), LINKS.token("officer-H1", duty), told.now())
    found = {each.unit: each for each in reaching.reach_of(told.store, world_of(told).registry, "VS", *year_of(2021))}
    first = found["H1"]
    assert (first.people, first.arrived, first.opened, first.confirmed) == (
        {"officer-H1", "secretary-H1", "chair-H1"}, {"officer-H1", "secretary-H1", "chair-H1"}, {"officer-H1"}, {"officer-H1"},
    )  # fmt: skip
    commune = found["X2"]
    assert commune.people >= {"producer-P2"}
    assert "producer-P2" in commune.never
    assert set(commune.by_way) == {"inbox"}
    back = told.world.running(case_of(told, "P2-01"))["district_eval"].id
    acknowledging.note_call(
        told.store, world_of(told), told.now(), duty=back, person="producer-P2", result=CallResult.TOLD, note="", actor="officer-X2"
    )
    after = {each.unit: each for each in reaching.reach_of(told.store, world_of(told).registry, "X2", *year_of(2021))}["X2"]
    assert "producer-P2" not in after.never
    assert after.by_way["call"] == {"producer-P2"}
    assert reaching.reach_of(told.store, world_of(told).registry, "VT", *year_of(2021)) == []


# Choices.


def choose(told: Told, scope: str, code: str, actor: str, cleared: tuple[str, ...] = (), **values: Any):
    return choosing.choose(told.store, world_of(told).registry, scope, code, actor=actor, values=values, cleared=cleared, now=told.now())


def test_people_choose_for_themselves_within_what_the_office_allows(told: Told):
    got = choose(told, "person", "officer-H1", "officer-H1", muted=["T-30"], opens="08:00", closes="17:00")
    assert got.person is not None
    assert got.person.muted == {"T-30"}
    got = choose(told, "person", "officer-H1", "officer-H1", ("opens", "closes"), language="en")
    assert got.row is not None
    assert dict(got.row.value) == {"muted": ["T-30"], "language": "en"}
    with pytest.raises(choosing.NotOnesOwn):
        choose(told, "person", "officer-H1", "officer-VS", muted=[])


def test_an_office_is_set_by_its_officer_or_one_above(told: Told):
    assert choose(told, "unit", "H1", "officer-VS", sender="  Phòng   Kinh tế ").office.sender == "Phòng Kinh tế"
    assert choose(told, "unit", "H1", "officer-H1", may_mute=[]).office.may_mute == frozenset()
    for actor in ("officer-H2", "chair-H1", "producer-P1"):
        with pytest.raises(OfficeOnly):
            choose(told, "unit", "H1", actor, opens="08:00")
    got = choosing.chosen(told.store, world_of(told).registry, "person", "officer-X1", told.now())
    assert (got.unit, got.office.sender) == ("H1", "Phòng Kinh tế"), "the nearest office above that has chosen"


@pytest.mark.parametrize(
    ("scope", "values", "codes"),
    [
        ("person", {"muted": ["T-7"]}, ["not_muted_here"]),
        ("person", {"muted": ["T-8"]}, ["unknown_step"]),
        ("person", {"muted": "T-30"}, ["unknown_step"]),
        ("person", {"muted": [["T-30"]]}, ["unknown_step"]),
        ("person", {"channels": ["fax"]}, ["not_a_channel"]),
        ("person", {"channels": [{}]}, ["not_a_channel"]),
        ("person", {"language": "fr"}, ["not_a_language"]),
        ("person", {"language": []}, ["not_a_language"]),
        ("person", {"opens": "06:00"}, ["outside_office_hours"]),
        ("person", {"opens": "7 giờ"}, ["not_an_hour"]),
        ("person", {"opens": "07:30+07:00"}, ["not_an_hour"]),
        ("person", {"opens": "07:30:15"}, ["not_an_hour"]),
        ("person", {"away_from": "2021-07-09"}, ["required"]),
        ("person", {"away_from": "9/7/2021", "stand_in": "officer-X1"}, ["not_a_date"]),
        ("person", {"away_from": "2021-07-09", "away_to": "2021-07-08", "stand_in": "officer-X1"}, ["before_begin"]),
        ("person", {"stand_in": "officer-H1"}, ["stands_in_for_self"]),
        ("person", {"stand_in": "officer-N1"}, ["without_function"]),
        ("person", {"stand_in": " "}, ["not_a_text"]),
        ("person", {"colour": "red", "language": 3}, ["unknown_field", "not_a_language"]),
        ("unit", {"opens": "20:00", "closes": "07:00"}, ["hours_out_of_order"]),
        ("unit", {"working_days": "yes"}, ["not_a_flag"]),
        ("unit", {"gateway": "wh-1"}, ["unknown_gateway"]),
        ("unit", {"sender": "x" * 121}, ["too_long"]),
        ("unit", {"sender": "a\x00b"}, ["control_characters"]),
    ],
)
def test_what_cannot_be_chosen_is_said_and_nothing_changes(told: Told, scope: str, values: dict[str, Any], codes: list[str]):
    code = "officer-H1" if scope == "person" else "H1"
    before = told.store.settings()
    with pytest.raises(ChoiceInvalid) as refused:
        choose(told, scope, code, "officer-H1", **values)
    assert sorted(problem.code for problem in refused.value.problems) == sorted(codes)
    assert told.store.settings() == before


def test_choosing_nothing_or_dropping_what_is_not_there_is_refused(told: Told):
    with pytest.raises(MalformedInput) as nothing:
        choose(told, "person", "officer-H1", "officer-H1")
    assert nothing.value.code == "nothing_chosen"
    with pytest.raises(ChoiceInvalid):
        choose(told, "person", "officer-H1", "officer-H1", ("colour",))


def test_a_step_that_the_office_has_come_to_forbid_is_heard_again(told: Told):
    choose(told, "unit", "H1", "officer-H1", may_mute=["T-1"])
    choose(told, "person", "officer-H1", "officer-H1", muted=["T-1"])
    choose(told, "unit", "H1", "officer-H1", may_mute=[])
    told.tell("2021-07-08 09:00")
    heard = {item.recipient for item, _ in told.store.told(case_of(told, "P1-01"), None, 1000) if item.rung == "T-1"}
    assert "officer-H1" in heard


def test_who_is_away_is_heard_for_by_the_stand_in(told: Told):
    choose(told, "person", "officer-H1", "officer-H1", away_from="2021-07-07", away_to="2021-07-09", stand_in="officer-X1")
    told.tell("2021-07-08 09:00")
    found = [item for item, _ in told.store.told(case_of(told, "P1-01"), None, 1000) if item.rung == "T-1" and item.part == "stand_in"]
    assert [(item.recipient, item.detail["for"]) for item in found] == [("officer-X1", ["officer-H1"])]


# Calendars.


def test_a_plans_other_work_stands_in_the_calendar_of_whoever_has_to_do_it(told: Told):
    told.world.publish(plan_file("KH-KHAC", 2021, [("training", 0, "trước ngày 15/9/2021")], title="Kế hoạch tập huấn"))
    for whose in (("unit", "VS"), ("person", "officer-VS")):
        found = [e for e in events(calendar(told, *whose)).values() if e["dtstart"].dt == date(2021, 9, 14)]
        assert len(found) == 1, whose
    assert not [e for e in events(calendar(told, "person", "officer-H1")).values() if e["dtstart"].dt == date(2021, 9, 14)]


def events(text: str) -> dict[str, Any]:
    return {str(e["summary"]): e for e in Calendar.from_ical(text).walk("VEVENT")}


def calendar(told: Told, scope: str, code: str) -> str:
    return feeding.calendar_of(told.store, world_of(told), scope, code, told.now())


def test_a_persons_calendar_holds_what_is_theirs(told: Told):
    mine = events(calendar(told, "person", "officer-H1"))
    assert list(mine) == ["Hạn cuối: đánh giá cấp huyện, ghi kết quả của hội đồng – Mật ong số 1 của Hợp tác xã Suối Mơ"]
    assert events(calendar(told, "person", "officer-K1")) == {}


def test_the_calendar_does_not_change_while_nothing_changes(told: Told):
    first = calendar(told, "unit", "VS")
    told.world.move("2021-07-06 18:00")
    assert calendar(told, "unit", "VS") == first


def test_a_units_calendar_says_a_shared_date_once_and_how_many_are_left(told: Told):
    found = events(calendar(told, "unit", "VS"))
    assert {name for name in found if "huyện" in name} == {"Hạn cuối: đánh giá cấp huyện – còn 2/2 hồ sơ đợt VS-2021-1"}
    told.world.act(case_of(told, "P1-01"), Event.CONCLUDE, mean=80, at="2021-07-06 09:30")
    after = events(calendar(told, "unit", "VS"))
    one = after["Hạn cuối: đánh giá cấp huyện – còn 1/2 hồ sơ đợt VS-2021-1"]
    before = found["Hạn cuối: đánh giá cấp huyện – còn 2/2 hồ sơ đợt VS-2021-1"]
    assert (one["uid"], one["sequence"]) == (before["uid"], before["sequence"])
    assert "Hộ kinh doanh Bãi Dâu" in one["description"]
    assert "Hợp tác xã Suối Mơ" not in one["description"].partition("–")[2]


def test_a_date_that_moves_moves_in_both_calendars_and_ends_in_the_persons(told: Told):
    person, unit = (events(calendar(told, *whose)) for whose in (("person", "officer-H1"), ("unit", "H1")))
    told.world.rounds.redate(
        "VS-2021-1", "district_eval", "trước ngày 17/7/2021", "40/KH", "2021-07-06", "Lý do khách quan", "officer-VS", "strict",
        exception=None, document_signer=None, command="redate-1", dry_run=False,
    )  # fmt: skip
    for whose, before in ((("person", "officer-H1"), person), (("unit", "H1"), unit)):
        was = next(e for name, e in before.items() if "huyện" in name)
        now = next(e for name, e in events(calendar(told, *whose)).items() if "huyện" in name)
        assert now["uid"] == was["uid"]
        assert int(now["sequence"]) > int(was["sequence"])
        assert (was["dtstart"].dt, now["dtstart"].dt) == (date(2021, 7, 9), date(2021, 7, 16))
    told.world.act(case_of(told, "P1-01"), Event.WITHDRAW, at="2021-07-06 10:00")
    over = next(iter(events(calendar(told, "person", "officer-H1")).values()), None)
    assert over is None or over["status"] == "CANCELLED"
    told.tell("2021-07-06 10:10")


def test_a_deadline_that_was_told_and_dropped_is_struck_out(told: Told):
    told.world.act(case_of(told, "P1-01"), Event.WITHDRAW, at="2021-07-06 10:00")
    ((name, found),) = events(calendar(told, "person", "officer-H1")).items()
    assert name.startswith("Không còn áp dụng: ")
    assert found["status"] == "CANCELLED"


def test_a_feeds_token_is_kept_nowhere_and_ends_when_revoked(told: Told):
    registry = world_of(told).registry
    row, token = feeding.create(told.store, registry, "person", "producer-P1", "producer-P1", told.now())
    assert token not in repr(told.store.feeds())
    assert feeding.of_token(told.store, token) == row
    with pytest.raises(OfficeOnly):
        feeding.create(told.store, registry, "person", "producer-P1", "producer-P2", told.now())
    with pytest.raises(OfficeOnly):
        feeding.create(told.store, registry, "unit", "VS", "officer-H1", told.now())
    with pytest.raises(NotFound):
        feeding.revoke(told.store, registry, row.digest[:4], "producer-P1", told.now())
    with pytest.raises(OfficeOnly):
        feeding.revoke(told.store, registry, row.digest[:8], "producer-P2", told.now())
    gone = feeding.revoke(told.store, registry, row.digest[:8], "officer-X1", told.now())
    assert feeding.revoke(told.store, registry, token, "producer-P1", told.now() + timedelta(hours=1)) == gone
    for lost in (token, "x"):
        with pytest.raises(NotFound) as refused:
            feeding.of_token(told.store, lost)
        assert lost not in str(refused.value.detail)
