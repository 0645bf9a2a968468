"""Every refusal explains itself: what may be sent instead, within which bounds, and never in the program's own names."""

import re
from typing import Any

import pytest

from tests.support.http import Http

REGISTER = {"product": "P1-01", "kind": "first", "novelty": "new", "group": "food", "origin": "own_idea"}
PROGRAM = re.compile(r"\b[a-z]+_[a-z_]+\b|\b(?:read|write|log|account|token|Expecting|input|or)\b")
"""Names and words that no official says."""


def told(answer: Any) -> list[str]:
    body = answer.json()
    return [body["detail"], *(reason["text"]["vi"] for reason in body.get("reasons", []))]


def reason(answer: Any, pointer: str) -> str:
    (found,) = [r["text"]["vi"] for r in answer.json()["reasons"] if r["pointer"] == pointer]
    return str(found)


def test_an_event_that_is_none_is_answered_with_those_that_are(api: Http):
    said = reason(api.post("cases/VS-2021-0001/actions/fly", "officer-VS", version=1), "/event")
    assert said.startswith("phải là một trong: register, select, decline, ")
    assert "'" not in said
    assert " or " not in said


def test_an_unknown_field_is_answered_with_the_known_ones_at_its_place(api: Http):
    answer = api.post("cases/VS-2021-0001/deadlines/x/extend", "officer-VS", {"days": 5, "document_no": "1"}, version=1)
    assert reason(answer, "/document_no") == "không có mục này (các mục: days, document, reason)"
    answer = api.post(
        "cases/VS-2021-0001/deadlines/x/extend",
        "officer-VS",
        {"days": 5, "reason": "x", "document": {"no": "1", "colour": "x"}},
        version=1,
    )
    assert reason(answer, "/document/colour") == "không có mục này (các mục: no, date, signer)"


@pytest.mark.parametrize(
    ("path", "pointer", "bounds"), [("cases?limit=1000", "/limit", "(nhiều nhất 200)"), ("cases?limit=0", "/limit", "(ít nhất 1)")]
)
def test_a_number_out_of_range_is_answered_with_the_range(api: Http, path: str, pointer: str, bounds: str):
    assert reason(api.get(path), pointer) == f"ngoài khoảng cho phép {bounds}"


def test_what_is_no_json_says_where_and_what_is_no_object_says_so(api: Http):
    sent = {"headers": {"Content-Type": "application/json", "Idempotency-Key": "k"}}
    assert reason(api.send("POST", "cases", "producer-P1", content='{\n"product":', **sent), "") == "không phải JSON (dòng 2, cột 11)"
    assert reason(api.send("POST", "cases", "producer-P1", content="[]", **sent), "") == "phải là một đối tượng JSON: { … }"


def test_whoever_was_overtaken_at_a_round_is_told_of_a_round(api: Http):
    answer = api.post("rounds/VS-2021-1/freeze", "officer-VS", {}, version=99)
    assert answer.status_code == 412
    assert answer.json()["detail"].startswith("VS-2021-1 vừa được người khác cập nhật: nay là “")


def test_the_common_log_is_named_in_words(api: Http):
    answer = api.get("history", "producer-P1")
    assert (answer.status_code, answer.json()["detail"]) == (403, "Không được phép “xem” với nhật ký chung.")


def test_the_methods_of_an_address_are_told_whole(api: Http):
    answer = api.send("DELETE", "cases")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_instants_of_the_timeline_are_told_in_the_time_of_viet_nam(api: Http):
    code = api.post("cases", "producer-P1", REGISTER).json()["case"]["code"]
    assert all(item["at"].endswith("+07:00") for item in api.get(f"cases/{code}/timeline").json()["items"])


def test_no_refusal_speaks_in_names_of_the_program(api: Http):
    code = api.post("cases", "producer-P1", REGISTER).json()["case"]["code"]
    answers = [
        api.get("cases", None), api.get("history", "producer-P1"), api.get("cases/none"), api.send("DELETE", "cases"), api.get("nothing"),
        api.post("cases", "producer-P1", REGISTER), api.post("cases", "producer-P1", REGISTER, key=None),
        api.post(f"cases/{code}/actions/file", "producer-P1"), api.post(f"cases/{code}/actions/file", "producer-P1", version=7),
        api.post(f"cases/{code}/actions/file", "authority-VS", version=1), api.post(f"cases/{code}/actions/certify", "authority-VS", version=1),
        api.post(f"cases/{code}/actions/file", "producer-P1", {}, version="x"), api.get("cases?cursor=x"), api.get(f"cases/{code}?as_of=x"),
        api.post("rounds/VS-2021-1/close", "officer-VS", version=1), api.post("rounds/VS-2021-1/close", "officer-X1", version=1),
        api.get("users", "officer-VS"), api.post("confirmations/none", "officer-VS", {"confirm": True}, version=1),
    ]  # fmt: skip
    for answer in answers:
        assert answer.status_code >= 400, answer.request.url
        for said in told(answer):
            bare = re.sub(r"“[^”]*[A-Z/][^”]*”|Idempotency-Key|If-Match|ETag|/api/v1/\S*", "", said)
            assert not PROGRAM.search(bare), said
