"""Registering a case on a page: a product from a list, certificates by name, and what follows before anything is sent."""

from tests.support.identity import House
from tests.support.pages import Form, Page, look, send

ACT, LOOK = ("do", "act"), ("do", "preview")
IDEA = {"f.kind": "first", "f.novelty": "new", "f.group": "food", "f.origin": "tradition"}


def form(house_page: Page) -> Form:
    return house_page.form("/cases/new")


def test_a_producer_finds_their_products_and_nobody_elses(house: House):
    browser = house.enter("producer-P1")
    page = look(browser, "/cases/new?q=mat+ong+so+7")
    assert "Mật ong số 7 của" in page.text
    assert "P2-07" not in page.text
    look(browser, "/cases/new?product=P2-07", 404)
    assert send(browser, form(look(browser, "/cases/new?product=P1-07")), {"product": "P2-07", **IDEA}, LOOK).status_code == 404
    many = look(browser, "/cases/new")
    assert "Còn 30 sản phẩm nữa" in many.text


def test_what_follows_is_shown_and_only_then_written_once(house: House):
    browser = house.enter("producer-P1")
    first = form(look(browser, "/cases/new?product=P1-07"))
    assert ("f.group", "food") in first.values
    looked = Page(send(browser, first, IDEA, ACT).text)
    assert "hồ sơ sẽ ở bước: đã đăng ký ý tưởng" in looked.text
    assert "Nếu nộp hồ sơ đánh giá ngay bây giờ thì vào Đợt 1 năm 2021 (VS-2021-1)" in looked.text
    assert house.world.store.case_states() == {}
    sent, again = send(browser, form(looked), {}, ACT), send(browser, form(looked), {}, ACT)
    assert sent.status_code == 303
    assert sent.headers["location"] == again.headers["location"] == "/cases/VS-2021-0001?done=1"
    page = look(browser, sent.headers["location"])
    assert "Đã ghi vào nhật ký, mục 1" in page.text
    assert house.world.store.case_states() == {"idea_registered": 1}
    told = look(browser, "/cases/new?product=P1-07")
    assert "Đang có hồ sơ VS-2021-0001" in told.text
    refused = send(browser, form(told), IDEA, LOOK)
    assert refused.status_code == 409
    assert ("f.origin", "tradition") in form(Page(refused.text)).values or "tradition" in refused.text


def test_an_upgrade_names_its_certificate_from_a_list(house: House):
    world = house.world
    world.certified(mean=75, at="2021-06-01 10:00")
    browser = house.enter("officer-X1")
    page = look(browser, "/cases/new?product=P1-01")
    assert "đang có chứng nhận 4 sao" in page.text
    certificate = world.store.certificates("P1-01")[0]
    assert f"4 sao, quyết định {certificate.decision_no}" in page.text
    mine = form(page)
    assert ("f.certificate", certificate.code) in mine.values
    assert ("f.kind", "upgrade") in mine.values
    refused = send(browser, mine, {**IDEA, "f.certificate": ""}, LOOK)
    assert refused.status_code == 409
    given = {**IDEA, "f.kind": "upgrade", "f.novelty": "existing", "f.certificate": certificate.code}
    looked = Page(send(browser, form(look(browser, "/cases/new?product=P1-01&kind=upgrade")), given, LOOK).text)
    assert "hồ sơ sẽ ở bước: phương án kinh doanh" in looked.text
    sent = send(browser, form(looked), {}, ACT)
    assert sent.status_code == 303
    assert "Nâng hạng" in look(browser, sent.headers["location"]).text


def test_what_is_missing_is_told_at_its_field_and_what_was_typed_stays(house: House):
    browser = house.enter("producer-P1")
    page = form(look(browser, "/cases/new?product=P1-07"))
    answered = send(browser, page, {"f.kind": "first", "f.description": "Mật ong rừng, ong bản địa"}, LOOK)
    assert answered.status_code == 422
    back = Page(answered.text)
    assert {"#f-novelty", "#f-origin"} <= set(back.links)
    assert ("f.description", "Mật ong rừng, ong bản địa") in form(back).values
    bent = send(browser, page, {**IDEA, "f.nonsense": "1"}, LOOK)
    assert bent.status_code == 422
    assert send(browser, page, {**IDEA, "key": "ê"}, LOOK).status_code == 400


def test_somebody_who_cannot_register_is_told_who_can(house: House):
    browser = house.enter("auditor-VS")
    assert "/cases/new" not in look(browser, "/cases").links
    answered = send(browser, form(look(browser, "/cases/new?product=P1-07")), IDEA, LOOK)
    assert answered.status_code == 403
    assert "Ai gỡ được" in answered.text
