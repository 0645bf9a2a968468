"""The page of the description: from this house alone, under a strict policy, of files that are what they were when they were taken in."""

import hashlib
import re

from api.documentation import POLICY
from tests.packaging.project import ROOT
from tests.support.http import Http

STATIC = ROOT / "api" / "static"


def test_the_page_is_made_of_files_of_this_house(api: Http):
    page = api.get("/docs", None)
    assert page.status_code == 200
    assert page.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    linked = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(linked) == 5
    for path in linked:
        assert path.startswith("/static/"), path
        answer = api.get(path, None)
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] in {"text/css", "text/javascript", "application/javascript", "image/svg+xml"}
    assert not re.search(r"<script(?! src)|<style|\son\w+=", page.text), "nothing inline"


def test_what_was_taken_in_is_unchanged_and_has_its_licence():
    listed = dict(
        line.split("  ")[::-1] for line in (STATIC / "VENDORED.sha256").read_text("utf-8").splitlines() if not line.startswith("#")
    )
    folders = [STATIC / "swagger-ui", *(STATIC / "vendor").iterdir()]
    there = {path.relative_to(STATIC).as_posix() for folder in folders for path in folder.iterdir()}
    assert set(listed) == there
    assert {f"{folder.relative_to(STATIC).as_posix()}/LICENSE" for folder in folders} | {"swagger-ui/NOTICE"} <= there
    for name, digest in listed.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest, name


def test_our_own_script_prefills_what_every_write_needs_and_asks_nobody_else():
    script = (STATIC / "api.js").read_text("utf-8")
    for word in ("Idempotency-Key", "If-Match", "X-CSRF-Token", "requestInterceptor"):
        assert word in script
    assert "http://" not in script
    assert "https://" not in script


def test_no_path_leads_out_of_the_folder(api: Http):
    for path in (
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/static/swagger-ui",
        "/static/",
    ):
        assert api.get(path, None).status_code == 404, path
