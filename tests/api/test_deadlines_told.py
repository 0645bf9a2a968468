"""``ocop round re-date``, ``ocop case why``, ``extend``, ``suspend`` and ``resume``, as somebody types them."""

import pytest

from tests.api.conftest import dump
from tests.api.terminal import bad, done, refused
from tests.support import databases

ROUND = "SB-2021-1"
PAPER = ("--document-no", "15/TB-UBND", "--document-date", "2021-01-11", "--reason", "Hội đồng hoãn họp")
NEW = ("--stage", "province_eval", "--phrase", "trước ngày 15/8/2021", *PAPER)


@pytest.fixture
def case(small: databases.Database) -> str:
    """A dossier with the district, in the first round."""
    registered = done(
        *("case", "register", "GAO-1", "--as", "sx-gao", "-d", "kind=first", "-d", "novelty=new", "-d", "group=food"),
        *("-d", "origin=own_idea", "--json"),
    ).json
    code = str(registered["case"])
    for event, person, *data in (
        ("select", "tq-h1", "document_no=3/TB", "document_date=2021-01-11"),
        ("submit_plan", "sx-gao", "sections=product,market"),
        ("file", "sx-gao", "documents=registration_sheet"),
    ):
        done("case", "do", code, event, "--as", person, *(word for item in data for word in ("-d", item)))
    return code


def test_a_round_is_re_dated_with_a_preview_first(small: databases.Database, case: str):
    before = dump(small)
    said = done("round", "re-date", ROUND, *NEW, "--as", "tq-t", "--dry-run").out
    assert "Xem trước, chưa ghi" in said
    assert f"Đổi hạn: 1\n  {case}\n" in said
    assert dump(small) == before
    told = done("round", "re-date", ROUND, *NEW, "--as", "tq-t", "--command-id", "lenh-1", "--json").json
    assert (told["moved"], told["back"], told["left"], told["replayed"]) == ([case], [], [], False)
    again = done("round", "re-date", ROUND, *NEW, "--as", "tq-t", "--command-id", "lenh-1", "--json").json
    assert (again["moved"], again["replayed"]) == ([case], True)
    shown = done("round", "show", ROUND).out
    assert "đã đổi ngày" in shown
    assert "ngày mới theo" in shown
    assert "15/TB-UBND" in shown
    standing = {d["phrase"]: d["standing"] for d in done("round", "show", ROUND, "--json").json["deadlines"]}
    assert standing == {"trước ngày 10/7/2021": "alone", "trước ngày 30/7/2021": "redated", "trước ngày 15/8/2021": "new_date"}


def test_words_that_are_not_understood_are_a_question_and_the_same_date_again_is_refused(case: str):
    said = bad("round", "re-date", ROUND, "--stage", "province_eval", "--phrase", "lúc nào rảnh", *PAPER, "--as", "cb-t")
    assert "chưa hiểu lời văn “lúc nào rảnh”, xin cho biết ngày" in said.err
    done("round", "re-date", ROUND, *NEW, "--as", "cb-t")
    assert "không có gì thay đổi" in refused("round", "re-date", ROUND, *NEW, "--as", "cb-t").err
    assert "nothing changes" in refused("--lang", "en", "round", "re-date", ROUND, *NEW, "--as", "cb-t").err


def test_why_names_the_winner_the_loser_and_who_entered_them(case: str):
    done("round", "re-date", ROUND, *NEW, "--as", "tq-t")
    said = done("case", "why", case).out
    assert "✓ thứ Bảy, 14/08/2021 (hết ngày) – “trước ngày 15/8/2021”" in said
    assert "✗ thứ Năm, 29/07/2021 (hết ngày) – “trước ngày 30/7/2021”" in said
    assert "Lãnh đạo tỉnh" in said
    assert "Cán bộ tỉnh" in said
    found = {w["stage"]: w for w in done("case", "why", case, "--json").json}
    assert found["province_eval"]["ruling"]["standing"] == "new_date"
    assert found["district_eval"]["others"] == []
    refused("case", "why", "SB-1999-1")


def test_a_named_date_is_not_extended_and_says_so(case: str):
    for command in (("extend", "--days", "5"), ("suspend",)):
        said = refused(
            "case", *command[:1], case, *command[1:], "--term", "district_eval", "--document-no", "9/QĐ", "--reason", "x", "--as", "cb-h1"
        )
        assert "là ngày nêu đích danh" in said.err
    assert "Không có thời hạn nào đang tạm dừng" in refused("case", "resume", case, "--term", "commune_check", "--as", "cb-h1").err


def test_a_late_case_is_previewed_without_writing(small: databases.Database, case: str):
    done("rehearsal", "clock", "2021-07-12T08:00")
    done("tick")
    before = dump(small)
    paper = ("-d", "until=2021-07-20", "-d", "document_no=4/QĐ", "-d", "document_date=2021-07-12", "--reason", "mưa lũ")
    assert "Được phép" in done("case", "do", case, "admit_late", "--as", "tq-t", *paper, "--dry-run").out
    assert dump(small) == before
    done("case", "do", case, "admit_late", "--as", "tq-t", *paper)
    assert "riêng hồ sơ này, theo văn bản chấp thuận" in done("case", "why", case).out


def test_an_exception_is_written_as_stage_and_number(small: databases.Database):
    assert "commune_to_province=88/BNN" in bad("plan", "publish", "ke-hoach-2021", "--as", "cb-t", "--exception", "88/BNN").err
