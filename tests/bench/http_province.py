"""A province to serve: some dossiers on their laps, very many beside them, and everybody signed in.

The dossiers on their laps were made by the engine. Those beside them are copies of these rows, made by the database itself, so that a
hundred thousand take seconds; they have products and running deadlines, but no history of their own.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr

from api.bootstrap import Runtime, build_runtime
from api.identity.access_log import Asker
from api.identity.passwords import Hasher
from api.identity.service import build_identity
from api.identity.sessions import csrf_of
from api.settings import Settings
from tests.bench.http_clients import Lapping, SignedIn
from tests.bench.province import COMMUNES, NOW, prepare
from tests.bench.transitions import disk
from tests.support.postgres import APPLICATION, Cluster, fresh_name
from workflow.clock import ManualClock
from workflow.store import migrate, open_store
from workflow.store.sqlite_writer import connect
from workflow.store.tables import metadata
from workflow.store.urls import sqlite_path

LAPPING = 2_000
"""Dossiers that are acted on; all others are only there."""


@dataclass(frozen=True, slots=True)
class Served:
    """A prepared database: its address, its data folder, the dossiers to act on, and everybody's session by person."""

    url: str
    folder: Path
    dossiers: tuple[Lapping, ...]
    people: dict[str, SignedIn]


def runtime(url: str, folder: Path) -> Runtime:
    """The product on such a database, at the moment at which it was prepared."""
    return build_runtime(Settings(database_url=SecretStr(url), allow_unsafe=True, data_dir=folder), clock=ManualClock(NOW), checked=True)


@contextmanager
def prepared(database: str, cases: int) -> Iterator[Served]:
    """A database with so many cases, removed afterwards."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ocop-bench-", dir=disk()))
        stack.callback(shutil.rmtree, folder)
        if database == "sqlite":
            url = f"sqlite:///{folder / 'ocop.db'}"
            migrate(url)
        else:
            cluster, name = Cluster(os.environ["OCOP_TEST_POSTGRES_URL"]), fresh_name("ocop_bench")
            cluster.ensure_application_role()
            migrate(cluster.create_database(name), app_role=APPLICATION)
            stack.callback(cluster.drop_database, name)
            url = cluster.url(name, APPLICATION)
        lapping = min(cases, LAPPING)
        store = open_store(url, allow_unsafe=True)
        try:
            province = prepare(store, lapping)
            versions = {d.code: loaded.case.version for d in province.dossiers if (loaded := store.load_case(d.code, ""))}
        finally:
            store.close()
        if database == "sqlite":
            path = sqlite_path(url)
            assert path is not None
            connection = connect(path, writer=True)
            connection.execute("PRAGMA synchronous=OFF")
            _multiply(connection.execute, cases // lapping - 1)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
        else:
            with cluster.connect(name) as owner:
                _multiply(lambda text: owner.execute(text.encode()), cases // lapping - 1)
        dossiers = tuple(Lapping(d.code, d.commune, d.turn, versions[d.code]) for d in province.dossiers)
        yield Served(url, folder, dossiers, _signed_in(url, folder))


def _multiply(run: Callable[[str], Any], copies: int) -> None:
    """Copy every case with its product and its running deadlines so often."""
    again = {
        "product": {"code": "m.code||'-'||n.n", "name": "m.name||' '||n.n"},
        "case_file": {
            "code": "m.code||'-'||n.n", "command": "m.command||'-'||n.n", "product": "m.product||'-'||n.n", "open_product": "m.open_product||'-'||n.n",
        },
        "term": {"id": "m.case_code||'-'||n.n||substr(m.id,length(m.case_code)+1)", "case_code": "m.case_code||'-'||n.n"},
    }  # fmt: skip
    for table, new in again.items() if copies else ():
        names = [column.name for column in metadata.tables[table].columns]
        values = ",".join(new.get(name, f"m.{name}") for name in names)
        running = " WHERE m.status='running'" if table == "term" else ""
        numbers = f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM n WHERE n<{copies})"  # noqa: S608
        # All of a copy stand together, as cases do that were registered one after the other.
        run(f"{numbers} INSERT INTO {table}({','.join(names)}) SELECT {values} FROM n CROSS JOIN {table} m{running} ORDER BY n.n")  # noqa: S608
    run("ANALYZE")


def _signed_in(url: str, folder: Path) -> dict[str, SignedIn]:
    """A session for everybody."""
    run = runtime(url, folder)
    try:
        cheap = Hasher(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
        identity = build_identity(run, hasher=cheap)
        found = {}
        for person in ("cb-TW", *(f"{by}-X{number:03d}" for number in range(COMMUNES) for by in ("cb", "sx"))):
            identity.accounts.open_for(person, person.lower(), by=Asker("cb-TW", "cli"))
            id_, _ = identity.sessions.begin(person, via="session", strong=True, whole=True, source="127.0.0.1", agent="bench")
            found[person] = SignedIn(f"ocop={id_}", csrf_of(id_))
        return found
    finally:
        run.close()
