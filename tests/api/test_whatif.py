"""``ocop what-if`` and ``ocop round forecast`` as a coordinator types them: what is said, and that asking writes nothing."""

from collections.abc import Iterator

import pytest

from tests.api.conftest import dump
from tests.api.terminal import bad, done, refused
from tests.support.databases import Database
from tests.support.world import TWO_ROUNDS, World, moment, on, plan_file, populate
from workflow.clock import ManualClock
from workflow.store import open_store

FIRST = "VS-2021-1"
MOVE = ("what-if", "--as", "officer-VS", "--round", FIRST, "--stage", "province_eval", "--to")


@pytest.fixture
def waiting(small: Database) -> Iterator[World]:
    """July 2021 in a rehearsal: twelve dossiers took a district forty days and the province ten, one waits there, and one missed the district's date."""
    store = open_store(small.url, allow_unsafe=True)
    try:
        populate(store)
        world = on(store, ManualClock(moment("2021-02-01 08:00")))
        world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
        cases = [world.filed(f"P1-{number:02d}", at="2021-03-01 09:00") for number in range(1, 13)]
        for case in cases:
            world.act(case, "conclude", mean=80, at="2021-04-10 09:00")
            world.act(case, "forward")
        for case in cases:
            world.act(case, "conclude", mean=70, at="2021-04-20 09:00")
        world.filed("P2-01", at="2021-06-01 09:00")
        world.at_province("P1-20", at="2021-07-05 09:00")
        world.sweep("2021-07-12 09:00")
        store.set_meta("rehearsal_now", world.clock.now().isoformat())
        yield world
    finally:
        store.close()


def test_who_comes_back_is_named_with_the_deadlines_that_move_and_nothing_is_written(waiting: World, small: Database):
    back = waiting.events(next(c.code for c in waiting.rounds.members(FIRST) if c.state == "deferred"))
    assert back[-1] == "defer"
    waiting.store.close()
    before = dump(small)
    said = done("what-if", "--as", "officer-VS", "--round", FIRST, "--stage", "district_eval", "--to", "trước ngày 20/7/2021")
    assert "Trở lại bước đã rời: 1" in said.out
    assert "chuyển đợt sau → đánh giá cấp huyện" in said.out
    assert "19/07/2021" in said.out
    assert "không ghi gì" in said.out
    assert "lượt nhắc, sớm nhất" in said.out
    assert dump(small) == before
    english = done(
        "--lang", "en", "what-if", "--as", "officer-VS", "--round", FIRST, "--stage", "district_eval", "--to", "trước ngày 20/7/2021"
    )
    assert "Comes back to the step it left: 1" in english.out
    assert "nothing was written" in english.out


def test_two_dates_and_a_day_off_are_asked_about_in_one_line(waiting: World, small: Database):
    waiting.store.close()
    before = dump(small)
    answer = done(
        *MOVE, "trước ngày 20/8/2021", "--round", FIRST, "--stage", "district_eval", "--to", "trước ngày 20/7/2021",
        "--closure", "2021-07-14", "--working-day", "2021-07-17", "--unit", "VS", "--json",
    ).json  # fmt: skip
    assert answer["written"] is False
    assert answer["rehearsed"] is True
    assert [each["kind"] for each in answer["supposed"]] == ["move_cutoff", "move_cutoff", "declare_days"]
    assert all(each["refusal"] is None for each in answer["supposed"])
    gains = {each["gain"] for each in answer["cases"]}
    assert gains == {"comes_back", "moves"}
    (moves,) = [each for each in answer["cases"] if each["gain"] == "moves"]
    assert moves["terms"] == [{"stage": "province_eval", "was": "2021-07-30T00:00:00+07:00", "will": "2021-08-20T00:00:00+07:00"}]
    assert [t["phrase"] for t in moves["closed"] + moves["opened"]] == ["trước ngày 30/7/2021", "trước ngày 20/8/2021"]
    assert {(m["rung"], m["at"]) for m in moves["messages"]} == {(rung["rung"], rung["at"]) for rung in moves["reminders"]}
    assert {m["person"] for m in moves["messages"] if m["rung"] == "T-7"}, "and who it is"
    assert {rung["cutoff"] for rung in moves["spared"]} == {"2021-07-30T00:00:00+07:00"}
    assert {rung["cutoff"] for rung in moves["reminders"]} == {"2021-08-20T00:00:00+07:00"}
    (outlook,) = answer["rounds"]
    assert [d["stage"] for d in outlook["after"]] == ["district_eval", "province_eval"]
    assert dump(small) == before


def test_what_the_act_would_refuse_is_told_with_its_reasons_and_the_rest_is_answered(waiting: World):
    waiting.store.close()
    said = refused(*MOVE, "trước ngày 30/7/2021", "--round", FIRST, "--stage", "province_eval", "--to", "trước ngày 20/8/2021")
    assert said.out.count("✗") == 1
    assert said.out.count("✓") == 1
    assert "Đổi hạn: 1" in said.out
    told = refused(*MOVE, "hôm nào đó", "--json").json
    assert told["supposed"][0]["refusal"]["problems"][0]["code"] == "unknown_wording"
    assert "cấp" in refused("what-if", "--as", "officer-H1", *MOVE[3:], "trước ngày 20/8/2021").out
    assert "--stage" in bad(*MOVE[:5]).err


def test_a_forecast_says_on_what_it_rests_and_that_it_is_rehearsed(waiting: World):
    waiting.store.close()
    said = done("round", "forecast", FIRST).out
    assert "diễn tập" in said
    assert "12 lượt đã xong" in said or "khoảng 0" in said
    found = done("round", "forecast", FIRST, "--json").json
    assert (found["round"], found["rehearsed"]) == (FIRST, True)
    (chance,) = found["cases"]
    assert (chance["waits_at"], chance["since"], chance["chance"]) == ("province_eval", "2021-07-05", "0")
    assert chance["ground"] == {"pool": "unit", "finished": 12, "as_long": 12}
    assert [(d["stage"], d["cases"], d["expected"]) for d in found["dates"]] == [("province_eval", 1, "0")]
    then = done("round", "forecast", FIRST, "--at", "2021-06-30", "--json").json
    assert [(d["stage"], d["expected"]) for d in then["dates"]] == [("district_eval", "1"), ("province_eval", "0")]
    assert then["bottlenecks"] == [{"stage": "district_eval", "unit": "H2", "expected": "1"}]
    assert "Nghẽn ở: đánh giá cấp huyện – Huyện Lam Khê: khoảng 1 hồ sơ" in done("round", "forecast", FIRST, "--at", "2021-06-30").out


def test_with_too_little_seen_the_forecast_says_so_in_words(small: Database):
    store = open_store(small.url, allow_unsafe=True)
    populate(store)
    world = on(store, ManualClock(moment("2021-02-01 08:00")))
    world.publish(plan_file("KH-2021", 2021, TWO_ROUNDS))
    world.filed("P1-01", at="2021-06-01 09:00")
    store.set_meta("rehearsal_now", world.clock.now().isoformat())
    store.close()
    assert "chưa đủ số liệu" in done("round", "forecast", FIRST).out
    assert "too little has been seen" in done("--lang", "en", "round", "forecast", FIRST).out
    found = done("round", "forecast", FIRST, "--json").json
    assert {d["expected"] for d in found["dates"]} == {None}
    assert "Không có hồ sơ nào" in done("round", "forecast", "VS-2021-2").out


def test_the_error_of_past_forecasts_is_printed_beside_what_happened(waiting: World):
    waiting.store.close()
    said = done("round", "forecast", FIRST, "--back-test").out
    assert all(word in said for word in ("diễn tập", "30 ngày", "14 ngày", "7 ngày", "Điểm Brier"))
    found = done("round", "forecast", FIRST, "--back-test", "--json").json
    assert [(t["days"], t["expected"], t["missed"], t["brier"]) for t in found["tests"]] == [
        (30, "1", 1, "0"),
        (14, "1", 1, "0"),
        (7, "1", 1, "0"),
    ]


def test_freezing_has_a_preview_and_a_round_tells_how_it_stands(waiting: World, small: Database):
    waiting.store.close()
    before = dump(small)
    assert done("round", "freeze", FIRST, "--as", "officer-VS", "--dry-run", "--json").json == {
        "round": FIRST,
        "state": "frozen",
        "dry_run": True,
    }
    assert "Xem trước" in done("round", "freeze", FIRST, "--as", "officer-VS", "--dry-run").out
    refused("round", "freeze", FIRST, "--as", "officer-H1", "--dry-run")
    assert dump(small) == before
    found = done("round", "show", FIRST, "--json").json
    assert found["counts"] == {"provincial_evaluation": 13, "deferred": 1}
    assert len(found["deferred"]) == 1
    assert len(found["pending"]) == 12
    assert found["dates"] == [
        {"stage": "district_eval", "met": 13, "late": 0, "passed": 1, "running": 0},
        {"stage": "province_eval", "met": 12, "late": 0, "passed": 0, "running": 1},
    ]
    said = done("round", "show", FIRST).out
    assert "Chờ quyết định (vẫn công nhận được): 12" in said
    assert "14 hồ sơ" in said
    done("round", "freeze", FIRST, "--as", "officer-VS")
    assert "frozen" in refused("round", "freeze", FIRST, "--as", "officer-VS", "--dry-run", "--json").out


def test_doctor_says_that_a_recount_is_due(waiting: World, monkeypatch: pytest.MonkeyPatch):
    waiting.store.close()
    assert "tính theo lịch hiện nay" in done("doctor").out
    monkeypatch.setattr("workflow.calendars.Calendars.behind", lambda _: 3)
    assert "ocop calendar recount" in done("doctor").out
