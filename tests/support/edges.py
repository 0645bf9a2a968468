"""Clients that behave badly on purpose, within bounds of number and time, and on loopback alone; and the proxy that stands in front.

Whoever attacks comes from another loopback address than everybody else, because limits by address have to tell them apart.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "nginx.conf"
ATTACKER = "127.0.0.2"
_DRIP = 1.0
_TOO_LONG = 45.0


@dataclass(slots=True)
class Held:
    """How long connections were held, in seconds, and what they were answered."""

    seconds: list[float] = field(default_factory=list)
    answered: dict[str, int] = field(default_factory=dict)
    open: int = 0

    def closed(self, seconds: float, status: str) -> None:
        """One came to its end."""
        self.seconds.append(seconds)
        self.answered[status] = self.answered.get(status, 0) + 1


async def _drip(port: int, begin: bytes, more: Callable[[int], bytes], held: Held, until: float) -> None:
    began = time.monotonic()
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port, local_addr=(ATTACKER, 0)), 20)
    except (OSError, TimeoutError):
        held.closed(time.monotonic() - began, "refused")
        return
    held.open += 1
    answer = b""

    async def listening() -> None:
        nonlocal answer
        while part := await reader.read(65_536):
            answer = (answer + part)[:200]

    ear = asyncio.ensure_future(listening())
    try:
        writer.write(begin)
        number = 0
        while time.monotonic() < until and not ear.done():
            await asyncio.wait([ear], timeout=_DRIP)
            if not ear.done():
                writer.write(more(number))
                number += 1
        status = answer[9:12].decode() or "cut" if ear.done() else "still open"
        held.closed(time.monotonic() - began, status)
    finally:
        ear.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await ear
        with suppress(OSError):
            writer.transport.abort()


def drip(port: int, connections: int, begin: bytes, more: Callable[[int], bytes], seconds: float = _TOO_LONG) -> Held:
    """So many connections that say a little every second until they are cut off, for so long at most."""

    async def all_of_them() -> Held:
        held = Held()
        until = time.monotonic() + seconds
        await asyncio.gather(*(_drip(port, begin, more, held, until) for _ in range(connections)))
        return held

    return asyncio.run(all_of_them())


def slow_heads(port: int, connections: int) -> Held:
    """Headers without an end, one a second."""
    return drip(port, connections, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", lambda n: b"X-%d: 1\r\n" % n)


def slow_bodies(port: int, connections: int, head: str) -> Held:
    """Bodies of a thousand signs, one a second."""
    begin = f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode()
    return drip(port, connections, begin, lambda _: b" ")


def once(port: int, begin: bytes, parts: Iterable[bytes] = (), seconds: float = _TOO_LONG) -> tuple[str, float]:
    """The status that one large request is answered with, and after how many seconds the connection came to its end."""

    async def sent() -> tuple[str, float]:
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(ATTACKER, 0))
        answer = b""

        async def saying() -> None:
            with suppress(OSError):
                for part in (begin, *parts):
                    writer.write(part)
                    await writer.drain()

        mouth = asyncio.ensure_future(saying())
        try:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(seconds):
                    while part := await reader.read(65_536):
                        answer = (answer + part)[:200]
        finally:
            mouth.cancel()
            with suppress(asyncio.CancelledError):
                await mouth
            writer.transport.abort()
        return answer[9:12].decode() or "cut", time.monotonic() - began

    return asyncio.run(sent())


# The proxy.


def as_proxy(example: str, folder: Path, listen: int, upstream: int) -> str:
    """The example for an unprivileged port without TLS; everything else as it is printed."""
    lines = []
    for line in example.splitlines():
        told = line.strip()
        if told.startswith(("ssl_", "include ")):
            continue
        lines.append(
            line.replace("listen 443 ssl;", f"listen 127.0.0.1:{listen} backlog=4096;").replace(
                "server 127.0.0.1:8000;", f"server 127.0.0.1:{upstream};"
            )
        )
    places = "".join(
        f"    {name}_temp_path {folder / name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    ) + "    access_log off;\n"  # fmt: skip
    head = f"daemon off;\npid {folder / 'nginx.pid'};\nerror_log {folder / 'error.log'};\n"
    return head + "\n".join(lines).replace("http {\n", f"http {{\n{places}", 1) + "\n"


def proxy_program() -> str | None:
    """nginx, where this machine has it."""
    return shutil.which("nginx") or next((str(p) for p in (Path("/usr/sbin/nginx"),) if p.exists()), None)


@contextmanager
def proxied(program: str, folder: Path, listen: int, upstream: int) -> Iterator[int]:
    """The example's proxy on a port, ended by its own process id."""
    path = folder / "nginx.conf"
    path.write_text(as_proxy(EXAMPLE.read_text("utf-8"), folder, listen, upstream), "utf-8")
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")])
    try:
        yield listen
    finally:
        process.terminate()
        process.wait()
