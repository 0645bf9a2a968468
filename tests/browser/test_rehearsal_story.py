"""The headline rule in a browser: two minutes before midnight, and what three clicks show."""

import pytest

from tests.support.browsing import Desk, Window, Words
from tests.support.installation import Process


@pytest.fixture
def window(desk: Desk, rehearsal: Process) -> Window:
    desk.origin = rehearsal.address
    return desk.window()


def test_three_clicks_show_the_rule_bite(window: Window):
    window.open("/rehearsal")
    window.shows("23:58 thứ Sáu, 09/07/2021")
    window.press("Ghi kết quả lúc 23:58")
    window.shows("Đang vào vai")
    window.press("Đến 00:01")
    window.shows("00:01 thứ Bảy, 10/07/2021")
    happened = window.page.locator("#happened").inner_text()
    assert "Chẩm chéo Mường Khén" in happened
    assert "“trước ngày 10/7/2021”" in happened
    assert "09/07/2021" in happened
    assert "Tranh thêu bản Sim" not in happened
    window.press("Đọc thư của chủ thể")
    assert "Kính gửi ông/bà" in window.text
    assert "Chẩm chéo Mường Khén" in window.text
    assert "VS-2021-2" in window.text
    window.open("/rehearsal").press("Đến khi đóng đợt 1")
    window.press("Xem nhật ký", within="#midnight")
    assert "Vào đợt VS-2021-2" in window.text
