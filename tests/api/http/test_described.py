"""The description of the interface says what it does: every operation, every status, every shape; tried by schemathesis as each function."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.problems import STATUS
from api.schemas.common import ProblemOut
from states.errors import CycleError
from tests.packaging.project import ROOT
from tests.support.http import Http
from tests.support.http_telling import TellingHttp, telling_at
from tests.support.told import LINKS
from workflow.audit import drifts

CALLERS = (
    "producer-P1", "officer-X1", "officer-H1", "secretary-H1", "chair-H1", "authority-H1", "auditor-VS", "officer-VS", "authority-VS",
    "secretary-VS", "officer-TW", "authority-TW",
)  # fmt: skip
TRIES_EACH = 15
WRITES_NOTHING = {"/api/v1/what-if", "/api/v1/plans/check"}
"""Questions that are too long for an address; nothing of them could be done twice."""


def description(api: Http) -> dict[str, Any]:
    answer = api.get("openapi.json", None)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(found: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, item in found["paths"].items() for method, each in item.items()]


def test_every_operation_is_told_in_both_languages_with_its_errors(api: Http):
    found = description(api)
    assert found["openapi"] == "3.1.0"
    listed = operations(found)
    assert len(listed) > 90
    assert len({each["operationId"] for _, _, each in listed}) == len(listed)
    for path, method, each in listed:
        told = each["description"]
        assert " · " in told, (path, told)
        assert re.search(r"[à-ỹđ]", told, re.IGNORECASE), (path, told)
        if not each["security"]:
            continue
        assert {"401", "403", "422", "503"} <= set(each["responses"]), path
        for status, answer in each["responses"].items():
            if status >= "400":
                media = answer["content"]["application/problem+json"]
                assert media["schema"] == {"$ref": "#/components/schemas/ProblemOut"}
                assert media["example"]["status"] == int(status)
        if method == "post" and path not in WRITES_NOTHING:
            assert {"400", "409"} <= set(each["responses"]), path
            names = {p["name"]: p["required"] for p in each["parameters"]}
            assert names["Idempotency-Key"], path
            assert each["requestBody"]["content"]["application/json"]


def test_the_example_of_each_event_is_what_its_rule_asks_for(api: Http):
    body = description(api)["paths"]["/api/v1/cases/{code}/actions/{event}"]["post"]["requestBody"]["content"]["application/json"]
    assert {"select", "file", "forward", "conclude", "certify", "publish", "withdraw"} <= set(body["examples"])
    assert "register" not in body["examples"]
    assert "defer" in body["examples"], "the office may put off as well"
    assert "sort" not in body["examples"], "the system's own"
    assert set(body["examples"]["certify"]["value"]) == {"decision_no", "decision_date"}


def test_every_reference_leads_somewhere(api: Http):
    found = description(api)
    for name in set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(found))):
        assert name in found["components"]["schemas"]


def subclasses(kind: type[CycleError]) -> set[type[CycleError]]:
    return {kind, *(each for below in kind.__subclasses__() for each in subclasses(below))}


def test_every_error_has_its_status_once():
    import workflow.season  # noqa: F401, PLC0415 - its error is one of them

    private = {"_WithProblems", "_WithReasons"}
    for kind in subclasses(CycleError) - {CycleError}:
        # Those that this suite makes up are no errors of the product.
        if kind.__name__ not in private and not kind.__module__.startswith("tests"):
            nearest = next((above for above in kind.__mro__ if above in STATUS), None)
            assert nearest is not None, kind
    assert set(STATUS.values()) == {400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 415, 421, 422, 428, 429, 431, 500, 502, 503}


def test_every_answer_fits_its_description(database_url: str):
    with telling_at(database_url) as api:
        tried_as_twelve(api)


def tried_as_twelve(api: TellingHttp) -> None:
    """Every operation, with what is there and with what is not, by each of the callers."""
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed, so the interface is not tried by it")
    from schemathesis.checks import CHECKS, load_all_checks  # noqa: PLC0415
    from schemathesis.python import asgi  # noqa: PLC0415

    load_all_checks()
    app: Any = api.client.app
    checks = CHECKS.get_by_names(
        ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
    )
    cases = [
        api.world.registered("P1-01"),
        api.world.filed("P1-02", "2021-02-01 08:00"),
        api.world.at_province("P2-01", at="2021-02-02 08:00"),
    ]
    certified = api.world.certified("P2-02", at="2021-05-10 08:00")
    certificate = api.world.store.certificates()[0].code
    term = next(iter(api.world.running(cases[1]).values())).id
    api.world.act(cases[1], "return_for_completion", at="2021-05-10 09:00")
    api.tell("2021-07-08 12:00")
    hook = api.post("webhooks", "officer-VS", {"url": "https://nhan.example.vn/ocop", "unit": "VS"}).json()["id"]
    feed = api.post("feeds", "officer-VS", {"scope": "unit", "code": "VS"}).json()
    deliveries = [each["key"] for each in api.all("deliveries", "officer-VS", 500)][:20]
    letters = [each["key"] for each in api.all("inbox", "producer-P1", 200)][:5]
    links = [LINKS.token(row.person, row.duty) for row in api.world.store.links(["producer-P1"])][-3:]
    real = {
        "/cases/": cases, "/rounds/": ["VS-2021-1", "VS-2021-2"], "/plans/": ["KH-2021"], "/certificates/": [certificate], "/charts/": ["round"],
        "/calendars/": ["VN", "VS"], "/log/": [certified], "/deliveries/": deliveries, "/inbox/": letters, "/webhooks/": [hook],
        "/feeds/{name}": [feed["name"]], "/feeds/{token}": [feed["token"]], "/ack/": links, "/call-sheets/": ["VS", "X1"], "/reach/": ["VS"],
        "/people/": ["producer-P1", "officer-VS"], "/units/": ["VS", "X1"],
    }  # fmt: skip
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app=app)
    tried: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(max_examples=TRIES_EACH, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
        @given(
            operation=st.just(operation),
            case=operation.as_strategy(),
            caller=st.sampled_from(CALLERS),
            existing=st.booleans(),
            version=st.integers(1, 4),
            data=st.data(),
        )
        def attempt(operation: Any, case: Any, caller: str, existing: bool, version: int, data: Any) -> None:  # noqa: PLR0913
            if existing and case.path_parameters:
                for part, codes in real.items():
                    if part in operation.path:
                        first = next(iter(case.path_parameters))
                        case.path_parameters[first] = data.draw(st.sampled_from(codes))
                        if "term" in case.path_parameters:
                            case.path_parameters["term"] = term
                case.headers = {**(case.headers or {}), "If-Match": f'"{version}"'}
            response = case.call(session=client, headers={"X-Test-Person": caller})
            case.validate_response(response, checks=checks)
            tried.setdefault(operation.label, set()).add(response.status_code)

        with asgi.get_client(app) as client:
            attempt()
    assert len(tried) == len(operations(description(api)))
    reads = [label for label, statuses in tried.items() if label.startswith("GET") and 200 in statuses]
    assert len(reads) > 40, f"not only refusals were tried: {len(reads)}"
    assert list(drifts(api.world.store)) == []


def test_the_description_names_no_machine(api: Http):
    text = json.dumps(description(api))
    for word in (str(ROOT), "localhost", "127.0.0.1", "http://", "https://cdn"):
        assert word not in text


def test_a_problem_document_has_the_shape_that_is_described(api: Http):
    for answer in (api.get("cases/none"), api.get("cases", None), api.get("nothing"), api.post("cases", "producer-P1", {})):
        ProblemOut.model_validate(answer.json(), strict=True)
