"""The rules of the house hold, and would be seen to be broken."""

import pytest

from tests.packaging.project import rooms_on_disk
from tests.support.house_rules import findings, findings_in

ENVIRONMENT = "the environment is read in api/settings.py only"
CLOCK = "the clock is read in workflow/clock.py only"
COMMIT = "only workflow/store commits"


def test_the_rooms_keep_the_rules():
    assert [str(found) for found in findings_in(rooms_on_disk())] == []


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("import os\nhome = os.environ['HOME']", ENVIRONMENT),
        ("import os as system\nhome = system.getenv('HOME')", ENVIRONMENT),
        ("from os import environ\nhome = environ.get('HOME')", ENVIRONMENT),
        ("from os import getenv as get\nhome = get('HOME')", ENVIRONMENT),
        ("import datetime\nnow = datetime.datetime.now(datetime.UTC)", CLOCK),
        ("from datetime import datetime, UTC\nnow = datetime.now(UTC)", CLOCK),
        ("from datetime import datetime as dt\nnow = dt.utcnow()", CLOCK),
        ("from datetime import date\ntoday = date.today()", CLOCK),
        ("import time\nnow = time.time()", CLOCK),
        ("from time import time_ns\nnow = time_ns()", CLOCK),
        ("from datetime import datetime\nfrom pydantic import Field\nat = Field(default_factory=datetime.now)", CLOCK),
        ("def save(session):\n    session.commit()", COMMIT),
        ("def save(self):\n    self.engine.connection.commit()", COMMIT),
    ],
)
def test_a_planted_violation_is_found(source: str, rule: str):
    assert [found.words for found in findings("workflow/casework.py", source)] == [rule]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("api/settings.py", "import os\nhome = os.environ['HOME']"),
        ("workflow/clock.py", "from datetime import datetime, UTC\nnow = datetime.now(UTC)"),
        ("workflow/store/unit.py", "def save(session):\n    session.commit()"),
        ("workflow/casework.py", "import time\nbegun = time.monotonic()"),
        ("workflow/casework.py", "def perform(clock):\n    return clock.now()"),
        ("workflow/ledger.py", "def commitments(entry):\n    return entry.commit"),
        ("deadlines/calendar.py", "from datetime import date, datetime\nday = date(2021, 7, 9)\nat = datetime.fromisoformat('2021-07-09')"),
    ],
)
def test_each_thing_may_be_done_in_its_own_place(path: str, source: str):
    assert list(findings(path, source)) == []


def test_a_file_that_grew_too_long_is_found():
    assert [found.words[:9] for found in findings("states/chart.py", "x = 1\n" * 401)] == ["401 lines"]
