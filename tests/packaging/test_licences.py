"""The licence check lets through what may be used, and nothing that says nothing."""

import pytest

from tests.packaging.project import ROOT
from tests.support.licences import findings, is_allowed


@pytest.mark.parametrize("expression", ["MIT", "MIT OR GPL-3.0-only", "MPL-2.0 AND (Apache-2.0 OR MIT)", "(BSD-3-Clause)"])
def test_an_expression_that_allowed_licences_meet_is_allowed(expression: str):
    assert is_allowed(expression)


@pytest.mark.parametrize(
    "expression", ["", "UNKNOWN", "GPL-3.0-only", "AGPL-3.0-or-later", "MIT AND GPL-3.0-only", "MIT AND", "(MIT", "MIT MIT"]
)
def test_any_other_is_not(expression: str):
    assert not is_allowed(expression)


def test_what_this_environment_runs_with_may_be_used():
    pytest.importorskip("editables", reason="only an environment made from the locks can be judged")
    assert findings((ROOT / "requirements.lock").read_text(encoding="utf-8")) == []


def test_a_package_that_is_not_there_is_told():
    assert findings("no-such-package==1.0 \\\n") == ["no-such-package: not installed, so its licence is not known"]
