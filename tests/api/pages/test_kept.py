"""A form whose session ended while it was typed comes back filled in, to whoever typed it, and is sent by nobody but its reader."""

import base64
from typing import Any

import pytest

from tests.api.pages.test_case import ACT, DAY, form_of, typed
from tests.support.identity import PASSWORD, Browser, House
from tests.support.pages import Form, Page, look, send

REMARK = "Thiếu phiếu kiểm nghiệm <b>gấp</b> & ảnh"
ASKED = {"f.documents": ["test_report", "photographs"], "f.remarks": REMARK}


def left(house: House, browser: Browser, case: str, event: str = "return_for_completion", given: Any = None) -> Any:
    """A form that was opened in time and sent when the session had ended."""
    form = form_of(browser, case, event)
    house.wait(hours=13)
    return send(browser, form, ASKED if given is None else given, ACT)


def signed_in(house: House, browser: Browser, page: Page, person: str, password: str = PASSWORD) -> Any:
    """The way in that a page offers, taken by somebody, with a second factor where one is asked for."""
    answered = send(browser, page.form("/login"), {"login": person.lower(), "password": password})
    if answered.status_code == 200 and any(form.action == "/login/code" for form in Page(answered.text).forms):
        answered = send(browser, Page(answered.text).form("/login/code"), {"code": house.code(person)})
    return answered


def opened(browser: Browser, answered: Any) -> Page:
    """What the step after signing in leads to."""
    assert answered.status_code == 200, answered.text
    page = Page(answered.text)
    form = next(form for form in page.forms if ("do", "edit") in form.values)
    again = send(browser, form)
    assert again.status_code == 200, again.text
    return Page(again.text)


def values(form: Form) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in form.values:
        found.setdefault(name, []).append(value)
    return found


def test_whoever_types_for_longer_than_a_session_lasts_signs_in_and_finds_the_form_filled_in(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("officer-H1")
    answered = left(house, browser, case)
    assert answered.status_code == 401
    page = Page(answered.text)
    assert "Phiên làm việc đã hết" in page.text
    assert "Chưa ghi gì cả." in page.text
    assert REMARK not in page.text, "whoever comes by reads nothing of it"
    assert "phiếu kiểm nghiệm" not in answered.text
    before = house.world.events(case)
    form = opened(browser, signed_in(house, browser, page, "officer-H1")).form(f"/cases/{case}/actions/return_for_completion")
    assert values(form)["f.documents"] == ["test_report", "photographs"]
    assert values(form)["f.remarks"] == [REMARK]
    assert house.world.events(case) == before, "nothing is sent by itself"
    assert send(browser, form, {}, ACT).status_code == 303
    assert house.world.events(case) == [*before, "return_for_completion"]
    actor = house.world.history(case)[-1].actor
    assert actor is not None
    assert actor.id == "officer-H1"


def test_a_wrong_password_on_the_way_loses_nothing(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("officer-H1")
    page = Page(left(house, browser, case).text)
    wrong = signed_in(house, browser, page, "officer-H1", "sai mật khẩu rồi")
    assert wrong.status_code == 401
    form = opened(browser, signed_in(house, browser, Page(wrong.text), "officer-H1")).form(f"/cases/{case}/actions/return_for_completion")
    assert values(form)["f.remarks"] == [REMARK]


def test_it_goes_along_through_the_second_factor_and_a_mistyped_code(house: House):
    world = house.world
    case = world.registered()
    browser = house.enter("authority-H1")
    given = typed(house, case, "select")
    page = Page(left(house, browser, case, "select", given).text)
    half = send(browser, page.form("/login"), {"login": "authority-h1", "password": PASSWORD})
    assert half.status_code == 200
    slipped = send(browser, Page(half.text).form("/login/code"), {"code": "000000"})
    assert slipped.status_code == 401
    answered = send(browser, Page(slipped.text).form("/login/code"), {"code": house.code("authority-H1")})
    form = opened(browser, answered).form(f"/cases/{case}/actions/select")
    assert {name: found for name, found in values(form).items() if name in given}.items() >= {
        name: [value] for name, value in given.items() if isinstance(value, str)
    }.items()
    assert "select" not in world.events(case)


def test_somebody_else_who_signs_in_there_neither_sees_nor_sends_it(house: House):
    case = house.world.filed(at=DAY)
    house.account("secretary-H1")
    browser = house.enter("officer-H1")
    page = Page(left(house, browser, case).text)
    answered = signed_in(house, browser, page, "secretary-H1")
    assert answered.status_code == 200
    assert "Anh/chị đăng nhập bằng tên khác" in Page(answered.text).text
    for part in (REMARK, "phiếu kiểm nghiệm", case):
        assert part not in answered.text
    assert "Tên Riêng secretary-H1" in look(browser, "/work").text
    assert "return_for_completion" not in house.world.events(case)


def test_a_second_window_in_which_the_same_person_signed_in_anew_does_not_cost_what_was_typed(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("officer-H1")
    form = form_of(browser, case, "return_for_completion")
    house.wait(hours=13)
    send(browser, look(browser, "/login").form("/login"), {"login": "officer-h1", "password": PASSWORD})
    answered = send(browser, form, ASKED, ACT)
    again = opened(browser, answered).form(f"/cases/{case}/actions/return_for_completion")
    assert values(again)["f.remarks"] == [REMARK]
    assert "return_for_completion" not in house.world.events(case), "a form of another session is shown, not obeyed"


def test_a_window_of_somebody_else_by_now_says_so_and_keeps_what_was_typed_for_its_owner(house: House):
    case = house.world.filed(at=DAY)
    house.account("secretary-H1")
    browser = house.enter("officer-H1")
    form = form_of(browser, case, "return_for_completion")
    send(browser, look(browser, "/work").form("/logout"))
    send(browser, look(browser, "/login").form("/login"), {"login": "secretary-h1", "password": PASSWORD})
    answered = send(browser, form, ASKED, ACT)
    assert answered.status_code == 403
    assert "phiếu kiểm nghiệm" not in answered.text
    again = opened(browser, signed_in(house, browser, Page(answered.text), "officer-H1"))
    assert values(again.form(f"/cases/{case}/actions/return_for_completion"))["f.remarks"] == [REMARK]


def test_what_has_changed_meanwhile_is_told_with_what_had_been_typed(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("officer-H1")
    page = Page(left(house, browser, case).text)
    house.world.act(case, "conclude", mean=80)
    form = next(f for f in Page(signed_in(house, browser, page, "officer-H1").text).forms if ("do", "edit") in f.values)
    stale = send(browser, form)
    assert stale.status_code == 412
    assert "ghi kết quả của hội đồng" in Page(stale.text).text
    assert REMARK in Page(stale.text).form(f"/cases/{case}/actions/return_for_completion").values[-1][1]


def test_registering_and_redating_come_back_as_well(house: House):
    browser = house.enter("officer-H1")
    form = look(browser, "/cases/new?product=P1-05").form("/cases/new")
    house.wait(hours=13)
    answered = send(browser, form, {"f.kind": "first", "f.description": "Mật ong rừng"}, ("do", "preview"))
    again = opened(browser, signed_in(house, browser, Page(answered.text), "officer-H1")).form("/cases/new")
    assert values(again)["f.description"] == ["Mật ong rừng"]
    assert values(again)["product"] == ["P1-05"]
    browser, place = house.enter("officer-VS"), "/rounds/VS-2021-1/acts/redate"
    form = look(browser, place).form(place)
    house.wait(hours=13)
    answered = send(browser, form, {"phrase": "trước ngày 15/8/2021", "reason": "Hoãn họp"}, ("do", "preview"))
    again = opened(browser, signed_in(house, browser, Page(answered.text), "officer-VS")).form(place)
    assert (values(again)["phrase"], values(again)["reason"]) == (["trước ngày 15/8/2021"], ["Hoãn họp"])
    form = look(browser, "/rounds/VS-2021-1/acts/freeze").form("/rounds/VS-2021-1/acts/freeze")
    house.wait(hours=13)
    page = Page(signed_in(house, browser, Page(send(browser, form, {}, ACT).text), "officer-VS").text)
    led = send(browser, next(f for f in page.forms if ("do", "edit") in f.values))
    assert led.headers["location"] == "/rounds/VS-2021-1/acts/freeze", "what asks for nothing is looked at anew"


def test_a_second_persons_reason_comes_back_to_the_case(house: House):
    world = house.world
    case = world.filed(at=DAY)
    world.move("2021-07-12 09:00")
    world.act(case, "conclude", mean=66, acted_on="2021-07-08T15:00:00", by="secretary-H1", at="2021-07-12 09:00")
    browser = house.enter("officer-VS")
    page = look(browser, f"/cases/{case}")
    form = next((f for f in page.forms if "/confirmations/" in f.action), None)
    assert form is not None, page.text
    house.wait(hours=13)
    answered = send(browser, form, {"reason": "Biên bản ghi ngày khác"}, ("do", "refuse"))
    again = opened(browser, signed_in(house, browser, Page(answered.text), "officer-VS"))
    assert values(again.form(form.action))["reason"] == ["Biên bản ghi ngày khác"]
    assert world.events(case)[-1] == "paper_asked", "the word itself has not been given"


def test_nobody_can_have_a_form_filled_in_for_somebody_else(house: House):
    """What no page of ours drew for this person is not given back; nor what was sealed for something else."""
    case = house.world.filed(at=DAY)
    theirs, mine = house.enter("officer-H1"), house.enter("secretary-H1")
    drawn = dict(form_of(mine, case, "conclude").values)["drawn"]
    form = form_of(theirs, case, "return_for_completion")
    place = f"/cases/{case}/actions/return_for_completion"
    for mark in ("", "AAAA", "không phải", drawn[:-8] + "AAAAAAA=", base64.urlsafe_b64encode(b"officer-H1" * 9).decode()):
        forged = Form(place, "post", [("csrf_token", "0"), ("drawn", mark), ("f.remarks", "của kẻ khác"), ("do", "act")])
        answered = send(theirs, forged)
        assert answered.status_code == 403, mark
        assert not any(("do", "edit") in f.values or "kept" in f.names for f in Page(answered.text).forms), mark
    other = Form(place, "post", [("csrf_token", "0"), ("drawn", drawn), ("f.remarks", "của kẻ khác"), ("do", "act")])
    asked = Page(send(theirs, other).text)
    assert not any(("do", "edit") in f.values for f in asked.forms), "drawn for another, it is not opened for this person"
    kept = dict(asked.form("/login").values)["kept"]
    # The two kinds of seal do not stand in for each other.
    for sealed in (kept, drawn):
        swapped = Form(place, "post", [("csrf_token", "0"), ("drawn", sealed if sealed == kept else "x"), ("do", "act")])
        assert send(theirs, swapped).status_code == 403
    assert send(theirs, form, ASKED, ACT).status_code == 303, "the person's own form still works"


@pytest.mark.parametrize("kept", ["", "x", "A" * 400, "không phải", "=" * 9])
def test_what_was_not_sealed_here_is_ignored_on_the_way_in(house: House, kept: str):
    house.account("officer-H1")
    browser = house.browser()
    form = look(browser, "/login").form("/login")
    answered = send(browser, form, {"login": "officer-h1", "password": PASSWORD, "kept": kept})
    assert (answered.status_code, answered.headers["location"]) == (303, "/work")


def test_what_is_too_much_to_carry_is_shown_to_be_copied(house: House):
    case = house.world.filed(at=DAY)
    browser = house.enter("officer-H1")
    long = "".join(chr(0x4E00 + (n * 7919) % 20000) for n in range(20_000))
    answered = left(house, browser, case, given={"f.documents": ["photographs"], "f.remarks": long})
    assert answered.status_code == 401
    assert "hãy chép lại" in answered.text
    assert long in answered.text


def test_in_a_rehearsal_the_role_is_taken_again(rehearsal: House):
    case = rehearsal.world.filed(at=DAY)
    browser = rehearsal.browser(base="http://localhost:8000")
    browser.origin = "http://localhost:8000"
    play = next(form for form in look(browser, "/login").forms if form.action == "/login/role")
    send(browser, play, button=("person", "officer-H1"))
    form = form_of(browser, case, "return_for_completion")
    play = next(form for form in look(browser, "/login").forms if form.action == "/login/role")
    send(browser, play, button=("person", "producer-P1"))
    answered = send(browser, form, ASKED, ACT)
    page = Page(answered.text)
    assert "vào vai Tên Riêng officer-H1" in page.text
    back = next(form for form in page.forms if form.action == "/login/role")
    again = opened(browser, send(browser, back, button=back.buttons[0]))
    assert values(again.form(f"/cases/{case}/actions/return_for_completion"))["f.remarks"] == [REMARK]
