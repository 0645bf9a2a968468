"""An operation on many cases that was accepted: what becomes of the rest when its owner loses an account, a session, a token or a function."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from api.identity.owners import owner_of
from api.told import told
from tests.api.identity.test_removed_midway import in_the_moment, program
from tests.support.identity import CLI, PASSWORD, Browser, House
from workflow.accounts import SessionRow
from workflow.audit import drifts
from workflow.bulk import step

OWNER = "officer-H1"
WITHDRAW = {"event": "withdraw", "reason": "Chủ thể xin rút"}


@pytest.fixture
def cases(house: House) -> list[str]:
    """Six ideas of the district, and somebody who may close its accounts."""
    house.world.appoint("admin-TW", "administrator", "centre", "TW")
    return [house.world.registered(f"P1-{n:02d}") for n in range(1, 7)]


def begun(browser: Browser, cases: list[str]) -> str:
    body = {**WITHDRAW, "cases": [{"case": code} for code in cases]}
    answer = browser.post("bulk-operations", body, Idempotency_Key="night")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def carried(house: House, limit: int = 2) -> None:
    while step(house.runtime.store, house.runtime.engine, told, owner_of(house.runtime), limit=limit):
        pass


def fates(house: House, operation: str) -> list[str]:
    return [str(item.fate) for item in house.runtime.store.bulk_items(operation)]


def close(house: House) -> None:
    house.identity.accounts.disable(house.registry, OWNER, "Nghỉ việc", by=CLI, day=house.identity.today())


def end(house: House) -> None:
    for row in house.identity.sessions.of(OWNER):
        house.identity.sessions.end(row)


def another_password(house: House) -> None:
    token, _ = house.identity.accounts.link_for(OWNER, by=CLI)
    house.identity.accounts.use_link(token, "mười năm trồng cây ăn quả", house.registry)


def decides(house: House) -> None:
    house.world.appoint(OWNER, "authority", "district", "H1")


ENDINGS: dict[str, tuple[Callable[[House], None], str]] = {
    "the account is closed": (close, "asker_closed"),
    "the session is ended": (end, "asker_revoked"),
    "another password is chosen by a link": (another_password, "asker_revoked"),
    "the owner comes to decide, without a second factor": (decides, "asker_owes_factor"),
}


@pytest.mark.parametrize("when", ["between two batches", "in the moment of a write"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_left_is_refused_in_words(house: House, cases: list[str], monkeypatch: pytest.MonkeyPatch, ending: str, when: str):
    happen, code = ENDINGS[ending]
    operation = begun(house.enter(OWNER), cases)
    store, engine, owner = house.runtime.store, house.runtime.engine, owner_of(house.runtime)
    assert step(store, engine, told, owner, limit=2) == 2
    if when == "in the moment of a write":
        with monkeypatch.context() as patch:
            happened = in_the_moment(house, patch, "write_each", lambda: happen(house))
            assert step(store, engine, told, owner, limit=2) == 2
        assert happened
    else:
        happen(house)
    carried(house)
    assert fates(house, operation) == ["moved"] * 2 + ["blocked"] * 4
    for item in store.bulk_items(operation)[2:]:
        assert item.told is not None
        assert item.told["code"] == code
        assert all(len(item.told["text"][language]) > 20 for language in ("vi", "en"))
    ended = store.bulk(operation)
    assert ended is not None
    assert ended.state == "done", "it does not stay behind for ever"
    assert [str(house.world.state(c)) for c in cases] == ["withdrawn"] * 2 + ["idea_registered"] * 4
    assert list(drifts(store)) == []


def test_a_token_that_is_revoked_carries_no_more_through_and_one_that_expires_does(house: House, cases: list[str]):
    machine, token = program(house, house.enter(OWNER))
    operation = begun(machine, cases)
    house.wait(days=400)
    assert machine.get("cases").status_code == 401, "it has expired"
    assert step(house.runtime.store, house.runtime.engine, told, owner_of(house.runtime), limit=2) == 2
    assert fates(house, operation)[:2] == ["moved", "moved"]
    house.identity.tokens.revoke(token, person=OWNER)
    carried(house)
    assert fates(house, operation) == ["moved"] * 2 + ["blocked"] * 4


def left(house: House, browser: Browser) -> None:
    assert browser.delete("session").status_code == 204


def overslept(house: House, _: Browser) -> None:
    house.wait(hours=13)


def signed_in_again(house: House, browser: Browser) -> None:
    assert browser.post("session", {"login": OWNER, "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("how", [left, overslept, signed_in_again], ids=["signed out", "run out", "signed in again in its place"])
def test_a_session_that_is_merely_over_does_not_stop_what_was_accepted(
    house: House, cases: list[str], how: Callable[[House, Browser], None]
):
    browser = house.enter(OWNER)
    operation, cookie = begun(browser, cases), browser.cookie
    how(house, browser)
    old = house.browser("10.6.0.1")
    old.client.headers["Cookie"] = f"__Host-ocop={cookie}"
    assert old.get("cases").status_code == 401, "for the browser it is over"
    carried(house)
    assert fates(house, operation) == ["moved"] * 6


def test_each_case_is_judged_with_what_the_owner_may_when_its_turn_comes(house: House, cases: list[str]):
    operation = begun(house.enter(OWNER), cases)
    store = house.runtime.store
    assert step(store, house.runtime.engine, told, owner_of(house.runtime), limit=2) == 2
    house.world.appoint(OWNER, "officer", "district", "H1", until="2021-06-01")
    house.world.appoint(OWNER, "auditor", "district", "H1")
    carried(house)
    assert fates(house, operation) == ["moved"] * 2 + ["blocked"] * 4
    codes = {reason["code"] for item in store.bulk_items(operation)[2:] for reason in (item.told or {})["reasons"]}
    assert codes == {"function_required"}


def test_what_was_refused_goes_on_when_the_owner_asks_again(house: House, cases: list[str]):
    browser = house.enter(OWNER)
    operation = begun(browser, cases)
    end(house)
    carried(house)
    assert fates(house, operation) == ["blocked"] * 6
    again = house.enter(OWNER, house.browser("10.6.0.2"))
    assert again.post(f"bulk-operations/{operation}/retry", {}, Idempotency_Key="again").status_code == 200
    carried(house)
    assert fates(house, operation) == ["moved"] * 6


def test_the_session_is_not_forgotten_before_what_it_began_is_done(house: House, cases: list[str]):
    """A credential that nobody knows any more vouches for nothing: who tidies up sooner than a night run takes stops it, in words."""
    operation = begun(house.enter(OWNER), cases)
    house.wait(days=400)
    house.runtime.store.identity.forget_over(SessionRow, house.clock.now() - timedelta(days=1), 100)
    carried(house)
    assert {(item.told or {})["code"] for item in house.runtime.store.bulk_items(operation)} == {"asker_revoked"}


def test_an_operation_from_before_credentials_were_kept_goes_by_the_account(house: House, cases: list[str]):
    operation = begun(house.enter(OWNER), cases)
    forgotten(house)
    assert step(house.runtime.store, house.runtime.engine, told, owner_of(house.runtime), limit=2) == 2
    close(house)
    carried(house)
    assert fates(house, operation) == ["moved"] * 2 + ["blocked"] * 4


def forgotten(house: House) -> Any:
    store: Any = house.runtime.store
    return store._act(lambda transaction: transaction.run("UPDATE bulk_operation SET credential=NULL RETURNING id"))
