"""Reads over HTTP: pages without gaps, search, the case as it stood, and who sees what."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import mean
from time import perf_counter
from typing import Any

import orjson
import pytest

from api.worklists import WORKLISTS
from tests.support.http import IDEA, Http
from workflow.casebook import CaseList
from workflow.rows import ProductRow


def registered(api: Http, product: str = "P1-01") -> str:
    return api.world.registered(product)


def filed(api: Http, product: str = "P1-01", at: str = "2021-02-01 08:00") -> str:
    return api.world.filed(product, at)


def codes(api: Http, path: str, by: str = "officer-VS") -> list[str]:
    answer = api.get(path, by)
    assert answer.status_code == 200, answer.text
    return [each["code"] for each in answer.json()["items"]]


def walked(api: Http, path: str, by: str = "officer-VS") -> list[str]:
    """Every case of a list, page by page, by the links alone."""
    found: list[str] = []
    link: str | None = f"/api/v1/{path}"
    while link:
        answer = api.get(link, by)
        assert answer.status_code == 200, answer.text
        found += [each["code"] for each in answer.json()["items"]]
        following = answer.headers.get("link")
        assert (following is None) == (answer.json()["next"] is None)
        link = following.partition(">")[0].removeprefix("<") if following else None
    return found


def test_the_nearest_deadline_comes_first_and_cases_without_one_come_last(api: Http):
    idea = registered(api, "P1-03")
    second = filed(api, "P1-02")
    first = filed(api, "P1-01")
    api.world.act(first, "conclude", mean=70, at="2021-03-01 08:00")
    dues = {each["code"]: each["due_at"] for each in api.get("cases").json()["items"]}
    assert list(dues)[-1] == idea or dues[idea] is not None
    known = [due for due in dues.values() if due]
    assert known == sorted(known)
    assert set(dues) == {idea, first, second}


@pytest.mark.parametrize("sort", ["due_at", "code"])
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_have_neither_gaps_nor_repetitions(api: Http, sort: str, limit: int):
    for n in range(1, 6):
        filed(api, f"P1-{n:02d}")
    for n in range(6, 11):
        registered(api, f"P1-{n:02d}")
    everything = codes(api, f"cases?sort={sort}&limit=200")
    assert len(everything) == 10
    assert walked(api, f"cases?sort={sort}&limit={limit}") == everything
    assert walked(api, f"cases?q=mat+ong&sort={sort}&limit={limit}") == codes(api, f"cases?q=mat+ong&sort={sort}&limit=200")


def test_a_page_is_not_disturbed_by_cases_that_come_meanwhile(api: Http):
    for n in (2, 4, 6):
        registered(api, f"P1-{n:02d}")
    before = set(codes(api, "cases?sort=code"))
    first = api.get("cases?sort=code&limit=2")
    registered(api, "P1-01")
    rest = api.get(first.headers["link"].partition(">")[0].removeprefix("<"))
    assert before <= {each["code"] for each in (*first.json()["items"], *rest.json()["items"])}


def test_search_ignores_marks_and_puts_what_has_them_first(api: Http):
    rows = [
        ProductRow(code=code, name=name, group="food", producer="P1", unit="X1")
        for code, name in (("S-1", "Buoi Nam Roi"), ("S-2", "Bưởi Năm Roi"), ("S-3", "Đậu phộng"))
    ]
    api.world.store.save_registry(products=rows)
    cases = {code: api.world.registered(code, by="producer-P1") for code in ("S-1", "S-2", "S-3")}
    assert codes(api, "cases?q=bưởi năm") == [cases["S-2"], cases["S-1"]]
    assert codes(api, "cases?q=buoi nam") == [cases["S-1"], cases["S-2"]]
    assert codes(api, "cases?q=BU\u031bO\u031b\u0309I") == [cases["S-2"], cases["S-1"]], "composed or not, in whichever case"
    assert codes(api, "cases?q=dau phong") == codes(api, "cases?q=đậu") == [cases["S-3"]]
    assert codes(api, f"cases?q={cases['S-3'].lower()}") == [cases["S-3"]]
    assert codes(api, "cases?q=%25") == codes(api, "cases?q=_") == [], "signs of a pattern are signs"


def test_filters_narrow_the_list(api: Http):
    idea, there = registered(api, "P1-01"), filed(api, "P2-01")
    assert codes(api, "cases?state=idea_registered") == [idea]
    assert set(codes(api, "cases?state=idea_registered,district_evaluation")) == {idea, there}
    assert codes(api, "cases?level=district") == [there]
    assert codes(api, "cases?round=VS-2021-1") == [there]
    assert codes(api, "cases?unit=H1") == [idea]
    assert codes(api, "cases?producer=P2") == [there]
    assert codes(api, "cases?product=P1-01") == [idea]
    assert codes(api, "cases?due_before=2021-07-11T00:00") == [there]
    assert codes(api, "cases?due_before=2021-07-10T00:00") == [], "the bound itself is not included"
    assert codes(api, "cases?overdue=true") == []
    api.world.move("2021-07-10 00:00:10")
    assert codes(api, "cases?overdue=true") == [there], "passed, and not yet written down"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=1000000000", "limit=ten", "state=flying", "kind=flying", "sort=name", "sort=due_at;drop", "unit=H99",
        "due_before=yesterday", "overdue=perhaps", "q=a&q=b", "limit=1&limit=2", "colour=red", "cursor=abc", "cursor=%00", "q=%00", "round=%00",
        "q=a+b+c+d+e+f+g+h+i+j+k+l+m+n",
    ],
)  # fmt: skip
def test_a_query_that_means_nothing_is_422(api: Http, query: str):
    answer = api.get(f"cases?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_cursor_is_good_for_its_own_list_and_as_it_was_given(api: Http):
    for n in range(1, 4):
        registered(api, f"P1-{n:02d}")
    cursor = api.get("cases?limit=1&sort=code").json()["next"]
    assert api.get(f"cases?limit=2&sort=code&cursor={cursor}").status_code == 200
    assert api.get(f"cases?limit=1&cursor={cursor}").status_code == 422
    assert api.get(f"cases?limit=1&sort=code&state=idea_registered&cursor={cursor}").status_code == 422
    parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=="))
    others: list[object] = [parts[:3], [*parts[:2], True, parts[3]], [*parts[:3], 7], [parts[0], 9, *parts[2:]], {}, "x"]
    for other in others:
        forged = base64.urlsafe_b64encode(orjson.dumps(other)).decode().rstrip("=")
        assert api.get(f"cases?limit=1&sort=code&cursor={forged}").status_code == 422


def test_each_sees_the_own_territory(api: Http):
    mine, theirs = registered(api, "P1-01"), registered(api, "P2-01")
    other = registered(api, "P3-01")
    seen = {
        by: set(codes(api, "cases", by)) for by in ("officer-VS", "officer-VT", "officer-H1", "officer-X2", "producer-P1", "auditor-TW")
    }
    assert seen == {
        "officer-VS": {mine, theirs}, "officer-VT": {other}, "officer-H1": {mine}, "officer-X2": {theirs}, "producer-P1": {mine},
        "auditor-TW": {mine, theirs, other},
    }  # fmt: skip
    assert codes(api, f"cases?q={theirs}", "officer-H1") == []


def test_the_territory_goes_on_with_the_heir_of_a_unit(api: Http):
    code = registered(api, "P1-01")
    api.world.move("2025-08-01 08:00")
    assert codes(api, "cases", "officer-N1") == [code]
    assert api.get(f"cases/{code}", "officer-N1").status_code == 200
    assert codes(api, "cases", "officer-H1") == [], "whose function ended with the district"


def test_whoever_has_it_already_is_told_so(api: Http):
    code = filed(api)
    first = api.get(f"cases/{code}")
    again = api.get(f"cases/{code}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert api.get(f"cases/{code}", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'}).status_code == 304
    api.world.act(code, "conclude", mean=70, at="2021-03-01 08:00")
    changed = api.get(f"cases/{code}", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    product = api.world.store.product("P1-01")
    assert product is not None
    api.world.store.save_registry(products=[ProductRow(code="P1-01", name="Tên mới", group="food", producer="P1", unit="X1")])
    renamed = api.get(f"cases/{code}", headers={"If-None-Match": changed.headers["etag"]})
    assert (renamed.status_code, renamed.json()["product"]["name"]) == (200, "Tên mới"), "what is shown counts, not the version alone"


def test_a_deadline_says_what_it_says_and_where(api: Http):
    code = filed(api)
    [deadline] = [d for d in api.get(f"cases/{code}").json()["deadlines"] if d["stage"] == "district_eval"]
    assert deadline["phrase"] == "trước ngày 10/7/2021"
    assert (deadline["cutoff"], deadline["last_valid_day"]) == ("2021-07-10T00:00:00+07:00", "2021-07-09")
    assert (deadline["bound"], deadline["zone"], deadline["effect"]) == ("exclusive", "Asia/Ho_Chi_Minh", "defer")
    assert deadline["source"] == {"doc": "KH-2021/KH-UBND", "item": "mốc 1"}
    [told] = [d for d in api.get(f"cases/{code}/deadlines").json()["items"] if d["stage"] == "district_eval"]
    assert told["why"]["ruling"]["standing"] == "alone"
    assert told["why"]["ruling"]["entered"]["actor"] == "officer-VS"


def test_the_case_as_it_stood_and_as_it_was_known(api: Http):
    code = filed(api)
    api.world.sweep("2021-07-10 08:00")
    assert api.get(f"cases/{code}").json()["state"] == "deferred"
    before = api.get(f"cases/{code}?as_of=2021-07-09T23:59:59").json()
    assert (before["state"], before["as_of"]) == ("district_evaluation", "2021-07-09T23:59:59+07:00")
    assert [d["status"] for d in before["deadlines"] if d["stage"] == "district_eval"] == ["running"]
    assert api.get(f"cases/{code}?as_of=2021-07-10T00:00").json()["state"] == "deferred", "it counts from the cut-off"
    assert api.get(f"cases/{code}?as_of=2021-07-10T01:00&known_at=2021-07-10T00:10").json()["state"] == "district_evaluation"
    assert api.get(f"cases/{code}?as_of=2020-01-01T00:00").status_code == 404
    assert api.get(f"cases/{code}?as_of=soon").status_code == 422


def test_an_act_typed_later_belongs_to_its_day_for_who_asks_now_and_to_none_for_who_asks_what_was_known(api: Http):
    code = filed(api)
    api.world.sweep("2021-07-12 08:00")
    api.world.move("2021-07-12 09:00")
    given = api.world.command(code, "conclude", by="secretary-H1", mean=70, at="2021-07-08 15:00").payload
    asked = api.post(f"cases/{code}/actions/conclude", "secretary-H1", {**given, "acted_on": "2021-07-08T15:00"}, version=api.version(code))
    assert asked.status_code == 202, asked.text
    [waiting] = api.get("confirmations", "officer-H1").json()["items"]
    assert waiting["id"] == asked.json()["receipt"]["confirmation"]
    assert waiting["event"] == "conclude"
    assert "request" not in str(waiting["data"]), "what the service notes is no part of the act"
    assert api.get("confirmations", "officer-VT").json()["items"] == []
    confirmed = api.post(f"confirmations/{waiting['id']}", "officer-H1", {"confirm": True}, version=api.version(code))
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["case"]["state"] == "district_evaluation"
    now = api.get(f"cases/{code}?as_of=2021-07-11T12:00").json()
    then = api.get(f"cases/{code}?as_of=2021-07-11T12:00&known_at=2021-07-11T12:00").json()
    corrected = api.get(f"cases/{code}?as_of=2021-07-09T12:00").json()
    assert (then["results"], corrected["results"]["district"]["mean"]) == ({}, "70")
    assert now["results"]["district"]["stars"] == 4
    known = api.get(f"cases/{code}?as_of=2021-07-12T08:00&known_at=2021-07-12T08:00").json()
    assert (known["state"], now["state"]) == ("deferred", "district_evaluation")


def test_a_second_person_may_say_no_with_a_reason(api: Http):
    code = filed(api)
    api.world.sweep("2021-07-12 08:00")
    given = api.world.command(code, "conclude", by="secretary-H1", mean=70, at="2021-07-08 15:00").payload
    asked = api.post(f"cases/{code}/actions/conclude", "secretary-H1", {**given, "acted_on": "2021-07-08T15:00"}, version=api.version(code))
    waiting = asked.json()["receipt"]["confirmation"]
    version = api.version(code)
    assert api.post(f"confirmations/{waiting}", "officer-H1", {"confirm": False}, version=version).status_code == 422
    assert api.post(f"confirmations/{waiting}", "secretary-H1", {"confirm": True}, version=version).status_code == 403
    assert api.post(f"confirmations/{waiting}", "officer-VT", {"confirm": True}, version=version).status_code == 404
    assert api.post(f"confirmations/{waiting}", "officer-H1", {"confirm": True}, version=version - 1).status_code == 412
    no = api.post(f"confirmations/{waiting}", "officer-H1", {"confirm": False, "reason": "Không có biên bản"}, version=version, key="n")
    assert no.status_code == 200, no.text
    again = api.post(f"confirmations/{waiting}", "officer-H1", {"confirm": False, "reason": "Không có biên bản"}, version=version, key="n")
    assert (again.content, again.headers["idempotency-replayed"]) == (no.content, "true")
    assert api.post(f"confirmations/{waiting}", "officer-H1", {"confirm": True}, version=api.version(code)).status_code == 409


def test_actions_say_everything_that_a_form_needs(api: Http):
    code = registered(api)
    told = api.get(f"cases/{code}/actions", "authority-H1").json()
    by = {each["event"]: each for each in told["actions"]}
    assert by["select"]["allowed"]
    assert by["select"]["who"]
    assert {f["name"] for f in by["select"]["fields"]} >= {"document_no", "document_date"}
    assert not by["certify"]["allowed"]
    assert by["certify"]["reasons"][0]["text"]["vi"]
    assert by["decline"]["needs_reason"]


def test_the_history_is_what_was_hashed_with_its_openings(api: Http):
    code = api.post("cases", "producer-P1", {"product": "P1-01", **IDEA}).json()["case"]["code"]
    page = api.get(f"cases/{code}/history").json()
    [entry] = page["items"]
    stored = api.world.store.entry(code, 1)
    assert stored is not None
    assert entry["leaf_hash"] == stored.leaf_hash.hex()
    assert entry["openings"]["description"] == "Mật ong rừng"
    assert not any(name.startswith("request.") for name in entry["openings"])


def test_the_timeline_speaks_the_language_that_is_asked_for(api: Http):
    code = filed(api)
    vietnamese = api.get(f"cases/{code}/timeline")
    english = api.get(f"cases/{code}/timeline", headers={"Accept-Language": "en-GB,vi;q=0.5"})
    assert (vietnamese.headers["content-language"], english.headers["content-language"]) == ("vi", "en")
    assert "Nộp hồ sơ" in vietnamese.text or "hồ sơ" in vietnamese.text
    assert vietnamese.json()["items"][0]["lines"] != english.json()["items"][0]["lines"]


def test_what_does_not_exist_takes_as_long_as_what_may_not_be_seen(api: Http):
    code = registered(api)
    times: dict[str, list[float]] = {code: [], "VS-2021-9999": []}
    for _ in range(60):
        for name, found in times.items():
            began = perf_counter()
            assert api.get(f"cases/{name}", "officer-VT").status_code == 404
            found.append(perf_counter() - began)
    there, nothing = (mean(sorted(found)[:30]) for found in times.values())
    assert abs(there - nothing) < 0.002


@pytest.mark.parametrize(
    ("asked", "language"), [("en", "en"), ("vi", "vi"), ("fr, en;q=0.3", "en"), ("de", "vi"), ("", "vi"), ("en;q=x, vi", "vi")]
)
def test_a_problem_is_told_in_the_language_that_is_asked_for(api: Http, asked: str, language: str):
    answer = api.get("cases/none", headers={"Accept-Language": asked})
    assert answer.headers["content-language"] == language
    assert answer.json()["title"] == {"vi": "Không tìm thấy", "en": "Not found"}[language]


def test_nobody_reads_without_saying_who_they_are(api: Http):
    answer = api.get("cases", None)
    assert (answer.status_code, answer.json()["code"]) == (401, "unidentified")
    assert api.post("cases", "producer-P1", {}, headers={"X-Test-Scopes": "read"}).status_code in {403, 422}
    refused = api.post("cases", "producer-P1", {"product": "P1-01", **IDEA}, headers={"X-Test-Scopes": "read"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


def test_a_list_has_the_same_pages_whether_it_is_gathered_or_walked(api: Http, monkeypatch: pytest.MonkeyPatch):
    codes = [api.world.registered(f"P{1 + n % 3}-{1 + n // 3:02d}") for n in range(24)]
    for code in (each for each in codes[::2] if each.startswith("VS")):
        for event in ("select", "submit_plan", "file"):
            api.world.act(code, event)
    questions: list[dict[str, Any]] = [
        {"seen_units": ("X1", "X2")},
        {"seen_units": (), "seen_producers": ("P1", "P3")},
        {"seen_units": ("Y1",), "seen_producers": ("P1",)},
        {"seen_units": (), "seen_producers": ()},
        {"states": ("commune_check", "district_evaluation")},
        {"producer": "P2", "due_before": api.world.clock.now() + timedelta(days=400)},
        {"kind": "first", "due_from": api.world.clock.now() + timedelta(days=30)},
    ]
    for given in questions:
        query, found = CaseList(**given), []
        for few in (3000, -1):
            monkeypatch.setattr("workflow.store.lists._GATHERED", few)
            place, pages = None, []
            for _ in range(20):
                page = api.runtime.store.case_page(query, after=place, limit=5)
                pages.append([(each.case.code, each.due_at, each.place) for each in page])
                if len(page) < 5:
                    break
                place = page[-1].place
            found.append(pages)
        assert found[0] == found[1], given
    assert len(found[0][0]) == 5, "there is something to page through"


def test_a_list_is_read_in_as_many_statements_whatever_it_shows(api: Http, monkeypatch: pytest.MonkeyPatch):
    api.world.registered("P1-01")
    store: Any = api.runtime.store
    asked: list[str] = []
    rows = store._rows

    def counted(sql: str, params: Sequence[Any] = ()) -> Any:
        asked.append(sql)
        return rows(sql, params)

    monkeypatch.setattr(store, "_rows", counted)
    counts = []
    for more in (range(2, 2), range(2, 10)):
        for n in more:
            api.world.registered(f"P1-{n:02d}")
        asked.clear()
        items = api.get("cases?limit=5").json()["items"]
        counts.append((len(items), len(asked)))
    assert [items for items, _ in counts] == [1, 5]
    # The epoch, whether the list is short, those with a deadline and those without one.
    assert [read for _, read in counts] == [4, 4], asked


def test_lines_are_of_the_cases_of_the_page(api: Http):
    for n in range(24):
        api.world.registered(f"P{1 + n % 3}-{1 + n // 3:02d}")
    store = api.runtime.store
    for given in ({}, {"sort": "code"}, {"text": "vs"}, {"dated": False}, {"producer": "P2"}):
        query, place, onward, counted = CaseList(**given), None, None, 0
        while True:
            page = store.case_page(query, after=place, limit=5)
            lines, onward = store.case_lines(query, after=place, limit=5)
            assert [(line.code, line.state, line.version, line.due_at) for line in lines] == [
                (each.case.code, each.case.state, each.case.version, each.due_at) for each in page
            ]
            assert all(line.product_name and line.producer_name for line in lines)
            counted += len(lines)
            if onward is None:
                break
            assert onward == page[-1].place
            place = onward
        assert counted == store.case_count(query), given
        assert counted or given == {"dated": False}, given


def test_a_list_is_the_same_whether_its_cases_are_asked_or_named_by_a_set(api: Http, monkeypatch: pytest.MonkeyPatch):
    there = [api.world.filed(product, "2021-02-01 08:00") for product in ("P1-01", "P1-02", "P2-01", "P2-02", "P2-03")]
    ideas = [api.world.registered(f"P{n}-04") for n in (1, 3)]
    store: Any = api.runtime.store
    dues = sorted({term.due_at for code in there for term in store.terms(code)})
    passed = dues[-1] + timedelta(days=1)
    questions: list[dict[str, Any]] = [
        {"overdue_at": dues[0]},
        {"overdue_at": passed, "states": ("district_evaluation", "commune_check")},
        {"overdue_at": passed, "sort": "code"},
        {"due_before": passed},
        {"due_from": dues[0], "due_before": dues[0] + timedelta(microseconds=1)},
        {"due_from": dues[0], "dated": True},
        {"due_before": passed, "text": "vs"},
        {"dated": False},
    ]
    shown: list[list[int]] = []
    for recorded in (None, there[:2]):
        for code in recorded or ():
            sql = "UPDATE term SET status='passed',effect='record' WHERE case_code=? AND status='running'"
            store._act(lambda transaction, sql=sql, code=code: transaction.run(sql, (code,)))
        for units in (("X1", "X2", "Y1"), None):
            shown.append([])
            for given in questions:
                query, lists = CaseList(seen_units=units, seen_producers=None if units is None else ("P3",), **given), []
                for wide in (0, 1_000):
                    monkeypatch.setattr("workflow.store.lists._WIDE", wide)
                    page, onward = store.case_lines(query, limit=200)
                    assert onward is None
                    assert store.case_count(query) == len(page), given
                    lists.append(page)
                assert lists[0] == lists[1], given
                shown[-1].append(len(lists[0]))
    assert len(ideas) == 2
    assert shown[1] == [5, 5, 5, 5, 5, 5, 5, 2], "of everybody, before the worker was there"
    assert shown[3] == [5, 5, 5, 3, 3, 3, 3, 4], "two were recorded, and are late all the same"


def test_lists_that_are_counted_together_are_as_long_as_each_by_itself(api: Http, monkeypatch: pytest.MonkeyPatch):
    there = [api.world.filed(product, "2021-02-01 08:00") for product in ("P1-01", "P1-02", "P2-01")]
    for n in (1, 3):
        api.world.registered(f"P{n}-04")
    store, due = api.runtime.store, max(term.due_at for term in api.runtime.store.terms(there[0]))
    for at in (due - timedelta(days=3), due + timedelta(days=1)):
        for units in (("X1", "X2", "Y1"), None):
            base = CaseList(seen_units=units, seen_producers=None if units is None else ("P3",))
            queries = [narrowed(base, at) for narrowed in WORKLISTS.values()]
            queries += [
                base,
                replace(base, text="p1"),
                replace(base, kind="first"),
                replace(base, due_from=at),
                replace(base, round="VS-2021-1"),
            ]
            for wide in (0, 1_000):
                monkeypatch.setattr("workflow.store.lists._WIDE", wide)
                counted = store.case_counts(queries)
                assert counted == [store.case_count(query) for query in queries]
                assert counted[len(WORKLISTS)] > 0
                for query, count in zip(queries, counted, strict=True):
                    tally = store.case_tally(query)
                    assert sum(tally.values()) == count
                    for unit, state in tally:
                        assert tally[unit, state] == store.case_count(replace(query, units=(unit,), states=(state,))) or query.states
    assert store.case_counts([]) == []
