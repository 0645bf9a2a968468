"""What :meth:`workflow.ports.Store.write` promises, on whichever database the run uses."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from states.errors import MalformedInput
from states.vocabulary import CaseState, RoundState, TermStatus
from tests.workflow.store.samples import (
    NOW,
    act,
    calendar,
    case,
    certificate,
    created,
    entry,
    moved,
    plan,
    round_,
    stage,
    term,
)
from workflow.ports import CaseQuery, Change, Outcome, Store
from workflow.rows import CaseRow, UnitRow

UNIT = UnitRow(code="XA-1", name="Xã Một", level="commune", parent="T-1", valid_from="2025-07-01", valid_to=None, decree="d")


def together(count: int, work: Callable[[int], Outcome]) -> list[Outcome]:
    """Run ``work`` in that many threads that start at the same moment."""
    gate, outcomes, errors = threading.Barrier(count), [Outcome.MOVED] * count, []

    def run(number: int) -> None:
        gate.wait()
        try:
            outcomes[number] = work(number)
        except Exception as error:  # noqa: BLE001 shown below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    return outcomes


def put(store: Store, *rows: CaseRow) -> None:
    for row in rows:
        assert store.write([created(row, opened=(term(row),))], epoch=None) is Outcome.WRITTEN


def test_a_registration_is_read_back_as_it_was_written(store: Store) -> None:
    row = case(memo={"hands": {"p1": ["prepares"]}, "results": {"province": "161/2"}}, central_round="TW-2026-1", left=CaseState.SELECTED)
    running = term(row, not_before=NOW, calendar="2026.1")
    assert store.write([created(row, opened=(running,))], epoch=0) is Outcome.WRITTEN
    loaded = store.load_case(row.code, row.command)
    assert loaded is not None
    assert loaded.case == row
    assert loaded.case.memo == row.memo
    assert loaded.terms == (running,)
    assert loaded.done_as == 1
    assert store.entry(row.code, 1) == created(row).entry
    assert store.case_by_command(row.command) == row.code
    assert store.case_by_command("other") is None
    assert store.load_case("VS-2026-9999", row.command) is None


def test_microseconds_and_zones_survive(store: Store) -> None:
    row = case(registered_at=NOW.astimezone(tz=None).replace(microsecond=1), updated_at=NOW + timedelta(microseconds=1))
    put(store, row)
    loaded = store.load_case(row.code, "")
    assert loaded is not None
    assert loaded.case.registered_at == row.registered_at
    assert loaded.case.updated_at - NOW == timedelta(microseconds=1)
    assert loaded.case.updated_at.utcoffset() == timedelta(0)


def test_a_time_without_zone_is_refused_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(MalformedInput, match="instant_without_zone"):
        store.write([created(case(updated_at=NOW.replace(tzinfo=None)))], epoch=None)
    assert list(store.heads()) == []


@pytest.mark.parametrize("text", ["Chè Tân Cương", "Che\u0302\u0300 Ta\u0302n Cu\u031bo\u031bng", "đ Đ ' \" \\ % _ ? %s", "🍵" * 300])
def test_text_comes_back_sign_by_sign(store: Store, text: str) -> None:
    row = case(memo={"text": text}, regime=text)
    change = created(row, opened=(term(row, phrase=text),))
    assert store.write([replace(change, entry=replace(change.entry, body=text, opening=text))], epoch=None) is Outcome.WRITTEN
    loaded = store.load_case(row.code, "")
    assert loaded is not None
    assert (loaded.case.regime, loaded.case.memo["text"], loaded.terms[0].phrase) == (text, text, text)
    found = store.entry(row.code, 1)
    assert found is not None
    assert (found.body, found.opening) == (text, text)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_database_can_hold_is_refused_by_name(store: Store, text: str) -> None:
    with pytest.raises(MalformedInput, match="text_unstorable"):
        store.write([created(case(regime=text))], epoch=None)
    assert list(store.heads()) == []
    for ask in (lambda: store.load_case(text, ""), lambda: store.load_cases([text]), lambda: store.get_meta(text)):
        with pytest.raises(MalformedInput, match="text_unstorable"):
            ask()


@pytest.mark.parametrize("racers", [4, 8])
def test_of_racing_writers_exactly_one_wins(store: Store, racers: int) -> None:
    for number in range(12):
        row = case(number)
        put(store, row)

        def race(racer: int, row: CaseRow = row) -> Outcome:
            after = moved(row, state=CaseState.SELECTED)
            return store.write([act(row, after, f"racer-{racer}", closed=((term(row).id, TermStatus.MET),))], epoch=0)

        outcomes = together(racers, race)
        assert sorted(outcome.name for outcome in outcomes) == ["MOVED"] * (racers - 1) + ["WRITTEN"]
        assert len(list(store.entries(row.code))) == 2


def test_a_command_stands_once_however_often_it_is_sent(store: Store) -> None:
    row = case()
    put(store, row)
    after = moved(row)
    assert store.write([act(row, after, "same")], epoch=None) is Outcome.WRITTEN
    assert store.write([act(row, after, "same")], epoch=None) is Outcome.MOVED
    assert store.write([act(after, moved(after), "same")], epoch=None) is Outcome.MOVED
    loaded = store.load_case(row.code, "same")
    assert loaded is not None
    assert (loaded.done_as, loaded.case.version) == (2, 2)
    assert store.write([created(case(2, command=row.command))], epoch=None) is Outcome.MOVED
    assert store.write([created(row)], epoch=None) is Outcome.MOVED
    assert len(list(store.entries())) == 2


def test_a_denied_entry_moves_the_head_and_not_the_version(store: Store) -> None:
    row = case()
    put(store, row)
    denied = replace(moved(row), version=row.version)
    assert store.write([act(row, denied, "denied-1")], epoch=0) is Outcome.WRITTEN
    loaded = store.load_case(row.code, "")
    assert loaded is not None
    assert (loaded.case.version, loaded.case.head_seq) == (1, 2)
    assert store.write([act(row, moved(row), "late")], epoch=0) is Outcome.MOVED
    assert store.write([act(denied, moved(denied), "retried")], epoch=0) is Outcome.WRITTEN


def test_a_changed_registry_stops_an_act_that_was_judged_before(store: Store) -> None:
    row = case()
    put(store, row)
    epoch = store.registry_epoch()
    assert store.save_registry(units=[UNIT]) == epoch + 1
    change = act(row, moved(row))
    assert store.write([change], epoch=epoch) is Outcome.RIGHTS_MOVED
    assert store.write([change, created(certificate())], epoch=epoch) is Outcome.RIGHTS_MOVED
    assert store.write_each([[change]], epoch=epoch) == [Outcome.RIGHTS_MOVED]
    assert store.write([created(case(2))], epoch=epoch) is Outcome.RIGHTS_MOVED
    assert len(list(store.entries())) == 1
    assert store.write([change], epoch=epoch + 1) is Outcome.WRITTEN


def test_terms_open_and_close_with_the_act(store: Store) -> None:
    row = case()
    put(store, row)
    after = moved(row)
    opened = (term(after, 0), term(after, 1))
    assert store.write([act(row, after, opened=opened, closed=((term(row).id, TermStatus.MET),))], epoch=0) is Outcome.WRITTEN
    loaded = store.load_case(row.code, "")
    assert loaded is not None
    assert loaded.terms == opened
    assert [found.status for found in store.terms(row.code)] == [TermStatus.MET, TermStatus.RUNNING, TermStatus.RUNNING]
    assert list(store.terms()) == list(store.terms(row.code))


@pytest.mark.parametrize("closed", ["VS-2026-0001:1:0", "VS-2026-0001:1:7"])
def test_a_term_that_does_not_run_stops_the_whole_act(store: Store, closed: str) -> None:
    row = case()
    put(store, row)
    after = moved(row)
    assert store.write([act(row, after, closed=((term(row).id, TermStatus.MET),))], epoch=0) is Outcome.WRITTEN
    late = act(after, moved(after), closed=((closed, TermStatus.PASSED),), opened=(term(moved(after)),))
    assert store.write([late], epoch=0) is Outcome.MOVED
    assert store.write_each([[late]], epoch=0) == [Outcome.MOVED]
    loaded = store.load_case(row.code, "")
    assert loaded is not None
    assert (loaded.case, loaded.terms) == (after, ())
    assert len(list(store.entries())) == store.unsequenced() == 2


def test_two_subjects_that_race_for_one_term_do_not_both_close_it(store: Store) -> None:
    for number in range(1, 21, 2):
        rows = (case(number), case(number + 1))
        put(store, *rows)
        shared = term(rows[0]).id

        def close(racer: int, rows: tuple[CaseRow, CaseRow] = rows, shared: str = shared) -> Outcome:
            return store.write([act(rows[racer], moved(rows[racer]), closed=((shared, TermStatus.MET),))], epoch=0)

        assert sorted(outcome.name for outcome in together(2, close)) == ["MOVED", "WRITTEN"]


def test_one_running_case_a_product(store: Store) -> None:
    first = case(1, product="SP-1")
    put(store, first)
    second = created(case(2, product="SP-1"))
    assert store.write([second], epoch=None) is Outcome.MOVED
    waiting = moved(first, state=CaseState.DEFERRED, left=CaseState.SELECTED)
    assert store.write([act(first, waiting)], epoch=None) is Outcome.WRITTEN
    assert store.write([second], epoch=None) is Outcome.MOVED
    done = moved(waiting, state=CaseState.WITHDRAWN, left=None)
    assert store.write([act(waiting, done)], epoch=None) is Outcome.WRITTEN
    assert store.write([second], epoch=None) is Outcome.WRITTEN
    again = moved(done, state=CaseState.SELECTED)
    assert store.write([act(done, again)], epoch=None) is Outcome.MOVED


def test_a_case_changes_round_and_state_at_once(store: Store) -> None:
    row = case()
    put(store, row)
    after = moved(row, round="VS-2026-2", central_round="TW-2026-1", state=CaseState.RETURNED, origin=CaseState.PROVINCIAL_EVALUATION)
    assert store.write([act(row, after)], epoch=0) is Outcome.WRITTEN
    loaded = store.load_case(row.code, "")
    assert loaded is not None
    assert loaded.case == after


def test_a_group_is_written_whole(store: Store) -> None:
    row = case()
    put(store, row)
    done = moved(row, state=CaseState.CERTIFIED, certificate="GCN-1")
    group = [created(round_(), stages=(stage(),)), act(row, done), created(plan()), created(certificate()), created(calendar())]
    assert store.write(group, epoch=0) is Outcome.WRITTEN
    assert store.load_certificate("GCN-1") == certificate()
    assert store.load_round("VS-2026-1") == round_()
    assert store.load_plan("KH-1") == plan()
    assert store.stages(plan="KH-1") == [stage()]
    assert store.calendars() == [calendar()]
    assert list(store.subjects()) == [done, certificate(), round_(), plan(), calendar()]
    heads = [("GCN-1", 1), ("KH-1", 1), (row.code, 2), ("VS-2026-1", 1), ("calendar:VN", 1)]
    assert [(head.subject, head.head_seq) for head in store.heads()] == heads
    opened = moved(round_(), state=RoundState.OPEN)
    assert store.write([act(round_(), opened, stages=(stage(cutoff=None),))], epoch=1) is Outcome.WRITTEN
    assert store.stages(round="VS-2026-1") == []
    assert store.stages(unit="T-1") == [stage(cutoff=None)]


@pytest.mark.parametrize("bad", ["head", "term", "code", "command"])
def test_of_a_group_with_one_bad_change_nothing_is_written(store: Store, bad: str) -> None:
    first, second = case(1), case(2)
    put(store, first, second)
    changes: dict[str, Change] = {
        "head": act(moved(second), moved(moved(second))),
        "term": act(second, moved(second), closed=(("none", TermStatus.MET),)),
        "code": created(replace(second, command="other")),
        "command": act(second, moved(second), second.command),
    }
    group = [act(first, moved(first), opened=(term(moved(first)),)), changes[bad], created(certificate())]
    before = list(store.heads())
    assert store.write(group, epoch=0) is Outcome.MOVED
    assert list(store.heads()) == before
    assert store.load_certificate("GCN-1") is None
    assert len(list(store.entries())) == store.unsequenced() == len(list(store.terms())) == 2


def test_groups_that_cross_do_not_block_each_other(store: Store) -> None:
    for number in range(1, 21, 2):
        first, second = case(number), case(number + 1)
        put(store, first, second)

        def cross(racer: int, pair: tuple[CaseRow, ...] = (first, second)) -> Outcome:
            return store.write([act(row, moved(row), f"racer-{racer}") for row in (pair if racer % 2 else pair[::-1])], epoch=0)

        assert sorted(outcome.name for outcome in together(4, cross)) == ["MOVED"] * 3 + ["WRITTEN"]


@pytest.mark.parametrize("bad", ["head", "term", "command", "epoch"])
def test_a_bad_group_fails_alone(store: Store, bad: str) -> None:
    rows = [case(number) for number in range(1, 31)]
    put(store, *rows)
    groups = [[act(row, moved(row), closed=((term(row).id, TermStatus.MET),), opened=(term(moved(row)),))] for row in rows]
    groups[7] = {
        "head": [act(moved(rows[7]), moved(moved(rows[7])))],
        "term": [act(rows[7], moved(rows[7]), closed=(("none", TermStatus.MET),))],
        "command": [act(rows[7], moved(rows[7]), rows[7].command)],
        "epoch": [act(rows[7], moved(rows[7])), act(moved(rows[7]), moved(rows[7]))],
    }[bad]
    outcomes = store.write_each(groups, epoch=0)
    assert outcomes == [Outcome.MOVED if number == 7 else Outcome.WRITTEN for number in range(30)]
    for number, row in enumerate(rows):
        loaded = store.load_case(row.code, "")
        assert loaded is not None
        assert loaded.case == (row if number == 7 else moved(row))
        assert loaded.terms == (term(loaded.case),)


def test_a_thousand_groups_in_one_transaction(store: Store) -> None:
    rows = [case(number) for number in range(1000)]
    assert set(store.write_each([[created(row, opened=(term(row),))] for row in rows], epoch=0)) == {Outcome.WRITTEN}
    mixed = [[act(row, moved(row), closed=((term(row).id, TermStatus.PASSED),))] for row in rows]
    mixed.append([created(certificate()), created(round_(), stages=(stage(),))])
    assert set(store.write_each(mixed, epoch=0)) == {Outcome.WRITTEN}
    loaded = store.load_cases([row.code for row in rows] + ["none"])
    assert [found.case for found in loaded.values()] == [moved(row) for row in rows]
    assert all(found.terms == () and found.done_as is None for found in loaded.values())
    assert store.unsequenced() == 2002
    assert store.write_each([], epoch=0) == []


def test_batches_that_race_in_opposite_order_write_each_case_once(store: Store) -> None:
    rows = [case(number) for number in range(60)]
    put(store, *rows)
    outcomes: dict[int, list[Outcome]] = {}

    def batch(racer: int) -> Outcome:
        order = rows if racer % 2 else rows[::-1]
        found = store.write_each([[act(row, moved(row), f"racer-{racer}")] for row in order], epoch=0)
        outcomes[racer] = found if racer % 2 else found[::-1]
        return Outcome.WRITTEN

    together(4, batch)
    for answers in zip(*outcomes.values(), strict=True):
        assert sorted(outcome.name for outcome in answers) == ["MOVED"] * 3 + ["WRITTEN"]
    assert len(list(store.entries())) == 120


def test_the_same_subject_twice_in_one_batch_is_taken_in_turn(store: Store) -> None:
    row = case()
    put(store, row)
    after = moved(row)
    assert store.write_each([[act(row, after, "a")], [act(row, after, "b")], [act(after, moved(after), "c")]], epoch=0) == [
        Outcome.WRITTEN,
        Outcome.MOVED,
        Outcome.WRITTEN,
    ]


def test_entries_are_listed_by_subject_and_number(store: Store) -> None:
    put(store, case(2), case(1))
    assert store.write([act(case(1), moved(case(1)))], epoch=0) is Outcome.WRITTEN
    assert [(found.subject, found.seq) for found in store.entries()] == [("VS-2026-0001", 1), ("VS-2026-0001", 2), ("VS-2026-0002", 1)]
    assert list(store.entries("VS-2026-0002")) == [entry(case(2), "register-2")]


def test_a_round_that_moves_raises_the_epoch(store: Store) -> None:
    before = store.registry_epoch()
    assert store.write([created(round_())], epoch=before) is Outcome.WRITTEN
    assert store.registry_epoch() == before + 1
    late = case()
    assert store.write([created(late)], epoch=before) is Outcome.RIGHTS_MOVED
    assert store.write([created(late)], epoch=before + 1) is Outcome.WRITTEN
    assert store.registry_epoch() == before + 1


# Several changes of one subject in a group.


def chain_of(row: CaseRow, *, length: int = 3) -> list[Change]:
    """Acts of one case, each opening a term that the next one closes; the first closes the term that the case has."""
    changes, running = [], term(row)
    for _ in range(length):
        after = moved(row)
        opened = term(after)
        changes.append(act(row, after, closed=((running.id, TermStatus.DROPPED),), opened=(opened,)))
        row, running = after, opened
    return changes


def test_a_group_may_carry_consecutive_changes_of_one_subject(store: Store) -> None:
    first, second = case(1), case(2)
    put(store, first, second)
    chain = chain_of(first)
    group = [created(certificate()), *chain, act(second, moved(second))]
    assert store.write(group, epoch=0) is Outcome.WRITTEN
    loaded = store.load_case(first.code, "")
    assert loaded is not None
    assert (loaded.case, loaded.terms) == (chain[-1].row, chain[-1].opened)
    assert [(found.seq, found.command) for found in store.entries(first.code)] == [
        (1, "register-1"),
        (2, "act-2"),
        (3, "act-3"),
        (4, "act-4"),
    ]
    assert store.unsequenced() == 7


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("broken", ["order", "gap", "last"])
def test_a_chain_that_does_not_follow_the_head_leaves_nothing(store: Store, broken: str, *, each: bool) -> None:
    row = case()
    put(store, row)
    chain = chain_of(row)
    groups = {
        "order": [chain[1], chain[0], chain[2]],
        "gap": [chain[0], chain[2]],
        "last": [*chain[:2], replace(chain[2], closed=(("none", TermStatus.DROPPED),))],
    }
    outcome = store.write_each([groups[broken]], epoch=0)[0] if each else store.write(groups[broken], epoch=0)
    assert outcome is Outcome.MOVED
    loaded = store.load_case(row.code, "")
    assert loaded is not None
    assert (loaded.case, loaded.terms, store.unsequenced()) == (row, (term(row),), 1)


def test_chains_and_single_changes_are_written_beside_each_other(store: Store) -> None:
    rows = [case(number) for number in range(1, 4)]
    put(store, *rows)
    groups = [chain_of(rows[0]), [act(rows[1], moved(rows[1]))], [replace(chain_of(rows[2])[1])]]
    assert store.write_each(groups, epoch=0) == [Outcome.WRITTEN, Outcome.WRITTEN, Outcome.MOVED]
    assert [head.head_seq for head in store.heads()] == [4, 2, 1]


@pytest.mark.parametrize("each", [False, True])
def test_what_has_passed_may_be_met_after_all_and_nothing_else(store: Store, *, each: bool) -> None:
    def write(change: Change) -> Outcome:
        return store.write_each([[change]], epoch=0)[0] if each else store.write([change], epoch=0)

    row = case()
    put(store, row)
    passed = moved(row)
    assert write(act(row, passed, closed=((term(row).id, TermStatus.PASSED),))) is Outcome.WRITTEN
    after = moved(passed)
    assert write(act(passed, after, closed=((term(row).id, TermStatus.DROPPED),))) is Outcome.MOVED
    assert write(act(passed, after, closed=((term(row).id, TermStatus.MET),))) is Outcome.WRITTEN
    assert write(act(after, moved(after), closed=((term(row).id, TermStatus.MET),))) is Outcome.MOVED
    assert [found.status for found in store.terms(row.code)] == [TermStatus.MET]


def test_cases_with_an_act_that_waits_for_a_second_person_are_found(store: Store) -> None:
    put(store, case(1), case(2, memo={"asked": {"7": "p1"}}), case(3, memo={"hands": {"asked": ["prepares"]}}))
    assert [row.code for row in store.cases(CaseQuery(asked=True))] == [case(2).code]
