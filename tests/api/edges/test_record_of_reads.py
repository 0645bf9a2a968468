"""What the record of reads keeps of a question: what was looked for, whatever else stands in the address."""

from urllib.parse import quote

import pytest

from api.identity.access_log import _MAX_DETAIL, _MAX_VALUE, Access, question_of
from api.identity.guard import PERSONAL
from tests.support.identity import House
from tests.support.pages import HTML
from tests.support.route_table import known_questions

LONGEST = "q" * 200


def kept(house: House, kind: Access = Access.CASES, subject: str | None = None) -> list[str]:
    """What the record says was asked, newest first."""
    rows = house.identity.log.read(person="officer-X1")
    return [row.detail for row in rows if row.kind == kind and subject in {None, row.subject}]


JUNK = ("zzz={long}&", "a={long}&b={long}&q2={long}&", "Q={long}&", "q%00={long}&", "q[]={long}&", "&&;={long}&")


@pytest.mark.parametrize("path", ["/cases", "/cases.xlsx", "/work", "/work/upcoming"])
def test_nothing_before_a_search_pushes_it_out_of_the_record(house: House, path: str):
    browser = house.enter("officer-X1")
    for number, junk in enumerate(JUNK):
        answered = browser.get(f"{path}?{junk.format(long='x' * 3000)}q={quote(f'mật ong {number}')}", Accept=HTML)
        assert answered.status_code == 200, answered.text
        assert kept(house)[0] == f"q=mật ong {number}"


def test_of_a_search_that_is_given_twice_the_record_keeps_the_one_that_was_carried_out(house: House):
    house.world.registered()
    browser = house.enter("officer-X1")
    assert "VS-2021-0001" not in browser.get("/cases?q=mat&q=khong-co-gi", Accept=HTML).text
    assert kept(house) == ["q=khong-co-gi"]
    assert "VS-2021-0001" in browser.get("/cases?q=khong-co-gi&q=mat", Accept=HTML).text
    assert kept(house) == ["q=mat", "q=khong-co-gi"]


def test_a_search_of_full_length_in_vietnamese_is_kept_whole(house: House):
    longest = ("mật ong rừng " * 3) + "ệ" * 161
    assert (
        house.enter("officer-X1").get(f"/cases?zz={'%E1%BA%ADt' * 200}&q={quote(longest)}&state=selected", Accept=HTML).status_code == 200
    )
    assert kept(house) == [f"q={longest}&state=selected"]
    assert len(longest) == _MAX_VALUE


def test_a_value_that_was_cut_says_so_and_pushes_out_nothing_behind_it(house: House):
    states = ",".join(["selected"] * 40)
    browser = house.enter("officer-X1")
    assert browser.get(f"cases?state={states}&q=mat").status_code == 200
    [found] = kept(house)
    parts = dict(part.split("=", 1) for part in found.split("&"))
    assert parts["q"] == "mat"
    assert parts["state"].startswith(f"{states[:_MAX_VALUE]}…[{len(states)}:")
    # Another question that begins alike is another read.
    assert browser.get(f"cases?state={states},selected&q=mat").status_code == 200
    assert len(set(kept(house))) == 2


def test_a_list_with_a_name_keeps_what_was_looked_for_in_it_and_a_chart_whose_case_it_showed(house: House):
    code = house.world.registered()
    browser = house.enter("officer-X1")
    assert browser.get("worklists/upcoming?limit=5").status_code == 200
    assert browser.get(f"charts/qd1048-2019?case={code}").status_code == 200
    assert kept(house, subject="qd1048-2019") == [f"case={code}"]
    assert kept(house, subject="upcoming") == ["limit=5"]


def test_one_case_looked_at_in_several_ways_is_one_read(house: House):
    code = house.world.registered()
    browser = house.enter("officer-X1")
    for path in (f"cases/{code}", f"cases/{code}?as_of=2021-01-11T09:00:00%2B07:00", f"cases/{code}/deadlines"):
        assert browser.get(path).status_code == 200
    assert kept(house, Access.CASE) == [""]


@pytest.mark.parametrize(
    ("query", "kept_as"),
    [
        (b"", ""), (b"q=", ""), (b"unit=X1&q=a", "q=a&unit=X1"), (b"q=a%26unit%3DX1", "q=a%26unit=X1"), (b"q=100%25", "q=100%25"),
        (b"q=%00a%0Ab", "q=ab"), (b"q=\xc3\xa1", "q=Ã¡"), (b"q=%FF", "q=\ufffd"), (b"q=e%CC%82%CC%A3", "q=ệ"), (b"nothing=1", ""), (b"q=a;b&unit", "q=a;b"),
        (b"q=" + b"y" * 200, "q=" + "y" * 200),
    ],
)  # fmt: skip
def test_a_question_has_one_form(query: bytes, kept_as: str):
    assert question_of(("q", "unit", "q"), query) == kept_as


def test_a_question_of_two_values_cannot_be_made_to_look_like_another():
    forged, plain = question_of(("q", "unit"), b"q=a%26unit%3DH1"), question_of(("q", "unit"), b"q=a&unit=H1")
    assert forged != plain
    assert question_of(("q",), b"q=a%2526") != question_of(("q",), b"q=a%26")


def test_no_route_knows_more_questions_than_the_record_has_room_for(house: House):
    worst = {path: sum(len(name) + 3 * _MAX_VALUE + 30 for name in known_questions(house.app, path)) for path in PERSONAL}
    assert max(worst.values()) < _MAX_DETAIL
    assert max(len(known_questions(house.app, path)) for path in PERSONAL) > 5, "questions were found"
