"""Deadlines that were begun before there were ladders get their steps, however many have no step ahead."""

import pytest
import sqlalchemy as sa

from notifications import composing
from tests.support.databases import Database
from tests.support.telling import notifications, steps
from tests.support.world import world_at
from workflow.store.urls import conninfo, sqlite_path


@pytest.fixture
def forget(database: Database):
    """Takes every step away, as if they had never been planned."""

    def without_steps() -> None:
        path = sqlite_path(database.owner_url)
        url = f"sqlite:///{path}" if path else sa.make_url(conninfo(database.owner_url)).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM rung"))
        engine.dispose()

    return without_steps


def test_every_running_deadline_gets_the_steps_that_lie_ahead_and_a_second_time_changes_nothing(database, forget, monkeypatch):
    with world_at(database.url) as world:
        late = world.filed("P1-01", at="2021-06-01 09:00")
        world.move("2021-07-09 12:00")
        cases = [world.filed(f"P1-{n:02d}") for n in range(2, 6)]
    forget()
    monkeypatch.setattr(composing, "PAGE", 2)
    with world_at(database.url, now="2021-07-09 12:00", two_rounds=False) as world:
        world.move("2021-07-09 12:00")
        telling = notifications(world)
        telling.plan_missing()
        planned = {case: steps(world, case, "province_eval") for case in (late, *cases)}
        assert all(found["T-7"] == found["T-0"] == found["T+1"] == "planned" for found in planned.values())
        assert all(steps(world, case, "district_eval") == {"T+1": "planned"} for case in (late, *cases))
        telling.plan_missing()
        assert {case: steps(world, case, "province_eval") for case in (late, *cases)} == planned


def test_certificates_in_force_and_open_work_of_plans_get_theirs_as_well(database, forget):
    with world_at(database.url) as world:
        case = world.certified("P1-01")
        (held,) = world.store.certificates()
    forget()
    with world_at(database.url, now="2021-09-01 12:00") as world:
        notifications(world).plan_missing()
        assert [r.rung for r in world.store.rungs([held.code])][:2] == ["T-180", "T-150"]
        assert case
