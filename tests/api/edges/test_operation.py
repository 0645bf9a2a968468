"""A process that serves a real installation: stopped in the middle of an act, without its database, without room, without its folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.api.http.test_serving import ROOT
from tests.api.terminal import done, ocop
from tests.support.databases import Database
from tests.support.http import IDEA
from tests.support.identity import House
from tests.support.patience import until
from tests.support.served_house import installed
from tests.support.sockets import GO_ON, answered
from workflow.store import open_store

LIMIT = 10
"""Seconds that a stop may take: the server's own grace."""


def test_an_act_under_way_is_finished_nobody_new_is_let_in_and_the_process_ends(database: Database, tmp_path: Path):
    with installed(database, tmp_path) as house:
        body = json.dumps({"product": "P1-01", **IDEA}).encode()
        head = (
            f"POST /api/v1/cases HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {house.token}\r\nIdempotency-Key: k\r\n"
            f"X-Request-Id: the-last-act-1\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        port = house.port
        with socket.create_connection(("127.0.0.1", port), timeout=20) as slow:
            slow.sendall(head.encode())
            assert slow.recv(len(GO_ON), socket.MSG_WAITALL) == GO_ON, "the act is under way"
            slow.sendall(body[:20])
            began = time.monotonic()
            house.served.process.send_signal(signal.SIGTERM)
            until(lambda: not let_in(port), "nobody new is let in")
            slow.sendall(body[20:])
            status, answer = answered(slow)
            assert status == 201, answer
        assert house.served.process.wait(timeout=LIMIT) == 0
        assert time.monotonic() - began < LIMIT
        assert house.served.process.stderr is not None
        logged = [json.loads(line) for line in house.served.process.stderr.read().splitlines()]
        assert [line["status"] for line in logged if line.get("request") == "the-last-act-1"] == [201]
    store = open_store(database.url, allow_unsafe=True)
    try:
        code = json.loads(answer)["case"]["code"]
        [entry] = list(store.entries(code))
        assert '"request":"the-last-act-1"' in entry.body, "the line of the log is found again in the history"
    finally:
        store.close()


def let_in(port: int) -> bool:
    """Whether somebody new is answered."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as late:
            late.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
            return late.recv(10) != b""
    except OSError:
        return False


def test_a_client_that_never_ends_its_request_does_not_keep_the_process(database: Database, tmp_path: Path):
    with installed(database, tmp_path) as house, socket.create_connection(("127.0.0.1", house.port), timeout=20) as slow:
        slow.sendall(b"POST /api/v1/cases HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.3)
        house.served.process.send_signal(signal.SIGTERM)
        assert house.served.process.wait(timeout=LIMIT + 5) == 0


def test_no_database_no_account_and_no_way_in_by_default(house: House):
    """Whatever is usual elsewhere: a fresh installation knows nobody."""
    assert house.identity.accounts.all() == {}
    usual = ("admin", "administrator", "root", "ocop", "guest", "test", "user", "quantri", "postgres", "demo")
    for number, login in enumerate(usual):
        for word in ("", login, "admin", "password", "123456", "changeme", "ocop", f"{login}@123"):
            browser = house.browser(f"10.9.{number}.{len(word)}")
            assert browser.post("session", {"login": login, "password": word}).status_code in {401, 422, 429}
    assert house.identity.accounts.all() == {}


def run(folder: Path | str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.upper().startswith("OCOP_")}
    environment |= {"OCOP_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **settings}
    command = [sys.executable, "-c", "from api.cli import main; main()", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


UNWRITABLE = "/proc/ocop/data"
"""Nobody makes a folder there, not even who may do everything else."""


def test_a_folder_that_cannot_be_written_is_told_with_its_place(database: Database):
    served = {"OCOP_DATABASE_URL": database.url, "OCOP_ALLOW_UNSAFE": "true"}
    for words, settings in (
        (("migrate",), {}),
        (("serve", "--port", "0"), served),
        (("serve", "--port", "0"), {**served, "OCOP_PUBLIC_URL": "https://ocop.example.test"}),
    ):
        if database.kind == "postgresql" and "OCOP_PUBLIC_URL" in settings:
            continue
        said = run(UNWRITABLE, *words, **settings)
        assert said.returncode == 1, (words, said)
        assert "Traceback" not in said.stderr, said.stderr
        assert UNWRITABLE in said.stderr, said.stderr
        assert "không" in said.stderr.lower()


def test_the_folder_is_made_and_the_place_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "nơi dữ liệu"
    monkeypatch.delenv("OCOP_DATABASE_URL", raising=False)
    monkeypatch.setenv("OCOP_DATA_DIR", str(folder))
    said = done("migrate")
    assert str(folder) in said.all.replace("\n", "")
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "ocop.db").stat().st_mode & 0o077 == 0
    again = ocop("migrate")
    assert again.code == 0
