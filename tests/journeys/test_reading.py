"""What a journey says wrong is told by row and column, in words; and a journey that is untrue fails."""

from typing import NoReturn

import pytest

from notifications.duties import Desk
from states.refusal import Code
from states.vocabulary import CaseState, Event, Function, Level
from tests.support.hearing import said
from tests.support.journey import REFUSALS, JourneyUnreadable, read_journey
from tests.support.journey_rows import Away, Due, Heard, Seat
from tests.support.journeying import JourneyDiffers, Traveller
from tests.support.world import moment, world_at
from workflow.telling import SettingRow

HEAD = "| Ngày giờ | Ai | Việc | Nội dung | Trạng thái sau | Hạn | Từ chối |\n|---|---|---|---|---|---|---|\n"
TELLING = "| Ngày giờ | Ai | Việc | Được nhắc |\n|---|---|---|---|\n"


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


def test_who_hears_is_read_as_it_is_meant():
    cell = (
        "Chủ thể, cán bộ phụ trách cấp xã: chuyển đợt sau; cán bộ kiểm tra, giám sát cấp tỉnh: yêu cầu bổ sung, hoàn thiện, còn 1 ngày; "
        "thư ký hội đồng huyện thay cán bộ phụ trách cấp huyện: T-7"
    )
    (row,) = read_journey(journey(f"| 12/7/2021 | hệ thống | xem | {cell} |", head=TELLING), "thu.md").rows
    producer, auditor = Seat(Function.PRODUCER, None), Seat(Function.AUDITOR, Level.PROVINCE)
    assert row.told == frozenset(
        {
            Heard(producer, None, "defer"),
            Heard(Seat(Function.OFFICER, Level.COMMUNE), None, "defer"),
            Heard(auditor, None, "return_for_completion"),
            Heard(auditor, None, "ngày mai là ngày cuối"),
            Heard(Seat(Function.SECRETARY, Level.DISTRICT), Seat(Function.OFFICER, Level.DISTRICT), "T-7"),
        }
    )


def test_who_hears_is_written_as_it_is_read():
    cell = (
        "chủ thể, cán bộ phụ trách cấp xã: chuyển đợt sau; cán bộ kiểm tra, giám sát cấp tỉnh: còn 30 ngày, đề nghị cấp trên đánh giá, phân hạng; "
        "thư ký hội đồng cấp huyện thay cán bộ phụ trách cấp huyện: đã quá hạn 3 ngày"
    )
    (row,) = read_journey(journey(f"| 12/7/2021 | hệ thống | xem | {cell} |", head=TELLING), "thu.md").rows
    assert row.told is not None
    (again,) = read_journey(journey(f"| 12/7/2021 | hệ thống | xem | {said(row.told)} |", head=TELLING), "thu.md").rows
    assert again.told == row.told


def test_an_empty_cell_is_not_looked_at_and_nobody_is_somebody_who_is_looked_for():
    rows = read_journey(journey("| 1/3/2021 | hệ thống | xem | |", "| 2/3/2021 | hệ thống | xem | không ai |", head=TELLING), "thu.md").rows
    assert [row.told for row in rows] == [None, frozenset()]


def test_somebody_is_away():
    text = "# Thử\n\n- Vắng: Cán bộ phụ trách cấp huyện, từ 1/7/2021 đến 9/7/2021, thư ký hội đồng cấp huyện thay\n\n" + HEAD + REGISTERED
    officer, secretary = Seat(Function.OFFICER, Level.DISTRICT), Seat(Function.SECRETARY, Level.DISTRICT)
    since, to = moment("2021-07-01").date(), moment("2021-07-09").date()
    assert read_journey(text, "thu.md").away == (Away(officer, since, to, secretary),)


def test_a_round_gets_a_new_date():
    cell = "mốc = đánh giá cấp huyện; lời văn của mốc = trước ngày 20/7/2021"
    (row,) = read_journey(journey(f"| 1/7/2021 | cán bộ phụ trách cấp tỉnh | đổi ngày đợt VS-2021-1 | {cell} | | | |"), "thu.md").rows
    assert row.round_act == ("redate", "VS-2021-1")
    assert row.given == {"stage": "district_eval", "phrase": "trước ngày 20/7/2021"}


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
        ("| 1/6/2021 | hệ thống | xem | lý do = vì thế | | | |", "nội dung", "Việc này không có nội dung"),
        ("| 1/6/2021 | cán bộ phụ trách cấp tỉnh | đóng đợt VS-2021-1 | lý do = vì thế | | | |", "nội dung", "Việc này không có nội dung"),
        (
            "| 1/6/2021 | cán bộ phụ trách cấp tỉnh | đổi ngày đợt VS-2021-1 | lý do = thế | | | |",
            "nội dung",
            "cần “mốc” và “lời văn của mốc”",
        ),
        ("| 1/6/2021 | cán bộ phụ trách cấp tỉnh | đổi ngày đợt VS-2021-1 | mốc = mai | | | |", "nội dung", "Không hiểu “mai”"),
    ],
)
def test_what_cannot_be_understood_is_told_by_row_and_column(row: str, column: str, words: str):
    with pytest.raises(JourneyUnreadable) as told:
        read_journey(journey(row), "thu.md")
    assert str(told.value).startswith(f"thu.md, dòng · row 7, cột · column “{column}”: ")
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("chủ thể", "không có dạng “chủ thể: còn 3 ngày”"),
        ("chủ thể:", "không có dạng “chủ thể: còn 3 ngày”"),
        ("không ai; chủ thể: còn 3 ngày", "không có dạng"),
        ("cán bộ phụ trách: còn 3 ngày", "Không rõ “cán bộ phụ trách” ở cấp nào"),
        ("ông Tư cấp huyện: còn 3 ngày", "Không hiểu “ông tư”"),
        ("chủ thể thay ông Tư: còn 3 ngày", "Không rõ “ông tư” ở cấp nào"),
        ("chủ thể: còn ba ngày", "Không hiểu “còn ba ngày”"),
        ("chủ thể: T-8", "Không hiểu “T-8”"),
        ("chủ thể: còn 3 ngày, chuyển đợt", "Không hiểu “chuyển đợt”"),
    ],
)
def test_what_cannot_be_understood_about_who_hears_is_told(cell: str, words: str):
    with pytest.raises(JourneyUnreadable) as told:
        read_journey(journey(f"| 1/6/2021 | hệ thống | xem | {cell} |", head=TELLING), "thu.md")
    assert str(told.value).startswith("thu.md, dòng · row 7, cột · column “được nhắc”: ")
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cán bộ phụ trách cấp huyện từ mai", "không có dạng “cán bộ phụ trách cấp huyện, từ 1/7/2021"),
        ("ông Tư cấp huyện, từ 1/7/2021 đến 9/7/2021, chủ thể thay", "Không hiểu “ông tư”"),
        ("chủ thể, từ 1/7/2021 đến 32/7/2021, cán bộ phụ trách cấp xã thay", "Không có ngày giờ"),
        ("hệ thống, từ 1/7/2021 đến 2/7/2021, cán bộ phụ trách cấp xã thay", "Không ai vắng"),
        ("chủ thể, từ 9/7/2021 đến 1/7/2021, cán bộ phụ trách cấp xã thay", "sớm hơn"),
    ],
)
def test_an_absence_that_cannot_be_understood_is_told(line: str, words: str):
    with pytest.raises(JourneyUnreadable) as told:
        read_journey(f"# Thử\n\n- Vắng: {line}\n\n" + HEAD + REGISTERED, "thu.md")
    assert str(told.value).startswith("thu.md, dòng · row 3, cột · column “vắng”: ")
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


TOLD_STORY = (
    "| 1/3/2021 | chủ thể | đăng ký | |",
    "| 15/3/2021 | người có thẩm quyền cấp huyện | chọn ý tưởng | |",
    "| 20/4/2021 | chủ thể | nộp phương án kinh doanh | |",
    "| 1/6/2021 | chủ thể | nộp hồ sơ đánh giá | |",
    "| 5/7/2021 | hệ thống | xem | |",
)
THREE_DAYS = "cán bộ phụ trách cấp huyện, thư ký hội đồng cấp huyện, chủ tịch hội đồng cấp huyện"


def travel(database_url: str, *rows: str) -> None:
    with world_at(database_url) as world:
        Traveller(world, read_journey(journey(*TOLD_STORY, *rows, head=TELLING), "thu.md")).go()


@pytest.mark.parametrize("words", ["còn 3 ngày", "T-3"])
def test_a_step_is_named_by_what_people_read_or_by_its_name(database_url: str, words: str):
    travel(database_url, f"| 6/7/2021 | hệ thống | xem | {THREE_DAYS}: {words} |", "| 7/7/2021 | hệ thống | xem | không ai |")


@pytest.mark.parametrize(
    ("at", "told", "found"),
    [
        ("6/7/2021", "không ai", f"{THREE_DAYS}: còn 3 ngày"),
        ("6/7/2021", "cán bộ phụ trách cấp huyện, thư ký hội đồng cấp huyện: còn 3 ngày", f"{THREE_DAYS}: còn 3 ngày"),
        ("6/7/2021", f"{THREE_DAYS}, chủ thể: còn 3 ngày", f"{THREE_DAYS}: còn 3 ngày"),
        ("6/7/2021", f"{THREE_DAYS}: còn 2 ngày", f"{THREE_DAYS}: còn 3 ngày"),
        ("6/7/2021", f"{THREE_DAYS}: T-7", f"{THREE_DAYS}: còn 3 ngày"),
        ("6/7/2021", f"{THREE_DAYS}: còn 3 ngày, chuyển đợt sau", f"{THREE_DAYS}: còn 3 ngày"),
        ("6/7/2021", THREE_DAYS.replace("thư ký", "chủ thể thay thư ký") + ": còn 3 ngày", f"{THREE_DAYS}: còn 3 ngày"),
        ("6/7/2021 07:29", f"{THREE_DAYS}: còn 3 ngày", "không ai"),
    ],
)
def test_a_journey_that_is_untrue_about_who_hears_fails_by_row_and_column(database_url: str, at: str, told: str, found: str):
    with pytest.raises(JourneyDiffers) as differs:
        travel(database_url, f"| {at} | hệ thống | xem | {told} |")
    assert str(differs.value).startswith("thu.md, dòng · row 12, cột · column “được nhắc”: ")
    assert str(differs.value).endswith(f"thực tế · found “{found}”")


def test_somebody_of_another_unit_is_told_apart_by_their_unit(database_url: str):
    choice = {"away_from": "2021-07-01", "away_to": "2021-07-09", "stand_in": "officer-H2"}
    rows = (*TOLD_STORY, "| 6/7/2021 | hệ thống | xem | không ai |")
    with world_at(database_url) as world:
        row = SettingRow(scope="person", code="officer-H1", value=choice, changed_by="officer-H1", changed_at=world.clock.now())
        world.store.save_setting(row)
        traveller = Traveller(world, read_journey(journey(*rows, head=TELLING), "thu.md"))
        with pytest.raises(JourneyDiffers, match="cán bộ phụ trách cấp huyện của Huyện Lam Khê thay cán bộ phụ trách cấp huyện"):
            traveller.go()


def test_a_step_that_cannot_be_told_is_a_difference(database_url: str, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> NoReturn:
        raise RuntimeError("mực đổ")

    monkeypatch.setattr(Desk, "hearers", broken)
    with pytest.raises(JourneyDiffers, match=r"column “được nhắc”.*mực đổ"):
        travel(database_url, "| 6/7/2021 | hệ thống | xem | không ai |")
