"""The benchmark of forecasts measures what it says: a round with all its members, over cases that were really evaluated."""

import os

import pytest

from tests.bench.forecast import ROUND, Size, measure, place
from tests.support.databases import chosen_kind
from tests.support.world import world_at

pytestmark = pytest.mark.database
SIZE = Size(members=12, before=40, turns=1)


def test_every_member_of_the_round_is_forecast_from_cases_evaluated_before():
    with place(chosen_kind(), os.environ.get("OCOP_TEST_POSTGRES_URL")) as url:
        found = list(measure(url, SIZE))
        with world_at(url, "2021-06-26 08:00") as world:
            forecast = world.forecasts.round(ROUND)
    assert [(f.name, f.cases) for f in found] == [(name, 52) for name in ("forecast", "round as it stands", "what-if", "back-test")]
    assert all(f.ours > 0 and f.floor > 0 for f in found)
    assert [(d.stage, d.cases, d.known) for d in forecast.dates] == [("district_eval", 6, 6), ("province_eval", 12, 12)]
