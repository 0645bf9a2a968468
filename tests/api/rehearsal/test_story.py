"""The headline rule over HTTP, by its buttons: one product is in time, the other is deferred, is told so, and goes into round 2."""

import html
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.bootstrap import Runtime
from api.pages.stories import StepKind, stories
from states.vocabulary import CaseState
from tests.api.rehearsal.test_over_http import move, role
from tests.support.http import http_at
from tests.support.pages import HTML, Page
from workflow.audit import drifts
from workflow.listing import every_case
from workflow.timebar import shipped

ORIGIN = {"Origin": "http://127.0.0.1:8000"}
RESULT = {"mean": "66", "report_no": "1/BC", "report_date": "2021-07-09", "minutes_no": "2/BB", "minutes_date": "2021-07-09"}


def act(browser: TestClient, headers: dict[str, str], case: str, event: str, body: Any = None) -> Any:
    tag = browser.get(f"/api/v1/cases/{case}").headers["etag"]
    sent = {**headers, "If-Match": tag, "Idempotency-Key": f"{case}-{event}"}
    return browser.post(f"/api/v1/cases/{case}/actions/{event}", json=body or {}, headers=sent)


def token(browser: TestClient) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]*)"', browser.get("/rehearsal").text)
    return found[1] if found else ""


def press(browser: TestClient, path: str, **fields: str) -> Any:
    """A button of the page, as a browser without scripts presses it."""
    return browser.post(f"/rehearsal/{path}", data={"csrf_token": token(browser), **fields}, headers=ORIGIN)


def choose(browser: TestClient, person: str) -> Any:
    """Press a role's button."""
    return browser.post(
        "/login/role", data={"csrf_token": token(browser), "person": person, "next": "/rehearsal#role"}, headers={**ORIGIN, "Accept": HTML}
    )


def text_of(answered: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answered.text)))


def test_the_headline_rule_by_role_buttons_over_the_interface(browser: TestClient, run: Runtime):
    secretary = role(browser, "tk-h5")
    assert act(browser, secretary, "VS-2021-0016", "conclude", RESULT).status_code == 200
    moved = move(browser, secretary, to="2021-07-10T00:01").json()
    missed = {each["case"] for each in moved["deferred"]}
    assert "VS-2021-0012" in missed
    assert "VS-2021-0016" not in missed
    assert browser.get("/api/v1/cases/VS-2021-0016").json()["state"] == "district_evaluation"
    late = act(browser, secretary, "VS-2021-0012", "conclude", RESULT)
    assert (late.status_code, late.json()["reasons"][0]["code"]) == (409, "deadline_passed")
    role(browser, "sx-22")
    waiting = text_of(browser.get("/rehearsal/inbox"))
    assert "Sẽ gửi" in waiting
    officer = role(browser, "cb-vs")
    moved = move(browser, officer, "k2", to="2021-07-30T00:01").json()
    assert "VS-2021-0016" in {each["case"] for each in moved["deferred"]}, "nobody forwarded it to the province"
    role(browser, "sx-22")
    page = browser.get("/rehearsal/inbox")
    links = re.findall(r'href="(/rehearsal/letter\?id=sx-22[^"]*2021-07-12[^"]*)"', page.text)
    said = text_of(browser.get(links[0]))
    assert "Chẩm chéo Mường Khén" in said
    assert "“trước ngày 10/7/2021”" in said
    assert "VS-2021-2" in said, "which round is next"
    officer = role(browser, "cb-vs")
    tag = browser.get("/api/v1/rounds/VS-2021-1").headers["etag"]
    closed = browser.post("/api/v1/rounds/VS-2021-1/close", json={}, headers={**officer, "If-Match": tag, "Idempotency-Key": "close"})
    assert closed.status_code == 200, closed.text
    assert {"case": "VS-2021-0012", "to": "VS-2021-2", "reasons": []} in closed.json()["carried"]
    carried = browser.get("/api/v1/cases/VS-2021-0012").json()
    assert (carried["state"], carried["round"], carried["attempt"]) == ("district_evaluation", "VS-2021-2", 2)
    assert list(drifts(run.store)) == []


def test_three_clicks_of_the_first_story_show_it(browser: TestClient, run: Runtime):
    opened = browser.get("/rehearsal")
    assert "23:58 thứ Sáu, 09/07/2021" in text_of(opened)
    first = press(browser, "story", story="midnight", step="1")
    assert "Đang vào vai: Đỗ Quang Tấn" in text_of(first)
    second = text_of(press(browser, "story", story="midnight", step="2"))
    assert "VS-2021-0012 – Chẩm chéo Mường Khén" in second
    assert "VS-2021-0016 – Tranh thêu bản Sim" not in second
    third = text_of(press(browser, "story", story="midnight", step="3"))
    assert "Kính gửi ông/bà Cao Đức Tấn" in third
    fourth = text_of(press(browser, "story", story="midnight", step="4"))
    assert "đóng đợt" in fourth
    last = text_of(press(browser, "story", story="midnight", step="5"))
    assert "Vào đợt VS-2021-2" in last
    loaded = run.store.load_case("VS-2021-0012", "")
    assert loaded is not None
    assert loaded.case.round == "VS-2021-2"


def test_a_minute_late_is_refused_on_the_page_with_the_way_out(browser: TestClient):
    press(browser, "story", story="minute-late", step="1")
    refused = press(browser, "story", story="minute-late", step="2")
    assert refused.status_code == 409
    said = text_of(refused)
    assert "Đợt kế tiếp: VS-2021-2" in said
    assert "Ai gỡ được: cán bộ phụ trách cấp tỉnh" in said
    assert "Đang vào vai: Vi Mai Lam" in text_of(refused), "the role that was refused is played on"
    assert said.index("Không làm được") < said.index("Tiếp tục ở đây") < said.index("Muộn một phút") < said.index("Hai phút trước nửa đêm")
    page = Page(refused.text)
    assert dict(page.form("/language").values)["next"] == "/rehearsal", "a button has no page of its own to come back to"
    assert [form.action for form in page.forms].count("/rehearsal/clock") == 1, "the whole time bar is there, so the strip is not"
    onward = next(form for form in page.forms if {("step", "3"), ("story", "minute-late")} <= {*form.buttons, *form.values})
    assert browser.post("/rehearsal/story", data={**dict(onward.values), "step": "3"}, headers=ORIGIN).status_code == 200
    history = text_of(press(browser, "story", story="minute-late", step="4"))
    assert "bị từ chối Ghi kết quả của hội đồng" in history
    assert "Vào đợt VS-2021-2" in history


def test_the_season_goes_to_its_end_with_colleagues(browser: TestClient, run: Runtime):
    press(browser, "story", story="season", step="1")
    press(browser, "story", story="season", step="2")
    assert run.time_bar.season() == "van-son"
    first, second = run.store.load_round("VS-2021-1"), run.store.load_round("VS-2021-2")
    assert first is not None
    assert second is not None
    assert {str(first.state), str(second.state)} == {"closed"}
    done = run.store.load_case("VS-2021-0005", "")
    assert done is not None
    assert done.case.state is CaseState.CERTIFIED


def test_after_the_season_it_goes_on_into_one_under_the_present_law(browser: TestClient, run: Runtime):
    story = next(each for each in stories() if each.key == "present-law")
    for number, step in enumerate(story.steps, 1):
        page = press(browser, "story", story=story.key, step=str(number))
        assert page.status_code == 200, (number, text_of(page)[:400])
        assert step.to is None or run.clock.now() == step.to
    assert "Xếp sang đợt sau theo mốc của quy định" in text_of(page)
    assert "Vào đợt VS-2027-1" in text_of(page)
    found = {case.code: case for case in every_case(run.store) if case.code.startswith("VS-2026")}
    assert {case.regime for case in found.values()} == {"qd26-2026"}
    assert sum(case.state is CaseState.CERTIFIED for case in found.values()) >= 5
    choose(browser, "cb-vs")
    said = text_of(browser.get("/rounds/VS-2026-2"))
    assert "trước ngày 30 tháng 10" in said
    assert run.time_bar.move(run.clock.now(), colleagues=True).overtaken == 0, "colleagues could do all that the season tells"
    assert list(drifts(run.store)) == []


def test_the_time_bar_is_at_hand_on_every_page_and_leads_back_to_it(browser: TestClient, run: Runtime):
    choose(browser, "cb-vs")
    for path in ("/work", "/rounds", "/rounds/VS-2021-1", "/cases", "/cases/VS-2021-0005", "/rehearsal/inbox", "/login", "/nowhere"):
        page = Page(browser.get(path, headers={"Accept": HTML}).text)
        strip = page.form("/rehearsal/clock")
        assert ("by", "PT1M") in strip.buttons, path
        assert any(name == "to" for name, _ in strip.buttons), path
        assert "/rehearsal" in page.links, path
    page = Page(browser.get("/rounds/VS-2021-1?unit=VS-H6", headers={"Accept": HTML}).text)
    strip = page.form("/rehearsal/clock")
    ahead = next(value for name, value in strip.buttons if name == "to")
    moved = browser.post("/rehearsal/clock", data={**dict(strip.values), "to": ahead}, headers={**ORIGIN, "Accept": HTML})
    assert moved.url.path == "/rounds/VS-2021-1"
    assert moved.url.params["unit"] == "VS-H6"
    assert "Vừa xảy ra 14 hồ sơ lỡ mốc" in text_of(moved)
    told = Page(moved.text)
    assert dict(told.form("/language").values)["next"] == "/rounds/VS-2021-1?unit=VS-H6", "what a move brought is told once"
    assert "Lỡ mốc, chuyển đợt sau: 14" in text_of(browser.get(next(link for link in told.links if "#happened" in link)))
    minute = browser.post("/rehearsal/clock", data={**dict(told.form("/rehearsal/clock").values), "by": "PT1M"}, headers=ORIGIN)
    assert "0 hồ sơ lỡ mốc" in text_of(minute)
    assert run.clock.now() == shipped("van-son").start.replace(year=2021, month=7, day=10, hour=0, minute=2)
    away = browser.post(
        "/rehearsal/clock", data={"csrf_token": token(browser), "by": "PT1M", "next": "//evil.example.test/"}, headers=ORIGIN
    )
    assert away.url.path == "/rehearsal"


def test_who_plays_on_goes_on_from_what_just_happened(browser: TestClient):
    press(browser, "story", story="midnight", step="1")
    second = press(browser, "story", story="midnight", step="2")
    happened = Page(second.text).section("happened-title") or Page(second.text).section("happened")
    assert "Hai phút trước nửa đêm , bước 3" in happened
    form = next(form for form in Page(second.text).forms if ("step", "3") in form.buttons)
    third = browser.post("/rehearsal/story", data={**dict(form.values), "step": "3"}, headers=ORIGIN)
    assert "Kính gửi ông/bà Cao Đức Tấn" in text_of(third)


def test_a_step_is_taken_once_and_in_its_turn(browser: TestClient, run: Runtime):
    before = run.store.log_state().size
    press(browser, "story", story="minute-late", step="3")
    assert run.store.log_state().size == before, "not its turn yet"
    press(browser, "story", story="midnight", step="1")
    entries = len(list(run.store.entries("VS-2021-0016")))
    press(browser, "story", story="midnight", step="1")
    assert len(list(run.store.entries("VS-2021-0016"))) == entries, "pressed twice"
    for wrong in ({"story": "midnight", "step": "0"}, {"story": "midnight", "step": "٢"}, {"story": "none", "step": "1"}, {}):
        assert press(browser, "story", **wrong).status_code == 200
    assert len(list(run.store.entries("VS-2021-0016"))) == entries


def test_the_time_bar_moves_by_its_buttons_and_refuses_in_words(browser: TestClient, run: Runtime):
    press(browser, "clock", by="PT2M")
    assert "00:00 thứ Bảy, 10/07/2021" in text_of(browser.get("/rehearsal"))
    moved = press(browser, "clock", day="2021-07-12T08:00", colleagues="1")
    assert "08:00 thứ Hai, 12/07/2021" in text_of(moved)
    for wrong, words in (
        ({"day": "hôm qua"}, "không phải thời điểm"),
        ({"day": "2021-07-01T00:00"}, "không lùi"),
        ({"by": "P500D"}, "400 ngày"),
    ):
        refused = press(browser, "clock", **wrong)
        assert refused.status_code == 422
        assert words in text_of(refused)
    assert press(browser, "clock").status_code == 422
    assert run.clock.now().isoformat() == "2021-07-12T01:00:00+00:00"


def test_a_button_is_pressed_on_our_own_page_alone(browser: TestClient, run: Runtime):
    choose(browser, "cb-vs")
    now = run.clock.now()
    foreign = browser.post("/rehearsal/clock", data={"by": "PT2M"}, headers={"Origin": "https://evil.example.test"})
    without = browser.post("/rehearsal/clock", data={"by": "PT2M"}, headers=ORIGIN)
    assert (foreign.status_code, without.status_code) == (403, 403)
    assert run.clock.now() == now


def test_a_letter_is_read_by_whom_it_is_for(browser: TestClient, run: Runtime):
    run.time_bar.move(shipped("van-son").start.replace(year=2021, month=7, day=13))
    key = "sx-22|2021-07-12.1"
    choose(browser, "cb-vs")
    browser.get("/rehearsal/letter", params={"id": key})
    assert "chưa đọc" not in text_of(browser.get("/rehearsal/letter", params={"id": key}))
    delivery = run.store.delivery(f"{key}|inbox")
    assert delivery is not None
    assert delivery.read_at is None, "somebody else has looked at it"
    choose(browser, "sx-22")
    browser.get("/rehearsal/letter", params={"id": key})
    delivery = run.store.delivery(f"{key}|inbox")
    assert delivery is not None
    assert delivery.read_at == run.clock.now()
    assert browser.get("/rehearsal/letter", params={"id": "nothing"}).status_code == 404
    assert browser.get("/rehearsal/cases/nothing").status_code == 404


def test_hostile_addresses_show_the_page_and_nothing_else(browser: TestClient):
    for query in (
        {"after": "-9", "last": "9", "since": "x", "until": "y"},
        {"after": "1e9", "last": "0"},
        {"after": "0", "last": "99999999"},
    ):
        assert "Vừa xảy ra" not in text_of(browser.get("/rehearsal", params=query))
    assert choose(browser, "<b>nobody</b>").status_code == 404
    assert "<b>nobody</b>" not in choose(browser, "<b>nobody</b>").text


def test_the_page_speaks_english_and_needs_no_script(browser: TestClient):
    assert "<script" not in browser.get("/rehearsal").text
    browser.post("/language", data={"csrf_token": token(browser), "language": "en", "next": "/rehearsal"}, headers=ORIGIN)
    said = text_of(browser.get("/rehearsal"))
    assert "Begin here" in said
    assert "Other stories" in said
    assert "A rehearsal, without legal effect" in said


def test_a_real_installation_has_no_such_page(database_url: str):
    with http_at(database_url) as real:
        assert real.get("/rehearsal").status_code == 404
        assert real.client.post("/rehearsal/clock", data={"by": "PT2M"}).status_code == 404


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_story_is_told_whole(language: str):
    for story in stories():
        assert shipped(story.season).cases
        assert story.title[language]
        assert story.about[language]
        for step in story.steps:
            assert step.text[language]
            assert step.button[language]
            assert (step.to is not None) == (step.kind is StepKind.MOVE)
