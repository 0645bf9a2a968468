"""One process writes at a time on SQLite: who serves, holds the right."""

import os
import subprocess
import sys

from tests.api.http.test_serving import ROOT, serving
from tests.support.databases import Database


def test_a_second_process_is_told_who_serves(database: Database):
    with serving(database, "--port", "0") as served:
        environment = {**os.environ, "OCOP_DATABASE_URL": database.url, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", "0"]
        second = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 1
        assert str(served.process.pid) in second.stderr
