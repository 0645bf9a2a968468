"""A process that is asked to stop at an awkward moment stops."""

import signal
from collections.abc import Iterator

import pytest

from api.stopping import Asked


@pytest.fixture
def asked() -> Iterator[Asked]:
    """Listening, with the handlers of before put back in the end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield Asked()
    for number, handler in before.items():
        signal.signal(number, handler)


class Awkward:
    """Somebody presses Ctrl-C while it is thrown away."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_who_asks_while_something_is_thrown_away_is_heard(asked: Asked):
    assert not asked
    del (thrown := [Awkward()])[:]
    assert thrown == []
    assert asked
    asked.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("early", [True, False])
def test_whoever_has_to_know_is_told_whether_the_signal_came_before_or_comes_after(asked: Asked, number: signal.Signals, early: bool):
    told: list[str] = []
    if early:
        signal.raise_signal(number)
    asked.then(lambda: told.append("stop"))
    assert told == ["stop"] * early
    if not early:
        signal.raise_signal(number)
    assert told == ["stop"]
    assert asked
