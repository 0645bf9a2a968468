"""A meeting of 8 July typed on 12 July, at the terminal: asked, confirmed, and told in the history."""

import re

import pytest

from tests.api.conftest import dump
from tests.api.journey import RESULT, at, filed, filled
from tests.api.terminal import Said, bad, done, refused
from tests.support.databases import Database

CASE = "SB-2021-0001"
MEETING = "2021-07-08T14:00"


@pytest.fixture
def late(small: Database) -> Database:
    """A dossier that the council of the district judged on 8 July, that nobody typed, and that was deferred on the 10th."""
    filed("GAO-1", "sx-gao", case=CASE)
    at("2021-07-12T09:00")
    return small


def type_it(*words: str) -> tuple[str, ...]:
    return ("case", "do", CASE, "conclude", "--as", "tk-h1", "--acted-on", MEETING, *filled(RESULT, "2021-07-08", "70"), *words)


def asked() -> str:
    return str(done(*type_it("--json")).json["confirmation"])


def state() -> str:
    return str(done("case", "show", CASE, "--json").json["state"])


def test_it_is_typed_listed_confirmed_and_told(late: Database):
    assert state() == "deferred"
    said = done(*type_it())
    assert "chờ xác nhận" in said.out
    command = re.search(r"ocop (case confirm \S+)", said.out)
    assert command
    assert state() == "deferred"
    listed = done("case", "confirmations")
    for told in ("Gạo nếp [", "[đồng sâu]", "ghi kết quả của hội đồng", "08/07/2021 14:00", "Thư ký huyện Ngược"):
        assert told in listed.out
    assert [w["typed_by"] for w in done("case", "confirmations", "--json").json] == ["tk-h1"]
    at("2021-07-13T08:00")
    assert "đánh giá cấp huyện" in done(*command[1].split(), "--as", "tq-h1").out
    assert state() == "district_evaluation"
    history = done("case", "history", CASE).out
    assert "Từ văn bản giấy: làm lúc 14:00 thứ Năm, 08/07/2021; nhập lúc 09:00 thứ Hai, 12/07/2021" in history
    assert "người xác nhận: Lãnh đạo huyện Ngược, Huyện Mạn Ngược, 13/07/2021 08:00" in history
    assert "khôi phục vào đợt" in history
    assert "confirmed by: Lãnh đạo huyện Ngược" in done("case", "history", CASE, "--lang", "en").out
    assert "0 việc" in done("case", "confirmations").out
    done("log", "verify")


def test_it_is_refused_with_a_reason(late: Database):
    what = asked()
    bad("case", "confirm", what, "--as", "tq-h1", "--refuse")
    done("case", "confirm", what, "--as", "tq-h1", "--refuse", "--reason", "Biên bản chưa có chữ ký")
    assert state() == "deferred"
    history = done("case", "history", CASE).out
    assert "không xác nhận" in history
    assert "Biên bản chưa có chữ ký" in history


def told(said: Said) -> list[str]:
    return [reason["code"] for reason in said.json["error"]["reasons"]]


def test_wrong_turns_are_explained_and_change_nothing(late: Database):
    what = asked()
    before = dump(late)
    assert told(refused("case", "confirm", what, "--as", "tk-h1", "--json")) == ["second_person", "not_of_its_unit"]
    assert "là người khác" in refused("case", "confirm", what, "--as", "tk-h1").err
    assert "Huyện Mạn Ngược" in refused("case", "confirm", what, "--as", "cb-x1").err
    assert "outside_territory" in refused("case", "confirm", what, "--as", "cb-h2", "--json").out
    assert "SB-2021-0001:99" in refused("case", "confirm", "SB-2021-0001:99", "--as", "tq-h1").err
    refused("case", "confirm", "không có", "--as", "tq-h1")
    for wrong in ("2021-07-13T09:00", "2021-01-01T09:00", "hôm qua"):
        bad("case", "do", CASE, "conclude", "--as", "tk-h1", "--acted-on", wrong, *filled(RESULT, "2021-07-08", "70"))
    bad("case", "do", CASE, "return_for_completion", "--as", "cb-h1", "--acted-on", MEETING, "-d", "documents=market", "-d", "remarks=x")
    assert dump(late) == before
    done("case", "confirm", what, "--as", "officer@district")
    assert told(refused("case", "confirm", what, "--as", "tq-h1", "--json")) == ["confirmation_answered"]
