"""The sweep's bookkeeping: rows written together and rows written one by one leave the same behind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deadlines.sweep import GRACE, Sweep, tick

NOW = datetime(2021, 7, 10, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    id: str
    due_at: datetime
    attempts: int = 0


class Table:
    """Due rows in memory: firing takes a row away, a poisoned one raises, one that was overtaken is gone when it is fired."""

    def __init__(self, rows: Sequence[Row], poisoned: set[str], overtaken: set[str]) -> None:
        self.rows = {row.id: row for row in rows}
        self.poisoned = poisoned
        self.overtaken = overtaken
        self.aside: dict[str, datetime] = {}
        self.written: list[str] = []
        self.together: list[int] = []

    def due_terms(self, before: datetime, limit: int) -> list[Row]:
        due = [r for r in self.rows.values() if r.due_at <= before and self.aside.get(r.id, NOW) <= NOW]
        return sorted(due, key=lambda r: (r.due_at, r.id))[:limit]

    def postpone_term(self, term: str, not_before: datetime) -> int:
        self.aside[term] = not_before
        self.rows[term] = replace(self.rows[term], attempts=self.rows[term].attempts + 1)
        return self.rows[term].attempts

    def fire(self, row: Row) -> bool:
        if row.id in self.poisoned:
            raise RuntimeError("poisoned")
        del self.rows[row.id]
        if row.id in self.overtaken:
            return False
        self.written.append(row.id)
        return True

    def fire_page(self, rows: Sequence[Row]) -> list[bool | None]:
        """Everything but every third row and the poisoned ones, which have to go the single way."""
        self.together.append(len(rows))
        return [None if n % 3 == 2 or row.id in self.poisoned else self.fire(row) for n, row in enumerate(rows)]


def outcome(sweep: Sweep, table: Table) -> object:
    return (
        sorted(sweep.fired),
        sorted(sweep.superseded),
        sorted(sweep.failed),
        sweep.oldest,
        sorted(table.written),
        sorted(table.rows),
        table.aside,
    )


ids = st.integers(0, 40).map(lambda n: f"T{n:02d}")


@given(
    rows=st.dictionaries(ids, st.integers(-5, 50), max_size=30),
    poisoned=st.sets(ids, max_size=5),
    overtaken=st.sets(ids, max_size=5),
    page=st.integers(1, 12),
    limit=st.integers(1, 40),
)
def test_rows_written_together_leave_what_rows_written_one_by_one_leave(rows, poisoned, overtaken, page, limit):
    given_rows = [Row(name, NOW - timedelta(seconds=20 * ago)) for name, ago in rows.items()]

    def swept(make: Callable[[Table], Sweep]) -> object:
        table = Table(given_rows, poisoned, overtaken)
        return outcome(make(table), table)

    one_by_one = swept(lambda t: tick(NOW, t, t.fire, page=page, limit=limit))
    together = swept(lambda t: tick(NOW, t, t.fire, together=t.fire_page, page=page, limit=limit))
    assert together == one_by_one


def test_a_page_that_cannot_be_written_together_at_all_is_written_row_by_row():
    table = Table([Row(f"T{n}", NOW - GRACE) for n in range(7)], {"T3"}, set())

    def broken(rows: Sequence[Row]) -> list[bool | None]:
        raise OSError("disk")

    sweep = tick(NOW, table, table.fire, together=broken, page=3)
    assert len(sweep.fired) == 6
    assert [row for row, *_ in sweep.failed] == ["T3"]


def test_a_single_row_goes_the_single_way():
    table = Table([Row("T1", NOW - GRACE)], set(), set())
    assert tick(NOW, table, table.fire, together=table.fire_page).fired == ["T1"]
    assert table.together == []
