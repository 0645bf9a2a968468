"""The demonstration stopped at 9 July 2021 23:58, once a run, copied for each test; and browsers in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.bootstrap import Runtime, build_runtime
from api.serving import application
from api.settings import read_settings
from tests.api.conftest import copied, template_of, use
from tests.api.terminal import done
from tests.support import databases
from workflow.timebar import SEASONS, remember

collect_ignore = ["test_on_sqlite.py" if databases.chosen_kind() == "postgresql" else "test_on_postgresql.py"]


def _played() -> None:
    done("load", "season", str(SEASONS / "van-son.toml"), "--until", "2021-07-09T23:58")
    run = build_runtime(read_settings(), checked=True)
    remember(run.store, "van-son")
    run.close()


@pytest.fixture(scope="session")
def _eve_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | Path]:
    yield from template_of(tmp_path_factory.mktemp("eve"), _played)


@pytest.fixture
def eve(
    database: databases.Database, _eve_template: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[databases.Database]:
    """The province two minutes before the cut-off, in a database of this test's own."""
    with copied(_eve_template, tmp_path) as made:
        use(monkeypatch, made.url)
        yield made


@pytest.fixture
def run(eve: databases.Database) -> Iterator[Runtime]:
    """Its services."""
    opened = build_runtime(read_settings(), checked=True)
    yield opened
    opened.close()


@pytest.fixture
def browser(run: Runtime) -> Iterator[TestClient]:
    """A browser at its pages."""
    with TestClient(application(run, None), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000)) as client:
        yield client
