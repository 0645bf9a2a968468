"""A database with very many open deadlines: one real dossier before a district's council, copied by the database itself.

Every copy has two running deadlines, as the model has: the district's, which falls due when its range says so, and the province's, which
lies behind all of them. Copies have no history of their own; the engine's entries follow the head that the model had.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from tests.bench.province import Dossier, Trace
from tests.support.postgres import APPLICATION, Cluster, fresh_name
from tests.support.world import World, moment, world_at
from workflow.ports import LoadedCase
from workflow.store import migrate
from workflow.store.sqlite_writer import connect
from workflow.store.tables import metadata
from workflow.store.types import to_micros
from workflow.store.urls import sqlite_path

FILED = "2021-06-01 09:00"
FIRST_DUE = moment("2021-07-05 00:00")
LAST_DUE = moment("2021-07-10 00:00")
"""The plan's own date, which the model and all copies have that are not to fall due."""

TERMS_EACH = 2
_MARK = "B"


@dataclass(frozen=True, slots=True)
class Range:
    """Copies ``first`` to ``last`` (inclusive), whose district deadline falls due at ``due_at``."""

    first: int
    last: int
    due_at: datetime

    def codes(self) -> list[str]:
        """Codes of the copies."""
        return [f"VS-{_MARK}-{number:07d}" for number in range(self.first, self.last + 1)]

    def dossiers(self) -> list[Dossier]:
        """The copies as a floor takes them."""
        return [Dossier(code, "X1", 0) for code in self.codes()]


class Layout:
    """Hands out ranges of copies, each due a minute after the one before."""

    def __init__(self) -> None:
        self._next = 1
        self._minutes = count()
        self.ranges: list[Range] = []

    def take(self, copies: int) -> Range:
        """So many copies that fall due together."""
        due = FIRST_DUE + timedelta(minutes=10 * next(self._minutes))
        taken = Range(self._next, self._next + copies - 1, due)
        self._next += copies
        self.ranges.append(taken)
        return taken

    def rest(self, until: int) -> None:
        """All other copies up to a number: due long after everything that is measured."""
        if self._next <= until:
            self.ranges.append(Range(self._next, until, LAST_DUE))
            self._next = until + 1


@dataclass(frozen=True, slots=True)
class Place:
    """A database to measure in: the model's code, what its deferral writes, and a way to run statements past the store."""

    database: str
    url: str
    model: str
    trace: Trace
    run: Callable[[str, Sequence[Any]], Any]

    def fill(self, ranges: Sequence[Range]) -> None:
        """Copy the model into these ranges, and let the database learn how much it holds, as its own housekeeping would."""
        for each in ranges:
            for text, values in _copies(self.database, self.model, each):
                self.run(text, values)
        self.run("ANALYZE" if self.database == "sqlite" else "VACUUM ANALYZE", ())


def _copies(database: str, model: str, each: Range) -> Iterator[tuple[str, Sequence[Any]]]:
    if database == "sqlite":
        source, number, mark = "n(n) AS (SELECT ? UNION ALL SELECT n+1 FROM n WHERE n<?)", "printf('%07d',n.n)", "?"
    else:
        source, number, mark = "n(n) AS (SELECT generate_series(%s::int,%s::int))", "lpad(n.n::text,7,'0')", "%s"
    code = f"'VS-{_MARK}-'||{number}"
    new = {
        "case_file": {"code": code, "command": f"'b:'||{number}", "product": f"'B-'||{number}", "open_product": f"'B-'||{number}"},
        "term": {"id": f"{code}||substr(m.id,{len(model) + 1})", "case_code": code},
    }
    new["term"]["due_at"] = f"CASE m.stage WHEN 'district_eval' THEN {to_micros(each.due_at)} ELSE m.due_at END"
    for table, key in (("case_file", "code"), ("term", "case_code")):
        running = " AND status='running'" if table == "term" else ""
        names = [column.name for column in metadata.tables[table].columns]
        values = ",".join(new[table].get(name, f"m.{name}") for name in names)
        # The model is taken out first: looked for at every copy, it would be looked for among all copies made so far.
        model_rows = f"m AS MATERIALIZED (SELECT * FROM {table} WHERE {key}={mark}{running})"  # noqa: S608
        yield (
            f"WITH RECURSIVE {source}, {model_rows} INSERT INTO {table}({','.join(names)}) SELECT {values} FROM n CROSS JOIN m",  # noqa: S608
            (each.first, each.last, model),
        )


def _model(world: World) -> tuple[str, Trace]:
    """The model, and what the deferral of another dossier just like it writes."""
    model, like = world.filed("P1-01", FILED), world.filed("P1-02", FILED)
    world.sweep("2021-07-09 23:59")
    before = world.store.load_case(like, "")
    assert before is not None
    assert len(before.terms) == TERMS_EACH
    (term,) = (t for t in before.terms if t.stage == "district_eval")
    assert world.engine.expire(term)
    after, entry = world.store.load_case(like, ""), world.store.entry(like, before.case.head_seq + 1)
    assert after is not None
    assert entry is not None
    assert after.terms == ()
    return model, Trace(before.case, LoadedCase(after.case, (), None), entry, closes=True)


@contextmanager
def on_sqlite(folder: str | None = None) -> Iterator[Place]:
    """A file on a disk, removed afterwards."""
    path = Path(tempfile.mkdtemp(prefix="ocop-bench-", dir=folder)) / "sweep.db"
    url = f"sqlite:///{path}"
    try:
        migrate(url)
        with world_at(url) as world:
            model, trace = _model(world)
        found = sqlite_path(url)
        assert found is not None
        connection = connect(found, writer=True)
        connection.execute("PRAGMA synchronous=OFF")

        def run(text: str, values: Sequence[Any]) -> Any:
            return connection.execute(text, values)

        try:
            yield Place("sqlite", url, model, trace, run)
        finally:
            connection.close()
    finally:
        shutil.rmtree(path.parent)


@contextmanager
def on_postgresql(cluster: Cluster) -> Iterator[Place]:
    """A database of its own, dropped afterwards."""
    name = fresh_name("ocop_bench")
    try:
        cluster.ensure_application_role()
        migrate(cluster.create_database(name), app_role=APPLICATION)
        url = cluster.url(name, APPLICATION)
        with world_at(url) as world:
            model, trace = _model(world)
        with cluster.connect(name) as owner:

            def run(text: str, values: Sequence[Any]) -> Any:
                return owner.execute(text.encode(), values or None)

            yield Place("postgresql", url, model, trace, run)
    finally:
        cluster.drop_database(name)
