"""The headline rule in a browser: two minutes before midnight, and what three clicks show."""

import re

import pytest

from tests.support.browsing import Desk, Window, Words
from tests.support.elsewhere import KINDS, SEND, other_site
from tests.support.installation import Process

KEPT, MISSED = "Tranh thêu bản Sim", "Chẩm chéo Mường Khén"


@pytest.fixture
def window(desk: Desk, rehearsal: Process) -> Window:
    desk.origin = rehearsal.address
    return desk.window()


def comes_too_late(desk: Desk) -> None:
    """A minute after midnight the secretary of another district chooses a role and is refused in words."""
    window = desk.window().play("tk-h6").form("VS-2021-0005", "conclude")
    said = window.page.get_by_role("alert").inner_text()
    assert "Việc này chưa làm được" in said
    assert "Đợt kế tiếp: VS-2021-2" in said
    assert "Ai gỡ được: cán bộ phụ trách cấp tỉnh" in said


def test_three_clicks_show_the_rule_bite_and_hold_nobody_up(desk: Desk, window: Window):
    window.open("/rehearsal")
    window.shows("23:58 thứ Sáu, 09/07/2021")
    found = window.examined("before a role is chosen")
    window.press("Ghi kết quả lúc 23:58")
    window.shows("Đang vào vai")
    window.press("Đến 00:01")
    window.shows("00:01 thứ Bảy, 10/07/2021")
    happened = window.page.locator("#happened").inner_text()
    assert f"“{KEPT}” đã có kết quả trước nửa đêm: kịp mốc." in happened
    assert f"“{MISSED}” chưa có kết quả lúc 00:00: lỡ mốc" in happened
    missed = window.page.locator("#happened .rows").first.inner_text()
    assert MISSED in missed
    assert KEPT not in missed
    assert "“trước ngày 10/7/2021”" in happened, "the words of the plan"
    assert "09/07/2021" in happened, "and the last day that they leave"
    found += window.examined("what just happened")
    comes_too_late(desk)
    window.press("Đọc thư của chủ thể")
    for words in ("Kính gửi ông/bà", MISSED, "“trước ngày 10/7/2021”", "VS-2021-2"):
        assert words in window.text, words
    letter = window.path
    window.open("/rehearsal").press("Đến khi đóng đợt 1")
    window.press("Xem nhật ký", within="#midnight")
    assert "Vào đợt VS-2021-2" in window.text
    history = window.path
    for language in ("vi", "en"):
        window.speak(language)
        for address in ("/rehearsal", "/rehearsal/inbox", letter, history, "/login", "/work", "/cases/VS-2021-0012", "/rounds/VS-2021-2"):
            found += window.open(address).examined(f"{address} ({language})")
    assert found == []


@pytest.mark.parametrize("size", [(1280, 800), (390, 800)])
def test_who_reads_nothing_has_one_button_before_their_eyes(desk: Desk, rehearsal: Process, size: tuple[int, int]):
    desk.origin = rehearsal.address
    window = desk.window(size=size).open("/")
    bold = window.page.locator("main .btn-primary")
    assert bold.count() == 1, "one way on, and no other as plain to see"
    box = bold.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= size[1], "without scrolling"
    first = window.page.locator("main button, main a.btn").first
    assert first.inner_text() == bold.inner_text()


def test_it_works_without_scripts(desk: Desk, rehearsal: Process):
    desk.origin = rehearsal.address
    window = desk.window(scripts=False).open("/rehearsal").press("+2 phút")
    assert "Vừa xảy ra" in window.text
    window.press(Words.english)
    assert "What just happened" in window.text or "Begin here" in window.text


def test_no_other_site_moves_the_clock_or_takes_a_step(window: Window, rehearsal: Process):
    """Nobody has chosen a role, so that there is no session to forge; where the request comes from decides alone."""
    now = window.open("/rehearsal").heading
    window.expect("")
    with other_site() as port:
        for host in ("localhost", "127.0.0.1"):
            for path, form in (("clock", {"by": "PT2M"}), ("story", {"story": "minute-late", "step": "1"}), ("role", {"person": "cb-vs"})):
                window.page.goto(f"http://{host}:{port}/")
                with window.page.expect_navigation(url=re.compile(re.escape(rehearsal.address))):
                    window.page.evaluate(SEND, {"url": f"{rehearsal.address}/rehearsal/{path}", "kind": KINDS[0], "form": form})
                assert "Yêu cầu không đến từ trang của hệ thống này" in window.text
    assert window.open("/rehearsal").heading == now
    assert window.page.context.cookies() == []
