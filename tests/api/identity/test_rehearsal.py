"""In a rehearsal roles are chosen; a real installation knows nothing of the sort, and a rehearsal knows nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.identity import PASSWORD, House, house_at
from workflow.clock import ManualClock
from workflow.store import migrate


@pytest.fixture
def wall() -> ManualClock:
    """The machine's own clock, for tests that move it."""
    return ManualClock(datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC))


@pytest.fixture
def rehearsal(tmp_path: Path, wall: ManualClock) -> Iterator[House]:
    """A rehearsal in June 2021."""
    url = f"sqlite:///{tmp_path / 'rehearsal.db'}"
    migrate(url, rehearsal=True)
    with house_at(url, tmp_path, public_url=None, rehearsal_clock=wall) as opened:
        yield opened


def test_a_role_is_a_button(rehearsal: House):
    browser = rehearsal.browser()
    said = browser.post("session/role", {"person": "authority-H1"}).json()
    assert (said["person"], said["via"], said["second_factor"]) == ("authority-H1", "rehearsal", "not_asked")
    case = rehearsal.world.registered()
    assert browser.get(f"cases/{case}").status_code == 200
    again = browser.post("session/role", {"person": "officer-H1"}).json()
    assert again["person"] == "officer-H1"
    assert browser.get("session").json()["person"] == "officer-H1"


def test_nobody_is_chosen_who_is_not_there(rehearsal: House):
    assert rehearsal.browser().post("session/role", {"person": "nobody"}).status_code == 404


def test_the_button_is_pressed_on_our_own_page(rehearsal: House):
    answered = rehearsal.browser().post("session/role", {"person": "officer-H1"}, Origin="https://evil.example.test")
    assert (answered.status_code, answered.json()["code"]) == (403, "asked_from_elsewhere")


def test_a_rehearsal_has_no_passwords_and_no_provider(rehearsal: House):
    rehearsal.account("producer-P1")
    browser = rehearsal.browser()
    answered = browser.post("session", {"login": "producer-p1", "password": PASSWORD})
    assert (answered.status_code, answered.json()["code"]) == (403, "roles_instead")
    assert browser.get("/login/provider").json()["code"] == "roles_instead"


def test_a_rehearsal_makes_no_accounts_over_http_either(rehearsal: House):
    rehearsal.world.appoint("admin-VS", "administrator", "province", "VS")
    browser = rehearsal.browser()
    browser.post("session/role", {"person": "admin-VS"})
    assert browser.post("users", {"person": "officer-VS", "login": "officer"}).json()["code"] == "roles_instead"
    assert browser.post("users/officer-VS/link").json()["code"] == "roles_instead"
    token = browser.post("tokens", {"name": "Tập gọi API"}).json()["token"]
    assert rehearsal.browser().get("cases", Authorization=f"Bearer {token}").status_code == 200


def test_a_real_installation_refuses_roles(house: House):
    answered = house.browser().post("session/role", {"person": "officer-H1"})
    assert (answered.status_code, answered.json()["code"]) == (403, "rehearsal_only")
    assert house.browser().get("session").status_code == 401


def test_leaping_over_months_ends_no_session_and_the_machines_hours_do(rehearsal: House, wall: ManualClock):
    browser = rehearsal.browser()
    browser.post("session/role", {"person": "officer-H1"})
    rehearsal.world.move("2021-06-30 09:00")
    assert browser.get("session").status_code == 200
    wall.move(wall.now() + timedelta(hours=1))
    assert browser.get("session").status_code == 401


def test_a_rehearsal_needs_no_tls_to_play(rehearsal: House):
    near = rehearsal.browser("192.168.1.5", base="http://192.168.1.2:8000")
    near.origin = "http://192.168.1.2:8000"
    assert near.post("session/role", {"person": "officer-H1"}).status_code == 200
