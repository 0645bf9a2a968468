"""Fixtures and habits of the whole suite.

Two variables choose what runs: ``OCOP_TEST_DATABASE`` (sqlite, the default, or postgresql) and ``OCOP_TEST_SELECT`` (``database`` for
only those tests that touch one). On PostgreSQL one server serves all workers: that of ``OCOP_TEST_POSTGRES_URL``, or one started here.
"""

import contextlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support import databases, postgres

SECONDS_PER_TEST = 120

# Two busy cores make a deadline per example a coin toss. With CI=true the examples are the same in every run, so that a red build means
# that the change is at fault; looking for new examples is what every other run does.
settings.register_profile("ocop", deadline=None, print_blob=True, derandomize=os.environ.get("CI") == "true")
settings.load_profile("ocop")

_RESOURCES = pytest.StashKey[contextlib.ExitStack]()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """Start what the run needs, once, before any worker is started."""
    if not config.pluginmanager.hasplugin("timeout"):
        config.addinivalue_line("markers", "timeout(seconds): a test's own time limit (without pytest-timeout there is none)")
    try:
        kind = databases.chosen_kind()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    resources = config.stash[_RESOURCES] = contextlib.ExitStack()
    if kind != "postgresql" or _is_worker(config) or config.option.collectonly:
        return
    try:
        cluster = resources.enter_context(postgres.provided())
    except postgres.NoPostgres as error:
        raise pytest.UsageError(str(error)) from error
    run = os.environ["OCOP_TEST_RUN"] = secrets.token_hex(4)
    os.environ["OCOP_TEST_POSTGRES_URL"] = cluster.address
    resources.callback(cluster.drop_database, databases.template_name(run))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give back what was started."""
    if _RESOURCES in config.stash:
        config.stash[_RESOURCES].close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that touch a database, give every test a time limit, and leave out what was not asked for."""
    for item in items:
        if "database" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.database)
        if config.pluginmanager.hasplugin("timeout") and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SECONDS_PER_TEST))
    if os.environ.get("OCOP_TEST_SELECT") == "database":
        left_out = [item for item in items if item.get_closest_marker("database") is None]
        items[:] = [item for item in items if item.get_closest_marker("database") is not None]
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which database it was and what did not run, in words, and leave the counts for the launcher."""
    stats: dict[str, list[Any]] = terminalreporter.stats
    reasons = Counter(_reason(report) for report in stats.get("skipped", []))
    terminalreporter.write_sep("-", f"cơ sở dữ liệu · database: {databases.chosen_kind()}")
    for reason, number in sorted(reasons.items()):
        terminalreporter.write_line(f"không chạy · not run ({number}): {reason}")
    path = os.environ.get("OCOP_TEST_REPORT")
    if path:
        counts = {name: len(stats.get(name, [])) for name in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")}
        Path(path).write_text(json.dumps({"counts": counts, "reasons": reasons}), encoding="utf-8")


def _reason(report: Any) -> str:
    """The words of a skip, which pytest keeps as a triple of file, line and text."""
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return words.removeprefix("Skipped: ")


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> str | Path:
    """The migrated database that each test gets a copy of: a file on SQLite, a database name on PostgreSQL."""
    from workflow.store import migrate  # noqa: PLC0415 (tests of the inner rooms need no store, nor the time that it takes to import)

    if databases.chosen_kind() == "sqlite":
        return databases.sqlite_template(tmp_path_factory.mktemp("template"), migrate)
    cluster = postgres.Cluster(os.environ["OCOP_TEST_POSTGRES_URL"])
    return databases.postgres_template(cluster, os.environ["OCOP_TEST_RUN"], migrate)


@pytest.fixture
def database(_template: str | Path, tmp_path: Path) -> Iterator[databases.Database]:
    """A migrated, empty database of the chosen kind, for this test alone."""
    if isinstance(_template, Path):
        yield databases.sqlite_copy(_template, tmp_path / "ocop.db")
        return
    cluster = postgres.Cluster(os.environ["OCOP_TEST_POSTGRES_URL"])
    name = postgres.fresh_name("ocop_test")
    try:
        yield databases.postgres_clone(cluster, _template, name)
    finally:
        cluster.drop_database(name)


@pytest.fixture
def database_url(database: databases.Database) -> str:
    """Address of this test's database as the running service gets it (on PostgreSQL: of the application role)."""
    return database.url


@pytest.fixture
def owner_url(database: databases.Database) -> str:
    """Address of this test's database for its owner, who may migrate."""
    return database.owner_url
