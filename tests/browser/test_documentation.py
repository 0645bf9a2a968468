"""``/docs`` tried out by somebody who is signed in: what every write needs is filled in, and the requests are really carried out."""

import json
from typing import Any

import pytest

from tests.support.browsing import Desk, Window
from tests.support.identity import PASSWORD
from tests.support.installation import Before, Installation

OFFICER = "officer-H1"


def fill(before: Before) -> dict[str, Any]:
    cases = [before.world.filed(f"P1-{number:02d}") for number in (1, 2)]
    before.session(OFFICER)
    before.session("secretary-H1")
    before.session("officer-VS")
    before.account("producer-P1")
    before.account("officer-X1")
    return {"cases": cases}


@pytest.fixture
def window(desk: Desk, house: Installation) -> Window:
    desk.origin = house.address
    return desk.window()


def operation(window: Window, method: str, path: str) -> Any:
    """An operation of the page, unfolded; its group may have to be unfolded before."""
    group = window.page.locator(f"#operations-tag-{path.split('/')[3]}")
    group.wait_for()
    if group.get_attribute("data-is-open") != "true":
        group.click()
    found = window.page.locator(f".opblock-{method.lower()}").filter(has=window.page.locator(f'[data-path="{path}"]')).first
    found.locator(".opblock-summary-control").first.click()
    return found


def given(block: Any, name: str, value: str) -> None:
    block.locator(f'tr[data-param-name="{name}"] input').first.fill(value)


def carried_out(block: Any) -> tuple[int, Any]:
    """Press "Execute", and read what the page shows of the answer."""
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table .response").first
    answer.wait_for()
    body = answer.locator(".response-col_description pre").first.inner_text()
    return int(answer.locator(".response-col_status").first.inner_text().split()[0]), json.loads(body)


def test_a_case_is_read_and_acted_on_from_the_page(window: Window, house: Installation):
    case = house.notes["cases"][0]
    window.become(house.cookies["secretary-H1"]).open("/docs")
    read = operation(window, "GET", "/api/v1/cases/{code}")
    given(read, "code", case)
    status, body = carried_out(read)
    assert (status, body["code"], body["state"]) == (200, case, "district_evaluation")
    write = operation(window, "POST", "/api/v1/cases/{code}/actions/{event}")
    assert write.locator('tr[data-param-name="Idempotency-Key"] input').input_value() == "auto"
    assert write.locator('tr[data-param-name="If-Match"] input').input_value() == "auto"
    given(write, "code", case)
    event = write.locator('tr[data-param-name="event"]')
    event.locator("select").select_option("conclude") if event.locator("select").count() else event.locator("input").fill("conclude")
    result = {
        "mean": "80.5",
        "report_no": "1/BC",
        "report_date": "2021-06-01",
        "minutes_no": "2/BB",
        "minutes_date": "2021-06-01",
        "minutes_signer": "Lê Thị Biên",
    }
    write.locator("textarea").first.fill(json.dumps(result, ensure_ascii=False))
    status, body = carried_out(write)
    assert status == 200, body
    sent = house.ask("secretary-H1", "GET", f"/api/v1/cases/{case}/history").json()["items"]
    assert sent[-1]["event"] == "conclude"
    assert sent[-1]["outcome"] == "done"


def test_a_second_write_goes_by_the_version_that_the_first_has_made(window: Window, house: Installation):
    case = house.notes["cases"][1]
    window.become(house.cookies[OFFICER]).expect("409 (", "403 (", "422 (").open("/docs")
    write = operation(window, "POST", "/api/v1/cases/{code}/actions/{event}")
    given(write, "code", case)
    event = write.locator('tr[data-param-name="event"]')

    def send(name: str, body: Any) -> tuple[int, Any]:
        event.locator("select").select_option(name) if event.locator("select").count() else event.locator("input").fill(name)
        write.locator("textarea").first.fill(json.dumps(body, ensure_ascii=False))
        if write.get_by_role("button", name="Clear").count():
            write.get_by_role("button", name="Clear").click()
        return carried_out(write)

    status, body = send("return_for_completion", {"documents": ["test_report"], "remarks": "Thiếu dấu"})
    assert status == 200, body
    status, body = send("forward", {"document_no": "8/TTr", "document_date": "2021-06-01"})
    assert (status, body["code"]) == (409, "event_refused") or status in {403, 409}, body
    assert body["code"] not in {"stale_case", "key_reused"}


def test_a_calendar_that_was_not_looked_at_before_is_changed_on_the_version_that_it_has(window: Window, house: Installation):
    window.become(house.cookies["officer-VS"]).open("/docs")
    write = operation(window, "POST", "/api/v1/calendars/{unit}/changes")
    given(write, "unit", "VS")
    change = {"days": [{"date": "2021-09-08", "working": False, "reason": "Nghỉ vì bão"}], "document_no": "77/TB-VP", "reason": "Bão số 5"}
    write.locator("textarea").first.fill(json.dumps(change, ensure_ascii=False))
    status, body = carried_out(write)
    assert (status, body["unit"]) == (200, "VS"), body


def test_somebody_else_may_sign_in_on_the_page_itself(window: Window):
    """A session of its own has a token of its own: what was known of the one before is not sent along."""
    window.expect("/api/v1/session)").open("/docs")
    enter = operation(window, "POST", "/api/v1/session")
    leave = operation(window, "DELETE", "/api/v1/session")
    for login in ("producer-p1", "officer-x1"):
        enter.locator("textarea").first.fill(json.dumps({"login": login, "password": PASSWORD}))
        status, body = carried_out(enter)
        assert (status, body["person"].lower()) == (200, login), body
        leave.get_by_role("button", name="Execute").click()
        answer = leave.locator(".live-responses-table .response .response-col_status").first
        answer.wait_for()
        assert answer.inner_text().split()[0] == "204"
        leave.get_by_role("button", name="Clear").click()
        enter.get_by_role("button", name="Clear").click()


def test_without_signing_in_the_page_says_what_is_missing(window: Window, house: Installation):
    window.expect("401 (").open("/docs")
    read = operation(window, "GET", "/api/v1/cases/{code}")
    given(read, "code", house.notes["cases"][0])
    status, body = carried_out(read)
    assert (status, body["code"]) == (401, "unidentified")
