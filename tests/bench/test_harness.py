from collections.abc import Sequence

import pytest

from tests.bench.harness import BenchFailed, Contestant, Rates, Step, duel, flush_microseconds


def counting(clients: range, *, amount: int) -> Sequence[Step]:
    return [lambda: amount for _ in clients]


def broken(clients: range) -> Sequence[Step]:
    def step() -> int:
        raise RuntimeError("out of acts")

    return [step for _ in clients]


def test_everybody_gets_a_slice_in_every_round_and_work_is_counted_over_all_clients():
    contestants = [Contestant("floor", counting, {"amount": 1}), Contestant("ours", counting, {"amount": 1000}, clients=4, processes=2)]
    found = duel(contestants, rounds=2, seconds=0.02)
    assert {name: len(rates.rates) for name, rates in found.items()} == {"floor": 2, "ours": 2}
    assert found["ours"].ratio(found["floor"]) > 10


def test_the_ratio_is_that_within_each_round():
    floor, ours = Rates("floor", [100, 1000, 10]), Rates("ours", [50, 500, 8])
    assert ours.ratio(floor) == 0.5
    assert ours.median == 50


def test_clients_are_spread_over_processes():
    assert Contestant("c", counting, clients=8, processes=2).shares() == [range(4), range(4, 8)]
    assert Contestant("c", counting).shares() == [range(1)]


def test_a_contestant_that_breaks_down_leaves_no_figures():
    with pytest.raises(BenchFailed, match="out of acts"):
        duel([Contestant("broken", broken)], rounds=1, seconds=0.02)


def test_a_flush_takes_time(tmp_path):
    assert flush_microseconds(str(tmp_path), times=2) > 0
