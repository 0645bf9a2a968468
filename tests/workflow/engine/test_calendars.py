"""The working calendar of the country and of units: what a change moves, what it leaves alone, and what stands in the histories."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.bootstrap import Law
from deadlines.calendar import CalendarUnknown, Override, WorkingCalendar, midnight, vietnam_calendar
from states.errors import NotAllowed, NotFound, PayloadInvalid, StaleCase, UnknownName
from states.refusal import Code
from states.regime import local_date
from states.vocabulary import Event, TermStatus
from tests.support.world import World, on, world_of_2026
from workflow.audit import drifts, verify_log
from workflow.calendars import CalendarReport, Calendars, DayChange
from workflow.perform import Engine
from workflow.ports import Change, Outcome
from workflow.recording import Scribe
from workflow.recounting import Fate
from workflow.rows import SubjectKind

FILED = "2026-08-17 09:00"
"""A Monday; the 15th working day after it is 9 September, past National Day with its swap and its two days."""

LAST_DAY = date(2026, 9, 9)
TYPHOON = date(2026, 8, 25)
SATURDAY = date(2026, 8, 29)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with world_of_2026(database_url) as built:
        yield built


def off(*days: date) -> list[DayChange]:
    return [DayChange(day, working=False) for day in days]


def worked(*days: date) -> list[DayChange]:
    return [DayChange(day, working=True) for day in days]


def declare(world: World, days: list[DayChange], *, unit: str | None = None, by: str = "", dry_run: bool = False) -> CalendarReport:
    officer = by or ("officer-TW" if unit is None else "officer-VS")
    return world.calendars.change(days, actor=officer, document_no="77/TB-VP", reason="Bão số 5, trụ sở ngập", unit=unit, dry_run=dry_run)


def last_day(world: World, case: str) -> date:
    return local_date(world.running(case)["commune_check"].due_at) - timedelta(days=1)


def problems(caught: pytest.ExceptionInfo[PayloadInvalid]) -> list[tuple[str, str]]:
    return [(p.pointer, p.code) for p in caught.value.problems]


def sound(world: World) -> None:
    """Every row is what its history gives, and the log holds together."""
    assert list(drifts(world.store)) == []
    assert verify_log(world.store).ok


def everything(world: World) -> tuple[object, ...]:
    return list(world.store.entries()), list(world.store.subjects()), list(world.store.terms()), world.store.registry_epoch()


def test_the_preview_names_case_old_and_new_last_day_and_writes_nothing(world: World) -> None:
    case = world.filed(at=FILED)
    assert last_day(world, case) == LAST_DAY
    before = everything(world)
    report = declare(world, off(TYPHOON), dry_run=True)
    (moved,) = report.moved
    assert (moved.case, moved.was, moved.will) == (case, midnight(date(2026, 9, 10)), midnight(date(2026, 9, 11)))
    assert (report.unit, report.number, report.kept, moved.provisional) == ("VN", 1, (), False)
    assert everything(world) == before


def test_a_declared_day_off_moves_exactly_the_terms_it_touches_with_an_entry_each(world: World) -> None:
    ended_before = world.filed("P1-02", at="2026-08-03 09:00")
    touched = world.filed("P1-01", at="2026-08-10 09:00")
    elsewhere = world.filed("P3-01", at=FILED)
    begun_after = world.filed("P1-03", at="2026-08-26 09:00")
    kept = {case: world.history(case) for case in (ended_before, elsewhere, begun_after)}
    report = declare(world, off(TYPHOON), unit="VS")
    assert [t.case for t in report.moved] == [touched]
    assert {case: world.history(case) for case in kept} == kept
    entry = world.history(touched)[-1]
    assert (entry.event, entry.from_, entry.to, entry.clause) == (Event.RECOUNT, "commune_check", "commune_check", "77/TB-VP")
    assert entry.actor is not None
    assert (entry.actor.id, [datetime.fromisoformat(was) for was in entry.data["was"]]) == ("system", [report.moved[0].was])
    old, new = sorted((t for t in world.store.terms(touched) if t.stage == "commune_check"), key=lambda t: t.due_at)
    assert (old.status, new.status, new.due_at - old.due_at) == (TermStatus.DROPPED, TermStatus.RUNNING, timedelta(days=6)), (
        "past the holiday"
    )
    assert new.calendar == f"{old.calendar}+VS.1"
    sound(world)


def test_named_dates_never_move(world: World) -> None:
    case = world.filed(at=FILED)
    named = {name: term for name, term in world.running(case).items() if term.calendar is None}
    assert named
    for term in named.values():
        day = local_date(term.due_at) - timedelta(days=1)
        if vietnam_calendar().is_working_day(day):
            declare(world, off(day))
    assert {name: term for name, term in world.running(case).items() if term.calendar is None} == named


def test_what_is_counted_afterwards_uses_the_tables_of_country_province_and_commune(world: World) -> None:
    declare(world, off(date(2026, 8, 18)))
    declare(world, off(date(2026, 8, 19)), unit="VS")
    declare(world, off(date(2026, 8, 20)), unit="N1")
    last = {case: last_day(world, case) for case in (world.filed(p, at=FILED) for p in ("P1-01", "P2-01", "P3-01"))}
    assert list(last.values()) == [date(2026, 9, 14), date(2026, 9, 11), date(2026, 9, 10)]
    calendars = [world.running(case)["commune_check"].calendar or "" for case in last]
    assert [c.partition("+")[2] for c in calendars] == ["VN.1+VS.1+N1.1", "VN.1+VS.1", "VN.1"]
    sound(world)


def test_a_saturday_worked_in_place_of_a_day_off_ends_a_term_earlier(world: World) -> None:
    case = world.filed(at=FILED)
    report = declare(world, worked(SATURDAY))
    assert [(t.case, t.fate) for t in report.moved] == [(case, Fate.MOVES)]
    assert last_day(world, case) == date(2026, 9, 8)


def test_a_swap_of_two_days_leaves_a_term_that_spans_both_where_it_is(world: World) -> None:
    case = world.filed(at=FILED)
    before = world.history(case)
    report = declare(world, [*off(TYPHOON), *worked(SATURDAY)])
    assert (report.moved, report.number) == ((), 1)
    assert (last_day(world, case), world.history(case)) == (LAST_DAY, before)


def test_a_later_row_replaces_and_none_is_edited(world: World) -> None:
    case = world.filed(at=FILED)
    declare(world, off(TYPHOON), unit="VS")
    declare(world, worked(TYPHOON), unit="VS")
    assert last_day(world, case) == LAST_DAY
    (row,) = world.store.calendars()
    assert [(d.day, d.working, d.since, d.entered_by) for d in row.days] == [
        ("2026-08-25", False, 1, "officer-VS"),
        ("2026-08-25", True, 2, "officer-VS"),
    ]
    assert world.events("calendar:VS") == ["change", "change"]
    sound(world)


def test_what_has_passed_stays_passed_and_the_change_says_so(world: World) -> None:
    case = world.filed(at=FILED)
    world.sweep("2026-09-10 00:01")
    assert "commune_check" not in world.running(case)
    before = world.history(case)
    report = declare(world, off(LAST_DAY))
    assert (report.moved, report.notes) == ((), ("past_day",))
    assert [(t.case, t.fate, t.will) for t in report.kept] == [(case, Fate.STAYS_PASSED, midnight(date(2026, 9, 11)))]
    assert world.history(case) == before


def test_a_term_that_is_over_but_not_yet_swept_has_passed_all_the_same(world: World) -> None:
    world.filed(at=FILED)
    world.move("2026-09-10 00:00:10")
    report = declare(world, off(LAST_DAY))
    assert ([t.fate for t in report.kept], report.moved) == ([Fate.STAYS_PASSED], ())


def test_nobody_becomes_late_by_a_day_declared_afterwards(world: World) -> None:
    case = world.filed(at=FILED)
    world.move("2026-09-09 10:00")
    report = declare(world, worked(SATURDAY), dry_run=True)
    assert [(t.case, t.fate) for t in report.kept] == [(case, Fate.KEPT_IN_TIME)]
    declare(world, worked(SATURDAY))
    assert last_day(world, case) == LAST_DAY


def test_a_day_that_is_over_may_be_declared_and_running_terms_move(world: World) -> None:
    case = world.filed(at=FILED)
    world.move("2026-08-27 10:00")
    report = declare(world, off(TYPHOON), unit="VS")
    assert (report.notes, [t.case for t in report.moved]) == (("past_day",), [case])
    assert last_day(world, case) == date(2026, 9, 10)


def test_a_year_that_is_not_announced_is_told_as_provisional(world: World) -> None:
    assert not world.calendars.show(2026).provisional
    assert world.calendars.show(2027).provisional
    assert declare(world, off(date(2027, 3, 3)), dry_run=True).notes == ("provisional_year",)
    world.filed(at="2026-12-18 09:00")
    (moved,) = declare(world, off(date(2026, 12, 22)), dry_run=True).moved
    assert moved.provisional


def test_a_year_shows_what_is_out_of_the_ordinary_with_reason_paper_and_person(world: World) -> None:
    declare(world, [*off(TYPHOON), *worked(SATURDAY)], unit="VS")
    shown = world.calendars.show(2026, "N1")
    by_day = {d.day: d for d in shown.days}
    assert len(by_day) == len(shown.days)
    closed = by_day[TYPHOON]
    assert (closed.working, closed.vi, closed.unit) == (False, "Bão số 5, trụ sở ngập", "VS")
    assert (closed.document_no, closed.entered_by) == ("77/TB-VP", "officer-VS")
    assert by_day[SATURDAY].working
    assert by_day[date(2026, 1, 10)].working
    assert not by_day[date(2026, 9, 2)].working
    assert date(2026, 8, 26) not in by_day
    assert date(2026, 8, 30) not in by_day, "an ordinary Sunday"
    assert shown.calendar.endswith("+VS.1")
    assert TYPHOON not in {d.day for d in world.calendars.show(2026).days}
    with pytest.raises(CalendarUnknown):
        world.calendars.show(2101)


@pytest.mark.parametrize(
    ("days", "unit", "wrong"),
    [
        ([], None, [("/day", "required")]),
        ([*off(TYPHOON), *worked(TYPHOON)], None, [("/day", "day_contradicts")]),
        (off(TYPHOON, TYPHOON), None, [("/day", "repeated")]),
        (off(date(2026, 8, 30)), None, [("/day", "day_unchanged")]),
        (worked(TYPHOON), None, [("/day", "day_unchanged")]),
        (off(date(2101, 1, 4)), None, [("/day", "calendar_unknown")]),
        (worked(date(2026, 9, 2)), "VS", [("/day", "holiday_of_the_nation")]),
        ([*off(date(1999, 1, 4)), *worked(TYPHOON)], None, [("/day", "calendar_unknown"), ("/day", "day_unchanged")]),
    ],
)
def test_days_that_cannot_be_are_refused_with_every_problem_and_nothing_changes(
    world: World, days: list[DayChange], unit: str | None, wrong: list[tuple[str, str]]
) -> None:
    before = everything(world)
    for dry_run in (True, False):
        with pytest.raises(PayloadInvalid) as caught:
            declare(world, days, unit=unit, dry_run=dry_run)
        assert problems(caught) == wrong
    assert everything(world) == before


def test_a_change_has_a_paper_with_a_number_and_a_reason(world: World) -> None:
    for document_no, reason, wrong in (("", "Bão", "/document_no"), ("công văn của tỉnh", "Bão", "/document_no"), ("1/TB", "", "/reason")):
        with pytest.raises(PayloadInvalid) as caught:
            world.calendars.change(off(TYPHOON), actor="officer-TW", document_no=document_no, reason=reason)
        assert [pointer for pointer, _ in problems(caught)] == [wrong]
    assert world.store.calendars() == []


def test_the_country_is_the_centres_and_a_province_closes_itself_and_its_communes(world: World) -> None:
    refused = (
        (None, "officer-VS", Code.CALENDAR_OF_OTHER_UNIT),
        ("TW", "officer-VS", Code.CALENDAR_OF_OTHER_UNIT),
        (None, "chair-TW", Code.FUNCTION_REQUIRED),
        ("VS", "officer-VT", Code.CALENDAR_OF_OTHER_UNIT),
        ("VS", "officer-TW", Code.CALENDAR_OF_OTHER_UNIT),
        ("VS", "authority-VS", Code.FUNCTION_REQUIRED),
        ("N1", "officer-N1", Code.FUNCTION_REQUIRED),
        ("M1", "officer-VS", Code.CALENDAR_OF_OTHER_UNIT),
    )
    for unit, person, code in refused:
        with pytest.raises(NotAllowed) as caught:
            declare(world, off(TYPHOON), unit=unit, by=person)
        (reason,) = caught.value.reasons
        assert reason.code is code, (unit, person)
        assert reason.holder.level == ("centre" if unit in {None, "TW"} else "province")
    with pytest.raises(UnknownName):
        declare(world, off(TYPHOON), unit="ZZ")
    with pytest.raises(UnknownName):
        declare(world, off(TYPHOON), unit="X1")
    with pytest.raises(NotFound):
        declare(world, off(TYPHOON), by="nobody")
    assert world.store.calendars() == []
    for days, (unit, person) in enumerate((("TW", "officer-TW"), ("VS", "officer-VS"), ("N1", "officer-VS"))):
        declare(world, off(TYPHOON + timedelta(days=days)), unit=unit, by=person)
    assert [row.code for row in world.store.calendars()] == ["calendar:N1", "calendar:VN", "calendar:VS"]


def test_the_reason_stays_out_of_the_hashed_text(world: World) -> None:
    declare(world, [DayChange(TYPHOON, working=False, reason="Bão Trà Mi")])
    (stored,) = world.store.entries("calendar:VN")
    assert "Bão" not in stored.body
    assert {d.vi for d in world.calendars.show(2026).days} >= {"Bão Trà Mi"}


def test_a_table_that_somebody_edited_past_the_program_is_found(world: World, owner: Callable[[str], list[object]]) -> None:
    declare(world, off(TYPHOON), unit="VS")
    sound(world)
    owner("UPDATE working_calendar SET days=replace(days,'2026-08-25','2026-08-26')")
    assert [(d.subject, d.fields) for d in drifts(world.store)] == [("calendar:VS", ("days",))]


# New data of the product.


def older() -> WorkingCalendar:
    """A calendar from before the Government announced that 25 August is off."""
    shipped = vietnam_calendar()
    return WorkingCalendar(
        code=shipped.code,
        version="VN:old",
        announced_through=2025,
        overrides=(*shipped.overrides, Override(date(2026, 8, 31), working=True, reason="", source="")),
    )


def with_law(world: World, calendar: WorkingCalendar) -> World:
    """The same database under a program with other data."""
    scribe = Scribe("ocop/test", world.clock)
    engine = Engine(world.store, world.clock, scribe, Law(calendar))
    built = on(world.store, world.clock)
    built.engine, built.calendars = engine, Calendars(world.store, world.clock, scribe, engine)
    return built


def test_terms_counted_by_older_data_are_counted_again_when_the_data_have_learnt(world: World) -> None:
    before = with_law(world, older())
    untouched = before.filed("P1-02", at="2026-08-03 09:00")
    case = before.filed(at=FILED)
    assert last_day(world, case) == date(2026, 9, 8)
    kept = world.history(untouched)
    assert (before.calendars.behind(), world.calendars.behind()) == (0, 1), "the new program knows that a recount is due"
    preview = world.calendars.recount(actor="officer-TW", dry_run=True)
    assert [(t.case, local_date(t.will)) for t in preview.moved] == [(case, date(2026, 9, 10))]
    assert last_day(world, case) == date(2026, 9, 8)
    world.calendars.recount(actor="officer-TW")
    assert (last_day(world, case), world.events(case)[-1], world.history(untouched)) == (LAST_DAY, "recount", kept)
    assert world.history("calendar:VN")[-1].data == {"announced_through": 2026, "moved": 1}
    again = world.calendars.recount(actor="officer-TW")
    assert (again.moved, again.number, world.events("calendar:VN")) == ((), None, ["recount"])
    assert world.calendars.behind() == 0
    sound(world)


def test_only_the_centre_counts_everything_again(world: World) -> None:
    with pytest.raises(NotAllowed):
        world.calendars.recount(actor="officer-VS")


def test_a_change_leaves_to_the_recount_what_newer_data_alone_would_move(world: World) -> None:
    case = with_law(world, older()).filed("P3-01", at=FILED)
    report = declare(world, off(TYPHOON), unit="VS")
    assert (report.moved, last_day(world, case)) == ((), date(2026, 9, 8))


# Others at work.


def test_a_case_that_moves_while_the_change_is_worked_out_is_looked_at_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.filed(at=FILED)
    write = world.store.write
    seen: list[int] = []

    def first_the_other(changes: list[Change], *, epoch: int | None) -> Outcome:
        if not seen:
            seen.append(1)
            world.act(case, Event.FORWARD)
        return write(changes, epoch=epoch)

    monkeypatch.setattr(world.store, "write", first_the_other)
    report = declare(world, off(TYPHOON))
    assert (report.moved, world.events(case)[-1]) == ((), "forward")
    sound(world)


def test_a_term_that_begins_while_the_change_is_worked_out_is_not_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write = world.store.write
    seen: list[int] = []
    cases: list[str] = []

    def first_the_other(changes: list[Change], *, epoch: int | None) -> Outcome:
        if not seen and changes[0].entry.kind is SubjectKind.CALENDAR:
            seen.append(1)
            cases.append(on(world.store, world.clock).filed(at=FILED))
        return write(changes, epoch=epoch)

    world.move(FILED)
    monkeypatch.setattr(world.store, "write", first_the_other)
    report = declare(world, off(TYPHOON))
    assert [t.case for t in report.moved] == cases
    assert last_day(world, cases[0]) == date(2026, 9, 10)
    sound(world)


def test_an_act_judged_by_the_old_calendar_is_judged_again_by_the_new_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.registered(at=FILED)
    for event in (Event.SELECT, Event.SUBMIT_PLAN):
        world.act(case, event)
    other, write = on(world.store, world.clock), world.store.write
    seen: list[int] = []

    def first_the_calendar(changes: list[Change], *, epoch: int | None) -> Outcome:
        if not seen:
            seen.append(1)
            declare(other, off(TYPHOON))
        return write(changes, epoch=epoch)

    monkeypatch.setattr(world.store, "write", first_the_calendar)
    world.act(case, Event.FILE)
    assert last_day(world, case) == date(2026, 9, 10)


def test_what_cannot_be_written_says_so_and_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.filed(at=FILED)
    before = everything(world)
    monkeypatch.setattr(world.store, "write", lambda *_, **__: Outcome.MOVED)
    with pytest.raises(StaleCase):
        declare(world, off(TYPHOON))
    assert everything(world) == before


def test_what_fell_due_for_a_member_is_settled_before_its_term_is_counted_again(world: World) -> None:
    case = world.filed(at="2026-10-21 09:00")
    due = min(t.due_at for t in world.running(case).values())
    world.move(due + timedelta(minutes=5))
    declare(world, off(local_date(due) + timedelta(days=4)))
    world.sweep()
    assert world.events(case)[-2:] == ["sort", "recount"]
    sound(world)


def test_an_end_that_a_decision_has_set_is_a_named_date_and_stays(world: World) -> None:
    case = world.filed(at=FILED)
    loaded = world.store.load_case(case, "")
    assert loaded is not None
    (span,) = [t for t in loaded.terms if t.calendar is not None]
    opening = {name: getattr(span, name) for name in ("stage", "round", "effect", "phrase", "source", "deadline", "calendar")}
    decided = {**opening, "due_at": midnight(date(2026, 9, 20)).isoformat()}
    there, now = world.engine.world(), world.clock.now()
    change = world.engine.judge.recount(there, loaded, now, "extended", {span.id: decided}, "5/QĐ")
    assert world.store.write([change], epoch=there.epoch) is Outcome.WRITTEN
    assert declare(world, off(TYPHOON)).moved == ()
    assert last_day(world, case) == date(2026, 9, 19)


# Properties.

_AUGUST = [date(2026, 8, 10) + timedelta(days=n) for n in range(40)]
_CHANGES = st.lists(
    st.tuples(st.sampled_from([None, "VS", "N1", "VT"]), st.dictionaries(st.sampled_from(_AUGUST), st.booleans(), min_size=1, max_size=4)),
    min_size=1,
    max_size=4,
)
_FILED = {"P1-01": "2026-08-03", "P2-01": "2026-08-07", "P1-02": "2026-08-10", "P3-01": "2026-08-11", "P1-03": "2026-08-12"}


def spans(world: World) -> dict[str, datetime]:
    """Running spans by case."""
    return {t.case: t.due_at for t in world.store.terms() if t.status is TermStatus.RUNNING and t.calendar is not None}


def afresh(world: World) -> dict[str, datetime]:
    """The same spans counted day by day, by the rows of every table that rules in the case's unit."""
    counted = {}
    for case in spans(world):
        chain = {"P1": ("VN", "VS", "N1"), "P2": ("VN", "VS", "N2"), "P3": ("VN", "VT", "M1")}[world.case(case).producer]
        said = {d.day: d.working for unit in chain for row in world.store.calendars() if row.unit == unit for d in row.days}
        day, left = date.fromisoformat(_FILED[world.case(case).product]), 15
        while left:
            day += timedelta(days=1)
            left -= said.get(day.isoformat(), vietnam_calendar().is_working_day(day))
        counted[case] = midnight(day + timedelta(days=1))
    return counted


def try_declaring(world: World, unit: str | None, days: dict[date, bool]) -> None:
    """Declare those days of a drawn change that can be declared."""
    officer = {None: "officer-TW", "VT": "officer-VT"}.get(unit, "officer-VS")
    while days:
        try:
            declare(world, [DayChange(day, working=working) for day, working in days.items()], unit=unit, by=officer)
        except PayloadInvalid as invalid:
            wrong = [p.detail["day"] for p in invalid.problems]
            days = {day: working for day, working in days.items() if day not in wrong}
        else:
            return


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(_CHANGES)
def test_every_change_moves_exactly_the_terms_that_a_plain_count_moves(
    another_url: Callable[[], str], changes: list[tuple[str | None, dict[date, bool]]]
) -> None:
    with world_of_2026(another_url(), "2026-08-01 08:00") as world:
        for product, day in _FILED.items():
            world.filed(product, at=f"{day} 09:00")
        for unit, days in changes:
            before, entries = spans(world), {code: len(world.history(code)) for code in spans(world)}
            try_declaring(world, unit, days)
            after = spans(world)
            assert after == afresh(world)
            assert {c for c, n in entries.items() if len(world.history(c)) != n} == {c for c in before if before[c] != after[c]}
        sound(world)


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from([d for d in _AUGUST if vietnam_calendar().is_working_day(d)]), st.just(value=False), min_size=2, max_size=5
    )
)
def test_the_order_of_changes_makes_no_difference_to_any_term(another_url: Callable[[], str], days: dict[date, bool]) -> None:
    ends = []
    for order in (list(days), list(reversed(days))):
        with world_of_2026(another_url(), "2026-08-01 08:00") as world:
            for product, day in _FILED.items():
                world.filed(product, at=f"{day} 09:00")
            for day_off in order:
                declare(world, off(day_off))
            ends.append(spans(world))
    assert ends[0] == ends[1]
