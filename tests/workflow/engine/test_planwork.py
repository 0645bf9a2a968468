"""A plan's other work: activities followed up like deadlines, support, stated targets, lessons; every one an entry that nothing else follows."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from deadlines.ladder import DutyKind
from deadlines.plan import dump_plan, load_plans
from states.errors import EventRefused, MalformedInput, NotAllowed, NotFound, PayloadInvalid, UnknownName
from states.lifecycle import PlanEvent
from states.words import words
from tests.support.world import World, moment, plan_file, world_at
from workflow.activities import ActivityStatus, answering, open_activities, reached, status_of
from workflow.audit import drifts, verify_log
from workflow.planwork import Written
from workflow.recording import planned
from workflow.telling import RungState, rungs_of
from workflow.timeline import timeline

EVIDENCE = {"document_no": "12/BC-VPĐP", "document_date": "2021-03-01"}
PLAN = (
    plan_file("KH-2021", 2021, [("district_eval", 1, "trước ngày 10/7/2021"), ("province_eval", 1, "trước ngày 30/7/2021")])
    + """
[[plan.deadline]]
stage = "training"
phrase = "xong trước tháng 4/2021"
actor = "Văn phòng Điều phối NTM tỉnh"
activity = "tập huấn cán bộ"
place = "Hội trường tỉnh"
figure = 3
unit = "class"
[[plan.deadline]]
stage = "publicity"
phrase = "theo kế hoạch riêng"
activity = "tọa đàm"
[[plan.deadline]]
stage = "horizon"
phrase = "định hướng đến năm 2030"
[[plan.activity]]
what = "mở điểm bán"
body = "UBND các huyện"
unit = "outlet"
units = ["H1", "H2"]
[[plan.target]]
what = "điểm bán"
op = "="
value = 3
unit = "outlet"
[[plan.target]]
what = "cán bộ được đào tạo"
op = "="
value = 100
unit = "percent"
[[plan.target]]
what = "sản phẩm được hỗ trợ bao bì"
op = ">="
value = 1
unit = "product"
"""
)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with world_at(database_url, "2021-01-11 08:00", two_rounds=False) as built:
        built.publish(PLAN)
        yield built


def report(world: World, activity: str = "3", by: str = "officer-VS", **payload: Any) -> Written:
    unit = payload.pop("unit", None)
    return world.work.report("KH-2021", activity, {"status": "done", **EVIDENCE, **payload}, actor=by, unit=unit)


def support(world: World, by: str = "officer-VS", product: str | None = "P1-01", **given: Any) -> Written:
    options = {name: given.pop(name) for name in ("producer", "corrects", "activity", "dry_run", "command") if name in given}
    payload = {"support": "packaging", "given_on": "2021-03-01", "what": "In hộp giấy", "giver": "UBND huyện", "amount": 5_000_000}
    return world.work.support("KH-2021", {**payload, **EVIDENCE, **given}, actor=by, product=product, **options)


def status(world: World, number: str) -> ActivityStatus:
    desk = world.work.desk("KH-2021")
    activity = desk.activity(number)
    return status_of(activity, desk.book.reports.get(number, {}), answering(activity, "VS"), world.clock.now())


def duties(world: World) -> list[str]:
    row = world.store.load_plan("KH-2021")
    assert row is not None
    return [d.id for d in open_activities(world.plans.parsed(row), row, world.store.stages(plan=row.code), timeline(world.store, row.code))]


def problems(refused: pytest.ExceptionInfo[PayloadInvalid]) -> set[tuple[str, str]]:
    for problem in refused.value.problems:
        for language in ("vi", "en"):
            assert "…" not in words(language).problem(problem)
    return {(p.pointer, p.code) for p in refused.value.problems}


@pytest.fixture
def untouched(world: World) -> Iterator[None]:
    """Whatever is refused leaves the plan's history as it was."""
    before = world.store.load_plan("KH-2021")
    yield
    assert world.store.load_plan("KH-2021") == before


def test_what_cases_meet_and_a_horizon_are_no_activities_and_everything_else_is(world):
    desk = world.work.desk("KH-2021")
    assert [(a.number, a.title, a.units) for a in desk.activities] == [
        ("3", "tập huấn cán bộ", ()),
        ("4", "tọa đàm", ()),
        ("h1", "mở điểm bán", ("H1", "H2")),
    ]
    training, talk, _ = desk.activities
    assert (training.due_at, training.figure, training.unit, training.place) == (moment("2021-04-01"), 3, "class", "Hội trường tỉnh")
    assert (training.phrase, training.source) == ("xong trước tháng 4/2021", "KH-2021/KH-UBND, mốc 3")
    assert (talk.due_at, talk.kind) == (None, "by-other-document")
    assert training.id in {stage.id for stage in world.store.stages(plan="KH-2021")}, "the duty is known by its deadline row"


def test_what_a_plan_says_of_its_work_survives_the_way_out_and_back_in():
    (plan,) = load_plans(PLAN)
    assert load_plans(dump_plan(plan)) == (plan,)


@pytest.mark.parametrize(("done_on", "expected"), [("2021-03-31", ActivityStatus.IN_TIME), ("2021-04-01", ActivityStatus.LATE)])
def test_an_activity_is_in_time_to_the_last_day_of_its_phrase_and_late_from_the_next(world, done_on, expected):
    world.move("2021-03-31 23:59")
    assert status(world, "3") is ActivityStatus.NOT_BEGUN
    world.move("2021-04-01 00:00")
    assert status(world, "3") is ActivityStatus.OVERDUE
    report(world, status="under_way", figure=1)
    assert status(world, "3") is ActivityStatus.OVERDUE, "a beginning is no end"
    world.move("2021-05-03 08:00")
    report(world, done_on=done_on, figure=3)
    assert status(world, "3") is expected


def test_an_activity_without_a_date_is_never_overdue(world):
    assert status(world, "4") is ActivityStatus.NOT_BEGUN
    world.move("2022-12-31 08:00")
    assert status(world, "4") is ActivityStatus.NOT_BEGUN
    report(world, "4", status="under_way", document_no=None, document_date=None)
    assert status(world, "4") is ActivityStatus.UNDER_WAY
    report(world, "4")
    assert status(world, "4") is ActivityStatus.DONE


def test_each_unit_that_answers_has_a_duty_of_its_own_that_ends_with_its_report(world):
    first, talk, one, other = duties(world)
    assert (first, talk) == ("KH-2021:VS:2021#3", "KH-2021:VS:2021#4")
    assert (one, other) == ("KH-2021:VS:2021#h1@H1", "KH-2021:VS:2021#h1@H2")
    world.move("2021-03-02 08:00")
    assert report(world, "h1", by="officer-H1", figure=2).fulfilled == (one,)
    assert status(world, "h1") is ActivityStatus.UNDER_WAY
    written = report(world, "h1", by="officer-VS", unit="H2", figure=1)
    assert written.fulfilled == (other,)
    assert written.line.entry.actor is not None
    assert written.line.entry.actor.on_behalf_of == "officer@district"
    assert status(world, "h1") is ActivityStatus.DONE
    desk = world.work.desk("KH-2021")
    assert reached(desk.activity("h1"), desk.book.reports["h1"], ("H1", "H2")) == (Fraction(3), "outlet")
    assert duties(world) == [first, talk]


def test_naming_other_units_ends_the_duty_of_the_one_before(world):
    written = world.work.assign("KH-2021", "4", ["H1"], actor="officer-VS")
    assert written.fulfilled == ("KH-2021:VS:2021#4",)
    assert "KH-2021:VS:2021#4@H1" in duties(world)
    world.move("2021-03-02 08:00")
    assert report(world, "4", by="officer-H1").fulfilled == ("KH-2021:VS:2021#4@H1",)


def test_a_cancelled_activity_is_closed_with_its_reason(world):
    assert report(world, "4", status="cancelled", reason="Phòng dịch", document_no=None, document_date=None).fulfilled
    assert status(world, "4") is ActivityStatus.CANCELLED


def test_a_report_is_corrected_only_by_a_later_entry_with_a_reason(world):
    world.move("2021-03-02 08:00")
    first = report(world, figure=2)
    with pytest.raises(PayloadInvalid) as refused:
        report(world, figure=3)
    assert problems(refused) == {("/reason", "correction_reason")}
    second = report(world, figure=3, reason="Đếm sót một lớp")
    assert second.line.entry.corrects == first.seq
    assert world.work.desk("KH-2021").book.reports["3"]["VS"].figure == 3
    assert [e.data["figure"] for e in world.history("KH-2021") if e.event == PlanEvent.REPORT] == ["2", "3"]
    reopened = report(world, status="under_way", reason="Còn một lớp", document_no=None, document_date=None)
    assert reopened.fulfilled == ()
    assert "KH-2021:VS:2021#3" in duties(world)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"document_no": None, "document_date": None}, {("/evidence", "evidence_missing")}),
        ({"document_date": None}, {("/document_date", "required")}),
        ({"figure": -1}, {("/figure", "not_a_figure")}),
        ({"figure": "ba"}, {("/figure", "not_a_figure")}),
        ({"figure": "1.200"}, {("/figure", "not_a_figure")}),
        ({"figure": 3, "figure_unit": "person"}, {("/figure_unit", "unit_of_plan")}),
        ({"figure_unit": "class"}, {("/figure", "required")}),
        ({"done_on": "2021-03-03"}, {("/done_on", "in_future")}),
        ({"document_date": "2022-01-01"}, {("/document_date", "in_future")}),
        ({"done_on": "31/3/2021"}, {("/done_on", "not_a_date")}),
        ({"status": "finished"}, {("/status", "not_an_option")}),
        ({"status": "under_way", "done_on": "2021-03-01"}, {("/done_on", "only_when_done")}),
        ({"status": "cancelled"}, {("/reason", "reason_required")}),
        ({"link": "xem ở tủ"}, {("/link", "not_a_link")}),
        ({"note": "a\x00b"}, {("/note", "control_characters")}),
        ({"anything": 1}, {("/anything", "unknown_field")}),
        ({"unit": "H1"}, {("/for_unit", "not_responsible")}),
    ],
)
def test_a_bad_report_is_refused_in_words_and_writes_nothing(world, given, expected):
    world.move("2021-03-02 08:00")
    with pytest.raises(PayloadInvalid) as refused:
        report(world, **given)
    assert problems(refused) == expected


@pytest.mark.usefixtures("untouched")
def test_an_unknown_activity_plan_or_person_is_named(world):
    world.move("2021-03-02 08:00")
    for activity in ("1", "99", "h9", "", "tập huấn"):
        with pytest.raises(UnknownName) as unknown:
            report(world, activity)
        assert unknown.value.detail["known"] == "3, 4, h1"
    with pytest.raises(NotFound):
        world.work.report("KH-2020", "3", {"status": "done", **EVIDENCE}, actor="officer-VS")
    with pytest.raises(NotFound):
        report(world, by="nobody")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("by", "code"),
    [
        ("officer-H1", "activity_of_other_unit"),
        ("officer-VT", "activity_of_other_unit"),
        ("authority-VS", "function_required"),
        ("producer-P1", "function_required"),
    ],
)
def test_only_the_unit_that_answers_or_the_issuer_reports(world, by, code):
    world.move("2021-03-02 08:00")
    with pytest.raises(NotAllowed) as refused:
        report(world, by=by)
    assert [str(r.code) for r in refused.value.reasons] == [code]
    for language in ("vi", "en"):
        assert "…" not in words(language).refusal(refused.value.reasons[0])


@pytest.mark.usefixtures("untouched")
def test_the_issuer_says_for_which_of_several_units_it_reports(world):
    world.move("2021-03-02 08:00")
    with pytest.raises(PayloadInvalid) as refused:
        report(world, "h1", figure=1)
    assert problems(refused) == {("/for_unit", "which_unit")}
    with pytest.raises(NotAllowed):
        report(world, "h1", by="officer-H1", unit="H2", figure=1)


def test_nothing_is_reported_to_a_draft_or_to_a_plan_that_was_replaced(world):
    world.plans.import_plan(plan_file("KH-MOI", 2021, [("training", 0, "trước ngày 10/7/2021")]), actor="officer-VS", unit="VS")
    with pytest.raises(EventRefused) as refused:
        world.work.report("KH-MOI", "1", {"status": "under_way"}, actor="officer-VS")
    assert "dự thảo" in words("vi").refusal(refused.value.reasons[0])
    before = duties(world)
    world.plans.publish("KH-MOI", actor="officer-VS")
    assert before
    assert duties(world) == []
    with pytest.raises(EventRefused):
        report(world)


def test_a_plan_that_gives_way_ends_all_its_duties_in_the_same_transaction(world, monkeypatch):
    ended: list[str] = []
    write = world.store.write

    def watching(changes, *, epoch):
        ended.extend(duty for change in changes for duty in change.fulfilled)
        return write(changes, epoch=epoch)

    before = duties(world)
    monkeypatch.setattr(world.store, "write", watching)
    world.publish(plan_file("KH-MOI", 2021, [("training", 0, "trước ngày 10/7/2021")]))
    assert ended == before


def test_what_was_planned_to_be_said_of_an_activity_ends_with_its_report(world):
    row, now = world.store.load_plan("KH-2021"), world.clock.now()
    assert row is not None
    open_now = open_activities(world.plans.parsed(row), row, world.store.stages(plan=row.code), timeline(world.store, row.code))
    (duty,) = (d for d in open_now if d.due_at is not None)
    assert duty.due_at is not None
    world.store.plan_rungs(rungs_of(planned(DutyKind.ACTIVITY, duty.id, duty.plan, duty.due_at, now)))
    before = world.store.rungs([duty.id])
    assert {rung.state for rung in before} == {RungState.PLANNED}
    report(world, status="under_way", document_no=None, document_date=None)
    assert world.store.rungs([duty.id]) == before
    world.move("2021-03-02 08:00")
    report(world)
    assert {rung.state for rung in world.store.rungs([duty.id])} == {RungState.CANCELLED}


def test_reports_leave_rounds_and_running_judgements_alone(world):
    epoch = world.store.registry_epoch()
    row = world.store.load_plan("KH-2021")
    world.move("2021-03-02 08:00")
    report(world)
    after = world.store.load_plan("KH-2021")
    assert world.store.registry_epoch() == epoch
    assert row is not None
    assert after is not None
    assert (after.version, after.head_seq) == (row.version, row.head_seq + 1)


def test_a_dry_run_says_the_same_and_writes_nothing(world):
    world.move("2021-03-02 08:00")
    row = world.store.load_plan("KH-2021")
    payload = {"status": "done", **EVIDENCE}
    dry = world.work.report("KH-2021", "3", payload, actor="officer-VS", dry_run=True)
    assert world.store.load_plan("KH-2021") == row
    real = world.work.report("KH-2021", "3", payload, actor="officer-VS")
    assert (dry.seq, dry.fulfilled, dry.line.entry.data) == (None, real.fulfilled, real.line.entry.data)


def test_the_same_command_twice_is_written_once_and_its_id_serves_nothing_else(world):
    world.move("2021-03-02 08:00")
    first = support(world, command="ho-tro:1")
    again = support(world, command="ho-tro:1")
    assert (again.seq, again.repeated) == (first.seq, True)
    assert len(world.work.desk("KH-2021").book.supports) == 1
    with pytest.raises(MalformedInput) as reused:
        world.work.learn("KH-2021", {"part": "cause", "text": "…"}, actor="officer-VS", command="ho-tro:1")
    assert reused.value.code == "command_reused"
    with pytest.raises(MalformedInput):
        support(world, command="Nguyễn Văn A")


def test_support_is_kept_with_what_it_was_who_gave_it_and_its_money(world):
    world.move("2021-03-02 08:00")
    written = support(world, by="officer-X1", figure=500, figure_unit="product", activity="h1")
    given = world.work.desk("KH-2021").book.supports[written.seq or 0]
    assert (given.product, given.producer, given.kind, given.amount, given.figure, given.activity) == (
        "P1-01",
        "P1",
        "packaging",
        5_000_000,
        500,
        "h1",
    )
    assert given.line.text("giver") == "UBND huyện"
    assert "UBND huyện" not in next(e.body for e in world.store.entries("KH-2021") if e.seq == written.seq), "free text is not hashed"
    only = support(world, product=None, producer="P2", support="training")
    assert world.work.desk("KH-2021").book.supports[only.seq or 0].product == ""


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"amount": -1}, {("/amount", "out_of_range")}),
        ({"amount": 1.5}, {("/amount", "not_an_integer")}),
        ({"amount": "năm triệu"}, {("/amount", "not_an_integer")}),
        ({"given_on": "2021-03-03"}, {("/given_on", "in_future")}),
        ({"given_on": None}, {("/given_on", "required")}),
        ({"support": "money"}, {("/support", "not_an_option")}),
        ({"what": None, "giver": " "}, {("/what", "required"), ("/giver", "empty")}),
        ({"document_no": None, "document_date": None}, {("/evidence", "evidence_missing")}),
        ({"figure": 3}, {("/figure_unit", "required")}),
        ({"product": None}, {("/product", "product_or_producer")}),
        ({"product": "P3-01"}, {("/product", "outside_plan")}),
        ({"producer": "P2"}, {("/producer", "other_producer")}),
    ],
)
def test_bad_support_is_refused_in_words_and_writes_nothing(world, given, expected):
    world.move("2021-03-02 08:00")
    with pytest.raises(PayloadInvalid) as refused:
        support(world, **given)
    assert problems(refused) == expected


@pytest.mark.usefixtures("untouched")
def test_support_is_recorded_only_above_whoever_got_it(world):
    world.move("2021-03-02 08:00")
    for by in ("officer-X2", "officer-H2", "officer-VT", "secretary-VS"):
        with pytest.raises(NotAllowed):
            support(world, by=by)
    for missing in ({"product": "nothing"}, {"product": None, "producer": "nothing"}, {"corrects": 99}):
        with pytest.raises(NotFound):
            support(world, **missing)


def test_support_recorded_by_mistake_is_replaced_or_taken_back_and_stays_in_the_history(world):
    world.move("2021-03-02 08:00")
    first = support(world, by="officer-H1").seq or 0
    with pytest.raises(PayloadInvalid) as refused:
        support(world, corrects=first, amount=6_000_000)
    assert problems(refused) == {("/reason", "correction_reason")}
    second = support(world, corrects=first, amount=6_000_000, reason="Gõ nhầm số tiền").seq or 0
    assert {s.seq: s.amount for s in world.work.desk("KH-2021").book.supports.values()} == {second: 6_000_000}
    with pytest.raises(PayloadInvalid):
        world.work.strike("KH-2021", second, reason="", actor="officer-VS")
    with pytest.raises(NotAllowed):
        world.work.strike("KH-2021", second, reason="Nhầm", actor="officer-H2")
    world.work.strike("KH-2021", second, reason="Ghi nhầm sản phẩm", actor="officer-VS")
    assert world.work.desk("KH-2021").book.supports == {}
    with pytest.raises(NotFound):
        world.work.strike("KH-2021", second, reason="Lần nữa", actor="officer-VS")
    assert world.events("KH-2021")[-3:] == ["support", "support", "strike"]


def test_only_a_target_that_nothing_counts_is_stated_by_a_person(world):
    world.move("2021-03-02 08:00")
    state = world.work.state
    with pytest.raises(PayloadInvalid) as refused:
        state("KH-2021", 1, {"figure": 3, **EVIDENCE}, actor="officer-VS")
    assert problems(refused) == {("/figure", "target_is_counted")}
    with pytest.raises(PayloadInvalid) as refused:
        state("KH-2021", 2, {"figure": "87,5"}, actor="officer-VS")
    assert problems(refused) == {("/evidence", "evidence_missing")}
    for number in (0, 4, -1):
        with pytest.raises(MalformedInput) as unknown:
            state("KH-2021", number, {"figure": 1, **EVIDENCE}, actor="officer-VS")
        assert unknown.value.code == "no_such_target"
    with pytest.raises(NotAllowed):
        state("KH-2021", 2, {"figure": 1, **EVIDENCE}, actor="officer-H1")
    state("KH-2021", 2, {"figure": "87,5", **EVIDENCE}, actor="officer-VS")
    assert world.work.desk("KH-2021").book.statements[2].figure == Fraction(175, 2)
    world.work.count("KH-2021", 1, "stated", actor="officer-VS")
    state("KH-2021", 1, {"figure": 3, **EVIDENCE}, actor="officer-VS")
    with pytest.raises(UnknownName):
        world.work.count("KH-2021", 1, "guessed", actor="officer-VS")


def test_a_lesson_is_noted_corrected_and_taken_back(world):
    learn = world.work.learn
    first = learn("KH-2021", {"part": "cause", "text": "Họp muộn"}, actor="officer-VS").seq or 0
    learn("KH-2021", {"part": "cause", "text": "Hội đồng họp sát mốc", "reason": "Nói rõ hơn"}, actor="officer-VS", corrects=first)
    assert [line.text("text") for line in world.work.desk("KH-2021").book.lessons.values()] == ["Hội đồng họp sát mốc"]
    for payload in ({"part": "cause", "text": ""}, {"part": "blame", "text": "x"}, {"text": "x"}):
        with pytest.raises(PayloadInvalid):
            learn("KH-2021", payload, actor="officer-VS")
    with pytest.raises(NotFound):
        learn("KH-2021", {"part": "cause", "text": "x"}, actor="officer-VS", corrects=first)


def test_whatever_is_written_to_a_plan_can_be_rebuilt_and_is_chained(world):
    world.move("2021-03-02 08:00")
    report(world, figure=3)
    support(world)
    world.work.assign("KH-2021", "4", ["X1", "X2"], actor="officer-VS")
    world.work.state("KH-2021", 2, {"figure": 90, **EVIDENCE}, actor="officer-VS")
    world.work.count("KH-2021", 3, "supported", kinds=["packaging"], actor="officer-VS")
    written = world.work.learn("KH-2021", {"part": "proposal", "text": "Mở thêm lớp"}, actor="officer-VS")
    world.work.strike("KH-2021", written.seq or 0, reason="Ghi nhầm", actor="officer-VS")
    assert list(drifts(world.store)) == []
    assert verify_log(world.store, deep=True).ok


def test_two_officers_at_once_both_get_their_report(world, monkeypatch):
    world.move("2021-03-02 08:00")
    desk, raced = world.work.desk, []

    def meanwhile(code, **given):
        found = desk(code, **given)
        monkeypatch.setattr(world.work, "desk", desk)
        raced.append(support(world))
        return found

    monkeypatch.setattr(world.work, "desk", meanwhile)
    assert report(world).seq == (raced[0].seq or 0) + 1
