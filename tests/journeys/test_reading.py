"""What a journey says wrong is told by row and column, in words; and a journey that is untrue fails."""

import pytest

from states.refusal import Code
from states.vocabulary import CaseState, Event, Function, Level
from tests.support.journey import REFUSALS, Due, JourneyUnreadable, Seat, read_journey
from tests.support.journeying import JourneyDiffers, Traveller
from tests.support.world import moment, world_at

HEAD = "| Ngày giờ | Ai | Việc | Nội dung | Trạng thái sau | Hạn | Từ chối |\n|---|---|---|---|---|---|---|\n"


def journey(*rows: str, head: str = HEAD) -> str:
    return "# Thử\n\n- Bắt đầu: 11/1/2021 08:00\n\n" + head + "\n".join(rows) + "\n"


def test_a_row_is_read_as_it_is_meant():
    text = journey(
        "| 9/7/2021 23:59:59 | Thư ký hội đồng huyện | **Ghi kết quả của hội đồng** | điểm trung bình = 82,5; lý do = vì thế "
        "| Đánh giá cấp huyện. | đến hết ngày 29/7/2021 | Quá hạn |"
    )
    (row,) = read_journey(text, "thu.md").rows
    assert (row.line, row.at) == (7, moment("2021-07-09 23:59:59"))
    assert (row.who, row.event) == (Seat(Function.SECRETARY, Level.DISTRICT), Event.CONCLUDE)
    assert row.given == {"mean": "82,5", "reason": "vì thế"}
    assert (row.state, row.refused) == (CaseState.DISTRICT_EVALUATION, Code.DEADLINE_PASSED)
    assert row.due == Due(None, moment("2021-07-29 00:00").date())


def test_short_words_for_refusals_name_reasons_that_there_are():
    assert set(REFUSALS.values()) <= {str(code.value) for code in Code}


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("| 31/6/2021 | chủ thể | đăng ký | | | | |", "ngày giờ", "Không có ngày giờ “31/6/2021”"),
        ("| tháng 6 | chủ thể | đăng ký | | | | |", "ngày giờ", "không phải ngày giờ như 9/7/2021 23:59:59"),
        ("| 1/6/2021 | cán bộ phụ trách | đăng ký | | | | |", "ai", "Không rõ “cán bộ phụ trách” ở cấp nào"),
        ("| 1/6/2021 | ông Tư cấp huyện | đăng ký | | | | |", "ai", "Không hiểu “ông tư”"),
        ("| 1/6/2021 | chủ thể | đăng kí | | | | |", "việc", "Không hiểu “đăng kí”"),
        ("| 1/6/2021 | chủ thể | đăng ký | điểm = 3 | | | |", "nội dung", "Không có nội dung “điểm”"),
        ("| 1/6/2021 | chủ thể | đăng ký | số mẫu sản phẩm | | | |", "nội dung", "tên = giá trị"),
        ("| 1/6/2021 | chủ thể | đăng ký | loại hồ sơ = lần ba | | | |", "nội dung", "Không hiểu “lần ba”"),
        ("| 1/6/2021 | chủ thể | đăng ký | | xong | | |", "trạng thái sau", "Không hiểu “xong”"),
        ("| 1/6/2021 | chủ thể | đăng ký | | | trước ngày 10/7/2021 | |", "hạn", "hết ngày 9/7/2021"),
        ("| 1/6/2021 | chủ thể | đăng ký | | | | muộn quá |", "từ chối", "Không hiểu lý do từ chối “muộn quá”"),
        ("| 1/6/2021 | hệ thống | xem | | | | quá hạn |", "từ chối", "Không ai làm gì"),
    ],
)
def test_what_cannot_be_understood_is_told_by_row_and_column(row: str, column: str, words: str):
    with pytest.raises(JourneyUnreadable) as told:
        read_journey(journey(row), "thu.md")
    assert str(told.value).startswith(f"thu.md, dòng · row 7, cột · column “{column}”: ")
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (journey("| 1/6/2021 | chủ thể |"), "Có 2 ô mà bảng có 7 cột"),
        (journey("| 1/6/2021 | chủ thể |", head="| Ngày giờ | Người |\n|---|---|\n"), "Không có cột “người”"),
        (journey("| 1/6/2021 | chủ thể |", head="| Ngày giờ | Ai |\n|---|---|\n"), "Thiếu cột “việc”"),
        ("# Trống\n", "không có bảng"),
    ],
)
def test_a_table_of_the_wrong_shape_is_told(text: str, words: str):
    with pytest.raises(JourneyUnreadable, match=words):
        read_journey(text, "thu.md")


def test_time_does_not_go_back():
    rows = ("| 2/6/2021 | chủ thể | đăng ký | | | | |", "| 1/6/2021 | hệ thống | xem | | | | |")
    with pytest.raises(JourneyUnreadable, match=r"row 8.*sớm hơn dòng trên"):
        read_journey(journey(*rows), "thu.md")


REGISTERED = "| 1/3/2021 | chủ thể | đăng ký | | đã đăng ký ý tưởng | không | |"


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("| 2/3/2021 | hệ thống | xem | | ý tưởng được chọn | | |", "trạng thái sau", "thực tế · found “đã đăng ký ý tưởng”"),
        ("| 2/3/2021 | hệ thống | xem | | | hết ngày 9/7/2021 | |", "hạn", "không có hạn"),
        ("| 2/3/2021 | chủ thể | chọn ý tưởng | | | | |", "từ chối", "Việc này thuộc"),
        ("| 2/3/2021 | chủ thể | rút hồ sơ | lý do = thôi | | | quá hạn |", "từ chối", "it went through"),
        ("| 2/3/2021 | chủ thể | chọn ý tưởng | | | | quá hạn |", "từ chối", "function_required"),
        ("| 2/3/2021 | chủ thể | rút hồ sơ | số sao = 3 | | | |", "việc", "số sao"),
        ("| 2/3/2021 | hệ thống | rút hồ sơ | | | | |", "ai", "một người"),
    ],
)
def test_a_journey_that_is_untrue_fails_by_row_and_column(database_url: str, row: str, column: str, words: str):
    read = read_journey(journey(REGISTERED, row), "thu.md")
    with world_at(database_url, two_rounds=False) as world, pytest.raises(JourneyDiffers) as told:
        Traveller(world, read).go()
    assert str(told.value).startswith(f"thu.md, dòng · row 8, cột · column “{column}”: ")
    assert words in str(told.value)
