"""Two at once, pages while rows come in, and a moment between the moments: what concurrent and careful askers get."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.http import IDEA, Http
from workflow.rows import ProductRow

BODY = {"document_no": "3/TB", "document_date": "2021-01-11"}
AT_ONCE = 8


def together(work: Any) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, range(AT_ONCE)))


def test_of_two_with_the_same_etag_one_wins_and_the_other_is_shown_what_it_is_now(api: Http):
    code = api.world.registered("P1-01")
    answers = together(lambda n: api.post(f"cases/{code}/actions/select", "authority-H1", BODY, version=1, key=f"k{n}"))
    assert sorted(a.status_code for a in answers) == [200] + [412] * (AT_ONCE - 1)
    for lost in (a for a in answers if a.status_code == 412):
        assert (lost.json()["case"]["state"], lost.json()["case"]["version"], lost.json()["case"]["etag"]) == ("selected", 2, '"2"')
        assert lost.json()["detail"]


def test_one_registration_sent_at_once_is_one_case_and_one_answer(api: Http):
    answers = together(lambda _: api.post("cases", "producer-P1", {"product": "P1-01", **IDEA}, key="the-same"))
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert len(api.get("cases").json()["items"]) == 1


def test_a_registration_that_is_written_while_the_same_one_looks_for_its_key_is_its_own(api: Http, monkeypatch: pytest.MonkeyPatch):
    store, first = api.runtime.store, list[Any]()
    used_for = store.used_for

    def overtaken(command: str) -> str | None:
        monkeypatch.undo()
        first.append(api.post("cases", "producer-P1", {"product": "P1-01", **IDEA}, key="the-same"))
        return used_for(command)

    monkeypatch.setattr(store, "used_for", overtaken)
    second = api.post("cases", "producer-P1", {"product": "P1-01", **IDEA}, key="the-same")
    assert (first[0].status_code, second.status_code, second.content) == (201, 201, first[0].content)


def test_a_round_frozen_at_once_is_frozen_once(api: Http):
    api.world.filed("P1-01", "2021-02-01 08:00")
    version = api.get("rounds/VS-2021-1").json()["version"]
    same = together(lambda _: api.post("rounds/VS-2021-1/freeze", "officer-VS", {}, version=version, key="f"))
    assert {a.status_code for a in same} <= {200, 409, 412}, [a.text for a in same]
    assert len({a.content for a in same if a.status_code == 200}) == 1
    again = api.post("rounds/VS-2021-1/freeze", "officer-VS", {}, version=version, key="f")
    assert (again.status_code, again.content) == (200, next(a.content for a in same if a.status_code == 200))
    assert [e.event for e in api.world.history("VS-2021-1")].count("freeze") == 1


def test_a_bulk_operation_begun_at_once_is_one(api: Http):
    code = api.world.registered("P1-01")
    body = {"event": "select", "cases": [{"case": code}], "payload": BODY}
    answers = together(lambda _: api.post("bulk-operations", "authority-H1", body, key="b"))
    assert {a.status_code for a in answers} == {202}, [a.text for a in answers]
    kept = {a.json()["id"] for a in answers}
    again = api.post("bulk-operations", "authority-H1", body, key="b").json()["id"]
    assert again in kept
    assert len(api.runtime.store.bulk_running()) == 1, "one operation, however often it was asked for"


def test_a_key_belongs_to_its_person_its_address_and_its_body(api: Http):
    one, other = api.world.registered("P1-01"), api.world.registered("P1-02")
    first = api.post(f"cases/{one}/actions/select", "authority-H1", BODY, version=1, key="k")
    assert first.status_code == 200
    for path, by, body in (
        (f"cases/{one}/actions/select", "authority-H1", {**BODY, "document_no": "4/TB"}),
        (f"cases/{one}/actions/decline", "authority-H1", BODY),
    ):
        answer = api.post(path, by, body, version=1, key="k")
        assert (answer.status_code, answer.json().get("code")) == (422, "command_reused"), (path, answer.text)
        assert "3/TB" not in answer.text
    # On another case it is another request, and nothing of the first one's answer is given for it.
    elsewhere = api.post(f"cases/{other}/actions/select", "authority-H1", BODY, version=1, key="k")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "command_reused")
    assert "idempotency-replayed" not in elsewhere.headers
    assert str(api.world.state(other)) == "idea_registered"
    # Another person's same key is another key: judged anew, with nothing of the first one's answer.
    stranger = api.post(f"cases/{one}/actions/select", "officer-H1", BODY, version=1, key="k")
    assert stranger.status_code in {403, 412}
    assert "idempotency-replayed" not in stranger.headers


PAGED = (
    "cases?sort=code&limit=3",
    "cases?sort=due_at&limit=3",
    "cases?q=mat+ong&limit=3",
    "products?limit=3",
    "producers?limit=1",
    "cases?q=P&limit=2",
)


@pytest.mark.parametrize("path", PAGED)
def test_pages_show_each_row_once_while_others_come_in_between(api: Http, path: str):
    for n in range(10, 40, 3):
        (api.world.filed if n % 2 else api.world.registered)(f"P1-{n}")

    def page(cursor: str | None) -> Any:
        answer = api.get(path + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status_code == 200, answer.text
        return answer.json()

    before = set()
    cursor: str | None = None
    while True:
        found = page(cursor)
        before |= {each["code"] for each in found["items"]}
        cursor = found["next"]
        if cursor is None:
            break
    seen: list[str] = []
    cursor, number = None, 0
    while True:
        found = page(cursor)
        seen += [each["code"] for each in found["items"]]
        number += 1
        if number < 8:
            api.world.registered(f"P1-{number:02d}")
            row = ProductRow(code=f"P1-{number + 9}x", name="Mật ong mới", group="food", producer="P1", unit="X1")
            api.world.store.save_registry(products=[row])
        cursor = found["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)), "no row twice"
    assert before <= set(seen), "no row left out that was there all the time"


@pytest.mark.parametrize("path", ["cases?sort=code", "products?sort=", "producers?", "worklists/overdue?", "history?", "cases?q=mat&"])
@pytest.mark.parametrize("limit", ["0", "-1", "1000000000", "1e3", "0x10", "٣", "", "null", "9223372036854775808", "+5", " 5", "05"])
def test_a_page_has_a_size_that_means_something(api: Http, path: str, limit: str):
    joined = path.replace("sort=", "") if path.startswith("products") else path
    answer = api.get(f"{joined}{'' if joined.endswith(('?', '&')) else '&'}limit={limit}", "auditor-VS")
    plain = limit.strip().removeprefix("+").lstrip("0")
    assert answer.status_code == (200 if plain == "5" else 422), (limit, answer.text)


def test_another_persons_cursor_shows_nothing_of_theirs(api: Http):
    for product in ("P1-01", "P1-02", "P2-01", "P2-02", "P3-01"):
        api.world.registered(product)
    theirs = api.get("cases?limit=1&sort=code", "auditor-TW").json()["next"]
    own = {each["code"] for each in api.get("cases?sort=code", "producer-P2").json()["items"]}
    mine = api.get(f"cases?limit=1&sort=code&cursor={theirs}", "producer-P2")
    assert mine.status_code == 200
    assert {each["code"] for each in mine.json()["items"]} <= own
    for at in range(0, len(theirs), 3):
        forged = theirs[:at] + ("A" if theirs[at] != "A" else "B") + theirs[at + 1 :]
        answer = api.get(f"cases?limit=1&sort=code&cursor={forged}", "producer-P2")
        assert answer.status_code in {200, 422}, answer.text
        if answer.status_code == 200:
            assert {each["code"] for each in answer.json()["items"]} <= own


# The case as it stood, as it was known (R42).


def test_moments_between_the_moments(api: Http):
    code = api.world.registered("P1-01")
    api.world.move("2021-01-12 09:00")
    api.act(code, "select", "authority-H1")
    select = api.world.history(code)[-1].recorded_at
    whole = select.isoformat()

    def state(**asked: str) -> Any:
        answer = api.get(f"cases/{code}", params=asked)
        return answer.json()["state"] if answer.status_code == 200 else answer.status_code

    assert state(as_of=whole) == "selected", "the moment itself belongs to what came of it"
    assert state(as_of="2021-01-12T08:59:59.999999+07:00") == "idea_registered"
    assert state(as_of="2021-01-12T01:59:59Z") == "idea_registered", "in whichever zone it is asked"
    assert state(as_of="2021-01-11T20:00:00-06:00") == state(as_of="2021-01-12T02:00:00Z") == "selected"
    assert state(as_of="2021-01-12T09:00") == "selected", "without a zone it is Viet Nam's"
    assert state(as_of="2021-01-12") in {"idea_registered", "selected", 422}
    assert state(as_of="2099-12-31T23:59") == state(known_at="2099-12-31T23:59") == "selected", "nothing that is to come is known"
    assert state(as_of="2021-01-01T00:00") == state(known_at="2021-01-01T00:00") == 404
    assert state(as_of="2099-01-01T00:00", known_at="2021-01-11T12:00") == "idea_registered", "known then of what is now"
    assert state(as_of="2021-01-11T12:00", known_at="2099-01-01T00:00") == "idea_registered"
    for wrong in (
        "now",
        "2021-13-01T00:00",
        "2021-02-29T00:00",
        "2021-01-12T24:01",
        "0",
        "-1",
        "1e9",
        "2021-01-12T09:00+99:00",
        "",
        "9" * 39,
    ):
        assert state(as_of=wrong) == state(known_at=wrong) == 422, wrong
    for strange in ("0001-01-01T00:00", "9999-12-31T23:59:59"):
        assert state(as_of=strange) in {404, 422, "selected"}


def test_what_was_then_is_kept_as_long_as_nothing_changes_it(api: Http):
    code = api.world.registered("P1-01")
    then = "2021-01-11T23:00"
    first = api.get(f"cases/{code}", params={"as_of": then, "known_at": then})
    again = {"If-None-Match": first.headers["etag"]}
    assert api.get(f"cases/{code}", params={"as_of": then, "known_at": then}, headers=again).status_code == 304
    api.world.move("2021-01-12 09:00")
    api.act(code, "select", "authority-H1")
    later = api.get(f"cases/{code}", params={"as_of": then, "known_at": then}, headers=again)
    assert later.status_code == 304, "what was known then stays what was known then"
    assert api.get(f"cases/{code}", headers=again).status_code == 200
    for path in (f"cases/{code}",):
        found = api.get(path)
        for given in ("*", f"W/{found.headers['etag']}", f'"a", {found.headers["etag"]}, "b"'):
            assert api.get(path, headers={"If-None-Match": given}).status_code == 304, given
        for given in ("", found.headers["etag"].strip('"'), found.headers["etag"].upper().replace('"', "'"), '"1"'):
            assert api.get(path, headers={"If-None-Match": given}).status_code == 200, given


def test_the_past_is_seen_by_whoever_sees_the_present(api: Http):
    code = api.world.registered("P1-01")
    for by, status in (("officer-VT", 404), ("producer-P2", 404), ("officer-X2", 404), ("auditor-VS", 200), ("producer-P1", 200)):
        assert api.get(f"cases/{code}?as_of=2021-01-11T23:00", by).status_code == status, by
        assert api.get(f"cases/{code}?known_at=2021-01-11T23:00", by).status_code == status, by
