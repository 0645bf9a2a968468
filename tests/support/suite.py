"""Runs the suite on both databases and sums it up: ``python -m tests.support.suite [pytest's arguments]``.

On SQLite every test runs. On PostgreSQL those run that touch a database; the others have none to differ by. With ``CI=true`` a test that
did not run counts as a failure.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import util
from pathlib import Path
from types import FrameType

from tests.support import browsers
from tests.support.postgres import NoPostgres, provided

WORKERS = 2
NO_TESTS = 5
"""pytest's exit code if nothing was selected."""


@dataclass(slots=True)
class Result:
    """What one run of pytest came to."""

    database: str
    code: int
    counts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        return self.counts.get("passed", 0) + self.counts.get("xfailed", 0)

    @property
    def failed(self) -> int:
        """Failures and errors; a run that ended in any other way counts as one."""
        counted = self.counts.get("failed", 0) + self.counts.get("error", 0) + self.counts.get("xpassed", 0)
        return counted or int(self.code not in (0, NO_TESTS))

    @property
    def skipped(self) -> int:
        return self.counts.get("skipped", 0)


def run_pytest(database: str, arguments: Sequence[str], settings: dict[str, str]) -> Result:
    """Run pytest once, with its output on this terminal."""
    parallel = ["-n", str(WORKERS)] if util.find_spec("xdist") and not any(a.startswith(("-n", "--pdb")) for a in arguments) else []
    with tempfile.TemporaryDirectory(prefix="ocop-test-") as folder:
        report = Path(folder) / "report.json"
        environment = {**os.environ, **settings, "OCOP_TEST_DATABASE": database, "OCOP_TEST_REPORT": str(report)}
        command = [sys.executable, "-m", "pytest", "-W", "error", *parallel, *arguments]
        code = subprocess.run(command, env=environment, check=False).returncode
        found = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return Result(database, code, found.get("counts", {}), found.get("reasons", {}))


def conclude(results: Sequence[Result], missing: Sequence[str], *, complete: bool) -> tuple[list[str], int]:
    """The closing lines, the sum last, and the exit code.

    Args:
        results: One per database.
        missing: What could not be tried at all, and why.
        complete: Whether anything left out is a failure.
    """
    lines = [f"{r.database}: {r.passed} passed, {r.failed} failed, {r.skipped} skipped (pytest: {r.code})" for r in results]
    lines += [f"không chạy · not run, {r.database} ({number}): {reason}" for r in results for reason, number in r.reasons.items()]
    lines += [f"không chạy được · could not run: {words}" for words in missing]
    passed, failed, skipped = (sum(getattr(r, name) for r in results) for name in ("passed", "failed", "skipped"))
    left_out = skipped + len(missing)
    if complete and left_out:
        lines.append(f"CI=true: không được bỏ sót · nothing may be left out ({left_out})")
        failed += left_out
        skipped = 0
    lines.append(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    ran_nothing = not any(r.code != NO_TESTS for r in results)
    return lines, 1 if failed else NO_TESTS if ran_nothing else 0


@contextlib.contextmanager
def stopping_in_order() -> Iterator[None]:
    """Turn a request to terminate, or Ctrl-C, into an exit that stops what was started and shows no traceback."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def main(arguments: Sequence[str]) -> int:
    """Run on SQLite, then on PostgreSQL."""
    complete = os.environ.get("CI") == "true"
    missing: list[str] = []
    with stopping_in_order(), contextlib.ExitStack() as stack:
        # Server and browser are looked for first, so that an hour of tests does not end with the news that there is none.
        try:
            cluster = stack.enter_context(provided(with_apt=True))
        except NoPostgres as error:
            missing.append(f"PostgreSQL: {error}")
            cluster = None
        shared: dict[str, str] = {}
        try:
            shared[browsers.NAMED] = str(browsers.provided(with_apt=True).path)
        except browsers.NoBrowser as error:
            missing.append(f"trình duyệt · browser: {error}")
        results = [run_pytest("sqlite", arguments, shared)]
        if cluster is not None:
            settings = {**shared, "OCOP_TEST_POSTGRES_URL": cluster.address, "OCOP_TEST_SELECT": "database"}
            results.append(run_pytest("postgresql", arguments, settings))
    lines, code = conclude(results, missing, complete=complete)
    print("", *lines, sep="\n", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
