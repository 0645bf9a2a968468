"""From the outbox into the Merkle log."""

import threading
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from tests.workflow.store.samples import NOW, act, case, certificate, created, moved
from workflow.ledger import merkle
from workflow.ports import Outcome, Store


def fill(store: Store, count: int) -> list[bytes]:
    rows = [case(number) for number in range(count)]
    assert set(store.write_each([[created(row)] for row in rows], epoch=None)) <= {Outcome.WRITTEN}
    return [row.head_hash for row in rows]


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, straight from its recursion."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


def test_an_empty_log_has_the_root_of_nothing(store: Store) -> None:
    state = store.log_state()
    assert (state.size, state.frontier, state.root) == (0, (), sha256(b"").digest())
    assert store.sequence_log(100) == 0
    assert store.last_recorded() is None


def test_entries_move_into_the_log_oldest_first_without_a_gap(store: Store) -> None:
    leaves = fill(store, 37)
    assert store.sequence_log(0) == 0
    assert [store.sequence_log(10) for _ in range(5)] == [10, 10, 10, 7, 0]
    assert list(store.log_leaves()) == [(n, case(n).code, 1, leaf) for n, leaf in enumerate(leaves)]
    state = store.log_state()
    assert (state.size, state.root, store.unsequenced()) == (37, root_of(leaves), 0)
    assert merkle.Frontier.of(state.size, state.frontier).root() == state.root


def test_a_subjects_entries_enter_the_log_in_their_order(store: Store) -> None:
    row = case()
    store.write([created(row)], epoch=None)
    for _ in range(6):
        after = moved(row)
        assert store.write_each([[act(row, after)], [created(certificate(f"G{after.head_seq}"))]], epoch=None) == [Outcome.WRITTEN] * 2
        row = after
    store.sequence_log(100)
    assert [seq for _, subject, seq, _ in store.log_leaves() if subject == row.code] == [1, 2, 3, 4, 5, 6, 7]


def test_sequencers_that_race_number_every_entry_once(store: Store) -> None:
    leaves = fill(store, 200)
    counts: list[int] = []
    errors: list[Exception] = []

    def sequence() -> None:
        try:
            while count := store.sequence_log(7):
                counts.append(count)
        except Exception as error:  # noqa: BLE001 shown below
            errors.append(error)

    threads = [threading.Thread(target=sequence) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(counts) == 200
    assert [(n, leaf) for n, _, _, leaf in store.log_leaves()] == list(enumerate(leaves))
    assert store.log_state().root == root_of(leaves)


def test_a_sequencer_that_dies_on_the_way_leaves_everything_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = fill(store, 20)
    assert store.sequence_log(5) == 5
    before = store.log_state()

    def dies(_self: object) -> bytes:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        # The root is worked out last, when leaves are inserted and the outbox is emptied already.
        patched.setattr(merkle.Frontier, "root", dies)
        with pytest.raises(ZeroDivisionError):
            store.sequence_log(5)
    assert (store.log_state(), store.unsequenced(), len(list(store.log_leaves()))) == (before, 15, 5)
    assert store.sequence_log(100) == 15
    assert store.log_state().root == root_of(leaves)


def test_the_newest_entry_is_known_whether_or_not_the_log_has_it(store: Store) -> None:
    row = case()
    later = NOW + timedelta(days=1, microseconds=7)
    change = created(row)
    store.write([replace(change, entry=replace(change.entry, recorded_at=later))], epoch=None)
    assert store.last_recorded() == later
    store.sequence_log(10)
    assert store.last_recorded() == later
    store.write([created(certificate())], epoch=None)
    assert store.last_recorded() == later
