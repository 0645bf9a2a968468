"""Every refusal on the way in explains itself: in words of its reader's language, without the program's own names."""

import re
from pathlib import Path

import pytest

from tests.support.identity import house_at


@pytest.fixture
def house(database_url: str, tmp_path: Path):
    with house_at(database_url, tmp_path) as made:
        yield made


def _bearer(house, person: str, scopes: list[str]):
    secret, row = house.identity.tokens.create(person, "thử", scopes, 30, decides=False)
    return {"Authorization": f"Bearer {secret}"}, row


def test_a_token_that_opens_nothing_is_told_apart_from_none(house):
    browser = house.browser()
    assert browser.get("cases").json()["code"] == "unidentified"
    house.account("officer-VS")
    headers, row = _bearer(house, "officer-VS", ["read"])
    assert browser.get("cases", **headers).status_code == 200
    house.identity.tokens.revoke(row.id, person="officer-VS")
    for sent in (headers, {"Authorization": "Bearer ocop_x_y"}, {"Authorization": "Basic eDp5"}):
        refused = browser.get("cases", **sent)
        assert (refused.status_code, refused.json()["code"]) == (401, "token_unknown")
        assert "hết hạn" in refused.json()["detail"]
        assert refused.headers["www-authenticate"] == "Bearer"


def test_who_has_only_shown_a_password_is_told_what_is_missing(house):
    house.account("authority-VS")
    browser = house.browser()
    assert browser.post("session", {"login": "authority-vs", "password": "con trâu đi trước cái cày"}).json()["second_factor"] == "to_enrol"
    refused = browser.post("tokens", {"name": "thử"})
    assert (refused.status_code, refused.json()["code"]) == (401, "second_factor_needed")
    assert "xác thực thứ hai" in refused.json()["detail"]


def test_a_token_that_asks_for_another_is_told_why_it_gets_none(house):
    house.account("officer-VS")
    headers, _ = _bearer(house, "officer-VS", ["read", "write"])
    refused = house.browser().post("tokens", {"name": "thử"}, **headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "token_by_token")
    assert "hãy đăng nhập rồi tạo" in refused.json()["detail"]


def test_a_token_without_the_scope_names_it_as_the_page_does(house):
    house.account("officer-VS")
    headers, _ = _bearer(house, "officer-VS", ["read"])
    assert "“quản lý tài khoản, ủy quyền”" in house.browser().get("users", **headers).json()["detail"]


def test_what_is_wrong_with_an_account_is_said_in_words(house):
    house.account("officer-VS")
    headers, _ = _bearer(house, "officer-VS", ["admin"])
    refused = house.browser().post("users", {"person": "producer-P1", "login": "x y"}, **headers)
    assert (refused.status_code, refused.json()["detail"]) == (422, "Nội dung của việc “quản lý tài khoản” chưa đúng.")


def test_instants_of_accounts_are_told_in_the_time_of_viet_nam(house):
    house.account("officer-VS")
    browser = house.browser()
    browser.post("session", {"login": "officer-vs", "password": "con trâu đi trước cái cày"})
    made = browser.post("tokens", {"name": "thử"}).json()
    told = [made["created_at"], made["expires_at"], browser.get("session").json()["expires_at"]]
    told += [each["seen_at"] for each in browser.get("users/officer-VS/sessions").json()["items"]]
    assert all(re.search(r"\+07:00$", each) for each in told), told
