"""Forecasts and suppositions over HTTP; steps of reminding beside a deadline; charts that light where a case is; trying before doing."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.support.http import Http
from tests.support.world import plan_file
from workflow.audit import drifts

FIRST = "VS-2021-1"
MOVE = {"round": FIRST, "stage": "district_eval", "phrase": "trước ngày 20/7/2021"}


def heads(api: Http) -> list[tuple[str, int]]:
    """Everything that has a history, and how long it is."""
    store = api.world.store
    codes = [*(row.code for row in store.rounds()), *(row.code for row in store.plans())]
    codes += [each["code"] for each in api.get("cases?limit=200", "auditor-TW").json()["items"]]
    return [(code, len(list(store.entries(code)))) for code in codes]


# Forecasts.


def test_a_forecast_is_of_the_cases_that_one_may_see(api: Http):
    for product in ("P1-01", "P1-02", "P2-01"):
        api.world.filed(product, "2021-02-01 08:00")
    api.world.move("2021-06-20 08:00")
    whole = api.get(f"rounds/{FIRST}/forecast", "officer-VS").json()
    assert {each["case"] for each in whole["cases"]} == {"VS-2021-0001", "VS-2021-0002", "VS-2021-0003"}
    [date] = [each for each in whole["dates"] if each["stage"] == "district_eval"]
    assert date["cases"] == 3
    of_district = api.get(f"rounds/{FIRST}/forecast", "officer-H1").json()
    assert {each["case"] for each in of_district["cases"]} == {"VS-2021-0001", "VS-2021-0002"}
    assert [each["cases"] for each in of_district["dates"] if each["stage"] == "district_eval"] == [2]
    assert api.get(f"rounds/{FIRST}/forecast", "producer-P2").json()["cases"][0]["case"] == "VS-2021-0003"
    for by, path, status in (
        ("officer-VT", FIRST, 404), ("officer-VS", "none", 404), ("officer-VS", f"{FIRST}/forecast/back-test", 404),
    ):  # fmt: skip
        assert api.get(f"rounds/{path}/forecast", by).status_code == status
    assert api.get(f"rounds/{FIRST}/forecast?at=2031-01-01T00:00", "officer-VS").json()["code"] == "instant_ahead"
    assert api.get(f"rounds/{FIRST}/forecast?at=soon", "officer-VS").status_code == 422


def test_past_forecasts_are_held_against_what_happened(api: Http):
    api.world.filed("P1-01", "2021-02-01 08:00")
    api.world.sweep("2021-08-02 08:00")
    tested = api.get(f"rounds/{FIRST}/forecast/back-test", "officer-VS").json()
    assert {each["days"] for each in tested["tests"]} == {30, 14, 7}
    assert api.get(f"rounds/{FIRST}/forecast/back-test", "officer-VT").status_code == 404


# Suppositions.


def test_what_if_says_who_would_gain_and_writes_nothing(api: Http):
    code = api.world.filed("P1-01", "2021-02-01 08:00")
    api.world.sweep("2021-07-12 08:00")
    assert api.world.case(code).state == "deferred"
    before = heads(api)
    answer = api.send("POST", "what-if", "officer-VS", json={"moves": [MOVE]})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["written"], told["supposed"][0]["refusal"]) == (False, None)
    [effect] = told["cases"]
    assert (effect["case"], effect["gain"], effect["after"]) == (code, "comes_back", "district_evaluation")
    assert effect["messages"], "and who would be reminded"
    assert heads(api) == before
    assert list(drifts(api.world.store)) == []


def test_a_supposition_that_the_act_would_refuse_is_refused_with_the_same_reasons(api: Http):
    api.world.filed("P1-01", "2021-02-01 08:00")
    refused = api.send("POST", "what-if", "officer-VT", json={"moves": [MOVE]}).json()
    assert refused["cases"] == []
    assert refused["supposed"][0]["refusal"]["code"] == "not_allowed"
    assert refused["supposed"][0]["refusal"]["reasons"]
    two = api.send("POST", "what-if", "officer-VS", json={"moves": [{**MOVE, "round": "none"}, MOVE]}).json()
    assert [bool(each["refusal"]) for each in two["supposed"]] == [True, False], "the next is tried all the same"
    assert [each["case"] for each in two["cases"]] == ["VS-2021-0001"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422), ({"moves": []}, 422), ({"days": [{"date": "mai", "working": False}]}, 422), ({"days": [{"date": "2021-07-08"}]}, 422),
        ({"moves": [{**MOVE, "phrase": "hôm nào đó"}]}, 200), ({"moves": [{**MOVE, "reading": "loose"}]}, 422),
        ({"moves": [MOVE] * 21}, 422), ({"moves": [{**MOVE, "colour": "red"}]}, 422),
        ({"days": [{"date": "2021-07-08", "working": False}], "unit": "nowhere"}, 200),
    ],
)  # fmt: skip
def test_what_cannot_be_supposed_is_said_in_words(api: Http, body: dict[str, Any], status: int):
    answer = api.send("POST", "what-if", "officer-VS", json=body)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["supposed"][0]["refusal"]["text"]["vi"]


# Steps of reminding.


def test_a_deadline_says_when_it_is_reminded_of_and_when_it_was(api: Http):
    code = api.world.filed("P1-01", "2021-02-01 08:00")
    [deadline] = [d for d in api.get(f"cases/{code}").json()["deadlines"] if d["stage"] == "district_eval"]
    planned = {rung["key"]: (rung["at"], rung["sent"]) for rung in deadline["rungs"]}
    assert planned["T-7"][0].startswith("2021-07-02T")
    assert {sent for _, sent in planned.values()} == {None}
    tag = api.get(f"cases/{code}").headers["etag"]
    api.world.move("2021-07-02 12:00")
    api.runtime.notifications.gather()
    after = api.get(f"cases/{code}")
    told = {rung["key"]: rung["sent"] for d in after.json()["deadlines"] if d["stage"] == "district_eval" for rung in d["rungs"]}
    assert told["T-7"] == "2021-07-02T12:00:00+07:00"
    assert told["T-1"] is None
    assert "T-14" not in told, "the later step was told in its place"
    assert after.headers["etag"] != tag
    assert next(d["rungs"] for d in api.get(f"cases/{code}/deadlines").json()["items"] if d["stage"] == "district_eval")
    assert api.get(f"cases/{code}?as_of=2021-03-01T00:00").json()["deadlines"][0]["rungs"] is None


# Charts.


@pytest.mark.parametrize("key", ["qd1048-2019", "qd26-2026", "round", "certificate", "plan", "calendar", "delegation"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_chart_is_a_picture_that_stands_by_itself(api: Http, key: str, language: str):
    answer = api.get(f"charts/{key}?format=svg", headers={"Accept-Language": language})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert "script" not in answer.headers["content-security-policy"]
    root = ET.fromstring(answer.text)  # noqa: S314 - our own answer
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    boxes = root.findall(".//{http://www.w3.org/2000/svg}rect")
    assert len(boxes) == len([g for g in root.iter("{http://www.w3.org/2000/svg}g") if "state" in (g.get("class") or "").split()]) >= 1
    assert not re.search("now", " ".join(g.get("class", "") for g in root.findall(".//{http://www.w3.org/2000/svg}g"))), "of no case"


def test_a_chart_lights_where_a_case_is_for_who_may_see_the_case(api: Http):
    code = api.world.filed("P1-01", "2021-02-01 08:00")
    svg = api.get(f"charts/qd1048-2019?format=svg&case={code}").text
    lit = [g for g in ET.fromstring(svg).findall(".//{http://www.w3.org/2000/svg}g") if "now" in (g.get("class") or "").split()]  # noqa: S314
    assert len(lit) == 1
    assert "class district_evaluation now" in api.get(f"charts/qd1048-2019?format=mermaid&case={code}").text
    assert api.get(f"charts/qd1048-2019?format=md&case={code}").text.startswith("Sơ đồ các bước. Hồ sơ đang ở bước:")
    told = api.get(f"charts/qd1048-2019?case={code}").json()
    assert (told["now"], told["been"][0]) == ("district_evaluation", "idea_registered")
    assert api.get(f"charts/qd1048-2019?format=svg&case={code}", "officer-VT").status_code == 404
    assert api.get("charts/qd1048-2019?case=none").status_code == 404
    other = api.get(f"charts/qd26-2026?case={code}")
    assert (other.status_code, other.json()["reasons"][0]["pointer"]) == (422, "/key")
    assert api.get(f"charts/round?case={code}").status_code == 422
    assert api.get("charts/qd26-2026?format=painting").status_code == 422


def test_two_regimes_are_compared(api: Http):
    found = api.get("charts/qd148-2023/diff?to=qd1489-2025").json()
    assert "commune_check" in found["states"]["added"]
    assert api.get("charts/qd148-2023/diff?to=none").status_code == 422
    assert api.get("charts/qd148-2023/diff").status_code == 422


# Trying first, and histories.


def test_a_publication_is_judged_before_it_is_made(api: Http):
    text = plan_file("KH-2022", 2022, (("district_eval", 1, "trước ngày 10/7/2022"), ("province_eval", 1, "trước ngày 30/7/2022")))
    made = api.post("plans", "officer-VS", {"text": text, "unit": "VS"})
    before = heads(api)
    tried = api.post("plans/KH-2022/publish?dry_run=true", "officer-VS", {}, version=made.headers["etag"])
    assert (tried.status_code, tried.json()["rounds"], tried.json()["dry_run"]) == (200, ["VS-2022-1"], True)
    assert api.post("plans/KH-2022/publish?dry_run=true", "officer-VT", {}, version=made.headers["etag"]).status_code == 403
    assert api.post("plans/KH-2022/publish?dry_run=true", "officer-VS", {}, version=9).status_code == 412
    assert heads(api) == before
    assert api.post("plans/KH-2022/publish", "officer-VS", {}, version=made.headers["etag"]).json()["rounds"] == ["VS-2022-1"]


def test_freezing_can_be_tried_first(api: Http):
    before = heads(api)
    tried = api.post(f"rounds/{FIRST}/freeze?dry_run=true", "officer-VS", {}, version=api.get(f"rounds/{FIRST}").headers["etag"])
    assert (tried.status_code, tried.json()["state"], tried.json()["dry_run"]) == (200, "frozen", True)
    assert heads(api) == before


def test_a_recount_is_the_centres_and_can_be_tried_first(api: Http):
    api.world.filed("P1-01", "2021-02-01 08:00")
    before = heads(api)
    tried = api.post("calendars/recount?dry_run=true", "officer-TW", {})
    assert (tried.status_code, tried.json()["moved"], tried.json()["dry_run"]) == (200, [], True)
    assert api.post("calendars/recount", "officer-VS", {}).status_code == 403
    assert heads(api) == before


def test_histories_of_plans_and_rounds_are_read_by_who_answers_for_them(api: Http):
    assert [each["event"] for each in api.get(f"rounds/{FIRST}/history", "officer-H1").json()["items"]][:2] == ["prepare", "open"]
    assert [each["event"] for each in api.get("plans/KH-2021/history", "auditor-VS").json()["items"]] == ["import", "publish"]
    for path, by in (
        ("rounds/VS-2021-1/history", "officer-VT"),
        ("plans/KH-2021/history", "officer-H1"),
        ("plans/none/history", "officer-VS"),
    ):
        assert api.get(path, by).status_code == 404, path


def test_a_plan_file_is_read_before_anybody_imports_it(api: Http):
    text = plan_file("KH-2022", 2022, (("district_eval", 1, "trước ngày 10/7/2022"), ("province_eval", 1, "hôm nào đó")))
    before = heads(api)
    [found] = api.send("POST", "plans/check", "producer-P1", json={"text": text}).json()["plans"]
    assert found["deadlines"][0]["cutoff"] == "2022-07-10T00:00:00+07:00"
    assert [each["text"]["vi"] for each in (*found["problems"], *found["questions"])]
    broken = api.send("POST", "plans/check", "producer-P1", json={"text": "= broken"})
    assert (broken.status_code, broken.json()["plans"][0]["problems"][0]["code"]) == (200, "not_toml")
    assert api.send("POST", "plans/check", None, json={"text": text}).status_code == 401
    assert heads(api) == before
