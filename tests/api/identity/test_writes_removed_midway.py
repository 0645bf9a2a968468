"""Writes beside the history whose asker loses the session, the token, the account or the function in the very moment of the write.

Every kind of write is caused to be overtaken by every kind of ending: the ending is carried out when the judged write is handed to the
database. Nothing of the write may stand then, and its asker is told what anybody without that right is told.
"""

from base64 import b32decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from api.identity.access_log import Asker
from api.identity.errors import SecondAdministrator
from api.identity.totp import code_at, step_of
from tests.api.identity.test_removed_midway import in_the_moment, program
from tests.support.identity import CLI, PASSWORD, Browser, House
from workflow.accounts import AccessRow, AccountRow, LinkRow, SessionRow, TokenRow
from workflow.operations import Fate

ASKER, TARGET = "asker", "seller"


@dataclass(frozen=True)
class Write:
    """One kind of write.

    Attributes:
        method, path, body: Of the request; ``{…}`` in the path is what ``before`` returns.
        before: Makes what the write is about.
        by_function: The status once the function is gone; None where no function is asked for.
        by_program: Whether a token may do it.
    """

    method: str
    path: str
    body: Any = None
    before: Callable[[House, Browser], str] = lambda *_: ""
    by_function: int | None = 404
    by_program: bool = True
    done: int = 204


def other_session(house: House, _: Browser) -> str:
    house.enter(TARGET, house.browser("10.4.0.1"))
    return str(house.identity.sessions.of(TARGET)[0].hash.hex()[:16])


def own_session(house: House, _: Browser) -> str:
    house.enter(ASKER, house.browser("10.4.0.2"))
    return str(house.identity.sessions.of(ASKER)[0].hash.hex()[:16])


def own_token(_: House, asker: Browser) -> str:
    return str(asker.post("tokens", {"name": "Cũ"}).json()["id"])


def own_feed(_: House, asker: Browser) -> str:
    return str(asker.post("feeds", {"scope": "person", "code": ASKER}, Idempotency_Key="feed").json()["name"])


def own_hook(_: House, asker: Browser) -> str:
    url = {"url": "https://nhan.example.vn/ocop", "unit": "VS"}
    return str(asker.post("webhooks", url, Idempotency_Key="hook").json()["id"])


def own_bulk(house: House, asker: Browser) -> str:
    house.world.registered("P1-01")
    return str(asker.post("bulk-operations", BULK, Idempotency_Key="bulk").json()["id"])


def failed_bulk(house: House, asker: Browser) -> str:
    id_ = own_bulk(house, asker)
    for item in house.runtime.store.bulk_items(id_):
        house.runtime.store.record_bulk(id_, [(item.number, Fate.ERROR, None)])
    return id_


def own_delegation(_: House, asker: Browser) -> str:
    return str(asker.post("delegations", DELEGATION, Idempotency_Key="deputy").json()["code"])


def closed(house: House, _: Browser) -> str:
    house.account(TARGET)
    house.identity.accounts.disable(house.registry, TARGET, "Nghỉ", by=CLI, day=house.identity.today())
    return TARGET


def opened(house: House, _: Browser) -> str:
    house.account(TARGET)
    return TARGET


BULK = {"event": "withdraw", "reason": "Thử", "cases": [{"case": "VS-2021-0001"}]}
DELEGATION = {
    "seat": "officer@province", "unit": "VS", "taker": "deputy", "first": "2021-06-01", "last": "2021-06-30", "document_no": "5/QĐ",
    "reason": "Đi học",
}  # fmt: skip
WHY = {"reason": "Thử"}

WRITES = {
    "an account is opened": Write("POST", "users", {"person": TARGET, "login": TARGET}, done=201),
    "a link is handed out": Write("POST", "users/{}/link", None, opened, done=201),
    "an account is closed": Write("POST", "users/{}/disable", WHY, opened),
    "an account is opened again": Write("POST", "users/{}/enable", WHY, closed),
    "a second factor is taken away": Write("POST", "users/{}/second-factor/reset", WHY, opened),
    "a session of somebody is ended": Write("DELETE", "users/seller/sessions/{}", None, other_session),
    "an own session is ended": Write("DELETE", "users/asker/sessions/{}", None, own_session, None),
    "a token is made": Write("POST", "tokens", {"name": "Mới"}, by_function=None, by_program=False, done=201),
    "a token is revoked": Write("DELETE", "tokens/{}", None, own_token, None),
    "a password is changed": Write(
        "PUT", "session/password", {"old": PASSWORD, "new": "mười năm trồng cây ăn quả"}, by_function=None, by_program=False, done=200
    ),
    "a person chooses": Write("POST", "people/asker/choices", {"values": {"language": "en"}}, by_function=None, done=200),
    "an office chooses": Write("POST", "units/VS/choices", {"values": {"opens": "07:00"}}, done=200),
    "a calendar is handed out": Write("POST", "feeds", {"scope": "person", "code": ASKER}, by_function=None, done=201),
    "a calendar is taken back": Write("POST", "feeds/{}/revoke", {}, own_feed, None, done=200),
    "a system is told of events": Write("POST", "webhooks", {"url": "https://khac.example.vn/ocop", "unit": "VS"}, by_function=403, done=201),
    "a system is told no more": Write("POST", "webhooks/{}/off", {}, own_hook, done=200),
    "a system gets another secret": Write("POST", "webhooks/{}/rotate", {}, own_hook, done=200),
    "many cases are asked for": Write("POST", "bulk-operations", BULK, by_function=None, done=202),
    "many cases are called off": Write("POST", "bulk-operations/{}/cancel", {}, own_bulk, None, done=200),
    "many cases are tried again": Write("POST", "bulk-operations/{}/retry", {}, failed_bulk, None, done=200),
    "a function is delegated": Write("POST", "delegations", DELEGATION, by_function=403, done=201),
    "a delegation is ended": Write("POST", "delegations/{}/revoke", WHY, own_delegation, None, done=200),
}  # fmt: skip


def appointed(house: House, until: str | None = None) -> None:
    """An asker who administers and is officer of the province, until a day."""
    for function in ("administrator", "officer"):
        house.world.appoint(ASKER, function, "province", "VS", until=until)


@pytest.fixture
def peopled(house: House) -> House:
    """An asker, a person who sells for a producer, a deputy, and somebody above them all."""
    house.world.appoint("admin-TW", "administrator", "centre", "TW")
    house.world.appoint(TARGET, "producer", "commune", "X1", producer="P1")
    house.world.appoint("deputy", "adviser", "province", "VS")
    appointed(house)
    return house


def kept(house: House) -> dict[str, list[str]]:
    """Everything that such writes leave behind, but for the asker's own credentials, which the endings change."""
    store, shelf = house.runtime.store, house.runtime.store.identity
    return {
        "accounts": [repr(a) for a in shelf.find(AccountRow) if a.person != ASKER],
        "passwords": [str(a.password) for a in shelf.find(AccountRow) if a.person == ASKER],
        "links": sorted(repr(each) for each in shelf.find(LinkRow) if each.person != ASKER),
        "tokens": sorted(each.id for each in shelf.find(TokenRow)),
        "sessions": sorted(repr(each) for each in shelf.find(SessionRow) if each.person != ASKER),
        "done": sorted(f"{each.kind} {each.subject}" for each in shelf.find(AccessRow) if each.person == ASKER and each.kind not in READ),
        "settings": sorted(map(repr, store.settings())),
        "feeds": sorted(map(repr, store.feeds())),
        "hooks": sorted(map(repr, store.webhooks())),
        "bulk": [repr((each, store.bulk_counts(each.id))) for each in store.bulk_running()],
        "delegations": sorted(map(repr, store.registry().delegations)),
    }


READ = {"case", "cases", "history", "register", "people", "record", "letters"}


def asked(browser: Browser, write: Write, about: str, key: str) -> Any:
    return browser.send(write.method, write.path.replace("{}", about), write.body, Idempotency_Key=key)


@pytest.mark.parametrize("kind", WRITES)
def test_a_write_whose_asker_loses_the_right_in_the_moment_of_it_leaves_nothing(peopled: House, monkeypatch: pytest.MonkeyPatch, kind: str):
    house, write, identity = peopled, WRITES[kind], peopled.identity
    browser = house.enter(ASKER)
    about = write.before(house, browser)

    def close() -> None:
        identity.accounts.disable(house.registry, ASKER, "Nghỉ việc", by=CLI, day=identity.today())

    def refused(name: str, by: Browser, ending: Callable[[], object], status: int = 401) -> None:
        before = kept(house)
        with monkeypatch.context() as patch:
            happened = in_the_moment(house, patch, "write" if "delegat" in kind else "_act", ending)
            answer = asked(by, write, about, name)
        assert happened, f"{kind}: nothing was written on the way that an ending could come before"
        assert answer.status_code == status, (kind, name, answer.text)
        assert kept(house) == before, (kind, name)

    (session,) = [row for row in identity.sessions.of(ASKER) if row.source == "10.0.0.1"]
    if write.by_program:
        machine, token = program_of_all(house, browser)
        refused("token", machine, lambda: identity.tokens.revoke(token, person=ASKER))
    refused("session", browser, lambda: identity.sessions.end(session))
    browser = house.enter(ASKER, house.browser("10.0.0.3"))
    refused("account", browser, close)
    identity.accounts.enable(house.registry, ASKER, "Trở lại", by=CLI, day=identity.today())
    browser = house.enter(ASKER, house.browser("10.0.0.4"))
    if write.by_function is not None:
        refused("function", browser, lambda: appointed(house, until="2021-06-01"), write.by_function)
        appointed(house)
        browser = house.enter(ASKER, house.browser("10.0.0.5"))
    # Nothing of all this was in the way of the write itself; but the session to be ended has ended with the account.
    if write.before is own_session:
        about = own_session(house, browser)
    answer = asked(browser, write, about, "last")
    assert answer.status_code == write.done, (kind, answer.text)


# Ways in: what they stand on ends in the moment in which the session would begin.


def overtaken(house: House, monkeypatch: pytest.MonkeyPatch, ending: Callable[[], object]) -> list[str]:
    """Carry an ending out once, when what a way in does is handed to the database."""
    shelf, done = house.identity.sessions._shelf, list[str]()
    original = shelf.carry_out

    def carry_out(*given: Any, **named: Any) -> Any:
        if not done:
            done.append("")
            ending()
        return original(*given, **named)

    monkeypatch.setattr(shelf, "carry_out", carry_out)
    return done


def living(house: House, person: str) -> list[SessionRow]:
    return [row for row in house.identity.sessions.of(person) if row.whole]


ENDINGS = {
    "account closed": {"password": (401, "login_failed"), "link": (410, "link_unusable"), "second factor": (401, "unidentified"), "enrolment": (401, "unidentified")},
    "another password": {"password": (401, "login_failed")},
    "sessions ended": {"second factor": (401, "unidentified"), "enrolment": (401, "unidentified")},
    "second factor taken away": {"second factor": (401, "unidentified")},
    "another second factor": {"enrolment": (409, "second_factor_known")},
    "the same link used": {"link": (410, "link_unusable")},
    "another link given": {"link": (410, "link_unusable")},
}  # fmt: skip


@pytest.mark.parametrize(("ending", "way"), [(ending, way) for ending, ways in ENDINGS.items() for way in ways])
def test_nobody_gets_in_by_what_ends_in_the_moment(peopled: House, monkeypatch: pytest.MonkeyPatch, ending: str, way: str):
    house, identity, day = peopled, peopled.identity, peopled.identity.today()
    browser, person = house.browser("10.5.0.1"), "chair-VS" if way in {"second factor", "enrolment"} else TARGET
    if way == "second factor":
        house.enter(person, house.browser("10.5.0.2"))
    else:
        house.account(person)
    link, _ = identity.accounts.link_for(person, by=CLI)

    def take_another() -> None:
        account = identity.accounts.get(person)
        monkeypatch.undo()
        other = house.browser("10.5.0.3")
        assert other.post("session", {"login": person, "password": PASSWORD}).status_code == 200
        enrolment = other.post("session/second-factor/enrolment").json()
        code = code_at(b32decode(enrolment["secret"]), step_of(house.clock.now()))
        assert other.put("session/second-factor/enrolment", {"sealed": enrolment["sealed"], "code": code}).status_code == 200
        assert account.totp is None

    endings = {
        "account closed": lambda: identity.accounts.disable(house.registry, person, "Nghỉ", by=CLI, day=day),
        "another password": lambda: identity.accounts.use_link(link, "mười năm trồng cây ăn quả", house.registry),
        "sessions ended": lambda: identity.sessions.end_all(person),
        "second factor taken away": lambda: identity.accounts.reset_factor(house.registry, person, "Mất máy", by=Asker("admin-TW", "cli"), day=day),
        "another second factor": take_another,
        "the same link used": lambda: identity.accounts.use_link(link, "mười năm trồng cây ăn quả", house.registry),
        "another link given": lambda: identity.accounts.link_for(person, by=CLI),
    }  # fmt: skip
    if ending == "second factor taken away":
        house.wait(days=8)  # Whoever gives a link is not who takes a second factor away.
    if way == "link":
        send = ("POST", "session/link", {"token": link, "password": "cây ngay không sợ chết đứng"})
    elif way == "password":
        send = ("POST", "session", {"login": person, "password": PASSWORD})
    else:
        assert browser.post("session", {"login": person, "password": PASSWORD}).status_code == 200
        if way == "second factor":
            send = ("POST", "session/second-factor", {"code": house.code(person)})
        else:
            enrolment = browser.post("session/second-factor/enrolment").json()
            code = code_at(b32decode(enrolment["secret"]), step_of(house.clock.now()))
            send = ("PUT", "session/second-factor/enrolment", {"sealed": enrolment["sealed"], "code": code})
    identity.sessions.end_all(person, but=next((row for row in identity.sessions.of(person) if not row.whole), None))
    before, password = len(living(house, person)), identity.accounts.get(person).password
    happened = overtaken(house, monkeypatch, endings[ending])
    answer = browser.send(*send)
    assert happened
    assert (answer.status_code, answer.json()["code"]) == ENDINGS[ending][way], answer.text
    assert len(living(house, person)) == (1 if ending == "another second factor" else 0 if before == 0 else before)
    assert browser.get("cases").status_code == 401, "whoever was refused is nobody"
    if way == "link" and ending != "the same link used":
        assert identity.accounts.get(person).password == password, "the link chose no password"


def test_who_hands_out_a_link_and_takes_the_second_factor_away_at_once_does_only_one_of_them(
    peopled: House, monkeypatch: pytest.MonkeyPatch
):
    house, identity, day = peopled, peopled.identity, peopled.identity.today()
    asker = Asker("admin-TW", "cli")
    house.enter("chair-VS")
    house.wait(days=8)
    overtaken(house, monkeypatch, lambda: identity.accounts.give_link(house.registry, "chair-VS", by=asker, day=day))
    with pytest.raises(SecondAdministrator):
        identity.accounts.reset_factor(house.registry, "chair-VS", "Mất máy", by=asker, day=day)
    monkeypatch.undo()
    assert identity.accounts.get("chair-VS").totp is not None
    house.wait(days=8)
    overtaken(house, monkeypatch, lambda: identity.accounts.reset_factor(house.registry, "chair-VS", "Mất máy", by=asker, day=day))
    with pytest.raises(SecondAdministrator):
        identity.accounts.give_link(house.registry, "chair-VS", by=asker, day=day)


def test_a_registry_that_moves_without_touching_the_asker_is_in_nobody_s_way(peopled: House, monkeypatch: pytest.MonkeyPatch):
    browser = peopled.enter(ASKER)
    happened = in_the_moment(peopled, monkeypatch, "_act", lambda: peopled.world.appoint("somebody", "member", "province", "VT"))
    answer = browser.post("users", {"person": TARGET, "login": TARGET})
    assert happened
    assert answer.status_code == 201
    assert len(peopled.runtime.store.identity.find(AccessRow, {"kind": "account_created", "subject": TARGET})) == 1, "written once"


def program_of_all(house: House, browser: Browser) -> tuple[Browser, str]:
    """A program whose token may do all that the person may."""
    made = browser.post("tokens", {"name": "Máy", "scopes": ["read", "write", "admin"]}).json()
    machine, _ = program(house, browser)
    machine.client.headers["Authorization"] = f"Bearer {made['token']}"
    return machine, made["id"]
