"""What is handed on and what is asked of a second person: nobody gets further by a token, a deputy or a giver than by themselves."""

from typing import Any

import pytest

from states.regime import local_date
from tests.support.identity import Browser, House
from tests.support.world import TWO_ROUNDS, plan_file

DELEGATION = {
    "unit": "VS", "taker": "deputy", "first": "2021-06-01", "last": "2021-06-30", "document_no": "5/QĐ-UBND", "reason": "Đi học",
}  # fmt: skip


def program(house: House, browser: Browser, *scopes: str) -> Browser:
    """A program with a token of the person who is signed in."""
    token = browser.post("tokens", {"name": "Máy", "scopes": ["read", *scopes]}).json()["token"]
    machine = house.browser("10.9.9.9")
    machine.origin = None
    machine.client.headers["Authorization"] = f"Bearer {token}"
    return machine


# Method, address, body, and the status for a token that may read; read and write; all.
BEYOND = [
    ("POST", "tokens", {"name": "Nữa", "scopes": ["write"]}, (403, 403, 403)),
    ("POST", "tokens", {"name": "Nữa", "scopes": ["read"]}, (403, 403, 403)),
    ("POST", "delegations", {**DELEGATION, "seat": "officer@province"}, (403, 403, 201)),
    ("POST", "users", {"person": "producer-P1", "login": "p-1"}, (403, 403, 201)),
    ("PUT", "session/password", {"old": "x", "new": "mười năm trồng cây ăn quả"}, (401, 401, 401)),
    ("POST", "session/second-factor", {"code": "000000"}, (401, 401, 401)),
    ("POST", "session/second-factor/enrolment", {}, (401, 401, 401)),
    ("DELETE", "session", None, (401, 401, 401)),
    ("GET", "session", None, (200, 200, 200)),
]


@pytest.mark.parametrize(("method", "path", "body", "statuses"), BEYOND)
def test_a_token_goes_no_further_than_its_scopes_and_never_to_another_credential(
    house: House, method: str, path: str, body: Any, statuses: tuple[int, ...]
):
    house.world.appoint("deputy", "adviser", "province", "VS")
    browser = house.enter("officer-VS")
    machines = [program(house, browser), program(house, browser, "write"), program(house, browser, "write", "admin")]
    found = tuple(machine.send(method, path, body, Idempotency_Key=f"k-{n}").status_code for n, machine in enumerate(machines))
    assert found == statuses


@pytest.fixture
def ordered(house: House) -> str:
    """A dossier on which the council has concluded: only a decision brings it back."""
    world = house.world
    world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
    world.appoint("deputy", "adviser", "province", "VS")
    case = world.at_province("P1-02")
    world.act(case, "conclude", mean=80)
    given = house.enter("authority-VS").post("delegations", {**DELEGATION, "seat": "authority@province"}, Idempotency_Key="d")
    assert given.status_code == 201, given.text
    return case


def order(house: House, browser: Browser, case: str) -> str:
    today = local_date(house.clock.now()).isoformat()
    body = {
        "reason": "Thiếu trang", "step": "return_for_completion", "overrides": ["already_concluded"], "decision_no": "7/QĐ",
        "decision_date": today, "decision_signer": "K",
    }  # fmt: skip
    version = house.world.case(case).version
    answer = browser.post(f"cases/{case}/actions/override", body, Idempotency_Key="order", If_Match=f'"{version}"')
    assert answer.status_code == 202, answer.text
    return str(answer.json()["receipt"]["confirmation"])


@pytest.mark.parametrize(
    ("orders", "confirms", "why"),
    [
        ("authority-VS", "authority-VS", "second_person"),
        ("deputy", "deputy", "second_person"),
        # The giver is whom it was ordered for; the deputy would confirm for whoever ordered it.
        ("deputy", "authority-VS", "second_person"),
        ("authority-VS", "deputy", "not_of_its_unit"),
    ],
)
def test_giver_and_deputy_are_one_person_to_whom_a_second_is_wanted(house: House, ordered: str, orders: str, confirms: str, why: str):
    browsers = {p: house.enter(p, house.browser(f"10.3.0.{n}")) for n, p in enumerate(("authority-VS", "deputy", "officer-VS"))}
    confirmation = order(house, browsers[orders], ordered)

    def said(person: str, key: str) -> Any:
        version = house.world.case(ordered).version
        return browsers[person].post(f"confirmations/{confirmation}", {"confirm": True}, Idempotency_Key=key, If_Match=f'"{version}"')

    refused = said(confirms, "own")
    assert refused.status_code == 403
    assert why in {reason["code"] for reason in refused.json()["reasons"]}
    assert "override" not in house.world.events(ordered)
    assert said("officer-VS", "other").status_code == 200
    assert "override" in house.world.events(ordered)


def test_the_duties_of_a_second_person_are_not_lent_in_part(house: House, ordered: str):
    """A delegation of some events lends those, and not the word of a second person."""
    partly = {**DELEGATION, "seat": "officer@province", "events": ["publish"]}
    assert house.enter("officer-VS").post("delegations", partly, Idempotency_Key="p").status_code == 201
    confirmation = order(house, house.enter("authority-VS", house.browser("10.3.0.1")), ordered)
    deputy = house.enter("deputy", house.browser("10.3.0.2"))
    version = house.world.case(ordered).version
    refused = deputy.post(f"confirmations/{confirmation}", {"confirm": True}, Idempotency_Key="c", If_Match=f'"{version}"')
    assert refused.status_code == 403
