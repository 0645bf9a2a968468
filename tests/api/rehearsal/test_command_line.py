"""``ocop rehearsal run`` keeps what is there and stops in order; ``jump`` says what happened."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from api.bootstrap import Runtime, build_runtime
from api.cli import rehearse
from api.cli.context import ctx
from api.settings import read_settings
from tests.api.terminal import done, ocop, refused
from tests.support.databases import Database
from tests.support.patience import until
from workflow.store import migrate
from workflow.timebar import shipped

ROOT = Path(__file__).parents[3]


def test_a_jump_says_what_it_brought(eve: Database):
    said = done("rehearsal", "jump", "PT3M", "--json").json
    assert said["now"].startswith("2021-07-10T00:01")
    assert "VS-2021-0005" in said["deferred"]
    again = done("rehearsal", "jump", "PT2M")
    assert "00:03 thứ Bảy, 10/07/2021" in again.out
    assert "0 việc khác" in again.out


def test_the_clock_is_moved_by_the_time_bar_with_its_telling_and_its_limit(eve: Database):
    moved = done("rehearsal", "clock", "2021-07-12T08:00", "--json").json
    assert (moved["now"], moved["fired"]) == ("2021-07-12T08:00:00+07:00", 14)
    assert len(moved["deferred"]) == 14
    assert moved["told"] > 14, "whoever has to know is told on the way"
    far = ocop("rehearsal", "clock", "2022-08-17T08:00")
    assert (far.code, "400 ngày" in far.all) == (2, True)
    back = ocop("rehearsal", "clock", "2021-07-12T07:59")
    assert (back.code, "không lùi" in back.all) == (2, True)
    played = done("rehearsal", "clock", "2021-08-02T09:00", "--colleagues", "--json").json
    assert played["played"] > 0
    assert done("rehearsal", "clock", "--json").json["now"] == "2021-08-02T09:00:00+07:00"


def test_while_the_clock_is_moved_elsewhere_neither_the_clock_nor_a_sweep_goes_on(eve: Database, run: Runtime):
    with run.store.exclusive("time-bar"):
        for command in (("clock", "2021-07-12T08:00"), ("jump", "PT2M")):
            said = ocop("rehearsal", *command)
            assert (said.code, "đang được đẩy" in said.all) == (1, True), said.all
    assert done("rehearsal", "clock", "2021-07-12T08:00").out


@pytest.mark.parametrize(("span", "words"), [("2 phút", "không phải khoảng thời gian"), ("P401D", "400 ngày")])
def test_a_jump_that_makes_no_sense_is_refused(eve: Database, span: str, words: str):
    said = ocop("rehearsal", "jump", span)
    assert (said.code, words in said.all) == (2, True)


def test_what_to_try_first_goes_by_the_clock(eve: Database):
    def welcome() -> str:
        run = build_runtime(read_settings())
        try:
            with ctx.out.capture() as said:
                rehearse._welcome(run, "http://127.0.0.1:8000")
        finally:
            run.close()
        return said.get()

    assert "Thử trước tiên" in welcome()
    done("rehearsal", "jump", "PT3M")
    assert "Thử trước tiên" not in welcome()
    assert "Diễn tiếp" in welcome()


def test_a_real_database_is_neither_run_nor_jumped(real: Database):
    assert "không phải bản tập huấn" in refused("rehearsal", "jump", "PT2M").all
    assert refused("rehearsal", "run", "--port", "0").code == 1


def test_a_demonstration_that_was_broken_off_is_played_to_its_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    url = f"sqlite:///{tmp_path / 'broken.db'}"
    migrate(url, rehearsal=True)
    monkeypatch.setenv("OCOP_DATABASE_URL", url)
    monkeypatch.setattr(rehearse, "EVE", "2020-03-01T08:00")
    run = build_runtime(read_settings(), checked=True)
    try:
        assert run.store.last_recorded() is None
        rehearse._make_ready(run)
        early = run.store.log_state().size
        assert run.clock.now() > shipped("van-son").start
        rehearse._make_ready(run)
        assert run.store.log_state().size == early, "it is there"
        monkeypatch.setattr(rehearse, "EVE", "2020-04-01T08:00")
        rehearse._make_ready(run)
        assert run.store.log_state().size > early
    finally:
        run.close()


def test_what_is_there_is_served_as_it_is_and_stops_at_control_c(eve: Database):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "OCOP_OWNER_URL": eve.owner_url}
    command = [sys.executable, "-c", "from api.cli import main; main()", "rehearsal", "run", "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        found = re.search(r"http://[\d.:]+", said)
        assert found

        def answers() -> bool:
            with contextlib.suppress(httpx2.TransportError):
                return httpx2.get(f"{found[0]}/livez").status_code == 200
            return False

        until(answers, "nobody answers")
        assert re.search(r"http://127\.0\.0\.1:\d+/rehearsal", said)
        assert "23:58 thứ Sáu, 09/07/2021" in said
        assert "Đã diễn" not in said, "a second run keeps the data"
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(timeout=30) == 0
        assert "Đã dừng." in rest
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
