"""What if: the answer is what really happens when the same is then done, and asking leaves every table as it was."""

from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from states.errors import CycleError, StoreUnsafe
from states.refusal import Code
from states.regime import local_date
from states.vocabulary import CaseState
from tests.api.conftest import dump
from tests.support import databases
from tests.support.world import TWO_ROUNDS, World, moment, plan_file, world_at, world_of_2026
from workflow.audit import drifts
from workflow.calendars import CalendarReport, DayChange
from workflow.listing import every_case
from workflow.notices import Redated
from workflow.overlay import Overlay
from workflow.ports import CaseQuery
from workflow.rows import TermRow
from workflow.supposing import SUPPOSED_NO, SUPPOSED_REASON, Answer, DeclareDays, Gain, MoveCutoff, Supposition
from workflow.telling import RungState
from workflow.trial import on_trial

S = CaseState
FIRST, SECOND, OFFICER = "VS-2021-1", "VS-2021-2", "officer-VS"
IN_JUNE = "2021-06-01 09:00"


def move(phrase: str = "trước ngày 15/8/2021", stage: str = "province_eval", code: str = FIRST, **more: Any) -> MoveCutoff:
    return MoveCutoff(round=code, stage=stage, phrase=phrase, **more)


def closed_on(*days: date, unit: str | None = "VS") -> DeclareDays:
    return DeclareDays(days=tuple(DayChange(day, working=False) for day in days), unit=unit)


def codes(refusal: CycleError | None) -> list[str]:
    """The reasons or problems of a refusal."""
    found: Any = getattr(refusal, "reasons", None) or getattr(refusal, "problems", ())
    return [each.code for each in found]


def ask(world: World, *what: Supposition, by: str = OFFICER) -> Answer:
    return world.what_if.ask(what, actor=by)


def really(world: World, *what: Supposition, by: str = OFFICER) -> list[Redated | CalendarReport]:
    """Do the same by the ordinary services."""
    done: list[Redated | CalendarReport] = []
    for each in what:
        if isinstance(each, MoveCutoff):
            day = each.document_date or local_date(world.clock.now()).isoformat()
            done.append(world.rounds.redate(each.round, each.stage, each.phrase, SUPPOSED_NO, day, SUPPOSED_REASON, by, each.reading))
        elif isinstance(each, DeclareDays):
            done.append(world.calendars.change(each.days, actor=by, document_no=SUPPOSED_NO, reason=SUPPOSED_REASON, unit=each.unit))
    return done


def standing(world: World, cases: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """What an answer speaks of: the state of each case, its rounds, and its running terms."""
    found = {}
    for code in cases:
        row = world.case(code)
        terms = sorted((t.stage, t.due_at, t.phrase, t.source, t.round, t.effect) for t in world.running(code).values())
        found[code] = (row.state, row.round, row.central_round, row.attempt, row.version, terms)
    return found


def told(answer: Answer, before: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """States and ends of running terms as an answer leaves them."""
    after = {code: (row[0], {(t[0], t[1]) for t in row[5]}) for code, row in before.items()}
    for effect in answer.effects:
        ends = after[effect.case][1] - {(t.stage, t.due_at) for t in effect.closed} | {(t.stage, t.due_at) for t in effect.opened}
        after[effect.case] = (effect.after, ends)
    return after


def ended(found: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    return {code: (row[0], {(t[0], t[1]) for t in row[5]}) for code, row in found.items()}


def everybody(world: World) -> list[str]:
    return [case.code for case in every_case(world.store)]


def test_asking_leaves_every_table_and_the_log_as_they_were(world: World, database: databases.Database):
    early, waiting = world.filed("P1-01", at=IN_JUNE), world.at_province("P1-02")
    world.sweep("2021-07-12 09:00")
    assert world.state(early) is S.DEFERRED
    world.move("2021-08-02 09:00")
    world.store.sequence_log(1000)
    before, log = dump(database), world.store.log_state()
    answer = ask(
        world,
        move("trước ngày 20/8/2021", "province_eval"),
        move("trước ngày 15/8/2021", "district_eval"),
        closed_on(date(2021, 8, 20)),
        move("trước ngày 1/1/2021"),
    )
    assert dump(database) == before
    assert world.store.log_state() == log
    assert {e.case: e.gain for e in answer.effects} == {early: Gain.COMES_BACK, waiting: Gain.COMES_BACK}
    assert [bool(s.refusal) for s in answer.supposed] == [False, False, False, True]
    assert world.state(waiting) is S.PROVINCIAL_EVALUATION, "the cut-off of 30 July has passed and nobody has swept it"


def test_who_comes_back_moves_or_is_left_is_what_the_act_does(world: World):
    late, ahead = world.filed("P1-01", at=IN_JUNE), world.at_province("P1-02")
    done = world.at_province("P1-03")
    world.act(done, "conclude", mean=70)
    world.sweep("2021-07-11 09:00")
    before = standing(world, everybody(world))
    what = (move("trước ngày 20/8/2021"), move("trước ngày 20/7/2021", "district_eval"))
    answer = ask(world, *what)
    assert {(e.case, e.gain, e.before, e.after) for e in answer.effects} == {
        (late, Gain.COMES_BACK, S.DEFERRED, S.DISTRICT_EVALUATION),
        (ahead, Gain.MOVES, S.PROVINCIAL_EVALUATION, S.PROVINCIAL_EVALUATION),
    }
    (moves,) = answer.having(Gain.MOVES)
    assert [(t.stage, t.was, t.will) for t in moves.terms] == [("province_eval", moment("2021-07-30 00:00"), moment("2021-08-20 00:00"))]
    assert standing(world, everybody(world)) == before
    really(world, *what)
    assert ended(standing(world, everybody(world))) == told(answer, before)


def test_who_misses_the_new_date_too_because_it_has_passed_is_told_with_certainty(world: World):
    case = world.filed("P1-01", at=IN_JUNE)
    world.sweep("2021-07-25 09:00")
    what = move("trước ngày 20/7/2021", "district_eval", document_date="2021-07-08")
    (effect,) = ask(world, what).effects
    assert (effect.case, effect.gain, effect.after) == (case, Gain.MISSES_AGAIN, S.DEFERRED)
    really(world, what)
    assert world.events(case)[-2:] == ["reinstate", "defer"]


def test_what_fell_due_before_is_not_taken_for_an_effect(world: World):
    """Nobody has swept; the case that missed its date anyhow is none of the supposition's doing."""
    world.filed("P1-01", at=IN_JUNE)
    ahead = world.at_province("P1-02")
    world.move("2021-07-15 09:00")
    answer = ask(world, move("trước ngày 10/8/2021"))
    assert [(e.case, e.gain) for e in answer.effects] == [(ahead, Gain.MOVES)]


@pytest.mark.parametrize(
    ("what", "by", "error", "code"),
    [
        (move("trước ngày 1/6/2021", document_date="2021-05-03"), OFFICER, "EventRefused", Code.EARLIER_DATE_PASSED),
        (move("trước ngày 1/6/2021"), OFFICER, "EventRefused", Code.CUTOFF_BEFORE_DOCUMENT),
        (move("trước ngày 30/7/2021"), OFFICER, "EventRefused", Code.SAME_DATE),
        (move("trước ngày 5/7/2021"), OFFICER, "PayloadInvalid", "dates_cross"),
        (move("khi nào xong thì thôi"), OFFICER, "PayloadInvalid", "unknown_wording"),
        (move(stage="commune_to_province"), OFFICER, "UnknownName", None),
        (move(code="VS-2021-9"), OFFICER, "NotFound", None),
        (move(), "officer-H1", "NotAllowed", None),
        (move(), "nobody", "NotFound", None),
        (closed_on(date(2021, 7, 10)), OFFICER, "PayloadInvalid", "day_unchanged"),
        (closed_on(date(2021, 7, 8), unit=None), OFFICER, "NotAllowed", None),
        (closed_on(), OFFICER, "PayloadInvalid", "required"),
    ],
)
def test_a_supposition_is_refused_as_the_act_would_be(world: World, what: Supposition, by: str, error: str, code: str | None):
    world.filed("P1-01", at="2021-07-01 09:00")
    answer = ask(world, what, by=by)
    (tried,) = answer.supposed
    assert answer.refused
    assert answer.effects == ()
    assert tried.refusal is not None
    assert type(tried.refusal).__name__ == error
    assert code is None or code in codes(tried.refusal)
    with pytest.raises(type(tried.refusal)) as caught:
        really(world, what, by=by)
    assert (caught.value.code, codes(caught.value)) == (tried.refusal.code, codes(tried.refusal))


def test_a_closed_round_and_a_date_of_the_law_are_refused_in_the_answer_too(world: World, another_url: Callable[[], str]):
    world.sweep("2021-08-01 09:00")
    world.rounds.close(FIRST, actor=OFFICER)
    (tried,) = ask(world, move()).supposed
    assert codes(tried.refusal) == [Code.ROUND_STATE]
    with world_of_2026(another_url()) as law:
        (tried,) = ask(law, move("trước ngày 1/12/2026", code="VS-2026-2")).supposed
        assert codes(tried.refusal) == [Code.STATUTORY_DATE]


def test_days_off_move_what_is_counted_and_leave_named_dates(world26: World):
    case = world26.filed("P1-01", at="2026-08-17 09:00")
    before = standing(world26, [case])
    what = closed_on(date(2026, 8, 25), date(2026, 8, 26))
    answer = ask(world26, what)
    (effect,) = answer.effects
    assert (effect.case, effect.gain) == (case, Gain.MOVES)
    assert [(t.stage, t.was, t.will) for t in effect.terms] == [("commune_check", moment("2026-09-10 00:00"), moment("2026-09-12 00:00"))]
    really(world26, what)
    assert ended(standing(world26, [case])) == told(answer, before)


def test_a_day_worked_and_a_day_off_are_tried_together(world26: World):
    world26.filed("P1-01", at="2026-08-17 09:00")
    swap = DeclareDays(days=(DayChange(date(2026, 8, 25), working=False), DayChange(date(2026, 8, 29), working=True)), unit="VS")
    assert ask(world26, swap).effects == ()
    assert len(ask(world26, closed_on(date(2026, 8, 25))).effects) == 1


def test_the_reminders_that_begin_and_fall_away_are_those_of_the_act(world: World):
    case = world.at_province("P1-01", at=IN_JUNE)
    store = world.store
    was = [rung.rung for rung in store.rungs([world.running(case)["province_eval"].id]) if rung.state is RungState.PLANNED]
    (effect,) = ask(world, move()).effects
    assert [rung.rung for rung in effect.spared] == was != []
    really(world, move())
    term = world.running(case)["province_eval"].id
    assert [(r.duty, r.rung, r.at, r.due_at) for r in effect.reminders] == [(r.duty, r.rung, r.at, r.due_at) for r in store.rungs([term])]
    assert effect.reminders


def test_messages_are_planned_by_whoever_plans_them_from_the_terms_that_end_and_begin(world: World):
    case = world.at_province("P1-01", at=IN_JUNE)

    def planned(closed: Iterable[TermRow], opened: Iterable[TermRow]) -> list[str]:
        return [f"{t.case}: {was.due_at:%d.%m %H} → {t.due_at:%d.%m %H}" for was, t in zip(closed, opened, strict=True)]

    answer = world.what_if.ask([move()], actor=OFFICER, messages=planned)
    assert [e.messages for e in answer.effects] == [(f"{case}: 29.07 17 → 14.08 17",)]


def test_a_later_date_saves_by_forecast_who_would_more_likely_than_not_have_missed(bare: World):
    """Twelve dossiers each waited twenty days at the province; two weeks are too little, four are enough."""
    bare.publish(plan_file("KH-2021", 2021, [line for line in TWO_ROUNDS if line[0] == "province_eval"]))
    for number in range(1, 13):
        bare.at_province(f"P1-{number:02d}", at="2021-02-01 09:00")
    for case in everybody(bare):
        bare.act(case, "conclude", mean=70, at="2021-02-21 09:00")
    tight = bare.at_province("P1-20", at="2021-07-15 09:00")
    bare.move("2021-07-16 00:00")
    (effect,) = ask(bare, move("trước ngày 15/8/2021")).effects
    assert (effect.case, effect.gain, effect.chance_before, effect.chance_after) == (tight, Gain.SAVED, Fraction(1), Fraction(0))
    answer = ask(bare, move("trước ngày 15/8/2021"), move("trước ngày 29/7/2021"))
    assert [(e.case, e.gain) for e in answer.effects] == [(tight, Gain.MOVES)], "the second takes back what the first gave"
    (outlook,) = ask(bare, move("trước ngày 15/8/2021")).rounds
    assert [[(e.cases, e.count) for e in side] for side in (outlook.before, outlook.after)] == [[(1, Fraction(1))], [(1, Fraction(0))]]


# The overlay.


def test_what_is_written_on_an_overlay_is_rebuilt_from_its_histories_like_anything_else(world: World):
    world.filed("P1-01", at=IN_JUNE)
    world.at_province("P1-02")
    on = on_trial(world.store, world.clock, world.what_if.scribe, world.engine.judge.law)
    over = on.store
    assert list(drifts(over)) == list(drifts(world.store)) == []
    move().act(on, OFFICER)
    closed_on(date(2021, 7, 8)).act(on, OFFICER)
    assert over.touched
    assert list(drifts(over)) == []
    assert [h.subject for h in over.heads()] == sorted(h.subject for h in over.heads())
    assert {h.subject for h in over.heads()} == {h.subject for h in world.store.heads()} | {"calendar:VS"}
    for query in (CaseQuery(), CaseQuery(round=FIRST), CaseQuery(limit=1), CaseQuery(text="mat ong"), CaseQuery(units=("X1",))):
        assert [c.code for c in over.cases(query)] == [c.code for c in world.store.cases(query)]
    assert over.cases(CaseQuery(due_before=moment("2021-08-01 00:00"), states=("provincial_evaluation",))) == []
    assert len(world.store.cases(CaseQuery(due_before=moment("2021-08-01 00:00"), states=("provincial_evaluation",)))) == 1
    assert [t.id for t in over.terms()] == sorted(t.id for t in over.terms())
    assert len(over.due_terms(moment("2021-08-20 00:00"), 10)) == len(world.store.due_terms(moment("2021-08-20 00:00"), 10))
    assert over.log_state() == world.store.log_state()


def test_an_overlay_refuses_what_would_have_to_be_written_below(world: World):
    over = Overlay(world.store)
    for attempt in (
        lambda: over.next_number("VS-2021"),
        lambda: over.set_meta("note", "1"),
        lambda: over.postpone_term("x", world.clock.now()),
        over.save_registry,
    ):
        with pytest.raises(StoreUnsafe) as caught:
            attempt()
        assert caught.value.code == "nothing_is_written"


PRODUCTS = [f"P1-{n:02d}" for n in range(1, 4)]
LIVES = ("filed", "concluded", "at_province", "done", "withdrawn", "returned")


def lived(world: World, lives: list[str], day: int) -> None:
    for product, life in zip(PRODUCTS, lives, strict=True):
        at = f"2021-06-{day:02d} 09:00"
        case = world.at_province(product, at=at) if life in {"at_province", "done"} else world.filed(product, at=at)
        if life == "concluded":
            world.act(case, "conclude", mean=80)
        if life == "done":
            world.act(case, "conclude", mean=70)
        if life == "withdrawn":
            world.act(case, "withdraw")
        if life == "returned":
            world.act(case, "return_for_completion")


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lives=st.lists(st.sampled_from(LIVES), min_size=3, max_size=3),
    now=st.sampled_from(["2021-06-28 09:00", "2021-07-12 09:00", "2021-07-30 00:00", "2021-08-05 09:00"]),
    swept=st.booleans(),
    dates=st.lists(
        st.tuples(st.sampled_from(["district_eval", "province_eval"]), st.dates(date(2021, 6, 25), date(2021, 9, 20))),
        min_size=1,
        max_size=2,
    ),
)
def test_whatever_is_asked_the_answer_is_what_then_happens(
    another_url: Callable[[], str], lives: list[str], now: str, swept: bool, dates: list[tuple[str, date]]
):
    with world_at(another_url()) as world:
        lived(world, lives, 20)
        if swept:
            world.sweep(now)
        world.move(now)
        what = [move(f"trước ngày {day.day}/{day.month}/{day.year}", stage) for stage, day in dates]
        before = {code: standing_on_paper(world, code) for code in everybody(world)}
        answer = ask(world, *what)
        foretold = told(answer, before)
        for each, tried in zip(what, answer.supposed, strict=True):
            if tried.refusal is None:
                really(world, each)
            else:
                with pytest.raises(type(tried.refusal)):
                    really(world, each)
        world.sweep()
        assert ended(standing(world, everybody(world))) == foretold


def standing_on_paper(world: World, code: str) -> tuple[Any, ...]:
    """The case with what has fallen due."""
    loaded = world.store.load_case(code, "")
    assert loaded is not None
    loaded, _ = world.engine.settled_on_paper(loaded, world.clock.now())
    terms = [(t.stage, t.due_at) for t in loaded.terms]
    return (loaded.case.state, None, None, 0, 0, terms)
