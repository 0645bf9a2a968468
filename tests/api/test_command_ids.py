"""A command id of one's own: the same again is told again, something else under it is refused, in the words in which HTTP refuses it."""

import pytest

from states.errors import MalformedInput
from states.words import words
from tests.api.conftest import dump
from tests.api.journey import IDEA, NOTICE, PLANNED, filled
from tests.api.terminal import bad, done
from tests.support.databases import Database

CASE, ROUND = "SB-2021-0001", "SB-2021-1"
ID = ("--command-id", "so-7")


def begun() -> tuple[str, ...]:
    done("case", "register", "GAO-1", "--as", "sx-gao", *IDEA)
    return ("case", "do", CASE, "select", "--as", "tq-h1", *filled(NOTICE, "2021-01-11"))


def refused_as_reused(database: Database, *typed: str, about: str = CASE) -> None:
    """Refused in words and in JSON, and nothing was written."""
    before = dump(database)
    said = bad(*typed)
    assert said.err.strip() == words("vi").error(MalformedInput("command_reused", command="so-7", case=about)), said.err
    assert bad("--lang", "en", *typed).err.strip() == words("en").error(MalformedInput("command_reused", command="so-7", case=about))
    assert dump(database) == before


def test_an_act_again_with_other_data_is_refused_and_the_same_is_told_again(small: Database):
    select = begun()
    first = done(*select, *ID, "--json").json
    state = dump(small)
    for again in (select, ("case", "do", CASE, "select", "--as", "authority@district", *filled(NOTICE[2:] + NOTICE[:2], "2021-01-11"))):
        told = done(*again, *ID, "--json").json
        assert (told["seq"], told["leaf_hash"], told["replayed"]) == (first["seq"], first["leaf_hash"], True)
    assert dump(small) == state
    for other in (
        ("case", "do", CASE, "select", "--as", "tq-h1", *filled(NOTICE, "2021-01-10")),
        ("case", "do", CASE, "select", "--as", "tq-h1", "-d", "document_no=4/TB-UBND", "-d", "document_date=2021-01-11"),
        (*select, "--reason", "Khác"),
        (*select, "--acted-on", "2021-01-11T07:00"),
        (*select, "--on-behalf-of", "authority@district"),
        ("case", "do", CASE, "select", "--as", "cb-h1", *filled(NOTICE, "2021-01-11")),
    ):
        refused_as_reused(small, *other, *ID)


def test_after_the_case_has_gone_on_the_same_is_told_again_and_other_data_is_refused(small: Database):
    select = begun()
    done(*select, *ID)
    done("case", "do", CASE, "submit_plan", "--as", "sx-gao", *PLANNED)
    assert done(*select, *ID, "--json").json["replayed"] is True
    refused_as_reused(small, *select, "--reason", "Khác", *ID)


def test_a_registration_again_with_other_data_is_refused(small: Database):
    register = ("case", "register", "GAO-1", "--as", "sx-gao", *IDEA, *ID)
    first = done(*register, "--json").json
    assert done(*register, "--json").json["leaf_hash"] == first["leaf_hash"]
    refused_as_reused(small, "case", "register", "GAO-1", "--as", "sx-gao", *IDEA, "-d", "description=Khác", *ID)
    refused_as_reused(small, "case", "register", "GAO-2", "--as", "sx-gao", *IDEA, *ID)


def test_a_dry_run_under_an_id_that_stands_is_judged_alike(small: Database):
    select = begun()
    done(*select, *ID)
    refused_as_reused(small, *select, "--reason", "Khác", *ID, "--dry-run")


def test_a_refused_attempt_does_not_use_its_id_up(small: Database):
    select = begun()
    bad("case", "do", CASE, "select", "--as", "tq-h1", *ID)
    assert done(*select, *ID, "--json").json["replayed"] is False


NEW = ("--stage", "province_eval", "--phrase", "trước ngày 15/8/2021", "--document-no", "15/TB", "--document-date", "2021-01-11")


def test_a_re_dating_again_with_another_reason_or_by_another_person_is_refused(small: Database):
    typed = ("round", "re-date", ROUND, *NEW, *ID)
    done(*typed, "--as", "tq-t", "--reason", "Lũ")
    assert done(*typed, "--as", "tq-t", "--reason", "Lũ", "--json").json["replayed"] is True
    refused_as_reused(small, *typed, "--as", "tq-t", "--reason", "Dịch", about=ROUND)
    refused_as_reused(small, *typed, "--as", "cb-t", "--reason", "Lũ", about=ROUND)


@pytest.mark.parametrize(
    ("typed", "other"),
    [
        (("plan", "lesson", "ke-hoach-2021", "cause", "Hội trường bận", "--as", "cb-t"), ("plan", "lesson", "ke-hoach-2021", "cause", "Mưa", "--as", "cb-t")),
        (
            ("plan", "add-support", "ke-hoach-2021", "--product", "GAO-1", "--kind", "packaging", "--what", "In hộp", "--giver", "Huyện", "--on", "2021-01-05", "--document-no", "1/QĐ", "--document-date", "2021-01-05", "--as", "cb-t"),
            ("plan", "add-support", "ke-hoach-2021", "--product", "GAO-2", "--kind", "packaging", "--what", "In hộp", "--giver", "Huyện", "--on", "2021-01-05", "--document-no", "1/QĐ", "--document-date", "2021-01-05", "--as", "cb-t"),
        ),
    ],
)  # fmt: skip
def test_work_of_a_plan_again_with_other_data_is_refused(small: Database, typed: tuple[str, ...], other: tuple[str, ...]):
    first = done(*typed, *ID, "--json").json
    assert done(*typed, *ID, "--json").json["entry"] == first["entry"]
    refused_as_reused(small, *other, *ID, about="ke-hoach-2021")


def test_a_delegation_again_with_other_days_reason_or_events_is_refused(small: Database):
    typed = ("user", "delegate", "officer@province", "SB", "cb-tw", "--as", "cb-t", "--from", "2021-01-12", "--document-no", "5/QĐ", *ID)
    first = done(*typed, "--to", "2021-02-12", "--reason", "Đi học", "--json").json
    assert done(*typed, "--to", "2021-02-12", "--reason", "Đi học", "--json").json == first
    for other in (
        ("--to", "2021-02-13", "--reason", "Đi học"),
        ("--to", "2021-02-12", "--reason", "Ốm"),
        ("--to", "2021-02-12", "--reason", "Đi học", "--event", "accept"),
    ):
        refused_as_reused(small, *typed, *other, about=first["code"])
