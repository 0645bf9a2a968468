"""Writes over HTTP: what a client has to say, what it is told, and that nothing happens twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.http import IDEA, Http
from workflow.audit import drifts, verify_log
from workflow.sweeping import sequence

PLAN = {"sections": ["product"], "summary": "Nuôi thêm đàn ong"}


def registered(api: Http, product: str = "P1-01") -> str:
    answer = api.post("cases", f"producer-{product[:2]}", {"product": product, **IDEA})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["case"]["code"])


def test_a_case_is_created_with_its_place_and_version(api: Http):
    answer = api.post("cases", "producer-P1", {"product": "P1-01", **IDEA})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/cases/{answer.json()['case']['code']}"
    assert answer.headers["etag"] == '"1"'
    shown = api.get(answer.headers["location"], "producer-P1")
    assert shown.status_code == 200
    assert shown.json()["state"] == "idea_registered"
    assert shown.json()["product"]["code"] == "P1-01"
    assert shown.headers["etag"].startswith('"1.')


def test_an_event_moves_the_case_and_answers_with_its_version(api: Http):
    code = registered(api)
    answer = api.act(code, "select", "authority-H1")
    assert answer.status_code == 200, answer.text
    assert answer.json()["case"] == {"code": code, "state": "selected", "version": 2, "etag": '"2"'}
    assert answer.headers["etag"] == '"2"'
    stored = api.world.store.entry(code, answer.json()["receipt"]["seq"])
    assert stored is not None
    assert stored.leaf_hash.hex() == answer.json()["receipt"]["leaf_hash"]


def test_the_etag_of_reading_is_taken_for_writing(api: Http):
    code = registered(api)
    tag = api.get(f"cases/{code}").headers["etag"]
    answer = api.post(f"cases/{code}/actions/select", "authority-H1", {"document_no": "3/TB", "document_date": "2021-01-11"}, version=tag)
    assert answer.status_code == 200


@pytest.mark.parametrize("given", [None, "*", ""])
def test_a_write_without_the_version_seen_is_428(api: Http, given: str | None):
    code = registered(api)
    answer = api.post(f"cases/{code}/actions/select", "authority-H1", {}, version=given)
    assert (answer.status_code, answer.json()["code"]) == (428, "version_missing")


@pytest.mark.parametrize("given", ["3", 'W/"1"', '"one"', '"1", "2"', '"-1"', '"99999999999999999999"'])
def test_what_is_no_etag_is_422(api: Http, given: str):
    code = registered(api)
    answer = api.post(f"cases/{code}/actions/select", "authority-H1", {}, version=given)
    assert answer.status_code == 422
    assert answer.json()["reasons"][0]["pointer"] == "/If-Match"


@pytest.mark.parametrize("key", [None, "x" * 201, "a\tb"])
def test_a_write_without_a_key_that_can_be_kept_is_400(api: Http, key: str | None):
    code = registered(api)
    answer = api.post(f"cases/{code}/actions/select", "authority-H1", {}, version=1, key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "key_missing")


def test_a_stale_write_is_412_with_the_case_as_it_is(api: Http):
    code = registered(api)
    assert api.act(code, "select", "authority-H1").status_code == 200
    answer = api.post(f"cases/{code}/actions/submit_plan", "producer-P1", PLAN, version=1)
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_case")
    assert answer.json()["case"] == {"code": code, "state": "selected", "version": 2, "attempt": 1, "round": None, "etag": '"2"'}


def test_a_lawful_act_at_the_wrong_time_is_409_with_every_reason_in_both_languages(api: Http):
    code = registered(api)
    answer = api.act(code, "submit_plan", "producer-P1")
    assert answer.status_code == 409
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["code"] == "transition_blocked"
    assert body["type"] == "/problems/transition-blocked"
    assert body["case"]["version"] == 1
    assert body["reasons"]
    for reason in body["reasons"]:
        assert reason["text"]["vi"]
        assert reason["text"]["en"]
        assert reason["holder"]
    assert api.world.events(code)[-1] == "!submit_plan", "a refused attempt is kept"


def test_somebody_who_may_see_but_not_act_is_403(api: Http):
    code = registered(api)
    answer = api.act(code, "select", "auditor-VS")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert answer.json()["reasons"][0]["code"] == "function_required"


def test_outside_the_territory_there_is_no_such_case_whether_there_is_or_not(api: Http):
    code = registered(api)
    there = api.post(f"cases/{code}/actions/select", "officer-VT", {}, version=1)
    nothing = api.post("cases/VS-2021-0999/actions/select", "officer-VT", {}, version=1)
    assert there.status_code == nothing.status_code == 404
    strip = {"request", "instance", "detail"}
    assert {k: v for k, v in there.json().items() if k not in strip} == {k: v for k, v in nothing.json().items() if k not in strip}
    assert there.json()["detail"].replace(code, "…") == nothing.json()["detail"].replace("VS-2021-0999", "…")
    for read in ("", "/actions", "/history", "/timeline", "/deadlines"):
        assert api.get(f"cases/{code}{read}", "officer-VT").status_code == 404


def test_a_product_of_elsewhere_is_no_product(api: Http):
    there = api.post("cases", "producer-P1", {"product": "P3-01", **IDEA})
    nothing = api.post("cases", "producer-P1", {"product": "P9-01", **IDEA})
    assert there.status_code == nothing.status_code == 404
    assert there.json()["detail"].replace("P3-01", "…") == nothing.json()["detail"].replace("P9-01", "…")
    assert there.json().keys() == nothing.json().keys()


def test_a_payload_that_is_wrong_is_422_with_every_place(api: Http):
    code = registered(api)
    answer = api.post(f"cases/{code}/actions/select", "authority-H1", {"document_no": 7, "colour": "red"}, version=1)
    assert answer.status_code == 422
    assert {(r["pointer"], r["code"]) for r in answer.json()["reasons"]} == {
        ("/colour", "unknown_field"), ("/document_no", "not_text"), ("/document_date", "required"),
    }  # fmt: skip


def test_the_same_request_again_gives_the_same_answer_and_writes_nothing(api: Http):
    code = registered(api)
    body = {"document_no": "3/TB", "document_date": "2021-01-11"}
    first = api.post(f"cases/{code}/actions/select", "authority-H1", body, version=1, key="k-1")
    entries = len(api.world.history(code))
    again = api.post(f"cases/{code}/actions/select", "authority-H1", dict(reversed(body.items())), version=1, key="k-1")
    assert first.status_code == again.status_code == 200
    assert again.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(api.world.history(code)) == entries


def test_the_same_answer_comes_even_after_the_case_has_gone_on(api: Http):
    code = registered(api)
    body = {"document_no": "3/TB", "document_date": "2021-01-11"}
    first = api.post(f"cases/{code}/actions/select", "authority-H1", body, version=1, key="k-1")
    assert api.act(code, "submit_plan", "producer-P1").status_code == 200
    assert api.post(f"cases/{code}/actions/select", "authority-H1", body, version=1, key="k-1").content == first.content


def test_a_registration_again_finds_the_same_case(api: Http):
    first = api.post("cases", "producer-P1", {"product": "P1-01", **IDEA}, key="r-1")
    again = api.post("cases", "producer-P1", {"product": "P1-01", **IDEA}, key="r-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert api.post("cases", "producer-P1", {"product": "P1-02", **IDEA}, key="r-1").status_code == 422


def test_a_key_with_another_body_is_422_and_with_another_event_too(api: Http):
    code = registered(api)
    body = {"document_no": "3/TB", "document_date": "2021-01-11"}
    assert api.post(f"cases/{code}/actions/select", "authority-H1", body, version=1, key="k").status_code == 200
    for other in ({**body, "document_no": "4/TB"}, {**body, "reason": "Vì thế"}, {**body, "document_signer": "Trần Văn Ký"}):
        answer = api.post(f"cases/{code}/actions/select", "authority-H1", other, version=1, key="k")
        assert (answer.status_code, answer.json()["code"]) == (422, "command_reused")
        assert " k " in answer.json()["detail"], "the key as its sender knows it"
    answer = api.post(f"cases/{code}/actions/decline", "authority-H1", {**body, "reason": "Vì thế"}, version=2, key="k")
    assert (answer.status_code, answer.json()["code"]) == (422, "command_reused")


def test_somebody_elses_key_is_another_key(api: Http):
    code = registered(api)
    body = {"document_no": "3/TB", "document_date": "2021-01-11"}
    assert api.post(f"cases/{code}/actions/select", "authority-H1", body, version=1, key="k").status_code == 200
    answer = api.post(f"cases/{code}/actions/select", "officer-H1", body, version=1, key="k")
    assert answer.status_code == 412, "judged afresh, never the other's answer"


def test_a_refused_key_may_be_used_for_a_better_try(api: Http):
    code = registered(api)
    assert api.post(f"cases/{code}/actions/submit_plan", "producer-P1", PLAN, version=1, key="k").status_code == 409
    assert api.act(code, "select", "authority-H1").status_code == 200
    assert api.post(f"cases/{code}/actions/submit_plan", "producer-P1", PLAN, version=2, key="k").status_code == 200


def test_a_dry_run_is_judged_by_the_same_rules_and_writes_nothing(api: Http):
    code = registered(api)
    body = {"document_no": "3/TB", "document_date": "2021-01-11"}
    before = api.world.events(code)
    tried = api.post(f"cases/{code}/actions/select?dry_run=true", "authority-H1", body, version=1)
    assert (tried.status_code, tried.json()["case"]["state"], tried.json()["dry_run"]) == (200, "selected", True)
    refused = api.post(f"cases/{code}/actions/submit_plan?dry_run=true", "producer-P1", PLAN, version=1)
    done = api.post(f"cases/{code}/actions/submit_plan", "producer-P1", PLAN, version=1)
    assert refused.json()["reasons"] == done.json()["reasons"]
    assert api.world.events(code) == [*before, "!submit_plan"], "only the act itself left a trace"
    assert api.post("cases?dry_run=true", "producer-P1", {"product": "P1-02", **IDEA}).status_code == 200
    assert api.world.store.case_by_command("nothing") is None


def test_the_request_leads_from_the_history_to_the_log(api: Http):
    code = registered(api)
    answer = api.post(
        f"cases/{code}/actions/select", "authority-H1", {"document_no": "3/TB", "document_date": "2021-01-11"}, version=1,
        headers={"X-Request-Id": "from-the-proxy-1"},
    )  # fmt: skip
    assert answer.headers["x-request-id"] == "from-the-proxy-1"
    assert api.world.history(code)[-1].data["request"] == "from-the-proxy-1"
    refused = api.act(code, "certify", "authority-VS")
    assert api.world.history(code)[-1].data["request"] == refused.json()["request"] == refused.headers["x-request-id"]


def test_the_fingerprint_of_free_text_is_never_hashed_without_a_salt(api: Http):
    code = registered(api)
    assert api.act(code, "select", "authority-H1").status_code == 200
    stored = api.world.store.entry(code, 2)
    assert stored is not None
    assert "request.digest" in str(stored.opening)
    digest = stored.opening.split('"request.digest":["')[1].split('","')[1][:64] if stored.opening else ""
    assert len(digest) == 64
    assert digest not in stored.body


def test_an_act_counts_from_its_receipt_and_settles_what_fell_due_before(api: Http):
    code = registered(api)
    for event, by in (("select", "authority-H1"), ("submit_plan", "producer-P1"), ("file", "producer-P1")):
        assert api.act(code, event, by).status_code == 200
    version = api.version(code)
    api.world.move("2021-07-10 08:00")
    answer = api.post(
        f"cases/{code}/actions/forward", "officer-H1", {"document_no": "8/TTr", "document_date": "2021-07-09"}, version=version
    )
    assert answer.status_code == 409
    assert {r["code"] for r in answer.json()["reasons"]} >= {"deadline_passed"}
    assert answer.json()["case"]["state"] == "deferred", "the settled step stands"


def test_of_sixteen_writers_one_wins_and_the_others_are_told(api: Http):
    code = registered(api)
    body = {"document_no": "3/TB", "document_date": "2021-01-11"}

    def write(number: int) -> int:
        return int(api.post(f"cases/{code}/actions/select", "authority-H1", body, version=1, key=f"w-{number}").status_code)

    with ThreadPoolExecutor(16) as pool:
        found = sorted(pool.map(write, range(16)))
    assert found == [200] + [412] * 15
    assert api.world.events(code) == ["register", "select"]


def test_one_key_sent_by_sixteen_threads_is_carried_out_once(api: Http):
    code = registered(api)
    body = {"document_no": "3/TB", "document_date": "2021-01-11"}

    def write(_: int) -> tuple[int, bytes]:
        answer = api.post(f"cases/{code}/actions/select", "authority-H1", body, version=1, key="the-same")
        return answer.status_code, answer.content

    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(write, range(16)))
    assert len(found) == 1
    assert next(iter(found))[0] == 200
    assert api.world.events(code) == ["register", "select"]


def test_what_was_written_over_http_can_be_rebuilt_from_the_history(api: Http):
    code = registered(api)
    api.act(code, "select", "authority-H1")
    api.act(code, "certify", "authority-VS")
    sequence(api.world.store)
    assert verify_log(api.world.store, deep=True).ok
    assert list(drifts(api.world.store)) == []
