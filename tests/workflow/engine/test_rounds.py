"""Rounds: frozen, closed after their last cut-off, their deferred members given the next one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from states.errors import EventRefused, NotAllowed, NotFound
from states.refusal import Code
from states.vocabulary import CaseState, RoundState
from tests.support.world import TWO_ROUNDS, World, moment, on, plan_file, world_at
from tests.workflow.engine.test_transaction import dump, to_file
from workflow.audit import drifts, verify_log

S = CaseState
IN_JUNE = "2021-06-01 09:00"
FIRST, SECOND = "VS-2021-1", "VS-2021-2"
OFFICER = "officer-VS"
AFTER = "2021-08-02 08:00"


def codes(refusal: pytest.ExceptionInfo[EventRefused]) -> list[Code]:
    return [r.code for r in refusal.value.reasons]


# Freezing.


def test_a_frozen_round_keeps_its_members_and_takes_nobody_in(world: World):
    member = world.filed("P1-01", IN_JUNE)
    assert world.rounds.freeze(FIRST, actor=OFFICER).state is RoundState.FROZEN
    assert world.case(world.filed("P1-02")).round == SECOND
    assert world.act(member, "conclude", mean=70, at="2021-07-09 08:00").state is S.DISTRICT_EVALUATION
    with pytest.raises(EventRefused) as refusal:
        world.rounds.freeze(FIRST, actor=OFFICER)
    assert codes(refusal) == [Code.ROUND_STATE]


def test_freezing_among_filings_leaves_nobody_in_between(world: World):
    """Filings run while the round is frozen: whoever joined it was written before, everybody else is in the next round."""
    world.move(IN_JUNE)
    commands = [to_file(world, f"P1-{n:02d}") for n in range(1, 25)]
    processes = [on(world.store, world.clock) for _ in range(3)]
    for process in processes:
        process.engine.world()
    with ThreadPoolExecutor(4) as pool:
        filings = [pool.submit(processes[n % 3].engine.perform, c) for n, c in enumerate(commands[:12])]
        freezing = pool.submit(lambda: world.rounds.freeze(FIRST, actor=OFFICER))
        filings += [pool.submit(processes[n % 3].engine.perform, c) for n, c in enumerate(commands[12:])]
        freezing.result()
        for filing in filings:
            filing.result()
    late = world.filed("P1-30")
    joined = {world.case(c.case).round for c in commands}
    assert joined <= {FIRST, SECOND}
    assert world.case(late).round == SECOND
    assert {c.code for c in world.rounds.members(FIRST)} | {c.code for c in world.rounds.members(SECOND)} == {
        *(c.case for c in commands),
        late,
    }


@pytest.mark.parametrize("act", ["freeze", "close", "rollover"])
def test_only_an_officer_of_the_unit_steers_a_round(world: World, act: str):
    world.move(AFTER)
    if act == "rollover":
        world.rounds.close(FIRST, actor=OFFICER)
    for person in ("chair-VS", "officer-H1", "officer-VT", "producer-P1"):
        with pytest.raises(NotAllowed):
            getattr(world.rounds, act)(FIRST, actor=person)
    with pytest.raises(NotFound):
        getattr(world.rounds, act)("VS-1999-1", actor=OFFICER)
    with pytest.raises(NotFound):
        getattr(world.rounds, act)(FIRST, actor="nobody")


# Closing.


def full(world: World) -> dict[str, str]:
    """One member in every situation in which a closing may find it."""
    cases = {
        "missed the district": world.filed("P1-01", IN_JUNE),
        "missed the province": world.filed("P1-02"),
        "pending": world.at_province("P1-03"),
        "certified": world.certified("P1-04"),
        "withdrawn": world.filed("P1-05"),
        "returned": world.filed("P1-06"),
    }
    world.act(cases["missed the province"], "conclude", mean=70)
    world.act(cases["pending"], "conclude", mean=75)
    world.act(cases["withdrawn"], "withdraw")
    world.act(cases["returned"], "return_for_completion")
    return cases


def test_a_round_is_not_closed_before_its_last_cut_off(world: World):
    for at in ("2021-07-29 23:59:59", "2021-07-30 00:00", "2021-07-30 00:00:29"):
        world.move(at)
        with pytest.raises(EventRefused) as refusal:
            world.rounds.close(FIRST, actor=OFFICER)
        assert codes(refusal) == [Code.CUTOFFS_AHEAD], "and not before the worker has acted on it"
    world.move("2021-07-30 00:00:30")
    assert world.rounds.close(FIRST, actor=OFFICER).round.state is RoundState.CLOSED


def test_closing_counts_and_carries_the_deferred_members_into_the_next_round(world: World):
    cases = full(world)
    world.move(AFTER)
    report = world.rounds.close(FIRST, actor=OFFICER)
    assert report.counts == {S.DEFERRED: 3, S.PROVINCIAL_EVALUATION: 1, S.CERTIFIED: 1, S.WITHDRAWN: 1}
    assert (report.members, report.pending, report.offered) == (6, (cases["pending"],), False)
    assert {c.case: c.to for c in report.carried} == {
        cases[name]: SECOND for name in ("missed the district", "missed the province", "returned")
    }
    assert {name: (world.state(case), world.case(case).round, world.case(case).attempt) for name, case in cases.items()} == {
        "missed the district": (S.DISTRICT_EVALUATION, SECOND, 2),
        "missed the province": (S.DISTRICT_EVALUATION, SECOND, 2),
        "pending": (S.PROVINCIAL_EVALUATION, FIRST, 1),
        "certified": (S.CERTIFIED, FIRST, 1),
        "withdrawn": (S.WITHDRAWN, FIRST, 1),
        "returned": (S.RETURNED, SECOND, 2),
    }
    assert world.act(cases["pending"], "certify").state is S.CERTIFIED
    entry = world.history(FIRST)[-1]
    assert entry.data["members"] == {"deferred": 3, "provincial_evaluation": 1, "certified": 1, "withdrawn": 1}
    assert verify_log(world.store, deep=True).ok
    assert list(drifts(world.store)) == []


def test_what_fell_due_is_settled_before_it_is_counted(world: World):
    case = world.filed(at=IN_JUNE)
    world.move(AFTER)  # no worker ran
    assert world.rounds.close(FIRST, actor=OFFICER).counts == {S.DEFERRED: 1}
    assert world.events(case)[-2:] == ["defer", "reenter"]
    assert world.history(case)[-2].effective_at == moment("2021-07-10 00:00")


def test_the_preview_of_closing_counts_what_has_fallen_due_though_nobody_has_swept(world: World):
    """The act settles its members first, and so does its preview."""
    world.filed("P1-01", at="2021-06-01 09:00")
    world.move("2021-08-02 09:00")
    tried = world.rounds.close(FIRST, actor=OFFICER, dry_run=True)
    assert tried.counts == {CaseState.DEFERRED: 1}
    done = world.rounds.close(FIRST, actor=OFFICER)
    assert (tried.counts, tried.carried, tried.pending) == (done.counts, done.carried, done.pending)


def test_a_dry_run_of_closing_tells_the_same_and_writes_nothing(world: World):
    full(world)
    world.sweep(AFTER)
    before = dump(world)
    tried = world.rounds.close(FIRST, actor=OFFICER, dry_run=True)
    assert dump(world) == before
    done = world.rounds.close(FIRST, actor=OFFICER)
    assert (tried.counts, tried.pending, tried.carried) == (done.counts, done.pending, done.carried)
    assert tried.round.state is RoundState.OPEN


def test_closing_twice_changes_nothing(world: World):
    full(world)
    world.move(AFTER)
    world.rounds.freeze(FIRST, actor=OFFICER)
    world.rounds.close(FIRST, actor=OFFICER)
    before = dump(world)
    again = world.rounds.close(FIRST, actor=OFFICER)
    assert dump(world) == before
    assert (again.round.state, again.carried) == (RoundState.CLOSED, ())


def test_two_who_close_at_once_close_once(world: World):
    cases = full(world)
    world.move(AFTER)
    others = [on(world.store, world.clock) for _ in range(2)]

    def close(other: World) -> object:
        try:
            return other.rounds.close(FIRST, actor=OFFICER)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(close, others))
    assert not [a for a in answers if isinstance(a, Exception) and getattr(a, "code", "") != "stale_case"], answers
    assert world.events(FIRST).count("close") == 1
    for case in cases.values():
        assert world.events(case).count("reenter") <= 1


def test_a_withdrawn_member_and_one_that_went_on_by_itself_are_left_alone(world: World):
    cases = full(world)
    world.sweep("2021-07-10 08:00")
    world.act(cases["missed the district"], "reenter", by="officer-H1")
    world.move(AFTER)
    report = world.rounds.close(FIRST, actor=OFFICER)
    assert cases["missed the district"] not in {c.case for c in report.carried}
    assert world.case(cases["missed the district"]).attempt == 2


def test_who_waits_for_a_decision_alone_stays_where_it_was_put(world: World):
    case = world.at_province(at=IN_JUNE)
    world.act(case, "conclude", mean=75)
    world.act(case, "defer")
    world.move(AFTER)
    assert world.rounds.close(FIRST, actor=OFFICER).carried == ()
    assert world.state(case) is S.DEFERRED


# Without a next round, and with one that is offered.


def test_without_a_next_round_members_stay_deferred_and_move_when_one_opens(world: World):
    case = world.filed(at="2021-08-20 08:00")
    world.move("2021-11-05 08:00")
    report = world.rounds.close(SECOND, actor=OFFICER)
    assert [(c.case, c.to, getattr(c.why, "code", None)) for c in report.carried] == [(case, None, "event_refused")]
    assert world.state(case) is S.DEFERRED
    early = world.rounds.rollover(SECOND, actor=OFFICER)
    assert [c.to for c in early.carried] == [None]
    next_year = [(stage, number, phrase.replace("2021", "2022")) for stage, number, phrase in TWO_ROUNDS]
    world.publish(plan_file("KH-2022", 2022, next_year), at="2022-01-20 08:00")
    tried = world.rounds.rollover(SECOND, actor=OFFICER, dry_run=True)
    assert ([c.to for c in tried.carried], world.state(case)) == (["VS-2022-1"], S.DEFERRED)
    world.rounds.rollover(SECOND, actor=OFFICER)
    assert (world.state(case), world.case(case).round) == (S.DISTRICT_EVALUATION, "VS-2022-1")
    assert world.rounds.rollover(SECOND, actor=OFFICER).carried == ()


def test_a_round_that_is_open_is_not_rolled_over(world: World):
    with pytest.raises(EventRefused) as refusal:
        world.rounds.rollover(FIRST, actor=OFFICER)
    assert codes(refusal) == [Code.ROUND_STATE]


@pytest.mark.parametrize("stranger", ["officer-VT", "producer-P1", "officer-H1", "chair-VS"])
@pytest.mark.parametrize("act", ["freeze", "close", "rollover"])
def test_who_comes_before_whether_so_that_a_round_tells_strangers_nothing_of_its_members(world: World, stranger: str, act: str):
    world.filed("P1-01", IN_JUNE)
    world.sweep(AFTER)
    world.rounds.freeze(FIRST, actor=OFFICER)
    world.rounds.close(FIRST, actor=OFFICER)
    for dry_run in (True, False):
        with pytest.raises(NotAllowed):
            getattr(world.rounds, act)(FIRST, actor=stranger, dry_run=dry_run)


def test_a_plan_may_offer_the_next_round_instead_of_giving_it(database_url: str):
    with world_at(database_url, two_rounds=False) as world:
        world.publish(plan_file("KH", 2021, TWO_ROUNDS, next_round="offer"))
        case = world.filed(at=IN_JUNE)
        world.sweep(AFTER)
        report = world.rounds.close(FIRST, actor=OFFICER)
        assert (report.offered, [c.to for c in report.carried]) == (True, [SECOND])
        assert world.state(case) is S.DEFERRED, "it is offered, not given"
        world.rounds.rollover(FIRST, actor=OFFICER)
        assert (world.state(case), world.case(case).round) == (S.DISTRICT_EVALUATION, SECOND)


def test_many_members_are_closed_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("workflow.listing._PAGE", 4)
    cases = [world.filed(f"P1-{n:02d}", IN_JUNE) for n in range(1, 12)]
    world.move(AFTER)
    report = world.rounds.close(FIRST, actor=OFFICER)
    assert [c.case for c in report.carried] == cases
    assert {world.case(c).round for c in cases} == {SECOND}
