"""One process writes at a time on SQLite."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.api.terminal import done, ocop
from tests.api.test_refused_starts import ROOT, stops
from tests.support.databases import Database


@contextmanager
def another_writer(path: Path) -> Iterator[int]:
    """A process that holds the right to write, as a service does."""
    script = (
        "import sys; from workflow.store import open_store; s = open_store(sys.argv[1]); s.claim_writer();"
        " print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, f"sqlite:///{path}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "held\n"
        yield process.pid
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def test_a_second_writer_is_told_who_writes_and_may_still_read(small: Database):
    act = (
        "case",
        "register",
        "GAO-1",
        "--as",
        "sx-gao",
        *["-d", "kind=first", "-d", "novelty=new", "-d", "group=food", "-d", "origin=own_idea"],
    )
    done("doctor")
    with another_writer(Path(small.url.removeprefix("sqlite:///"))) as pid:
        stops("sqlite_second_writer", str(pid), commands=(("doctor",),))
        for language in ("vi", "en"):
            said = ocop(*act, "--lang", language)
            assert said.code == 1
            assert str(pid) in said.err
            assert str(pid) in ocop("migrate", "--lang", language).err
        done("case", "list")
        done("round", "show", "SB-2021-1")
    done(*act)
