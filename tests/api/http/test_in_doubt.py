"""A commit that nobody has heard of: it is looked up on a new connection before anybody is answered, and never done twice."""

from typing import Any

import pytest

from states.errors import StoreUnsafe
from tests.support.http import IDEA, Http

BODY = {"document_no": "3/TB", "document_date": "2021-01-11"}


class Lost:
    """Loses the answer of the next writes, after they were carried out or instead of it."""

    def __init__(self, write: Any, *, carried_out: bool, times: int) -> None:
        self.write, self.carried_out, self.times = write, carried_out, times

    def __call__(self, *given: Any, **named: Any) -> Any:
        if not self.times:
            return self.write(*given, **named)
        self.times -= 1
        if self.carried_out:
            self.write(*given, **named)
        raise StoreUnsafe("commit_failed", reason="disk")


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_lost_answer_is_found_out_and_given(api: Http, monkeypatch: pytest.MonkeyPatch, carried_out: bool):
    code = api.world.registered("P1-01")
    store = api.runtime.store
    monkeypatch.setattr(store, "write", Lost(store.write, carried_out=carried_out, times=1))
    answer = api.post(f"cases/{code}/actions/select", "authority-H1", BODY, version=1, key="k")
    assert answer.status_code == 200, answer.text
    assert "idempotency-replayed" not in answer.headers
    assert api.world.events(code) == ["register", "select"]
    again = api.post(f"cases/{code}/actions/select", "authority-H1", BODY, version=1, key="k")
    assert (again.content, again.headers["idempotency-replayed"]) == (answer.content, "true")


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_lost_registration_is_found_by_its_key(api: Http, monkeypatch: pytest.MonkeyPatch, carried_out: bool):
    store = api.runtime.store
    monkeypatch.setattr(store, "write", Lost(store.write, carried_out=carried_out, times=1))
    answer = api.post("cases", "producer-P1", {"product": "P1-01", **IDEA}, key="r")
    assert answer.status_code == 201, answer.text
    assert len(api.get("cases").json()["items"]) == 1


def test_what_cannot_be_found_out_is_said_and_the_same_request_finds_it_later(api: Http, monkeypatch: pytest.MonkeyPatch):
    code = api.world.registered("P1-01")
    store = api.runtime.store
    write = store.write
    monkeypatch.setattr(store, "write", Lost(write, carried_out=False, times=99))
    answer = api.post(f"cases/{code}/actions/select", "authority-H1", BODY, version=1, key="k")
    assert (answer.status_code, answer.json()["code"]) == (503, "commit_in_doubt")
    assert answer.headers["retry-after"]
    assert "disk" not in answer.text
    monkeypatch.setattr(store, "write", write)
    later = api.post(f"cases/{code}/actions/select", "authority-H1", BODY, version=1, key="k")
    assert later.status_code == 200
    assert api.world.events(code) == ["register", "select"]


def test_a_database_that_cannot_be_read_is_503_without_its_name(api: Http, monkeypatch: pytest.MonkeyPatch):
    def gone(*_: Any, **__: Any) -> Any:
        raise StoreUnsafe("database_unavailable", reason="connection to server at 10.0.0.7 failed")

    monkeypatch.setattr(api.runtime.store, "case_lines", gone)
    answer = api.get("cases")
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert "10.0.0.7" not in answer.text
