"""docs/api.md is walked as it is printed: by curl, against a server on loopback, from the idea to the certificate."""

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from api.app import PREFIX
from api.identity.totp import step_of
from tests.api.test_commands import LEAVES
from tests.packaging.project import ROOT
from tests.support.identity import house_at
from tests.support.world import LAW_OF_2026

TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
PEOPLE = {
    "ct-htx": "producer-P1", "cb-xa": "officer-N1", "tk-tinh": "secretary-VS", "ct-tinh": "authority-VS", "cb-tinh": "officer-VS",
}  # fmt: skip
"""The people of the document, and who they are in the invented province."""
AUTHENTICATOR = """#!/bin/sh
exec {python} -c 'import base64, sys; from api.identity.totp import code_at
print(code_at(base64.b32decode(sys.argv[1]), {step}))' "$3"
"""


def walk() -> str:
    """What the document has to be typed, with the people of the invented province."""
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE))
    for theirs, ours in PEOPLE.items():
        assert script.count(f"$(invite {theirs} ") == 1, theirs
        script = script.replace(f"$(invite {theirs} ", f"$(invite {ours} ")
    return script


def test_the_walk_of_the_document_ends_with_a_certificate(database_url: str, tmp_path: Path):
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("curl and bash are not installed, so the document is not walked")
    script = walk()
    assert script.count("send ") > 6
    with house_at(database_url, tmp_path / "data", "2026-05-22 08:00", public_url=None) as house:
        house.world.publish(LAW_OF_2026.read_text("utf-8"), unit="TW")
        house.world.move("2026-06-01 08:00")
        house.administrator()
        admin, _ = house.identity.tokens.create("admin-VS", "Làm thử", ["admin"], 7, decides=True)
        tools = tmp_path / "tools"
        tools.mkdir()
        authenticator = tools / "oathtool"
        authenticator.write_text(AUTHENTICATOR.format(python=sys.executable, step=step_of(house.clock.now())), "utf-8")
        authenticator.chmod(0o755)
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(house.app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.02)
            given = {
                "API": f"http://127.0.0.1:{listener.getsockname()[1]}{PREFIX}", "PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin",
                "PYTHONPATH": str(ROOT), "ADMIN": admin, "TODAY": "2026-06-01", "PRODUCT": "P1-01",
            }  # fmt: skip
            done = subprocess.run(
                ["bash", "-eu", "-c", script], env=given, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
            )
        finally:
            server.should_exit = True
            thread.join()
            listener.close()
        assert done.returncode == 0, done.stderr
        answers = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
        refused = [a for a in answers if a.get("status")]
        assert [(a["status"], bool(a["reasons"])) for a in refused] == [(409, True)], refused
        shown = next(a for a in answers if "deadlines" in a and "product" in a)
        assert (shown["state"], shown["version"]) == ("certified", 6)
        assert answers[-1]["items"][0]["stars"] == 4
        code = shown["code"]
        assert [e for e in house.world.events(code) if not e.startswith("!")] == [
            "register",
            "file",
            "forward",
            "conclude",
            "certify",
            "publish",
        ]
        hands = {entry.actor.id for entry in house.world.history(code) if entry.actor and entry.outcome == "done"}
        assert hands == set(PEOPLE.values()), "five people"
        deciding = house.identity.accounts.get("authority-VS")
        assert deciding.totp is not None, "who decides has shown a second factor"


def test_every_address_of_the_document_is_there(database_url: str, tmp_path: Path):
    with house_at(database_url, tmp_path) as house:
        described = set(house.app.openapi()["paths"])
    flat = {re.sub(r"\{\w+\}", "{}", path.removeprefix(PREFIX)) for path in described}
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    named = {
        re.sub(r"\{[^}]+\}", "{}", path) for row in rows for path in re.findall(r"[` ](/[a-z][a-z/{}\w-]*(?:\{[^}]*\}[/\w-]*)*)`", row)
    }
    named = {path for path in named if "…" not in path}
    assert len(named) > 10
    assert named <= flat, named - flat


ALONE = (
    "migrate", "serve", "worker", "watch", "tick", "doctor", "demo", "load season", "rehearsal run", "user create-admin", "log verify",
    "charts check", "plan diff", "help why",
)  # fmt: skip
"""What is for whoever runs the machine, or has to work while nothing is served."""


def test_every_command_has_its_address_or_is_for_the_command_line_alone(database_url: str, tmp_path: Path):
    with house_at(database_url, tmp_path) as house:
        paths = house.app.openapi()["paths"]
    there = {(method.upper(), re.sub(r"\{\w+\}", "{}", path.removeprefix(PREFIX))) for path, each in paths.items() for method in each}
    commands = {" ".join(path) for path in LEAVES}
    named: dict[str, list[tuple[str, str]]] = {}
    for line in TEXT.splitlines():
        if found := re.match(r"\| `ocop ([^`]+)` \| (.+) \|", line):
            named[found[1]] = [(m, re.sub(r"\{[^}]+\}", "{}", p)) for m, p in re.findall(r"`(GET|POST|PUT|DELETE) (/[^`?]*)`", found[2])]
    assert set(named) | set(ALONE) == commands
    assert not set(named) & set(ALONE)
    for command, addresses in named.items():
        assert addresses, command
        assert set(addresses) <= there, command
    alone = next(line for line in TEXT.splitlines() if line.startswith("**Chỉ có ở dòng lệnh**"))
    assert set(re.findall(r"`ocop ([^`]+)`", alone)) == set(ALONE)
