"""*Hồ sơ*: what a case's page says, and its forms: made of the declared payload, refused in words, never lost, never done twice."""

import re
from typing import Any

import pytest

from states.case import case_chart
from states.vocabulary import Event
from tests.support.identity import Browser, House
from tests.support.pages import Form, Page, look, send

DAY = "2021-06-01 10:00"
ACT = ("do", "act")


def typed(house: House, code: str, event: str, **given: Any) -> dict[str, Any]:
    """What a person would usually type for an event, by the names of the form."""
    command = house.world.command(code, event, **given)
    fields = {f"f.{name}": value for name, value in command.payload.items()}
    return {**fields, **({"reason": command.reason} if command.reason else {})}


def form_of(browser: Browser, code: str, event: str) -> Form:
    return look(browser, f"/cases/{code}/actions/{event}").form(f"/cases/{code}/actions/{event}")


def test_the_buttons_of_the_page_are_what_the_interface_allows(house: House):
    case = house.world.filed(at=DAY)
    for person in ("officer-H1", "secretary-H1", "authority-H1", "producer-P1", "officer-X1", "officer-VS"):
        browser = house.enter(person)
        actions = browser.get(f"cases/{case}/actions").json()["actions"]
        page = look(browser, f"/cases/{case}")
        shown = {link.rpartition("/")[2] for link in page.links if "/actions/" in link}
        allowed = {a["event"] for a in actions if a["allowed"]}
        assert allowed <= shown, person
        offered = {a["event"] for a in actions if a["from_paper"]} if person.startswith("officer") else set()
        assert shown - allowed <= offered, person
        for action in actions:
            if action["event"] == "register":
                continue
            for reason in action["reasons"] if action["reasons"] and action["reasons"][0]["code"] != "system_only" else []:
                assert " ".join(reason["text"]["vi"].split()) in page.text, (person, action["event"])


def test_every_form_asks_for_exactly_what_its_rule_declares(house: House):
    case = house.world.filed(at=DAY)
    house.world.act(case, "conclude", mean=80)
    chart = case_chart("qd1048-2019")
    browser = house.enter("officer-H1")
    for event in ("forward", "return_for_completion", "withdraw", "conclude", "defer", "certify", "nominate", "extend"):
        rule = next(r for r in chart.rules if r.event == Event(event))
        form = form_of(browser, case, event)
        asked = {name.removeprefix("f.") for name in form.names if name.startswith("f.")}
        declared = {field.name for field in rule.payload}
        assert declared <= asked, event
        assert asked - declared <= {"document_no", "document_date", "document_signer"}, event
        assert not rule.reason or "reason" in form.names


def test_an_act_goes_through_and_the_page_says_what_was_written(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("secretary-H1")
    answered = send(browser, form_of(browser, case, "conclude"), typed(house, case, "conclude", mean=80, by="secretary-H1"), ACT)
    assert answered.status_code == 303, answered.text
    page = look(browser, answered.headers["location"].partition("#")[0])
    assert "Đã ghi vào nhật ký" in page.text
    assert "80" in page.text
    assert house.world.events(case)[-1] == "conclude"


def test_a_form_that_is_sent_twice_is_done_once(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("secretary-H1")
    form, given = form_of(browser, case, "conclude"), typed(house, case, "conclude", mean=80, by="secretary-H1")
    first, second = send(browser, form, given, ACT), send(browser, form, given, ACT)
    assert first.headers["location"] == second.headers["location"]
    assert house.world.events(case).count("conclude") == 1
    again = send(browser, form, {**given, "f.mean": "81"}, ACT)
    assert again.status_code in {409, 412, 422}
    assert house.world.events(case).count("conclude") == 1


def test_whoever_comes_second_reads_what_changed_and_keeps_what_they_typed(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("officer-H1")
    form = form_of(browser, case, "return_for_completion")
    house.world.act(case, "conclude", mean=80)
    given = {"f.documents": ["test_report"], "f.remarks": "Thiếu phiếu kiểm nghiệm"}
    answered = send(browser, form, given, ACT)
    assert answered.status_code == 412
    page = Page(answered.text)
    assert "ghi kết quả của hội đồng" in page.text
    fresh = page.form(f"/cases/{case}/actions/return_for_completion")
    assert ("f.remarks", "Thiếu phiếu kiểm nghiệm") in fresh.values
    assert ("f.documents", "test_report") in fresh.values
    assert ("version", str(house.world.case(case).version)) in fresh.values
    assert "return_for_completion" not in house.world.events(case)


def test_what_cannot_be_read_is_said_beside_its_field_and_nothing_is_lost(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("secretary-H1")
    given = {**typed(house, case, "conclude", mean=80, by="secretary-H1"), "f.mean": "tám mươi", "f.sheets": "1.5"}
    answered = send(browser, form_of(browser, case, "conclude"), given, ACT)
    assert answered.status_code == 422
    page = Page(answered.text)
    wrong = {given["id"] for _, given in page.tags if given.get("aria-invalid")}
    assert wrong >= {"f-sheets"}
    again = page.form(f"/cases/{case}/actions/conclude")
    assert ("f.report_no", "1/BC") in again.values
    answered = send(browser, again, {"f.sheets": "5"}, ACT)
    assert answered.status_code == 422
    assert {given["id"] for _, given in Page(answered.text).tags if given.get("aria-invalid")} == {"f-mean"}
    answered = send(browser, Page(answered.text).form(again.action), {"f.mean": "80,5"}, ACT)
    assert answered.status_code == 303
    empty = send(browser, form_of(browser, case, "forward"), {}, ACT)
    assert empty.status_code in {403, 422}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("f.unknown", "1"),
        ("version", "x"),
        ("version", ""),
        ("key", ""),
        ("key", "ê"),
        ("f.mean", "\x00"),
        ("acted_on", "hôm qua"),
        ("on_behalf_of", "vua"),
    ],
)
def test_a_bent_form_is_refused_in_words(house: House, field: str, value: str):
    case = house.world.filed(at=DAY)
    browser = house.enter("secretary-H1")
    given = {**typed(house, case, "conclude", mean=80, by="secretary-H1"), field: value}
    answered = send(browser, form_of(browser, case, "conclude"), given, ACT)
    assert answered.status_code in {400, 422}
    assert 'role="alert"' in answered.text
    assert "conclude" not in house.world.events(case)


def test_after_the_cut_off_the_page_says_which_date_and_what_comes_next(house: House):
    case = house.world.filed(at=DAY)
    house.world.move("2021-07-09 23:58")
    browser = house.enter("secretary-H1")
    form, given = form_of(browser, case, "conclude"), typed(house, case, "conclude", mean=80, by="secretary-H1")
    house.world.move("2021-07-10 00:00:10")
    answered = send(browser, form, given, ACT)
    assert answered.status_code == 409
    page = Page(answered.text)
    assert "trước ngày 10/7/2021" in page.text
    assert "VS-2021-2" in page.text
    assert ("f.minutes_no", "2/BB") in page.form(form.action).values
    house.world.move("2021-07-10 00:01")
    house.world.sweep()
    page = look(browser, f"/cases/{case}")
    assert "chuyển đợt sau" in page.text
    assert "mốc đã lỡ" in page.text


def test_checking_first_tells_what_would_happen_and_writes_nothing(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("officer-H1")
    before = house.world.events(case)
    given = typed(house, case, "return_for_completion", by="officer-H1")
    answered = send(browser, form_of(browser, case, "return_for_completion"), given, ("do", "preview"))
    assert answered.status_code == 200
    assert "hồ sơ sẽ ở bước: yêu cầu bổ sung, hoàn thiện" in answered.text
    assert house.world.events(case) == before
    kept = Page(answered.text).form(f"/cases/{case}/actions/return_for_completion")
    assert send(browser, kept, {}, ACT).status_code == 303
    assert house.world.events(case)[-1] == "return_for_completion"


def test_whoever_may_not_is_told_why_and_who_may(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("officer-X1")
    page = look(browser, f"/cases/{case}/actions/conclude")
    assert "chủ tịch hội đồng cấp huyện" in page.text
    answered = send(browser, page.form(f"/cases/{case}/actions/conclude"), typed(house, case, "conclude", mean=80, by="secretary-H1"), ACT)
    assert answered.status_code == 403
    assert "Ai gỡ được" in answered.text


def test_why_is_it_this_day_names_the_winner_and_the_losers(house: House):
    case = house.world.filed(at=DAY)
    world = house.world
    world.rounds.redate(
        "VS-2021-1",
        "district_eval",
        "trước ngày 17/7/2021",
        "15/TB",
        "2021-06-01",
        "Dịch bệnh",
        "officer-VS",
        "strict",
        version=world_round(house),
    )
    page = look(house.enter("secretary-H1"), f"/cases/{case}")
    text = page.section("h-due")
    assert re.search(r"✓ thứ Sáu, 16/07/2021 \(hết ngày\).*15/TB.*ngày mới theo văn bản đổi ngày", text)
    assert re.search(r"✗ thứ Sáu, 09/07/2021 \(hết ngày\).*đã đổi ngày", text)


def world_round(house: House) -> int:
    row = house.world.store.load_round("VS-2021-1")
    assert row is not None
    return row.version


def test_the_chart_says_in_words_where_the_case_is_and_how_it_came(house: House):
    case = house.world.filed(at=DAY)
    page = look(house.enter("officer-H1"), f"/cases/{case}")
    label = next(str(given["aria-label"]) for tag, given in page.tags if tag == "svg")
    assert "đang ở bước: đánh giá cấp huyện" in label
    assert "đã đăng ký ý tưởng → ý tưởng được chọn → phương án kinh doanh → đánh giá cấp huyện" in label
    now = [given for tag, given in page.tags if tag == "g" and "now" in str(given.get("class")).split()]
    assert len(now) == 1


def test_the_timeline_is_the_history_in_words_refusals_included(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("officer-X1")
    send(browser, form_of(browser, case, "conclude"), typed(house, case, "conclude", mean=80, by="secretary-H1"), ACT)
    page = look(browser, f"/cases/{case}")
    text = page.section("h-history")
    assert "bị từ chối" in text
    for said in ("Đăng ký → đã đăng ký ý tưởng", "Nộp hồ sơ đánh giá", "Tên Riêng producer-P1", "Căn cứ: "):
        assert said in text
    for nothing in ("request.", "actor.", "prev", "None"):
        assert nothing not in text


def test_every_state_of_a_passage_can_be_looked_at_in_both_languages(house: House):
    case = house.world.registered()
    browser = house.enter("officer-VS")
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("select", {}), ("submit_plan", {}), ("file", {}), ("return_for_completion", {}), ("complete", {}), ("conclude", {"mean": 95}),
        ("forward", {}), ("accept", {}), ("conclude", {"mean": 95}), ("nominate", {}), ("conclude", {"mean": 95}), ("certify", {}), ("publish", {}),
    )  # fmt: skip
    for event, given in steps:
        house.world.act(case, event, **given)
        for language in ("vi", "en"):
            browser.client.cookies.set("ocop_language", language, domain="ocop.example.test")
            page = look(browser, f"/cases/{case}")
            assert [given["lang"] for tag, given in page.tags if tag == "html"] == [language]
            look(browser, f"/cases/{case}/actions/withdraw")


def test_an_act_typed_from_paper_long_after_waits_on_the_page_for_a_second_person(house: House):
    case = house.world.filed(at=DAY)
    house.world.move("2021-06-21 09:00")
    browser = house.enter("secretary-H1")
    form = form_of(browser, case, "conclude")
    given = {**typed(house, case, "conclude", mean=80, by="secretary-H1"), "acted_on": "2021-06-02T09:00"}
    answered = send(browser, form, given, ACT)
    assert answered.status_code == 303, Page(answered.text).text
    mine = look(browser, f"/cases/{case}")
    seq = house.world.case(case).head_seq
    action = f"/cases/{case}/confirmations/{seq}"
    assert "Việc này phải do người thứ hai xác nhận" in mine.text
    assert action not in {form.action for form in mine.forms}, "no button for whoever typed it"
    second = house.enter("officer-H1", house.browser("10.0.0.8"))
    page = look(second, f"/cases/{case}")
    forged = Form(action, "post", [("csrf_token", browser.csrf or ""), ("version", str(house.world.case(case).version))])
    refused = send(browser, forged, {}, ("do", "confirm"))
    assert refused.status_code == 403
    assert "text/html" in refused.headers["content-type"]
    assert "chờ người thứ hai xác nhận" in page.text
    refused = send(second, page.form(action), {}, ("do", "refuse"))
    assert refused.status_code == 422
    assert action in {form.action for form in Page(refused.text).forms}, "the page comes back with its buttons"
    answered = send(second, look(second, f"/cases/{case}").form(action), {}, ("do", "confirm"))
    assert answered.status_code == 303, answered.text
    again = send(second, page.form(action), {}, ("do", "confirm"))
    assert again.status_code in {409, 412}
    assert house.world.events(case).count("conclude") == 1
