"""One event on many cases: previewed, carried out in the background, a fate for each, cancelled, tried again, taken up after a kill."""

from typing import Any

import pytest

from api.identity.owners import owner_of
from api.told import told
from states.errors import StoreUnsafe
from tests.support.http import Http
from workflow.audit import drifts
from workflow.bulk import step
from workflow.operations import BulkState

NOTICE = {"document_no": "3/TB", "document_date": "2021-01-11"}
BY = "authority-H1"


def ideas(api: Http, count: int = 4) -> list[str]:
    return [api.world.registered(f"P1-{n:02d}") for n in range(1, count + 1)]


def asked(codes: list[str], **more: Any) -> dict[str, Any]:
    return {"event": "select", "cases": [{"case": code} for code in codes], "payload": NOTICE, **more}


def begun(api: Http, body: dict[str, Any], by: str = BY) -> str:
    answer = api.post("bulk-operations", by, body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"].endswith(answer.json()["id"])
    return str(answer.json()["id"])


def carried(api: Http, limit: int = 100) -> None:
    while step(api.world.store, api.world.engine, told, owner_of(api.runtime), limit=limit):
        pass


def outcomes(api: Http, operation: str, by: str = BY) -> list[str]:
    return [each["outcome"] for each in api.get(f"bulk-operations/{operation}/items", by).json()["items"]]


def mixed(api: Http) -> list[dict[str, Any]]:
    first, second, third, fourth = ideas(api)
    api.world.act(third, "select", by=BY)
    return [
        {"case": first}, {"case": second, "version": 1}, {"case": third}, {"case": fourth, "version": 7}, {"case": "VS-2021-9999"},
        {"case": first}, {"case": api.world.registered("P2-01")},
    ]  # fmt: skip


FATES = ["moved", "moved", "blocked", "conflict", "error", "skipped", "error"]


def test_each_case_meets_its_own_fate_and_is_told_why(api: Http):
    body = {"event": "select", "cases": mixed(api), "payload": NOTICE}
    began = begun(api, body)
    assert outcomes(api, began) == ["pending"] * 5 + ["skipped", "pending"]
    carried(api)
    assert outcomes(api, began) == FATES
    shown = api.get(f"bulk-operations/{began}", BY).json()
    assert (shown["state"], shown["total"]) == ("done", 7)
    assert shown["counts"] == {"moved": 2, "blocked": 1, "conflict": 1, "error": 2, "skipped": 1}
    items = api.get(f"bulk-operations/{began}/items", BY).json()["items"]
    assert items[0]["told"]["state"] == "selected"
    assert items[2]["told"]["reasons"][0]["text"]["vi"]
    assert items[3]["told"]["code"] == "stale_case"
    assert items[4]["told"]["code"] == items[6]["told"]["code"] == "not_found", "outside the territory there is nothing"
    assert [i["case"] for i in api.get(f"bulk-operations/{began}/items?outcome=moved&limit=1", BY).json()["items"]] == [items[0]["case"]]
    assert api.world.history(items[0]["case"])[-1].data["via"] == "bulk"


def test_the_preview_says_the_same_and_writes_nothing(api: Http):
    body: dict[str, Any] = {"event": "select", "cases": mixed(api), "payload": NOTICE}
    before = [api.world.events(each["case"]) for each in body["cases"]]
    answer = api.post("bulk-operations?dry_run=true", BY, body)
    assert answer.status_code == 200
    assert [each["outcome"] for each in answer.json()["items"]] == FATES
    assert [api.world.events(each["case"]) for each in body["cases"]] == before
    assert api.world.store.bulk_running() == []


def test_one_key_begins_one_operation(api: Http):
    body = asked(ideas(api))
    first = api.post("bulk-operations", BY, body, key="b")
    again = api.post("bulk-operations", BY, body, key="b")
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert again.headers["location"] == first.headers["location"]
    assert len(api.world.store.bulk_running()) == 1
    other = api.post("bulk-operations", BY, {**body, "reason": "Vì thế"}, key="b")
    assert (other.status_code, other.json()["code"]) == (422, "command_reused")


def test_what_was_cancelled_is_skipped_and_what_was_done_stays(api: Http):
    codes = ideas(api)
    began = begun(api, asked(codes))
    step(api.world.store, api.world.engine, told, owner_of(api.runtime), limit=2)
    assert api.post(f"bulk-operations/{began}/cancel", BY).json()["state"] == "cancelled"
    carried(api)
    assert outcomes(api, began) == ["moved", "moved", "skipped", "skipped"]
    assert [str(api.world.state(code)) for code in codes] == ["selected"] * 2 + ["idea_registered"] * 2
    over = api.post(f"bulk-operations/{began}/cancel", BY)
    assert (over.status_code, over.json()["reasons"][0]["code"]) == (409, "bulk_over")


def test_what_failed_is_tried_again_once_the_reason_is_gone(api: Http):
    codes = ideas(api, 2)
    body = {**asked(codes), "event": "submit_plan", "payload": {"sections": ["product"], "summary": "Nuôi thêm"}}
    began = begun(api, body, "producer-P1")
    carried(api)
    assert outcomes(api, began, "producer-P1") == ["blocked", "blocked"]
    api.world.act(codes[1], "select", by=BY)
    again = api.post(f"bulk-operations/{began}/retry", "producer-P1")
    assert (again.status_code, again.json()["state"]) == (200, "running")
    carried(api)
    assert outcomes(api, began, "producer-P1") == ["blocked", "moved"]
    assert [i["tries"] for i in api.get(f"bulk-operations/{began}/items", "producer-P1").json()["items"]] == [1, 1]
    api.world.act(codes[0], "select", by=BY)
    api.post(f"bulk-operations/{began}/retry", "producer-P1")
    carried(api)
    nothing = api.post(f"bulk-operations/{began}/retry", "producer-P1")
    assert (nothing.status_code, nothing.json()["reasons"][0]["code"]) == (409, "nothing_to_retry")


def test_a_batch_that_was_written_but_not_recorded_is_not_written_again(api: Http, monkeypatch: pytest.MonkeyPatch):
    codes = ideas(api)
    began = begun(api, asked(codes))
    with monkeypatch.context() as patch:

        def killed(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr(api.world.store, "record_bulk", killed)
        with pytest.raises(KeyboardInterrupt):
            step(api.world.store, api.world.engine, told, owner_of(api.runtime), limit=2)
    assert outcomes(api, began) == ["pending"] * 4
    carried(api)
    assert outcomes(api, began) == ["moved"] * 4
    assert [api.world.events(code) for code in codes] == [["register", "select"]] * 4
    assert list(drifts(api.world.store)) == []


def test_a_lost_database_is_no_fate_of_a_case(api: Http, monkeypatch: pytest.MonkeyPatch):
    began = begun(api, asked(ideas(api)))
    with monkeypatch.context() as patch:

        def lost(*_: Any, **__: Any) -> None:
            raise StoreUnsafe("database_unavailable", reason="gone")

        patch.setattr(api.world.store, "write_each", lost)
        with pytest.raises(StoreUnsafe):
            step(api.world.store, api.world.engine, told, owner_of(api.runtime))
        patch.undo()
        patch.setattr(api.world.store, "write", lost)
        patch.setattr(api.world.engine, "_in_batch", lambda *_: None)
        with pytest.raises(StoreUnsafe):
            step(api.world.store, api.world.engine, told, owner_of(api.runtime))
    carried(api)
    assert outcomes(api, began) == ["moved"] * 4


def test_rights_are_those_of_the_moment_of_the_act(api: Http):
    began = begun(api, asked(ideas(api, 2)))
    api.world.appoint(BY, "authority", "district", "H1", until="2021-01-11")
    carried(api)
    assert api.world.store.bulk_counts(began) == {"error": 2}, "whose function ended no longer sees the cases"
    assert api.world.store.bulk_items(began)[0].told is not None


def test_an_operation_is_its_beginners_alone(api: Http):
    began = begun(api, asked(ideas(api, 1)))
    for by in ("officer-VS", "officer-VT"):
        assert api.get(f"bulk-operations/{began}", by).status_code == 404
        assert api.get(f"bulk-operations/{began}/items", by).status_code == 404
        assert api.post(f"bulk-operations/{began}/cancel", by).status_code == 404
    found = api.world.store.bulk(began)
    assert found is not None
    assert found.state is BulkState.RUNNING


@pytest.mark.parametrize(
    "body",
    [
        {}, {"event": "select"}, {"event": "select", "cases": []}, {"event": "fly", "cases": [{"case": "x"}]},
        {"event": "register", "cases": [{"case": "x"}]}, {"event": "select", "cases": [{"case": "x", "version": 0}]},
        {"event": "select", "cases": [{"case": "x", "version": True}]}, {"event": "select", "cases": [{"case": "x", "state": "certified"}]},
        {"event": "select", "cases": ["x"]}, {"event": "select", "cases": [{"case": "x\u0000"}]},
        {"event": "select", "cases": [{"case": "x"}], "payload": []}, {"event": "select", "cases": [{"case": "x"}] * 5_001},
    ],
)  # fmt: skip
def test_what_means_nothing_begins_nothing(api: Http, body: dict[str, Any]):
    assert api.post("bulk-operations", BY, body).status_code == 422
    assert api.world.store.bulk_running() == []
