"""What is kept for a time goes when the time is over, and not a day before; the record of reads is guarded by the database itself."""

from datetime import UTC, datetime, timedelta

import pytest

from api.settings import Settings, read_settings
from api.tidying import Tidying, keeping_of
from states.errors import MalformedInput
from tests.support.identity import CLI, PASSWORD, House
from workflow.accounts import AccessRow, AttemptRow, LinkRow, SessionRow
from workflow.housekeeping import KEPT_AT_LEAST_DAYS, Keeping, tidy

DAY = timedelta(days=1)
YEARS = timedelta(days=KEPT_AT_LEAST_DAYS)


class Still:
    """A count of seconds that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def seconds(self) -> float:
        return self.now


def keeping(**given: timedelta) -> Keeping:
    return Keeping(**{"sessions": 90 * DAY, "links": 90 * DAY, "reads": 2 * YEARS, **given})


def test_a_session_is_kept_for_its_time_after_it_ended_and_a_living_one_always(house: House):
    browser = house.enter("producer-P1")
    shelf, began = house.runtime.store.identity, house.clock.now()
    tidy(shelf, keeping(), began + 90 * DAY)
    assert len(shelf.find(SessionRow)) == 1, "it expired less than 90 days before"
    browser.delete("session")
    done = tidy(shelf, keeping(), began + 90 * DAY + timedelta(minutes=1))
    assert (done.sessions, shelf.find(SessionRow)) == (1, [])
    house.enter("producer-P1", browser)
    assert tidy(shelf, keeping(sessions=timedelta(0)), house.clock.now()).sessions == 0
    assert browser.get("session").status_code == 200


def test_a_link_is_kept_for_its_time_after_it_was_used_or_expired(house: House):
    house.account("producer-P1")
    _, waiting = house.identity.accounts.link_for("producer-P1", by=CLI)
    shelf, now = house.runtime.store.identity, house.clock.now()
    assert tidy(shelf, keeping(), now + 89 * DAY).links == 0
    assert tidy(shelf, keeping(), now + 91 * DAY).links == 1, "the used one"
    assert [row.hash for row in shelf.find(LinkRow)] == [waiting.hash]
    assert tidy(shelf, keeping(), waiting.expires_at + 91 * DAY).links == 1


def test_attempts_to_sign_in_are_forgotten(house: House):
    house.account("producer-P1")
    house.browser().post("session", {"login": "producer-P1", "password": "sai"})
    shelf, now = house.runtime.store.identity, house.clock.now()
    assert shelf.find(AttemptRow)
    assert tidy(shelf, keeping(), now + 31 * DAY).attempts
    assert shelf.find(AttemptRow) == []


def read_at(house: House, at: datetime) -> None:
    house.runtime.store.identity.add(
        AccessRow(at=at, person="officer-X1", via="session", kind="case", subject="VS-2021-0001", detail="", request="")
    )


def test_the_record_of_reads_is_kept_as_long_as_an_auditor_needs_it_whatever_is_asked_for(house: House):
    shelf, now = house.runtime.store.identity, datetime.now(UTC)
    old, young = now - YEARS - 2 * DAY, now - YEARS + 2 * DAY
    read_at(house, old)
    read_at(house, young)
    assert tidy(shelf, keeping(reads=YEARS), now).reads == 1
    assert [row.at for row in shelf.find(AccessRow)] == [young]
    with pytest.raises(Exception, match="append-only"):
        tidy(shelf, keeping(reads=timedelta(0)), now)
    assert len(shelf.find(AccessRow)) == 1


def test_the_record_of_reads_is_never_rewritten_however_old(house: House):
    read_at(house, datetime.now(UTC) - 2 * YEARS)
    with pytest.raises(Exception, match=r"append-only|permission denied"):
        house.runtime.store.identity.change(AccessRow, {"person": "officer-X1"}, {"person": "officer-X2"})


def test_many_are_removed_in_small_transactions_and_the_rest_the_next_time(house: House):
    shelf, long_ago = house.runtime.store.identity, datetime.now(UTC) - 3 * YEARS
    for _ in range(12):
        read_at(house, long_ago)
    assert shelf.forget_over(AccessRow, datetime.now(UTC) - YEARS, 5) == 5
    assert tidy(shelf, keeping(), datetime.now(UTC)).reads == 7


def test_the_worker_tidies_up_once_an_hour(house: House):
    house.enter("producer-P1").delete("session")
    house.wait(days=200)
    house.hasher.hash(PASSWORD)
    steady = Still()
    tidying = Tidying(steady)
    first = tidying.due(house.runtime)
    assert first is not None
    assert first.sessions == 1
    steady.now += 3_599
    assert tidying.due(house.runtime) is None
    steady.now += 1
    again = tidying.due(house.runtime)
    assert again is not None
    assert not again


def test_the_settings_say_for_how_long_and_not_shorter_than_may_be():
    assert keeping_of(Settings()) == Keeping(90 * DAY, 90 * DAY, 3653 * DAY)
    assert keeping_of(read_settings({"OCOP_KEEP_READS_DAYS": "1826"})).reads == YEARS
    for name, value in (
        ("OCOP_KEEP_READS_DAYS", "1825"),
        ("OCOP_KEEP_LINKS_DAYS", "29"),
        ("OCOP_KEEP_SESSIONS_DAYS", "0"),
        ("OCOP_KEEP_READS_DAYS", "mãi"),
    ):
        with pytest.raises(MalformedInput) as refused:
            read_settings({name: value})
        assert refused.value.code == "setting_malformed"
