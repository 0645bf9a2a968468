"""The registry, the sweep's rows, numbers, notes and the lists for people."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from states.errors import MalformedInput, NotFound, StoreUnsafe
from states.vocabulary import CaseState, Function, Level, ProducerKind, TermStatus, TieKind
from tests.workflow.store.samples import HOUR, NOW, act, case, certificate, created, moved, plan, round_, stage, term
from workflow.ports import CaseQuery, Outcome, Store
from workflow.rows import AppointmentRow, PersonRow, ProducerRow, ProductRow, SuccessionRow, TieRow, UnitRow
from workflow.store import open_store

UNIT = UnitRow(code="XA-1", name="Xã Một", level="commune", parent="T-1", valid_from="2025-07-01", valid_to=None, decree="1")
PERSON = PersonRow(code="p1", name="Người Một", email=None, phone=None)
APPOINTMENT = AppointmentRow(
    person="p1", function=Function.PRODUCER, level=Level.COMMUNE, unit="XA-1", producer="CT-1", valid_from="2026-01-01", valid_to=None
)
PRODUCER = ProducerRow(code="CT-1", name="Hợp tác xã Đồng Mây", kind=ProducerKind.COOPERATIVE, unit="XA-1")
PRODUCT = ProductRow(code="SP-1", name="Chè Đỉnh Sương", group="II.1", producer="CT-1", unit="XA-1")


def test_the_registry_is_read_back_and_its_epoch_rises(store: Store) -> None:
    succession = SuccessionRow(former="XA-0", heir="XA-1", on="2025-07-01", whole=True, decree="1")
    tie = TieRow(person="p1", product="SP-1", kind=TieKind.OWNER)
    plain = replace(APPOINTMENT, function=Function.OFFICER, producer=None)
    before = store.registry_epoch()
    epoch = store.save_registry(
        products=[PRODUCT], ties=[tie], appointments=[APPOINTMENT, plain], people=[PERSON], units=[UNIT], successions=[succession],
        producers=[PRODUCER],
    )  # fmt: skip
    assert epoch == before + 1 == store.registry_epoch()
    found = store.registry()
    assert (found.epoch, found.units, found.successions, found.people, found.ties) == (epoch, (UNIT,), (succession,), (PERSON,), (tie,))
    assert set(found.appointments) == {APPOINTMENT, plain}
    assert (store.producer("CT-1"), store.product("SP-1")) == (PRODUCER, PRODUCT)
    assert (store.products(), store.products(["none"]), store.producers(["CT-1"])) == ([PRODUCT], [], [PRODUCER])


def test_a_registry_row_is_replaced_by_its_key(store: Store) -> None:
    store.save_registry(units=[UNIT], people=[PERSON], appointments=[APPOINTMENT])
    ended = replace(APPOINTMENT, valid_to="2026-06-01")
    renamed = replace(UNIT, valid_from="2026-05-01", name="Phường Một")
    store.save_registry(units=[replace(UNIT, valid_to="2026-05-01"), renamed], people=[replace(PERSON, email="a@b")], appointments=[ended])
    found = store.registry()
    assert found.units == (replace(UNIT, valid_to="2026-05-01"), renamed)
    assert (found.people, found.appointments) == ((replace(PERSON, email="a@b"),), (ended,))


def test_producers_and_products_judge_no_right(store: Store) -> None:
    epoch = store.registry_epoch()
    assert store.save_registry(producers=[PRODUCER], products=[PRODUCT]) == epoch == store.registry_epoch()


def test_a_registry_row_that_points_nowhere_is_refused_and_nothing_of_the_call_stays(store: Store) -> None:
    for kwargs in ({"appointments": [APPOINTMENT]}, {"ties": [TieRow(person="p1", product="SP-1", kind="owner")]}, {"products": [PRODUCT]}):
        with pytest.raises(MalformedInput, match="registry_reference_unknown"):
            store.save_registry(units=[UNIT], **kwargs)
    assert store.registry().units == ()


def test_due_terms_come_oldest_first_and_only_while_they_run(store: Store) -> None:
    rows = [case(number) for number in range(1, 6)]
    dues = [3, 1, 2, 1, 9]
    for row, due in zip(rows, dues, strict=True):
        assert store.write([created(row, opened=(term(row, due_at=NOW + due * HOUR),))], epoch=None) is Outcome.WRITTEN
    assert store.write([act(rows[2], moved(rows[2]), closed=((term(rows[2]).id, TermStatus.DROPPED),))], epoch=None) is Outcome.WRITTEN
    before = NOW + 3 * HOUR
    assert [due.case for due in store.due_terms(before, 10)] == [rows[1].code, rows[3].code, rows[0].code]
    assert [due.case for due in store.due_terms(before, 2)] == [rows[1].code, rows[3].code]
    assert store.due_terms(before - timedelta(microseconds=1), 10)[-1].case == rows[3].code


def test_a_postponed_term_waits_and_is_counted(store: Store) -> None:
    row = case()
    store.write([created(row, opened=(term(row),))], epoch=None)
    later = NOW + 5 * HOUR
    assert store.postpone_term(term(row).id, later) == 1
    assert store.postpone_term(term(row).id, later) == 2
    assert store.due_terms(NOW + 2 * HOUR, 10) == []
    assert store.due_terms(later, 10) == [term(row, attempts=2, not_before=later)]
    with pytest.raises(NotFound):
        store.postpone_term("none", later)


def test_the_clock_given_at_opening_ends_a_postponement(database_url: str) -> None:
    store = open_store(database_url, clock_now=lambda: NOW + 9 * HOUR, allow_unsafe=True)
    row = case()
    store.write([created(row, opened=(term(row),))], epoch=None)
    store.postpone_term(term(row).id, NOW + 8 * HOUR)
    assert len(store.due_terms(NOW + 2 * HOUR, 10)) == 1
    store.close()


def test_numbers_are_never_given_twice(store: Store) -> None:
    given: list[int] = []
    threads = [threading.Thread(target=lambda: given.extend(store.next_number("VS-2026") for _ in range(10))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 81))
    assert store.next_number("VS-2027") == 1


def test_cases_are_found_by_what_people_know_of_them(store: Store) -> None:
    store.save_registry(producers=[PRODUCER], products=[PRODUCT])
    rows = [
        case(1, product="SP-1"),
        case(2, producer="CT-2", unit="XA-2", round="VS-2026-2"),
        case(3, producer="CT-2", state=CaseState.WITHDRAWN, central_round="VS-2026-2"),
    ]
    for number, row in enumerate(rows):
        store.write([created(row, opened=(term(row, due_at=NOW + number * HOUR),))], epoch=None)

    def codes(**filters: object) -> list[int]:
        return [int(found.code[-1]) for found in store.cases(CaseQuery(**filters))]  # type: ignore[arg-type]

    assert codes() == [1, 2, 3]
    assert codes(states=("withdrawn", "selected")) == [3]
    assert codes(units=("XA-2",)) == [2]
    assert codes(units=()) == []
    assert codes(round="VS-2026-2") == [2, 3]
    assert codes(product="SP-1") == [1]
    assert codes(due_before=NOW + HOUR) == [1]
    assert codes(limit=1, after="VS-2026-0001") == [2]
    for text in ("che dinh suong", "ĐỈNH", "hop tac xa dong", "suong may", "vs-2026-0001"):
        assert codes(text=text) == [1], text
    assert codes(text="100%") == codes(text="_") == codes(text="che khac") == []


def test_lists_are_filtered(store: Store) -> None:
    rounds = [round_("R1"), round_("R2", year=2027), round_("R3", unit="T-2")]
    plans = [plan("K1"), plan("K2", unit="T-2")]
    store.write([*map(created, rounds), *map(created, plans)], epoch=None)
    store.write([created(certificate("G1"), stages=(stage("s1", cutoff=None), stage("s2"), stage("s3", round="R1")))], epoch=None)
    assert store.rounds() == rounds
    assert (store.rounds(unit="T-2"), store.rounds(year=2027), store.rounds(unit="T-2", year=2027)) == ([rounds[2]], [rounds[1]], [])
    assert (store.plans(), store.plans(unit="T-2")) == (plans, [plans[1]])
    assert [found.id for found in store.stages(plan="KH-1")] == ["s2", "s3", "s1"]
    assert [found.id for found in store.stages(round="R1")] == ["s3"]
    assert (store.certificates(product="SP-1"), store.certificates(product="SP-2")) == ([certificate("G1")], [])
    assert (store.load_round("none"), store.load_plan("none"), store.load_certificate("none")) == (None, None, None)


def test_notes_are_kept_but_what_a_database_is_stays(store: Store) -> None:
    assert store.get_meta("log") is None
    store.set_meta("log", "a")
    store.set_meta("log", "b")
    assert (store.get_meta("log"), store.get_meta("rehearsal")) == ("b", "0")
    with pytest.raises(StoreUnsafe, match="meta_fixed"):
        store.set_meta("rehearsal", "1")


def test_a_named_lock_has_one_holder_and_says_who(store: Store) -> None:
    with store.exclusive("tick"):
        with pytest.raises(StoreUnsafe, match="lock_held") as caught, store.exclusive("tick"):
            pytest.fail("two holders")
        assert str(caught.value.detail["holder"]).split()[0].isdecimal()
        with store.exclusive("backup"):
            pass
    with store.exclusive("tick"):
        pass


def test_a_long_read_does_not_hold_the_reader_at_an_old_moment(store: Store) -> None:
    store.write([created(case(number)) for number in range(1, 6)], epoch=None)
    reading = store.entries()
    next(reading)
    after = moved(case(1))
    store.write([act(case(1), after)], epoch=None)
    loaded = store.load_case(case(1).code, "")
    assert loaded is not None
    assert loaded.case == after
    assert len(list(reading)) == 4


def test_spans_that_run_or_have_passed_are_found_by_where_they_end(store: Store) -> None:
    row = case()
    counted = [term(row, n, calendar="VN@1", due_at=NOW + n * HOUR, status=s) for n, s in enumerate(TermStatus)]
    named = term(row, 9, due_at=NOW + 9 * HOUR)
    assert store.write([created(row, opened=(*counted, named))], epoch=None) is Outcome.WRITTEN
    running, passed = (next(t for t in counted if t.status is s) for s in (TermStatus.RUNNING, TermStatus.PASSED))
    assert store.counted_terms(NOW - HOUR) == [running, passed]
    assert store.counted_terms(running.due_at) == [passed]
    assert store.counted_terms(passed.due_at) == []
