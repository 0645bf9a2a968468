"""Delays instead of lock-out: guessing is slow, and nobody keeps another person out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.identity import pacing
from api.identity.pacing import A_WAVE, ENTERED, PAIR, SOURCE, TRIED, wait
from tests.support.identity import PASSWORD, House
from workflow.accounts import AttemptRow

NOW = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)


def attempts(*given_: tuple[str, float, str]) -> list[AttemptRow]:
    """Rows of (source, seconds ago, outcome), newest first."""
    rows = [AttemptRow(login=b"l", source=s, at=NOW - timedelta(seconds=ago), outcome=o) for s, ago, o in given_]
    return sorted(rows, key=lambda row: row.at, reverse=True)


@pytest.mark.parametrize(("mistakes", "seconds"), [(0, 0), (3, 0), (4, 1), (5, 2), (6, 4), (9, 32), (12, 256), (13, 300), (40, 300)])
def test_each_mistake_beyond_the_free_ones_doubles_the_wait(mistakes: int, seconds: int):
    rows = attempts(*(("a", 0, TRIED) for _ in range(mistakes)))
    assert wait(rows, rows[:5], 0, "a", NOW) == seconds


def test_a_wait_runs_from_the_last_mistake_and_mistakes_are_forgotten_after_some_hours():
    rows = attempts(*(("a", 3, TRIED) for _ in range(7)))
    assert wait(rows, [], 0, "a", NOW) == 8 - 3
    old = attempts(*(("a", PAIR.window.total_seconds(), TRIED) for _ in range(40)))
    assert wait(old, [], 0, "a", NOW) == 0


def test_getting_in_clears_the_mistakes_before_it():
    rows = attempts(*(("a", 60, TRIED) for _ in range(20)), ("a", 30, ENTERED), ("a", 1, TRIED))
    assert wait(rows, [], 0, "a", NOW) == 0


@given(st.lists(st.tuples(st.sampled_from("bcdefgh"), st.floats(0, 800), st.just(TRIED)), max_size=300), st.integers(0, A_WAVE))
def test_whatever_happens_elsewhere_the_usual_place_gets_in_at_once(elsewhere: list[tuple[str, float, str]], wave: int):
    rows = attempts(*elsewhere, ("a", 86_400, ENTERED))
    assert wait(rows, [], wave, "a", NOW) == 0
    assert wait(rows, [], 10 * A_WAVE, "a", NOW) == 0, "in a wave against everybody as well"


@given(st.lists(st.tuples(st.sampled_from("bcdefgh"), st.floats(0, 800), st.just(TRIED)), max_size=300))
def test_a_place_that_is_new_waits_for_nobody_elses_mistakes(elsewhere: list[tuple[str, float, str]]):
    assert wait(attempts(*elsewhere), [], 0, "a", NOW) == 0


def test_one_address_that_tries_many_logins_is_slowed_down_unless_it_is_known():
    source = attempts(*(("a", 0, TRIED) for _ in range(SOURCE.free + 4)))
    assert wait([], source, 0, "a", NOW) == 16
    assert wait(attempts(("a", 86_400, ENTERED)), source, 0, "a", NOW) == 0
    busy_office = attempts(*(("a", 0, TRIED) for _ in range(60)), *(("a", 0, ENTERED) for _ in range(40)))
    assert wait([], busy_office, 0, "a", NOW) == 0, "who got in is no mistake"


def test_in_a_wave_strangers_have_fewer_free_tries():
    source = attempts(*(("a", 0, TRIED) for _ in range(6)))
    assert wait([], source, 0, "a", NOW) == 0
    assert wait([], source, A_WAVE + 1, "a", NOW) == 8


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 2000), st.sampled_from([TRIED, ENTERED])), max_size=60), st.integers(-50, 9999)
)
def test_nobody_ever_waits_longer_than_the_longest_wait(rows: list[tuple[str, float, str]], wave: int):
    made = attempts(*rows)
    assert 0 <= wait(made, [r for r in made if r.source == "a"], wave, "a", NOW) <= PAIR.longest


# Over HTTP.


def guess(house: House, source: str, login: str = "producer-p1", password: str = "sai mật khẩu rồi nhé") -> Any:  # noqa: S107 - a wrong one
    return house.browser(source).post("session", {"login": login, "password": password})


def test_guessing_is_slow_and_costs_no_hash_while_it_waits(house: House):
    house.account("producer-P1")
    answered = [guess(house, "10.6.6.6").status_code for _ in range(6)]
    assert answered == [401] * 4 + [429] * 2
    before = house.hasher.compared
    refused = guess(house, "10.6.6.6", password=PASSWORD)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "login_paced", "1")
    assert house.hasher.compared == before, "the right password is not looked at either"
    house.wait(seconds=1)
    assert guess(house, "10.6.6.6", password=PASSWORD).status_code == 200


def test_a_thousand_guesses_from_a_thousand_places_do_not_lock_the_person_out(house: House):
    house.account("producer-P1")
    for number in range(60):
        guess(house, f"10.66.0.{number}")
    assert guess(house, "10.0.0.1", password=PASSWORD).status_code == 200


def test_an_unknown_login_is_paced_like_a_known_one(house: House):
    house.account("producer-P1")
    known = [guess(house, "10.6.6.6").status_code for _ in range(7)]
    unknown = [guess(house, "10.6.6.7", "nobody").status_code for _ in range(7)]
    assert known == unknown


def test_who_shares_an_address_with_a_guesser_gets_in_at_once_by_the_own_browser(house: House):
    """A whole office, and everybody on one mobile network, come from one address."""
    house.account("producer-P1")
    own = house.browser("10.6.6.6")
    assert own.post("session", {"login": "producer-p1", "password": PASSWORD}).status_code == 200
    assert own.delete("session").status_code == 204
    for _ in range(40):
        # Whoever wants to keep somebody out comes back the moment that a wait is over.
        guess(house, "10.6.6.6")
        house.wait(seconds=1)
    assert guess(house, "10.6.6.6").status_code == 429
    assert own.post("session", {"login": "producer-p1", "password": PASSWORD}).status_code == 200
    assert guess(house, "10.6.6.6", password=PASSWORD).status_code == 429, "another browser at that address waits"
    stranger = house.browser("10.6.6.6")
    stranger.client.cookies.update(own.client.cookies)
    stranger.client.cookies.delete("__Host-ocop")
    codes = [stranger.post("session", {"login": "producer-p1", "password": "sai mật khẩu rồi nhé"}).status_code for _ in range(6)]
    assert codes == [401] * 4 + [429] * 2, "also a browser that is known has its mistakes counted"


def test_what_a_browser_is_called_helps_nobody_who_has_not_got_in_with_it(house: House):
    house.account("producer-P1")
    house.account("producer-P2")
    other = house.browser("10.6.6.6")
    assert other.post("session", {"login": "producer-p2", "password": PASSWORD}).status_code == 200
    mistakes = {"login": "producer-p1", "password": "sai mật khẩu rồi nhé"}
    codes = [other.post("session", mistakes).status_code for _ in range(5)]
    assert codes == [401] * 4 + [429], "known for one's own login, a stranger for another's"
    made_up = house.browser("10.6.6.6")
    made_up.client.cookies.set("__Host-ocop-place", "A" * 43)
    assert made_up.post("session", mistakes).status_code == 429
    for nonsense in (b"", b"x" * 4000, b"../" * 10, b"%00", b"\xc3\xa9"):
        wrong = house.browser("10.6.6.8")
        wrong.client.headers = {b"cookie": b"__Host-ocop-place=" + nonsense}
        assert wrong.post("session", mistakes).status_code in {401, 429}


def test_ten_thousand_guesses_would_take_more_than_a_month():
    """The rule itself, played for a day with a guesser who comes back the moment that the wait is over."""
    rows: list[AttemptRow] = []
    now, tries = NOW, 0
    while now < NOW + timedelta(days=1):
        recent = [row for row in rows if row.at > now - PAIR.window]
        seconds = wait(recent, recent[:100], 0, "a", now)
        if seconds:
            now += timedelta(seconds=seconds)
            continue
        rows.insert(0, AttemptRow(login=b"l", source="a", at=now, outcome=TRIED))
        tries += 1
    assert tries < 10_000 / 30


def test_codes_of_the_second_factor_are_paced_too(house: House):
    house.enter("authority-H1")
    outcomes = []
    for _ in range(3):
        browser = house.browser("10.6.6.6")
        house.wait(minutes=6)
        browser.post("session", {"login": "authority-h1", "password": PASSWORD})
        outcomes += [browser.post("session/second-factor", {"code": "000000"}).status_code for _ in range(4)]
    assert 429 in outcomes


def test_the_known_password_is_not_guessed_faster_at_a_session_that_was_left_open(house: House):
    browser = house.enter("producer-P1", house.browser("10.6.6.6"))
    worked = house.hasher.compared
    answers = [browser.put("session/password", {"old": f"đoán lần thứ {n}", "new": "một câu mới thật dài"}) for n in range(8)]
    assert [each.status_code for each in answers] == [401] * 4 + [429] * 4
    assert house.hasher.compared - worked == 4, "what has to wait costs no hash"
    assert int(answers[-1].headers["retry-after"]) >= 1
    house.wait(minutes=6)
    refused = browser.put("session/password", {"old": PASSWORD, "new": "ngắn"})
    assert (refused.status_code, refused.json()["code"]) == (422, "password_refused")
    assert browser.put("session/password", {"old": PASSWORD, "new": "một câu mới thật dài"}).status_code == 200


def test_attempts_are_forgotten_when_no_wait_depends_on_them(house: House):
    house.account("producer-P1")
    guess(house, "10.6.6.6")
    house.wait(seconds=pacing.REMEMBERED.total_seconds() - 1)
    assert house.identity.sign_in.forget() == 0
    house.wait(seconds=2)
    assert house.identity.sign_in.forget() == 1
    house.wait(seconds=1)
    guess(house, "10.6.6.6")
    house.wait(days=40)
    assert guess(house, "10.0.0.1", password=PASSWORD).status_code == 200
    left = house.runtime.store.identity.find(AttemptRow)
    assert {row.source for row in left if not row.source.startswith("browser ")} == {"10.0.0.1"}, "whoever gets in clears up, now and then"
    assert {row.at for row in left} == {house.clock.now()}


def test_a_forwarded_address_is_believed_by_nobody_but_the_server(house: House):
    house.account("producer-P1")
    codes = [
        house.browser("10.6.6.6")
        .post("session", {"login": "producer-p1", "password": "sai mật khẩu rồi nhé"}, X_Forwarded_For=f"1.2.3.{n}")
        .status_code
        for n in range(6)
    ]
    assert codes == [401] * 4 + [429] * 2
