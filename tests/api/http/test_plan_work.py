"""A plan's other work over HTTP: listed, reported, supported, stated, reviewed; each once a key, and seen within one's territory."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.http import Http, http_at
from tests.workflow.engine.test_planwork import PLAN
from workflow.audit import drifts

PAPER = {"document_no": "12/BC-VPĐP", "document_date": "2021-04-01"}
GIVEN = {"support": "packaging", "what": "In hộp", "giver": "UBND huyện", "given_on": "2021-04-01", "amount": 25_000_000, **PAPER}
WORK = "plans/KH-2021"


@pytest.fixture
def api(database_url: str) -> Iterator[Http]:
    """20 May 2021, with a plan that has activities and targets, and a product of three stars."""
    with http_at(database_url, two_rounds=False) as opened:
        opened.world.publish(PLAN)
        opened.world.certified("P1-01", 60, at="2021-05-04 08:00")
        opened.world.move("2021-05-20 08:00")
        yield opened


def test_activities_are_followed_up_like_deadlines(api: Http):
    items = api.get(f"{WORK}/activities", "officer-X1").json()["items"]
    assert [(a["number"], a["status"], a["last_day"]) for a in items] == [
        ("3", "overdue", "2021-03-31"), ("4", "not_begun", None), ("h1", "not_begun", None),
    ]  # fmt: skip
    assert [a["number"] for a in api.get(f"{WORK}/activities?due=true").json()["items"]] == ["3"]
    assert api.get(f"{WORK}/activities?on=2021-03-31").json()["items"][0]["status"] == "not_begun"
    for path, by, status in (
        (f"{WORK}/activities", "officer-VT", 404), ("plans/none/activities", "officer-VS", 404), (f"{WORK}/activities?on=soon", "officer-VS", 422),
        (f"{WORK}/activities?on=0001-01-01", "officer-VS", 422), (f"{WORK}/activities?on=2031-01-01", "officer-VS", 422),
    ):  # fmt: skip
        assert api.get(path, by).status_code == status, path


def test_a_report_is_tried_written_once_and_closes_the_activity(api: Http):
    body = {"status": "done", "done_on": "2021-03-30", "figure": "3", **PAPER}
    tried = api.post(f"{WORK}/activities/3/reports?dry_run=true", "officer-VS", body)
    assert (tried.status_code, tried.json()["entry"], tried.json()["dry_run"]) == (200, None, True)
    assert api.get(f"{WORK}/activities?open=true").json()["items"][0]["number"] == "3"
    made = api.post(f"{WORK}/activities/3/reports", "officer-VS", body, key="r")
    assert (made.status_code, made.json()["fulfilled"]) == (201, ["KH-2021:VS:2021#3"])
    again = api.post(f"{WORK}/activities/3/reports", "officer-VS", body, key="r")
    assert (again.content, again.headers["idempotency-replayed"]) == (made.content, "true")
    assert api.post(f"{WORK}/activities/3/reports", "officer-VS", {**body, "figure": "4"}, key="r").status_code == 422
    assert [a["number"] for a in api.get(f"{WORK}/activities?open=true").json()["items"]] == ["4", "h1"]
    assert api.world.events("KH-2021").count("report") == 1
    assert api.post(f"{WORK}/activities/3/reports", "officer-VS", body, key=None).status_code == 400
    assert list(drifts(api.world.store)) == []


@pytest.mark.parametrize(
    ("by", "path", "body", "status", "code"),
    [
        ("officer-VS", "activities/99/reports", {"status": "done", **PAPER}, 422, "unknown_name"),
        ("officer-VS", "activities/3/reports", {}, 422, "payload_invalid"),
        ("officer-VS", "activities/3/reports", {"status": "dreamt"}, 422, "payload_invalid"),
        ("officer-VS", "activities/3/reports", {"status": "done"}, 422, "payload_invalid"),
        ("officer-VS", "activities/3/reports", {"status": "done", "colour": "red", **PAPER}, 422, "request_invalid"),
        ("officer-VS", "activities/3/reports", {"status": "done", "done_on": "2031-01-01", **PAPER}, 422, "payload_invalid"),
        ("officer-VT", "activities/3/reports", {"status": "done", **PAPER}, 403, "not_allowed"),
        ("producer-P1", "activities/3/reports", {"status": "done", **PAPER}, 403, "not_allowed"),
        ("officer-VS", "activities/3/units", {"units": []}, 422, "payload_invalid"),
        ("officer-VS", "activities/3/units", {"units": ["nowhere"]}, 422, "unknown_name"),
        ("officer-H1", "activities/3/units", {"units": ["H1"]}, 403, "not_allowed"),
        ("officer-VS", "targets/99/figures", {"figure": "1", **PAPER}, 422, "no_such_target"),
        ("officer-VS", "targets/1/counting", {"count": "guessed"}, 422, "unknown_name"),
        ("officer-VS", "support", {**GIVEN, "product": "none"}, 404, "not_found"),
        ("officer-VS", "support", {**GIVEN, "product": "P3-01"}, 422, "payload_invalid"),
        ("officer-VS", "support", {**GIVEN, "product": "P1-01", "amount": -1}, 422, "payload_invalid"),
        ("officer-VS", "support", {**GIVEN, "product": "P1-01", "amount": 1.5}, 422, "payload_invalid"),
        ("officer-VS", "support", GIVEN, 422, "payload_invalid"),
        ("officer-VS", "lessons", {"part": "dream", "text": "x"}, 422, "payload_invalid"),
        ("officer-VS", "entries/1/strike", {"reason": "Nhầm"}, 404, "not_found"),
        ("officer-VS", "review", {"on": "2031-01-01"}, 422, "review_in_future"),
        ("officer-VS", "review", {"on": "0001-01-01"}, 422, "not_a_day"),
        ("officer-VS", "review", {"on": "soon"}, 422, "not_a_day"),
        ("officer-H1", "review", {}, 403, "not_allowed"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(api: Http, by: str, path: str, body: dict[str, Any], status: int, code: str):  # noqa: PLR0913
    before = len(list(api.world.store.entries("KH-2021")))
    answer = api.post(f"{WORK}/{path}", by, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert len(list(api.world.store.entries("KH-2021"))) == before
    assert api.post(f"plans/none/{path}", by, body).status_code == (422 if code == "request_invalid" else 404), (
        "the shape is looked at first"
    )


def test_a_unit_that_is_named_reports_for_itself(api: Http):
    assert api.post(f"{WORK}/activities/3/units", "officer-VS", {"units": ["H1", "H2"]}).json()["data"]["units"] == ["H1", "H2"]
    body = {"status": "done", "figure": "1", **PAPER}
    assert api.post(f"{WORK}/activities/3/reports", "officer-H1", body).json()["data"]["for_unit"] == "H1"
    both = api.post(f"{WORK}/activities/3/reports", "officer-VS", body)
    assert both.json()["reasons"][0]["code"] == "which_unit"
    assert api.post(f"{WORK}/activities/3/reports", "officer-VS", {**body, "for_unit": "H2"}).status_code == 201


def test_support_is_recorded_seen_in_its_territory_and_taken_back(api: Http):
    made = api.post(f"{WORK}/support", "officer-H1", {**GIVEN, "product": "P1-01"})
    assert made.status_code == 201, made.text
    assert api.post(f"{WORK}/support", "officer-VS", {**GIVEN, "producer": "P2"}).status_code == 201
    assert [s["producer"] for s in api.get(f"{WORK}/support", "officer-VS").json()["items"]] == ["P1", "P2"]
    assert [s["producer"] for s in api.get(f"{WORK}/support", "officer-H1").json()["items"]] == ["P1"]
    assert [s["producer"] for s in api.get(f"{WORK}/support", "producer-P2").json()["items"]] == ["P2"]
    assert api.get(f"{WORK}/support?product=P1-01").json()["items"][0]["what"] == "In hộp"
    assert api.get(f"{WORK}/support", "officer-VT").status_code == 404
    shown = api.get(f"{WORK}/review", "producer-P2").json()
    assert [s["producer"] for s in shown["support"]] == ["P2"]
    assert shown["digest"] == api.get(f"{WORK}/review").json()["digest"], "figures are of everything, whoever looks"
    number = made.json()["entry"]
    assert api.post(f"{WORK}/entries/{number}/strike", "officer-VS", {"reason": "Ghi nhầm"}).status_code == 201
    assert [s["producer"] for s in api.get(f"{WORK}/support").json()["items"]] == ["P2"]


def test_targets_are_counted_with_what_is_behind_them_as_far_as_one_sees(api: Http):
    assert api.post(f"{WORK}/targets/3/counting", "officer-VS", {"count": "recognised"}).status_code == 201
    targets = api.get(f"{WORK}/targets").json()["items"]
    counted = next(t for t in targets if t["count"] == "recognised")
    assert (counted["figure"], counted["members"]) == ("1", ["P1-01"])
    shown = api.get(f"{WORK}/targets/{counted['number']}").json()
    assert shown["list"][0].startswith("P1-01 – ")
    hidden = api.get(f"{WORK}/targets/{counted['number']}", "officer-H2").json()
    assert (hidden["figure"], hidden["list"], hidden["members"]) == ("1", [], [])
    assert api.get(f"{WORK}/targets/99").status_code == 422
    stated = next(t for t in targets if t["count"] == "stated")
    done = api.post(f"{WORK}/targets/{stated['number']}/figures", "officer-VS", {"figure": "2", **PAPER})
    assert done.status_code == 201, done.text
    assert api.get(f"{WORK}/targets/{stated['number']}").json()["figure"] == "2"
    assert api.post(f"{WORK}/targets/{counted['number']}/figures", "officer-VS", {"figure": "2", **PAPER}).status_code == 422
    assert api.post(f"{WORK}/targets/{counted['number']}/counting", "officer-VS", {"count": "stated"}).status_code == 201


def test_the_review_is_read_and_concluded(api: Http):
    api.post(f"{WORK}/lessons", "officer-VS", {"part": "cause", "text": "Thiếu phiếu kiểm nghiệm"})
    review = api.get(f"{WORK}/review").json()
    assert review["lessons"][0]["text"] == "Thiếu phiếu kiểm nghiệm"
    assert review["concluded"] is None
    text = api.get(f"{WORK}/review?format=md")
    assert text.headers["content-type"] == "text/markdown; charset=utf-8"
    assert text.text.startswith("# Tổng kết thực hiện kế hoạch OCOP năm 2021")
    assert api.get(f"{WORK}/review?format=md", headers={"Accept-Language": "en"}).text.startswith("# Review of the OCOP plan of 2021")
    assert api.post(f"{WORK}/review?dry_run=true", "officer-VS", {}).status_code == 200
    done = api.post(f"{WORK}/review", "officer-VS", {}, key="v")
    assert done.status_code == 201, done.text
    again = api.post(f"{WORK}/review", "officer-VS", {})
    assert (again.status_code, again.json()["reasons"][0]["pointer"]) == (422, "/reason")
    concluded = api.get(f"{WORK}/review").json()["concluded"]
    assert (concluded["entry"], concluded["agrees"]) == (done.json()["entry"], True)
