"""Tries come often at first and then seldom, one comes before the end, and then it is said that it is over."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.causes import Cause
from notifications.channels.retrying import DOUBT, JITTER, LAST_CALL, MAIL_PATIENCE, PATIENCE, SHORTEST, GiveUp, next_try
from notifications.messages import ChannelName, Later

START = datetime(2021, 7, 2, 1, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FAILED = Later("no")
CHANNELS = st.sampled_from(ChannelName)
SPANS = st.timedeltas(timedelta(0), 10 * DAY)


def life(
    channel: ChannelName, useful: timedelta | None = None, *, outcome: Later = FAILED, key: str = "k"
) -> tuple[list[timedelta], Cause]:
    """Times of the tries from the first one on, if each fails at once, and why it ends."""
    at, tries = START, [timedelta(0)]
    until = None if useful is None else START + useful
    while True:
        following = next_try(channel, outcome, key=key, tries=len(tries), doubts=0, first_at=START, failed_at=at, useful_until=until)
        if isinstance(following, GiveUp):
            return tries, following.why
        assert following > at
        at = following
        tries.append(at - START)


def test_a_letter_is_tried_after_5_15_and_30_minutes_and_then_every_hour_for_five_days():
    tries, why = life(ChannelName.EMAIL)
    assert tries[:6] == [timedelta(0), 5 * MINUTE, 20 * MINUTE, 50 * MINUTE, 110 * MINUTE, 170 * MINUTE]
    assert tries[-1] == 5 * DAY - LAST_CALL
    assert why is Cause.PATIENCE_OVER


def test_a_webhook_is_tried_after_half_a_minute_and_then_ever_more_seldom_for_three_days():
    tries, why = life(ChannelName.WEBHOOK)
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    for pause, planned in zip(pauses, [30 / 3600, 5 / 60, 0.5, 2, 5, 10, 10, 10, 10], strict=False):
        assert planned * HOUR <= pause <= planned * HOUR * (1 + JITTER)
    assert tries[-1] == 3 * DAY - LAST_CALL
    assert 10 <= len(tries) <= 14
    assert why is Cause.PATIENCE_OVER


def test_the_duty_ends_the_patience_and_one_try_comes_just_before_it():
    tries, why = life(ChannelName.EMAIL, 3 * HOUR)
    assert tries == [timedelta(0), 5 * MINUTE, 20 * MINUTE, 50 * MINUTE, 110 * MINUTE, 170 * MINUTE]
    assert why is Cause.MOMENT_PASSED
    assert life(ChannelName.EMAIL, 100 * MINUTE)[0][-1] == 90 * MINUTE
    assert life(ChannelName.WEBHOOK, 20 * HOUR)[0][-1] == 20 * HOUR - LAST_CALL


def test_a_letter_that_begins_just_before_the_end_gets_what_tries_there_are():
    assert life(ChannelName.EMAIL, 8 * MINUTE)[0] == [timedelta(0), 5 * MINUTE]
    assert life(ChannelName.EMAIL, 4 * MINUTE) == ([timedelta(0)], Cause.MOMENT_PASSED)
    assert life(ChannelName.EMAIL, timedelta(0)) == ([timedelta(0)], Cause.MOMENT_PASSED)


def test_webhooks_that_failed_together_come_back_apart():
    firsts = {life(ChannelName.WEBHOOK, key=f"key-{number}")[0][3] for number in range(100)}
    assert len(firsts) == 100


@pytest.mark.parametrize("after", [2 * HOUR, 9 * HOUR])
def test_a_wish_to_be_left_alone_is_heard(after: timedelta):
    tries, _ = life(ChannelName.WEBHOOK, outcome=Later("429", after=after))
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert min(pauses[:-1]) >= after


def test_a_wish_beyond_the_end_leaves_one_last_try():
    tries, why = life(ChannelName.WEBHOOK, outcome=Later("429", after=timedelta.max))
    assert tries == [timedelta(0), 3 * DAY - LAST_CALL]
    assert why is Cause.PATIENCE_OVER


def test_what_is_in_doubt_is_sent_once_more_and_then_left_to_a_person():
    doubt = Later("", in_doubt=True)
    arguments = {"key": "k", "first_at": START, "failed_at": START, "useful_until": None}
    again = next_try(ChannelName.EMAIL, doubt, tries=1, doubts=1, **arguments)  # type: ignore[arg-type]
    assert again == START + DOUBT
    assert next_try(ChannelName.EMAIL, doubt, tries=2, doubts=2, **arguments) == GiveUp(Cause.STILL_IN_DOUBT)  # type: ignore[arg-type]
    # A plain failure after a doubt says nothing new about the first copy.
    assert isinstance(next_try(ChannelName.EMAIL, FAILED, tries=3, doubts=2, **arguments), datetime)  # type: ignore[arg-type]


@given(
    channel=CHANNELS,
    key=st.text(max_size=20),
    tries=st.integers(1, 10_000),
    doubts=st.integers(0, 3),
    failed=SPANS,
    useful=st.none() | st.timedeltas(-DAY, 10 * DAY),
    after=st.none() | st.timedeltas(timedelta(0), timedelta.max),
    in_doubt=st.booleans(),
)
def test_a_next_try_lies_after_the_last_one_and_before_the_end_and_is_always_the_same(  # noqa: PLR0913
    channel: ChannelName,
    key: str,
    tries: int,
    doubts: int,
    failed: timedelta,
    useful: timedelta | None,
    after: timedelta | None,
    in_doubt: bool,
):
    outcome = Later("no", after=after, in_doubt=in_doubt)
    until = None if useful is None else START + useful
    end = min(START + PATIENCE.get(channel, MAIL_PATIENCE), until or datetime.max.replace(tzinfo=UTC))

    def following() -> datetime | GiveUp:
        return next_try(channel, outcome, key=key, tries=tries, doubts=doubts, first_at=START, failed_at=START + failed, useful_until=until)

    found = following()
    assert found == following()
    if isinstance(found, datetime):
        assert START + failed < found < end
        assert found - (START + failed) >= min(SHORTEST, timedelta(seconds=30))
    elif found.why is not Cause.STILL_IN_DOUBT:
        assert START + failed > end - LAST_CALL - SHORTEST


@given(channel=CHANNELS, useful=st.timedeltas(timedelta(0), 8 * DAY), key=st.text(max_size=5))
def test_nothing_is_given_up_without_a_try_in_its_last_minutes_and_nobody_is_hammered(channel: ChannelName, useful: timedelta, key: str):
    tries, why = life(channel, useful, key=key)
    end = min(useful, PATIENCE.get(channel, MAIL_PATIENCE))
    assert tries[-1] > end - LAST_CALL - SHORTEST
    assert len(tries) <= 130
    assert why is (Cause.MOMENT_PASSED if useful <= PATIENCE.get(channel, MAIL_PATIENCE) else Cause.PATIENCE_OVER)
