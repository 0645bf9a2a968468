"""Rounds, plans, calendars, certificates, registers, worklists and the log over HTTP."""

from typing import Any

import pytest

from tests.support.http import Http
from tests.support.world import plan_file
from workflow.ledger.merkle import node_hash
from workflow.sweeping import sequence

FIRST = "VS-2021-1"


def version(api: Http, path: str) -> str:
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    return str(answer.headers["etag"])


# Rounds.


def test_a_round_shows_its_dates_and_where_its_members_stand(api: Http):
    api.world.filed("P1-01", "2021-02-01 08:00")
    api.world.filed("P2-01", "2021-02-01 08:00")
    shown = api.get(f"rounds/{FIRST}").json()
    assert shown["members"] == {"district_evaluation": 2}
    assert api.get(f"rounds/{FIRST}", "officer-H1").json()["members"] == {"district_evaluation": 1}, "of those that one may see"
    assert {d["stage"]: d["standing"] for d in shown["deadlines"]} == {"district_eval": "alone", "province_eval": "alone"}
    assert [each["code"] for each in api.get("rounds?unit=VS&year=2021").json()["items"]] == [FIRST, "VS-2021-2"]
    assert api.get("rounds?unit=nowhere").status_code == 422
    assert api.get("rounds/none").status_code == 404


def test_freezing_twice_with_one_key_is_freezing_once(api: Http):
    seen = version(api, f"rounds/{FIRST}")
    assert api.post(f"rounds/{FIRST}/freeze", "officer-VT", {}, version=seen).status_code == 403
    first = api.post(f"rounds/{FIRST}/freeze", "officer-VS", {}, version=seen, key="f")
    again = api.post(f"rounds/{FIRST}/freeze", "officer-VS", {}, version=seen, key="f")
    assert first.status_code == 200, first.text
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert api.world.events(FIRST).count("freeze") == 1
    stale = api.post(f"rounds/{FIRST}/freeze", "officer-VS", {}, version=seen)
    assert stale.status_code == 412
    assert stale.json()["case"]["state"] == "frozen"
    assert api.post(f"rounds/{FIRST}/freeze", "officer-VS", {}, version=stale.json()["case"]["etag"]).status_code == 409
    assert api.post(f"rounds/{FIRST}/freeze", "officer-VS", {}).status_code == 428
    assert api.post(f"rounds/{FIRST}/freeze", "officer-VS", {}, version=seen, key=None).status_code == 400
    assert api.world.history(FIRST)[-1].data["request"] == first.headers["x-request-id"]


def test_closing_counts_carries_on_and_can_be_tried_first(api: Http):
    code = api.world.filed("P1-01", "2021-02-01 08:00")
    early = api.post(f"rounds/{FIRST}/close", "officer-VS", {}, version=version(api, f"rounds/{FIRST}"))
    assert (early.status_code, early.json()["reasons"][0]["code"]) == (409, "cutoffs_ahead")
    api.world.sweep("2021-08-02 08:00")
    seen = version(api, f"rounds/{FIRST}")
    tried = api.post(f"rounds/{FIRST}/close?dry_run=true", "officer-VS", {}, version=seen).json()
    assert (tried["state"], tried["carried"][0]["to"], tried["dry_run"]) == ("open", "VS-2021-2", True)
    done = api.post(f"rounds/{FIRST}/close", "officer-VS", {}, version=seen)
    assert done.status_code == 200, done.text
    assert done.json()["carried"] == [{"case": code, "to": "VS-2021-2", "reasons": []}]
    assert (done.json()["state"], done.headers["etag"]) == ("closed", f'"{done.json()["version"]}"')
    assert api.world.case(code).round == "VS-2021-2"
    rolled = api.post(f"rounds/{FIRST}/rollover?dry_run=true", "officer-VS", {}, version=version(api, f"rounds/{FIRST}"))
    assert (rolled.status_code, rolled.json()["carried"]) == (200, [])


REDATE = {
    "stage": "district_eval", "phrase": "trước ngày 20/7/2021", "document_no": "5/TB-UBND", "document_date": "2021-07-01", "reason": "Vì dịch bệnh",
}  # fmt: skip


def test_a_round_is_re_dated_on_the_version_that_was_seen(api: Http):
    code = api.world.filed("P1-01", "2021-02-01 08:00")
    api.world.move("2021-07-05 08:00")
    seen = version(api, f"rounds/{FIRST}")
    tried = api.post(f"rounds/{FIRST}/re-date?dry_run=true", "officer-VS", REDATE, version=seen)
    assert (tried.status_code, tried.json()["moved"]) == (200, [code])
    assert version(api, f"rounds/{FIRST}") == seen
    done = api.post(f"rounds/{FIRST}/re-date", "officer-VS", REDATE, version=seen)
    assert done.status_code == 200, done.text
    assert done.json()["after"]["last_valid_day"] == "2021-07-19"
    assert api.post(f"rounds/{FIRST}/re-date", "officer-VS", REDATE, version=seen).status_code == 412
    again = api.post(f"rounds/{FIRST}/re-date", "officer-VS", REDATE, version=done.headers["etag"])
    assert (again.status_code, again.json()["reasons"][0]["code"]) == (409, "same_date")
    wrong = api.post(f"rounds/{FIRST}/re-date", "officer-VS", {**REDATE, "phrase": "hôm nào đó"}, version=done.headers["etag"])
    assert (wrong.status_code, wrong.json()["reasons"][0]["pointer"]) == (422, "/phrase")


# Plans.


def test_a_plan_is_imported_shown_and_published_with_chosen_effects(api: Http):
    text = plan_file("KH-2022", 2022, (("district_eval", 1, "trước ngày 10/7/2022"), ("province_eval", 1, "trước ngày 30/7/2022")))
    made = api.post("plans", "officer-VS", {"text": text, "unit": "VS"}, key="p")
    assert made.status_code == 201, made.text
    assert made.json()["state"] == "draft"
    assert api.post("plans", "officer-VS", {"text": text, "unit": "VS"}, key="p").content == made.content
    tried = api.post("plans/KH-2022/publish?dry_run=true", "officer-VS", {"effects": {"2": "record"}}, version=made.headers["etag"])
    assert [d["effect"] for d in tried.json()["deadlines"]] == ["defer", "record"]
    done = api.post("plans/KH-2022/publish", "officer-VS", {"effects": {"2": "record"}}, version=made.headers["etag"])
    assert (done.status_code, done.json()["rounds"]) == (200, ["VS-2022-1"])
    assert api.post("plans/KH-2022/publish", "officer-VS", {}, version=made.headers["etag"]).status_code == 412
    assert api.post("plans/KH-2022/publish", "officer-VS", {}, version=done.headers["etag"]).status_code == 409
    shown = api.get("plans/KH-2022").json()
    assert [d["effect"] for d in shown["deadlines"]] == ["defer", "record"]
    assert {each["code"] for each in api.get("plans").json()["items"]} == {"KH-2021", "KH-2022"}


@pytest.mark.parametrize(
    "body",
    [
        {"text": "= broken"}, {"text": ""}, {"text": 7}, {}, {"text": "x" * 400_001}, {"text": "[[plan]]", "colour": 1},
        {"text": "[[plan]]\nid='x'\nlevel='province'\nyear=2022\ntitle='t'", "unit": "nowhere"},
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_read_is_422(api: Http, body: dict[str, Any]):
    answer = api.post("plans", "officer-VS", body)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("effects", [{"9": "defer"}, {"one": "defer"}, {"1": "vanish"}, {"٣": "defer"}])
def test_an_effect_for_no_date_is_422(api: Http, effects: dict[str, str]):
    text = plan_file("KH-2022", 2022, (("district_eval", 1, "trước ngày 10/7/2022"),))
    made = api.post("plans", "officer-VS", {"text": text, "unit": "VS"})
    assert api.post("plans/KH-2022/publish", "officer-VS", {"effects": effects}, version=made.headers["etag"]).status_code == 422


# Calendars.

CLOSED: dict[str, Any] = {"days": [{"date": "2021-03-10", "working": False}], "document_no": "9/TB-UBND", "reason": "Nghỉ chống bão"}


def test_a_calendar_is_changed_after_its_impact_was_seen(api: Http):
    assert version(api, "calendars/VS/days?year=2021") == '"0"'
    tried = api.post("calendars/VS/changes?dry_run=true", "officer-VS", CLOSED, version=0)
    assert (tried.status_code, tried.json()["moved"], tried.json()["dry_run"]) == (200, [], True)
    done = api.post("calendars/VS/changes", "officer-VS", CLOSED, version=0, key="c")
    assert done.status_code == 200, done.text
    assert done.headers["etag"] == version(api, "calendars/VS/days?year=2021") == '"1"'
    assert api.post("calendars/VS/changes", "officer-VS", CLOSED, version=0, key="c").content == done.content
    assert api.post("calendars/VS/changes", "officer-VS", CLOSED, version=0).status_code == 412
    days = {d["date"]: d for d in api.get("calendars/VS/days?year=2021").json()["days"]}
    assert days["2021-03-10"]["document_no"] == "9/TB-UBND"
    assert len(api.get("calendars/VS/changes").json()["items"]) == 1
    assert api.get("calendars").json()["items"][0]["unit"] == "VS"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("calendars/VS/days", 422), ("calendars/VS/days?year=1800", 422), ("calendars/VS/days?year=1991", 422),
        ("calendars/nowhere/days?year=2021", 422), ("calendars/nowhere/changes", 200),
    ],
)  # fmt: skip
def test_a_year_without_data_is_refused_in_words(api: Http, path: str, status: int):
    assert api.get(path).status_code == status


def test_a_day_that_cannot_be_declared_is_422_and_another_units_is_403(api: Http):
    for days in ([], [{"date": "soon", "working": False}], [{"date": "2021-03-10"}], [{"date": "2021-03-13", "working": False}]):
        assert api.post("calendars/VS/changes", "officer-VS", {**CLOSED, "days": days}, version=0).status_code == 422
    assert api.post("calendars/VS/changes", "officer-VT", CLOSED, version=0).status_code == 403


# Deadlines of a case.


def test_a_span_is_extended_suspended_and_resumed_and_a_named_date_is_not(database_url: str):
    from tests.support.http import http_at  # noqa: PLC0415 - a world of its own
    from tests.support.world import LAW_OF_2026  # noqa: PLC0415

    with http_at(database_url, "2026-05-22 08:00", two_rounds=False) as api:
        api.world.publish(LAW_OF_2026.read_text("utf-8"), unit="TW")
        api.world.move("2026-06-01 08:00")
        code = api.world.filed("P1-01")
        by = {d["stage"]: d for d in api.get(f"cases/{code}/deadlines").json()["items"]}
        span = by["commune_check"]
        assert (span["kind"], span["extensions"], span["suspended_days"]) == ("span", [], 0)
        paper = {"document": {"no": "21/QĐ", "date": "2026-06-01"}, "reason": "Vì mưa lũ"}
        where = f"cases/{code}/deadlines/{span['id']}"
        officer = "authority-N1"
        done = api.post(f"{where}/extend", officer, {**paper, "days": 5}, version=api.version(code))
        assert done.status_code == 200, done.text
        later = {d["stage"]: d for d in api.get(f"cases/{code}").json()["deadlines"] if d["status"] == "running"}["commune_check"]
        assert later["cutoff"] > span["cutoff"]
        assert [e["days"] for e in later["extensions"]] == [5]
        api.world.move("2026-06-03 08:00")
        assert api.post(f"{where}/suspend", officer, paper, version=api.version(code)).status_code == 200
        api.world.move("2026-06-05 08:00")
        assert api.post(f"{where}/resume", officer, {}, version=api.version(code)).status_code == 200
        resumed = {d["stage"]: d for d in api.get(f"cases/{code}").json()["deadlines"] if d["status"] == "running"}["commune_check"]
        assert resumed["suspended_days"] == 2
        named = next(d for d in by.values() if d["kind"] != "span")
        refused = api.post(f"cases/{code}/deadlines/{named['id']}/extend", officer, {**paper, "days": 5}, version=api.version(code))
        assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (409, "named_date")
        assert api.post(f"cases/{code}/deadlines/none/extend", officer, {**paper, "days": 5}, version=1).status_code == 404
        assert api.post(f"{where}/extend", officer, {**paper, "days": "five"}, version=1).status_code == 422


# Registers, worklists, the log.


def test_certificates_are_seen_in_their_territory(api: Http):
    api.world.certified("P1-01", at="2021-05-10 08:00")
    [shown] = api.get("certificates").json()["items"]
    assert api.get(f"certificates/{shown['code']}").json()["history"][0]["event"] == "issue"
    assert api.get("certificates", "officer-VT").json()["items"] == []
    assert api.get(f"certificates/{shown['code']}", "officer-VT").status_code == 404
    assert api.get("certificates/none").status_code == 404
    tag = api.get(f"certificates/{shown['code']}").headers["etag"]
    assert api.get(f"certificates/{shown['code']}", headers={"If-None-Match": tag}).status_code == 304


def test_registers_are_seen_in_their_territory_page_by_page(api: Http):
    assert {p["code"] for p in api.get("producers").json()["items"]} == {"P1", "P2"}
    assert {p["code"] for p in api.get("producers?q=bai dau").json()["items"]} == {"P2"}
    first = api.get("products?limit=50").json()
    second = api.get(f"products?limit=500&cursor={first['next']}").json()
    found = [p["code"] for p in (*first["items"], *second["items"])]
    assert len(found) == len(set(found)) == 120
    assert {p["producer"] for p in api.get("products?producer=P1&limit=500", "producer-P1").json()["items"]} == {"P1"}
    assert {u["code"] for u in api.get("units?on=2025-08-01T00:00").json()["items"]} >= {"N1", "VS"}
    assert api.get("regimes").json()["items"][0]["id"] == "qd1048-2019"


@pytest.mark.parametrize("form", ["mermaid", "md", "json"])
@pytest.mark.parametrize("key", ["qd1048-2019", "round", "certificate"])
def test_charts_are_drawn(api: Http, key: str, form: str):
    answer = api.get(f"charts/{key}?format={form}")
    assert answer.status_code == 200
    assert (answer.headers["content-type"] == "application/json") == (form == "json")
    assert api.get("charts/none").status_code == 422


def test_a_worklist_and_its_count_come_from_one_query(api: Http):
    api.world.registered("P1-01")
    api.world.filed("P1-02", "2021-02-01 08:00")
    api.world.filed("P2-02", "2021-02-01 08:00")
    for now in ("2021-02-02 08:00", "2021-07-06 08:00", "2021-07-10 00:00:10"):
        api.world.move(now)
        for by in ("officer-VS", "officer-H1", "officer-VT"):
            counts = api.get("worklists/counts", by).json()["counts"]
            for each in api.get("worklists", by).json()["items"]:
                assert each["name"]["vi"] != each["slug"]
                assert len(api.get(f"worklists/{each['slug']}?limit=200", by).json()["items"]) == counts[each["slug"]], each["slug"]
    assert counts == dict.fromkeys(counts, 0)
    assert api.get("worklists/counts", "officer-H1").json()["counts"]["overdue"] == 1
    assert api.get("worklists/none").status_code == 404


def test_an_entry_is_proved_to_be_in_the_log(api: Http):
    for n in range(1, 8):
        code = api.world.registered(f"P1-{n:02d}")
    assert api.get(f"log/proof/{code}/1").status_code == 404, "not yet in the log"
    sequence(api.world.store)
    checkpoint = api.get("log/checkpoint").json()
    for subject in (code, FIRST, "KH-2021"):
        told = api.get(f"log/proof/{subject}/1").json()
        here, index, last = bytes.fromhex(told["leaf_hash"]), told["index"], told["size"] - 1
        for step in map(bytes.fromhex, told["path"]):
            # RFC 9162, 2.1.3.2.
            if index % 2 or index == last:
                here = node_hash(step, here)
                while index % 2 == 0 and index:
                    index, last = index // 2, last // 2
            else:
                here = node_hash(here, step)
            index, last = index // 2, last // 2
        assert here.hex() == told["root"] == checkpoint["root"]
    assert api.get(f"log/proof/{code}/1", "officer-VT").status_code == 404


def test_auditors_read_the_log_of_their_territory_and_others_do_not(api: Http):
    mine, theirs = api.world.registered("P1-01"), api.world.registered("P3-01")
    sequence(api.world.store)
    found: list[str] = []
    after: int | None = -1
    while after is not None:
        page = api.get(f"history?after={after}&limit=2", "auditor-VS").json()
        found += [each["case"] for each in page["items"]]
        after = page["next"]
    assert mine in found
    assert theirs not in found
    assert "KH-2021" in found
    refused = api.get("history", "officer-VS")
    assert (refused.status_code, refused.json()["reasons"][0]["holder"]) == (403, "auditor@province")


def test_the_scheduler_says_how_far_behind_it_is(api: Http):
    api.world.filed("P1-01", "2021-02-01 08:00")
    assert api.get("scheduler").json()["lag_seconds"] == 0
    api.world.move("2021-07-10 01:00")
    told = api.get("scheduler").json()
    assert (told["due"], told["lag_seconds"], told["oldest_due"]) == (1, 3600, "2021-07-10T00:00:00+07:00")
