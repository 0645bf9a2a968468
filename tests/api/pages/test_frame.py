"""The frame of the pages: ways in and out, languages, errors in words, and what a page may load."""

import base64
import re
import string
from importlib.resources import files
from pathlib import Path

import pytest

from api.identity.guard import personal
from api.identity.totp import code_at, step_of
from api.pages.frame import labels, safe_path
from api.pages.install import MODULES
from notifications.messages import ChannelName, Part
from tests.support.identity import CLI, HOME, PASSWORD, House
from tests.support.pages import HTML, Page, look, send
from workflow.telling import DeliveryState


def test_a_stranger_is_taken_to_the_sign_in_page_and_then_to_where_they_wanted_to_go(house: House):
    house.account("producer-P1")
    case = house.world.registered()
    browser = house.browser()
    answered = browser.get(f"/cases/{case}", Accept=HTML)
    assert (answered.status_code, answered.headers["location"]) == (303, f"/login?next=/cases/{case}")
    form = look(browser, answered.headers["location"]).form("/login")
    answered = send(browser, form, {"login": "producer-p1", "password": PASSWORD})
    assert (answered.status_code, answered.headers["location"]) == (303, f"/cases/{case}")
    page = look(browser, f"/cases/{case}")
    assert "Tên Riêng producer-P1" in page.text
    assert "Bản tập huấn" not in page.text


def test_a_wrong_password_is_told_in_words_and_never_sent_back(house: House):
    browser = house.browser()
    answered = send(browser, look(browser, "/login").form("/login"), {"login": "ai-do", "password": "sai mật khẩu rồi"})
    assert answered.status_code == 401
    assert "sai mật khẩu rồi" not in answered.text
    assert ("login", "ai-do") in Page(answered.text).form("/login").values
    assert 'role="alert"' in answered.text


def test_whoever_decides_sets_up_a_second_factor_and_keeps_the_same_code_after_a_slip(house: House):
    house.account("authority-H1")
    browser = house.browser()
    answered = send(browser, look(browser, "/login").form("/login"), {"login": "authority-h1", "password": PASSWORD})
    assert answered.headers["location"].startswith("/login/code")
    page = look(browser, "/login/code")
    secret = re.search(r"<code>([A-Z2-7]+)</code>", page.source)
    assert secret is not None
    slipped = send(browser, page.form("/login/enrol"), {"code": "000000"})
    assert slipped.status_code == 401
    assert secret[1] in slipped.text
    assert look(browser, "/work").form("/login/enrol").action, "half a session opens nothing"
    house.wait(seconds=30)
    code = code_at(base64.b32decode(secret[1]), step_of(house.clock.now()))
    answered = send(browser, Page(slipped.text).form("/login/enrol"), {"code": code})
    assert (answered.status_code, answered.headers["location"]) == (303, "/work")
    assert "Việc cần xử lý" in look(browser, "/work").text
    send(browser, look(browser, "/work").form("/logout"))
    house.secrets["authority-H1"] = base64.b32decode(secret[1])
    send(browser, look(browser, "/login").form("/login"), {"login": "authority-h1", "password": PASSWORD})
    answered = send(browser, look(browser, "/login/code").form("/login/code"), {"code": "123456"})
    assert answered.status_code == 401
    answered = send(browser, Page(answered.text).form("/login/code"), {"code": house.code("authority-H1")})
    assert answered.status_code == 303


def test_a_one_time_link_lets_a_producer_choose_a_password_once(house: House):
    house.account("producer-P1", password=None)
    token, _ = house.identity.accounts.link_for("producer-P1", by=CLI)
    browser = house.browser()
    form = look(browser, "/login/link").form("/login/link")
    answered = send(browser, form, {"token": token, "password": PASSWORD, "again": "khác hẳn nhé"})
    assert (answered.status_code, "không giống nhau" in answered.text) == (422, True)
    assert send(browser, form, {"token": token, "password": "ngắn", "again": "ngắn"}).status_code == 422
    assert send(browser, form, {"token": token, "password": PASSWORD, "again": PASSWORD}).status_code == 303
    assert "Tên Riêng producer-P1" in look(browser, "/").text
    assert send(house.browser(), form, {"token": token, "password": PASSWORD, "again": PASSWORD}).status_code == 410


def test_the_page_is_vietnamese_until_the_reader_chooses_english(house: House):
    browser = house.enter("producer-P1")
    answered = browser.get("/work", Accept=HTML, Accept_Language="en-GB,en")
    assert answered.headers["content-language"] == "vi"
    page = Page(answered.text)
    answered = send(browser, page.form("/language"), button=("language", "en"))
    assert (answered.status_code, answered.headers["location"]) == (303, "/work")
    page = look(browser, "/work")
    assert "To do" in page.text
    assert "Việc cần xử lý" not in page.text
    assert page.source.startswith('<!doctype html>\n<html lang="en">')


def test_the_header_folds_up_without_a_script_and_nothing_in_it_is_there_twice(house: House, rehearsal: House):
    signed_in = look(house.enter("officer-VS"), "/rounds/VS-2021-1")
    browser = rehearsal.browser(base="http://localhost:8000")
    browser.origin = "http://localhost:8000"
    stranger = look(browser, "/login")
    send(browser, next(form for form in stranger.forms if form.action == "/login/role"), button=("person", "officer-VS"))
    playing = look(browser, "/work")
    for page in (signed_in, stranger, playing):
        assert [form.action for form in page.forms].count("/language") == 1
        assert [tag for tag, _ in page.tags].count("header") == 1
        assert next(given.get("href") for tag, given in page.tags if tag == "a") == "#main", "the first stop leads past the header"
        for tag, given in page.tags:
            assert "onclick" not in given, tag
    for page, places in ((signed_in, 3), (playing, 4)):
        assert [form.action for form in page.forms].count("/logout") == 1
        # Once in a line, once folded up; a style sheet shows the one that there is room for.
        current = [given for tag, given in page.tags if given.get("aria-current") == "page"]
        assert len(current) == 2
        assert [tag for tag, _ in page.tags].count("summary") >= 2
        navs = [given["aria-label"] for tag, given in page.tags if tag == "nav" and given.get("aria-label") == "Các trang"]
        assert len(navs) == 2
        assert sum(link == "/cases" for link in page.links) == 2
        assert len({link for link in page.links if link in {"/work", "/rounds", "/cases", "/rehearsal"}}) == places


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example.test/", "//evil.example.test", "/\\evil.example.test", "/a\\b", "work", "/x\ny"]
)
def test_nobody_is_led_out_of_the_house(elsewhere: str):
    assert safe_path(elsewhere) == "/work"
    assert safe_path("/cases/VS-2021-0001?done=3") == "/cases/VS-2021-0001?done=3"


def test_whoever_signs_out_is_out(house: House):
    browser = house.enter("producer-P1")
    before = browser.cookie
    assert send(browser, look(browser, "/work").form("/logout")).headers["location"] == "/login"
    browser.client.cookies.set("__Host-ocop", str(before), domain="ocop.example.test")
    assert browser.get("/work", Accept=HTML).headers["location"] == "/login?next=/work"


def test_what_is_refused_on_a_page_is_told_on_a_page_and_to_programs_as_before(house: House):
    browser = house.enter("producer-P1")
    page = look(browser, "/cases/VS-2021-9999", 404)
    assert "VS-2021-9999" in page.text
    assert "Về trang đầu" in page.text
    assert look(browser, "/nowhere", 404).form("/logout").action
    for path, accept in (("/api/v1/cases/VS-2021-9999", HTML), ("/cases/VS-2021-9999", "application/json")):
        assert browser.get(path, Accept=accept).headers["content-type"] == "application/problem+json"
    look(browser, "/work/nothing", 404)
    look(browser, "/cases?cursor=x", 422)
    look(browser, "/cases?state=x", 422)
    look(browser, "/cases?q=%00", 422)


def test_a_form_without_the_sessions_token_does_nothing(house: House):
    browser = house.enter("producer-P1")
    form = look(browser, "/work").form("/logout")
    form.values = [("csrf_token", "x")]
    answered = send(browser, form)
    assert answered.status_code == 403
    assert "text/html" in answered.headers["content-type"]
    look(browser, "/work")


def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(house: House):
    browser = house.enter("officer-VS")
    case = house.world.filed(at="2021-06-01 10:00")
    browser = house.enter("officer-VS", house.browser("10.0.0.2"))
    paths = ("/work", "/cases", f"/cases/{case}", f"/cases/{case}/actions/withdraw", "/rounds", "/rounds/VS-2021-1", "/login/link")
    for path in paths:
        answered = browser.get(path, Accept=HTML)
        assert answered.status_code == 200, path
        assert "'unsafe" not in answered.headers["content-security-policy"]
        page = Page(answered.text)
        for tag, given in page.tags:
            assert not any(name.startswith("on") or name == "style" for name in given), (path, tag, given)
            assert tag != "style", path
            assert tag != "script" or given.get("src"), path
            loaded = given.get("src") if tag in {"script", "img"} else given.get("href") if tag == "link" else None
            if loaded:
                assert loaded.startswith("/static/"), (path, loaded)
                assert browser.get(loaded).status_code == 200, loaded
        ids = [given["id"] for _, given in page.tags if given.get("id")]
        assert len(ids) == len(set(ids)), path
        labelled = {given.get("for") for tag, given in page.tags if tag == "label"}
        for tag, given in page.tags:
            if tag in {"select", "textarea"} or (tag == "input" and given.get("type") != "hidden"):
                assert given.get("id") in labelled, (path, given)
        assert [tag for tag, _ in page.tags].count("h1") == 1, path


def test_what_a_version_names_is_kept_for_good_and_the_rest_is_asked_for(house: House):
    browser = house.browser()
    kept = browser.get("/static/vendor/bootstrap-5.3.9/bootstrap.min.css")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    ours = browser.get("/static/pages.css")
    assert ours.headers["cache-control"] == "no-cache"
    for path in re.findall(r"url\(([^)]+)\)", ours.text):
        assert browser.get(f"/static/{path}").status_code == 200, path


def test_a_rehearsal_says_so_on_every_page_and_has_roles_for_passwords(rehearsal: House):
    browser = rehearsal.browser(base="http://localhost:8000")
    browser.origin = "http://localhost:8000"
    page = look(browser, "/login")
    assert "Bản tập huấn, không có giá trị pháp lý" in page.text
    assert "Tổ hợp tác" in page.text or "HTX" in page.text or "chủ thể – " in page.text
    roles = [form for form in page.forms if form.action == "/login/role"]
    button = next(button for form in roles for button in form.buttons if button[1] == "officer-H1")
    answered = send(browser, roles[0], button=button)
    assert answered.headers["location"] == "/work"
    case = rehearsal.world.filed(at="2021-06-01 10:00")
    for path in ("/work", "/rounds", "/rounds/VS-2021-1", "/cases", f"/cases/{case}", f"/cases/{case}/actions/return_for_completion"):
        page = look(browser, path)
        assert "Bản tập huấn, không có giá trị pháp lý" in page.text, path
        assert "/rehearsal" in page.links
    refused = send(browser, page.form("/language"), {"login": "a"})
    assert refused.status_code == 303


def test_a_real_installation_has_no_roles(house: House):
    browser = house.browser()
    form = look(browser, "/login").form("/login")
    form.action = "/login/role"
    assert send(browser, form, {"person": "officer-H1"}).status_code == 403
    assert "/rehearsal" not in look(house.enter("producer-P1"), "/work").links


def test_both_languages_have_the_same_labels_with_the_same_values():
    vi, en = labels("vi"), labels("en")
    fields = {name: {part[1] for part in string.Formatter().parse(text) if part[1]} for name, text in vi.items()}
    assert set(vi) == {name for name in en if not name.endswith(".one")}
    for name, text in en.items():
        if not name.endswith(".one"):
            assert {part[1] for part in string.Formatter().parse(text) if part[1]} == fields[name], name


def test_every_label_that_pages_ask_for_is_there():
    vi = labels("vi")
    templates = "".join(path.read_text("utf-8") for path in Path(str(files("api") / "templates")).rglob("*.html"))
    code = "".join(path.read_text("utf-8") for path in (files("api") / "pages").iterdir() if path.name.endswith(".py"))
    asked = set(re.findall(r"\bt(?:\.many)?\(['\"]([\w.]+)['\"][,)]", templates)) | set(re.findall(r"\bt(?:\.many)?\(\"([\w.]+)\"", code))
    assert len(asked) > 80
    assert asked <= set(vi)
    assert {f"part.{part}" for part in (*Part, "follows")} <= set(vi)
    assert {f"channel.{channel}" for channel in ChannelName} <= set(vi)
    assert {f"delivery.{state}" for state in DeliveryState} <= set(vi)


def test_every_page_is_recorded_or_shows_nothing_personal():
    routes = [route for module in MODULES for route in module.router.routes]
    paths = {str(route.path) for route in routes if "GET" in route.methods}
    unlisted = {path for path in paths if personal(path) is None}
    assert unlisted == {
        "/",
        "/ack/{token}",
        "/login",
        "/login/code",
        "/login/link",
        "/me",
        "/rounds",
        "/rounds/{code}",
        "/rounds.xlsx",
        "/rounds/{code}/export.xlsx",
    }


def test_where_a_second_factor_is_asked_for_the_way_on_is_kept_whole(house: House):
    house.account("authority-VS")
    browser = house.browser()
    given = {"login": "authority-vs", "password": PASSWORD, "next": "/cases?state=certified&sort=code"}
    answered = browser.client.post("/login", data=given, headers={"Origin": HOME})
    assert answered.headers["location"] == "/login/code?next=/cases%3Fstate%3Dcertified%26sort%3Dcode"
