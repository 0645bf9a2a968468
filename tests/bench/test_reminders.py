"""The benchmark of telling measures what it says: the letters are sent, and every figure has its floor."""

import pytest

from tests.bench.reminders import Size, measure
from tests.support.databases import chosen_kind

pytestmark = pytest.mark.database


def test_every_figure_is_measured_on_messages_that_are_really_sent():
    found = list(measure(chosen_kind(), Size(acts=2, people=5, turns=1)))
    assert [f.name for f in found] == [
        "file, which begins two deadlines", "steps planned with it", "messages made", "laid into inboxes", "letters by SMTP",
    ]  # fmt: skip
    assert all(f.ours > 0 for f in found)
    assert all(f.floor > 0 for f in found if f.unit != "steps/s")
