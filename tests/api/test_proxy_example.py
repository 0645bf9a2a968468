"""The proxy that the documents print has the program's own limits, and is the one that the campaign measures."""

import re
from pathlib import Path

from api.identity.connections import Limits
from api.serving import KEEP_ALIVE
from api.transport import BODY_SECONDS, MAX_BODY
from tests.support.edges import EXAMPLE, as_proxy

TEXT = EXAMPLE.read_text("utf-8")


def said(name: str) -> str:
    """The value of a directive."""
    found = re.findall(rf"^\s*{name} (.+);$", TEXT, re.MULTILINE)
    assert found, name
    return str(found[-1])


def test_its_limits_are_not_wider_than_the_programs_and_not_narrower_than_they_need_be():
    limits = Limits()
    assert said("client_header_timeout") == f"{limits.head_seconds:.0f}s"
    assert said("client_max_body_size") == f"{MAX_BODY // 1024**2}m"
    assert said("proxy_read_timeout") == f"{limits.request_seconds:.0f}s"
    assert said("limit_conn") == f"one_source {limits.of_one_source}"
    number, size = said("large_client_header_buffers").split()
    assert int(number) * int(size.removesuffix("k")) * 1024 == limits.head_bytes
    assert int(said("client_body_timeout").removesuffix("s")) < BODY_SECONDS
    assert said("proxy_request_buffering") == "off", "the program counts how long a body takes as a whole"


def test_it_never_uses_a_connection_that_the_program_is_about_to_close():
    assert int(re.findall(r"keepalive_timeout (\d+)s;", TEXT)[0]) < KEEP_ALIVE


def test_what_a_client_says_of_its_own_address_is_not_passed_on():
    for name, value in (
        ("X-Forwarded-For", "$remote_addr"), ("X-Forwarded-Proto", "$scheme"), ("Forwarded", '""'), ("X-Forwarded-Host", '""'),
        ("X-Request-Id", "$request_id"), ("Host", "$host"),
    ):  # fmt: skip
        assert f"proxy_set_header {name} {value};" in TEXT


def test_the_campaign_measures_this_file_but_for_ports_and_certificates():
    made = as_proxy(TEXT, Path("/tmp/x"), 8081, 8082)
    assert "listen 127.0.0.1:8081" in made
    assert "server 127.0.0.1:8082;" in made
    assert "ssl" not in "".join(line for line in made.splitlines() if not line.strip().startswith("#"))
    assert made.count("{") == made.count("}")
    kept = {line.strip() for line in made.splitlines()}
    changed = {line.strip() for line in TEXT.splitlines()} - kept
    assert all(line.startswith(("ssl_", "include ", "listen ", "server 127")) for line in changed), changed
