"""The page behind a link in a letter: without an account, without a script, for one person and one matter."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.pages.install import furnish
from notifications.messages import Language
from tests.support.identity import House, house_at
from tests.support.pages import HTML, look, send
from tests.support.told import PHONE
from tests.support.world import TWO_ROUNDS, plan_file
from workflow.sweeping import sequence

REMINDED = "2021-07-03 12:00"


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """The invented province, where producer P1 has to complete a dossier and was reminded of it."""
    with house_at(database_url, tmp_path, "2021-01-11 08:00") as opened:
        furnish(opened.app)
        world = opened.world
        world.store.save_registry(people=[replace(p, phone=PHONE) for p in opened.registry.people()])
        world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        world.act(world.filed("P1-01", "2021-02-01 08:00"), "return_for_completion", at="2021-02-01 09:00")
        world.move(REMINDED)
        sequence(world.store)
        opened.runtime.notifications.tell()
        yield opened


def link_of(house: House, person: str = "producer-P1") -> str:
    """The path of the link that a person is sent about the case, as an officer shares it."""
    duty = next(item.duty for item, _ in house.world.store.told(None, None, 1000, recipients=(person,)) if item.kind == "term")
    officer = house.enter("officer-X1", house.browser("10.9.0.9"))
    made = officer.post("reminders/share", {"duty": duty, "to": person}, Idempotency_Key=f"share {person}")
    assert made.status_code == 200, made.text
    assert str(made.json()["link"]).startswith("https://ocop.example.test/ack/")
    assert made.json()["link"] in made.json()["text"]
    return str(made.json()["link"]).removeprefix("https://ocop.example.test")


def test_the_link_shows_what_it_is_about_and_only_the_button_confirms(house: House):
    path, reader = link_of(house), house.browser("10.9.0.1")
    page = look(reader, path)
    assert "Gửi anh/chị Tên Riêng producer-P1" in page.text
    assert "thứ Sáu, 09/07/2021" in page.text
    product = house.world.store.product("P1-01")
    assert product is not None
    assert product.name in page.text
    assert "Tôi đã nhận được" in page.text
    assert not [tag for tag, _ in page.tags if tag == "script"], "works without scripts"
    again = look(reader, path)
    assert "Tôi đã nhận được" in again.text, "looking twice, as a preview does, confirms nothing"
    [form] = [each for each in page.forms if each.method == "post"]
    assert form.names == [], "the token in the address is all there is"
    answered = send(reader, replace(form, action=path))
    assert (answered.status_code, answered.headers["location"]) == (303, path)
    after = look(reader, path)
    assert "Đã ghi nhận anh/chị nhận được tin này lúc" in after.text
    assert "Tôi đã nhận được" not in after.text
    link = next(row for row in house.world.store.links(["producer-P1"]) if row.confirmed_at is not None)
    house.wait(hours=5)
    send(reader, replace(form, action=path))
    assert next(row for row in house.world.store.links(["producer-P1"]) if row.digest == link.digest) == link, "the first word stands"


def test_neither_a_session_nor_an_origin_stands_in_the_way_or_helps(house: House):
    path = link_of(house)
    officer = house.enter("officer-H1")
    page = look(officer, path)
    assert "Tên Riêng officer-H1" not in page.text, "the page is its reader's, whoever is signed in on this browser"
    answered = officer.client.post(path, headers={"Accept": HTML, "Origin": "null", "Sec-Fetch-Site": "cross-site"})
    assert answered.status_code == 303, "no token of the session is asked for"
    assert officer.client.post("/api/v1" + path, headers={"Origin": "https://elsewhere.example"}).status_code == 200
    assert officer.client.get(path, headers={"Authorization": "Bearer nonsense", "Accept": HTML}).status_code == 200


def test_what_cannot_be_used_explains_itself_the_same_whether_it_never_was_or_is_over(house: House):
    path = link_of(house)
    row = house.world.store.links(["producer-P1"])[-1]
    house.clock.move(max(row.ends_at, *(each.ends_at for each in house.world.store.links(["producer-P1"]))))
    texts = set()
    for tried in (path, "/ack/" + "a" * 24, "/ack/x", "/ack/%ff%00", "/ack/" + "z" * 3_000):
        for method in ("GET", "POST"):
            answered = house.browser().client.request(method, tried, headers={"Accept": HTML})
            assert answered.status_code == 404, (tried, method)
            texts.add(re.sub(r"nonce-[\w-]+", "", answered.text))
    [text] = texts
    assert "Đường dẫn này không đúng hoặc đã hết hạn." in text
    assert "cán bộ phụ trách OCOP" in text
    assert "<form" not in text
    english = house.browser().client.get("/ack/x?lang=en", headers={"Accept": HTML})
    assert "This link does not work" in english.text
    assert english.headers["content-language"] == "en"


def test_a_duty_that_is_done_says_so(house: House):
    path = link_of(house)
    case = house.world.store.links(["producer-P1"])[-1].subject
    house.world.act(case, "withdraw", at="2021-07-03 13:00")
    assert "không phải làm gì nữa" in look(house.browser(), path).text


def test_the_page_speaks_the_language_that_its_reader_gets_letters_in(house: House):
    path = link_of(house)
    producer = house.enter("producer-P1", house.browser("10.9.0.2"))
    assert producer.post("people/producer-P1/choices", {"values": {"language": "en"}}, Idempotency_Key="l").status_code == 200
    fresh = house.browser("10.9.0.3")
    page = look(fresh, path)
    assert "I have received it" in page.text
    assert Language.EN in {found.get("lang") for tag, found in page.tags if tag == "html"}
    assert "Tôi đã nhận được" in look(fresh, f"{path}?lang=vi").text


def test_the_page_is_not_kept_by_anybody(house: House):
    answered: Any = house.browser().client.get(link_of(house), headers={"Accept": HTML})
    assert answered.headers["cache-control"] == "no-store"
    assert answered.headers["x-robots-tag"] == "noindex, nofollow"
    assert answered.headers["referrer-policy"] == "same-origin"
    assert "script-src 'self' 'nonce-" in answered.headers["content-security-policy"]
