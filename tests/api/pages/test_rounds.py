"""*Tiến độ đợt đánh giá*: counts that are those of the lists they lead to, dates with a countdown, forecasts for those who oversee a round."""

import re

from tests.api.pages.test_work import cards
from tests.support.identity import House
from tests.support.pages import look

DAY = "2021-06-01 10:00"


def test_every_number_is_the_length_of_the_list_behind_it(house: House):
    house.world.filed("P1-01", at=DAY)
    house.world.filed("P1-02", at=DAY)
    house.world.filed("P2-01", at=DAY)
    house.world.at_province("P2-02", at=DAY)
    browser = house.enter("officer-VS")
    page = look(browser, "/rounds/VS-2021-1")
    links = [link for link in page.links if link.startswith("/cases?round=VS-2021-1")]
    found = re.findall(r'<a href="(/cases\?round=VS-2021-1[^"]*)">(?:<strong>)?(\d+)', page.source)
    assert len(found) == len(links) >= 5
    for link, number in found:
        assert len(cards(look(browser, link.replace("&amp;", "&")))) == int(number), link
    assert "Hồ sơ theo bước 4" in page.text


def test_a_round_is_looked_at_by_unit(house: House):
    house.world.filed("P1-01", at=DAY)
    house.world.filed("P2-01", at=DAY)
    browser = house.enter("officer-VS")
    assert "Hồ sơ theo bước – Huyện" in look(browser, "/rounds/VS-2021-1?unit=H1").text
    assert "Cộng" in look(browser, "/rounds/VS-2021-1?unit=H1").text
    assert re.search(r"Hồ sơ theo bước[^0-9]* 1 ", look(browser, "/rounds/VS-2021-1?unit=H1").text)
    look(browser, "/rounds/VS-2021-1?unit=NOWHERE", 422)
    look(browser, "/rounds/VS-2021-9", 404)


def test_dates_have_a_countdown_and_a_forecast_for_those_who_see_all_of_it(house: House):
    house.world.filed("P1-01", at=DAY)
    page = look(house.enter("officer-VS"), "/rounds/VS-2021-1")
    assert "thứ Sáu, 09/07/2021 (hết ngày)" in page.text
    assert "còn 38 ngày" in page.text
    assert "1 hồ sơ còn phải qua mốc này" in page.text
    page = look(house.enter("officer-H1"), "/rounds/VS-2021-1")
    assert "còn 38 ngày" in page.text
    assert "còn phải qua mốc này" not in page.text


def test_the_list_of_rounds_tells_how_many_cases_one_may_see(house: House):
    house.world.filed("P1-01", at=DAY)
    house.world.filed("P2-01", at=DAY)
    for person, count in (("officer-VS", 2), ("officer-H1", 1), ("producer-P1", 1), ("producer-P3", 0)):
        page = look(house.enter(person), "/rounds")
        block = page.text.partition("VS-2021-1 ")[2]
        assert f"{count} hồ sơ" in block[:80], person
