"""The benchmark of the sweep measures what it says: everything that fell due is written, by the engine and by the floor alike."""

import os
from collections import Counter

import pytest

from states.vocabulary import TermStatus
from tests.bench.openrows import on_postgresql, on_sqlite
from tests.bench.sweep import Size, grows, measure
from tests.support.databases import chosen_kind
from tests.support.postgres import Cluster
from workflow.ports import CaseQuery
from workflow.store import open_store

pytestmark = pytest.mark.database
SIZE = Size(few=20, open=400, small=10, large=60, alone=4, looks=3, turns=2)
SWEPT = SIZE.turns * (SIZE.small + SIZE.alone) + SIZE.large


def test_every_figure_is_measured_on_rows_that_are_really_written():
    kind = chosen_kind()
    with on_sqlite() if kind == "sqlite" else on_postgresql(Cluster(os.environ["OCOP_TEST_POSTGRES_URL"])) as place:
        found = list(measure(place, SIZE))
        store = open_store(place.url, allow_unsafe=True)
        entries = Counter(e.event for e in store.entries() if e.subject.startswith("VS-B-"))
        floors = sum(1 for e in store.entries() if e.command.startswith("floor:"))
        terms = Counter(t.status for t in store.terms() if t.case.startswith("VS-B-"))
        deferred = len(store.cases(CaseQuery(states=("deferred",))))
        unsequenced = store.unsequenced()
        store.close()
    assert [f.name for f in found] == [
        "nothing due",
        "nothing due",
        "deadlines one by one",
        "tick with 10 due",
        "page of 500 of 60 due",
        "sweep of 60 due, log apart",
        "of it the log",
        "nothing due, afterwards",
    ]
    assert all(f.ours > 0 for f in found)
    assert grows(found, kind) > 0
    assert entries == {"defer": 2 * SWEPT}
    assert floors == SWEPT
    assert deferred == 2 * SWEPT + 1, "and the one whose deferral the floor repeats"
    assert terms == {TermStatus.RUNNING: SIZE.open - 4 * SWEPT, TermStatus.PASSED: SWEPT, TermStatus.DROPPED: 3 * SWEPT}
    assert unsequenced == 0
