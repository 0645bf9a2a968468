"""What a database does for telling: everything once whoever else tries, nothing lost between reading and writing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.databases import Database as Place
from tests.support.telling import DOUBT, LEASE, delivery_of, item_of, message_of, row_of
from tests.support.world import moment
from workflow.ports import Database
from workflow.store import open_store
from workflow.telling import (
    DeliveryQuery,
    DeliveryRow,
    DeliveryState,
    Done,
    FeedRow,
    Fired,
    LinkRow,
    MessageRow,
    RungRow,
    RungState,
    SettingRow,
    TryRow,
    WebhookRow,
)

DUE = "2021-07-10 00:00"
T7, T3, T1 = (
    row_of("d1", rung, at, DUE) for rung, at in (("T-7", "2021-07-02 07:30"), ("T-3", "2021-07-06 07:30"), ("T-1", "2021-07-08 07:30"))
)
NOW = moment("2021-07-06 08:00")
MESSAGE = message_of("an", "2021-07-06.1", NOW)


def told(rung: RungRow, person: str = "an", message: MessageRow = MESSAGE) -> Fired:
    return Fired(rung, RungState.FIRED, (item_of(person, rung, message.id),))


def rung_states(store: Database, *duties: str) -> dict[str, RungState]:
    return {row.rung: row.state for row in store.rungs(duties or ("d1",))}


def said(store: Database, message: MessageRow = MESSAGE) -> list[str]:
    return [item.rung for item in store.items([message.id]).get(message.id, [])]


@contextmanager
def two_workers(place: Place) -> Iterator[tuple[Database, Database]]:
    """Two stores on PostgreSQL; on SQLite one process writes, so its workers share one."""
    first = open_store(place.url, allow_unsafe=True)
    second = open_store(place.url, allow_unsafe=True) if place.kind == "postgresql" else first
    yield first, second
    first.close()
    if second is not first:
        second.close()


# Steps.


def test_of_a_duty_the_last_step_that_has_come_is_due_and_nothing_that_lies_ahead(store: Database):
    store.plan_rungs([T7, T3, T1, replace(T7, duty="d2", at=moment("2021-07-05 07:30"))])
    assert [(r.duty, r.rung) for r in store.due_rungs(NOW, 10)] == [("d2", "T-7"), ("d1", "T-3")]
    assert [(r.duty, r.rung) for r in store.due_rungs(NOW, 1)] == [("d2", "T-7")]
    assert store.due_rungs(moment("2021-07-02 07:29:59"), 10) == []


def test_planning_twice_changes_nothing(store: Database):
    store.plan_rungs([T7])
    store.fire([told(T7)], [MESSAGE], [], NOW)
    store.plan_rungs([replace(T7, at=moment("2021-07-03 07:30")), T3])
    assert rung_states(store) == {"T-7": RungState.FIRED, "T-3": RungState.PLANNED}
    assert store.rungs(["d1"])[0].at == T7.at


def test_a_step_is_told_once_and_the_earlier_ones_are_superseded_and_stay_visible(store: Database):
    store.plan_rungs([T7, T3, T1])
    assert store.fire([told(T3)], [MESSAGE], [delivery_of(MESSAGE)], NOW) == 1
    assert rung_states(store) == {"T-7": RungState.SUPERSEDED, "T-3": RungState.FIRED, "T-1": RungState.PLANNED}
    assert {r.rung: r.fired_at for r in store.rungs(["d1"])} == {"T-7": NOW, "T-3": NOW, "T-1": None}
    assert store.fire([told(T3, "binh")], [message_of("binh", "2021-07-06.1", NOW)], [], NOW) == 0, "the second worker finds nothing"
    assert said(store) == ["T-3"]
    assert store.messages(["binh|2021-07-06.1"]) == {}
    assert [row.key for row in store.deliveries(DeliveryQuery())] == [f"{MESSAGE.id}|email"]


@pytest.mark.parametrize("state", [RungState.CANCELLED, RungState.SUPERSEDED, RungState.UNHEARD])
def test_a_step_that_nobody_is_told_keeps_why(store: Database, state: RungState):
    store.plan_rungs([T7])
    assert store.fire([Fired(T7, state, ())], [], [], NOW) == 1
    assert rung_states(store) == {"T-7": state}
    assert store.due_rungs(NOW, 10) == []


def test_a_step_that_was_cancelled_after_it_was_read_becomes_nothing(store: Database):
    store.plan_rungs([T7])
    (read,) = store.due_rungs(NOW, 10)
    store.fire([Fired(T7, RungState.CANCELLED, ())], [], [], NOW)
    assert store.fire([told(read)], [MESSAGE], [delivery_of(MESSAGE)], NOW) == 0
    assert store.items([MESSAGE.id]) == {}
    assert store.deliveries(DeliveryQuery()) == []


def test_nothing_is_written_where_the_words_of_one_message_were_fixed_meanwhile(store: Database):
    other = message_of("binh", "2021-07-06.1", NOW)
    store.plan_rungs([T3, replace(T3, duty="d2"), replace(T3, duty="d3")])
    store.fire([told(T3)], [MESSAGE], [], NOW)
    (read,) = store.messages([MESSAGE.id]).values()
    assert store.word([replace(read, body="{}", composed_at=NOW)], []) == {MESSAGE.id}
    both = [told(replace(T3, duty="d2"), "binh", other), told(replace(T3, duty="d3"))]
    assert store.fire(both, [other, MESSAGE], [delivery_of(other)], NOW) is None
    assert rung_states(store, "d2", "d3") == {"T-3": RungState.PLANNED}
    assert store.messages([other.id]) == {}
    assert len(said(store)) == 1


def test_two_workers_at_once_tell_every_step_once(database: Place):
    rows = [replace(T3, duty=f"d{number:03d}") for number in range(120)]
    fired = [told(row) for row in rows]
    with two_workers(database) as stores:
        stores[0].plan_rungs(rows)
        start, counts = threading.Barrier(2), [0, 0]

        def work(number: int) -> None:
            start.wait()
            for first in range(0, len(fired), 10):
                # Each in an order of its own, so that they meet.
                page = fired[first : first + 10] if number else fired[len(fired) - 10 - first : len(fired) - first]
                counts[number] += stores[number].fire(page, [MESSAGE], [delivery_of(MESSAGE)], NOW) or 0

        threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        assert sum(counts) == len(rows)
        assert len(said(stores[0])) == len(rows)


def test_a_step_that_fails_is_set_aside_and_holds_up_neither_others_nor_those_that_come_after_it(store: Database):
    later = NOW + timedelta(minutes=1)
    store.plan_rungs([T7, T3, replace(T7, duty="d2")])
    assert store.postpone_rung("d1", "T-3", later) == 1
    assert [r.duty for r in store.due_rungs(NOW, 10)] == ["d2"], "the earlier step of the same duty does not come in its place"
    assert store.postpone_rung("d1", "T-3", later) == 2
    assert [(r.duty, r.attempts) for r in store.due_rungs(later, 10)] == [("d2", 0), ("d1", 2)]
    store.fire([told(T3)], [MESSAGE], [], NOW)
    assert store.postpone_rung("d1", "T-3", later) == 0


def test_steps_ahead_are_listed_and_the_next_moment_is_the_first_of_them_or_of_a_delivery(store: Database):
    assert store.next_moment() is None
    store.plan_rungs([T7, T3, T1])
    assert store.next_moment() == T7.at
    assert [r.rung for r in store.rungs_between(T7.at, T1.at, 10)] == ["T-7", "T-3"], "the end is exclusive"
    assert [r.rung for r in store.rungs_between(T7.at, T1.at, 1)] == ["T-7"]
    store.fire([told(T3)], [MESSAGE], [delivery_of(MESSAGE)], NOW)
    assert store.next_moment() == MESSAGE.send_at
    assert [r.rung for r in store.rungs_between(T7.at, T1.at + timedelta(1), 10)] == ["T-1"]


# Entries.


def test_a_page_of_the_log_is_heard_by_the_first_alone(store: Database):
    assert store.cursor("notices") == 0
    item = replace(item_of("an", T3, MESSAGE.id), kind="event")
    event = DeliveryRow(
        key="hook|VS-1|1", message=None, channel="webhook", target="hook", state=DeliveryState.WAITING, created_at=NOW, not_before=NOW
    )
    assert store.heard("notices", 0, 5, [item], [MESSAGE], [delivery_of(MESSAGE), event])
    assert not store.heard("notices", 0, 7, [replace(item, duty="d9")], [MESSAGE], [])
    assert store.cursor("notices") == 5
    assert store.cursor("others") == 0
    assert len(said(store)) == 1
    assert {row.key for row in store.deliveries(DeliveryQuery())} == {event.key, f"{MESSAGE.id}|email"}


def test_a_cursor_stands_still_where_the_words_of_a_message_were_fixed_meanwhile(store: Database):
    item = replace(item_of("an", T3, MESSAGE.id), kind="event")
    assert store.heard("notices", 0, 5, [item], [MESSAGE], [])
    (read,) = store.messages([MESSAGE.id]).values()
    store.word([replace(read, body="{}", composed_at=NOW)], [])
    assert not store.heard("notices", 5, 8, [replace(item, duty="d9")], [MESSAGE], [])
    assert store.cursor("notices") == 5
    assert len(said(store)) == 1


# Words.


def test_what_was_added_between_reading_and_wording_is_not_lost(store: Database):
    store.plan_rungs([T3, replace(T3, duty="d2")])
    store.fire([told(T3)], [MESSAGE], [], NOW)
    (read,) = store.messages([MESSAGE.id]).values()
    store.fire([told(replace(T3, duty="d2"))], [MESSAGE], [], NOW)
    assert store.word([replace(read, body='"one"', composed_at=NOW)], []) == set()
    (again,) = store.messages([MESSAGE.id]).values()
    assert (again.body, again.version) == (None, read.version + 1)
    moot = item_of("an", T3, MESSAGE.id)
    assert store.word([replace(again, body='"both"', composed_at=NOW)], [moot]) == {MESSAGE.id}
    assert store.word([replace(again, body='"third"', composed_at=NOW)], []) == set(), "words are fixed once"
    (fixed,) = store.messages([MESSAGE.id]).values()
    assert (fixed.body, fixed.composed_at) == ('"both"', NOW)
    assert {item.duty: item.moot for item in store.items([MESSAGE.id])[MESSAGE.id]} == {"d1": True, "d2": False}


def test_what_was_left_out_is_noted_only_with_the_words_that_leave_it_out(store: Database):
    store.plan_rungs([T3])
    store.fire([told(T3)], [MESSAGE], [], NOW)
    (read,) = store.messages([MESSAGE.id]).values()
    assert store.word([replace(read, version=read.version - 1, body="{}", composed_at=NOW)], [item_of("an", T3, MESSAGE.id)]) == set()
    assert [item.moot for item in store.items([MESSAGE.id])[MESSAGE.id]] == [False]


# Deliveries.


def waiting(store: Database, count: int = 1, **given: Any) -> list[str]:
    """So many deliveries that wait, the first of them the oldest; their keys."""
    rungs = [replace(T3, duty=f"w{number:03d}") for number in range(count)]
    messages = [message_of(f"p{number:03d}", "2021-07-06.1", NOW + timedelta(seconds=number)) for number in range(count)]
    store.plan_rungs(rungs)
    fired = [told(rung, message.recipient, message) for rung, message in zip(rungs, messages, strict=True)]
    rows = [delivery_of(message, **given) for message in messages]
    assert store.fire(fired, messages, rows, NOW) == count
    return [row.key for row in rows]


def claim(
    store: Database, owner: str, at: str | None = None, *, limit: int = 100, channels: tuple[str, ...] = ("email",)
) -> list[DeliveryRow]:
    now = moment(at) if at else NOW + timedelta(minutes=10)
    return store.claim(now, owner, now + LEASE, now - DOUBT, channels, limit)


def ended(row: DeliveryRow, state: DeliveryState = DeliveryState.ACCEPTED, reply: str = "250 ok", at: str = "2021-07-06 08:11") -> Done:
    after = replace(row, state=state, attempt=row.attempt + 1, address="a@x.example", reply=reply, updated_at=moment(at))
    return Done(after, TryRow(key=row.key, attempt=after.attempt, at=moment(at), worker=row.owner or "", outcome=str(state), reply=reply))


def test_what_is_claimed_is_nobody_elses_until_its_lease_is_over(store: Database):
    keys = waiting(store, 3)
    mine = claim(store, "w1", limit=2)
    assert [row.key for row in mine] == keys[:2], "oldest first"
    assert {(row.state, row.owner, row.doubts) for row in mine} == {(DeliveryState.CLAIMED, "w1", 0)}
    assert [row.key for row in claim(store, "w2")] == keys[2:]
    assert claim(store, "w2", "2021-07-06 08:11:59.999") == []
    assert [row.key for row in claim(store, "w2", "2021-07-06 08:12")] == keys, "nothing had left, so it goes on at once"


def test_what_waits_for_a_moment_or_goes_another_way_is_not_claimed(store: Database):
    (key,) = waiting(store)
    assert claim(store, "w1", "2021-07-06 07:59:59") == []
    assert claim(store, "w1", channels=("webhook", "inbox")) == []
    assert [row.key for row in claim(store, "w1", "2021-07-06 08:00")] == [key]


def test_what_may_have_left_waits_a_quarter_of_an_hour_and_is_counted_as_a_doubt(store: Database):
    (key,) = waiting(store)
    claim(store, "w1", "2021-07-06 08:00")
    assert store.settle("w1", sending=[key]) == {key}
    assert claim(store, "w2", "2021-07-06 08:16:59.999") == []
    (again,) = claim(store, "w2", "2021-07-06 08:17")
    assert (again.doubts, again.attempt, again.state) == (1, 0, DeliveryState.CLAIMED)


def test_whoever_has_lost_a_lease_lets_nothing_leave_and_settles_nothing_but_its_try_is_in_the_log(store: Database):
    (key,) = waiting(store)
    (mine,) = claim(store, "w1", "2021-07-06 08:00")
    (theirs,) = claim(store, "w2", "2021-07-06 08:02")
    assert store.settle("w1", sending=[key]) == frozenset()
    assert store.settle("w2", sending=[key]) == {key}
    store.settle("w1", done=[ended(mine, DeliveryState.FAILED, "550 no")])
    assert store.delivery(key) == replace(theirs, state=DeliveryState.SENDING)
    store.settle("w2", done=[ended(theirs, at="2021-07-06 08:12")])
    row = store.delivery(key)
    assert row is not None
    assert (row.state, row.reply, row.owner, row.lease_until, row.attempt) == (DeliveryState.ACCEPTED, "250 ok", None, None, 1)
    assert [(t.worker, t.outcome) for t in store.tries(key)] == [("w1", "failed"), ("w2", "accepted")]
    store.settle("w2", done=[ended(theirs, DeliveryState.FAILED, "late")])
    assert store.delivery(key) == row


def test_one_breath_acknowledges_the_last_and_notes_the_next(store: Database):
    first, second = waiting(store, 2)
    one, _ = claim(store, "w1")
    assert store.settle("w1", sending=[first]) == {first}
    assert store.settle("w1", done=[ended(one)], sending=[second]) == {second}
    assert {row.key: row.state for row in store.deliveries(DeliveryQuery())} == {
        first: DeliveryState.ACCEPTED,
        second: DeliveryState.SENDING,
    }


def test_two_workers_at_once_share_what_waits_and_claim_nothing_twice(database: Place):
    with two_workers(database) as stores:
        keys = waiting(stores[0], 60)
        start = threading.Barrier(2)
        taken: tuple[list[str], list[str]] = ([], [])

        def work(number: int) -> None:
            start.wait()
            while page := claim(stores[number], f"w{number}", limit=7):
                taken[number].extend(row.key for row in page)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        assert sorted(taken[0] + taken[1]) == sorted(keys)


@pytest.mark.parametrize("state", [DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.MOOT])
def test_what_has_ended_can_be_sent_again_by_a_person(store: Database, state: DeliveryState):
    (key,) = waiting(store)
    later = moment("2021-07-07 09:00")
    assert not store.resend(key, later), "what waits is not sent again"
    (mine,) = claim(store, "w1")
    assert not store.resend(key, later), "nor what is under way"
    store.settle("w1", sending=[key])
    assert not store.resend(key, later)
    store.settle("w1", done=[ended(mine, state)])
    assert store.resend(key, later)
    assert not store.resend("unknown", later)
    assert claim(store, "w1", "2021-07-07 08:59:59") == []
    (again,) = claim(store, "w1", "2021-07-07 09:00")
    assert (again.key, again.attempt, again.doubts) == (key, 1, 0)


def test_nobody_sends_again_what_goes_by_hand(store: Database):
    (key,) = waiting(store, channel="hand", state=DeliveryState.BY_HAND)
    assert not store.resend(key, NOW)
    assert claim(store, "w1", channels=("hand", "email")) == []


def test_what_should_have_gone_by_now_is_known_with_how_much_was_given_up(store: Database):
    assert store.oldest_waiting(NOW) == (None, None, 0)
    store.plan_rungs([T7, T1])
    keys = waiting(store, 3)
    assert store.oldest_waiting(NOW) == (T7.at, NOW, 0)
    assert store.oldest_waiting(NOW - timedelta(seconds=1)) == (T7.at, None, 0)
    for row in claim(store, "w1"):
        store.settle("w1", sending=[row.key])
        store.settle("w1", done=[ended(row, DeliveryState.FAILED if row.key != keys[0] else DeliveryState.ACCEPTED)])
    assert store.oldest_waiting(NOW + timedelta(hours=1)) == (T7.at, None, 2)


def test_deliveries_are_found_by_state_person_subject_channel_and_day(store: Database):
    first, second = waiting(store, 2)
    (row,) = claim(store, "w1", limit=1)
    store.settle("w1", done=[ended(row, DeliveryState.FAILED)])

    def keys(**query: object) -> list[str]:
        return [found.key for found in store.deliveries(DeliveryQuery(**query))]  # type: ignore[arg-type]

    assert keys() == [second, first], "newest first"
    assert keys(states=("failed",)) == [first]
    assert keys(states=("failed", "waiting")) == [second, first]
    assert keys(recipient="p001") == [second]
    assert keys(subject="KH") == [second, first]
    assert keys(subject="other") == []
    assert keys(channel="inbox") == []
    assert keys(since=NOW + timedelta(seconds=1)) == [second]
    assert keys(limit=1) == [second]


def test_what_was_told_is_found_by_subject_and_day(store: Database):
    waiting(store, 2)
    assert [(item.recipient, message.id) for item, message in store.told("KH", None, 10)] == [
        ("p001", "p001|2021-07-06.1"),
        ("p000", "p000|2021-07-06.1"),
    ]
    assert [item.recipient for item, _ in store.told(None, NOW + timedelta(seconds=1), 10)] == ["p001"]
    assert len(store.told(None, None, 1)) == 1
    assert store.told("other", None, 10) == []


# What people have said and chosen.


def test_a_personal_link_stays_as_it_was_made_and_keeps_the_first_time_of_everything(store: Database):
    row = LinkRow(digest="a" * 64, person="an", subject="VS-1", duty="d1", made_at=NOW, ends_at=NOW + timedelta(60))
    later, last = NOW + timedelta(1), NOW + timedelta(2)
    store.make_links([row])
    store.make_links([replace(row, made_at=later, person="binh"), replace(row, digest="b" * 64, made_at=later)])
    assert store.link(row.digest) == row
    assert store.link("c" * 64) is None
    assert [found.digest[0] for found in store.links(["an"])] == ["a", "b"]
    assert store.links(["binh"]) == []
    store.mark_link(row.digest, opened_at=later)
    store.mark_link(row.digest, opened_at=last, confirmed_at=last, via="link")
    store.mark_link(row.digest, confirmed_at=last + timedelta(1), via="call")
    assert store.link(row.digest) == replace(row, opened_at=later, confirmed_at=last, via="link")


def test_a_message_in_the_inbox_was_read_when_it_was_first_read(store: Database):
    (key,) = waiting(store, channel="inbox")
    store.mark_read(key, NOW)
    store.mark_read(key, NOW + timedelta(1))
    row = store.delivery(key)
    assert row is not None
    assert row.read_at == NOW


def test_settings_webhooks_and_feeds_are_kept_and_replaced_whole(store: Database):
    setting = SettingRow(scope="person", code="an", value={"muted": ["T-30"], "opens": "08:00"}, changed_by="an", changed_at=NOW)
    hook = WebhookRow(id="h1", unit="VS", url="https://x.example/h", secret="whsec_a whsec_b", events=("certify", "file"), since=7)
    feed = FeedRow(digest="f" * 64, scope="unit", code="X1", made_by="an", made_at=NOW)
    store.save_setting(setting)
    store.save_webhook(hook)
    store.save_feed(feed)
    assert (store.settings(), store.webhooks(), store.feeds()) == ([setting], [hook], [feed])
    other = replace(setting, scope="unit")
    store.save_setting(other)
    store.save_setting(replace(setting, value={}))
    store.save_webhook(replace(hook, off="410", events=()))
    store.save_feed(replace(feed, revoked_at=NOW))
    assert sorted((s.scope, dict(s.value)) for s in store.settings()) == [("person", {}), ("unit", dict(other.value))]
    assert store.webhooks() == [replace(hook, off="410", events=())]
    assert store.feeds() == [replace(feed, revoked_at=NOW)]
