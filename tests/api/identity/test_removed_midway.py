"""Rights that are taken away while a request is being served: between its being let in and its commit. The act is refused.

The removal is caused, not described: it is carried out in the very moment in which the judged act is handed to the database.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.identity import CLI, Browser, House
from workflow.audit import drifts

SELECT = {"document_no": "3/TB", "document_date": "2021-06-01"}


@pytest.fixture
def case(house: House) -> str:
    """A registered idea in June 2021."""
    return house.world.registered()


def select(browser: Browser, house: House, case: str, event: str = "select", version: int | None = None, **body: Any) -> Any:
    version = version or house.world.case(case).version
    return browser.post(f"cases/{case}/actions/{event}", body or SELECT, Idempotency_Key=f"k-{version}", If_Match=f'"{version}"')


def in_the_moment(house: House, monkeypatch: pytest.MonkeyPatch, name: str, removal: Callable[[], object]) -> list[str]:
    """Carry out a removal once, after an act has been judged and before the database is asked to write it."""
    store, done = house.runtime.store, list[str]()
    original = getattr(store, name)

    def write(*given: Any, **named: Any) -> Any:
        if not done:
            done.append(name)
            removal()
        return original(*given, **named)

    monkeypatch.setattr(store, name, write)
    return done


def program(house: House, browser: Browser) -> tuple[Browser, str]:
    """A program with a token of the person who is signed in, and the token's id."""
    made = browser.post("tokens", {"name": "Máy", "scopes": ["read", "write"]}).json()
    machine = house.browser("10.9.9.9")
    machine.origin = None
    machine.client.headers["Authorization"] = f"Bearer {made['token']}"
    return machine, made["id"]


def untouched(house: House, case: str) -> bool:
    """Nothing was done with the case; a refused attempt may have been kept."""
    done = [e.event for e in house.world.history(case) if e.outcome == "done"]
    return done == ["register"] and str(house.world.state(case)) == "idea_registered" and list(drifts(house.runtime.store)) == []


def test_a_function_that_ends_in_the_moment_is_none(house: House, case: str, monkeypatch: pytest.MonkeyPatch):
    browser = house.enter("authority-H1")
    done = in_the_moment(
        house, monkeypatch, "write", lambda: house.world.appoint("authority-H1", "authority", "district", "H1", until="2021-06-01")
    )
    answer = select(browser, house, case)
    assert done
    # Without any function in the territory the case is not even there.
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert untouched(house, case)


def test_one_function_of_several_that_ends_in_the_moment_is_403(house: House, case: str, monkeypatch: pytest.MonkeyPatch):
    house.world.appoint("authority-H1", "auditor", "district", "H1")
    browser = house.enter("authority-H1")
    in_the_moment(
        house, monkeypatch, "write", lambda: house.world.appoint("authority-H1", "authority", "district", "H1", until="2021-06-01")
    )
    answer = select(browser, house, case)
    assert (answer.status_code, [r["code"] for r in answer.json()["reasons"]]) == (403, ["function_required"])
    assert untouched(house, case)


@pytest.mark.parametrize("how", ["ended by an administrator", "signed out elsewhere", "account closed"])
def test_a_session_that_ends_in_the_moment_carries_nothing_through(house: House, case: str, monkeypatch: pytest.MonkeyPatch, how: str):
    browser = house.enter("authority-H1")
    (session,) = house.identity.sessions.of("authority-H1")
    house.world.appoint("admin-TW", "administrator", "centre", "TW")
    removal = {
        "ended by an administrator": lambda: house.identity.sessions.end(session),
        "signed out elsewhere": lambda: house.identity.sessions.end_all("authority-H1"),
        "account closed": lambda: house.identity.accounts.disable(
            house.registry, "authority-H1", "Nghỉ việc", by=CLI, day=house.identity.today()
        ),
    }[how]
    in_the_moment(house, monkeypatch, "write", removal)
    answer = select(browser, house, case)
    assert (answer.status_code, answer.json()["code"]) == (401, "unidentified")
    assert untouched(house, case)


def test_a_token_that_is_revoked_in_the_moment_carries_nothing_through(house: House, case: str, monkeypatch: pytest.MonkeyPatch):
    machine, token = program(house, house.enter("authority-H1"))
    in_the_moment(house, monkeypatch, "write", lambda: house.identity.tokens.revoke(token, person="authority-H1"))
    answer = select(machine, house, case)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_unknown")
    assert untouched(house, case)


def test_a_token_revoked_before_the_act_is_judged_is_found_out_though_the_registry_was_read_since(
    house: House, case: str, monkeypatch: pytest.MonkeyPatch
):
    machine, token = program(house, house.enter("authority-H1"))

    def revoked_and_looked_at() -> None:
        house.identity.tokens.revoke(token, person="authority-H1")
        house.runtime.engine.world(fresh=True)  # Somebody else's request has read the registry anew by now.

    version = house.world.case(case).version
    done = in_the_moment(house, monkeypatch, "load_case", revoked_and_looked_at)
    answer = select(machine, house, case, version=version)
    assert done
    assert answer.status_code == 401
    assert untouched(house, case)


def test_somebody_else_s_sign_out_in_the_moment_disturbs_nobody(house: House, case: str, monkeypatch: pytest.MonkeyPatch):
    browser = house.enter("authority-H1")
    house.enter("officer-H2", house.browser("10.7.7.7"))
    in_the_moment(house, monkeypatch, "write", lambda: house.identity.sessions.end_all("officer-H2"))
    assert select(browser, house, case).status_code == 200


def test_a_delegation_that_is_revoked_in_the_moment_gives_nothing(house: House, case: str, monkeypatch: pytest.MonkeyPatch):
    house.world.appoint("deputy", "auditor", "district", "H1")
    given = house.enter("authority-H1").post(
        "delegations",
        {"seat": "authority@district", "unit": "H1", "taker": "deputy", "first": "2021-06-01", "last": "2021-06-30", "document_no": "5/QĐ", "reason": "Đi học"},
        Idempotency_Key="d-1",
    )  # fmt: skip
    assert given.status_code == 201, given.text
    deputy = house.enter("deputy", house.browser("10.8.8.8"))
    code = given.json()["code"]
    in_the_moment(house, monkeypatch, "write", lambda: house.runtime.delegations.revoke(code, actor="authority-H1", reason="Đã về"))
    answer = select(deputy, house, case)
    assert (answer.status_code, [r["code"] for r in answer.json()["reasons"]]) == (403, ["function_required"])
    assert untouched(house, case)


def test_a_second_person_whose_session_ends_in_the_moment_confirms_nothing(house: House, monkeypatch: pytest.MonkeyPatch):
    world = house.world
    case = world.registered()
    world.act(case, "select")
    world.act(case, "submit_plan")
    world.move("2021-11-15 09:00")
    asked = world.act(
        case, "override", by="authority-VS", reason="Mưa lũ", step="file", overrides=["no_open_round"], decision_no="7/QĐ",
        decision_date="2021-11-15", decision_signer="K",
    )  # fmt: skip
    browser = house.enter("officer-VS")
    in_the_moment(house, monkeypatch, "write", lambda: house.identity.sessions.end_all("officer-VS"))
    version = world.case(case).version
    answer = browser.post(f"confirmations/{asked.confirmation}", {"confirm": True}, Idempotency_Key="c-1", If_Match=f'"{version}"')
    assert answer.status_code == 401
    assert "override" not in world.events(case)


def test_what_was_removed_while_the_database_writes_comes_after_the_act(house: House, case: str):
    """The order that both can be read in: an act that is committed was let in, judged and written before the removal."""
    browser = house.enter("authority-H1")
    assert select(browser, house, case).status_code == 200
    house.identity.sessions.end_all("authority-H1")
    again = select(browser, house, case, "withdraw", reason="x")
    assert again.status_code == 401
