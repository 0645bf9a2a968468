"""An override over HTTP: ordered, confirmed by a second person, used once, and marked wherever somebody looks."""

from typing import Any

import pytest

from tests.support.http import Http
from workflow.audit import drifts

CHAIR, DEPUTY = "authority-VS", "officer-VS"
ORDER = {
    "step": "file", "overrides": ["no_open_round"], "decision_no": "77/QĐ-UBND", "decision_date": "2021-11-15", "decision_signer": "Trần Văn Ký",
    "reason": "Mưa lũ, không mở đợt kịp",
}  # fmt: skip


@pytest.fixture
def planned(api: Http) -> str:
    """A case with its business plan, in a winter without any round."""
    case = api.world.registered(at="2021-06-01 09:00")
    api.world.act(case, "select")
    api.world.act(case, "submit_plan")
    api.world.move("2021-11-15 09:00")
    return case


def ordered(api: Http, case: str, by: str = CHAIR, **other: Any) -> Any:
    return api.post(f"cases/{case}/actions/override", by, {**ORDER, **other}, version=api.version(case))


def confirmed(api: Http, asked: Any, case: str, by: str = DEPUTY, **body: Any) -> Any:
    return api.post(f"confirmations/{asked.json()['receipt']['confirmation']}", by, body or {"confirm": True}, version=api.version(case))


def test_the_list_of_actions_and_the_refusal_say_whose_decision_could_lift_the_reason(api: Http, planned: str):
    listed = {each["event"]: each for each in api.get(f"cases/{planned}/actions", "producer-P1").json()["actions"]}
    (reason,) = listed["file"]["reasons"]
    assert (reason["code"], reason["overridable_by"]) == ("no_open_round", ["authority@province", "authority@centre"])
    assert "có thể được cho vượt bằng quyết định của: người có thẩm quyền cấp tỉnh" in reason["text"]["vi"]
    refused = api.act(planned, "file", "producer-P1")
    assert (refused.status_code, refused.json()["reasons"]) == (409, [reason])


def test_it_is_202_until_a_second_person_says_yes_and_the_step_is_marked_everywhere(api: Http, planned: str):
    asked = ordered(api, planned)
    assert asked.status_code == 202, asked.text
    (waits,) = api.get("confirmations", DEPUTY).json()["items"]
    assert (waits["event"], waits["acted_on"], waits["data"]["overrides"]) == ("override", None, ["no_open_round"])
    assert api.act(planned, "file", "producer-P1").status_code == 409
    said = confirmed(api, asked, planned)
    assert (said.status_code, said.json()["receipt"]["event"]) == (200, "override")
    filed = api.act(planned, "file", "producer-P1")
    assert (filed.status_code, filed.json()["case"]["state"]) == (200, "district_evaluation")
    shown = api.get(f"cases/{planned}", "producer-P1").json()
    assert shown["overridden"] == [filed.json()["receipt"]["seq"]]
    told = {line["event"]: " ".join(line["lines"]) for line in api.get(f"cases/{planned}/timeline", "producer-P1").json()["items"]}
    assert "CHO VƯỢT “chưa có đợt đang mở” để: nộp hồ sơ đánh giá" in told["override"]
    assert "Người thứ hai xác nhận: Tên Riêng officer-VS" in told["override"]
    assert "LÀM THEO QUYẾT ĐỊNH CHO VƯỢT “chưa có đợt đang mở”" in told["file"]
    entries = {entry["event"]: entry for entry in api.get(f"cases/{planned}/history", "producer-P1").json()["items"]}
    assert entries["file"]["data"]["override"] == entries["override"]["case_seq"]
    assert list(drifts(api.world.store)) == []


def test_auditors_count_overrides_in_their_territory_and_nobody_else_does(api: Http, planned: str):
    confirmed(api, ordered(api, planned), planned)
    told = api.get("overrides", "auditor-VS").json()
    assert (told["count"], told["used"], told["items"][0]["waits"]) == (1, 0, True)
    api.act(planned, "file", "producer-P1")
    (item,) = (told := api.get("overrides", "auditor-VS").json())["items"]
    assert (told["used"], item["by"], item["confirmed_by"], item["decision_no"]) == (1, CHAIR, DEPUTY, "77/QĐ-UBND")
    assert item["reason"] == ORDER["reason"]
    assert api.get("overrides", "auditor-VT").json() == {"items": [], "count": 0, "used": 0}
    assert api.get("overrides", DEPUTY).status_code == 403


@pytest.mark.parametrize(
    ("by", "other", "status", "code"),
    [
        ("officer-H1", {}, 403, "function_required"),
        ("producer-P1", {}, 403, "function_required"),
        (CHAIR, {"overrides": ["no_next_round"]}, 409, "not_a_standing_reason"),
        (CHAIR, {"step": "reenter"}, 409, "never_overridden"),
        (CHAIR, {"step": "certify"}, 422, "option"),
        (CHAIR, {"decision_no": None}, 422, "required"),
        (CHAIR, {"reason": None}, 422, "reason_required"),
        (CHAIR, {"overrides": []}, 422, "required"),
        ("authority-VT", {}, 404, None),
    ],
)
def test_whatever_is_wrong_with_it_is_said(api: Http, planned: str, by: str, other: dict[str, Any], status: int, code: str | None):  # noqa: PLR0913
    answer = ordered(api, planned, by, **other)
    assert answer.status_code == status, answer.text
    if code is not None and status != 422:
        assert code in [reason["code"] for reason in answer.json()["reasons"]]


def test_who_ordered_it_is_not_the_second_person(api: Http, planned: str):
    asked = ordered(api, planned)
    answer = confirmed(api, asked, planned, CHAIR)
    assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (403, "second_person")
    refused = confirmed(api, asked, planned, DEPUTY, confirm=False, reason="Chưa đủ căn cứ")
    assert refused.json()["receipt"]["event"] == "override_refused"
    assert ordered(api, planned).status_code == 202
