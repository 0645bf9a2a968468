"""The description held against the installation as it is, with tokens, right data and wrong: nothing undescribed, nothing without one."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from tests.support.identity import House, house_at
from tests.support.route_table import VALUES
from tests.support.world import TWO_ROUNDS, plan_file

PEOPLE = ("producer-P1", "officer-X1", "officer-VS", "auditor-VS")
EACH = 5
QUIET = list(HealthCheck)


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """An installation that answers under whatever name it is asked by."""
    with house_at(database_url, tmp_path, now="2021-01-11 08:00", public_url=None) as opened:
        opened.world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        yield opened


@pytest.fixture
def tokens(house: House) -> dict[str, str]:
    for number, product in enumerate(("P1-01", "P1-02", "P2-01")):
        house.world.registered(product)
        assert number < 3
    made = {}
    for person in PEOPLE:
        house.account(person)
        made[person] = house.identity.tokens.create(person, "Thử", ["read", "write", "admin"], 30, decides=False)[0]
    return made


def test_right_data_and_wrong_get_what_is_described_and_nothing_goes_without_a_token(house: House, tokens: dict[str, str]):
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed, so the interface is not tried by it")
    from schemathesis import GenerationMode  # noqa: PLC0415
    from schemathesis.checks import CHECKS, load_all_checks  # noqa: PLC0415
    from schemathesis.python import asgi  # noqa: PLC0415

    load_all_checks()
    app: Any = house.app
    general = CHECKS.get_by_names(
        ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
    )
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app=app)
    tried: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(max_examples=EACH, deadline=None, database=None, suppress_health_check=QUIET, phases=[Phase.generate])
            @given(
                operation=st.just(operation),
                case=operation.as_strategy(generation_mode=mode),
                person=st.sampled_from(PEOPLE),
                existing=st.booleans(),
            )
            def attempt(operation: Any, case: Any, person: str, existing: bool) -> None:
                if existing:
                    for name in case.path_parameters or {}:
                        case.path_parameters[name] = VALUES.get(name, "x")
                response = case.call(session=client, headers={"Authorization": f"Bearer {tokens[person]}"})
                case.validate_response(response, checks=general)
                tried.setdefault(operation.label, set()).add(response.status_code)
                if operation.definition.raw.get("security") and not operation.path.startswith(("/api/v1/session", "/login")):
                    alone = case.call(session=client, headers={"Authorization": "Bearer none"})
                    assert alone.status_code in {401, 405, 415, 422}, (operation.label, alone.status_code)

            with asgi.get_client(app) as client, suppress(Unsatisfiable):
                # An operation that takes nothing can be sent no wrong data.
                attempt()
    assert len(tried) > 60
    assert sum(200 in statuses for statuses in tried.values()) > 15, "not only refusals were tried"
