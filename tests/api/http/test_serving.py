"""A serving process as it is started: address, health, figures, logs, limits on time, and a graceful stop."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.readiness import Readiness
from states.errors import StoreUnsafe
from tests.api.conftest import owner_of
from tests.support.databases import Database
from tests.support.http import Http, http_at
from tests.support.patience import PATIENCE, until
from tests.support.sockets import GO_ON, answered

ROOT = Path(__file__).parents[3]


@dataclass
class Served:
    """A process that serves."""

    process: subprocess.Popen[str]
    address: str
    said: list[str]

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self.address}{path}", timeout=20)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def serving(database: Database, *words: str, lines: int = 1, **settings: str) -> Iterator[Served]:
    environment = {k: v for k, v in os.environ.items() if not k.upper().startswith("OCOP_") or k.startswith("OCOP_TEST")}
    environment |= {
        "OCOP_DATABASE_URL": database.url,
        "OCOP_ALLOW_UNSAFE": "true",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve", *words]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = [process.stdout.readline() for _ in range(lines)]
        found = re.search(r"http://\S+", " ".join(said))
        assert found, (said, process.stderr.read() if process.poll() is not None and process.stderr else "")
        served = Served(process, found[0], said)
        _until_alive(served)
        yield served
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _until_alive(served: Served) -> None:
    def answers() -> bool:
        try:
            return served.get("/livez").status_code == 200
        except httpx2.TransportError:
            return False

    until(answers, "nobody answers")


def test_a_process_serves_sweeps_logs_and_stops_in_order(database: Database):
    with serving(database, "--port", "0") as served:
        assert database.url.split("/")[-1].split("?")[0] in served.said[0]
        assert "ocop_app" not in served.said[0], "where the data lies is told, never a password"
        ready = served.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ok", "checks": {"database": "ok", "worker": "ok"}})
        assert "ocop_deadlines_due 0.0" in served.get("/metrics").text
        refused = served.get("/api/v1/cases?q=a%0d%0aforged")
        assert refused.status_code == 401
        assert "server" not in refused.headers
        assert served.stop() == 0
        assert served.process.stderr is not None
        logged = [json.loads(line) for line in served.process.stderr.read().splitlines()]
        mine = [line for line in logged if line.get("request") == refused.json()["request"]]
        assert [(line["event"], line["status"], line["path"]) for line in mine] == [("request", 401, "/api/v1/cases")]


def test_a_busy_port_gives_way_to_the_next_and_it_is_said(database: Database):
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        with serving(database, "--port", str(port), lines=2) as served:
            assert str(port) in served.said[0]
            assert f":{port}" not in served.address


def test_a_worker_may_be_left_to_another_process(database: Database):
    with serving(database, "--port", "0", "--no-worker", lines=2) as served:
        assert served.get("/readyz").json()["checks"] == {"database": "ok"}


def test_an_address_that_is_not_ours_is_refused_in_words():
    from api.serving import listening  # noqa: PLC0415

    with pytest.raises(StoreUnsafe) as refused:
        listening("192.0.2.1", 8000)
    assert refused.value.code == "port_unavailable"


def test_a_request_under_way_is_answered_before_the_process_ends(database: Database):
    with serving(database, "--port", "0") as served:
        host, _, port = served.address.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=20) as slow:
            slow.sendall(
                b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            )
            assert slow.recv(len(GO_ON), socket.MSG_WAITALL) == GO_ON, "the request is under way"
            served.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            slow.sendall(b"{}")
            assert 400 <= answered(slow)[0] < 500
        assert served.process.wait(timeout=30) == 0


# In process.


def test_a_body_that_never_comes_to_an_end_is_cut_off(database_url: str):
    def drip() -> Iterator[bytes]:
        yield b"{"
        time.sleep(0.05)

    with http_at(database_url, body_seconds=0.0) as api:
        answer = api.send(
            "POST", "cases", "producer-P1", content=drip(), headers={"Content-Type": "application/json", "Idempotency-Key": "k"}
        )
        assert (answer.status_code, answer.json()["code"]) == (408, "too_slow")


def test_a_body_that_says_nothing_of_its_size_is_counted(database_url: str):
    def endless() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b" " * 10_000

    with http_at(database_url, max_body=100_000) as api:
        answer = api.send("POST", "cases", "producer-P1", content=endless(), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_not_ready_without_a_database(api: Http, monkeypatch: pytest.MonkeyPatch):
    def gone(*_: Any) -> Any:
        raise StoreUnsafe("database_unavailable", reason="gone")

    monkeypatch.setattr(api.runtime.store, "registry_epoch", gone)
    answer = api.get("/readyz", None)
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "database_unavailable")
    assert api.get("/livez", None).status_code == 200


def test_not_ready_while_the_database_does_not_answer_and_nobody_is_kept_waiting():
    goes_on, looks = threading.Event(), []

    def look() -> dict[str, str]:
        looks.append(1)
        goes_on.wait()
        return {"database": "ok"}

    ready = Readiness(look, seconds=0.01)
    assert [ready.checks() for _ in range(3)] == [{"database": "silent"}] * 3
    until(lambda: bool(looks), "the look has begun")
    assert len(looks) == 1, "those who ask meanwhile begin no other"
    goes_on.set()
    until(lambda: ready.checks() == {"database": "ok"}, "it answers again")


def test_not_ready_once_the_database_is_of_another_version(api: Http, database: Database):
    owner = owner_of(database)
    owner("UPDATE alembic_version SET version_num='1'||version_num")
    answer = api.get("/readyz", None)
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "schema_other_revision")
    owner("UPDATE alembic_version SET version_num=substr(version_num,2)")
    assert api.get("/readyz", None).status_code == 200


def test_the_head_of_an_answer_can_be_asked_for_wherever_the_whole_can(api: Http):
    code = api.world.registered("P1-01")
    for path, by in (
        (f"cases/{code}", "officer-VS"),
        ("cases", "officer-VS"),
        ("cases/none", "officer-VS"),
        ("cases", None),
        ("/livez", None),
    ):
        whole, head = api.get(path, by), api.send("HEAD", path, by)
        assert (head.status_code, head.content) == (whole.status_code, b"")
        assert head.headers.get("etag") == whole.headers.get("etag")
        assert head.headers["content-length"] == whole.headers["content-length"]
    assert api.send("HEAD", f"cases/{code}/actions/select").status_code == 405
    assert 'ocop_http_requests_total{method="HEAD",status="200"} 3.0' in api.get("/metrics", None).text


def test_the_figures_count_cases_and_what_is_due(api: Http):
    api.world.filed("P1-01", "2021-02-01 08:00")
    api.world.registered("P1-02")
    api.world.move("2021-07-10 01:00")
    api.send("BREW", "cases")
    text = api.get("/metrics", None).text
    for line in (
        'ocop_cases{state="district_evaluation"} 1.0', 'ocop_cases{state="idea_registered"} 1.0', "ocop_deadlines_due 1.0",
        "ocop_deadlines_lag_seconds 3600.0", 'ocop_http_requests_total{method="other",status="405"} 1.0',
    ):  # fmt: skip
        assert line in text, line


def test_a_worker_that_fell_silent_makes_the_process_unready(api: Http):
    api.client.app.state.embedded = "here:1"  # type: ignore[attr-defined]
    assert api.get("/readyz", None).json()["checks"]["worker"] == "silent"


def test_the_carrier_and_the_worker_go_on_after_a_fault(api: Http, monkeypatch: pytest.MonkeyPatch):
    from datetime import timedelta  # noqa: PLC0415

    from api.background import Carrier, Embedded  # noqa: PLC0415

    code = api.world.registered("P1-01")
    store = api.runtime.store
    running, failed = store.bulk_running, threading.Event()

    def once() -> Any:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("a fault")
        return running()

    monkeypatch.setattr(store, "bulk_running", once)
    carrier = Carrier(api.runtime)
    carrier.start()
    api.client.app.state.wake = carrier.wake  # type: ignore[attr-defined]
    body = {"event": "select", "cases": [{"case": code}], "payload": {"document_no": "3/TB", "document_date": "2021-01-11"}}
    began = api.post("bulk-operations", "authority-H1", body).json()["id"]
    until(lambda: api.get(f"bulk-operations/{began}", "authority-H1").json()["state"] == "done", "it is carried on")
    carrier.stop()
    assert api.get(f"bulk-operations/{began}", "authority-H1").json()["counts"] == {"moved": 1}
    embedded = Embedded(api.runtime, "here:1", timedelta(seconds=60))
    api.client.app.state.embedded = embedded.name  # type: ignore[attr-defined]
    embedded.start()
    embedded.stop()
    assert api.get("/readyz", None).json()["checks"]["worker"] == "ok"


def test_in_a_rehearsal_neither_a_clock_that_stands_nor_one_that_is_moved_is_a_jump(api: Http):
    from dataclasses import replace  # noqa: PLC0415
    from datetime import timedelta  # noqa: PLC0415

    from api.background import Embedded  # noqa: PLC0415
    from workflow.worker import heartbeats  # noqa: PLC0415

    code = api.world.filed("P1-01", "2021-02-01 08:00")
    embedded = Embedded(replace(api.runtime, rehearsal=True), "here:1", timedelta(seconds=60))
    for moment in ("2021-02-01 08:00", "2021-07-10 08:00"):
        api.world.move(moment)
        embedded._beat()
        time.sleep(0.01)
        embedded._beat()
    assert [beat.paused for beat in heartbeats(api.runtime.store)] == [None]
    assert str(api.world.state(code)) == "deferred", "the date that was passed by moving the clock was written"


def test_a_signal_that_comes_before_the_server_runs_is_heard(database: Database):
    environment = {**os.environ, "OCOP_DATABASE_URL": database.url, "OCOP_ALLOW_UNSAFE": "true", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-u", "-c", "from api.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert "http://" in process.stdout.readline()
        # The address is printed before the server has begun: whoever stops it at this moment is not left with a process that runs on.
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0
