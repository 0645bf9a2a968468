"""A browser for the whole folder, a served database for each module, and windows for each test, which are looked after at its end."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import browsers, databases, postgres
from tests.support.browsing import Desk, driven
from tests.support.installation import Installation, Process, installed, started

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = Path(os.environ.get("OCOP_TEST_PICTURES", "test-pictures"))
_DESK = pytest.StashKey[Desk]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every test here serves a database of a module's own, which the root's own rule cannot see, and the first of a module starts it."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.database)
            if config.pluginmanager.hasplugin("timeout"):
                item.add_marker(pytest.mark.timeout(300), append=False)


@pytest.fixture(scope="package")
def browser() -> Iterator["Browser"]:
    """The one browser of this run. It is closed where the folder is left, because what drives it holds the thread's event loop."""
    try:
        program = browsers.find_browser()
    except browsers.NoBrowser as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI=true: {error}")
        pytest.skip(str(error))
    with driven(program.path) as opened:
        yield opened


@pytest.fixture
def desk(browser: "Browser", request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Windows of this test. Whatever a page did that none may do fails the test."""
    made = request.node.stash[_DESK] = Desk(browser)
    yield made
    faults = made.faults()
    made.close()
    assert faults == []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    """Keep a picture of every window of a test that failed, and name it in the failure."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed and _DESK in item.stash:
        kind = databases.chosen_kind()
        taken = item.stash[_DESK].pictures(PICTURES, f"{item.path.stem}-{item.name}-{kind}")
        if taken:
            report.sections.append(("ảnh chụp · pictures", "\n".join(str(path.absolute()) for path in taken)))


Making = Callable[..., databases.Database]


@pytest.fixture(scope="module")
def _empty(_template: str | Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Making]:
    """Makes databases that last as long as the module: migrated ones, or such as a rehearsal makes for itself."""
    made: list[str] = []

    def make(*, blank: bool = False) -> databases.Database:
        folder = tmp_path_factory.mktemp("database")
        if isinstance(_template, Path):
            if blank:
                url = f"sqlite:///{folder / 'ocop.db'}"
                return databases.Database("sqlite", url, url)
            return databases.sqlite_copy(_template, folder / "ocop.db")
        cluster = postgres.Cluster(os.environ["OCOP_TEST_POSTGRES_URL"])
        made.append(postgres.fresh_name("ocop_browser"))
        if blank:
            owner = cluster.create_database(made[-1])
            return databases.Database("postgresql", cluster.url(made[-1], postgres.APPLICATION), owner)
        return databases.postgres_clone(cluster, _template, made[-1])

    yield make
    for name in made:
        postgres.Cluster(os.environ["OCOP_TEST_POSTGRES_URL"]).drop_database(name)


@pytest.fixture(scope="module")
def rehearsal(browser: "Browser", _empty: Making, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """``ocop rehearsal run`` on nothing: it makes its database and plays the demonstration to the evening of 9 July 2021."""
    with started(_empty(blank=True), tmp_path_factory.mktemp("rehearsal"), "rehearsal", "run", "--port", "0") as served:
        yield served


@pytest.fixture(scope="module")
def house(
    browser: "Browser", _empty: Making, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """An installation of the invented province, which the module's function ``fill`` has filled."""
    with installed(_empty(), tmp_path_factory.mktemp("house"), request.module.fill) as served:
        yield served
