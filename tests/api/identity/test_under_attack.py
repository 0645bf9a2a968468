"""A running installation on the loopback address, and somebody who wants in: what answers give away, and what counts twice when sent at once."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.databases import Database
from tests.support.identity import CLI, PASSWORD
from tests.support.installation import Before, Installation, installed

AT_ONCE = 6
DECIDER, PRODUCER, CLOSED, UNOPENED = "authority-VS", "producer-P1", "producer-P2", "officer-X1"
NONCE = re.compile(r"'nonce-[^']+'")
CHANGING = frozenset({"date", "x-request-id", "content-length"})
"""Headers that differ between any two answers, or follow from the id of the request."""


def filled(before: Before) -> dict[str, Any]:
    world, accounts = before.world, before.identity.accounts
    before.account(PRODUCER)
    before.account(DECIDER, factor=True)
    before.account("chair-VS")
    before.account(CLOSED)
    before.account(UNOPENED, password=False)
    world.appoint("admin-TW", "administrator", "centre", "TW")
    registry = world.engine.world(fresh=True).registry
    links = {"used": before.link(PRODUCER), "closed": before.link(CLOSED)}
    accounts.use_link(links["used"], PASSWORD, registry)
    links["replaced"] = before.link(UNOPENED)
    links["good"] = before.link(UNOPENED)
    accounts.disable(registry, CLOSED, "Nghỉ việc", by=CLI, day=before.identity.today())
    before.session("officer-VS")
    case = world.at_province("P1-02")
    world.act(case, "conclude", mean=80)
    order = world.act(
        case, "override", by=DECIDER, reason="Thiếu trang", step="return_for_completion", overrides=["already_concluded"],
        decision_no="7/QĐ", decision_date="2021-06-01", decision_signer="K",
    )  # fmt: skip
    return {"links": links, "order": str(order.confirmation), "case": case, "version": world.case(case).version}


@pytest.fixture
def attacked(database: Database, tmp_path: Path) -> Any:
    """An installation whose people have accounts of every kind."""
    with installed(database, tmp_path, filled) as served:
        yield served


def sent(there: Installation, path: str, body: Any, **headers: str) -> httpx2.Response:
    """A request of a browser without a past."""
    return httpx2.post(f"{there.address}/api/v1/{path}", json=body, headers=headers, timeout=60)


def face(answer: httpx2.Response) -> tuple[Any, ...]:
    """Everything of an answer that could tell one from another."""
    body = {name: value for name, value in answer.json().items() if name != "request"}
    headers = sorted((name, NONCE.sub("", value)) for name, value in answer.headers.items() if name not in CHANGING)
    return answer.status_code, body, headers, len(answer.content)


def at_once(work: Callable[[int], httpx2.Response]) -> list[httpx2.Response]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, range(AT_ONCE)))


def test_no_answer_tells_who_has_an_account_or_which_link_was_ever_one(attacked: Installation):
    wrong = "sai mật khẩu rồi nhé"
    tries = {"wrong": (PRODUCER, wrong), "unknown": ("nobody-XX", wrong), "closed": (CLOSED, PASSWORD), "unopened": (UNOPENED, PASSWORD)}
    faces = {name: face(sent(attacked, "session", {"login": login, "password": word})) for name, (login, word) in tries.items()}
    assert faces["wrong"][0] == 401
    assert {name: found for name, found in faces.items() if found != faces["wrong"]} == {}

    links = {"never": "A" * 43, **{name: token for name, token in attacked.notes["links"].items() if name != "good"}}
    assert set(links) == {"never", "used", "closed", "replaced"}
    found = {name: face(sent(attacked, "session/link", {"token": token, "password": PASSWORD})) for name, token in links.items()}
    assert found["never"][0] == 410
    assert {name: each for name, each in found.items() if each != found["never"]} == {}


def test_a_link_sent_at_once_from_many_places_opens_the_account_once(attacked: Installation):
    words = [f"{number} nắng chói chang trên đồng xa" for number in range(AT_ONCE)]
    token = attacked.notes["links"]["good"]
    answers = at_once(lambda n: sent(attacked, "session/link", {"token": token, "password": words[n]}))
    assert sorted(a.status_code for a in answers) == [200] + [410] * (AT_ONCE - 1), [a.text for a in answers]
    chosen = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    let_in = [sent(attacked, "session", {"login": UNOPENED, "password": words[n]}).status_code for n in (chosen, (chosen + 1) % AT_ONCE)]
    assert let_in == [200, 401], "the password of whoever was first"


def half(there: Installation, person: str) -> dict[str, str]:
    """The headers of a session that still owes its second factor."""
    answer = sent(there, "session", {"login": person, "password": PASSWORD})
    assert (answer.status_code, answer.json()["second_factor"]) == (200, "owed"), answer.text
    return {"Cookie": f"ocop={answer.cookies['ocop']}", "X-CSRF-Token": answer.json()["csrf"]}


def test_a_code_sent_at_once_in_many_sessions_counts_in_one_and_never_again(attacked: Installation):
    sessions = [half(attacked, DECIDER) for _ in range(AT_ONCE - 2)]
    code = attacked.code(DECIDER)
    with ThreadPoolExecutor(len(sessions)) as pool:
        answers = list(pool.map(lambda each: sent(attacked, "session/second-factor", {"code": code}, **each), sessions))
    assert [a.status_code for a in answers].count(200) == 1, [a.text for a in answers]
    assert {a.status_code for a in answers} <= {200, 401, 429}
    attacked.leap(400)
    again = sent(attacked, "session/second-factor", {"code": code}, **half(attacked, DECIDER))
    assert (again.status_code, again.json()["code"]) == (401, "second_factor_wrong")


def test_one_half_session_raised_at_once_by_two_codes_becomes_one_whole_session(attacked: Installation):
    session = half(attacked, DECIDER)
    codes = [attacked.code(DECIDER), attacked.code(DECIDER)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda code: sent(attacked, "session/second-factor", {"code": code}, **session), codes))
    assert [a.status_code for a in answers].count(200) == 1, [a.text for a in answers]
    late = sent(attacked, "session/second-factor", {"code": attacked.code(DECIDER)}, **session)
    assert late.status_code == 401, "the half session is over"


def test_one_person_who_confirms_in_many_windows_confirms_once(attacked: Installation):
    def confirm(number: int) -> httpx2.Response:
        version = f'"{attacked.notes["version"]}"'
        return attacked.ask(
            "officer-VS",
            "POST",
            f"/api/v1/confirmations/{attacked.notes['order']}",
            {"confirm": True},
            Idempotency_Key=f"k-{number}",
            If_Match=version,
        )

    answers = at_once(confirm)
    assert [a.status_code for a in answers].count(200) == 1, [a.text for a in answers]
    assert {a.status_code for a in answers} <= {200, 409, 412}
    events = attacked.ask("officer-VS", "GET", f"/api/v1/cases/{attacked.notes['case']}/history").json()["items"]
    assert [each["event"] for each in events].count("override") == 1


def test_an_id_that_was_planted_opens_nothing_and_is_not_taken_over(attacked: Installation):
    planted = "A" * 43
    headers = {"Cookie": f"ocop={planted}; __Host-ocop={planted}"}
    answer = sent(attacked, "session", {"login": PRODUCER, "password": PASSWORD}, **headers)
    assert answer.status_code == 200
    assert answer.cookies["ocop"] != planted
    for id_ in (planted, answer.cookies["ocop"] + "x", ""):
        seen = httpx2.get(f"{attacked.address}/api/v1/session", headers={"Cookie": f"ocop={id_}"}, timeout=30)
        assert seen.status_code == 401


def test_guessing_from_one_address_holds_up_nobody_who_signs_in_there_with_the_own_browser(attacked: Installation):
    with httpx2.Client(base_url=attacked.address, timeout=60) as own:
        assert own.post("/api/v1/session", json={"login": PRODUCER, "password": PASSWORD}).status_code == 200
        place = own.cookies["ocop-place"]
    codes: list[int] = []
    # However slowly the machine answers, the wait outgrows it: it doubles with each mistake.
    while 429 not in codes and len(codes) < 16:
        codes.append(sent(attacked, "session", {"login": PRODUCER, "password": "sai mật khẩu rồi nhé"}).status_code)
    assert (set(codes[:-1]), codes[-1]) == ({401}, 429)
    mine = sent(attacked, "session", {"login": PRODUCER, "password": PASSWORD}, Cookie=f"ocop-place={place}")
    assert mine.status_code == 200, mine.text
