"""Workers killed while they carry 2,000 reminders away: none may be lost. ``python3 dev.py campaign reminders``.

The mail server is a real one on loopback, the workers are processes of their own, and each is killed with SIGKILL: after it claimed a page,
after it noted what leaves, after the server's 250, before and after the commit that acknowledges, or at any moment. See
:mod:`tests.support.relaying`. It ends with 1 where anybody got nothing, or a copy that nothing stands for.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.support.postgres import APPLICATION, Cluster, fresh_name
from tests.support.relaying import killed_at_work, prepare, serving
from workflow.store import migrate


@contextmanager
def place(database: str) -> Iterator[str]:
    """Address of an empty database."""
    if database == "sqlite":
        folder = tempfile.mkdtemp(prefix="ocop-campaign-")
        try:
            url = f"sqlite:///{Path(folder) / 'ocop.db'}"
            migrate(url)
            yield url
        finally:
            shutil.rmtree(folder)
        return
    cluster, name = Cluster(os.environ["OCOP_TEST_POSTGRES_URL"]), fresh_name("ocop_campaign")
    cluster.ensure_application_role()
    try:
        migrate(cluster.create_database(name), app_role=APPLICATION)
        yield cluster.url(name, APPLICATION)
    finally:
        cluster.drop_database(name)


def main(arguments: Sequence[str]) -> int:
    """Run and print; 1 where a letter was lost or a copy has no cause."""
    parser = argparse.ArgumentParser(prog="dev.py campaign reminders", description="Reminders under kills.")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--letters", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    asked = parser.parse_args(arguments)
    databases = [asked.only] if asked.only else ["sqlite", "postgresql"]
    if "postgresql" in databases and not os.environ.get("OCOP_TEST_POSTGRES_URL"):
        print("không có PostgreSQL · without PostgreSQL", file=sys.stderr)
        databases.remove("postgresql")
    print(f"seed {asked.seed}", file=sys.stderr)
    well, found = True, {}
    for database in databases:
        began = time.perf_counter()
        with place(database) as url, serving() as server:
            letters = prepare(url, asked.letters)
            run = killed_at_work(url, server, letters, asked.kills, asked.seed)
        well &= not run.lost and not run.unexplained and sum(run.kills.values()) == asked.kills
        found[database] = asdict(run)
        if not asked.json:
            print(
                f"{database}: {run.letters:,} letters, {sum(run.kills.values())} kills, {len(run.lost)} lost, {run.extra} extra copies, "
                f"{len(run.unexplained)} unexplained, {run.doubts} doubts counted, {time.perf_counter() - began:.0f} s"
            )
            print("  " + ", ".join(f"{where} {count}" for where, count in sorted(run.kills.items())), flush=True)
    if asked.json:
        print(json.dumps(found, indent=1))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
