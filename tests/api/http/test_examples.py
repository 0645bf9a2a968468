"""The examples of the description: every operation has them, they have the shapes that they are examples of, and the server takes them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from api.pages.install import furnish
from states.chart import Rule
from states.errors import PayloadInvalid
from states.payload import read_payload
from states.vocabulary import Event
from tests.states.samples import CHARTS
from tests.support.identity import House, house_at

JSON = "application/json"
BADLY_SENT = {"request_invalid", "wrong_media_type", "key_missing", "version_missing", "unidentified", "asked_from_elsewhere"}
TELLS_ITSELF = {("GET", "/readyz", "503")}


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    with house_at(database_url, tmp_path, public_url=None) as made:
        furnish(made.app)
        yield made


def operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in found["paths"].items():
        for method, each in item.items():
            yield method.upper(), path, each


def shaped(found: dict[str, Any], schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**schema, "components": found["components"]})


def examples(media: dict[str, Any]) -> list[Any]:
    return [media["example"]] if "example" in media else [each["value"] for each in media.get("examples", {}).values()]


def unknown_keys(found: dict[str, Any], schema: dict[str, Any], value: Any, where: str) -> list[str]:
    """Fields of an example that its shape does not have, at any depth: the shape moved on, and the example did not."""
    if "$ref" in schema:
        schema = found["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        return [name for each in value for name in unknown_keys(found, schema.get("items", {}), each, f"{where}/0")]
    known = schema.get("properties")
    if not isinstance(value, dict) or known is None:
        return []
    strange = [] if schema.get("additionalProperties") else [f"{where}/{name}" for name in value if name not in known]
    return strange + [
        name for key, each in value.items() if key in known for name in unknown_keys(found, known[key], each, f"{where}/{key}")
    ]


def test_every_operation_shows_what_is_sent_and_what_is_answered(house: House):
    found = house.app.openapi()
    missing: list[tuple[str, ...]] = []
    for method, path, each in operations(found):
        sent = each.get("requestBody", {}).get("content", {}).get(JSON)
        if sent is not None and not examples(sent):
            missing.append((method, path))
        for status, answer in each["responses"].items():
            told = answer.get("content", {}).get(JSON) or answer.get("content", {}).get("application/problem+json")
            if told is not None and not examples(told) and (method, path, status) not in TELLS_ITSELF:
                missing.append((method, path, status))
    assert missing == []


def test_every_example_has_the_shape_that_it_is_an_example_of(house: House):
    found = house.app.openapi()
    wrong: list[tuple[Any, ...]] = []
    for method, path, each in operations(found):
        media = list(each.get("requestBody", {}).get("content", {}).items())
        media += [pair for answer in each["responses"].values() for pair in answer.get("content", {}).items()]
        for _, shown in media:
            validator = shaped(found, shown.get("schema", {}))
            for example in examples(shown):
                wrong += [(method, path, list(fault.instance_path), fault.message) for fault in validator.iter_errors(example)]
                wrong += [(method, path, name) for name in unknown_keys(found, shown.get("schema", {}), example, "")]
    assert wrong == []


def test_the_example_of_every_event_is_read_by_its_rule(house: House):
    told = house.app.openapi()["paths"]["/api/v1/cases/{code}/actions/{event}"]["post"]["requestBody"]["content"][JSON]["examples"]
    beside = {"reason", "acted_on", "on_behalf_of", "document"}
    assert len(told) > 15
    for name, each in told.items():
        given = {key: value for key, value in each["value"].items() if key not in beside}
        rules = [rule for chart in CHARTS.values() for rule in chart.rules if rule.event is Event(name)]
        assert any(read_by(rule, given) for rule in rules), (name, given)


def read_by(rule: Rule, given: dict[str, Any]) -> bool:
    """Whether a rule of one of the regimes takes a payload."""
    try:
        read_payload(rule.payload, given)
    except PayloadInvalid:
        return False
    return True


def test_the_server_reads_every_example_that_can_be_sent(house: House):
    admin, wrong, tried = house.administrator(), [], 0
    for method, path, each in operations(house.app.openapi()):
        sent = each.get("requestBody", {}).get("content", {}).get(JSON)
        if sent is None or path.startswith("/api/v1/session"):
            continue
        named = {p["name"]: p for p in each["parameters"]} if "parameters" in each else {}
        address = path
        for name, given in named.items():
            if given["in"] == "path":
                shown = next(iter(given["schema"].get("examples", given.get("examples", []))), "1")
                address = address.replace(f"{{{name}}}", str(shown).replace("|", "%7C").replace("…", ""))
        for event, example in (
            [("", examples(sent)[0])] if "{event}" not in path else [(name, value["value"]) for name, value in sent["examples"].items()]
        ):
            tried += 1
            answer = admin.send(
                method, address.replace("/actions/1", f"/actions/{event}"), example, Idempotency_Key=f"k{tried}", If_Match='"1"'
            )
            code = answer.json().get("code") if answer.content else None
            if answer.status_code >= 500 or code in BADLY_SENT:
                wrong.append((method, address, event, answer.status_code, answer.text[:300]))
    assert wrong == []
    assert tried > 60
