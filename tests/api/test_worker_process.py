"""``ocop worker`` as a process of its own: both of its parts are heard of, a frozen one is seen, and ``ocop watch`` says what stands still."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from notifications.watch import POST, Trouble, look
from tests.api.terminal import ocop
from tests.api.test_refused_starts import ROOT
from tests.support.databases import Database
from tests.support.patience import PATIENCE, until
from workflow.store import open_store
from workflow.worker import heartbeats


@contextmanager
def _working(**more: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "worker", "--every", "0.2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **more},
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def _heard(url: str) -> set[bool]:
    """Which of the two parts has said that it is alive: the one that carries letters, or the other."""
    store = open_store(url, allow_unsafe=True)
    try:
        return {beat.worker.startswith(POST) for beat in heartbeats(store)}
    finally:
        store.close()


def _until_heard(url: str, process: subprocess.Popen[str]) -> None:
    def heard() -> bool:
        assert process.poll() is None, process.stdout and process.stdout.read()
        return _heard(url) == {True, False}

    until(heard, "both parts say that they are alive")


def test_both_parts_are_heard_of_and_once_frozen_both_are_seen_after_a_minute(real: Database):
    assert "Chưa có tiến trình nền" in ocop("watch").out
    with _working() as process:
        _until_heard(real.url, process)
        assert ocop("watch").code == 0
        process.send_signal(signal.SIGSTOP)
        store = open_store(real.url, allow_unsafe=True)
        try:
            now = datetime.now(UTC)
            silent = [f.trouble for f in look(store, now + timedelta(seconds=75))]
            assert look(store, now) == []
        finally:
            store.close()
        assert silent == [Trouble.WORKER_SILENT, Trouble.WORKER_SILENT]


def test_who_asks_before_it_has_begun_is_heard(real: Database):
    with _working() as process:
        assert process.stdout is not None
        assert "Đang chạy nền" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert "Đã dừng" in process.stdout.read()


def test_it_stops_when_asked_to_and_gives_the_database_back(real: Database):
    with _working() as process:
        _until_heard(real.url, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        said = process.stdout.read() if process.stdout else ""
        assert "Đã dừng" in said
    assert ocop("doctor").code == 0


def test_a_database_that_cannot_be_opened_is_what_stands_still(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setenv("OCOP_DATA_DIR", str(tmp_path))
    said = ocop("watch", "--json")
    assert (said.code, said.json["findings"][0]["trouble"]) == (1, "no_database")
